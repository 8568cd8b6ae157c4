"""What comes after a quiet moment: the table of usual errors, and how often its interval holds on unseen cascades."""

import gzip
from datetime import timedelta

import numpy as np
import orjson
import polars as pl

from opinion_lab.analyse.lifecycle import intervention
from tests.benchmarks.harness import SHARED
from tests.make import ZONE

AT = (2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 144, 216)  # hours after the first post


def cascades() -> list[pl.Series]:
    """The times of each cascade with ten posts or more, sorted."""
    found = []
    with gzip.open(SHARED / "ced_cascades" / "cascades.jsonl.gz") as lines:
        for line in lines:
            said = pl.Series([r.get("date") or "" for r in orjson.loads(line)["reposts"]], dtype=pl.String)
            times = said.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).drop_nulls().sort()
            if len(times) >= 10:
                found.append(times.dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC"))
    return found


def table(times: list[pl.Series]) -> dict[int, tuple[tuple[float, ...], ...]]:
    """`aftermath.PUBLIC` measured on these cascades."""
    measured = {}
    for hours in intervention.HORIZONS:
        rows: list[list[float]] = [[] for _ in range(2 * len(intervention.AGES) + 2)]
        for each in times:
            at = intervention._seconds(each)
            moments = at[0] + np.array(AT) * intervention.HOUR
            recent, _, errors = intervention._carry(at, moments, hours, ZONE)
            ages = np.searchsorted(intervention.AGES, AT, side="right")
            for age, n, error in zip(ages, recent, errors, strict=True):
                if n >= intervention.FEWEST:
                    rows[2 * age + (n >= intervention.LARGE)].append(error)
        measured[hours] = tuple(tuple(np.quantile(r, (0.1, 0.5, 0.9)).round(2).tolist()) for r in rows)
    return measured


def main() -> None:
    times = cascades()
    print(f"{len(times)} cascades; measured on all of them:")
    for hours, rows in table(times).items():
        print(f"  {hours} h: {', '.join(map(str, rows))}")
    shipped, intervention.PUBLIC = intervention.PUBLIC, table(times[::2])
    try:
        found = []
        for each in times[1::2]:
            posts, far = each.to_frame("published_at"), each[-1] + timedelta(days=365)
            moments = [each[0] + timedelta(hours=h) for h in AT]
            found += [intervention.of(posts, [m], until=far, zone=ZONE) for m in moments]
    finally:
        intervention.PUBLIC = shipped
    every = pl.concat(found).drop_nulls("verdict")
    print(f"measured on every other one, held against the rest: {every.height} quiet moments, wanted 80 % within")
    print(every["verdict"].value_counts(normalize=True).sort("verdict"))
