"""What tests share: a fresh lab, and the folder of real posts."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opinion_lab.storage import store

ROOT = Path(__file__).parents[1]

LAB = """
organisation = "测试县市场监督管理局"
[watch]
any = []
[organisations]
own = ["测试县市场监督管理局"]
government = ["测试县发布"]
media = ["测试晚报"]
"""


@pytest.fixture
def lab(tmp_path: Path) -> store.Store:
    """An empty lab in a folder of its own."""
    (tmp_path / "lab.toml").write_text(LAB, encoding="utf-8")
    return store.open(tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real posts beside the checkout; CI must have them, a newcomer need not."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        message = f"no real posts at {folder}: the checks on real files did not run"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def demo_lab(tmp_path_factory: pytest.TempPathFactory) -> store.Store:
    """The lab that `opinion-lab demo` leaves, reports and all; made once, whichever worker comes first."""
    # with xdist each worker has a folder of its own inside one that all share
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    root, done = shared / "demo-lab", shared / "demo-lab.done"
    try:
        root.mkdir()
    except FileExistsError:
        for _ in range(600):
            if done.exists():
                break
            time.sleep(1)
    else:
        shutil.copy(ROOT / "lab.toml", root)
        shutil.copytree(ROOT / "notebooks", root / "notebooks")
        made = subprocess.run(
            [sys.executable, "-m", "opinion_lab.cli", "--lab", str(root), "demo"], capture_output=True, text=True
        )
        done.write_text(f"{made.returncode}\n{made.stdout}\n{made.stderr}", encoding="utf-8")
    told = done.read_text(encoding="utf-8")
    assert told.startswith("0\n"), told[-3000:]
    return store.open(root)
