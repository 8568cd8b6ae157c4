"""A level in sentences, each made of one fact (`schemas.fact`) of its grade, so that level and reason agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import polars as pl

from opinion_lab.judge import grading
from opinion_lab.report.wording.phrases import RANK, hours, listing, number, time

Fact = Mapping[str, Any]
UNITS = {"spread": "条", "attention": "个", "sensitivity": "%", "attitude": "%"}
SINCE = {"found": "发现", "first": "首帖"}


def _reason(f: Fact, *, level: str, zone: tzinfo) -> str:
    """Why a grade is of `level`: one of its reasons."""
    rule, value = f["rule"], f["value"]
    if rule == "quiet":
        return f"近{f['hours']:g}小时没有新的公众帖"
    if rule == "red_line":
        share = f"（占{f['share']:.0f}%）" if f["share"] is not None else ""
        fast = "，且传播迅速" if f["detail"] == "fast" else ""
        # the word for a floor is only true of the one that the level stands on
        gives = f"不低于{f['level']}级" if f["level"] == level else f"单看这一条为{f['level']}级"
        return f"红线“{f['name']}”：近{f['hours']:g}小时{value:g}条{share}{fast}，{gives}"
    if rule == "score":
        return f"评分{value:g}（满分12），合{f['level']}级"
    if rule == "dimension":
        unit = UNITS[f["about"]]
        more = "已到最高一档" if f["threshold"] is None else f"超过{f['threshold']:g}{unit}再得一分"
        return f"{f['name']}{f['points']:g}分：{f['detail']}{value:.0f}{unit}，{more}"
    if rule == "unknown":
        if f["about"] == "answers":
            return "有没有官方回应无从判断：还没有填写本单位账号，或没有采到它们的帖文，所以不因没有回应升级"
        return f"{f['name']}未计：帖子太少，或平台没有给出"
    if rule == "confirmed":
        why = f"：{f['detail']}" if f["detail"] else ""
        return f"{f['name']}于{time(f['at'], zone)}确认为{f['level']}级（系统建议{f['about']}级）{why}"
    if rule in grading.MISHANDLED:
        return f"处置不当，{'加一级' if f['level'] else '但已是最高一级'}：{_mishandled(f)}"
    if rule == "cuts_from_past":
        return f"传播、关注的门槛取本实验室以往{number(value)}件事件的峰值"
    return f"门槛用固定默认值：单日满{f['least']:g}条的以往事件只有{value:g}件，不足{f['threshold']:g}件"


def _mishandled(f: Fact) -> str:
    if f["rule"] == "unanswered":
        return f"{SINCE[f['about']]}后{hours(f['value'])}仍没有官方回应（限{f['threshold']:g}小时）"
    if f["rule"] == "reversed":
        return f"{hours(f['value'])}前的官方说法推翻了此前的结论"
    return f"回应后声量不降反升：回应前24小时{f['share']:g}条，回应后至多24小时{f['value']:g}条（只说先后，不说因果）"


def _raises(f: Fact) -> str:
    """What would lift the level."""
    rule, value = f["rule"], f["value"]
    if rule == "red_line":
        share = f"且占公众帖{f['least']:g}%以上" if f["least"] else ""
        return f"“{f['name']}”达到{f['threshold']:g}条{share}（现{value:g}条），不低于{f['level']}级"
    if rule == "fast":
        return f"“{f['name']}”已命中；近24小时帖量超过{f['threshold']:g}条（现{value:g}条）即为{f['level']}级"
    if rule == "score":
        return f"评分达到{f['threshold']:g}分（现{value:g}）为{f['level']}级"
    if rule == "unanswered":
        return f"再过{hours(value)}仍没有官方回应，升为{f['level']}级"
    return f"回应后声量明显反弹，或官方说法被推翻，升为{f['level']}级"


def _lowers(f: Fact) -> str:
    """What must come true before the level falls."""
    rule, value = f["rule"], f["value"]
    if rule == "red_line":
        share = f"或占比低于{f['least']:g}%" if f["least"] else ""
        return f"近{f['hours']:g}小时“{f['name']}”不足{f['threshold']:g}条{share}（现{value:g}条）"
    if rule == "score":
        return f"评分低于{f['threshold']:g}分（现{value:g}）"
    if rule == "unanswered":
        return "作出官方回应"
    return f"{'更正' if rule == 'reversed' else '反弹'}满{f['hours']:g}小时"


def gist(grade: Mapping[str, Any], *, zone: tzinfo) -> str:
    """The reason that decided, in a sentence; of a score the parts that earned a point."""
    decided = grading.deciding(grade)
    words = [_reason(f, level=grade["level"], zone=zone) for f in decided]
    if any(f["rule"] == "score" for f in decided):
        parts = [f for f in grade["reasons"] if f["rule"] == "dimension" and f["points"]]
        words += [_reason(f, level=grade["level"], zone=zone) for f in parts] or ["四项都在最低一档，或帖子太少未计"]
    return "；".join(words) + "。"


def lines(grade: Mapping[str, Any], *, zone: tzinfo) -> pl.DataFrame:
    """One Grade as lines to read: what (级别, 理由, 什么会使它升级, 什么会使它降级), said."""
    who = f"{grade['confirmed_by']}已确认" if grade["confirmed_by"] else "待人工确认"
    rows = [("级别", f"{grade['level']}级，{who}")]
    rows += [("理由", _reason(f, level=grade["level"], zone=zone) + "。") for f in grade["reasons"]]
    absent = [f for f in grade["would_raise"] if f["rule"] == "red_line" and not f["value"]]
    rows += [("什么会使它升级", _raises(f) + "。") for f in grade["would_raise"] if f not in absent]
    if absent:
        named = listing([f"{f['name']}（{f['level']}级）" for f in absent], most=len(absent))
        rows.append(("什么会使它升级", f"尚未出现，一旦达到红线即升级：{named}。"))
    lowering = grade["would_lower"]
    rows += [("什么会使它降级", _lowers(f) + "。") for f in lowering]
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
        rows.append((row["at"], row["level"], _turn(before, row["level"]), gist(row, zone=zone)))
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
