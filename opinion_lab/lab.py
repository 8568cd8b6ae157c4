"""What an analyst opens: one lab, its posts, stories and decisions, and what can be asked of them.

lab = opinion_lab.open()
lab.stories("2026-09-01", "2026-09-11")
lab.search("木耳 -广告")
lab.review("食堂", at="2026-09-09 12:00")
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from opinion_lab import schemas, upkeep
from opinion_lab.analyse import stories, trends
from opinion_lab.analyse.stories import overrides
from opinion_lab.archive import Archive
from opinion_lab.collect import unfinished
from opinion_lab.config import LabError, yes_no
from opinion_lab.desk import Casework, intake
from opinion_lab.exercises import Exercises
from opinion_lab.judge import incident_review
from opinion_lab.judge.deadlines.clocks import Handled
from opinion_lab.judge.incident_review import Review
from opinion_lab.prepare import pipeline
from opinion_lab.report.comparing import Comparing
from opinion_lab.report.documents.daily import stories as documents
from opinion_lab.report.widgets import waiting
from opinion_lab.storage import decisions, store as stores, story_days
from opinion_lab.storage.store import Day

if TYPE_CHECKING:
    from opinion_lab.prepare.relevance.classifier import Model
    from opinion_lab.report.widgets.explorer import Explorer


class Lab(Archive, Comparing):
    """One bureau's lab; with `moment` as it was then: later posts, sightings and decisions are not there."""

    def as_of(self, moment: str | datetime) -> Lab:
        """The lab as it was at a moment (a time as people write it, or a datetime)."""
        at = self.store.moment(moment) if isinstance(moment, str) else moment
        if at is None or at.tzinfo is None:
            raise LabError("请写明时刻，例如 2026-09-09 12:00。")
        at = at.astimezone(UTC)
        return Lab(self.store, min(at, self.moment) if self.moment else at)

    # --- bringing up to date ---------------------------------------------------------------------------------

    def update(self, *, cluster: str | None = None, progress: bool = True) -> pipeline.Prepared:
        """Prepare what has come in, give new posts their stories, and put them into the search index."""
        with self.store.lock("整理（prepare）"):
            self.store.sweep_parts()
            unfinished.finish(self.store)
            prepared = pipeline.run(self.store, cluster=cluster, progress=progress)
            upkeep.extend_stories(self.store, self.post_stories)
            upkeep.extend_index(self.store)
            intake.take_in(self.store)
            if self.settings.sources and self.store.days():
                everything, _, post_stories = self.month(self.latest())
                upkeep.grade_sources(self.store, everything, post_stories)
        return prepared

    def waiting(self) -> bool:
        """Whether an update would have something to do."""
        return bool(pipeline.waiting(self.store)) or upkeep.waiting(self.store) or intake.waiting(self.store)

    def posts_of(self, thing: Any) -> pl.DataFrame:
        """The posts behind a story's name or number, a review, something shown, or rows of alerts, stories or posts."""
        if isinstance(thing, str):
            return self.of_story(self.story(thing))
        if not isinstance(thing, (pl.DataFrame, dict)):
            return thing.posts if isinstance(thing, Review) else self.by_id(thing.post_ids)
        frame = pl.DataFrame([thing]) if isinstance(thing, dict) else thing
        if "post_id" in frame.columns:
            return self.by_id(frame["post_id"].unique().to_list())
        if "posts" in frame.columns and len(listed := frame["posts"].explode().drop_nulls().unique()):
            return self.by_id(listed.to_list())
        for name in ("story_id", "key"):
            if name in frame.columns:
                parts = [self.of_story(self.overrides.resolve(story)) for story in frame[name].unique().sort()]
                return (
                    pl.concat([schemas.empty(schemas.Post), *parts]).unique("post_id").sort("published_at", "post_id")
                )
        raise LabError("看不出要打开哪些帖文：表里没有帖文编号（post_id、posts）或事件编号（story_id）。")

    def explore(self, thing: Any = None, since: Day = None, until: Day = None, *, role: str = "值班员") -> Explorer:
        """Posts under one's hands in JupyterLab: searched, filtered, opened with their thread, decided upon.

        `thing` is all that `posts_of` takes, or posts themselves; without it the posts of those days.
        """
        from opinion_lab.report.widgets.explorer import Explorer

        posts = self.posts(since, until) if thing is None else thing
        if not (isinstance(posts, pl.DataFrame) and {"post_id", "text", "day"} <= set(posts.columns)):
            posts = self.posts_of(posts)
        if posts.is_empty():
            raise LabError("这里没有可以查看的帖文。请改起止日期，或先运行 lab.update()。")
        days: list[date] = posts["day"].unique().sort().to_list()
        units = self.store.orders(days[0], days[-1]).select("post_id", "unit")
        posts = posts.drop("unit", strict=False).join(units, on="post_id", how="left", maintain_order="left")
        return Explorer(self, posts, role=role)

    @property
    def cases(self) -> Casework:
        """What the bureau does about it: cases, their steps, the papers on the way."""
        return Casework(self)

    @property
    def exercises(self) -> Exercises:
        """Training: incidents replayed, apart from all that the bureau decides."""
        return Exercises(self)

    # --- stories ---------------------------------------------------------------------------------------------

    def stories(self, since: Day = None, until: Day = None, *, relevant: bool = False) -> pl.DataFrame:
        """The stories (Story) spoken of from day `since` to day `until`, counted within them, largest first.

        `relevant`: only those that are about the bureau's matters (stories.about).
        """
        posts = self.posts(since, until)
        post_stories = self.post_stories(since, until)
        if relevant:
            post_stories = stories.about(posts, post_stories)
        return self.describe(posts, post_stories)

    def proposals(self, day: Day = None) -> pl.DataFrame:
        """Stories with posts on a day (the last one unless said) that prove to be one with another of its four weeks.

        story_id, title, into, into_title, similarity (1 = just near enough), nearest first; a person merges them.
        """
        on = self.store.as_day(day) or self.latest()
        posts, _, post_stories = self.month(on, relevant=False)
        among = post_stories.join(posts.filter(pl.col("day") == on), on="post_id", how="semi")["story_id"]
        held = {"vectors": story_days.vectors(self.store, self.month_before(on), on), "decisions": self.decisions}
        near = stories.proposals(posts, self.tokens(posts), post_stories, among=among, **held)
        titles = self.describe(posts, post_stories).select("story_id", "title")
        near = near.join(titles, on="story_id", maintain_order="left")
        return near.join(titles.select(into="story_id", into_title="title"), on="into", maintain_order="left").select(
            "story_id", "title", "into", "into_title", "similarity"
        )

    def story(self, name: str, since: Day = None, until: Day = None) -> str:
        """The number of the story that `name` means: a number, old or new, or a word of its title or posts."""
        name = name.strip()
        if name.startswith(overrides.NAME):
            story_id = self.overrides.resolve(name)
            if story_days.days_of(self.store, [story_id], [overrides.namesake(name)]):
                return story_id
        titled = [story_id for story_id, title in self.overrides.titles.items() if name and name in title]
        if len(titled) == 1:
            return titled[0]
        return stories.pick(self.posts(since, until), self.post_stories(since, until), name)

    # --- findings --------------------------------------------------------------------------------------------

    def alerts(self, day: Day = None, *, budget: int = 3, relevant: bool = True, days: int = 1) -> pl.DataFrame:
        """What people should look at of a day (the last one unless said), at most `budget`, or of `days` up to it.

        Stories that came to meet a red line, the most dangerous to people first, then those of which more is said than
        is usual: Burst columns (`key` is the story's number) and title; the posts behind them by `posts_of`.
        """
        on = self.store.as_day(day) or self.latest()
        everything, posts, post_stories = self.month(on, relevant=relevant)
        found = documents.alerts(
            posts,
            post_stories,
            self.trails(posts, post_stories, on),
            day=on,
            zone=self.zone,
            budget=budget,
            peaks=self.rules.annual_peaks,
            holes=trends.holes(everything, zone=self.zone),
            days=days,
        )
        return self.titled(found, "key")

    def trails(self, posts: pl.DataFrame, post_stories: pl.DataFrame, day: date) -> pl.DataFrame:
        """The level hour by hour (Grade) of the stories of the week that ends with a day, as people confirmed them."""
        own = self.settings.organisations.own
        known = self.levels()
        if day < self.latest():  # a day that is over stays as it was; of the last one people decide later
            known = known.filter(pl.col("at") <= documents.day_end(day, self.zone))
        held: dict[str, Any] = {"rules": self.rules.grades, "own": own, "decisions": known}
        held["attitudes"] = self.attitudes
        return documents.trails(posts, post_stories, day=day, zone=self.zone, **held)

    def review(
        self,
        story: str = "",
        *,
        at: str | datetime = "",
        since: Day = None,
        until: Day = None,
        found_at: str | datetime | None = "",
        judged_at: str | datetime | None = "",
        routed_at: str | datetime | None = "",
        severe: str | bool | None = None,
    ) -> Review:
        """Look back on a story (a name or number; none: the largest of the bureau's), from its end or the moment `at`.

        The posts of a month before it and a week after it are its background. When the bureau found, judged and
        routed it, and whether it was major (是, 否), are known to people alone. Raises LabError when the story is not
        clear or had not begun.
        """
        first, last = self.store.period(*(f"{day or ''}" for day in (since, until)))
        lab = self.as_of(at) if at else self
        story_id = self.story(story, first, last)
        posts, post_stories = lab.around(story_id, since, until)
        found_at, judged_at, routed_at = map(self._moment, (found_at, judged_at, routed_at))
        severe = yes_no(severe) if isinstance(severe, str) else severe
        # what people say goes before what their cases tell
        told = lab.cases.handled(story_id)
        handled = Handled(found_at or told.found_at, judged_at or told.judged_at, routed_at or told.routed_at, severe)
        context = incident_review.Context(
            self.rules,
            self.settings.organisations.own,
            self.zone,
            handled=handled,
            decisions=lab.levels(story_id),
            router=self.router,
            attitudes=self.attitudes,
        )
        found = incident_review.of(posts, post_stories, story_id, context, at=lab.moment)
        return replace(found, story=self.titled(pl.DataFrame([found.story]), "story_id").row(0, named=True))

    def _moment(self, given: str | datetime | None) -> datetime | None:
        """A time as people write it, or a datetime; nothing -> None."""
        return self.store.moment(given) if isinstance(given, str) else given

    # --- what people decide ----------------------------------------------------------------------------------

    def decide(
        self,
        action: str,
        story: str = "",
        *,
        who: str,
        why: str = "",
        at: str | datetime = "",
        into: str = "",
        value: str = "",
        posts: Iterable[str] = (),
    ) -> str:
        """Write a decision (see schemas.Decision) down and return its id.

        `story` and `into` are names or numbers; `at` is the moment from which it holds, now unless said.
        """
        chosen, target = list(posts), None
        decisions.check(action, story=story, into=into, value=value, posts=chosen)
        now = datetime.now(UTC)
        moment = (self.store.moment(at) if isinstance(at, str) else at) or now
        story_id = self.story(story) if "story" in decisions.NEEDS[action] else ""
        if action == "merge":
            target = self.story(into)
            if target == story_id:
                raise LabError(f"{story_id} 不能并入它自己，请检查两个编号。")
        elif action == "split":
            target, chosen = overrides.to_split(self.of_story(story_id)["post_id"].to_list(), story_id, chosen)
        elif action == "level":
            value = decisions.level(value)
        elif action == "label":
            value = decisions.label(value)
        elif action == "route":
            value = decisions.line(value, self.rules.lines)
        elif action == "undo" and value not in set(decisions.read(self.root)["decision_id"]):
            raise LabError(f"没有编号为 {value} 的决定。请从 opinion-lab decisions 里照抄（d_ 开头）。")
        about = {
            "story_id": story_id or None,
            "into": target,
            "value": value.strip() or None,
            "posts": chosen,
            "why": why,
        }
        return decisions.add(self.root, action, who=who, at=moment, now=now, **about)

    def label(self, post_id: str, relevant: bool, *, who: str) -> str:
        """Write down whether a post concerns the bureau."""
        return self.decide("label", posts=[post_id], value=decisions.LABELS[relevant], who=who)

    def learn_relevance(self) -> Model:
        """Learn from all labels whose posts are there, and keep the model."""
        labels = self.labels
        return upkeep.learn_relevance(self.store, labels, self.by_id(labels["post_id"].to_list()))

    def relevance_model(self) -> Model | None:
        """The newest model of relevance, None when none was learned."""
        return upkeep.relevance_model(self.store)


def open(root: Path | str | None = None) -> Lab:
    """The lab at `root`, or the one around the current folder."""
    waiting.watch()
    return Lab(stores.open(root))
