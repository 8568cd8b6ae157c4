"""One visit to one source: its listing, page by page, then the pages that it names. Raw first, then rows.

A stop at any point leaves a capture without rows (`unfinished` reads it) or an address that is still to be read.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import polars as pl

from opinion_lab import schemas
from opinion_lab.collect import links, visits
from opinion_lab.collect.links import Link
from opinion_lab.collect.parsers import boards, entries, feeds, json_lists, pages, rows, sitemaps
from opinion_lab.collect.web import addresses
from opinion_lab.collect.web.child import Reader
from opinion_lab.collect.web.client import Client
from opinion_lab.collect.web.faults import Fault
from opinion_lab.collect.web.messages import Answer, Form
from opinion_lab.config import Source
from opinion_lab.source import LISTINGS
from opinion_lab.storage.store import Store

#: What says that there was nothing where something should be: where there was something before, the shape changed.
SHAPELESS = ("no_items", "no_list", "not_json", "not_a_sitemap", "not_a_feed", "empty_body", "no_text")
#: Faults behind which nobody goes.
CLOSED = ("closed", "robots", "captcha")
#: Files of a sitemap's index that are looked at in a visit; addresses in a row that fail before a visit gives up.
SITEMAPS, IN_A_ROW = 6, 3
LISTING, PAGE = "listing", "page"


class Visited(NamedTuple):
    """What a visit came to: rows, None when nothing has changed; the listing's capture and tags; where it moved.

    `measures` (storage.ledger.visits.MEASURES): of the listing's first page what is kept and shared with the last one.
    """

    parsed: rows.Parsed | None
    capture: str | None
    tags: dict[str, Any]
    moved_to: str | None
    measures: dict[str, Any]


def reader(source: Source, role: str, link: Link | None) -> tuple[Reader, dict[str, Any]]:
    """The parser of a body, for the worker, and its options."""
    if role == PAGE and link:
        listed = {c: getattr(link, c) for c in ("native_id", "root", "title", "time")}
        return pages.article, {"selectors": source.article.model_dump(), "listed": listed}
    if source.kind == "json":
        return json_lists.read, {"path": source.list, "fields": source.fields, "within": source.within}
    if source.kind in ("page", "forum"):
        return pages.listing, {"selectors": source.listing.model_dump()}
    return {"feed": feeds.read, "board": boards.read, "sitemap": sitemaps.read}[source.kind], {}


def request(source: Source, number: int) -> tuple[str, Form | None]:
    """The address of a listing's page (from 1), and what is sent there by POST."""
    form = None
    if source.post:
        table = isinstance(source.post, dict)
        text = orjson.dumps(source.post).decode() if table else str(source.post)
        kind = "application/json" if table else "application/x-www-form-urlencoded"
        form = Form(text.replace("{page}", f"{number}").encode(), kind)
    return source.url.replace("{page}", f"{number}"), form


def keep(
    store: Store, source: Source, capture: dict[str, Any], found: list[dict[str, Any]], at: datetime
) -> tuple[rows.Parsed, links.Registered]:
    """Put what a capture gave where it belongs: rows into the store, addresses among the links; how many are new.

    `capture`: capture, url, role and name (of a page the address that the listing named). Raises AheadOfClock.
    """
    zone, own, page = store.settings.zone, capture["capture"], capture["role"] == PAGE
    posts = [e for e in found if not e.get("more")]
    listed = links.Registered(0, 0, 0)
    if page:
        root = capture["name"] if not (link := links.of(store, source.id, capture["name"])).root else link.root
        further = [e | {"root": root, "title": None} for e in found if e.get("more")]
        links.register(store, source, entries.dated(further, capture["url"], zone, at), at)
    elif source.reads_pages:
        listed = links.register(store, source, entries.dated(posts, capture["url"], zone, at), at)
    if source.kind in LISTINGS and not page:
        parsed = rows.Parsed(schemas.empty(schemas.RawItem), schemas.empty(schemas.Dropped), 0)
        if listed.old:
            note = {"what": f"超过 {source.max_age_days} 天（max_age_days），没有去读", "n": listed.old, "example": ""}
            parsed = rows.together([parsed], [note])
    else:
        parsed = entries.items(posts, source, capture=own, collected_at=at, zone=zone, url=capture["url"])
    store.put_items(own, parsed.items, parsed.dropped, rows_in=parsed.rows_in)
    return parsed, listed


class Reading:
    """A visit to one source with the round's client; `end` is when the round is over, by the loop's clock."""

    def __init__(self, store: Store, client: Client, source: Source, now: datetime, end: float) -> None:
        self.store, self.client, self.source, self.now, self.end = store, client, source, now, end
        self.parts: list[rows.Parsed] = []
        self.notes: rows.Notes = []
        self.bytes = 0

    async def visit(self, last: dict[str, Any]) -> Visited:
        """Read the listing (what changed since the `last` good visit), then what is due of the pages. Raises Fault."""
        listing = await self._listing(last)
        if self.source.reads_pages:
            await self._pages()
        parsed = rows.together(self.parts, self.notes) if self.parts or self.notes else None
        return listing._replace(parsed=parsed, measures=listing.measures | {"bytes": self.bytes})

    # --- the listing ---------------------------------------------------------------------------------------------

    async def _listing(self, last: dict[str, Any]) -> Visited:
        source, tags = self.source, {c: last.get(c) for c in ("etag", "last_modified")}
        same = {"kept": last.get("kept"), "shared": last.get("kept")}
        first = Visited(None, last.get("capture"), tags, None, same)
        waiting = [request(source, 1)[0]]
        most = max(source.pages, SITEMAPS if source.kind == "sitemap" else 1)
        for number in range(1, most + 1):
            if not waiting:
                break
            answer = await self._asked(waiting.pop(0), number, tags if number == 1 else {})
            if answer.status == 304:
                break
            name = addresses.parsed(answer.url).path.rsplit("/", 1)[-1] or source.id
            answer, capture = self._put(answer, name, LISTING)
            found = await self._read(answer, capture)
            if number == 1:
                own = {"etag": answer.etag, "last_modified": answer.last_modified}
                first = Visited(None, capture["capture"], own, answer.moved_to, same)
            if found is None:  # the same bytes as before
                break
            parsed, links_ = self._kept(capture, found)
            if number == 1:
                first = first._replace(measures=self._measured(parsed, links_, last))
            if source.kind not in LISTINGS or links_.new or parsed.notes.height:
                self.parts.append(parsed)
            waiting += [e["url"] for e in found if e.get("more") and self._is_young(e)]
            if "{page}" in f"{source.url} {source.post}" and (links_.new or not source.reads_pages):
                waiting.append(request(source, number + 1)[0])
        return first

    def _measured(self, parsed: rows.Parsed, listed: links.Registered, last: dict[str, Any]) -> dict[str, Any]:
        """What a listing holds, and how much of it was there at the last good visit."""
        store, before = self.store, last.get("capture")
        if self.source.kind in LISTINGS:
            kept = listed.wanted
            return {
                "seen": kept + listed.old,
                "kept": kept,
                "shared": kept - listed.new if last else None,
                "undated": 0,
            }
        shared = None
        if before is not None and store.has_items(before):
            shared = visits.overlap(parsed.items, store.items(before))
        return {
            "seen": parsed.rows_in,
            "kept": parsed.items.height,
            "shared": shared,
            "undated": parsed.items["published_at"].null_count(),
            "dropped": dict(parsed.dropped["reason"].value_counts().sort("reason").iter_rows()),
        }

    def _is_young(self, entry: dict[str, Any]) -> bool:
        dated = entries.dated([dict(entry)], zone=self.store.settings.zone, at=self.now)[0]["published_at"]
        return dated is None or (self.now - dated).days <= self.source.max_age_days

    async def _asked(self, url: str, number: int, tags: dict[str, str | None]) -> Answer:
        source = self.source
        etag, changed = tags.get("etag"), tags.get("last_modified")
        private, own, form = source.allow_private, source.robots == "own", request(source, number)[1]
        return await self.client.get(url, etag=etag, last_modified=changed, private=private, own=own, form=form)

    # --- the pages behind it -------------------------------------------------------------------------------------

    async def _pages(self) -> None:
        """Read what is due, at most `most`; what fails is tried again at later visits, and counted."""
        due = links.due(self.store, self.source, self.now)
        failed: list[tuple[Link, Fault]] = []
        done = 0
        for link in due[: self.source.most]:
            if asyncio.get_running_loop().time() > self.end - self.store.settings.collect.timeout_seconds / 10:
                break
            try:
                await self._page(link)
            except Fault as fault:
                failed.append((link, fault))
                links.failed(self.store, self.source.id, link.url, gone=fault.detail in ("404", "410"))
                if len(failed) - done >= IN_A_ROW:
                    break
                continue
            done += 1
        if failed and not self.parts and not done:
            raise failed[0][1]
        if failed:
            example = f"{failed[0][1].code} {failed[0][1].detail} {failed[0][0].url}"
            self.notes.append({"what": "没有取到的文章，下次再试", "n": len(failed), "example": example[:120]})
        never = sum(link.last_at is None for link in due) - sum(link.last_at is None for link in due[:done])
        if (left := never - len(failed)) > 0:
            self.notes.append({"what": "还没有读的文章，下次接着读", "n": left, "example": ""})

    async def _page(self, link: Link) -> None:
        store, source = self.store, self.source
        known = {"etag": link.etag, "last_modified": link.last_modified}
        own = source.robots == "own"
        answer = await self.client.get(
            link.url, etag=link.etag, last_modified=link.last_modified, private=self._is_beside(link.url), own=own
        )
        tags = {"etag": answer.etag, "last_modified": answer.last_modified}
        if answer.status == 304:
            links.read(store, source.id, link.url, self.now, known)
            return
        answer, capture = self._put(answer, link.url, PAGE)
        found = await self._read(answer, capture, link)
        answered = False
        if found is not None:
            parsed, _ = self._kept(capture, found)
            self.parts.append(parsed)
            answered = bool(source.article.answer) and any(e.get("kind") == "statement" for e in found)
        links.read(store, source.id, link.url, self.now, tags, done=answered)

    def _is_beside(self, url: str) -> bool:
        """Whether a page lies at the host and port of its source, which may lie in the own network."""
        here = addresses.endpoint(addresses.parsed(self.source.url))
        return self.source.allow_private and addresses.endpoint(addresses.parsed(url)) == here

    # --- what came -----------------------------------------------------------------------------------------------

    def _put(self, answer: Answer, name: str, role: str) -> tuple[Answer, dict[str, Any]]:
        """Keep the bytes; the answer without them (many wait in line to be read) and the capture. Raises Fault."""
        self.bytes += len(answer.body)
        if not answer.body.strip():
            raise Fault("empty_body")
        how: dict[str, Any] = {"name": name, "url": answer.url, "role": role}
        own, seen = self.source.id, self.now
        kept = self.store.put_raw(answer.body, source_id=own, encoding=answer.charset, collected_at=seen, **how)
        return replace(answer, body=b""), how | {"capture": kept.capture, "new": kept.new}

    async def _read(
        self, answer: Answer, capture: dict[str, Any], link: Link | None = None
    ) -> list[dict[str, Any]] | None:
        """The entries that the worker reads in the bytes, unless the same came before. Raises Fault.

        The fault is shape_changed where nothing was there and something was before.
        """
        store, source, role = self.store, self.source, capture["role"]
        if not capture["new"]:
            return None
        how, options = reader(source, role, link)
        path = store.bytes_path(capture["capture"])
        found: list[dict[str, Any]]
        try:
            found = await self.client.workers.ask("entries", path, how, answer.charset, answer.url, options)
        except Fault as fault:
            store.put_unreadable(capture["capture"])
            if role == LISTING and fault.code in SHAPELESS and _had_items(store, source.id):
                raise Fault("shape_changed", fault.code) from None
            raise
        if role == LISTING and not found and source.kind not in ("feed", "json") and _had_items(store, source.id):
            store.put_unreadable(capture["capture"])
            raise Fault("shape_changed", "empty")
        return found

    def _kept(self, capture: dict[str, Any], found: list[dict[str, Any]]) -> tuple[rows.Parsed, links.Registered]:
        try:
            return keep(self.store, self.source, capture, found, self.now)
        except rows.AheadOfClock:
            self.store.withdraw(capture["capture"])
            raise
        except OSError:  # the lab's own disk: nothing that a source did
            raise
        except Exception:
            self.store.put_unreadable(capture["capture"])
            raise


def _had_items(store: Store, source_id: str) -> bool:
    """Whether a source ever gave an item."""
    given = store.captures().filter((pl.col("source_id") == source_id) & (pl.col("rows_in") > 0))
    return given.height > 0 or links.any_of(store, source_id)
