"""Bare reactions -> the event that they react to: naive Bayes, a large event against all else that was said.

终身禁入才有威慑力 shares no word with the report of what happened. When hundreds of texts are about one event, its words
and its hour tell (the prior is the event's share of what is said in these hours). Multinomial counts with the add-half
estimate of Krichevsky and Trofimov (1981), which has no constant to choose; repeated until nothing moves, as in
expectation-maximisation with labelled and unlabelled texts (Nigam et al. 2000).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from opinion_lab.analyse.stories.linkage import Bools, Floats, Ints

LARGE = 50  # texts from which an event's words can be learnt (of 20, 30, 50, 100)
HOURS = 12  # before and after a text: what is being said then


def draw_in(words: sparse.csr_matrix, part: Ints, day: Floats, free: Bools) -> Ints:
    """`part` of each text after those that are `free` have gone to the large event that they likelier belong to.

    `words`: rows of texts, any weights; `day`: when, in days.
    """
    uses, part = (words > 0).astype(np.float64).tocsr(), part.copy()
    events = np.flatnonzero(np.bincount(part) >= LARGE)
    all_uses = np.asarray(uses.sum(axis=0)).ravel()
    when = np.sort(day)
    while True:
        rows = np.flatnonzero(free & ~np.isin(part, events) & (np.diff(uses.indptr) > 0))
        if not len(rows) or not len(events):
            return part
        mine = uses[rows]
        row, word = np.repeat(np.arange(len(rows)), np.diff(mine.indptr)), mine.indices
        nearby = _within(when, day[rows]) - 1
        best, value = np.full(len(rows), -1), np.zeros(len(rows))
        for event in events:
            inside = part == event
            n, n_rest = inside.sum(), len(part) - inside.sum() - 1
            ours = np.asarray(uses[np.flatnonzero(inside)].sum(axis=0)).ravel()
            theirs = all_uses - ours - 1  # the text itself speaks for neither
            odds = np.log((ours[word] + 0.5) / (n + 1)) - np.log((theirs[word] + 0.5) / (n_rest + 1))
            near = _within(np.sort(day[inside]), day[rows])
            score = np.bincount(row, odds, len(rows)) + np.log((near + 0.5) / (nearby - near + 0.5))
            best, value = np.where(score > value, event, best), np.maximum(score, value)
        if (best < 0).all():
            return part
        part[rows[best >= 0]] = best[best >= 0]


def _within(when: Floats, day: Floats) -> Ints:
    """How many of `when` (sorted) lie within `HOURS` of each `day`."""
    return np.searchsorted(when, day + HOURS / 24, "right") - np.searchsorted(when, day - HOURS / 24, "left")
