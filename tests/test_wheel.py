"""The wheel is whole: installed away from the checkout, the commands of the first day work."""

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import Installed, jupyterlab


def test_nothing_comes_from_the_checkout(installed: Installed, tmp_path: Path) -> None:
    python = installed.command.parent / "python"
    program = "import opinion_lab; print(opinion_lab.__file__)"
    where = subprocess.run([python, "-c", program], cwd=tmp_path, env=installed.environment, capture_output=True)
    assert Path(where.stdout.decode().strip()).is_relative_to(installed.command.parents[1])


def test_the_demo_runs_where_there_is_no_lab(demo_lab: object, installed: Installed, tmp_path: Path) -> None:
    """`demo_lab` is the demo of the wheel in a folder that was empty; a lab of one's own is not touched by it."""
    installed.run("init", "局", cwd=tmp_path)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        installed.run("--lab", "局", "demo", cwd=tmp_path)
    assert "不能混入虚构示例" in refused.value.stderr


@pytest.fixture(scope="module")
def jupyter(installed: Installed, tmp_path_factory: pytest.TempPathFactory):
    """The address of `opinion-lab lab`, without a token, on a new lab."""
    folder = tmp_path_factory.mktemp("jupyter")
    installed.run("init", "lab", cwd=folder)
    with jupyterlab(installed, folder / "lab", folder / "home") as address:
        yield address


def test_jupyter_opens_on_the_lab_in_chinese_without_news(jupyter: str) -> None:
    def get(path: str) -> tuple[str, bytes]:
        answer = urllib.request.urlopen(f"{jupyter}{path}", timeout=20)
        return answer.url, answer.read()

    assert get("/")[0].endswith("/lab/tree/notebooks/1-daily-brief.ipynb")
    assert {f["name"] for f in json.loads(get("/api/contents/")[1])["content"]} >= {"notebooks", "lab.toml"}
    chosen = {}
    for plugin, key in (("translation-extension:plugin", "locale"), ("apputils-extension:notification", "fetchNews")):
        chosen[key] = json.loads(get(f"/lab/api/settings/@jupyterlab/{plugin}")[1])["schema"]["properties"][key]
    assert (chosen["locale"]["default"], chosen["fetchNews"]["default"]) == ("zh_CN", "false")
    assert json.loads(get("/lab/api/translations/zh_CN")[1])["data"]


def test_jupyter_as_a_browser_shows_it(jupyter: str, chromium: str, tmp_path: Path) -> None:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    command = [chromium, *flags, f"--user-data-dir={tmp_path}", "--timeout=30000", "--virtual-time-budget=30000"]
    dom = subprocess.run([*command, "--dump-dom", f"{jupyter}/lab"], capture_output=True, timeout=120).stdout.decode()
    menus = re.findall(r"lm-MenuBar-itemLabel[^>]*>([^<]+)<", dom)
    assert menus[:3] == ["文件", "编辑", "查看"], menus
    assert "Jupyter 新闻" not in dom and "Jupyter news" not in dom
