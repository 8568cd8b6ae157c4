"""The tour: what came in, what a post looks like, and one story from its first post to its answers."""

from __future__ import annotations

import polars as pl

from opinion_lab.judge.incident_review import Review
from opinion_lab.report import page, wording
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.page import Shown


def ledger(lab: Desk) -> Shown:
    """The files that came in; rows read are rows kept and dropped, or it fails."""
    rows = lab.store.captures().sort("name")
    assert (rows["rows_in"] == rows["rows_kept"] + rows["rows_dropped"]).all()
    columns = {
        "name": "文件",
        "mapping": "对应表",
        "encoding": "编码",
        "rows_in": "读入",
        "rows_kept": "保留",
        "rows_dropped": "剔除",
    }
    return page.table(rows, columns, "收到的文件")


def dropped(lab: Desk) -> Shown:
    """Why rows were dropped, and how many."""
    rows = lab.store.dropped()["reason"].value_counts(name="n").sort("n", "reason", descending=True)
    return page.table(rows, {"reason": "为什么剔除", "n": "行数"}, "剔除的行")


def redacted(posts: pl.DataFrame) -> Shown:
    """Three posts with a telephone number taken out."""
    columns = {"published_at": "时间", "platform": "平台", "author_id": "化名", "text": ("内容", "verbatim")}
    rows = posts.filter(pl.col("text").str.contains(r"\[手机号\]")).head(3)
    return page.table(rows, columns, "三条含电话的帖文")


def platforms(posts: pl.DataFrame) -> Shown:
    """How many posts each platform gave."""
    rows = posts.group_by("platform").len("n").sort("n", "platform", descending=True)
    return page.table(rows, {"platform": "平台", "n": "条数"}, f"共{wording.number(posts.height)}条")


def copies(posts: pl.DataFrame) -> Shown:
    """How many posts are copies of others."""
    n = posts["copy_of"].count()
    return page.finding(f"{wording.number(n)}条是转抄，占{wording.percent(n, posts.height)}。")


def stories(found: pl.DataFrame, *, most: int = 3) -> Shown:
    """The largest stories (Story)."""
    columns = {
        "title": ("事件", "verbatim"),
        "story_id": "编号",
        "first_at": "首见",
        "last_at": "末见",
        "n_posts": "条数",
        "n_originals": "原创",
    }
    return page.table(found.head(most), columns, "最大的几件事")


def phases(past: Review) -> Shown:
    """The phases of a story."""
    columns = {"phase": "阶段", "start": "开始", "end": "结束", "n": "条数"}
    return page.table(past.phases, columns, "阶段")


def answers(past: Review) -> Shown:
    """When officials answered, and how long after the first post."""
    columns = {"at": "时间", "author_name": "单位", "delay": "距首帖"}
    return page.table(past.answers, columns, "官方发布", nothing="没有官方发布。")
