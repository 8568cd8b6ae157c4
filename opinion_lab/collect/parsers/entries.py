"""Entries as a source gave them -> RawItem rows: ids, times, numbers. No I/O."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import config, schemas
from opinion_lab.collect.parsers import rows
from opinion_lab.collect.parsers.times import TIME, times

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: A time that is said to be Greenwich's.
GREENWICH = r"(?:\d\s*Z|\b(?:GMT|UTC|UT)|[+-]00:?00)\s*$"
#: Clocks differ by so much; an item further ahead of the visit has its zone wrong.
AHEAD = timedelta(minutes=10)
OFFICE_HOURS = range(8, 19)

#: Kinds that take the time of the visit later, where all is known of them (prepare.posts).
DATED_BY_VISIT = ("article", "board_entry")
ABOVE = ("parent", "root")
Entry = dict[str, Any]


def dated(entries: list[Entry], url: str = "", zone: ZoneInfo = SHANGHAI, at: datetime | None = None) -> list[Entry]:
    """Entries with `published_at`, aware, local to `zone` where none is named, and with whole addresses.

    None where an entry says no time, or none that can be read (3分钟前 can, with the moment of the visit, `at`).
    """
    read = times(
        pl.Series([e["time"] for e in entries], dtype=pl.String),
        zone,
        beside=pl.Series([at] * len(entries), dtype=TIME),
    )
    for entry, published in zip(entries, read, strict=True):
        entry["published_at"] = published
        try:
            entry["url"] = urljoin(url, entry["url"].strip()) if entry["url"] else None
        except ValueError:  # [ without its ]
            entry["url"] = None
    return entries


def items(
    entries: list[Entry], source: config.Source, *, capture: str, collected_at: datetime, zone: ZoneInfo, url: str = ""
) -> rows.Parsed:
    """Entries (of a parser's `read`) as RawItem rows of one source; those whose time cannot be read are left out.

    An id that several different entries share is none. An entry of a board is its title and address, month by month,
    so that one that is seen again is a sighting. Times
    that are local and called Greenwich's are read as local when items would come from the future, with a note. Raises
    rows.AheadOfClock.
    """
    entries = dated(entries, url, zone, collected_at)
    notes = _corrected(entries, source, collected_at, zone)
    names = {key: _shared(entries, key) for key in ("native_id", "url")}
    if shared := len(names["native_id"]):
        notes.append(
            {"what": "几条内容共用一个编号（guid），不当编号用", "n": shared, "example": min(names["native_id"])}
        )
    looked = times(pl.Series([e.get("seen") for e in entries], dtype=pl.String), zone, beside=None)
    given: list[dict[str, Any]] = []
    for position, (entry, seen) in enumerate(zip(entries, looked, strict=True), 1):
        native = next((entry[k] for k in ("native_id", "url") if entry[k] and entry[k] not in names[k]), None)
        at = min(seen or collected_at, collected_at)  # a board may say when it was looked at itself
        published = entry["published_at"]
        if source.kind == "board":
            native = f"{entry['title']}|{entry['url'] or ''}|{(published or at).astimezone(zone):%Y-%m}"
        unread = published is None and entry["time"] and source.kind != "board"
        beneath = entry.get("parent") is not None
        kind = entry.get("kind") or source.kind_of_post
        if published is None and not unread and kind not in DATED_BY_VISIT:
            published = at
            notes.append({"what": "没写时间，用了采集时间", "n": 1, "example": (entry["title"] or "")[:40]})
        given.append(
            {
                **{c: entry.get(c) for c in ("title", "text", "url", "region", "unit", "request_type")},
                "published_at": published,
                "capture": capture,
                "position": position,
                "source_id": source.id,
                "platform": source.platform,
                "kind": kind,
                **{c: _own(source, v) for c, v in (("native_id", native), *((k, entry.get(k)) for k in ABOVE))},
                "author": entry["author"] if beneath else source.author or entry["author"],
                "author_kind": entry.get("author_kind") or ("person" if beneath else source.author_kind),
                "collected_at": at,
                "reason": "时间读不懂" if unread else None,
                "detail": entry["time"][:40] if unread else None,
            }
        )
    for count in schemas.COUNTS:
        read = rows.counts(pl.Series([e.get(count) for e in entries], dtype=pl.String))
        for row, n in zip(given, read, strict=True):
            row[count] = n
    return rows.parsed(given, capture=capture, format=source.kind, notes=rows.summed(notes))


def _own(source: config.Source, native: str | None) -> str | None:
    """An id that is no address counts within its source alone; a board's counts for the whole platform."""
    return native if not native or "://" in native or source.kind == "board" else f"{source.id}/{native}"


def _shared(entries: list[Entry], key: str) -> set[str]:
    """Values of `key` under which entries with different titles and different times stand."""
    seen: dict[str, set[tuple[Any, Any]]] = {}
    for e in entries:
        if e[key]:
            seen.setdefault(e[key], set()).add((e["title"], e["time"]))
    return {v for v, said in seen.items() if min(len({t for t, _ in said}), len({t for _, t in said})) > 1}


def _corrected(entries: list[Entry], source: config.Source, now: datetime, zone: ZoneInfo) -> rows.Notes:
    """Take Greenwich for local where the source is known to mean that, or must; propose it where it may."""
    labelled = [e for e in entries if e["published_at"] and re.search(GREENWICH, e["time"])]
    if not labelled or source.times == "labelled":
        return []
    local = [e["published_at"].replace(tzinfo=zone) for e in labelled]
    future = sum(e["published_at"] > now + AHEAD for e in labelled)
    if source.times == "local" or (future and max(local) <= now + AHEAD):
        for entry, moment in zip(labelled, local, strict=True):
            entry["published_at"] = moment
        if source.times == "local":
            return []
        what = (
            "时间标着格林尼治（GMT、Z），却晚于采集的时刻，已按当地时间读；"
            f'请在 lab.toml 的来源 {source.id} 里加一行 times = "local"（确是格林尼治时间的，写 "labelled"）'
        )
        return [{"what": what, "n": future, "example": labelled[0]["time"]}]
    as_said = sum(e["published_at"].astimezone(zone).hour in OFFICE_HOURS for e in labelled) / len(labelled)
    as_local = sum(moment.hour in OFFICE_HOURS for moment in local) / len(labelled)
    if len(labelled) >= 8 and as_local >= 0.9 and as_said <= 0.5:
        what = (
            "时间标着格林尼治（GMT、Z），但按当地时间看才都在上班时间，可能标错；"
            f'查实后在 lab.toml 的来源 {source.id} 里加一行 times = "local"（没标错的，写 "labelled"）'
        )
        return [{"what": what, "n": len(labelled), "example": labelled[0]["time"]}]
    return []
