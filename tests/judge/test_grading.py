"""Levels: red lines first, then the score, then mishandling; up and down, and never from what came later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.analyse import attitude
from opinion_lab.judge import grading
from opinion_lab.report.wording.response import levels
from opinion_lab.rules import SHIPPED
from opinion_lab.rules.grades import Grades
from tests import make
from tests.analyse.test_attitude import labelled
from tests.judge.test_clocks import OWN, ZONE, answer, local, post, story

RULES = SHIPPED.grades
START = "2026-09-08 12:00"


def crowd(n: int, start: str = START, hours: float = 20, text: str = "停车怎么这么贵", **more: Any) -> list[dict]:
    """`n` posts of as many persons, evenly over some hours."""
    first = local(start)
    step = timedelta(hours=hours) / n
    return [post(first + k * step, text, author_id=f"u_{start}_{k}", **more) for k in range(n)]


def graded(*rows: dict, at: str = "2026-09-09 12:00", rules: Grades = RULES, **more: Any) -> dict[str, Any]:
    given = {"own": OWN, "story_id": "s", "rules": rules} | more
    return grading.propose(grading.examine(story(*rows), at=utc(at), **given), rules).row(0, named=True)


def utc(text: str) -> datetime:
    return local(text).astimezone(UTC)


def said(grade: dict[str, Any], column: str = "理由") -> str:
    """The grade's sentences of one kind."""
    return "".join(levels.lines(grade, zone=ZONE).filter(pl.col("what") == column)["said"])


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Grades:
    text = SHIPPED.text("grades")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return make.rules(tmp_path, grades=text).grades


def media(at: str, name: str, text: str = "家长质疑学校食堂，记者到现场采访") -> dict:
    return post(at, text, author_kind="media", author_name=name, kind="article")


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
        (crowd(8, text="小学食堂饭菜有虫"), "Ⅲ", "红线“涉未成年人、学校”：近72小时8条（占100%），不低于Ⅲ级"),
        (crowd(8, text="小學食堂飯菜有蟲，學生說的"), "Ⅲ", "涉未成年人、学校"),  # Traditional script
        (crowd(400, text="小学食堂饭菜有虫"), "Ⅱ", "且传播迅速"),
        # three among a thousand are a joke, not a red line
        ([*crowd(200), *crowd(3, text="笑到住院")], "Ⅳ", "合Ⅳ级"),
        (crowd(400, text="太过分了，给个说法"), "Ⅲ", "评分4（满分9）"),
        (crowd(400, text="太过分了，给个说法"), "Ⅲ", "态度倾向性未计：没有测量"),
        # words of the bureau do not count against it
        ([*crowd(8), answer("2026-09-09 08:00", "经查，没有学生住院，反映的小学、幼儿园均已检查。")], "Ⅳ", "合Ⅳ级"),
        (crowd(100, text="明天一起去县里上访"), "Ⅱ", "有转化为线下行动的苗头"),
    ],
)
def test_a_level_has_its_reason(rows: list[dict], level: str, reason: str) -> None:
    grade = graded(*rows)
    assert grade["level"] == level, grade["reasons"]
    assert reason in said(grade), said(grade)
    assert grade["confirmed_by"] is None


@pytest.mark.parametrize(
    ("rows", "at", "level", "reason"),
    [
        # unanswered for more than 48 hours
        (crowd(30, hours=60), "2026-09-10 11:00", "Ⅳ", None),
        (crowd(30, hours=60), "2026-09-10 13:00", "Ⅲ", "仍没有官方回应"),
        ([*crowd(30, hours=60), answer("2026-09-10 09:00")], "2026-09-10 13:00", "Ⅳ", None),
        # nobody waits for an answer to talk, nor to a question of the way, nor for one complaint among many
        (crowd(30, hours=60, text="小时候吃的那家摊子居然还在"), "2026-09-10 13:00", "Ⅳ", None),
        (
            [*crowd(28, hours=60, text="政务中心周六上班吗"), *crowd(2, hours=60, text="真坑人")],
            "2026-09-10 13:00",
            "Ⅳ",
            None,
        ),
        (crowd(30, hours=60, text="物业把垃圾堆在门口，投诉了也没用"), "2026-09-10 13:00", "Ⅲ", "仍没有官方回应"),
        # too small a matter to raise
        (crowd(5, hours=60), "2026-09-10 23:00", "Ⅳ", None),
        # the answer did not calm
        (
            [*crowd(40, hours=40), answer("2026-09-10 06:00"), *crowd(60, "2026-09-10 06:10", hours=10)],
            "2026-09-10 18:00",
            "Ⅲ",
            "声量不降反升：回应前24小时21条，回应后至多24小时60条（只说先后，不说因果）",
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
            "3小时前的官方说法推翻了此前的结论",
        ),
    ],
)
def test_mishandling_raises_by_one(rows: list[dict], at: str, level: str, reason: str | None) -> None:
    grade = graded(*rows, at=at)
    assert grade["level"] == level, grade["reasons"]
    assert ("处置不当" in said(grade)) == bool(reason) and (reason or "") in said(grade), said(grade)


def test_waiting_counts_from_when_the_bureau_found_it() -> None:
    rows, at = crowd(30, hours=60), "2026-09-10 13:00"
    assert graded(*rows, at=at, found_at=utc("2026-09-09 00:00"))["level"] == "Ⅳ"
    late = graded(*rows, at="2026-09-11 00:00", found_at=utc("2026-09-08 20:00"))
    assert "发现后52小时仍没有官方回应" in said(late)
    # at an hour when nobody had found it, waiting counts from the first post
    assert graded(*rows, at=at, found_at=utc("2026-09-10 20:00"))["level"] == "Ⅲ"


def test_what_would_change_the_level_is_said_with_numbers() -> None:
    grade = graded(*crowd(12, text="小学食堂饭菜有虫"))
    raises, lowers = said(grade, "什么会使它升级"), said(grade, "什么会使它降级")
    assert "评分达到6分（现3）为Ⅱ级" in raises
    assert "近24小时帖量超过300条（现11条）即为Ⅱ级" in raises
    assert "再过24小时仍没有官方回应，升为Ⅱ级" in raises
    assert "近72小时“涉未成年人、学校”不足3条或占比低于10%（现12条）" in lowers
    assert graded(*crowd(8))["would_lower"] == []
    assert graded(media("2026-09-09 08:00", "新华社"))["would_raise"] == []


def test_what_a_platform_did_not_say_is_not_nobody() -> None:
    silent = [row | {"author_id": None} for row in crowd(400)]
    facts = grading.examine(story(*silent), at=utc("2026-09-09 12:00"), rules=RULES)
    assert (facts.measures["attention"], facts.measures["spread"]) == (None, 399)
    assert "民众关注未计" in said(graded(*silent))


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
    facts = grading.examine(story(*crowd(8)), at=utc("2026-09-09 12:00"), rules=RULES, past=sizes(1000))
    assert facts.cuts["spread"] == (901, 970, 995)  # of the days with ten posts or more
    assert facts.yardstick["rule"] == "cuts_from_past" and facts.yardstick["value"] == 990
    few = grading.examine(story(*crowd(8)), at=utc("2026-09-09 12:00"), rules=RULES, past=sizes(208))
    assert few.cuts["spread"] == (50, 300, 1500)
    assert (few.yardstick["rule"], few.yardstick["value"], few.yardstick["threshold"]) == ("cuts_from_table", 198, 200)
    # stories that were not over by that hour are no past
    later = grading.examine(
        story(*crowd(8)), at=utc("2026-09-09 12:00"), rules=RULES, past=sizes(1000, "2026-10-01 00:00")
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
    trail = grading.trail(story(*LONG), RULES, story_id="s", own=OWN, until=utc("2026-09-21 00:00"))
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
    facts = grading.examine(posts, at=whole["at"][-1], rules=RULES, story_id="s", own=OWN)
    assert grading.propose(facts, RULES).equals(whole.tail(1))


def test_a_body_that_spoke_first_is_not_counted_from_the_future() -> None:
    posts = story(answer("2026-09-08 06:00"), *crowd(10))
    early = grading.examine(posts, at=utc("2026-09-08 08:00"), rules=RULES, own=OWN)
    assert early.first_at == local("2026-09-08 06:00")
    assert (early.public, early.measures["spread"]) == (0, 0)


def test_order_of_rows_changes_nothing() -> None:
    posts = story(*LONG)
    shuffled = posts.sample(fraction=1, shuffle=True, seed=1)
    assert grading.trail(posts, RULES, own=OWN).equals(grading.trail(shuffled, RULES, own=OWN))


def test_a_story_without_posts_is_refused_in_words() -> None:
    with pytest.raises(config.LabError, match="没有帖子"):
        grading.examine(story(*crowd(3)), at=datetime(2026, 1, 1, tzinfo=UTC), rules=RULES)
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


# --- level and reason agree ------------------------------------------------------------------------------------

#: Columns and notices that bodies place in the press: no harm, fault or complaint is told.
COLUMNS = (
    "市市场监管局走进校园，给小学生上食品安全课",
    "我县开展护航开学季行动，学校食堂明厨亮灶全覆盖",
    "县市场监管局提醒：消费者遇到问题可拨打12315投诉举报",
    "云溪：严查违法行为，让学生吃得放心",
    "防范食物中毒，这份提示请收好",
    "消费维权知识进社区，孩子们学会看标签",
)
#: The same papers on trouble.
REPORTS = (
    "学校食堂饭菜出现异物，家长质疑",
    "多名学生腹泻送医，调查组介入",
    "超市被曝销售过期食品，顾客投诉",
    "加油站涉嫌计量作弊，已立案",
)


@pytest.mark.parametrize("text", COLUMNS)
@pytest.mark.parametrize("name", ["云溪晚报", "省日报", "新华社"])
def test_a_friendly_column_is_no_trouble(text: str, name: str) -> None:
    rows = [media(f"2026-09-09 0{n}:30", name, text) for n in range(6)]
    assert graded(*rows)["level"] == "Ⅳ", said(graded(*rows))
    assert graded(*crowd(8), *rows)["level"] == "Ⅳ"


@pytest.mark.parametrize("text", REPORTS)
def test_a_report_of_trouble_is_one(text: str) -> None:
    assert graded(media("2026-09-09 08:00", "省日报", text))["level"] == "Ⅱ"
    assert graded(*(media(f"2026-09-09 0{n}:30", "云溪晚报", text) for n in range(3)))["level"] == "Ⅲ"


@pytest.mark.parametrize("own", [(), OWN])
def test_where_no_answer_could_be_seen_none_is_missed(own: tuple[str, ...]) -> None:
    """No own account entered, or nothing of any collected: waiting raises nothing, and it is said."""
    rows, at = crowd(30, hours=60), "2026-09-10 13:00"
    visible = grading.answers_visible_from(story(*rows), own)
    grade = graded(*rows, at=at, own=own, visible_from=visible)
    assert grade["level"] == "Ⅳ" and "有没有官方回应无从判断" in said(grade)
    assert "官方回应" not in said(grade, "什么会使它升级")
    elsewhere = answer("2026-09-01 08:00", "我局现将另一件事的情况通报如下。")
    assert grading.answers_visible_from(story(*rows, elsewhere), OWN) == utc("2026-09-01 08:00")
    assert graded(*rows, at=at, visible_from=utc("2026-09-01 08:00"))["level"] == "Ⅲ"


def test_a_score_is_out_of_what_was_measured() -> None:
    """With one dimension less the same matter is of the same level, neither above nor below."""
    rows = crowd(400, text="太过分了，给个说法")
    named, silent = graded(*rows), graded(*(r | {"author_id": None} for r in rows))
    assert (named["level"], silent["level"]) == ("Ⅲ", "Ⅲ")
    assert "评分4（满分9）" in said(named) and "评分2（满分6）" in said(silent)
    few = graded(*(r | {"author_id": None} for r in crowd(60, text="太过分了，给个说法")))
    assert few["level"] == "Ⅳ" and "评分1（满分6）" in said(few)


WAITED = "2026-09-11 12:00"
MIXED = [*crowd(12, hours=60, text="举报了没人管"), *crowd(14, hours=60, text="给窗口点赞，讲得很清楚")]


@pytest.mark.parametrize(
    ("rows", "level"),
    [
        (crowd(30, hours=60, text="去市监局窗口咨询，一个小伙子讲得很清楚，跑了两个科室。"), "Ⅳ"),
        (crowd(30, hours=60, text="投诉上去三天就联系我了，处理得挺快，效率可以"), "Ⅳ"),
        (MIXED, "Ⅳ"),  # more praise than complaint
        (crowd(30, hours=60, text="想问问去哪儿投诉，可以投诉到12345吗"), "Ⅳ"),
        (crowd(30, hours=60, text="成人学历提升，不过退费，2年拿证"), "Ⅳ"),
        (crowd(30, hours=60, text="孩子他爸下班带回来一只烤鸭"), "Ⅳ"),
        (crowd(30, hours=60, text="下班一起去看看？"), "Ⅳ"),
        (crowd(30, hours=60, text="给摆摊的留条活路，但别堵路"), "Ⅳ"),
        (crowd(30, hours=60, text="咨询随迁子女转入县职高所需材料", kind="complaint"), "Ⅳ"),
        # work orders are answered to who called, within terms of their own
        (crowd(30, hours=60, text="反映理发店乱收费，要求退款", kind="complaint"), "Ⅳ"),
        (crowd(30, hours=60, text="理发店乱收费，就是不退钱"), "Ⅲ"),
        # children are a sensitive matter where something is wrong
        (crowd(30, hours=60, text="今天送孩子去小学报名"), "Ⅳ"),
        ([*crowd(30, hours=60, text="孩子在三小吃食堂"), *crowd(5, hours=60, text="小学食堂吃出虫子")], "Ⅲ"),
        (crowd(30, hours=60, text="明天一起去市监局讨说法"), "Ⅰ"),
    ],
)
def test_talk_that_complains_of_nothing_is_not_raised(rows: list[dict], level: str) -> None:
    grade = graded(*rows, at=WAITED)
    assert grade["level"] == level, grade["reasons"]


@pytest.mark.parametrize(
    "text",
    [
        "抽检的8个批次中，1个批次菌落总数不合格，已责令下架。本次共出动20人次，检查经营户170户。",
        "一位读者来信：买的葡萄缺斤少两，摊主不认，怎么办？理性消费，从看合同开始。",
        "今年1至8月全县登记投诉1670件。预付消费投诉占了三成。",
        "9月以来发案36起。一辆电动车在楼道充电时起火，所幸无人受伤。举报隐患有奖励。",
    ],
)
def test_a_column_of_inspections_or_advice_is_no_report_of_trouble(text: str) -> None:
    rows = [*crowd(8), *(media(f"2026-09-09 0{h}:00", f"云溪{h}报", text) for h in range(3, 9))]
    assert graded(*rows)["level"] == "Ⅳ"


def test_attitude_counts_where_it_was_learnt() -> None:
    grade = graded(*crowd(400, text="这家店太过分了，骗人"), attitudes=attitude.learn(labelled()))
    assert grade["level"] == "Ⅱ" and "态度倾向性3分" in said(grade)
    calm = graded(*crowd(400, text="今天排队的人不多，路过看看"), attitudes=attitude.learn(labelled()))
    assert calm["level"] == "Ⅲ" and "态度倾向性0分" in said(calm)


def test_a_level_is_the_gravest_that_its_reasons_give() -> None:
    trail = grading.trail(story(*LONG), RULES, story_id="s", own=OWN, until=utc("2026-09-21 00:00"))
    for row in trail.to_dicts():
        given = [f["level"] for f in row["reasons"] if f["level"]]
        assert row["level"] == min(given), row["at"]
        assert grading.deciding(row), row["at"]
        floors = [f"不低于{level}级" for level in schemas.LEVELS if level != row["level"]]
        assert not [floor for floor in floors if floor in said(row)], said(row)


def test_what_was_done_badly_is_told_with_what_it_lifts() -> None:
    """A turn of two levels has a reason for both."""
    trail = grading.trail(story(*LONG), RULES, story_id="s", own=OWN, until=utc("2026-09-21 00:00"))
    lifted = [
        row for row in trail.to_dicts() if any(f["rule"] in grading.MISHANDLED and f["level"] for f in row["reasons"])
    ]
    assert lifted
    for row in lifted:
        base = schemas.LEVELS[schemas.LEVELS.index(row["level"]) + 1]
        given = [f["level"] for f in grading.deciding(row)]
        assert given[0] == base and given[-1] == row["level"], row["at"]


def test_a_fall_is_called_a_fall() -> None:
    trail = grading.trail(story(*LONG), RULES, story_id="s", own=OWN, until=utc("2026-09-21 00:00"))
    turns = levels.turns(trail, zone=ZONE)
    ways = [(a, b, t) for a, b, t in zip(turns["level"], turns["level"][1:], turns["turn"][1:], strict=False)]
    assert {"升" in t for _, _, t in ways} == {True, False}, "the story goes up and down"
    assert all(t == f"由{a}级{'升' if b < a else '降'}为{b}级" for a, b, t in ways)
    assert not turns["why"].str.contains("由.级").any(), "a reason speaks of its level alone"


# --- a person decides ------------------------------------------------------------------------------------------


def decided(*rows: tuple[str, str], story_id: str = "s") -> pl.DataFrame:
    """Decisions at these moments."""
    made = [{"story_id": story_id, "at": utc(at), "level": level, "by": "分管领导", "why": ""} for at, level in rows]
    return pl.DataFrame(made, schema_overrides={"at": pl.Datetime("us", "UTC")})


def stood(decisions: pl.DataFrame, *hours: str, rows: list[dict] | None = None) -> list[str]:
    """The level as the trail up to each hour has it, who knows of the decisions of that hour."""
    posts = story(*(rows or crowd(30, hours=60)))
    known = ((utc(hour), decisions.filter(pl.col("at") <= utc(hour))) for hour in hours)
    trails = (grading.trail(posts, RULES, story_id="s", own=OWN, until=at, decisions=made) for at, made in known)
    return [trail["level"][-1] for trail in trails]


NOON = decided(("2026-09-09 12:00", "Ⅱ"))
HOURS = ("2026-09-09 11:00", "2026-09-09 11:59", "2026-09-09 12:00", "2026-09-09 14:00", "2026-09-10 23:00")


def test_a_confirmation_stands_from_when_it_was_made() -> None:
    assert stood(NOON, *HOURS) == ["Ⅳ", "Ⅳ", "Ⅱ", "Ⅱ", "Ⅱ"]
    # a person may also lower it, and another person change that
    assert stood(decided(("2026-09-10 13:30", "Ⅳ")), "2026-09-10 13:00", "2026-09-10 20:00") == ["Ⅲ", "Ⅳ"]
    twice = decided(("2026-09-09 12:00", "Ⅱ"), ("2026-09-09 18:00", "Ⅲ"))
    assert stood(twice, "2026-09-09 17:00", "2026-09-09 19:00") == ["Ⅱ", "Ⅲ"]
    assert stood(decided(("2026-09-09 12:00", "Ⅱ"), story_id="s_other"), *HOURS)[:4] == ["Ⅳ"] * 4


def test_only_a_red_line_met_later_lifts_a_confirmed_level() -> None:
    late = [*crowd(30, hours=60), *(media("2026-09-10 06:00", "某省卫视") for _ in range(2))]
    lowered = decided(("2026-09-09 12:00", "Ⅳ"))
    assert stood(lowered, "2026-09-10 05:00", "2026-09-10 07:00", "2026-09-13 07:00", rows=late) == ["Ⅳ", "Ⅱ", "Ⅳ"]
    # the person who decided knew of it
    known = decided(("2026-09-10 08:00", "Ⅳ"))
    assert stood(known, "2026-09-10 07:00", "2026-09-10 09:00", rows=late) == ["Ⅱ", "Ⅳ"]
    # a red line below what was decided changes nothing
    assert stood(decided(("2026-09-09 12:00", "Ⅰ")), "2026-09-10 07:00", rows=late) == ["Ⅰ"]
    trail = grading.trail(story(*late), RULES, story_id="s", own=OWN, until=utc("2026-09-10 07:00"), decisions=lowered)
    assert levels.standing(trail) == "分管领导确认为Ⅳ级，其后新触红线，由Ⅳ级升为Ⅱ级（待人工确认）"


def test_a_decision_after_the_last_post_holds_at_the_last_step() -> None:
    """A file of last month is decided upon today; what the story still meets the person knows of."""
    late = [*crowd(30, hours=60), *(media("2026-09-10 06:00", "某省卫视") for _ in range(2))]
    made = decided(("2026-11-27 09:00", "Ⅲ"))
    trail = grading.trail(story(*late), RULES, story_id="s", own=OWN, until=utc("2026-09-10 07:00"), decisions=made)
    assert (trail["level"][-1], trail["confirmed_by"][-1]) == ("Ⅲ", "分管领导")
    assert trail["confirmed_by"].null_count() == trail.height - 1
    assert trail["reasons"][-1][0]["at"] == utc("2026-11-27 09:00")


def test_a_decision_falls_between_the_hours() -> None:
    trail = grading.trail(
        story(*crowd(30, hours=60)), RULES, story_id="s", own=OWN, decisions=decided(("2026-09-09 12:20", "Ⅱ"))
    )
    changed = levels.changes(trail)
    assert utc("2026-09-09 12:20") in changed["at"].to_list()


# --- what decided ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "at", "gist"),
    [
        (crowd(8), "2026-09-09 12:00", "评分0（满分9），合Ⅳ级；四项都在最低一档，或帖子太少未计。"),
        ([*crowd(8), *PRESS], "2026-09-09 12:00", "红线“媒体账号发帖”：近72小时3条，不低于Ⅲ级"),
        (crowd(30, hours=60), "2026-09-10 13:00", "处置不当，加一级：首帖后49小时仍没有官方回应（限48小时）。"),
    ],
)
def test_the_gist_is_what_decided_without_what_added_nothing(rows: list[dict], at: str, gist: str) -> None:
    assert gist in levels.gist(graded(*rows, at=at), zone=ZONE)
