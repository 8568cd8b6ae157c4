"""A packed story years later: what the lab fetched itself is in its WARC byte for byte, read by another program."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_httpserver import HTTPServer
from warcio.archiveiterator import ArchiveIterator

import opinion_lab
from opinion_lab.collect import collector
from opinion_lab.desk import records

NOW = datetime(2026, 9, 10, 4, tzinfo=UTC)
ITEM = (
    """<item><title>{}</title><link>{}</link><guid>{}</guid><pubDate>{}</pubDate><description>{}</description></item>"""
)
SAID = "云溪县第三小学食堂餐盒里吃出异物，家长要求公布检测报告"
FEED = '<?xml version="1.0" encoding="gb18030"?><rss version="2.0"><channel><title>县新闻网</title>{}</channel></rss>'


def feed(server: HTTPServer, days: range) -> bytes:
    items = [
        ITEM.format(
            f"{SAID}（{n}）", server.url_for(f"/{n}"), n, f"{n:02d} Sep 2026 08:00:00 +0800", f"{SAID}，第{n}天。"
        )
        for n in days
    ]
    return FEED.format("".join(items)).encode("gb18030")


def test_what_was_fetched_is_kept_byte_for_byte_under_its_address_and_time(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    source = f'[[source]]\nid = "news"\nkind = "feed"\nurl = "{httpserver.url_for("/feed")}"\nplatform = "新闻网站"\n'
    manners = "[collect]\nseconds_between = 0.0\nallow_private = true\n[watch]\nany = ['食堂']\n"
    (tmp_path / "lab.toml").write_text(f'organisation = "云溪县市场监督管理局"\n{manners}{source}', encoding="utf-8")
    lab = opinion_lab.open(tmp_path)
    given = [feed(httpserver, range(4, 8)), feed(httpserver, range(6, 10))]
    for n, body in enumerate(given):
        httpserver.clear()
        httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
        httpserver.expect_request("/feed").respond_with_data(body, content_type="application/rss+xml")
        collector.collect(lab.store, now=NOW.replace(day=10 + n))

    def read(body: bytes) -> list[Any]:
        records = ArchiveIterator(io.BytesIO(body), check_digests=True)
        return [(r.rec_headers, r.content_stream().read(), r.digest_checker.passed) for r in records]

    warc = records._warc(lab.store, lab.store.captures())
    read_back = read(warc)
    assert [head.get_header("WARC-Type") for head, _, _ in read_back] == ["warcinfo", "resource", "resource"]
    assert all(checked for _, _, checked in read_back), "every digest holds"
    assert [body for _, body, _ in read_back[1:]] == given
    for day, (head, _, _) in zip((10, 11), read_back[1:], strict=True):
        assert head.get_header("WARC-Target-URI") == httpserver.url_for("/feed")
        assert head.get_header("WARC-Date") == f"2026-09-{day}T04:00:00Z"
    assert len({head.get_header("WARC-Record-ID") for head, _, _ in read_back}) == 3

    spoilt = warc.replace("家长".encode("gb18030"), "商家".encode("gb18030"))
    assert [passed for _, _, passed in read(spoilt)] == [True, False, False]
    files = {c: lab.store.bytes_path(c) for c in lab.store.captures()["capture"]}
    next(iter(files.values())).unlink()
    assert len(read(records._warc(lab.store, lab.store.captures()))) == 2, "what is past its time is not there"
