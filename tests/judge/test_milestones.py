"""Public incidents by their dates: each clock as worked out by hand, and `unknown` wherever an hour decides."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.judge import timelines
from opinion_lab.report.wording.response import deadlines, incidents
from opinion_lab.rules import SHIPPED

ZONE = ZoneInfo("Asia/Shanghai")


def said(facts: list[dict[str, Any]]) -> str:
    return incidents.sentences(facts, zone=ZONE)


def notes(rows: pl.DataFrame) -> str:
    return "".join(deadlines.table(rows, zone=ZONE)["note"])


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.fixture(scope="module")
def archive() -> dict[str, timelines.Incident]:
    return SHIPPED.incidents


@pytest.fixture(scope="module")
def rules() -> pl.DataFrame:
    return SHIPPED.deadlines


@pytest.mark.parametrize(
    ("when", "first", "last"),
    [
        ("2017-08-25 17:16", "2017-08-25 17:16:00", "2017-08-25 17:16:59"),
        ("2019-04-09 约11:00", "2019-04-09 10:00:00", "2019-04-09 12:00:00"),
        ("2019-04-13 凌晨", "2019-04-13 00:00:00", "2019-04-13 05:59:59"),
        ("2024-07-09 上午", "2024-07-09 00:00:00", "2024-07-09 11:59:59"),
        ("2023-06-03 晚", "2023-06-03 17:00:00", "2023-06-03 23:59:59"),
        ("2023-06-01", "2023-06-01 00:00:00", "2023-06-01 23:59:59"),
        ("2015-10 下旬", "2015-10-21 00:00:00", "2015-10-31 23:59:59"),
        ("2022-02 下旬", "2022-02-21 00:00:00", "2022-02-28 23:59:59"),
        ("2021-12", "2021-12-01 00:00:00", "2021-12-31 23:59:59"),
        ("2015-10-06/2015-10-08", "2015-10-06 00:00:00", "2015-10-08 23:59:59"),
        ("2024-07-10 11:17/2024-07-10 11:27", "2024-07-10 11:17:00", "2024-07-10 11:27:59"),
    ],
)
def test_a_time_is_all_the_moments_it_can_mean(when: str, first: str, last: str) -> None:
    assert timelines.span(when, ZONE) == (local(first), local(last))


@pytest.mark.parametrize("when", ["2023", "2023-06 晚", "2023-06-01 傍晚", "6月1日", "2023-13-01", "2023-06-31"])
def test_what_cannot_be_read_is_refused(when: str) -> None:
    with pytest.raises(ValueError):
        timelines.span(when, ZONE)


# For each incident, from the dates of its first sighting and of the first official answer:
#   48 h (D03), 48 h for the regulator's own first answer where somebody else spoke first (D03-R),
#   5 h if it were 特别重大 or 重大 (D01); u = unknown, - = no such row
CLOCKS = {
    "青岛大虾2015": ("u", "-", "u"),  # October 2015: before the rules of 2016
    "海底捞后厨2017": ("u", "-", "u"),  # 25 August, morning; “about 26 August”: 0 to 72 hours
    "西安奔驰2019": ("u", "-", "missed"),  # 11 April; before dawn of 13 April: 24 to 54 hours
    "榆林芹菜案2022": ("met", "-", "u"),  # 27 August; 27 or 28 August: less than 48 hours
    "肇州奶茶店2022": ("met", "-", "u"),  # 11 November; that evening: less than 24 hours
    "鼠头鸭脖2023": ("u", "missed", "missed"),  # 1 June; evening of 3 June: 41 to 72; the regulator on 4 June: above 48
    "罐车运油2024": ("missed", "-", "missed"),  # 2 July; morning of 9 July: more than six days
    "丹东元宝区2024": ("met", "-", "u"),  # 10 July; 11 July: less than 48 hours
    "三只羊月饼2024": ("u", "u", "u"),  # nobody wrote when it was first seen
}


@pytest.mark.parametrize("name", CLOCKS)
def test_each_incident_gets_the_clocks_that_its_dates_imply(
    name: str, archive: dict[str, timelines.Incident], rules: pl.DataFrame
) -> None:
    def states(severe: bool | None) -> dict[str, str]:
        found = timelines.look_back(archive[name], rules, severe=severe, zone=ZONE).clocks
        schemas.Clock.validate(found)
        return {i: s if s != "unknown" else "u" for i, s in found.select("clock_id", "state").iter_rows()}

    major, other = states(True), states(False)
    assert (other["D03"], other.get("D03-R", "-"), major["D01"]) == CLOCKS[name]
    assert "D03" not in major and "D01" not in other
    unsure = states(None)
    assert unsure["D03"] == other["D03"] and unsure["D01"] == "u"
    assert major["D02"] == "u", "a press conference need not be a milestone"


def test_the_nine_are_there_and_no_more(archive: dict[str, timelines.Incident]) -> None:
    assert set(archive) == set(CLOCKS)
    assert sum(len(i.milestone) for i in archive.values()) == 50


RIGHT = {
    "鼠头鸭脖2023": ("reversed", "reversed", "stands", "stands"),
    "三只羊月饼2024": ("withdrawn", "stands", "stands", "stands", "stands"),
    "罐车运油2024": ("stands", "stands", "stands"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_is_apart_from_fast(name: str, archive: dict[str, timelines.Incident], rules: pl.DataFrame) -> None:
    past = timelines.look_back(archive[name], rules, zone=ZONE)
    assert tuple(past.answers["verdict"]) == RIGHT[name]


def test_sentences_say_what_is_not_known(archive: dict[str, timelines.Incident], rules: pl.DataFrame) -> None:
    rat = timelines.look_back(archive["鼠头鸭脖2023"], rules, zone=ZONE)
    assert "41—72小时" in said(rat.speed) and "15—17天" in said(rat.speed)
    assert "学校官微的说法后来被联合调查组推翻（2023-06-17）" in said(rat.correctness)
    car = timelines.look_back(archive["西安奔驰2019"], rules, zone=ZONE)
    assert "正式投诉比首发早36—62小时" in said(car.speed)
    assert "尚未施行" in notes(car.clocks.filter(pl.col("clock_id") == "D10-2020"))
    shrimp = timelines.look_back(archive["青岛大虾2015"], rules, zone=ZONE)
    assert "尚未施行" in notes(shrimp.clocks.head(1))
    assert "若按该规定；首发到回应0—48小时；达标（限48小时）" in notes(shrimp.clocks)
    office = timelines.look_back(archive["丹东元宝区2024"], rules, zone=ZONE)
    assert said(office.correctness) == "没有见到官方说法被推翻；最终结果未读到"
    assert said(office.outcome) == "最终结果未读到"
    assert "首发时间未读到" in said(timelines.look_back(archive["三只羊月饼2024"], rules, zone=ZONE).speed)


def test_every_milestone_has_its_source_and_says_no_more_than_it(archive: dict[str, timelines.Incident]) -> None:
    parts = {"分": 60 * 11, "时": 7200, "半日": 43_200, "日": 86_400 * 3, "旬": 86_400 * 11, "月": 86_400 * 93}
    for incident in archive.values():
        for m in incident.milestone:
            assert m.source.startswith("http") or "未留网址" in m.source
            first, last = timelines.span(m.when, ZONE)
            assert (last - first).total_seconds() <= parts[m.precision], m.when
    assert not any("某" in m.fact + m.body for i in archive.values() for m in i.milestone), "no person is named"


def test_an_incident_is_picked_by_a_word_of_its_name(archive: dict[str, timelines.Incident]) -> None:
    assert timelines.pick(archive, "鼠头").name == "鼠头鸭脖2023"
    for wrong, why in (("2024", "有几件"), ("火星基地", "没有"), ("", "有几件")):
        with pytest.raises(config.LabError, match=f"{why}.*罐车运油2024"):
            timelines.pick(archive, wrong)
