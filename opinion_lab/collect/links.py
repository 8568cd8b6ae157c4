"""Addresses that listings named: which are still to be read, which are looked at again for an answer or a reply.

One row an address of a source in the ledger's table `link`. Writing the same twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from opinion_lab.config import Source
from opinion_lab.storage.store import Store

#: An address that failed so often is given up.
TRIES = 3


class Link(NamedTuple):
    """One address: what the listing said of it, when it was last read, and the tags of that answer."""

    url: str
    native_id: str | None
    root: str | None
    title: str | None
    time: str | None
    last_at: str | None
    etag: str | None
    last_modified: str | None


COLUMNS = ", ".join(Link._fields)


class Registered(NamedTuple):
    """How many addresses of a listing are wanted, how many of them are new, and how many more are too old."""

    wanted: int
    new: int
    old: int


def register(store: Store, source: Source, entries: Sequence[dict[str, Any]], now: datetime) -> Registered:
    """Enter the addresses of entries (with `published_at`, see entries.dated).

    What `match` does not match is passed over; the first entry is entered last, so that it is the newest.
    """
    wanted = [e for e in entries if e["url"] and re.search(source.match, e["url"])]
    edge = now - timedelta(days=source.max_age_days)
    young = [e for e in wanted if e["published_at"] is None or e["published_at"] >= edge]
    rows = [(source.id, *(e.get(c) for c in ("url", "native_id", "root", "title", "time")), _text(now)) for e in young]
    with store.ledger() as db:
        before = db.total_changes
        db.executemany(
            "insert or ignore into link (source_id, url, native_id, root, title, time, found_at)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            reversed(rows),
        )
        return Registered(len(young), db.total_changes - before, len(wanted) - len(young))


def due(store: Store, source: Source, now: datetime) -> list[Link]:
    """What is to be read now: what never was, the newest first, then what is followed, the longest unseen first."""
    since = _text(now - timedelta(days=source.days_followed))
    with store.ledger() as db:
        rows = db.execute(
            f"select {COLUMNS} from link where source_id = ? and tries < ? and"
            " (last_at is null or (done = 0 and found_at > ? and last_at < ?))"
            " order by last_at is not null, case when last_at is null then -rowid else 0 end, last_at",
            (source.id, TRIES, since if source.days_followed else "9", _text(now)),
        )
        return [Link(*row) for row in rows]


def of(store: Store, source_id: str, url: str) -> Link:
    """What is entered of one address; one that is not is known by nothing else."""
    with store.ledger() as db:
        row = db.execute(f"select {COLUMNS} from link where source_id = ? and url = ?", (source_id, url)).fetchone()
    return Link(*row) if row else Link(url, *[None] * 7)


def read(
    store: Store, source_id: str, url: str, now: datetime, tags: dict[str, str | None], *, done: bool = False
) -> None:
    """An address was read; `done`: what it was followed for is there."""
    with store.ledger() as db:
        db.execute(
            "update link set last_at = ?, tries = 0, done = max(done, ?), etag = ?, last_modified = ?"
            " where source_id = ? and url = ?",
            (_text(now), int(done), tags.get("etag"), tags.get("last_modified"), source_id, url),
        )


def failed(store: Store, source_id: str, url: str, *, gone: bool = False) -> None:
    """An address gave nothing; `gone`: nor will it."""
    with store.ledger() as db:
        db.execute(
            "update link set tries = tries + ? where source_id = ? and url = ?", (TRIES if gone else 1, source_id, url)
        )


def any_of(store: Store, source_id: str) -> bool:
    """Whether a listing of the source ever named an address."""
    with store.ledger() as db:
        return db.execute("select 1 from link where source_id = ? limit 1", (source_id,)).fetchone() is not None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
