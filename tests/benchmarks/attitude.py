"""Attitude as a lab learns it from its labels: negative or not, and towards whom, beside plain scikit-learn."""

from __future__ import annotations

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, recall_score
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from opinion_lab.analyse import attitude, text_classifier
from opinion_lab.analyse.text_classifier import Classifier
from tests.benchmarks import labelled
from tests.benchmarks.harness import SHARED, Row, bootstrap, wilson

NEGATIVE = ("angry", "sad", "fear")
LABELS = 600  # posts that a person may label in a week
MOST = 4_000  # posts of a set that are learnt from and judged


def _plain(texts: list[str], given: list[str], others: list[str]) -> np.ndarray:
    """Characters and logistic regression, cut where as many of the held-out negatives are found as by ours."""
    features = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = make_pipeline(features, LogisticRegression(class_weight="balanced", max_iter=500))
    true = np.array(given) == "negative"
    held_out = cross_val_predict(model, texts, true, cv=KFold(3, shuffle=True, random_state=0), method="predict_proba")
    least = np.quantile(held_out[true, 1], 1 - attitude.FOUND)
    return model.fit(texts, true).predict_proba(others)[:, 1] >= least


def _sets() -> dict[str, pl.DataFrame]:
    """post_id, title, text, attitude, towards, group, of each set that has attitudes."""
    stance = labelled.read("weibo_event_stance").with_columns(title=pl.lit(""), post_id="id", group="event")
    kinds = {"反对": "negative", "强烈反对": "negative", "支持": "positive", "强烈支持": "positive", "中立": "neutral"}
    stance = stance.with_columns(attitude=pl.col("stance").replace_strict(kinds, default=None)).drop_nulls("attitude")
    emotions = pl.read_csv(SHARED / "smp2020_ewect" / "emotion.csv.gz", infer_schema=False).drop_nulls("text")
    kind = pl.when(pl.col("emotion").is_in(NEGATIVE)).then(pl.lit("negative"))
    kind = kind.when(pl.col("emotion") == "happy").then(pl.lit("positive")).otherwise(pl.lit("neutral"))
    emotions = emotions.select("text", post_id="id", attitude=kind, group="domain")
    made = {"event stance": stance, "emotions": emotions}
    for name, file in (("takeaway", "waimai_10k"), ("hotels", "hotel_7766")):
        rows = pl.read_csv(SHARED / "reviews" / f"{file}.csv", infer_schema=False).drop_nulls("review")
        kind = pl.when(pl.col("label") == "0").then(pl.lit("negative")).otherwise(pl.lit("positive"))
        made[name] = rows.with_row_index("post_id").select(pl.col("post_id").cast(pl.String), "review", attitude=kind)
        made[name] = made[name].rename({"review": "text"}).with_columns(group=pl.lit(name))
    columns = ("post_id", "text", "attitude", "group")
    sets = {n: f.select(*columns, title=pl.lit(""), towards=pl.lit(None, pl.String)) for n, f in made.items()}
    return {
        n: f.filter(pl.col("text").str.strip_chars() != "").unique("text", maintain_order=True) for n, f in sets.items()
    }


def _rows(learnt: pl.DataFrame, judged: pl.DataFrame, data: str) -> list[Row]:
    """Learnt on one part, scored on the other."""
    model = attitude.learn(learnt)
    assert model is not None
    found = attitude.of(judged, model)
    true = (judged["attitude"] == "negative").to_numpy()
    ours = (found["attitude"] == "negative").to_numpy()
    plain = _plain(learnt["text"].to_list(), learnt["attitude"].to_list(), judged["text"].to_list())

    def f1(at: np.ndarray) -> float:
        return float(f1_score(true[at], ours[at], average="macro"))

    def row(measure: str, mine: float, rival: float, interval: tuple[float, float] | None = None) -> Row:
        return Row("Attitude, learnt", data, measure, mine, interval, {"characters, logistic regression": rival})

    chance = model.attitudes.probabilities(text_classifier.texts(judged))[:, model.attitudes.classes.index("negative")]
    groups = np.array_split(np.argsort(chance, kind="stable"), 10)
    off = sum(len(g) * abs(chance[g].mean() - true[g].mean()) for g in groups) / len(true)
    return [
        row(
            "negative or not, macro-F1",
            f1(np.arange(len(true))),
            f1_score(true, plain, average="macro"),
            bootstrap(f1, len(true)),
        ),
        row("recall of negative", recall_score(true, ours), recall_score(true, plain)),
        Row("Attitude, learnt", data, "gap of chance and share negative", float(off)),
    ]


def _towards() -> Row:
    """Five folds over the posts labelled by reading that criticise somebody."""
    given = (
        labelled.of("attitude").filter(pl.col("towards") != "none").with_columns(pl.col("title", "text").fill_null(""))
    )
    accepted = [set(t.split("|")) for t in given["towards"]]
    first = np.array([t.split("|")[0] for t in given["towards"]])
    read, right, said = text_classifier.texts(given), 0, 0
    for seen, unseen in KFold(5, shuffle=True, random_state=0).split(first):
        model = Classifier.learn(read[seen], first[seen].tolist())
        chances = model.probabilities(read[unseen])
        for row, at in zip(chances, unseen, strict=True):
            if row.max() >= attitude.CERTAIN:
                said, right = said + 1, right + (model.classes[int(row.argmax())] in accepted[at])
    interval = wilson({"share": right / said, "n": said}, "share", "n")
    data = f"{given.height} posts labelled by reading, {said} decided"
    return Row("Attitude, towards whom", data, "precision, 5 folds", right / said, interval)


def accuracy() -> list[Row]:
    sets = _sets()
    stance = sets["event stance"].sample(fraction=1, shuffle=True, seed=0)
    half = stance.height // 2
    rows = _rows(stance[:LABELS], stance[half:], f"weibo_event_stance, learnt from {LABELS} other posts")
    rows += _rows(stance[:half], stance[half:], "weibo_event_stance, learnt from the other half of the posts")
    for n, (seen, unseen) in enumerate(GroupKFold(2).split(stance, groups=stance["group"].to_numpy())):
        rows += _rows(stance[seen], stance[unseen], f"weibo_event_stance, learnt from other events ({n + 1})")
    for a, b in (
        ("event stance", "emotions"),
        ("emotions", "event stance"),
        ("takeaway", "hotels"),
        ("hotels", "takeaway"),
    ):
        rows += _rows(sets[a].sample(MOST, seed=0), sets[b].sample(MOST, seed=0), f"{b}, learnt from {a}")
    mixed = pl.concat([sets["takeaway"], sets["hotels"]]).sample(fraction=1, shuffle=True, seed=0)
    rows += _rows(
        mixed[: mixed.height // 2], mixed[mixed.height // 2 :], "reviews of both kinds, learnt from the other half"
    )
    return [*rows, _towards()]
