"""Labels that people gave, and the models learned from them: the one part of a lab that cannot be rebuilt.

    data/labels/relevance.jsonl            one line a label, only ever appended to; the latest of a post counts
    data/labels/models/<version>.json      one model each (see learn), the newest is used

A label names a role (值班员), never a person. Nothing here changes what the watch list decided.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.prepare.relevance import classifier
from opinion_lab.storage.store import Store, write


def path(store: Store) -> Path:
    """The file of labels."""
    return store.root / "data" / "labels" / "relevance.jsonl"


def read(store: Store) -> pl.DataFrame:
    """The latest label of each post (Label), in order of post_id. Raises LabError with the line that is no label."""
    if not path(store).exists():
        return schemas.empty(schemas.Label)
    rows = []
    for n, line in enumerate(path(store).read_bytes().splitlines(), 1):
        try:
            row = orjson.loads(line)
            rows.append({**row, "day": date.fromisoformat(row["day"]), "at": datetime.fromisoformat(row["at"])})
        except (ValueError, KeyError, TypeError):
            raise LabError(f"标注文件 {path(store)} 第 {n} 行读不了。请删去这一行，其余不受影响。") from None
    frame = pl.DataFrame(rows, schema=schemas.empty(schemas.Label).schema)
    return schemas.Label.validate(frame.unique("post_id", keep="last", maintain_order=True).sort("post_id"), cast=True)


def add(store: Store, given: Iterable[tuple[str, date, bool]], *, now: datetime, role: str | None = None) -> int:
    """Append labels (post_id, day, relevant); how many were news. What is known already is not written again."""
    known = dict(read(store).select("post_id", "relevant").iter_rows())
    lines = []
    for post_id, day, relevant in given:
        if known.get(post_id) is not relevant:
            known[post_id] = relevant
            row = {"post_id": post_id, "day": f"{day:%Y-%m-%d}", "relevant": relevant, "role": role or None}
            lines.append(orjson.dumps(row | {"at": now.astimezone(UTC).isoformat()}) + b"\n")
    if lines:
        path(store).parent.mkdir(parents=True, exist_ok=True)
        # one write at the end of the file: two people who label at once do not overwrite each other
        handle = os.open(path(store), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, b"".join(lines))
            os.fsync(handle)
        finally:
            os.close(handle)
    return len(lines)


def train(store: Store, *, now: datetime) -> classifier.Model:
    """Learn from all labels whose posts are there, and keep the model. The same labels give the same one again."""
    given = read(store)
    days = given["day"].unique().to_list()
    posts = pl.concat([schemas.empty(schemas.Post), *(store.day("posts", d) for d in days)])
    told = given.join(posts, on="post_id", suffix="_words").sort("post_id")
    originals = told["copy_of"].fill_null(told["post_id"]).to_list()
    model = classifier.train(said(told).to_list(), told["relevant"].to_list(), at=now, groups=originals)
    kept = store.root / "data" / "labels" / "models" / f"{model.version}.json"
    if kept.exists():
        return classifier.from_json(kept.read_bytes())
    write(kept, model.to_json())
    return model


def model(store: Store) -> classifier.Model | None:
    """The newest model, None when there is none. Raises LabError for one that was changed after it was made."""
    kept = [classifier.from_json(p.read_bytes()) for p in (store.root / "data" / "labels" / "models").glob("*.json")]
    return max(kept, key=lambda m: (m.trained_at, m.version), default=None)


def said(posts: pl.DataFrame) -> pl.Series:
    """The words that are learned from: title, text, and what is quoted."""
    return posts.select(pl.concat_str("title", "text", "quoted", separator="\n", ignore_nulls=True)).to_series()
