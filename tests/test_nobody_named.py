"""No person in any report: what raw data hold of persons is looked for in every page."""

import csv
import random
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import opinion_lab
from opinion_lab.cli import data
from opinion_lab.collect import importer
from opinion_lab.config import LabError
from opinion_lab.prepare import redaction
from opinion_lab.report import run as reports
from opinion_lab.storage import store
from tests.benchmarks.redaction import touched
from tests.plantings import planted, survives

pytestmark = pytest.mark.soak
NOW = datetime(2026, 11, 30, tzinfo=UTC)
REPORTS = ("1-daily-brief", "2-topic-modelling", "3-trend-spotting", "4-incident-review", "5-source-coverage", "6-desk")


def pages(root: Path) -> Iterator[str]:
    """What the pages of a lab say: text without tags, and data of charts."""
    for page in (root / "reports").rglob("*.html"):
        yield re.sub(r"<style.*?</style>|<[^>]+>", " ", page.read_text("utf-8"), flags=re.DOTALL)


def reported(lab: store.Store) -> str:
    """All that the reports of a lab say, the reports made."""
    for name in REPORTS:
        try:
            reports.run(name, {}, store=lab, now=NOW, progress=False)
        except LabError as error:  # a lab without such a story
            print(name, error)
    return "\n".join(pages(lab.root))


def persons(lab: store.Store) -> set[str]:
    """Authors who are no organisation, and what the rules find in the rows as they came."""
    found: set[str] = set()
    for capture in lab.captures()["capture"]:
        rows = lab.items(capture)
        people = rows.filter(pl.col("author_kind").cast(pl.String).fill_null("person") == "person")
        names = redaction.plain_names(people["author"]).drop_nulls()
        found |= {*names.filter(~redaction.are_organisations(names))}
        for column in ("title", "text"):
            found_here = touched(rows[column].drop_nulls())
            found |= {*found_here.filter(found_here["rule"].str.contains("P0[1-7]"))["found"]}
    return {value for value in found if len(value) > 2}


def left(values: Iterable[str], said: str) -> list[str]:
    return [value for value in values if value in said]


def made(root: Path, export: Path, mapping: str) -> store.Store:
    toml = root.parent / "empty.toml"
    toml.write_text("", encoding="utf-8")
    data.new_lab(root, toml, list(REPORTS))
    lab = store.open(root)
    importer.import_files(lab, [export], mapping, now=NOW)
    opinion_lab.open(root).update(progress=False)
    return lab


def test_of_the_demo(demo_lab: store.Store) -> None:
    listed = {o for kind in demo_lab.settings.organisations.model_dump().values() for o in kind}
    assert left(persons(demo_lab) - listed, "\n".join(pages(demo_lab.root))) == []


def test_of_planted_texts(tmp_path: Path) -> None:
    rows = [row for half in ("build", "held") for row in planted(600, seed=31, half=half)]
    random.Random(5).shuffle(rows)
    with (tmp_path / "posts.csv").open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out)
        write.writerow(["平台", "编号", "作者", "正文", "发布时间"])
        for n, (text, _, _) in enumerate(rows):
            matter = "城关镇第二小学食堂饭菜有异味，孩子吃坏肚子，" if n % 2 else "城关镇好运健身房关门不退会员费，"
            write.writerow(["论坛", f"p{n}", f"赵满仓{n}", matter + text, f"2026-09-{10 + n % 9} {n % 24:02}:15"])
    said = reported(made(tmp_path / "lab", tmp_path / "posts.csv", "posts"))
    assert "食堂" in said
    assert "赵满仓" not in said
    squeezed = re.sub(r"\s", "", said)
    stand = [(kind, secret) for _, secret, kind in rows if len(secret) > 4 and secret in squeezed]
    assert stand == []
    names = [secret for _, secret, kind in rows if kind == "name" and survives(secret, said)]
    assert len(names) <= 0.01 * sum(kind == "name" for _, _, kind in rows), names


def test_of_a_first_users_workbook(shared_data: Path, tmp_path: Path) -> None:
    workbook = shared_data.parent / "cases" / "first-user" / "工单300.xlsx"
    lab = made(tmp_path / "lab", workbook, "work-orders")
    assert left(persons(lab), reported(lab)) == []
