"""What a notebook lets people set: the parameters of its tagged cell, and what was given read as their types."""

from __future__ import annotations

import ast
import difflib
import io
import json
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from opinion_lab.config import LabError

#: What a declared default accepts, in words.
WORDS = {bool: "是或否（true、false）", int: "整数", float: "数字", str: "文字", list: "列表", dict: "表"}
YES_NO = {"是": "true", "否": "false"}


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: its default is also its type, its comment the help."""

    name: str
    default: Any
    help: str

    def value(self, given: Any) -> Any:
        """`given` as the default's type; text from a command line is read. Raises LabError when it is not one."""
        kind = type(self.default)
        if given is None or self.default is None:
            return given
        read, typed = given, not isinstance(given, str)
        try:
            if not typed and kind is not str:
                read = YES_NO.get(given.strip(), given.strip())
                if kind is list and not read.startswith("["):
                    read = [part.strip() for part in re.split(r"[,，、]", read) if part.strip()]
                elif kind in (list, dict):
                    read = json.loads(read)
            return TypeAdapter(kind).validate_python(read, strict=typed)
        except ValueError:
            about = f"（{self.help}）" if self.help else ""
            said = WORDS.get(kind, kind.__name__)
            raise LabError(f"参数 {self.name}{about}应为{said}，现在是 {given!r}。") from None


def declared(notebook: Any) -> dict[str, Parameter]:
    """The parameters that a notebook declares: literal assignments in its cell tagged `parameters`, with comments."""
    cells = [c for c in notebook.cells if c.cell_type == "code" and "parameters" in c.metadata.get("tags", [])]
    source = cells[0].source if cells else ""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}
    found = {}
    for line in ast.parse(source).body:
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        if not isinstance(target, ast.Name) or not isinstance(line, ast.Assign | ast.AnnAssign) or line.value is None:
            continue
        try:
            default = ast.literal_eval(line.value)
        except ValueError:
            # papermill would set the one and leave what was computed from its default
            raise LabError(f"笔记本的参数格里，{target.id} 不是直接写出的值。请改成文字、数字或列表。") from None
        found[target.id] = Parameter(target.id, default, comments.get(line.end_lineno or line.lineno, ""))
    return found


def check(parameters: Mapping[str, Any], known: Mapping[str, Parameter], notebook: str) -> dict[str, Any]:
    """The given values as the declared types. Raises LabError for a name that is not declared, or a wrong type."""
    for name in parameters:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"是不是“{close[0]}”？" if close else ""
            lines = "".join(f"\n  {p.name} = {p.default!r}" + f"  # {p.help}" * bool(p.help) for p in known.values())
            every = f"可用的参数：{lines}" if lines else "它没有可设的参数。"
            raise LabError(f"笔记本“{notebook}”没有参数“{name}”。{hint}{every}")
    return {name: known[name].value(value) for name, value in parameters.items()}
