"""Complaints about the bureau's own people and service: how many of each kind, never who said it nor of whom."""

from __future__ import annotations

import polars as pl

from opinion_lab.rules.handling import Conduct


def count(posts: pl.DataFrame, table: Conduct) -> pl.DataFrame:
    """category, name, to, n (public posts, repetitions left out) and orders (of these work orders), the most first.

    A post counts once a category, where one of its sentences names the bureau and says what the category is about.
    """
    said = pl.concat_str("title", "text", separator="。", ignore_nulls=True)
    own_words = pl.col("copy_of").is_null() & pl.col("author_kind").is_in(["person", "unknown"])
    sentences = posts.filter(own_words).select(
        "post_id",
        order=pl.col("kind") == "complaint",
        sentence=said.str.replace_all("[！？!?\n]", "。").str.split("。"),
    )
    sentences = sentences.explode("sentence").filter(pl.col("sentence").str.contains_any(list(table.bureau)))
    rows = [
        (c.id, c.name, c.to, hits["post_id"].n_unique(), hits.filter("order")["post_id"].n_unique())
        for c in table.category
        for hits in (sentences.filter(pl.col("sentence").str.contains(c.pattern)),)
    ]
    schema = {**dict.fromkeys(("category", "name", "to"), pl.String()), "n": pl.Int64(), "orders": pl.Int64()}
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .filter(pl.col("n") > 0)
        .sort("n", "category", descending=[True, False])
    )
