"""Tables that people edit -> frozen pydantic models; what is wrong is said in Chinese: file, row, key, remedy."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError


class LabError(Exception):
    """What went wrong and what to do next, in Chinese, for the person at the keyboard."""


class Model(BaseModel):
    """A frozen record: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)


M = TypeVar("M", bound=Model)

#: By the beginning of pydantic's error type: what should have stood there.
WANTED = {
    "string_type": "文字（加引号）",
    "int": "整数",
    "float": "数字",
    "bool": " true 或 false",
    "date": "日期，例如 2026-03-15",
    "tuple": "列表 [ ]",
    "frozen_set": "列表 [ ]",
    "dict": "一节 [ ]，里面写“名称 = 值”",
    "model": "一节 [ ]，里面写“名称 = 值”",
}
#: By error type: what is wrong, filled from pydantic's context.
LIMITS = {
    "greater_than": "应大于 {gt:g}",
    "greater_than_equal": "应不小于 {ge:g}",
    "less_than": "应小于 {lt:g}",
    "less_than_equal": "应不大于 {le:g}",
    "too_short": "至少要写 {min_length} 项",
    "too_long": "至多写 {max_length} 项",
    "string_too_short": "不能空着",
}


def read_text(path: Path, where: str) -> str:
    """The text of a file that people edit. Raises LabError when it is not there or not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise LabError(f"{where} 不是 UTF-8 编码。请用记事本“另存为”，编码选 UTF-8。") from None
    except OSError as error:
        raise LabError(f"{where} 读不了（{error.strerror}）。请检查文件是否还在、能否打开。") from None


def toml(text: str, where: str) -> dict[str, Any]:
    """What a TOML text holds. Raises LabError with the line at fault."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.splitlines() or [""]
        found = re.search(r"at line (\d+)", str(error))
        n = int(found[1]) if found else len(lines)
        shown = lines[min(n, len(lines)) - 1].strip()[:40]
        raise LabError(f"{where} 第 {n} 行写法有误：“{shown}”。请检查这一行和上一行的引号、括号和逗号。") from None


def build(model: type[M], data: dict[str, Any], *, where: str, remedy: str = "") -> M:
    """A model of what a file holds. Raises LabError naming the first fault: the row, the key, and what was meant."""
    try:
        # as JSON: lists become tuples and nothing else is converted, so "5" is no number and 1 is no truth
        return model.model_validate_json(json.dumps(data, default=str), strict=True, by_name=False)
    except ValidationError as error:
        # a misspelt key is also a missing one: the misspelling is what to mend
        faults = sorted(error.errors(include_url=False), key=lambda fault: fault["type"] != "extra_forbidden")
        more = f"另外还有 {len(faults) - 1} 处，改好这一处再看。" if len(faults) > 1 else ""
        raise LabError(f"{where}{_fault(model, data, dict(faults[0]))}{more}{remedy}") from None


def completed(model: type[Model], data: dict[str, Any], shipped: dict[str, Any]) -> dict[str, Any]:
    """A table with the keys that it must have and lacks, as they ship: a copy may be older than the program."""
    filled = dict(data)
    for name, field in model.model_fields.items():
        key = str(field.validation_alias or name)
        inner = field.annotation
        if key not in data:
            if field.is_required() and key in shipped:
                filled[key] = shipped[key]
        elif isinstance(inner, type) and issubclass(inner, Model) and isinstance(data[key], dict) and key in shipped:
            filled[key] = completed(inner, data[key], shipped[key])
    return filled


def meant(given: str, known: Iterable[str]) -> str:
    """What a name that nobody knows was meant to be, or what there is to choose from."""
    names = list(known)
    close = difflib.get_close_matches(given, names, n=1)
    return f"是不是想写“{close[0]}”？" if close else f"可用的有：{'、'.join(names)}。"


def unique(key: str) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """A validator of rows: none may repeat the `key` of another."""

    def check(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        names = [getattr(row, key) for row in rows]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"{key} 重复：{'、'.join(map(str, twice))}，每一条要有自己的")
        return rows

    return check


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"“{text}”不是正确的正则表达式（{error}），请检查括号是否成对") from None
    return text


#: A regular expression of Python's; and compiled.
PythonPattern = Annotated[str, AfterValidator(_pattern)]
if typing.TYPE_CHECKING:
    Compiled = re.Pattern[str]
else:
    Compiled = Annotated[PythonPattern, AfterValidator(re.compile)]


def _fault(model: type[Model], data: Any, fault: dict[str, Any]) -> str:
    kind, loc, context = fault["type"], fault["loc"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{_place(data, loc[:-1])}：不认识“{loc[-1]}”。{meant(str(loc[-1]), _keys(model, loc[:-1]))}"
    if kind == "missing":
        return f"{_place(data, loc[:-1])}：缺少“{loc[-1]}”。请补上。"
    place, given = _place(data, loc), fault["input"]
    if kind == "value_error":
        return f"{place}：{context['error']}。"
    shown = f"“{given}”" if isinstance(given, str) else f" {json.dumps(given, ensure_ascii=False, default=str)} "
    now = f"，现在是{shown[:60].rstrip()}。"
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", context["expected"])
        close = difflib.get_close_matches(str(given), choices, n=1)
        return f"{place}：应为 {'、'.join(choices)} 之一{now}{f'是不是想写“{close[0]}”？' if close else ''}"
    if kind in LIMITS:
        return f"{place}：{LIMITS[kind].format(**context)}{now}"
    wanted = next((words for start, words in WANTED.items() if kind.startswith(start)), "别的写法")
    return f"{place}：应为{wanted}{now}"


def _place(data: Any, loc: Sequence[int | str]) -> str:
    """Where in the file, as it is written there: [[rule]] 第 4 条（D04）的 amount."""
    said, here = "", data
    for part in loc:
        if part == "[key]":
            continue
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(part, int):
            names = (here.get(k) for k in ("id", "line_id", "name", "key")) if isinstance(here, dict) else ()
            name = next((n for n in names if isinstance(n, str)), "")
            said += f" 第 {part + 1} {'条' if isinstance(here, dict) else '项'}{f'（{name}）' if name else ''}"
        else:
            rows = isinstance(here, list) and bool(here) and isinstance(here[0], dict)
            shown = f"[[{part}]]" if rows else f"[{part}]" if isinstance(here, dict) else part
            said += f"的 {shown}" if said.endswith(("）", "条", "项")) else f" 的 {shown}"
    return said


def _keys(kind: Any, loc: Sequence[int | str]) -> list[str]:
    """The keys that may stand at a place of a model."""
    for part in (*loc, None):
        while typing.get_origin(kind) in (typing.Union, types.UnionType, typing.Annotated):
            kind = next(a for a in typing.get_args(kind) if a is not type(None))
        if part is None:
            break
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names = {str(field.validation_alias or name): field for name, field in kind.model_fields.items()}
            kind = names[str(part)].annotation
        else:
            kind = next(a for a in reversed(typing.get_args(kind)) if a is not Ellipsis)
    return [str(field.validation_alias or name) for name, field in kind.model_fields.items()]
