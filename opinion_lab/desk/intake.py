"""Work orders that came in become cases; the same file read again adds nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import polars as pl

from opinion_lab.cases import orders
from opinion_lab.storage.journal import cases
from opinion_lab.storage.store import Store

#: Which days of work orders were taken in, as they were then.
TAKEN_IN = "orders_as_cases"


def waiting(store: Store) -> bool:
    """Whether days of work orders have changed since they were taken in."""
    return store.value(TAKEN_IN) != _states(store) and bool(store.days("orders"))


def take_in(store: Store) -> None:
    """Make cases of the work orders of days that changed, and write down what their file says of them now."""
    if not waiting(store):
        return
    before, current = orjson.loads(store.value(TAKEN_IN) or "{}"), _states(store)
    changed = [day for day in store.days("orders") if before.get(f"{day}") != orjson.loads(current)[f"{day}"]]
    said = [
        store.day("orders", day).drop("day", "capture").join(store.day("posts", day), on="post_id") for day in changed
    ]
    lines, now = orders.lines(pl.concat(said)), datetime.now(UTC)
    for year in sorted({line["year"] for line in lines}):
        of_year = [line for line in lines if line["year"] == year]
        names = cases.add_numbered(store.root, f"{year}", [line["register"] for line in of_year], now=now)
        told = [row | {"subject": name} for name, line in zip(names, of_year, strict=True) for row in line["told"]]
        cases.add_once(store.root, told, now=now)
    store.put_value(TAKEN_IN, current)


def _states(store: Store) -> str:
    return orjson.dumps({f"{day}": store.state("orders", day) for day in store.days("orders")}).decode()
