"""`data/processed/stories/<day>.parquet`: the story of each post of a day, as grouping made it.

`meanings/<day>.parquet` beside it: the vectors (post_id, vector) of what a day's posts mean, where the extra `meaning`
is installed. A post that has a story keeps it; what people decide lies apart (storage.decisions). A day's state tells
whether its posts have changed since.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

import polars as pl

from opinion_lab import schemas
from opinion_lab.storage import files
from opinion_lab.storage.store import Store

PREFIX = "stories/"


def _path(store: Store, day: date) -> Path:
    """Where a day's stories lie, or would."""
    return store.local / "stories" / f"{day:%Y-%m-%d}.parquet"


def read(store: Store, since: date | None = None, until: date | None = None) -> pl.DataFrame:
    """The stories (PostStory) of the posts from day `since` to day `until`, both included."""
    return _scan(store, stored(store, since, until)).collect().sort("post_id")


def of_posts(store: Store, post_ids: Collection[str]) -> pl.DataFrame:
    """The stories (PostStory) of these posts, whenever they were published."""
    if not post_ids:
        return schemas.empty(schemas.PostStory)
    return _scan(store, stored(store)).filter(pl.col("post_id").is_in(list(post_ids))).collect().sort("post_id")


def days_of(store: Store, story_ids: Collection[str], post_ids: Collection[str] = ()) -> list[date]:
    """The days on which these stories, or these posts, were spoken of."""
    days = []
    for day in stored(store):
        rows = pl.scan_parquet(_path(store, day))
        wanted = pl.col("story_id").is_in(list(story_ids)) | pl.col("post_id").is_in(list(post_ids))
        if rows.filter(wanted).head(1).collect().height:
            days.append(day)
    return days


def put(store: Store, posts: pl.DataFrame, post_stories: pl.DataFrame) -> int:
    """Keep the story of each of `posts` (post_id, day) under its day; returns how many had none before."""
    rows = posts.select("post_id", "day").join(post_stories, on="post_id").sort("post_id")
    added = 0
    for (day,), part in rows.group_by("day", maintain_order=True):
        assert isinstance(day, date)
        old = pl.read_parquet(_path(store, day)) if _path(store, day).exists() else schemas.empty(schemas.PostStory)
        new = part.select("post_id", "story_id").join(old, on="post_id", how="anti")
        added += new.height
        if new.height:
            files.write_parquet(_path(store, day), pl.concat([old, new]).sort("post_id"))
    return added


def vectors(store: Store, since: date, until: date) -> pl.DataFrame | None:
    """The vectors of meaning (post_id, vector) of the posts of these days; None where none are kept."""
    paths = [_meanings(store) / f"{day}.parquet" for day in with_vectors(store, since, until)]
    return pl.read_parquet(paths) if paths else None


def with_vectors(store: Store, since: date, until: date) -> list[date]:
    """The days of which vectors of meaning are kept, from `since` to `until`, both included."""
    days = [date.fromisoformat(p.stem) for p in sorted(_meanings(store).glob("????-??-??.parquet"))]
    return [day for day in days if since <= day <= until]


def put_vectors(store: Store, day: date, new: pl.DataFrame) -> None:
    """Keep the `new` vectors (post_id, vector) of posts of a day beside those that are there."""
    there = vectors(store, day, day)
    kept = new if there is None else pl.concat([there, new])
    files.write_parquet(_meanings(store) / f"{day}.parquet", kept.sort("post_id"))


def _meanings(store: Store) -> Path:
    return store.local / "meanings"


def changed(store: Store) -> list[date]:
    """The days whose posts are not as they were when their stories were last made."""
    noted = store.values(PREFIX)
    return [day for day in store.days() if noted.get(f"{PREFIX}{day}") != store.state("posts", day)]


def settle(store: Store, days: Collection[date]) -> None:
    """Note that the stories of these days are made."""
    for day in days:
        store.put_value(f"{PREFIX}{day}", store.state("posts", day))


def stored(store: Store, since: date | None = None, until: date | None = None) -> list[date]:
    """The days that have stories, from `since` to `until`, both included."""
    names = sorted(p.stem for p in (store.local / "stories").glob("????-??-??.parquet"))
    days = [date.fromisoformat(name) for name in names]
    return [day for day in days if (since is None or day >= since) and (until is None or day <= until)]


def _scan(store: Store, days: Collection[date]) -> pl.LazyFrame:
    if not days:
        return schemas.empty(schemas.PostStory).lazy()
    return pl.scan_parquet([_path(store, day) for day in days])
