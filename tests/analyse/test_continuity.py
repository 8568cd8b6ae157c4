"""Stories from day to day and by hand: what was told stays, what a person decided is replayed."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.analyse import stories
from opinion_lab.analyse.stories import persistence
from tests import make


def told(**members: str) -> pl.DataFrame:
    """PostStory from story="post post …"."""
    rows = [(p, s) for s, posts in members.items() for p in posts.split()]
    return schemas.PostStory.validate(
        pl.DataFrame(rows, schema=["post_id", "story_id"], orient="row").sort("post_id"), cast=True
    )


def parts(frame: pl.DataFrame) -> dict[str, str]:
    grouped = frame.sort("post_id").group_by("story_id", maintain_order=True).agg("post_id")
    return {s: " ".join(p) for s, p in grouped.iter_rows()}


def placed(rows: list[tuple[str, int, int, str | None]]) -> str:
    frame = pl.DataFrame(rows, schema=["post_id", "unit", "anew", "known"], orient="row")
    return " ".join(persistence.carry(frame))


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        # nothing known: a story is named after its first post
        ([("a", 0, 0, None), ("b", 1, 1, None), ("c", 2, 0, None)], "s_a s_b s_a"),
        # a new post joins, also when it is earlier than all others: names stay
        ([("z", 0, 0, None), ("a", 1, 0, "s_a"), ("b", 2, 1, None)], "s_a s_a s_b"),
        # two known stories that now look like one stay two; the new post goes to the larger
        ([("a", 0, 0, "s_a"), ("b", 1, 0, "s_b"), ("c", 2, 0, "s_b"), ("n", 3, 0, None)], "s_a s_b s_b s_b"),
        # a known story that now falls apart stays one; new posts follow only its main part
        (
            [("a", 0, 0, "s_a"), ("b", 1, 0, "s_a"), ("c", 2, 1, "s_a"), ("n", 3, 1, None), ("m", 4, 0, None)],
            "s_a s_a s_a s_n s_a",
        ),
        # but a copy or child of the part that fell off follows its own
        ([("a", 0, 0, "s_a"), ("b", 1, 0, "s_a"), ("c", 2, 1, "s_a"), ("n", 2, 1, None)], "s_a s_a s_a s_a"),
    ],
)
def test_new_posts_are_placed_and_known_ones_stay(rows: list[tuple[str, int, int, str | None]], wanted: str) -> None:
    assert placed(rows) == wanted


def test_days_that_are_added_change_nothing_that_was_told() -> None:
    said = [["食堂 异物 家长 {}", "公交 改线 {}", "物业 停水 {}"][i % 3].format(i % 4) for i in range(60)]
    posts = make.posts([{"text": t, "at": make.START + timedelta(hours=7 * i)} for i, t in enumerate(said)])
    known = None
    for end in (20, 35, 50, 60):
        some = posts.head(end)
        now = stories.group(some, make.tokens(some), known)
        if known is not None:
            assert now.join(known, on="post_id", how="semi").equals(known)
        known = now
    assert known is not None and known.height == 60
    again = stories.group(posts.sample(fraction=1, shuffle=True, seed=5), make.tokens(posts), known)
    assert again.equals(known)


GROUPED = told(s_a="a b c", s_d="d e", s_f="f")
