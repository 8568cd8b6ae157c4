"""The bureau's own work orders as cases: what the hotline's file says of each, as lines of history."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
import polars as pl

from opinion_lab.analyse.stories.description import heading, shortened
from opinion_lab.cases.states import ORDER
from opinion_lab.prepare.relevance import BUREAU

HOTLINE = "12345"
#: What a file calls contentment, the longest first.
SATISFIED = {"不满|不认可|不认同": "不满意", "基本": "基本满意", "满意|认可|认同": "满意"}
FILE = "热线工单表"


def lines(orders: pl.DataFrame) -> list[dict[str, Any]]:
    """What orders (Post and Order columns) say of themselves: post_id, year, register (a line), told (lines after it).

    A closing that is planned for later is a line of that hour, and counts from then on.
    """
    contented = pl.lit(None, pl.String)
    for pattern, word in reversed(SATISFIED.items()):
        contented = pl.when(pl.col("satisfied").str.contains(pattern)).then(pl.lit(word)).otherwise(contented)
    rows = orders.with_columns(said=heading(), contented=contented).sort("published_at", "post_id")
    rows = rows.with_columns(shortened("said"))
    return [_line(row) for row in rows.iter_rows(named=True)]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    formal = "12315" in row["platform"]
    kind = ("report_12315" if "举报" in (row["request_type"] or "") else "complaint_12315") if formal else "order_12345"
    received = row["accepted_at"] or row["published_at"]
    post_id, unit = row["post_id"], row["unit"]
    # handed to the bureau as a whole, it still waits for a section of it
    whole = unit is None or bool(re.search(f"(?:{BUREAU}).*局$", unit))
    begun = {"kind": kind, "origin": "order", "title": row["said"], "posts": [post_id], "order_no": row["order_no"]}
    assigned = {"state": "pending" if whole else "assigned", "lead": unit, "due": _text(row["due_at"])}
    told = [(received, assigned | {"assigned_at": None if whole else _text(row["accepted_at"])})]
    if row["closed_at"]:
        closing = {"state": "closed", "closed_at": _text(row["closed_at"]), "feedback": row["result"]}
        told.append((max(received, row["closed_at"]), closing | {"satisfied": row["contented"]}))
    base = {"who": FILE, "at": received}
    return {
        "post_id": post_id,
        "year": received.year,
        "register": {**base, "event": "register", "details": begun, "once": f"order:{post_id}"},
        "told": [
            {**base, "event": ORDER, "at": at, "details": details, "once": _key(post_id, details)}
            for at, details in told
        ],
    }


def _key(post_id: str, details: Mapping[str, Any]) -> str:
    """By what a line is known: the same file read again adds nothing."""
    digest = hashlib.sha256(orjson.dumps(details, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    return f"order:{post_id}:{digest}"


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="microseconds") if moment else None
