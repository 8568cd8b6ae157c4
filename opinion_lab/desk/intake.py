"""Work orders that came in become cases; the same file read again adds nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import orjson
import polars as pl

from opinion_lab.cases import orders
from opinion_lab.storage.journal import cases
from opinion_lab.storage.store import Store

#: Under what the history says which days of work orders were taken in, as they were then.
ORDERS = "orders"


def waiting(store: Store) -> bool:
    """Whether days of work orders have changed since they were taken in."""
    return bool(_changed(store))


def take_in(store: Store) -> None:
    """Make cases of the work orders of days that changed, and write down what their file says of them now."""
    if not (changed := _changed(store)):
        return
    current = _states(store)
    said = [store.day("orders", d).drop("day", "capture").join(store.day("posts", d), on="post_id") for d in changed]
    lines, now = orders.lines(pl.concat(said)), datetime.now(UTC)
    for year in sorted({line["year"] for line in lines}):
        of_year = [line for line in lines if line["year"] == year]
        names = cases.add_numbered(store.root, f"{year}", [line["register"] for line in of_year], now=now)
        told = [row | {"subject": name} for name, line in zip(names, of_year, strict=True) for row in line["told"]]
        cases.add_once(store.root, told, now=now)
    cases.change(store.root, ORDERS, lambda _: (ORDERS, current), who=orders.FILE, at=now, now=now)


def _changed(store: Store) -> list[date]:
    """The days of work orders that are not as they were when they were taken in."""
    if not (days := store.days("orders")):
        return []
    lines = cases.read(store.root, ORDERS)
    before = orjson.loads(lines["details"][-1]) if lines.height else {}
    current = _states(store)
    return [day for day in days if before.get(f"{day}") != current[f"{day}"]]


def _states(store: Store) -> dict[str, str]:
    return {f"{day}": store.state("orders", day) for day in store.days("orders")}
