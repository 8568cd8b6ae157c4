"""A session's debrief as a paper for Word: the same findings as the report, for the file and the meeting."""

from __future__ import annotations

from datetime import date

import polars as pl

from opinion_lab.report.papers.paper import Block, Heading, Paper, Paragraph, Table, table
from opinion_lab.report.training import words
from opinion_lab.report.training.debrief import Debrief
from opinion_lab.report.wording import time
from opinion_lab.training import scoring
from opinion_lab.training.exercise import Package
from opinion_lab.training.scoring import Score

NOTE = "只用来训练，不作排名，不出本单位。"


def of(found: Debrief, organisation: str, day: date) -> Paper:
    """A session: each trainee in brief, what was right and why, stage by stage, what was really done."""
    blocks: list[Block] = [Heading("一、做得怎么样")]
    for score in found.scores:
        weak = words.weak(scoring.weaknesses(score.figures))
        blocks.append(Paragraph(f"{score.who}：{words.summary(score.figures)}{weak}"))
    blocks += [Heading("二、怎样算对"), _key(found.package), Heading("三、各人逐站")]
    blocks += [block for score in found.scores for block in _trainee(score, found.package)]
    answers = found.package.real["answers"]
    said = [
        Paragraph(f"{time(a['at'], found.package.zone)}，{a['author_name'] or '有关部门'}：{a['text']}")
        for a in answers
    ]
    blocks += [Heading("四、实际上怎么做的"), *(said or [Paragraph("实际上没有公开回应。")])]
    blocks.append(Paragraph("实际做的不等于对的，要对照上面的标准来看。"))
    title = f"演练讲评：{found.package.exercise.title}"
    return Paper("演练讲评", found.session, organisation, day, title, tuple(blocks), note=NOTE)


def _key(package: Package) -> Table:
    rows = [
        (time(at, package.zone), words.levels(stage.levels), words.RIGHT[stage.answer], stage.why or "—")
        for at, stage in zip(package.hours, package.exercise.stage, strict=True)
    ]
    return Table("标准（范围之内都算对）", ("时刻", "级别", "答不答", "理由"), tuple(rows))


def _trainee(score: Score, package: Package) -> list[Block]:
    """One trainee: stage by stage, then every figure."""
    stages = score.stages.select(
        at=pl.col("at").map_elements(lambda at: time(at, package.zone), pl.String),
        level=pl.format("{}级，{}", "level", pl.col("off").map_elements(words.off, pl.String)),
        spoke=pl.col("answer").map_elements(lambda spoke: words.SPOKE[spoke], pl.String),
        missed=pl.col("demands_missed").list.join("、"),
        why="why",
    )
    columns = {"at": "时刻", "level": "级别", "spoke": "答不答", "missed": "漏看的诉求", "why": "当时的理由"}
    figures = Table(f"{score.who}的得分", ("项目", "结果", "怎么算"), tuple(words.figures(score.figures)))
    return [
        Heading(score.who, 2),
        table(stages, columns, f"{score.who}逐站"),
        figures,
    ]
