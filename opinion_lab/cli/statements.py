"""A draft statement checked before it goes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import config
from opinion_lab.cli.console import say

if TYPE_CHECKING:
    import polars as pl


@click.command("check-statement")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--first/--later", "first", default=True, help="首次通报（默认）；续报写 --later。")
@click.pass_obj
def check_statement(folder: Path | None, file: Path, *, first: bool) -> int:
    """检查一份通报稿（.txt）：缺什么、哪句话不妥、依据出自哪里；有须改的地方时退出码为 1。"""
    from opinion_lab.judge import statements
    from opinion_lab.report.wording import statements as wording

    remarks = statements.check(_read(file), _rules(folder), first_report=first)
    say(wording.summary(remarks))
    for line in wording.lines(remarks):
        say(line)
    return int((remarks["level"] == "error").any())


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
