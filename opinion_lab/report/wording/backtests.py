"""The backtest in words: what was replayed, what counts as true, and each rule's line beside ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import stories, trends
from opinion_lab.analyse.trends import backtest
from opinion_lab.analyse.trends.backtest import Replay
from opinion_lab.report.documents import tables
from opinion_lab.report.wording import phrases
from opinion_lab.rules.expectations import AnnualPeaks

#: Columns as page.table has them: the two that decide first, then what they cost.
COLUMNS = {
    "rule": "规则",
    "right": ("准确率", "percent"),
    "caught": ("抓住", "percent"),
    "within_3": ("3小时内", "percent"),
    "within_6": ("6小时内", "percent"),
    "lost": "错过",
    "delay": "抓住的晚",
    "lead": "早于高峰",
    "a_day": "每天",
    "kept": ("不超限", "percent"),
    "commonly": "不设限时",
}

#: Ours against each rule over the same bursts.
PAIRS = {
    "rule": "和谁比",
    "ours_only": "只有本实验室",
    "theirs_only": "只有它",
    "both": "都抓住",
    "first": "其中先报",
    "same": "同时",
    "later": "后报",
    "gap": "中位早",
    "gap_mean": "平均早",
}


def run(
    posts: pl.DataFrame,
    sightings: pl.DataFrame,
    tokens: pl.DataFrame,
    post_stories: pl.DataFrame | None = None,
    *,
    key: str = "words",
    every: str = "1h",
    budget: int = 3,
    learn: float = backtest.LEARN,
    peaks: AnnualPeaks,
    zone: ZoneInfo,
) -> Replay:
    """Replay posts (Post) by their words (Token) or another column; a hot-list entry counts once, when first seen.

    What is true is told by the stories (PostStory); without them the posts are grouped.
    """
    told = stories.group(posts, tokens) if post_stories is None else post_stories
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
    since = phrases.time(replay.since, zone)
    judged = replay.events.filter(pl.col("start") >= replay.since).height
    return (
        f"什么算真事：事后把帖文归成事件（不看任何预警规则），静默满一天就断开；24小时内达到{replay.size}条的算真事"
        f"（这样平均每天不超过{budget}件），评判期内共{phrases.number(judged)}件。"
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
        f"平均每天{ours['a_day']:.1f}条预警，{phrases.percent(ours['right'])}报对"
        f"（其余规则最好的“{phrases.name('rule', best['rule'])}”{phrases.percent(best['right'])}）；"
        f"真事首现后6小时内抓住{phrases.percent(ours['within_6'])}"
        f"（最好的“{phrases.name('rule', soon['rule'])}”{phrases.percent(soon['within_6'])}）。"
        + ("有的规则预警不足二十条，比例只供参考。" if min(replay.table["alerts"].to_list()) < FEW else "")
    )


def paired(replay: Replay) -> str:
    """Who is sooner on the same bursts, against the rule that is hardest to beat there, in a sentence."""
    if replay.since is None:
        return NOTHING
    met = replay.pairs.filter(pl.col("both") > 0).with_columns(
        ahead=(pl.col("first") - pl.col("later")) / pl.col("both")
    )
    if met.is_empty():
        return "没有一件真事是两边都抓住的，无从比较早晚。"
    row = met.sort("ahead", "rule").row(0, named=True)
    rule = phrases.name("rule", row["rule"])
    n = {c: phrases.number(row[c]) for c in ("ours_only", "theirs_only", "both", "first", "same", "later")}
    return (
        f"逐件比早晚，最难胜过的是“{rule}”：两边都抓住的{n['both']}件里，本实验室先报{n['first']}件、"
        f"同时{n['same']}件、后报{n['later']}件（中位{_sooner(row['gap'])}，平均{_sooner(row['gap_mean'])}）；"
        f"只有本实验室抓住的{n['ours_only']}件，只有它抓住的{n['theirs_only']}件。"
        + ("两边都抓住的不足二十件，只供参考。" if row["both"] < FEW else "")
    )


def bar(replay: Replay) -> dict[str, Any]:
    """What `trends.watch` is to be given so that it alerts as the replay did; the usual where the archive is short."""
    if replay.since is None:
        return {"threshold": 0.0, "min_n": trends.MIN_POSTS}
    return {"threshold": replay.table.row(0, named=True)["threshold"], "min_n": replay.fewest}


def barred(replay: Replay, *, budget: int, zone: ZoneInfo) -> str:
    """Where the threshold of the alerts comes from, in a sentence."""
    if replay.since is None:
        return (
            f"预警门槛用通用值（超出平时{trends.STRENGTH:.1f}个标准差、至少{trends.MIN_POSTS}条）：存档不足三周，"
            f"或没有哪个对象在六个时段里出现过{backtest.FEWEST}条，定不出本实验室自己的门槛。"
        )
    ours = replay.table.row(0, named=True)
    least = max(ours["threshold"], trends.STRENGTH)
    return (
        f"预警门槛{least:.1f}个标准差、至少{replay.fewest}条，来自本实验室存档的回放："
        f"用{phrases.time(replay.since, zone)}之前的日子定，使四天里有三天不设限也不超过{budget}条；"
        f"此后每天实际{ours['a_day']:.1f}条，{phrases.percent(ours['right'])}报对（见文末回放）。"
    )


def lines(replay: Replay, *, budget: int, zone: ZoneInfo) -> list[str]:
    """All of it as plain text: what was found, what counts as true, then both tables, in line on a terminal."""
    if replay.since is None:
        return [NOTHING]
    said = [finding(replay), paired(replay), "", truth(replay, budget=budget, zone=zone), ""]
    return [*said, *_table(replay.table, COLUMNS), "", *_table(replay.pairs, PAIRS), "", NOTE]


FEW = 20  # alerts below which a share says little
NOTHING = f"存档不足三周，或没有哪个对象在六个时段里出现过{backtest.FEWEST}条：回放说明不了什么。请先导入更早的数据。"
NOTE = (
    "抓住、3小时内、6小时内：占全部真事的比例。错过：真事从首条到预警过去的小时数，没报的按全程计，取平均。"
    "抓住的晚、早于高峰：小时，只算抓住的，取中位数；只抓得住来势最猛的那几件的规则，这两项会显得好看，"
    "早晚要看两边都抓住的同一批真事：中位早、平均早也是小时，负数是晚。每天：预警几条。不超限：不超过每日限额的日子。"
    "不设限时：按一般常用的门槛（三倍、三条、上升十位）不加限额，每天几条。"
)


def _table(frame: pl.DataFrame, columns: Mapping[str, Any]) -> list[str]:
    named = {c: v if isinstance(v, tuple) else (v, "") for c, v in columns.items()}
    rows = [[label for label, _ in named.values()]]
    for row in frame.iter_rows(named=True):
        cells = [phrases.name("rule", row[c]) if c == "rule" else _cell(row[c], kind) for c, (_, kind) in named.items()]
        rows.append(cells)
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(c + " " * (w - _width(c)) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def _cell(value: str | float | None, kind: str) -> str:
    if value is None or isinstance(value, str):
        return value or "—"
    return phrases.percent(value) if kind else phrases.number(value) if isinstance(value, int) else f"{value:.1f}"


def _sooner(hours: float) -> str:
    """早1.5小时, 晚2.0小时, 同时."""
    return "同时" if abs(hours) < 0.05 else f"{'早' if hours > 0 else '晚'}{abs(hours):.1f}小时"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
