"""Who does the work: this process, two of this machine, or the workers of a Dask cluster.

A task is a function of `tasks` with small arguments; its data lie in the lab's folder, which every worker must see
under the same path, or at the address that lab.toml names. All three ways leave the same bytes.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from opinion_lab.config import LabError

#: Starting processes takes two seconds each: not for less than this many rows.
ROWS_FOR_PROCESSES = 50_000
PROCESSES = 2
#: A task whose worker dies is done again by another, so many times; then it is likely the task that kills.
RETRIES = 5


@contextmanager
def workers(cluster: str | None, rows: int) -> Iterator[tuple[Executor, int]]:
    """Workers for so many rows, and how many: `cluster` is the address of a Dask scheduler, or `local`, or None."""
    if cluster:
        with _one_thread_each(), _client(cluster) as client:
            yield client.get_executor(pure=False, retries=RETRIES), max(1, len(client.scheduler_info()["workers"]))
    elif rows < ROWS_FOR_PROCESSES or (os.cpu_count() or 1) < 2:
        with here() as pool:
            yield pool, 1
    else:
        with _one_thread_each():
            pool = ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn"))
            try:
                yield pool, PROCESSES
            finally:
                pool.shutdown(cancel_futures=True)


@contextmanager
def here() -> Iterator[Executor]:
    """This process alone, one task after another."""
    pool = ThreadPoolExecutor(1)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _client(address: str) -> Any:
    try:
        import distributed
    except ImportError:
        raise LabError("没有安装集群组件。请运行 pip install 'opinion-lab[cluster]'，或去掉 --cluster。") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    own = {
        "n_workers": PROCESSES,
        "threads_per_worker": 1,
        "dashboard_address": None,
        "silence_logs": logging.CRITICAL,
    }
    try:
        return distributed.Client(**own if address == "local" else {"address": address, "timeout": "10s"})
    except (OSError, TimeoutError, ValueError) as error:
        raise LabError(f"连不上集群 {address}：{error}。请检查地址，例如 tcp://10.0.0.5:8786。") from None


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes share the cores already: threads of polars in each would only be in each other's way."""
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before
