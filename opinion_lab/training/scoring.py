"""Decisions held against the key: how late, how far off, what was left out; and the same person over time.

A range of the key is right as a whole: a level within it agrees, one outside is off by its steps to the nearer end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import demands as voiced
from opinion_lab.judge import statements
from opinion_lab.judge.deadlines import clocks
from opinion_lab.judge.deadlines.clocks import Handled
from opinion_lab.rules import Rules
from opinion_lab.schemas import LEVELS
from opinion_lab.training.exercise import Exercise, Package, Skill, Stage
from opinion_lab.training.staging import made_posts, visible

HOUR = timedelta(hours=1)
WEIGHTS = "linear"
#: One decision: who (a role), stage (from 1), recorded_at, seconds it took, and what was decided.
DECISION: dict[str, Any] = {"who": pl.String, "stage": pl.Int64, "recorded_at": pl.Datetime("us", "UTC")}
DECISION |= {"seconds": pl.Float64, "level": pl.String, "sections": pl.List(pl.String), "answer": pl.Boolean}
DECISION |= {"demands": pl.List(pl.String), "statement": pl.String, "why": pl.String}
#: Below this share of what the key asks for, a skill is weak.
ENOUGH = 0.8


@dataclass(frozen=True)
class Score:
    """One trainee's decisions held against the key.

    `stages`: a row a stage decided: stage, at, level, right (the range), off (steps outside it: below 0 too mild,
    above 0 too grave), sections with sections_missed and sections_extra, answer, answer_right (null: both are),
    demands_met, demands_missed, demands_extra, errors and warnings of the draft, seconds, why.
    `figures`: one value each, see `of`. `clocks`: Clock rows as if the drafts had gone out.
    `remarks`: stage, and REMARK of judge.statements.
    """

    who: str
    stages: pl.DataFrame
    figures: dict[str, Any]
    clocks: pl.DataFrame
    remarks: pl.DataFrame


@dataclass(frozen=True)
class Debrief:
    """A session looked back on: its exercise, and a score for each trainee who decided, in order of coming."""

    session: str
    package: Package
    scores: list[Score]


def _off(level: str, stage: Stage) -> int:
    """Steps by which a level lies outside the right range: below 0 too mild, above 0 too grave."""
    here, mild, grave = (LEVELS.index(x) for x in (level, stage.mildest, stage.gravest))
    return mild - here if here > mild else grave - here if here < grave else 0


def _agreed(levels: Sequence[str], stages: Sequence[Stage]) -> list[str]:
    """What the key says at each stage, read in the trainee's favour: within the range the level itself."""
    steps = [_off(level, stage) for level, stage in zip(levels, stages, strict=True)]
    return [LEVELS[LEVELS.index(level) + step] for level, step in zip(levels, steps, strict=True)]


def _kappa(given: Sequence[str], right: Sequence[str]) -> float | None:
    """Cohen's kappa with linear weights (Cohen 1968): 1 all alike, 0 as by chance; None where all is one level."""
    from sklearn.metrics import cohen_kappa_score

    if len({*given, *right}) < 2:
        return None
    return float(cohen_kappa_score(given, right, labels=list(LEVELS), weights=WEIGHTS))


def of(who: str, decisions: pl.DataFrame, package: Package, rules: Rules, zone: ZoneInfo) -> Score:
    """The score of one trainee; `decisions` (DECISION) of all are filtered.

    Figures: `decided` of `stages`; `level_right` share of levels in range; `kappa`; `must_rise`: a level above
    the mildest had to be taken; `level_delay` hours from when the gravest such level first had to be taken to when it
    was (None: never; below 0: before); `too_grave` stages;
    `answer_delay` likewise from when an answer was due; `loud` stages at which it spoke against the key;
    `sections_precision`, `sections_recall`, `demands_precision`, `demands_recall` over all stages (None: nothing was
    asked for); `demands_answered` share of the key's demands that the drafts take up; `errors`, `warnings` of drafts;
    `reversed` conclusions that the last true answer takes back; `clocks_missed`; `minutes` used.
    """
    exercise = package.exercise
    mine = decisions.filter(pl.col("who") == who).sort("stage")
    rows, remarks = [], []
    spoken = False
    for d in mine.iter_rows(named=True):
        stage, at = exercise.stage[d["stage"] - 1], package.hours[d["stage"] - 1]
        found = statements.check(d["statement"], rules.statements, first_report=not spoken) if d["statement"] else None
        if found is not None:
            remarks.append(found.select(pl.lit(d["stage"]).alias("stage"), pl.all()))
        spoken |= d["answer"]
        rows.append({"stage": d["stage"], "at": at} | _stage(d, stage, found))
    stages = pl.DataFrame(rows, schema=STAGE)
    held = _clocks(mine, package, rules, zone)
    figures = _figures(mine, stages, package, rules) | {"clocks_missed": int((held["state"] == "missed").sum())}
    empty = pl.DataFrame(schema={"stage": pl.Int32, **statements.checking.REMARK})
    return Score(who, stages, figures, held, pl.concat(remarks) if remarks else empty)


STAGE: dict[str, Any] = {"stage": pl.Int64, "at": pl.Datetime("us", "UTC"), "level": pl.String}
STAGE |= {"right": pl.List(pl.String), "off": pl.Int64, "answer": pl.Boolean, "answer_right": pl.Boolean}
STAGE |= {c: pl.List(pl.String) for c in ("sections", "sections_missed", "sections_extra")}
STAGE |= {c: pl.List(pl.String) for c in ("demands_met", "demands_missed", "demands_extra")}
STAGE |= {"errors": pl.Int64, "warnings": pl.Int64, "seconds": pl.Float64, "why": pl.String}


def _stage(d: Mapping[str, Any], key: Stage, remarks: pl.DataFrame | None) -> dict[str, Any]:
    chosen, ticked = d["sections"], d["demands"]
    wrong = None if remarks is None else int((remarks["level"] == "error").sum())
    return {
        "level": d["level"],
        "right": list(key.levels),
        "off": _off(d["level"], key),
        "answer": d["answer"],
        "answer_right": None if key.answer == "either" else d["answer"] == (key.answer == "answer"),
        "sections": chosen,
        "sections_missed": [s for s in key.sections if s not in chosen],
        "sections_extra": [s for s in chosen if s not in (*key.sections, *key.also)],
        "demands_met": [k for k in key.demands if k in ticked],
        "demands_missed": [k for k in key.demands if k not in ticked],
        "demands_extra": [k for k in ticked if k not in key.demands],
        "errors": wrong,
        "warnings": None if remarks is None else remarks.height - int(wrong or 0),
        "seconds": d["seconds"],
        "why": d["why"],
    }


def _figures(mine: pl.DataFrame, rows: pl.DataFrame, package: Package, rules: Rules) -> dict[str, Any]:
    exercise, hours = package.exercise, package.hours
    keys = [exercise.stage[n - 1] for n in rows["stage"]]
    given = rows["level"].to_list()
    lists = {c: int(rows[c].list.len().sum()) for c, kind in STAGE.items() if kind == pl.List(pl.String)}
    asked = sum(len(k.sections) for k in keys)
    needed = [n for n, stage in enumerate(exercise.stage, 1) if stage.answer == "answer"]
    # words where the key asks for silence do not stand in for those that are due later
    spoke = rows.filter(pl.col("answer") & pl.col("answer_right").fill_null(True))["stage"].to_list()
    return {
        "decided": rows.height,
        "stages": len(exercise.stage),
        "level_right": _share(int((rows["off"] == 0).sum()), rows.height),
        "kappa": _kappa(given, _agreed(given, keys)),
        "must_rise": any(stage.mildest != LEVELS[-1] for stage in exercise.stage),
        "level_delay": _level_delay(rows, exercise, hours),
        "too_grave": int((rows["off"] > 0).sum()),
        "too_mild": int((rows["off"] < 0).sum()),
        "answer_due": bool(needed),
        "answer_delay": _hours(hours, needed[:1], spoke[:1]),
        "loud": int((rows["answer"] & ~rows["answer_right"].fill_null(True)).sum()),
        "sections_precision": _share(lists["sections"] - lists["sections_extra"], lists["sections"]),
        "sections_recall": _share(asked - lists["sections_missed"], asked),
        "demands_precision": _share(lists["demands_met"], lists["demands_met"] + lists["demands_extra"]),
        "demands_recall": _share(lists["demands_met"], lists["demands_met"] + lists["demands_missed"]),
        "demands_answered": _answered(mine, package, rules),
        "drafts": rows["errors"].len() - rows["errors"].null_count(),
        "errors": int(rows["errors"].sum() or 0),
        "warnings": int(rows["warnings"].sum() or 0),
        "reversed": _reversed(mine, package),
        "minutes": float(rows["seconds"].sum()) / 60,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _hours(hours: Sequence[datetime], needed: Sequence[int], taken: Sequence[int]) -> float | None:
    """Hours of the exercise's clock from the stage at which something was needed to that at which it was done."""
    return (hours[taken[0] - 1] - hours[needed[0] - 1]) / HOUR if needed and taken else None


def _level_delay(rows: pl.DataFrame, exercise: Exercise, hours: Sequence[datetime]) -> float | None:
    must = min(LEVELS.index(stage.mildest) for stage in exercise.stage)
    needed = next(n for n, stage in enumerate(exercise.stage, 1) if LEVELS.index(stage.mildest) == must)
    taken = [n for n, level in rows.select("stage", "level").iter_rows() if LEVELS.index(level) <= must]
    return _hours(hours, [needed], taken[:1])


def _answered(mine: pl.DataFrame, package: Package, rules: Rules) -> float | None:
    """The share of the key's demands that one of the drafts takes up, of the stages that were decided."""
    keyed = {k for n in mine["stage"] for k in package.exercise.stage[n - 1].demands}
    if not keyed:
        return None
    said = voiced.extract(package.posts, table=rules.demands)
    drafts = _drafts(mine, package)
    covered = voiced.coverage(said, drafts, table=rules.demands).filter(pl.col("answered"))["key"]
    return len(keyed & set(covered)) / len(keyed)


def _drafts(mine: pl.DataFrame, package: Package) -> pl.DataFrame:
    """The drafts of the stages at which the trainee answered, as statements (Post)."""
    own = package.exercise.own[0] if package.exercise.own else None
    said = mine.filter(pl.col("answer") & (pl.col("statement") != "")).select("stage", "statement").iter_rows()
    rows = [(package.hours[n - 1], text, "draft", "statement", "government", own, None) for n, text in said]
    return made_posts(rows, package.zone)


def _reversed(mine: pl.DataFrame, package: Package) -> int:
    """How many conclusions of the drafts the last answer of the real bodies takes back."""
    last = package.real["answers"][-1:]
    texts = mine.filter(pl.col("answer") & (pl.col("statement") != ""))["statement"]
    pairs = [statements.compare(text, a["text"]) for text in texts for a in last]
    # without `a` it takes back what somebody else had said
    taken = pl.col("a").is_not_null() & (pl.col("kind") == "conclusion") & (pl.col("verdict") == "reversed")
    return sum(pair.filter(taken).height for pair in pairs)


def _clocks(mine: pl.DataFrame, package: Package, rules: Rules, zone: ZoneInfo) -> pl.DataFrame:
    """The deadlines as the trainee kept them: the public posts, and the drafts for what the bureau answered."""
    own = package.exercise.own
    public = visible(package.posts, package.hours[-1]).filter(~clocks.official(own))
    steps = [package.hours[n - 1] for n in mine["stage"]]
    routed = [at for at, s in zip(steps, mine["sections"], strict=True) if len(s)]
    handled = Handled(steps[0] if steps else None, steps[0] if steps else None, routed[0] if routed else None)
    spoken = pl.concat([public, _drafts(mine, package)])
    everything = clocks.run(spoken, handled=handled, rules=rules.deadlines, own=own, now=package.hours[-1], zone=zone)
    return everything.filter(pl.col("state").is_in(["met", "missed", "open"]))


def weaknesses(figures: Mapping[str, Any]) -> list[Skill]:
    """What to train next, the gravest first: a level or answer that came late or never, then what was left out."""
    late = {"level_late": figures["level_delay"], "answer_late": figures["answer_delay"]}
    found: list[Skill] = []
    if late["level_late"] is None or late["level_late"] > 0:
        found.append("level_late")
    if figures["answer_due"] and (late["answer_late"] is None or late["answer_late"] > 0):
        found.append("answer_late")
    if figures["loud"]:
        found.append("answer_loud")
    if figures["too_mild"] and "level_late" not in found:
        found.append("level_mild")
    if figures["too_grave"]:
        found.append("level_grave")
    for skill, name in (("sections", "sections_recall"), ("demands", "demands_recall")):
        if figures[name] is not None and figures[name] < ENOUGH:
            found.append(skill)  # type: ignore[arg-type]
    if figures["errors"] or figures["reversed"]:
        found.append("draft")
    return found


def advised(found: Collection[Skill], exercises: Sequence[Exercise], done: Collection[str]) -> Exercise | None:
    """The exercise that trains most of what is weak; one that the person has not done goes first."""
    if not found:
        return None
    fitting = [e for e in exercises if set(e.trains) & set(found)]
    return min(fitting, key=lambda e: (e.name in done, -len(set(e.trains) & set(found)), e.name), default=None)


def diverged(scores: Sequence[Score]) -> pl.DataFrame:
    """Where a group parted: stage, levels (who: level), spoke (who answered), apart (steps between the extremes)."""
    rows = []
    for n in sorted({n for s in scores for n in s.stages["stage"]}):
        there = {s.who: s.stages.filter(pl.col("stage") == n).to_dicts() for s in scores}
        here = {who: rows[0] for who, rows in there.items() if rows}
        places = [LEVELS.index(row["level"]) for row in here.values()]
        levels = [f"{who} {row['level']}" for who, row in here.items()]
        spoke = [who for who, row in here.items() if row["answer"]]
        rows.append((n, levels, spoke, max(places) - min(places)))
    schema: dict[str, Any] = {"stage": pl.Int64, "levels": pl.List(pl.String), "spoke": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema | {"apart": pl.Int64}, orient="row")
