"""The store: bytes as they came, days that replace whole, accounts that balance."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.storage import files, store
from opinion_lab.storage.maintenance import integrity
from tests import make

NOW = datetime(2026, 9, 9, tzinfo=UTC)


def dropped(n: int) -> pl.DataFrame:
    row = {"capture": "c", "position": 1, "step": "test", "reason": "测试"}
    return pl.DataFrame([row] * n, schema=schemas.empty(schemas.Dropped).schema)


def test_the_same_bytes_count_once(lab: store.Store) -> None:
    first = lab.put_raw(b"abc", source_id="s", name="a.csv", mapping="m", collected_at=NOW)
    again = lab.put_raw(b"abc", source_id="s", name="b.csv", mapping="m", collected_at=NOW)
    assert (first.new, again.new, first.capture) == (True, True, again.capture)  # nobody has read it yet
    lab.put_items(first.capture, schemas.empty(schemas.RawItem), dropped(1), rows_in=1)
    assert not lab.put_raw(b"abc", source_id="s", name="b.csv", mapping="m", collected_at=NOW).new
    assert lab.raw_bytes(first.capture) == b"abc"
    assert lab.captures().height == 1


def test_raw_is_for_its_owner_alone(lab: store.Store) -> None:
    capture = lab.put_raw(b"abc", source_id="s", name="a.csv", collected_at=NOW).capture
    path = next((lab.raw / "bytes").rglob(capture))
    assert path.stat().st_mode & 0o077 == 0 and lab.raw.stat().st_mode & 0o077 == 0


def test_another_mapping_takes_the_bytes_over(lab: store.Store) -> None:
    capture = lab.put_raw(b"abc", source_id="s", name="a.csv", mapping="m", collected_at=NOW).capture
    lab.mark_prepared([capture], "f")
    taken = lab.put_raw(b"abc", source_id="s", name="a.csv", mapping="other", collected_at=NOW)
    assert taken.new and lab.captures()["prepared"].to_list() == [None]


def test_accounts_that_do_not_balance_are_refused(lab: store.Store) -> None:
    capture = lab.put_raw(b"abc", source_id="s", name="a.csv", collected_at=NOW).capture
    with pytest.raises(config.LabError, match="账不平"):
        lab.put_items(capture, schemas.empty(schemas.RawItem), dropped(1), rows_in=2)
    lab.put_items(capture, schemas.empty(schemas.RawItem), dropped(2), rows_in=2)
    assert lab.dropped()["reason"].to_list() == ["测试", "测试"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    files.write_parquet(path, pl.DataFrame({"a": [1]}))

    def fails(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fails)
    with pytest.raises(OSError, match="disk full"):
        files.write_parquet(path, pl.DataFrame({"a": [2]}))
    assert pl.read_parquet(path)["a"].to_list() == [1]
    assert [p.name for p in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (None, None, [7, 8, 9]),
        ("2026-09-08", None, [8, 9]),
        (date(2026, 9, 7), "2026-09-08", [7, 8]),
        (datetime(2026, 9, 7, 23, tzinfo=UTC), None, [8, 9]),  # 07:00 of the 8th in the lab's zone
        ("2027-01-01", None, []),
    ],
)
def test_days_are_those_of_the_lab(lab: store.Store, since: object, until: object, days: list[int]) -> None:
    for day in (7, 8, 9):
        posts = make.posts([{"post_id": f"p{day}", "published_at": datetime(2026, 9, day, 4, tzinfo=UTC)}])
        lab.put_days("posts", posts)
    found = lab.posts(since=since, until=until)  # type: ignore[arg-type]
    assert found["day"].dt.day().to_list() == days


@pytest.mark.parametrize(
    ("since", "until", "said"), [("9月8日", None, "2026-10-01"), ("2026-09-09", "2026-09-08", "晚于")]
)
def test_bad_days_are_said(lab: store.Store, since: str, until: str | None, said: str) -> None:
    with pytest.raises(config.LabError, match=said):
        lab.posts(since=since, until=until)


def test_a_frame_that_breaks_the_dictionary_is_refused(lab: store.Store) -> None:
    once = make.posts([{"post_id": "p"}])
    twice = pl.concat([once, once])
    with pytest.raises(Exception, match="primary_key"):
        lab.put_days("posts", twice)


def test_sweep_keeps_what_is_young_or_waits(lab: store.Store) -> None:
    old = lab.put_raw(b"old", source_id="s", name="a", collected_at=datetime(2026, 1, 1, tzinfo=UTC)).capture
    waits = lab.put_raw(b"waits", source_id="s", name="b", collected_at=datetime(2026, 1, 1, tzinfo=UTC)).capture
    young = lab.put_raw(b"young", source_id="s", name="c", collected_at=NOW).capture
    lab.put_items(waits, schemas.empty(schemas.RawItem), dropped(1), rows_in=1)  # read, and to be prepared
    lab.mark_prepared([old, young], "f")
    assert integrity.sweep(lab, NOW) == [old]
    assert lab.raw_bytes(waits) and lab.raw_bytes(young)
    with pytest.raises(config.LabError, match="保存期"):
        lab.raw_bytes(old)


def test_verify_sees_bytes_that_were_edited(lab: store.Store) -> None:
    capture = lab.put_raw(b"abc", source_id="s", name="a.csv", collected_at=NOW).capture
    lab.put_items(capture, schemas.empty(schemas.RawItem), dropped(1), rows_in=1)
    assert integrity.verify(lab) == []
    next((lab.raw / "bytes").rglob(capture)).write_bytes(b"abd")
    assert "被改动" in integrity.verify(lab)[0]
