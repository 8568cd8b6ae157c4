"""Where a trainee stands in a session, by its events alone: which stage is open, what was decided, what was sent.

Events (`storage`: one line each): begin (exercise, mode self | led), read (who, stage: first looked at), decide (who,
stage and the decision), open (stage; led sessions), inject (stage, sender, text), end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from opinion_lab.config import LabError
from opinion_lab.schemas import LEVELS
from opinion_lab.training.exercise import Exercise
from opinion_lab.training.scoring import DECISION

Events = Sequence[Mapping[str, Any]]
LONGEST = 4000  # characters of a draft or a reason


@dataclass(frozen=True)
class Standing:
    """A trainee's place: the stage to be seen now (from 1), what was decided, and whether that is all for now.

    `waiting`: the next stage was not opened yet; `finished`: there is none, or the trainer ended the session.
    """

    stage: int
    decided: list[Mapping[str, Any]]
    waiting: bool
    finished: bool


def led(events: Events) -> bool:
    """Whether a trainer opens the stages."""
    return any(e["event"] == "begin" and e["mode"] == "led" for e in events)


def ended(events: Events) -> bool:
    """Whether the trainer ended the session."""
    return any(e["event"] == "end" for e in events)


def opened(events: Events, exercise: Exercise) -> int:
    """The last stage that is open to those who have decided all before it."""
    if not led(events):
        return len(exercise.stage)
    return max([1, *(e["stage"] for e in events if e["event"] == "open")])


def standing(exercise: Exercise, events: Events, who: str) -> Standing:
    """Where one trainee stands."""
    decided = [e for e in events if e["event"] == "decide" and e["who"] == who]
    n, last = len(decided), opened(events, exercise)
    finished = n == len(exercise.stage) or ended(events)
    waiting = not finished and n >= last
    return Standing(max(1, n if waiting or finished else n + 1), decided, waiting, finished)


def injects(exercise: Exercise, events: Events, stage: int) -> list[dict[str, Any]]:
    """What has been sent by a stage, in order: stage, sender, text. Nothing of a later one."""
    planned = [i.model_dump(include={"stage", "sender", "text"}) for i in exercise.inject if not i.reserve]
    sent = [{k: e[k] for k in ("stage", "sender", "text")} for e in events if e["event"] == "inject"]
    return sorted((i for i in planned + sent if i["stage"] <= stage), key=lambda i: i["stage"])


def trainees(events: Events) -> list[str]:
    """Who takes part, in order of coming."""
    return list(dict.fromkeys(e["who"] for e in events if e["event"] in ("read", "decide")))


def read_at(events: Events, who: str, stage: int) -> datetime | None:
    """When a trainee first looked at a stage; None before."""
    return next((e["at"] for e in events if e["event"] == "read" and (e["who"], e["stage"]) == (who, stage)), None)


def decision(asked: Mapping[str, Any], here: Standing, sections: Collection[str]) -> dict[str, Any]:
    """What a trainee decided, fit to be written down. Raises LabError that says what is missing, or that it is late."""
    if here.finished or here.waiting or asked.get("stage") != here.stage:
        raise LabError("这一站已经决定过，不能再改。请看当前这一站。")
    if asked.get("level") not in LEVELS:
        raise LabError(f"请选级别：{'、'.join(LEVELS)}。")
    chosen = [s for s in sections if s in set(asked.get("sections") or ())]
    if not chosen:
        raise LabError("请至少选一个科室（条线）。")
    if not isinstance(asked.get("answer"), bool):
        raise LabError("请选现在答还是先不答。")
    statement, why = (str(asked.get(name) or "").strip() for name in ("statement", "why"))
    if asked["answer"] and not statement:
        raise LabError("选了现在答，请写出要公开说的话；还没有想好的，选先不答。")
    if not why:
        raise LabError("请写一句理由：凭什么这样定。")
    if max(len(statement), len(why)) > LONGEST:
        raise LabError(f"文稿和理由各不超过{LONGEST}字。")
    demands = sorted({str(d) for d in asked.get("demands") or ()})
    given = {"stage": here.stage, "level": asked["level"], "sections": chosen, "answer": asked["answer"]}
    return given | {"demands": demands, "statement": statement, "why": why}


def decisions(events: Events) -> pl.DataFrame:
    """All decisions of a session (scoring.DECISION); `seconds` from when the stage was first looked at."""
    rows = []
    for e in events:
        if e["event"] == "decide":
            began = read_at(events, e["who"], e["stage"]) or e["at"]
            took = (e["at"] - began).total_seconds()
            rows.append({k: e[k] for k in DECISION if k in e} | {"recorded_at": e["at"], "seconds": took})
    return pl.DataFrame(rows, schema=DECISION)
