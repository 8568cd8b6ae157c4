"""Posts divided into topics: where the topics lie, and which one a post belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from opinion_lab import schemas
from opinion_lab.analyse.topics import clustering, vectors
from opinion_lab.analyse.topics.clustering import Engine, Labels

Floats = NDArray[np.float64]

NONE = -1  # the topic of a post that fits none
LOST = 0.01  # see `bounded`


@dataclass(frozen=True)
class Division:
    """Topics by their `centres` and their `words` (log odds, or how likely, as the engine reads them).

    A post whose cosine to the nearest centre is below `threshold` fits none; `ids`: of each centre its topic, -1 when
    it does not hold.
    """

    space: vectors.Space
    engine: Engine
    centres: Floats
    words: Floats
    threshold: float = 0.0
    ids: tuple[int, ...] = ()

    def scores(self, counts: sp.csr_matrix, points: Floats) -> Floats:
        """Posts by topics: what is highest is the post's topic."""
        if self.engine in clustering.ON_VECTORS:
            return clustering.weigh(counts, points, self.centres, self.words)
        return clustering.fold_in(counts, self.words)

    def assign(self, tokens: pl.DataFrame) -> pl.DataFrame:
        """Each post's topic (PostTopic), in order of post_id; a post without a known word has no weight."""
        tokens = tokens.sort("post_id")
        counts = self.space.counts(vectors.long_form(tokens), tokens.height)
        points = self.space.vector(counts)
        best = self.scores(counts, points).argmax(1)
        every = points @ self.centres.T
        placed = np.abs(points).sum(1) > 0
        topic = np.array(self.ids, dtype=np.int64)[best]
        frame = pl.DataFrame(
            {
                "post_id": tokens["post_id"],
                "topic_id": np.where(placed & (every.max(1) >= self.threshold), topic, NONE),
                "weight": np.clip(every[np.arange(len(best)), best], 0, 1).round(6),
            }
        )
        return schemas.PostTopic.validate(frame.with_columns(pl.when(pl.Series(placed)).then("weight")), cast=True)

    def bounded(self, counts: sp.csr_matrix, seed: int) -> Division:
        """With the threshold that 99 of 100 random mixes reach: the same posts, their words dealt out anew among them.

        A post below it is further from every topic than nearly any handful of words, so to name a topic would be a
        guess.
        """
        mixed = counts.copy()
        mixed.indices = np.random.default_rng(seed).permutation(mixed.indices)
        points = self.space.vector(mixed)
        cosine = (points @ self.centres.T).max(1)[np.abs(points).sum(1) > 0]
        return replace(self, threshold=float(max(0.0, np.quantile(cosine, LOST))))


def divide(
    space: vectors.Space,
    points: Floats,
    counts: sp.csr_matrix,
    views: clustering.Views,
    drawn: Labels,
    *,
    k: int,
    seed: int,
    engine: Engine,
) -> Division:
    """As many topics of the posts drawn; an engine may give fewer."""
    if engine in clustering.ON_VECTORS:
        label = clustering.cluster(clustering.embed(views, drawn, k), k, seed)
        first = clustering.means(points[drawn], label, k), clustering.odds(counts[drawn], label, k)
        return Division(space, engine, *clustering.settle(counts, points, *first))
    words = clustering.topic_words(engine, counts[drawn], k, seed)
    used, label = np.unique(clustering.fold_in(counts, words).argmax(1), return_inverse=True)
    # a topic that is no post's first is none
    return Division(space, engine, clustering.means(points, label, len(used)), words[used])
