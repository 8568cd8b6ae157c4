"""What docs/reliability.md promises, in short form; `make soak` runs 300 kills and all 78 hostile sources."""

import pytest

from tests.reliability import kills, web
from tests.reliability.__main__ import KILLS

FEW = ("a00_good", "gzip_corrupt", "json_title_is_dict", "redirect_loopback", "s429_seconds", "zz_good")


def test_a_few_hostile_sources_hold_up_nobody() -> None:
    figures = web.tried(FEW)
    assert (figures["sources"], figures["read"]) == (len(FEW), 3)


@pytest.mark.parametrize("step", ["inbox"])
def test_a_kill_loses_nothing(step: str) -> None:
    kills.tried(step, 1, seed=1)


@pytest.mark.soak
def test_all_hostile_sources() -> None:
    figures = web.tried()
    assert figures["sources"] == 78
    assert int(str(figures["memory of all processes, MB"])) < 400


@pytest.mark.soak
@pytest.mark.parametrize(("step", "n"), [*KILLS.items()])
def test_three_hundred_kills(step: str, n: int) -> None:
    kills.tried(step, n)
