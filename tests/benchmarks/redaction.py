"""Redaction: what of plantings survives by kind, what of real texts read by eye is found, what is touched, how fast.

`tests/fixtures/redaction_labelled.csv` keeps 200 real texts that were read: half, file, column, row, and the place of
each person in the text (white space as one space), without the text. `build` was looked at, `held` only counted.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import polars as pl

from opinion_lab.prepare import normalize, redaction
from opinion_lab.prepare.redaction import masking
from opinion_lab.rules import SHIPPED
from tests.benchmarks import plantings_kinds, plantings_more, real
from tests.benchmarks.harness import SHARED, alternate
from tests.plantings import Half, planted, survives

LABELLED = Path(__file__).parents[1] / "fixtures" / "redaction_labelled.csv"

# What a plain script would have: the usual patterns, nothing checked.
PLAIN = [
    (re.compile(pattern), mark)
    for pattern, mark in (
        (r"(?<!\d)\d{17}[\dXx](?!\d)", "[身份证]"),
        (r"(?<!\d)[2-9]\d{15,18}(?!\d)", "[银行卡]"),
        (r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", "[手机号]"),
        (r"(?<!\d)0\d{2,3}[- ]?[2-8]\d{6,7}(?!\d)", "[电话]"),
        (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "[邮箱]"),
        (r"(?i)(?:微信|qq|vx)号?[:： ]?[a-z0-9_-]{5,20}", "[社交账号]"),
        (r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·• ]?[A-Z0-9]{5,6}", "[车牌]"),
        (r"(?:订单|运单|快递单?)(?:编?号)[:： ]?[A-Za-z0-9]{8,}", "[单号]"),
        (r"\d{1,3}\.\d{4,}[,，]\s?\d{1,3}\.\d{4,}", "[位置]"),
        (r"\d+(?:栋|号楼|幢)(?:\d+单元)?\d{3,4}室?", "[门牌]"),
    )
]


def by_re(texts: Iterable[str]) -> list[str]:
    done = []
    for t in texts:
        for pattern, mark in PLAIN:
            t = pattern.sub(mark, t)
        done.append(t)
    return done


def surviving(n: int, seed: int, half: Half) -> dict[str, tuple[int, int]]:
    """By kind: how many plantings can still be read, of how many."""
    rows = planted(n, seed, half)
    out = redaction.redact(pl.Series([t for t, _, _ in rows]))
    left = Counter(kind for (_, secret, kind), o in zip(rows, out, strict=True) if survives(secret, o))
    return {kind: (left[kind], of) for kind, of in sorted(Counter(kind for _, _, kind in rows).items())}


@cache
def _rows(name: str) -> list[dict[str, str]]:
    opener = gzip.open if name.endswith(".gz") else open
    with opener(SHARED / name, "rt", encoding="utf-8-sig") as lines:
        return list(csv.DictReader(lines))


def recall(half: Half) -> dict[str, tuple[int, int]]:
    """By kind: how many persons, homes and plates of the texts that were read are gone, of how many."""
    with LABELLED.open(encoding="utf-8") as lines:
        labels = [r for r in csv.DictReader(lines) if r["half"] == half and r["kind"] != "none"]
    whole = [re.sub(r"\s+", " ", _rows(r["file"])[int(r["row"])][r["column"]]).strip() for r in labels]
    out = redaction.redact(pl.Series(whole), complaint=True)
    there = {
        (r["file"], r["row"], text[int(r["start"]) : int(r["end"])], r["kind"]): hidden
        for r, text, hidden in zip(labels, whole, out, strict=True)
    }
    gone = Counter(key[3] for key, hidden in there.items() if key[2] not in hidden)
    return {kind: (gone[kind], of) for kind, of in sorted(Counter(key[3] for key in there).items())}


def touches(kinds: Iterable[str]) -> tuple[int, pl.DataFrame]:
    """How many different posts these kinds hold, and what is touched in them."""
    s = normalize.strip(pl.Series(list(dict.fromkeys(t for kind in kinds for t in real.by_kind()[kind]))))
    return len(s), touched(s)


def touched(s: pl.Series) -> pl.DataFrame:
    """What `redact` would replace in texts that differ: row, rule, at, found."""
    reads = masking._read(s, SHIPPED.redaction)
    finds = [{"text": r.came, "rule": i, "at": a, "found": f} for r in reads for i, a, f in r.finds]
    columns = {"text": pl.String, "rule": pl.String, "at": pl.Int64, "found": pl.String}
    rows = pl.DataFrame({"row": pl.int_range(len(s), dtype=pl.Int64, eager=True), "text": s})
    return rows.join(pl.DataFrame(finds, schema=columns), on="text", maintain_order="left_right").drop("text")


def main() -> None:
    print(f"by hand: survive {plantings_more.surviving(plantings_more.by_hand())}")
    for half, seed in (("A", 7001), ("B", 7002)):
        print(f"700 plantings more, {half}: survive {plantings_more.surviving(plantings_more.gen(half, 700, seed))}")
    for half, as_ in (("A", True), ("A", False), ("B", True), ("B", False)):
        left = plantings_kinds.surviving(half, 5, complaint=as_, seed=17)
        print(f"further kinds, {half}, {'complaints' if as_ else 'posts'}: survive {left}")
    for half in ("build", "held"):
        print(f"10,000 plantings, {half}: survive {surviving(10_000, 101, half)}")
        print(f"real texts read by eye, {half}: gone {recall(half)}")
    for kind in (k for k in real.by_kind() if k != "pages"):
        n, found = touches([kind])
        rows = found["row"].n_unique()
        print(f"  {kind:<12} {n:>8,} posts, {rows:>5} touched ({rows / n:.2%})", flush=True)
    for kinds in (["weibo"], ["messages", "reviews"]):
        texts = [t for k in kinds for t in real.by_kind()[k]][:60_000]
        series = pl.Series(texts)
        jobs = {"ours": lambda s=series: redaction.redact(s), "python re": lambda ts=texts: by_re(ts)}
        alternate(f"redaction of {', '.join(kinds)}", len(texts), jobs, rounds=3)
