"""What waits for whom on a day: alerts, levels, cases at each desk."""

from __future__ import annotations

import polars as pl

from opinion_lab.cases import workload
from opinion_lab.desk import proposals
from opinion_lab.desk.bench import Bench
from opinion_lab.report.documents.brief import of as brief_of


def of(lab: Bench, day: str = "") -> pl.DataFrame:
    """The tasks of a day (cases.workload.of): what came that day, and the cases that wait.

    Work orders that the hotline gave to a section or another body wait for nobody at this desk; those that were given
    to the bureau as a whole count once, on the day that they came.
    """
    today = brief_of(lab, day)
    graver = today.levels.filter(pl.col("confirmed_by").is_null() & (pl.col("level") != "Ⅳ"))
    cases = lab.cases.waiting()
    proposed = proposals.of(lab, today.day)
    sure = proposed.filter(pl.col("section") != proposals.UNCLEAR).height
    own = cases.filter(pl.col("origin") != "order")
    states = dict(own["state"].value_counts().iter_rows())
    at = pl.coalesce("raised", "start").dt.convert_time_zone(str(today.zone)).dt.date()
    alerts = today.alerts.filter(at == today.day).height
    made = own["story_id"].drop_nulls()
    return workload.of(
        {
            "alert": alerts,
            "level": graver.height,
            "register": graver.filter(~pl.col("story_id").is_in(made.implode())).height,
            "scan": sure,
            "assign": proposed.height - sure + states.get("pending", 0) + states.get("returned", 0),
            "review": states.get("reported", 0),
            "close": states.get("answered", 0),
            "late": own.filter(pl.col("late").fill_null(False)).height,
            "brief": 1,
            "decide": graver.filter(pl.col("level").is_in(["Ⅰ", "Ⅱ"])).height,
        }
    )
