"""What a comparison found, in a sentence."""

from __future__ import annotations

from datetime import timedelta, tzinfo

import polars as pl

from opinion_lab.report import wording
from opinion_lab.report.wording import phrases

TURNS = {"first": "首条", "statement": "官方答复", "carried": "转评最多", "leap": "骤增之前"}
CUT = 14  # characters of a title within a sentence


def short(title: str) -> str:
    """A title for a sentence or a legend."""
    return title if len(title) <= CUT else title[: CUT - 1] + "…"


def half(posts: pl.DataFrame) -> timedelta:
    """From the first post to the one that makes half of all."""
    times = posts["published_at"].sort()
    took: timedelta = times[(len(times) - 1) // 2] - times[0]
    return took


def compared(named: list[str], posts: list[pl.DataFrame]) -> str:
    """Which of two is larger, and which was faster."""
    sizes, halves = [rows.height for rows in posts], [half(rows) for rows in posts]
    said = [f"“{short(name)}”{wording.count(n)}" for name, n in zip(named, sizes, strict=True)]
    fast = min((0, 1), key=lambda i: halves[i])
    quick, slow = wording.duration(halves[fast]), wording.duration(halves[1 - fast])
    pace = f"“{short(named[fast])}”来得快：{quick}就出现了一半，另一边用了{slow}"
    return "，".join(said) + "；" + ("两边快慢相当" if halves[0] == halves[1] else pace) + "。"


def word(text: str, counts: pl.DataFrame, posts: pl.DataFrame, *, zone: tzinfo) -> str:
    """When a word came up, when it was said most, and where."""
    top = counts.drop_nulls("n").sort("n", "bin", descending=[True, False]).row(0, named=True)
    when = phrases.bin_name(top["bin"], wording.step(counts), zone)
    platform, n = posts["platform"].value_counts(sort=True).row(0)
    first = wording.time(posts["published_at"].min(), zone)  # type: ignore[arg-type]
    return (
        f"“{text}”共{wording.count(posts.height)}，首见于{first}，{when}最多（{wording.count(top['n'])}）；"
        f"{platform}占{wording.percent(n, posts.height)}。"
    )


def places(posts: pl.DataFrame) -> str:
    """From where most was said, and how much names no place."""
    known = posts["region"].drop_nulls()
    if known.is_empty():
        return "平台都没有注明地区"
    place, n = known.value_counts(sort=True, name="n").row(0)
    rest = wording.percent(posts.height - len(known), posts.height)
    return f"最多的是{place}，占注明了地区的{wording.percent(n, len(known))}（{wording.count(n)}）；{rest}没有注明"


def tree(title: str, rows: pl.DataFrame, whole: int) -> str:
    """How much the largest branch holds, and who began it."""
    top = rows.sort("size", descending=True).row(0, named=True)
    who = wording.name("author_kind", top["author_kind"])
    return (
        f"最大的一支从{top['platform']}的一个{who}账号起，{wording.count(top['size'])}，"
        f"占“{short(title)}”的{wording.percent(top['size'], whole)}"
    )
