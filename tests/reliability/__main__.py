"""`python -m tests.reliability [kills a step]` tries what docs/reliability.md promises and writes its figures there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.reliability import kills, web

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end -->)", re.DOTALL)


def main(each: int) -> None:
    """Every trial once; the page is written when all of them held."""
    rows = ["| tried | figures |", "|---|---|"]
    trials = {f"{step}, killed": (lambda step=step: kills.tried(step, each)) for step in kills.STEPS}
    for name, trial in ({"hostile web": web.tried} | trials).items():
        figures = "; ".join(f"{k} {v}" for k, v in trial().items())
        print(f"{name}: {figures}", flush=True)
        rows.append(f"| {name} | {figures} |")
    text = PAGE.read_text("utf-8")
    PAGE.write_text(FIGURES.sub("\n".join(rows) + "\n", text), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
