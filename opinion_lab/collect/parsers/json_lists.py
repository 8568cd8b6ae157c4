"""A list in JSON -> entries, by dotted paths to the list and to the fields. No I/O, and nothing heavy."""

from __future__ import annotations

import re
from typing import Any

from opinion_lab.collect.parsers import bodies
from opinion_lab.collect.parsers.tables import json_lines

JSONP = re.compile(r"^\s*[\w.$]{1,80}\s*\((.*)\)\s*;?\s*$", re.S)
SLOT = re.compile(r"\{([^{}]+)\}")
#: How a message begins its state that nobody has answered yet.
OPEN = ("待", "未", "办理中", "处理中", "受理中", "0")
#: Names under which programs put things, for the proposal of a source: what a field is called, best first.
USUAL = {
    "native_id": ("id", "docid", "contId", "tid", "uuid", "aid", "zj"),
    "title": ("title", "name", "subject", "word", "topic", "query", "Title", "lybt"),
    "url": ("url", "link", "href", "Url", "shareUrl", "web_url"),
    "text": ("content", "summary", "desc", "description", "intro", "abstract", "lynr"),
    "published_at": ("publishTime", "pubTime", "pubDate", "pub_time", "ptime", "time", "timestamp", "date", "lysj"),
}
Entry = dict[str, Any]


def parse(
    body: bytes, path: str = "", fields: dict[str, str] | None = None, *, within: str = "", url: str = "", **when: Any
) -> list[Entry]:
    """The entries of a list (see `read`) with `published_at`; `when`: zone and moment of the visit (entries.dated)."""
    from opinion_lab.collect.parsers import entries

    return entries.dated(read(body, path=path, fields=fields, within=within), url, **when)


def read(
    body: bytes,
    *,
    charset: str | None = None,
    url: str = "",
    path: str = "",
    fields: dict[str, str] | None = None,
    within: str = "",
) -> list[Entry]:
    """One entry an object of the list at the dotted `path` (empty: the whole is one), and its answer as another.

    `fields`: what is taken -> a path in the object, several with | (the first that says something), or a text with
    {path} in it; rank "#" is the place in the list. `within`: a pattern whose group is the JSON, where a page holds
    it. Raises Unreadable.
    """
    text = bodies.decoded(body, charset)
    value = loaded(text, within)
    objects = _at(value, path) if path else value
    if not isinstance(objects, list):
        raise bodies.Unreadable("no_list", path)
    made: list[Entry] = []
    for place, thing in enumerate(objects, 1):
        if isinstance(thing, dict):
            made += entries_of(thing, fields or {}, place)
    return made


def loaded(text: str, within: str = "") -> Any:
    """The JSON value of a body, of a JSONP call, or of what `within` cuts out. Raises Unreadable."""
    if within:
        held = re.search(within, text, re.S)
        if not held:
            raise bodies.unreadable(text, "no_list", within)
        text = held[held.lastindex or 0]
    text = text.lstrip("\ufeff")
    if called := JSONP.match(text):
        text = called[1]
    try:
        return json_lines.load(text)
    except ValueError:
        raise bodies.unreadable(text, "not_json") from None


def _at(value: Any, path: str) -> Any:
    """What lies at a dotted path (numbers count from 0 in lists); None where nothing does."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def entries_of(thing: dict[str, Any], fields: dict[str, str], place: int) -> list[Entry]:
    """An object as an entry; its official answer, where it holds one, as another."""
    said = {name: _said(thing, path) for name, path in fields.items()}
    given = {k: v for k, v in said.items() if not k.startswith("answer") and k != "published_at"}
    if fields.get("rank") == "#":
        given["rank"] = str(place)
    entry = bodies.entry(time=said.get("published_at"), **given)
    entry["native_id"] = entry["native_id"] or entry["url"]
    if not (answer := said.get("answer")) or (said.get("state") or "").startswith(OPEN):
        return [entry]
    return [entry, answered(entry["native_id"], answer, said.get("answer_author"), said.get("answer_time"))]


def answered(native_id: str | None, text: str, author: str | None, time: str | None) -> Entry:
    """The official answer to the message of that id."""
    held = {"parent": native_id, "root": native_id, "kind": "statement", "author_kind": "government"}
    own = f"{native_id}/答复" if native_id else None
    return bodies.entry(native_id=own, text=text, author=author, time=time, **held)


def _said(thing: dict[str, Any], path: str) -> str | None:
    if "{" in path:
        parts = {slot: _said(thing, slot) for slot in SLOT.findall(path)}
        return SLOT.sub(lambda m: parts[m[1]] or "", path) if all(parts.values()) else None
    for choice in path.split("|"):
        value = _at(thing, choice)
        if isinstance(value, list):
            value = "、".join(str(v) for v in value if isinstance(v, (str, int, float)))
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return None


def guessed(body: bytes, *, charset: str | None = None, url: str = "") -> list[Any]:
    """Settings of a source (list, fields) by the longest list of objects that have a title, and its first titles.

    Empty where there is no such list. Raises Unreadable.
    """
    best: tuple[int, str, dict[str, str], list[Any]] = (0, "", {}, [])
    waiting: list[tuple[str, Any, int]] = [("", loaded(bodies.decoded(body, charset)), 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, list):
            objects = [v for v in value if isinstance(v, dict)]
            keys = {k for v in objects[:20] for k in v}
            fields = {f: next(n for n in names if n in keys) for f, names in USUAL.items() if keys & {*names}}
            if "title" in fields and len(objects) > best[0]:
                best = (len(objects), path, fields, [v.get(fields["title"]) for v in objects[:3]])
        inside = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
        if depth < 6:
            waiting += [(f"{path}.{k}".lstrip("."), v, depth + 1) for k, v in inside]
    return [{"list": best[1], "fields": best[2]}, *best[3]] if best[0] else []
