"""How each source fares, and what may have been lost between two visits. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from opinion_lab.config import Source

#: What a source can be, the gravest first; `closed`: it does not want to be read (login, robots, captcha).
STATES = ("closed", "failing", "silent", "moved", "empty", "undated", "alive", "unvisited")
#: What a failure counts: hard ones stay until somebody does something, passing ones go by themselves, the rest half.
HARD = {
    "address",
    "kind",
    "private",
    "tls",
    "not_a_feed",
    "no_host",
    "proxy",
    "robots",
    "closed",
    "captcha",
    "shape_changed",
    "no_items",
}
PASSING = {"busy", "unreachable", "deadline", "robots_failed", "clock"}
CLOSED = {"robots", "closed", "captcha"}
BARRIERS = {"401", "403", "407", "451"}
#: Silent: nothing new for so many times its longest usual pause (19 of 20 are shorter), and a day at least; for a
#: source with fewer pauses than that, a week.
TIMES, PAUSES, QUIET, UNKNOWN_QUIET = 3, 5, timedelta(days=1), timedelta(days=7)
STATE: dict[str, Any] = {"source_id": pl.String, "state": pl.String, "since": pl.Datetime("us", "UTC")}
STATE |= {"fault": pl.String, "detail": pl.String, "last_good": pl.Datetime("us", "UTC")}
STATE |= {"last_new": pl.Datetime("us", "UTC"), "visits": pl.Int64, "items": pl.Int64, "moved_to": pl.String}
HOLE: dict[str, Any] = {"source_id": pl.String, "start": pl.Datetime("us", "UTC"), "end": pl.Datetime("us", "UTC")}
HOLE |= {"why": pl.String}


def overlap(items: pl.DataFrame, before: pl.DataFrame) -> int:
    """How many of the items (RawItem) of a visit were there at the visit before: by id, address, else title."""
    key = pl.coalesce("native_id", "url", "title").alias("key")
    return items.select(key).join(before.select(key).unique(), on="key", how="semi").height


def _weight(note: str | None) -> float:
    """What a failed visit counts, by its fault (`note` begins with the code)."""
    code, _, detail = (note or "").partition(" ")
    if code == "status":
        return 1.0 if detail.startswith("4") and detail != "429" else 0.25
    return 1.0 if code in HARD else 0.25 if code in PASSING else 0.5


def failures(visits: pl.DataFrame) -> float:
    """What the failures since the last good visit add up to. `visits`: those of one source, in order of time."""
    since = visits["status"].reverse().to_list()
    n = next((i for i, status in enumerate(since) if status != "failed"), len(since))
    return sum(map(_weight, visits.tail(n)["note"])) if n else 0.0


def states(sources: Sequence[Source], past: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """One row a source in the order of lab.toml (STATE): its state and since when, fault and detail of a failure.

    `past`: visits (Store.visits) of four weeks; visits and items are counted in these. `failing`: failures since the
    last good visit add up to one hard one.
    """
    visits = {source_id: rows.sort("at") for (source_id,), rows in past.partition_by("source_id", as_dict=True).items()}
    rows = [{"source_id": s.id} | _state(visits.get(s.id), now) for s in sources]
    return pl.DataFrame(rows, schema=STATE)


def _state(visits: pl.DataFrame | None, now: datetime) -> dict[str, Any]:
    if visits is None:
        return {"state": "unvisited"}
    good = visits.filter(pl.col("status") != "failed")
    fresh = good.filter(pl.col("shared").is_null() | (pl.col("shared") < pl.col("kept")), pl.col("kept") > 0)
    bad = visits.filter(pl.col("at") > good["at"].max()) if good.height else visits
    row: dict[str, Any] = {"last_good": good["at"].max(), "last_new": fresh["at"].max(), "visits": visits.height}
    row["items"] = int((pl.Series(fresh["kept"]) - fresh["shared"].fill_null(0)).sum())
    if bad.height:
        code, _, detail = (bad["note"][-1] or "").partition(" ")
        closed = code in CLOSED or (code == "status" and detail in BARRIERS)
        if closed or failures(visits) >= 1:
            state = "closed" if closed else "failing"
            return row | {"state": state, "since": bad["at"][0], "fault": code, "detail": detail}
    if good.is_empty():
        return row | {"state": "unvisited"}
    last = good.row(-1, named=True)
    if quiet := _silent(fresh, now):
        return row | {"state": "silent", "since": quiet}
    if last["moved_to"]:
        return row | {"state": "moved", "since": last["at"], "moved_to": last["moved_to"]}
    if last["kept"] == 0:
        return row | {"state": "empty", "since": last["at"]}
    if last["kept"] and last["undated"] == last["kept"]:
        return row | {"state": "undated", "since": last["at"]}
    return row | {"state": "alive"}


def _silent(fresh: pl.DataFrame, now: datetime) -> datetime | None:
    """Since when a source has had nothing new, where that is longer than its habit."""
    if fresh.is_empty():
        return None
    pauses = fresh["at"].diff().drop_nulls()
    usual = pauses.quantile(0.95) if len(pauses) >= PAUSES else None
    habit = max(TIMES * usual, QUIET) if isinstance(usual, timedelta) else UNKNOWN_QUIET
    last: datetime = fresh["at"][-1]
    return last if now - last > habit else None


def holes(past: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Stretches in which a source may have had items that nobody saw (HOLE), by source and start.

    `nothing_shared`: a visit had nothing in common with the last good one, so what stood between is gone; `failing`:
    no good visit since, as yet without an end (`end` is now).
    """
    rows: list[dict[str, Any]] = []
    for (source_id,), visits in past.partition_by("source_id", as_dict=True).items():
        visits = visits.sort("at")
        good = visits.filter(pl.col("status") != "failed")
        lost = good.with_columns(start=pl.col("at").shift()).filter(pl.col("shared") == 0, pl.col("kept") > 0)
        for start, end in lost.select("start", "at").drop_nulls().iter_rows():
            rows.append({"source_id": source_id, "start": start, "end": end, "why": "nothing_shared"})
        if good.height and visits["status"][-1] == "failed" and failures(visits) >= 1:
            rows.append({"source_id": source_id, "start": good["at"][-1], "end": now, "why": "failing"})
    return pl.DataFrame(rows, schema=HOLE).sort("source_id", "start")
