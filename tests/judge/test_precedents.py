"""What came before: alike by what it is about, never by chance, and only what was there before."""

import dataclasses
import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab.analyse import stories
from opinion_lab.judge import incident_review, similar_incidents
from opinion_lab.prepare import tokens
from opinion_lab.report.wording.response import incidents
from opinion_lab.rules import SHIPPED
from opinion_lab.storage import store
from tests import make

ZONE = ZoneInfo("Asia/Shanghai")
OWN = ("测试县市场监督管理局",)
CONTEXT = incident_review.Context(SHIPPED, OWN, ZONE)


def told(root: str, day: str, *said: str, answer: str = "") -> list[dict[str, Any]]:
    """A story of an hour: its first post, comments below it, perhaps an answer."""
    rows = [
        {"post_id": f"{root}{n}", "at": f"{day} 12:{n:02}", "text": text, "root_id": f"{root}0" if n else None}
        for n, text in enumerate(said * (12 // len(said) + 1))
    ]
    official = {"kind": "statement", "author_kind": "government", "author_name": OWN[0], "root_id": f"{root}0"}
    return rows + ([{"post_id": f"{root}x", "at": f"{day} 20:00", "text": answer, **official}] if answer else [])


PAST = [
    *told(
        "gym",
        "2026-05-01",
        "健身房关门跑路，预付卡余额不退款",
        "健身房老板失联，会员卡退费难",
        answer="我局已立案调查，登记会员卡余额，督促健身房退款。",
    ),
    *told("fuel", "2026-05-10", "加油站缺斤短两，加油机计量作弊", "加油站油枪不准，计量检定过期"),
    *told("talk", "2026-05-12", "今天的晚霞真美，大家出来看看", "晚霞拍照，云彩像火烧"),
]
NOW = told("new", "2026-08-01", "又一家健身房停业，预付卡不退款", "办的健身卡余额怎么退费，老板失联")
LATER = told("late", "2026-09-01", "健身房跑路，预付卡余额不退款，会员卡退费", "健身房会员卡退款")


def found(rows: list[dict[str, Any]], name: str = "new0", at: datetime | None = None) -> pl.DataFrame:
    posts = make.posts(rows)
    spoken = tokens.tokenize(posts, SHIPPED.lexicon)
    grouped = posts.select("post_id", story_id="s_" + pl.coalesce("root_id", "post_id"))
    review = incident_review.of(posts, grouped, f"s_{name}", CONTEXT, at=at)
    return similar_incidents.alike(review, posts, grouped, spoken)


def test_the_same_matter_is_found_with_what_was_done() -> None:
    best = incidents.alike(found(PAST + NOW), zone=ZONE).row(0, named=True)
    assert best["name"].endswith("（本实验室，2026-05-01）") and "健身房" in best["name"]
    assert "立案调查" in best["done"] and "8小时" in best["fared"] and "没有见到官方说法被推翻" in best["fared"]
    assert "健身房" in best["why"] and "消费者权益保护" in best["why"]


def test_other_matters_and_later_stories_are_no_precedents() -> None:
    names = found(PAST + NOW + LATER)["name"].str.join("|").item()
    assert "加油" not in names and "晚霞" not in names
    began = found(PAST + NOW + LATER)["began"]
    assert not began.str.starts_with("2026-09").any() and not began.str.starts_with("2026-08").any()


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (("学校食堂饭里吃出老鼠头，学校说是鸭脖", "食堂异物到底是不是老鼠头"), "鼠头鸭脖2023"),
        (("运煤油的罐车不清洗就装食用油", "罐车混运食用油，谁来查"), "罐车运油2024"),
        (("直播间卖的月饼虚假宣传，主播误导消费者", "月饼直播带货，商标授权有没有"), "三只羊月饼2024"),
        (("罚得太重了，几斤芹菜罚几万元，过罚不当", "小店卖芹菜，小过重罚，类案不同罚"), "榆林芹菜案2022"),
    ],
)
def test_public_incidents_are_precedents_too(said: tuple[str, ...], name: str) -> None:
    best = found(PAST + told("new", "2026-08-01", *said)).row(0, named=True)
    assert (best["name"], best["origin"]) == (name, "public")


def test_an_earlier_hour_does_not_know_the_answer() -> None:
    old = told("old", "2026-04-30", "健身房跑路，预付卡不退款，会员卡退费难", answer="我局已立案调查，督促退款。")
    old[-1]["at"] = "2026-05-20 09:00"
    early, whole = (found(PAST + old, "gym0", at=at) for at in (make.at("2026-05-02 00:00"), None))
    assert early["done"].to_list() == [[]] and "立案调查" in whole["done"][0][0]["detail"]


def test_nothing_alike_is_said() -> None:
    nothing = found(told("new", "2026-08-01", "晚霞真美，出来看看", "云彩像火烧"))
    assert nothing.is_empty() and nothing.schema == pl.Schema(similar_incidents.FRAME)
    assert "没有找到相近的" in incidents.most_alike(nothing, zone=ZONE)


def test_hot_list_titles_recall_their_like_and_nothing_else(shared_data: Path) -> None:
    """Real words: what the hot list said of two of the incidents, and of matters drawn by lot."""
    titles: set[str] = set()
    for month in ("2024-07", "2024-09"):
        with gzip.open(shared_data / "weibo_hot_hourly" / f"{month}.jsonl.gz", "rt", encoding="utf-8") as f:
            titles |= {str(json.loads(line).get("title") or "") for line in f}

    def recalled(word: str) -> list[str]:
        said = sorted(t for t in titles if word in t)[:40]
        return found(PAST + told("new", "2026-08-01", *said))["name"].to_list()

    assert recalled("罐车")[:1] == ["罐车运油2024"]
    assert recalled("三只羊")[:1] == ["三只羊月饼2024"]
    for word in ("奥运", "高考", "台风", "电影", "演唱会", "地铁"):
        assert recalled(word) == [], word


def test_order_of_rows_changes_nothing() -> None:
    assert found(PAST + NOW).equals(found([*reversed(PAST), *NOW]))


def test_the_canteen_of_the_demo_recalls_the_rat_head(demo_lab: store.Store) -> None:
    posts, spoken = demo_lab.posts(), demo_lab.tokens()
    grouped = stories.group(posts, spoken)
    own = demo_lab.settings.organisations.own
    context = dataclasses.replace(CONTEXT, own=own)
    looked = incident_review.of(posts, grouped, stories.pick(posts, grouped, "食堂"), context)
    best = similar_incidents.alike(looked, posts, grouped, spoken)
    assert best["name"][0] == "鼠头鸭脖2023" and "reversed" in best["both"][0]
    assert "学校官微的说法后来被联合调查组推翻" in incidents.most_alike(best, zone=ZONE)


@pytest.mark.parametrize("others", [0, 40])
def test_usual_words_are_no_likeness_in_a_small_archive(others: int) -> None:
    """Three words in common each: what everybody says, and what few say."""
    said = {
        "me": ["大家", "时候", "看看", "缺斤", "油枪", "检定"],
        "usual": ["大家", "时候", "看看", "花盆", "晚霞", "云彩"],
        "rare": ["路灯", "公园", "小路", "缺斤", "油枪", "检定"],
    } | {f"other{n}": [f"别的{n}", f"另外{n}"] for n in range(others)}
    rows = [(key, word, 5) for key, told in said.items() for word in told]
    near = similar_incidents._near(pl.DataFrame(rows, schema=["key", "word", "tf"], orient="row"), "me")
    matter = dict(near.select("key", "matter").iter_rows())
    assert matter["rare"] > similar_incidents.LEAST > matter["usual"]
