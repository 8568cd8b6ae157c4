"""Sources as a clerk meets them: settings that are wrong, trying, finding, the inbox, the places where people speak."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opinion_lab import cli, config
from opinion_lab.collect import collector, discovery, importer
from opinion_lab.rules import Rules
from opinion_lab.storage import store
from tests.collect.web import local_web as web

NOW = datetime(2026, 9, 9, 8, tzinfo=UTC)
SOURCE = '[[source]]\nid = "a"\nurl = "http://x.cn/"\nplatform = "p"\n'


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('kind = "rss"', "feed、board、json、page、sitemap、forum 之一"),
        ('kind = "json"', "title 或 text 在哪里"),
        ('kind = "json"\n[source.fields]\ntitel = "x"', "不认识“titel”，是不是想写“title”"),
        ('kind = "forum"', "回帖的选择器"),
        ('kind = "feed"\nlist = "a"', '只用于 kind = "json"'),
        ('kind = "feed"\n[source.listing]\nitem = "li"', "只用于"),
        ('kind = "feed"\nrobots = "own"', "allow_private = true"),
        ('kind = "page"\npages = 3', "{page}"),
        ('kind = "page"\nmatch = "("', "正则表达式"),
        ('kind = "page"\n[source.listing]\nitems = "li"', "是不是想写“item”"),
    ],
)
def test_wrong_settings_are_said(tmp_path: Path, lines: str, said: str) -> None:
    (tmp_path / "lab.toml").write_text(SOURCE + lines, encoding="utf-8")
    with pytest.raises(config.LabError) as error:
        config.load(tmp_path)
    assert said in str(error.value), str(error.value)


@pytest.fixture
def site() -> web.Site:
    site = web.Site()
    site.tick = 24
    return site


def test_check_tells_what_is_wrong_and_shows_three(
    tmp_path: Path, site: web.Site, capsys: pytest.CaptureFixture[str]
) -> None:
    text = web.settings(site.server_port, 1)
    wanted = ("rss-0", "messages-0", "selected-0", "forum-0", "captcha", "noitems", "status-403", "robots")
    head, *some = text.split("[[source]]")
    kept = [s for s in some if any(f'id = "{w}"' in s for w in wanted)]
    (tmp_path / "lab.toml").write_text("[[source]]".join([head, *kept]), encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        cli.main(["--lab", str(tmp_path), "sources", "check"])
    said = capsys.readouterr()
    assert end.value.code == 1 and "8 个来源中有 4 个不行" in said.err
    assert "selected-0：可以，5 条" in said.out and "forum-0：可以" in said.out
    assert "某县rss-0第4号通报｜2026-09-08 04:00｜rss-0第4号" in said.out
    assert "人机验证" in said.out and "data.list 那个位置没有列表" in said.out and "对方答复 403" in said.out
    assert store.open(tmp_path).captures().is_empty()


def test_find_proposes_what_can_be_pasted(tmp_path: Path, site: web.Site, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lab.toml").write_text("[collect]\nseconds_between = 0.0\n", encoding="utf-8")
    for path, kind in (("rss-0", "feed"), ("guessed-0", "page"), ("sitemap-0", "sitemap"), ("newsnow-0", "board")):
        address = f"http://127.0.0.1:{site.server_port}/{path}/"
        with pytest.raises(SystemExit) as end:
            cli.main(["--lab", str(tmp_path), "sources", "find", address, "--private"])
        assert end.value.code == 0
        table = capsys.readouterr().out
        assert f'kind = "{kind}"' in table and "第4号通报" in table + "第4号通报" * (kind == "sitemap")
        (tmp_path / "lab.toml").write_text(f"[collect]\nseconds_between = 0.0\n{table}", encoding="utf-8")
        lab = store.open(tmp_path)
        done = collector.collect(lab, now=datetime(2026, 9, 8, 4, tzinfo=UTC), only="source-1")
        assert done["kept"].to_list() == [5], path
        (tmp_path / "lab.toml").write_text("[collect]\nseconds_between = 0.0\n", encoding="utf-8")


def test_the_inbox(lab: store.Store) -> None:
    """What fits is imported and gone from there; what does not stays with the reason; twice changes nothing."""
    folder = lab.root / "inbox"
    folder.mkdir()
    rows = "平台,编号,作者,正文,发布时间\n论坛,1,甲,食堂有老鼠,2026-09-08 10:00\n"
    (folder / "posts.csv").write_text(rows, encoding="utf-8")
    (folder / "other.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    (folder / "copying.csv").write_text(rows, encoding="utf-8")
    for name in ("posts.csv", "other.csv"):
        os.utime(folder / name, (1, 1))
    done = {a.name: a for a in importer.take_inbox(lab, now=NOW)}
    assert done["posts.csv"].mapping == "posts" and (done["posts.csv"].done or {})["kept"] == 1
    assert done["other.csv"].why and "刚放进来" in done["copying.csv"].why
    assert sorted(p.name for p in folder.iterdir()) == ["copying.csv", "other.csv", "other.csv.没有导入.txt"]
    assert lab.raw_bytes(lab.captures()["capture"][0]) == rows.encode()
    os.utime(folder / "copying.csv", (1, 1))
    again = {a.name: a for a in importer.take_inbox(lab, now=NOW)}
    assert set(again) == {"copying.csv", "other.csv"} and not (again["copying.csv"].done or {})["new"]
    assert lab.captures().height == 1


def test_venues_say_what_is_read_and_what_is_closed(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(SOURCE.replace('"p"', '"微博"') + 'kind = "board"', encoding="utf-8")
    rows = {r["venue"]: r for r in discovery.venues(store.open(tmp_path), Rules().sources).iter_rows(named=True)}
    assert len(rows) == 12 and rows["微博"]["sources"] == ["a"] and not rows["抖音"]["sources"]
    assert all(r["lawful"] and r["closed"] for r in rows.values())


@pytest.mark.parametrize(
    ("platform", "venue"),
    [
        ("贴吧论坛", "贴吧"),
        ("百度贴吧", "贴吧"),
        ("百度", "新闻和评论"),
        ("临江论坛", "本地论坛"),
        ("腾讯新闻", "新闻和评论"),
    ],
)
def test_a_platform_is_one_place_and_its_posts_are_counted_once(platform: str, venue: str) -> None:
    assert discovery._venue(platform, Rules().sources) == venue
    assert discovery._venue("电报", Rules().sources) is None
