"""Deadlines in sentences: what was measured, how the term was kept, what a person must look up (Clock)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.wording.phrases import hours, span_of_hours, time

Fact = Mapping[str, Any]
STEPS = {"found": "发现", "judged": "研判", "routed": "分送"}
DEEDS = STEPS | {"statement": "官方回应", "conference": "发布会信息"}
SINCE = STEPS | {"first": "首帖", "start": "起算"}
UNITS = {"hours": "小时", "working_days": "个工作日", "natural_days": "日"}
LOOK_UP = {
    "statement": "节点里没有官方回应；答没答须人工核对",
    "conference": "节点里没有发布会的记载；开没开须人工核对",
    "complainant": "是否按期告知投诉人，节点里看不出来",
}
PLAIN = {
    "severity_open": "需人工确认是否属特别重大、重大，以下按属于计",
    "no_complaint": "没有经12315收到的投诉，法定时限不起算：网帖不是法定投诉，应引导反映人到12315登记",
    "over": "期限已过，是否办理须查台账，帖子里看不出来",
    "first_post_unknown": "网上首发的时间没有读到，不能计时",
}


def name(clock: Mapping[str, Any]) -> str:
    """What a deadline is called, with the count of a follow-up, or that it is the regulator's own answer."""
    for f in clock["why"]:
        if f["rule"] == "follow_up":
            return f"{clock['what']}（第{f['points']:g}次）"
        if f["rule"] == "regulator":
            return f"{clock['what']}（监管部门自己的回应）"
    return str(clock["what"])


def note(clock: Mapping[str, Any], *, zone: tzinfo) -> str:
    """One deadline's findings in a row."""
    parts = [_fact(f, zone=zone) for f in clock["why"]]
    return "；".join(p for p in parts if p) + "。"


def table(clocks: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """Clocks (Clock) as people read them: `what` and `note` in words, the other columns as they are."""
    rows = clocks.to_dicts()
    what, notes = [name(r) for r in rows], [note(r, zone=zone) for r in rows]
    return clocks.drop("why").with_columns(
        what=pl.Series(what, dtype=pl.String), note=pl.Series(notes, dtype=pl.String)
    )


def unknown(clocks: pl.DataFrame, *, zone: tzinfo) -> str:
    """Which deadlines posts cannot tell, in one line; empty when all can be told."""
    names = clocks.filter(pl.col("state") == "unknown")
    rows = [name(row) for row in names.iter_rows(named=True)]
    if not rows:
        return ""
    return f"另有{len(rows)}项从帖文里判断不了，请查台账：{'；'.join(dict.fromkeys(rows))}。"


def _fact(f: Fact, *, zone: tzinfo) -> str:
    """One fact of a clock; empty where it only changes the name."""
    rule, about = f["rule"], f["about"]
    if rule in PLAIN:
        return PLAIN[rule]
    if rule == "took":
        before = "早于" if f["hours"] < 0 else "距"
        first = "首次" if about in ("statement", "conference") else ""
        return f"{first}{DEEDS[about]}{before}{SINCE[f['name']]}{hours(abs(f['hours']))}"
    if rule == "first_answer":
        return f"首发到回应{span_of_hours(f)}"
    if rule == "term":
        return _term(f)
    if rule == "no_answer":
        return f"已采集的帖子里没有{DEEDS[about]}" + ("；开没开须人工核对" if about == "conference" else "")
    if rule == "answered_by":
        return f"该回应由{f['name'] or '未署名的官方账号'}发布，不是本单位账号"
    if rule == "counted_from":
        return "按本单位发现时间起算" if about == "found" else "按首帖时间起算，偏严"
    if rule == "step_not_written":
        return f"{STEPS[about]}时间没有填写，无法判断；请查台账"
    if rule == "no_term":
        return f"只列出，不判：没有读到全国性期限，请按本地办法在时限表填写{about}"
    if rule == "follow_up":
        return f"第{f['points']:g}次发布，距上一次{hours(f['hours'])}；条文没有写间隔，只列出，不判达标"
    if rule == "not_yet_in_force":
        return f"当时（{time(f['at'], zone, year=True)}）该规定尚未施行（{f['detail']}起），不判"
    if rule == "not_in_force":
        return f"当时（{time(f['at'], zone, year=True)}）该规定尚未施行或已失效，不判；若按该规定"
    if rule == "lead":
        counted = "若按发现时间起算，期限如表，是否已核查须查台账" if about else "本单位发现时间未填，不起算"
        return f"网帖是否作为违法线索须法制科定；{counted}"
    if rule == "received":
        return f"共{f['value']:g}件，自最早一件起算"
    if rule == "left":
        return f"还剩{hours(f['hours'])}"
    if rule == "not_in_calendar":
        return f"{f['value']:g}年节假日安排未收录，只扣周末，请人工复核"
    return LOOK_UP[about] if rule == "not_recorded" else ""


def _term(f: Fact) -> str:
    limit = f"限{f['value']:g}{UNITS[f['detail']]}" if f["value"] else "期限未填"
    if f["about"] == "unknown":
        return f"{limit}，无从判断"
    length = hours(f["hours"]) if f["hours"] is not None else ""
    said = {"open": "还剩", "missed": "超出" if length else "超时", "met": "提前" if length else "达标"}
    return f"{said[f['about']]}{length}（{limit}）"
