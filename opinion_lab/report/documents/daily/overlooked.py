"""What may have slipped through: gaps, silent platforms, and posts that a person should look over."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.prepare import relevance
from opinion_lab.prepare.relevance import classifier
from opinion_lab.report import wording
from opinion_lab.report.documents.daily.stories import day_end

SAMPLE = 8


def missed(posts: pl.DataFrame, kept: pl.DataFrame, day: date, holes: pl.DataFrame, *, zone: ZoneInfo) -> str:
    """What may have slipped through today: silent platforms, gaps in collection, posts that are not among `kept`.

    Platforms that only take in files (work orders) have no gaps of collection.
    """
    end = day_end(day, zone)
    today = posts.filter(pl.col("day") == day)
    web = posts.filter(pl.col("kind") != "complaint")
    silent = sorted(set(web["platform"]) - set(today["platform"]))
    gaps = holes.filter((pl.col("end") > end - timedelta(days=1)) & (pl.col("start") < end)).sort("start")
    named = [
        f"{r['platform']}{wording.time(r['start'], zone)}至{wording.time(r['end'], zone)}"
        for r in gaps.join(web, on="platform", how="semi").iter_rows(named=True)
    ]
    parts = []
    if web.height:
        parts = [f"采集缺口{len(named)}处：{wording.listing(named, unit='处')}" if named else "没有发现采集缺口"]
    if silent:
        parts.append(f"今天一条也没有的平台：{wording.listing(silent, most=6, unit='个')}")
    if aside := today.height - kept.filter(pl.col("day") == day).height:
        parts.append(f"{wording.count(aside)}因与关注词无关放在一边（占{wording.percent(aside, today.height)}）")
    return "；".join(parts) + "。" if parts else "今天的帖文全部列入了本页，没有放在一边的。"


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
