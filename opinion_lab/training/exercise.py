"""What an exercise is: stages with the key to each, injects, and where its posts come from; a TOML table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from opinion_lab import schemas, validation
from opinion_lab.config import LabError
from opinion_lab.rules.loading import Level, Text
from opinion_lab.schemas import LEVELS
from opinion_lab.validation import Model

#: What an exercise can train, and what a score calls weak: see `scoring.weaknesses`.
Skill = Literal["level_late", "level_mild", "level_grave", "answer_late", "answer_loud", "sections", "demands", "draft"]
Answer = Literal["answer", "wait", "either"]


class Stage(Model):
    """One hour at which the trainee decides, and what is right then.

    `levels`: all that are right (a range where reasonable people differ). `sections`: line_ids that have to get it,
    `also` those that may. `demands`: keys that are real and open at that hour.
    """

    at: Text
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    sections: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    answer: Answer = "either"
    demands: tuple[str, ...] = ()
    why: str = ""

    @property
    def mildest(self) -> Level:
        """The least grave level that is right."""
        return max(self.levels, key=LEVELS.index)

    @property
    def gravest(self) -> Level:
        """The gravest level that is right."""
        return min(self.levels, key=LEVELS.index)


class Inject(Model):
    """A message that forces a decision. `reserve`: sent by the trainer where needed, others with a stage."""

    stage: Annotated[int, Field(ge=1)]
    sender: Text
    text: Text
    expects: str = ""
    reserve: bool = False


class Utterance(Model):
    """A post as a trainer writes one; `repeat` copies follow it, one every `minutes`."""

    at: Text
    text: Text
    platform: str = "微博"
    kind: Literal["post", "article", "comment", "repost", "complaint", "statement"] = "post"
    author_kind: Literal["person", "media", "government", "business", "unknown"] = "person"
    author: str = ""
    repeat: Annotated[int, Field(ge=0, le=500)] = 0
    minutes: Annotated[float, Field(gt=0)] = 10.0


class Exercise(Model):
    """An exercise as its table says it. `title` and `task` must not tell how it ends: trainees read them first.

    Its posts are those of `story` (of the lab), the milestones of a public `incident`, or `post`. `own`: the bureau's
    names after `replace`, by which its answers are known.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    title: Text
    task: Text
    objectives: tuple[str, ...] = ()
    trains: tuple[Skill, ...] = ()
    minutes: Annotated[int, Field(ge=10, le=600)] = 60
    story: str = ""
    incident: str = ""
    own: tuple[str, ...] = ()
    replace: dict[str, str] = Field(default_factory=dict)
    stage: Annotated[tuple[Stage, ...], Field(min_length=2, max_length=12)]
    inject: tuple[Inject, ...] = ()
    post: tuple[Utterance, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if sum(map(bool, (self.story, self.incident, self.post))) != 1:
            raise ValueError("帖文从哪里来：story、incident、[[post]] 三样写一样")
        if late := [n for n, i in enumerate(self.inject, 1) if i.stage > len(self.stage)]:
            raise ValueError(f"第 {late[0]} 条 [[inject]] 的 stage 应在 1 至 {len(self.stage)} 之间")
        return self


def read(text: str, where: str) -> Exercise:
    """An exercise from its TOML. Raises LabError that says what to mend."""
    data = validation.toml(text, where)
    return validation.build(Exercise, data, where=where, remedy="改好后再运行 opinion-lab exercise make。")


def hours(exercise: Exercise, moment: Callable[[str], datetime | None]) -> list[datetime]:
    """The hours of the stages in order; `moment` reads a time as people write it. Raises LabError for none."""
    found = [moment(stage.at) for stage in exercise.stage]
    for n, at in enumerate(found, 1):
        if at is None:
            raise LabError(f'演练 {exercise.name} 第 {n} 站的时刻没有写。例如 at = "2026-09-08 15:00"。')
    known = [at.astimezone(UTC) for at in found if at is not None]
    for n, (before, after) in enumerate(itertools.pairwise(known), 2):
        if after <= before:
            raise LabError(f"演练 {exercise.name} 第 {n} 站的时刻应在第 {n - 1} 站之后，请改 at。")
    return known


@dataclass(frozen=True)
class Package:
    """An exercise that can be run: its hours, its posts (names replaced), and what was known at each stage.

    `around`: other posts of those days, in which one searches. `evidence`, a dict a stage: level, reasons (of a Grade),
    demands (key, n, quote, answered), answers (at, author, text, own). `real`: answers, levels that people confirmed,
    clocks, at the end. `lines`: line_id -> section.
    """

    exercise: Exercise
    hours: list[datetime]
    posts: pl.DataFrame
    evidence: list[dict[str, Any]]
    real: dict[str, Any]
    zone: tzinfo
    lines: dict[str, str]
    around: pl.DataFrame = field(default_factory=lambda: schemas.empty(schemas.Post))
