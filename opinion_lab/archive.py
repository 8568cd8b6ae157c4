"""What a lab holds, at a moment: posts, sightings, words, stories as people decided them, decisions.

Nothing later than the moment is there. A post counts as known from when it was published.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import __version__, schemas, upkeep
from opinion_lab.analyse import attitude, stories
from opinion_lab.analyse.stories import overrides
from opinion_lab.config import LabError
from opinion_lab.judge import routing
from opinion_lab.prepare import tokens as words
from opinion_lab.prepare.tokens import forms
from opinion_lab.rules import Rules
from opinion_lab.storage import artifacts, decisions, files, story_days
from opinion_lab.storage.store import Day, Store


class _Model(Protocol):
    def to_bytes(self) -> bytes:
        """What was learnt."""


Learnt = TypeVar("Learnt", bound=_Model | None)
ORDER_DAYS = 120  # days of work orders from which is learnt which unit does what


class Archive:
    """One bureau's posts and decisions; with `moment` as they were then."""

    def __init__(self, store: Store, moment: datetime | None = None) -> None:
        self.store, self.moment = store, moment
        self.root, self.settings = store.root, store.settings
        self.rules = Rules(store.root)
        self._replayed: tuple[str, overrides.Overrides] | None = None
        self._models: dict[str, tuple[object, Any]] = {}

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown and days begin."""
        return self.settings.zone

    def posts(self, since: Day = None, until: Day = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """Posts (Post) published from day `since` to day `until`, both included, in order of time."""
        return self.store.posts(since, until, self._until("published_at", where))

    def sightings(self, since: Day = None, until: Day = None) -> pl.DataFrame:
        """Looks at posts' numbers (Sighting) from day `since` to day `until`, in order of time."""
        return self.store.sightings(since, until, self._until("seen_at", None))

    def tokens(self, posts: pl.DataFrame) -> pl.DataFrame:
        """The words (Token) of `posts`, in order of post_id."""
        if posts.is_empty():
            return schemas.empty(schemas.Token)
        days: list[date] = posts["day"].unique().sort().to_list()
        tokens = self.store.tokens(days[0], days[-1])
        return tokens.join(posts.select("post_id"), on="post_id", how="semi", maintain_order="left")

    def plain(self, posts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """`posts` without the sentences of a form, in order of post_id, and their words (Token)."""
        tokens, posts = self.tokens(posts), posts.sort("post_id")
        plain = forms.without(posts)
        cut = words.tokenize(plain.filter(plain["text"].ne_missing(posts["text"])), self.rules.lexicon)
        return plain, pl.concat([tokens.join(cut, on="post_id", how="anti"), cut]).sort("post_id")

    def search(self, query: str, since: Day = None, until: Day = None, *, most: int = 100) -> pl.DataFrame:
        """The posts that hold the words, newest first, at most `most`: `木耳 -广告`, `退款 | 退费`, `"一模一样"`.

        Every place where the characters stand one after another is found, also within longer words.
        """
        low, high = self._span(since, until)
        hits = upkeep.index(self.store).search(query, since=low, until=high, most=most)
        ranked = pl.DataFrame({"post_id": hits.post_ids}, schema={"post_id": pl.String})
        posts = self.by_id(hits.post_ids, hits.days)
        return ranked.join(posts, on="post_id", maintain_order="left").select(posts.columns)

    def matching(self, query: str) -> pl.Series:
        """The numbers (post_id) of all posts that hold the words (see `search`)."""
        return upkeep.index(self.store).matching(query)

    def count(self, query: str, since: Day = None, until: Day = None) -> int:
        """How many posts hold the words (see `search`)."""
        low, high = self._span(since, until)
        return upkeep.index(self.store).search(query, since=low, until=high, most=0).n

    def post_stories(self, since: Day = None, until: Day = None) -> pl.DataFrame:
        """The story of each post (PostStory) of those days, as people decided them."""
        return self.overrides.apply(story_days.read(self.store, self.store.as_day(since), self.store.as_day(until)))

    def story_of(self, post_id: str) -> str:
        """The number of the story that a post belongs to. Raises LabError for a post that is in none."""
        rows = self.overrides.apply(story_days.of_posts(self.store, [post_id]))
        if rows.is_empty():
            raise LabError(f"帖文 {post_id} 还不属于任何事件，或没有这条帖文。请检查编号。")
        return str(rows["story_id"][0])

    @property
    def decisions(self) -> pl.DataFrame:
        """The decisions (Decision) that hold, in order of writing."""
        return decisions.effective(decisions.read(self.root), self.moment)

    @property
    def overrides(self) -> overrides.Overrides:
        """The decisions about stories, replayed."""
        state = files.state(decisions.path(self.root))
        if self._replayed is None or self._replayed[0] != state:
            rows = self.decisions
            homes = story_days.of_posts(self.store, overrides.mentioned(rows))
            self._replayed = (state, overrides.Overrides.replay(rows, homes))
        return self._replayed[1]

    @property
    def labels(self) -> pl.DataFrame:
        """The latest label of each post: post_id, relevant, who, at."""
        return decisions.labels(self.decisions)

    @property
    def router(self) -> routing.Router:
        """What is known of sections: the tables, the units of the latest work orders, and people's corrections."""
        days = [day for day in self.store.days("orders") if self.moment is None or day <= self.latest()][-ORDER_DAYS:]
        corrections = decisions.routes(self.decisions)
        own = tuple(self.settings.organisations.own)
        held = [(f"{day}", self.store.state("orders", day), self.store.state("posts", day)) for day in days]
        state = (self.rules.fingerprint(*routing.TABLES), held, corrections.rows(), own)

        def learn() -> routing.Router:
            orders = None
            if days:
                complaints = self.posts(days[0], days[-1], pl.col("kind") == "complaint")
                units = self.store.orders(days[0], days[-1], pl.col("unit").is_not_null())
                orders = complaints.join(units.select("post_id", "unit"), on="post_id")
            corrected = self.by_id(corrections["post_id"].to_list()).join(corrections, on="post_id")
            return routing.learn(self.rules, orders, corrected, own=own)

        return self._learnt("routing", state, learn, lambda body: routing.from_bytes(self.rules, body, corrections))

    @property
    def attitudes(self) -> attitude.Model | None:
        """What was learnt of attitude from the posts that people labelled; None where they are few."""
        labelled = decisions.attitudes(self.decisions)
        if labelled.height < attitude.FEWEST:
            return None

        def learn() -> attitude.Model | None:
            return attitude.learn(self.by_id(labelled["post_id"].to_list()).join(labelled, on="post_id"))

        return self._learnt("attitude", labelled.rows(), learn, attitude.from_bytes)

    def _learnt(
        self, name: str, state: object, learn: Callable[[], Learnt], read: Callable[[bytes], Learnt | None]
    ) -> Learnt:
        """What was learnt from inputs of this state: as it was kept, else anew."""
        if name not in self._models or self._models[name][0] != state:
            version = hashlib.sha256(f"{__version__} {self.moment} {state}".encode()).hexdigest()[:16]
            body = artifacts.get_bytes(self.store, name, version, ending="npz")
            model = read(body) if body else None
            if model is None and (model := learn()) is not None and self.moment is None:
                artifacts.put_bytes(self.store, name, version, model.to_bytes(), ending="npz", most=2)
            self._models[name] = (state, model)
        return self._models[name][1]

    def levels(self, story_id: str | None = None) -> pl.DataFrame:
        """The levels that people confirmed, for a story or for all: story_id, at, level, by, why; in order of time."""
        rows = self.overrides.levels(decisions.levels(self.decisions))
        return rows if story_id is None else rows.filter(pl.col("story_id") == story_id)

    # --- inside ----------------------------------------------------------------------------------------------

    def latest(self, day: str = "") -> date:
        """The day meant: as given, else the last one on which something was said by then."""
        latest = self.store.latest(day)
        return min(latest, self.moment.astimezone(self.zone).date()) if self.moment and not day else latest

    @staticmethod
    def month_before(day: date) -> date:
        """The first of the four weeks that end with a day."""
        return day - timedelta(days=27)

    def _until(self, column: str, where: pl.Expr | None) -> pl.Expr | None:
        """`where`, and nothing later than the lab's moment."""
        if self.moment is None:
            return where
        then = pl.col(column) <= self.moment
        return then if where is None else where & then

    def _span(self, since: Day, until: Day) -> tuple[datetime | None, datetime | None]:
        """Days as moments: from the first one's beginning to before the end of the last, and of the lab's moment."""
        first, last = self.store.as_day(since), self.store.as_day(until)
        low = datetime.combine(first, datetime.min.time(), self.zone) if first else None
        high = datetime.combine(last + timedelta(days=1), datetime.min.time(), self.zone) if last else None
        now = self.moment + timedelta(seconds=1) if self.moment else None
        return low, min((t for t in (high, now) if t), default=None)

    def of_story(self, story_id: str) -> pl.DataFrame:
        """All posts of a story, whenever they were published."""
        days = story_days.days_of(self.store, self.overrides.names(story_id), self.overrides.put_in(story_id))
        if not days:
            return schemas.empty(schemas.Post)
        rows = self.post_stories(days[0], days[-1]).filter(pl.col("story_id") == story_id)
        posts = pl.concat([self.posts(day, day) for day in days])
        return posts.join(rows, on="post_id", how="semi").sort("published_at", "post_id")

    def around(self, story_id: str, since: Day, until: Day) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Posts and stories of the time of a story, a month before it and a week after it."""
        mine = self.of_story(story_id)
        if mine.is_empty():
            raise LabError(f"事件 {story_id} 在所选时刻之前还没有帖文。请把时刻往后调，或检查事件编号。")
        days: list[date] = mine["day"].unique().sort().to_list()
        low = self.store.as_day(since) or days[0] - upkeep.REACH
        high = self.store.as_day(until) or days[-1] + timedelta(days=7)
        return self.posts(low, high), self.post_stories(low, high)

    def by_id(self, post_ids: list[str], days: Sequence[date] | None = None) -> pl.DataFrame:
        """Posts by their numbers, in order of time; where their days are known only these are read."""
        days = self.store.days() if days is None else days
        wanted = self._until("published_at", pl.col("post_id").is_in(post_ids))
        return self.store.of_days("posts", days, wanted).sort("published_at", "post_id")

    def month(self, day: date, *, relevant: bool = True) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """The four weeks that end with a day: all posts, those of its stories, and whose they are (PostStory).

        `relevant`: only the stories that are about the bureau's matters.
        """
        since = self.month_before(day)
        everything, post_stories = self.posts(since, day), self.post_stories(since, day)
        if relevant:
            post_stories = stories.about(everything, post_stories)
        return everything, everything.join(post_stories, on="post_id", how="semi"), post_stories

    def describe(self, posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame:
        """The stories (Story) of `posts`, largest first, under the titles that people gave them."""
        return self.titled(stories.describe(posts, post_stories), "story_id")

    def titled(self, rows: pl.DataFrame, key: str) -> pl.DataFrame:
        """Rows with a `title`, under the titles that people gave the stories that `key` numbers."""
        titles = pl.col(key).replace_strict(self.overrides.titles, default=None, return_dtype=pl.String)
        return rows.with_columns(title=pl.coalesce(titles, "title"))
