"""Runs of jobs: when each was meant to run, when it did, and how it ended; and the messages that were sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from opinion_lab.storage.ledger.database import Ledger, utc

RUN = {"job": pl.String, "planned": pl.String, "started": pl.String, "ended": pl.String}
RUN |= {"outcome": pl.String, "detail": pl.String}


class Runs(Ledger):
    """The run log of a lab's store, and that of its messages."""

    def begin_run(self, job: str, planned: datetime, started: datetime) -> None:
        """Note that a job begins, and the time for which it was planned."""
        with self.ledger() as db:
            row = (job, utc(planned).isoformat(), utc(started).isoformat())
            db.execute("insert or replace into run (job, planned, started) values (?, ?, ?)", row)

    def end_run(self, job: str, started: datetime, ended: datetime, outcome: str, detail: str = "") -> None:
        """Note how the run that began then ended: done, failed, late (stopped at its time limit)."""
        with self.ledger() as db:
            row = (utc(ended).isoformat(), outcome, detail, job, utc(started).isoformat())
            db.execute("update run set ended = ?, outcome = ?, detail = ? where job = ? and started = ?", row)

    def runs(self, since: datetime | None = None) -> pl.DataFrame:
        """Runs in order of their beginning: job, planned, started, ended, outcome, detail.

        `ended` is null for one that is still at it or was killed. `since`: those that began from then on, and the last
        of each job, however old.
        """
        only = "where started >= ? or rowid in (select max(rowid) from run group by job)"
        asked = () if since is None else (utc(since).isoformat(),)
        with self.ledger() as db:
            query = f"select {', '.join(RUN)} from run {only if asked else ''} order by started"
            rows = [tuple(row) for row in db.execute(query, asked)]
        return pl.DataFrame(rows, schema=RUN, orient="row").with_columns(
            pl.col("planned", "started", "ended").str.to_datetime(time_unit="us", time_zone="UTC")
        )

    def put_message(self, recipient: str, key: str, at: datetime, *, sent: bool, urgent: bool) -> None:
        """Note that a message went to somebody, or that it could not be sent."""
        with self.ledger() as db:
            row = (recipient, key, utc(at).isoformat(), sent, urgent)
            db.execute("insert or replace into message values (?, ?, ?, ?, ?)", row)

    def messages(self) -> pl.DataFrame:
        """Messages in order of time: recipient, key (what it was about), at, sent, urgent."""
        with self.ledger() as db:
            rows = [tuple(row) for row in db.execute("select * from message order by at")]
        schema: dict[str, Any] = {"recipient": pl.String, "key": pl.String, "at": pl.String}
        schema |= {"sent": pl.Int64, "urgent": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
            pl.col("sent", "urgent").cast(pl.Boolean), pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC")
        )
