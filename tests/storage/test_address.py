"""Data at an address: the same objects as in a folder, whoever works, and nothing half done. Real S3 over HTTP."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import distributed
import polars as pl
import pytest
from obstore.exceptions import PermissionDeniedError

from opinion_lab import config
from opinion_lab.collect import importer
from opinion_lab.prepare import pipeline
from opinion_lab.prepare.pipeline import staging, tasks
from opinion_lab.storage import files, partitions, store
from opinion_lab.storage.maintenance import integrity
from tests.prepare.test_pipeline import NOW, export, row, state

ROOT = Path(__file__).parents[2]
SETTINGS = 'organisation = "测试局"\n[watch]\nany = ["电子秤"]\n'
ROWS = [
    [row(n, 1 + n % 3, text=f"{n % 30}号摊位的电子秤不准，差了半斤") for n in range(file * 50, file * 50 + 50)]
    for file in range(3)
]
PART_ROWS = 110  # a part of two days, and one of one


@pytest.fixture(scope="module")
def keys() -> Iterator[pytest.MonkeyPatch]:
    """Environment of this module: workers inherit it, as they would from a service's settings."""
    with pytest.MonkeyPatch.context() as context:
        for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("REGION", "us-east-1")):
            context.setenv(f"AWS_{name}", value)
        yield context


@pytest.fixture(scope="module")
def bucket(keys: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty bucket on an S3 server, a process of its own; CI must have it, a newcomer without uv need not."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url, log = f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("server") / "log"
    command = [uv or "uv", "tool", "run", "--quiet", "--from", "moto"]
    command += ["--with-requirements", str(ROOT / "tests" / "object_store.lock"), "moto_server", "-p", str(port)]
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True) if uv else None
    try:
        for _ in range(600):
            if server is None or server.poll() is not None:
                said = log.read_text(encoding="utf-8")[-2000:]
                message = f"no object store: the checks on S3 did not run (uv: {uv}) {said}"
                pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
            try:
                urllib.request.urlopen(urllib.request.Request(f"{url}/lab-bucket", method="PUT"), timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the server of the object store runs and did not answer within a minute")
        keys.setenv("AWS_ENDPOINT_URL", url)
        yield "s3://lab-bucket"
    finally:
        if server is not None and server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


@pytest.fixture(scope="module")
def in_folder(tmp_path_factory: pytest.TempPathFactory) -> store.Store:
    """What one process makes of three files in a folder: the measure."""
    with pytest.MonkeyPatch.context() as context:
        context.setattr(pipeline.runs, "PART_ROWS", PART_ROWS)
        lab = _lab(tmp_path_factory.mktemp("folder"), "")
        assert pipeline.run(lab, progress=False).copies > 50
    return lab


@pytest.fixture(scope="module")
def two_workers(bucket: str) -> Iterator[distributed.Client]:
    """A Dask cluster of two on this machine, started with the keys in its environment."""
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


@pytest.fixture
def at_address(
    bucket: str, in_folder: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[store.Store]:
    """The same files waiting in a lab whose data lie on the server, under the same key."""
    monkeypatch.setattr(pipeline.runs, "PART_ROWS", PART_ROWS)
    yield _lab(tmp_path, f"{bucket}/{tmp_path.name}", key=(in_folder.root / "lab.key").read_bytes())


def _lab(root: Path, data: str, key: bytes | None = None) -> store.Store:
    (root / "lab.toml").write_text((f'data = "{data}"\n' if data else "") + SETTINGS, encoding="utf-8")
    if key:
        (root / "lab.key").write_bytes(key)
    lab = store.open(root)
    config.pseudonym_key(root, lab.settings)
    for number, rows in enumerate(ROWS):
        importer.import_files(lab, [export(root / f"{number}.jsonl", rows)], "posts", now=NOW)
    return lab


def objects(lab: store.Store) -> dict[str, bytes]:
    """All that lies at the address under `processed`, as `state` has it for a folder; the stage too."""
    start = lab.processed.path + "/"
    return {name.removeprefix(start): lab.processed.fs.cat_file(name) for name in lab.processed.fs.find(start)}


def test_one_process_leaves_the_same_objects_as_in_a_folder(
    at_address: store.Store, in_folder: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way, read back by the same doors; nothing of the posts, the rows or the key is at the wrong place."""
    done = pipeline.run(at_address, progress=False)
    assert (done.captures, done.rows) == (3, 150)
    assert objects(at_address) == state(in_folder)
    assert at_address.posts().equals(in_folder.posts()) and at_address.tokens().equals(in_folder.tokens())
    one = in_folder.days()[2]
    assert at_address.day("posts", one).equals(in_folder.day("posts", one)) and not at_address.day("posts", NOW).height
    assert at_address.dropped().equals(in_folder.dropped())
    relevant = pl.col("relevant")
    assert at_address.posts(one, one, relevant).equals(in_folder.posts(one, one, relevant))
    assert integrity.verify(at_address) == []
    assert not list((at_address.root / "data").rglob("*.parquet")), "rows or posts lie on this machine too"
    secret = (at_address.root / "lab.key").read_bytes().strip()
    everywhere = at_address.processed.fs.find(at_address.processed.parent.path)
    assert len(everywhere) == 18 and all(name.endswith(".parquet") for name in everywhere)
    assert not any(secret in at_address.processed.fs.cat_file(name) for name in everywhere)

    written: list[object] = []
    with monkeypatch.context() as context:
        context.setattr(files, "_put", written.append)
        assert pipeline.run(at_address, progress=False).captures == 0 and not written
    assert objects(at_address) == state(in_folder)

    assert len(integrity.sweep(at_address, NOW + timedelta(days=200))) == 3
    assert not files.listed(at_address.rows) and not any(map(at_address.has_items, at_address.captures()["capture"]))
    assert at_address.posts().height == in_folder.posts().height, "posts went with their rows"


@pytest.mark.soak
def test_a_killed_worker_changes_nothing(
    at_address: store.Store, in_folder: store.Store, two_workers: distributed.Client
) -> None:
    """An object is there whole or not at all, a worker sees at once what another put, a task can be repeated."""
    pids = list(two_workers.run(os.getpid).values())
    failed: list[BaseException] = []

    def work() -> None:
        try:
            pipeline.run(at_address, progress=False, cluster=two_workers.scheduler.address)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    # names alone: what is listed while others work may have been moved before it is read
    found = at_address.processed.fs.find
    while thread.is_alive() and not any("/build-" in name for name in found(at_address.processed.path)):
        time.sleep(0.01)
    os.kill(pids[0], signal.SIGKILL)
    names = found(at_address.processed.path)
    assert not any("commit.json" in n or "processed/posts/" in n for n in names), "it was over before the kill"
    thread.join()
    assert not failed and objects(at_address) == state(in_folder)


def falling(monkeypatch: pytest.MonkeyPatch, changes: set[str], after: int) -> None:
    """After so many requests of those that change something, this process is gone; a removal of many half-way."""
    ask, left = files._ask, iter(range(after))

    def asked(path: files.Place, what: str, *arguments: object, **options: object) -> object:
        if what in changes and next(left, None) is None:
            for name in sorted(path.fs.find(path.path))[::2] if what == "rm" else ():
                path.fs.rm_file(name)
            raise KeyboardInterrupt
        return ask(path, what, *arguments, **options)

    monkeypatch.setattr(files, "_ask", asked)


def test_a_fall_anywhere_while_putting_in_place_is_put_right(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once committed a run counts: before a copy, between a copy and its removal, while the stage is cleared."""
    new = BytesIO()
    pl.DataFrame({"x": [1, 2]}).write_parquet(new)
    wanted = dict.fromkeys(("posts/2026-09-01.parquet", "dropped/a.parquet"), new.getvalue())
    changes = {"cp_file", "rm_file", "rm"}
    for after in range(20):
        processed = files.at(f"{bucket}/fall-{after}") / "processed"
        for name in ("posts/2026-09-01.parquet", "posts/2026-09-03.parquet"):
            files.write(processed / name, b"old")
        stage = partitions.Stage(processed, "run")
        for name in (*wanted, "posts/2026-09-03.gone", "work/a.json"):
            files.write(stage.file(name), new.getvalue())
        stage.commit({"n": after})
        told: list[dict] = []
        with monkeypatch.context() as context:
            falling(context, changes, after)
            try:
                partitions.finish(processed, told.append)
            except KeyboardInterrupt:
                left = files.exists(stage.file("commit.json"))
                assert left or not files.listed(stage.folder), "what is left would be taken for another run's work"
            else:
                break
        partitions.finish(processed, told.append)
        start = processed.path + "/"
        found = {n.removeprefix(start): processed.fs.cat_file(n) for n in processed.fs.find(start)}
        assert found == wanted and told[-1]["n"] == after, f"after {after} changes"
        assert told[-1]["heights"] == [["posts", "2026-09-01", 2], ["posts", "2026-09-03", 0]]
    assert after > 6, "it did not fall everywhere"


def test_a_run_that_fell_while_putting_in_place_is_not_done_again(
    at_address: store.Store, in_folder: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run finds what was committed, and asks for none of its work."""
    with monkeypatch.context() as context:
        falling(context, {"cp_file"}, 3)
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(at_address, progress=False)
    assert objects(at_address) != state(in_folder), "it did not fall half-way"
    assert pipeline.run(at_address, progress=False).captures == 0
    assert objects(at_address) == state(in_folder) and pipeline.waiting(at_address) == 0


def test_a_day_that_becomes_empty_loses_its_object(at_address: store.Store, in_folder: store.Store) -> None:
    """`put` of no rows, by stage and in place; and what a stopped run left is swept for the next one."""
    at_address.put_days("posts", in_folder.posts())
    day = at_address.days()[0]
    stage = at_address.stage("run")
    stage.put("posts", at_address.day("posts", day).clear(), [day])
    assert files.exists(stage.file(f"posts/{day}.gone")) and not stage.scan("posts", [day], ["post_id"]).height
    partitions.sweep(at_address.processed, keep="other")
    assert not files.listed(stage.folder) and day in at_address.days()
    stage.remove("posts", day)
    stage.commit({})
    partitions.finish(at_address.processed, lambda note: None)
    assert day not in at_address.days() and not files.listed(at_address.processed / ".staging")


def test_a_worker_with_another_key_makes_no_posts(at_address: store.Store) -> None:
    """Each machine has its own copy of the key: a forgotten one must not give other pseudonyms."""
    run = staging.Run(at_address.root, "run", staging.settings(at_address))
    (at_address.root / "lab.key").write_text("00" * 32)
    with pytest.raises(config.LabError, match=r"密钥文件或 rules 文件夹与发起整理的机器不同.*复制过去"):
        tasks.build(run, at_address.captures()["capture"].to_list()[:1])
    assert not files.listed(at_address.processed)


def test_an_address_where_nothing_lies_is_not_taken_for_an_empty_lab(at_address: store.Store, bucket: str) -> None:
    """A changed `data` would have all captures taken for swept away, and never prepared."""
    settings = at_address.root / "lab.toml"
    settings.write_text(settings.read_text("utf-8").replace(at_address.settings.data, f"{bucket}/elsewhere"), "utf-8")
    with pytest.raises(config.LabError, match=r"什么也没有.*复制过去"):
        pipeline.run(store.open(at_address.root), progress=False)
    assert pipeline.waiting(at_address) == 3


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError("connection reset"), "连不上"), (PermissionDeniedError("403"), "拒绝访问.*AWS_SECRET_ACCESS_KEY")],
)
def test_a_store_that_fails_is_not_taken_for_one_that_has_nothing(
    at_address: store.Store, error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a day whose question went unanswered would be written anew without its posts."""

    def fails(*_: object, **__: object) -> None:
        raise error

    for name in ("info", "ls", "cat_file"):
        monkeypatch.setattr(at_address.processed.fs, name, fails)
    for ask in (files.exists, files.listed, files.read):
        with pytest.raises(config.LabError, match=said):
            ask(at_address.processed / "posts")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("s3://no-such-bucket/lab", "没有这个存储桶.*先建好"),
        ("s4://bucket/lab", r"s4:// 不认识.*改成 s3://"),
        ("sftp://host/lab", r"没有安装.*pip install 'opinion-lab\[cluster\]'"),
        ("bucket/lab", "应是 s3://"),
        ("s3://name:secret@bucket/lab", "放在环境变量里"),
    ],
)
def test_a_wrong_address_is_said_in_plain_words(bucket: str, tmp_path: Path, data: str, said: str) -> None:
    """Whoever wrote lab.toml is told what to do next, before anything is read or written."""
    with pytest.raises(config.LabError, match=said):
        _lab(tmp_path, data)


def test_no_server_is_said_in_plain_words_and_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is down must not keep people waiting for minutes."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(config.LabError, match=r"连不上.*AWS_ENDPOINT_URL"):
        _lab(tmp_path, "s3://nobody/lab")
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_other_addresses_that_fsspec_knows_leave_the_same(
    scheme: str, in_folder: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is not known whether a write is whole, it goes by another name; `file://` is a folder elsewhere."""
    monkeypatch.setattr(pipeline.runs, "PART_ROWS", PART_ROWS)
    data = f"memory://{tmp_path.name}" if scheme == "memory" else (tmp_path / "there").as_uri()
    lab = _lab(tmp_path, data, key=(in_folder.root / "lab.key").read_bytes())
    pipeline.run(lab, progress=False)
    assert (state if scheme == "file" else objects)(lab) == state(in_folder)
    assert lab.posts().equals(in_folder.posts()) and integrity.verify(lab) == []
