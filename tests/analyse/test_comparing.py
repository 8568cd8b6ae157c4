"""What stands side by side: branches lose no post, a network keeps what goes together, a contrast tells two apart."""

from datetime import UTC, datetime, timedelta

import polars as pl

from opinion_lab.analyse import cascades
from opinion_lab.analyse.lifecycle.turning_points import turning_points
from opinion_lab.analyse.topics import cooccurrence

START = datetime(2026, 9, 1, tzinfo=UTC)


def posts(parents: dict[str, str | None], **more: object) -> pl.DataFrame:
    """One post a minute, each below another."""
    n = len(parents)
    return pl.DataFrame(
        {
            "post_id": list(parents),
            "parent_id": list(parents.values()),
            "root_id": [None] * n,
            "author_id": [None] * n,
            "chain": [[]] * n,
            "copy_of": [None] * n,
            "kind": ["post"] * n,
            "author_kind": ["person"] * n,
            "platform": ["微博"] * n,
            "published_at": [START + timedelta(minutes=i) for i in range(n)],
        }
        | more,
        schema_overrides={
            "parent_id": pl.String,
            "root_id": pl.String,
            "author_id": pl.String,
            "chain": pl.List(pl.String),
            "copy_of": pl.String,
        },
    )


TREE = {"a": None, "b": "a", "c": "b", "d": "b", "e": "c", "f": "a", "g": "f", "x": None, "y": "x", "z": None}


def test_branches_hold_every_post_of_the_tree_once_and_nest() -> None:
    found = posts(TREE)
    edges = cascades.edges(found)
    for most in (1, 2, 3, 60):
        branches = cascades.branches(found, edges, most=most)
        held = branches["posts"].explode().to_list()
        whole = {"a", "b", "c", "d", "e", "f", "g", "x", "y"} if most > 2 else {"a", "b", "c", "d", "e", "f", "g"}
        assert len(held) == len(set(held)) and set(held) >= whole - {"x", "y"}, most
        size = dict(branches.select("post_id", "size").iter_rows())
        for child, parent in branches.drop_nulls("parent").select("post_id", "parent").iter_rows():
            assert size[parent] > size[child]
    assert dict(branches.select("post_id", "parent").iter_rows()) == {
        "a": None,
        "b": "a",
        "c": "b",
        "f": "a",
        "x": None,
    }


def test_branches_of_posts_that_nobody_passed_on_are_none() -> None:
    found = posts({"a": None, "b": None})
    assert cascades.branches(found, cascades.edges(found)).is_empty()


def said(*texts: str) -> pl.DataFrame:
    return pl.DataFrame({"post_id": [f"p{i}" for i in range(len(texts))], "tokens": [t.split() for t in texts]})


def test_a_network_joins_words_that_stand_together_and_no_others() -> None:
    tokens = said(*["食堂 木耳"] * 5, *["油枪 计量"] * 5, "食堂 计量")
    pairs = {(a, b) for a, b in cooccurrence.network(tokens).select("a", "b").iter_rows()}
    assert pairs == {("木耳", "食堂"), ("油枪", "计量")}
    places = cooccurrence.layout(cooccurrence.network(tokens))
    at = {word: (x, y) for word, x, y in places.iter_rows()}
    near, far = (sum((a - b) ** 2 for a, b in zip(at["食堂"], at[w], strict=True)) for w in ("木耳", "油枪"))
    assert near < far
    assert cooccurrence.network(said("只有 一条")).is_empty() and cooccurrence.layout(pairs_of_none()).is_empty()


def pairs_of_none() -> pl.DataFrame:
    return cooccurrence.network(said("一条"))


def test_a_contrast_gives_each_side_its_own_words_and_none_that_both_say() -> None:
    one, other = said(*["木耳 学校"] * 8), said(*["油枪 学校"] * 8)
    found = cooccurrence.contrast(one, other)
    assert found.filter(pl.col("word") != "学校").select("word", "side").rows() == [("木耳", 0), ("油枪", 1)]
    assert found.filter(pl.col("word") == "学校")["z"].to_list() in ([], [0.0])


def test_turning_points_are_the_first_the_answer_and_the_most_passed_on() -> None:
    found = posts(TREE).with_columns(kind=pl.when(pl.col("post_id") == "z").then(pl.lit("statement")).otherwise("kind"))
    turns = turning_points(found, cascades.edges(found), most=2)
    roles = dict(turns.select("post_id", "role").iter_rows())
    assert roles["a"] == "first" and roles["z"] == "statement" and roles["b"] == "carried"
    assert turns["published_at"].is_sorted() and turns.row(0, named=True)["before"] == []
    assert turns.row(-1, named=True)["before"] == [p for p in TREE if p != "z"]
