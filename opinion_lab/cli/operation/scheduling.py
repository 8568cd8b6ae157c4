"""Jobs: run one or what is due, keep running them, have the system run them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, say

if TYPE_CHECKING:
    from opinion_lab.operate import Outcome, Timer


@click.command()
@click.argument("job", default="")
@click.pass_obj
def run(folder: Path | None, job: str) -> None:
    """运行 lab.toml 里的一项任务；不写名称就运行到点的（错过的补一次）。采集、整理、出报告一次做完。"""
    from opinion_lab import operate

    store = open_store(folder)
    if job:
        outcomes = [operate.run(store, store.settings.job(job))]
        _say(outcomes[0])
    else:
        outcomes = []
        for outcome in operate.run_due(store, datetime.now(UTC)):
            outcomes.append(outcome)
            _say(outcome)
        if not outcomes:
            say("没有到点的任务。")
    if any(outcome.outcome != "done" for outcome in outcomes):
        raise config.LabError("有任务没有完成，原因见上；opinion-lab status 里也有记录。")


@click.command()
@click.pass_obj
def serve(folder: Path | None) -> None:
    """一直开着，按 lab.toml 的 times、cron 运行各项任务；按 Ctrl+C 结束，错过的下次补一次。"""
    from opinion_lab import operate

    store = open_store(folder)
    timed = [job for job in store.settings.jobs if operate.next_time(job, datetime.now(UTC), store.settings.zone)]
    if not timed:
        raise config.LabError('lab.toml 里没有定时任务。请给某个 [[job]] 加一行，例如 times = ["08:00", "17:30"]。')
    say(f"已开始，定时任务 {len(timed)} 项：{'、'.join(job.name for job in timed)}。按 Ctrl+C 结束。")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    operate.serve(store, _say, stop, troubled=say)


@click.command()
@click.argument("what", type=click.Choice(["install", "remove", "show"]))
@click.option("--kind", type=click.Choice(["systemd", "cron", "windows"]), help="用哪一种；不写就按这台电脑选。")
@click.pass_obj
def schedule(folder: Path | None, what: str, kind: str | None) -> None:
    """让系统每十分钟看一次有没有到点的任务：install 安装，remove 撤销，show 只看会写什么。"""
    from opinion_lab import operate

    root = open_store(folder).root
    kind = kind or _kind()
    timer = operate.timer(kind, root, sys.executable, Path.home())
    if what == "show":
        for path, text in timer.files.items():
            say(f"{path}：\n{text}")
        if timer.crontab:
            say(timer.crontab)
    elif what == "install":
        _install(timer, kind)
        undo = f"opinion-lab --lab {root} schedule remove --kind {kind}"
        say(f"已安装（{kind}）：每十分钟看一次 lab.toml 里到点的任务。要撤销，运行 {undo}")
    else:
        _remove(timer)
        say(f"已撤销（{kind}）。lab.toml 和数据未动。")


def _install(timer: Timer, kind: str) -> None:
    for path, text in timer.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-16" if kind == "windows" else "utf-8")
        say(f"已写入 {path}")
    if timer.crontab:
        _crontab(timer.crontab, keep=True)
    for command in timer.on:
        _do(command)


def _remove(timer: Timer) -> None:
    for command in timer.off:
        _do(command)
    for path in timer.files:
        path.unlink(missing_ok=True)
    if timer.crontab:
        _crontab(timer.crontab, keep=False)


def _crontab(line: str, *, keep: bool) -> None:
    """The user's crontab with the line once, or without it; other lines stay as they are."""
    if shutil.which("crontab") is None:
        raise config.LabError(f"这台电脑没有 crontab。请把下面一行加到系统的定时任务里：\n{line}")
    there = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False).stdout.splitlines()
    mark = line.rpartition(" # ")[2]
    lines = [old for old in there if not old.endswith(f"# {mark}")] + [line] * keep
    subprocess.run(["crontab", "-"], input="".join(f"{text}\n" for text in lines), text=True, check=True)


def _do(command: tuple[str, ...]) -> None:
    """Run a command of the system; where it cannot be run, say that a person should."""
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        say(f"请自己运行一次：{subprocess.list2cmdline(command)}")


def _kind() -> str:
    if sys.platform == "win32":
        return "windows"
    return "systemd" if shutil.which("systemctl") else "cron"


def _say(outcome: Outcome) -> None:
    """Print how a run ended."""
    from opinion_lab.report.wording import monitoring

    for line in monitoring.run(outcome.job, outcome.outcome, outcome.facts, made_up=outcome.made_up):
        say(line)
    if outcome.page:
        say(f"    {outcome.error or '到了时限'}\n    详见 {outcome.page}")
