"""What every parser hands over: rows as given, what was left out and why; and the reader of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import config, schemas
from opinion_lab.collect.parsers.times import TIME, WIDE

#: Why a row is left out that is later than the clock here: the clock may be what is wrong.
FUTURE = "时间在将来"
#: An address of another scheme than the web's runs code or opens a file; browsers pass over blanks in its name.
OTHER_SCHEME, WEB = r"(?i)^[a-z][a-z0-9+.-]*:(?:\D|$)", r"(?i)^(?:https?|ftp):"
LOGIN = r"(?i)^(\s*[a-z]+://)[^/?#]*@"
EARLIEST = datetime(1990, 1, 1, tzinfo=ZoneInfo("UTC"))
#: Clocks differ and zones are mistaken; more than this after the import is no time of a post.
AHEAD = timedelta(days=1)
#: The dtypes of RawItem, in its order.
ITEM = schemas.empty(schemas.RawItem).schema
LEFT_OUT = schemas.empty(schemas.Dropped).schema
WHY = {"reason": pl.String, "detail": pl.String}
Notes = list[dict[str, Any]]
NOTE = pl.Schema({"what": pl.String, "n": pl.Int64, "example": pl.String})

#: How people and exports write "not said" in a column of numbers or times.
UNSAID = ("", "-", "--", "—", "——", "/", "无", "暂无", "赞", "点赞", "转发", "评论", "分享", "收藏", "抢首评")
#: How databases and programs write that there is nothing, in any column.
NOTHING = ("\\N", "NULL", "Null", "null", "None", "none", "nan", "NaN", "NAN", "N/A", "#N/A", "NaT", "undefined")
_COUNTED = "点赞|赞|转发|分享|评论|回复|回帖|跟帖|阅读|播放|浏览|观看|查看|收藏|喜欢|弹幕|投币|热度"
#: 1,234; 4.2万; 10w+阅读; 1.2E+06; 赞[12]; 评论(5); 阅读 1.2万; 35条评论; 12.3万次播放
NUMBER = (
    rf"^(?:(?:{_COUNTED})[数量]?:?)?[\[(]?(\d+(?:\.\d+)?(?:[eE]\+?\d{{1,2}})?)([百千万亿kKwW]?万?)\+?[\])]?"
    rf"[次条个]?(?:{_COUNTED})?[数量]?$"
)
UNITS = {"": 1, "百": 100, "千": 1000, "k": 1000, "K": 1000, "万": 10**4, "w": 10**4, "W": 10**4}
UNITS |= {"百万": 10**6, "千万": 10**7, "亿": 10**8, "万万": 10**8}


def _no_notes() -> pl.DataFrame:
    return pl.DataFrame(schema=NOTE)


class AheadOfClock(config.LabError):
    """Most rows are later than the clock of this computer, which is then more likely wrong than all of them."""


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


def parsed(given: Sequence[Mapping[str, Any]], *, capture: str, format: str, notes: Notes | None = None) -> Parsed:
    """Rows given as dicts of RawItem columns (what is absent is null), screened like those of a file.

    A `reason`, with its `detail`, leaves a row out.
    """
    frame = pl.DataFrame(list(given), schema={**ITEM, **WHY}, strict=False)
    frame, unsafe = web_links(frame)
    items, dropped = screen(frame, step=format)
    noted = pl.DataFrame([*(notes or []), *unsafe], schema=NOTE)
    return Parsed(items, dropped, rows_in=frame.height, format=format, notes=noted)


def summed(notes: Notes) -> Notes:
    """Notes of one kind as one, with their number and the first example."""
    frame = pl.DataFrame(notes, schema=NOTE).group_by("what", maintain_order=True)
    return frame.agg(pl.col("n").sum(), pl.col("example").first()).to_dicts()


def together(parts: Sequence[Parsed], notes: Notes) -> Parsed:
    """What several arrivals of bytes gave, as one, with further notes."""
    noted = [n for p in parts for n in p.notes.to_dicts()] + notes
    return Parsed(
        pl.concat([schemas.empty(schemas.RawItem), *(p.items for p in parts)]),
        pl.concat([schemas.empty(schemas.Dropped), *(p.dropped for p in parts)]),
        rows_in=sum(p.rows_in for p in parts),
        notes=pl.DataFrame(summed(noted), schema=NOTE),
    )


def screen(rows: pl.DataFrame, *, step: str, now: datetime | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """RawItem rows, with `reason` and `detail` if they have them -> (items, dropped), both in the order of the file.

    Left out: rows that hold neither title nor text (a bare repost of something known is whole without them), times
    before 1990 or more than a day after the collection (or `now`, if later), and the same content with the same
    native id once more. Raises AheadOfClock when more than half are later.
    """
    rows = rows.with_columns(pl.lit(None, dtype).alias(c) for c, dtype in WHY.items() if c not in rows.columns)
    said = _said_expr("title") | _said_expr("text")
    bare = (pl.col("kind") == "repost") & (pl.col("parent").is_not_null() | pl.col("root").is_not_null())
    seen = pl.col("collected_at") if now is None else pl.max_horizontal("collected_at", pl.lit(now).cast(TIME))
    shown = pl.col("published_at").dt.strftime("%Y-%m-%d")
    cases = [
        (pl.col("reason").is_not_null(), pl.struct("reason", "detail")),
        (pl.col("published_at") < EARLIEST, why("时间早于1990年", shown)),
        (pl.col("published_at") > seen + AHEAD, why(FUTURE, shown)),
        (~said & ~bare.fill_null(False), why("标题和正文都空")),
    ]
    rows = rows.with_columns(first_why(cases))
    if (late := ahead(rows)) * 2 > rows.height:
        latest = rows["published_at"].dt.strftime("%Y-%m-%d").max()
        raise AheadOfClock(
            f"{rows.height} 行里有 {late} 行的时间（到 {latest!s}）晚于这台电脑的时钟。"
            "多半是时钟慢了：请校准系统时间再导入；时钟没错的，请改正文件里的时间。"
        )
    repeated = _repeated(rows)
    if len(repeated):
        rows = rows.with_row_index("_row").with_columns(
            reason=pl.when(pl.col("_row").is_in(repeated.implode())).then(pl.lit("同一文件里重复")).otherwise("reason")
        )
    kept = rows.filter(pl.col("reason").is_null()).select(*ITEM).cast(ITEM)
    return kept, left_out(rows.filter(pl.col("reason").is_not_null()), step=step)


def ahead(rows: pl.DataFrame) -> int:
    """How many rows were left out as later than the clock."""
    return int((rows["reason"] == FUTURE).sum())


def web_links(rows: pl.DataFrame) -> tuple[pl.DataFrame, Notes]:
    """Rows whose `url` leads to the web or nowhere, without user names and passwords; a note on those that did not."""
    plain = pl.col("url").str.replace_all(r"[\x00-\x20\x7f]", "")
    other = plain.str.contains(OTHER_SCHEME) & ~plain.str.contains(WEB)
    lost = rows.select(pl.col("url").filter(other))["url"]
    if len(lost):
        rows = rows.with_columns(url=pl.when(~other).then("url"))
    rows = rows.with_columns(pl.col("url").str.replace(LOGIN, "$1"))
    if not len(lost):
        return rows, []
    return rows, [{"what": "链接不是网址（如 javascript:），已略去", "n": len(lost), "example": lost[0][:40]}]


def why(reason: str, detail: pl.Expr | None = None) -> pl.Expr:
    """Why a row is left out: the reason that all of its kind share, and what stood in this one."""
    return pl.struct(reason=pl.lit(reason), detail=pl.lit(None, pl.String) if detail is None else detail)


def first_why(cases: Sequence[tuple[pl.Expr, pl.Expr]]) -> list[pl.Expr]:
    """The columns `reason` and `detail` of the first of the cases (condition, why) that holds; null where none does."""
    return [pl.coalesce(pl.when(holds).then(w.struct.field(c)) for holds, w in cases).alias(c) for c in WHY]


def _said_expr(column: str) -> pl.Expr:
    """Whether a text column says anything."""
    return pl.col(column).str.contains(r"\S").fill_null(False)


def left_out(rows: pl.DataFrame, *, step: str) -> pl.DataFrame:
    """Dropped, from rows that have capture, position, reason and detail."""
    return rows.select("capture", "position", pl.lit(step).alias("step"), *WHY).cast(LEFT_OUT)


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


# --- numbers -------------------------------------------------------------------------------------------------


def counts(given: pl.Series) -> pl.Series:
    """Strings -> whole numbers: "1,234", "4.2万", "100万+"; null when not said, negative or unreadable."""
    whole = given.cast(pl.Int64, strict=False)
    if given.null_count() == len(given):  # of most sources
        return whole
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
    lost = given.filter(read.is_null() & given.is_not_null() & ~given.str.strip_chars().is_in((*UNSAID, *NOTHING)))
    return {"what": what, "n": len(lost), "example": lost[0][:40]} if len(lost) else None
