"""What people decided about stories, laid over what grouping found: merged, split, renamed.

Grouping is stored as it was made; decisions are replayed in their order whenever stories are read, so that an undone
one leaves no trace. A story is known by the post after which it is named, wherever that post is by now: an old number
leads to the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError

NAME = "s_"  # a story is named after its first post


def namesake(story_id: str) -> str:
    """The post after which a story is named."""
    return story_id.removeprefix(NAME)


def mentioned(decisions: pl.DataFrame) -> list[str]:
    """The posts after which the stories of `decisions` (Decision) are named: their stories must be looked up."""
    names = pl.concat([decisions["story_id"], decisions["into"]]).drop_nulls().unique().sort()
    return [namesake(name) for name in names]


@dataclass
class Overrides:
    """Decisions replayed. `stories`: story -> the one it went into; `posts`: post -> the story it was put in."""

    homes: Mapping[str, str]
    stories: dict[str, str] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    @classmethod
    def replay(cls, decisions: pl.DataFrame, homes: pl.DataFrame) -> Overrides:
        """Replay decisions (Decision, those that hold). `homes` (PostStory): the stories of the `mentioned` posts."""
        made = cls(dict(homes.select("post_id", "story_id").iter_rows()))
        renamed = []
        for row in decisions.iter_rows(named=True):
            if row["action"] == "merge":
                one, other = made.resolve(row["story_id"]), made.resolve(row["into"])
                if one != other:
                    made.stories[one] = other
            elif row["action"] == "split":
                # a name that was merged away leads elsewhere: one that is free, else a numbered one
                names = [NAME + post for post in (namesake(row["into"]), *row["posts"])]
                names += [f"{row['into']}-{n}" for n in range(2, len(made.stories) + 3)]
                target = next(name for name in names if name not in made.stories)
                made.posts |= dict.fromkeys(row["posts"], target)
            elif row["action"] == "rename":
                renamed.append((row["story_id"], row["value"]))
        # a title follows its story into whatever it is part of by now
        made.titles = {made.resolve(story_id): title for story_id, title in renamed}
        return made

    def resolve(self, story_id: str) -> str:
        """The story that a number means now."""
        post = namesake(story_id)
        story = self.posts.get(post) or self.homes.get(post, story_id)
        while story in self.stories:
            story = self.stories[story]
        return story

    def apply(self, post_stories: pl.DataFrame) -> pl.DataFrame:
        """Stories (PostStory) as people decided them."""
        if not self.stories and not self.posts:
            return post_stories
        put = pl.DataFrame({"post_id": list(self.posts), "put": list(self.posts.values())}, schema_overrides=STRINGS)
        rows = post_stories.join(put, on="post_id", how="left", maintain_order="left")
        rows = rows.with_columns(story_id=pl.coalesce("put", "story_id"))
        ends = {name: self.resolve_merged(name) for name in self.stories}
        return schemas.PostStory.validate(
            rows.select("post_id", pl.col("story_id").replace(ends)).sort("post_id"), cast=True
        )

    def resolve_merged(self, story: str) -> str:
        """Where a story went in the end."""
        while story in self.stories:
            story = self.stories[story]
        return story

    def names(self, story_id: str) -> list[str]:
        """The stories of grouping that are this one now."""
        return [story_id, *(name for name in self.stories if self.resolve_merged(name) == story_id)]

    def put_in(self, story_id: str) -> list[str]:
        """The posts that people put into this story."""
        return [post for post, story in self.posts.items() if self.resolve_merged(story) == story_id]

    def levels(self, levels: pl.DataFrame) -> pl.DataFrame:
        """Confirmed levels (story_id, at, …) under the numbers that their stories have now."""
        now = [self.resolve(name) for name in levels["story_id"]]
        return levels.with_columns(story_id=pl.Series(now, dtype=pl.String))


STRINGS = {"post_id": pl.String, "put": pl.String}


def to_split(members: Collection[str], story_id: str, posts: Collection[str]) -> tuple[str, list[str]]:
    """The name of the new story and the posts that go, of a story with `members` of which `posts` shall leave.

    The part with the post after which the story is named keeps the name: when `posts` hold that one, the others go.
    Raises LabError when there is nothing to split.
    """
    chosen = sorted(set(posts) & set(members))
    if not chosen:
        raise LabError(f"要拆出的帖文没有一条在 {story_id} 里，请先查看这个事件有哪些帖文。")
    if len(chosen) == len(set(members)):
        raise LabError(f"{story_id} 的帖文全部被选中，没有可拆的。请少选一些。")
    if namesake(story_id) in chosen:
        chosen = sorted(set(members) - set(chosen))
    return NAME + chosen[0], chosen
