"""A checker of Word files against GB/T 9704—2012: margins, lines, fonts, sizes, the order of elements."""

import html
import io
import re
import zipfile
from typing import Any

from docx import Document
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt

MARGINS = {"top_margin": 37, "bottom_margin": 35, "left_margin": 28, "right_margin": 26}
ORDER = ("mark", "number", "rule", "title", "body", "signature", "date", "printed")


def faults(body: bytes) -> list[str]:
    """What does not fit, in words; nothing for a file that does."""
    document: Any = Document(io.BytesIO(body))
    found = []
    for section in document.sections:
        sizes = {"page_width": 210, "page_height": 297} | MARGINS
        found += [
            f"{n} {Emu(getattr(section, n)).mm}"
            for n, mm in sizes.items()
            if abs(getattr(section, n) - Mm(mm)) > Mm(1) / 2
        ]
        grid = section._sectPr.find(qn("w:docGrid"))
        if grid is None or grid.get(qn("w:linePitch")) != "560":
            found.append("no grid of 28 pt lines")
        height = Emu(section.page_height - section.top_margin - section.bottom_margin).pt
        if int(height // 28) != 22:
            found.append(f"{height / 28:.2f} lines a page")
    roles: dict[str, int] = {}
    for n, paragraph in enumerate(document.paragraphs):
        run = next((r for r in paragraph.runs if r.text.strip()), None)
        if run is None:
            continue
        font, size, text = run._r.rPr.rFonts.get(qn("w:eastAsia")), run.font.size, paragraph.text
        role = _role(paragraph, run, text)
        if role:
            roles.setdefault(role, n)
        if role == "body":
            form = paragraph.paragraph_format
            if font != "仿宋_GB2312" or size != Pt(16) or form.line_spacing != Pt(28):
                found.append(f"body in {font} {size and size.pt} on {form.line_spacing}: {text[:20]}")
            if form.first_line_indent != Pt(32):
                found.append(f"no indent of two characters: {text[:20]}")
        wanted = {"mark": "方正小标宋简体", "title": "方正小标宋简体", "heading": "黑体"}.get(role or "")
        if wanted and font != wanted:
            found.append(f"{role} in {font}")
        if role == "mark" and str(run.font.color.rgb) != "C00000":
            found.append("the head is not red")
        if role == "title" and size != Pt(22):
            found.append(f"title of {size.pt} pt")
    there = [role for role in ORDER if role in roles]
    if sorted(there, key=roles.__getitem__) != there or not {"mark", "number", "rule", "title", "printed"} <= set(
        there
    ):
        found.append(f"order {sorted(roles, key=roles.__getitem__)}")
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        whole = packed.read("word/document.xml").decode()
    pictures = re.findall(r"<wp:docPr [^>]*>", whole)
    found += [f"picture without words: {p}" for p in pictures if 'descr="' not in p or 'descr=""' in p]
    return found


def _role(paragraph: Any, run: Any, text: str) -> str | None:
    size, borders = run.font.size, paragraph._p.pPr.find(qn("w:pBdr"))
    if str(run.font.color.rgb) == "C00000":
        return "mark"
    if borders is not None:
        return "rule" if borders.find(qn("w:bottom")) is not None and "\t" in text else "printed"
    if "期" in text and paragraph.alignment == 1 and size == Pt(16):
        return "number"
    if size == Pt(22):
        return "title"
    if re.match(r"[一二三四五六七八]、", text) and size == Pt(16):
        return "heading"
    if paragraph.alignment is None and paragraph.paragraph_format.first_line_indent is not None:
        return "body" if not text.startswith("（") else None
    if paragraph.alignment == 2:
        return "date" if re.fullmatch(r"\d{4}年\d+月\d+日", text) else "signature"
    return None


def text(body: bytes) -> str:
    """Every text of a Word file, tables too, in order."""
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        whole = packed.read("word/document.xml").decode()
    return html.unescape("".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", whole)))
