"""Work orders of a brief in frames: by type and unit, what is open, overdue, dissatisfied and repeated.

An order's result is the unit's answer to one caller: it is counted, and never taken for a statement to the public.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from opinion_lab.prepare.relevance import BUREAU

DISSATISFIED = "不满|不认可|不认同"
UNNAMED = "未注明"


def of(posts: pl.DataFrame, orders: pl.DataFrame, *, today: pl.Expr, until: datetime) -> pl.DataFrame:
    """The orders among `posts` (Post), one row each: Post and Order columns, and what can be said of each by `until`.

    today, ours (the unit is the bureau, or none is named), closed, late (closed after its term, or open beyond it;
    null without a term), dissatisfied (null where nobody was asked), repeated (it says what an earlier one said).
    """
    told = posts.join(orders.drop("day", "capture"), on="post_id")
    closed = (pl.col("closed_at") <= until).fill_null(False)
    return told.with_columns(
        pl.col("unit", "request_type").fill_null(UNNAMED),
        today=today,
        ours=pl.col("unit").str.contains(BUREAU).fill_null(True),
        closed=closed,
        planned=(pl.col("closed_at") > until).fill_null(False),
        late=pl.when(closed).then(pl.col("closed_at") > pl.col("due_at")).otherwise(pl.col("due_at") < until),
        dissatisfied=pl.col("satisfied").str.contains(DISSATISFIED),
        repeated=pl.col("copy_of").is_not_null(),
    )


def tally(orders: pl.DataFrame, by: str) -> pl.DataFrame:
    """The orders (of) by type or unit, the most first: lists of post_ids today, whole, open, late, bad and again."""
    ids, flag = pl.col("post_id"), pl.col
    return (
        orders.group_by(pl.col(by).alias("name"))
        .agg(
            today=ids.filter(flag("today")),
            whole=ids,
            open=ids.filter(~flag("closed")),
            late=ids.filter(flag("late").fill_null(False)),
            bad=ids.filter(flag("dissatisfied").fill_null(False)),
            again=ids.filter(flag("repeated")),
        )
        .sort(pl.col("whole").list.len(), "name", descending=[True, False])
    )
