"""Statements: each rule bites on its bad example and spares its good one; a reversal is seen, a repetition is not."""

import polars as pl
import pytest

from opinion_lab.judge import statements
from opinion_lab.report.wording.response import statements as wording_of
from opinion_lab.rules import SHIPPED

RULES = SHIPPED.statements
CHECKED = [row for row in RULES.iter_rows(named=True) if row["kind"] != "process"]

FIRST = """近日，有网友发布视频反映云溪县第三小学食堂饭菜中有异物，我局高度重视，第一时间开展调查核实。
据配送公司介绍，并经现场比对，确认异物为木耳根部，属正常食材，网传内容与事实不符。
云溪县市场监督管理局
2026年9月11日"""
SECOND = """9月8日12时20分，有家长发布视频反映云溪县第三小学食堂餐盒中有异物。9月11日我局发布的通报称异物为木耳根部。
9月14日15时市食品检验中心出具报告，异物检出鼠类成分。我局9月11日通报的结论是错误的，诚恳道歉。
已对配送公司立案调查，封存库存食材23批次；检测报告全文将于9月26日前向社会公布。有相同情况可拨打12315反映。
云溪县教育局
云溪县市场监督管理局
2026年9月14日"""


def found(text: str, *, first_report: bool = True) -> set[str]:
    return set(statements.check(text, RULES, first_report=first_report)["rule_id"])


@pytest.mark.parametrize("rule", CHECKED, ids=[r["id"] for r in CHECKED])
def test_each_rule_knows_its_examples(rule: dict) -> None:
    assert rule["id"] in found(rule["bad"])
    assert rule["id"] not in found(rule["good"])


def test_rules_name_their_source_and_how_it_was_read() -> None:
    for column in ("source", "provenance", "advice"):
        assert RULES.filter(pl.col(column).str.strip_chars() == "").height == 0
    assert RULES.height == 30


@pytest.mark.parametrize(
    ("text", "rule_id", "bites"),
    [
        # the date under a statement is not the time of the event
        ("我局已到现场检查。\n某县市场监督管理局\n2026年7月10日", "S01", True),
        ("特此通报。某县市场监督管理局 2026年7月10日", "S05", False),
        ("特此通报。\n某县教育局\n某县市场监督管理局\n2026年7月10日", "S05", False),
        ("欢迎拨打12315投诉举报。", "S02", True),  # a hotline is not what the statement answers
        ("结果将于9月20日前公布。", "S16", False),
        ("涉嫌缺斤短两，是否系误会正在核查。", "S08", False),
        ("食堂拒绝不合格食材入库。", "S14", False),
        ("欢迎消费者投诉反映。", "S20", False),
        ("消费者任何诉求，均可反映。", "S20", False),
        ("举报人王某反映。", "S20", False),
        ("联系人电话13800001111。", "S20", True),
        ("订单号2026091112345678901。", "S20", False),  # digits longer than an identity number
        ("检查门店12家，未发现问题。", "S24", False),
        ("检查了门店。未发现问题。", "S24", True),  # the sentence before does not excuse
    ],
)
def test_what_is_meant_is_told_from_what_is_written(text: str, rule_id: str, bites: bool) -> None:
    assert (rule_id in found(text)) is bites


def test_a_hasty_first_report_is_told_from_a_final_one() -> None:
    assert {"S08", "S15", "S16", "S19"} <= found(FIRST)
    assert not {"S08", "S09"} & found(FIRST, first_report=False)
    assert not found(SECOND, first_report=False)


def test_empty_words_without_any_act_are_an_error() -> None:
    def level(text: str) -> str:
        return statements.check(text, RULES, first_report=True).row(
            by_predicate=pl.col("rule_id") == "S15", named=True
        )["level"]

    assert level("我局高度重视。") == "error"
    assert level("我局高度重视。7月10日已立案。") == "warn"


def test_a_remark_points_into_the_text_and_never_shows_personal_data() -> None:
    rows = statements.check(FIRST, RULES, first_report=True).filter(pl.col("words").is_not_null())
    assert all(FIRST[r["start"] : r["end"]] == r["words"] and r["words"] in r["sentence"] for r in rows.to_dicts())
    assert rows["source"].str.len_chars().min() > 0
    text = "举报人王小明，电话13800001111。"
    shown = wording_of.lines(statements.check(text, RULES, first_report=True))
    assert not [line for line in shown if "王小明" in line or "138" in line]


# --- two versions ----------------------------------------------------------------------------------------------


def differences(a: str, b: str) -> list[tuple]:
    return statements.compare(a, b).select("kind", "key", "a", "b", "verdict").rows()


@pytest.mark.parametrize(
    ("a", "b", "reverses"),
    [
        ("确认异物为鸭脖，为正常食物。", "判定异物为鼠头，此前结论错误。", True),
        ("确认异物为鸭脖。", "判定异物为鼠头。", True),  # contradicted without a word about it
        ("反映情况与事实不符。", "经查，反映情况属实。", True),
        ("经检定，12台加油机全部合格。", "经复检，2台加油机不合格。", True),
        ("未发现违法问题。", "现场检查发现违法添加问题。", True),
        (FIRST, SECOND, True),
        # more of the same, or exacter
        ("异物为鸭脖。", "异物为鸭脖骨。", False),
        ("9月8日接到反映，已送检。", "9月8日12时接到反映，已送检，结果待出。", False),
        # an open question is no conclusion
        ("是否存在问题待检测结果。", "经检测，存在霉变问题。", False),
        ("异物是否为食材，尚未确认。", "异物为食材。", False),
        ("已立案。", "已立案，罚款3万元。", False),
        # what is quoted is not said
        ("网传“食堂存在问题”，正在核查。", "经查，未发现问题。", False),
        # raw materials, and goods whose label was wrong, are not a retraction
        ("已立案调查。", "检查发现原料说明标签表述一致，产品价格标示错误，已责令改正。", False),
        (SECOND, SECOND, False),
        # the third version repeats the apology: it takes back nothing that the second said
        (SECOND, SECOND.replace("23批次", "25批次"), False),
    ],
)
def test_a_reversal_is_seen_and_nothing_else(a: str, b: str, reverses: bool) -> None:
    assert bool(statements.reversals([{"text": a}, {"text": b}])) is reverses
    assert ("reversed" in statements.compare(a, b)["verdict"].to_list()) is reverses


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("封存3批次，涉及3人。", "封存3批次，涉及233人。", [("number", "人", "3人", "233人", "changed")]),
        (
            "检查12户，发现3户。",
            "检查15户，发现12户。",
            [("number", "户", "12户", "15户", "changed"), ("number", "户", "3户", "12户", "changed")],
        ),
        ("罚款1,000元。", "罚款1000元。", []),
        ("检查12户。", "检查12户，封存5批次。", [("number", "批次", None, "5批次", "added")]),
        ("9月8日到现场检查。", "9月9日到现场检查。", [("time", "time", "9月8日", "9月9日", "changed")]),
        ("已送检。", "已会同县教育局送检。", [("body", "教育部门", None, "教育局", "added")]),
        (
            "确认异物为鸭脖。",
            "判定异物为鼠头。",
            [("conclusion", "异物", "确认异物为鸭脖", "判定异物为鼠头", "reversed")],
        ),
        ("不予立案。", "已送检。", [("conclusion", "是否立案", "不予立案", None, "removed")]),
    ],
)
def test_compare(a: str, b: str, expected: list[tuple]) -> None:
    assert differences(a, b) == expected


def test_the_same_statement_differs_in_nothing() -> None:
    assert differences(SECOND, SECOND) == []
    assert differences("", "") == []
