"""Damage is named with what brings it back, `rebuild` heals what raw still gives, nothing ends in a traceback."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from opinion_lab import cli, config
from opinion_lab.storage import store
from opinion_lab.storage.maintenance import integrity
from tests.conftest import LAB

DAY = "2026-09-08"
Damage = Callable[[Path], None]


def run(capsys: pytest.CaptureFixture[str], root: Path, *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--lab", str(root), *arguments])
    printed = capsys.readouterr()
    return int(stopped.value.code or 0), printed.out + printed.err


def posts_file(path: Path, name: str, days: range) -> Path:
    rows = [
        {"native_id": f"{name}-{d}-{i}", "platform": "微博", "author": f"网民{i}", "kind": "post",
         "text": f"{name} 第 {i} 家店的秤不准，{d} 号买的菜少了 {i} 两",
         "published_at": f"2026-09-{d:02} 10:{i:02}", "likes": i}
        for d in days for i in range(6)
    ]  # fmt: skip
    rows.append({"native_id": "", "platform": "微博", "text": "没有时间", "kind": "post", "published_at": ""})
    target = path / f"{name}.jsonl"
    target.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    return target


def orders_file(path: Path) -> Path:
    rows = [
        f"D{d}{i},工单 {i} 称买的肉注水，{d} 号,2026-09-{d:02} 11:{i:02},市监局,消费" for d in (8, 9) for i in range(3)
    ]
    target = path / "工单.csv"
    target.write_text("\n".join(["工单编号,诉求内容,来电时间,承办单位,诉求类型", *rows]), encoding="utf-8")
    return target


FILES = {"甲.jsonl": "posts", "乙.jsonl": "posts", "工单.csv": "work-orders"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab of two files of posts, one of work orders and four days, prepared."""
    root = tmp_path_factory.mktemp("whole")
    (root / "lab.toml").write_text(LAB, encoding="utf-8")
    for name, days in (("甲", range(7, 10)), ("乙", range(8, 11))):
        posts_file(root, name, days)
    orders_file(root)
    for name, mapping in FILES.items():
        with pytest.raises(SystemExit):
            cli.main(["--lab", str(root), "import", str(root / name), "-m", mapping])
    with pytest.raises(SystemExit):
        cli.main(["--lab", str(root), "prepare"])
    return root


@pytest.fixture
def root(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "lab"))


def _first(root: Path, pattern: str) -> Path:
    return sorted((root / "data").glob(pattern))[0]


def emptied(pattern: str) -> Damage:
    return lambda root: _first(root, pattern).write_bytes(b"")


def deleted(pattern: str) -> Damage:
    return lambda root: _first(root, pattern).unlink()


def truncated(pattern: str) -> Damage:
    def cut(root: Path) -> None:
        path = _first(root, pattern)
        os.truncate(path, path.stat().st_size * 2 // 3)

    return cut


def fewer(pattern: str) -> Damage:
    def halve(root: Path) -> None:
        path = _first(root, pattern)
        pl.read_parquet(path).head(2).write_parquet(path)

    return halve


def overwritten(root: Path) -> None:
    (root / "data/raw/ledger.sqlite").write_bytes(b"x" * 5000)


def cleared(root: Path) -> None:
    with sqlite3.connect(root / "data/raw/ledger.sqlite") as db:
        db.execute("delete from capture")


HARMS = {"deleted": deleted, "truncated": truncated, "emptied": emptied, "with fewer rows": fewer}
ROWS, BYTES = "raw/items/" + "?" * 64 + ".parquet", "raw/bytes/*/*"
#: name: damage, what `verify` says of it, whether `rebuild` alone makes the lab whole
DAMAGES: dict[str, tuple[Damage, str, bool]] = {
    "a ledger without lines": (cleared, "不在账上", True),
    "a ledger of no bytes": (emptied("raw/ledger.sqlite"), "不在账上", True),
    "a ledger that is no database": (overwritten, "账本", True),
    "a truncated ledger": (truncated("raw/ledger.sqlite"), "账本", True),
    **{
        f"a day of {frame}, {what}": (how(f"processed/{frame}/{day}.parquet"), f"{said} {day.strip('*')}", True)
        for frame, said in integrity.NAMES.items()
        for day in ["*" if frame == "sightings" else DAY]  # posts were seen today
        for what, how in HARMS.items()
    },
    "a day of stories, deleted": (deleted(f"processed/stories/{DAY}.parquet"), f"事件 {DAY} 不见了", True),
    "rows deleted": (deleted(ROWS), "读入的行不见了", True),
    "rows truncated": (truncated(ROWS), "读入的行读不了", True),
    "rows that are fewer": (fewer(ROWS), "少了或多了", True),
    "dropped rows deleted": (deleted("raw/items/*.dropped.parquet"), "剔除的行不见了", True),
    "what preparing left out, deleted": (deleted("processed/dropped/*.parquet"), "整理时剔除", True),
    "bytes deleted": (deleted(BYTES), "原始文件不见了", False),
    "bytes truncated": (truncated(BYTES), "原始文件被改动", False),
    "bytes emptied": (emptied(BYTES), "原始文件被改动", False),
}  # fmt: skip


def _in_turn(name: str, n: int) -> object:
    """Every frame and every harm is in the suite once; `make soak` has them all with each other."""
    often = name.startswith("a day of") and n % (len(HARMS) + 1)
    return pytest.param(name, marks=pytest.mark.soak) if often else name


@pytest.mark.parametrize("name", [_in_turn(name, n) for n, name in enumerate(DAMAGES)])
def test_damage_is_named_and_rebuild_heals_what_raw_gives(
    name: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage, words, heals = DAMAGES[name]
    before = store.open(root).posts()
    sizes = [store.open(root).sightings().height, store.open(root).orders().height]
    damage(root)
    code, printed = run(capsys, root, "verify")
    assert code == 1 and words in printed and "请" in printed, printed
    for command in (["status"], ["prepare"], ["search", "秤"], ["stories"], ["verify"]):
        run(capsys, root, *command)  # a traceback would come through
    code, printed = run(capsys, root, "rebuild")
    if heals:
        assert code == 0, printed
    else:
        assert code == 1 and "再导入一次" in printed, printed
        for file, mapping in FILES.items():
            run(capsys, root, "import", str(root / file), "-m", mapping)
        run(capsys, root, "prepare")
    code, printed = run(capsys, root, "verify")
    assert code == 0 or name.startswith("bytes"), printed
    columns = ["post_id", "text", "author_id", "published_at", "likes"]
    after = store.open(root)
    assert after.posts().select(columns).equals(before.select(columns))
    assert [after.sightings().height, after.orders().height] == sizes


@pytest.mark.parametrize("body", [None, "", "00", "zz" * 32, "ab" * 31, "cd" * 32])
def test_a_key_that_is_gone_broken_or_another_is_refused_while_posts_exist(
    body: str | None, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = root / "lab.key"
    mine = key.read_text()
    key.unlink()
    if body is not None:
        key.write_text(body)
    for command in ("verify", "prepare", "rebuild"):
        code, printed = run(capsys, root, command)
        assert code == 1 and "密钥" in printed and "--new-key" in printed, printed
    assert (key.read_text() if key.exists() else None) == body
    key.write_text(mine)
    assert run(capsys, root, "verify")[0] == 0
    key.unlink()
    code, printed = run(capsys, root, "rebuild", "--new-key")
    assert code == 0 and key.read_text() != mine, printed


def limited(root: Path, most: int, *command: str) -> subprocess.CompletedProcess[str]:
    """A command that can write files of so many bytes at most, which is what a full disk comes to."""
    return subprocess.run(
        [sys.executable, "-m", "opinion_lab.cli", "--lab", str(root), *command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},  # Python 3.11 keeps half a .pyc where a write is cut short
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (most, most)),
    )


def test_a_key_is_written_whole_or_not_at_all(root: Path) -> None:
    shutil.rmtree(root / "data" / "processed")
    (root / "lab.key").unlink()
    with sqlite3.connect(root / "data/raw/ledger.sqlite") as db:
        db.execute("delete from setting")
    assert limited(root, 10, "prepare").returncode != 0
    assert not list(root.glob("*lab.key*"))
    assert len(config.pseudonym_key(root, config.load(root))) == 32


@pytest.mark.parametrize(
    ("command", "most"),
    [
        ("prepare", 4_000),
        ("rebuild", 40_000),
        *(pytest.param(*case, marks=pytest.mark.soak) for case in product(["prepare", "rebuild"], [0, 4_000, 40_000])),
        ("verify", 0),  # these two hardly write
        ("status", 0),
    ],
)
def test_a_full_disk_ends_in_a_sentence_and_loses_nothing(command: str, most: int, root: Path) -> None:
    whole = store.open(root).posts()
    posts_file(root, "丙", range(11, 13))
    with pytest.raises(SystemExit):
        cli.main(["--lab", str(root), "import", str(root / "丙.jsonl"), "-m", "posts"])
    done = limited(root, most, command)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0 or any("\u4e00" <= c <= "\u9fff" for c in done.stderr), done.stderr
    with pytest.raises(SystemExit) as healed:
        cli.main(["--lab", str(root), "rebuild"])
    assert not healed.value.code
    after = store.open(root).posts()
    assert after.height == whole.height + 12
    assert after.join(whole, on=["post_id", "text"], how="semi").height == whole.height


BROKEN = ["", "keep_raw_days = ", "[watch", "\x00\x01", "nope = 1", *(f"keep_raw_days = {n}" for n in (-5, 0, 99999))]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("command", ["status", "verify", "prepare", "rebuild"])
def test_a_broken_lab_toml_ends_in_a_sentence(
    text: str, command: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "lab.toml").write_text(text, encoding="utf-8")
    code, printed = run(capsys, root, command)
    assert (code == 0 and text == "") or (code == 1 and "lab.toml" in printed), printed


def test_raw_goes_when_it_should(root: Path) -> None:
    lab = store.open(root)
    late = datetime.now(UTC) + timedelta(days=lab.settings.keep_raw_days + 400)
    lab.put_raw(b"<never parsed>", source_id="x", name="x", collected_at=datetime.now(UTC))
    stray = lab.raw / "bytes" / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"no line of the ledger")
    (lab.raw / "items" / f"{'cd' * 32}.parquet").write_bytes(b"no line either")
    assert integrity.sweep(lab, datetime.now(UTC)) == []
    assert len(integrity.sweep(lab, late)) == 6
    assert not [p for p in (*(lab.raw / "bytes").rglob("*"), *(lab.raw / "items").iterdir()) if p.is_file()]
    assert lab.posts().height == 42
