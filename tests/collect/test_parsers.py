"""Parsers of strangers' bytes: what is mutated gives entries or says why not, and lets out nothing else."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from opinion_lab.collect.parsers import boards, bodies, feeds, json_lists, pages, sitemaps

SEEDS = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "fixtures" / "sources").iterdir())]
BROKEN = (b"<![CDATA[", b"&#x0;", b"<!DOCTYPE a [<!ENTITY b '", b"http://[::1", b"<base href='http://['>", b"\xff\xfe")
BROKEN += (b"<a href='http://[x'>bbbbbbb</a>", b"null", b"[", b"{", b"1e999", b'"\\ud800"', b"2026-13-45 25:61")
READERS: dict[str, Callable[[bytes], Any]] = {
    "feeds": feeds.parse,
    "boards": boards.parse,
    "json_lists": lambda body: json_lists.parse(body, "data", {"title": "title", "url": "http://x/{id}"}),
    "sitemaps": sitemaps.parse,
    "listing": lambda body: pages.listing(body, url="http://x.cn/"),
}


@pytest.mark.parametrize("name", READERS)
def test_no_bytes_let_an_error_out(name: str) -> None:
    chance = random.Random(name)
    for _ in range(150):
        body = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 10)):
            at = chance.randrange(len(body) + 1)
            if chance.random() < 0.5:
                body[at:at] = chance.choice(BROKEN)
            else:
                del body[at : at + chance.randint(1, 60)]
        try:
            READERS[name](bytes(body))
        except bodies.Unreadable as error:
            assert error.code


def test_what_the_mutants_showed() -> None:
    urls = b"<urlset><url><loc>http://x/1</loc><news:news><news:title>t</news:title></news:news></url></urlset>"
    assert sitemaps.parse(urls)[0]["title"] == "t", "a prefix that nobody declared"
    link = "<li><a href='{}'>某县第{}号通报全文</a></li>"
    links = "".join(link.format(f"/{n}.html", n) for n in range(3)) + link.format("http://[x", 4)
    found = pages.listing(f"<ul class='a'>{links}</ul>".encode(), url="http://x.cn/")
    assert [e["url"] for e in found] == [f"http://x.cn/{n}.html" for n in range(3)], "an address with half a bracket"


@pytest.mark.parametrize("body", [b"<rss><channel/></rss>", b"<feed/>", b"<?xml version='1.0'?><a:rdf/>", b"<channel>"])
def test_a_feed_without_entries_is_empty_whatever_its_version(body: bytes) -> None:
    assert feeds.parse(body) == []


def test_an_article_has_the_hour_that_stands_beside_its_day() -> None:
    text = "<p>执法人员到现场检查了进货台账和后厨环境，抽检结果将在七个工作日内公布。</p>" * 4
    info = "<div>2026-09-08 10:20 来源：某县晚报</div>"
    page = f"<html><head><title>通报-某县网</title></head><body><h1>通报</h1>{info}<div>{text}</div></body></html>"
    (entry,) = pages.parse(page.encode("gb18030"), url="http://x.cn/a/1.html")
    assert (entry["title"], entry["author"]) == ("通报", "某县晚报") and "进货台账" in entry["text"]
    assert entry["published_at"] == datetime(2026, 9, 8, 2, 20, tzinfo=UTC)
