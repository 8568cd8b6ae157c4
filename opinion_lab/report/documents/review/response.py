"""How the answer fared, which level and line it was, and what to learn: one function a finding, over a Review."""

from __future__ import annotations

from typing import Any

import polars as pl

from opinion_lab.judge import grading, similar_incidents
from opinion_lab.judge.incident_review import Review
from opinion_lab.report import figures, page
from opinion_lab.report.documents import tables
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.figures import course, theme
from opinion_lab.report.page import Shown
from opinion_lab.report.wording import phrases
from opinion_lab.report.wording.response import answers, deadlines, incidents, lessons, levels

# --- how the answer fared ----------------------------------------------------------------------------------------


def speed(past: Review) -> Shown:
    """How soon the first answer came."""
    return page.finding(answers.speed(past), past.timed)


def clocks(past: Review) -> Shown:
    """Every deadline that can be judged, then in one line those that cannot."""
    return deadline_table(past.clocks, zone=past.context.zone)


def deadline_table(clocks: pl.DataFrame, *, zone: Any, caption: str = "时限逐条") -> Shown:
    """Deadlines (Clock): those that were kept, missed or run; those that posts cannot tell stand in one line."""
    columns = {"what": "时限", "state": "结果", "due": "应于", "done": "实际", "note": "说明"}
    able = clocks.filter(pl.col("state") != "unknown")
    table = page.table(
        deadlines.table(able, zone=zone),
        columns,
        caption,
        clamp=200,
        null="—",
        nothing="没有哪一项时限可以从帖文里判断。",
    )
    return page.together(table, page.note(deadlines.unknown(clocks, zone=zone)))


def legal_bases(past: Review) -> Shown:
    """What each deadline rests on."""
    columns = {"what": "时限", "basis": "依据和施行日期", "source": ("出处", "link")}
    return page.folded("各条时限的依据", page.table(answers.bases(past), columns, clamp=60))


def correctness(past: Review) -> Shown:
    """Whether a later answer takes back an earlier one."""
    return page.finding(answers.correctness(past), past.statements)


def versions(past: Review) -> Shown:
    """The answers in order, and what became of each."""
    columns = {"n": "次", "head": "发布", "later": "后来", "text": ("内容", "verbatim")}
    return page.table(answers.versions(past), columns, "官方发布", nothing="")


def corrections(past: Review) -> Shown:
    """What each answer took back or changed."""
    columns = {"a": "原来的说法", "b": "后来的说法", "verdict": "比对"}
    caption = "前后两版对照（机器比对，请人工核对原文）"
    return page.table(answers.corrections(past), columns, caption, nothing="")


def after(past: Review) -> Shown:
    """What came after each answer against what was to be expected."""
    columns = {
        "at": "发布时间",
        "hours": "看几小时",
        "before": "此前",
        "after": "此后",
        "expected": "没有发布时预计（八成区间）",
        "verdict": "比较",
    }
    table = page.table(answers.compared(past), columns, "每次发布前后的条数", nothing="")
    found = page.finding(answers.after(past, zone=past.context.zone), past.statements)
    return page.together(found, table, page.note(answers.METHOD if past.answers.height else ""))


def secondary(past: Review, tokens: pl.DataFrame) -> Any:
    """Words that rose after the first answer; nothing where `after` said that there was none."""
    if past.answers.is_empty():
        return None
    return theme.on_screen(figures.rising_words(answers.secondary(past, tokens), most=10))


# --- which level, which line -------------------------------------------------------------------------------------


def level_trail(past: Review) -> Any:
    """The level hour by hour."""
    return figures.level_trail(course.of(past).grades, zone=past.context.zone)


def turns(past: Review) -> Shown:
    """Each change of the level, and why."""
    columns = {"at": "时间", "turn": "升降", "level": "级别", "why": "由什么决定"}
    caption = "等级的每次升降（逐小时计算，只用到当时为止的帖文）"
    rows = levels.turns(past.grades, zone=past.context.zone)
    notice = page.note(past.context.rules.grades.notice)
    return page.together(notice, page.table(rows, columns, caption, most=12, clamp=120))


def gravest(past: Review) -> Shown:
    """Why the gravest hour had its level."""
    rows = levels.lines(past.gravest, zone=past.context.zone)
    table = page.table(rows, {"what": "项", "said": "说明"}, clamp=400)
    return page.folded("最重的一刻为什么是这一级，什么会使它升降", table)


def measures(past: Review) -> Shown:
    """What the gravest level asks of whom, and where that stands."""
    rows = grading.measures(past.gravest["level"], past.context.rules.grades).with_columns(phrases.cited("source"))
    return page.table(rows, {"who": "谁", "what": "做什么", "source": "出处"}, "这一级的处置措施", clamp=60)


def lines(past: Review) -> Shown:
    """Which lines of business it belongs to, and how sure that is."""
    return tables.by_line(past.lines, most=5)


def verdicts(past: Review) -> Shown:
    """The judgement, side by side."""
    rows = answers.verdicts(past, zone=past.context.zone)
    return page.table(rows, {"what": "方面", "said": "判断"}, "速度和对错分开看", clamp=200)


# --- what to learn -----------------------------------------------------------------------------------------------


def similar(past: Review, posts: pl.DataFrame, post_stories: pl.DataFrame, tokens: pl.DataFrame) -> Shown:
    """Incidents of the past that are alike: the lab's own (`posts` and theirs), and public ones."""
    zone = past.context.zone
    found = similar_incidents.alike(past, posts, post_stories, tokens)
    rows = incidents.alike(found, zone=zone)
    alike = {
        "name": ("以往的事", "verbatim"),
        "alike": ("相近", "percent"),
        "why": "哪里像",
        "done": ("当时怎么办", "verbatim"),
        "fared": ("快不快，对不对，结局如何", "verbatim"),
    }
    caption = "最相近的以往事件（只是提醒去读，不是预测；引用前核对出处）"
    return page.together(
        page.finding(incidents.most_alike(found, zone=zone)),
        page.table(rows, alike, caption, most=3, clamp=80, nothing=""),
    )


def advice(past: Review) -> Shown:
    """What to do otherwise next time, as far as the data tell."""
    rows = lessons.lessons(past, zone=past.context.zone)
    nothing = "数据里没有看出要改的地方；办理过程须另行访谈。"
    return page.table(
        rows,
        {"lesson": "建议", "fact": "根据"},
        "由数据得出的建议（供讨论，不代替人的判断）",
        clamp=200,
        nothing=nothing,
    )


def questions(past: Review) -> Shown:
    """What posts cannot answer and whom to ask; and where the rest stands."""
    asked = past.context.rules.review_questions
    open_ = {"id": "编号", "question": "问题", "where": "向谁要"}
    done = {"id": "编号", "question": "问题", "where": "见哪一节"}
    return page.together(
        page.table(asked.filter(~pl.col("data")), open_, "要靠访谈和台账回答的问题"),
        page.folded("数据已经回答的问题，见哪一节", page.table(asked.filter("data"), done)),
    )


def completeness(past: Review) -> Shown:
    """What was not collected or not said."""
    return page.finding(lessons.completeness(past, zone=past.context.zone), past.posts)


def sources(lab: Desk, past: Review, posts: pl.DataFrame) -> Shown:
    """What the review stands on; `posts` are all of the period."""
    return page.provenance(lab.store, past.posts, 期间全部=posts.height, 事件内=past.posts.height)
