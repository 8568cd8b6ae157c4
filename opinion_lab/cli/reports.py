"""Findings out: notebooks run as reports, and the alerts replayed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import config
from opinion_lab.cli.console import open_lab, open_store, prepare_waiting, say

if TYPE_CHECKING:
    from opinion_lab.storage.store import Store

REVIEWS = ("4-incident-review", "4-public-incident")
TRAINING = ("7-training-exercise", "7-training-debrief")
OTHERS = ("5-source-coverage", "6-desk", *TRAINING)
NOTEBOOKS = ("0-start-here", "0-explore", "1-daily-brief", "2-topic-modelling", "3-trend-spotting", *REVIEWS, *OTHERS)


@click.command()
@click.argument("notebook")
@click.option("--parameter", "-p", "pairs", multiple=True, metavar="名称=值", help="笔记本参数，可写多次。")
@click.option("--portable", is_flag=True, help="图表程序写进同一个文件，便于转发。")
@click.pass_obj
def report(folder: Path | None, notebook: str, pairs: tuple[str, ...], portable: bool) -> None:
    """运行一本笔记本并生成 HTML 报告，放在 reports/日期/ 下。"""
    make_report(open_store(folder), notebook, _parameters(pairs), portable=portable)


@click.command()
@click.argument("word", metavar="[事件]", default="")
@click.option("--story", default="", help="同上，事件：标题里的词，或事件编号（s_ 开头）；不写为帖数最多的一件。")
@click.option("--since", default="", help="起始日，例如 2026-09-01。")
@click.option("--until", default="", help="截止日。")
@click.option("--at", default="", help="站在哪一刻看，只用到那时为止的帖文。")
@click.option("--found-at", default="", help="本单位发现的时间，例如 2026-09-08 15:00。")
@click.option("--judged-at", default="", help="研判定级的时间。")
@click.option("--routed-at", default="", help="分送到科室的时间。")
@click.option("--severe", default="", metavar="是|否", help="是否已确认属特别重大、重大。")
@click.option("--incident", default="", help="改为复盘随附的公开事件（没有帖文，只有时间点）：名称里的词，例如 罐车。")
@click.option("--portable", is_flag=True, help="图表程序写进同一个文件，便于转发。")
@click.pass_obj
def review(folder: Path | None, word: str, portable: bool, incident: str, **parameters: object) -> None:
    """复盘一件事：怎么起来、谁带动、答得怎样、下次改什么（与笔记本 4-incident-review 结果相同）。"""
    if word and parameters["story"]:
        raise config.LabError(f"事件写了两次：{word} 和 --story {parameters['story']}。请只留一个。")
    parameters["story"] = word or parameters["story"]
    given = {name: value for name, value in parameters.items() if value}
    if not incident:
        make_report(open_store(folder), REVIEWS[0], given, portable=portable)
        return
    if others := set(given) - {"severe"}:
        wrong = "、".join(f"--{name.replace('_', '-')}" for name in sorted(others))
        raise config.LabError(f"--incident 复盘的是公开事件，不能与 {wrong} 同用。请只留一种。")
    make_report(open_store(folder), REVIEWS[1], {**given, "incident": incident}, portable=portable)


@click.command()
@click.option("--since", default="", help="起始日，例如 2026-03-01；默认最早。")
@click.option("--until", default="", help="截止日；默认最新。")
@click.option("--key", default="words", help="按什么统计：words 词，story 事件，platform 平台，等等。")
@click.option("--budget", default=3, show_default=True, help="每天最多几条预警。")
@click.pass_obj
def backtest(folder: Path | None, since: str, until: str, key: str, budget: int) -> None:
    """把存档当成实时重放一遍：预警报得准不准、早不早（与笔记本 3-trend-spotting 结果相同）。"""
    from opinion_lab.report.documents import trends
    from opinion_lab.report.wording import backtests

    lab = open_lab(folder)
    found = trends.of(lab, since, until, key=key, budget=budget)
    for line in backtests.lines(found.replay, budget=budget, zone=lab.zone):
        say(line)


def make_report(
    store: Store,
    notebook: str,
    parameters: dict[str, object],
    *,
    portable: bool = False,
    suffix: str = "",
    prepared: bool = False,
) -> None:
    """Run a notebook into the lab's reports, after preparing what waits, and print where the report lies."""
    from opinion_lab.lab import Lab
    from opinion_lab.report import run as runner

    if not prepared and Lab(store).waiting():
        prepare_waiting(store)
    start = time.monotonic()
    path = runner.run(notebook, parameters, store=store, portable=portable, suffix=suffix)
    say(f"报告：{path}（{path.stat().st_size / 1000:.0f} KB，{time.monotonic() - start:.0f} 秒）")


def _parameters(pairs: Sequence[str]) -> dict[str, object]:
    wrong = [p for p in pairs if "=" not in p]
    if wrong:
        raise config.LabError(f"参数要写成 名称=值，例如 -p story=食堂；现在是 {'、'.join(wrong)}。")
    return {name: value for name, value in (p.split("=", 1) for p in pairs)}  # noqa: C416
