"""`opinion-lab case ...`: a matter from the desk to the section and back, each step written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opinion_lab.cli.console import open_lab, say

if TYPE_CHECKING:
    from opinion_lab.lab import Lab

BY = click.option("--by", "who", required=True, help="谁做的（写职务或科室，不写人名）。")
AT = click.option("--at", default="", help="什么时候，例如 2026-09-09 12:00；不写为现在。")
OPTIONS = {
    "lead": click.option("--lead", default="", help="主办科室，只能一个。"),
    "support": click.option("--support", multiple=True, help="协办科室，可写多次。"),
    "opinion": click.option("--opinion", default="", help="拟办意见：谁办、几日、要什么结果。"),
    "due": click.option("--due", default="", help="期限，例如 2026-09-12 或 2026-09-12 17:30。"),
    "why": click.option("--why", default="", help="理由；补记时为所记的内容。"),
    "channel": click.option("--channel", default="", help="已告知本人走什么途径。"),
    "feedback": click.option("--text", "feedback", default="", help="查了什么、查到什么、依据、处理、是否已联系本人。"),
    "answer": click.option("--how", "answer", default="", help="怎样答复：时间、渠道；不需要的写“不需要：理由”。"),
    "outcome": click.option("--outcome", default="", help="办结方式，例如 查实已处理、部分属实、不属实。"),
    "satisfied": click.option("--satisfied", default="", help="回访结果，例如 满意、不满意、未接通。"),
    "into": click.option("--into", default="", help="并入哪一件（主件编号）。"),
}
STEPS = {
    "assign": ("交办：定主办、协办科室和期限。", ("lead", "support", "opinion", "due")),
    "accept": ("科室签收。", ()),
    "return": ("科室退回：不属本科室的，退给办公室重派，不自行转走。", ("why",)),
    "reject": ("办公室驳回退回，仍由原科室办。", ("why",)),
    "decline": ("认定职责外：告知本人走什么途径。", ("why", "channel")),
    "merge": ("并案：并入另一件。", ("into", "why")),
    "split": ("把并过的件再拆出来。", ("why",)),
    "feedback": ("科室反馈查办情况。", ("feedback", "outcome")),
    "redo": ("办公室退回重办，原期限不变。", ("why",)),
    "answer": ("审核反馈并答复（主办科室不能自审）。", ("answer",)),
    "close": ("办结（主办科室不能自销）。", ("outcome", "satisfied")),
    "reopen": ("重开：同一人补充了新事实。", ("why",)),
    "extend": ("延期：须在届满之前，写明理由。", ("why", "due")),
    "supervise": ("督办：批示、曝光、逾期、反复不满意。", ("why",)),
    "note": ("补记一笔，状态不变。", ("why",)),
}


@click.group()
def case() -> None:
    """办件：登记、交办、签收、反馈、答复、办结，以及退回、延期、督办；每一步都留痕。"""


def _step(event: str, about: str, names: tuple[str, ...]) -> click.Command:
    def run(folder: Path | None, number: str, who: str, at: str, **details: Any) -> None:
        lab = open_lab(folder)
        given: dict[str, Any] = {k: list(v) if isinstance(v, tuple) else v for k, v in details.items()}
        given |= {"due": _due(lab, details["due"])} if "due" in details else {}
        row = lab.cases.step(number, event, who=who, at=lab.store.moment(at), **given)
        say(f"已记下：{_line(lab, row)}")

    command: Callable[..., None] = click.pass_obj(run)
    for option in (*(OPTIONS[name] for name in reversed(names)), AT, BY):
        command = option(command)
    return click.command(event, help=about)(click.argument("number", metavar="编号")(command))


for _event, (_about, _names) in STEPS.items():
    case.add_command(_step(_event, _about, _names))


@case.command("new")
@click.argument("title", metavar="标题")
@click.option("--story", default="", help="属哪个事件：编号（s_ 开头），或标题里的词。")
@click.option("--post", "posts", multiple=True, help="依据的帖文编号，可写多次。")
@click.option("--kind", default="web", show_default=True, help="类别，见办件流转表（rules list）。")
@click.option("--line", default="", help="条线编号，例如 L14；一条帖文说了两件事，就登记两次，各写一条线。")
@click.option("--demand", default="", help="对方要什么。")
@click.option("--found", default="", help="什么时候发现的；不写为登记时。")
@BY
@AT
@click.pass_obj
def _new(
    folder: Path | None,
    title: str,
    story: str,
    posts: tuple[str, ...],
    kind: str,
    line: str,
    demand: str,
    found: str,
    who: str,
    at: str,
) -> None:
    """登记一件。"""
    lab = open_lab(folder)
    number = lab.cases.new(
        title,
        who=who,
        story=lab.story(story) if story else "",
        posts=posts,
        kind=kind,
        line=line,
        demand=demand,
        at=lab.store.moment(at),
        found_at=lab.store.moment(found),
    )
    say(f"已登记 {number}（{lab.cases.on_paper(number)}）。")
    say(f"交办：opinion-lab case assign {number} --lead 科室 --by 办公室")


@case.command("list")
@click.option("--section", default="", help="只看一个科室的。")
@click.option("--story", default="", help="只看一个事件的：编号，或标题里的词。")
@click.option("--late", is_flag=True, help="只看超期的。")
@click.option("--all", "everything", is_flag=True, help="连已了结的一起列。")
@click.option("--most", default=30, show_default=True, help="最多列几件。")
@click.pass_obj
def _list(folder: Path | None, section: str, story: str, late: bool, everything: bool, most: int) -> None:
    """列出在办的件：督办的、超期的在前，再按期限。"""
    import polars as pl

    lab = open_lab(folder)
    rows = lab.cases.all() if everything else lab.cases.waiting()
    if section:
        named = pl.col("support").list.contains(section) | pl.col("lead").str.contains(section, literal=True)
        rows = rows.filter(named.fill_null(False))
    if story:
        rows = rows.filter(pl.col("story_id") == lab.story(story))
    rows = rows.filter(pl.col("late").fill_null(False)) if late else rows
    for row in rows.head(most).iter_rows(named=True):
        say(_line(lab, row))
    overdue = int(rows["late"].fill_null(False).sum())
    say(f"共{rows.height}件，其中超期{overdue}件；列出{min(most, rows.height)}件。")


@case.command("show")
@click.argument("number", metavar="编号")
@click.pass_obj
def _show(folder: Path | None, number: str) -> None:
    """看一件：各项内容，和它的每一步（谁、何时、写了什么）。"""
    from opinion_lab.report.wording import cases as wording

    lab = open_lab(folder)
    row = lab.cases.case(number)
    say(_line(lab, row))
    for what, text in wording.details(row, lab.cases.table, lab.zone):
        say(f"  {what}：{text}")
    for line in wording.steps(lab.cases.history(row["case_id"]), lab.cases.table, lab.zone):
        say(f"  {line}")


def _line(lab: Lab, row: dict[str, Any]) -> str:
    from opinion_lab.report.wording import cases as wording

    return wording.line(row, lab.cases.table, lab.zone, now=lab.cases.now)


def _due(lab: Lab, text: str) -> datetime | None:
    """A term as people write it: a day means its end."""
    moment = lab.store.moment(text)
    if moment is not None and len(text.strip()) == 10:
        moment = datetime.combine(moment.date(), time(23, 59, 59), lab.zone)
    return moment


@case.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--section", default="", help="只导出一个科室在办的件，供科室填写；不写为整本台账。")
@click.pass_obj
def _export(folder: Path | None, file: Path, section: str) -> None:
    """把台账，或一个科室在办的件，导出成 Excel（.xlsx）；写 .docx 则是在办件的 Word 台账。"""
    from opinion_lab.desk import workbooks

    lab = open_lab(folder)
    n = workbooks.export(lab, file, section=section)
    say(f"已导出{n}件到 {file}。" + ("科室填好后：opinion-lab case import 文件 --by 科室" if section else ""))


@case.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", "who", required=True, help="哪个科室填的。")
@click.pass_obj
def _import(folder: Path | None, file: Path, who: str) -> int:
    """读回科室填好的表：只记新填的格，编号不认识的、做不了的逐行说明；有没记下的行时退出码为 1。"""
    from opinion_lab.desk import workbooks

    found = workbooks.read_back(open_lab(folder), file, who=who)
    for what, rows in (("已记下", found.done), ("编号不认识", found.unknown), ("没有记下", found.refused)):
        for row in rows:
            say(f"{what}：{row}")
    counts = f"记下{len(found.done)}步，没有新内容{len(found.unchanged)}件"
    say(f"{counts}，编号不认识{len(found.unknown)}行，没有记下{len(found.refused)}件。")
    return int(bool(found.unknown or found.refused))


@case.command("sheet")
@click.argument("number", metavar="编号")
@click.pass_obj
def _sheet(folder: Path | None, number: str) -> None:
    """做一张交办单（Word）。"""
    from opinion_lab.desk import papers

    say(f"交办单：{papers.sheet(open_lab(folder), number)}")


@case.command("plan")
@click.argument("story", metavar="事件")
@click.option("--done", default="", help="勾掉一项：清单里的编号（m_ 开头）。")
@click.option("--by", "who", default="", help="谁做的（职务）。")
@click.option("--note", default="", help="怎么做的，一句话。")
@click.pass_obj
def _plan(folder: Path | None, story: str, done: str, who: str, note: str) -> None:
    """一件事的处置清单：按级别和种类，谁做什么、几时前；做了的由人勾掉。"""
    from opinion_lab.report.wording import cases as wording

    lab = open_lab(folder)
    rows = lab.cases.tick(story, done, who=who, note=note) if done else lab.cases.plan(story)
    for row in rows.iter_rows(named=True):
        say(f"{'✓' if row['done_at'] else '□'} {row['measure_id']}  {wording.measure(row, lab.zone)}")
    ticked = int(rows["done_at"].is_not_null().sum())
    say(f"共{rows.height}项，已做{ticked}项。勾掉：opinion-lab case plan {story} --done 编号 --by 职务")


@case.command("workload")
@click.option("--day", default="", help="哪一天，默认最新。")
@click.pass_obj
def _workload(folder: Path | None, day: str) -> None:
    """今天什么事等着谁，各要几分钟（件数 × 每件估计的秒数）。"""
    from opinion_lab.report.wording import cases as wording

    rows = open_lab(folder).cases.workload(day)
    for line in wording.workload(rows):
        say(line)


@case.command("proposals")
@click.option("--day", default="", help="只看哪一天来的工单，例如 2026-09-11；默认最新一天，写 all 为全部。")
@click.option("--confirm", "section", default="", help="把建议给这一科室的全部交办。")
@click.option("--by", "who", default="", help="谁交办的（职务）。")
@click.pass_obj
def _proposals(folder: Path | None, day: str, section: str, who: str) -> None:
    """待交办的工单建议交给哪个科室；办公室看过后一次交办一个科室的。"""
    lab = open_lab(folder)
    on = None if day == "all" else lab.latest(day)
    if section:
        done = lab.cases.hand_over(section, who=who, day=on)
        say(f"已交办{len(done)}件给{section}：{'、'.join(done[:10])}{'……' if len(done) > 10 else ''}")
        return
    rows = lab.cases.proposals(on)
    for row in rows.iter_rows(named=True):
        say(f"{row['case_id']}  {row['section'] or '（看不准，请逐件交办）'}  {row['title']}")
    sure = rows.filter(rows["section"] != "").height
    say(f"共{rows.height}件待交办，有建议的{sure}件。交办：opinion-lab case proposals --confirm 科室 --by 办公室")
