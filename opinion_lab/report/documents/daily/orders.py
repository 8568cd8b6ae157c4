"""Work orders of a brief in frames: by type and unit, what is open, overdue, dissatisfied and repeated.

An order's result is the unit's answer to one caller: it is counted, and never taken for a statement to the public.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from opinion_lab.prepare.relevance import BUREAU
from opinion_lab.report.wording import phrases

DISSATISFIED = "不满|不认可|不认同"
UNNAMED = "未注明"
#: What cannot be told where a file does not have the column.
LACKING = {"closed_at": "办结时间，是否办结无从判断", "due_at": "办理期限，超期无从判断"}


def unsaid(orders: pl.DataFrame) -> set[str]:
    """The columns in which no order says anything."""
    return {c for c in ("closed_at", "due_at", "satisfied") if orders[c].null_count() == orders.height}


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


def summary(orders: pl.DataFrame) -> str:
    """How many orders (of) there are, of the bureau, closed, overdue, dissatisfied and repeated."""
    n, ours, closed = orders.height, int(orders["ours"].sum()), int(orders["closed"].sum())
    parts = [f"四周工单{phrases.number(n)}件" + (f"，其中派到本局{phrases.number(ours)}件" if ours < n else "")]
    if "closed_at" not in unsaid(orders):
        parts.append(f"已办结{phrases.number(closed)}件，未办结{phrases.number(n - closed)}件")
    if asked := orders.drop_nulls("satisfied").height:
        said = orders["satisfied"].drop_nulls().value_counts(name="n").sort("n", "satisfied", descending=[True, False])
        parts.append(f"回访{phrases.number(asked)}件：" + "、".join(f"{word}{k}件" for word, k in said.iter_rows()))
    if again := int(orders["repeated"].sum()):
        parts.append(f"与更早的工单内容重复{phrases.number(again)}件")
    if "due_at" not in unsaid(orders):
        parts.append(f"超期{phrases.number(int(orders['late'].fill_null(False).sum()))}件")
    if lacking := [what for column, what in LACKING.items() if column in unsaid(orders)]:
        parts.append("文件没有写" + "；没有写".join(lacking))
    if planned := int(orders["planned"].sum()):
        parts.append(f"{planned}件的办结时间晚于最后一条数据，按未办结算")
    return "；".join(parts) + "。"
