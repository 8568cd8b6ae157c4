"""Reports as they are met: by a screen reader, on A4, on a phone."""

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from opinion_lab.report import run
from opinion_lab.storage import store
from tests.notebooks import driver

#: Cells of a table in which text is broken though there is no room for eight characters.
CRUSHED = """[...document.querySelectorAll("main tbody td")].filter(td => td.checkVisibility()).flatMap(td => {
  const style = getComputedStyle(td), range = document.createRange();
  range.selectNodeContents(td);
  const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top))).size;
  const wide = td.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return lines > 1 && wide < 7.9 * parseFloat(style.fontSize) ? [`${td.dataset.label}：${td.textContent}`] : [];
})"""
PAPER = 658  # the width of a page of A4 between its margins, in pixels
REPORTS = {
    "1-daily-brief-2026-09-11": 7,
    "2-topic-modelling": 9,
    "3-trend-spotting": 8,
    "4-incident-review-食堂": 10,
}


@pytest.fixture(scope="module")
def browser(chromium: str):
    with driver.browser(chromium) as opened:
        yield opened


LONG = ("2-topic-modelling", "3-trend-spotting")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.soak) if n in LONG else n for n in REPORTS])
def test_a_report_is_read_aloud_printed_and_carried(browser: Browser, demo_lab: store.Store, name: str) -> None:
    path = next(demo_lab.reports.glob(f"*/{name}.html"))
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(path.as_uri())
    page.locator("html[data-charts]").wait_for()
    assert driver.grave(page) == []
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
    assert len(sheets) <= REPORTS[name]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")  # nothing scrolls sideways on a phone
    page.set_viewport_size({"width": PAPER, "height": 900})
    page.emulate_media(media="print")
    assert page.evaluate(CRUSHED) == []
    summary = page.locator(".finding").first.bounding_box()
    assert summary and summary["y"] < 900, "the summary stands on the first page"
    context.close()


def test_opened_posts_are_read_aloud_and_carried(browser: Browser, demo_lab: store.Store) -> None:
    path = next(demo_lab.reports.glob("*/posts/1-daily-brief-2026-09-11.html"))
    context = browser.new_context(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('section').forEach((s, i) => i > 2 && s.remove())")  # all are alike
    assert driver.grave(page) == []
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    context.close()


@pytest.mark.soak
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_single_file_that_leaves_the_office_is_read_aloud(
    browser: Browser, demo_lab: store.Store, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    path = run.run("1-daily-brief", {"day": "2026-09-11"}, tmp_path, store=demo_lab, portable=True)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto(path.as_uri())
    page.locator("html[data-charts]").wait_for()
    assert driver.grave(page) == []
    context.close()
