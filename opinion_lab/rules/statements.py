"""The checklist of official statements."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from opinion_lab.rules.loading import Text
from opinion_lab.validation import Model, PythonPattern, unique


class Check(Model):
    """One rule; what the fields mean stands at the head of the table."""

    id: Text
    level: Literal["error", "warn"]
    kind: Literal["must_have", "must_not", "process"]
    rule: Text
    advice: str
    source: str
    provenance: str
    pattern: PythonPattern | None = None
    unless: PythonPattern | None = None
    first_report: bool = False
    body: bool = False
    raise_with: str | None = None
    mask: bool = False
    bad: str | None = None
    good: str | None = None

    @model_validator(mode="after")
    def _can_be_checked(self) -> Self:
        if self.kind != "process" and not self.pattern:
            raise ValueError('要写 pattern；文字里看不出来的，kind 写 "process"')
        return self


class Statements(Model):
    """The whole checklist."""

    rule: Annotated[tuple[Check, ...], AfterValidator(unique("id"))]
