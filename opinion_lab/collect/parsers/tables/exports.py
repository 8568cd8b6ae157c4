"""Files as people export them -> RawItem rows, by a mapping. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.collect.parsers import rows
from opinion_lab.collect.parsers.rows import Parsed
from opinion_lab.collect.parsers.tables import formats, headers, items as mapped, json_lines
from opinion_lab.collect.parsers.tables.formats import Opened
from opinion_lab.collect.parsers.tables.headers import Fit, Table
from opinion_lab.collect.parsers.tables.items import LINE
from opinion_lab.collect.parsers.tables.mapping import Item, Mapping
from opinion_lab.collect.parsers.times import EXCEL

STEP = "import"
#: Rows of JSON that are held as Python objects at once: bounds memory, changes no result.
CHUNK = 50_000
#: How a row begins that sums up or signs a table and is no record of it.
FOOTER = re.compile(
    r"\s*(?:[合总小共累]\s*计|汇总|本页|填[报表]|[制统]表|统计人|审核|单位负责人|备注[:：]|说明[:：]|注[:：])"
)

Progress = Callable[[float], object]
Bad = list[tuple[int, str, str | None]]
Notes = list[dict[str, Any]]
#: Items that share lines, their columns as strings, where day 0 of bare numbers lies, and the year of days without one.
Group = tuple[list[Item], pl.DataFrame, datetime, str]


def parse(
    body: bytes,
    mapping: Mapping,
    *,
    capture: str,
    collected_at: datetime,
    zone: ZoneInfo,
    progress: Progress | None = None,
) -> Parsed:
    """Bytes -> RawItem rows, those left out with reason and line, and notes on what was not understood.

    A bad row is left out and never ends the file; a whole file that is not what the mapping expects raises LabError.
    """
    file = formats.opened(body)
    fit = headers.fit(file, mapping)
    return read(file, fit, capture=capture, collected_at=collected_at, zone=zone, progress=progress)


def read(
    file: Opened,
    fit: Fit,
    *,
    capture: str,
    collected_at: datetime,
    zone: ZoneInfo,
    progress: Progress | None = None,
) -> Parsed:
    """The rows of an opened file that fits; `progress` is told the share done, 0..1."""
    tell, mapping = progress or (lambda share: None), fit.mapping
    notes = [*file.notes, *fit.notes]
    if lacking := "、".join(fit.lacking):
        notes.append({"what": f"文件里没有、记为空的：{lacking}", "n": 1, "example": ""})
    if fit.tables:
        groups, bad = _tables(fit.tables, mapping, notes)
    else:
        try:
            groups, bad = _json(file, mapping, tell, notes)
        except json_lines.Inexact:
            groups, bad = _json(file, mapping, tell, notes, exact=True)
    frames = []
    for items_, table, excel, year in groups:
        held = [mapped.applies(item, table) for item in items_]
        if not items_[0].each:  # a line with a list may well have none
            none = pl.select(~pl.any_horizontal(m.alias(str(n)) for n, m in enumerate(held))).to_series()
            nothing = table[LINE].filter(none)
            bad += [(line, "这一行里没有要取的内容", None) for line in nothing]
        for item, mask in zip(items_, held, strict=True):
            frame, found = mapped.items(
                table.filter(mask),
                mapping,
                item,
                capture=capture,
                collected_at=collected_at,
                zone=zone,
                excel=excel,
                year=year,
            )
            frames.append(frame)
            notes += found
    given = pl.concat(frames).sort("position", maintain_order=True)
    if given.is_empty() and not bad:
        notes.append({"what": "文件里只有表头，没有一行记录；请检查导出的条件", "n": 1, "example": ""})
    given, unsafe = rows.web_links(given)
    items, dropped = rows.screen(given, step=STEP, now=collected_at)
    notes += unsafe
    notes += mapped.doubtful(items, garbled=formats.GARBLED if file.garbled else ())
    lost = pl.DataFrame(bad, schema={"position": pl.Int64, **rows.WHY}, orient="row")
    lost = rows.left_out(lost.with_columns(capture=pl.lit(capture)), step=STEP)
    noted = pl.DataFrame(notes, schema=rows.NOTE).group_by("what", maintain_order=True)
    tell(1.0)
    return Parsed(
        items=items,
        dropped=pl.concat([dropped, lost]).sort("position", "reason"),
        rows_in=given.height + lost.height,
        encoding=file.encoding,
        format=file.format.replace("csv", "tsv") if any(t.delimiter == "\t" for t in fit.tables) else file.format,
        notes=noted.agg(pl.col("n").sum(), pl.col("example").first()),
    )


def _tables(tables: list[Table], mapping: Mapping, notes: Notes) -> tuple[list[Group], Bad]:
    """Each sheet as one table of strings, and the rows that are no good; those that are no records are noted."""
    bad: Bad = []
    groups: list[Group] = []
    wanted = {n for item in mapping.items for n in mapping.names(item)}
    for table in tables:
        lines: list[int] = []
        records: list[list[str]] = []
        aside: list[str] = []
        for line, fields, why in table.records:
            if line <= table.at:
                continue
            if fields is None:
                bad.append((line, *why))
                continue
            first = next((f for f in fields if f.strip()), None)
            if first is None:
                continue  # a blank row is no record
            sparse = sum(map(bool, fields)) * 2 <= len(fields)
            if (sparse and FOOTER.match(first)) or fields == table.head:
                aside.append(first)
                continue
            lines.append(line)
            records.append(fields)
        columns: dict[str, pl.Series] = {LINE: pl.Series(lines, dtype=pl.Int64)}
        for i, name in enumerate(table.names):
            if name not in wanted:
                continue
            column = pl.Series([fields[i] for fields in records], dtype=pl.String)
            if table.protected:  # ="…" and a leading ' keep Excel from taking a number for one
                column = column.str.replace(r'^\s*="(.*)"\s*$', "$1").str.replace(r"^\s*'([\d=+@-])", "$1")
            if name in columns:
                notes.append({"what": f"列“{name}”出现不止一次，前一列空着的用后一列", "n": 1, "example": ""})
                column = columns[name].zip_with((columns[name].str.strip_chars() != ""), column)
            columns[name] = column
        frame = pl.DataFrame(columns)
        empty = mapped.without_required(frame, mapping)
        aside += [f"第 {line} 行" for line in frame[LINE].filter(empty)]
        if aside:
            notes.append({"what": "不是记录的行（标题、合计、说明、页脚）没有读", "n": len(aside), "example": aside[0]})
        groups.append((list(mapping.items), frame.filter(~empty), table.excel, table.year))
    return groups, bad


# --- JSON ----------------------------------------------------------------------------------------------------


class _Columns:
    """The strings of the columns of items that share lines, gathered row by row and packed away every CHUNK rows."""

    def __init__(self, items: list[Item], mapping: Mapping, *, exact: bool) -> None:
        self.items, self.exact = items, exact
        self.names = list(dict.fromkeys(n for item in items for n in mapping.names(item)))
        self.done: list[pl.DataFrame] = []
        self._start()

    def _start(self) -> None:
        self.lines: list[int] = []
        self.entries: list[Any] = []
        self.wholes: list[Any] = []

    def add(self, line: int, entries: list[Any], whole: Any) -> None:
        self.lines += [line] * len(entries)
        self.entries += entries
        self.wholes += [whole] * len(entries)
        if len(self.lines) >= CHUNK:
            self.pack()

    def _values(self, name: str) -> list[Any]:
        if name.startswith("../"):
            return [json_lines.look_up(whole, name[3:]) for whole in self.wholes]
        if "." in name:
            return [json_lines.look_up(entry, name) for entry in self.entries]
        return [entry.get(name) for entry in self.entries]

    def pack(self) -> None:
        columns = {
            n: pl.Series(json_lines.strings(self._values(n), exact=self.exact), dtype=pl.String) for n in self.names
        }
        self.done.append(pl.DataFrame({LINE: pl.Series(self.lines, dtype=pl.Int64), **columns}))
        self._start()

    def table(self) -> pl.DataFrame:
        self.pack()
        return pl.concat(self.done)


def _json(
    file: Opened, mapping: Mapping, tell: Progress, notes: Notes, *, exact: bool = False
) -> tuple[list[Group], Bad]:
    """Tables of strings: one of all lines, and one of all entries of each item's list; and the lines that are bad."""
    bad: Bad = []
    found: Notes = []
    whole = [item for item in mapping.items if item.each is None]
    gathered = [_Columns(items, mapping, exact=exact) for items in (whole, *([i] for i in mapping.items if i.each))]
    rows_in: Sequence[Any] = file.lines if file.entries is None else file.entries
    every = max(1, len(rows_in) // 100)
    for line, entry in enumerate(rows_in, 1):
        if line % every == 0:
            tell(0.9 * line / len(rows_in))
        if file.entries is None:
            if not entry.strip():
                continue
            try:
                entry = json_lines.load(entry, found, exact=exact)
            except ValueError as error:
                bad.append((line, "不是完整的 JSON", str(error)[:60]))
                continue
        if not isinstance(entry, dict):
            bad.append((line, "不是一条记录（应为 { … }）", None))
            continue
        for columns in gathered:
            each = columns.items[0].each if columns.items else None
            if each is None:
                columns.add(line, [entry], entry)
                continue
            inside = json_lines.look_up(entry, each)
            inside = [] if inside is None else inside if isinstance(inside, list) else [inside]
            sound = [i for i in inside if isinstance(i, dict)]
            bad += [(line, f"{each} 里有一条不是记录", None)] * (len(inside) - len(sound))
            columns.add(line, sound, entry)
    notes += found
    return [(columns.items, columns.table(), EXCEL, "") for columns in gathered if columns.items], bad
