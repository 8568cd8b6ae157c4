"""A badly answered story of the invented county, from its alert to its closing, as three people would carry it."""

import html
import re
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from opinion_lab.config import LabError
from opinion_lab.desk import intake, records
from opinion_lab.lab import Lab
from opinion_lab.report.documents import brief
from tests.report import gbt9704

DRAFT = """9月8日12时20分，有家长发布视频反映云溪县第三小学食堂餐盒中有异物。经再次核查，异物为木耳根部，属正常食材，
网传内容不属实。有相同情况可拨打12315反映。
云溪县市场监督管理局
2026年9月15日"""


def at(lab: Lab, text: str) -> datetime:
    moment = lab.store.moment(text)
    assert moment is not None
    return moment


def fill(path: Path, number: str, **cells: str) -> Path:
    """The sheet as a section fills it in: the row of one case, all else as it was."""
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    filled = path.with_name("filled.xlsx")
    with xlsxwriter.Workbook(filled) as book:
        page = book.add_worksheet()
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                page.write(y, x, cells.get(rows[0][x], value) if row[0] == number else value)
        page.write(len(rows), 0, "2026-9999")  # a row that nobody knows
        page.write(len(rows), rows[0].index("反馈"), "不知是哪件")
    return filled


def test_from_alert_to_closing(county: Lab, tmp_path: Path) -> None:
    lab = county
    intake.take_in(lab.store)
    orders = lab.cases.all()
    assert orders.height == lab.store.orders().height > 2000 and not intake.waiting(lab.store)
    story = lab.story("食堂")
    assert story in lab.alerts("2026-09-08")["key"].to_list()

    # the level and the case
    lab.decide("level", story, value="Ⅱ", who="值班员", at=at(lab, "2026-09-08 14:00"), why="涉学生")
    for office in ("分管领导", "副局长"):  # of Ⅱ they may judge, but not sign
        lab.decide("level", story, value="Ⅱ", who=office, at=at(lab, "2026-09-08 15:00"), why="涉学生")
    number = lab.cases.new("三小食堂餐盒异物", who="值班员", story=story, line="L14", at=at(lab, "2026-09-08 13:10"))
    second = lab.cases.new(
        "三小食堂配送公司进货", who="值班员", story=story, line="L13", at=at(lab, "2026-09-08 13:20")
    )
    assert int(second[-4:]) == int(number[-4:]) + 1 > orders.height
    do = lab.cases.step
    do(number, "assign", who="办公室", lead="计量科", at=at(lab, "2026-09-08 15:20"))
    do(second, "assign", who="办公室", lead="食品流通科", support=["城关所"], at=at(lab, "2026-09-08 15:30"))
    do(number, "return", who="计量科", why="属餐饮", at=at(lab, "2026-09-08 16:00"))
    with pytest.raises(LabError, match="由职务里有"):
        do(number, "assign", who="计量科", lead="餐饮科")
    case = do(number, "assign", who="办公室", lead="餐饮科", at=at(lab, "2026-09-08 16:10"))
    assert f"{case['due'].astimezone(lab.zone):%m-%d}" == "09-11" and case["legal_due"] is None and case["returns"] == 1

    # feedback from a sheet that the section filled
    assert lab.cases.export(tmp_path / "x.xlsx", section="餐饮科") == 1
    filled = fill(tmp_path / "x.xlsx", number, **{"反馈": "9月9日检查，封存食材23批次，送检2份，已联系家长"})
    found = lab.cases.read_back(filled, who="餐饮科")
    assert found.done == [f"{number} 签收", f"{number} 反馈"] and found.unknown == ["2026-9999"] and not found.refused
    again = lab.cases.read_back(filled, who="餐饮科")
    assert not again.done and again.unchanged == [number], "read twice it says nothing new"

    # the draft takes back what was said and leaves demands open
    held = lab.cases.check_draft(DRAFT, story)
    assert (held.differences["verdict"] == "reversed").any() and held.open.height

    # what the plan asks, ticked
    plan = lab.cases.plan(story)
    assert {"Ⅱ", "food"} <= set(plan["of"])
    chosen = plan.filter(pl.col("of") == "food")["measure_id"][0]
    ticked = lab.cases.tick(story, chosen, who="餐饮科", note="已抽样")
    assert ticked.filter(pl.col("done_at").is_not_null())["measure_id"].to_list() == [chosen]

    # papers upward, then the closing: not without the word of who leads the bureau
    with pytest.raises(LabError, match=r"编发信息首报前要有主要负责人.*签批"):
        lab.cases.issue("first", who="办公室", story=story, at="2026-09-08 17:00")
    with pytest.raises(LabError, match="审核并答复前要有主要负责人"):
        do(number, "answer", who="办公室", answer="已电话答复家长")
    lab.decide("level", story, value="Ⅱ", who="主要负责人", at=at(lab, "2026-09-08 16:30"), why="同意")
    first = lab.cases.issue("first", who="办公室", story=story, at="2026-09-08 17:00")
    follow = lab.cases.issue("follow", who="办公室", story=story)
    with pytest.raises(LabError, match="不能自己"):
        do(number, "answer", who="餐饮科", answer="已电话答复")
    do(number, "answer", who="办公室", answer="已电话答复家长")
    do(number, "close", who="办公室", outcome="查实已处理", satisfied="满意")
    final = lab.cases.issue("final", who="办公室", story=story)
    told = "".join(first.paper.texts())
    assert first.paper.title == "关于“三小食堂餐盒异物”情况的报告", "what a person called it"
    assert "已确认按Ⅱ级处置" in told and "待确认" not in told, "one level, not two"
    tables = [int(n) for n in re.findall(r"\n表(\d)　", "\n".join(final.paper.texts()))]
    assert tables == list(range(1, len(tables) + 1)) != []
    assert "续报1" in follow.paper.title and "13:10发现，9月8日 14:00研判定级，9月8日 15:20分送科室" in "".join(
        first.paper.texts()
    )
    assert f"{number}" in "".join(final.paper.texts()) and "已办结1件" in "".join(final.paper.texts())
    twice = lab.cases.issue("first", who="办公室", story=story, at="2026-09-08 17:00")
    assert twice.name != first.name and "第2份" in twice.paper.again
    for made in (first, follow, final):
        body = next(f for f in made.files if f.suffix == ".docx").read_bytes()
        assert gbt9704.faults(body) == []
        page = next(f for f in made.files if f.suffix == ".html").read_text(encoding="utf-8")
        numbers = set(
            re.findall(r"\d[\d,]*", html.unescape(re.sub(r"<[^>]*>|<style>.*?</style>", " ", page.split("<main")[1])))
        )
        assert numbers <= set(re.findall(r"\d[\d,]*", gbt9704.text(body))), "the same numbers"

    # the review and the brief show these times and this level
    past = lab.review(story)
    clocks = {row["clock_id"]: row["done"] for row in past.clocks.iter_rows(named=True)}
    assert clocks["P01"] == at(lab, "2026-09-08 13:10") and clocks["P02"] == at(lab, "2026-09-08 14:00")
    assert clocks["P03"] == at(lab, "2026-09-08 15:20")
    levels = brief.of(lab, "2026-09-09").levels.filter(pl.col("story_id") == story)
    assert levels.select("level", "confirmed_by").row(0) == ("Ⅱ", "主要负责人")
    assert lab.as_of("2026-09-08 15:25").cases.case(number)["lead"] == "计量科", "as it was then"

    # packed, checked, and a change is seen
    lab.cases.record(story, tmp_path / "record")
    assert records.verify(tmp_path / "record") == []
    packed = pl.read_ndjson(tmp_path / "record" / "posts.jsonl", infer_schema_length=None)
    assert packed.height == past.posts.height and not packed["text"].str.contains(r"\b1[3-9]\d{9}\b").any()
    (tmp_path / "record" / "history.jsonl").write_bytes(b"")
    assert records.verify(tmp_path / "record") == ["被改动：history.jsonl"]


@pytest.mark.soak
def test_no_person_needs_more_than_a_quarter_of_an_hour(county: Lab) -> None:
    intake.take_in(county.store)
    for day in ("2026-09-08", "2026-09-11", "2026-09-14", "2026-09-25"):
        minutes = county.cases.workload(day).group_by("who").agg(pl.col("minutes").sum())
        assert minutes["minutes"].max() <= 15, (day, minutes)
