"""Feeds as they come: three formats, zones said and unsaid, old encodings, and what is no feed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest

from opinion_lab import config
from opinion_lab.collect.parsers import entries, feeds

ZONE = ZoneInfo("Asia/Shanghai")
SOURCE = config.Source(id="yxnews", kind="feed", url="http://x", platform="新闻网站", author_kind="media")

RSS = """<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>晚报</title>
<item><title>农贸市场复秤</title><link>http://x/1</link><guid>n1</guid><pubDate>{time}</pubDate>
<description>&lt;p&gt;抽查&lt;b&gt;12&lt;/b&gt;户&lt;/p&gt;</description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>a1</id><title>通报</title>
<link href="http://x/a1"/><updated>2026-09-08T12:20:00Z</updated><author><name>某局</name></author>
<content type="html">&lt;p&gt;正文&lt;/p&gt;</content></entry></feed>"""
JSON = orjson.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "t",
        "items": [
            {"id": 7, "url": "http://x/7", "content_text": "正文", "date_published": "2026-09-08T20:20:00+08:00"},
            {"id": "8", "title": "没有时间"},
        ],
    }
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Tue, 08 Sep 2026 12:20:00 GMT", datetime(2026, 9, 8, 12, 20, tzinfo=UTC)),
        ("Tue, 08 Sep 2026 20:20:00 +0800", datetime(2026, 9, 8, 12, 20, tzinfo=UTC)),
        ("2026-09-08 20:20:00", datetime(2026, 9, 8, 12, 20, tzinfo=UTC)),  # no zone: the source's own
        ("2026年9月8日 20:20", datetime(2026, 9, 8, 12, 20, tzinfo=UTC)),
        ("昨天", datetime(2026, 9, 7, 16, tzinfo=UTC)),  # as seen at the visit
        ("不久前", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2026-13-40 20:20:00", None),
    ],
)
def test_times(given: str, expected: datetime | None) -> None:
    body = RSS.format(encoding="utf-8", time=given).encode()
    parsed = entries.items(
        feeds.read(body), SOURCE, capture="c", collected_at=datetime(2026, 9, 9, tzinfo=UTC), zone=ZONE
    )
    assert parsed.items["published_at"].to_list() == ([expected] if expected else [])
    assert parsed.dropped.select("reason", "detail").rows() == ([] if expected else [("时间读不懂", given)])


WIDE = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]  # with a mark of byte order, without


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", *WIDE])
def test_encodings(encoding: str) -> None:
    entry = feeds.parse(RSS.format(encoding=encoding, time="").encode(encoding))[0]
    assert entry["title"] == "农贸市场复秤"
    assert (entry["native_id"], entry["url"]) == ("n1", "http://x/1")
    assert "12" in entry["text"]


def test_atom() -> None:
    assert feeds.parse(ATOM.encode())[0] == {
        "native_id": "a1",
        "title": "通报",
        "url": "http://x/a1",
        "author": "某局",
        "text": "<p>正文</p>",
        "time": "2026-09-08T12:20:00Z",
        "published_at": datetime(2026, 9, 8, 12, 20, tzinfo=UTC),
    }


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b"\n "])
def test_json_feed(lead: bytes) -> None:
    first, second = feeds.parse(lead + JSON)
    assert first["native_id"] == "7" and first["text"] == "正文"
    assert first["published_at"] == datetime(2026, 9, 8, 12, 20, tzinfo=UTC)
    assert second["published_at"] is None


@pytest.mark.parametrize("body", [b"<html><body>404</body></html>", b"", b'{"a": 1}', b"{broken"])
def test_what_is_no_feed_says_so(body: bytes) -> None:
    with pytest.raises(feeds.NotAFeed):
        feeds.parse(body)


@pytest.mark.parametrize(
    "body",
    [
        b'<rss version="2.0"><channel><title>t</title></channel></rss>',
        b"<?xml version='1.0'?>\n<!-- not yet -->\n",
        b"<!-- of an old program --><news><title>t</title></news>",
        '<?xml version="1.0" encoding="cp037"?><rss><channel/></rss>'.encode("cp037"),
    ],
)
def test_a_feed_without_entries_is_a_feed(body: bytes) -> None:
    assert feeds.parse(body) == []


@pytest.mark.parametrize(
    ("charset", "text"), [("windows-1252", "Caf\xe9 \u201cZ\xfcrich\u201d"), ("iso-8859-1", "\xa3 \u201c")]
)
def test_what_is_often_untrue_may_be_true(charset: str, text: str) -> None:
    body = f"<rss><channel><item><title>{text}</title></item></channel></rss>".encode("windows-1252")
    assert feeds.parse(body, charset=charset)[0]["title"] == text


@pytest.mark.parametrize("charset", ["gbk", "iso-8859-1", None, "utf-8"])
@pytest.mark.parametrize("broken", [b"\xff", "\u5e02".encode("gbk")[:1]])
@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_a_broken_byte_costs_a_character_and_not_the_page(encoding: str, broken: bytes, charset: str | None) -> None:
    body = "<rss><channel><item><title>某县农贸市场公平秤复秤通报</title></item></channel></rss>".encode(encoding)
    assert feeds.parse(body + broken, charset=charset)[0]["title"] == "某县农贸市场公平秤复秤通报"


@pytest.mark.parametrize(
    ("before", "title", "expected"),
    [
        (
            '<!DOCTYPE rss [<!ENTITY org "某县市场监管局">\n<!ENTITY day "今日">]>',
            "&org;&day;通报",
            "某县市场监管局今日通报",
        ),
        ("", "<![CDATA[ <!DOCTYPE ]]>", "<!DOCTYPE"),
        (f'<!DOCTYPE rss [<!ENTITY a "{"啊" * 500}">]>', "&a;" * 300, "&a;" * 300),  # a short feed of a long text
        ('<!DOCTYPE rss [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]>', "&b;", "&b;"),
    ],
)
def test_names_that_a_feed_declares_for_itself(before: str, title: str, expected: str) -> None:
    body = f'{before}<rss version="2.0"><channel><item><title>{title}</title></item></channel></rss>'
    assert feeds.parse(body.encode())[0]["title"] == expected


def test_a_feed_cut_short_keeps_what_is_whole() -> None:
    whole = RSS.format(encoding="utf-8", time="Tue, 08 Sep 2026 12:20:00 GMT")
    cut = whole[: whole.index("</channel>")] + "<item><title>半"
    assert feeds.parse(cut.encode())[0]["title"] == "农贸市场复秤"
