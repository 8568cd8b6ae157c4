"""What the READMEs tell people to type: it exists, it is written as the command wants it, and the first day runs."""

import os
import re
import shlex
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from opinion_lab import cli
from opinion_lab.collect import importer
from opinion_lab.storage import store
from tests.conftest import Installed

ROOT = Path(__file__).parents[1]
READMES = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]


def blocks(text: str, kind: str = "") -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.M | re.S)


def commands(text: str) -> set[str]:
    """Every `opinion-lab ...` and `make ...` of a README, in a block or in a line of text."""
    lines = [line.split("  #")[0] for block in blocks(text) for line in block.splitlines()]
    spans = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S).replace("\n", " "))
    parts = [part.strip() for line in lines + spans for part in line.split("&&")]
    parts = [re.sub(r"^\S*\\(?=opinion-lab )", "", part) for part in parts]
    return {part for part in parts if re.match(r"(opinion-lab|make) \S", part)}


ALL = sorted(set().union(*map(commands, READMES)))


def test_there_are_commands() -> None:
    assert len(ALL) > 30 and "make test" in ALL and "opinion-lab init ~/my-bureau" in ALL


@pytest.mark.parametrize("command", [c for c in ALL if c.startswith("make ")])
def test_every_target_is_in_the_makefile(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{command.split()[1]}:.*##", makefile, re.M)


@pytest.mark.parametrize("command", [c for c in ALL if c.startswith("opinion-lab ")])
def test_every_command_is_one(command: str) -> None:
    """Options and arguments are what the command takes; a bare name (`opinion-lab import`) is a name in the text."""
    words = shlex.split(command)[1:]
    if words[0] == "--lab":
        words = words[2:]
    found: click.Command = cli.group
    while isinstance(found, click.Group):
        name, *words = words
        command_of = found.commands.get(name)
        assert command_of is not None and command_of.help, f"no command {name}"
        found = command_of
        if not words:
            return
    found.make_context(name, words)


def test_every_command_is_in_both_readmes() -> None:
    for name, command in cli.group.commands.items():
        assert command.help, name
        assert all(f"opinion-lab {name}" in text for text in READMES), name


def test_the_first_day_runs_as_it_is_written(installed: Installed, tmp_path: Path) -> None:
    """The block of five lines, in a shell, at a home that holds nothing but the downloaded work orders."""
    block = next(b for b in blocks(READMES[0]) if "opinion-lab init" in b)
    script = re.sub(r"^nano .*$", ": an editor, with which nothing is done", block, flags=re.M)
    (tmp_path / "Downloads").mkdir()
    rows = [f"{n},2026-09-08 1{n}:20,菜市场电子秤不准，要求查处" for n in range(1, 6)]
    text = "\n".join(["工单编号,受理时间,诉求内容", *rows])
    (tmp_path / "Downloads" / "12345.csv").write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(installed.command.parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-ec", script.replace(".xlsx", ".csv")],
        cwd=tmp_path,
        env={**installed.environment, "HOME": str(tmp_path), "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lab = tmp_path / "my-bureau"
    assert {p.name for p in lab.iterdir() if p.is_dir()} == {
        "notebooks",
        "rules",
        "mappings",
        "inbox",
        "data",
        "reports",
    }
    assert store.open(lab).posts().height == 5
    assert len(list((lab / "reports").glob("*/1-daily-brief*.html"))) == 1


@pytest.mark.parametrize("text", READMES, ids=["en", "zh"])
def test_the_mapping_of_ten_lines_reads_a_file(text: str, lab: store.Store) -> None:
    block = next(b for b in blocks(text, "toml") if "[item.columns]" in b)
    assert tomllib.loads(block)
    (lab.root / "mappings").mkdir()
    (lab.root / "mappings" / "letters.toml").write_text(block, encoding="utf-8")
    letters = lab.root / "letters.csv"
    letters.write_text("编号,写信时间,信件内容\n1,2026-09-08 12:20,电子秤不准\n", encoding="utf-8")
    done = importer.import_files(lab, [letters], "letters", now=datetime(2026, 9, 9, tzinfo=UTC))
    assert done["kept"].to_list() == [1]
    letters.write_text("编号,信件内容\n2,电子秤不准\n", encoding="utf-8")
    with pytest.raises(Exception, match="写信时间"):
        importer.import_files(lab, [letters], "letters", now=datetime(2026, 9, 9, tzinfo=UTC))
    assert lab.captures().height == 1, "what is refused is not stored"
