"""When sources are visited, how they fare, what may be lost between visits: on ledgers written by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.collect import visits
from opinion_lab.collect.visits import intervals
from opinion_lab.storage.ledger.visits import MEASURES, TEXTS

NOW = datetime(2026, 9, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B, C = visits.BOUNDS["A"], visits.BOUNDS["B"], visits.BOUNDS["C"]
TIME = pl.Datetime("us", "UTC")


def past(*rows: dict[str, Any]) -> pl.DataFrame:
    """Visits as the ledger gives them; `ago` in hours, a good one of 20 items unless said."""
    given = [
        {"source_id": "s", "status": "new", "kept": 20, "note": "", **r, "at": NOW - r["ago"] * HOUR} for r in rows
    ]
    schema = dict.fromkeys(TEXTS, pl.String) | MEASURES | {"at": TIME, "retry_at": TIME}
    return pl.DataFrame([{c: row.get(c) for c in schema} for row in given], schema=schema)


def failed(ago: float, note: str) -> dict[str, Any]:
    return {"ago": ago, "status": "failed", "kept": None, "note": note}


def every(hours: float, shared: int, days: int = 14) -> pl.DataFrame:
    """Good visits at a steady pace, each sharing so many of 20 items with the one before, the last one just now."""
    n = int(24 * days / hours)
    first = {"ago": n * hours, "shared": None}
    return past(first, *({"ago": i * hours, "shared": shared} for i in range(n - 1, -1, -1)))


def source(name: str = "s", tier: str = "A", pin: Any = "") -> config.Source:
    return config.Source(id=name, kind="feed", url="http://x", platform="p", tier=tier, pin=pin)


@pytest.mark.parametrize(
    ("tier", "hours_ago", "due"),
    [("A", 1.0, True), ("A", 0.9, False), ("B", 6.0, True), ("B", 5.9, False), ("C", 24.0, True), ("C", 23.0, False)],
)
def test_a_new_source_is_visited_as_its_tier_says(tier: str, hours_ago: float, due: bool) -> None:
    assert bool(visits.due([source(tier=tier)], past({"ago": hours_ago}), NOW)) is due


def test_longest_overdue_first() -> None:
    last = past({"source_id": "a", "ago": 3}, {"source_id": "c", "ago": 40})
    order = visits.due([source("a"), source("new", "C"), source("c", "C")], last, NOW)
    assert [due.source.id for due in order] == ["new", "c", "a"]
    with pytest.raises(config.LabError, match="tier"):
        visits.due([source("x", "Z")], past(), NOW)


def test_a_pin_goes_before_the_grade_and_the_grade_before_the_beginning() -> None:
    assert visits.tier_of(source(tier="C"), {}) == "C"
    assert visits.tier_of(source(tier="C"), {"s": "A"}) == "A"
    assert visits.tier_of(source(tier="C", pin="B"), {"s": "A"}) == "B"


@pytest.mark.parametrize(
    ("past_", "bounds", "low", "high"),
    [
        (every(1, 20), A, 6, 6),  # nothing ever new: as long as the tier allows
        (every(1, 10), A, 0.95, 1.05),  # half is new in an hour: stay
        (every(1, 16), A, 2.9, 3.3),  # a fifth in an hour, half in three
        (every(6, 2), B, 1.5, 2.2),  # nine tenths lost in six hours: half in less than two
        (every(24, 0), C, 0.17, 12.1),  # nothing shared in a day: a slow tier too comes sooner
        (every(0.2, 1), A, 1 / 6, 1 / 6),  # however fast: ten minutes
    ],
    ids=["still", "half", "slow", "fast", "lost", "torrent"],
)
def test_the_interval_adapts_to_what_two_visits_share(
    past_: pl.DataFrame, bounds: visits.Tier, low: float, high: float
) -> None:
    assert low - 0.01 <= intervals._interval(past_, bounds) / HOUR <= high + 0.01


def test_nights_are_quiet_by_the_lab_s_own_clock() -> None:
    """Half of the list is new in an hour by day, nothing from midnight to seven; 8:00 UTC is 16:00 in Shanghai."""
    zone = ZoneInfo("Asia/Shanghai")
    rows = []
    for i in range(24 * 14, -1, -1):
        hour = (NOW - i * HOUR).astimezone(zone).hour
        rows.append({"ago": i, "shared": 20 if 1 <= hour <= 7 else 10})
    assert intervals._interval(past(*rows), A, zone) / HOUR == pytest.approx(1, abs=0.1)
    at_one = [r for r in rows if r["ago"] >= 15]  # the last visit at 1:00 in Shanghai
    assert intervals._interval(past(*at_one), A, zone) / HOUR == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize(
    ("notes", "hours"),
    [
        (["status 404"], 2),  # hard: twice as long
        (["status 404", "tls x"], 4),
        (["too_large 10"], 1),  # half a failure
        (["too_large 10"] * 2, 2),
        (["unreachable x"] * 4, 2),  # passing ones count a quarter
        (["status 503"] * 4, 2),
        (["robots"] * 9, 24),  # never longer than a day
    ],
)
def test_failures_slow_visits_down(notes: list[str], hours: float) -> None:
    rows = [{"ago": 50}, *(failed(40 - i, note) for i, note in enumerate(notes))]
    assert intervals._interval(past(*rows), A) / HOUR == pytest.approx(hours)
    assert intervals._interval(past(*rows, {"ago": 0}), A) / HOUR == pytest.approx(1)  # a good one makes up for all


STEADY = [{"ago": 5 * i, "shared": 15} for i in range(20, 0, -1)]


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([], "unvisited"),
        (STEADY, "alive"),
        ([*STEADY, failed(1, "unreachable x")], "alive"),  # one passing failure is none
        ([*STEADY, *(failed(1 - i / 10, "unreachable x") for i in range(4))], "failing"),
        ([*STEADY, failed(1, "status 404")], "failing"),
        ([*STEADY, failed(1, "status 403")], "closed"),
        ([*STEADY, failed(1, "robots")], "closed"),
        ([*STEADY, failed(1, "status 403"), {"ago": 0.5, "shared": 15}], "alive"),
        ([*STEADY, {"ago": 1, "kept": 0}], "empty"),
        ([*STEADY, {"ago": 1, "shared": 15, "undated": 20}], "undated"),
        ([*STEADY, {"ago": 1, "shared": 15, "moved_to": "http://y/"}], "moved"),
        # something new every five hours; nothing for a day and more, though it answers
        ([*({**r, "ago": r["ago"] + 30} for r in STEADY), {"ago": 1, "shared": 20}], "silent"),
        ([*({**r, "ago": r["ago"] + 10} for r in STEADY), {"ago": 1, "shared": 20}], "alive"),
        # something new once in two days: four days without are its habit
        ([*({"ago": 48 * i + 96, "shared": 15} for i in range(12, -1, -1)), {"ago": 1, "shared": 20}], "alive"),
    ],
)
def test_states(rows: list[dict[str, Any]], state: str) -> None:
    assert visits.states([source()], past(*rows), NOW)["state"].to_list() == [state]


def test_holes_have_a_beginning_and_an_end() -> None:
    rows = [
        {"ago": 30},
        {"ago": 20, "shared": 0},
        {"ago": 19, "shared": 4},
        failed(5, "status 500"),
        {"ago": 4, "shared": 0},
    ]
    rows += [failed(3, "status 404")]
    held = visits.holes(past(*rows), NOW)
    assert held["why"].to_list() == ["nothing_shared", "nothing_shared", "failing"]
    spans = [((NOW - s) / HOUR, (NOW - e) / HOUR) for s, e in held.select("start", "end").iter_rows()]
    assert spans == [(30, 20), (19, 4), (4, 0)]
    assert visits.holes(past(*STEADY), NOW).is_empty()


def posts(*rows: tuple[str, int, bool, int]) -> pl.DataFrame:
    """Posts of a source: on which day of September, relevant or not, how many comments."""
    made = [
        {
            "post_id": f"p{i}",
            "source_id": s,
            "day": date(2026, 9, day),
            "relevant": relevant,
            "comments": n,
            "reposts": None,
        }
        for i, (s, day, relevant, n) in enumerate(rows)
    ]
    whole = {"comments": pl.Int64, "reposts": pl.Int64}
    return pl.DataFrame(made, schema_overrides=whole)


MONTH = [("s", 1, False, 0), ("s", 28, False, 0)]
STORIES = pl.DataFrame({"post_id": [f"p{i}" for i in range(2, 6)], "story_id": ["s_1", "s_2", "s_3", "s_4"]})


@pytest.mark.parametrize(
    ("rows", "stories", "rule", "tier"),
    [
        ([*MONTH, *[("s", 5, True, 0)] * 28], None, "relevant_posts", "A"),
        ([*MONTH, *[("s", 5, True, 0)] * 4], STORIES, "stories", "A"),
        ([*MONTH, ("s", 5, True, 30)], None, "participation", "A"),
        ([*MONTH, ("s", 5, True, 1)], None, "some_relevant", "B"),
        (MONTH, None, "nothing_relevant", "C"),
        (MONTH[:1], None, "starting", "B"),
        ([("other", 1, True, 0)], None, "starting", "B"),
    ],
)
def test_the_tier_has_a_reason(
    rows: list[tuple[str, int, bool, int]], stories: pl.DataFrame | None, rule: str, tier: str
) -> None:
    told = STORIES.clear() if stories is None else stories
    (reason,) = visits.grade([source(tier="B")], posts(*rows), told).values()
    assert (reason["rule"], reason["level"]) == (rule, tier)


def test_overlap_is_by_id_then_address_then_title() -> None:
    def items(*keys: dict[str, str]) -> pl.DataFrame:
        columns = ("native_id", "url", "title")
        return pl.DataFrame([{c: k.get(c) for c in columns} for k in keys], schema=dict.fromkeys(columns, pl.String))

    before = items({"native_id": "1"}, {"url": "http://x/2"}, {"title": "三"}, {"title": "三"})
    now = items({"native_id": "1", "title": "改了"}, {"url": "http://x/2"}, {"title": "三"}, {"title": "四"})
    assert visits.overlap(now, before) == 3
    assert visits.overlap(schemas.empty(schemas.RawItem), before) == 0
