"""Public incidents known by their milestones alone, and the span of moments that a time as written can mean.

The archive is `rules/incidents.toml`; its head says how it is written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from opinion_lab.config import LabError, build
from opinion_lab.judge.deadlines.clocks import Span

KINDS = ("起因", "投诉", "首发", "官方", "企业", "处置", "次生", "升级", "结果", "后续")
_, COMPLAINT, FIRST, OFFICIAL, _, ACTION, SECONDARY, ESCALATED, RESULT, _ = KINDS
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

    def spans(self, *kinds: str, zone: tzinfo) -> list[Span]:
        """When milestones of these kinds can have been, in the table's order."""
        return [span(m.when, zone) for m in self.milestone if m.kind in kinds]


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
        first, end = span(m.when, UTC)
    except ValueError:
        raise LabError(f"{where}：when = {m.when!r} 看不懂。写法见文件开头。") from None
    if first > end:
        raise LabError(f"{where}：when = {m.when!r} 前后颠倒。")


def span(when: str, zone: tzinfo) -> Span:
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
