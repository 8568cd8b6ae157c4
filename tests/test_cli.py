"""The command line: what a clerk types wrong ends in one Chinese sentence and a non-zero exit, and loses nothing."""

import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opinion_lab import cli
from opinion_lab.collect import importer
from opinion_lab.storage import store

ROOT = Path(__file__).parents[1]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and all that was printed."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(arguments))
    printed = capsys.readouterr()
    return int(stopped.value.code or 0), printed.out + printed.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["import", "nothing.csv", "-m", "posts"], 1, "找不到文件"),
        (["import", "lab.toml", "-m", "nope"], 1, "nope"),
        (["import"], 2, "缺少"),
        (["import", "lab.toml"], 1, "没有认出这个文件"),
        (["collect"], 1, "[[source]]"),
        (["report", "4-incident-revue"], 1, "4-incident-review"),
        (["report", "1-daily-brief", "-p", "day"], 1, "名称=值"),
        (["report", "1-daily-brief", "-p", "dya=2026-09-11"], 1, "day"),
        (["report", "1-daily-brief"], 1, "还没有帖文"),
        (["run", "weekly"], 1, "现有任务"),
        (["report", "--portabel", "1-daily-brief"], 2, "--portable"),
        (["nonsense"], 2, "没有命令 nonsense。"),
        (["stories", "--most", "many"], 2, "--most 的值不对：要写整数。"),
        (["stories", "--most"], 2, "选项 --most 后面要写一个值。"),
        (["stories", "食堂", "三小"], 2, "多写了 食堂 三小。"),
        (["review", "食堂", "三小"], 2, "多写了 三小。"),
        (["review", "食堂"], 1, "还没有帖文"),
        (["review", "食堂", "--story", "三小"], 1, "请只留一个"),
        (["route", "餐馆后厨有老鼠，菜里吃出虫子"], 0, "餐饮"),
        (["route", "小区门口路灯坏了三个月没人修"], 0, "职责外"),
        (["route", " "], 1, "没有文字"),
        (["init", "."], 1, "已有 lab.toml"),
    ],
)
def test_mistakes(
    arguments: list[str],
    code: int,
    said: str,
    lab: store.Store,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(lab.root)
    before = files(lab.root)
    given, printed = run(capsys, *arguments)
    assert given == code and said in printed, printed
    assert "Traceback" not in printed
    assert code != 2 or not re.search("[a-z]{2,} [a-z]{2,}", printed), "a sentence that is not translated"
    assert files(lab.root) == before


def files(root: Path) -> list[Path]:
    """What a lab holds that came from a person; what was learnt can be learnt again."""
    return sorted(p for p in root.rglob("*") if p.is_file() and p.name != "lab.key" and "models" not in p.parts)


def test_where_an_extra_is_missing_the_way_to_it_is_said(
    lab: store.Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "voila", None)  # as where it was never installed
    code, printed = run(capsys, "--lab", str(lab.root), "lab", "--no-code")
    assert code == 1 and "opinion-lab[voila]" in printed and "Traceback" not in printed


def test_a_new_lab_carries_no_invented_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init", str(tmp_path / "new"))
    new, shipped = store.open(tmp_path / "new").settings, store.open(ROOT).settings
    settings = (tmp_path / "new" / "lab.toml").read_text(encoding="utf-8")
    assert "云溪" not in settings and "云市监" not in settings
    assert new.organisations.own == new.organisations.media == new.organisations.government == ()
    assert (new.watch, new.jobs) == (shipped.watch, shipped.jobs)


def test_from_a_file_to_posts(lab: store.Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "编号,受理时间,诉求内容\n1,2026-09-08 12:20,电子秤不准，要求查处\n2,没有时间,菜价太高\n"
    path = tmp_path / "工单.csv"
    path.write_bytes(rows.encode("gb18030"))
    here = ["--lab", str(lab.root)]
    code, printed = run(capsys, *here, "import", str(path), "-m", "work-orders")
    assert code == 0
    assert "GB" in printed and "读入 2 行 = 保留 1 + 剔除 1" in printed and "第 3 行" in printed
    assert "以前导入过" in run(capsys, *here, "import", str(path), "-m", "work-orders")[1]
    assert "待整理 1 份" in run(capsys, *here, "status")[1]
    assert "读入 1 行 = 新增帖文 1 + 再次见到 0 + 并入已有帖文 0 + 剔除 0" in run(capsys, *here, "prepare")[1]
    assert "没有新内容" in run(capsys, *here, "prepare")[1]
    assert run(capsys, *here, "verify")[0] == 0
    next((lab.raw / "bytes").rglob(lab.captures()["capture"][0])).write_bytes(b"edited")
    code, printed = run(capsys, *here, "verify")
    assert code == 1 and "被改动" in printed


def test_what_steers_a_terminal_is_not_printed(
    lab: store.Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steering = "\x1b]0;改了标题\x07\x1b[2J\x9b31m\u202e\x08\r假的一行"
    path = tmp_path / f"工单\x1b[31m{'红'}.csv"
    rows = [f"编号{steering},受理时间,诉求内容,承办单位", f"1,2026-09-08 12:20,秤{steering}不准,局{steering}"]
    path.write_text("\n".join([*rows, "2,没有时间,菜价太高,x"]), encoding="utf-8")
    here = ["--lab", str(lab.root)]
    commands: list[list[str]] = [
        *(["import", str(path), how] for how in ("--mapping=work-orders", "--yes")),
        *([name] for name in ("prepare", "stories", "status", "verify", f"nope{steering}")),
        ["search", "不准"],
        ["report", f"没有{steering}"],
        ["rename", "s_1", f"名{steering}", "--who", "x"],
    ]
    for command in commands:
        _, printed = run(capsys, *here, *command)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", printed), (command, printed)


def test_of_a_parameter_said_twice_the_last_counts_and_goes_over_the_notebooks_own(
    lab: store.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(Path(__file__).parent / "notebooks", lab.root / "notebooks")
    pairs = ["-p", "place=甲县", "-p", "hours=30", "-p", "place=乙=县"]
    code, printed = run(capsys, "--lab", str(lab.root), "report", "small", *pairs)
    assert code == 0, printed
    page = next(lab.reports.rglob("small*.html")).read_text("utf-8")
    assert "乙=县两天共" in page and "甲县" not in page and "hours = 30" in page and "factor = 1.5" in page


def test_a_lab_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "局"
    assert run(capsys, "init", str(folder))[0] == 0
    mine = store.open(folder)
    assert mine.captures().is_empty()
    assert len(list((folder / "notebooks").glob("*.ipynb"))) >= 4
    assert {p.name for p in folder.iterdir() if p.is_dir()} >= {"notebooks", "rules", "mappings"}


def test_the_demo_does_not_mix_with_real_data(
    lab: store.Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "工单.csv"
    path.write_text("编号,受理时间,诉求内容\n1,2026-09-08 12:20,电子秤不准\n", encoding="utf-8")
    run(capsys, "--lab", str(lab.root), "import", str(path), "-m", "work-orders")
    code, printed = run(capsys, "--lab", str(lab.root), "demo")
    assert code == 1 and "不能混入" in printed


def test_prepare_clears_what_is_past_its_days(lab: store.Store, capsys: pytest.CaptureFixture[str]) -> None:
    body = b'{"native_id": "1", "platform": "p", "kind": "post", "text": "x", "published_at": "2020-01-01 10:00"}'
    path = lab.root / "a.jsonl"
    path.write_bytes(body)
    importer.import_files(lab, [path], "posts", now=datetime(2020, 1, 2, tzinfo=UTC))
    code, printed = run(capsys, "--lab", str(lab.root), "prepare")
    assert code == 0 and "已清除 1 份" in printed
    assert lab.posts().height == 1 and not list((lab.raw / "bytes").rglob("?" * 64))
