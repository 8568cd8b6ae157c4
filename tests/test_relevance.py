"""The watch list: what is kept, what is not, and the words that say why."""

import random
from datetime import UTC, datetime

import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.config import LabError, Watch
from opinion_lab.prepare import relevance

AT = datetime(2026, 9, 1, tzinfo=UTC)


def post(post_id: str = "a", **given: object) -> dict[str, object]:
    """A post of which a test says only what matters to it."""
    defaults = {
        "source_id": "s",
        "platform": "微博",
        "kind": "post",
        "author_kind": "person",
        "text": "",
        "chain": [],
        "published_at": AT,
        "collected_at": AT,
        "day": AT.date(),
        "relevant": False,
        "relevance_reason": "",
        "capture": "c",
        "position": 1,
    }
    return dict.fromkeys(schemas.Post.column_names()) | {"post_id": post_id} | defaults | given


def posts(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=schemas.empty(schemas.Post).schema)


def verdict(row: dict[str, object], watch: Watch) -> tuple[bool, str]:
    frame = relevance.label(posts(row), watch)
    schemas.Post.validate(frame)
    return frame.select("relevant", "relevance_reason").row(0)


WATCH = Watch(any=("云溪", "市场监管", "投诉"), exclude=("招聘",))


@pytest.mark.parametrize(
    ("given", "watch", "relevant", "reason"),
    [
        ({"text": "天气不错"}, Watch(), True, "未设关注词"),
        ({"text": "天气不错"}, WATCH, False, "未含关注词"),
        ({"text": "云溪的店，我要投诉"}, WATCH, True, "含关注词：云溪、投诉"),
        ({"text": "投诉无门！云溪"}, WATCH, True, "含关注词：云溪、投诉"),  # in the list's order
        ({"text": "云溪某厂招聘"}, WATCH, False, "含排除词：招聘"),
        ({"text": "招聘"}, WATCH, False, "含排除词：招聘"),
        ({"text": "云溪"}, Watch(exclude=("招聘",)), True, "未设关注词"),
        ({"text": "投诉"}, Watch(must=("云溪", "食堂"), any=("投诉",)), False, "缺少必含词：云溪、食堂"),
        ({"text": "云溪食堂"}, Watch(must=("云溪",), any=("投诉",)), False, "未含关注词"),
        ({"text": "云溪食堂"}, Watch(must=("云溪",)), True, "含关注词：云溪"),
        ({"text": "云溪食堂投诉"}, Watch(must=("云溪",), any=("投诉",)), True, "含关注词：云溪、投诉"),
        # folded: script, case, width, punctuation
        ({"text": "市場監管部門"}, WATCH, True, "含关注词：市场监管"),
        ({"text": "市场监管"}, Watch(any=("市場監管",)), True, "含关注词：市場監管"),
        ({"text": "有 app 的"}, Watch(any=("APP",)), True, "含关注词：APP"),
        ({"text": "３·15晚会"}, Watch(any=("3·15",)), True, "含关注词：3·15"),
        # every field that speaks of the matter
        ({"title": "云溪通报"}, WATCH, True, "含关注词：云溪"),
        ({"quoted": "云溪的事"}, WATCH, True, "含关注词：云溪"),
        ({"region": "云溪县"}, WATCH, True, "含关注词：云溪"),
        ({"author_name": "云溪发布", "author_kind": "government"}, WATCH, True, "含关注词：云溪"),
        ({"author_name": "云溪晚报", "author_kind": "media"}, WATCH, True, "含关注词：云溪"),
        ({"author_name": "云溪大酒店", "author_kind": "business"}, WATCH, False, "未含关注词"),
        # no word is made of two fields, of two sentences, or of a link
        ({"title": "市场", "text": "监管"}, WATCH, False, "未含关注词"),
        ({"text": "逛市场。监管来了"}, WATCH, False, "未含关注词"),
        ({"text": "http://x.cn/APP"}, Watch(any=("APP",)), False, "未含关注词"),
    ],
)
def test_verdict_and_reason(given: dict[str, object], watch: Watch, relevant: bool, reason: str) -> None:
    assert verdict(post(**given), watch) == (relevant, reason)


GRAMMAR = "市场监管 (投诉 | 举报) -表扬 /退[款货]/"


@pytest.mark.parametrize(
    ("clause", "text", "reason"),
    [
        (GRAMMAR, "市场监管不管，投诉要退款", "含关注词：市场监管、投诉、/退[款货]/"),
        (GRAMMAR, "市场监管不管，举报后退货", "含关注词：市场监管、举报、/退[款货]/"),
        (GRAMMAR, "市场监管不管，投诉要退钱", None),
        (GRAMMAR, "市场监管真好，表扬，投诉退款", None),
        (GRAMMAR, "投诉要退款", None),
        ("食堂|饭堂", "饭堂", "含关注词：饭堂"),
        ("食堂 异物 | 健身房 跑路", "健身房又跑路", "含关注词：健身房、跑路"),
        ("食堂 异物 | 健身房 跑路", "食堂跑路", None),
        ("食堂 -(好吃 | 干净)", "食堂干净", None),
        ("食堂 -(好吃 | 干净)", "食堂脏", "含关注词：食堂"),
        ("（食堂｜饭堂）　异物", "食堂有异物", "含关注词：食堂、异物"),  # typed with a Chinese keyboard
        ('"AT&T" 客服', "at t的客服", "含关注词：AT&T、客服"),
        ("12315", "打12315没人接", "含关注词：12315"),
        ("/缺斤[少短]两/", "缺斤短兩", "含关注词：/缺斤[少短]两/"),
        ("/(?:涨|加)价{1,2}/", "又涨价", "含关注词：/(?:涨|加)价{1,2}/"),
    ],
)
def test_a_clerk_can_write_a_clause(clause: str, text: str, reason: str | None) -> None:
    assert verdict(post(text=text), Watch(any=(clause,))) == (reason is not None, reason or "未含关注词")


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("食堂 (投诉", "第 4 个字起，左括号“(”没有右括号“)”与它成对"),
        ("投诉)", "第 3 个字起，多了一个右括号“)”"),
        ("投诉 | ", "这里缺少一个词"),
        ("( )", "这里缺少一个词"),
        ("-招聘", "只有要排除的词，没有要关注的词"),
        ("投诉 | -招聘", "只有要排除的词，没有要关注的词"),
        ("投诉 /退[款/", "第 5 个字起，“/退[款/”不是正确的正则表达式"),
        ("投诉 /退款", "第 4 个字起，“/”没有成对"),
        ('"投诉', "第 1 个字起，引号没有成对"),
        ("", "这一项是空的"),
        ("！！", "“！！”里没有文字，无法查找"),
    ],
)
def test_a_clause_that_cannot_be_read_says_where(clause: str, said: str) -> None:
    with pytest.raises(LabError) as error:
        relevance.label(posts(post()), Watch(any=("云溪", clause)))
    assert said in str(error.value)
    assert str(error.value).startswith(f"lab.toml 的 [watch] any：“{clause}”")


def test_what_hangs_on_a_relevant_post_is_relevant() -> None:
    frame = posts(
        post("root", text="云溪食堂有异物"),
        post("repost", kind="repost", text="", parent_id="root"),
        post("deep", kind="comment", text="真的假的", parent_id="repost"),
        post("by root", kind="comment", text="扩散", parent_id="unknown", root_id="root"),
        post("spam", kind="comment", text="日结招聘", parent_id="root"),
        post("under spam", kind="comment", text="多少钱", parent_id="spam"),
        post("elsewhere", kind="comment", text="真的假的", parent_id="unknown"),
        post("own words", kind="comment", text="云溪的都这样", parent_id="root"),
    )
    found = relevance.label(frame, WATCH)
    reasons = dict(found.select("post_id", "relevance_reason").iter_rows())
    inherited = "所转发或评论的帖子相关"
    assert reasons == {
        "root": "含关注词：云溪",
        "repost": inherited,
        "deep": inherited,
        "by root": inherited,
        "spam": "含排除词：招聘",
        "under spam": "未含关注词",
        "elsewhere": "未含关注词",
        "own words": "含关注词：云溪",
    }
    assert found["relevant"].to_list() == [r == inherited or r.startswith("含关注词") for r in reasons.values()]


def test_a_chain_of_a_thousand_reposts_is_followed() -> None:
    chain = [post(f"{n:04}", text="转", parent_id=f"{n - 1:04}") for n in range(1, 1000)]
    random.Random(3).shuffle(chain)
    assert relevance.label(posts(post("0000", text="云溪"), *chain), WATCH)["relevant"].all()


def test_nothing_vanishes() -> None:
    chance = random.Random(4)
    words = ["云溪", "投诉", "招聘", "天气", "市场监管"]
    frame = posts(*(post(str(n), text="，".join(chance.choices(words, k=2))) for n in range(300)))
    kept, dropped = relevance.screen(frame, WATCH)
    assert kept.height + dropped.height == frame.height and kept.height and dropped.height
    assert kept["relevant"].all() and not dropped["relevant"].any()
    assert dropped["reason"].to_list() == dropped["relevance_reason"].to_list()
    assert set(dropped["reason"]) == {"含排除词：招聘", "未含关注词"}
    assert kept.columns == frame.columns and dropped.columns == [*frame.columns, "reason"]


def test_many_words_many_posts_and_any_order() -> None:
    """More words than an integer has bits; some stand within others."""
    words = tuple(f"词{n}" for n in range(150))
    frame = posts(*(post(str(n), text=f"这里有词{n}。") for n in range(160)))
    found = relevance.label(frame, Watch(any=words))
    reasons = dict(found.select("post_id", "relevance_reason").iter_rows())
    assert reasons["7"] == "含关注词：词7" and reasons["155"] == "含关注词：词1、词15"
    assert reasons["149"] == "含关注词：词1、词14、词149"
    assert found["post_id"].to_list() == frame["post_id"].to_list()
    assert relevance.label(frame.reverse(), Watch(any=words)).reverse().equals(found)


def test_no_posts() -> None:
    for watch in (Watch(), WATCH):
        assert schemas.Post.validate(relevance.label(schemas.empty(schemas.Post), watch)).height == 0
