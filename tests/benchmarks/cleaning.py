"""Cleaning: ours against Python's `re`, on the invented county's posts as they came."""

import html
import re

import polars as pl

from opinion_lab import synthetic
from opinion_lab.prepare import text
from tests.benchmarks.harness import alternate

TAG, SPACE = re.compile(r"<[^>]+>"), re.compile(r"\s+")
FULL = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}


def plain(texts: list[str]) -> list[str]:
    return [SPACE.sub(" ", html.unescape(TAG.sub("", t)).translate(FULL)).strip() for t in texts]


def main() -> None:
    given = synthetic.generate(0)["items"]["text"].fill_null("").to_list()
    series = pl.Series(given)
    alternate("cleaning", len(given), {"ours": lambda: text.strip(series), "python re": lambda: plain(given)})
