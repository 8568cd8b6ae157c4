"""New words: planted names are found and fragments are not; on real titles most of what is found reads as a name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from opinion_lab.analyse import trends
from opinion_lab.analyse.trends import terms
from opinion_lab.prepare import tokens
from opinion_lab.rules import SHIPPED
from tests.make import ZONE

START = datetime(2025, 7, 1, tzinfo=UTC)
NAMES = ("蓝鲸渡口案", "赤霞湾", "云闪盒子", "半夏里", "k9充电桩")
SAID = ("食堂", "学校", "通报", "调查", "记者", "家长", "市场", "检查", "回应", "处罚", "价格", "退款", "商家", "视频")


def posts(names: tuple[str, ...] = NAMES, n: int = 8, calm: int = 2500) -> pl.DataFrame:
    """Titles of common words in any order; in the last of four weeks some of them name something new."""
    random = np.random.default_rng(3)
    titles = ["".join(random.choice(SAID, random.integers(2, 5))) for _ in range(calm)]
    times = [START + timedelta(minutes=16 * i) for i in range(calm)]
    for name in names:
        for i in range(n):
            before, after = random.choice(SAID, 2)
            titles.append(f"{before}{name}{after}" if i % 3 else f"{name}{after}")
            times.append(START + timedelta(days=22, hours=i))
    frame = pl.DataFrame({"title": titles, "published_at": pl.Series(times, dtype=pl.Datetime("us", "UTC"))})
    return frame.with_columns(post_id=pl.format("p{}", pl.int_range(pl.len())), copy_of=pl.lit(None, pl.String))


def test_planted_names_are_found_whole_and_first() -> None:
    known = tokens.known(tokens.Lexicon())
    found = terms.find(posts(), known=known, since=START + timedelta(days=21))
    assert set(found["word"].head(5)) == set(NAMES)
    assert not {"渡口案", "霞湾", "云闪", "闪盒子"} & set(found["word"]), "a part of a name is not free"
    assert (found["before"].head(5) == 0).all() and (found["n"].head(5) >= 6).all(), "of eight, less the same titles"
    assert found.equals(terms.find(posts().reverse(), known=known, since=START + timedelta(days=21))), "order of rows"


def test_what_a_dictionary_knows_is_not_new() -> None:
    found = terms.find(posts(("食品安全", "赤霞湾")), known=tokens.known(tokens.Lexicon()))
    assert "赤霞湾" in found["word"].to_list() and "食品安全" not in found["word"].to_list()


def test_copies_of_one_text_are_one() -> None:
    once = posts(("赤霞湾",), n=1)
    copies = [once.tail(1).with_columns(post_id=pl.lit(f"c{i}"), copy_of=pl.lit("p2500")) for i in range(9)]
    many = pl.concat([once, *copies])
    assert "赤霞湾" not in terms.find(many)["word"].to_list()


def test_calls_in_the_words_of_one_form_are_as_many_as_they_are() -> None:
    """What the hotline notes nine times in the same words was said nine times."""
    since = START + timedelta(days=21)
    once = posts().with_columns(kind=pl.lit("complaint"))
    same = [once.tail(1).with_columns(post_id=pl.lit(f"c{i}"), copy_of=pl.lit("p2500")) for i in range(9)]
    before, after = (
        dict(terms.find(frame, known=tokens.known(tokens.Lexicon()), since=since).select("word", "n").iter_rows())
        for frame in (once, pl.concat([once, *same]))
    )
    assert after[NAMES[-1]] == before[NAMES[-1]] + 9


@pytest.mark.parametrize("frame", [posts(calm=0, names=()), posts(calm=1, names=()), posts(("赤霞湾",), n=3, calm=0)])
def test_of_little_nothing_is_found(frame: pl.DataFrame) -> None:
    assert terms.find(frame).is_empty()


def test_new_words_can_be_counted() -> None:
    frame = posts()
    marked = frame.with_columns(new=terms.mark(frame["title"], NAMES))
    assert marked.filter(pl.col("title").str.contains("k9充电桩"))["new"].list.contains("k9充电桩").all()
    counts = trends.count(marked, key="new", every="1d", zone=ZONE)
    assert dict(counts.group_by("key").agg(pl.col("n").sum()).iter_rows()) == dict.fromkeys(NAMES, 8)
    assert terms.mark(pl.Series(["a", None]), ()).to_list() == [[], []]


def test_new_words_of_real_titles(shared_data: Path) -> None:
    """Names planted into a week of real titles come out near the top; what else is there stands in several titles."""
    hot = pl.read_ndjson(
        (shared_data / "weibo_hot_hourly" / "2024-06.jsonl.gz"), schema={"title": pl.String, "day": pl.String}
    )
    titles = hot.group_by("title").agg(
        published_at=pl.col("day").min().str.to_datetime(time_unit="us", time_zone="UTC")
    )
    since = datetime(2024, 6, 24, tzinfo=UTC)
    new = posts(n=6, calm=0).select("title", published_at=pl.lit(since).dt.cast_time_unit("us") + timedelta(hours=5))
    known = tokens.known(SHIPPED.lexicon)
    found = terms.find(pl.concat([titles, new]), known=known, since=since)
    assert set(NAMES) <= set(found["word"].head(40)), "six titles are enough to be seen"
    assert found.height < 200, "a page of new words, not a dictionary"
