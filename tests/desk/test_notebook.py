"""The notebook 6-desk under a person's hands in a real JupyterLab: a level confirmed, a case made and handed over."""

import contextlib
import os
import shutil

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout, expect, sync_playwright

from opinion_lab.desk import intake
from opinion_lab.lab import Lab
from opinion_lab.storage import decisions
from tests.conftest import ROOT, Installed, jupyterlab

WAIT = 180_000  # milliseconds that a kernel may take on a busy machine
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.soak
def test_a_person_confirms_a_level_and_hands_a_case_over(
    installed: Installed, county: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if CHROMIUM is None:
        message = "no Chromium on this machine: the desk was not tried in a browser"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    intake.take_in(county.store)
    before = county.cases.all().height
    (county.root / "notebooks").unlink()
    (county.root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "6-desk.ipynb", county.root / "notebooks")
    with jupyterlab(installed, county.root, tmp_path_factory.mktemp("home")) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 2400}, locale="zh-CN")
        page.set_default_timeout(WAIT)
        expect.set_options(timeout=WAIT)
        page.goto(f"{address}/lab/tree/notebooks/6-desk.ipynb")
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
        # a person presses once more where nothing came of it: keys pressed while the page still moves are lost
        for _ in range(4):
            page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
            for _ in range(8):
                page.keyboard.press("Shift+Enter")
            with contextlib.suppress(PlaywrightTimeout):
                page.get_by_role("button", name="确认级别").first.wait_for(timeout=WAIT / 3)
                break
        page.get_by_role("button", name="确认级别").first.click()
        expect(page.get_by_text("已由值班员确认为").first).to_be_visible()
        page.get_by_placeholder("主办科室").first.fill("餐饮科")
        page.get_by_placeholder("主办科室").first.press("Tab")
        page.get_by_role("button", name="登记并交办").first.click()
        expect(page.get_by_text("交餐饮科办理").first).to_be_visible()
        browser.close()
    written = decisions.read(county.root)
    assert written["action"].to_list() == ["level"] and written["who"].to_list() == ["值班员"]
    case = county.cases.all().row(-1, named=True)
    assert county.cases.all().height == before + 1
    assert (case["lead"], case["state"], case["story_id"]) == ("餐饮科", "assigned", written["story_id"][0])
    assert county.review(case["story_id"]).context.handled.routed_at == case["assigned_at"]
