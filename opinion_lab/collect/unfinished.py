"""Finishes what a stopped run left: captures whose bytes are there and whose rows were never read."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from opinion_lab import config
from opinion_lab.collect.parsers import entries, rows
from opinion_lab.collect.parsers.tables import exports, mapping as mappings
from opinion_lab.collect.web import worker
from opinion_lab.rules import Rules
from opinion_lab.storage.store import Store


def finish(store: Store) -> list[str]:
    """Read what was left unread, as it would have been read then; the captures that were.

    Left alone is what cannot be read that way any more: its source or mapping is gone or was changed.
    """
    done = []
    for capture in store.unread().iter_rows(named=True):
        try:
            parsed = _file(store, capture) if capture["mapping"] else _feed(store, capture)
        except rows.AheadOfClock:
            store.withdraw(capture["capture"])
        except OSError:
            raise
        except Exception:  # whatever a stranger wrote
            store.put_unreadable(capture["capture"])
        else:
            if parsed is None:
                continue
            counted = parsed.rows_in, parsed.encoding
            store.put_items(capture["capture"], parsed.items, parsed.dropped, rows_in=counted[0], encoding=counted[1])
        done.append(capture["capture"])
    return done


def _file(store: Store, capture: dict[str, Any]) -> rows.Parsed | None:
    mapping = None
    with suppress(config.LabError):
        mapping = mappings.load(*Rules(store.root).mapping(capture["mapping"].partition("@")[0]))
    if mapping is None or mapping.label != capture["mapping"]:
        return None
    body = store.raw_bytes(capture["capture"])
    return exports.parse(body, mapping, **_arrival(store, capture))


def _feed(store: Store, capture: dict[str, Any]) -> rows.Parsed | None:
    source = next((s for s in store.settings.sources if s.id == capture["source_id"]), None)
    if source is None:
        return None
    path, url = store.bytes_path(capture["capture"]), capture["url"] or ""
    given = worker.shared().ask_here("entries", path, capture["encoding"], url)
    return entries.items(given, source, url=url, **_arrival(store, capture))


def _arrival(store: Store, capture: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(capture["collected_at"])
    return {"capture": capture["capture"], "collected_at": at, "zone": store.settings.zone}
