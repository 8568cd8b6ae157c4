"""What cannot be rebuilt, in one file; and a lab made by an earlier version taken over.

Decisions, cases, settings, the lab's own rules and mappings go into the backup; the key that makes pseudonyms goes
into a file of its own, to be kept elsewhere. Posts are made anew from what was collected.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson

from opinion_lab.config import LabError
from opinion_lab.storage import decisions, story_days
from opinion_lab.storage.journal import cases
from opinion_lab.storage.store import Store, write

CASES = "data/cases.sqlite"
#: Files and folders of a lab that no command can make again.
KEPT = ("lab.toml", "data/decisions.jsonl", CASES, "rules", "mappings")


def backup(store: Store, target: Path) -> list[str]:
    """Write the backup to `target` (.zip) and the key beside it (.key); returns the names of what is in it."""
    if target.suffix != ".zip":
        raise LabError(f"备份文件请以 .zip 结尾，现在是 {target.name}。")
    names = [name for path in KEPT for name in _files(store.root, path)]
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".writing-{target.name}")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            if name == CASES:  # as it is at one instant, whoever writes
                packed.writestr(name, cases.snapshot(store.root))
            else:
                packed.write(store.root / name, name)
    part.chmod(0o600)
    part.replace(target)
    key = store.root / store.settings.key_file
    if key.exists():
        write(target.with_suffix(".key"), key.read_bytes(), mode=0o600)
    return names


def restore(root: Path, source: Path) -> list[str]:
    """Put a backup's files into the lab at `root`; returns their names.

    Raises LabError, before anything is written, when a file is there already with other contents, or the backup
    cannot be read.
    """
    try:
        with zipfile.ZipFile(source) as packed:
            bodies = {name: packed.read(name) for name in packed.namelist()}
    except (OSError, zipfile.BadZipFile):
        raise LabError(f"备份 {source} 读不了。请换一份完好的备份。") from None
    wanted = {name: body for name, body in bodies.items() if _is_kept(name)}
    key = source.with_suffix(".key")
    if key.exists():
        wanted["lab.key"] = key.read_bytes()
    there = [n for n, body in wanted.items() if (root / n).exists() and (root / n).read_bytes() != body]
    if there:
        listed = "、".join(sorted(there)[:5])
        raise LabError(f"{root} 里已有内容不同的 {listed}，没有改动任何文件。请恢复到一个空文件夹，或先移走这些文件。")
    for name, body in wanted.items():
        write(root / name, body, mode=0o600 if name.endswith((".key", ".jsonl", ".sqlite")) else 0o644)
    return sorted(wanted)


def _is_kept(name: str) -> bool:
    """Whether a name in a backup is one that a backup holds: nothing may be written elsewhere."""
    path = Path(name)
    plain = not path.is_absolute() and ".." not in path.parts
    return plain and any(name == kept or name.startswith(f"{kept}/") for kept in KEPT)


def _files(root: Path, name: str) -> list[str]:
    path = root / name
    if path.is_dir():
        return sorted(f"{p.relative_to(root).as_posix()}" for p in path.rglob("*") if p.is_file())
    return [name] if path.is_file() else []


# --- labs made by an earlier version ---------------------------------------------------------------------------


def migrate(store: Store, renamed: Mapping[str, str]) -> dict[str, int]:
    """Take over what a lab of version 0.1 kept: edits, confirmed levels, labels, copied rules under former names.

    `renamed`: former -> present names of files in `rules/`. Returns how many of each were taken over (edits, levels,
    labels, rules). Twice adds nothing. The stories themselves are made anew: a former number
    leads to the story that its post is in.
    """
    done = {"edits": 0, "levels": 0, "labels": 0, "rules": 0}
    stories = store.local / "stories"
    if stories.exists() and not store.values(story_days.PREFIX):
        stories.rename(store.local / "stories-0.1")
    before = decisions.read(store.root).height
    for at, action, who, about in sorted(_former(store), key=lambda row: row[0]):
        decisions.add(store.root, action, who=who or "（未写）", at=at, now=at, **about)
        after = decisions.read(store.root).height
        kind = {"merge": "edits", "split": "edits", "level": "levels", "label": "labels"}[action]
        done[kind], before = done[kind] + after - before, after
    for old, new in renamed.items():
        source, target = store.root / "rules" / old, store.root / "rules" / new
        if source.exists() and not target.exists():
            source.rename(target)
            done["rules"] += 1
    return done


def _former(store: Store) -> list[tuple[datetime, str, str, dict[str, object]]]:
    """What was decided under version 0.1: when, what, by whom, about what. Raises LabError for a line not readable."""
    rows: list[tuple[datetime, str, str, dict[str, object]]] = []
    for row in _lines(store.root / "data" / "edits" / "stories.jsonl"):
        about = {"story_id": row["story_id"], "into": row["into"], "posts": row["posts"], "why": row["why"]}
        rows.append((datetime.fromisoformat(str(row["at"])), str(row["what"]), str(row["who"]), about))
    for row in _lines(store.root / "data" / "labels" / "relevance.jsonl"):
        about = {"posts": [row["post_id"]], "value": decisions.LABELS[bool(row["relevant"])]}
        rows.append((datetime.fromisoformat(str(row["at"])), "label", str(row["role"] or ""), about))
    for value in store.values("confirmed/").values():
        row = json.loads(value)
        about = {"story_id": row["story_id"], "value": row["level"], "why": row["why"]}
        rows.append((datetime.fromisoformat(row["at"]).astimezone(UTC), "level", row["by"], about))
    return rows


def _lines(path: Path) -> list[dict[str, object]]:
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            rows.append(dict(orjson.loads(line)))
        except (ValueError, TypeError):
            raise LabError(f"{path} 第 {number} 行读不懂，没有接收任何内容。请改正或删去这一行后再运行。") from None
    return rows
