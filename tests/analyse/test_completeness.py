"""How much was missed: numbers known from textbooks and by design; no number where there is nothing to tell it from."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from opinion_lab.analyse import completeness

NOON = datetime(2026, 9, 9, 4, tzinfo=UTC)


def caught(cells: dict[str, int]) -> pl.DataFrame:
    """Who caught which: how many stories were caught by 甲 alone, by 甲乙, ..."""
    rows = [(f"{who}{i}", family) for who, n in cells.items() for i in range(n) for family in who]
    return pl.DataFrame(rows, schema=["story_id", "family"], orient="row")


def test_two_lists_are_chapman_s() -> None:
    """(n1 + 1)(n2 + 1) / (m + 1) - 1 of 50, 40 and 20 in both."""
    found = completeness.estimate(caught({"甲乙": 20, "甲": 30, "乙": 20}))
    assert found.method == "chapman" and found.n == 70
    assert found.estimate == pytest.approx(51 * 41 / 21 - 1)
    assert found.low is not None and found.high is not None and 70 < found.low < 98.6 < found.high < 160


def test_three_lists_that_do_not_depend() -> None:
    """Each keeps half of 160: seven cells of twenty, and twenty that nobody has."""
    found = completeness.estimate(caught(dict.fromkeys(("甲", "乙", "丙", "甲乙", "甲丙", "乙丙", "甲乙丙"), 20)))
    assert found.method == "loglinear" and found.n == 140
    assert found.estimate == pytest.approx(160, abs=3)
    assert found.low is not None and found.high is not None and found.low < 160 < found.high


def test_dependence_between_two_lists_widens_the_interval_and_is_said() -> None:
    """乙 copies from 甲: independence would say that hardly any is missing."""
    rng = np.random.default_rng(1)
    first, third = rng.random(400) < 0.4, rng.random(400) < 0.4
    second = np.where(first, rng.random(400) < 0.8, rng.random(400) < 0.1)
    rows = [(f"{i}", name) for name, has in (("甲", first), ("乙", second), ("丙", third)) for i in np.flatnonzero(has)]
    found = completeness.estimate(pl.DataFrame(rows, schema=["story_id", "family"], orient="row"))
    assert found.dependence is not None and found.dependence > 0.9
    assert found.low is not None and found.high is not None and found.low <= 400 <= found.high


@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_interval_holds_the_truth(k: int) -> None:
    """Lists thinned at random from 300; the benchmark has the figures, this sees that nothing breaks."""
    rng = np.random.default_rng(k)
    hits = 0
    for _ in range(20):
        rows = [(f"{i}", f"{j}") for j in range(k) for i in np.flatnonzero(rng.random(300) < rng.uniform(0.2, 0.6))]
        found = completeness.estimate(pl.DataFrame(rows, schema=["story_id", "family"], orient="row"))
        hits += found.low is not None and found.high is not None and found.low <= 300 <= found.high
    assert hits >= 17


@pytest.mark.parametrize(
    ("cells", "method"),
    [
        ({"甲": 50}, "one_family"),
        ({"甲": 5, "甲乙": 9}, "few"),
        ({"甲": 50, "乙": 50, "甲乙": 2}, "no_overlap"),
        ({}, "one_family"),
    ],
)
def test_no_number_where_nothing_tells(cells: dict[str, int], method: str) -> None:
    seen = caught(cells) if cells else pl.DataFrame(schema={"story_id": pl.String, "family": pl.String})
    found = completeness.estimate(seen)
    assert found.method == method and found.estimate is None


def test_many_families_are_taken_together() -> None:
    rng = np.random.default_rng(3)
    rows = [(f"{i}", f"平台{j}") for j in range(9) for i in np.flatnonzero(rng.random(200) < 0.2)]
    found = completeness.estimate(pl.DataFrame(rows, schema=["story_id", "family"], orient="row"))
    assert found.method == "loglinear" and len(found.families) == 9
    assert found.low is not None and found.high is not None and found.low <= 200 <= found.high


def test_notices_are_found_or_missed() -> None:
    posts = pl.DataFrame(
        {
            "post_id": ["1", "2", "3"],
            "title": [None, "关于停用某批次木耳的通告", "别的"],
            "text": ["转：关于停用某批次木耳的通告", "", ""],
            "platform": ["微博", "网站", "网站"],
            "collected_at": [NOON + timedelta(hours=5), NOON + timedelta(hours=2), NOON],
        }
    )
    known = [("某批次木耳", NOON), ("电梯(抽检", NOON), ("某批次木耳", NOON - timedelta(days=9))]
    found = completeness.notices(posts, known)
    assert found["platform"].to_list() == ["网站", None, None]


def test_the_bound_on_what_is_overlooked() -> None:
    """None of 59 labelled is relevant: by the rule of three at most about five in a hundred."""
    ids = [f"p{i}" for i in range(200)]
    posts = pl.DataFrame({"post_id": ids, "relevant": [False] * 190 + [True] * 10, "copy_of": [None] * 200})
    posts = posts.with_columns(pl.col("copy_of").cast(pl.String))
    labels = pl.DataFrame({"post_id": ids[:59] + ids[195:], "relevant": [False] * 59 + [True] * 5})
    found = completeness.overlooked(posts, labels)
    assert found is not None and (found.rejected, found.labelled, found.relevant) == (190, 59, 0)
    assert found.most == pytest.approx(0.0495, abs=0.001)
    assert completeness.overlooked(posts, labels.clear()) is None
