"""The plan of a story: its level's and its kinds' measures, what of them was ticked by which office, who signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from opinion_lab.cases import plans, signatures
from opinion_lab.config import LabError
from opinion_lab.desk.bench import Bench
from opinion_lab.judge import routing
from opinion_lab.judge.incident_review import Review
from opinion_lab.storage.journal import cases as store


def of(lab: Bench, past: Review) -> pl.DataFrame:
    """The plan (cases.plans.PLAN) of a story by the level that a person last confirmed, else the gravest proposed.

    Measures run from when the story was found, else from when what made its gravest level began (plans.begun).
    """
    story_id = str(past.story["story_id"])
    confirmed = past.grades.filter(pl.col("confirmed_by").is_not_null()).sort("at")
    level = confirmed["level"][-1] if confirmed.height else past.gravest["level"]
    hours = timedelta(hours=lab.rules.grades.red_line_hours)
    start = past.context.handled.found_at or plans.begun(past.posts, past.gravest["at"], hours)
    # a story that is mostly another body's is no incident of a kind, whatever words it has in passing
    ours = past.lines.is_empty() or past.lines["line_id"][0] != routing.NOT_OURS
    kinds = plans.kinds(past.public, lab.rules.plans) if ours else []
    return plans.of(level, kinds, lab.rules.grades, start.astimezone(UTC), lab.cases.history(story_id))


def signed(lab: Bench, past: Review, what: str) -> None:
    """Raise LabError where a story needs a leader's word before `what` is done, and has none (cases.signatures)."""
    story_id = str(past.story["story_id"])
    confirmed = lab.levels(story_id)
    levels = pl.concat([past.grades["level"].cast(pl.String), confirmed["level"].cast(pl.String)])
    if (needed := signatures.lacking(levels, confirmed, lab.rules.case_states.signature)) is not None:
        raise LabError(
            f"{story_id} 到过{needed.level}级，{what}前要有{'或'.join(needed.who)}签批，现在还没有。"
            f"签批：opinion-lab confirm --story {story_id} --level {needed.level} --by {needed.who[0]} --why 理由"
            "（领导认为级别不对，写他认定的级别）。紧急的先电话报告。"
        )


def tick(lab: Bench, story: str, measure_id: str, *, who: str, note: str = "") -> pl.DataFrame:
    """Write down that a measure of a story's plan was done, by which office; returns the plan as it then is.

    Raises LabError for a measure that it has not.
    """
    past = lab.review(story)
    plan = of(lab, past)
    rows = plan.filter(pl.col("measure_id") == measure_id.strip())
    if rows.is_empty():
        listed = "、".join(f"{m}（{what[:12]}…）" for m, what in plan.select("measure_id", "what").iter_rows())
        raise LabError(f"这件事的处置清单里没有 {measure_id}。有：{listed}。")
    if not who.strip():
        raise LabError("请用 --by 写明谁做的（职务即可，不写人名）。")
    now = datetime.now(UTC)
    told = {"measure_id": measure_id.strip(), "what": rows["what"][0], "note": note}
    story_id = str(past.story["story_id"])
    store.change(lab.root, story_id, lambda lines: (plans.TICK, told), who=who, at=now, now=now)
    return of(lab, past)
