"""Routing: a matter goes to its line, a second one when close; a lone weak word and a stray body word do not decide."""

from pathlib import Path

import polars as pl
import pytest

from opinion_lab.judge import routing
from opinion_lab.report import wording
from opinion_lab.rules import SHIPPED
from tests import make

LINES = SHIPPED.lines


def posts(*texts: str, **columns: object) -> pl.DataFrame:
    rows = [
        {"post_id": f"p{n}", "title": None, "text": t, "quoted": None, "kind": "post"} | columns
        for n, t in enumerate(texts)
    ]
    return pl.DataFrame(
        rows,
        schema={"post_id": pl.String, "title": pl.String, "text": pl.String, "quoted": pl.String, "kind": pl.String},
    )


def lines_of(text: str, **columns: object) -> list[str | None]:
    return routing.route(posts(text, **columns), LINES)["line_id"].to_list()


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
    ],
)
def test_the_first_line(text: str, line_id: str) -> None:
    assert lines_of(text)[0] == line_id


@pytest.mark.parametrize(
    ("text", "why", "words"),
    [
        ("今天天气不错", "no_words", []),
        ("我在超市门口等你", "weak_words", ["超市"]),
        # a shop's bad manners are no matter of the bureau's own staff
        ("这家店态度差，踢皮球", "body_not_named", ["态度差", "踢皮球"]),
        ("", "no_words", []),
    ],
)
def test_unrouted_says_why(text: str, why: str, words: list[str]) -> None:
    row = routing.route(posts(text), LINES).row(0, named=True)
    assert (row["line_id"], row["line"], row["score"], row["words"]) == (None, None, None, words)
    assert row["why"] == why


def test_a_second_line_when_close() -> None:
    frame = routing.route(posts("食堂后厨有老鼠；电梯困人，特种设备未检；办卡后健身房跑路"), LINES)
    assert frame["line_id"].to_list() == ["L14", "L16"] or frame.height == 2
    assert frame["why"].to_list() == ["two_lines"] * 2
    assert lines_of("食堂后厨有老鼠、蟑螂、苍蝇，餐具不消毒，吃了拉肚子。电梯困人") == ["L14"]


def test_of_overlapping_words_the_longest_counts_once() -> None:
    row = routing.route(posts("学校食堂学校食堂，食品安全标准"), LINES).row(0, named=True)
    assert "食堂" not in row["words"]
    assert row["score"] == 1.0


def test_not_ours_is_told_and_never_handed_over() -> None:
    frame = routing.route(posts("拖欠工资三个月，劳动纠纷没人管"), LINES)
    assert frame["line_id"].to_list() == ["L90"]
    assert frame["why"].to_list() == ["not_ours"] and "不得自行移送" in wording.NAMES["routed"]["not_ours"]
    # close to a line of ours, the post is not turned away
    assert lines_of("小区电梯困人，物业管理不理")[0] == "L16"


def test_an_empty_repost_is_read_by_what_it_forwards() -> None:
    assert lines_of("", quoted="健身房跑路了，会员卡不退款") == ["L03"]
    assert lines_of("停车场乱收费", quoted="健身房跑路了，会员卡不退款") == ["L21"]
    assert lines_of("看看", title="加油机缺斤短两") == ["L18"]


def test_posts_keep_their_order_and_none_is_lost() -> None:
    frame = routing.route(posts("今天天气不错", "食堂有老鼠蟑螂", "停车场乱收费"), LINES)
    assert frame["post_id"].to_list() == ["p0", "p1", "p2"]
    assert routing.route(posts(), LINES).height == 0


def test_a_story_is_tallied_by_its_posts() -> None:
    routes = routing.route(posts("食堂后厨有老鼠、蟑螂", "食堂饭菜里吃出虫子", "路过", "加油机缺斤短两"), LINES)
    tally = routing.tally(routes)
    assert tally.select("line_id", "n").rows() == [("L14", 2), ("L18", 1), (None, 1)]
    assert tally["share"].to_list() == [0.5, 0.25, 0.25]


def test_the_table_is_whole_and_labels_nobody() -> None:
    assert LINES.height == 26
    assert LINES.filter(pl.col("source").str.len_chars() <= 3).height == 0
    words = set(routing._vocabulary(LINES)["word"])
    assert not {w for w in words if "打假" in w or "索赔" in w or "恶意投诉" in w}
    assert len(words) > 700


def test_an_edited_table_changes_the_route(tmp_path: Path) -> None:
    edited = make.rules(tmp_path, lines=SHIPPED.text("lines").replace("乱收费", "价格离谱", 1)).lines
    assert lines_of("物业乱收费") == ["L21"]
    assert routing.route(posts("物业乱收费"), edited)["line_id"].to_list() == [None]
    assert routing.route(posts("价格离谱"), edited)["line_id"].to_list() == ["L21"]


def test_citizens_messages_are_routed_or_left_with_a_reason(shared_data: Path) -> None:
    raw = pl.read_csv(shared_data / "gov_messages" / "messages.csv", infer_schema=False).unique(
        "留言编号", keep="first"
    )
    messages = raw.select(
        post_id="留言编号",
        title="留言主题",
        text=pl.col("留言详情").fill_null(""),
        quoted=pl.lit(None, pl.String),
        kind=pl.lit("complaint"),
    )
    frame = routing.route(messages, LINES)
    assert frame["post_id"].n_unique() == raw.height
    assert frame.filter(pl.col("line_id").is_null())["why"].is_in(["no_words", "weak_words", "body_not_named"]).all()
    # a provincial leader's board is mostly about other bodies: what is ours must not swallow it
    assert frame.filter(pl.col("line_id") == "L90").height > frame.filter(pl.col("line_id") == "L14").height
