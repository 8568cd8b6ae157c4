"""Real texts that were labelled by reading: their labels lie in tests/fixtures/labels, the texts in the shared data."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.benchmarks.harness import SHARED

LABELS = Path(__file__).parents[1] / "fixtures" / "labels"
#: file -> its columns of id, title and text
SOURCES = {
    "gov_messages/messages": ("留言编号", "留言主题", "留言详情"),
    "gov_messages/labelled": ("留言编号", "留言主题", "留言详情"),
    "gov_messages/replies": ("留言编号", "留言主题", "留言详情"),
    "gov_routing": ("id", "title", None),
    "dongguan_orders": ("order_no", "title", "content"),
    "heimao_demands": ("id", "title", "detail"),
    "weibo_event_stance": ("post_id", None, "text"),
    "food_review_hazard": ("id", None, "text"),
}
FILES = {
    "gov_routing": "gov_routing/routing.csv",
    "dongguan_orders": "dongguan_orders/orders.csv",
    "heimao_demands": "heimao_demands/heimao.csv",
    "weibo_event_stance": "weibo_event_stance/posts.csv.gz",
    "food_review_hazard": "food_review_hazard/food_review_hazard.csv",
}


def read(source: str) -> pl.DataFrame:
    """A shared source: source, id, title, text, and its other columns."""
    frame = pl.read_csv(SHARED / FILES.get(source, f"{source}.csv"), infer_schema=False)
    key, title, text = SOURCES[source]

    def tidy(column: str | None) -> pl.Expr:
        said = pl.col(column) if column else pl.lit("")
        return said.fill_null("").str.replace_all(r"\s+", " ").str.strip_chars()

    made = frame.select(pl.lit(source).alias("source"), id=pl.col(key), title=tidy(title), text=tidy(text))
    return pl.concat([made, frame.drop("source", "id", "title", "text", strict=False)], how="horizontal").unique(
        "id", keep="last", maintain_order=True
    )


def of(name: str) -> pl.DataFrame:
    """The labels of a set, with title and text."""
    labels = pl.read_csv(LABELS / f"{name}.csv", infer_schema=False)
    texts = pl.concat([read(s).select("source", "id", "title", "text") for s in labels["source"].unique().sort()])
    return labels.join(texts, on=["source", "id"], how="left", maintain_order="left")
