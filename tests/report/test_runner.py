"""Running a notebook: wrong parameters and failing cells end in a sentence, and leave nothing half-written."""

import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
import pytest
from nbformat import v4

from opinion_lab.config import LabError
from opinion_lab.report import parameters, run
from opinion_lab.storage import files as places, store

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NOW = datetime(2026, 9, 27, 4, 5, 6, tzinfo=UTC)


@pytest.fixture
def filled(lab: store.Store) -> store.Store:
    """A lab that has the test notebooks."""
    shutil.copytree(NOTEBOOKS, lab.root / "notebooks")
    return lab


def cell(source: str) -> nbformat.NotebookNode:
    made = v4.new_code_cell(source)
    made.metadata["tags"] = ["parameters"]
    return v4.new_notebook(cells=[v4.new_markdown_cell("# 题"), made])


def files(lab: store.Store) -> list[str]:
    return sorted(str(p.relative_to(lab.reports)) for p in lab.reports.rglob("*") if p.is_file())


# --- parameters ----------------------------------------------------------------------------------------------------


def test_declared_reads_names_defaults_and_comments() -> None:
    source = """
# a remark of its own line
place = "云溪#县"  # 地名，写进=结论
days: int = 7
words = [
    "食堂",  # 第一个
    "异物",
]  # 关注的词
nothing = None
"""
    found = parameters.declared(cell(source))
    assert {n: (p.default, p.help) for n, p in found.items()} == {
        "place": ("云溪#县", "地名，写进=结论"),
        "days": (7, ""),
        "words": (["食堂", "异物"], "关注的词"),
        "nothing": (None, ""),
    }
    assert parameters.declared(v4.new_notebook(cells=[v4.new_code_cell("x = 1")])) == {}


def test_declared_agrees_with_papermill_on_plain_lines() -> None:
    path = NOTEBOOKS / "small.ipynb"
    theirs = papermill.inspect_notebook(path)
    ours = parameters.declared(nbformat.read(path, as_version=4))
    plain = [n for n, p in theirs.items() if "=" not in p["default"]]
    assert len(plain) > 3
    assert {n: ours[n].help for n in plain} == {n: theirs[n]["help"] for n in plain}


def test_a_computed_default_is_refused() -> None:
    with pytest.raises(LabError, match="double 不是直接写出的值"):
        parameters.declared(cell("days = 7\ndouble = days * 2"))


KNOWN = {
    p.name: p
    for p in (
        parameters.Parameter("story", "食堂", "事件名"),
        parameters.Parameter("days", 7, "天数"),
        parameters.Parameter("factor", 1.5, ""),
        parameters.Parameter("copies", True, ""),
        parameters.Parameter("words", ["食堂"], ""),
        parameters.Parameter("severe", None, ""),
    )
}


@pytest.mark.parametrize(
    ("name", "given", "taken"),
    [
        ("story", "加油站", "加油站"),
        ("story", "", ""),
        ("days", 30, 30),
        ("days", " 30 ", 30),
        ("factor", "2", 2.0),
        ("factor", 2, 2.0),
        ("copies", "否", False),
        ("copies", "TRUE", True),
        ("copies", False, False),
        ("words", "甲,乙，丙、", ["甲", "乙", "丙"]),
        ("words", '["甲,乙"]', ["甲,乙"]),
        ("severe", "true", "true"),
        ("days", None, None),
    ],
)
def test_values_become_the_declared_type(name: str, given: Any, taken: Any) -> None:
    found = run.check({name: given}, KNOWN, "x")[name]
    assert found == taken and type(found) is type(taken)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dyas": 3}, "没有参数“dyas”。是不是“days”？"),
        ({"dyas": 3}, "days = 7  # 天数"),
        ({"完全不同": 3}, "没有参数“完全不同”。可用的参数"),
        ({"days": "三"}, "参数 days（天数）应为整数，现在是 '三'"),
        ({"days": 2.5}, "应为整数"),
        ({"days": True}, "应为整数"),
        ({"copies": "也许"}, "应为是或否"),
        ({"copies": 1}, "应为是或否"),
        ({"words": "[1"}, "应为列表"),
        ({"story": 5}, "参数 story（事件名）应为文字"),
    ],
)
def test_wrong_parameters_are_named(given: dict, said: str) -> None:
    with pytest.raises(LabError) as caught:
        run.check(given, KNOWN, "x")
    assert said in str(caught.value)


def test_find_names_the_nearest(filled: store.Store) -> None:
    assert run._find("small", filled.root) == run._find("small.ipynb", filled.root)
    assert run._find(filled.root / "notebooks" / "small.ipynb", filled.root).stem == "small"
    with pytest.raises(LabError, match="找不到笔记本“smal”。是不是想写“small”？"):
        run._find("smal", filled.root)


def test_a_bare_name_is_never_a_notebook_of_the_current_folder(
    filled: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("small", "1-daily-brief", "theirs"):
        shutil.copy(NOTEBOOKS / "broken.ipynb", elsewhere / f"{name}.ipynb")
    monkeypatch.chdir(elsewhere)
    for name in ("small", "small.ipynb", "1-daily-brief"):  # the lab's, the lab's, one that ships
        assert run._find(name, filled.root).parent != elsewhere
    for name in ("theirs", "./small.ipynb", elsewhere / "small"):  # no other of that name; said to be a file
        found = run._find(name, filled.root)
        assert found.parent == (elsewhere if "theirs" in str(name) or isinstance(name, Path) else found.parent)


@pytest.mark.parametrize(
    ("changed", "suffix", "name"),
    [
        ({}, "", "x"),
        ({}, "食堂", "x-食堂"),
        ({"story": "食堂", "days": 3}, "", "x-3-食堂"),
        ({"story": "../../etc/pass wd"}, "", "x-etc-pass-wd"),
        ({"story": "字" * 99}, "", f"x-{'字' * 32}-"),
    ],
)
def test_names_of_reports(changed: dict, suffix: str, name: str) -> None:
    found = run._name("x", changed, suffix)
    assert found == name or (len(name) > 30 and found.startswith(name) and len(found) < 50)


def test_numbers_of_the_day(lab: store.Store) -> None:
    tomorrow = NOW + timedelta(days=1)
    asked = [("a", NOW), ("b", NOW), ("a", NOW), ("a", tomorrow)]
    assert [run._sequence(lab, now, name) for name, now in asked] == [1, 2, 1, 1]


# --- whole runs ------------------------------------------------------------------------------------------------------


def test_a_report_and_the_same_again(filled: store.Store) -> None:
    first = run.run("small", {"place": "测试县", "hours": "30"}, store=filled, now=NOW, progress=False)
    assert first == filled.reports / "2026-09-27" / "small-30-测试县.html"
    text = first.read_text(encoding="utf-8")
    assert "测试县两天共" in text and "hours = 30" in text and "舆情〔2026〕0927-1号" in text
    executed = nbformat.read(first.with_suffix(".ipynb"), as_version=4)
    assert [c for c in executed.cells if "injected-parameters" in c.metadata.tags]
    names = files(filled)
    assert names[:3] == ["2026-09-27/small-30-测试县.html", "2026-09-27/small-30-测试县.ipynb", names[2]]
    assert names[2].startswith("assets/plotly-") and names[3:] == ["index.html"]
    listed = (filled.reports / "index.html").read_text(encoding="utf-8")
    assert "云溪县一日舆情（测试用）" in listed and "测试县两天共" in listed

    run.run("small", {"place": "测试县", "hours": 30}, store=filled, now=NOW, progress=False)
    assert first.read_text(encoding="utf-8") == text, "same inputs, same bytes"
    assert files(filled) == names


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("division", "在“除数是多少？”一节出错：ZeroDivisionError: division by zero"),
        ("lab", "在“除数是多少？”一节出错：这几天没有帖文。请换一段日期。"),
        ("exit", "在“除数是多少？”一节时，计算进程中途退出"),
    ],
)
def test_a_failing_cell_leaves_nothing(filled: store.Store, how: str, said: str) -> None:
    with pytest.raises(LabError) as caught:
        run.run("broken", {"how": how}, store=filled, now=NOW, progress=False)
    assert said in str(caught.value)
    assert files(filled) == []


def test_a_killed_report_leaves_nothing_behind_after_the_next(
    filled: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name in ("TMPDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(temporary))
    code = "import sys; from opinion_lab import cli; cli.main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "--lab", str(filled.root), "report", "broken", "-p", "how=wait"]
    with subprocess.Popen(command) as report:
        until = time.monotonic() + 120
        while not (begun := list(filled.local.rglob("*/kernel.json"))):
            assert time.monotonic() < until and report.poll() is None
            time.sleep(0.05)
        kernels = psutil.Process(report.pid).children(recursive=True)
        report.kill()
    _, living = psutil.wait_procs(kernels, timeout=60)
    assert begun and not living
    (filled.root / "opinion_lab.py").write_text("raise SystemExit('the stray one')")
    run.run("small", {}, store=filled, now=NOW, progress=False)
    assert not list(filled.root.rglob(f"{places.WRITING}*"))
    assert not [p for p in temporary.rglob("*") if p.is_file()]


def test_what_is_wrong_before_the_run_starts_no_kernel(filled: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_execute", lambda *a, **k: pytest.fail("it ran"))
    (filled.root / "notebooks" / "torn.ipynb").write_text('{"cells": [', encoding="utf-8")
    for name, given in (("missing", {}), ("small", {"plcae": "x"}), ("small", {"hours": "x"}), ("torn", {})):
        with pytest.raises(LabError):
            run.run(name, given, store=filled, now=NOW)
    assert files(filled) == []
