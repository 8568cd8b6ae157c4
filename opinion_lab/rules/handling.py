"""What handling a matter is held against: deadlines, the steps of a case, plans by kind of incident, conduct."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_lab.rules.loading import RustPattern, Text, Words
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
