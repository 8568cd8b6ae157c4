"""From unusual bins to a few alerts: chance controlled over all keys, repeats merged, a budget and quiet hours kept.

Everything is decided in order of time from what was known then, as a live watch must: no day is ranked afterwards.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from opinion_lab.analyse.trends import bursts, events, online_baseline
from opinion_lab.analyse.trends.annual_peaks import Known
from opinion_lab.analyse.trends.baseline import Floats, Grid
from opinion_lab.analyse.trends.bursts import APART, DAY, WINDOWS, Hits, Stretch
from opinion_lab.rules.expectations import AnnualPeaks

SAME = 1 / 3  # share of the smaller one's threads that two keys must have in common to be one alert
REPEAT = DAY  # after so long without a sign it is a new matter, not a repeat
FULL, QUIET = "budget", "quiet"  # why an unusual stretch was not told


@dataclass(frozen=True)
class Look:
    """A table of counts as a live watch saw it: the hits, and what was usual (keys by bins; variance keys by days)."""

    table: Grid
    hits: Hits
    mean: NDArray[np.float32]
    alpha: NDArray[np.float32]


def look(table: Grid, *, least: float, min_n: int, peaks: AnnualPeaks, elapsed: float = 1.0) -> Look:
    """Hold every bin against its past; `elapsed` of the last one has gone by."""
    mean = np.empty(table.n.shape[::-1], np.float32).T  # as the parts come: bins by keys in memory
    alpha = np.empty((int(table.day[-1]) + 1, len(table.keys)), np.float32).T
    found = []
    for part, usual, varies in online_baseline.chunks(table, peaks):
        known = int(np.isnan(usual[0]).sum())
        usual[:, -1] *= elapsed
        here = bursts.hits(
            table.n[part][:, known:], usual[:, known:], varies, table.day[known:], least=least, min_n=min_n
        )
        found.append(Hits(here.key + part.start, here.bin + known, here.taken, here.strength))
        mean[part], alpha[part] = usual, varies
    return Look(table, bursts.join(found), mean, alpha)


def chosen(watched: Look, keys: int, false_share: float) -> tuple[Hits, Floats]:
    """The hits of `seen` that stand out of all `keys`, and how sure they are."""
    certain = _sure(watched.hits, keys, max(1, round(DAY / watched.table.step)))
    kept = certain >= 1 - false_share
    return watched.hits.where(kept), certain[kept]


def _sure(hits: Hits, keys: int, a_day: int) -> Floats:
    """1 - the false discovery rate at which each hit stands out of all `keys` in the day up to it, of `a_day` bins.

    Benjamini and Hochberg 1995 over the best of every key: on a calm day one must be rarer than on a day of many.
    """
    chance = np.minimum(1, len(WINDOWS) * special.ndtr(-hits.strength))
    rate = np.ones(len(chance))
    order = np.argsort(hits.bin, kind="stable")
    at = hits.bin[order]
    bins = np.unique(at)
    starts = np.searchsorted(at, bins - a_day, side="right")
    begins, ends = np.searchsorted(at, bins, side="left"), np.searchsorted(at, bins, side="right")
    for start, begin, end in zip(starts, begins, ends, strict=True):
        day, now = order[start:end], order[begin:end]
        by_chance = day[np.argsort(chance[day], kind="stable")]
        best = np.sort(chance[by_chance[np.unique(hits.key[by_chance], return_index=True)[1]]])
        stepped = np.minimum.accumulate((best / np.arange(1, len(best) + 1))[::-1])[::-1]
        rank = np.searchsorted(best, chance[now], "right")  # at least one: its own key's best
        after = np.append(stepped, np.inf)[rank]
        rate[now] = np.minimum(chance[now] / rank, after) * keys * a_day
    return 1 - np.minimum(1, rate)


class Behind:
    """The posts behind the keys: which were counted under a key from one bin to another."""

    def __init__(self, rows: pl.DataFrame | None, table: Grid) -> None:
        self.names: list[str] = []
        if rows is None:
            return
        keys = pl.Series(table.keys, dtype=pl.String)
        known = rows.select("post_id", "thread").unique("post_id").sort("post_id")
        ids, self.thread = known["post_id"], known["thread"].to_list()
        here = rows.filter(pl.col("key").is_in(keys.implode()) & pl.col("bin").is_in(table.bins.implode()))
        key = keys.search_sorted(here["key"]).to_numpy()
        at = table.bins.search_sorted(here["bin"]).to_numpy()
        post = ids.search_sorted(here["post_id"]).to_numpy()
        order = np.lexsort((post, at, key))
        self.place = (key * len(table.bins) + at)[order]
        self.post, self.bins, self.names = post[order], len(table.bins), ids.to_list()
        by_post = np.argsort(post, kind="stable")
        self.key = key[by_post].tolist()
        self.begins = np.searchsorted(post[by_post], np.arange(len(ids) + 1)).tolist()

    def between(self, key: int, first: int, last: int) -> set[int]:
        """The posts of one key, both bins included."""
        if not self.names:
            return set()
        a, b = np.searchsorted(self.place, (key * self.bins + first, key * self.bins + last + 1))
        return set(self.post[a:b].tolist())

    def threads(self, posts: set[int]) -> set[str]:
        """What the posts answer, repeat, or begin."""
        return {self.thread[p] for p in posts}

    def keys(self, posts: set[int]) -> Counter[int]:
        """The keys that posts were counted under: how many of the posts each."""
        found: Counter[int] = Counter()
        for post in posts:
            found.update(set(self.key[self.begins[post] : self.begins[post + 1]]))
        return found


@dataclass
class Group:
    """What is one thing to whoever is alerted: stretches of keys that share posts, or of one key again and again."""

    lead: Stretch
    posts: set[int] = field(default_factory=set)
    threads: set[str] = field(default_factory=set)
    keys: set[int] = field(default_factory=set)
    members: list[Stretch] = field(default_factory=list)
    last: int = -1  # the last bin in which any of its keys was unusual
    alerted_at: datetime | None = None
    evidence: frozenset[int] = frozenset()  # the posts that were there when it was told
    held: str | None = None

    def add(self, new: Stretch, posts: set[int], threads: set[str]) -> None:
        """Take a stretch in."""
        self.members.append(new)
        self.posts |= posts
        self.threads |= threads
        self.keys.add(new.key)
        self.last = max(self.last, new.last)

    def holds(self, new: Stretch, posts: int, threads: set[str], key_counts: Counter[int]) -> bool:
        """Whether a stretch is of this: its key, a third of its threads, or a third of its posts said the first key."""
        if new.key in self.keys:
            return True
        if not posts:
            return False
        if key_counts.get(self.lead.key, 0) >= SAME * posts:
            return True
        return len(threads & self.threads) >= SAME * min(len(threads), len(self.threads))


@dataclass(frozen=True)
class Desk:
    """Who is alerted, and when: at most `budget` a day, not in the hours of `quiet` (from, to); `end` is now."""

    table: Grid
    zone: tzinfo
    budget: int
    end: datetime
    quiet: tuple[int, int] | None = None

    @cached_property
    def ends(self) -> list[datetime]:
        """When each bin is over, or now."""
        over = (self.table.bins + self.table.step).to_list()
        return [min(end, self.end).astimezone(self.zone) for end in over]

    def open(self, moment: datetime) -> datetime:
        """The first moment from then on that is not quiet."""
        return events.opens(moment, self.quiet)

    def decide(self, found: list[Stretch], behind: Behind) -> list[Group]:
        """Go through the stretches in order of time: join them, and tell what the day's budget allows."""
        reach = max(APART, int(REPEAT / self.table.step))
        queue: list[tuple[datetime, float, int, int, Stretch | Group]] = []
        for i, s in enumerate(found):
            queue.append((self.open(self.ends[s.raised]), -s.then, s.key, i, s))
        heapq.heapify(queue)
        groups: list[Group] = []
        going: list[Group] = []
        spent: Counter[object] = Counter()
        while queue:
            moment, _, key, i, what = heapq.heappop(queue)
            if isinstance(what, Stretch):
                going = [g for g in going if g.last >= what.raised - reach]
                own_posts = behind.between(what.key, what.first, what.raised)
                threads, key_counts = behind.threads(own_posts), behind.keys(own_posts)
                home = next((g for g in going if g.holds(what, len(own_posts), threads, key_counts)), None)
                if home is None:
                    home = Group(what)
                    groups.append(home)
                    going.append(home)
                home.add(what, own_posts, threads)
            else:
                home = what
            if home.alerted_at is not None:
                continue
            if moment > self.end:
                home.held = QUIET
            elif spent[moment.date()] < self.budget:
                spent[moment.date()] += 1
                home.alerted_at, home.evidence, home.held = moment, frozenset(home.posts), None
            elif home.held != FULL or what is home:
                home.held = FULL
                tomorrow = self.open(datetime.combine(moment.date() + DAY, time(), self.zone))
                if self.budget and self.ends[home.last] > tomorrow:  # still going on when there is room again
                    heapq.heappush(queue, (tomorrow, -home.lead.top, key, i, home))
        return groups


def frame(
    watched: Look, groups: list[Group], behind: Behind, peaks: AnnualPeaks, *, least: float, min_n: int
) -> pl.DataFrame:
    """Groups as Burst, in order of start and key; what is said of each is of the key that told it first.

    `least`, `min_n`: the strength and the number of posts below which nothing is unusual.
    """
    table = watched.table
    ranges = np.array([_extent(watched, g) for g in groups], dtype=np.int64).reshape(-1, 2)
    lead = np.array([g.lead.key for g in groups], dtype=np.int64)
    rows, which = np.unique(lead, return_inverse=True)
    mean = np.where(np.isfinite(table.n[rows]), watched.mean[rows], 0).astype(float)
    usual = bursts.sums(mean, which, ranges[:, 0], ranges[:, 1])
    top = np.array([max(s.top for s in g.members if s.key == g.lead.key) for g in groups])
    known = Known(peaks, table.first, np.unique(table.day).tolist())
    names = [list(dict.fromkeys(table.keys[s.key] for s in g.members)) for g in groups]
    over = table.bins + table.step
    return bursts.burst(
        bursts.frame(table, lead, ranges[:, 0], ranges[:, 1], usual, top),
        table,
        why=pl.Series([known.facts(int(table.day[g.lead.raised])) for g in groups], dtype=bursts.WHY),
        alert=pl.Series([g.alerted_at is not None for g in groups], dtype=pl.Boolean),
        raised=pl.Series([g.alerted_at or over[g.lead.raised] for g in groups], dtype=pl.Datetime("us", "UTC")),
        sure=pl.Series([min(g.lead.sure, 0.9999) for g in groups], dtype=pl.Float64).round(4),
        together=pl.Series(names, dtype=pl.List(pl.String)),
        posts=pl.Series(
            [sorted(behind.names[p] for p in (g.evidence or g.posts)) for g in groups], dtype=pl.List(pl.String)
        ),
        stops=pl.Series(_stops(watched, groups, least, min_n), dtype=pl.Int64),
        held=pl.Series([g.held for g in groups], dtype=pl.String),
    )


def _extent(watched: Look, group: Group) -> tuple[int, int]:
    """First and last bin: from the highest bin as far as counts are likelier at half the excess than at the usual.

    A window also flags the calm bins in it; half the excess is the root of its ratio to the usual.
    """
    own_posts = [s for s in group.members if s.key == group.lead.key]
    key, first, last = group.lead.key, min(s.first for s in own_posts), max(s.last for s in own_posts)
    got = np.nan_to_num(watched.table.n[key, first : last + 1])
    usual = np.maximum(watched.mean[key, first : last + 1], 1e-9)
    times = np.sqrt(max(1.5, got.sum() / usual.sum()))
    gain = got * np.log(times) - (times - 1) * usual
    top = int((got - usual).argmax())
    before, after = np.cumsum(gain[top::-1]), np.cumsum(gain[top:])
    return first + top - int(before.argmax()), first + top + int(after.argmax())


def _stops(watched: Look, groups: list[Group], least: float, min_n: int) -> list[int]:
    """What would end each: posts of as many bins as part two stretches, of which so few are not unusual any more."""
    key = np.array([g.lead.key for g in groups], dtype=np.int64)
    at = np.array([g.lead.raised for g in groups], dtype=np.int64)
    usual = np.maximum(APART * watched.mean[key, at].astype(float), 1e-9)
    alpha = watched.alpha[key, watched.table.day[at]].astype(float)
    low, high = usual, 100 * (usual + np.sqrt(usual) + 1)
    for _ in range(40):
        middle = (low + high) / 2
        unusual = bursts.excess(middle, usual, alpha) >= least
        low, high = np.where(unusual, low, middle), np.where(unusual, middle, high)
    return [max(min_n, int(np.ceil(v))) for v in high]
