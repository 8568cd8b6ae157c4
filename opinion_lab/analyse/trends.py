"""Counts against what is usual: what is unusual now, what was a burst, which words are rising, what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse import baseline, bursts
from opinion_lab.analyse.baseline import SHANGHAI, caveats
from opinion_lab.config import LabError

__all__ = ["caveats", "count", "holes", "intervals", "rising", "watch"]

NOT_SAID = "（未注明）"
MOST_CELLS = 40_000_000
STRENGTH = 4.5  # standard deviations above the usual from which a stretch is unusual: measured on planted bursts
MIN_POSTS = 5  # fewer are no trend, however rare the key
SURE = 15.0  # posts that must be missing before silence is called a hole
PRIOR = 500.0  # words of the common vocabulary that each period is mixed with


def count(
    posts: pl.DataFrame,
    *,
    key: str | pl.Expr,
    every: str = "1h",
    holes: pl.DataFrame | None = None,
    time: str = "published_at",
    since: datetime | None = None,
    until: datetime | None = None,
    min_total: int = 1,
    zone: tzinfo = SHANGHAI,
) -> pl.DataFrame:
    """How often each key was seen in each bin, and how often is usual (Count), in order of key and bin.

    key: a column or an expression; of a list, each different entry counts once a row. A null key is （未注明）.
    Bins begin on the hour or at midnight of `zone`, from `since` to `until` (not included), by default from the first
    row to the last. All are there: 0 where the key was not seen, null where `holes` (start, end, perhaps platform)
    covers the bin and nothing is known; a platform's hole counts for other keys when all platforms have it. Rows
    without a time are not counted. `min_total` leaves rarer keys out: words need it. `time="seen_at"` counts sightings.
    """
    if isinstance(key, str) and key not in posts.columns:
        raise LabError(f"没有名为“{key}”的列，不能按它统计。可用的列：{'、'.join(posts.columns)}。")
    rows = _timed(posts, time).select(_platform(posts), at=pl.col(time), key=key)
    if rows.is_empty():
        return schemas.empty(schemas.Count)
    bins = _bins(rows["at"], every, since, until, zone)
    platforms = rows["platform"].n_unique()
    if isinstance(rows.schema["key"], pl.List):
        rows = rows.with_columns(pl.col("key").list.unique()).explode("key").drop_nulls("key")
    rows = rows.with_columns(pl.col("key").cast(pl.String).fill_null(NOT_SAID), bin=_bin("at", every, zone))
    seen = rows.filter(pl.col("bin").is_in(bins.implode())).group_by("key", "bin").agg(n=pl.len().cast(pl.Int64))
    keys = seen.group_by("key").agg(pl.col("n").sum()).filter(pl.col("n") >= min_total).select("key")
    if keys.height * len(bins) > MOST_CELLS:
        raise LabError(
            f"{keys.height} 个统计对象 × {len(bins)} 个时段太多。请用 min_total 只留较常见的，或缩短时间、放宽时段。"
        )
    frame = keys.join(bins.to_frame("bin"), how="cross").join(seen, on=["key", "bin"], how="left")
    missed = _missed(bins, holes, platforms, by_platform=isinstance(key, str) and key == "platform")
    frame = frame.join(missed, on=[c for c in missed.columns if c != "hole"], how="left")
    known = pl.when(pl.col("n").is_null() & pl.col("hole").is_null()).then(0).otherwise("n")
    return baseline.fill(frame.select("key", "bin", n=known).sort("key", "bin"), zone)


def holes(
    posts: pl.DataFrame, every: str = "1h", *, time: str = "published_at", zone: tzinfo = SHANGHAI
) -> pl.DataFrame:
    """When nothing at all was collected on a platform: platform, start, end, expected (posts missing), why.

    A run of bins without a single row where 15 or more are usual: the mean of that hour on working or on free days,
    or of the hours on both sides if that is more (an hour missing every day is missing all the same). Only gaps
    between a platform's first and last row are found, and none where so little is posted that silence tells nothing.
    """
    rows = _timed(posts, time).select(_platform(posts), bin=_bin(time, every, zone))
    found = []
    for (platform,), part in rows.sort("platform").group_by("platform", maintain_order=True):
        seen = part.group_by("bin").agg(n=pl.len().cast(pl.Int64))
        bins = _bins(part["bin"], every, None, None, zone).to_frame("bin").join(seen, on="bin", how="left").sort("bin")
        bins = bins.select(pl.lit(str(platform)).alias("key"), "bin", pl.col("n").fill_null(0))
        found += [(str(platform), *gap) for gap in _silent(baseline.grid(bins, zone), zone)]
    moment = pl.Datetime("us", "UTC")
    columns = {"platform": pl.String, "start": moment, "end": moment, "expected": pl.Float64, "why": pl.String}
    return pl.DataFrame(found, schema=columns, orient="row").sort("platform", "start")


def watch(
    counts: pl.DataFrame,
    *,
    budget: int = 3,
    now: datetime | None = None,
    zone: tzinfo = SHANGHAI,
    strength: float = STRENGTH,
    min_n: int = MIN_POSTS,
) -> pl.DataFrame:
    """What was unusual, as it would have been noticed live (Burst), in order of start and key.

    The last one, three and six bins of each key are held against what is usual then, chance and the key's own
    restlessness allowed for; what is less than six bins apart is one stretch. alert: the `budget` strongest of the
    stretches that began on one day. `now`: what came later is ignored, and a bin under way is expected in part. Empty
    with less than four days of history (`caveats` says so).
    """
    if now is not None:
        counts = counts.filter(pl.col("bin") < now)
    table = baseline.grid(counts, zone)
    if not table.known:
        return schemas.empty(schemas.Burst)
    elapsed = 1.0 if now is None else min(1.0, (now - table.bins[-1]) / table.step)
    found = bursts.live(table, least=strength, min_n=min_n, elapsed=elapsed, zone=zone)
    day = pl.col("start").dt.convert_time_zone(str(zone)).dt.date()
    ranked = found.sort("strength", "start", "key", descending=[True, False, False])
    return ranked.with_columns(alert=pl.int_range(pl.len()).over(day) < budget).sort("start", "key")


def intervals(
    counts: pl.DataFrame, *, times: float = 2.0, gamma: float = 1.0, min_n: int = MIN_POSTS, zone: tzinfo = SHANGHAI
) -> pl.DataFrame:
    """Looking back: the stretches in which a key ran at `times` its usual rate or more (Burst, no alert).

    Kleinberg 2002 with two states over the seasonal baseline; `gamma` is the price of a rise. It sees what came after,
    so starts and ends are sharper than `watch` can have them, and it finds more that mean nothing.
    """
    table = baseline.grid(counts, zone)
    if not table.known:
        return schemas.empty(schemas.Burst)
    return bursts.viterbi(table, times=times, gamma=gamma, min_n=min_n, zone=zone)


def rising(
    tokens: pl.DataFrame, posts: pl.DataFrame, *, since: datetime, until: datetime, min_n: int = MIN_POSTS
) -> pl.DataFrame:
    """Words of [since, until) that the same length of time before had less of: word, n, before, score, best first.

    n and before are posts with the word, copies of one text counted once; before is scaled up when the posts do not
    reach back that far. score: standard deviations by which the log-odds differ, each period mixed with 500 words of
    both (Monroe, Colaresi & Quinn 2008). Empty when there is nothing before to compare with.
    """
    if until <= since:
        raise LabError(f"起始时刻 {since} 不早于截止时刻 {until}，请对调。")
    length = until - since
    dated = posts.filter(pl.col("published_at").is_between(since - length, until, closed="left"))
    dated = dated.with_columns(now=pl.col("published_at") >= since, root=pl.coalesce("copy_of", "post_id"))
    first = posts["published_at"].min()
    reach = (since - max(first, since - length)) / length if isinstance(first, datetime) else 0.0
    once = dated.sort("post_id").unique(["root", "now"], keep="first", maintain_order=True)
    seen = once.join(tokens, on="post_id").select("now", word=pl.col("tokens").list.unique()).explode("word")
    seen = seen.drop_nulls().group_by("word").agg(n=pl.col("now").sum().cast(pl.Int64), b=(~pl.col("now")).sum())
    n, before = seen["n"].to_numpy().astype(float), seen["b"].to_numpy().astype(float)
    if reach <= 0 or not before.sum() or not n.sum():
        return pl.DataFrame(schema={"word": pl.String, "n": pl.Int64, "before": pl.Float64, "score": pl.Float64})
    prior = PRIOR * (n + before) / (n + before).sum()
    odds = [np.log((y + prior) / (y.sum() + PRIOR - y - prior)) for y in (n, before)]
    score = (odds[0] - odds[1]) / np.sqrt(1 / (n + prior) + 1 / (before + prior))
    frame = seen.select("word", "n", before=(pl.col("b") / reach).round(1), score=pl.Series(score).round(3))
    kept = frame.filter((pl.col("score") > 0) & (pl.col("n") >= min_n))
    return kept.sort("score", "n", "word", descending=[True, True, False])


# --- time ------------------------------------------------------------------------------------------------------


def _timed(posts: pl.DataFrame, time: str) -> pl.DataFrame:
    if time not in posts.columns:
        raise LabError(f"没有时间列“{time}”。可用的列：{'、'.join(posts.columns)}。")
    rows = posts.filter(pl.col(time).is_not_null())
    if posts.height and rows.is_empty():
        raise LabError(f"{posts.height} 条帖文都没有时间（{time}），无法统计趋势。请检查导入时的时间列。")
    return rows


def _platform(posts: pl.DataFrame) -> pl.Expr:
    return pl.col("platform") if "platform" in posts.columns else pl.lit("").alias("platform")


def _bin(column: str, every: str, zone: tzinfo) -> pl.Expr:
    """The beginning of the bin, in UTC; days begin at the zone's midnight, weeks on its Monday."""
    if not re.fullmatch("[1-9][0-9]*[mhdw]", every):
        raise LabError(f"时段“{every}”看不懂。请写成 15m、1h、6h、1d 或 1w。")
    return pl.col(column).dt.convert_time_zone(str(zone)).dt.truncate(every).dt.convert_time_zone("UTC")


def _bins(at: pl.Series, every: str, since: datetime | None, until: datetime | None, zone: tzinfo) -> pl.Series:
    """All bins from the first to the last, in UTC."""
    ends = pl.DataFrame({"at": [since or at.min(), until or at.max()]}, schema={"at": pl.Datetime("us", "UTC")})
    first, last = ends.select(_bin("at", every, zone).dt.convert_time_zone(str(zone)))["at"]
    bins = pl.datetime_range(first, last, every, eager=True).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return bins.alias("bin").filter(bins < until) if until else bins.alias("bin")


# --- holes -----------------------------------------------------------------------------------------------------


def _missed(bins: pl.Series, holes: pl.DataFrame | None, platforms: int, *, by_platform: bool) -> pl.DataFrame:
    """bin (and key, where keys are platforms) of the bins that holes cover, each with hole = True."""
    on = ["key", "bin"] if by_platform and holes is not None and "platform" in holes.columns else ["bin"]
    spans = pl.DataFrame(schema={"key": pl.String, "start": bins.dtype, "end": bins.dtype}) if holes is None else holes
    named = "platform" in spans.columns
    covered = spans.select(pl.col("platform").alias("key") if named else pl.lit("").alias("key"), "start", "end")
    covered = covered.join_where(bins.to_frame("bin"), pl.col("bin") >= pl.col("start"), pl.col("bin") < pl.col("end"))
    if on == ["bin"]:
        enough = platforms if named else 1
        covered = covered.group_by("bin").agg(n=pl.col("key").n_unique()).filter(pl.col("n") >= enough)
    return covered.select(on).unique().with_columns(hole=pl.lit(True))


def _silent(table: baseline.Grid, zone: tzinfo) -> Iterator[tuple[Any, ...]]:
    """start, end, expected, why of the runs of empty bins that cannot be chance."""
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
            why = f"{bursts.span(start, end, table.step, zone)}一条也没有，平时约 {missing:,.0f} 条：视为没有采集"
            yield start, end, round(missing, 1), why
