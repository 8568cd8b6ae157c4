"""Which rows are one post: an id counts only where the words, the time or the link agree. No I/O.

Numbers restart each month, Excel rounds them, a site gives all its items one guid. What has an id in common with an
earlier row and nothing else is another post, named by the id and by what it says.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from zoneinfo import ZoneInfo

import polars as pl

_ID = 16  # hex digits of sha256: among a thousand million posts two alike with a chance of 1 in 40
#: What is compared, and what names a post that has nothing but an id in common with the first that bore it.
WORDS = ("title", "text")
COMPARED = ("source_id", "kind", *WORDS, "url", "published_at")
#: Two texts are versions of one when this share of their pairs of characters is common (Dice).
ALIKE = 0.5
#: How a text ends that was cut off.
CUT = re.compile(r"(?:\s*(?:…+|\.{3,}|\[?(?:全文|展开|展开全文|阅读全文|查看全文|收起)\]?))+\s*$")


def post_ids(platform: pl.Series, native_id: pl.Series) -> pl.Series:
    """The first 16 hex digits of sha256(platform, NUL, native id); null where the id is null."""
    name = pl.select((platform + "\0" + native_id).alias("name")).to_series()
    once = name.drop_nulls().unique()
    made = pl.Series([hashlib.sha256(n.encode()).hexdigest()[:_ID] for n in once.to_list()], dtype=pl.String)
    return name.replace_strict(once, made, default=None, return_dtype=pl.String).alias("post_id")


def keyed(key: bytes, *words: str) -> str:
    """An id made of words under the lab's key: a plain hash over words and a name would let anybody try names out."""
    return hmac.digest(key, "\0".join(words).encode(), "sha256").hex()[:_ID]


def apart(rows: pl.DataFrame, first: pl.DataFrame, *, key: bytes, zone: ZoneInfo) -> pl.Series:
    """The post_id of each row: `base_id` where it agrees with the row of `first` that bears it, else one of its own.

    `rows` has base_id and COMPARED, redacted; `first` has post_id and COMPARED, each post_id once. A base_id that none
    bears is free.
    """
    held = first.select(pl.col("post_id").alias("base_id"), pl.lit(True).alias("held"), *COMPARED)
    both = rows.select("base_id", "platform", *COMPARED).join(
        held, on="base_id", how="left", maintain_order="left", suffix="_first"
    )
    asked = both.with_row_index().filter(pl.col("held") & ~_same_words())
    asked = asked.filter(~pl.Series([_agree(row, zone) for row in asked.iter_rows(named=True)], dtype=pl.Boolean))
    link = post_ids(asked["platform"], asked["url"])
    # the link is no second witness where it is the id itself
    by_link = asked["url"].eq_missing(asked["url_first"]) & asked["url"].is_not_null() & (link != asked["base_id"])
    asked = asked.filter(~(by_link & (asked["source_id"] == asked["source_id_first"])).fill_null(False))
    own = [keyed(key, r["base_id"], *(str(r[c] or "") for c in ("published_at", *WORDS))) for r in asked.to_dicts()]
    return rows["base_id"].scatter(asked["index"], own).alias("post_id")


def _same_words() -> pl.Expr:
    title = pl.col("title").eq_missing(pl.col("title_first"))
    # a line of a hot list is its title, whatever is explained below it
    return (title & (pl.col("text") == pl.col("text_first"))) | (title & (pl.col("kind") == "board_entry"))


def _agree(row: dict, zone: ZoneInfo) -> bool:
    """Whether text (where both have none: title) or, within one source, a time of day agree."""
    ours, theirs = row["text"], row["text_first"]
    if not ours or not theirs:
        ours, theirs = row["title"] or ours, row["title_first"] or theirs
    if alike(ours or "", theirs or ""):
        return True
    at = row["published_at"]
    day_only = at.astimezone(zone).strftime("%H%M%S") == "000000"
    return row["source_id"] == row["source_id_first"] and at == row["published_at_first"] and not day_only


def alike(one: str, other: str) -> bool:
    """Whether two texts are versions of one: equal, one the beginning of the other, or half of it in common."""
    one, other = (re.sub(r"\W+", "", CUT.sub("", t)) for t in (one, other))
    short, long = sorted((one, other), key=len)
    if long.startswith(short) and (len(short) >= 6 or short == long):
        return True
    pairs = [{t[i : i + 2] for i in range(len(t) - 1)} for t in (short[:2000], long[:2000])]
    return 2 * len(pairs[0] & pairs[1]) >= ALIKE * sum(map(len, pairs)) > 0


def shown(titles: list[str | None], texts: list[str]) -> int:
    """Which of a post's versions, in order of time, is the one to show: the latest that says no less."""
    at = 0
    for i in range(1, len(texts)):
        old, new = texts[at], texts[i]
        stem = CUT.sub("", new)
        # not a beginning of what is known, nor a summary half its length or less
        fuller = bool(new) and not old.startswith(stem) and len(stem) * 2 > len(old)
        at = i if fuller or (new == old and titles[i]) else at
    return at
