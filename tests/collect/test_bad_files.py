"""Files that are not what they seem: read as far as they can be, or refused in Chinese with nothing left behind."""

import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opinion_lab import config
from opinion_lab.collect import importer
from opinion_lab.storage.store import Store

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PACKED = Path(__file__).parents[1] / "fixtures" / "bad_files.zip"
#: File -> rows kept of rows read, or what the refusal says.
RIGHT: dict[str, tuple[int, int] | str] = {
    **{"a.db": "SQLite", "a.docx": "不是 Excel", "a.ods": "不是 Excel", "a.pdf": "PDF", "a.rar": "RAR"},
    **{"a.zip": "先解压", "pw.zip": "先解压", "b.json": "写法有误", "e.json": "空的", "n.json": "没有一行"},
    **{"o.json": "缺少", "deep.json": "缺少", "deep.jsonl": (1, 2), "sur.jsonl": (2, 2), "bin.csv": "文字编码"},
    **{"b5.csv": "缺少", "blank.csv": "空的", "bom.csv": "空的", "empty.csv": "空的", "nul.csv": "空的"},
    **{"brk.xlsx": "打不开", "brk2.xlsx": "打不开", "enc.xlsx": "密码", "tr.xlsx": "打不开", "old.xls": "旧版"},
    **{"h.xls": "网页", "huge_ref.xlsx": "缺少", "j.csv": "图片", "p.csv": "图片", "l1.csv": "文字编码"},
    **{"mix.csv": "缺少", "nohead.csv": "缺少", "nt.csv": "时间", "ntx.csv": "正文", "head.csv": (0, 0)},
    **{"trunc.csv.gz": "gzip", "gg.csv.gz": (1, 1), "cr.csv": (1, 3), "dup.csv": (1, 1), "gb.csv": (1, 1)},
    **{"good.csv": (1, 1), "nulin.csv": (1, 1), "odd.csv": (10, 16), "one.csv": (1, 1), "rag.csv": (2, 7)},
    **{"u16.csv": (1, 1), "u32.csv": (1, 1), "wide.csv": (1, 1)},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("bad")
    with zipfile.ZipFile(PACKED) as z:
        z.extractall(at)
    return at


def test_every_file_is_in_the_table(folder: Path) -> None:
    assert {p.name for p in folder.iterdir()} == set(RIGHT)


@pytest.mark.parametrize("name", RIGHT)
def test_read_or_refused(lab: Store, folder: Path, name: str) -> None:
    right = RIGHT[name]
    if isinstance(right, str):
        with pytest.raises(config.LabError, match=right):
            importer.import_files(lab, [folder / name], "posts", now=NOW)
        assert lab.captures().is_empty() and not [
            p for p in lab.raw.rglob("*") if p.is_file() and p.suffix != ".sqlite"
        ]
    else:
        (done,) = importer.import_files(lab, [folder / name], "posts", now=NOW).to_dicts()
        assert (done["kept"], done["rows_in"]) == right
    try:
        importer.propose(lab, folder / name)
    except config.LabError as error:
        assert str(error)


def test_a_cell_in_the_last_corner_does_not_take_the_process_down(lab: Store, folder: Path) -> None:
    """In a process of its own, as an abort would not be an exception."""
    command = [sys.executable, "-m", "opinion_lab.cli", "--lab", lab.root, "import", "-m", "posts"]
    done = subprocess.run([*command, folder / "huge_ref.xlsx"], capture_output=True, text=True, cwd=lab.root)
    assert done.returncode == 1 and "缺少" in done.stderr and "Traceback" not in done.stderr
