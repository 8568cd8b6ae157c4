"""What a paper says, before it is a page, a Word file or a PDF."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

#: Widths of tables in Chinese characters of 12 pt: the page, the lines in a cell, what counts as short and as long.
CHARACTERS, PADDING, SHORT, LONG = 36, 1.5, 6, 60


@dataclass(frozen=True)
class Heading:
    """A heading: `level` 1 (一、) or 2 (（一）); its number is part of the text."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the body."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table with a caption; cells are text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A chart as PNG; `alt` says in words what it shows."""

    png: bytes
    caption: str
    alt: str


@dataclass(frozen=True)
class Break:
    """What follows stands on a new page."""


Block = Break | Heading | Paragraph | Table | Picture


@dataclass(frozen=True)
class Paper:
    """One paper. `mark`: the red head; `number`: 第3期 or a number of a letter; `again`: that it is a second issue.

    `close`: no empty lines about the title, for what must stand on one page.
    """

    mark: str
    number: str
    organisation: str
    day: date
    title: str
    blocks: tuple[Block, ...]
    to: str = ""
    again: str = ""
    note: str = ""
    copies: str = ""
    close: bool = False
    numbered: bool = False

    def __post_init__(self) -> None:
        """Number the tables in order, where they are `numbered`: which of them there are depends on the days."""
        if self.numbered:
            n = itertools.count(1)
            blocks = (
                replace(b, caption=f"表{next(n)}　{b.caption}") if isinstance(b, Table) else b for b in self.blocks
            )
            object.__setattr__(self, "blocks", tuple(blocks))

    @property
    def dated(self) -> str:
        """Its date in words."""
        return f"{self.day.year}年{self.day.month}月{self.day.day}日"

    @property
    def issue(self) -> str:
        """Its number, and that it is a second issue where it is."""
        return f"{self.number}{self.again}"

    def texts(self) -> list[str]:
        """Every text of it in order: what all of its forms must say."""
        said = [self.mark, self.issue, self.title, self.to]
        for block in self.blocks:
            if isinstance(block, Table):
                said += [block.caption, *block.columns, *(cell for row in block.rows for cell in row)]
            elif not isinstance(block, Break):
                said.append(block.caption if isinstance(block, Picture) else block.text)
        return [text for text in (*said, self.organisation, self.dated, self.note, self.copies) if text]


def table(frame: pl.DataFrame, columns: Mapping[str, str], caption: str, most: int = 30) -> Table:
    """A frame of texts and numbers as a table: `columns` picks and names; what is left out is said in the caption."""
    rows = tuple(
        tuple("" if value is None else str(value) for value in row)
        for row in frame.head(most).select(list(columns)).iter_rows()
    )
    rest = f"（共{frame.height}项，列前{most}项）" if frame.height > most else ""
    return Table(caption + rest, tuple(columns.values()), rows)


def shares(block: Table) -> list[float]:
    """The share of the page's width of each column: no heading, number or short text is broken, and what is left goes
    to the long texts by their length.
    """
    columns = [[heading, *cells] for heading, *cells in zip(block.columns, *block.rows, strict=True)]
    longest = [max(map(_characters, column)) for column in columns]
    whole = [max(min(n, SHORT), _characters(c[0])) + PADDING for n, c in zip(longest, columns, strict=True)]
    wish = [max(0.0, min(n, LONG) - SHORT) or 1e-6 for n in longest]
    room = max(0.0, CHARACTERS - sum(whole))
    wide = [w + room * x / sum(wish) for w, x in zip(whole, wish, strict=True)]
    return [w / sum(wide) for w in wide]


def _characters(text: str) -> float:
    """How wide a text is in Chinese characters."""
    return sum(0.6 if c.isascii() else 1 for c in text)
