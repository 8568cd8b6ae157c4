"""One name for all the ways in which a business, an institution or an estate is written."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping

import polars as pl

from opinion_lab.prepare import normalize, tokens
from opinion_lab.prepare.organisations.mentions import Mention, Text
from opinion_lab.rules.words import Organisations

#: What is written or left out: 有限公司, 小区, 二期.
FORM = re.compile(
    r"(?:(?:集团)?(?:股份|责任)*(?:有限)?(?:责任)?(?:分)?公司|集团|小区|[一二三四五六七八九十\d]+期|平台|店)$"
)
#: 第三小学, 三小
NUMBERED = re.compile(r"[县市区]?第?([一二三四五六七八九十])([中小])学?$")
SHORT = 2  # signs that a short form must have
STRAY = 6  # signs before a name that another mention of it may show to be none of it
SCHEMA = {"row": pl.Int64, "name": pl.String, "kind": pl.String, "start": pl.Int64, "end": pl.Int64}


def organisations(texts: pl.Series, table: Organisations) -> pl.DataFrame:
    """Whom and what texts name, in order: row (of `texts`), name, kind (business, institution, estate), start, end.

    `name` is one for all spellings in these texts: the form that is written most often. Persons, offices, roads and
    administrative places are none. The texts should be redacted.
    """
    said = texts.fill_null("")
    simple = normalize.simplify(said)
    # script changes sign by sign; where it does not, places would be wrong
    same = simple.str.len_chars() == said.str.len_chars()
    simple = pl.select(pl.when(same).then(simple).otherwise(said)).to_series()
    found = [
        (row, mention)
        for row, (text, words) in enumerate(zip(simple, tokens.cut(simple.to_list()), strict=True))
        for mention in Text(text, words, table).mentions()
    ]
    rows = _trimmed(found, simple.to_list())
    keys = _united([(row, _key(form, table.aliases)) for row, form, *_ in rows])
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for key, (_, form, kind, *_) in zip(keys, rows, strict=True):
        forms[key][table.aliases.get(form, form)] += 1
        kinds[key][kind] += 1
    names = {key: min(uses, key=lambda f: (-uses[f], -len(f), f)) for key, uses in forms.items()}
    common = {key: min(uses, key=lambda k: (-uses[k], k)) for key, uses in kinds.items()}
    made = [(row, names[key], common[key], *span) for key, (row, _, _, *span) in zip(keys, rows, strict=True)]
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


def _trimmed(found: list[tuple[int, Mention]], texts: list[str]) -> list[tuple[int, str, str, int, int]]:
    """row, form, kind, start, end, without what a shorter name shows to be none of it: 即颐和居 beside 颐和居."""
    forms = {texts[row][start:end] for row, (_, start, end) in found}
    made = []
    for row, (kind, start, end) in found:
        form = texts[row][start:end]
        most = min(STRAY, len(form) - SHORT - 1)
        start += next((n for n in range(most, 0, -1) if form[n:] in forms), 0)
        made.append((row, texts[row][start:end], kind, start, end))
    return made


def _key(form: str, aliases: Mapping[str, str]) -> str:
    """What stays the same however a name is written."""
    form = NUMBERED.sub(r"\1\2", aliases.get(form, form).lower())
    while (bare := FORM.sub("", form)) != form and len(bare) >= SHORT:
        form = bare
    return form


def _united(keys: list[tuple[int, str]]) -> list[str]:
    """The key of each mention; a short form or slip of the pen has that of the name which its text has in full."""
    uses = Counter(key for _, key in keys)
    by_row = defaultdict(set)
    for row, key in keys:
        by_row[row].add(key)
    full: dict[str, Counter[str]] = defaultdict(Counter)
    for together in by_row.values():
        longest = sorted(together, key=lambda k: (-len(k), -uses[k], k))
        for n, short in enumerate(longest):
            full[short].update([long for long in longest[:n] if _same(short, long)][:1])
    return [_in_full(key, full) for _, key in keys]


def _in_full(key: str, full: Mapping[str, Counter[str]]) -> str:
    """A short form that is of two names in different texts stays by itself."""
    passed = {key}
    while len(full[key]) == 1 and (longer := next(iter(full[key]))) not in passed:
        passed.add(key := longer)
    return key


def _same(short: str, long: str) -> bool:
    if len(short) == len(long) > SHORT:
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1
    return len(short) >= SHORT and long.startswith(short)
