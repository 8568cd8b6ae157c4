"""How the number of topics was chosen, as a picture."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from opinion_lab.report.figures.theme import AMBER, BLUE, INK, finish, nothing


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
