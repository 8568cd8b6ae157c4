"""A topic's words and its label: class TF-IDF (Grootendorst 2022), up to three phrases or words, never a sentence.

Where most posts with a word say it beside the same other one, the two stand in the label as they stand in the posts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONGEST = 8  # characters of a word in a label: beyond that it is a phrase that was not cut
UNNAMED, SAME = "话题{}", "{}（{}）"  # a topic without a word, and one whose words another has
N_WORDS = 50  # words a topic is known by
SHARED, FEWEST = 0.35, 3  # share of a word's posts that say the phrase, and posts, for it to stand for the word


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


def phrases(said: pl.DataFrame, k: int) -> list[dict[str, str]]:
    """Of each topic its words (key) and the two words, as they stand in its posts, in which they mostly come.

    `said`: topic, tokens (in order) and text of each post.
    """
    rows = said.filter(pl.col("topic") >= 0).with_row_index("row").select("row", "topic", "text", word="tokens")
    words = rows.drop("text").explode("word").drop_nulls("word")
    often = words.unique().group_by("topic", "word").agg(n_word=pl.len())
    pairs = words.with_columns(other=pl.col("word").shift(-1).over("row")).drop_nulls("other")
    pairs = pairs.filter(pl.col("word") != pl.col("other")).unique().join(rows.select("row", "text"), on="row")
    pairs = pairs.with_columns(phrase=pl.concat_str("word", "other"))
    pairs = pairs.filter(pl.col("text").str.contains(pl.col("phrase"), literal=True))
    pairs = pairs.group_by("topic", "word", "other", "phrase").agg(n=pl.len()).filter(pl.col("n") >= FEWEST)
    each_word = pl.concat([pairs, pairs.with_columns(word="other")]).join(often, on=["topic", "word"])
    each_word = each_word.filter(pl.col("n") >= SHARED * pl.col("n_word"))
    each_word = each_word.filter(pl.col("phrase").str.len_chars() <= LONGEST)
    best = each_word.sort("n", "phrase", descending=[True, False]).unique(["topic", "word"], keep="first")
    found: list[dict[str, str]] = [{} for _ in range(k)]
    for topic, word, phrase in best.select("topic", "word", "phrase").sort("topic", "word").iter_rows():
        found[topic][word] = phrase
    return found


def each(topics: list[list[str]], never: re.Pattern[str], phrased: Sequence[Mapping[str, str]] = ()) -> list[str]:
    """Labels that differ, the larger topics' first. `never`: words that name nothing alone; `phrased`: `phrases`."""
    used: set[str] = set()
    labels: list[str] = []
    for n, words in enumerate(topics):
        chosen = _label([w for w in words if not never.fullmatch(w)] or words, used)
        used.update(chosen)
        chosen = _whole(chosen, phrased[n]) if phrased else chosen
        text = "、".join(chosen) or UNNAMED.format(len(labels) + 1)
        labels.append(text if text not in labels else SAME.format(text, len(labels) + 1))
    return labels


def _whole(words: list[str], phrased: Mapping[str, str]) -> list[str]:
    """The words, those of a phrase as the phrase; a phrase that says again what an earlier one said stays a word."""
    chosen: list[str] = []
    for word in words:
        phrase = phrased.get(word, word)
        rest = phrase.replace(word, "")
        if any(word in c for c in chosen):
            continue
        chosen.append(word if rest and any(rest in c for c in chosen) else phrase)
    return chosen


def _label(words: list[str], used: set[str]) -> list[str]:
    """Three words of the topic, none within another, none that a larger topic's label holds if that can be helped."""
    fit = [w for w in words if 1 < len(w) <= LONGEST and any(c.isalpha() for c in w)]
    chosen: list[str] = []
    for word in sorted(fit[:30], key=lambda w: w in used) + words:
        if len(chosen) < 3 and not any(word in c or c in word for c in chosen):
            chosen.append(word)
    return chosen
