"""Relevance learned from labels, against naive Bayes on words (the way of snownlp), on texts that neither saw.

What is held out: other companies than were learned from (business risks), other messages (complaints by department),
other reviews. Learning sets are of the size that a few weeks of labelling give.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from opinion_lab.prepare import normalize, tokens
from opinion_lab.prepare.relevance import classifier
from tests.benchmarks.harness import SHARED

AT = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = (200, 1000)
Task = tuple[str, list[str], np.ndarray, np.ndarray]  # name, texts, labels, whose case each is


def tasks() -> Iterator[Task]:
    names = ["id", "text", "event", "company"]
    risk = pl.read_csv(SHARED / "company_risk/events.csv", has_header=False, new_columns=names).drop_nulls()
    with (SHARED / "tnews/unlabeled.json").open() as f:
        news = [json.loads(line)["sentence"] for line in f]
    some = risk.sample(2500, seed=1)
    both = some["text"].to_list() + news[:7500]
    case = np.array([*some["company"], *(str(n) for n in range(7500))])
    yield "business risks among news", both, np.arange(10_000) < 2500, case
    # a few companies have hundreds of rows each, so a half without them would be another world
    few = risk.sample(fraction=1.0, shuffle=True, seed=1).filter(pl.int_range(pl.len()).over("company") < 10)
    fraud = few.filter(pl.col("event").is_in(["涉嫌欺诈", "涉嫌非法集资", "涉嫌传销", "涉嫌违法"]))
    told = pl.concat([fraud, few.join(fraud, on="id", how="anti").head(3 * fraud.height)])
    crime = told["id"].is_in(fraud["id"].implode()).to_numpy()
    yield "suspected offences among risks", told["text"].to_list(), crime, told["company"].to_numpy()
    messages = pl.read_csv(SHARED / "gov_messages/labelled.csv")
    said = messages.select(pl.concat_str("留言主题", "留言详情", separator=" ")).to_series().to_list()
    for office in messages["一级分类"].value_counts(sort=True)["一级分类"].head(3):
        yield f"messages: {office}", said, (messages["一级分类"] == office).to_numpy(), np.arange(len(said)).astype(str)
    meals = pl.read_csv(SHARED / "reviews/waimai_10k.csv").drop_nulls().sample(6000, seed=1)
    yield (
        "complaints among meal reviews",
        meals["review"].to_list(),
        (meals["label"] == 0).to_numpy(),
        meals["review"].to_numpy(),
    )


def main() -> None:
    print(f"{'':<40} {'ours':>28} {'naive Bayes':>28}")
    print(f"{'task, labels learned':<40}" + f" {'P':>6} {'R':>6} {'F1':>6} {'off':>6} " * 2)
    for name, said, labels, case in tasks():
        said = normalize.fold(pl.Series([t[: classifier.CHARACTERS] for t in said])).to_list()
        order = np.random.default_rng(0).permutation(np.unique(case))
        seen = np.flatnonzero(np.isin(case, order[: len(order) // 2]))
        unseen = np.flatnonzero(~np.isin(case, order[: len(order) // 2]))
        for size in SIZES if len(seen) > SIZES[0] else (len(seen),):
            some = np.random.default_rng(size).permutation(seen)[:size]
            x, y = [said[n] for n in some], labels[some]
            model = classifier.train(x, y.tolist(), at=AT, groups=case[some].tolist())
            ours = classifier.predict(model, pl.Series([said[n] for n in unseen])).fill_null(0).to_numpy()
            row = f"{name}, {len(some)}"
            print(
                f"{row:<40}{shown(labels[unseen], ours)}{shown(labels[unseen], bayes(x, y, [said[n] for n in unseen]))}"
            )
            print(f"{'':<8}promised by its own held-out labels{figures(model.held)}")


def bayes(x: list[str], y: np.ndarray, unseen: list[str]) -> np.ndarray:
    counter = CountVectorizer(token_pattern=r"\S+")
    fitted = MultinomialNB().fit(counter.fit_transform([" ".join(w) for w in tokens.cut(x)]), y)
    made = fitted.predict_proba(counter.transform([" ".join(w) for w in tokens.cut(unseen)]))
    return made[:, 1]


def shown(labels: np.ndarray, probability: np.ndarray) -> str:
    return figures(classifier._held_out(labels, probability))


def figures(held: classifier.Held) -> str:
    p, r = held.precision or 0.0, held.recall or 0.0
    f1 = 2 * p * r / (p + r) if p + r else 0.0
    return f" {p:>6.3f} {r:>6.3f} {f1:>6.3f} {held.off:>6.3f} "


if __name__ == "__main__":
    main()
