"""`environment.yml` from `pyproject.toml`: `python -m tests.environment` writes it, a test compares."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def everything(project: dict[str, Any]) -> list[str]:
    """All that the tests need: the lab, its tests, and the extras that the tests run."""
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(p for name in ("cluster", "pdf", "messages", "dev") for p in extras[name])]


def render(pyproject: str) -> str:
    """The conda environment: Python and pip from the channel, everything else by pip, as pyproject.toml says."""
    project = tomllib.loads(pyproject)["project"]
    packages = everything(project)
    lines = [
        "# Generated from pyproject.toml by `python -m tests.environment`; edit that, not this.",
        "name: opinion-lab",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f'  - "python{project["requires-python"]}"',
        "  - pip",
        "  - pip:",
        *(f'      - "{p}"' for p in packages),
        "      - -e .",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(render((ROOT / "pyproject.toml").read_text()))
