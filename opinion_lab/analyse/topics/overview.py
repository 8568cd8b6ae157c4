"""What a reader asks of topics: examples of each, how they grew, how near they lie to one another."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo

import numpy as np
import polars as pl

from opinion_lab.analyse import trends
from opinion_lab.analyse.topics.model import NONE, TopicModel

WEEK = 7


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
    posts: pl.DataFrame, post_topics: pl.DataFrame, model: TopicModel, *, every: str, zone: tzinfo
) -> pl.DataFrame:
    """Posts of each topic in each bin (Count), of those that fit one; `key` is the topic's label."""
    named = model.topics.filter(pl.col("topic_id") != NONE).select("topic_id", "label")
    labelled = post_topics.join(named, on="topic_id").select("post_id", "label")
    return trends.count(posts.join(labelled, on="post_id"), key="label", every=every, zone=zone)


def change(posts: pl.DataFrame, post_topics: pl.DataFrame, model: TopicModel) -> pl.DataFrame:
    """Each topic's last seven days against the seven before: topic_id, label, now, before, more (now - before).

    The last day is the last with posts; `before` is null when the posts do not reach back that far: not said, not 0.
    """
    last = posts["day"].max()
    if not isinstance(last, date):
        return model.topics.select("topic_id", "label", now=pl.lit(0), before=None, more=None).clear()
    week, reach = pl.col("day") > last - timedelta(days=WEEK), pl.col("day") > last - timedelta(days=2 * WEEK)
    whole = posts["day"].min() <= last - timedelta(days=2 * WEEK - 1)  # type: ignore[operator]
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
    of_id = {topic: at for at, topic in enumerate(model.division.ids)}
    centres = model.division.centres[[of_id[topic] for topic in shown["topic_id"]]]
    spread = centres - centres.mean(0)
    left, size, _ = np.linalg.svd(spread, full_matrices=False)
    at = np.zeros((len(spread), 2))
    at[:, : min(2, len(size))] = (left * size)[:, :2]
    at *= np.where(at[np.abs(at).argmax(0), [0, 1]] < 0, -1, 1)  # an axis has no direction: fix one
    return shown.select("topic_id", "label", x=at[:, 0].round(6), y=at[:, 1].round(6)).join(
        shown.select("topic_id", "n_posts", "share"), on="topic_id", maintain_order="left"
    )
