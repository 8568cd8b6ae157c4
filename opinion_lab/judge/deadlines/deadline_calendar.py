"""Terms: the table of deadlines, the Chinese calendar they run on, and a deed held against one.

The table (`rules/clocks.toml`) carries each rule's source, its doubts and the dates between which it was in force.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any

import chinese_calendar
import polars as pl

from opinion_lab.config import LabError, build

APPLIES = ("major", "other", "follow", "found", "judged", "routed", "complaint", "lead", "hotline", "reference")
ANSWERS = ("statement", "conference", "none")
UNITS = ("hours", "working_days", "natural_days")

#: A moment, or the earliest and latest it can have been (a source that names only the day).
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Held:
    """A deadline held against a deed. `due` is a span: both ends are equal when the start is known exactly."""

    due: Span | None
    state: str
    margin: timedelta | None  # due - done (or - now while open); negative: late; null: not to be told


@dataclass(frozen=True)
class Rule:
    """One row of `clocks.toml`; what the fields mean stands at its head."""

    id: str
    what: str
    applies: str
    answer: str
    start: str
    since: date
    basis: str
    source: str
    provenance: str
    doubt: str
    amount: float | None = None
    unit: str | None = None
    until: date | None = None


RULE = {f.name: pl.String for f in fields(Rule)} | {"amount": pl.Float64, "since": pl.Date, "until": pl.Date}


def load(path: Path) -> pl.DataFrame:
    """Read `clocks.toml` (columns: the fields of Rule). Raises LabError with the row at fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as e:
        raise LabError(f"时限表 {path.name} 读不了：{e}。请检查文件是否存在、引号和日期是否写对。") from None
    rules = [_checked(row, f"时限表 {path.name} 第 {n} 条") for n, row in enumerate(data.get("rule", []), 1)]
    ids = [r.id for r in rules]
    if len(set(ids)) < len(ids) or not rules:
        raise LabError(f"时限表 {path.name}：{'有编号出现两次' if rules else '一条 [[rule]] 也没有'}，请改正。")
    return pl.DataFrame([asdict(r) for r in rules], schema=RULE)


def _checked(row: dict[str, Any], where: str) -> Rule:
    rule: Rule = build(Rule, row, where=where)
    where = f"{where}（{rule.id}）"
    for key, allowed in (("applies", APPLIES), ("answer", ANSWERS), ("unit", (*UNITS, None))):
        if getattr(rule, key) not in allowed:
            raise LabError(f"{where}：{key} 应为 {'、'.join(a for a in allowed if a)} 之一，现在是 {row[key]!r}。")
    if (rule.amount is None) != (rule.unit is None):
        raise LabError(f"{where}：amount 与 unit 要么都写，要么都不写。")
    whole = rule.unit == "hours" or rule.amount is None or rule.amount.is_integer()
    if not whole or (rule.amount is not None and rule.amount <= 0):
        raise LabError(f"{where}：amount 应大于 0，按日计算的应为整数，现在是 {rule.amount:g}。")
    if rule.until and rule.until < rule.since:
        raise LabError(f"{where}：until 早于 since。")
    return rule


# --- the calendar ----------------------------------------------------------------------------------------------


def calendar_knows(day: date) -> bool:
    """Whether public holidays and made-up workdays of that year are known; otherwise only weekends are."""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def working(day: date) -> bool:
    """Whether `day` is a working day in China; by weekday alone in years that the calendar does not know."""
    return bool(chinese_calendar.is_workday(day)) if calendar_knows(day) else day.weekday() < 5


def _public_holiday(day: date) -> bool:
    if not calendar_knows(day):
        return False
    off, name = chinese_calendar.get_holiday_detail(day)
    return bool(off and name)  # an ordinary weekend has no name


def due(rule: Mapping[str, Any], start: datetime, *, zone: tzinfo) -> datetime | None:
    """The last moment of a rule's term that starts at `start`; None when the rule names no term.

    Hours run from the minute. Days: the first day does not count, the term ends with the last day (`zone`), and a
    last day that is a public holiday moves to the first day after it (总局令第121号 art. 45).
    """
    amount, unit = rule["amount"], rule["unit"]
    if amount is None:
        return None
    if unit == "hours":
        return start + timedelta(hours=amount)
    day = start.astimezone(zone).date()
    if unit == "natural_days":
        day += timedelta(days=int(amount))
    else:
        left = int(amount)
        while left:
            day += timedelta(days=1)
            left -= working(day)
    while _public_holiday(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone).astimezone(start.tzinfo)


def hold(
    rule: Mapping[str, Any],
    start: datetime | Span,
    done: datetime | Span | None,
    *,
    now: datetime,
    zone: tzinfo,
) -> Held:
    """Whether a deed kept a term. With spans the answer is met or missed only if every moment in them agrees."""
    first, last = start if isinstance(start, tuple) else (start, start)
    early, late = due(rule, first, zone=zone), due(rule, last, zone=zone)
    if early is None or late is None:
        return Held(None, "unknown", None)
    if done is None:
        state = "open" if now <= early else "missed" if now > late else "unknown"
        return Held((early, late), state, early - now if early == late else None)
    soonest, latest = done if isinstance(done, tuple) else (done, done)
    state = "met" if latest <= early else "missed" if soonest > late else "unknown"
    return Held((early, late), state, early - latest if early == late and soonest == latest else None)


def in_force(rules: pl.DataFrame, day: date) -> pl.DataFrame:
    """The rules that were in force on `day`."""
    return rules.filter((pl.col("since") <= day) & (pl.col("until").is_null() | (pl.col("until") >= day)))


def utc(moment: datetime, zone: tzinfo) -> datetime:
    """A moment in UTC, as frames hold it; one without a zone was typed by hand and is meant in the lab's."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
