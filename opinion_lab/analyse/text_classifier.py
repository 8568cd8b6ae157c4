"""Texts to classes: TF-IDF of words and characters, a linear model, and probabilities brought to what was measured.

The plain scikit-learn way: on few hundred labels of seven departments words and characters are ahead of either alone
(`python -m tests.benchmarks accuracy`). scikit-learn is imported where it is used: it takes seconds to load.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab.prepare import normalize, tokens

Floats = NDArray[np.float64]
Kinds = tuple[tuple[str, int, int], ...]
CHARACTERS = 300  # of a text that are read: what a long letter is about is said by then
STRENGTH = 0.3  # C of the support vector machine
#: Of which column which terms are made: the characters of one at most, 0 for words, and the texts that must have it.
WORDED = (("all", 0, 1), ("all", 3, 1), ("title", 3, 1))
SPELT = (("all", 2, 2),)
FOLDS = 3  # in which held-out scores are made, for the temperature


_BLANKS = re.compile(r"\s\s+")


def texts(posts: pl.DataFrame) -> pl.DataFrame:
    """What is read of posts: title, and all (title and the beginning of the text, or what an empty repost quotes)."""
    own = pl.concat_str(pl.col("title", "text"), separator=" ", ignore_nulls=True)
    quoted = pl.col("quoted") if "quoted" in posts.columns else pl.lit(None, pl.String)
    read = posts.select(
        title=pl.coalesce(pl.when(pl.col("title") != "").then("title"), "text", pl.lit("")).str.head(CHARACTERS),
        all=pl.when(own.str.strip_chars() == "").then(quoted.fill_null("")).otherwise(own).str.head(CHARACTERS),
    )
    return read.with_columns(normalize.fold(read["title"]).alias("title"), normalize.fold(read["all"]).alias("all"))


def short(said: Sequence[str]) -> pl.DataFrame:
    """Phrases as `texts` gives posts: each is its own title."""
    folded = normalize.fold(pl.Series(said, dtype=pl.String))
    return pl.DataFrame({"title": folded, "all": folded})


@dataclass(frozen=True)
class Terms:
    """TF-IDF of some terms: `width` characters at most each, 0 for words apart by blanks. As scikit-learn counts them.

    What was learnt is applied without scikit-learn, which takes seconds to load.
    """

    idf: dict[str, tuple[int, float]]  # term -> column, weight
    width: int

    @classmethod
    def learn(cls, said: list[str], width: int, least: int = 1) -> Terms:
        """The terms that at least so many of the texts have."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        how = {"analyzer": "char", "ngram_range": (1, width)} if width else {"token_pattern": r"\S+"}
        made = TfidfVectorizer(**how, min_df=least, sublinear_tf=True, lowercase=False).fit(said)
        return cls({t: (n, made.idf_[n]) for t, n in sorted(made.vocabulary_.items(), key=lambda t: t[1])}, width)

    def rows(self, said: list[str]) -> Any:
        """A sparse row a text, of length 1."""
        from scipy import sparse

        columns, data, ends = array("q"), array("d"), [0]
        for text in said:
            held = [(*at, n) for term, n in Counter(self._of(text)).items() if (at := self.idf.get(term))]
            values = [(1 + math.log(n)) * weight for _, weight, n in held]
            norm = math.sqrt(sum(v * v for v in values))
            columns.extend(column for column, _, _ in held)
            data.extend(v / norm for v in values)
            ends.append(len(columns))
        # array + matrix, as scikit-learn's own
        made = sparse.csr_matrix((np.asarray(data), np.asarray(columns), ends), (len(said), len(self.idf)))
        made.sort_indices()
        return made

    def _of(self, text: str) -> list[str]:
        if not self.width:
            return text.split()
        text = _BLANKS.sub(" ", text)
        return [text[i : i + n] for n in range(1, self.width + 1) for i in range(len(text) - n + 1)]


def _rows(terms: Sequence[Terms], read: pl.DataFrame) -> Any:
    """The rows of texts; `more`: further columns as they are."""
    from scipy import sparse

    kinds = WORDED if len(terms) > 1 else SPELT
    parts = (each.rows(_said(read, of, width)) for each, (of, width, _) in zip(terms, kinds, strict=True))
    more = [np.array(read["more"].to_list())] if "more" in read.columns else []
    return sparse.hstack([*parts, *more]).tocsr()


def _said(read: pl.DataFrame, of: str, width: int) -> list[str]:
    said = read[of].to_list()
    return said if width else [" ".join(words) for words in tokens.cut(said)]


@dataclass(frozen=True)
class Classifier:
    """A linear model of some classes: `learn` from labelled texts, then `probabilities` of others.

    `held_out`: the probabilities of the texts it was learnt from, each by a model that did not know the text.
    """

    classes: list[str]
    coef: Floats  # a row a class; one row, of the second, where there are two
    intercept: Floats
    terms: Sequence[Terms]
    temperature: float
    held_out: Floats | None = None

    @classmethod
    def learn(
        cls,
        read: pl.DataFrame,
        labels: Sequence[str],
        *,
        weights: Sequence[float] | None = None,
        model: Any = None,
        kinds: Kinds = WORDED,
        strength: float = STRENGTH,
        temperature: float | None = None,
    ) -> Classifier:
        """From texts (`texts`, `short`) and their classes, at least two.

        `strength`: C of the machine, unless a `model` is given. `temperature`: what scores are multiplied by; without
        one it is measured on scores of texts that were held out.
        """
        from sklearn.svm import LinearSVC

        model = model or LinearSVC(C=strength, class_weight="balanced", random_state=0)
        terms = [Terms.learn(_said(read, of, width), width, least) for of, width, least in kinds]
        rows, given = _rows(terms, read), np.array(labels)
        held_out = None
        if temperature is None:
            temperature, held_out = _temperature(model, rows, given)
        model.fit(rows, given, sample_weight=weights)
        # as it is stored, so that what was learnt now and what was read back say the same
        coef = model.coef_.astype(np.float32).astype(np.float64)
        return cls([str(c) for c in model.classes_], coef, model.intercept_, terms, temperature, held_out)

    def scores(self, read: pl.DataFrame) -> Floats:
        """The linear scores, a row a text and a column a class."""
        made = np.asarray(_rows(self.terms, read) @ self.coef.T + self.intercept)
        return np.column_stack([-made, made]) if made.shape[1] == 1 else made

    def probabilities(self, read: pl.DataFrame) -> Floats:
        """How probable each class is, a row a text and a column a class."""
        return softmax(self.scores(read) * self.temperature) if read.height else np.zeros((0, len(self.classes)))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """What was learnt, without `held_out`, as arrays to be kept: key -> array, the keys begin with `name`."""
        kept: dict[str, NDArray[Any]] = {
            "coef": self.coef.astype(np.float32),
            "intercept": self.intercept,
            "temperature": np.array(self.temperature),
            "classes": np.array(self.classes),
        }
        for n, terms in enumerate(self.terms):
            kept[f"idf{n}"] = np.array([weight for _, weight in terms.idf.values()])
            kept[f"ends{n}"] = np.cumsum([len(term) for term in terms.idf])
            kept[f"terms{n}"] = np.array("".join(terms.idf))
        return {f"{name}.{key}": value for key, value in kept.items()}

    @classmethod
    def from_arrays(cls, kept: Mapping[str, NDArray[Any]], name: str) -> Classifier | None:
        """What `arrays` kept under a name; None where nothing is."""
        if f"{name}.coef" not in kept:
            return None
        one = {key: kept[f"{name}.{key}"] for key in ("coef", "intercept", "temperature", "classes")}
        terms = []
        for n, (_, width, _) in enumerate(WORDED if f"{name}.idf1" in kept else SPELT):
            ends, joined = kept[f"{name}.ends{n}"].tolist(), str(kept[f"{name}.terms{n}"])
            cut = (joined[a:b] for a, b in zip([0, *ends], ends, strict=False))
            idf = enumerate(kept[f"{name}.idf{n}"].tolist())
            terms.append(Terms(dict(zip(cut, idf, strict=True)), width))
        coef = one["coef"].astype(np.float64)
        return cls(one["classes"].tolist(), coef, one["intercept"], terms, float(one["temperature"]))


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as one file (npz), without pickles."""
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def unpacked(body: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of such a file; none where it is damaged."""
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as kept:
            return dict(kept)
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def softmax(scores: Floats) -> Floats:
    """Scores of classes to shares of 1, row by row."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _temperature(model: Any, rows: Any, labels: NDArray[np.str_]) -> tuple[float, Floats]:
    """What held-out scores must be multiplied by for the likelihood to be greatest, and the probabilities then."""
    from scipy.optimize import minimize_scalar
    from sklearn.base import clone
    from sklearn.model_selection import KFold

    classes, at = np.unique(labels, return_inverse=True)
    scores = np.full((len(labels), len(classes)), -1.0)
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=0).split(labels):
        fitted = clone(model).fit(rows[seen], labels[seen])
        made = fitted.decision_function(rows[unseen])
        made = np.column_stack([-made, made]) if made.ndim == 1 else made
        scores[np.ix_(unseen, np.searchsorted(classes, fitted.classes_))] = made

    def loss(x: float) -> float:
        return -float(np.log(softmax(scores * x)[np.arange(len(at)), at] + 1e-12).mean())

    best = float(minimize_scalar(loss, bounds=(0.1, 20.0), method="bounded").x)
    return best, softmax(scores * best)
