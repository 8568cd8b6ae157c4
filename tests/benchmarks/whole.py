"""The whole of prepare: ours on a million posts, the plain script (plain_prepare) on a share, two processes to both.

`python -m tests.benchmarks.whole [POSTS] [PLAIN] [DAYS]`: how many posts each is given (a million, ten thousand), over
how many days. The plain script's cost per post does not fall with more posts, so a share stands for the whole; give
both a million to see. Besides: a second run with nothing new, and one day more, beside that day alone. Times are of
whole processes.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opinion_lab.collect import importer
from opinion_lab.storage import store
from tests.benchmarks import million

LAB = Path(__file__).parents[2] / "lab.toml"


@dataclass
class Cost:
    """Seconds by the clock and of processor, and the largest process in GB."""

    clock: float
    processor: float
    gigabytes: float

    def __str__(self) -> str:
        return f"{self.clock:8.1f} s {self.processor:8.1f} s of processor"


def cost(*command: object) -> Cost:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(took, processor, after.ru_maxrss / 1e6)


def prepare(root: Path) -> Cost:
    return cost("-m", "opinion_lab.cli", "--lab", root, "prepare")


def lab(root: Path, paths: list[Path]) -> Path:
    root.mkdir(exist_ok=True)
    shutil.copy(LAB, root)
    importer.import_files(store.open(root), paths, "posts", now=datetime.now(UTC))
    return root


def measure(n: int = 1_000_000, n_plain: int = 10_000, days: int = million.DAYS) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        year = lab(root / "year", million.write(root / "in", n, days=days))
        per_day = n // days
        last = million.FIRST_DAY + timedelta(days=days)
        day = million.write(root / "day", per_day, files=1, seed=1, first_day=last, days=1)
        print(f"whole of prepare: {n:,} posts of {days} days, {datetime.now(UTC):%H:%M}", flush=True)
        ours = prepare(year)
        print(f"  ours   {n:>9,} posts {ours}, largest process {ours.gigabytes:.2f} GB", flush=True)
        plain = cost("-m", "tests.benchmarks.plain_prepare", year, root / "plain", n_plain)
        start = cost("-m", "tests.benchmarks.plain_prepare", year, root / "plain", 10)
        print(f"  plain  {n_plain:>9,} posts {plain}   of which to start {start}", flush=True)
        for what in ("clock", "processor"):
            each = (getattr(plain, what) - getattr(start, what)) / (n_plain - 10)
            print(f"  ratio by {what}: {each * n / getattr(ours, what):.1f} x (target 12)", flush=True)
        print(f"  nothing new      {prepare(year)} (target 3 s)", flush=True)
        alone = [prepare(lab(root / f"alone{i}", day)) for i in range(3)]
        lab(year, day)
        more = prepare(year)
        print(f"  a day alone      {sorted(alone, key=lambda c: c.clock)[1]} ({per_day:,} posts)")
        print(f"  a day to a year  {more}")
        for what in ("clock", "processor"):
            least = sorted(getattr(c, what) for c in alone)[1]
            print(f"  ratio by {what}: {getattr(more, what) / least:.2f} x (target 1.3)")


def main() -> None:
    measure()


if __name__ == "__main__":
    measure(*map(int, sys.argv[1:]))
