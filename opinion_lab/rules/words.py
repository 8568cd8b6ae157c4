"""Lists of words: the bureau's lexicon for cutting texts, and the words by which posts are routed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opinion_lab.rules.loading import RustPattern, Text, Words, listed, tabbed
from opinion_lab.validation import LabError, Model, unique


@dataclass(frozen=True)
class Lexicon:
    """The bureau's words: `words` as (word, frequency, tag), `stop` words, `boilerplate` phrases of the platforms.

    Frequency None: jieba chooses one that keeps the word whole; 0 deletes the word. A phrase that ends in `$` is
    boilerplate only at the end of a text.
    """

    words: tuple[tuple[str, int | None, str | None], ...] = ()
    stop: frozenset[str] = frozenset()
    boilerplate: tuple[str, ...] = ()


def domain_words(text: str, where: str) -> tuple[tuple[str, int | None, str | None], ...]:
    """Words, one a line: `word [frequency] [tag]`. Raises LabError naming file and line."""
    words = []
    for place, line in listed(text, where, first_word=True):
        found = re.fullmatch(r"(\S+)(?:\s+([0-9]{1,9}))?(?:\s+([a-z]{1,4}))?", line)
        if not found:
            raise LabError(f"{place}：“{line}”看不懂。每行写：词 [频次，整数] [词性，小写字母]，例如：缺斤少两 50 v")
        words.append((found[1], int(found[2]) if found[2] else None, found[3]))
    return tuple(words)


def whole_words(text: str, where: str) -> re.Pattern[str]:
    """What any of the words or regular expressions matches whole, one a line. Raises LabError naming file and line."""
    lines = list(listed(text, where))
    for place, line in lines:
        try:
            re.compile(line)
        except re.error as error:
            raise LabError(f"{place}：“{line}”不是正确的正则表达式。普通的词照写即可；括号、方括号要成对。") from error
    return re.compile("|".join(f"(?:{line})" for _, line in lines) or "(?!)")


class Line(Model):
    """One line of business; `read`, `inferred`: words that lead to it, `weak` of which say too little alone.

    `gate`: words of which one must stand in the same post.
    """

    line_id: Text
    line: Text
    read: Words
    inferred: Words
    weak: Words
    gate: Words
    typical: str
    era: str
    source: Text

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        words = {*self.read, *self.inferred}
        if not words:
            raise ValueError("一个词也没有，请在 read 或 inferred 里写上")
        if stray := sorted({*self.weak} - words):
            raise ValueError(f"弱词“{stray[0]}”不在 read 或 inferred 里")
        return self


class Lines(Model):
    """The whole table."""

    line: Annotated[tuple[Line, ...], Field(min_length=1), AfterValidator(unique("line_id"))]


def read_lines(text: str, where: str) -> dict[str, Any]:
    """The table as written: tabs between columns, | between words."""
    lists = ("read", "inferred", "weak", "gate")
    rows = tabbed(text, where)
    return {"line": [{k: [w for w in v.split("|") if w] if k in lists else v for k, v in r.items()} for r in rows]}


class RoutingWords(Model):
    """Formulas of work orders that say of no line, and how units of the bureau and other bodies are called."""

    formulas: tuple[RustPattern, ...]
    ours: Annotated[tuple[RustPattern, ...], Field(min_length=1)]
    outside: Annotated[tuple[RustPattern, ...], Field(min_length=1)]


class Example(Model):
    """How people speak of the matters of a line, or of a body outside the bureau (`who`)."""

    id: Text
    who: str
    says: Annotated[Words, Field(min_length=1)]


class RoutingExamples(Model):
    """The whole table."""

    example: Annotated[tuple[Example, ...], Field(min_length=1), AfterValidator(unique("id"))]


def read_examples(text: str, where: str) -> dict[str, Any]:
    """The table as written: tabs between columns, | between sentences."""
    rows = tabbed(text, where)
    # a column that is missing is told with the others by the model
    return {"example": [{**r, "says": [s for s in r["says"].split("|") if s]} if "says" in r else r for r in rows]}


Listed = Annotated[
    frozenset[str], BeforeValidator(lambda words: frozenset(words.split()) if isinstance(words, str) else words)
]
ByKind = Literal["business", "institution", "estate"]


class Organisations(Model):
    """How names of businesses, institutions and estates are told from other words."""

    plain: Listed
    stops: Listed
    brands: Listed
    weak: RustPattern
    fanciful: RustPattern
    not_before: Text
    classes: RustPattern
    fuller: RustPattern
    behind: RustPattern
    first: str
    homes: RustPattern
    complaint: RustPattern
    praise: RustPattern
    carriers: RustPattern
    carrier_words: RustPattern
    developers: RustPattern
    endings: dict[ByKind, RustPattern]
    aliases: dict[str, str]

    @cached_property
    def generic(self) -> frozenset[str]:
        """Words that tell no name from its like: the plain ones, those at which a name ends, and endings themselves."""
        ends = {word for ending in (*self.endings.values(), self.weak) for word in ending.split("|") if len(word) > 1}
        return self.plain | {word for word in self.stops if len(word) > 1} | ends

    @cached_property
    def ending(self) -> re.Pattern[str]:
        """An ending, its kind as the group's name; `weak` is one of the kinds."""
        kinds = "|".join(f"(?P<{kind}>{words})" for kind, words in (*self.endings.items(), ("weak", self.weak)))
        return re.compile(f"(?:{kinds})(?!{self.not_before})")

    @cached_property
    def brand(self) -> re.Pattern[str]:
        """A name that needs no ending."""
        return re.compile("|".join(re.escape(b) for b in sorted(self.brands, key=lambda b: (-len(b), b))) or "(?!)")
