"""`data/processed/meanings/<day>.parquet`: the vectors of meaning of a day's relevant originals, kept beside the posts.

They cost a tenth of a second each, so each is made once.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from opinion_lab.storage import files
from opinion_lab.storage.store import Store

EMPTY = pl.DataFrame(schema={"post_id": pl.String, "vector": pl.List(pl.Float32)})


def _path(store: Store, day: date) -> Path:
    return store.local / "meanings" / f"{day:%Y-%m-%d}.parquet"


def read(store: Store, since: date, until: date) -> pl.DataFrame:
    """The vectors (post_id, vector) of the posts from day `since` to day `until`, both included."""
    days = sorted((store.local / "meanings").glob("????-??-??.parquet"))
    paths = [p for p in days if since <= date.fromisoformat(p.stem) <= until]
    return pl.concat([EMPTY, *(pl.read_parquet(p) for p in paths)])


def add(store: Store, day: date, vectors: pl.DataFrame) -> None:
    """Keep vectors of posts of a day, beside those that are there."""
    files.write_parquet(_path(store, day), pl.concat([read(store, day, day), vectors]).sort("post_id"))
