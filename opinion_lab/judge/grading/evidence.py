"""What was known of a story at one hour: every number that a grade is made of.

`rules.grades` holds default values, not law: no public plan that could be read uses counts as hard lines, so
counts are held against the lab's own past. Nothing published after the hour is looked at; likes and reposts of a
post are known only as last seen, so they are left out rather than guessed back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.judge import statements
from opinion_lab.judge.deadlines import clocks
from opinion_lab.prepare import normalize
from opinion_lab.rules.grades import Grades, Mishandled

LEVELS = schemas.LEVELS  # most severe first
MEASURED = ("spread", "attention", "sensitivity", "attitude")
#: The dimensions whose cuts come from the past; the other two are shares and keep the table's cuts.
FROM_PAST = ("spread", "attention")
TOP_POINTS = 3


@dataclass(frozen=True)
class Facts:
    """What was known of a story at one hour: every number that a grade is made of."""

    story_id: str
    at: datetime
    first_at: datetime
    found_at: datetime | None  # when the bureau found it, if it said so and that was by then
    public: int  # public posts within the red-line window
    hits: Mapping[str, int]  # red line -> posts within that window
    measures: Mapping[str, float | None]  # dimension -> value; null: too few posts to say
    cuts: Mapping[str, tuple[float, ...]]
    yardstick: str  # where the cuts come from, in Chinese
    answered_at: datetime | None
    reversed_at: datetime | None  # a later official answer took an earlier one back, within the window
    rebound: tuple[int, int] | None  # public posts in the 24 h before and after an answer that did not calm


def past(posts: pl.DataFrame, post_stories: pl.DataFrame, *, own: Collection[str] = ()) -> pl.DataFrame:
    """How large each story ever was: story_id, last_at, and the peak of spread and attention within 24 hours."""
    public = posts.filter(~clocks.official(own)).join(post_stories, on="post_id").sort("published_at")
    hours = public.group_by_dynamic("published_at", every="1h", period="24h", group_by="story_id").agg(
        spread=pl.len(), attention=pl.col("author_id").drop_nulls().n_unique()
    )
    peak = hours.group_by("story_id").agg(pl.col("spread", "attention").max().cast(pl.Float64))
    last = public.group_by("story_id").agg(last_at=pl.col("published_at").max())
    return last.join(peak, on="story_id").sort("story_id")


# --- facts -----------------------------------------------------------------------------------------------------


class Story:
    """A story's posts in order of time, each marked by its own words alone: looking at an hour is then a slice."""

    def __init__(self, posts: pl.DataFrame, rules: Grades, own: Collection[str]) -> None:
        said = clocks.answers(posts, own)
        public = posts.filter(~clocks.official(own)).sort("published_at", "post_id")
        own_words = pl.concat_str(pl.col("title", "text"), separator=" ", ignore_nulls=True).str.strip_chars()
        told = public.select(own_words.alias("own"), "quoted").with_columns(
            matter=pl.when(pl.col("own") == "").then(pl.col("quoted").fill_null("")).otherwise(pl.col("own"))
        )
        matter, voice = normalize.fold(told["matter"]), normalize.fold(told["own"])
        is_media = public["author_kind"] == "media"
        marks: dict[str, pl.Series] = {}
        for line in rules.red_line:
            if line.kind == "words":
                marks[line.id] = _holds(matter, line.words)
            else:
                named = _holds(public["author_name"].fill_null(""), line.names) if line.names else True
                marks[line.id] = is_media & named
        words = [marks[line.id] for line in rules.red_line if line.kind == "words"]
        marks["sensitivity"] = pl.Series([False] * public.height) if not words else words[0]
        for mark in words[1:]:
            marks["sensitivity"] = marks["sensitivity"] | mark
        marks["attitude"] = _holds(voice, rules.score.attitude.words)
        marks["voice"] = voice != ""
        self.at = public["published_at"].dt.epoch("us").to_numpy()
        self.authors = public["author_id"].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
        # sums up to each post, so that a window is one subtraction
        self.sums = {k: np.concatenate([[0], np.cumsum(m.fill_null(False).to_numpy())]) for k, m in marks.items()}
        self.said = said.to_dicts()
        self.first_at: datetime = posts.sort("published_at")["published_at"][0]
        self.first_public: datetime | None = public["published_at"][0] if public.height else None
        self.reversals = [
            b["at"]
            for n, b in enumerate(self.said)
            if any(statements.reverses(a["text"], b["text"]) for a in self.said[:n])
        ]

    def window(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Positions of the public posts after `start` up to and with `end`."""
        edges = [round(t.timestamp() * 1e6) for t in (start, end)]
        first, last = np.searchsorted(self.at, edges, side="right")
        return int(first), int(last)

    def count(self, key: str, window: tuple[int, int]) -> int:
        """How many posts of a window bear a mark."""
        return int(self.sums[key][window[1]] - self.sums[key][window[0]])


def _holds(s: pl.Series, words: Collection[str]) -> pl.Series:
    folded = sorted(set(normalize.fold(pl.Series(list(words), dtype=pl.String))) - {""})
    return s.to_frame("s").select(pl.col("s").str.contains_any(folded)).to_series() if folded else s.is_null()


def facts(
    story_posts: pl.DataFrame,
    *,
    at: datetime,
    rules: Grades,
    story_id: str = "",
    past: pl.DataFrame | None = None,
    own: Collection[str] = (),
    found_at: datetime | None = None,
) -> Facts:
    """What was known of a story at `at`, from posts published by then.

    `past`: the sizes of other stories (see `past()`); those not over by `at` are left out. `found_at`: when the
    bureau found it, from which waiting counts. Raises LabError when the story had no post by then.
    """
    at = clocks.utc(at)
    posts = story_posts.filter(pl.col("published_at") <= at)
    if not posts.height:
        raise LabError("这件事在所选时刻之前没有帖子，无法分级。请把时刻往后调，或检查事件编号。")
    return known(Story(posts, rules, own), at, rules, story_id, Yardstick(rules, past, story_id), found_at)


def known(
    story: Story,
    at: datetime,
    rules: Grades,
    story_id: str,
    yardstick: Yardstick,
    found_at: datetime | None = None,
) -> Facts:
    """The facts of a marked story at `at`; later posts that it may hold are not counted."""
    recent = story.window(at - timedelta(hours=rules.score_hours), at)
    lately = story.window(at - timedelta(hours=rules.red_line_hours), at)
    n, voices = recent[1] - recent[0], story.count("voice", recent)
    authors = np.unique(story.authors[slice(*recent)])
    speakers = len(authors[authors > 0])
    score, since = rules.score, at - timedelta(hours=rules.red_line_hours)

    def share(key: str, of: int) -> float | None:
        enough = of >= max(1, getattr(score, key).min_posts)
        return 100 * story.count(key, recent) / of if enough else None

    said = [a for a in story.said if a["at"] <= at]
    taken_back = [t for t in story.reversals if since < t <= at]
    cuts, told = yardstick.at(at)
    return Facts(
        story_id=story_id,
        at=at,
        first_at=story.first_public if story.first_public and story.first_public <= at else story.first_at,
        found_at=clocks.utc(found_at) if found_at and clocks.utc(found_at) <= at else None,
        public=lately[1] - lately[0],
        hits={line.id: story.count(line.id, lately) for line in rules.red_line},
        measures={
            "spread": float(n),
            # nobody named among posts that are there: the platform did not say, which is not nobody
            "attention": float(speakers) if speakers or not n else None,
            "sensitivity": share("sensitivity", n),
            "attitude": share("attitude", voices),
        },
        cuts=cuts,
        yardstick=told,
        answered_at=said[0]["at"] if said else None,
        reversed_at=taken_back[-1] if taken_back else None,
        rebound=_rebound(story, [a["at"] for a in said if a["at"] > since], at, rules.mishandled),
    )


class Yardstick:
    """The cuts that hold at an hour: the lab's own past stories where enough were over by then, else the table's."""

    def __init__(self, rules: Grades, past: pl.DataFrame | None, story_id: str) -> None:
        self.score = rules.score
        self.made: dict[int, tuple[dict[str, tuple[float, ...]], str]] = {}
        self.last_at, self.sizes = np.empty(0, np.int64), {d: np.empty(0) for d in FROM_PAST}
        if past is not None:
            # nearly all stories are of a post or two: to be above their size is nothing
            large = past.filter((pl.col("spread") >= self.score.past_posts) & (pl.col("story_id") != story_id))
            large = large.sort("last_at", "story_id")
            self.last_at = large["last_at"].dt.epoch("us").to_numpy()
            self.sizes = {d: large[d].to_numpy() for d in FROM_PAST}

    def at(self, at: datetime) -> tuple[dict[str, tuple[float, ...]], str]:
        """The cuts of each dimension, and where they come from."""
        over = int(np.searchsorted(self.last_at, round(at.timestamp() * 1e6)))
        if over not in self.made:
            self.made[over] = self._cuts(over)
        return self.made[over]

    def _cuts(self, n: int) -> tuple[dict[str, tuple[float, ...]], str]:
        score, cuts = self.score, {d: getattr(self.score, d).cuts for d in MEASURED}
        if n < max(1, score.min_past):
            few = f"单日满 {score.past_posts} 条的以往事件只有 {n} 件，不足 {score.min_past} 件"
            return cuts, f"门槛用固定默认值：{few}"
        for d, sizes in self.sizes.items():
            levels = np.quantile(sizes[:n], score.percentiles, method="higher")
            cuts[d] = tuple(float(v) for v in levels)
        ranks = "、".join(f"P{100 * q:g}" for q in score.percentiles)
        return cuts, f"传播、关注的门槛取本实验室以往 {n} 件事件峰值的 {ranks}"


def _rebound(story: Story, said: list[datetime], at: datetime, rule: Mishandled) -> tuple[int, int] | None:
    day, worst = timedelta(hours=24), None
    for t in said:
        # A story answered in its first hours is still growing by itself.
        if t - story.first_at < timedelta(hours=rule.early_hours):
            continue
        before, after = (b - a for a, b in (story.window(t - day, t), story.window(t, min(at, t + day))))
        if after >= rule.rebound_posts and after >= rule.rebound_ratio * before:
            worst = max(worst or (before, after), (before, after), key=lambda x: x[1] / max(1, x[0]))
    return worst
