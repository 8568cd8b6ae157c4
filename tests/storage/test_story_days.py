"""The stories of posts kept by day: what has a story keeps it."""

import polars as pl

from opinion_lab.storage import store, story_days
from tests import make

POSTS = make.posts([{"post_id": p, "at": f"2026-09-{d:02} 10:00"} for p, d in (("a", 1), ("b", 2), ("c", 3))])
FIRST, SECOND, THIRD = POSTS["day"].to_list()


def stories(**posts: str) -> pl.DataFrame:
    rows = [(post, name) for name, ids in posts.items() for post in ids.split()]
    return pl.DataFrame(rows, schema=["post_id", "story_id"], orient="row")


def test_a_post_that_has_a_story_keeps_it(lab: store.Store) -> None:
    assert story_days.put(lab, POSTS.head(2), stories(s_a="a b")) == 2
    assert story_days.put(lab, POSTS, stories(s_a="a", s_b="b c")) == 1
    assert story_days.read(lab).rows() == [("a", "s_a"), ("b", "s_a"), ("c", "s_b")]
    assert story_days.read(lab, SECOND, SECOND).rows() == [("b", "s_a")]
    assert story_days.of_posts(lab, ["c"]).rows() == [("c", "s_b")]
    assert story_days.days_of(lab, ["s_a"]) == [FIRST, SECOND]
    assert story_days.days_of(lab, [], ["c"]) == [THIRD]


def test_only_days_whose_posts_changed_are_due(lab: store.Store) -> None:
    lab.put_days("posts", POSTS)
    assert story_days.changed(lab) == [FIRST, SECOND, THIRD]
    story_days.settle(lab, [FIRST, SECOND, THIRD])
    assert story_days.changed(lab) == []
    late = make.posts([{"post_id": "d", "at": "2026-09-02 11:00"}])
    lab.put_days("posts", pl.concat([POSTS.filter(pl.col("day") == SECOND), late]))
    assert story_days.changed(lab) == [SECOND]
