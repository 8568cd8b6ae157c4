"""Texts -> clusters: average linkage on cosine with time decay, over sparse neighbours and cluster sums.

The mean similarity of two clusters is the product of the sums of their rows over the number of pairs, so no pair is
ever kept. Merging two sides never brings them nearer to a third (average linkage is reducible): only neighbours above
the cut are held, all reciprocal nearest neighbours merge at once (RAC, Sumengen et al. 2021, arXiv:2105.11653), and a
merged cluster looks at the neighbours of its parts alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

COMMON = 0.1  # a word in more than this share of the texts separates nothing
UNSEEN = 8  # every text is taken to hold so many words more that nobody else uses: two short texts prove little
LARGE = 10  # texts from which an event's words can be learnt, and how alike its texts are (of 5, 10, 20, 50)
# Of the likeness within two events, the share across from which they are one. Of each day's new events of two sets of
# real posts (74 of ten texts and more) one has .35 with another event, the rest .26 or less; halves in time of one
# event have .58 or more (19 of 20), its waves .35 to .4.
ONE_EVENT = 0.3
# Of the likeness within an event, what a few new texts have with it when they are about it. On real posts fed by day
# .4 gives F .845 and .879 (without .830 and .880), .6 .840 and .872, .8 nothing.
LIKE_OWN = 0.4
# An event that is half as much like more others than these speaks as everybody does: that makes no two one.
NEIGHBOURS = 3
FEW = 50  # texts that may hold a word however few there are, and vectors from which a centre can be told
ROWS, CELLS = 1_000, 20_000_000  # of one block of similarities: sparse rows, dense cells


@dataclass(frozen=True)
class Clusters:
    """Clusters in the making, one a row. `left[a] @ right[b] + meaning[a] @ meaning[b]` is the sum over the pairs of
    their texts of similarity in units of the cut. `n` texts, from day `first` to `last`, half-life `half` in days; no
    two `fixed` ones merge.
    """

    left: sparse.csr_matrix
    right: sparse.csr_matrix
    meaning: NDArray[np.float32]
    n: Floats
    first: Floats
    last: Floats
    half: Floats
    fixed: Bools


def tfidf(words: pl.DataFrame, n: int) -> sparse.csr_matrix:
    """Rows of length 1 for `n` texts from `words` (text, word, uses): log term frequency × smooth idf."""
    df = words.group_by("word").agg(df=pl.len()).filter(pl.col("df") <= max(FEW, COMMON * n)).sort("word")
    df = df.with_columns(column=pl.int_range(pl.len()), idf=((1 + n) / (1 + pl.col("df"))).log() + 1)
    cells = words.join(df, on="word").select("text", "column", x=(1 + pl.col("uses").log()) * pl.col("idf"))
    at = (cells["text"].to_numpy(), cells["column"].to_numpy())
    rows = sparse.csr_matrix((cells["x"].to_numpy(), at), shape=(n, df.height))
    rows.sort_indices()
    alone = (np.log((1 + n) / 2) + 1) ** 2  # what a word that nobody else uses weighs, squared
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel() + UNSEEN * alone)
    return (sparse.diags_array(1 / np.maximum(length, 1e-9)) @ rows).tocsr()


def centred(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors without what all have in common, of length 1; no columns where too few tell what that is.

    Nine tenths of the length of a multilingual-e5 vector are the same for every text.
    """
    has = np.abs(vectors).sum(axis=1) > 0
    if has.sum() < FEW:
        return vectors[:, :0]
    moved = np.where(has[:, None], vectors - vectors[has].mean(axis=0), 0)
    return (moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def clusters(words: sparse.csr_matrix, meaning: NDArray[np.float32], cut: Floats, mean: Floats) -> Clusters:
    """Each text as a cluster of one, without times. Two texts belong together from similarity `cut` of their words on;
    where both have a vector, from `mean` on of the mean of both cosines.
    """
    n = words.shape[0]
    left = right = (sparse.diags_array(cut**-0.5) @ words).tocsr()
    if meaning.shape[1]:
        has = np.abs(meaning).sum(axis=1) > 0
        scale = has * (2 * mean) ** -0.5
        # a pair with two vectors: its words at the one cut are taken off, at the other put on
        both = (sparse.diags_array(has.astype(float)) @ left).tocsr()
        half = (sparse.diags_array(scale) @ words).tocsr()
        left, right = (sparse.hstack([left, sign * both, half], format="csr") for sign in (1, -1))
        meaning = (meaning * scale[:, None]).astype(np.float32)
    return Clusters(left, right, meaning, np.ones(n), np.zeros(n), np.zeros(n), np.ones(n), np.zeros(n, bool))


def fold(now: Clusters, into: Ints) -> Clusters:
    """The clusters after each has gone `into` another."""
    n = int(into.max(initial=-1)) + 1
    gather = sparse.csr_matrix((np.ones(len(into), np.float32), (into, np.arange(len(into)))), shape=(n, len(into)))
    first, last, half = np.full(n, np.inf), np.full(n, -np.inf), np.zeros(n)
    np.minimum.at(first, into, now.first)
    np.maximum.at(last, into, now.last)
    np.maximum.at(half, into, now.half)
    fixed = np.zeros(n, bool)
    fixed[into[now.fixed]] = True
    left = (gather @ now.left).tocsr()
    right = left if now.right is now.left else (gather @ now.right).tocsr()
    return Clusters(
        left, right, gather @ now.meaning, np.bincount(into, now.n, n).astype(np.float64), first, last, half, fixed
    )


def link(now: Clusters, rows: Ints | None = None) -> Ints:
    """The part of each cluster after all that are near enough have merged, the nearest first.

    Only neighbours of `rows` are looked for; by default of those that are not fixed.
    """
    a, b, value = _neighbours(now, np.flatnonzero(~now.fixed) if rows is None else rows)
    near, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    part = np.arange(len(now.n))
    part[near] = near[_merged(_take(now, near), place[: len(a)], place[len(a) :], value)]
    return part


def _take(now: Clusters, rows: Ints) -> Clusters:
    some = {f.name: getattr(now, f.name)[rows] for f in fields(Clusters)}
    return Clusters(**{**some, "right": some["left"] if now.right is now.left else some["right"]})


def _merged(now: Clusters, a: Ints, b: Ints, value: Floats) -> Ints:
    """For each cluster the first of those that it merged with, from neighbours `a`, `b` and how near they are."""
    part = np.arange(len(now.n))
    while len(a):
        order = np.lexsort((b, a, -value))
        a, b = a[order], b[order]
        best = np.full(len(now.n), len(a))
        np.minimum.at(best, a, np.arange(len(a)))
        np.minimum.at(best, b, np.arange(len(a)))
        mutual = (best[a] == np.arange(len(a))) & (best[b] == np.arange(len(a)))
        into = np.arange(len(now.n))
        into[b[mutual]] = a[mutual]
        stays = into == np.arange(len(into))
        into = (np.cumsum(stays) - 1)[into]
        grown = np.zeros(int(stays.sum()), bool)
        grown[into[a[mutual]]] = True
        now, part = fold(now, into), into[part]
        a, b, value = _once(into[a], into[b], value[order])
        free = ~(now.fixed[a] & now.fixed[b])
        a, b, value = a[free], b[free], value[free]
        stale = np.flatnonzero(grown[a] | grown[b])
        value[stale] = similarity(now, a[stale], b[stale])
        near = value >= 1
        a, b, value = a[near], b[near], value[near]
    head = np.zeros(len(now.n), np.int64)
    head[part[::-1]] = np.arange(len(part))[::-1]
    return head[part]


def unite(texts: Clusters, part: Ints, loose: Bools) -> Ints:
    """`part` of each text (a cluster of one) after large parts that prove to be one event have become one.

    Average linkage compares with a cut; an event with many bare reactions is less alike within than that. So two events
    are one when they are nearly as alike across as within. Nearest first, no two with `fixed` texts; an event without
    `loose` texts (that may be bare reactions) is what average linkage says it is.
    """
    while True:
        large, now, alike = _across(texts, part, loose)
        near = (alike >= ONE_EVENT / 2).sum(axis=0)
        alike[np.outer(now.fixed, now.fixed) | (np.minimum.outer(near, near) > NEIGHBOURS)] = 0
        if not alike.size or alike.max() < ONE_EVENT:
            return part
        a, b = np.unravel_index(np.argmax(alike), alike.shape)
        larger = (now.fixed[b], now.n[b], -b) > (now.fixed[a], now.n[a], -a)
        one, other = (b, a) if larger else (a, b)
        part = np.where(part == large[other], large[one], part)


def join(texts: Clusters, part: Ints, loose: Bools) -> Ints:
    """`part` of each text after small parts without `fixed` texts have gone to the large event that each is `LIKE_OWN`
    its own texts, and twice as like as any other event.

    By the cut alone what is said of an event on its third day stays apart: the event's texts differ among themselves.
    """
    large, events, within = _large(texts, part, loose)
    size = np.bincount(part, minlength=len(texts.n))
    small = np.flatnonzero((size > 0) & (size < LARGE) & (np.bincount(part, texts.fixed, len(texts.n)) == 0))
    if not len(large) or not len(small):
        return part
    inside = np.flatnonzero(np.isin(part, small))
    now = fold(_take(texts, inside), np.searchsorted(small, part[inside]))
    into = np.arange(len(texts.n))
    step = max(1, CELLS // 10 // len(large))
    for at in (np.arange(start, min(start + step, len(small))) for start in range(0, len(small), step)):
        best, alone = _nearest(_take(now, at), events, within)
        into[small[at][alone]] = large[best[alone]]
    return into[part]


def _nearest(now: Clusters, events: Clusters, within: Floats) -> tuple[Ints, Bools]:
    """Of each cluster the event that it is most like, and whether enough, and twice as much as any other; decayed."""
    total = (now.left @ events.right.T).toarray() + now.meaning @ events.meaning.T
    a, b = (x.ravel() for x in np.indices(total.shape))
    alike = (_fading(now, a, events, b) * total.ravel()).reshape(total.shape) / (now.n[:, None] * events.n * within)
    best, rows = alike.argmax(axis=1), np.arange(len(now.n))
    top = alike[rows, best]
    alike[rows, best] = 0
    return best, (top >= LIKE_OWN) & (top >= 2 * alike.max(axis=1))


def _large(texts: Clusters, part: Ints, loose: Bools) -> tuple[Ints, Clusters, Floats]:
    """The large parts with `loose` texts, as clusters, and how alike the texts of each are."""
    large = np.flatnonzero((np.bincount(part) >= LARGE) & (np.bincount(part, loose) > 0))
    inside = np.flatnonzero(np.isin(part, large))
    some, into = _take(texts, inside), np.searchsorted(large, part[inside])
    now = fold(some, into)
    every, same = np.arange(len(large)), np.arange(len(inside))
    own = np.bincount(into, _sums(some, same, same), len(large))
    return large, now, np.maximum((_sums(now, every, every) - own) / (now.n * (now.n - 1)), 1e-9)


def _across(texts: Clusters, part: Ints, loose: Bools) -> tuple[Ints, Clusters, Floats]:
    """The large parts, as clusters, and how alike each two are across, of how alike they are within; decayed."""
    large, now, within = _large(texts, part, loose)
    total = (now.left @ now.right.T).toarray() + now.meaning @ now.meaning.T
    a, b = (x.ravel() for x in np.indices(total.shape))
    alike = _decayed(now, a, b, total.ravel()).reshape(total.shape) / np.sqrt(np.outer(within, within))
    np.fill_diagonal(alike, 0)
    return large, now, alike


def similarity(now: Clusters, a: Ints, b: Ints) -> Floats:
    """Of each pair of clusters the mean similarity in units of the cut, with time decay."""
    return _decayed(now, a, b, _sums(now, a, b))


def _once(a: Ints, b: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    """Each pair of two clusters once, the lower number first."""
    a, b = np.minimum(a, b), np.maximum(a, b)
    _, first = np.unique(a * (int(b.max(initial=0)) + 1) + b, return_index=True)
    first = first[a[first] != b[first]]
    return a[first], b[first], value[first]


def _neighbours(now: Clusters, rows: Ints) -> tuple[Ints, Ints, Floats]:
    """Pairs of clusters, one of `rows` among them, that are near enough, and how near (1 = the cut)."""
    has = np.flatnonzero(np.abs(now.meaning).sum(axis=1) > 0)
    theirs, nothing = now.right.T.tocsr(), np.zeros(0, np.int64)
    near_ones = [(nothing, nothing, np.zeros(0))]
    for dense in (False, True):
        mine = rows[np.isin(rows, has) == dense]
        size = max(1, CELLS // len(now.n)) if dense else ROWS
        for some in (mine[start : start + size] for start in range(0, len(mine), size)):
            product = (now.left[some] @ theirs).tocsr()
            if dense:
                full = product.toarray()
                full[:, has] += now.meaning[some] @ now.meaning[has].T
                at, b = np.nonzero(full > 0)
                a, total = some[at], full[at, b]
            else:
                a, b, total = np.repeat(some, np.diff(product.indptr)), product.indices.astype(np.int64), product.data
            near = total >= now.n[a] * now.n[b]
            a, b, total = a[near], b[near], total[near]
            value = _decayed(now, a, b, total)
            near = (value >= 1) & ~(now.fixed[a] & now.fixed[b])
            near_ones.append((a[near], b[near], value[near]))
    a, b, value = (np.concatenate(x) for x in zip(*near_ones, strict=True))
    return _once(a, b, value)


def _sums(now: Clusters, a: Ints, b: Ints) -> Floats:
    """The sum of similarity over the pairs of texts of each pair of clusters."""
    total = np.zeros(len(a))
    for start in range(0, len(a), 10 * ROWS):
        some = slice(start, start + 10 * ROWS)
        total[some] = np.asarray(now.left[a[some]].multiply(now.right[b[some]]).sum(axis=1)).ravel()
        total[some] += np.einsum("ij,ij->i", now.meaning[a[some]], now.meaning[b[some]])
    return total


def _decayed(now: Clusters, a: Ints, b: Ints, total: Floats) -> Floats:
    """Mean similarity in units of the cut, halved for each half-life between the end of one and the next's start."""
    return np.round(total / (now.n[a] * now.n[b]) * _fading(now, a, now, b), 6)


def _fading(now: Clusters, a: Ints, events: Clusters, b: Ints) -> Floats:
    """What is left of the likeness of cluster `a` and event `b` after the time between the one's end and the other's
    start.
    """
    gap = np.maximum(now.first[a], events.first[b]) - np.minimum(now.last[a], events.last[b])
    return 0.5 ** (np.maximum(gap, 0) / np.maximum(now.half[a], events.half[b]))
