"""Counts against what is usual: what is unusual now, what was a burst, which words are rising, what is missing."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import polars as pl

from opinion_lab import rules, schemas
from opinion_lab.analyse.trends import alerts, baseline, bursts
from opinion_lab.analyse.trends.baseline import Floats, Grid
from opinion_lab.analyse.trends.terms import MIN_POSTS
from opinion_lab.analyse.trends.time_bins import bin_of, dated, missed_bins, platforms, span
from opinion_lab.config import LabError
from opinion_lab.rules.expectations import AnnualPeaks

MOST_CELLS = 40_000_000
STRENGTH = 4.2  # standard deviations: one false alarm in 500 weeks of a key, measured on planted bursts
FALSE_SHARE = 0.1  # of the keys that stand out in a day, how many may do so by chance
PRICE = 3.0  # of a change point, times ln(bins)


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
    zone: tzinfo,
) -> pl.DataFrame:
    """How often each key was seen in each bin, and how often is usual (Count), in order of key and bin.

    key: a column or an expression; of a list, each different entry counts once a row. A null key is empty.
    Bins begin on the hour or at midnight of `zone`, from `since` to `until` (not included), by default from the first
    row to the last. All are there: 0 where the key was not seen, null where `holes` (start, end, perhaps platform)
    covers the bin and nothing is known; a platform's hole counts for other keys when all platforms have it. Rows
    without a time are not counted. `min_total` leaves rarer keys out: words need it. `time="seen_at"` counts sightings.
    """
    timed = dated(posts, time)
    if timed.is_empty():
        return schemas.empty(schemas.Count)
    bins = span(timed[time], every, since, until, zone)
    rows = behind(posts, key=key, every=every, time=time, zone=zone)
    table, copies = tabulate(rows, bins, holes=holes, min_total=min_total, zone=zone)
    return baseline.frame(table, copies if "copy_of" in posts.columns else None)


def tabulate(
    behind: pl.DataFrame, bins: pl.Series, *, holes: pl.DataFrame | None, min_total: int = 1, zone: tzinfo
) -> tuple[Grid, Floats]:
    """What `count` counts as a table of keys by `bins`, and how many of each are copies; holes are NaN in both.

    Raises LabError for a table that no memory holds (see `lively`).
    """
    within = behind.filter(pl.col("bin").is_between(bins[0], bins[-1]))
    counted = within.group_by("key", "bin").agg(n=pl.len(), copies=pl.col("copy_of").count())
    counted = counted.filter(pl.col("n").sum().over("key") >= min_total)
    names = counted["key"].unique().sort()
    if len(names) * len(bins) > MOST_CELLS:
        raise LabError(
            f"{len(names)} 个统计对象 × {len(bins)} 个时段太多。请用 min_total 只留较常见的，或缩短时间、放宽时段。"
        )
    n, copies = np.zeros((2, len(names), len(bins)))
    at = names.search_sorted(counted["key"]).to_numpy(), bins.search_sorted(counted["bin"]).to_numpy()
    n[at], copies[at] = counted["n"].to_numpy(), counted["copies"].to_numpy()
    by_platform = bool((behind["key"] == behind["platform"]).all())
    missed = missed_bins(bins, holes, names.to_list() if by_platform else None, behind["platform"].n_unique())
    n[(n == 0) & missed] = np.nan
    copies[np.isnan(n)] = np.nan
    return baseline.lay(names.to_list(), bins, n, zone), copies


def behind(
    posts: pl.DataFrame,
    *,
    key: str | pl.Expr,
    every: str = "1h",
    time: str = "published_at",
    zone: tzinfo,
) -> pl.DataFrame:
    """What `count` counts, one row each: key, bin, post_id, thread, platform, copy_of. For `watch`, and for `count`.

    thread: the post that it answers or repeats, else itself. Rows without a post_id stand for themselves.
    """
    if isinstance(key, str) and key not in posts.columns:
        raise LabError(f"没有名为“{key}”的列，不能按它统计。可用的列：{'、'.join(posts.columns)}。")
    timed = dated(posts, time)
    if "post_id" not in posts.columns:
        timed = timed.with_columns(post_id=pl.int_range(pl.len()).cast(pl.String))
    if "copy_of" not in posts.columns:
        timed = timed.with_columns(copy_of=pl.lit(None, pl.String))
    thread = pl.coalesce([c for c in ("thread", "root_id", "copy_of", "post_id") if c in timed.columns])
    at = bin_of(time, every, zone)
    rows = timed.select("post_id", platforms(timed), "copy_of", thread=thread, bin=at, key=key)
    if isinstance(rows.schema["key"], pl.List):
        rows = rows.with_columns(pl.col("key").list.unique()).explode("key").drop_nulls("key")
    named = pl.col("key").cast(pl.String).fill_null("")
    return rows.select(named, "bin", "post_id", "thread", "platform", "copy_of")


def lively(
    behind: pl.DataFrame, *, min_n: int = MIN_POSTS, at_once: int | None = None, cells: int = MOST_CELLS // 2
) -> pl.DataFrame:
    """The rows (behind) of keys with `min_n` posts in some six bins: no other key can ever be unusual.

    Words are many, and most are rare: this is what there is to count of them. `at_once` posts in one bin will do too.
    Where their table would still have more than so many `cells`, the keys that were the most at once are kept.
    """
    if behind.is_empty():
        return behind
    bins = behind["bin"].unique().sort()
    step = baseline.width(bins)
    binned = behind.group_by("key", "bin").agg(n=pl.len()).sort("bin")
    together = binned.rolling("bin", period=step * max(bursts.WINDOWS), group_by="key").agg(pl.col("n").sum())
    enough = pl.col("n") >= min_n
    once = binned.filter(pl.col("n") >= (at_once or min_n)).select("key", n=pl.lit(min_n, pl.UInt32))
    peaks = pl.concat([together.filter(enough).select("key", pl.col("n").cast(pl.UInt32)), once])
    most = max(1, int(cells / max(1, (bins[-1] - bins[0]) / step)))
    kept = peaks.group_by("key").agg(pl.col("n").max()).sort("n", "key", descending=[True, False]).head(most)
    return behind.filter(pl.col("key").is_in(kept["key"].implode()))


def watch(
    counts: pl.DataFrame,
    *,
    budget: int = 3,
    now: datetime | None = None,
    behind: pl.DataFrame | None = None,
    quiet: tuple[int, int] | None = None,
    threshold: float = 0,
    min_n: int = MIN_POSTS,
    peaks: AnnualPeaks | None = None,
    zone: tzinfo,
) -> pl.DataFrame:
    """What was unusual, as it was noticed live (Burst, one row a matter), in order of start and key.

    The last one, three and six bins of each key are held against what its past says is usual then, chance and its own
    restlessness allowed for; STRENGTH bounds how often a key alone cries wolf, FALSE_SHARE how many of all keys that
    stand out in a day do so by chance, `threshold` how many are told a day: a backtest on the lab's own archive gives
    it (`backtest.Replay`). Repeats within a day are one matter, and so are keys that share a third of their threads,
    where `behind` gives these (of all keys, counted or not). alert: told at `raised`, in order of occurrence, at most
    `budget` a day; in the hours of `quiet` (from, to) nothing is told, it waits. Nothing is decided by what came later:
    the same alerts stand however much is appended. `now` expects a bin under way in part. `peaks`: days that are loud
    every year, by default the shipped table. Empty with less than four days of history (see `caveats`).
    Words of new titles are the keys for hot lists: a title is there once, and then any count of it is unusual.
    """
    if now is not None:
        counts = counts.filter(pl.col("bin") < now)
    table = baseline.grid(counts, zone)
    if not table.known or not table.keys:
        return schemas.empty(schemas.Burst)
    elapsed = 1.0 if now is None else min(1.0, (now - table.bins[-1]) / table.step)
    peaks = rules.SHIPPED.annual_peaks if peaks is None else peaks
    counted = alerts.look(table, least=STRENGTH, min_n=min_n, peaks=peaks, elapsed=elapsed)
    keys = len(table.keys) if behind is None else behind["key"].n_unique()
    posts = alerts.Behind(behind, table)
    hits, certain = alerts.chosen(counted, keys, FALSE_SHARE)
    strong = hits.strength >= threshold
    desk = alerts.Desk(table, zone, budget, now or table.bins[-1] + table.step, quiet)
    groups = desk.decide(bursts.stretches(hits.where(strong), certain[strong]), posts)
    return alerts.frame(counted, groups, posts, peaks, least=STRENGTH, min_n=min_n)


def intervals(counts: pl.DataFrame, *, levels: int = 4, zone: tzinfo) -> pl.DataFrame:
    """Looking back: the stretches in which a key ran at twice its usual rate or more (Burst, no alert), nested.

    Kleinberg 2002 over the seasonal baseline: level 1 is the whole burst, level 2 the part of it at four times the
    usual, and so on to `levels`. It sees what came after, so starts and ends are sharper than `watch` can have them,
    and it finds more that mean nothing.
    """
    table = baseline.grid(counts, zone)
    if not table.known or not table.keys:
        return schemas.empty(schemas.Burst)
    return bursts.viterbi(table, levels=levels, min_n=MIN_POSTS)


def changes(counts: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """When each key passed to another level for good or for days: key, start, end, n, usual, times, in order of time.

    Change points of the rate, hours and weekdays allowed for (`bursts.phases`); three times ln(bins) is the price of
    one, more where the key is restless. usual: posts there would be at its mean level; times: how many times that.
    """
    table = baseline.grid(counts, zone)
    rows = []
    for part, mean, alpha in baseline.chunks(table) if table.known and table.keys else ():
        for i, key in enumerate(table.keys[part]):
            n = table.n[part.start + i]
            counted = np.isfinite(n)
            weeks = np.bincount(table.block, mean[i] * counted) / np.maximum(np.bincount(table.block, counted), 1)
            usual = mean[i] / np.maximum(weeks[table.block], 1e-9)  # its rhythm; no week has a level of its own
            usual *= np.nansum(n) / max((usual * counted).sum(), 1e-9)
            restless = 1 + float(np.median(alpha[i])) * usual.mean()
            starts = bursts.phases(n, usual, PRICE * float(np.log(len(n))) * restless)
            for a, b in zip(starts, [*starts[1:], len(n)], strict=True):
                got, mass = float(np.nansum(n[a:b])), float((usual * counted)[a:b].sum())
                times = round(got / mass, 2) if mass else None
                rows.append((key, table.bins[a], table.bins[b - 1] + table.step, int(got), round(mass, 1), times))
    moment = pl.Datetime("us", "UTC")
    numbers: dict[str, Any] = {"n": pl.Int64, "usual": pl.Float64, "times": pl.Float64}
    columns: dict[str, Any] = {"key": pl.String, "start": moment, "end": moment, **numbers}
    return pl.DataFrame(rows, schema=columns, orient="row").sort("key", "start")
