"""What arrived: bytes as they came, their rows as parsed, and the ledger of both.

    data/raw/bytes/<sha[:2]>/<sha>       what arrived, byte for byte, mode 0600
    data/raw/items/<capture>.parquet     its rows as parsed (RawItem), <capture>.dropped.parquet beside it
    data/raw/ledger.sqlite               captures, visits, runs, what is prepared and how many rows its days have

The line of the ledger goes first, then the bytes take their place, then the rows, then their number in the ledger. A
stop at any point leaves a line without a number of rows, which the next run finishes from the bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from opinion_lab import config, schemas
from opinion_lab.storage import files
from opinion_lab.storage.files import Place, write_parquet
from opinion_lab.storage.ledger.database import Ledger, utc


@dataclass(frozen=True)
class Capture:
    """One arrival of bytes. `new` is False when the same bytes were here before, read the same way and to the end."""

    capture: str
    source_id: str
    name: str
    new: bool


class Captures(Ledger):
    """The raw half of a lab's store."""

    def __init__(self, raw: Path, rows: Place) -> None:
        self.rows = rows
        private = [raw, raw / "bytes", *([rows] if isinstance(rows, Path) else [])]
        for folder in private:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        super().__init__(raw)

    # --- captures ------------------------------------------------------------------------------------------

    def put_raw(
        self,
        body: bytes,
        *,
        source_id: str,
        name: str,
        collected_at: datetime,
        url: str | None = None,
        mapping: str | None = None,
        encoding: str | None = None,
        role: str | None = None,
        afresh: bool = False,
    ) -> Capture:
        """Keep `body` as it came and enter it in the ledger; the same bytes count once for a source.

        A capture's name is the sha256 of its bytes, and of a second source that gives the same bytes something more.
        A file that is imported again by another mapping is taken over by it, and all that was prepared is then due to
        be prepared again. `encoding`: what the source says of its bytes; `role`: what it is of the source
        (listing, page); `afresh`: they are to be read once more.
        """
        sha = hashlib.sha256(body).hexdigest()
        path = self.bytes_path(sha)
        with files.part(path, 0o600) as part:
            if not path.exists():
                files.fill(part, body)
            capture, new = self._enter(
                (sha, source_id, name, url, mapping, encoding, role, len(body), utc(collected_at).isoformat()), afresh
            )
            # a stop here leaves a line and a part: `sweep` puts the one in the other's place
            if not path.exists():
                part.replace(path)
        return Capture(capture, source_id, name, new or not self.has_items(capture))

    def _enter(self, row: tuple[Any, ...], afresh: bool) -> tuple[str, bool]:
        """The line of a capture in the ledger: its name, and whether it waits to be read."""
        sha, source_id, _, _, mapping, *_ = row
        with self.ledger() as db:
            db.execute("begin immediate")
            old = db.execute("select * from capture where capture = ?", (sha,)).fetchone()
            capture = sha
            if old is not None and old["source_id"] != source_id and None in (mapping, old["mapping"]):
                capture = f"{sha}.{hashlib.sha256(source_id.encode()).hexdigest()[:8]}"
                old = db.execute("select * from capture where capture = ?", (capture,)).fetchone()
            taken_over = old is not None and (old["source_id"], old["mapping"]) != (source_id, mapping)
            if taken_over:
                db.execute("update capture set prepared = null")
            if taken_over or afresh:
                db.execute("delete from capture where capture = ?", (capture,))
                old = None
            if old is None:
                db.execute(
                    "insert into capture (capture, source_id, name, url, mapping, encoding, role, bytes, collected_at)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (capture, *row[1:]),
                )
            return capture, old is None or old["rows_in"] is None

    def bytes_path(self, capture: str) -> Path:
        """Where the bytes of a capture lie."""
        return self.raw / "bytes" / capture[:2] / capture[:64]

    def raw_bytes(self, capture: str) -> bytes:
        """What arrived. Raises LabError when it was deleted after `keep_raw_days`."""
        try:
            return self.bytes_path(capture).read_bytes()
        except FileNotFoundError:
            raise config.LabError(f"原始文件 {capture[:12]} 已不在 data/raw（可能已过保存期）。") from None

    def put_items(
        self, capture: str, items: pl.DataFrame, dropped: pl.DataFrame, *, rows_in: int, encoding: str | None = None
    ) -> None:
        """Keep the parsed rows of a capture. Raises LabError unless rows in = kept + dropped."""
        if rows_in != items.height + dropped.height:
            raise config.LabError(
                f"账不平：读入 {rows_in} 行，保留 {items.height}，剔除 {dropped.height}。这是程序错误，请勿使用结果。"
            )
        schemas.RawItem.validate(items, cast=True)
        write_parquet(self.rows / f"{capture}.parquet", items, mode=0o600)
        write_parquet(self.rows / f"{capture}.dropped.parquet", dropped, mode=0o600)
        self._count(capture, rows_in, items.height, dropped.height, encoding)

    def put_unreadable(self, capture: str) -> None:
        """Note that a capture holds no rows that can be read: it is done with, and read again when it comes again."""
        self._count(capture, 0, 0, 0, None)

    def _count(self, capture: str, rows_in: int, kept: int, dropped: int, encoding: str | None) -> None:
        with self.ledger() as db:
            db.execute(
                "update capture set rows_in = ?, rows_kept = ?, rows_dropped = ?, encoding = coalesce(?, encoding)"
                " where capture = ?",
                (rows_in, kept, dropped, encoding, capture),
            )

    def withdraw(self, capture: str) -> None:
        """Take back a capture whose rows were never read."""
        with self.ledger() as db:
            if db.execute("delete from capture where capture = ? and rows_in is null", (capture,)).rowcount:
                self.bytes_path(capture).unlink(missing_ok=True)

    def items(self, capture: str) -> pl.DataFrame:
        """The parsed rows of one capture (RawItem)."""
        rows = files.scan([self.rows / f"{capture}.parquet"]).collect()
        # rows parsed by an earlier version lack the columns that came since
        return pl.concat([schemas.empty(schemas.RawItem), rows], how="diagonal")

    def has_items(self, capture: str) -> bool:
        """Whether the parsed rows of a capture are still there."""
        return files.exists(self.rows / f"{capture}.parquet")

    def import_dropped(self, capture: str) -> pl.DataFrame:
        """The rows of one capture that parsing left out (Dropped)."""
        rows = files.scan([self.rows / f"{capture}.dropped.parquet"]).collect()
        return pl.concat([schemas.empty(schemas.Dropped), rows], how="diagonal")

    def mark_prepared(self, captures: Iterable[str], fingerprint: str | None) -> None:
        """Note by which rules these captures were prepared; None: they wait again."""
        with self.ledger() as db:
            db.executemany("update capture set prepared = ? where capture = ?", [(fingerprint, c) for c in captures])

    def captures(self) -> pl.DataFrame:
        """The ledger, one row a capture, in order of arrival."""
        with self.ledger() as db:
            rows = [dict(r) for r in db.execute("select * from capture order by collected_at, capture")]
            columns = [r["name"] for r in db.execute("pragma table_info(capture)")]
        whole = {"bytes", "rows_in", "rows_kept", "rows_dropped"}
        return pl.DataFrame(rows, schema={c: pl.Int64 if c in whole else pl.String for c in columns})

    def unread(self) -> pl.DataFrame:
        """Captures that a stop left unread and whose bytes are there."""
        left = self.captures().filter(pl.col("rows_in").is_null())
        return left.filter([self.bytes_path(c).exists() for c in left["capture"]])

    # --- what a stop left ----------------------------------------------------------------------------------

    def sweep_parts(self) -> None:
        """Finish or remove the files that a process that is no more was writing."""
        with self.ledger() as db:
            entered = {r["capture"][:64] for r in db.execute("select capture from capture")}
        for part in files.abandoned(self.raw):
            if part.parent.parent == self.raw / "bytes":
                sha = hashlib.sha256(part.read_bytes()).hexdigest()
                if sha in entered and not self.bytes_path(sha).exists():
                    part.chmod(0o600)
                    os.replace(part, self.bytes_path(sha))  # noqa: PTH105
            part.unlink(missing_ok=True)
