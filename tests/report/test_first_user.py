"""The first day: a bureau's own workbook through the command line, and its brief read as a chief would read it.

The workbooks are invented orders beside the checkout (`first-user/`), each with what is right in its `expect.md`.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bs4 import BeautifulSoup, Tag

import opinion_lab
from opinion_lab.analyse import topics
from opinion_lab.report.documents import brief, trends
from opinion_lab.report.documents.daily import stories as days
from opinion_lab.storage import store
from tests.conftest import Installed, made_once

TYPES_25 = "食品安全 10, 计量 3, 价格 2, 噪音 2, 消费纠纷 2, 广告 2, 咨询 1, 表扬 1, 物业 1, 预付卡 1"
TYPES_300 = "食品安全 75, 消费纠纷 42, 噪音 34, 预付卡 32, 交通 27, 咨询 20, 广告 20, 物业 15, 价格 15, 表扬 12, 计量 8"
UNITS_25 = "市场监管局 21, 城管局 2, 政务服务中心 1, 住建局 1"
UNITS_300 = "市场监管局 204, 城管局 34, 交警大队 27, 政务服务中心 20, 住建局 15"
#: Workbook -> orders of the day, by type, by unit, closed, dissatisfied.
RIGHT = {
    "工单25": (25, TYPES_25, UNITS_25, 2, 0),
    "别的表头": (25, TYPES_25, UNITS_25, 2, 0),
    "带标题行": (25, TYPES_25, UNITS_25, 2, 0),
    "工单300": (9, TYPES_300, UNITS_300, 211, 50),
}


def counts(text: str) -> dict[str, int]:
    return {name: int(n) for name, n in (part.rsplit(" ", 1) for part in text.split(", "))}


@pytest.fixture(scope="session")
def first_day(
    shared_data: Path, installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, bool], Path]:
    """The lab of a new user who imports one workbook, and asks for its brief where the page is looked at."""

    def make(name: str, report: bool) -> Path:
        def work(folder: Path) -> None:
            installed.run("init", "x", cwd=folder)
            workbook = shared_data.parent / "cases" / "first-user" / f"{name}.xlsx"
            installed.run("import", workbook, "--yes", cwd=folder / "x")
            installed.run(*(("report", "1-daily-brief") if report else ("prepare",)), cwd=folder / "x")

        return made_once(tmp_path_factory, f"first-{name}-{report}", work) / "x"

    return make


@pytest.mark.parametrize("name", [n if n != "别的表头" else pytest.param(n, marks=pytest.mark.soak) for n in RIGHT])
def test_orders_are_counted_by_type_and_unit(name: str, first_day: Callable[[str, bool], Path]) -> None:
    today, types, units, closed, dissatisfied = RIGHT[name]
    found = brief.of(opinion_lab.open(first_day(name, name in ("工单25", "工单300"))))
    assert f"{found.day}" == "2026-11-18", "of the last call, not of the last closing"
    for by, right in (("request_type", types), ("unit", units)):
        assert dict(found.orders[by].value_counts().iter_rows()) == counts(right)
    assert found.orders["today"].sum() == found.posts.height == today
    assert found.orders["closed"].sum() == closed
    assert found.orders["dissatisfied"].fill_null(False).sum() == dissatisfied
    handed = found.posts.join(found.orders.filter("ours"), on="post_id", how="semi")
    assert handed["relevant"].all(), "no word has to say that an order handed to the bureau is its own"


@pytest.mark.parametrize("name", RIGHT)
def test_each_order_is_a_case_with_its_unit_and_how_it_fared(name: str, first_day: Callable[[str, bool], Path]) -> None:
    """The same again adds nothing; who must answer, what is open, overdue and dissatisfied is as in the workbook."""
    _, _, units, closed, dissatisfied = RIGHT[name]
    lab = opinion_lab.open(first_day(name, name in ("工单25", "工单300")))
    before = lab.cases.history().height
    lab.update(progress=False)
    cases = lab.cases.all()
    assert lab.cases.history().height == before and cases.height == sum(counts(units).values())
    assert dict(cases["lead"].value_counts().iter_rows()) == counts(units)
    assert cases.filter(pl.col("state") == "closed").height == closed
    assert cases.filter(pl.col("satisfied") == "不满意").height == dissatisfied
    orders = brief.of(lab).orders
    late = orders.filter(pl.col("closed_at").is_not_null() & (pl.col("closed_at") > pl.col("due_at")))
    shut = cases.filter((pl.col("state") == "closed") & pl.col("late").fill_null(False))
    assert set(shut["posts"].list.first()) == set(late["post_id"])
    overdue = orders.filter(pl.col("closed_at").is_null() & (pl.col("due_at") < lab.cases.now))
    assert set(cases.filter(pl.col("open") & pl.col("late"))["posts"].list.first()) == set(overdue["post_id"])


def test_a_closing_after_the_last_call_makes_no_later_day(first_day: Callable[[str, bool], Path]) -> None:
    found = brief.of(opinion_lab.open(first_day("12345工单11月", False)))
    assert f"{found.day}" == "2026-11-18" and found.orders.height == 300
    assert found.orders["planned"].sum() > 0
    assert not found.orders.filter("planned")["closed"].any()


# --- the page ----------------------------------------------------------------------------------------------------

#: Labels that stand for one number each, wherever they stand on a page.
LABELS = re.compile(r"(今日帖文|四周工单|今日工单|未办结|已办结|派到本局|不满意|回访)(\d[\d,]*)[条件]")
TABLED = (
    "今日工单",
    "四周工单",
    "未办结",
    "不满意",
    "今日帖文",
    "七天帖文",
    "四周帖文",
    "帖文",
    "工单和原帖",
    "原创",
    "所见",
)


@cache
def page(lab: Path, name: str = "1-daily-brief") -> BeautifulSoup:
    return BeautifulSoup(next(lab.glob(f"reports/*/{name}.html")).read_text(encoding="utf-8"), "html.parser")


def numbers(tree: BeautifulSoup) -> dict[tuple[str, str], set[int]]:
    """Every number of a page by its label and what it is of: a row's subject, or the page itself."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in tree.select("main tbody tr"):
        cells = row.select("td")
        subject = cells[0].get_text(strip=True)
        if str(cells[0].get("data-label")) == "阶段":  # a story may peak twice
            subject += cells[1].get_text(strip=True)
        for cell in cells:
            label = str(cell.get("data-label") or "")
            if label in TABLED and re.fullmatch(r"[\d,]+", value := cell.get_text(strip=True)):
                found[label, subject].add(int(value.replace(",", "")))
    for sentence in tree.select("main .finding"):
        for label, value in LABELS.findall(sentence.get_text()):
            found[label, ""].add(int(value.replace(",", "")))
    return found


def one_value_each(tree: BeautifulSoup) -> int:
    found = numbers(tree)
    assert {key: values for key, values in found.items() if len(values) > 1} == {}
    return len(found)


@pytest.mark.parametrize(
    "name",
    ["1-daily-brief-2026-09-11", "2-topic-modelling", "3-trend-spotting"]
    + [f"4-incident-review-{story}" for story in ("食堂", "健身房", "加油站")],
)
def test_one_word_has_one_number_in_the_demo(name: str, demo_lab: store.Store) -> None:
    tree = page(demo_lab.root, name)
    assert one_value_each(tree) > 5
    if original := re.search(r"（原创([\d,]+)）", tree.select_one("main .finding").get_text()):
        drawn = [json.loads(spec.get_text())["data"] for spec in tree.select("figure script.spec")]
        bars = next(traces[0] for traces in drawn if traces[0].get("name") == "原创")
        values = (
            bars["x"]
            if isinstance(bars["x"], list)
            else list(np.frombuffer(base64.b64decode(bars["x"]["bdata"]), bars["x"]["dtype"]))
        )
        assert sum(values) == int(original[1].replace(",", ""))


def opened(lab: Path, link: Tag) -> int:
    """How many posts the page beside the report lists for a number."""
    file, anchor = str(link["href"]).split("#")
    section = page(lab, file.removesuffix(".html")).select_one(f"section#{anchor}")
    assert section is not None
    return len(section.select("tbody tr"))


@pytest.mark.parametrize("name", ["工单25", "工单300"])
def test_one_word_has_one_number_and_opens_its_posts(name: str, first_day: Callable[[str, bool], Path]) -> None:
    lab = first_day(name, True)
    tree = page(lab)
    assert one_value_each(tree) > 20
    sums = dict.fromkeys(("四周工单", "未办结"), 0)
    for (label, subject), values in numbers(tree).items():
        if label in sums and subject in counts(RIGHT[name][2]):
            sums[label] += max(values)
    whole = numbers(tree)
    assert sums["四周工单"] == max(whole["四周工单", ""]) and sums["未办结"] == max(whole["未办结", ""])
    links = tree.select('main a[href*="#posts-"]')
    assert len(links) > 10
    for link in links:
        shown = int(link.get_text().replace(",", ""))
        assert opened(lab, link) == min(shown, 300)
        assert str(link["href"]).startswith("posts/1-daily-brief.html#")


@pytest.mark.parametrize("name", ["工单25", "工单300"])
def test_the_brief_says_nothing_that_orders_cannot_tell(name: str, first_day: Callable[[str, bool], Path]) -> None:
    tree = page(first_day(name, True))
    text = tree.select_one("main").get_text()
    for never in ("回应及时", "答复及时", "声量没有再起", "网帖", "采集缺口", "此处没有图", "官方回应在"):
        assert never not in text, never
    assert "数据只到2026年11月18日" in tree.select_one(".banner").get_text()
    assert "文件没有写办理期限，超期无从判断" in text
    heads = [h.get_text() for h in tree.select("main h2")]
    assert len(heads) == len(set(heads)) and "今天要先看什么？" in heads
    for head in tree.select("main h2"):
        after = head.find_next_sibling()
        assert isinstance(after, Tag) and after.name != "h2", f"{head.get_text()} has nothing below it"


def test_a_quiet_day_is_shown_order_by_order(first_day: Callable[[str, bool], Path]) -> None:
    tree = page(first_day("工单25", True))
    units = [td.get_text() for td in tree.select('td[data-label="承办单位"]')]
    listed = [u for u in units if u in counts(UNITS_25)]
    assert len(listed) == 25 + len(counts(UNITS_25)), "each order once, and the table by unit"
    assert not tree.select("main figure"), "25 orders make no chart"


def test_a_day_that_is_not_over_is_held_against_the_same_hours(first_day: Callable[[str, bool], Path]) -> None:
    text = page(first_day("工单300", True)).select_one("main .finding").get_text()
    assert "今日帖文9条" in text and "当天数据只到8时15分，比的是同一时段" in text


def test_danger_to_people_comes_first(first_day: Callable[[str, bool], Path]) -> None:
    lab = opinion_lab.open(first_day("工单300", True))
    found = brief.of(lab)
    first = found.levels.row(0, named=True)
    assert "幼儿园" in first["title"] and first["top"] == "Ⅲ" and "近72小时" in first["reason"]
    assert "幼儿园" in " ".join(found.alerts["title"].to_list())
    on_the_day = lab.alerts("2026-11-12")
    kindergarten = on_the_day.filter(pl.col("title").str.contains("幼儿园"))
    assert kindergarten.height and "幼儿园" in on_the_day["title"][0]


def test_who_came_to_harm_is_read_before_who_is_only_named(first_day: Callable[[str, bool], Path]) -> None:
    lab = opinion_lab.open(first_day("工单25", True))
    found = brief.of(lab)
    handed = found.posts.join(found.orders.select("post_id", "unit"), on="post_id")
    said = days.each(handed, lab.rules.grades)["says"]
    place = {word: said.str.contains(word).arg_true()[0] for word in ("住院", "呕吐", "拉肚子", "打桩", "改装秤")}
    assert max(place[w] for w in ("住院", "呕吐", "拉肚子")) < place["打桩"] < place["改装秤"]


@pytest.mark.parametrize("name", ["工单25", "工单300"])
def test_a_case_is_called_by_its_matter_and_says_where_it_is_cut(
    name: str, first_day: Callable[[str, bool], Path]
) -> None:
    titles = opinion_lab.open(first_day(name, True)).cases.all()["title"]
    assert not titles.str.contains("^(市民|群众|网友|来电人)?(来电|反映|投诉|留言|称)").any()
    assert (titles.str.len_chars() <= 41).all() and not titles.str.ends_with("。").any()


@pytest.mark.parametrize(("name", "calls", "began"), [("工单300", 40, "2026-11-12"), ("工单25", 5, "2026-11-18")])
def test_calls_about_one_kindergarten_are_one_story(
    name: str, calls: int, began: str, first_day: Callable[[str, bool], Path]
) -> None:
    """They speak of vomiting, of thrown away samples and of a report: what they share is whom they are about."""
    lab = opinion_lab.open(first_day(name, True))
    told = lab.posts().join(lab.post_stories(), on="post_id")
    of = pl.col("text").str.contains("幼儿园")
    story = told.filter(of)["story_id"].mode()[0]
    assert told.filter(of).height == calls, "as the workbook was made"
    assert told.filter(of & (pl.col("story_id") == story)).height >= calls - 2
    assert told.filter(~of & (pl.col("story_id") == story)).is_empty(), "none of other matters"
    assert lab.alerts(began)["key"][0] == story, "an alert on its first day, before all others"


def test_other_matters_of_the_kindergarten_are_other_stories(first_day: Callable[[str, bool], Path]) -> None:
    """In this month its scales, prices and adverts are complained of too, in the weeks before and in between."""
    lab = opinion_lab.open(first_day("12345工单11月", False))
    told = lab.posts().join(lab.post_stories(), on="post_id").filter(pl.col("text").str.contains("幼儿园"))
    ill = pl.col("text").str.contains("中毒|呕吐|腹痛|腹泻")
    (story,) = told.filter(ill)["story_id"].unique()
    assert told.filter(ill).height == 40 and told.filter(pl.col("story_id") == story).height == 40
    title = lab.stories().filter(pl.col("story_id") == story)["title"][0]
    assert re.search("中毒|呕吐|腹痛|腹泻", title)


def test_words_of_the_outbreak_rise_though_the_form_has_the_same_words(first_day: Callable[[str, bool], Path]) -> None:
    """Forty calls of one matter in the words of one form are forty: 141 of the 300 orders repeat another's text."""
    risen = trends.rising_words(trends.of(opinion_lab.open(first_day("12345工单11月", False))))
    assert {"幼儿园", "孩子"} <= set(risen.data[-1].y)


def test_orders_in_the_words_of_a_form_are_no_copies(first_day: Callable[[str, bool], Path]) -> None:
    """Two calls in all the same words but a telephone number may be one; a form around two matters makes them none."""
    orders = opinion_lab.open(first_day("工单300", True)).posts()
    copies = orders.drop_nulls("copy_of").join(orders.select(copy_of="post_id", of="text"), on="copy_of")
    assert orders.height == 300 and copies.height <= 3
    assert all(
        text.startswith(of.rstrip("。")) or of.startswith(text.rstrip("。")) for text, of in copies["text", "of"].rows()
    )


def test_what_a_form_says_makes_no_topic(first_day: Callable[[str, bool], Path]) -> None:
    """Seventeen sentences stand under orders of every matter; without them the kindergarten's are one topic."""
    lab = opinion_lab.open(first_day("工单300", True))
    posts, words = lab.plain(lab.posts())
    model = topics.fit(words, copies=posts, unnamed=lab.rules.label_words)
    formal = "承诺一周|规定如此|沟通未果|核实处理|无人负责|十分着急|意见很大|保密|聊天记录"
    assert not posts["text"].str.contains(formal).any()
    told = lab.posts().join(model.post_topics, on="post_id").join(model.topics, on="topic_id")
    of = pl.col("text").str.contains("幼儿园")
    (most,) = told.filter(of)["label"].mode().to_list()
    assert "金色阳光幼儿园" in most
    assert told.filter(of & (pl.col("label") == most)).height >= 38
    assert told.filter(~of & (pl.col("label") == most)).height <= 2
