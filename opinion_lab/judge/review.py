"""One story, looked back on: what is known of it and how what was done holds against the rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import cascades, demands, phases, stories
from opinion_lab.judge import clocks, grading, routing, statements

DAY = timedelta(hours=24)
LONG = timedelta(days=60)
ALIVE = 0.99  # share of a story's posts within which its course is shown; the rest is a tail of months


@dataclass(frozen=True)
class Tables:
    """The editable tables a review is held against: deadlines, levels, lines of the bureau."""

    clocks: pl.DataFrame
    grades: grading.Rules
    lines: pl.DataFrame


@dataclass(frozen=True)
class Review:
    """What is known of one story. Frames as in schemas; `answers` as clocks.answers, `demands` as demands.coverage."""

    story: dict[str, Any]
    posts: pl.DataFrame
    counts: pl.DataFrame
    phases: pl.DataFrame
    second_wave: datetime | None
    edges: pl.DataFrame
    shape: dict[str, Any]
    answers: pl.DataFrame
    clocks: pl.DataFrame
    demands: pl.DataFrame
    grades: pl.DataFrame
    lines: pl.DataFrame

    @property
    def course(self) -> pl.DataFrame:
        """The counts to be drawn: all of two months, of more only up to a day after 99 % of the posts."""
        if self.counts["bin"][-1] - self.counts["bin"][0] <= LONG:
            return self.counts
        ends = [self.posts["published_at"].quantile(ALIVE, "higher"), *self.answers["at"]]
        return self.counts.filter(pl.col("bin") <= max(ends) + DAY)

    @property
    def statements(self) -> pl.DataFrame:
        """The official answers as posts, in order of time."""
        return self.posts.join(self.answers.select("post_id"), on="post_id", how="semi")

    @property
    def gravest(self) -> dict[str, Any]:
        """The gravest level of the trail, where it was first proposed."""
        return self.grades.sort("level", "at").row(0, named=True)

    @property
    def reversed(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The first pair of official answers of which the later takes back the earlier; None if there is none."""
        said = self.answers.sort("at", "post_id").to_dicts()
        pairs = ((a, b) for n, b in enumerate(said) for a in said[:n])
        return next(((a, b) for a, b in pairs if statements.reverses(a["text"], b["text"])), None)

    def around(self, moment: datetime) -> tuple[int, int | None]:
        """Posts in the 24 hours before and after `moment`; None after it when the posts end sooner."""
        at = pl.col("published_at")
        before = self.posts.filter((at >= moment - DAY) & (at < moment)).height
        after = self.posts.filter((at > moment) & (at <= moment + DAY)).height
        return before, after if self.counts["bin"][-1] >= moment + DAY - timedelta(hours=1) else None


def bin_width(posts: pl.DataFrame) -> str:
    """Quarters of an hour for what was over in half a day, else hours."""
    times = posts["published_at"].sort()
    bulk = times[int(0.9 * (len(times) - 1))] - times[int(0.1 * len(times))]
    return "15m" if bulk < timedelta(hours=12) else "1h"


def of(
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    story_id: str,
    *,
    tables: Tables,
    own: Collection[str],
    zone: ZoneInfo,
    found_at: datetime | None = None,
    severe: bool | None = None,
    formal: Collection[str] = (),
    holes: pl.DataFrame | None = None,
) -> Review:
    """Review one of the stories of `posts`; the others serve as background and as the past that levels are held to.

    `found_at`: when the bureau knew; `severe`: whether a person confirmed 特别重大 or 重大; `formal`: platforms by
    which legal complaints come in (12315). Everything is as of the last post collected.
    """
    mine = posts.join(post_stories.filter(pl.col("story_id") == story_id), on="post_id", how="semi")
    mine = mine.sort("published_at", "post_id")
    until = posts["published_at"].sort()[-1]
    # what was not collected after the story had died down tells nothing about it
    alive = mine["published_at"].quantile(ALIVE, "higher")
    gaps = (
        holes.filter((pl.col("start") < alive) & (pl.col("end") > mine["published_at"][0]))
        if holes is not None
        else None
    )
    counts = phases.count(
        mine, every=bin_width(mine), key=story_id, until=until, holes=gaps, background=posts, zone=zone
    )
    found = phases.of(counts)
    edges = cascades.edges(mine)
    public = mine.filter(~clocks.official(own))
    answers = clocks.answers(mine, own)
    statement_posts = mine.join(answers.select("post_id"), on="post_id", how="semi")
    shape = cascades.shape(mine, edges)
    return Review(
        story=stories.describe(posts, post_stories).row(by_predicate=pl.col("story_id") == story_id, named=True),
        posts=mine,
        counts=counts,
        phases=found,
        second_wave=phases.second_wave(found),
        edges=edges,
        shape=shape.row(0, named=True) if shape.height else {},
        answers=answers,
        clocks=clocks.run(
            mine, found_at=found_at, rules=tables.clocks, own=own, severe=severe, now=until, formal=formal, zone=zone
        ),
        demands=demands.coverage(demands.extract(public), statement_posts),
        grades=grading.trail(
            mine, tables.grades, story_id=story_id, past=grading.past(posts, post_stories, own=own), own=own
        ),
        lines=routing.tally(routing.route(public.filter(pl.col("copy_of").is_null()), tables.lines)),
    )
