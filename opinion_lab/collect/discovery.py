"""What a site offers, what a source would give, and what the lab reads of the places where people speak."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urljoin

import polars as pl

from opinion_lab.collect import reading
from opinion_lab.collect.links import Link
from opinion_lab.collect.parsers import boards, entries, feeds, json_lists, pages, sitemaps
from opinion_lab.collect.web import worker
from opinion_lab.collect.web.child import Reader
from opinion_lab.collect.web.client import Client
from opinion_lab.collect.web.faults import Fault
from opinion_lab.config import Settings, Source
from opinion_lab.source import Sources
from opinion_lab.storage import files
from opinion_lab.storage.store import Store

#: Where sites keep what programs may read.
USUAL = ("rss.xml", "feed", "feed.xml", "atom.xml", "feed.json", "sitemap.xml")
#: Pages that are read to show what a listing leads to.
TRIED = 3
VENUE: dict[str, Any] = {
    "venue": pl.String,
    "sources": pl.List(pl.String),
    "posts": pl.Int64,
    "since": pl.Date,
    "until": pl.Date,
}
VENUE |= {"lawful": pl.String, "closed": pl.String}
T = TypeVar("T")


class Tried(NamedTuple):
    """What a source would give: its first entries (title, url, published_at, text), how many there are, or a fault."""

    source_id: str
    entries: list[dict[str, Any]]
    n: int
    fault: str = ""
    detail: str = ""


class Offer(NamedTuple):
    """A source that a site offers: its kind, address, the settings besides, and its first titles."""

    kind: str
    url: str
    settings: dict[str, Any]
    titles: list[str]


def check(settings: Settings, sources: list[Source], now: datetime) -> list[Tried]:
    """Try each source once, without keeping anything."""

    async def all_of(client: Client) -> list[Tried]:
        return [await _tried(client, settings, source, now) for source in sources]

    return _run(settings, all_of)


def find(settings: Settings, url: str, *, private: bool = False) -> list[Offer]:
    """The feeds, sitemaps, lists and listing of an address and its site. Raises Fault when it gives nothing."""

    async def offers(client: Client) -> list[Offer]:
        answer = await client.get(url, private=private)
        found = await _offered(client, answer.url, answer.body, answer.charset)
        linked: list[str] = []
        if not any(o.kind in ("feed", "board", "json") for o in found):
            linked = [*await _ask(client, answer.body, pages.linked, answer.charset, answer.url, {}), *USUAL]
        for address in dict.fromkeys(urljoin(answer.url, a if "://" in a else f"/{a}") for a in linked):
            try:
                other = await client.get(address, private=private)
                found += await _offered(client, other.url, other.body, other.charset, listings=False)
            except Fault:
                continue
        return list({o.url: o for o in reversed(found)}.values())[::-1]

    return _run(settings, offers)


def venues(store: Store, catalogue: Sources) -> pl.DataFrame:
    """One row a place where people speak (VENUE): sources that read it, its posts and their first and last day.

    No sources and no posts: the lab does not read it. `lawful`: how it may; `closed`: what of it is closed to us.
    """
    days = [store.partitions.path("posts", d) for d in store.days()]
    held = pl.DataFrame(schema={"platform": pl.String, "posts": pl.UInt32, "since": pl.Date, "until": pl.Date})
    if days:
        by_platform = files.scan(days, ["platform", "day"]).group_by("platform")
        held = by_platform.agg(posts=pl.len(), since=pl.col("day").min(), until=pl.col("day").max()).collect()
    of = {p: _venue(p, catalogue) for p in [*held["platform"], *(s.platform for s in store.settings.sources)] if p}
    rows = []
    for venue in catalogue.venue:
        own = held.filter(pl.col("platform").is_in([p for p, name in of.items() if name == venue.name]))
        reads = [s.id for s in store.settings.sources if of.get(s.platform) == venue.name]
        first, last = own["since"].min(), own["until"].max()
        rows.append((venue.name, reads, int(own["posts"].sum()), first, last, venue.lawful, venue.closed))
    return pl.DataFrame(rows, schema=VENUE, orient="row")


# --- inside --------------------------------------------------------------------------------------------------


def _venue(platform: str, catalogue: Sources) -> str | None:
    """The one place that a platform is: by the longest word of its name, the first where several are as long."""
    words = [(len(w), venue.name) for venue in catalogue.venue for w in venue.platforms if w in platform]
    return max(words, key=lambda word: word[0])[1] if words else None


def _run(settings: Settings, work: Callable[[Client], Awaitable[T]]) -> T:
    async def inside() -> T:
        async with Client(settings.collect, worker.shared()) as client:
            return await work(client)

    with ThreadPoolExecutor(1) as thread:  # a notebook's own loop may run already
        return thread.submit(asyncio.run, inside()).result()


async def _tried(client: Client, settings: Settings, source: Source, now: datetime) -> Tried:
    own = source.robots == "own"
    try:
        url, form = reading.request(source, 1)
        answer = await client.get(url, private=source.allow_private, own=own, form=form)
        if not answer.body.strip():
            raise Fault("empty_body")
        reader, options = reading.reader(source, reading.LISTING, None)
        found = await _ask(client, answer.body, reader, answer.charset, answer.url, options)
        found = entries.dated([e for e in found if not e.get("more")], answer.url, settings.zone, now)
        shown = found[:TRIED]
        for n, entry in enumerate(shown if source.reads_pages else ()):
            link = Link(entry["url"], entry["native_id"], None, entry["title"], entry["time"], None, None, None)
            page = await client.get(entry["url"], private=source.allow_private, own=own)
            reader, options = reading.reader(source, reading.PAGE, link)
            read = await _ask(client, page.body, reader, page.charset, page.url, options)
            shown[n] = entries.dated(read[:1], page.url, settings.zone, now)[0]
    except Fault as fault:
        return Tried(source.id, [], 0, fault.code, fault.detail)
    return Tried(source.id, shown, len(found))


async def _offered(client: Client, url: str, body: bytes, charset: str | None, *, listings: bool = True) -> list[Offer]:
    """What a body can be read as."""
    ways = [("board", boards.read), ("feed", feeds.read), ("sitemap", sitemaps.read)]
    for kind, how in ways:
        try:
            found = await _ask(client, body, how, charset, url, {})
            if found and (kind != "board" or found[0]["title"]):
                return [Offer(kind, url, {}, [str(e["title"] or e["url"]) for e in found[:3]])]
        except Fault:
            continue
    for kind, how in (("json", json_lists.guessed), ("page", pages.guessed))[: 2 if listings else 1]:
        try:
            if found := await _ask(client, body, how, charset, url, {}):
                return [Offer(kind, url, found[0], [str(t) for t in found[1:4]])]
        except Fault:
            continue
    return []


async def _ask(
    client: Client, body: bytes, reader: Reader, charset: str | None, url: str, options: dict[str, Any]
) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "body"
        path.write_bytes(body)
        found: list[Any] = await client.workers.ask("entries", path, reader, charset, url, options)
    return found
