"""How content people were and how punctual sections are, with how many answers stand behind it."""

from __future__ import annotations

from datetime import date, tzinfo

import polars as pl

FEWEST = 30  # answers below which no rate is given (satisfaction.tsv SA47)
ANSWERS = ("满意", "基本满意", "不满意")


def _rate() -> pl.Expr:
    return pl.when(pl.col("asked") >= FEWEST).then(pl.col("satisfied") / pl.col("asked"))


def _answered() -> dict[str, pl.Expr]:
    """asked: answers of the three that count (not reached and refused are none); satisfied: so or rather so."""
    said = pl.col("satisfied")
    counted = {"asked": ANSWERS, "satisfied": ANSWERS[:2], "dissatisfied": ANSWERS[2:]}
    return {name: said.is_in(words).fill_null(False).sum().cast(pl.Int64) for name, words in counted.items()}


def by_section(cases: pl.DataFrame) -> pl.DataFrame:
    """Cases (CASE, terms.standing) by section, most cases first: what became of them.

    lead, n, open, closed, in_time and late (of those with a term that was kept or is over), returned, extended, asked,
    satisfied, dissatisfied, rate (satisfied of asked; null below 30 answers, for few answers give no per cent).
    """
    return (
        cases.with_columns(pl.col("lead").fill_null(""))
        .group_by("lead")
        .agg(
            n=pl.len().cast(pl.Int64),
            open=pl.col("open").sum().cast(pl.Int64),
            closed=(pl.col("state") == "closed").sum().cast(pl.Int64),
            in_time=(~pl.col("late")).fill_null(False).sum().cast(pl.Int64),
            late=pl.col("late").fill_null(False).sum().cast(pl.Int64),
            returned=(pl.col("returns") > 0).sum().cast(pl.Int64),
            extended=(pl.col("extensions") > 0).sum().cast(pl.Int64),
            **_answered(),
        )
        .with_columns(rate=_rate())
        .sort("n", "lead", descending=[True, False])
    )


def over_time(cases: pl.DataFrame, zone: tzinfo, *, every: str, until: date, periods: int) -> pl.DataFrame:
    """How content people were, by section and by the week or month (`every`: 1w, 1mo) in which their case was closed.

    lead ("" for all sections together), since (the first day of the period), asked, satisfied, dissatisfied, rate; of
    the last `periods` up to the day `until`. A period in which nobody answered has no row.
    """
    last = pl.lit(until).dt.truncate(every)
    begin = pl.col("closed_at").dt.convert_time_zone(str(zone)).dt.date().dt.truncate(every)
    rows = cases.with_columns(pl.col("lead").fill_null(""), since=begin).filter(
        pl.col("since").is_between(last.dt.offset_by(f"-{periods - 1}{every[1:]}"), last)
    )
    by = [rows.group_by("lead", "since").agg(**_answered()).filter(pl.col("lead") != "")]
    by.append(rows.group_by("since").agg(**_answered()).select(pl.lit("").alias("lead"), pl.all()))
    return pl.concat(by).filter(pl.col("asked") > 0).with_columns(rate=_rate()).sort("lead", "since")
