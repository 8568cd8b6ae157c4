"""Personal data out of texts.

`rules/tables/redaction.toml` says what is looked for, with its source; `numbers`, `places` and `names` say whether a
find is what it looks like. A quick look by polars finds the few texts that can hold anything; only those are read by
Python's `re`, each once, by the rules that are due, in time that grows with the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

import polars as pl

from opinion_lab.prepare import normalize as texts
from opinion_lab.prepare.redaction import names as people, numbers, places, recognition
from opinion_lab.prepare.redaction.lattice import Lattice
from opinion_lab.rules import SHIPPED
from opinion_lab.rules.redaction import DIGITS, Redaction, Rule

CHECKS = numbers.CHECKS | places.CHECKS
PERSONS = people.CHECKS

Span = tuple[int, int]
#: Log-odds by which what stands beside a cue is likelier a name in a complaint.
COMPLAINT = 2.5


def redact(
    s: pl.Series,
    *,
    rules: Redaction | None = None,
    keep: Collection[str] = (),
    office: bool = False,
    complaint: bool = False,
) -> pl.Series:
    """The texts with personal data replaced by marks such as [手机号]; of names the surname stays.

    Works on text as it came (full width, zero width inside numbers) as well as on stripped text; a second time
    changes nothing. `keep` lists numbers that stay: the bureau's own lines. `office` says that an office, a medium or
    a firm is writing, whose landlines are public; `complaint` that somebody complains to an office, so that names are
    looked for without a cue, as they are in what reads like a letter to one. Hotlines, numbers announced as those of
    an office, addresses of shops, names of estates and of companies stay. A link stays as it is, or goes whole where
    it leads to a person.
    """
    if s.null_count() == len(s):
        return s
    rules = rules or SHIPPED.redaction
    kept = frozenset(re.sub(r"\D", "", k) for k in keep)
    changed = {r.came: r.text for r in _read(s, rules, kept, office=office, complaint=complaint) if r.finds}
    if changed:
        s = s.replace(list(changed), list(changed.values()))
    return texts.where(s, s.str.contains("://|www\\."), lambda part: _without_links(part, rules))


def links(s: pl.Series, *, rules: Redaction | None = None) -> pl.Series:
    """Addresses as they came; null for one that leads to a person: a profile, a number or mail of somebody."""
    rules = rules or SHIPPED.redaction
    return s.set(s.str.contains(rules.person_links), None)


# --- inside --------------------------------------------------------------------------------------------------

# What is inside a link or an @name is not read as text; mentions have pseudonyms of their own.
_LINK = r"(?:https?|ftp)://[\w.~:/?#@!$&'()*+,;=%-]+|www\.[\w.~/?#&=%-]+"
_SHELTER = re.compile(
    rf"(?i){_LINK}|(?<![A-Za-z0-9._-])(?<!gram )(?<!tg )(?<![gmGM][:：])[@＠][\w\u3400-\u9fff-]+", re.ASCII
)
_SHELTERED = r"[@＠]|://|(?i:www)\."
# Sixty single digits apart from each other are a table, a draw or a prank, no number of anybody.
_TABLE = re.compile(r"(?:\d[\W_]{1,3}){60,}")


class _Reading:
    """A text, and beside it how it is read: with plain digits, and with Chinese numerals as digits too.

    Links, @names and rows of single digits are blanked out in all but the text; all are of one length, always.
    """

    def __init__(self, text: str, plain: str, spoken: str, *, sheltered: bool) -> None:
        self.came = self.text = self.bare = text
        self.plain, self.spoken = plain, spoken
        self.finds: list[tuple[str, int, str]] = []
        if sheltered:
            self.blank(found.span() for found in _SHELTER.finditer(text))
        if len(text) > 120:
            self.blank(found.span() for found in _TABLE.finditer(self.spoken))

    def blank(self, spans: Iterable[Span]) -> None:
        """Read nothing at these places."""
        for start, end in spans:
            gap = "\x00" * (end - start)
            self.bare, self.plain, self.spoken = (
                view[:start] + gap + view[end:] for view in (self.bare, self.plain, self.spoken)
            )

    def hide(self, rule: Rule, spans: Sequence[Span]) -> None:
        """Put the mark of the rule at these places, which come in order."""
        self.finds += [(rule.id, a, self.text[a:b]) for a, b in spans]
        views = (self.text, self.bare, self.plain, self.spoken)
        done = {view: _replaced(view, spans, rule.replace) for view in {*views}}
        self.text, self.bare, self.plain, self.spoken = (done[view] for view in views)


def _read(
    s: pl.Series,
    rules: Redaction,
    kept: frozenset[str] = frozenset(),
    *,
    office: bool = False,
    complaint: bool = False,
) -> Iterator[_Reading]:
    """Each different text that can hold anything, read by all rules that are due."""
    asked = _asked(s, rules, complaint=complaint)
    views = (asked["text"], *(numbers.read(asked["text"], numerals=n) for n in (False, True)))
    sheltered = asked["text"].str.contains(_SHELTERED).to_list()
    first = [r for r in rules.rule if r.check in CHECKS and not (office and r.check == "landline")]
    last = [r for r in rules.rule if r.check in PERSONS]
    readings = [_Reading(*v, sheltered=at) for *v, at in zip(*(v.to_list() for v in views), sheltered, strict=True)]
    for reading, due in zip(readings, _due(asked, first), strict=True):
        for rule in due:
            if spans := _spans(reading, rule, rules, kept):
                reading.hide(rule, spans)
    # a mark that was put is a cue for a name
    now = pl.Series([r.text for r in readings if r.finds], dtype=pl.String)
    again = iter(_due(_asked(now, rules, all_=True, complaint=complaint), last) if len(now) else ())
    names = [next(again) if r.finds else due for r, due in zip(readings, _due(asked, last), strict=True)]
    tasks = (_persons(r.bare, due, rules, complaint=complaint) for r, due in zip(readings, names, strict=True))
    for reading, spans in zip(readings, recognition.together(tasks), strict=True):
        if spans:
            reading.hide(last[0], spans)
        yield reading


def _asked(s: pl.Series, rules: Redaction, *, all_: bool = False, complaint: bool = False) -> pl.DataFrame:
    """The different texts in which a quick look finds anything (or `all_`, as given), what each look found, and which
    sound like somebody who `complains` or writes to an office, and not like the press.
    """
    due = [rule for rule in rules.rule if not all_ or rule.check in PERSONS]
    gates = {rule.near: None if complaint and rule.letters else rule.gate for rule in due}
    text = s.rename("text") if all_ else s.rename("text").unique(maintain_order=True).drop_nulls()
    through = {gate: text.str.contains(gate) for gate in set(gates.values()) if gate}
    looks = {}
    for near, gate in gates.items():
        look = near.replace(DIGITS, numbers.DIGITS)
        found = (text.filter(through[gate]) if gate else text).str.contains(look)
        looks[near] = through[gate].clone().scatter(through[gate].arg_true(), found) if gate else found
    if complaint:
        looks |= {rule.near: pl.repeat(True, len(text), eager=True) for rule in due if rule.check == "spotted"}
    asked = pl.DataFrame({"text": text, **looks})
    asked = asked if all_ else asked.filter(pl.any_horizontal(*gates))
    heard = pl.col("text").str.contains(rules.voice) & ~pl.col("text").str.contains(rules.press)
    return asked.with_columns(complains=pl.lit(True) if complaint else heard)


def _due(asked: pl.DataFrame, rules: Sequence[Rule]) -> list[list[Rule]]:
    """For each text the rules that have something to look for, in their order."""
    due: list[list[Rule]] = [[] for _ in range(asked.height)]
    for rule in rules:
        for i in (asked[rule.near] & asked["complains"] if rule.letters else asked[rule.near]).arg_true().to_list():
            due[i].append(rule)
    return due


def _replaced(text: str, spans: Iterable[Span], mark: str) -> str:
    pieces, at = [], 0
    for start, end in spans:
        if start >= at:
            pieces += [text[at:start], mark]
            at = end
    return "".join([*pieces, text[at:]])


def _spans(reading: _Reading, rule: Rule, rules: Redaction, kept: frozenset[str]) -> list[Span]:
    """What `rule` hides of the text: spans in order."""
    view = reading.spoken if rule.numerals else reading.plain
    spans: list[Span] = []
    at = 0
    while found := rule.pattern.search(view, at):
        good = CHECKS[rule.check](found)
        for start, end in good:
            digits = re.sub(r"\D", "", view[start:end])
            hotline = rule.check in ("social", "account", "landline") and rules.kept.fullmatch(view[start:end])
            if digits not in kept and not hotline:
                spans.append((start, end))
        # after a find that fails, the next digit may begin one that passes
        at = max([found.start() + 1, *(end for _, end in good)])
    return spans


def _persons(view: str, due: Sequence[Rule], rules: Redaction, *, complaint: bool) -> recognition.Asking:
    """The given names in a text: those that any rule finds, and wherever else the text says them."""
    if not due:
        return []
    full: dict[str, int] = {}
    spans: set[Span] = set()
    lattice = Lattice(view, rules.names)
    for rule in due:
        cue = rule.cue + COMPLAINT * complaint
        if rule.check == "spotted":
            given = yield from recognition.given_names(
                lattice, partial(_given, lattice, rule), cue, complaint=complaint
            )
        else:
            given = _given(lattice, rule, cue)
        spans.update(given)
        for start, end in given:
            if surname := people.surname_before(view, start, rules.names):
                full[surname + view[start:end]] = end - start
    apart: list[Span] = []
    for span in sorted(spans.union(people.again(view, full)), key=lambda span: (span[0], -span[1])):
        if not apart or span[0] >= apart[-1][1]:
            apart.append(span)
    return apart


def _given(lattice: Lattice, rule: Rule, cue: float) -> list[Span]:
    finds = rule.pattern.finditer(lattice.came)
    if rule.check == "spotted":
        finds = people.likely(finds, lattice, cue)
    return [s for found in finds for s in PERSONS[rule.check](found, lattice, cue)]


def _without_links(rows: pl.Series, rules: Redaction) -> pl.Series:
    person = re.compile(rules.person_links)

    def kept(found: re.Match[str]) -> str:
        return "[链接]" if person.search(found[0]) else found[0]

    link = re.compile(rf"(?i){_LINK}", re.ASCII)
    return pl.Series([link.sub(kept, t) for t in rows.to_list()], dtype=pl.String)
