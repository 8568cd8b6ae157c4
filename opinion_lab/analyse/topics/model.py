"""What people talk about: posts divided into topics, the words that set each apart, and which topics hold.

A post is the TF-IDF weighted mean of its words' vectors (`vectors`); `clustering` divides posts, `labels` names what it
finds. Copies count once for fitting and fully for size. Each fit is done again on ten samples: a topic
that comes back in eight of them holds.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, timedelta, tzinfo

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from opinion_lab import schemas
from opinion_lab.analyse import trends
from opinion_lab.analyse.topics import clustering, labels, stability, vectors
from opinion_lab.analyse.topics.clustering import Engine, Labels
from opinion_lab.config import LabError

Floats = NDArray[np.float64]

NONE = -1  # the topic of a post that fits none
NO_TOPIC = "未归类"
MIN_POSTS = 30  # different posts with words: below that a topic is an anecdote
MAX_FITTED = 8_000  # different posts that make the graph; the rest are assigned
LOST = 0.01  # see `_threshold`


@dataclass(frozen=True)
class TopicModel:
    """Topics found in one set of posts. `assign` puts any tokens into them.

    `topics` (Topic) is in order of size, then a row of topic_id -1 with what fits none; `post_topics` (PostTopic) the
    posts it was fitted on; `unexplained` their share without a topic. `stamps` says which topics hold: topic_id,
    label, n_posts, survived (of ten refits with other seeds and four fifths of the posts), holds, shown. `curve` says
    how the number of topics was chosen: n_topics, stability (mean adjusted Rand index of the refits), npmi (held
    out), score (their sum), chosen; empty when the number was given. `notes` says in Chinese what to bear in mind.
    """

    topics: pl.DataFrame
    post_topics: pl.DataFrame
    unexplained: float
    stamps: pl.DataFrame
    curve: pl.DataFrame
    threshold: float
    notes: tuple[str, ...]
    space: vectors.Space = field(repr=False)
    centres: Floats = field(repr=False)
    said: Floats = field(repr=False)  # topics by words: log odds, or how likely, as the engine reads them
    ids: tuple[int, ...] = field(repr=False)  # of each centre: its topic, -1 when it did not hold
    engine: Engine = "ppmi"
    next_id: int = 0  # the first id that no topic has had (see `lineage`)

    def assign(self, tokens: pl.DataFrame) -> pl.DataFrame:
        """The topic of each post (PostTopic), in order of post_id; -1 when no topic is near enough."""
        return _assign(tokens, self)


def fit(
    tokens: pl.DataFrame,
    *,
    n_topics: int | None = None,
    seed: int = 0,
    kept: pl.DataFrame | None = None,
    copies: pl.DataFrame | None = None,
    engine: Engine = "ppmi",
    stop: Collection[str] = (),
) -> TopicModel:
    """Topics of `tokens` (Token). Same tokens and seed, same bytes, in whatever order the rows come.

    n_topics None: the number whose fits agree best and whose words go together (see TopicModel.curve), and what does
    not hold is folded into what fits none; with a number given it is marked, not folded. What helps short posts most
    are word vectors learnt from more posts of the kind: `kept` (vectors.keep).
    copies: a frame with post_id and copy_of, such as the posts; what is a copy counts once for fitting. Posts with
    the very same words always do. stop: words that no label may hold. engine: see `clustering`; all share the
    number of topics and the measure of what fits none. Raises LabError when there is too little.
    """
    clustering.check(engine)
    with threadpool_limits(limits=1):  # sums in one order: the same bytes every time
        return _fit(tokens.sort("post_id"), n_topics, seed, kept, copies, engine, stop)


def _fit(
    tokens: pl.DataFrame,
    n_topics: int | None,
    seed: int,
    kept: pl.DataFrame | None,
    copies: pl.DataFrame | None,
    engine: Engine,
    stop: Collection[str],
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
    known = np.flatnonzero(np.abs(points).sum(1) > 0)
    if len(known) < MIN_POSTS:
        raise LabError(f"只有 {len(known)} 条帖文含有出现两次以上的词，分不出话题。请扩大时间范围。")
    points, counts = points[known], counts[known]
    # who is drawn, and so the number of topics, hangs on the posts and not on the seed: two seeds see the same
    drawn = np.sort(np.random.default_rng(0).permutation(len(known))[:MAX_FITTED])
    seen = clustering.views(space, counts)
    samples = stability.samples(drawn, n_topics or max(stability.candidates(len(known))), seen)
    curve = stability.curve(samples, points, counts) if n_topics is None else stability.no_curve()
    k = n_topics or int(curve.filter("chosen")["n_topics"][0])
    centres, said = _divide(points, counts, seen, drawn, k, seed, engine)
    found = TopicModel(
        pl.DataFrame(), pl.DataFrame(), 0, pl.DataFrame(), curve, 0, (), space, centres, said, (), engine
    )
    best = _scores(counts, points, found).argmax(1)
    survived = stability.survived(samples, best, len(centres), k, counts, seed, engine)
    holds = survived >= stability.HOLDS
    threshold = _threshold(found, counts, np.random.default_rng(seed))
    near = (points @ centres.T).max(1) >= threshold
    words = labels.class_words(counts, np.where(near, best, NONE), len(centres), space.words)
    found = replace(found, threshold=threshold, ids=tuple(range(len(centres))))
    sizes = dict(_assign(tokens, found).group_by("topic_id").agg(n=pl.len()).iter_rows())
    order = sorted(range(len(centres)), key=lambda i: (-sizes.get(i, 0), words[i]))
    shown = [i for i in order if holds[i] or n_topics is not None]
    ids = tuple(shown.index(i) if i in shown else NONE for i in order)
    found = replace(found, centres=centres[order], said=said[order], ids=ids)
    names = labels.each([words[i] for i in order], stop)
    stamps = pl.DataFrame(
        {
            "topic_id": ids,
            "label": names,
            "n_posts": [sizes.get(i, 0) for i in order],
            "survived": survived[order],
            "holds": holds[order],
            "shown": [i in shown for i in order],
        },
        schema_overrides={"topic_id": pl.Int64, "n_posts": pl.Int64, "survived": pl.Int64},
    )
    kept_names = [(n, words[i]) for n, i in zip(names, order, strict=True) if i in shown]
    return _told(replace(found, stamps=stamps), tokens, originals.height, kept_names, kept is None)


def _told(
    model: TopicModel, tokens: pl.DataFrame, different: int, named: list[tuple[str, list[str]]], alone: bool
) -> TopicModel:
    """The model with its posts, the Topic frame and the notes."""
    placed = _assign(tokens, model)
    sizes = dict(placed.group_by("topic_id").agg(n=pl.len()).iter_rows())
    n_posts = [sizes.get(i, 0) for i in (*range(len(named)), NONE)]
    frame = pl.DataFrame(
        {
            "topic_id": [*range(len(named)), NONE],
            "label": [*(label for label, _ in named), NO_TOPIC],
            "words": pl.Series([w[:20] for _, w in named] + [[]], dtype=pl.List(pl.String)),
            "n_posts": n_posts,
            "share": [n / tokens.height for n in n_posts],
        }
    )
    topics = schemas.Topic.validate(frame, cast=True)
    lost = float(topics["share"][-1])
    notes = _notes(tokens.height, different, lost, model.curve, model.stamps, alone)
    return replace(model, topics=topics, post_topics=placed, unexplained=lost, notes=notes)


# --- what the notebook asks ------------------------------------------------------------------------------------


def table(model: TopicModel) -> pl.DataFrame:
    """The topics as people read them: topic_id, label, words (one text), n_posts, share."""
    words = pl.col("words").list.head(8).list.join("、")
    return model.topics.select("topic_id", "label", words, "n_posts", "share")


def representatives(posts: pl.DataFrame, post_topics: pl.DataFrame, model: TopicModel, n: int = 3) -> pl.DataFrame:
    """The `n` posts nearest to each topic's centre, of different authors and no two copies of one text.

    Columns: topic_id, label, weight, then those of the post. Posts of ten characters or more go first.
    """
    said = (pl.col("title").fill_null("") + pl.col("text")).str.len_chars() >= 10
    near = (
        post_topics.filter(pl.col("topic_id") != NONE)
        .join(model.topics.select("topic_id", "label"), on="topic_id")
        .join(posts, on="post_id")
        .with_columns(long=said, root=pl.coalesce("copy_of", "post_id"), who=pl.coalesce("author_id", "post_id"))
        .sort("topic_id", "long", "weight", "post_id", descending=[False, True, True, False])
    )
    for same in ("root", "who"):
        near = near.unique(["topic_id", same], keep="first", maintain_order=True)
    near = near.group_by("topic_id", maintain_order=True).head(n)
    return near.select("topic_id", "label", "weight", *posts.columns)


def over_time(
    posts: pl.DataFrame,
    post_topics: pl.DataFrame,
    model: TopicModel,
    *,
    every: str = "1d",
    zone: tzinfo,
) -> pl.DataFrame:
    """Posts of each topic in each bin (Count); `key` is the topic's label."""
    labelled = post_topics.join(model.topics.select("topic_id", "label"), on="topic_id").select("post_id", "label")
    return trends.count(posts.join(labelled, on="post_id"), key="label", every=every, zone=zone)


def change(posts: pl.DataFrame, post_topics: pl.DataFrame, model: TopicModel, *, days: int = 7) -> pl.DataFrame:
    """Each topic's last seven days against the seven before: topic_id, label, now, before, more (now - before).

    The last day is the last with posts; `before` is null when the posts do not reach back that far: not said, not 0.
    """
    last = posts["day"].max()
    if not isinstance(last, date):
        return model.topics.select("topic_id", "label", now=pl.lit(0), before=None, more=None).clear()
    week, reach = pl.col("day") > last - timedelta(days=days), pl.col("day") > last - timedelta(days=2 * days)
    whole = posts["day"].min() <= last - timedelta(days=2 * days - 1)  # type: ignore[operator]
    seen = post_topics.join(posts.select("post_id", "day"), on="post_id").group_by("topic_id")
    n = seen.agg(now=week.sum().cast(pl.Int64), before=(reach & ~week).sum().cast(pl.Int64))
    shown = model.topics.filter(pl.col("topic_id") != NONE).select("topic_id", "label")
    found = shown.join(n, on="topic_id", how="left", maintain_order="left").with_columns(
        pl.col("now", "before").fill_null(0)
    )
    before = pl.when(pl.lit(whole)).then("before")
    return found.with_columns(before=before, more=pl.col("now") - before)


def places(model: TopicModel) -> pl.DataFrame:
    """The topics on a plane, near where they are alike: topic_id, label, x, y, n_posts, share.

    The first two principal components of the centres; the axes mean nothing by themselves.
    """
    shown = model.topics.filter(pl.col("topic_id") != NONE)
    if shown.is_empty():
        return shown.select("topic_id", "label", x=pl.lit(0.0), y=pl.lit(0.0), n_posts="n_posts", share="share")
    of_id = {topic: at for at, topic in enumerate(model.ids)}
    centres = model.centres[[of_id[topic] for topic in shown["topic_id"]]]
    spread = centres - centres.mean(0)
    left, size, _ = np.linalg.svd(spread, full_matrices=False)
    at = np.zeros((len(spread), 2))
    at[:, : min(2, len(size))] = (left * size)[:, :2]
    at *= np.where(at[np.abs(at).argmax(0), [0, 1]] < 0, -1, 1)  # an axis has no direction: fix one
    return shown.select("topic_id", "label", x=at[:, 0].round(6), y=at[:, 1].round(6)).join(
        shown.select("topic_id", "n_posts", "share"), on="topic_id", maintain_order="left"
    )


# --- points -> topics -----------------------------------------------------------------------------------------


def _divide(
    points: Floats, counts: sp.csr_matrix, seen: clustering.Views, drawn: Labels, k: int, seed: int, engine: Engine
) -> tuple[Floats, Floats]:
    """As many topics of the posts drawn: their centres, and their words as `_scores` reads them."""
    if engine in clustering.ON_VECTORS:
        label = clustering.cluster(clustering.embed(seen, drawn, k), k, seed)
        first = clustering.means(points[drawn], label, k), clustering.odds(counts[drawn], label, k)
        return clustering.settle(counts, points, *first)
    said = clustering.topic_words(engine, counts[drawn], k, seed)
    label = clustering.fold_in(counts, said).argmax(1)
    kept, label = np.unique(label, return_inverse=True)  # a topic that is no post's first is none
    return clustering.means(points, label, len(kept)), said[kept]


def _scores(counts: sp.csr_matrix, points: Floats, model: TopicModel) -> Floats:
    """Posts by topics: what is highest is the post's topic."""
    if model.engine in clustering.ON_VECTORS:
        return clustering.weigh(counts, points, model.centres, model.said)
    return clustering.fold_in(counts, model.said)


def _assign(tokens: pl.DataFrame, model: TopicModel) -> pl.DataFrame:
    """Each post's topic (PostTopic); a post without a known word has no weight."""
    tokens = tokens.sort("post_id")
    counts = model.space.counts(vectors.long_form(tokens), tokens.height)
    points = model.space.vector(counts)
    best = _scores(counts, points, model).argmax(1)
    every = points @ model.centres.T
    cosine = every[np.arange(len(best)), best]
    known = np.abs(points).sum(1) > 0
    topic = np.array(model.ids, dtype=np.int64)[best]
    frame = pl.DataFrame(
        {
            "post_id": tokens["post_id"],
            "topic_id": np.where(known & (every.max(1) >= model.threshold), topic, NONE),
            "weight": np.clip(cosine, 0, 1).round(6),
        }
    )
    return schemas.PostTopic.validate(frame.with_columns(pl.when(pl.Series(known)).then("weight")), cast=True)


def _threshold(model: TopicModel, counts: sp.csr_matrix, random: np.random.Generator) -> float:
    """The cosine that 99 of 100 random mixes reach: the same posts, their words dealt out anew among them.

    A post below it is further from every topic than nearly any handful of words, so to name a topic would be a guess.
    """
    mixed = counts.copy()
    mixed.indices = random.permutation(mixed.indices)
    points = model.space.vector(mixed)
    cosine = (points @ model.centres.T).max(1)[np.abs(points).sum(1) > 0]
    return float(max(0.0, np.quantile(cosine, LOST)))


# --- what to bear in mind --------------------------------------------------------------------------------------


def _notes(
    n: int, different: int, lost: float, curve: pl.DataFrame, stamps: pl.DataFrame, alone: bool
) -> tuple[str, ...]:
    notes = [f"{n} 条帖文中互不重复的有 {different} 条；拟合时相同内容只算一条，话题大小按全部帖文计。"]
    if curve.height:
        row = curve.filter("chosen").row(0, named=True)
        agree, alike = row["stability"], row["npmi"]
        notes.append(
            f"话题数 {row['n_topics']} 由稳定性（{agree:.2f}）与词语相关度（{alike:.2f}）之和选出，可自行改动。"
        )
        if agree < 0.4:
            notes.append("换一批样本再分，结果差别较大：话题边界不可靠，请以代表帖文为准。")
    weak = stamps.filter(~pl.col("holds"))
    if weak.height:
        what = f"并入“{NO_TOPIC}”" if not weak["shown"].any() else "仍然列出，请慎用"
        notes.append(
            f"换种子、换样本重做十次，有 {weak.height} 个话题（{weak['n_posts'].sum() / n:.1%} 的帖文）"
            f"不足八次重现，{what}。"
        )
    if different < 500 and alone:
        notes.append("帖文较少，词语关系学得不充分；先用 opinion-lab learn 学好词向量会更准。")
    notes.append(f"共 {lost:.1%} 的帖文归不进站得住的话题，列为“{NO_TOPIC}”。")
    return tuple(notes)
