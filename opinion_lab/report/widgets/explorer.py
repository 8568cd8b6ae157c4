"""The explorer in JupyterLab: posts searched, filtered, sorted, opened with their thread, decided upon, taken along.

Rows stay in the kernel; the browser has one page of them. Texts reach it as data and are put there as text alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Protocol

import anywidget
import polars as pl
import traitlets

from opinion_lab.config import LabError, Settings
from opinion_lab.report import wording
from opinion_lab.report.page import components
from opinion_lab.report.page.behind import csv
from opinion_lab.report.widgets.exploration import SORTS, Choice, Exploration
from opinion_lab.schemas import LEVELS

HERE = Path(__file__).parent
SNIPPET = 160  # characters of a post in the table
TAKEN = 100_000  # rows of one file
CELL = 32_000  # characters that a cell of a workbook holds
STATIC = 20  # rows of an exported page
HOW = "在 JupyterLab 里打开并运行这一格，可以搜索、筛选、排序，点开每条帖文。"


class Desk(Protocol):
    """What the explorer needs of a lab."""

    @property
    def zone(self) -> tzinfo: ...  # noqa: D102

    @property
    def settings(self) -> Settings: ...  # noqa: D102

    @property
    def decide(self) -> Callable[..., str]: ...  # noqa: D102

    def matching(self, query: str) -> pl.Series: ...  # noqa: D102

    def post_stories(self, since: Any = None, until: Any = None) -> pl.DataFrame: ...  # noqa: D102

    def describe(self, posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame: ...  # noqa: D102


class Explorer(anywidget.AnyWidget):
    """Posts under one's hands, to be read only without `hands`. `selected`: what is chosen now, as a frame (Post)."""

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"
    choice = traitlets.Dict().tag(sync=True)
    screen = traitlets.Dict().tag(sync=True)
    opened = traitlets.Dict().tag(sync=True)
    notice = traitlets.Dict().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)

    def __init__(self, desk: Desk, posts: pl.DataFrame, *, role: str = "值班员", hands: bool = True) -> None:
        say = wording.script(desk.settings.lang)
        self._days = (posts["day"].min(), posts["day"].max())
        self._years = posts["day"].dt.year().n_unique() > 1  # else a time without its year says enough
        exploration = Exploration(posts, desk.post_stories(*self._days), desk.matching, desk.zone)
        self._exploration, self._desk, self._say = exploration, desk, say
        self._done: list[str] = []
        texts: dict[str, Any] = dict(wording.NAMES["explorer"])
        texts |= {"columns": wording.NAMES["explorer_column"], "facets": wording.NAMES["explorer_facet"]}
        texts |= {"shown": list(texts["columns"]), "sorts": [c for c in SORTS if c in exploration.posts.columns]}
        texts |= {"levels": list(LEVELS), "role_now": role, "zone": str(desk.zone), "decides": hands}
        super().__init__(labels=_said(texts, say))
        self._refresh()
        self.observe(lambda _: self._refresh(), names="choice")
        self.on_msg(self._answer)

    @property
    def selected(self) -> pl.DataFrame:
        """The posts that are chosen now, in order of time."""
        return self._exploration.selected(self._chosen())

    def _chosen(self) -> Choice:
        given: dict[str, Any] = dict(self.choice)
        facets = {name: tuple(values) for name, values in given.get("facets", {}).items()}
        plain = {k: v for k, v in given.items() if k in ("words", "story_id", "sort", "descending", "page")}
        return Choice(facets=facets, since=_moment(given.get("since")), until=_moment(given.get("until")), **plain)

    def _refresh(self) -> None:
        try:
            view = self._exploration.view(self._chosen())
        except LabError as error:
            self._tell(str(error), wrong=True)
            return
        numbers = (wording.number(view[name]) for name in ("of", "n", "originals"))
        line = "{}条帖文中选出{}条，其中原创{}条。".format(*numbers)
        screen = {**view, "line": line, "rows": [self._row(row) for row in view["rows"]]}
        self.screen = _said(screen, self._say, verbatim=("rows", "facets"))

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        """A post as the table shows it: everything a text or a whole number."""
        text = "　".join(filter(None, (row["title"], row["text"])))
        numbers = {c: row[c] for c in ("likes", "reposts", "comments", "views", "heat")}
        return numbers | {
            "post_id": row["post_id"],
            "published_at": wording.time(row["published_at"], self._desk.zone, year=self._years),
            "platform": row["platform"],
            "author_kind": wording.name("author_kind", row["author_kind"]),
            "form": wording.name("form", row["form"]),
            "text": text[:SNIPPET] + ("……" if len(text) > SNIPPET else ""),
            "story_id": row["story_id"],
            "story_posts": row["story_posts"] if row["story_id"] else None,
        }

    def _open(self, post_id: str) -> None:
        thread = self._exploration.thread(post_id)
        if not thread:
            return
        post = thread.pop("post")
        whole = {"title": post["title"], "whole": post["text"], "quoted": post["quoted"], "url": post["url"]}
        parts = {k: [self._row(row) for row in v] if isinstance(v, list) else v for k, v in thread.items()}
        self.opened = {**self._row(post), **whole, "author": post["author_name"], "story": self._title(post), **parts}

    def _title(self, post: dict[str, Any]) -> str | None:
        if post["story_id"] is None:
            return None
        rows = self._exploration.posts.filter(pl.col("story_id") == post["story_id"])
        return str(self._desk.describe(rows, rows.select("post_id", "story_id"))["title"][0])

    # --- what the browser asks for -------------------------------------------------------------------------------

    def _answer(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        """One message of the browser: open a post, hand over a file, write a decision down."""
        try:
            if content["do"] == "open":
                self._open(content["post_id"])
            elif content["do"] in ("csv", "excel"):
                self._hand_over(content["do"])
            else:
                self._decide(content)
        except LabError as error:
            self._tell(str(error), wrong=True)

    def _hand_over(self, kind: str) -> None:
        rows = self.selected
        if rows.height > TAKEN:
            raise LabError(
                f"选出的{wording.number(rows.height)}条超过一份文件的上限{wording.number(TAKEN)}条。请先缩小范围。"
            )
        zone = str(self._desk.zone)
        flat = rows.select(pl.exclude(pl.List)).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
        flat = flat.with_columns(pl.col(pl.Datetime).dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M:%S"))
        name = f"帖文{rows.height}条"
        if kind == "csv":
            self.send({"file": f"{name}.csv", "type": "text/csv"}, [csv(flat).encode()])
            return
        out = io.BytesIO()
        flat.with_columns(pl.col(pl.String).str.head(CELL)).write_excel(out, worksheet="帖文")
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        self.send({"file": f"{name}.xlsx", "type": kind}, [out.getvalue()])

    def _decide(self, asked: dict[str, Any]) -> None:
        """Write down what a person decided, and show posts and stories as they are now."""
        action, who = asked["do"], str(asked.get("who", ""))
        about: dict[str, Any] = {"who": who, "why": asked.get("why", "")}
        if action == "undo":
            if not self._done:
                raise LabError(
                    "这里还没有可以撤销的决定。较早的请用 opinion-lab decisions 查编号，再 opinion-lab undo。"
                )
            self._desk.decide("undo", value=self._done[-1], **about)
            self._done.pop()
        else:
            if action in ("label", "split"):
                about["posts"] = [asked["post_id"]]
            about |= {k: asked[k] for k in ("value", "into") if asked.get(k)}
            story = "" if action == "label" else asked.get("story_id") or ""
            self._done.append(self._desk.decide(action, story, **about))
        self._exploration.regroup(self._desk.post_stories(*self._days))
        self._refresh()
        self._open(asked["post_id"])
        name = asked["value"] if action == "label" else action
        self._tell(f"已记下：{wording.NAMES['explorer'][name]}。报告下次生成时照此办理。")

    def _tell(self, text: str, *, wrong: bool = False) -> None:
        # numbered: the same words twice are said twice
        self.notice = {"text": self._say(text), "wrong": wrong, "number": self.notice.get("number", 0) + 1}

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget where one can run; elsewhere the newest posts as a table."""
        bundle: Any = super()._repr_mimebundle_(**kwargs) or {}
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        columns: dict[str, Any] = {"published_at": "时间", "platform": "平台", "text": ("内容", "verbatim")}
        newest = self.selected.reverse().select(*columns)
        listed = components.table(newest, columns, zone=self._desk.zone, most=STATIC)
        return {**data, "text/html": components.note(HOW).html + listed.html, "text/plain": HOW}, metadata


def _moment(seconds: Any) -> datetime | None:
    return None if seconds in (None, "") else datetime.fromtimestamp(float(seconds), UTC)


def _said(value: Any, say: Callable[[str], str], verbatim: tuple[str, ...] = ()) -> Any:
    """Every text of a JSON value in the lab's script, but for what posts themselves say."""
    if isinstance(value, str):
        return say(value)
    if isinstance(value, dict):
        return {k: v if k in verbatim else _said(v, say) for k, v in value.items()}
    return [_said(v, say) for v in value] if isinstance(value, list) else value
