"""Across platforms: where a story was seen first, how much later elsewhere, and what of it is no more than polling.

A list that is looked at every hour tells no more than that an entry came between two polls. So a first sighting is a
stretch of time, and one platform is said to be before another only when their stretches do not touch.
"""

from __future__ import annotations

from datetime import timedelta, tzinfo

import polars as pl

#: Polls nearer to one another than this are one: a visit writes its rows over some seconds.
ONE_POLL = timedelta(minutes=5)
#: The usual longest time between two polls is this quantile of the times between the polls of a week to each side.
USUAL, AROUND, FEWEST = 0.95, timedelta(days=7), 20
STEP = timedelta(hours=1)


def polls(posts: pl.DataFrame, sightings: pl.DataFrame | None = None) -> pl.DataFrame:
    """When each platform's lists were looked at: platform, at. Takes all posts (Post), not one story's alone.

    Only posts without a time of their own tell: board entries, and what bears the time of the visit.
    """
    seen = posts.filter(_from_poll())
    times = [seen.select("platform", at="collected_at")]
    if sightings is not None:
        again = sightings.join(seen.select("post_id"), on="post_id", how="semi")
        times.append(again.select("platform", at="seen_at"))
    every = pl.concat(times).unique().sort("platform", "at")
    apart = (pl.col("at").diff() > ONE_POLL).over("platform").fill_null(True)
    return every.filter(apart)


def first(posts: pl.DataFrame, polls: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """One story's platforms (Post, `polls`), the earliest sighting first.

    platform, n, seen (the first sighting), how (dated: the platform gave the time; day: only the day; seen: met on a
    list), interval (between polls; null for what is dated, or not known), earliest and latest (between which it truly
    came; earliest null = not known), lag_low and lag_high behind the first of all, sure (surely later than another).
    """
    local = pl.col("published_at").dt.convert_time_zone(str(zone))
    midnight = local.dt.time() == pl.time(0, 0, 0)
    rows = posts.select(
        "platform",
        "published_at",
        how=pl.when(_from_poll()).then(pl.lit("seen")).when(midnight).then(pl.lit("day")).otherwise(pl.lit("dated")),
    )
    firsts = rows.group_by("platform", "how").agg(seen=pl.col("published_at").min(), n=pl.len().cast(pl.Int64))
    gaps = [
        _interval(polls.filter(pl.col("platform") == platform)["at"], seen) if how == "seen" else None
        for platform, how, seen in firsts.select("platform", "how", "seen").iter_rows()
    ]
    day = timedelta(days=1)
    firsts = firsts.with_columns(
        interval=pl.Series(gaps, dtype=pl.Duration("us")),
        latest=pl.when(pl.col("how") == "day").then(pl.col("seen") + day).otherwise("seen"),
    ).with_columns(
        earliest=pl.when(pl.col("how") == "seen").then(pl.col("seen") - pl.col("interval")).otherwise("seen")
    )
    unknown = (pl.col("how") == "seen") & pl.col("interval").is_null()
    best = pl.struct("seen", "how", "interval").sort_by("seen", "how").first()
    table = firsts.group_by("platform").agg(
        n=pl.col("n").sum(),
        best=best,
        latest=pl.col("latest").min(),
        # what came at a time that is not known may have come before all others
        earliest=pl.when(unknown.any()).then(None).otherwise(pl.col("earliest").min()),
    )
    table = table.unnest("best").sort("seen", "platform")
    # the first of all came between these two
    start, end = pl.col("earliest").min(), pl.col("latest").min()
    table = table.with_columns(
        lag_low=pl.max_horizontal(pl.col("earliest") - end, pl.duration()),
        lag_high=pl.when(pl.col("earliest").null_count() == 0).then(pl.col("latest") - start),
        sure=(pl.col("earliest") > end).fill_null(False),
    )
    columns = ["platform", "n", "seen", "how", "interval", "earliest", "latest", "lag_low", "lag_high", "sure"]
    return table.select(columns)


def _from_poll() -> pl.Expr:
    """Whether a post's time is that of a look."""
    return (pl.col("kind").cast(pl.String) == "board_entry") | (pl.col("published_at") == pl.col("collected_at"))


def _interval(at: pl.Series, seen: object) -> timedelta | None:
    """How long before `seen` the last poll may have been: the one before it, or what is usual then, if longer.

    Rounded up to whole hours: lists are not read to the minute. None when the platform was looked at only once.
    """
    before = at.filter(at < pl.Series([seen], dtype=at.dtype) - ONE_POLL)
    moment = pl.Series([seen], dtype=at.dtype)[0]
    near = at.filter((at >= moment - AROUND) & (at <= moment + AROUND))
    gaps = (near if len(near) > FEWEST else at).sort().diff().drop_nulls()
    usual = gaps.dt.total_seconds().quantile(USUAL, "higher")
    if usual is None:
        return None
    last = (moment - before[-1]).total_seconds() if len(before) else 0.0
    hours = max(usual, last, 1.0) / STEP.total_seconds()
    return STEP * -int(-hours // 1)
