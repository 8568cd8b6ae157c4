"""Public posts in, findings and records out: the workbench of a market-regulation bureau."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opinion_lab.lab import Lab

__version__ = "0.2.0"


def open(root: Path | str | None = None) -> Lab:
    """The lab at `root`, or the one around the current folder: posts, stories, alerts, reviews, decisions."""
    from opinion_lab import lab

    return lab.open(root)
