"""Steps of a case: the table lets them through or says in Chinese what may be done instead; terms in working days."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import pytest

from opinion_lab.cases import states, terms
from opinion_lab.config import LabError
from opinion_lab.rules import SHIPPED
from opinion_lab.storage.journal.cases import EVENT

TABLE = SHIPPED.case_states
ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 9, 8, 1, tzinfo=UTC)
ASSIGN = ("assign", "办公室", {"lead": "食品科", "support": ["城关所"]})
ACCEPT = ("accept", "食品科", {})
FEEDBACK = ("feedback", "食品科", {"feedback": "9月9日检查，下架3盒，已告知本人"})
ANSWER = ("answer", "办公室", {"answer": "9月10日电话答复"})
CLOSE = ("close", "办公室", {"outcome": "查实已处理"})
BACK = ("return", "食品科", {"why": "属计量"})


def run(*steps: tuple[str, str, dict], kind: str = "web") -> dict:
    """The case after these steps, an hour apart, each held against the table first."""
    rows = [("register", "值班员", {"title": "酸奶过期", "kind": kind, "origin": "paper"})]
    for step in (*steps, None):
        lines = [
            (n, "2026-0001", event, who, START + timedelta(hours=n), START, orjson.dumps(details).decode())
            for n, (event, who, details) in enumerate(rows)
        ]
        case = states.fold(pl.DataFrame(lines, schema=EVENT, orient="row"), TABLE).row(0, named=True)
        if step is not None:
            states.check(case, *step, TABLE)
            rows.append(step)
    return case


def test_from_the_desk_to_the_section_and_back() -> None:
    case = run(ASSIGN, ACCEPT, FEEDBACK, ANSWER, CLOSE)
    assert case["state"] == "closed" and case["lead"] == "食品科" and case["support"] == ["城关所"]
    times = ("registered_at", "assigned_at", "accepted_at", "feedback_at", "answered_at", "closed_at")
    assert [case[column] for column in times] == [START + timedelta(hours=n) for n in range(6)]


@pytest.mark.parametrize(
    ("steps", "step", "says"),
    [
        ((), CLOSE, "现在可以：交办（assign）、认定职责外（decline）"),
        ((), ACCEPT, "不能签收"),
        ((ASSIGN,), ASSIGN, "不能交办"),  # it is on a section's desk: only that section may give it back
        ((ASSIGN,), FEEDBACK, "不能反馈"),
        ((ASSIGN,), ("accept", "计量科", {}), "只有承办单位（食品科、城关所）可以签收"),
        ((ASSIGN,), ("return", "食品科", {}), "退回还缺：理由"),
        ((ASSIGN, BACK), ("assign", "食品科", {"lead": "计量科"}), "交办由职务里有"),  # never forwarded by a section
        ((ASSIGN, ACCEPT, FEEDBACK), ("answer", "食品科", {"answer": "已答复"}), "不能自己审核并答复"),
        ((ASSIGN, ACCEPT, FEEDBACK), ("answer", "办公室", {}), "还缺：怎样答复"),
        ((ASSIGN, ACCEPT, FEEDBACK, ANSWER), ("close", "食品科", {"outcome": "不属实"}), "不能自己办结"),
        ((ASSIGN, ACCEPT, FEEDBACK, ANSWER), ("close", "办公室", {"outcome": "好了"}), "应为 查实已处理、"),
        ((ASSIGN, ACCEPT, FEEDBACK, ANSWER, CLOSE), ("supervise", "督查岗", {"why": "批示"}), "现在是“办结”"),
        ((ASSIGN,), ("forward", "办公室", {}), "没有“forward”这一步"),
        ((ASSIGN,), ("accept", " ", {}), "--by"),
    ],
)  # fmt: skip
def test_a_forbidden_step_is_refused_and_says_what_is_open(steps: tuple, step: tuple, says: str) -> None:
    with pytest.raises(LabError) as refused:
        run(*steps, step)
    assert says in str(refused.value)


def test_what_is_given_back_is_counted_and_begins_anew_with_the_next_section() -> None:
    case = run(ASSIGN, ACCEPT, BACK, ("assign", "办公室", {"lead": "计量科"}))
    assert (case["state"], case["returns"], case["lead"], case["support"]) == ("assigned", 1, "计量科", [])
    assert case["accepted_at"] is None and case["routed_at"] < case["assigned_at"]


def test_what_is_sent_back_is_no_longer_reported() -> None:
    case = run(ASSIGN, ACCEPT, FEEDBACK, ("redo", "办公室", {"why": "未写是否联系本人"}))
    assert (case["state"], case["redone"], case["feedback_at"]) == ("working", 1, None)


def test_supervision_and_notes_leave_the_state() -> None:
    case = run(ASSIGN, ("supervise", "分管领导", {"why": "批示"}), ("note", "舆情岗", {"why": "联系不上3次"}))
    assert case["state"] == "assigned" and case["supervised"]


@pytest.mark.parametrize("step", TABLE.step, ids=lambda step: step.event)
def test_every_step_has_a_source_and_can_be_reached(step) -> None:
    assert step.source and step.provenance
    reachable, before = {"pending"}, set()
    while reachable != before:
        before = set(reachable)
        reachable |= {s.to for s in TABLE.step if s.to and (not s.since or reachable & {*s.since})}
    assert not step.since or reachable & {*step.since}


@pytest.mark.parametrize(
    ("kind", "due", "legal"),
    [
        ("web", "2026-10-08", None),  # 29 and 30 September, then the holiday, then 8 October
        ("complaint_12315", "2026-10-08", "2026-10-13"),  # Saturday the 10th is worked
        ("report_12315", "2026-10-08", "2026-10-23"),
        ("order_12345", "2026-10-08", None),  # D22 has no number until the bureau writes its own
    ],
)
def test_terms_run_on_the_chinese_calendar_and_by_law_only_from_formal_ways(
    kind: str, due: str, legal: str | None
) -> None:
    at = datetime(2026, 9, 28, 2, tzinfo=UTC)
    counted = terms.of(TABLE.kinds[kind], at, at, SHIPPED.deadlines, ZONE)
    days = [
        t and f"{datetime.fromisoformat(t).astimezone(ZONE):%Y-%m-%d}" for t in (counted["due"], counted["legal_due"])
    ]
    assert days == [due, legal], counted
