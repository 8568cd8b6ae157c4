"""Topics and rising words as pictures, and how the number of topics was chosen."""

from __future__ import annotations

from datetime import tzinfo

import plotly.graph_objects as go
import polars as pl

from opinion_lab.report import wording
from opinion_lab.report.figures import theme
from opinion_lab.report.figures.theme import AMBER, BLUE, GREY, HOVER_TIME, INK, finish, local, nothing


def number_of_topics(curve: pl.DataFrame) -> go.Figure:
    """Stability and how well the words go together, for each number of topics (TopicModel.curve)."""
    if curve.is_empty():
        return nothing("折线图", "话题数由人给定，没有比较")
    best = curve.filter("chosen").row(0, named=True)
    finding = f"采用{best['n_topics']}个话题：换样本后的一致度{best['stability']:.2f}，特征词同现程度{best['npmi']:.2f}"
    fig = go.Figure()
    for column, name, colour in (("stability", "一致度", BLUE), ("npmi", "特征词同现程度", AMBER)):
        fig.add_scatter(
            x=curve["n_topics"].to_list(),
            y=curve[column].round(2).to_list(),
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2},
            hovertemplate="%{x}个话题：" + name + "%{y:.2f}<extra></extra>",
        )
    fig.add_vline(x=best["n_topics"], line={"color": INK, "width": 1, "dash": "dot"})
    return finish(fig, "折线图", finding, x="话题数", y="得分（越高越好）", height=320)


def topics_over_time(counts: pl.DataFrame, *, zone: tzinfo, most: int = 15) -> go.Figure:
    """Topics (key) by time bin, darker where more of the topic was said (Count); the `most` largest topics."""
    finding = wording.topics_over_time(counts, zone=zone)
    ranked = counts.group_by("key").agg(pl.col("n").sum()).sort("n", "key", descending=[True, False])
    if not ranked["n"].sum():
        return nothing("热力图", finding)
    keys = ranked["key"].head(most).to_list()
    bins = counts.select(pl.col("bin").unique().sort())
    wide = counts.filter(pl.col("key").is_in(keys)).pivot("key", index="bin", values="n", aggregate_function="sum")
    wide = bins.join(wide, on="bin", how="left", maintain_order="left")
    fig = go.Figure(
        go.Heatmap(
            x=local(bins["bin"], zone),
            y=theme.unique(keys),
            # against its own busiest bin: beside one that erupted all others would be blank
            z=[(wide[key] / (wide[key].max() or 1)).to_list() for key in keys],
            customdata=[wide[key].to_list() for key in keys],
            colorscale=theme.BLUES,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=2,
            hoverongaps=False,
            hovertemplate="%{y}<br>%{x|" + HOVER_TIME + "}：%{customdata:,}条<extra></extra>",
            colorbar={
                "title": {"text": "与该话题<br>最多时比", "font": {"size": 13}},
                "thickness": 10,
                "tickformat": ".0%",
                "nticks": 3,
            },
        )
    )
    fig.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": INK, "size": 14}, ticksuffix="  ")
    finding += f"（另有{ranked.height - most}个较小的话题未画出）" if ranked.height > most else ""
    return finish(fig, "热力图", finding, x=theme.time_axis(fig, zone), height=130 + 32 * len(keys))


def topic_sizes(topics: pl.DataFrame, *, most: int = 20) -> go.Figure:
    """How large the topics are (Topic), what fits none in grey at the end."""
    finding = wording.topic_sizes(topics)
    ranked = topics.filter(pl.col("topic_id") >= 0).sort("n_posts", "topic_id", descending=[True, False])
    if ranked.is_empty():
        return nothing("条形图", finding)
    finding += f"（另有{ranked.height - most}个较小的话题未画出）" if ranked.height > most else ""
    shown = pl.concat([ranked.head(most), topics.filter(pl.col("topic_id") < 0)])
    named = [label if i >= 0 else "未归类" for i, label in shown.select("topic_id", "label").rows()]
    labels, values = theme.unique(named, 20), shown["n_posts"].to_list()
    texts = [f"{wording.number(n)}条，{wording.percent(s)}" for n, s in shown.select("n_posts", "share").rows()]
    fig = go.Figure(theme.bars(labels, values, texts, [BLUE if i >= 0 else GREY for i in shown["topic_id"]]))
    listed = shown["words"].list.head(8).list.join("、") if shown["words"].dtype == pl.List else shown["words"]
    words = [theme.short(text, 60) for text in listed]
    fig.update_traces(customdata=words, hovertemplate="%{y}：%{x:,}条<br>%{customdata}<extra></extra>")
    return theme.rows(fig, "条形图", finding, len(labels), max(values), x="条数（含相同内容）")


def topic_map(points: pl.DataFrame) -> go.Figure:
    """Topics as circles, near where their words are alike (label, x, y, n_posts); names where there is room."""
    if points.is_empty():
        return nothing("散点图", wording.NOTHING)
    shown = points.sort("n_posts", "label", descending=[True, False])
    top = shown["n_posts"][0] or 1
    named = _with_room(shown)
    labels = theme.unique(shown["label"], 12)
    fig = go.Figure(
        go.Scatter(
            x=shown["x"].to_list(),
            y=shown["y"].to_list(),
            mode="markers+text",
            text=[label if i in named else "" for i, label in enumerate(labels)],
            textposition="top center",
            textfont={"color": INK, "size": 14},
            marker={
                "size": [max(8.0, 46 * (n / top) ** 0.5) for n in shown["n_posts"]],
                "color": [BLUE if i in named else GREY for i in range(shown.height)],
                "opacity": 0.55,
            },
            customdata=[f"{label}：{n:,}条" for label, n in zip(labels, shown["n_posts"], strict=True)],
            hovertemplate="%{customdata}<extra></extra>",
            cliponaxis=False,
        )
    )
    low, high = shown.select(pl.min("x"), pl.min("y")).row(0), shown.select(pl.max("x"), pl.max("y")).row(0)
    for axis, a, b in zip(("x", "y"), low, high, strict=True):
        edge = 0.12 * ((b - a) or 1)
        fig.update_layout({f"{axis}axis": {"visible": False, "range": [a - edge, b + edge]}})
    finding = f"{shown.height}个话题，圆大的条数多，靠得近的用词相近；最大的是“{shown['label'][0]}”"
    if len(named) > 1:
        i, j = _nearest(shown, named)
        finding += f"；用词最相近的一对是“{shown['label'][i]}”和“{shown['label'][j]}”"
    rest = f"（写了名字的{len(named)}个之外，另有{shown.height - len(named)}个挤在一处或较小）"
    return finish(fig, "散点图", finding + rest * (shown.height > len(named)), height=480)


#: A name takes so much of the picture's width and height.
NAME_WIDE, NAME_HIGH, NAMED = 0.2, 0.06, 14


def _with_room(shown: pl.DataFrame) -> list[int]:
    """The rows whose names do not run into those of larger ones."""
    scaled = [(pl.col(c) - pl.min(c)) / pl.max_horizontal(pl.max(c) - pl.min(c), 1e-9) for c in ("x", "y")]
    places, named = shown.select(scaled).rows(), list[int]()
    for i, (x, y) in enumerate(places):
        apart = (abs(x - places[j][0]) > NAME_WIDE or abs(y - places[j][1]) > NAME_HIGH for j in named)
        if len(named) < NAMED and all(apart):
            named.append(i)
    return named


def _nearest(shown: pl.DataFrame, among: list[int]) -> tuple[int, int]:
    xy = shown.select("x", "y").rows()
    pairs = [(i, j) for i in among for j in among if i < j]
    return min(pairs, key=lambda p: (xy[p[0]][0] - xy[p[1]][0]) ** 2 + (xy[p[0]][1] - xy[p[1]][1]) ** 2)


def rising_words(words: pl.DataFrame, *, most: int = 20) -> go.Figure:
    """Words that rose, from before (grey) to now (blue), best first (word, n, before, score)."""
    finding = wording.rising_words(words)
    if words.is_empty():
        return nothing("对比图", finding)
    shown = words.sort("score", "word", descending=[True, False]).head(most)
    labels = theme.unique(shown["word"])
    before, now = shown["before"].cast(pl.Float64).round(1).to_list(), shown["n"].to_list()
    fig = go.Figure()
    theme.links(fig, labels, before, now, colour=theme.RULE, width=3)
    for name, values, colour in (("之前", before, GREY), ("现在", now, BLUE)):
        fig.add_scatter(
            x=values,
            y=labels,
            mode="markers+text" if name == "现在" else "markers",
            marker={"size": 11, "color": colour},
            text=[f"  {wording.number(n)}" for n in values],
            textposition="middle right",
            name=name,
            hovertemplate="%{y}：" + name + "%{x:,}条<extra></extra>",
            cliponaxis=False,
        )
    return theme.rows(fig, "对比图", finding, len(labels), max([*now, *before]), x="含这个词的条数")
