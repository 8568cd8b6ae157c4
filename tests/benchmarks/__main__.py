"""`make bench`: each job against the plain way to do it, in turn, on the invented county's posts; medians, ratios."""

import html
import logging
import re
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import jieba
import polars as pl

from opinion_lab import synthetic
from opinion_lab.config import Organisations
from opinion_lab.prepare import copies, posts, text, tokens

ROUNDS = 5
KEY, ZONE = b"benchmark", ZoneInfo("Asia/Shanghai")
TAG, SPACE = re.compile(r"<[^>]+>"), re.compile(r"\s+")
FULL = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}


def plain_strip(texts: list[str]) -> list[str]:
    return [SPACE.sub(" ", html.unescape(TAG.sub("", t)).translate(FULL)).strip() for t in texts]


def plain_copies(texts: list[str]) -> int:
    """Near copies as a short script would find them: each text against those that share its rarest pair."""
    pairs = [{t[i : i + 2] for i in range(len(t) - 1)} for t in texts]
    often: dict[str, list[int]] = {}
    for i, own in enumerate(pairs):
        for pair in own:
            often.setdefault(pair, []).append(i)
    found = 0
    for i, own in enumerate(pairs):
        if len(own) < 5:
            continue
        rarest = min(own, key=lambda p: (len(often[p]), p))
        found += any(j < i and len(own & pairs[j]) / len(own | pairs[j]) >= 0.4 for j in often[rarest])
    return found


def alternate(name: str, n: int, ours: Callable[[], object], plain: Callable[[], object]) -> None:
    """Print the medians of both, and the median of the ratios of each round."""
    took: dict[str, list[float]] = {"ours": [], "plain": []}
    for round_ in range(ROUNDS + 1):
        for which, job in (("ours", ours), ("plain", plain)):
            start = time.perf_counter()
            job()
            if round_:  # the first one warms up
                took[which].append(time.perf_counter() - start)
    ratio = statistics.median(p / o for o, p in zip(took["ours"], took["plain"], strict=True))
    speeds = [f"{which} {n / statistics.median(t):>10,.0f}/s" for which, t in took.items()]
    print(f"{name:<28} {speeds[0]}   {speeds[1]}   {ratio:5.1f} x")


def main() -> None:
    jieba.setLogLevel(logging.WARNING)
    items = synthetic.generate(0)["items"]
    given = items["text"].fill_null("").to_list()
    frame = posts.build(items, key=KEY, zone=ZONE, organisations=Organisations()).posts
    said = [t for t in frame["text"].to_list() if t]
    print(f"{len(given):,} posts of the invented county, {datetime.now(UTC):%Y-%m-%d}; medians of {ROUNDS} rounds")
    alternate("clean (Python re)", len(given), lambda: text.strip(pl.Series(given)), lambda: plain_strip(given))
    alternate("words (jieba)", len(said), lambda: tokens.cut(said), lambda: [jieba.lcut(t) for t in said])
    some = frame.head(6000)
    folded = text.fold(some["text"]).to_list()
    alternate("near copies (plain Python)", 6000, lambda: copies.mark(some), lambda: plain_copies(folded))


if __name__ == "__main__":
    main()
