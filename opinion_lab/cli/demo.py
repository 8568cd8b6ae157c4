"""The whole way on an invented county."""

from __future__ import annotations

import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, prepare_waiting, say
from opinion_lab.cli.data import new_lab, say_imports
from opinion_lab.cli.reports import NOTEBOOKS, make_report

if TYPE_CHECKING:
    from opinion_lab.storage.store import Store

FOLDER = "opinion-lab-demo"

#: file of the county -> the mapping it is imported with, and when the demo says that the files arrived
FILES = {
    "weibo_contents.jsonl": "mediacrawler-weibo",
    "weibo_comments.jsonl": "mediacrawler-weibo",
    "weibo_reposts.jsonl": "posts",
    "short_video.csv": "posts",
    "tieba.csv": "posts",
    "wechat.jsonl": "posts",
    "news.jsonl": "posts",
    "work_orders.xlsx": "work-orders",
    "hot_list.jsonl.gz": "hot-list",
}
COLLECTED_AT = datetime(2026, 9, 28, 1, 0, tzinfo=UTC)
#: what `demo` reports on: notebook, parameters, and the suffix that keeps several of one notebook apart
DEMO_REPORTS: tuple[tuple[str, dict[str, object], str], ...] = (
    ("1-daily-brief", {"day": "2026-09-11"}, ""),
    ("2-topic-modelling", {}, ""),
    ("3-trend-spotting", {}, ""),
    ("4-incident-review", {"story": "食堂"}, "食堂"),
    ("4-incident-review", {"story": "焰跃"}, "健身房"),
    ("4-incident-review", {"story": "加油站"}, "加油站"),
)


@click.command()
@click.pass_obj
def demo(folder: Path | None) -> None:
    """用随附的虚构事件走一遍全程：导入、整理、出报告；不在示例的实验室里时，新建 opinion-lab-demo。"""
    from opinion_lab.collect import importer
    from opinion_lab.report import page

    start = time.monotonic()
    store = _county_lab(folder)
    say("一、展开随附的虚构云溪县四周舆情……")
    exports = store.root / "data" / "demo"
    with zipfile.ZipFile(config.PACKAGE / "demo" / "county.zip") as packed:
        packed.extractall(exports)
    say("二、按真实文件的同一入口导入：")
    for name, mapping in FILES.items():
        done = importer.import_files(store, [exports / name], mapping, now=COLLECTED_AT)
        say_imports(done)
    say("三、整理：")
    prepare_waiting(store)
    say("四、出报告：")
    for notebook, parameters, suffix in DEMO_REPORTS:
        make_report(store, notebook, parameters, suffix=suffix, prepared=True)
    index = page.index(store)
    say(f"完成，用时 {time.monotonic() - start:.0f} 秒。请用浏览器打开 {index}")
    say(f"要在笔记本里接着看：opinion-lab --lab {store.root} lab")


def _county_lab(folder: Path | None) -> Store:
    """The lab of the invented county, made where there is none. A bureau's own lab never takes invented posts."""
    settings = config.shipped("lab.toml")
    try:
        root = folder or config.find_root()
        if folder is None and config.load(root).organisation != config.load(settings.parent).organisation:
            root = Path.cwd() / FOLDER
    except config.LabError:
        root = Path.cwd() / FOLDER
    if not (root / "lab.toml").is_file():
        new_lab(root, settings, NOTEBOOKS)
    store = open_store(root)
    foreign = set(store.captures()["name"]) - set(FILES)
    if foreign or store.settings.organisation != config.load(settings.parent).organisation:
        raise config.LabError(f"{root} 是本单位的实验室，不能混入虚构示例。请另选文件夹：opinion-lab --lab 文件夹 demo")
    return store
