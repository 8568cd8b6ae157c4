"""Comparisons as pictures: each takes frames and returns a plotly figure whose title says what it shows."""

from __future__ import annotations

from datetime import timedelta, tzinfo

import plotly.graph_objects as go
import polars as pl

from opinion_lab.analyse.topics import cooccurrence
from opinion_lab.report import figures, wording
from opinion_lab.report.comparing import sentences
from opinion_lab.report.comparing.sentences import short
from opinion_lab.report.figures import theme
from opinion_lab.report.figures.theme import AMBER, BLUE, GREY, INK, SKY, finish, local, nothing

SIDES = (BLUE, AMBER)
KINDS = {"person": SKY, "media": AMBER, "government": theme.GREEN, "unknown": GREY}
POINTS, PLACES = 200, 12


def growth(named: list[str], posts: list[pl.DataFrame]) -> go.Figure:
    """Which part of each had been said so many hours after its first post."""
    fig = go.Figure()
    for name, rows, colour in zip(named, posts, SIDES, strict=False):
        times = rows["published_at"].sort()
        hours = ((times - times[0]) / timedelta(hours=1)).to_frame("hours").with_row_index("n", offset=1)
        kept = pl.concat([hours.gather_every(hours.height // POINTS + 1), hours.tail(1)])
        fig.add_scatter(
            x=kept["hours"].round(2).to_list(),
            y=(kept["n"] / hours.height).to_list(),
            mode="lines",
            name=theme.short(short(name)),
            line={"color": colour, "width": 2, "shape": "hv"},
            hovertemplate="首条后%{x:.0f}小时：%{y:.0%}<extra></extra>",
        )
    longest = max(float(sentences.half(rows) / timedelta(hours=1)) for rows in posts)
    fig.update_xaxes(range=[0, max(6.0, 4 * longest)])
    fig.update_yaxes(range=[0, 1.02], tickformat=".0%")
    finding = sentences.compared(named, posts).rstrip("。").split("；")[1]
    return finish(fig, "阶梯图", finding, x="首条之后的小时数", y="已出现的比例", height=320)


def shares(named: list[str], posts: list[pl.DataFrame], column: str, *, most: int = 8) -> go.Figure:
    """Which part of each is of which value of a column."""
    parts = [rows.group_by(value=pl.col(column).cast(pl.String)).agg(n=pl.len()) for rows in posts]
    every = pl.concat(parts).group_by("value").agg(pl.sum("n")).sort("n", "value", descending=[True, False])
    values = every["value"].head(most).to_list()
    labels = theme.unique([wording.name(column, value) for value in values])
    fig, tops = go.Figure(), []
    for name, part, colour in zip(named, parts, SIDES, strict=False):
        held, whole = dict(part.iter_rows()), int(part["n"].sum())
        tops.append((*part.sort("n", "value", descending=[True, False]).row(0), whole))
        share = [held.get(value, 0) / whole for value in values]
        texts = [wording.percent(held[value], whole) if value in held else "" for value in values]
        fig.add_trace(theme.bars(labels, share, texts, colour, theme.short(short(name))))
    fig.update_traces(hovertemplate="%{y}：%{x:.0%}<extra></extra>")
    said = [
        f"“{short(name)}”{wording.name(column, value)}最多（{wording.percent(n, whole)}）"
        for name, (value, n, whole) in zip(named, tops, strict=True)
    ]
    fig.update_layout(barmode="group", showlegend=len(named) > 1)
    theme.rows(fig, "条形图", "，".join(said), len(labels) * len(named), 1 / 1.28, x="占各自帖文的比例")
    return fig.update_xaxes(tickformat=".0%")


def contrast(named: list[str], words: pl.DataFrame) -> go.Figure:
    """The words that each side says more than the other (cooccurrence.contrast), back to back."""
    if words.is_empty():
        return nothing("对比图", "没有哪个词明显只属于一边")
    fig, tops = go.Figure(), []
    labels = theme.unique(words["word"])
    for side, (name, colour) in enumerate(zip(named, SIDES, strict=True)):
        mine = (words["side"] == side).to_list()
        near, far = words["share"].to_list(), words["share_other"].to_list()
        values = [a if own else b for own, a, b in zip(mine, near, far, strict=True)]
        fig.add_trace(theme.bars(labels, values, [f"{v:.0%}" for v in values], colour, theme.short(short(name))))
        tops.append(words.filter(pl.col("side") == side)["word"].head(3).to_list())
    fig.update_traces(hovertemplate="%{y}：%{x:.0%}<extra></extra>")
    said = [f"“{short(name)}”多说{'、'.join(top)}" for name, top in zip(named, tops, strict=True) if top]
    fig.update_layout(barmode="group")
    longest = max(words["share"].max() or 0, words["share_other"].max() or 0)
    theme.rows(fig, "条形图", "，".join(said), 2 * len(labels), float(longest), x="含这个词的原创帖文占各自的比例")  # type: ignore[arg-type]
    return fig.update_layout(height=160 + 38 * len(labels)).update_xaxes(tickformat=".0%")


def timeline(counts: pl.DataFrame, turns: pl.DataFrame, *, zone: tzinfo) -> go.Figure:
    """How much was said when (Count), with the numbered posts that turned it (no, published_at, role)."""
    fig = figures.volume(counts, zone=zone)
    top = max(counts["n"].drop_nulls().to_list(), default=1) or 1
    times, colours = local(turns["published_at"], zone), {"statement": AMBER, "leap": theme.ALARM}
    for x in times:
        fig.add_shape(type="line", x0=x, x1=x, y0=0, y1=top * 1.08, line={"color": GREY, "width": 1, "dash": "dot"})
    fig.add_scatter(
        x=times,
        # those of one hour stand above one another
        y=[top * (1.08 + 0.09 * (i % 3)) for i in range(len(times))],
        mode="markers+text",
        marker={"size": 22, "color": [colours.get(role, BLUE) for role in turns["role"]]},
        text=[str(no) for no in turns["no"]],
        textfont={"color": "#ffffff", "size": 13},
        customdata=[f"{sentences.TURNS[r]}：{theme.short(t, 40)}" for r, t in turns.select("role", "says").rows()],
        hovertemplate="%{x|" + theme.HOVER_TIME + "}<br>%{customdata}<extra></extra>",
        showlegend=False,
    )
    fig.update_yaxes(range=[0, top * 1.4])
    leap = turns.filter(pl.col("after").list.len() > 2 * pl.col("before").list.len())
    grown = max(leap.iter_rows(named=True), key=lambda row: len(row["after"]) - len(row["before"]), default=None)
    finding = f"{turns.height}条帖文标在图上"
    if grown:
        finding += (
            f"；第{grown['no']}条（{sentences.TURNS[grown['role']]}）之后增加最多："
            f"前6小时{len(grown['before'])}条，后6小时{len(grown['after'])}条"
        )
    return finish(fig, "折线图", finding, x=theme.time_axis(fig, zone), y="一小时的条数", height=420)


def tree(title: str, rows: pl.DataFrame, whole: int) -> go.Figure:
    """Branches (cascades.branches, with says, author_kind, platform), each inside the one that it hangs under."""
    root = "all"
    said = [
        f"{wording.name('author_kind', k)}：{theme.short(t, 18)}" for k, t in rows.select("author_kind", "says").rows()
    ]
    hover = [
        f"{p}，{wording.name('author_kind', k)}，直接转评{c}条<br>{theme.short(t, 60)}"
        for p, k, c, t in rows.select("platform", "author_kind", "children", "says").rows()
    ]
    fig = go.Figure(
        go.Icicle(
            ids=[root, *rows["post_id"]],
            parents=["", *rows["parent"].fill_null(root)],
            labels=[theme.short(short(title)), *said],
            values=[int(rows.filter(pl.col("parent").is_null())["size"].sum()), *rows["size"]],
            branchvalues="total",
            marker={
                "colors": [theme.RULE, *(KINDS.get(kind, GREY) for kind in rows["author_kind"])],
                "line": {"width": 1, "color": "#ffffff"},
            },
            textinfo="label+value",
            textfont={"color": INK},
            customdata=["全部帖文", *hover],
            hovertemplate="%{customdata}<br>这一支%{value:,}条<extra></extra>",
            tiling={"orientation": "h"},
            maxdepth=4,
            pathbar={"visible": True},
        )
    )
    return finish(
        fig, "树图（点一支走进去，点上面的条回来；颜色为账号类型）", sentences.tree(title, rows, whole), height=460
    )


def network(title: str, pairs: pl.DataFrame, tokens: pl.DataFrame) -> go.Figure:
    """Words that stand together (cooccurrence.network): thick where often, large where many posts say the word."""
    if pairs.is_empty():
        return nothing("网络图", "没有经常一起出现的词")
    places = cooccurrence.layout(pairs)
    sizes = tokens.explode("tokens").group_by(word="tokens").agg(n=pl.col("post_id").n_unique())
    places = places.join(sizes, on="word", maintain_order="left")
    at = {word: (x, y) for word, x, y in places.select("word", "x", "y").iter_rows()}
    fig, most = go.Figure(), int(pairs["n"].max())  # type: ignore[arg-type]
    for a, b, n in pairs.select("a", "b", "n").iter_rows():
        line = {"color": theme.RULE, "width": 1 + 7 * n / most}
        fig.add_scatter(x=[at[a][0], at[b][0]], y=[at[a][1], at[b][1]], mode="lines", line=line, hoverinfo="skip")
    top = int(places["n"].max())  # type: ignore[arg-type]
    fig.add_scatter(
        x=places["x"].to_list(),
        y=places["y"].to_list(),
        mode="markers+text",
        text=places["word"].to_list(),
        textposition="top center",
        textfont={"size": 15, "color": INK},
        marker={"size": [10 + 26 * (n / top) ** 0.5 for n in places["n"]], "color": BLUE, "opacity": 0.75},
        customdata=places["n"].to_list(),
        hovertemplate="%{text}：%{customdata:,}条<extra></extra>",
        cliponaxis=False,
    )
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    fig.update_layout(showlegend=False)
    often = pairs.sort("n", descending=True).row(0, named=True)
    finding = (
        f"“{short(title)}”里，“{often['a']}”和“{often['b']}”一起说得最多（{wording.count(often['n'])}）；"
        f"关联最强的是“{pairs['a'][0]}”和“{pairs['b'][0]}”"
    )
    return finish(fig, "网络图（线粗的一起说得多，圆大的说的人多）", finding, height=480)


def places(title: str, posts: pl.DataFrame, *, zone: tzinfo) -> go.Figure:
    """Posts by place and day, as tiles: no map is shipped, and a tile can be read."""
    finding = f"“{short(title)}”：{sentences.places(posts)}"
    known = posts.drop_nulls("region")
    if known.is_empty():
        return nothing("热力图", finding)
    ranked = known["region"].value_counts(name="n").sort("n", "region", descending=[True, False]).head(PLACES)
    cells = known.group_by("region", "day").agg(n=pl.len())
    days = known.select(pl.col("day").unique().sort())
    grid = ranked.select("region").join(days, how="cross").join(cells, on=["region", "day"], how="left")
    z = grid["n"].fill_null(0).reshape((ranked.height, days.height)).to_list()
    labels = [f"{place}（{n:,}）" for place, n in ranked.iter_rows()]
    fig = go.Figure(
        go.Heatmap(
            x=days["day"].dt.to_string().to_list(),
            y=labels,
            z=[[n / (max(row) or 1) for n in row] for row in z],
            text=[[f"{n}" if n else "" for n in row] for row in z] if days.height <= 31 else None,
            texttemplate="%{text}" if days.height <= 31 else None,
            colorscale=theme.BLUES,
            xgap=2,
            ygap=2,
            showscale=False,
            customdata=z,
            hovertemplate="%{y} %{x|%-m月%-d日}：%{customdata:,}条<extra></extra>",
        )
    )
    fig.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK, "size": 14}, ticksuffix="  ")
    x = theme.time_axis(fig, zone)
    return finish(fig, "热力图（格里是条数，颜色与该地最多的一天比）", finding, x=x, height=130 + 30 * ranked.height)
