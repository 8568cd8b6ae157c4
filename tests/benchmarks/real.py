"""The real texts beside the checkout, by kind, as they came: padded, repeated, with debris."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.benchmarks.harness import SHARED


def _lines(name: str) -> Iterator[str]:
    path = SHARED / name
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from lines


def _column(name: str, *columns: str) -> Iterator[str]:
    rows = csv.DictReader(line.removeprefix("\ufeff") for line in _lines(name))
    return (row[column] or "" for row in rows for column in columns)


def _json(name: str, *keys: str) -> Iterator[str]:
    return (row.get(key) or "" for row in map(json.loads, _lines(name)) for key in keys)


def _cascades() -> Iterator[str]:
    for line in _lines("ced_cascades/cascades.jsonl.gz"):
        case = json.loads(line)
        yield from (r.get("text") or "" for r in [case["original"], *case["reposts"]])


@cache
def by_kind() -> dict[str, list[str]]:
    """Every text that is not empty, in the order of the files; boards and hot lists each title once."""
    hot = sorted((SHARED / "weibo_hot_hourly").glob("*.jsonl.gz"))
    boards = sorted((SHARED / "hot_boards").glob("*.csv.gz"))
    found: dict[str, Iterator[str]] = {
        "weibo": _cascades(),
        "messages": (
            t
            for name, columns in (
                ("messages", ("留言主题", "留言详情")),
                ("labelled", ("留言详情",)),
                ("replies", ("留言详情", "答复意见")),
            )
            for t in _column(f"gov_messages/{name}.csv", *columns)
        ),
        "reviews": (t for n in ("waimai_10k", "hotel_7766") for t in _column(f"reviews/{n}.csv", "review")),
        "boards": (t for p in boards for t in _column(f"hot_boards/{p.name}", "title")),
        "hot list": iter(dict.fromkeys(t for p in hot for t in _json(f"weibo_hot_hourly/{p.name}", "title"))),
        "titles": (line.split("\t")[0] for line in _lines("thucnews_titles/dev.txt")),
        "short news": (t for n in ("train_few_all", "unlabeled") for t in _json(f"tnews/{n}.json", "sentence")),
        "articles": _json("sogouc_news/articles.jsonl.gz", "text"),
        "risk": (row[1] for row in csv.reader(_lines("company_risk/events.csv")) if len(row) > 1),
        "emergencies": _json("emergency_news/docs.jsonl", "title", "text"),
        "pages": (_page(p) for p in sorted((SHARED / "news_pages").glob("*.html"))),
    }
    return {kind: [t for t in texts if t.strip()] for kind, texts in found.items()}


def _page(path: Path) -> str:
    body = path.read_bytes()
    charset = re.search(rb"charset=[\"']?([\w-]+)", body)
    return body.decode(charset[1].decode() if charset else "utf-8", "replace")


def sample(n: int, *, seed: int = 0) -> list[str]:
    """`n` texts, every small kind whole and the rest from the large ones, in a shuffled order."""
    chance = random.Random(seed)
    kinds = sorted(by_kind().values(), key=len)
    taken: list[str] = []
    for left, texts in zip(range(len(kinds), 0, -1), kinds, strict=True):
        taken += chance.sample(texts, min(len(texts), (n - len(taken)) // left))
    chance.shuffle(taken)
    return taken
