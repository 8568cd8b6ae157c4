"""Listings -> entries: the links that stand alike, by selectors or by what the page itself shows. No I/O."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from opinion_lab.collect.parsers import bodies
from opinion_lab.collect.parsers.pages.html import (
    DATE,
    MOST_TEXT,
    Entry,
    address,
    base_of,
    first,
    more,
    select,
    words,
    written,
)

#: Entries of a listing that are looked at.
MOST_LINKS = 2_000
PLAIN = re.compile(r"-?[A-Za-z_][\w-]*")


def listing(
    body: bytes, *, charset: str | None = None, url: str = "", selectors: dict[str, str] | None = None
) -> list[Entry]:
    """Entries with url, title and time as given, in order; `more` marks the next page. Raises Unreadable (no_items).

    `selectors`: of an item and, within it, of link, title and time; of the link to the next page.
    """
    chosen = selectors or {}
    text = bodies.decoded(body, charset)[:MOST_TEXT]
    tree = LexborHTMLParser(text)
    base = base_of(tree, url)
    item = chosen.get("item") or _guess(text, url)
    once: dict[str, Entry] = {}
    for node in select(tree, item)[:MOST_LINKS] if item else ():
        anchor = first(node, chosen.get("link") or "a[href]") if chosen.get("link") or node.tag != "a" else node
        link = address(base, anchor)
        if anchor is None or not link:
            continue
        title = words(first(node, chosen["title"])) if chosen.get("title") else ""
        title = title or (anchor.attributes.get("title") or "").strip() or words(anchor)
        if chosen.get("time"):
            time = written(first(node, chosen["time"]))
        else:
            beside = DATE.search(words(node)) or DATE.search(words(node.next) if node.tag == "a" else "")
            time = beside[0] if beside else ""
        once.setdefault(link, bodies.entry(native_id=link, url=link, title=title or None, time=time))
    if not once:
        raise bodies.unreadable(text, "no_items", chosen.get("item", ""))
    return [*once.values(), *more(tree, base, chosen.get("next"))]


def _guess(html: str, url: str = "") -> str:
    """The selector of the entries of a page that is a listing: the links that stand alike and say most; "" for none."""
    tree = LexborHTMLParser(html)
    groups: dict[str, dict[str, int]] = {}
    site = urlsplit(url).hostname or ""
    for anchor in select(tree, "a[href]")[: 2 * MOST_LINKS]:
        said, link = words(anchor), address(base_of(tree, url), anchor)
        if len(said) < 6 or not link or (site and _domain(urlsplit(link).hostname or "") != _domain(site)):
            continue
        item = anchor
        while (above := item.parent) is not None and above.tag not in ("body", "html") and len(select(above, "a")) == 1:
            item = above
        dated = 12 if DATE.search(words(item)) else 0
        groups.setdefault(_path(item), {})[link] = min(len(said), 30) + dated
    best = max(groups, key=lambda p: sum(groups[p].values()), default="")
    return best if len(groups.get(best, ())) >= 3 else ""


def guessed(body: bytes, *, charset: str | None = None, url: str = "") -> list[Any]:
    """Settings of a source (listing) for a page that is a listing, and its first titles; else empty."""
    item = _guess(bodies.decoded(body, charset)[:MOST_TEXT], url)
    found = listing(body, charset=charset, url=url, selectors={"item": item}) if item else []
    return [{"listing": {"item": item}}, *(e["title"] for e in found[:3])] if found else []


def linked(body: bytes, *, charset: str | None = None, url: str = "") -> list[str]:
    """Addresses of the feeds and the sitemap that a page names in its head."""
    tree = LexborHTMLParser(bodies.decoded(body, charset)[:MOST_TEXT])
    named = "link[rel=alternate][type*=rss], link[rel=alternate][type*=atom], link[rel=alternate][type*=json]"
    return [a for node in select(tree, f"{named}, link[rel=sitemap]") if (a := address(base_of(tree, url), node))]


# --- inside --------------------------------------------------------------------------------------------------


def _path(node: LexborNode) -> str:
    """A selector of what stands where this node stands: its tag, and those of the two above it with their classes."""
    parts = [node.tag or ""]
    above = node.parent
    while above is not None and above.tag not in ("body", "html", None) and len(parts) < 3:
        names = [c for c in (above.attributes.get("class") or "").split() if PLAIN.fullmatch(c)]
        parts.append(f"{above.tag}.{names[0]}" if names else str(above.tag))
        above = above.parent
    return " > ".join(reversed(parts))


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-3:]) if host.endswith(".cn") else ".".join(host.split(".")[-2:])
