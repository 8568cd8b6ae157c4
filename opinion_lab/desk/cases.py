"""`lab.cases`: from a story, a post or an order to a closed case, each step written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl

from opinion_lab.archive import Archive
from opinion_lab.cases import states, terms
from opinion_lab.config import LabError
from opinion_lab.judge.deadlines.clocks import Handled
from opinion_lab.rules.handling import CaseStates
from opinion_lab.storage import story_days
from opinion_lab.storage.journal import cases as store

CASE_NUMBER = re.compile(r"(\d{4})\D{0,3}?(\d{1,6})\D*$")


class CaseDesk:
    """The cases of one lab, at its moment."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.root = archive.root
        self.table: CaseStates = archive.rules.case_states

    @property
    def now(self) -> datetime:
        """The lab's moment, or now."""
        return self.archive.moment or datetime.now(UTC)

    # --- looking -------------------------------------------------------------------------------------------

    def history(self, subject: str | None = None) -> pl.DataFrame:
        """The lines (storage.journal.cases.EVENT) of a case, story or paper, or all, as they were at the moment."""
        return store.read(self.root, subject, until=self.now)

    def all(self) -> pl.DataFrame:
        """Every case (cases.states.CASE) under the story that its posts are in now, with `terms.standing`."""
        found = states.fold(self.history(), self.table)
        if found.is_empty():
            return terms.standing(found, self.now, self._open())
        first = found.select("case_id", post_id=pl.col("posts").list.first()).drop_nulls()
        homes = self.archive.overrides.apply(story_days.of_posts(self.archive.store, first["post_id"].to_list()))
        homes = first.join(homes, on="post_id").select("case_id", home="story_id")
        given = pl.col("story_id").map_elements(self.archive.overrides.resolve, return_dtype=pl.String)
        found = found.join(homes, on="case_id", how="left", maintain_order="left")
        found = found.with_columns(story_id=pl.coalesce(given, "home")).drop("home")
        return terms.standing(found, self.now, self._open())

    def _open(self) -> list[str]:
        return [state.id for state in self.table.state if state.open]

    def waiting(self) -> pl.DataFrame:
        """The cases that wait for somebody, overdue first, then by what is left of their terms."""
        rows = self.all().filter("open")
        return rows.sort(
            "supervised", pl.col("late").fill_null(False), "last_day", descending=[True, True, False], nulls_last=True
        )

    def of_story(self, story_id: str) -> pl.DataFrame:
        """The cases of a story."""
        return self.all().filter(pl.col("story_id") == story_id)

    def case(self, name: str) -> dict[str, Any]:
        """One case by its number (2026-0012, 12, or as it stands on paper). Raises LabError when there is none."""
        case_id = self.number(name)
        rows = states.fold(self.history(case_id), self.table)
        if rows.is_empty():
            raise LabError(
                f"没有编号为 {name} 的件。请从 opinion-lab case list 里照抄编号，例如 {self.now.year}-0001。"
            )
        return rows.row(0, named=True)

    def number(self, name: str) -> str:
        """A case's number as it is kept: 12 is of this year."""
        if name.strip().isdigit():
            return f"{self.now.astimezone(self.archive.zone).year}-{int(name):04d}"
        found = CASE_NUMBER.search(name)
        return f"{found[1]}-{int(found[2]):04d}" if found else name.strip()

    def on_paper(self, case_id: str) -> str:
        """A case's number as it stands on paper: 云市监舆情交〔2026〕0012号."""
        year, _, number = case_id.partition("-")
        return f"{self.archive.settings.issue_prefix}交〔{year}〕{number}号"

    def handled(self, story_id: str, severe: bool | None = None) -> Handled:
        """When a story was found, judged and routed, as cases that people made and levels that they confirmed say."""
        made = self.of_story(story_id).filter(pl.col("origin") != "order")
        levels = self.archive.levels(story_id)
        return Handled(
            found_at=_first(made, "found_at"),
            judged_at=_first(levels, "at"),
            routed_at=_first(made, "routed_at"),
            severe=severe,
        )

    # --- doing ---------------------------------------------------------------------------------------------

    def new(
        self,
        title: str,
        *,
        who: str,
        story: str = "",
        posts: Iterable[str] = (),
        kind: str = "web",
        line: str = "",
        at: datetime | None = None,
        found_at: datetime | None = None,
        **details: Any,
    ) -> str:
        """Register a case and return its number: of a story (its number), or of posts, or of what came by paper.

        One post with two matters makes two cases, each with its line (总局令第121号 art. 9).
        """
        if kind not in self.table.kinds:
            raise LabError(f"没有“{kind}”这一类。可用的有：{'、'.join(self.table.kinds)}。")
        if line and line not in set(self.archive.rules.lines["line_id"]):
            raise LabError(f"没有编号为 {line} 的条线。请照抄条线词表里的编号，例如 L14。")
        chosen = list(posts)
        if missing := set(chosen) - set(self.archive.by_id(chosen)["post_id"]):
            raise LabError(f"没有帖文 {'、'.join(sorted(missing))}。请从 opinion-lab search 里照抄编号。")
        now = datetime.now(UTC)
        moment = at or now
        given = {"title": title.strip(), "kind": kind, "origin": "story" if story else "post" if chosen else "paper"}
        given |= {"story_id": story, "posts": chosen, "line_id": line} | details
        given |= {"found_at": found_at.astimezone(UTC).isoformat(timespec="microseconds")} if found_at else {}
        states.check(None, "register", who, given, self.table)
        row = {"event": "register", "who": who, "at": moment, "details": given}
        return store.add_numbered(self.root, f"{moment.astimezone(self.archive.zone).year}", [row], now=now)[0]

    def step(self, name: str, event: str, *, who: str, at: datetime | None = None, **details: Any) -> dict[str, Any]:
        """Take a case one step on (see the table of case states) and return it as it stands then.

        `due` is a datetime. Raises LabError, and writes nothing, when the step is not open to it or to this office.
        """
        case_id = self.number(name)
        self.case(case_id)
        now = datetime.now(UTC)
        moment = (at or now).astimezone(UTC)
        if moment > now:
            raise LabError("办理时刻晚于现在，请检查 --at。")

        def decide(lines: pl.DataFrame) -> tuple[str, Mapping[str, Any]]:
            case = states.fold(lines.filter(pl.col("at") <= now), self.table).row(0, named=True)
            if event == "register":
                raise LabError(f"{case_id} 已经登记过。")
            # a time written in later may lie before others, but not before the case began
            if moment < case["registered_at"]:
                raise LabError(f"{case_id} 在 {case['registered_at']:%Y-%m-%d %H:%M} 才登记，办理时刻不能更早。")
            given = self._given(case, event, moment, details)
            if event == "assign" and not details.get("due") and (outer := _hotline_due(lines)):
                given["due"] = min(
                    given.get("due") or outer, outer
                )  # a section's term ends no later than the hotline's
            states.check(case, event, who, given, self.table)
            return event, given

        store.change(self.root, case_id, decide, who=who, at=moment, now=now)
        return self.case(case_id)

    def _given(self, case: Mapping[str, Any], event: str, at: datetime, details: Mapping[str, Any]) -> dict[str, Any]:
        """What is written down with a step: terms counted where none were given, other cases by their numbers."""
        given = {k: v for k, v in details.items() if v not in (None, "", [], ())}
        due = given.get("due")
        if event == "assign":
            counted = terms.of(
                self.table.kinds[case["kind"]], case["found_at"], at, self.archive.rules.deadlines, self.archive.zone
            )
            given |= {k: v for k, v in counted.items() if k not in given}
        if event == "extend" and due is not None:
            old = case["due"]
            if old and at > old:
                raise LabError(
                    f"{case['case_id']} 的期限 {old:%Y-%m-%d} 已过，延期要在届满之前提出。请改用督办（supervise）。"
                )
            if old and due <= old:
                raise LabError("延期后的期限应晚于原期限。")
        if isinstance(due, datetime):
            given["due"] = due.astimezone(UTC).isoformat(timespec="microseconds")
        if event == "merge":
            given["into"] = self.case(str(given.get("into", "")))["case_id"] if given.get("into") else ""
            if given["into"] == case["case_id"]:
                raise LabError("一件不能并入它自己，请检查编号。")
        return given


def _hotline_due(lines: pl.DataFrame) -> str | None:
    """The term that the hotline's file gave an order, as it said last."""
    said = [orjson.loads(told).get("due") for told in lines.filter(pl.col("event") == states.ORDER)["details"]]
    return next((str(due) for due in reversed(said) if due), None)


def _first(rows: pl.DataFrame, column: str) -> datetime | None:
    """The earliest time of a column, if any."""
    earliest = rows[column].min()
    return earliest if isinstance(earliest, datetime) else None
