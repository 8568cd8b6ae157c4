"""Workbooks that are web pages or XML inside: what many office systems write as ".xls" -> sheets. No I/O.

HTML by lexbor, which reads any mark-up; Excel's XML of 2003 by expat, which bounds entities by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from xml.etree import ElementTree

from selectolax.lexbor import LexborHTMLParser, LexborNode

from opinion_lab import config
from opinion_lab.collect.parsers.tables.workbooks import Sheet, cell, fill

#: Characters of a page that are taken apart; beyond it the tree of the page would not fit a small PC.
MAX_CHARS = 60_000_000
#: Columns and rows as far as a workbook goes that a person made, and cells of one table.
WIDEST, TALLEST, MOST_CELLS = 702, 1_048_576, 10_000_000
TOO_LARGE = "这个“.xls”其实是网页，而且太大。请用 Excel 打开后另存为 .xlsx，或按月拆开导出。"
NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
SS = f"{{{NAMESPACE}}}"
_BREAK = re.compile(r"<br\b[^<>]{0,200}>", re.I)
_SPAN = re.compile(r"\d{1,7}")

Row = list[tuple[int, str, int, int]]  # column, text, columns and rows that the cell covers


def read(text: str) -> list[Sheet]:
    """The tables of a page that have two columns or more, or the sheets of Excel's XML; none where it is neither.

    Raises LabError where it is too large, or XML that breaks off.
    """
    if len(text) > MAX_CHARS:
        raise config.LabError(TOO_LARGE)
    if NAMESPACE in text[:5000]:
        sheets = [_sheet(name, rows) for name, rows in _spreadsheet(text)]
    else:
        tables = _tables(LexborHTMLParser(_BREAK.sub("\n", text)))
        sheets = [_sheet(f"表{n}" if len(tables) > 1 else "", _html_rows(trs)) for n, trs in enumerate(tables, 1)]
    return [sheet for sheet in sheets if any(sum(map(bool, row)) > 1 for row in sheet.rows)]


def _tables(page: LexborHTMLParser) -> list[list[LexborNode]]:
    """The rows of each table, not those of tables inside its cells."""
    rows: dict[int, list[LexborNode]] = {}
    for tr in page.css("tr"):
        table = tr.parent
        while table is not None and table.tag in ("tbody", "thead", "tfoot"):
            table = table.parent
        if table is not None and table.tag == "table":
            rows.setdefault(table.mem_id, []).append(tr)
    return list(rows.values())


def _html_rows(trs: list[LexborNode]) -> Iterator[Row]:
    for tr in trs:
        row: Row = []
        for td in islice(tr.iter(), WIDEST):
            if td.tag in ("td", "th"):
                spans = [_SPAN.match(td.attributes.get(name) or "") for name in ("colspan", "rowspan")]
                across, down = (max(int(span[0]), 1) if span else 1 for span in spans)
                # a cell that holds a table only lays out the page
                text = "" if td.css_first("table") else td.text().replace("\xa0", " ").strip()
                row.append((-1, text, across, down))
        yield row


def _spreadsheet(text: str) -> Iterator[tuple[str, Iterator[Row]]]:
    """Each worksheet's name and its rows."""
    try:
        # it is text by now, whatever encoding its first line names
        book = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff"), count=1))
    except ElementTree.ParseError as error:
        raise config.LabError(
            f"这个“.xls”其实是 XML，写到一半断了（{error}）。请重新导出，或用 Excel 打开后另存为 .xlsx。"
        ) from None
    for sheet in book.iter(f"{SS}Worksheet"):
        yield sheet.get(f"{SS}Name", ""), _xml_rows(sheet)


def _xml_rows(sheet: ElementTree.Element) -> Iterator[Row]:
    at = 0
    for tr in sheet.iter(f"{SS}Row"):
        here = int(tr.get(f"{SS}Index") or at + 1)
        # a row that names its place leaves those before it empty
        yield from ([] for _ in range(min(here, TALLEST) - at - 1))
        at = max(here, at + 1)
        row: Row = []
        for td in tr.iter(f"{SS}Cell"):
            data = td.find(f"{SS}Data")
            said = "" if data is None else "".join(data.itertext())
            if data is not None and data.get(f"{SS}Type") == "Number":
                said = _number(said)
            across, down = (int(td.get(f"{SS}{name}") or 0) + 1 for name in ("MergeAcross", "MergeDown"))
            row.append((int(td.get(f"{SS}Index") or 0) - 1, said, across, down))
        yield row


def _number(said: str) -> str:
    try:
        return cell(float(said))
    except (ValueError, OverflowError):
        return said


def _sheet(name: str, given: Iterable[Row]) -> Sheet:
    """Cells laid out as they stand on the screen: behind those that reach down from above, merged ones filled."""
    rows: list[list[str]] = []
    across_only: list[tuple[int, int, int, int]] = []
    below: dict[int, tuple[int, str]] = {}  # column -> for how many rows a cell above still covers it, and its text
    size = 0
    for n, cells in enumerate(given):
        row = [""] * (max(below, default=-1) + 1)
        for column, (_, text) in below.items():
            row[column] = text
        covered, at = set(below), 0
        below = {column: (left - 1, text) for column, (left, text) in below.items() if left > 1}
        for place, text, across, down in cells:
            at = max(place, at)
            while place < 0 and at in covered:
                at += 1
            if (end := at + across) > WIDEST:
                break  # a slip of the hand, as in a workbook
            row += [""] * (end - len(row))
            row[at] = text
            if down > 1:
                row[at:end] = [text] * across
                below |= dict.fromkeys(range(at, end), (down - 1, text))
            elif across > 1:
                across_only.append((n, at, n, end - 1))
            at = end
        rows.append(row)
        if (size := size + len(row)) > MOST_CELLS:
            raise config.LabError(
                "这个“.xls”其实是网页，里面的表格太大。请用 Excel 打开后另存为 .xlsx，或按月拆开导出。"
            )
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    for range_ in across_only:
        fill(rows, *range_)
    return Sheet(name, rows)
