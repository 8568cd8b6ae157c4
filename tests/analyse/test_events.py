"""Alerts are events: a story of enough voices in a day, once; copies are no voices; chances only where measured."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab.analyse.trends import events
from tests import make

ZONE = ZoneInfo("Asia/Shanghai")


def feed(*rows: tuple[str, int, str | None, str | None]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Posts of (story, minutes after the start, author, copy_of), and their stories."""
    start = make.at(make.START)
    # what was said ten days before: from then on is known what is usual
    rows = (("before", -10 * 1440, None, None), *rows)
    posts = make.posts(
        [
            {"text": f"第{n}条", "published_at": start + timedelta(minutes=m), "author_id": a, "copy_of": c}
            for n, (_, m, a, c) in enumerate(rows)
        ]
    )
    return posts, pl.DataFrame({"post_id": posts["post_id"], "story_id": [r[0] for r in rows]})


def test_a_story_is_told_once_when_enough_voices_took_it_up() -> None:
    posts, told = feed(
        *(("a", 60 * n, f"u{n}", None) for n in range(8)), *(("b", 400 * n, f"v{n}", None) for n in range(3))
    )
    found = events.reached(posts, told, least=4)
    assert found.select("story_id", "n", "hours").rows() == [("a", 4, 3.0)]
    assert len(found["posts"][0]) == 4
    assert events.reached(posts.reverse(), told.reverse(), least=4).equals(found), "order of rows"


def test_copies_and_one_account_are_no_voices() -> None:
    advert = feed(("a", 0, "u0", None), *(("a", n, f"u{n}", "p002") for n in range(1, 9)))
    alone = feed(*(("a", n, "u0", None) for n in range(9)))
    assert events.reached(*advert, least=3).is_empty() and events.reached(*alone, least=3).is_empty()
    nameless = feed(*(("a", n, None, None) for n in range(4)))
    assert events.reached(*nameless, least=4).height == 1, "the platform names nobody: posts are voices"


def test_after_a_silent_day_it_is_a_new_event() -> None:
    twice = [("a", day * 1440 + n, f"u{day}{n}", None) for day in (0, 3) for n in range(4)]
    assert events.reached(*feed(*twice), least=4).height == 2


def test_talk_that_goes_on_as_it_did_is_no_event() -> None:
    """A story of eight voices every day is none, on no day; one that rises from two a day to twelve is."""
    steady = [("a", day * 1440 + n, f"u{n}", None) for day in range(-9, 9) for n in range(8)]
    assert events.reached(*feed(*steady), least=4).is_empty()
    rising = [("a", day * 1440 + n, f"u{n}", None) for day in range(-9, 2) for n in range(12 if day == 1 else 2)]
    assert events.reached(*feed(*rising), least=4).height == 1


def test_at_an_archives_beginning_nothing_is_usual_yet() -> None:
    posts, told = feed(*(("a", n, f"u{n}", None) for n in range(20)))
    inside = posts.filter(pl.col("published_at") >= make.at(make.START))
    assert events.reached(inside, told, least=4).is_empty() and events.reached(posts, told, least=4).height == 1


@pytest.mark.parametrize(("kind", "fewest"), [("board_entry", 3), ("complaint", 5), ("comment", 10), ("post", 10)])
def test_how_many_make_an_event_depends_on_what_they_are(kind: str, fewest: int) -> None:
    posts = make.posts([{"text": f"第{n}条", "kind": kind} for n in range(3)])
    assert events.fewest(posts) == fewest and events.fewest(posts.clear()) == 10


def test_the_budget_is_kept_and_quiet_hours_wait() -> None:
    rows = [(f"s{k}", 10 * k + n, f"u{k}{n}", None) for k in range(5) for n in range(3)]
    posts, told = feed(*rows)
    found = events.reached(posts, told, least=3)
    assert events.told(found, budget=2, zone=ZONE)["story_id"].to_list() == ["s0", "s1"]
    quiet = events.told(found, budget=9, zone=ZONE, quiet=(6, 12))
    assert {t.astimezone(ZONE).hour for t in quiet["raised"]} == {12}
    entries = posts.with_columns(kind=pl.lit("board_entry"))
    assert [events.least(entries, told, budget=n, zone=ZONE) for n in (2, 5)] == [4, 3]


def test_a_chance_needs_outcomes() -> None:
    right = pl.Series([True, True, False] * 40)
    chance = events.Chance.learn(right)
    assert chance is not None and chance.share == 2 / 3 and chance.n == 120
    assert chance.gap(pl.Series([True, False])) == pytest.approx(1 / 6)
    assert events.Chance.learn(right.head(events.OUTCOMES - 1)) is None
    assert events.Chance.learn(pl.Series([True] * 200)) is None
