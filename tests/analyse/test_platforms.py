"""First sightings per platform: no order is claimed within the time between two looks."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from opinion_lab.analyse.lifecycle import first_seen
from tests import make
from tests.make import ZONE, at

HOUR = timedelta(hours=1)
DAY = "2026-09-08 "


def looked(*given: tuple[str, str, float], hours: int = 48) -> pl.DataFrame:
    """Looks of each (platform, first look, every so many hours)."""
    rows = [(p, at(start) + i * every * HOUR) for p, start, every in given for i in range(int(hours / every))]
    return pl.DataFrame(rows, schema={"platform": pl.String, "at": pl.Datetime("us", "UTC")}, orient="row")


def story(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Posts of (platform, kind, time of day)."""
    made: list[dict[str, Any]] = []
    for platform, kind, when in rows:
        row = {"platform": platform, "kind": kind, "at": DAY + when}
        made.append(row | ({"collected_at": DAY + when} if kind == "board_entry" else {}))
    return make.posts(made)


def order(firsts: pl.DataFrame) -> list[tuple[str, str, float]]:
    """What may be said of who was before whom: before, after, by at least so many hours."""
    one = firsts.select(before="platform", until="latest")
    other = firsts.select(after="platform", since="earliest")
    pairs = one.join(other, how="cross").filter(pl.col("until") < pl.col("since")).sort("before", "after")
    return pairs.select("before", "after", (pl.col("since") - pl.col("until")) / HOUR).rows()


HOURLY = looked(("甲", DAY + "00:05", 1), ("乙", DAY + "00:35", 1))
TWO_HOURLY = looked(("甲", DAY + "00:05", 2), ("乙", DAY + "00:35", 1))


@pytest.mark.parametrize(
    ("posts", "looks", "said"),
    [
        # both lists are seen hourly: half an hour apart tells nothing, an hour neither, more than an hour does
        (story(("甲", "board_entry", "10:05"), ("乙", "board_entry", "10:35")), HOURLY, []),
        (story(("甲", "board_entry", "10:35"), ("乙", "board_entry", "11:35")), HOURLY, []),
        (story(("甲", "board_entry", "10:05"), ("乙", "board_entry", "11:35")), HOURLY, [("甲", "乙", 0.5)]),
        # the later one's error counts: 乙 is seen hourly, 甲 two-hourly
        (story(("乙", "board_entry", "10:35"), ("甲", "board_entry", "12:05")), TWO_HOURLY, []),
        (story(("甲", "board_entry", "10:05"), ("乙", "board_entry", "11:35")), TWO_HOURLY, [("甲", "乙", 0.5)]),
        # posts carry their own time
        (story(("甲", "post", "10:05"), ("乙", "post", "10:06")), HOURLY, [("甲", "乙", 1 / 60)]),
        (story(("甲", "post", "10:05"), ("乙", "board_entry", "10:35")), HOURLY, []),
        (story(("甲", "board_entry", "10:05"), ("乙", "post", "10:06")), HOURLY, [("甲", "乙", 1 / 60)]),
        # a time of midnight is a day: it may have been any hour of it
        (story(("甲", "complaint", "00:00"), ("乙", "post", "10:06")), HOURLY, []),
        # one look only: nobody knows when it came
        (
            story(("甲", "post", "10:05"), ("乙", "board_entry", "23:05")),
            looked(("乙", DAY + "23:05", 99), hours=99),
            [],
        ),
        (story(("甲", "post", "10:05")), HOURLY, []),
    ],
)
def test_order_is_claimed_only_beyond_the_error(
    posts: pl.DataFrame, looks: pl.DataFrame, said: list[tuple[str, str, float]]
) -> None:
    firsts = first_seen.first(posts, looks, zone=ZONE)
    found = order(firsts)
    assert [f[:2] for f in found] == [s[:2] for s in said]
    assert [f[2] for f in found] == pytest.approx([s[2] for s in said])
    assert firsts.filter("sure").height == len({b for _, b, _ in said})
    assert firsts["n"].sum() == posts.height
    assert first_seen.first(posts.sample(fraction=1, shuffle=True, seed=1), looks, zone=ZONE).equals(firsts)


def test_lags_are_ranges_behind_the_first() -> None:
    posts = story(("甲", "board_entry", "10:05"), ("乙", "board_entry", "14:35"), ("丙", "post", "09:50"))
    rows = {r["platform"]: r for r in first_seen.first(posts, HOURLY, zone=ZONE).iter_rows(named=True)}
    # 甲's may have come at 9:05 already, and 丙 was there by 9:50
    assert rows["丙"]["interval"] is None and not rows["丙"]["sure"] and not rows["甲"]["sure"]
    assert rows["甲"]["interval"] == HOUR and rows["甲"]["earliest"] == at(DAY + "09:05")
    assert (rows["乙"]["lag_low"], rows["乙"]["lag_high"]) == (
        timedelta(hours=3, minutes=45),
        timedelta(hours=5, minutes=30),
    )


def test_a_missed_look_widens_the_error() -> None:
    missing = HOURLY.filter(
        ~((pl.col("platform") == "乙") & pl.col("at").is_between(at(DAY + "08:00"), at(DAY + "11:00")))
    )
    posts = story(("甲", "board_entry", "10:05"), ("乙", "board_entry", "11:35"))
    assert first_seen.first(posts, missing, zone=ZONE).filter(pl.col("platform") == "乙")["interval"][0] == 4 * HOUR


def test_looks_are_those_of_lists_and_a_visit_is_one_look() -> None:
    posts = story(
        ("甲", "board_entry", "10:05"),
        ("甲", "board_entry", "10:07"),
        ("甲", "board_entry", "11:05"),
        ("乙", "post", "10:00"),
    )
    again = pl.DataFrame(
        {"post_id": ["p001", "p004"], "platform": ["甲", "乙"], "seen_at": [at(DAY + "12:05"), at(DAY + "12:05")]},
        schema_overrides={"seen_at": pl.Datetime("us", "UTC")},
    )
    assert first_seen.polls(posts, again).rows() == [("甲", at(DAY + h)) for h in ("10:05", "11:05", "12:05")]
    assert first_seen.first(posts.clear(), first_seen.polls(posts.clear()), zone=ZONE).is_empty()


def test_of_real_boards_seen_every_hour_or_two_no_order_within_two_hours_is_claimed(shared_data: Path) -> None:
    frames = []
    for path in sorted((shared_data / "hot_boards").glob("*.csv.gz")):
        frames.append(
            pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False).select("board", "title", "first_seen")
        )
    rows = pl.concat(frames).with_columns(seen=pl.col("first_seen").str.to_datetime(time_zone="UTC", time_unit="us"))
    rows = rows.filter(pl.col("seen").dt.year() == 2024, pl.col("seen").dt.month() <= 3).unique(
        ["board", "title", "seen"]
    )
    base = make.posts([{"kind": "board_entry"}]).drop("post_id", "platform", "title", "published_at", "collected_at")
    posts = rows.select("title", "seen", platform="board").sort("platform", "seen", "title").with_row_index("post_id")
    posts = posts.with_columns(pl.col("post_id").cast(pl.String), published_at="seen", collected_at="seen")
    posts = posts.join(base, how="cross")
    looks = first_seen.polls(posts)
    several = posts.filter(pl.col("platform").n_unique().over("title") > 1, pl.col("title").str.len_chars() > 5)
    claims = 0
    for _, mine in list(several.sort("title").group_by("title", maintain_order=True))[:250]:
        firsts = first_seen.first(mine, looks, zone=ZONE)
        seen = dict(firsts.select("platform", "seen").iter_rows())
        for before, after, by in order(firsts):
            claims += 1
            assert seen[after] - seen[before] >= timedelta(hours=2) and by > 0
    assert claims > 50  # where the lists are days apart, it is said
