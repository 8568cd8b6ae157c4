"""An archive replayed as if live: how soon, how often and how rightly each rule of alert would have spoken.

What is true is decided by looking back at stories, not by any rule of alert (`events`). All rules get the same counts,
the same merging of repeats and the same budget; each gets its threshold from the same first part of the archive, and
is judged on the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import polars as pl

from opinion_lab.analyse.trends import alerts, baseline, bursts, counts as trends, time_bins
from opinion_lab.analyse.trends.baseline import Grid
from opinion_lab.analyse.trends.bursts import DAY, Hits
from opinion_lab.analyse.trends.events import (
    RISE,
    UNKNOWN,
    USUALLY,
    Chance,
    fewest as fewest_voices,
    least as least_voices,
    reached,
    told as within,
    voices,
)
from opinion_lab.rules.expectations import AnnualPeaks

LEARN = 0.5  # share of the archive from which the thresholds come
WITHIN = 0.75  # share of its days that a threshold alone must keep within the budget; the cap does the rest
SHORTEST = 21  # days of archive below which a replay says nothing
FEWEST = 3  # posts of one key within six bins, below which ours says nothing, however small the true bursts are
EARLY = (3, 6)  # hours from a burst's first post
NO_BUDGET = 10**9


@dataclass(frozen=True)
class Replay:
    """What came of it: `table` a row a rule, ours first, `events` the true bursts, `alerts` every alert of every rule.

    `least`: voices in a day from which ours speaks (see `events`). `chance`: how probable it is that an alert is right,
    learnt from all outcomes (None: too few), and `gap`, how far that was off on the later part when learnt from the
    first.
    `since`: from when on it is judged; `size`: posts in 24 hours that make a burst; `fewest`: posts within six bins
    from which ours speaks, as many as the least burst of the first part had, from 3 to `trends.MIN_POSTS`. An archive
    of less than three weeks, or without a key that ever had three posts in six bins, tells nothing: all is empty and
    `since` None.
    """

    table: pl.DataFrame
    events: pl.DataFrame
    alerts: pl.DataFrame
    since: datetime | None
    size: int
    fewest: int
    least: int = USUALLY
    chance: Chance | None = None
    gap: float | None = None


def _events(posts: pl.DataFrame, post_stories: pl.DataFrame, *, budget: int, zone: tzinfo) -> pl.DataFrame:
    """The true bursts: event, start, peak, end, n, size, posts (list), in order of start.

    A story, seen as a whole afterwards, is cut where it was silent for a day; its size is the number of voices in its
    busiest 24 hours. True are those five times as large as the story's middle day (none for most stories), of as many
    voices as an event has (`fewest`), and of these the largest: those of the least size that no more than `budget` a
    day reach. A burst of a story that was there when the archive began starts with its busiest 24 hours. The peak is
    the end of its busiest six hours.
    """
    said = voices(posts, post_stories).sort("story_id", "published_at", "post_id")
    at, day = pl.col("published_at"), pl.col("published_at").dt.convert_time_zone(str(zone)).dt.date()
    silent = (at.diff().over("story_id") > DAY).fill_null(True)
    said = said.with_columns(event=pl.format("{}#{}", "story_id", silent.cum_sum().over("story_id")))
    days = posts["published_at"].dt.convert_time_zone(str(zone)).dt.date().n_unique()
    daily = said.group_by("story_id", day.alias("day")).agg(n=pl.col("voice").n_unique()).group_by("story_id")
    # the middle of all days, of which those without a voice are zeros
    usual = daily.agg(usual=pl.col("n").sort(descending=True).get(days // 2, null_on_oob=True).fill_null(0))
    said = said.sort("published_at", "post_id")
    most = [
        said.rolling("published_at", period=period, group_by="event")
        .agg(n=pl.col("voice").n_unique())
        .group_by("event")
        .agg(pl.col("n").max().alias(name), at.sort_by("n", descending=True).first().alias(f"{name}_at"))
        for name, period in (("size", "24h"), ("busiest", "6h"))
    ]
    found = said.select("story_id", "event").unique().join(usual, on="story_id").join(most[0], on="event")
    found = found.filter(pl.col("size") >= RISE * pl.col("usual")).join(most[1], on="event")
    begun = pl.lit(posts["published_at"].min()) + pl.lit(UNKNOWN)
    there = (pl.col("usual") > 0) & (at.min().over("event") < begun)
    own = said.join(found, on="event").filter(~there | (at > pl.col("size_at") - DAY))
    whole = own.group_by("event").agg(start=at.min(), end=at.max(), n=pl.len(), posts=pl.col("post_id").sort())
    found = found.join(whole, on="event").rename({"busiest_at": "peak"})
    sizes = sorted(found["size"].to_list(), reverse=True)
    floor = fewest_voices(posts)
    least = max(floor, sizes[budget * days] + 1 if len(sizes) > budget * days else floor)
    large = found.filter(pl.col("size") >= least)
    return large.select("event", "start", "peak", "end", "n", "size", "posts").sort("start", "event")


OURS, WORDS = "events", "words"
NO_ROWS = pl.DataFrame(schema={"rule": pl.String})
NOTHING = Replay(NO_ROWS, NO_ROWS, NO_ROWS, None, 0, FEWEST)


# --- the replay ------------------------------------------------------------------------------------------------


def run(
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    *,
    key: str,
    every: str = "1h",
    budget: int = 3,
    learn: float = LEARN,
    holes: pl.DataFrame | None = None,
    peaks: AnnualPeaks,
    zone: tzinfo,
    rivals: Mapping[str, Callable[[Grid], Hits]] | None = None,
    truth: pl.DataFrame | None = None,
) -> Replay:
    """Replay `posts` under our rule (`events`, on `post_stories`) and others on counts by `key` (words, or a column).

    `truth`: the stories as they look when all is known (default: `post_stories`, which flatters our rule).

    Columns of the table: rule, threshold, alerts, right (share of them that were the first on a true burst), caught
    (share of the true bursts), within_3 and within_6 (share caught so many hours after the first post), lost (hours of
    a true burst that went by before the alert, the whole of it when there was none: mean), delay (hours from first post
    to alert, median of those caught: a rule that catches only what erupts has a short one), lead (hours from alert to
    peak, likewise), a_day (alerts), alone (share of days on which the threshold alone kept the budget), kept (share of
    days within it).
    """
    span = posts["published_at"].dt.convert_time_zone(str(zone)).dt.date()
    if posts.is_empty() or (max(span) - min(span)).days < SHORTEST:
        return NOTHING
    table, keys, behind = _counted(posts, key, every, holes, zone)
    if not table.keys:
        return NOTHING
    first = int(len(table.bins) * learn)
    truth = post_stories if truth is None else truth
    true = _events(posts, truth, budget=budget, zone=zone)
    since = table.bins[first]
    early = posts.filter(pl.col("published_at") < since)
    before = _events(early, truth, budget=budget, zone=zone)
    fewest = min(trends.MIN_POSTS, max(FEWEST, min(before["size"].to_list(), default=FEWEST)))
    seen = alerts.look(table, least=trends.STRENGTH, min_n=fewest, peaks=peaks)
    days, later = _days(table, since, zone), true.filter(pl.col("start") >= since)
    least = least_voices(early, post_stories, budget=budget, zone=zone)
    every_one = reached(posts, post_stories, least=least)
    told = within(every_one, budget=budget, zone=zone)
    judged = _judged(told.select("story_id", "raised", "posts").rows(), true).with_columns(rule=pl.lit(OURS))
    now = told["raised"] >= since
    learnt = Chance.learn(judged["first"].filter(~now))
    gap = learnt.gap(judged["first"].filter(now)) if learnt and now.any() else None
    chance = Chance.learn(judged["first"])
    judged = judged.filter(pl.col("raised") >= since)
    by_day = every_one.filter(pl.col("raised") >= since)["raised"].dt.convert_time_zone(str(zone)).dt.date()
    alone = 1 - (by_day.value_counts()["count"] > budget).sum() / max(1, len(days))
    # no threshold of ours is a strength: voices are counted
    rows, alerted = [{"rule": OURS, "threshold": float(least), **_figures(judged, later)}], [judged]
    rows[0] |= {"a_day": judged.height / max(1, len(days)), "alone": alone, "kept": 1.0}
    by_rule = {WORDS: alerts.chosen(seen, keys, trends.FALSE_SHARE)[0]}
    by_rule |= {name: rule(table) for name, rule in (rivals or {}).items()}
    for name, hits in by_rule.items():
        bar = _threshold(table, hits, behind, budget=budget, until=since, zone=zone)
        groups = _decide(table, hits, behind, bar, budget, zone)
        free = _decide(table, hits, behind, bar, NO_BUDGET, zone)
        mine = [g for g in groups if g.alerted_at and g.alerted_at >= since]
        mine.sort(key=lambda g: (g.alerted_at, -g.lead.then, g.lead.key))
        told_of = [(table.keys[g.lead.key], g.alerted_at, [behind.names[p] for p in sorted(g.evidence)]) for g in mine]
        judged = _judged(told_of, true).with_columns(rule=pl.lit(name))
        alerted.append(judged)
        rows.append({"rule": name, "threshold": bar, **_figures(judged, later)})
        rows[-1] |= {
            "a_day": len(mine) / max(1, len(days)),
            "alone": _within(free, days, budget, since),
            "kept": _within(mine, days, budget, since),
        }
    size = min(true["size"].to_list(), default=0)
    every_alert = pl.concat(alerted)
    return Replay(pl.DataFrame(rows), true, every_alert, since, size, fewest, least, chance, gap)


def _threshold(table: Grid, hits: Hits, behind: alerts.Behind, *, budget: int, until: datetime, zone: tzinfo) -> float:
    """The least strength at which, before `until`, three days of four keep within the budget by themselves."""
    learnt = hits.where(hits.bin < int((table.bins < until).sum()))
    steps = np.unique(np.quantile(learnt.strength, 1 - np.geomspace(1, 1e-5, 60))) if len(learnt.key) else np.zeros(1)
    days = _days(table, table.bins[0] + baseline.SHORTEST * DAY, zone, until)
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        groups = _decide(table, learnt, behind, float(steps[middle]), NO_BUDGET, zone)
        if _within(groups, days, budget, table.bins[0]) >= WITHIN:
            high = middle
        else:
            low = middle + 1
    return float(steps[low])


def _counted(
    posts: pl.DataFrame, key: str, every: str, holes: pl.DataFrame | None, zone: tzinfo
) -> tuple[Grid, int, alerts.Behind]:
    """The table of the keys that could ever be alerted, how many keys there are, and the posts behind them."""
    rows = trends.behind(posts, key=key, every=every, zone=zone)
    kept = trends.lively(rows, min_n=FEWEST, at_once=2)
    bins = time_bins.span(posts["published_at"], every, None, None, zone)
    table, _ = trends.tabulate(kept, bins, holes=holes, zone=zone)
    return table, rows["key"].n_unique(), alerts.Behind(kept, table)


def _decide(
    table: Grid, hits: Hits, behind: alerts.Behind, least: float, budget: int, zone: tzinfo
) -> list[alerts.Group]:
    strong = hits.where(hits.strength >= least)
    desk = alerts.Desk(table, zone, budget, table.bins[-1] + table.step)
    return desk.decide(bursts.stretches(strong, np.ones(len(strong.key))), behind)


def _days(table: Grid, since: datetime, zone: tzinfo, until: datetime | None = None) -> set[object]:
    ends = table.bins.filter((table.bins >= since) & (table.bins < (until or table.bins[-1] + table.step)))
    return set(ends.dt.convert_time_zone(str(zone)).dt.date().to_list())


def _within(groups: list[alerts.Group], days: set[object], budget: int, since: datetime) -> float:
    days_of_alerts = pl.Series(
        [g.alerted_at.date() for g in groups if g.alerted_at and g.alerted_at >= since], dtype=pl.Date
    )
    over = days_of_alerts.value_counts(name="n").filter(pl.col("n") > budget)[days_of_alerts.name]
    return 1 - len(set(over.to_list()) & days) / max(1, len(days))


def _judged(told: list[tuple[Any, ...]], true: pl.DataFrame) -> pl.DataFrame:
    """Every alert (key, raised, posts; in order of time), with event (of at least half
    of its posts; null: none) and first (on that event).
    """
    of = dict(true.explode("posts").select("posts", "event").iter_rows())
    rows, seen = [], set()
    for key, raised, posts in told:
        named = [of[p] for p in posts if p in of]
        event = max(sorted(set(named)), key=named.count, default=None)
        event = event if event and named.count(event) >= len(posts) / 2 else None
        rows.append((key, raised, posts, event, event is not None and event not in seen))
        seen.add(event)
    columns = {"key": pl.String(), "raised": pl.Datetime("us", "UTC"), "posts": pl.List(pl.String)}
    schema = pl.Schema({**columns, "event": pl.String(), "first": pl.Boolean()})
    return pl.DataFrame(rows, schema=schema, orient="row")


def _figures(judged: pl.DataFrame, true: pl.DataFrame) -> dict[str, Any]:
    firsts = judged.filter("first").select("event", "raised")
    whole = true.join(firsts, on="event", how="left").with_columns(
        delay=(pl.col("raised") - pl.col("start")) / timedelta(hours=1),
        lead=(pl.col("peak") - pl.col("raised")) / timedelta(hours=1),
        life=(pl.col("end") - pl.col("start")) / timedelta(hours=1),
    )
    share = 1 / max(1, whole.height)
    return {
        "alerts": judged.height,
        "right": judged["first"].sum() / max(1, judged.height),
        "caught": whole["raised"].count() * share,
        **{f"within_{hours}": whole.filter(pl.col("delay") <= hours).height * share for hours in EARLY},
        "delay": whole["delay"].median(),
        "lost": whole.select(pl.min_horizontal("delay", "life").mean()).item(),
        "lead": whole["lead"].median(),
    }
