"""How big will it get: honest intervals on real cascades, nothing later looked at, and clear words for thin data."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from opinion_lab.analyse import cascades
from opinion_lab.analyse.cascades import forecasting, regression
from opinion_lab.config import LabError
from opinion_lab.report.wording import courses, phrases
from opinion_lab.rules import SHIPPED
from tests import make
from tests.benchmarks.forecast import lines

START = datetime(2026, 9, 8, 4, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHIPPED_MODEL = forecasting.of_table(SHIPPED.size_forecast)
learn = partial(forecasting.learn, prior=SHIPPED_MODEL)


def story(seconds: list[float], parents: list[int] | None = None, name: str = "a") -> pl.DataFrame:
    """One story: the first post at START, each other `seconds` after it, below the post of that place."""
    at = [0.0, *sorted(seconds)]
    rows = [{"post_id": f"{name}{i:05d}", "published_at": START + timedelta(seconds=s)} for i, s in enumerate(at)]
    for i, row in enumerate(rows[1:], 1):
        row |= {"root_id": f"{name}00000", "parent_id": f"{name}{(parents or [])[i - 1] if parents else 0:05d}"}
    return make.posts(rows)


def drawn(seed: int, n: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return story(draw.exponential(7200, n).tolist(), draw.integers(0, np.arange(1, n + 1)).tolist(), f"s{seed}_")


def archive(n: int, late: int = 0) -> pl.DataFrame:
    """`n` stories of 24 to 72 posts, a day apart, told by their numbers; the last `late` have only just begun."""
    frames = []
    for i in range(n):
        shift = timedelta(days=i + 30 * (i >= n - late))
        frame = drawn(i, 24 + i * 7 % 49)
        frames.append(frame.with_columns(pl.col("published_at", "collected_at") + shift))
    return pl.concat(frames)


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[pl.DataFrame]:
    """A quarter of the real cascades, one frame each, as the import leaves them."""
    base = make.posts([{}]).drop("post_id", "parent_id", "root_id", "published_at")
    found = []
    with gzip.open(shared_data / "ced_cascades" / "cascades.jsonl.gz") as file:
        for line in islice(file, 0, None, 4):  # the file is sorted by label
            told = orjson.loads(line)
            rows = {r["mid"]: (r["parent"] or told["bid"], r["date"]) for r in told["reposts"]}
            frame = pl.DataFrame(
                [
                    (f"{told['bid']} {m}", f"{told['bid']} {p}" if p in rows else told["bid"], d)
                    for m, (p, d) in rows.items()
                ],
                schema=["post_id", "parent_id", "date"],
                orient="row",
            )
            time = pl.col("date").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
            frame = frame.with_columns(
                published_at=time.dt.replace_time_zone("Asia/Shanghai", ambiguous="earliest").dt.convert_time_zone(
                    "UTC"
                )
            ).drop("date")
            first = (
                datetime.fromtimestamp(told["original"]["time"], UTC)
                if isinstance(told["original"]["time"], int)
                else None
            )
            if first is None:
                continue
            frame = frame.drop_nulls("published_at").filter(pl.col("published_at") >= first)
            root = pl.DataFrame([(told["bid"], None, first)], schema=frame.schema, orient="row")
            frame = pl.concat([root, frame]).with_columns(
                root_id=pl.when(pl.col("parent_id").is_not_null()).then(pl.lit(told["bid"]))
            )
            found.append(frame.join(base, how="cross"))
    return found


@pytest.mark.soak
def test_on_real_cascades_it_is_nearer_than_the_first_hours_count_and_its_intervals_hold(
    real: list[pl.DataFrame],
) -> None:
    halves = real[::2], real[1::2]
    told, by_count = [], []
    for for_learning, for_trial in (halves, halves[::-1]):
        model = learn(pl.concat(for_learning), fewest=1)
        told += [cascades.forecast(c, at=HOUR, model=model) for c in for_trial]
        line = np.polyfit(in_an_hour(for_learning), np.log([c.height for c in for_learning]), 1)
        by_count += np.exp(np.polyval(line, in_an_hour(for_trial))).tolist()
    size = np.array([c.height for half in halves[::-1] for c in half])
    ours, theirs = (float(np.median(np.abs(np.array(e) - size) / size)) for e in ([t.expected for t in told], by_count))
    assert ours < min(0.38, theirs - 0.04), (ours, theirs)
    for rate in (0.8, 0.9):
        ends = np.array([t.interval(rate) for t in told])
        held = np.mean((size >= ends[:, 0]) & (size <= ends[:, 1]))
        assert abs(held - rate) < 0.05, (rate, held)
    likely, came = np.array([t.chance(300) for t in told]), size >= 300
    assert np.mean((likely - came) ** 2) < 0.85 * np.var(came)


def in_an_hour(cases: list[pl.DataFrame]) -> np.ndarray:
    """The logarithm of the posts within an hour of the first."""
    return np.log([c.filter(pl.col("published_at") <= c["published_at"].min() + HOUR).height for c in cases])


def test_nothing_later_than_the_moment_is_looked_at(real: list[pl.DataFrame]) -> None:
    for posts in [drawn(1, 300), *real[:5]]:
        moment = posts["published_at"].min() + HOUR
        known = posts.filter(pl.col("published_at") <= moment)
        whole, cut = (cascades.forecast(p, at=moment, model=SHIPPED_MODEL) for p in (posts, known))
        assert (whole.expected, whole.seen) == (cut.expected, cut.seen)
        assert np.array_equal(whole.growth, cut.growth)
        assert cascades.forecast(posts, at=HOUR, model=SHIPPED_MODEL).at == moment


def test_rows_in_another_order_change_nothing() -> None:
    posts = drawn(3, 200)
    mixed = posts.sample(fraction=1, shuffle=True, seed=5)
    assert np.array_equal(
        cascades.forecast(posts, at=HOUR, model=SHIPPED_MODEL).growth,
        cascades.forecast(mixed, at=HOUR, model=SHIPPED_MODEL).growth,
    )
    past = archive(70)
    one, other = learn(past), learn(past.sample(fraction=1, shuffle=True, seed=5))
    assert [*lines(one)] == [*lines(other)]


def test_chances_fall_with_size_and_agree_with_the_interval() -> None:
    told = cascades.forecast(drawn(2, 200), at=HOUR, model=SHIPPED_MODEL)
    sizes = np.geomspace(1, 1e6, 60)
    chances = [told.chance(s) for s in sizes]
    assert chances == sorted(chances, reverse=True) and all(0 < c <= 1 for c in chances)
    assert told.chance(told.seen) == 1
    low, high = told.interval(0.8)
    assert told.chance(high + 1) <= 0.1 <= told.chance(high - 2)
    assert told.seen <= told.interval(0.9)[0] <= low <= told.expected <= high <= told.interval(0.9)[1]
    assert (told.low, told.high) == (low, high)


def test_large_stories_are_forecast_by_the_factor_alone() -> None:
    """Beyond the largest that the archive knows, twice the posts are twice the forecast: no ceiling, no explosion."""
    seconds = np.linspace(1, 3500, 3000)
    one, two = (cascades.forecast(story(np.repeat(seconds, k).tolist()), at=HOUR, model=SHIPPED_MODEL) for k in (1, 2))
    assert two.expected / one.expected == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize(
    ("posts", "at", "caution"),
    [
        (story([]), HOUR, "此时只有1条"),
        (story([30, 60, 90]), HOUR, "此时只有4条"),
        (drawn(1, 60), timedelta(minutes=5), "不足15分钟"),
        (drawn(1, 60), timedelta(days=40), "经验只到那时"),
        (story([0.0] * 10_000), timedelta(), "不足15分钟"),
    ],
)
def test_thin_data_is_forecast_with_a_caution(posts: pl.DataFrame, at: timedelta, caution: str) -> None:
    told = cascades.forecast(posts, at=at, model=SHIPPED_MODEL)
    assert any(caution in phrases.sentence("caution", c) for c in told.cautions)
    assert np.isfinite(told.expected) and told.expected >= told.seen > 0


def test_before_the_first_post_there_is_nothing_to_forecast() -> None:
    with pytest.raises(LabError, match="还没有帖文"):
        cascades.forecast(drawn(1, 20), at=START - HOUR, model=SHIPPED_MODEL)


def test_a_small_archive_says_so_and_takes_what_ships() -> None:
    model = learn(archive(30))  # sixteen of them are over
    assert courses.basis(model).startswith("本实验室有16件够大且已结束的事件；自己的不足20件，用随附的经验值")
    assert model.regressions == SHIPPED_MODEL.regressions
    assert courses.basis(learn(archive(1).clear())).startswith("本实验室有0件")


@pytest.mark.soak
def test_a_growing_archive_first_corrects_the_errors_then_learns_all() -> None:
    small, past = archive(70), archive(220, late=6)
    model = learn(small)
    assert "校准误差" in courses.basis(model) and "学得" not in courses.basis(model)
    late, shipped = model.regressions[-1], SHIPPED_MODEL.regressions[-1]
    assert np.array_equal(late.values, shipped.values) and not np.array_equal(late.residuals, shipped.residuals)
    # these stories do not grow after four days, and from their own errors that is known
    one, other = (cascades.forecast(drawn(1, 40), at=timedelta(days=4), model=m) for m in (model, SHIPPED_MODEL))
    assert one.high - one.seen < (other.high - other.seen) / 2
    assert "按自己的事件学得" in courses.basis(learn(past))


def test_an_archive_learns_from_what_was_over_by_then() -> None:
    past = archive(70, late=6)
    until = past["published_at"].min() + timedelta(days=60)
    known = learn(past, until=until)
    assert [*lines(known)] == [*lines(learn(past.filter(pl.col("published_at") <= until)))]
    told = past.select("post_id", story_id=pl.lit("s_") + pl.coalesce("root_id", "post_id"))
    assert [*lines(learn(past, told))] == [*lines(learn(past))]
    assert "有64件" in courses.basis(learn(past, until=past["published_at"].max()))  # not the six that go on


def test_the_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    written = "\n".join(lines(SHIPPED_MODEL))
    again = forecasting.of_table(make.rules(tmp_path, size_forecast=written).size_forecast)
    assert again.ages == SHIPPED_MODEL.ages == regression.AGES
    posts = drawn(1, 100)
    one, other = (cascades.forecast(posts, at=HOUR, model=m) for m in (SHIPPED_MODEL, again))
    assert np.allclose(one.growth, other.growth)


def test_the_shipped_table_holds_numbers_and_says_where_they_are_from() -> None:
    text = SHIPPED.text("size_forecast")
    assert "来源" in text and "局限" in text and len(text.splitlines()) < 200
