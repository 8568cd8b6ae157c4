"""What is usual: days that are loud every year, and how far stories grew from what was seen of them early."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from opinion_lab.rules.loading import Text
from opinion_lab.validation import Model

#: Days on one side of a peak; a longer one would be a season.
Side = Annotated[int, Field(ge=0, le=15)]


class Peak(Model):
    """One row of the table: `days` are the anchors of the years, or `anchor` (month-day) is the one of every year."""

    name: Text
    before: Side
    after: Side
    wide: Annotated[float, Field(ge=0)]
    source: str
    provenance: str
    anchor: str = ""
    days: tuple[date, ...] = ()

    @field_validator("anchor")
    @classmethod
    def _every_year(cls, anchor: str) -> str:
        try:
            date.fromisoformat(f"2001-{anchor}")
        except ValueError:
            raise ValueError(f"“{anchor}”看不懂，写成 月-日，例如 03-15") from None
        return anchor

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.anchor) == bool(self.days):
            raise ValueError("anchor（每年同一天）和 days（每年不同）要写且只写一个")
        return self

    def near(self, day: date) -> int | None:
        """How many days after (negative: before) the nearest anchor; None outside the peak."""
        years = (day.year - 1, day.year, day.year + 1)
        anchors = [date.fromisoformat(f"{y}-{self.anchor}") for y in years] if self.anchor else self.days
        off = [(day - a).days for a in anchors]
        return next((n for n in off if -self.before <= n <= self.after), None)

    def year_before(self, day: date) -> date | None:
        """The same day of last year's peak, where the table knows it."""
        off = timedelta(days=self.near(day) or 0)
        year = (day - off).year - 1
        if self.anchor:
            return date.fromisoformat(f"{year}-{self.anchor}") + off
        return next((d + off for d in self.days if d.year == year), None)


class AnnualPeaks(Model):
    """The table, and what it says of one day."""

    peak: tuple[Peak, ...] = ()

    def of(self, day: date) -> Peak | None:
        """The peak that a day is part of: of several the first in the table."""
        return next((p for p in self.peak if p.near(day) is not None), None)


Four = Annotated[tuple[float, ...], Field(min_length=4, max_length=4)]
Eight = Annotated[tuple[float, ...], Field(min_length=8, max_length=8)]
Quantiles = Annotated[tuple[float, ...], Field(min_length=25, max_length=25)]
#: Where a broken line bends, and what it adds there.
Line = Annotated[tuple[Four, ...], Field(min_length=2, max_length=2)]


class Age(Model):
    """One age's broken lines, a line for each thing that is looked at; see `analyse.cascades.regression`."""

    seconds: int
    intercept: float
    n: Line
    recent2: Line
    recent4: Line
    recent8: Line
    early2: Line
    early4: Line
    last: Line
    deep: Line
    hub: Line
    now: Line
    ahead: Line
    bends: Four
    scale: Eight
    residuals: Quantiles


class SizeForecast(Model):
    """The whole table, the youngest age first; `basis` says in Chinese what it rests on."""

    basis: Text
    age: Annotated[tuple[Age, ...], Field(min_length=1)]
