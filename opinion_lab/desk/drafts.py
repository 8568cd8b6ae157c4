"""A draft statement held against its story: what it contradicts of what was said before, which demands it leaves open.

It corrects nothing and invents nothing: both are found by words, and a person judges them.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from opinion_lab.analyse import demands
from opinion_lab.desk.bench import Bench
from opinion_lab.judge import statements


@dataclass(frozen=True)
class Held:
    """`remarks` as statements.check; `differences` as statements.compare with `n`, the earlier answer's number.

    `open`: demands (demands.coverage) that neither the draft nor an earlier answer takes up.
    """

    remarks: pl.DataFrame
    differences: pl.DataFrame
    open: pl.DataFrame


def check(lab: Bench, text: str, story: str, *, first: bool | None = None, at: str = "") -> Held:
    """A draft against the story's answers and demands. `first`: whether it is the first; else the story tells."""
    past = lab.review(story, at=at)
    first = past.answers.is_empty() if first is None else first
    parts = []
    for row in past.answers.sort("at", "post_id").iter_rows(named=True):
        found = statements.compare(row["text"], text)
        serious = (pl.col("kind") == "conclusion") | pl.col("verdict").is_in(["reversed", "changed"])
        parts.append(found.filter(serious).select(pl.lit(row["n"], pl.Int64).alias("n"), pl.all()))
    draft = past.posts.head(1).with_columns(
        post_id=pl.lit("draft"),
        title=pl.lit(None, pl.String),
        text=pl.lit(text),
        kind=pl.lit("statement").cast(past.posts.schema["kind"]),
        published_at=pl.lit(past.at).cast(past.posts.schema["published_at"]),
    )
    said = pl.concat([past.statements, draft.select(past.statements.columns)])
    voiced = demands.coverage(
        demands.extract(past.public, table=lab.rules.demands), said, table=lab.rules.demands
    ).filter(~pl.col("answered") & (pl.col("n") >= past.fewest_voices))
    empty = statements.compare("", "").select(pl.lit(0, pl.Int64).alias("n"), pl.all()).clear()
    remarks = statements.check(text, lab.rules.statements, first_report=first)
    return Held(remarks, pl.concat([empty, *parts]), voiced)
