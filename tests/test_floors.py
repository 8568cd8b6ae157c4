"""A file imports only from floors below its own; only the edges touch the world; files and folders stay small."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "opinion_lab"

# Lower floors first. Folders of one floor do not know each other.
FLOORS = [
    {"facts", "schemas", "config", "source", "validation"},
    {"rules"},
    {"storage"},
    {"collect", "prepare"},
    {"analyse"},
    {"judge"},
    {"cases"},
    {"training"},
    {"report"},
    {"upkeep"},
    {"archive"},
    {"desk", "exercises"},
    {"lab"},
    {"operate"},
    {"cli"},
]
# Only these touch disk, network or clock; every other file is functions from frame to frame.
EDGES = {
    "storage",
    "config",
    "validation",
    "rules",
    "collect.web",
    "collect.collector",
    "collect.discovery",
    "collect.importer",
    "prepare.pipeline",
    "report.run",
    "report.page",
    "report.wording.phrases",
    "upkeep",
    "desk",
    "exercises",
    "lab",
    "operate",
    "cli",
}
TOUCHES = {"httpx", "socket", "urllib.request", "sqlite3", "subprocess", "tempfile", "time"}
#: Methods that read or write a file, or ask for the time.
READS = {
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "iterdir",
    "glob",
    "rglob",
    "exists",
    "unlink",
    "mkdir",
}
CLOCKS = {"now", "today", "utcnow"}
LINES, ENTRIES = 300, 10


@cache
def modules() -> dict[str, Path]:
    """Every file of code, faces (`__init__`) too, by its dotted name."""
    return {
        ".".join(p.relative_to(PACKAGE).with_suffix("").parts): p
        for p in PACKAGE.rglob("*.py")
        if p.parent != PACKAGE or p.name != "__init__.py"
    }


@cache
def imports(path: Path) -> set[str]:
    """Dotted names of what a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{a.name}" for a in node.names} | {str(node.module)}
    return names


@cache
def module_imports(path: Path) -> set[str]:
    """The files of this package that a file imports; for a folder's face what stands behind it."""
    names, reached = modules(), set()
    for name in (i.removeprefix("opinion_lab.") for i in imports(path) if i.startswith("opinion_lab.")):
        if name in names:
            reached.add(name)
        # what a file imports from the folder that it stands in is the file beside it, not the face
        elif (face := names.get(f"{name}.__init__")) and not path.is_relative_to(face.parent):
            reached |= module_imports(face)
    return reached - {name for name in reached if names[name] == path}


def floor(module: str) -> int:
    return next(n for n, folders in enumerate(FLOORS) if module.split(".")[0] in folders)


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_only_from_below(module: str) -> None:
    for other in module_imports(modules()[module]):
        here, there = module.split(".")[0], other.split(".")[0]
        allowed = floor(other) < floor(module) or here == there
        if floor(module) == 0:
            allowed = floor(other) == 0
        assert allowed, f"{module} imports {other}, which is not on a floor below"


def test_no_circles() -> None:
    graph = {module: module_imports(path) for module, path in modules().items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


@pytest.mark.parametrize("module", sorted(modules()))
def test_only_the_edges_touch_the_world(module: str) -> None:
    if not any(module == edge or module.startswith(f"{edge}.") for edge in EDGES):
        assert not imports(modules()[module]) & TOUCHES, f"{module} touches disk, network or clock"
        touched = reaches_out(modules()[module].read_text(encoding="utf-8"))
        assert not touched, f"{module} touches disk or clock: {touched}"


def reaches_out(code: str) -> list[str]:
    """Calls by which a file reads or writes another, or asks for the time: `path.read_text()`, `open(…)`, `now()`."""
    calls = [node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    named = [f.id for f in calls if isinstance(f, ast.Name) and f.id == "open"]
    asked = [f.attr for f in calls if isinstance(f, ast.Attribute) and f.attr in READS | CLOCKS]
    scanned = [f.attr for f in calls if isinstance(f, ast.Attribute) and f.attr.startswith("scan_")]
    return [*named, *asked, *scanned]


@pytest.mark.parametrize(
    "code", ["p.read_text()", "open('x')", "datetime.now(UTC)", "pl.scan_parquet(p)", "Path('x').exists()"]
)
def test_a_touch_is_seen(code: str) -> None:
    assert reaches_out(code)


@pytest.mark.parametrize("module", sorted(modules()))
def test_files_stay_small(module: str) -> None:
    n = len(modules()[module].read_text(encoding="utf-8").splitlines())
    assert n <= LINES


def test_folders_stay_small() -> None:
    """At most ten files or folders of code in one; the package's own folder holds its floors."""
    for folder in {path.parent for path in modules().values()} - {PACKAGE}:
        code = [p for p in folder.iterdir() if p.name != "__init__.py" and (p.suffix == ".py" or any(p.glob("*.py")))]
        assert len(code) <= ENTRIES, f"{folder}: {sorted(p.name for p in code)}"
