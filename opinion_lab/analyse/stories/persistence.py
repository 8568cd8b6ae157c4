"""What people decided about stories holds: merges and splits, done again in their order on what was grouped.

Grouping never moves a post that has a story and never merges two stories; only people do. Their decisions are a log
that is only added to (at, action, story_id, into, posts), so that one that is taken back leaves no trace.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError

NAME = "s_"  # a story is named after a post
ACTIONS = {"merge": "合并", "split": "拆分"}


def merge(post_stories: pl.DataFrame, story_id: str, into: str) -> pl.DataFrame:
    """The decision (action, story_id, into, posts) that puts one story into another, whose name stays.

    Raises LabError when there is no such story.
    """
    _must_exist(post_stories, story_id)
    _must_exist(post_stories, into)
    if story_id == into:
        raise LabError(f"{story_id} 不能并入它自己，请检查两个编号。")
    return _decision("merge", story_id, into, [])


def split(post_stories: pl.DataFrame, story_id: str, posts: Iterable[str]) -> pl.DataFrame:
    """The decision (action, story_id, into, posts) that makes `posts` of a story one of their own.

    It is named after the first of them. The part with the post after which the story is named keeps the name: when
    `posts` hold that one, the others go. Raises LabError when there is no such story or nothing to split.
    """
    _must_exist(post_stories, story_id)
    members = post_stories.filter(pl.col("story_id") == story_id)["post_id"].sort().to_list()
    chosen = [p for p in dict.fromkeys(posts) if p in set(members)]
    if not chosen:
        raise LabError(f"要拆出的帖文没有一条在 {story_id} 里，请先查看这个事件有哪些帖文。")
    if len(chosen) == len(members):
        raise LabError(f"{story_id} 的帖文全部被选中，没有可拆的。请少选一些。")
    if story_id.removeprefix(NAME) in chosen:
        chosen = [p for p in members if p not in set(chosen)]
    return _decision("split", story_id, NAME + chosen[0], chosen)


def apply(post_stories: pl.DataFrame, decisions: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The stories (PostStory) after the merges and splits of `decisions`, and in Chinese what could not be done.

    Other actions are passed over; a later decision wins. A story that is gone under its name is looked for where the
    post is that it was named after. Where `post_stories` say when a post got its story (`placed_at`), a decision moves
    only the posts that were there when it was made (`at`): what came later was placed with it in view.
    """
    chosen = decisions.filter(pl.col("action").is_in([*ACTIONS]))
    if chosen.is_empty() or post_stories.is_empty():
        return post_stories.select("post_id", "story_id").sort("post_id"), []
    if "at" in chosen.columns:
        chosen = chosen.sort("at", maintain_order=True)
    timed = "placed_at" in post_stories.columns and "at" in chosen.columns
    names = {*chosen["story_id"], *chosen["into"]}
    posts = {n.removeprefix(NAME) for n in names}.union(chosen["posts"].explode().drop_nulls())
    touched = post_stories.filter(pl.col("post_id").is_in(posts) | pl.col("story_id").is_in(names))["story_id"]
    rows = post_stories.filter(pl.col("story_id").is_in(touched.unique().implode()))
    rows = rows.sort("placed_at", "post_id") if timed else rows.sort("post_id")
    waiting = rows.select("post_id", "story_id", at="placed_at" if timed else pl.lit(None)).rows()[::-1]
    story: dict[str, str] = {}
    members: dict[str, set[str]] = {}
    remarks = []

    def place(until: object) -> None:
        while waiting and (until is None or not timed or waiting[-1][2] <= until):
            post, name, _ = waiting.pop()
            story[post] = name
            members.setdefault(name, set()).add(post)

    for number, decision in enumerate(chosen.iter_rows(named=True), 1):
        place(decision.get("at"))
        remark = _replay(story, members, decision)
        if remark:
            remarks.append(f"第{number}条手工{ACTIONS[decision['action']]}：{remark}")
    place(None)
    moved = pl.DataFrame(
        {"post_id": list(story), "decided": list(story.values())},
        schema=dict.fromkeys(("post_id", "decided"), pl.String),
    )
    made = post_stories.join(moved, on="post_id", how="left")
    made = made.select("post_id", story_id=pl.coalesce("decided", "story_id")).sort("post_id")
    return schemas.PostStory.validate(made, cast=True), remarks


def _replay(story: dict[str, str], members: dict[str, set[str]], decision: dict[str, object]) -> str:
    """Do one decision in place; what is to be remarked about it, empty when it was done as written."""
    named, into = str(decision["story_id"]), str(decision["into"])
    posts = decision["posts"] or []
    assert isinstance(posts, list)
    held = Counter(sorted(story[p] for p in posts if p in story)).most_common(1)
    name = named if named in members else story.get(named.removeprefix(NAME), held[0][0] if held else "")
    if not name:
        return f"事件 {named} 不在这些帖文里，没有执行。"
    remark = "" if name == named else f"事件 {named} 现在归在 {name} 名下，按 {name} 执行。"
    if decision["action"] == "split":
        going = members[name].intersection(posts)
        if not going or going == members[name]:
            return f"要拆出的帖文已不和 {name} 的其他帖文在一起，没有执行。"
        free = [NAME + p for p in sorted(going) if NAME + p not in members]
        if into in members and not free:  # the story bears the name of the only post that goes: then the others go
            going = members[name] - going
            free = [NAME + min(going)]
        target = free[0] if into in members else into
    else:
        target = into if into in members else story.get(into.removeprefix(NAME), "")
        if not target:
            return f"事件 {into} 不在这些帖文里，没有执行。"
        if target == name:
            return f"{named} 和 {into} 已是同一事件，不必再并。"
        remark += "" if target == into else f"事件 {into} 现在归在 {target} 名下，并入 {target}。"
        going = set(members[name])
    for post in going:
        story[post] = target
    members[name] -= going
    members.setdefault(target, set()).update(going)
    if not members[name]:
        del members[name]
    return remark


def _must_exist(post_stories: pl.DataFrame, name: str) -> None:
    if name not in set(post_stories["story_id"]) and name.removeprefix(NAME) not in set(post_stories["post_id"]):
        raise LabError(f"没有编号为 {name} 的事件。请从事件表里照抄编号（s_ 开头）。")


def _decision(action: str, story_id: str, into: str, posts: list[str]) -> pl.DataFrame:
    row = {"action": action, "story_id": story_id, "into": into, "posts": posts}
    return pl.DataFrame([row], schema_overrides={"posts": pl.List(pl.String)})
