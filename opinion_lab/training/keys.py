"""The key to an exercise made of a story: which hours decide, and what would have been right at each of them.

A proposal for the trainer, who edits it: the mildest level is what the evidence of the hour gives, the gravest what the
next day brought; between the two reasonable people differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from opinion_lab.analyse import demands as voiced
from opinion_lab.judge.incident_review import Review
from opinion_lab.judge.routing import NOT_OURS
from opinion_lab.schemas import LEVELS
from opinion_lab.training.exercise import Answer

HOUR, FORESIGHT = timedelta(hours=1), timedelta(hours=24)
MOST_STAGES, NEAREST = 6, timedelta(hours=2)
FIRST_POSTS = 5  # what the first stage shows at least
REQUIRED, ALLOWED = 0.1, 0.02  # share of a story's originals from which a section has to, or may, get it
OPTIONS, OFFERED = 10, 2  # demands that a stage offers, and voices from which it does


def turns(review: Review) -> list[datetime]:
    """The hours at which a story turned, for stages: at most six, two hours apart, the first with some posts to read.

    A turn is a change of the level, an hour after an official answer, the beginning of a phase; whole hours.
    """
    posts = review.posts["published_at"]
    first = posts[min(FIRST_POSTS, posts.len()) - 1]
    levels = review.grades.sort("at").filter((pl.col("level") != pl.col("level").shift(1)).fill_null(False))
    wanted = [
        *(at + HOUR for at in review.answers["at"]),
        *levels["at"],
        *review.phases["start"],
    ]
    chosen = [_up(first)]
    for at in map(_up, wanted):
        if at > chosen[0] and at <= review.at and len(chosen) < MOST_STAGES and _apart(at, chosen):
            chosen.append(at)
    if len(chosen) == 1:
        chosen.append(_up(max(review.at, chosen[0] + NEAREST)))
    return sorted(chosen)


def _up(at: datetime) -> datetime:
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole if whole == at else whole + HOUR


def _apart(at: datetime, chosen: Sequence[datetime]) -> bool:
    return all(abs(at - other) >= NEAREST for other in chosen)


def _levels(review: Review, at: datetime) -> list[str]:
    """The range of levels that is right at an hour: from what the evidence gave to what the next day brought."""
    trail = review.grades.sort("at")
    until = trail.filter(pl.col("at") <= at)
    now = str(until["level"][-1]) if until.height else LEVELS[-1]
    ahead = trail.filter((pl.col("at") > at) & (pl.col("at") <= at + FORESIGHT))["level"].cast(pl.String)
    gravest = min([now, *ahead], key=LEVELS.index)
    return list(LEVELS[LEVELS.index(gravest) : LEVELS.index(now) + 1])


def _sections(review: Review) -> tuple[list[str], list[str]]:
    """The sections (line_id) that have to get a story, and those that may; another body's matter is none of ours."""
    tally = review.lines.drop_nulls("line_id").filter(pl.col("line_id") != NOT_OURS).sort("share", descending=True)
    required = tally.filter(pl.col("share") >= REQUIRED)["line_id"].to_list() or tally["line_id"].head(1).to_list()
    allowed = tally.filter(pl.col("share") >= ALLOWED)["line_id"].to_list()
    return required, [line for line in allowed if line not in required]


def _answer(levels: Sequence[str], answered: bool, waited: timedelta) -> Answer:
    """Whether to speak at an hour: not about a matter of level Ⅳ, at once about one of Ⅱ or that waited for a day.

    `waited`: since the first post, with no answer; where one was given already, both are right.
    """
    mildest = max(LEVELS.index(level) for level in levels)
    if answered:
        return "either"
    if mildest <= LEVELS.index("Ⅱ") or (mildest < LEVELS.index("Ⅳ") and waited >= FORESIGHT):
        return "answer"
    return "wait" if set(levels) == {"Ⅳ"} else "either"


def evidence(whole: Review, at: datetime) -> dict[str, Any]:
    """What was known of a story at an hour (see exercise.Package): its level and the reasons, demands, answers.

    All is taken from what had been posted by then; the trail of levels never looks ahead.
    """
    grades, context = whole.grades.filter(pl.col("at") <= at).sort("at"), whole.context
    grade = (grades if grades.height else whole.grades.sort("at").head(1)).row(-1, named=True)
    posts = whole.posts.filter(pl.col("published_at") <= at)
    answers = whole.answers.filter(pl.col("at") <= at)
    public = whole.public.filter(pl.col("published_at") <= at)
    spoken = posts.join(answers.select("post_id"), on="post_id", how="semi")
    table = context.rules.demands
    said = voiced.coverage(voiced.extract(public, table=table), spoken, table=table)
    offered = said.filter(pl.col("n") >= OFFERED).sort("n", "key", descending=[True, False]).head(OPTIONS)
    return {
        "grade": grade,
        "demands": offered.select("key", "kind", "n", "quote", "answered").to_dicts(),
        "answers": answers.select("at", "author_name", "text", "own").to_dicts(),
    }


def propose(whole: Review, hours: Sequence[datetime]) -> list[dict[str, Any]]:
    """The key, a dict a stage (see exercise.Stage): of demands those that are open and that many came to voice."""
    required, allowed = _sections(whole)
    real = set(whole.demands.filter(pl.col("n") >= whole.fewest_voices)["key"])
    began = whole.posts["published_at"][0]
    stages = []
    for at in hours:
        there, right = evidence(whole, at), _levels(whole, at)
        spoke = _answer(right, bool(there["answers"]), at - began)
        open_ = [d["key"] for d in there["demands"] if not d["answered"] and d["key"] in real]
        key = {"at": at, "levels": right, "sections": required, "also": allowed, "answer": spoke}
        stages.append(key | {"demands": open_})
    return stages
