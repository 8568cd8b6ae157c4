"""The notebooks as analysts run them: all of them on the demo, the tour to the letter, and with parameters."""

import ast
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from opinion_lab import config
from opinion_lab.report import parameters as declared, run
from opinion_lab.storage import store

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TOUR = ROOT / "notebooks" / "0-start-here.ipynb"
#: What a notebook may import beside `opinion_lab` itself.
ALLOWED = ("opinion_lab.report", "opinion_lab.judge")
NOW = datetime(2026, 9, 30, tzinfo=UTC)


def test_the_tour_says_what_it_said(demo_lab: store.Store) -> None:
    sanitize = f"--nbval-sanitize-with={ROOT / 'tests' / 'notebooks' / 'sanitize.cfg'}"
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "-o", "addopts=", "-q"]
    found = subprocess.run(
        [*command, "--nbval", sanitize, "--nbval-cell-timeout=120", TOUR],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,  # what does not compare is told apart letter by letter: for the posts behind a number, for ever
        # a bar under a slow cell would be an output more
        env={
            **os.environ,
            "OPINION_LAB_ROOT": str(demo_lab.root),
            "OPINION_LAB_REPORT": "1",
            "PYTHONHASHSEED": "0",
        },
    )
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-1000:]
    assert " passed" in found.stdout


def test_the_tour_keeps_its_outputs() -> None:
    """Without outputs `--nbval` compares nothing and passes."""
    cells = [c for c in nbformat.read(TOUR, as_version=4).cells if c.cell_type == "code"]
    shown = [c for c in cells if c.outputs]
    assert len(shown) >= 8 and not any(o.output_type == "error" for c in shown for o in c.outputs)


@pytest.mark.parametrize("path", [n for n in NOTEBOOKS if n != TOUR], ids=lambda p: p.stem)
def test_the_others_are_thin_and_stripped(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    assert not any(c.outputs or c.execution_count for c in code)
    assert max(c.source.count("\n") + 1 for c in code) <= 12
    assert not any("def " in c.source for c in code), "functions live in the package"
    assert all(p.help for p in declared.declared(notebook).values()), "a parameter without its comment"
    headings = [c.source for c in notebook.cells if c.cell_type == "markdown" and c.source.startswith("## ")]
    assert headings and all(h.rstrip().endswith("？") for h in headings), "a section asks a question"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_cell_is_narrow_and_leaves_choices_to_the_package(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in (c for c in notebook.cells if c.cell_type == "code"):
        assert all(len(line) <= 100 for line in cell.source.splitlines()), cell.source
        assert not re.search(r"\bif\b.*\belse\b", cell.source), "what shows a thing says itself that there was none"
        for node in ast.walk(ast.parse(cell.source)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [f"{node.module}"] if isinstance(node, ast.ImportFrom) else []
            assert all(n == "opinion_lab" or n.startswith(ALLOWED) for n in names), cell.source


SETS: list[tuple[str, dict[str, object], str]] = [
    ("1-daily-brief", {"day": "2026-09-26", "relevant_only": False, "budget": 1}, "每日舆情：2026年9月26日"),
    ("1-daily-brief", {"day": "2027-01-01"}, "没有与关注词有关的帖文"),
    ("2-topic-modelling", {"since": "2026-09-20", "n_topics": 6, "relevant_only": True}, "6个话题"),
    ("3-trend-spotting", {"key": "platform", "every": "1d", "until": "2026-09-20"}, "趋势发现"),
    ("4-incident-review", {"story": "加油站", "found_at": "2026-09-25 11:00", "severe": "否"}, "按本单位发现时间起算"),
    # at one o'clock nobody had answered yet
    (
        "4-incident-review",
        {"story": "加油站", "at": "2026-09-25 13:00"},
        "没有官方回应",
    ),
    ("4-incident-review", {"since": "2026-09-20", "until": "2026-09-20"}, "事后复盘"),
    ("4-public-incident", {"incident": "鼠头"}, "联合调查组推翻"),
    ("5-source-coverage", {"day": "2026-09-27"}, "至少还漏了"),
]


def shown(
    lab: store.Store, name: str, parameters: dict[str, object], monkeypatch: pytest.MonkeyPatch, report: str = "1"
) -> str:
    """All that a notebook shows with these parameters: its cells run here, without a kernel to start."""
    monkeypatch.setenv("OPINION_LAB_ROOT", str(lab.root))
    monkeypatch.setenv("OPINION_LAB_REPORT", report)
    notebook = nbformat.read(run._find(name, lab.root), as_version=4)
    given = declared.check(parameters, declared.declared(notebook), name)
    scope: dict[str, Any] = {}
    found = []
    for cell in (c for c in notebook.cells if c.cell_type == "code"):
        *body, last = ast.parse(cell.source).body
        value = last.value if isinstance(last, ast.Expr) else None
        exec(compile(ast.Module(body if value else [*body, last], []), name, "exec"), scope)
        scope |= given if "parameters" in cell.metadata.get("tags", []) else {}
        if value is not None and (thing := eval(compile(ast.Expression(value), name, "eval"), scope)) is not None:
            found.append(json.dumps(thing._repr_mimebundle_(), ensure_ascii=False, default=str))
    return "\n".join(found)


@pytest.mark.parametrize(
    ("name", "buttons"),
    [("1-daily-brief", 2), pytest.param("4-incident-review", 2, marks=pytest.mark.soak), ("4-public-incident", 0)],
)
def test_in_jupyterlab_there_are_buttons(
    name: str, buttons: int, demo_lab: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in JupyterLab, where a slider and buttons are; the reports of the demo run the same in a kernel without."""
    assert shown(demo_lab, name, {}, monkeypatch, report="").count("widget-view+json") == buttons


@pytest.mark.parametrize(("name", "parameters", "said"), SETS, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(SETS)])
def test_parameters(
    name: str, parameters: dict[str, object], said: str, demo_lab: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said in shown(demo_lab, name, parameters, monkeypatch)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("4-incident-review", {"storry": "食堂"}, "story"),
        ("4-incident-review", {"story": "火星基地"}, "最接近"),
        ("4-incident-review", {"story": "加油站", "at": "2026-09-01"}, "还没有帖文"),
        ("4-incident-review", {"story": "食堂", "severe": "也许"}, "是 或 否"),
        ("2-topic-modelling", {"since": "2026-09-20", "until": "2026-09-10"}, "晚于"),
        ("2-topic-modelling", {"n_topics": "很多"}, "整数"),
        ("3-trend-spotting", {"key": "颜色"}, "颜色"),
        ("4-public-incident", {"incident": "火星基地"}, "事件档案里没有"),
        ("5-nothing", {}, "找不到"),
    ],
)
def test_mistakes_are_said(
    name: str, parameters: dict[str, object], said: str, demo_lab: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(config.LabError, match=said):
        shown(demo_lab, name, parameters, monkeypatch)


def test_an_empty_lab_says_what_to_do(lab: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("1-daily-brief", "2-topic-modelling", "3-trend-spotting", "4-incident-review", "5-source-coverage"):
        with pytest.raises(config.LabError, match="还没有帖文"):
            shown(lab, name, {}, monkeypatch)


@pytest.mark.soak
def test_the_same_run_gives_the_same_bytes(demo_lab: store.Store, tmp_path: Path) -> None:
    asked = {"since": "2026-09-26", "n_topics": 6}
    made = [
        run.run("2-topic-modelling", asked, tmp_path / n, store=demo_lab, now=NOW, progress=False) for n in ("a", "b")
    ]
    assert made[0].read_bytes() == made[1].read_bytes()
