"""Phases from counts whose level is known: a curve in hours, bent by day and night, drawn with a fixed seed."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from opinion_lab.analyse.lifecycle import phases
from opinion_lab.report.wording import courses
from tests import make
from tests.make import ZONE

FIRST = datetime(2026, 9, 8, 4, 0, tzinfo=UTC)  # noon in Shanghai


def counts(
    curve: list[tuple[float, float]], peak: float, *, seed: int = 0, key: str = "s_a", hole: tuple[int, int] = (0, 0)
) -> pl.DataFrame:
    """Hourly counts of a story whose level runs through `curve` (hour, share of `peak` posts an hour)."""
    hours, levels = np.array(curve).T
    at = np.arange(int(hours[-1]))
    bins = [FIRST + timedelta(hours=int(h)) for h in at]
    rhythm = np.array([phases.RHYTHM[(b.hour + 8) % 24] for b in bins])
    drawn = np.random.default_rng(seed).poisson(np.interp(at + 0.5, hours, levels) * peak * rhythm)
    n = [None if hole[0] <= h < hole[1] else int(v) for h, v in enumerate(drawn)]
    return pl.DataFrame(
        {"key": key, "bin": bins, "n": n, "expected": rhythm / rhythm.mean() * drawn.mean()},
        schema_overrides={"bin": pl.Datetime("us", "UTC"), "n": pl.Int64},
    )


def told(found: pl.DataFrame) -> list[tuple[str, float]]:
    """(phase, hour of its start)."""
    return [(p, (s - FIRST) / timedelta(hours=1)) for p, s in found.select("phase", "start").iter_rows()]


def near(found: list[tuple[str, float]], wanted: list[tuple[str, float]], hours: float) -> bool:
    return [p for p, _ in found] == [p for p, _ in wanted] and all(
        abs(a - b) <= hours for (_, a), (_, b) in zip(found, wanted, strict=True)
    )


CURVES = {
    # one rise, one fall, silence for a week
    "one wave": (
        [(0, 0), (24, 0.04), (40, 0.2), (60, 1), (84, 1), (110, 0.3), (150, 0.02), (170, 0), (340, 0)],
        [("latent", 0), ("spreading", 32), ("peak", 48), ("declining", 102), ("ended", 151)],
        4,
    ),
    # falls after an answer, rises higher
    "second wave": (
        [
            (0, 0.05),
            (20, 0.6),
            (36, 0.7),
            (60, 0.12),
            (66, 0.12),
            (80, 1),
            (96, 1),
            (130, 0.2),
            (170, 0.05),
            (200, 0.03),
        ],
        [("spreading", 0), ("peak", 17), ("declining", 44), ("spreading", 63), ("peak", 72), ("declining", 117)],
        6,
    ),
    # a spike of hours on one day
    "flash": (
        [(0, 0), (1, 0.1), (2, 1), (5, 0.9), (8, 0.2), (12, 0.02), (16, 0), (90, 0)],
        [("latent", 0), ("spreading", 1), ("peak", 1.5), ("declining", 6.5), ("ended", 13)],
        3,
    ),
    # five days of the same level: the nights are no declines
    "plateau": ([(0, 1), (120, 1)], [("peak", 0)], 0),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", CURVES)
def test_boundaries_are_those_of_the_curve(name: str, seed: int) -> None:
    curve, wanted, hours = CURVES[name]
    found = phases.of(counts(curve, 60, seed=seed))
    if name == "flash":  # the first hours of a flash are too few to call latent or not
        assert [p for p, _ in told(found) if p != "latent"] == [p for p, _ in wanted if p != "latent"]
        assert near(told(found)[-3:], wanted[-3:], hours)
    elif name == "second wave":
        assert near([t for t in told(found) if t[0] != "latent"], wanted, hours)
    else:
        assert near(told(found), wanted, hours)


@pytest.mark.parametrize("name", CURVES)
def test_phases_follow_one_another_and_hold_every_post(name: str) -> None:
    told_counts = counts(CURVES[name][0], 60)
    found = phases.of(told_counts)
    assert found["start"][0] == told_counts["bin"][0]
    assert found["end"].to_list()[:-1] == found["start"].to_list()[1:]
    assert found["end"][-1] == told_counts["bin"][-1] + timedelta(hours=1)
    assert found["n"].sum() == told_counts["n"].sum()
    assert phases.of(told_counts.sample(fraction=1, shuffle=True, seed=2)).equals(found)


def test_the_second_wave_is_when_it_rises_again() -> None:
    again = phases.second_wave(phases.of(counts(CURVES["second wave"][0], 60)))
    assert again is not None and abs((again - FIRST) / timedelta(hours=1) - 63) <= 6
    assert phases.second_wave(phases.of(counts(CURVES["one wave"][0], 60))) is None
    assert phases.second_wave(phases.of(counts(CURVES["plateau"][0], 60))) is None


def test_chance_makes_no_second_wave() -> None:
    # four posts an hour: dips of some hours below half the maximum are to be expected
    for seed in range(20):
        found = phases.of(counts([(0, 1), (100, 1), (160, 0.1)], 4, seed=seed))
        assert phases.second_wave(found) is None, seed


def test_a_story_alive_at_the_end_has_not_ended() -> None:
    curve = CURVES["one wave"][0]
    assert "ended" in phases.of(counts(curve, 60))["phase"].to_list()
    cut = counts(curve, 60).head(165)  # half a day of silence proves nothing
    assert "ended" not in phases.of(cut)["phase"].to_list()
    stirs = counts(curve, 60).with_columns(
        n=pl.when(pl.col("bin") == FIRST + timedelta(hours=330)).then(40).otherwise("n").cast(pl.Int64)
    )
    assert "ended" not in phases.of(stirs)["phase"].to_list()  # 40 posts are more than 1 % of the peak day


def test_a_hole_is_no_decline() -> None:
    whole = [(0, 0.0), (20, 1.0), (90, 1.0), (120, 0.0), (200, 0.0)]
    found = phases.of(counts(whole, 60, hole=(40, 49)))
    assert [p for p, _ in told(found)][-4:] == ["spreading", "peak", "declining", "ended"]
    assert "9小时没有采集" in courses.measured(found)
    # what nobody looked at cannot show that it is over
    blind = phases.of(counts(whole, 60, hole=(121, 200)))
    assert "ended" not in blind["phase"].to_list()


def test_each_start_names_its_rule_and_numbers() -> None:
    found = phases.of(counts(CURVES["second wave"][0], 60))
    why = courses.phases(found)["why"].to_list()
    assert "的50%" in why[1] and "每小时" in why[1] and "昼夜" in courses.measured(found)
    assert any("第2波" in w and "曾回落" in w for w in why)
    assert max(map(len, why)) <= 40, "a cell of a table"
    over = courses.phases(phases.of(counts(CURVES["one wave"][0], 60)))["why"][-1]
    assert "1%" in over and "此后任何" in over


def test_few_posts_are_one_phase_and_say_so() -> None:
    posts = make.posts([{"at": f"2026-09-08 {h:02}:10"} for h in range(8, 20)])
    found = phases.of(phases.count(posts, zone=ZONE))
    assert found.select("phase", "n").rows() == [("undivided", 12)]
    assert "12条，少于20条" in courses.phases(found)["why"][0]


@pytest.mark.parametrize("every", [timedelta(days=3), timedelta(days=9)])
def test_posts_that_drip_for_months_have_no_phases_either(every: timedelta) -> None:
    first = make.at("2026-01-05 09:10")
    posts = make.posts([{"at": first + n * every} for n in range(25)])
    found = phases.of(phases.count(posts, zone=ZONE))
    assert found.select("phase", "n").rows() == [("undivided", 25)]
    assert phases.second_wave(found) is None
    assert "少于20条" in courses.phases(found)["why"][0]


def test_counts_are_hourly_with_zeros_and_holes_apart() -> None:
    posts = make.posts([{"at": f"2026-09-08 {t}"} for t in ("12:20", "12:50", "15:05")])
    got = phases.count(posts, until=make.at("2026-09-08 18:30"), zone=ZONE)
    assert got["key"].unique().to_list() == ["s_p001"]
    assert got["n"].to_list() == [2, 0, 0, 1, 0, 0, 0]
    assert got["bin"][0] == make.at("2026-09-08 12:00")
    assert got["expected"].sum() == pytest.approx(3)
    hole = pl.DataFrame({"start": [make.at("2026-09-08 13:00")], "end": [make.at("2026-09-08 16:00")]})
    # a post that is known is counted even where the collector slept
    assert phases.count(posts, holes=hole, zone=ZONE)["n"].to_list() == [2, None, None, 1]
    # one platform of two was not looked at: half is to be expected, and silence on the other counts
    two = posts.with_columns(platform=pl.Series(["微博", "微博", "贴吧"]))
    blind = hole.with_columns(platform=pl.lit("微博"))
    got = phases.count(two, holes=blind, zone=ZONE)
    assert got["n"].to_list() == [2, 0, 0, 1]
    full = phases.count(two, zone=ZONE)["expected"]
    ratio = (got["expected"] / full).to_list()
    assert ratio[1] / ratio[0] == pytest.approx(1 / 3) and ratio[3] / ratio[0] == pytest.approx(1 / 3)
    assert (
        phases.count(posts.clear(), zone=ZONE).is_empty()
        and phases.of(phases.count(posts.clear(), zone=ZONE)).is_empty()
    )
    assert phases.count(posts, key="s_x", zone=ZONE)["key"][0] == "s_x"


def test_the_rhythm_is_measured_on_the_background_when_there_is_enough() -> None:
    posts = make.posts([{"at": "2026-09-08 12:20"}, {"at": "2026-09-09 11:20"}])
    night_owls = pl.concat([make.posts([{"at": "2026-09-01 02:30"}])] * 3000)
    got = phases.count(posts, background=night_owls, zone=ZONE)
    loud = got.filter(pl.col("expected") > 0)["bin"].to_list()
    assert loud == [make.at("2026-09-09 02:00")]
    few = phases.count(posts, background=night_owls.head(100), zone=ZONE)
    assert few.equals(phases.count(posts, zone=ZONE))


def test_many_stories_at_once() -> None:
    two = pl.concat([counts(CURVES["flash"][0], 60, key="s_b"), counts(CURVES["one wave"][0], 60, key="s_a")])
    found = phases.of(two)
    assert found["story_id"].unique(maintain_order=True).to_list() == ["s_a", "s_b"]
    assert found.filter(pl.col("story_id") == "s_b").equals(phases.of(two.filter(pl.col("key") == "s_b")))


def test_real_cascades_lose_no_post_and_every_start_says_why(shared_data: Path) -> None:
    with gzip.open(shared_data / "ced_cascades" / "cascades.jsonl.gz", "rt", encoding="utf-8") as lines:
        some = [json.loads(line) for i, line in enumerate(lines) if i % 70 == 0]
    ends, waves = 0, 0
    for cascade in some:
        made = [r["date"] for r in cascade["reposts"] if re.fullmatch(r"\d{4}(-\d\d){2} [\d:]{8}", str(r["date"]))]
        posts = make.posts({"post_id": f"r{i}", "kind": "repost", "at": at} for i, at in enumerate(made))
        found = phases.of(phases.count(posts, zone=ZONE))
        assert found["n"].sum() == posts.height, cascade["case"]
        assert found["start"].to_list()[1:] == found["end"].to_list()[:-1], cascade["case"]
        assert (courses.phases(found)["why"].str.len_chars() > 8).all() and found["phase"].n_unique() > 1, cascade[
            "case"
        ]
        ends += found["phase"][-1] == "ended"
        waves += phases.second_wave(found) is not None
    # most are over within the years that were collected; a second wave is the exception
    assert len(some) > 30 and ends > len(some) / 2 and waves < len(some) / 3
