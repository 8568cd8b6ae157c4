"""Every number that a notebook has shown, to choose from: its posts open in an explorer below. In a report nothing."""

from __future__ import annotations

import os
from typing import Any, Protocol

from opinion_lab.report import wording
from opinion_lab.report.page.components import BASIS

NONE_YET = "（还没有数字可点：先运行上面的格）"


class Desk(Protocol):
    """What opening posts needs of a lab."""

    def explore(self, thing: Any) -> Any: ...  # noqa: D102
    def by_id(self, post_ids: list[str]) -> Any: ...  # noqa: D102


def cell(lab: Desk) -> Any:
    """A list of the numbers shown so far in this notebook, and the posts of the one that is chosen."""
    if os.environ.get("OPINION_LAB_REPORT"):
        return None
    import ipywidgets
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    shown = [getattr(out, "data", None) for out in (shell.user_ns.get("Out", {}) if shell else {}).values()]
    groups = [group for data in shown if isinstance(data, dict) for group in data.get(BASIS, {}).values()]
    listed = {
        f"{group['what']}（{wording.count(len(group['ids'].split()))}）": group["ids"].split() for group in groups
    }
    options = [("（请选一个数字）", None), *listed.items()] if listed else [(NONE_YET, None)]
    choice = ipywidgets.Dropdown(options=options, description="打开", layout={"width": "95%"})
    below = ipywidgets.Output()

    def chosen(change: dict[str, Any]) -> None:
        below.clear_output(wait=True)
        if change["new"]:
            with below:
                display(lab.explore(lab.by_id(change["new"])))

    choice.observe(chosen, names="value")
    return ipywidgets.VBox([choice, below])
