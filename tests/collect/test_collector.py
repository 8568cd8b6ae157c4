"""Visits to feeds on a real server: raw bytes first, nothing twice, one failure stops no other."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from opinion_lab import config
from opinion_lab.collect import collector, visits
from opinion_lab.storage import store

NOW = datetime(2026, 9, 9, 8, tzinfo=UTC)
ITEM = "<item><title>第{n}条</title><link>http://x/{n}</link><pubDate>Tue, 08 Sep 2026 12:20:00 GMT</pubDate></item>"


def rss(n: int) -> str:
    return f'<rss version="2.0"><channel><title>t</title>{"".join(ITEM.format(n=i) for i in range(n))}</channel></rss>'


@pytest.fixture
def fed(tmp_path: Path, httpserver: HTTPServer) -> store.Store:
    """A lab with one feed that works and one that is gone."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    httpserver.expect_request("/gone").respond_with_data("", status=410)
    sources = "".join(
        f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{httpserver.url_for(f"/{name}")}"\n'
        'platform = "新闻网站"\ntier = "A"\n'
        for name in ("good", "gone")
    )
    manners = "[collect]\nseconds_between = 0.0\nallow_private = true\n"
    (tmp_path / "lab.toml").write_text(manners + sources, encoding="utf-8")
    return store.open(tmp_path)


def test_raw_first_nothing_twice(fed: store.Store, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/good").respond_with_data(rss(3))
    first = collector.collect(fed, now=NOW).sort("source_id", descending=True)
    assert first["outcome"].to_list() == ["有新内容", "失败"]
    assert "410" in first["why"][1]  # sources: good, gone
    assert first.row(0, named=True)["rows_in"] == 3
    capture = fed.captures()["capture"][0]
    assert fed.raw_bytes(capture) == rss(3).encode()
    assert fed.items(capture)["title"].to_list() == ["第0条", "第1条", "第2条"]

    assert collector.collect(fed, now=NOW + timedelta(minutes=59)).is_empty()  # tier A: not due yet
    again = collector.collect(fed, now=NOW + timedelta(hours=1)).sort("source_id", descending=True)
    assert again["outcome"].to_list() == ["无变化", "失败"]
    assert fed.captures().height == 1
    assert fed.visits().height == 4


def test_a_feed_that_grows_is_two_captures(fed: store.Store, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/good").respond_with_data(rss(1))
    collector.collect(fed, now=NOW, only="good")
    httpserver.expect_oneshot_request("/good").respond_with_data(rss(2))
    grown = collector.collect(fed, now=NOW + timedelta(hours=2), only="good")
    assert grown["kept"].to_list() == [2]
    assert fed.captures()["rows_kept"].to_list() == [1, 2]


def test_unknown_source_is_said(fed: store.Store) -> None:
    with pytest.raises(config.LabError, match="good、gone"):
        collector.collect(fed, now=NOW, only="other")


@pytest.mark.parametrize(
    ("tier", "hours_ago", "due"),
    [("A", 1.0, True), ("A", 0.9, False), ("B", 6.0, True), ("B", 5.9, False), ("C", 24.0, True), ("C", 23.0, False)],
)
def test_tiers(tier: str, hours_ago: float, due: bool) -> None:
    source = config.Source(id="s", kind="feed", url="http://x", platform="p", tier=tier)
    assert bool(visits.due([source], {"s": NOW - timedelta(hours=hours_ago)}, NOW)) is due


def test_longest_overdue_first() -> None:
    def source(name: str, tier: str) -> config.Source:
        return config.Source(id=name, kind="feed", url="http://x", platform="p", tier=tier)

    last = {"a": NOW - timedelta(hours=3), "c": NOW - timedelta(hours=40)}
    order = visits.due([source("a", "A"), source("new", "C"), source("c", "C")], last, NOW)
    assert [s.id for s, _ in order] == ["new", "c", "a"]
    with pytest.raises(config.LabError, match="tier"):
        visits.due([source("x", "Z")], {}, NOW)
