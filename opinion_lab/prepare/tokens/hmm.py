"""Jieba's hidden Markov model: how single Han characters in a row make up words that no dictionary has."""

from __future__ import annotations

from functools import cache

import numpy as np

from opinion_lab.prepare.tokens import dictionary

_LEAST = -3.14e100  # MIN_FLOAT of jieba.finalseg
_STATES = "BMES"
_LESSER, _GREATER = np.array([2, 0, 0, 2], np.uint8), np.array([3, 1, 1, 3], np.uint8)  # ways into B M E S, by letter


def within(codes: np.ndarray, first: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The places of those characters that do not begin a word, in runs from `first` to `end`: `jieba.finalseg`.

    All runs go a character at a time, so the cost is that of the longest. `codes`: code points, of Han in the runs.
    Sums are taken in jieba's order. Of two equal ways jieba's max over (sum, letter) takes the greater letter; among
    characters that the model does not know most ways are equal, so this decides.
    """
    if not len(first):
        return first
    emit, start, from_lesser, from_greater = _model()
    order = np.argsort(first - end, kind="stable")  # longest first: at each step the runs still going are the first k
    first, lengths = first[order], (end - first)[order]
    going = np.searchsorted(-lengths, -np.arange(lengths[0]))
    codes = codes.astype(int) - 0x4E00
    sums = start + emit[:, codes[first]]
    back = np.empty((4, len(codes)), np.uint8)
    for step in range(1, lengths[0]):
        k = going[step]
        at = first[:k] + step
        seen = emit[:, codes[at]]
        one = sums[:, :k][_LESSER] + from_lesser + seen
        two = sums[:, :k][_GREATER] + from_greater + seen
        back[:, at] = np.where(one > two, _LESSER[:, None], _GREATER[:, None])
        sums[:, :k] = np.maximum(one, two)
    state = np.where(sums[2] > sums[3], 2, 3)
    inside = np.zeros(len(codes), bool)
    for step in range(lengths[0] - 1, 0, -1):
        k = going[step]
        at = first[:k] + step
        inside[at] = (state[:k] == 1) | (state[:k] == 2)
        state[:k] = back[state[:k], at]
    return np.flatnonzero(inside)


@cache
def _model() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The logarithms of jieba.finalseg: emissions (column: character from U+4E00), starts, and transitions by state.

    The rows are the states B M E S; transitions hold those from _LESSER first, then those from _GREATER.
    """
    starts, ways_on, emissions = (dictionary.probabilities(f"prob_{part}") for part in ("start", "trans", "emit"))
    emit = np.array([[emissions[y].get(chr(c), _LEAST) for c in range(0x4E00, 0x9FD6)] for y in _STATES])
    lesser, greater = (
        np.array([[ways_on[_STATES[a]][y]] for a, y in zip(ways, _STATES, strict=True)]) for ways in (_LESSER, _GREATER)
    )
    return emit, np.array([[starts[y]] for y in _STATES]), lesser, greater
