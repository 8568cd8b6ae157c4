"""All kinds of source at once, good and bad: each good item exactly once, the others told by their state."""

from datetime import timedelta
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
    rules = Rules(root).redaction
    own = lab.settings
    built = posts.build(items, key=lab.key(), zone=own.zone, organisations=own.organisations, redaction_rules=rules)
    found = built.posts
    for source in (f"{kind}-{n}" for kind in web.GOOD for n in range(good)):
        own = found.filter(pl.col("source_id") == source)
        titles = sorted(own.filter(pl.col("parent_id").is_null())["title"])
        assert titles == sorted(web.item(source, n)["title"] for n in range(ticks[-1] // web.EVERY + 1)), source
        said = own.filter(pl.col("kind") == "comment")["text"].to_list()
        due = web.replies(source, ticks[-1]) if source.startswith("forum") else []
        assert sorted(said) == sorted(due), source
    answers = found.filter(pl.col("kind") == "statement")["text"].to_list()
    assert len(answers) == len(set(answers)) == good * (ticks[-1] // web.EVERY - 4)
    boards = found.filter(pl.col("kind") == "board_entry")
    looks = built.sightings.join(boards.select("post_id"), on="post_id", how="semi")
    assert looks["rank"].max() == web.SHOWN and looks.height > boards.height
    site.shutdown()
    for name, state in web.BAD.items():
        assert state in states[name] or not state, f"{name}: {states[name]}"
    return states


def test_a_day_and_a_half(tmp_path: Path) -> None:
    states = weeks(tmp_path, 1, range(20, 60, 38))
    assert states["changed"] == {"new", "changed shape_changed"}


@pytest.mark.soak
def test_a_week(tmp_path: Path) -> None:
    weeks(tmp_path, 3, range(20, 168, 3), catching_up=2)
