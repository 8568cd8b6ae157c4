"""Names of authors and mentions into pseudonyms; which authors are organisations and stay named."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection

import polars as pl

from opinion_lab.prepare import normalize as texts
from opinion_lab.prepare.redaction.names import ORGANISATION
from opinion_lab.prepare.redaction.numbers import plain

# 12 hex digits, not the 8 first proposed: with 8, two among 77,000 names share one as likely as not.
_LENGTH = 12
_MAILED = re.compile(
    r"^[^\s@<(（]+@[^\s<(（]+\s*[(（<]\s*([^()（）<>]+?)\s*[)）>]$|^(.+?)\s*[<(（]\s*[^\s@]+@[^\s@]+[)）>]$"
)
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
    """Names as they are compared: no leading @, no space around, half width; of an address of mail (author of a feed)
    the name beside it; an empty one is null.
    """
    plain = texts.strip(names).str.strip_chars_start("@").str.strip_chars()
    plain = texts.where(plain, plain.str.contains(r".@.*[(（<]|[(（<].*@"), _without_mail)
    return plain.set(plain == "", None)


def _without_mail(rows: pl.Series) -> pl.Series:
    found = [_MAILED.match(t) for t in rows.to_list()]
    return pl.Series([m[1] or m[2] if m else t for m, t in zip(found, rows.to_list(), strict=True)], dtype=pl.String)


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
            known[name] = _pseudonym(plain(name), key)
        return f"@{known[name]}"

    def rewritten(rows: pl.Series) -> pl.Series:
        return pl.Series([_MENTION.sub(hidden, t) for t in rows.to_list()], dtype=pl.String)

    return texts.where(s, s.str.contains("[@＠]"), rewritten)


def are_organisations(names: pl.Series) -> pl.Series:
    """Which names end like an office, a medium or a firm. The others are those of persons, whoever publishes them."""
    return pl.Series([bool(n and ORGANISATION.search(n)) for n in names.to_list()], dtype=pl.Boolean)
