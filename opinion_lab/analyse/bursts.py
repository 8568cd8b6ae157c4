"""Unusual stretches of a table of counts: live (the newest bin against what is usual) and looking back (Kleinberg)."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

import numpy as np
import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse import baseline
from opinion_lab.analyse.baseline import Floats, Grid, Ints

WINDOWS = (1, 3, 6)  # bins taken together, each dividing the next: a slow rise shows only in several
APART = 6  # bins of quiet within which two stretches are one
DAY = timedelta(days=1)


def excess(n: Floats, mean: Floats, alpha: Floats) -> Floats:
    """How far counts lie above their mean, in standard deviations of a normal: the signed root of the deviance.

    Poisson where alpha is 0, else negative binomial with variance mean + alpha mean^2. Exact enough far out, where
    (n - mean) / sqrt(mean) is not: five posts where 0.1 are usual are 5.4, not 15.
    """
    n, mean, alpha = np.broadcast_arrays(np.asarray(n, float), np.maximum(mean, 1e-9), np.maximum(alpha, 1e-9))
    above = n > mean
    n = np.where(above, n, mean)
    deviance = n * np.log(n / mean) - (n + 1 / alpha) * np.log((1 + alpha * n) / (1 + alpha * mean))
    return np.where(above, np.sqrt(2 * np.maximum(deviance, 0)), 0)


def hits(n: Floats, mean: Floats, alpha: Floats, *, least: float, min_n: int) -> tuple[Ints, Ints, Ints, Floats]:
    """Where the last one, three or six bins are unusual: key, bin (the last one), bins taken together, strength.

    `n` keys by bins, NaN in holes; `alpha` likewise. Each bin is judged by it and those before it alone.
    """
    seen = np.isfinite(n)
    got, usual = (n, mean) if seen.all() else (np.where(seen, n, 0), np.where(seen, mean, 0))
    found = []
    taken = 1
    for bins in WINDOWS:
        if bins > n.shape[1]:
            break
        got, usual, taken = _together(got, taken, bins), _together(usual, taken, bins), bins
        # A cheap test first: the root of the deviance is never above (n - mean) / sqrt(mean).
        above = got - usual
        maybe = (above > 0) & (above * above > least * least * usual) & (got >= min_n) & seen[:, bins - 1 :]
        key, at = np.divmod(np.flatnonzero(maybe), maybe.shape[1])
        strength = excess(got[key, at], usual[key, at], alpha[key, at + bins - 1])
        kept = strength >= least
        found.append((key[kept], at[kept] + bins - 1, np.full(int(kept.sum()), bins), strength[kept]))
    keys, ends, lengths, strengths = (np.concatenate(part) for part in zip(*found, strict=True))
    return keys, ends, lengths, strengths


def _together(sums: Floats, taken: int, bins: int) -> Floats:
    """Sums of `bins` bins in a row from sums of `taken`, which divides them."""
    reach = sums.shape[1] - (bins - taken)
    together = sums[:, :reach].copy()
    for skip in range(taken, bins, taken):
        together += sums[:, skip : skip + reach]
    return together


def live(table: Grid, *, least: float, min_n: int, elapsed: float, zone: tzinfo) -> pl.DataFrame:
    """Unusual stretches as they would have been seen at the time (Burst, alert False); `elapsed` of the last bin."""
    parts = []
    for part, mean, alpha in baseline.chunks(table):
        mean = mean.copy()
        mean[:, -1] *= elapsed
        n = table.n[part]
        keys, ends, lengths, strengths = hits(n, mean, alpha[:, table.block], least=least, min_n=min_n)
        flagged = np.zeros_like(n)
        for back in range(max(WINDOWS)):
            reach = lengths > back
            np.maximum.at(flagged, (keys[reach], ends[reach] - back), strengths[reach])
        parts.append(_frame(table, part, n, mean, *_stretches(n, mean, flagged)))
    return _burst(pl.concat(parts), zone, table)


def viterbi(table: Grid, *, times: float, gamma: float, min_n: int, zone: tzinfo) -> pl.DataFrame:
    """Stretches in which a rate `times` the usual explains the counts better, change included (Burst, alert False).

    Kleinberg 2002 with two states over a seasonal baseline: to rise costs gamma ln(bins), to fall costs nothing.
    """
    parts = []
    price = gamma * np.log(max(2, len(table.bins)))
    for part, mean, alpha in baseline.chunks(table):
        n = table.n[part]
        # What the raised state costs more than the usual one, in each bin; a hole tells nothing.
        more = np.where(np.isfinite(n), (times - 1) * mean - np.nan_to_num(n) * np.log(times), 0)
        more /= 1 + alpha[:, table.block] * mean
        usual, raised = np.zeros(len(n)), np.full(len(n), price)
        stay_raised, came_down = np.zeros(n.shape, bool), np.zeros(n.shape, bool)
        for t in range(n.shape[1]):
            came_down[:, t] = raised < usual
            stay_raised[:, t] = raised < usual + price
            usual, raised = np.minimum(usual, raised), np.minimum(raised, usual + price) + more[:, t]
        state = raised < usual
        high = np.zeros(n.shape, bool)
        for t in range(n.shape[1] - 1, -1, -1):
            high[:, t] = state
            state = np.where(state, stay_raised[:, t], came_down[:, t])
        first, last = np.diff(high, axis=1, prepend=False) & high, np.diff(high, axis=1, append=False) & high
        key, start = np.nonzero(first)
        end = np.nonzero(last)[1]
        got, usual_sum = _sum(n, key, start, end), _sum(np.where(np.isfinite(n), mean, 0), key, start, end)
        strength = excess(got, usual_sum, alpha[key, table.block[start]])
        kept = got >= min_n
        parts.append(_frame(table, part, n, mean, key[kept], start[kept], end[kept], strength[kept]))
    return _burst(pl.concat(parts), zone, table)


def _stretches(n: Floats, mean: Floats, flagged: Floats) -> tuple[Ints, Ints, Ints, Floats]:
    """Flagged bins in runs, those little apart joined: key, first and last bin, strength.

    A window also flags the calm bins in it, so a run is cut down: around its highest bin, as far as counts are likelier
    at half the run's excess (the root of its ratio to the usual) than at the usual.
    """
    key, at = np.nonzero(flagged)
    new = np.ones(len(key), bool)
    new[1:] = (key[1:] != key[:-1]) | (at[1:] - at[:-1] > APART)
    begins = np.flatnonzero(new)
    rows = []
    for a, b in zip(begins, np.append(begins[1:], len(key))[: len(begins)], strict=True):
        k, first, last = key[a], at[a], at[b - 1]
        got, usual = np.nan_to_num(n[k, first : last + 1]), np.maximum(mean[k, first : last + 1], 1e-9)
        times = np.sqrt(max(1.5, got.sum() / usual.sum()))
        gain = got * np.log(times) - (times - 1) * usual
        top = int((got - usual).argmax())
        before, after = np.cumsum(gain[top::-1]), np.cumsum(gain[top:])
        rows.append((k, first + top - before.argmax(), first + top + after.argmax(), flagged[k, at[a:b]].max()))
    k, start, end, strength = (np.array(column) for column in zip(*rows, strict=True)) if rows else [np.zeros(0)] * 4
    return k.astype(np.int64), start.astype(np.int64), end.astype(np.int64), strength.astype(float)


def _sum(values: Floats, key: Ints, start: Ints, end: Ints) -> Floats:
    running = np.cumsum(np.nan_to_num(values), axis=1)
    return running[key, end] - np.where(start > 0, running[key, np.maximum(start - 1, 0)], 0)


def _frame(
    table: Grid, part: slice, n: Floats, mean: Floats, key: Ints, start: Ints, end: Ints, strength: Floats
) -> pl.DataFrame:
    names = np.array(table.keys[part], dtype=object)
    tops = [int(s + np.nanargmax(n[k, s : e + 1])) for k, s, e in zip(key, start, end, strict=True)]
    return pl.DataFrame(
        {
            "key": pl.Series(names[key].tolist(), dtype=pl.String),
            "start": table.bins.gather(start.tolist()),
            "peak": table.bins.gather(tops),
            "end": table.bins.gather(end.tolist()) + table.step,
            "n": _sum(n, key, start, end).astype(np.int64),
            "expected": _sum(np.where(np.isfinite(n), mean, 0), key, start, end).round(3),
            "strength": strength.round(3),
        }
    )


def _burst(frame: pl.DataFrame, zone: tzinfo, table: Grid) -> pl.DataFrame:
    last = table.bins[-1] + table.step
    rows = frame.select("start", "end", "n", "expected").iter_rows()
    why = [_why(start, end, n, usual, table.step, last, zone) for start, end, n, usual in rows]
    frame = frame.with_columns(alert=pl.lit(False), why=pl.Series(why, dtype=pl.String))
    return schemas.Burst.validate(frame.sort("start", "key"), cast=True)


def _why(start: datetime, end: datetime, n: int, usual: float, step: timedelta, last: datetime, zone: tzinfo) -> str:
    """9月8日12时至21时出现 312 条，平时同一时段约 14 条."""
    same = "平时同样天数" if step >= DAY else "平时同一时段"
    often = f"约 {usual:,.0f} 条" if usual >= 1 else "不到 1 条"
    going_on = "，截至统计时仍在继续" if end >= last else ""
    return f"{span(start, end, step, zone)}出现 {n:,} 条，{same}{often}{going_on}"


def span(start: datetime, end: datetime, step: timedelta, zone: tzinfo) -> str:
    """From when to when (9月8日12时至21时; 9月8日22时至9月9日3时); of days the last one included."""
    a, b = start.astimezone(zone), end.astimezone(zone)
    if step >= DAY:
        b -= DAY
        return _day(a) if a.date() == b.date() else f"{_day(a)}至{_day(b)}"
    if b.date() - a.date() == DAY and (b.hour, b.minute) == (0, 0):
        return f"{_day(a)}{_clock(a)}至24时"
    return f"{_day(a)}{_clock(a)}至{_clock(b) if a.date() == b.date() else _day(b) + _clock(b)}"


def _day(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日"


def _clock(moment: datetime) -> str:
    return f"{moment.hour}时{moment.minute}分" if moment.minute else f"{moment.hour}时"
