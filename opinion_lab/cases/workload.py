"""What waits for whom, and how long each needs for it: items at stated seconds each."""

from __future__ import annotations

import polars as pl

#: What one person does at one desk in one sitting: who, the task, seconds an item: reading, deciding, clicking.
#: Assumed, not measured with a stopwatch; the clicks are those of the notebook `6-desk`.
TASKS = {
    "alert": ("duty", 60),  # read the alert and its first posts
    "level": ("duty", 45),  # confirm or change the level, one click and a reason
    "register": ("duty", 60),  # title, line, one click
    "scan": ("office", 6),  # a proposed section looked over in a list; a click hands over all of one section
    "assign": ("office", 40),  # section and term, one click
    "review": ("office", 90),  # read the feedback, answer or send back
    "close": ("office", 30),
    "late": ("office", 30),  # look at an overdue case and press for it
    "brief": ("leader", 180),  # one page
    "decide": ("leader", 60),  # a level Ⅰ or Ⅱ that waits for a decision
}


def of(counts: dict[str, int]) -> pl.DataFrame:
    """task, who (duty, office, leader), n, seconds (an item), minutes (all of them), in the order of TASKS."""
    rows = [
        (task, who, counts.get(task, 0), seconds, counts.get(task, 0) * seconds / 60)
        for task, (who, seconds) in TASKS.items()
    ]
    schema = {"task": pl.String(), "who": pl.String(), "n": pl.Int64(), "seconds": pl.Int64(), "minutes": pl.Float64()}
    return pl.DataFrame(rows, schema=schema, orient="row")
