"""Finishes what a stopped run left: captures whose bytes are there and whose rows were never read."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from opinion_lab import config
from opinion_lab.collect import links, reading
from opinion_lab.collect.parsers import rows
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
            whole = _imported(store, capture) if capture["mapping"] else _visited(store, capture)
        except rows.AheadOfClock:
            store.withdraw(capture["capture"])
        except OSError:
            raise
        except Exception:  # whatever a stranger wrote
            store.put_unreadable(capture["capture"])
        else:
            if not whole:
                continue
        done.append(capture["capture"])
    return done


def _imported(store: Store, capture: dict[str, Any]) -> bool:
    """Whether a file was read: not when its mapping is gone or was changed."""
    mapping = None
    with suppress(config.LabError):
        mapping = mappings.load(*Rules(store.root).mapping(capture["mapping"].partition("@")[0]))
    if mapping is None or mapping.label != capture["mapping"]:
        return False
    own, at = capture["capture"], datetime.fromisoformat(capture["collected_at"])
    parsed = exports.parse(store.raw_bytes(own), mapping, capture=own, collected_at=at, zone=store.settings.zone)
    store.put_items(own, parsed.items, parsed.dropped, rows_in=parsed.rows_in, encoding=parsed.encoding)
    return True


def _visited(store: Store, capture: dict[str, Any]) -> bool:
    """Whether what a source gave was read: not when the source is there no more."""
    source = next((s for s in store.settings.sources if s.id == capture["source_id"]), None)
    if source is None:
        return False
    role = capture["role"] or reading.LISTING
    how, options = reading.reader(source, role, links.of(store, source.id, capture["name"]))
    path, url = store.bytes_path(capture["capture"]), capture["url"] or ""
    found = worker.shared().ask_here("entries", path, how, capture["encoding"], url, options)
    at = datetime.fromisoformat(capture["collected_at"])
    reading.keep(store, source, capture | {"role": role, "url": url}, found, at)
    return True
