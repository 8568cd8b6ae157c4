"""`rules` and `mappings` at the command line, and the page that explains them."""

import re
from pathlib import Path

import pytest

from opinion_lab import cli
from opinion_lab.collect.parsers.tables import mapping
from opinion_lab.rules import SHIPPED, TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
KEYS = {key for model in (mapping.Mapping, mapping.Item, mapping.Drop) for key in model.model_fields} - {"name"}
KEYS = KEYS - {"items", "equals"} | {"item", "is"}  # what they are called in the file


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as done:
        cli.main(arguments)
    printed = capsys.readouterr()
    return int(done.value.code or 0), printed.out + printed.err


def test_a_table_is_listed_copied_and_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = str(tmp_path / "lab")
    assert said(capsys, "init", lab)[0] == 0
    code, listed = said(capsys, "--lab", lab, "rules", "list")
    assert code == 0 and all(name in listed for name in TABLES) and "本实验室的" not in listed
    code, copied = said(capsys, "--lab", lab, "rules", "copy", "grades")
    assert code == 0 and str(tmp_path / "lab" / "rules" / "grades.toml") in copied
    path = tmp_path / "lab" / "rules" / "grades.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("early_hours = 12", "", 1), encoding="utf-8")
    assert said(capsys, "--lab", lab, "rules", "copy", "grades")[0] == 1
    listed = said(capsys, "--lab", lab, "rules", "list")[1]
    assert "各级措施（本实验室的）" in listed and "比软件自带的少：mishandled.early_hours。" in listed
    code, refused = said(capsys, "--lab", lab, "rules", "copy", "grade")
    assert code == 1 and "是不是想写“grades”" in refused


def test_a_mapping_is_listed_and_copied_under_another_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lab.toml").write_text("", encoding="utf-8")
    lab = str(tmp_path)
    code, copied = said(capsys, "--lab", lab, "mappings", "copy", "work-orders", "我县工单")
    assert code == 0 and "--mapping 我县工单" in copied and (tmp_path / "mappings" / "我县工单.toml").exists()
    listed = said(capsys, "--lab", lab, "mappings", "list")[1]
    assert len([line for line in listed.splitlines() if "（本实验室的）" in line]) == 1
    assert said(capsys, "--lab", lab, "mappings", "copy", "我县工单")[0] == 1


def test_the_page_explains_every_table_and_every_key_of_a_mapping() -> None:
    rows = set(re.findall(r"(?m)^\| `\[*([a-z_.]+)\.?某?列?\]*` \|", PAGE)) | {"constants", "columns", "values"}
    assert rows >= {*TABLES, *mapping.TARGETS}, "an undocumented table or column"
    for key in KEYS:
        assert re.search(rf"(?m)^\| `\[*(?:item\.)?{key}[^|]*` \|", PAGE), f"{key} is undocumented"
    for name, file in TABLES.items():
        assert f"| `{name}` | `{file.name}` |" in PAGE


def test_the_mapping_of_the_page_works() -> None:
    text = PAGE.split("```toml\n")[1].split("```")[0]
    assert len([line for line in text.splitlines() if line and not line.startswith(("#", "["))]) <= 10
    assert mapping.load("我县留言", text).source_id == "our-messages"
    assert SHIPPED.mappings().height >= 7
