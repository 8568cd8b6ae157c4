"""The notebook 6-desk under a person's hands in a real JupyterLab: a level confirmed, a case made and handed over."""

import shutil

import pytest
from playwright.sync_api import expect

from opinion_lab.desk import intake
from opinion_lab.lab import Lab
from opinion_lab.storage import decisions
from tests.conftest import ROOT, Installed, jupyterlab
from tests.notebooks import driver


@pytest.mark.soak
def test_a_person_confirms_a_level_and_hands_a_case_over(
    installed: Installed, county: Lab, chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    intake.take_in(county.store)
    before = county.cases.all().height
    (county.root / "notebooks").unlink()
    (county.root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "6-desk.ipynb", county.root / "notebooks")
    home = tmp_path_factory.mktemp("home")
    with jupyterlab(installed, county.root, home) as address, driver.browser(chromium) as browser:
        notebook = f"{address}/lab/tree/notebooks/6-desk.ipynb"
        page = driver.run_through(browser, notebook, 8, 'button:has-text("确认级别")', height=2400)
        page.get_by_role("button", name="确认级别").first.click()
        expect(page.get_by_text("已由值班员确认为").first).to_be_visible()
        page.get_by_placeholder("主办科室").first.fill("餐饮科")
        page.get_by_placeholder("主办科室").first.press("Tab")
        page.get_by_role("button", name="登记并交办").first.click()
        expect(page.get_by_text("交餐饮科办理").first).to_be_visible()
    written = decisions.read(county.root)
    assert written["action"].to_list() == ["level"] and written["who"].to_list() == ["值班员"]
    case = county.cases.all().row(-1, named=True)
    assert county.cases.all().height == before + 1
    assert (case["lead"], case["state"], case["story_id"]) == ("餐饮科", "assigned", written["story_id"][0])
    assert county.review(case["story_id"]).context.handled.routed_at == case["assigned_at"]
