"""Live alerts: nothing from the future, one matter told once, the budget, quiet hours, annual peaks, sure of what."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from opinion_lab.analyse import trends
from opinion_lab.analyse.trends import alerts, annual_peaks, baseline, bursts, online_baseline
from opinion_lab.config import LabError
from opinion_lab.report.documents import keys
from opinion_lab.report.wording import courses
from opinion_lab.rules import SHIPPED

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 6, 30, 16, tzinfo=UTC)  # midnight of Tuesday 1 July 2025: no holiday until October
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def counts(days: int, loud: dict[str, list[tuple[int, int, int]]], *, keys: int = 6, start: datetime = START, rate=3.0):
    """Posts of calm keys a, b, c …, louder by (first hour, hours, posts an hour more): rows and their counts."""
    random = np.random.default_rng(5)
    rows = []
    for key in "abcdefgh"[:keys]:
        n = random.poisson(rate * (1 + 0.8 * np.cos((np.arange(days * 24) % 24 - 15) / 24 * 2 * np.pi)))
        for first, hours, more in loud.get(key, []):
            n[first : first + hours] += more
        rows += [(key, start + h * HOUR) for h, c in enumerate(n) for _ in range(c)]
    posts = pl.DataFrame(rows, schema={"key": pl.String, "published_at": pl.Datetime("us", "UTC")}, orient="row")
    posts = posts.with_columns(post_id=pl.format("p{}", pl.int_range(pl.len())))
    until = start + days * DAY
    return posts, trends.count(posts, key="key", since=start, until=until, zone=ZONE)


def told(found: pl.DataFrame) -> list[tuple[str, datetime]]:
    return found.filter("alert").sort("raised", "key").select("key", "raised").rows()


def test_the_same_alerts_stand_whatever_comes_later() -> None:
    loud = {"a": [(24 * 12 + 9, 5, 30)], "b": [(24 * 12 + 11, 30, 12)], "c": [(24 * 20 + 3, 4, 40)]}
    posts, whole = counts(28, loud)
    behind = trends.behind(posts, key="key", zone=ZONE)
    every = told(trends.watch(whole, behind=behind, budget=1, zone=ZONE))
    assert len(every) == 3
    for days in (12.5, 13.4, 20.2, 27):
        now = START + days * DAY
        then = told(trends.watch(whole, behind=behind, budget=1, now=now, zone=ZONE))
        assert then == [(k, at) for k, at in every if at <= now]


def test_a_bin_knows_nothing_of_its_own_day() -> None:
    _, calm = counts(28, {})
    _, loud = counts(28, {"a": [(24 * 20 + 5, 10, 200)]})
    means = [next(iter(online_baseline.chunks(baseline.grid(c, zone=ZONE))))[1] for c in (calm, loud)]
    assert np.isnan(means[0][:, : 4 * 24]).all() and np.isfinite(means[0][:, 4 * 24 :]).all()
    np.testing.assert_array_equal(means[0][:, : 24 * 21], means[1][:, : 24 * 21])
    after = means[1][0, 24 * 21 :].sum() / means[0][0, 24 * 21 :].sum()
    assert 1 <= after < 1.2, "two thousand posts of one day hardly raise the week after"


def test_the_budget_is_spent_in_order_of_occurrence() -> None:
    """A stronger burst in the evening does not take back what was told in the morning: it waits for the next day."""
    loud = {"a": [(24 * 12 + 8, 3, 20)], "b": [(24 * 12 + 10, 3, 25)], "c": [(24 * 12 + 20, 9, 300)]}
    found = trends.watch(counts(16, loud)[1], budget=2, zone=ZONE)
    assert [k for k, _ in told(found)] == ["a", "b", "c"]
    raised = dict(told(found))
    assert raised["c"].astimezone(ZONE) == datetime(2025, 7, 14, tzinfo=ZONE), "still going on at midnight: told then"
    over = trends.watch(counts(16, {**loud, "c": [(24 * 12 + 13, 3, 300)]})[1], budget=2, zone=ZONE)
    assert over.filter(~pl.col("alert")).select("key", "held").rows() == [("c", "budget")]


@pytest.mark.parametrize(
    ("hour", "quiet", "raised"),
    [
        (2, (22, 7), datetime(2025, 7, 13, 7)),
        (23, (22, 7), datetime(2025, 7, 14, 7)),
        (12, (22, 7), datetime(2025, 7, 13, 13)),
        (12, (12, 14), datetime(2025, 7, 13, 14)),
        (2, None, datetime(2025, 7, 13, 3)),
    ],
)
def test_in_quiet_hours_nothing_is_told(hour: int, quiet: tuple[int, int] | None, raised: datetime) -> None:
    found = trends.watch(counts(16, {"a": [(24 * 12 + hour, 8, 40)]})[1], quiet=quiet, zone=ZONE)
    assert told(found) == [("a", raised.replace(tzinfo=ZONE).astimezone(UTC))]


def test_what_is_quiet_until_after_now_is_not_told_yet() -> None:
    found = trends.watch(counts(13, {"a": [(24 * 12 + 21, 3, 40)]})[1], quiet=(22, 7), zone=ZONE)
    assert found.select("alert", "held").rows() == [(False, "quiet")]


def shared(thread: bool) -> pl.DataFrame:
    """A month of two calm words, then one event that says both, or in whose thread each is said."""
    moments = [START + h * HOUR for h in range(0, 24 * 20, 5)]
    rows = [(f"c{i}", m, ["喷泉"] if i % 2 else ["校车"], f"c{i}") for i, m in enumerate(moments)]
    for i in range(12):
        at = START + 20 * DAY + 10 * HOUR + i * timedelta(minutes=14)
        if thread:
            rows += [(f"r{i}", at, ["喷泉"], "root"), (f"s{i}", at + HOUR, ["校车"], "root")]
        else:
            rows.append((f"r{i}", at, ["喷泉", "校车"], f"r{i}"))
    columns = {"post_id": pl.String, "published_at": pl.Datetime("us", "UTC"), "words": pl.List(pl.String)}
    return pl.DataFrame(rows, schema={**columns, "root_id": pl.String}, orient="row")


@pytest.mark.parametrize("thread", [False, True], ids=["one title", "one thread"])
def test_words_of_the_same_posts_are_one_alert(thread: bool) -> None:
    posts = shared(thread)
    behind, table = trends.behind(posts, key="words", zone=ZONE), trends.count(posts, key="words", zone=ZONE)
    found = trends.watch(table, behind=behind, zone=ZONE).filter("alert")
    assert found.height == 1 and set(found["together"][0]) == {"喷泉", "校车"}
    assert trends.watch(table, zone=ZONE).filter("alert").height == 2, "without the posts nobody can know"
    behind_it = set(found["posts"][0])
    assert behind_it and behind_it < set(posts["post_id"])
    at = posts.filter(pl.col("post_id").is_in(list(behind_it)))["published_at"]
    assert max(at.to_list()) < found["raised"][0], "the posts that were there when it was raised"


def test_a_threshold_holds_back_what_is_weaker() -> None:
    posts, table = counts(20, {"a": [(24 * 12 + 9, 5, 30)], "b": [(24 * 16 + 9, 3, 15)]})
    both = trends.watch(table, behind=trends.behind(posts, key="key", zone=ZONE), zone=ZONE)
    assert both["key"].to_list() == ["a", "b"]
    between = float(both["strength"].mean())
    assert trends.watch(table, behind=trends.behind(posts, key="key", zone=ZONE), threshold=between, zone=ZONE)[
        "key"
    ].to_list() == ["a"]


def test_repeats_within_a_day_are_one_and_later_ones_another() -> None:
    loud = {"a": [(24 * 10 + 8, 3, 40), (24 * 10 + 20, 3, 40), (24 * 14 + 8, 3, 40)]}
    assert [at.date().day for _, at in told(trends.watch(counts(16, loud)[1], zone=ZONE))] == [11, 15]


def test_an_alert_says_how_sure_and_what_would_end_it() -> None:
    found = trends.watch(counts(16, {"a": [(24 * 12 + 9, 5, 30)]})[1], zone=ZONE).row(0, named=True)
    assert 0.9 <= found["sure"] < 1
    said = found["stops"]
    assert found["expected"] < said < found["n"]


def test_false_discoveries_are_controlled_over_all_keys() -> None:
    """Of a thousand keys a few are rare by chance; the more keys there are, the rarer one must be."""
    hits = bursts.Hits(*(np.arange(3) * np.array([[1], [0], [0]])).astype(np.int64), np.array([4.3, 4.3, 6.0]))
    few, many = alerts._sure(hits, 10, 24), alerts._sure(hits, 10_000, 24)
    assert (few >= many).all() and few.min() > 0.98 and many[:2].max() < 0.5 and many[2] > 0.99
    crowd = bursts.Hits(np.arange(200), np.zeros(200, np.int64), np.ones(200, np.int64), np.full(200, 4.3))
    assert alerts._sure(crowd, 10_000, 24).min() > 0.9, "two hundred at once are not all chance"


# --- annual peaks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 3, 15), "3·15"),
        (date(2026, 3, 18), "3·15"),
        (date(2026, 3, 19), None),
        (date(2025, 1, 29), "春节"),
        (date(2026, 2, 14), "春节"),
        (date(2027, 2, 12), "春节"),
        (date(2025, 12, 31), "元旦"),
        (date(2026, 1, 2), "元旦"),
        (date(2026, 6, 18), "6·18"),
        (date(2026, 11, 11), "11·11"),
        (date(2026, 10, 8), "国庆"),
        (date(2026, 8, 1), None),
    ],
)
def test_the_shipped_table_knows_the_loud_days(day: date, name: str | None) -> None:
    peak = SHIPPED.annual_peaks.of(day)
    assert (peak.name if peak else None) == name
    assert all(p.source and p.provenance for p in SHIPPED.annual_peaks.peak)


def test_a_peak_is_held_to_last_years_and_says_so() -> None:
    """As loud at 3·15 as last year: no alert. Five times as loud: an alert that says 每年此时也高."""
    start = datetime(2024, 2, 1, 16, tzinfo=UTC)
    first = (datetime(2024, 3, 14, 16, tzinfo=UTC) - start) // HOUR
    again = (datetime(2025, 3, 14, 16, tzinfo=UTC) - start) // HOUR
    for now, alerted in ((30, False), (150, True)):
        loud = {"a": [(first + 9, 12, 30), (again + 9, 12, now)]}
        found = trends.watch(counts(420, loud, keys=1, start=start)[1], zone=ZONE).filter(
            pl.col("start").dt.year() == 2025
        )
        assert found["alert"].any() == alerted
        assert all("每年此时也高（3·15），已与去年同期相比" in why for why in courses.bursts(found, zone=ZONE)["why"])


def test_a_peak_without_a_last_year_is_less_certain() -> None:
    start = datetime(2025, 2, 9, 16, tzinfo=UTC)
    at = (datetime(2025, 3, 15, 1, tzinfo=UTC) - start) // HOUR
    table = counts(36, {"a": [(at, 6, 14)]}, start=start)[1]
    plain = trends.watch(table, peaks=annual_peaks.NONE, zone=ZONE)
    careful = trends.watch(table, zone=ZONE)
    assert plain.height == 1 and plain["why"].to_list() == [[]]
    assert careful.is_empty() or careful["strength"][0] < plain["strength"][0]


@pytest.mark.parametrize(
    ("written", "read"), [("", None), ("22-7", (22, 7)), (" 12 – 14 ", (12, 14)), ("22至7", (22, 7)), ("0-23", (0, 23))]
)
def test_quiet_hours_as_people_write_them(written: str, read: tuple[int, int] | None) -> None:
    assert keys.hours(written) == read
    with pytest.raises(LabError, match="22-7"):
        keys.hours("25-99")


# --- what there is hardly anything of ----------------------------------------------------------------------------


def hard() -> Iterator[tuple[str, list[datetime]]]:
    yield "one post", [START]
    yield "ten thousand identical", [START] * 10_000
    yield "flat", [START + h * HOUR for h in range(24 * 28)]
    yield "a hole of two days", [START + h * HOUR for h in range(24 * 28) if not 240 <= h < 288 for _ in range(8)]


@pytest.mark.parametrize(("name", "moments"), [pytest.param(*case, id=case[0]) for case in hard()])
def test_nothing_is_made_of_nothing(name: str, moments: list[datetime]) -> None:
    posts = pl.DataFrame({"published_at": pl.Series(moments, dtype=pl.Datetime("us", "UTC"))})
    posts = posts.with_columns(key=pl.lit("k"), post_id=pl.int_range(pl.len()).cast(pl.String))
    table = trends.count(posts, key="key", holes=trends.holes(posts, zone=ZONE), zone=ZONE)
    found = trends.watch(table, behind=trends.behind(posts, key="key", zone=ZONE), zone=ZONE)
    assert found.is_empty(), name
    assert trends.changes(table, zone=ZONE)["times"].drop_nulls().is_between(0.9, 1.1).all(), name
    assert trends.lively(trends.behind(posts, key="key", zone=ZONE))["post_id"].n_unique() in (0, len(moments))


def test_posts_without_times_are_said() -> None:
    posts = pl.DataFrame(
        {"published_at": [None], "key": ["k"]}, schema={"published_at": pl.Datetime("us", "UTC"), "key": pl.String}
    )
    with pytest.raises(LabError, match="1 条帖文都没有时间"):
        trends.behind(posts, key="key", zone=ZONE)
