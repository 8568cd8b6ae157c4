"""Papers of the desk: the hand-over sheet of one case (交办单), the ledger of many (台账), the cases of a story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.papers.paper import Block, Paragraph, Table, table
from opinion_lab.report.wording import cases as wording, phrases
from opinion_lab.rules.handling import CaseStates

LEDGER = {
    "case_id": "编号",
    "kind": "类别",
    "title": "事项",
    "lead": "主办科室",
    "support": "协办科室",
    "state": "状态",
    "found": "发现",
    "assigned": "交办",
    "last": "期限",
    "feedback": "反馈",
    "outcome": "办结方式",
    "satisfied": "回访",
    "order_no": "工单编号",
    "story_id": "事件",
}


def ledger(cases: pl.DataFrame, states: CaseStates, zone: tzinfo, now: datetime) -> pl.DataFrame:
    """Cases (terms.standing) as a ledger is read: the columns of LEDGER, all texts, null where nothing is known."""
    rows = [
        {
            **{c: row[c] for c in LEDGER if c in row},
            "kind": states.kinds[row["kind"]].name,
            "support": "、".join(row["support"]) or None,
            "state": wording.state(row, states),
            "found": phrases.time(row["found_at"], zone, year=True),
            "assigned": phrases.time(row["assigned_at"], zone, year=True) if row["assigned_at"] else None,
            "last": wording.term(row, now, zone),
        }
        for row in cases.iter_rows(named=True)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict.fromkeys(LEDGER, pl.String()))


def case_table(
    cases: pl.DataFrame, states: CaseStates, zone: tzinfo, now: datetime, caption: str, most: int = 12
) -> list[Block]:
    """The cases of a story as a table; what people registered before the orders that came by the hotline."""
    if cases.is_empty():
        return [Paragraph("没有登记办件。")]
    ordered = cases.sort(pl.col("origin") == "order", "case_id")
    rows = ledger(ordered, states, zone, now)
    columns = {c: LEDGER[c] for c in ("case_id", "title", "lead", "state", "last")}
    return [table(rows, columns, caption, most)]


def sheet(case: Mapping[str, Any], number: str, line: str, states: CaseStates, zone: tzinfo) -> list[Block]:
    """交办单: what it is about, who must do what until when; below it room for the section's answer."""
    term = f"{phrases.time(case['due'], zone, year=True)}（本局规定）" if case["due"] else "未定"
    legal = (
        f"{phrases.time(case['legal_due'], zone, year=True)}（{'、'.join(case['basis'])}）"
        if case["legal_due"]
        else "无（网帖线索不起算法定时限）"
    )
    rows = (
        ("单号", number),
        ("类别", states.kinds[case["kind"]].name),
        ("事项", case["title"]),
        ("诉求", case["demand"] or "见所附帖文"),
        ("条线", line or "未定"),
        ("发现时间", phrases.time(case["found_at"], zone, year=True)),
        ("拟办意见", case["opinion"] or ""),
        ("主办科室", case["lead"] or ""),
        ("协办科室", "、".join(case["support"])),
        ("内部期限", term),
        ("法定期限", legal),
        ("签收人、时间", phrases.time(case["accepted_at"], zone, year=True) if case["accepted_at"] else ""),
        ("反馈", case["feedback"] or "（查了什么、查到什么、依据、怎样处理、是否已联系本人）"),
        ("科室负责人签字", ""),
    )
    notes = "不属本科室的，请在期限内写明理由退回办公室，不自行转走。反映人的信息不给被反映人和无关人员。"
    return [Table("交办内容", ("项", "内容"), rows), Paragraph(notes)]
