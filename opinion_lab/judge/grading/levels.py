"""A level Ⅰ–Ⅳ proposed for a story at a given hour: red lines first, then a score, then a person.

The table and the facts it is applied to come from `judge.facts`; here they become a level, its reasons, and what
would raise or lower it. Every grade is a proposal until a person confirms it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.judge.deadlines import clocks
from opinion_lab.judge.grading.evidence import (
    LEVELS,
    MEASURED,
    TOP_POINTS,
    Facts,
    Story,
    Yardstick,
    facts,
    known,
    past,
)
from opinion_lab.rules.grades import Grades, RedLine

__all__ = ["Facts", "confirm", "facts", "measures", "past", "propose", "trail"]


def measures(level: str, rules: Grades) -> pl.DataFrame:
    """What the plan prescribes at a level: columns who, what, source, provenance."""
    rows = [(m.who, m.what, m.source, m.provenance) for m in rules.measure if m.level == level]
    return pl.DataFrame(rows, schema=dict.fromkeys(("who", "what", "source", "provenance"), pl.String), orient="row")


def propose(facts: Facts, rules: Grades) -> pl.DataFrame:
    """The level that the table gives to these facts (Grade, one row), confirmed by nobody."""
    return _frame([_graded(facts, rules)])


def trail(
    story_posts: pl.DataFrame,
    rules: Grades,
    *,
    every: str = "1h",
    story_id: str = "",
    past: pl.DataFrame | None = None,
    own: Collection[str] = (),
    found_at: datetime | None = None,
    until: datetime | None = None,
) -> pl.DataFrame:
    """The level as it would have been proposed at every step of a story (Grade), never using later posts.

    Steps are whole multiples of `every` in UTC after the first post, then `until` itself (default: the last post).
    """
    if not story_posts.height:
        raise LabError("这件事没有帖子，无法分级。请检查事件编号。")
    story, yardstick = Story(story_posts, rules, own), Yardstick(rules, past, story_id)
    times = story_posts["published_at"]
    first, last = times.min(), clocks.utc(until) if until else times.max()
    edges = pl.Series([first, last], dtype=times.dtype)
    steps = pl.datetime_range(edges[0], edges[1], every, eager=True).dt.truncate(every).dt.offset_by(every)
    steps = pl.concat([steps.filter(steps < edges[1]), edges.tail(1)])
    return _frame([_graded(known(story, at, rules, story_id, yardstick, found_at), rules) for at in steps])


def confirm(grades: pl.DataFrame, decisions: pl.DataFrame, *, zone: ZoneInfo = clocks.ZONE) -> pl.DataFrame:
    """The trail with what people decided: at the hour of a decision its level stands, with the proposal as a reason.

    `decisions`: story_id, at, level, by, why. Those before the trail's first hour or of another story change nothing.
    """
    rows = grades.sort("at").to_dicts()
    for told in decisions.sort("at").to_dicts():
        hour = max((n for n, r in enumerate(rows) if r["at"] <= told["at"]), default=None)
        if hour is None or rows[hour]["story_id"] != told["story_id"]:
            continue
        row, when = rows[hour], told["at"].astimezone(zone)
        said = (
            f"{told['by']}于{when.month}月{when.day}日 {when:%H:%M}确认为{told['level']}级（系统建议{row['level']}级）"
        )
        why = f"：{told['why']}。" if told["why"] else "。"
        row |= {"level": told["level"], "confirmed_by": told["by"], "reasons": [said + why, *row["reasons"]]}
    return _frame(rows)


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return schemas.Grade.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Grade).schema), cast=True)


def _graded(f: Facts, rules: Grades) -> dict[str, Any]:
    points = {d: None if (v := f.measures[d]) is None else sum(v > c for c in f.cuts[d]) for d in MEASURED}
    given = [p for p in points.values() if p is not None]
    total = sum(given) * len(MEASURED) / len(given) if given else 0.0
    scored = next((x for x in LEVELS if total >= rules.score.floor.get(x, 1e9)), LEVELS[-1])
    met = {r.id: level for r in rules.red_line if (level := _floor(r, f, points["spread"] or 0))}
    base = min([scored, *met.values()], key=LEVELS.index)
    wrongs = _wrongs(f, rules) if f.public >= rules.mishandled.min_posts else []
    level = LEVELS[max(0, LEVELS.index(base) - bool(wrongs))]
    reasons = [_said_of_line(r, f, met[r.id], rules) for r in rules.red_line if r.id in met]
    reasons.append(_said_of_score(f, rules, points, total, scored))
    if wrongs:
        raised = f"由{base}级升为{level}级" if base != level else f"已是{level}级，不再升"
        reasons.append(f"处置不当，{raised}：{'；'.join(wrongs)}。")
    if not f.public:
        reasons.insert(0, f"近 {rules.red_line_hours:g} 小时没有新的公众帖。")
    return {
        "story_id": f.story_id,
        "at": f.at,
        "level": level,
        "reasons": [*reasons, f"{f.yardstick}。", f"{rules.notice}。"],
        "would_raise": _would_raise(f, rules, level, base, met, total, wrongs),
        "would_lower": _would_lower(f, rules, base, met, scored, total, wrongs),
        "confirmed_by": None,
    }


def _floor(line: RedLine, f: Facts, spread: int) -> str | None:
    """The level below which this red line does not let a story fall; None when it is not met."""
    n = f.hits[line.id]
    if n < line.min_posts or n < line.min_share * f.public or not n:
        return None
    fast = line.fast_level if line.fast_level and spread >= line.fast_score else line.level
    return min(fast, line.level, key=LEVELS.index)


def _wrongs(f: Facts, rules: Grades) -> list[str]:
    rule, found = rules.mishandled, []
    waited = f.at - (f.found_at or f.first_at)
    since = "发现" if f.found_at else "首帖"
    if f.answered_at is None and waited > timedelta(hours=rule.unanswered_hours):
        found.append(f"{since}后 {clocks.lasting(waited)}仍没有官方回应（限 {rule.unanswered_hours:g} 小时）")
    if f.reversed_at:
        found.append(f"{clocks.lasting(f.at - f.reversed_at)}前的官方说法推翻了此前的结论")
    if f.rebound:
        before, after = f.rebound
        found.append(
            f"回应后声量不降反升：回应前 24 小时 {before} 条，回应后至多 24 小时 {after} 条（只说先后，不说因果）"
        )
    return found


def gist(reasons: Sequence[str]) -> str:
    """Of the reasons of a grade the one that decided, without the parts of a score that added nothing to it."""
    # what was done badly raised the level last, so it decides; else the gravest red line or the score comes first
    decided = next((r for r in reasons if r.startswith("处置不当")), reasons[0])
    score, colon, parts = decided.rstrip("。").partition("：")
    if not score.startswith("评分") or not colon:
        return decided
    scored = [part for part in parts.split("；") if " 0 分（" not in part and "未计（" not in part]
    return f"{score}：{'；'.join(scored) or '四项都在最低一档，或帖子太少未计'}。"


def _said_of_line(line: RedLine, f: Facts, level: str, rules: Grades) -> str:
    n, fast = f.hits[line.id], "，且传播迅速" if level != line.level else ""
    share = f"（占 {100 * n / f.public:.0f}%）" if line.kind == "words" else ""
    return f"红线“{line.name}”：近 {rules.red_line_hours:g} 小时 {n} 条{share}{fast}，不低于{level}级。"


def _said_of_score(f: Facts, rules: Grades, points: Mapping[str, int | None], total: float, level: str) -> str:
    parts = []
    for d in MEASURED:
        dimension, value = getattr(rules.score, d), f.measures[d]
        unit = dimension.unit if dimension.unit == "%" else f" {dimension.unit}"
        cuts = "/".join(f"{c:g}" for c in f.cuts[d])
        if value is None:
            parts.append(f"{dimension.name}未计（帖子太少或平台没有给出）")
        else:
            parts.append(f"{dimension.name} {points[d]} 分（{dimension.what} {value:.0f}{unit}，门槛 {cuts}）")
    return f"评分 {total:.1f}（满分 {TOP_POINTS * len(MEASURED)}），合{level}级：{'；'.join(parts)}。"


def _would_raise(
    f: Facts, rules: Grades, level: str, base: str, met: Mapping[str, str], total: float, wrongs: list[str]
) -> list[str]:
    here = LEVELS.index(level)
    if not here:
        return []
    found, absent = [], []
    for line in rules.red_line:
        if LEVELS.index(line.level) < here and not f.hits[line.id]:
            absent.append(f"{line.name}（{line.level}级）")
        elif LEVELS.index(line.level) < here and line.id not in met:
            share = f"且占公众帖 {100 * line.min_share:g}% 以上" if line.min_share else ""
            found.append(
                f"“{line.name}”达到 {line.min_posts} 条{share}（现 {f.hits[line.id]} 条），不低于{line.level}级"
            )
        elif line.id in met and line.fast_level and LEVELS.index(line.fast_level) < here:
            cut = f.cuts["spread"][min(line.fast_score, TOP_POINTS) - 1]
            now = f.measures["spread"]
            found.append(
                f"“{line.name}”已命中；近 24 小时帖量超过 {cut:g} 条（现 {now:.0f} 条）即为{line.fast_level}级"
            )
    if absent:
        found.append(f"尚未出现，一旦达到红线即升级：{'、'.join(absent)}")
    for higher in reversed(LEVELS[:here]):
        if (floor := rules.score.floor.get(higher)) is not None:
            found.append(f"评分达到 {floor} 分（现 {total:.1f}）为{higher}级")
            break
    left = (f.found_at or f.first_at) + timedelta(hours=rules.mishandled.unanswered_hours) - f.at
    if not wrongs and f.answered_at is None and left > timedelta(0):
        found.append(f"再过 {clocks.lasting(left)}仍没有官方回应，升一级")
    if not wrongs and f.answered_at is not None:
        found.append("回应后声量明显反弹，或官方说法被推翻，升一级")
    return found


def _would_lower(
    f: Facts, rules: Grades, base: str, met: Mapping[str, str], scored: str, total: float, wrongs: list[str]
) -> list[str]:
    found = []
    if wrongs:
        unanswered = "作出官方回应" if f.answered_at is None else ""
        passed = f"反弹、更正满 {rules.red_line_hours:g} 小时" if f.reversed_at or f.rebound else ""
        found.append(f"处置不当的情形解除（{'，'.join(x for x in (unanswered, passed) if x)}）")
    if base == LEVELS[-1]:
        return found
    for line in rules.red_line:
        if met.get(line.id) == base:
            least = f"不足 {line.min_posts} 条" + (f"或占比低于 {100 * line.min_share:g}%" if line.min_share else "")
            found.append(f"近 {rules.red_line_hours:g} 小时“{line.name}”{least}（现 {f.hits[line.id]} 条）")
    if scored == base:
        found.append(f"评分低于 {rules.score.floor[base]} 分（现 {total:.1f}）")
    if len(found) - bool(wrongs) > 1:
        found.append("以上各条除处置不当外须同时满足，等级才会下降")
    return found
