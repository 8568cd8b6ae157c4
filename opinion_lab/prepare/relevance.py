"""Relevance by the watch list of lab.toml, with the words that decided as the reason.

Every item of must, any and not is a clause that a clerk can write: `市场监管 (投诉 | 举报) -招聘 /退[款货]/` wants the
first word, one of the next two, not the fourth, and a match of the pattern. Words are compared folded (see text.fold):
script, case and punctuation do not count. All words of all clauses are looked for in one pass, and each combination
of words is judged once, so the cost grows with the posts and hardly with the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import polars as pl

from opinion_lab.config import LabError, Watch
from opinion_lab.prepare import text

NO_LIST = "未设关注词"
NO_WORD = "未含关注词"
INHERITED = "所转发或评论的帖子相关"

#: What is looked for, numbered in order: a folded word, or (True) a pattern.
_Atoms = dict[tuple[str, bool], int]

TOGETHER = 60  # words that are looked for together: one bit each of an integer


def label(posts: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    """The posts with `relevant` and `relevance_reason` filled; row order kept.

    A post is relevant when its title, text, quoted text, region or (of government and media) author hold every
    `must`, one of `any` and none of `not`; or, unless it holds a `not`, when it forwards or comments on a post of the
    same frame that is relevant. An empty list keeps everything. Raises LabError for a clause that cannot be read.
    """
    rules = _Rules(watch)
    if posts.is_empty() or not rules.atoms:
        return posts.with_columns(relevant=pl.lit(True), relevance_reason=pl.lit(NO_LIST))
    found = _found(_looked_at(posts), rules.atoms)
    cases = found.unique(maintain_order=True)
    verdicts = [rules.verdict(_numbers(case)) for case in cases.iter_rows()]
    judged = cases.with_columns(pl.DataFrame(verdicts, ["_relevant", "_may_inherit", "_reason"], orient="row"))
    verdict = found.join(judged, on=found.columns, how="left", maintain_order="left", nulls_equal=True)
    frame = pl.concat([posts, verdict.select("_relevant", "_may_inherit", "_reason")], how="horizontal")
    heir = pl.col("post_id").is_in(_heirs(frame).implode())
    return frame.with_columns(
        relevant=pl.col("_relevant") | heir,
        relevance_reason=pl.when(heir).then(pl.lit(INHERITED)).otherwise("_reason"),
    ).drop("_relevant", "_may_inherit", "_reason")


def screen(posts: pl.DataFrame, watch: Watch) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The relevant posts, and the others with a column `reason`; together as many as came in."""
    frame = label(posts, watch)
    relevant = pl.col("relevant")
    return frame.filter(relevant), frame.filter(~relevant).with_columns(reason="relevance_reason")


def _looked_at(posts: pl.DataFrame) -> pl.Series:
    """All that is searched, folded, a line a field: no word is found across two of them."""
    speaks_for_a_body = pl.col("author_kind").cast(pl.String).is_in(["government", "media"])
    fields = posts.select(
        "title", "text", "quoted", "region", author_name=pl.when(speaks_for_a_body).then("author_name")
    )
    folded = [text.fold(column.fill_null("")).alias(column.name) for column in fields]
    return pl.select(pl.concat_str(folded, separator="\n")).to_series()


def _found(said: pl.Series, atoms: _Atoms) -> pl.DataFrame:
    """Which atoms each text holds, as the bits of one integer column for every TOGETHER of them."""
    columns = {}
    for n in range(0, len(atoms), TOGETHER):
        some = list(atoms)[n : n + TOGETHER]
        bits = pl.Series([0] * len(said), dtype=pl.Int64)
        words: dict[str, int] = {}
        for bit, (wanted, is_pattern) in enumerate(some):
            if is_pattern:
                bits = bits | said.str.contains(wanted).cast(pl.Int64) * (1 << bit)
            else:
                words[wanted] = 1 << bit
        if words:
            hits = pl.DataFrame({"row": pl.int_range(len(said), eager=True), "said": said}).filter(
                pl.col("said").str.contains_any(list(words))
            )
            hits = hits.with_columns(pl.col("said").str.extract_many(list(words), overlapping=True)).explode("said")
            hits = hits.group_by("row").agg(pl.col("said").replace_strict(words, return_dtype=pl.Int64).bitwise_or())
            bits = bits.scatter(hits["row"], bits.gather(hits["row"]) | hits["said"])
        columns[str(n)] = bits
    return pl.DataFrame(columns)


def _numbers(case: tuple[int, ...]) -> frozenset[int]:
    return frozenset(n * TOGETHER + bit for n, bits in enumerate(case) for bit in range(TOGETHER) if bits >> bit & 1)


def _heirs(frame: pl.DataFrame) -> pl.Series:
    """Posts that are not relevant by their words, but may inherit it from parent or root, at any depth."""
    waiting = frame.filter(~pl.col("_relevant") & pl.col("_may_inherit")).select("post_id", "parent_id", "root_id")
    relevant = frame.filter("_relevant")["post_id"]
    heirs = [relevant.clear()]
    while len(relevant) and waiting.height:
        inherits = pl.col("parent_id").is_in(relevant.implode()) | pl.col("root_id").is_in(relevant.implode())
        inherits = inherits.fill_null(False)
        relevant = waiting.filter(inherits)["post_id"]
        waiting = waiting.filter(~inherits)
        heirs.append(relevant)
    return pl.concat(heirs)


# --- clauses -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Clause:
    """`atom`: a word or /pattern/ by number; `not`: none of parts[0]; `all`, `any`: of the parts."""

    kind: str
    parts: tuple[_Clause, ...] = ()
    atom: int = 0
    label: str = ""

    def words(self, found: frozenset[int]) -> tuple[str, ...] | None:
        """The words by which the clause holds; None when it does not."""
        if self.kind == "atom":
            return (self.label,) if self.atom in found else None
        inner = [part.words(found) for part in self.parts]
        if self.kind == "not":
            return () if inner[0] is None else None
        if (self.kind == "all" and None in inner) or all(words is None for words in inner):
            return None
        return tuple(word for words in inner if words for word in words)

    @property
    def asks(self) -> bool:
        """Whether it wants something to be there, not only something to be absent."""
        of = any if self.kind == "all" else all
        return self.kind == "atom" or (self.kind != "not" and of(part.asks for part in self.parts))


@dataclass
class _Rules:
    """The watch list, read."""

    watch: Watch
    atoms: _Atoms = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.must = [_Reader(item, "must", self.atoms).clause() for item in self.watch.must]
        self.any = [_Reader(item, "any", self.atoms).clause() for item in self.watch.any]
        self.exclude = [_Reader(item, "not", self.atoms).clause() for item in self.watch.exclude]

    def verdict(self, found: frozenset[int]) -> tuple[bool, bool, str]:
        """Whether these words make a post relevant, whether it may be so by its parent, and the reason."""
        if words := self._words(self.exclude, found):
            return False, False, f"含排除词：{words}"
        missing = [item for item, c in zip(self.watch.must, self.must, strict=True) if c.words(found) is None]
        if missing:
            return False, True, f"缺少必含词：{'、'.join(missing)}"
        words = self._words([*self.must, *self.any], found)
        if self.any and not self._words(self.any, found):
            return False, True, NO_WORD
        return True, True, f"含关注词：{words}" if words else NO_LIST

    @staticmethod
    def _words(clauses: list[_Clause], found: frozenset[int]) -> str:
        return "、".join(dict.fromkeys(word for c in clauses for word in c.words(found) or ()))


class _Reader:
    """Reads one clause. `|` between alternatives, a space for "and", `-` for "not", brackets, "words with spaces"."""

    _TOKEN = re.compile(
        r"""\s*(?:(?P<mark>[(|)]|-(?=\S))|/(?P<pattern>(?:[^/\\]|\\.)+)/|"(?P<phrase>[^"]+)"|(?P<word>[^\s()|"/]+))"""
    )
    _WIDE = str.maketrans("（）｜－／“”＂\u3000", '()|-/""" ')

    def __init__(self, item: str, key: str, atoms: _Atoms) -> None:
        self.item, self.key, self.atoms = item, key, atoms
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
            at = self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.source)
            self._fail(at, "这里缺少一个词")
        return parts[0] if len(parts) == 1 else _Clause("all", tuple(parts))

    def _term(self) -> _Clause:
        if self._next("-"):
            if self.at == len(self.tokens):
                self._fail(len(self.source), "“-”后面没有词")
            return _Clause("not", (self._term(),))
        begin = self.tokens[self.at][2]
        if self._next("("):
            inner = self._any()
            if not self._next(")"):
                self._fail(begin, "左括号“(”没有右括号“)”与它成对")
            return inner
        self.at += 1
        return self._atom(*self.tokens[self.at - 1])

    def _atom(self, kind: str, said: str, begin: int) -> _Clause:
        if kind != "pattern":
            wanted = text.fold(pl.Series([said]))[0]
            if not wanted:
                self._fail(begin, f"“{said}”里没有文字，无法查找")
        else:
            wanted = said
            try:
                pl.Series([""]).str.contains(wanted)
            except pl.exceptions.ComputeError:
                self._fail(begin, f"“/{said}/”不是正确的正则表达式")
        number = self.atoms.setdefault((wanted, kind == "pattern"), len(self.atoms))
        return _Clause("atom", atom=number, label=f"/{said}/" if kind == "pattern" else said)

    def _next(self, mark: str) -> bool:
        found = self.at < len(self.tokens) and self.tokens[self.at][:2] == ("mark", mark)
        self.at += found
        return found

    def _fail(self, at: int, what: str) -> NoReturn:
        raise LabError(
            f"lab.toml 的 [watch] {self.key}：“{self.item}”第 {at + 1} 个字起，{what}。"
            "写法示例：市场监管 (投诉 | 举报) -招聘 /退[款货]/"
        )
