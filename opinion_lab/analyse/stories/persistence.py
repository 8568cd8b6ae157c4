"""What was said before about which posts belong together holds: the stories of earlier days, and what a person decided.

Grouping a longer period anew moves old posts about: a matter that grew draws in what stood alone, another falls apart.
Nobody can follow a case whose story changes overnight. So known posts keep their story and only new ones are placed;
what people decide is laid over (`overrides`).
"""

from __future__ import annotations

import polars as pl

from opinion_lab.analyse.stories.overrides import NAME


def carry(rows: pl.DataFrame) -> pl.Series:
    """The story_id of each of `rows`: post_id, unit, `anew` (its story grouped anew), `known` (null: a new post).

    Rows are in order of time. A new post follows its unit (root, copies), else the known story of which the main part
    is in the same new group; of several the one with most posts there. Else it opens a story with its like.
    """
    rows = rows.with_row_index("row")
    old = rows.drop_nulls("known")
    main = _most(_most(old, "anew", of="known"), "known", of="anew", weigh=True).select("anew", host="known")
    mine = _most(old, "known", of="unit").select("unit", own="known")
    rows = rows.join(mine, on="unit", how="left").join(main, on="anew", how="left").sort("row")
    placed = rows.with_columns(story_id=pl.coalesce("known", "own", "host"))
    first = pl.col("post_id").filter(pl.col("story_id").is_null()).first().over("anew")
    return placed.select(pl.coalesce("story_id", NAME + first).alias("story_id")).to_series()


def _most(rows: pl.DataFrame, what: str, *, of: str, weigh: bool = False) -> pl.DataFrame:
    """For each `of` the `what` that most of its rows have (what, of, n, row), of equal ones the one met first."""
    cells = rows.group_by(what, of).agg(n=pl.col("n").sum() if weigh else pl.len(), row=pl.col("row").min())
    return cells.sort("n", "row", descending=[True, False]).unique(of, keep="first", maintain_order=True)
