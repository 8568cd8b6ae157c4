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


def label(frame: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    return relevance.inherit(relevance.by_words(frame, watch), pl.Series([], dtype=pl.String))


def verdict(row: dict[str, object], watch: Watch) -> tuple[bool, str]:
    frame = label(posts(row), watch)
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
    if reason and not clause.startswith("/") and any(sign in clause for sign in " |｜　"):
        reason += f"（符合“{clause}”）"  # a clause of several words is named
    assert verdict(post(text=text), Watch(any=(clause,))) == (reason is not None, reason or "未含关注词")


WEAK = ("~态度", "~推诿", "~态度差", "食堂 (~脏 | ~异味)", "投诉")


@pytest.mark.parametrize(
    ("text", "relevant", "reason"),
    [
        ("态度真好", False, "只有一个弱词：态度"),
        ("态度不好，还互相推诿", True, "含关注词：态度、推诿（弱词合计）"),
        ("态度差", False, "只有一个弱词：态度、态度差"),  # one place, one word
        ("态度差，推诿", True, "含关注词：态度、推诿、态度差（弱词合计）"),
        ("态度差，我要投诉", True, "含关注词：态度、态度差、投诉"),
        ("食堂很脏", True, "含关注词：食堂、脏（符合“食堂 (~脏 | ~异味)”）"),  # half beside a whole one is enough
        ("厨房很脏", False, "未含关注词"),
        ("推诿，推诿，还是推诿", False, "只有一个弱词：推诿"),
    ],
)
def test_weak_words_count_half(text: str, relevant: bool, reason: str) -> None:
    assert verdict(post(text=text), Watch(any=WEAK)) == (relevant, reason)


def test_weak_words_in_must_and_not() -> None:
    watch = Watch(must=("~云溪 ~食堂",), exclude=("~招聘", "~日结"))
    assert verdict(post(text="云溪食堂招聘"), watch)[0]
    assert verdict(post(text="云溪食堂招聘，日结"), watch) == (False, "含排除词：招聘、日结（弱词合计）")
    assert verdict(post(text="云溪"), watch) == (False, "缺少必含词：~云溪 ~食堂")


BESIDE = Watch(
    any=("+态度差", "（食堂｜饭堂）＋（老鼠｜/鼠[头尾]/）", "~+没人接", "~敷衍"),
    bureau=("市场监管", "工商局", "/监管[所局]/"),
)
FAR = "排了很久的队也没有一个人出来说一句话我们只好先回家了"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("市场监管局的人态度差", "含关注词：+态度差"),
        ("態度差，說的就是工商局", "含关注词：+态度差"),  # either order, either script
        ("镇上监管所，态度差得很", "含关注词：+态度差"),  # a comma does not part them
        ("服务员态度差。我要找市场监管", None),  # the shop's manners, not the bureau's
        ("服务员态度差！\n市场监管在哪", None),
        (f"市场监管局{FAR}态度差", None),
        ("服务员态度差", None),
        ("食堂吃出鼠头", "含关注词：(食堂|饭堂)+(老鼠|/鼠[头尾]/)"),
        ("老鼠从饭堂跑过", "含关注词：(食堂|饭堂)+(老鼠|/鼠[头尾]/)"),
        ("食堂关门。老鼠", None),
        ("市场监管的电话没人接，敷衍", "含关注词：+没人接、敷衍（弱词合计）"),
        ("市场监管 http://a.cn/x?b=1 态度差", "含关注词：+态度差"),  # the mark within a link ends no sentence
    ],
)
def test_some_words_count_only_beside_another(text: str, reason: str | None) -> None:
    relevant, said = verdict(post(text=text), BESIDE)
    assert (relevant, said) == (reason is not None, reason or "未含关注词")


def test_beside_means_within_one_field() -> None:
    assert not verdict(post(title="市场监管局", text="态度差"), BESIDE)[0]
    assert verdict(post(title="不想说了", quoted="市场监管局态度差"), BESIDE)[0]


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
        ("+态度差", "“+”前面没有词，[watch] 的 bureau 里也还没有机关词"),
        ("食堂+", "第 4 个字起，“+”后面没有词"),
        ("食堂+老鼠+蟑螂", "第 6 个字起，“+”一次只连两边"),
        ("食堂+(老鼠 蟑螂)", "第 1 个字起，“+”两边只能是词"),
        ("投诉 -~态度", "第 4 个字起，弱词只算半个，单独不足以排除"),
        ("~(脏 | 乱)", "“~”只能写在一个词的前面"),
    ],
)
def test_a_clause_that_cannot_be_read_says_where(clause: str, said: str) -> None:
    with pytest.raises(LabError) as error:
        label(posts(post()), Watch(any=("云溪", clause)))
    assert said in str(error.value)
    assert str(error.value).startswith(f"lab.toml 的 [watch] any：“{clause}”")


def test_half_a_word_can_never_be_a_must() -> None:
    with pytest.raises(LabError, match="must：“~云溪”只有一个弱词"):
        label(posts(post()), Watch(must=("~云溪",)))


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
    found = label(frame, WATCH)
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
    assert label(posts(post("0000", text="云溪"), *chain), WATCH)["relevant"].all()


def test_many_words_many_posts_and_any_order() -> None:
    """More words than an integer has bits; some stand within others."""
    words = tuple(f"词{n}" for n in range(150))
    frame = posts(*(post(str(n), text=f"这里有词{n}。") for n in range(160)))
    found = label(frame, Watch(any=words))
    reasons = dict(found.select("post_id", "relevance_reason").iter_rows())
    assert reasons["7"] == "含关注词：词7" and reasons["155"] == "含关注词：词1、词15"
    assert reasons["149"] == "含关注词：词1、词14、词149"
    assert found["post_id"].to_list() == frame["post_id"].to_list()
    assert label(frame.reverse(), Watch(any=words)).reverse().equals(found)


def test_no_posts() -> None:
    for watch in (Watch(), WATCH):
        assert schemas.Post.validate(label(schemas.empty(schemas.Post), watch)).height == 0
