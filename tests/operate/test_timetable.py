"""When jobs are due: across midnight, weekends, a machine that slept, a clock that was wrong; `now` is given."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opinion_lab import config
from opinion_lab.operate import system_timers, timetable

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def job(*times: str, cron: str = "") -> config.Job:
    return config.Job(name="daily", notebook="1-daily-brief", times=times, cron=cron)


@pytest.mark.parametrize(
    ("last", "now", "planned", "missed"),
    [
        ("09-09 08:00", "09-09 17:29", None, 0),
        ("09-09 08:00", "09-09 17:30", "09-09 17:30", 0),
        ("09-09 17:30", "09-10 00:10", None, 0),  # midnight is nothing
        ("09-09 17:30", "09-10 08:00", "09-10 08:00", 0),
        ("09-09 08:00", "09-09 23:00", "09-09 17:30", 0),  # slept through one: made up
        ("09-09 08:00", "09-14 09:00", "09-14 08:00", 9),  # through ten: made up once
        ("01-01 08:00", "09-14 09:00", "09-14 08:00", 63),  # off since winter: a month is looked at
        ("09-12 08:00", "09-09 09:00", None, 0),  # last ran by a clock three days ahead: not before the next time
        ("09-12 08:00", "09-09 08:00", None, 0),
        ("09-09 08:00", "09-09 07:00", None, 0),  # put back an hour: not twice
    ],
)
def test_due(last: str, now: str, planned: str | None, missed: int) -> None:
    found = timetable.due(job("08:00", "17:30"), at(last), at(now), ZONE)
    assert found == (None if planned is None else timetable.Planned(at(planned), missed))
    if found:  # having run, it is not due again
        assert timetable.due(job("08:00", "17:30"), found.at, at(now), ZONE) is None


def test_a_clock_ahead_is_caught_up_with() -> None:
    """Noted by a clock three days ahead, the job runs at its next time and not in three days."""
    assert timetable.due(job("08:00"), at("09-12 08:00"), at("09-09 08:30"), ZONE) is None
    assert timetable.next_time(job("08:00"), at("09-09 08:30"), ZONE) == at("09-10 08:00")


def test_times_are_the_lab_s_own() -> None:
    planned = timetable.due(
        job("08:00"), datetime(2026, 9, 9, 23, 59, tzinfo=UTC), datetime(2026, 9, 10, 0, 0, tzinfo=UTC), ZONE
    )
    assert planned and planned.at.astimezone(UTC) == datetime(2026, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "then"),
    [
        ("30 8 * * 1-5", "09-14 08:30"),  # from Saturday the 12th: cron's 1 is Monday
        ("30 8 * * 0", "09-13 08:30"),  # and its 0 Sunday
        ("30 8 * * 7", "09-13 08:30"),
        ("30 8 * * 5-7", "09-13 08:30"),
        ("30 8 * * mon,wed", "09-14 08:30"),
        ("*/10 * * * *", "09-12 12:10"),
        ("0 9 1 * *", "10-01 09:00"),
    ],
)
def test_cron_as_cron_reads_it(cron: str, then: str) -> None:
    assert timetable.next_time(job(cron=cron), at("09-12 12:00"), ZONE) == at(then)


@pytest.mark.parametrize("cron", ["8:30", "61 * * * *", "* * * *", "每天"])
def test_what_is_no_timetable_is_said(cron: str) -> None:
    with pytest.raises(config.LabError, match="五项"):
        timetable.next_time(job(cron=cron), at("09-12 12:00"), ZONE)


def test_a_month_of_every_ten_minutes_is_due_once() -> None:
    every = job(cron="*/10 * * * *")
    last, runs = at("09-01 00:00"), 0
    for step in range(6 * 24):
        now = at("09-01 00:01") + step * timedelta(minutes=10)
        if planned := timetable.due(every, last, now, ZONE):
            last, runs = planned.at, runs + 1
    assert runs == 6 * 24 - 1


@pytest.mark.parametrize("kind", system_timers.KINDS)
def test_what_is_installed_has_full_paths(kind: str) -> None:
    root = Path('/home/某 人/100%/云溪&"县"')
    timer = system_timers.timer(kind, root, "/opt/lab/bin/python", Path("/home/某 人"))
    text = "".join(timer.files.values()) + timer.crontab
    assert "/opt/lab/bin/python" in text and "opinion_lab.cli" in text
    assert all(path.is_absolute() for path in timer.files)
    if kind == "systemd":
        assert '"/home/某 人/100%%/云溪&\\"县\\""' in text and "Persistent=true" in text
    if kind == "cron":
        import shlex

        assert shlex.split(timer.crontab.replace("\\%", "%"), comments=True)[-2:] == [str(root), "run"]
    if kind == "windows":
        from xml.etree import ElementTree

        task = ElementTree.fromstring(text.replace('encoding="UTF-16"', "").encode())
        assert f'-m opinion_lab.cli --lab "{root}" run' in [element.text for element in task.iter()]
