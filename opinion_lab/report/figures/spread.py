"""How a story spread, drawn and said: which platform first, how big it looked early on, the same words at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from typing import Any

import plotly.graph_objects as go
import polars as pl

from opinion_lab.analyse.cascades.forecasting import SMALL, Forecast
from opinion_lab.report import wording
from opinion_lab.report.figures import theme
from opinion_lab.report.figures.theme import BLUE, INK, SKY, finish, local, nothing
from opinion_lab.report.wording import courses, phrases

MOST = 15
NO_SIGN = "没有看出无害的解释，但这不等于有人组织，须人工核实"
PALE = "#d7e5f0"
DRAWN = 0.62  # part of the width for the marks


# --- across platforms ----------------------------------------------------------------------------------------


def _lag_finding(firsts: pl.DataFrame) -> str:
    """Who was first, if that can be said, and who surely came later (of `platforms.first`)."""
    if firsts.is_empty():
        return wording.NOTHING
    if firsts.height == 1:
        return f"只见于{firsts['platform'][0]}，没有跨平台先后可比"
    may, later = firsts.filter(~pl.col("sure")), firsts.filter("sure")
    names = wording.listing(may["platform"].to_list(), most=4, unit="个平台")
    blur = (may["latest"] - may["earliest"]).max()
    if may.height == 1:
        who = f"最先见于{names}"
    else:
        known = may["earliest"].null_count() == 0
        why = f"相差在误差（最长{_coarse(blur)}）之内" if known and isinstance(blur, timedelta) else "看榜间隔不明"
        who = f"{names}谁先说不准：{why}"
    if later.is_empty():
        return who
    shown = [
        f"{p}{'晚' if low == high else '至少晚'}{_coarse(low)}"
        for p, low, high in later.select("platform", "lag_low", "lag_high").rows()
    ]
    return f"{who}；{wording.listing(shown, unit='个平台')}"


def platform_lags(firsts: pl.DataFrame, *, zone: tzinfo) -> go.Figure:
    """When a story came to each platform (of `platforms.first`): the sighting, and the time within which it truly came.

    A row a platform; where the polling interval is not known, there is a mark and no stretch.
    """
    finding = _lag_finding(firsts)
    if firsts.height < 2:
        return nothing("区间图", finding)
    shown = firsts.sort("seen", "platform").head(MOST)
    labels = theme.unique(shown["platform"])
    seen, start, end = (local(shown[c], zone) for c in ("seen", "earliest", "latest"))
    fig = go.Figure()
    theme.links(fig, labels, start, end, colour=SKY, width=14, name="真正出现在这段时间里（误差）")
    alone = firsts.height - firsts["sure"].sum() == 1
    texts = [_lag(row, alone) for row in shown.iter_rows(named=True)]
    fig.add_scatter(
        x=seen,
        y=labels,
        mode="markers",
        marker={"size": 12, "color": [BLUE if sure else INK for sure in shown["sure"]]},
        name="首次见到",
        customdata=texts,
        hovertemplate="%{y}：%{x|" + theme.HOVER_TIME + "}首次见到<br>%{customdata}<extra></extra>",
    )
    # the right third is for what is written there: at the marks themselves texts would leave the picture
    fig.update_yaxes(autorange="reversed", showgrid=True, tickfont={"color": INK, "size": 14}, ticksuffix="  ")
    for label, text in zip(labels, texts, strict=True):
        place = {"x": DRAWN + 0.02, "xref": "paper", "xanchor": "left", "y": label}
        fig.add_annotation(text=theme.safe(text), showarrow=False, font={"size": 13}, **place)
    finding += f"（另有{firsts.height - MOST}个平台未画出）" if firsts.height > MOST else ""
    x = theme.time_axis(fig, zone)
    fig.update_xaxes(nticks=5, domain=[0, DRAWN])
    finish(fig, "区间图", finding, x=x, height=150 + 40 * len(labels))
    return _described(fig, "；".join(f"{p}：{text}" for p, text in zip(shown["platform"], texts, strict=True)))


def _lag(row: dict[str, Any], alone: bool) -> str:
    if row["how"] == "seen":
        gap = row["interval"]
        how = f"（看榜间隔{wording.duration(gap)}）" if gap is not None else "（看榜间隔不明，不排先后）"
    elif row["how"] == "day":
        how = "（只知道日期）"
    else:
        how = "（热榜上可能更早）" if row["earliest"] != row["latest"] else ""
    if not row["sure"]:
        return f"{'' if alone else '可能'}最先{how}"
    low, high = row["lag_low"], row["lag_high"]
    return f"晚{_coarse(low)}{how}" if low == high else f"晚{_coarse(low)}–{_coarse(high)}{how}"


def _coarse(span: timedelta | None) -> str:
    """To the hour from four hours on: what is not known to the hour is not told to the minute."""
    if span is not None and span >= timedelta(hours=4):
        span = timedelta(hours=round(span / timedelta(hours=1)))
    return "不明" if span is None else wording.duration(span)


def _described(fig: go.Figure, rows: str) -> go.Figure:
    """The text alternative, with every row in it."""
    return fig.update_layout(meta={**fig.layout.meta, "alt": f"{fig.layout.meta['alt']}{rows}。"})


# --- how big ---------------------------------------------------------------------------------------------------


def _forecast_finding(series: Sequence[Forecast], final: int | None = None) -> str:
    """What the first forecast said that could be made, and how many of all held."""
    reliable = [f for f in series if f.seen >= SMALL]
    if not reliable:
        return f"当时不足{SMALL}条，还不能预测会有多大" if series else wording.NOTHING
    first = reliable[0]
    text = f"首帖后{wording.duration(first.age)}（{first.seen:,}条）看，最终约{_rounded(first.expected):,}条"
    text += f"，八成把握在{_rounded(first.low):,}–{_rounded(first.high):,}条"
    if final is None:
        return text
    held = sum(f.low <= final <= f.high for f in reliable)
    where = f"{len(reliable)}次预测中{held}次的区间包含它" if len(reliable) > 1 else f"在区间之{'内' if held else '外'}"
    return f"{text}；实际{wording.number(final)}条，{where}"


def forecasts(series: Sequence[Forecast], *, final: int | None = None, zone: tzinfo) -> go.Figure:
    """Forecasts of one story at several moments: what was there, what was expected, 80 % and 90 % intervals.

    A moment with fewer than `SMALL` posts shows those alone.
    """
    finding = _forecast_finding(series, final)
    if not series:
        return nothing("区间图", finding)
    labels = [f"首帖后{wording.duration(f.age)}" for f in series]
    reliable = [f if f.seen >= SMALL else None for f in series]
    fig = go.Figure()
    for rate, width, colour, name in ((0.9, 8, PALE, "九成把握"), (0.8, 16, SKY, "八成把握")):
        low, high = zip(*(f.interval(rate) if f else (None, None) for f in reliable), strict=True)
        theme.links(fig, labels, [*low], [*high], colour=colour, width=width, name=name if any(reliable) else "")
    marks: list[tuple[str, list[int | None], str, str]] = [
        ("当时已有", [f.seen for f in series], INK, "line-ns-open"),
        ("预计最终", [_rounded(f.expected) if f else None for f in reliable], BLUE, "circle"),
    ]
    for name, values, colour, symbol in marks:
        if any(v is not None for v in values):
            fig.add_scatter(
                x=values,
                y=labels,
                mode="markers",
                marker={"size": 13, "color": colour, "symbol": symbol, "line": {"width": 2}},
                name=name,
                hovertemplate="%{y}：" + name + "%{x:,}条<extra></extra>",
            )
    for label, f in zip(labels, series, strict=True):
        if f.seen < SMALL:
            place = {"x": f.seen, "xanchor": "left", "y": label, "font": {"color": theme.MUTED}}
            fig.add_annotation(text=f"   只有{f.seen}条，还不能预测", showarrow=False, **place)
    if final is not None:
        line = {"color": INK, "width": 1.4, "dash": "dot"}
        fig.add_shape(type="line", x0=final, x1=final, y0=0, y1=1, yref="paper", line=line)
        fig.add_scatter(x=[None], y=[None], mode="lines", line=line, name=f"实际{final:,}条", hoverinfo="skip")
    ends = [f.interval(0.9)[1] if f else 0 for f in reliable]
    fig.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK, "size": 14}, ticksuffix="  ")
    fig.update_xaxes(range=[0, max(*ends, final or 0, SMALL) * 1.06], tickformat=",d", nticks=7, showgrid=True)
    finish(fig, "区间图", finding, x="最终条数", height=190 + 46 * len(series))
    rows = [f"{label}（{wording.time(f.at, zone)}）{_told(f)}" for label, f in zip(labels, series, strict=True)]
    return _described(fig, "；".join(rows))


def _told(f: Forecast) -> str:
    if f.seen < SMALL:
        return f"只有{f.seen}条，还不能预测"
    return f"已有{f.seen:,}条，预计{_rounded(f.expected):,}条，八成在{_rounded(f.low):,}至{_rounded(f.high):,}条"


def chances(series: Sequence[Forecast], sizes: Sequence[float], *, zone: tzinfo) -> pl.DataFrame:
    """The forecasts as a table in Chinese columns: how likely each of `sizes` is reached."""
    rows = [
        {
            "时刻": f"首帖后{wording.duration(f.age)}（{wording.time(f.at, zone)}）",
            "已有": f.seen,
            "预计最终": _rounded(f.expected) if f.seen >= SMALL else None,
            "八成把握": f"{_rounded(f.low):,}–{_rounded(f.high):,}" if f.seen >= SMALL else None,
            **{f"达到{size:,g}条": _chance(f, size) for size in sizes},
        }
        for f in series
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def forecast_note(series: Sequence[Forecast]) -> str:
    """What the forecasts rest on, what they cannot know, and their cautions."""
    if not series:
        return wording.NOTHING
    texts = f"只用当时已有的帖文。依据：{courses.basis(series[0])}。"
    texts += "预测只外推已有的传播，不知道之后的回应、媒体介入和第二波；预测的是声量，不是事情的轻重。"
    cautions = [(wording.duration(f.age), phrases.sentence("caution", c)) for f in series for c in f.cautions]
    return texts + "".join(f"首帖后{age}：{caution}。" for age, caution in cautions)


def _rounded(n: float) -> int:
    """Two digits that mean something: 347 posts expected are 350."""
    return int(round(n, min(0, 2 - len(str(round(n))))))


def _chance(f: Forecast, size: float) -> str | None:
    if size <= f.seen:
        return "已达到"
    if f.seen < SMALL:
        return None
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
    most += f"（按平时约{top['expected']:.1g}条）"
    return f"可能有组织的同文密集发布{bursts.height}阵：{most}。这不是证据，须人工核实。"


def coordination_table(bursts: pl.DataFrame) -> pl.DataFrame:
    """The bursts with `kinds` of account and the `innocent` explanations in words; no account is named."""
    explained = pl.col("innocent").list.eval(pl.element().replace_strict(phrases.NAMES["innocent"]))
    kinds = pl.format("个人{}、机构{}、不明{}", "persons", "institutions", "unknown")
    innocent = pl.when(explained.list.len() > 0).then(explained.list.join("；")).otherwise(pl.lit(NO_SIGN))
    return bursts.with_columns(kinds=kinds, innocent=innocent)
