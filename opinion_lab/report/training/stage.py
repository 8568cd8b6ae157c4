"""An exercise in JupyterLab: what is to be seen at a stage, the posts of it, and a form that opens the next one.

The kernel holds the open stage alone. Where no session was begun, and in a report, it is a note that says how.
"""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import anywidget
import polars as pl
import traitlets

from opinion_lab.config import LabError
from opinion_lab.report.page.components import Shown, finding, note, table, together
from opinion_lab.report.training import words
from opinion_lab.report.widgets.explorer import Desk, Explorer
from opinion_lab.report.wording.response import statements
from opinion_lab.schemas import LEVELS

HOW = (
    "演练要另外开：在终端运行 opinion-lab exercise make canteen，再运行 opinion-lab exercise run canteen --who 值班员。"
)
CHOICES = {"现在答": True, "先不答": False}


class Opened(anywidget.AnyWidget):
    """The line above a stage that was opened just now; the page goes to it."""

    _esm = Path(__file__).with_name("stage.js")
    says = traitlets.Unicode().tag(sync=True)


class Trainee(Desk, Protocol):
    """One trainee's side of a session; `opinion_lab.exercises` gives it."""

    who: str

    @property
    def zone(self) -> ZoneInfo: ...  # noqa: D102
    def stage(self) -> dict[str, Any]: ...  # noqa: D102
    def posts(self, *, around: bool = False) -> pl.DataFrame: ...  # noqa: D102
    def check(self, text: str) -> pl.DataFrame: ...  # noqa: D102
    def submit(self, **decision: Any) -> None: ...  # noqa: D102
    def debrief(self) -> str: ...  # noqa: D102


def desk(trainee: Trainee | None) -> Any:
    """The stage that is open, as a widget; a note where there is no session."""
    if trainee is None or os.environ.get("OPINION_LAB_REPORT"):
        return note(HOW)
    import ipywidgets

    box = ipywidgets.VBox([])
    box.add_class("exercise")
    _show(trainee, box)
    return box


def _show(trainee: Trainee, box: Any, said: str = "") -> None:
    """Put what is to be seen now into the box, in place of what was there."""
    from ipywidgets import HTML, Button, Checkbox, VBox

    now = trainee.stage()
    parts: list[Any] = [HTML(_picture(now, trainee.zone).html)]
    if now["debrief"]:
        parts = [HTML(f"<h3>演练结束</h3>{trainee.debrief()}")]
    elif now["finished"] or now["waiting"]:
        why = "各站都已做完，等训练人结束演练后讲评。" if now["finished"] else "这一站已提交，等训练人开放下一站。"
        again = Button(description="刷新", layout={"width": "auto"})
        again.on_click(lambda _: _show(trainee, box))
        parts += [HTML(note(why).html), again]
    else:
        posts = trainee.posts()
        news, top = Button(description="有没有新消息", layout={"width": "auto"}), parts[0]

        def renew(_: Any) -> None:
            seen = trainee.stage()
            if seen["finished"]:
                _show(trainee, box)
            else:  # the words alone: what stands in the form stays
                top.value = _picture(seen, trainee.zone).html

        news.on_click(renew)
        parts.append(news)
        if posts.height:
            beside = Checkbox(description="连同那几天别的帖文一起搜", indent=False, layout={"width": "auto"})
            shown = VBox([Explorer(trainee, posts, hands=False)])
            beside.observe(
                lambda given: setattr(
                    shown, "children", [Explorer(trainee, trainee.posts(around=given["new"]), hands=False)]
                ),
                "value",
            )
            parts += [beside, shown]
        parts.append(_form(trainee, now, box))
    if said:
        parts.insert(0, Opened(says=said))
    box.children = parts


def _picture(now: dict[str, Any], zone: ZoneInfo) -> Shown:
    """The stage in words: task, volume, answers, messages; nothing of a later hour."""
    seen, n = now["picture"], now["stage"]
    head = Shown(f"<h3>第{n}站　{html.escape(now['title'])}</h3>", f"第{n}站")
    first = [note(now["task"])] + [note(f"练什么：{'；'.join(now['objectives'])}。")] * bool(now["objectives"])
    answers = pl.DataFrame(
        seen["answers"], schema={"at": pl.Datetime("us", "UTC"), "author_name": pl.String, "text": pl.String}
    )
    columns: dict[str, Any] = {"at": "时间", "author_name": "谁", "text": ("内容", "verbatim")}
    spoke = table(answers, columns, "已有的官方回应", zone=zone, clamp=400) if answers.height else note("")
    sent = pl.DataFrame(now["injects"], schema={"stage": pl.Int64, "sender": pl.String, "text": pl.String})
    sent = sent.filter(pl.col("stage") == n)
    came = table(sent, {"sender": "谁", "text": "说了什么"}, "刚收到", clamp=400) if sent.height else note("")
    said = finding(words.picture(seen, now["at"], zone, first=n == 1))
    return together(head, *first, said, note(words.answered(seen, zone)), spoke, came)


def _form(trainee: Trainee, now: dict[str, Any], box: Any) -> Any:
    """Level, sections, answer or wait, demands, draft, reason; handing it in opens the next stage."""
    from ipywidgets import HTML, Button, Checkbox, HBox, Layout, RadioButtons, Textarea, VBox

    wide, auto = Layout(width="100%"), Layout(width="auto")
    level = RadioButtons(options=LEVELS, value=None, description="级别")
    speak = RadioButtons(options=list(CHOICES), value=None, description="公开回应")
    sections = {i: Checkbox(description=name, indent=False, layout=auto) for i, name in now["sections"].items()}
    demands = {
        row["key"]: Checkbox(
            description=f"{row['key']}（{row['n']}人：{row['quote'][:40]}）", indent=False, layout=wide
        )
        for row in now["demands"]
    }
    draft = Textarea(placeholder="选了“现在答”，在这里写要公开说的话", layout=Layout(width="100%", height="140px"))
    why = Textarea(placeholder="凭什么这样定，一两句话", layout=Layout(width="100%", height="60px"))
    remarks, told = HTML(""), HTML("")
    check, hand_in = Button(description="检查文稿", layout=auto), Button(description="提交这一站", layout=auto)
    hand_in.button_style = "primary"
    grid = Layout(display="grid", grid_template_columns="repeat(auto-fill, minmax(230px, 1fr))", width="100%")

    def checked(_: Any) -> None:
        found = trainee.check(draft.value)
        lines = [statements.summary(found), *statements.lines(found)]
        remarks.value = "".join(f"<div>{html.escape(line)}</div>" for line in lines)

    def handed_in(_: Any) -> None:
        hand_in.disabled = True
        try:
            trainee.submit(
                stage=now["stage"],
                level=level.value,
                answer=CHOICES.get(speak.value or ""),
                sections=[i for i, ticked in sections.items() if ticked.value],
                demands=[k for k, ticked in demands.items() if ticked.value],
                statement=draft.value,
                why=why.value,
            )
        except LabError as error:
            hand_in.disabled = False
            told.value = f'<p class="finding">{html.escape(str(error))}</p>'
            return
        _show(trainee, box, f"第{now['stage']}站已提交。")

    check.on_click(checked)
    hand_in.on_click(handed_in)
    asked = [VBox([*demands.values()], layout=wide)] if demands else [HTML(note("这一站还没有成形的诉求。").html)]
    parts = [HTML("<h4>一、定几级，答不答？</h4>"), HBox([level, speak]), HTML("<h4>二、分给哪些科室？</h4>")]
    parts += [VBox([*sections.values()], layout=grid), HTML("<h4>三、哪些诉求是真的、还没有答？</h4>"), *asked]
    parts += [
        HTML("<h4>四、要公开说的话</h4>"),
        draft,
        HBox([check]),
        remarks,
        HTML("<h4>五、理由</h4>"),
        why,
        HBox([hand_in]),
        told,
    ]
    return VBox(parts)
