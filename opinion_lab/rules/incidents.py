"""Public incidents by their milestones, and the questions of a review."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from opinion_lab.rules.loading import Text
from opinion_lab.validation import Model, unique

#: The earliest and latest moment that a time as written can mean.
Span = tuple[datetime, datetime]
#: Hours of a day's parts, wide where speakers differ.
PARTS = {"凌晨": (0, 6), "上午": (0, 12), "下午": (12, 19), "晚": (17, 24)}
TENS = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31)}
#: How long a moment lasts that is written to the minute.
MOMENT = timedelta(seconds=59)

_TICK = timedelta(seconds=1)
_WHEN = re.compile(
    r"(?P<month>\d{4}-\d{2})(?:-(?P<day>\d{2})| (?P<ten>[上中下]旬))?"
    r"(?: (?P<part>凌晨|上午|下午|晚)| (?P<about>约)?(?P<time>\d{2}:\d{2}))?"
)


class Milestone(Model):
    """One thing that happened; what the fields mean stands at the head of the table."""

    when: str
    precision: Literal["分", "时", "半日", "日", "旬", "月"]
    kind: Literal["起因", "投诉", "首发", "官方", "企业", "处置", "次生", "升级", "结果", "后续"]
    node: str
    body: str
    fact: str
    source: Text
    note: str = ""
    regulator: bool = False
    final: bool = False
    withdrawn: bool = False
    reversed_by: int | None = None

    @field_validator("when")
    @classmethod
    def _readable(cls, when: str) -> str:
        try:
            first, last = span(when, UTC)
        except ValueError:
            raise ValueError(f"“{when}”看不懂，写法见文件开头") from None
        if first > last:
            raise ValueError(f"“{when}”前后颠倒")
        return when


class Incident(Model):
    """One public incident, its milestones in order."""

    name: Text
    matter: str
    lines: tuple[str, ...]
    milestone: Annotated[tuple[Milestone, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _reversed_later(self) -> Self:
        for n, m in enumerate(self.milestone, 1):
            if m.reversed_by is not None and not n < m.reversed_by <= len(self.milestone):
                raise ValueError(f"第 {n} 个节点的 reversed_by 应是它后面某个节点的序号，现在是 {m.reversed_by}")
        return self

    def spans(self, *kinds: str, zone: tzinfo) -> list[Span]:
        """When milestones of these kinds can have been, in the table's order."""
        return [span(m.when, zone) for m in self.milestone if m.kind in kinds]


class Incidents(Model):
    """The whole archive."""

    incident: Annotated[tuple[Incident, ...], AfterValidator(unique("name"))]


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
        return month.replace(day=begin), min(month.replace(day=1) + timedelta(days=end), following) - _TICK
    day = month.replace(day=int(said["day"]))
    if said["part"]:
        begin, end = PARTS[said["part"]]
        return day + timedelta(hours=begin), day + timedelta(hours=end) - _TICK
    if said["time"]:
        hour, minute = map(int, said["time"].split(":"))
        moment = day.replace(hour=hour, minute=minute)
        about = timedelta(hours=1) if said["about"] else timedelta()
        return moment - about, moment + (about or MOMENT)
    return day, day + timedelta(days=1) - _TICK


class Question(Model):
    """A question of a review: answered by posts in a `section` of the report, or by asking (`ask`)."""

    id: Text
    question: Text
    data: bool
    source: str
    provenance: str = ""
    section: str | None = None
    ask: str | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if not (self.section if self.data else self.ask):
            key, what = ("section", "写在报告的哪一节") if self.data else ("ask", "向谁要什么")
            raise ValueError(f"data = {str(self.data).lower()} 的要写 {key}：{what}")
        return self


class Questions(Model):
    """The whole table."""

    question: Annotated[tuple[Question, ...], AfterValidator(unique("id"))]
