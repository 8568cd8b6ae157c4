"""What was said before about which posts belong together holds: the stories of earlier days, and what a person decided.

Grouping a longer period anew moves old posts about: a matter that grew draws in what stood alone, another falls apart.
Nobody can follow a case whose story changes overnight. So known posts keep their story and only new ones are placed;
what the whole now suggests is said (`changes`) and left to a person, whose edits are replayed in order (`edit`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError

NAME = "s_"  # a story is named after a post


def carry(rows: pl.DataFrame) -> pl.Series:
    """The story_id of each of `rows`: post_id, unit, `anew` (its story grouped anew), `known` (null: a new post).

    Rows are in order of time. A new post follows its unit (root, copies), else the known story of which the main part
    is in the same new group; of several the one with most posts there. Else it opens a story with its like.
    """
    rows = rows.with_row_index("row")
    old = rows.drop_nulls("known")
    main = _most(_most(old, "anew", of="known"), "known", of="anew", weigh=True).select("anew", host="known")
    mine = _most(old, "known", of="unit").select("unit", own="known")
    rows = rows.join(mine, on="unit", how="left").join(main, on="anew", how="left").sort("row")
    placed = rows.with_columns(story_id=pl.coalesce("known", "own", "host"))
    first = pl.col("post_id").filter(pl.col("story_id").is_null()).first().over("anew")
    return placed.select(pl.coalesce("story_id", NAME + first).alias("story_id")).to_series()


def changes(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """What became of the stories of `before` in `now` (both PostStory): story_id, into, n posts, what (merge | split).

    `merge`: its main part is in a story that holds more of another one; `split`: these posts are not where its main
    part is. Posts that only one of both knows say nothing.
    """
    both = before.select("post_id", known="story_id").join(now.select("post_id", anew="story_id"), on="post_id")
    both = both.sort("post_id").with_row_index("row")
    main = _most(both, "anew", of="known")
    host = _most(main, "known", of="anew", weigh=True).select("anew", into="known")
    merged = main.join(host, on="anew").filter(pl.col("known") != pl.col("into"))
    parts = both.group_by("known", "anew").agg(n=pl.len()).join(main, on=["known", "anew"], how="anti")
    said = [
        merged.select(story_id="known", into="into", n="n", what=pl.lit("merge")),
        parts.select(story_id="known", into="anew", n="n", what=pl.lit("split")),
    ]
    table = pl.concat([s.cast({"n": pl.Int64}) for s in said])
    return table.sort("n", "story_id", "into", descending=[True, False, False])


def _most(rows: pl.DataFrame, what: str, *, of: str, weigh: bool = False) -> pl.DataFrame:
    """For each `of` the `what` that most of its rows have (what, of, n, row), of equal ones the one met first."""
    cells = rows.group_by(what, of).agg(n=pl.col("n").sum() if weigh else pl.len(), row=pl.col("row").min())
    return cells.sort("n", "row", descending=[True, False]).unique(of, keep="first", maintain_order=True)


# --- by hand -------------------------------------------------------------------------------------------------


def merge(post_stories: pl.DataFrame, story_id: str, into: str, *, who: str = "", why: str = "") -> pl.DataFrame:
    """The edit (StoryEdit but for `at`) that puts one story into another, whose name stays. `who`: a role, no person.

    Raises LabError when there is no such story.
    """
    _there(post_stories, story_id)
    _there(post_stories, into)
    if story_id == into:
        raise LabError(f"{story_id} 不能并入它自己，请检查两个编号。")
    return _edit("merge", story_id, into, [], who, why)


def split(
    post_stories: pl.DataFrame, story_id: str, posts: Iterable[str], *, who: str = "", why: str = ""
) -> pl.DataFrame:
    """The edit (StoryEdit but for `at`) that makes `posts` of a story one of their own, named after the first of them.

    The part with the post after which the story is named keeps the name: when `posts` hold that one, the others go.
    Raises LabError when there is no such story or nothing to split.
    """
    _there(post_stories, story_id)
    members = post_stories.filter(pl.col("story_id") == story_id)["post_id"].sort().to_list()
    chosen = [p for p in dict.fromkeys(posts) if p in set(members)]
    if not chosen:
        raise LabError(f"要拆出的帖文没有一条在 {story_id} 里，请先查看这个事件有哪些帖文。")
    if len(chosen) == len(members):
        raise LabError(f"{story_id} 的帖文全部被选中，没有可拆的。请少选一些。")
    if story_id.removeprefix(NAME) in chosen:
        chosen = [p for p in members if p not in set(chosen)]
    return _edit("split", story_id, NAME + chosen[0], chosen, who, why)


def edit(post_stories: pl.DataFrame, edits: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The stories (PostStory) after `edits` (StoryEdit) in their order, and in Chinese what could not be done as said.

    A later edit wins. A story that is gone under its name is looked for where the post is that it was named after.
    """
    story = dict(post_stories.sort("post_id").select("post_id", "story_id").iter_rows())
    members: dict[str, set[str]] = {}
    for post, name in story.items():
        members.setdefault(name, set()).add(post)
    remarks = []
    for number, row in enumerate(edits.iter_rows(named=True), 1):
        remark = _replay(story, members, row)
        if remark:
            remarks.append(f"第{number}条手工{'合并' if row['what'] == 'merge' else '拆分'}：{remark}")
    if not story:
        return post_stories, remarks
    made = pl.DataFrame({"post_id": list(story), "story_id": list(story.values())})
    return schemas.PostStory.validate(made.sort("post_id"), cast=True), remarks


def _replay(story: dict[str, str], members: dict[str, set[str]], row: dict[str, object]) -> str:
    """Do one edit in place; what is to be said about it, empty when it was done as written."""
    said, into = str(row["story_id"]), str(row["into"])
    posts = row["posts"]
    assert isinstance(posts, list)
    held = Counter(sorted(story[p] for p in posts if p in story)).most_common(1)
    name = said if said in members else story.get(said.removeprefix(NAME), held[0][0] if held else "")
    if not name:
        return f"事件 {said} 不在这些帖文里，没有执行。"
    moved = "" if name == said else f"事件 {said} 现在归在 {name} 名下，按 {name} 执行。"
    if row["what"] == "split":
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
            return f"{said} 和 {into} 已是同一事件，不必再并。"
        moved += "" if target == into else f"事件 {into} 现在归在 {target} 名下，并入 {target}。"
        going = set(members[name])
    for post in going:
        story[post] = target
    members[name] -= going
    members.setdefault(target, set()).update(going)
    if not members[name]:
        del members[name]
    return moved


def _there(post_stories: pl.DataFrame, name: str) -> None:
    if name not in set(post_stories["story_id"]) and name.removeprefix(NAME) not in set(post_stories["post_id"]):
        raise LabError(f"没有编号为 {name} 的事件。请从事件表里照抄编号（s_ 开头）。")


def _edit(what: str, story_id: str, into: str, posts: list[str], who: str, why: str) -> pl.DataFrame:
    row = {"what": what, "story_id": story_id, "into": into, "posts": posts, "who": who, "why": why}
    return pl.DataFrame([row], schema_overrides={"posts": pl.List(pl.String)})
