"""Many posts made from the real ones beside the checkout: a year of months, seeded, as files for the front door.

Three in ten are said again within days (half word for word, half with a few characters edited); the others join two
sentences of different posts, so that hardly two are alike. Two in a hundred hold a telephone number, three HTML.
"""

from __future__ import annotations

import csv
import gzip
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from tests.benchmarks.harness import SHARED

FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 365
PLATFORMS = ("微博", "贴吧论坛", "短视频", "新闻网站", "领导留言板", "微信公众号")
SENTENCE = re.compile(r"[^。！？!?\n]{6,120}[。！？!?]?")


def pool(most: int = 200_000) -> list[str]:
    """Sentences of every folder that holds posts, in a fixed order."""
    texts: list[str] = []
    for name, column in (("reviews/waimai_10k.csv", "review"), ("reviews/hotel_7766.csv", "review")):
        with (SHARED / name).open(encoding="utf-8-sig", newline="") as f:
            texts += [row[column] or "" for row in csv.DictReader(f)]
    for name in ("messages", "replies"):
        with (SHARED / f"gov_messages/{name}.csv").open(encoding="utf-8-sig", newline="") as f:
            texts += [row["留言详情"] or "" for row in csv.DictReader(f)]
    with (SHARED / "company_risk/events.csv").open(encoding="utf-8-sig", newline="") as f:
        texts += [row[1] for row in csv.reader(f) if len(row) > 1]
    with gzip.open(SHARED / "ced_cascades/cascades.jsonl.gz") as lines:
        for line in lines:
            case = orjson.loads(line)
            texts += [r.get("text") or "" for r in case["reposts"][:60]]
    found = [s.strip() for t in texts for s in SENTENCE.findall(t) if len(s.strip()) > 5]
    return found[:: max(1, len(found) // most)]


def rows(n: int, *, seed: int = 0, first_day: datetime = FIRST_DAY, days: int = DAYS) -> Iterator[dict[str, str]]:
    """`n` rows of the shipped mapping `posts`, in order of time."""
    chance = random.Random(seed)
    sentences = pool()
    recent: list[str] = []
    step = timedelta(days=days) / n
    for i in range(n):
        if recent and chance.random() < 0.3:
            text = chance.choice(recent)
            if chance.random() < 0.5:
                for _ in range(chance.randint(1, max(1, len(text) // 20))):
                    at = chance.randrange(len(text))
                    text = text[:at] + chance.choice(sentences)[0] + text[at + chance.randint(0, 1) :]
        else:
            text = chance.choice(sentences) + chance.choice(sentences)
            if chance.random() < 0.02:
                text += f"联系电话1{chance.randint(3000000000, 9999999999)}"
            if chance.random() < 0.03:
                text = f"<p>{text}</p>&nbsp;"
            recent.append(text)
            if len(recent) > 5 * n // days:
                recent = recent[n // days :]
        at = first_day + step * i
        yield {
            "native_id": f"{seed}-{i}",
            "platform": PLATFORMS[i % len(PLATFORMS)],
            "author": f"网民{chance.randrange(n // 3 + 1)}",
            "author_kind": "person",
            "text": text,
            "published_at": at.isoformat(),
        }


def write(folder: Path, n: int, *, files: int = 12, seed: int = 0, **when: object) -> list[Path]:
    """`n` rows in `files` JSON Lines files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = rows(n, seed=seed, **when)  # type: ignore[arg-type]
    paths = []
    for number in range(files):
        path = folder / f"{seed}-{number:02d}.jsonl"
        share = n * (number + 1) // files - n * number // files
        with path.open("wb") as f:
            for _ in range(share):
                f.write(orjson.dumps(next(made)) + b"\n")
        paths.append(path)
    return paths
