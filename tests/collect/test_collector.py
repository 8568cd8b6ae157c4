"""Visits to feeds on a real server: raw bytes first, nothing twice, one failure stops no other."""

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import polars as pl
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from opinion_lab import config
from opinion_lab.cli import data
from opinion_lab.collect import collector, unfinished
from opinion_lab.prepare import pipeline
from opinion_lab.storage import store
from opinion_lab.storage.maintenance import integrity

NOW = datetime(2026, 9, 9, 8, tzinfo=UTC)
ITEM = "<item><title>第{n}条</title><link>http://x/{n}</link><pubDate>Tue, 08 Sep 2026 12:20:00 GMT</pubDate></item>"


def rss(n: int, item: str = ITEM) -> str:
    return f'<rss version="2.0"><channel><title>t</title>{"".join(item.format(n=i) for i in range(n))}</channel></rss>'


def lab_with(root: Path, httpserver: HTTPServer, *names: str, collect: str = "", **options: str) -> store.Store:
    """A lab with a feed for each path; no robots.txt."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    more = "".join(f"{k} = {v}\n" for k, v in options.items())
    sources = "".join(
        f'[[source]]\nid = "{name}"\nkind = "feed"\nurl = "{httpserver.url_for(f"/{name}")}"\n'
        f'platform = "新闻网站"\ntier = "A"\nallow_private = true\n{more}'
        for name in names
    )
    (root / "lab.toml").write_text(f"[collect]\nseconds_between = 0.0\n{collect}{sources}", encoding="utf-8")
    return store.open(root)


@pytest.fixture
def fed(tmp_path: Path, httpserver: HTTPServer) -> store.Store:
    """A lab with one feed that works and one that is gone."""
    httpserver.expect_request("/gone").respond_with_data("", status=410)
    return lab_with(tmp_path, httpserver, "good", "gone")


def test_raw_first_nothing_twice(fed: store.Store, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/good").respond_with_data(rss(3))
    first = collector.collect(fed, now=NOW)
    assert first["outcome"].to_list() == ["new", "failed"]
    assert first.select("fault", "detail").row(1) == ("status", "410")
    assert first.row(0, named=True)["rows_in"] == 3
    capture = fed.captures()["capture"][0]
    assert fed.raw_bytes(capture) == rss(3).encode()
    assert fed.items(capture)["title"].to_list() == ["第0条", "第1条", "第2条"]

    assert collector.collect(fed, now=NOW + timedelta(minutes=59)).is_empty()  # tier A: not due yet
    again = collector.collect(fed, now=NOW + timedelta(hours=1))
    assert again["outcome"].to_list() == ["unchanged"]  # what is gone is asked for half as often
    assert collector.collect(fed, now=NOW + timedelta(hours=3))["outcome"].to_list() == ["unchanged", "failed"]
    assert fed.captures().height == 1
    assert fed.visits().height == 5


def test_a_feed_that_grows_is_two_captures(fed: store.Store, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/good").respond_with_data(rss(1))
    collector.collect(fed, now=NOW, only="good")
    httpserver.expect_oneshot_request("/good").respond_with_data(rss(2))
    grown = collector.collect(fed, now=NOW + timedelta(hours=2), only="good")
    assert grown["kept"].to_list() == [2]
    assert fed.captures()["rows_kept"].to_list() == [1, 2]
    measured = fed.visits().filter(pl.col("source_id") == "good").select("seen", "kept", "shared", "undated")
    assert measured.rows() == [(1, 1, None, 0), (2, 2, 1, 0)]


def test_a_source_that_has_moved_says_where(tmp_path: Path, httpserver: HTTPServer) -> None:
    lab = lab_with(tmp_path, httpserver, "old", "passing")
    for name, status in (("old", 301), ("passing", 302)):
        to = {"location": httpserver.url_for("/new")}
        httpserver.expect_request(f"/{name}").respond_with_data("", status=status, headers=to)
    httpserver.expect_request("/new").respond_with_data(rss(2))
    collector.collect(lab, now=NOW)
    moved = dict(lab.visits().select("source_id", "moved_to").iter_rows())
    assert moved == {"old": httpserver.url_for("/new"), "passing": None}


def test_in_a_notebook_whose_loop_runs(fed: store.Store, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/good").respond_with_data(rss(1))

    async def cell() -> pl.DataFrame:
        return collector.collect(fed, now=NOW, only="good")

    assert asyncio.run(cell())["outcome"].to_list() == ["new"]


def test_unknown_source_is_said(fed: store.Store) -> None:
    with pytest.raises(config.LabError, match="good、gone"):
        collector.collect(fed, now=NOW, only="other")


BODIES = {
    "crash": rss(1).replace("t</title>", "t</title>" + "<b>" * 3000),
    "page": "<html><body>系统维护中</body></html>",
    "dict-title": '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": {"a": 1},'
    ' "content_text": "x", "date_published": "2026-09-08T12:20:00Z"}]}',
    "links": rss(2, ITEM.replace("http://x/{n}", "java&#10;script:alert({n})")),
    "future": rss(3, ITEM.replace("2026", "2027")),
    "brackets": rss(1, ITEM.replace("http://x/{n}", "http://[::1")),
}


def test_whatever_ails_one_source_is_its_own_outcome(tmp_path: Path, httpserver: HTTPServer) -> None:
    for name, body in BODIES.items():
        httpserver.expect_request(f"/{name}").respond_with_data(body)
    corrupt = {"content-encoding": "gzip"}
    httpserver.expect_request("/corrupt").respond_with_data(gzip.compress(b"x")[:-4], headers=corrupt)
    httpserver.expect_request("/zz-good").respond_with_data(rss(3))
    lab = lab_with(tmp_path, httpserver, *BODIES, "corrupt", "zz-good")
    done = {r["source_id"]: r for r in collector.collect(lab, now=NOW).iter_rows(named=True)}
    assert done["zz-good"]["kept"] == 3
    faults = {name: row["fault"] for name, row in done.items() if row["fault"]}
    assert faults == {
        **{"page": "not_a_feed", "future": "clock", "corrupt": "encoding"},
    }
    of_links = lab.captures().filter(pl.col("source_id") == "links")["capture"][0]
    assert lab.items(of_links)["url"].to_list() == [None, None]
    links = done["links"]
    assert links["kept"] == 2 and [n["n"] for n in links["notes"]] == [2]
    for row in done.values():
        assert "\n" not in data._visit_sentence(row)
    assert integrity.verify(lab) == []


def test_every_fault_has_its_sentence() -> None:
    code = "".join(p.read_text("utf-8") for p in Path(collector.__file__).parent.rglob("*.py"))
    import re

    raised = set(re.findall(r'Fault\(\s*"(\w+)"', code)) | set(re.findall(r'Fault\("\w+" if \w+ else "(\w+)"', code))
    raised |= set(re.findall(r'[uU]nreadable\((?:text, |html, )?"(\w+)"', code))
    raised |= {"not_a_feed"}  # feeds.NotAFeed
    assert raised == set(data.FAULTS)


def test_a_source_that_asks_for_a_pause_holds_up_nobody(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Case f15-retry-after."""
    asked: list[str] = []

    def busy(request: Request) -> Response:
        asked.append(request.path)
        said = "3600" if request.path == "/ra-hour" else format_datetime(datetime.now(UTC) + timedelta(seconds=90))
        return Response("slow down", status=429, headers={"retry-after": said})

    httpserver.expect_request("/ra-date").respond_with_handler(busy)
    httpserver.expect_request("/ra-hour").respond_with_handler(busy)
    httpserver.expect_request("/zz").respond_with_data(rss(1))
    lab = lab_with(tmp_path, httpserver, "ra-date", "ra-hour", "zz")
    begun = time.monotonic()
    first = collector.collect(lab, now=NOW)
    assert time.monotonic() - begun < 8 and first["outcome"].to_list() == ["failed", "failed", "new"]
    assert first["fault"].to_list() == ["busy", "busy", None] and asked == ["/ra-date", "/ra-hour"]
    soon = collector.collect(lab, now=NOW + timedelta(seconds=80), only="ra-date")
    assert soon["outcome"].to_list() == ["waits"] and len(asked) == 2
    collector.collect(lab, now=NOW + timedelta(seconds=91), only="ra-date")
    assert collector.collect(lab, now=NOW + timedelta(minutes=59))["source_id"].to_list() == ["ra-hour"]
    assert asked == ["/ra-date", "/ra-hour", "/ra-date"]
    collector.collect(lab, now=NOW + timedelta(minutes=61))
    assert asked.count("/ra-hour") == 2


def test_a_run_has_an_end_and_goes_on_next_time(tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_handler(lambda _: time.sleep(3) or Response(rss(1)))  # type: ignore[func-returns-value]
    httpserver.expect_request("/b").respond_with_data(rss(2))
    lab = lab_with(tmp_path, httpserver, "a", "b", collect="run_minutes = 0.02\n")
    assert collector.collect(lab, now=NOW)["outcome"].to_list() == ["not_reached", "not_reached"]
    assert lab.visits().is_empty()
    lab = lab_with(tmp_path, httpserver, "a", "b")
    assert collector.collect(lab, now=NOW, only="b")["outcome"].to_list() == ["new"]


def test_two_sources_with_equal_bytes_are_two_and_stay_prepared(tmp_path: Path, httpserver: HTTPServer) -> None:
    for name in ("a", "b"):
        httpserver.expect_request(f"/{name}").respond_with_data(rss(2))
    lab = lab_with(tmp_path, httpserver, "a", "b")
    assert collector.collect(lab, now=NOW)["outcome"].to_list() == ["new", "new"]
    done = pipeline.run(lab, progress=False)
    assert (done.captures, done.rows) == (2, 4) == (2, done.new_posts + done.seen_again + done.merged)
    assert {lab.items(c)["source_id"][0] for c in lab.captures()["capture"]} == {"a", "b"}
    for hours in (1, 3):
        again = collector.collect(lab, now=NOW + timedelta(hours=hours))
        assert again["outcome"].to_list() == ["unchanged", "unchanged"]
        assert pipeline.run(lab, progress=False).captures == 0
    assert integrity.verify(lab) == [] and len(list((lab.raw / "bytes").rglob("*"))) == 2  # a folder, a file


def test_beijing_time_called_greenwich_is_not_of_tomorrow(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Case f12-mislabel, at the collector."""
    local = [NOW + timedelta(hours=8) - timedelta(minutes=m) for m in (5, 60, 3000)]
    at = [f"{t:%a, %d %b %Y %H:%M:%S} GMT" for t in local]
    body = "".join(ITEM.replace("Tue, 08 Sep 2026 12:20:00 GMT", t).format(n=n) for n, t in enumerate(at))
    httpserver.expect_request("/m").respond_with_data(rss(1, body))
    lab = lab_with(tmp_path, httpserver, "m")
    (row,) = collector.collect(lab, now=NOW).to_dicts()
    assert row["kept"] == 3 and 'times = "local"' in row["notes"][0]["what"]
    pipeline.run(lab, progress=False)
    posts = lab.posts()
    assert (posts["published_at"] <= posts["collected_at"]).all()
    assert posts["published_at"].max() == NOW - timedelta(minutes=5)
    assert posts["day"].max() == NOW.date()


def test_what_a_stop_left_unread_is_read(tmp_path: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(rss(2))
    lab = lab_with(tmp_path, httpserver, "a")
    body = rss(5).encode("gbk")  # what it said before the stop, its encoding in the HTTP header alone
    lab.put_raw(body, source_id="a", name="a", url="http://x/feed", encoding="gbk", collected_at=NOW)
    collector.collect(lab, now=NOW)
    assert sorted(lab.captures()["rows_kept"]) == [2, 5]
    assert all(t.startswith("第") for c in lab.captures()["capture"] for t in lab.items(c)["title"])
    assert unfinished.finish(lab) == []


@pytest.mark.parametrize("at", [NOW + timedelta(days=200), NOW + timedelta(hours=2)])
def test_a_visit_of_the_future_silences_nobody(fed: store.Store, httpserver: HTTPServer, at: datetime) -> None:
    httpserver.expect_request("/good").respond_with_data(rss(1))
    fed.put_visit("good", at, "failed", note="busy 429", retry_at=at + timedelta(days=3))
    assert collector.collect(fed, now=NOW)["outcome"].to_list() == ["new", "failed"]
    later = collector.collect(fed, now=NOW + timedelta(minutes=30))
    assert later.is_empty()


def test_a_visit_under_a_wrong_clock_gives_its_tags_to_the_next(fed: store.Store, httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        old = request.headers.get("if-none-match")
        return Response(status=304) if old == '"v2"' else Response(rss(1), headers={"etag": '"v2"'})

    httpserver.expect_request("/good").respond_with_handler(answer)
    fed.put_visit("good", NOW + timedelta(days=200), "new", tags={"etag": '"v1"'})
    assert collector.collect(fed, now=NOW, only="good")["outcome"].to_list() == ["new"]
    assert collector.collect(fed, now=NOW + timedelta(hours=2), only="good")["outcome"].to_list() == ["unchanged"]


def test_a_login_is_neither_printed_nor_stored(tmp_path: Path, httpserver: HTTPServer) -> None:
    lab = lab_with(tmp_path, httpserver, "a")
    text = (tmp_path / "lab.toml").read_text("utf-8").replace("http://", "http://clerk:geheim@")
    (tmp_path / "lab.toml").write_text(text, encoding="utf-8")
    httpserver.expect_request("/a").respond_with_data(rss(2, ITEM.replace("http://x/", "http://u:geheim@x/")))
    lab = store.open(tmp_path)
    done = collector.collect(lab, now=NOW)
    assert done["kept"].to_list() == [2]
    assert lab.items(lab.captures()["capture"][0])["url"].to_list() == ["http://x/0", "http://x/1"]
    said = str(done.to_dicts()) + str(lab.captures().to_dicts()) + str(lab.visits().to_dicts())
    assert "geheim" not in said and "clerk" not in said
