"""How the sources fare, as a clerk reads it: what needs somebody first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.wording.phrases import listing, name, sentence

#: States in which nothing comes from a source.
MUTE = ("closed", "failing", "silent", "empty")


def _state(row: Mapping[str, Any], now: datetime, zone: tzinfo) -> str:
    """A source's state (collect.visits.states) in words."""
    called = f"{name('fault', row['fault'])} {row['detail'] or ''}".strip()
    return sentence("source_state", {"rule": row["state"], **row}, called=called, now=now, zone=zone)


def tiers(reasons: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Why each source is of its tier (collect.visits.grade), the first tier first."""
    for source_id, fact in sorted(reasons.items(), key=lambda reason: (reason[1]["level"], reason[0])):
        yield f"{source_id}：{fact['level']}级，{sentence('tier', fact)}。"


def _hole(row: Mapping[str, Any], zone: tzinfo) -> str:
    """A stretch in which items may have been lost (collect.visits.holes)."""
    return sentence("hole", {"rule": row["why"], **row}, zone=zone)


def banner(states: pl.DataFrame, tiers: Mapping[str, str]) -> str:
    """That sources of the first tier give nothing; nothing where all of them do."""
    mute = states.filter(pl.col("state").is_in(MUTE))["source_id"].to_list()
    top = [source_id for source_id in mute if tiers.get(source_id) == "A"]
    return (
        f"注意：重点来源 {listing(top, unit='个')} 现在没有内容进来。没有消息不等于没有事，请先查这几个来源。"
        if top
        else ""
    )


def lines(states: pl.DataFrame, holes: pl.DataFrame, now: datetime, zone: tzinfo) -> Iterable[str]:
    """How many sources are well, then each that is not, then where items may have been lost."""
    if states.is_empty():
        yield "还没有来源：lab.toml 里没有 [[source]]。"
        return
    well = states.filter(pl.col("state") == "alive")
    yield f"来源 {states.height} 个，其中 {well.height} 个正常，四周里共采到 {int(states['items'].sum())} 条。"
    for row in states.filter(pl.col("state") != "alive").iter_rows(named=True):
        yield f"    {row['source_id']}：{_state(row, now, zone)}。"
    if holes.height:
        yield f"可能漏采的时段 {holes.height} 处："
        for row in holes.sort("end", descending=True).head(5).iter_rows(named=True):
            yield f"    {row['source_id']}：{_hole(row, zone)}。"
