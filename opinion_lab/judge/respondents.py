"""Whom people complain of: the businesses, institutions and estates that their posts name, and how often."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import polars as pl

from opinion_lab.judge.deadlines import clocks
from opinion_lab.prepare.organisations.merging import organisations
from opinion_lab.rules.words import Organisations

WEEK = timedelta(days=7)
FEWEST = 2  # different posts from which a name is shown: what one post names may be misread


def complaints(posts: pl.DataFrame, orders: pl.DataFrame, table: Organisations) -> pl.DataFrame:
    """The posts without the work orders (post_id, request_type) that praise or ask to know."""
    others = orders.filter(pl.col("request_type").str.contains(table.praise))
    return posts.join(others, on="post_id", how="anti")


def of(posts: pl.DataFrame, table: Organisations, *, own: Collection[str] = ()) -> pl.DataFrame:
    """Each name that a complaint of the public has, once a post: post_id, day, name, kind, root.

    A copy names what the earliest of its like (`root`) names.

    A web post complains where it has one of the table's words. `own`: accounts by which the bureau itself speaks. A
    name is one for all its spellings in these posts.
    """
    text = pl.concat_str("title", "text", separator="\n", ignore_nulls=True)
    press = pl.col("author_kind").cast(pl.String) == "media"
    complains = (pl.col("kind").cast(pl.String) == "complaint") | text.str.contains(table.complaint)
    said = posts.filter(~clocks.official(own) & ~press & complains).sort("published_at", "post_id")
    said = said.with_columns(root=pl.coalesce("copy_of", "post_id"))
    first = said.unique("root", keep="first", maintain_order=True)
    found = organisations(first.select(text).to_series(), table).unique(
        ["row", "name"], keep="first", maintain_order=True
    )
    found = found.join(first.select("root", row=pl.int_range(pl.len())), on="row", maintain_order="left")
    found = found.select("root", "name", "kind").join(said.select("root", "post_id", "day"), on="root")
    return found.select("post_id", "day", "name", "kind", "root").sort("day", "post_id", maintain_order=True)


def tally(named: pl.DataFrame, *, day: date | None = None, fewest: int = FEWEST) -> pl.DataFrame:
    """The names of the week that ends with `day` (without one of all days), those of most posts first.

    Columns name, kind, posts (list of post_id), before (the week before, 0 without a `day`).
    """
    week = named if day is None else named.filter(pl.col("day").is_between(day - WEEK, day, closed="right"))
    found = week.group_by("name").agg(
        pl.col("kind").first(), posts=pl.col("post_id"), different=pl.col("root").n_unique()
    )
    last = named.filter(pl.col("day").is_between(day - 2 * WEEK, day - WEEK, closed="right")) if day else named.clear()
    found = found.join(last.group_by("name").agg(before=pl.col("post_id")), on="name", how="left")
    found = found.filter(pl.col("different") >= fewest).drop("different")
    return found.sort(pl.col("posts").list.len(), "name", descending=[True, False])
