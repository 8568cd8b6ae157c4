"""Routing: a matter goes to its line or to nobody; another body's is named; work orders and people teach it."""

from pathlib import Path

import polars as pl
import pytest

from opinion_lab.judge import routing
from opinion_lab.judge.routing.units import Units
from opinion_lab.report import wording
from opinion_lab.rules import SHIPPED
from opinion_lab.storage import decisions
from tests import make
from tests.benchmarks import routing as benchmark


@pytest.fixture(scope="module")
def router() -> routing.Router:
    return routing.shipped(SHIPPED)


def posts(*texts: str, **columns: object) -> pl.DataFrame:
    return make.posts([{"post_id": f"p{n}", "text": t, **columns} for n, t in enumerate(texts)])


@pytest.mark.parametrize(
    ("text", "line_id"),
    [
        ("孩子在小学食堂吃出异物，后厨还有老鼠", "L14"),
        ("健身房跑路了，会员卡里的钱不退款", "L03"),
        ("这个加油站缺斤短两，加油机有问题", "L18"),
        ("電梯困人半小時，維保公司不來人", "L16"),  # Traditional script
        ("办营业执照跑了三趟，窗口排队两小时", "L01"),
        ("停车场乱收费，不明码标价", "L21"),
        ("超市卖过期酸奶，还长毛了", "L13"),
        ("药店卖假药，没有执业药师", "L15"),
        ("直播带货货不对板，主播客服不理", "L10"),
        ("老人被拉去听会销，拉人头发展下线", "L09"),
        ("打市监局电话没人接，工作人员态度恶劣", "L24"),
        ("物业费太高，供暖也不热", "L90"),
        ("小区电梯困人，物业管理不理", "L16"),  # another body has part in it: ours all the same
        ("路口红绿灯坏了三天没人修", "L90"),
        ("拖欠工资三个月，劳动纠纷没人管", "L90"),
    ],
)
def test_the_first_line(text: str, line_id: str, router: routing.Router) -> None:
    assert routing.route(posts(text), router)["line_id"][0] == line_id


@pytest.mark.parametrize("text", ["", "今天天气不错", "我在门口等你", "有人知道吗？"])
def test_what_says_nothing_of_a_matter_goes_to_no_section_of_ours(text: str, router: routing.Router) -> None:
    row = routing.route(posts(text), router).row(0, named=True)
    assert row["line_id"] in (None, "L90") and row["why"] in ("nothing_said", "unclear", "not_ours")
    if row["why"] == "unclear":
        assert len(row["likeliest"]) == 2 and row["line"] is None


def test_not_ours_says_whose_it_is_and_never_hands_over(router: routing.Router) -> None:
    row = routing.route(posts("拖欠工资三个月，老板跑了"), router).row(0, named=True)
    assert (row["line_id"], row["why"], row["who"]) == ("L90", "not_ours", "人社")
    assert "不得自行移送" in wording.NAMES["routed"]["not_ours"]


def test_two_matters_have_two_lines(router: routing.Router) -> None:
    frame = routing.route(posts("药店卖过期药；加油站加油机跳枪，缺斤少两"), router)
    assert set(frame["line_id"]) == {"L15", "L18"} and frame["why"].to_list() == ["two_lines"] * 2


def test_an_empty_repost_is_read_by_what_it_forwards(router: routing.Router) -> None:
    assert routing.route(posts("", quoted="健身房跑路了，会员卡不退款"), router)["line_id"].to_list() == ["L03"]
    assert routing.route(posts("停车场乱收费", quoted="健身房跑路了"), router)["line_id"].to_list() == ["L21"]


def test_posts_keep_their_order_and_a_story_is_tallied(router: routing.Router) -> None:
    said = ("食堂后厨有老鼠、蟑螂", "食堂饭菜里吃出虫子", "", "加油机缺斤短两")
    routes = routing.route(posts(*said), router)
    assert routes["post_id"].to_list() == ["p0", "p1", "p2", "p3"]
    assert routing.route(posts(), router).height == 0
    tally = routing.sections(make.posts([{"text": text} for text in said]), router)
    assert tally.select("line_id", "n").rows() == [("L14", 2), ("L18", 1), (None, 1)]
    assert tally["share"].to_list() == [0.5, 0.25, 0.25]
    assert tally["chance"].drop_nulls().is_between(0, 1).all()


def test_a_story_goes_where_those_send_it_who_speak_for_themselves(router: routing.Router) -> None:
    """为什么不送检 below a canteen's video is of the canteen; a repeated order is an order, a repeated post is none."""
    rows = [{"post_id": "a", "text": "学校食堂饭菜里吃出老鼠头，后厨脏"}]
    rows += [
        {"post_id": f"c{n}", "kind": "comment", "parent_id": "a", "text": "要求公布检测报告和检测机构资质"}
        for n in range(9)
    ]
    rows += [{"post_id": f"d{n}", "copy_of": "z", "text": "检测机构出具虚假检测报告"} for n in range(9)]
    order = {"kind": "complaint", "text": "食堂给学生吃隔夜菜，孩子腹泻"}
    rows += [order | {"post_id": "o1"}, order | {"post_id": "o2", "copy_of": "o1"}]
    assert routing.sections(make.posts(rows), router).select("line_id", "n", "share").rows() == [("L14", 3, 1.0)]
    below = make.posts(rows[1:10])
    assert routing.sections(below, router)["line_id"][0] == "L20", "where nothing else is there, they are all there is"


def test_the_tables_are_whole_and_label_nobody() -> None:
    lines, examples = SHIPPED.lines, SHIPPED.routing_examples
    assert lines.height == 26 and lines.filter(pl.col("source").str.len_chars() <= 3).is_empty()
    assert set(examples.filter(pl.col("who") == "")["id"]) == set(lines["line_id"]) - {routing.NOT_OURS}
    said = {*lines["read"].explode(), *lines["inferred"].explode(), *examples["says"].explode()}
    assert not {w for w in said if w and ("职业打假" in w or "索赔" in w or "恶意投诉" in w)}


def test_an_edited_table_changes_the_route(tmp_path: Path) -> None:
    text = SHIPPED.text("routing_examples").replace("公司名称核名老是不通过", "无人机黑飞扰民没人管")
    edited = routing.shipped(make.rules(tmp_path, routing_examples=text))
    assert routing.route(posts("无人机黑飞扰民"), edited)["line_id"].to_list() == ["L01"]


def test_a_correction_holds_for_its_post_and_teaches() -> None:
    wrong = posts("楼顶光伏板反光刺眼，厂家不管")
    taught = routing.learn(SHIPPED, corrections=wrong.with_columns(line_id=pl.lit("L17")))
    row = routing.route(wrong, taught).row(0, named=True)
    assert (row["line_id"], row["chance"], row["why"]) == ("L17", 1.0, "decided")
    alike = make.posts([{"post_id": "q", "text": "光伏板反光刺眼"}])
    assert routing.route(alike, taught)["line_id"].to_list() == ["L17"]


def test_the_latest_correction_of_a_post_holds(tmp_path: Path) -> None:
    for hour, value in ((9, "L17"), (10, "L21")):
        moment = make.at(f"2026-09-01 {hour:02}:00")
        decisions.add(
            tmp_path, "route", who="值班员", at=moment, now=moment, value=value, posts=["a", "b"][: 11 - hour]
        )
    assert decisions.routes(decisions.read(tmp_path)).rows() == [("a", "L21"), ("b", "L17")]


ORDERS = {
    "城市管理局": "流动烧烤摊第{}天占道经营",
    "市场监督管理局": "第{}家餐馆后厨有老鼠",
    "河道管理中心": "河边第{}处有人电鱼",
}


def orders() -> pl.DataFrame:
    rows = [{"text": said.format(n), "kind": "complaint"} for said in ORDERS.values() for n in range(20)]
    units = [unit for unit in ORDERS for _ in range(20)]
    return make.posts(rows).with_columns(unit=pl.Series(units))


def test_work_orders_teach_which_unit_does_what() -> None:
    taught = routing.learn(SHIPPED, orders())
    assert taught.units is not None
    assert dict(taught.units.lines) == {"城市管理局": None, "市场监督管理局": "", "河道管理中心": None}
    asked = posts("有人在河边电鱼", "餐馆后厨有老鼠", kind="complaint")
    got = routing.route(asked, taught).select("line_id", "who").rows()
    assert got == [("L90", "河道管理中心"), ("L14", None)]


def test_sections_of_the_bureau_are_known_by_what_they_handle(router: routing.Router) -> None:
    said = {"餐饮科": "第{}家饭店后厨有老鼠蟑螂", "特设股": "电梯困人第{}次没有年检", "住建局": "第{}栋物业不作为漏水"}
    rows = [{"text": s.format(n), "kind": "complaint"} for s in said.values() for n in range(15)]
    given = make.posts(rows).with_columns(unit=pl.Series([u for u in said for _ in range(15)]))
    units = Units.learn(given, router.model, SHIPPED.routing)
    assert units is not None and dict(units.lines) == {"餐饮科": "L14", "特设股": "L16", "住建局": None}


@pytest.mark.parametrize("given", [orders().head(30), orders().filter(pl.col("unit") == "城市管理局")])
def test_too_little_teaches_nothing(given: pl.DataFrame) -> None:
    assert routing.learn(SHIPPED, given).units is None


def test_real_texts_labelled_by_reading(shared_data: Path) -> None:
    """First use, without a label of the bureau's own: floors under what docs/accuracy.md says."""
    judged = benchmark.first_use("judge")
    assert judged["recall"] >= 0.7 and judged["precision"] >= 0.8 and judged["ours"] >= 0.8
    assert judged["off"] <= 0.1
