"""Whether a lab holds together, what is set right from what is left of it, and what has to go in time."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from opinion_lab import config, schemas
from opinion_lab.storage import files, story_days
from opinion_lab.storage.files import Place
from opinion_lab.storage.journal import cases
from opinion_lab.storage.partitions import FRAMES
from opinion_lab.storage.store import Store

#: What staff call the frames.
NAMES = {"posts": "帖文", "sightings": "所见", "orders": "工单", "tokens": "分词", "signatures": "查重"}
REBUILD = "请运行 opinion-lab rebuild。"


def verify(store: Store) -> list[str]:
    """What does not hold, in Chinese, each with what brings it back."""
    problems = []
    try:
        store.key()
    except config.LabError as error:
        problems.append(str(error))
    if not cases.sound(store.root):
        problems.append("办件记录 data/cases.sqlite 读不了。请从备份恢复（opinion-lab restore），不要删去它。")
    return [*problems, *_of_captures(store), *_of_strays(store), *_of_days(store)]


def mend(store: Store) -> list[str]:
    """Set right what can be, and have everything prepared anew at the next run; says in Chinese what was met.

    Ledger lines are made again from rows. Rows that are gone or broken are due to be read again from their bytes.
    Broken days are set aside under `.damaged`; days that can be read stay until better ones take their place.
    """
    said = []
    lines = set(store.captures()["capture"])
    for capture in sorted(_rows_there(store) - lines):
        if _enter(store, capture):
            said.append(f"按读入的行补记了账：{capture[:12]}")
    for row in store.captures().filter(pl.col("rows_in").is_not_null()).iter_rows(named=True):
        paths = _row_paths(store, row["capture"])
        whole = [_height(p) for p in paths] == [row["rows_kept"], row["rows_dropped"]]
        if whole or (not any(map(files.exists, paths)) and not store.bytes_path(row["capture"]).exists()):
            continue
        for path in paths:
            files.remove(path)
        if _intact(store, row["capture"]):
            said.append(f"{row['name']} 的行要从原始文件重新读入。")
            with store.ledger() as db:
                db.execute("update capture set rows_in = null, prepared = null where capture = ?", (row["capture"],))
        else:
            said.append(f"{row['name']}（{row['capture'][:12]}）的行和原始文件都已损坏，请再导入一次。")
    for frame, day in [*_broken_days(store), *_orphans(store)]:
        said.append(f"移开了读不了或缺了一半的 {NAMES[frame]} {day}，由原始数据重新整理。")
        files.move(store.partitions.path(frame, day), store.processed / ".damaged" / f"{frame}-{day}.parquet")
    # what cannot be made again is told of below; what can is entered anew when it is made
    for (frame, day), made in store.heights().items():
        if (there := store.height(frame, day)) != made:
            said.append(f"{NAMES[frame]} {day} 原有 {made} 行，现有 {there} 行，由原始数据重新整理。")
            store.note_heights([(frame, f"{day}", there)])
    for day in _without_stories(store):
        store.put_value(f"{story_days.PREFIX}{day}", "")
    gone = [c for c in store.captures()["capture"] if not store.has_items(c)]
    if gone:
        said.append(
            f"{len(gone)} 份文件的原始数据已不在（过了 {store.settings.keep_raw_days} 天，或被删除）："
            "它们的帖文沿用整理好的，其中损坏的补不回来，除非再导入一次。"
        )
    store.mark_prepared(set(store.captures()["capture"]) - {*gone}, None)
    store.put_value("prepared", "{}")
    return said


def set_aside_ledger(root: Path) -> bool:
    """Put a ledger that SQLite cannot read out of the way; whether it was so."""
    path = root / "data" / "raw" / "ledger.sqlite"
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as db:
            sound = db.execute("pragma quick_check").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        sound = False
    if not sound:
        path.replace(path.with_name(f"ledger.broken-{datetime.now(UTC):%Y%m%d%H%M%S}.sqlite"))
    return not sound


def sweep(store: Store, now: datetime) -> list[str]:
    """Delete raw bytes and rows older than `keep_raw_days`, prepared or not; the ledger keeps their line.

    What no line of the ledger knows goes by the age of its file. Returns what went.
    """
    edge = now - timedelta(days=store.settings.keep_raw_days)
    captures = store.captures()
    young = captures.filter(pl.col("collected_at") >= edge.astimezone(UTC).isoformat())["capture"]
    lines, kept = set(captures["capture"]), {*young, *young.str.head(64)}
    # rows that wait are of use only until they are prepared; what could never be read is of none
    kept |= set(captures.filter(pl.col("prepared").is_null() & pl.col("rows_kept").is_not_null())["capture"])
    gone: set[str] = set()
    for path in _raw_files(store):
        name = path.name.split(".parquet")[0].removesuffix(".dropped")
        known = name in lines or name in captures["capture"].str.head(64).to_list()
        if (name not in kept) if known else _written(path) < edge:
            files.remove(path)
            gone.add(name)
    return sorted(gone)


# --- inside --------------------------------------------------------------------------------------------------


def _of_captures(store: Store) -> Iterator[str]:
    """Bytes that changed, rows that are gone, accounts that do not balance."""
    edge = (datetime.now(UTC) - timedelta(days=store.settings.keep_raw_days)).isoformat()
    for row in store.captures().iter_rows(named=True):
        name = f"{row['name']}（{row['capture'][:12]}）"
        body, rows = store.bytes_path(row["capture"]), _row_paths(store, row["capture"])
        old = row["collected_at"] < edge
        if body.exists() and not _intact(store, row["capture"]):
            yield f"原始文件被改动：{name}。帖文按已读入的行保留；要换回原件，请再导入一次。"
        elif not body.exists() and not old:
            yield f"原始文件不见了：{name}。帖文按已读入的行保留；要留原件，请再导入一次。"
        if row["rows_in"] is None:
            yield f"没有读完：{name}。请再导入一次。"
        if not row["rows_in"]:  # what a source gave was no feed: its bytes are kept, and there are no rows
            continue
        if row["rows_in"] != row["rows_kept"] + row["rows_dropped"]:
            yield f"账不平：{name}。{REBUILD}"
        if not any(map(files.exists, rows)) and old:
            continue
        for path, n, what in zip(rows, (row["rows_kept"], row["rows_dropped"]), ("读入", "剔除"), strict=True):
            if not files.exists(path):
                yield f"{what}的行不见了：{name}。{REBUILD}"
            elif (there := _height(path)) is None:
                yield f"{what}的行读不了：{name}，文件已损坏。{REBUILD}"
            elif there != n:
                yield f"{what}的行少了或多了：{name} 账上 {n} 行，文件里 {there} 行。{REBUILD}"
        left_out = store.processed / "dropped" / f"{row['capture']}.parquet"
        if row["prepared"] and (_height(left_out) is None):
            yield f"整理时剔除的行不见了或读不了：{name}。{REBUILD}"


def _of_strays(store: Store) -> Iterator[str]:
    """What lies there and stands in no account."""
    lines = store.captures()["capture"]
    known = {*lines, *lines.str.head(64)}
    strays = {p.name.split(".parquet")[0].removesuffix(".dropped") for p in _raw_files(store)} - known
    if strays:
        yield f"{len(strays)} 份原始数据不在账上（账本被清空或换过）。{REBUILD}"
    elif not len(lines) and store.days():
        yield (
            f"账上一份文件也没有，却有 {len(store.days())} 天帖文：账本被清空或换过，原始数据也不在。"
            "请把 data/raw 从备份放回，或把文件再导入一次。"
        )


def _of_days(store: Store) -> Iterator[str]:
    """Days that are gone, cannot be read, break the schema, have other rows than were made, or a post twice."""
    broken = set(_broken_days(store, strict=True))
    for frame, day in sorted(broken):
        yield f"{NAMES[frame]} {day} 读不了或不符合数据字典。{REBUILD}"
    for (frame, day), made in store.heights().items():
        there = None if (frame, day) in broken else store.height(frame, day)
        if there == 0:
            yield f"{NAMES[frame]} {day} 不见了。{REBUILD}"
        elif there not in (None, made):
            yield f"{NAMES[frame]} {day} 对不上：整理出 {made} 行，文件里 {there} 行。{REBUILD}"
    for day in _without_stories(store):
        yield f"事件 {day} 不见了。{REBUILD}"
    sound = [d for d in store.days() if ("posts", d) not in broken]
    for day in sound:
        ids = _ids(store, "posts", day)
        for frame in ("tokens", "signatures", "orders"):
            if day in store.days(frame) and (frame, day) not in broken and not _ids(store, frame, day) <= ids:
                yield f"帖文 {day} 与{NAMES[frame]} {day} 对不上。{REBUILD}"
    if paths := [store.partitions.path("posts", d) for d in sound]:
        twice = files.scan(paths, ["post_id", "day"]).filter(pl.col("post_id").is_duplicated()).collect()
        if twice.height:
            days = "、".join(f"{d}" for d in twice["day"].unique().sort()[:5])
            yield f"{twice['post_id'].n_unique()} 个帖文编号出现不止一次（{days}）。{REBUILD}"


def _without_stories(store: Store) -> list[date]:
    """Days whose stories were made and lie there no more."""
    days = {f"{day}" for day in store.days()}
    noted = [name.removeprefix(story_days.PREFIX) for name in store.values(story_days.PREFIX)]
    there = story_days.stored(store)
    return [day for name in noted if name in days and (day := date.fromisoformat(name)) not in there]


def _broken_days(store: Store, *, strict: bool = False) -> list[tuple[str, date]]:
    """Days of frames that cannot be read; `strict`: or are not as the schema says."""

    def broken(frame: str, day: date) -> bool:
        try:
            rows = store.day(frame, day)
        except (pl.exceptions.PolarsError, OSError):
            return True
        return strict and not FRAMES[frame].is_valid(rows, cast=True)

    return [(frame, day) for frame in FRAMES for day in store.days(frame) if broken(frame, day)]


def _orphans(store: Store) -> list[tuple[str, date]]:
    """Words, signatures and orders of days without posts."""
    frames, days = ("tokens", "signatures", "orders"), set(store.days())
    return [(frame, day) for frame in frames for day in store.days(frame) if day not in days]


def _ids(store: Store, frame: str, day: date) -> set[str]:
    return set(files.scan([store.partitions.path(frame, day)], ["post_id"]).collect()["post_id"])


def _height(path: Place) -> int | None:
    """How many rows a file has; None where it is not there or cannot be read to its end."""
    try:
        return files.scan([path]).collect().height if files.exists(path) else None
    except (pl.exceptions.PolarsError, OSError):
        return None


def _intact(store: Store, capture: str) -> bool:
    path = store.bytes_path(capture)
    if not path.exists():
        return False
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest() == capture[:64]


def _row_paths(store: Store, capture: str) -> list[Place]:
    return [store.rows / f"{capture}.parquet", store.rows / f"{capture}.dropped.parquet"]


def _rows_there(store: Store) -> set[str]:
    names = [p.name for p in files.listed(store.rows) if p.name.endswith(".parquet")]
    return {n.removesuffix(".parquet") for n in names if not n.endswith(".dropped.parquet")}


def _raw_files(store: Store) -> list[Place]:
    """All bytes and rows, but for what is being written."""
    bodies: Sequence[Place] = sorted(p for p in (store.raw / "bytes").rglob("*") if p.is_file())
    return [p for p in (*bodies, *files.listed(store.rows)) if not p.name.startswith(".")]


def _written(path: Place) -> datetime:
    """When a file was written; an object at an address without a ledger line is taken for new."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if isinstance(path, Path) else datetime.now(UTC)


def _enter(store: Store, capture: str) -> bool:
    """A line of the ledger for rows that have none, from what they say themselves."""
    kept, dropped = _row_paths(store, capture)
    n_kept, n_dropped = _height(kept), _height(dropped)
    if n_kept is None or n_dropped is None:
        return False
    rows = pl.concat([schemas.empty(schemas.RawItem), files.scan([kept]).collect()], how="diagonal")
    source = rows["source_id"].first() or "未知来源"
    at = (rows["collected_at"].max() or datetime.now(UTC)).astimezone(UTC).isoformat()  # type: ignore[union-attr]
    body = store.bytes_path(capture)
    size = body.stat().st_size if body.exists() else 0
    line = (capture, source, f"{capture[:12]}（账本丢失后补记）", size, at, n_kept + n_dropped, n_kept, n_dropped)
    with store.ledger() as db:
        db.execute(
            "insert into capture (capture, source_id, name, bytes, collected_at, rows_in, rows_kept, rows_dropped)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            line,
        )
    return True
