"""Deadlines: what is met, missed, open or not to be told, and that nothing is claimed that posts cannot show."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.judge.deadlines import clocks
from opinion_lab.report.wording.response import deadlines
from opinion_lab.rules import SHIPPED
from tests import make

ZONE = ZoneInfo("Asia/Shanghai")
OWN = ("云溪县市场监督管理局",)
WORDS = "经查，已对该店立案调查，结果将于三日内公布。"


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def post(at: str | datetime, text: str = "食堂饭菜里有异物", **more: Any) -> dict[str, Any]:
    """One row of a story, a person's post unless said otherwise."""
    moment = local(at) if isinstance(at, str) else at
    row = {
        "post_id": None,
        "source_id": "s",
        "platform": "微博",
        "kind": "post",
        "author_id": "u_1",
        "author_name": None,
        "author_kind": "person",
        "title": None,
        "text": text,
        "quoted": None,
        "parent_id": None,
        "published_at": moment.astimezone(UTC),
    }
    return row | more


def answer(at: str, text: str = WORDS, **more: Any) -> dict[str, Any]:
    return post(at, text, **({"kind": "statement", "author_kind": "government", "author_name": OWN[0]} | more))


def story(*rows: dict[str, Any]) -> pl.DataFrame:
    named = [row | {"post_id": row["post_id"] or f"p{n:05d}"} for n, row in enumerate(rows)]
    types = {name: dtype for name, dtype in schemas.empty(schemas.Post).schema.items() if name in named[0]}
    return pl.DataFrame(named, schema=types)


@pytest.fixture(scope="module")
def rules() -> pl.DataFrame:
    return SHIPPED.deadlines


def run(*rows: dict[str, Any], now: str = "2026-09-20 00:00", **more: Any) -> pl.DataFrame:
    """The clocks of a story (LATE unless given) as the shipped table has them; `more`: Handled's fields and run's."""
    handled = clocks.Handled(**{f.name: more.pop(f.name) for f in fields(clocks.Handled) if f.name in more})
    asked = {"rules": SHIPPED.deadlines, "own": OWN} | more
    return clocks.run(story(*(rows or LATE)), handled=handled, now=local(now), **asked, zone=ZONE)


def clock(frame: pl.DataFrame, clock_id: str) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col("clock_id") == clock_id, named=True)


def note(row: dict[str, Any]) -> str:
    return deadlines.note(row, zone=ZONE)


def rule(rules: pl.DataFrame, rule_id: str) -> dict[str, Any]:
    return rules.row(by_predicate=pl.col("id") == rule_id, named=True)


# --- the calendar ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule_id", "start", "due"),
    [
        ("D01", "2026-09-08 12:20:00", "2026-09-08 17:20:00"),
        ("D03", "2026-09-08 12:20:00", "2026-09-10 12:20:00"),
        # Tuesday: seven working days, the first day not counted, over one weekend
        ("D10-2026", "2026-09-08 12:20:00", "2026-09-17 23:59:59"),
        # 20 September 2026 is a Sunday on which offices work, 25 September is 中秋
        ("D10-2026", "2026-09-17 09:00:00", "2026-09-28 23:59:59"),
        # the whole of 国庆 is skipped; 10 October is a Saturday on which offices work
        ("D10-2026", "2026-09-29 09:00:00", "2026-10-14 23:59:59"),
        ("D14", "2026-09-08 12:20:00", "2026-09-29 23:59:59"),
        # natural days: weekends count
        ("D12", "2026-09-08 12:20:00", "2026-11-07 23:59:59"),
        # the sixtieth day is 3 October, in 国庆: it moves to the first day after the holiday
        ("D12", "2026-08-04 10:00:00", "2026-10-08 23:59:59"),
        # an hour before midnight in Shanghai is another day in UTC: days are the lab's
        ("D10-2026", "2026-09-08 23:30:00", "2026-09-17 23:59:59"),
        # 2028 is not in the calendar: weekdays alone, 1 May counts as a working day
        ("D10-2026", "2028-04-27 09:00:00", "2028-05-08 23:59:59"),
    ],
)
def test_due(rules: pl.DataFrame, rule_id: str, start: str, due: str) -> None:
    assert clocks.due(rule(rules, rule_id), local(start), zone=ZONE) == local(due)


def test_rules_change_on_the_day_that_the_law_says(rules: pl.DataFrame) -> None:
    def complaint(day: date) -> list[str]:
        return clocks.in_force(rules, day).filter(pl.col("applies") == "complaint")["id"].to_list()

    assert complaint(date(2026, 4, 14)) == ["D10-2020"]
    assert complaint(date(2026, 4, 15)) == ["D10-2026"]
    assert complaint(date(2019, 12, 31)) == []


def test_every_rule_names_its_source(rules: pl.DataFrame) -> None:
    for column in ("basis", "source", "provenance"):
        assert rules.filter(pl.col(column).str.strip_chars() == "").height == 0


# --- answers ---------------------------------------------------------------------------------------------------


def test_answers_are_official_in_order_and_once() -> None:
    posts = story(
        post("2026-09-08 12:20"),
        answer("2026-09-11 03:10", platform="微信公众号"),
        answer("2026-09-11 03:14", platform="微博"),  # the same words on another channel
        post("2026-09-11 04:00", "云溪通报：" + WORDS, author_kind="media", author_name="云溪晚报", kind="article"),
        answer("2026-09-11 05:00", "转发微博", kind="repost"),  # says nothing
        answer("2026-09-14 22:30", "现就检测结果通报如下，此前结论是错误的，诚恳道歉。"),
        post("2026-09-14 23:00", "我局已介入调查，请关注后续。", author_kind="government", author_name="云溪县教育局"),
    )
    said = clocks.answers(posts, OWN)
    assert said["n"].to_list() == [1, 2, 3]
    assert said["repeats"].to_list() == [1, 0, 0]
    assert said["own"].to_list() == [True, True, False]
    assert said["delay"][0] == timedelta(hours=62, minutes=50)


def test_answers_do_not_depend_on_row_order() -> None:
    posts = story(post("2026-09-08 12:20"), answer("2026-09-11 03:10"), answer("2026-09-12 03:10", WORDS + "补充。"))
    assert clocks.answers(posts, OWN).equals(clocks.answers(posts.reverse(), OWN))


# --- the clocks of a story -------------------------------------------------------------------------------------

LATE = (post("2026-09-08 12:20"), answer("2026-09-11 03:20"), answer("2026-09-14 22:30", "更正：" + WORDS))


@pytest.mark.parametrize(
    ("rows", "now", "state", "in_note"),
    [
        (LATE, "2026-09-20 00:00", "missed", "超出15小时"),
        (LATE, "2026-09-10 12:00", "open", "还剩20分钟"),  # the answer of the next day is not known yet
        (LATE, "2026-09-10 13:00", "missed", "没有官方回应"),
        (
            (post("2026-09-25 10:05"), answer("2026-09-25 14:35")),
            "2026-09-26 00:00",
            "met",
            "首次官方回应距起算4小时30分",
        ),
        ((answer("2026-09-07 10:00"), post("2026-09-08 12:20")), "2026-09-20 00:00", "met", "早于起算"),
    ],
)
def test_forty_eight_hours(rows: tuple, now: str, state: str, in_note: str) -> None:
    frame = run(*rows, now=now)
    row = clock(frame, "D03")
    assert (row["state"], in_note in note(row)) == (state, True), note(row)
    assert "按首帖时间起算，偏严" in note(row)
    assert row["due"] - row["start"] == timedelta(hours=48)


def test_the_clock_starts_when_the_bureau_found_it() -> None:
    found = local("2026-09-09 09:00")
    row = clock(run(found_at=found), "D03")
    assert (row["state"], row["due"]) == ("met", local("2026-09-11 09:00"))
    assert row["margin"] == timedelta(hours=5, minutes=40)
    # at an hour when nobody had found it, it is not known to have been found
    early = run(found_at=found, now="2026-09-08 20:00")
    assert clock(early, "D03")["start"] == local("2026-09-08 12:20")


def test_only_a_person_says_whether_a_story_is_major() -> None:
    def states(severe: bool | None) -> dict[str, str]:
        frame = run(severe=severe)
        return dict(
            frame.filter(pl.col("clock_id").is_in(["D01", "D02", "D03"])).select("clock_id", "state").iter_rows()
        )

    assert states(None) == {"D01": "unknown", "D02": "unknown", "D03": "missed"}
    assert states(True) == {"D01": "missed", "D02": "unknown"}  # a press conference need not leave a post
    assert states(False) == {"D03": "missed"}
    unsure = run()
    assert "需人工确认是否属特别重大、重大" in note(clock(unsure, "D01"))


def test_a_press_conference_is_an_answer_of_its_own() -> None:
    rows = (*LATE[:2], answer("2026-09-09 09:00", "我县于今日上午8时召开新闻发布会，通报有关情况。"))
    assert clock(run(*rows, severe=True), "D02")["state"] == "met"


def test_later_statements_are_listed_without_a_verdict() -> None:
    row = clock(run(), "D04-2")
    assert (row["state"], row["due"]) == ("unknown", None)
    assert "第2次发布，距上一次91小时10分" in note(row)


def test_an_answer_of_another_body_counts_and_is_named() -> None:
    rows = (post("2026-09-08 12:20"), answer("2026-09-09 08:00", author_name="云溪县教育局"))
    row = clock(run(*rows), "D03")
    assert (row["state"], "由云溪县教育局发布，不是本单位账号" in note(row)) == ("met", True)


@pytest.mark.parametrize(
    ("platform", "formal", "now", "clock_id", "state", "in_note"),
    [
        ("微博", (), "2026-09-12 00:00", "D10-2026", "unknown", "网帖不是法定投诉"),
        ("12315平台", ("12315平台",), "2026-09-12 00:00", "D10-2026", "open", "共1件"),
        ("12315平台", ("12315平台",), "2026-10-20 00:00", "D10-2026", "unknown", "须查台账"),
        ("12345工单", ("12315平台",), "2026-09-12 00:00", "D22", "unknown", "请按本地办法"),
        ("12345工单", ("12315平台",), "2026-09-12 00:00", "D10-2026", "unknown", "网帖不是法定投诉"),
    ],
)
def test_complaint_clocks_start_from_12315_alone(
    platform: str, formal: tuple[str, ...], now: str, clock_id: str, state: str, in_note: str
) -> None:
    kind = "post" if platform == "微博" else "complaint"
    posts = post("2026-09-08 12:20", platform=platform, kind=kind)
    row = clock(run(posts, now=now, own=(), formal=formal), clock_id)
    assert (row["state"], in_note in note(row)) == (state, True), note(row)
    assert (row["due"] is None) == (platform != "12315平台")


def test_a_story_from_before_the_rule_is_not_judged_by_it() -> None:
    row = clock(run(post("2015-10-05 09:00"), answer("2015-10-06 20:00"), now="2015-10-20 00:00"), "D03")
    assert (row["state"], "尚未施行" in note(row)) == ("unknown", True)


def test_years_without_a_calendar_are_admitted() -> None:
    posts = post("2028-04-27 09:00", platform="12315平台", kind="complaint")
    frame = run(posts, now="2028-04-28 00:00", own=(), formal=["12315平台"])
    assert "节假日安排未收录" in note(clock(frame, "D10-2026"))


def test_run_is_a_clock_frame_and_has_no_story_without_posts() -> None:
    frame = run()
    schemas.Clock.validate(frame)
    assert frame["clock_id"].is_unique().all()
    with pytest.raises(config.LabError, match="没有帖子"):
        run(now="2026-09-01 00:00")


@pytest.mark.parametrize(
    ("given", "now", "clock_id", "start", "done", "in_note"),
    [
        ({}, "2026-09-20 00:00", "P01", "2026-09-08 12:20", None, "没有填写"),
        ({}, "2026-09-20 00:00", "P03", "2026-09-08 12:20", None, "没有填写"),
        ({"found_at": "09 09:20"}, "2026-09-20 00:00", "P01", "2026-09-08 12:20", "2026-09-09 09:20", "距首帖21小时"),
        (
            {"found_at": "08 11:20"},
            "2026-09-20 00:00",
            "P01",
            "2026-09-08 12:20",
            "2026-09-08 11:20",
            "早于首帖",
        ),
        # judged counts from found, routed from judged, and from what is known when a step was not written down
        (
            {"found_at": "09 09:20", "judged_at": "09 10:50"},
            "2026-09-20 00:00",
            "P02",
            "2026-09-09 09:20",
            "2026-09-09 10:50",
            "距发现1小时30分",
        ),
        (
            {"found_at": "09 09:20", "routed_at": "09 12:20"},
            "2026-09-20 00:00",
            "P03",
            "2026-09-09 09:20",
            "2026-09-09 12:20",
            "距发现3小时",
        ),
        # at an hour when it had not been done, it is not known to be done later
        ({"judged_at": "09 10:50"}, "2026-09-09 10:00", "P02", "2026-09-08 12:20", None, "没有填写"),
    ],
)
def test_steps_inside_the_bureau_are_known_as_far_as_written_down(
    given: dict[str, str], now: str, clock_id: str, start: str, done: str | None, in_note: str
) -> None:
    times = {k: local(f"2026-09-{v}") for k, v in given.items()}
    row = clock(run(now=now, **times), clock_id)
    assert (row["start"], row["done"]) == (local(start), local(done) if done else None)
    # no national term was found for these: without a local one nothing is called late
    assert (row["state"], row["due"], in_note in note(row)) == ("unknown", None, True), note(row)


@pytest.mark.parametrize(("judged", "state"), [("2026-09-08 13:00", "met"), ("2026-09-08 15:00", "missed")])
def test_a_local_term_makes_a_step_judged(tmp_path: Path, judged: str, state: str) -> None:
    table = GOOD.replace('applies = "other"', 'applies = "judged"').replace("= 12", "= 1")
    rules = make.rules(tmp_path, deadlines=table).deadlines
    frame = run(rules=rules, found_at=local("2026-09-08 12:30"), judged_at=local(judged))
    assert (clock(frame, "X")["state"], clock(frame, "X")["due"]) == (state, local("2026-09-08 13:30"))


# --- public incidents: where only the day is known -------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "answered", "state"),
    [
        # 鼠头鸭脖2023: 1 June, no hour; the evening of 3 June: 42 to 72 hours
        (("2023-06-01 00:00", "2023-06-01 23:59"), ("2023-06-03 18:00", "2023-06-03 23:59"), "unknown"),
        # 罐车运油2024: 2 July to the morning of 9 July
        (("2024-07-02 00:00", "2024-07-02 23:59"), ("2024-07-09 00:00", "2024-07-09 12:00"), "missed"),
        # 肇州奶茶店2022: 11 November to that evening
        (("2022-11-11 00:00", "2022-11-11 23:59"), ("2022-11-11 18:00", "2022-11-11 23:59"), "met"),
        # 丹东2024: 10 July, an answer on 11 July
        (("2024-07-10 11:27", "2024-07-10 23:59"), ("2024-07-11 00:00", "2024-07-11 23:59"), "met"),
    ],
)
def test_an_unknown_hour_stays_unknown(
    rules: pl.DataFrame, first: tuple[str, str], answered: tuple[str, str], state: str
) -> None:
    start, done = ((local(a), local(b)) for a, b in (first, answered))
    assert clocks.hold(rule(rules, "D03"), start, done, now=local("2026-01-01 00:00"), zone=ZONE).state == state


# --- the table -------------------------------------------------------------------------------------------------

GOOD = """[[rule]]
id = "X"
what = "回应"
applies = "other"
answer = "statement"
amount = 12
unit = "hours"
start = "发现"
since = 2020-01-01
basis = "本县办法"
source = "本县"
provenance = "读到"
doubt = ""
"""


def test_an_edited_table_changes_the_clock(tmp_path: Path) -> None:
    table = make.rules(tmp_path, deadlines=GOOD).deadlines
    frame = run(rules=table)
    assert clock(frame, "X")["due"] == local("2026-09-09 00:20")
