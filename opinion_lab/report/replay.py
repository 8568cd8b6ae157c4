"""The backtest in words: what was replayed, what counts as true, and each rule's line beside ours."""

from __future__ import annotations

import unicodedata
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import backtest, stories, trends
from opinion_lab.analyse.backtest import Replay
from opinion_lab.analyse.occasions import Peaks
from opinion_lab.report import tables, wording

#: Columns as page.table has them: the two that decide first, then what they cost.
COLUMNS = {
    "rule": "规则",
    "right": ("准确率", "percent"),
    "caught": ("抓住", "percent"),
    "within_3": ("3小时内抓住", "percent"),
    "within_6": ("6小时内抓住", "percent"),
    "lost": "平均错过小时",
    "delay": "抓住的晚几小时",
    "lead": "早于高峰几小时",
    "a_day": "每天预警",
    "kept": ("不超限的日子", "percent"),
    "commonly": "不设限时每天",
}


def run(
    posts: pl.DataFrame,
    sightings: pl.DataFrame,
    tokens: pl.DataFrame,
    *,
    key: str = "words",
    every: str = "1h",
    budget: int = 3,
    learn: float = backtest.LEARN,
    peaks: Peaks | None = None,
    zone: ZoneInfo,
) -> Replay:
    """Replay posts (Post) by their words (Token) or another column; a hot-list entry counts once, when first seen."""
    told = stories.group(posts, tokens)
    # what was collected shows in every look at a list, not in its new entries alone
    holes = trends.holes(tables.looks(posts, sightings, tokens), every, time="at", zone=zone)
    spoken = posts.join(tokens.select("post_id", words="tokens"), on="post_id", how="left")
    return backtest.run(
        spoken, told, key=key, every=every, budget=budget, learn=learn, holes=holes, peaks=peaks, zone=zone
    )


def truth(replay: Replay, *, budget: int, zone: ZoneInfo) -> str:
    """What counts as a true burst, and how many there were: to be read before the table."""
    if replay.since is None:
        return NOTHING
    since = wording.time(replay.since, zone)
    judged = replay.events.filter(pl.col("start") >= replay.since).height
    return (
        f"什么算真事：事后把帖文归成事件（不看任何预警规则），静默满一天就断开；24小时内达到{replay.size}条的算真事"
        f"（这样平均每天不超过{budget}件），评判期内共{wording.number(judged)}件。"
        f"报对：预警所依据的帖文至少一半属于同一件真事，且这件事此前没有报过。"
        f"各规则用同样的计数、同样的合并和同样的每日限额，门槛都用{since}之前的存档定，只评判此后。"
    )


def finding(replay: Replay) -> str:
    """Ours against the best of the others, in a sentence."""
    if replay.since is None:
        return NOTHING
    ours, others = replay.table.row(0, named=True), replay.table.slice(1)
    best = others.sort("right", "rule", descending=[True, False]).row(0, named=True)
    soon = others.sort("within_6", "rule", descending=[True, False]).row(0, named=True)
    return (
        f"每天最多{ours['a_day']:.1f}条预警里，{wording.percent(ours['right'])}报对"
        f"（其余规则最好的“{best['rule']}”{wording.percent(best['right'])}）；"
        f"真事首现后6小时内抓住{wording.percent(ours['within_6'])}"
        f"（最好的“{soon['rule']}”{wording.percent(soon['within_6'])}）。"
        + ("有的规则预警不足二十条，比例只供参考。" if min(replay.table["alerts"].to_list()) < FEW else "")
    )


def lines(replay: Replay, *, budget: int, zone: ZoneInfo) -> list[str]:
    """All of it as plain text, the definition first, columns in line on a terminal."""
    if replay.since is None:
        return [NOTHING]
    named = {c: v if isinstance(v, tuple) else (v, "") for c, v in COLUMNS.items()}
    rows = [[label for label, _ in named.values()]]
    for row in replay.table.iter_rows(named=True):
        rows.append([_cell(row[c], kind) for c, (_, kind) in named.items()])
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    text = [
        "  ".join(cell + " " * (w - _width(cell)) for cell, w in zip(r, widths, strict=True)).rstrip() for r in rows
    ]
    return [truth(replay, budget=budget, zone=zone), "", *text, "", finding(replay), NOTE]


FEW = 20  # alerts below which a share says little
NOTHING = "存档不足三周，或没有哪个对象在六个时段里出现过四条：回放说明不了什么。请先导入更早的数据。"
NOTE = (
    "错过小时：真事从首条到预警过去的小时数，没报的按全程计，取平均；抓住的晚几小时、早于高峰几小时：只算抓住的，取中位数，"
    "只抓得住来势最猛的那几件的规则，这两项会显得好看；不设限时每天：按一般常用的门槛（三倍、三条、上升十位）不加限额。"
)


def _cell(value: str | float | None, kind: str) -> str:
    if isinstance(value, str):
        return value
    return wording.percent(value) if kind else "—" if value is None else f"{value:.1f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
