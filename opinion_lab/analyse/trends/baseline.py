"""What is usual: the level of other weeks, times the hour of the day, times the day of the week.

A key's week is never measured by itself, so a burst does not raise its own baseline; counts far above the usual are
cut before they are averaged; hours and weekdays of a key with few posts lean on those of all keys together. Free days
of the Chinese calendar count as Sundays, made-up workdays as workdays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any

import chinese_calendar
import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab import schemas
from opinion_lab.schemas import fact

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = timedelta(days=1)
CHUNK = 128  # keys at a time, so that the work fits in the cache
SHORTEST = 4  # days of history below which nothing is called usual
BY_WEEK = 14  # days of history from which weeks are left out whole; below that, days
FADE = 0.8  # how much less the week before last counts than last week
OWN_HOURS = 48.0  # posts from which a key's own rhythm counts as much as that of all keys
OWN_DAYS = 60.0
NEW = 0.5  # posts added to a key's history, so that one without any is not thought impossible (Jeffreys)
TRIMMED = 0.25  # share of a key's busiest days that its level is first measured without
RESTLESS = 0.6  # how many of its days are at most as restless as a key is taken to be: not its bursts, but most threads
CUT = 2.0  # times that level (and three standard deviations) above which a count is cut


@dataclass(frozen=True)
class Grid:
    """Counts as a table of keys by bins; `n` is NaN in holes. Times of day and days are those of the zone."""

    keys: list[str]
    bins: pl.Series
    n: Floats
    step: timedelta
    hour: Ints  # which part of the day
    weekday: Ints  # 0 Monday to 6 Sunday, as the calendar has it
    day: Ints
    block: Ints  # which week (or day) is left out together, 0 the latest
    first: date  # the day that is number 0
    known: bool  # whether there is history enough to say what is usual


def grid(counts: pl.DataFrame, zone: tzinfo) -> Grid:
    """The table of a Count frame. A key and bin that it does not hold is a hole."""
    bins = counts["bin"].unique().sort()
    keys = counts["key"].unique().sort()
    rows = counts.sort("key", "bin")["n"]
    if counts.height != len(keys) * len(bins):
        every = keys.to_frame().join(bins.to_frame(), how="cross")
        rows = every.join(counts, on=["key", "bin"], how="left", maintain_order="left")["n"]
    n = rows.cast(pl.Float64).to_numpy().reshape(len(keys), len(bins))
    return lay(keys.to_list(), bins, n, zone)


def lay(keys: list[str], bins: pl.Series, n: Floats, zone: tzinfo) -> Grid:
    """A table of counts, `n` keys by bins, with the calendar of its bins (sorted, UTC)."""
    step = width(bins)
    local = bins.dt.convert_time_zone(str(zone))
    days = local.dt.date()
    day = (days - days[0]).dt.total_days().to_numpy() if len(days) else np.zeros(0, np.int64)
    span = int(day[-1]) + 1 if len(day) else 0
    minutes = (local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute().cast(pl.Int64)).to_numpy()
    part = int(step / timedelta(minutes=1)) if step < DAY else 24 * 60
    return Grid(
        keys,
        bins,
        n,
        step,
        hour=minutes // part,
        weekday=np.zeros_like(day) if step > DAY else _weekdays(days),
        day=day,
        block=(span - 1 - day) // (7 if span >= BY_WEEK else 1),
        first=days[0] if len(days) else date(1970, 1, 1),
        known=span >= SHORTEST,
    )


def width(bins: pl.Series) -> timedelta:
    """The width of sorted bins; an hour when a single one does not tell."""
    shortest = bins.diff().drop_nulls().min()
    return shortest if isinstance(shortest, timedelta) else timedelta(hours=1)


def frame(table: Grid, copies: Floats | None = None) -> pl.DataFrame:
    """A table as a Count frame, with its copies; `expected` is null with fewer than four days of history."""
    expected = np.full(table.n.shape, np.nan)
    for part, mean, _ in chunks(table) if table.known else ():
        expected[part] = mean.round(6)
    keys = pl.Series("key", table.keys, dtype=pl.String)
    counts = pl.DataFrame(
        {
            "key": keys.gather(np.repeat(np.arange(len(keys)), len(table.bins))),
            "bin": table.bins.gather(np.tile(np.arange(len(table.bins)), len(keys))),
            "n": pl.Series(table.n.ravel()).fill_nan(None).cast(pl.Int64),
            "expected": pl.Series(expected.ravel()).fill_nan(None),
        }
    )
    said = None if copies is None else pl.Series(copies.ravel()).fill_nan(None)
    counts = counts.with_columns(copies=pl.lit(None, pl.Int64) if said is None else said)
    return schemas.Count.validate(counts, cast=True)


def chunks(table: Grid) -> Iterator[tuple[slice, Floats, Floats]]:
    """Some keys at a time: which, the mean to expect in each bin, and its relative variance by block.

    The variance (alpha of a negative binomial: variance = mean + alpha mean^2) holds how much a key varies beyond
    chance and how little is known of its level.
    """
    parts = [slice(a, a + CHUNK) for a in range(0, len(table.keys), CHUNK)]
    if not parts:
        return
    hours, days = _shared(table, parts)
    for part in parts:
        mean, alpha = _usual(_Part(table, part), hours, days)
        yield part, mean, alpha


class _Part:
    """Some rows of a grid: `n` with 0 in holes, `seen` 1 where there is none, and sums over parts of the time.

    `seen` has one row when the holes are the same for all keys.
    """

    def __init__(self, table: Grid, part: slice) -> None:
        self.table = table
        n = table.n[part]
        seen = np.isfinite(n)
        self.seen = (seen[:1] if (seen == seen[:1]).all() else seen).astype(float)
        self.n = n if self.seen.all() else np.nan_to_num(n)
        self.day_starts = np.flatnonzero(np.diff(table.day, prepend=-1))
        self.day_length = np.diff(self.day_starts, append=len(table.day))
        self.by_hour_order = np.argsort(table.hour, kind="stable")
        self.hours_there, self.hour_starts = np.unique(table.hour[self.by_hour_order], return_index=True)
        # each day is of one weekday and one block
        self.weekdays = _groups(table.weekday[self.day_starts], 7)
        self.blocks = _groups(table.block[self.day_starts])
        self.level = self._level()

    def by_day(self, values: Floats) -> Floats:
        return np.add.reduceat(values, self.day_starts, axis=1)

    def by_hour(self, values: Floats) -> Floats:
        # Not a product of matrices: threads of BLAS wait for one another on a busy machine.
        sums = np.zeros((len(values), int(self.hours_there[-1]) + 1))
        sums[:, self.hours_there] = np.add.reduceat(values.take(self.by_hour_order, axis=1), self.hour_starts, axis=1)
        return sums

    def like_weekday(self, days: Floats, flat: Floats, few: float, shared: Floats | float = 1.0) -> Floats:
        """How each day's weekday runs on other days, posts against a `flat` rhythm; never the day by itself."""
        posts, usual = (values @ self.weekdays @ self.weekdays.T - values for values in (days, flat))
        return (np.maximum(posts, 0) + few * shared) / (np.maximum(usual, 0) + few)

    def spread(self, days: Floats) -> Floats:
        """A value a day -> the same value in each of its bins."""
        return np.repeat(days, self.day_length, axis=1)

    def _level(self) -> Floats:
        """Posts a bin of each key (a column), the busiest quarter of its days left out."""
        bins = self.by_day(self.seen)
        rate = np.where(bins > 0, self.by_day(self.n) / np.maximum(bins, 1), np.inf)
        rate.sort(axis=1)
        days = np.isfinite(rate).sum(1, keepdims=True)
        kept = np.arange(rate.shape[1]) < np.maximum(1, np.ceil(days * (1 - TRIMMED)))
        total = np.where(kept & np.isfinite(rate), rate, 0).sum(1, keepdims=True)
        return total / np.maximum((kept & np.isfinite(rate)).sum(1, keepdims=True), 1) + NEW / len(self.table.bins)


def _shared(table: Grid, parts: list[slice]) -> tuple[Floats, Floats]:
    """The rhythm of all keys together, 1 being the average: by hour, and by day (its weekday on other days)."""
    hours = np.zeros((2, int(table.hour.max()) + 1))
    days = np.zeros((2, len(np.unique(table.day))))
    for rows in parts:
        part = _Part(table, rows)
        cut = np.minimum(part.n, 5 * part.level + 5)
        hours += [part.by_hour(cut).sum(0), (part.level * part.by_hour(part.seen)).sum(0)]
        days += [part.by_day(cut).sum(0), (part.level * part.by_day(part.seen)).sum(0)]
    few = hours[1].sum() / days.shape[1]  # a day's worth: what was seen once or twice proves little
    hour = (hours[0] + few / hours.shape[1]) / (hours[1] + few / hours.shape[1])
    day = part.like_weekday(days[:1], days[1:], 2 * few)[0]
    return hour / hour[table.hour].mean(), day / day.mean()


def _usual(part: _Part, hours: Floats, days: Floats) -> tuple[Floats, Floats]:
    table, level = part.table, part.level
    rough = hours[table.hour] * part.spread(days[None])[0]
    ceiling = level * (CUT * rough) + (np.sqrt(level) * (3 * np.sqrt(rough)) + 1)
    cut = np.minimum(part.n, ceiling, out=ceiling)
    per_day = part.by_day(cut)
    few = OWN_HOURS / len(hours)
    by_hour = (part.by_hour(cut) + few * hours) / (level * part.by_hour(part.seen) + few)
    by_hour /= (by_hour @ (np.bincount(table.hour) / len(table.hour)))[:, None]
    by_weekday = part.like_weekday(per_day, level * part.by_day(part.seen), OWN_DAYS / 7, days)
    by_weekday /= by_weekday.mean(1, keepdims=True)
    mean = by_hour.take(table.hour, axis=1)
    mass = (part.by_day(mean * part.seen) * by_weekday) @ part.blocks
    # One block's level from the others', the nearer ones more: never from itself.
    n_blocks = part.blocks.shape[1]
    apart = np.abs(np.subtract.outer(np.arange(n_blocks), np.arange(n_blocks)))
    others = np.where(apart > 0, FADE ** (apart - 1.0), 0)
    posts = (per_day @ part.blocks) @ others + NEW
    levels = posts / (mass @ others + 1)
    mean *= part.spread(by_weekday * (levels @ part.blocks.T))
    beyond = part.n - mean
    beyond *= beyond
    beyond -= mean
    # A day that most are like (a week, where a day has few bins), so that a burst does not pass for restlessness.
    beyond, squares = part.by_day(beyond * part.seen), part.by_day(mean * mean * part.seen)
    if part.day_length.max() < 8:
        beyond, squares = beyond @ part.blocks, squares @ part.blocks
    beyond, squares = np.quantile(beyond, RESTLESS, axis=1), squares.mean(1)
    shared = max(0.0, float(beyond.sum() / max(squares.sum(), 1e-9)))
    varies = np.maximum(0, (beyond + 2 * shared) / (squares + 2))
    return mean, varies[:, None] + 1 / posts


def _groups(group: Ints, n: int = 0) -> Floats:
    """Times by groups: 1 where the time is of the group."""
    return np.eye(max(n, int(group.max(initial=0)) + 1))[group]


# --- calendar --------------------------------------------------------------------------------------------------


def _weekdays(days: pl.Series) -> Ints:
    """0 Monday to 6 Sunday; a free day from Monday to Friday is a Sunday, a made-up workday a Wednesday."""
    found = {d: _weekday(d)[0] for d in days.unique().to_list()}
    return np.array([found[d] for d in days.to_list()], dtype=np.int64)


def _weekday(day: date) -> tuple[int, bool]:
    """What a day counts as, and whether the calendar knows its year."""
    plain = day.weekday()
    try:
        free = chinese_calendar.is_holiday(day)
    except NotImplementedError:
        return plain, False
    if free:
        return (plain if plain >= 5 else 6), True
    return (plain if plain < 5 else 2), True


def caveats(counts: pl.DataFrame, zone: tzinfo) -> list[dict[str, Any]]:
    """What to bear in mind about `expected`, as facts: too short a history, holes, years that the calendar lacks."""
    if counts.is_empty():
        return [fact("no_posts")]
    bins = counts["bin"].unique().sort()
    days = bins.dt.convert_time_zone(str(zone)).dt.date().unique().sort()
    span = (days[-1] - days[0]).days + 1
    facts = []
    if span < BY_WEEK:
        rule, least = ("short_history", SHORTEST) if span < SHORTEST else ("no_weekdays", BY_WEEK)
        facts.append(fact(rule, value=span, threshold=least))
    if missing := counts["n"].null_count():
        facts.append(fact("holes", share=missing / counts.height))
    years = sorted({d.year for d in days.to_list() if not _weekday(d)[1]})
    return facts + [fact("not_in_calendar", value=year) for year in years]
