"""The notebook 6-desk under a person's hands in a real JupyterLab: a badly answered story, level to record."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from opinion_lab.desk import intake, records
from opinion_lab.lab import Lab
from opinion_lab.report.documents import brief
from opinion_lab.storage import decisions
from tests.conftest import ROOT, Installed, jupyterlab
from tests.desk.test_walk import DRAFT, fill
from tests.notebooks import driver

DAY, CELLS = "2026-09-11", 17


#: Counts what a hand does: a click each, two for a list, one to get into a box, and what is typed there.
COUNTING = """() => {
  window.hand = {clicks: 0, boxes: new Map()};
  addEventListener('click', e => { if (e.isTrusted) hand.clicks += 1; }, true);
  addEventListener('change', e => { if (e.target.tagName === 'SELECT') hand.clicks += 2; }, true);
  addEventListener('input', e => {
    if (e.target.tagName !== 'SELECT') hand.boxes.set(e.target, e.target.value);
  }, true);
}"""
COUNTED = """() => {
  const typed = [...hand.boxes.values()].join('').length, clicks = hand.clicks + hand.boxes.size;
  hand.clicks = 0; hand.boxes.clear();
  return [clicks, typed];
}"""


def choose(page: Page, label: str, option: str) -> None:
    """An option of the drop-down that stands behind a label."""
    box = page.locator(f'.widget-dropdown:has(label:text-is("{label}")) select')
    expect(box.locator("option", has_text=option).first).to_be_attached()
    box.select_option(label=box.locator("option", has_text=option).first.inner_text())


def step(page: Page, number: str, name: str, who: str, *texts: str, says: str = "") -> None:
    """A step taken by the form; what it then says."""
    choose(page, "件", number)
    choose(page, "下一步", name)
    form = page.locator('.widget-vbox:has(> .widget-hbox button:text-is("记下这一步"))').last
    form.get_by_placeholder("谁做的（职务）").fill(who)
    boxes = form.locator('input[type="text"]:visible')
    for n, text in enumerate(texts, 1):
        boxes.nth(n).fill(text)
        boxes.nth(n).press("Tab")
    page.get_by_role("button", name="记下这一步").click()
    expect(form).to_contain_text(re.compile(says or rf"{number} 已{name}"))


@pytest.mark.soak
def test_a_badly_answered_story_from_its_level_to_its_record(
    installed: Installed, county: Lab, chromium: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab, story = county, county.story("食堂")
    intake.take_in(lab.store)
    (lab.root / "notebooks").unlink()
    (lab.root / "notebooks").mkdir()
    made = (ROOT / "notebooks" / "6-desk.ipynb").read_text(encoding="utf-8")
    for name, value in (("day", DAY), ("story", "食堂")):
        made = made.replace(f'{name} = \\"\\"', f'{name} = \\"{value}\\"', 1)
    (lab.root / "notebooks" / "6-desk.ipynb").write_text(made, encoding="utf-8")
    home = tmp_path_factory.mktemp("home")
    with jupyterlab(installed, lab.root, home) as address, driver.browser(chromium) as browser:
        notebook = f"{address}/lab/tree/notebooks/6-desk.ipynb"
        page = driver.run_through(browser, notebook, 2 * CELLS, 'button:has-text("编发")', height=9000)

        page.evaluate(COUNTING)
        hand: dict[str, list[int]] = {}

        # the level: first by who is on duty, later by who leads; two matters, two sections
        line = page.locator(".widget-vbox", has=page.get_by_role("button", name="确认级别"))
        mine = line.filter(has_text="云溪三小").last
        mine.get_by_role("button", name="确认级别").click()
        expect(mine).to_contain_text("已由值班员确认为")
        hand["level"] = page.evaluate(COUNTED)
        mine.get_by_placeholder("主办科室").fill("计量科")
        mine.get_by_placeholder("主办科室").press("Tab")
        mine.get_by_role("button", name="登记并交办").click()
        expect(mine).to_contain_text("交计量科办理")
        hand["register"] = page.evaluate(COUNTED)
        first = re.search(r"已登记 (\S+)，", mine.inner_text())[1]
        second = lab.cases.new("配送公司进货", who="值班员", story=story, line="L13")
        page.get_by_role("button", name="刷新", exact=True).click()
        page.evaluate(COUNTED)
        step(page, second, "交办", "办公室", "食品流通科")
        hand["assign"] = page.evaluate(COUNTED)

        # given back, handed to the right one, reported in an Excel
        step(page, first, "退回", "计量科", "属餐饮")
        step(page, first, "交办", "计量科", "餐饮科", says="由职务里有")
        step(page, first, "交办", "办公室", "餐饮科")
        page.get_by_placeholder("科室", exact=True).fill("餐饮科")
        page.get_by_placeholder("科室", exact=True).press("Tab")
        page.get_by_role("button", name="导出给科室填").click()
        expect(page.get_by_text("1件，在").first).to_be_visible()
        filled = fill(lab.root / "办件" / "餐饮科.xlsx", first, **{"反馈": "9月9日检查，封存食材23批次，送检2份"})
        page.locator('.widget-upload, input[type="file"]').last.wait_for(state="attached")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="读回填好的表").click()
        chooser.value.set_files(filled)
        expect(page.get_by_text(f"已记下：{first} 反馈").first).to_be_visible()
        expect(page.get_by_text("编号不认识：2026-9999").first).to_be_visible()

        page.get_by_role("button", name="刷新", exact=True).click()

        # the draft: what it takes back, what it leaves open
        page.get_by_placeholder("把通报稿、答复稿贴在这里").fill(DRAFT)
        page.get_by_role("button", name="检查这一稿").click()
        expect(page.get_by_text("推翻").last).to_be_visible()
        expect(page.get_by_text("没有回应的诉求").last).to_be_visible()

        # upward and to the end: not without the word of who leads
        papers = page.locator(".widget-vbox", has=page.get_by_role("button", name="编发")).last
        papers.locator("select").select_option("信息首报")
        page.get_by_role("button", name="编发").click()
        expect(papers).to_contain_text("签批")
        step(page, first, "审核并答复", "办公室", "已电话答复家长", says="签批")
        page.evaluate(COUNTED)
        mine.locator("select").nth(1).select_option("主要负责人")
        mine.get_by_role("button", name="确认级别").click()
        expect(mine).to_contain_text("已由主要负责人确认为")
        hand["decide"] = page.evaluate(COUNTED)
        step(page, first, "审核并答复", "办公室", "已电话答复家长")
        hand["review"] = page.evaluate(COUNTED)
        step(page, first, "办结", "办公室", "查实已处理")
        hand["close"] = page.evaluate(COUNTED)
        for name, said in (("信息首报", "情况的报告"), ("信息续报", "续报"), ("信息终报", "终报")):
            papers.locator("select").select_option(name)
            page.get_by_role("button", name="编发").click()
            expect(papers).to_contain_text(re.compile(f"关于.*{said}"))
        page.get_by_role("button", name="留存这件事").click()
        expect(papers).to_contain_text("已留存")

    print("clicks and characters of a task, by the browser:", hand)
    assumed = {task.id: (task.clicks, task.typed) for task in lab.rules.workload.task}
    more = {t: done for t, done in hand.items() if any(n > most for n, most in zip(done, assumed[t], strict=True))}
    assert not more, "the hand does more than rules/tables/workload.toml assumes"
    case, other = (lab.cases.case(number) for number in (first, second))
    assert (case["state"], case["lead"], case["returns"], case["outcome"]) == ("closed", "餐饮科", 1, "查实已处理")
    assert (other["state"], other["lead"]) == ("assigned", "食品流通科")
    written = decisions.read(lab.root)
    assert written["who"].to_list() == ["值班员", "主要负责人"] and set(written["story_id"]) == {story}
    history = lab.cases.history(first)
    assert history["event"].to_list() == [
        "register", "assign", "return", "assign", "accept", "feedback", "answer", "close",
    ]  # fmt: skip
    assert history["who"].null_count() == 0 and (history["who"] != "").all() and history["at"].is_sorted()
    (folder,) = (lab.root / "留存").iterdir()
    assert records.verify(folder) == [] and len(list((folder / "papers").glob("f*.docx"))) == 3

    # reviews and the brief show these times and this level
    past = lab.review(story)
    handled = past.context.handled
    assert (handled.found_at, handled.judged_at, handled.routed_at) == (
        case["found_at"], written["at"][0], case["routed_at"],
    )  # fmt: skip
    today = brief.of(lab, DAY).levels
    assert lab.levels(story)["level"][-1] == written["value"][-1] and not today.is_empty()


@pytest.mark.parametrize("name", ["steps", "sheets", "draft", "papers"])
def test_a_report_has_no_forms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from opinion_lab.report.widgets import casework

    monkeypatch.setenv("OPINION_LAB_REPORT", "1")
    given = (None, "s_1") if name in ("draft", "papers") else (None,)
    assert getattr(casework, name)(*given).box is None
