"""The tree of who passed on whom, cut to its largest branches: what a person can walk through."""

from __future__ import annotations

import polars as pl

from opinion_lab.analyse.cascades.shape import carriers


def branches(posts: pl.DataFrame, edges: pl.DataFrame, *, most: int = 60) -> pl.DataFrame:
    """The `most` posts with most below them, each under its nearest one of them, the rest counted with its parent.

    post_id, parent (null: under none of them), size (the post and all below it), children, posts (list: the post and
    those below it that no other branch holds); a parent before its children, the largest first.
    """
    large = carriers(posts, edges, most=most).select("post_id", "descendants", "children", "published_at")
    kept = pl.Series("post_id", large["post_id"])
    # every post climbs until it meets a branch: depth is bounded, and no branch is passed
    above = edges.select(at="child", up="parent")
    climbing = pl.concat([above["at"], above["up"], posts["post_id"]]).unique().to_frame("post_id")
    climbing = climbing.with_columns(at=pl.col("post_id"), step=pl.lit(0))
    ends: list[pl.DataFrame] = []
    while climbing.height:
        there = climbing.filter(
            pl.col("at").is_in(kept.implode()) & ((pl.col("step") > 0) | ~pl.col("post_id").is_in(kept.implode()))
        )
        ends.append(there.select("post_id", branch="at"))
        climbing = (
            climbing.join(there, on="post_id", how="anti")
            .join(above, on="at")
            .select("post_id", at="up", step=pl.col("step") + 1)
        )
    homes = pl.concat(ends) if ends else pl.DataFrame(schema={"post_id": pl.String, "branch": pl.String})
    alone = homes.join(posts, on="post_id", how="semi").filter(~pl.col("post_id").is_in(kept.implode()))
    own = pl.concat([alone, pl.DataFrame({"post_id": kept, "branch": kept})]).group_by("branch").agg(posts="post_id")
    rows = large.join(homes.rename({"branch": "parent"}), on="post_id", how="left", maintain_order="left")
    rows = rows.join(own, left_on="post_id", right_on="branch", how="left", maintain_order="left")
    return rows.select("post_id", "parent", "children", "posts", size=pl.col("descendants") + 1)
