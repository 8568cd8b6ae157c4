"""What people decide, written down."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from opinion_lab.cli.console import open_store, say


@click.command()
@click.option("--story", required=True, help="事件编号（s_ 开头）。")
@click.option("--level", required=True, help="确认的级别：Ⅰ、Ⅱ、Ⅲ、Ⅳ（或 1 至 4）。")
@click.option("--by", required=True, help="谁确认（写职务即可）。")
@click.option("--at", default="", help="对哪一刻的判断，例如 2026-09-09 12:00；不写为现在。")
@click.option("--why", default="", help="理由。")
@click.pass_obj
def confirm(folder: Path | None, story: str, level: str, by: str, at: str, why: str) -> None:
    """记下人工确认的级别；只增不改，复盘报告会照写。"""
    from opinion_lab.storage import confirmed

    store, now = open_store(folder), datetime.now(UTC)
    written = confirmed.record(store, story, level, by=by, why=why, at=store.moment(at) or now, now=now)
    say(f"已记下：{by}确认 {story} 为{written}级。重新运行 opinion-lab review --story {story} 即可看到。")
