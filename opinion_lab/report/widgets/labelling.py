"""A small cell in which an analyst says of a few posts whether they concern the bureau, and has a model learn from it.

Buttons in JupyterLab; in a report a sentence that says where to find them. A click is one line in the lab's labels at
once; nothing is learned until a person presses the button, and nothing that is learned changes what is relevant.
"""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Protocol

import polars as pl

from opinion_lab.config import LabError
from opinion_lab.prepare.relevance import classifier
from opinion_lab.report import wording
from opinion_lab.report.page.components import Shown, hint

WIDGET = "application/vnd.jupyter.widget-view+json"
SHOWN = 300  # characters of a post
HOW = "想标注这些帖文，请在 JupyterLab 里打开本笔记本并运行到这一格：每条点“相关”或“无关”即可。"


class Desk(Protocol):
    """What the buttons need of a lab."""

    @property
    def labels(self) -> pl.DataFrame: ...  # noqa: D102

    def label(self, post_id: str, relevant: bool, *, who: str) -> str: ...  # noqa: D102

    def learn_relevance(self) -> classifier.Model: ...  # noqa: D102


@dataclass(frozen=True)
class Cell(Shown):
    """A sentence everywhere, buttons where somebody can press them."""

    box: Any = None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        view = (self.box._repr_mimebundle_() or {}) if self.box is not None else {}
        data = view[0] if isinstance(view, tuple) else view
        return super()._repr_mimebundle_() | {k: v for k, v in data.items() if k == WIDGET}


def cell(lab: Desk, posts: pl.DataFrame, *, role: str = "值班员") -> Cell:
    """Buttons for each of `posts` (post_id, day, text), and one to learn. `role`: an office (值班员), never a name."""
    if posts.is_empty() or os.environ.get("OPINION_LAB_REPORT"):
        return Cell(hint(HOW).html, HOW)
    from ipywidgets import HTML, Button, HBox, Layout, VBox

    wide = Layout(width="auto")
    lines = []
    for row in posts.iter_rows(named=True):
        said = HTML(f"<p>{html.escape(row['text'][:SHOWN])}</p>")
        buttons = [Button(description=name, layout=wide) for name in ("相关", "无关")]
        for button, relevant in zip(buttons, (True, False), strict=True):
            button.on_click(_answer(lab, row, relevant, buttons, role))
        lines.append(VBox([said, HBox(buttons)]))
    told = HTML("")
    teach = Button(description="用全部标注训练", layout=wide)
    teach.on_click(lambda _: setattr(told, "value", f"<p>{html.escape(_learned(lab))}</p>"))
    return Cell(hint(HOW).html, HOW, box=VBox([*lines, HBox([teach, told])]))


def _answer(lab: Desk, row: dict[str, Any], relevant: bool, buttons: list[Any], role: str) -> Any:
    """What a click does: keep the label, and mark the button that was pressed."""

    def clicked(pressed: Any) -> None:
        lab.label(row["post_id"], relevant, who=role)
        for button in buttons:
            button.button_style = "success" if button is pressed else ""

    return clicked


def _learned(lab: Desk) -> str:
    """Train on all labels and say how that went; what is missing, when there are too few."""
    try:
        return _described(lab.learn_relevance(), lab.labels)
    except LabError as error:
        return str(error)


def _described(model: classifier.Model | None, given: pl.DataFrame) -> str:
    """What the second opinion rests on: labels, version, held-out figures with their ranges, and its limits."""
    yes = int(given["relevant"].sum())
    have = f"已有标注{given.height}条（相关{yes}、无关{given.height - yes}）"
    if model is None:
        return (
            f"{have}；满{classifier.FEWEST}条、两类各满{classifier.FEWEST_OF_EACH}条后可以训练模型，"
            "帮着找关注词看漏的帖文。模型只提示分歧，不改变判定。"
        )
    held = model.held
    figures = [
        f"{name}{wording.percent(value)}（95%区间{wording.percent(low)}—{wording.percent(high)}）"
        for name, value, (low, high) in (
            ("准确率", held.precision, held.precision_range),
            ("查全率", held.recall, held.recall_range),
        )
        if value is not None
    ]
    newer = "；标注后来有增减，可重新训练" if given.height != held.n else ""
    return (
        f"{have}。模型{model.version}（{model.trained_at.astimezone(UTC):%Y-%m-%d}，用{held.n}条训练）在没有见过的标注上："
        f"{'，'.join(figures) or '没有判出相关的'}；概率平均偏差{wording.percent(held.off)}{newer}。"
        "标注多取自有分歧的帖文，这些数字不代表全部帖文；模型只提示分歧，不改变判定。"
    )
