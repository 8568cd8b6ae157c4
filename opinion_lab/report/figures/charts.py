"""Findings as pictures: each takes a frame and returns a plotly figure whose title says what it shows.

Times are drawn in the `zone` given. Every figure names its units and carries a description for those who cannot see
it (`meta["alt"]`); an empty frame gives a figure that says so. Nothing is drawn with WebGL: a report is printed.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import plotly.graph_objects as go
import polars as pl

from opinion_lab.analyse import stories
from opinion_lab.analyse.trends.time_bins import bin_of
from opinion_lab.report import wording
from opinion_lab.report.figures import theme
from opinion_lab.report.figures.theme import AMBER, BLUE, GREY, HOVER_TIME, INK, bands, finish, local, nothing
from opinion_lab.report.wording import phrases
from opinion_lab.report.wording.response import levels

DRAWN = 2_000  # bins of one line: more are no finer to the eye, and megabytes of page
HOLE, ALERT, UNUSUAL, COVERED = "#d5d9dc", "#f1d3d0", "#f6e7c8", "#d3e2ed"


def volume(
    counts: pl.DataFrame, phases: pl.DataFrame | None = None, statements: pl.DataFrame | None = None, *, zone: tzinfo
) -> go.Figure:
    """How much was said when (Count, summed over keys), over phases (Phase), with official answers (Post)."""
    finding = wording.volume(counts, zone=zone)
    counts = _drawn(counts, zone)
    bins = wording.total(counts)
    if bins["n"].drop_nulls().is_empty():
        return nothing("折线图", finding)
    fig = go.Figure()
    if phases is not None:
        for phase in theme.PHASE:
            spans = phases.filter(pl.col("phase") == phase).sort("start")
            bands(fig, spans, theme.PHASE[phase], wording.name("phase", phase) + "期", zone)
    bands(fig, wording.holes(bins), HOLE, "没有采集", zone)
    fig.add_trace(_line(bins, "n", zone, "条数", "：%{y:,}条", color=BLUE, width=2))
    fig.update_traces(selector={"name": "条数"}, showlegend=False)
    top = max(bins["n"].drop_nulls().to_list()) or 1
    if statements is not None and statements.height:
        _answers(fig, statements.sort("published_at", "post_id"), zone, top * 1.08)
    fig.update_yaxes(range=[0, top * 1.24], tickformat=",d")
    unit = f"{wording.each(wording.step(counts))}的条数"
    return finish(fig, "折线图", finding, x=theme.time_axis(fig, zone), y=unit, height=380)


def _drawn(counts: pl.DataFrame, zone: tzinfo) -> pl.DataFrame:
    """Bins (Count) as they are drawn: days, where hours would be more than a line can show."""
    if counts["bin"].n_unique() <= DRAWN or wording.step(counts) >= phrases.DAY:
        return counts
    sums = (pl.when(pl.col(c).count() > 0).then(pl.col(c).sum()) for c in ("n", "expected") if c in counts.columns)
    return counts.group_by("key", bin_of("bin", "1d", zone)).agg(*sums).sort("key", "bin")


def _line(rows: pl.DataFrame, column: str, zone: tzinfo, name: str, hover: str, **line: Any) -> go.Scatter:
    """One column over time; a null leaves a gap."""
    return go.Scatter(
        x=local(rows["bin"], zone),
        y=rows[column].to_list(),
        mode="lines" if rows.height > 2 else "lines+markers",
        line=line,
        name=name,
        hovertemplate="%{x|" + HOVER_TIME + "}" + hover + "<extra></extra>",
    )


def _answers(fig: go.Figure, statements: pl.DataFrame, zone: tzinfo, height: float) -> None:
    """Official answers as numbered marks above the line."""
    times = local(statements["published_at"], zone)
    for x in times:
        fig.add_shape(type="line", x0=x, x1=x, y0=0, y1=height, line={"color": INK, "width": 1.2, "dash": "dot"})
    said = statements.select("author_name", pl.coalesce("title", "text")).rows()
    fig.add_scatter(
        x=times,
        y=[height] * len(times),
        mode="markers+text",
        marker={"symbol": "triangle-down", "size": 12, "color": INK},
        text=[f"答复{i}" for i in range(1, len(times) + 1)],
        textposition="top center",
        name="官方答复",
        customdata=[f"{theme.short(who or '官方', 24)}：{theme.short(what, 40)}" for who, what in said],
        hovertemplate="%{x|" + HOVER_TIME + "}<br>%{customdata}<extra></extra>",
    )


def against_baseline(counts: pl.DataFrame, bursts: pl.DataFrame, *, zone: tzinfo, key: str | None = None) -> go.Figure:
    """One key against what is usual at that hour (Count, Burst): by default the key of the strongest alert."""
    if counts.is_empty():
        return nothing("折线图", wording.NOTHING)
    if key is None:
        ranked = bursts.sort("alert", "strength", "key", descending=[True, True, False])
        sizes = counts.group_by("key").agg(pl.col("n").sum()).sort("n", "key", descending=[True, False])
        key = str(ranked["key"][0] if ranked.height else sizes["key"][0])
    counts = counts.filter(pl.col("key") == key).sort("bin")
    bursts = bursts.filter(pl.col("key") == key).sort("start")
    finding = wording.against_baseline(counts, bursts, zone=zone)
    if counts["n"].drop_nulls().is_empty():
        return nothing("折线图", finding)
    counts = _drawn(counts, zone)
    fig = go.Figure()
    bands(fig, bursts.filter("alert"), ALERT, "异常升高，预警", zone)
    bands(fig, bursts.filter(~pl.col("alert")), UNUSUAL, "异常升高", zone)
    bands(fig, wording.holes(counts), HOLE, "没有采集", zone)
    usual = counts.with_columns(pl.col("expected").round(1))
    fig.add_trace(_line(usual, "expected", zone, "平时", "：平时约%{y:,}条", color=theme.MUTED, width=1.5, dash="dot"))
    fig.add_trace(_line(counts, "n", zone, "实际", "：%{y:,}条", color=BLUE, width=2))
    fig.update_yaxes(rangemode="tozero", tickformat=",d")
    unit = f"{wording.each(wording.step(counts))}的条数"
    return finish(fig, "折线图", finding, x=theme.time_axis(fig, zone), y=unit, height=360)


def platforms(posts: pl.DataFrame) -> go.Figure:
    """Where it was said (Post): originals, and copies and reposts of others, apart."""
    return _shares(posts, "platform")


def author_kinds(posts: pl.DataFrame) -> go.Figure:
    """Who said it, by kind of account (Post): originals, and copies and reposts of others, apart."""
    return _shares(posts, "author_kind")


def _shares(posts: pl.DataFrame, column: str, most: int = 12) -> go.Figure:
    finding = wording.shares(posts, column)
    if posts[column].n_unique() < 2:  # one bar tells no more than its sentence
        return nothing("条形图", finding)
    ranked = (
        posts.group_by(label=pl.col(column).cast(pl.String))
        .agg(pl.len().alias("n"), stories.ORIGINAL.sum().alias("own"))
        .sort("n", "label", descending=[True, False])
    )
    names = [wording.name(column, label) for label in ranked["label"].head(most)]
    if ranked.height > most:
        rest = ranked.slice(most).select(pl.lit(None, pl.String).alias("label"), pl.col("n", "own").sum()).head(1)
        names.append(f"其余{ranked.height - most}个")
        ranked = pl.concat([ranked.head(most), rest], how="vertical_relaxed")
    labels, every = theme.unique(names), ranked["n"].to_list()
    ends = [f"{wording.number(n)}条，{wording.percent(n, posts.height)}" for n in every]
    copies = (ranked["n"] - ranked["own"]).to_list()
    fig = go.Figure([theme.bars(labels, ranked["own"].to_list(), None, BLUE, "原创")])
    fig.add_trace(theme.bars(labels, copies, ends, theme.SKY, "转发、相同或近似内容"))
    fig.update_layout(barmode="stack", showlegend=any(copies))
    return theme.rows(fig, "条形图", finding, len(labels), max(every), x="条数")


def cascade_levels(levels: pl.DataFrame) -> go.Figure:
    """How many posts stand how far from the first one (depth, n)."""
    finding = wording.cascade_levels(levels)
    spread = levels.filter(pl.col("depth") > 0).sort("depth")
    values = spread["n"].to_list()
    if not sum(values):
        return nothing("条形图", finding)
    labels = [f"第{depth}层" for depth in spread["depth"]]
    texts = [f"{wording.number(n)}条，{wording.percent(n, sum(values))}" for n in values]
    fig = go.Figure(theme.bars(labels, values, texts, BLUE))
    return theme.rows(fig, "条形图", finding, len(labels), max(values), x="条数（第1层直接转自第一条）")


def cascade_growth(posts: pl.DataFrame, *, zone: tzinfo) -> go.Figure:
    """How many posts there were by when (Post), with the moment at which half of them were there."""
    finding = wording.cascade_growth(posts)
    if posts.is_empty():
        return nothing("阶梯图", finding)
    times = posts.select(bin=pl.col("published_at").sort()).with_row_index("n", offset=1)
    # one corner a moment, and some hundreds at most: a cascade may hold a hundred thousand posts
    corners = times.group_by("bin").agg(pl.col("n").last()).sort("bin")
    kept = corners.gather_every(corners.height // 400 + 1)
    kept = pl.concat([kept, corners.tail(1)]).unique(maintain_order=True)
    fig = go.Figure(_line(kept, "n", zone, "累计", "：累计%{y:,}条", color=BLUE, width=2, shape="hv"))
    fig.update_traces(showlegend=False)
    if posts.height > 1:
        half = times.slice((posts.height + 1) // 2 - 1, 1)
        marker = {"size": 10, "color": AMBER, "line": {"color": INK, "width": 1}}
        x, y = local(half["bin"], zone), half["n"].to_list()
        fig.add_scatter(x=x, y=y, mode="markers", marker=marker, name="达到一半", hoverinfo="skip", showlegend=True)
    fig.update_yaxes(rangemode="tozero", tickformat=",d")
    return finish(fig, "阶梯图", finding, x=theme.time_axis(fig, zone), y="累计条数")


def level_trail(grades: pl.DataFrame, *, zone: tzinfo) -> go.Figure:
    """The level proposed at each step (Grade): Ⅰ on top, the gravest."""
    finding = wording.level_trail(grades, zone=zone)
    if grades.is_empty():
        return nothing("阶梯图", finding)
    gists = [theme.short(levels.gist(row, zone=zone), 60) for row in grades.sort("at").iter_rows(named=True)]
    steps = grades.sort("at").select(bin="at", level=pl.col("level").cast(pl.String))
    steps = steps.with_columns(rank=pl.col("level").replace_strict(wording.RANK))
    fig = go.Figure(_line(steps, "rank", zone, "级别", "<br>%{customdata}", color=GREY, width=2, shape="hv"))
    fig.update_traces(
        mode="lines+markers",
        marker={"size": 12, "color": [theme.LEVEL[v] for v in steps["level"]], "line": {"color": INK, "width": 1}},
        customdata=gists,
        showlegend=False,
    )
    ranks = wording.RANK
    fig.update_yaxes(range=[4.5, 0.5], tickvals=list(ranks.values()), ticktext=[f"{level}级" for level in ranks])
    return finish(fig, "阶梯图", finding, x=theme.time_axis(fig, zone), y="建议级别（Ⅰ级最重）", height=300)


def coverage(counts: pl.DataFrame, *, zone: tzinfo) -> go.Figure:
    """Hours with and without data, a column a day (Count; a null `n` in all keys is a hole)."""
    finding = wording.coverage(counts, zone=zone)
    if counts.is_empty():
        return nothing("热力图", finding)
    here = pl.col("bin").dt.convert_time_zone(str(zone))
    daily = wording.step(counts) >= phrases.DAY
    cells = (
        wording.total(counts)
        .with_columns(day=here.dt.date(), hour=pl.lit(0, pl.Int8) if daily else here.dt.hour())
        .group_by("day", "hour")
        .agg(seen=pl.col("n").is_not_null().all().cast(pl.Int8), n=pl.col("n").sum())
    )
    days = cells.select(pl.col("day").unique().sort())
    hours = pl.DataFrame({"hour": [0] if daily else range(24)}, schema={"hour": pl.Int8})
    grid = hours.join(days, how="cross").join(cells, on=["day", "hour"], how="left").sort("hour", "day")
    shape = (hours.height, days.height)
    fig = go.Figure(
        go.Heatmap(
            x=days["day"].dt.to_string().to_list(),
            y=hours["hour"].to_list(),
            z=grid["seen"].reshape(shape).to_list(),
            customdata=grid["n"].reshape(shape).to_list(),
            zmin=0,
            zmax=1,
            colorscale=[[0, AMBER], [0.5, AMBER], [0.5, COVERED], [1, COVERED]],
            xgap=1,
            ygap=1,
            hoverongaps=False,
            hovertemplate="%{x|%-m月%-d日} %{y}时：%{customdata:,}条<extra></extra>",
            showscale=False,
        )
    )
    theme.legend(fig, "没有采集", AMBER)
    theme.legend(fig, "有采集记录", COVERED)
    x = theme.time_axis(fig, zone)
    if daily:
        fig.update_yaxes(visible=False)
        return finish(fig, "热力图", finding, x=x, height=200)
    fig.update_yaxes(range=[23.5, -0.5], tickvals=[0, 6, 12, 18, 23], showgrid=False)
    return finish(fig, "热力图", finding, x=x, y="钟点", height=400)
