"""Papers: the layout of GB/T 9704, and the same words and numbers as page, Word file and PDF."""

import html
import io
import re
import shutil
import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from docx import Document
from docx.shared import Mm, Pt
from PIL import Image

from opinion_lab.report import papers
from opinion_lab.report.page import layout
from opinion_lab.report.papers import chart
from opinion_lab.report.papers.chart import bars
from tests.conftest import program
from tests.report import gbt9704

PAPER = papers.Paper(
    mark="云溪县市场监督管理局舆情专报",
    number="〔2026〕第3期",
    organisation="云溪县市场监督管理局",
    day=date(2026, 9, 28),
    title="关于城东驿畅加油站计量问题网络舆情的专报",
    blocks=(
        papers.Heading("一、结论"),
        papers.Paragraph("回应及时，共1,501条。“=1+1”#let x <b>不是代码</b>\\n"),
        bars(
            [1, 5, 2],
            [datetime(2026, 9, d) for d in (8, 9, 10)],
            "图1　逐日帖量，最多5条",
            "柱状图：最多5条",
            marks={1},
        ),
        papers.Table("表1　诉求", ("诉求", "人数"), (("退款", "23"), ("=HYPERLINK(1)", "5"))),
    ),
    to="局领导",
    again="（当日第2份，以本份为准）",
    note="内部资料",
    copies="县委宣传部",
)


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_the_word_file_is_laid_out_as_the_standard_says() -> None:
    assert gbt9704.faults(papers.to_docx(PAPER)) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda d: setattr(d.sections[0], "left_margin", Mm(30)), "left_margin"),
        (lambda d: [setattr(r.font, "size", Pt(15)) for p in d.paragraphs for r in p.runs if "回应" in r.text], "body"),
        (lambda d: d.paragraphs[0]._p.addprevious(next(p._p for p in d.paragraphs if "印发" in p.text)), "order"),
        (lambda d: [p._p.getparent().remove(p._p) for p in d.paragraphs if p.text == PAPER.title], "order"),
        (
            lambda d: [x.docPr.set("descr", "") for x in d.inline_shapes[0]._inline.iter() if hasattr(x, "docPr")],
            "words",
        ),
    ],
)
def test_the_checker_sees_what_is_wrong(spoil, fault: str) -> None:
    document = Document(io.BytesIO(papers.to_docx(PAPER)))
    spoil(document)
    body = io.BytesIO()
    document.save(body)
    assert any(fault in found for found in gbt9704.faults(body.getvalue())), gbt9704.faults(body.getvalue())


def test_page_word_and_pdf_say_the_same(tmp_path: Path) -> None:
    page = papers.to_html(PAPER, layout.style())
    body = re.search(r"<body>(.*)</body>", page, re.S)
    assert body
    said = plain(html.unescape(re.sub(r"<[^>]*>", "", body[1])))
    word = plain(gbt9704.text(papers.to_docx(PAPER)))
    for text in PAPER.texts():
        assert plain(text) in said and plain(text) in word, text
    typst = papers.pdf._source(PAPER)
    for text in PAPER.texts():
        assert text.replace("\\", "\\\\").replace('"', '\\"') in typst.replace("抄送：", "").replace(
            "（内部资料）", "内部资料"
        )
    made = papers.to_pdf(PAPER)
    assert made.startswith(b"%PDF")
    if shutil.which("pdftotext"):
        (tmp_path / "p.pdf").write_bytes(made)
        read = plain(subprocess.run(["pdftotext", tmp_path / "p.pdf", "-"], capture_output=True, text=True).stdout)
        for number in ("1,501", "〔2026〕第3期", "23", "=HYPERLINK(1)", "不是代码"):
            assert plain(number) in read


def test_hostile_text_stays_text() -> None:
    page = papers.to_html(PAPER, "")
    assert "<b>" not in page and "script-src &#x27;none&#x27;" not in page and "default-src 'none'" in page


def test_the_same_paper_gives_the_same_bytes() -> None:
    assert gbt9704.text(papers.to_docx(PAPER)) == gbt9704.text(papers.to_docx(PAPER))
    assert papers.to_html(PAPER, "") == papers.to_html(PAPER, "")


@pytest.mark.soak
def test_libreoffice_opens_it(tmp_path: Path) -> None:
    office = program("soffice", "libreoffice")
    (tmp_path / "p.docx").write_bytes(papers.to_docx(PAPER))
    command = [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/u", "--convert-to", "pdf", "p.docx"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=180, check=True)
    read = subprocess.run(["pdftotext", tmp_path / "p.pdf", "-"], capture_output=True, text=True).stdout
    assert "1,501" in read and "退款" in read


@pytest.mark.parametrize(
    ("values", "every"), [([7], 24), ([0, 0], 24), ([3, 40, 9] * 67, 24), ([1, 900, 33] * 30, 1), ([123456] * 9, 24)]
)
def test_a_chart_has_its_scale_and_its_columns_within_the_picture(values: list[int], every: int) -> None:
    times = [datetime(2026, 9, 1, 13 % every) + timedelta(hours=every * n) for n in range(len(values))]
    picture = np.asarray(Image.open(io.BytesIO(bars(values, times, "", "").png)).convert("L"))
    assert picture.shape == chart.SIZE[::-1] and (picture[:, :4] == 255).all() and (picture[:4] == 255).all()
    low = chart.SIZE[1] - chart.BOTTOM
    assert (picture[low, 250:-30] < 255).all(), "the base line is drawn"
    assert (picture[low + 12 :] < 200).any(), "days stand below"
    blank = np.asarray(Image.open(io.BytesIO(bars([0] * len(values), times, "", "").png)).convert("L"))
    assert (picture[: low - 2, 100:] != blank[: low - 2, 100:]).any() == any(values)


@pytest.mark.parametrize(("largest", "top"), [(0, 4), (4, 4), (5, 8), (13, 20), (99, 120), (611, 800), (2543, 4000)])
def test_a_scale_has_four_whole_steps(largest: int, top: int) -> None:
    assert chart._scale(largest) == top
