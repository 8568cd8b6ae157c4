"""The desk as people read it: cases that wait, orders proposed for sections, a plan, the time that it takes."""

from __future__ import annotations

from datetime import datetime, tzinfo

import polars as pl

from opinion_lab.config import LabError
from opinion_lab.judge.incident_review import Review
from opinion_lab.report import page
from opinion_lab.report.page import Shown
from opinion_lab.report.papers import register
from opinion_lab.report.wording import cases as wording, phrases
from opinion_lab.report.wording.response import lessons
from opinion_lab.rules.handling import CaseStates


def waiting(cases: pl.DataFrame, table: CaseStates, zone: tzinfo, now: datetime) -> Shown:
    """The bureau's own cases that wait, supervised and overdue ones first."""
    own = cases.filter((pl.col("origin") != "order") | pl.col("late").fill_null(False))
    late = int(own["late"].fill_null(False).sum())
    found = page.finding(f"在办{own.height}件（不含没有超期的工单），其中超期{late}件。")
    if own.is_empty():
        return found
    rows = register.ledger(own, table, zone, now)
    columns = {c: register.LEDGER[c] for c in ("case_id", "title", "lead", "state", "last")}
    return page.together(found, page.table(rows, columns, "超期的在前", null="—"))


def proposals(rows: pl.DataFrame) -> Shown:
    """Orders that wait for a section, counted by the section they are proposed for, then each."""
    if rows.is_empty():
        return page.finding("没有待交办的工单。")
    sure = rows.filter(pl.col("section") != "")
    tally = sure.group_by("section").agg(n=pl.len()).sort("n", "section", descending=[True, False])
    found = page.finding(
        f"待交办的工单{rows.height}件，{sure.height}件有建议的科室，{rows.height - sure.height}件看不准。"
    )
    listed = rows.with_columns(pl.col("section").replace("", "（看不准，请逐件交办）"))
    each = page.table(listed, {"case_id": "编号", "section": "建议的科室", "title": "事项"}, most=100)
    return page.together(found, page.table(tally, {"section": "建议的科室", "n": "件"}), page.folded("逐件看", each))


def plan(rows: pl.DataFrame, zone: tzinfo, past: Review | None = None) -> Shown:
    """The plan of a story: what was done, by whom, what was not; its name, where the page is not about it alone."""
    done = int(rows["done_at"].is_not_null().sum())
    said = [wording.measure(row, zone) for row in rows.iter_rows(named=True)]
    lines = rows.select(
        phrases.cited("source"),
        done=pl.when(pl.col("done_at").is_null()).then(pl.lit("未做")).otherwise(pl.lit("已做")),
        said=pl.Series(said, dtype=pl.String),
    )
    of = f"“{lessons.title(past)}”（{past.story['story_id']}）：" if past else ""
    found = page.finding(f"{of}处置清单{rows.height}项，已做{done}项。")
    return page.together(found, page.table(lines, {"done": "进度", "said": "谁做什么", "source": "出处"}, clamp=120))


def cases_of(rows: pl.DataFrame, table: CaseStates, zone: tzinfo, now: datetime) -> Shown:
    """The cases of a story: who has them, where they stand, when they were found and handed over."""
    if rows.is_empty():
        return page.note("没有登记办件。")
    ordered = register.ledger(rows.sort(pl.col("origin") == "order", "case_id"), table, zone, now)
    columns = {c: register.LEDGER[c] for c in ("case_id", "title", "lead", "state", "found", "assigned", "last")}
    return page.table(ordered, columns, "这件事的办件（本局登记的在前，工单在后）", null="—", most=8)


def workload(rows: pl.DataFrame) -> Shown:
    """What waits for whom, and how many minutes each needs."""
    people = rows.group_by("who", maintain_order=True).agg(pl.col("minutes").sum())
    said = "，".join(f"{wording.PEOPLE[who]}{minutes:.0f}分钟" for who, minutes in people.iter_rows())
    listed = rows.filter(pl.col("n") > 0).with_columns(
        pl.col("who").replace(wording.PEOPLE), pl.col("task").replace(wording.TASKS), pl.col("minutes").round(1)
    )
    columns = {"who": "谁", "task": "做什么", "n": "件数", "seconds": "每件秒数（推算）", "minutes": "分钟"}
    why = page.note(
        "每件的秒数按公开的阅读、点击速度推算（用时估算表 workload.toml），不是在本局量的；科室查办的时间不在内。"
    )
    return page.together(page.finding(f"今天各要的时间：{said}。"), page.table(listed, columns), why)


def contentment(rows: pl.DataFrame) -> Shown:
    """How content people were, week by week and section by section (cases.satisfaction.over_time)."""
    of_all = rows.filter(pl.col("lead") == "")
    if of_all.is_empty():
        return page.finding("最近没有办结后回访的记录，说不了满意不满意。")
    asked, bad = int(of_all["asked"].sum()), int(of_all["dissatisfied"].sum())
    found = page.finding(
        f"最近{of_all.height}周办结的件，回访到有效评价{phrases.number(asked)}件，不满意{phrases.number(bad)}件。"
    )
    wide = wording.contentment(rows, "1w")
    columns = {c: "科室（单位）" if c == "lead" else c for c in wide.columns}
    why = page.note("不满30件的格只列件数，不算满意率；未接通、拒评的不算；按办结的那一周算。")
    return page.together(found, page.table(wide, columns, "逐周满意率（有效评价件数）", null="—"), why)


def steps(done: pl.DataFrame) -> Shown:
    """The papers that were issued, newest first."""
    columns = {"at": "时间", "title": "标题", "who": "谁编发", "name": "编号"}
    rows = done.sort("at", descending=True)
    return page.table(rows, columns, f"编发过的材料（{phrases.number(rows.height)}份）", nothing="还没有编发过材料。")


def gravest(levels: pl.DataFrame, post_stories: pl.DataFrame | None = None) -> str:
    """The number of the gravest story of the day, in a quiet week of the largest of four weeks (PostStory).

    Raises LabError where there is none either.
    """
    if levels.height:
        return str(levels["story_id"][0])
    if post_stories is None or post_stories.is_empty():
        raise LabError("还没有与关注词有关的事件。请在 story 里写明要看哪一件。")
    sizes = post_stories.group_by("story_id").len("n").sort("n", "story_id", descending=[True, False])
    return str(sizes["story_id"][0])
