"""The log of decisions: only added to, undone by another line, never known before it was made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opinion_lab.config import LabError
from opinion_lab.storage import decisions

NOON = datetime(2026, 9, 9, 4, tzinfo=UTC)


def add(root: Path, action: str, hours: int = 0, **about: Any) -> str:
    at = NOON + timedelta(hours=hours)
    return decisions.add(root, action, who=about.pop("who", "值班员"), at=at, now=at, **about)


def test_an_empty_lab_has_no_decisions(tmp_path: Path) -> None:
    assert decisions.read(tmp_path).is_empty() and decisions.labels(decisions.read(tmp_path)).is_empty()


def test_what_stands_is_not_written_twice_but_after_another_decision_it_counts(tmp_path: Path) -> None:
    first = add(tmp_path, "merge", story_id="s_d", into="s_a")
    assert add(tmp_path, "merge", 1, story_id="s_d", into="s_a") == first
    add(tmp_path, "split", 2, story_id="s_a", into="s_d", posts=["d"])
    assert add(tmp_path, "merge", 3, story_id="s_d", into="s_a") == first, "about another action nothing was decided"
    other = add(tmp_path, "merge", 4, story_id="s_a", into="s_b")
    assert add(tmp_path, "merge", 5, story_id="s_d", into="s_a") not in (first, other)
    assert decisions.path(tmp_path).stat().st_mode & 0o077 == 0


def test_undo_and_undoing_that(tmp_path: Path) -> None:
    merged = add(tmp_path, "merge", story_id="s_d", into="s_a")
    undone = add(tmp_path, "undo", 1, value=merged)
    rows = decisions.read(tmp_path)
    assert decisions.effective(rows).is_empty()
    assert decisions.effective(rows, NOON)["decision_id"].to_list() == [merged], "at noon it was not undone yet"
    add(tmp_path, "undo", 2, value=undone)
    assert decisions.effective(decisions.read(tmp_path))["decision_id"].to_list() == [merged]


def test_a_decision_is_not_known_before_it_was_made(tmp_path: Path) -> None:
    add(tmp_path, "level", story_id="s_a", value="Ⅱ", why="涉及学校")
    rows = decisions.read(tmp_path)
    assert decisions.effective(rows, NOON - timedelta(hours=1)).is_empty()
    assert decisions.levels(decisions.effective(rows, NOON)).rows() == [("s_a", NOON, "Ⅱ", "值班员", "涉及学校")]
    add(tmp_path, "level", 3, story_id="s_a", value="Ⅱ", why="涉及学校")
    assert decisions.levels(decisions.read(tmp_path), "s_a").height == 2, "confirmed again at another hour"


def test_the_last_label_of_a_post_counts(tmp_path: Path) -> None:
    for hours, (post, value) in enumerate((("b", "relevant"), ("a", "irrelevant"), ("b", "irrelevant"))):
        add(tmp_path, "label", hours, posts=[post], value=value)
    assert decisions.labels(decisions.read(tmp_path)).select("post_id", "relevant").rows() == [
        ("a", False),
        ("b", False),
    ]


def test_a_line_that_was_broken_off_is_named_and_swallows_nothing(tmp_path: Path) -> None:
    add(tmp_path, "rename", story_id="s_a", value="食堂木耳")
    with decisions.path(tmp_path).open("a") as f:
        f.write('{"half')
    with pytest.raises(LabError, match="第 2 行"):
        decisions.read(tmp_path)
    whole = decisions.path(tmp_path).read_bytes()
    decisions.path(tmp_path).write_bytes(whole.replace(b'{"half', b""))
    add(tmp_path, "rename", 1, story_id="s_b", value="加油站")
    assert decisions.read(tmp_path)["value"].to_list() == ["食堂木耳", "加油站"]


@pytest.mark.parametrize("who", ["", "  "])
def test_nobody_decides(tmp_path: Path, who: str) -> None:
    with pytest.raises(LabError, match="职务"):
        add(tmp_path, "rename", story_id="s_a", value="x", who=who)


@pytest.mark.parametrize(("text", "level"), [("Ⅱ", "Ⅱ"), ("2", "Ⅱ"), ("ii", "Ⅱ"), ("Ⅳ级", "Ⅳ"), (" 1 ", "Ⅰ")])
def test_a_level_as_people_write_it(text: str, level: str) -> None:
    assert decisions.level(text) == level


@pytest.mark.parametrize("text", ["", "5", "特别重大", "Ⅴ"])
def test_what_is_no_level(text: str) -> None:
    with pytest.raises(LabError, match="看不懂"):
        decisions.level(text)
