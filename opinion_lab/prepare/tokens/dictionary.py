"""Jieba's dictionary: its words, their frequencies and tags, and what follows from them."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

#: Words that a lexicon adds: (word, frequency, tag).
Words = tuple[tuple[str, int | None, str | None], ...]


def quiet() -> warnings.catch_warnings:
    """Jieba 0.42.1 warns at import: of escapes in its patterns, of pkg_resources."""
    return warnings.catch_warnings(action="ignore")


@cache
def entries() -> pl.DataFrame:
    """Jieba's dictionary as it is written: word, freq, tag."""
    columns = {"word": pl.String, "freq": pl.Int64, "tag": pl.String}
    return pl.read_csv(_jieba() / "dict.txt", separator=" ", has_header=False, schema=columns, quote_char=None)


def probabilities(name: str) -> Any:
    """`P` of a module of jieba.finalseg, read without importing jieba, which loads pkg_resources for its paths."""
    path = _jieba() / "finalseg" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{__name__}.{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.P


def _jieba() -> Path:
    spec = importlib.util.find_spec("jieba")
    assert spec is not None and spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


@cache
def frequencies() -> tuple[dict[str, int], int]:
    """Frequency by word, and their total (B超 stands twice in the dictionary and counts twice)."""
    table = entries()
    return dict(zip(table["word"].to_list(), table["freq"].to_list(), strict=True)), int(table["freq"].sum())


def words() -> Collection[str]:
    """The words of jieba's dictionary."""
    return frequencies()[0].keys()


@cache
def tags() -> dict[str, str]:
    """The part of speech of each word of the dictionary, in jieba's letters (n, v, a, nr, ns ...); of two the last."""
    table = entries()
    return dict(zip(table["word"].to_list(), table["tag"].to_list(), strict=True))


@cache
def beginning(character: str) -> list[str]:
    """The words that begin with a character."""
    return [w for w in frequencies()[0] if w[0] == character]


@cache
def lower_case() -> Words:
    """The dictionary's words that hold capitals (A股, T恤, PC机), in lower case, for texts that are."""
    known, _ = frequencies()
    capital = entries().filter(pl.col("word") != pl.col("word").str.to_lowercase())["word"].unique(maintain_order=True)
    return tuple((w.lower(), known[w], None) for w in capital if w.lower() not in known)


def left_apart(own: Mapping[str, int], total: int) -> frozenset[str]:
    """The words, a lexicon's `own` among them, that a route may leave as singles, these being as likely or likelier."""
    added = pl.DataFrame({"word": [*own], "freq": [*own.values()]}, schema={"word": pl.String, "freq": pl.Int64})
    words = pl.concat([entries().drop("tag"), added]).unique("word", keep="last", maintain_order=True)
    words = words.filter(pl.col("freq") > 0).with_columns(size=pl.col("word").str.len_chars(), log=pl.col("freq").log())
    single, longer = words.filter(pl.col("size") == 1), words.filter(pl.col("size") > 1)
    of_one = np.zeros(0x110000)
    of_one[codes("".join(single["word"]))] = single["log"]
    size = longer["size"].to_numpy().astype(int)
    as_singles = np.add.reduceat(of_one[codes("".join(longer["word"]))], np.cumsum(size) - size)
    rounding = 1e-6
    apart = as_singles > longer["log"].to_numpy() + (size - 1) * np.log(total) - rounding
    return frozenset(longer["word"].filter(apart))


def codes(t: str) -> np.ndarray:
    """The code point of each character."""
    return np.frombuffer(t.encode("utf-32-le", "surrogatepass"), np.uint32)
