"""Who does the work: this process, two of this machine, or the workers of a Dask cluster.

A task is a function of `steps` with small arguments; its data lie in the lab's folder, which every worker must see
under the same path, or at the address that lab.toml names. All three ways leave the same bytes.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from opinion_lab.config import LabError

#: Starting processes takes two seconds each: not for less than this many rows.
ROWS_FOR_PROCESSES = 50_000
PROCESSES = 2
#: A task whose worker dies is done again by another, so many times; then it is likely the task that kills.
RETRIES = 5

Outcome = dict[str, Any]


class Task(Protocol):
    """A task that was handed out."""

    def result(self) -> Outcome:
        """Wait for its outcome."""
        ...


@dataclass(frozen=True)
class Workers:
    """`submit` hands out a task, a function and its arguments, to `n` that work side by side."""

    submit: Callable[..., Task]
    n: int = 1


def done(outcome: Outcome) -> Task:
    """A task that is done already."""
    task: Future[Outcome] = Future()
    task.set_result(outcome)
    return task


def here() -> Workers:
    """This process: a task is done when it is handed out."""
    return Workers(lambda function, *arguments: done(function(*arguments)))


@contextmanager
def workers(cluster: str | None, rows: int) -> Iterator[Workers]:
    """Workers for so many rows: `cluster` is the address of a Dask scheduler, `local` for one of our own, or None."""
    if cluster:
        with _dask(cluster) as found:
            yield found
    elif rows < ROWS_FOR_PROCESSES or (os.cpu_count() or 1) < 2:
        yield here()
    else:
        # two processes share the cores already: threads of polars in each would only be in each other's way
        with _environment("POLARS_MAX_THREADS", "1"):
            spawn = multiprocessing.get_context("spawn")
            # Python's own search for circles, among so many small things that have none, is one part in twenty
            pool = ProcessPoolExecutor(PROCESSES, spawn, initializer=gc.set_threshold, initargs=(100_000,))
            try:
                yield Workers(pool.submit, PROCESSES)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


#: What a run meets when a process of this machine dies; what was done is kept, so it can go on alone.
Died = BrokenProcessPool


@contextmanager
def _dask(address: str) -> Iterator[Workers]:
    try:
        import distributed
    except ImportError:
        raise LabError("没有安装集群组件。请运行 pip install 'opinion-lab[cluster]'，或去掉 --cluster。") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with _environment("POLARS_MAX_THREADS", "1"):
        try:
            if address == "local":
                # within this process: it listens on no port that others on this machine could reach
                own = distributed.LocalCluster(
                    n_workers=PROCESSES,
                    threads_per_worker=1,
                    processes=False,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
                client = distributed.Client(own)
            else:
                own, client = None, distributed.Client(address, timeout="10s")
        except (OSError, TimeoutError, ValueError) as error:
            raise LabError(f"连不上集群 {address}：{error}。请检查地址，例如 tcp://10.0.0.5:8786。") from None
        try:
            submit = partial(client.submit, pure=False, retries=RETRIES)
            yield Workers(submit, max(1, len(client.scheduler_info()["workers"])))
        finally:
            client.close()
            if own is not None:
                own.close()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
