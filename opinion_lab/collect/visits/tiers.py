"""Graded monitoring (分级监测): a tier for each source by what it gave in four weeks. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import polars as pl

from opinion_lab.config import LabError, Source
from opinion_lab.facts import fact

#: Days of posts by which a source is graded, and days that must be there before it is.
DAYS, LEAST_DAYS = 28, 7
#: No visit sooner than this after the last, whatever the tier.
SHORTEST = timedelta(minutes=10)
#: A: relevant posts a day, replies and reposts to each, and stories of the bureau's matters that a source spoke of.
PER_DAY, PARTICIPATION, STORIES = 1.0, 10.0, 4


class Tier(NamedTuple):
    """Hours between visits while little is known of a source, and at most."""

    usual: float
    longest: float


#: A: carries the bureau's matters first; B: sometimes; C: hardly ever, for completeness.
BOUNDS = {"A": Tier(1, 6), "B": Tier(6, 12), "C": Tier(24, 24)}


def tier_of(source: Source, graded: Mapping[str, str]) -> str:
    """The tier that counts: a person's pin, then the grade, then what lab.toml begins with. Raises LabError."""
    tier = source.pin or graded.get(source.id, source.tier)
    if tier not in BOUNDS:
        raise LabError(f"来源 {source.id} 的 tier = {tier!r} 不认识，只能是 {'、'.join(BOUNDS)}。")
    return tier


def grade(sources: Iterable[Source], posts: pl.DataFrame, post_stories: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """The tier that each source's four weeks of posts (Post) speak for, with its reason: a fact, `level` its tier.

    `post_stories` (PostStory) are those of stories about the bureau's matters. A source with less than a week of posts
    keeps its tier; so does one that is pinned.
    """
    days = (pl.col("day").max() - pl.col("day").min()).dt.total_days() + 1
    relevant = posts.filter("relevant")
    rows = posts.group_by("source_id").agg(days=days)
    answered = pl.sum_horizontal(pl.col("reposts", "comments").fill_null(0))
    measured = relevant.group_by("source_id").agg(posts=pl.len(), participation=answered.mean())
    stories = relevant.join(post_stories.select("post_id", "story_id"), on="post_id")
    told = stories.group_by("source_id").agg(stories=pl.col("story_id").n_unique())
    rows = rows.join(measured, on="source_id", how="left").join(told, on="source_id", how="left").fill_null(0)
    by_source = {row["source_id"]: row for row in rows.iter_rows(named=True)}
    return {s.id: _graded(s, by_source.get(s.id)) for s in sources}


def _graded(source: Source, row: dict[str, Any] | None) -> dict[str, Any]:
    if source.pin:
        return fact("pinned", level=source.pin)
    if row is None or row["days"] < LEAST_DAYS:
        return fact("starting", level=source.tier, value=row["days"] if row else 0, threshold=LEAST_DAYS)
    per_day = row["posts"] / row["days"]
    for rule, value, least in (
        ("relevant_posts", per_day, PER_DAY),
        ("stories", row["stories"], STORIES),
        ("participation", row["participation"], PARTICIPATION),
    ):
        if value >= least:
            return fact(rule, level="A", value=value, threshold=least)
    rule, level = ("some_relevant", "B") if row["posts"] else ("nothing_relevant", "C")
    return fact(rule, level=level, value=row["posts"], hours=24 * row["days"])
