"""Words: the lexicon, jieba's own output, and a post's words worth counting."""

from __future__ import annotations

import gc
import re
from collections.abc import Sequence

import polars as pl

from opinion_lab import schemas
from opinion_lab.prepare import normalize
from opinion_lab.prepare.tokens import dictionary, segmentation
from opinion_lab.prepare.tokens.segmentation import SEP
from opinion_lab.rules.words import Lexicon

# --- text -> words -------------------------------------------------------------------------------------------


def cut(texts: list[str], lexicon: Lexicon | None = None) -> list[list[str]]:
    """Each text's words as `jieba.lcut` gives them: HMM on, default dictionary, the lexicon's words added."""
    cutter = segmentation.cutter(lexicon.words if lexicon else ())
    collecting = gc.isenabled()
    gc.disable()  # it would look through the growing lists again and again, and find nothing: a sixth of the time
    try:
        return [w if isinstance(w, list) else w.split(SEP) if w else [] for w in cutter.each(texts)]
    finally:
        if collecting:
            gc.enable()


def _joined(texts: list[str], lexicon: Lexicon) -> list[str]:
    """As `cut`, each text's words in one string with SEP between them: a list of strings is dear to hand on.

    A NUL in the text is left out, being the separator.
    """
    cutter = segmentation.cutter(lexicon.words)
    return [SEP.join(x for x in w if x != SEP) if isinstance(w, list) else w for w in cutter.each(texts)]


def tokenize(posts: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The words of title and text (not of what is quoted) worth counting: schemas.Token, a row a post, order kept.

    Words are Simplified and lower case. Left out: boilerplate, stop words, what holds no letter and no Han
    character, and single characters; a word of the lexicon always stays (罚, 12315).
    """
    words, stop = _folded(lexicon)
    always = [word for word, freq, _ in words if freq != 0]
    cutting = Lexicon((*dictionary.lower_case(), *words))
    rows = posts.select("post_id", "day").with_columns(_said(posts, lexicon.boilerplate))
    distinct = rows.select("said").unique(maintain_order=True).with_row_index("row")  # what is said again is cut once
    cut_up = pl.Series(_joined(distinct["said"].to_list(), cutting), dtype=pl.String)
    word = pl.col("tokens")
    telling = (word.str.len_chars() > 1) & word.str.contains(r"\p{L}") & ~word.is_in(stop)
    kept = (
        distinct.select("row", tokens=cut_up.str.split(SEP))
        .explode("tokens")
        .filter(word.is_in(always) | telling)
        .group_by("row", maintain_order=True)
        .agg("tokens")
    )
    found = rows.join(distinct.join(kept, on="row"), on="said", how="left", maintain_order="left")
    found = found.with_columns(word.fill_null([]))
    return schemas.Token.validate(found.select("post_id", "day", "tokens"), cast=True)


def known(lexicon: Lexicon) -> frozenset[str]:
    """Every word that cutting finds in a dictionary, the lexicon's among them, lower case."""
    own = (word for word, freq, _ in lexicon.words if freq != 0)
    return frozenset(word.lower() for word in (*dictionary.words(), *own))


def _folded(lexicon: Lexicon) -> tuple[dictionary.Words, list[str]]:
    """Its words and stop words in the form that folded text has; of two with the same form the first."""
    forms = normalize.fold(pl.Series([word for word, _, _ in lexicon.words], dtype=pl.String)).to_list()
    words: dict[str, tuple[str, int | None, str | None]] = {}
    for form, (_, freq, tag) in zip(forms, lexicon.words, strict=True):
        if form:
            words.setdefault(form, (form, freq, tag))
    return tuple(words.values()), normalize.fold(pl.Series(sorted(lexicon.stop), dtype=pl.String)).to_list()


def _said(posts: pl.DataFrame, boilerplate: Sequence[str]) -> pl.Series:
    """Title and text on a line each, folded; the title once when the text begins with it."""
    posts = normalize.folded(posts)
    repeated = pl.col("text").str.starts_with(pl.col("title").fill_null(""))
    title = posts.select(pl.when(repeated).then(pl.lit("")).otherwise(normalize.FOLDED[0]).alias("said")).to_series()
    anywhere = [b for b in boilerplate if not b.endswith("$")]
    at_end = "|".join(re.escape(b[:-1]) for b in boilerplate if b.endswith("$"))
    asked = [pl.lit(False)]
    if anywhere:
        asked.append(pl.col("text").str.contains_any(anywhere))
    if at_end:
        asked.append(pl.col("text").str.contains(rf"(?:{at_end})\s*$"))
    held = posts.select(held=pl.any_horizontal(asked).fill_null(False) & pl.col("text").is_not_null())["held"]

    def without(rows: pl.Series) -> pl.Series:
        if anywhere:
            rows = rows.str.replace_many(anywhere, [" "] * len(anywhere), leftmost=True)
        if at_end:
            rows = rows.str.replace(rf"(?:\s*(?:{at_end}))+\s*$", "")
        return normalize.fold(rows)

    body = normalize.where(posts[normalize.FOLDED[1]], held, lambda _: without(posts["text"].filter(held)))
    return (title + "\n" + body).alias("said")
