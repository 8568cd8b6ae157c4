"""Data in: a new lab, files, sources, preparing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, prepare_waiting, say
from opinion_lab.cli.reports import NOTEBOOKS

if TYPE_CHECKING:
    import polars as pl


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """新建一个实验室文件夹（设置、笔记本、自己的规则和对应表），与随附的示例分开。"""
    if (folder / "lab.toml").exists():
        raise config.LabError(f"{folder} 里已有 lab.toml，未改动任何文件。")
    new_lab(folder, config.PACKAGE / "templates" / "lab.toml", NOTEBOOKS[1:])
    say(f"已建立 {folder}。请先修改其中的 lab.toml（单位、地名、关注词），再用 opinion-lab import 导入数据。")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", "-m", required=True, help="对应表名称，例如 gov-messages、hot-list、work-orders。")
@click.pass_obj
def import_(folder: Path | None, files: tuple[Path, ...], mapping: str) -> None:
    """导入文件：CSV、Excel、JSON Lines（可 gzip 压缩）。重复导入不会增加任何内容。"""
    from opinion_lab.collect import importer

    store = open_store(folder)
    try:
        done = importer.import_files(store, files, mapping, now=datetime.now(UTC))
    except importer.SomeFailed as error:
        say_imports(error.done)
        raise
    say_imports(done)
    if done["kept"].sum() and done["new"].any():
        say("下一步：opinion-lab prepare（清洗、脱敏、查重、分词）。")


@click.command()
@click.option("--only", help="只采集这个来源。")
@click.pass_obj
def collect(folder: Path | None, only: str | None) -> None:
    """按 lab.toml 的来源采集到期的订阅源（遵守 robots.txt）。"""
    from opinion_lab.collect import collector

    store = open_store(folder)
    if not store.settings.sources:
        raise config.LabError("lab.toml 里还没有 [[source]]。请参照文件里的注释添加一个来源。")
    visits = collector.collect(store, now=datetime.now(UTC), only=only)
    if visits.is_empty():
        say("没有到期的来源。")
    for row in visits.iter_rows(named=True):
        counts = (
            f"条目 {row['rows_in']}，保留 {row['kept']}，剔除 {row['dropped']}" if row["rows_in"] is not None else ""
        )
        say(f"{row['source_id']}：{row['outcome']}{'；' + counts if counts else ''}（{row['why']}）")
    if (visits["outcome"] == "失败").any():
        raise config.LabError("有来源没有采到，原因见上；其余来源已存好，下次会再试。")


@click.command()
@click.option("--cluster", metavar="地址", help="用 Dask 集群整理：调度器地址，或 local（在本机起两个进程）。")
@click.pass_obj
def prepare(folder: Path | None, cluster: str | None) -> None:
    """把新到的内容整理成可分析的帖文：清洗、脱敏、查重、判断相关、分词；清除过期的原始文件。"""
    from opinion_lab.storage.store import sweep

    store = open_store(folder)
    prepare_waiting(store, cluster)
    if gone := sweep(store, datetime.now(UTC)):
        say(f"已清除 {len(gone)} 份超过 {store.settings.keep_raw_days} 天的原始文件，整理好的帖文不受影响。")


def new_lab(folder: Path, settings: Path, notebooks: Sequence[str]) -> None:
    """A lab in `folder`: its lab.toml, the notebooks that ship, and places for its own rules and mappings."""
    for name in ("notebooks", "rules", "mappings"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in notebooks:
        shutil.copy(config.shipped("notebooks") / f"{name}.ipynb", folder / "notebooks")
    shutil.copy(settings, folder / "lab.toml")


def say_imports(done: pl.DataFrame) -> None:
    """Print the ledger rows of an import: rows in = kept + dropped, with an example of each reason."""
    for row in done.iter_rows(named=True):
        again = "" if row["new"] else "（以前导入过，未重复计入）"
        reasons = "、".join(f"{r['reason']} {r['n']}" for r in row["reasons"])
        say(
            f"{row['name']}：{row['format']}，{row['encoding'] or '二进制'}；读入 {row['rows_in']} 行"
            f" = 保留 {row['kept']} + 剔除 {row['dropped']}{f'（{reasons}）' if reasons else ''}{again}"
        )
        for reason in row["reasons"]:
            say(f"    例：{reason['example']}")
        for note in row["notes"]:
            say(f"    注意：{note['what']} {note['n']} 处，例如 {note['example']}")
