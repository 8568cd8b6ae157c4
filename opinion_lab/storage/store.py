"""`data/raw` and `data/processed`: the only room that knows paths.

    data/raw/bytes/<sha[:2]>/<sha>       what arrived, byte for byte, mode 0600
    data/raw/items/<sha>.parquet         its rows as parsed (RawItem), <sha>.dropped.parquet beside it
    data/raw/ledger.sqlite               captures, visits, what is prepared
    data/processed/<frame>/<day>.parquet posts, sightings, orders, tokens, signatures; dropped/<sha>.parquet

Where lab.toml says `data = "s3://bucket/lab"`, raw/items and processed lie there, for all machines that work on them;
the rest, with models and stories, stays in the lab's folder.

Every write goes to a temporary name, is flushed and renamed, so stopping half-way loses nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import polars as pl

from opinion_lab import config, schemas
from opinion_lab.storage import files, partitions
from opinion_lab.storage.files import Place, write, write_parquet
from opinion_lab.storage.partitions import FRAMES

Day = str | date | datetime | None

LEDGER = """
create table if not exists capture (
    capture text primary key, source_id text not null, name text not null, url text, mapping text, encoding text,
    bytes integer not null, collected_at text not null,
    rows_in integer, rows_kept integer, rows_dropped integer, prepared text
);
create table if not exists visit (
    source_id text not null, at text not null, status text not null, capture text, etag text, last_modified text,
    note text, primary key (source_id, at)
);
create table if not exists setting (name text primary key, value text not null);
"""


@dataclass(frozen=True)
class Capture:
    """One arrival of bytes. `new` is False when the same bytes were here before, read the same way."""

    capture: str
    source_id: str
    name: str
    new: bool


class Store:
    """One lab's data. Open with `store.open(root)`."""

    def __init__(self, root: Path, settings: config.Settings) -> None:
        self.root, self.settings = root, settings
        self.raw, self.local = root / "data" / "raw", root / "data" / "processed"
        shared = files.at(settings.data) if settings.data else root / "data"
        self.rows, self.processed = shared / "raw" / "items", shared / "processed"
        self.partitions = partitions.Partitions(self.processed)
        self.reports = root / "reports"
        private = [self.raw, self.raw / "bytes", *([self.rows] if isinstance(self.rows, Path) else [])]
        for folder in (*private, self.local, self.reports):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in private:
            folder.chmod(0o700)
        with self.ledger() as db:
            db.executescript(LEDGER)

    @contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the ledger: committed when the block ends, rolled back when it raises."""
        db = sqlite3.connect(self.raw / "ledger.sqlite", timeout=30)
        db.row_factory = sqlite3.Row
        try:
            with db:
                yield db
        finally:
            db.close()

    # --- raw -----------------------------------------------------------------------------------------------

    def put_raw(
        self,
        body: bytes,
        *,
        source_id: str,
        name: str,
        collected_at: datetime,
        url: str | None = None,
        mapping: str | None = None,
    ) -> Capture:
        """Keep `body` as it came and enter it in the ledger; the same bytes count once.

        A capture's name is the sha256 of its bytes. Bytes that come again with another source or mapping are taken
        over by it, and all that was prepared is then due to be prepared again.
        """
        capture = hashlib.sha256(body).hexdigest()
        path = self._bytes(capture)
        if not path.exists():
            write(path, body, mode=0o600)
        row = (capture, source_id, name, url, mapping, len(body), _utc(collected_at).isoformat())
        with self.ledger() as db:
            old = db.execute("select source_id, mapping from capture where capture = ?", (capture,)).fetchone()
            taken_over = old is not None and (old["source_id"], old["mapping"]) != (source_id, mapping)
            if taken_over:
                db.execute("delete from capture where capture = ?", (capture,))
                db.execute("update capture set prepared = null")
            if old is None or taken_over:
                db.execute(
                    "insert into capture (capture, source_id, name, url, mapping, bytes, collected_at)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
        return Capture(capture, source_id, name, new=old is None or taken_over)

    def raw_bytes(self, capture: str) -> bytes:
        """What arrived. Raises LabError when it was deleted after `keep_raw_days`."""
        try:
            return self._bytes(capture).read_bytes()
        except FileNotFoundError:
            raise config.LabError(f"原始文件 {capture[:12]} 已不在 data/raw（可能已过保存期）。") from None

    def put_items(
        self, capture: str, items: pl.DataFrame, dropped: pl.DataFrame, *, rows_in: int, encoding: str | None = None
    ) -> None:
        """Keep the parsed rows of a capture. Raises LabError unless rows in = kept + dropped."""
        if rows_in != items.height + dropped.height:
            raise config.LabError(
                f"账不平：读入 {rows_in} 行，保留 {items.height}，剔除 {dropped.height}。这是程序错误，请勿使用结果。"
            )
        schemas.RawItem.validate(items, cast=True)
        write_parquet(self.rows / f"{capture}.parquet", items, mode=0o600)
        write_parquet(self.rows / f"{capture}.dropped.parquet", dropped, mode=0o600)
        with self.ledger() as db:
            db.execute(
                "update capture set rows_in = ?, rows_kept = ?, rows_dropped = ?, encoding = ? where capture = ?",
                (rows_in, items.height, dropped.height, encoding, capture),
            )

    def items(self, capture: str) -> pl.DataFrame:
        """The parsed rows of one capture (RawItem)."""
        rows = files.scan([self.rows / f"{capture}.parquet"]).collect()
        # rows parsed by an earlier version lack the columns that came since
        return pl.concat([schemas.empty(schemas.RawItem), rows], how="diagonal")

    def has_items(self, capture: str) -> bool:
        """Whether the parsed rows of a capture are still there."""
        return files.exists(self.rows / f"{capture}.parquet")

    def mark_prepared(self, captures: Iterable[str], fingerprint: str | None) -> None:
        """Note by which rules these captures were prepared; None: they wait again."""
        with self.ledger() as db:
            db.executemany("update capture set prepared = ? where capture = ?", [(fingerprint, c) for c in captures])

    def import_dropped(self, capture: str) -> pl.DataFrame:
        """The rows of one capture that parsing left out (Dropped)."""
        return files.scan([self.rows / f"{capture}.dropped.parquet"]).collect()

    def captures(self) -> pl.DataFrame:
        """The ledger, one row a capture, in order of arrival."""
        with self.ledger() as db:
            rows = [dict(r) for r in db.execute("select * from capture order by collected_at, capture")]
            columns = [r["name"] for r in db.execute("pragma table_info(capture)")]
        whole = {"bytes", "rows_in", "rows_kept", "rows_dropped"}
        return pl.DataFrame(rows, schema={c: pl.Int64 if c in whole else pl.String for c in columns})

    def put_visit(
        self,
        source_id: str,
        at: datetime,
        outcome: str,
        *,
        capture: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        note: str = "",
    ) -> None:
        """Note one visit to a source, whatever came of it; `tags` (etag, last_modified) are for the next request."""
        said = tags or {}
        row = (source_id, _utc(at).isoformat(), outcome, capture, said.get("etag"), said.get("last_modified"), note)
        with self.ledger() as db:
            db.execute("insert or replace into visit values (?, ?, ?, ?, ?, ?, ?)", row)

    def visits(self) -> pl.DataFrame:
        """Visits to sources in order of time: source_id, at (UTC), status, capture, etag, last_modified, note."""
        with self.ledger() as db:
            rows = [dict(r) for r in db.execute("select * from visit order by at, source_id")]
        names = ("source_id", "at", "status", "capture", "etag", "last_modified", "note")
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).with_columns(
            pl.col("at").str.to_datetime(time_unit="us", time_zone="UTC")
        )

    # --- processed -----------------------------------------------------------------------------------------

    def posts(self, since: Day = None, until: Day = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """Posts published from day `since` to day `until`, both included, in order of time (then post_id)."""
        return self._frame("posts", since, until, where).sort("published_at", "post_id")

    def sightings(self, since: Day = None, until: Day = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """Sightings from day `since` to day `until`, both included, in order of time."""
        return self._frame("sightings", since, until, where).sort("seen_at", "post_id")

    def orders(self, since: Day = None, until: Day = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """What the work orders of those days say of themselves (Order), in order of day and post_id."""
        return self._frame("orders", since, until, where).sort("day", "post_id")

    def tokens(self, since: Day = None, until: Day = None, where: pl.Expr | None = None) -> pl.DataFrame:
        """Tokens of the posts of those days, in order of post_id."""
        return self._frame("tokens", since, until, where).sort("post_id")

    def days(self, frame: str = "posts") -> list[date]:
        """The days for which `frame` holds rows, in order."""
        return self.partitions.days(frame)

    def day(self, frame: str, day: date) -> pl.DataFrame:
        """One day of one frame, empty when there is none."""
        path = self.partitions.path(frame, day)
        return files.scan([path]).collect() if files.exists(path) else schemas.empty(FRAMES[frame])

    def height(self, frame: str, day: date) -> int:
        """How many rows one day of one frame has."""
        path = self.partitions.path(frame, day)
        return int(files.scan([path]).select(pl.len()).collect().item()) if files.exists(path) else 0

    def state(self, frame: str, day: date) -> str:
        """What changes whenever a day of a frame is written anew."""
        return files.state(self.partitions.path(frame, day))

    def put_days(self, frame: str, rows: pl.DataFrame, days: Iterable[date] = ()) -> None:
        """Replace the days that `rows` hold (or `days`, which may become empty), validated against the schema.

        A day left without rows loses its file.
        """
        self.partitions.put(frame, rows, days)

    def stage(self, run: str) -> partitions.Stage:
        """Where the run of that name lays down what it makes."""
        return partitions.Stage(self.processed, run)

    def dropped(self, captures: Iterable[str] | None = None) -> pl.DataFrame:
        """What every step left out, with its reason: both of parsing and of preparing (Dropped)."""
        wanted = list(captures) if captures is not None else self.captures()["capture"].to_list()
        paths: list[Place] = [self.rows / f"{c}.dropped.parquet" for c in wanted]
        paths += [self.processed / "dropped" / f"{c}.parquet" for c in wanted]
        frames = [files.scan([p]).collect() for p in paths if files.exists(p)]
        # rows of an earlier version have no detail
        return pl.concat([schemas.empty(schemas.Dropped), *frames], how="diagonal")

    def value(self, name: str) -> str | None:
        """A value that a step left for its next run."""
        with self.ledger() as db:
            row = db.execute("select value from setting where name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def values(self, prefix: str) -> dict[str, str]:
        """The values whose names begin with `prefix`, in order of name."""
        with self.ledger() as db:
            rows = db.execute("select * from setting where substr(name, 1, ?) = ? order by name", (len(prefix), prefix))
            return {row["name"]: row["value"] for row in rows}

    def put_value(self, name: str, value: str) -> None:
        """Keep a value for the next run."""
        with self.ledger() as db:
            db.execute("insert or replace into setting values (?, ?)", (name, value))

    def latest(self, day: str = "") -> date:
        """The day meant: as given, else the last day that has posts. Raises LabError when there are none."""
        if given := self.as_day(day):
            return given
        if not (days := self.days()):
            raise config.LabError("还没有帖文。请先 opinion-lab import 导入或 collect 采集，再运行 prepare。")
        return days[-1]

    def period(self, since: str = "", until: str = "") -> tuple[date, date]:
        """The first and last day with posts within what is asked. Raises LabError when there are none."""
        first, last = self.as_day(since), self.as_day(until)
        if first and last and first > last:
            raise config.LabError(f"起始日 {first} 晚于截止日 {last}，请对调。")
        newest = self.latest()
        days = [d for d in self.days() if (not first or d >= first) and (not last or d <= last)]
        if not days:
            asked = f"{first or '最早'} 至 {last or '最新'}"
            raise config.LabError(f"{asked}没有帖文。已有的是 {self.days()[0]} 至 {newest}，请改起止日期。")
        return days[0], days[-1]

    def moment(self, text: str) -> datetime | None:
        """A time as people write it, in the lab's zone; empty -> None. Raises LabError when it cannot be read."""
        if not text:
            return None
        try:
            given = datetime.fromisoformat(text)
        except ValueError:
            raise config.LabError(f"时间 {text!r} 看不懂，请写成 2026-09-08 15:00 这样。") from None
        return given if given.tzinfo else given.replace(tzinfo=self.settings.zone)

    def key(self) -> bytes:
        """The key of pseudonyms, made where nothing was prepared yet.

        Raises LabError where the key is gone, broken, or not that under which the posts were made.
        """
        prepared = self.value("prepared")
        key = config.pseudonym_key(self.root, self.settings, new=prepared is None and not self.days())
        mark = orjson.loads(prepared).get("key") if prepared and prepared.startswith("{") else None
        if mark not in (None, key_mark(key)):
            raise config.LabError(
                f"密钥文件 {self.settings.key_file} 不是整理帖文时用的那一个，化名会对不上。请放回原来的密钥"
                "（opinion-lab backup 另存的 .key 文件）；确实找不回的，运行 opinion-lab rebuild --new-key。"
            )
        return key

    def renew_key(self) -> None:
        """Another key in place of the one that is lost; a broken file is left beside it."""
        path = self.root / self.settings.key_file
        if path.exists():
            path.replace(path.with_name(f"{path.name}.broken-{datetime.now(UTC):%Y%m%d%H%M%S}"))
        config.pseudonym_key(self.root, self.settings)
        self.put_value("prepared", "{}")

    # --- inside --------------------------------------------------------------------------------------------

    def _bytes(self, capture: str) -> Path:
        return self.raw / "bytes" / capture[:2] / capture

    def _frame(self, frame: str, since: Day, until: Day, where: pl.Expr | None) -> pl.DataFrame:
        first, last = self.as_day(since), self.as_day(until)
        if first and last and first > last:
            raise config.LabError(f"起始日 {first} 晚于截止日 {last}，请对调。")
        days = [d for d in self.days(frame) if (not first or d >= first) and (not last or d <= last)]
        if not days:
            return schemas.empty(FRAMES[frame])
        rows = files.scan([self.partitions.path(frame, d) for d in days])
        return (rows if where is None else rows.filter(where)).collect()

    def as_day(self, value: Day) -> date | None:
        """A day as people write it, or the day of a moment in the lab's zone; empty -> None."""
        if isinstance(value, datetime):
            return value.astimezone(self.settings.zone).date() if value.tzinfo else value.date()
        if isinstance(value, str):
            if not value:
                return None
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise config.LabError(f"日期 {value!r} 看不懂，请写成 2026-10-01 这样。") from None
        return value


def open(root: Path | str | None = None) -> Store:
    """The lab at `root`, or the one around the current folder."""
    folder = config.find_root(Path(root) if root else None)
    return Store(folder, config.load(folder))


def key_mark(key: bytes) -> str:
    """What tells one key from another and says nothing of either."""
    return hashlib.sha256(b"opinion-lab key " + key).hexdigest()[:16]


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a naive time has no place in the ledger")
    return moment.astimezone(UTC)
