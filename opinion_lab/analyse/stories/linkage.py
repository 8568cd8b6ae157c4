"""Texts with times -> pieces that are surely about one thing, and events made of pieces.

1. TF-IDF with time decay, merged by average linkage over reciprocal nearest neighbours (RAC, Sumengen et al. 2021):
   every round joins all pairs that are each other's nearest, so the work is a few sparse products. Average linkage
   looks at all members of both sides, so background chatter does not chain into one giant story.
2. An event is talked about from many sides that share few words but its own. Words that burst (far more often in these
   days than their share, Poisson z; after Fung et al. 2005) are compared alone, piece with piece.

Step 2 touches only what bursts: complaints that trickle in about different matters at one place stay apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RARITY = 1.5  # exponent of the inverse document frequency: names and places weigh more
TOP_WORDS = 100  # a text's weightiest words; the tail costs time and adds noise
COMMON = 0.1  # a word in more than this share of the texts separates nothing
UNSEEN = 10.0  # every text is taken to hold so many words more that nobody else uses: two short texts prove little
UNSEEN_BURST = 4.0  # the same among its bursting words
BURST_DAYS, BASE_DAYS = 1.5, 14.0  # before and after a text: where its words may burst, and against what
NOTABLE, BURSTING = 2.0, 4.0  # Poisson z from which a word weighs more, and from which it is compared alone
BURST_SHARE = 0.5  # of a cluster's texts that must hold a bursting word
CHUNK = 1000  # rows of one sparse product
LONG_DAYS = 10.0
LIVELY = 0.5  # share of the clusters with a neighbour below which the others are put aside for a while


@dataclass(frozen=True)
class Rule:
    """When two clusters are near enough: mean similarity `threshold`, and `growth` more per doubling of the smaller.

    With `loose` it is the cosine of the sums instead, a single text's share in the length damped by as much.
    """

    threshold: float
    growth: float = 0.0
    loose: float | None = None


WORDING = Rule(threshold=0.09)
BURST = Rule(threshold=0.20, growth=0.02, loose=0.6)
BURST_HALF_LIFE = 3.0  # days


@dataclass(frozen=True)
class Texts:
    """Texts by number: sparse rows of their words and bursting words; first and last day; half-life in days."""

    words: sparse.csr_matrix
    bursts: sparse.csr_matrix
    first: Floats
    last: Floats
    half: Floats


@dataclass(frozen=True)
class Clusters:
    """Clusters in the making: sums of their members' rows, how many, from when to when, half-life."""

    sums: sparse.csr_matrix
    n: Floats
    first: Floats
    last: Floats
    half: Floats


def vectors(words: pl.DataFrame, first: Floats, last: Floats, half: Floats) -> Texts:
    """TF-IDF rows from `words` (text, word): log term frequency × idf ** RARITY, heavier where the word bursts.

    A row's length stays below 1: words that nobody shares, and `UNSEEN` more, count in its norm alone.
    """
    n = len(first)
    counts = words.group_by("text", "word").agg(tf=pl.len())
    seen = counts.group_by("word").agg(df=pl.len()).filter(pl.col("df") <= max(50.0, COMMON * n)).sort("word")
    seen = seen.with_columns(idf=(n / pl.col("df")).log1p().pow(RARITY), column=pl.int_range(pl.len()))
    cells = counts.join(seen, on="word")
    z = pl.Series(_burst(cells, first), dtype=pl.Float64)
    plain = pl.col("tf").log1p() * pl.col("idf")
    cells = cells.with_columns(
        weight=plain * (1 + (z.clip(lower_bound=NOTABLE) / NOTABLE).log()),
        burst=plain * (z.clip(lower_bound=BURSTING) / BURSTING).log(),
    )
    cells = cells.sort("text", "weight", "column", descending=[False, True, False])
    cells = cells.filter(pl.int_range(pl.len()).over("text") < TOP_WORDS)
    new = (np.log(2) * np.log1p(n) ** RARITY) ** 2  # the weight of a word that nobody uses, squared
    rows = []
    for column, unseen in (("weight", UNSEEN), ("burst", UNSEEN_BURST)):
        norm = (pl.col(column).pow(2).sum().over("text") + unseen * new).sqrt()
        kept = cells.with_columns(x=pl.col(column) / norm).filter((pl.col("df") > 1) & (pl.col("x") > 0))
        at = (kept["text"].to_numpy(), kept["column"].to_numpy())
        made = sparse.csr_matrix((kept["x"].to_numpy(), at), shape=(n, seen.height))
        made.sort_indices()
        rows.append(made)
    return Texts(rows[0], rows[1], first, last, half)


def _burst(cells: pl.DataFrame, day: Floats) -> Floats:
    """How far a word's use around a text exceeds its share of its use in those weeks: Poisson z of the other texts."""
    if cells.is_empty():
        return np.zeros(0)
    when = day[cells["text"].to_numpy()]
    # one axis for all words: each its own stretch of days, far from the next
    stretch = float(np.ptp(day)) + 10 * BASE_DAYS
    place = cells["column"].to_numpy() * stretch + (when - day.min())
    order, days = np.sort(place), np.sort(day)
    share = _within(days, when, BURST_DAYS) / _within(days, when, BASE_DAYS)
    expected = _within(order, place, BASE_DAYS) * share
    return (_within(order, place, BURST_DAYS) - 1 - expected) / np.sqrt(expected + 1)


def _within(order: Floats, place: Floats, days: float) -> Ints:
    """How many of `order` lie within so many days of each place."""
    return np.searchsorted(order, place + days, "right") - np.searchsorted(order, place - days, "left")


def join(texts: Texts) -> tuple[Ints, Ints]:
    """The piece of each text (step 1), and the part that pieces make together (step 2)."""
    n = len(texts.first)
    alone = Clusters(texts.words, np.ones(n), texts.first, texts.last, texts.half)
    piece = _merge(alone, np.arange(n), WORDING)
    return piece, _merge(fold(bursting(texts, piece), piece), piece, BURST)


def bursting(texts: Texts, label: Ints) -> Clusters:
    """Each text's bursting words; none where less than half of its piece bursts: a weekly column is not this week's."""
    bursts = np.diff(texts.bursts.indptr) > 0
    share = np.bincount(label, bursts) / np.bincount(label)
    rows = sparse.diags_array((share[label] >= BURST_SHARE).astype(float)) @ texts.bursts
    rows = rows.tocsr()
    rows.eliminate_zeros()
    n = len(label)
    return Clusters(rows, np.ones(n), texts.first, texts.last, np.full(n, BURST_HALF_LIFE))


# --- merging -------------------------------------------------------------------------------------------------


def _merge(now: Clusters, label: Ints, rule: Rule) -> Ints:
    """`label` after rounds of joining reciprocal nearest neighbours until none is near enough."""
    near, value = np.full(len(now.n), -1), np.zeros(len(now.n))
    return _rounds(now, near, value, np.flatnonzero(np.diff(now.sums.indptr)), rule)[label]


def _rounds(now: Clusters, near: Ints, value: Floats, stale: Ints, rule: Rule) -> Ints:
    """What each cluster went into; `near`, `value`: its nearest and how near, for all but the `stale`."""
    part = np.arange(len(near))
    while True:
        near[stale], value[stale] = _nearest(now, stale, rule)
        _tell(near, value, stale)
        lively = np.flatnonzero(near >= 0)
        if not len(lively):
            return part
        if len(lively) <= LIVELY * len(near):
            # most are near to nobody: the others settle among themselves, then what grew looks at all again
            place = np.full(len(near), -1)
            place[lively] = np.arange(len(lively))
            inner = _rounds(_take(now, lively), place[near[lively]], value[lively], lively[:0], rule)
            into = np.arange(len(near))
            head = np.zeros(inner.max() + 1, np.int64)
            head[inner[::-1]] = lively[::-1]
            into[lively] = head[inner]
            left = np.flatnonzero(np.bincount(into, minlength=len(near)) > 1)
            near[:] = -1
        else:
            left = lively[(near[near[lively]] == lively) & (lively < near[lively])]
            if not len(left):
                return part
            into = np.arange(len(near))
            into[near[left]] = left
        kept = into == np.arange(len(near))
        into = (np.cumsum(kept) - 1)[into]
        now = fold(now, into)
        changed = np.zeros(len(now.n), bool)
        changed[into[left]] = True
        near, value = near[kept], value[kept]
        near = np.where(near >= 0, into[near], -1)
        # under average linkage merging brings two sides nearer to nobody, so only these look again
        stale = np.flatnonzero(changed | ((near >= 0) & changed[near]))
        part = into[part]


def _take(now: Clusters, rows: Ints) -> Clusters:
    return Clusters(now.sums[rows], now.n[rows], now.first[rows], now.last[rows], now.half[rows])


def fold(now: Clusters, into: Ints) -> Clusters:
    """The clusters after each has gone `into` another."""
    n = int(into.max(initial=-1)) + 1
    gather = sparse.csr_matrix((np.ones(len(into)), (into, np.arange(len(into)))), shape=(n, len(into)))
    sums = (gather @ now.sums).tocsr()
    sums.sort_indices()
    first, last, half = np.full(n, np.inf), np.full(n, -np.inf), np.zeros(n)
    np.minimum.at(first, into, now.first)
    np.maximum.at(last, into, now.last)
    np.maximum.at(half, into, now.half)
    return Clusters(sums, np.bincount(into, now.n, n).astype(float), first, last, half)


def _nearest(now: Clusters, rows: Ints, rule: Rule) -> tuple[Ints, Floats]:
    """The nearest cluster of each of `rows` and their decayed similarity; -1 and 0 when none is near enough."""
    near, value = np.full(len(now.n), -1), np.zeros(len(now.n))
    lengths = length(now, rule)
    reach = np.log2(1 / rule.threshold)  # beyond so many half-lives even equal texts are strangers
    # clusters that live long would make every chunk look at everything: they go together
    order = rows[np.lexsort((now.first[rows], now.last[rows] - now.first[rows] > LONG_DAYS))]
    for start in range(0, len(order), CHUNK):
        mine = order[start : start + CHUNK]
        window = reach * np.maximum(now.half, now.half[mine].max())
        begins, ends = now.first[mine].min(), now.last[mine].max()
        theirs = np.flatnonzero((now.first - window <= ends) & (now.last + window >= begins))
        product = (now.sums[mine] @ now.sums[theirs].T).tocsr()
        a, b = np.repeat(mine, np.diff(product.indptr)), theirs[product.indices]
        alike = product.data / (lengths[a] * lengths[b])
        enough = (alike >= rule.threshold) & (a != b)
        a, b, alike = a[enough], b[enough], alike[enough]
        gap = np.maximum(now.first[a], now.first[b]) - np.minimum(now.last[a], now.last[b])
        alike = np.round(alike * 0.5 ** (np.maximum(gap, 0) / np.maximum(now.half[a], now.half[b])), 9)
        enough = alike >= rule.threshold + rule.growth * np.log2(np.minimum(now.n[a], now.n[b]))
        a, b, alike = _best(a[enough], b[enough], alike[enough])
        near[a], value[a] = b, alike
    return near[rows], value[rows]


def length(now: Clusters, rule: Rule) -> Floats:
    """What a product of two rows is divided by."""
    if rule.loose is None:
        return now.n
    return np.sqrt(np.asarray(now.sums.multiply(now.sums).sum(axis=1)).ravel() + rule.loose * now.n)


def _best(a: Ints, b: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    """For each `a` the `b` of highest value, the lowest `b` among equals."""
    order = np.lexsort((b, -value, a))
    a, b, value = a[order], b[order], value[order]
    top = np.diff(a, prepend=-1) != 0
    return a[top], b[top], value[top]


def _tell(near: Ints, value: Floats, rows: Ints) -> None:
    """Tell the neighbours of `rows` where they are nearer than the one they know: growing in time can bring that."""
    rows = rows[near[rows] >= 0]
    rows = rows[value[rows] > value[near[rows]]]
    them, me, worth = _best(near[rows], rows, value[rows])
    near[them], value[them] = me, worth


def in_order(labels: Ints) -> Ints:
    """The same parts, numbered by where each is met first."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]
