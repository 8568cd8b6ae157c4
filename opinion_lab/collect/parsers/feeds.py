"""RSS, Atom and JSON Feed -> rows as given. No I/O."""

from __future__ import annotations

import calendar
import io
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import orjson

from opinion_lab import config
from opinion_lab.collect.parsers import rows

# A time that says its zone: Z, GMT, EST, +0800, +08:00. Without one it is the source's local time.
ZONED = re.compile(r"(?:\d\s*Z|(?:[+-]\d{2}:?\d{2})|\b[A-Z]{3,4})\s*$")
CHINESE_TIME = re.compile(
    r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?[T ]*(?:(\d{1,2})[:时](\d{1,2})分?(?::(\d{1,2}))?)?"
)


def parse(body: bytes) -> list[dict[str, Any]]:
    """The entries of a feed: native_id, title, url, author, text (HTML as given), published as a datetime or None.

    `published` is aware when the feed names a zone, else naive: the caller localises it.
    Raises LabError when the bytes are no feed.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json_feed(body)
    feed = feedparser.parse(io.BytesIO(body))  # a stream: a str could be taken for an address
    if not feed.entries and not feed.get("version"):
        raise config.LabError(
            "取回的内容不是 RSS、Atom 或 JSON Feed。请在浏览器里打开该地址，确认它是订阅源而不是网页。"
        )
    return [_entry(e) for e in feed.entries]


def items(body: bytes, source: config.Source, *, capture: str, collected_at: datetime, zone: ZoneInfo) -> rows.Parsed:
    """The entries of a feed as RawItem rows of one source; times without a zone are taken as local to `zone`."""
    given = []
    for position, entry in enumerate(parse(body), 1):
        published = entry["published"]
        if published is not None and published.tzinfo is None:
            published = published.replace(tzinfo=zone)
        given.append(
            {
                "capture": capture,
                "position": position,
                "source_id": source.id,
                "platform": source.platform,
                "kind": source.post_kind,
                "native_id": entry["native_id"],
                "author": source.author or entry["author"],
                "author_kind": source.author_kind,
                "title": entry["title"],
                "text": entry["text"],
                "url": entry["url"],
                "published_at": published,
                "collected_at": collected_at,
            }
        )
    return rows.parsed(given, capture=capture, format="feed")


def _entry(entry: Any) -> dict[str, Any]:
    # `in` first: feedparser's own fall-back from published to updated warns and will go
    said = next((k for k in ("published", "updated", "created") if k in entry), None)
    given, stamp = (entry[said], entry.get(f"{said}_parsed")) if said else (None, None)
    content = entry.get("content") or [{}]
    return {
        "native_id": entry.get("id") or entry.get("link"),
        "title": entry.get("title"),
        "url": entry.get("link"),
        "author": entry.get("author"),
        "text": content[0].get("value") or entry.get("summary"),
        "published": _time(given, stamp),
    }


def _time(given: str | None, stamp: Any) -> datetime | None:
    if given is None:
        return None
    # feedparser guesses at Chinese dates, and reads a zoneless time as UTC where the source means its own.
    if (found := CHINESE_TIME.search(given)) and not ZONED.search(given):
        try:
            year, month, day, hour, minute, second = (int(g or 0) for g in found.groups())
            return datetime(year, month, day, hour, minute, second)
        except ValueError:
            return None
    if stamp is None:
        return None
    moment = datetime.fromtimestamp(calendar.timegm(stamp), UTC)
    return moment if ZONED.search(given) else moment.replace(tzinfo=None)


def _json_feed(body: bytes) -> list[dict[str, Any]]:
    """JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    try:
        feed = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise config.LabError(f"JSON Feed 写法有误：{error}。请联系该来源的网站。") from None
    if not isinstance(feed.get("items"), list):
        raise config.LabError("这份 JSON 里没有 items 列表，不是 JSON Feed。")
    return [_json_entry(e) for e in feed["items"] if isinstance(e, dict)]


def _json_entry(entry: dict[str, Any]) -> dict[str, Any]:
    authors = entry.get("authors") or ([entry["author"]] if isinstance(entry.get("author"), dict) else [])
    published = entry.get("date_published") or entry.get("date_modified")
    try:
        moment = datetime.fromisoformat(published) if published else None
    except ValueError:
        moment = None
    return {
        "native_id": str(entry["id"]) if entry.get("id") is not None else entry.get("url"),
        "title": entry.get("title"),
        "url": entry.get("url") or entry.get("external_url"),
        "author": authors[0].get("name") if authors else None,
        "text": entry.get("content_text") or entry.get("content_html") or entry.get("summary"),
        "published": moment,
    }
