"""The side of a session that knows the future: what each trainee may see now, and what they and the trainer do.

A trainee's notebook asks this over HTTP (`service`); it has no file of the exercise and no key to one.
"""

from __future__ import annotations

import io
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from opinion_lab.config import LabError
from opinion_lab.exercises import ledger
from opinion_lab.exercises.workshop import Exercises
from opinion_lab.judge import statements
from opinion_lab.training import scoring, session as sessions, staging
from opinion_lab.training.session import Standing

NAME_LENGTH = 20
ANYBODY = ""  # whose code lets everybody in, where a session has no list


class Host:
    """One session: `codes` let trainees in, `trainer_code` the trainer. All is read from the ledger and written there.

    Each has a code of their own: by another's one could look at a stage that is not yet one's own. `clock` gives the
    time (of today unless said).
    """

    def __init__(self, exercises: Exercises, session: str, clock: Callable[[], datetime] | None = None) -> None:
        self.exercises, self.session, self.lab = exercises, session, exercises.lab
        self.trainer_code = secrets.token_urlsafe(12)
        self.codes = {who: secrets.token_urlsafe(12) for who in self.events[0]["people"] or [ANYBODY]}
        self.package = exercises.package(self.events[0]["exercise"])
        self._clock = clock or (lambda: datetime.now(UTC))
        self._one_at_a_time = threading.Lock()

    @property
    def events(self) -> list[dict[str, Any]]:
        """All that happened so far."""
        return ledger.events(self.exercises.root, self.session)

    def _add(self, event: str, **about: Any) -> None:
        ledger.add(self.exercises.root, self.session, event, now=self._clock(), **about)

    def _here(self, who: str) -> Standing:
        if not who.strip() or len(who) > NAME_LENGTH:
            raise LabError(f"请写明你是谁（职务或代号，不写人名，不超过{NAME_LENGTH}字）。")
        events = self.events
        if (people := events[0]["people"]) and who not in people:
            raise LabError(f"这一场的名单里没有“{who}”。名单：{'、'.join(people)}。")
        return sessions.standing(self.package.exercise, events, who)

    def admits(self, who: str, code: str) -> bool:
        """Whether a code is one of this session. Raises LabError for one that is another's."""
        mine = [name for name, own in self.codes.items() if secrets.compare_digest(code.encode(), own.encode())]
        if mine and mine[0] not in (who, ANYBODY):
            raise LabError(f"口令和“{who}”对不上：每人一个口令，照训练人给你的那一行命令重新加入。")
        return bool(mine)

    # --- trainees ------------------------------------------------------------------------------------------------

    def stage(self, who: str) -> dict[str, Any]:
        """All that a trainee may see now but the posts; looking at a stage for the first time is written down."""
        here, exercise = self._here(who), self.package.exercise
        n = here.stage
        with self._one_at_a_time:
            if not here.finished and sessions.read_at(self.events, who, n) is None:
                self._add("read", who=who, stage=n)
        hours = self.package.hours
        seen = staging.picture(self.package.posts, hours[n - 1], hours[n - 2] if n > 1 else None, exercise.own)
        offered = self.package.evidence[n - 1]["demands"]
        return {
            "title": exercise.title,
            "task": exercise.task,
            "objectives": list(exercise.objectives),
            "stage": n,
            "at": hours[n - 1],
            "picture": seen,
            "injects": sessions.injects(exercise, self.events, n),
            "demands": [{k: row[k] for k in ("key", "quote", "n")} for row in offered],
            "sections": self.package.lines,
            "decided": [dict(e) for e in here.decided],
            "waiting": here.waiting,
            "finished": here.finished,
            "debrief": here.finished and self._may_look_back(),
        }

    def posts(self, who: str, *, around: bool = False) -> bytes:
        """The posts that were there at the trainee's stage, as Parquet; `around`: with others of those days."""
        body, package = io.BytesIO(), self.package
        posts = pl.concat([package.posts, package.around]) if around else package.posts
        staging.visible(
            posts.sort("published_at", "post_id"), self.package.hours[self._here(who).stage - 1]
        ).write_parquet(body)
        return body.getvalue()

    def check(self, who: str, text: str) -> pl.DataFrame:
        """Remarks on a draft (REMARK of judge.statements); it is a first report until the trainee has answered."""
        spoken = any(e["answer"] for e in self._here(who).decided)
        return statements.check(text, self.lab.rules.statements, first_report=not spoken)

    def decide(self, who: str, asked: Mapping[str, Any]) -> str:
        """Write a decision down, whose stage is returned; only then is the next one given out.

        Raises LabError for one that is not whole.
        """
        with self._one_at_a_time:
            given = sessions.decision(asked, self._here(who), list(self.package.lines))
            self._add("decide", who=who, **given)
        return str(given["stage"])

    def _may_look_back(self) -> bool:
        return not sessions.led(self.events) or sessions.ended(self.events)

    def debrief(self, who: str) -> scoring.Score:
        """How a trainee did, once that is settled: alone after the last stage, in a group when the trainer ended it."""
        if not (self._here(who).finished and self._may_look_back()):
            raise LabError("还不能讲评：先做完全部各站；有训练人的，等训练人结束演练。")
        decisions = sessions.decisions(self.events)
        return scoring.of(who, decisions, self.package, self.lab.rules, self.lab.zone)

    # --- the trainer ---------------------------------------------------------------------------------------------

    def overview(self) -> dict[str, Any]:
        """What a trainer sees: stages open, who decided which and when, what was sent; never who is right."""
        events, exercise = self.events, self.package.exercise
        people: dict[str, dict[str, Any]] = {}
        for who in sessions.trainees(events):
            here = sessions.standing(exercise, events, who)
            people[who] = {"stage": here.stage, "waiting": here.waiting, "finished": here.finished}
            people[who]["decided"] = [e["at"] for e in here.decided]
        return {
            "session": self.session,
            "title": exercise.title,
            "led": sessions.led(events),
            "opened": sessions.opened(events, exercise),
            "hours": self.package.hours,
            "people": people,
            "reserve": [i.model_dump() for i in exercise.inject if i.reserve],
            "sent": sessions.injects(exercise, events, len(exercise.stage)),
            "ended": sessions.ended(events),
        }

    def open_next(self) -> int:
        """Open the next stage to those who have decided, and return its number."""
        with self._one_at_a_time:
            return advance(self.exercises, self.session, now=self._clock())

    def inject(self, sender: str, text: str) -> None:
        """Send a message to all, at the stage that is open now."""
        send(self.exercises, self.session, sender, text, now=self._clock())

    def end(self) -> None:
        """End the session: who has not decided by now decides no more, and everybody may look back."""
        if not sessions.ended(self.events):
            self._add("end")


def advance(exercises: Exercises, session: str, *, now: datetime) -> int:
    """Open the next stage of a led session. Raises LabError for one in which everybody goes at their own pace."""
    events = ledger.events(exercises.root, session)
    exercise = exercises.package(events[0]["exercise"]).exercise
    if not sessions.led(events):
        raise LabError("这一场由各人自己往下做，不用开站。要由训练人开站，开始时写 --led。")
    last = sessions.opened(events, exercise)
    if sessions.ended(events) or last >= len(exercise.stage):
        raise LabError("各站都已开放。" if not sessions.ended(events) else "这一场已经结束。")
    ledger.add(exercises.root, session, "open", now=now, stage=last + 1)
    return last + 1


def send(exercises: Exercises, session: str, sender: str, text: str, *, now: datetime) -> None:
    """Send a message to all trainees of a session, at the furthest stage that one of them has reached."""
    if not sender.strip() or not text.strip():
        raise LabError("请写明是谁发来的、说了什么。")
    events = ledger.events(exercises.root, session)
    exercise = exercises.package(events[0]["exercise"]).exercise
    reached = [sessions.standing(exercise, events, who).stage for who in sessions.trainees(events)]
    stage = sessions.opened(events, exercise) if sessions.led(events) else min(reached, default=1)
    ledger.add(exercises.root, session, "inject", now=now, stage=stage, sender=sender.strip(), text=text.strip())
