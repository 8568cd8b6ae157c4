"""Terms: a deed held against one (the calendar they run on: rules.handling).

The table (`rules.deadlines`) carries each rule's source, its doubts and the dates between which it was in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import polars as pl

from opinion_lab.rules.handling import due
from opinion_lab.rules.incidents import Span


@dataclass(frozen=True)
class Held:
    """A deadline held against a deed. `due` is a span: both ends are equal when the start is known exactly."""

    due: Span | None
    state: str
    margin: timedelta | None  # due - done (or - now while open); negative: late; null: not to be told


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
