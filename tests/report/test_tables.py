"""Tables and choices of reports: topics in words, rows of one thing, what a page opens on."""

import polars as pl
import pytest

from opinion_lab.config import LabError
from opinion_lab.report.documents import tables
from opinion_lab.report.documents.daily import casework
from opinion_lab.report.figures import topics


def test_overview() -> None:
    table = pl.DataFrame({"topic_id": [0, 1, -1], "label": ["食堂", "加油", "未归类"], "n_posts": [50, 40, 10]})
    change = pl.DataFrame({"topic_id": [0, 1], "before": [10, None], "now": [30, 40], "more": [20, None]})
    lines = pl.DataFrame({"label": ["食堂", "加油"], "line": ["餐饮服务监管", "计量"], "share": [0.4, 0.01]})
    stamps = pl.DataFrame({"topic_id": [0, 1], "survived": [10, 7], "holds": [True, False]})
    found = tables.topics(table, change, lines, stamps)
    assert found["change"].to_list() == ["多20条（10→30）", None, None]
    assert found["line"].to_list() == ["餐饮服务监管（40%）", "不明显", None]
    assert found["stamp"].to_list() == ["重现10次", "重现7次，不稳", None]


def test_of_two_lines_that_all_posts_have_the_topic_names_the_first() -> None:
    post_topics = pl.DataFrame({"post_id": ["a", "b"], "topic_id": [0, 0]})
    routed = [(p, line, chance) for p in "ab" for line, chance in (("反不正当竞争", None), ("广告监督管理", 0.9))]
    routes = pl.DataFrame(routed, schema=["post_id", "line", "chance"], orient="row")
    named = pl.DataFrame({"topic_id": [0], "label": ["发布虚假宣传广告"], "n_posts": [2]})
    assert tables.topic_lines(post_topics, routes, named)["line"].to_list() == ["广告监督管理"]


def test_the_number_of_topics_is_shown_with_what_it_rests_on() -> None:
    curve = pl.DataFrame(
        {"n_topics": [3, 5], "stability": [0.9, 0.7], "npmi": [0.2, 0.1], "score": [1.1, 0.8], "chosen": [True, False]}
    )
    fig = topics.number_of_topics(curve)
    assert fig.layout.meta["finding"] == "采用3个话题：换样本后的一致度0.90，特征词同现程度0.20"
    assert [list(line.x) for line in fig.data] == [[3, 5], [3, 5]]
    assert "由人给定" in topics.number_of_topics(curve.clear()).layout.meta["finding"]


def test_rows_of_one_story_are_one_row_and_no_post_is_lost() -> None:
    rows = pl.DataFrame(
        {
            "word": ["驿畅", "油枪", "退费", "别的", "空"],
            "posts": [["1", "2"], ["2", "3"], ["9"], ["1", "8", "7"], []],
            "n": range(5),
        },
        schema_overrides={"posts": pl.List(pl.String)},
    )
    post_stories = pl.DataFrame({"post_id": ["1", "2", "3", "9"], "story_id": ["s", "s", "s", "t"]})
    found = tables.by_event(rows, "word", post_stories, most=9)
    assert found["word"].to_list() == ["驿畅、油枪", "退费", "别的", "空"]
    assert found["posts"].to_list() == [["1", "2", "3"], ["9"], ["1", "7", "8"], []]
    assert found["n"].to_list() == [0, 2, 3, 4], "the first row of a story stands for it"
    assert tables.by_event(rows, "word", post_stories, most=1, named=1)["word"].to_list() == ["驿畅等2个"]
    nobody = post_stories.clear()
    same = pl.DataFrame(
        {"word": ["几户", "相同", "空", "也空"], "posts": [["1", "2"], ["2", "1"], [], []], "n": [1, 2, 3, 4]}
    )
    assert tables.by_event(same, "word", nobody, most=9)["word"].to_list() == ["几户、相同", "空", "也空"]


def test_of_stretches_within_each_other_the_innermost_is_listed() -> None:
    rows = [("怀疑", 1, 1, 9), ("怀疑", 2, 2, 5), ("怀疑", 3, 3, 4), ("怀疑", 1, 12, 13), ("小区", 1, 1, 9)]
    frame = pl.DataFrame(rows, schema=["key", "level", "start", "end"], orient="row").with_columns(strength=1.0)
    assert tables.innermost(frame).drop("strength").rows() == [rows[2], rows[4], rows[3]]


def test_in_a_quiet_week_the_desk_opens_on_the_largest_story_of_four_weeks() -> None:
    levels = pl.DataFrame({"story_id": ["s_grave", "s_other"]})
    spoken_of = pl.DataFrame({"post_id": ["1", "2", "3", "4"], "story_id": ["s_b", "s_a", "s_b", "s_a"]})
    assert casework.gravest(levels, spoken_of) == "s_grave"
    assert casework.gravest(levels.clear(), spoken_of) == "s_a"
    assert casework.gravest(levels.clear(), spoken_of[:3]) == "s_b"
    for nothing in (None, spoken_of.clear()):
        with pytest.raises(LabError, match="story"):
            casework.gravest(levels.clear(), nothing)
