"""What came after an answer: against the hours before it, with an interval, and nothing where the data cannot say."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from opinion_lab.analyse.lifecycle import intervention
from tests.make import ZONE, at

START = at("2026-09-08 08:00")


def said(*hours: float) -> pl.DataFrame:
    return pl.DataFrame({"published_at": sorted(START + timedelta(hours=float(h)) for h in hours)}).with_columns(
        pl.col("published_at").dt.cast_time_unit("us")
    )


def steady(rate: float, start: float, end: float) -> np.ndarray:
    return np.arange(start, end, 1 / rate)


def one(posts: pl.DataFrame, hour: float, until: float = 200, **more: object) -> dict:
    moments = [START + timedelta(hours=hour)]
    found = intervention.of(posts, moments, until=START + timedelta(hours=until), **more, zone=ZONE)  # type: ignore[arg-type]
    return found.row(0, named=True)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(steady(200, 48, 72), "above"), (steady(12, 48, 72), "within"), (np.array([50.0, 51.0]), "below")],
)
def test_what_came_after_is_held_against_what_was_to_be_expected(after: np.ndarray, verdict: str) -> None:
    row = one(said(*steady(40, 0, 48), *after), 48)
    assert (row["hours"], row["verdict"], row["why"]) == (24, verdict, None)
    assert row["low"] < row["expected"] < row["high"]
    assert (row["before"], row["after"]) == (960, len(after))


def test_a_story_that_held_its_level_is_expected_to_hold_it_longer() -> None:
    """Its own moments so far count: a story of many sources does not fade like a single chain."""
    fading = np.concatenate([steady(200, 0, 6), steady(60, 6, 24), steady(20, 24, 48)])
    held = one(said(*steady(20, 0, 48)), 48)
    assert held["expected"] > 1.2 * one(said(*fading), 48)["expected"]


@pytest.mark.parametrize(
    ("posts", "hour", "until", "why"),
    [
        (said(*steady(20, 0, 30)), 28, 30, "too_soon"),
        (said(*steady(20, 0, 10), 40, 41), 39, 200, "few"),
    ],
)
def test_where_the_data_cannot_say_it_says_why(posts: pl.DataFrame, hour: float, until: float, why: str) -> None:
    row = one(posts, hour, until)
    assert row["verdict"] is None and row["expected"] is None and why == row["why"]


def test_a_hole_is_not_read_as_silence() -> None:
    hole = pl.DataFrame({"start": [START + timedelta(hours=50)], "end": [START + timedelta(hours=55)]})
    assert one(said(*steady(40, 0, 48)), 48, blind=hole)["why"] == "hole"


def test_the_horizon_ends_before_the_next_answer() -> None:
    moments = [START + timedelta(hours=h) for h in (24, 38, 41, 60)]
    found = intervention.of(said(*steady(20, 0, 90)), moments, until=START + timedelta(hours=90), zone=ZONE)
    assert found["hours"].to_list() == [12, None, 12, 24]


def test_expectation_knows_nothing_of_what_came_later() -> None:
    before = steady(40, 0, 48)
    rows = [one(said(*before, *after), 48) for after in (steady(100, 48, 120), steady(1, 48, 120))]
    assert rows[0]["expected"] == rows[1]["expected"] and rows[0]["high"] == rows[1]["high"]


def test_night_is_not_taken_for_calm() -> None:
    """Six hours before four in the morning against six before four in the afternoon, at the same count."""
    hours = {moment: at(f"2026-09-10 {moment}") for moment in ("04:00", "16:00")}
    expected = {}
    for moment, when in hours.items():
        posts = said(0, *(((when - START) / timedelta(hours=1)) - np.linspace(0.1, 5.9, 20)))
        expected[moment] = intervention.of(posts, [when], until=datetime.max.replace(tzinfo=START.tzinfo), zone=ZONE)[
            "expected"
        ][0]
    assert expected["04:00"] > 1.3 * expected["16:00"]
