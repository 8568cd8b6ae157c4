"""The backtest: planted events are the truth, rules are judged alike, nothing later decides, little data is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from opinion_lab.analyse import trends
from opinion_lab.analyse.trends import backtest
from opinion_lab.report.wording import backtests
from opinion_lab.rules import SHIPPED
from tests.benchmarks import rival_alerts, trends as benchmark

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 6, 30, 16, tzinfo=UTC)
DAYS, EVENT_DAYS = 44, range(8, 44, 3)


def archive(days: int = DAYS) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Titles of everyday words, 60 a day; every third day an event of 12 titles in five hours: posts, their stories."""
    random = np.random.default_rng(2)
    rows = []
    for day in range(days):
        for i, at in enumerate(np.sort(random.uniform(0, 24, 60))):
            rows.append((f"d{day}-{i}", at, day, random.choice(["天气", "美食", "旅行", "电影", "学校"], 2).tolist()))
        if day in EVENT_DAYS:
            for i, at in enumerate(np.sort(random.uniform(9, 14, 12))):
                rows.append((f"e{day}-{i}", at, day, [f"名字{day}", str(random.choice(["回应", "学校", "通报"]))]))
    frame = pl.DataFrame(rows, schema=["post_id", "hour", "day", "words"], orient="row")
    at = pl.lit(START) + pl.duration(days="day", minutes=(pl.col("hour") * 60).cast(pl.Int64))
    posts = frame.with_columns(published_at=at.dt.cast_time_unit("us"), copy_of=pl.lit(None, pl.String))
    posts = posts.with_columns(kind=pl.lit("board_entry"))
    event = pl.col("post_id").str.starts_with("e")
    story = pl.when(event).then(pl.format("s_{}", "day")).otherwise(pl.format("s_{}", "post_id"))
    return posts, frame.select("post_id", story_id=story)


def test_the_truth_is_what_was_planted() -> None:
    posts, told = archive()
    true = backtest._events(posts, told, budget=3, zone=ZONE)
    assert true.height == len(EVENT_DAYS) and (true["size"] == 12).all()
    assert all(p.startswith("e") for p in true.explode("posts")["posts"])
    assert ((true["peak"] - true["start"]) <= timedelta(hours=6)).all()
    assert backtest._events(posts.reverse(), told.reverse(), budget=3, zone=ZONE).equals(true), "order of rows"


def test_a_story_that_falls_silent_for_a_day_is_two_events() -> None:
    posts, told = archive()
    merged = told.with_columns(story_id=pl.col("story_id").replace({"s_8": "s_x", "s_11": "s_x"}))
    true = backtest._events(posts, merged, budget=3, zone=ZONE)
    assert {"s_x#1", "s_x#2"} <= set(true["event"]) and true.height == len(EVENT_DAYS)


def test_ours_catches_what_was_planted_within_the_budget() -> None:
    posts, told = archive()
    asked = {"key": "words", "budget": 2, "peaks": SHIPPED.annual_peaks, "zone": ZONE, "rivals": rival_alerts.RIVALS}
    found = backtest.run(posts, told, **asked)
    rows = {r["rule"]: r for r in found.table.iter_rows(named=True)}
    ours = rows.pop(backtest.OURS)
    assert ours["caught"] == 1 and ours["right"] >= 0.8 and ours["within_3"] >= 0.8
    assert ours["kept"] == 1 and all(r["kept"] == 1 for r in rows.values())
    assert set(rows) == {backtest.WORDS, *rival_alerts.RIVALS}
    words = rows.pop(backtest.WORDS)
    assert words["caught"] == 1 and words["right"] >= 0.8
    assert all(ours["right"] >= r["right"] and ours["within_6"] >= r["within_6"] for r in rows.values())
    assert found.alerts.filter(pl.col("raised") < found.since).is_empty(), "what gave the threshold is not judged"
    again = backtest.run(posts.reverse(), told.reverse(), **asked)
    assert again.table.equals(found.table)
    lines = backtests.lines(found, budget=2, zone=ZONE)
    assert lines[1].startswith("什么算真事") and "12个账号" in lines[1], "above the figures"
    assert "抓住100%" in lines[2]


def test_where_nothing_large_came_no_share_is_given() -> None:
    posts, told = archive()
    found = backtest.run(posts, told, key="words", budget=2, peaks=SHIPPED.annual_peaks, zone=ZONE)
    quiet = replace(found, events=found.events.clear(), size=0)
    assert "无从判断" in backtests.finding(quiet) and "%" not in backtests.finding(quiet)
    assert "0个账号" not in backtests.truth(quiet, budget=2, zone=ZONE)


def test_pairs_hold_two_rules_to_the_same_bursts() -> None:
    """A rule that speaks at once of the one burst it sees has the shorter median, and is no sooner on it."""
    at = [START + timedelta(hours=h) for h in range(8)]
    other = next(iter(rival_alerts.RIVALS))
    told = [(backtest.OURS, "a", at[1]), (backtest.OURS, "b", at[6]), (backtest.OURS, "c", at[7]), (other, "a", at[1])]
    told += [(other, "c", at[3]), (other, "d", at[2]), (other, "before", at[0])]
    said = pl.DataFrame(told, schema=["rule", "event", "raised"], orient="row").with_columns(first=pl.lit(True))
    true = pl.DataFrame({"event": ["a", "b", "c", "d"]})
    row, *others = rival_alerts.pairs(said, true).iter_rows(named=True)
    assert row == {
        **{"rule": other, "ours_only": 1, "theirs_only": 1, "both": 2, "first": 0, "same": 1, "later": 1},
        **{"gap": -2.0, "gap_mean": -2.0},
    }
    assert all(r["both"] == 0 and r["gap"] is None and r["ours_only"] == 3 for r in others)
    repeat = said.with_columns(first=pl.Series([True, True, False, True, True, True, True]))
    assert rival_alerts.pairs(repeat, true)["both"][0] == 1, "an alert that repeats is no catch"


def test_the_watch_is_given_what_the_replay_found() -> None:
    """Its threshold and number of posts, so that the alerts shown are those that were judged; else the usual."""
    posts, told = archive()
    found = backtest.run(posts, told, key="words", budget=2, peaks=SHIPPED.annual_peaks, zone=ZONE)
    bar = backtests.bar(found)
    assert bar == {"threshold": found.table["threshold"][1], "min_n": found.fewest}
    assert found.fewest == trends.MIN_POSTS, "bursts of twelve: three posts are no matter here"
    behind = trends.behind(posts, key="words", zone=ZONE)
    counts = trends.count(trends.lively(behind, min_n=bar["min_n"]), key="key", time="bin", zone=ZONE)
    alerts = trends.watch(counts, budget=2, behind=behind, zone=ZONE, **bar).filter("alert")
    judged = found.alerts.filter(pl.col("rule") == backtest.WORDS)
    live = alerts.filter(pl.col("raised") >= found.since).select("key", "raised").sort("raised", "key")
    assert live.equals(judged.select("key", "raised").sort("raised", "key")) and live.height
    assert f"有{found.least}个声音" in backtests.barred(found, found.least, budget=2)
    short = backtest.run(*archive(15), key="words", peaks=SHIPPED.annual_peaks, zone=ZONE)
    assert backtests.bar(short) == {"threshold": 0.0, "min_n": trends.MIN_POSTS}
    assert "报不出把握" in backtests.barred(short, 3, budget=3), "no chance is printed that nobody measured"


@pytest.mark.parametrize("days", [0, 1, 15])
def test_a_short_archive_tells_nothing_and_says_so(days: int) -> None:
    posts, told = archive(days) if days else (a.clear() for a in archive(1))
    found = backtest.run(posts, told, key="words", peaks=SHIPPED.annual_peaks, zone=ZONE)
    assert found.since is None and found.table.is_empty()
    assert backtests.lines(found, budget=3, zone=ZONE) == [backtests.NOTHING]


@pytest.mark.soak
def test_on_real_hot_lists_ours_is_ahead(shared_data: Path) -> None:
    """Two summer months give the thresholds, the third is judged: right oftener, sooner, and within the budget."""
    found = benchmark.replay(("2024-06", "2024-07", "2024-08"), learn=2 / 3)
    ours, *others = found.table.iter_rows(named=True)
    assert ours["kept"] >= 0.95 and ours["right"] >= 0.45 and ours["within_6"] >= 0.15
    for rule in others:
        assert ours["right"] > rule["right"] + 0.1, rule["rule"]
        assert ours["within_6"] > rule["within_6"] and ours["lost"] < rule["lost"], rule["rule"]
    judged = found.events.filter(pl.col("start") >= found.since)
    for pair in rival_alerts.pairs(found.alerts, judged).iter_rows(named=True):
        assert pair["ours_only"] > 2 * pair["theirs_only"], pair["rule"]
