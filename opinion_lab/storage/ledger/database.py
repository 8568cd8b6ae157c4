"""`data/raw/ledger.sqlite`: what arrived, who was visited, which jobs ran. One transaction a change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from opinion_lab import config

TABLES = """
create table if not exists capture (
    capture text primary key, source_id text not null, name text not null, url text, mapping text, encoding text,
    bytes integer not null, collected_at text not null,
    rows_in integer, rows_kept integer, rows_dropped integer, prepared text, role text
);
create table if not exists visit (
    source_id text not null, at text not null, status text not null, capture text, etag text, last_modified text,
    note text, retry_at text, primary key (source_id, at)
);
create table if not exists link (
    source_id text not null, url text not null, native_id text, root text, title text, time text,
    found_at text not null, last_at text, done integer not null default 0, tries integer not null default 0,
    etag text, last_modified text, primary key (source_id, url)
);
create table if not exists setting (name text primary key, value text not null);
create table if not exists day (frame text, day text, height integer not null, primary key (frame, day));
create table if not exists run (
    job text not null, planned text not null, started text not null, ended text, outcome text, detail text,
    primary key (job, started)
);
create table if not exists message (
    recipient text not null, key text not null, at text not null, sent integer not null, urgent integer not null,
    primary key (recipient, key)
);
"""
#: Columns of `visit` that earlier versions lack.
LATER = {
    "retry_at": "text",
    "moved_to": "text",
    "seen": "integer",
    "kept": "integer",
    "shared": "integer",
    "undated": "integer",
    "dropped": "text",
    "bytes": "integer",
    "seconds": "real",
}
#: What a visit came to, and how ledgers of the first version wrote it.
OUTCOMES = {"new": "有新内容", "unchanged": "无变化", "failed": "失败"}


class Ledger:
    """The file and its tables."""

    def __init__(self, raw: Path) -> None:
        self.raw = raw
        with self.ledger() as db:
            db.executescript(TABLES)
            columns = [r["name"] for r in db.execute("pragma table_info(visit)")]
            if "retry_at" not in columns:
                for code, words in OUTCOMES.items():
                    db.execute("update visit set status = ? where status = ?", (code, words))
            if "role" not in [r["name"] for r in db.execute("pragma table_info(capture)")]:
                db.execute("alter table capture add column role text")
            for column in LATER.keys() - set(columns):
                db.execute(f"alter table visit add column {column} {LATER[column]}")

    @contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the ledger: committed when the block ends, rolled back when it raises."""
        db = None
        try:
            db = sqlite3.connect(self.raw / "ledger.sqlite", timeout=30)
            db.row_factory = sqlite3.Row
            with db:
                yield db
        except sqlite3.Error as error:
            raise config.LabError(
                f"账本 {self.raw / 'ledger.sqlite'} 读写不了（{error}）。请检查磁盘空间和文件夹权限；"
                "都没有问题的，账本已损坏，请运行 opinion-lab rebuild。"
            ) from error
        finally:
            if db is not None:
                db.close()


def utc(moment: datetime) -> datetime:
    """A moment in UTC. Raises ValueError for a naive one, which has no place in the ledger."""
    if moment.tzinfo is None:
        raise ValueError("a naive time has no place in the ledger")
    return moment.astimezone(UTC)
