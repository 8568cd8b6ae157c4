"""What holds when posts are divided again with other seeds and other samples: the number of topics, and each topic."""

from __future__ import annotations

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from opinion_lab.analyse.topics import clustering, labels, vectors
from opinion_lab.analyse.topics.clustering import Engine, Labels

Floats = NDArray[np.float64]

NONE = -1
CANDIDATES = (3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40)
CLOSE = 0.05  # scores this near differ by chance
#: Different posts a topic, at least. On 35 small sets of ten sources 8 to 15 do alike (mean adjusted Rand index of what
#: is shown .251 to .255, mutual information .347 to .352) and 25 worse (.241, .330).
POSTS_EACH = 12
REFITS, SAMPLE, MOST_SAMPLED = 10, 0.8, 3_000
HOLDS, ALIKE = 8, 0.5  # of ten refits; Jaccard below which a cluster has dissolved (Hennig 2007)

Samples = list[tuple[Labels, Floats]]  # rows, and their place on the graph of these posts alone


def samples(rows: Labels, k: int, views: clustering.Views) -> Samples:
    """Ten times four fifths of the posts drawn, 3,000 at most, each with a graph of its own."""
    size = min(MOST_SAMPLED, int(len(rows) * SAMPLE))
    chosen = [np.sort(np.random.default_rng([1, i]).choice(rows, size, replace=False)) for i in range(REFITS)]
    return [(r, clustering.embed(views, r, k)) for r in chosen]


def survived(drawn: Samples, best: Labels, n: int, k: int, counts: sp.csr_matrix, seed: int, engine: Engine) -> Labels:
    """In how many of the refits each topic comes back: half of what it and its likest hold is in both."""
    times = np.zeros(n, dtype=np.int64)
    for i, (rows, embedded) in enumerate(drawn):
        if engine in clustering.ON_VECTORS:
            label = clustering.cluster(embedded, k, seed + i + 1, restarts=3)
        else:
            label = clustering.fold_in(
                counts[rows], clustering.topic_words(engine, counts[rows], k, seed + i + 1)
            ).argmax(1)
        both = np.zeros((n, k))
        np.add.at(both, (best[rows], label), 1)
        either = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
        times += (both / np.maximum(either, 1)).max(1) >= ALIKE
    return times


def candidates(n: int) -> list[int]:
    """Numbers of topics worth trying on `n` posts."""
    least = 3 if n < 150 else 5 if n < 2000 else 8  # many posts are about many things
    return [c for c in CANDIDATES if least <= c <= max(least, n // POSTS_EACH)]


def curve(drawn: Samples, points: Floats, counts: sp.csr_matrix) -> pl.DataFrame:
    """Stability over samples and seeds, and held-out NPMI, for each number of topics worth trying."""
    from sklearn.metrics import adjusted_rand_score

    n, fits = len(points), drawn[:6]
    outside = np.setdiff1d(np.arange(n), drawn[0][0])
    outside = np.random.default_rng(2).permutation(outside)[:6000]
    rows = []
    for k in candidates(n):
        placed = []
        for i, (at, embedded) in enumerate(fits):
            label = np.full(n, NONE)
            label[at] = clustering.cluster(embedded, k, i, restarts=3)
            placed.append(label)
        pairs = [(a, b) for j, b in enumerate(placed) for a in placed[:j]]
        agree = np.mean([adjusted_rand_score(a[s], b[s]) for a, b in pairs if (s := (a >= 0) & (b >= 0)).any()])
        words = labels.top(labels.class_tfidf(counts, placed[0], k), 8)
        npmi = vectors.npmi(counts[outside], words)
        rows.append((k, round(float(agree), 6), round(float(npmi), 6), round(float(agree + npmi), 6)))
    frame = pl.DataFrame(rows, schema=no_curve().drop("chosen").schema, orient="row")
    # What is hardly worse than the best is as good, and of these the finest says most.
    chosen = frame.filter(pl.col("score") >= pl.col("score").max() - CLOSE)["n_topics"].max()
    return frame.with_columns(chosen=pl.col("n_topics") == chosen)


def no_curve() -> pl.DataFrame:
    """A curve of no numbers: it was given."""
    number, score = pl.Int64, pl.Float64
    columns = {"n_topics": number, "stability": score, "npmi": score, "score": score, "chosen": pl.Boolean}
    return pl.DataFrame(schema=columns)
