"""How big will it get? The final size of a story from its first minutes and hours, with intervals that hold.

Two estimates, side by side. A regression learned on ended stories gives the distribution: the logarithm of final over
present size is a sum of broken lines over what is known by then (`LOOK`), and intervals are conformal, from held-out
stories (Lei et al., "Distribution-Free Predictive Inference for Regression", 2018). A self-exciting process with day
and night in it (after Zhao et al., "SEISMIC", 2015, and Mishra et al., "Feature Driven and Point Process Approaches",
2016) gives a second opinion that needs no archive. Nothing later than the moment asked about is ever looked at.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import nnls
from sklearn.linear_model import RidgeCV

from opinion_lab.analyse import links
from opinion_lab.analyse.phases import RHYTHM
from opinion_lab.config import PACKAGE, LabError

Floats = NDArray[np.float64]

#: Seconds after the first post at which a regression of its own is learned; in between the two nearest are blended.
AGES = (900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600)
#: What a regression sees, all of it true by then. Logarithms are natural.
LOOK = (
    "n",  # log of the posts so far: it stops to count beyond the largest of the archive, so growth is then a factor
    *("recent2", "recent4", "recent8"),  # log share of posts in the last half, quarter, eighth of the time
    *("early2", "early4"),  # log share of posts in the first half, quarter
    "last",  # log minutes since the latest post
    "deep",  # share of posts that hang below another than the first
    "hub",  # share of posts directly below the most passed-on post after the first
    *("now", "ahead"),  # log rhythm of this hour, and of the time to come
)
KNOTS = (0.02, 0.35, 0.65, 0.98)  # where the broken lines bend: quantiles of the archive
LEVELS = (0.005, 0.01, 0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975, 0.99, 0.995)
#: Ended stories from which an archive is worth learning from, and the posts that a story must have by then to count.
ENOUGH, SMALL = 200, 10
AT_AN_AGE = 100  # stories from which a regression of one age is learned
QUIET = timedelta(days=7)
FOLDS = 5
#: The process: half of what is drawn by the first post, and by later ones, comes within about these seconds of
#: rhythm-corrected time (Lomax: scale, exponent); children of a later post, and how many stories' worth that is sure.
FIRST, LATER = (4000.0, 0.8), (1500.0, 0.6)
CHILDREN, SURE = 0.4, 100.0
CALM = 0.9  # a process whose posts draw this many children each has no end that could be told
_HOUR = np.array([*RHYTHM]) / np.mean(RHYTHM)
_CLOCK = np.concatenate([[0.0], np.cumsum(_HOUR)]) * 3600
_CHINA = 8 * 3600.0


@dataclass(frozen=True)
class Forecast:
    """What the final size looked like at one moment. `expected` is the median: as likely more as fewer.

    `process` is the self-exciting process's own estimate, None where it has no end. `cautions` are Chinese sentences.
    """

    at: datetime
    age: timedelta
    seen: int
    expected: float
    process: float | None
    basis: str
    cautions: tuple[str, ...]
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


@dataclass(frozen=True)
class Regression:
    """One age's broken lines: knots and values per column of LOOK, and how residuals are spread."""

    intercept: float
    knots: Floats  # LOOK x KNOTS
    values: Floats
    bends: Floats  # knots of the predicted growth, for `scale`
    scale: Floats  # expected size of a residual: broken lines over LOOK's n, then over the predicted growth
    residuals: Floats  # at LEVELS, in units of that size

    def growth(self, looks: Floats) -> Floats:
        """Quantiles (rows of looks x LEVELS) of log final over present size."""
        middle = self.middle(looks)
        spread = _sizes(looks[:, 0], middle, self.knots[0], self.bends) @ self.scale
        return np.maximum(middle[:, None] + spread[:, None] * self.residuals, 0.0)

    def middle(self, looks: Floats) -> Floats:
        """The regression line itself."""
        lines = (np.interp(looks[:, i], k, v) for i, (k, v) in enumerate(zip(self.knots, self.values, strict=True)))
        return self.intercept + sum(lines)


@dataclass(frozen=True)
class Model:
    """Regressions by age in seconds, and in words what they were learned on."""

    ages: tuple[int, ...]
    regressions: tuple[Regression, ...]
    basis: str

    def growth(self, look: Floats, age: float) -> Floats:
        """Quantiles at LEVELS for one story: the two nearest ages, blended by the logarithm of the age."""
        at = np.interp(np.log(max(age, 1.0)), np.log(self.ages), np.arange(len(self.ages)))
        lower = int(at)
        upper = min(lower + 1, len(self.ages) - 1)
        one, other = (self.regressions[i].growth(look[None])[0] for i in (lower, upper))
        return np.maximum.accumulate(one + (at - lower) * (other - one))


# --- the door ------------------------------------------------------------------------------------------------


def forecast(posts: pl.DataFrame, *, at: datetime | timedelta, model: Model | None = None) -> Forecast:
    """The final size of one story (Post) as it could have been told at `at`, a moment or a time after its first post.

    `model`: from `learn` or `load`; by default what ships. Raises LabError when nothing had been posted by then.
    """
    model = model or shipped()
    first = posts["published_at"].min()
    moment = first + at if isinstance(at, timedelta) and isinstance(first, datetime) else at
    known = posts.filter(pl.col("published_at") <= moment)
    if known.is_empty() or not isinstance(moment, datetime):
        raise LabError("这个时刻还没有帖文，无从预测。请选首帖之后的时刻。")
    story = next(_stories(known, known.select("post_id", key=pl.lit(""))))
    age = moment.timestamp() - story.start
    growth = model.growth(_look(story, age), age)
    process = _process(story, age)
    return Forecast(
        at=moment,
        age=timedelta(seconds=age),
        seen=len(story.at),
        expected=len(story.at) * float(np.exp(growth[LEVELS.index(0.5)])),
        process=process,
        basis=model.basis,
        cautions=tuple(_cautions(len(story.at), age, growth, process, model)),
        growth=growth,
    )


def _cautions(seen: int, age: float, growth: Floats, process: float | None, model: Model) -> Iterator[str]:
    if seen < SMALL:
        yield f"此时只有{seen}条，不足{SMALL}条，预测很不可靠"
    if age < model.ages[0]:
        yield f"距首帖不足{model.ages[0] // 60}分钟，按{model.ages[0] // 60}分钟时的经验估计"
    if age > 1.5 * model.ages[-1]:
        yield f"距首帖已超过{model.ages[-1] // 3600}小时，经验只到那时"
    low, high = np.exp(np.interp([0.05, 0.95], LEVELS, growth)) * seen
    if process is None:
        yield "自激过程算出的增长没有尽头：仍在加速，宁可按上限准备"
    elif not low <= process <= high:
        yield f"自激过程另估约{process:.0f}条，落在区间之外，两种方法不一致"


# --- learning ------------------------------------------------------------------------------------------------


def learn(
    posts: pl.DataFrame, post_stories: pl.DataFrame | None = None, *, until: datetime | None = None, fewest: int = SMALL
) -> Model:
    """A Model of the archive's own ended stories (PostStory; by default each root with what hangs below it).

    `until`: only what was over by then counts, so that a past story is forecast with what the lab knew. Ended: first
    seen 14 days before the end, and less than 1 % of its posts in the last 7. Stories count at an age when they had
    `fewest` posts by then. Fewer than 200 ended stories: what ships is used, and `basis` says so.
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
    if len(over) < ENOUGH:
        few = f"本实验室只有{len(over)}件够大且已结束的事件，不足{ENOUGH}件，不能自己学"
        return Model(shipped().ages, shipped().regressions, f"{few}；改用{shipped().basis}")
    learned = {}
    for age in AGES:
        then = [s for s in over if np.searchsorted(s.at, age, "right") >= fewest]
        if len(then) >= AT_AN_AGE:
            looks = np.array([_look(s, age) for s in then])
            learned[age] = _fit(looks, np.log([len(s.at) for s in then]) - looks[:, 0])
    if not learned:
        raise LabError(f"已结束的事件在头四天里都不足{fewest}条，学不出增长规律。请改用随附的经验值。")
    return Model(tuple(learned), tuple(learned.values()), f"本实验室{len(over)}件已结束的事件")


def _fit(looks: Floats, growth: Floats) -> Regression:
    """Broken lines by ridge regression; residuals from stories that the lines did not see."""
    knots = np.array([_knots(values) for values in looks.T])
    basis = np.hstack([_hats(looks[:, i], k) for i, k in enumerate(knots)])
    fold = np.arange(len(growth)) % FOLDS
    held_out = np.empty(len(growth))
    for f in range(FOLDS):
        held_out[fold == f] = _ridge(basis[fold != f], growth[fold != f]).predict(basis[fold == f])
    left = growth - held_out
    bends = _knots(held_out)
    sizes = _sizes(looks[:, 0], held_out, knots[0], bends)
    scale, _ = nnls(sizes, np.abs(left))
    scale += 0.01
    residuals = np.quantile(left / (sizes @ scale), LEVELS, method="weibull")
    line = _ridge(basis, growth)
    return Regression(float(line.intercept_), knots, line.coef_.reshape(knots.shape), bends, scale, residuals)


def _knots(values: Floats) -> Floats:
    """Where the lines over these values bend; where there is one value only, they are flat."""
    return np.quantile(values, KNOTS) + np.arange(len(KNOTS)) * 1e-6


def _hats(values: Floats, knots: Floats) -> Floats:
    """Each value as a blend of the two knots around it; beyond the ends the end counts."""
    return np.stack([np.interp(values, knots, hat) for hat in np.eye(len(knots))], axis=1)


def _ridge(basis: Floats, growth: Floats) -> RidgeCV:
    return RidgeCV(np.logspace(-1, 2, 7)).fit(basis, growth)


def _sizes(log_n: Floats, middle: Floats, knots: Floats, bends: Floats) -> Floats:
    return np.hstack([_hats(log_n, knots), _hats(middle, bends)])


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
    said = links.edges(posts).select(post_id="child", above="parent")
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
    to_come = float((_rhythm(moment + ahead) * weight).sum() / weight.sum())
    return np.array(
        [
            np.log(n),
            *(np.log1p(s) - np.log(n) for s in since),
            *(np.log(e / n) for e in early),
            np.log1p((age - story.at[n - 1]) / 60),
            len(below) / n,
            hub / n,
            np.log(_rhythm(np.array([moment]))[0]),
            np.log(to_come),
        ]
    )


def _rhythm(epoch: Floats) -> Floats:
    """How lively people are at these times, mean 1."""
    return np.interp((epoch + _CHINA) / 3600 % 24, np.arange(25), [*_HOUR, _HOUR[0]])


def _awake(epoch: Floats) -> Floats:
    """Time that runs faster when people are lively: seconds."""
    days, seconds = np.divmod(epoch + _CHINA, 86_400.0)
    return days * 86_400 + np.interp(seconds, np.arange(25) * 3600.0, _CLOCK)


def _process(story: _Story, age: float) -> float | None:
    """The final size by the self-exciting process: what the first post still draws, what later ones do, and theirs.

    How many children the first post draws is told by those it has; how many a later one draws, by all later ones,
    drawn towards what is usual. None: each post draws another, so there is no end.
    """
    n = int(np.searchsorted(story.at, age, "right"))
    now = _awake(np.array([story.start + age]))[0]
    waited = np.maximum(now - _awake(story.start + story.at[:n]), 0.0)
    left_first = (1 + waited[0] / FIRST[0]) ** -FIRST[1]
    left = (1 + waited[1:] / LATER[0]) ** -LATER[1]
    deeper = int((story.parent[1:n] > 0).sum())
    children = (CHILDREN * SURE + deeper) / (SURE + (1 - left).sum())
    if children >= CALM:
        return None
    drawn = (n - 1 - deeper) / max(1 - left_first, 1e-9) * left_first
    return n + float(drawn + children * left.sum()) / (1 - children)


# --- the table that ships ---------------------------------------------------------------------------------------


def load(path: Path) -> Model:
    """Read `forecast.toml`. Raises LabError when it is not what `lines` writes."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        ages, regressions = [], []
        for age in told["age"]:
            bends = np.array([age[name] for name in LOOK])
            if bends.shape != (len(LOOK), 2, len(KNOTS)) or len(age["residuals"]) != len(LEVELS):
                raise ValueError("数字的个数不对")
            ages.append(int(age["seconds"]))
            fitted = (np.array(age[k]) for k in ("bends", "scale", "residuals"))
            regressions.append(Regression(float(age["intercept"]), bends[:, 0], bends[:, 1], *fitted))
        return Model(tuple(ages), tuple(regressions), told["basis"])
    except (OSError, ValueError, KeyError) as error:
        raise LabError(f"预测系数表 {path.name} 读不了：{error}。请从软件自带的 rules/forecast.toml 恢复。") from None


@cache
def shipped() -> Model:
    """The model that comes with the lab, for labs without an archive."""
    return load(PACKAGE / "rules" / "forecast.toml")


def lines(model: Model) -> Iterable[str]:
    """A model as lines of TOML, as `load` reads them."""
    yield f'basis = "{model.basis}"'
    for age, r in zip(model.ages, model.regressions, strict=True):
        yield f"\n[[age]]\nseconds = {age}\nintercept = {r.intercept:.4f}"
        for name, k, v in zip(LOOK, r.knots, r.values, strict=True):
            yield f"{name} = [[{', '.join(f'{x:.6f}' for x in k)}], [{', '.join(f'{x:.4f}' for x in v)}]]"
        for name, values in (("bends", r.bends), ("scale", r.scale), ("residuals", r.residuals)):
            yield f"{name} = [{', '.join(f'{x:.4f}' for x in values)}]"
