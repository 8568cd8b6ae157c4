"""Texts to classes: TF-IDF of words and characters, a linear model, and probabilities brought to what was measured.

The plain scikit-learn way: on few hundred labels of seven departments it is ahead of words alone and characters alone
(`python -m tests.benchmarks accuracy`). scikit-learn is imported where it is used: it takes seconds to load.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab.prepare import normalize, tokens

Floats = NDArray[np.float64]
CHARACTERS = 300  # of a text that are read: what a long letter is about is said by then
STRENGTH = 0.3  # C of the support vector machine
PARTS = ("words", "characters", "title")
FOLDS = 3  # in which held-out scores are made, for the temperature


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


class Features:
    """TF-IDF of words and of one to three characters, those of the title apart; `more`: further columns as they are."""

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        characters = {"analyzer": "char", "ngram_range": (1, 3), "sublinear_tf": True, "lowercase": False}
        self.words = TfidfVectorizer(token_pattern=r"\S+", sublinear_tf=True, lowercase=False)
        self.characters = TfidfVectorizer(**characters)
        self.title = TfidfVectorizer(**characters)

    def _parts(self, read: pl.DataFrame) -> list[tuple[Any, list[str]]]:
        said = read["all"].to_list()
        cut = [" ".join(words) for words in tokens.cut(said)]
        return [(self.words, cut), (self.characters, said), (self.title, read["title"].to_list())]

    def terms(self) -> pl.DataFrame:
        """What was learnt of the columns, in their order: part, term, idf."""
        parts = [(name, getattr(self, name)) for name in PARTS]
        rows = [pl.DataFrame({"part": n, "term": v.get_feature_names_out().tolist(), "idf": v.idf_}) for n, v in parts]
        return pl.concat(rows)

    @classmethod
    def of(cls, terms: pl.DataFrame) -> Features:
        """What `terms` gave, as it was."""
        made = cls()
        for name in PARTS:
            rows = terms.filter(pl.col("part") == name)
            vectorizer = getattr(made, name)
            vectorizer.vocabulary = {term: n for n, term in enumerate(rows["term"])}
            vectorizer.idf_ = rows["idf"].to_numpy()
        return made

    def learn(self, read: pl.DataFrame) -> Any:
        """The rows of texts, by whose words the columns are made."""
        from scipy import sparse

        return sparse.hstack([*(made.fit_transform(said) for made, said in self._parts(read)), *_more(read)]).tocsr()

    def rows(self, read: pl.DataFrame) -> Any:
        """The rows of other texts."""
        from scipy import sparse

        return sparse.hstack([*(made.transform(said) for made, said in self._parts(read)), *_more(read)]).tocsr()


def _more(read: pl.DataFrame) -> list[Floats]:
    return [np.array(read["more"].to_list())] if "more" in read.columns else []


class Classifier:
    """A linear model of some classes: `learn` from labelled texts, then `probabilities` of others.

    `held_out`: the probabilities of the texts it was learnt from, each by a model that did not know the text.
    """

    def __init__(self, model: Any, features: Features, temperature: float, held_out: Floats | None = None) -> None:
        self.model, self.features, self.temperature, self.held_out = model, features, temperature, held_out
        self.classes: list[str] = [str(c) for c in model.classes_]

    @classmethod
    def learn(
        cls,
        read: pl.DataFrame,
        labels: Sequence[str],
        *,
        weights: Sequence[float] | None = None,
        model: Any = None,
        temperature: float | None = None,
    ) -> Classifier:
        """From texts (`texts`, `short`) and their classes, at least two. `temperature`: what scores are multiplied by.

        Without one it is measured on scores of texts that were held out.
        """
        from sklearn.svm import LinearSVC

        model = model or LinearSVC(C=STRENGTH, class_weight="balanced", random_state=0)
        features, given = Features(), np.array(labels)
        rows = features.learn(read)
        held_out = None
        if temperature is None:
            temperature, held_out = _temperature(model, rows, given)
        return cls(model.fit(rows, given, sample_weight=weights), features, temperature, held_out)

    def frame(self) -> pl.DataFrame:
        """All that `probabilities` needs, to be kept: a row a term (part, term, idf, weights), the rest in the last."""
        weights = pl.Series(self.model.coef_.T.tolist(), dtype=pl.List(pl.Float64))
        rest = {"classes": self.classes, "intercept": self.model.intercept_.tolist(), "temperature": self.temperature}
        last = pl.DataFrame({"part": "model", "term": json.dumps(rest), "idf": 0.0})
        last = last.with_columns(weights=pl.lit([], pl.List(pl.Float64)))
        return pl.concat([self.features.terms().with_columns(weights=weights), last])

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Classifier:
        """What `frame` gave, as it was, without `held_out`."""
        from sklearn.svm import LinearSVC

        terms, rest = frame.filter(pl.col("part") != "model"), json.loads(frame["term"][-1])
        model = LinearSVC()
        model.coef_ = np.array(terms["weights"].to_list()).T
        model.intercept_, model.classes_ = np.array(rest["intercept"]), np.array(rest["classes"])
        return cls(model, Features.of(terms), rest["temperature"])

    def scores(self, read: pl.DataFrame) -> Floats:
        """The linear scores, a row a text and a column a class."""
        made = self.model.decision_function(self.features.rows(read))
        return np.column_stack([-made, made]) if made.ndim == 1 else made

    def probabilities(self, read: pl.DataFrame) -> Floats:
        """How probable each class is, a row a text and a column a class."""
        return softmax(self.scores(read) * self.temperature) if read.height else np.zeros((0, len(self.classes)))


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
