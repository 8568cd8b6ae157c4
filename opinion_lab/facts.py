"""Why something is so, as a rule and its numbers: `report.wording` makes the sentence."""

from __future__ import annotations

from typing import Any

import dataframely as dy

#: What was measured and what it is held to (`share` to `least`), then what a table or a person calls it (`about` an id
#: in the table: a red line, a dimension, a step) and the level that the rule gives.
NUMBERS, WORDS = ("value", "threshold", "share", "least", "points", "hours"), ("about", "name", "detail", "level")


def facts() -> dy.List:
    """A column of facts: each `rule` is a code, what is not given is null."""
    columns = {"rule": dy.String()} | {c: dy.String(nullable=True) for c in WORDS}
    numbers = {c: dy.Float64(nullable=True) for c in NUMBERS}
    at = dy.Datetime(time_unit="us", time_zone="UTC", nullable=True)
    return dy.List(dy.Struct(columns | numbers | {"at": at}))


def fact(rule: str, **values: object) -> dict[str, Any]:
    """One fact as a row of `reasons` or `why` holds it."""
    numbers = {c: float(v) for c, v in values.items() if isinstance(v, int | float)}
    return {"rule": rule} | dict.fromkeys((*WORDS, *NUMBERS, "at")) | values | numbers
