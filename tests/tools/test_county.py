"""The invented county: the same everywhere, like real files at the doors, and true to its own truth."""

import difflib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab.cli.demo import COLLECTED_AT, FILES
from opinion_lab.collect.parsers.tables import exports, mapping as mappings
from opinion_lab.rules import SHIPPED
from tools import county as generator
from tools.county import exports as county_exports, phrases, rows

ZONE = ZoneInfo("Asia/Shanghai")
POSTS = 24_000
County = county_exports.County


@pytest.fixture(scope="module")
def county() -> County:
    return county_exports._made(0, POSTS)[0]


@pytest.fixture(scope="module")
def made() -> tuple[dict[str, bytes], generator.Truth]:
    return generator.files(0, POSTS)


@pytest.fixture(scope="module")
def truth(made: tuple[dict[str, bytes], generator.Truth]) -> generator.Truth:
    return made[1]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


# --- the same everywhere ----------------------------------------------------------------------------------------


def test_dice_are_the_raw_stream_of_pcg64() -> None:
    # numpy may change how it makes floats and choices from the stream; the stream itself it promises to keep
    dice = phrases.Dice(0)
    raw = [round(dice.unit() * 2**53) for _ in range(65_536)]
    assert raw[::-1][:3] == [5737240835340368, 2430022687152954, 369056694262205]


def test_same_seed_same_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import hashlib; from tools import county as s\n"
        "for n, b in sorted(s.files(3, 1500)[0].items()): print(n, hashlib.sha256(b).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == len(FILES) + 9


def test_another_seed_is_another_draw_of_the_same_story() -> None:
    (one, first), (other, second) = generator.files(1, 1500), generator.files(2, 1500)
    assert one["weibo_contents.jsonl"] != other["weibo_contents.jsonl"]
    assert first.phases.equals(second.phases)
    assert first.stories["first_at"].equals(second.stories["first_at"])


def test_what_ships_is_what_is_made(made: tuple[dict[str, bytes], generator.Truth]) -> None:
    """Bit for bit; after a change of the generator `make demo-data` packs the county anew."""
    shipped = {}
    for name in ("county.zip", "truth.zip"):
        with zipfile.ZipFile(county_exports.DEMO / name) as packed:
            shipped |= {entry: packed.read(entry) for entry in packed.namelist()}
    assert list(shipped) == list(made[0])
    assert [name for name, body in made[0].items() if shipped[name] != body] == []


def test_pack_and_read_back(tmp_path: Path) -> None:
    truth = generator.pack(tmp_path, seed=1, posts=1500)
    again = generator.read_truth(tmp_path / "truth.zip")
    for name in ("posts", "stories", "phases", "statements", "demands", "clocks", "planted", "holes", "board"):
        assert getattr(again, name).equals(getattr(truth, name)), name


# --- at the doors -----------------------------------------------------------------------------------------------


def test_every_file_goes_through_its_mapping(made: tuple[dict[str, bytes], generator.Truth]) -> None:
    bodies, truth = made
    read, encodings = [], {}
    for name, mapping in FILES.items():
        how = mappings.load(*SHIPPED.mapping(mapping))
        parsed = exports.parse(bodies[name], how, capture=name, collected_at=COLLECTED_AT, zone=ZONE)
        assert parsed.rows_in == parsed.items.height + parsed.dropped.height
        assert parsed.dropped.height == 0 or name == "hot_list.jsonl.gz"  # its ads
        encodings[name] = parsed.encoding
        read.append(parsed.items)
    assert encodings["short_video.csv"] == "GB18030"
    assert encodings["tieba.csv"] == "UTF-8-SIG"
    items = pl.concat(read).filter(pl.col("kind") != "board_entry")
    both = items.join(truth.posts, on=["platform", "native_id"], how="inner")
    assert items.height == both.height == truth.posts.height == POSTS
    assert (both["published_at"] == both["published_at_right"]).all()
    assert (both["kind"].cast(pl.String) == both["kind_right"]).all()
    ids = items.select("platform", "native_id")
    for column in ("parent", "root"):
        children = items.filter(pl.col(column).is_not_null())
        lost = children.join(ids, left_on=["platform", column], right_on=["platform", "native_id"], how="anti")
        assert lost.height == 0


def test_a_platform_that_does_not_count_says_nothing(county: County) -> None:
    counts = ("likes", "reposts", "comments", "views")
    frame = pl.DataFrame(
        [{c: getattr(r, c) for c in ("platform", *counts)} for r in county.rows],
        schema_overrides=dict.fromkeys(counts, pl.Int64),
    )
    said = frame.group_by("platform").agg(pl.col(counts).count())
    silent = {r["platform"]: {k for k, v in r.items() if v == 0} for r in said.iter_rows(named=True)}
    assert silent["12345工单"] == silent["新闻网站"] == {"likes", "reposts", "comments", "views"}
    assert silent["微博"] == {"views"}
    assert silent["微信公众号"] == {"reposts", "comments"}


# --- true to the design -----------------------------------------------------------------------------------------


def test_sizes_and_platforms(truth: generator.Truth) -> None:
    sizes = dict(truth.posts.group_by("story").len().iter_rows())
    wanted = {None: 19_200, "canteen": 2600, "gym": 700, "fuel": 1500}  # shares are rounded platform by platform
    assert all(abs(sizes[story] - n) <= 3 for story, n in wanted.items()) and sum(sizes.values()) == POSTS
    shares = dict(truth.posts["platform"].value_counts(normalize=True).iter_rows())
    assert set(shares) == {"微博", "短视频", "微信公众号", "贴吧论坛", "新闻网站", "12345工单"}
    gym = truth.posts.filter(pl.col("story") == "gym")["platform"].value_counts(normalize=True)
    assert gym.filter(pl.col("platform").is_in(["12345工单", "贴吧论坛"]))["proportion"].sum() > 0.6


@pytest.mark.parametrize(
    ("story", "platform", "first"),
    [
        ("canteen", "短视频", "2026-09-08 12:20:00"),
        ("gym", "12345工单", "2026-09-10 09:40:00"),
        ("fuel", "短视频", "2026-09-25 10:05:00"),
    ],
)
def test_first_posts(truth: generator.Truth, story: str, platform: str, first: str) -> None:
    row = truth.stories.row(by_predicate=pl.col("story") == story, named=True)
    assert (row["platform"], row["first_at"]) == (platform, local(first))
    posts = truth.posts.filter(pl.col("story") == story)
    assert posts["published_at"].min() == row["first_at"]
    assert row["native_id"] == posts.sort("published_at")["native_id"][0]


@pytest.mark.parametrize(
    ("story", "phases"),
    [
        ("canteen", "latent spreading peak declining spreading peak declining ended"),
        ("gym", "latent spreading peak declining"),
        ("fuel", "latent spreading peak declining ended"),
    ],
)
def test_phases_follow_each_other(truth: generator.Truth, story: str, phases: str) -> None:
    spans = truth.phases.filter(pl.col("story") == story)
    assert spans["phase"].to_list() == phases.split()
    assert all(a["end"] == b["start"] for a, b in pairwise(spans.iter_rows(named=True)))
    posts = truth.posts.filter(pl.col("story") == story)
    assert posts["phase"].null_count() == 0


def test_canteen_rises_again_after_the_wrong_answer(truth: generator.Truth) -> None:
    story = truth.stories.row(by_predicate=pl.col("story") == "canteen", named=True)
    wrong = truth.statements.row(by_predicate=pl.col("key") == "canteen-s1", named=True)
    assert (wrong["correct"], wrong["corrected_by"]) == (False, "canteen-s2")
    assert abs(story["second_rise_at"] - wrong["at"]) < timedelta(hours=1)
    at = truth.posts.filter(pl.col("story") == "canteen")["published_at"]
    day_before, day_after = (
        at.is_between(wrong["at"] - timedelta(hours=24), wrong["at"]).sum(),
        at.is_between(wrong["at"] + timedelta(hours=5), wrong["at"] + timedelta(hours=29)).sum(),
    )
    assert day_after > 2 * day_before


def test_fuel_is_a_flash_of_one_text_by_many(truth: generator.Truth) -> None:
    fuel = truth.posts.filter(pl.col("story") == "fuel")
    assert (fuel["published_at"] < local("2026-09-26 00:00")).mean() > 0.97
    originals = fuel.filter(pl.col("kind") == "post")
    assert originals["copy_of_native"].is_not_null().mean() > 0.7
    assert originals["traditional"].sum() > 20
    assert originals["edited"].sum() > 50
    squad = originals.filter(
        pl.col("published_at").is_between(local("2026-09-25 11:52:20"), local("2026-09-25 11:53:02"))
        & ~pl.col("edited")
        & ~pl.col("traditional")
    )
    assert squad["copy_of_native"].value_counts()["count"].max() >= 60


@pytest.mark.parametrize(
    ("story", "states"),
    [
        ("canteen", ["missed", "missed", "missed"]),
        ("gym", ["missed", "missed", "met"]),
        ("fuel", ["met", "met", "met"]),
    ],
)
def test_clocks(truth: generator.Truth, story: str, states: list[str]) -> None:
    clocks = truth.clocks.filter(pl.col("story") == story)
    assert clocks["hours"].to_list() == [5, 24, 48]
    assert clocks["state"].to_list() == states


def test_demands_are_in_the_texts_and_some_stay_open(county: County, truth: generator.Truth) -> None:
    said = truth.posts.filter(pl.col("demand").is_not_null()).group_by("story", "demand").len()
    both = truth.demands.join(said, left_on=["story", "key"], right_on=["story", "demand"])
    assert both.height == truth.demands.height == 14
    assert (both["n"] == both["len"]).all() and (both["n"] >= 20).all()
    open_ = truth.demands.filter(pl.col("answered_by").is_null())["story"].to_list()
    assert "canteen" in open_ and "gym" in open_
    pools = phrases.tables().pools
    for row in county.rows:
        if row.demand and row.key is None and row.copy is None:
            assert any("".join(map(str, p)) in row.own for p in pools[f"{row.story}.ask.{row.demand}"])


@pytest.mark.parametrize("key", ["canteen-s1", "canteen-s2", "gym-s1", "fuel-s1"])
def test_statements_keep_the_rules_or_break_them(county: County, key: str) -> None:
    text = county.events[key].text
    assert re.search(r"局\n2026年9月\d{1,2}日$", text)  # S05
    good = key != "canteen-s1"
    assert bool(re.search(r"12315", text)) is good  # S06
    assert bool(re.search(r"将于|结果随后公布|进展将", text)) is good  # S04
    assert bool(re.search(r"\d{1,2}时", text)) is good  # S16, times to the hour
    assert bool(re.search(r"与事实不符|第一时间|据.{2,4}公司介绍|不信谣", text)) is not good  # S08 S16 S19 S25


def test_hole(truth: generator.Truth) -> None:
    hole = truth.holes.row(0, named=True)
    at = truth.posts.filter(pl.col("platform") == hole["platform"])["published_at"]
    length = hole["end"] - hole["start"]
    assert length == timedelta(hours=9)
    assert at.is_between(hole["start"], hole["end"], closed="left").sum() == 0
    assert at.is_between(hole["start"] - timedelta(days=1), hole["end"] - timedelta(days=1)).sum() > 20


def test_rhythm_of_day_and_week(truth: generator.Truth) -> None:
    talk = truth.posts.filter(pl.col("story").is_null()).with_columns(
        pl.col("published_at").dt.convert_time_zone("Asia/Shanghai").alias("at")
    )
    hours = talk.filter(pl.col("platform") == "微博")["at"].dt.hour().value_counts().sort("at")["count"].to_list()
    assert hours[21] > 6 * hours[4]
    orders = talk.filter(pl.col("platform") == "12345工单")["at"].dt.weekday().value_counts().sort("at")["count"]
    assert orders[0] > 1.5 * orders[6]


def test_hot_list_sees_two_stories_hour_by_hour(truth: generator.Truth) -> None:
    known = truth.board.filter(pl.col("story").is_not_null())
    assert set(known["story"]) == {"canteen", "fuel"}
    assert (known["n"] >= 5).all() and (known["best_rank"] <= 8).all()
    assert truth.board.height > 500


# --- like people ------------------------------------------------------------------------------------------------


def test_cascades_are_trees_in_time_with_depth(county: County) -> None:
    descendants: dict[str, int] = defaultdict(int)
    deepest = empty = reposts = 0
    for row in county.rows:
        if row.parent is None:
            continue
        assert row.root is not None and row.root.parent is None
        assert row.parent.at <= row.at and row.parent.platform == row.platform
        above, depth = row, 0
        while above.parent is not None:
            above, depth = above.parent, depth + 1
            descendants[above.native_id] += 1
        assert above is row.root
        if row.kind == "repost":
            deepest = max(deepest, depth)
            reposts, empty = reposts + 1, empty + (not row.own or row.own == "转发微博")
            chain = re.findall(r"//@([^:]+):", row.text)
            assert not chain or chain[0] == row.parent.author
    assert deepest >= 6
    assert 0.2 < empty / reposts < 0.6
    # one account of the media carries the story on
    assert descendants[county.events["canteen-media"].native_id] > 100


def test_edits_change_five_to_twenty_percent(county: County) -> None:
    changes = []
    for row in county.rows:
        if row.edited and not row.traditional and row.copy is not None:
            matcher = difflib.SequenceMatcher(None, row.copy.own, row.own, autojunk=False)
            same = sum(block.size for block in matcher.get_matching_blocks())
            changes.append(1 - same / max(len(row.own), len(row.copy.own)))
    inside = [0.03 <= c <= 0.22 for c in changes]
    assert len(changes) > 150 and sum(inside) > 0.9 * len(inside)


def pairs(text: str) -> frozenset[str]:
    plain = re.sub(r"\[[^\]]{1,6}\]|@\S+|#[^#]+#|[\W_]", "", text)
    return frozenset(plain[n : n + 2] for n in range(len(plain) - 1))


def test_background_texts_do_not_look_alike(county: County) -> None:
    talk: dict[str, list[frozenset[str]]] = defaultdict(list)
    for row in county.rows:
        if not row.story and not row.spam and row.kind in ("post", "complaint", "article"):
            talk[row.topic].append(pairs(row.own))
    alike = total = 0
    for texts in talk.values():
        total += len(texts)
        for n, mine in enumerate(texts):
            alike += any(len(mine & t) / len(mine | t) >= 0.4 for t in texts[:n])
    assert total > 6000
    assert alike / total < 0.04


def test_no_slot_is_left_open(county: County) -> None:
    for row in county.rows:
        assert not re.search(r"[{}|]", row.text + (row.title or "")), row.text
        assert "NoneNone" not in row.text


# --- what must not survive --------------------------------------------------------------------------------------


def test_planted_numbers_stand_in_the_files(made: tuple[dict[str, bytes], generator.Truth], county: County) -> None:
    bodies, truth = made
    kinds = dict(truth.planted["kind"].value_counts().iter_rows())
    assert all(kinds[k] >= 5 for k in phrases.PLANTED)
    texts = "\n".join(r.text for r in county.rows)
    wanted = truth.planted.filter(pl.col("kind").is_in(["idno", "bank", "plate", "home"]))
    assert all(written in texts for written in wanted["written"])
    assert truth.planted.filter(pl.col("kind") == "phone")["value"].str.contains(r"^1(54|6[13489])\d{8}$").all()
    names = {json.loads(line)["nickname"] for line in bodies["weibo_contents.jsonl"].splitlines()}
    authors = set(truth.planted.filter(pl.col("kind") == "author")["value"])
    assert len(authors & names) > 500
    assert "云溪县市场监督管理局" not in authors


def test_planted_identity_and_bank_numbers_pass_their_checks(truth: generator.Truth) -> None:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for number in truth.planted.filter(pl.col("kind") == "idno")["value"]:
        assert sum(int(c) * w for c, w in zip(number[:17], weights, strict=True)) % 11 == "10X98765432".index(
            number[17]
        )
    for number in truth.planted.filter(pl.col("kind") == "bank")["value"]:
        digits = [int(c) for c in reversed(number)]
        assert sum(d if n % 2 == 0 else sum(divmod(2 * d, 10)) for n, d in enumerate(digits)) % 10 == 0


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{甲|甲}{乙|乙}", "甲乙"),
        ("{7-7}块", "7块"),
        ("{a{b|b}|a{b|b}}", "ab"),
        ("{}空", "空"),
    ],
)
def test_template_language(template: str, said: str) -> None:
    voice = phrases.Voice(phrases.Dice(0))
    assert voice.join(phrases._parse(template)[0][0]) == said


def test_curve_runs_through_its_knots() -> None:
    plot = {"curve": [[0, 0.1], [10, 1.0], [20, 0.01]]}
    level = rows.curve(plot, pl.Series([0.0, 10.0, 20.0, 21.0]).to_numpy())
    assert level.round(6).tolist() == [0.1, 1.0, 0.01, 0.0]


def test_times_of_the_truth_are_utc(truth: generator.Truth) -> None:
    assert truth.posts["published_at"].dtype == pl.Datetime("us", "UTC")
    assert truth.posts["published_at"].min() >= local("2026-08-31 00:00")
    assert truth.posts["published_at"].max() < local("2026-09-28 00:00")
