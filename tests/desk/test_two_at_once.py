"""Two people at the commands at once, one of whom is cut off: all that was said to be written down is there."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import opinion_lab
from opinion_lab.storage import store
from opinion_lab.storage.journal import cases
from tests.conftest import ROOT

#: A clerk who registers cases and hands them over, by the commands, until stopped.
CLERK = """
import sys
from opinion_lab import cli
root, who, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
def run(*words):
    try:
        cli.main(["--lab", root, "case", *words, "--by", who])
    except SystemExit as left:
        assert left.code in (0, None), words
    sys.stdout.flush()
for i in range(n):
    run("new", f"{who}第{i}件")
    run("note", "1", "--why", f"{who}第{i}次看过")
"""


def clerk(root: Path, who: str, n: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CLERK, str(root), who, f"{n}"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_nothing_that_was_said_is_lost_and_every_line_has_an_office_and_a_time(lab: store.Store) -> None:
    number = opinion_lab.open(lab.root).cases.new("第一件", who="值班员")
    assert number.endswith("-0001")
    stays, goes = clerk(lab.root, "值班员", 6), clerk(lab.root, "办公室", 10**6)
    said = [next(iter(goes.stdout or [])) for _ in range(5)]
    os.killpg(goes.pid, signal.SIGKILL)
    said += (goes.communicate()[0] + stays.communicate()[0]).splitlines()
    assert stays.returncode == 0 and cases.sound(lab.root)

    desk = opinion_lab.open(lab.root).cases
    registered = re.findall(r"已登记 (\d{4}-\d{4})", "\n".join(said))
    there = desk.all()
    assert len(registered) == len(set(registered)) >= 6 + 2
    assert set(registered) <= set(there["case_id"])
    assert [int(name[-4:]) for name in there["case_id"]] == list(range(1, there.height + 1)), "no number is left out"
    history = desk.history()
    assert history["line"].to_list() == list(range(1, history.height + 1))
    assert set(history["who"]) == {"值班员", "办公室"} and history["at"].null_count() == 0
    notes = history.filter(history["event"] == "note")
    assert notes.filter(notes["who"] == "值班员").height == 6
