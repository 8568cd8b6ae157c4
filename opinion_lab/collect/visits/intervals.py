"""When each source is visited next, by how fast its list turns over at that hour of the day. No I/O.

A list of which a share s is still there after g hours turns over at -ln(s) / g an hour. The next visit comes when half
of the list should be new: of all plans with so many visits, the one with the same turnover between any two loses least
where arrivals and turnover go together. Measured in tests/benchmarks/monitoring.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

import numpy as np
import polars as pl

from opinion_lab.collect.visits.states import failures
from opinion_lab.collect.visits.tiers import BOUNDS, SHORTEST, Tier, tier_of
from opinion_lab.config import Source

#: Clocks differ by so much. A visit that is later was made under a wrong clock and says nothing of how long ago it was.
AHEAD = timedelta(minutes=10)
#: Turnover until the next visit (half is new), and days after which a visit counts half in what is usual at an hour.
RENEWED, HALF_LIFE = np.log(2), 14.0
#: What the tier says of a source counts as so many hours of visits.
PRIOR = 6.0
#: Shared by less with the visit before, the last one came too late: the next is sooner than what is usual says. (Later
#: than that after a visit that shared much was tried: 14 % fewer visits in place of 18 %.)
LITTLE = 1 / 3
HOUR = timedelta(hours=1)


class Due(NamedTuple):
    """A source whose time has come: why (first, overdue, asked; waits: it asked to be left alone), hours since."""

    source: Source
    why: str
    hours: float | None = None


def due(
    sources: Sequence[Source],
    past: pl.DataFrame,
    now: datetime,
    *,
    graded: Mapping[str, str] | None = None,
    zone: tzinfo | None = None,
    asked: bool = False,
) -> list[Due]:
    """The sources whose time has come, the longest overdue first; those that asked for a pause come last, as `waits`.

    `past`: their visits (Store.visits), whatever came of them; `graded`: source -> tier where there is one; `zone`: by
    whose hours of the day lists turn over; `asked`: a person wants them now. Raises LabError for unknown tiers.
    """
    past = past.filter(pl.col("at") <= now + AHEAD)
    visits = {source_id: rows.sort("at") for (source_id,), rows in past.partition_by("source_id", as_dict=True).items()}
    waiting: list[tuple[timedelta, Due]] = []
    for source in sources:
        bounds = BOUNDS[tier_of(source, graded or {})]
        rows = visits.get(source.id)
        at, retry_at = (None, None) if rows is None else rows.select("at", "retry_at").row(-1)
        hours = None if at is None else (now - at) / HOUR
        if retry_at is not None and now < retry_at:
            waiting.append((timedelta.min, Due(source, "waits", (retry_at - now) / HOUR)))
        elif asked:
            waiting.append((timedelta(), Due(source, "asked", hours)))
        elif rows is None:
            waiting.append((timedelta.max, Due(source, "first")))
        elif now - at >= (every := _interval(rows, bounds, zone)):
            waiting.append((now - at - every, Due(source, "overdue", hours)))
    return [due for _, due in sorted(waiting, key=lambda w: (-w[0].total_seconds(), w[1].source.id))]


def _interval(visits: pl.DataFrame, bounds: Tier, zone: tzinfo | None = None) -> timedelta:
    """How long after its last visit a source is due again. `visits`: those to it, in order of time.

    Twice as long for each failure since the last good visit (four passing ones count as one), to a day at most.
    """
    good = visits.filter(pl.col("status") != "failed")
    measured = good.with_columns(gap=pl.col("at").diff() / HOUR).filter(pl.col("gap") > 0, pl.col("kept") > 0)
    measured = measured.drop_nulls("shared")
    hours = bounds.usual
    if measured.height:
        shared = np.clip((measured["shared"] / measured["kept"]).to_numpy(), 0, 1)
        gap = measured["gap"].to_numpy()
        local = measured["at"].dt.convert_time_zone(str(zone or "UTC")).dt.replace_time_zone(None)
        ends = local.dt.epoch("s").to_numpy() / 3600
        hours = _until_renewed(_turnover(ends, gap, shared, RENEWED / bounds.usual), ends[-1], bounds.longest)
        if measured["at"][-1] == good["at"][-1] and shared[-1] < LITTLE:
            hours = min(hours, gap[-1] / 2)
    every = max(timedelta(hours=float(hours)), SHORTEST)
    return min(every * 2 ** int(failures(visits)), max(every, timedelta(days=1)))


def _turnover(ends: np.ndarray, gap: np.ndarray, shared: np.ndarray, prior: float) -> np.ndarray:
    """Turnover an hour at each of the 24 hours of the day. `ends`: visits in hours of local time."""
    rate = -np.log(np.maximum(shared, 0.02)) / gap
    reach = np.ceil(np.minimum(gap, 24)).astype(int)
    visit = np.repeat(np.arange(len(ends)), reach)
    back = np.arange(len(visit)) - np.repeat(np.cumsum(reach) - reach, reach)
    weight = np.minimum(1, gap[visit] - back) * 0.5 ** ((ends[-1] - ends[visit]) / 24 / HALF_LIFE)
    hour = np.floor(ends[visit] - back - 1e-6).astype(int) % 24
    sums = np.bincount(hour, weight * rate[visit], minlength=24)
    weights = np.bincount(hour, weight, minlength=24)
    # an hour of which nothing is known is as the day is on the whole
    day = (sums.sum() + PRIOR * prior) / (weights.sum() + PRIOR)
    return (sums + day) / (weights + 1)


def _until_renewed(turnover: np.ndarray, start: float, longest: float) -> float:
    """Hours until half of a list should be new, at most `longest`."""
    edges = np.concatenate([[start], np.arange(np.floor(start) + 1, start + longest + 1)])
    rates = turnover[np.floor(edges[:-1] + 1e-6).astype(int) % 24]
    grown = np.concatenate([[0.0], np.cumsum(rates * np.diff(edges))])
    return float(min(np.interp(RENEWED, grown, edges) - start if grown[-1] > RENEWED else longest, longest))
