"""What people and earlier days said about stories, kept beside the posts.

data/edits/stories.jsonl        edits made by hand, one a line, only ever added to
data/processed/stories/<day>.parquet   the story of each post of that day, as first told
"""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.storage.store import Store, write_parquet


def add(lab: Store, edit: pl.DataFrame, *, at: datetime | None = None) -> pl.DataFrame:
    """Keep an edit (of `stories.merge` or `stories.split`) and return all edits.

    One that stands already, with nothing decided on its stories since, is not made twice: a notebook is run again.
    """
    old = edits(lab)
    made = edit.with_columns(at=pl.lit(at or datetime.now(UTC)).cast(schemas.StoryEdit.at.dtype))
    made = schemas.StoryEdit.validate(made.select(schemas.StoryEdit.column_names()), cast=True)
    about = set(made.select("story_id", "into").row(0))
    for row in reversed(old.rows(named=True)):
        if about & {row["story_id"], row["into"]}:
            if {**row, "at": None} == {**made.row(0, named=True), "at": None}:
                return old
            break
    path = _edits(lab)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as f:
        for row in made.iter_rows(named=True):
            f.write(json.dumps({**row, "at": row["at"].isoformat()}, ensure_ascii=False) + "\n")
        f.flush()
        os.fsync(f.fileno())
    return edits(lab)


def edits(lab: Store) -> pl.DataFrame:
    """All edits made by hand (StoryEdit), oldest first. Raises LabError when a line cannot be read."""
    path = _edits(lab)
    if not path.exists():
        return schemas.empty(schemas.StoryEdit)
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            rows.append({**row, "at": datetime.fromisoformat(row["at"])})
        except (ValueError, KeyError, TypeError):
            raise LabError(f"{path} 第 {number} 行读不懂。请改正或删去这一行后再运行。") from None
    frame = pl.DataFrame(rows, schema=schemas.empty(schemas.StoryEdit).schema)
    return schemas.StoryEdit.validate(frame, cast=True)


def stories(lab: Store, since: date, before: date) -> pl.DataFrame:
    """The stories (PostStory) that were told of the posts from day `since` on, without day `before` and after."""
    folder = _stories(lab)
    days = [p for p in sorted(folder.glob("????-??-??.parquet")) if since <= date.fromisoformat(p.stem) < before]
    frames = [pl.read_parquet(p) for p in days]
    return pl.concat([schemas.empty(schemas.PostStory), *frames]).unique("post_id", keep="first", maintain_order=True)


def tell(lab: Store, posts: pl.DataFrame, post_stories: pl.DataFrame) -> None:
    """Keep the story of each post under its day; a post that has one keeps it."""
    told = posts.select("post_id", "day").join(post_stories, on="post_id").sort("post_id")
    for (day,), rows in told.group_by("day", maintain_order=True):
        assert isinstance(day, date)
        path = _stories(lab) / f"{day:%Y-%m-%d}.parquet"
        old = pl.read_parquet(path) if path.exists() else schemas.empty(schemas.PostStory)
        new = rows.select("post_id", "story_id").join(old, on="post_id", how="anti")
        if new.height:
            write_parquet(path, pl.concat([old, new]).sort("post_id"))


def _edits(lab: Store) -> Path:
    return lab.root / "data" / "edits" / "stories.jsonl"


def _stories(lab: Store) -> Path:
    return lab.local / "stories"
