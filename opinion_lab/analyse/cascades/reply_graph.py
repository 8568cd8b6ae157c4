"""Posts -> who passed on whom: one parent each, how it is known, and no circles."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab import schemas

Ints = NDArray[np.int64]


def edges(posts: pl.DataFrame) -> pl.DataFrame:
    """Which post passed on which (Edge): each child has one parent, and no circles.

    `known_by` says how: `parent`, the platform said so; `chain`, the nearest name in the 转发 text whose latest earlier
    post in the same cascade is here; `root`, the nearer parent was never collected and only the root is known. `delay`
    is null where the parent's time is unknown or later than the child's. Links that close a circle are left out, at the
    earliest post of each circle.
    """
    me = pl.col("post_id")
    columns = ["post_id", "parent_id", "root_id", "author_id", "chain", "published_at"]
    rows = posts.select(columns).unique("post_id").sort("published_at", "post_id").with_row_index("row")
    rows = rows.with_columns(
        parent=pl.when(pl.col("parent_id") != me).then("parent_id"),
        root=pl.when(pl.col("root_id") != me).then("root_id"),
    )
    known = rows.select(me.alias("id"), pl.col("published_at").alias("then"))
    here = known.select(parent="id", has_parent=pl.lit(True))
    rows = rows.join(here, on="parent", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("has_parent").fill_null(False))
    nearest = _by_chain(rows)
    rows = rows.join(nearest, on="post_id", how="left", maintain_order="left")
    parent, root = pl.col("parent"), pl.col("root")
    # a child that names its root alone, and nobody between, hangs on it directly
    direct = parent.is_null() & (pl.col("chain").list.len().fill_null(0) == 0)
    choices = [
        (parent.is_not_null() & (pl.col("has_parent") | root.is_null() | (root == parent)), "parent", "parent"),
        (pl.col("by_chain").is_not_null(), "by_chain", "chain"),
        (root.is_not_null() & direct, "root", "parent"),
        (root.is_not_null(), "root", "root"),
    ]
    found = rows.select(
        "row",
        parent=pl.coalesce(pl.when(test).then(column) for test, column, _ in choices),
        child=me,
        known_by=pl.coalesce(pl.when(test).then(pl.lit(name)) for test, _, name in choices),
        at="published_at",
    )
    found = found.filter(pl.col("parent").is_not_null() & (pl.col("parent") != pl.col("child")))
    late = pl.col("at") < pl.col("then")
    found = found.join(known, left_on="parent", right_on="id", how="left", maintain_order="left").with_columns(
        delay=pl.when(~late).then(pl.col("at") - pl.col("then"))
    )
    kept = found.filter(~pl.Series(_closing(found), dtype=pl.Boolean))
    return schemas.Edge.validate(kept.select(schemas.Edge.column_names()), cast=True)


def _by_chain(rows: pl.DataFrame) -> pl.DataFrame:
    """For each post without a collected parent: the latest earlier post, in its cascade, of the nearest name known."""
    cascade = pl.coalesce("root", "post_id")
    wanted = (
        rows.filter(~pl.col("has_parent") & (pl.col("chain").list.len() > 0))
        .select("row", "post_id", "published_at", "chain", cascade=pl.col("root").fill_null(""))
        .with_columns(step=pl.int_ranges(pl.col("chain").list.len()))
        .explode("chain", "step")
        .sort("published_at", "row")
    )
    voices = rows.filter(pl.col("author_id").is_not_null())
    # a text that names no root may have come from anywhere in the frame
    anywhere = voices.with_columns(cascade=pl.lit(""))
    voices = pl.concat([voices.with_columns(cascade=cascade), anywhere])
    voices = voices.select(
        "cascade", "published_at", pl.col("row").alias("met"), chain="author_id", by_chain="post_id"
    ).sort("published_at", "met")
    met = wanted.join_asof(
        voices,
        on="published_at",
        by=["cascade", "chain"],
        strategy="backward",
        allow_exact_matches=False,
        check_sortedness=False,  # sorted above; polars cannot see it within groups and warns
    )
    met = met.filter(pl.col("by_chain").is_not_null()).sort("row", "step")
    return met.unique("post_id", keep="first", maintain_order=True).select("post_id", "by_chain")


def _closing(found: pl.DataFrame) -> NDArray[np.bool_]:
    """Which links close a circle: in each, the one above its earliest child (rows are in order of time)."""
    up = _upwards(found)
    n = len(up)
    far = up
    for _ in range(max(1, n).bit_length()):
        far = far[far]  # 2, 4, 8 … steps up: whoever has not reached the top by then goes round
    on = np.unique(far[far != n - 1]) if n else far
    cut = np.zeros(found.height, bool)
    seen: set[int] = set()
    for node in on.tolist():  # numbered by time, so the first met of a circle is its earliest
        if node not in seen:
            cut[node] = True
        while node not in seen:
            seen.add(node)
            node = int(up[node])
    return cut


def _upwards(found: pl.DataFrame) -> Ints:
    """For each link the link above its parent; the last number is the top, and its own parent."""
    here = found.select(pl.col("child").alias("parent"), above=pl.int_range(pl.len()))
    above = found.select("parent").join(here, on="parent", how="left", maintain_order="left")["above"]
    return np.append(above.fill_null(found.height).to_numpy(), found.height).astype(np.int64)
