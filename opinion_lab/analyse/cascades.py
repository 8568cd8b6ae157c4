"""Posts -> who passed on whom: edges, the shape of each cascade, and the posts that carried it.

Depth, breadth and structural virality follow Goel, Anderson, Hofman & Watts, "The Structural Virality of Online
Diffusion" (2016). All counts come from array passes over the levels of the trees: no recursion, any depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab import schemas

Ints = NDArray[np.int64]


def edges(posts: pl.DataFrame, *, copies: bool = False) -> pl.DataFrame:
    """Which post passed on which (Edge): each child has one parent, and no circles.

    `known_by` says how: `parent`, the platform said so; `chain`, the nearest name in the 转发 text whose latest earlier
    post in the same cascade is here; `root`, the nearer parent was never collected and only the root is known; with
    `copies` also `copy`, the earliest of the same words. `delay` is null where the parent's time is unknown or later
    than the child's. `circles` lists the links that were cut.
    """
    return link(posts, copies=copies)[0]


def circles(posts: pl.DataFrame, *, copies: bool = False) -> pl.DataFrame:
    """The links (Edge) that `edges` left out because they closed a circle: at the earliest post of each."""
    return link(posts, copies=copies)[1]


def link(posts: pl.DataFrame, *, copies: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The edges and the links that were cut (both Edge): kept and dropped together are all links that were said."""
    me = pl.col("post_id")
    columns = ["post_id", "parent_id", "root_id", "author_id", "chain", "copy_of", "published_at"]
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
    if copies:
        choices.append((pl.col("copy_of").is_not_null() & (pl.col("copy_of") != me), "copy_of", "copy"))
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
    cut = _closing(found)
    found = found.select("parent", "child", pl.col("delay").cast(pl.Duration("us")), "known_by")
    kept, dropped = found.filter(~pl.Series(cut, dtype=pl.Boolean)), found.filter(pl.Series(cut, dtype=pl.Boolean))
    return schemas.Edge.validate(kept, cast=True), schemas.Edge.validate(dropped, cast=True)


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
    below = nodes["seen"].cast(pl.Int64).to_numpy().copy()
    order = np.argsort(-depth, kind="stable")
    for level in np.split(order, np.flatnonzero(np.diff(depth[order])) + 1)[:-1]:  # deepest first, roots left out
        np.add.at(below, parent[level], below[level])
    return _Trees(nodes, parent, root, depth, below)


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


def growth(posts: pl.DataFrame, every: str = "1h") -> pl.DataFrame:
    """New posts in each bin of `every` (UTC) and their running total: bin, n, total; quiet bins are there with 0."""
    counted = posts.group_by(bin=pl.col("published_at").dt.truncate(every)).agg(n=pl.len().cast(pl.Int64))
    full = counted.sort("bin")
    if not full.is_empty():
        full = full.upsample("bin", every=every).with_columns(pl.col("n").fill_null(0))
    return full.with_columns(total=pl.col("n").cum_sum())
