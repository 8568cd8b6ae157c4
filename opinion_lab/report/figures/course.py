"""How much of a review is drawn: its course without the tail of months that a few late posts make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from opinion_lab.judge.incident_review import ALIVE, Review
from opinion_lab.report.wording.response import levels

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Course:
    """What is drawn of a review: until when, counts, phases (Phase), posts, and the levels of the trail (Grade)."""

    until: datetime
    counts: pl.DataFrame
    phases: pl.DataFrame
    posts: pl.DataFrame
    grades: pl.DataFrame


def of(review: Review) -> Course:
    """The drawn course: until a while after the story ended (or after 99 % of its posts) and its last answer."""
    first, ended = review.posts["published_at"][0], review.phases.filter(pl.col("phase") == "ended")["start"]
    alive = ended[0] if len(ended) else review.posts["published_at"].quantile(ALIVE, "higher")
    last: datetime = max([alive, *review.answers["at"]])
    end = max(review.counts["bin"][-1], review.posts["published_at"][-1])
    until = min(last + min(max((last - first) / 4, DAY / 4), 2 * DAY), end)
    end = pl.min_horizontal("end", pl.lit(until, pl.Datetime("us", "UTC")))
    drawn = pl.col("at") <= until
    # the turns and the last hour are enough to draw every hour of the trail
    ends = [levels.changes(review.grades).filter(drawn), review.grades.filter(drawn).tail(1)]
    return Course(
        until=until,
        counts=review.counts.filter(pl.col("bin") <= until),
        phases=review.phases.with_columns(end=end).filter(pl.col("start") < pl.col("end")),
        posts=review.posts.filter(pl.col("published_at") <= until),
        grades=pl.concat(ends).unique("at", maintain_order=True),
    )
