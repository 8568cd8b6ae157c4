"""What waits for whom, and how long each needs for it: items at counted steps each, steps at published speeds."""

from __future__ import annotations

import polars as pl

from opinion_lab.rules.handling import Workload


def of(counts: dict[str, int], table: Workload) -> pl.DataFrame:
    """task, who (duty, office, leader), n, seconds (an item), minutes (all of them), in the order of the table."""
    rows = [
        (task.id, task.who, n, seconds, n * seconds / 60)
        for task in table.task
        for n, seconds in ((counts.get(task.id, 0), table.seconds_of(task)),)
    ]
    schema = {"task": pl.String(), "who": pl.String(), "n": pl.Int64(), "seconds": pl.Int64(), "minutes": pl.Float64()}
    return pl.DataFrame(rows, schema=schema, orient="row")
