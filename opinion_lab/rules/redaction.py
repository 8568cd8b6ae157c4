"""The redaction table: what is looked for in texts, what may stay, and what is known of names."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from opinion_lab.rules.loading import RustPattern, Text, Words, any_of
from opinion_lab.validation import Compiled, Model, PythonPattern, toml, unique

#: Stands in `near` for any seven digits however written; `prepare.redaction` knows how they can be written.
DIGITS = "<<digits>>"


class Rule(Model):
    """One row of the table: see its head for what each key means."""

    id: Text
    what: str
    near: RustPattern
    gate: RustPattern | None = None
    pattern: Compiled
    replace: str
    source: str
    check: Literal[
        "always", "identity", "old_identity", "bank", "order", "mobile", "lookalike", "called", "landline", "social",
        "account", "mail", "plate", "plate_said", "coordinates", "internet", "door", "home", "field", "behind",
        "before", "signed", "whole", "spotted",
    ] = "always"  # fmt: skip
    cue: float = 0.0
    numerals: bool = False
    letters: bool = False

    @field_validator("near", "gate", "pattern", mode="before")
    @classmethod
    def _no_piece_left(cls, expression: Any) -> Any:
        if isinstance(expression, str) and (left := re.findall(r"<<\w+>>", expression.replace(DIGITS, ""))):
            raise ValueError(f"{left[0]} 在 [parts] 里没有")
        return expression


class Names(Model):
    """What is known of personal names."""

    surnames: Text
    rare_surnames: str
    traditional_surnames: str
    compound_surnames: Words
    given_names: str
    transliterated: str
    titles: Words
    left: dict[str, float]
    right: dict[str, float]
    listed: float
    place_suffixes: frozenset[str]
    place_ends: frozenset[str]
    places: Compiled
    brands: Words
    products: Compiled
    goods: Compiled
    visited: Compiled
    behind: Compiled

    @cached_property
    def re_transcribed(self) -> re.Pattern[str]:
        """What can be a name of another language in Chinese characters."""
        letter = f"[{self.transliterated}]"
        return re.compile(rf"{letter}{{2,8}}(?:[·•]{letter}{{1,8}}){{0,3}}")

    @cached_property
    def re_spoken(self) -> re.Pattern[str]:
        """Characters among which such a name of three and more can begin."""
        return re.compile(rf"[{self.transliterated}]{{3,}}|[{self.transliterated}]{{2,}}(?=[·•])")

    @cached_property
    def re_places(self) -> re.Pattern[str]:
        """The end of a place or a firm, after at most three characters."""
        return re.compile("(?s:.{0,3})" + self.places.pattern)

    @cached_property
    def re_brands(self) -> re.Pattern[str]:
        """A brand that is no person."""
        return re.compile("|".join(map(re.escape, sorted(self.brands, key=len, reverse=True))) or "(?!)")

    @cached_property
    def single(self) -> frozenset[str]:
        """Surnames of one character, in Simplified script."""
        return frozenset(self.surnames + self.rare_surnames) - {"\n"}

    @cached_property
    def long_titles(self) -> tuple[str, ...]:
        """Titles of two characters and more; one character may also begin a given name (家, 师)."""
        return tuple(title for title in self.titles if len(title) > 1)

    @cached_property
    def first(self) -> frozenset[str]:
        """The characters with which a surname can begin."""
        compound = "".join(name[0] for name in self.compound_surnames)
        return frozenset(self.surnames + self.rare_surnames + self.traditional_surnames + compound) - {"\n"}

    @cached_property
    def usual(self) -> frozenset[str]:
        """Characters that are usual in given names."""
        return frozenset(self.given_names) - {"\n"}


class Redaction(Model):
    """The whole table. `parts`: pieces of expressions that rows name as <<piece>>."""

    keep: tuple[PythonPattern, ...]
    person_links: PythonPattern
    voice: RustPattern
    press: RustPattern
    names: Names
    parts: dict[str, str] = Field(default_factory=dict)
    rule: Annotated[tuple[Rule, ...], AfterValidator(unique("id"))]

    @cached_property
    def kept(self) -> re.Pattern[str]:
        """Short codes and service lines: they stay where an account or a landline is looked for."""
        return re.compile(any_of(self.keep))


def read(text: str, where: str) -> dict[str, Any]:
    """The table as written, with the pieces of [parts] and the surnames put where its rows name them."""
    data = toml(text, where)
    # what is not as it should be is left for the model to refuse
    names, parts, rows = (data.get(key) for key in ("names", "parts", "rule"))
    names, parts = (table if isinstance(table, dict) else {} for table in (names, parts))
    if not isinstance(rows, list):
        return data
    said = [*_texts(names.get("surnames")), *_texts(names.get("traditional_surnames"))]
    rare = "".join(_texts(names.get("rare_surnames")))
    said += [name[:1] for name in _texts(names.get("compound_surnames"))]
    common = "".join(said).replace("\n", "")
    foreign = "".join(_texts(names.get("transliterated")))
    pieces = {
        "surname": common,
        "any_surname": common + rare,
        "named": common + rare + foreign,
        "foreign": foreign,
        **parts,
    }
    pieces["voice"] = str(data.get("voice"))

    def whole(key: str, value: Any) -> Any:
        if key not in ("near", "gate", "pattern") or not isinstance(value, str):
            return value
        for _ in range(3):  # a piece may name another, and that a third
            value = re.sub(r"<<(\w+)>>", lambda m: str(pieces.get(m[1], m[0])), value)
        return value

    rows = [{k: whole(k, v) for k, v in row.items()} if isinstance(row, dict) else row for row in rows]
    return data | {"rule": rows}


def _texts(value: Any) -> list[str]:
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
