"""Sitemaps and their indexes (sitemaps.org/protocol), news sitemaps and lists of addresses -> entries. No I/O."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from lxml import etree  # type: ignore[import-untyped]

from opinion_lab.collect.parsers import bodies

#: The protocol's own bounds: addresses of one file, bytes of an unpacked one.
MOST, MAX_BYTES = 50_000, 52_428_800
Entry = dict[str, Any]


def parse(body: bytes, *, charset: str | None = None, url: str = "", **when: Any) -> list[Entry]:
    """The entries of a sitemap (see `read`) with `published_at`, the moment of its last change (entries.dated)."""
    from opinion_lab.collect.parsers import entries

    return entries.dated(read(body, charset=charset, url=url), url, **when)


def read(body: bytes, *, charset: str | None = None, url: str = "") -> list[Entry]:
    """Addresses with `time` (lastmod, or when news was published), newest first; `more` marks further sitemaps.

    Entities are not resolved and nothing is loaded. Raises Unreadable (packed, not_a_sitemap).
    """
    if body.startswith(b"\x1f\x8b"):
        try:
            body = bodies.inflated(body, ["gzip"], MAX_BYTES)
        except ValueError:
            raise bodies.Unreadable("not_a_sitemap", "packed") from None
    text = bodies.decoded(body, charset).lstrip("\ufeff \t\r\n")
    if text.startswith(("http://", "https://")):  # one address a line
        return [bodies.entry(url=line.strip(), native_id=line.strip()) for line in text.splitlines()[:MOST] if line]
    text = re.sub(r"^<\?xml[^>]*\?>", "", text)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or _name(root) not in ("urlset", "sitemapindex"):
        raise bodies.unreadable(text, "not_a_sitemap", "kind")
    more = {"more": True} if _name(root) == "sitemapindex" else {}
    made = []
    for place in root[:MOST]:
        said: dict[str, str] = {}
        for node in place.iter(etree.Element):
            said.setdefault(_name(node), (node.text or "").strip())
        if said.get("loc"):
            link = urljoin(url, said["loc"])
            time = said.get("publication_date") or said.get("lastmod")
            made.append(bodies.entry(url=link, native_id=link, title=said.get("title") or None, time=time, **more))
    return sorted(made, key=lambda e: str(e["time"]), reverse=True)


def _name(node: Any) -> str:
    return re.split(r"[}:]", node.tag)[-1] if isinstance(node.tag, str) else ""
