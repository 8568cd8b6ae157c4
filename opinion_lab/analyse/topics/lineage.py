"""Topics from run to run: tomorrow's are matched to today's, and what is born, split, merged or died is said so.

Two topics are held together by the posts that both runs saw; where these are too few, by their words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab.analyse.topics.model import NONE, TopicModel
from opinion_lab.config import LabError

Floats = NDArray[np.float64]

COLUMNS = ("topic_id", "label", "words", "n_posts", "next_id", "posts")
FEW = 5  # posts seen by both runs, below which a topic is known by its words
SAME = 0.4  # of all that either holds: above it, one topic goes on
PART = 0.3  # share of a topic that makes a part of it, when most of the other comes from there
MOST = 0.5

CONTINUED, BORN, SPLIT, MERGED, DIED = "continued", "born", "split", "merged", "died"


def state(model: TopicModel) -> pl.DataFrame:
    """What must be kept of a run for the next: topic_id, label, words, n_posts, next_id, posts (list of post_id)."""
    shown = model.topics.filter(pl.col("topic_id") != NONE)
    posts = model.post_topics.sort("post_id").group_by("topic_id").agg(posts="post_id")
    unused = max([model.next_id, *(shown["topic_id"] + 1)])
    found = shown.join(posts, on="topic_id", how="left", maintain_order="left")
    return found.select(
        "topic_id",
        "label",
        "words",
        "n_posts",
        pl.lit(unused, pl.Int64).alias("next_id"),
        pl.col("posts").fill_null([]),
    )


def match(old: pl.DataFrame | TopicModel | None, new: TopicModel) -> tuple[TopicModel, pl.DataFrame]:
    """`new` with the ids of `old` (a model, or its `state`) where a topic goes on, and what became of each topic.

    Changes: topic_id, label, what (continued, born, split, merged, died), before (labels of the old topics it came
    from), n_before, n_posts, alike (of the old topic that goes on, 0..1); in order of n_posts, the dead last. An id
    once given is never given to another topic. Without `old` all are as they were, and the changes are empty.
    """
    from scipy.optimize import linear_sum_assignment

    before = state(old) if isinstance(old, TopicModel) else old
    now = state(new)
    if before is None:
        return new, _changes([])
    if set(before.columns) != set(COLUMNS):
        raise LabError("保存的上次话题格式不对，可能来自旧版本。请删除 data/processed/models 下的话题文件后重试。")
    if before.is_empty():
        return new, _changes([_row(t, BORN, []) for t in now.iter_rows(named=True)])
    gone, come = _shares(before, now)
    alike = gone * come / np.maximum(gone + come - gone * come, 1e-12)  # Jaccard, from the two shares
    pairs = {j: i for i, j in zip(*linear_sum_assignment(-alike), strict=True) if alike[i, j] >= SAME}
    olds, news = before.to_dicts(), now.to_dicts()
    unused = int(before["next_id"].max())  # type: ignore[arg-type]
    ids, rows, ended_in = [], [], set()
    for j, topic in enumerate(news):
        parts = [i for i in range(len(olds)) if gone[i, j] >= MOST and come[i, j] >= PART]  # these went into it
        whole = [i for i in range(len(olds)) if come[i, j] >= MOST and gone[i, j] >= PART]  # it came out of these
        split = [i for i in whole if sum(come[i, n] >= MOST and gone[i, n] >= PART for n in range(len(news))) > 1]
        merged = len(parts) > 1
        ended_in |= {*parts, *split} if merged or split else set()
        if j in pairs:
            topic["topic_id"] = olds[pairs[j]]["topic_id"]
        else:
            topic["topic_id"], unused = unused, unused + 1
        ids.append(topic["topic_id"])
        if merged:
            rows.append(_row(topic, MERGED, [olds[i] for i in parts]))
        elif split:
            rows.append(_row(topic, SPLIT, [olds[i] for i in split]))
        elif j in pairs:
            rows.append(_row(topic, CONTINUED, [olds[pairs[j]]], float(alike[pairs[j], j])))
        else:
            rows.append(_row(topic, BORN, []))
    for i, topic in enumerate(olds):
        if i not in pairs.values() and i not in ended_in:
            rows.append({**_row(topic, DIED, [topic]), "n_posts": 0})
    return _renamed(new, ids, unused), _changes(rows)


def _shares(before: pl.DataFrame, now: pl.DataFrame) -> tuple[Floats, Floats]:
    """Old topics by new: the share of the old that went there, and the share of the new that came from there."""
    was = before.select(pl.int_range(pl.len()).alias("i"), "posts").explode("posts").drop_nulls()
    here = now.select(pl.int_range(pl.len()).alias("j"), "posts").explode("posts").drop_nulls()
    both = np.zeros((before.height, now.height))
    for i, j, n in was.join(here, on="posts").group_by("i", "j").agg(n=pl.len()).iter_rows():
        both[i, j] = n
    words = _words(before, now)
    shared_old, shared_new = both.sum(1, keepdims=True), both.sum(0, keepdims=True)
    gone = np.where(shared_old >= FEW, both / np.maximum(shared_old, 1), words)
    come = np.where(shared_new >= FEW, both / np.maximum(shared_new, 1), words)
    return gone, come


def _words(before: pl.DataFrame, now: pl.DataFrame) -> Floats:
    """Cosine of their words, the first ones counting most."""
    names = sorted({w for frame in (before, now) for words in frame["words"] for w in words})
    at = {w: i for i, w in enumerate(names)}

    def laid(frame: pl.DataFrame) -> Floats:
        table = np.zeros((frame.height, max(1, len(names))))
        for row, words in enumerate(frame["words"]):
            for rank, word in enumerate(words):
                table[row, at[word]] = 1 / np.sqrt(rank + 1)
        return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)

    return laid(before) @ laid(now).T


def _row(topic: dict, what: str, origins: list[dict], alike: float | None = None) -> dict:
    return {
        "topic_id": topic["topic_id"],
        "label": topic["label"],
        "what": what,
        "before": [o["label"] for o in origins],
        "n_before": sum(o["n_posts"] for o in origins) if origins else None,
        "n_posts": topic["n_posts"],
        "alike": alike,
    }


def _changes(rows: list[dict]) -> pl.DataFrame:
    text, number = pl.String, pl.Int64
    columns: dict[str, Any] = {"topic_id": number, "label": text, "what": text, "before": pl.List(text)}
    columns |= {"n_before": number, "n_posts": number, "alike": pl.Float64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def _renamed(model: TopicModel, ids: list[int], next_id: int) -> TopicModel:
    """The same topics under other ids, in the same order."""
    own = model.topics.filter(pl.col("topic_id") != NONE)["topic_id"].to_list()
    new = {**dict(zip(own, ids, strict=True)), NONE: NONE}
    named = pl.col("topic_id").replace_strict(new, return_dtype=pl.Int64)
    return replace(
        model,
        topics=model.topics.with_columns(named),
        post_topics=model.post_topics.with_columns(named),
        stamps=model.stamps.with_columns(named),
        division=replace(model.division, ids=tuple(new[i] for i in model.division.ids)),
        next_id=next_id,
    )
