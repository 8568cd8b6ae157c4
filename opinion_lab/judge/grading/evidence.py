"""What was known of a story at one hour: every number that a grade is made of.

Nothing published after the hour is looked at; likes and reposts of a post are known only as last seen, so they are
left out rather than guessed back.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from opinion_lab.analyse import attitude
from opinion_lab.config import LabError
from opinion_lab.judge import statements
from opinion_lab.judge.deadlines import clocks
from opinion_lab.judge.grading.yardstick import Yardstick
from opinion_lab.prepare import normalize
from opinion_lab.rules.grades import Grades, Mishandled, RedLine

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Evidence:
    """What was known of a story at one hour."""

    story_id: str
    at: datetime
    first_at: datetime
    found_at: datetime | None  # when the bureau found it, if it said so and that was by then
    public: int  # public posts within the red-line window
    hits: Mapping[str, int]  # red line -> posts within that window
    measures: Mapping[str, float | None]  # dimension -> value; null: too few posts to say
    cuts: Mapping[str, tuple[float, ...]]
    yardstick: Mapping[str, Any]  # the fact that says where the cuts come from
    voices: int  # those of `public` that are no work orders: an order has terms of its own
    complaints: int  # those of `voices` that complain, or speak of harm or fault
    praise: int  # those of `voices` that praise
    answered_at: datetime | None
    answer_visible: bool  # whether an official answer would have been seen, had there been one
    reversed_at: datetime | None  # a later official answer took an earlier one back, within the window
    rebound: tuple[int, int] | None  # public posts in the 24 h before and after an answer that did not calm


class Story:
    """A story's posts in order of time, each marked by its own words alone: looking at an hour is then a slice.

    A media post counts towards a red line only when it names harm, fault or complaint: a bureau's column in the local
    paper is no trouble because a paper printed it. Nor is a medium's wording an attitude of the public, which is
    measured where the lab has learnt to (`attitudes`).
    """

    def __init__(
        self, posts: pl.DataFrame, rules: Grades, own: Collection[str], attitudes: attitude.Model | None = None
    ) -> None:
        public = posts.filter(~clocks.official(own)).sort("published_at", "post_id")
        own_words = pl.concat_str(pl.col("title", "text"), separator=" ", ignore_nulls=True).str.strip_chars()
        words = public.select(own_words.alias("own"), "quoted").with_columns(
            matter=pl.when(pl.col("own") == "").then(pl.col("quoted").fill_null("")).otherwise(pl.col("own"))
        )
        matter, voice = normalize.fold(words["matter"]), normalize.fold(words["own"])
        is_media = public["author_kind"] == "media"
        plainly, rule = _without(matter, rules.media.never), rules.mishandled
        troubled = _holds(plainly, rules.media.words)
        reports = is_media & troubled
        marks: dict[str, pl.Series] = {}
        for line in rules.red_line:
            if line.kind == "words":
                marks[line.id] = _holds(_without(matter, line.never), line.words) & (reports | ~is_media)
            else:
                named = _holds(public["author_name"].fill_null(""), line.names) if line.names else True
                marks[line.id] = reports & named
        by_words = [line for line in rules.red_line if line.kind == "words"]
        none = pl.Series([False] * public.height, dtype=pl.Boolean)
        marks["harm"] = functools.reduce(operator.or_, [marks[x.id] for x in by_words if not x.troubled], none)
        marks["sensitivity"] = functools.reduce(operator.or_, [marks[x.id] for x in by_words], none)
        praises = _matches(voice, rule.praise)
        idle = praises | _matches(matter, rule.enquiries)
        complains = (troubled | _holds(plainly, rule.complaints)) & ~idle | marks["harm"]
        marks |= {f"{x.id}, troubled": marks[x.id] & complains for x in by_words if x.troubled}
        marks["voices"] = public["kind"].cast(pl.String) != "complaint"
        marks["complaints"] = complains & marks["voices"]
        marks["praise"] = praises & marks["voices"] & ~marks["complaints"]
        marks["voice"] = (voice != "") & ~is_media
        self.measures_attitude = attitudes is not None
        if attitudes is not None:
            marks["attitude"] = attitude.negative(public, attitudes) * marks["voice"].cast(pl.Float64)
        self.at = public["published_at"].dt.epoch("us").to_numpy()
        self.authors = public["author_id"].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
        # sums up to each post, so that a window is one subtraction
        self.sums = {k: np.concatenate([[0], np.cumsum(m.fill_null(False).to_numpy())]) for k, m in marks.items()}
        self.answers = clocks.answers(posts, own).to_dicts()
        self.first_at: datetime = posts.sort("published_at")["published_at"][0]
        self.first_public: datetime | None = public["published_at"][0] if public.height else None
        self.reversals = [later["at"] for _, later in statements.reversals(self.answers)]

    def window(self, start: datetime, end: datetime) -> tuple[int, int]:
        """Positions of the public posts after `start` up to and with `end`."""
        edges = [round(t.timestamp() * 1e6) for t in (start, end)]
        first, last = np.searchsorted(self.at, edges, side="right")
        return int(first), int(last)

    def hits(self, line: RedLine, window: tuple[int, int]) -> int:
        """How many posts of a window a red line counts; none where it asks for trouble and too few speak of it."""
        if line.troubled and self.count(f"{line.id}, troubled", window) < line.min_posts:
            return 0
        return int(self.count(line.id, window))

    def count(self, key: str, window: tuple[int, int]) -> float:
        """How many posts of a window bear a mark; of attitude how many are expected to."""
        return float(self.sums[key][window[1]] - self.sums[key][window[0]])


def _folded(words: Collection[str]) -> list[str]:
    return sorted(set(normalize.fold(pl.Series(list(words), dtype=pl.String))) - {""}, key=lambda w: (-len(w), w))


def _holds(s: pl.Series, words: Collection[str]) -> pl.Series:
    folded = _folded(words)
    return s.to_frame("s").select(pl.col("s").str.contains_any(folded)).to_series() if folded else s.is_null()


def _matches(s: pl.Series, patterns: Collection[str]) -> pl.Series:
    any_of = "|".join(f"(?:{p})" for p in patterns)
    return s.str.contains(any_of) if patterns else pl.Series([False] * len(s), dtype=pl.Boolean)


def _without(s: pl.Series, phrases: Collection[str]) -> pl.Series:
    return s.str.replace_all("|".join(f"(?:{p})" for p in phrases), " ") if phrases else s


def answers_visible_from(posts: pl.DataFrame, own: Collection[str]) -> datetime:
    """From when on an official answer would have been seen: own accounts entered, and something official collected."""
    first = posts.filter(clocks.official(own))["published_at"].min() if own else None
    return first if isinstance(first, datetime) else NEVER


def examine(
    story_posts: pl.DataFrame,
    *,
    at: datetime,
    rules: Grades,
    story_id: str = "",
    past: pl.DataFrame | None = None,
    own: Collection[str] = (),
    visible_from: datetime | None = None,
    found_at: datetime | None = None,
    attitudes: attitude.Model | None = None,
) -> Evidence:
    """What was known of a story at `at`, from posts published by then.

    `past`: the sizes of other stories (see `past()`); those not over by `at` are left out. `visible_from`: see
    `answers_visible_from` (default: always, where own accounts are entered). `found_at`: when the bureau found it,
    from which waiting counts. `attitudes`: without a model the attitude of the public is not measured. Raises LabError
    when the story had no post by then.
    """
    posts = story_posts.filter(pl.col("published_at") <= at)
    if not posts.height:
        raise LabError("这件事在所选时刻之前没有帖子，无法分级。请把时刻往后调，或检查事件编号。")
    seen_from = visible_from or (at if own else NEVER)
    return at_hour(
        Story(posts, rules, own, attitudes), at, rules, story_id, Yardstick(rules, past, story_id), seen_from, found_at
    )


def at_hour(
    story: Story,
    at: datetime,
    rules: Grades,
    story_id: str,
    yardstick: Yardstick,
    visible_from: datetime,
    found_at: datetime | None = None,
) -> Evidence:
    """The evidence of a marked story at `at`; later posts that it may hold are not counted."""
    recent = story.window(at - timedelta(hours=rules.score_hours), at)
    lately = story.window(at - timedelta(hours=rules.red_line_hours), at)
    n, voices = recent[1] - recent[0], int(story.count("voice", recent))
    authors = np.unique(story.authors[slice(*recent)])
    speakers = len(authors[authors > 0])
    score, since = rules.score, at - timedelta(hours=rules.red_line_hours)

    # a line that asks for trouble is no sensitive matter without it
    concerned = any(story.hits(line, lately) for line in rules.red_line if line.troubled)

    def share(dimension: str, of: int, mark: str) -> float | None:
        enough = of >= max(1, getattr(score, dimension).min_posts)
        return 100 * story.count(mark, recent) / of if enough else None

    answered = [a["at"] for a in story.answers if a["at"] <= at]
    taken_back = [t for t in story.reversals if since < t <= at]
    cuts, source = yardstick.at(at)
    return Evidence(
        story_id=story_id,
        at=at,
        first_at=story.first_public if story.first_public and story.first_public <= at else story.first_at,
        found_at=found_at if found_at and found_at <= at else None,
        public=lately[1] - lately[0],
        hits={line.id: story.hits(line, lately) for line in rules.red_line},
        measures={
            "spread": float(n),
            # nobody named among posts that are there: the platform did not say, which is not nobody
            "attention": float(speakers) if speakers or not n else None,
            "sensitivity": share("sensitivity", n, "sensitivity" if concerned else "harm"),
            "attitude": share("attitude", voices, "attitude") if story.measures_attitude else None,
        },
        cuts=cuts,
        yardstick=source,
        voices=int(story.count("voices", lately)),
        complaints=int(story.count("complaints", lately)),
        praise=int(story.count("praise", lately)),
        answered_at=answered[0] if answered else None,
        answer_visible=visible_from <= at,
        reversed_at=taken_back[-1] if taken_back else None,
        rebound=_rebound(story, [t for t in answered if t > since], at, rules.mishandled),
    )


def _rebound(story: Story, answered: list[datetime], at: datetime, rule: Mishandled) -> tuple[int, int] | None:
    day, worst = timedelta(hours=24), None
    for t in answered:
        # A story answered in its first hours is still growing by itself.
        if t - story.first_at < timedelta(hours=rule.early_hours):
            continue
        before, after = (b - a for a, b in (story.window(t - day, t), story.window(t, min(at, t + day))))
        if after >= rule.rebound_posts and after >= rule.rebound_ratio * before:
            worst = max(worst or (before, after), (before, after), key=lambda x: x[1] / max(1, x[0]))
    return worst
