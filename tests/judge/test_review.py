"""From review to paper: levels that people decided, the rows behind a number, the slider, the command line."""

import itertools
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import nbformat
import polars as pl
import pytest

from opinion_lab import cli
from opinion_lab.judge.deadlines.clocks import Handled
from opinion_lab.judge.incident_review import Review
from opinion_lab.report.page import components
from opinion_lab.report.widgets import time_slider
from opinion_lab.report.wording.response import levels
from opinion_lab.storage import store
from tests.make import at, posts
from tests.report.test_lessons import BUSY, FIRST, LATE, TAKEN_BACK, ZONE, story

NOW = datetime(2026, 9, 30, tzinfo=UTC)

# --- a person confirms -------------------------------------------------------------------------------------------


def confirmed(story_id: str, level: str, when: str, by: str = "分管领导", why: str = "") -> pl.DataFrame:
    """A level that a person confirmed, as `decisions.levels` tells it."""
    row = {"story_id": story_id, "at": at(when), "level": level, "by": by, "why": why}
    return pl.DataFrame([row]).cast({"at": pl.Datetime("us", "UTC")})


def test_a_confirmed_level_stands_beside_what_was_proposed() -> None:
    looked = story(FIRST, *BUSY, LATE)
    assert levels.standing(looked.grades) == "最重时建议Ⅳ级（待人工确认）"
    decided = confirmed(looked.story["story_id"], "Ⅱ", "2026-09-10 12:30", why="涉及学校")
    again = story(FIRST, *BUSY, LATE, decisions=decided).grades
    row = again.filter(pl.col("confirmed_by").is_not_null()).row(0, named=True)
    assert (row["level"], row["confirmed_by"]) == ("Ⅱ", "分管领导")
    assert row["at"] - timedelta(hours=1) < at("2026-09-10 12:30") <= row["at"], "never before it was made"
    assert levels.gist(row, zone=ZONE) == "分管领导于9月10日 12:30确认为Ⅱ级（系统建议Ⅳ级）：涉及学校。"
    assert again.filter(pl.col("at") >= row["at"])["confirmed_by"].unique().to_list() == ["分管领导"]
    assert levels.standing(again) == "分管领导已确认为Ⅱ级"
    other = decided.with_columns(story_id=pl.lit("s_other"))
    assert story(FIRST, *BUSY, LATE, decisions=other).grades.equals(looked.grades)


def test_turns_say_what_decides_the_level() -> None:
    angry = [{**row, "text": "小学食堂太过分了", "author_id": f"u{n}"} for n, row in enumerate(BUSY)]
    turned = levels.turns(story(FIRST, *angry, LATE, TAKEN_BACK).grades, zone=ZONE)
    assert turned["turn"].to_list()[:2] == ["起于Ⅳ级", "由Ⅳ级升为Ⅲ级"] and "评分" in turned["why"][0]
    for before, row in itertools.pairwise(turned.to_dicts()):
        way = "升" if row["level"] < before["level"] else "降"  # Ⅰ comes before Ⅳ in the order of code points
        assert row["turn"] == f"由{before['level']}级{way}为{row['level']}级"


# --- the rows behind a number -----------------------------------------------------------------------------------


def test_a_number_opens_its_posts() -> None:
    rows = posts([{"text": "一"}, {"text": "二"}, {"text": "三"}])
    shown = components.posts(rows)
    assert "依据：3条帖文" in shown.html and "p001" in shown.html, "a notebook lists them"
    (group,) = shown.data[components.BASIS].values()
    assert group["ids"] == "p001 p002 p003", "a page has them all beside it"
    assert ">3</a>" in shown.data[components.ON_PAGE]
    assert components.posts(rows) == components.posts(rows.reverse()), "the order of rows changes nothing"
    assert components.posts(rows) != components.posts(rows.head(2))
    assert components.posts(rows.head(0)).html == ""
    many = components.posts(posts([{"text": str(n)} for n in range(2_000)]))
    assert many.html.count("<tr>") == 21 and "共2,000行，这里列出前20行" in many.html
    cell = components.table(
        pl.DataFrame({"line": ["食品"], "n": [["p2", "p1", "p2"]]}), {"line": "条线", "n": ("帖文", "posts")}
    )
    assert ">2</a>" in cell.html and [g["what"] for g in cell.data[components.BASIS].values()] == ["食品 · 帖文"]


@pytest.mark.parametrize("name", ["1-daily-brief-2026-09-11", "4-incident-review-食堂"])
def test_every_finding_opens_its_posts(name: str, demo_lab: store.Store) -> None:
    """Where a finding states a number of posts, it opens them."""
    executed = nbformat.read(next(demo_lab.reports.glob(f"*/{name}.ipynb")), as_version=4)
    data = [output.get("data", {}) for cell in executed.cells for output in cell.get("outputs", [])]
    stating = [d["text/html"] for d in data if components.FINDING in d and re.search(r"[1-9]\d*条", d["text/plain"])]
    assert len(stating) >= 2
    assert [text[:200] for text in stating if "#posts-" not in text] == []


# --- through time ------------------------------------------------------------------------------------------------


def test_the_slider_shows_the_hour_it_is_at() -> None:
    whole = story(FIRST, *BUSY, LATE, TAKEN_BACK)
    asked: list[datetime] = []

    def review(story_id: str, *, at: datetime, **handled: object) -> Review:
        asked.append(at)
        assert story_id == whole.story["story_id"] and set(handled) == {f.name for f in fields(Handled)}
        return whole

    moved = time_slider.through(whole, review)
    slider = moved.widget.children[0]
    assert not asked, "nothing is computed before somebody moves it"
    hours = [hour for _, hour in slider.options]
    assert hours[0] == whole.posts["published_at"][0] + timedelta(hours=1)
    assert len(hours) <= time_slider.MOST
    slider.value = hours[3]
    assert asked == [hours[3]]
    bundle = moved._repr_mimebundle_()
    assert "滑块" in bundle["text/html"] and "application/vnd.jupyter.widget-view+json" in bundle


def test_the_picture_of_an_hour_says_the_hour() -> None:
    whole = story(FIRST, *BUSY, LATE, TAKEN_BACK)
    said = [thing.plain for thing in time_slider._picture(whole, zone=ZONE) if isinstance(thing, components.Shown)]
    assert said[0].startswith("截至2026年9月12日") and "推翻" in said[0]


# --- the notebook and the command line ---------------------------------------------------------------------------


def test_a_public_incident_and_a_story_are_not_mixed(lab: store.Store, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--lab", str(lab.root), "review", "--incident", "罐车", "--found-at", "2026-09-08 15:00"])
    assert ended.value.code == 1
    assert "不能与 --found-at 同用" in capsys.readouterr().err


def test_the_command_and_the_notebook_say_the_same(demo_lab: store.Store) -> None:
    """`review` against the report that `demo` left, which ran the notebook with the same parameter."""
    left = next(demo_lab.reports.glob("*/4-incident-review-加油站.html"))
    by_hand = left.read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        cli.main(["--lab", str(demo_lab.root), "review", "--story", "加油站"])
    assert ended.value.code == 0
    made = max(demo_lab.reports.glob("*/4-incident-review-加油站.html"), key=lambda path: path.stat().st_mtime)
    assert body(made.read_text(encoding="utf-8")) == body(by_hand)


def body(text: str) -> str:
    return text.partition('<main id="main">')[2].partition("</main>")[0]
