"""A notebook in a browser, as a person opens it and runs it from top to bottom."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Browser, Locator, Page, TimeoutError as PlaywrightTimeout, expect, sync_playwright

WAIT = 180_000  # milliseconds that a kernel may take on a busy machine

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
GRAVE = """where => axe.run({include: [...document.querySelectorAll(where)]}).then(found => found.violations
  .filter(v => ["serious", "critical"].includes(v.impact)).map(v => `${v.id}: ${v.nodes[0].html.slice(0, 200)}`))"""


def grave(page: Page, where: str = "html") -> list[str]:
    """What axe finds serious or critical within a selector's elements: each rule, and the first place that breaks it."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(GRAVE, where)
    return found


@contextmanager
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium whose expectations wait for a busy kernel."""
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        expect.set_options(timeout=WAIT)
        yield opened
        opened.close()


def run_through(browser: Browser, address: str, cells: int, shown: str, *, height: int = 1000) -> Page:
    """The notebook at an address of JupyterLab, run until what `shown` (a selector) means is there."""
    page = browser.new_page(viewport={"width": 1440, "height": height}, locale="zh-CN")
    page.set_default_timeout(WAIT)
    page.goto(address)
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
    there: Locator = page.locator(shown).first
    # a person presses once more where nothing came of it: keys pressed while the page still moves are lost
    for _ in range(6):
        page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
        for _ in range(cells):
            page.keyboard.press("Shift+Enter")
        with contextlib.suppress(PlaywrightTimeout):
            there.wait_for(timeout=WAIT / 6)
            break
    expect(there).to_be_visible()
    return page
