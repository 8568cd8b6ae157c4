"""Deadlines in sentences: what was measured, how the term was kept, what a person must look up (Clock)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.wording.phrases import sentence


def name(clock: Mapping[str, Any]) -> str:
    """What a deadline is called, with the count of a follow-up, or that it is the regulator's own answer."""
    more = [sentence("clock_name", f) for f in clock["why"] if f["rule"] in ("follow_up", "regulator")]
    return clock["what"] + "".join(more[:1])


def note(clock: Mapping[str, Any], *, zone: tzinfo) -> str:
    """One deadline's findings in a row."""
    parts = [sentence("clock", f, zone=zone) for f in clock["why"]]
    return "；".join(p for p in parts if p) + "。"


def table(clocks: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """Clocks (Clock) as people read them: `what` and `note` in words, the other columns as they are."""
    rows = clocks.to_dicts()
    what, notes = [name(r) for r in rows], [note(r, zone=zone) for r in rows]
    return clocks.drop("why").with_columns(
        what=pl.Series(what, dtype=pl.String), note=pl.Series(notes, dtype=pl.String)
    )


def unknown(clocks: pl.DataFrame, *, zone: tzinfo) -> str:
    """Which deadlines posts cannot tell, in one line, and why others do not apply; empty when all can be told."""
    names = clocks.filter(pl.col("state") == "unknown").to_dicts()
    apart = [f for row in names for f in row["why"] if f["rule"] == "orders_alone"]
    rows = [name(row) for row in names if not any(f in apart for f in row["why"])]
    said = f"另有{len(rows)}项从帖文里判断不了，请查台账：{'；'.join(dict.fromkeys(rows))}。" if rows else ""
    return said + "".join(sentence("clock", f, zone=zone) + "。" for f in apart[:1])
