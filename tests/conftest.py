"""What tests share: a fresh lab, and the folder of real posts."""

import os
from pathlib import Path

import pytest

from opinion_lab import store

LAB = """
organisation = "测试县市场监督管理局"
regions = ["测试县"]
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
