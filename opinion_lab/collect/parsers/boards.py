"""Hot lists in the shapes of NewsNow and DailyHotApi -> entries with rank and heat. No I/O, and nothing heavy.

NewsNow (server/api/s/index.ts, shared/types.ts): {status, id, updatedTime, items: [{id, title, url, pubDate?, extra?}]}
DailyHotApi (src/types.d.ts): {code, name, title, type, total, updateTime, data: [{id, title, desc?, hot?, timestamp?,
url}]}. The rank is the place in the list; several boards say no heat.
"""

from __future__ import annotations

from typing import Any

from opinion_lab.collect.parsers import bodies, json_lists

#: The key of the list -> that of the moment at which the service itself looked, and the fields of an entry.
SHAPES: dict[str, tuple[str, dict[str, str]]] = {
    "items": (
        "updatedTime",
        {
            "native_id": "id",
            "title": "title",
            "url": "url|mobileUrl",
            "published_at": "pubDate|extra.date",
            "heat": "extra.info",
            "text": "extra.hover",
        },
    ),
    "data": (
        "updateTime",
        {
            "native_id": "id",
            "title": "title",
            "url": "url|mobileUrl",
            "published_at": "timestamp",
            "heat": "hot",
            "text": "desc",
        },
    ),
}
Entry = dict[str, Any]


def parse(body: bytes, *, charset: str | None = None, url: str = "", **when: Any) -> list[Entry]:
    """The entries of a board (see `read`) with `published_at`; `when`: zone and moment of the visit (entries.dated)."""
    from opinion_lab.collect.parsers import entries

    return entries.dated(read(body, charset=charset, url=url), url, **when)


def read(body: bytes, *, charset: str | None = None, url: str = "") -> list[Entry]:
    """Entries in order of rank: title, url, text, time, rank and heat as given, `seen` when the service looked.

    An entry repeated in the list counts once, at its best rank. Raises Unreadable (not_json, no_list).
    """
    text = bodies.decoded(body, charset)
    board = json_lists.loaded(text)
    other = not isinstance(board, dict) or "version" in board  # a JSON Feed has items too
    key = "" if other else next((k for k in SHAPES if isinstance(board.get(k), list)), "")
    if not key:
        raise bodies.Unreadable("no_list", "items / data")
    looked, fields = SHAPES[key]
    once: dict[tuple[Any, Any], Entry] = {}
    for place, thing in enumerate(board[key], 1):
        if isinstance(thing, dict):
            (entry,) = json_lists.entries_of(thing, fields, place)
            once.setdefault(
                (entry["title"], entry["url"]), entry | {"rank": str(place), "seen": str(board.get(looked) or "")}
            )
    return [*once.values()]
