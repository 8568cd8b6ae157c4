"""A bar under a cell that takes longer than two seconds, as long as it runs. In a report there is none."""

from __future__ import annotations

import os
import threading
from typing import Any

AFTER, EVERY = 2.0, 1.0  # seconds until the bar is there, and between its steps
SAYS = "<p>{} 正在计算，已用{}秒……</p>"


class _Bar:
    """One cell's bar: a timer that nobody need wait for."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._shown: Any = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        from IPython.display import HTML, display

        wait, taken = AFTER, 0.0
        while not self._over.wait(wait):
            taken, wait = taken + wait, EVERY
            says = HTML(SAYS.format("▮" * min(40, int(taken)), int(taken)))
            if self._shown is None:
                self._shown = display(says, display_id=True)
            else:
                self._shown.update(says)

    def end(self) -> None:
        """Take the bar away."""
        from IPython.display import HTML

        self._over.set()
        if self._shown is not None:
            self._shown.update(HTML(""))


_running: list[_Bar] = []
_watched: list[Any] = []


def watch() -> None:
    """Show the bar from the next cell on, where somebody looks; a second call changes nothing."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel") or os.environ.get("OPINION_LAB_REPORT") or shell in _watched:
        return
    _watched.append(shell)
    shell.events.register("pre_run_cell", lambda *_: _running.append(_Bar()))
    shell.events.register("post_run_cell", _ended)


def _ended(*_: Any) -> None:
    if _running:
        _running.pop().end()
