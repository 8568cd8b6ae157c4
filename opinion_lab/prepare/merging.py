"""Rows of one post -> the post once, its sightings, its work order: what of several looks counts."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from opinion_lab import schemas
from opinion_lab.prepare import identity

#: By what earlier and later looks at a post are told.
LOOK = ("collected_at", "capture", "position")
#: What goes together when a later version of a post replaces what was shown.
SHOWN = ("title", "text", "quoted")


def day(moment: str, zone: ZoneInfo) -> pl.Expr:
    """The day of a column of moments, in the lab's zone."""
    return pl.col(moment).dt.convert_time_zone(zone.key).dt.date()


def sightings(rows: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    """Looks that say something: numbers, or other words than the look before (and the first, if others follow)."""
    counted = pl.any_horizontal(pl.col(*schemas.COUNTS).is_not_null())
    rows = rows.filter(counted | pl.col("post_id").is_duplicated())
    at = rows.sort("post_id", "collected_at", maintain_order=True)
    same = pl.col("post_id") == pl.col("post_id").shift(1)
    edited = [(pl.col(c).ne_missing(pl.col(c).shift(1)) & same).fill_null(False) for c in identity.WORDS]
    at = at.with_columns(edited=pl.any_horizontal(edited))
    opens = pl.col("edited").any().over("post_id") & pl.col("post_id").is_first_distinct()
    words = {c: pl.when(pl.col("edited") | opens).then(c) for c in identity.WORDS}
    at = at.with_columns(seen_at=pl.col("collected_at"), day=day("collected_at", zone), **words)
    told = counted | pl.col("edited") | opens
    return schemas.Sighting.validate(at.filter(told).select(schemas.Sighting.column_names()), cast=True)


def merge_orders(orders: pl.DataFrame) -> pl.DataFrame:
    """Each post's order once, of every column the latest row that says it; rows come in order of time."""
    once = orders.group_by("post_id", maintain_order=True).agg(pl.all().drop_nulls().last())
    return schemas.Order.validate(once.select(schemas.Order.column_names()), cast=True)


def merge(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Both sets of posts with every post once: its latest known numbers and fullest words, all else from its first row.

    Earlier and later go by collected_at, then capture and position, so the order of rows and of the two sets does not
    matter. A merged post keeps its first collected_at: merge batches in the order in which they were collected.
    """
    both = pl.concat([_as_post(old), _as_post(new)])
    once = both.filter(pl.col("post_id").is_unique()) if both.height else both
    if once.height == both.height:
        return both.sort("published_at", "post_id")
    again = both.filter(pl.col("post_id").is_duplicated())
    ties = [c for c in both.columns if c not in ("post_id", *LOOK, "chain")]
    again = again.sort("post_id", *LOOK, *ties, nulls_last=True)
    merged = again.group_by("post_id", maintain_order=True).agg(
        pl.col(schemas.COUNTS).drop_nulls().last(),
        pl.exclude("post_id", "chain", *SHOWN, *schemas.COUNTS).drop_nulls().first(),
    )
    merged = merged.join(_shown(again), on="post_id", how="left", maintain_order="left")
    return pl.concat([once, merged.select(both.columns)]).sort("published_at", "post_id")


def roots(posts: pl.DataFrame) -> pl.Series:
    """The given root; else the topmost post that the batch knows above a child; null for originals.

    Follows parents by doubling, so a chain of a thousand takes ten steps. Parents that go round in a circle have no
    top: there the parent is the root.
    """
    known = posts.select("post_id", at=pl.int_range(pl.len()))
    above = posts.join(known, left_on="parent_id", right_on="post_id", how="left", maintain_order="left")["at"]
    here = np.arange(posts.height)
    stays = (posts["root_id"].is_not_null() | above.is_null()).to_numpy()
    up = np.where(stays, here, above.fill_null(0).to_numpy())
    for _ in range(int(posts.height).bit_length()):
        up = up[up]
    top = posts[up]
    circle = pl.Series(~stays[up])
    found = pl.select(
        pl.when(circle)
        .then(posts["parent_id"])
        .otherwise(pl.coalesce(top["root_id"], top["parent_id"], top["post_id"]))
        .alias("root")
    ).to_series()
    original = posts["parent_id"].is_null()
    root = pl.select(
        pl.when(original).then(posts["root_id"]).otherwise(pl.coalesce(posts["root_id"], found))
    ).to_series()
    return pl.select(pl.when(root != posts["post_id"]).then(root)).to_series().alias("root_id")


def _shown(again: pl.DataFrame) -> pl.DataFrame:
    """For each post the words to show, of its rows in order of time."""
    spoken = again.filter((pl.col("text") != "") | pl.col("title").is_not_null())
    edited = spoken.filter((pl.struct(identity.WORDS).n_unique() > 1).over("post_id"))
    versions = edited.with_row_index().group_by("post_id", maintain_order=True).agg("index", *identity.WORDS)
    at = [row["index"][identity.shown(row["title"], row["text"])] for row in versions.iter_rows(named=True)]
    words = pl.concat([edited[at], spoken, again]).unique("post_id", keep="first", maintain_order=True)
    # a chain that the shown row does not tell may stand in another
    chains = again.filter(pl.col("chain").list.len() > 0).unique("post_id", keep="first", maintain_order=True)
    words = words.select("post_id", *SHOWN).join(chains.select("post_id", "chain"), on="post_id", how="left")
    return words.with_columns(pl.col("chain").fill_null([]))


def _as_post(frame: pl.DataFrame) -> pl.DataFrame:
    wanted = schemas.empty(schemas.Post).schema
    return frame.select(pl.col(c).cast(dtype) for c, dtype in wanted.items())
