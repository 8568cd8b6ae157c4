"""How the sources fare, as a clerk reads it: what needs somebody first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.wording.phrases import count, listing, name, number, percent, sentence, time

#: States in which nothing comes from a source.
MUTE = ("closed", "failing", "silent", "empty")


def state(row: Mapping[str, Any], now: datetime, zone: tzinfo) -> str:
    """A source's state (collect.visits.states) in words."""
    called = f"{name('fault', row['fault'])} {row['detail'] or ''}".strip()
    return sentence("source_state", {"rule": row["state"], **row}, called=called, now=now, zone=zone)


def reasons(graded: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    """Why each source is of its tier (collect.visits.grade), the first tier first: source, reason."""
    for source_id, fact in sorted(graded.items(), key=lambda reason: (reason[1]["level"], reason[0])):
        yield source_id, f"{fact['level']}级，{sentence('tier', fact)}"


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
    if facts.get("unsent"):
        yield f"    有 {facts['unsent']} 条消息没有发出去，下次再发；请看 lab.toml 里 [[recipient]] 的 url 和网络。"
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


def mute(states: pl.DataFrame) -> str:
    """Which sources give nothing; nothing where all do."""
    names = states.filter(pl.col("state").is_in(MUTE))["source_id"].to_list()
    return f"现在没有内容进来的来源：{listing(names, unit='个')}" if names else ""


def holes(stretches: pl.DataFrame, zone: tzinfo) -> str:
    """How many stretches in which items may have been lost, and the longest (name, start, end)."""
    if stretches.is_empty():
        return "四周里没有发现采集的缺口"
    longest = stretches.with_columns(length=pl.col("end") - pl.col("start")).sort("length").row(-1, named=True)
    spans = f"{time(longest['start'], zone)}至{time(longest['end'], zone)}"
    return f"四周里有{stretches.height}处可能漏采；最长的一处在{longest['name']}，{spans}"


def missed(estimate: Mapping[str, Any]) -> str:
    """How many stories nobody saw (analyse.completeness.Estimate)."""
    return sentence("completeness", {"rule": estimate["method"], **estimate})


def assumptions(estimate: Mapping[str, Any]) -> str:
    """What the estimate assumes, and how it did where the truth is known (tests/benchmarks/completeness.py)."""
    if estimate["estimate"] is None:
        return ""
    return (
        f"最保守的算法（Chao下界）估为{number(round(estimate['at_least']))}件。这个数假设：同一件事在几类来源里认得出是"
        "同一件；每件事在每类来源里都有被采到的可能。哪一类来源都不会出现的事不在其内，所以它说的是已采的来源之间漏了多少，"
        "不说没有采的地方有多少。试算：公开热榜随机抽稀、并让上榜名次不同的内容难易不同，一百次里有94次以上区间含住真值；"
        "而把整块榜单拿掉、只用别的榜单去估，区间含住真值的不到一半，都估少了，但区间的下端没有一次高过真值："
        "“至少”可以用，上端不要当真。"
    )


def bound(given: Mapping[str, Any] | None) -> str:
    """At most how much of what was set aside is relevant after all (analyse.completeness.Bound)."""
    if given is None:
        return "放在一边的帖文还没有人看过：在每日舆情里把“请过目”的几条点上相关或无关，这里就能说出漏判的上限"
    most = round(given["most"] * given["rejected"])
    return (
        f"放在一边的{count(given['rejected'])}里，漏判的至多{percent(given['most'])}，即{number(most)}条：请人看过"
        f"{given['labelled']}条，其中{given['relevant']}条其实相关（95%上限；请过目的多是拿不准的，所以这个上限偏高）"
    )


def banner(states: pl.DataFrame, tiers: Mapping[str, str]) -> str:
    """That sources of the first tier give nothing; nothing where all of them do."""
    top = [
        source_id
        for source_id in states.filter(pl.col("state").is_in(MUTE))["source_id"]
        if tiers.get(source_id) == "A"
    ]
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
        yield f"    {row['source_id']}：{state(row, now, zone)}。"
    if holes.height:
        yield f"可能漏采的时段 {holes.height} 处："
        for row in holes.sort("end", descending=True).head(5).iter_rows(named=True):
            yield f"    {row['source_id']}：{_hole(row, zone)}。"
