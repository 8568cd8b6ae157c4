"""Sources: tried, found, listed, and what is read of the places where people speak."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opinion_lab import config
from opinion_lab.cli.console import open_store, say
from opinion_lab.cli.data import fault_sentence

if TYPE_CHECKING:
    from opinion_lab.collect.discovery import Offer

#: What a kind of source is called.
KINDS = {"feed": "订阅源", "board": "热榜", "json": "JSON 列表", "page": "网页列表", "sitemap": "网站地图"}


@click.group()
def sources() -> None:
    """采集来源：试采、查找、目录、各处能读到什么。"""


@sources.command("check")
@click.argument("source_id", required=False)
@click.pass_obj
def _check(folder: Path | None, source_id: str | None) -> None:
    """逐个试采 lab.toml 里的来源（或只试一个），说明哪里不对、头三条长什么样；不保存任何内容。"""
    from opinion_lab.collect import discovery

    store = open_store(folder)
    wanted = [s for s in store.settings.sources if source_id in (None, s.id)]
    if not wanted:
        raise config.LabError(f"lab.toml 里没有来源{f' {source_id}' if source_id else ''}。")
    tried = discovery.check(store.settings, wanted, datetime.now(UTC))
    for one in tried:
        if one.fault:
            say(f"{one.source_id}：不行。{fault_sentence(one.fault, one.detail)}")
            continue
        say(f"{one.source_id}：可以，{one.n} 条。" if one.n else f"{one.source_id}：连得上，但里面没有条目。")
        for number, entry in enumerate(one.entries, 1):
            at = entry["published_at"]
            when = f"{at.astimezone(store.settings.zone):%Y-%m-%d %H:%M}" if at else "没有时间"
            text = " ".join((entry["text"] or "").split())
            say(f"  {number}. {entry['title'] or '（无标题）'}｜{when}｜{text[:40] or '没有正文'}")
        if one.entries and not any(e["published_at"] for e in one.entries):
            say("    注意：都没有读到时间，会用采集的时刻。可写明时间的选择器或字段。")
    if bad := sum(bool(one.fault) for one in tried):
        raise config.LabError(f"{len(tried)} 个来源中有 {bad} 个不行，原因见上。")


@sources.command("find")
@click.argument("url")
@click.option("--private", is_flag=True, help="地址在本单位内网。")
@click.pass_obj
def _find(folder: Path | None, url: str, private: bool) -> None:
    """看一个网站提供什么（订阅源、网站地图、列表），给出可以粘贴到 lab.toml 的一节。"""
    from opinion_lab.collect import discovery
    from opinion_lab.collect.web.faults import Fault

    store = open_store(folder)
    try:
        offers = discovery.find(store.settings, url, private=private)
    except Fault as fault:
        raise config.LabError(fault_sentence(fault.code, fault.detail)) from None
    if not offers:
        raise config.LabError(f"在 {url} 没有找到订阅源、网站地图或列表。请换该网站的栏目页地址再试。")
    for number, offer in enumerate(offers, 1):
        say(f"# {KINDS[offer.kind]}，头几条：{'；'.join(t[:30] for t in offer.titles)}")
        say(_table(offer, f"source-{number}", private))


@sources.command("catalogue")
@click.argument("word", required=False)
@click.pass_obj
def _catalogue(folder: Path | None, word: str | None) -> None:
    """列出随附的来源（可按词查找）；写一个编号，给出可以粘贴到 lab.toml 的一节。"""
    from opinion_lab.rules import Rules

    known = Rules(config.find_root(folder)).sources
    for one in known.known:
        if word == one.id:
            cited = f"写法出处：{one.cited}" if one.cited else "未核实，先用 opinion-lab sources check 试"
            say(f"# {one.name}。{cited}。")
            say(one.table)
            return
    some = [k for k in known.known if word is None or word in f"{k.id}{k.name}{k.group}"]
    shut = [c for c in known.closed if word is None or word in c.name]
    if not some and not shut:
        raise config.LabError(f"目录里没有“{word}”。不写词可看全部。")
    for one in some:
        unsure = "" if one.cited else "未核实，"
        say(f"{one.id}：{one.group}，{one.name}（{unsure}{KINDS.get(one.source.kind, '论坛')}）")
    for place in shut:
        say(f"不开放：{place.name}。{place.why}。改用：{place.instead}。")


@sources.command("venues")
@click.pass_obj
def _venues(folder: Path | None) -> None:
    """微博、微信、抖音等各处的话：本实验室读不读得到、怎样合法读到、从何时起、哪些不开放。"""
    from opinion_lab.collect import discovery
    from opinion_lab.rules import Rules

    store = open_store(folder)
    for row in discovery.venues(store, Rules(store.root).sources).iter_rows(named=True):
        say(_venue_line(row))


def _venue_line(row: dict[str, Any]) -> str:
    """One place where people speak, in words."""
    if row["posts"]:
        reads = f"读到 {row['posts']} 条，{row['since']} 至 {row['until']}"
    else:
        reads = "已配置来源，还没有内容" if row["sources"] else "没有读"
    by = f"（来源 {'、'.join(row['sources'])}）" if row["sources"] else ""
    return f"{row['venue']}：{reads}{by}。合法读法：{row['lawful']}。不开放：{row['closed']}。"


def _table(offer: Offer, name: str, private: bool) -> str:
    """A `[[source]]` to paste."""
    lines = ["[[source]]", f'id = "{name}"', f'kind = "{offer.kind}"', f'url = "{offer.url}"', 'platform = "新闻网站"']
    if private:
        lines.append("allow_private = true")
    lines += [f'{key} = "{value}"' for key, value in offer.settings.items() if isinstance(value, str) and value]
    for key, table in offer.settings.items():
        if isinstance(table, dict):
            lines += [f"[source.{key}]", *(f'{k} = "{v}"' for k, v in table.items())]
    return "\n".join(lines) + "\n"
