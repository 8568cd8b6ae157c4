"""Reports of the demo on paper: few pages, the summary on the first, none blank, no column squeezed."""

import re
import subprocess
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from opinion_lab.storage import store
from tests.report.test_browser import FLAGS

#: Print rules on the screen, a page's width wide; then every cell that wraps in less than eight signs is named.
SQUEEZED = """<script>addEventListener("load", () => {
  const narrow = [...document.querySelectorAll("main td")].filter(td => {
    const style = getComputedStyle(td), size = parseFloat(style.fontSize), text = document.createRange();
    text.selectNodeContents(td);
    const lines = new Set([...text.getClientRects()].filter(r => r.width).map(r => Math.round(r.bottom / size)));
    return lines.size > 1 && td.clientWidth - parseFloat(style.paddingRight) < 8 * size;
  });
  const body = document.createElement("pre");
  body.id = "narrow";
  body.textContent = narrow.map(td => td.dataset.label + ":" + td.textContent).join(";");
  document.body.append(body);
})</script>"""


REVIEWS = [f"4-incident-review-{story}" for story in ("食堂", "健身房", "加油站")]


def made(lab: store.Store, name: str) -> Path:
    return next(lab.reports.glob(f"*/{name}.html"))


@pytest.mark.parametrize("name", [REVIEWS[0], *(pytest.param(n, marks=pytest.mark.soak) for n in REVIEWS[1:])])
def test_a_review_is_at_most_ten_pages_and_none_is_blank(
    chromium: str, name: str, demo_lab: store.Store, tmp_path: Path
) -> None:
    out = tmp_path / "review.pdf"
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'p'}", "--no-pdf-header-footer", f"--print-to-pdf={out}"]
    subprocess.run([*command, made(demo_lab, name).as_uri()], capture_output=True, timeout=120, check=True)
    pages = subprocess.run(["pdftotext", "-layout", out, "-"], capture_output=True, text=True, check=True).stdout
    each = pages.removesuffix("\f").split("\f")
    assert len(each) <= 10
    assert all(len(re.sub(r"\s|—|\d", "", page)) > 40 for page in each), "a page that is blank"
    first = re.sub(r"\s", "", each[0])
    assert all(word in first for word in ("速度和对错分开看", "由数据得出的建议", "首见于"))


@pytest.mark.parametrize("paper", [True, False])
@pytest.mark.parametrize("name", ["1-daily-brief-2026-09-11", "2-topic-modelling", "3-trend-spotting", *REVIEWS])
def test_no_column_is_squeezed(chromium: str, name: str, demo_lab: store.Store, tmp_path: Path, paper: bool) -> None:
    text = re.sub(r"<meta [^>]*Content-Security-Policy[^>]*>", "", made(demo_lab, name).read_text(encoding="utf-8"))
    if paper:
        text = text.replace("@media print {", "@media screen {").replace("max-width: none;", "width: 174mm;", 1)
    page = tmp_path / "page.html"
    page.write_text(text.replace("</body>", SQUEEZED + "</body>"), encoding="utf-8")
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'p'}", "--window-size=1440,900", "--dump-dom"]
    dom = subprocess.run([*command, page.as_uri()], capture_output=True, timeout=120).stdout.decode()
    (narrow,) = re.findall(r'<pre id="narrow">(.*?)</pre>', dom, re.DOTALL)
    assert narrow == ""


def test_a_story_that_was_raised_several_times_is_one_row(demo_lab: store.Store) -> None:
    tree = BeautifulSoup(made(demo_lab, "3-trend-spotting").read_text(encoding="utf-8"), "html.parser")
    table = next(t for t in tree.select("table") if "一件事一条" in t.get_text())
    what = [row.select("td")[2].get_text(strip=True) for row in table.select("tbody tr")]
    assert len(what) > 3 and len(set(what)) == len(what)
    n = re.search(r"(\d+)件事列为预警", tree.select_one("main .finding").get_text())
    assert n and int(n[1]) >= len(what)
