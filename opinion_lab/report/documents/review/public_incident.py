"""A public incident as people read it: a Past (timelines.look_back), one function a finding."""

from __future__ import annotations

from opinion_lab.config import yes_no
from opinion_lab.judge import timelines
from opinion_lab.report import page
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.documents.review import response
from opinion_lab.report.page import Shown
from opinion_lab.report.wording.response import incidents


def of(lab: Desk, name: str, *, severe: str = "") -> timelines.Past:
    """The one incident of the archive whose name holds these words. `severe`: 是, 否, or nothing said."""
    chosen = timelines.pick(lab.rules.incidents, name)
    return timelines.look_back(chosen, lab.rules.deadlines, severe=yes_no(severe), zone=lab.zone)


def title(past: timelines.Past) -> Shown:
    """The report's title."""
    return page.title(f"公开事件复盘：{past.incident.name}")


def speed(lab: Desk, past: timelines.Past) -> Shown:
    """How soon the answer and the result came."""
    return page.finding(incidents.sentences(past.speed, zone=lab.zone) + "。")


def clocks(lab: Desk, past: timelines.Past) -> Shown:
    """The deadlines, as far as dates can tell."""
    return response.deadline_table(past.clocks, zone=lab.zone, caption="时限逐条（只知道日期的，按可能的范围判断）")


def correctness(lab: Desk, past: timelines.Past) -> Shown:
    """Whether what officials said first held."""
    return page.finding(incidents.sentences(past.correctness, zone=lab.zone) + "。")


def answers(past: timelines.Past) -> Shown:
    """What officials said each time."""
    columns = {"n": "次", "when": "时间", "body": "谁", "fact": ("说了什么", "verbatim"), "verdict": "后来"}
    return page.table(incidents.answers(past.answers), columns, "官方的每次说法", clamp=200)


def outcome(lab: Desk, past: timelines.Past) -> Shown:
    """How it ended."""
    return page.finding(incidents.sentences(past.outcome, zone=lab.zone) + "。")


def milestones(past: timelines.Past) -> Shown:
    """Its dates, as reported."""
    columns = {
        "when": "时间",
        "node": "节点",
        "body": "谁",
        "fact": ("事实", "verbatim"),
        "note": "存疑",
        "source": ("出处", "link"),
    }
    rows = past.milestones.with_columns(incidents.WHEN)
    return page.table(rows, columns, "时间点（照报道所写，引用前请核对出处）", clamp=120, null="—")
