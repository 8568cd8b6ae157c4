"""What a killed process leaves is finished or swept, and what a living one writes is left alone."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opinion_lab import config
from opinion_lab.storage import files
from opinion_lab.storage.maintenance import locks
from opinion_lab.storage.store import Store

NOW = datetime(2026, 9, 9, 8, tzinfo=UTC)


def test_parts_of_the_dead_are_swept_and_those_of_the_living_stay(lab: Store) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    folder = lab.raw / "items"
    with files.part(folder / "x.parquet", 0o600) as ours:
        dead = ours.with_name(ours.name.replace(f"-{os.getpid()}-", f"-{gone.stdout.strip()}-"))
        elsewhere = dead.with_name(f"{files.WRITING}another-host-1-abc")
        nameless = dead.with_name(f"{files.WRITING}abcdefgh")  # of an earlier version
        for path in (dead, elsewhere, nameless):
            path.write_bytes(b"x")
        lab.sweep_parts()
        assert (ours.exists(), elsewhere.exists(), dead.exists(), nameless.exists()) == (True, True, False, False)
    assert not ours.exists()


@pytest.mark.parametrize("entered", [True, False])
def test_bytes_whose_line_is_in_the_ledger_are_put_in_their_place(lab: Store, entered: bool) -> None:
    capture = lab.put_raw(b"abc", source_id="s", name="a", collected_at=NOW).capture
    path = lab.bytes_path(capture)
    part = path.with_name(f"{files.WRITING}abcdefgh")
    path.rename(part)
    if not entered:
        lab.withdraw(capture)
    lab.sweep_parts()
    assert path.exists() is entered and not part.exists()


def test_a_lock_says_who_holds_it_and_goes_with_its_process(tmp_path: Path) -> None:
    lock = tmp_path / "data" / ".lock"
    code = (
        "import sys, pathlib\nfrom opinion_lab.storage.maintenance import locks\n"
        "with locks.held(pathlib.Path(sys.argv[1]), '整理'): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline() == b"held\n"
        with pytest.raises(config.LabError, match=f"正在整理.*进程号 {other.pid}"), locks.held(lock, "x"):
            pass
        other.kill()
    with locks.held(lock, "x"), locks.held(lock, "inside itself"):
        pass
