"""Importing files into a lab: raw first, twice is once, a death half-way is completed, a refusal leaves nothing."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.collect import importer
from opinion_lab.collect.parsers.tables import exports
from opinion_lab.rules import SHIPPED
from opinion_lab.storage.store import Store

NOW = datetime(2026, 10, 1, tzinfo=UTC)
LATER = datetime(2026, 10, 2, tzinfo=UTC)
HEADER = "留言编号,留言用户,留言主题,留言时间,留言详情\n"
GOOD = HEADER + "1,甲,路灯,2026-09-08,不亮\n2,乙,井盖,昨天,丢了\n3,丙,噪音,前天,太吵\n"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "九月.csv").write_bytes(GOOD.encode("gbk"))
    return folder


def import_(lab: Store, *paths: Path | str, mapping: str = "gov-messages", now: datetime = NOW) -> pl.DataFrame:
    return importer.import_files(lab, paths, mapping, now=now)


def tree(lab: Store) -> dict[str, bytes]:
    """Every file under data/raw but the ledger, and its bytes."""
    return {
        str(p.relative_to(lab.raw)): p.read_bytes()
        for p in lab.raw.rglob("*")
        if p.is_file() and "ledger" not in p.name
    }


def test_an_import_is_told_in_full(lab: Store, inbox: Path) -> None:
    (done,) = import_(lab, inbox / "九月.csv").to_dicts()
    capture = done.pop("capture")
    assert done == {
        "name": "九月.csv",
        "format": "csv",
        "encoding": "GBK",
        "rows_in": 3,
        "kept": 1,
        "dropped": 2,
        "new": True,
        "reasons": [{"reason": "时间读不懂", "n": 2, "example": "第 3 行：时间读不懂：昨天"}],
        "notes": [{"what": "文件里没有、记为空的：点赞数、地区", "n": 1, "example": ""}],
    }
    assert lab.raw_bytes(capture) == (inbox / "九月.csv").read_bytes()
    assert lab.items(capture)["collected_at"].to_list() == [NOW]
    assert lab.import_dropped(capture).columns == list(schemas.Dropped.column_names())
    row = lab.captures().row(0, named=True)
    assert (row["rows_in"], row["rows_kept"], row["rows_dropped"], row["encoding"]) == (3, 1, 2, "GBK")
    assert row["source_id"] == "gov-messages" and row["mapping"].startswith("gov-messages@")


def test_a_second_run_adds_nothing_and_says_so(lab: Store, inbox: Path) -> None:
    first = import_(lab, inbox)
    before, ledger = tree(lab), lab.captures()
    second = import_(lab, inbox, now=LATER)
    assert second["new"].to_list() == [False]
    assert second.drop("new", "notes").equals(first.drop("new", "notes"))
    assert tree(lab) == before and lab.captures().equals(ledger)


def test_the_same_bytes_under_another_name_are_not_new(lab: Store, inbox: Path) -> None:
    (inbox / "十月.csv").write_bytes(GOOD.encode("gbk"))
    done = import_(lab, inbox)
    assert done["new"].to_list() == [True, False]
    assert lab.captures().height == 1


@pytest.mark.parametrize("step", ["read", "put_items"])
def test_a_death_between_raw_and_rows_is_completed(
    lab: Store, inbox: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*((exports, "read", die) if step == "read" else (Store, "put_items", die)))
        with pytest.raises(KeyboardInterrupt):
            import_(lab, inbox)
    # until a file is read it lies where it lay; from then on its bytes are safe here
    entered = step == "put_items"
    assert lab.captures()["rows_in"].to_list() == [None] * entered and len(tree(lab)) == entered
    done = import_(lab, inbox, now=LATER)
    assert done.select("new", "kept", "dropped").rows() == [(True, 1, 2)]
    # collected when its bytes came
    assert lab.items(done["capture"][0])["collected_at"].to_list() == [NOW if entered else LATER]
    assert import_(lab, inbox)["new"].to_list() == [False]


def test_an_edited_mapping_reads_the_file_anew(lab: Store, inbox: Path) -> None:
    import_(lab, inbox)
    (lab.root / "mappings").mkdir()
    text = SHIPPED.mapping("gov-messages")[1].replace('platform = "领导留言板"', 'platform = "县长信箱"')
    (lab.root / "mappings" / "gov-messages.toml").write_text(text, encoding="utf-8")
    done = import_(lab, inbox)
    assert done["new"].to_list() == [True]
    assert lab.items(done["capture"][0])["platform"].to_list() == ["县长信箱"]
    assert lab.captures().height == 1


def test_a_refused_file_leaves_nothing_and_harms_nothing(lab: Store, inbox: Path) -> None:
    import_(lab, inbox)
    before, ledger = tree(lab), lab.captures()
    with pytest.raises(config.LabError, match="缺少对应表“hot-list”要的列"):
        import_(lab, inbox, mapping="hot-list")
    assert tree(lab) == before and lab.captures().equals(ledger)


def test_one_bad_file_among_several_does_not_stop_the_others(lab: Store, inbox: Path) -> None:
    (inbox / "人员.csv").write_text("编号,姓名\n1,甲\n", encoding="utf-8")
    with pytest.raises(importer.SomeFailed, match="2 个文件中 1 个已导入") as error:
        import_(lab, inbox)
    assert "人员.csv：文件里缺少" in str(error.value)
    assert error.value.done.select("name", "kept").rows() == [("九月.csv", 1)]
    assert lab.captures()["name"].to_list() == ["九月.csv"]


def test_folders_and_patterns(inbox: Path) -> None:
    for name in ("b.jsonl.gz", "a.xlsx", "~$a.xlsx", ".hidden.csv", "说明.md", "c.CSV", "旧.xls"):
        (inbox / name).write_bytes(gzip.compress(b"x"))
    (inbox / "sub").mkdir()
    (inbox / "sub" / "d.csv").write_bytes(b"x")
    names = [p.name for p in importer.expand([inbox])]
    assert names == ["a.xlsx", "b.jsonl.gz", "c.CSV", "九月.csv", "旧.xls"]
    assert [p.name for p in importer.expand([str(inbox / "*.csv")])] == ["九月.csv"]
    assert [p.name for p in importer.expand([inbox / "说明.md", inbox / "九月.csv", inbox])] == [
        *("说明.md", "九月.csv", "a.xlsx", "b.jsonl.gz", "c.CSV", "旧.xls")
    ]


@pytest.mark.parametrize(
    ("name", "message"), [("没有.csv", "找不到文件"), ("*.parquet", "找不到文件"), ("sub", "里没有可导入")]
)
def test_nothing_to_import_says_so(lab: Store, inbox: Path, name: str, message: str) -> None:
    (inbox / "sub").mkdir()
    with pytest.raises(config.LabError, match=message):
        import_(lab, inbox / name)


def test_progress_is_told_by_file(lab: Store, inbox: Path) -> None:
    told: list[tuple[str, float]] = []
    importer.import_files(
        lab, [inbox], "gov-messages", now=NOW, progress=lambda name, share: told.append((name, share))
    )
    assert told[-1] == ("九月.csv", 1.0)


def test_raw_is_for_its_owner_alone(lab: Store, inbox: Path) -> None:
    import_(lab, inbox)
    modes = {p.stat().st_mode & 0o077 for p in (lab.raw / "bytes").rglob("*") if p.is_file()}
    modes |= {p.stat().st_mode & 0o077 for p in (lab.raw / "items").glob("*.parquet")}
    assert modes == {0}


def dated(*days: str) -> bytes:
    rows = "".join(f"{n},甲,路灯{n},2026-09-{day},不亮{n}\n" for n, day in enumerate(days))
    return (HEADER + rows).encode()


def test_a_clock_that_is_months_behind_drops_nothing(lab: Store, inbox: Path) -> None:
    (inbox / "九月.csv").write_bytes(dated("08", "09", "10"))
    with pytest.raises(config.LabError, match="时钟"):
        import_(lab, inbox, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert lab.captures().is_empty() and tree(lab) == {}
    assert import_(lab, inbox).select("new", "kept").rows() == [(True, 3)]


def test_rows_left_out_by_a_clock_that_was_behind_are_read_by_the_next(lab: Store, inbox: Path) -> None:
    (inbox / "九月.csv").write_bytes(dated("08", "09", "20"))
    behind = datetime(2026, 9, 10, tzinfo=UTC)
    assert import_(lab, inbox, now=behind).select("new", "kept", "dropped").rows() == [(True, 2, 1)]
    assert import_(lab, inbox, now=behind).select("new", "kept", "dropped").rows() == [(False, 2, 1)]
    assert import_(lab, inbox).select("new", "kept", "dropped").rows() == [(True, 3, 0)]
    assert import_(lab, inbox).select("new", "kept", "dropped").rows() == [(False, 3, 0)]


def test_a_year_that_is_a_slip_of_the_hand_is_not_read_again_and_again(lab: Store, inbox: Path) -> None:
    (inbox / "九月.csv").write_bytes(dated("08", "09", "10").replace(b"2026-09-10", b"2062-09-10"))
    assert import_(lab, inbox).select("new", "kept", "dropped").rows() == [(True, 2, 1)]
    later = datetime(2026, 12, 1, tzinfo=UTC)
    assert import_(lab, inbox, now=later).select("new", "kept", "dropped").rows() == [(False, 2, 1)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("javascript:alert(1)", None),
        (" JaVa\tScript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("https://u:p@x.example/a", "https://x.example/a"),
        ("http://x.example/a?at=b@c", "http://x.example/a?at=b@c"),
        ("weibo.com:80/1", "weibo.com:80/1"),
        ("//x.example/1", "//x.example/1"),
    ],
)
def test_links_lead_to_the_web_or_nowhere(lab: Store, inbox: Path, given: str, kept: str | None) -> None:
    (inbox / "九月.csv").unlink()
    (inbox / "a.csv").write_text(f'平台,编号,正文,发布时间,链接\n论坛,1,食堂,2026-09-08,"{given}"\n', encoding="utf-8")
    (done,) = import_(lab, inbox, mapping="posts").to_dicts()
    assert lab.items(done["capture"])["url"].to_list() == [kept]
    assert any("链接" in n["what"] and "已略去" in n["what"] for n in done["notes"]) is (kept is None)
