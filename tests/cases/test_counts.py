"""Plans, conduct, satisfaction and time: what is counted, and what is not said of few."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import pytest

from opinion_lab.cases import conduct, plans, satisfaction, states, terms, workload
from opinion_lab.report.wording import cases as wording
from opinion_lab.rules import SHIPPED
from opinion_lab.storage.journal.cases import EVENT
from tests import make

START = datetime(2026, 9, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("打市监局电话一直没人接", {"CL04"}),
        ("跑了三趟监管所，又要开证明", {"CL05"}),
        ("刚举报完老板就来电话，肯定是执法人员泄露举报信息", {"CL13"}),
        ("工商所的人跟老板通风报信，检查前就藏起来了", {"CL15"}),
        ("店员翻白眼，态度差", set()),  # of a shop, not of the bureau
        ("店员态度很差。我要打12315投诉", set()),  # the bureau stands in another sentence
        ("城管乱罚款", set()),
        ("12315回复很快，点赞", set()),
    ],
)
def test_conduct_is_counted_where_a_sentence_speaks_of_the_bureau(text: str, categories: set[str]) -> None:
    assert set(conduct.count(make.posts([{"text": text}]), SHIPPED.conduct)["category"]) == categories


def test_conduct_counts_posts_and_names_nobody() -> None:
    posts = make.posts([{"text": "市监局没人接电话，推诿"}, {"text": "市监局没人接", "kind": "complaint"}])
    found = conduct.count(posts, SHIPPED.conduct)
    assert found.columns == ["category", "name", "to", "n", "orders"]
    assert found.row(0) == ("CL04", "人难找", "办公室", 2, 1)


def ordered(satisfied: list[str | None], lead: str = "食品科") -> pl.DataFrame:
    """Cases of one section, closed, with what the caller said."""
    lines = []
    for n, said in enumerate(satisfied):
        case = f"2026-{n:04d}"
        for event, details in (
            ("register", {"title": "一件", "kind": "order_12345", "origin": "order"}),
            ("order", {"state": "closed", "lead": lead, "closed_at": START.isoformat(), "satisfied": said}),
        ):
            lines.append((len(lines), case, event, "工单表", START, START, orjson.dumps(details).decode()))
    cases = states.fold(pl.DataFrame(lines, schema=EVENT, orient="row"), SHIPPED.case_states)
    return terms.standing(cases, START, ["assigned"])


@pytest.mark.parametrize(
    ("said", "asked", "rate"),
    [
        (["满意"] * 20 + ["基本满意"] * 4 + ["不满意"] * 6, 30, 0.8),
        (["满意"] * 29, 29, None),  # too few for a per cent
        (["满意"] * 30 + ["未接通", "拒评", None], 30, 1.0),  # who was not reached said nothing
        ([None] * 40, 0, None),  # nobody asked is not content
    ],
)
def test_satisfaction_is_of_those_who_answered(said: list[str | None], asked: int, rate: float | None) -> None:
    row = satisfaction.by_section(ordered(said)).row(0, named=True)
    assert (row["n"], row["asked"], row["rate"]) == (len(said), asked, rate)


def test_contentment_goes_by_the_week_of_closing_and_gives_no_per_cent_of_few() -> None:
    weeks = [
        (datetime(2026, 9, 6, 17, tzinfo=UTC), ["满意"] * 24 + ["不满意"] * 6),
        (START, ["满意", "不满意", "未接通"]),
    ]
    parts = [ordered(said).with_columns(closed_at=pl.lit(at)) for at, said in weeks]  # the first is Monday in China
    cases = pl.concat([*parts, ordered(["满意"] * 2, "计量科").with_columns(closed_at=pl.lit(START - timedelta(60)))])
    rows = satisfaction.over_time(cases, ZoneInfo("Asia/Shanghai"), every="1w", until=date(2026, 9, 10), periods=4)
    assert rows.select("lead", "since", "asked", "dissatisfied", "rate").rows() == [
        ("", date(2026, 9, 7), 32, 7, 25 / 32),
        ("食品科", date(2026, 9, 7), 32, 7, 25 / 32),
    ]
    before = rows.with_columns(since=pl.col("since").dt.offset_by("-1w"), asked=pl.lit(5), rate=None, dissatisfied=1)
    wide = wording.contentment(pl.concat([before.select(rows.columns), rows], how="vertical_relaxed"), "1w")
    assert wide.rows() == [("食品科", "5件，不满意1", "78%（32件）"), ("合计", "5件，不满意1", "78%（32件）")]
    assert wide.columns == ["lead", "8月31日起", "9月7日起"]


@pytest.mark.parametrize(
    ("texts", "kinds"),
    [
        (["食堂饭菜里有异物"] * 3 + ["无关"], ["food"]),
        (["电梯困人两小时"], ["equipment"]),
        (["健身房跑路，会员卡退费无门", "执法人员推诿，没人管"], ["prepaid", "conduct"]),
        (["今天天气好"] * 9 + ["食堂好吃"], []),  # one in ten is no kind of the story
        ([], []),
    ],
)
def test_a_story_is_of_the_kinds_its_posts_speak_of(texts: list[str], kinds: list[str]) -> None:
    posts = make.posts([{"text": text} for text in texts]) if texts else make.posts([{}]).clear()
    assert [kind.id for kind in plans.kinds(posts, SHIPPED.plans)] == kinds


def test_a_tick_stays_with_the_words_that_were_ticked() -> None:
    food = [kind for kind in SHIPPED.plans.kind if kind.id == "food"]
    plan = plans.of("Ⅱ", food, SHIPPED.grades, START)
    assert (
        set(plan["of"]) == {"Ⅱ", "food"}
        and plan["measure_id"].is_unique().all()
        and plan["done_at"].null_count() == plan.height
    )
    chosen = plan["measure_id"][-1]
    line = (
        1,
        "s_1",
        plans.TICK,
        "食品科",
        START,
        START,
        orjson.dumps({"measure_id": chosen, "note": "已抽样"}).decode(),
    )
    ticked = plans.of("Ⅱ", food, SHIPPED.grades, START, pl.DataFrame([line], schema=EVENT, orient="row"))
    assert ticked.filter(pl.col("done_at").is_not_null()).select("measure_id", "by", "note").rows() == [
        (chosen, "食品科", "已抽样")
    ]
    raised = plans.of("Ⅰ", food, SHIPPED.grades, START, pl.DataFrame([line], schema=EVENT, orient="row"))
    assert raised.filter(pl.col("done_at").is_not_null())["measure_id"].to_list() == [chosen], "a raised level keeps it"


def test_time_is_items_by_steps_at_published_speeds() -> None:
    rows = {r["task"]: r for r in workload.of({"alert": 3, "scan": 100}, SHIPPED.workload).iter_rows(named=True)}
    # 360 characters at 255 a minute are 84.7 s, two decisions 2.7 s, six clicks 7.8 s
    assert (rows["alert"]["seconds"], rows["alert"]["minutes"]) == (95, 3 * 95 / 60)
    assert rows["scan"]["seconds"] == 7 and rows["close"]["minutes"] == 0  # 5.2 s and 1.35 s


def test_a_time_that_the_bureau_took_goes_before_the_counted_one() -> None:
    table = SHIPPED.workload
    own = table.task[0].model_copy(update={"seconds": 40.0})
    rows = workload.of({"alert": 3}, table.model_copy(update={"task": (own, *table.task[1:])}))
    assert rows["seconds"][0] == 40 and rows["minutes"][0] == 2.0
