"""Routing: on first use without a label, and learnt from the unit that handled each order, beside the plain ways."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from opinion_lab.analyse import text_classifier
from opinion_lab.analyse.text_classifier import Classifier
from opinion_lab.judge import routing
from opinion_lab.judge.routing import units
from opinion_lab.prepare import tokens
from opinion_lab.rules import SHIPPED
from tests.benchmarks import labelled
from tests.benchmarks.harness import Row, bootstrap, wilson

#: A place in a title may give the unit away.
PLACES = (
    r"[\u4e00-\u9fff]{1,3}(市|县|区|镇|街道|乡|村)|"
    r"(河北|石家庄|唐山|保定|沧州|廊坊|邯郸|邢台|秦皇岛|承德|张家口|衡水|定州|辛集|东莞)(省|市)?"
)


@lru_cache
def first_use(half: str) -> dict[str, float]:
    """What ships, on texts labelled by reading: recall of the bureau's own, precision of all that was decided.

    `ours`: precision of what was given to a line of the bureau; `off`: mean gap between the chance and the share right.
    """
    given = labelled.of("routing").filter(pl.col("half") == half).with_row_index("post_id")
    found = routing.route(given.with_columns(pl.col("post_id").cast(pl.String)), routing.shipped(SHIPPED))
    first = found.unique("post_id", keep="first", maintain_order=True)
    accepted = [set(lines.split("|")) for lines in given["lines"]]
    right = np.array([line in fit for line, fit in zip(first["line_id"], accepted, strict=True)])
    decided = first["line_id"].is_not_null().to_numpy()
    own = np.array([routing.NOT_OURS not in fit for fit in accepted])
    to_us = decided & (first["line_id"] != routing.NOT_OURS).fill_null(False).to_numpy()
    chance = first["chance"].to_numpy()
    groups = np.array_split(np.argsort(chance[decided], kind="stable"), 5)
    off = sum(len(g) * abs(chance[decided][g].mean() - right[decided][g].mean()) for g in groups) / decided.sum()
    return {
        "recall": right[own & decided].sum() / own.sum(),
        "own": int(own.sum()),
        "precision": right[decided].mean(),
        "decided": int(decided.sum()),
        "ours": right[to_us].mean(),
        "to_us": int(to_us.sum()),
        "off": float(off),
    }


def _sets() -> dict[str, tuple[pl.DataFrame, np.ndarray]]:
    departments = labelled.read("gov_messages/labelled")
    titles = labelled.read("gov_routing").filter(pl.len().over("dept_type") >= 10)
    masked = titles.with_columns(pl.col("title").str.replace_all(PLACES, ""))
    return {
        "gov_messages/labelled": (text_classifier.texts(departments), departments["一级分类"].to_numpy()),
        "gov_routing": (text_classifier.texts(masked), masked["dept_type"].to_numpy()),
    }


def learnt(read: pl.DataFrame, given: np.ndarray, seeds: int = 1) -> dict[str, np.ndarray]:
    """Held-out predictions of five folds: ours, and TF-IDF of words (and of characters) with a linear SVM."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import LinearSVC

    beside = units._beside(read, routing.shipped(SHIPPED).model.scores(read))
    said = read["all"].to_list()
    cut = [" ".join(words) for words in tokens.cut(said)]
    made = {name: np.empty((seeds, len(given)), dtype=object) for name in ("ours", "words", "characters")}
    for seed in range(seeds):
        for seen, unseen in StratifiedKFold(5, shuffle=True, random_state=seed).split(given, given):
            model = Classifier.learn(beside[seen], given[seen].tolist())
            best = model.probabilities(beside[unseen]).argmax(axis=1)
            made["ours"][seed, unseen] = np.array(model.classes)[best]
            for name, texts, options in (
                ("words", cut, {"token_pattern": r"\S+"}),
                ("characters", said, {"analyzer": "char", "ngram_range": (1, 2)}),
            ):
                counter = TfidfVectorizer(sublinear_tf=True, **options)
                rows = counter.fit_transform([texts[i] for i in seen])
                plain = LinearSVC().fit(rows, given[seen])
                made[name][seed, unseen] = plain.predict(counter.transform([texts[i] for i in unseen]))
    return made


def macro_f1(given: np.ndarray, made: np.ndarray) -> float:
    """The mean of F1 over classes."""
    from sklearn.metrics import f1_score

    return float(f1_score(given.astype(str), made.astype(str), average="macro"))


def accuracy() -> list[Row]:
    """Rows of docs/accuracy.md."""
    judged = first_use("judge")
    where = "150 real texts labelled by reading"
    rows = [
        Row("Routing, first use", where, "recall of own matters", judged["recall"], wilson(judged, "recall", "own")),
        Row("Routing, first use", where, "precision", judged["precision"], wilson(judged, "precision", "decided")),
        Row("Routing, first use", where, "precision, own lines", judged["ours"], wilson(judged, "ours", "to_us")),
        Row("Routing, first use", where, "gap of chance and share right", judged["off"], None),
    ]
    # the table of words that ran before, on the same 150 texts: it decided on 63 of them, 35 for lines of the bureau
    for row, before in zip(rows, (0.46, 0.84, 0.71), strict=False):
        row.rivals["word table"] = before
    for name, (read, given) in _sets().items():
        made = learnt(read, given)
        scores = {who: float(np.mean([macro_f1(given, one) for one in runs])) for who, runs in made.items()}
        interval = bootstrap(lambda at, g=given, m=made["ours"][0]: macro_f1(g[at], m[at]), len(given))
        rivals = {f"linear SVM, {who}": scores[who] for who in ("words", "characters")}
        rows.append(Row("Routing, learnt", name, "macro-F1, 5 folds", scores["ours"], interval, rivals))
    return rows


def main() -> None:
    for row in accuracy():
        print(row)
    print("choose:", first_use("choose"))
