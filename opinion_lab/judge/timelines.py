"""A public incident looked back on by its dates: the clocks that they imply, how soon and whether the answers held.

A source often names only the day. Every time is then the span of moments that it can have been, and a deadline is met
or missed only when all moments of start and deed agree; otherwise the state is `unknown`.
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
from opinion_lab.schemas import fact

Fact = dict[str, Any]
HOUR = timedelta(hours=1)
#: Kinds of milestones that the code asks for, as the table writes them.
COMPLAINT, FIRST, OFFICIAL, ACTION, SECONDARY, ESCALATED, RESULT = (
    "投诉",
    "首发",
    "官方",
    "处置",
    "次生",
    "升级",
    "结果",
)


@dataclass(frozen=True)
class Past:
    """An incident looked back on: milestones, Clock rows, answers with what became of them, and facts.

    `milestones`: n, when, start, end, kind, node, body, fact, note, source. `answers`: n, when, body, fact, verdict
    (stands | reversed | withdrawn), by_when, by_body. `speed`, `correctness` and `outcome` as the functions say.
    """

    incident: Incident
    milestones: pl.DataFrame
    clocks: pl.DataFrame
    answers: pl.DataFrame
    speed: list[Fact]
    correctness: list[Fact]
    outcome: list[Fact]


def pick(archive: Mapping[str, Incident], name: str) -> Incident:
    """The incident whose name holds these words. Raises LabError that lists what there is unless it is one."""
    hits = [i for i in archive.values() if name.strip() in i.name]
    if len(hits) == 1:
        return hits[0]
    raise LabError(
        (f"有几件事的名称含“{name}”" if hits else f"事件档案里没有“{name}”")
        + f"。请从这些里选：{'、'.join(i.name for i in hits or archive.values())}。"
    )


def look_back(incident: Incident, rules: pl.DataFrame, *, severe: bool | None = None, zone: ZoneInfo) -> Past:
    """Review an incident by its dates; `rules` of `rules.deadlines`.

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
        correctness=correctness(incident),
        outcome=outcome(incident),
    )


def _clocks(incident: Incident, rules: pl.DataFrame, *, severe: bool | None, zone: ZoneInfo) -> pl.DataFrame:
    start = _earliest(incident.spans(FIRST, zone=zone))
    done = _answered(incident, zone=zone)
    regulator = _answered(incident, regulator=True, zone=zone)
    rows: list[dict[str, Any]] = []
    for rule in rules.filter(pl.col("applies").is_in(["major", "other"])).iter_rows(named=True):
        # 61号: 48 hours are for *other* stories
        if severe is not (rule["applies"] == "other"):
            rows.append(_row(rule, start, done, severe=severe, zone=zone))
            # the body answerable for the matter has to speak itself, whoever else spoke first
            if regulator and regulator != done and rule["answer"] == "statement":
                own = _row({**rule, "id": f"{rule['id']}-R"}, start, regulator, severe=severe, zone=zone)
                rows.append(own | {"why": [fact("regulator"), *own["why"]]})
    for received in incident.spans(COMPLAINT, zone=zone)[:1]:
        for rule in rules.filter(pl.col("applies") == "complaint").iter_rows(named=True):
            rows += [row] if (row := _complained(rule, received, zone)) else []
    return schemas.Clock.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Clock).schema), cast=True)


def _blank(rule: dict[str, Any], start: Span | None) -> dict[str, Any]:
    row = {"clock_id": rule["id"], "what": rule["what"], "basis": rule["basis"], "state": "unknown", "margin": None}
    return row | {"start": _exact(start), "due": None, "done": None}


def _row(
    rule: dict[str, Any], start: Span | None, done: Span | None, *, severe: bool | None, zone: ZoneInfo
) -> dict[str, Any]:
    row = _blank(rule, start)
    if start is None:
        return row | {"why": [fact("first_post_unknown")]}
    if done is None or rule["answer"] == "conference":
        return row | {"why": [fact("not_recorded", about=rule["answer"])]}
    held = clocks.hold(rule, start, done, now=done[1], zone=zone)
    why = [
        _between("first_answer", start, done),
        fact("term", about=held.state, value=rule["amount"], detail=rule["unit"]),
    ]
    days = [t.astimezone(zone).date() for t in start]
    if days[1] < rule["since"] or (rule["until"] and days[0] > rule["until"]):
        return row | {"why": [fact("not_in_force", at=start[0]), *why]}
    row |= {"due": _exact(held.due), "done": _exact(done), "state": held.state, "why": why}
    if rule["applies"] == "major" and severe is None:
        row |= {"state": "unknown", "why": [fact("severity_open"), *why]}
    return row


def _complained(rule: dict[str, Any], received: Span, zone: ZoneInfo) -> dict[str, Any] | None:
    """A formal complaint starts its own clock; whether the complainant was told stands in no milestone."""
    day = received[0].astimezone(zone).date()
    if rule["until"] and day > rule["until"]:
        return None
    if day < rule["since"]:
        return _blank(rule, received) | {
            "why": [fact("not_yet_in_force", at=received[0], detail=str(rule["since"]))],
        }
    due = clocks.due(rule, received[1], zone=zone)
    return _blank(rule, received) | {"due": due, "why": [fact("not_recorded", about="complainant")]}


def _exact(when: Span | None) -> datetime | None:
    """The moment, when a span is one."""
    return when[0] if when and when[1] - when[0] <= MOMENT else None


def _earliest(spans: list[Span]) -> Span | None:
    """When the first of several happened, whichever it was."""
    return (min(s[0] for s in spans), min(s[1] for s in spans)) if spans else None


def _answered(incident: Incident, *, regulator: bool = False, zone: tzinfo) -> Span | None:
    """When an official body first spoke in public (`regulator`: one of market regulation); None: no record of it."""
    spoke = [m for m in incident.milestone if m.kind == OFFICIAL and (m.regulator or not regulator)]
    return _earliest([span(m.when, zone) for m in spoke])


def _last(incident: Incident) -> list[Milestone]:
    return [m for m in incident.milestone if m.kind == RESULT or m.final]


def ended(incident: Incident, *, zone: tzinfo) -> Span | None:
    """When the final result became known; None: no record of one."""
    return _earliest([span(m.when, zone) for m in _last(incident)])


def outcome(incident: Incident) -> list[Fact]:
    """How it ended, as the table has it: `result` of each body (name, detail), or `no_result`."""
    return [fact("result", name=m.body, detail=m.fact) for m in _last(incident)] or [fact("no_result")]


def correctness(incident: Incident) -> list[Fact]:
    """Whether what officials first said held: reversed, withdrawn, no_answer, stands, and no_result where none is."""
    spoke = [m for m in incident.milestone if m.kind == OFFICIAL]
    bad = []
    for m in spoke:
        if m.reversed_by:
            by = incident.milestone[m.reversed_by - 1]
            bad.append(fact("reversed", name=m.body, detail=by.body, about=by.when))
        elif m.withdrawn:
            bad.append(fact("withdrawn", name=m.body))
    if bad or not spoke:
        return bad or [fact("no_answer")]
    return [fact("stands")] if _last(incident) else [fact("stands"), fact("no_result")]


def _answers(incident: Incident) -> pl.DataFrame:
    rows: list[tuple[int, str, str, str, str, str | None, str | None]] = []
    for n, m in enumerate(incident.milestone, 1):
        if m.kind in (OFFICIAL, ESCALATED, RESULT):
            by = incident.milestone[m.reversed_by - 1] if m.reversed_by else None
            verdict = "reversed" if by else "withdrawn" if m.withdrawn else "stands"
            rows.append((n, m.when, m.body, m.fact, verdict, by.when if by else None, by.body if by else None))
    columns = ("when", "body", "fact", "verdict", "by_when", "by_body")
    return pl.DataFrame(rows, schema={"n": pl.Int64} | dict.fromkeys(columns, pl.String), orient="row")


def speed(incident: Incident, *, zone: tzinfo) -> list[Fact]:
    """How long the first answer and the result took, in hours from `value` to `hours` where only the day is known."""
    first, done, end = (
        _earliest(incident.spans(FIRST, zone=zone)),
        _answered(incident, zone=zone),
        ended(incident, zone=zone),
    )
    facts = []
    if first is None:
        facts.append(fact("first_post_unknown"))
    elif done:
        facts.append(_between("first_answer", first, done))
        regulator = _answered(incident, regulator=True, zone=zone)
        if regulator and regulator != done:
            facts.append(_between("regulator_answer", first, regulator))
    if first and end:
        facts.append(_between("first_result", first, end))
    if not end:
        facts.append(fact("no_result"))
    for received in incident.spans(COMPLAINT, zone=zone)[:1]:
        if first and received[1] < first[0]:
            facts.append(_between("complaint_before", received, first))
    return facts


def _between(rule: str, start: Span, end: Span) -> Fact:
    """From one span to another: the shortest hours that it can have been, and the longest; never below nothing."""
    shortest, longest = max(timedelta(), end[0] - start[1]), max(timedelta(), end[1] - start[0])
    return fact(rule, value=shortest / HOUR, hours=longest / HOUR)
