"""What was usual, from the past alone: the baseline of a live watch, day by day as it would have been known.

A day is held against the days before it: their level, fading by the week, times the hour of the day, times the day of
the week. Counts far above the usual are cut before they are learnt, so a burst hardly raises what comes after it. Days
of a known annual peak are held to last year's or taken as less certain (`occasions`), and are never learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opinion_lab.analyse.trends.annual_peaks import NONE, Known
from opinion_lab.analyse.trends.baseline import (
    BY_WEEK,
    CUT,
    FADE,
    NEW,
    OWN_DAYS,
    OWN_HOURS,
    RESTLESS,
    SHORTEST,
    Floats,
    Grid,
    Ints,
)
from opinion_lab.rules.expectations import AnnualPeaks

CHUNK = 1024  # keys at a time, so that a day of them fits in the cache
BESIDE = 2  # hours on either side that an hour leans on
NEAR = 96.0  # posts of an hour from which it counts as much as those beside it
ALIKE = 200.0  # posts of a weekday from which it counts as much as the other working or free days
WEEK = 7  # days between two looks at a key's own rhythm, once there are weeks enough


def chunks(table: Grid, peaks: AnnualPeaks = NONE) -> Iterator[tuple[slice, NDArray[Any], NDArray[Any]]]:
    """Some keys at a time: which, the mean to expect in each bin, and its relative variance by day (Grid.day).

    As `baseline.chunks`, but no bin knows of its own day or of later ones. The mean is NaN in the first four days.
    """
    starts = np.flatnonzero(np.diff(table.day, prepend=-1))
    hours, days = _shared(table, starts)
    for a in range(0, len(table.keys), CHUNK):
        part = slice(a, a + CHUNK)
        yield part, *_Learner(table, part, starts, peaks).through(hours, days)


def _shared(table: Grid, starts: Ints) -> tuple[Floats, Floats]:
    """The rhythm of all keys together on the days before each day, 1 being the average: days by hours, and days.

    Every day counts alike, however much was said on it, so a loud one does not lend its hours to all.
    """
    total, known = np.zeros(len(table.hour)), np.zeros(len(table.hour))
    for a in range(0, len(table.keys), CHUNK):
        n = table.n[a : a + CHUNK]
        if np.isnan(n).any():
            total, known = total + np.nansum(n, axis=0), known + np.isfinite(n).sum(0)
        else:
            total, known = total + n.sum(0), known + len(n)
    rate = total / np.maximum(known, 1)
    n_hours = int(table.hour.max()) + 1
    by_hour, hour_seen = np.ones(n_hours), np.ones(n_hours)
    by_weekday, weekday_seen = np.ones(7), np.ones(7)
    level, weight = 0.0, 0.0
    hours, days = np.ones((len(starts), n_hours)), np.ones(len(starts))
    for d, (a, b) in enumerate(zip(starts, np.append(starts[1:], len(rate)), strict=True)):
        hours[d] = by_hour / hour_seen
        hours[d] /= hours[d].mean()
        weekday = table.weekday[a]
        days[d] = by_weekday[weekday] / weekday_seen[weekday]
        seen = known[a:b] > 0
        hour, got = table.hour[a:b][seen], rate[a:b][seen]
        if not got.sum():
            continue
        today = got.sum() / hours[d][hour].sum()
        by_hour[hour] += got / today
        hour_seen[hour] += 1
        if d >= SHORTEST:
            by_weekday[weekday] += min(CUT, today * weight / level)
            weekday_seen[weekday] += 1
        level, weight = level * FADE ** (1 / WEEK) + today, weight * FADE ** (1 / WEEK) + 1
    return hours, days


class _Learner:
    """Some rows of a grid, gone through day by day: first what a day should be, then what it teaches.

    All tables are bins (or hours, weekdays, days) by keys: sums over a day run along the keys, in single precision.
    """

    def __init__(self, table: Grid, part: slice, starts: Ints, peaks: AnnualPeaks) -> None:
        self.table, self.starts = table, starts
        self.n = np.ascontiguousarray(table.n[part].T, dtype=np.float32)
        self.seen = ~np.isnan(self.n) if np.isnan(self.n).any() else None
        self.peaks = Known(peaks, table.first, table.day[starts].tolist())
        n_hours, keys = int(table.hour.max()) + 1, self.n.shape[1]
        self.by_hour, self.hour_seen = np.zeros((2, n_hours, keys), np.float32)  # posts, and what a flat rhythm
        self.by_weekday, self.weekday_seen = np.zeros((2, 7, keys), np.float32)  # would have had
        self.posts, self.mass = np.full(keys, NEW, np.float32), np.zeros(keys, np.float32)
        self.beyond, self.squares = np.zeros((2, len(starts), keys), np.float32)
        self.learnt, self.young = 0, 0  # days, and those of them when the rhythm was hardly known

    def through(self, hours: Floats, days: Floats) -> tuple[NDArray[Any], NDArray[Any]]:
        """Mean and variance, keys by bins and keys by days, given the rhythm of all keys."""
        table = self.table
        mean = np.full(self.n.shape, np.nan, np.float32)
        alpha = np.zeros((int(table.day[-1]) + 1, self.n.shape[1]), np.float32)
        fresh, last = -WEEK, 0
        for d, (a, b) in enumerate(zip(self.starts, np.append(self.starts[1:], len(table.day)), strict=True)):
            age, weekday = int(table.day[a]), table.weekday[a]
            if age - fresh >= min(WEEK, 1 + age // 4):  # the less is known, the sooner it is old
                fresh = age
                rhythm = self._rhythm(hours[d].astype(np.float32))
                varies = self._restless()
            flat = rhythm if b - a == len(rhythm) else rhythm[table.hour[a:b]]
            level = self.posts / (self.mass + 1)
            of_week = np.ones_like(level)
            if age >= BY_WEEK:
                of_week = self._of_week(weekday, np.float32(days[d]))
            usual = flat * (level * of_week)
            alpha[age] = varies + 1 / self.posts
            peak = self.peaks.of(age)
            if peak is not None:
                alpha[age] += peak[1]
            if age >= SHORTEST:
                mean[a:b] = usual if peak is None else usual * np.float32(peak[0])
            today = self.n[a:b]
            seen = None if self.seen is None or self.seen[a:b].all() else self.seen[a:b]
            if seen is not None:
                today, usual, flat = np.where(seen, today, 0), usual * seen, flat * seen
            if peak is not None:  # no ordinary day: nothing to learn for others
                if age >= SHORTEST:
                    self.peaks.learn(age, today.sum(0), usual.sum(0))
                continue
            self._vary(today, usual, age)
            if age >= SHORTEST:
                ceiling = np.sqrt(usual)
                ceiling *= 3
                ceiling += 1
                usual *= CUT
                ceiling += usual
                today = np.minimum(today, ceiling, out=ceiling)
            got, there = today.sum(0), flat.sum(0)
            at: slice | Ints = slice(None) if b - a == len(rhythm) else table.hour[a:b]
            self.by_hour[at] += today
            self.hour_seen[at] += level if seen is None else level * seen
            self.by_weekday[weekday] += got
            self.weekday_seen[weekday] += there * level
            fade = np.float32(FADE ** ((age - last) / WEEK))
            last = age
            self.posts = (self.posts - np.float32(NEW)) * fade + got + np.float32(NEW)
            self.mass = self.mass * fade + there * of_week
        return mean.T, alpha.T

    def _rhythm(self, hours: NDArray[Any]) -> NDArray[Any]:
        """Each key's hours, leaning on the hours beside them, and these on those of all keys."""
        few, much = np.float32(OWN_HOURS / len(hours)), np.float32(NEAR)
        reach = BESIDE if len(hours) >= 12 else 0  # wider parts of a day are not alike
        rhythm, flat = (_around(x, reach) for x in (self.by_hour, self.hour_seen))
        rhythm += few * hours[:, None]
        rhythm /= flat + few
        rhythm *= much
        rhythm += self.by_hour
        rhythm /= self.hour_seen + much
        rhythm /= rhythm.mean(0)
        return rhythm

    def _of_week(self, weekday: int, shared: np.float32) -> NDArray[Any]:
        """Times the level on such a weekday, leaning on the other free or working days, and these on those of all."""
        few, alike = np.float32(OWN_DAYS / WEEK), slice(5, 7) if weekday >= 5 else slice(0, 5)
        kind = (self.by_weekday[alike].sum(0) + few * shared) / (self.weekday_seen[alike].sum(0) + few)
        return (self.by_weekday[weekday] + np.float32(ALIKE) * kind) / (self.weekday_seen[weekday] + np.float32(ALIKE))

    def _vary(self, today: NDArray[Any], usual: NDArray[Any], age: int) -> None:
        off = today - usual
        self.beyond[self.learnt] = np.einsum("ij,ij->j", off, off) - usual.sum(0)
        self.squares[self.learnt] = np.einsum("ij,ij->j", usual, usual)
        self.learnt += 1
        self.young += age < BY_WEEK

    def _restless(self) -> NDArray[Any]:
        """How much each key varies beyond chance, as most of its days do: not its bursts."""
        if not self.learnt:
            return np.zeros(self.n.shape[1], np.float32)
        old = slice(self.young if self.learnt - self.young >= WEEK else 0, self.learnt)
        most = round(RESTLESS * (self.learnt - old.start - 1))
        beyond, usual = np.partition(self.beyond[old], most, axis=0)[most], self.squares[old].mean(0)
        shared = max(0.0, float(beyond.sum() / max(usual.sum(), 1e-9)))
        return np.maximum(0, (beyond + 2 * shared) / (usual + 2))


def _around(hours: NDArray[Any], reach: int) -> NDArray[Any]:
    """Sums of each hour and `reach` on either side, midnight in between or not; hours by keys."""
    wide = np.concatenate([hours[len(hours) - reach :], hours, hours[:reach]])
    together = hours.copy()
    for i in (i for i in range(2 * reach + 1) if i != reach):
        together += wide[i : i + len(hours)]
    return together
