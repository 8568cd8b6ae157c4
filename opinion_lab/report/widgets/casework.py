"""The desk's forms: the next step of a case, a section's sheet out and in, a draft checked, a paper issued, a record.

What each does stands in `lab.cases`; a form only asks and says what came of it. In a report there are none.
"""

from __future__ import annotations

import os
from typing import Any

import polars as pl

from opinion_lab.config import LabError
from opinion_lab.report.page.components import hint
from opinion_lab.report.widgets.desk import HOW, told_by
from opinion_lab.report.widgets.labelling import Cell
from opinion_lab.report.wording.response import statements

#: What is asked for a step beside what it needs; what a form of two fields cannot ask is done by `opinion-lab case`.
FIELDS, LATER = 2, ("register", "split", "merge")
SHEETS, RECORDS = "办件", "留存"


def _none() -> Cell | None:
    """Nothing in a report, where nobody can fill in a form; None where somebody can."""
    return Cell("", "") if os.environ.get("OPINION_LAB_REPORT") else None


def _cell(*rows: Any) -> Cell:
    from ipywidgets import VBox

    return Cell(hint(HOW).html, HOW, box=VBox(list(rows)))


def steps(lab: Any, *, office: str = "办公室") -> Cell:
    """One form for every step: which case, which step that is open to it, by whom, what must be written down."""
    if none := _none():
        return none
    from ipywidgets import HTML, Button, Dropdown, HBox, Layout, Text

    table = lab.cases.table
    case = Dropdown(description="件", layout=Layout(width="420px"))
    step = Dropdown(description="下一步", layout=Layout(width="220px"))
    who = Text(value=office, placeholder="谁做的（职务）", layout=Layout(width="150px"))
    texts = [Text(layout=Layout(width="320px")) for _ in range(FIELDS)]
    done, button = HTML(""), Button(description="记下这一步")

    def refresh(_: Any = None) -> None:
        rows = lab.cases.waiting().filter(pl.col("origin") != "order")
        kept = case.value
        case.options = [(f"{r['case_id']} {r['title'][:16]}", r["case_id"]) for r in rows.iter_rows(named=True)]
        if kept in rows["case_id"].to_list():
            case.value = kept
        offer()

    def offer(_: Any = None) -> None:
        state = lab.cases.case(case.value)["state"] if case.value else ""
        step.options = [(s.name, s.event) for s in table.step if state in s.since and s.event not in LATER]
        ask()

    def ask(_: Any = None) -> None:
        needs = table.steps[step.value].needs if step.value else ()
        for text, need in zip(texts, (*needs, *[""] * FIELDS), strict=False):
            choices = "、".join(table.choices.get(need, ()))
            text.placeholder = table.fields.get(need, "") + (f"：{choices}" if choices else "")
            text.value, text.layout.display = "", "" if need else "none"

    def take() -> str:
        if not case.value:
            raise LabError("没有在办的件。先在上面登记并交办，或按“刷新”。")
        given = dict(zip(table.steps[step.value].needs, (t.value.strip() for t in texts), strict=False))
        if "due" in given:
            given["due"] = lab.store.moment(given["due"])
        row = lab.cases.step(case.value, step.value, who=who.value, **given)
        said = f"{row['case_id']} 已{table.steps[step.value].name}，现在是“{table.states[row['state']].name}”。"
        refresh()
        return said

    case.observe(offer, "value")
    step.observe(ask, "value")
    again = Button(description="刷新", layout=Layout(width="auto"))
    again.on_click(refresh)
    button.on_click(told_by(done, take, once=False))
    refresh()
    return _cell(HBox([case, again, step]), HBox([who, *texts, button]), done)


def sheets(lab: Any) -> Cell:
    """A section's open cases as an Excel file to fill in, and what it filled in taken back."""
    if none := _none():
        return none
    from ipywidgets import HTML, Button, FileUpload, HBox, Text

    section = Text(placeholder="科室")
    out, back = Button(description="导出给科室填"), FileUpload(accept=".xlsx", description="读回填好的表")
    done = HTML("")

    def export() -> str:
        path = lab.root / SHEETS / f"{_named(section)}.xlsx"
        return f"{lab.cases.export(path, section=section.value.strip())}件，在 {path}"

    def read() -> str:
        found = lab.cases.read_back(bytes(back.value[0]["content"]), who=_named(section))
        parts = (("已记下", found.done), ("编号不认识", found.unknown), ("没有记下", found.refused))
        lines = [f"{what}：{row}" for what, rows in parts for row in rows]
        rest = f"记下{len(found.done)}步，没有新内容{len(found.unchanged)}件。接着办的，先按上面的“刷新”。"
        return "\n".join([*lines, rest])

    out.on_click(told_by(done, export, once=False))
    back.observe(lambda _: told_by(done, read, once=False)(back) if back.value else None, "value")
    return _cell(HBox([section, out, back]), done)


def _named(section: Any) -> str:
    if not (name := section.value.strip()) or set(name) & set('/\\:*?"<>|.'):
        raise LabError("请先写是哪个科室。")
    return str(name)


def draft(lab: Any, story: str) -> Cell:
    """A draft pasted in: held against the rules, what was said before, and the demands that it leaves open."""
    if none := _none():
        return none
    from ipywidgets import HTML, Button, Layout, Textarea

    text = Textarea(placeholder="把通报稿、答复稿贴在这里", layout=Layout(width="100%", height="140px"))
    done, button = HTML(""), Button(description="检查这一稿")

    def check() -> str:
        if not text.value.strip():
            raise LabError("还没有贴稿子。")
        held = lab.cases.check_draft(text.value, story)
        against = statements.against_story(held.differences, held.open)
        return "\n".join([statements.summary(held.remarks), *statements.lines(held.remarks), *against])

    button.on_click(told_by(done, check, once=False))
    return _cell(text, button, done)


def papers(lab: Any, story: str, *, office: str = "办公室") -> Cell:
    """Papers about the story and the time, each under its number, and the story packed to be kept."""
    if none := _none():
        return none
    from ipywidgets import HTML, Button, Dropdown, HBox, Layout, Text

    kinds = [(name, k) for k, name in lab.cases.kinds.items()]
    kind = Dropdown(options=kinds, description="材料", layout=Layout(width="240px"))
    who = Text(value=office, placeholder="谁编发（职务）", layout=Layout(width="150px"))
    done, issue, keep = HTML(""), Button(description="编发"), Button(description="留存这件事")

    def make() -> str:
        about = {"story": story} if kind.value in lab.cases.of_a_story else {}
        made = lab.cases.issue(kind.value, who=who.value, **about)
        return "\n".join([f"{made.paper.mark}{made.paper.issue}：{made.paper.title}", *map(str, made.files)])

    def pack() -> str:
        folder = lab.root / RECORDS / f"{story}-{lab.cases.now.astimezone(lab.zone):%Y%m%d-%H%M%S}"
        names = lab.cases.record(story, folder)
        return f"已留存{len(names)}个文件：{folder}\n核对：opinion-lab verify --record {folder}"

    issue.on_click(told_by(done, make, once=False))
    keep.on_click(told_by(done, pack, once=False))
    return _cell(HBox([kind, who, issue, keep]), done)
