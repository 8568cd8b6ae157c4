"""The desk's buttons: confirm a story's level, choose its section, make the case; hand over orders section by section.

Buttons in JupyterLab; in a report one sentence that says where to find them. A click is one line of history at once.
"""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.report.page.components import hint
from opinion_lab.report.widgets.labelling import Cell

HOW = "要定级、交办、检查稿件、编发材料，请在 JupyterLab 里打开“6-desk”并运行。"
LEADERS = ("分管领导", "主要负责人")  # whose word a grave story needs (case_states.toml, signature)
TITLE = 30  # characters of a story's title on a button's line


def stories(lab: Any, levels: pl.DataFrame, *, role: str = "值班员", office: str = "办公室", most: int = 8) -> Cell:
    """A line for each story of the day (daily.stories.levels): its level to confirm, its section, a button for each.

    `lab` gives decide, cases.new, cases.step and `section_of`, the section that routing proposes for a story.
    """
    if levels.is_empty() or os.environ.get("OPINION_LAB_REPORT"):
        return Cell(hint(HOW).html, HOW)
    from ipywidgets import HTML, Button, Dropdown, HBox, Layout, Text, VBox

    wide, named = Layout(width="auto"), {"style": {"description_width": "initial"}}
    lines = []
    for row in levels.head(most).iter_rows(named=True):
        said = "已确认" if row["confirmed_by"] else "建议"
        head = HTML(f"<p><b>{html.escape(row['title'][:TITLE])}</b>　{said}{row['level']}级</p>")
        level = Dropdown(
            options=list(schemas.LEVELS), value=row["level"], description="级别", **named, layout=Layout(width="110px")
        )
        section = Text(
            value=lab.cases.section_of(row["story_id"]), placeholder="主办科室", layout=Layout(width="200px")
        )
        told = HTML("")
        who = [role, *(o for o in LEADERS if o != role)]
        by = Dropdown(options=who, value=role, description="谁定", **named, layout=Layout(width="160px"))
        confirm, hand = Button(description="确认级别", layout=wide), Button(description="登记并交办", layout=wide)
        confirm.on_click(told_by(told, partial(_confirm, lab, row, level, by), once=False))
        hand.on_click(told_by(told, partial(_hand, lab, row, section, role, office)))
        lines.append(VBox([head, HBox([level, by, confirm, section, hand]), told]))
    return Cell(hint(HOW).html, HOW, box=VBox(lines))


def orders(lab: Any, rows: pl.DataFrame, day: date, *, office: str = "办公室") -> Cell:
    """A button a section: hand over every order (desk.waiting.proposals) that is proposed for it."""
    sure = rows.filter(pl.col("section") != "")
    if sure.is_empty() or os.environ.get("OPINION_LAB_REPORT"):
        return Cell("", "")
    from ipywidgets import HTML, Button, HBox, Layout, VBox

    lines = []
    for section, n in sure.group_by("section").agg(n=pl.len()).sort("section").iter_rows():
        told, button = HTML(""), Button(description=f"交办{n}件给{section}", layout=Layout(width="auto"))
        button.on_click(told_by(told, partial(_hand_over, lab, section, day, office)))
        lines.append(HBox([button, told]))
    return Cell(hint(HOW).html, HOW, box=VBox(lines))


def told_by(told: Any, act: Callable[[], str], *, once: bool = True) -> Callable[[Any], None]:
    """What a click does: act, say what came of it; `once`: then it is done with."""

    def clicked(button: Any) -> None:
        try:
            told.value, button.disabled = "".join(f"<p>{html.escape(line)}</p>" for line in act().splitlines()), once
        except LabError as error:
            told.value = f"<p>{html.escape(str(error))}</p>"

    return clicked


def _confirm(lab: Any, row: dict[str, Any], level: Any, by: Any) -> str:
    lab.decide("level", row["story_id"], value=level.value, who=by.value, why="办件台")
    return f"已由{by.value}确认为{level.value}级。"


def _hand(lab: Any, row: dict[str, Any], given: Any, role: str, office: str) -> str:
    section = given.value.strip()
    if not section:
        raise LabError("请先写主办科室。")
    number = lab.cases.new(row["title"][:TITLE], who=role, story=row["story_id"])
    lab.cases.step(number, "assign", who=office, lead=section)
    return f"已登记 {number}，交{section}办理。"


def _hand_over(lab: Any, section: str, day: date, office: str) -> str:
    done = lab.cases.hand_over(section, who=office, day=day)
    return f"已交办{len(done)}件。"
