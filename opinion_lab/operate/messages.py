"""Messages: what is urgent at once, the rest in a digest at set times, nothing in quiet hours, nothing twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.collect import visits
from opinion_lab.config import Job, LabError, Recipient
from opinion_lab.judge import routing
from opinion_lab.lab import Lab
from opinion_lab.operate import timetable
from opinion_lab.report.documents import brief
from opinion_lab.report.wording import messages as wording, monitoring
from opinion_lab.schemas import LEVELS
from opinion_lab.storage import decisions

#: Levels that are told at once, urgent messages a day to one recipient, and stories in a digest.
URGENT, BUDGET, LISTED = ("Ⅰ", "Ⅱ"), 3, 8
PAST = timedelta(days=28)
#: A story is a section's when so much of what is said of it is.
OWN = 0.2


class Message(NamedTuple):
    """What to say: `key` is the same for the same thing; `lines`: ids of its lines (empty: everybody)."""

    key: str
    text: str
    urgent: bool
    lines: frozenset[str] = frozenset()


def _choose(
    messages: Iterable[Message], recipient: Recipient, sent: pl.DataFrame, now: datetime, zone: ZoneInfo
) -> list[Message]:
    """Those of the messages that go to somebody now. `sent`: what went out before (Store.messages)."""
    local = now.astimezone(zone)
    if recipient.quiet and _within(local.hour, recipient.quiet):
        return []
    own = sent.filter(pl.col("recipient") == recipient.name, "sent")
    known = set(own["key"])
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    left = BUDGET - own.filter("urgent", pl.col("at") >= midnight.astimezone(now.tzinfo)).height
    wanted = set(recipient.sections)
    chosen = []
    for message in messages:
        if message.key in known or (wanted and not (message.lines & wanted)):
            continue
        if message.urgent:
            if left <= 0:  # it stands in the next digest
                continue
            left -= 1
        chosen.append(message)
    return chosen


def _within(hour: int, quiet: str) -> bool:
    start, end = map(int, quiet.split("-"))
    return start <= hour < end if start <= end else hour >= start or hour < end


def deliver(lab: Lab, now: datetime, *, fresh: bool, send: Callable[[str, str, str], bool] | None = None) -> int:
    """Send what is due to everybody, and note what went out and what did not; how many could not be sent.

    `fresh`: new posts came, so levels may have changed. What could not be sent is tried again at the next run.
    Raises LabError when there are recipients and the extra is not installed.
    """
    store, zone = lab.store, lab.zone
    send, failed = send or _send, 0
    sent = store.messages()
    urgent = [*_silences(lab, now)]
    rows = _levels(lab, now) if fresh or any(_planned(r, sent, now, zone) for r in store.settings.recipients) else []
    urgent += [
        Message(f"level/{r['story_id']}/{r['level']}", wording.level(r), True, r["lines"]) for r in rows if r["high"]
    ]
    for given in store.settings.recipients:
        sections = tuple(decisions.line(section, lab.rules.lines) for section in given.sections)
        recipient = given.model_copy(update={"sections": sections})
        mine = _choose(urgent, recipient, sent, now, zone)
        if planned := _planned(recipient, sent, now, zone):
            wanted = set(recipient.sections)
            listed = [row for row in rows if not wanted or row["lines"] & wanted][:LISTED]
            mute = "" if wanted else "；".join(m.text.rstrip("。") for m in urgent if m.key.startswith("silence/"))
            text = wording.digest(listed, mute, f"{now.astimezone(zone):%m月%d日}")
            digest = Message(planned, text, False, frozenset(recipient.sections))
            mine += _choose([digest], recipient, sent, now, zone)
        for message in mine:
            done = send(recipient.url, store.settings.organisation, message.text)
            store.put_message(recipient.name, message.key, now, sent=done, urgent=message.urgent)
            failed += not done
    return failed


def _planned(recipient: Recipient, sent: pl.DataFrame, now: datetime, zone: ZoneInfo) -> str | None:
    """The key of the digest whose time has come within the day and which has not gone out; None when there is none."""
    planned = timetable.due(Job(name=recipient.name, times=recipient.times), now - timedelta(days=1), now, zone)
    key = planned and f"digest/{planned.at.isoformat()}"
    gone = sent.filter(pl.col("recipient") == recipient.name, "sent", pl.col("key") == (key or ""))
    return key if planned and gone.is_empty() else None


def _silences(lab: Lab, now: datetime) -> Iterable[Message]:
    """Sources of the first tier that give nothing."""
    store = lab.store
    states, tiers = visits.states(store.settings.sources, store.visits(now - PAST), now), store.tiers()
    top = {s.id for s in store.settings.sources if visits.tier_of(s, tiers) == "A"}
    for row in states.filter(pl.col("state").is_in(monitoring.MUTE), pl.col("source_id").is_in(top)).to_dicts():
        text = f"重点来源 {row['source_id']}：{monitoring.state(row, now, lab.zone)}。没有消息不等于没有事。"
        yield Message(f"silence/{row['source_id']}/{row['since']:%Y-%m-%dT%H:%M}", text, True)


def _levels(lab: Lab, now: datetime) -> list[dict[str, Any]]:
    """The day's stories (Brief.levels) with `lines`, the sections they are for, and `high`: to be told at once."""
    if not lab.store.days() or lab.latest() < now.astimezone(lab.zone).date() - timedelta(days=1):
        return []
    today = brief.of(lab)
    rows = today.levels.filter(pl.col("today").list.len() > 0).to_dicts()
    for row in rows:
        tallied = routing.sections(lab.of_story(row["story_id"]), lab.router)
        row["lines"] = frozenset(tallied.filter(pl.col("share") >= OWN)["line_id"].drop_nulls())
        row["high"] = row["level"] in URGENT and not row["confirmed_by"]
    return sorted(rows, key=lambda row: (LEVELS.index(row["level"]), -len(row["today"])))


def _send(url: str, title: str, text: str) -> bool:
    """Hand a message to the service of an address; False when it was not taken. Raises LabError without the extra."""
    try:
        import apprise
    except ImportError:
        raise LabError("发消息要先装附加包：pip install 'opinion-lab[messages]'。") from None
    address = os.environ.get(url.removeprefix("env:"), "") if url.startswith("env:") else url
    service = apprise.Apprise()
    return bool(address and service.add(address) and service.notify(body=text, title=title))
