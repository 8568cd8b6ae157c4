"""Visits sources: raw first, then rows, then the ledger. Running it twice adds nothing."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import polars as pl
from tqdm import tqdm

from opinion_lab import config
from opinion_lab.collect import importer, reading, unfinished, visits
from opinion_lab.collect.parsers import rows
from opinion_lab.collect.web import addresses, worker
from opinion_lab.collect.web.client import Client
from opinion_lab.collect.web.faults import Fault
from opinion_lab.storage.store import Store

VISITED: dict[str, Any] = {"source_id": pl.String, "outcome": pl.String, "fault": pl.String, "detail": pl.String}
VISITED |= {"why": pl.String, "hours": pl.Float64}
VISITED |= {c: importer.IMPORTED[c] for c in ("rows_in", "kept", "dropped", "reasons", "notes")}

#: Visits by which is judged how fast a source turns over.
PAST = timedelta(days=28)
#: Hosts that are visited side by side: bounds sockets, and bodies in memory.
HOSTS = 16


def collect(store: Store, *, now: datetime, only: str | None = None) -> pl.DataFrame:
    """Visit the sources that are due, hosts side by side, bytes first, then rows; what ails one source stops no other.

    Returns one row a visit, in order of lab.toml: source_id; outcome (new, unchanged; empty: it works
    and holds nothing; failed; closed: it does not let us in; changed: nothing was where items were before; waits: it
    asked to be left alone; not_reached: the run's time was over, it goes first next time); fault and detail of a
    failure (see `faults`); why it was due and hours (see `visits`); rows_in, kept, dropped, reasons and notes as of an
    import. Raises LabError when `only` names no source.
    """
    sources = [s for s in store.settings.sources if only in (None, s.id)]
    if only is not None and not sources:
        known = "、".join(s.id for s in store.settings.sources)
        raise config.LabError(f"lab.toml 里没有来源 {only}。现有：{known}。")
    store.sweep_parts()
    unfinished.finish(store)
    past = store.visits(now - PAST)
    waiting = visits.due(sources, past, now, graded=store.tiers(), zone=store.settings.zone, asked=only is not None)
    round_ = _Round(store, past, now)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        done = asyncio.run(round_.run(waiting))
    else:  # in a notebook, whose own loop runs already
        with ThreadPoolExecutor(1) as thread:
            done = thread.submit(asyncio.run, round_.run(waiting)).result()
    order = {s.id: n for n, s in enumerate(sources)}
    return pl.DataFrame(sorted(done, key=lambda row: order[row["source_id"]]), schema=VISITED)


class _Round:
    """One run over the sources that are due."""

    def __init__(self, store: Store, past: pl.DataFrame, now: datetime) -> None:
        self.store, self.past, self.now = store, past, now
        self.slots = asyncio.Semaphore(HOSTS)

    async def run(self, waiting: list[visits.Due]) -> list[dict[str, Any]]:
        """Visit them all; the sources of one host one after another, in the order given."""
        groups = groupby(sorted(waiting, key=_host), _host)
        self.workers = worker.shared()
        self.bar = tqdm(total=len(waiting), desc="采集", unit="个来源", leave=False, disable=None)
        with self.bar:
            async with Client(self.store.settings.collect, self.workers) as self.client:
                self.end = asyncio.get_running_loop().time() + 60 * self.store.settings.collect.run_minutes
                done = await asyncio.gather(*(self._host([*some]) for _, some in groups))
        return [row for rows_ in done for row in rows_]

    async def _host(self, some: list[visits.Due]) -> list[dict[str, Any]]:
        async with self.slots:
            return [await self._outcome(due) for due in some]

    async def _outcome(self, due: visits.Due) -> dict[str, Any]:
        """One row of VISITED, whatever happens."""
        source = due.source
        row: dict[str, Any] = {"source_id": source.id, "why": due.why, "hours": due.hours, "outcome": "new"}
        if due.why == "waits":
            return row | {"outcome": "waits"}
        fault: Fault | None = None
        begun = time.monotonic()
        try:
            async with asyncio.timeout_at(self.end):
                outcome, parsed = await self._visit(source)
            return row | {"outcome": outcome} | (importer.counted(parsed) if parsed else {})
        except TimeoutError:
            return row | {"outcome": "not_reached"}
        except Fault as error:
            fault = error
        except rows.AheadOfClock:
            fault = Fault("clock")
        except OSError:  # the lab's own disk: nothing that a source did
            raise
        except Exception as error:
            fault = Fault("error", type(error).__name__)
        finally:
            self.bar.update(1)
        until = None if fault.wait is None else self.now + fault.wait
        note, took = f"{fault.code} {fault.detail}".strip(), {"seconds": time.monotonic() - begun}
        self.store.put_visit(source.id, self.now, "failed", note=note, retry_at=until, measures=took)
        hours = None if fault.wait is None else fault.wait / timedelta(hours=1)
        outcome = "closed" if fault.code in reading.CLOSED else "changed" if fault.code == "shape_changed" else "failed"
        return row | {"outcome": outcome, "fault": fault.code, "detail": fault.detail, "hours": hours}

    async def _visit(self, source: config.Source) -> tuple[str, rows.Parsed | None]:
        """One visit: its outcome and its rows, None when nothing has changed since the last good one."""
        good = self.past.filter((pl.col("source_id") == source.id) & (pl.col("status") != "failed")).tail(1)
        last = good.row(0, named=True) if good.height else {}
        begun = time.monotonic()
        done = await reading.Reading(self.store, self.client, source, self.now, self.end).visit(last)
        measures = done.measures | {"seconds": time.monotonic() - begun}
        status = "unchanged" if done.parsed is None else "new"
        held: dict[str, Any] = {"capture": done.capture, "tags": done.tags, "moved_to": done.moved_to}
        self.store.put_visit(source.id, self.now, status, **held, measures=measures)
        nothing = done.parsed is not None and not done.parsed.rows_in and not done.parsed.notes.height
        return "empty" if nothing else status, done.parsed


def _host(due: visits.Due) -> tuple[str, int]:
    try:
        return addresses.endpoint(addresses.parsed(due.source.url))
    except Fault:
        return due.source.id, 0
