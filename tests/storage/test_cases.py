"""The history of cases: only added to, numbers never repeat, two writers lose nothing, a kill leaves it whole."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opinion_lab.config import LabError
from opinion_lab.storage.journal import cases

NOW = datetime(2026, 9, 8, 1, tzinfo=UTC)


def begin(root: Path, n: int = 1, once: str | None = None) -> list[str]:
    row = {"event": "register", "who": "值班员", "at": NOW, "details": {"title": "一件"}}
    return cases.add_numbered(root, "2026", [{**row, "once": once and f"{once}{i}"} for i in range(n)], now=NOW)


def test_numbers_go_up_and_the_same_thing_is_begun_once(tmp_path: Path) -> None:
    assert begin(tmp_path, 2) == ["2026-0001", "2026-0002"]
    assert begin(tmp_path, 2, "order:") == ["2026-0003", "2026-0004"] == begin(tmp_path, 2, "order:")
    assert begin(tmp_path) == ["2026-0005"]


@pytest.mark.parametrize(
    "sql", ["update history set who = 'x'", "delete from history", "delete from history where line = 1"]
)
def test_no_line_is_changed_or_taken_out(tmp_path: Path, sql: str) -> None:
    begin(tmp_path)
    with (
        closing(sqlite3.connect(cases._path(tmp_path))) as db,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        db.execute(sql)
    assert cases.read(tmp_path).height == 1


def test_a_refused_change_leaves_no_line(tmp_path: Path) -> None:
    begin(tmp_path)

    def refuse(lines):
        raise LabError("不行")

    with pytest.raises(LabError):
        cases.change(tmp_path, "2026-0001", refuse, who="办公室", at=NOW, now=NOW)
    assert cases.read(tmp_path).height == 1 and begin(tmp_path) == ["2026-0002"]


def write_many(root: Path, n: int) -> None:
    for _ in range(n):
        begin(root)
        cases.change(root, "2026-0001", lambda lines: ("note", {"n": lines.height}), who="甲", at=NOW, now=NOW)


def writer(root: Path, n: int) -> subprocess.Popen[bytes]:
    """Another process that writes."""
    code = f"from tests.storage.test_cases import *; write_many(Path({str(root)!r}), {n})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], start_new_session=True)


def test_two_who_write_at_once_lose_nothing_and_each_sees_what_was_there(tmp_path: Path) -> None:
    begin(tmp_path)
    jobs = [writer(tmp_path, 25) for _ in range(2)]
    assert [job.wait(120) for job in jobs] == [0, 0]
    rows = cases.read(tmp_path)
    assert rows["subject"].n_unique() == 51 and rows.height == 101
    notes = rows.filter(rows["event"] == "note")["details"].to_list()
    assert sorted(notes, key=len) == [f'{{"n":{n}}}' for n in range(1, 51)], "each was decided on all lines before it"


def test_killed_at_any_instant_the_file_is_whole(tmp_path: Path) -> None:
    begin(tmp_path)
    for wait in (0.0, 0.07, 0.31):
        before = cases.read(tmp_path).height
        job = writer(tmp_path, 10**6)
        for _ in range(1500):
            if cases.read(tmp_path).height >= before + 2:
                break
            time.sleep(0.02)
        time.sleep(wait)
        os.killpg(job.pid, signal.SIGKILL)
        job.wait(10)
        assert cases.sound(tmp_path)
        rows = cases.read(tmp_path)
        assert rows.height > before and rows["line"].to_list() == list(range(1, rows.height + 1)), (
            "no line is half there"
        )


def test_a_broken_file_is_named_and_nothing_is_put_in_its_place(tmp_path: Path) -> None:
    cases._path(tmp_path).parent.mkdir()
    cases._path(tmp_path).write_bytes(b"no database" * 1000)
    assert not cases.sound(tmp_path)
    with pytest.raises(LabError, match="restore"):
        begin(tmp_path)
    assert cases._path(tmp_path).read_bytes().startswith(b"no database")
