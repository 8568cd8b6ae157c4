"""Care of a lab: its state, its checks, what it learns from its archive."""

from __future__ import annotations

from pathlib import Path

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, say


@click.command()
@click.pass_obj
def learn(folder: Path | None) -> None:
    """用全部存档学习词向量并保存，供话题分析使用；存档明显增多后再学一次。"""
    from opinion_lab.analyse.topics import vectors
    from opinion_lab.storage import artifacts

    store = open_store(folder)
    last, tokens = store.latest(), store.tokens()
    words = vectors.keep(tokens)
    artifacts.put(store, "words", f"{last}", words)
    say(f"已从 {tokens.height} 条帖文学得 {words.height} 个词的向量，版本 {last}。下次话题分析会用到。")


@click.command()
@click.pass_obj
def status(folder: Path | None) -> None:
    """检查设置，列出已有的数据和待整理的文件。"""
    from opinion_lab.prepare import pipeline

    store = open_store(folder)
    captures = store.captures()
    say(f"实验室：{store.root}（{store.settings.organisation}，时区 {store.settings.timezone}）")
    if store.settings.data:
        say(f"整理后的帖文和读入的行放在 {store.settings.data}。")
    say(f"收到文件 {captures.height} 份，读入 {captures['rows_in'].sum()} 行。")
    days = store.days()
    if days:
        say(f"帖文：{days[0]} 至 {days[-1]}，共 {len(days)} 天。")
    waiting = pipeline.waiting(store)
    say(f"待整理 {waiting} 份：请运行 opinion-lab prepare。" if waiting else "没有待整理的文件。")


@click.command()
@click.pass_obj
def verify(folder: Path | None) -> None:
    """核对：原始文件的指纹、每份文件的行数是否平账、每天的帖文是否符合数据字典。"""
    from opinion_lab.storage.store import verify as check

    problems = check(open_store(folder))
    for problem in problems:
        say(problem)
    if problems:
        raise config.LabError(f"核对发现 {len(problems)} 处问题，见上。")
    say("核对无误：原始文件未被改动，行数平账，帖文符合数据字典。")
