"""The house stands on its floors: a room imports only from floors below, within its folder without circles."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "opinion_lab"

# Lower floors first; rooms of one floor do not know each other, except within one folder.
FLOORS = [
    {"schemas", "config"},
    {"places"},
    {"partitions"},
    {"store"},
    {"models", "kept"},
    {"collect", "prepare", "synthetic"},
    {"analyse"},
    {"judge"},
    {"report"},
    {"cli"},
]
# Besides their own floor: the generator is of the floor of `prepare` and speaks its words.
NEIGHBOURS = {("synthetic", "prepare")}
# Only these touch disk, network or clock; every other room is functions from frame to frame.
EDGES = {
    "store",
    "models",
    "places",
    "kept",
    "config",
    "collect.client",
    "collect.collector",
    "prepare.pipeline",
    "prepare.labels",
    "synthetic",
    "report",
    "cli",
}
TOUCHES = {"httpx", "socket", "urllib.request", "sqlite3", "subprocess", "tempfile", "time"}


def rooms() -> dict[str, Path]:
    return {
        ".".join(p.relative_to(PACKAGE).with_suffix("").parts): p
        for p in PACKAGE.rglob("*.py")
        if p.name != "__init__.py"
    }


def imports(path: Path) -> set[str]:
    """Dotted names of what a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{a.name}" for a in node.names} | {str(node.module)}
    return found


def room_imports(path: Path) -> set[str]:
    """The rooms of this package that a file imports."""
    names = rooms()
    inside = (i.removeprefix("opinion_lab.") for i in imports(path) if i.startswith("opinion_lab."))
    return {i for i in inside if i in names}


def floor(room: str) -> int:
    return next(n for n, folders in enumerate(FLOORS) if room.split(".")[0] in folders)


@pytest.mark.parametrize("room", sorted(rooms()))
def test_imports_only_from_below(room: str) -> None:
    for other in room_imports(rooms()[room]) - {room}:
        here, there = room.split(".")[0], other.split(".")[0]
        allowed = floor(other) < floor(room) or here == there or (here, there) in NEIGHBOURS
        if floor(room) == 0:
            allowed = floor(other) == 0
        assert allowed, f"{room} imports {other}, which is not on a floor below"


def test_no_circles() -> None:
    graph = {room: room_imports(path) - {room} for room, path in rooms().items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


@pytest.mark.parametrize("room", sorted(rooms()))
def test_only_the_edges_touch_the_world(room: str) -> None:
    if room not in EDGES and room.split(".")[0] not in EDGES:
        assert not imports(rooms()[room]) & TOUCHES, f"{room} touches disk, network or clock"


@pytest.mark.parametrize("room", sorted(rooms()))
def test_rooms_stay_small(room: str) -> None:
    assert len(rooms()[room].read_text(encoding="utf-8").splitlines()) <= 400
