"""Cleaning: ours against pandas and Python's `re`, on real texts, padded and clean, and on saved pages.

The peers do less: tags, entities, white space, full width. How often their result is the same as ours is printed.
"""

import html
import re

import pandas as pd
import polars as pl

from opinion_lab.prepare import normalize
from tests.benchmarks import real
from tests.benchmarks.harness import alternate

TAG, SPACE = re.compile(r"<[^>]+>"), re.compile(r"\s+")
FULL = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F) if chr(c) not in "，！？：；（）～＜＞＆"}
FULL_CLASS = re.compile(f"[{re.escape(''.join(map(chr, FULL)))}]")


def by_re(texts: list[str]) -> list[str]:
    return [SPACE.sub(" ", html.unescape(TAG.sub("", t)).translate(FULL)).strip() for t in texts]


def by_pandas(texts: pd.Series) -> pd.Series:
    return (
        texts.str.replace(TAG, "", regex=True)
        .map(html.unescape)
        .str.replace(FULL_CLASS, lambda m: chr(FULL[ord(m[0])]), regex=True)
        .str.replace(SPACE, " ", regex=True)
        .str.strip()
    )


def main() -> None:
    kinds = real.by_kind()
    for name, texts in {
        "weibo and boards": [*kinds["weibo"][:100_000], *kinds["boards"][:100_000]],
        "messages, articles, risk": [*kinds["messages"], *kinds["articles"], *kinds["risk"]],
        "pages": kinds["pages"],
    }.items():
        series, frame = pl.Series(texts), pd.Series(texts)
        size = sum(len(t.encode()) for t in texts) / 1e6
        ours, plain = normalize.strip(series), by_re(texts)
        same = sum(a.replace("\n", " ") == b for a, b in zip(ours, plain, strict=True))
        assert normalize.strip(ours).equals(ours), "a second time changes nothing"
        print(f"{name}: {size:,.1f} MB, the same as re in {same / len(texts):.1%} of texts")
        jobs = {
            "ours": lambda s=series: normalize.strip(s),
            "pandas": lambda s=frame: by_pandas(s),
            "python re": lambda ts=texts: by_re(ts),
        }
        alternate(f"cleaning {name}", round(size * 1000), jobs, rounds=3, unit="KB")
