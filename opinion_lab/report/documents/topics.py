"""Topics as people read them: the frames (`of`), and one function a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import polars as pl

from opinion_lab.analyse import topics
from opinion_lab.analyse.topics import lineage
from opinion_lab.analyse.topics.model import TopicModel
from opinion_lab.judge import routing
from opinion_lab.report import figures, page, wording
from opinion_lab.report.documents import tables
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.figures import topics as topic_figures
from opinion_lab.report.page import Shown
from opinion_lab.report.wording import phrases
from opinion_lab.storage import artifacts

#: Originals below which topics are noise.
FEWEST = 100
#: Topics that are listed for everybody (the smaller ones fold away), and posts that are read of each.
MOST, QUOTED = 12, 2


@dataclass(frozen=True)
class Found:
    """The topics of some posts: `model`, whose `post_topics` says which post has which; `changes` as lineage.match."""

    lab: Desk
    needs: str
    posts: pl.DataFrame
    model: TopicModel
    changes: pl.DataFrame
    lines: pl.DataFrame


def of(
    lab: Desk,
    since: str = "",
    until: str = "",
    *,
    relevant: bool = False,
    n_topics: int = 0,
    engine: Literal["ppmi", "word2vec", "nmf", "lda"] = "ppmi",
    seed: int = 0,
) -> Found:
    """The topics of what was said from day to day, held against those of an earlier run, and kept for the next.

    What officials answer is not what people talk about, and left out. Word vectors that `opinion-lab learn` has made
    are used; without them the posts themselves must do. `n_topics`: 0 lets stability decide.
    """
    first, last = lab.store.period(since, until)
    posts = lab.posts(first, last, where=pl.col("kind") != "statement")
    posts = posts.filter("relevant") if relevant else posts
    distinct = posts["copy_of"].null_count()
    if distinct < FEWEST:
        need = f"话题至少要{FEWEST}条文字不同的帖文才分得出；现有{wording.count(distinct)}，请逐条阅读。"
        return Found(lab, need, posts, cast(TopicModel, None), pl.DataFrame(), pl.DataFrame())  # nothing reads a model
    vectors = artifacts.get(lab.store, "words")
    plain, tokens = lab.plain(posts)
    asked: dict[str, Any] = {"copies": plain, "kept": vectors, "unnamed": lab.rules.label_words}
    model = topics.fit(tokens, n_topics=n_topics or None, seed=seed, engine=engine, **asked)
    assert model.post_topics.height == tokens.height == posts.height
    name = f"topics-{engine}-{n_topics or 'auto'}-{'relevant' if relevant else 'all'}"
    model, changes = lineage.match(artifacts.get(lab.store, name, before=f"{last}"), model)
    artifacts.put(lab.store, name, f"{last}", lineage.state(model))
    routed = routing.route(posts.filter(routing.speaks()), lab.router)
    return Found(lab, "", posts, model, changes, tables.topic_lines(model.post_topics, routed, model.topics))


def title(found: Found) -> Shown:
    """The report's title."""
    return page.title(f"话题分析：{wording.period(found.posts, found.lab.zone)}")


def summary(found: Found) -> Shown:
    """The largest topics."""
    return page.finding(found.needs or wording.topics(found.model.topics, found.posts.height), found.posts)


@tables.where_enough
def sizes(found: Found) -> Any:
    """How large the topics are."""
    return figures.topic_sizes(found.model.topics, most=MOST)


def _posts(found: Found) -> pl.DataFrame:
    """The posts of each topic: topic_id, posts (list)."""
    return found.model.post_topics.group_by("topic_id").agg(posts="post_id")


@tables.where_enough
def overview(found: Found) -> Shown:
    """One row a topic."""
    model = found.model
    change = topics.change(found.posts, model.post_topics, model)
    rows = tables.topics(topics.table(model), change, found.lines, model.stamps)
    rows = rows.join(_posts(found), on="topic_id", how="left", maintain_order="left")
    # what fits no topic has no words, no course and no line of its own
    own = ("words", "change", "line", "stamp")
    rows = rows.with_columns(pl.when(pl.col("topic_id") < 0).then(pl.lit("—")).otherwise(c).alias(c) for c in own)
    columns = {
        "label": "话题",
        "words": "特征词",
        "posts": ("帖文", "posts"),
        "share": ("占比", "percent"),
        "change": "近7天比前7天",
        "line": "最多的条线",
        "stamp": "重做十次",
    }
    caption = "话题一览（转抄计入条数，但不影响话题怎么分；占比低的条线未必归本局，请看原话再定）"
    named, none = rows.filter(pl.col("topic_id") >= 0), rows.filter(pl.col("topic_id") < 0)
    listed = page.table(pl.concat([named.head(MOST), none]), columns, caption)
    rest = page.table(named.slice(MOST), columns) if named.height > MOST else page.note("")
    return page.together(listed, page.folded(f"其余{named.height - MOST}个较小的话题", rest))


@tables.where_enough
def quotes(found: Found) -> Shown:
    """What people say of each topic, in their own words."""
    columns = {"label": "话题", "published_at": "时间", "platform": "平台", "says": ("内容", "verbatim")}
    largest = found.model.topics.filter(pl.col("topic_id") >= 0).top_k(MOST, by="n_posts")
    rows = topics.representatives(found.posts, found.model.post_topics, found.model, n=QUOTED)
    caption = f"最大的{largest.height}个话题，每个最典型的{QUOTED}条，来自不同账号"
    return page.table(phrases.says(rows.join(largest, on="topic_id", how="semi")), columns, caption)


@tables.where_enough
def changes(found: Found) -> Shown:
    """What became of the topics since the last run."""
    columns = {
        "label": "话题",
        "what": "变化",
        "before": "上次的话题",
        "n_before": "上次帖文",
        "posts": ("这次帖文", "posts"),
        "why": "依据",
    }
    caption = "与上次分析（更早的截止日、同样的参数）逐个比对"
    rows = wording.lineage_table(found.changes).join(_posts(found), on="topic_id", how="left", maintain_order="left")
    table = page.table(rows, columns, caption, nothing="")
    return page.together(page.finding(wording.lineage(found.changes)), table)


@tables.where_enough
def over_time(found: Found) -> Any:
    """Topics by time."""
    every, zone = tables.bin_width(found.posts), found.lab.zone
    counts = topics.over_time(found.posts, found.model.post_topics, found.model, every=every, zone=zone)
    return figures.topics_over_time(counts, zone=zone, most=MOST)


@tables.where_enough
def places(found: Found) -> Any:
    """Topics near where their words are alike."""
    return figures.topic_map(topics.places(found.model))


@tables.where_enough
def left_over(found: Found) -> Shown:
    """What fits no topic: how much, and a sample."""
    columns = {"published_at": "时间", "platform": "平台", "says": ("内容", "verbatim")}
    rows = phrases.says(tables.left_over(found.posts, found.model.post_topics))
    share = page.finding(f"{wording.percent(found.model.unexplained)}的帖文归不进任何话题。")
    return page.together(share, page.table(rows, columns, "归不进话题的抽样", nothing=""))


@tables.where_enough
def number_of_topics(found: Found) -> Any:
    """How the number of topics was chosen."""
    return topic_figures.number_of_topics(found.model.curve)


@tables.where_enough
def stability(found: Found) -> Shown:
    """How many topics came back when all was done again, and how many did not and are left out."""
    shown = found.model.stamps.filter("shown")
    firm = int(shown["holds"].sum())
    text = f"换种子、换样本重做十次：列出的{shown.height}个话题有{firm}个站得住（十次里重现满八次），各几次见上面的一览"
    return page.note("；".join([text, *(wording.sentence("topics", note) for note in found.model.notes)]) + "。")


def sources(found: Found) -> Shown:
    """What the analysis stands on."""
    if found.needs:
        return page.provenance(found.lab.store, found.posts)
    placed = found.model.post_topics
    counts = {"参与分析": placed.height, "归入话题": placed.filter(pl.col("topic_id") >= 0).height}
    return page.provenance(found.lab.store, found.posts, **counts)
