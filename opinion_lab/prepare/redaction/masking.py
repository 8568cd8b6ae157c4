"""Personal data out of texts.

`rules/tables/redaction.toml` says what is looked for, with its source; `numbers`, `places` and `names` say whether a
find is what it looks like. A quick look by polars finds the few rows that can hold anything; only those are read by
Python's `re`, once for each rule, in time that grows with the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache, lru_cache

import polars as pl

from opinion_lab.prepare import normalize as texts
from opinion_lab.prepare.redaction import names as people, numbers, places
from opinion_lab.rules import SHIPPED
from opinion_lab.rules.redaction import DIGITS, Redaction, Rule

CHECKS = numbers.CHECKS | places.CHECKS

Span = tuple[int, int]


@cache
def _quick(near: str) -> str:
    """The expression of a quick look, for polars."""
    return near.replace(DIGITS, numbers.DIGITS)


def redact(
    s: pl.Series, *, rules: Redaction | None = None, keep: Collection[str] = (), office: bool = False
) -> pl.Series:
    """The texts with personal data replaced by marks such as [手机号]; of names the surname stays.

    Works on text as it came (full width, zero width inside numbers) as well as on stripped text; a second time
    changes nothing. `keep` lists numbers that stay: the bureau's own lines. `office` says that an office, a medium or
    a firm is writing, whose landlines are public. Hotlines, numbers announced as those of an office, addresses of
    shops, names of estates and of companies stay. A link stays as it is, or goes whole where it leads to a person.
    """
    rules = rules or SHIPPED.redaction
    kept = frozenset(re.sub(r"\D", "", k) for k in keep)

    def redacted(rows: pl.Series) -> pl.Series:
        for rule, mask in _due(rows, rules, office=office):
            rows = texts.where(rows, mask, lambda part, rule=rule: _applied(part, rule, rules, kept))  # type: ignore[misc]
        return _unnamed(rows, rules)

    return texts.where(redacted(s), s.str.contains("://|www\\."), lambda part: _without_links(part, rules))


def _touched(s: pl.Series, *, rules: Redaction | None = None) -> pl.DataFrame:
    """What `redact` would replace: row, rule, at, found. To look at, never to keep: it holds what is taken out."""
    rules = rules or SHIPPED.redaction
    rows: list[tuple[int, str, int, str]] = []
    for rule, mask in _due(s, rules):
        views = numbers.read(s.filter(mask), numerals=rule.numerals)
        for i, view in zip(mask.arg_true().to_list(), views.to_list(), strict=True):
            rows += [(i, rule.id, a, s[i][a:b]) for a, b in _spans(s[i], view, rule, rules, frozenset())]
        s = texts.where(s, mask, lambda part, rule=rule: _applied(part, rule, rules, frozenset()))  # type: ignore[misc]
    for i, spans in _persons(s, rules):
        rows += [(i, _of_names(rules)[0].id, a, s[i][a:b]) for a, b in spans]
    columns = {"row": pl.Int64, "rule": pl.String, "at": pl.Int64, "found": pl.String}
    return pl.DataFrame(rows, schema=columns, orient="row")


def links(s: pl.Series, *, rules: Redaction | None = None) -> pl.Series:
    """Addresses as they came; null for one that leads to a person: a profile, a number or mail of somebody."""
    rules = rules or SHIPPED.redaction
    return s.set(s.str.contains(rules.person_links), None)


def _of_names(rules: Redaction) -> list[Rule]:
    """The rules that look for names; they come last, since a number that was found beside is a cue."""
    return [r for r in rules.rule if r.check in people.CHECKS]


# --- inside --------------------------------------------------------------------------------------------------


def _due(rows: pl.Series, rules: Redaction, *, office: bool = False) -> Iterator[tuple[Rule, pl.Series]]:
    """The rules of numbers and places, each with the rows that can hold what it looks for."""
    asked = {near: rows.str.contains(_quick(near)).fill_null(False) for near in {r.near for r in rules.rule}}
    for rule in rules.rule:
        if rule.check in CHECKS and not (office and rule.check == "landline"):
            yield rule, asked[rule.near]


def _applied(rows: pl.Series, rule: Rule, rules: Redaction, kept: frozenset[str]) -> pl.Series:
    views = numbers.read(rows, numerals=rule.numerals).to_list()
    done = [
        _replaced(text, _spans(text, view, rule, rules, kept), rule.replace)
        for text, view in zip(rows.to_list(), views, strict=True)
    ]
    return pl.Series(done, dtype=pl.String)


def _replaced(text: str, spans: Iterable[Span], mark: str) -> str:
    pieces, at = [], 0
    for start, end in spans:
        if start >= at:
            pieces += [text[at:start], mark]
            at = end
    return "".join([*pieces, text[at:]]) if pieces else text


# What is inside a link or an @name is not read as text; mentions have pseudonyms of their own.
_LINK = r"(?:https?|ftp)://[\w.~:/?#@!$&'()*+,;=%-]+|www\.[\w.~/?#&=%-]+"
_SHELTER = re.compile(rf"(?i){_LINK}|(?<![A-Za-z0-9._-])(?<!gram )(?<!tg )[@＠][\w\u3400-\u9fff-]+", re.ASCII)


# Sixty single digits apart from each other are a table, a draw or a prank, no number of anybody.
_TABLE = re.compile(r"(?:\d[\W_]{1,3}){60,}")


def _sheltered(text: str, view: str) -> str:
    """The view with links, @names and rows of single digits blanked out, as long as before."""
    if len(view) > 120:
        view = _TABLE.sub(lambda m: "\x00" * len(m[0]), view)
    if not ("@" in text or "＠" in text or "://" in text or "www." in text or "WWW." in text):
        return view
    pieces, at = [], 0
    for start, end in _shelters(text):
        pieces += [view[at:start], "\x00" * (end - start)]
        at = end
    return "".join([*pieces, view[at:]])


@lru_cache(maxsize=16)
def _shelters(text: str) -> list[Span]:
    return [found.span() for found in _SHELTER.finditer(text)]


def _spans(text: str, view: str, rule: Rule, rules: Redaction, kept: frozenset[str]) -> list[Span]:
    """What `rule` hides of the text, of which `view` is what `numbers.read` makes: spans in order."""
    view = _sheltered(text, view)
    spans: list[Span] = []
    at = 0
    while found := rule.regex.search(view, at):
        good = CHECKS[rule.check](found)
        for start, end in good:
            digits = re.sub(r"\D", "", view[start:end])
            hotline = rule.check in ("social", "account", "landline") and rules.kept.fullmatch(view[start:end])
            if digits not in kept and not hotline:
                spans.append((start, end))
        # after a find that fails, the next digit may begin one that passes
        at = max([found.start() + 1, *(end for _, end in good)])
    return spans


def _unnamed(rows: pl.Series, rules: Redaction) -> pl.Series:
    found = dict(_persons(rows, rules))
    if not found:
        return rows
    mark = _of_names(rules)[0].replace
    done = [_replaced(text, found[i], mark) if i in found else text for i, text in enumerate(rows.to_list())]
    return pl.Series(done, dtype=pl.String)


def _persons(rows: pl.Series, rules: Redaction) -> Iterator[tuple[int, list[Span]]]:
    """The rows that name persons, each with the given names: by any rule, and wherever else the text says them."""
    due: dict[int, list[Rule]] = {}
    for rule in _of_names(rules):
        for i in rows.str.contains(_quick(rule.near)).fill_null(False).arg_true():
            due.setdefault(i, []).append(rule)
    texts_ = rows.gather(list(due)).to_list()
    for (i, asked), text in zip(due.items(), texts_, strict=True):
        view = _sheltered(text, text)
        full: dict[str, int] = {}
        spans: set[Span] = set()
        for rule in asked:
            for found in rule.regex.finditer(view):
                for start, end in people.CHECKS[rule.check](found, rules.names, rule.cue):
                    spans.add((start, end))
                    if surname := people.surname_before(view, start, rules.names):
                        full[surname + view[start:end]] = end - start
        if spans:
            yield i, sorted(spans.union(people.again(view, full)))


def _without_links(rows: pl.Series, rules: Redaction) -> pl.Series:
    person = re.compile(rules.person_links)

    def kept(found: re.Match[str]) -> str:
        return "[链接]" if person.search(found[0]) else found[0]

    link = re.compile(rf"(?i){_LINK}", re.ASCII)
    return pl.Series([link.sub(kept, t) for t in rows.to_list()], dtype=pl.String)
