"""Work orders in a sentence: how many, how they fare, and what the file does not say."""

from __future__ import annotations

import polars as pl

from opinion_lab.report.wording import phrases


def summary(orders: pl.DataFrame) -> str:
    """How many orders (documents.orders.of) there are, of the bureau, closed, overdue, dissatisfied and repeated."""
    n, ours, closed = orders.height, int(orders["ours"].sum()), int(orders["closed"].sum())
    parts = [f"四周工单{phrases.number(n)}件" + (f"，其中派到本局{phrases.number(ours)}件" if ours < n else "")]
    parts.append(f"已办结{phrases.number(closed)}件，未办结{phrases.number(n - closed)}件")
    if asked := orders.drop_nulls("satisfied").height:
        said = orders["satisfied"].drop_nulls().value_counts(name="n").sort("n", "satisfied", descending=[True, False])
        parts.append(f"回访{phrases.number(asked)}件：" + "、".join(f"{word}{k}件" for word, k in said.iter_rows()))
    if again := int(orders["repeated"].sum()):
        parts.append(f"与更早的工单内容重复{phrases.number(again)}件")
    if orders["due_at"].null_count() == n:
        parts.append("文件没有写办理期限，超期无从判断")
    else:
        parts.append(f"超期{phrases.number(int(orders['late'].fill_null(False).sum()))}件")
    if planned := int(orders["planned"].sum()):
        parts.append(f"{planned}件的办结时间晚于最后一条数据，按未办结算")
    return "；".join(parts) + "。"
