"""Days that are loud every year (3·15, 国庆 …): what a live watch makes of them, by the table `rules.annual_peaks`.

Where the archive holds last year's, the day is held to it; where it does not, the usual is taken as less certain.
Either way an alert says so, and a peak never becomes what is usual afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from opinion_lab import schemas
from opinion_lab.analyse.trends.baseline import SHORTEST, Floats
from opinion_lab.rules.expectations import AnnualPeaks

NONE = AnnualPeaks()
FEW = 5.0  # posts of a day from which last year's says as much as no difference at all
LAST_YEAR = 0.25  # how much of the uncertainty stays when last year's is known: no two years are alike


class Known:
    """The peaks of one archive, and how loud some keys were on them: learnt as the days go by."""

    def __init__(self, peaks: AnnualPeaks, first: date, days: Iterable[int]) -> None:
        self.there = {n: peak for n in days if (peak := peaks.of(first + timedelta(days=n)))}
        self.first = first
        self.times: dict[int, Floats] = {}

    def _year_before(self, day: int) -> int | None:
        """The number of the same day of last year's peak, where it can have been learnt."""
        before = self.there[day].year_before(self.first + timedelta(days=day))
        number = (before - self.first).days if before else -1
        return number if number >= SHORTEST and number in self.there else None

    def of(self, day: int) -> tuple[Floats | float, float] | None:
        """Times the usual (one a key) that this day is held to, and the variance to add; None on other days."""
        if day not in self.there:
            return None
        before = self._year_before(day)
        wide = self.there[day].wide
        return (1.0, wide) if before is None else (np.maximum(self.times[before], 1), wide * LAST_YEAR)

    def learn(self, day: int, got: Floats, usual: Floats) -> None:
        """How many posts a peak's day had, where so many were usual (one a key)."""
        self.times[day] = (got + FEW) / (usual + FEW)

    def facts(self, day: int) -> list[dict[str, object]]:
        """What an alert of that day must say: that it is loud every year, and whether it was held to last year's."""
        if day not in self.there:
            return []
        held = None if self._year_before(day) is None else "last_year"
        return [schemas.fact("every_year", name=self.there[day].name, about=held)]
