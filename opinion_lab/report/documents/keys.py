"""What trends are counted by: a column for each key that an analyst may name."""

from __future__ import annotations

import re

import polars as pl

from opinion_lab.analyse.trends import terms
from opinion_lab.config import LabError
from opinion_lab.judge import routing
from opinion_lab.prepare import tokens
from opinion_lab.report.documents import tables
from opinion_lab.report.documents.daily.stories import DANGER
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.wording import phrases
from opinion_lab.rules.grades import Grades

KEYS = {
    "words": "词",
    "new": "新词",
    "story": "事件",
    "line": "条线",
    "platform": "平台",
    "region": "地区",
    "title": "标题",
}


def column(posts: pl.DataFrame, words: pl.DataFrame, key: str, desk: Desk, stories: pl.DataFrame) -> pl.DataFrame:
    """Posts with `key`: a word list (Token), new words, the story, the lines of business, or the column itself.

    `stories`: post_id, story_id, title; a story's key is its title and its number.

    A hot-list entry counts once, when it was first seen: it stands for hours, and its hours are no new posts.
    """
    if key not in KEYS:
        raise LabError(f"不能按“{key}”统计。可以用：{'、'.join(f'{k} {name}' for k, name in KEYS.items())}。")
    if key == "words":
        every = words["tokens"].explode().drop_nulls().unique()
        hollow = [w for w in every if desk.rules.label_words.fullmatch(w)]  # 领导, 处理 rise with every day's work
        spoken = words.select("post_id", key=pl.col("tokens").list.set_difference(hollow))
        return posts.join(spoken, on="post_id", how="left")
    if key == "new":
        known = tokens.known(desk.rules.lexicon)
        found = terms.find(posts, known=known)["word"].to_list()
        said = posts.select(pl.concat_str(pl.col("title", "text").fill_null(""), separator="\n")).to_series()
        return posts.with_columns(terms.mark(said, found).alias("key"))
    if key == "story":
        named = stories.select("post_id", key=pl.format("{}（{}）", "title", "story_id"))
        return posts.join(named, on="post_id", how="left")
    if key == "line":
        routed = routing.route(posts, desk.router).drop_nulls("line").group_by("post_id").agg(key="line")
        return posts.join(routed, on="post_id", how="left").with_columns(pl.col("key").fill_null(["（未分流）"]))
    return posts.with_columns(key=pl.col(key).fill_null("（未注明）"))


def hours(quiet: str) -> tuple[int, int] | None:
    """22-7 -> (22, 7): hours in which nothing is told; empty -> None. Raises LabError when it cannot be read."""
    if not quiet.strip():
        return None
    found = re.fullmatch(r"\s*([01]?\d|2[0-3])\s*[-–~至到]\s*([01]?\d|2[0-3])\s*", quiet)
    if not found:
        raise LabError(f"安静时段“{quiet}”看不懂。请写成 22-7，即22时到次日7时。")
    return int(found[1]), int(found[2])


def ranked(alerts: pl.DataFrame, unusual: pl.DataFrame, posts: pl.DataFrame, rules: Grades) -> pl.DataFrame:
    """Alerts (events.ALERT, `size`) with danger and words: those that are about harm to people first, then by size.

    danger: posts of the alert that speak of harm to people, where they are as many as the red line asks. words: keys
    that were unusual (Burst) in posts of the alert, the most unusual first.
    """
    lines = [line for line in rules.red_line if line.kind == "words" and line.id in DANGER]
    said = phrases.says(posts).select("post_id", "says")
    behind = alerts.with_row_index("row").select("row", post_id="posts").explode("post_id").join(said, on="post_id")
    n = pl.len()
    hit = [pl.col("says").str.contains_any(list(line.words)).sum() for line in lines]
    met = [
        pl.when((h >= line.min_posts) & (h >= line.min_share * n)).then(h).otherwise(0)
        for h, line in zip(hit, lines, strict=True)
    ]
    danger = behind.group_by("row").agg(danger=pl.sum_horizontal(met) if met else pl.lit(0))
    rose = unusual.select("strength", word="together", post_id="posts").explode("post_id").explode("word")
    rose = rose.filter(~pl.col("word").str.contains(r"^[一二三两几\d]"))  # 一碗、一上午: a count names nothing
    words = behind.join(rose, on="post_id").group_by("row", "word").agg(pl.col("strength").max(), n=pl.len())
    words = words.sort("n", "strength", "word", descending=[True, True, False])
    found = alerts.with_row_index("row").join(danger, on="row", how="left", maintain_order="left")
    found = found.join(
        words.group_by("row", maintain_order=True).agg(words=pl.col("word").head(4)),
        on="row",
        how="left",
        maintain_order="left",
    )
    found = found.with_columns(pl.col("danger").fill_null(0), pl.col("words").fill_null([]))
    return found.sort("danger", "size", "raised", descending=True).drop("row")


def alerts(alerts: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Ranked alerts as people read them: what (the story's title, its words in brackets), says (the first post)."""
    also = pl.col("words").list.join("、")
    what = pl.when(also == "").then("title").otherwise(pl.format("{}（{}）", "title", also))
    return tables.first_said(alerts, posts).rename({"text": "says"}).with_columns(what=what)
