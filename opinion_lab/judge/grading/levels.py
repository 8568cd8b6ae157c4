"""A level Ⅰ–Ⅳ proposed for a story at a given hour: red lines first, then a score, then a person.

A level is the gravest that any of its reasons gives, so that both agree by construction. What is not known (no own
account entered, a platform that named nobody) raises nothing; it is a reason of its own, `unknown`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse.attitude import Model
from opinion_lab.config import LabError
from opinion_lab.judge.grading.evidence import NEVER, Evidence, Story, at_hour
from opinion_lab.judge.grading.yardstick import MEASURED, Yardstick
from opinion_lab.rules.grades import Grades, RedLine
from opinion_lab.schemas import LEVELS, fact

Fact = dict[str, Any]
TOP_POINTS = 3
MISHANDLED = ("unanswered", "reversed", "rebound")


def measures(level: str, rules: Grades) -> pl.DataFrame:
    """What the plan prescribes at a level: columns who, what, source, provenance."""
    rows = [(m.who, m.what, m.source, m.provenance) for m in rules.measure if m.level == level]
    return pl.DataFrame(rows, schema=dict.fromkeys(("who", "what", "source", "provenance"), pl.String), orient="row")


def propose(evidence: Evidence, rules: Grades) -> pl.DataFrame:
    """The level that the table gives to this evidence (Grade, one row), confirmed by nobody."""
    return _frame([_graded(evidence, rules)])


def trail(
    story_posts: pl.DataFrame,
    rules: Grades,
    *,
    every: str = "1h",
    story_id: str = "",
    past: pl.DataFrame | None = None,
    own: Collection[str] = (),
    visible_from: datetime | None = None,
    found_at: datetime | None = None,
    until: datetime | None = None,
    decisions: pl.DataFrame | None = None,
    attitudes: Model | None = None,
) -> pl.DataFrame:
    """The level as it stood at every step of a story (Grade), never using later posts.

    Steps are whole multiples of `every` in UTC after the first post, the moment of each of `decisions` (see `_confirm`)
    and `until` itself (default: the last post). People often decide after the last post: such a decision holds at the
    last step, so who looks back to an hour gives only the decisions of that hour.
    """
    if not story_posts.height:
        raise LabError("这件事没有帖子，无法分级。请检查事件编号。")
    story, yardstick = Story(story_posts, rules, own, attitudes), Yardstick(rules, past, story_id)
    times = story_posts["published_at"]
    edges = pl.Series([times.min(), until or times.max()], dtype=times.dtype)
    steps = pl.datetime_range(edges[0], edges[1], every, eager=True).dt.truncate(every).dt.offset_by(every)
    decided = _of(decisions, story_id)
    moments = decided["at"].filter((decided["at"] > edges[0]) & (decided["at"] <= edges[1])).cast(times.dtype)
    steps = pl.concat([steps.filter(steps < edges[1]), moments, edges.tail(1)]).unique().sort()
    seen_from = visible_from or (edges[0] if own else NEVER)
    rows = [_graded(at_hour(story, at, rules, story_id, yardstick, seen_from, found_at), rules) for at in steps]
    return _frame(_confirm(rows, decided))


def _confirm(rows: list[dict[str, Any]], decisions: pl.DataFrame) -> list[dict[str, Any]]:
    """The trail, in order of time, with what people decided: a level stands from when it was confirmed until the next.

    `decisions` of this story: at (when it was decided), level, by, why, in order of time. A red line that was not yet
    met when the person decided lifts the level while it is met; afterwards the decision stands again.
    """
    decided = decisions.to_dicts()
    latest: dict[str, Any] | None = None
    known: set[tuple[str, str]] = set()  # the red lines that the person knew of, as long as they stay met
    before: set[tuple[str, str]] = set()
    for row in rows:
        met = {(r["about"], r["level"]) for r in row["reasons"] if r["rule"] == "red_line"}
        now = decided if row is rows[-1] else [d for d in decided if d["at"] <= row["at"]]
        if now and now[-1] is not latest:
            latest, known = now[-1], met if now[-1]["at"] >= row["at"] else before
        before, known = met, known & met
        if latest is None:
            continue
        later = [level for line, level in met - known if LEVELS.index(level) < LEVELS.index(latest["level"])]
        given = {"name": latest["by"], "detail": latest["why"] or None, "level": latest["level"], "at": latest["at"]}
        row["reasons"] = [fact("confirmed", about=row["level"], **given), *row["reasons"]]
        row["level"] = min([latest["level"], *later], key=LEVELS.index)
        row["confirmed_by"] = None if later else latest["by"]
    return rows


def deciding(grade: Mapping[str, Any]) -> list[Fact]:
    """Of a grade's reasons those that put it at its level: a person, or red lines and the score, and what lifts it."""
    reasons, level = grade["reasons"], grade["level"]
    if grade["confirmed_by"]:
        return [r for r in reasons if r["rule"] == "confirmed"]
    raised = [r for r in reasons if r["rule"] in MISHANDLED and r["level"] == level]
    base = LEVELS[LEVELS.index(level) + bool(raised)]
    return [r for r in reasons if r["rule"] in ("red_line", "score") and r["level"] == base] + raised


def _of(decisions: pl.DataFrame | None, story_id: str) -> pl.DataFrame:
    if decisions is None:
        words = dict.fromkeys(("story_id", "level", "by", "why"), pl.String())
        return pl.DataFrame(schema={**words, "at": pl.Datetime("us", "UTC")})
    return decisions.filter(pl.col("story_id") == story_id).sort("at", maintain_order=True)


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return schemas.Grade.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Grade).schema), cast=True)


def _graded(e: Evidence, rules: Grades) -> dict[str, Any]:
    points = {d: None if (v := e.measures[d]) is None else sum(v > c for c in e.cuts[d]) for d in MEASURED}
    total = float(sum(p for p in points.values() if p is not None))
    floors, most = _floors(points, rules)
    scored = next((x for x in LEVELS if total >= floors.get(x, 1e9)), LEVELS[-1])
    met = {r.id: level for r in rules.red_line if (level := _floor(r, e, points["spread"] or 0))}
    base = min([scored, *met.values()], key=LEVELS.index)
    wrongs = _wrongs(e, rules) if e.public >= rules.mishandled.min_posts else []
    level = LEVELS[max(0, LEVELS.index(base) - bool(wrongs))]
    reasons = [] if e.public else [fact("quiet", value=0, hours=rules.red_line_hours)]
    reasons += [_line(r, e, level=met[r.id], hours=rules.red_line_hours) for r in rules.red_line if r.id in met]
    reasons.append(fact("score", value=total, threshold=floors.get(scored), level=scored, points=most))
    reasons += [_dimension(d, e, rules, points[d]) for d in MEASURED]
    # at the gravest level nothing is left to raise
    reasons += [wrong | {"level": level if level != base else None} for wrong in wrongs]
    if not e.answer_visible and e.answered_at is None:
        reasons.append(fact("unknown", about="answers"))
    return {
        "story_id": e.story_id,
        "at": e.at,
        "level": level,
        "reasons": [*reasons, dict(e.yardstick)],
        "would_raise": _would_raise(e, rules, level, met, total, floors, wrongs),
        "would_lower": _would_lower(e, rules, base, met, scored, total, floors, wrongs),
        "confirmed_by": None,
    }


def _floors(points: Mapping[str, int | None], rules: Grades) -> tuple[dict[str, int], int]:
    """From how many points each level starts, and how many there are: of all four, or of those that were measured."""
    measured = sum(p is not None for p in points.values())
    floors = {level: max(1, math.ceil(f * measured / len(MEASURED))) for level, f in rules.score.floor.items()}
    return floors, TOP_POINTS * measured


def _floor(line: RedLine, e: Evidence, spread: int) -> str | None:
    """The level below which this red line does not let a story fall; None when it is not met."""
    n = e.hits[line.id]
    if n < line.min_posts or n < line.min_share * e.public or not n:
        return None
    fast = line.fast_level if line.fast_level and spread >= line.fast_score else line.level
    return min(fast, line.level, key=LEVELS.index)


def _line(line: RedLine, e: Evidence, **more: Any) -> Fact:
    """A red line with its posts, and their share of the public ones where the table asks for one."""
    n, shares = e.hits[line.id], {}
    if line.min_share:
        shares = {"share": 100 * n / e.public if e.public else 0.0, "least": 100 * line.min_share}
    usual = {"about": line.id, "name": line.name, "value": n, "threshold": line.min_posts, "level": line.level}
    # met, and graver than it usually is: it spread fast
    fast = {"detail": "fast"} if more.get("level", line.level) != line.level else {}
    return fact("red_line", **(usual | shares | fast | more))


def _dimension(d: str, e: Evidence, rules: Grades, points: int | None) -> Fact:
    """One part of the score; `threshold` is what the next point takes."""
    dimension, value = getattr(rules.score, d), e.measures[d]
    if value is None:
        return fact("unknown", about=d, name=dimension.name)
    ahead = next((c for c in e.cuts[d] if value <= c), None)
    named = {"about": d, "name": dimension.name, "detail": dimension.what}
    return fact("dimension", **named, value=value, threshold=ahead, points=points)


def _owed(e: Evidence, rules: Grades) -> bool:
    """Whether an answer is owed and would have been seen.

    Talk that complains of nothing, or praises more than it complains, waits for none; nor does a work order, which is
    answered to who called.
    """
    rule = rules.mishandled
    owed = e.complaints >= max(rule.min_posts, rule.unanswered_share * e.voices) and e.complaints > e.praise
    return e.answered_at is None and e.answer_visible and (owed or not rule.unanswered_share)


def _wrongs(e: Evidence, rules: Grades) -> list[Fact]:
    """What was done badly, with its hours or posts."""
    rule, wrongs = rules.mishandled, []
    waited = _hours(e.at - (e.found_at or e.first_at))
    if _owed(e, rules) and waited > rule.unanswered_hours:
        since = "found" if e.found_at else "first"
        wrongs.append(fact("unanswered", about=since, value=waited, threshold=rule.unanswered_hours))
    if e.reversed_at:
        wrongs.append(fact("reversed", value=_hours(e.at - e.reversed_at)))
    if e.rebound:
        wrongs.append(fact("rebound", share=e.rebound[0], value=e.rebound[1]))
    return wrongs


def _would_raise(
    e: Evidence,
    rules: Grades,
    level: str,
    met: Mapping[str, str],
    total: float,
    floors: Mapping[str, int],
    wrongs: Sequence[Fact],
) -> list[Fact]:
    here = LEVELS.index(level)
    if not here:
        return []
    facts = []
    for line in rules.red_line:
        if LEVELS.index(line.level) < here and line.id not in met:
            facts.append(_line(line, e))
        elif line.id in met and line.fast_level and LEVELS.index(line.fast_level) < here:
            cut = e.cuts["spread"][min(line.fast_score, TOP_POINTS) - 1]
            named = {"about": line.id, "name": line.name, "level": line.fast_level}
            facts.append(fact("fast", **named, value=e.measures["spread"], threshold=cut))
    for higher in reversed(LEVELS[:here]):
        if (floor := floors.get(higher)) is not None:
            facts.append(fact("score", value=total, threshold=floor, level=higher))
            break
    left = rules.mishandled.unanswered_hours - _hours(e.at - (e.found_at or e.first_at))
    if not wrongs and _owed(e, rules) and left > 0:
        facts.append(fact("unanswered", value=left, level=LEVELS[here - 1]))
    if not wrongs and e.answered_at is not None:
        facts.append(fact("rebound", level=LEVELS[here - 1]))
    return facts


def _would_lower(
    e: Evidence,
    rules: Grades,
    base: str,
    met: Mapping[str, str],
    scored: str,
    total: float,
    floors: Mapping[str, int],
    wrongs: Sequence[Fact],
) -> list[Fact]:
    """What must all come true before the level falls; what was done badly passes by itself or by an answer."""
    hours = rules.red_line_hours
    facts = [fact(w["rule"], hours=None if w["rule"] == "unanswered" else hours) for w in wrongs]
    if base == LEVELS[-1]:
        return facts
    facts += [_line(r, e, hours=hours) for r in rules.red_line if met.get(r.id) == base]
    if scored == base:
        facts.append(fact("score", value=total, threshold=floors[base], level=base))
    return facts


def _hours(span: timedelta) -> float:
    return span / timedelta(hours=1)
