"""What strangers wrote is read in a process of its own: bounded, killed when it oversteps, started anew."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from opinion_lab.collect.parsers import feeds
from opinion_lab.collect.web.child import LONGEST
from opinion_lab.collect.web.faults import Fault
from opinion_lab.collect.web.worker import LANES, Workers

ITEM = "<item><title>{}</title><description>{}</description></item>"
FEED = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title>{}</channel></rss>'


def feed(title: str, text: str) -> bytes:
    return FEED.format(ITEM.format(title, text)).encode()


def at(folder: Path, body: bytes) -> Path:
    (folder / "body").write_bytes(body)
    return folder / "body"


GOOD = feed("食堂", "正文")


def test_what_takes_too_long_is_given_up_and_the_next_is_read(tmp_path: Path) -> None:
    quadratic = feed("t", "&lt;!--" * 150_000)
    with closing(Workers(share=0.03)) as workers:
        with pytest.raises(Fault) as error:
            workers.ask_here("entries", at(tmp_path, quadratic), feeds.read, None, "", {})
        assert error.value.code == "parse_limit"
        assert workers.ask_here("entries", at(tmp_path, GOOD), feeds.read, None, "", {})[0]["title"] == "食堂"


def test_what_takes_too_much_memory_is_given_up(tmp_path: Path) -> None:
    many = FEED.format("<item><title>a & b <c</title><x" * 200_000).encode()
    with closing(Workers(memory=90_000_000)) as workers:
        with pytest.raises(Fault) as error:
            workers.ask_here("entries", at(tmp_path, many), feeds.read, None, "", {})
        assert error.value.code == "parse_limit"


def test_a_child_that_dies_is_that_sources_outcome(tmp_path: Path) -> None:
    with closing(Workers()) as workers:
        assert workers.ask_here("entries", at(tmp_path, GOOD), feeds.read, None, "", {})
        child = workers.lanes[1].process
        assert child is not None
        Timer(0.2, lambda: os.kill(child.pid, signal.SIGKILL)).start()
        with pytest.raises(Fault) as error:
            workers.ask_here("entries", at(tmp_path, feed("t", "&lt;!--" * 130_000)), feeds.read, None, "", {})
        assert error.value.code == "parse_crash"
        assert workers.ask_here("entries", at(tmp_path, GOOD), feeds.read, None, "", {})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html><body>404</body></html>", "not_a_feed"),
        (b"", "not_a_feed"),
        (b'{"items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not_a_feed"),
        (b"\x1f\x8b\x08 and no more", "not_a_feed"),
    ],
)
def test_the_outcome_of_what_is_no_feed(tmp_path: Path, body: bytes, code: str) -> None:
    async def ask() -> None:
        await workers.ask("entries", at(tmp_path, body), feeds.read, None, "", {})

    with closing(Workers()) as workers, pytest.raises(Fault) as error:
        asyncio.run(ask())
    assert error.value.code == code


def test_an_entry_of_a_text_without_end_goes_on_cut_and_the_next_whole(tmp_path: Path) -> None:
    items = (
        ITEM.format("长", "字" * (LONGEST + 9)) + ITEM.format("题" * (LONGEST + 9), "正文") + ITEM.format("短", "正文")
    )
    long = FEED.format(items).encode()
    with closing(Workers()) as workers:
        found = workers.ask_here("entries", at(tmp_path, long), feeds.read, None, "", {})
    assert [(len(entry["title"]), len(entry["text"])) for entry in found] == [(1, LONGEST), (LONGEST, 2), (1, 2)]
    assert (tmp_path / "body").read_bytes() == long


@pytest.mark.parametrize(("needed", "_"), LANES[:-1])
def test_a_child_that_reads_lists_is_light(needed: str, _: int) -> None:
    code = f"import sys, {needed}, opinion_lab.collect.web.child; print(*{{m.partition('.')[0] for m in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "opinion_lab" in loaded
    assert not {"polars", "pydantic", "numpy", "lxml", "httpx", "asyncio"} & {*loaded}
