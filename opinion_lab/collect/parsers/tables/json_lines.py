"""JSON as programs write it, with what JSON forbids: NaN, half emoji, integers of any length. Light, no I/O."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

#: Lines of JSON that are looked at to tell what columns there are.
HEAD = 500
#: An emoji is written as two halves; one that stands alone cannot be stored.
HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
UNREAL = re.compile(r"\b(?:NaN|-?Infinity)\b")


class Inexact(Exception):
    """An integer beyond 64 bits became a float: the whole is to be read again with `exact`."""


def load(text: str, notes: list[dict[str, Any]] | None = None, *, exact: bool = False) -> Any:
    """One JSON value; NaN and Infinity are null, half an emoji is U+FFFD, both noted. Raises ValueError."""
    if not exact:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            if not (UNREAL.search(text) or HALF.search(text)):
                raise error
    whole, halves = HALF.subn(r"\\ufffd", text)
    try:
        value = json.loads(whole, parse_constant=lambda _: None)
    except RecursionError:
        raise ValueError("套得太深") from None
    unreal = len(UNREAL.findall(whole))
    for what, n in (("半个表情符号，已换成 \ufffd", halves), ("NaN、Infinity 不是数，记为空", unreal)):
        if n and notes is not None:
            notes.append({"what": what, "n": n, "example": ""})
    return value


def object_message(whole: dict[str, Any]) -> str:
    """What to do with one object that holds the list of records somewhere within."""
    place = list_within(whole)
    return (
        f"这是一个 JSON 对象，不是每行一条的 JSON Lines，也不是数组。请只导出其中的列表{f' {place}' if place else ''}。"
    )


def list_within(value: dict[str, Any], depth: int = 3) -> str | None:
    """The place of the first list of records under `data`, `result` and the like: keys that name no content."""
    for key, inside in value.items():
        if isinstance(inside, list) and inside and isinstance(inside[0], dict) and len(value) <= 8:
            return key
        if isinstance(inside, dict) and depth and (place := list_within(inside, depth - 1)):
            return f"{key}.{place}"
    return None


def look_up(entry: Any, path: str) -> Any:
    """The value at a dotted path; None when there is no such place. A key that holds dots itself goes first."""
    if path in entry:
        return entry[path]
    for key in path.split("."):
        if isinstance(entry, list) and key.isdigit():
            entry = entry[int(key)] if int(key) < len(entry) else None
        elif isinstance(entry, dict):
            entry = entry.get(key)
        else:
            return None
    return entry


def strings(values: list[Any], *, exact: bool) -> list[str | None]:
    """Values as text. Raises Inexact unless `exact`."""
    if {type(v) for v in values} <= {str, type(None)}:
        return values
    if not exact and any(isinstance(v, float) and abs(v) >= 2**63 for v in values):
        raise Inexact
    return [v if v is None or isinstance(v, str) else _string(v) for v in values]


def _string(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (bool, list, dict)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)
