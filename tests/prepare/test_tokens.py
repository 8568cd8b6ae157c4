"""Words: jieba's own output to the last token, and what of it is worth counting."""

import csv
import gzip
import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import jieba
import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.prepare import normalize, tokens
from opinion_lab.prepare.tokens import dictionary, segmentation
from opinion_lab.rules import SHIPPED

# Texts that trip a copy of jieba: signs, scripts, unknown characters, ties between equal routes, and the usual proofs.
STRANGE = (
    """
👪 ¦ 🇨🇳加油🇨🇳 ¦ 好👍🏽👍🏽👍🏽棒 ¦ [泪][泪][哈哈] ¦ (╯°□°）╯ ¦ ٩(๑❛ᴗ❛๑)۶ ¦ ➕1 ¦ ①②③ ¦ ½杯 ¦ ２０１９年 ¦ 1.5%
3.14159 ¦ 1.2.3 ¦ 50%的人 ¦ 50%% ¦ 100.00元 ¦ 0.5%-1.2% ¦ -5 ¦ 5- ¦ -- ¦ 1-3 ¦ 1--3 ¦ 2019-08-31 ¦ % ¦ . ¦ ...
www.x.com ¦ http://t.cn/zWAbc ¦ a.b.c@d.com ¦ C++ ¦ c++语言 ¦ C#和c# ¦ AT&T ¦ AT& ¦ at&t ¦ R&D ¦ Q&A ¦ a+b=c
#话题# ¦ a_b_c ¦ T恤 ¦ T恤衫T恤 ¦ A股B股 ¦ 4S店 ¦ 4s店的4S ¦ 卡拉OK ¦ K歌之王 ¦ 江南style ¦ 江南STYLE ¦ 小S大S
阿Q正传 ¦ B超B超 ¦ IP地址IP ¦ 3D打印5G ¦ iPhone12ProMax真香 ¦ abc123中文def456 ¦ 12315 ¦ 拨打12315投诉 ¦ 第1名
No.1 ¦ v2.0 ¦ G20峰会 ¦ PM2.5超标 ¦ Wi-Fi ¦ e-mail ¦ O2O ¦ 㐀㐁 ¦ 一㐀二 ¦ 䶮 ¦ 鿖鿕 ¦ 我鿿你 ¦ 豈更車 ¦ 𠀀
𠮷野家 ¦ 王𠮷的 ¦ 𫍙 ¦ 〇 ¦ 二〇二六年 ¦ 々 ¦ ㄅㄆ ¦ ひらがなカタカナ漢字 ¦ 한국어 ¦ 龘龘龘 ¦ 彁 ¦ 我彁你
円谷咲夜 ¦ 妩媚的嬿 ¦ 恹恹欲睡 ¦ 揶揄 ¦ 孓 ¦ 彡彡彡彡 ¦ 嶌嶌 ¦ 廼廼廼 ¦ 丂七丄 ¦ 憮懨斉 ¦ 頴川 ¦ 烎槑囧兲
臺灣的網友說這裡很難找 ¦ 市場監督管理局發佈通報 ¦ 後來頭髮乾了 ¦ 裏面有蟲 ¦ 說好的賠償呢？？？ ¦ 龍鳳呈祥
速速速及文心雕龙 ¦ 欢欢欢汇汇 ¦ 流流流负 ¦ 哈哈哈哈哈哈哈 ¦ 啊啊啊啊啊 ¦ 的的的的 ¦ 了了了了了 ¦ 看看看看看
人人人人人人人 ¦ 天天天 ¦ 我来到北京清华大学 ¦ 他来到了网易杭研大厦
小明硕士毕业于中国科学院计算所，后在日本京都大学深造 ¦ 乒乓球拍卖完了 ¦ 结婚的和尚未结婚的
李小福是创新办主任也是云计算方面的专家 ¦ 工信处女干事每月经过下属科室 ¦ 永和服装饰品有限公司
这是一个伸手不见五指的黑夜 ¦ 不是不是不是 ¦ a ¦ A ¦ 1 ¦ 的 ¦ Z9 ¦ 1 2 3 ¦ a,b,c ¦ ，。！？ ¦ “引号”‘引号’
——破折号—— ¦ …… ¦ · ¦ ～ ¦ ￥100 ¦ $5 ¦ ℃ ¦ ㎡ ¦ ﬁ ¦ ß ¦ ſ ¦ К ¦ É ¦ Ⅳ级 ¦ γ射线 ¦ Ａ座
""".strip()
    .replace("\n", " ¦ ")
    .split(" ¦ ")
)
# fmt: off
STRANGE += [
    "", " ", "\n", "\r\n", "\r", "\n\r\n\r", "\t\t", "\u3000\u3000", "\x00", "a\x00b", "\x1e",
    "一\x1e\x1e二", "\ufeff开头", "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466一家人", "x" * 300,
    "好" * 300, "\u200b零宽\u200d", "e\u0301", "\x85", "a\u2028b", "\x7f", "\ud800", "坏\udfff的",
]
# fmt: on

Words = dictionary.Words


def words_of(said: str) -> Words:
    """`云溪县 缺斤短两:50 …`: words, those with a colon with a frequency."""
    pairs = (word.partition(":") for word in said.split())
    return tuple((word, int(freq) if freq else None, None) for word, _, freq in pairs)


LEXICONS = {
    "new words": "云溪县 缺斤短两:50 市监局 八两秤:3 龘龘",
    "known words": "中国 不是:1 速速:7 欢:200000 B超:9",
    "letters and digits": "12315 OK:5 iPhone12 5G:3 a:99 abc",
    "signs": "3.14 C++:9 Wi-Fi --:3 +:77 PM2.5:4 AT&",
    "rare": "彁彁 王𠮷 我鿿:9 〇二 彡:5",
    "single": "罚:50000 鼠 的:1",
    "twice": "云溪县:3 云溪县:9 中国:5 中国:8",
    "deleted": "清华大学:0 来到:0 云溪县 哈哈:0 abc:0 龘龘:0",
}
MORE = (
    """
云溪县市监局的八两秤缺斤短两 ¦ 12315和912315还有12315-1abc ¦ 打OK了abcOK5GiPhone12 Pro
王𠮷的我鿿彁彁彁 ¦ 罚款罚他 ¦ 中国不是B超
""".strip()
    .replace("\n", " ¦ ")
    .split(" ¦ ")
)


@pytest.fixture(scope="session")
def dictionary() -> tuple[dict[str, int], int]:
    plain = jieba.Tokenizer()
    return plain.gen_pfdict(plain.get_dict_file())


@pytest.fixture(scope="session")
def by_jieba(dictionary: tuple[dict[str, int], int]) -> Callable[[Words], Callable[[str], list[str]]]:
    """jieba 0.42.1 itself, given these words by its own `add_word`."""

    def with_words(words: Words) -> Callable[[str], list[str]]:
        tokenizer = jieba.Tokenizer()
        tokenizer.FREQ, tokenizer.total = dict(dictionary[0]), dictionary[1]
        tokenizer.initialized = True
        for word, freq, tag in words:
            tokenizer.add_word(word, freq, tag)

        def lcut(t: str) -> list[str]:
            # what jieba keeps for the whole process: only this lexicon's deleted words
            jieba.finalseg.Force_Split_Words.clear()
            jieba.finalseg.Force_Split_Words.update(w for w, freq, _ in words if freq == 0)
            return tokenizer.lcut(t)

        return lcut

    yield with_words
    jieba.finalseg.Force_Split_Words.clear()


def test_this_is_the_jieba_that_is_meant() -> None:
    assert jieba.__version__ == "0.42.1"


def test_strange_texts_are_cut_as_jieba_cuts_them(by_jieba) -> None:
    lcut = by_jieba(())
    for given, words in zip(STRANGE, tokens.cut(STRANGE), strict=True):
        assert words == lcut(given), ascii(given)


@pytest.mark.parametrize("name", LEXICONS)
def test_user_words_weigh_as_in_jieba(name: str, by_jieba) -> None:
    words = words_of(LEXICONS[name])
    lcut = by_jieba(words)
    given = [*MORE, *STRANGE, *(a + b for a, b in zip(STRANGE, reversed(STRANGE), strict=True))]
    for t, cut in zip(given, tokens.cut(given, tokens.Lexicon(words)), strict=True):
        assert cut == lcut(t), ascii(t)


def test_any_mixture_of_characters(by_jieba) -> None:
    """What broke earlier versions: ties, unknown characters, signs, and words made of them."""
    chance = random.Random(20260831)
    single = "的了是我们不有这中国市场监管食品安全投诉速欢流微天看人哈彁円咲嬿孓彡龘0123456789abXYT+#&._%-"
    pieces = [*single, *single, *"㐀鿖𠀀，。 \n👪", "\r\n", "C++", "4S店", "清华大学", "代代代", "PM2.5"]
    given = ["".join(chance.choices(pieces, k=chance.randint(1, 24))) for _ in range(3000)]
    made = {"".join(chance.choices(single, k=chance.randint(1, 4))): chance.choice([None, 1, 900]) for _ in range(30)}
    for words in ((), tuple((word, freq, None) for word, freq in made.items())):
        lcut = by_jieba(words)
        for t, cut in zip(given, tokens.cut(given, tokens.Lexicon(words)), strict=True):
            assert cut == lcut(t), ascii(t)


def test_words_that_the_route_leaves_apart_stay_apart(by_jieba) -> None:
    """一七, 一三 …: the singles are likelier than the word, and the model that would join them is not asked."""
    words = words_of("PC机:1 的了:1 是不是的:1 我的1:1 罚:90000000 罚款:1")
    cutter = segmentation.cutter(words)
    assert {"的了", "罚款"} <= cutter.apart
    given = [f"{a}，{a}的{b}" for a, b in itertools.pairwise(sorted(cutter.apart))]
    given += ["PC机的", "我的1", "1我的1%", "是不是的了", "罚款罚"]
    lcut = by_jieba(words)
    for t, cut in zip(given, tokens.cut(given, tokens.Lexicon(words)), strict=True):
        assert cut == lcut(t), ascii(t)


def real_posts(shared_data: Path) -> list[str]:
    chance = random.Random(7)
    posts: list[str] = []
    with gzip.open(shared_data / "ced_cascades" / "cascades.jsonl.gz", "rt", encoding="utf-8") as lines:
        comments = [r["text"] for _, line in zip(range(200), lines, strict=False) for r in json.loads(line)["reposts"]]
    posts += chance.sample([c for c in comments if c], 4000)
    with (shared_data / "gov_messages" / "messages.csv").open(encoding="utf-8-sig") as file:
        posts += chance.sample([row["留言详情"] for row in csv.DictReader(file)], 120)
    with (shared_data / "thucnews_titles" / "dev.txt").open(encoding="utf-8") as lines:
        posts += chance.sample([line.split("\t")[0] for line in lines], 1500)
    with (shared_data / "reviews" / "waimai_10k.csv").open(encoding="utf-8-sig") as file:
        posts += chance.sample([row["review"] for row in csv.DictReader(file)], 1000)
    with gzip.open(shared_data / "weibo_hot_hourly" / "2025-01.jsonl.gz", "rt", encoding="utf-8") as lines:
        posts += chance.sample(sorted({json.loads(line)["title"] for line in lines}), 800)
    return posts


def test_real_posts_are_cut_as_jieba_cuts_them(shared_data: Path, by_jieba) -> None:
    posts = real_posts(shared_data)
    lexicon = SHIPPED.lexicon
    for words in ((), lexicon.words):
        lcut = by_jieba(words)
        different = [t for t, w in zip(posts, tokens.cut(posts, tokens.Lexicon(words)), strict=True) if w != lcut(t)]
        assert different == []


def test_long_lists_come_back_in_order_however_they_are_chunked(monkeypatch) -> None:
    given = [f"{n}号帖说了{'很' * (n % 7)}多话" for n in range(500)] + ["", "末了"]
    whole = tokens.cut(given)
    monkeypatch.setattr(segmentation, "CHUNK_CHARS", 50)
    assert tokens.cut(given) == whole


def test_threads_share_one_dictionary() -> None:
    parts = [[f"第{n}条：{t}" for t in STRANGE if "\ud800" not in t] for n in range(8)]
    alone = [tokens.cut(part) for part in parts]
    segmentation._built.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tokens.cut, parts)) == alone


def test_nothing_on_stderr_and_no_shared_cache(tmp_path: Path) -> None:
    """jieba unpickles jieba.cache from the shared temp folder, and logs; a planted file must not matter."""
    (tmp_path / "jieba.cache").write_bytes(b"planted")
    code = """
from opinion_lab.prepare import tokens
print(*tokens.cut(["我来到北京清华大学"], tokens.Lexicon((("北京", 0, None),)))[0], *tokens.cut(["一万人"])[0])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["我", "来到", "北", "京", "清华大学", "一万", "人"]
    assert [p.name for p in tmp_path.iterdir()] == ["jieba.cache"]


def test_a_deleted_word_is_deleted_for_its_lexicon_alone() -> None:
    assert "清华大学" not in tokens.cut(["北京清华大学"], tokens.Lexicon((("清华大学", 0, None),)))[0]
    assert "清华大学" in tokens.cut(["北京清华大学"])[0]
    assert not jieba.finalseg.Force_Split_Words


# --- the lexicon ---------------------------------------------------------------------------------------------


def test_the_shipped_lexicon_does_what_it_is_for() -> None:
    lexicon = SHIPPED.lexicon
    words = [w for w, _, _ in lexicon.words]
    assert len(words) > 200 and len(lexicon.stop) > 500
    assert lexicon.stop.isdisjoint(words)
    assert {"投诉", "退款", "不合格", "态度", "12315"}.isdisjoint(lexicon.stop)
    alone = tokens.cut(words, lexicon)
    assert [w for w, cut in zip(words, alone, strict=True) if cut != [w]] == []
    said = "某县市监局说那家店缺斤少两、霸王条款，退卡难"
    assert "市监局" not in tokens.cut([said])[0]
    assert {"市监局", "缺斤少两", "霸王条款"} <= set(tokens.cut([said], lexicon)[0])
    folded = normalize.fold(pl.Series(sorted(lexicon.stop))).to_list()
    assert folded == sorted(lexicon.stop), "a stop word that folding changes would never be met"


# --- posts ---------------------------------------------------------------------------------------------------


def posts_of(*said: str | tuple[str | None, str]) -> pl.DataFrame:
    at = datetime(2026, 9, 1, tzinfo=UTC)
    pairs = [s if isinstance(s, tuple) else (None, s) for s in said]
    rows = [{"post_id": f"p{n}", "day": at.date(), "title": t, "text": s} for n, (t, s) in enumerate(pairs)]
    return pl.DataFrame(rows, schema={"post_id": pl.String, "day": pl.Date, "title": pl.String, "text": pl.String})


CASES = [
    ("到市监局投诉，打12315！罚他！", ["市监局", "投诉", "12315"]),
    ("市場監督管理局說缺斤少兩屬實", ["市场监督管理局", "缺斤少两", "属实"]),
    ("@u_0123456789ab 看看 http://t.cn/zWAbc [泪][泪]", []),
    ("8/31 90% 2019年 😀 ！！！ B", []),
    ("转发微博", []),
    ("警方展开调查。展开", ["警方", "调查"]),
    ("A股 T恤 iPhone很贵", ["a股", "t恤", "iphone", "很贵"]),
    ("不合格的食堂，态度恶劣", ["不合格", "食堂", "态度恶劣"]),
    ("", []),
    (("食堂吃出异物", "食堂吃出异物，求调查"), ["食堂", "异物", "调查"]),
    (("食堂有异物", "孩子说的"), ["食堂", "异物", "孩子"]),
    ((None, "只有正文"), ["正文"]),
]


def test_words_worth_counting() -> None:
    posts = posts_of(*(said for said, _ in CASES))
    found = tokens.tokenize(posts, SHIPPED.lexicon)
    schemas.Token.validate(found)
    assert found["post_id"].to_list() == posts["post_id"].to_list()
    for (said, expected), words in zip(CASES, found["tokens"].to_list(), strict=True):
        assert words == expected, said


def test_single_characters_and_stop_words_stay_out() -> None:
    lexicon = tokens.Lexicon((("罚", None, "v"),), frozenset({"我們", "但是"}))
    found = tokens.tokenize(posts_of("但是我们，罚！他不服", "我 很 气"), lexicon)
    assert found["tokens"].to_list() == [["罚", "不服"], []]


def test_no_posts_no_words() -> None:
    empty = tokens.tokenize(schemas.empty(schemas.Post), tokens.Lexicon())
    assert empty.height == 0 and empty.schema["tokens"] == pl.List(pl.String)


def test_tokens_do_not_depend_on_row_order() -> None:
    posts = posts_of(*(t for t in STRANGE if t.isprintable()))
    forward = tokens.tokenize(posts, SHIPPED.lexicon).sort("post_id")
    backward = tokens.tokenize(posts.reverse(), SHIPPED.lexicon).sort("post_id")
    assert forward.equals(backward)
    assert forward["day"].unique().to_list() == [date(2026, 9, 1)]
