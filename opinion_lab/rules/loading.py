"""Files of rules -> models: TOML, tables with tabs, lists of words; the field types that several tables use."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import AfterValidator, Field

from opinion_lab.validation import LabError, Model


def _rust_pattern(pattern: str) -> str:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        raise ValueError(f"“{pattern}”不是正确的正则表达式，请检查括号是否成对，也不要用前后查找 (?=…)") from None
    return pattern


#: Text that says something.
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Words = tuple[str, ...]
#: A regular expression as polars reads it: of Rust, fast, without look-around.
RustPattern = Annotated[str, AfterValidator(_rust_pattern)]
#: Response levels, most severe first.
Level = Literal["Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ"]


def any_of(patterns: Sequence[str]) -> str:
    """One expression that finds what any of these finds."""
    return "|".join(f"(?:{p})" for p in patterns)


def tabbed(text: str, where: str) -> list[dict[str, str]]:
    """The rows of a table with tabs and a heading, cells as text; lines that begin with # are notes."""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise LabError(f"{where} 是空的。请至少写上列名一行。")
    heading = lines[0][1].split("\t")
    rows = []
    for n, line in lines[1:]:
        cells = line.split("\t")
        if len(cells) != len(heading):
            raise LabError(
                f"{where} 第 {n} 行有 {len(cells)} 格，应为 {len(heading)} 格。请检查这一行的制表符（Tab）。"
            )
        rows.append(dict(zip(heading, cells, strict=True)))
    return rows


def listed(text: str, where: str, *, first_word: bool = False) -> Iterator[tuple[str, str]]:
    """Lines of a list, each with where it stands; # after a space begins a note. Raises LabError for a line said twice.

    `first_word`: a line is the same as another when its first word is.
    """
    written: dict[str, int] = {}
    for n, whole in enumerate(text.splitlines(), 1):
        if line := re.split(r"(?:^|\s)#", whole)[0].strip():
            word = line.split()[0] if first_word else line
            if word in written:
                raise LabError(f"{where} 第 {n} 行：“{word}”在第 {written[word]} 行已经写过。请删去其中一行。")
            written[word] = n
            yield f"{where} 第 {n} 行", line


def frame(rows: Sequence[Model], model: type[Model]) -> pl.DataFrame:
    """Records as a frame, a column a field."""
    schema = {name: _dtype(field.annotation) for name, field in model.model_fields.items()}
    return pl.DataFrame([row.model_dump() for row in rows], schema=schema, orient="row")


def _dtype(kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = next(a for a in typing.get_args(kind) if a is not type(None))
    while typing.get_origin(kind) is Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is tuple:
        return pl.List(pl.String)
    return {bool: pl.Boolean, int: pl.Int64, float: pl.Float64, date: pl.Date}.get(kind, pl.String)
