"""Run jobs: those that are due, or one that is asked for; each noted in the run log, none without an end."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psutil

from opinion_lab.config import Job, LabError
from opinion_lab.operate import timetable
from opinion_lab.report import run as runner
from opinion_lab.report.wording import monitoring
from opinion_lab.storage import store as stores
from opinion_lab.storage.maintenance import locks
from opinion_lab.storage.store import Store

#: Seconds between two looks at the timetable: of a clock that neither sleeps nor is put back.
EVERY = 20.0
#: A run that begins so much after its time was missed, and is made up.
LATE = timedelta(minutes=15)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: done, failed, late (stopped at its limit); `made_up` when its time had gone by.

    `facts` are what the chain printed; `error` why it failed, `page` where that stands.
    """

    job: str
    planned: datetime
    outcome: str
    made_up: bool
    facts: dict[str, Any]
    error: str = ""
    page: str = ""


def serve(
    store: Store, ended: Callable[[Outcome], None], stop: threading.Event, *, troubled: Callable[[str], None]
) -> None:
    """Run what is due, again and again, until `stop`; lab.toml is read anew each time.

    All that is remembered stands in the run log, so it may be killed at any time: what it missed is made up once.
    What cannot be done for now (lab.toml is being changed, the disk is full) is handed to `troubled`, once.
    """
    trouble = ""
    while not stop.is_set():
        try:
            for outcome in run_due(stores.open(store.root), datetime.now(UTC)):
                ended(outcome)
            trouble = ""
        except (LabError, OSError) as error:
            if str(error) != trouble:
                trouble = str(error)
                troubled(trouble)
        stop.wait(EVERY)


def run_due(store: Store, now: datetime) -> Iterator[Outcome]:
    """Run the jobs whose time has come, one after another, in the order of lab.toml.

    Raises LabError at the end for those whose times cannot be read.
    """
    wrong = []
    last = dict(store.runs(now).select("job", "planned").iter_rows())
    for job in store.settings.jobs:
        if job.name not in last and (since := store.value(f"job/{job.name}")) is None:
            store.put_value(f"job/{job.name}", now.isoformat())  # its first time is the next one
            continue
        begun = last.get(job.name) or datetime.fromisoformat(str(since))
        try:
            planned = timetable.due(job, begun, now, store.settings.zone)
        except LabError as error:
            wrong.append(str(error))
            continue
        if planned:
            yield run(store, job, planned=planned.at)
    if wrong:
        raise LabError("\n".join(wrong))


def run(store: Store, job: Job, *, planned: datetime | None = None) -> Outcome:
    """Run a job in a process of its own, until it ends or its time is over; a failure leaves a page that says so.

    Raises LabError when other jobs of the lab do not end within its time.
    """
    limit = 60 * job.minutes
    with _alone(store, job, limit):
        started = datetime.now(UTC)
        at = planned or started
        store.begin_run(job.name, at, started)
        outcome, facts, error = _watched(store, job, limit)
        ended = datetime.now(UTC)
        store.end_run(job.name, started, ended, outcome, error)
        page = ""
        if outcome != "done":
            text = monitoring.failure(job.name, outcome, error, at, store.settings.zone, minutes=job.minutes)
            page = str(runner.notice(store, f"failed-{job.name}", f"任务 {job.name} 没有完成", text, now=ended))
    return Outcome(job.name, at, outcome, started - at > LATE, facts, error, page)


@contextmanager
def _alone(store: Store, job: Job, patience: float) -> Iterator[None]:
    """One job of a lab at a time; the next one waits."""
    end = time.monotonic() + patience
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locks.held(store.local / ".job", f"运行任务 {job.name}"))
                break
            except LabError:
                if time.monotonic() > end:
                    raise
            time.sleep(1)
        yield


def _watched(store: Store, job: Job, limit: float) -> tuple[str, dict[str, Any], str]:
    """Outcome, facts and error of the job's process, which is ended with all that it started at its limit."""
    command = [sys.executable, "-P", "-m", "opinion_lab.operate.chain", str(store.root), job.name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        answer, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        _end(process.pid)
        process.communicate()
        return "late", {}, ""
    except BaseException:
        _end(process.pid)
        raise
    try:
        facts = orjson.loads(answer.splitlines()[-1])
    except (IndexError, orjson.JSONDecodeError):
        return "failed", {}, f"进程中途退出（代码 {process.returncode}），多半是内存不够或程序出错"
    error = facts.pop("error", "")
    return ("failed" if error else "done"), facts, error


def _end(pid: int) -> None:
    """End a process and all that it started."""
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(family, timeout=5)
