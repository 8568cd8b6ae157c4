"""Demands: which of 300 real sentences, labelled by reading, ask somebody to do something; beside bare cue words."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from opinion_lab.analyse import demands
from opinion_lab.prepare import normalize
from opinion_lab.rules import SHIPPED
from tests import make
from tests.benchmarks import labelled
from tests.benchmarks.harness import Row, wilson

#: The plain way: a sentence with one of the words that ask.
PLAIN = "请|要求|希望|望|建议|恳|求|能否|能不能|何时|什么时候|应该|必须"


def _sentences(half: str) -> pl.DataFrame:
    given = labelled.of("demands").filter(pl.col("half") == half)
    said = [normalize.sentences(t)[int(n)] for t, n in given.select("text", "sentence").iter_rows()]
    return given.select("demand", said=pl.Series(said))


def _scored(found: pl.Series, given: pl.Series) -> dict[str, float]:
    hit = int((found & given).sum())
    return {
        "precision": hit / max(1, int(found.sum())),
        "found": int(found.sum()),
        "recall": hit / int(given.sum()),
        "given": int(given.sum()),
    }


@lru_cache
def found(half: str, way: str = "ours") -> dict[str, float]:
    """Precision and recall of the sentences that ask or propose."""
    rows = _sentences(half)
    given = rows["demand"] == "1"
    if way == "plain":
        return _scored(rows["said"].str.contains(PLAIN), given)
    posts = make.posts([{"author_id": f"u{n}", "text": said} for n, said in enumerate(rows["said"])])
    asked = demands.extract(posts, table=SHIPPED.demands).filter(pl.col("kind") != "blame")
    return _scored(posts["post_id"].is_in(asked["post_id"].to_list()), given)


def accuracy() -> list[Row]:
    """Rows of docs/accuracy.md."""
    ours, plain = found("judge"), found("judge", "plain")
    where = "150 real sentences labelled by reading"
    return [
        Row("Demands", where, name, ours[name], wilson(ours, name, n), {"cue words": plain[name], "table before": old})
        for name, n, old in (("precision", "found", 0.63), ("recall", "given", 0.89))
    ]


def main() -> None:
    for half in ("choose", "judge"):
        print(half, found(half), "plain:", found(half, "plain"))
