"""Copies: the same thing said again, word for word or nearly.

Spread is made of copies, so they are marked and kept. A post is a copy of the earliest original, published at most
`window_days` before it, that it is like; what is itself a copy is nobody's original. So likeness does not chain (A
like B, B like C does not make C a copy of A), every copy was held against its original, and what is marked of a day
depends on that day and those before it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import polars as pl

from opinion_lab import schemas
from opinion_lab.prepare import normalize
from opinion_lab.prepare.near_duplicates import apart, signatures

# Letters and digits that a text must hold: shorter remarks (支持, 真的假的) are the same by accident.
MIN_SAME, MIN_ALIKE = 6, 8
# ... among them so many different pairs: 哈哈哈哈哈哈 says one thing.
MIN_PAIRS_SAME, MIN_PAIRS_ALIKE = 4, 6
ONE_EDIT = 0.6  # one of them a letter or a pair short of that: eight letters without one share 5 pairs of 8
BEGINNING = 12  # characters that mostly hold so many
# A line of a hot list is its title, however short: 冬至 on two boards is one entry.
MIN_TITLE = 2
# In each of its buckets a post is held against so many of the earliest originals in its window.
PER_BUCKET = 4
# Of 64 hashes, texts that are like enough agree in this many standard deviations fewer once in a hundred times: the
# rest are not looked at. Texts that are not like enough agree in this many more once in a thousand million times.
UNLIKELY, CERTAIN = 2.4, 6.0

SLICE = 50_000  # posts that one thread folds at a time, if there are as many for each

ORIGINAL, ELSEWHERE = -1, -2  # in place of the post that is copied: none, and one that need not be known
UNKNOWN = -1


def mark(
    posts: pl.DataFrame,
    *,
    similarity: float = 0.4,
    window_days: int = 30,
    since: datetime | None = None,
    signed: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The posts with `copy_of` filled: post_id of the earliest of its like, null for an original. Row order kept.

    Likeness is the Jaccard similarity of the character pairs of title and text, folded: script, case, links, @names,
    emoticons and punctuation do not count. Empty and very short texts are like nothing (an empty repost with a parent
    is no copy); entries of hot lists are compared by title, from two characters on. What is alike and yet two (`apart`)
    is no copy: complaints of one form letter, entries with other figures. Posts published before `since` keep the
    `copy_of` that they have, and their originals serve the later ones; without it all are marked anew.

    `signed` (schemas.Signature) is what `sign` gave before: of posts that are here, so that they are not signed again,
    and of others, which serve as originals and keep the `copy_of` that they have there.
    """
    signed = schemas.empty(schemas.Signature) if signed is None else signed
    signed = pl.concat([signed, sign(posts.join(signed, on="post_id", how="anti"))])
    new = pl.lit(True) if since is None else pl.col("published_at") >= since
    kind = pl.col("kind").cast(pl.String)
    kinds = {"complaint": kind == "complaint", "board": kind == "board_entry"}
    here = posts.select("post_id", now="copy_of", new=new, **kinds)
    frame = (
        signed.join(here, on="post_id", how="left")
        .with_columns(copy_of=pl.when(pl.col("new").is_null()).then("copy_of").otherwise("now"))
        .with_columns(pl.col("new", "complaint", "board").fill_null(False))
        .sort("published_at", "post_id")
    )
    distinct = frame.select("said", "hashes").unique("said", keep="first", maintain_order=True)
    texts = _Texts.of(distinct["said"], signatures.unpacked(distinct["hashes"]), similarity)
    of_text = frame.join(distinct.select("said").with_row_index("text"), on="said", how="left", maintain_order="left")
    at_text, is_new = of_text["text"].to_numpy(), frame["new"].to_numpy()

    second = frame["published_at"].dt.epoch("s").to_numpy()

    def bucketed(n: int) -> _Buckets:
        return _Buckets.of(signatures.band(texts.signature, n)[at_text], second, window_days * 86_400)

    buckets = signatures.threaded(bucketed, range(signatures.BANDS))
    copied = np.where(~is_new & frame["copy_of"].is_not_null().to_numpy(), ELSEWHERE, ORIGINAL)
    copied = _settle(copied, is_new, at_text, texts, buckets, frame.select("complaint", "board"))

    at = pl.when(pl.col("at") >= 0).then("at")
    found = frame.select("post_id", at=pl.Series(copied)).select("post_id", found=pl.col("post_id").gather(at))
    return (
        posts.join(found, on="post_id", how="left", maintain_order="left")
        .with_columns(copy_of=pl.when(new).then("found").otherwise("copy_of"))
        .select(posts.columns)
    )


def sign(posts: pl.DataFrame) -> pl.DataFrame:
    """Each post as it is compared, to be stored beside it: schemas.Signature. Too short ones are left out.

    It depends on the post alone (but for `copy_of`, which is taken over as it is), so it is made once.
    """
    board = pl.col("kind").cast(pl.String) == "board_entry"
    frame = posts.select("post_id", "published_at", "day", "copy_of", board=board, said=compared(posts)).filter(
        pl.col("said").str.len_chars() >= pl.when("board").then(MIN_TITLE).otherwise(MIN_SAME)
    )
    distinct = frame.select("said").unique(maintain_order=True)
    hashes = signatures.packed(signatures.signatures(distinct["said"]))
    signed = frame.join(distinct.with_columns(hashes=hashes), on="said", how="left", maintain_order="left")
    return signed.select(schemas.Signature.column_names())


def index(signed: pl.DataFrame) -> signatures.Index:
    """The buckets of `signed`, for `near`."""
    return signatures.Index(signatures.unpacked(signed["hashes"]))


def near(earlier: pl.DataFrame, index: signatures.Index) -> pl.DataFrame:
    """Of `earlier` originals' signatures those that share a bucket with one of the index: all that `mark` asks for.

    What is left out could not be found by it, so an archive can be passed day by day and few of it are kept.
    """
    originals = earlier.filter(pl.col("copy_of").is_null())
    return originals.filter(pl.Series(index.shared(signatures.unpacked(originals["hashes"])), dtype=pl.Boolean))


def compared(posts: pl.DataFrame) -> pl.Series:
    """What is compared: title and text, folded, nothing between the words; of a hot list's entry the title."""
    slices = posts.iter_slices(min(SLICE, 1 + posts.height // pl.thread_pool_size()))
    return pl.concat([pl.Series("said", [], pl.String), *signatures.threaded(_compared, slices)])


def _compared(posts: pl.DataFrame) -> pl.Series:
    title, body = pl.col("title").fill_null(""), pl.col("text").fill_null("")
    board = (pl.col("kind").cast(pl.String) == "board_entry") & (title != "")
    folded_title, folded = map(pl.col, normalize.FOLDED)
    other = pl.when(body.str.starts_with(title)).then(folded).otherwise(folded_title + folded)
    said = pl.when(board).then(folded_title).otherwise(other)
    return normalize.folded(posts).select(said.str.replace_all(" ", "", literal=True).alias("said")).to_series()


def _settle(
    copied: np.ndarray,
    new: np.ndarray,
    of_text: np.ndarray,
    texts: _Texts,
    buckets: list[_Buckets],
    kinds: pl.DataFrame,
) -> np.ndarray:
    """What each post is a copy of, the earliest of the originals that its buckets offer and that it is like.

    Who is an original depends on the originals before. To begin with all are; each round holds the posts against
    the originals of the round before, and goes on with those that met a change, until there is none. A post is
    settled for good in the round after those before it, so this ends, and with the same answer as one by one in time.
    """
    held = {apart.same_complaint: kinds["complaint"].to_numpy(), apart.same_entry: kinds["board"].to_numpy()}
    open_ = new
    while open_.any():
        before = copied == ORIGINAL
        offers = signatures.threaded(partial(_Buckets.offer, originals=before, open_=open_), buckets)
        offered = signatures.unique(np.concatenate(offers))
        later, earlier = _parted(offered)
        like = texts.like(of_text[later], of_text[earlier])
        for same, kind in held.items():
            if len(some := np.flatnonzero(like & kind[later])):
                like[some] = same(texts.said, of_text[later[some]], of_text[earlier[some]])
        later, earlier = later[like], earlier[like]
        earliest = np.flatnonzero(np.diff(later, prepend=-1))
        copied = np.where(open_, ORIGINAL, copied)
        copied[later[earliest]] = earlier[earliest]
        changed = (copied == ORIGINAL) != before
        open_ = np.zeros(len(copied), dtype=bool)
        for b in buckets:
            b.meet(changed, open_)
        open_ &= new
    return copied


def _parted(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (codes >> np.uint64(32)).astype(np.int64), (codes & np.uint64(0xFFFFFFFF)).astype(np.int64)


@dataclass
class _Texts:
    """The different texts, and which two of them are known to be like each other."""

    said: pl.Series
    signature: np.ndarray
    length: np.ndarray
    similarity: float
    varied: np.ndarray  # how many different pairs a text holds, or its beginning if that is enough; UNKNOWN until asked
    asked: np.ndarray  # pairs of texts, coded, in order
    answers: np.ndarray

    @classmethod
    def of(cls, said: pl.Series, signature: np.ndarray, similarity: float) -> _Texts:
        length = said.str.len_chars().to_numpy()
        unknown = np.full(len(said), UNKNOWN)
        return cls(said, signature, length, similarity, unknown, np.empty(0, np.uint64), np.empty(0, bool))

    def like(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Whether the texts at `one` and `other` are the same or similar, and it is no accident."""
        codes = signatures.coded(np.minimum(one, other), np.maximum(one, other))
        order = np.argsort(codes)  # in order of the table that is asked, or each look misses the cache
        codes = codes[order]
        unasked = np.setdiff1d(signatures.once(codes), self.asked, assume_unique=True)
        asked = np.concatenate([self.asked, unasked])
        merged = np.argsort(asked, kind="stable")
        self.asked, self.answers = asked[merged], np.concatenate([self.answers, self._similar(unasked)])[merged]
        answer = np.empty(len(codes), dtype=bool)
        answer[order] = self.answers[np.searchsorted(self.asked, codes)]
        return answer

    def _similar(self, codes: np.ndarray) -> np.ndarray:
        one, other = _parted(codes)
        agreed = signatures.agreeing(self.signature, one, other)
        expected = signatures.HASHES * self.similarity
        deviation = np.sqrt(expected * (1 - self.similarity))
        likely = np.flatnonzero(agreed >= expected - UNLIKELY * deviation)
        one, other, agreed = one[likely], other[likely], agreed[likely]
        self._look_at(signatures.unique(np.concatenate([one, other])))
        length, varied = (np.minimum(x[one], x[other]) for x in (self.length, self.varied))
        # 错过了错过了啊啊啊 with one 啊 more: the same few pairs
        nearly = (length >= MIN_ALIKE - 1) & (varied >= MIN_PAIRS_ALIKE - 1)
        nearly &= np.maximum(self.length[one], self.length[other]) >= MIN_ALIKE
        enough = (length >= MIN_ALIKE) & (varied >= MIN_PAIRS_ALIKE)
        wanted = np.select([enough, nearly], [self.similarity, max(self.similarity, ONE_EDIT)], 1.0)
        like = (one == other) | ((agreed >= expected + CERTAIN * deviation) & enough)
        unsure = np.flatnonzero(~like)
        like[unsure] = signatures.jaccard(self.said, one[unsure], other[unsure]) >= wanted[unsure]
        short = length < MIN_SAME  # a hot list's
        like &= np.where(short, one == other, varied >= MIN_PAIRS_SAME)
        result = np.zeros(len(codes), dtype=bool)
        result[likely] = like
        return result

    def _look_at(self, rows: np.ndarray) -> None:
        rows = rows[self.varied[rows] == UNKNOWN]
        said, length = self.said[rows], self.length[rows]
        varied = signatures.different(said.str.head(BEGINNING))
        poor = np.flatnonzero((varied < MIN_PAIRS_ALIKE) & (length > BEGINNING))
        varied[poor] = signatures.different(said[poor])
        self.varied[rows] = varied


@dataclass(frozen=True)
class _Buckets:
    """One band's buckets of two posts and more, one after another, in order of time within."""

    post: np.ndarray
    begin: np.ndarray  # where the post's bucket begins
    window: np.ndarray  # where, in its bucket, the post's window begins

    @classmethod
    def of(cls, key: np.ndarray, second: np.ndarray, window: int) -> _Buckets:
        """Posts come in order of time: `key` their buckets, `second` their times."""
        whole = np.sort(signatures.coded(key, np.arange(len(key))))
        key, post = whole >> np.uint64(32), (whole & np.uint64(0xFFFFFFFF)).astype(np.int32)
        as_before = np.zeros(len(key), dtype=bool)
        as_before[1:] = key[1:] == key[:-1]
        several = as_before.copy()
        several[:-1] |= as_before[1:]
        post, as_before = post[several], as_before[several]
        begin = np.maximum.accumulate(np.where(as_before, 0, np.arange(len(post))))
        time = second[post] - (second.min() if len(second) else 0)
        # bucket and time in one number, ascending
        span, where = int(time.max(initial=0)) + 1, begin
        if span > window:
            where = np.searchsorted(begin * span + time, begin * span + np.maximum(time - window, 0))
        return cls(post, begin.astype(np.int32), where.astype(np.int32))

    def offer(self, originals: np.ndarray, open_: np.ndarray) -> np.ndarray:
        """For each open post the earliest originals before it in its bucket and window; coded (post, original)."""
        is_original = originals[self.post]
        before, row = np.cumsum(is_original) - is_original, self.post[is_original]
        at = np.flatnonzero(open_[self.post])
        first = before[self.window[at]]
        n_offers = before[at] - first
        has = [n_offers > n for n in range(PER_BUCKET)]
        return np.concatenate([signatures.coded(self.post[at[h]], row[first[h] + n]) for n, h in enumerate(has)])

    def meet(self, changed: np.ndarray, met: np.ndarray) -> None:
        """Add to `met` the posts that share a bucket with one that changed."""
        touched = np.zeros(len(self.post), dtype=bool)
        touched[self.begin[changed[self.post]]] = True
        met[self.post[touched[self.begin]]] = True
