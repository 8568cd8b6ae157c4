"""The whole way on an invented county."""

from __future__ import annotations

import time
from pathlib import Path

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, prepare_waiting, say
from opinion_lab.cli.data import say_imports
from opinion_lab.cli.reports import make_report

# What `demo` reports on: notebook, parameters, and the suffix that keeps several of one notebook apart.
DEMO_REPORTS: tuple[tuple[str, dict[str, object], str], ...] = (
    ("1-daily-brief", {"day": "2026-09-11"}, ""),
    ("2-topic-modelling", {}, ""),
    ("3-trend-spotting", {}, ""),
    ("4-incident-review", {"story": "食堂"}, "食堂"),
    ("4-incident-review", {"story": "健身房"}, "健身房"),
    ("4-incident-review", {"story": "加油站"}, "加油站"),
)


@click.command()
@click.pass_obj
def demo(folder: Path | None) -> None:
    """用随附的虚构事件走一遍全程：生成、导入、整理、出报告。"""
    from opinion_lab import synthetic
    from opinion_lab.collect import importer
    from opinion_lab.report import page

    start = time.monotonic()
    store = open_store(folder)
    if set(store.captures()["name"]) - set(synthetic.FILES):
        raise config.LabError(
            "这个实验室里已有真实数据，不应混入虚构示例。请用 opinion-lab init 另建文件夹后再运行 demo。"
        )
    say("一、生成虚构的云溪县四周舆情（种子 0）……")
    exports = store.root / "data" / "demo"
    synthetic.write(exports, seed=0)
    say("二、按真实文件的同一入口导入：")
    for name, mapping in synthetic.FILES.items():
        done = importer.import_files(store, [exports / name], mapping, now=synthetic.COLLECTED_AT)
        say_imports(done)
    say("三、整理：")
    prepare_waiting(store)
    say("四、出报告：")
    for notebook, parameters, suffix in DEMO_REPORTS:
        make_report(store, notebook, parameters, suffix=suffix, prepared=True)
    index = page.index(store)
    say(f"完成，用时 {time.monotonic() - start:.0f} 秒。请用浏览器打开 {index}")
