"""Personal data out of texts, names into pseudonyms.

`rules.redaction` says what is looked for, with its source; `finds` and `names` say whether a find is what it
looks like. A quick look by polars finds the few rows that can hold anything; only those are read by Python's `re`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from functools import cache

import polars as pl

from opinion_lab.prepare import normalize as texts
from opinion_lab.prepare.redaction import names as people, validators
from opinion_lab.rules import SHIPPED
from opinion_lab.rules.redaction import DIGITS, Redaction, Rule

Span = tuple[int, int]


@cache
def _quick(near: str) -> str:
    """The expression of a quick look, for polars."""
    return near.replace(DIGITS, validators.DIGITS)


def redact(
    s: pl.Series, *, rules: Redaction | None = None, keep: Collection[str] = (), office: bool = False
) -> pl.Series:
    """The texts with personal data replaced by marks such as [手机号]; of names the surname stays.

    Works on text as it came (full width, zero width inside numbers) as well as on stripped text; a second time
    changes nothing. `keep` lists numbers that stay: the bureau's own lines. `office` says that an office, a medium or
    a firm is writing, whose landlines are public. Hotlines, numbers announced as those of an office, addresses of
    shops, names of estates and of companies stay.
    """
    rules = rules or SHIPPED.redaction
    kept = frozenset(re.sub(r"\D", "", k) for k in keep)

    def redacted(rows: pl.Series) -> pl.Series:
        asked = {near: rows.str.contains(_quick(near)) for near in {r.near for r in rules.rule}}
        for rule in rules.rule:
            if office and rule.check == "landline":
                continue
            # a rule that looks for the mark of another one finds it only now
            mask = rows.str.contains(_quick(rule.near)) if rule.check == "beside" else asked[rule.near]
            rows = texts.where(rows, mask, lambda part, rule=rule: _applied(part, rule, rules, kept))  # type: ignore[misc]
        return rows

    return texts.where(s, s.str.contains(_quick(rules.near)), redacted)


def touched(s: pl.Series, *, rules: Redaction | None = None) -> pl.DataFrame:
    """What `redact` would replace: row, rule, at, found. To look at, never to keep: it holds what is taken out."""
    rules = rules or SHIPPED.redaction
    rows: list[tuple[int, str, int, str]] = []
    for rule in rules.rule:
        near = s.str.contains(_quick(rule.near)).fill_null(False)
        views = validators.read(s.filter(near), numerals=rule.numerals)
        for i, view in zip(near.arg_true().to_list(), views.to_list(), strict=True):
            rows += [(i, rule.id, a, s[i][a:b]) for a, b in _spans(s[i], view, rule, rules, frozenset())]
        s = texts.where(s, near, lambda part, rule=rule: _applied(part, rule, rules, frozenset()))  # type: ignore[misc]
    columns = {"row": pl.Int64, "rule": pl.String, "at": pl.Int64, "found": pl.String}
    return pl.DataFrame(rows, schema=columns, orient="row")


def _applied(rows: pl.Series, rule: Rule, rules: Redaction, kept: frozenset[str]) -> pl.Series:
    out = []
    for text, view in zip(rows.to_list(), validators.read(rows, numerals=rule.numerals).to_list(), strict=True):
        at = 0
        pieces = []
        for start, end in _spans(text, view, rule, rules, kept):
            pieces += [text[at:start], rule.replace]
            at = end
        out.append("".join([*pieces, text[at:]]) if pieces else text)
    return pl.Series(out, dtype=pl.String)


# What is inside a link or an @name is not read as text; mentions have pseudonyms of their own.
_SHELTER = re.compile(
    r"(?i)(?:https?|ftp)://[\w.~:/?#@!$&'()*+,;=%-]+|www\.[\w.~/?#&=%-]+|(?<![A-Za-z0-9._-])[@＠][\w\u3400-\u9fff-]+",
    re.ASCII,
)


def _spans(text: str, view: str, rule: Rule, rules: Redaction, kept: frozenset[str]) -> list[Span]:
    """What `rule` hides of the text, of which `view` is what `finds.read` makes: spans in order, none over another."""
    shelters: list[Span] | None = None
    spans: set[Span] = set()
    at = 0
    while found := rule.regex.search(view, at):
        if rule.check in people.CHECKS:
            good = people.CHECKS[rule.check](found, rules.names)
        else:
            good = validators.CHECKS[rule.check](found)
        if good and not rule.links:
            shelters = shelters if shelters is not None else [m.span() for m in _SHELTER.finditer(text)]
            good = [s for s in good if not any(a <= s[0] < b for a, b in shelters)]
        for span in good:
            digits = re.sub(r"\D", "", view[slice(*span)])
            hotline = rule.check in ("social", "landline") and rules.kept.fullmatch(view[slice(*span)])
            if digits not in kept and not hotline:
                spans.add(span)
        # after a find that fails, the next digit may begin one that passes
        at = max([found.start() + 1, *(end for start, end in good if start <= found.end())])
    return sorted(spans)


# --- pseudonyms ------------------------------------------------------------------------------------------------

# 12 hex digits, not the 8 first proposed: with 8, two among 77,000 names share one as likely as not.
_LENGTH = 12
_MENTION = re.compile(
    r"(?<![A-Za-z0-9._%+-])[@＠]\s?(u/\d+|[\w·－-]{1,30})|[@＠](u/\d+|[\w·－-]{1,30})(?![\w.]*\.[a-z]{2})"
)


def pseudonyms(names: pl.Series, key: bytes) -> pl.Series:
    """`u_` and 12 hex digits of HMAC-SHA256 for each name; null and empty give null.

    The same person is the same wherever written: a leading @, space around and full width do not count. Without the
    key no name can be tried out. A name that is already a hash is hashed again.
    """
    plain = plain_names(names)
    unique = plain.drop_nulls().unique()
    made = pl.Series([_pseudonym(n, key) for n in unique.to_list()], dtype=pl.String)
    return plain.replace_strict(unique, made, default=None, return_dtype=pl.String).alias(names.name)


def _pseudonym(name: str, key: bytes) -> str:
    return "u_" + hmac.digest(key, name.encode(), "sha256").hex()[:_LENGTH]


def plain_names(names: pl.Series) -> pl.Series:
    """Names as they are compared: no leading @, no space around, half width; an empty one is null."""
    plain = texts.strip(names).str.strip_chars_start("@").str.strip_chars()
    return plain.set(plain == "", None)


def mentions(s: pl.Series, key: bytes, keep: Collection[str] = ()) -> pl.Series:
    """@name -> @ and the pseudonym of that name; names in `keep` (organisations) stay.

    A name runs to the first space or mark, at most 30 characters, as on the platforms; one that begins with a name
    of `keep` stays (@县市场监管局请回应). Addresses of mail are left to `redact`.
    """
    kept = tuple(sorted(plain_names(pl.Series(list(keep), dtype=pl.String)).drop_nulls()))
    known: dict[str, str] = {}

    def hidden(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if kept and name.startswith(kept):
            return found[0]
        if name not in known:
            known[name] = _pseudonym(validators.plain(name), key)
        return f"@{known[name]}"

    def rewritten(rows: pl.Series) -> pl.Series:
        return pl.Series([_MENTION.sub(hidden, t) for t in rows.to_list()], dtype=pl.String)

    return texts.where(s, s.str.contains("[@＠]"), rewritten)
