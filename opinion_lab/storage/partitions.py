"""Parquet by day, written whole or not at all, and the stage on which a run lays down what it makes.

    <folder>/<frame>/<day>.parquet            posts, sightings, orders, tokens, signatures
    <folder>/.staging/<run>/                  what a run has made so far, put in place at its end

A run is named by the hash of its inputs, rules and code, so one that was stopped finds its work again, and one whose
inputs changed does not. Until it ends, readers see what was there before; from the word `commit` on, what it made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import orjson
import polars as pl

from opinion_lab import schemas
from opinion_lab.storage import files
from opinion_lab.storage.files import Place, write, write_parquet

FRAMES = {
    "posts": schemas.Post,
    "sightings": schemas.Sighting,
    "orders": schemas.Order,
    "tokens": schemas.Token,
    "signatures": schemas.Signature,
}


class Partitions:
    """The frames of one folder, a file a day."""

    def __init__(self, folder: Place) -> None:
        self.folder = folder

    def path(self, frame: str, day: date) -> Place:
        """Where a day of a frame lies, or would."""
        return self.folder / frame / f"{day:%Y-%m-%d}.parquet"

    def days(self, frame: str) -> list[date]:
        """The days for which `frame` holds rows, in order."""
        names = [p.name for p in files.listed(self.folder / frame)]
        return [date.fromisoformat(n[:10]) for n in names if fnmatchcase(n, "????-??-??.parquet")]

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
        files.remove(self.path(frame, day))


class Stage(Partitions):
    """What one run makes: read before what was there, and put in place at the end, all of it or nothing."""

    def __init__(self, processed: Place, run: str) -> None:
        super().__init__(processed / ".staging" / run)
        self.there = Partitions(processed)

    def scan(self, frame: str, days: Sequence[date], columns: Sequence[str]) -> pl.DataFrame:
        """Some columns of some days, as this run leaves them so far."""
        paths = self._now(frame, days)
        if not paths:
            return schemas.empty(FRAMES[frame]).select(columns)
        return files.scan(paths, columns).collect()

    def remove(self, frame: str, day: date) -> None:
        """Note that the day will be empty."""
        super().remove(frame, day)
        write(self._gone(frame, day), b"")

    def file(self, name: str) -> Place:
        """A file of this run alone, such as `work/draft-2026-09-01.parquet`; `dropped/…` stays when it ends."""
        return self.folder / name

    def once(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The outcome of a task, from its note if it was done before: a worker that died is simply asked again."""
        note = self.file(f"work/{name}.json")
        with suppress(FileNotFoundError):
            return dict(orjson.loads(files.read(note)))
        done = orjson.dumps(work())
        write(note, done)
        return dict(orjson.loads(done))

    def commit(self, note: dict[str, Any]) -> None:
        """From here on the run counts; `finish` puts it in place, now or after a fall.

        The note says as well how many rows each day that the run wrote has (`heights`: frame, day, rows; 0: no file).
        """
        heights = [
            (frame, path.name[:10], 0 if path.suffix == ".gone" else files.height(path))
            for frame in FRAMES
            for path in files.listed(self.folder / frame)
            if not path.name.startswith(files.WRITING)
        ]
        write(self.file("commit.json"), orjson.dumps(note | {"heights": heights}))

    def _now(self, frame: str, days: Sequence[date]) -> list[Place]:
        new = files.among(self.folder / frame, [f"{day}.{end}" for day in days for end in ("parquet", "gone")])
        left = [day for day in days if f"{day}.gone" not in new]
        old = files.among(self.there.folder / frame, [n for day in left if (n := f"{day}.parquet") not in new])
        where = ((day, f"{day}.parquet") for day in left)
        return [(self if n in new else self.there).path(frame, day) for day, n in where if n in new or n in old]

    def _gone(self, frame: str, day: date) -> Place:
        return self.path(frame, day).with_suffix(".gone")


def finish(processed: Place, done: Callable[[dict[str, Any]], None]) -> None:
    """Put in place what was committed and call `done` with its note; what no run will ask for again is swept away."""
    for folder in files.listed(processed / ".staging"):
        if not files.exists(folder / "commit.json"):
            continue
        for frame in (*FRAMES, "dropped"):
            for path in files.listed(folder / frame):
                if path.name.startswith(files.WRITING):
                    continue
                if path.suffix == ".gone":
                    files.remove((processed / frame / path.name).with_suffix(".parquet"))
                else:
                    files.move(path, processed / frame / path.name)
        done(orjson.loads(files.read(folder / "commit.json")))
        # the word `commit` goes last: a fall before that is put right by doing all this again
        for path in files.listed(folder):
            if path.name != "commit.json" and not path.name.startswith(files.WRITING):
                files.clear(path)
        files.clear(folder)


def sweep(processed: Place, keep: str) -> None:
    """Remove what stopped runs left, but for that of run `keep`: the inputs have changed since."""
    for folder in files.listed(processed / ".staging"):
        if folder.name != keep:
            with suppress(OSError):
                files.clear(folder)
