"""`make bench`: all benchmarks, or those named (`python -m tests.benchmarks words copies`).

Each room of this folder with a `main()` is one benchmark. Peers come from `peers.txt`.
"""

import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOMS = sorted(p.stem for p in Path(__file__).parent.glob("[a-z]*.py") if "\ndef main()" in p.read_text("utf-8"))


def main(names: list[str]) -> None:
    if unknown := set(names) - set(ROOMS):
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(ROOMS)}")
    for name in names or ROOMS:
        print(f"== {name} {datetime.now(UTC):%Y-%m-%d}", flush=True)
        importlib.import_module(f"tests.benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
