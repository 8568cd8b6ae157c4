"""Redaction: what of 10,000 plantings survives, how many real posts are touched wrongly, and how long it takes.

Every find in the real texts was read by eye; `tests/fixtures/redaction_read.csv` keeps the verdicts without the texts:
post (sha256 of the stripped text, 16 digits), kind, rule, at (place), verdict: `right`, `wrong`, or `public` (the
contact of a firm or an office, which a text alone does not show: the lab keeps landlines where an office, a medium or
a firm is writing).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from opinion_lab.prepare import normalize, redaction
from tests.benchmarks import real
from tests.benchmarks.harness import alternate
from tests.plantings import planted, survives

READ = Path(__file__).parents[1] / "fixtures" / "redaction_read.csv"
ON = ["post", "rule", "at"]

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


def surviving(n: int, seed: int, job: Callable[[pl.Series], Iterable[str]] = redaction.redact) -> list[tuple[str, str]]:
    """Plantings of which the secret can still be read: (kind, text)."""
    rows = planted(n, seed)
    out = job(pl.Series([t for t, _, _ in rows]))
    return [(kind, t) for (t, secret, kind), o in zip(rows, out, strict=True) if survives(secret, o)]


def read(kinds: Iterable[str]) -> tuple[int, pl.DataFrame]:
    """How many different posts these kinds hold, and each find in them with its verdict (null: not read)."""
    n, frames = 0, []
    verdicts = pl.read_csv(READ)
    for kind in kinds:
        s = normalize.strip(pl.Series(list(dict.fromkeys(real.by_kind()[kind]))))
        found = redaction.touched(s).with_columns(kind=pl.lit(kind))
        posts = [hashlib.sha256(t.encode()).hexdigest()[:16] for t in s.gather(found["row"])]
        found = found.with_columns(post=pl.Series(posts, dtype=pl.String))
        n += len(s)
        frames.append(found.select("kind", *ON).join(verdicts.select(*ON, "verdict").unique(ON), on=ON, how="left"))
    return n, pl.concat(frames)


def main() -> None:
    for seed in (101, 102):
        left = surviving(10_000, seed)
        print(f"10,000 plantings (seed {seed}): {len(left)} survive {left[:3] if left else ''}")
    left = surviving(10_000, 101, lambda s: by_re(s.to_list()))
    print(f"10,000 plantings (seed 101), plain re: {len(left):,} survive")
    kinds = [k for k in real.by_kind() if k != "pages"]
    for kind in kinds:
        n, found = read([kind])
        posts = {
            v: found.filter(pl.col("verdict").eq_missing(v))["post"].n_unique()
            for v in ("right", "public", "wrong", None)
        }
        print(
            f"  {kind:<12} {n:>8,} posts, {found['post'].n_unique():>4} touched, {len(found):>4} finds; "
            f"right {posts['right']}, public {posts['public']}, wrong {posts['wrong']} "
            f" ({posts['wrong'] / n:.4%} of posts), unread {posts[None]}",
            flush=True,
        )
    for kinds in (["weibo"], ["messages", "reviews"]):
        texts = [t for k in kinds for t in real.by_kind()[k]][:60_000]
        series = pl.Series(texts)
        jobs = {"ours": lambda s=series: redaction.redact(s), "python re": lambda ts=texts: by_re(ts)}
        alternate(f"redaction of {', '.join(kinds)}", len(texts), jobs, rounds=3)
