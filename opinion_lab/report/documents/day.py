"""The daily brief in frames and sentences: what is new, how grave, who must answer, what may have slipped through."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import stories, trends
from opinion_lab.judge import grading
from opinion_lab.judge.deadlines import clocks
from opinion_lab.prepare import relevance
from opinion_lab.prepare.relevance import classifier
from opinion_lab.report import wording
from opinion_lab.report.wording import levels as sentences
from opinion_lab.rules.expectations import AnnualPeaks
from opinion_lab.rules.grades import Grades

FEWEST = 3  # posts in a day from which a story is worth a line
FEWEST_ALERT = 10  # posts below which a story is no alert, however sudden
SAMPLE = 8
ATTITUDE = "怒|气愤|投诉|举报|不管|推诿|敷衍|骗|坑|赔|退|凭什么|为什么|怎么还|呵呵|失望|担心|害怕"


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """Midnight after `day` in `zone`."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(ZoneInfo("UTC"))


def alerts(
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    *,
    day: date,
    zone: ZoneInfo,
    budget: int,
    peaks: AnnualPeaks,
    holes: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The stories that are unusual today (Burst, and `title`), strongest first, at most `budget` of them.

    A story counts as one thing, so that its many words do not sound as many alerts.
    """
    told = posts.join(post_stories, on="post_id")
    until = day_end(day, zone)
    counts = trends.count(told, key="story_id", every="1h", holes=holes, min_total=10, until=until, zone=zone)
    found = trends.watch(counts, budget=budget, now=until, min_n=FEWEST_ALERT, peaks=peaks, zone=zone)
    titles = stories.describe(posts, post_stories).select("story_id", "title")
    today = found.filter(pl.col("alert") & (pl.col("end") > until - timedelta(days=1)))
    named = today.join(titles, left_on="key", right_on="story_id", how="left", maintain_order="left")
    return named.sort("strength", "key", descending=[True, False]).head(budget)


def levels(
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    *,
    day: date,
    zone: ZoneInfo,
    rules: Grades,
    own: Collection[str],
    decisions: pl.DataFrame | None = None,
    most: int = 8,
) -> pl.DataFrame:
    """Today's stories with their level, gravest first: Story columns, today, level, confirmed_by, reason.

    `decisions`: levels that people confirmed (see grading.trail). Stories with fewer than 3 posts today are left out.
    """
    until = day_end(day, zone)
    known = posts.filter(pl.col("published_at") < until)
    joined = known.join(post_stories, on="post_id")
    today = joined.filter(pl.col("day") == day).group_by("story_id").agg(today=pl.len())
    chosen = today.filter(pl.col("today") >= FEWEST).sort("today", "story_id", descending=[True, False]).head(most)
    described = stories.describe(known, post_stories.join(known.select("post_id"), on="post_id", how="semi"))
    decided = decisions.filter(pl.col("at") <= until) if decisions is not None else None
    held: dict[str, Any] = {
        "past": grading.past(known, post_stories, own=own),
        "own": own,
        "visible_from": grading.answers_visible_from(known, own),
    }
    rows = []
    for story_id, n in chosen.iter_rows():
        mine = joined.filter(pl.col("story_id") == story_id).drop("story_id")
        if decided is not None and story_id in decided["story_id"]:
            # which red lines a person knew of shows only in the trail
            grades = grading.trail(mine, rules, story_id=story_id, until=until, decisions=decided, **held)
        else:
            grades = grading.propose(grading.examine(mine, at=until, rules=rules, story_id=story_id, **held), rules)
        grade = grades.row(-1, named=True)
        rows.append((story_id, n, grade["level"], grade["confirmed_by"], sentences.gist(grade, zone=zone)))
    columns = {"story_id": pl.String(), "today": pl.Int64()}
    schema = columns | dict.fromkeys(("level", "confirmed_by", "reason"), pl.String())
    graded = pl.DataFrame(rows, schema=schema, orient="row")
    # Ⅰ comes before Ⅳ in the order of their code points too
    return graded.join(described, on="story_id").sort("level", "today", "story_id", descending=[False, True, False])


def summary(posts: pl.DataFrame, month: pl.DataFrame, alerts: pl.DataFrame, levels: pl.DataFrame, *, day: date) -> str:
    """The day in two sentences: what stands out, then how much was said against the usual."""
    if posts.is_empty():
        return f"{day.month}月{day.day}日没有与关注词有关的帖文。请先看“哪些可能看漏了”，确认不是采集中断。"
    before = month.filter((pl.col("day") < day) & (pl.col("day") >= day - timedelta(days=7)))
    usual = before.height / max(1, before["day"].n_unique())
    graver = levels.filter(pl.col("level") != "Ⅳ")
    head = _level(levels.row(0, named=True)) if graver.height else "没有高于Ⅳ级的事件"
    alert = f"{alerts.height}条预警" if alerts.height else "没有预警"
    return f"{head}；{alert}。当天{wording.count(posts.height)}，{wording.change(usual, posts.height, '前七天日均')}。"


def _level(row: dict[str, Any]) -> str:
    if row["confirmed_by"]:
        return f"“{row['title']}”由{row['confirmed_by']}确认为{row['level']}级"
    return f"“{row['title']}”建议{row['level']}级（待人工确认）"


def voices(posts: pl.DataFrame, post_stories: pl.DataFrame, *, most: int = 8) -> pl.DataFrame:
    """What people say, in their own words: one post a story, critics first, the most copied first among them.

    Post columns and `copies`, how many posts of the day say the same.
    """
    same = pl.coalesce("copy_of", "post_id")
    copies = posts.group_by(same.alias("same")).agg(copies=pl.len())
    people = posts.filter(
        ~clocks.official([]) & (pl.col("text").str.len_chars() >= 10) & (pl.col("author_kind") != "media")
    )
    ranked = (
        people.with_columns(same=same)
        .join(copies, on="same")
        .join(post_stories, on="post_id")
        .with_columns(critic=pl.col("text").str.contains(ATTITUDE))
        .sort("critic", "copies", "published_at", "post_id", descending=[True, True, False, False])
    )
    return ranked.unique("story_id", keep="first", maintain_order=True).head(most)


def missed(posts: pl.DataFrame, kept: pl.DataFrame, day: date, holes: pl.DataFrame, *, zone: ZoneInfo) -> str:
    """What may have slipped through today: silent platforms, gaps in collection, posts that are not among `kept`."""
    end = day_end(day, zone)
    today = posts.filter(pl.col("day") == day)
    silent = sorted(set(posts["platform"]) - set(today["platform"]))
    gaps = holes.filter((pl.col("end") > end - timedelta(days=1)) & (pl.col("start") < end)).sort("start")
    named = [
        f"{r['platform']}{wording.time(r['start'], zone)}至{wording.time(r['end'], zone)}"
        for r in gaps.iter_rows(named=True)
    ]
    aside = today.height - kept.filter(pl.col("day") == day).height
    parts = [f"采集缺口{len(named)}处：{wording.listing(named, unit='处')}" if named else "没有发现采集缺口"]
    if silent:
        parts.append(f"今天一条也没有的平台：{wording.listing(silent, most=6, unit='个')}")
    parts.append(f"{wording.count(aside)}因与关注词无关放在一边（占{wording.percent(aside, today.height)}）")
    return "；".join(parts) + "。"


def doubtful(
    posts: pl.DataFrame,
    kept: pl.DataFrame,
    day: date,
    model: classifier.Model | None = None,
    labelled: pl.DataFrame | None = None,
    *,
    most: int = SAMPLE,
) -> pl.DataFrame:
    """What a person should look over today: Post columns, `probability` (null without a model) and `doubt`, why.

    First where words and model disagree, the surest disagreement first, at most half, mostly what may have been missed;
    then what fell short by half a word, a quarter; the rest is drawn from what was set aside. Copies and what was
    labelled before are left out. The same sample at every run.
    """
    today = posts.filter((pl.col("day") == day) & (pl.col("text") != "") & pl.col("copy_of").is_null())
    if labelled is not None:
        today = today.join(labelled, on="post_id", how="anti")
    blind = pl.Series([None] * today.height, dtype=pl.Float64)
    today = today.with_columns(probability=classifier.predict(model, classifier.texts(today)) if model else blind)
    p, listed = pl.col("probability"), pl.col("post_id").is_in(kept["post_id"].implode())
    aside = ~listed & ~pl.col("relevant")
    percent = (100 * p).round(0).cast(pl.Int64)
    likely = pl.format("关注词判为无关，模型估计有{}%可能相关", percent)
    unlikely = pl.format("关注词判为相关，模型估计只有{}%可能", percent)
    # post_id is a digest: its order is as good as drawn by lot, and stays
    parts = [
        today.filter(aside & (p >= 0.5)).sort(-p, "post_id").with_columns(doubt=likely).head(3 * most // 8),
        # a repost without words of its own is relevant by its parent, which the model does not see
        today.filter(pl.col("relevant") & (p < 0.5) & (pl.col("relevance_reason") != relevance.INHERITED))
        .sort(p, "post_id")
        .with_columns(doubt=unlikely)
        .head(most // 8),
        today.filter(aside & pl.col("relevance_reason").str.starts_with(relevance.HALF_WORD))
        .sort("post_id")
        .with_columns(doubt="relevance_reason")
        .head(most // 4),
        today.filter(~listed).sort("post_id").with_columns(doubt=pl.format("抽样：{}", "relevance_reason")).head(most),
    ]
    return pl.concat(parts).unique("post_id", keep="first", maintain_order=True).head(most)


def advice(levels: pl.DataFrame, demands: pl.DataFrame, rules: Grades) -> pl.DataFrame:
    """Who should do what, and because of what: the plan's measures for the gravest story, then open demands."""
    rows: list[tuple[str, str, str]] = []
    if levels.height:
        top = levels.row(0, named=True)
        for who, what in grading.measures(top["level"], rules).select("who", "what").iter_rows():
            rows.append((who, what, _level(top)))
    for row in demands.filter(~pl.col("answered")).head(3).iter_rows(named=True):
        rows.append(("承办科室", f"答复诉求“{row['key']}”", f"{wording.count(row['n'])}提出，未见回应"))
    return pl.DataFrame(rows, schema=dict.fromkeys(("who", "what", "because"), pl.String), orient="row")
