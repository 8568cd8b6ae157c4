"""When jobs are due, by lab.toml and the run log. No I/O; `now` is given."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from opinion_lab.config import Job, LabError

#: Missed times are looked for so far back.
REACH = timedelta(days=32)
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class Planned(NamedTuple):
    """The latest time that has come for a job, and how many before it went by without a run."""

    at: datetime
    missed: int


def due(job: Job, last: datetime, now: datetime, zone: ZoneInfo) -> Planned | None:
    """The latest planned time after `last` that has come; None when there is none, or the job has no times.

    `last`: the time for which it was planned when it last ran, or since when it stands in lab.toml. However many times
    went by (the machine slept, the clock was put forward), the job is due once. A `last` that lies ahead of now was
    noted by a clock that was wrong, and counts as now.
    """
    if (trigger := _trigger(job, zone)) is None:
        return None
    at, n = max(min(last, now), now - REACH), 0
    latest = None
    while (then := trigger.get_next_fire_time(at, at)) is not None and then <= now:
        latest, n, at = then, n + 1, then
    return None if latest is None else Planned(latest, n - 1)


def next_time(job: Job, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The next planned time after now; None for a job without times. Raises LabError for times that are none."""
    trigger = _trigger(job, zone)
    return None if trigger is None else trigger.get_next_fire_time(now, now)


def _trigger(job: Job, zone: ZoneInfo) -> BaseTrigger | None:
    clocks = [time.split(":") for time in job.times]
    triggers = [CronTrigger(hour=int(h), minute=int(m), timezone=zone) for h, m in clocks]
    if job.cron:
        try:
            *fields, days = job.cron.split()
            triggers.append(CronTrigger.from_crontab(" ".join([*fields, _weekdays(days)]), timezone=zone))
        except ValueError:
            raise LabError(
                f"lab.toml 里任务 {job.name} 的 cron = “{job.cron}”看不懂。应是五项：分 时 日 月 星期，"
                "例如 30 8 * * 1-5（周一至周五 8:30）；每天固定钟点的，写 times 更简单。"
            ) from None
    return OrTrigger(triggers) if triggers else None


def _weekdays(field: str) -> str:
    """Days of the week by name: cron's 0 and 7 are Sunday, APScheduler's 0 is Monday."""
    spans = re.sub(r"\b(\d)-(\d)\b", lambda span: ",".join(map(str, range(int(span[1]), int(span[2]) + 1))), field)
    return re.sub(r"(?<![\w/])\d\b", lambda day: DAYS[int(day[0]) % 7], spans)
