"""Tables and mappings: what there is, and copies to edit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import config
from opinion_lab.cli.console import say
from opinion_lab.cli.data import try_mapping

if TYPE_CHECKING:
    from opinion_lab.rules import Rules

LACKING = 5  # what a copy lacks is listed up to so many


@click.group()
def rules() -> None:
    """规则表、词表：列出、复制一份来改。"""


@rules.command("list")
@click.pass_obj
def _list_rules(folder: Path | None) -> None:
    """列出每张表管什么、本实验室有没有改用自己的、自己的是否比软件的旧。"""
    for row in _rules(folder).names().iter_rows(named=True):
        say(f"{row['name'] or row['file']}  {row['what']}{'（本实验室的）' if row['own'] else ''}")
        if row["lacks"]:
            more = f" 等 {len(row['lacks'])} 处" if len(row["lacks"]) > LACKING else ""
            few = "、".join(row["lacks"][:LACKING])
            say(f"    比软件自带的少：{few}{more}。有意删去的不用管；是软件更新后多出来的，请补上。")
    say("要改哪一张，用 opinion-lab rules copy 名称 复制到实验室的 rules 文件夹，改那一份。")


@rules.command("copy")
@click.argument("name")
@click.pass_obj
def _copy_rules(folder: Path | None, name: str) -> None:
    """把一张表复制到实验室的 rules 文件夹，之后以那一份为准；已有的不覆盖。"""
    path = _rules(folder).copy(name)
    say(f"已复制到 {path}。用记事本改好存盘（UTF-8）即生效；要改回软件自带的，删去这个文件。")


@click.group()
def mappings() -> None:
    """对应表（文件的哪一列是什么）：列出、复制一份来改。"""


@mappings.command("list")
@click.pass_obj
def _list_mappings(folder: Path | None) -> None:
    """列出每张对应表用于什么文件，哪些是本实验室的。"""
    for row in _rules(folder).mappings().iter_rows(named=True):
        say(f"{row['name']}  {row['what']}{'（本实验室的）' if row['own'] else ''}")
    say("列名对不上的，用 opinion-lab mappings copy 名称 新名称 复制到实验室的 mappings 文件夹，改那一份。")


@mappings.command("copy")
@click.argument("name")
@click.argument("to", default="")
@click.pass_obj
def _copy_mapping(folder: Path | None, name: str, to: str) -> None:
    """把一张随附的对应表复制到实验室的 mappings 文件夹（可另起名称）；已有的不覆盖。"""
    path = _rules(folder).copy_mapping(name, to)
    say(f"已复制到 {path}。改好列名后：opinion-lab import 文件 --mapping {path.stem}")


mappings.add_command(try_mapping)


def _rules(folder: Path | None) -> Rules:
    from opinion_lab.rules import Rules

    return Rules(config.find_root(folder))
