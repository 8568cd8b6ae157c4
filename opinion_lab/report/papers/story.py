"""Papers about one story: 专报, and the reports upward, first, follow-up and closing (信息报送：首报、续报、终报)."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

import polars as pl

from opinion_lab.judge import grading
from opinion_lab.judge.incident_review import Review
from opinion_lab.report.papers.chart import bars
from opinion_lab.report.papers.paper import Block, Heading, Paragraph, table
from opinion_lab.report.papers.register import case_table
from opinion_lab.report.wording import phrases
from opinion_lab.report.wording.response import answers, lessons, levels
from opinion_lab.rules.handling import CaseStates

SHORT = timedelta(days=4)  # up to which a chart goes by the hour


def special(past: Review, cases: pl.DataFrame, states: CaseStates, zone: tzinfo, now: datetime) -> list[Block]:
    """专报: what came of it first, then spread, views, answers, demands, the level, advice, what was handed to whom."""
    views = past.views.filter(pl.col("n") > 0).with_columns(quote=pl.col("quote").str.slice(0, 60))
    blocks: list[Block] = [
        Heading("一、结论"),
        Paragraph(lessons.summary(past, zone=zone)),
        Heading("二、经过和传播"),
        Paragraph(lessons.origin(past, zone=zone) + lessons.course(past)),
        _days(past, zone),
        _platforms(past.posts),
        Heading("三、公众怎么看"),
        Paragraph(lessons.criticism(past)),
        *(
            [table(views, {"key": "观点", "n": "找到几人", "quote": "原话（已脱敏）"}, "按用词找到的原话")]
            * bool(views.height)
        ),
        Heading("四、官方回应"),
        Paragraph(answers.speed(past) + answers.correctness(past)),
        Heading("五、诉求"),
        Paragraph(lessons.demanded(past)),
        *_open_demands(past, "没有找到回应的诉求"),
        Heading("六、研判"),
        Paragraph(f"{levels.standing(past.grades)}。{levels.gist(past.gravest, zone=zone)}"),
        Heading("七、建议"),
        *_advice(past, zone),
        Heading("八、交办情况"),
        *case_table(cases, states, zone, now, "交办的件"),
    ]
    return blocks


def first(past: Review, cases: pl.DataFrame, zone: tzinfo) -> list[Block]:
    """首报: one sentence, what and where, first post and spread, what was done, what is asked for (UR13)."""
    confirmed = past.grades.filter(pl.col("confirmed_by").is_not_null()).sort("at")
    level = confirmed["level"][-1] if confirmed.height else past.gravest["level"]
    proposed = f"已确认按{level}级处置，报请知悉" if confirmed.height else f"建议按{level}级处置（待确认）"
    measures = grading.measures(level, past.context.rules.grades)
    asked = "；".join(f"{who}：{what}" for who, what in measures.select("who", "what").head(2).iter_rows())
    return [
        Paragraph(f"结论：{lessons.summary(past, zone=zone)}"),
        Paragraph(f"首发与传播：{lessons.origin(past, zone=zone)}"),
        Paragraph(f"主要诉求：{lessons.demanded(past)}"),
        Paragraph(f"已做工作：{_done(past, cases, zone)}"),
        Paragraph(f"请示事项：{proposed}。{asked}。"),
    ]


def follow(past: Review, cases: pl.DataFrame, since: datetime, zone: tzinfo) -> list[Block]:
    """续报: only what has changed since the report before: size and pace, new demands, doubts, progress (UR23)."""
    later = past.posts.filter(pl.col("published_at") > since)
    answered = past.answers.filter(pl.col("at") > since)
    width = past.at - since
    before = past.posts.filter((pl.col("published_at") <= since) & (pl.col("published_at") > since - width))
    said = phrases.change(before.height, later.height, "此前同样长的时间")
    new = f"新增官方发布{answered.height}次。" if answered.height else "没有新的官方发布。"
    back = "" if answered.is_empty() else answers.correctness(past)
    return [
        Paragraph(
            f"声量：上次报告（{phrases.time(since, zone)}）以来新增{phrases.count(later.height)}，{said}；"
            f"累计{phrases.count(past.posts.height)}。"
        ),
        Paragraph(f"级别：{levels.standing(past.grades)}。"),
        Paragraph(f"主要质疑：{lessons.criticism(past)}"),
        Paragraph(f"处置进展：{_done(past, cases, zone)}{new}"),
        Paragraph(f"口径：{back or '没有前后版本可比，维持原口径。'}{lessons.demanded(past)}"),
    ]


def final(
    past: Review, cases: pl.DataFrame, plan: pl.DataFrame, states: CaseStates, zone: tzinfo, now: datetime
) -> list[Block]:
    """终报: what happened, how it was handled, how things stand, what is to be learnt (UR25, UR26)."""
    ticked = plan.filter(pl.col("done_at").is_not_null())
    return [
        Heading("一、总述"),
        Paragraph(lessons.summary(past, zone=zone) + lessons.origin(past, zone=zone)),
        _days(past, zone),
        Heading("二、处置"),
        Paragraph(f"{_done(past, cases, zone)}处置清单{plan.height}项，已做{ticked.height}项。"),
        *case_table(cases, states, zone, now, "交办的件"),
        Heading("三、回应对照"),
        Paragraph(answers.speed(past) + answers.correctness(past) + answers.after(past, zone=zone)),
        Heading("四、现状"),
        Paragraph(f"{levels.standing(past.grades)}。{lessons.demanded(past)}"),
        *_open_demands(past, "没有找到回应的诉求"),
        Heading("五、教训"),
        *_advice(past, zone),
    ]


def _done(past: Review, cases: pl.DataFrame, zone: tzinfo) -> str:
    """What the bureau did, with its times."""
    handed = cases.filter(pl.col("routed_at").is_not_null())
    made = cases.filter(pl.col("origin") != "order")
    parts = []
    if handled := past.context.handled:
        steps = (("发现", handled.found_at), ("研判定级", handled.judged_at), ("分送科室", handled.routed_at))
        parts += [f"{phrases.time(at, zone)}{what}" for what, at in steps if at]
    if made.height:
        units = phrases.listing(handed["lead"].drop_nulls().unique(maintain_order=True).to_list(), unit="个科室")
        counted = f"登记{made.height}件" + (f"，交{units}" if handed.height else "")
        closed = made.filter(pl.col("state") == "closed").height
        parts.append(f"{counted}，已办结{closed}件")
    return "，".join(parts) + "。" if parts else "本局的办理情况没有登记。"


def _advice(past: Review, zone: tzinfo) -> list[Block]:
    rows = lessons.lessons(past, zone=zone)
    if rows.is_empty():
        return [Paragraph("没有要特别提出的建议。")]
    return [Paragraph(f"{n}. {lesson}。依据：{fact}") for n, (lesson, fact) in enumerate(rows.iter_rows(), 1)]


def _open_demands(past: Review, caption: str) -> list[Block]:
    rows = past.open_demands.with_columns(quote=pl.col("quote").str.slice(0, 60))
    columns = {"key": "诉求", "n": "人数", "quote": "原话（已脱敏）"}
    return [table(rows, columns, caption, 8)] if rows.height else []


def _days(past: Review, zone: tzinfo) -> Block:
    """The posts a day, or an hour of a short story, as a chart; a triangle where the bureau or another body spoke."""
    local = past.posts.select(at=pl.col("published_at").dt.convert_time_zone(str(zone)))
    times: list[datetime] = local["at"].sort().to_list()
    short = times[-1] - times[0] < SHORT
    every, unit = ("1h", "小时") if short else ("1d", "天")
    n = local.group_by(pl.col("at").dt.truncate(every)).agg(n=pl.len()).sort("at").upsample("at", every=every)
    n = n.with_columns(pl.col("n").fill_null(0))
    top = n.sort("n", "at", descending=[True, False]).row(0, named=True)
    when = f"{phrases.date(top['at'])}{top['at'].hour}时" if short else phrases.date(top["at"])
    span = f"{phrases.date(n['at'][0])}至{phrases.date(n['at'][-1])}"
    spoken = past.answers.select(pl.col("at").dt.convert_time_zone(str(zone)).dt.truncate(every))["at"]
    marks = {i for i, at in enumerate(n["at"]) if at in set(spoken)}
    answered = f"；三角为官方发布（{past.answers.height}次）" if marks else ""
    words = f"{span}的帖文，一格一{unit}；最多的是{when}，{phrases.count(top['n'])}{answered}"
    alt = f"柱状图：{words}；全程{phrases.count(past.posts.height)}"
    return bars(n["n"].to_list(), n["at"].to_list(), f"图1　{words}", alt, marks=marks)


def _platforms(posts: pl.DataFrame) -> Block:
    rows = posts.group_by("platform").agg(n=pl.len()).sort("n", "platform", descending=[True, False])
    return table(rows, {"platform": "平台", "n": "帖文"}, "在哪里说", 8)
