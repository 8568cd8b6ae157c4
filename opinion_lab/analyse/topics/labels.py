"""A topic's words and its label: class TF-IDF (Grootendorst 2022), two to six words, never a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONGEST = 8  # characters of a word in a label: beyond that it is a phrase that was not cut
UNNAMED, SAME = "话题{}", "{}（{}）"  # a topic without a word, and one whose words another has
N_WORDS = 50  # words a topic is known by


def class_tfidf(counts: sp.csr_matrix, label: NDArray[Any], k: int) -> Floats:
    """Topics by words: the share of a topic's posts with the word, weighed down when all posts have it."""
    seen = (counts > 0).astype(np.float64)
    member = sp.csr_matrix((np.ones(len(label)), (np.maximum(label, 0), np.arange(len(label)))), shape=(k, len(label)))
    member = member @ sp.diags((label >= 0).astype(np.float64))
    inside = np.asarray((member @ seen).todense())
    total = np.asarray(seen.sum(0)).ravel()
    share = inside / np.maximum(np.asarray(member.sum(1)), 1)
    return np.asarray(share * np.log1p(seen.shape[0] / np.maximum(total, 1)))


def top(score: Floats, n: int) -> list[NDArray[np.int64]]:
    """The best `n` of each row, equal ones in order."""
    return [np.argsort(-row, kind="stable")[:n] for row in score]


def class_words(counts: sp.csr_matrix, label: NDArray[Any], k: int, words: pl.DataFrame) -> list[list[str]]:
    """Each topic's words, best first; one that the topic never uses is left out."""
    score = class_tfidf(counts, label, k)
    names = words.sort("id")["word"].to_list()
    return [[names[i] for i in best if score[t, i] > 0] for t, best in enumerate(top(score, N_WORDS))]


def each(topics: list[list[str]]) -> list[str]:
    """Labels that differ, the larger topics' first."""
    used: set[str] = set()
    labels: list[str] = []
    for words in topics:
        chosen = _label(words, used)
        used.update(chosen)
        text = "、".join(chosen) or UNNAMED.format(len(labels) + 1)
        labels.append(text if text not in labels else SAME.format(text, len(labels) + 1))
    return labels


def _label(words: list[str], used: set[str]) -> list[str]:
    """Three words of the topic, none within another, none that a larger topic's label holds if that can be helped."""
    fit = [w for w in words if 1 < len(w) <= LONGEST and any(c.isalpha() for c in w)]
    chosen: list[str] = []
    for word in sorted(fit[:30], key=lambda w: w in used) + words:
        if len(chosen) < 3 and not any(word in c or c in word for c in chosen):
            chosen.append(word)
    return chosen
