"""What people ask for and how they speak of a matter: the tables of demands and of attitude."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from opinion_lab.rules.loading import RustPattern, Text, Words, any_of
from opinion_lab.validation import Model

Patterns = Annotated[tuple[RustPattern, ...], Field(min_length=1)]


class Cues(Model):
    """Expressions that make a sentence a demand, by kind."""

    ask: Patterns
    blame: Patterns
    propose: Patterns


class Naming(Model):
    """Words and expressions too general to name a group; the group of what holds no other, and what answers it."""

    general: frozenset[str]
    formal: Patterns
    handle: Text
    done: Patterns


class Matter(Model):
    """A common demand: `words` put a sentence in its group, `answer` shows that a statement takes it up."""

    key: Text
    words: Patterns
    answer: tuple[RustPattern, ...] = ()
    kind: Literal["ask", "blame", "propose"] | None = None


class Phrases(Model):
    """Expressions of sentences that do not count."""

    words: Patterns


class Demands(Model):
    """The table of demands; `never`: phrases in which a cue does not count."""

    never: Words = Field(validation_alias="not")
    cues: Cues
    names: Naming
    matter: tuple[Matter, ...]
    told: Phrases
    defer: Phrases

    @cached_property
    def patterns(self) -> dict[str, str]:
        """One expression a kind of demand."""
        return {kind: any_of(getattr(self.cues, kind)) for kind in Cues.model_fields}

    @cached_property
    def phrases(self) -> list[str]:
        """The phrases that do not count, the longest first."""
        return sorted(self.never, key=lambda w: (-len(w), w))

    @cached_property
    def matters(self) -> list[Matter]:
        """The matters, those of one kind first: among equals they are meant."""
        return sorted(self.matter, key=lambda m: m.kind is None)

    @cached_property
    def of_others(self) -> str:
        """What tells of others' demands and of earlier ones, in one expression."""
        return any_of(self.told.words)

    @cached_property
    def putting_off(self) -> str:
        """What puts off, in one expression."""
        return any_of(self.defer.words)


class View(Model):
    """One view of a matter and the expressions of sentences that hold it."""

    key: Text
    words: Patterns


class Attitude(Model):
    """The table of attitude; `never`: phrases that do not count."""

    never: Words = Field(validation_alias="not")
    view: tuple[View, ...]

    @cached_property
    def patterns(self) -> dict[str, str]:
        """One expression a view, in the order of the table."""
        return {view.key: any_of(view.words) for view in self.view}
