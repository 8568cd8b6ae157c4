"""`python -m tests.reliability [kills a step]` tries what docs/reliability.md promises and writes its figures there."""

from __future__ import annotations

import re
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.reliability import kills, web

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end -->)", re.DOTALL)


#: Kills of each step when all is tried.
KILLS = {"import": 60, "inbox": 30, "collect": 90, "prepare": 90, "report": 30}


def main(each: int = 0) -> None:
    """Every trial once (`each`: so many kills a step), two at a time; the page says of each how it went."""
    trials: dict[str, Callable[[], dict[str, object]]] = {"hostile web": web.tried}
    for step in reversed([*kills.STEPS]):
        trials[f"{step}, killed"] = partial(kills.tried, step, each or KILLS[step])
    rows = ["| tried | figures |", "|---|---|"]
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as two:
        done = {name: two.submit(trial) for name, trial in trials.items()}
        for name, trial in done.items():
            try:
                figures = "; ".join(f"{k} {v}" for k, v in trial.result().items())
            except AssertionError as error:
                figures = f"FAILED: {error}"
            print(f"{name}: {figures}", flush=True)
            rows.append(f"| {name} | {figures} |")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    clock, processor = (time.monotonic() - begun) / 60, (used.ru_utime + used.ru_stime) / 60
    minutes = f"by the clock {clock:.0f}; of the processor {processor:.0f}"
    print(f"minutes {minutes}")
    rows.append(f"| all, minutes | {minutes} |")
    text = PAGE.read_text("utf-8")
    PAGE.write_text(FIGURES.sub("\n".join(rows) + "\n", text), encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
