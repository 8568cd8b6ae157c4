"""`exercises/` of a lab: exercises that were made, and each session as a file that is only ever added to.

An exercise is a folder (`exercise.toml`, `posts.parquet`, `known.json`); a session a file under `sessions/`. Nothing
here is read or written by anything that concerns the bureau's own matters, and nothing of theirs by an exercise.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from opinion_lab.config import LabError
from opinion_lab.storage import files

TABLE, POSTS, AROUND, KNOWN = "exercise.toml", "posts.parquet", "around.parquet", "known.json"
SESSION = re.compile(r"^(?P<exercise>[a-z0-9][a-z0-9-]*)-(?P<at>\d{8}-\d{6})$")


def folder(root: Path) -> Path:
    """Where a lab's exercises lie."""
    return root / "exercises"


def names(root: Path) -> list[str]:
    """The exercises that can be run, in order of name."""
    return sorted(p.parent.name for p in folder(root).glob(f"*/{KNOWN}"))


def put(root: Path, name: str, table: str, posts: pl.DataFrame, around: pl.DataFrame, known: dict[str, Any]) -> Path:
    """Write an exercise down, readable by its owner alone; `known` last, so that half an exercise is none."""
    place = folder(root) / name
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.write(place / TABLE, table.encode(), mode=0o600)
    files.write_parquet(place / POSTS, posts, mode=0o600)
    files.write_parquet(place / AROUND, around, mode=0o600)
    files.write(place / KNOWN, orjson.dumps(known, option=orjson.OPT_INDENT_2), mode=0o600)
    return place


def get(root: Path, name: str) -> tuple[str, pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """Table, posts, others of those days, what was known of an exercise.

    Raises LabError when it was not made, or is damaged.
    """
    place = folder(root) / name
    if not (place / KNOWN).is_file():
        there = "、".join(names(root)) or "还没有"
        raise LabError(f"演练“{name}”还没有制作。先运行 opinion-lab exercise make {name}。已制作的：{there}。")
    try:
        known = orjson.loads((place / KNOWN).read_bytes())
        posts = pl.read_parquet(place / POSTS)
        around = pl.read_parquet(place / AROUND) if (place / AROUND).is_file() else posts.clear()  # made before
        return (place / TABLE).read_text(encoding="utf-8"), posts, around, known
    except (OSError, ValueError, pl.exceptions.PolarsError):
        raise LabError(f"演练“{name}”的文件损坏了。请运行 opinion-lab exercise make {name} 重新制作。") from None


# --- sessions ----------------------------------------------------------------------------------------------------


def _path(root: Path, session: str) -> Path:
    """The file of a session. Raises LabError for a name that is none."""
    if not SESSION.match(session):
        raise LabError(
            f"“{session}”不是一场演练的编号。用 opinion-lab exercise list 查看，例如 canteen-20261127-090000。"
        )
    return folder(root) / "sessions" / f"{session}.jsonl"


def sessions(root: Path) -> list[str]:
    """The sessions of a lab, the oldest first."""
    found = [p.stem for p in (folder(root) / "sessions").glob("*.jsonl") if SESSION.match(p.stem)]
    return sorted(found, key=lambda name: name[-15:])


def events(root: Path, session: str) -> list[dict[str, Any]]:
    """All that happened in a session, in order. Raises LabError with the line that cannot be read, or for none."""
    file = _path(root, session)
    if not file.is_file():
        raise LabError(f"没有演练记录 {session}。用 opinion-lab exercise list 查看现有的。")
    found = []
    for n, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            event = orjson.loads(line)
            found.append({**event, "at": datetime.fromisoformat(event["at"])})
        except (ValueError, KeyError, TypeError):
            raise LabError(f"{file} 第 {n} 行读不懂。请删去这一行，其余不受影响。") from None
    return found


def add(root: Path, session: str, event: str, *, now: datetime, **about: Any) -> None:
    """Append an event of a session."""
    line = {"at": now.astimezone(UTC).isoformat(timespec="microseconds"), "event": event, **about}
    files.append(_path(root, session), orjson.dumps(line))
