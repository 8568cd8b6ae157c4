"""What people think of a matter, by the words of their sentences: critics of the officials first, always.

The table is `rules/views.toml`. Words do not know irony: counts lead to posts worth reading and measure no opinion.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from opinion_lab.analyse import demands
from opinion_lab.config import PACKAGE, LabError
from opinion_lab.prepare import normalize

RULES = PACKAGE / "rules" / "tables" / "views.toml"
VIEWS = {"key": pl.String, "n": pl.Int64, "share": pl.Float64, "quote": pl.String, "post_id": pl.String}


@dataclass(frozen=True)
class Views:
    """The table: phrases that do not count, and for each view the pattern of a sentence that holds it."""

    never: tuple[str, ...]
    patterns: dict[str, str]


@cache
def load(path: Path = RULES) -> Views:
    """Read the table. Raises LabError naming what is wrong in it."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        patterns = {v["key"]: "|".join(f"(?:{w})" for w in v["words"]) for v in data["view"]}
        pl.Series([""]).to_frame("s").select(pl.col("s").str.contains(p).alias(k) for k, p in patterns.items())
    except (OSError, ValueError) as error:
        raise LabError(f"读不了观点归类表 {path.name}：{error}。请检查文件是否存在、引号和逗号是否齐全。") from None
    except KeyError as error:
        raise LabError(f"观点归类表 {path.name} 缺少 {error}。请对照原表补上。") from None
    except pl.exceptions.ComputeError as error:
        raise LabError(f"观点归类表 {path.name} 里有写错的正则表达式：{error}。请检查括号是否成对。") from None
    return Views(tuple(data["not"]), patterns)


def of(posts: pl.DataFrame, *, table: Views | None = None) -> pl.DataFrame:
    """Each view in the table's order: n (different voices), share of all voices, its most typical sentence.

    Officials and media are left out, copies count once, a voice counts once a view and may hold several. A view that
    nobody holds is there with n = 0. `share` is null when nobody spoke.
    """
    table = table or load()
    voices = demands.voices(posts)
    spoke = voices.filter(normalize.fold(voices["said"]) != "")["voice"].n_unique()
    split = pl.Series([normalize.sentences(s) for s in voices["said"]], dtype=pl.List(pl.String))
    said = voices.drop("said").with_columns(sentence=split).explode("sentence").drop_nulls("sentence")
    # an emoticon alone is no opinion on the matter
    bare = normalize.simplify(said["sentence"]).str.replace_all(r"\[[^\[\]]{1,6}\]", "")
    bare = bare.str.replace_many(list(table.never), ["\x1f"] * len(table.never))
    rows = []
    for key, pattern in table.patterns.items():
        held = said.filter(bare.str.contains(pattern)).unique("voice", keep="first", maintain_order=True)
        quote, post = demands.typical(held) if held.height else (None, None)
        rows.append((key, held.height, held.height / spoke if spoke else None, quote, post))
    return pl.DataFrame(rows, schema=VIEWS, orient="row")
