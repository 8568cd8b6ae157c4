"""`data/processed/search.sqlite`: a full-text index over single characters, so that a word of two is always found.

FTS5 over the folded text with each Han character a token of its own: a word is looked for as a phrase, whatever signs
stand between its characters. A row's number
begins with its time in seconds, so that the newest come first and a period is a range, without sorting.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl

from opinion_lab.config import LabError

TABLES = """
create table if not exists post (number integer primary key, post_id text not null unique, day text not null,
    words text not null);
create table if not exists day (day text primary key, state text not null);
create index if not exists post_day on post (day);
create virtual table if not exists search using fts5(words, content='', columnsize=0,
    tokenize="unicode61 remove_diacritics 0");
"""
#: A second of time is shared by at most so many posts.
PER_SECOND = 1 << 24
MEMORY = 64 << 20
TERM = re.compile(r'-?"[^"]*"|-?[“][^”]*[”]|[()（）|｜]|-?[^\s()（）|｜"“”]+')


@dataclass(frozen=True)
class Hits:
    """`post_ids`, newest first, at most as many as were asked for, their `days`, and `n`, how many there are in all."""

    post_ids: list[str]
    days: list[date]
    n: int


class SearchIndex:
    """The index of one lab. `fold` makes of texts and of queries what is compared."""

    def __init__(self, file: Path, fold: Callable[[pl.Series], pl.Series]) -> None:
        self.file, self.fold = file, fold

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.file, timeout=30)
        try:
            with db:
                yield db
        finally:
            db.close()

    def changed(self, states: Mapping[str, str]) -> list[str]:
        """Of the days (day -> state of its posts), those that the index does not hold as they are; gone ones too."""
        if not self.file.exists():
            return sorted(states)
        with self._open() as db:
            held = dict(db.execute("select day, state from day").fetchall())
        return sorted(day for day in {*states, *held} if states.get(day) != held.get(day))

    def put(self, rows: pl.DataFrame, day: str, state: str) -> None:
        """Make the index hold of this day just `rows`: post_id, published_at, text.

        `state`: see `changed`; empty when the day is gone.
        """
        rows = rows.sort("published_at", "post_id")
        spaced = rows.with_columns(words=self.fold(rows["text"])).select(
            "post_id",
            "words",
            day=pl.lit(day),
            at=pl.col("published_at").dt.epoch("s"),
            spaced=_spaced_out(pl.col("words")),
        )
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.executescript(TABLES)
            # words are gathered in memory and written in large parts
            db.execute("insert into search (search, rank) values ('hashsize', ?)", (MEMORY,))
            # the same post may have been under another day before
            ids = spaced["post_id"].to_list()
            moved = [p for k in range(0, len(ids), 900) for p in _elsewhere(db, ids[k : k + 900], day)]
            old = db.execute("select number, words from post where day = ?", (day,)).fetchall() + moved
            gone = pl.DataFrame(old, schema={"number": pl.Int64, "words": pl.String}, orient="row")
            gone = gone.select("number", _spaced_out(pl.col("words")))
            db.executemany("insert into search (search, rowid, words) values ('delete', ?, ?)", gone.iter_rows())
            db.executemany("delete from post where number = ?", gone.select("number").iter_rows())
            db.execute("delete from day where day = ?", (day,))
            if state:
                db.execute("insert into day values (?, ?)", (day, state))
            numbered = spaced.with_columns(number=pl.Series(_numbers(db, spaced["at"], spaced["post_id"])))
            db.executemany(
                "insert into post values (?, ?, ?, ?)", numbered.select("number", "post_id", "day", "words").iter_rows()
            )
            db.executemany(
                "insert into search (rowid, words) values (?, ?)", numbered.select("number", "spaced").iter_rows()
            )

    def search(
        self, query: str, *, since: datetime | None = None, until: datetime | None = None, most: int = 1000
    ) -> Hits:
        """The posts that a query finds (see `_match`), from `since` to before `until`.

        Raises LabError for a query that cannot be read.
        """
        asked, given = self._asked(query, since, until)
        if not self.file.exists():
            return Hits([], [], 0)
        with self._open() as db:
            n = db.execute(f"select count(*) {asked}", given).fetchone()[0]
            rows = db.execute(
                f"select post_id, day from (select rowid as hit {asked} order by rowid desc limit ?)"
                " join post on number = hit order by hit desc",
                (*given, most),
            ).fetchall()
        days = sorted({date.fromisoformat(day) for _, day in rows})
        return Hits([post_id for post_id, _ in rows], days, n)

    def matching(self, query: str) -> pl.Series:
        """The numbers (post_id) of all posts that a query finds. Raises LabError for one that cannot be read."""
        asked, given = self._asked(query, None, None)
        if not self.file.exists():
            return pl.Series("post_id", [], dtype=pl.String)
        with self._open() as db:
            rows = db.execute(f"select post_id from post where number in (select rowid {asked})", given).fetchall()
        return pl.Series("post_id", [post_id for (post_id,) in rows], dtype=pl.String)

    def _asked(self, query: str, since: datetime | None, until: datetime | None) -> tuple[str, tuple[str, int, int]]:
        """The end of a statement that finds row numbers, and its values."""
        low = int(since.timestamp()) * PER_SECOND if since else -(1 << 62)
        high = int(until.timestamp()) * PER_SECOND if until else 1 << 62
        return "from search where search match ? and rowid >= ? and rowid < ?", (_match(query, self.fold), low, high)


def _elsewhere(db: sqlite3.Connection, ids: list[str], day: str) -> list[tuple[int, str]]:
    """Number and words of those posts that lie under another day."""
    marks = ", ".join("?" * len(ids))
    return db.execute(f"select number, words from post where post_id in ({marks}) and day != ?", (*ids, day)).fetchall()


def _numbers(db: sqlite3.Connection, at: pl.Series, post_ids: pl.Series) -> list[int]:
    """A number of its own for each post, beginning with its second."""
    wanted = (at * PER_SECOND + (post_ids.hash(0) % PER_SECOND).cast(pl.Int64)).to_list()
    span = (min(wanted, default=0), max(wanted, default=0) + PER_SECOND)
    taken = {row[0] for row in db.execute("select number from post where number between ? and ?", span)}
    numbers = []
    for number in wanted:
        while number in taken:
            number += 1
        taken.add(number)
        numbers.append(number)
    return numbers


def _spaced_out(words: pl.Expr) -> pl.Expr:
    """Text with each Han character a word of its own; runs of letters and digits stay whole, signs part them."""
    return words.str.replace_all(r"(\p{Han})", " $1 ").str.replace_all(r"[^\p{L}\p{N}]+", " ")


def _match(query: str, fold: Callable[[pl.Series], pl.Series]) -> str:
    """What a clerk writes -> an FTS5 expression. A space means and, `|` or, `-` not, quotes a phrase, ( ) belong.

    Raises LabError for a query that says only what must not be there, or whose brackets do not fit.
    """
    parts: list[str] = []  # terms, operators and brackets, in order
    excluded: list[str] = []
    depth = 0
    for token in TERM.findall(query):
        if token in "(（":
            depth, parts = depth + 1, [*parts, *_and(parts), "("]
        elif token in ")）":
            depth, parts = depth - 1, [*parts, ")"]
        elif token in "|｜":
            parts = [*parts, "OR"]
        else:
            words = fold(pl.Series([token.lstrip("-").strip('"“”')]))
            spaced = words.to_frame("words").select(_spaced_out(pl.col("words"))).item().split()
            phrase = f'"{" ".join(spaced)}"'
            if not spaced:
                continue
            if token.startswith("-"):
                excluded.append(phrase)
            else:
                parts = [*parts, *_and(parts), phrase]
        if depth < 0:
            break
    clear = parts and depth == 0 and parts[0] != "OR" and parts[-1] != "OR"
    if not clear or any(a in ("(", "OR") and b in (")", "OR") for a, b in pairwise(parts)):
        raise LabError(
            f"搜索“{query.strip()}”看不懂。请至少写一个要找的词；空格表示都要有，| 表示任一，-词 表示不要，"
            "例如 木耳 -广告。"
        )
    wanted = " ".join(parts)
    return f"({wanted})" + "".join(f" NOT {phrase}" for phrase in excluded)


def _and(parts: list[str]) -> list[str]:
    return ["AND"] if parts and parts[-1] not in ("(", "OR") else []
