"""The explorer: what it counts is what a plain filter counts, and a person's driver on it in a real JupyterLab."""

import io
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from opinion_lab.lab import Lab
from opinion_lab.report.page.behind import csv
from opinion_lab.report.widgets.exploration import PAGE, Choice, Exploration
from opinion_lab.storage import decisions
from tests.conftest import ROOT, Installed, jupyterlab
from tests.notebooks import driver


@pytest.fixture
def exploration(county: Lab) -> Exploration:
    return Exploration(county.posts(), county.post_stories(), county.matching, county.zone)


def test_words_find_what_the_search_finds(county: Lab, exploration: Exploration) -> None:
    for words in ("食堂", "食堂 -木耳", "退款 | 退费", "不存在的词"):
        assert exploration.view(Choice(words=words))["n"] == county.count(words)


def test_facets_count_what_ticking_would_leave_and_bars_hold_every_post(exploration: Exploration) -> None:
    choice = Choice(words="食堂", facets={"platform": ("微博", "短视频"), "form": ("original",)})
    view = exploration.view(choice)
    rows = exploration.selected(choice)
    assert view["n"] == rows.height == sum(view["bars"]["n"]) > 0
    assert set(rows["platform"]) == {"微博", "短视频"} and rows["copy_of"].null_count() == rows.height
    for value, _, n in view["facets"]["platform"]:
        alone = exploration.view(Choice(words="食堂", facets={"platform": (value,), "form": ("original",)}))
        assert alone["n"] == n, value


def test_a_stretch_of_time_is_what_its_bars_hold(exploration: Exploration) -> None:
    bars = exploration.view(Choice())["bars"]
    low = len(bars["n"]) // 3
    span = [
        pl.from_epoch(pl.Series([bars["start"] + i * bars["step"]])).dt.replace_time_zone("UTC")[0]
        for i in (low, low + 5)
    ]
    view = exploration.view(Choice(since=span[0], until=span[1]))
    assert view["n"] == sum(bars["n"][low : low + 5])


@pytest.mark.parametrize("sort", ["published_at", "likes", "story_posts", "platform"])
def test_pages_in_order_hold_every_post_once(exploration: Exploration, sort: str) -> None:
    choice = Choice(words="食堂", sort=sort)
    pages = exploration.view(choice)["pages"]
    rows = [
        row for page in range(pages) for row in exploration.view(Choice(words="食堂", sort=sort, page=page))["rows"]
    ]
    assert len({row["post_id"] for row in rows}) == len(rows) == exploration.view(choice)["n"]
    values = [row[sort] for row in rows]
    given = [v for v in values if v is not None]
    assert given == sorted(given, reverse=True) and values[: len(given)] == given, "what was not said comes last"
    assert all(len(exploration.view(choice)["rows"]) <= PAGE for _ in range(1))


def test_a_thread_holds_the_root_the_answers_and_the_copies(county: Lab, exploration: Exploration) -> None:
    posts = county.posts()
    busiest = posts.drop_nulls("root_id")["root_id"].value_counts(sort=True)["root_id"]
    root = next(r for r in busiest if r in set(posts["post_id"]))
    thread = exploration.thread(root)
    assert (
        thread["n_below"]
        == posts.filter(
            ((pl.col("root_id") == root) | (pl.col("parent_id") == root)) & (pl.col("post_id") != root)
        ).height
    )
    below = exploration.thread(thread["below"][0]["post_id"])
    assert root in {row["post_id"] for row in below["above"]}
    copied = posts.drop_nulls("copy_of")["copy_of"].value_counts(sort=True)["copy_of"][0]
    assert exploration.thread(copied)["n_copies"] == posts.filter(pl.col("copy_of") == copied).height


def test_hands_write_decisions_and_an_error_is_said(county: Lab) -> None:
    explorer = county.explore("食堂")
    post = explorer.selected.filter(pl.col("copy_of").is_null())["post_id"][5]
    story = county.story("食堂")

    def do(**message: Any) -> dict[str, Any]:
        explorer._answer(None, {"post_id": post, "story_id": story, "who": "值班员", **message}, [])
        return dict(explorer.notice)

    assert not do(do="level", value="Ⅱ", why="已核实")["wrong"]
    assert county.levels(story)["level"].to_list() == ["Ⅱ"]
    assert not do(do="split")["wrong"]
    assert county.story_of(post) != story
    assert not do(do="undo")["wrong"]
    assert county.story_of(post) == story
    assert do(do="rename", value=" ")["wrong"] and do(do="level", value="Ⅱ", who="")["wrong"]
    explorer.choice = {"words": "|"}
    assert "看不懂" in explorer.notice["text"] and explorer.notice["wrong"]


def test_no_cell_of_a_file_begins_a_formula() -> None:
    evil = ["=1+1", " @x", "-2", "+3", "平常的话"]
    lines = csv(pl.DataFrame({"text": evil, "likes": [-1, 2, 3, 4, 5]})).splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["'=1+1", "' @x", "'-2", "'+3", "平常的话"]


def test_files_hold_what_is_chosen_and_no_formula(county: Lab) -> None:
    explorer = county.explore(since="2026-09-08", until="2026-09-09")
    explorer.choice = {"words": "食堂"}
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    explorer.send = lambda content, buffers: sent.append((content, buffers))
    for kind in ("csv", "excel"):
        explorer._answer(None, {"do": kind}, [])
    plain, excel = (buffers[0] for _, buffers in sent)
    sheet = CalamineWorkbook.from_object(io.BytesIO(excel)).get_sheet_by_index(0).to_python()
    assert pl.read_csv(plain, infer_schema=False).height == explorer.screen["n"] == len(sheet) - 1 > 0


ASKED: list[tuple[str, tuple[str, ...], str]] = [
    ("compare", ("食堂", "加油站"), "来得快"),
    ("compare", ("2026-09-01/2026-09-07", "2026-09-08/2026-09-14"), "9月8日至9月14日"),
    ("word_history", ("木耳",), "首见于9月"),
    ("timeline", ("食堂",), "标在图上"),
    ("spread", ("食堂",), "最大的一支"),
    ("words_together", ("食堂",), "一起说得最多"),
    ("places", ("食堂",), "没有注明"),
    ("respondents", ("食堂",), "两条以上提到的"),
]


@pytest.mark.parametrize(("method", "given", "said"), ASKED)
def test_what_is_set_side_by_side_says_what_it_found_and_opens_its_posts(
    county: Lab, method: str, given: tuple[str, ...], said: str
) -> None:
    view = getattr(county, method)(*given)
    titles = [part.layout.meta["finding"] for part in view.parts if hasattr(part, "layout")]
    assert any(said in text for text in [*titles, *(getattr(part, "plain", "") for part in view.parts)]), titles
    assert county.posts_of(view).height == len(view.post_ids) > 0


def test_a_word_that_nobody_said_is_said_to_be_none(county: Lab) -> None:
    for word in ("不存在的词", " "):
        view = county.word_history(word)
        assert view.post_ids == [] and len(view.parts) == 1


# --- in a browser ------------------------------------------------------------------------------------------------


@pytest.fixture
def page(installed: Installed, county: Lab, chromium: str, tmp_path_factory: pytest.TempPathFactory):
    """The notebook 0-explore in a JupyterLab on the county's lab, run from top to bottom."""
    (county.root / "notebooks").unlink()
    (county.root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "0-explore.ipynb", county.root / "notebooks")
    home = tmp_path_factory.mktemp("home")
    with jupyterlab(installed, county.root, home) as address, driver.browser(chromium) as browser:
        yield driver.run_through(browser, f"{address}/lab/tree/notebooks/0-explore.ipynb", 2, ".explorer tbody tr")


def standing(brief: Path, story_id: str) -> tuple[str, int]:
    """A story's level as a brief says it, and how many posts of four weeks it counts."""
    tree = BeautifulSoup(brief.read_text(encoding="utf-8"), "html.parser")
    row = next(tr for tr in tree.select("tr:has(td[data-label='四周帖文'])") if story_id in tr.get_text())
    level, n = (row.select_one(f"td[data-label='{label}']").get_text() for label in ("级别", "四周帖文"))
    return level, int(n.replace(",", ""))


def test_what_a_person_does_to_a_post_and_a_story_stands_in_the_next_brief(
    page: Page, county: Lab, installed: Installed
) -> None:
    explorer = page.locator(".explorer")
    opened, alert = explorer.locator(".opened"), explorer.get_by_role("alert")
    month = county.posts(county.month_before(county.latest()))
    explorer.get_by_role("searchbox").fill("退款")
    n = county.count("退款", county.month_before(county.latest()))
    expect(explorer.get_by_role("status")).to_contain_text(f"选出{n:,}条")
    # an answer, and the post that it answers
    story_id = county.story("健身房")
    before = month.join(county.of_story(story_id), on="post_id", how="semi").height
    found = pl.DataFrame({"post_id": county.matching("退款")}).join(county.of_story(story_id), on="post_id", how="semi")
    answer = month.join(found, on="post_id", how="semi").drop_nulls("parent_id").row(-1, named=True)
    words = answer["text"].split()[0]
    explorer.locator("td.text button", has_text=words).first.click()
    expect(opened.locator(".whole")).to_contain_text("退款")
    assert "null" not in opened.inner_text() and "undefined" not in explorer.inner_text()
    asked = county.by_id([answer["parent_id"]])["text"][0][:12]
    opened.locator("details", has_text="它回应的").locator("button.open", has_text=asked).first.click()
    expect(opened.locator(".whole")).to_contain_text(asked)
    opened.locator("details", has_text="对它的回应").locator("button.open", has_text=words).first.click()
    expect(opened.locator(".whole")).to_contain_text("退款")
    assert driver.grave(page, ".explorer") == []
    # out of the story with it; the story itself is of level Ⅲ
    opened.get_by_role("button", name="移出这个事件").click()
    expect(alert).to_contain_text("已记下：移出")
    of_it = explorer.locator("td.text button", has_text="退款")
    of_it.first.click()
    expect(opened).to_contain_text(story_id)
    opened.get_by_role("combobox").select_option("Ⅲ")
    opened.get_by_role("button", name="确认级别").click()
    expect(alert).to_contain_text("已记下：确认级别")
    written = decisions.read(county.root)
    gone = set(written.filter(pl.col("action") == "split")["posts"][0])
    assert answer["post_id"] in gone and county.levels(story_id)["level"].to_list() == ["Ⅲ"]
    installed.run("report", "1-daily-brief", cwd=county.root)
    brief = next(county.root.glob("reports/*/1-daily-brief.html"))
    assert standing(brief, story_id) == ("Ⅲ级（值班员确认）", before - len(gone))
    # the keyboard alone reaches a facet, and a picture of a chosen stretch is narrower than the whole
    explorer.get_by_role("button", name="清除筛选").click()
    expect(explorer.get_by_role("status")).to_contain_text(
        f"选出{county.posts(county.month_before(county.latest())).height:,}条"
    )
    box = explorer.locator(".bars svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    page.mouse.up()
    expect(explorer.get_by_role("status")).not_to_contain_text(f"选出{county.posts().height:,}条")
    with page.expect_download() as download:
        explorer.get_by_role("button", name="下载 CSV").click()
    assert Path(download.value.path()).read_bytes().startswith("\ufeff".encode())
