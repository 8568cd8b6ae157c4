"""What people talk about: posts divided into topics, the words that set each apart, and which topics hold.

A post is the TF-IDF weighted mean of its words' vectors (`vectors`); `clustering` divides posts, `labels` names the
topics. Copies count once for fitting and fully for size. Each fit is done again on ten samples: a topic that comes back
in eight of them holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from opinion_lab import schemas
from opinion_lab.analyse.topics import clustering, labels, stability, vectors
from opinion_lab.analyse.topics.clustering import Engine
from opinion_lab.analyse.topics.division import NONE as NONE, Division, divide
from opinion_lab.config import LabError
from opinion_lab.facts import fact
from opinion_lab.prepare import normalize
from opinion_lab.rules import SHIPPED

NO_TOPIC = "未归类"
MIN_POSTS = 30  # different posts with words: below that a topic is an anecdote
MAX_FITTED = 8_000  # different posts that make the graph; the rest are assigned
AGREE = 0.4  # stability below which the borders of topics are no more than one way to draw them
ENOUGH = 500  # different posts that teach the relations of words by themselves


@dataclass(frozen=True)
class TopicModel:
    """Topics found in one set of posts. `assign` puts any tokens into them.

    `topics` (Topic) is in order of size, then a row of topic_id -1 with what fits none; `post_topics` (PostTopic) the
    posts it was fitted on. `stamps` says which topics hold: topic_id, label, n_posts, survived (of ten refits with
    other seeds and four fifths of the posts), holds, shown. `curve` says how the number of topics was chosen: n_topics,
    stability (mean adjusted Rand index of the refits), npmi (held out), score (their sum), chosen; empty when the
    number was given. `notes`: facts to bear in mind. `next_id`: the first id that no topic has had (see `lineage`).
    """

    topics: pl.DataFrame
    post_topics: pl.DataFrame
    stamps: pl.DataFrame
    curve: pl.DataFrame
    notes: tuple[dict[str, Any], ...]
    division: Division
    next_id: int = 0

    @property
    def unexplained(self) -> float:
        """The share of the posts that fits no topic."""
        return float(self.topics["share"][-1])

    def assign(self, tokens: pl.DataFrame) -> pl.DataFrame:
        """The topic of each post (PostTopic), in order of post_id; -1 when no topic is near enough."""
        return self.division.assign(tokens)


def fit(
    tokens: pl.DataFrame,
    *,
    n_topics: int | None = None,
    seed: int = 0,
    kept: pl.DataFrame | None = None,
    copies: pl.DataFrame | None = None,
    engine: Engine = "ppmi",
    unnamed: re.Pattern[str] | None = None,
) -> TopicModel:
    """Topics of `tokens` (Token). Same tokens and seed, same bytes, in whatever order the rows come.

    n_topics None: the number whose fits agree best and whose words go together (see TopicModel.curve), and what does
    not hold is folded into what fits none; with a number given it is marked, not folded. What helps short posts most
    are word vectors learnt from more posts of the kind: `kept` (vectors.keep).
    copies: a frame with post_id and copy_of, such as the posts; what is a copy counts once for fitting. Posts with
    the very same words always do; with `text` labels take phrases as they stand there. `unnamed`: words that are no
    label (default: the shipped table). engine: see `clustering`; all share the number of topics and the measure of what
    fits none. Raises LabError when there is too little.
    """
    clustering.check(engine)
    with threadpool_limits(limits=1):  # sums in one order: the same bytes every time
        return _fit(tokens.sort("post_id"), n_topics, seed, kept, copies, engine, unnamed or SHIPPED.label_words)


def _fit(
    tokens: pl.DataFrame,
    n_topics: int | None,
    seed: int,
    kept: pl.DataFrame | None,
    copies: pl.DataFrame | None,
    engine: Engine,
    unnamed: re.Pattern[str],
) -> TopicModel:
    originals = vectors.originals(tokens, copies)
    if originals.height < MIN_POSTS:
        raise LabError(
            f"{tokens.height} 条帖文里，有词可用且互不重复的只有 {originals.height} 条，不足 {MIN_POSTS} 条，"
            "分不出话题。请扩大时间范围，或先逐条阅读。"
        )
    if n_topics is not None and not 2 <= n_topics <= originals.height // 5:
        raise LabError(
            f"话题数 {n_topics} 不合适：{originals.height} 条互不重复的帖文，可取 2 至 {originals.height // 5}。"
        )
    space = vectors.learn(originals, "word2vec" if engine == "word2vec" else "ppmi", seed, kept)
    counts = space.counts(vectors.long_form(originals), originals.height)
    points = space.vector(counts)
    placed = np.flatnonzero(np.abs(points).sum(1) > 0)
    if len(placed) < MIN_POSTS:
        raise LabError(f"只有 {len(placed)} 条帖文含有出现两次以上的词，分不出话题。请扩大时间范围。")
    points, counts = points[placed], counts[placed]
    # who is drawn, and so the number of topics, hangs on the posts and not on the seed: two seeds see the same
    drawn = np.sort(np.random.default_rng(0).permutation(len(placed))[:MAX_FITTED])
    views = clustering.views(space, counts)
    samples = stability.samples(drawn, n_topics or max(stability.candidates(len(placed))), views)
    curve = stability.curve(samples, points, counts) if n_topics is None else stability.no_curve()
    k = n_topics or int(curve.filter("chosen")["n_topics"][0])
    division = divide(space, points, counts, views, drawn, k=k, seed=seed, engine=engine).bounded(counts, seed)
    n = len(division.centres)
    best = division.scores(counts, points).argmax(1)
    survived = stability.survived(samples, best, n, k, counts, seed, engine)
    holds = survived >= stability.HOLDS
    near = (points @ division.centres.T).max(1) >= division.threshold
    nearest = np.where(near, best, NONE)
    words = labels.class_words(counts, nearest, n, space.words)
    assigned = replace(division, ids=tuple(range(n))).assign(tokens)
    sizes = dict(assigned["topic_id"].value_counts().iter_rows())
    order = sorted(range(n), key=lambda i: (-sizes.get(i, 0), words[i]))
    shown = [i for i in order if holds[i] or n_topics is not None]
    ids = tuple(shown.index(i) if i in shown else NONE for i in order)
    division = replace(division, centres=division.centres[order], words=division.words[order], ids=ids)
    stamps = pl.DataFrame(
        {
            "topic_id": ids,
            "label": labels.each(_said(tokens, assigned, copies), order, unnamed),
            "n_posts": [sizes.get(i, 0) for i in order],
            "survived": survived[order],
            "holds": holds[order],
            "shown": [i in shown for i in order],
        },
        schema_overrides={"topic_id": pl.Int64, "n_posts": pl.Int64, "survived": pl.Int64},
    )
    post_topics = division.assign(tokens)
    topics = _topics(post_topics, stamps.filter("shown")["label"].to_list(), [words[i] for i in shown])
    notes = _notes(tokens.height, originals.height, curve, stamps, kept is None)
    return TopicModel(topics, post_topics, stamps, curve, notes, division)


def _said(tokens: pl.DataFrame, assigned: pl.DataFrame, copies: pl.DataFrame | None) -> pl.DataFrame:
    """topic, tokens, text (as words are cut from it: folded) and text as written of each post; its words where no text
    is there.

    Copies count here too: a label is of the posts that the topic's size counts.
    """
    rows = tokens.join(assigned.select("post_id", topic="topic_id"), on="post_id", maintain_order="left")
    if copies is None or "text" not in copies.columns:
        return rows.select("topic", "tokens", text=pl.col("tokens").list.join(" "))
    text = pl.concat_str("title", "text", separator=" ", ignore_nulls=True)
    rows = rows.join(
        copies.select("post_id", written=text.fill_null("")), on="post_id", how="left", maintain_order="left"
    )
    return rows.select("topic", "tokens", "written", normalize.fold(rows["written"]).alias("text"))


def _topics(post_topics: pl.DataFrame, names: Sequence[str], words: Sequence[list[str]]) -> pl.DataFrame:
    """The Topic frame: the topics by their ids, then what fits none."""
    sizes = dict(post_topics["topic_id"].value_counts().iter_rows())
    n_posts = [sizes.get(i, 0) for i in (*range(len(names)), NONE)]
    frame = pl.DataFrame(
        {
            "topic_id": [*range(len(names)), NONE],
            "label": [*names, NO_TOPIC],
            "words": pl.Series([*(w[:20] for w in words), []], dtype=pl.List(pl.String)),
            "n_posts": n_posts,
            "share": [n / post_topics.height for n in n_posts],
        }
    )
    return schemas.Topic.validate(frame, cast=True)


def _notes(
    n: int, different: int, curve: pl.DataFrame, stamps: pl.DataFrame, alone: bool
) -> tuple[dict[str, Any], ...]:
    """What to bear in mind, as facts."""
    notes = [fact("different", value=n, threshold=different)]
    if curve.height:
        row = curve.filter("chosen").row(0, named=True)
        notes += [fact("chosen", value=row["n_topics"])] + [fact("uncertain")] * (row["stability"] < AGREE)
    weak = stamps.filter(~pl.col("holds"))
    if weak.height:
        about = "shown" if weak["shown"].any() else "folded"
        notes.append(fact("weak", about=about, value=weak.height, share=weak["n_posts"].sum() / n))
    if different < ENOUGH and alone:
        notes.append(fact("few_posts"))
    return tuple(notes)
