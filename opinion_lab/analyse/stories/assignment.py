"""Pieces and events -> what belongs to which event, by the words of the event.

Naive Bayes, an event against all else that was said in its time. A piece is judged by the words of the others, never by
its own: it comes, goes or stays. Events that share bursting words and would take in each other's texts become one.
Only events of a certain size are asked, for the words of a few texts prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from opinion_lab.analyse.stories import linkage
from opinion_lab.analyse.stories.linkage import Clusters, Floats, Ints, Texts

LARGE = 30  # texts from which an event's words can be learnt
REACH_DAYS = 7.0  # before and after the bulk of an event: where it may find more
BESIDE_DAYS, SPAN_TEXTS = 0.5, 5.0  # around a piece: how much of the talk is the event's; weight of its whole time
SMOOTHING = 0.1  # of an event's texts: so many more are taken to use each word as all else does
SHRINK, MOST = 5.0, 4.0  # uses at which a word's log odds count half; most that one word can say
KIN = 0.1  # similarity of bursting words from which two events may be one
SPEAKS = 2.0  # log odds that the words alone must give before a piece joins
ROUNDS = 8  # they settle in three or four
STRANGE = -4.0  # log odds below which a single text leaves its piece


@dataclass(frozen=True)
class _Said:
    """Rows that are judged: how often each uses each word, and what must not speak for it (its own piece).

    Only the `core` of an event, what burst together, tells its time: were what is drawn in to open the door to a week
    more, an event would grow from week to week into all talk of its kind.
    """

    rows: Clusters
    own: sparse.csr_matrix
    n_own: Floats
    core: NDArray[np.bool_]


def settle(texts: Texts, piece: Ints, label: Ints) -> Ints:
    """`label` (the part of each text) after the pieces have gone where they belong."""
    uses = (texts.words > 0).astype(np.float64).tocsr()
    singly = Clusters(uses, np.ones(len(label)), texts.first, texts.last, texts.half)
    pieces = linkage.fold(singly, piece)
    bursts = linkage.fold(linkage.bursting(texts, piece), piece)
    part = np.zeros(len(pieces.n), np.int64)
    part[piece] = label
    size = np.bincount(label)
    lively = np.bincount(label, np.diff(texts.bursts.indptr) > 0) >= linkage.BURST_SHARE * size
    events = np.flatnonzero(lively & (size >= LARGE))
    said = _Said(pieces, pieces.sums, pieces.n, np.isin(part, events))
    for _ in range(ROUNDS):
        before = part
        part = _move(said, part, events)
        part = _unite(said, bursts, part, events)
        if (part == before).all():
            break
    # a piece may hold a stranger: last, each text for itself, by the words of the other pieces
    own = uses.multiply(pieces.sums[piece]).tocsr()
    return _leave(_Said(singly, own, pieces.n[piece], said.core[piece]), part[piece], events)


def _move(said: _Said, part: Ints, events: Ints) -> Ints:
    """`part` after pieces more likely something else have left their event, and free ones joined the likeliest."""
    best, value, mine = np.full(len(part), -1), np.full(len(part), -np.inf), np.full(len(part), np.inf)
    for event in events:
        rows, odds = _odds(said, part, event)
        here = part[rows] == event
        if not here.any():
            continue
        # the largest piece is the event: without it the others have little to judge by
        mine[rows[here]] = np.where(np.arange(here.sum()) == np.argmax(said.rows.n[rows[here]]), np.inf, odds[here])
        better = odds > value[rows]
        best[rows[better]], value[rows[better]] = event, odds[better]
    alone = part.max(initial=-1) + 1 + np.arange(len(part))
    part = np.where(mine < 0, alone, part)
    return np.where(~np.isin(part, events) & (value >= 0), best, part)


def _leave(said: _Said, label: Ints, events: Ints) -> Ints:
    """`label` after the texts that clearly do not belong to their event went each for itself."""
    found = label.copy()
    for event in events:
        rows, odds = _odds(said, label, event)
        strange = rows[(label[rows] == event) & (odds < STRANGE)]
        found[strange] = label.max() + 1 + strange
    return found


def _odds(said: _Said, part: Ints, event: int, of: int = -1) -> tuple[Ints, Floats]:
    """Which rows lie in the event's time, and the mean log odds of their texts: the event against all else there.

    A row's own piece speaks neither for nor against it, nor does event `of`, when that one is judged.
    """
    all_rows, inside = said.rows, part == event
    core = inside & said.core
    if all_rows.n[core].sum() < LARGE:
        return np.zeros(0, np.int64), np.zeros(0)
    # the bulk, not the ends: one stray piece must not set the time
    bulk = np.quantile(np.repeat(all_rows.first[core], all_rows.n[core].astype(int)), [0.01, 0.99])
    near = (all_rows.first <= bulk[1] + REACH_DAYS) & (all_rows.last >= bulk[0] - REACH_DAYS)
    rows = np.flatnonzero(near | inside)
    inside, rest = inside[rows], (part[rows] != event) & (part[rows] != of)
    n, n_own, counts, own = all_rows.n[rows], said.n_own[rows], all_rows.sums[rows], said.own[rows].data
    row, word = np.repeat(np.arange(len(rows)), np.diff(counts.indptr)), counts.indices
    # a piece may reach out of the event's time: then there is less to take off than the whole of it
    ours = np.maximum(np.bincount(word, counts.data * inside[row], counts.shape[1])[word] - own * inside[row], 0)
    theirs = np.maximum(np.bincount(word, counts.data * rest[row], counts.shape[1])[word] - own * rest[row], 0)
    n_ours = np.maximum(n[inside].sum() - n_own * inside, 0)
    n_theirs = np.maximum(n[rest].sum() - n_own * rest, 0)
    usual = (theirs + 0.5) / (n_theirs + 1)[row]
    more = SMOOTHING * n_ours[row]
    ratio = np.log((ours + more * usual + 1e-9) / (n_ours[row] + more + 1e-9) / usual)
    ratio = np.clip(ratio, -MOST, MOST) * (ours + theirs) / (ours + theirs + SHRINK)
    # before the first post next to nothing of the talk is the event's, on its great day a third
    when = all_rows.first[rows]
    near_ours = np.maximum(_beside(when, n * inside) - n_own * inside, 0)
    near_theirs = np.maximum(_beside(when, n * rest) - n_own * rest, 0)
    share = n_ours / np.maximum(n_ours + n_theirs, 1)
    share = (near_ours + SPAN_TEXTS * share) / (near_ours + near_theirs + SPAN_TEXTS)
    prior = np.log(np.clip(share, 1e-6, 1) / np.clip(1 - share, 1e-6, 1))
    words = np.bincount(row, ratio * counts.data, len(rows)) / n
    # that much is said of it these days is no reason: the words must speak for it too
    return rows, np.where((words >= SPEAKS) | inside | (part[rows] == of), words + prior, -np.inf)


def _beside(when: Floats, n: Floats) -> Floats:
    """How many of `n` lie near each in time."""
    order = np.argsort(when, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(n[order])])
    begin = np.searchsorted(when[order], when - BESIDE_DAYS, "left")
    return total[np.searchsorted(when[order], when + BESIDE_DAYS, "right")] - total[begin]


def _unite(said: _Said, bursts: Clusters, part: Ints, events: Ints) -> Ints:
    """`part` after the smaller of two events went into the larger, where one would take in the texts of the other.

    They must share bursting words too: two football matches share the words of all football, but not of their day.
    """
    inside = np.flatnonzero(np.isin(part, events))
    if not len(inside):
        return part
    here, which = np.unique(part[inside], return_inverse=True)
    stories = linkage.fold(Clusters(*(getattr(bursts, f.name)[inside] for f in fields(Clusters))), which)
    length = linkage.length(stories, linkage.BURST)
    pair = sparse.triu(stories.sums @ stories.sums.T, 1).tocoo()
    a, b = pair.row, pair.col
    gap = np.maximum(stories.first[a], stories.first[b]) - np.minimum(stories.last[a], stories.last[b])
    decay = 0.5 ** (np.maximum(gap, 0) / linkage.BURST_HALF_LIFE)
    alike = np.round(pair.data / (length[a] * length[b]) * decay, 9)
    order = np.lexsort((b, a, -alike))
    now = {int(e): int(e) for e in here}
    part = part.copy()
    for i in order[alike[order] >= KIN]:
        one, other = now[int(here[a[i]])], now[int(here[b[i]])]
        n = [said.rows.n[part == e].sum() for e in (one, other)]
        larger, smaller = (one, other) if n[0] >= n[1] else (other, one)
        if one != other and (_takes(said, part, larger, smaller) or _takes(said, part, smaller, larger)):
            part[part == smaller] = larger
            now = {e: larger if into == smaller else into for e, into in now.items()}
    return part


def _takes(said: _Said, part: Ints, event: int, other: int) -> bool:
    """Whether the texts of `other`, by the words of `event`, belong to `event` rather than to all else."""
    rows, odds = _odds(said, part, event, of=other)
    theirs = part[rows] == other
    n = said.rows.n[rows[theirs]]
    everything = n.sum() == said.rows.n[part == other].sum()  # what reaches out of the event's time is another
    return bool(theirs.any() and everything and (odds[theirs] * n).sum() >= 0)
