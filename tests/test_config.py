"""Settings: a typing error is an error, said in Chinese with what was meant."""

from pathlib import Path

import pytest

from opinion_lab import config

ROOT = Path(__file__).parents[1]


def load(folder: Path, text: str, encoding: str = "utf-8") -> config.Settings:
    (folder / "lab.toml").write_text(text, encoding=encoding)
    return config.load(folder)


def test_the_shipped_settings_load() -> None:
    lab = config.load(ROOT)
    assert lab.organisation == "云溪县市场监督管理局"
    assert lab.job("daily").notebook == "1-daily-brief"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('organization = "某局"', "organisation"),
        ("[watch]\nmusts = []", "must"),
        ("keep_raw_days = '180'", "整数"),
        ("[watch]\nany = '云溪'", "列表"),
        ('[watch]\nany = ["a", 1]', "第 2 项"),
        ('timezone = "Asia/Shanghi"', "时区"),
        ('lang = "zh"', "zh-Hans"),
        ('[[source]]\nid = "a"\nkind = "feed"', "url"),
        ('[[job]]\nname = "d"\nnotebook = "x"\n[[job]]\nname = "d"\nnotebook = "y"', "name 重复：d"),
        ("organisation = 某局", "写法有误"),
    ],
)
def test_bad_settings_say_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(config.LabError, match=said):
        load(tmp_path, text)


def test_notepad_saves_a_byte_order_mark(tmp_path: Path) -> None:
    assert load(tmp_path, 'organisation = "某局"', "utf-8-sig").organisation == "某局"


def test_gbk_settings_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(config.LabError, match="UTF-8"):
        load(tmp_path, 'organisation = "某局"', "gbk")


def test_not_is_the_key_of_exclude(tmp_path: Path) -> None:
    assert load(tmp_path, '[watch]\nnot = ["招聘"]').watch.exclude == ("招聘",)


def test_root_is_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPINION_LAB_ROOT", raising=False)
    load(tmp_path, "")
    below = tmp_path / "notebooks" / "old"
    below.mkdir(parents=True)
    assert config.find_root(below) == tmp_path
    with pytest.raises(config.LabError, match=r"lab\.toml"):
        config.find_root(Path("/"))


def test_key_is_kept_secret_and_apart(tmp_path: Path) -> None:
    lab = load(tmp_path, "")
    key = config.pseudonym_key(tmp_path, lab)
    assert len(key) == 32 and config.pseudonym_key(tmp_path, lab) == key
    assert (tmp_path / "lab.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(config.LabError, match="data"):
        config.pseudonym_key(tmp_path, load(tmp_path, 'key_file = "data/lab.key"'))
