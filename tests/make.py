"""Frames for tests, written as short rows: what a row does not say gets a harmless default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.rules import TABLES, Rules

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 9, 1, 8, 0, tzinfo=ZONE)


def at(moment: str | datetime) -> datetime:
    """A time of day as people write it ("2026-09-08 12:20", Shanghai) -> an aware UTC datetime."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)


def posts(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Post frame from rows that name only what matters.

    `post_id` defaults to p001, p002 …; `published_at` (also as `at`) to one minute after the row before, and may be
    a string in Shanghai time; `collected_at` to an hour after it. An unknown column is an error.
    """
    columns = list(schemas.Post.column_names())
    made: list[dict[str, Any]] = []
    now = at(START)
    for i, given in enumerate(rows, 1):
        row = dict(given)
        if "at" in row:
            row["published_at"] = row.pop("at")
        if unknown := [c for c in row if c not in columns]:
            raise KeyError(f"no such column in Post: {', '.join(unknown)}")
        now = at(row["published_at"]) if row.get("published_at") else now + timedelta(minutes=1)
        row["published_at"] = now
        row["collected_at"] = at(row["collected_at"]) if row.get("collected_at") else now + timedelta(hours=1)
        defaults: dict[str, Any] = {
            "post_id": f"p{i:03d}",
            "source_id": "test",
            "platform": "微博",
            "kind": "post",
            "author_kind": "person",
            "text": "",
            "chain": [],
            "day": now.astimezone(ZONE).date(),
            "relevant": True,
            "relevance_reason": "",
            "capture": "0" * 64,
            "position": i,
        }
        made.append({**dict.fromkeys(columns), **defaults, **row})
    return schemas.Post.validate(pl.DataFrame(made, schema=schemas.Post.create_empty().schema), cast=True)


def tokens(frame: pl.DataFrame, words: Mapping[str, list[str]] | None = None) -> pl.DataFrame:
    """Token frame of `frame`: the given words of each post_id, else title and text split at blanks."""
    split = [
        (words or {}).get(i, f"{title or ''} {text}".split())
        for i, title, text in frame.select("post_id", "title", "text").iter_rows()
    ]
    rows = frame.select("post_id", "day").with_columns(tokens=pl.Series(split, dtype=pl.List(pl.String)))
    return schemas.Token.validate(rows, cast=True)


def rules(root: Path, **tables: str) -> Rules:
    """The rules of a lab whose own copies of some tables hold these texts."""
    (root / "rules").mkdir(exist_ok=True)
    for name, text in tables.items():
        (root / "rules" / TABLES[name].name).write_text(text, encoding="utf-8")
    return Rules(root)
