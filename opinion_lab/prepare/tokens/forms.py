"""Sentences of a form: what is typed under complaints of any matter (商家称总部规定如此。), and says nothing of it."""

from __future__ import annotations

import numpy as np
import polars as pl

SENTENCE = r"[^。！？!?；;\n]+[。！？!?；;\n]*"
SHORTEST, FEWEST = 4, 5  # characters of such a sentence, and complaints of different openings with it
#: How much more alike than any two complaints those with the sentence may open. On real letters what is said again
#: word for word (a bank's excuse, by five about it) has 6 and more, the sentences of an invented form 1.3 and less.
ALIKE = 2.0


def without(posts: pl.DataFrame) -> pl.DataFrame:
    """The posts, their complaints without the sentences of a form; the first sentence stays."""
    mine = (pl.col("kind").cast(pl.String) == "complaint") & pl.col("text").is_not_null()
    split = posts.filter(mine).select("post_id", said=pl.col("text").str.extract_all(SENTENCE))
    formal = _formal(split["said"].unique(maintain_order=True))
    rest = pl.col("said").list.slice(1).list.eval(pl.element().filter(~_bare(pl.element()).is_in(formal)))
    kept = split.select("post_id", plain=pl.concat_str(pl.col("said").list.first(), rest.list.join("")))
    plain = pl.coalesce("plain", "text").alias("text")
    return posts.join(kept, on="post_id", how="left", maintain_order="left").with_columns(plain).drop("plain")


def _formal(said: pl.Series) -> list[str]:
    """The sentences of a form: five complaints and more end with one or have it in their midst, and their first
    sentences are no more like each other than those of any complaints. `said`: the sentences of each.
    """
    later = pl.DataFrame({"row": range(len(said)), "said": said.list.slice(1)}).explode("said")
    later = later.select("row", said=_bare(pl.col("said"))).unique().filter(pl.col("said").str.len_chars() >= SHORTEST)
    often = later.group_by("said").agg("row").filter(pl.col("row").list.len() >= FEWEST).sort("said")
    if len(said) < 2 * FEWEST or often.is_empty():
        return []
    openings = _vectors(said.list.first().fill_null(""))
    usual = _alike(openings, np.arange(len(said)))
    return [s for s, rows in often.iter_rows() if _alike(openings, np.array(rows)) <= ALIKE * usual]


def _bare(sentence: pl.Expr) -> pl.Expr:
    """A sentence without its closing mark, and whoever it names as anybody."""
    return sentence.str.strip_chars(" 。！？!?；;\n").str.replace_all(r"\p{Han}某+", "某")


def _vectors(texts: pl.Series) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer="char", ngram_range=(2, 2), sublinear_tf=True).fit_transform(texts.to_list())


def _alike(vectors: np.ndarray, rows: np.ndarray) -> float:
    """The mean cosine of two of the rows, which have length 1."""
    whole = np.asarray(vectors[rows].sum(axis=0))
    return float((np.square(whole).sum() - len(rows)) / (len(rows) * (len(rows) - 1)))
