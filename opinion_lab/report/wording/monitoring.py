"""How the sources fare, as a clerk reads it: what needs somebody first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.wording.phrases import listing, name, sentence, time

#: States in which nothing comes from a source.
MUTE = ("closed", "failing", "silent", "empty")


def _state(row: Mapping[str, Any], now: datetime, zone: tzinfo) -> str:
    """A source's state (collect.visits.states) in words."""
    called = f"{name('fault', row['fault'])} {row['detail'] or ''}".strip()
    return sentence("source_state", {"rule": row["state"], **row}, called=called, now=now, zone=zone)


def tiers(reasons: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Why each source is of its tier (collect.visits.grade), the first tier first."""
    for source_id, fact in sorted(reasons.items(), key=lambda reason: (reason[1]["level"], reason[0])):
        yield f"{source_id}：{fact['level']}级，{sentence('tier', fact)}。"


def _hole(row: Mapping[str, Any], zone: tzinfo) -> str:
    """A stretch in which items may have been lost (collect.visits.holes)."""
    return sentence("hole", {"rule": row["why"], **row}, zone=zone)


RUN = {"done": "完成", "failed": "没有完成", "late": "超过时限，已停止"}


def run(job: str, outcome: str, facts: Mapping[str, Any], *, made_up: bool) -> Iterable[str]:
    """How a run of a job ended, and what is missing in what it made (operate.chain)."""
    late = "（错过了时间，补做一次）" if made_up else ""
    yield f"任务 {job}：{RUN[outcome]}{late}。"
    if facts.get("visited"):
        failed = facts["failed"]
        missing = f"，没有采到 {len(failed)} 个：{listing(failed, unit='个')}" if failed else ""
        yield f"    看了 {facts['visited']} 个来源{missing}；新增帖文 {facts['new']} 条。"
    for problem in facts.get("problems", ()):
        yield f"    注意：{problem}"
    if facts.get("report"):
        yield f"    报告：{facts['report']}"


def failure(job: str, outcome: str, error: str, at: datetime, zone: tzinfo, *, minutes: float) -> str:
    """That a job did not end well, why, and what to do."""
    why = f"超过时限{minutes:g}分钟，已停止" if outcome == "late" else error
    do = "请调大 lab.toml 里的 minutes" if outcome == "late" else "请按上面说的处理"
    again = f"{do}，再运行 opinion-lab run {job}。已有的报告和数据都在。"
    return f"{time(at, zone)}的任务 {job} 没有完成：{why.rstrip('。')}。{again}"


def jobs(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Iterable[str]:
    """When each job last ran and how that ended, and when it runs next: job, started, outcome, ended, next."""
    for row in rows:
        last = "还没有运行过"
        if row["started"] is not None:
            how = RUN[row["outcome"]] if row["ended"] else "正在运行，或中途被打断"
            last = f"上次 {time(row['started'], zone)}，{how}"
        after = f"下次 {time(row['next'], zone)}" if row["next"] else "没有定时"
        yield f"任务 {row['job']}：{last}；{after}。"


def banner(states: pl.DataFrame, tiers: Mapping[str, str]) -> str:
    """That sources of the first tier give nothing; nothing where all of them do."""
    mute = states.filter(pl.col("state").is_in(MUTE))["source_id"].to_list()
    top = [source_id for source_id in mute if tiers.get(source_id) == "A"]
    return (
        f"注意：重点来源 {listing(top, unit='个')} 现在没有内容进来。没有消息不等于没有事，请先查这几个来源。"
        if top
        else ""
    )


def lines(states: pl.DataFrame, holes: pl.DataFrame, now: datetime, zone: tzinfo) -> Iterable[str]:
    """How many sources are well, then each that is not, then where items may have been lost."""
    if states.is_empty():
        yield "还没有来源：lab.toml 里没有 [[source]]。"
        return
    well = states.filter(pl.col("state") == "alive")
    yield f"来源 {states.height} 个，其中 {well.height} 个正常，四周里共采到 {int(states['items'].sum())} 条。"
    for row in states.filter(pl.col("state") != "alive").iter_rows(named=True):
        yield f"    {row['source_id']}：{_state(row, now, zone)}。"
    if holes.height:
        yield f"可能漏采的时段 {holes.height} 处："
        for row in holes.sort("end", descending=True).head(5).iter_rows(named=True):
            yield f"    {row['source_id']}：{_hole(row, zone)}。"
