"""Stories from day to day and by hand: what was told stays, what a person decided is replayed."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse import stories
from tests import make


def told(**members: str) -> pl.DataFrame:
    """PostStory from story="post post …"."""
    rows = [(p, s) for s, posts in members.items() for p in posts.split()]
    return schemas.PostStory.validate(
        pl.DataFrame(rows, schema=["post_id", "story_id"], orient="row").sort("post_id"), cast=True
    )


def test_days_that_are_added_change_nothing_that_was_told() -> None:
    said = [["食堂 异物 家长 {}", "公交 改线 {}", "物业 停水 {}"][i % 3].format(i % 4) for i in range(60)]
    posts = make.posts([{"text": t, "at": make.START + timedelta(hours=7 * i)} for i, t in enumerate(said)])
    known = None
    for end in (20, 35, 50, 60):
        some = posts.head(end)
        now = stories.group(some, make.tokens(some), known)
        if known is not None:
            assert now.join(known, on="post_id", how="semi").equals(known)
        known = now
    assert known is not None and known.height == 60
    again = stories.group(posts.sample(fraction=1, shuffle=True, seed=5), make.tokens(posts), known)
    assert again.equals(known)


WATER = "自来水 发黄 锅炉 房东 水质 检测"


def test_late_posts_join_and_two_known_stories_stay_two() -> None:
    rows = [{"post_id": f"w{i}", "text": WATER, "at": make.START + timedelta(days=4 * i)} for i in range(4)]
    posts = make.posts(rows)
    # a person, or an earlier day, left them two; a post that came late lies before both, and may join either
    known = told(s_w1="w1", s_w3="w3")
    now = dict(stories.group(posts, make.tokens(posts), known).iter_rows())
    assert (now["w1"], now["w3"]) == ("s_w1", "s_w3")
    assert now["w0"] in ("s_w1", "s_w3") and now["w2"] in ("s_w1", "s_w3")
    pairs = stories.proposals(posts, make.tokens(posts), told(s_w1="w0 w1 w2", s_w3="w3"))
    assert pairs.select("story_id", "into").rows() == [("s_w3", "s_w1")]
    assert pairs["similarity"].item() >= 1


def test_a_childs_words_bring_its_root_into_no_known_story() -> None:
    """告他 is said under everything: the copy of an older comment says nothing of the thread that it stands in."""
    posts = make.posts(
        [
            {"post_id": "a", "text": "小区 停车费 公示", "at": make.START},
            {"post_id": "a1", "kind": "comment", "parent_id": "a", "text": "告他", "at": make.START},
            {"post_id": "b", "text": "加油站 跳枪 油箱", "at": make.START + timedelta(days=1)},
            {
                **{"post_id": "b1", "kind": "comment", "parent_id": "b", "copy_of": "a1", "text": "告他"},
                "at": make.START + timedelta(days=1, hours=1),
            },
        ]
    )
    now = dict(stories.group(posts, make.tokens(posts), told(s_a="a a1")).iter_rows())
    assert now == {"a": "s_a", "a1": "s_a", "b": "s_b", "b1": "s_b"}
