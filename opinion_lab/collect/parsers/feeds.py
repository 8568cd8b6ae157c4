"""RSS, Atom and JSON Feed -> rows as given. No I/O."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import feedparser
import polars as pl

from opinion_lab import config
from opinion_lab.collect.parsers import rows
from opinion_lab.collect.parsers.tables import formats, json_lines
from opinion_lab.collect.parsers.times import TIME, times

#: A packed feed may be this large.
MAX_BYTES = 100_000_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
DECLARED = re.compile(rb"""^[\s\xef\xbb\xbf]*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.-]+)["']""")
REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|(\d{1,10}));")
#: A time that is said to be Greenwich's.
GREENWICH = r"(?:\d\s*Z|\b(?:GMT|UTC|UT)|[+-]00:?00)\s*$"
#: Clocks differ by so much; an item further ahead of the visit has its zone wrong.
AHEAD = timedelta(minutes=10)
OFFICE_HOURS = range(8, 19)

Entry = dict[str, Any]


def parse(
    body: bytes, *, charset: str | None = None, url: str = "", zone: ZoneInfo = SHANGHAI, at: datetime | None = None
) -> list[Entry]:
    """The entries of a feed: native_id, title, url, author, text (HTML as given), published_at, and `time` as given.

    `charset` is that of the HTTP header, `url` the feed's own address, for relative links. `published_at` is aware,
    local to `zone` where the feed names none; None where it says none, or none that can be read (3分钟前 can, with the
    moment of the visit, `at`). Raises LabError when the bytes are no feed.
    """
    if body.startswith(b"\x1f\x8b"):
        body = formats.unzipped(body, MAX_BYTES)
    text = _decoded(body, charset)
    entries = _json_feed(text) if text.lstrip("\ufeff \t\r\n")[:1] == "{" else _xml_feed(text, url)
    read = times(
        pl.Series([e["time"] for e in entries], dtype=pl.String),
        zone,
        beside=pl.Series([at] * len(entries), dtype=TIME),
    )
    for entry, published in zip(entries, read, strict=True):
        entry["published_at"] = published
        entry["url"] = urljoin(url, entry["url"].strip()) if entry["url"] else None
    return entries


def items(
    body: bytes,
    source: config.Source,
    *,
    capture: str,
    collected_at: datetime,
    zone: ZoneInfo,
    charset: str | None = None,
    url: str = "",
) -> rows.Parsed:
    """The entries of a feed as RawItem rows of one source; those whose time cannot be read are left out, and said so.

    An id that several different entries share is none; one that is no address counts within this source alone. Times
    that are local and called Greenwich's are read as local when items would come from the future, with a note.
    """
    entries = parse(body, charset=charset, url=url, zone=zone, at=collected_at)
    notes = _corrected(entries, source, collected_at, zone)
    names = {key: _shared(entries, key) for key in ("native_id", "url")}
    if shared := len(names["native_id"]):
        notes.append(
            {"what": "几条内容共用一个编号（guid），不当编号用", "n": shared, "example": min(names["native_id"])}
        )
    given = []
    for position, entry in enumerate(entries, 1):
        native = next((entry[k] for k in ("native_id", "url") if entry[k] and entry[k] not in names[k]), None)
        if native and "://" not in native:
            native = f"{source.id}/{native}"
        unread = entry["published_at"] is None and entry["time"]
        given.append(
            {
                **{c: entry[c] for c in ("title", "text", "url", "published_at")},
                "capture": capture,
                "position": position,
                "source_id": source.id,
                "platform": source.platform,
                "kind": source.post_kind,
                "native_id": native,
                "author": source.author or entry["author"],
                "author_kind": source.author_kind,
                "collected_at": collected_at,
                "reason": "时间读不懂" if unread else None,
                "detail": entry["time"][:40] if unread else None,
            }
        )
    return rows.parsed(given, capture=capture, format="feed", notes=notes)


def _shared(entries: list[Entry], key: str) -> set[str]:
    """Values of `key` under which entries with different titles and different times stand."""
    seen: dict[str, set[tuple[Any, Any]]] = {}
    for e in entries:
        if e[key]:
            seen.setdefault(e[key], set()).add((e["title"], e["time"]))
    return {v for v, said in seen.items() if min(len({t for t, _ in said}), len({t for _, t in said})) > 1}


def _corrected(entries: list[Entry], source: config.Source, now: datetime, zone: ZoneInfo) -> rows.Notes:
    """Take Greenwich for local where the source is known to mean that, or must; propose it where it may."""
    labelled = [e for e in entries if e["published_at"] and re.search(GREENWICH, e["time"])]
    if not labelled or source.times == "labelled":
        return []
    local = [e["published_at"].replace(tzinfo=zone) for e in labelled]
    future = sum(e["published_at"] > now + AHEAD for e in labelled)
    if source.times == "local" or (future and max(local) <= now + AHEAD):
        for entry, moment in zip(labelled, local, strict=True):
            entry["published_at"] = moment
        if source.times == "local":
            return []
        what = (
            "时间标着格林尼治（GMT、Z），却晚于采集的时刻，已按当地时间读；"
            f'请在 lab.toml 的来源 {source.id} 里加一行 times = "local"（确是格林尼治时间的，写 "labelled"）'
        )
        return [{"what": what, "n": future, "example": labelled[0]["time"]}]
    as_said = sum(e["published_at"].astimezone(zone).hour in OFFICE_HOURS for e in labelled) / len(labelled)
    as_local = sum(moment.hour in OFFICE_HOURS for moment in local) / len(labelled)
    if len(labelled) >= 8 and as_local >= 0.9 and as_said <= 0.5:
        what = (
            "时间标着格林尼治（GMT、Z），但按当地时间看才都在上班时间，可能标错；"
            f'查实后在 lab.toml 的来源 {source.id} 里加一行 times = "local"（没标错的，写 "labelled"）'
        )
        return [{"what": what, "n": len(labelled), "example": labelled[0]["time"]}]
    return []


# --- bytes to text -------------------------------------------------------------------------------------------


def _decoded(body: bytes, charset: str | None) -> str:
    """By the mark of byte order, the HTTP header, the declaration, else UTF-8 or GB18030: the first that fits."""
    for mark, codec in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if body.startswith(mark):
            return body.decode(codec, "replace")
    declared = DECLARED.match(body[:400])
    names = [charset or "", declared[1].decode() if declared else "", "utf-8", "gb18030"]
    if sum(byte > 127 for byte in body[:2000]) > 20:  # what reads as UTF-8 by chance is short
        names.insert(0, "utf-8")
    for name in names:
        if name.lower() in ("", "iso-8859-1", "latin-1", "us-ascii", "windows-1252"):  # what servers say of anything
            continue
        try:
            return body.decode("gb18030" if name.lower().startswith("gb") else name)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("utf-8", "replace")


def _reference(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    sound = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0x110000
    return found[0] if sound else "\ufffd"


# --- text to entries -----------------------------------------------------------------------------------------


def _xml_feed(text: str, url: str) -> list[Entry]:
    text = REFERENCE.sub(_reference, re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff")))
    text = re.sub(r"<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", "", text, count=1, flags=re.S)
    headers = {"content-type": "application/xml; charset=utf-8"} | ({"content-location": url} if url else {})
    try:  # a stream: a str could be taken for an address
        feed = feedparser.parse(io.BytesIO(text.encode("utf-8", "replace")), response_headers=headers)
    except Exception as error:  # feedparser lets out what its parsers raise
        raise config.LabError(f"订阅源写法有误，读不出来：{type(error).__name__}。请联系该来源的网站。") from None
    if not feed.entries and not feed.get("version"):
        raise config.LabError(
            "取回的内容不是 RSS、Atom 或 JSON Feed。请在浏览器里打开该地址，确认它是订阅源而不是网页。"
        )
    return [_entry(e) for e in feed.entries]


def _entry(entry: Any) -> Entry:
    # `in` first: feedparser's own fall-back from published to updated warns and will go
    said = next((k for k in ("published", "updated", "created") if k in entry), None)
    content = entry.get("content") or [{}]
    return {
        "native_id": entry.get("id") or entry.get("link"),
        "title": entry.get("title"),
        "url": entry.get("link"),
        "author": entry.get("author"),
        "text": content[0].get("value") or entry.get("summary"),
        "time": (entry.get(said) or "").strip() if said else "",
    }


def _json_feed(text: str) -> list[Entry]:
    """JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    try:
        feed = json_lines.load(text.lstrip("\ufeff"))
    except ValueError as error:
        raise config.LabError(f"JSON Feed 写法有误：{error}。请联系该来源的网站。") from None
    if not isinstance(feed.get("items"), list):
        raise config.LabError("这份 JSON 里没有 items 列表，不是 JSON Feed。")
    return [_json_entry(e) for e in feed["items"] if isinstance(e, dict)]


def _json_entry(entry: Entry) -> Entry:
    authors = entry.get("authors") or entry.get("author")
    author = authors[0] if isinstance(authors, list) and authors else authors
    said = _sayer(entry)
    return {
        "native_id": said("id", "url"),
        "title": said("title"),
        "url": said("url", "external_url"),
        "author": author.get("name") if isinstance(author, dict) else author if isinstance(author, str) else None,
        "text": said("content_text", "content_html", "summary"),
        "time": said("date_published", "date_modified") or "",
    }


def _sayer(entry: Entry) -> Callable[..., str | None]:
    def said(*keys: str) -> str | None:
        """The first of these that says something, as text, whatever the source made of it."""
        values = (entry.get(k) for k in keys)
        return next((str(v) for v in values if isinstance(v, (str, int, float)) and str(v).strip()), None)

    return said
