"""Where a run works, and where its tasks lay down what they made for one another."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl

from opinion_lab import config, schemas
from opinion_lab.prepare import redaction
from opinion_lab.rules import LEXICON, Rules
from opinion_lab.storage import files, partitions, store
from opinion_lab.storage.files import Place

#: Captures in order, those together that are taken in by one task.
Groups = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Run:
    """Where a run works: all that a worker must be told to find the rest."""

    root: Path
    name: str
    settings: str


@dataclass(frozen=True)
class Part:
    """Days that are done together. `new`: rows of captures go in; `due`: steps whose rules changed."""

    days: tuple[date, ...]
    new: bool
    due: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The part's name among files."""
        return f"{self.days[0]}"

    @property
    def drafted(self) -> bool:
        """Whether `make` leaves the posts anew."""
        return self.new or "relevance" in self.due


@lru_cache(maxsize=2)
def opened(run: Run) -> tuple[store.Store, partitions.Stage, bytes, Rules]:
    """The lab of a run, its stage, key and rules. Raises LabError on a machine whose settings are others."""
    lab = store.open(run.root)
    if settings(lab) != run.settings:
        raise config.LabError(
            f"{platform.node()} 上 {run.root} 的 lab.toml、密钥文件或 rules 文件夹与发起整理的机器不同。"
            "请把它们复制过去，重启那台机器上的 dask worker，再运行一次。"
        )
    return lab, lab.stage(run.name), lab.key(), Rules(lab.root)


def settings(lab: store.Store) -> str:
    """The hash of settings, key and rules by which posts are made: a worker with its own copy must hold the same."""
    own, rules = lab.settings, Rules(lab.root).fingerprint("redaction", *LEXICON)
    parts = (own.data, own.timezone, own.organisations, own.watch, lab.key(), rules, redaction.installed())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def state_of(stage: partitions.Stage, day: date, columns: list[str]) -> pl.DataFrame:
    """What is known of a day's posts: as linked in this run, else as before."""
    path = links_file(stage, day)
    return files.scan([path], columns).collect() if files.exists(path) else stage.scan("posts", [day], columns)


def fresh_rows(stage: partitions.Stage, groups: Groups, frame: str, days: Sequence[date]) -> pl.DataFrame:
    """The rows of these days that the captures hold."""
    if not groups:
        return schemas.empty(partitions.FRAMES[frame])
    rows = files.scan([built_file(stage, captures, frame) for captures in groups])
    found = rows.filter(pl.col("day").is_between(min(days), max(days)) & pl.col("day").is_in(list(days))).collect()
    if files.exists(path := stage.file("work/apart.parquet")):
        found = renamed(found, files.scan([path]).collect())
    return found


def renamed(rows: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
    """Rows whose ids belong to something else, under their own; so too where one of the same capture names them."""
    for column in {"post_id", "parent_id", "root_id"}.intersection(rows.columns) if apart.height else ():
        to = apart.rename({"post_id": column})
        rows = rows.join(to, on=["capture", column], how="left", maintain_order="left")
        rows = rows.with_columns(pl.coalesce("to", column).alias(column)).drop("to")
    return rows


def built_file(stage: partitions.Stage, captures: Sequence[str], frame: str) -> Place:
    """What `build` made of captures that were taken in together."""
    return stage.file(f"work/{captures[0]}.{frame}.parquet")


def draft_file(stage: partitions.Stage, part: Part) -> Place:
    """What `make` made of a part."""
    return stage.file(f"work/draft-{part.name}.parquet")


def links_file(stage: partitions.Stage, day: date) -> Place:
    """What `link` found of a day."""
    return stage.file(f"links/{day}.parquet")


def linked_days(stage: partitions.Stage) -> list[date]:
    """The days that were linked so far."""
    return partitions.Partitions(stage.folder).days("links")
