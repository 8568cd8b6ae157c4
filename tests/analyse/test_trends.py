"""Counts, holes, what is usual, what is not, which words rise: tables of cases, planted bursts, real hot lists."""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from scipy import stats

from opinion_lab import schemas
from opinion_lab.analyse import trends
from opinion_lab.analyse.trends import alerts, annual_peaks, baseline, bursts
from opinion_lab.config import LabError
from opinion_lab.prepare import tokens
from opinion_lab.report.wording import courses

ZONE = ZoneInfo("Asia/Shanghai")

START = datetime(2025, 3, 2, 16, tzinfo=UTC)  # midnight of Monday 3 March 2025 in the zone; no holiday for a month
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def posts(moments: Sequence[datetime | None], **columns: object) -> pl.DataFrame:
    times = pl.Series(moments, dtype=pl.Datetime("us", "UTC"))
    frame = pl.DataFrame({"published_at": times}).with_row_index("i")
    frame = frame.with_columns(post_id=pl.format("p{}", pl.col("i")), copy_of=pl.lit(None, pl.String)).drop("i")
    return frame.with_columns(**{k: v if isinstance(v, pl.Series) else pl.lit(v) for k, v in columns.items()})


def from_rates(n: np.ndarray, key: str = "k", **columns: object) -> pl.DataFrame:
    """That many posts in each hour from START."""
    moments = [START + h * HOUR + i * timedelta(seconds=1) for h, c in enumerate(n) for i in range(int(c))]
    return posts(moments, key=key, **columns)


def rhythm(days: int, rate: float, seed: int = 0) -> np.ndarray:
    hours = np.arange(days * 24)
    return np.random.default_rng(seed).poisson(rate * (1 + 0.8 * np.cos((hours % 24 - 15) / 24 * 2 * np.pi)))


# --- count -----------------------------------------------------------------------------------------------------


def test_count_has_every_bin_of_every_key() -> None:
    frame = posts([START, START + 3 * HOUR, START + 3 * HOUR], key=pl.Series(["b", "a", "a"]))
    counts = trends.count(frame, key="key", zone=ZONE)
    assert counts.select("key", "n").rows() == [("a", 0), ("a", 0), ("a", 0), ("a", 2)] + [("b", 1)] + [("b", 0)] * 3
    assert counts["bin"][:4].to_list() == [START + h * HOUR for h in range(4)]
    assert counts["expected"].null_count() == 8  # four hours say nothing about what is usual
    schemas.Count.validate(counts)


@pytest.mark.parametrize(
    ("every", "moment", "bin_start"),
    [
        ("1h", datetime(2025, 3, 5, 1, 59, tzinfo=UTC), datetime(2025, 3, 5, 1, tzinfo=UTC)),
        ("15m", datetime(2025, 3, 5, 1, 59, tzinfo=UTC), datetime(2025, 3, 5, 1, 45, tzinfo=UTC)),
        ("6h", datetime(2025, 3, 5, 1, 59, tzinfo=UTC), datetime(2025, 3, 4, 22, tzinfo=UTC)),  # 6:00 in the zone
        ("1d", datetime(2025, 3, 5, 15, 59, tzinfo=UTC), datetime(2025, 3, 4, 16, tzinfo=UTC)),  # its midnight
        ("1d", datetime(2025, 3, 5, 16, 0, tzinfo=UTC), datetime(2025, 3, 5, 16, tzinfo=UTC)),
        ("1w", datetime(2025, 3, 9, 15, 59, tzinfo=UTC), START),  # Sunday evening belongs to the week of Monday
    ],
)
def test_bins_begin_where_the_zone_says(every: str, moment: datetime, bin_start: datetime) -> None:
    assert trends.count(posts([moment], key="k"), key="key", every=every, zone=ZONE)["bin"].to_list() == [bin_start]


def test_count_of_a_list_counts_each_entry_once_a_post() -> None:
    frame = posts([START, START], tokens=pl.Series([["食堂", "食堂", "异物"], ["食堂"]]))
    assert trends.count(frame, key="tokens", zone=ZONE).select("key", "n").rows() == [("异物", 1), ("食堂", 2)]
    assert trends.count(frame, key="tokens", min_total=2, zone=ZONE)["key"].to_list() == ["食堂"]
    assert trends.count(frame, key="tokens", min_total=3, zone=ZONE).is_empty()


def test_count_by_expression_and_of_sightings() -> None:
    seen = posts([START], text="食堂有异物").rename({"published_at": "seen_at"})
    counts = trends.count(seen, key=pl.col("text").str.contains("异物"), time="seen_at", zone=ZONE)
    assert counts.select("key", "n").rows() == [("true", 1)]


def test_a_key_that_is_not_said_is_counted_as_such() -> None:
    frame = posts([START, START], region=pl.Series(["云溪县", None]))
    assert trends.count(frame, key="region", zone=ZONE).select("key", "n").rows() == [("", 1), ("云溪县", 1)]


def test_since_and_until_set_the_bins() -> None:
    counts = trends.count(posts([START], key="k"), key="key", since=START - HOUR, until=START + 2 * HOUR, zone=ZONE)
    assert counts["n"].to_list() == [0, 1, 0]


@pytest.mark.parametrize(
    ("holes", "expected"),
    [
        ({"start": [START + HOUR], "end": [START + 3 * HOUR]}, [1, None, None, 1]),
        ({"platform": ["微博"], "start": [START + HOUR], "end": [START + 3 * HOUR]}, [1, 0, 0, 1]),  # 贴吧 went on
        (
            {"platform": ["微博", "贴吧"], "start": [START + HOUR] * 2, "end": [START + 2 * HOUR, START + 3 * HOUR]},
            [1, None, 0, 1],
        ),
        ({"start": [START], "end": [START + 4 * HOUR]}, [1, None, None, 1]),  # what is known is not taken away
    ],
)
def test_a_hole_is_missing_and_never_zero(holes: dict[str, list], expected: list[int | None]) -> None:
    frame = posts([START, START + 3 * HOUR], key="k", platform=pl.Series(["微博", "贴吧"]))
    assert trends.count(frame, key="key", holes=pl.DataFrame(holes), zone=ZONE)["n"].to_list() == expected


def test_a_hole_of_one_platform_is_that_platforms_hole() -> None:
    frame = posts([START, START + 2 * HOUR] * 2, platform=pl.Series(["微博", "微博", "贴吧", "贴吧"]))
    gap = pl.DataFrame({"platform": ["微博"], "start": [START + HOUR], "end": [START + 2 * HOUR]})
    counts = trends.count(frame, key="platform", holes=gap, zone=ZONE)
    assert counts.select("key", "n").rows()[:3] == [("微博", 1), ("微博", None), ("微博", 1)]
    assert counts.filter(pl.col("key") == "贴吧")["n"].to_list() == [1, 0, 1]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda f: trends.count(f, key="nowhere", zone=ZONE), "没有名为“nowhere”的列"),
        (lambda f: trends.count(f, key="key", time="nowhere", zone=ZONE), "没有时间列"),
        (lambda f: trends.count(f, key="key", every="hourly", zone=ZONE), "时段“hourly”看不懂"),
        (lambda f: trends.count(f, key="key", since=START + DAY, until=START, zone=ZONE), "之前没有可统计的时段"),
        (lambda f: trends.count(posts([None, None], key="k"), key="key", zone=ZONE), "2 条帖文都没有时间"),
        (lambda f: trends.holes(posts([None], platform="微博"), zone=ZONE), "1 条帖文都没有时间"),
        (lambda f: trends.rising(f, f, since=START, until=START), "请对调"),
    ],
)
def test_what_a_person_gets_wrong_is_said_in_chinese(call, said: str) -> None:
    with pytest.raises(LabError, match=said):
        call(posts([START], key="k"))


# --- what is usual ---------------------------------------------------------------------------------------------


def test_a_burst_does_not_raise_its_own_baseline() -> None:
    calm, loud = rhythm(28, 10), rhythm(28, 10)
    loud[24 * 9 + 12 : 24 * 9 + 24] += 500
    usual = [trends.count(from_rates(n), key="key", zone=ZONE)["expected"].to_numpy() for n in (calm, loud)]
    inside = slice(24 * 9 + 12, 24 * 9 + 24)
    assert usual[1][inside].sum() == pytest.approx(usual[0][inside].sum(), rel=0.1)
    assert usual[1].sum() == pytest.approx(usual[0].sum(), rel=0.1), "nor that of other weeks by much"


def test_baseline_follows_hours_and_weekdays() -> None:
    n = np.tile(np.r_[np.tile(np.r_[np.zeros(8), np.full(10, 12), np.zeros(6)], 5), np.zeros(48)], 4)
    counts = trends.count(from_rates(n), key="key", since=START, until=START + 28 * DAY, zone=ZONE)
    usual = counts["expected"].to_numpy().reshape(4, 7, 24)
    assert (usual[:, :5, 8:18] > 10).all()
    assert (usual[:, :5, [0, 1, 2, 20, 21, 22]] < 0.7).all()
    assert (usual[:, 5:, :] < 1).all()


@pytest.mark.parametrize(
    ("day", "counts_as"),
    [
        (date(2025, 9, 26), 4),  # a Friday
        (date(2025, 10, 1), 6),  # 国庆, a Wednesday: as a Sunday
        (date(2025, 9, 28), 2),  # a Sunday worked in exchange: as a Wednesday
        (date(2025, 9, 27), 5),  # a plain Saturday
        (date(2031, 10, 1), 2),  # unknown to the calendar: the plain Wednesday that it is
    ],
)
def test_calendar(day: date, counts_as: int) -> None:
    assert baseline._weekday(day)[0] == counts_as


def said(counts: pl.DataFrame) -> str:
    return courses.caveats(trends.caveats(counts, zone=ZONE))


def test_caveats_say_what_the_baseline_cannot() -> None:
    later = datetime(2031, 9, 30, tzinfo=UTC)
    assert "2031年的节假日安排尚未收录" in said(trends.count(posts([later], key="k"), key="key", zone=ZONE))
    assert "不足4天" in said(trends.count(posts([START], key="k"), key="key", zone=ZONE))
    assert "不足两周" in said(trends.count(posts([START, START + 6 * DAY], key="k"), key="key", zone=ZONE))
    gap = pl.DataFrame({"start": [START + DAY], "end": [START + 2 * DAY]})
    counts = trends.count(posts([START, START + 19 * DAY], key="k"), key="key", every="1d", holes=gap, zone=ZONE)
    assert said(counts) == "有5.0%的时段没有采集到数据，按缺失处理，不当作零。"
    assert said(counts.clear()) == "没有可统计的帖文。"


# --- what is not usual -----------------------------------------------------------------------------------------


def planted(series: int, hours: int = 2000) -> tuple[baseline.Grid, np.ndarray, np.ndarray]:
    """Series with a daily rhythm and one burst each of 3 to 8 times the rate and 6 to 24 hours: grid, starts, ends."""
    random = np.random.default_rng(7)
    hour, day = np.arange(hours) % 24, np.arange(hours) // 24
    swing, top = random.uniform(0.4, 0.9, (series, 1)), random.uniform(11, 17, (series, 1))
    rate = random.lognormal(np.log(3), 1, (series, 1)) * (1 + swing * np.cos((hour - top) / 24 * 2 * np.pi))
    rate *= np.where((day + 5) % 7 >= 5, random.uniform(0.5, 1.3, (series, 1)), 1)
    start = random.integers(hours // 2, hours - 60, series)
    end = start + random.integers(6, 25, series)
    inside = (np.arange(hours) >= start[:, None]) & (np.arange(hours) < end[:, None])
    n = random.poisson(rate * np.where(inside, random.uniform(3, 8, (series, 1)), 1)).astype(float)
    first = datetime(2023, 6, 30, 16, tzinfo=UTC)  # a summer without holidays, from a Saturday
    bins = pl.datetime_range(first, first + (hours - 1) * HOUR, "1h", eager=True).dt.cast_time_unit("us")
    return baseline.lay([f"k{i:04}" for i in range(series)], bins, n, ZONE), start, end


def test_planted_bursts_are_caught_and_few_others() -> None:
    table, start, end = planted(500)
    hits = alerts.look(table, least=trends.STRENGTH, min_n=5, peaks=annual_peaks.NONE).hits
    key, at, first = hits.key, hits.bin, np.full(500, 10_000)
    inside = (at >= start[key]) & (at <= end[key])
    np.minimum.at(first, key[inside], at[inside] - start[key[inside]])
    outside = sorted(set(zip(*(x[(at < start[key]) | (at > end[key] + 6)] for x in (key, at)), strict=True)))
    false = sum(i == 0 or k != outside[i - 1][0] or t - outside[i - 1][1] > 6 for i, (k, t) in enumerate(outside))
    assert np.mean(first < 6) >= 0.86, "share caught within six hours"
    assert np.mean(first < 3) >= 0.75, "within three; .83 is the most that anyone could who knew the true rates"
    assert false / (500 * 2000 / 168) <= 0.004, "false alarms a series-week"


def test_a_burst_is_told_whole() -> None:
    n = rhythm(28, 5)
    n[24 * 16 + 12 : 24 * 16 + 21] += 30  # Wednesday 19 March, 12:00 to 21:00
    found = trends.watch(trends.count(from_rates(n), key="key", zone=ZONE), zone=ZONE)
    assert found.height == 1
    burst = found.row(0, named=True)
    assert burst["start"].astimezone(ZONE) == datetime(2025, 3, 19, 12, tzinfo=ZONE)
    assert burst["end"].astimezone(ZONE) == datetime(2025, 3, 19, 21, tzinfo=ZONE)
    assert burst["start"] <= burst["peak"] < burst["end"]
    assert burst["n"] == n[24 * 16 + 12 : 24 * 16 + 21].sum()
    assert burst["alert"] and burst["strength"] > 6
    said = f"3月19日12时至21时出现{burst['n']}条，平时同一时段约{burst['expected']:.0f}条"
    assert courses.burst(burst, zone=ZONE) == said
    assert 30 < burst["expected"] < 80


@pytest.mark.parametrize(("n", "mean", "alpha"), [(5, 0.1, 0), (60, 20, 0), (40, 20, 0), (60, 14, 0.2), (9, 0.5, 2)])
def test_excess_is_nearly_that_of_the_exact_tail(n: int, mean: float, alpha: float) -> None:
    tail = stats.nbinom.sf(n - 1, 1 / alpha, 1 / (1 + alpha * mean)) if alpha else stats.poisson.sf(n - 1, mean)
    found = bursts.excess(np.array([n, mean, mean / 2]), np.array([mean]), np.array([alpha]))
    assert found[0] == pytest.approx(stats.norm.isf(tail), abs=0.3)
    assert found[1:].tolist() == [0, 0], "as many as usual, or fewer"


def test_the_alert_budget_is_kept_by_the_strongest() -> None:
    frames = []
    for i, size in enumerate((20, 400, 50, 150)):
        n = rhythm(21, 4, seed=i)
        n[24 * 10 + 12 : 24 * 10 + 16] += size
        frames.append(from_rates(n, key=f"k{size}"))
    counts = trends.count(pl.concat(frames), key="key", zone=ZONE)
    found = trends.watch(counts, budget=2, zone=ZONE)
    assert set(found["key"]) == {"k20", "k50", "k150", "k400"}
    assert found.filter("alert")["key"].sort().to_list() == ["k150", "k400"]
    assert not trends.watch(counts, budget=0, zone=ZONE)["alert"].any()
    shuffled = counts.sample(fraction=1, shuffle=True, seed=1)
    assert trends.watch(shuffled, budget=2, zone=ZONE).equals(found), "order of rows"


def test_now_takes_the_future_away_and_a_bin_under_way_in_part() -> None:
    n = rhythm(21, 20)
    n[24 * 20 + 12 :] += 100
    counts = trends.count(from_rates(n), key="key", zone=ZONE)
    at = START + 20 * DAY + 12 * HOUR
    assert trends.watch(counts, now=at, zone=ZONE).is_empty()
    assert trends.watch(counts, now=at + 2 * HOUR, zone=ZONE)["going_on"].to_list() == [True]
    calm = rhythm(21, 40)
    calm[-1] *= 2
    frame = from_rates(calm)
    late = START + 21 * DAY
    assert trends.watch(trends.count(frame, key="key", zone=ZONE), now=late - HOUR / 2, zone=ZONE).height == 1, (
        "twice as much in half an hour"
    )
    assert trends.watch(trends.count(frame, key="key", zone=ZONE), now=late + HOUR, zone=ZONE).is_empty()


def test_looking_back_finds_the_ends() -> None:
    n = rhythm(28, 6)
    n[24 * 12 + 8 : 24 * 14 + 8] += 15
    found = trends.intervals(trends.count(from_rates(n), key="key", zone=ZONE), levels=1, zone=ZONE)
    assert found.height == 1 and not found["alert"][0]
    start, end = found["start"][0] - START, found["end"][0] - START
    assert abs(start - (12 * DAY + 8 * HOUR)) <= 2 * HOUR
    assert abs(end - (14 * DAY + 8 * HOUR)) <= 4 * HOUR


def test_bursts_within_bursts_are_told_by_level() -> None:
    """Four days at three times the usual, six hours of them at twenty times: the second lies within the first."""
    n = rhythm(28, 6)
    n[24 * 12 : 24 * 16] *= 3
    n[24 * 13 + 9 : 24 * 13 + 15] *= 7
    found = trends.intervals(trends.count(from_rates(n), key="key", zone=ZONE), zone=ZONE)
    spans = {level: (part["start"].min(), part["end"].max()) for (level,), part in found.group_by("level")}
    assert set(spans) == {1, 2, 3, 4}
    for low, high in ((1, 2), (2, 3), (3, 4)):
        assert spans[low][0] <= spans[high][0] and spans[high][1] <= spans[low][1]
    assert abs(spans[4][0] - (START + 13 * DAY + 9 * HOUR)) <= HOUR
    assert abs(spans[4][1] - (START + 13 * DAY + 15 * HOUR)) <= HOUR
    whole = trends.intervals(trends.count(from_rates(n), key="key", zone=ZONE), levels=1, zone=ZONE)
    assert whole["n"].max() > found.filter(pl.col("level") == 4)["n"].max()


def test_levels_cost_what_they_should() -> None:
    """The cheapest path through two levels, against every path there is."""
    random = np.random.default_rng(0)
    for _ in range(20):
        cost = np.cumsum(np.concatenate([np.zeros((1, 1, 6)), random.normal(0, 2, (2, 1, 6))]), axis=0)
        paths = np.array(np.meshgrid(*[range(3)] * 6)).reshape(6, -1).T
        rises = np.maximum(np.diff(paths, axis=1, prepend=0), 0).sum(1)
        totals = cost[paths, 0, np.arange(6)].sum(1) + 1.5 * rises
        chosen = bursts._path(cost, 1.5)[0]
        assert totals[(paths == chosen).all(1)][0] == pytest.approx(totals.min())


def test_change_points_are_where_the_level_changes() -> None:
    n = rhythm(42, 6)
    n[24 * 12 + 6 : 24 * 20] *= 4
    n[24 * 15 : 24 * 16] = 0
    gap = pl.DataFrame({"start": [START + 15 * DAY], "end": [START + 16 * DAY]})
    found = trends.changes(trends.count(from_rates(n), key="key", holes=gap, zone=ZONE), zone=ZONE)
    assert found.height == 3
    turns = [at - START for at in found["start"][1:].to_list()]
    assert abs(turns[0] - (12 * DAY + 6 * HOUR)) <= 4 * HOUR and abs(turns[1] - 20 * DAY) <= 8 * HOUR
    assert 3.4 < found["times"][1] / found["times"][0] < 4.6
    assert found["n"].sum() == n.sum(), "nothing is counted twice or lost"


def test_copies_are_shown_apart() -> None:
    frame = posts([START] * 3 + [START + HOUR], key="k").with_columns(copy_of=pl.Series([None, "p0", "p0", None]))
    counts = trends.count(frame, key="key", zone=ZONE)
    assert counts.select("n", "copies").rows() == [(3, 2), (1, 0)]
    assert trends.count(frame.drop("copy_of"), key="key", zone=ZONE)["copies"].null_count() == 2, "not said is not 0"


def flat() -> Iterator[tuple[str, pl.DataFrame]]:
    hole = np.full(24 * 28, 8)
    hole[24 * 10 : 24 * 12] = 0
    yield "nothing", posts([], key="k")
    yield "one post", posts([START], key="k")
    yield "ten thousand at once", posts([START] * 10_000, key="k")
    yield "three loud days", from_rates(np.r_[np.full(60, 1), np.full(12, 90)])
    yield "flat", from_rates(np.full(24 * 28, 8))
    yield "a hole of two days", from_rates(hole)
    yield "a post a week", posts([START + i * 7 * DAY for i in range(8)], key="k")


@pytest.mark.parametrize(("name", "frame"), [pytest.param(*case, id=case[0]) for case in flat()])
def test_nothing_unusual_is_nothing(name: str, frame: pl.DataFrame) -> None:
    counts = trends.count(frame, key="key", holes=trends.holes(frame, zone=ZONE), zone=ZONE)
    assert counts["n"].sum() == frame.height
    for found in (trends.watch(counts, zone=ZONE), trends.intervals(counts, zone=ZONE)):
        assert found.is_empty(), name
        schemas.Burst.validate(found)


def test_ten_thousand_at_once_stand_out_of_a_month() -> None:
    n = rhythm(28, 2)
    n[24 * 20 + 3] = 10_000
    found = trends.watch(trends.count(from_rates(n), key="key", zone=ZONE), zone=ZONE)
    assert found.height == 1 and found["alert"][0]
    assert found["start"][0] == START + 20 * DAY + 3 * HOUR
    assert found["n"][0] < 10_020, "and not the calm hours around"


# --- holes -----------------------------------------------------------------------------------------------------


def test_holes_are_found_and_taken_as_missing() -> None:
    n = rhythm(28, 10)
    n[24 * 10 : 24 * 12] = 0
    frame = pl.concat([from_rates(n, platform="微博"), from_rates(rhythm(28, 10, seed=1), platform="贴吧")])
    found = trends.holes(frame, zone=ZONE)
    assert found.select("platform", "start", "end").rows() == [("微博", START + 10 * DAY, START + 12 * DAY)]
    assert found["expected"][0] == pytest.approx(480, rel=0.15)
    counts = trends.count(frame, key="platform", holes=found, zone=ZONE)
    assert counts.filter(pl.col("n").is_null())["key"].unique().to_list() == ["微博"]
    usual = counts.filter((pl.col("key") == "微博") & pl.col("n").is_not_null())
    assert usual["expected"].sum() == pytest.approx(usual["n"].sum(), rel=0.05), "the hole does not lower the usual"


def test_an_hour_missing_every_day_is_missing_all_the_same() -> None:
    n = np.full((28, 24), 50)
    n[:, 8] = 0
    n[3, 8] = 50
    found = trends.holes(from_rates(n.ravel(), platform="热搜"), zone=ZONE)
    assert found.height == 27
    assert set(found["start"].dt.convert_time_zone("Asia/Shanghai").dt.hour()) == {8}


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("quiet nights", np.tile(np.r_[np.zeros(7), np.full(17, 6)], 28)),
        (
            "closed at weekends",
            np.tile(np.r_[np.tile(np.r_[np.zeros(8), np.full(10, 9), np.zeros(6)], 5), [0] * 48], 4),
        ),
        ("so few that silence says nothing", np.tile(np.r_[[1], np.zeros(95)], 7)),
    ],
)
def test_quiet_is_no_hole(name: str, n: np.ndarray) -> None:
    assert trends.holes(from_rates(n, platform="12345工单"), zone=ZONE).is_empty()


# --- rising words ----------------------------------------------------------------------------------------------


def test_rising_counts_copies_once_and_scales_what_came_before() -> None:
    said: list[tuple[str, int, str | None]] = []
    for word, day, times in (("通报", -1, 6), ("天气", -1, 6), ("天气", 1, 6), ("异物", 1, 6)):
        said += [(word, day, None)] * times
    said += [("转发", 1, "p0x")] * 50
    frame = posts([START + d * DAY for _, d, _ in said]).with_columns(copy_of=pl.Series([c for *_, c in said]))
    words = frame.select("post_id", tokens=pl.Series([[w] for w, *_ in said]))
    found = trends.rising(words, frame, since=START, until=START + 2 * DAY)
    assert found.select("word", "n", "before").rows() == [("异物", 6, 0.0)], "one text fifty times is one"
    assert trends.rising(words, frame, since=START - 5 * DAY, until=START).is_empty(), "nothing to compare with"


@pytest.mark.parametrize(("kind", "n"), [("complaint", 12), ("post", 6), ("comment", 6)])
def test_each_call_counts_whatever_words_the_form_has(kind: str, n: int) -> None:
    """Callers in the words of one form are as many as they are; a text that is passed on is one."""
    said = [("天气", -1, None)] * 9 + [("呕吐", 1, None)] * 6 + [("呕吐", 1, "p9")] * 6
    frame = posts([START + d * DAY for _, d, _ in said], kind=kind)
    frame = frame.with_columns(copy_of=pl.Series([c for *_, c in said]))
    words = frame.select("post_id", tokens=pl.Series([[w] for w, *_ in said]))
    found = trends.rising(words, frame, since=START, until=START + 2 * DAY)
    assert found.select("word", "n").rows() == [("呕吐", n)]


def test_rising_puts_the_new_before_the_merely_frequent() -> None:
    now = [("异物", 30), ("今天", 200), ("食堂", 60)]
    before = [("今天", 180), ("食堂", 20), ("天气", 40)]
    said = [(w, 1) for w, n in now for _ in range(n)] + [(w, -1) for w, n in before for _ in range(n)]
    frame = posts([START + d * HOUR for _, d in said] + [START - 2 * DAY])
    words = frame.select("post_id", tokens=pl.Series([[w] for w, _ in said] + [[]], dtype=pl.List(pl.String)))
    found = trends.rising(words, frame, since=START, until=START + DAY)
    assert found["word"].to_list()[:2] == ["异物", "食堂"]
    assert found["score"][0] > 5
    assert "天气" not in found["word"]
    shuffled = trends.rising(words.reverse(), frame.reverse(), since=START, until=START + DAY)
    assert shuffled.equals(found)


# --- real hot lists --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hot_list(shared_data: Path) -> pl.DataFrame:
    rows = []
    for month in ("2025-01", "2025-02"):
        with gzip.open(shared_data / "weibo_hot_hourly" / f"{month}.jsonl.gz", "rt", encoding="utf-8") as lines:
            rows += [(r["title"], f"{r['day']} {r['hour']}:00") for r in map(json.loads, lines)]
    frame = pl.DataFrame(rows, schema=["title", "at"], orient="row")
    moment = pl.col("at").str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", time_zone="Asia/Shanghai")
    return frame.select("title", seen_at=moment.dt.convert_time_zone("UTC"), platform=pl.lit("微博热搜"))


def test_trends_of_real_hot_lists(hot_list: pl.DataFrame) -> None:
    gaps = trends.holes(hot_list, time="seen_at", zone=ZONE)
    at_eight = gaps["start"].dt.convert_time_zone("Asia/Shanghai").dt.hour() == 8
    assert 50 <= at_eight.sum() <= 59, "hour 8 is missing on most days"
    new = hot_list.group_by("title").agg(published_at=pl.col("seen_at").min(), platform=pl.first("platform"))
    new = new.sort("published_at", "title").with_columns(
        post_id=pl.col("title"), text=pl.col("title"), title=pl.lit(None, pl.String), day=pl.lit(date(2025, 1, 1))
    )
    words = tokens.tokenize(new, tokens.Lexicon()).drop("day")
    counts = trends.count(new.join(words, on="post_id"), key="tokens", holes=gaps, min_total=5, zone=ZONE)
    found = trends.watch(counts, budget=3, zone=ZONE)
    alerts = found.filter("alert")
    per_day = alerts.group_by(pl.col("raised").dt.convert_time_zone("Asia/Shanghai").dt.date()).len()
    assert per_day["len"].max() == 3, "the budget is used and kept"
    quake = alerts.filter(pl.col("key") == "地震").row(0, named=True)
    assert quake["start"].astimezone(ZONE) == datetime(2025, 1, 7, 9, tzinfo=ZONE), (
        "西藏定日: 9:05, on the list at once"
    )
    assert {"流感", "情人节", "元宵"} <= set(alerts["key"])
