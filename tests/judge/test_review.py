"""From review to paper: levels that people decided, the rows behind a number, the slider, the command line."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import nbformat
import polars as pl
import pytest

from opinion_lab import cli, config
from opinion_lab.judge import grading
from opinion_lab.report import figures, page
from opinion_lab.report.page import components
from opinion_lab.report.widgets import time_slider
from opinion_lab.report.wording import levels
from opinion_lab.storage import confirmed, store
from tests.make import at, posts
from tests.report.test_lessons import BUSY, FIRST, LATE, TAKEN_BACK, ZONE, story

NOW = datetime(2026, 9, 30, tzinfo=UTC)

# --- a person confirms -------------------------------------------------------------------------------------------


def decide(lab: store.Store, story_id: str, level: str, when: str, by: str = "分管领导", why: str = "") -> str:
    return confirmed.record(lab, story_id, level, by=by, why=why, at=at(when), now=NOW)


@pytest.mark.parametrize(("given", "written"), [("Ⅱ", "Ⅱ"), ("2", "Ⅱ"), ("ii级", "Ⅱ"), ("Ⅳ级", "Ⅳ")])
def test_a_level_is_written_as_people_write_it(lab: store.Store, given: str, written: str) -> None:
    assert decide(lab, "s_1", given, "2026-09-11 12:00") == written


@pytest.mark.parametrize(
    ("change", "said"), [({"level": "5"}, "看不懂"), ({"story_id": "食堂"}, "编号"), ({"by": " "}, "谁确认")]
)
def test_a_decision_that_says_too_little_is_refused(lab: store.Store, change: dict, said: str) -> None:
    given = {"story_id": "s_1", "level": "Ⅱ", "by": "分管领导", "at": NOW, "now": NOW} | change
    with pytest.raises(config.LabError, match=said):
        confirmed.record(lab, given.pop("story_id"), given.pop("level"), **given)


def test_decisions_are_added_and_never_changed(lab: store.Store) -> None:
    decide(lab, "s_1", "Ⅱ", "2026-09-11 12:00")
    confirmed.record(lab, "s_1", "Ⅲ", by="值班", at=at("2026-09-12 12:00"), now=NOW + timedelta(seconds=1))
    decide(lab, "s_12", "Ⅰ", "2026-09-11 12:00")
    assert confirmed.decisions(lab, "s_1").select("level", "by").rows() == [("Ⅱ", "分管领导"), ("Ⅲ", "值班")]
    assert confirmed.decisions(lab).height == 3
    assert confirmed.decisions(lab, "s_9").is_empty()


def test_a_decision_can_be_given_on_the_command_line(lab: store.Store, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["--story", "s_1", "--level", "2", "--by", "分管领导", "--at", "2026-09-11 12:00", "--why", "涉及学校"]
    with pytest.raises(SystemExit) as ended:
        cli.main(["--lab", str(lab.root), "confirm", *told])
    assert ended.value.code == 0 and "分管领导确认 s_1 为Ⅱ级" in capsys.readouterr().out
    assert confirmed.decisions(lab, "s_1").row(0) == ("s_1", at("2026-09-11 12:00"), "Ⅱ", "分管领导", "涉及学校")


def test_a_confirmed_level_stands_beside_what_was_proposed(lab: store.Store) -> None:
    looked = story(FIRST, *BUSY, LATE)
    assert levels.standing(looked.grades) == "最重时建议Ⅳ级（待人工确认）"
    decide(lab, looked.story["story_id"], "Ⅱ", "2026-09-10 12:30", why="涉及学校")
    again = grading.confirm(looked.grades, confirmed.decisions(lab, looked.story["story_id"]))
    row = again.filter(pl.col("confirmed_by").is_not_null()).row(0, named=True)
    assert (row["level"], row["confirmed_by"]) == ("Ⅱ", "分管领导")
    assert row["at"] - timedelta(hours=1) < at("2026-09-10 12:30") <= row["at"], "never before it was made"
    assert levels.gist(row, zone=ZONE) == "分管领导于9月10日 12:30确认为Ⅱ级（系统建议Ⅳ级）：涉及学校。"
    assert again.filter(pl.col("at") >= row["at"])["confirmed_by"].unique().to_list() == ["分管领导"]
    assert levels.standing(again) == "分管领导已确认为Ⅱ级"
    other = confirmed.decisions(lab, looked.story["story_id"]).with_columns(story_id=pl.lit("s_other"))
    assert grading.confirm(looked.grades, other).equals(looked.grades)


def test_turns_say_what_decides_the_level() -> None:
    angry = [{**row, "text": "小学食堂太过分了", "author_id": f"u{n}"} for n, row in enumerate(BUSY)]
    turned = levels.turns(story(FIRST, *angry, LATE, TAKEN_BACK).grades, zone=ZONE)
    assert turned["turn"].to_list()[:2] == ["起于Ⅳ级", "由Ⅳ级升为Ⅲ级"] and "评分" in turned["why"][0]
    for before, row in itertools.pairwise(turned.to_dicts()):
        way = "升" if row["level"] < before["level"] else "降"  # Ⅰ comes before Ⅳ in the order of code points
        assert row["turn"] == f"由{before['level']}级{way}为{row['level']}级"


# --- the rows behind a number -----------------------------------------------------------------------------------


def test_a_number_carries_its_rows() -> None:
    rows = posts([{"text": "一"}, {"text": "二"}, {"text": "三"}])
    said = components.finding("三条。", rows=rows).html
    assert "依据：3条帖文" in said and "<code>p001</code>" in said and "000000000000" in said
    assert components.basis(rows) == components.basis(rows.reverse()), "the order of rows changes no fingerprint"
    assert components.basis(rows) != components.basis(rows.head(2))
    assert components.basis(None) == ""
    many = posts([{"text": str(n)} for n in range(20_000)])
    assert len(components.basis(many)) < 1000


def test_every_number_of_a_review_carries_its_rows(demo_lab: store.Store) -> None:
    """A cell that shows a finding, a chart or a table of posts names the rows; only tables of rules have none."""
    notebook = nbformat.read(demo_lab.root / "notebooks" / "4-incident-review.ipynb", as_version=4)
    sources = [c.source for c in notebook.cells if c.cell_type == "code"]
    shows = [s for s in sources if "page.finding(" in s or "page.chart(" in s]
    assert len(shows) > 12
    assert [s for s in shows if "rows=" not in s] == []


# --- through time ------------------------------------------------------------------------------------------------


def test_the_slider_shows_the_hour_it_is_at() -> None:
    whole = story(FIRST, *BUSY, LATE, TAKEN_BACK)
    asked: list[datetime] = []

    def as_of(hour: datetime) -> object:
        asked.append(hour)
        return whole

    moved = time_slider.through(whole, as_of, zone=ZONE)  # type: ignore[arg-type]
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
    said = [thing.plain for thing in time_slider.picture(whole, zone=ZONE) if isinstance(thing, components.Shown)]
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


def test_figures_and_tables_keep_their_rows_in_the_page() -> None:
    looked = story(FIRST, *BUSY, LATE)
    figure = page.chart(figures.platforms(looked.posts), rows=looked.posts)
    assert "依据" in figure.layout.meta["basis"] and "条形图" in figure.layout.meta["alt"]
    assert json.loads(figure.to_json())["layout"]["meta"]["basis"]
