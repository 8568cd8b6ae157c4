"""Posts -> what the explorer shows of them: filtered, counted by facet, binned in time, one post with its thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial, reduce
from operator import and_
from typing import Any

import polars as pl

from opinion_lab.report import wording

#: What can be chosen by ticking, in this order, where the posts have it.
FACETS = ("platform", "kind", "author_kind", "form", "relevant", "unit", "region")
VALUES = 30  # of a facet that are listed, the most frequent
PAGE, BINS, LISTED = 50, 160, 200  # rows of a page; bars of the chart; posts of a thread
STEPS = tuple(h * 3600 for h in (1, 3, 6, 12, 24, 72, 168, 720, 2160))  # seconds a bar may stand for
SORTS = ("published_at", "platform", "likes", "reposts", "comments", "views", "heat", "story_posts")


@dataclass(frozen=True)
class Choice:
    """What a person chose. `facets`: name -> values, any of which will do; `since` to before `until`."""

    words: str = ""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    story_id: str = ""
    sort: str = "published_at"
    descending: bool = True
    page: int = 0


class Exploration:
    """Posts (Post; more columns may come along) that are looked through again and again.

    `post_stories` (PostStory) says what they are about. `matching` gives the numbers of the posts that hold words. What
    each filter keeps is remembered until another value is chosen.
    """

    def __init__(
        self,
        posts: pl.DataFrame,
        post_stories: pl.DataFrame,
        matching: Callable[[str], pl.Series],
        zone: tzinfo,
    ) -> None:
        copied, reposted = pl.col("copy_of").is_not_null(), pl.col("kind").cast(pl.String) == "repost"
        form = pl.when(copied).then(pl.lit("copy")).when(reposted).then(pl.lit("repost")).otherwise(pl.lit("original"))
        rows = posts.drop("story_id", "form", strict=False).sort("published_at", "post_id").with_columns(form=form)
        self.matching, self.zone = matching, zone
        self._masks: dict[str, tuple[Any, pl.Series]] = {}
        texts = [name for name in FACETS if rows.schema.get(name) == pl.String]
        self.posts = rows.with_columns(pl.col(texts).cast(pl.Categorical))
        self.regroup(post_stories)

    def regroup(self, post_stories: pl.DataFrame) -> None:
        """The same posts after somebody decided about their stories."""
        rows = self.posts.drop("story_id", "story_posts", strict=False)
        rows = rows.join(post_stories.select("post_id", "story_id"), on="post_id", how="left", maintain_order="left")
        counted = pl.when(pl.col("story_id").is_not_null()).then(pl.len().over("story_id"))
        self.posts = rows.with_columns(story_posts=counted)
        self._masks.pop("story", None)

    @property
    def facets(self) -> list[str]:
        """The facets that these posts have."""
        return [name for name in FACETS if name in self.posts.columns]

    def selected(self, choice: Choice) -> pl.DataFrame:
        """The posts that are chosen, in order of time."""
        rows = self.posts.filter(self._mask(choice)).drop("story_posts")
        return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))

    def view(self, choice: Choice) -> dict[str, Any]:
        """Everything on the screen: how many, one page of rows, each facet's counts under the other choices, bars.

        Raises LabError for words that cannot be read.
        """
        mask = self._mask(choice)
        n = int(mask.sum())
        page = min(choice.page, max(0, (n - 1) // PAGE))
        return {
            "n": n,
            "of": self.posts.height,
            "originals": int((mask & (self.posts["form"] == "original")).sum()),
            "page": page,
            "pages": max(1, -(-n // PAGE)),
            "rows": self.posts[self._ordered(mask, choice).slice(PAGE * page, PAGE)].to_dicts(),
            "facets": {name: self._counts(name, choice) for name in self.facets},
            "bars": self._bars(choice),
        }

    def thread(self, post_id: str) -> dict[str, Any]:
        """A post and what belongs to it in order of time: what it answers, its answers and reposts, its copies."""
        post = self.posts.filter(pl.col("post_id") == post_id)
        if post.is_empty():
            return {}
        row = post.row(0, named=True)
        above = {row["parent_id"], row["root_id"]} - {None, post_id}
        origin = row["copy_of"] or post_id
        me = pl.col("post_id") != post_id
        parts = {
            "above": pl.col("post_id").is_in(list(above)),
            "below": ((pl.col("parent_id") == post_id) | (pl.col("root_id") == post_id)) & me,
            "copies": ((pl.col("copy_of") == origin) | (pl.col("post_id") == origin)) & me,
        }
        found = {name: self.posts.filter(where.fill_null(False)) for name, where in parts.items()}
        return {"post": row, **{f"n_{k}": v.height for k, v in found.items()}} | {
            k: v.head(LISTED).to_dicts() for k, v in found.items()
        }

    def _mask(self, choice: Choice, without: str = "") -> pl.Series:
        """Which posts every filter keeps, but for the one named `without`."""
        chosen: list[tuple[str, Any, Callable[[Any], pl.Expr]]] = []
        if choice.words.strip():
            chosen.append(
                ("words", choice.words.strip(), lambda v: pl.col("post_id").is_in(self.matching(v).implode()))
            )
        for name, values in choice.facets.items():
            if values and name != without:
                chosen.append((name, values, partial(_any_of, name)))
        if (choice.since or choice.until) and without != "time":
            chosen.append(("time", (choice.since, choice.until), _within))
        if choice.story_id:
            chosen.append(("story", choice.story_id, lambda v: pl.col("story_id") == v))
        masks = [self._kept(*one) for one in chosen]
        return reduce(and_, masks) if masks else pl.repeat(True, self.posts.height, dtype=pl.Boolean, eager=True)

    def _kept(self, name: str, value: Any, expression: Callable[[Any], pl.Expr]) -> pl.Series:
        if name not in self._masks or self._masks[name][0] != value:
            self._masks[name] = (value, self.posts.select(expression(value).fill_null(False)).to_series())
        return self._masks[name][1]

    def _ordered(self, mask: pl.Series, choice: Choice) -> pl.Series:
        """The places of the chosen posts in the chosen order; of equals the later first, what was not said last."""
        places = mask.arg_true()
        if choice.sort == "published_at" or choice.sort not in self.posts.columns:
            return places.reverse() if choice.descending else places
        keys = pl.DataFrame({"value": self.posts[choice.sort].filter(mask), "place": places})
        return keys.sort("value", "place", descending=[choice.descending, True], nulls_last=True)["place"]

    def _counts(self, name: str, choice: Choice) -> list[list[Any]]:
        """Value, what it is called, and how many posts: the most frequent ones, and those that are chosen."""
        counted = self.posts[name].filter(self._mask(choice, name)).value_counts(name="n").drop_nulls()
        counted = counted.with_columns(pl.col(name).cast(pl.String)).sort("n", name, descending=[True, False])
        chosen = choice.facets.get(name, ())
        listed = pl.concat([counted.head(VALUES), counted.slice(VALUES).filter(pl.col(name).is_in(list(chosen)))])
        rows = [[value, wording.name(name, value), n] for value, n in listed.iter_rows()]
        return rows + [[v, wording.name(name, v), 0] for v in chosen if v not in set(listed[name])]

    def _bars(self, choice: Choice) -> dict[str, Any]:
        """Posts a bin under all choices but the time: seconds of the first bin and of one, and the counts."""
        at = self.posts["published_at"].filter(self._mask(choice, "time")).dt.epoch("s")
        if at.is_empty():
            return {"start": 0, "step": STEPS[0], "n": []}
        low, high = int(at[0]), int(at[-1])
        step = next((s for s in STEPS if (high - low) // s < BINS), STEPS[-1])
        offset = datetime.fromtimestamp(low, UTC).astimezone(self.zone).utcoffset()
        shift = int(offset.total_seconds()) if offset else 0  # days begin at the lab's midnight
        first = (low + shift) // step * step - shift
        bins = ((at - first) // step).value_counts(name="n").sort("published_at")
        heights = [0] * (int(bins["published_at"][-1]) + 1)
        for place, n in bins.iter_rows():
            heights[place] = n
        return {"start": first, "step": step, "n": heights}


def _any_of(name: str, values: tuple[str, ...]) -> pl.Expr:
    return pl.col(name).cast(pl.String).is_in(list(values))


def _within(span: tuple[datetime | None, datetime | None]) -> pl.Expr:
    since, until = span
    at = pl.col("published_at")
    return (at >= since if since else pl.lit(True)) & (at < until if until else pl.lit(True)) & at.is_not_null()
