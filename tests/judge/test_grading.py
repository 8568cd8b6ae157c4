"""Levels: red lines first, then the score, then mishandling; up and down, and never from what came later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.judge import grading
from opinion_lab.rules import SHIPPED
from opinion_lab.rules.grades import Grades
from tests import make
from tests.judge.test_clocks import OWN, answer, local, post, story

RULES = SHIPPED.grades
START = "2026-09-08 12:00"


def crowd(n: int, start: str = START, hours: float = 20, text: str = "停车怎么这么贵", **more: Any) -> list[dict]:
    """`n` posts of as many persons, evenly over some hours."""
    first = local(start)
    step = timedelta(hours=hours) / n
    return [post(first + k * step, text, author_id=f"u_{start}_{k}", **more) for k in range(n)]


def graded(*rows: dict, at: str = "2026-09-09 12:00", rules: Grades = RULES, **more: Any) -> dict[str, Any]:
    facts = grading.facts(story(*rows), at=local(at), rules=rules, story_id="s", own=OWN, **more)
    return grading.propose(facts, rules).row(0, named=True)


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Grades:
    text = SHIPPED.text("grades")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return make.rules(tmp_path, grades=text).grades


def media(at: str, name: str) -> dict:
    return post(at, "记者到现场采访", author_kind="media", author_name=name, kind="article")


PRESS = [
    media("2026-09-09 08:30", "云溪发布"),
    media("2026-09-09 09:00", "云溪融媒"),
    media("2026-09-09 10:00", "云溪晚报"),
]

# --- what makes a level ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "level", "reason"),
    [
        (crowd(8), "Ⅳ", "合Ⅳ级"),
        ([*crowd(8), media("2026-09-09 08:00", "云溪晚报")], "Ⅳ", "合Ⅳ级"),  # one account of the local press
        (
            [*crowd(8), *PRESS],
            "Ⅲ",
            "媒体账号发帖",
        ),
        ([*crowd(8), media("2026-09-09 08:00", "某省卫视")], "Ⅱ", "省市主流媒体介入"),
        ([*crowd(8), media("2026-09-09 08:00", "新华社")], "Ⅰ", "中央级媒体报道"),
        # a person of that name is no medium
        ([*crowd(8), post("2026-09-09 08:00", author_name="新华社")], "Ⅳ", "合Ⅳ级"),
        (crowd(8, text="小学食堂饭菜有虫"), "Ⅲ", "红线“涉未成年人、学校”：近 72 小时 8 条（占 100%）"),
        (crowd(8, text="小學食堂飯菜有蟲，學生說的"), "Ⅲ", "涉未成年人、学校"),  # Traditional script
        (crowd(400, text="小学食堂饭菜有虫"), "Ⅱ", "且传播迅速"),
        # three among a thousand are a joke, not a red line
        ([*crowd(200), *crowd(3, text="笑到住院")], "Ⅳ", "合Ⅳ级"),
        (crowd(400, text="太过分了，给个说法"), "Ⅱ", "评分 7.0（满分 12）"),
        # words of the bureau do not count against it
        ([*crowd(8), answer("2026-09-09 08:00", "经查，没有学生住院，反映的小学、幼儿园均已检查。")], "Ⅳ", "合Ⅳ级"),
        (crowd(100, text="明天一起去县里上访"), "Ⅱ", "有转化为线下行动的苗头"),
    ],
)
def test_a_level_has_its_reason(rows: list[dict], level: str, reason: str) -> None:
    grade = graded(*rows)
    assert grade["level"] == level, grade["reasons"]
    assert any(reason in r for r in grade["reasons"]), grade["reasons"]
    assert grade["confirmed_by"] is None
    assert "不是法定标准" in grade["reasons"][-1]


@pytest.mark.parametrize(
    ("rows", "at", "level", "reason"),
    [
        # unanswered for more than 48 hours
        (crowd(30, hours=60), "2026-09-10 11:00", "Ⅳ", None),
        (crowd(30, hours=60), "2026-09-10 13:00", "Ⅲ", "仍没有官方回应"),
        ([*crowd(30, hours=60), answer("2026-09-10 09:00")], "2026-09-10 13:00", "Ⅳ", None),
        # too small a matter to raise
        (crowd(5, hours=60), "2026-09-10 23:00", "Ⅳ", None),
        # the answer did not calm
        (
            [*crowd(40, hours=40), answer("2026-09-10 06:00"), *crowd(60, "2026-09-10 06:10", hours=10)],
            "2026-09-10 18:00",
            "Ⅲ",
            "声量不降反升：回应前 24 小时 21 条，回应后至多 24 小时 60 条（只说先后，不说因果）",
        ),
        # answered in the first hours, when a story still grows by itself
        (
            [*crowd(9, hours=4), answer("2026-09-08 16:30"), *crowd(55, "2026-09-08 17:00", hours=4)],
            "2026-09-09 00:00",
            "Ⅳ",
            None,
        ),
        # the answer was taken back
        (
            [
                *crowd(30, hours=60),
                answer("2026-09-09 09:00", "我局确认异物为正常食材，与事实不符。"),
                answer("2026-09-10 15:00", "异物为鼠类组织，我局此前结论是错误的，诚恳道歉。"),
            ],
            "2026-09-10 18:00",
            "Ⅲ",
            "3 小时前的官方说法推翻了此前的结论",
        ),
    ],
)
def test_mishandling_raises_by_one(rows: list[dict], at: str, level: str, reason: str | None) -> None:
    grade = graded(*rows, at=at)
    assert grade["level"] == level, grade["reasons"]
    raised = [r for r in grade["reasons"] if "处置不当" in r]
    assert bool(raised) == bool(reason) and (reason is None or reason in raised[0]), grade["reasons"]


def test_waiting_counts_from_when_the_bureau_found_it() -> None:
    rows, at = crowd(30, hours=60), "2026-09-10 13:00"
    assert graded(*rows, at=at, found_at=local("2026-09-09 00:00"))["level"] == "Ⅳ"
    late = graded(*rows, at="2026-09-11 00:00", found_at=local("2026-09-08 20:00"))
    assert "发现后 52 小时仍没有官方回应" in "；".join(late["reasons"])
    # at an hour when nobody had found it, waiting counts from the first post
    assert graded(*rows, at=at, found_at=local("2026-09-10 20:00"))["level"] == "Ⅲ"


def test_what_would_change_the_level_is_said_with_numbers() -> None:
    grade = graded(*crowd(8, text="小学食堂饭菜有虫"))
    assert "评分达到 7 分（现 3.0）为Ⅱ级" in "；".join(grade["would_raise"])
    assert "近 24 小时帖量超过 300 条（现 7 条）即为Ⅱ级" in "；".join(grade["would_raise"])
    assert "再过 24 小时仍没有官方回应，升一级" in grade["would_raise"]
    assert "近 72 小时“涉未成年人、学校”不足 3 条或占比低于 10%（现 8 条）" in grade["would_lower"]
    assert graded(*crowd(8))["would_lower"] == []
    assert graded(media("2026-09-09 08:00", "新华社"))["would_raise"] == []


def test_what_a_platform_did_not_say_is_not_nobody() -> None:
    silent = [row | {"author_id": None} for row in crowd(400)]
    facts = grading.facts(story(*silent), at=local("2026-09-09 12:00"), rules=RULES)
    assert (facts.measures["attention"], facts.measures["spread"]) == (None, 399)
    assert "民众关注未计" in graded(*silent)["reasons"][0]


# --- the lab's own past ----------------------------------------------------------------------------------------


def sizes(n: int, last: str = "2026-08-01 00:00") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "story_id": [f"old{k}" for k in range(n)],
            "last_at": [local(last).astimezone(UTC)] * n,
            "spread": [float(k) for k in range(n)],
            "attention": [float(k) for k in range(n)],
        },
        schema_overrides={"last_at": pl.Datetime("us", "UTC")},
    )


def test_counts_are_held_against_the_past_when_there_is_enough() -> None:
    facts = grading.facts(story(*crowd(8)), at=local("2026-09-09 12:00"), rules=RULES, past=sizes(1000))
    assert facts.cuts["spread"] == (901, 970, 995)  # of the days with ten posts or more
    assert "以往 990 件" in facts.yardstick
    few = grading.facts(story(*crowd(8)), at=local("2026-09-09 12:00"), rules=RULES, past=sizes(208))
    assert few.cuts["spread"] == (50, 300, 1500)
    assert "以往事件只有 198 件，不足 200 件" in few.yardstick
    # stories that were not over by that hour are no past
    later = grading.facts(
        story(*crowd(8)), at=local("2026-09-09 12:00"), rules=RULES, past=sizes(1000, "2026-10-01 00:00")
    )
    assert later.cuts["spread"] == (50, 300, 1500)


def test_the_past_is_the_peak_of_a_day() -> None:
    rows = [*crowd(10, hours=5), *crowd(30, "2026-09-12 08:00", hours=5), answer("2026-09-12 14:00")]
    posts = story(*rows)
    past = grading.past(posts, posts.select("post_id", story_id=pl.lit("s")), own=OWN)
    assert past.select("story_id", "spread", "attention").rows() == [("s", 30.0, 30.0)]


# --- through time ----------------------------------------------------------------------------------------------

LONG = [
    *crowd(10, hours=20),
    *crowd(500, "2026-09-09 08:00", hours=20, text="小学食堂太过分了"),
    answer("2026-09-11 03:00", "我局确认异物为正常食材，与事实不符。"),
    *crowd(800, "2026-09-11 08:00", hours=20, text="小学食堂，谁信"),
    answer("2026-09-14 22:00", "异物为鼠类组织，我局此前结论是错误的，诚恳道歉。"),
    *crowd(30, "2026-09-15 08:00", hours=60, text="道歉了就好"),
]


def test_levels_go_up_and_down() -> None:
    trail = grading.trail(story(*LONG), RULES, story_id="s", own=OWN, until=local("2026-09-21 00:00"))
    levels = trail.select(pl.col("level").cast(pl.String).rle().struct.field("value")).to_series().to_list()
    assert (levels[0], min(levels), levels[-1]) == ("Ⅳ", "Ⅰ", "Ⅳ")
    schemas.Grade.validate(trail)
    # every hour, and none after the last that is known
    assert trail["at"][:-1].diff().drop_nulls().unique().to_list() == [timedelta(hours=1)]
    assert trail["at"][-1] == local("2026-09-21 00:00")


@pytest.mark.parametrize("hours", [7, 30, 63, 66, 90, 160, 200])
def test_no_level_knows_what_came_later(hours: int) -> None:
    posts, end = story(*LONG), (local(START) + timedelta(hours=hours)).astimezone(UTC)
    cut = posts.filter(pl.col("published_at") <= end)
    whole = grading.trail(posts, RULES, story_id="s", own=OWN).filter(pl.col("at") <= end)
    known = grading.trail(cut, RULES, story_id="s", own=OWN, until=end)
    assert known["at"][-1] == end
    assert whole.height and known.head(whole.height).equals(whole)
    # and the single hour says what the trail says
    facts = grading.facts(posts, at=whole["at"][-1], rules=RULES, story_id="s", own=OWN)
    assert grading.propose(facts, RULES).equals(whole.tail(1))


def test_a_body_that_spoke_first_is_not_counted_from_the_future() -> None:
    posts = story(answer("2026-09-08 06:00"), *crowd(10))
    early = grading.facts(posts, at=local("2026-09-08 08:00"), rules=RULES, own=OWN)
    assert early.first_at == local("2026-09-08 06:00")
    assert (early.public, early.measures["spread"]) == (0, 0)


def test_order_of_rows_changes_nothing() -> None:
    posts = story(*LONG)
    shuffled = posts.sample(fraction=1, shuffle=True, seed=1)
    assert grading.trail(posts, RULES, own=OWN).equals(grading.trail(shuffled, RULES, own=OWN))


def test_a_story_without_posts_is_refused_in_words() -> None:
    with pytest.raises(config.LabError, match="没有帖子"):
        grading.facts(story(*crowd(3)), at=datetime(2026, 1, 1, tzinfo=UTC), rules=RULES)
    with pytest.raises(config.LabError, match="没有帖子"):
        grading.trail(story(*crowd(3)).clear(), RULES)


# --- the table -------------------------------------------------------------------------------------------------


def test_editing_the_table_changes_the_level_as_written(tmp_path: Path) -> None:
    rows = crowd(8, text="小学食堂饭菜有虫")
    assert graded(*rows)["level"] == "Ⅲ"
    assert graded(*rows, rules=edited(tmp_path, ('"小学", "中学"', '"中学"')))["level"] == "Ⅳ"
    line = 'level = "{}"\nmin_posts = 3\nmin_share = 0.1'
    higher = edited(tmp_path, (line.format("Ⅲ"), line.format("Ⅱ")))
    assert graded(*rows, rules=higher)["level"] == "Ⅱ"
    lower = edited(tmp_path, ("cuts = [50, 300, 1500]", "cuts = [5, 6, 7]"), ('"Ⅱ" = 7', '"Ⅱ" = 6'))
    assert graded(*rows, rules=lower)["level"] == "Ⅱ"


@pytest.mark.parametrize("level", schemas.LEVELS)
def test_every_level_says_who_does_what(level: str) -> None:
    rows = grading.measures(level, RULES)
    assert rows.height >= 2
    assert rows.select(pl.all_horizontal(pl.all().str.len_chars() > 0).all()).item()


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (
            ["评分 1.0（满分 12），合Ⅳ级：传播扩散 0 分（7 条）；内容敏感性 1 分（占比 8%）；态度未计（太少）。"],
            "评分 1.0（满分 12），合Ⅳ级：内容敏感性 1 分（占比 8%）。",
        ),
        (
            ["评分 0.0（满分 12），合Ⅳ级：传播扩散 0 分（近 24 小时 7 条）。"],
            "评分 0.0（满分 12），合Ⅳ级：四项都在最低一档，或帖子太少未计。",
        ),
        (
            ["红线“媒体账号发帖”：近 72 小时 9 条，不低于Ⅲ级。", "评分 0.0"],
            "红线“媒体账号发帖”：近 72 小时 9 条，不低于Ⅲ级。",
        ),
        (["红线“甲”：1 条。", "处置不当，由Ⅲ级升为Ⅱ级。"], "处置不当，由Ⅲ级升为Ⅱ级。"),
    ],
)
def test_the_gist_is_what_decided_without_what_added_nothing(reasons: list[str], said: str) -> None:
    assert grading.gist(reasons) == said
