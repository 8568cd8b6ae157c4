"""A text of one's own: a draft checked before it goes out, a matter and the section that it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import config
from opinion_lab.cli.console import open_lab, say

if TYPE_CHECKING:
    import polars as pl

    from opinion_lab.judge.routing import Router


@click.command("check-statement")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--first/--later", "first", default=None, help="首次通报（默认）；续报写 --later。")
@click.option(
    "--story", default="", help="回应的是哪件事：编号，或标题里的词；写了就再比对此前的说法和没有回应的诉求。"
)
@click.pass_obj
def check_statement(folder: Path | None, file: Path, *, first: bool | None, story: str) -> int:
    """检查一份通报稿（.txt、.docx）：缺什么、哪句话不妥、依据出自哪里；有须改的地方时退出码为 1。"""
    from opinion_lab.judge import statements
    from opinion_lab.report.wording.response import statements as wording

    text = _read(file)
    held = open_lab(folder).cases.check_draft(text, story, first=first) if story else None
    remarks = held.remarks if held else statements.check(text, _rules(folder), first_report=first is not False)
    say(wording.summary(remarks))
    for line in (*wording.lines(remarks), *(wording.against_story(held.differences, held.open) if held else ())):
        say(line)
    reversed_ = held is not None and (held.differences["verdict"] == "reversed").any()
    return int((remarks["level"] == "error").any() or reversed_)


@click.command()
@click.argument("what", metavar="文字或文件")
@click.pass_obj
def route(folder: Path | None, what: str) -> None:
    """看一段话，或一个文本文件的每一行，归哪个科室；有分办记录的实验室按自己学到的分。"""
    import polars as pl

    from opinion_lab.judge import routing
    from opinion_lab.report.wording import findings

    try:
        there = Path(what).is_file()
    except OSError:  # too long for the name of a file
        there = False
    texts = [line.strip() for line in (_read(Path(what)) if there else what).splitlines() if line.strip()]
    if not texts:
        raise config.LabError("没有文字可以分办。请写一段话，或一个文本文件的名称（一行一件）。")
    # a matter as a hotline would hand it over: what was learnt of units counts
    given = {"title": pl.lit(None, pl.String), "kind": pl.lit("complaint")}
    posts = (
        pl.DataFrame({"text": texts}).with_row_index("post_id").with_columns(pl.col("post_id").cast(pl.String), **given)
    )
    for line in findings.routes(routing.route(posts, _router(folder)), texts):
        say(line)


def _router(folder: Path | None) -> Router:
    """What the lab has learnt of sections, where there is a lab; else what ships."""
    from opinion_lab import rules
    from opinion_lab.judge import routing

    try:
        lab = open_lab(folder)
    except config.LabError:
        if folder is not None:
            raise
        return routing.shipped(rules.SHIPPED)
    return lab.router


def _rules(folder: Path | None) -> pl.DataFrame:
    """The lab's own copy of the rules, where there is a lab; else what ships."""
    from opinion_lab import rules

    try:
        root = config.find_root(folder)
    except config.LabError:
        if folder is not None:
            raise
        return rules.SHIPPED.statements
    return rules.Rules(root).statements


def _read(file: Path) -> str:
    """The text of a .txt, in UTF-8 or GB18030, or of a .docx."""
    if file.suffix.lower() == ".docx":
        try:
            import docx  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise config.LabError("读 .docx 需要先安装 python-docx；也可以在 WPS 里另存为 .txt 再检查。") from None
        return "\n".join(p.text for p in docx.Document(str(file)).paragraphs)
    try:
        body = file.read_bytes()
    except OSError as error:
        raise config.LabError(f"通报稿 {file} 读不了：{error.strerror}。请检查文件名和所在文件夹。") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.strip() and "\0" not in text:
            return text
    raise config.LabError(f"通报稿 {file.name} 是空的，或不是文本文件。请在 WPS 里另存为 .txt 再检查。")
