"""How big will it get? The final size of a story from its first minutes and hours, with intervals that hold.

A regression learned on ended stories gives the distribution (`regression`). Nothing later than the moment asked about
is ever looked at. A self-exciting process stood beside it and was further off at every age (median error at one hour 44
per cent against 32, on 355 public Weibo cascades), so it went.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from opinion_lab.analyse.cascades import reply_graph
from opinion_lab.analyse.cascades.regression import LEVELS, LOOK, Model, fit, of_table
from opinion_lab.analyse.lifecycle.phases import liveliness
from opinion_lab.config import LabError
from opinion_lab.schemas import fact

__all__ = ["Forecast", "Model", "forecast", "learn", "of_table"]

Floats = NDArray[np.float64]

#: Ended stories that were large enough by an age: from 20 on the errors are the lab's own, from 200 on all of it is.
CALIBRATE, ENOUGH = 20, 200
#: Of fewer posts nothing is foretold: what ships was learnt on cascades that had become large, half of those that had
#: fewer by an hour are said wrong by more than half, and a lab's own would be said to become large too.
SMALL = 20
QUIET = timedelta(days=7)


@dataclass(frozen=True)
class Forecast:
    """What the final size looked like at one moment. `expected` is the median: as likely more as fewer.

    `basis`, `learnt`: see Model; `cautions` are facts.
    """

    at: datetime
    age: timedelta
    seen: int
    expected: float
    basis: str
    learnt: tuple[dict[str, Any], ...]
    cautions: tuple[dict[str, Any], ...]
    growth: Floats  # log of final over present size at LEVELS

    def interval(self, rate: float = 0.8) -> tuple[float, float]:
        """Between which sizes the story ends in `rate` of cases, in whole posts; never below what is there already."""
        tail = (1 - rate) / 2
        low, high = self.seen * np.exp(np.interp([tail, 1 - tail], LEVELS, self.growth))
        return float(np.floor(low + 1e-9)), float(np.ceil(high - 1e-9))

    @property
    def low(self) -> float:
        """The lower end of the 80 % interval."""
        return self.interval()[0]

    @property
    def high(self) -> float:
        """The upper end of the 80 % interval."""
        return self.interval()[1]

    def chance(self, size: float) -> float:
        """The probability that the story ends with at least `size` posts, within 0.5 % and 99.5 %; 1 if it has them."""
        if size <= self.seen:
            return 1.0
        # equal growths (no growth at all) must not make the curve ambiguous: the highest level counts
        return float(1 - np.interp(np.log(size / self.seen), self.growth, LEVELS, left=LEVELS[0], right=LEVELS[-1]))


# --- the door ------------------------------------------------------------------------------------------------


def forecast(posts: pl.DataFrame, *, at: datetime | timedelta, model: Model) -> Forecast:
    """The final size of one story (Post) as it could have been told at `at`, a moment or a time after its first post.

    `model`: from `learn`, or `of_table` of `rules.size_forecast`. Raises LabError when nothing had been posted by then.
    """
    first = posts["published_at"].min()
    moment = first + at if isinstance(at, timedelta) and isinstance(first, datetime) else at
    known = posts.filter(pl.col("published_at") <= moment)
    if known.is_empty() or not isinstance(moment, datetime):
        raise LabError("这个时刻还没有帖文，无从预测。请选首帖之后的时刻。")
    story = next(_stories(known, known.select("post_id", key=pl.lit(""))))
    age = moment.timestamp() - story.start
    growth = model.growth(_look(story, age), age)
    return Forecast(
        at=moment,
        age=timedelta(seconds=age),
        seen=len(story.at),
        expected=len(story.at) * float(np.exp(growth[LEVELS.index(0.5)])),
        basis=model.basis,
        learnt=model.learnt,
        cautions=tuple(_cautions(len(story.at), age, model)),
        growth=growth,
    )


def _cautions(seen: int, age: float, model: Model) -> Iterator[dict[str, Any]]:
    if age < model.ages[0]:
        yield fact("too_early", threshold=model.ages[0] / 3600)
    if age > 1.5 * model.ages[-1]:
        yield fact("too_late", threshold=model.ages[-1] / 3600)
    if seen < SMALL:
        yield fact("few_posts", value=seen, threshold=SMALL)


# --- learning ------------------------------------------------------------------------------------------------


def learn(
    posts: pl.DataFrame,
    post_stories: pl.DataFrame | None = None,
    *,
    until: datetime | None = None,
    fewest: int = SMALL,
    prior: Model,
) -> Model:
    """A Model of the archive's own ended stories (PostStory; by default each root with what hangs below it).

    `until`: only what was over by then counts, so that a past story is forecast with what the lab knew. Ended: first
    seen 14 days before the end, and less than 1 % of its posts in the last 7. At each age those count that had
    `fewest` posts by then: 200 make a regression of their own, 20 correct the intervals of the `prior` (what
    ships); with fewer that is taken as it is. `learnt` says which.
    """
    posts = posts.filter(pl.col("published_at") <= until) if until else posts
    if post_stories is None:
        keys = posts.select("post_id", key=pl.coalesce("root_id", "post_id"))
    else:
        keys = post_stories.select("post_id", key="story_id")
    stories = [*_stories(posts, keys.unique("post_id"), fewest)]
    end = max((s.start + s.at[-1] for s in stories), default=0.0)
    week = QUIET.total_seconds()
    over = [s for s in stories if s.start <= end - 2 * week and (s.start + s.at > end - week).mean() < 0.01]
    learned, learnt_how = [], {}
    for age, given in zip(prior.ages, prior.regressions, strict=True):
        then = [s for s in over if np.searchsorted(s.at, age, "right") >= fewest]
        looks = np.array([_look(s, age) for s in then]).reshape(-1, len(LOOK))
        growth = np.log([len(s.at) for s in then]) - looks[:, 0]
        if len(then) >= ENOUGH:
            learnt_how[age], own = "own", fit(looks, growth, least=SMALL)
        elif len(then) >= CALIBRATE:
            learnt_how[age], own = "errors", given.corrected(looks, growth)
        else:
            learnt_how[age], own = "shipped", given
        learned.append(own)
    return Model(prior.ages, tuple(learned), prior.basis, _learnt(learnt_how, len(over)))


def _learnt(learnt_how: dict[int, str], over: int) -> tuple[dict[str, Any], ...]:
    """How many stories of the archive count, then what the ages (`value` to `hours`) rest on."""
    facts = [fact("archive", value=over)]
    for how, least in (("own", ENOUGH), ("errors", CALIBRATE), ("shipped", CALIBRATE)):
        if ages := [age / 3600 for age, which in learnt_how.items() if which == how]:
            facts.append(fact(how, value=ages[0], hours=ages[-1], threshold=least))
    return tuple(facts)


# --- what a story looked like ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Story:
    """Times of a story's posts in order, in seconds after the first (`start`, epoch), and where each hangs.

    `parent` is the place of a post's parent in the same order; 0, the first post, where nothing nearer is known.
    """

    start: float
    at: Floats
    parent: NDArray[np.int64]


def _stories(posts: pl.DataFrame, keys: pl.DataFrame, fewest: int = 1) -> Iterator[_Story]:
    """The stories of `posts` by `keys` (post_id, key), in order of their keys: those with at least `fewest` posts."""
    rows = posts.select("post_id", "published_at").unique("post_id").join(keys, on="post_id")
    rows = rows.filter(pl.len().over("key") >= fewest).sort("key", "published_at", "post_id")
    rows = rows.with_columns(place=pl.int_range(pl.len()).over("key"))
    said = reply_graph.edges(posts).select(post_id="child", above="parent")
    above = rows.select(above="post_id", above_key="key", above_place="place")
    rows = rows.join(said, on="post_id", how="left", maintain_order="left")
    rows = rows.join(above, on="above", how="left", maintain_order="left")
    inside = pl.col("above_key") == pl.col("key")
    rows = rows.with_columns(parent=pl.when(inside).then("above_place").fill_null(0))
    for _, part in rows.group_by("key", maintain_order=True):
        at = part["published_at"].dt.epoch("us").to_numpy() / 1e6
        yield _Story(float(at[0]), at - at[0], part["parent"].to_numpy())


def _look(story: _Story, age: float) -> Floats:
    """What is known `age` seconds after the first post, in the order of LOOK."""
    n = int(np.searchsorted(story.at, age, "right"))
    since = [n - int(np.searchsorted(story.at, age - age / part, "right")) for part in (2, 4, 8)]
    early = [int(np.searchsorted(story.at, age / part, "right")) for part in (2, 4)]
    below = story.parent[1:n]
    below = below[below > 0]
    hub = int(np.bincount(below).max()) if len(below) else 0
    moment = story.start + age
    ahead = np.geomspace(60, 3 * 86_400, 60)
    weight = np.gradient(ahead) / (ahead + age)
    to_come = float((liveliness(moment + ahead) * weight).sum() / weight.sum())
    return np.array(
        [
            np.log(n),
            *(np.log1p(s) - np.log(n) for s in since),
            *(np.log(e / n) for e in early),
            np.log1p((age - story.at[n - 1]) / 60),
            len(below) / n,
            hub / n,
            np.log(liveliness(np.array([moment]))[0]),
            np.log(to_come),
        ]
    )
