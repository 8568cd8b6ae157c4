"""Frames that notebooks show: looks to count, samples to read, topics beside the bureau's lines."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl

from opinion_lab.analyse.trends import backtest, terms
from opinion_lab.analyse.trends.backtest import Replay
from opinion_lab.judge import routing
from opinion_lab.prepare import normalize, tokens
from opinion_lab.prepare.tokens import forms
from opinion_lab.report import page
from opinion_lab.report.wording import phrases
from opinion_lab.rules.words import Lexicon

EXCERPT = 40  # characters of the latest post that names somebody: its number opens the whole
SAMPLE = 5
LATIN = re.compile("[a-z]")


def where_enough(show: Callable[..., Any]) -> Callable[..., Any]:
    """A finding that is shown only where there are posts enough for it (`needs` is empty)."""

    @functools.wraps(show)
    def shown(found: Any, *given: Any) -> Any:
        return None if found.needs else show(found, *given)

    return shown


def posts_between(rows: pl.DataFrame, behind: pl.DataFrame) -> pl.DataFrame:
    """Stretches of a key (key, start, end) with `posts`: what `behind` (trends.behind) counted in them."""
    numbered = rows.with_row_index("row")
    inside = behind.join(numbered.select("row", "key", "start", "end"), on="key")
    inside = inside.filter((pl.col("bin") >= pl.col("start")) & (pl.col("bin") < pl.col("end")))
    ids = inside.group_by("row").agg(posts=pl.col("post_id").unique())
    return numbered.drop("posts", strict=False).join(ids, on="row", how="left", maintain_order="left").drop("row")


def innermost(rows: pl.DataFrame) -> pl.DataFrame:
    """The stretches (trends.intervals) that hold none of the same key at a higher level, the strongest first."""
    inner = rows.select("key", at="start", till="end", above="level")
    holds = (pl.col("above") > pl.col("level")) & (pl.col("at") >= pl.col("start")) & (pl.col("till") <= pl.col("end"))
    outer = rows.join(inner, on="key").filter(holds)
    kept = rows.join(outer, on=["key", "level", "start"], how="anti")
    return kept.sort("level", "strength", "key", "start", descending=[True, True, False, False])


def by_event(rows: pl.DataFrame, name: str, post_stories: pl.DataFrame, *, most: int, named: int = 5) -> pl.DataFrame:
    """Rows (`name`, `posts` as a list) with those of one story in one: its names together, its posts those of all.

    A row is of the story that at least half of its posts have; rows without one are one where they have the same posts.
    The first row of a story stands for it, so that the strongest should come first; `most` stories.
    """
    numbered = rows.with_row_index("row")
    behind = numbered.explode("posts").select("row", post_id="posts").join(post_stories, on="post_id", how="left")
    counted = behind.group_by("row", "story_id").agg(n=pl.len())
    shares = counted.with_columns(share=pl.col("n") / pl.sum("n").over("row"))
    main = shares.filter(pl.col("story_id").is_not_null() & (pl.col("share") >= 0.5)).unique("row")
    numbered = numbered.join(main.select("row", "story_id"), on="row", how="left", maintain_order="left")
    alone = pl.col("posts").list.sort().list.join(" ").replace("", None)
    numbered = numbered.with_columns(event=pl.coalesce("story_id", alone, pl.col("row").cast(pl.String)))
    grouped = numbered.group_by("event", maintain_order=True)
    together = grouped.agg(pl.col(name).unique(maintain_order=True), pl.col("posts").list.explode().unique().sort())
    names = pl.col(name).list.head(named).list.join("、")
    more = pl.when(pl.col(name).list.len() > named).then(pl.format("等{}个", pl.col(name).list.len()))
    together = together.with_columns(names + more.otherwise(pl.lit("")))
    first = numbered.unique("event", keep="first", maintain_order=True).drop(name, "posts", "row", "story_id")
    return together.join(first, on="event", maintain_order="left").drop("event").head(most)


def as_written(rows: pl.DataFrame, name: str, posts: pl.DataFrame) -> pl.DataFrame:
    """Rows (`name`, `posts` as a list) whose words have their Latin letters as most of their posts write them."""
    said = posts.select("post_id", said=pl.concat_str("title", "text", separator="\n", ignore_nulls=True))
    words = [
        normalize.as_written(word, said.filter(pl.col("post_id").is_in(ids))["said"]) if LATIN.search(word) else word
        for word, ids in rows.select(name, "posts").iter_rows()
    ]
    return rows.with_columns(pl.Series(name, words, dtype=pl.String))


#: A line that gets fewer of a topic's posts is not what the topic is about.
LEAST_LINE = 0.05


def looks(posts: pl.DataFrame, sightings: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """One row a time that something was seen: a post when it was published, a hot-list entry at every sighting.

    Columns: at, platform, title, region, words (list), kind.
    """
    told = posts.select("post_id", "published_at", "platform", "title", "region", "kind").join(
        words.select("post_id", words="tokens"), on="post_id", how="left"
    )
    board = told.filter(pl.col("kind") == "board_entry")
    seen = sightings.select("post_id", at="seen_at").join(board, on="post_id")
    unseen = board.join(sightings, on="post_id", how="anti")
    once = pl.concat([told.filter(pl.col("kind") != "board_entry"), unseen]).with_columns(at="published_at")
    columns = ["at", "platform", "title", "region", "words", "kind"]
    return pl.concat([once.select(columns), seen.select(columns)]).sort("at", "platform", "title")


def bin_width(posts: pl.DataFrame) -> str:
    """A bin for topics over time that leaves between 10 and 60 of them: 1h, 1d, 1w or 4w."""
    if posts.is_empty():
        return "1d"
    in_order = posts["day"].sort()
    days = (in_order[-1] - in_order[0]).days + 1
    return next(every for every, most in (("1h", 2), ("1d", 60), ("1w", 420), ("4w", 10**6)) if days <= most)


def by_line(tally: pl.DataFrame, *, most: int) -> page.Shown:
    """The lines of many posts (routing.sections), what is not the bureau's with whose it is; the unclear are shown."""
    columns = {"section": "归哪里", "n": "工单和原帖", "share": ("占比", "percent"), "chance": ("把握", "percent")}
    away = pl.col("line_id") == routing.NOT_OURS
    section = pl.when(away).then(pl.format("职责外（多归{}）", "who")).otherwise("line").fill_null("拿不准，请人工判断")
    rows = tally.with_columns(section=pl.when(away & pl.col("who").is_null()).then("line").otherwise(section))
    named, unclear = rows.filter(pl.col("line_id").is_not_null()), rows.filter(pl.col("line_id").is_null())
    rows = pl.concat([named.head(most - unclear.height), unclear, named.slice(most - unclear.height)])
    caption = "归到哪个科室（转发、跟帖、重复的帖子不另数；把握是在真实工单上量过的；职责外的不得自行移送）"
    return page.table(rows, columns, caption, most=most, null="—", nothing="")


def respondents(tally: pl.DataFrame, posts: pl.DataFrame, *, when: str = "", most: int = 6) -> page.Shown:
    """Businesses, institutions and estates that people's posts name (respondents.tally), with the latest of them.

    `when`: what a count of posts is of; with one, that of the week before stands beside it.
    """
    said = phrases.says(posts).sort("published_at", "post_id").select("post_id", "says")
    latest = said.join(tally.explode("posts").select("name", post_id="posts"), on="post_id", maintain_order="left")
    brief = pl.when(pl.col("says").str.len_chars() > EXCERPT).then(pl.col("says").str.slice(0, EXCERPT) + "…")
    last = latest.group_by("name").agg(brief.otherwise("says").last().alias("says"))
    rows = tally.join(last, on="name", maintain_order="left")
    columns: dict[str, Any] = {"name": ("名称", "verbatim"), "posts": (when or "帖文", "posts")}
    if when:
        columns["before"] = ("前七天", "posts")
    columns["says"] = ("最近一条（已脱敏）", "verbatim")
    caption = f"{when}两条以上提到的商家、单位和场所（从原话里认出，以原文为准；提到不等于有错）"
    nothing = f"{when}没有哪家商家、单位或场所被两条以上反映提到。"
    return page.table(rows, columns, caption, most=most, nothing=nothing)


def topic_lines(post_topics: pl.DataFrame, routes: pl.DataFrame, topics: pl.DataFrame) -> pl.DataFrame:
    """Each topic beside the line most of its posts are routed to: label, n_posts, line, share of those that are routed.

    `routes`: of the posts that speak for themselves (routing.speaks).
    """
    joined = post_topics.join(routes, on="post_id")
    routed = joined.group_by("topic_id").agg(routed=pl.col("post_id").n_unique())
    joined = joined.drop_nulls("line")
    # a second line has no chance of its own
    most = joined.group_by("topic_id", "line").agg(n=pl.col("post_id").n_unique(), first=pl.col("chance").count())
    most = most.sort("n", "first", "line", descending=[True, True, False]).unique(
        "topic_id", keep="first", maintain_order=True
    )
    shown = topics.filter(pl.col("topic_id") >= 0).join(most, on="topic_id", how="left", maintain_order="left")
    shown = shown.join(routed, on="topic_id", how="left", maintain_order="left")
    return shown.select("label", "n_posts", "line", share=pl.col("n") / pl.col("routed"))


def topics(table: pl.DataFrame, change: pl.DataFrame, lines: pl.DataFrame, stamps: pl.DataFrame) -> pl.DataFrame:
    """One row a topic: `table` (topics.table), with `change` and `stamp` in words and the line it most concerns.

    A line with less than a twentieth of what is routed is none; no change where nothing is known of before.
    """
    more = pl.col("more")
    said = (
        pl.when(more > 0)
        .then(pl.format("多{}条（{}→{}）", more, "before", "now"))
        .when(more < 0)
        .then(pl.format("少{}条（{}→{}）", -more, "before", "now"))
        .when(more == 0)
        .then(pl.lit("持平"))
    )
    change = change.select("topic_id", change=said)
    times = pl.format("重现{}次", "survived")
    stamp = stamps.select("topic_id", stamp=pl.when("holds").then(times).otherwise(pl.format("{}，不稳", times)))
    named = pl.format("{}（{}%）", "line", (pl.col("share") * 100).round().cast(pl.Int64))
    line = lines.select("label", line=pl.when(pl.col("share") >= LEAST_LINE).then(named).otherwise(pl.lit("不明显")))
    found = table.join(change, on="topic_id", how="left", maintain_order="left")
    found = found.join(line, on="label", how="left", maintain_order="left")
    return found.join(stamp.filter(pl.col("topic_id") >= 0), on="topic_id", how="left", maintain_order="left")


def left_over(posts: pl.DataFrame, post_topics: pl.DataFrame) -> pl.DataFrame:
    """A sample of the posts that fit no topic and say something, the same one at every run."""
    alone = posts.join(post_topics.filter(pl.col("topic_id") < 0), on="post_id", how="semi")
    said = alone.filter((pl.col("text").str.len_chars() >= 10) & pl.col("copy_of").is_null())
    # post_id is a digest: its order is as good as drawn by lot, and stays
    return said.sort("post_id").head(SAMPLE).sort("published_at", "post_id")


def new_words(posts: pl.DataFrame, lexicon: Lexicon, *, since: datetime, most: int = 15) -> pl.DataFrame:
    """Words of posts since then that no dictionary has (terms.find), each with the latest original that says it."""
    found = terms.find(forms.without(posts), known=tokens.known(lexicon), since=since).head(most)
    said = phrases.says(posts.filter(pl.col("copy_of").is_null())).sort("published_at", "post_id")
    words = pl.DataFrame({"tokens": terms.mark(said["says"], found["word"].to_list()), "text": said["says"]})
    latest = words.explode("tokens").group_by(word="tokens").agg(pl.col("text").last())
    lately = posts.filter(pl.col("published_at") >= since)
    marked = terms.mark(phrases.says(lately)["says"], found["word"].to_list())
    ids = lately.select("post_id", word=marked).explode("word").group_by("word").agg(posts=pl.col("post_id").unique())
    found = found.join(ids, on="word", how="left", maintain_order="left")
    return found.join(latest, on="word", how="left", maintain_order="left")


def replayed(replay: Replay, posts: pl.DataFrame) -> pl.DataFrame:
    """The alerts of a replay and the bursts that it missed, in order of time: text, at, verdict, posts."""
    ours = replay.alerts.filter(pl.col("rule") == backtest.OURS)
    right = pl.when("first").then(pl.lit("报对")).when(pl.col("event").is_null()).then(pl.lit("不是真事"))
    told = ours.select(at="raised", verdict=right.otherwise(pl.lit("这件真事报过了")), posts="posts")
    later = replay.events.filter(pl.col("start") >= replay.since).join(ours, on="event", how="anti")
    rows = pl.concat([told, later.select(at="start", verdict=pl.lit("没报"), posts="posts")]).sort("at")
    return first_said(rows, posts)


def first_said(rows: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Rows with `posts` (lists), each with the earliest of its posts that have words as `text`."""
    worded = phrases.says(posts).filter(pl.col("says") != "").sort("published_at", "post_id")
    said = worded.select("post_id", text="says")
    numbered = rows.with_row_index("row")
    behind = said.join(numbered.explode("posts").select("row", post_id="posts"), on="post_id", maintain_order="left")
    first = behind.group_by("row").agg(pl.col("text").first())
    return numbered.join(first, on="row", how="left", maintain_order="left").drop("row")


def examples(rising: pl.DataFrame, posts: pl.DataFrame, words: pl.DataFrame, *, since: datetime) -> pl.DataFrame:
    """The rising words (trends.rising), each with the posts since then and the latest original that says it."""
    said = posts.filter(pl.col("copy_of").is_null()).select(
        "post_id",
        "published_at",
        text=pl.when(pl.col("text") == "").then("title").otherwise("text"),
    )
    seen = words.explode("tokens").rename({"tokens": "word"}).join(rising.select("word"), on="word", how="semi")
    latest = seen.join(said, on="post_id").sort("published_at", "post_id").group_by("word").agg(pl.col("text").last())
    lately = seen.join(posts.filter(pl.col("published_at") >= since), on="post_id", how="semi")
    ids = lately.group_by("word").agg(posts=pl.col("post_id").unique())
    rising = rising.join(ids, on="word", how="left", maintain_order="left")
    return rising.join(latest, on="word", how="left", maintain_order="left")
