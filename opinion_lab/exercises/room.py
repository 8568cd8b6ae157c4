"""The folder in which trainees work: a notebook for each and the lab's name; no post, no key, no later stage."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat

from opinion_lab.config import LabError, Settings, shipped

NOTEBOOK = "7-training-exercise"
MARK = "# 演练用的文件夹，可以随时删去"


def furnish(room: Path, people: Sequence[str], settings: Settings) -> None:
    """Make the folder, or leave what trainees have in it. Raises LabError for one that holds something else."""
    marker = room / "lab.toml"
    ours = marker.is_file() and marker.read_text(encoding="utf-8").startswith(MARK)
    if room.exists() and any(room.iterdir()) and not ours:
        raise LabError(f"{room} 里有别的文件，不能给学员用。请用 --room 另选一个空文件夹。")
    (room / "notebooks").mkdir(parents=True, exist_ok=True)
    lines = {"organisation": settings.organisation, "timezone": settings.timezone, "lang": settings.lang}
    text = "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in lines.items())
    marker.write_text(f"{MARK}\n{text}", encoding="utf-8")
    for who in people:
        named = re.sub(r"[^\w-]+", "-", who)
        target = room / "notebooks" / f"{NOTEBOOK}-{named}.ipynb"
        if not target.exists():
            notebook = nbformat.read(shipped("notebooks") / f"{NOTEBOOK}.ipynb", as_version=4)
            for cell in notebook.cells:
                if "parameters" in cell.metadata.get("tags", []):
                    cell.source = f"who = {json.dumps(who, ensure_ascii=False)}  # 谁在做：职务或代号，不写人名"
            nbformat.write(notebook, target)
