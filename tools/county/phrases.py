"""Chance and words: draws that are the same everywhere, and the tables of phrases that they choose from."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

TABLES = Path(__file__).parent / "tables"


class Dice:
    """Draws from PCG64's raw stream, which numpy promises to keep the same on every platform and in every version."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.Generator(np.random.PCG64(seed)).bit_generator
        self._stock: list[float] = []

    def unit(self) -> float:
        """A number in [0, 1)."""
        if not self._stock:
            raw = self._source.random_raw(65_536) >> np.uint64(11)
            self._stock = (raw.astype(np.float64) * 2.0**-53).tolist()
        return self._stock.pop()

    def below(self, n: int) -> int:
        """A whole number in [0, n)."""
        return int(self.unit() * n)

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return self.unit() < p

    def pick(self, options: Sequence[Any]) -> Any:
        """One of `options`, each as likely."""
        return options[int(self.unit() * len(options))]

    def weighted(self, cumulative: Sequence[float]) -> int:
        """An index, as likely as its step in the cumulative weights."""
        return min(bisect.bisect_right(cumulative, self.unit() * cumulative[-1]), len(cumulative) - 1)

    def share(self, shares: dict[str, float]) -> str:
        """A key, as likely as its value."""
        return list(shares)[self.weighted(list(accumulate(shares.values())))]

    def tail(self, scale: float, power: float = 1.15, most: float = 2e5) -> int:
        """A count with a heavy (Pareto) tail."""
        return int(min(scale * ((1 - self.unit()) ** (-1 / power) - 1), most))


# --- the tables ------------------------------------------------------------------------------------------------

Part = str | tuple[str, Any]


@dataclass(frozen=True)
class Topic:
    """A section of the tables with options: its line, how often it comes up, on which days of the four weeks."""

    name: str
    line: str | None
    weight: float
    tone: str
    days: tuple[int, int]
    on: tuple[str, ...]


@dataclass
class Phrases:
    """All pools of phrases by name, and the topics; the syntax is explained at the head of words.txt."""

    pools: dict[str, list[list[Part]]] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)

    def find(self, *names: str) -> str | None:
        """The first of `names` that is a pool."""
        return next((n for n in names if n in self.pools), None)

    def read(self, table: str) -> None:
        """Take in one table."""
        section, pool = "", self.pools.setdefault("", [])
        for line in table.splitlines():
            if line.startswith("== "):
                section, *options = (part.strip() for part in line[3:].split("|"))
                pool = self.pools.setdefault(section, [])
                if options:
                    given = dict(option.split("=") for option in options)
                    first, last = map(int, given.get("days", "1-99").split("-"))
                    on = tuple(given["on"].split(",")) if "on" in given else ()
                    weight = float(given.get("weight", 1))
                    self.topics[section] = Topic(section, given.get("line"), weight, given["tone"], (first, last), on)
            elif line.startswith("-- "):
                pool = self.pools.setdefault(f"{section}.{line[3:].strip()}", [])
            elif line and not line.startswith("; "):
                pool.append(_parse(line.replace("\\n", "\n"))[0][0])


@cache
def tables() -> Phrases:
    """The tables that are shipped."""
    phrases = Phrases()
    for path in sorted(TABLES.glob("*.txt")):
        phrases.read(path.read_text(encoding="utf-8"))
    phrases.pools = {name: pool for name, pool in phrases.pools.items() if pool}
    return phrases


def _parse(text: str, at: int = 0, depth: int = 0) -> tuple[list[list[Part]], int]:
    """Alternatives, each a list of parts, and where they end."""
    options: list[list[Part]] = [[]]
    while at < len(text):
        char = text[at]
        if char == "{":
            inner, at = _parse(text, at + 1, depth + 1)
            if len(inner) > 1 or not inner[0]:
                options[-1].append(("any", inner))
            else:
                name = "".join(p for p in inner[0] if isinstance(p, str))
                span = re.fullmatch(r"(\d+)-(\d+)", name)
                options[-1].append(("number", tuple(map(int, span.groups()))) if span else ("pool", name))
        elif char == "}" and depth:
            return options, at + 1
        elif char == "|" and depth:
            options.append([])
            at += 1
        else:
            end = re.compile(r"[{}|]").search(text, at + 1)
            stop = end.start() if end else len(text)
            options[-1].append(text[at:stop])
            at = stop
    return options, at


@dataclass
class Voice:
    """One utterance in the making: it remembers its words, so that a slot says the same twice within a text."""

    dice: Dice
    topic: str = ""
    tone: str = "plain"
    at: datetime = datetime(2026, 9, 1)
    memo: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    planted: list[tuple[str, str]] = field(default_factory=list)

    def say(self, pool: str) -> str:
        """One phrase of the pool, expanded. A pool with ' behind it: not the phrase that was said before."""
        base = pool.rstrip("'")
        phrases = tables().pools[base]
        n = self.dice.below(len(phrases))
        if pool != base and len(phrases) > 3:
            while n in (self.chosen.get(base), self.chosen.get(base + "'")):
                n = self.dice.below(len(phrases))
        self.chosen[pool] = n
        return self.join(phrases[n])

    def join(self, parts: list[Part]) -> str:
        """The parts in words."""
        out = []
        for part in parts:
            if isinstance(part, str):
                out.append(part)
                self.words.add(part)
                continue
            kind, what = part
            if kind == "any":
                out.append(self.join(self.dice.pick(what)))
            elif kind == "pool":
                out.append(self._slot(what))
            else:
                low, high = what
                n = low + self.dice.below(high - low + 1)
                # people say round numbers
                out.append(str(n if high - low < 40 or self.dice.chance(0.3) else max(low, n // 10 * 10)))
        return "".join(out)

    def _slot(self, name: str) -> str:
        if name not in self.memo:
            if name in PLANTED:
                self.memo[name] = PLANTED[name](self)
                self.planted.append((name, self.memo[name]))
            elif name == "day":
                then = self.at - timedelta(days=self.dice.below(4))
                self.memo[name] = f"{then.month}月{then.day}日"
            elif name.startswith("."):
                self.memo[name] = self.say(f"{self.topic}{name}")
            else:
                self.memo[name] = self.say(tables().find(f"{name}.{self.tone}", name) or name)
        return self.memo[name]


# --- what a person lets slip: numbers that belong to nobody ------------------------------------------------------


def _digits(v: Voice, n: int) -> str:
    return "".join(str(v.dice.below(10)) for _ in range(n))


def _letters(v: Voice, n: int) -> str:
    return "".join(v.dice.pick("abcdefghjkmnpqrstuvwxyz") for _ in range(n))


def phone(v: Voice) -> str:
    """Eleven digits behind a prefix that is not given out."""
    return str(v.dice.pick(("154", "161", "163", "164", "168", "169"))) + _digits(v, 8)


def person(v: Voice) -> str:
    """A full name."""
    return v.say("surname") + v.say("given1") + v.say("given2")


def _spaced_phone(v: Voice) -> str:
    n, sign = phone(v), v.dice.pick(("", "", "", "-", " "))
    return f"{n[:3]}{sign}{n[3:7]}{sign}{n[7:]}"


def _idno(v: Voice) -> str:
    born = f"{1950 + v.dice.below(55)}{1 + v.dice.below(12):02}{1 + v.dice.below(28):02}"
    body = v.dice.pick(("419987", "339976", "519968")) + born + _digits(v, 3)
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def _bank(v: Voice) -> str:
    body = "629999" + _digits(v, 12)
    luhn = [int(c) * 2 if n % 2 == 0 else int(c) for n, c in enumerate(reversed(body))]
    card = body + str(-sum(n - 9 if n > 9 else n for n in luhn) % 10)
    return card if v.dice.chance(0.7) else " ".join(card[n : n + 4] for n in range(0, 19, 4))


def _plate(v: Voice) -> str:
    tail = list(_digits(v, 5))
    for _ in range(v.dice.below(3)):
        tail[v.dice.below(4)] = v.dice.pick("ABCDEFGHJKLMNPQRSTUVWXYZ")
    return f"皖X{v.dice.pick(('·', ''))}{''.join(tail)}"


def _home(v: Voice) -> str:
    d = v.dice
    return f"{v.say('estate')}{1 + d.below(20)}栋{1 + d.below(4)}单元{1 + d.below(18)}0{1 + d.below(4)}室"


PLANTED: dict[str, Callable[[Voice], str]] = {
    "phone": _spaced_phone,
    "idno": _idno,
    "bank": _bank,
    "person": person,
    "plate": _plate,
    "home": _home,
    "landline": lambda v: f"0569-{6 + v.dice.below(3)}{_digits(v, 6)}",
    "email": lambda v: f"{_letters(v, 5)}{v.dice.below(1000)}@example.com",
    "wechat": lambda v: f"{_letters(v, 4)}_{_digits(v, 4)}",
    "qq": lambda v: f"{1 + v.dice.below(9)}{_digits(v, 8)}",
}
