"""What listings and articles share: selecting, addresses, words and times as a page writes them. No I/O."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from opinion_lab.collect.parsers import bodies

#: Characters of a page that are looked at.
MOST_TEXT = 3_000_000
DAY = r"(20\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})"
DATE = re.compile(rf"(?<!\d){DAY}日?(?:\s*\d{{1,2}}[:时]\d{{2}}(?::\d{{2}})?)?(?!\d)")
CLOCK = re.compile(rf"(?<!\d){DAY}日?[\sT]*\d{{1,2}}[:时]\d{{2}}(?:分|(?::\d{{2}}))?")
#: What is no text of its own.
ASIDE = "script, style, noscript, template, iframe"
BLOCKS = re.compile(r"[ \t\u00a0\u3000]*\n\s*")
BESIDE = re.compile(r"^(?:发布|发表|留言|回复|答复|更新)?(?:于|时间|日期)?\s*[:：]\s*")
Entry = dict[str, Any]


def select(node: LexborHTMLParser | LexborNode, selector: str) -> list[LexborNode]:
    """The nodes that a selector finds; none for an empty one. Raises Unreadable for one that is none."""
    try:
        return node.css(selector) if selector else []
    except (ValueError, RuntimeError):
        raise bodies.Unreadable("selector", selector) from None


def first(node: LexborHTMLParser | LexborNode | None, selector: str | None) -> LexborNode | None:
    """The first node that a selector finds."""
    return next(iter(select(node, selector)), None) if node is not None and selector else None


def words(node: LexborNode | None) -> str:
    """The words of a node in one line."""
    if node is None:
        return ""
    return " ".join(node.text(separator=" ").split())


def written(node: LexborNode | None) -> str:
    """The time that a node says, without what stands beside it."""
    said = words(node)
    found = CLOCK.search(said) or DATE.search(said)
    return found[0] if found else BESIDE.sub("", said)


def text_of(node: LexborNode | None, selector: str | None) -> str:
    """The text of a node, a block a line, without scripts."""
    node = first(node, selector) if selector else node
    if node is None:
        return ""
    copy = LexborHTMLParser(node.html or "")
    for aside in copy.css(ASIDE):
        aside.decompose()
    for block in copy.css("br, p, div, li, tr, h1, h2, h3, h4"):
        block.insert_before("\n")
    return BLOCKS.sub("\n", copy.body.text() if copy.body else "").strip()


def base_of(tree: LexborHTMLParser, url: str) -> str:
    """What relative addresses of a page are relative to."""
    node = first(tree, "base[href]")
    return _joined(url, node.attributes.get("href") or "") if node is not None else url


def address(base: str, node: LexborNode | None) -> str:
    """Where a link of the web leads, without what follows #; "" for none."""
    href = ((node.attributes.get("href") if node is not None else "") or "").strip()
    link = urldefrag(_joined(base, href)).url if href and not href.startswith("#") else ""
    return link if link.startswith(("http://", "https://")) else ""


def more(tree: LexborHTMLParser, base: str, selector: str | None) -> list[Entry]:
    """The link to the next page, as an entry that is marked `more`."""
    link = address(base, first(tree, selector)) if selector else ""
    return [bodies.entry(native_id=link, url=link, more=True)] if link else []


def day_of(text: str) -> date | None:
    """The first day that a text names with its year."""
    found = re.search(DAY, text)
    compact = re.match(r"(20\d\d)(\d\d)(\d\d)(?!\d{3})", text) if not found else None
    parts = (found or compact).groups()[:3] if found or compact else ()  # type: ignore[union-attr]
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None


def _joined(base: str, href: str) -> str:
    try:
        joined = urljoin(base, href)
        urlsplit(joined)
        return joined
    except ValueError:  # [ without its ]
        return ""
