"""Orders as a hotline hands them over, through the import: whose term it is, when it is over, what is late.

Each due day was counted by hand on the State Council's calendar: National Day 1-8 October 2025 (28 September and 11
October worked), New Year 1-3 January 2026 (4 January worked), Spring Festival 15-23 February 2026 (14 and 28 February
worked).
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import xlsxwriter

import opinion_lab
from opinion_lab.cases import terms
from opinion_lab.collect import importer
from opinion_lab.config import LabError
from opinion_lab.lab import Lab
from opinion_lab.rules import SHIPPED

ZONE = ZoneInfo("Asia/Shanghai")
HEADS = ("工单编号", "来电时间", "受理时间", "截止时间", "诉求内容", "承办单位", "办结时间", "是否满意")
SAID = "反映城关镇某超市散装花生油标价与结账价不一致，要求核查"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("kind", "handed", "due", "legal"),
    [
        # three working days for the section; the law: 7 for a complaint, 15 for a report, none for hotline or web
        ("order_12345", "2025-09-26 16:00", "2025-09-30", None),  # Sunday the 28th is worked
        ("order_12345", "2025-09-29 09:00", "2025-10-10", None),  # 30, then 9 and 10 October
        ("order_12345", "2025-10-10 17:59", "2025-10-14", None),  # Saturday the 11th is worked
        ("order_12345", "2026-02-13 10:00", "2026-02-25", None),  # Saturday the 14th, then 24 and 25
        ("order_12345", "2026-02-26 10:00", "2026-03-02", None),  # 27, Saturday the 28th, Monday
        ("complaint_12315", "2025-12-30 11:00", "2026-01-05", "2026-01-09"),  # 31, Sunday the 4th, 5 ... 9
        ("complaint_12315", "2026-02-10 23:30", "2026-02-13", "2026-02-26"),  # 11-14, 24-26
        ("report_12315", "2026-02-10 08:00", "2026-02-13", "2026-03-09"),  # 11-14, 24-28, 2-6 and 9 March
        ("web", "2026-02-14 08:00", "2026-02-26", None),  # a worked Saturday does not count as the first day
    ],
)  # fmt: skip
def test_terms_over_holidays(kind: str, handed: str, due: str, legal: str | None) -> None:
    counted = terms.of(SHIPPED.case_states.kinds[kind], at(handed), at(handed), SHIPPED.deadlines, ZONE)
    days = [
        t and f"{datetime.fromisoformat(t).astimezone(ZONE):%Y-%m-%d}" for t in (counted["due"], counted["legal_due"])
    ]
    assert days == [due, legal]
    ends = [datetime.fromisoformat(t).astimezone(ZONE) for t in (counted["due"], counted["legal_due"]) if t]
    assert all(f"{end:%H:%M}" in ("23:59", "00:00") for end in ends), "a term in days ends with its day"


#: What the hotline's file says of an order -> its term as the lab has it, whether it is late on 2026-03-02.
ORDERS = {
    "a whole moment": (("2026-02-26 18:00", None), "2026-02-26 18:00", True),
    "a day ends with its day": (("2026-02-24", "2026-02-24 09:00"), "2026-02-24 23:59", False),
    "the morning after is late": (("2026-02-24", "2026-02-25 00:05"), "2026-02-24 23:59", True),
    "closed on the day, without an hour": (("2026/2/24", "2026/2/24"), "2026-02-24 23:59", False),
    "working days from taking up": (("5个工作日", "2026-02-27 20:00"), "2026-02-27 23:59", False),
    "days": (("11天内", "2026-02-25 08:00"), "2026-02-24 23:59", True),
    "a last day that is a holiday moves": (("3日", "2026-02-24 18:00"), "2026-02-24 23:59", False),
    "hours run from the minute": (("24小时", "2026-02-14 10:00"), "2026-02-14 09:00", True),
    "none": ((None, "2026-02-25"), None, None),
    "not to be read": (("尽快", "2026-02-25"), None, None),
    "the night before the term": (("2026-03-03", None), "2026-03-03 23:59", False),
}


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab whose hotline file has these orders; all were taken up on Friday 13 February 2026 at nine."""
    root = tmp_path_factory.mktemp("orders")
    (root / "lab.toml").write_text('organisation = "云溪县市场监督管理局"\n', encoding="utf-8")
    with xlsxwriter.Workbook(root / "x.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADS)
        for n, (said, _, _) in enumerate(ORDERS.values(), 1):
            row = (
                f"G{n}",
                "2026-02-13 08:30",
                "2026-02-13 09:00",
                said[0],
                f"{SAID}，第{n}件",
                "食品科",
                said[1],
                "满意",
            )
            page.write_row(n, 0, row)
    lab = opinion_lab.open(root)
    importer.import_files(lab.store, [root / "x.xlsx"], "work-orders", now=at("2026-03-01 08:00").astimezone(UTC))
    lab.update(progress=False)
    return lab


@pytest.mark.parametrize("name", ORDERS)
def test_the_hotlines_own_terms(name: str, handed: Lab) -> None:
    _, due, late = ORDERS[name]
    cases = handed.as_of(at("2026-03-02 10:00")).cases.all()
    row = cases.filter(pl.col("order_no") == f"G{list(ORDERS).index(name) + 1}").row(0, named=True)
    assert (row["due"] and f"{row['due'].astimezone(ZONE):%Y-%m-%d %H:%M}", row["late"]) == (due, late)


def test_a_section_has_no_longer_than_the_hotline_gives_and_may_be_given_more_in_time(handed: Lab) -> None:
    do, numbers = handed.cases.step, dict(handed.cases.all().select("order_no", "case_id").iter_rows())
    number = numbers["G11"]  # due on 3 March: handed over before the holidays, the section would have until 25 February
    do(number, "accept", who="食品科", at=at("2026-02-13 10:00"))
    do(number, "return", who="食品科", why="属计量", at=at("2026-02-28 10:00"))
    case = do(number, "assign", who="办公室", lead="计量科", at=at("2026-02-28 11:00"))
    assert f"{case['due'].astimezone(ZONE):%m-%d %H:%M}" == "03-03 23:59", "not 4 March, three working days on"
    do(number, "accept", who="计量科", at=at("2026-02-28 12:00"))
    with pytest.raises(LabError, match="应晚于原期限"):
        do(number, "extend", who="办公室", why="送检", due=at("2026-03-02 18:00"), at=at("2026-03-01 09:00"))
    with pytest.raises(LabError, match="不能自己延期"):
        do(number, "extend", who="计量科", why="送检", due=at("2026-03-10 18:00"), at=at("2026-03-01 09:00"))
    case = do(number, "extend", who="办公室", why="送检", due=at("2026-03-10 18:00"), at=at("2026-03-01 09:00"))
    assert (case["extensions"], f"{case['due'].astimezone(ZONE):%m-%d}") == (1, "03-10")
    late = {d: handed.as_of(at(d)).cases.all().filter(case_id=number)["late"][0] for d in ("2026-03-09", "2026-03-11")}
    assert late == {"2026-03-09": False, "2026-03-11": True}
    with pytest.raises(LabError, match="已过"):
        do(number, "extend", who="办公室", why="送检", due=at("2026-03-20 18:00"), at=at("2026-03-11 09:00"))
