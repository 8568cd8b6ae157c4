"""Stories from day to day and by hand: what was told stays, what a person decided is replayed."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.analyse import stories
from opinion_lab.analyse.stories import persistence
from opinion_lab.config import LabError
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


def test_what_grouping_anew_would_change_is_said() -> None:
    before = told(s_a="a b c", s_d="d", s_e="e f g")
    now = told(s_a="a b c d", s_e="e f", s_g="g", s_n="n")
    assert stories.changes(before, now).rows() == [("s_d", "s_a", 1, "merge"), ("s_e", "s_g", 1, "split")]
    assert stories.changes(before, before).is_empty()


GROUPED = told(s_a="a b c", s_d="d e", s_f="f")


def edits(*made: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(made) if made else persistence.merge(GROUPED, "s_a", "s_d").clear()


def test_edits_are_replayed_in_order_and_the_later_wins() -> None:
    merged = stories.merge(GROUPED, "s_d", "s_a")
    found, remarks = stories.edit(GROUPED, merged)
    assert parts(found) == {"s_a": "a b c d e", "s_f": "f"} and not remarks
    apart = stories.split(found, "s_a", ["d", "b"])
    found, remarks = stories.edit(GROUPED, edits(merged, apart))
    assert parts(found) == {"s_a": "a c e", "s_d": "b d", "s_f": "f"} and not remarks
    back = stories.merge(found, "s_d", "s_a")
    assert parts(stories.edit(GROUPED, edits(merged, apart, back))[0]) == {"s_a": "a b c d e", "s_f": "f"}
    assert stories.edit(GROUPED, edits())[0].equals(GROUPED)
    shuffled = GROUPED.sample(fraction=1, shuffle=True, seed=1)
    assert stories.edit(shuffled, edits(merged, apart))[0].equals(found)


def test_the_part_with_the_first_post_keeps_the_name() -> None:
    found, _ = stories.edit(GROUPED, stories.split(GROUPED, "s_a", ["a", "b"]))
    assert parts(found) == {"s_a": "a b", "s_c": "c", "s_d": "d e", "s_f": "f"}


def test_edits_hold_when_grouping_anew_names_stories_otherwise() -> None:
    merged, apart = stories.merge(GROUPED, "s_d", "s_a"), stories.split(GROUPED, "s_a", ["b"])
    # an earlier post came in: the stories are named after it
    found, remarks = stories.edit(told(s_0="0 a b c", s_1="1 d e"), merged)
    assert parts(found) == {"s_0": "0 1 a b c d e"} and "s_0" in remarks[0]
    # the post it was named after is not in this period
    found, remarks = stories.edit(told(s_b="b c"), apart)
    assert sorted(parts(found).values()) == ["b", "c"] and "第1条手工拆分" in remarks[0]


@pytest.mark.parametrize(
    ("frame", "made", "said"),
    [
        (told(s_x="x"), stories.merge(GROUPED, "s_d", "s_a"), "事件 s_d 不在这些帖文里，没有执行"),
        (told(s_d="d e"), stories.merge(GROUPED, "s_d", "s_a"), "事件 s_a 不在这些帖文里，没有执行"),
        (told(s_a="a d"), stories.merge(GROUPED, "s_d", "s_a"), "已是同一事件"),
        (told(s_a="a c", s_b="b"), stories.split(GROUPED, "s_a", ["b"]), "没有执行"),
    ],
)
def test_an_edit_that_finds_nothing_says_so(frame: pl.DataFrame, made: pl.DataFrame, said: str) -> None:
    found, remarks = stories.edit(frame, made)
    assert found.equals(frame) and said in remarks[0]


def test_an_edit_that_cannot_be_meant_is_refused() -> None:
    for wrong in (
        lambda: stories.merge(GROUPED, "s_a", "s_nothing"),
        lambda: stories.merge(GROUPED, "s_a", "s_a"),
        lambda: stories.split(GROUPED, "s_a", ["d"]),
        lambda: stories.split(GROUPED, "s_a", ["a", "b", "c"]),
    ):
        with pytest.raises(LabError):
            wrong()
