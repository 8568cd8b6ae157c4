"""What a notebook shows beside charts: findings, notes, tables, and what the report stands on.

Everything is escaped here: post text is hostile until it is. `page` hands these on, so a notebook needs only that.
"""

from __future__ import annotations

import hashlib
import html
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cache
from types import SimpleNamespace
from typing import Any

import polars as pl

from opinion_lab import config
from opinion_lab.report import wording
from opinion_lab.report.wording import phrases
from opinion_lab.storage import story_days
from opinion_lab.storage.store import Store

TITLE = "application/vnd.opinion-lab.title+json"
FINDING = "application/vnd.opinion-lab.finding+json"
PROVENANCE = "application/vnd.opinion-lab.provenance+json"
#: The posts that numbers open: by the anchor of each group, what it is called and its post_ids, in one text.
BASIS = "application/vnd.opinion-lab.basis+json"
#: What stands on a page in the place of what a notebook shows.
ON_PAGE = "application/vnd.opinion-lab.page+html"

#: A number that opens its posts.
LINK = re.compile(r'<a href="#posts-\w+">(.*?)</a>')

#: Whether numbers are links: in a report, and in a notebook from where posts can open on (`widgets.opening`).
links = SimpleNamespace(there="OPINION_LAB_REPORT" in os.environ)

LISTED = 20  # posts that a notebook lists; a report has them all beside it
#: What a post without a word of its own shows: a bare repost.
WORDLESS = "（没有文字）"


@dataclass(frozen=True)
class Shown:
    """Something with an HTML face, a plain one, and data for `render`."""

    html: str
    plain: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def post_ids(self) -> list[str]:
        """The posts that its numbers open."""
        return opened(self.data.get(BASIS, {}))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self._repr_html_(), "text/plain": self.plain, **self.data}

    def _repr_html_(self) -> str:
        return self.html if links.there else LINK.sub(r"\1", self.html)

    def __repr__(self) -> str:
        return self.plain


def opened(groups: Mapping[str, Mapping[str, str]]) -> list[str]:
    """All post_ids of the groups of posts that numbers open (data under BASIS)."""
    return sorted({post_id for group in groups.values() for post_id in group["ids"].split()})


#: JupyterLab sets the cells of every table to the right; a report has a style sheet of its own.
IN_JUPYTER = (
    "<style>.jp-RenderedHTMLCommon .table table{margin-left:0}"
    ".jp-RenderedHTMLCommon .table :is(caption,th,td){text-align:left;vertical-align:top}"
    ".jp-RenderedHTMLCommon .table .number{text-align:right;white-space:nowrap}"
    ".jp-RenderedHTMLCommon .table caption{font-weight:600;color:inherit}"
    # of folded code not even the first line
    ".jp-InputPlaceholder .jp-PlaceholderText{font-size:0}"
    ".jp-InputPlaceholder .jp-PlaceholderText::after{content:'代码';font-size:12px}</style>"
)


def title(text: str, until: datetime | None = None) -> Shown:
    """The report's title when it depends on the data; it takes the place of the notebook's first heading.

    `until`: the last moment of which the data speak; a page made more than a day later begins with saying so.
    """
    data = {"text": text} | ({"until": until.isoformat()} if until else {})
    return Shown(f"{IN_JUPYTER}<h1>{html.escape(text)}</h1>", text, {TITLE: data})


def finding(text: str, posts: pl.DataFrame | None = None) -> Shown:
    """What was found, in a sentence, above the evidence; the first one of a report is its summary in the index.

    `posts`: the posts that its numbers count, which a link behind it opens.
    """
    link, basis = _opens(posts["post_id"], re.split("[；。]", text)[0]) if posts is not None else ("", {})
    behind = f' <span class="basis">（{link}条帖文）</span>' if link else ""
    return Shown(f'<p class="finding">{html.escape(text)}{behind}</p>', text, {FINDING: {"text": text}} | basis)


def _opens(ids: pl.Series | list[str], what: str) -> tuple[str, dict[str, Any]]:
    """How many posts these are, as a link that opens them, and the group for `render`; nothing for none."""
    every = sorted(set(ids))
    if not every:
        return "", {}
    anchor = f"posts-{hashlib.sha256(chr(10).join(every).encode()).hexdigest()[:12]}"
    return f'<a href="#{anchor}">{wording.number(len(every))}</a>', {
        BASIS: {anchor: {"what": what, "ids": " ".join(every)}}
    }


def posts(rows: pl.DataFrame, what: str = "上文的依据") -> Shown:
    """The posts (Post) behind what stands above: on a page a link to all of them, in a notebook the newest, folded."""
    link, basis = _opens(rows["post_id"], what)
    if not link:
        return Shown("", "")
    columns: dict[str, Column] = {
        "published_at": "时间",
        "platform": "平台",
        "says": ("内容", "verbatim"),
        "url": ("链接", "link"),
        "post_id": "帖文编号",
    }
    newest = phrases.says(rows).sort("published_at", "post_id", descending=[True, False])
    listed = table(newest, columns, "新的在前", most=LISTED, null="")
    count = f"依据：{wording.count(rows['post_id'].n_unique(), '条帖文')}"
    folded = f'<details class="basis"><summary>{count}</summary>{listed.html}</details>'
    return Shown(folded, count, {ON_PAGE: f'<p class="basis">依据：{link}条帖文</p>'} | basis)


def note(text: str) -> Shown:
    """A caveat, or how to read what stands above it; nothing when there is none."""
    return Shown(f'<p class="note">{html.escape(text)}</p>' if text else "", text)


def hint(text: str) -> Shown:
    """Where in JupyterLab more can be done: of use on the screen alone, and not printed."""
    return Shown(f'<p class="hint">{html.escape(text)}</p>', text)


def folded(what: str, shown: Shown) -> Shown:
    """What only some readers want: folded on the screen, not printed."""
    if not shown.html:
        return shown
    html_ = f'<details class="fold"><summary>{html.escape(what)}</summary>{shown.html}</details>'
    return Shown(html_, shown.plain, shown.data)


def together(*parts: Shown) -> Shown:
    """Several in a row as one; what the first of them carries for `render` stays, the posts of all are opened."""
    data = {kind: value for part in reversed(parts) for kind, value in part.data.items()}
    if basis := {k: v for part in parts for k, v in part.data.get(BASIS, {}).items()}:
        data[BASIS] = basis
    if ON_PAGE in data:
        data[ON_PAGE] = "".join(part.data.get(ON_PAGE, part.html) for part in parts)
    return Shown("".join(part.html for part in parts), "\n".join(part.plain for part in parts if part.plain), data)


Column = Sequence[str]  # a name, or a name and its format


def table(
    frame: pl.DataFrame,
    columns: Mapping[str, Column] | None = None,
    caption: str = "",
    *,
    zone: tzinfo | None = None,
    most: int = 50,
    clamp: int = 90,
    null: str = wording.NOT_SAID,
    nothing: str | None = None,
) -> Shown:
    """A frame as people read one: `columns` picks and names them ({"n": "条数"}), null is 未提供 unless said.

    A column may name its format, {"share": ("占比", "percent")}: percent, count (3.2万), day, link, verbatim (text
    as it was written, in any script), posts (a list of post_ids, shown as how many they are, which opens them).
    Without one the type decides; codes of known columns get their Chinese names.
    Text beyond `clamp` characters folds away; rows beyond `most` are counted, not shown. `nothing` stands
    in the place of a table without rows.
    """
    if frame.is_empty() and nothing is not None:
        return note(nothing)
    wanted = {c: ((v, "") if isinstance(v, str) else v) for c, v in (columns or {c: c for c in frame.columns}).items()}
    if missing := [c for c in wanted if c not in frame.columns]:
        raise KeyError(f"no such column: {', '.join(missing)}; there are: {', '.join(frame.columns)}")
    zone = zone or _zone()
    kinds = {c: fmt or _kind(frame.schema[c]) for c, (_, fmt) in wanted.items()}
    kinds = {
        c: "year" if kind == "time" and wording.several_years(frame[c], zone) else kind for c, kind in kinds.items()
    }
    head = "".join(f'<th scope="col"{_class(kinds[c])}>{html.escape(label)}</th>' for c, (label, _) in wanted.items())
    basis: dict[str, Any] = {}
    lines = []
    for row in frame.head(most).select(list(wanted)).iter_rows(named=True):
        subject = wording.name(next(iter(wanted)), f"{next(iter(row.values()))}")
        cells = []
        for c, (label, _) in wanted.items():
            if kinds[c] == "posts":
                cell, group = _opens(row[c] or [], f"{subject} · {label}")
                basis |= group.get(BASIS, {})
            else:
                cell = _cell(c, row[c], kinds[c], zone, clamp, null)
            cells.append(f'<td{_class(kinds[c], row[c])} data-label="{html.escape(label)}">{cell or 0}</td>')
        lines.append("".join(cells))
    body = "".join(f"<tr>{row}</tr>" for row in lines) or f'<tr><td colspan="{len(wanted)}">{wording.NOTHING}</td></tr>'
    rest = f"共{wording.number(frame.height)}行，这里列出前{most}行" if frame.height > most else ""
    foot = f'<p class="note">{rest}。</p>' if rest else ""
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    whole = f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return Shown(
        f'<div class="table">{whole}</div>{foot}',
        f"表：{caption or '、'.join(label for label, _ in wanted.values())}（{frame.height}行）",
        {BASIS: basis} if basis else {},
    )


def _class(kind: str, value: Any = None) -> str:
    """Numbers stand at the right; what is short or a time is not broken."""
    if kind in ("number", "percent", "count", "duration", "posts"):
        return ' class="number"'
    if kind in ("time", "year", "day", "date") or (
        isinstance(value, str) and len(value) <= (16 if value.isascii() else 10)
    ):
        return ' class="whole"'
    if kind == "link" or not isinstance(value, str):
        return ""
    return ' class="text"' if len(value) > 30 else ' class="phrase"'


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return "number"
    return {pl.Datetime: "time", pl.Date: "date", pl.Duration: "duration"}.get(dtype.base_type(), "text")


def _cell(column: str, value: Any, kind: str, zone: tzinfo, clamp: int, null: str) -> str:
    """One cell as safe HTML."""
    if value is None or (kind == "verbatim" and value == ""):
        return f'<span class="null">{html.escape(null if value is None else WORDLESS)}</span>'
    if kind == "link":
        safe = re.match(r"https?://", str(value))
        link = f'<a href="{html.escape(str(value))}" rel="noopener noreferrer">原文</a>'
        return link if safe else html.escape(str(value))
    if isinstance(value, bool):
        return "是" if value else "否"
    if kind in ("time", "year"):
        return html.escape(wording.time(value, zone, year=kind == "year"))
    if kind == "day":
        return html.escape(wording.day(value, zone))
    if kind == "date":
        return f"{value.month}月{value.day}日"
    if kind in ("number", "percent", "count", "duration"):
        says: dict[str, Callable[[Any], str]] = {
            "number": wording.number,
            "percent": wording.percent,
            "count": wording.count,
            "duration": wording.duration,
        }
        return html.escape(says[kind](value))
    text = "、".join(map(str, value)) if isinstance(value, list | tuple) else wording.name(column, str(value))
    safe_text = html.escape(text)
    if len(text) > clamp:
        first, more = html.escape(text[:clamp]), html.escape(text[clamp:])
        safe_text = f'<details class="long"><summary>{first}<span class="more">……展开</span></summary>{more}</details>'
    return f'<span translate="no">{safe_text}</span>' if kind == "verbatim" else safe_text


@cache
def _zone() -> tzinfo:
    """The zone of the lab around the current folder."""
    return config.load(config.find_root()).zone


def provenance(store: Store, posts: pl.DataFrame, **rows: int) -> Shown:
    """What a report stands on, printed at its foot: captures behind `posts`, days, rows in and dropped, row counts.

    `rows` names further counts to print, in Chinese: `provenance(store, posts, 相关=kept.height)`.
    """
    used = sorted(posts["capture"].unique())
    ledger = store.captures().filter(pl.col("capture").is_in(used))
    days = posts["day"].sort()
    dropped = store.dropped(used)["reason"].value_counts(sort=False).sort("count", "reason", descending=[True, False])
    facts = {
        "captures": [[c[:12], n] for c, n in ledger.sort("capture").select("capture", "name").iter_rows()],
        "days": [str(days[0]), str(days[-1])] if posts.height else [],
        "rows": {"帖文": posts.height, **rows},
        "read": {"读入": int(ledger["rows_in"].sum() or 0), "保留": int(ledger["rows_kept"].sum() or 0)},
        "dropped": dict(dropped.iter_rows()),
        "meaning": posts.height > 0 and bool(story_days.with_vectors(store, days[0], days[-1])),
    }
    plain = f"数据来源：{len(used)}份原始文件，{wording.number(posts.height)}条帖文"
    return Shown(f'<p class="note">{plain}</p>', plain, {PROVENANCE: facts})
