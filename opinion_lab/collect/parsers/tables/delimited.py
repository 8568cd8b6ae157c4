"""CSV -> records with their lines; an open quote or a wrong count costs its own line, not the file. No I/O."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

#: One cell may be this long (a whole article with its pictures), which the csv module forbids unless told.
csv.field_size_limit(10_000_000)
#: (1-based line, fields or None for a bad record, why it is bad)
Record = tuple[int, list[str] | None, tuple[str, str | None]]


def without_backslashes(lines: list[str]) -> list[str]:
    r"""MySQL writes \" for a quote within quotes and \\ for a backslash: the csv way is "" and \."""
    if not any('\\"' in line for line in lines):
        return lines
    head = lines[:2000]
    mended = [line.replace("\\\\", "\0").replace('\\"', '""').replace("\0", "\\") for line in lines]
    return mended if _evenness(mended[: len(head)]) >= _evenness(head) else lines


def _evenness(lines: list[str]) -> float:
    """The share of records that are as wide as the first."""
    try:
        widths = [len(fields) for fields in csv.reader(lines) if fields]
    except csv.Error:
        return 0.0
    return sum(w == widths[0] for w in widths) / len(widths) if widths else 0.0


def split(lines: list[str], delimiter: str, width: int = 0, begin: int = 0, key: int | None = None) -> Iterator[Record]:
    """CSV records with their first line, counted from 1; `width` fields from line `begin` on.

    An open quote swallows the lines behind it; when whole records are found among these, only its own line is bad.
    `key` is the place of a time, by which a whole record is known.
    """
    at = 0
    while at < len(lines):
        reader = csv.reader((lines[i] for i in range(at, len(lines))), delimiter=delimiter)
        base = start = at
        at = len(lines)
        try:
            for fields in reader:
                end = base + reader.line_num
                while width and len(fields) > width and not fields[-1].strip():
                    fields.pop()  # commas at the end of the line
                wrong = bool(width and start >= begin and any(f.strip() for f in fields) and len(fields) != width)
                if width and end - start > 1 and _swallowed(lines[start:end], delimiter, width, key, wrong):
                    yield start + 1, None, ("引号没有闭合", None)
                    at = start + 1
                    break
                why = f"应为 {width} 个，实为 {len(fields)} 个"
                yield start + 1, None if wrong else fields, ("字段数不对", why)
                start = end
        except csv.Error:  # one field beyond csv.field_size_limit
            yield start + 1, None, ("引号没有闭合，或一格太长", None)
            at = start + 1


def _swallowed(lines: list[str], delimiter: str, width: int, key: int | None, wrong: bool) -> bool:
    """Whether a record over several lines took in whole records: lines of the right width with a time in its place."""
    for line in lines[1:]:
        if line.count(delimiter) >= width - 1:
            fields = next(csv.reader([line], delimiter=delimiter), [])
            if len(fields) == width and (wrong if key is None else re.search(r"\d{4}", fields[key])):
                return True
    return False
