"""`data/raw` and `data/processed`: the only room that knows paths.

    data/raw                             what arrived: see `ledger`
    data/processed/<frame>/<day>.parquet posts, sightings, orders, tokens, signatures; dropped/<sha>.parquet

Where lab.toml says `data = "s3://bucket/lab"`, raw/items and processed lie there, for all machines that work on them;
the rest, with models and stories, stays in the lab's folder.

Every write goes to a temporary name, is flushed and renamed, so stopping half-way loses nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import polars as pl

from opinion_lab import config, schemas
from opinion_lab.storage import files, ledger, partitions
from opinion_lab.storage.files import Place, write as write
from opinion_lab.storage.ledger import Capture as Capture
from opinion_lab.storage.maintenance import locks
from opinion_lab.storage.partitions import FRAMES

Day = str | date | datetime | None


class Store(ledger.Captures, ledger.Visits, ledger.Runs):
    """One lab's data. Open with `store.open(root)`."""

    def __init__(self, root: Path, settings: config.Settings) -> None:
        self.root, self.settings = root, settings
        self.local = root / "data" / "processed"
        shared = files.at(settings.data) if settings.data else root / "data"
        self.processed = shared / "processed"
        self.partitions = partitions.Partitions(self.processed)
        self.reports = root / "reports"
        super().__init__(root / "data" / "raw", shared / "raw" / "items")
        for folder in (self.local, self.reports):
            folder.mkdir(parents=True, exist_ok=True)

    def lock(self, doing: str) -> AbstractContextManager[None]:
        """Be the only one who changes what is prepared. Raises LabError that says who is at it."""
        return locks.held(self.local / ".lock", doing)

    def sweep_parts(self) -> None:
        """Finish or remove what processes that are no more were writing."""
        super().sweep_parts()
        for part in (*files.abandoned(self.local), *files.abandoned(self.reports)):
            files.remove(part)

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
        return files.height(path) if files.exists(path) else 0

    def state(self, frame: str, day: date) -> str:
        """What changes whenever a day of a frame is written anew."""
        return files.state(self.partitions.path(frame, day))

    def put_days(self, frame: str, rows: pl.DataFrame, days: Iterable[date] = ()) -> None:
        """Replace the days that `rows` hold (or `days`, which may become empty), validated against the schema.

        A day left without rows loses its file.
        """
        self.partitions.put(frame, rows, days)

    def note_heights(self, heights: Iterable[tuple[str, str, int]]) -> None:
        """Enter in the ledger how many rows days of frames were given (frame, day, rows); of 0 rows there is no file.

        What a ledger without such lines finds in its place is entered first.
        """
        noted = {(frame, day): height for frame, day, height in heights}
        if not self.heights():
            left = [(frame, day) for frame in FRAMES for day in self.days(frame) if (frame, f"{day}") not in noted]
            noted |= {(frame, f"{day}"): self.height(frame, day) for frame, day in left}
        with self.ledger() as db:
            db.executemany("insert or replace into day values (?, ?, ?)", ((*key, n) for key, n in noted.items()))
            db.execute("delete from day where height = 0")

    def heights(self) -> dict[tuple[str, date], int]:
        """How many rows each day of each frame should have, by the ledger."""
        with self.ledger() as db:
            rows = db.execute("select frame, day, height from day order by day, frame").fetchall()
        return {(frame, date.fromisoformat(day)): height for frame, day, height in rows}

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

    def _frame(self, frame: str, since: Day, until: Day, where: pl.Expr | None) -> pl.DataFrame:
        first, last = self.as_day(since), self.as_day(until)
        if first and last and first > last:
            raise config.LabError(f"起始日 {first} 晚于截止日 {last}，请对调。")
        days = [d for d in self.days(frame) if (not first or d >= first) and (not last or d <= last)]
        return self.of_days(frame, days, where)

    def of_days(self, frame: str, days: Sequence[date], where: pl.Expr | None = None) -> pl.DataFrame:
        """The rows of these days, all of which there are, in one pass."""
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
