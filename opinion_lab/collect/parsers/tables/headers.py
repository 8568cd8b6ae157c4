"""Which rows of a file are its header, and whether it holds what a mapping expects. No I/O."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from opinion_lab import config
from opinion_lab.collect.parsers.tables import delimited, json_lines, mapping as mappings
from opinion_lab.collect.parsers.tables.formats import Opened
from opinion_lab.collect.parsers.tables.mapping import Item, Mapping
from opinion_lab.collect.parsers.times import EXCEL

#: A title and notes may stand above the header; it is looked for in the first rows, and may itself take three.
ROWS, DEEP = 15, 3
LONGEST = 40  # characters of a header
EXAMPLES = 5  # names of a column that a refusal gives
#: What a form adds to the name of a column.
BRACKETS = re.compile(r"\([^()]*\)$")
ADDED = re.compile(r"[(\[【〔<](?:必|选|非必)[填录选][^)\]】〕>]*[)\]】〕>]|[\s*\u200b\ufeff]|[:：]+$")


@dataclass(frozen=True)
class Table:
    """One sheet (or CSV) of a file: `names` as the mapping writes them, and the records below the header."""

    sheet: str
    names: list[str] = field(repr=False)
    at: int
    records: Any = field(repr=False)  # an iterable of Record
    head: list[str] = field(default_factory=list, repr=False)  # the last row of the header as given
    excel: datetime = EXCEL
    delimiter: str = ""
    year: str = ""  # the one year that the title names, for days without one
    protected: bool = False  # whether some cells carry Excel's signs for "this is no number"


@dataclass(frozen=True)
class Fit:
    """How a mapping takes to a file: its tables, what is lacking, how many of its columns are there, and are wanted."""

    tables: list[Table]
    lacking: list[str]
    score: int
    wanted: int
    notes: list[dict[str, Any]]
    mapping: Mapping  # as it takes to this file: the headers in the place of patterns


@lru_cache(100_000)
def _plain(name: str) -> str:
    """A column's name without what forms add: line breaks, blanks, * and （必填）."""
    return ADDED.sub("", unicodedata.normalize("NFKC", name)).lower()


def fit(file: Opened, mapping: Mapping) -> Fit:
    """Hold a file against a mapping. Raises LabError naming the columns that the mapping needs and the file lacks."""
    if not file.sheets and file.format.split("+")[0] != "csv":
        return _fit_json(file, mapping)
    mapping = _resolved(mapping, _cells(file))
    if any(item.each for item in mapping.items):
        raise config.LabError(
            f"对应表“{mapping.name}”要的是 JSON Lines（每行一条），这个文件是表格。请换文件或换对应表。"
        )
    tables = _sheets(file, mapping) if file.sheets else [_delimited(file, mapping)]
    fitting, refused = [], []
    for table in tables:
        found = {n for n in table.names if n}
        try:
            _check([_missing(mapping, item, found) for item in mapping.items], [n for n in table.names if n], mapping)
            fitting.append(table)
        except config.LabError as error:
            refused.append((len(found & _wanted(mapping)), table, error))
    if not fitting:
        raise max(refused, key=lambda r: r[0])[2]
    notes = [
        {"what": f"工作表“{t.sheet}”没有读（没有要的列）", "n": max(1, len(t.records)), "example": ""}
        for _, t, _ in refused
    ]
    held = {n for t in fitting for n in t.names}
    return Fit(fitting, _optional(mapping, held), len(held & _wanted(mapping)), len(_wanted(mapping)), notes, mapping)


def _fit_json(file: Opened, mapping: Mapping) -> Fit:
    if file.entries is not None:
        head = file.entries[: json_lines.HEAD]
    else:
        head = []
        for line in file.lines[: json_lines.HEAD]:
            try:
                head.append(json_lines.load(line) if line.strip() else None)
            except ValueError:
                continue
    sound = [e for e in head if isinstance(e, dict)]
    if not sound:
        raise config.LabError("前面几百行没有一行是完整的 JSON 记录。请检查文件是否完整，或是否选错了文件。")
    mapping = _resolved(mapping, dict.fromkeys(key for entry in sound for key in entry))
    found = {key for entry in sound for key in entry}
    found |= {n for n in _wanted(mapping) if "." in n and any(json_lines.look_up(e, n) is not None for e in sound)}
    lacking: list[list[str] | None] = []
    held = set(found)
    for item in mapping.items:
        if item.each is None:
            lacking.append(_missing(mapping, item, found))
            continue
        lists = [json_lines.look_up(entry, item.each) for entry in sound]
        some = [e for one in lists if isinstance(one, list) for e in one[:50] if isinstance(e, dict)]
        inside = {k for e in some for k in e}
        inside |= {
            n for n in mapping.names(item) if "." in n and any(json_lines.look_up(e, n) is not None for e in some)
        }
        held |= inside
        lacking.append(_missing(mapping, item, inside) if inside else None)
    try:
        _check(lacking, sorted(found), mapping)
    except config.LabError:
        if len(sound) == len(head) == 1 and json_lines.list_within(sound[0]):
            raise config.LabError(json_lines.object_message(sound[0])) from None
        raise
    wanted = _wanted(mapping)
    return Fit([], _optional(mapping, held), sum(n in held for n in wanted), len(wanted), [], mapping)


# --- where is the header? ------------------------------------------------------------------------------------


def _wanted(mapping: Mapping) -> set[str]:
    return {n for item in mapping.items for n in mapping.names(item)}


def _cells(file: Opened) -> dict[str, None]:
    """What may be a header: the cells of the first rows, and of two rows together."""
    given = [sheet.rows[:ROWS] for sheet in file.sheets]
    given = given or [[re.split(r"[,\t;|]", line.strip().replace('"', "")) for line in file.lines[:ROWS]]]
    found: dict[str, None] = {}
    for rows in given:
        found |= dict.fromkeys(cell for row in rows for cell in row)
        for upper, lower in itertools.pairwise(rows):
            found |= dict.fromkeys(a + b for a, b in zip(upper, lower, strict=False) if a != b)
    return {cell: None for cell in found if 0 < len(cell) <= LONGEST}


def _resolved(mapping: Mapping, cells: Iterable[str]) -> Mapping:
    """The mapping with each /pattern/ replaced by the cells that it matches whole and that it does not name itself.

    A pattern among the `when` of an item asks whether the file has such a column at all, not each row.
    """
    written = {_plain(n): n for n in _wanted(mapping)}
    whole = {_plain(c) for item in mapping.items for target in item.columns for c in item.choices(target)}
    plain: dict[str, str] = {}
    for cell in cells:
        name = _plain(cell)
        name = name if name in written else BRACKETS.sub("", name)
        plain.setdefault(written.get(name, cell), name)

    def expand(choice: str) -> list[str]:
        pattern = mappings.pattern(choice)
        return [choice] if pattern is None else [c for c, n in plain.items() if n not in whole and pattern.fullmatch(n)]

    items = []
    for item in mapping.items:
        columns = {t: list(dict.fromkeys(n for c in item.choices(t) for n in expand(c))) for t in item.columns}
        asked = [p for p in map(mappings.pattern, item.when) if p]
        there = any(p.fullmatch(n) for p in asked for n in plain.values())
        when = tuple(c for c in item.when if not mappings.pattern(c)) if there else item.when
        items.append(item.model_copy(update={"columns": columns, "when": when}))
    return mapping.model_copy(update={"items": tuple(items)})


def _sheets(file: Opened, mapping: Mapping) -> list[Table]:
    tables = []
    for sheet in file.sheets:
        numbered = list(enumerate(sheet.rows, 1))
        at, names, _ = _header(numbered[:ROWS], mapping)
        records = [(n, row, ("", None)) for n, row in numbered[max(at, 0) :]]
        above = [sheet.name, *(cell for row in sheet.rows[: max(at - 1, 0)] for cell in row)]
        tables.append(Table(sheet.name, names, at, records, sheet.rows[at - 1], sheet.start, year=_year(above)))
    return tables


def _delimited(file: Opened, mapping: Mapping) -> Table:
    lines = delimited.without_backslashes(file.lines)
    heads = []
    for delimiter in ",\t;|":
        head = [(n, f) for n, f, _ in delimited.split(lines[: ROWS * 20], delimiter) if f][:ROWS]
        at, names, score = _header(head, mapping)
        heads.append((score, len(names), at, names, delimiter))
    # most columns known; when none is, the delimiter that gives the most columns, for the message
    _, _, at, names, delimiter = max(heads, key=lambda h: h[:2])
    times = [n for item in mapping.items for c in item.choices("published_at") for n in mappings.slots(c) or [c]]
    key = next((names.index(name) for name in times if name in names), None)
    protected = any("'" in line or '="' in line for line in lines)
    records = delimited.split(lines, delimiter, len(names), at, key)
    year = _year(lines[: max(at - 1, 0)])
    return Table("", names, at, records, delimiter=delimiter, protected=protected, year=year)


def _year(above: Sequence[str]) -> str:
    years = {year for text in above for year in re.findall(r"(?<!\d)(20\d\d)(?=\s*[年.-])", text)}
    return years.pop() if len(years) == 1 else ""


def _header(head: Sequence[tuple[int, list[str]]], mapping: Mapping) -> tuple[int, list[str], int]:
    """Last line, names and score of the rows that name most of the mapping's columns; else of the widest row.

    A name is written as the mapping writes it. Of two or three header rows the lower name counts, or both together.
    """
    wanted = {_plain(n): n for n in sorted(_wanted(mapping), reverse=True)}
    best: tuple[tuple[int, int, int, int], int, list[str]] = ((-1, 0, 0, 0), -1, [])
    for first in range(len(head)):
        for deep in range(1, min(DEEP, len(head) - first) + 1):
            rows = [fields for _, fields in head[first : first + deep]]
            names = [_name([r[i] for r in rows if i < len(r)], wanted) for i in range(max(map(len, rows)))]
            score = len({n for n in names if n in wanted.values()})
            rank = (score, -deep, sum(map(bool, names)), -first)
            if rank > best[0]:
                best = (rank, head[first + deep - 1][0], names)
    rank, at, names = best
    while names and not names[-1]:
        names = names[:-1]
    return at, names, max(rank[0], 0)


def _name(parts: list[str], wanted: dict[str, str]) -> str:
    said = [p for p in parts if p.strip()]
    if not said:
        return ""
    for name in (said[-1], "".join(dict.fromkeys(said)), said[0]):
        plain = _plain(name)
        if (known := wanted.get(plain, wanted.get(BRACKETS.sub("", plain)))) is not None:
            return known
    return ADDED.sub("", said[-1]) or said[-1]


# --- does it hold what the mapping expects? ------------------------------------------------------------------


def _check(lacking: list[list[str] | None], found: list[str], mapping: Mapping) -> None:
    """Raise LabError when no item is in the file, or when one that needs no `when` lacks a column."""
    needed = [lack for item, lack in zip(mapping.items, lacking, strict=True) if lack is not None and not item.when]
    if any(lack == [] for lack in lacking) and not any(needed):
        return
    names = list(dict.fromkeys(name for lack in lacking for name in lack or []))
    names = names or [mappings.LABELS.get(t, t) for t in mapping.items[0].required]
    raise mappings.refusal(mapping, names, found)


def _missing(mapping: Mapping, item: Item, found: set[str]) -> list[str] | None:
    """Which required RawItem columns no column of `found` can fill, each with its choices; None: not this item.

    An item whose `when` columns are all absent is not in this file, nor one that lacks something where an `unless`
    column stands.
    """
    if item.when and not any(_there(n, found) for n in item.when):
        return None
    wanted: list[tuple[str, ...]] = [(t,) for t in item.required]
    if mapping.constant(item, "kind") != "repost" or item.choices("kind"):
        wanted.append(("text", "title"))
    lacking = []
    for targets in wanted:
        choices = [c for t in targets for c in item.choices(t)]
        if not any(mapping.constant(item, t) for t in targets) and not any(_fills(c, found) for c in choices):
            labels = " 或 ".join(mappings.LABELS.get(t, t) for t in targets)
            plain = [c for c in choices if not mappings.pattern(c) and not (mapping.fallback and "{" in c)]
            examples = " | ".join(plain[:EXAMPLES] if mapping.fallback else plain)
            lacking.append(f"{labels}（{examples}）" if examples else labels)
    if lacking and any(_there(n, found) for n in item.unless):
        return None
    return list(dict.fromkeys(lacking))


def _optional(mapping: Mapping, found: set[str]) -> list[str]:
    """What the items that are in the file could hold besides, and do not."""
    lacking: list[str] = []
    filled: dict[str, bool] = {}
    for item in mapping.items:
        missing = _missing(mapping, item, found)
        lacking += missing or []
        for target in item.columns if missing == [] else ():
            here = bool(mapping.constant(item, target)) or any(_fills(c, found) for c in item.choices(target))
            filled[target] = filled.get(target, False) or here
    lacking += [mappings.LABELS.get(target, target) for target, there in filled.items() if not there]
    return list(dict.fromkeys(lacking))


def _fills(choice: str, found: set[str]) -> bool:
    return all(_there(n, found) for n in (mappings.slots(choice) if "{" in choice else [choice]))


def _there(name: str, found: set[str]) -> bool:
    return name in found or name.startswith("../")
