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
from zoneinfo import ZoneInfo

import chinese_calendar
import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab import schemas

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
CHUNK = 1000  # keys at a time, so that the work fits in the cache
SHORTEST = 4  # days of history below which nothing is called usual
BY_WEEK = 14  # days of history from which weeks are left out whole; below that, days
FADE = 0.8  # how much less the week before last counts than last week
OWN_HOURS = 48.0  # posts from which a key's own rhythm counts as much as that of all keys
OWN_DAYS = 60.0
NEW = 0.5  # posts a block that a key without any history is allowed
TRIMMED = 0.1  # share of a key's busiest days that its level is first measured without


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
    known: bool  # whether there is history enough to say what is usual


def grid(counts: pl.DataFrame, zone: tzinfo = SHANGHAI) -> Grid:
    """The table of a Count frame. A key and bin that it does not hold is a hole."""
    bins = counts["bin"].unique().sort()
    keys = counts["key"].unique().sort()
    rows = counts.sort("key", "bin")["n"]
    if counts.height != len(keys) * len(bins):
        every = keys.to_frame().join(bins.to_frame(), how="cross")
        rows = every.join(counts, on=["key", "bin"], how="left", maintain_order="left")["n"]
    step = width(bins)
    local = bins.dt.convert_time_zone(str(zone))
    days = local.dt.date()
    day = (days - days[0]).dt.total_days().to_numpy() if len(days) else np.zeros(0, np.int64)
    ago = day[-1] - day if len(day) else day
    by_week = len(day) > 0 and day[-1] + 1 >= BY_WEEK
    minutes = (local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute().cast(pl.Int64)).to_numpy()
    part = int(step / timedelta(minutes=1)) if step < DAY else 24 * 60
    return Grid(
        keys.to_list(),
        bins,
        rows.cast(pl.Float64).to_numpy().reshape(len(keys), len(bins)),
        step,
        minutes // part,
        np.zeros_like(day) if step > DAY else _weekdays(days),
        day,
        ago // 7 if by_week else ago,
        known=len(day) > 0 and day[-1] + 1 >= SHORTEST,
    )


def width(bins: pl.Series) -> timedelta:
    """The width of sorted bins; an hour when a single one does not tell."""
    shortest = bins.diff().drop_nulls().min()
    return shortest if isinstance(shortest, timedelta) else timedelta(hours=1)


def fill(counts: pl.DataFrame, zone: tzinfo = SHANGHAI) -> pl.DataFrame:
    """`expected` of a Count frame, null where there are fewer than four days of history."""
    table = grid(counts, zone)
    if not table.known:
        return schemas.Count.validate(counts.with_columns(expected=pl.lit(None, pl.Float64)), cast=True)
    usual = np.concatenate([mean for _, mean, _ in chunks(table)]).round(6)
    frame = pl.DataFrame({"key": table.keys}).join(table.bins.to_frame(), how="cross")
    frame = frame.with_columns(expected=pl.Series(usual.ravel()))
    joined = counts.select("key", "bin", "n").join(frame, on=["key", "bin"], how="left", maintain_order="left")
    return schemas.Count.validate(joined, cast=True)


def chunks(table: Grid) -> Iterator[tuple[slice, Floats, Floats]]:
    """Some keys at a time: which, the mean to expect in each bin, and its relative variance by block.

    The variance (alpha of a negative binomial: variance = mean + alpha mean^2) holds how much a key varies beyond
    chance and how little is known of its level.
    """
    parts = [slice(a, a + CHUNK) for a in range(0, len(table.keys), CHUNK)]
    hours, weekdays = _shared(table, parts)
    for part in parts:
        mean, alpha = _usual(table, table.n[part], hours, weekdays)
        yield part, mean, alpha


def _shared(table: Grid, parts: list[slice]) -> tuple[Floats, Floats]:
    """The rhythm of all keys together: hours and weekdays, 1 being the average."""
    sums = [np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1)]
    by_hour, by_weekday = _groups(table.hour), _groups(table.weekday)
    for part in parts:
        seen = np.isfinite(table.n[part])
        level = _level(table, table.n[part], seen)
        cut = np.minimum(np.where(seen, table.n[part], 0), 5 * level + 5)
        mass = seen * level  # what a flat rhythm would give
        for i, (values, groups) in enumerate(
            ((cut, by_hour), (mass, by_hour), (cut, by_weekday), (mass, by_weekday)),
        ):
            sums[i] = sums[i] + values.sum(0) @ groups
    few = sums[1].sum() / max(1, table.day[-1] + 1)  # a day's worth: what is seen once or twice proves little
    hours = (sums[0] + few / len(sums[1])) / np.maximum(sums[1] + few / len(sums[1]), 1e-9)
    weekdays = (sums[2] + 2 * few) / np.maximum(sums[3] + 2 * few, 1e-9)
    return _average_one(hours, table.hour), _average_one(weekdays, table.weekday)


def _usual(table: Grid, n: Floats, hours: Floats, weekdays: Floats) -> tuple[Floats, Floats]:
    seen = np.isfinite(n)
    level = _level(table, n, seen)
    given = np.where(seen, n, 0)
    rough = level * (hours[table.hour] * weekdays[table.weekday])
    cut = np.minimum(given, 2.5 * rough + 3 * np.sqrt(rough) + 1)
    flat = seen * level
    own_hours = _own(cut, flat, table.hour, hours, OWN_HOURS)
    own_weekdays = _own(cut, flat, table.weekday, weekdays, OWN_DAYS)
    rhythm = own_hours[:, table.hour] * own_weekdays[:, table.weekday]
    blocks = _groups(table.block)
    # One block's level from the others', the nearer ones more: never from itself.
    apart = np.abs(np.subtract.outer(np.arange(blocks.shape[1]), np.arange(blocks.shape[1])))
    others = np.where(apart > 0, FADE ** (apart - 1.0), 0)
    posts = (cut @ blocks) @ others + NEW
    mass = ((rhythm * seen) @ blocks) @ others + len(table.bins) / blocks.shape[1]
    mean = rhythm * (posts / mass)[:, table.block]
    wide = np.minimum(given, mean + 5 * np.sqrt(mean) + 2)
    beyond = (np.where(seen, (wide - mean) ** 2 - mean, 0)).sum(1)
    squares = (seen * mean**2).sum(1)
    shared = max(0.0, float(beyond.sum() / max(squares.sum(), 1e-9)))
    varies = np.maximum(0, (beyond + 20 * shared) / (squares + 20))
    return mean, varies[:, None] + 1 / posts


def _level(table: Grid, n: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Posts a bin of each key (a column), the busiest tenth of its days left out."""
    days = _groups(table.day)
    per_day = np.where(seen, n, 0) @ days
    bins = seen @ days
    rate = np.where(bins > 0, per_day / np.maximum(bins, 1), np.inf)
    order = np.sort(rate, axis=1)
    kept = np.maximum(1, np.ceil(np.isfinite(order).sum(1) * (1 - TRIMMED))).astype(int)
    inside = (np.arange(order.shape[1]) < kept[:, None]) & np.isfinite(order)
    total = np.where(inside, order, 0).sum(1)
    return (total / np.maximum(inside.sum(1), 1))[:, None] + NEW / max(1, len(table.bins))


def _own(cut: Floats, flat: Floats, group: Ints, shared: Floats, strength: float) -> Floats:
    """Each key's rhythm over the groups, leaning on the shared one as if that were `strength` posts."""
    groups = _groups(group, len(shared))
    few = strength / len(shared)
    own = (cut @ groups + few * shared) / (flat @ groups + few)
    often = groups.sum(0) / groups.sum()
    return own / (own @ often)[:, None]


def _groups(group: Ints, n: int = 0) -> Floats:
    """Bins by groups: 1 where the bin is of the group."""
    return np.eye(max(n, int(group.max(initial=0)) + 1))[group]


def _average_one(factor: Floats, group: Ints) -> Floats:
    return factor / factor[group].mean()


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


def caveats(counts: pl.DataFrame, zone: tzinfo = SHANGHAI) -> tuple[str, ...]:
    """What to bear in mind about `expected`, in Chinese: short history, holes, years the calendar does not know."""
    if counts.is_empty():
        return ("没有可统计的帖文。",)
    bins = counts["bin"].unique().sort()
    days = bins.dt.convert_time_zone(str(zone)).dt.date().unique().sort()
    span = (days[-1] - days[0]).days + 1
    notes: list[str] = []
    if span < SHORTEST:
        notes.append(f"只有 {span} 天数据，不足 {SHORTEST} 天，说不出“平时”是多少，因此不报异常。")
    elif span < BY_WEEK:
        notes.append(f"只有 {span} 天数据，不足两周：平时值不分星期几，只供参考。")
    if missing := counts["n"].null_count():
        notes.append(f"有 {missing / counts.height:.1%} 的时段没有采集到数据，按缺失处理，不当作零。")
    unknown: list[Any] = sorted({d.year for d in days.to_list() if not _weekday(d)[1]})
    if unknown:
        notes.append(f"{'、'.join(map(str, unknown))} 年的节假日安排尚未收录，按普通周末计算。")
    return tuple(notes)
