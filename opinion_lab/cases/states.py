"""Where each case stands: its history folded, and the step that is asked for held against the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import polars as pl

from opinion_lab.config import LabError
from opinion_lab.rules.handling import CaseStates, Step

TIME = pl.Datetime("us", "UTC")
#: One case. `posts`: what it is about; `found_at` when the bureau first saw it, `at` when its last step was taken,
#: `routed_at` when it was first handed to a section;
#: `due` by which the section must report, `legal_due` by law (null: no statutory clock runs), `basis` the ids of both.
CASE: dict[str, Any] = {
    **dict.fromkeys(("case_id", "kind", "origin", "story_id", "order_no"), pl.String()),
    "posts": pl.List(pl.String()),
    **dict.fromkeys(("title", "demand", "line_id", "level", "place", "lead"), pl.String()),
    "support": pl.List(pl.String()),
    **dict.fromkeys(("opinion", "state"), pl.String()),
    **dict.fromkeys(
        ("found_at", "registered_at", "routed_at", "assigned_at", "accepted_at", "feedback_at", "answered_at"), TIME
    ),
    **dict.fromkeys(("closed_at", "due", "legal_due"), TIME),
    "basis": pl.List(pl.String()),
    **dict.fromkeys(("feedback", "answer", "outcome", "satisfied", "into", "channel"), pl.String()),
    "supervised": pl.Boolean(),
    **dict.fromkeys(("returns", "redone", "extensions"), pl.Int64()),
    "at": TIME,
}
#: Which time of a case a step sets.
STAMPS = {
    "register": "registered_at",
    "assign": "assigned_at",
    "accept": "accepted_at",
    "feedback": "feedback_at",
    "answer": "answered_at",
    "close": "closed_at",
}
#: What a step makes undone: another section has not signed for it, what was sent back is not reported.
UNDOES = {
    "assign": ("accepted_at", "feedback_at", "answered_at"),
    "redo": ("feedback_at", "answered_at"),
    "reopen": ("feedback_at", "answered_at", "closed_at"),
}
COUNTERS = {"return": "returns", "redo": "redone", "extend": "extensions"}
TIMES = tuple(c for c, t in CASE.items() if t == TIME)
#: Of the bureau's own orders: what the hotline's file says of one, which overrides nothing that people did here.
ORDER = "order"
ORDERED = "_ordered"  # the state that the file gave last


def fold(history: pl.DataFrame, table: CaseStates) -> pl.DataFrame:
    """The cases (CASE) that a history (storage.journal.cases.EVENT) tells of, in order of their numbers."""
    cases: dict[str, dict[str, Any]] = {}
    for line in history.iter_rows(named=True):
        details = orjson.loads(line["details"])
        if line["event"] == "register":
            blank = dict.fromkeys(CASE) | {"posts": [], "support": [], "basis": [], "supervised": False}
            blank |= {"case_id": line["subject"], ORDERED: "pending", **dict.fromkeys(COUNTERS.values(), 0)}
            cases[line["subject"]] = blank
        if (case := cases.get(line["subject"])) is not None:
            _apply(case, line, details, table)
    text = {c: pl.String() if c in TIMES else t for c, t in CASE.items()}
    rows = pl.DataFrame([{c: case[c] for c in CASE} for case in cases.values()], schema=text)
    return rows.with_columns(pl.col(TIMES).str.to_datetime(time_unit="us", time_zone="UTC"))


def _apply(case: dict[str, Any], line: Mapping[str, Any], details: dict[str, Any], table: CaseStates) -> None:
    event, told = line["event"], {k: v for k, v in details.items() if k in CASE}
    if event == ORDER:
        if case["state"] != case[ORDERED]:  # people have taken it up here: the hotline's file does not undo that
            told = {k: v for k, v in told.items() if case[k] is None and k not in STAMPS.values()}
        case.update(told)
        case[ORDERED] = case["state"] if "state" not in told else told["state"]
        return
    at = line["at"].isoformat(timespec="microseconds")
    step = table.steps.get(event)
    case.update(dict.fromkeys(UNDOES.get(event, ())))
    if event == "assign":
        case["support"], case["routed_at"] = [], case["routed_at"] or at
    case.update(told | ({"state": step.to} if step and step.to else {}))
    if event in STAMPS:
        case[STAMPS[event]] = at
    if event == "register":
        case["found_at"] = case["found_at"] or at
    if event in COUNTERS:
        case[COUNTERS[event]] += 1
    case["supervised"] = case["supervised"] or event == "supervise"
    case["at"] = at


def check(case: Mapping[str, Any] | None, event: str, who: str, details: Mapping[str, Any], table: CaseStates) -> Step:
    """The step of an event, when it may be taken. Raises LabError that says what may be done, by whom, what lacks."""
    step = table.steps.get(event)
    if step is None:
        raise LabError(f"没有“{event}”这一步。可用的有：{'、'.join(table.steps)}。")
    if not who.strip():
        raise LabError("请用 --by 写明谁做的（职务即可，不写人名）。")
    state = case["state"] if case else None
    if state is None and event != "register":
        raise LabError(f"还没有登记，不能{step.name}。请先 opinion-lab case new。")
    if state is not None and state not in step.since:
        may = [f"{s.name}（{s.event}）" for s in table.step if state in s.since and s.event != "note"]
        now = table.states[state].name if state in table.states else state
        number, open_to = case["case_id"] if case else "", "、".join(may) or "补记（note）"
        raise LabError(f"{number} 现在是“{now}”，不能{step.name}。现在可以：{open_to}。")
    _allowed(case or {}, step, who)
    lacking = [table.fields[name] for name in step.needs if not details.get(name)]
    if lacking:
        raise LabError(f"{step.name}还缺：{'、'.join(lacking)}。没有写下任何内容，请补上再来。")
    for name, choices in table.choices.items():
        if details.get(name) and details[name] not in choices:
            raise LabError(f"{table.fields[name]}应为 {'、'.join(choices)} 之一，现在是“{details[name]}”。")
    return step


def _allowed(case: Mapping[str, Any], step: Step, who: str) -> None:
    """Whether this office may take the step; a section acts on its own cases alone, and never judges itself."""
    sections = [unit for unit in (case.get("lead"), *(case.get("support") or [])) if unit]
    own = any(unit in who or (len(who) > 1 and who in unit) for unit in sections)
    if step.others and own:
        raise LabError(f"{who}是这件的承办单位，不能自己{step.name}。请由办公室或分管领导来做。")
    if "承办单位" in step.who:
        if not own:
            raise LabError(f"只有承办单位（{'、'.join(sections)}）可以{step.name}；现在写的是“{who}”。")
    elif step.who and not any(word in who for word in step.who):
        raise LabError(f"{step.name}由职务里有 {'、'.join(step.who)} 字样的人来做；现在写的是“{who}”。")
