"""In a notebook a number's own link opens its posts in an explorer. In a report it leads to the page beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Protocol

import anywidget
import ipywidgets
import traitlets

from opinion_lab.report.page import components

HERE = Path(__file__).parent
SAYS = "带链接的数字，点开就是它所数的帖文，在这里列出。"
BACK = "回到刚才的数字"


class Desk(Protocol):
    """What opening posts needs of a lab."""

    def explore(self, thing: Any) -> Any: ...  # noqa: D102
    def by_id(self, post_ids: list[str]) -> Any: ...  # noqa: D102


class Opener(anywidget.AnyWidget):
    """Listens for a press on a number of its notebook, and sends the anchor of its group of posts."""

    _esm = HERE / "opening.js"
    says = traitlets.Unicode(SAYS).tag(sync=True)
    back = traitlets.Unicode(BACK).tag(sync=True)


def cell(lab: Desk) -> Any:
    """The place where posts open; numbers shown from here on are links. In a report nothing."""
    if os.environ.get("OPINION_LAB_REPORT"):
        return None
    from IPython.display import display

    components.links.there = True
    opener, below = Opener(), ipywidgets.Output()

    def opened(_: Any, anchor: str, buffers: Any) -> None:
        below.clear_output(wait=True)
        with below:
            display(lab.explore(lab.by_id(_shown().get(anchor, []))))

    opener.on_msg(opened)
    return ipywidgets.VBox([opener, below])


def _shown() -> dict[str, list[str]]:
    """The posts of every number that the notebook has shown, by the anchor of its link."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    shown = [getattr(out, "data", None) for out in (shell.user_ns.get("Out", {}) if shell else {}).values()]
    groups = [data.get(components.BASIS, {}) for data in shown if isinstance(data, dict)]
    return {anchor: group["ids"].split() for each in groups for anchor, group in each.items()}
