"""The history of cases, papers and measures: one SQLite file under `data/`, to which lines are only ever added.

A change is decided and written within one transaction that holds the file for itself, so that two people who write at
once wait for each other, and a process that is killed leaves the file as it was before or after its change. Triggers
refuse to change or delete a line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from opinion_lab.config import LabError

#: One line of history: what happened to `subject` (a case, a story, a paper), who (an office) did it, from when on it
#: holds, when it was written. `details` is JSON: what was written down with it.
EVENT: dict[str, Any] = {
    "line": pl.Int64(),
    "subject": pl.String(),
    "event": pl.String(),
    "who": pl.String(),
    "at": pl.Datetime("us", "UTC"),
    "recorded_at": pl.Datetime("us", "UTC"),
    "details": pl.String(),
}
SCHEMA = """
create table if not exists history (
    line integer primary key autoincrement, subject text not null, event text not null, who text not null,
    at text not null, recorded_at text not null, details text not null, series text, number integer,
    once text unique, unique (series, number)
);
create index if not exists by_subject on history (subject);
create trigger if not exists no_update before update on history
    begin select raise(abort, 'history is append-only'); end;
create trigger if not exists no_delete before delete on history
    begin select raise(abort, 'history is append-only'); end;
"""
#: What a change to one subject comes to, given the lines it has: the event and what is written down with it.
Decide = Callable[[pl.DataFrame], tuple[str, Mapping[str, Any]]]


def _path(root: Path) -> Path:
    """Where the history lies."""
    return root / "data" / "cases.sqlite"


def read(root: Path, subject: str | None = None, *, until: datetime | None = None) -> pl.DataFrame:
    """The lines (EVENT) of one subject or of all, in order of writing; with `until` those that held by then."""
    if not _path(root).exists():
        return pl.DataFrame(schema=EVENT)
    with _opened(root) as db:
        rows = _lines(db, subject)
    return rows if until is None else rows.filter(pl.col("at") <= until.astimezone(UTC))


def change(root: Path, subject: str, decide: Decide, *, who: str, at: datetime, now: datetime) -> int:
    """Add one line to a subject's history, as `decide` says of the lines that are there; returns its number.

    What `decide` raises leaves the history as it was.
    """
    with _writing(root) as db:
        event, details = decide(_lines(db, subject))
        return _add(db, subject, event, who, at, now, details)


def add_numbered(
    root: Path, series: str, rows: Sequence[Mapping[str, Any]], *, now: datetime, subject: str = "{series}-{number:04d}"
) -> list[str]:
    """Begin subjects, each under the next number of a series; returns their names, a number is never given twice.

    `rows`: event, who, at, details, and `once`, a key by which the same thing is not begun again (its name is given
    back). `subject` makes the name of series and number.
    """
    names: list[str] = []
    with _writing(root) as db:
        last = db.execute("select coalesce(max(number), 0) from history where series = ?", (series,)).fetchone()[0]
        for row in rows:
            once = row.get("once")
            there = db.execute("select subject from history where once = ?", (once,)).fetchone() if once else None
            if there:
                names.append(there[0])
                continue
            last += 1
            names.append(subject.format(series=series, number=last))
            _add(
                db, names[-1], row["event"], row["who"], row["at"], now, row["details"],
                series=series, number=last, once=once,
            )  # fmt: skip
    return names


def add_once(root: Path, rows: Sequence[Mapping[str, Any]], *, now: datetime) -> int:
    """Add lines (subject, event, who, at, details, once) that are not there yet by their key; returns how many."""
    n = 0
    with _writing(root) as db:
        for row in rows:
            if db.execute("select 1 from history where once = ?", (row["once"],)).fetchone() is None:
                _add(db, row["subject"], row["event"], row["who"], row["at"], now, row["details"], once=row["once"])
                n += 1
    return n


def snapshot(root: Path) -> bytes:
    """The whole file as it is at one instant; empty where there is none."""
    if not _path(root).exists():
        return b""
    with _opened(root) as db:
        return db.serialize()


def sound(root: Path) -> bool:
    """Whether SQLite finds the file whole; where there is none, yes."""
    if not _path(root).exists():
        return True
    try:
        with _opened(root) as db:
            return db.execute("pragma integrity_check").fetchone() == ("ok",)
    except (sqlite3.DatabaseError, LabError):
        return False


# --- inside --------------------------------------------------------------------------------------------------


@contextmanager
def _opened(root: Path) -> Iterator[sqlite3.Connection]:
    """The file, made where there is none. Raises LabError when it cannot be read."""
    file = _path(root)
    new = not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as db:
        try:
            db.execute("pragma synchronous = full")
            if new or db.execute("select 1 from sqlite_master where name = 'no_delete'").fetchone() is None:
                db.executescript(f"begin immediate; {SCHEMA} commit;")
                file.chmod(0o600)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise LabError(
                f"办件记录 {file} 读不了（{error}）。请从备份恢复（opinion-lab restore），不要删去它。"
            ) from None
        yield db


@contextmanager
def _writing(root: Path) -> Iterator[sqlite3.Connection]:
    with _opened(root) as db:
        db.execute("begin immediate")
        try:
            yield db
        except BaseException:
            db.execute("rollback")
            raise
        db.execute("commit")


def _lines(db: sqlite3.Connection, subject: str | None) -> pl.DataFrame:
    where, given = ("", ()) if subject is None else (" where subject = ?", (subject,))
    rows = db.execute(f"select {', '.join(EVENT)} from history{where} order by line", given).fetchall()
    text = {c: pl.String() if c in ("at", "recorded_at") else t for c, t in EVENT.items()}
    frame = pl.DataFrame(rows, schema=text, orient="row")
    return frame.with_columns(pl.col("at", "recorded_at").str.to_datetime(time_unit="us", time_zone="UTC"))


def _add(
    db: sqlite3.Connection,
    subject: str,
    event: str,
    who: str,
    at: datetime,
    now: datetime,
    details: Mapping[str, Any],
    *,
    series: str | None = None,
    number: int | None = None,
    once: str | None = None,
) -> int:
    times = [moment.astimezone(UTC).isoformat(timespec="microseconds") for moment in (at, now)]
    body = orjson.dumps({k: v for k, v in details.items() if v not in (None, "", [])}, option=orjson.OPT_SORT_KEYS)
    row = (subject, event, who, *times, body.decode(), series, number, once)
    columns = "subject, event, who, at, recorded_at, details, series, number, once"
    return int(db.execute(f"insert into history ({columns}) values (?,?,?,?,?,?,?,?,?)", row).lastrowid or 0)
