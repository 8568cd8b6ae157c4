"""The three real kinds go through the same door as anybody's file, and nothing good is left out."""

import csv
import gzip
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from opinion_lab.collect import importer
from opinion_lab.config import LabError
from opinion_lab.prepare import pipeline
from opinion_lab.storage.store import Store

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def import_(lab: Store, *paths: Path, mapping: str) -> pl.DataFrame:
    done = importer.import_files(lab, paths, mapping, now=NOW)
    assert (done["rows_in"] == done["kept"] + done["dropped"]).all()
    for row in done.iter_rows(named=True):
        assert sum(r["n"] for r in row["reasons"]) == row["dropped"]
        assert lab.items(row["capture"]).height == row["kept"]
    assert not importer.import_files(lab, paths, mapping, now=NOW)["new"].any()
    return done


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def entries(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as f:
        yield from map(orjson.loads, f)


@pytest.mark.parametrize("name", ["messages", "labelled", "replies"])
def test_citizens_messages(lab: Store, shared_data: Path, name: str) -> None:
    path = shared_data / "gov_messages" / f"{name}.csv"
    given = records(path)
    answers = [r for r in given if r.get("答复意见", "").strip()]
    (done,) = import_(lab, path, mapping="gov-messages").to_dicts()
    assert done["rows_in"] == len(given) + len(answers)
    # only what the file says twice is left out: the labels are no part of a post
    said = [(r["留言编号"], r["留言主题"], r["留言时间"], r["留言详情"]) for r in given]
    assert done["dropped"] == len(said) - len(set(said))
    assert {r["reason"] for r in done["reasons"]} <= {"同一文件里重复"}
    assert [n["what"] for n in done["notes"] if "没有、记为空" not in n["what"]] == [] and done["encoding"] == "UTF-8"
    items = lab.items(done["capture"])
    complaints, statements = items.filter(pl.col("kind") == "complaint"), items.filter(pl.col("kind") == "statement")
    assert set(complaints["native_id"]) == {r["留言编号"] for r in given}
    assert set(complaints["text"]) == {r["留言详情"] for r in given}
    assert set(statements["parent"]) == {r["留言编号"] for r in answers}
    if "点赞数" in given[0]:
        assert complaints["likes"].sum() == sum(int(r["点赞数"]) for r in given)
    # local times, none shifted by a zone: nobody answers before the question
    both = statements.join(complaints, left_on="parent", right_on="native_id")
    assert (both["published_at"] >= both["published_at_right"]).all()
    # a record's line is where it begins in the file
    lines = path.read_text(encoding="utf-8").split("\n")
    for position, native_id in complaints.select("position", "native_id").rows()[:: max(1, len(given) // 50)]:
        assert lines[position - 1].startswith(f"{native_id},")


@pytest.mark.parametrize("months", [("2025-02",), pytest.param(("2024-05", "2024-11"), marks=pytest.mark.soak)])
def test_hourly_hot_lists(lab: Store, shared_data: Path, months: tuple[str, ...]) -> None:
    paths = [shared_data / "weibo_hot_hourly" / f"{m}.jsonl.gz" for m in months]
    done = import_(lab, *paths, mapping="hot-list")
    for path, row in zip(paths, done.iter_rows(named=True), strict=True):
        given = list(entries(path))
        adverts = sum(g["ads"] for g in given)
        assert (row["rows_in"], row["dropped"]) == (len(given), adverts)
        assert [r["reason"] for r in row["reasons"]] == ["广告位"]
        items = lab.items(row["capture"])
        local = items["published_at"].dt.convert_time_zone("Asia/Shanghai")
        # every entry lies in the hour of its snapshot, and once in it
        told = Counter((g["day"], g["hour"], g["title"]) for g in given if not g["ads"])
        assert Counter(zip(local.dt.strftime("%Y-%m-%d"), local.dt.strftime("%H"), items["title"], strict=True)) == told
        assert items["native_id"].n_unique() == len({t for _, _, t in told})
        assert items["heat"].min() > 0  # type: ignore[operator]
        assert items["heat"].null_count() == sum(not g["hot"] for g in given if not g["ads"])
        assert items["rank"].null_count() == sum("realpos" not in g for g in given if not g["ads"])


@pytest.mark.parametrize("most", [200, pytest.param(100_000, marks=pytest.mark.soak)])
def test_repost_cascades(lab: Store, shared_data: Path, tmp_path: Path, most: int) -> None:
    path = tmp_path / "cascades.jsonl.gz"
    with gzip.open(shared_data / "ced_cascades" / path.name) as lines:
        path.write_bytes(gzip.compress(b"".join(line for line, _ in zip(lines, range(most), strict=False))))
    start = time.process_time()
    done = importer.import_files(lab, [path], "repost-cascades", now=NOW).row(0, named=True)
    assert time.process_time() - start < 60
    originals, ids, undated, n = set(), set(), 0, 0
    for line in entries(path):
        originals.add(line["bid"])
        n += 1 + len(line["reposts"])
        for repost in line["reposts"]:
            if "年" not in repost["date"] and "月" in repost["date"]:
                undated += 1
            else:
                ids.add(repost["mid"])
    assert done["rows_in"] == n == done["kept"] + done["dropped"]
    counted = {r["reason"]: r["n"] for r in done["reasons"]}
    assert counted.pop("时间读不懂") == undated
    assert set(counted) == {"同一文件里重复"}
    items = lab.items(done["capture"])
    posts, reposts = items.filter(pl.col("kind") == "post"), items.filter(pl.col("kind") == "repost")
    assert set(posts["native_id"]) == originals
    assert set(reposts["native_id"]) == ids  # a repeated one is there at least once
    assert reposts["parent"].null_count() == reposts["root"].null_count() == 0
    assert set(reposts["root"]) <= originals
    # bare reposts carry a spread: four in ten are empty, and all are here
    empty = (reposts["text"].fill_null("").str.strip_chars() == "").mean()
    assert 0.35 < empty < 0.45  # type: ignore[operator]
    assert posts["author_kind"].n_unique() >= 4
    # the two ways of writing an original's time are read alike
    assert posts["published_at"].dt.year().is_between(2009, 2015).all()


def test_first_sightings(lab: Store, shared_data: Path) -> None:
    paths = [shared_data / "hot_boards" / f"{b}_first_seen.csv.gz" for b in ("bilibili", "36kr")]
    done = import_(lab, *paths, mapping="hot-boards")
    assert done["dropped"].to_list() == [0, 0]
    platforms = [lab.items(c)["platform"].unique().to_list() for c in done["capture"]]
    assert platforms == [["哔哩哔哩"], ["36氪"]]


#: Files of the real data that have no time, and files that explain others: nothing in them is a post.
NO_POSTS = {
    *("company_risk", "dongguan_orders", "food_review_hazard", "nlpcc2016_stance", "reviews", "smp2020_ewect"),
    *("sogouc_news", "thucnews_titles", "tnews", "weibo_emotion7", "taxonomy.csv", "event_heat.csv"),
}


def tables(shared_data: Path) -> list[Path]:
    return sorted(p for p in shared_data.glob("*/*") if p.suffix not in (".html", ".md"))


def balance(lab: Store, paths: list[Path]) -> int:
    """Import each by the mapping that fits and prepare: nothing is lost between file, rows and posts. -> rows read"""
    rows_in = kept = 0
    for path in paths:
        if {path.parent.name, path.name} & NO_POSTS:
            with pytest.raises(LabError, match="时间"):
                importer.propose(lab, path)
            continue
        done = importer.import_files(lab, [path], importer.propose(lab, path).mapping, now=NOW).row(0, named=True)
        assert done["rows_in"] == done["kept"] + done["dropped"], path
        rows_in, kept = rows_in + done["rows_in"], kept + done["kept"]
    prepared = pipeline.run(lab, progress=False)
    shares = prepared.new_posts + prepared.seen_again + prepared.merged + prepared.dropped
    assert prepared.rows == shares == kept
    assert lab.posts().height == prepared.new_posts
    return rows_in


@pytest.mark.soak
def test_counts_balance_over_the_head_of_every_real_file(lab: Store, shared_data: Path, tmp_path: Path) -> None:
    heads = []
    for path in tables(shared_data):
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
            head = "".join(line for _, line in zip(range(25), lines, strict=False))
        heads.append(tmp_path / "heads" / path.parent.name / path.name.removesuffix(".gz"))
        heads[-1].parent.mkdir(parents=True, exist_ok=True)
        heads[-1].write_text(head, encoding="utf-8")
    assert balance(lab, heads) > 350


@pytest.mark.soak
def test_counts_balance_over_every_real_file(lab: Store, shared_data: Path) -> None:
    assert balance(lab, tables(shared_data)) > 400_000
