"""Texts with times -> which of them are about one thing.

Three steps, from the surest to the boldest:

1. TF-IDF with time decay, merged by average linkage over reciprocal nearest neighbours (RAC, Sumengen et al. 2021):
   every round joins all pairs that are each other's nearest, so the work is a few sparse products. Average linkage
   looks at all members of both sides, so background chatter does not chain into one giant story.
2. An event is talked about from many sides that share few words but its own. Words that burst (far more often in these
   days than their share, Poisson z; after Fung et al. 2005) are compared alone, cluster with cluster.
3. The words of a large event tell what else belongs to it: naive Bayes, story against all else said in its time. Each
   piece from step 1 is judged by the words of the others, comes, goes or stays; events that would take in each other's
   texts become one.

Steps 2 and 3 touch only what bursts: complaints that trickle in about different matters at one place stay apart.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RARITY = 1.5  # exponent of the inverse document frequency: names and places weigh more
TOP_WORDS = 100  # a text's weightiest words; the tail costs time and adds noise
COMMON = 0.1  # a word in more than this share of the texts separates nothing
UNSEEN = 8.0  # every text is taken to hold so many words more that nobody else uses: two short texts prove little
UNSEEN_BURST = 4.0  # the same among its bursting words
BURST_DAYS = 1.5  # before and after a text: where its words may burst
NOTABLE, BURSTING = 2.0, 4.0  # Poisson z from which a word weighs more, and from which it is compared alone
BURST_SHARE = 0.5  # of a cluster's texts that must hold a bursting word
CHUNK = 1000  # rows of one sparse product
LONG_DAYS = 10.0
LARGE = 30  # texts from which a story's words can be learnt
REACH_DAYS = 7.0  # before and after the bulk of a story: where it may find more
SMOOTHING, SHRINK, MOST = 0.1, 5.0, 4.0  # of the odds: share of the story; uses at which a word counts half; at most
BESIDE, PRIOR = 1.0, 20.0  # days; texts that the whole span weighs beside them
KIN = 0.1  # similarity of bursting words at which two stories may be one
ROUNDS = 8  # they settle in three or four
COMES, GOES, SAME, STRANGE = (
    0.0,
    0.0,
    0.0,
    -4.0,
)  # mean log odds at which a piece joins, leaves; two stories
# are one; and below which a text is a stranger


@dataclass(frozen=True)
class Rule:
    """When two clusters are near enough: mean similarity `threshold`, and `growth` more per doubling of the smaller.

    With `loose` it is the cosine of the sums instead, a single text's share in the length damped by as much.
    """

    threshold: float
    growth: float = 0.0
    loose: float | None = None


WORDING = Rule(threshold=0.08, growth=0.01)
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
class _Clusters:
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
    """How far a word's use around a text exceeds its share of all use: Poisson z of the other texts with it."""
    if cells.is_empty():
        return np.zeros(0)
    when = day[cells["text"].to_numpy()]
    # one axis for all words: each its own stretch of days, far from the next
    stretch = float(np.ptp(day)) + 10 * BURST_DAYS
    place = cells["column"].to_numpy() * stretch + (when - day.min())
    here = _within(np.sort(place), place) - 1
    share = _within(np.sort(day), when) / len(day)
    expected = cells["df"].to_numpy() * share
    return (here - expected) / np.sqrt(expected + 1)


def _within(order: Floats, place: Floats) -> Ints:
    """How many of `order` lie within BURST_DAYS of each place."""
    return np.searchsorted(order, place + BURST_DAYS, "right") - np.searchsorted(order, place - BURST_DAYS, "left")


def join(texts: Texts) -> Ints:
    """The part to which each text belongs; parts are numbered by their first text."""
    n = len(texts.first)
    alone = _Clusters(texts.words, np.ones(n), texts.first, texts.last, texts.half)
    piece = _merge(alone, np.arange(n), WORDING)
    bursts = _bursting(texts, piece)
    label = _merge(_fold(bursts, piece), piece, BURST)
    return in_order(_settle(texts, bursts, piece, label))


def _bursting(texts: Texts, label: Ints) -> _Clusters:
    """Each text's bursting words; none where less than half of its part bursts: a weekly column is not this week's."""
    bursts = np.diff(texts.bursts.indptr) > 0
    share = np.bincount(label, bursts) / np.bincount(label)
    rows = sparse.diags_array((share[label] >= BURST_SHARE).astype(float)) @ texts.bursts
    rows = rows.tocsr()
    rows.eliminate_zeros()
    n = len(label)
    return _Clusters(rows, np.ones(n), texts.first, texts.last, np.full(n, BURST_HALF_LIFE))


# --- merging -------------------------------------------------------------------------------------------------


def _merge(now: _Clusters, label: Ints, rule: Rule) -> Ints:
    """`label` after rounds of joining reciprocal nearest neighbours until none is near enough."""
    near, value = np.full(len(now.n), -1), np.zeros(len(now.n))
    stale = np.flatnonzero(np.diff(now.sums.indptr))  # a row without words is near to nothing
    while True:
        near[stale], value[stale] = _nearest(now, stale, rule)
        _tell(near, value, stale)
        left = np.flatnonzero(near >= 0)
        left = left[(near[near[left]] == left) & (left < near[left])]
        if not len(left):
            return label
        right = near[left]
        into = np.arange(len(near))
        into[right] = left
        kept = np.ones(len(near), bool)
        kept[right] = False
        into = (np.cumsum(kept) - 1)[into]
        now = _fold(now, into)
        changed = np.zeros(len(now.n), bool)
        changed[into[left]] = True
        near, value = near[kept], value[kept]
        near = np.where(near >= 0, into[near], -1)
        # under average linkage merging brings two sides nearer to nobody, so only these look again
        stale = np.flatnonzero(changed | ((near >= 0) & changed[near]))
        label = into[label]


def _fold(now: _Clusters, into: Ints) -> _Clusters:
    """The clusters after each has gone `into` another."""
    n = int(into.max(initial=-1)) + 1
    gather = sparse.csr_matrix((np.ones(len(into)), (into, np.arange(len(into)))), shape=(n, len(into)))
    sums = (gather @ now.sums).tocsr()
    sums.sort_indices()
    first, last, half = np.full(n, np.inf), np.full(n, -np.inf), np.zeros(n)
    np.minimum.at(first, into, now.first)
    np.maximum.at(last, into, now.last)
    np.maximum.at(half, into, now.half)
    return _Clusters(sums, np.bincount(into, now.n, n).astype(float), first, last, half)


def _nearest(now: _Clusters, rows: Ints, rule: Rule) -> tuple[Ints, Floats]:
    """The nearest cluster of each of `rows` and their decayed similarity; -1 and 0 when none is near enough."""
    near, value = np.full(len(now.n), -1), np.zeros(len(now.n))
    length = _length(now, rule)
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
        alike = product.data / (length[a] * length[b])
        enough = (alike >= rule.threshold) & (a != b)
        a, b, alike = a[enough], b[enough], alike[enough]
        gap = np.maximum(now.first[a], now.first[b]) - np.minimum(now.last[a], now.last[b])
        alike = np.round(alike * 0.5 ** (np.maximum(gap, 0) / np.maximum(now.half[a], now.half[b])), 9)
        enough = alike >= rule.threshold + rule.growth * np.log2(np.minimum(now.n[a], now.n[b]))
        a, b, alike = _best(a[enough], b[enough], alike[enough])
        near[a], value[a] = b, alike
    return near[rows], value[rows]


def _length(now: _Clusters, rule: Rule) -> Floats:
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


# --- settling ------------------------------------------------------------------------------------------------


def _settle(texts: Texts, bursts: _Clusters, piece: Ints, label: Ints) -> Ints:
    """`label` after the pieces have gone where the words of large bursting stories say they belong."""
    uses = (texts.words > 0).astype(np.float64).tocsr()
    n = len(label)
    pieces = _fold(_Clusters(uses, np.ones(n), texts.first, texts.last, texts.half), piece)
    bursts = _fold(bursts, piece)
    part = np.zeros(len(pieces.n), np.int64)
    part[piece] = label
    bursting = np.bincount(label, np.diff(texts.bursts.indptr) > 0) >= BURST_SHARE * np.bincount(label)
    events = np.flatnonzero(bursting & (np.bincount(label) >= LARGE))
    alone = label.max(initial=-1) + 1 + np.arange(len(part))
    for _ in range(ROUNDS):
        before = part.copy()
        best, value = np.full(len(part), -1), np.full(len(part), -np.inf)
        mine = np.full(len(part), np.inf)
        for event in events:
            rows, odds = _odds(pieces, part, event)
            here = part[rows] == event
            mine[rows[here]] = odds[here]
            better = rows[odds > value[rows]]
            best[better], value[better] = event, odds[odds > value[rows]]
        part = np.where(mine < GOES, alone, part)
        free = ~np.isin(part, events)
        part = np.where(free & (value >= COMES), best, part)
        part = _unite(pieces, bursts, part, events)
        if (part == before).all():
            break
    # a piece may hold a stranger: last, each text for itself, and only those that clearly do not belong go
    singly = _Clusters(uses, np.ones(n), texts.first, texts.last, texts.half)
    label = part[piece]
    found = label.copy()
    for event in events:
        rows, odds = _odds(singly, label, event)
        strange = rows[(label[rows] == event) & (odds < STRANGE)]
        found[strange] = label.max() + 1 + strange
    return found


def _odds(pieces: _Clusters, part: Ints, event: int, of: int = -1) -> tuple[Ints, Floats]:
    """Which pieces lie in the event's time, and the mean log odds of their texts: the event against all else there.

    A piece's own texts never speak for or against it, nor do the texts of event `of`, when that one is judged.
    """
    inside, apart = part == event, part == of
    size = pieces.n[inside].sum()
    if size < LARGE:
        return np.zeros(0, np.int64), np.zeros(0)
    # the bulk, not the ends: one stray piece must not open the door to a week more
    span = np.quantile(np.repeat(pieces.first[inside], pieces.n[inside].astype(int)), [0.01, 0.99])
    near = (pieces.first <= span[1] + REACH_DAYS) & (pieces.last >= span[0] - REACH_DAYS)
    rows = np.flatnonzero(near | inside)
    inside, apart, n = inside[rows], apart[rows], pieces.n[rows]
    counts = pieces.sums[rows]
    row, column, own = np.repeat(np.arange(len(rows)), np.diff(counts.indptr)), counts.indices, counts.data
    rest = ~inside & ~apart
    ours = np.bincount(column, own * inside[row], counts.shape[1])[column] - own * inside[row]
    theirs = np.bincount(column, own * rest[row], counts.shape[1])[column] - own * rest[row]
    n_ours, n_theirs = n[inside].sum() - n * inside, n[rest].sum() - n * rest
    usual = (theirs + 0.5) / (n_theirs + 1)[row]
    weight = SMOOTHING * n_ours[row]
    ratio = np.log((ours + weight * usual) / np.maximum(n_ours[row] + weight, 1e-9) / usual + 1e-9)
    ratio = np.clip(ratio, -MOST, MOST) * (ours + theirs) / (ours + theirs + SHRINK)
    # how much of what was said within a day of it was the event's: before the first post, next to nothing
    when = pieces.first[rows]
    share = n_ours / np.maximum(n_ours + n_theirs, 1)
    local = _beside(when, n * inside) - n * inside, _beside(when, n * rest) - n * rest
    share = (local[0] + PRIOR * share) / (local[0] + local[1] + PRIOR)
    prior = np.log(np.clip(share, 1e-6, 1) / np.clip(1 - share, 1e-6, 1))
    return rows, np.bincount(row, ratio * own, len(rows)) / n + prior


def _beside(when: Floats, n: Floats) -> Floats:
    """How many of `n` lie within a day of each."""
    order = np.argsort(when, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(n[order])])
    begin, end = (np.searchsorted(when[order], when + d, side) for d, side in ((-BESIDE, "left"), (BESIDE, "right")))
    return total[end] - total[begin]


def _unite(pieces: _Clusters, bursts: _Clusters, part: Ints, events: Ints) -> Ints:
    """`part` after the smaller of two events went into the larger, where one would take in the texts of the other.

    They must share bursting words too: two football matches share the words of all football, but not of their day.
    """
    inside = np.flatnonzero(np.isin(part, events))
    if not len(inside):
        return part
    here, which = np.unique(part[inside], return_inverse=True)
    chosen = _Clusters(*(getattr(bursts, f.name)[inside] for f in fields(_Clusters)))
    stories = _fold(chosen, which)
    length = _length(stories, BURST)
    pair = sparse.triu(stories.sums @ stories.sums.T, 1).tocoo()
    a, b = pair.row, pair.col
    gap = np.maximum(stories.first[a], stories.first[b]) - np.minimum(stories.last[a], stories.last[b])
    alike = np.round(pair.data / (length[a] * length[b]) * 0.5 ** (np.maximum(gap, 0) / BURST_HALF_LIFE), 9)
    order = np.lexsort((b, a, -alike))
    now = {int(e): int(e) for e in here}
    part = part.copy()
    for i in order[alike[order] >= KIN]:
        one, other = now[int(here[a[i]])], now[int(here[b[i]])]
        sizes = pieces.n[part == one].sum(), pieces.n[part == other].sum()
        larger, smaller = (one, other) if sizes[0] >= sizes[1] else (other, one)
        if one != other and (_takes(pieces, part, larger, smaller) or _takes(pieces, part, smaller, larger)):
            part[part == smaller] = larger
            now = {e: larger if into == smaller else into for e, into in now.items()}
    return part


def _takes(pieces: _Clusters, part: Ints, event: int, other: int) -> bool:
    """Whether the texts of `other`, by the words of `event`, belong to `event` rather than to all else."""
    rows, odds = _odds(pieces, part, event, of=other)
    theirs = part[rows] == other
    n = pieces.n[rows[theirs]]
    everything = n.sum() == pieces.n[part == other].sum()  # what reaches out of the event's time is another
    return bool(theirs.any() and everything and (odds[theirs] * n).sum() / n.sum() >= SAME)


def in_order(labels: Ints) -> Ints:
    """The same parts, numbered by where each is met first."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]
