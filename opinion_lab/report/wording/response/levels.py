"""A level in sentences, each made of one fact (`schemas.fact`) of its grade, so that level and reason agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import polars as pl

from opinion_lab.judge import grading
from opinion_lab.report.wording.phrases import RANK, listing, sentence


def gist(grade: Mapping[str, Any], *, zone: tzinfo) -> str:
    """The reason that decided, in a sentence; of a score the parts that earned a point."""
    decided = grading.deciding(grade)
    scored = any(f["rule"] == "score" for f in decided)
    parts = [f for f in grade["reasons"] if scored and f["rule"] == "dimension" and f["points"]]
    lifts = [f for f in decided if f["rule"] in grading.MISHANDLED]
    said = {id(f): sentence("reason", f, grade=grade["level"], zone=zone) for f in [*decided, *parts]}
    words = [said[id(f)] for f in [*decided, *parts] if f not in lifts]
    words += ["四项都在最低一档，或帖子太少未计"] * (scored and not parts) + [said[id(f)] for f in lifts]
    return "；".join(words) + "。"


def lines(grade: Mapping[str, Any], *, zone: tzinfo) -> pl.DataFrame:
    """One Grade as lines to read: what (级别, 理由, 什么会使它升级, 什么会使它降级), said."""
    who = f"{grade['confirmed_by']}已确认" if grade["confirmed_by"] else "待人工确认"
    rows = [("级别", f"{grade['level']}级，{who}")]
    rows += [("理由", sentence("reason", f, grade=grade["level"], zone=zone) + "。") for f in grade["reasons"]]
    absent = [f for f in grade["would_raise"] if f["rule"] == "red_line" and not f["value"]]
    rows += [("什么会使它升级", sentence("raises", f) + "。") for f in grade["would_raise"] if f not in absent]
    if absent:
        named = listing([f"{f['name']}（{f['level']}级）" for f in absent], most=len(absent))
        rows.append(("什么会使它升级", f"尚未出现，一旦达到红线即升级：{named}。"))
    lowering = grade["would_lower"]
    rows += [("什么会使它降级", sentence("lowers", f) + "。") for f in lowering]
    if sum(f["rule"] not in grading.MISHANDLED for f in lowering) > 1:
        rows.append(("什么会使它降级", "以上红线、评分各条须同时满足，等级才会下降。"))
    return pl.DataFrame(rows, schema={"what": pl.String, "said": pl.String}, orient="row")


def changes(grades: pl.DataFrame) -> pl.DataFrame:
    """The hours at which the level changed (Grade), the first among them, and those from which a decision stands."""
    level, by = pl.col("level").cast(pl.String), pl.col("confirmed_by").fill_null("")
    return grades.sort("at").filter(((level != level.shift(1)) | (by != by.shift(1))).fill_null(True))


def turns(grades: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """Each change of the level as people read it: at, level, turn (由Ⅳ级升为Ⅲ级), why."""
    rows, before = [], None
    for row in changes(grades).iter_rows(named=True):
        why = "；".join(sentence("reason", f, grade=row["level"], zone=zone) for f in grading.deciding(row))
        rows.append((row["at"], row["level"], _turn(before, row["level"]), why))
        before = row["level"]
    schema = {"at": pl.Datetime("us", "UTC"), "level": pl.String(), "turn": pl.String(), "why": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _turn(before: str | None, now: str) -> str:
    """由Ⅰ级降为Ⅱ级, by the two levels alone."""
    if before is None:
        return f"起于{now}级"
    if before == now:
        return f"仍为{now}级"
    return f"由{before}级{'升' if RANK[now] < RANK[before] else '降'}为{now}级"


def standing(grades: pl.DataFrame) -> str:
    """The gravest level of a trail, or what a person last confirmed and what came after it."""
    decided = grades.filter(pl.col("confirmed_by").is_not_null()).sort("at")
    if decided.is_empty():
        return f"最重时建议{grades.sort('level', 'at')['level'][0]}级（待人工确认）"
    by, level, last = decided["confirmed_by"][-1], decided["level"][-1], grades.sort("at").row(-1, named=True)
    if last["confirmed_by"] is None:
        return f"{by}确认为{level}级，其后新触红线，{_turn(level, last['level'])}（待人工确认）"
    return f"{by}已确认为{level}级"
