"""What waits: orders and the sections proposed for them, handed over at once; how long all of it takes whom."""

from __future__ import annotations

from datetime import date

import polars as pl

from opinion_lab.cases import workload as load
from opinion_lab.config import LabError
from opinion_lab.desk.bench import Bench
from opinion_lab.judge import routing
from opinion_lab.report.documents.brief import of as brief_of

UNCLEAR = ""


def proposals(lab: Bench, day: date | None = None) -> pl.DataFrame:
    """The pending cases of work orders (of one day they came on, or all): case_id, title, line_id, section, chance.

    `section` is the line of business that routing is sure of; "" where it is not, or where it is not the bureau's.
    """
    cases = lab.cases.all().filter((pl.col("state") == "pending") & (pl.col("origin") == "order"))
    if day is not None:
        cases = cases.filter(pl.col("registered_at").dt.convert_time_zone(str(lab.zone)).dt.date() == day)
    first = cases.select("case_id", "title", post_id=pl.col("posts").list.first())
    routes = routing.route(lab.by_id(first["post_id"].to_list()), lab.router)
    # the first line of a post is the likelier one
    sure = routes.unique("post_id", keep="first", maintain_order=True)
    named = pl.when(pl.col("line_id").is_not_null() & (pl.col("line_id") != routing.NOT_OURS)).then("line")
    sure = sure.select("post_id", "line_id", "chance", section=named.fill_null(UNCLEAR))
    return first.join(sure, on="post_id").sort("section", "case_id").drop("post_id")


def hand_over(lab: Bench, section: str, *, who: str, day: date | None = None) -> list[str]:
    """Hand to a section every case proposed for it; returns their numbers. Raises LabError where there is none."""
    rows = proposals(lab, day)
    mine = rows.filter((pl.col("section") == section) & (pl.col("section") != UNCLEAR))
    if mine.is_empty():
        there = rows.filter(pl.col("section") != UNCLEAR)["section"].unique().sort()
        raise LabError(f"没有建议交给“{section}”的件。现有建议的科室：{'、'.join(there) or '（没有）'}。")
    for case_id, line_id in mine.select("case_id", "line_id").iter_rows():
        lab.cases.step(case_id, "assign", who=who, lead=section, line_id=line_id)
    return mine["case_id"].to_list()


def workload(lab: Bench, day: str = "") -> pl.DataFrame:
    """The tasks of a day (cases.workload.of): what came that day, and the cases that wait.

    Work orders that the hotline gave to a section or another body wait for nobody at this desk; those that were given
    to the bureau as a whole count once, on the day that they came.
    """
    today = brief_of(lab, day)
    graver = today.levels.filter(pl.col("confirmed_by").is_null() & (pl.col("level") != "Ⅳ"))
    cases = lab.cases.waiting()
    proposed = proposals(lab, today.day)
    sure = proposed.filter(pl.col("section") != UNCLEAR).height
    own = cases.filter(pl.col("origin") != "order")
    states = dict(own["state"].value_counts().iter_rows())
    at = pl.coalesce("raised", "start").dt.convert_time_zone(str(today.zone)).dt.date()
    alerts = today.alerts.filter(at == today.day).height
    made = own["story_id"].drop_nulls()
    return load.of(
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
        },
        lab.rules.workload,
    )
