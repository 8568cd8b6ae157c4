"""Visits sources: raw first, then rows, then the ledger. Running it twice adds nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from tqdm import tqdm

from opinion_lab import config
from opinion_lab.collect import client, importer, visits
from opinion_lab.collect.parsers import feeds, rows
from opinion_lab.storage.store import Store

VISITED: dict[str, Any] = {"source_id": pl.String, "outcome": pl.String, "why": pl.String}
VISITED |= {c: importer.IMPORTED[c] for c in ("rows_in", "kept", "dropped", "reasons", "notes")}

#: What a source's `kind` is parsed by.
PARSERS = {"feed": feeds.items}


def collect(store: Store, *, now: datetime, only: str | None = None) -> pl.DataFrame:
    """Visit the sources that are due, bytes first, then rows; one source's failure stops no other.

    Returns one row a visit: source_id, outcome (有新内容|无变化|失败), why, rows_in, kept, dropped, and as of an import
    reasons and notes.
    Raises LabError when `only` names no source.
    """
    sources = [s for s in store.settings.sources if only in (None, s.id)]
    if only is not None and not sources:
        known = "、".join(s.id for s in store.settings.sources)
        raise config.LabError(f"lab.toml 里没有来源 {only}。现有：{known}。")
    past = store.visits()
    last = dict(past.group_by("source_id").agg(pl.col("at").max()).iter_rows())
    waiting = [(s, "指定采集") for s in sources] if only else visits.due(sources, last, now)
    done = []
    with client.Client(store.settings.collect) as http:
        for source, why in tqdm(waiting, desc="采集", unit="个来源", leave=False, disable=len(waiting) < 2):
            row = {"source_id": source.id, "why": why, "rows_in": None, "kept": None, "dropped": None}
            try:
                parsed = _visit(store, http, source, past.filter(pl.col("source_id") == source.id), now)
            except config.LabError as error:
                store.put_visit(source.id, now, "失败", note=str(error))
                done.append(row | {"outcome": "失败", "why": str(error)})
                continue
            if parsed is None:
                done.append(row | {"outcome": "无变化"})
            else:
                counts = {"rows_in": parsed.rows_in, "kept": parsed.items.height, "dropped": parsed.dropped.height}
                told = {"reasons": importer.reasons(parsed.dropped), "notes": parsed.notes.to_dicts()}
                done.append(row | counts | told | {"outcome": "有新内容"})
    return pl.DataFrame(done, schema=VISITED)


def _visit(
    store: Store, http: client.Client, source: config.Source, past: pl.DataFrame, now: datetime
) -> rows.Parsed | None:
    """One visit: None when nothing has changed since the last good one."""
    if source.kind not in PARSERS:
        raise config.LabError(f"来源 {source.id} 的 kind = {source.kind!r} 不认识，只能是 {'、'.join(PARSERS)}。")
    good = past.filter(pl.col("status") != "失败").tail(1)
    known = good.row(0, named=True) if good.height else {"etag": None, "last_modified": None}
    answer = http.get(source.url, etag=known["etag"], last_modified=known["last_modified"])
    if answer.status == 304:
        store.put_visit(source.id, now, "无变化", tags=known)
        return None
    said = {"etag": answer.etag, "last_modified": answer.last_modified}
    name = urlsplit(source.url).path.rsplit("/", 1)[-1] or source.id
    capture = store.put_raw(answer.body, source_id=source.id, name=name, url=answer.url, collected_at=now)
    if not capture.new and store.has_items(capture.capture):
        store.put_visit(source.id, now, "无变化", capture=capture.capture, tags=said)
        return None
    parsed = PARSERS[source.kind](
        answer.body,
        source,
        capture=capture.capture,
        collected_at=now,
        zone=store.settings.zone,
        charset=answer.charset,
        url=answer.url,
    )
    store.put_items(capture.capture, parsed.items, parsed.dropped, rows_in=parsed.rows_in, encoding=parsed.encoding)
    store.put_visit(source.id, now, "有新内容", capture=capture.capture, tags=said)
    return parsed
