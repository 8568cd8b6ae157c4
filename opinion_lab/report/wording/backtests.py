"""The backtest in words: what was replayed, what counts as true, and how good the alerts were."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import trends
from opinion_lab.analyse.trends import backtest, events
from opinion_lab.analyse.trends.backtest import Replay
from opinion_lab.report.wording import phrases

#: Columns as page.table has them: the two that decide first, then what they cost.
COLUMNS = {
    "right": ("准确率", "percent"),
    "caught": ("抓住", "percent"),
    "within_3": ("3小时内", "percent"),
    "within_6": ("6小时内", "percent"),
    "lost": "错过",
    "delay": "抓住的晚",
    "lead": "比高峰早",
    "a_day": "每天",
    "kept": ("不超限", "percent"),
}


def truth(replay: Replay, *, budget: int, zone: ZoneInfo) -> str:
    """What counts as a true burst, and how many there were: to be read before the table."""
    if replay.since is None:
        return NOTHING
    since = phrases.time(replay.since, zone)
    judged = replay.events.filter(pl.col("start") >= replay.since).height
    size = f"{replay.size}个" if replay.size else "够多的"
    return (
        f"什么算真事：事后把帖文归成事件（不看任何预警规则），静默满一天就断开；24小时内达到{size}账号"
        f"（平台没给账号的按条计，转抄不算）、又是平日{events.RISE}倍以上的算真事（平均每天不超过{budget}件），评判期内开始的共{phrases.number(judged)}件。"
        f"报对：预警所依据的帖文至少一半属于同一件真事，且这件事此前没有报过。"
        f"门槛用{since}之前的存档定，只评判此后。"
    )


def finding(replay: Replay) -> str:
    """How many alerts a day, how many of them right, and how soon, in a sentence."""
    if replay.since is None:
        return NOTHING
    ours = replay.table.row(0, named=True)
    if replay.events.filter(pl.col("start") >= replay.since).is_empty():
        return f"平均每天{ours['a_day']:.1f}条预警；这段时间没有够大的事，预警准不准、早不早无从判断。"
    return (
        f"平均每天{ours['a_day']:.1f}条预警，{phrases.percent(ours['right'])}报对；"
        f"真事首现后6小时内抓住{phrases.percent(ours['within_6'])}，前后共抓住{phrases.percent(ours['caught'])}。"
        + ("预警不足二十条，比例只供参考。" if ours["alerts"] < FEW else "")
    )


def bar(replay: Replay) -> dict[str, Any]:
    """What `trends.watch` is to be given so that it finds as the replay did; the usual where the archive is short."""
    if replay.since is None:
        return {"threshold": 0.0, "min_n": trends.MIN_POSTS}
    words = replay.table.row(by_predicate=pl.col("rule") == backtest.WORDS, named=True)
    return {"threshold": words["threshold"], "min_n": replay.fewest}


def barred(replay: Replay, least: int, *, budget: int) -> str:
    """How many voices make an event (`least`), why, and how sure that is, in a sentence or two."""
    found = (
        f"一件事24小时内有{least}个声音（账号，平台不给账号的按帖）各自说起就报一次，复制的不算；"
        f"{least}是使四天里有三天不设限也不超过{budget}件的最小数。"
    )
    if replay.chance is None:
        return f"{found}存档里可对照的预警太少，报不出把握。"
    off = "" if replay.gap is None else f"，用前一段学、拿后一段对，平均差{phrases.percent(replay.gap)}"
    return f"{found}把握由存档里{replay.chance.n}次预警的对错学得{off}。"


def lines(replay: Replay, *, budget: int, zone: ZoneInfo) -> list[str]:
    """All of it as plain text: what was found, what counts as true, then the figures."""
    if replay.since is None:
        return [NOTHING]
    row = replay.table.row(0, named=True)
    figures = [f"{name[0]}{phrases.percent(row[c])}" for c, name in COLUMNS.items() if isinstance(name, tuple)]
    hours = [f"{name}{phrases.number(row[c])}" for c, name in COLUMNS.items() if isinstance(name, str)]
    return [finding(replay), truth(replay, budget=budget, zone=zone), "，".join(figures + hours) + "。", NOTE]


FEW = 20  # alerts below which a share says little
NOTHING = f"存档不足三周，或没有哪个对象在六个时段里出现过{backtest.FEWEST}条：回放说明不了什么。请先导入更早的数据。"
NOTE = (
    "抓住、3小时内、6小时内：占全部真事的比例。错过：真事从首条到预警过去的小时数，没报的按全程计，取平均。"
    "抓住的晚、比高峰早：小时，只算抓住的，取中位数；比高峰早的是负数，就是高峰过了才报。每天：预警几条。不超限：不超过每日限额的日子。"
)
