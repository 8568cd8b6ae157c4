"""Rows in bins of time: minutes, hours, days or weeks that begin at the zone's midnight; and the bins without rows.

Silence where much is usual is a hole: nothing was collected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab.analyse.trends import baseline
from opinion_lab.config import LabError

SURE = 15.0  # posts that must be missing before silence is called a hole


def dated(posts: pl.DataFrame, time: str) -> pl.DataFrame:
    """The rows that have a time. Raises LabError when the column is missing or wholly empty."""
    if time not in posts.columns:
        raise LabError(f"没有时间列“{time}”。可用的列：{'、'.join(posts.columns)}。")
    rows = posts.filter(pl.col(time).is_not_null())
    if posts.height and rows.is_empty():
        raise LabError(f"{posts.height} 条帖文都没有时间（{time}），无法统计趋势。请检查导入时的时间列。")
    return rows


def platforms(posts: pl.DataFrame) -> pl.Expr:
    """The column `platform`; empty where the rows have none."""
    return pl.col("platform") if "platform" in posts.columns else pl.lit("").alias("platform")


def bin_of(column: str, every: str, zone: tzinfo) -> pl.Expr:
    """The beginning of the bin, in UTC; days begin at the zone's midnight, weeks on its Monday."""
    if not re.fullmatch("[1-9][0-9]*[mhdw]", every):
        raise LabError(f"时段“{every}”看不懂。请写成 15m、1h、6h、1d 或 1w。")
    return pl.col(column).dt.convert_time_zone(str(zone)).dt.truncate(every).dt.convert_time_zone("UTC")


def span(at: pl.Series, every: str, since: datetime | None, until: datetime | None, zone: tzinfo) -> pl.Series:
    """All bins from the first to the last, in UTC."""
    ends = pl.DataFrame({"at": [since or at.min(), until or at.max()]}, schema={"at": pl.Datetime("us", "UTC")})
    first, last = ends.select(bin_of("at", every, zone).dt.convert_time_zone(str(zone)))["at"]
    bins = pl.datetime_range(first, last, every, eager=True).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    bins = bins.alias("bin").filter(bins < until) if until else bins.alias("bin")
    if bins.is_empty():
        raise LabError(f"截止时刻 {until} 之前没有可统计的时段。请检查起止时刻。")
    return bins


def holes(posts: pl.DataFrame, every: str = "1h", *, time: str = "published_at", zone: tzinfo) -> pl.DataFrame:
    """When nothing at all was collected on a platform: platform, start, end, expected (posts missing).

    A run of bins without a single row where 15 or more are usual: the mean of that hour on working or on free days,
    or of the hours on both sides if that is more (an hour missing every day is missing all the same). Only gaps
    between a platform's first and last row are found, and none where so little is posted that silence tells nothing.
    """
    rows = dated(posts, time).select(platforms(posts), bin=bin_of(time, every, zone))
    found = []
    for (platform,), part in rows.sort("platform").group_by("platform", maintain_order=True):
        bins = span(part["bin"], every, None, None, zone)
        seen = part.group_by("bin").agg(n=pl.len())
        n = np.zeros((1, len(bins)))
        n[0, bins.search_sorted(seen["bin"]).to_numpy()] = seen["n"].to_numpy()
        found += [(platform, *gap) for gap in _silent(baseline.lay([""], bins, n, zone))]
    moment = pl.Datetime("us", "UTC")
    columns: dict[str, Any] = {"platform": pl.String, "start": moment, "end": moment}
    columns |= {"expected": pl.Float64}
    return pl.DataFrame(found, schema=columns, orient="row").sort("platform", "start")


def missed_bins(
    bins: pl.Series, holes: pl.DataFrame | None, names: list[str] | None, platforms: int
) -> NDArray[np.bool_]:
    """Keys by bins, or one row for all keys: what holes cover. `names` where the keys are platforms."""
    everywhere = np.zeros(len(bins), bool)
    covered: dict[str, NDArray[np.bool_]] = {}
    if holes is not None:
        named = pl.col("platform").fill_null("") if "platform" in holes.columns else pl.lit("").alias("platform")
        for platform, start, end in holes.select(named, "start", "end").iter_rows():
            inside = ((bins >= start) & (bins < end)).to_numpy()
            if not platform:
                everywhere |= inside
            covered[platform] = covered.get(platform, everywhere & False) | inside
    if names is not None:
        return np.array([covered.get(name, everywhere) | everywhere for name in names]).reshape(-1, len(bins))
    together = sum((c.astype(int) for p, c in covered.items() if p), np.zeros(len(bins), int))
    return np.asarray([everywhere | (together >= platforms)])


def _silent(table: baseline.Grid) -> Iterator[tuple[Any, ...]]:
    """start, end, expected of the runs of empty bins that cannot be chance."""
    n = table.n[0]
    part = int(table.hour.max()) + 1
    group = table.hour + part * (table.weekday >= 5)
    cut = np.minimum(n, 3 * n.mean() + 3)
    days = np.bincount(group, minlength=2 * part)
    usual = np.bincount(group, cut, minlength=2 * part) / np.maximum(days, 1)
    for free in (0, 1):  # a kind of day seen but once says nothing by itself
        kind = slice(free * part, (free + 1) * part)
        other = slice((1 - free) * part, (2 - free) * part)
        usual[kind] = np.where(days[kind] > 1, usual[kind], usual[other])
        beside = np.minimum(np.roll(usual[kind], 1), np.roll(usual[kind], -1))
        usual[kind] = np.maximum(usual[kind], beside)
    expected = usual[group]
    empty = np.concatenate([[False], n == 0, [False]])
    starts, ends = np.flatnonzero(~empty[:-1] & empty[1:]), np.flatnonzero(empty[:-1] & ~empty[1:])
    for a, b in zip(starts, ends, strict=True):
        if (missing := float(expected[a:b].sum())) >= SURE:
            start, end = table.bins[int(a)], table.bins[int(b) - 1] + table.step
            yield start, end, round(missing, 1)
