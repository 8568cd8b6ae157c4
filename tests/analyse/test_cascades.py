"""Edges and shapes of cascades, held against a few plain lines of Python."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from opinion_lab.analyse import cascades
from tests import make

START = datetime(2026, 9, 8, 4, 20, tzinfo=UTC)


def tree(parents: dict[str, str | None], minutes: dict[str, float] | None = None, **columns: Any) -> pl.DataFrame:
    """Posts that hang together as told, a minute apart unless `minutes` says when."""
    rows = []
    for i, (post, parent) in enumerate(parents.items()):
        when = START + timedelta(minutes=(minutes or {}).get(post, i))
        rows.append({"post_id": post, "parent_id": parent, "at": when, **{c: v.get(post) for c, v in columns.items()}})
    return make.posts([{k: v for k, v in r.items() if v is not None} for r in rows])


def plain(parents: dict[str, str | None]) -> dict[str, tuple[int, int, int, float | None]]:
    """root -> size, depth, max breadth, mean pairwise distance, the slow way."""

    def way_up(node: str) -> list[str]:
        way = [node]
        while (up := parents.get(way[-1])) is not None:
            way.append(up)
        return way

    ways = {node: way_up(node) for node in parents}
    found = {}
    for root in {way[-1] for way in ways.values()}:
        members = [node for node, way in ways.items() if way[-1] == root]
        depths = [len(ways[m]) - 1 for m in members]
        total = 0
        for a in members:
            above = {node: steps for steps, node in enumerate(ways[a])}
            for b in members:
                total += next(above[node] + steps for steps, node in enumerate(ways[b]) if node in above)
        pairs = len(members) * (len(members) - 1)
        virality = total / pairs if pairs else None
        found[root] = (len(members), max(depths), max(Counter(depths).values()), virality)
    return found


def shapes(posts: pl.DataFrame) -> dict[str, tuple[int, int, int, float | None]]:
    table = cascades.shape(posts, cascades.edges(posts))
    return {r[0]: r[1:5] for r in table.iter_rows()}


def same(found: dict[str, tuple], wanted: dict[str, tuple]) -> bool:
    return found.keys() == wanted.keys() and all(
        found[k][:3] == wanted[k][:3] and found[k][3] == pytest.approx(wanted[k][3]) for k in wanted
    )


@pytest.mark.parametrize("seed", range(12))
def test_shape_of_random_trees_is_that_of_plain_python(seed: int) -> None:
    draw = random.Random(seed)
    parents: dict[str, str | None] = {}
    for i in range(draw.randint(1, 60)):
        # deep, broad and many-rooted by turns
        back = list(parents)[-3:] if seed % 3 == 0 else list(parents)
        parents[f"n{i}"] = draw.choice(back) if back and draw.random() > 0.08 else None
    assert same(shapes(tree(parents)), plain(parents))


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.soak)])
def test_every_real_cascade_has_the_shape_that_plain_python_finds(every: int, shared_data: Path) -> None:
    parents: dict[str, str | None] = {}
    with gzip.open(shared_data / "ced_cascades" / "cascades.jsonl.gz") as lines:
        for told in map(orjson.loads, islice(lines, 0, None, every)):
            case, here = told["case"], {r["mid"] for r in told["reposts"]}
            parents[root := f"{case} root"] = None
            for r in told["reposts"]:  # the data repeat some mids: the first counts
                parents.setdefault(f"{case} {r['mid']}", f"{case} {r['parent']}" if r["parent"] in here else root)
    base = make.posts([{}]).drop("post_id", "parent_id", "published_at")
    posts = pl.DataFrame({"post_id": list(parents), "parent_id": list(parents.values()), "at": range(len(parents))})
    posts = posts.with_columns(published_at=pl.lit(START) + pl.duration(seconds="at")).drop("at")
    posts = posts.join(base, how="cross")
    edges = cascades.edges(posts.sample(fraction=1, shuffle=True, seed=1))
    assert dict(edges.select("child", "parent").iter_rows()) == {c: p for c, p in parents.items() if p}
    ways: dict[str, tuple[str, int]] = {}  # post -> root, depth
    for node in parents:  # children may stand before their parents: walk up to what is known, and down again
        way = [node]
        while way[-1] not in ways and (up := parents[way[-1]]) is not None:
            way.append(up)
        root, depth = ways.get(way[-1], (way[-1], 0))
        for back, passed in enumerate(reversed(way)):
            ways[passed] = (root, depth + back)
    breadth = Counter(ways.values())
    sizes = Counter(root for root, _ in ways.values())
    widest: dict[str, int] = {}
    deepest: dict[str, int] = {}
    for (root, depth), n in breadth.items():
        widest[root], deepest[root] = max(widest.get(root, 0), n), max(deepest.get(root, 0), depth)
    table = cascades.shape(posts, edges)
    assert table.height == 2180 // every
    for root, size, deep, broad in table.select("root", "size", "depth", "max_breadth").iter_rows():
        assert (size, deep, broad) == (sizes[root], deepest[root], widest[root]), root


def test_rows_in_another_order_change_nothing() -> None:
    parents = {"a": None, "b": "a", "c": "b", "d": "a", "e": "d", "f": "d"}
    posts = tree(parents)
    mixed = posts.sample(fraction=1, shuffle=True, seed=4)
    assert cascades.edges(posts).equals(cascades.edges(mixed))
    one, other = cascades.edges(posts), cascades.edges(mixed)
    assert cascades.shape(posts, one).equals(cascades.shape(mixed, other))
    assert cascades.carriers(posts, one).equals(cascades.carriers(mixed, other))


def test_a_chain_of_ten_thousand_is_no_deeper_than_the_stack_allows() -> None:
    n = 10_000
    base = make.posts([{}]).drop("post_id", "parent_id", "published_at")
    ids = pl.int_range(n, eager=True).cast(pl.String).str.zfill(5)
    at = pl.datetime_range(START, START + timedelta(seconds=n - 1), "1s", eager=True)
    posts = pl.DataFrame({"post_id": ids, "parent_id": ids.shift(), "published_at": at}).join(base, how="cross")
    row = cascades.shape(posts, cascades.edges(posts)).row(0, named=True)
    assert (row["size"], row["depth"], row["max_breadth"]) == (n, n - 1, 1)
    assert row["virality"] == pytest.approx((n + 1) / 3)  # mean distance on a path


def test_a_circle_is_cut_above_its_earliest_post() -> None:
    posts = tree({"a": "c", "b": "a", "c": "b", "d": "c", "x": "x", "y": "x"}, minutes={"b": -5})
    links = cascades.edges(posts).select("parent", "child").rows()
    assert sorted(links) == [("b", "c"), ("c", "a"), ("c", "d"), ("x", "y")]  # x names itself: that is no link
    assert shapes(posts)["b"] == (4, 2, 2, 1.5)


@pytest.mark.parametrize(
    ("child", "wanted"),
    [
        # the platform's word goes before the 转发 text
        ({"parent_id": "a1", "root_id": "root", "chain": ["u_b"]}, ("a1", "parent")),
        # nearest name first; the latest post of that name before the child
        ({"root_id": "root", "chain": ["u_a", "u_b"]}, ("a2", "chain")),
        # a name that never spoke in this cascade is passed over
        ({"root_id": "root", "chain": ["u_z", "u_b"]}, ("b1", "chain")),
        # spoke elsewhere only
        ({"root_id": "root", "chain": ["u_other"]}, ("root", "root")),
        ({"root_id": "root"}, ("root", "parent")),
        # the parent was never collected
        ({"parent_id": "gone", "root_id": "root"}, ("root", "root")),
        ({"parent_id": "gone", "root_id": "root", "chain": ["u_b"]}, ("b1", "chain")),
        ({"parent_id": "gone", "root_id": "gone too"}, ("gone too", "root")),
        ({"parent_id": "gone"}, ("gone", "parent")),
        # a 转发 text without a root may come from anywhere in the frame
        ({"chain": ["u_other"]}, ("other", "chain")),
        ({}, None),
    ],
)
def test_how_a_parent_is_known(child: dict[str, Any], wanted: tuple[str, str] | None) -> None:
    posts = make.posts(
        [
            {"post_id": "root", "author_id": "u_root"},
            {"post_id": "other", "author_id": "u_other"},
            {"post_id": "a1", "author_id": "u_a", "parent_id": "root", "root_id": "root"},
            {"post_id": "b1", "author_id": "u_b", "parent_id": "root", "root_id": "root"},
            {"post_id": "a2", "author_id": "u_a", "parent_id": "b1", "root_id": "root"},
            {"post_id": "child", "author_id": "u_c", **child},
            {"post_id": "a3", "author_id": "u_a", "parent_id": "root", "root_id": "root"},
        ]
    )
    found = cascades.edges(posts).filter(pl.col("child") == "child").select("parent", "known_by").rows()
    assert found == ([wanted] if wanted else [])


def test_delay_is_unknown_without_the_parent_and_before_it() -> None:
    posts = tree({"a": None, "b": "a", "c": "b", "d": "gone"}, minutes={"a": 10, "b": 0, "c": 30, "d": 40})
    delays = dict(cascades.edges(posts).select("child", "delay").iter_rows())
    assert delays == {"b": None, "c": timedelta(minutes=30), "d": None}


def test_first_hour_and_half_life() -> None:
    posts = tree({"a": None, "b": "a", "c": "b", "d": "a", "e": "a"}, minutes={"b": 10, "c": 59, "d": 61, "e": 600})
    row = cascades.shape(posts, cascades.edges(posts)).row(0, named=True)
    assert row["first_hour_share"] == 0.5
    assert row["half_life"] == timedelta(minutes=59)  # the third of five
    alone = tree({"a": None})
    row = cascades.shape(alone, cascades.edges(alone)).row(0, named=True)
    assert (row["size"], row["virality"], row["first_hour_share"], row["half_life"]) == (1, None, None, None)
    rootless = tree({"b": "gone", "c": "gone", "d": "b"})
    row = cascades.shape(rootless, cascades.edges(rootless)).row(0, named=True)
    assert (row["root"], row["size"], row["depth"], row["half_life"]) == ("gone", 3, 2, None)


def test_carriers_are_kinds_of_author_never_names() -> None:
    posts = tree(
        {"a": None, "b": "a", "c": "b", "d": "b", "e": "d"},
        author_kind={"b": "media"},
        author_id={"b": "u_1"},
        author_name={"b": "某报"},
    )
    table = cascades.carriers(posts, cascades.edges(posts))
    assert table.select("post_id", "descendants", "children", "depth").rows() == [
        ("a", 4, 1, 0),
        ("b", 3, 2, 1),
        ("d", 1, 1, 2),
    ]
    assert table.row(1, named=True)["author_kind"] == "media"
    assert not [c for c in table.columns if "author" in c and c != "author_kind"]


def test_levels_for_the_figures() -> None:
    posts = tree({"a": None, "b": "a", "c": "a", "d": "c", "x": None, "y": "x"}, minutes={"d": 150})
    assert cascades.levels(cascades.edges(posts)).rows() == [(0, 2), (1, 3), (2, 1)]
    none = posts.clear()
    assert cascades.levels(cascades.edges(none)).is_empty()
    assert cascades.shape(none, cascades.edges(none)).is_empty()
