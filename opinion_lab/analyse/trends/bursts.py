"""Unusual bins and stretches of a table of counts: the newest against what is usual, and looking back (Kleinberg)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab import schemas
from opinion_lab.analyse.trends import baseline
from opinion_lab.analyse.trends.baseline import Floats, Grid, Ints

WINDOWS = (1, 3, 6)  # bins taken together, each dividing the next: a slow rise shows only in several
APART = 6  # bins of quiet within which two stretches are one
DAY = timedelta(days=1)
BLOCK = 256  # bins at a time, so that their windows fit in the cache
WHY = schemas.empty(schemas.Burst).schema["why"]
# What only a live watch knows of a stretch (Burst).
LIVE = {
    "alert": pl.lit(False),
    "raised": pl.lit(None, pl.Datetime("us", "UTC")),
    "sure": pl.lit(None, pl.Float64),
    "together": pl.concat_list("key"),
    "posts": pl.lit([], pl.List(pl.String)),
    "why": pl.lit([], WHY),
    "stops": pl.lit(None, pl.Int64),
    "held": pl.lit(None, pl.String),
}


def excess(n: NDArray[Any], mean: NDArray[Any], alpha: NDArray[Any]) -> Floats:
    """How far counts lie above their mean, in standard deviations of a normal: the signed root of the deviance.

    Poisson where alpha is 0, else negative binomial with variance mean + alpha mean^2. Exact enough far out, where
    (n - mean) / sqrt(mean) is not: five posts where 0.1 are usual are 5.4, not 15.
    """
    n, mean, alpha = np.broadcast_arrays(np.asarray(n, float), np.maximum(mean, 1e-9), np.maximum(alpha, 1e-9))
    above = n > mean
    n = np.where(above, n, mean)
    deviance = n * np.log(n / mean) - (n + 1 / alpha) * np.log((1 + alpha * n) / (1 + alpha * mean))
    return np.where(above, np.sqrt(2 * np.maximum(deviance, 0)), 0)


@dataclass(frozen=True)
class Hits:
    """Where the last one, three or six bins are unusual, one a key and bin, in order of both.

    `taken`: the most bins that are unusual together; `strength`: of the most unusual of the windows.
    """

    key: Ints
    bin: Ints
    taken: Ints
    strength: Floats

    def where(self, kept: NDArray[np.bool_]) -> Hits:
        """Some of them."""
        return Hits(self.key[kept], self.bin[kept], self.taken[kept], self.strength[kept])


_NONE = Hits(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def join(parts: Iterable[Hits]) -> Hits:
    """Hits of one part after the other."""
    whole = [_NONE, *parts]
    key, at, taken = (np.concatenate([getattr(h, c) for h in whole]) for c in ("key", "bin", "taken"))
    return Hits(key, at, taken, np.concatenate([h.strength for h in whole]))


def _gather(parts: Iterable[Hits]) -> Hits:
    """Hits of all parts, in order, one a key and bin: the strongest, and how far back any of them reaches."""
    whole = join(parts)
    order = np.lexsort((whole.bin, whole.key))
    key, at, taken, strength = whole.key[order], whole.bin[order], whole.taken[order], whole.strength[order]
    first = np.flatnonzero(np.diff(key, prepend=-1) | np.diff(at, prepend=-1))
    if not len(first):
        return Hits(key, at, taken, strength)
    return Hits(key[first], at[first], np.maximum.reduceat(taken, first), np.maximum.reduceat(strength, first))


def hits(n: Floats, mean: NDArray[Any], alpha: NDArray[Any], period: Ints, *, least: float, min_n: int) -> Hits:
    """The hits of some keys; each bin is judged by it and those before it alone.

    `n` keys by bins, NaN in holes; `alpha` keys by periods, `period` being that of each bin.
    """
    parts = []
    back = max(WINDOWS) - 1
    counts, means = np.ascontiguousarray(n.T, np.float32), np.ascontiguousarray(mean.T, np.float32)
    for a in range(0, len(counts), BLOCK):
        from_ = max(0, a - back)
        got, usual = counts[from_ : a + BLOCK], means[from_ : a + BLOCK]
        seen = ~np.isnan(got)
        whole = bool(seen.all())
        if not whole:
            got, usual = np.where(seen, got, 0), np.where(seen, usual, 0)
        taken = 1
        for bins in WINDOWS:
            if bins > len(seen):
                break
            got, usual, taken = _together(got, taken, bins), _together(usual, taken, bins), bins
            # A cheap test first: the root of the deviance is never above (n - mean) / sqrt(mean).
            bar = np.sqrt(usual)
            bar *= least * 0.999  # what single precision may take away
            bar += usual
            np.maximum(bar, min_n - 0.5, out=bar)
            maybe = got > bar
            if not whole:
                maybe &= seen[bins - 1 :]
            at, key = np.divmod(np.flatnonzero(maybe), maybe.shape[1])
            end = from_ + at + bins - 1
            strength = excess(got[at, key], usual[at, key], alpha[key, period[end]])
            kept = (strength >= least) & (end >= a)
            parts.append(Hits(key[kept], end[kept], np.full(int(kept.sum()), bins), strength[kept]))
    return _gather(parts)


def _together(sums: NDArray[Any], taken: int, bins: int) -> NDArray[Any]:
    """Sums of `bins` bins in a row from sums of `taken`, which divides them; bins by keys."""
    reach = len(sums) - (bins - taken)
    if bins == taken:
        return sums
    together = sums[:reach] + sums[taken : taken + reach]
    for skip in range(2 * taken, bins, taken):
        together += sums[skip : skip + reach]
    return together


@dataclass(frozen=True)
class Stretch:
    """A run of hits of one key: window `first`..`raised` when first seen, `last` hit, strength then and at most."""

    key: int
    first: int
    raised: int
    last: int
    then: float
    top: float
    sure: float


def stretches(hits: Hits, certain: Floats) -> list[Stretch]:
    """Hits in runs: what is at most APART bins apart is one."""
    if not len(hits.key):
        return []
    start = hits.bin - hits.taken + 1
    new = np.ones(len(start), bool)
    new[1:] = (hits.key[1:] != hits.key[:-1]) | (start[1:] - hits.bin[:-1] > APART)
    a = np.flatnonzero(new)
    b = np.append(a[1:], len(start)) - 1
    tops = np.maximum.reduceat(hits.strength, a)
    rows = zip(hits.key[a], start[a], hits.bin[a], hits.bin[b], hits.strength[a], tops, certain[a], strict=True)
    return [Stretch(int(k), int(f), int(r), int(last), float(z), float(t), float(s)) for k, f, r, last, z, t, s in rows]


def viterbi(table: Grid, *, levels: int, min_n: int) -> pl.DataFrame:
    """Nested stretches in which a rate of 2 ** level times the usual explains the counts better (Burst, no alert).

    Kleinberg 2002 over a seasonal baseline: to rise by a level costs ln(bins), to fall costs nothing.
    """
    parts = []
    price = np.log(max(2, len(table.bins)))
    rates = 2 ** np.arange(levels + 1.0)
    for part, mean, alpha in baseline.chunks(table):
        n = table.n[part]
        spread = 1 + alpha[:, table.block] * mean
        # What each level costs more than the one below, in each bin; a hole tells nothing.
        step = [
            np.where(np.isfinite(n), (rates[i] - rates[i - 1]) * mean - np.nan_to_num(n) * np.log(2), 0) / spread
            for i in range(1, levels + 1)
        ]
        rises = np.flatnonzero(np.max([_best(-s) for s in step], axis=0) > price)
        state = np.zeros(n.shape, np.int8)
        state[rises] = _path(np.cumsum([np.zeros((len(rises), n.shape[1])), *(s[rises] for s in step)], axis=0), price)
        for level in range(1, levels + 1):
            high = state >= level
            first, last = np.diff(high, axis=1, prepend=False) & high, np.diff(high, axis=1, append=False) & high
            key, start = np.nonzero(first)
            end = np.nonzero(last)[1]
            got, usual = sums(n, key, start, end), sums(np.where(np.isfinite(n), mean, 0), key, start, end)
            kept = got >= min_n
            key, start, end = key[kept], start[kept], end[kept]
            strength = excess(got[kept], usual[kept], alpha[key, table.block[start]])
            found = frame(table, key + part.start, start, end, usual[kept], strength)
            parts.append(found.with_columns(level=pl.lit(level, pl.Int64)))
    return burst(pl.concat(parts), table)


def _best(gain: Floats) -> Floats:
    """The most that any run of bins gains, for each key: below the price of a rise nothing rises."""
    running = np.cumsum(gain, axis=1)
    before = np.minimum.accumulate(np.concatenate([np.zeros((len(gain), 1)), running[:, :-1]], axis=1), axis=1)
    return (running - before).max(1)


def _path(cost: Floats, price: float) -> NDArray[np.int8]:
    """The cheapest level of each key and bin; `cost` levels by keys by bins."""
    levels, keys, bins = cost.shape
    came = np.zeros((bins, levels, keys), np.int8)
    total = np.arange(levels)[:, None] * price + np.zeros(keys)
    for t in range(bins):
        best, whence = total[-1], np.full(keys, levels - 1, np.int8)
        arrive = np.empty_like(total)
        for level in range(levels - 1, -1, -1):  # from a higher level, for nothing
            lower = total[level] <= best
            best, whence = np.where(lower, total[level], best), np.where(lower, np.int8(level), whence)
            arrive[level], came[t, level] = best, whence
        for level in range(1, levels):  # from a lower one, at a price for each step
            cheaper = arrive[level - 1] + price < arrive[level]
            arrive[level] = np.where(cheaper, arrive[level - 1] + price, arrive[level])
            came[t, level] = np.where(cheaper, came[t, level - 1], came[t, level])
        total = arrive + cost[:, :, t]
    state = total.argmin(0)
    path = np.zeros((keys, bins), np.int8)
    for t in range(bins - 1, -1, -1):
        path[:, t] = state
        state = came[t, state, np.arange(keys)]
    return path


def phases(n: Floats, usual: Floats, price: float) -> list[int]:
    """Where the rate, as a multiple of the `usual`, changes: the first bins of the stretches, NaN in n being a hole.

    The partition of least Poisson cost, `price` for each stretch more (Jackson et al. 2005): exact, bins squared.
    """
    seen = np.isfinite(n)
    got = np.append(0, np.cumsum(np.where(seen, n, 0)))
    mass = np.append(0, np.cumsum(np.where(seen, usual, 0)))
    best, whence = np.full(len(n) + 1, -price), np.zeros(len(n) + 1, np.int64)
    for end in range(1, len(n) + 1):
        g, m = got[end] - got[:end], mass[end] - mass[:end]
        cost = best[:end] + g - g * np.log(np.maximum(g, 1e-9) / np.maximum(m, 1e-9)) + price
        whence[end] = cost.argmin()
        best[end] = cost[whence[end]]
    starts, end = [], len(n)
    while end:
        end = int(whence[end])
        starts.append(end)
    return starts[::-1]


def sums(values: Floats, key: Ints, start: Ints, end: Ints) -> Floats:
    """Sums of keys from bin `start` to bin `end`, both included; NaN is nothing."""
    rows, which = np.unique(key, return_inverse=True)
    running = np.cumsum(np.nan_to_num(values[rows]), axis=1)
    return running[which, end] - np.where(start > 0, running[which, np.maximum(start - 1, 0)], 0)


def frame(table: Grid, key: Ints, start: Ints, end: Ints, usual: Floats, strength: Floats) -> pl.DataFrame:
    """Stretches of keys, bin `end` included, where `usual` posts are usual: the first columns of Burst."""
    tops = [int(s + np.nanargmax(table.n[k, s : e + 1])) for k, s, e in zip(key, start, end, strict=True)]
    return pl.DataFrame(
        {
            "key": pl.Series([table.keys[k] for k in key], dtype=pl.String),
            "start": table.bins.gather(start.tolist()),
            "peak": table.bins.gather(tops),
            "end": table.bins.gather(end.tolist()) + table.step,
            "n": sums(table.n, key, start, end).astype(np.int64),
            "expected": usual.round(3),
            "strength": strength.round(3),
        }
    )


def burst(found: pl.DataFrame, table: Grid, **live: pl.Series) -> pl.DataFrame:
    """Stretches as Burst; `live` is what a live watch knows besides."""
    last = table.bins[-1] + table.step
    whole = found.with_columns(step=pl.lit(table.step), going_on=pl.col("end") >= last, **LIVE).with_columns(**live)
    if "level" not in whole.columns:
        whole = whole.with_columns(level=pl.lit(1, pl.Int64))
    ordered = whole.sort("start", "key", "level")
    return schemas.Burst.validate(ordered.select(schemas.Burst.column_names()), cast=True)
