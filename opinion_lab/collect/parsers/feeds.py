"""RSS, Atom and JSON Feed -> entries as given. No I/O, and nothing heavy: `read` runs in a small process."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import feedparser

from opinion_lab.collect.parsers import bodies
from opinion_lab.collect.parsers.tables import json_lines

#: A packed feed may be this large.
MAX_BYTES = 40_000_000

#: What may stand before a root element.
PROLOG = r"\A(?:\s|<\?.*?\?>|<!--.*?-->)*"
DOCTYPE = re.compile(rf"({PROLOG})<!DOCTYPE([^>\[]*)(?:\[(.*?)\]\s*)?>", re.S | re.I)
#: Names for so many characters stand for no more than they say; what names other names, or much, is left out.
ENTITY = re.compile(r'<!ENTITY\s+\w+\s+"[^"&%<]{,99}"\s*>')
#: An element of a feed, a root element that is none of a page's (a feed of no version that is known), or no element.
FEED_LIKE = re.compile(
    rf"<(?:\w+:)?(?:rss|feed|rdf|channel|item|entry)\b|{PROLOG}(?:<![^>]*>\s*)?<(?!html|head|body|!)\w|{PROLOG}(?<=>)\s*\Z",
    re.I | re.S,
)
REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|(\d{1,10}));")

Entry = dict[str, Any]


class NotAFeed(bodies.Unreadable):
    """These bytes are no feed; `detail` is a code: syntax, kind (a page or other file), no_items, packed."""

    def __init__(self, why: str) -> None:
        super().__init__("not_a_feed", why)


def parse(body: bytes, *, charset: str | None = None, url: str = "", **when: Any) -> list[Entry]:
    """The entries of a feed (see `read`) with `published_at`; `when`: zone and moment of the visit (entries.dated)."""
    from opinion_lab.collect.parsers import entries

    return entries.dated(read(body, charset=charset, url=url), url, **when)


def read(body: bytes, *, charset: str | None = None, url: str = "") -> list[Entry]:
    """Entries with native_id, title, url, author, text (HTML as given) and `time` as given. Raises NotAFeed.

    `charset` is that of the HTTP header, `url` the feed's own address, for relative links.
    """
    if body.startswith(b"\x1f\x8b"):
        try:
            body = bodies.inflated(body, ["gzip"], MAX_BYTES)
        except ValueError:
            raise NotAFeed("packed") from None
    text = bodies.decoded(body, charset)
    return _json_feed(text) if text.lstrip("\ufeff \t\r\n")[:1] == "{" else _xml_feed(text, url)


def _reference(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    sound = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0x110000
    return found[0] if sound else "\ufffd"


def _harmless(found: re.Match[str]) -> str:
    entities = "\n".join(ENTITY.findall(found[3] or ""))
    return found[1] + (f"\n<!DOCTYPE{found[2]}[\n{entities}\n]>" if entities else "")


# --- text to entries -----------------------------------------------------------------------------------------


def _xml_feed(text: str, url: str) -> list[Entry]:
    text = REFERENCE.sub(_reference, re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff")))
    text = DOCTYPE.sub(_harmless, text, count=1)
    headers = {"content-type": "application/xml; charset=utf-8"} | ({"content-location": url} if url else {})
    try:  # a stream: a str could be taken for an address
        feed = feedparser.parse(io.BytesIO(text.encode("utf-8", "replace")), response_headers=headers)
    except Exception as error:  # feedparser lets out what its parsers raise
        raise NotAFeed("syntax") from error
    if not feed.entries and not feed.get("version") and not FEED_LIKE.search(text):
        raise NotAFeed("kind")
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
        raise NotAFeed("syntax") from error
    if not isinstance(feed.get("items"), list):
        raise NotAFeed("no_items")
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
