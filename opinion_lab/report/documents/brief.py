"""The daily brief: its frames (`of`), and what is shown of them, one function a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import demands as requests, trends
from opinion_lab.judge import routing
from opinion_lab.judge.deadlines import clocks
from opinion_lab.report import figures, page
from opinion_lab.report.documents import day as days, tables
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.page import Shown
from opinion_lab.report.widgets import labelling
from opinion_lab.report.wording import courses
from opinion_lab.rules import Rules

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Brief:
    """A day in frames: its posts, the four weeks behind them, and what was found in them.

    `everything` are all posts of the four weeks, `month` those of the stories shown; `alerts` as Lab.alerts, `levels`
    as day.levels, `by_line` as routing.tally, `demands` as demands.coverage, `doubtful` as day.doubtful.
    """

    day: date
    zone: ZoneInfo
    rules: Rules
    everything: pl.DataFrame
    month: pl.DataFrame
    posts: pl.DataFrame
    post_stories: pl.DataFrame
    holes: pl.DataFrame
    alerts: pl.DataFrame
    levels: pl.DataFrame
    public: pl.DataFrame
    by_line: pl.DataFrame
    demands: pl.DataFrame
    doubtful: pl.DataFrame


def of(lab: Desk, day: str = "", *, relevant: bool = True, budget: int = 3) -> Brief:
    """The brief of a day, the latest unless said. `relevant`: only of stories that are about the bureau's matters."""
    on = lab.latest(day)
    rules, zone, own = lab.rules, lab.zone, lab.settings.organisations.own
    everything, month, post_stories = lab.month(on, relevant=relevant)
    posts = month.filter(pl.col("day") == on)
    levels = days.levels(month, post_stories, day=on, zone=zone, rules=rules.grades, own=own, decisions=lab.levels())
    public = posts.filter(~clocks.official(own) & pl.col("copy_of").is_null())
    asked = requests.extract(public, table=rules.demands)
    answered = month.filter(pl.col("kind") == "statement")
    return Brief(
        day=on,
        zone=zone,
        rules=rules,
        everything=everything,
        month=month,
        posts=posts,
        post_stories=post_stories,
        holes=trends.holes(everything, zone=zone),
        alerts=lab.alerts(on, budget=budget, relevant=relevant),
        levels=lab.titled(levels, "story_id"),
        public=public,
        by_line=routing.tally(routing.route(public, lab.router)),
        demands=requests.coverage(asked, answered, table=rules.demands),
        doubtful=days.doubtful(everything, month, on, lab.relevance_model(), lab.labels),
    )


def title(today: Brief) -> Shown:
    """The report's title."""
    return page.title(f"每日舆情：{today.day.year}年{today.day.month}月{today.day.day}日")


def summary(today: Brief) -> Shown:
    """What stands out, then how much was said against the usual."""
    return page.finding(days.summary(today.posts, today.month, today.alerts, today.levels, day=today.day))


def alerts(today: Brief) -> Shown:
    """The stories that are unusual today."""
    columns = {
        "title": ("事件", "verbatim"),
        "start": "开始",
        "n": "条数",
        "expected": "平时",
        "why": "说明",
    }
    titled = pl.format("{}（{}）", "title", "key")
    rows = courses.bursts(today.alerts, zone=today.zone).with_columns(pl.col("expected").round(1), title=titled)
    return page.table(rows, columns, "今日预警", nothing="今天没有预警。")


def levels(today: Brief) -> Shown:
    """Today's stories and the level that is proposed or confirmed."""
    columns = {
        "title": ("事件", "verbatim"),
        "today": "今日条数",
        "n_posts": "累计",
        "level": "级别",
        "reason": "主要理由",
    }
    by = pl.format("{}确认", "confirmed_by").fill_null("建议")
    level, titled = pl.format("{}级（{}）", "level", by), pl.format("{}（{}）", "title", "story_id")
    rows = today.levels.with_columns(level=level, title=titled)
    return page.table(rows, columns, "今日事件（建议的级别待人工确认）", most=8, nothing="今天没有满三条的事件。")


def volume(today: Brief) -> Any:
    """How much was said in the last week."""
    counts = trends.count(today.month, key="platform", every="1h", holes=today.holes, zone=today.zone)
    return figures.volume(counts.filter(pl.col("bin") >= pl.col("bin").max() - WEEK), zone=today.zone)


def platforms(today: Brief) -> Any:
    """Where it was said today."""
    return figures.platforms(today.posts)


def voices(today: Brief) -> Shown:
    """What people say in their own words, one post a story."""
    columns = {
        "published_at": "时间",
        "platform": "平台",
        "text": ("原话（已脱敏）", "verbatim"),
        "copies": "同文条数",
    }
    rows = days.voices(today.posts, today.post_stories)
    return page.table(rows, columns, "批评与诉求在前；同一件事只列一条", nothing="今天没有公众发言。")


def by_line(today: Brief) -> Shown:
    """Which lines of business today's posts belong to, and how sure that is."""
    return tables.by_line(today.by_line, most=8)


def demands(today: Brief) -> Shown:
    """What people ask for, what nobody has answered first."""
    columns = {
        "key": "诉求",
        "demand": "类型",
        "n": "条数",
        "answered": "已有回应",
        "quote": ("原话（已脱敏）", "verbatim"),
    }
    rows = today.demands.rename({"kind": "demand"})
    return page.table(rows, columns, "今日诉求（没有回应的在前）", most=8, nothing="没有认出明确的诉求。")


def where_to_complain() -> Shown:
    """That a post is no complaint."""
    return page.note("网帖不是法定投诉：请引导当事人通过全国12315平台或热线提出；职责外事项告知并反馈统一接收机构。")


def missed(today: Brief) -> Shown:
    """What may have slipped through: silent platforms, gaps in collection, posts set aside."""
    return page.finding(days.missed(today.everything, today.month, today.day, today.holes, zone=today.zone))


def doubtful(today: Brief) -> Shown:
    """Posts that a person should look over."""
    columns = {"platform": "平台", "text": ("内容", "verbatim"), "doubt": "为什么请您看"}
    caption = "请过目：关注词与模型有分歧的、差半个词的，以及放在一边的抽样"
    return page.table(today.doubtful, columns, caption, nothing="没有要请人过目的帖文。")


def model(lab: Desk) -> Shown:
    """What the model of relevance rests on."""
    return page.note(labelling.described(lab.relevance_model(), lab.labels))


def advice(today: Brief) -> Shown:
    """Who should do what, and because of what."""
    columns = {"who": "谁", "what": "做什么", "because": "因为"}
    rows = days.advice(today.levels, today.demands, today.rules.grades)
    return page.table(rows, columns, "建议（供值班人员取舍）", nothing="今天没有要建议的事。")


def sources(lab: Desk, today: Brief) -> Shown:
    """What the brief stands on."""
    return page.provenance(lab.store, today.posts, 四周全部=today.everything.height, 四周相关=today.month.height)
