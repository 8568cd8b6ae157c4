"""Ten thousand items of feeds: how many a second become rows, and what share of that is the parser's own.

And a thousand articles, each a capture of its own, as page sources bring them: taken in, and prepared.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import feedparser

from opinion_lab import config
from opinion_lab.collect.parsers import bodies, entries, feeds
from opinion_lab.prepare.pipeline import runs
from opinion_lab.storage import store
from tests.collect.test_collector import rss
from tests.collect.web.local_web import TEXT

FEEDS, EACH, ARTICLES = 100, 100, 1_000
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
    with TemporaryDirectory() as folder:
        articles(Path(folder))


def articles(root: Path) -> None:
    (root / "lab.toml").write_text("", encoding="utf-8")
    lab, source = store.open(root), config.Source(id="s", kind="page", url="http://x/", platform="新闻网站")
    begun = time.process_time()
    for n in range(ARTICLES):
        url, said = f"http://x/{n}", {"title": f"第{n}号通报", "text": f"第{n}号。" + 20 * TEXT, "time": f"{AT}"}
        named = {"source_id": "s", "name": url, "url": url, "role": "page", "encoding": None, "collected_at": AT}
        own = lab.put_raw(f"{n}".encode(), **named).capture
        one = [bodies.entry(native_id=url, url=url, **said)]
        parsed = entries.items(one, source, capture=own, collected_at=AT, zone=lab.settings.zone)
        lab.put_items(own, parsed.items, parsed.dropped, rows_in=1)
    taken = time.process_time()
    done = runs.run(lab, progress=False)
    print(f"{done.new_posts:,} articles: {taken - begun:.0f} s of processor to take in, ", end="")
    print(f"{time.process_time() - taken:.0f} s to prepare")


if __name__ == "__main__":
    main()
