"""How content people were and how punctual sections are, with how many answers stand behind it."""

from __future__ import annotations

from datetime import tzinfo

import polars as pl

FEWEST = 30  # answers below which no rate is given (satisfaction.tsv SA47)
ANSWERS = ("满意", "基本满意", "不满意")


def by_section(cases: pl.DataFrame, zone: tzinfo, *, every: str | None = None) -> pl.DataFrame:
    """Cases (CASE, terms.standing) by section, or by section and month or week: what became of them.

    lead, (period,) n, open, closed, in_time and late (of those with a term that was kept or is over), returned,
    extended, asked (answers of the three that count: not reached and refused are none), satisfied, dissatisfied, rate
    (satisfied or rather so of asked; null below 30 answers, for few answers give no per cent).
    """
    period = pl.col("registered_at").dt.convert_time_zone(str(zone)).dt.truncate(every or "1mo").dt.date()
    keys = ["lead", *(["period"] if every else [])]
    asked = pl.col("satisfied").is_in(ANSWERS)
    content = pl.col("satisfied").is_in(ANSWERS[:2])
    return (
        cases.with_columns(pl.col("lead").fill_null(""), period=period)
        .group_by(keys)
        .agg(
            n=pl.len().cast(pl.Int64),
            open=pl.col("open").sum().cast(pl.Int64),
            closed=(pl.col("state") == "closed").sum().cast(pl.Int64),
            in_time=(~pl.col("late")).fill_null(False).sum().cast(pl.Int64),
            late=pl.col("late").fill_null(False).sum().cast(pl.Int64),
            returned=(pl.col("returns") > 0).sum().cast(pl.Int64),
            extended=(pl.col("extensions") > 0).sum().cast(pl.Int64),
            asked=asked.fill_null(False).sum().cast(pl.Int64),
            satisfied=content.fill_null(False).sum().cast(pl.Int64),
            dissatisfied=(pl.col("satisfied") == ANSWERS[2]).fill_null(False).sum().cast(pl.Int64),
        )
        .with_columns(rate=pl.when(pl.col("asked") >= FEWEST).then(pl.col("satisfied") / pl.col("asked")))
        .sort(*keys[1:], "n", "lead", descending=[*([False] * (len(keys) - 1)), True, False])
    )
