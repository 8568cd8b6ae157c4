"""The state of a lab, as a clerk reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab.cli.console import open_store, say

if TYPE_CHECKING:
    from opinion_lab.storage.store import Store

#: Visits by which the sources are judged.
PAST = timedelta(days=28)


@click.command()
@click.option("--tiers", is_flag=True, help="列出每个来源的级别（A 最勤）和理由。")
@click.pass_obj
def status(folder: Path | None, tiers: bool) -> None:
    """检查设置，列出已有的数据、各来源的情形、可能漏采的时段和待整理的文件。"""
    from opinion_lab.prepare import pipeline
    from opinion_lab.report.wording import monitoring

    store = open_store(folder)
    captures = store.captures()
    say(f"实验室：{store.root}（{store.settings.organisation}，时区 {store.settings.timezone}）")
    _say_sources(store, datetime.now(UTC))
    if store.settings.data:
        say(f"整理后的帖文和读入的行放在 {store.settings.data}。")
    say(f"收到文件 {captures.height} 份，读入 {captures['rows_in'].sum()} 行。")
    days = store.days()
    if days:
        say(f"帖文：{days[0]} 至 {days[-1]}，共 {len(days)} 天。")
    if tiers:
        for source_id, why in monitoring.reasons(store.graded()):
            say(f"{source_id}：{why}。")
    _say_jobs(store, datetime.now(UTC))
    waiting = pipeline.waiting(store)
    say(f"待整理 {waiting} 份：请运行 opinion-lab prepare。" if waiting else "没有待整理的文件。")


def _say_jobs(store: Store, now: datetime) -> None:
    """Print when each job last ran, and when it will."""
    import polars as pl

    from opinion_lab import operate
    from opinion_lab.report.wording import monitoring

    last = {row["job"]: row for row in store.runs(now).iter_rows(named=True)}
    none = dict.fromkeys(("started", "ended", "outcome"))
    zone, jobs = store.settings.zone, store.settings.jobs
    rows = [{**last.get(job.name, none), "job": job.name, "next": operate.next_time(job, now, zone)} for job in jobs]
    for line in monitoring.jobs(rows, zone):
        say(line)
    unsent = store.messages().filter(~pl.col("sent"))
    for recipient, n in unsent.group_by("recipient").len().sort("recipient").iter_rows():
        say(f"发给 {recipient} 的消息有 {n} 条没有发出去：请看 lab.toml 里 [[recipient]] 的 url 和网络。")


def _say_sources(store: Store, now: datetime) -> None:
    """Print how the sources fare, first that a top one gives nothing."""
    from opinion_lab.collect import visits
    from opinion_lab.report.wording import monitoring

    sources, past = store.settings.sources, store.visits(now - PAST)
    states, tiers = visits.states(sources, past, now), store.tiers()
    if banner := monitoring.banner(states, {s.id: visits.tier_of(s, tiers) for s in sources}):
        say(banner)
    for line in monitoring.lines(states, visits.holes(past, now), now, store.settings.zone):
        say(line)
