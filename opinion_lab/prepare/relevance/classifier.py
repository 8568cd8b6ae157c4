"""A second opinion on relevance, learned from what analysts labelled: a probability beside the words, never a verdict.

Character TF-IDF (one and two characters) and logistic regression, brought to probabilities by Platt's sigmoid on
scores of texts that were held out. A model is numbers and n-grams, kept as JSON: nothing in it can run.

scikit-learn is imported where it is used: it takes seconds, and a daily brief without a model does without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from opinion_lab import validation
from opinion_lab.prepare import normalize
from opinion_lab.validation import LabError

Floats = NDArray[np.float64]

FEWEST, FEWEST_OF_EACH = 40, 10  # labels below which there is nothing to learn from
FOLDS, INNER = 5, 4
STRENGTH = 10.0  # C of the regression
CHARACTERS = 1000  # of a text that are read: what a long one is about is said by then
DECIMALS = 6  # of weights: the same labels give the same bytes


class Held(validation.Model):
    """How a model does on labels that it did not see; ranges are 95 % (Wilson). Null: nothing to divide by."""

    n: int
    relevant: int
    precision: float | None
    precision_range: tuple[float, float]
    recall: float | None
    recall_range: tuple[float, float]
    brier: float  # mean squared error of the probability
    brier_blind: float  # the same for whoever only knows the share of relevant ones
    off: float  # calibration error: mean gap between probability and share, over ten equal groups


class Model(validation.Model):
    """What was learned. `version` is the digest of all but `trained_at`; `labels` that of texts and labels."""

    version: str = ""
    trained_at: datetime
    labels: str
    held: Held
    grams: tuple[str, ...]
    idf: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    slope: float
    offset: float
    format: Literal[1] = 1

    def digest(self) -> str:
        """What `version` must be."""
        return _digest(self.model_dump(exclude={"version", "trained_at"}))

    def to_json(self) -> bytes:
        """The model as it is kept."""
        return orjson.dumps(self.model_dump()) + b"\n"


def from_json(body: bytes) -> Model:
    """The model that `to_json` gave. Raises LabError for anything else, and for one that was changed since."""
    try:
        model = Model.model_validate_json(body)
    except ValueError:
        raise LabError("模型文件读不了，或是另一版本的格式。请删除它后重新训练。") from None
    if model.digest() != model.version or len(model.grams) != len(model.weights):
        raise LabError(f"模型 {model.version} 的内容与编号不符，可能被改动过。请删除它后重新训练。")
    return model


def train(
    texts: Sequence[str], relevant: Sequence[bool], *, at: datetime, groups: Sequence[str] | None = None
) -> Model:
    """Learn from labelled texts; `groups` (a story, an original) are never split between learning and testing.

    Texts that are the same when folded are one group too. Order does not matter. Raises LabError below FEWEST labels,
    or when fewer than FEWEST_OF_EACH are of one kind.
    """
    said = normalize.fold(pl.Series([t[:CHARACTERS] for t in texts], dtype=pl.String))
    given = pl.DataFrame(
        {"said": said, "label": list(relevant), "group": list(groups) if groups else said},
        schema={"said": pl.String, "label": pl.Boolean, "group": pl.String},
    )
    given = given.filter(pl.col("said") != "").sort("said", "label", "group")
    yes = int(given["label"].sum() or 0)
    if given.height < FEWEST or min(yes, given.height - yes) < FEWEST_OF_EACH:
        raise LabError(
            f"标注还不够：现有 {given.height} 条（相关 {yes}、无关 {given.height - yes}）。"
            f"满 {FEWEST} 条、两类各满 {FEWEST_OF_EACH} 条后再训练。"
        )
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer="char", ngram_range=(1, 2), lowercase=False, min_df=2, dtype=np.float64)
    counts = counter.fit_transform(given["said"].to_list())
    labels = given["label"].to_numpy()
    fold = _folds(given, FOLDS)
    tested = np.zeros(len(labels))
    for n in range(FOLDS):
        seen, unseen = np.flatnonzero(fold != n), np.flatnonzero(fold == n)
        if len(unseen):
            fitted = _fit(counts[seen], labels[seen], _folds(given[seen], INNER))
            tested[unseen] = _probability(counts[unseen], *fitted)
    idf, weights, bias, slope, offset = _fit(counts, labels, _folds(given, INNER))
    model = Model(
        trained_at=at,
        labels=_digest(given.select("said", "label").rows()),
        held=_held_out(labels, tested),
        grams=counter.get_feature_names_out().tolist(),
        idf=idf.round(DECIMALS).tolist(),
        weights=weights.round(DECIMALS).tolist(),
        bias=round(bias, DECIMALS),
        slope=round(slope, DECIMALS),
        offset=round(offset, DECIMALS),
    )
    return model.model_copy(update={"version": model.digest()})


def predict(model: Model, texts: pl.Series) -> pl.Series:
    """How probable it is that a text is relevant, as the labels go; null where a text says nothing."""
    if texts.is_empty():
        return pl.Series("probability", [], pl.Float64)
    from sklearn.feature_extraction.text import CountVectorizer

    said = normalize.fold(texts.fill_null("").str.head(CHARACTERS))
    once = said.unique(maintain_order=True).to_list()
    counter = CountVectorizer(
        analyzer="char", ngram_range=(1, 2), lowercase=False, vocabulary=list(model.grams), dtype=np.float64
    )
    idf, weights = np.array(model.idf), np.array(model.weights)
    made = _probability(counter.transform(once), idf, weights, model.bias, model.slope, model.offset)
    known = {t: float(p) for t, p in zip(once, made, strict=True)} | {"": None}
    return said.replace_strict(known, return_dtype=pl.Float64).alias("probability")


# --- inside ------------------------------------------------------------------------------------------------


def _folds(given: pl.DataFrame, n: int) -> NDArray[np.int64]:
    """Each row's fold, by the digest of its group: the same whatever else was labelled."""
    # two labels that share a text or a group stay together
    group = pl.col("group").sort().first().over("said")
    groups = given.select(g=group).to_series()
    fold = {g: int(hashlib.sha256(f"{n} {g}".encode()).hexdigest()[:8], 16) % n for g in groups.unique()}
    return groups.replace_strict(fold, return_dtype=pl.Int64).to_numpy()


def _fit(counts: Any, labels: NDArray[np.bool_], fold: NDArray[np.int64]) -> tuple[Floats, Floats, float, float, float]:
    """idf, weights and bias from all rows; slope and offset of the sigmoid from scores of held-out ones."""
    from sklearn.linear_model import LogisticRegression

    scores = np.zeros(len(labels))
    for n in range(INNER):
        seen, unseen = np.flatnonzero(fold != n), np.flatnonzero(fold == n)
        if len(unseen):
            idf, weights, bias = _learn(counts[seen], labels[seen])
            scores[unseen] = _rows(counts[unseen], idf) @ weights + bias
    if labels.all() or not labels.any():
        return (*_learn(counts, labels), 0.0, 20.0 if labels.all() else -20.0)
    sigmoid = LogisticRegression(C=STRENGTH, solver="liblinear", intercept_scaling=10.0).fit(scores[:, None], labels)
    return (*_learn(counts, labels), float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0]))


def _learn(counts: Any, labels: NDArray[np.bool_]) -> tuple[Floats, Floats, float]:
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    idf = TfidfTransformer(sublinear_tf=True).fit(counts).idf_
    if labels.all() or not labels.any():
        return idf, np.zeros(counts.shape[1]), 1.0 if labels.all() else -1.0
    # liblinear: no threads to wait for, on small data several times faster
    fitted = LogisticRegression(C=STRENGTH, class_weight="balanced", solver="liblinear").fit(_rows(counts, idf), labels)
    return idf, fitted.coef_[0], float(fitted.intercept_[0])


def _rows(counts: Any, idf: Floats) -> Any:
    """TF-IDF rows of length 1; sublinear in the count."""
    from sklearn.feature_extraction.text import TfidfTransformer

    made = TfidfTransformer(sublinear_tf=True)
    made.idf_ = idf
    return made.transform(counts)


def _probability(counts: Any, idf: Floats, weights: Floats, bias: float, slope: float, offset: float) -> Floats:
    score = slope * (_rows(counts, idf) @ weights + bias) + offset
    return 1 / (1 + np.exp(-np.clip(score, -30, 30)))


def _held_out(labels: NDArray[np.bool_], probability: Floats) -> Held:
    """Precision and recall from one half on, and how far the probabilities can be believed."""
    said = probability >= 0.5
    hit, n, yes = int((said & labels).sum()), len(labels), int(labels.sum())
    groups = np.array_split(np.argsort(probability, kind="stable"), 10)
    gaps = [len(g) * abs(probability[g].mean() - labels[g].mean()) for g in groups if len(g)]
    return Held(
        n=n,
        relevant=yes,
        precision=_ratio(hit, int(said.sum())),
        precision_range=_wilson(hit, int(said.sum())),
        recall=_ratio(hit, yes),
        recall_range=_wilson(hit, yes),
        brier=round(float(((probability - labels) ** 2).mean()), 4),
        brier_blind=round(yes / n * (1 - yes / n), 4),
        off=round(float(sum(gaps) / n), 4),
    )


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _wilson(part: int, whole: int) -> tuple[float, float]:
    if not whole:
        return (0.0, 1.0)
    from scipy import stats

    low, high = stats.binomtest(part, whole).proportion_ci(method="wilson")
    return round(float(low), 4), round(float(high), 4)


def _digest(body: Mapping[str, Any] | Sequence[Any]) -> str:
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def texts(posts: pl.DataFrame) -> pl.Series:
    """The words of posts (Post) that are learned from: title, text, and what is quoted."""
    return posts.select(pl.concat_str("title", "text", "quoted", separator="\n", ignore_nulls=True)).to_series()
