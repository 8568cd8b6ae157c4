"""The plan of a story: from when its hours run, and which stories are of a kind at all."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import opinion_lab
from opinion_lab.collect import importer
from opinion_lab.lab import Lab

ZONE = ZoneInfo("Asia/Shanghai")
CALLS = ("孩子午饭后呕吐，怀疑食物中毒", "孩子午饭后腹泻住院，怀疑食物中毒", "孩子午饭后发烧呕吐，园方不给说法")
ROADS = ("小吃食品街路灯不亮，请修好路灯", "小吃食品街路灯不亮，路灯何时修好", "小吃食品街路灯又不亮了，请修好路灯")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Orders of one kindergarten, the first two weeks before the others, and of the lamps of a street."""
    root: Path = tmp_path_factory.mktemp("plans")
    (root / "lab.toml").write_text('organisation = "云溪县市场监督管理局"\n', encoding="utf-8")
    rows = [("G0", "2026-02-01 09:00", "反映小太阳幼儿园食堂食材过期，孩子午饭后腹泻")]
    rows += [(f"G{n}", f"2026-02-13 1{n}:00", f"反映小太阳幼儿园{said}") for n, said in enumerate(CALLS, 1)]
    rows += [(f"L{n}", f"2026-02-13 1{n}:30", said) for n, said in enumerate(ROADS, 1)]
    frame = pl.DataFrame(rows, schema=["工单编号", "来电时间", "诉求内容"], orient="row")
    frame.write_csv(root / "x.csv")
    made = opinion_lab.open(root)
    importer.import_files(made.store, [root / "x.csv"], "work-orders", now=datetime(2026, 2, 14, tzinfo=UTC))
    made.update(progress=False)
    return made


def test_hours_run_from_what_made_the_level(lab: Lab) -> None:
    """One caller of two weeks before asked nobody to come within two hours."""
    past = lab.review("小太阳幼儿园")
    assert past.posts.height == 4 and past.gravest["level"] == "Ⅲ", "the early order is of the story"
    food = lab.cases.plan_of(past).filter(of="food").drop_nulls("due")["due"]
    first = datetime(2026, 2, 13, 11, tzinfo=ZONE)
    assert food.len() and all(due == first + timedelta(hours=2) for due in food)
    noticed = lab.review("小太阳幼儿园", found_at="2026-02-13 12:00")
    later = lab.cases.plan_of(noticed).filter(of="food").drop_nulls("due")["due"]
    assert all(due == first + timedelta(hours=3) for due in later), "from when the bureau found it, where it said so"


def test_what_is_another_bodys_is_no_incident_of_a_kind(lab: Lab) -> None:
    past = lab.review("食品街")
    assert past.posts.height == 3 and past.lines["line_id"][0] == "L90"
    assert "food" not in set(lab.cases.plan_of(past)["of"])
