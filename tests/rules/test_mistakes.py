"""A mistake in a table of the lab's own is said in Chinese: which file, row and key, what was meant, what to do."""

from pathlib import Path

import pytest

from opinion_lab.config import LabError
from opinion_lab.rules import SHIPPED, TABLES, Rules
from opinion_lab.rules.catalogue import LEXICON
from tests import make

TOML = [name for name, file in TABLES.items() if file.path.endswith(".toml")]


def loaded(root: Path, name: str, text: str) -> object:
    rules = make.rules(root, **{name: text})
    return rules.lexicon if name in LEXICON else getattr(rules, name)


def edited(root: Path, name: str, old: str, new: str) -> object:
    text = SHIPPED.text(name)
    assert old in text, f"{old} is not in {name} any more"
    return loaded(root, name, text.replace(old, new, 1))


@pytest.mark.parametrize("name", TOML)
def test_every_table_names_a_broken_line_an_unknown_key_and_an_empty_file(tmp_path: Path, name: str) -> None:
    file, text = TABLES[name].name, SHIPPED.text(name)
    line = len(text.splitlines()) + 1
    with pytest.raises(LabError, match=f"{file} 第 {line} 行写法有误：“x = \\[”.*引号"):
        loaded(tmp_path, name, f"{text.rstrip()}\nx = [")
    with pytest.raises(LabError, match=f"{file}：不认识“nothing_such”.*可用的有：.*opinion-lab rules copy {name} "):
        loaded(tmp_path, name, f"nothing_such = 1\n{text}")
    # a list of peaks may well be empty; every other table must hold something
    if name != "annual_peaks":
        with pytest.raises(LabError, match=f"{file}：缺少“.*请补上.*{tmp_path}"):
            loaded(tmp_path, name, "")
    (tmp_path / "rules" / file).write_bytes("# 中文".encode("gb18030"))
    with pytest.raises(LabError, match=f"{file} 不是 UTF-8 编码.*另存为"):
        Rules(tmp_path).text(name)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        # the key, what was meant, the row by its number and its name
        ("deadlines", "amount = 5\n", "amout = 5\n", r"的 \[\[rule\]\] 第 1 条（D01）：不认识“amout”。.*“amount”？"),
        ("deadlines", 'unit = "hours"', 'unit = "hour"', "（D01）的 unit：应为 hours、.*“hour”。是不是想写“hours”"),
        ("deadlines", "amount = 5\n", 'amount = "5"\n', "（D01）的 amount：应为数字，现在是“5”"),
        ("deadlines", "amount = 5\n", "amount = true\n", "（D01）的 amount：应为数字，现在是 true"),
        ("deadlines", "amount = 5\n", "amount = -1\n", "amount：应大于 0，现在是 -1"),
        ("deadlines", 'amount = 5\nunit = "hours"', 'amount = 1.5\nunit = "working_days"', "应为整数，现在是 1.5"),
        ("deadlines", "amount = 5\n", "", "要么都写"),
        ("deadlines", "since = 2016-11-10", "since = 2016-11-10\nuntil = 2010-01-01", "until 早于 since"),
        ("deadlines", "since = 2016-11-10", 'since = "去年"', "since：应为日期，例如 2026-03-15，现在是“去年”"),
        ("deadlines", "since = 2016-11-10", "", "（D01）：缺少“since”"),
        ("deadlines", 'id = "D02"', 'id = "D01"', "id 重复：D01"),
        ("deadlines", 'id = "D01"', 'id = ""', "id：不能空着"),
        ("deadlines", "[counting]", "[countng]", "不认识“countng”。是不是想写“counting”"),
        ("grades", 'level = "Ⅰ"', 'level = "I"', "（central_media）的 level：应为 Ⅰ、Ⅱ、Ⅲ、Ⅳ 之一，现在是“I”"),
        ("grades", '中毒"\nkind = "words"', '中毒"\nkind = "word"', "（harm）的 kind：应为 words、media 之.*“words”？"),
        ("grades", "cuts = [50, 300, 1500]", "cuts = [300, 50, 1500]", r"\[score\] 的 \[spread\] 的 cuts：.*从小到大"),
        ("grades", "cuts = [50, 300, 1500]", "cuts = [50, 300]", "cuts：至少要写 3 项"),
        ("grades", "min_past = 200", "min_pasts = 200", "不认识“min_pasts”。是不是想写“min_past”"),
        ("grades", '"Ⅲ" = 4', '"III" = 4', "floor.*等级只能写.*III"),
        ("grades", "min_posts = 1\n", 'min_posts = "一"\n', "min_posts：应为整数，现在是“一”"),
        ("grades", "names = [\"人民日报\"", "names = [7, \"人民日报\"", "names 第 1 项：应为文字（加引号），现在是 7"),
        ("lines", "line_id\tline", "id\tline", "第 1 条（L01）：不认识“id”"),
        ("lines", "\tread\t", "\traed\t", "不认识“raed”。是不是想写“read”"),
        ("lines", "L02\t", "L01\t", "line_id 重复：L01"),
        ("lines", "\t歇业|重名", "\t没有的词|重名", "（L01）：弱词“没有的词”不在 read 或 inferred 里"),
        ("lines", "L02\t信用", "L02信用", "第 10 行有 8 格，应为 9 格"),
        ("statements", 'level = "error"', 'level = "bad"', "（S01）的 level：应为 error、warn 之一"),
        ("statements", "pattern = '", "pattern = '(", "（S01）的 pattern：.*不是正确的正则表达式"),
        ("statements", "pattern = '", "patern = '", "不认识“patern”。是不是想写“pattern”"),
        ("demands", '"凭什么"', '"凭什么(("', r"\[cues\] 的 blame 第 1 项：“凭什么\(\(”不是正确的正则表达式"),
        ("demands", "[defer]", "[later]", "不认识“later”"),
        ("demands", 'kind = "blame"', 'kind = "blames"', "（质疑包庇）的 kind：应为 ask、blame、propose 之一"),
        ("attitude", '"指鹿为马"', '"指鹿(?=为马)"', "（批评官方的回应或监管）的 words 第 .* 项：.*前后查找"),
        ("attitude", "not = ", "nots = ", "不认识“nots”。是不是想写“not”"),
        ("redaction", 'check = "mobile"', 'check = "mobil"', "的 check：应为 .*是不是想写“mobile”"),
        ("redaction", "(?<![0-9A-Za-z])[1-9][0-9]{14}", "(", "（P02a）的 pattern：.*不是正确的正则表达式"),
        ("redaction", "\\d(?:[<<sep>><<and>>]{0,3}\\d){16}", "[<<sap>>]", "（P02）的 pattern：<<sap>> 在 .parts. 里"),
        ("redaction", 'what = "手机号"', 'wat = "手机号"', "不认识“wat”。是不是想写“what”"),
        ("annual_peaks", 'anchor = "01-01"', 'anchor = "1月1日"', "（元旦）的 anchor：“1月1日”看不懂"),
        ("annual_peaks", 'anchor = "01-01"', 'anchor = "02-29"', "“02-29”看不懂"),
        ("annual_peaks", 'anchor = "01-01"', "", "要写且只写一个"),
        ("annual_peaks", "before = 1", "before = 99", "before：应不大于 15，现在是 99"),
        ("annual_peaks", "2020-01-25", "2020年", "（春节）的 days 第 1 项：应为日期"),
        ("size_forecast", "hub =", "nub =", "不认识“nub”。是不是想写“hub”"),
        ("size_forecast", "bends = [", "bends = [1.0, ", "bends：至多写 4 项"),
        ("incidents", 'when = "2015-10-04 晚"', 'when = "国庆"', "（青岛大虾2015）的 .* 第 1 条的 when：“国庆”看不懂"),
        ("incidents", 'when = "2015-10-05"', 'when = "2015-10-06/2015-10-05"', "前后颠倒"),
        ("incidents", 'kind = "首发"', 'kind = "爆料"', "kind：应为 起因、.*之一，现在是“爆料”"),
        ("incidents", 'source = "http://www.sdboyuan.com/d_40177919.html" }', 'source = "" }', "source：不能空着"),
        ("incidents", 'fact = "晒账单爆料"', 'fact = "晒账单爆料", reversed_by = 1', "第 3 个节点的 reversed_by"),
        ("incidents", 'name = "青岛大虾2015"', 'name = "丹东元宝区2024"', "name 重复：丹东元宝区2024"),
        ("review_questions", "\ndata = true", "\ndata = false", "（R01）：data = false 的要写 ask"),
        ("review_questions", "\ndata = true", '\ndata = "是"', "data：应为 true 或 false，现在是“是”"),
        ("domain_words", "市场监管局\n", "市场 监管 局\n", "第 .* 行：“市场 监管 局”看不懂"),
        ("domain_words", "市监局\n", "市监局\n市监局 5\n", "“市监局”在第 .* 行已经写过"),
        ("stop_words", "我们\n", "我们\n我们\n", "“我们”在第 .* 行已经写过"),
        ("label_words", "凌晨", "(凌晨", "第 .* 行：.*不是正确的正则表达式"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_it_is_and_what_was_meant(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(LabError, match=said) as error:
        edited(tmp_path, name, old, new)
    assert TABLES[name].name in str(error.value) and "pydantic" not in str(error.value)


def test_what_a_lexicon_may_hold(tmp_path: Path) -> None:
    lexicon = make.rules(
        tmp_path,
        domain_words="\ufeff# 注释\n缺斤少两 50 v\n市监局\n\n预付卡 n  # 尾注\n八两秤 3\nC# 5\n",
        stop_words="的话\n# 注\n我们\n",
        boilerplate="转发微博\n全文$\n",
    ).lexicon
    assert lexicon.words[:3] == (("缺斤少两", 50, "v"), ("市监局", None, None), ("预付卡", None, "n"))
    assert lexicon.words[3:] == (("八两秤", 3, None), ("C#", 5, None))
    assert lexicon.stop == {"的话", "我们"}
    assert lexicon.boilerplate == ("转发微博", "全文$")


def test_the_first_fault_is_the_misspelling_and_the_others_are_counted(tmp_path: Path) -> None:
    """`amout` is also a missing... a unit without its amount; one message, not a wall of them."""
    with pytest.raises(LabError, match="不认识“basi”。是不是想写“basis”？另外还有 1 处") as error:
        edited(tmp_path, "deadlines", 'basis = "国办发〔2016〕80号（政务公开工作实施细则）"', "basi = 1")
    assert str(error.value).count("\n") == 0
