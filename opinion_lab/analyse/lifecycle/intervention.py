"""What came after a moment, against what the hours before it let expect: an interrupted series with placebos.

The level of the last six hours (day and night divided out) is carried on and corrected by what became of other
stories at like moments when nothing was said, then by how far this story itself ran off that course until now. 80 %
of such moments fell between `low` and `high`. That says what came after, never what caused it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab.analyse.lifecycle.phases import RHYTHM

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUR = 3600.0
BEFORE = 6.0  # hours that the level is taken from
HORIZONS = (24, 12, 6)  # hours after; the longest that fits is used
FEWEST = 5  # posts in the hours before; fewer show no level
LARGE = 30  # posts in the hours before: a large story fades faster than a small one
AGES = (4, 9, 20, 40)  # hours since the first post; later the course changes little
OWN = 48  # hours back within which the story's own moments are looked at
PRIOR = 3.0  # own stretches of one horizon that weigh as much as all other stories

#: log((posts after + 1) / (level carried on + 1)) at 10, 50, 90 %, by horizon; a line for each age, small then large.
#: Measured on 2,177 public Weibo reposting chains of 2010 to 2014 (`python -m tests.benchmarks aftermath`).
PUBLIC: dict[int, tuple[tuple[float, ...], ...]] = {
    24: (
        *((-2.41, -0.45, 0.98), (-3.62, -2.54, -1.15)),
        *((-2.34, -0.67, 1.16), (-3.59, -2.27, -0.82)),
        *((-2.18, -1.12, 0.37), (-2.73, -1.7, -0.64)),
        *((-2.13, -1.09, -0.07), (-2.91, -1.63, -0.58)),
        *((-2.08, -0.92, 0.13), (-3.12, -1.59, -0.43)),
    ),
    12: (
        *((-2.15, -0.39, 1.12), (-3.02, -2.04, -0.76)),
        *((-2.04, -0.59, 1.29), (-3.09, -1.85, -0.48)),
        *((-1.83, -0.77, 0.49), (-2.33, -1.29, -0.28)),
        *((-1.89, -0.83, 0.14), (-2.55, -1.3, -0.25)),
        *((-2.11, -0.88, 0.23), (-3.15, -1.36, -0.33)),
    ),
    6: (
        *((-2.31, -0.71, 1.02), (-2.7, -1.72, -0.57)),
        *((-1.87, -0.48, 1.24), (-2.79, -1.54, -0.28)),
        *((-1.65, -0.61, 0.52), (-2.11, -1.05, -0.12)),
        *((-1.71, -0.68, 0.23), (-2.33, -1.12, -0.01)),
        *((-1.8, -0.79, 0.41), (-2.79, -1.22, -0.18)),
    ),
}
FOUND: dict[str, Any] = {
    "at": pl.Datetime("us", "UTC"),
    "hours": pl.Int64,
    "before": pl.Int64,
    "after": pl.Int64,
    "expected": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
    "why": pl.String,
}


def of(
    posts: pl.DataFrame,
    moments: Sequence[datetime],
    *,
    until: datetime,
    blind: pl.DataFrame | None = None,
    zone: tzinfo,
) -> pl.DataFrame:
    """Each moment (an official answer) with what came after it and what was to be expected without (FOUND).

    A horizon ends before the next moment and before `until`, the end of what was collected. `blind`: stretches in
    which hardly anything was collected (start, end). `before` and `after` count posts in the hours of the horizon;
    `verdict` is above, within or below the interval, or null with the reason in `why`: too_soon (the next moment or the
    end of the data), hole (of collection), few (posts before).
    """
    times = _seconds(posts["published_at"].sort())
    ends = [*moments[1:], until][: len(moments)]
    rows = [_one(times, m, min(n, until), blind, zone) for m, n in zip(moments, ends, strict=True)]
    return pl.DataFrame(rows, schema=FOUND)


def _one(times: Floats, moment: datetime, end: datetime, blind: pl.DataFrame | None, zone: tzinfo) -> dict[str, object]:
    at = np.array([moment.timestamp()])
    free = (end - moment) / timedelta(hours=1)
    hours = next((h for h in HORIZONS if h <= free), None)
    row: dict[str, object] = dict.fromkeys(FOUND) | {"at": moment}
    if hours is None:
        return row | {"why": "too_soon"}
    after = int(_within(times, at, at + hours * HOUR)[0])
    row |= {"hours": hours, "before": int(_within(times, at - hours * HOUR, at)[0]), "after": after}
    first, last = moment - timedelta(hours=BEFORE), moment + timedelta(hours=hours)
    if blind is not None and blind.filter((pl.col("start") < last) & (pl.col("end") > first)).height:
        return row | {"why": "hole"}
    recent, carried, _ = _carry(times, at, hours, zone)
    if recent[0] < FEWEST:
        return row | {"why": "few"}
    errors = _usual(at - times[0], recent, hours)[0] + _bent(times, float(at[0]), zone)
    low, expected, high = (max(0.0, (float(carried[0]) + 1) * float(np.exp(e)) - 1) for e in errors)
    verdict = "above" if after > high else "below" if after < low else "within"
    return row | {"expected": expected, "low": low, "high": high, "verdict": verdict}


def _carry(times: Floats, moments: Floats, hours: int, zone: tzinfo) -> tuple[Ints, Floats, Floats]:
    """For each moment: posts in the hours before it, the level of those carried on, and by how much that was wrong.

    All times in seconds, `times` sorted; the error is a logarithm and means nothing where posts of the horizon are
    still to come.
    """
    since, span = np.maximum(moments - BEFORE * HOUR, times[0]), hours * HOUR
    recent = _within(times, since, moments)
    carried = recent / np.maximum(_rhythm(since, moments, zone), 1e-9) * _rhythm(moments, moments + span, zone)
    return recent, carried, np.log((_within(times, moments, moments + span) + 1) / (carried + 1))


def _usual(ages: Floats, recent: Ints, hours: int) -> Floats:
    """A row for each moment: 10, 50, 90 % of the errors of other stories of that age (seconds) and size."""
    rows = 2 * np.searchsorted(AGES, ages / HOUR, side="right") + (recent >= LARGE)
    return np.array(PUBLIC[hours])[rows]


def _bent(times: Floats, at: float, zone: tzinfo) -> float:
    """How far this story ran off the usual course at its own moments so far, drawn towards nothing while they are few.

    Only moments whose horizon was over by `at` are looked at.
    """
    for hours in HORIZONS:
        moments = at - hours * HOUR - np.arange(OWN) * HOUR
        moments = moments[moments >= times[0] + 2 * HOUR]
        if not len(moments):
            continue
        recent, _, error = _carry(times, moments, hours, zone)
        off = (error - _usual(moments - times[0], recent, hours)[:, 1])[recent >= FEWEST]
        if len(off) < 3:
            continue
        stretches = 1 + (len(off) - 1) / hours  # moments an hour apart tell nearly the same
        return float(np.median(off)) * stretches / (stretches + PRIOR)
    return 0.0


def _within(times: Floats, start: Floats, end: Floats) -> Ints:
    """How many of the sorted times are at or after `start` and before `end`."""
    return np.asarray(np.searchsorted(times, end) - np.searchsorted(times, start), dtype=np.int64)


def _seconds(times: pl.Series) -> Floats:
    """Times as seconds since 1970."""
    return times.dt.epoch("us").to_numpy() / 1e6


def _rhythm(start: Floats, end: Floats, zone: tzinfo) -> Floats:
    """Hours between, each counted by how much is usually said in it."""
    weights = np.array(RHYTHM) / np.mean(RHYTHM)
    total = np.concatenate([[0.0], np.cumsum(weights)])

    def since_epoch(t: Floats) -> Floats:
        offset = datetime.fromtimestamp(float(t[0]), zone).utcoffset() or timedelta(0)
        hours = t / HOUR + offset / timedelta(hours=1)
        days, hour = np.divmod(hours, 24)
        whole = hour.astype(np.int64)
        return np.asarray(days * 24 + total[whole] + (hour - whole) * weights[whole], dtype=np.float64)

    return since_epoch(end) - since_epoch(start)
