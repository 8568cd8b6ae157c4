"""Relevance by the watch list of lab.toml, with the words and the clause that decided as the reason.

How a clause is written stands in `query_grammar`. Words are compared folded: script, case and punctuation do not
count. All words of all clauses are looked for in one pass, and each combination of words is judged once, so the cost
grows with the posts and hardly with the list.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import polars as pl

from opinion_lab.config import Watch
from opinion_lab.prepare import normalize
from opinion_lab.prepare.relevance.query_grammar import EXCLUDED, NO_LIST, Atom, WatchList

INHERITED = "所转发或评论的帖子相关"
HANDED = "派到本单位的工单"
#: How the unit of an order is called when it is the bureau, whatever its county.
BUREAU = "市场监[管督]|市监|工商|食药监|药监局|食品药品监督"

TOGETHER = 60  # words that are looked for together: one bit each of an integer
SENTENCE_END = r"[。！？!?；;…\n]+"


def by_words(posts: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    """The posts with `relevant` and `relevance_reason` filled by each one's own words; row order kept.

    A post is relevant when its title, text, quoted text, region or (of government and media) author hold every
    `must`, one of `any` and none of `not`. An empty list keeps everything. Raises LabError for a clause that cannot
    be read.
    """
    rules = _read(watch)
    if posts.is_empty() or not rules.atoms:
        return posts.with_columns(relevant=pl.lit(True), relevance_reason=pl.lit(NO_LIST))
    found = _found(posts, rules.atoms)
    cases = found.unique(maintain_order=True)
    verdicts = [rules.verdict(_held(case, rules.atoms)) for case in cases.iter_rows()]
    judged = cases.with_columns(pl.DataFrame(verdicts, ["relevant", "relevance_reason"], orient="row"))
    verdict = found.join(judged, on=found.columns, how="left", maintain_order="left", nulls_equal=True)
    return posts.with_columns(verdict["relevant"], verdict["relevance_reason"])


def handed(posts: pl.DataFrame, orders: pl.DataFrame, own: Collection[str]) -> pl.DataFrame:
    """The posts with those relevant that were handed to the bureau as work orders (Order): no word has to say so.

    An order without a unit came in the bureau's own list; one of another unit is left to the words.
    """
    unit = pl.col("unit")
    ours = unit.str.contains(BUREAU) | unit.is_in(list(own)) | unit.is_null()
    mine = pl.col("post_id").is_in(orders.filter(ours)["post_id"].implode())
    return posts.with_columns(
        relevant=mine | pl.col("relevant"),
        relevance_reason=pl.when(mine).then(pl.lit(HANDED)).otherwise("relevance_reason"),
    )


def inherit(posts: pl.DataFrame, relevant: pl.Series) -> pl.DataFrame:
    """Verdicts by words, and what follows from them: a post is relevant, unless it holds a `not`, when it forwards or
    comments, at any depth, on one that is, be it in the frame or (by post_id) in `relevant`.
    """
    own = pl.col("relevant") & (pl.col("relevance_reason") != INHERITED)
    waiting = posts.filter(~own & ~pl.col("relevance_reason").str.starts_with(EXCLUDED))
    waiting = waiting.select("post_id", "parent_id", "root_id")
    above = pl.concat([posts.filter(own)["post_id"], relevant.alias("post_id")])
    heirs = [above.clear()]
    while len(above) and waiting.height:
        inherits = pl.any_horizontal(pl.col("parent_id", "root_id").is_in(above.implode())).fill_null(False)
        above, waiting = waiting.filter(inherits)["post_id"], waiting.filter(~inherits)
        heirs.append(above)
    heir = pl.col("post_id").is_in(pl.concat(heirs).implode())
    return posts.with_columns(
        relevant=own | heir, relevance_reason=pl.when(heir).then(pl.lit(INHERITED)).otherwise("relevance_reason")
    )


@lru_cache(maxsize=4)
def _read(watch: Watch) -> WatchList:
    return WatchList(watch)


def _fields(posts: pl.DataFrame) -> pl.DataFrame:
    """All that is searched; an author's name only where it stands for a body."""
    speaks_for_a_body = pl.col("author_kind").cast(pl.String).is_in(["government", "media"])
    return posts.select(
        "title", "text", "quoted", "region", author_name=pl.when(speaks_for_a_body).then("author_name")
    ).with_columns(pl.all().fill_null(""))


def _looked_at(posts: pl.DataFrame) -> pl.Series:
    """What is searched, folded, a line a field: no word is found across two of them."""
    posts = normalize.folded(posts)
    others = [normalize.fold(column) for column in _fields(posts).select(pl.exclude("title", "text"))]
    folded = [*(posts[name] for name in normalize.FOLDED), *others]
    return pl.select(pl.concat_str(folded, separator="\n")).to_series()


def _sentences(posts: pl.DataFrame) -> pl.Series:
    """What is searched, folded, a line a sentence: slower, so only for posts of which it matters."""
    whole = _fields(posts).select(pl.concat_str(pl.all(), separator="\n")).to_series()
    lines = normalize.strip_links(whole).str.replace_all(SENTENCE_END, "\n").str.split("\n")
    rows = pl.DataFrame({"row": pl.int_range(len(whole), eager=True), "line": lines}).explode("line")
    rows = rows.with_columns(normalize.fold(rows["line"]))
    return rows.group_by("row", maintain_order=True).agg(pl.col("line").str.join("\n"))["line"]


def _found(posts: pl.DataFrame, atoms: list[Atom]) -> pl.DataFrame:
    """Which atoms each post holds, as the bits of one integer column for every TOGETHER of them."""
    said = _looked_at(posts)
    columns = {}
    for n in range(0, len(atoms), TOGETHER):
        bits = pl.Series([0] * len(said), dtype=pl.Int64)
        words: dict[str, int] = {}
        for bit, (wanted, kind) in enumerate(atoms[n : n + TOGETHER]):
            if kind == "word":
                words[wanted] = 1 << bit
                continue
            hit = said.str.contains(wanted)
            if kind == "near" and (rows := hit.arg_true()).len():
                hit = hit.scatter(rows, _sentences(posts[rows]).str.contains(wanted))
            bits = bits | hit.cast(pl.Int64) * (1 << bit)
        if words:
            hits = pl.DataFrame({"row": pl.int_range(len(said), eager=True), "said": said}).filter(
                pl.col("said").str.contains_any(list(words))
            )
            hits = hits.with_columns(pl.col("said").str.extract_many(list(words), overlapping=True)).explode("said")
            hits = hits.group_by("row").agg(pl.col("said").replace_strict(words, return_dtype=pl.Int64).bitwise_or())
            bits = bits.scatter(hits["row"], bits.gather(hits["row"]) | hits["said"])
        columns[str(n)] = bits
    return pl.DataFrame(columns)


def _held(case: tuple[int, ...], atoms: list[Atom]) -> frozenset[Atom]:
    held = (n * TOGETHER + bit for n, bits in enumerate(case) for bit in range(TOGETHER) if bits >> bit & 1)
    return frozenset(atoms[n] for n in held)
