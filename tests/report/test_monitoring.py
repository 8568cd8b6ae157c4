"""What `status` says of sources: every state, tier and hole has its sentence, silence of a top source comes first."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab.collect import visits
from opinion_lab.collect.visits.states import HOLE, STATE
from opinion_lab.facts import fact
from opinion_lab.report.wording import monitoring

NOW, ZONE = datetime(2026, 9, 9, 8, tzinfo=UTC), ZoneInfo("Asia/Shanghai")
FAULT = {"fault": "status", "detail": "403"}
SINCE = NOW - timedelta(hours=30)


def states(*given: tuple[str, str]) -> pl.DataFrame:
    rows = [
        {"source_id": s, "state": state, "since": SINCE, "items": 3, "moved_to": "http://y/", **FAULT}
        for s, state in given
    ]
    return pl.DataFrame(rows, schema=STATE)


@pytest.mark.parametrize("state", visits.STATES)
def test_every_state_has_its_sentence(state: str) -> None:
    counted, *rest = monitoring.lines(states(("甲", state)), pl.DataFrame(schema=HOLE), NOW, ZONE)
    assert "来源 1 个" in counted and len(rest) == (state != "alive")
    assert all(line.strip().startswith("甲：") and "None" not in line for line in rest)


def test_silence_of_a_top_source_is_no_safety() -> None:
    found = states(("甲", "silent"), ("乙", "alive"), ("丙", "failing"))
    assert "甲" in monitoring.banner(found, {"甲": "A", "乙": "A", "丙": "C"})
    assert monitoring.banner(found, {"甲": "B", "乙": "A", "丙": "C"}) == ""


def test_holes_and_tiers_in_words() -> None:
    rows = [{"source_id": "甲", "start": SINCE, "end": NOW, "why": why} for why in ("nothing_shared", "failing")]
    said = [*monitoring.lines(states(("甲", "alive")), pl.DataFrame(rows, schema=HOLE), NOW, ZONE)]
    assert said[1] == "可能漏采的时段 2 处：" and "9月8日 10:00" in said[2] and "9月9日 16:00" in said[2]
    reasons = {"乙": fact("pinned", level="C"), "甲": fact("relevant_posts", level="A", value=3.26, threshold=1)}
    said = [*monitoring.reasons(reasons)]
    assert said == [("甲", "A级，每天约3.3条与本局有关的帖文（满1条）"), ("乙", "C级，人工指定")]


@pytest.mark.parametrize(("families", "said"), [(("微博",), "（微博）"), ((), "还没有满三条的网上的事件")])
def test_why_nothing_is_estimated_names_what_there_is(families: tuple[str, ...], said: str) -> None:
    """A bureau that has imported work orders alone reads no empty bracket."""
    line = monitoring.missed({"method": "one_family", "families": families})
    assert said in line and "（）" not in line
