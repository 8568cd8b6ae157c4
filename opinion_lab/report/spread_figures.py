"""How a story spread, drawn and said: which platform first, how big it looked early on, the same words at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from typing import Any

import plotly.graph_objects as go
import polars as pl

from opinion_lab.analyse import platforms
from opinion_lab.analyse.forecast import Forecast
from opinion_lab.report import theme, wording
from opinion_lab.report.theme import BLUE, GREY, INK, SKY, finish, local, nothing

HOW = {"dated": "平台给出的时间", "day": "只知道日期", "seen": "看榜时见到"}
MOST = 15


# --- across platforms ----------------------------------------------------------------------------------------


def lag_finding(firsts: pl.DataFrame) -> str:
    """Who was first, if that can be said, and who surely came later (of `platforms.first`)."""
    if firsts.is_empty():
        return wording.NOTHING
    if firsts.height == 1:
        return f"只见于{firsts['platform'][0]}，没有跨平台先后可比"
    may, later = firsts.filter(~pl.col("sure")), firsts.filter("sure")
    names = wording.listing(may["platform"].to_list(), most=4, unit="个平台")
    blur = may["interval"].max()
    if may.height == 1:
        who = f"最先见于{names}"
    else:
        why = f"相差在看榜间隔（最长{wording.duration(blur)}）之内" if isinstance(blur, timedelta) else "时间不够细"
        who = f"{names}谁先说不准：{why}" if may["earliest"].null_count() == 0 else f"{names}谁先说不准：看榜间隔不明"
    if later.is_empty():
        return who
    shown = [f"{p}至少晚{wording.duration(lag)}" for p, lag in later.select("platform", "lag_low").rows()]
    return f"{who}；{wording.listing(shown, unit='个平台')}"


def platform_lags(firsts: pl.DataFrame, *, zone: tzinfo) -> go.Figure:
    """When a story came to each platform (of `platforms.first`): the sighting, and the time within which it truly came.

    A row a platform; where the polling interval is not known, there is a mark and no stretch.
    """
    finding = lag_finding(firsts)
    if firsts.is_empty():
        return nothing("区间图", finding)
    shown = firsts.sort("seen", "platform").head(MOST)
    labels = theme.unique(shown["platform"])
    seen, start, end = (local(shown[c], zone) for c in ("seen", "earliest", "latest"))
    fig = go.Figure()
    theme.links(fig, labels, start, end, colour=SKY, width=14, name="真正出现在这段时间里（误差）")
    said = [_lag(row) for row in shown.iter_rows(named=True)]
    fig.add_scatter(
        x=seen,
        y=labels,
        mode="markers",
        marker={"size": 12, "color": [BLUE if sure else INK for sure in shown["sure"]]},
        name="首次见到",
        customdata=said,
        hovertemplate="%{y}：%{x|" + theme.HOVER_TIME + "}首次见到<br>%{customdata}<extra></extra>",
    )
    # beside the rightmost mark of the row: a text at the last platform's mark would leave the picture
    fig.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK, "size": 14}, ticksuffix="  ")
    for label, text in zip(labels, said, strict=True):
        fig.add_annotation(
            text=theme.safe(text), x=1, xref="paper", xanchor="left", y=label, showarrow=False, font={"size": 13}
        )
    fig.update_layout(margin={"r": 250})
    finding += f"（另有{firsts.height - MOST}个平台未画出）" if firsts.height > MOST else ""
    x = theme.time_axis(fig, zone)
    fig.update_xaxes(nticks=5)
    finish(fig, "区间图", finding, x=x, height=150 + 40 * len(labels))
    rows = "；".join(f"{p}：{text}" for p, text in zip(shown["platform"], said, strict=True))
    fig.update_layout(meta={**fig.layout.meta, "alt": f"{fig.layout.meta['alt']}{rows}。"})
    return fig


def _lag(row: dict[str, Any]) -> str:
    how = HOW[row["how"]]
    if row["how"] == "seen":
        gap = row["interval"]
        how = f"看榜间隔{wording.duration(gap)}" if gap is not None else "看榜间隔不明，不排先后"
    if not row["sure"]:
        return f"可能最先（{how}）"
    low, high = row["lag_low"], row["lag_high"]
    span = wording.duration(low) if low == high else f"{_coarse(low)}–{_coarse(high)}"
    return f"晚{span}（{how}）"


def _coarse(span: timedelta | None) -> str:
    """To the hour from four hours on: what is not known to the hour is not told to the minute."""
    if span is not None and span >= timedelta(hours=4):
        span = timedelta(hours=round(span / timedelta(hours=1)))
    return "不明" if span is None else wording.duration(span)


def pairs(firsts: pl.DataFrame) -> pl.DataFrame:
    """What may be said of who was before whom, in Chinese columns."""
    said = platforms.order(firsts)
    return said.select(先="before", 后="after", 至少早="by")


# --- how big ---------------------------------------------------------------------------------------------------


def forecast_finding(told: Sequence[Forecast], final: int | None = None) -> str:
    """What the first of the forecasts said, whether it held, and how the last one narrowed it."""
    if not told:
        return wording.NOTHING
    first = told[0]
    low, high = first.interval()
    text = f"首帖后{wording.duration(first.age)}（{first.seen}条）看，最终约{rounded(first.expected)}条"
    text += f"，八成把握在{rounded(low)}–{rounded(high)}条"
    if final is None:
        return text
    held = sum(f.interval()[0] <= final <= f.interval()[1] for f in told)
    where = f"{len(told)}次预测{'都' if held == len(told) > 1 else f'有{held}次'}包含它"
    if len(told) == 1:
        where = "在区间之内" if held else "在区间之外"
    return f"{text}；实际{wording.number(final)}条，{where}"


def forecasts(told: Sequence[Forecast], *, final: int | None = None, zone: tzinfo) -> go.Figure:
    """Forecasts of one story at several moments: what was there, what was expected, 80 % and 90 % intervals."""
    finding = forecast_finding(told, final)
    if not told:
        return nothing("区间图", finding)
    labels = [f"首帖后{wording.duration(f.age)}" for f in told]
    fig = go.Figure()
    for rate, width, colour, name in ((0.9, 8, "#d7e5f0", "九成把握"), (0.8, 16, SKY, "八成把握")):
        ends = [f.interval(rate) for f in told]
        theme.links(fig, labels, [e[0] for e in ends], [e[1] for e in ends], colour=colour, width=width, name=name)
    for name, values, colour, symbol in (
        ("当时已有", [f.seen for f in told], GREY, "line-ns-open"),
        ("预计最终", [rounded(f.expected) for f in told], BLUE, "circle"),
        ("自激过程另估", [None if f.process is None else rounded(f.process) for f in told], INK, "diamond-open"),
    ):
        if any(v is not None for v in values):
            fig.add_scatter(
                x=values,
                y=labels,
                mode="markers",
                marker={"size": 13, "color": colour, "symbol": symbol, "line": {"width": 2}},
                name=name,
                hovertemplate="%{y}：" + name + "%{x:,}条<extra></extra>",
            )
    ends = [v for f in told for v in (*f.interval(0.9), f.seen, f.process or f.seen, final or f.seen)]
    if final is not None:
        fig.add_vline(x=final, line={"color": INK, "width": 1.4, "dash": "dot"})
        fig.add_annotation(
            x=final, y=0, yref="paper", yanchor="top", text=f"实际{final:,}条", showarrow=False, font={"color": INK}
        )
    fig.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK, "size": 14}, ticksuffix="  ")
    fig.update_xaxes(range=[0, max(ends) * 1.06], tickformat=",d", nticks=7, showgrid=True)
    finish(fig, "区间图", finding, x="最终条数", height=190 + 46 * len(told))
    fig.update_xaxes(title_standoff=24)
    rows = "；".join(
        f"{label}（{wording.time(f.at, zone)}）已有{f.seen}条，预计{rounded(f.expected)}条，"
        f"八成在{rounded(f.low)}至{rounded(f.high)}条"
        for label, f in zip(labels, told, strict=True)
    )
    fig.update_layout(meta={**fig.layout.meta, "alt": f"{fig.layout.meta['alt']}{rows}。"})
    return fig


def chances(told: Sequence[Forecast], sizes: Sequence[float], *, zone: tzinfo) -> pl.DataFrame:
    """The forecasts as a table in Chinese columns: how likely each of `sizes` is reached."""
    return pl.DataFrame(
        [
            {
                "时刻": f"首帖后{wording.duration(f.age)}（{wording.time(f.at, zone)}）",
                "已有": f.seen,
                "预计最终": rounded(f.expected),
                "八成把握": f"{rounded(f.low)}–{rounded(f.high)}",
                **{f"达到{size:g}条": _chance(f, size) for size in sizes},
            }
            for f in told
        ]
    )


def forecast_note(told: Sequence[Forecast]) -> str:
    """What the forecasts rest on, and their cautions."""
    if not told:
        return wording.NOTHING
    cautions = list(dict.fromkeys(f"首帖后{wording.duration(f.age)}：{c}" for f in told for c in f.cautions))
    said = f"依据：{told[0].basis}。只用当时已有的帖文；预测的是声量，不是事情的轻重。"
    return said + "".join(f"{c}。" for c in cautions)


def rounded(n: float) -> int:
    """Two digits that mean something: 347 posts expected are 350."""
    return round(n) if n < 100 else round(n, 1 - len(str(round(n))) + 1)


def _chance(f: Forecast, size: float) -> str:
    if size <= f.seen:
        return "已达到"
    chance = f.chance(size)
    return "不到1%" if chance < 0.01 else "99%以上" if chance > 0.99 else f"约{chance:.0%}"


# --- the same words at once --------------------------------------------------------------------------------------


def coordination_finding(bursts: pl.DataFrame) -> str:
    """How many bursts of the same words (of `coordination.bursts`), and that it proves nothing."""
    if bursts.is_empty():
        return "没有发现许多账号在几十秒内发出相同文字的情形。"
    top = bursts.row(0, named=True)
    seconds = max(1, round((top["end"] - top["start"]).total_seconds()))
    most = f"最多的一阵{top['accounts']}个账号在{seconds}秒内发出相同文字"
    return f"可能有组织的同文密集发布{bursts.height}阵：{most}（按平时约{top['expected']:.1g}条）。这不是证据，须人工核实。"


def coordination_table(bursts: pl.DataFrame) -> pl.DataFrame:
    """The bursts with their numbers and the innocent explanations, in Chinese columns; no account is named."""
    return bursts.select(
        开始="start",
        持续=pl.col("end") - pl.col("start"),
        条数="n",
        账号数="accounts",
        账号类型=pl.format("个人{}、机构{}、不明{}", "persons", "institutions", "unknown"),
        无害的解释=pl.col("innocent").list.join("；"),
        文字="text",
    )
