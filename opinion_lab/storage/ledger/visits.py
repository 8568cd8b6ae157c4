"""Visits to sources: what each came to, what was seen, what of it was there at the visit before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from opinion_lab.storage.ledger.database import Ledger, utc

#: Counts of one visit: items `seen` are those `kept` and those `dropped` (by reason, as JSON); of those kept, how many
#: were `shared` with the last good visit (null at the first) and `undated`; `bytes` of the body, `seconds` it took.
MEASURES: dict[str, Any] = {
    "seen": pl.Int64,
    "kept": pl.Int64,
    "shared": pl.Int64,
    "undated": pl.Int64,
    "dropped": pl.String,
}
MEASURES |= {"bytes": pl.Int64, "seconds": pl.Float64}
TIER = "tier/"
TEXTS = ("source_id", "at", "status", "capture", "etag", "last_modified", "note", "retry_at", "moved_to")


class Visits(Ledger):
    """The visits of a lab's store."""

    def put_visit(
        self,
        source_id: str,
        at: datetime,
        outcome: str,
        *,
        capture: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        note: str = "",
        retry_at: datetime | None = None,
        moved_to: str | None = None,
        measures: Mapping[str, Any] | None = None,
    ) -> None:
        """Note one visit to a source and what it came to (new, unchanged, failed).

        `tags` (etag, last_modified) are for the next request; before `retry_at` the source does not want one;
        `moved_to`: the address to which it says that it has moved for good; `measures`: some of MEASURES, `dropped` as
        a count by reason.
        """
        given = {**dict.fromkeys((*TEXTS, *MEASURES)), **(tags or {}), **(measures or {})}
        if given["dropped"] is not None:
            given["dropped"] = orjson.dumps(given["dropped"]).decode()
        given |= {"source_id": source_id, "at": utc(at).isoformat(), "status": outcome, "capture": capture}
        given |= {
            "note": note,
            "moved_to": moved_to,
            "retry_at": None if retry_at is None else utc(retry_at).isoformat(),
        }
        places = ", ".join(f":{column}" for column in given)
        with self.ledger() as db:
            db.execute(f"insert or replace into visit ({', '.join(given)}) values ({places})", given)

    def visits(self, since: datetime | None = None) -> pl.DataFrame:
        """Visits in the order in which they were made: source_id, at, status, capture, etag, ..., and MEASURES.

        `since`: those from then on, and of each source the last and the last good one, however old. Times are UTC; a
        clock that was wrong once leaves an `at` that is out of order.
        """
        columns = (*TEXTS, *MEASURES)
        good = "select max(rowid) from visit where status != 'failed' group by source_id"
        only = f"where at >= ? or rowid in (select max(rowid) from visit group by source_id) or rowid in ({good})"
        asked = () if since is None else (utc(since).isoformat(),)
        with self.ledger() as db:
            query = f"select {', '.join(columns)} from visit {only if asked else ''} order by rowid"
            rows = [tuple(row) for row in db.execute(query, asked)]
        return pl.DataFrame(rows, schema=dict.fromkeys(TEXTS, pl.String) | MEASURES, orient="row").with_columns(
            pl.col("at", "retry_at").str.to_datetime(time_unit="us", time_zone="UTC")
        )

    def put_tiers(self, graded: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep the tier of each source and its reason (a fact whose `level` is the tier)."""
        with self.ledger() as db:
            rows = [(f"{TIER}{source_id}", orjson.dumps(fact).decode()) for source_id, fact in graded.items()]
            db.execute("delete from setting where substr(name, 1, ?) = ?", (len(TIER), TIER))
            db.executemany("insert into setting values (?, ?)", rows)

    def graded(self) -> dict[str, dict[str, Any]]:
        """The reason for the tier of each source that has been graded."""
        with self.ledger() as db:
            rows = db.execute("select * from setting where substr(name, 1, ?) = ?", (len(TIER), TIER)).fetchall()
        return {row["name"].removeprefix(TIER): orjson.loads(row["value"]) for row in rows}

    def tiers(self) -> dict[str, str]:
        """The tier of each source that has been graded."""
        return {source_id: fact["level"] for source_id, fact in self.graded().items()}
