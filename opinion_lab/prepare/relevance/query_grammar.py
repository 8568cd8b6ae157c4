"""The watch list read: clauses that a clerk can write, and what they say of the words that a post holds.

`市场监管 (投诉 | 举报) -招聘 /退[款货]/` wants the first word, one of the next two, not the fourth, and a match of the
pattern. `~态度` is a weak word: it counts half, two different ones make one. `+态度差` counts only beside a word of
`bureau`, `食堂+老鼠` beside the word before it: in one sentence, at most NEAR characters apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

import polars as pl

from opinion_lab.config import LabError, Watch
from opinion_lab.prepare import normalize

NO_LIST = "未设关注词"
NO_WORD = "未含关注词"
HALF_WORD = "只有一个弱词"
EXCLUDED = "含排除词："

#: What is looked for and how: a folded word, a pattern, or (near) a pattern within one sentence.
Atom = tuple[str, str]

NEAR = 25  # characters between two words that stand beside each other


@dataclass(frozen=True)
class _Evidence:
    """The words by which something holds: enough with one whole word, or two weak ones."""

    words: tuple[str, ...] = ()
    whole: bool = False
    weak: frozenset[str] = frozenset()

    @property
    def enough(self) -> bool:
        # 态度 and 态度差 found in one place are one word
        apart = [w for w in self.weak if not any(w in other for other in self.weak - {w})]
        return self.whole or len(apart) >= 2

    @classmethod
    def all(cls, parts: Iterable[_Evidence | None]) -> _Evidence:
        """What there is in `parts`, together."""
        there = [p for p in parts if p is not None]
        words = tuple(dict.fromkeys(word for p in there for word in p.words))
        return cls(words, any(p.whole for p in there), frozenset().union(*(p.weak for p in there)))


@dataclass(frozen=True)
class _Clause:
    """`atom`: a word, /pattern/ or two beside each other; `not`: none of parts[0]; `all`, `any`: of the parts."""

    kind: str
    parts: tuple[_Clause, ...] = ()
    atom: Atom = ("", "word")
    label: str = ""
    weak: bool = False

    def evidence(self, held: frozenset[Atom]) -> _Evidence | None:
        """By what the clause holds; None when it does not. Half a word is evidence, but not enough."""
        if self.kind == "atom":
            weak = frozenset({self.atom[0]} if self.weak else ())
            return _Evidence((self.label,), not self.weak, weak) if self.atom in held else None
        inner = [part.evidence(held) for part in self.parts]
        if self.kind == "not":
            return None if inner[0] is not None and inner[0].enough else _Evidence()
        if (self.kind == "all" and None in inner) or all(found is None for found in inner):
            return None
        return _Evidence.all(inner)

    @property
    def asks(self) -> bool:
        """Whether it wants something to be there, not only something to be absent."""
        of = any if self.kind == "all" else all
        return self.kind == "atom" or (self.kind != "not" and of(part.asks for part in self.parts))

    @property
    def atoms(self) -> list[Atom]:
        """All that it looks for."""
        return [self.atom] if self.kind == "atom" else [atom for part in self.parts for atom in part.atoms]


class WatchList:
    """The watch list, read. `atoms` is all that it looks for."""

    def __init__(self, watch: Watch) -> None:
        bureau = [_Reader(item, "bureau").operand() for item in watch.bureau]
        self.must = {item: _Reader(item, "must", bureau).clause() for item in watch.must}
        self.any = {item: _Reader(item, "any", bureau).clause() for item in watch.any}
        self.exclude = {item: _Reader(item, "not", bureau).clause() for item in watch.exclude}
        for item, clause in self.must.items():
            if not _Evidence.all([clause.evidence(frozenset(clause.atoms))]).enough:
                raise LabError(f"lab.toml 的 [watch] must：“{item}”只有一个弱词，永远凑不够一个。请去掉“~”或改放 any。")
        every = (c for clauses in (self.must, self.any, self.exclude) for c in clauses.values())
        self.atoms: list[Atom] = list(dict.fromkeys(atom for clause in every for atom in clause.atoms))

    def verdict(self, held: frozenset[Atom]) -> tuple[bool, str]:
        """Whether these words make a post relevant, and the reason."""
        against, must, some = (
            {item: clause.evidence(held) for item, clause in clauses.items()}
            for clauses in (self.exclude, self.must, self.any)
        )
        if _Evidence.all(against.values()).enough:
            return False, f"{EXCLUDED}{self._reason(against, self.exclude)}"
        if missing := [item for item, by in must.items() if by is None or not by.enough]:
            return False, f"缺少必含词：{'、'.join(missing)}"
        together = _Evidence.all(some.values())
        if self.any and not together.enough:
            return False, f"{HALF_WORD}：{'、'.join(together.words)}" if together.words else NO_WORD
        words = self._reason({**must, **some}, {**self.must, **self.any})
        return True, f"含关注词：{words}" if words else NO_LIST

    @staticmethod
    def _reason(found: dict[str, _Evidence | None], clauses: dict[str, _Clause]) -> str:
        """The words that were found, and the clauses they fulfil where a clause is more than its word."""
        together = _Evidence.all(found.values())
        said = "、".join(together.words)
        if together.words and not together.whole:
            said += "（弱词合计）"
        longer = [f"“{i}”" for i, by in found.items() if by is not None and by.words and clauses[i].kind != "atom"]
        return said + (f"（符合{'、'.join(longer)}）" if longer else "")


class _Reader:
    """Reads one clause: `|` or, a space and, `-` not, `~` weak, `+` beside, brackets, "words with spaces"."""

    _TOKEN = re.compile(
        r"""\s*(?:(?P<mark>[(|)+]|[-~](?=\S))|/(?P<pattern>(?:[^/\\]|\\.)+)/|"(?P<phrase>[^"]+)"|(?P<word>[^\s()|"/+]+))"""
    )
    _WIDE = str.maketrans("（）｜－／“”＂＋～\u3000", '()|-/"""+~ ')

    def __init__(self, item: str, key: str, bureau: list[_Clause] | None = None) -> None:
        self.item, self.key, self.bureau = item, key, bureau
        self.source = item.translate(self._WIDE)
        self.tokens = list(self._tokens())
        self.at = 0

    def clause(self) -> _Clause:
        if not self.tokens:
            self._fail(0, "这一项是空的")
        clause = self._any()
        if self.at < len(self.tokens):
            self._fail(self.tokens[self.at][2], "多了一个右括号“)”")
        if not clause.asks:
            self._fail(0, "只有要排除的词，没有要关注的词（单独要排除的词请写进 not）")
        return clause

    def operand(self) -> _Clause:
        """One of the words of `bureau`: a word, a pattern, or alternatives of them."""
        clause = self.clause()
        self._alternatives(clause, 0)
        return clause

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        at, end = 0, len(self.source.rstrip())
        while at < end:
            if not (found := self._TOKEN.match(self.source, at)):
                at += len(self.source[at:]) - len(self.source[at:].lstrip())
                self._fail(at, {"/": "“/”没有成对", '"': "引号没有成对"}.get(self.source[at], "看不懂这个符号"))
            for kind, said in found.groupdict().items():
                if said is not None:
                    yield kind, said, found.start(kind)
            at = found.end()

    def _any(self) -> _Clause:
        parts = [self._all()]
        while self._next("|"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else _Clause("any", tuple(parts))

    def _all(self) -> _Clause:
        parts = []
        while self.at < len(self.tokens) and self.tokens[self.at][:2] not in {("mark", "|"), ("mark", ")")}:
            parts.append(self._term())
        if not parts:
            self._fail(self._here(), "这里缺少一个词")
        return parts[0] if len(parts) == 1 else _Clause("all", tuple(parts))

    def _term(self) -> _Clause:
        begin = self._here()
        if self._next("-"):
            inner = self._beside("-")
            if inner.weak:
                self._fail(begin, "弱词只算半个，单独不足以排除。请去掉“~”")
            return _Clause("not", (inner,))
        return self._beside()

    def _beside(self, after: str = "") -> _Clause:
        """A word, a group, or two of them beside each other; `~` before it makes it weak."""
        begin = self._here()
        weak = self._next("~")
        if self._next("+"):
            if not self.bureau:
                self._fail(begin, "“+”前面没有词，[watch] 的 bureau 里也还没有机关词")
            left, named = _Clause("any", tuple(self.bureau)), ""
        else:
            left = self._primary("~" if weak else after)
            named = self._label(left)
            if not self._next("+"):
                if weak and left.kind != "atom":
                    self._fail(begin, "“~”只能写在一个词的前面")
                return _Clause("atom", atom=left.atom, label=left.label, weak=True) if weak else left
        right = self._primary("+")
        if self._next("+"):
            self._fail(self._here() - 1, "“+”一次只连两边")
        a, b = self._alternatives(left, begin), self._alternatives(right, begin)
        pattern = rf"(?:{a})[^\n]{{0,{NEAR}}}(?:{b})|(?:{b})[^\n]{{0,{NEAR}}}(?:{a})"
        return _Clause("atom", atom=(pattern, "near"), label=f"{named}+{self._label(right)}", weak=weak)

    def _alternatives(self, clause: _Clause, begin: int) -> str:
        """The words of one side of `+` as one pattern."""
        parts = clause.parts if clause.kind == "any" else (clause,)
        nested = [p for part in parts for p in (part.parts if part.kind == "any" else (part,))]
        if any(p.kind != "atom" or p.weak or p.atom[1] == "near" for p in nested):
            self._fail(begin, "“+”两边只能是词、/正则/，或括号里用 | 隔开的几个词")
        return "|".join(f"(?:{p.atom[0]})" for p in nested)

    def _label(self, clause: _Clause) -> str:
        return clause.label if clause.kind == "atom" else f"({'|'.join(map(self._label, clause.parts))})"

    def _primary(self, after: str = "") -> _Clause:
        if self.at == len(self.tokens):
            self._fail(len(self.source), f"“{after}”后面没有词")
        begin = self._here()
        if self._next("("):
            inner = self._any()
            if not self._next(")"):
                self._fail(begin, "左括号“(”没有右括号“)”与它成对")
            return inner
        kind, said, begin = self.tokens[self.at]
        if kind == "mark":
            self._fail(begin, f"这里应是一个词，不是“{said}”（词里本来有这个符号的，请加引号）")
        self.at += 1
        return self._atom(kind, said, begin)

    def _atom(self, kind: str, said: str, begin: int) -> _Clause:
        if kind != "pattern":
            wanted = normalize.fold(pl.Series([said]))[0]
            if not wanted:
                self._fail(begin, f"“{said}”里没有文字，无法查找")
            return _Clause("atom", atom=(wanted, "word"), label=said)
        try:
            pl.Series([""]).str.contains(said)
        except pl.exceptions.ComputeError:
            self._fail(begin, f"“/{said}/”不是正确的正则表达式")
        return _Clause("atom", atom=(said, "pattern"), label=f"/{said}/")

    def _here(self) -> int:
        return self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.source)

    def _next(self, mark: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at][:2] == ("mark", mark)
        self.at += found
        return found

    def _fail(self, at: int, what: str) -> NoReturn:
        raise LabError(
            f"lab.toml 的 [watch] {self.key}：“{self.item}”第 {at + 1} 个字起，{what}。"
            "写法示例：市场监管 (投诉 | 举报) -招聘 /退[款货]/；~弱词；+须与机关词同句的词"
        )
