"""A paper in the layout of GB/T 9704—2012 as a Word file that WPS edits.

Margins 37, 35, 28, 26 mm; 22 lines of 28 pt, 28 characters a line (text is set .2 pt closer, for 28 characters of 16 pt
are 2 mm wider than the 156 mm of the text block). Fonts are those that an office has (方正小标宋, 仿宋_GB2312, 黑体,
楷体_GB2312); where they are missing, the table of fonts names 宋体 and 仿宋 in their place.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from opinion_lab.report.papers.paper import Break, Heading, Paper, Paragraph, Picture, Table, shares

TITLE, BODY, HEADING, SECOND, PAGE = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
#: What to take where an office font is missing; told to Word in the table of fonts, and to readers in README.
INSTEAD = {TITLE: "宋体", BODY: "仿宋", SECOND: "楷体"}
TEXT, LINE, FOOT = 16, 28, 14  # 三号, the fixed line, 四号, in pt
CLOSER = -4  # twentieths of a point between characters
RED = RGBColor(0xC0, 0, 0)
WIDTH = Mm(156)
CENTER, LEFT, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT


def to_docx(paper: Paper) -> bytes:
    """The Word file; the same paper gives the same bytes."""
    document = Document()
    _page(document)
    write = _Writer(document)
    size = min(36, 440 // max(1, len(paper.mark)))  # 156 mm are 442 pt: the red head stands on one line
    high, gap = (44, 4) if paper.close else (60, LINE)
    write.line(paper.mark, TITLE, size, CENTER, colour=RED, spaced=high, before=gap)
    write.line(paper.issue, BODY, TEXT, CENTER, before=gap)
    rule = write.line(f"{paper.organisation}\t{paper.dated}", BODY, TEXT)
    rule.paragraph_format.tab_stops.add_tab_stop(WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    _border(rule, "bottom", "C00000", 12)
    if not paper.close:
        write.line("", BODY, TEXT)
    write.line(paper.title, TITLE, 22, CENTER, spaced=34, before=0 if paper.close else LINE)
    if not paper.close:
        write.line("", BODY, TEXT)
    if paper.to:
        write.line(f"{paper.to}：", BODY, TEXT)
    for block in paper.blocks:
        _block(write, block)
    write.line("", BODY, TEXT)
    write.line(paper.organisation, BODY, TEXT, RIGHT, right=2)
    write.line(paper.dated, BODY, TEXT, RIGHT, right=4)
    if paper.note:
        write.line(f"（{paper.note}）", BODY, TEXT, indent=2)
    _foot(write, paper)
    body = io.BytesIO()
    document.save(body)
    return body.getvalue()


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(25)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(LINE * 20))
    settings = document.settings.element
    settings.append(OxmlElement("w:evenAndOddHeaders"))
    for footer, align in ((section.footer, RIGHT), (section.even_page_footer, LEFT)):
        paragraph = footer.paragraphs[0]
        paragraph.alignment = align
        indent = paragraph.paragraph_format
        indent.right_indent, indent.left_indent = (Pt(FOOT), None) if align == RIGHT else (None, Pt(FOOT))
        for kind, text in (("", "— "), ("field", "PAGE"), ("", " —")):
            run = paragraph.add_run("" if kind else text)
            _font(run, PAGE, FOOT)
            if kind:
                for name in ("begin", None, "end"):
                    run._r.append(_field(name, text))
    properties = document.core_properties
    properties.created = properties.modified = datetime(2026, 1, 1, tzinfo=UTC)
    properties.author = properties.last_modified_by = properties.comments = ""


def _field(kind: str | None, code: str) -> Any:
    if kind is None:
        instruction = OxmlElement("w:instrText")
        instruction.set(qn("xml:space"), "preserve")
        instruction.text = code
        return instruction
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    return mark


class _Writer:
    """Adds lines to a document, each with its font, size and fixed spacing."""

    def __init__(self, document: Any) -> None:
        self.document = document

    def line(
        self,
        text: str,
        font: str,
        size: float,
        align: Any = None,
        *,
        colour: RGBColor | None = None,
        spaced: float = LINE,
        before: float = 0,
        indent: int = 0,
        right: int = 0,
        left: int = 0,
    ) -> Any:
        paragraph = self.document.add_paragraph()
        _spacing(paragraph, spaced, before)
        form = paragraph.paragraph_format
        form.first_line_indent = Pt(indent * size) if indent else None
        form.right_indent = Pt(right * size) if right else None
        form.left_indent = Pt(left * size) if left else None
        paragraph.alignment = align
        run = paragraph.add_run(text)
        _font(run, font, size, colour)
        return paragraph


def _block(write: _Writer, block: Any) -> None:
    if isinstance(block, Heading):
        heading = write.line(block.text, HEADING if block.level == 1 else SECOND, TEXT, indent=2)
        heading.paragraph_format.keep_with_next = True
    elif isinstance(block, Paragraph):
        write.line(block.text, BODY, TEXT, indent=2)
    elif isinstance(block, Picture):
        paragraph = write.document.add_paragraph()
        paragraph.alignment = CENTER
        paragraph.paragraph_format.keep_with_next = True
        shown = paragraph.add_run().add_picture(io.BytesIO(block.png), width=WIDTH)
        shown._inline.docPr.set("descr", block.alt)
        shown._inline.docPr.set("title", block.caption)
        write.line(block.caption, BODY, FOOT, CENTER)
    elif isinstance(block, Table):
        _table(write, block)
    elif isinstance(block, Break):
        write.document.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)


def _table(write: _Writer, block: Table) -> None:
    write.line(block.caption, HEADING, FOOT, CENTER).paragraph_format.keep_with_next = True
    made = write.document.add_table(rows=1, cols=len(block.columns))
    made.style = "Table Grid"
    made.autofit = False
    widths = [int(WIDTH * share) for share in shares(block)]
    for cell, text in zip(made.rows[0].cells, block.columns, strict=True):
        _cell(cell, text, HEADING)
    repeat = OxmlElement("w:tblHeader")
    made.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row in block.rows:
        for cell, text in zip(made.add_row().cells, row, strict=True):
            _cell(cell, text, BODY)
    for row in made.rows:
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    for row in made.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width
    write.line("", BODY, FOOT, spaced=10)


def _cell(cell: Any, text: str, font: str) -> None:
    paragraph = cell.paragraphs[0]
    _spacing(paragraph, 18)
    free = OxmlElement("w:snapToGrid")  # the page's grid has lines of 28 pt
    free.set(qn("w:val"), "0")
    paragraph._p.get_or_add_pPr().insert_element_before(free, "w:spacing", "w:ind", "w:jc")
    _font(paragraph.add_run(text), font, 12)


def _foot(write: _Writer, paper: Paper) -> None:
    """版记: lines as wide as the text, the first and last thick; copies, then who printed it and when."""
    write.line("", BODY, TEXT)
    if paper.copies:
        copies = write.line(f"抄送：{paper.copies}。", BODY, FOOT, left=1, right=1)
        _border(copies, "top", "000000", 8)
    printed = write.line(f"{paper.organisation}办公室　　{paper.dated}印发", BODY, FOOT, left=1, right=1)
    _border(printed, "top", "000000", 6 if paper.copies else 8)
    _border(printed, "bottom", "000000", 8)


def _spacing(paragraph: Any, points: float, before: float = 0) -> None:
    form = paragraph.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(points)
    form.space_before, form.space_after = Pt(before), Pt(0)


def _font(run: Any, name: str, size: float, colour: RGBColor | None = None) -> None:
    run.font.size, run.font.name = Pt(size), name
    if colour is not None:
        run.font.color.rgb = colour
    properties = run._r.get_or_add_rPr()
    properties.rFonts.set(qn("w:eastAsia"), name)
    closer = OxmlElement("w:spacing")
    closer.set(qn("w:val"), str(CLOSER if size == TEXT else 0))
    properties.append(closer)


def _border(paragraph: Any, side: str, colour: str, eighths: int) -> None:
    properties = paragraph._p.get_or_add_pPr()
    there = properties.find(qn("w:pBdr"))
    if there is None:
        there = parse_xml(f"<w:pBdr {nsdecls('w')}/>")
        properties.insert_element_before(
            there, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc"
        )
    line = OxmlElement(f"w:{side}")
    for key, value in (("val", "single"), ("sz", str(eighths)), ("space", "4"), ("color", colour)):
        line.set(qn(f"w:{key}"), value)
    there.append(line)
