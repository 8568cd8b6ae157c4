"""Searching a million posts: the lab's index beside the plain ways, a scan with polars and SQLite's own trigrams.

`python -m tests.benchmarks.search LAB`: a lab with its index made (see `whole`). Each query as a clerk types it,
several times, with the posts that it shows; the median and the slowest, in milliseconds by the clock.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

import opinion_lab

QUERIES = (
    "食堂",
    "退款",
    "医院",
    "不好",
    "木耳 -广告",
    "超市 涨价",
    "退款 | 退费",
    '"服务态度"',
    "加油站",
    "一个",
    "房产证 办理 -小区",
)
TIMES, SHOWN = 5, 50
TARGET = 200


def clocked(run: Callable[[], int]) -> tuple[int, float, float]:
    took, n = [], 0
    for _ in range(TIMES):
        start = time.perf_counter()
        n = run()
        took.append(1000 * (time.perf_counter() - start))
    return n, statistics.median(took), max(took)


def main(root: Path | None = None) -> None:
    lab = opinion_lab.open(root)
    frame = lab.posts().select("post_id", "title", "text")
    print(f"{frame.height:,} posts, {SHOWN} shown; target {TARGET} ms")
    for query in QUERIES:
        n, median, slowest = clocked(lambda query=query: lab.search(query, most=SHOWN).height and lab.count(query))
        line = f"  {query:<16} {n:>8,} hits: search and count {median:7.0f} ms, slowest {slowest:7.0f}"
        if " " not in query and '"' not in query:
            plain = pl.col("text").str.contains(query, literal=True)
            _, scan, _ = clocked(lambda plain=plain: frame.filter(plain).height)
            line += f"; polars over texts in memory {scan:6.0f}"
        print(line, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
