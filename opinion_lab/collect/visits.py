"""How often each source is visited, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from opinion_lab.config import LabError, Source

#: Tier -> hours between visits. A: carries local complaints first; B: local news; C: the rest, for completeness.
HOURS = {"A": 1, "B": 6, "C": 24}


def due(sources: Sequence[Source], last_visits: Mapping[str, datetime], now: datetime) -> list[tuple[Source, str]]:
    """The sources whose time has come, the longest overdue first, each with the reason in words.

    `last_visits` maps source id -> time of the last visit, whatever its outcome. Raises LabError for unknown tiers.
    """
    waiting = []
    for source in sources:
        if source.tier not in HOURS:
            raise LabError(f"来源 {source.id} 的 tier = {source.tier!r} 不认识，只能是 {'、'.join(HOURS)}。")
        every = timedelta(hours=HOURS[source.tier])
        last = last_visits.get(source.id)
        if last is None:
            waiting.append((timedelta.max, source, "第一次采集"))
        elif now - last >= every:
            hours = (now - last) / timedelta(hours=1)
            reason = f"{source.tier} 级来源每 {HOURS[source.tier]} 小时一次，距上次 {hours:.1f} 小时"
            waiting.append((now - last - every, source, reason))
    return [(source, why) for _, source, why in sorted(waiting, key=lambda w: (-w[0].total_seconds(), w[1].id))]
