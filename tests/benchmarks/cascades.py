"""Half a million posts in one story, bushy and deep: seconds and peak memory, each in a process of its own.

The target is one minute and 3 GB. Then all that is said of the spread of every real cascade, and the whole review of
every twentieth (`--all`: of every one; half an hour, for some go on for years and are graded at every hour).
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse import cascades, coordination
from opinion_lab.judge import incident_review
from opinion_lab.rules import SHIPPED
from tests.benchmarks import forecast as real
from tests.benchmarks.harness import SHARED

N = 500_000
ZONE = ZoneInfo("Asia/Shanghai")


def story(n: int, how: str) -> pl.DataFrame:
    """One story: `bushy` hangs on its first posts, `chain` is one line, `names` says its parents by 转发 text only."""
    draw = np.random.default_rng(0)
    reach = {"bushy": 0.02, "names": 0.2}.get(how, 1.0)
    above = np.arange(n) - 1 if how == "chain" else (draw.random(n) ** 3 * np.arange(n) * reach).astype(np.int64)
    ids = np.char.zfill(np.arange(n).astype(str), 16)
    at = np.sort(draw.exponential(30_000, n))
    start = datetime(2026, 9, 1, tzinfo=UTC)
    known = {
        "post_id": ids,
        "author_id": np.char.add("u_", (draw.integers(0, n, n)).astype(str)),
        "published_at": pl.Series(start.timestamp() * 1e6 + at * 1e6).cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
        "text": [f"食堂里吃出异物{i % 997}，大家快看看吧，要求公开道歉" if i % 3 else "" for i in range(n)],
    }
    frame = pl.DataFrame(known)
    parent = pl.Series(ids).gather(np.maximum(above, 0))
    child = pl.int_range(pl.len()) > 0
    who = frame["author_id"].gather(np.maximum(above, 0))
    frame = frame.with_columns(
        parent_id=pl.when(child & pl.lit(how != "names")).then(parent),
        root_id=pl.when(child).then(pl.lit(ids[0])),
        chain=pl.when(child & pl.lit(how == "names"))
        .then(pl.concat_list(who))
        .otherwise(pl.lit([], pl.List(pl.String))),
        kind=pl.when(child).then(pl.lit("repost")).otherwise(pl.lit("post")),
        collected_at=pl.col("published_at").max(),
        day=pl.col("published_at").dt.convert_time_zone("Asia/Shanghai").dt.date(),
        position=pl.int_range(1, n + 1),
    )
    same = {"source_id": "b", "platform": "微博", "author_kind": "person", "relevant": True, "relevance_reason": ""}
    frame = frame.with_columns(capture=pl.lit("0" * 64), **{c: pl.lit(v) for c, v in same.items()})
    empty = schemas.empty(schemas.Post)
    lost = [pl.lit(None, dtype).alias(c) for c, dtype in empty.schema.items() if c not in frame.columns]
    return schemas.Post.validate(frame.with_columns(lost).select(empty.columns), cast=True)


def spread(posts: pl.DataFrame) -> None:
    """All that this folder says of one story's spread."""
    found = cascades.edges(posts)
    cascades.shape(posts, found)
    cascades.carriers(posts, found)
    cascades.levels(found)
    coordination.bursts(posts)
    for hours in (1, 3):
        cascades.forecast(posts, at=timedelta(hours=hours))


def reviewed(posts: pl.DataFrame) -> incident_review.Review:
    first = posts.sort("published_at", "post_id")["post_id"][0]
    told = posts.select("post_id", story_id=pl.lit(f"s_{first}"))
    return incident_review.of(posts, told, f"s_{first}", incident_review.Context(SHIPPED, (), ZONE))


def _alone(job: Callable[[pl.DataFrame], object], n: int, how: str, pipe: object) -> None:
    posts = story(n, how)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, busy = time.perf_counter(), time.process_time()
    job(posts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = (time.perf_counter() - start, time.process_time() - busy)
    pipe.send((*took, before / 1e6, peak / 1e6))  # type: ignore[attr-defined]


def measure(name: str, job: Callable[[pl.DataFrame], object], n: int, how: str) -> None:
    """Seconds and peak memory of a job on one story, in a fresh process."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_alone, args=(job, n, how, theirs))
    process.start()
    theirs.close()
    try:
        seconds, busy, before, peak = mine.recv()
        took = f"{seconds:6.1f} s (of processor {busy:.1f})"
        print(f"{name:<10} {how:<6} {n:>8,} posts {took}, peak {peak:.2f} GB (made: {before:.2f})", flush=True)
    except EOFError:
        print(f"{name:<10} {how:<6} {n:>8,} posts: failed")
    process.join()


def main() -> None:
    for how in ("bushy", "chain", "names"):
        measure("spread", spread, N, how)
    measure("review", reviewed, 20_000, "bushy")
    for how in ("bushy", "chain"):
        measure("review", reviewed, N, how)
    posts = real.read(SHARED / "ced_cascades" / "cascades.jsonl.gz").sort("key", "published_at", "post_id")
    cases = [frame.drop("key") for (_,), frame in posts.group_by("key", maintain_order=True)]
    through("spread", spread, cases)
    through("review", reviewed, cases if "--all" in sys.argv else cases[::20])


def through(name: str, job: Callable[[pl.DataFrame], object], cases: list[pl.DataFrame]) -> None:
    """A job on each real cascade: which failed, and how long it took."""
    failed, start, busy = 0, time.perf_counter(), time.process_time()
    for case in cases:
        try:
            job(case)
        except Exception as error:
            failed += 1
            print(f"  {case['post_id'][0]}: {type(error).__name__}: {error}")
    took = f"{time.perf_counter() - start:.0f} s (of processor {time.process_time() - busy:.0f})"
    print(f"{name:<10} of {len(cases):,} real cascades: {failed} failed, {took}", flush=True)
