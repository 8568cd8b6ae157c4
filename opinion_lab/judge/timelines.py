"""Public incidents known by their milestones alone: the clocks that their dates imply, and whether answers held.

A source often names only the day. Every time is then the span of moments that it can have been, and a deadline is met
or missed only when all moments of start and deed agree; otherwise the state is `unknown`. The archive is
`rules.incidents`; its head says how it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.judge.deadlines import clocks
from opinion_lab.rules.incidents import MOMENT, Incident, Milestone, Span, span

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Past:
    """An incident looked back on: milestones, Clock rows, answers with what became of them, three sentences."""

    incident: Incident
    milestones: pl.DataFrame  # n, when, start, end, kind, node, body, fact, note, source
    clocks: pl.DataFrame  # Clock
    answers: pl.DataFrame  # n, when, body, fact, verdict, by
    speed: str
    right: str
    ended: str


def pick(archive: Mapping[str, Incident], name: str) -> Incident:
    """The incident whose name holds these words. Raises LabError that lists what there is unless it is one."""
    hits = [i for i in archive.values() if name.strip() in i.name]
    if len(hits) == 1:
        return hits[0]
    why = f"有几件事的名称含“{name}”" if hits else f"事件档案里没有“{name}”"
    raise LabError(f"{why}。请从这些里选：{'、'.join(i.name for i in hits or archive.values())}。")


# --- looking back ----------------------------------------------------------------------------------------------


def look_back(incident: Incident, rules: pl.DataFrame, *, severe: bool | None = None, zone: ZoneInfo = ZONE) -> Past:
    """Review an incident by its dates: clocks (`rules.deadlines`), answers and what became of them, sentences.

    `severe`: whether it counts as 特别重大 or 重大; None leaves those clocks `unknown` and says what they would be.
    """
    rows = []
    for n, m in enumerate(incident.milestone, 1):
        start, end = span(m.when, zone)
        rows.append((n, m.when, start, end, m.kind, m.node, m.body, m.fact, m.note or None, m.source))
    time = pl.Datetime("us", str(zone))
    schema: dict[str, Any] = {"n": pl.Int64, "when": pl.String, "start": time, "end": time}
    schema |= dict.fromkeys(("kind", "node", "body", "fact", "note", "source"), pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    utc = pl.col("start", "end").dt.convert_time_zone("UTC")
    return Past(
        incident=incident,
        milestones=frame.with_columns(utc),
        clocks=_clocks(incident, rules, severe=severe, zone=zone),
        answers=_answers(incident),
        speed=speed(incident, zone=zone),
        right=right(incident),
        ended=outcome(incident),
    )


def _clocks(incident: Incident, rules: pl.DataFrame, *, severe: bool | None, zone: ZoneInfo) -> pl.DataFrame:
    start = _earliest(incident.spans("首发", zone=zone))
    done = answered(incident, zone=zone)
    regulator = answered(incident, regulator=True, zone=zone)
    rows: list[dict[str, Any]] = []
    for rule in rules.filter(pl.col("applies").is_in(["major", "other"])).iter_rows(named=True):
        # 61号: 48 hours are for *other* stories
        if severe is not (rule["applies"] == "other"):
            rows.append(_row(rule, start, done, severe=severe, zone=zone))
            # the body answerable for the matter has to speak itself, whoever else spoke first
            if regulator and regulator != done and rule["answer"] == "statement":
                own = {**rule, "id": f"{rule['id']}-R", "what": f"{rule['what']}（监管部门自己的回应）"}
                rows.append(_row(own, start, regulator, severe=severe, zone=zone))
    for received in incident.spans("投诉", zone=zone)[:1]:
        for rule in rules.filter(pl.col("applies") == "complaint").iter_rows(named=True):
            rows += [row] if (row := _complained(rule, received, zone)) else []
    return schemas.Clock.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Clock).schema), cast=True)


def _row(
    rule: dict[str, Any], start: Span | None, done: Span | None, *, severe: bool | None, zone: ZoneInfo
) -> dict[str, Any]:
    row = {"clock_id": rule["id"], "what": rule["what"], "basis": rule["basis"], "state": "unknown", "margin": None}
    row |= {"start": _exact(start), "due": None, "done": None}
    if start is None:
        return row | {"note": "网上首发的时间没有读到，不能计时。"}
    if rule["answer"] == "conference":
        return row | {"note": "节点里没有发布会的记载；开没开须人工核对。"}
    if done is None:
        return row | {"note": "节点里没有官方回应；答没答须人工核对。"}
    held = clocks.hold(rule, start, done, now=done[1], zone=zone)
    term = f"{rule['amount']:g} {'小时' if rule['unit'] == 'hours' else '日'}" if rule["amount"] else "期限未填"
    verdict = {
        "met": f"不超过 {term}，达标。",
        "missed": f"超过 {term}，超时。",
        "unknown": f"限 {term}；来源没有写明钟点，两种可能都有，不判。",
    }[held.state]
    said = f"首发到回应 {between(start, done)}，{verdict}"
    days = [t.astimezone(zone).date() for t in start]
    if days[1] < rule["since"] or (rule["until"] and days[0] > rule["until"]):
        return row | {"note": f"当时（{days[0]}）该规定尚未施行或已失效，不判。若按该规定：{said}"}
    row |= {"due": _exact(held.due), "done": _exact(done), "state": held.state, "note": said}
    if rule["applies"] == "major" and severe is None:
        row |= {"state": "unknown", "note": f"需人工确认是否属特别重大、重大；若属：{said}"}
    return row


def _complained(rule: dict[str, Any], received: Span, zone: ZoneInfo) -> dict[str, Any] | None:
    """A formal complaint starts its own clock; whether the complainant was told stands in no milestone."""
    day = received[0].astimezone(zone).date()
    if rule["until"] and day > rule["until"]:
        return None
    row = {"clock_id": rule["id"], "what": rule["what"], "basis": rule["basis"], "state": "unknown", "margin": None}
    row |= {"start": _exact(received), "due": None, "done": None}
    if day < rule["since"]:
        return row | {"note": f"收到投诉时（{day}）该规定尚未施行（{rule['since']} 起），不判。"}
    return row | {"due": clocks.due(rule, received[1], zone=zone), "note": "是否按期告知投诉人，节点里看不出来。"}


def _exact(when: Span | None) -> datetime | None:
    """The moment, when a span is one."""
    return when[0] if when and when[1] - when[0] <= MOMENT else None


def _earliest(spans: list[Span]) -> Span | None:
    """When the first of several happened, whichever it was."""
    return (min(s[0] for s in spans), min(s[1] for s in spans)) if spans else None


def answered(incident: Incident, *, regulator: bool = False, zone: tzinfo = ZONE) -> Span | None:
    """When an official body first spoke in public (`regulator`: one of market regulation); None: no record of it."""
    said = [m for m in incident.milestone if m.kind == "官方" and (m.regulator or not regulator)]
    return _earliest([span(m.when, zone) for m in said])


def _last(incident: Incident) -> list[Milestone]:
    return [m for m in incident.milestone if m.kind == "结果" or m.final]


def ended(incident: Incident, *, zone: tzinfo = ZONE) -> Span | None:
    """When the final result became known; None: no record of one."""
    return _earliest([span(m.when, zone) for m in _last(incident)])


def outcome(incident: Incident) -> str:
    """How it ended, in the words of the table."""
    return "；".join(f"{m.body}：{m.fact}" for m in _last(incident)) or "最终结果未读到"


def right(incident: Incident) -> str:
    """Whether what officials first said held, in a sentence."""
    milestones = incident.milestone
    said = [m for m in milestones if m.kind == "官方"]
    bad = [
        f"{m.body}的说法后来被{milestones[m.reversed_by - 1].body}推翻（{milestones[m.reversed_by - 1].when}）"
        if m.reversed_by
        else f"{m.body}的回应发出后被撤下"
        for m in said
        if m.reversed_by or m.withdrawn
    ]
    if bad:
        return "；".join(bad)
    if not said:
        return "节点里没有官方回应，不能判对错"
    return "没有见到官方说法被推翻" if _last(incident) else "没有见到官方说法被推翻，但最终结果未读到，不能判对错"


def _answers(incident: Incident) -> pl.DataFrame:
    rows: list[tuple[int, str, str, str, str, str | None]] = []
    for n, m in enumerate(incident.milestone, 1):
        if m.kind in ("官方", "升级", "结果"):
            by = incident.milestone[m.reversed_by - 1] if m.reversed_by else None
            verdict = "被推翻" if by else "发出后撤下" if m.withdrawn else "未见推翻"
            rows.append((n, m.when, m.body, m.fact, verdict, f"{by.when} {by.body}" if by else None))
    schema = {"n": pl.Int64} | dict.fromkeys(("when", "body", "fact", "verdict", "by"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def speed(incident: Incident, *, zone: tzinfo = ZONE) -> str:
    """How long the first answer and the result took, in ranges where only the day is known."""
    first, done, end = (
        _earliest(incident.spans("首发", zone=zone)),
        answered(incident, zone=zone),
        ended(incident, zone=zone),
    )
    parts = []
    if first is None:
        parts.append("首发时间未读到，回应用时不能算")
    elif done:
        parts.append(f"首发到首次官方回应{between(first, done)}")
        regulator = answered(incident, regulator=True, zone=zone)
        if regulator and regulator != done:
            parts.append(f"到监管部门自己回应{between(first, regulator)}")
    if first and end:
        parts.append(f"首发到结果{between(first, end)}")
    if not end:
        parts.append("最终结果未读到")
    for received in incident.spans("投诉", zone=zone)[:1]:
        if first and received[1] < first[0]:
            parts.append(f"正式投诉比首发早{between(received, first)}")
    return "；".join(parts)


def between(start: Span, end: Span) -> str:
    """From one span to another, in words: 42—72 小时, 15—17 天; never below nothing."""
    shortest, longest = max(timedelta(), end[0] - start[1]), max(timedelta(), end[1] - start[0])
    unit, name = (timedelta(hours=1), "小时") if longest <= timedelta(hours=96) else (timedelta(days=1), "天")
    low, high = int(shortest / unit), -int(-longest // unit)
    if low == high or longest - shortest <= MOMENT:
        return f"{round(longest / unit)} {name}"
    return f"{low}—{high} {name}"
