"""What is public is used: by another file of the package, a notebook, or as a door that stays put."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "opinion_lab"

# Names that benchmarks and other people's scripts call, whoever else does (DESIGN, "Doors that stay put").
DOORS = {
    "opinion_lab.open",
    "opinion_lab.prepare.tokens.cut",
    "opinion_lab.prepare.near_duplicates.mark",
    "opinion_lab.prepare.redaction.redact",
    "opinion_lab.analyse.stories.group",
    "opinion_lab.analyse.topics.fit",
    "opinion_lab.analyse.trends.count",
    "opinion_lab.analyse.trends.watch",
    "opinion_lab.analyse.trends.intervals",
    "opinion_lab.analyse.cascades.edges",
    "opinion_lab.analyse.cascades.forecast",
    "opinion_lab.analyse.attitude.of",
    "opinion_lab.judge.grading.examine",
    "opinion_lab.judge.grading.propose",
    "opinion_lab.judge.routing.route",
    "opinion_lab.report.run.run",
    "opinion_lab.report.page.components.csv",
    "opinion_lab.collect.parsers.pages.parse",
    *(f"opinion_lab.collect.parsers.{p.stem}.parse" for p in (PACKAGE / "collect" / "parsers").glob("*.py")),
}


def dotted(path: Path) -> str:
    """The module of a file: of a folder's `__init__` the folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {dotted(p): p for p in sorted(PACKAGE.rglob("*.py"))}
TREES = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in FILES.items()}


def definitions() -> dict[str, type]:
    """Dotted name of each public function and class of a module -> which of the two it is."""
    return {
        f"{module}.{node.name}": type(node)
        for module, tree in TREES.items()
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    }


def faces() -> dict[str, str]:
    """What folders re-export: dotted name at the face -> where it comes from."""
    return {
        f"{module}.{alias.asname or alias.name}": f"{node.module}.{alias.name}"
        for module, tree in TREES.items()
        if FILES[module].name == "__init__.py"
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module != module
        for alias in node.names
    }


def uses(tree: ast.AST, face: bool) -> Iterator[str]:
    """Dotted names of this package that code refers to; what a face only hands on is no use."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.asname: a.name for a in node.names if a.asname}
            names |= {a.name.split(".")[0]: a.name.split(".")[0] for a in node.names if not a.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    if not face:
        yield from names.values()
    for node in ast.walk(tree):
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts, node = [node.attr, *parts], node.value
        if isinstance(node, ast.Name) and node.id in names:
            reached = names[node.id]
            yield reached
            for part in parts:
                reached = f"{reached}.{part}"
                yield reached


def code(notebook: Path) -> ast.AST:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ast.parse("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code"))


def tabled(tree: ast.Module) -> set[str]:
    """Names that the module itself speaks of, as in a table (`CHECKS = {"bank": bank}`) that others read."""
    tables = [n for n in tree.body if not isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    return {n.id for table in tables for n in ast.walk(table) if isinstance(n, ast.Name)}


def unused() -> set[str]:
    """Public definitions that no other file refers to. A class may be what a function beside it gives or takes."""
    handed_on, defined = faces(), definitions()

    def source(name: str) -> str:
        while name in handed_on:
            name = handed_on[name]
        return name

    used = {source(name) for name in DOORS}
    for module, tree in TREES.items():
        face = FILES[module].name == "__init__.py"
        used |= {source(n) for n in uses(tree, face)} - (
            {f"{module}.{n.name}" for n in tree.body if hasattr(n, "name")}
        )
        beside = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        used |= {f"{module}.{name}" for name in beside if defined.get(f"{module}.{name}") is ast.ClassDef}
        used |= {f"{module}.{name}" for name in tabled(tree)}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        used |= {source(n) for n in uses(code(notebook), face=False)}
    return set(defined) - used


def test_what_is_public_is_used() -> None:
    assert unused() == set(), "delete it, make it private, or give it a use"
