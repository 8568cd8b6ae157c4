"""One story, looked back on from its end or from any hour of it: what is known, and how what was done holds up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import attitude, cascades, demands, stories, trends
from opinion_lab.analyse.lifecycle import intervention, phases
from opinion_lab.config import LabError
from opinion_lab.judge import grading, routing, statements
from opinion_lab.judge.deadlines import clocks
from opinion_lab.rules import Rules

DAY = timedelta(hours=24)
ALIVE = 0.99  # share of a story's posts within which its course is shown; the rest is a tail of months


@dataclass(frozen=True)
class Handled:
    """When the bureau found, judged and routed the story, as far as it wrote that down; and whether it was major.

    `severe`: whether a person confirmed 特别重大 or 重大; None: nobody said.
    """

    found_at: datetime | None = None
    judged_at: datetime | None = None
    routed_at: datetime | None = None
    severe: bool | None = None


@dataclass(frozen=True)
class Review:
    """What is known of one story at an hour. Frames as in schemas, those of others as their rooms say.

    `answers` as clocks.answers, `aftermath` as aftermath.of (a row an answer), `views` as views.of, `demands` as
    demands.coverage, `holes` as trends.holes within the story's time, `lines` as routing.tally.
    """

    story: dict[str, Any]
    at: datetime
    posts: pl.DataFrame
    public: pl.DataFrame
    counts: pl.DataFrame
    holes: pl.DataFrame
    phases: pl.DataFrame
    second_wave: datetime | None
    edges: pl.DataFrame
    shape: dict[str, Any]
    answers: pl.DataFrame
    aftermath: pl.DataFrame
    clocks: pl.DataFrame
    views: pl.DataFrame
    demands: pl.DataFrame
    grades: pl.DataFrame
    lines: pl.DataFrame

    @property
    def until(self) -> datetime:
        """Where drawings end: a while after the story ended (or after 99 % of its posts) and its last answer."""
        first, ended = self.posts["published_at"][0], self.phases.filter(pl.col("phase") == "ended")["start"]
        alive = ended[0] if len(ended) else self.posts["published_at"].quantile(ALIVE, "higher")
        last: datetime = max([alive, *self.answers["at"]])
        return min(last + min(max((last - first) / 4, DAY / 4), 2 * DAY), self.counts["bin"][-1])

    @property
    def course(self) -> pl.DataFrame:
        """The counts to be drawn, without the tail of months that a few late posts make."""
        return self.counts.filter(pl.col("bin") <= self.until)

    @property
    def stages(self) -> pl.DataFrame:
        """The phases (Phase) as far as they are drawn."""
        end = pl.min_horizontal("end", pl.lit(self.until, pl.Datetime("us", "UTC")))
        return self.phases.with_columns(end=end).filter(pl.col("start") < pl.col("end"))

    @property
    def body(self) -> pl.DataFrame:
        """The posts of the drawn course."""
        return self.posts.filter(pl.col("published_at") <= self.until)

    @property
    def statements(self) -> pl.DataFrame:
        """The official answers as posts, in order of time."""
        return self.posts.join(self.answers.select("post_id"), on="post_id", how="semi")

    @property
    def dated(self) -> pl.DataFrame:
        """The posts that the clocks run on: the first public one and the official answers."""
        return pl.concat([self.public.head(1), self.statements]).unique("post_id", maintain_order=True)

    @property
    def gravest(self) -> dict[str, Any]:
        """The gravest level of the trail, where it was first proposed."""
        return self.grades.sort("level", "at").row(0, named=True)

    @property
    def reversals(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each official answer that a later one takes back, with the first that does."""
        said = self.answers.sort("at", "post_id").to_dicts()
        pairs = (
            (a, [b for b in said[n + 1 :] if statements.reverses(a["text"], b["text"])]) for n, a in enumerate(said)
        )
        return [(a, later[0]) for a, later in pairs if later]

    @property
    def reversed(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The first pair of official answers of which the later takes back the earlier; None if there is none."""
        return min(self.reversals, key=lambda pair: (pair[1]["n"], pair[0]["n"]), default=None)

    @property
    def turns(self) -> pl.DataFrame:
        """The hours at which the level changed (Grade), the first one among them; also those that a person decided."""
        level = pl.col("level").cast(pl.String)
        return self.grades.filter((level != level.shift(1)).fill_null(True) | pl.col("confirmed_by").is_not_null())

    @property
    def trail(self) -> pl.DataFrame:
        """The turns and the last hour within the drawn course (Grade): enough to draw every hour of it."""
        drawn = pl.col("at") <= self.until
        ends = [self.turns.filter(drawn), self.grades.filter(drawn).tail(1)]
        return pl.concat(ends).unique("at", maintain_order=True)


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
    rules: Rules,
    own: Collection[str],
    zone: ZoneInfo,
    at: datetime | None = None,
    handled: Handled | None = None,
    formal: Collection[str] = (),
    confirmed: pl.DataFrame | None = None,
) -> Review:
    """Review one of the stories of `posts`; the others serve as background and as the past that levels are held to.

    `at`: the hour from which it is looked at (default: the last post collected). Nothing later is used but the
    grouping: which posts are one story is taken from `post_stories`. `formal`: platforms by which legal complaints
    come in (12315). `confirmed`: levels that a person decided (grading.confirm). Raises LabError when the story had
    not begun by `at`.
    """
    handled, until = handled or Handled(), clocks.utc(at, zone) if at else posts["published_at"].max()
    posts = posts.filter(pl.col("published_at") <= until)
    told = post_stories.filter(pl.col("story_id") == story_id)
    mine = posts.join(told, on="post_id", how="semi").sort("published_at", "post_id")
    if mine.is_empty():
        raise LabError("这件事在所选时刻之前还没有帖文。请把时刻往后调，或检查事件编号。")
    assert isinstance(until, datetime)
    first, last = mine["published_at"][0], mine["published_at"][-1]
    # what was not collected after the story had died down tells nothing about it
    alive = mine["published_at"].quantile(ALIVE, "higher")
    holes = trends.holes(posts).filter((pl.col("start") < alive) & (pl.col("end") > first))
    counts = phases.count(
        mine, every=bin_width(mine), key=story_id, until=until, holes=holes, background=posts, zone=zone
    )
    found = phases.of(counts)
    edges = cascades.edges(mine)
    shape = cascades.shape(mine, edges)
    public = mine.filter(~clocks.official(own))
    answers = clocks.answers(mine, own)
    statement_posts = mine.join(answers.select("post_id"), on="post_id", how="semi")
    grades = grading.trail(
        mine,
        rules.grades,
        story_id=story_id,
        past=grading.past(posts, post_stories, own=own),
        own=own,
        found_at=handled.found_at,
        # until every red line has let go: what comes down is part of the trail
        until=min(until, last + timedelta(hours=rules.grades.red_line_hours + 1)),
    )
    return Review(
        story=stories.describe(mine, told).row(0, named=True),
        at=until,
        posts=mine,
        public=public,
        counts=counts,
        holes=holes,
        phases=found,
        second_wave=phases.second_wave(found),
        edges=edges,
        shape=shape.row(0, named=True) if shape.height else {},
        answers=answers,
        # a story of officials alone has no public to fall silent
        aftermath=intervention.of(
            public if public.height else mine, answers["at"].to_list(), until=until, blind=blind(counts), zone=zone
        ),
        clocks=clocks.run(
            mine,
            found_at=handled.found_at,
            judged_at=handled.judged_at,
            routed_at=handled.routed_at,
            rules=rules.deadlines,
            own=own,
            severe=handled.severe,
            now=until,
            formal=formal,
            zone=zone,
        ),
        views=attitude.of(public, table=rules.attitude),
        demands=demands.coverage(demands.extract(public, table=rules.demands), statement_posts, table=rules.demands),
        grades=grades if confirmed is None else grading.confirm(grades, confirmed, zone=zone),
        lines=routing.tally(routing.route(public.filter(pl.col("copy_of").is_null()), rules.lines)),
    )


def blind(counts: pl.DataFrame) -> pl.DataFrame:
    """The bins in which nothing was collected: start, end."""
    width = counts["bin"][1] - counts["bin"][0] if counts.height > 1 else timedelta(hours=1)
    return counts.filter(pl.col("n").is_null()).select(start="bin", end=pl.col("bin") + width)
