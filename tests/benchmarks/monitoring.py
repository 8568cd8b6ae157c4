"""How many visits the adaptive interval needs beside fixed ones, replayed on ten months of an hourly hot list.

The rule of `collect.visits` was chosen on the months before October and is judged on those from October on. Recall is
the share of all titles that some visit saw. "fixed" are whole hours and the half hours between (1, 2, 1, 2, ...), each
from every start, averaged; their curve is read at the rule's recall. "clairvoyant" takes, for as many visits, the hours
that add most titles, knowing all of them: no rule that looks back can do better than about that.
"""

from __future__ import annotations

import gzip
import heapq
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from opinion_lab.collect import visits
from opinion_lab.collect.visits import intervals
from tests.benchmarks.harness import SHARED

HOUR = timedelta(hours=1)
FIXED = (1, 1.5, 2, 2.5, 3, 4, 6, 8, 12, 24)
Snapshots = dict[datetime, frozenset[str]]


def snapshots(months: tuple[str, ...]) -> Snapshots:
    """Titles by hour (called UTC here; the hours of the day are the list's own)."""
    seen: dict[datetime, set[str]] = {}
    for path in sorted((SHARED / "weibo_hot_hourly").glob("*.jsonl.gz")):
        if path.name[:7] in months:
            for row in map(json.loads, gzip.decompress(path.read_bytes()).splitlines()):
                at = datetime.strptime(f"{row['day']} {row['hour']}", "%Y-%m-%d %H").replace(tzinfo=UTC)
                seen.setdefault(at, set()).add(row["title"])
    return {at: frozenset(seen[at]) for at in sorted(seen)}


def recall(shots: Snapshots, at: list[datetime]) -> float:
    return len(frozenset().union(*(shots[t] for t in at))) / len(frozenset().union(*shots.values()))


def adaptive(shots: Snapshots) -> list[datetime]:
    """The hours at which `interval` visits."""
    rows: list[dict[str, object]] = []
    due, before = min(shots), None
    for at, titles in shots.items():
        if at < due:
            continue
        shared = None if before is None else len(titles & before)
        rows.append({"at": at, "status": "new", "kept": len(titles), "shared": shared, "note": ""})
        past = pl.DataFrame(rows[-700:], schema_overrides={"at": pl.Datetime("us", "UTC"), "shared": pl.Int64})
        # the list is there on the hour: the one nearest to when the source is due
        due = at + max(HOUR, intervals._interval(past, visits.BOUNDS["A"])) - HOUR / 2
        before = titles
    return [row["at"] for row in rows]  # type: ignore[misc]


def fixed(shots: Snapshots, every: float) -> tuple[float, float]:
    """Visits and recall at a fixed interval of so many hours, averaged over its starts."""
    first = min(shots)
    last = int((max(shots) - first) / HOUR)
    done = []
    for start in range(math.ceil(every)):
        wanted = {first + int(start + n * every) * HOUR for n in range(int(last / every) + 1)}
        at = [t for t in shots if t in wanted]
        done.append((len(at), recall(shots, at)))
    n, share = np.mean(done, axis=0)
    return float(n), float(share)


def clairvoyant(shots: Snapshots, n: int) -> float:
    """The recall of the n hours that greedily add most titles."""
    seen: set[str] = set()
    heap = [(-len(titles), at) for at, titles in shots.items()]
    heapq.heapify(heap)
    chosen = 0
    while heap and chosen < n:
        _, at = heapq.heappop(heap)
        adds = len(shots[at] - seen)
        if heap and adds < -heap[0][0]:
            heapq.heappush(heap, (-adds, at))
            continue
        seen |= shots[at]
        chosen += 1
    return len(seen) / len(frozenset().union(*shots.values()))


def compare(shots: Snapshots, rule: Callable[[Snapshots], list[datetime]] = adaptive) -> dict[str, float]:
    """Visits and recall of the rule, and how many fewer visits than fixed ones at the same recall."""
    at = rule(shots)
    ours = recall(shots, at)
    curve = sorted(fixed(shots, every) for every in FIXED)
    same = float(np.interp(ours, [r for _, r in curve], [n for n, _ in curve]))
    whole = min(n for n, r in (fixed(shots, every) for every in (1, 2, 3, 4, 6)) if r >= ours)
    return {
        "visits": len(at),
        "recall": ours,
        "fixed": same,
        "fewer": 1 - len(at) / same,
        "fewer_than_whole_hours": 1 - len(at) / whole,
        "clairvoyant": clairvoyant(shots, len(at)),
    }


MONTHS = {
    "chosen on": ("2024-05", "2024-06", "2024-07", "2024-08", "2024-09"),
    "judged on": ("2024-10", "2024-11", "2024-12", "2025-01", "2025-02"),
}


def main() -> None:
    for which, months in MONTHS.items():
        shots = snapshots(months)
        print(f"{which} {months[0]} to {months[-1]}: {len(shots):,} hours")
        for every in FIXED:
            n, share = fixed(shots, every)
            print(f"  fixed {every:>4} h        {n:>6,.0f} visits  recall {share:.3f}")
        done = compare(shots)
        print(f"  adaptive           {done['visits']:>6,.0f} visits  recall {done['recall']:.3f}")
        print(f"  fixed, same recall {done['fixed']:>6,.0f} visits: {done['fewer']:.1%} fewer", end="; ")
        print(f"than the best whole hour {done['fewer_than_whole_hours']:.1%} fewer")
        print(f"  clairvoyant        {done['visits']:>6,.0f} visits  recall {done['clairvoyant']:.3f}", flush=True)


if __name__ == "__main__":
    main()
