"""Words of the moment: those that rise, and those that no lexicon has (what holds together and is free outside).

Cohesion: how much oftener the parts stand together than apart, at the weakest joint (pointwise mutual information, in
bits). Freedom: how many different neighbours it has, on the poorer side (branching entropy, in bits). Both as in
Matrix67 2012 and Feng et al. 2004 (accessor variety); counted on letters, so that no cutter's mistake comes in.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from opinion_lab.analyse.trends.baseline import Floats, Ints
from opinion_lab.config import LabError

LONGEST = 6  # characters; a run of Latin letters and digits is one
COHESION = 5.0  # bits at the weakest joint
FREEDOM = 1.5  # bits on the poorer side
MIN_POSTS = 5  # fewer are no trend, however rare the key
RISEN = 2.0  # standard deviations (`_signed_root`) up to which a rise may be chance
UNITS = r"[a-z0-9]+|\p{Han}|."
EDGE = "的了是在和与及或也都就还又很被把给对向从为以于之其这那我你他她它们个吗呢吧啊呀么着过地得所而但并让使称说将已致"
MEASURES = r"^[岁级元名号次条年月日时人点]|^[0-9]+[年月日时点岁元]|^[0-9]+\p{Han}{1,2}$"  # 岁女童, 9月21日: a number
COLUMNS: dict[str, Any] = {
    "word": pl.String(),
    "n": pl.Int64(),
    "before": pl.Float64(),
    "cohesion": pl.Float64(),
    "freedom": pl.Float64(),
    "score": pl.Float64(),
    "first_at": pl.Datetime("us", "UTC"),
}


def _signed_root(now: Floats, before: Floats, sizes: Floats) -> Floats:
    """Standard deviations by which counts of now are above those of before, in texts of these two sizes.

    The signed root of the log-likelihood ratio (Dunning 1993), which is sound for words that were not there before.
    """
    expected = np.outer(sizes / sizes.sum(), now + before)
    ratio = sum(n * np.log(np.maximum(n, 1e-9) / e) for n, e in zip((now, before), expected, strict=True))
    return np.sqrt(2 * np.maximum(ratio, 0)) * np.sign(now - expected[0])


def rising(tokens: pl.DataFrame, posts: pl.DataFrame, *, since: datetime, until: datetime) -> pl.DataFrame:
    """Words of [since, until) that the same length of time before had less of: word, n, before, score, best first.

    n and before are posts with the word, copies of one text counted once (`_order`); before is scaled up when the
    posts do not reach back that far. score: see `_signed_root`. Empty when there is nothing to compare with.
    """
    if until <= since:
        raise LabError(f"起始时刻 {since} 不早于截止时刻 {until}，请对调。")
    length = until - since
    dated = posts.filter(pl.col("published_at").is_between(since - length, until, closed="left"))
    root = pl.when(_order(dated)).then("post_id").otherwise(pl.coalesce("copy_of", "post_id"))
    dated = dated.with_columns(now=pl.col("published_at") >= since, root=root)
    first = posts["published_at"].min()
    reach = (since - max(first, since - length)) / length if isinstance(first, datetime) else 0.0
    once = dated.sort("post_id").unique(["root", "now"], keep="first", maintain_order=True)
    words = once.join(tokens, on="post_id").select("now", word=pl.col("tokens").list.unique()).explode("word")
    words = words.drop_nulls().group_by("word").agg(n=pl.col("now").sum().cast(pl.Int64), b=(~pl.col("now")).sum())
    n, before = words["n"].to_numpy().astype(float), words["b"].to_numpy().astype(float)
    if reach <= 0 or not before.sum() or not n.sum():
        return pl.DataFrame(schema={"word": pl.String, "n": pl.Int64, "before": pl.Float64, "score": pl.Float64})
    score = _signed_root(n, before, np.array([n.sum(), before.sum()]))
    frame = words.select("word", "n", before=(pl.col("b") / reach).round(1), score=pl.Series(score).round(3))
    risen = frame.filter((pl.col("score") > RISEN) & (pl.col("n") >= MIN_POSTS))
    return risen.sort("score", "n", "word", descending=[True, True, False])


def _order(posts: pl.DataFrame) -> pl.Expr:
    """Whether a post is a work order: two callers in the words of one form are two, and no copy of one another."""
    return pl.col("kind").cast(pl.String) == "complaint" if "kind" in posts.columns else pl.lit(False)


def find(posts: pl.DataFrame, *, known: Collection[str] = (), since: datetime | None = None) -> pl.DataFrame:
    """Words of title and text that are not `known`: word, n, before, cohesion, freedom, score, first_at; best first.

    n posts have it from `since` on, and `before` had it until then, scaled to as many characters; score: see
    `_signed_root`; without `since`, freedom times the root of n. Copies of one text count once. What goes on
    inside a longer word is not free, and falls away.
    """
    said = _said(posts)
    now = np.ones(said.height, bool) if since is None else (said["published_at"] >= since).to_numpy()
    unit, text, names = _units(said["said"])
    if not len(unit):
        return pl.DataFrame(schema=COLUMNS)
    grams = _Grams(unit, text)
    size = np.array([np.isin(text, np.flatnonzero(now)).sum(), np.isin(text, np.flatnonzero(~now)).sum()], float)
    times = said["published_at"].to_list()
    found, shut = [], set(known)
    for length in range(2, LONGEST + 1):
        for at, where, strong, free in grams.words(length):
            word = "".join(names[u] for u in unit[at : at + length])
            there = np.unique(text[where])
            n, before = int(now[there].sum()), int((~now[there]).sum())
            if n < MIN_POSTS or word in shut or word[0] in EDGE or word[-1] in EDGE or word.isascii():
                continue
            scaled = before * size[0] / size[1] if size[1] else 0.0
            score = free * n**0.5 if since is None else _signed_root(np.array([n]), np.array([before]), size)[0]
            found.append((word, n, scaled, strong, free, score, times[int(there[0])]))
    frame = pl.DataFrame(found, schema=COLUMNS, orient="row").filter(pl.col("score") > (0 if since is None else RISEN))
    frame = frame.filter(~pl.col("word").str.contains(MEASURES))
    return frame.with_columns(pl.col(pl.Float64).round(3)).sort("score", "n", "word", descending=[True, True, False])


def mark(texts: pl.Series, words: Collection[str]) -> pl.Series:
    """The new words that each text has (list), so that they can be counted as keys: `trends.count(key=...)`."""
    if not words:
        return pl.Series(texts.name, [[]] * len(texts), dtype=pl.List(pl.String))
    plain = texts.str.to_lowercase().fill_null("")
    return plain.str.extract_many(sorted(words), overlapping=True).list.unique().list.sort()


def _said(posts: pl.DataFrame) -> pl.DataFrame:
    """published_at and `said` of each different text and of each work order, in order of time."""
    parts = [pl.col(c).fill_null("") for c in ("title", "text") if c in posts.columns]
    rows = posts.with_columns(said=pl.concat_str(parts, separator="\n").str.to_lowercase(), order=_order(posts))
    if "copy_of" in rows.columns:
        rows = rows.filter(pl.col("copy_of").is_null() | pl.col("order"))
    rows = rows.sort("published_at", "said").with_columns(call=pl.when("order").then(pl.int_range(pl.len())))
    rows = rows.unique(["said", "call"], keep="first", maintain_order=True)
    return rows.select("published_at", "said")


def _units(texts: pl.Series) -> tuple[Ints, Ints, list[str]]:
    """Characters of all texts in a row: what each is (0: a boundary), whose it is, and their names."""
    rows = texts.to_frame("unit").with_row_index("text").with_columns(pl.col("unit").str.extract_all("(?s)" + UNITS))
    rows = rows.with_columns(pl.concat_list("unit", pl.lit("\n"))).explode("unit")
    names = rows["unit"].unique().sort()
    telling = names.filter(names.str.contains(r"^([a-z0-9]+|\p{Han})$"))
    place = telling.search_sorted(rows["unit"]).to_numpy().astype(np.int64)
    real = rows["unit"].is_in(telling.implode()).to_numpy()
    return np.where(real, place + 1, 0), rows["text"].to_numpy().astype(np.int64), ["", *telling.to_list()]


class _Grams:
    """Runs of characters that occur MIN_POSTS times or more, by length: where each begins, and how often it occurs."""

    def __init__(self, unit: Ints, text: Ints) -> None:
        self.unit, self.text = unit, text
        whole = unit > 0
        self.total = int(whole.sum())
        self.count = [np.zeros(0), self._counts(np.where(whole, unit, -1))[1]]
        code = np.where(whole, unit, -1)
        self.code = [np.zeros(0), code]
        for length in range(2, LONGEST + 2):
            longer = np.full(len(unit), -1, np.int64)
            reach = len(unit) - length + 1
            both = (code[:reach] >= 0) & (self.count[-1][:reach] >= MIN_POSTS) & whole[length - 1 :]
            longer[:reach][both] = code[:reach][both] * (unit.max() + 1) + unit[length - 1 :][both]
            code, count = self._counts(longer)
            self.code.append(code)
            self.count.append(count)

    @staticmethod
    def _counts(code: Ints) -> tuple[Ints, Ints]:
        """Codes made dense, and how often each occurs; -1 and 0 where there is none."""
        there = np.flatnonzero(code >= 0)
        dense, count = np.full(len(code), -1, np.int64), np.zeros(len(code), np.int64)
        _, inverse, counts = np.unique(code[there], return_inverse=True, return_counts=True)
        dense[there], count[there] = inverse, counts[inverse]
        return dense, count

    def words(self, length: int) -> list[tuple[int, Ints, float, float]]:
        """First place, all places, cohesion and freedom of the runs of this length that hold together and are free."""
        code = self.code[length]
        there = np.flatnonzero(self.count[length] >= MIN_POSTS)
        there = there[np.argsort(code[there], kind="stable")]
        begins = np.flatnonzero(np.diff(code[there], prepend=-1))
        if not len(begins):
            return []
        run = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(there)))
        before = np.where(there == 0, 0, self.unit[there - 1])
        free = np.minimum(_entropy(run, before), _entropy(run, self.unit[there + length]))
        strong = self._cohesion(there[begins], length)
        parts = np.split(there, begins[1:])
        kept = np.flatnonzero((strong >= COHESION) & (free >= FREEDOM))
        return [(int(parts[n][0]), parts[n], float(strong[n]), float(free[n])) for n in kept]

    def _cohesion(self, at: Ints, length: int) -> Floats:
        """Bits by which the parts of runs stand together oftener than chance, at the weakest joint."""
        whole = self.count[length][at]
        joints = [
            np.log2(whole * float(self.total) / np.maximum(1, self.count[k][at] * self.count[length - k][at + k]))
            for k in range(1, length)
        ]
        return np.min(joints, axis=0)


def _entropy(run: Ints, neighbour: Ints) -> Floats:
    """Bits of the neighbours of each run (0, 1, ...); every edge (0) of a text or sentence is another one."""
    n = np.bincount(run)
    inside = neighbour > 0
    pairs, counts = np.unique(run[inside] * (neighbour.max() + 1) + neighbour[inside], return_counts=True)
    same = np.bincount(pairs // (neighbour.max() + 1), counts * np.log2(counts), minlength=len(n))
    return np.log2(n) - same / n
