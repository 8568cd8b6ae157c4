"""Whatever stands in a table: it is read, or refused in words; nothing else ever comes out."""

import random
from pathlib import Path

import pytest

from opinion_lab.config import LabError
from opinion_lab.rules import SHIPPED, TABLES, Rules
from opinion_lab.rules.catalogue import LEXICON

JUNK = (
    "[rule]\n",
    "rule = 3\n",
    "rule = [3]\n",
    "rule = [[]]\n",
    "rule = [{}]\nnames = []\n",
    "names = {compound_surnames = 3}\nrule = []\n",
    "names = {}\nrule = [{pattern = 3}]\n",
    "names = {surnames = 'a'}\nparts = {a = [1]}\nrule = [1, {near = '<<a>>'}]\n",
    "x = 99999999999999999999999\n",
    "view = [{key = nan}]\n",
    "peak = [{name = 1979-05-27T07:32:00Z}]\n",
    "\t\n",
    "line_id\n\t\t\n",
    "\0",
)


def broken(text: str, rnd: random.Random) -> str:
    """The text with one to three lines lost, doubled, cut, or without a sign."""
    lines = text.splitlines(keepends=True)
    for _ in range(rnd.randint(1, 3)):
        i = rnd.randrange(len(lines))
        line = lines[i]
        lines[i] = rnd.choice(
            [
                "",
                line.replace("=", "= =", 1),
                line.replace('"', "", 1),
                line.replace("\t", " ", 1),
                line.replace("= ", "= [{a = 1}, ", 1),
                line[: rnd.randrange(len(line) + 1)] + "\n",
                line + lines[rnd.randrange(len(lines))],
            ]
        )
    return "".join(lines)


@pytest.mark.parametrize("name", TABLES)
def test_a_broken_table_is_read_or_refused_in_words(tmp_path: Path, name: str) -> None:
    rnd, path = random.Random(name), tmp_path / "rules" / TABLES[name].name
    path.parent.mkdir()
    refused = 0
    for text in (*JUNK, *(broken(SHIPPED.text(name), rnd) for _ in range(40))):
        path.write_text(text, encoding="utf-8")
        rules = Rules(tmp_path)
        try:
            getattr(rules, "lexicon" if name in LEXICON else name)
        except LabError as error:
            refused += 1
            assert TABLES[name].name in str(error) and "Error" not in str(error), text
        assert rules.names().height == len(TABLES)
    assert refused > 0
