"""One look for every chart: calm, safe for the colour-blind, red for alarms alone; nothing leaves the machine."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

import plotly.graph_objects as go
import polars as pl

# plotly.io imports nbformat, jsonschema, and with it a grammar of IRIs that nothing here asks for: two seconds a kernel
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import plotly.io as pio  # noqa: E402

INK, MUTED, RULE, PAPER = "#26323d", "#6b7783", "#dfe3e7", "#ffffff"
BLUE, SKY, AMBER, GREEN, PLUM, GREY = "#2b6491", "#9cc1dc", "#c98a1b", "#3f8a72", "#7b5a86", "#a9b2ba"
ALARM = "#b3261e"
#: Told apart by lightness as well as hue.
SERIES = (BLUE, AMBER, GREEN, PLUM, SKY, GREY)
BLUES = [[0, "#f1f5f8"], [0.25, "#c5dae9"], [0.5, "#84b1d2"], [0.75, "#3f7fae"], [1, "#173f60"]]
PHASE = {"latent": "#f2f4f5", "spreading": "#fbf0d6", "peak": "#f5dcb4", "declining": "#e3edf4", "ended": "#f2f4f5"}
LEVEL = {"Ⅰ": ALARM, "Ⅱ": "#cf6f1e", "Ⅲ": "#d9b13b", "Ⅳ": BLUE}
FONT = '"Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK TC", sans-serif'

#: For JupyterLab and for the page: no button that uploads, no logo, no server.
CONFIG: dict[str, Any] = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "responsive": True,
    "scrollZoom": False,
    "displayModeBar": "hover",
    "locale": "zh-CN",
    "modeBarButtons": [["toImage", "zoom2d", "resetScale2d"]],
}

#: Months and days as people write them, whatever the zoom.
TICKS = [
    {"dtickrange": [None, 86_399_999], "value": "%-H时\n%-m月%-d日"},
    {"dtickrange": [86_400_000, "M1"], "value": "%-m月%-d日\n%Y年"},
    {"dtickrange": ["M1", "M12"], "value": "%-m月\n%Y年"},
    {"dtickrange": ["M12", None], "value": "%Y年"},
]
HOVER_TIME = "%-m月%-d日 %H:%M"

_AXIS = {
    "showline": False,
    "zeroline": False,
    "ticks": "",
    "automargin": True,
    "ticklabelstandoff": 5,
    "gridcolor": RULE,
    "title": {"font": {"size": 13, "color": MUTED}, "standoff": 10},
    "tickfont": {"size": 13, "color": MUTED},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 14, "color": INK},
        "title": {"x": 0, "xref": "container", "xanchor": "left", "pad": {"l": 12, "t": 16}, "font": {"size": 16}}
        | {"y": 1, "yref": "container", "yanchor": "top"},
        "colorway": list(SERIES),
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "margin": {"l": 12, "r": 16, "t": 64, "b": 12},
        "separators": ".,",
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": RULE, "font": {"color": INK, "size": 13}, "align": "left"},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
            "font": {"size": 13},
        },
        "xaxis": {**_AXIS, "showgrid": False},
        "yaxis": _AXIS,
        "dragmode": False,
    }
)
pio.templates["lab"] = TEMPLATE
pio.templates.default = "lab"
# figures travel as data with this config, never as HTML that carries a server's address or 5 MB of script
# in JupyterLab a responsive chart takes the height of its cell, which waits for that of the chart: none
pio.renderers["plotly_mimetype"].config = CONFIG | {"responsive": False}
pio.renderers.default = "plotly_mimetype"


def finish(fig: go.Figure, kind: str, finding: str, *, x: str = "", y: str = "", height: int = 340) -> go.Figure:
    """Set the finding as title, the axes' units, and a text for those who cannot see the chart."""
    axes = "，".join(f"{side}为{label}" for side, label in (("横轴", x), ("纵轴", y)) if label)
    lines = _fold(safe(finding), 44)
    fig.update_layout(
        title_text="<br>".join(lines),
        margin_t=64 + 22 * (len(lines) - 1),
        height=height,
        legend_y=1 + 8 / height,  # right above the marks, whatever their height: a title of two lines ends above it
        meta={"finding": finding, "alt": f"{kind}：{finding}。{axes}" + "。" * bool(axes)},
    )
    if x:
        fig.update_xaxes(title_text=safe(x))
    if y:
        fig.update_yaxes(title_text=safe(y))
    return fig


def on_screen(fig: go.Figure) -> go.Figure:
    """A chart whose finding is enough on paper: printed as its caption alone."""
    return fig.update_layout(meta={**fig.layout.meta, "screen": True})


def nothing(kind: str, finding: str) -> go.Figure:
    """A figure that says that there is nothing to show, in the place where it would be."""
    fig = go.Figure()
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    fig.add_annotation(text=safe(finding), showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
    fig.update_annotations(font={"size": 15, "color": MUTED})
    return finish(fig, kind, finding, height=180)


# --- marks that several charts share -------------------------------------------------------------------------


def bands(fig: go.Figure, spans: pl.DataFrame, colour: str, name: str, zone: tzinfo) -> None:
    """Stretches of time (start, end) as bands behind the lines; named in the legend, for a short one has no room."""
    if spans.is_empty():
        return
    for start, end in zip(local(spans["start"], zone), local(spans["end"], zone), strict=True):
        fig.add_shape(
            type="rect",
            xref="x",
            yref="paper",
            x0=start,
            x1=end,
            y0=0,
            y1=1,
            fillcolor=colour,
            line_width=0,
            layer="below",
        )
    legend(fig, name, colour)


def legend(fig: go.Figure, name: str, colour: str) -> None:
    """A square in the legend for what is not a line."""
    marker = {"symbol": "square", "size": 13, "color": colour, "line": {"color": GREY, "width": 1}}
    fig.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name, hoverinfo="skip")


def links(
    fig: go.Figure, labels: list[str], starts: list, ends: list, *, colour: str, width: int, name: str = ""
) -> None:
    """A line a row from start to end; a row where either is missing has none."""
    x = [v for pair in zip(starts, ends, strict=True) for v in (*(pair if None not in pair else (None, None)), None)]
    y = [v for label in labels for v in (label, label, None)]
    line = {"color": colour, "width": width}
    fig.add_scatter(x=x, y=y, mode="lines", line=line, name=name, showlegend=bool(name), hoverinfo="skip")


def bars(
    labels: list[str], values: list[int], texts: list[str] | None, colour: str | list[str], name: str = "条数"
) -> go.Bar:
    """Horizontal bars with what they are worth written behind them."""
    return go.Bar(
        y=labels,
        x=values,
        orientation="h",
        name=name,
        marker={"color": colour},
        text=[f" {text}" for text in texts] if texts else None,
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}：" + name + " %{x:,}<extra></extra>",
    )


def rows(fig: go.Figure, kind: str, finding: str, n: int, longest: float, *, x: str) -> go.Figure:
    """Finish a chart of `n` rows: the best on top, room at the right for what is written there."""
    fig.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK, "size": 14}, ticksuffix="  ")
    fig.update_xaxes(range=[0, longest * 1.28 or 1], tickformat=",d", nticks=6)
    fig.update_layout(bargap=0.35)
    return finish(fig, kind, finding, x=x, height=130 + 34 * n)


# --- times and labels ------------------------------------------------------------------------------------------


def time_axis(fig: go.Figure, zone: tzinfo) -> str:
    """Make the x axis one of days and hours; returns its title."""
    fig.update_xaxes(type="date", tickformatstops=TICKS, hoverformat=HOVER_TIME, nticks=8)
    return f"时间（{zone_name(zone)}）"


def zone_name(zone: tzinfo) -> str:
    """What people call the zone."""
    return {"Asia/Shanghai": "北京时间", "Asia/Taipei": "台北时间", "Asia/Hong_Kong": "香港时间"}.get(
        str(zone), str(zone)
    )


def local(times: pl.Series, zone: tzinfo) -> list[str | None]:
    """Times as plotly wants them: in `zone`, without an offset, which it would ignore."""
    return times.dt.convert_time_zone(str(zone)).dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


def safe(text: str) -> str:
    """Text that plotly must not read as markup."""
    return html.escape(text, quote=False)


def short(text: str, width: int = 16) -> str:
    """A label cut to `width` characters, safe for plotly."""
    return safe(text if len(text) <= width else text[: width - 1] + "…")


def unique(labels: Iterable[str], width: int = 16) -> list[str]:
    """Short labels, kept apart by a zero-width mark where two look alike: plotly would merge their rows."""
    seen: dict[str, int] = {}
    kept = []
    for label in labels:
        cut = short(label, width)
        kept.append(cut + "\u200b" * seen.get(cut, 0))
        seen[cut] = seen.get(cut, 0) + 1
    return kept


def _fold(text: str, width: int) -> list[str]:
    """Lines of at most about `width` characters, broken after punctuation where there is any."""
    lines = []
    while len(text) > width:
        breaks = [text.rfind(mark, width // 2, width) for mark in "；，。、）"]
        cut = max(breaks) + 1 or width
        lines.append(text[:cut])
        text = text[cut:]
    return [*lines, text]
