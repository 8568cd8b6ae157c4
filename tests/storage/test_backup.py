"""What cannot be rebuilt survives: a backup restored elsewhere, and a lab of version 0.1 taken over.

`lab-0.1.zip` was made by version 0.1: eight posts, two merges of the gym's three stories, a confirmed level on one of
those, two labels, a copied table under its former name.
"""

import zipfile
from pathlib import Path

import polars as pl
import pytest

from opinion_lab import cli
from opinion_lab.config import LabError
from opinion_lab.lab import Lab
from opinion_lab.storage import decisions, store
from opinion_lab.storage.maintenance import backup

OLD = Path(__file__).parents[1] / "fixtures" / "lab-0.1.zip"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A lab as version 0.1 left it."""
    with zipfile.ZipFile(OLD) as packed:
        packed.extractall(tmp_path / "old")
    return tmp_path / "old"


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return int(ended.value.code or 0)


def test_a_lab_of_version_0_1_is_taken_over(old: Path) -> None:
    assert run("--lab", str(old), "migrate") == 0
    lab = Lab(store.open(old))
    rows = decisions.read(old)
    assert rows["action"].to_list() == ["merge", "merge", "level", "label", "label"]
    assert lab.labels.select("relevant", "who").rows() == [(True, "值班员"), (False, "值班员")]
    gym = {lab.story_of(post) for post in lab.search("健身房")["post_id"]}
    assert len(gym) == 1, "the three stories that a person merged are one"
    story_id = gym.pop()
    for former in ("s_edec2650e298eecc", "s_90abe6eebd16b4be", "s_42d7b61438dd4ca1"):
        assert lab.story(former) == story_id, "an old number leads to the new one"
    assert lab.levels(story_id)["level"].to_list() == ["Ⅲ"]
    assert set(lab.post_stories()["post_id"]) == set(lab.posts()["post_id"])
    assert lab.rules.names().filter(pl.col("own"))["name"].to_list() == ["annual_peaks"], "the copied table counts"
    before = decisions.path(old).read_bytes()
    assert run("--lab", str(old), "migrate") == 0
    assert decisions.path(old).read_bytes() == before, "twice adds nothing"


def test_a_backup_restored_elsewhere(old: Path, tmp_path: Path) -> None:
    run("--lab", str(old), "migrate")
    file, new = tmp_path / "safe" / "lab.zip", tmp_path / "new"
    assert run("--lab", str(old), "backup", str(file)) == 0
    with zipfile.ZipFile(file) as packed:
        assert "lab.key" not in packed.namelist() and not any("processed" in n for n in packed.namelist())
    assert run("restore", str(file), str(new)) == 0
    for name in ("data/decisions.jsonl", "lab.toml", "lab.key"):
        assert (new / name).read_bytes() == (old / name).read_bytes()
    assert (new / "lab.key").stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten_and_nothing_is_written_elsewhere(old: Path, tmp_path: Path) -> None:
    file = tmp_path / "lab.zip"
    backup.backup(store.open(old), file)
    other = tmp_path / "other"
    other.mkdir()
    (other / "lab.toml").write_text("organisation = '别的局'", encoding="utf-8")
    with pytest.raises(LabError, match="没有改动"):
        backup.restore(other, file)
    assert [p.name for p in other.iterdir()] == ["lab.toml"]
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("../outside.txt", "x")
        packed.writestr("rules/../../outside.txt", "x")
    backup.restore(tmp_path / "deep" / "er", file)
    assert not (tmp_path / "outside.txt").exists() and not (tmp_path / "deep" / "outside.txt").exists()


@pytest.mark.parametrize("body", [b"", b"not a zip"])
def test_a_backup_that_cannot_be_read(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "bad.zip").write_bytes(body)
    assert run("restore", str(tmp_path / "bad.zip"), str(tmp_path / "new")) == 1
