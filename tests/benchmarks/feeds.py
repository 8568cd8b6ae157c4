"""Ten thousand items of feeds: how many a second become rows, and what share of that is the parser's own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import feedparser

from opinion_lab import config
from opinion_lab.collect.parsers import entries, feeds
from tests.collect.test_collector import rss

FEEDS, EACH = 100, 100
AT = datetime(2026, 9, 9, 8, tzinfo=UTC)


def main() -> None:
    source = config.Source(id="s", kind="feed", url="http://x/", platform="新闻网站")
    body = rss(EACH).encode()
    begun = time.process_time()
    for _ in range(FEEDS):
        feedparser.parse(body)
    alone = time.process_time() - begun
    begun = time.process_time()
    for _ in range(FEEDS):
        read = feeds.read(body, charset="utf-8", url="http://x/")
    reading = time.process_time() - begun
    begun = time.process_time()
    rows = 0
    for _ in range(FEEDS):
        rows += entries.items(read, source, capture="c", collected_at=AT, zone=ZoneInfo("Asia/Shanghai")).items.height
    making = time.process_time() - begun
    whole = reading + making
    print(f"{rows:,} items of {FEEDS} feeds: {rows / whole:,.0f} a second of processor")
    print(f"  feedparser alone   {alone / whole:.0%}")
    print(f"  reading (with it)  {reading / whole:.0%}")
    print(f"  rows               {making / whole:.0%}")


if __name__ == "__main__":
    main()
