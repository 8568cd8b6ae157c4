"""Parquet by day, written whole or not at all, and the stage on which a run lays down what it makes.

    <folder>/<frame>/<day>.parquet            posts, sightings, tokens, signatures
    <folder>/.staging/<run>/                  what a run has made so far, put in place at its end

A run is named by the hash of its inputs, rules and code, so one that was stopped finds its work again, and one whose
inputs changed does not. Until it ends, readers see what was there before; from the word `commit` on, what it made.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from opinion_lab import schemas

FRAMES = {
    "posts": schemas.Post,
    "sightings": schemas.Sighting,
    "tokens": schemas.Token,
    "signatures": schemas.Signature,
}
#: Rows of a Parquet row group: a reader of a few days of a large file skips the rest.
GROUP_ROWS = 20_000


class Partitions:
    """The frames of one folder, a file a day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, frame: str, day: date) -> Path:
        """Where a day of a frame lies, or would."""
        return self.folder / frame / f"{day:%Y-%m-%d}.parquet"

    def days(self, frame: str) -> list[date]:
        """The days for which `frame` holds rows, in order."""
        return sorted(date.fromisoformat(p.stem) for p in (self.folder / frame).glob("????-??-??.parquet"))

    def put(self, frame: str, rows: pl.DataFrame, days: Iterable[date] = ()) -> None:
        """Replace the days that `rows` hold and those of `days`, which may become empty; validated by the schema."""
        rows = FRAMES[frame].validate(rows, cast=True).sort("day", maintain_order=True)
        parts = {day: part for (day,), part in rows.group_by("day", maintain_order=True)}
        for day in sorted({*parts, *days}):
            if day in parts:
                write_parquet(self.path(frame, day), parts[day])
            else:
                self.remove(frame, day)

    def remove(self, frame: str, day: date) -> None:
        """A day left without rows has no file."""
        self.path(frame, day).unlink(missing_ok=True)


class Stage(Partitions):
    """What one run makes: read before what was there, and put in place at the end, all of it or nothing."""

    def __init__(self, processed: Path, run: str) -> None:
        super().__init__(processed / ".staging" / run)
        self.there = Partitions(processed)

    def scan(self, frame: str, days: Sequence[date], columns: Sequence[str]) -> pl.DataFrame:
        """Some columns of some days, as this run leaves them so far."""
        paths = [p for day in days if (p := self._now(frame, day))]
        if not paths:
            return schemas.empty(FRAMES[frame]).select(columns)
        return pl.scan_parquet(paths).select(columns).collect()

    def made(self, frame: str, day: date) -> bool:
        """Whether this run has made that day."""
        return self.path(frame, day).exists() or self._gone(frame, day).exists()

    def remove(self, frame: str, day: date) -> None:
        """Note that the day will be empty."""
        super().remove(frame, day)
        write(self._gone(frame, day), b"")

    def file(self, name: str) -> Path:
        """A file of this run alone, such as `work/draft-2026-09-01.parquet`; `dropped/…` stays when it ends."""
        return self.folder / name

    def once(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The outcome of a task, from its note if it was done before: a worker that died is simply asked again."""
        note = self.file(f"work/{name}.json")
        if not note.exists():
            write(note, orjson.dumps(work()))
        return dict(orjson.loads(note.read_bytes()))

    def commit(self, note: dict[str, Any]) -> None:
        """From here on the run counts; `finish` puts it in place, now or after a fall."""
        write(self.file("commit.json"), orjson.dumps(note))

    def _now(self, frame: str, day: date) -> Path | None:
        if self._gone(frame, day).exists():
            return None
        return next((p for p in (self.path(frame, day), self.there.path(frame, day)) if p.exists()), None)

    def _gone(self, frame: str, day: date) -> Path:
        return self.path(frame, day).with_suffix(".gone")


def finish(processed: Path, done: Callable[[dict[str, Any]], None]) -> None:
    """Put in place what was committed and call `done` with its note; what no run will ask for again is swept away."""
    for folder in sorted((processed / ".staging").glob("*")):
        if not (folder / "commit.json").exists():
            continue
        for frame in (*FRAMES, "dropped"):
            (processed / frame).mkdir(exist_ok=True)
            for path in sorted((folder / frame).glob("*.*")):
                if path.name.startswith(".writing-"):
                    continue
                if path.suffix == ".gone":
                    (processed / frame / path.name).with_suffix(".parquet").unlink(missing_ok=True)
                else:
                    path.replace(processed / frame / path.name)
        done(orjson.loads((folder / "commit.json").read_bytes()))
        shutil.rmtree(folder)


def sweep(processed: Path, keep: str) -> None:
    """Remove what stopped runs left, but for that of run `keep`: the inputs have changed since."""
    for folder in (processed / ".staging").glob("*"):
        if folder.name != keep:
            shutil.rmtree(folder, ignore_errors=True)


def write(path: Path, body: bytes, *, mode: int = 0o644) -> None:
    """Write whole or not at all: temporary name in the same folder, flush to disk, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(body)
            f.flush()
            os.fsync(f.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_parquet(path: Path, frame: pl.DataFrame, *, mode: int = 0o644, draft: bool = False) -> None:
    """A frame as Parquet (zstd 3), whole or not at all; a `draft` is fast to write and to read in part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    os.close(handle)
    try:
        if draft:
            frame.write_parquet(name, compression="lz4", row_group_size=GROUP_ROWS)
        else:
            frame.write_parquet(name, compression="zstd", compression_level=3)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
