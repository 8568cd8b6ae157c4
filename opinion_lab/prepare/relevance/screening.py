"""Relevance by the watch list of lab.toml, with the words and the clause that decided as the reason.

How a clause is written stands in `clauses`. Words are compared folded (see text.fold): script, case and punctuation do
not count. All words of all clauses are looked for in one pass, and each combination of words is judged once, so the
cost grows with the posts and hardly with the list.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from opinion_lab.config import Watch
from opinion_lab.prepare import normalize
from opinion_lab.prepare.relevance.query_grammar import EXCLUDED, HALF_WORD, NO_LIST, NO_WORD, Atom, Rules

__all__ = ["EXCLUDED", "HALF_WORD", "INHERITED", "NO_LIST", "NO_WORD", "label", "screen"]

INHERITED = "所转发或评论的帖子相关"

TOGETHER = 60  # words that are looked for together: one bit each of an integer
SENTENCE_END = r"[。！？!?；;…\n]+"


def label(posts: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    """The posts with `relevant` and `relevance_reason` filled; row order kept.

    A post is relevant when its title, text, quoted text, region or (of government and media) author hold every
    `must`, one of `any` and none of `not`; or, unless it holds a `not`, when it forwards or comments on a post of the
    same frame that is relevant. An empty list keeps everything. Raises LabError for a clause that cannot be read.
    """
    rules = _read(watch)
    if posts.is_empty() or not rules.atoms:
        return posts.with_columns(relevant=pl.lit(True), relevance_reason=pl.lit(NO_LIST))
    found = _found(posts, rules.atoms)
    cases = found.unique(maintain_order=True)
    verdicts = [rules.verdict(_held(case, rules.atoms)) for case in cases.iter_rows()]
    judged = cases.with_columns(pl.DataFrame(verdicts, ["_relevant", "_may_inherit", "_reason"], orient="row"))
    verdict = found.join(judged, on=found.columns, how="left", maintain_order="left", nulls_equal=True)
    frame = pl.concat([posts, verdict.select("_relevant", "_may_inherit", "_reason")], how="horizontal")
    heir = pl.col("post_id").is_in(_heirs(frame).implode())
    return frame.with_columns(
        relevant=pl.col("_relevant") | heir,
        relevance_reason=pl.when(heir).then(pl.lit(INHERITED)).otherwise("_reason"),
    ).drop("_relevant", "_may_inherit", "_reason")


def by_words(posts: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    """As `label`, by each post's own words alone."""
    alone = posts.with_columns(parent_id=pl.lit(None, pl.String), root_id=pl.lit(None, pl.String))
    return label(alone, watch).with_columns(posts["parent_id"], posts["root_id"])


def inherit(posts: pl.DataFrame, relevant: pl.Series) -> pl.DataFrame:
    """Verdicts by words, and what follows from parents and roots: in the frame, or (post_id) known as `relevant`."""
    own = pl.col("relevant") & (pl.col("relevance_reason") != INHERITED)
    may = ~own & ~pl.col("relevance_reason").str.starts_with(EXCLUDED)
    frame = posts.select("post_id", "parent_id", "root_id", _relevant=own, _may_inherit=may)
    above = frame.clear().select("post_id").vstack(relevant.alias("post_id").to_frame())
    above = above.with_columns(_relevant=pl.lit(True), _may_inherit=pl.lit(False))
    heir = pl.col("post_id").is_in(_heirs(pl.concat([frame, above], how="diagonal")).implode())
    return posts.with_columns(
        relevant=own | heir, relevance_reason=pl.when(heir).then(pl.lit(INHERITED)).otherwise("relevance_reason")
    )


def screen(posts: pl.DataFrame, watch: Watch) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The relevant posts, and the others with a column `reason`; together as many as came in."""
    frame = label(posts, watch)
    relevant = pl.col("relevant")
    return frame.filter(relevant), frame.filter(~relevant).with_columns(reason="relevance_reason")


@lru_cache(maxsize=4)
def _read(watch: Watch) -> Rules:
    return Rules(watch)


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


def _heirs(frame: pl.DataFrame) -> pl.Series:
    """Posts that are not relevant by their words, but may inherit it from parent or root, at any depth."""
    waiting = frame.filter(~pl.col("_relevant") & pl.col("_may_inherit")).select("post_id", "parent_id", "root_id")
    relevant = frame.filter("_relevant")["post_id"]
    heirs = [relevant.clear()]
    while len(relevant) and waiting.height:
        inherits = pl.col("parent_id").is_in(relevant.implode()) | pl.col("root_id").is_in(relevant.implode())
        inherits = inherits.fill_null(False)
        relevant = waiting.filter(inherits)["post_id"]
        waiting = waiting.filter(~inherits)
        heirs.append(relevant)
    return pl.concat(heirs)
