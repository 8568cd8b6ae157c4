"""Two ways to do one job, in turn, so that a machine whose speed drifts treats both alike: medians and ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROUNDS = 5
SHARED = Path(__file__).parents[3] / "shared" / "data"


def alternate(
    name: str, n: int, jobs: Mapping[str, Callable[[], object]], *, rounds: int = ROUNDS, unit: str = "posts"
) -> dict[str, float]:
    """Run the `jobs` in turn, the first one ours; print the rate of each and how many times faster ours is.

    One round warms up. Returns, for each other job, the median over rounds of its time divided by ours.
    """
    took: dict[str, list[float]] = {which: [] for which in jobs}
    for round_ in range(rounds + 1):
        for which, job in jobs.items():
            start = time.perf_counter()
            job()
            if round_:
                took[which].append(time.perf_counter() - start)
    ours, *peers = jobs
    ratios = {p: statistics.median(b / a for a, b in zip(took[ours], took[p], strict=True)) for p in peers}
    print(f"{name} ({n:,} {unit}, medians of {rounds} rounds)")
    for which in jobs:
        times = f"{ratios[which]:6.1f} x" if which in ratios else ""
        print(f"  {which:<28} {n / statistics.median(took[which]):>12,.0f} {unit}/s {times}")
    return ratios


@dataclass
class Row:
    """One line of docs/accuracy.md: `rivals` are the plain ways on the same data, `interval` is of 95 %."""

    method: str
    data: str
    measure: str
    ours: float
    interval: tuple[float, float] | None = None
    rivals: dict[str, float] = field(default_factory=dict)


def wilson(figures: Mapping[str, float], share: str, n: str) -> tuple[float, float]:
    """The interval of a share of n."""
    from scipy import stats

    n_ = round(figures[n])
    return tuple(stats.binomtest(round(figures[share] * n_), n_).proportion_ci(method="wilson"))


def bootstrap(measure: Callable[[np.ndarray], float], n: int, *, rounds: int = 300) -> tuple[float, float]:
    """The interval of a measure over resamples of n rows."""
    drawn = np.random.default_rng(0)
    made = [measure(drawn.integers(0, n, n)) for _ in range(rounds)]
    low, high = np.quantile(made, [0.025, 0.975])
    return float(low), float(high)
