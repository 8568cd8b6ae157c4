"""Public incidents known by their milestones alone: the clocks that their dates imply, and whether answers held.

A source often names only the day. Every time is then the span of moments that it can have been, and a deadline is met
or missed only when all moments of start and deed agree; otherwise the state is `unknown`. The archive is
`rules/incidents.toml`; its head says how it is written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError, build
from opinion_lab.judge.deadlines import clocks
from opinion_lab.judge.deadlines.clocks import Span

ZONE = ZoneInfo("Asia/Shanghai")
KINDS = ("起因", "投诉", "首发", "官方", "企业", "处置", "次生", "升级", "结果", "后续")
PRECISIONS = ("分", "时", "半日", "日", "旬", "月")
#: Hours of a day's parts, wide where speakers differ.
PARTS = {"凌晨": (0, 6), "上午": (0, 12), "下午": (12, 19), "晚": (17, 24)}
TENS = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31)}
MOMENT = timedelta(seconds=59)

_WHEN = re.compile(
    r"(?P<month>\d{4}-\d{2})(?:-(?P<day>\d{2})| (?P<ten>[上中下]旬))?"
    r"(?: (?P<part>凌晨|上午|下午|晚)| (?P<about>约)?(?P<time>\d{2}:\d{2}))?"
)


@dataclass(frozen=True)
class Milestone:
    """One thing that happened; what the fields mean stands at the head of the table."""

    when: str
    precision: str
    kind: str
    node: str
    body: str
    fact: str
    source: str
    note: str = ""
    regulator: bool = False
    final: bool = False
    withdrawn: bool = False
    reversed_by: int | None = None


@dataclass(frozen=True)
class Incident:
    """One public incident, its milestones in order."""

    name: str
    matter: str
    lines: tuple[str, ...]
    milestone: tuple[Milestone, ...]

    def spans(self, *kinds: str, zone: tzinfo = ZONE) -> list[Span]:
        """When milestones of these kinds can have been, in the table's order."""
        return [span(m.when, zone) for m in self.milestone if m.kind in kinds]


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


def load(path: Path) -> dict[str, Incident]:
    """The archive by name. Raises LabError with the incident at fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as e:
        raise LabError(f"事件档案 {path.name} 读不了：{e}。请检查文件是否存在、引号和括号是否成对。") from None
    found: dict[str, Incident] = {}
    for row in data.get("incident", []):
        where = f"事件档案 {path.name}“{row.get('name', '（没有 name）')}”"
        incident: Incident = build(Incident, row, where=where)
        if incident.name in found or not incident.milestone:
            raise LabError(f"{where}：{'重名' if incident.name in found else '一个节点也没有'}，请改正。")
        for n, m in enumerate(incident.milestone, 1):
            _check(m, len(incident.milestone), n, f"{where}第 {n} 个节点")
        found[incident.name] = incident
    return found


def pick(archive: Mapping[str, Incident], name: str) -> Incident:
    """The incident whose name holds these words. Raises LabError that lists what there is unless it is one."""
    hits = [i for i in archive.values() if name.strip() in i.name]
    if len(hits) == 1:
        return hits[0]
    why = f"有几件事的名称含“{name}”" if hits else f"事件档案里没有“{name}”"
    raise LabError(f"{why}。请从这些里选：{'、'.join(i.name for i in hits or archive.values())}。")


def _check(m: Milestone, last: int, n: int, where: str) -> None:
    for key, allowed in (("kind", KINDS), ("precision", PRECISIONS)):
        if getattr(m, key) not in allowed:
            raise LabError(f"{where}：{key} 应为 {'、'.join(allowed)} 之一，现在是 {getattr(m, key)!r}。")
    if m.reversed_by is not None and not n < m.reversed_by <= last:
        raise LabError(f"{where}：reversed_by 应是它后面某个节点的序号，现在是 {m.reversed_by}。")
    if not m.source.strip():
        raise LabError(f"{where}：缺少出处 source。")
    try:
        first, end = span(m.when)
    except ValueError:
        raise LabError(f"{where}：when = {m.when!r} 看不懂。写法见文件开头。") from None
    if first > end:
        raise LabError(f"{where}：when = {m.when!r} 前后颠倒。")


def span(when: str, zone: tzinfo = ZONE) -> Span:
    """The earliest and latest moment that a time as written can mean. Raises ValueError when it cannot be read."""
    first, _, last = when.partition("/")
    return _span(first, zone)[0], _span(last or first, zone)[1]


def _span(when: str, zone: tzinfo) -> Span:
    said = _WHEN.fullmatch(when.strip())
    if not said or ((said["part"] or said["time"]) and not said["day"]):
        raise ValueError(when)
    month = datetime.fromisoformat(f"{said['month']}-01").replace(tzinfo=zone)
    if not said["day"]:
        following = (month + timedelta(days=31)).replace(day=1)
        begin, end = TENS.get(said["ten"], (1, 31))
        return month.replace(day=begin), min(month.replace(day=1) + timedelta(days=end), following) - _tick()
    day = month.replace(day=int(said["day"]))
    if said["part"]:
        begin, end = PARTS[said["part"]]
        return day + timedelta(hours=begin), day + timedelta(hours=end) - _tick()
    if said["time"]:
        hour, minute = map(int, said["time"].split(":"))
        moment = day.replace(hour=hour, minute=minute)
        about = timedelta(hours=1) if said["about"] else timedelta()
        return moment - about, moment + (about or MOMENT)
    return day, day + timedelta(days=1) - _tick()


def _tick() -> timedelta:
    return timedelta(seconds=1)


# --- looking back ----------------------------------------------------------------------------------------------


def look_back(incident: Incident, rules: pl.DataFrame, *, severe: bool | None = None, zone: ZoneInfo = ZONE) -> Past:
    """Review an incident by its dates: clocks (rules of `clocks.load`), answers and what became of them, sentences.

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
