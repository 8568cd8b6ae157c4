"""`lab.exercises`: exercises made and listed, sessions begun, scored, and looked back on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from opinion_lab.config import PACKAGE, LabError
from opinion_lab.exercises import client, ledger, making
from opinion_lab.exercises.client import Trainee
from opinion_lab.exercises.making import Desk
from opinion_lab.storage import files
from opinion_lab.training import scoring, session as sessions
from opinion_lab.training.exercise import Exercise, Package, read
from opinion_lab.training.scoring import Debrief
from opinion_lab.validation import meant, read_text

REPLACED = re.compile(r"^\[replace\]\n(?:(?!\[).*\n?)*", re.MULTILINE)
SHIPPED = PACKAGE / "training" / "shipped"


class Exercises:
    """The exercises of a lab. Nothing of them touches its decisions, cases or reports, or the other way round."""

    def __init__(self, lab: Desk) -> None:
        self.lab, self.root = lab, lab.store.root

    # --- exercises -----------------------------------------------------------------------------------------------

    def tables(self) -> dict[str, Path]:
        """The table of every exercise by name: the lab's own (`exercises/NAME.toml`) first, then those that ship."""
        own = sorted(ledger.folder(self.root).glob("*.toml"))
        return {path.stem: path for path in (*sorted(SHIPPED.glob("*.toml")), *own)}

    def table(self, name: str) -> Exercise:
        """An exercise as its table says it. Raises LabError that names those there are."""
        tables = self.tables()
        if name not in tables:
            raise LabError(f"没有演练“{name}”。{meant(name, tables)}用 opinion-lab exercise list 查看。")
        return read(read_text(tables[name], f"演练 {tables[name].name}"), f"演练 {tables[name].name}")

    def overview(self) -> pl.DataFrame:
        """Every exercise: name, title, stages, minutes, trains, made (can be run)."""
        made = set(ledger.names(self.root))
        rows = []
        for name in self.tables():
            e = self.table(name)
            rows.append((name, e.title, len(e.stage), e.minutes, list(e.trains), name in made))
        schema = {"name": pl.String, "title": pl.String, "stages": pl.Int64, "minutes": pl.Int64}
        return pl.DataFrame(rows, schema=schema | {"trains": pl.List(pl.String), "made": pl.Boolean}, orient="row")

    def make(
        self, name: str, *, story: str = "", at: Sequence[str] = (), replace: Mapping[str, str] | None = None
    ) -> Package:
        """Make an exercise by its table; with `story` the table is drafted first (`exercises/NAME.toml`, to be edited).

        Raises LabError where such a table is there already: a trainer's key is not overwritten.
        """
        if story:
            path = ledger.folder(self.root) / f"{name}.toml"
            if name in self.tables():
                raise LabError(f"演练 {name} 的表已经有了，没有改动它。改名，或不写 --story 按现有的表重新制作。")
            text = making.draft(self.lab, name, story, at, replace or {})
            read(text, f"演练 {path.name}")
            files.write(path, text.encode(), mode=0o600)
        exercise = self.table(name)
        if exercise.name != name:
            raise LabError(f"演练表 {name}.toml 里的 name 是“{exercise.name}”。文件名和 name 要一致。")
        made = making.package(self.lab, exercise)
        text = self.tables()[name].read_text(encoding="utf-8-sig")
        ledger.put(self.root, name, text, made.posts, made.around, making.known(made))
        return made

    def export(self, name: str, folder: Path) -> None:
        """Put an exercise that was made into an empty folder: a lab for a PC that has no archive.

        It holds posts under other names, the key, the lab's own rules; nothing that the bureau collected or decided.
        """
        if folder.exists() and any(folder.iterdir()):
            raise LabError(f"{folder} 里已有内容，没有改动。请换一个空文件夹。")
        settings = self.lab.settings
        lines = {"organisation": settings.organisation, "timezone": settings.timezone, "lang": settings.lang}
        table = "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in lines.items())
        written, posts, around, held = ledger.get(self.root, name)
        # the list of replacements says the real names, and is used no more
        ledger.put(folder, name, REPLACED.sub("", written), posts, around, held)
        for file in sorted((self.root / "rules").glob("*.t*")):
            files.write(folder / "rules" / file.name, file.read_bytes())
        files.write(folder / "lab.toml", f"# 只有演练的文件夹，没有存档；给训练人，不给学员\n{table}".encode())

    def has_archive(self) -> bool:
        """Whether posts lie in this lab: who sits at its PC could look up what an exercise hides."""
        return bool(self.lab.store.days())

    def package(self, name: str) -> Package:
        """An exercise that was made. Raises LabError for one that was not."""
        text, posts, around, held = ledger.get(self.root, name)
        return making.of_files(read(text, f"演练 {name}"), posts, around, held, self.lab)

    def trainee(self, who: str) -> Trainee | None:
        """A trainee's side of the session that this kernel was started for; None outside an exercise."""
        return client.trainee(who, self.lab.settings)

    # --- sessions ------------------------------------------------------------------------------------------------

    def begin(self, name: str, people: Sequence[str] = (), *, led: bool = False, now: datetime | None = None) -> str:
        """Begin a session of an exercise that was made, and return its number. `led`: a trainer opens the stages.

        `people` (roles): nobody else is let in; none: whoever has the code.
        """
        self.package(name)
        now = now or datetime.now(UTC)
        session = f"{name}-{now.astimezone(self.lab.zone):%Y%m%d-%H%M%S}"
        while session in ledger.sessions(self.root):  # two within a second
            session = f"{session[:-2]}{(int(session[-2:]) + 1) % 100:02d}"
        mode = "led" if led else "self"
        ledger.add(self.root, session, "begin", now=now, exercise=name, mode=mode, people=list(people))
        return session

    def unfinished(self, name: str, people: Sequence[str]) -> str | None:
        """The newest session of an exercise that these people began and broke off; None where there is none."""
        for session in reversed(ledger.sessions(self.root)):
            events = ledger.events(self.root, session)
            if events[0]["exercise"] == name and set(events[0]["people"]) == set(people):
                exercise = self.package(name).exercise
                done = all(sessions.standing(exercise, events, who).finished for who in people)
                return None if done else session
        return None

    def sessions(self) -> pl.DataFrame:
        """The sessions: session, exercise, began, mode, trainees, decided (decisions), ended; the newest first."""
        rows = []
        for session in reversed(ledger.sessions(self.root)):
            events = ledger.events(self.root, session)
            done = sum(e["event"] == "decide" for e in events)
            about = (events[0]["exercise"], events[0]["at"], events[0]["mode"])
            rows.append((session, *about, sessions.trainees(events), done, sessions.ended(events)))
        schema: dict[str, Any] = {"session": pl.String, "exercise": pl.String, "began": pl.Datetime("us", "UTC")}
        schema |= {"mode": pl.String, "trainees": pl.List(pl.String), "decided": pl.Int64, "ended": pl.Boolean}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def debrief(self, session: str = "") -> Debrief:
        """A session looked back on, the newest unless said. Raises LabError while somebody is still deciding."""
        named = session or next(iter(self.sessions()["session"]), "")
        if not named:
            raise LabError("还没有演练记录。先运行 opinion-lab exercise run canteen --who 值班员。")
        events = ledger.events(self.root, named)
        package = self.package(events[0]["exercise"])
        people = sessions.trainees(events)
        open_ = [w for w in people if not sessions.standing(package.exercise, events, w).finished]
        if open_:
            raise LabError(
                f"{named} 还有人没有做完：{'、'.join(open_)}。做完，或由训练人结束演练"
                f"（opinion-lab exercise stage {named} --end）之后才能讲评。"
            )
        made = sessions.decisions(events)
        scores = [scoring.of(who, made, package, self.lab.rules, self.lab.zone) for who in people]
        return Debrief(named, package, [s for s in scores if s.stages.height])

    def progress(self, who: str = "") -> pl.DataFrame:
        """How people did over time: session, exercise, began, who, the figures of their score, weak; the oldest first.

        `who` (a role): only that one. Sessions that are going on are left out.
        """
        rows = []
        past = self.sessions().reverse().filter(pl.col("trainees").list.contains(who) | (who == ""))
        for session, exercise, began in past.select("session", "exercise", "began").iter_rows():
            try:
                scores = self.debrief(session).scores
            except LabError:  # going on, or its exercise is gone
                continue
            for score in scores:
                if who in ("", score.who):
                    about = {"session": session, "exercise": exercise, "began": began, "who": score.who}
                    rows.append(about | score.figures | {"weak": scoring.weaknesses(score.figures)})
        return pl.DataFrame(rows, infer_schema_length=None)

    def advised(self, found: Debrief) -> dict[str, Exercise | None]:
        """The exercise that each should do next, by what was weak; None where nothing was, or none trains it."""
        every = [self.table(name) for name in self.tables()]
        done = self.progress()
        advice = {}
        for score in found.scores:
            before = done.filter(pl.col("who") == score.who)["exercise"].to_list()
            advice[score.who] = scoring.advised(scoring.weaknesses(score.figures), every, before)
        return advice
