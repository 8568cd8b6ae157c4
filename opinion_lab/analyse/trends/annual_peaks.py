"""Days that are loud every year (3·15, 国庆 …): what a live watch makes of them, by the table `rules/peaks.toml`.

Where the archive holds last year's, the day is held to it; where it does not, the usual is taken as less certain.
Either way an alert says so, and a peak never becomes what is usual afterwards.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from opinion_lab import config, schemas
from opinion_lab.analyse.trends.baseline import SHORTEST, Floats
from opinion_lab.config import LabError

SHIPPED = config.PACKAGE / "rules" / "tables" / "peaks.toml"
FEW = 5.0  # posts of a day from which last year's says as much as no difference at all
LAST_YEAR = 0.25  # how much of the uncertainty stays when last year's is known: no two years are alike
LONGEST = 15  # days on one side; a longer peak would be a season


@dataclass(frozen=True)
class Peak:
    """One row of the table: `days` are the anchors of the years, or `anchor` (month-day) is the one of every year."""

    name: str
    before: int
    after: int
    wide: float
    source: str
    provenance: str
    anchor: str = ""
    days: tuple[str, ...] = ()

    def near(self, day: date) -> int | None:
        """How many days after (negative: before) the nearest anchor; None outside the peak."""
        if self.anchor:
            anchors = [date.fromisoformat(f"{day.year + y}-{self.anchor}") for y in (-1, 0, 1)]
        else:
            anchors = [date.fromisoformat(d) for d in self.days]
        off = [(day - a).days for a in anchors]
        return next((n for n in off if -self.before <= n <= self.after), None)

    def year_before(self, day: date) -> date | None:
        """The same day of last year's peak, where the table knows it."""
        off = self.near(day)
        here = day - timedelta(days=off or 0)
        if self.anchor:
            return date.fromisoformat(f"{here.year - 1}-{self.anchor}") + timedelta(days=off or 0)
        past = [d for d in map(date.fromisoformat, self.days) if d.year == here.year - 1]
        return past[0] + timedelta(days=off or 0) if past else None


@dataclass(frozen=True)
class Peaks:
    """The table, and what it says of one day."""

    rows: tuple[Peak, ...] = ()

    def of(self, day: date) -> Peak | None:
        """The peak that a day is part of: of several the first in the table."""
        return next((p for p in self.rows if p.near(day) is not None), None)


NONE = Peaks()


@cache
def load(path: Path = SHIPPED) -> Peaks:
    """Read `peaks.toml`. Raises LabError with the row at fault."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("peak", [])
    except (OSError, ValueError) as e:
        raise LabError(f"高峰表 {path.name} 读不了：{e}。请检查文件是否存在、引号和日期是否写对。") from None
    return Peaks(tuple(_checked(row, f"高峰表 {path.name} 第 {n} 条") for n, row in enumerate(rows, 1)))


def _checked(row: dict[str, object], where: str) -> Peak:
    peak: Peak = config.build(Peak, row, where=where)
    where = f"{where}（{peak.name}）"
    if bool(peak.anchor) == bool(peak.days):
        raise LabError(f"{where}：anchor（每年同一天）和 days（每年不同）要写且只写一个。")
    try:
        for day in (f"2001-{peak.anchor}",) if peak.anchor else peak.days:
            date.fromisoformat(day)
    except ValueError:
        raise LabError(f"{where}：日期看不懂。anchor 写成 03-15，days 写成 2027-02-06。") from None
    if not (0 <= peak.before <= LONGEST and 0 <= peak.after <= LONGEST and peak.wide >= 0):
        raise LabError(f"{where}：before、after 应在 0 到 {LONGEST} 之间，wide 不小于 0。")
    return peak


class Known:
    """The peaks of one archive, and how loud some keys were on them: learnt as the days go by."""

    def __init__(self, peaks: Peaks, first: date, days: Iterable[int]) -> None:
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
