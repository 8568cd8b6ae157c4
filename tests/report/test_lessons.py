"""A review in sentences: each says what its rows say, and says so when they cannot."""

from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab.analyse import stories
from opinion_lab.judge import incident_review
from opinion_lab.report.documents import review
from opinion_lab.report.documents.review import response, spread
from opinion_lab.report.wording.response import answers, deadlines, lessons
from opinion_lab.rules import SHIPPED
from tests import make

ZONE = ZoneInfo("Asia/Shanghai")
OWN = ("测试县市场监督管理局",)
WRONG = "经核实，确认异物为正常食材，网传内容与事实不符。测试县市场监督管理局2026年9月11日"
RIGHT = "经检测，异物为鼠类，此前通报结论有误，特此更正并致歉，已立案调查。测试县市场监督管理局2026年9月12日"


def statement(at: str, text: str) -> dict:
    return {"at": at, "kind": "statement", "author_kind": "government", "author_name": OWN[0], "text": text}


def story(*rows: dict, decisions: pl.DataFrame | None = None) -> incident_review.Review:
    """The review of one story told by these rows, all below the first."""
    posts = make.posts([({"root_id": "p001", "parent_id": "p001"} if n else {}) | r for n, r in enumerate(rows)])
    context = incident_review.Context(SHIPPED, OWN, ZONE, decisions=decisions)
    told = stories.group(posts, make.tokens(posts))
    return incident_review.of(posts, told, stories.pick(posts, told, ""), context)


FIRST = {"at": "2026-09-08 12:20", "text": "食堂饭里吃出黑乎乎的东西，要求公布检测报告"}
LATE = statement("2026-09-11 12:20", WRONG)
TAKEN_BACK = statement("2026-09-12 18:00", RIGHT)
SOON = statement(
    "2026-09-08 15:00", "现场检查已完成，封存样品送检，检测报告三日内公布。测试县市场监督管理局2026年9月8日"
)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([FIRST], "数据里没有官方回应。"),
        ([FIRST, SOON], "回应及时，声量没有再起。"),
        ([FIRST, LATE], "回应超时。"),
        ([FIRST, LATE, TAKEN_BACK], "回应慢，而且第一次的结论后来被推翻。"),
    ],
)
def test_judgement(rows: list[dict], said: str) -> None:
    assert lessons._judgement(story(*rows)) == said


def test_summary_is_short_and_says_when_and_where() -> None:
    text = lessons.summary(story(FIRST, LATE), zone=ZONE)
    assert len(text) <= 200
    assert "2026年9月8日 12:20首见于微博" in text and "待人工确认" in text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([FIRST], "没有工单，不能说"),
        (
            [FIRST, {"at": "2026-09-08 10:20", "kind": "complaint", "platform": "12345工单", "text": "食堂有异物"}],
            "早2小时",
        ),
    ],
)
def test_origin(rows: list[dict], said: str) -> None:
    assert said in lessons.origin(story(*rows), zone=ZONE)


BUSY = [{"at": f"2026-09-11 {h:02}:{m:02}", "text": f"还在等说法{h}{m}"} for h in range(6, 12) for m in range(0, 60, 6)]


def test_after_an_answer_nothing_is_said_of_cause() -> None:
    assert "不作比较：之后不满6小时" in answers.after(story(FIRST, LATE), zone=ZONE)
    later = {"at": "2026-09-13 12:20", "text": "还有人在说"}
    assert "不作比较：此前6小时不足5条" in answers.after(story(FIRST, LATE, later), zone=ZONE)
    said = answers.after(story(FIRST, *BUSY, LATE, later), zone=ZONE)
    assert "后24小时0条，低于预计（约" in said and said.endswith("只说先后，不说因果。")
    assert "没有官方回应" in answers.after(story(FIRST), zone=ZONE)


@pytest.mark.parametrize(
    ("rows", "speed", "correctness"),
    [
        ([FIRST], "没有官方回应", "谈不上对错"),
        ([FIRST, SOON], "首次回应距首帖2小时40分，提前45小时20分；发现、研判、分送的时间没有填写", "没有前后版本可比"),
        ([FIRST, LATE], "超时24小时", "没有前后版本可比"),
        ([FIRST, LATE, TAKEN_BACK], "超时24小时", "第1次发布的结论在第2次被推翻"),
        ([FIRST, SOON, {**SOON, "at": "2026-09-09 15:00", "text": "现就进展说明：检测仍在进行。"}], "提前", "没有比出"),
    ],
)
def test_speed_and_correctness_are_told_apart(rows: list[dict], speed: str, correctness: str) -> None:
    looked_back = story(*rows)
    assert speed in answers.speed(looked_back)
    assert correctness in answers.correctness(looked_back)
    assert "推翻" not in answers.speed(looked_back) and "超时" not in answers.correctness(looked_back)


def test_each_answer_says_which_later_one_took_it_back() -> None:
    assert answers.versions(story(FIRST, LATE, TAKEN_BACK))["later"].to_list() == ["被第2次推翻", "未见推翻"]
    assert answers.versions(story(FIRST, SOON))["later"].to_list() == ["未见推翻"]


def test_each_clock_shows_what_it_rests_on_and_when_it_was_in_force() -> None:
    looked = story(FIRST, LATE, TAKEN_BACK)
    found = answers.bases(looked)
    assert found.null_count().sum_horizontal().item() == 0
    assert found.filter(pl.col("what").str.contains("其他政务舆情"))["basis"].to_list() == [
        "国办发〔2016〕61号（2016-07-30起）"
    ]
    assert found["source"].str.contains("http").any()


def test_critics_are_named_even_when_there_are_none() -> None:
    critics = [{"at": "2026-09-08 13:00", "text": "这种通报糊弄谁呢", "author_id": "u2"}]
    thanks = [{"at": "2026-09-08 14:00", "text": "动作挺快，给登记窗口点赞", "author_id": "u3"}]
    both = story(FIRST, *critics, *thanks)
    assert both.views.row(0, named=True)["quote"] == "这种通报糊弄谁呢"
    assert lessons.criticism(both).startswith("公众态度没有测量（标注不足）。批评官方的回应或监管的，按用词找到1人")
    assert "%" not in lessons.criticism(both)
    assert "没有找到批评官方" in lessons.criticism(story(FIRST, *thanks))
    assert "没有找到明确的观点" in lessons.criticism(story(FIRST))


@pytest.mark.parametrize(
    "text",
    [
        "来电人对之前的答复不满意。",
        "希望尽快给个满意的答复。",
        "处理结果不太满意",
        "先感谢领导！",
        "这家店一点都不靠谱",
    ],
)
def test_who_is_not_content_does_not_approve(text: str) -> None:
    approve = story(FIRST, {"at": "2026-09-08 14:00", "text": text, "author_id": "u3"}).views
    assert approve.filter(pl.col("key") == "认可、感谢处置")["n"].to_list() == [0]


def test_orders_that_nobody_spoke_of_in_public_are_answered_to_who_called() -> None:
    order = {"kind": "complaint", "platform": "12345工单", "text": FIRST["text"], "at": FIRST["at"]}
    later = {"at": "2026-09-18 12:20", "kind": "complaint", "platform": "12345工单", "text": "食堂又吃出黑乎乎的东西"}
    alone, public = story(order, later), story(order, FIRST | {"at": "2026-09-09 12:20"}, later)
    assert alone.orders_alone and not public.orders_alone
    assert "missed" not in alone.clocks["state"].to_list() and "missed" in public.clocks["state"].to_list()
    said = lessons.summary(alone, zone=ZONE) + answers.speed(alone) + "".join(lessons.lessons(alone, zone=ZONE)["fact"])
    assert "都是工单，没有见到网帖" in said and "期限已过" not in said and "没有官方回应" not in said
    assert "数据里没有官方回应" in lessons.summary(public, zone=ZONE)


def test_a_reply_to_one_letter_is_no_answer_to_the_public() -> None:
    """It starts no clock of the web and is held against no other reply; among web posts it is read by all."""
    letters = [
        {
            "post_id": f"p00{n}",
            "kind": "complaint",
            "platform": "留言板",
            "text": FIRST["text"],
            "at": f"2026-09-0{n} 09:00",
        }
        for n in (1, 2)
    ]
    replies = [
        SOON | {"at": "2026-09-11 09:00", "parent_id": "p001", "text": "经核查，情况属实，已责令整改。"},
        SOON | {"at": "2026-09-12 09:00", "parent_id": "p002", "text": "经核查，情况不属实，没有发现异物。"},
    ]
    told = story(*letters, *replies)
    assert told.orders_alone and told.replied == 2 and told.answers.is_empty() and not told.reversals
    assert "missed" not in told.clocks["state"].to_list()
    said = lessons.summary(told, zone=ZONE) + answers.correctness(told) + answers.after(told, zone=ZONE)
    assert "数据里已答复2件" in said and "超时" not in said and "没有官方回应" not in said
    with_web = story(*letters, FIRST | {"at": "2026-09-10 09:00"}, *replies)
    assert with_web.answers.height == 2 and not with_web.orders_alone
    to_all = story(*letters, SOON | {"at": "2026-09-11 09:00", "parent_id": None})
    assert to_all.answers.height == 1 and "超时" in lessons.summary(to_all, zone=ZONE)


def test_an_answer_to_letters_is_no_post_of_the_web() -> None:
    letter = {"kind": "complaint", "platform": "留言板", "text": FIRST["text"], "at": FIRST["at"]}
    looked_back = story(letter, SOON)
    assert "没有见到网帖" in lessons.origin(looked_back, zone=ZONE)
    assert not lessons.lessons(looked_back, zone=ZONE)["lesson"].str.contains("工单早于网帖").any()


def test_what_has_no_number_is_said_without_one() -> None:
    order = {
        "kind": "complaint",
        "platform": "12345工单",
        "text": "商场二楼的扶梯坏了，请把扶梯修好",
        "at": FIRST["at"],
    }
    alone = story(order)
    assert lessons.demanded(alone) == "没有5件以上提出的诉求。"
    assert "共1件" in lessons.summary(alone, zone=ZONE) and "原创" not in lessons.summary(alone, zone=ZONE)
    rest = deadlines.unknown(alone.clocks, zone=ZONE)
    assert "予以回应" not in rest and rest.endswith("不按网上舆情的时限计。")
    assert incident_review.forecasts(alone, alone.posts, alone.posts.select("post_id", story_id=pl.lit("s"))) == []


def test_notebooks_of_before_find_what_they_call() -> None:
    assert review.title is spread.title and review.verdicts is response.verdicts and callable(review.measures)
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        review.nothing_of_the_kind  # noqa: B018


def test_lessons_rest_on_facts() -> None:
    found = lessons.lessons(story(FIRST, LATE, TAKEN_BACK), zone=ZONE)
    facts = "".join(found["fact"])
    assert "超出24小时" in facts and "9月11日 12:20的说法在9月12日 18:00被推翻" in facts
    assert lessons.lessons(story(FIRST), zone=ZONE)["fact"][0] == "已采集的帖文里没有官方回应"


def test_without_links_the_course_is_not_made_up() -> None:
    alone = story(FIRST)
    assert alone.edges.is_empty() and "没有转评关系" in lessons.course(alone)


def test_every_question_names_a_section_of_the_notebook_or_whom_to_ask() -> None:
    asked = SHIPPED.review_questions
    assert asked.height == 16 and asked["source"].str.len_chars().min() > 0
    notebook = (Path(__file__).parents[2] / "notebooks" / "4-incident-review.ipynb").read_text(encoding="utf-8")
    for where in asked.filter(pl.col("data"))["where"]:
        assert f"## {where}" in notebook, where
