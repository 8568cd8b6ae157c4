"""Protects the first day with a ".xls" that is a web page or XML inside: read as the sheet that a person sees."""

import time

import pytest

from opinion_lab.collect.parsers.tables import formats
from opinion_lab.config import LabError

HEAD = "<tr><th>工单编号<th>诉求时间<th>诉求内容<th>承办单位</tr>"
XML = (
    '<?xml version="1.0" encoding="gb2312"?><?mso-application progid="Excel.Sheet"?>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
    ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="工单"><Table>{}</Table></Worksheet>'
    "<Worksheet ss:Name='空'><Table/></Worksheet></Workbook>"
)
A, B = ["A1", "2026-11-01 09:00", "餐馆有老鼠", "食品股"], ["A2", "2026-11-01 10:00", "超市 过期\n食品 & 酒", "食品股"]
COLUMNS = ["工单编号", "诉求时间", "诉求内容", "承办单位"]


def cells(row: list[str]) -> str:
    return "".join(f"<td>{c}</td>" for c in row)


def xml(*rows: str) -> bytes:
    return XML.format("".join(rows)).encode("gbk")


def xml_row(row: list[str], **index: int) -> str:
    where = "".join(f' ss:Index="{n}"' for n in index.values())
    data = "".join(
        f'<Cell><Data ss:Type="String">{c.replace("&", "&amp;").replace(chr(10), "&#10;")}</Data></Cell>' for c in row
    )
    return f"<Row{where}>{data}</Row>"


B_HTML = "<tr><td>A2<td>2026-11-01 10:00<td>超市&nbsp;过期<br>食品 &amp; 酒"
AS_SEEN = {
    "rows closed": (f"<html><table>{HEAD}<tr>{cells(A)}</tr>{B_HTML}<td>食品股</tr></table></html>".encode(), []),
    "rows left open, GBK": (f"<table border=1>{HEAD}<tr>{cells(A)}{B_HTML}<td>食品股".encode("gbk"), []),
    "a cell that reaches down": (
        f"<table>{HEAD}<tr>{cells(A[:3])}<td rowspan=2>食品股</td></tr>{B_HTML}</tr></table>".encode(),
        [],
    ),
    "a title over all columns": (
        f"<table><tr><td colspan=4>十一月工单</td></tr>{HEAD}<tr>{cells(A)}</tr>{B_HTML}<td>食品股</table>".encode(),
        [["十一月工单", "", "", ""]],
    ),
    "a table that lays out the page": (
        f"<table><tr><td>菜单<td><table>{HEAD}<tr>{cells(A)}</tr>{B_HTML}<td>食品股</table></table>".encode(),
        [],
    ),
    "XML": (xml(xml_row(COLUMNS), xml_row(A), xml_row(["A2", B[1], "超市 过期\n食品 & 酒", "食品股"])), []),
    "XML, rows that name their place": (xml(xml_row(COLUMNS, at=2), xml_row(A, at=3), xml_row(B)), [["", "", "", ""]]),
}


@pytest.mark.parametrize("case", AS_SEEN)
def test_a_sheet_as_it_is_seen(case: str) -> None:
    body, above = AS_SEEN[case]
    (sheet,) = formats.opened(body).sheets
    assert sheet.rows == [*above, COLUMNS, A, B]


def test_a_number_that_excel_cut_shows_it() -> None:
    number = '<Row><Cell><Data ss:Type="Number">5225123456789012345</Data></Cell><Cell><Data>x</Data></Cell></Row>'
    (sheet,) = formats.opened(xml(number)).sheets
    assert sheet.rows == [["5.22512345678901E+18", "x"]]


REFUSED = {
    "a page without a table": (b"<!doctype html><p>x</p>", "没有表格"),
    "XML cut off": (xml(xml_row(A), xml_row(B))[:-60], "断了"),
    "entities that multiply": (
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
        + xml("<Row><Cell><Data>&j;</Data></Cell></Row>").split(b"?>", 1)[1].replace(b"<?mso", b"]><?mso", 1),
        "断了",
    ),
    "cells that cover all": ("<table>" + "<tr><td>a<td rowspan=9999>b" * 30_000, "太大"),
    "tables in tables": ("<table><tr><td>" * 20_000, "没有表格"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_page_is_refused_in_seconds(case: str) -> None:
    body, why = REFUSED[case]
    start = time.process_time()
    with pytest.raises(LabError, match=why):
        formats.opened(body if isinstance(body, bytes) else body.encode())
    assert time.process_time() - start < 20
