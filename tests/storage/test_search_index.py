"""Search: what a plain look through the texts finds, no more and no less, and the newest first."""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from opinion_lab.config import LabError
from opinion_lab.prepare import normalize
from opinion_lab.storage.search_index import SearchIndex

START = datetime(2026, 9, 1, tzinfo=UTC)
TEXTS = {
    "a": "食堂的木耳发霉了，孩子拉肚子",
    "b": "木耳广告：东北黑木耳，包邮",
    "c": "老木，耳朵疼",  # signs between two characters do not part them
    "d": "學校食堂後廚不衛生",
    "e": "iPhone15 Pro 退款",
    "f": "退費難，健身房跑路",
    "g": "村上海边的餐馆",
}


def rows(texts: dict[str, str], start: datetime = START) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"post_id": list(texts), "text": list(texts.values())}, schema=dict.fromkeys(("post_id", "text"), pl.String)
    )
    at = [start + timedelta(minutes=n) for n in range(len(texts))]
    return frame.select("post_id", published_at=pl.Series(at, dtype=pl.Datetime("us", "UTC")), text="text")


@pytest.fixture
def index(tmp_path: Path) -> SearchIndex:
    made = SearchIndex(tmp_path / "search.sqlite", normalize.searchable)
    made.put(rows(TEXTS), "2026-09-01", "1")
    return made


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("木耳", "cba"),
        ("木耳 -广告", "ca"),
        ("木耳 食堂", "a"),
        ("退款 | 退费", "fe"),
        ("(退款 | 木耳) -食堂", "ecb"),
        ("（退款｜木耳） 食堂", "a"),
        ("食堂", "da"),
        ("食堂后厨", "d"),
        ("上海", "g"),
        ("iphone15", "e"),
        ('"木耳发霉"', "a"),
        ("“木耳发霉”", "a"),
        ("霉", "a"),
        ("木耳，", "cba"),
        ("没有的词", ""),
    ],
)
def test_finds(index: SearchIndex, query: str, wanted: str) -> None:
    hits = index.search(query)
    assert "".join(hits.post_ids) == wanted and hits.n == len(wanted)


@pytest.mark.parametrize(
    ("word", "text", "wanted"),
    [
        ("市监局", "@云溪市监局 管一管", True),
        ("@云溪市监局", "请@云溪市监局管一管", True),
        ("管一管", "请@云溪市监局管一管", True),  # no sign says where a name ends
        ("难退", "#健身房难退费#大家看看", True),
        ("#难退费#", "健身房难退费", True),
        ("小区", "太吵了//@城東小區業主：又來了", True),
        ("微风", "谢谢[微风]", True),
        ("手机号", "打[手机号]问", True),
        ("微博", "转发微博", True),
        ("cn", "http://t.cn/A6abc", False),
        ("详情", "https://a.cn/b详情见此", True),
    ],
)
def test_what_a_reader_sees_is_found_within_names_tags_and_marks(
    tmp_path: Path, word: str, text: str, wanted: bool
) -> None:
    made = SearchIndex(tmp_path / "s.sqlite", normalize.searchable)
    made.put(rows({"a": text}), "2026-09-01", "1")
    assert made.search(word).n == wanted


@pytest.mark.parametrize(
    "query", ["", "  ", "-广告", "()", "(木耳", "木耳)", "| 木耳", "木耳 |", "木耳 | | 食堂", "，。"]
)
def test_what_cannot_be_searched_says_how_to_write_it(index: SearchIndex, query: str) -> None:
    with pytest.raises(LabError, match="看不懂"):
        index.search(query)


@pytest.mark.parametrize("query", ['" OR words:a', "NEAR(木 耳)", "木耳*", "AND", "NOT 木耳", "'; drop table post; --"])
def test_nothing_in_a_query_is_an_instruction(index: SearchIndex, query: str) -> None:
    index.search(query)
    assert index.search("木耳").n == 3


def test_two_characters_are_found_wherever_a_plain_look_finds_them(tmp_path: Path) -> None:
    draw = random.Random(1)
    texts = {f"p{n}": "".join(draw.choices("木耳食堂的 a1，。", k=12)) for n in range(400)}
    made = SearchIndex(tmp_path / "s.sqlite", normalize.searchable)
    made.put(rows(texts), "2026-09-01", "1")
    for word in ("木耳", "耳木", "食堂的", "堂"):
        plain = [p for p, text in texts.items() if word in re.sub(r"[\s，。]", "", text)]
        assert sorted(made.search(word).post_ids) == sorted(plain)


def test_a_day_put_again_replaces_itself_and_a_post_that_moved(index: SearchIndex) -> None:
    index.put(rows({"a": "加油站", "h": "木耳"}, START + timedelta(days=1)), "2026-09-02", "1")
    assert index.search("加油站").post_ids == ["a"]
    assert index.search("木耳").post_ids == ["h", "c", "b"], "post a is not found by its former words"
    index.put(rows({}), "2026-09-01", "")
    assert index.search("木耳").post_ids == ["h"]
    assert index.changed({"2026-09-02": "1"}) == [] and index.changed({"2026-09-02": "2"}) == ["2026-09-02"]
    assert index.changed({}) == ["2026-09-02"]


def test_a_period_and_a_bound(index: SearchIndex) -> None:
    assert index.search("木耳", since=START + timedelta(minutes=1)).post_ids == ["c", "b"]
    assert index.search("木耳", until=START + timedelta(minutes=1)).post_ids == ["a"]
    assert (index.search("木耳", most=1).post_ids, index.search("木耳", most=1).n) == (["c"], 3)


def test_posts_of_one_second_stay_apart(tmp_path: Path) -> None:
    made = SearchIndex(tmp_path / "s.sqlite", normalize.searchable)
    same = rows({f"p{n}": "木耳" for n in range(3000)}).with_columns(published_at=pl.lit(START))
    made.put(same, "2026-09-01", "1")
    assert made.search("木耳").n == 3000
