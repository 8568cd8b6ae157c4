"""Alerts of events: a story that enough voices took up within a day, and many more than usually, told once.

On the hot lists of a winter it was as right as unusual words held against what is usual, and found more
(`python -m tests.benchmarks trends`). A copy is no voice, so an advert, a form letter or a matrix of accounts that says
one thing is one voice at most; talk that goes on as it did yesterday is no event, however much of it there is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

import polars as pl

DAY = timedelta(days=1)
RISE = 5  # times the voices of a usual day that a day must have to be an event
BEFORE = timedelta(days=28)  # in which is seen what is usual
UNKNOWN = timedelta(days=3)  # at an archive's beginning, in which nothing is usual yet
# voices in a day from which a story may be an event (a work order weighs more than a comment, an entry of a hot list
# stands for many people), and from which it always is
FEWEST = {"board_entry": 3, "complaint": 5}
USUALLY, MOST = 10, 200
WITHIN = 0.75  # share of days that the number of voices alone must keep within the budget
# alerts of which is known what came of them, below which no chance is given; of each outcome
OUTCOMES, OF_EACH = 60, 15
ALERT = {
    "story_id": pl.String(),
    "raised": pl.Datetime("us", "UTC"),
    "n": pl.Int64(),
    "hours": pl.Float64(),
    "age": pl.Float64(),
    "posts": pl.List(pl.String),
}


def reached(posts: pl.DataFrame, post_stories: pl.DataFrame, *, least: int) -> pl.DataFrame:
    """When a story had `least` voices within 24 hours, in order of time; again when it had not for a day (ALERT).

    And five times those of a usual day of the four weeks before; in the archive's first days nothing is usual yet, and
    nothing is told. A voice is an account that says something of its own, or a post where the platform names nobody.
    `n`: voices then; `hours`: in how many they came together; `age`: hours since the story's first post; `posts`: those
    of the 24 hours.
    """
    said = voices(posts, post_stories)
    said = said.filter(pl.col("voice").n_unique().over("story_id") >= least)
    said = said.sort("published_at", "post_id")
    if said.is_empty():
        return pl.DataFrame(schema=ALERT)
    rolled = said.rolling("published_at", period="24h", group_by="story_id").agg(
        n=pl.col("voice").n_unique(), since=pl.col("published_at").first()
    )
    times = rolled.filter(pl.col("n") >= least).unique(["story_id", "published_at"])
    times = _risen(times, said, posts["published_at"].min()).sort("story_id", "published_at")
    new = (pl.col("published_at").diff().over("story_id") > DAY).fill_null(True)
    first = said.group_by("story_id").agg(began=pl.col("published_at").min())
    found = times.filter(new).join(first, on="story_id").sort("published_at", "story_id").with_row_index("row")
    inside = said.join(found.select("story_id", "row", "since", raised="published_at"), on="story_id")
    inside = inside.filter(pl.col("published_at").is_between("since", "raised"))
    behind = inside.group_by("row").agg(posts=pl.col("post_id").sort())
    raised = pl.col("published_at")
    return found.join(behind, on="row", maintain_order="left").select(
        "story_id",
        raised.dt.convert_time_zone("UTC").alias("raised"),
        pl.col("n").cast(pl.Int64),
        hours=(raised - pl.col("since")) / timedelta(hours=1),
        age=(raised - pl.col("began")) / timedelta(hours=1),
        posts="posts",
    )


def voices(posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame:
    """Who says something of their own: story_id, post_id, published_at, voice, in order of time."""
    said = posts.join(post_stories, on="post_id")
    if "copy_of" in said.columns:
        said = said.filter(pl.col("copy_of").is_null())
    voice = pl.coalesce("author_id", "post_id") if "author_id" in said.columns else pl.col("post_id")
    said = said.select("story_id", "post_id", "published_at", voice=voice).drop_nulls("published_at")
    return said.sort("published_at", "post_id")


def _risen(times: pl.DataFrame, said: pl.DataFrame, archive: Any) -> pl.DataFrame:
    """Of `times` those at which the `n` voices of 24 hours are many times those of a day before (null: not known)."""
    at = pl.col("published_at")
    daily = said.unique(["story_id", "voice", at.dt.date()], keep="first", maintain_order=True)
    daily = daily.select("story_id", "published_at", so_far=pl.int_range(1, pl.len() + 1).over("story_id"))
    asked = times.with_columns(until=at - DAY, low=at - DAY - BEFORE)
    for edge in ("until", "low"):
        counted = daily.rename({"published_at": edge, "so_far": f"n_{edge}"}).sort(edge)
        asked = asked.sort(edge).join_asof(counted, on=edge, by="story_id", check_sortedness=False)
    days = (pl.min_horizontal(pl.col("until") - archive, pl.lit(BEFORE)) / DAY).clip(1.0)
    usual = (pl.col("n_until").fill_null(0) - pl.col("n_low").fill_null(0)) / days
    risen = asked.filter((pl.col("until") >= archive + UNKNOWN - DAY) & (pl.col("n") >= RISE * usual))
    return risen.select(times.columns)


def fewest(posts: pl.DataFrame) -> int:
    """Voices in a day below which no story is an event, by the kind that most posts are of."""
    if "kind" not in posts.columns or posts.is_empty():
        return USUALLY
    shares = posts.select(pl.col("kind").cast(pl.String)).to_series().value_counts(normalize=True, name="share")
    return next((FEWEST.get(kind, USUALLY) for kind, share in shares.iter_rows() if share > 0.5), USUALLY)


def opens(moment: datetime, quiet: tuple[int, int] | None) -> datetime:
    """The first moment from then on that is not within the hours of `quiet` (from, to)."""
    if quiet is None or quiet[0] == quiet[1]:
        return moment
    begin, end = quiet
    inside = begin <= moment.hour < end if begin < end else moment.hour >= begin or moment.hour < end
    if not inside:
        return moment
    later = datetime.combine(moment.date(), time(end), moment.tzinfo)
    return later if later > moment else later + DAY


def told(alerts: pl.DataFrame, *, budget: int, zone: tzinfo, quiet: tuple[int, int] | None = None) -> pl.DataFrame:
    """The alerts that a day's budget allows, in order of time; in the hours of `quiet` nothing is told, it waits."""
    spent: Counter[object] = Counter()
    kept, at = [], []
    for raised in alerts["raised"]:
        moment = opens(raised.astimezone(zone), quiet)
        kept.append(spent[moment.date()] < budget)
        at.append(moment)
        spent[moment.date()] += 1
    return alerts.with_columns(raised=pl.Series(at, dtype=ALERT["raised"])).filter(pl.Series(kept, dtype=pl.Boolean))


def least(posts: pl.DataFrame, post_stories: pl.DataFrame, *, budget: int, zone: tzinfo) -> int:
    """How many voices make an event: the fewest at which three days of four keep within the budget by themselves."""
    days = posts["published_at"].dt.convert_time_zone(str(zone)).dt.date().n_unique()
    n = fewest(posts)
    while n < MOST:
        raised = reached(posts, post_stories, least=n)["raised"].dt.convert_time_zone(str(zone)).dt.date()
        if (raised.value_counts()["count"] > budget).sum() <= (1 - WITHIN) * days:
            return n
        n = max(n + 1, round(n * 1.2))
    return n


@dataclass(frozen=True)
class Chance:
    """How probable it is that an alert is of a true event: the share that was right of those whose outcome is known.

    By how fast the voices came, how many and how old the story was it is told no better (Brier .238, as the share
    alone), and less well calibrated.
    """

    share: float
    n: int

    @classmethod
    def learn(cls, right: pl.Series) -> Chance | None:
        """From what came of alerts; None where too few outcomes are known."""
        n, true = len(right), int(right.sum())
        if n < OUTCOMES or min(true, n - true) < OF_EACH:
            return None
        return cls(true / n, n)

    def gap(self, right: pl.Series) -> float:
        """How far the chance was off on later alerts."""
        return abs(self.share - float(right.cast(pl.Float64).mean()))  # type: ignore[arg-type]
