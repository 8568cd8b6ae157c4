"""Files as people export them -> RawItem rows, by a mapping. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl

from opinion_lab.collect.parsers import file_formats, mapping as mappings, rows
from opinion_lab.collect.parsers.file_formats import Opened
from opinion_lab.collect.parsers.mapping import Item, Mapping
from opinion_lab.collect.parsers.rows import Parsed

STEP = "import"
#: Rows of JSON that are held as Python objects at once: bounds memory, changes no result.
CHUNK = 50_000

Progress = Callable[[float], object]
Bad = list[tuple[int, str]]


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
    file = file_formats.opened(body, mapping)
    return read(file, mapping, capture=capture, collected_at=collected_at, zone=zone, progress=progress)


def read(
    file: Opened,
    mapping: Mapping,
    *,
    capture: str,
    collected_at: datetime,
    zone: ZoneInfo,
    progress: Progress | None = None,
) -> Parsed:
    """The rows of an opened file; `progress` is told the share done, 0..1."""
    tell = progress or (lambda share: None)
    tables, bad = _sheet(file, mapping) if file.header else _json(file, mapping, tell)
    bad += _empty_handed(tables, mapping)
    frames, notes = [], list(file.notes)
    for item, table in zip(mapping.items, tables, strict=True):
        here = table.filter(mappings.applies(item, table))
        frame, found = mappings.items(here, mapping, item, capture=capture, collected_at=collected_at, zone=zone)
        frames.append(frame)
        notes += found
    given = pl.concat(frames).sort("position", maintain_order=True)
    items, dropped = rows.screen(given, step=STEP, now=collected_at)
    lost = pl.DataFrame(bad, schema={"position": pl.Int64, "reason": pl.String}, orient="row")
    lost = rows.left_out(lost.with_columns(capture=pl.lit(capture)), step=STEP)
    noted = pl.DataFrame(notes, schema=rows.NOTE).group_by("what", maintain_order=True)
    tell(1.0)
    return Parsed(
        items=items,
        dropped=pl.concat([dropped, lost]).sort("position", "reason"),
        rows_in=given.height + lost.height,
        encoding=file.encoding,
        format=file.format,
        notes=noted.agg(pl.col("n").sum(), pl.col("example").first()),
    )


def _empty_handed(tables: list[pl.DataFrame], mapping: Mapping) -> Bad:
    """Lines in which no item was found: they count as left out. (A line with a list may well have none.)"""
    whole = [(item, table) for item, table in zip(mapping.items, tables, strict=True) if not item.each]
    if not whole:
        return []
    found = pl.DataFrame([mappings.applies(i, t).alias(str(n)) for n, (i, t) in enumerate(whole)])
    nothing = whole[0][1][mappings.LINE].filter(~found.select(pl.any_horizontal(pl.all())).to_series())
    return [(line, "这一行里没有要取的内容") for line in nothing]


def _sheet(file: Opened, mapping: Mapping) -> tuple[list[pl.DataFrame], Bad]:
    """The sheet as one table of strings, the same for each item, and the rows that are no records."""
    bad: Bad = []
    lines: list[int] = []
    records: list[list[str]] = []
    for line, fields, why in file_formats.records(file):
        if fields is None:
            bad.append((line, why))
        else:
            lines.append(line)
            records.append(fields)
    wanted = {n for item in mapping.items for n in mapping.names(item)}
    columns: dict[str, pl.Series] = {mappings.LINE: pl.Series(lines, dtype=pl.Int64)}
    for i, name in enumerate(file.header):
        if name in wanted and name not in columns:  # a name that comes twice: the first is meant
            columns[name] = pl.Series([fields[i] for fields in records], dtype=pl.String)
    return [pl.DataFrame(columns)] * len(mapping.items), bad


# --- JSON ----------------------------------------------------------------------------------------------------


class _Columns:
    """The strings of one item's columns, gathered row by row and packed away every CHUNK rows."""

    def __init__(self, item: Item, names: list[str]) -> None:
        self.item, self.names = item, names
        self.done: list[pl.DataFrame] = []
        self._start()

    def _start(self) -> None:
        self.lines: list[int] = []
        self.values: list[list[Any]] = [[] for _ in self.names]

    def add(self, line: int, entries: list[Any], whole: Any) -> None:
        self.lines += [line] * len(entries)
        for name, column in zip(self.names, self.values, strict=True):
            if name.startswith("../"):
                column += [file_formats.look_up(whole, name[3:])] * len(entries)
            elif "." in name:
                column += [file_formats.look_up(entry, name) for entry in entries]
            else:
                column += [entry.get(name) for entry in entries]
        if len(self.lines) >= CHUNK:
            self.pack()

    def pack(self) -> None:
        columns = {n: pl.Series(_strings(v), dtype=pl.String) for n, v in zip(self.names, self.values, strict=True)}
        self.done.append(pl.DataFrame({mappings.LINE: pl.Series(self.lines, dtype=pl.Int64), **columns}))
        self._start()

    def table(self) -> pl.DataFrame:
        self.pack()
        return pl.concat(self.done)


def _json(file: Opened, mapping: Mapping, tell: Progress) -> tuple[list[pl.DataFrame], Bad]:
    """One table of strings an item: a row a line, or a row an entry of the item's list; and the lines that are bad."""
    bad: Bad = []
    gathered = [_Columns(item, mapping.names(item)) for item in mapping.items]
    every = max(1, len(file.rows) // 100)
    for line, entry in enumerate(file.rows, 1):
        if line % every == 0:
            tell(0.9 * line / len(file.rows))
        if isinstance(entry, (str, bytes)) and file.format.startswith("jsonl"):
            if not entry.strip():
                continue
            try:
                entry = orjson.loads(entry)
            except orjson.JSONDecodeError as error:
                bad.append((line, f"不是完整的 JSON：{error.msg}（第 {error.colno} 字）"))
                continue
        if not isinstance(entry, dict):
            bad.append((line, "不是一条记录（应为 { … }）"))
            continue
        for columns in gathered:
            if columns.item.each is None:
                columns.add(line, [entry], entry)
                continue
            inside = file_formats.look_up(entry, columns.item.each)
            inside = [] if inside is None else inside if isinstance(inside, list) else [inside]
            sound = [i for i in inside if isinstance(i, dict)]
            bad += [(line, f"{columns.item.each} 里有一条不是记录")] * (len(inside) - len(sound))
            columns.add(line, sound, entry)
    return [columns.table() for columns in gathered], bad


def _strings(values: list[Any]) -> list[str | None]:
    if {type(v) for v in values} <= {str, type(None)}:
        return values
    return [v if v is None or isinstance(v, str) else _string(v) for v in values]


def _string(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (bool, list, dict)):
        return orjson.dumps(value).decode()
    return str(value)
