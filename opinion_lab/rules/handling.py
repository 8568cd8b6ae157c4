"""What handling a matter is held against: deadlines, the steps of a case, plans by kind of incident, conduct."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import chinese_calendar
from pydantic import AfterValidator, Field, model_validator

from opinion_lab.rules.loading import Level, RustPattern, Text, Words
from opinion_lab.validation import Model, unique


class Deadline(Model):
    """One deadline; what the fields mean stands at the head of the table. Without `amount` it is only listed."""

    id: Text
    what: Text
    applies: Literal[
        "major", "other", "follow", "found", "judged", "routed", "complaint", "lead", "hotline", "case", "reference"
    ]
    answer: Literal["statement", "conference", "none"]
    start: str
    since: date
    basis: str
    source: str
    provenance: str
    doubt: str
    amount: Annotated[float, Field(gt=0)] | None = None
    unit: Literal["hours", "working_days", "natural_days"] | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.amount is None) != (self.unit is None):
            raise ValueError("amount 与 unit 要么都写，要么都不写")
        if self.amount is not None and self.unit != "hours" and not self.amount.is_integer():
            raise ValueError(f"amount 按日计算的应为整数，现在是 {self.amount:g}")
        if self.until and self.until < self.since:
            raise ValueError("until 早于 since")
        return self


def calendar_knows(day: date) -> bool:
    """Whether public holidays and made-up workdays of that year are known; otherwise only weekends are."""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def working(day: date) -> bool:
    """Whether `day` is a working day in China; by weekday alone in years that the calendar does not know."""
    return bool(chinese_calendar.is_workday(day)) if calendar_knows(day) else day.weekday() < 5


def _public_holiday(day: date) -> bool:
    if not calendar_knows(day):
        return False
    off, name = chinese_calendar.get_holiday_detail(day)
    return bool(off and name)  # an ordinary weekend has no name


def due(rule: Mapping[str, Any], start: datetime, *, zone: tzinfo) -> datetime | None:
    """The last moment of a rule's term that starts at `start`; None when the rule names no term.

    Hours run from the minute. Days: the first day does not count, the term ends with the last day (`zone`), and a
    last day that is a public holiday moves to the first day after it (总局令第121号 art. 45).
    """
    amount, unit = rule["amount"], rule["unit"]
    if amount is None:
        return None
    if unit == "hours":
        return start + timedelta(hours=amount)
    day = start.astimezone(zone).date()
    if unit == "natural_days":
        day += timedelta(days=int(amount))
    else:
        left = int(amount)
        while left:
            day += timedelta(days=1)
            left -= working(day)
    while _public_holiday(day):
        day += timedelta(days=1)
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone).astimezone(start.tzinfo)


class Deadlines(Model):
    """The whole table; `counting` says how days are counted, and where that is written."""

    rule: Annotated[tuple[Deadline, ...], Field(min_length=1), AfterValidator(unique("id"))]
    counting: dict[str, str] = Field(default_factory=dict)


class State(Model):
    """Where a case can stand; `open`: it still waits for somebody."""

    id: Text
    name: Text
    open: bool


class Step(Model):
    """One step; what the fields mean stands at the head of the table."""

    event: Text
    name: Text
    since: Words
    to: str
    who: Words
    needs: Words
    source: Text
    provenance: Text
    others: bool = False
    signed: bool = False


class Signature(Model):
    """Whose word a story of a level needs before a step that is `signed`, and before a report upward."""

    level: Level
    who: Annotated[Words, Field(min_length=1)]
    source: Text
    provenance: Text


class CaseKind(Model):
    """A kind of case and its terms in the table of deadlines: `legal` by what they apply to, `internal` by its id."""

    id: Text
    name: Text
    legal: Words
    internal: Text


class CaseStates(Model):
    """The whole table. `fields`: what an item that a step needs is called; `choices`: what it may say."""

    state: Annotated[tuple[State, ...], AfterValidator(unique("id"))]
    step: Annotated[tuple[Step, ...], AfterValidator(unique("event"))]
    fields: dict[str, str]
    choices: dict[str, Words]
    kind: Annotated[tuple[CaseKind, ...], AfterValidator(unique("id"))]
    signature: tuple[Signature, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = {state.id for state in self.state}
        for step in self.step:
            if odd := ({*step.since, step.to} - known - {""}) | ({*step.needs} - {*self.fields}):
                raise ValueError(f"步骤 {step.event} 写了表里没有的“{sorted(odd)[0]}”")
        return self

    @cached_property
    def steps(self) -> dict[str, Step]:
        """Steps by their event."""
        return {step.event: step for step in self.step}

    @cached_property
    def states(self) -> dict[str, State]:
        """States by their id."""
        return {state.id: state for state in self.state}

    @cached_property
    def kinds(self) -> dict[str, CaseKind]:
        """Kinds by their id."""
        return {kind.id: kind for kind in self.kind}


class PlanMeasure(Model):
    """What a kind of incident asks of whom, within how many hours of being found (None: not said)."""

    who: Text
    what: Text
    source: Text
    provenance: Text
    hours: Annotated[float, Field(gt=0)] | None = None


class PlanKind(Model):
    """A kind of incident: a story is of it when `least` of its public posts hold one of the words."""

    id: Text
    name: Text
    words: Annotated[Words, Field(min_length=1)]
    least: Annotated[float, Field(gt=0, le=1)]
    measure: tuple[PlanMeasure, ...]


class Plans(Model):
    """What kinds of incidents ask beside what their level asks (the table of grades)."""

    kind: Annotated[tuple[PlanKind, ...], AfterValidator(unique("id"))]


class ConductCategory(Model):
    """One way in which people complain of the bureau's own people and service, and who looks into it."""

    id: Text
    name: Text
    pattern: RustPattern
    to: Text
    basis: Text


class Conduct(Model):
    """The categories; a sentence counts only where it names the bureau too."""

    bureau: Annotated[Words, Field(min_length=1)]
    category: Annotated[tuple[ConductCategory, ...], AfterValidator(unique("id"))]


class Speed(Model):
    """How fast people read, decide (M), point and click (P + 2 B) and type (K), in seconds but for reading."""

    characters_a_minute: Annotated[float, Field(gt=0)]
    decision: Annotated[float, Field(ge=0)]
    click: Annotated[float, Field(ge=0)]
    key: Annotated[float, Field(ge=0)]
    keys: Annotated[float, Field(ge=0)]


class Task(Model):
    """What one person does about one item; `seconds`, where a bureau took the time, goes before what is counted."""

    id: Literal["alert", "level", "register", "scan", "assign", "review", "close", "late", "brief", "decide"]
    who: Literal["duty", "office", "leader"]
    characters: Annotated[float, Field(ge=0)] = 0
    decisions: Annotated[float, Field(ge=0)] = 0
    clicks: Annotated[float, Field(ge=0)] = 0
    typed: Annotated[float, Field(ge=0)] = 0
    seconds: Annotated[float, Field(gt=0)] | None = None


class Workload(Model):
    """How long each task takes (keystroke-level model: Card, Moran, Newell 1980)."""

    speed: Speed
    task: Annotated[tuple[Task, ...], AfterValidator(unique("id"))]

    def seconds_of(self, task: Task) -> int:
        """Seconds that one item of a task takes."""
        s = self.speed
        counted = (
            task.characters * 60 / s.characters_a_minute
            + task.decisions * s.decision
            + task.clicks * s.click
            + task.typed * s.keys * s.key
        )
        return round(task.seconds or counted)
