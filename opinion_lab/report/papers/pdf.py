"""A paper as PDF by typst (the extra `pdf`), in the same layout as the Word file."""

from __future__ import annotations

from typing import Any

from opinion_lab.config import LabError
from opinion_lab.report.papers.paper import Break, Heading, Paper, Paragraph, Picture, Table, shares

#: The office's fonts first, then what stands in for them on a machine without them.
FONTS = {
    "title": ("FZXiaoBiaoSong-B05S", "STSong", "SimSun", "Noto Serif CJK SC", "Source Han Serif SC"),
    "body": ("FangSong_GB2312", "FangSong", "STFangsong", "Noto Serif CJK SC", "Source Han Serif SC"),
    "heading": ("SimHei", "STHeiti", "Noto Sans CJK SC", "Source Han Sans SC"),
    "second": ("KaiTi_GB2312", "KaiTi", "STKaiti", "Noto Serif CJK SC"),
}
PAGE = """
#set page(width: 210mm, height: 297mm, margin: (top: 37mm, bottom: 35mm, left: 28mm, right: 26mm), footer-descent: 7mm,
  footer: context {{ let n = counter(page).get().first(); set text(14pt)
    align(if calc.odd(n) {{ right }} else {{ left }}, pad(x: 14pt)[— #n —]) }})
#set text(font: {body}, size: 16pt, lang: "zh", region: "cn", tracking: -0.2pt, top-edge: 0.8em, bottom-edge: -0.2em)
#set par(leading: 12pt, spacing: 12pt, first-line-indent: (amount: 2em, all: true), justify: true)
#set table(stroke: 0.5pt, inset: 5pt)
#let plain(body) = {{ set par(first-line-indent: 0em); body }}
"""


def to_pdf(paper: Paper) -> bytes:
    """The PDF. Raises LabError where typst is not installed."""
    try:
        import typst
    except ImportError:
        raise LabError(
            "要存 PDF 请先安装：pip install 'opinion-lab[pdf]'；也可在 WPS 里打开 Word 文件另存为 PDF。"
        ) from None
    return typst.compile(_source(paper).encode(), format="pdf")


def _source(paper: Paper) -> str:
    """The paper in typst's language; every text stands in a string, so that nothing in it is read as code."""
    parts = [PAGE.format(body=_font("body"))]
    size = min(36, 440 // max(1, len(paper.mark)))
    ends = f"{_text(paper.organisation)}, align(right, {_text(paper.dated)})"
    red = f'text(font: {_font("title")}, size: {size}pt, fill: rgb("c00000"), {_text(paper.mark)})'
    parts += [
        f"#v(8mm)#align(center, {red})",
        f"#v(10mm)#plain(align(center, {_text(paper.issue)}))",
        f"#plain(grid(columns: (1fr, 1fr), {ends}))",
        '#line(length: 100%, stroke: 1.5pt + rgb("c00000"))' + "#v(14pt)" * (not paper.close),
        f"#plain(align(center, text(font: {_font('title')}, size: 22pt, {_text(paper.title)})))"
        + "#v(14pt)" * (not paper.close),
    ]
    parts += [f"#plain({_text(f'{paper.to}：')})"] if paper.to else []
    parts += [_block(block) for block in paper.blocks]
    parts.append(f"#v(14pt)#plain(align(right, pad(right: 2em, {_text(paper.organisation)})))")
    parts.append(f"#plain(align(right, pad(right: 4em, {_text(paper.dated)})))")
    parts += [_text(f"（{paper.note}）", "#")] if paper.note else []
    rule = "#line(length: 100%, stroke: 1pt)"
    parts.append(f"#v(1fr){rule}#set text(size: 14pt)")
    parts += [f"#plain(pad(x: 1em, {_text(f'抄送：{paper.copies}。')}))#line(length: 100%, stroke: .7pt)"] * bool(
        paper.copies
    )
    parts.append(f"#plain(pad(x: 1em, {_text(f'{paper.organisation}办公室　　{paper.dated}印发')})){rule}")
    return "\n\n".join(parts)


def _block(block: Any) -> str:
    if isinstance(block, Break):
        return "#pagebreak()"
    if isinstance(block, Heading):
        font = _font("heading" if block.level == 1 else "second")
        return f"#block(sticky: true, plain[#h(2em)#text(font: {font}, {_text(block.text)})])"
    if isinstance(block, Paragraph):
        return _text(block.text, "#")
    if isinstance(block, Picture):
        body = ",".join(map(str, block.png))
        picture = f'image(bytes(({body})), format: "png", width: 100%, alt: {_text(block.alt)})'
        return f"#block(breakable: false, plain(align(center)[#{picture}#text(size: 14pt, {_text(block.caption)})]))"
    assert isinstance(block, Table)
    head = f"table.header({', '.join(map(_text, block.columns))}),"
    cells = ", ".join(_text(cell) for row in block.rows for cell in row)
    columns = f"({', '.join(f'{share:.4f}fr' for share in shares(block))},)"
    made = f"table(columns: {columns}, {head} {cells})"
    caption = f"#block(sticky: true, width: 100%, align(center, strong({_text(block.caption)})))"
    return f"#plain[#set text(size: 12pt)\n{caption}\n#{made}]"


def _font(kind: str) -> str:
    return "(" + ", ".join(_text(name) for name in FONTS[kind]) + ",)"


def _text(text: str, mark: str = "") -> str:
    """A text as a string of typst."""
    return mark + '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
