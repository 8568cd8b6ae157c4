"""When nothing was collected, source by source."""

from __future__ import annotations

from datetime import datetime, tzinfo

import plotly.graph_objects as go
import polars as pl

from opinion_lab.report.figures import theme
from opinion_lab.report.wording import monitoring


def holes(stretches: pl.DataFrame, since: datetime, until: datetime, *, zone: tzinfo) -> go.Figure:
    """Stretches of a time in which items may have been lost (name, start, end), one row a source."""
    finding = monitoring.holes(stretches, zone)
    if stretches.is_empty():
        return theme.nothing("时间线", finding)
    fig = go.Figure()
    for start, end, name in stretches.select("start", "end", "name").iter_rows():
        x = theme.local(pl.Series([start, end]), zone)
        fig.add_scatter(x=x, y=[theme.short(name)] * 2, mode="lines", line={"color": theme.AMBER, "width": 14})
    fig.update_layout(showlegend=False, xaxis_range=list(theme.local(pl.Series([since, until]), zone)))
    return theme.finish(
        fig, "时间线", finding, x=theme.time_axis(fig, zone), height=150 + 34 * stretches["name"].n_unique()
    )
