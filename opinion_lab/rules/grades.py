"""The table of grades: red lines, the score, what counts as badly handled, what each level asks of whom."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator

from opinion_lab.rules.loading import Level, RustPattern, Text, Words
from opinion_lab.validation import Model, unique


def _rising(cuts: tuple[float, ...]) -> tuple[float, ...]:
    if list(cuts) != sorted(cuts):
        raise ValueError(f"三个数应从小到大，现在是 {list(cuts)}")
    return cuts


#: Above each of them a story earns one more point.
Cuts = Annotated[tuple[float, ...], Field(min_length=3, max_length=3), AfterValidator(_rising)]


class Media(Model):
    """What makes a media post a report of trouble and no column: one of `words`, what `never` matches left out."""

    words: Words
    never: tuple[RustPattern, ...]
    provenance: str


class RedLine(Model):
    """What is at least of a level once it is met. `kind`: words in public posts, or posts by media accounts."""

    id: Text
    name: Text
    kind: Literal["words", "media"]
    level: Level
    min_posts: int
    min_share: float
    source: str
    provenance: str
    words: Words = ()
    also: Words = ()  # what may be harm too: such a post comes first in the brief, and meets no line
    never: tuple[RustPattern, ...] = ()  # left out before `words` are looked for
    troubled: bool = False  # whether the post must complain of something too
    names: Words = ()
    fast_level: Level | None = None
    fast_score: int = 2

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if self.kind == "words" and not self.words:
            raise ValueError('kind = "words" 的红线要写 words = [...]')
        return self


class Dimension(Model):
    """One of the four dimensions: a measure and the three cuts above which it earns 1, 2, 3 points."""

    name: Text
    unit: str
    what: str
    cuts: Cuts
    min_posts: int = 0
    words: Words = ()  # of a copy from before attitude was learnt: not read


class Score(Model):
    """The four dimensions and the totals from which a level starts."""

    floor: dict[str, int]
    percentiles: Cuts
    min_past: int
    past_posts: int
    source: str
    provenance: str
    spread: Dimension
    attention: Dimension
    sensitivity: Dimension
    attitude: Dimension

    @field_validator("floor")
    @classmethod
    def _of_levels(cls, floor: dict[str, int]) -> dict[str, int]:
        if odd := sorted({*floor} - {*get_args(Level)}):
            raise ValueError(f"等级只能写 {'、'.join(get_args(Level))}，现在有“{odd[0]}”")
        return floor


class Mishandled(Model):
    """When a story counts as badly handled, which raises it by one level."""

    min_posts: int
    unanswered_hours: float
    unanswered_share: float = 0.0  # a copy from before that: all wait for an answer
    complaints: Words = ()
    enquiries: tuple[RustPattern, ...] = ()
    praise: tuple[RustPattern, ...] = ()
    early_hours: float
    rebound_ratio: float
    rebound_posts: int
    source: str
    provenance: str


class Measure(Model):
    """What a level asks of whom."""

    level: Level
    who: str
    what: str
    source: str
    provenance: str


class Grades(Model):
    """The whole table."""

    notice: str
    score_hours: float
    red_line_hours: float
    provenance: str
    media: Media
    red_line: Annotated[tuple[RedLine, ...], AfterValidator(unique("id"))]
    score: Score
    mishandled: Mishandled
    measure: tuple[Measure, ...]
