"""Copies: recall by share of characters edited, pair precision, posts a second and memory; datasketch and rensa beside.

Into real texts edited copies of some are planted: each edit replaces, inserts or deletes one character. A copy is
found when it is marked as one of its original (peers: when the original is among the answers). A pair is right when
the Jaccard similarity of its character pairs, links and names stripped, is at least .4. Peers are given the same
folded text, cut into pairs, and the same threshold.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import datasketch
import numpy as np
import polars as pl
import rensa

from opinion_lab import schemas
from opinion_lab.prepare import near_duplicates
from opinion_lab.prepare.near_duplicates import marking, signatures
from tests.benchmarks import real
from tests.benchmarks.harness import alternate

SHARES = (0.05, 0.1, 0.2)
SIMILARITY = 0.4
LEAST = 10  # characters
AT = datetime(2026, 9, 1, tzinfo=UTC)
COMMON = (
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学"
)


def frame(texts: list[str]) -> pl.DataFrame:
    """Posts of these texts, evenly over 30 days."""
    n = len(texts)
    at = pl.int_range(n, eager=True)
    rows = pl.DataFrame({"post_id": at.cast(pl.String).str.zfill(8), "text": texts}).with_columns(
        kind=pl.lit("post", dtype=pl.Enum(schemas.KINDS)),
        published_at=AT + timedelta(days=30) / n * at,
    )
    missing = {k: v for k, v in schemas.empty(schemas.Post).schema.items() if k not in rows.columns}
    rows = rows.with_columns(pl.lit(None, dtype=v).alias(k) for k, v in missing.items())
    return rows.with_columns(day=pl.col("published_at").dt.date()).select(schemas.Post.column_names())


def edited(text: str, share: float, chance: random.Random) -> str:
    said = list(text)
    for _ in range(max(1, round(len(text) * share))):
        at, way = chance.randrange(len(said)), chance.randrange(3)
        other = chance.choice(COMMON)
        said[at : at + 1] = ([other], [other, said[at]], [] if len(said) > 1 else [other])[way]
    return "".join(said)


def planted(texts: list[str], each: int, *, seed: int = 0) -> tuple[list[str], pl.DataFrame]:
    """The texts with edited copies of some originals behind them; truth: `copy`, `original` (rows), `share`, `kind`."""
    chance = random.Random(seed)
    posts = frame(texts)
    alone = near_duplicates.mark(posts)["copy_of"].is_null() & (
        near_duplicates.compared(posts).str.len_chars() >= LEAST
    )
    originals = alone.arg_true().to_list()
    rows, more = [], []
    for share in SHARES:
        for n in chance.sample(originals, each):
            rows.append((len(texts) + len(more), n, share))
            more.append(edited(texts[n], share, chance))
    truth = pl.DataFrame(rows, schema=["copy", "original", "share"], orient="row")
    return [*texts, *more], truth


# --- ours and peers: texts -> pairs (later, earlier) -----------------------------------------------------------


def ours(posts: pl.DataFrame) -> np.ndarray:
    found = near_duplicates.mark(posts, similarity=SIMILARITY).select(
        later=pl.int_range(pl.len()), earlier=pl.col("copy_of").cast(pl.Int64)
    )
    return found.drop_nulls().to_numpy()


def _pairs(posts: pl.DataFrame) -> Iterator[tuple[int, list[str]]]:
    for n, said in enumerate(near_duplicates.compared(posts)):
        if len(said) >= marking.MIN_SAME:
            yield n, list({said[k : k + 2] for k in range(len(said) - 1)})


def by_datasketch(posts: pl.DataFrame) -> np.ndarray:
    index = datasketch.MinHashLSH(threshold=SIMILARITY, num_perm=64)
    found = []
    for n, pairs in _pairs(posts):
        sketch = datasketch.MinHash(num_perm=64)
        sketch.update_batch([p.encode() for p in pairs])
        found += [(n, m) for m in index.query(sketch)]
        index.insert(n, sketch, check_duplication=False)
    return np.array(found)


def by_rensa(posts: pl.DataFrame) -> np.ndarray:
    index = rensa.RMinHashLSH(threshold=SIMILARITY, num_perm=64, num_bands=16)
    found = []
    for n, pairs in _pairs(posts):
        sketch = rensa.RMinHash(num_perm=64, seed=42)
        sketch.update(pairs)
        found += [(n, m) for m in index.query(sketch)]
        index.insert(n, sketch)
    return np.array(found)


def quality(posts: pl.DataFrame, truth: pl.DataFrame, pairs: np.ndarray) -> tuple[dict[float, float], float]:
    """Recall by share edited, and the share of pairs that are alike enough."""
    found = pl.DataFrame({"copy": pairs[:, 0], "original": pairs[:, 1]}).unique().with_columns(hit=True)
    hits = truth.join(found, on=["copy", "original"], how="left").with_columns(pl.col("hit").fill_null(False))
    likeness = signatures.jaccard(
        near_duplicates.compared(posts), found["copy"].to_numpy(), found["original"].to_numpy()
    )
    return dict(hits.group_by("share").agg(pl.col("hit").mean()).sort("share").iter_rows()), np.mean(
        likeness >= SIMILARITY
    )


def told(name: str, posts: pl.DataFrame, truth: pl.DataFrame, pairs: np.ndarray) -> None:
    recall, precision = quality(posts, truth, pairs)
    at = " ".join(f"{share:.0%} {r:.4f}" for share, r in recall.items())
    print(f"  {name:<12} recall {at}  precision {precision:.4f}  ({len(pairs):,} pairs)", flush=True)


def million(texts: list[str]) -> None:
    """In a process of its own, so that its memory is its own."""
    posts = frame(texts)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    marked = near_duplicates.mark(posts)
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    share = marked["copy_of"].is_not_null().mean()
    print(
        f"{len(texts):,} posts in 30 days: {len(texts) / took:,.0f} posts/s, {share:.1%} copies, "
        f"peak {peak / 1e6:.2f} GB ({before / 1e6:.2f} GB of it the posts and the program)",
        flush=True,
    )


def main() -> None:
    kinds = real.by_kind()
    chance = random.Random(1)
    everything = sorted({t for texts in kinds.values() for t in texts})
    for name, texts in {
        "weibo": kinds["weibo"],
        "reviews, messages, news": [t for k in ("reviews", "messages", "short news", "risk") for t in kinds[k]],
        "titles and boards": [t for k in ("titles", "boards", "hot list") for t in kinds[k]],
    }.items():
        said, truth = planted(chance.sample(texts, 40_000), 4_000)
        posts = frame(said)
        print(f"{name}, {len(said):,} posts")
        told("ours", posts, truth, ours(posts))
    said, truth = planted(chance.sample(everything, 20_000), 2_000)
    posts = frame(said)
    jobs = {"ours": ours, "datasketch": by_datasketch, "rensa": by_rensa}
    print(f"all kinds, {len(said):,} posts")
    for name, job in jobs.items():
        told(name, posts, truth, job(posts))
    alternate("copies", len(said), {n: lambda job=job: job(posts) for n, job in jobs.items()}, rounds=3)
    grown = [*everything, *(t + "！转" for t in everything[: max(0, 1_000_000 - len(everything))])]
    chance.shuffle(grown)
    process = multiprocessing.get_context("spawn").Process(target=million, args=(grown[:1_000_000],))
    process.start()
    process.join()
