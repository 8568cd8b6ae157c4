"""What `opinion-lab prepare` does, the plain way: pandas, jieba, datasketch and a loop over the posts.

Rows of data/raw/items -> clean, redact by the same table, pseudonyms, copies within thirty days, relevance by the watch
list's words, words without stop words, Parquet by day. A batch script: it knows no archive and cannot be stopped.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import logging
import multiprocessing
import re
import sys
from collections import deque
from pathlib import Path

import jieba
import numpy as np
import opencc
import pandas as pd
from datasketch import MinHash, MinHashLSH

from opinion_lab.prepare.redaction import masking
from opinion_lab.rules import SHIPPED
from opinion_lab.rules.redaction import Rule
from opinion_lab.storage import store

TAG, SPACE, SINGLE = re.compile(r"<[^>]+>"), re.compile(r"\s+"), re.compile(r"[^\w]+")
LINK = re.compile(r"https?://\S+|@[\w-]+|\[\w+\]")
MENTION = re.compile(r"@([\w·－-]{1,30})")
WIDE = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}
WINDOW = 30 * 86_400

RULES = SHIPPED.redaction
SIMPLE = opencc.OpenCC("t2s")
LEXICON = SHIPPED.lexicon
KEY = b"plain"


def start() -> None:
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    for word, freq, tag in LEXICON.words:
        jieba.add_word(word, freq, tag)


def clean(text: str) -> str:
    return SPACE.sub(" ", html.unescape(TAG.sub("", text)).translate(WIDE)).strip()


def redact(text: str) -> str:
    for rule in (r for r in RULES.rule if r.check in masking.CHECKS):

        def hidden(found: re.Match[str], rule: Rule = rule) -> str:
            return rule.replace if masking.CHECKS[rule.check](found) else found[0]

        text = rule.pattern.sub(hidden, text)
    return MENTION.sub(lambda m: "@" + pseudonym(m[1]), text)


def pseudonym(name: str) -> str:
    return "u_" + hmac.digest(KEY, name.encode(), "sha256").hex()[:12]


def fold(text: str) -> str:
    return SINGLE.sub("", LINK.sub("", SIMPLE.convert(text))).lower()


def row(given: tuple) -> tuple:
    platform, native_id, author, title, text = given
    post_id = hashlib.sha256(f"{platform}\0{native_id}".encode()).hexdigest()[:16]
    title, text = redact(clean(title)), redact(clean(text))
    said = f"{title}\n{text}"
    folded = fold(said)
    pairs = {folded[i : i + 2].encode() for i in range(len(folded) - 1)}
    least = MinHash(num_perm=64)
    if pairs:
        least.update_batch(pairs)
    words = [w for w in jieba.lcut(SIMPLE.convert(said).lower()) if len(w.strip()) > 1 and w not in LEXICON.stop]
    return post_id, pseudonym(author), title, text, least.hashvalues, pairs, words


def copies(frame: pd.DataFrame) -> list[str | None]:
    """In order of time: the earliest original of the last thirty days that is like it."""
    scheme = MinHash(num_perm=64).scheme
    index = MinHashLSH(threshold=0.4, num_perm=64, params=(21, 3))
    alive: deque[tuple[float, str]] = deque()
    known: dict[str, tuple[float, set]] = {}
    found: list[str | None] = []
    for post_id, at, values, pairs in zip(
        frame["post_id"], frame["second"], frame["least"], frame["pairs"], strict=True
    ):
        while alive and alive[0][0] < at - WINDOW:
            old = alive.popleft()[1]
            index.remove(old)
            del known[old]
        found.append(None)
        if len(pairs) < 6 or post_id in known:
            continue
        least = MinHash(num_perm=64, hashvalues=np.array(values), scheme=scheme)
        like = [c for c in index.query(least) if len(known[c][1] & pairs) / len(known[c][1] | pairs) >= 0.4]
        if like:
            found[-1] = min(like, key=lambda c: known[c][0])
        else:
            index.insert(post_id, least)
            known[post_id] = (at, pairs)
            alive.append((at, post_id))
    return found


def main(root: Path, out: Path, most: int | None = None) -> int:
    lab = store.open(root)
    frames = [pd.read_parquet(p) for p in sorted((lab.raw / "items").glob("*.parquet")) if ".dropped" not in p.name]
    items = pd.concat(frames).sort_values("published_at", kind="stable")[:most]
    said = items[["platform", "native_id", "author", "title", "text"]].fillna("")
    given = list(said.itertuples(index=False, name=None))
    with multiprocessing.get_context("spawn").Pool(2, initializer=start) as pool:
        rows = pool.map(row, given, chunksize=2_000)
    columns = ["post_id", "author_id", "title", "text", "least", "pairs", "words"]
    made = pd.DataFrame(rows, columns=columns)
    made["published_at"] = items["published_at"].to_numpy()
    made["second"] = items["published_at"].astype("int64").to_numpy() // 10**6
    made = made.drop_duplicates("post_id", keep="first")
    made["copy_of"] = copies(made)
    wanted = [w for w in lab.settings.watch.any if re.fullmatch(r"\w+", w)]
    made["relevant"] = [any(w in t for w in wanted) for t in made["title"] + "\n" + made["text"]]
    made["day"] = pd.DatetimeIndex(made["published_at"]).tz_convert(lab.settings.timezone).date
    post = ["post_id", "author_id", "title", "text", "published_at", "copy_of", "relevant"]
    for name, kept in (("posts", post), ("tokens", ["post_id", "words"])):
        (out / name).mkdir(parents=True, exist_ok=True)
        for day, part in made.groupby("day"):
            part[kept].to_parquet(out / name / f"{day}.parquet", compression="zstd")
    return len(made)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None))
