"""Bursts of the same words from many accounts within seconds: possibly coordinated, and how it may be innocent.

What is shown is how many and of what kinds, never who: the finding is about the words, and proves nothing about
anybody. Official hashtags, share buttons, several accounts of one medium and slogans look just the same.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
from scipy import special

from opinion_lab.prepare import near_duplicates

#: So many accounts within so long, and so rarely by chance (per burst) at the rate of the same words in that hour.
ACCOUNTS, WITHIN, CHANCE = 5, timedelta(seconds=30), 1e-6
SHORTEST = 8  # characters that are letters or digits: shorter remarks many people make at once
SLOGAN = 16  # up to here words are a slogan, easily the same
HOUR = timedelta(hours=1)
SHARED = r"分享自|分享了|来自@|（来源|via |我在看|推荐阅读|点击查看|客户端|转发微博"


def bursts(posts: pl.DataFrame) -> pl.DataFrame:
    """Stretches in which at least 5 accounts said the same within 30 seconds (Post), most accounts first.

    start, end, n (posts), accounts, expected (posts by chance in that time, at the rate of the same words in the hour
    before and after), persons, institutions, unknown (posts by kind of author), platforms, text (as the first of them
    wrote it, without @names), innocent (signs of an innocent explanation: tag, button, media, slogan). Words are
    compared without links, @names, emoticons and punctuation. Posts whose author is not known count as posts, never
    as accounts.
    """
    rows = posts.with_columns(said=near_duplicates.compared(posts)).filter(pl.col("said").str.len_chars() >= SHORTEST)
    rows = rows.filter(pl.len().over("said") >= ACCOUNTS).unique("post_id").sort("said", "published_at", "post_id")
    same = rows["said"].rle_id().to_numpy().astype(np.int64)
    seconds = rows["published_at"].dt.epoch("us").to_numpy() / 1e6
    seconds = seconds - (seconds.min() if len(seconds) else 0.0)
    # one line for all texts: far enough apart that no window reaches the next text
    line = seconds + same * (float(seconds.max(initial=0.0)) + 4 * HOUR.total_seconds())
    wide = WITHIN.total_seconds()
    begins, ends = np.searchsorted(line, line - wide, "left"), np.arange(len(line)) + 1
    together = ends - begins
    hour = HOUR.total_seconds()
    around = np.searchsorted(line, line + hour, "right") - np.searchsorted(line, line - wide - hour, "left") - together
    expected = (around + 1) * wide / (2 * hour)  # one more than was seen: a rate of nothing at all is never known
    dense = (together >= ACCOUNTS) & (special.pdtrc(together - 1, expected) < CHANCE)
    # a burst: dense windows that overlap; every post in one of them is a part
    covers = np.zeros(len(line) + 1, np.int64)
    np.add.at(covers, begins[dense], 1)
    np.add.at(covers, ends[dense], -1)
    inside = np.cumsum(covers)[:-1] > 0
    fresh = inside & ~np.concatenate([[False], inside[:-1] & (np.diff(line) <= wide)])[: len(line)]
    rows = rows.with_columns(
        burst=pl.Series(np.cumsum(fresh)),
        expected=pl.Series(expected),
        together=pl.Series(np.where(dense, together, 0)),
    ).filter(pl.Series(inside, dtype=pl.Boolean))
    found = rows.group_by("burst", maintain_order=True).agg(
        start=pl.col("published_at").min(),
        end=pl.col("published_at").max(),
        n=pl.len().cast(pl.Int64),
        accounts=pl.col("author_id").n_unique().cast(pl.Int64) - pl.col("author_id").is_null().any(),
        persons=_of("person"),
        institutions=_of("media", "government", "business"),
        unknown=_of("unknown"),
        platforms=pl.col("platform").unique().sort(),
        # whom the words address is nobody's business here
        text=pl.coalesce("title", "text").first().str.replace_all(r"@[\w\-]+", "@…"),
        said=pl.col("said").first(),
        raw=pl.col("text").str.join(" ") + pl.col("url").drop_nulls().str.join(" ").fill_null(""),
        expected=pl.col("expected").get(pl.col("together").arg_max()),
    )
    found = found.with_columns(innocent=_innocent()).filter(pl.col("accounts") >= ACCOUNTS)
    columns = ["start", "end", "n", "accounts", "expected", "persons", "institutions", "unknown", "platforms"]
    return found.sort(["accounts", "start", "text"], descending=[True, False, False]).select(
        *columns, "text", "innocent"
    )


def _of(*kinds: str) -> pl.Expr:
    return pl.col("author_kind").cast(pl.String).is_in(kinds).sum().cast(pl.Int64)


def _innocent() -> pl.Expr:
    """The innocent explanations of which there is a sign; official tags, share buttons and slogans look alike too."""
    raw = pl.col("raw")
    signs = {
        "tag": raw.str.contains(r"#[^#\s]{2,30}#|【[^】]+】"),
        "button": raw.str.contains(r"https?://|" + SHARED),
        "media": pl.col("institutions") * 2 >= pl.col("n"),
        "slogan": pl.col("said").str.len_chars() <= SLOGAN,
    }
    return pl.concat_list(pl.when(sign).then(pl.lit(code)) for code, sign in signs.items()).list.drop_nulls()
