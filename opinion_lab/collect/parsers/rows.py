"""What every parser hands over: rows as given, what was left out and why, and readers of times and numbers.

A time that nobody can read and a number that nobody can read are null; neither is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas

TIME = pl.Datetime("us", schemas.UTC)
EARLIEST = datetime(1990, 1, 1, tzinfo=ZoneInfo("UTC"))
#: Clocks differ and zones are mistaken; more than this after the import is no time of a post.
AHEAD = timedelta(days=1)
#: The dtypes of RawItem, in its order.
ITEM = schemas.empty(schemas.RawItem).schema
LEFT_OUT = schemas.empty(schemas.Dropped).schema
NOTE = pl.Schema({"what": pl.String, "n": pl.Int64, "example": pl.String})

#: Named readers of times, in the order in which they are tried when a mapping names none.
DATES = ("date", "epoch", "twitter", "excel")
FAST = "%Y-%m-%d %H:%M:%S"
# 2026-09-08 12:20, 2019/2/28 11:25:05, 2026年9月8日 下午3时20分, 2023-10-25T22:33:11.5+08:00, 2018/4/24
WRITTEN = (
    r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:\s*(?:星期|周)[一二三四五六日天])?"
    r"(?:[T\s]*(上午|下午)?\s*(\d{1,2})[:时点](\d{1,2})?分?(?::?(\d{1,2})(?:\.\d+)?秒?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?$"
)
WIDE = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {"\u3000": " ", "\u00a0": " "}
#: How people and exports write "not said" in a column of numbers or times.
UNSAID = ("", "-", "--", "—", "——", "/", "无", "暂无", "null", "NULL", "None", "none", "nan", "NaN", "N/A")
NUMBER = r"^(\d+(?:\.\d+)?)([百千万亿kKwW]?万?)\+?$"
UNITS = {"": 1, "百": 100, "千": 1000, "k": 1000, "K": 1000, "万": 10**4, "w": 10**4, "W": 10**4}
UNITS |= {"百万": 10**6, "千万": 10**7, "亿": 10**8, "万万": 10**8}


def _no_notes() -> pl.DataFrame:
    return pl.DataFrame(schema=NOTE)


@dataclass(frozen=True)
class Parsed:
    """What one arrival of bytes gave: `rows_in` = items + dropped, counted after lists were taken apart.

    `notes` (what, n, example) counts what was kept but not understood: numbers that became null, bad bytes.
    """

    items: pl.DataFrame
    dropped: pl.DataFrame
    rows_in: int
    encoding: str | None = None
    format: str = ""
    notes: pl.DataFrame = field(default_factory=_no_notes)


def parsed(given: Iterable[Mapping[str, Any]], *, capture: str, format: str, encoding: str | None = None) -> Parsed:
    """Rows given as dicts of RawItem columns (what is absent is null), screened like those of a file."""
    filled = [{c: row.get(c) for c in ITEM} for row in given]
    items, dropped = screen(pl.DataFrame(filled, schema=ITEM), step=format)
    return Parsed(items, dropped, rows_in=len(filled), encoding=encoding, format=format)


def screen(rows: pl.DataFrame, *, step: str, now: datetime | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """RawItem rows, and a `reason` if there is one already -> (items, dropped), both in the order of the file.

    Left out: rows that hold neither title nor text (a bare repost of something known is whole without them), times
    before 1990 or more than a day after the collection (or `now`, if later), and the same content with the same
    native id once more.
    """
    if "reason" not in rows.columns:
        rows = rows.with_columns(reason=pl.lit(None, pl.String))
    said = said_expr("title") | said_expr("text")
    bare = (pl.col("kind") == "repost") & (pl.col("parent").is_not_null() | pl.col("root").is_not_null())
    seen = pl.col("collected_at") if now is None else pl.max_horizontal("collected_at", pl.lit(now).cast(TIME))
    shown = pl.col("published_at").dt.strftime("%Y-%m-%d")
    rows = rows.with_columns(
        reason=pl.coalesce(
            "reason",
            pl.when(pl.col("published_at") < EARLIEST).then(pl.format("时间早于1990年：{}", shown)),
            pl.when(pl.col("published_at") > seen + AHEAD).then(pl.format("时间在将来：{}", shown)),
            pl.when(~said & ~bare.fill_null(False)).then(pl.lit("标题和正文都空")),
        )
    )
    repeated = _repeated(rows)
    if len(repeated):
        rows = rows.with_row_index("_row").with_columns(
            reason=pl.when(pl.col("_row").is_in(repeated.implode())).then(pl.lit("同一文件里重复")).otherwise("reason")
        )
    kept = rows.filter(pl.col("reason").is_null()).select(*ITEM).cast(ITEM)
    return kept, left_out(rows.filter(pl.col("reason").is_not_null()), step=step)


def said_expr(column: str) -> pl.Expr:
    """Whether a text column says anything."""
    return (pl.col(column).str.strip_chars() != "").fill_null(False)


def left_out(rows: pl.DataFrame, *, step: str) -> pl.DataFrame:
    """Dropped, from rows that have capture, position and reason."""
    return rows.select("capture", "position", pl.lit(step).alias("step"), "reason").cast(LEFT_OUT)


def _repeated(rows: pl.DataFrame) -> pl.Series:
    """Row numbers of what says the same as an earlier row with the same native id.

    Of two rows that differ only in the parent, one that names no more than the root says nothing of its own.
    """
    open_rows = pl.col("reason").is_null() & pl.col("native_id").is_not_null()
    twice = rows.with_row_index("_row").filter(open_rows)
    twice = twice.filter(pl.struct("platform", "native_id").is_duplicated())
    rest = [c for c in ITEM if c not in ("capture", "position", "parent")]
    vague = pl.col("parent").eq_missing(pl.col("root"))
    same = ~pl.struct(*rest, "parent").is_first_distinct()
    return twice.filter(same | (vague & (~vague).any().over(rest)))["_row"]


# --- times ---------------------------------------------------------------------------------------------------


def times(given: pl.Series, zone: ZoneInfo, formats: Sequence[str] = DATES) -> pl.Series:
    """Strings -> UTC times, each by the first of `formats` that reads it; null when none does.

    A format is a name of DATES or a strftime pattern. `date` reads year, month, day and perhaps a time, written
    with - / . or 年月日, with or without a zone; `epoch` seconds, milliseconds or microseconds since 1970; `twitter`
    "Sun Sep 09 10:12:13 +0800 2012"; `excel` days since 1899-12-30. What names no zone is local to `zone`.
    """
    found = pl.Series(given.name, [None] * len(given), TIME)
    for name in formats:
        open_rows = (found.is_null() & given.is_not_null()).arg_true()
        if not len(open_rows):
            break
        rest = given.gather(open_rows).str.strip_chars()
        read = READERS[name](rest, zone) if name in READERS else _pattern(rest, name, zone)
        found = found.scatter(open_rows, read.cast(TIME))
    return found


def _pattern(s: pl.Series, pattern: str, zone: ZoneInfo) -> pl.Series:
    if "%z" in pattern or "%:z" in pattern or "%Z" in pattern:
        return s.str.to_datetime(pattern, time_unit="us", time_zone="UTC", strict=False)
    return _local(s.str.to_datetime(pattern, time_unit="us", strict=False), zone)


def _local(s: pl.Series, zone: ZoneInfo) -> pl.Series:
    # China had summer time until 1991; an hour that was there twice is taken as the first
    aware = s.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    return aware.dt.convert_time_zone("UTC")


def _date(s: pl.Series, zone: ZoneInfo) -> pl.Series:
    fast = _pattern(s, FAST, zone)
    rest = fast.is_null().arg_true()
    if not len(rest):
        return fast
    return fast.scatter(rest, _written(s.gather(rest), zone).cast(TIME))


def _written(s: pl.Series, zone: ZoneInfo) -> pl.Series:
    names = ("year", "month", "day", "half", "hour", "minute", "second", "offset")
    plain = s.str.replace_many(WIDE)
    parts = plain.to_frame("s").select(pl.col("s").str.extract_groups(WRITTEN)).unnest("s")
    parts.columns = list(names)
    number = {n: pl.col(n).cast(pl.Int16, strict=False) for n in names[:3]}
    number |= {n: pl.col(n).cast(pl.Int16, strict=False).fill_null(0) for n in names[4:7]}
    hour = number["hour"] % pl.when(pl.col("half").is_null()).then(100).otherwise(12)
    hour = hour + pl.when(pl.col("half") == "下午").then(12).otherwise(0)
    two = [n.cast(pl.String).str.zfill(2) for n in (number["month"], number["day"], hour)]
    two += [number[n].cast(pl.String).str.zfill(2) for n in ("minute", "second")]
    # null year -> null text: what the pattern does not cover stays unread
    text = parts.select(
        pl.format("{}-{}-{} {}:{}:{}", pl.col("year"), *two).alias("text"),
        pl.col("offset").str.replace("Z", "+0000").str.replace(":", "").alias("offset"),
    )
    naive = _pattern(text["text"], FAST, zone)
    aware = _pattern(text["text"] + text["offset"], FAST + "%z", zone)
    read = pl.select(pl.when(text["offset"].is_not_null()).then(aware).otherwise(naive)).to_series()
    digits = plain.str.contains(r"^(?:19|20)\d{6}(?:\d{4}(?:\d\d)?)?$").arg_true()
    if len(digits):
        compact = plain.gather(digits).str.pad_end(14, "0")
        read = read.scatter(digits, _pattern(compact, "%Y%m%d%H%M%S", zone).cast(TIME))
    return read


def _epoch(s: pl.Series, _: ZoneInfo) -> pl.Series:
    number = s.str.extract(r"^(\d{9,16})(?:\.\d+)?$").cast(pl.Int64, strict=False)
    digits = number.cast(pl.String).str.len_chars()
    factor = pl.when(digits <= 10).then(10**6).when(digits == 13).then(1000).when(digits == 16).then(1)
    micros = pl.select(pl.lit(number) * factor).to_series()
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _twitter(s: pl.Series, zone: ZoneInfo) -> pl.Series:
    return _pattern(s, "%a %b %d %H:%M:%S %z %Y", zone)


def _excel(s: pl.Series, zone: ZoneInfo) -> pl.Series:
    # 20000 is 1954, 80000 is 2119: other numbers are no dates of ours
    days = s.str.extract(r"^(\d{5}(?:\.\d+)?)$").cast(pl.Float64, strict=False)
    seconds = (days.filter(days.is_between(20_000, 80_000)) * 86_400).round(0)
    read = pl.Series([None] * len(s), dtype=pl.Datetime("us"))
    start = pl.lit(datetime(1899, 12, 30))
    moments = pl.select(start + pl.duration(seconds=pl.lit(seconds.cast(pl.Int64)))).to_series()
    return _local(read.scatter(days.is_between(20_000, 80_000).arg_true(), moments.cast(pl.Datetime("us"))), zone)


READERS = {"date": _date, "epoch": _epoch, "twitter": _twitter, "excel": _excel}


# --- numbers -------------------------------------------------------------------------------------------------


def counts(given: pl.Series) -> pl.Series:
    """Strings -> whole numbers: "1,234", "4.2万", "100万+"; null when not said, negative or unreadable."""
    whole = given.cast(pl.Int64, strict=False)
    rest = (whole.is_null() & given.is_not_null()).arg_true()
    if len(rest):
        plain = given.gather(rest).str.replace_many(WIDE).str.replace_all(r"[,\s]", "")
        parts = plain.to_frame("s").select(pl.col("s").str.extract_groups(NUMBER)).unnest("s")
        parts.columns = ["number", "unit"]
        number = pl.col("number").cast(pl.Float64, strict=False) * pl.col("unit").replace_strict(
            UNITS, default=None, return_dtype=pl.Int64
        )
        # beyond 10^15 it is an id in the wrong column, not a count
        value = pl.when(number <= 1e15).then(number.round(0)).cast(pl.Int64)
        whole = whole.scatter(rest, parts.select(value).to_series())
    return pl.select(pl.when(whole.is_between(0, 10**15)).then(whole)).to_series().alias(given.name)


def unread(given: pl.Series, read: pl.Series, what: str) -> dict[str, Any] | None:
    """A note on strings that said something which became null; None when there are none."""
    lost = given.filter(read.is_null() & given.is_not_null() & ~given.str.strip_chars().is_in(UNSAID))
    return {"what": what, "n": len(lost), "example": lost[0][:40]} if len(lost) else None
