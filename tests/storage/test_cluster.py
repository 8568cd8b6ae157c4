"""More than one process leaves the same bytes as one, and a worker that is killed changes nothing. Real Dask."""

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import distributed
import pytest

from opinion_lab import config
from opinion_lab.collect import importer
from opinion_lab.prepare import pipeline
from opinion_lab.prepare.pipeline import workers as cluster
from opinion_lab.storage import store
from tests.prepare.test_pipeline import NOW, export, row, state


@pytest.fixture(scope="module")
def lab_of_many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A lab with four files waiting, prepared nowhere yet; and what one process makes of a copy of it."""
    root = tmp_path_factory.mktemp("many")
    (root / "lab.toml").write_text('organisation = "测试局"\n[watch]\nany = ["电子秤"]\n', encoding="utf-8")
    lab = store.open(root)
    config.pseudonym_key(root, lab.settings)
    for file in range(4):
        numbers = range(file * 100, file * 100 + 100)
        rows = [row(n, 1 + n % 8, text=f"{n % 40}号摊位的电子秤不准，差了半斤") for n in numbers]
        importer.import_files(lab, [export(root / f"{file}.jsonl", rows)], "posts", now=NOW)
    return root, _prepared(_copy(root, "alone"), None)


def _copy(root: Path, name: str) -> store.Store:
    there = root.with_name(f"{root.name}-{name}")
    shutil.copytree(root, there)
    return store.open(there)


def _prepared(lab: store.Store, address: str | None) -> dict[str, bytes]:
    done = pipeline.run(lab, progress=False, cluster=address)
    assert (done.captures, done.rows) == (4, 400) and done.copies > 50
    return state(lab)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch, lab_of_many: tuple[Path, dict[str, bytes]]) -> None:
    monkeypatch.setattr(pipeline.runs, "PART_ROWS", 40)


def test_two_processes_of_this_machine_leave_the_same_bytes(
    lab_of_many: tuple[Path, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, alone = lab_of_many
    monkeypatch.setattr(cluster, "ROWS_FOR_PROCESSES", 0)
    assert _prepared(_copy(root, "two"), None) == alone


@pytest.mark.soak
def test_a_local_cluster_leaves_the_same_bytes(lab_of_many: tuple[Path, dict[str, bytes]]) -> None:
    root, alone = lab_of_many
    assert _prepared(_copy(root, "local"), "local") == alone


@pytest.mark.soak
def test_a_killed_worker_changes_nothing(lab_of_many: tuple[Path, dict[str, bytes]]) -> None:
    root, alone = lab_of_many
    lab = _copy(root, "killed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as workers,
        distributed.Client(workers) as client,
    ):
        pids = list(client.run(os.getpid).values())
        failed: list[BaseException] = []

        def work() -> None:
            try:
                pipeline.run(lab, progress=False, cluster=workers.scheduler_address)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        while thread.is_alive() and not list(lab.processed.glob(".staging/*/*/make-*.json")):
            time.sleep(0.01)
        os.kill(pids[0], signal.SIGKILL)
        assert not list(lab.processed.glob("posts/*.parquet")), "it was over before the worker was killed"
        thread.join()
    assert not failed and state(lab) == alone


def test_a_dead_address_is_said_in_plain_words(lab: store.Store) -> None:
    importer.import_files(lab, [export(lab.root / "a.jsonl", [row(1, 8)])], "posts", now=NOW)
    with pytest.raises(config.LabError, match="连不上集群"):
        pipeline.run(lab, progress=False, cluster="没有这个地址")
    assert not lab.days() and pipeline.waiting(lab) == 1
