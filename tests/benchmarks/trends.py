"""Trends: planted bursts caught live, series a second, and the rules that people use elsewhere."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from opinion_lab.analyse import alerts, baseline, bursts, occasions, trends

SERIES, HOURS, APART = 5_000, 2_000, 6
LEVELS = (3.0, 5.0, 10.0, 20.0)  # posts an hour, the median of the series


def planted(series: int, level: float, hours: int = HOURS, seed: int = 7) -> tuple[baseline.Grid, np.ndarray, ...]:
    """Series with a daily rhythm, half with a weekly one, and one burst each: grid, true rates, starts, ends.

    Rates are lognormal (sigma 1) around `level`; bursts run at 3 to 8 times the rate for 6 to 24 hours, at any hour.
    """
    random = np.random.default_rng(seed)
    hour, day = np.arange(hours) % 24, np.arange(hours) // 24
    swing, top = random.uniform(0.4, 0.9, (series, 1)), random.uniform(11, 17, (series, 1))
    rate = random.lognormal(np.log(level), 1, (series, 1)) * (1 + swing * np.cos((hour - top) / 24 * 2 * np.pi))
    rate *= np.where((day + 5) % 7 >= 5, random.uniform(0.5, 1.3, (series, 1)), 1)
    start = random.integers(hours // 2, hours - 60, series)
    end = start + random.integers(6, 25, series)
    inside = (np.arange(hours) >= start[:, None]) & (np.arange(hours) < end[:, None])
    n = random.poisson(rate * np.where(inside, random.uniform(3, 8, (series, 1)), 1)).astype(float)
    first = datetime(2023, 6, 30, 16, tzinfo=UTC)  # a summer without holidays, from a Saturday
    bins = pl.datetime_range(first, first + timedelta(hours=hours - 1), "1h", eager=True).dt.cast_time_unit("us")
    return baseline.lay([f"k{i:04}" for i in range(series)], bins, n), rate, start, end


def caught(key: np.ndarray, at: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[float, float, float]:
    """Share of bursts caught within 3 and within 6 hours, and false alarms a series-week (6 hours apart)."""
    first = np.full(len(start), 10_000)
    inside = (at >= start[key]) & (at <= end[key])
    np.minimum.at(first, key[inside], at[inside] - start[key[inside]])
    wrong = (at < start[key]) | (at > end[key] + APART)
    k, t = key[wrong], at[wrong]
    false = int((np.diff(k, prepend=-1).astype(bool) | (np.diff(t, prepend=-99) > APART)).sum())
    # a bin is known when it is over: three bins are three hours
    return float((first < 3).mean()), float((first < 6).mean()), false / (len(start) * HOURS / 168)


def look(table: baseline.Grid) -> bursts.Hits:
    return alerts.look(table, least=trends.STRENGTH, min_n=trends.MIN_POSTS, peaks=occasions.NONE).hits


def main() -> None:
    for level in LEVELS:
        table, rate, start, end = planted(SERIES, level)
        begin = time.perf_counter()
        found = look(table)
        rate_s = SERIES / (time.perf_counter() - begin)
        none = np.full((SERIES, 1), 1e-9)
        zero = np.zeros(HOURS, np.int64)
        bound = bursts.hits(table.n, rate, none, zero, least=4.4, min_n=trends.MIN_POSTS)
        for name, h in (("ours", found), ("true rates known", bound)):
            three, six, false = caught(h.key, h.bin, start, end)
            print(
                f"  {level:4.0f} posts/h {name:<18} <=3 h {three:.3f}  <=6 h {six:.3f}  false {false:.4f} a series-week"
            )
        print(f"       {rate_s:,.0f} series/s")


if __name__ == "__main__":
    main()
