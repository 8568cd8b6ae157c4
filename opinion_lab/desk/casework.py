"""`lab.cases`: the cases, and all that is done with them at the desk."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from opinion_lab.cases import satisfaction
from opinion_lab.desk import drafts, papers, plans, records, waiting, workbooks
from opinion_lab.desk.bench import Bench
from opinion_lab.desk.cases import CaseDesk
from opinion_lab.judge import routing
from opinion_lab.judge.incident_review import Review


class Casework(CaseDesk):
    """The cases of one lab, at its moment, with their plans, papers, sheets and records."""

    def __init__(self, lab: Any) -> None:
        super().__init__(lab)
        self.lab: Bench = lab

    def section_of(self, story_id: str) -> str:
        """The section that routing.sections proposes for a story; "" where none is clear or it is not ours."""
        posts = self.lab.of_story(story_id).filter(pl.col("kind") != "statement")
        lines = routing.sections(posts, self.lab.router).drop_nulls("line_id")
        first = lines.row(0, named=True) if lines.height else None
        return first["line"] if first and first["line_id"] != routing.NOT_OURS else ""

    def step(self, name: str, event: str, *, who: str, at: datetime | None = None, **details: Any) -> dict[str, Any]:
        """Take a case one step on (CaseDesk.step); some steps of a grave story need a leader's word first."""
        if (step := self.table.steps.get(event)) is not None and step.signed:
            case = self.all().filter(pl.col("case_id") == self.number(name), pl.col("origin") != "order")
            for story_id in case["story_id"].drop_nulls():
                plans.signed(self.lab, self.lab.review(story_id), step.name)
        return super().step(name, event, who=who, at=at, **details)

    def plan(self, story: str, *, at: str = "") -> pl.DataFrame:
        """The plan (cases.plans.PLAN) of a story: what its level and kinds ask of whom, and what was ticked."""
        lab = self.lab.as_of(at) if at else self.lab
        return plans.of(lab, self.lab.review(story, at=at))

    def at(self, moment: str = "") -> Casework:
        """The cases as they were at a moment; without one as they are now."""
        return Casework(self.lab.as_of(moment)) if moment else self

    def plan_of(self, past: Review) -> pl.DataFrame:
        """The plan of a story that has been reviewed already."""
        return plans.of(self.lab, past)

    def tick(self, story: str, measure_id: str, *, who: str, note: str = "") -> pl.DataFrame:
        """Write down that a measure of a story's plan was done; returns the plan as it then is."""
        return plans.tick(self.lab, story, measure_id, who=who, note=note)

    def proposals(self, day: date | None = None) -> pl.DataFrame:
        """Work orders that wait for a section, and which one routing is sure of (desk.waiting.proposals)."""
        return waiting.proposals(self.lab, day)

    def hand_over(self, section: str, *, who: str, day: date | None = None) -> list[str]:
        """Hand to a section every order proposed for it; returns the numbers of the cases."""
        return waiting.hand_over(self.lab, section, who=who, day=day)

    def workload(self, day: str = "") -> pl.DataFrame:
        """What waits for whom on a day and how long it takes (cases.workload.of)."""
        return waiting.workload(self.lab, day)

    def contentment(self, day: str = "", *, weeks: int = 6) -> pl.DataFrame:
        """How content people were, by section, in the weeks up to a day (cases.satisfaction.over_time)."""
        until = self.lab.latest(day)
        return satisfaction.over_time(self.all(), self.lab.zone, every="1w", until=until, periods=weeks)

    def check_draft(self, text: str, story: str, *, first: bool | None = None, at: str = "") -> drafts.Held:
        """A draft statement held against the rules, the story's earlier answers and its demands."""
        return drafts.check(self.lab, text, story, first=first, at=at)

    def issue(self, kind: str, *, who: str, story: str = "", day: str = "", at: str = "") -> papers.Issued:
        """Make a paper (desk.papers.KINDS) under the next number of its kind, and lay it down."""
        return papers.issue(self.lab, kind, who=who, story=story, day=day, at=at)

    of_a_story = papers.OF_A_STORY
    kinds: ClassVar[dict[str, str]] = {kind: name for kind, (name, _) in papers.KINDS.items()}

    def issued(self) -> pl.DataFrame:
        """The papers that were issued."""
        return papers.issued(self.lab)

    def sheet(self, number: str) -> Path:
        """The hand-over sheet of a case as a Word file."""
        return papers.sheet(self.lab, number)

    def export(self, path: Path, *, section: str = "") -> int:
        """The ledger, or a section's open cases to fill in, as an Excel file; returns how many cases."""
        return workbooks.export(self.lab, path, section=section)

    def read_back(self, path: Path | bytes, *, who: str) -> workbooks.ReadBack:
        """Take in a sheet that a section filled: its file, or what is in it."""
        return workbooks.read_back(self.lab, path, who=who)

    def record(self, story: str, folder: Path) -> list[str]:
        """Pack a story to be kept; returns the names of its files."""
        return records.pack(self.lab, story, folder)
