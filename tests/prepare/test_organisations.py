"""Names of businesses, institutions and estates: found whole, merged over spellings, persons and offices never."""

import polars as pl
import pytest

from opinion_lab.prepare.organisations.merging import organisations
from opinion_lab.rules import SHIPPED

NAMED = [
    # what stands before a name is none of it
    ("昨天在青禾县城关镇柳巷12号的百惠康超市买到过期奶", ["百惠康超市"]),
    ("位于西溪镇柳坊社区的鼎沐汗蒸馆跑路", ["鼎沐汗蒸馆"]),
    ("举报青禾县澜沁模具加工厂夜里偷排", ["澜沁模具加工厂"]),
    ("楼下的翠湖名邸业主反映瑾园物业乱收费", ["翠湖名邸", "瑾园物业"]),
    # a public body is named by its place
    ("青禾县柳汀镇中心小学食堂", ["柳汀镇中心小学"]),
    # everyday words before an ending name nobody
    ("小区物业公司不管，我们小区旁边的大型超市和一家饭店也扰民", []),
    ("公办学校和民办幼儿园收费不同", []),
    ("这家店的老板，那家酒店，本店概不负责", []),
    # offices, roads and towns are none
    ("市场监督管理局、县政府、教育局和柳坊镇人民政府都不管", []),
    ("解放路、建设大道到西溪镇的公交", []),
    # an ending that goes on as another word
    ("市场价格上涨，大学生实习，广场舞扰民", []),
    # names that need no ending, only as words of their own
    ("拼多多不退款", ["拼多多"]),
    ("车只能从中通过，反应程度不同程序", []),
    ("移动营业厅乱扣费，货物移动很慢", ["移动"]),
    # written in Traditional script
    ("投訴藍灣雅苑小區的電梯", ["蓝湾雅苑小区"]),
    # a branch is of its bank, whatever the bank is called
    ("投诉农行青禾分行柳坊支行和邮储银行柳坊支行不放款", ["农业银行", "邮政储蓄银行"]),
    ("中国银行青禾柳城支行排队太久", ["中国银行"]),
    # a river or a mountain begins a name, a city does not
    ("丽江翠园小区漏水，香山雅居小区也漏", ["丽江翠园小区", "香山雅居小区"]),
    ("青岛翠园小区漏水", ["翠园小区"]),
    # estates without an ending, before what only estates have
    ("投诉汀澜湾二期虚假宣传", ["汀澜湾"]),
    ("我是现鹭汀湾3栋的住户，鹭汀明珠业委会不管", ["鹭汀湾", "鹭汀明珠"]),
    ("建设路二期和柳坊村三期何时开工，宿舍5栋漏水", []),
    ("青禾县鼎沐国际停电，全县妇幼保健院排队", ["鼎沐国际"]),
    # a person is none
    ("张建国老板不退钱，陈小姐也被骗", []),
    ("吕梓涵业主反映，我叫邓大年，二期的，彭昊天3栋402，欧阳子轩业委会主任", []),
]


def _names(*texts: str) -> list[list[str]]:
    found = organisations(pl.Series(texts), SHIPPED.organisations)
    return [found.filter(pl.col("row") == row)["name"].to_list() for row in range(len(texts))]


@pytest.mark.parametrize(("text", "names"), NAMED)
def test_a_name_is_found_whole_and_what_names_nobody_is_not(text: str, names: list[str]) -> None:
    assert _names(text) == [names]


def test_places_are_of_the_text_as_it_was_given() -> None:
    text = "投訴藍灣雅苑小區的電梯"
    found = organisations(pl.Series([None, "", text]), SHIPPED.organisations)
    assert found.select("row", "kind").rows() == [(2, "estate")]
    assert text[found["start"][0] : found["end"][0]] == "藍灣雅苑小區"


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["鑫驰商贸有限公司不退款", "鑫驰商贸公司欠薪"], "鑫驰商贸有限公司"),
        (["澜沁雅苑小区停水", "澜沁雅苑二期停水", "澜沁雅苑小区停电"], "澜沁雅苑小区"),
        (["国驰运输有限公司克扣补贴，国驰公司不认"], "国驰运输有限公司"),
        (["中国建设银行不放款", "建行不放款"], "建设银行"),
        # a slip of the pen within one text
        (["楼下的鼎沐源饭店抽风机太响，鼎沐原饭店不管"], "鼎沐原饭店"),
        # the shorter one shows what is none of the name
        (["即颐禾居旁边", "颐禾居停水", "颐禾居又停水"], "颐禾居"),
    ],
)
def test_spellings_of_one_name_are_one(texts: list[str], name: str) -> None:
    assert {n for names in _names(*texts) for n in names} == {name}


def test_names_that_are_alike_in_different_texts_stay_apart() -> None:
    assert _names("海盛源饭店吵", "海盛园饭店吵") == [["海盛源饭店"], ["海盛园饭店"]]
