"""A web of 78 hostile sources (tests/fixtures/hostile_sources.txt) on loopback, and one real `collect` over it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

import polars as pl
import psutil

from opinion_lab.storage import store
from opinion_lab.storage.maintenance import integrity

FIXTURES = Path(__file__).parents[1] / "fixtures"
#: Where the ports of its sources may begin: below those that the system hands out, which others get meanwhile.
RANGES = range(20_001, 31_000, 1_000)
#: What the processes of a run may take, what they share counted with each.
MEMORY = 400_000_000
#: What can be read must be read, with so many items.
GOOD = {"a00_good": 5, "zz_good": 7, "robots_403": 5, "utf16_feed": 1, "wrong_charset": 1, "no_guid_no_link": 20}
GOOD |= {"dup_guids": 20, "json_title_is_dict": 2, "json_url_is_int": 1, "media_author_names": 1, "relative_links": 4}
SOURCE = """[[source]]
id = "{id}"
kind = "feed"
url = "{scheme}://127.0.0.1:{port}/feed"
platform = "新闻网站"
tier = "A"
allow_private = true
"""


def tried(names: Collection[str] = (), *, timeout: float = 20.0) -> dict[str, object]:
    """Visit all sources (or those named); raises AssertionError where one was lost, or reached what it must not."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        server = _served(here)
        try:
            ports = json.loads((here / "hostile.json").read_text())
            wanted = [name for name in ports if not names or name in names]
            sources = [
                SOURCE.format(id=n, port=ports[n], scheme="https" if n.startswith("tls") else "http") for n in wanted
            ]
            manners = f"[collect]\nseconds_between = 0.2\ntimeout_seconds = {timeout}\n"
            (here / "lab.toml").write_text(manners + "".join(sources), encoding="utf-8")
            figures = _collected(here)
        finally:
            server.kill()
        lab = store.open(here)
        captures = lab.captures().filter(pl.col("rows_in") > 0)
        kept = dict(captures.select("source_id", "rows_kept").iter_rows())
        for name, items in GOOD.items():
            assert name not in wanted or kept.get(name) == items, f"{name}: {kept.get(name)} of {items} items"
        assert set(lab.visits()["source_id"]) == set(wanted), "a source without an outcome"
        assert not (here / "inner_hits.log").read_text(), "what lies inside was reached"
        assert integrity.verify(lab) == []
    return {"sources": len(wanted), "read": len(kept), **figures}


def _served(folder: Path) -> subprocess.Popen[bytes]:
    """The hostile web, on the first ports of which none is taken."""
    text = (FIXTURES / "hostile_sources.txt").read_text("utf-8")
    shutil.copy(FIXTURES / "twice.gz", folder)
    for base in random.sample(RANGES, len(RANGES)):  # two runs at once shall not try the same ones in turn
        moved = text.replace("20001+i", f"{base}+i").replace("20999", str(base + 998))
        (folder / "web.py").write_text(moved, encoding="utf-8")
        server = subprocess.Popen([sys.executable, "web.py"], cwd=folder, stdout=subprocess.PIPE)
        assert server.stdout
        if server.stdout.readline().startswith(b"serving"):
            return server
        server.kill()
        server.wait()
    raise AssertionError("no ports are free")


def _collected(root: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "opinion_lab.cli", "--lab", str(root), "collect"]
    begun = time.monotonic()
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ, text=True)
    most, given = 0, 0
    with (root / "out.txt").open("w") as out:
        process = psutil.Process(run.pid)
        while run.poll() is None:
            try:
                family = [process, *process.children(recursive=True)]
                most = max(most, sum(p.memory_info().rss for p in family))
                given = max(given, sum(getattr(p.memory_full_info(), "pss", 0) for p in family))
            except psutil.Error:
                pass
            time.sleep(0.1)
        out.write(run.stdout.read() if run.stdout else "")
    said = (root / "out.txt").read_text("utf-8")
    assert "Traceback" not in said, said[-3000:]
    assert most <= MEMORY, f"{most // 1_000_000} MB"
    figures = {"memory of all processes, MB": most, "of that the machine's own (PSS), MB": given}
    return {"seconds": round(time.monotonic() - begun), **{k: n // 1_000_000 for k, n in figures.items()}}


if __name__ == "__main__":
    print(tried(sys.argv[1:]))
