"""Posts -> who passed on whom: edges, the shape of each cascade, and the posts that carried it.

Depth, breadth and structural virality follow Goel, Anderson, Hofman & Watts, "The Structural Virality of Online
Diffusion" (2016). No recursion, so any depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]


# --- trees ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Trees:
    """Posts and roots as numbers: parent and root of each, its depth, what hangs below it.

    `nodes` has post_id and `seen`: a root that was never collected is a node, but counts as no post.
    """

    nodes: pl.DataFrame
    parent: Ints
    root: Ints
    depth: Ints
    below: Ints  # posts in the subtree, itself among them


def _trees(posts: pl.DataFrame, edges: pl.DataFrame) -> _Trees:
    ids = posts.select("post_id", seen=pl.lit(True))
    lost = edges.select(post_id="parent", seen=pl.lit(False)).join(ids, on="post_id", how="anti")
    nodes = pl.concat([ids, lost]).unique("post_id").sort("post_id").with_row_index("node")
    number = nodes.select("post_id", "node")
    ends = edges.join(number, left_on="child", right_on="post_id").join(
        number, left_on="parent", right_on="post_id", suffix="_up"
    )
    n = nodes.height
    parent = np.arange(n)
    parent[ends["node"].to_numpy()] = ends["node_up"].to_numpy()
    root, depth = parent.copy(), (parent != np.arange(n)).astype(np.int64)
    for _ in range(max(1, n).bit_length()):
        if (root == root[root]).all():
            break
        depth += depth[root]
        root = root[root]
    below = nodes["seen"].cast(pl.Int64).to_list()
    above = parent.tolist()
    for node in np.argsort(-depth, kind="stable")[: np.count_nonzero(depth)].tolist():  # deepest first, roots left out
        below[above[node]] += below[node]
    return _Trees(nodes, parent, root, depth, np.array(below, np.int64))


def shape(posts: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """One row a root, largest first: root, size, depth, max_breadth, virality, first_hour_share, half_life.

    `size` counts posts, the root among them if it was collected. `virality` is the mean distance between two posts of
    the cascade (null for one post). `first_hour_share`: of the later posts, the part within 60 minutes of the root.
    `half_life`: from the root to the post that makes half of the final size. Posts dated before their root are left
    out of both, and both are null without a root or with nothing after it.
    """
    t = _trees(posts, edges)
    n = t.below[t.root]
    inner = t.parent != np.arange(len(t.parent))
    at = t.nodes.join(posts.select("post_id", "published_at"), on="post_id", how="left", maintain_order="left")
    times = at["published_at"]
    frame = pl.DataFrame(
        {
            "root": t.nodes["post_id"].gather(t.root),
            "seen": t.nodes["seen"],
            "depth": t.depth,
            # an edge lies on the way between what is below it and the rest
            "ways": np.where(inner, t.below * (n - t.below), 0).astype(np.float64),
            "since": times - times.gather(t.root),
        }
    )
    breadth = frame.filter("seen").group_by("root", "depth").agg(n=pl.len()).group_by("root")
    since = pl.col("since").filter(pl.col("since") >= pl.duration(seconds=0)).sort()
    later = pl.col("since").filter((pl.col("depth") > 0) & (pl.col("since") >= pl.duration(seconds=0)))
    shapes = frame.group_by("root").agg(
        size=pl.col("seen").sum().cast(pl.Int64),
        depth=pl.col("depth").max(),
        ways=pl.col("ways").sum(),
        first_hour_share=(later <= pl.duration(hours=1)).mean(),
        half_life=pl.when(later.len() > 0).then(since.get((since.len().cast(pl.Int64) + 1) // 2 - 1, null_on_oob=True)),
    )
    pairs = pl.col("size") * (pl.col("size") - 1)
    shapes = shapes.join(breadth.agg(max_breadth=pl.col("n").max().cast(pl.Int64)), on="root", how="left")
    shapes = shapes.with_columns(virality=pl.when(pairs > 0).then(2 * pl.col("ways") / pairs))
    columns = ["root", "size", "depth", "max_breadth", "virality", "first_hour_share", "half_life"]
    return shapes.select(columns).sort("size", "root", descending=[True, False])


def carriers(posts: pl.DataFrame, edges: pl.DataFrame, *, most: int = 20) -> pl.DataFrame:
    """The posts with most posts below them, roots (depth 0) among them: who they are is the kind of author alone.

    Columns post_id, root, depth, descendants, children, author_kind, platform, published_at.
    """
    t = _trees(posts, edges)
    frame = pl.DataFrame(
        {
            "post_id": t.nodes["post_id"],
            "root": t.nodes["post_id"].gather(t.root),
            "depth": t.depth,
            "descendants": t.below - t.nodes["seen"].cast(pl.Int64).to_numpy(),
            "children": np.bincount(t.parent[t.parent != np.arange(len(t.parent))], minlength=len(t.parent)),
        }
    )
    who = posts.select("post_id", "author_kind", "platform", "published_at")
    frame = frame.filter(pl.col("descendants") > 0).join(who, on="post_id")
    order = ["descendants", "published_at", "post_id"]
    return frame.sort(order, descending=[True, False, False]).head(most)


def levels(edges: pl.DataFrame) -> pl.DataFrame:
    """How many posts stand how far from their root, all cascades together: depth (0 = the roots), n."""
    ends = pl.concat([edges.select(post_id="parent"), edges.select(post_id="child")]).unique()
    depth = pl.Series("depth", _trees(ends, edges).depth, dtype=pl.Int64)
    return depth.to_frame().group_by("depth").agg(n=pl.len().cast(pl.Int64)).sort("depth")
