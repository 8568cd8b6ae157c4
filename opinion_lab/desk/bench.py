"""What the desk asks of a lab; `opinion_lab.lab.Lab` gives it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from opinion_lab.judge.incident_review import Review
from opinion_lab.report.documents.desk import Desk


class Bench(Desk, Protocol):
    """One bureau's lab, as far as the desk needs it."""

    root: Path
    moment: datetime | None

    # what each gives stands in lab.py and archive.py
    @property
    def cases(self) -> Any: ...  # noqa: D102
    @property
    def decisions(self) -> pl.DataFrame: ...  # noqa: D102
    def as_of(self, moment: str | datetime) -> Bench: ...  # noqa: D102
    def review(self, story: str = "", *, at: str | datetime = "") -> Review: ...  # noqa: D102
    def story(self, name: str) -> str: ...  # noqa: D102
    def by_id(self, post_ids: list[str]) -> pl.DataFrame: ...  # noqa: D102
    def of_story(self, story_id: str) -> pl.DataFrame: ...  # noqa: D102
