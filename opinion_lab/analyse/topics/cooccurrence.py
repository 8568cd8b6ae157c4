"""Words that stand together, and words that tell one set of posts from another."""

from __future__ import annotations

import numpy as np
import polars as pl

#: Words that a picture has room for, pairs of each that are drawn, and originals that a pair must have.
NODES, EDGES, LEAST = 18, 2, 3


def network(tokens: pl.DataFrame, *, nodes: int = NODES, edges: int = EDGES, least: int = LEAST) -> pl.DataFrame:
    """The pairs of the most frequent words (Token) that stand together more than by chance: a, b, n, npmi.

    Each word keeps its `edges` strongest pairs of at least `least` posts, by normalised pointwise mutual information
    (Bouma 2009); the strongest first.
    """
    words = tokens.select("post_id", word="tokens").explode("word").drop_nulls().unique()
    words = words.filter(pl.col("word").str.len_chars() > 1)
    sizes = words["word"].value_counts(name="n").sort("n", "word", descending=[True, False]).head(nodes)
    words = words.join(sizes, on="word")
    pairs = words.join(words, on="post_id", suffix="_b").filter(pl.col("word") < pl.col("word_b"))
    pairs = pairs.group_by(a="word", b="word_b").agg(n=pl.len(), n_a=pl.col("n").first(), n_b=pl.col("n_b").first())
    whole = max(2, tokens["post_id"].n_unique())
    share = pl.col("n") / whole
    pmi = (share * whole * whole / (pl.col("n_a") * pl.col("n_b"))).log()
    scored = pairs.filter(pl.col("n") >= least).with_columns(npmi=pmi / -share.log()).filter(pl.col("npmi") > 0)
    scored = scored.sort("npmi", "n", "a", "b", descending=[True, True, False, False])
    ends = pl.concat([scored.with_columns(word=pl.col(end)) for end in ("a", "b")])
    ends = ends.sort("npmi", "n", "a", "b", descending=[True, True, False, False])
    kept = ends.group_by("word", maintain_order=True).head(edges).select("a", "b").unique()
    return scored.join(kept, on=["a", "b"], how="semi", maintain_order="left").select("a", "b", "n", "npmi")


def contrast(one: pl.DataFrame, other: pl.DataFrame, *, most: int = 8, least: int = LEAST) -> pl.DataFrame:
    """Words (Token) that more of one set says than of the other: word, side (0, 1), share, share_other, z.

    The log-odds with an uninformative Dirichlet prior over its deviation (Monroe, Colaresi & Quinn 2008); `most` a
    side, the most telling first.
    """
    sides = []
    for side, tokens in enumerate((one, other)):
        said = tokens.select("post_id", word="tokens").explode("word").drop_nulls().unique()
        said = said.filter(pl.col("word").str.len_chars() > 1)
        n = said["word"].value_counts(name="n")
        sides.append(n.rename({"n": f"n{side}"}))
    sizes = [max(1, tokens["post_id"].n_unique()) for tokens in (one, other)]
    both = sides[0].join(sides[1], on="word", how="full", coalesce=True).fill_null(0)
    both = both.filter(pl.max_horizontal("n0", "n1") >= least)
    odds = [((pl.col(f"n{i}") + 0.5) / (size - pl.col(f"n{i}") + 0.5)).log() for i, size in enumerate(sizes)]
    off = (1 / (pl.col("n0") + 0.5) + 1 / (pl.col("n1") + 0.5)).sqrt()
    both = both.with_columns(z=(odds[0] - odds[1]) / off)
    both = both.with_columns(side=pl.when(pl.col("z") > 0).then(0).otherwise(1), z=pl.col("z").abs())
    shares = [pl.col(f"n{i}") / size for i, size in enumerate(sizes)]
    own = pl.when(pl.col("side") == 0)
    told = both.with_columns(
        share=own.then(shares[0]).otherwise(shares[1]), share_other=own.then(shares[1]).otherwise(shares[0])
    )
    told = told.sort("z", "word", descending=[True, False]).group_by("side", maintain_order=True).head(most)
    return told.select("word", "side", "share", "share_other", "z").sort("side", "z", descending=[False, True])


def layout(pairs: pl.DataFrame) -> pl.DataFrame:
    """Places on a plane for the words of `network`: word, x, y; what stands together often is near.

    Multidimensional scaling of the shortest ways, by stress majorisation; the same pairs give the same picture.
    """
    from scipy.sparse.csgraph import shortest_path
    from sklearn.manifold import MDS

    words = pl.concat([pairs["a"], pairs["b"].alias("a")]).unique().sort().to_list()
    if not words:
        return pl.DataFrame(schema={"word": pl.String, "x": pl.Float64, "y": pl.Float64})
    at = {word: i for i, word in enumerate(words)}
    long = np.zeros((len(words), len(words)))
    for a, b, npmi in pairs.select("a", "b", "npmi").iter_rows():
        long[at[a], at[b]] = 1.2 - npmi
    ways = shortest_path(long, directed=False)
    ways[np.isinf(ways)] = 1.3 * max(1.0, ways[np.isfinite(ways)].max())  # apart, and still within the picture
    place = MDS(2, metric="precomputed", random_state=0, n_init=4, init="random").fit_transform(ways)
    return pl.DataFrame({"word": words, "x": place[:, 0], "y": place[:, 1]})
