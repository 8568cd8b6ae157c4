"""A case in words: one line, its items, its steps (cases.states.CASE, storage.journal.cases.EVENT)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

import orjson
import polars as pl

from opinion_lab.cases.states import ORDER
from opinion_lab.report.wording.phrases import duration, time
from opinion_lab.rules.handling import CaseStates

TIMES = {
    "found_at": "发现",
    "registered_at": "登记",
    "assigned_at": "交办",
    "accepted_at": "签收",
    "due": "办理期限",
    "legal_due": "法定期限",
    "feedback_at": "反馈",
    "answered_at": "答复",
    "closed_at": "办结",
}
ITEMS = {
    "order_no": "工单编号",
    "demand": "诉求",
    "opinion": "拟办意见",
    "feedback": "反馈内容",
    "answer": "怎样答复",
    "outcome": "办结方式",
    "satisfied": "回访结果",
    "channel": "已告知的途径",
    "into": "并入",
}


def state(row: Mapping[str, Any], table: CaseStates) -> str:
    """What its state is called, with 督办 and how often it came back or was put off."""
    marks = ["督办"] * bool(row["supervised"])
    counted = (("returns", "退回"), ("redone", "重办"), ("extensions", "延期"))
    marks += [f"{what}{row[column]}次" for column, what in counted if row[column]]
    name = table.states[row["state"]].name
    return f"{name}（{'，'.join(marks)}）" if marks else name


def term(row: Mapping[str, Any], now: datetime, zone: tzinfo) -> str:
    """Until when, and how much is left or how long it is over."""
    done = row["feedback_at"] or row["answered_at"] or row["closed_at"]
    last = min((t for t in (row["due"], row["legal_due"]) if t), default=None)
    if last is None:
        return "未定期限"
    if done:
        return f"限{time(last, zone)}" + ("（超期办的）" if row["due"] and done > row["due"] else "")
    left = last - now
    return f"限{time(last, zone)}，{'超期' if left.total_seconds() < 0 else '还有'}{duration(left)}"


def line(row: Mapping[str, Any], table: CaseStates, zone: tzinfo, *, now: datetime) -> str:
    """One case in one line."""
    who = row["lead"] or "未定科室"
    if row["support"]:
        who += f"（协办{'、'.join(row['support'])}）"
    waits = f"  {term(row, now, zone)}" if table.states[row["state"]].open else ""
    return f"{row['case_id']}  {state(row, table)}  {who}{waits}  {row['title']}"


def details(row: Mapping[str, Any], table: CaseStates, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """What is known of a case: name and text of each item."""
    yield "类别", table.kinds[row["kind"]].name
    if row["story_id"]:
        yield "事件", row["story_id"]
    if row["posts"]:
        yield "帖文", "、".join(row["posts"])
    for column, what in TIMES.items():
        if row[column]:
            yield what, time(row[column], zone, year=True)
    for column, what in ITEMS.items():
        if row[column]:
            yield what, row[column]


def steps(history: pl.DataFrame, table: CaseStates, zone: tzinfo) -> Iterator[str]:
    """Each line of a case's history: when, who, which step, what was written down."""
    for row in history.iter_rows(named=True):
        told = orjson.loads(row["details"])
        step = table.steps.get(row["event"])
        what = step.name if step else "工单表所载" if row["event"] == ORDER else row["event"]
        named = {**table.fields, "due": "期限"}
        parts = [f"{named[k].partition('（')[0]}：{_said(v, zone)}" for k, v in told.items() if k in named and v]
        yield f"{time(row['at'], zone, year=True)}  {row['who']}  {what}" + (f"（{'；'.join(parts)}）" if parts else "")


def _said(value: Any, zone: tzinfo) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value))
    try:
        return time(datetime.fromisoformat(value), zone) if "T" in value and value[:2] == "20" else value
    except ValueError:
        return str(value)


def measure(row: Mapping[str, Any], zone: tzinfo) -> str:
    """One measure of a plan (cases.plans.PLAN): which level or kind asks what of whom, until when, done by whom."""
    asks = f"{row['of']}级" if row["name"] == row["of"] else row["name"]
    until = f"，{time(row['due'], zone)}前" if row["due"] else ""
    done = f"——{time(row['done_at'], zone)} {row['by']}" if row["done_at"] else ""
    note = f"：{row['note']}" if row["note"] else ""
    return f"【{asks}】{row['who']}：{row['what']}{until}{done}{note}"


def contentment(rows: pl.DataFrame, every: str) -> pl.DataFrame:
    """How content people were (cases.satisfaction.over_time), a row a section, a column a period: name, then texts.

    A per cent stands only where there are answers enough for one; else how many of how many were not content.
    """
    day = pl.col("since").dt
    named = pl.format("{}月{}日起", day.month(), day.day()) if every == "1w" else pl.format("{}月", day.month())
    few = pl.format("{}件，不满意{}", "asked", "dissatisfied")
    many = pl.format("{}%（{}件）", (pl.col("rate") * 100).round(0).cast(pl.Int64), "asked")
    shown = rows.sort("since").select(
        "lead", named.alias("period"), said=pl.when(pl.col("rate").is_null()).then(few).otherwise(many)
    )
    wide = shown.pivot("period", index="lead", values="said").sort("lead")
    total = wide["lead"] == ""
    return pl.concat([wide.filter(~total), wide.filter(total)]).with_columns(pl.col("lead").replace("", "合计"))


PEOPLE = {"duty": "值班员", "office": "办公室", "leader": "分管领导"}
TASKS = {
    "alert": "看预警",
    "level": "确认级别",
    "register": "登记成件",
    "scan": "过目建议的科室，成批交办",
    "assign": "逐件交办",
    "review": "审核反馈并答复",
    "close": "办结",
    "late": "催办超期件",
    "brief": "看简报首页",
    "decide": "定Ⅰ、Ⅱ级",
}


def workload(rows: pl.DataFrame) -> Iterator[str]:
    """What waits for whom and how long it takes (cases.workload.of), a line a task, then a line a person."""
    for row in rows.filter(pl.col("n") > 0).iter_rows(named=True):
        minutes = f"{row['minutes']:.0f}分钟" if row["minutes"] >= 1 else "不到1分钟"
        yield f"{PEOPLE[row['who']]}  {TASKS[row['task']]}  {row['n']}件 × {row['seconds']}秒 = {minutes}"
    for who, minutes in rows.group_by("who", maintain_order=True).agg(pl.col("minutes").sum()).iter_rows():
        yield f"{PEOPLE[who]}今天约{minutes:.0f}分钟。"
    yield "每件的秒数按公开的阅读、点击速度算出（用时估算表 workload.toml），不是在本局量的；科室自己查办的时间不在内。"
