"""Papers made and stories packed to be kept."""

from __future__ import annotations

from pathlib import Path

import click

from opinion_lab.cli.console import open_lab, say
from opinion_lab.cli.desk.cases import BY


@click.command()
@click.argument("kind", type=click.Choice(["brief", "special", "weekly", "monthly", "first", "follow", "final"]))
@click.option("--story", default="", help="哪件事：编号，或标题里的词（专报、首报、续报、终报要写）。")
@click.option("--day", default="", help="哪一天的简报，或到哪一天为止的周报、月报；默认最新。")
@click.option("--at", default="", help="站在哪一刻看，例如 2026-09-09 12:00；默认全程。")
@BY
@click.pass_obj
def paper(folder: Path | None, kind: str, story: str, day: str, at: str, who: str) -> None:
    """编一份材料：brief 简报，special 专报，weekly 周报，monthly 月报，first 首报，follow 续报，final 终报。"""
    from opinion_lab.desk import papers

    made = papers.issue(open_lab(folder), kind, who=who, story=story, day=day, at=at)
    say(f"{made.paper.mark}{made.paper.issue}：{made.paper.title}")
    for file in made.files:
        say(f"  {file}")


@click.command()
@click.argument("story", metavar="事件")
@click.argument("target", metavar="文件夹", type=click.Path(path_type=Path))
@click.pass_obj
def record(folder: Path | None, story: str, target: Path) -> None:
    """留存一件事：帖文（已脱敏）、原始文件指纹、决定、办件经过、材料装进一个文件夹，附清单和指纹。"""
    from opinion_lab.desk import records

    names = records.pack(open_lab(folder), story, target)
    say(f"已留存 {len(names)} 个文件到 {target}。核对：opinion-lab verify --record {target}")
