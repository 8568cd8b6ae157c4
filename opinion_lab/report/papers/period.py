"""Papers of a time: the day's brief on one page for the leader, the week's and the month's report."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

import polars as pl

from opinion_lab.report.documents.brief import Brief
from opinion_lab.report.documents.daily import orders as order_frames, stories as days
from opinion_lab.report.papers.chart import bars
from opinion_lab.report.papers.paper import Block, Break, Heading, Paragraph, table
from opinion_lab.report.wording import cases as wording, phrases

CUT = 9  # characters of a title, so that an event takes one line
NAMED = 3  # events that the leader's page names


def brief(today: Brief, waiting: pl.DataFrame) -> list[Block]:
    """The leader's page: three lines, the events by name, what to decide; the tables stand behind it.

    `waiting`: the open cases (terms.standing).
    """
    before = today.listed.filter((pl.col("day") < today.day) & (pl.col("day") >= today.day - days.WEEK))
    fresh = today.alerts.filter(pl.col("start").dt.convert_time_zone(str(today.zone)).dt.date() == today.day).height
    head = days.summary(today.posts, before, fresh, today.levels, day=today.day, until="")
    late = waiting.filter(pl.col("late").fill_null(False))
    own = waiting.filter(pl.col("origin") != "order").height
    lines = [
        f"1. {head}",
        f"2. {order_frames.summary(today.orders) if today.orders.height else '四周内没有导入工单。'}",
        f"3. 本局登记的在办{own}件；连同工单，超过期限的{late.height}件。",
    ]
    graver = today.levels.filter(pl.col("level") != "Ⅳ").head(NAMED)
    named = [
        f"{n}. {r['level']}级“{_short(r['title'])}”：今日{len(r['today'])}，七天{len(r['week'])}条"
        for n, r in enumerate(today.levels.head(NAMED).iter_rows(named=True), 1)
    ]
    unsure = graver.filter(pl.col("confirmed_by").is_null()).height
    asked = [f"Ⅲ级以上的{unsure}件是否照此确认？理由见附表。"] * bool(unsure)
    asked += [f"超期{late.height}件是否督办：{phrases.listing(late['case_id'].to_list(), unit='件')}。"] * bool(
        late.height
    )
    return [
        Heading("一、要点"),
        *map(Paragraph, lines),
        Heading("二、点名的事"),
        *map(Paragraph, named or ["七天里没有满三条的事件。"]),
        Heading("三、请决定"),
        *map(Paragraph, asked or ["今天没有要决定的事。"]),
        Break(),
        *_behind(today),
    ]


def _short(title: str) -> str:
    return title if len(title) <= CUT else f"{title[:CUT]}…"


def _behind(today: Brief) -> list[Block]:
    levels = today.levels.select(
        "title", "level", "reason", *(pl.col(c).list.len().alias(c) for c in ("today", "week", "whole"))
    )
    units = order_frames.tally(today.orders, "unit").with_columns(
        pl.col("today", "whole", "open", "late", "bad").list.len()
    )
    demands = today.demands.with_columns(answered=pl.when("answered").then(pl.lit("是")).otherwise(pl.lit("否")))
    blocks: list[Block] = [Heading("四、附表")]
    if levels.height:
        columns = {"title": "事件", "level": "级别", "today": "今日帖文", "week": "七天帖文", "whole": "四周帖文"} | {
            "reason": "理由"
        }
        blocks.append(table(levels, columns, "七天里满三条的事件", 8))
    if units.height:
        columns = {"name": "承办单位", "today": "今日工单", "whole": "四周工单"}
        unsaid = order_frames.unsaid(today.orders)
        held = {"open": ("未办结", "closed_at"), "late": ("超期", "due_at"), "bad": ("不满意", "satisfied")}
        columns |= {c: name for c, (name, needs) in held.items() if needs not in unsaid}
        blocks.append(table(units, columns, "工单按承办单位", 20))
    if demands.height:
        blocks.append(table(demands, {"key": "诉求", "n": "人数", "answered": "已有回应"}, "网上的诉求", 8))
    return blocks


def report(
    posts: pl.DataFrame,
    stories: pl.DataFrame,
    cases: pl.DataFrame,
    sections: pl.DataFrame,
    contentment: pl.DataFrame,
    conduct: pl.DataFrame,
    *,
    since: date,
    until: date,
    zone: tzinfo,
) -> list[Block]:
    """周报 or 月报: how much was said, of what, what became of the cases, how content people were, conduct (counts).

    `posts` and `stories` (Story) of the time, relevant ones; `cases` registered in it, `sections` as
    satisfaction.by_section of them, `contentment` as satisfaction.over_time (weeks of a 周报, months of a 月报),
    `conduct` as conduct.count.
    """
    days = pl.DataFrame({"day": pl.date_range(since, until, eager=True)})
    n = days.join(posts.group_by("day").agg(n=pl.len()), on="day", how="left").with_columns(pl.col("n").fill_null(0))
    top_day, top_n = n.sort("n", "day", descending=[True, False]).row(0)
    span = f"{phrases.date(since)}至{phrases.date(until)}"
    words = f"{span}每天列入的帖文，一格一天；最多的是{phrases.date(top_day)}，{phrases.count(top_n)}"
    rates = sections.with_columns(
        lead=pl.col("lead").replace("", "未交办"),
        rate=pl.when(pl.col("rate").is_not_null())
        .then(pl.format("{}%", (pl.col("rate") * 100).round(0).cast(pl.Int64)))
        .otherwise(pl.lit("不足30件，不算")),
    )
    columns = {"lead": "科室（单位）", "n": "件数"}
    columns |= {"closed": "已办结"} if cases["closed_at"].null_count() < cases.height else {}
    columns |= {"late": "超期"} if cases["late"].null_count() < cases.height else {}
    columns |= {"returned": "退回"} if sections["returned"].sum() else {}
    columns |= {"asked": "有效评价", "dissatisfied": "不满意", "rate": "满意率"} if sections["asked"].sum() else {}
    kinds = {"name": "类别", "n": "帖文", "orders": "其中工单", "to": "由谁核查"}
    blocks: list[Block] = [
        Heading("一、总量"),
        Paragraph(f"{span}列入帖文{phrases.number(posts.height)}条，涉及事件{phrases.number(stories.height)}件。"),
        bars(
            n["n"].to_list(),
            [datetime(d.year, d.month, d.day) for d in n["day"]],
            f"图1　{words}",
            f"柱状图：{words}；合计{phrases.number(posts.height)}条",
        ),
        Heading("二、谈得最多的事"),
        table(stories, {"title": "事件", "n_posts": "帖文", "n_originals": "原创"}, "条数多的事件", 10),
        Heading("三、办件"),
        Paragraph(_handled(cases)),
        *([table(rates, columns, "各科室（单位）办理和回访", 20)] if rates.height else []),
        Heading("四、回访满意度"),
        *_content(contentment, "1w" if (until - since).days < 7 else "1mo"),
        Heading("五、作风反映"),
        Paragraph(
            f"写到本局人员和服务的帖文{int(conduct['n'].sum())}条次，只计件数，送机关纪检核查；一条可算几类。"
            if conduct.height
            else "没有识别到反映本局人员和服务的帖文；按用词识别，不等于没有。"
        ),
        *([table(conduct, kinds, "作风反映")] if conduct.height else []),
    ]  # fmt: skip
    return blocks


def _handled(cases: pl.DataFrame) -> str:
    """How many cases came and what became of them, as far as anybody wrote it down."""
    closed = cases.filter(pl.col("state") == "closed").height
    parts = [f"新登记{phrases.number(cases.height)}件（含导入的工单）"]
    dated = cases["late"].drop_nulls()
    parts += [f"已办结{phrases.number(closed)}件" if closed else "没有一件记有办结时间，办结多少无从统计"]
    parts += [
        f"有期限的{phrases.number(len(dated))}件中超期{phrases.number(int(dated.sum()))}件"
        if len(dated)
        else "都没有记期限"
    ]
    return "，".join(parts) + "。"


def _content(rows: pl.DataFrame, every: str) -> list[Block]:
    """How content people were over time: all together in a sentence, each section in a table."""
    of_all = rows.filter(pl.col("lead") == "")
    if of_all.is_empty():
        return [Paragraph("没有办结后回访的记录，说不了满意不满意。")]
    asked, bad = int(of_all["asked"].sum()), int(of_all["dissatisfied"].sum())
    unit, wide = "周" if every == "1w" else "个月", wording.contentment(rows, every)
    said = (
        f"最近{of_all.height}{unit}办结的件，回访到有效评价{phrases.number(asked)}件，不满意{phrases.number(bad)}件。"
    )
    return [
        Paragraph(f"{said}不满30件的格只列件数，不算满意率；未接通、拒评的不算。"),
        table(wide, {c: "科室（单位）" if c == "lead" else c for c in wide.columns}, "逐期满意率（有效评价件数）", 20),
    ]
