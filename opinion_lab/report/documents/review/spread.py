"""What happened, how it spread, and what people say and want: one function a finding, over a Review (lab.review)."""

from __future__ import annotations

from typing import Any

import polars as pl

from opinion_lab.analyse import cascades, coordination
from opinion_lab.analyse.cascades.forecasting import Forecast
from opinion_lab.analyse.lifecycle import first_seen
from opinion_lab.judge.incident_review import Review
from opinion_lab.report import figures, page
from opinion_lab.report.documents import tables
from opinion_lab.report.figures import course, spread, theme
from opinion_lab.report.page import Shown
from opinion_lab.report.wording import courses
from opinion_lab.report.wording.response import lessons

# --- what happened -----------------------------------------------------------------------------------------------


def title(past: Review) -> Shown:
    """The report's title, with the story's number."""
    return page.title(f"事后复盘：{lessons.title(past)}（{past.story['story_id']}）")


def summary(past: Review) -> Shown:
    """The whole in two hundred characters."""
    return page.finding(lessons.summary(past, zone=past.context.zone), past.posts)


def origin(past: Review) -> Shown:
    """Where it began."""
    return page.finding(lessons.origin(past, zone=past.context.zone), past.posts.head(5))


def volume(past: Review) -> Any:
    """How much was said when, over phases and answers."""
    drawn = course.of(past)
    return figures.volume(drawn.counts, drawn.phases, past.statements, zone=past.context.zone)


def phases(past: Review) -> Shown:
    """The phases and why each began."""
    columns = {"phase": "阶段", "start": "开始", "end": "结束", "posts": ("帖文", "posts"), "why": "依据"}
    within = [
        past.posts.filter((pl.col("published_at") >= a) & (pl.col("published_at") < b))["post_id"].to_list()
        for a, b in past.phases.select("start", "end").iter_rows()
    ]
    rows = courses.phases(past.phases).with_columns(posts=pl.Series(within, dtype=pl.List(pl.String)))
    shown = page.table(rows, columns, "阶段划分", clamp=200)
    return page.together(
        shown, page.note(courses.measured(past.phases) + lessons.drawn(past, course.of(past).posts.height))
    )


# --- how it spread -----------------------------------------------------------------------------------------------


def platforms(past: Review) -> Any:
    """Where it was said."""
    return figures.platforms(past.posts)


def first_platforms(past: Review, posts: pl.DataFrame, sightings: pl.DataFrame) -> Any:
    """When it came to each platform; `posts` and `sightings` tell when lists were looked at."""
    firsts = first_seen.first(past.posts, first_seen.polls(posts, sightings), zone=past.context.zone)
    return theme.on_screen(spread.platform_lags(firsts, zone=past.context.zone))


def author_kinds(past: Review) -> Any:
    """Which kinds of account said it."""
    return theme.on_screen(figures.author_kinds(past.posts))


def same_words_at_once(past: Review) -> Shown:
    """Many accounts with the same words within seconds; what may explain it innocently."""
    found = coordination.bursts(past.posts)
    columns = {
        "start": "开始",
        "n": "帖文",
        "accounts": "账号数",
        "kinds": "账号类型",
        "innocent": "可能的无害解释",
        "text": ("文字", "verbatim"),
    }
    caption = "许多账号同时发出相同文字的情形（不是证据）"
    table = page.table(spread.coordination_table(found), columns, caption, most=8, nothing="")
    return page.together(page.finding(spread.coordination_finding(found)), table)


def chain(past: Review) -> Shown:
    """How deep and how fast it was passed on."""
    return page.finding(lessons.course(past), past.passed_on)


def chain_levels(past: Review) -> Any:
    """How far from the first post the others stand; nothing where `chain` said that nobody knows."""
    if past.edges.is_empty():
        return None
    return theme.on_screen(figures.cascade_levels(cascades.levels(past.edges)))


def growth(past: Review) -> Any:
    """How many posts there were by when."""
    return theme.on_screen(figures.cascade_growth(course.of(past).posts, zone=past.context.zone))


def carriers(past: Review) -> Shown:
    """The posts that carried it furthest, by kind of account."""
    columns = {
        "published_at": "时间",
        "platform": "平台",
        "author_kind": "账号类型",
        "children": "直接转评",
        "descendants": "其下合计",
    }
    rows = cascades.carriers(past.posts, past.edges, most=5)
    return page.table(rows, columns, "带动最多的五条（只看账号类型，不看个人）", nothing="")


def forecasts(past: Review, then: list[Forecast]) -> Any:
    """What its size looked like early on (incident_review.forecasts) beside what it came to."""
    if past.orders_alone:
        return page.finding("都是工单，不靠转发传开，不按转发的经验预测规模。")
    return theme.on_screen(spread.forecasts(then, final=past.posts.height, zone=past.context.zone))


def chances(past: Review, then: list[Forecast]) -> Shown:
    """How likely each size of the table of grades was, and what that rests on."""
    cuts = past.context.rules.grades.score.spread.cuts
    caption = "当时看，达到分级表各档帖量的可能（档位看24小时帖量，这里看最终条数，所以只会偏高）"
    rows = spread.chances(then, cuts, zone=past.context.zone)
    rows = rows if any(f.seen >= spread.SMALL for f in then) else rows.clear()
    table = page.table(rows, caption=caption, nothing="", null="—")
    note = page.note(spread.forecast_note(then))
    return page.folded("当时看，达到各档帖量的可能", page.together(table, note)) if rows.height else table


# --- what people say and want ------------------------------------------------------------------------------------


def criticism(past: Review) -> Shown:
    """What to read of those who criticise the officials, and of other views."""
    columns = {"key": "观点", "n": "找到几人", "quote": ("原话（已脱敏）", "verbatim")}
    found = page.finding(lessons.criticism(past), past.public)
    if not past.views["n"].sum():
        return found
    table = page.table(past.views, columns, "按用词找到的原话，批评官方的列在最前", null="（没有）")
    note = page.note("原话按用词找，只找得到一小部分，反讽认不出；人数只说明找到几条可看，不是比例。")
    return page.together(found, table, note)


def respondents(past: Review) -> Shown:
    """Which businesses, institutions and estates the story's posts name."""
    return tables.respondents(past.respondents, past.posts)


def demands(past: Review) -> Shown:
    """What people ask for and what no answer addresses."""
    return page.finding(lessons.demanded(past), past.public)


def open_demands(past: Review) -> Shown:
    """The demands without an answer."""
    number = "件数" if past.orders_alone else "人数"
    columns = {"key": "诉求", "demand": "类型", "n": number, "quote": ("原话（已脱敏）", "verbatim")}
    rows = past.demands.filter(~pl.col("answered")).rename({"kind": "demand"})
    caption = "来电人的诉求" if past.orders_alone else "没有找到回应的诉求"
    return page.table(rows, columns, caption, most=8, nothing=_none(past, "没有哪类诉求是没有回应的。"))


def answered_demands(past: Review) -> Shown:
    """The demands with the sentence that answers them."""
    columns = {
        "key": "诉求",
        "n": "人数",
        "quote": ("原话（已脱敏）", "verbatim"),
        "answer": ("官方的哪一句", "verbatim"),
    }
    rows = past.demands.filter("answered")
    nothing = _none(past, "没有哪类诉求已有回应。")
    return page.table(rows, columns, "已有回应的诉求", most=8, clamp=60, nothing=nothing)


def _none(past: Review, said: str) -> str:
    """What an empty table of demands says; nothing where none was asked, or where answers stand in orders."""
    return "" if past.orders_alone or past.demands.is_empty() else said
