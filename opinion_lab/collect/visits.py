"""How often each source is visited, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import polars as pl

from opinion_lab.config import LabError, Source

#: Tier -> hours between visits. A: carries local complaints first; B: local news; C: the rest, for completeness.
HOURS = {"A": 1, "B": 6, "C": 24}
#: Clocks differ by so much. A visit that is later was made under a wrong clock and says nothing of how long ago it was.
AHEAD = timedelta(minutes=10)


class Due(NamedTuple):
    """A source whose time has come: why (first, overdue, asked; waits: it asked to be left alone), hours since."""

    source: Source
    why: str
    hours: float | None = None


def due(sources: Sequence[Source], past: pl.DataFrame, now: datetime, *, asked: bool = False) -> list[Due]:
    """The sources whose time has come, the longest overdue first; those that asked for a pause come last, as `waits`.

    `past`: their visits (Store.visits), whatever came of them; `asked`: a person wants them now. Raises LabError for
    unknown tiers.
    """
    past = past.filter(pl.col("at") <= now + AHEAD)
    rows = past.group_by("source_id").agg(pl.col("at").max(), pl.col("retry_at").sort_by("at").last())
    last = {source_id: (at, retry_at) for source_id, at, retry_at in rows.iter_rows()}
    waiting: list[tuple[timedelta, Due]] = []
    for source in sources:
        if source.tier not in HOURS:
            raise LabError(f"来源 {source.id} 的 tier = {source.tier!r} 不认识，只能是 {'、'.join(HOURS)}。")
        every = timedelta(hours=HOURS[source.tier])
        at, retry_at = last.get(source.id, (None, None))
        hours = None if at is None else (now - at) / timedelta(hours=1)
        if retry_at is not None and now < retry_at:
            waiting.append((timedelta.min, Due(source, "waits", (retry_at - now) / timedelta(hours=1))))
        elif asked:
            waiting.append((timedelta(), Due(source, "asked", hours)))
        elif at is None:
            waiting.append((timedelta.max, Due(source, "first")))
        elif now - at >= every:
            waiting.append((now - at - every, Due(source, "overdue", hours)))
    return [due for _, due in sorted(waiting, key=lambda w: (-w[0].total_seconds(), w[1].source.id))]
