"""A story's course in sentences: why a phase began, what an unusual stretch was, what a forecast rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import polars as pl

from opinion_lab.analyse.cascades.forecasting import Forecast
from opinion_lab.analyse.cascades.regression import Model
from opinion_lab.report.wording.phrases import DAY, sentence, time

Fact = Mapping[str, Any]

# --- phases ------------------------------------------------------------------------------------------------------


#: Rules of a phase that tell how all phases were measured.
MEASURED = ("smoothed", "hole")


def phases(phases: pl.DataFrame) -> pl.DataFrame:
    """Phases (Phase) with `why` in a few words each; `measured` says what holds for all of them."""
    said = ["；".join(sentence("phase", f) for f in why if f["rule"] not in MEASURED) for why in phases["why"]]
    return phases.with_columns(why=pl.Series(said, dtype=pl.String))


def measured(phases: pl.DataFrame) -> str:
    """How the phases were measured, and what nobody looked at."""
    facts = {f["rule"]: f for why in phases["why"] for f in why if f["rule"] in MEASURED}
    return "".join(sentence("phases", facts[rule]) for rule in MEASURED if rule in facts)


# --- unusual stretches -------------------------------------------------------------------------------------------


def burst(row: Mapping[str, Any], *, zone: tzinfo, year: bool = False) -> str:
    """One unusual stretch (Burst): 9月8日12时至21时出现312条，平时同一时段约14条."""
    lines = [f for f in row["why"] if f["rule"] == "red_line"]
    if lines:
        met = "；".join(f"“{f['name']}”{f['value']:g}条（满{f['threshold']:g}条即报）" for f in lines)
        return f"{time(row['raised'], zone)}前触及红线：{met}"
    same = "平时同样天数" if row["step"] >= DAY else "平时同一时段"
    often = f"约{row['expected']:,.0f}条" if row["expected"] >= 1 else "不到1条"
    going_on = "，截至统计时仍在继续" if row["going_on"] else ""
    # without last year's nobody knows that this key is loud every year
    seen = "；每年此时也高（{}），已与去年同期相比", "；正逢{}，这几天各类帖文都会偏多，没有去年的可比"
    yearly = "".join(seen[not f["about"]].format(f["name"]) for f in row["why"])
    when = f"{row['start'].astimezone(zone).year}年" * year + _stretch(row["start"], row["end"], row["step"], zone)
    return f"{when}出现{row['n']:,}条，{same}{often}{going_on}{yearly}"


def bursts(found: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """Stretches (Burst) with `why` in words."""
    return found.with_columns(
        why=pl.Series([burst(row, zone=zone) for row in found.iter_rows(named=True)], dtype=pl.String)
    )


def _stretch(start: datetime, end: datetime, step: timedelta, zone: tzinfo) -> str:
    """From when to when (9月8日12时至21时; 9月8日22时至9月9日3时); of days the last one included."""
    a, b = start.astimezone(zone), end.astimezone(zone)
    if step >= DAY:
        b -= DAY
        return _day(a) if a.date() == b.date() else f"{_day(a)}至{_day(b)}"
    if b.date() - a.date() == DAY and (b.hour, b.minute) == (0, 0):
        return f"{_day(a)}{_clock(a)}至24时"
    return f"{_day(a)}{_clock(a)}至{_clock(b) if a.date() == b.date() else _day(b) + _clock(b)}"


def _day(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日"


def _clock(moment: datetime) -> str:
    return f"{moment.hour}时{moment.minute}分" if moment.minute else f"{moment.hour}时"


def caveats(facts: Sequence[Fact]) -> str:
    """What to bear in mind about what is usual (of trends.caveats)."""
    return "".join(sentence("usual", f) for f in facts)


# --- forecasts ---------------------------------------------------------------------------------------------------


def basis(forecast: Forecast | Model) -> str:
    """What a forecast was learnt from."""
    if not forecast.learnt:
        return forecast.basis
    several = len(forecast.learnt) > 2  # the archive, and how the regressions of more than one age were made
    return "；".join(sentence("learnt", f, several=several, basis=forecast.basis) for f in forecast.learnt)
