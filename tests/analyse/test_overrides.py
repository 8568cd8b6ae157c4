"""Decisions laid over grouping: later ones win, old numbers lead to new ones, nothing is lost."""

from typing import Any

import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.analyse.stories import overrides
from opinion_lab.config import LabError
from tests import make

BASE = {"s_a": "abc", "s_d": "de", "s_f": "f"}


def frame(stories: dict[str, str]) -> pl.DataFrame:
    rows = [(post, story) for story, posts in stories.items() for post in posts]
    return pl.DataFrame(rows, schema=["post_id", "story_id"], orient="row").sort("post_id")


def decided(*rows: tuple[str, str, str, Any]) -> pl.DataFrame:
    """Decisions from (action, story, into, posts or title)."""
    made = [
        {
            "decision_id": f"d_{n}",
            "at": make.at("2026-09-09 12:00"),
            "recorded_at": make.at("2026-09-09 12:00"),
            "action": action,
            "story_id": story,
            "into": into or None,
            "value": last if action == "rename" else None,
            "posts": list(last) if action == "split" else [],
            "who": "值班员",
            "why": "",
        }
        for n, (action, story, into, last) in enumerate(rows)
    ]
    return schemas.Decision.validate(pl.DataFrame(made, schema=schemas.empty(schemas.Decision).schema), cast=True)


def replayed(*rows: tuple[str, str, str, str]) -> overrides.Overrides:
    decisions = decided(*rows)
    base = frame(BASE)
    return overrides.Overrides.replay(decisions, base.filter(pl.col("post_id").is_in(overrides.mentioned(decisions))))


def parts(post_stories: pl.DataFrame) -> dict[str, str]:
    grouped = post_stories.sort("post_id").group_by("story_id").agg("post_id").sort("story_id")
    return {story: "".join(posts) for story, posts in grouped.iter_rows()}


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([], BASE),
        ([("merge", "s_d", "s_a", "")], {"s_a": "abcde", "s_f": "f"}),
        ([("merge", "s_d", "s_a", ""), ("merge", "s_a", "s_f", "")], {"s_f": "abcdef"}),
        ([("merge", "s_d", "s_a", ""), ("merge", "s_d", "s_f", "")], {"s_f": "abcdef"}),  # s_d means s_a by then
        ([("merge", "s_d", "s_a", ""), ("merge", "s_a", "s_d", "")], {"s_a": "abcde", "s_f": "f"}),
        ([("split", "s_a", "s_b", "b")], {"s_a": "ac", "s_b": "b", "s_d": "de", "s_f": "f"}),
        ([("split", "s_a", "s_b", "bc"), ("merge", "s_b", "s_d", "")], {"s_a": "a", "s_d": "bcde", "s_f": "f"}),
        ([("merge", "s_d", "s_a", ""), ("split", "s_a", "s_e", "e")], {"s_a": "abcd", "s_e": "e", "s_f": "f"}),
        # split off, merged back, split off again
        (
            [("split", "s_a", "s_b", "b"), ("merge", "s_b", "s_a", ""), ("split", "s_a", "s_b", "bc")],
            {"s_a": "a", "s_c": "bc", "s_d": "de", "s_f": "f"},
        ),
        ([("merge", "s_d", "s_a", ""), ("split", "s_a", "s_d", "d")], {"s_a": "abce", "s_d-2": "d", "s_f": "f"}),
        # a number of an older grouping, under which no story goes by now, means the one its post is in
        ([("merge", "s_e", "s_f", "")], {"s_a": "abc", "s_f": "def"}),
    ],
)
def test_replayed(rows: list[tuple[str, str, str, str]], wanted: dict[str, str]) -> None:
    assert parts(replayed(*rows).apply(frame(BASE))) == wanted


def test_a_window_without_the_post_that_names_a_story_is_decided_alike() -> None:
    made = replayed(("merge", "s_d", "s_a", ""))
    assert parts(made.apply(frame({"s_d": "e"}))) == {"s_a": "e"}


def test_a_title_and_a_level_follow_their_story() -> None:
    made = replayed(("rename", "s_d", "", "后厨"), ("merge", "s_d", "s_a", ""))
    assert made.titles == {"s_a": "后厨"}
    levels = pl.DataFrame({"story_id": ["s_d", "s_f"], "level": ["Ⅱ", "Ⅲ"]})
    assert made.levels(levels)["story_id"].to_list() == ["s_a", "s_f"]
    assert set(made.names("s_a")) == {"s_a", "s_d"}


def test_the_part_with_the_post_that_names_a_story_keeps_the_name() -> None:
    assert overrides.to_split("abc", "s_a", ["b"]) == ("s_b", ["b"])
    assert overrides.to_split("abc", "s_a", ["a", "b"]) == ("s_c", ["c"])


@pytest.mark.parametrize("posts", [["x"], [], ["a", "b", "c"]])
def test_a_split_that_cannot_be_meant_is_refused(posts: list[str]) -> None:
    with pytest.raises(LabError):
        overrides.to_split("abc", "s_a", posts)
