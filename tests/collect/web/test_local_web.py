"""All kinds of source at once, good and bad: each good item exactly once, the others told by their state."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from opinion_lab.collect import collector
from opinion_lab.prepare import posts
from opinion_lab.rules import Rules
from opinion_lab.storage import store
from opinion_lab.storage.maintenance import integrity
from tests.collect.web import local_web as web


def weeks(root: Path, good: int, ticks: range, catching_up: int = 0) -> dict[str, set[str]]:
    """Visit at each hour; then every item of the good sources must be there once. The states of the others, as met.

    A visit looks at so many threads again and no more, the longest unseen first: `catching_up` more visits, while
    nothing is added, see the rest.
    """
    site = web.Site()
    (root / "lab.toml").write_text(web.settings(site.server_port, good), encoding="utf-8")
    lab = store.open(root)
    states: dict[str, set[str]] = {name: set() for name in web.BAD}
    for hour in range(ticks.start, ticks.stop + catching_up * ticks.step, ticks.step):
        site.tick = min(hour, ticks[-1])
        done = collector.collect(lab, now=web.START + timedelta(hours=hour, minutes=30))
        for row in done.iter_rows(named=True):
            if row["source_id"] in states:
                states[row["source_id"]].add(f"{row['outcome']} {row['fault'] or ''}".strip())
            else:
                assert row["outcome"] in ("new", "unchanged"), row
    assert integrity.verify(lab) == []
    items = pl.concat(lab.items(c) for c in lab.captures()["capture"] if lab.has_items(c))
    rules, own = Rules(root).redaction, lab.settings
    built = posts.build(items, key=lab.key(), zone=own.zone, organisations=own.organisations, redaction_rules=rules)
    once(built.posts.unique("post_id"), built.sightings, good, ticks[-1])
    site.shutdown()
    for name, state in web.BAD.items():
        assert state in states[name] or not state, f"{name}: {states[name]}"
    return states


def once(found: pl.DataFrame, looks: pl.DataFrame, good: int, last: int) -> None:
    """Every item of the good sources is there once, with its replies and answers; boards keep their ranks."""
    for source in (f"{kind}-{n}" for kind in web.GOOD for n in range(good)):
        own = found.filter(pl.col("source_id") == source)
        titles = sorted(own.filter(pl.col("parent_id").is_null())["title"])
        assert titles == sorted(web.item(source, n)["title"] for n in range(last // web.EVERY + 1)), source
        said = own.filter(pl.col("kind") == "comment")["text"].to_list()
        assert sorted(said) == sorted(web.replies(source, last) if source.startswith("forum") else []), source
    answers = found.filter(pl.col("kind") == "statement")["text"].to_list()
    assert len(answers) == len(set(answers)) == good * (last // web.EVERY - 4)
    boards = found.filter(pl.col("kind") == "board_entry")
    looks = looks.join(boards.select("post_id"), on="post_id", how="semi")
    assert looks["rank"].max() == web.SHOWN and looks.height > boards.height


def test_a_day_and_a_half(tmp_path: Path) -> None:
    states = weeks(tmp_path, 1, range(20, 60, 38))
    assert states["changed"] == {"new", "changed shape_changed"}


#: The clock of a process that is told so: `now` is put forward by what stands in a file.
CLOCK = """
import ctypes, datetime, gc, os, pathlib
real, file = datetime.datetime.now, pathlib.Path(os.environ["CLOCK"])
def now(cls, tz=None):
    return real(tz) + datetime.timedelta(seconds=float(file.read_text()))
gc.get_referents(datetime.datetime.__dict__)[0]["now"] = classmethod(now)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
"""
SERVE = "from opinion_lab.operate import jobs; jobs.EVERY = 0.3; from opinion_lab import cli; cli.main()"
#: The clock goes forward by so many hours; a source of the first tier waits six at most, so what took longer is late.
STEP, LATE = 3, 9


@pytest.mark.soak
def test_a_week_served(tmp_path: Path) -> None:
    """`opinion-lab serve` under a clock that is driven: each item once, in time; the bad told by their state."""
    site, root, good = web.Site(), tmp_path / "lab", 3
    for folder in (root, tmp_path / "clock"):
        folder.mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(CLOCK)
    job = '[[job]]\nname = "collect"\ncron = "30 * * * *"\n'
    (root / "lab.toml").write_text(web.settings(site.server_port, good) + job, encoding="utf-8")
    lab, file = store.open(root), tmp_path / "offset"

    def put_forward(hour: float) -> None:
        ahead = (web.START + timedelta(hours=hour) - datetime.now(UTC)).total_seconds()
        file.with_suffix(".part").write_text(f"{ahead}")
        file.with_suffix(".part").replace(file)

    put_forward(20)
    env = os.environ | {"CLOCK": f"{file}", "PYTHONPATH": f"{tmp_path / 'clock'}"}
    server = subprocess.Popen([sys.executable, "-c", SERVE, "--lab", f"{root}", "serve"], env=env)
    try:
        _wait(lambda: lab.value("job/collect") is not None)
        hours = range(21, 168, STEP)
        for n, hour in enumerate(range(hours.start, hours.stop + 4 * STEP, STEP), 1):  # the last four only catch up
            site.tick = min(hour, hours[-1])
            put_forward(hour + 0.6)
            _wait(partial(_ended, lab, n))
    finally:
        server.terminate()
        assert server.wait(60) == 0
    assert set(lab.runs()["outcome"]) == {"done"} and integrity.verify(lab) == []
    once(lab.posts(), lab.sightings(), good, hours[-1])
    table(lab, good, hours)


def table(lab: store.Store, good: int, hours: range) -> None:
    """Print of each source what it gave, what was got and when, and its faults; they must be those that it has."""
    begins = web.START + timedelta(hours=hours[0])
    found = lab.posts().with_columns(lag=(pl.col("collected_at") - pl.col("published_at")).dt.total_minutes() / 60)
    first = found.filter(pl.col("parent_id").is_null() & (pl.col("kind") != "board_entry"))  # a board says no times
    visits = lab.visits().with_columns(fault=pl.col("note").str.extract(r"^(\S+)"))
    given = hours[-1] // web.EVERY + 1
    print("\nsource       visits given  got late  slowest hours  faults")
    for name in (*(f"{kind}-{n}" for kind in web.GOOD for n in range(good)), *web.BAD):
        got = found.filter(pl.col("parent_id").is_null(), source_id=name)["title"].n_unique()
        lag = first.filter(pl.col("published_at") > begins, source_id=name)["lag"]
        late, slowest = int((lag > LATE).sum()), max(lag, default=0.0)
        seen = visits.filter(source_id=name)
        faults = dict(seen["fault"].drop_nulls().value_counts(sort=True).iter_rows())
        wanted = "-" if name in web.BAD else f"{given}"
        print(f"{name:12} {seen.height:6} {wanted:>5} {got:4} {late:4}  {slowest:13.1f}  {faults or '-'}")
        state = web.BAD.get(name, "").rpartition(" ")[2]
        assert state in faults if state else name == "entities" or not faults, name
        assert late == 0, name


def _ended(lab: store.Store, n: int) -> bool:
    return lab.runs().filter(pl.col("ended").is_not_null()).height == n


def _wait(done: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.3)
