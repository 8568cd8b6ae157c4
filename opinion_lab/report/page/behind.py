"""The posts behind a report's numbers: a page beside it with a list for each number, and all as a table for Excel."""

from __future__ import annotations

import html
import io
from typing import Any

import polars as pl

from opinion_lab.report import wording
from opinion_lab.report.page.components import BASIS, Column, table
from opinion_lab.report.page.layout import POLICY, TEMPLATES, Facts
from opinion_lab.report.page.sanitize import rescript
from opinion_lab.report.wording import phrases

#: The folder of these pages beside the reports of a day.
BEHIND = "posts"
#: Signs with which a spreadsheet begins a formula.
FORMULA = r"^\s*[=+\-@]"
#: Posts of a number that the page lists; a longer list is whole in the table beside it.
MOST = 300
COLUMNS: dict[str, Column] = {
    "post_id": "帖文编号",
    "published_at": "时间",
    "platform": "平台",
    "says": ("内容", "verbatim"),
    "url": ("链接", "link"),
}

Groups = dict[str, dict[str, Any]]


def groups(executed: Any) -> Groups:
    """The groups of posts that an executed notebook's numbers open: by anchor, what each is called and its post_ids."""
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    found = [output.get("data", {}).get(BASIS, {}) for output in outputs]
    merged: Groups = {}
    for anchor, group in (pair for each in found for pair in each.items()):
        names = [*merged.get(anchor, {}).get("names", []), group["what"]]
        merged[anchor] = {"names": names, "what": "；".join(dict.fromkeys(names)), "ids": group["ids"].split()}
    return merged


def behind(groups: Groups, posts: pl.DataFrame, facts: Facts, name: str) -> dict[str, str]:
    """The files beside the report of that name, by their ending: the page, and the table where a list is longer."""
    import jinja2

    if not groups:
        return {}
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    longer = any(len(group["ids"]) > MOST for group in groups.values())
    text = environment.get_template("posts.html.j2").render(
        name=name,
        most=MOST if longer else 0,
        lists=lists(groups, posts, facts),
        lab=facts.settings,
        number=facts.number,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        policy=POLICY.format(scripts="'none'"),
    )
    if facts.settings.lang == "zh-Hant":
        text = rescript(text, wording.script(facts.settings.lang))
    return {"html": text} | ({"csv": _table(groups, posts, facts)} if longer else {})


def lists(groups: Groups, posts: pl.DataFrame, facts: Facts) -> str:
    """One section a group: its posts, the newest first."""
    said = phrases.says(posts).sort("published_at", "post_id", descending=[True, False])
    parts = []
    for anchor, group in groups.items():
        rows = said.filter(pl.col("post_id").is_in(group["ids"]))
        listed = table(rows, COLUMNS, zone=facts.settings.zone, most=MOST, null="").html
        head = f"{html.escape(group['what'])}：{wording.number(rows.height)}条帖文"
        parts.append(f'<section id="{anchor}"><h2 class="plain">{head}</h2>{listed}</section>')
    return "".join(parts)


def _table(groups: Groups, posts: pl.DataFrame, facts: Facts) -> str:
    """Every post of every group as CSV."""
    named = [{"哪个数字": group["what"], "post_id": group["ids"]} for group in groups.values()]
    rows = pl.DataFrame(named).explode("post_id").join(phrases.says(posts), on="post_id", maintain_order="left")
    local = pl.col("published_at").dt.convert_time_zone(str(facts.settings.zone)).dt.strftime("%Y-%m-%d %H:%M")
    names = {c: label if isinstance(label, str) else label[0] for c, label in COLUMNS.items()}
    return csv(rows.with_columns(published_at=local).select("哪个数字", *COLUMNS).rename(names))


def csv(frame: pl.DataFrame) -> str:
    """A frame as CSV that Excel opens: BOM, and no cell that begins a formula."""
    text = pl.col(pl.String)
    disarmed = frame.with_columns(pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).name.keep())
    out = io.StringIO()
    disarmed.write_csv(out)
    return "\ufeff" + out.getvalue()
