"""The plan of a story: what its level and its kinds of incident ask of whom and until when, and what was done of it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl

from opinion_lab.rules.grades import Grades
from opinion_lab.rules.handling import PlanKind, Plans

TICK = "measure"
#: One measure of a story's plan: `measure_id` is of its words, so that a tick stays with what was ticked; `of` the
#: level (Ⅱ) or kind (food) that asks for it; `done_at`, `by` (an office), `note` where it was ticked.
PLAN: dict[str, Any] = {
    **dict.fromkeys(("measure_id", "of", "name", "who", "what"), pl.String()),
    "due": pl.Datetime("us", "UTC"),
    "done_at": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("by", "note", "source"), pl.String()),
}


def kinds(posts: pl.DataFrame, plans: Plans) -> list[PlanKind]:
    """The kinds of incident that a story is of, by the share of its posts that hold their words.

    Posts of their own alone: a repost or a comment names what it answers in other words, or not at all.
    """
    own = posts.filter(pl.col("copy_of").is_null() & ~pl.col("kind").cast(pl.String).is_in(["repost", "comment"]))
    said = own.select(pl.concat_str("title", "text", ignore_nulls=True))[:, 0]
    return [k for k in plans.kind if len(said) and said.str.contains_any(list(k.words)).sum() >= k.least * len(said)]


def begun(posts: pl.DataFrame, reached: datetime, hours: timedelta) -> datetime:
    """The first post within `hours` before a level was reached: what one caller said weeks before asked for nothing."""
    first = posts.filter(pl.col("published_at") >= reached - hours)["published_at"].min()
    assert isinstance(first, datetime)
    return first


def of(
    level: str, found: list[PlanKind], grades: Grades, start: datetime, ticks: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The measures (PLAN) of a level and of kinds; `ticks`: the lines of history of the story, the last one counts."""
    rows = [_row(level, level, m.who, m.what, None, m.source, start) for m in grades.measure if m.level == level]
    rows += [_row(k.id, k.name, m.who, m.what, m.hours, m.source, start) for k in found for m in k.measure]
    plan = pl.DataFrame(rows, schema={c: t for c, t in PLAN.items() if c not in ("done_at", "by", "note")})
    made = [
        (details.get("measure_id"), row["at"], row["who"], details.get("note"))
        for row in (ticks.filter(pl.col("event") == TICK).iter_rows(named=True) if ticks is not None else ())
        for details in (orjson.loads(row["details"]),)
    ]
    done = pl.DataFrame(made, schema={c: PLAN[c] for c in ("measure_id", "done_at", "by", "note")}, orient="row")
    done = done.unique("measure_id", keep="last", maintain_order=True)
    return plan.join(done, on="measure_id", how="left", maintain_order="left").select(list(PLAN))


def _row(of: str, name: str, who: str, what: str, hours: float | None, source: str, start: datetime) -> dict[str, Any]:
    number = f"m_{hashlib.sha256(f'{who}：{what}'.encode()).hexdigest()[:6]}"
    due = start + timedelta(hours=hours) if hours else None
    return {"measure_id": number, "of": of, "name": name, "who": who, "what": what, "due": due, "source": source}
