"""Terms: the Chinese calendar they run on, and a deed held against one.

The table (`rules.deadlines`) carries each rule's source, its doubts and the dates between which it was in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import chinese_calendar
import polars as pl

from opinion_lab.rules.incidents import Span


@dataclass(frozen=True)
class Held:
    """A deadline held against a deed. `due` is a span: both ends are equal when the start is known exactly."""

    due: Span | None
    state: str
    margin: timedelta | None  # due - done (or - now while open); negative: late; null: not to be told


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
