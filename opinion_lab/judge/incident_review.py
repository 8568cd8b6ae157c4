"""One story, looked back on from its end or from any hour of it: what is known, and how what was done holds up."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import attitude, cascades, demands, stories, trends
from opinion_lab.analyse.cascades import forecasting
from opinion_lab.analyse.cascades.forecasting import Forecast
from opinion_lab.analyse.lifecycle import intervention, phases
from opinion_lab.config import LabError
from opinion_lab.judge import grading, respondents, routing, statements
from opinion_lab.judge.deadlines import clocks
from opinion_lab.judge.deadlines.clocks import Handled
from opinion_lab.rules import Rules

DAY = timedelta(hours=24)
FEWEST_VOICES, LEAST_VOICES = 5, 0.01
ALIVE = 0.99  # share of a story's posts within which its course is shown; the rest is a tail of months


@dataclass(frozen=True)
class Context:
    """What a review is held against: the rules, the bureau's accounts and zone, what it did and decided.

    `formal`: platforms by which legal complaints come in (12315). `decisions`: levels that people confirmed
    (see `grading.trail`). `router`: what has been learnt of sections (default: what ships).
    `attitudes`: what has been learnt of attitude (default: it is not measured).
    """

    rules: Rules
    own: Collection[str]
    zone: ZoneInfo
    formal: Collection[str] = ()
    handled: Handled = clocks.NOT_WRITTEN
    decisions: pl.DataFrame | None = None
    router: routing.Router | None = None
    attitudes: attitude.Model | None = None


@dataclass(frozen=True)
class Review:
    """What is known of one story at an hour. Frames as in schemas, the others as the functions that make them say.

    `answers` as clocks.answers, `aftermath` as intervention.of (a row an answer), `views` as attitude.quotes,
    `attitudes` as attitude.of (None: not measured), `demands` as
    demands.coverage, `holes` as trends.holes within the story's time, `lines` as routing.sections, `respondents` as
    respondents.tally.
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
    attitudes: pl.DataFrame | None
    demands: pl.DataFrame
    grades: pl.DataFrame
    lines: pl.DataFrame
    respondents: pl.DataFrame
    context: Context

    @property
    def statements(self) -> pl.DataFrame:
        """The official answers as posts, in order of time."""
        return self.posts.join(self.answers.select("post_id"), on="post_id", how="semi")

    @property
    def orders_alone(self) -> bool:
        """Whether nothing of it was said in public: work orders, which are answered to who called."""
        return self.answers.is_empty() and bool((self.public["kind"] == "complaint").all())

    @property
    def replied(self) -> int:
        """How many of its work orders and letters the data have a reply to."""
        return clocks.replies(self.posts)["parent_id"].n_unique()

    @property
    def passed_on(self) -> pl.DataFrame:
        """The posts of which is known what they pass on, or what passes them on."""
        ends = pl.concat([self.edges["parent"], self.edges["child"]]).unique()
        return self.posts.filter(pl.col("post_id").is_in(ends.implode()))

    @property
    def timed(self) -> pl.DataFrame:
        """The posts that the clocks run on: the first public one and the official answers."""
        return pl.concat([self.public.head(1), self.statements]).unique("post_id", maintain_order=True)

    @property
    def fewest_voices(self) -> int:
        """From how many people on a demand is counted: FEWEST_VOICES, or one in a hundred of the public posts."""
        return max(FEWEST_VOICES, math.ceil(LEAST_VOICES * self.public.height))

    @property
    def open_demands(self) -> pl.DataFrame:
        """The demands of enough people that no official answer takes up, most voiced first."""
        return self.demands.filter(~pl.col("answered") & (pl.col("n") >= self.fewest_voices))

    @property
    def gravest(self) -> dict[str, Any]:
        """The gravest level of the trail, where it was first proposed."""
        return self.grades.sort("level", "at").row(0, named=True)

    @property
    def reversals(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Pairs of official answers of which the later takes back the earlier, in order of the later one."""
        return statements.reversals(self.answers.sort("at", "post_id").to_dicts())


def bin_width(posts: pl.DataFrame) -> str:
    """Quarters of an hour for what was over in half a day, else hours."""
    times = posts["published_at"].sort()
    bulk = times[int(0.9 * (len(times) - 1))] - times[int(0.1 * len(times))]
    return "15m" if bulk < timedelta(hours=12) else "1h"


def of(
    posts: pl.DataFrame, post_stories: pl.DataFrame, story_id: str, context: Context, *, at: datetime | None = None
) -> Review:
    """Review one of the stories of `posts`; the others serve as background and as the past that levels are held to.

    `at`: the hour from which it is looked at (default: the last post collected). Nothing later is used but the
    grouping: which posts are one story is taken from `post_stories`. Raises LabError when the story had not begun.
    """
    rules, zone, own = context.rules, context.zone, context.own
    until = clocks.utc(at, zone) if at else posts["published_at"].max()
    posts = posts.filter(pl.col("published_at") <= until)
    own_story = post_stories.filter(pl.col("story_id") == story_id)
    mine = posts.join(own_story, on="post_id", how="semi").sort("published_at", "post_id")
    if mine.is_empty():
        raise LabError("这件事在所选时刻之前还没有帖文。请把时刻往后调，或检查事件编号。")
    assert isinstance(until, datetime)
    first = mine["published_at"][0]
    # what was not collected after the story had died down tells nothing about it
    alive = mine["published_at"].quantile(ALIVE, "higher")
    holes = trends.holes(posts, zone=zone).filter((pl.col("start") < alive) & (pl.col("end") > first))
    counts = phases.count(
        mine, every=bin_width(mine), key=story_id, until=until, holes=holes, background=posts, zone=zone
    )
    stretches = phases.of(counts)
    edges = cascades.edges(mine)
    shape = cascades.shape(mine, edges)
    public = mine.filter(~clocks.official(own))
    answers = clocks.answers(mine, own)
    statement_posts = mine.join(answers.select("post_id"), on="post_id", how="semi")
    return Review(
        story=stories.describe(mine, own_story).row(0, named=True),
        at=until,
        posts=mine,
        public=public,
        counts=counts,
        holes=holes,
        phases=stretches,
        second_wave=phases.second_wave(stretches),
        edges=edges,
        shape=shape.row(0, named=True) if shape.height else {},
        answers=answers,
        # a story of officials alone has no public to fall silent
        aftermath=intervention.of(
            public if public.height else mine, answers["at"].to_list(), until=until, blind=_blind(counts), zone=zone
        ),
        clocks=clocks.run(
            mine, handled=context.handled, rules=rules.deadlines, own=own, now=until, formal=context.formal, zone=zone
        ),
        views=attitude.quotes(public, table=rules.attitude),
        attitudes=attitude.of(public, context.attitudes) if context.attitudes else None,
        demands=demands.coverage(demands.extract(public, table=rules.demands), statement_posts, table=rules.demands),
        grades=_grades(mine, posts, post_stories, story_id, context, until),
        lines=routing.sections(public, context.router or routing.shipped(rules)),
        respondents=respondents.tally(respondents.of(mine, rules.organisations, own=own)),
        context=context,
    )


def forecasts(review: Review, posts: pl.DataFrame, post_stories: pl.DataFrame) -> list[Forecast]:
    """What its final size looked like 1, 3 and 24 hours after its first post, as far as it has come; not of orders.

    `posts` and their stories, of before, are the archive from which sizes are learnt.
    """
    if review.orders_alone:
        return []
    began = review.posts["published_at"][0]
    prior = forecasting.of_table(review.context.rules.size_forecast)
    model = forecasting.learn(posts.filter(pl.col("published_at") <= review.at), post_stories, until=began, prior=prior)
    ages = [timedelta(hours=h) for h in (1, 3, 24)]
    return [cascades.forecast(review.posts, at=age, model=model) for age in ages if age <= review.at - began]


def _grades(
    mine: pl.DataFrame,
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    story_id: str,
    context: Context,
    until: datetime,
) -> pl.DataFrame:
    """The trail of levels until every red line has let go, which is part of it, or until the last decision."""
    decisions = context.decisions
    if decisions is not None:
        decisions = decisions.filter(pl.col("story_id") == story_id)
    calm = mine["published_at"][-1] + timedelta(hours=context.rules.grades.red_line_hours + 1)
    found_at = context.handled.found_at
    return grading.trail(
        mine,
        context.rules.grades,
        story_id=story_id,
        past=grading.past(posts, post_stories, own=context.own),
        own=context.own,
        visible_from=grading.answers_visible_from(posts, context.own),
        found_at=clocks.utc(found_at, context.zone) if found_at else None,
        until=min(until, max([calm, *(decisions["at"] if decisions is not None else [])])),
        decisions=decisions,
        attitudes=context.attitudes,
    )


def _blind(counts: pl.DataFrame) -> pl.DataFrame:
    """The bins in which nothing was collected: start, end."""
    width = counts["bin"][1] - counts["bin"][0] if counts.height > 1 else timedelta(hours=1)
    return counts.filter(pl.col("n").is_null()).select(start="bin", end=pl.col("bin") + width)
