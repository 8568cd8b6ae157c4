"""Excel between the desk and a section: the ledger, a sheet to fill in, and what came back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from opinion_lab.config import LabError
from opinion_lab.desk import papers
from opinion_lab.desk.bench import Bench
from opinion_lab.report.papers import register

NUMBER = "编号"
#: What a section fills in, and the step that it makes.
FILLED = {"签收（填 是）": "accept", "退回理由": "return", "反馈": "feedback"}
WIDTHS = {"编号": 12, "事项": 36, "期限": 24, "反馈": 50, "退回理由": 24}


@dataclass(frozen=True)
class ReadBack:
    """What a filled sheet came to: the rows of each outcome, all rows of the sheet together."""

    done: list[str]
    unchanged: list[str]
    unknown: list[str]
    refused: list[str]


def export(lab: Bench, path: Path, *, section: str = "", everything: bool = False) -> int:
    """Write the ledger, or with a `section` its open cases with columns to fill in; returns how many cases.

    As .docx the open cases alone, to be printed.
    """
    import xlsxwriter

    if path.suffix.lower() not in (".xlsx", ".docx"):
        raise LabError(f"请以 .xlsx（表格）或 .docx（Word 台账）结尾，现在是 {path.name}。")
    cases = lab.cases.all() if everything or not section else lab.cases.waiting()
    if section:
        mine = pl.col("lead").str.contains(section, literal=True) | pl.col("support").list.contains(section)
        cases = cases.filter(mine.fill_null(False))
    if path.suffix.lower() == ".docx":
        papers.ledger(lab, path, cases.filter(pl.col("open")))
        return cases.filter(pl.col("open")).height
    rows = register.ledger(cases, lab.cases.table, lab.zone, lab.cases.now)
    names = {c: name for c, name in register.LEDGER.items() if not section or c != "feedback"}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".writing-{path.name}")
    with xlsxwriter.Workbook(part, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        page = book.add_worksheet("台账" if not section else "办件")
        bold, wrap = (
            book.add_format({"bold": True, "bg_color": "#eeeeee"}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        heads = [*names.values(), *(FILLED if section else ())]
        for n, head in enumerate(heads):
            page.write_string(0, n, head, bold)
            page.set_column(n, n, WIDTHS.get(head, 16), wrap)
        for y, row in enumerate(rows.iter_rows(named=True), 1):
            known = {v: row[c] for c, v in names.items()} | ({"反馈": row["feedback"]} if section else {})
            for x, head in enumerate(heads):
                page.write_string(y, x, _plain(known.get(head) or ""), wrap)
        page.freeze_panes(1, 1)
    part.replace(path)
    return cases.height


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text[:1] else text


def read_back(lab: Bench, path: Path | bytes, *, who: str) -> ReadBack:
    """Take in a sheet that a section filled: only cells that say something new become steps of the section `who`.

    Rows whose number is not known, and steps that are not open, are named; the other rows are taken in all the same.
    """
    found = ReadBack([], [], [], [])
    for row in _rows(path):
        number = row.get(NUMBER, "").strip()
        given = {step: row.get(head, "").strip().removeprefix("'") for head, step in FILLED.items()}
        if not number and not any(given.values()):
            continue
        try:
            case = lab.cases.case(number)
        except LabError:
            found.unknown.append(number or "（没有编号的行）")
            continue
        steps = _steps(case, given)
        if not steps:
            found.unchanged.append(case["case_id"])
        for event, details in steps:
            try:
                lab.cases.step(case["case_id"], event, who=who, **details)
                found.done.append(f"{case['case_id']} {lab.cases.table.steps[event].name}")
            except LabError as error:
                found.refused.append(f"{case['case_id']}：{error}")
                break
    return found


def _steps(case: dict[str, Any], given: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """The steps that filled cells ask for; none for what the case says already."""
    waits = case["state"] == "assigned"
    if given["return"]:
        return [("return", {"why": given["return"]})] if case["state"] in ("assigned", "working") else []
    if given["feedback"] and given["feedback"] != (case["feedback"] or ""):
        return [("accept", {})] * waits + [("feedback", {"feedback": given["feedback"]})]
    return [("accept", {})] if waits and given["accept"] in ("是", "已签收", "y", "Y", "√") else []


def _rows(path: Path | bytes) -> list[dict[str, str]]:
    """The rows of a sheet below the heading that has 编号. Raises LabError when it cannot be read or has none."""
    import python_calamine

    name = "这份表" if isinstance(path, bytes) else path
    try:
        given = io.BytesIO(path) if isinstance(path, bytes) else str(path)
        sheets = python_calamine.CalamineWorkbook.from_object(given)
        tables = [sheets.get_sheet_by_name(name).to_python() for name in sheets.sheet_names]
    except Exception as error:  # whatever a file that is no workbook makes the reader say
        raise LabError(f"{name} 读不了（{error}）。请在 WPS 里打开，另存为 .xlsx 再试。") from None
    for cells in tables:
        for n, row in enumerate(cells[:10]):
            heads = [f"{cell}".strip() for cell in row]
            if NUMBER in heads:
                return [dict(zip(heads, (_text(c) for c in line), strict=False)) for line in cells[n + 1 :]]
    raise LabError(f"{name} 里没有“{NUMBER}”这一列。请用 opinion-lab case export --section 科室 导出的表来填。")


def _text(cell: Any) -> str:
    return f"{int(cell)}" if isinstance(cell, float) and cell.is_integer() else f"{cell}"
