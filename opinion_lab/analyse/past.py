"""What was usual, from the past alone: the baseline of a live watch, day by day as it would have been known.

A day is held against the days before it: their level, fading by the week, times the hour of the day, times the day of
the week. Counts far above the usual are cut before they are learnt, so a burst hardly raises what comes after it. Days
of a known annual peak are held to last year's or taken as less certain (`occasions`), and are never learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from opinion_lab.analyse.baseline import (
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
from opinion_lab.analyse.occasions import NONE, Known, Peaks

CHUNK = 512  # keys at a time, so that a day of them fits in the cache
WEEK = 7  # days between two looks at a key's own rhythm, once there are weeks enough


def chunks(table: Grid, peaks: Peaks = NONE) -> Iterator[tuple[slice, Floats, Floats]]:
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
    """Some rows of a grid, gone through day by day: first what a day should be, then what it teaches."""

    def __init__(self, table: Grid, part: slice, starts: Ints, peaks: Peaks) -> None:
        self.table = table
        self.n = table.n[part]
        self.starts, self.ends = starts, np.append(starts[1:], len(table.day))
        self.peaks = Known(peaks, table.first, table.day[starts].tolist())
        keys, n_hours = len(self.n), int(table.hour.max()) + 1
        self.by_hour, self.hour_seen = np.zeros((2, keys, n_hours))  # posts, and what a flat rhythm would have had
        self.by_weekday, self.weekday_seen = np.zeros((2, 7, keys))
        self.posts, self.mass = np.full(keys, NEW), np.zeros(keys)
        self.beyond, self.squares = np.zeros((2, len(starts), keys))
        self.learnt, self.young = 0, 0  # days, and those of them when the rhythm was hardly known

    def through(self, hours: Floats, days: Floats) -> tuple[Floats, Floats]:
        table, fresh = self.table, -WEEK
        mean = np.full(self.n.shape, np.nan)
        alpha = np.zeros((len(self.n), int(table.day[-1]) + 1 if len(table.day) else 0))
        gaps = bool(np.isnan(self.n).any())
        few, last = OWN_HOURS / hours.shape[1], 0
        for d, (a, b) in enumerate(zip(self.starts, self.ends, strict=True)):
            age, weekday = int(table.day[a]), table.weekday[a]
            if age < BY_WEEK or age - fresh >= WEEK:
                fresh = age
                rhythm = (self.by_hour + few * hours[d]) / (self.hour_seen + few)
                rhythm /= rhythm.mean(1, keepdims=True)
                varies = self._restless()
            of_week = np.ones(len(self.n))
            if age >= BY_WEEK:
                of_week = self.by_weekday[weekday] + OWN_DAYS / WEEK * days[d]
                of_week /= self.weekday_seen[weekday] + OWN_DAYS / WEEK
            level = self.posts / (self.mass + 1)
            flat = rhythm if b - a == len(hours[d]) else rhythm[:, table.hour[a:b]]
            usual = flat * (level * of_week)[:, None]
            peak = self.peaks.of(age)
            alpha[:, age] = varies + 1 / self.posts + (peak[1] if peak else 0)
            if age >= SHORTEST:
                mean[:, a:b] = usual if peak is None else usual * np.reshape(peak[0], (-1, 1))
            today = self.n[:, a:b]
            seen = ~np.isnan(today) if gaps else None
            if seen is not None and seen.all():
                seen = None
            if seen is not None:
                today, usual, flat = np.where(seen, today, 0), usual * seen, flat * seen
            if peak is not None:
                if age >= SHORTEST:
                    self.peaks.learn(age, today.sum(1), usual.sum(1))
                continue
            fade = FADE ** ((age - last) / WEEK)
            last = age
            self._learn(today, usual, flat, level, of_week, table.hour[a:b], weekday, age, fade, seen)
        return mean, alpha

    def _learn(
        self,
        today: Floats,
        usual: Floats,
        flat: Floats,
        level: Floats,
        of_week: Floats,
        hour: Ints,
        weekday: int,
        age: int,
        fade: float,
        seen: Floats | None,
    ) -> None:
        off = today - usual
        self.beyond[self.learnt] = np.einsum("ij,ij->i", off, off) - usual.sum(1)
        self.squares[self.learnt] = np.einsum("ij,ij->i", usual, usual)
        self.learnt += 1
        self.young += age < BY_WEEK
        if age >= SHORTEST:
            ceiling = np.sqrt(usual)
            ceiling *= 3
            ceiling += 1
            ceiling += CUT * usual
            today = np.minimum(today, ceiling, out=ceiling)
        whole = len(hour) == self.by_hour.shape[1]
        at: slice | Ints = slice(None) if whole else hour
        self.by_hour[:, at] += today
        self.hour_seen[:, at] += level[:, None] if seen is None else level[:, None] * seen
        got, there = today.sum(1), flat.sum(1)
        self.by_weekday[weekday] += got
        self.weekday_seen[weekday] += there * level
        self.posts = (self.posts - NEW) * fade + got + NEW
        self.mass = self.mass * fade + there * of_week

    def _restless(self) -> Floats:
        """How much each key varies beyond chance, as most of its days do: not its bursts."""
        if not self.learnt:
            return np.zeros(len(self.n))
        old = slice(self.young if self.learnt - self.young >= WEEK else 0, self.learnt)
        beyond, usual = np.quantile(self.beyond[old], RESTLESS, axis=0), self.squares[old].mean(0)
        shared = max(0.0, float(beyond.sum() / max(usual.sum(), 1e-9)))
        return np.maximum(0, (beyond + 2 * shared) / (usual + 2))
