"""Posts -> units, what belongs together whatever it says, and the texts of the units.

A child follows its root and a copy its original; the same words within three days are one thing on several boards.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from opinion_lab.prepare import normalize
from tests.benchmarks.linkage.linkage import Ints

SAME_WORDS_HOURS = 72  # a title is on hot lists for a day, on the next board within two
SAME_WORDS_CHARACTERS = 6  # below that only board entries: 早上好 is no story
# Two characters before one of these name a shop or an estate; what a form letter says of it does not.
NAMED = (
    r"[\p{L}\p{N}]{2}(?:超市|商店|商行|便利店|药店|药房|饭店|餐厅|餐馆|酒楼|火锅|烧烤|奶茶|酒店|宾馆|健身房|健身|美容|门诊|"
    r"诊所|医院|学校|幼儿园|公司|加油站|市场|商场|广场|大厦|小区|花园|花苑|家园|公寓|新村|国际城|名城|华府|帝景|府|苑|城|店)"
)


def is_child() -> pl.Expr:
    """Whether a post answers or forwards another one."""
    parent, root, me = pl.col("parent_id"), pl.col("root_id"), pl.col("post_id")
    return (parent.is_not_null() & (parent != me)) | (root.is_not_null() & (root != me))


def form_letters(posts: pl.DataFrame) -> pl.DataFrame:
    """Complaints that only a form letter makes copies of another (post_id, copy_of): each names what the other lacks.

    So is one whose original is not among the posts: there is nothing to hold it against.
    """
    text = pl.concat_str(pl.col("title").fill_null(""), pl.lit(" "), "text")
    complaints = posts.filter((pl.col("kind").cast(pl.String) == "complaint") & pl.col("copy_of").is_not_null())
    originals = posts.join(complaints.select(post_id="copy_of").unique(), on="post_id", how="semi")
    pairs = complaints.select("post_id", "copy_of", mine=text).join(
        originals.select(copy_of="post_id", theirs=text), on="copy_of", how="left"
    )
    folded = [
        normalize.fold(pairs[side].fill_null("")).str.extract_all(NAMED).list.unique() for side in ("mine", "theirs")
    ]
    mine, theirs = folded
    differ = (mine.list.set_difference(theirs).list.len() > 0) & (theirs.list.set_difference(mine).list.len() > 0)
    return pairs.filter(differ | pl.col("theirs").is_null()).select("post_id", "copy_of")


def of(posts: pl.DataFrame, letters: pl.DataFrame) -> Ints:
    """The unit of each row of `posts` (in order of time, with `child`), numbered by first post.

    A child's own words tie it to nobody: 支持！ under two posts does not make them one story. Children of a root that
    was never collected still belong together. What is of `letters` (`form_letters`) is no copy.
    """
    rows = posts.select("post_id", "parent_id", "root_id", "copy_of", "child", row=pl.int_range(pl.len()))
    rows = rows.join(letters.select("post_id", letter=True), on="post_id", how="left", maintain_order="left")
    links = pl.concat(
        [
            rows.filter("child").select("row", key="parent_id", of=pl.lit("p")),
            rows.filter("child").select("row", key="root_id", of=pl.lit("p")),
            rows.filter(~pl.col("child") & pl.col("letter").is_null()).select("row", key="copy_of", of=pl.lit("c")),
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


def words(posts: pl.DataFrame, unit: Ints, tokens: pl.DataFrame, letters: pl.DataFrame) -> pl.DataFrame:
    """The words of each unit (text, word, uses): those of its first post that has any, the title's twice.

    A form letter keeps what its original does not have: the letter's own words speak for nobody.
    """
    rows = posts.select("post_id", "child", "title", "text", unit=pl.Series(unit)).with_row_index("row")
    spoken = rows.join(tokens.filter(pl.col("tokens").list.len() > 0).select("post_id", "tokens"), on="post_id")
    spoken = spoken.sort("unit", "child", "row").unique("unit", keep="first", maintain_order=True)
    shared = letters.join(tokens.select(copy_of="post_id", form="tokens"), on="copy_of").select("post_id", "form")
    spoken = spoken.join(shared, on="post_id", how="left", maintain_order="left")
    own = pl.col("tokens").list.set_difference(pl.col("form").fill_null([]))
    spoken = spoken.with_columns(tokens=pl.when(pl.col("form").is_null()).then("tokens").otherwise(own))
    uses = spoken.select("text", "title", unit="unit", word="tokens").explode("word").drop_nulls("word")
    uses = uses.group_by(pl.col("unit").alias("text"), "word").agg(pl.col("title").first(), uses=pl.len())
    # a title alone is all there is of a board entry: to count it twice would change nothing
    twice = pl.col("title").str.to_lowercase().str.contains(pl.col("word"), literal=True).fill_null(False)
    return uses.select("text", "word", uses=pl.col("uses").cast(pl.Int64) + twice)


def in_order(labels: Ints) -> Ints:
    """The same parts, numbered by where each is met first."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]
