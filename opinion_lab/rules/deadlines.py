"""The table of deadlines: what must be done by when, since when that is in force, and where it is written."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_lab.rules.loading import Text
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
