"""What people talk about: word vectors, posts as their weighted mean, clusters, words that set each apart.

A post is the TF-IDF weighted mean of its words' vectors (room `vectors`); k-means finds the topics; class TF-IDF
(Grootendorst 2022) their words. Copies count once for fitting and fully for size.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from opinion_lab import schemas
from opinion_lab.analyse import trends, vectors
from opinion_lab.config import LabError

Floats = NDArray[np.float64]

NONE = -1  # the topic of a post that fits none
NO_TOPIC = "未归类"
MIN_POSTS = 30  # different posts with words: below that a topic is an anecdote
MAX_FITTED = 30_000  # different posts that k-means looks at; the rest are assigned
LOST = 0.01  # see `_threshold`
CANDIDATES = (3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40)
CLOSE = 0.05  # scores this near differ by chance
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class TopicModel:
    """Topics found in one set of posts. `assign` puts any tokens into them.

    `topics` (Topic) is in order of size, then a row of topic_id -1 with what fits none; `post_topics` (PostTopic) the
    posts it was fitted on; `unexplained` their share without a topic. `curve` says how the number of topics was chosen:
    n_topics, stability (mean adjusted Rand index of four fits on 80 % each), npmi (held out), score (their sum),
    chosen; empty when the number was given. `notes` says in Chinese what to bear in mind.
    """

    topics: pl.DataFrame
    post_topics: pl.DataFrame
    unexplained: float
    curve: pl.DataFrame
    threshold: float
    notes: tuple[str, ...]
    space: vectors.Space = field(repr=False)
    centres: Floats = field(repr=False)

    def assign(self, tokens: pl.DataFrame) -> pl.DataFrame:
        """The topic of each post (PostTopic), in order of post_id; -1 when no topic is near enough."""
        return _assign(tokens, self.space, self.centres, self.threshold)


def fit(
    tokens: pl.DataFrame,
    *,
    n_topics: int | None = None,
    seed: int = 0,
    background: pl.DataFrame | None = None,
    copies: pl.DataFrame | None = None,
    engine: vectors.Engine = "ppmi",
    stop: Collection[str] = (),
) -> TopicModel:
    """Topics of `tokens` (Token). Same tokens and seed, same bytes, in whatever order the rows come.

    n_topics None: the number whose fits agree best and whose words go together (see TopicModel.curve).
    background (Token): other posts of the same kind, for the word vectors alone; more of them is the surest help.
    copies: a frame with post_id and copy_of, such as the posts; what is a copy counts once for fitting. Posts with
    the very same words always do. stop: words that no label may hold. Raises LabError when there is too little.
    """
    with threadpool_limits(limits=1):  # sums in one order: the same bytes every time
        return _fit(tokens.sort("post_id"), n_topics, seed, background, copies, engine, stop)


def _fit(
    tokens: pl.DataFrame,
    n_topics: int | None,
    seed: int,
    background: pl.DataFrame | None,
    copies: pl.DataFrame | None,
    engine: vectors.Engine,
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
    space = vectors.learn(originals, background, engine, seed)
    counts = space.counts(vectors.long_form(originals), originals.height)
    points = space.vector(counts)
    known = np.flatnonzero(np.abs(points).sum(1) > 0)
    if len(known) < MIN_POSTS:
        raise LabError(f"只有 {len(known)} 条帖文含有出现两次以上的词，分不出话题。请扩大时间范围。")
    random = np.random.default_rng(seed)
    fitted = np.sort(random.permutation(known)[:MAX_FITTED])
    curve = _curve(points, counts, known, seed) if n_topics is None else _no_curve()
    k = n_topics or int(curve.filter("chosen")["n_topics"][0])
    centres = _cluster(points[fitted], k, seed, restarts=10 if len(fitted) <= 5000 else 4)
    best, cosine, _ = _nearest(points, centres)
    centres = centres[np.unique(best[known])]  # a centre that is nearest to no post is no topic
    best, cosine, has_words = _nearest(points, centres)
    threshold = _threshold(space, counts, centres, random)
    words = _class_words(counts, np.where(has_words & (cosine >= threshold), best, NONE), len(centres), space.words)
    sizes = _sizes(_assign(tokens, space, centres, threshold), len(centres))
    order = sorted(range(len(centres)), key=lambda i: (-sizes[i], words[i]))
    post_topics = _assign(tokens, space, centres[order], threshold)
    topics = _topics([words[i] for i in order], [sizes[i] for i in order], tokens.height, stop)
    unexplained = float(topics.filter(pl.col("topic_id") == NONE)["share"][0])
    notes = _notes(tokens.height, originals.height, unexplained, curve, background)
    return TopicModel(topics, post_topics, unexplained, curve, threshold, notes, space, centres[order])


# --- what the notebook asks ------------------------------------------------------------------------------------


def table(model: TopicModel, *, n_words: int = 8) -> pl.DataFrame:
    """The topics as people read them: topic_id, label, words (one text), n_posts, share."""
    words = pl.col("words").list.head(n_words).list.join("、")
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
    holes: pl.DataFrame | None = None,
    zone: tzinfo = SHANGHAI,
) -> pl.DataFrame:
    """Posts of each topic in each bin (Count); `key` is the topic's label."""
    labelled = post_topics.join(model.topics.select("topic_id", "label"), on="topic_id").select("post_id", "label")
    return trends.count(posts.join(labelled, on="post_id"), key="label", every=every, holes=holes, zone=zone)


def places(model: TopicModel) -> pl.DataFrame:
    """The topics on a plane, near where they are alike: topic_id, label, x, y, n_posts, share.

    The first two principal components of the centres; the axes mean nothing by themselves.
    """
    spread = model.centres - model.centres.mean(0)
    left, size, _ = np.linalg.svd(spread, full_matrices=False)
    at = np.zeros((len(spread), 2))
    at[:, : min(2, len(size))] = (left * size)[:, :2]
    at *= np.where(at[np.abs(at).argmax(0), [0, 1]] < 0, -1, 1)  # an axis has no direction: fix one
    shown = model.topics.filter(pl.col("topic_id") != NONE)
    return shown.select("topic_id", "label", x=at[:, 0].round(6), y=at[:, 1].round(6)).join(
        shown.select("topic_id", "n_posts", "share"), on="topic_id", maintain_order="left"
    )


# --- points -> topics -----------------------------------------------------------------------------------------


def _cluster(points: Floats, k: int, seed: int, restarts: int) -> Floats:
    """Unit vectors of the k centres."""
    found = KMeans(k, n_init=restarts, random_state=seed).fit(points)
    return vectors.unit(found.cluster_centers_)


def _nearest(points: Floats, centres: Floats) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """For each post its nearest centre, the cosine to it, and whether it has a known word at all."""
    cosine = points @ centres.T
    best = cosine.argmax(1)
    return best, cosine[np.arange(len(best)), best], np.abs(points).sum(1) > 0


def _assign(tokens: pl.DataFrame, space: vectors.Space, centres: Floats, threshold: float) -> pl.DataFrame:
    """Each post's topic (PostTopic); a post without a known word has no weight."""
    tokens = tokens.sort("post_id")
    best, cosine, known = _nearest(space.posts(vectors.long_form(tokens), tokens.height), centres)
    frame = pl.DataFrame(
        {
            "post_id": tokens["post_id"],
            "topic_id": np.where(known & (cosine >= threshold), best, NONE).astype(np.int64),
            "weight": np.clip(cosine, 0, 1).round(6),
        }
    )
    return schemas.PostTopic.validate(frame.with_columns(pl.when(pl.Series(known)).then("weight")), cast=True)


def _threshold(space: vectors.Space, counts: sp.csr_matrix, centres: Floats, random: np.random.Generator) -> float:
    """The cosine that 99 of 100 random mixes reach: the same posts, their words dealt out anew among them.

    A post below it is further from every topic than nearly any handful of words, so to name a topic would be a guess.
    """
    mixed = counts.copy()
    mixed.indices = random.permutation(mixed.indices)
    _, cosine, known = _nearest(space.vector(mixed), centres)
    return float(max(0.0, np.quantile(cosine[known], LOST)))


def _curve(points: Floats, counts: sp.csr_matrix, known: NDArray[np.int64], seed: int) -> pl.DataFrame:
    """Stability and held-out NPMI for each number of topics worth trying, on a sample."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(known)
    half = min(3000, len(shuffled) // 2)
    inside, outside = shuffled[:half], shuffled[half : half + 6000]
    least = 3 if len(known) < 150 else 5 if len(known) < 2000 else 8  # many posts are about many things
    rows = []
    for k in (c for c in CANDIDATES if least <= c <= max(least, len(known) // 25)):
        parts = [random.permutation(inside)[: int(half * 0.8)] for _ in range(4)]
        fits = [KMeans(k, n_init=1, random_state=seed + i).fit(points[part]) for i, part in enumerate(parts)]
        labels = [f.predict(points[inside]) for f in fits]
        agree = np.mean([adjusted_rand_score(labels[i], labels[j]) for i in range(4) for j in range(i)])
        words = [_top(_class_tfidf(counts[inside], label, k), 8) for label in labels[:2]]
        npmi = np.mean([vectors.npmi(counts[outside], w) for w in words])
        rows.append((k, round(float(agree), 6), round(float(npmi), 6), round(float(agree + npmi), 6)))
    frame = pl.DataFrame(rows, schema=_no_curve().drop("chosen").schema, orient="row")
    # What is hardly worse than the best is as good, and of these the finest says most.
    chosen = frame.filter(pl.col("score") >= pl.col("score").max() - CLOSE)["n_topics"].max()
    return frame.with_columns(chosen=pl.col("n_topics") == chosen)


def _class_tfidf(counts: sp.csr_matrix, label: NDArray[Any], k: int) -> Floats:
    """Topics by words: the share of a topic's posts with the word, weighed down when all posts have it."""
    seen = (counts > 0).astype(np.float64)
    member = sp.csr_matrix((np.ones(len(label)), (np.maximum(label, 0), np.arange(len(label)))), shape=(k, len(label)))
    member = member @ sp.diags((label >= 0).astype(np.float64))
    inside = np.asarray((member @ seen).todense())
    total = np.asarray(seen.sum(0)).ravel()
    share = inside / np.maximum(np.asarray(member.sum(1)), 1)
    return np.asarray(share * np.log1p(seen.shape[0] / np.maximum(total, 1)))


def _top(score: Floats, n: int) -> list[NDArray[np.int64]]:
    return [np.argsort(-row, kind="stable")[:n] for row in score]


def _class_words(counts: sp.csr_matrix, label: NDArray[Any], k: int, words: pl.DataFrame) -> list[list[str]]:
    """Each topic's words, best first; one that the topic never uses is left out."""
    score = _class_tfidf(counts, label, k)
    names = words.sort("id")["word"].to_list()
    return [[names[i] for i in top if score[t, i] > 0] for t, top in enumerate(_top(score, 30))]


def _sizes(placed: pl.DataFrame, k: int) -> list[int]:
    found = dict(placed.group_by("topic_id").agg(n=pl.len()).iter_rows())
    return [found.get(i, 0) for i in range(k)]


def _topics(words: list[list[str]], sizes: list[int], n: int, stop: Collection[str]) -> pl.DataFrame:
    """The Topic frame with labels that differ, and what fits none in the last row."""
    used: set[str] = set()
    labels: list[str] = []
    for topic in words:
        label = _label(topic, used, stop)
        used.update(label)
        text = "、".join(label) or f"话题{len(labels) + 1}"
        labels.append(text if text not in labels else f"{text}（{len(labels) + 1}）")
    ids = [*range(len(words)), NONE]
    n_posts = [*sizes, n - sum(sizes)]
    frame = pl.DataFrame(
        {
            "topic_id": ids,
            "label": [*labels, NO_TOPIC],
            "words": pl.Series([w[:20] for w in words] + [[]], dtype=pl.List(pl.String)),
            "n_posts": n_posts,
            "share": [s / n for s in n_posts],
        }
    )
    return schemas.Topic.validate(frame, cast=True)


def _label(words: list[str], used: set[str], stop: Collection[str]) -> list[str]:
    """Three words of the topic, none within another, none that a larger topic's label holds if that can be helped."""
    fit_for_label = [w for w in words if len(w) > 1 and w not in stop and any(c.isalpha() for c in w)]
    chosen: list[str] = []
    for word in sorted(fit_for_label, key=lambda w: w in used) + words:
        if len(chosen) < 3 and not any(word in c or c in word for c in chosen):
            chosen.append(word)
    return chosen


# --- what to bear in mind --------------------------------------------------------------------------------------


def _notes(
    n: int, different: int, lost: float, curve: pl.DataFrame, background: pl.DataFrame | None
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
    if different < 500 and background is None:
        notes.append("帖文较少，词语关系学得不充分；加入同类的其他帖文（background）会更准。")
    notes.append(f"{lost:.1%} 的帖文与任何话题都不够接近，列为“{NO_TOPIC}”。")
    return tuple(notes)


def _no_curve() -> pl.DataFrame:
    number, score = pl.Int64, pl.Float64
    columns = {"n_topics": number, "stability": score, "npmi": score, "score": score, "chosen": pl.Boolean}
    return pl.DataFrame(schema=columns)
