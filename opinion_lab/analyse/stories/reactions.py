"""Bare reactions -> the event that they react to: naive Bayes, a large event against all else that was said.

终身禁入才有威慑力 shares no word with the report of what happened. When many texts are about one event, its words and
its hour tell (the prior is the event's share of what is said in these hours); repeated until nothing moves, as in
expectation-maximisation with labelled and unlabelled texts (Nigam et al. 2000). An event's use of a word is smoothed
towards everybody's: smoothed towards nothing, an event of twenty texts takes all that shares one rare word with it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from opinion_lab.analyse.stories.linkage import LARGE, Bools, Floats, Ints

SMOOTHING = 0.1  # of an event's texts: so many more are taken to use each word as all else does
SHRINK = 10.0  # uses at which a word's log odds count half
HOURS = 12  # before and after a text: what is being said then
ROUNDS = 8  # they settle in three or four
CELLS = 20_000_000  # of one block of scores
LIKELIEST = 8  # events that a piece of several texts is asked of exactly: those likeliest by the sum of its texts


def draw_in(words: sparse.csr_matrix, part: Ints, day: Floats, free: Bools, fixed: Bools) -> Ints:
    """`part` of each text after what is `free` has gone to the larger event that it likelier belongs to.

    What linkage joined goes as a whole, by the mean over its texts; a text that linkage put into a part with `fixed`
    texts is asked for itself. What it says itself speaks for neither side. `words`: rows of texts, any weights; `day`:
    when, in days.
    """
    uses = (words > 0).astype(np.float64).tocsr()
    texts = np.flatnonzero(free & (np.diff(uses.indptr) > 0))
    if not len(texts):
        return part
    placed = np.isin(part, part[fixed])
    key = np.where(placed, len(part) + np.arange(len(part)), part)[texts]
    _, first, piece = np.unique(key, return_index=True, return_inverse=True)
    gather = sparse.csr_matrix((np.ones(len(texts)), (piece, texts)), shape=(len(first), len(part)))
    own, n_own = (gather @ uses).tocsr(), np.bincount(piece).astype(float)
    for _ in range(ROUNDS):
        size = np.bincount(part)
        events, home = np.flatnonzero(size >= LARGE), part[texts[first]]
        if not len(events):
            return part
        best = np.full(len(first), -1)
        step = max(1, CELLS // len(events))
        for start in range(0, len(first), step):
            some = slice(start, start + step)
            score = _scores(uses, part, day, events, home[some], gather[some], own[some], n_own[some])
            likely = score.max(axis=1) > 0
            best[some] = np.where(likely, events[score.argmax(axis=1)], -1)
        goes = (best >= 0) & (best != home)
        # an event that goes itself takes nobody in, this time
        goes &= ~np.isin(best, home[goes & (n_own >= size[home])])
        if not goes.any():
            return part
        moved = part.copy()
        moved[texts] = np.where(goes[piece], best[piece], part[texts])
        # what may not go by itself follows what it was joined with
        into = np.arange(len(size))
        into[home[goes]] = best[goes]
        follows = ~free & ~placed
        moved[follows] = into[part[follows]]
        part = moved
    return part


def _scores(
    uses: sparse.csr_matrix,
    part: Ints,
    day: Floats,
    events: Ints,
    home: Ints,
    gather: sparse.csr_matrix,
    own: sparse.csr_matrix,
    n_own: Floats,
) -> Floats:
    """Log odds of each piece (a row of `gather`) and event: that event against all else; 0 where it may not go."""
    place = np.full(part.max() + 1, -1)
    place[events] = np.arange(len(events))
    inside = np.flatnonzero(place[part] >= 0)
    at = (place[part[inside]], inside)
    members = sparse.csr_matrix((np.ones(len(inside)), at), shape=(len(events), len(part)))
    ours = (members @ uses).tocsr()
    ours.sort_indices()  # looked up word by word: in order it is a search, without it a walk through all its words
    n = np.bincount(at[0], minlength=len(events)).astype(float)
    everybody = np.asarray(uses.sum(axis=0)).ravel()
    said = _alone(own, ours, n, everybody, len(part))
    near, nearby = _nearby(part, day, place, len(events), gather, n_own)
    several = np.flatnonzero(n_own > 1)
    rough = said[several] / n_own[several, None] + _prior(near[several], nearby[several])
    likely = np.argpartition(-rough, min(LIKELIEST, len(n)) - 1, axis=1)[:, :LIKELIEST]
    said[several] = -np.inf
    said[several[:, None], likely] = _exactly(own[several], n_own[several], ours, n, likely, everybody, len(part))
    mine = place[home]
    row = np.flatnonzero(mine >= 0)
    at_home = _exactly(own[row], n_own[row], ours, n, mine[row, None], everybody, len(part), inside=True)
    said[row, mine[row]] = at_home[:, 0]
    near[row, mine[row]] = np.maximum(near[row, mine[row]] - n_own[row], 0)
    score = said + _prior(near, nearby)
    larger = (n_own[:, None] < n) | ((n_own[:, None] == n) & (home[:, None] > events))
    larger[row, mine[row]] = n[mine[row]] - n_own[row] >= LARGE - 1
    return np.where(larger, score, 0)


def _odds(ours: Floats, n: Floats, theirs: Floats, n_theirs: Floats) -> Floats:
    """Log odds that a word speaks for an event whose `n` texts use it so often, against all else."""
    usual = (np.maximum(theirs, 0) + 0.5) / (np.maximum(n_theirs, 0) + 1)
    more = SMOOTHING * np.maximum(n, 1e-9)
    uses = np.maximum(ours, 0) + np.maximum(theirs, 0)
    return np.log((np.maximum(ours, 0) / (more * usual) + 1) * SMOOTHING / (1 + SMOOTHING)) * uses / (uses + SHRINK)


def _alone(own: sparse.csr_matrix, ours: sparse.csr_matrix, n: Floats, everybody: Floats, texts: int) -> Floats:
    """What the words of pieces of one text say for each event: products of sparse rows."""
    event, word = np.repeat(np.arange(len(n)), np.diff(ours.indptr)), ours.indices
    unsaid = _odds(np.zeros(1), np.ones(1), everybody - 1, np.full(1, texts))  # by a word that is not the event's
    gain = ours.copy()
    theirs = everybody[word] - ours.data - 1
    gain.data = _odds(ours.data, n[event], theirs, texts - n[event] - 1) - unsaid[word]
    return (own @ gain.T).toarray() + (own @ unsaid)[:, None]


def _exactly(
    own: sparse.csr_matrix,
    n_own: Floats,
    ours: sparse.csr_matrix,
    n: Floats,
    at: Ints,
    everybody: Floats,
    texts: int,
    *,
    inside: bool = False,
) -> Floats:
    """What the words of each piece say for some events (`at`, a row a piece), its own uses being on neither side.

    `inside`: the piece is in the event, and is judged by the rest of it.
    """
    row, word = np.repeat(np.arange(len(at)), np.diff(own.indptr)), own.indices
    said = np.zeros(at.shape)
    for which in range(at.shape[1]) if len(row) else ():
        event = at[row, which]
        theirs = np.asarray(ours[event, word]).ravel() - inside * own.data
        size = n[event] - inside * n_own[row]
        odds = _odds(theirs, size, everybody[word] - own.data - theirs, texts - n_own[row] - size)
        said[:, which] = np.bincount(row, odds * own.data, len(at)) / n_own
    return said


def _prior(near: Floats, nearby: Floats) -> Floats:
    """Log odds of an event, by its share of what is said at the time of each piece."""
    return np.asarray(np.log((near + 0.5) / np.maximum(nearby[:, None] - near + 0.5, 0.5)))


def _nearby(
    part: Ints, day: Floats, place: Ints, n_events: int, gather: sparse.csr_matrix, n_own: Floats
) -> tuple[Floats, Floats]:
    """How many texts of each event, and of all, lie within `HOURS` of each piece's; the piece itself not among all."""
    hours, hour = np.unique(np.floor(day * 24).astype(np.int64), return_inverse=True)
    inside = place[part] >= 0
    counts = np.zeros((n_events + 1, len(hours) + 1))
    np.add.at(counts, (place[part[inside]], hour[inside] + 1), 1)
    np.add.at(counts[n_events], hour + 1, 1)
    total = counts.cumsum(axis=1)
    begin, end = np.searchsorted(hours, hours - HOURS, "left"), np.searchsorted(hours, hours + HOURS, "right")
    around = total[:, end] - total[:, begin]
    when = sparse.csr_matrix((np.ones(len(hour)), (np.arange(len(hour)), hour)), shape=(len(hour), len(hours)))
    near = (gather @ when) @ around.T / n_own[:, None]
    return near[:, :-1], near[:, -1] - 1
