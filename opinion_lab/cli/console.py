"""What commands share: opening the lab, printing, preparing what waits."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from opinion_lab.lab import Lab
    from opinion_lab.storage.store import Store

#: Control characters but for line breaks and tabs, and those that turn the direction of writing.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def say(text: str) -> None:
    """Print one line for the person at the keyboard; what would steer the terminal stays out."""
    click.echo(CONTROLS.sub("", text))


def fail(text: str, code: int) -> NoReturn:
    """Print to standard error and stop with an exit code."""
    click.echo(CONTROLS.sub("", text), err=True)
    sys.exit(code)


def open_store(folder: Path | None) -> Store:
    """The store of the lab at `folder`, or of the nearest lab above the working directory."""
    from opinion_lab.storage import store

    return store.open(folder)


def open_lab(folder: Path | None) -> Lab:
    """The lab at `folder`, or the nearest one above the working directory."""
    import opinion_lab

    return opinion_lab.open(folder)


def prepare_waiting(store: Store, cluster: str | None = None) -> None:
    """Bring the lab up to date (posts, stories, search), and print the balance of the rows that were prepared."""
    from opinion_lab.lab import Lab
    from opinion_lab.prepare import pipeline, posts

    done = Lab(store).update(cluster=cluster)
    if done.rebuilt:
        kept = [name for step, name in pipeline.STEPS.items() if step not in done.recomputed]
        changed = "、".join(pipeline.STEPS[step] for step in done.recomputed)
        say(f"规则、设置或版本有变，已重新计算：{changed}。{'其余沿用：' + '、'.join(kept) + '。' if kept else ''}")
    if not done.captures:
        say("没有新内容需要整理。")
        return
    reasons = "、".join(f"{k} {v}" for k, v in sorted(done.reasons.items(), key=lambda kv: (-kv[1], kv[0])))
    say(
        f"整理 {done.captures} 份：读入 {done.rows} 行 = 新增帖文 {done.new_posts} + 再次见到 {done.seen_again}"
        f" + 并入已有帖文 {done.merged} + 剔除 {done.dropped}{f'（{reasons}）' if reasons else ''}。"
    )
    for n, what in (
        (done.apart, "编号与别的帖文相同而内容不同，已分开保存"),
        (done.undated, "没有发布时间，用了采集时间"),
        (done.shortened, f"正文过长，只取前 {posts.MOST} 字（原始数据里是全文）"),
        (done.unlinked, "的网址指向个人主页，已略去"),
        (done.early, "发布时间晚于采集时间（不可能），用了采集时间；请核对该来源的时区"),
    ):
        if n:
            say(f"    注意：{n} 条{what}。")
    say(f"新增帖文中转抄 {done.copies}、与关注词无关 {done.irrelevant}（均保留并标记）。")
