"""The lab's copy of every table goes first, all the way to what uses it; without one the shipped table holds."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from opinion_lab.analyse import attitude, cascades, demands
from opinion_lab.analyse.cascades import forecasting
from opinion_lab.cases import conduct, plans, workload
from opinion_lab.collect.parsers.tables import mapping as mappings
from opinion_lab.config import LabError
from opinion_lab.judge import grading, routing, statements, timelines
from opinion_lab.prepare import redaction, tokens
from opinion_lab.prepare.organisations.merging import organisations
from opinion_lab.rules import FORMER, SHIPPED, TABLES, Rules, handling
from tests import make

#: By table: what is changed in the copy, what uses it, and what that says before and after.
CASES: dict[str, tuple[str, str, Callable[[Rules], Any], Any, Any]] = {}


def case(name: str, old: str, new: str, before: object, after: object) -> Callable:
    def kept(use: Callable[[Rules], Any]) -> Callable[[Rules], Any]:
        CASES[name] = (old, new, use, before, after)
        return use

    return kept


@case("deadlines", "amount = 5\n", "amount = 9\n", timedelta(hours=5), timedelta(hours=9))
def _(rules: Rules) -> timedelta:
    rule = rules.deadlines.row(by_predicate=pl.col("id") == "D01", named=True)
    return handling.due(rule, make.START, zone=make.ZONE) - make.START


@case("grades", 'who = "主要负责人"\nwhat = "启动响应', 'who = "局长"\nwhat = "启动响应', "主要负责人", "局长")
def _(rules: Rules) -> str:
    return grading.measures("Ⅰ", rules.grades)["who"][0]


@case("case_states", 'needs = ["lead"]', 'needs = ["lead", "opinion"]', ("lead",), ("lead", "opinion"))
def _(rules: Rules) -> tuple[str, ...]:
    return rules.case_states.steps["assign"].needs


@case("plans", '"食品", "食堂"', '"食品", "光伏"', [], ["food"])
def _(rules: Rules) -> list[str]:
    return [kind.id for kind in plans.kinds(make.posts([{"text": "光伏反光刺眼"}]), rules.plans)]


@case("conduct", "翻白眼|", "晒白眼|", 0, 1)
def _(rules: Rules) -> int:
    return conduct.count(make.posts([{"text": "市监窗口晒白眼"}]), rules.conduct).height


@case("workload", "characters_a_minute = 255", "characters_a_minute = 510", 95, 53)
def _(rules: Rules) -> int:
    return workload.of({}, rules.workload)["seconds"][0]


@case("lines", "明码标价|", "光伏反光刺眼|", 0, 1)
def _(rules: Rules) -> int:
    return (
        routing.route(make.posts([{"text": "光伏反光刺眼"}]), routing.shipped(rules))["line_id"].to_list().count("L21")
    )


@case("routing_examples", "公司名称核名老是不通过", "无人机黑飞扰民没人管", 0, 1)
def _(rules: Rules) -> int:
    found = routing.route(make.posts([{"text": "无人机黑飞扰民"}]), routing.shipped(rules))
    return found["line_id"].to_list().count("L01")


@case("routing", "已?(?:拨打|", "电梯困人|(?:", ["L16"], [None])
def _(rules: Rules) -> list[str | None]:
    return routing.route(make.posts([{"text": "电梯困人"}]), routing.shipped(rules))["line_id"].to_list()


@case("statements", 'rule = "写明事发或获知的时间"', 'rule = "时间呢"', True, False)
def _(rules: Rules) -> bool:
    return "写明事发或获知的时间" in statements.check("", rules.statements, first_report=True)["rule"].to_list()


@case("demands", 'key = "道歉"', 'key = "赔礼"', ["道歉"], ["赔礼"])
def _(rules: Rules) -> list[str]:
    return demands.extract(make.posts([{"text": "要求商家道歉。"}]), table=rules.demands)["key"].to_list()


@case("attitude", '"黑心"', '"黑肝"', 1, 0)
def _(rules: Rules) -> int:
    found = attitude.quotes(make.posts([{"text": "真是黑心商家"}]), table=rules.attitude)
    return found.row(by_predicate=pl.col("key") == "指责商家或涉事单位", named=True)["n"]


@case("redaction", 'replace = "[身份证]"', 'replace = "[证件]"', "[身份证]", "[证件]")
def _(rules: Rules) -> str:
    return redaction.redact(pl.Series(["身份证11010519491231002X"]), rules=rules.redaction)[0].removeprefix("身份证")


@case("annual_peaks", 'name = "元旦"\nanchor = "01-01"', 'name = "元旦"\nanchor = "08-01"', None, "元旦")
def _(rules: Rules) -> str | None:
    peak = rules.annual_peaks.of(date(2026, 8, 1))
    return peak.name if peak else None


@case("size_forecast", 'basis = "随附的经验值', 'basis = "本县的经验值', "随附", "本县")
def _(rules: Rules) -> str:
    posts = make.posts([{} for _ in range(12)])
    told = cascades.forecast(posts, at=timedelta(hours=1), model=forecasting.of_table(rules.size_forecast))
    return told.basis[:2]


@case("incidents", 'name = "青岛大虾2015"', 'name = "本县大虾2015"', "青岛大虾2015", "本县大虾2015")
def _(rules: Rules) -> str:
    return timelines.pick(rules.incidents, "大虾").name


@case("review_questions", 'ask = "会议记录"', 'ask = "会议纪要"', False, True)
def _(rules: Rules) -> bool:
    return "会议纪要" in rules.review_questions["where"].to_list()


@case("organisations", "拼多多 京东", "拼多多 松雅湖畔 京东", [], ["松雅湖畔"])
def _(rules: Rules) -> list[str]:
    return organisations(pl.Series(["松雅湖畔乱收费"]), rules.organisations)["name"].to_list()


@case("sources", 'name = "百度热搜"', 'name = "百度榜"', "百度热搜", "百度榜")
def _(rules: Rules) -> str:
    return next(known.name for known in rules.sources.known if known.id == "baidu-hot")


@case("domain_words", "市场监管局\n", "市场监管局\n云溪米粉店\n", False, True)
def _(rules: Rules) -> bool:
    return "云溪米粉店" in tokens.cut(["去云溪米粉店吃粉"], rules.lexicon)[0]


@case("stop_words", "我们\n", "我们\n面包\n", True, False)
def _(rules: Rules) -> bool:
    return "面包" in tokens.tokenize(make.posts([{"text": "买面包"}]), rules.lexicon)["tokens"].explode().to_list()


@case("label_words", "凌晨", "凌晨|云溪", False, True)
def _(rules: Rules) -> bool:
    return bool(rules.label_words.fullmatch("云溪"))


@case("boilerplate", "转发微博\n", "转发微博\n云溪在线出品\n", True, False)
def _(rules: Rules) -> bool:
    found = tokens.tokenize(make.posts([{"text": "食堂有异物，云溪在线出品"}]), rules.lexicon)["tokens"]
    return "出品" in found.explode().to_list()


def test_every_table_has_a_case() -> None:
    assert CASES.keys() == TABLES.keys()


@pytest.mark.parametrize("name", TABLES)
def test_the_labs_copy_reaches_what_uses_it(tmp_path: Path, name: str) -> None:
    old, new, use, before, after = CASES[name]
    empty = Rules(tmp_path)
    assert use(SHIPPED) == before and use(empty) == before, "an empty lab folder: the shipped table"
    copy = Rules(tmp_path).copy(name)
    assert copy == tmp_path / "rules" / TABLES[name].name
    assert use(Rules(tmp_path)) == before, "a copy that nobody changed"
    text = copy.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    copy.write_text(text.replace(old, new), encoding="utf-8-sig")
    assert use(Rules(tmp_path)) == after
    assert use(SHIPPED) == before
    assert Rules(tmp_path).fingerprint(name) != SHIPPED.fingerprint(name) == Rules(None).fingerprint(name)


def test_a_copy_is_never_overwritten_and_an_unknown_name_is_guessed(tmp_path: Path) -> None:
    path = Rules(tmp_path).copy("deadlines.toml")
    path.write_text("# 我的", encoding="utf-8")
    with pytest.raises(LabError, match=f"{path} 已经有了，没有改动它"):
        Rules(tmp_path).copy("deadlines")
    assert path.read_text(encoding="utf-8") == "# 我的"
    with pytest.raises(LabError, match="没有名为“deadline”的表。是不是想写“deadlines”"):
        Rules(tmp_path).copy("deadline")
    with pytest.raises(LabError, match="没有名为“x”的表。可用的有：deadlines、"):
        Rules(tmp_path).copy("../../x")


def test_the_list_says_whose_each_table_is_and_what_an_old_copy_lacks(tmp_path: Path) -> None:
    shown = SHIPPED.names()
    assert shown["name"].to_list() == list(TABLES) and not shown["own"].any()
    text = SHIPPED.text("grades").replace("early_hours = 12", "", 1).replace('id = "harm"', 'id = "hurt"')
    rules = make.rules(tmp_path, grades=text, lines=SHIPPED.text("lines").replace("L02\t", "L99\t", 1), stop_words="甲")
    (tmp_path / "rules" / "deadline.toml").write_text("", encoding="utf-8")
    (tmp_path / "rules" / "说明.txt").write_text("", encoding="utf-8")
    rows = {row["file"]: row for row in rules.names().iter_rows(named=True)}
    assert rows["grades.toml"]["lacks"] == ["mishandled.early_hours", "red_line（harm）"]
    assert (rows["lines.tsv"]["lacks"], rows["stop_words.txt"]["lacks"]) == (["L02"], [])
    assert [f for f, row in rows.items() if row["own"] and row["name"]] == [
        "grades.toml",
        "lines.tsv",
        "stop_words.txt",
    ]
    assert "不会被读取" in rows["deadline.toml"]["what"] and "deadlines.toml" in rows["deadline.toml"]["what"]
    assert rows["说明.txt"]["name"] is None


def test_the_list_stands_where_a_table_is_broken(tmp_path: Path) -> None:
    rows = make.rules(tmp_path, grades="x = [").names()
    assert rows.filter(pl.col("name") == "grades")["own"].item()


@pytest.mark.parametrize(("old", "new"), FORMER.items())
def test_a_copy_under_a_former_name_is_not_passed_over(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / old).write_text("", encoding="utf-8")
    name = new.removesuffix(".toml")
    with pytest.raises(LabError, match=f"{old} 现在叫 {new}。请把它改名"):
        getattr(Rules(tmp_path), name)
    assert f"现在叫 {new}" in Rules(tmp_path).names().filter(pl.col("file") == old)["what"].item()


# --- mappings --------------------------------------------------------------------------------------------------


def test_the_labs_mapping_goes_first(tmp_path: Path) -> None:
    assert Rules(tmp_path).mapping("posts") == SHIPPED.mapping("posts")
    path = Rules(tmp_path).copy_mapping("posts")
    path.write_text(path.read_text(encoding="utf-8").replace('source_id = "posts"', 'source_id = "x"'), "utf-8-sig")
    for name in ("posts", "posts.toml", str(path)):
        mine = mappings.load(*Rules(tmp_path).mapping(name))
        assert (mine.source_id, mine.name) == ("x", "posts")


def test_a_mapping_is_copied_under_a_name_of_ones_own(tmp_path: Path) -> None:
    path = Rules(tmp_path).copy_mapping("work-orders", "我县工单")
    assert path == tmp_path / "mappings" / "我县工单.toml"
    shown = Rules(tmp_path).mappings()
    assert shown.filter("own")["name"].to_list() == ["我县工单"]
    assert shown.filter(pl.col("name") == "work-orders")["what"].item().startswith("12345")
    with pytest.raises(LabError, match="已经有了"):
        Rules(tmp_path).copy_mapping("posts", "我县工单")
    with pytest.raises(LabError, match="没有名为“我县工单”的随附的对应表"):
        Rules(tmp_path).copy_mapping("我县工单")


def test_an_unknown_mapping_names_those_there_are(tmp_path: Path) -> None:
    Rules(tmp_path).copy_mapping("posts", "我县帖文")
    with pytest.raises(LabError, match=r"没有名为“gov-mesages”的对应表。是不是想写“gov-messages”.*mappings list"):
        Rules(tmp_path).mapping("gov-mesages")
    with pytest.raises(LabError, match=r"可用的有：.*我县帖文"):
        Rules(tmp_path).mapping("zzz")


@pytest.mark.parametrize("section", [[], ["names"]])
def test_a_copy_older_than_the_program_takes_what_it_lacks_from_the_one_that_ships(
    section: list[str], tmp_path: Path
) -> None:
    """A bureau's copy outlives an update; what a row of its own says stays as it says."""
    copy = Rules(tmp_path).copy("redaction")
    before = copy.read_text(encoding="utf-8")
    key = {"": "person_links", "names": "titles"}["".join(section)]
    text = re.sub(rf'(?ms)^{key} = (?:".*?"|\'.*?\'|\[.*?\])\n', "", before, count=1)
    assert text != before and f"\n{key} = " not in text
    copy.write_text(text, encoding="utf-8")
    assert Rules(tmp_path).redaction == SHIPPED.redaction
