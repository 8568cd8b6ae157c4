"""Work orders as bureaus of other provinces head them: no mapping by hand, and what is no order is taken for none."""

import io
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter

from opinion_lab import config
from opinion_lab.collect import importer
from opinion_lab.storage.store import Store
from tests.collect.test_cases import read, shipped, shown

SAID = ["包子馅发酸，要求查处", "鲜果超市称重少三两", "会员卡余额不退"]
DAYS = ["2026-09-02 08:15", "2026-09-02 09:40", "2026-09-03 20:15"]

#: What stands in the header -> what is read as; None: no column of ours.
HEADERS = [
    "诉求编号=native_id 登记时间=published_at 诉求人=author 联系电话= 事项分类=request_type 诉求内容=text "
    "主办单位=unit 协办单位= 办结时间=closed_at 办理结果=result 满意度=satisfied 回访人=",
    "工单编号=native_id 来电时间=published_at 来电号码= 归口分类=request_type 诉求区域=region 来电内容=text "
    "承办单位名称=unit 要求办结时间=due_at 实际办结时间=closed_at 办理情况=result 服务满意度=satisfied",
    "诉求件编号=native_id 诉求日期=published_at 诉求标题=title 诉求内容=text 诉求目的=request_type "
    "责任单位=unit 办理时限=due_at 办结日期=closed_at 处理结果=result 评价情况=satisfied",
    "受理编号=native_id 交办时间=published_at 反映人=author 问题分类=request_type 反映内容=text 办理单位=unit "
    "完成时限=due_at 办结情况=result 群众满意度=satisfied",
    "业务流水号=native_id 受理时间=published_at 诉求分类=request_type 诉求主题=title 诉求详情=text "
    "主责单位=unit 反馈时间=closed_at 反馈结果=result 满意评价=satisfied",
    "*工单号=native_id 诉求类型（必填）=request_type 来电时间(24小时制)=published_at 主要诉求=text "
    "处办单位=unit 是否满意=satisfied",
    "工单标识=native_id 创建日期=published_at 群众姓名=author 工单来源= 问题归类=request_type 事项内容=text "
    "受办单位=unit 规定办结时间=due_at 办理反馈=result 回访满意情况=satisfied",
    "案件编号=native_id 呼入时间=published_at 案件类型=request_type 案件描述=text 处置单位=unit "
    "处置截止时间=due_at 处置时间=closed_at 处置结果=result 市民评价=satisfied",
    "信件编号=native_id 写信日期=published_at 信件标题=title 信件内容=text 信件类型=request_type 答复部门=unit "
    "答复日期=closed_at 答复内容=result 满意程度=satisfied",
    "序号= 受理时间=published_at 投诉问题= 投诉问题描述=text 承办单位=unit 办理结果=result",
    "受理日期=published_at 反映问题=text 责任单位=unit",
]
VALUES = {
    "native_id": ["A1", "A2", "A3"],
    "published_at": DAYS,
    "due_at": ["2026-09-20 23:59:59"] * 3,
    "closed_at": ["2026-09-08 10:30", None, "2026-09-09 00:00"],
    "text": SAID,
    "satisfied": ["满意", "不满意", None],
}


@pytest.mark.parametrize("header", HEADERS)
def test_headers_of_other_provinces_are_read(lab: Store, header: str) -> None:
    columns = dict(pair.split("=") for pair in header.split())
    given = {name: VALUES.get(target, [f"{name}{n}" for n in range(3)]) for name, target in columns.items()}
    lines = [",".join(columns), *(",".join(v or "" for v in row) for row in zip(*given.values(), strict=True))]
    path = lab.root / "orders.csv"
    path.write_text("\n".join(lines), encoding="gb18030")
    proposal = importer.propose(lab, path)
    assert proposal.mapping == "work-orders"
    for name, target in columns.items():
        if target:
            assert shown(proposal.items, target) == given[name], name


def book(fill: Callable[[Any, Any], None]) -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    fill(made, made.add_worksheet("9月"))
    made.close()
    return out.getvalue()


def ledger(made: Any, sheet: Any) -> None:
    """Two header rows with merged cells, ids as numbers, date and time apart, a hidden column, a sum."""
    sheet.merge_range(0, 0, 0, 6, "热线诉求件台账")
    sheet.merge_range(1, 0, 2, 0, "诉求件编号")
    sheet.merge_range(1, 1, 1, 3, "诉求信息")
    sheet.merge_range(1, 4, 1, 6, "办理信息")
    for c, name in enumerate(["*来电日期", "*来电时间\n(24小时制)", "诉求内容", "责任单位", "办结日期", "办结时间"], 1):
        sheet.write(2, c, name)
    day, clock = made.add_format({"num_format": "yyyy-mm-dd"}), made.add_format({"num_format": "hh:mm"})
    for n, moment in enumerate(map(datetime.fromisoformat, DAYS)):
        sheet.write_row(3 + n, 0, [202611020001.0 + n, "", "", SAID[n], "市场监管局", "2026-09-08", "10:30"])
        sheet.write_datetime(3 + n, 1, datetime(moment.year, moment.month, moment.day), day)
        sheet.write_number(3 + n, 2, (moment.hour * 60 + moment.minute) / 1440, clock)
    sheet.set_column(4, 4, None, None, {"hidden": True})
    sheet.write_row(6, 0, ["小计", 3])


def register(made: Any, sheet: Any) -> None:
    """Days without a year below a title that names it; a heading between the rows, signatures below them."""
    sheet.merge_range(0, 0, 0, 4, "2026年9月热线登记表")
    sheet.write_row(1, 0, ["热线单号", "日期", "时间", "诉求事由", "转办部门"])
    sheet.merge_range(2, 0, 2, 4, "一、食品类")
    for n, moment in enumerate(map(datetime.fromisoformat, DAYS)):
        at = [f"{moment.month}月{moment.day}日", f"{moment:%H:%M}"]
        sheet.write_row(3 + n, 0, [202611020001 + n, *at, SAID[n], "市场监管局"])
    for n, text in enumerate(["制表人：王某  审核人：李某", "—— 以下空白 ——"]):
        sheet.write(7 + n, 0, text)


@pytest.mark.parametrize("fill", [ledger, register])
def test_workbooks_of_other_provinces_are_read(fill: Callable[[Any, Any], None]) -> None:
    items = read(book(fill), shipped("work-orders")).items
    assert shown(items, "published_at") == DAYS and items["text"].to_list() == SAID
    assert items["native_id"].to_list() == [f"20261102000{n}" for n in (1, 2, 3)]
    assert set(items["unit"]) == {"市场监管局"}
    if fill is ledger:
        assert set(shown(items, "closed_at")) == {"2026-09-08 10:30"}


@pytest.mark.parametrize(
    ("header", "mapping"),
    [
        ("登记编号,登记部门,登记时间,提供方,被投诉企业名称,投诉类别,投诉内容,处理部门,办结时间", "12315"),
        ("投诉编号,投诉时间,被投诉主体,投诉问题描述,办理机构,办结日期,反馈信息", "12315"),
        ("登记编号,登记时间,诉求内容,承办单位", "work-orders"),
        ("平台,编号,标题,正文,发布时间", "posts"),
        # what nothing else fits is a table of posts where it has a time and a text
        ("日期,内容", "table"),
        ("时间,标题,内容,作者", "table"),
        ("doc_id,report_time,headline,lead", "table"),
        ("序号,微博正文,发布日期,转发数", "table"),
        ("id,created_at,full_text,user.screen_name", "table"),
        ("日期,数量", None),
        ("姓名,内容", None),
        ("一级分类,二级分类", None),
    ],
)
def test_what_a_table_is_is_told_from_its_header(lab: Store, header: str, mapping: str | None) -> None:
    path = lab.root / "t.csv"
    timely = re.compile("时间|日期|time|_at")
    cells = ["2026-09-02 08:15" if timely.search(name) else f"{name}一" for name in header.split(",")]
    path.write_text(f"{header}\n{','.join(cells)}\n", encoding="utf-8")
    if mapping:
        assert importer.propose(lab, path).mapping == mapping
    else:
        with pytest.raises(config.LabError, match="缺少"):
            importer.propose(lab, path)


def test_a_pattern_that_is_wrong_says_where(lab: Store) -> None:
    (lab.root / "mappings").mkdir()
    text = 'source_id = "x"\n[constants]\nplatform = "x"\nkind = "post"\n[[item]]\n[item.columns]\ntext = "/(/"\n'
    (lab.root / "mappings" / "x.toml").write_text(text, encoding="utf-8")
    (lab.root / "t.csv").write_text("a\n1\n", encoding="utf-8")
    for named in ("x", ""):
        with pytest.raises(config.LabError, match="不是正则表达式"):
            importer.propose(lab, lab.root / "t.csv", named)
    # and holds up no file that another one fits
    (lab.root / "t.csv").write_text("时间,内容\n2026-09-02,食堂\n", encoding="utf-8")
    assert importer.propose(lab, lab.root / "t.csv").mapping == "table"
