"""Every source of the catalogue: its settings are sound, and its parser reads an invented answer in its shape."""

import re
from pathlib import Path

import pytest

from opinion_lab.collect import reading
from opinion_lab.collect.parsers import bodies, entries
from opinion_lab.rules import Rules
from opinion_lab.source import Known

FOLDER = Path(__file__).parents[1] / "fixtures" / "sources"
KNOWN = {known.id: known for known in Rules().sources.known}


def read(known: Known, body: bytes) -> list[entries.Entry]:
    reader, options = reading.reader(known.source, reading.LISTING, None)
    found: list[entries.Entry] = reader(body, url=known.source.url, **options)
    wanted = [e for e in found if not e.get("more") and re.search(known.source.match, e["url"] or "")]
    return entries.dated(wanted, known.source.url)


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_an_answer_in_its_shape_is_read(known: Known) -> None:
    (file,) = FOLDER.glob(f"{known.id}.*")
    first, second = [e for e in read(known, file.read_bytes()) if e.get("kind") != "statement"][:2]
    assert "甲" in first["title"] and "乙" in second["title"]
    for entry in (first, second):
        assert entry["url"] or entry["native_id"]
        assert not entry["time"] or entry["published_at"], entry["time"]
    assert first["url"] != second["url"] or first["native_id"] != second["native_id"]
    if known.source.kind == "board" or known.source.fields.get("rank"):
        assert (first["rank"], second["rank"]) == ("1", "2")


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_another_shape_gives_nothing_in_silence(known: Known) -> None:
    """What comes after a redesign is told, or gives no entries: never half of them."""
    for body in (b"<html><body><p>redesigned</p></body></html>", b'{"message": "moved"}'):
        try:
            assert read(known, body) == []
        except bodies.Unreadable as error:
            assert error.code in reading.SHAPELESS


def test_the_catalogue_is_complete() -> None:
    assert len(KNOWN) >= 30
    assert {file.stem for file in FOLDER.iterdir()} == set(KNOWN)
    catalogue = Rules().sources
    assert len(catalogue.venue) == 12 and all(c.instead for c in catalogue.closed)
