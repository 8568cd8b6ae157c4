"""How much was missed: capture and recapture over families of sources, known notices, labelled rejections. No I/O.

Families (platforms, the hotline) are lists that each caught some of the same stories; how much they overlap says how
many none of them caught. Two lists: Chapman (1951), interval by Sadinle (2009). Three or four: log-linear models
(Fienberg 1972) with every set of dependences between pairs, averaged by AIC (Buckland 1997). Chao's (1987) lower bound
stands beside. A story that no list can catch is in none of these numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy import special

#: Families beyond these are taken together with the last: 2 to the power of their pairs is the number of models.
FAMILIES = 4
#: Stories, and stories that two families caught, below which no number is given.
LEAST, LEAST_SHARED = 20, 5
#: A notice that is not there after so long was missed.
AWAITED = timedelta(hours=72)
LEVEL = 0.95
#: Posts from which a story counts: a single complaint is nowhere else, whoever looks.
PUBLIC = 3
#: An interval whose end is so many times what was caught tells nothing but that something is missing.
VAGUE = 10


class Estimate(NamedTuple):
    """How many there are by how many were caught: `n`, the estimate and its 95 % interval, Chao's lower bound.

    `method`: chapman, loglinear; or why there is no number (one_family, few, no_overlap), which leaves the rest null;
    vague: the interval is so wide that only the lower bound says something.
    `dependence`: weight of the models in which some pair of families depends on each other.
    """

    method: str
    families: tuple[str, ...]
    n: int
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    at_least: float | None = None
    dependence: float | None = None


def caught(posts: pl.DataFrame, post_stories: pl.DataFrame, *, by: str = "platform") -> pl.DataFrame:
    """Which family of sources (a column of Post) has which story of three posts or more: story_id, family, first_at."""
    rows = posts.join(post_stories.select("post_id", "story_id"), on="post_id")
    rows = rows.filter(pl.len().over("story_id") >= PUBLIC)
    return rows.group_by("story_id", pl.col(by).alias("family")).agg(first_at=pl.col("published_at").min())


def estimate(seen: pl.DataFrame) -> Estimate:
    """How many stories there are, by who caught which (`caught`: story_id, family)."""
    sizes = seen.group_by("family").agg(n=pl.col("story_id").n_unique()).sort("n", "family", descending=[True, False])
    names: list[str] = sizes["family"].to_list()
    n = seen["story_id"].n_unique()
    groups = {name: min(i, FAMILIES - 1) for i, name in enumerate(names)}
    k = min(len(names), FAMILIES)
    if k < 2 or n < LEAST:
        return Estimate("one_family" if k < 2 else "few", tuple(names), n)
    bit = pl.col("family").replace_strict({name: 1 << i for name, i in groups.items()}, return_dtype=pl.Int64)
    patterns = seen.select("story_id", bit=bit).unique().group_by("story_id").agg(pl.col("bit").sum())["bit"]
    cells = np.bincount(patterns.to_numpy(), minlength=1 << k)
    times = np.array([i.bit_count() for i in range(1 << k)])
    if cells[times >= 2].sum() < LEAST_SHARED:
        return Estimate("no_overlap", tuple(names), n)
    once, twice = int(cells[times == 1].sum()), int(cells[times == 2].sum())
    at_least = n + (k - 1) / k * once * (once - 1) / (2 * (twice + 1))
    if k == 2:
        middle, low, high = _chapman(cells)
        return Estimate("vague" if high > VAGUE * n else "chapman", tuple(names), n, middle, low, high, at_least)
    middle, low, high, dependence = _loglinear(cells, k)
    method = "vague" if n + high > VAGUE * n else "loglinear"
    return Estimate(method, tuple(names), n, n + middle, n + low, n + high, at_least, dependence)


def _chapman(cells: np.ndarray) -> tuple[float, float, float]:
    """Two lists: estimate and interval. The interval is Sadinle's, with half a story added to each cell."""
    first, second, both = cells[1], cells[2], cells[3]
    whole = (first + both + 1) * (second + both + 1) / (both + 1) - 1
    a, b, m = first + 0.5, second + 0.5, both + 0.5
    spread = special.ndtri((1 + LEVEL) / 2) * np.sqrt(1 / m + 1 / a + 1 / b + m / (a * b))
    n = first + second + both
    missed = a * b / m
    return whole, n - 0.5 + missed * np.exp(-spread), n - 0.5 + missed * np.exp(spread)


def _loglinear(cells: np.ndarray, k: int) -> tuple[float, float, float, float]:
    """Three lists or more: stories that none caught, interval, and the weight of models with dependence."""
    pairs = list(combinations(range(k), 2))
    member = (np.arange(1 << k)[:, None] >> np.arange(k)) & 1
    design = np.column_stack([np.ones(1 << k), member, *(member[:, a] * member[:, b] for a, b in pairs)])
    # half a story is spread over the cells: an empty one gives no endless estimate
    counts = cells[1:] + 0.5 ** (k - 1)
    fits = []
    for size in range(len(pairs) + 1):
        for chosen in combinations(range(len(pairs)), size):
            columns = [*range(k + 1), *(k + 1 + i for i in chosen)]
            if (fit := _poisson(design[1:, columns], counts)) is not None:
                fits.append((*fit, len(columns), size))
    middle, error, likelihood, parameters, dependent = map(np.array, zip(*fits, strict=True))
    score = -2 * likelihood + 2 * parameters
    # besides what is not known of the expected number, the number itself differs from what was expected
    error = np.sqrt(error**2 + np.exp(-middle))
    weight = np.exp(-(score - score.min()) / 2)
    weight /= weight.sum()
    # the interval is that of the mixture of all models, each as sure of itself as it is
    grid = np.linspace(-3, np.log(cells.sum()) + 8, 4000)
    below = (weight[:, None] * special.ndtr((grid - middle[:, None]) / error[:, None])).sum(axis=0)
    low, half, high = np.interp([(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], below, grid)
    return float(np.exp(half)), float(np.exp(low)), float(np.exp(high)), float(weight[dependent > 0].sum())


def _poisson(design: np.ndarray, counts: np.ndarray) -> tuple[float, float, float] | None:
    """A Poisson regression with a log link: intercept (the log of the empty cell), its error, the log-likelihood."""
    mean = counts.astype(float)
    parameters = np.zeros(design.shape[1])
    for _ in range(60):
        work = np.log(mean) + (counts - mean) / mean
        information = design.T @ (mean[:, None] * design)
        try:
            new = np.linalg.solve(information, design.T @ (mean * work))
        except np.linalg.LinAlgError:
            return None
        mean = np.exp(np.clip(design @ new, -30, 30))
        done, parameters = np.abs(new - parameters).max() < 1e-8, new
        if done:
            break
    covariance = np.linalg.pinv(design.T @ (mean[:, None] * design))
    likelihood = float((counts * np.log(mean) - mean).sum())
    return float(parameters[0]), float(np.sqrt(max(covariance[0, 0], 1e-12))), likelihood


def notices(posts: pl.DataFrame, known: Iterable[tuple[str, datetime]]) -> pl.DataFrame:
    """What became of notices that were certainly published: text, at, platform, collected_at, one row each.

    `known`: words that stand in the notice, and when it was published. The first post that holds them, collected
    within three days; `platform` is null for one that was missed.
    """
    rows = []
    says = pl.concat_str(pl.col("title", "text").fill_null(""), separator="\n")
    for text, at in known:
        held = posts.filter(says.str.contains(text, literal=True), pl.col("collected_at").is_between(at, at + AWAITED))
        first = held.sort("collected_at", "post_id").head(1)
        row: dict[str, Any] = first.row(0, named=True) if first.height else {}
        rows.append({"text": text, "at": at, **{c: row.get(c) for c in ("platform", "collected_at")}})
    time = pl.Datetime("us", "UTC")
    return pl.DataFrame(rows, schema={"text": pl.String, "at": time, "platform": pl.String, "collected_at": time})


class Bound(NamedTuple):
    """Of `labelled` rejected posts `relevant` were relevant after all: at most a share `most` of all `rejected` is."""

    rejected: int
    labelled: int
    relevant: int
    most: float


def overlooked(posts: pl.DataFrame, labels: pl.DataFrame) -> Bound | None:
    """The bound (95 %, Clopper and Pearson) on what the watch list rejects wrongly; None where nothing is labelled.

    `labels`: post_id, relevant. What people are shown leans to the doubtful, so the bound is rather too high.
    """
    rejected = posts.filter(~pl.col("relevant") & pl.col("copy_of").is_null())
    drawn = rejected.select("post_id").join(labels, on="post_id")
    if drawn.is_empty():
        return None
    n, k = drawn.height, int(drawn["relevant"].sum())
    most = 1.0 if k == n else float(special.betaincinv(k + 1, n - k, 0.95))
    return Bound(rejected.height, n, k, most)


def alone(seen: pl.DataFrame, families: Sequence[str]) -> pl.DataFrame:
    """What each family gives: family, stories, and `only`, those that no other caught; in the order given."""
    n = seen.group_by("story_id").agg(families=pl.len())
    rows = seen.join(n, on="story_id").group_by("family")
    tallied = rows.agg(stories=pl.len(), only=(pl.col("families") == 1).sum())
    return pl.DataFrame({"family": list(families)}, schema={"family": pl.String}).join(
        tallied, on="family", how="left", maintain_order="left"
    )
