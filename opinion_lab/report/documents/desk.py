"""What documents ask of a lab; `opinion_lab.lab.Lab` gives it."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.config import Settings
from opinion_lab.judge.routing import Router
from opinion_lab.rules import Rules
from opinion_lab.storage.store import Day, Store


class Desk(Protocol):
    """One bureau's lab, as far as a document needs it."""

    store: Store
    settings: Settings
    rules: Rules

    # what each gives stands in lab.py and archive.py
    @property
    def zone(self) -> ZoneInfo: ...  # noqa: D102
    @property
    def router(self) -> Router: ...  # noqa: D102
    @property
    def labels(self) -> pl.DataFrame: ...  # noqa: D102
    def month_before(self, day: date) -> date: ...  # noqa: D102
    def latest(self, day: str = "") -> date: ...  # noqa: D102
    def posts(self, since: Day = None, until: Day = None, where: pl.Expr | None = None) -> pl.DataFrame: ...  # noqa: D102
    def sightings(self, since: Day = None, until: Day = None) -> pl.DataFrame: ...  # noqa: D102
    def plain(self, posts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]: ...  # noqa: D102
    def post_stories(self, since: Day = None, until: Day = None) -> pl.DataFrame: ...  # noqa: D102
    def describe(self, posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame: ...  # noqa: D102
    def levels(self, story_id: str | None = None) -> pl.DataFrame: ...  # noqa: D102
    def titled(self, rows: pl.DataFrame, key: str) -> pl.DataFrame: ...  # noqa: D102
    def relevance_model(self) -> Any: ...  # noqa: D102
    def trails(self, posts: pl.DataFrame, post_stories: pl.DataFrame, day: date) -> pl.DataFrame: ...  # noqa: D102
    def month(  # noqa: D102
        self, day: date, *, relevant: bool = True
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]: ...
