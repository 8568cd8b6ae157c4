"""Brings files in: raw first, then rows, then the ledger. Running it twice adds nothing."""

from __future__ import annotations

import glob
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from tqdm import tqdm

from opinion_lab import config
from opinion_lab.collect import unfinished
from opinion_lab.collect.parsers import rows
from opinion_lab.collect.parsers.tables import exports, formats, headers, mapping as mappings
from opinion_lab.collect.parsers.tables.mapping import Mapping
from opinion_lab.rules import Rules
from opinion_lab.storage.store import Store

#: What is taken from a folder (.xls to be told of, not to slip through); a named file is taken whatever its ending.
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".json", ".jsonl", ".ndjson")

REASON = pl.Struct({"reason": pl.String, "n": pl.Int64, "example": pl.String})
NOTE = pl.Struct({"what": pl.String, "n": pl.Int64, "example": pl.String})
IMPORTED: dict[str, Any] = {"name": pl.String, "format": pl.String, "encoding": pl.String}
IMPORTED |= {"rows_in": pl.Int64, "kept": pl.Int64, "dropped": pl.Int64, "new": pl.Boolean, "capture": pl.String}
IMPORTED |= {"reasons": pl.List(REASON), "notes": pl.List(NOTE)}

#: The folder of a lab that is watched, the ending of notes on what could not be read, and the seconds after which a
#: file that nobody has written to is whole.
INBOX, NOTED, SETTLED = "inbox", ".没有导入.txt", 5
#: Rows that are read to show how a file would be read.
ROWS_TRIED = 2_000

Progress = Callable[[str, float], object]


class SomeFailed(config.LabError):
    """Some files could not be imported; `done` is the frame of those that were."""

    def __init__(self, message: str, done: pl.DataFrame) -> None:
        super().__init__(message)
        self.done = done


class Arrival(NamedTuple):
    """A file of the inbox: by which mapping it was imported, and its row of IMPORTED; or why it was not."""

    name: str
    mapping: str = ""
    done: dict[str, Any] | None = None
    why: str = ""


@dataclass(frozen=True)
class Proposal:
    """How a file would be read: by which mapping, its first items (RawItem), and what was noted on the way.

    `fallback`: no mapping of its own fits it.
    """

    path: Path
    mapping: str
    fallback: bool
    items: pl.DataFrame
    reasons: list[dict[str, Any]]
    notes: list[dict[str, Any]]


def propose(store: Store, path: Path, mapping_name: str = "") -> Proposal:
    """How a file would be read by the mapping that finds most of its columns in it (or by the one named).

    A fallback is proposed where no other mapping fits. Raises LabError when none does, naming what is lacking.
    """
    file = formats.opened(path.read_bytes())
    fits: list[tuple[bool, int, float, str, Mapping, headers.Fit]] = []
    refused: list[tuple[int, str]] = []
    rules = Rules(store.root)
    for name in [mapping_name] if mapping_name else rules.mappings()["name"]:
        mapping: Mapping | None = None
        try:
            mapping = mappings.load(*rules.mapping(name))
            fit = headers.fit(file, mapping)
        except config.LabError as error:
            # where none fits: one that the bureau wrote wrong first, then what any table must have
            refused.append((0 if mapping is None else 1 if mapping.fallback else 2, str(error)))
            continue
        fits.append((not mapping.fallback, fit.score, -fit.wanted, name, mapping, fit))
    if not fits:
        raise config.LabError(min(refused)[1] if refused else "没有可用的对应表。")
    *_, name, mapping, _ = max(fits, key=lambda f: f[:3])
    few = file.first(ROWS_TRIED)
    now = datetime.now(UTC)
    zone = store.settings.zone
    parsed = exports.read(few, headers.fit(few, mapping), capture="", collected_at=now, zone=zone)
    return Proposal(
        path, name, mapping.fallback, parsed.items.head(3), _reasons(parsed.dropped), parsed.notes.to_dicts()
    )


def import_files(
    store: Store, paths: Iterable[Path | str], mapping_name: str, *, now: datetime, progress: Progress | None = None
) -> pl.DataFrame:
    """Import files, folders and patterns (`*.csv`) by a mapping: one row a file, in the order given.

    rows_in = kept + dropped; `reasons` (reason, n, example with its line) says why, most frequent first; `notes`
    counts what was kept but not understood (only known when rows were read). `new` is False when the same bytes were
    read by the same mapping before (what was left out as too late is read anew by a later clock). `progress` is told
    a file's name and the share done; without it a bar is drawn on a terminal. Raises LabError when a file is not what
    the mapping expects (SomeFailed, after the others are in, when there are several).
    """
    mapping = mappings.load(*Rules(store.root).mapping(mapping_name))
    found = expand(paths)
    store.sweep_parts()
    finished = unfinished.finish(store)
    done_rows: list[dict[str, Any]] = []
    failed: list[str] = []
    total = sum(path.stat().st_size for path in found)
    with tqdm(
        total=total, desc="导入", unit="B", unit_scale=True, leave=False, disable=True if progress else None
    ) as bar:
        before = 0
        for path in found:
            size = path.stat().st_size

            def tell(share: float, name: str = path.name, size: int = size, before: int = before) -> None:
                bar.update(before + int(share * size) - bar.n)
                if progress:
                    progress(name, share)

            try:
                done_rows.append(_import(store, path, mapping, now, tell))
                done_rows[-1]["new"] |= done_rows[-1]["capture"] in finished
            except config.LabError as error:
                failed.append(f"{path.name}：{error}")
            tell(1.0)
            before += size
    done = pl.DataFrame(done_rows, schema=IMPORTED)
    if failed and not done_rows:
        raise config.LabError("\n".join(failed))
    if failed:
        raise SomeFailed(
            f"{len(found)} 个文件中 {len(done_rows)} 个已导入（重跑不会重复），{len(failed)} 个没有导入：\n"
            + "\n".join(failed),
            done,
        )
    return done


def take_inbox(store: Store, *, now: datetime) -> list[Arrival]:
    """Import the tables that lie in the lab's `inbox/`, each by the mapping that fits; what is in goes from there.

    The bytes are then in `data/raw` like those of every import. A file that cannot be imported stays, with a note
    beside it that says why; one that was written a moment ago is left for the next time.
    """
    folder, done = store.root / INBOX, []
    for path in sorted(p for p in folder.glob("*") if _is_table(p) and not p.name.endswith(NOTED)):
        note = path.with_name(path.name + NOTED)
        if time.time() - path.stat().st_mtime < SETTLED:
            done.append(Arrival(path.name, why="刚放进来，可能还没有复制完，下次再读"))
            continue
        try:
            mapping = propose(store, path).mapping
            (row,) = import_files(store, [path], mapping, now=now, progress=lambda name, share: None).to_dicts()
        except config.LabError as error:
            note.write_text(f"{path.name} 没有导入：{error}\n改好后放回这个文件夹即可。\n", encoding="utf-8")
            done.append(Arrival(path.name, why=f"{error}"))
            continue
        path.unlink()
        note.unlink(missing_ok=True)
        done.append(Arrival(path.name, mapping, row))
    return done


def expand(paths: Iterable[Path | str]) -> list[Path]:
    """The files meant: a folder gives its tables (not those of folders inside it), a pattern what matches. Each once.

    Raises LabError for what is not there and for folders without a table.
    """
    found: list[Path] = []
    for given in map(Path, paths):
        if given.is_file():
            found.append(given)
            continue
        if given.is_dir():
            inside = sorted(p for p in given.iterdir() if _is_table(p))
            nothing = f"文件夹 {given} 里没有可导入的文件（{'、'.join(ENDINGS)}，或再加 .gz）。请指明文件。"
        else:
            inside = sorted(p for p in map(Path, glob.glob(str(given))) if p.is_file())  # noqa: PTH207  (absolute too)
            nothing = f"找不到文件 {given}。请检查文件名和所在文件夹。"
        if not inside:
            raise config.LabError(nothing)
        found += inside
    once: dict[Path, Path] = {}
    for path in found:
        once.setdefault(path.resolve(), path)
    return list(once.values())


def _is_table(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return path.is_file() and not name.startswith((".", "~$")) and name.endswith(ENDINGS)


def _import(
    store: Store, path: Path, mapping: Mapping, now: datetime, tell: Callable[[float], object]
) -> dict[str, Any]:
    """Rows read, then bytes to data/raw, then rows; of a file that is refused nothing is kept."""
    body = path.read_bytes()
    opened = formats.opened(body)
    fit = headers.fit(opened, mapping)
    capture = hashlib.sha256(body).hexdigest()
    about = {"name": path.name, "format": opened.format, "encoding": opened.encoding, "capture": capture}
    before = store.captures().filter((pl.col("capture") == capture) & (pl.col("mapping") == mapping.label))
    ahead = 0
    if before.height and before["rows_in"].null_count() == 0 and store.has_items(capture):
        dropped = store.import_dropped(capture)
        row = before.select("rows_in", kept="rows_kept", dropped="rows_dropped").row(0, named=True)
        done = about | row | {"new": False, "reasons": _reasons(dropped), "notes": []}
        ahead = rows.ahead(dropped)
        if not ahead or now < datetime.fromisoformat(before["collected_at"][0]) + rows.AHEAD:
            return done
    parsed = exports.read(opened, fit, capture=capture, collected_at=now, zone=store.settings.zone, progress=tell)
    if ahead and rows.ahead(parsed.dropped) == ahead:
        return done
    store.put_raw(
        body, source_id=mapping.source_id, name=path.name, collected_at=now, mapping=mapping.label, afresh=bool(ahead)
    )
    store.put_items(capture, parsed.items, parsed.dropped, rows_in=parsed.rows_in, encoding=parsed.encoding)
    return about | counted(parsed) | {"new": True}


def counted(parsed: rows.Parsed) -> dict[str, Any]:
    """What was read, as columns of IMPORTED: rows_in, kept, dropped, reasons and notes."""
    counts = {"rows_in": parsed.rows_in, "kept": parsed.items.height, "dropped": parsed.dropped.height}
    return counts | {"reasons": _reasons(parsed.dropped), "notes": parsed.notes.to_dicts()}


def _reasons(dropped: pl.DataFrame) -> list[dict[str, Any]]:
    """Why rows were left out: reason, n, and the first case with its line, most frequent first."""
    what = pl.coalesce(pl.format("{}：{}", "reason", "detail"), "reason")
    counted = (
        dropped.sort("position", "reason")
        .group_by("reason")
        .agg(pl.len().cast(pl.Int64).alias("n"), pl.format("第 {} 行：{}", "position", what).first().alias("example"))
    )
    return counted.sort(["n", "reason"], descending=[True, False]).to_dicts()
