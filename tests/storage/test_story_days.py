"""The stories of posts kept by day: what has a story keeps it."""

from datetime import date

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


def test_vectors_of_meaning_are_kept_by_day_and_added_to(lab: store.Store) -> None:
    def vectors(*posts: str) -> pl.DataFrame:
        return pl.DataFrame({"post_id": posts, "vector": [[1.0, 0.5]] * len(posts)})

    assert story_days.vectors(lab, FIRST, THIRD) is None and story_days.with_vectors(lab, FIRST, THIRD) == []
    story_days.put_vectors(lab, FIRST, vectors("a"))
    story_days.put_vectors(lab, FIRST, vectors("0"))
    story_days.put_vectors(lab, THIRD, vectors("c"))
    held = story_days.vectors(lab, FIRST, SECOND)
    assert held is not None and held.rows() == [("0", [1.0, 0.5]), ("a", [1.0, 0.5])]
    assert story_days.with_vectors(lab, FIRST, THIRD) == [FIRST, THIRD]
    assert story_days.vectors(lab, date(2025, 1, 1), date(2025, 1, 31)) is None
