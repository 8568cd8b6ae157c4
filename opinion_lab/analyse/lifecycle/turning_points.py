"""The posts at which a story turned: its first, official answers, the most passed on, and the one before its leap."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from opinion_lab.analyse.cascades.shape import carriers

HOURS = timedelta(hours=6)  # before and after a post that are held against each other


def turning_points(posts: pl.DataFrame, edges: pl.DataFrame, *, most: int = 3) -> pl.DataFrame:
    """post_id, published_at, role (first, statement, carried, leap), before, after (post_ids of six hours), in order.

    `carried`: the `most` posts with most below them; `leap`: the original first said in the hour in which most came
    that had not come the hour before. A post with several roles has the first of these.
    """
    ordered = posts.sort("published_at", "post_id")
    roles = [ordered.head(1).select("post_id", role=pl.lit("first"))]
    roles.append(ordered.filter(pl.col("kind") == "statement").select("post_id", role=pl.lit("statement")))
    roles.append(carriers(posts, edges, most=most).select("post_id", role=pl.lit("carried")))
    hourly = ordered.group_by_dynamic("published_at", every="1h").agg(
        n=pl.len(), post_id=pl.col("post_id").filter(pl.col("copy_of").is_null()).first()
    )
    hourly = hourly.upsample("published_at", every="1h").with_columns(pl.col("n").fill_null(0))
    leap = hourly.with_columns(more=pl.col("n") - pl.col("n").shift().fill_null(0)).sort("more", descending=True)
    roles.append(leap.drop_nulls("post_id").head(1).select("post_id", role=pl.lit("leap")))
    found = pl.concat(roles).unique("post_id", keep="first", maintain_order=True)
    found = found.join(ordered.select("post_id", "published_at"), on="post_id").sort("published_at", "post_id")
    times = ordered.select("post_id", "published_at")
    spans = [("before", -HOURS, timedelta(0)), ("after", timedelta(0), HOURS)]
    columns = [
        pl.Series(
            name,
            [
                times.filter(pl.col("published_at").is_between(at + a, at + b, closed="left"))["post_id"].to_list()
                for at in found["published_at"]
            ],
            dtype=pl.List(pl.String),
        )
        for name, a, b in spans
    ]
    return found.select("post_id", "published_at", "role").with_columns(columns)
