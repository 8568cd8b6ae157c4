"""Bare reactions -> the event that they react to: naive Bayes, a large event against all else that was said.

终身禁入才有威慑力 shares no word with the report of what happened. When hundreds of texts are about one event, its
words and its hour tell (the prior is the event's share of what is said in these hours). Multinomial counts with the
add-half estimate of Krichevsky and Trofimov (1981), which has no constant to choose; repeated until nothing moves, as
in expectation-maximisation with labelled and unlabelled texts (Nigam et al. 2000).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from tests.benchmarks.linkage.linkage import Bools, Floats, Ints

LARGE = 50  # texts from which an event's words can be learnt (of 20, 30, 50, 100)
HOURS = 12  # before and after a text: what is being said then


def draw_in(words: sparse.csr_matrix, part: Ints, day: Floats, free: Bools) -> Ints:
    """`part` of each text after parts that are `free` have gone to the larger event that they likelier belong to.

    A part is judged as a whole, by the mean over its texts, so that what linkage joined stays together; what it says
    itself speaks for neither side. `words`: rows of texts, any weights; `day`: when, in days.
    """
    uses, part = (words > 0).astype(np.float64).tocsr(), part.copy()
    all_uses, when = np.asarray(uses.sum(axis=0)).ravel(), np.sort(day)
    while True:
        size = np.bincount(part)
        events, pieces = np.flatnonzero(size >= LARGE), np.unique(part[free & (np.diff(uses.indptr) > 0)])
        if not len(pieces) or not len(events):
            return part
        gather = sparse.csr_matrix((np.ones(len(part)), (part, np.arange(len(part)))))[pieces]
        own, n_own = (gather @ uses).tocsr(), size[pieces]
        row, word = np.repeat(np.arange(len(pieces)), np.diff(own.indptr)), own.indices
        nearby = gather @ _within(when, day) / n_own - 1
        best, value = np.full(len(pieces), -1), np.zeros(len(pieces))
        for event in events:
            inside = part == event
            ours = np.asarray(uses[np.flatnonzero(inside)].sum(axis=0)).ravel()[word]
            theirs = np.maximum(all_uses[word] - ours - own.data, 0)
            n, n_rest = inside.sum(), np.maximum(len(part) - inside.sum() - n_own, 0)
            odds = np.log((ours + 0.5) / (n + 1)) - np.log((theirs + 0.5) / (n_rest[row] + 1))
            odds = np.where(ours == 0, np.minimum(odds, 0), odds)  # what it never says cannot speak for it
            near = gather @ _within(np.sort(day[inside]), day) / n_own
            prior = np.log((near + 0.5) / np.maximum(nearby - near + 0.5, 0.5))
            score = np.bincount(row, odds * own.data, len(pieces)) / n_own + prior
            score[(n_own > n) | ((n_own == n) & (pieces <= event))] = 0
            best, value = np.where(score > value, event, best), np.maximum(score, value)
        if (best < 0).all():
            return part
        into = np.arange(len(size))
        # an event that goes itself takes nobody in, this time
        goes = (best >= 0) & ~np.isin(best, pieces[best >= 0])
        if not goes.any():
            return part
        into[pieces[goes]] = best[goes]
        part = into[part]


def _within(when: Floats, day: Floats) -> Ints:
    """How many of `when` (sorted) lie within `HOURS` of each `day`."""
    return np.searchsorted(when, day + HOURS / 24, "right") - np.searchsorted(when, day - HOURS / 24, "left")
