"""Work on what strangers wrote, in a process of its own with bounds on time and memory, killed when it oversteps them.

A child is started when it is first needed and used again; what it may do is named in `child`. Started by its path and
not by multiprocessing, so that a script or a notebook that collects is not run a second time.
"""

from __future__ import annotations

import asyncio
import atexit
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

import psutil

from opinion_lab.collect.web.faults import Fault

#: Seconds of the processor that a task may take (of the clock, on a busy machine, PATIENCE times so many), and memory.
CPU_SECONDS = {"ready": 20.0, "allows": 2.0, "entries": 6.0}
PATIENCE, MEMORY, EVERY = 4, 130_000_000, 0.05
#: Small feeds do not wait behind large ones.
LARGE = 1_000_000
#: Of each child what most of its tasks need, imported before the clock runs, and the share of MEMORY: twice for pages,
#: which take the extractor of texts, and trees.
FEEDS, PAGES = "opinion_lab.collect.parsers.feeds", "opinion_lab.collect.parsers.pages"
LANES = (("protego", 1), (FEEDS, 1), (FEEDS, 1), (PAGES, 2))


class Workers:
    """Four children, for robots.txt, small and large lists, and pages, each started by its first task."""

    def __init__(self, *, share: float = 1.0, memory: int = MEMORY) -> None:
        self.lanes = [_Child(needed, share, times * memory) for needed, times in LANES]
        self.threads = [ThreadPoolExecutor(1) for _ in self.lanes]

    def close(self) -> None:
        """End the children, and the threads that wait for them."""
        for child in self.lanes:
            child.stop()
        for thread in self.threads:
            thread.shutdown(cancel_futures=True)

    async def ask(self, task: str, *arguments: Any) -> Any:
        """The outcome of one of TASKS. Raises Fault: the task's own, or parse_limit, or parse_crash."""
        lane = _lane(task, *arguments[:2])
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads[lane], self.lanes[lane].ask, task, arguments)

    def ask_here(self, task: str, *arguments: Any) -> Any:
        """The same, waited for."""
        return self.lanes[_lane(task, *arguments[:2])].ask(task, arguments)


def _lane(task: str, what: Any, reader: Any) -> int:
    if task == "allows":
        return 0
    return 3 if ".pages" in reader.__module__ else 1 if what.stat().st_size <= LARGE else 2


@cache
def shared() -> Workers:
    """Those of this process, started once and used by every run in it."""
    workers = Workers()
    atexit.register(workers.close)
    return workers


class _Child:
    """One process that takes a task at a time."""

    def __init__(self, needed: str, share: float, memory: int) -> None:
        self.needed, self.share, self.memory = needed, share, memory
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, task: str, arguments: tuple[Any, ...]) -> Any:
        """The outcome of a task; a child that was killed or died is started anew."""
        if self.process is None or self.process.poll() is not None:
            # -P: a file of the working directory is not taken for a module
            command = [sys.executable, "-P", "-m", "opinion_lab.collect.web.child"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._watched(self.process, "ready", (self.needed,), CPU_SECONDS["ready"])
        outcome = self._watched(self.process, task, arguments, self.share * CPU_SECONDS[task])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _watched(self, process: subprocess.Popen[bytes], task: str, arguments: tuple[Any, ...], seconds: float) -> Any:
        """Hand the task over and wait, with an eye on what it takes."""
        begun, spent, watched = time.monotonic(), _spent(process.pid), psutil.Process(process.pid)
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(_exchange, process, (task, arguments))
            while not answer.done():
                with suppress(psutil.Error):
                    late = time.monotonic() - begun > PATIENCE * seconds
                    if late or _spent(process.pid) - spent > seconds or watched.memory_info().rss > self.memory:
                        self.stop()
                        raise Fault("parse_limit")
                with suppress(TimeoutError, OSError, EOFError, pickle.UnpicklingError):
                    answer.result(EVERY)
        try:
            return answer.result()
        except (OSError, EOFError, pickle.UnpicklingError):
            self.stop()
            raise Fault("parse_crash") from None

    def stop(self) -> None:
        """End the child, whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
            self.process = None


def _spent(pid: int) -> float:
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _exchange(process: subprocess.Popen[bytes], task: Any) -> Any:
    assert process.stdin and process.stdout
    pickle.dump(task, process.stdin)
    process.stdin.flush()
    return pickle.load(process.stdout)
