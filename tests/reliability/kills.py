"""Real SIGKILLs at any point of import, inbox, collect, prepare, report: the next run leaves what an unbroken one does.

`python -m tests.reliability.kills import 100`. The one that is killed has loaded the lab before its time begins, so
that a kill falls into the work and not into the loading of Python.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import opinion_lab.lab
from opinion_lab import config
from opinion_lab.cli import data
from opinion_lab.collect import collector, importer
from opinion_lab.report import run as reports
from opinion_lab.storage import files, store
from opinion_lab.storage.maintenance import integrity
from tests.collect.web import local_web

NOW = datetime(2026, 9, 12, tzinfo=UTC)
ROWS = 600
#: The hour of the local web, of which a visit sees all kinds of source: feeds, boards, JSON, pages, a sitemap, a forum.
TICK = 24
SHOPS = ("饭店", "超市", "加油站", "健身房", "药店", "食堂")
WHAT = ("吃出异物", "不退会员费", "缺斤短两", "卖过期食品", "乱收费", "态度恶劣")


def export(path: Path) -> None:
    """A month of posts."""
    lines = ["平台,编号,作者,正文,发布时间"]
    for n in range(ROWS):
        text = f"城关镇第{n % 97}家{SHOPS[n % 6]}{WHAT[n // 6 % 6]}，已投诉到市场监管局，第{n}件"
        lines.append(f"论坛,p{n},网友{n % 50},{text},2026-09-{1 + n % 10:02d} {n % 24:02d}:15")
    path.write_text("\n".join(lines), encoding="utf-8")


# --- the five steps ------------------------------------------------------------------------------------------


def import_(root: Path) -> None:
    importer.import_files(store.open(root), [root / "posts.csv"], "posts", now=NOW)


def inbox(root: Path) -> None:
    importer.take_inbox(store.open(root), now=NOW)


def collect(root: Path, at: datetime = NOW) -> None:
    collector.collect(store.open(root), now=at)


def prepare(root: Path) -> None:
    opinion_lab.lab.open(root).update(progress=False)


def report(root: Path) -> None:
    lab = store.open(root)
    reports.run("1-daily-brief", {}, store=lab, now=NOW, progress=False)


def collect_later(root: Path) -> None:
    """Two visits: what a kill left of the pages behind the listings may take both."""
    for hours in (2, 4):
        collect(root, NOW + timedelta(hours=hours))


def state(root: Path) -> str:
    """What a lab holds, as one hash: rows of every capture, posts and sightings; raises when anything does not hold."""
    lab = store.open(root)
    assert integrity.verify(lab) == [], integrity.verify(lab)
    strays = [p for place in (lab.raw, lab.local, lab.reports) for p in place.rglob(f"{files.WRITING}*")]
    assert not strays, strays
    captures = lab.captures()
    there = {p.name for p in (lab.raw / "bytes").rglob("*") if p.is_file()}
    assert there == {c[:64] for c in captures["capture"]}, "bytes and ledger differ"
    assert not [*(lab.root / importer.INBOX).glob("*")], "a file still lies in the inbox"
    digest = hashlib.sha256()
    for capture in sorted(captures["capture"]):
        digest.update(lab.items(capture).drop("collected_at").write_csv().encode())
    for frame in (lab.posts().drop("collected_at"), lab.sightings().drop("seen_at")):
        digest.update(frame.select(sorted(set(frame.columns) - {"counts"})).write_json().encode())
    assert lab.posts()["post_id"].n_unique() == lab.posts().height
    for page in lab.reports.glob("*/*-brief.html"):
        assert page.read_text("utf-8").rstrip().endswith("</html>") and page.with_suffix(".ipynb").exists()
    return digest.hexdigest()


STEPS: dict[str, Callable[[Path], object]] = {
    "import": import_, "inbox": inbox, "collect": collect, "prepare": prepare, "report": report,
}  # fmt: skip
AGAIN = {f"{name}-again": step for name, step in STEPS.items()} | {"collect-again": collect_later}
ALL = STEPS | AGAIN | {"state": state}

# --- processes and kills -------------------------------------------------------------------------------------


class Process:
    """A Python that has loaded the lab and waits for a step; killed in it, or asked for the next."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.reliability.kills", "serve"]
        self.python = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.loaded = False

    def load(self) -> None:
        """Wait until it has loaded the lab."""
        if not self.loaded:
            self._read()
            self.loaded = True

    def _read(self) -> str:
        assert self.python.stdout
        while not (line := self.python.stdout.readline()).startswith("done "):  # what the steps print
            assert line, "a process ended by itself"
        return line

    def ask(self, step: str, root: Path, kill_after: float | None = None) -> str:
        assert self.python.stdin
        self.load()
        self.python.stdin.write(f"{step} {root}\n")
        self.python.stdin.flush()
        if kill_after is None:
            return self._read()
        time.sleep(kill_after)
        self.python.kill()
        self.python.wait()
        return ""


def serve() -> None:
    """Do what is asked for on standard input."""
    print("done ", flush=True)
    for line in sys.stdin:
        step, root = line.split()
        found = ALL[step](Path(root))
        print(f"done {found or ''}", flush=True)


def made(root: Path, port: int, step: str, process: Process) -> None:
    """A lab as it is before a step."""
    toml = root.parent / "lab.toml"
    patient = local_web.settings(port, 1, bad=[]).replace("timeout_seconds = 8", "timeout_seconds = 120")
    toml.write_text(patient if step == "collect" else "", encoding="utf-8")
    data.new_lab(root, toml, ["1-daily-brief"])
    config.pseudonym_key(root, config.load(root))  # the same in every copy
    file = root / ("inbox/posts.csv" if step == "inbox" else "posts.csv")
    export(file)
    os.utime(file, (0, 0))  # what was written a moment ago is left for the next time
    for earlier in {"prepare": ["import"], "report": ["import", "prepare"]}.get(step, []):
        process.ask(earlier, root)


def tried(step: str, kills: int, seed: int = 0) -> dict[str, object]:
    """Kill a step so many times, each time from the same beginning; raises AssertionError where something was lost."""
    random_ = random.Random(seed)
    server = local_web.Site()
    server.tick = TICK
    lives, next_ = Process(), Process()
    with tempfile.TemporaryDirectory() as folder:
        before, whole, lab = (Path(folder) / name for name in ("before", "whole", "lab"))
        made(before, server.server_port, step, lives)
        shutil.copytree(before, whole)
        first = Process()
        first.load()
        begun = time.monotonic()
        first.ask(step, whole)
        seconds = time.monotonic() - begun
        first.python.kill()
        lives.ask(f"{step}-again", whole)
        right = lives.ask("state", whole)
        for n in range(kills):
            shutil.rmtree(lab, ignore_errors=True)
            shutil.copytree(before, lab)
            after = random_.uniform(0, seconds)
            victim, next_ = next_, Process()  # loads while this one is tried
            victim.ask(step, lab, kill_after=after)
            lives.ask(f"{step}-again", lab)
            left = lives.ask("state", lab)
            assert left == right, f"{step}, kill {n + 1} after {after:.3f} s: another state than of an unbroken run"
            if n % 10 == 9:
                print(f"{step}: {n + 1} kills", flush=True)
    for process in (lives, next_):
        process.python.kill()
    server.shutdown()
    return {"kills": kills, "seconds of the step": round(seconds, 1), "lost, doubled, strays": 0}


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else print(tried(sys.argv[1], int(sys.argv[2])))
