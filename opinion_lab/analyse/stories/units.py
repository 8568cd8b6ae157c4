"""Posts -> units, what belongs together whatever it says, and the texts of the units.

A child follows its root and a copy its original; the same words within three days are one thing on several boards.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from opinion_lab.analyse.stories.linkage import Ints
from opinion_lab.prepare import normalize
from opinion_lab.prepare.organisations import endings

SAME_WORDS_HOURS = 72  # a title is on hot lists for a day, on the next board within two
SAME_WORDS_CHARACTERS = 6  # below that only board entries: 早上好 is no story
NAME_ALONE = 1  # the name by itself, where the matter is told
NAME_DAYS = 7  # within which a complaint that tells no matter is about what others complain of there
NAME_USES = 8  # who is complained of is what a complaint is about: it counts as a word that is used so often


def is_child() -> pl.Expr:
    """Whether a post answers or forwards another one."""
    parent, root, me = pl.col("parent_id"), pl.col("root_id"), pl.col("post_id")
    return (parent.is_not_null() & (parent != me)) | (root.is_not_null() & (root != me))


def of(posts: pl.DataFrame) -> Ints:
    """The unit of each row of `posts` (in order of time, with `child`), numbered by first post.

    A child's own words tie it to nobody: 支持！ under two posts does not make them one story. Children of a root that
    was never collected still belong together.
    """
    rows = posts.select("post_id", "parent_id", "root_id", "copy_of", "child", row=pl.int_range(pl.len()))
    links = pl.concat(
        [
            rows.filter("child").select("row", key="parent_id", of=pl.lit("p")),
            rows.filter("child").select("row", key="root_id", of=pl.lit("p")),
            rows.filter(~pl.col("child")).select("row", key="copy_of", of=pl.lit("c")),
        ]
    ).drop_nulls()
    # what links lead to may not be among the posts: then it ties together those that name it
    links = links.join(rows.select(key="post_id", to="row"), on="key", how="left")
    absent = pl.struct("of", "key").rank("dense").cast(pl.Int64) + posts.height - 1
    links = links.select("row", to=pl.coalesce("to", absent))
    edges = pl.concat([links, _same_words(posts)])
    n = max(posts.height, int(edges["to"].to_numpy().max(initial=0)) + 1)
    at = (edges["row"].to_numpy(), edges["to"].to_numpy())
    _, part = connected_components(sparse.coo_matrix((np.ones(edges.height, np.int8), at), shape=(n, n)), False)
    return in_order(part[: posts.height])


def _same_words(posts: pl.DataFrame) -> pl.DataFrame:
    """Each row and the one before it that says the same within `SAME_WORDS_HOURS` (row, to)."""
    words = normalize.fold(posts["title"].fill_null("") + " " + posts["text"])
    board = pl.col("kind").cast(pl.String) == "board_entry"
    rows = posts.select("child", row=pl.int_range(pl.len()), at="published_at", board=board, words=words)
    long = pl.col("words").str.len_chars() >= pl.when("board").then(1).otherwise(SAME_WORDS_CHARACTERS)
    rows = rows.filter(~pl.col("child") & long).select("row", "at", words=pl.col("words").hash()).sort("words", "row")
    same = (pl.col("words") == pl.col("words").shift()) & (pl.col("at").diff() <= pl.duration(hours=SAME_WORDS_HOURS))
    return rows.select("row", to=pl.when(same).then(pl.col("row").shift())).drop_nulls()


def words(posts: pl.DataFrame, unit: Ints, tokens: pl.DataFrame) -> pl.DataFrame:
    """The words of each unit (text, word, uses): those of its first post that has any, the title's twice.

    A business that a complaint names, with the matter, is a word of its own; an estate is not, where neighbours
    complain of many things.
    """
    rows = posts.select("post_id", "child", "kind", "title", "text", "published_at", unit=pl.Series(unit))
    rows = rows.with_row_index("row")
    spoken = rows.join(tokens.filter(pl.col("tokens").list.len() > 0).select("post_id", "tokens"), on="post_id")
    spoken = spoken.sort("unit", "child", "row").unique("unit", keep="first", maintain_order=True)
    uses = spoken.select("text", "title", unit="unit", word="tokens").explode("word").drop_nulls("word")
    uses = uses.group_by(pl.col("unit").alias("text"), "word").agg(pl.col("title").first(), uses=pl.len())
    # a title alone is all there is of a board entry: to count it twice would change nothing
    twice = pl.col("title").str.to_lowercase().str.contains(pl.col("word"), literal=True).fill_null(False)
    uses = uses.select("text", "word", uses=pl.col("uses").cast(pl.Int64) + twice)
    return pl.concat([uses, _businesses(spoken.filter(pl.col("kind").cast(pl.String) == "complaint"))])


def _businesses(complaints: pl.DataFrame) -> pl.DataFrame:
    """The businesses that complaints (unit, title, text) name (text, word, uses)."""
    said = normalize.fold(
        complaints.select(pl.concat_str("title", "text", separator=" ", ignore_nulls=True)).to_series()
    )
    names = complaints.select(
        text="unit", at="published_at", name=endings.businesses(said), matter=endings.matters(said)
    )
    names = names.explode("name").drop_nulls("name").with_columns(name="名" + pl.col("name"))
    told = names.explode("matter").drop_nulls("matter")
    # one that names no matter speaks of what others complain of there at that time
    silent = names.filter(pl.col("matter").list.len() == 0).drop("matter")
    near = silent.join(told, on="name", suffix="_there")
    near = near.filter((pl.col("at") - pl.col("at_there")).abs() <= pl.duration(days=NAME_DAYS))
    near = near.group_by("text", "name", "matter").len().sort("len", "matter", descending=[True, False])
    near = near.unique(["text", "name"], keep="first", maintain_order=True)
    told = pl.concat([told.select("text", "name", "matter"), near.select("text", "name", "matter")])
    alone = silent.join(near, on=["text", "name"], how="anti")
    return pl.concat(
        [
            told.select("text", word=pl.col("name") + "·" + pl.col("matter"), uses=pl.lit(NAME_USES, pl.Int64)),
            told.select("text", word="name", uses=pl.lit(NAME_ALONE, pl.Int64)).unique(maintain_order=True),
            alone.select("text", word="name", uses=pl.lit(NAME_USES, pl.Int64)),
        ]
    )


def in_order(labels: Ints) -> Ints:
    """The same parts, numbered by where each is met first."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]
