"""Facts below, words above: no Chinese sentence is made in `analyse/` or `judge/`, and none is read there as data."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "opinion_lab"
#: Words that are looked for in texts, and what the tables of rules themselves write.
MATCHING = {
    "analyse/coordination.py": {"SHARED"},
    "analyse/topics/labels.py": {"UNNAMED", "SAME", "MORE", "LOOSE", "COUNTED", "NOT", "SPOKEN", "WANTED"},
    "analyse/topics/model.py": {"NO_TOPIC"},
    "analyse/trends/terms.py": {"EDGE", "MEASURES"},
    "judge/deadlines/clocks.py": {"CONFERENCE", "AS_A_BODY"},
    "judge/statements/comparison.py": {
        *("SIGNATURE", "UNITS", "NUMBER", "TIME", "YEAR", "SUSPECTED", "BODIES", "OPPOSITES", "IDENTITY"),
        *("OPEN", "EARLIER", "QUOTED", "RETRACTION"),
    },
    "judge/timelines.py": {"COMPLAINT", "FIRST", "OFFICIAL", "ACTION", "SECONDARY", "ESCALATED", "RESULT"},
}
#: Others are at work in this folder.
LATER = ("analyse/stories/",)
HAN = re.compile(r"[\u4e00-\u9fff]")
FILES = [
    name
    for folder in ("analyse", "judge")
    for path in sorted((PACKAGE / folder).rglob("*.py"))
    if not (name := path.relative_to(PACKAGE).as_posix()).startswith(LATER)
]


def names(target: ast.expr) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}


def spoken(name: str) -> list[tuple[int, str]]:
    """Line and text of each Chinese literal that is neither documentation, an error, nor a matching table."""
    tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
    allowed: set[int] = set()
    for node in ast.walk(tree):
        error = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "LabError"
        documentation = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if error or documentation:
            allowed |= {id(n) for n in ast.walk(node)}
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if targets and set().union(*map(names, targets)) <= MATCHING.get(name, set()):
            allowed |= {id(n) for n in ast.walk(node)}
    literals = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return [(n.lineno, n.value) for n in literals if HAN.search(n.value) and id(n) not in allowed]


@pytest.mark.parametrize("name", FILES)
def test_facts_below(name: str) -> None:
    assert spoken(name) == [], "give a code and its numbers; report/wording makes the sentence"


def test_the_matching_tables_are_there() -> None:
    for name, constants in MATCHING.items():
        tree = ast.parse((PACKAGE / name).read_text(encoding="utf-8"))
        there = {n for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign)) for n in names(node)}
        assert constants <= there, name
