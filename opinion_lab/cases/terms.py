"""When a case is due: the bureau's own term beside the law's, in working days of the Chinese calendar."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

import polars as pl

from opinion_lab.judge.deadlines import clocks
from opinion_lab.rules.handling import CaseKind

TIME = pl.Datetime("us", "UTC")


def of(kind: CaseKind, received: datetime, assigned: datetime, rules: pl.DataFrame, zone: tzinfo) -> dict[str, Any]:
    """`due` (from assigning), `legal_due` (the nearest, from receiving), `basis` (rule ids), times as text.

    A web post is no formal complaint (总局令第121号 art. 8): its kind names no legal term.
    """
    table = {row["id"]: row for row in clocks.in_force(rules, received.astimezone(zone).date()).to_dicts()}
    legal = [(clocks.due(row, received, zone=zone), i) for i, row in table.items() if row["applies"] in kind.legal]
    nearest = min(((last, i) for last, i in legal if last), default=None)
    internal = table.get(kind.internal)
    last = clocks.due(internal, assigned, zone=zone) if internal else None
    basis = [i for i in (kind.internal if last else None, nearest[1] if nearest else None) if i]
    return {
        "due": last.isoformat(timespec="microseconds") if last else None,
        "legal_due": nearest[0].isoformat(timespec="microseconds") if nearest else None,
        "basis": basis,
    }


def standing(cases: pl.DataFrame, now: datetime, open_states: list[str]) -> pl.DataFrame:
    """Cases with: open, last_day (the earlier of both terms), late, legal_late, `left` until then (negative: late by).

    The bureau's own term is kept by the section's feedback, or where a file told nothing else by the closing; `late` is
    null for a case without a term. `legal_late`: still unanswered beyond a statutory term, which a person must look up.
    """
    waits = pl.col("state").is_in(open_states)
    done = pl.coalesce("feedback_at", "answered_at", "closed_at")
    at = pl.lit(now).cast(TIME)
    return cases.with_columns(
        open=waits,
        last_day=pl.min_horizontal("due", "legal_due"),
        late=pl.when(done.is_not_null()).then(done > pl.col("due")).when(waits).then(pl.col("due") < at),
        legal_late=(waits & pl.col("answered_at").is_null() & (pl.col("legal_due") < at)).fill_null(False),
        left=pl.when(waits & done.is_null()).then(pl.min_horizontal("due", "legal_due") - at),
    )
