"""Relevance by the watch list of lab.toml, with the words and the clause that decided as the reason.

Every item of must, any and not is a clause that a clerk can write: `市场监管 (投诉 | 举报) -招聘 /退[款货]/` wants the
first word, one of the next two, not the fourth, and a match of the pattern. `~态度` is a weak word: it counts half, two
different ones make one. `+态度差` counts only beside a word of `bureau`, `食堂+老鼠` beside the word before it: in one
sentence, at most NEAR characters apart. Words are compared folded (see text.fold): script, case and punctuation do not
count. All words of all clauses are looked for in one pass, and each combination of words is judged once, so the cost
grows with the posts and hardly with the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import polars as pl

from opinion_lab.config import LabError, Watch
from opinion_lab.prepare import text

NO_LIST = "未设关注词"
NO_WORD = "未含关注词"
HALF_WORD = "只有一个弱词"
INHERITED = "所转发或评论的帖子相关"

#: What is looked for and how: a folded word, a pattern, or (near) a pattern within one sentence.
_Atom = tuple[str, str]

TOGETHER = 60  # words that are looked for together: one bit each of an integer
NEAR = 25  # characters between two words that stand beside each other
SENTENCE_END = r"[。！？!?；;…\n]+"


def label(posts: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    """The posts with `relevant` and `relevance_reason` filled; row order kept.

    A post is relevant when its title, text, quoted text, region or (of government and media) author hold every
    `must`, one of `any` and none of `not`; or, unless it holds a `not`, when it forwards or comments on a post of the
    same frame that is relevant. An empty list keeps everything. Raises LabError for a clause that cannot be read.
    """
    rules = _Rules(watch)
    if posts.is_empty() or not rules.atoms:
        return posts.with_columns(relevant=pl.lit(True), relevance_reason=pl.lit(NO_LIST))
    found = _found(posts, rules.atoms)
    cases = found.unique(maintain_order=True)
    verdicts = [rules.verdict(_held(case, rules.atoms)) for case in cases.iter_rows()]
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


def _fields(posts: pl.DataFrame) -> pl.DataFrame:
    """All that is searched; an author's name only where it stands for a body."""
    speaks_for_a_body = pl.col("author_kind").cast(pl.String).is_in(["government", "media"])
    return posts.select(
        "title", "text", "quoted", "region", author_name=pl.when(speaks_for_a_body).then("author_name")
    ).with_columns(pl.all().fill_null(""))


def _looked_at(posts: pl.DataFrame) -> pl.Series:
    """What is searched, folded, a line a field: no word is found across two of them."""
    folded = [text.fold(column).alias(column.name) for column in _fields(posts)]
    return pl.select(pl.concat_str(folded, separator="\n")).to_series()


def _sentences(posts: pl.DataFrame) -> pl.Series:
    """What is searched, folded, a line a sentence: slower, so only for posts of which it matters."""
    whole = _fields(posts).select(pl.concat_str(pl.all(), separator="\n")).to_series()
    lines = text.strip_links(whole).str.replace_all(SENTENCE_END, "\n").str.split("\n")
    rows = pl.DataFrame({"row": pl.int_range(len(whole), eager=True), "line": lines}).explode("line")
    rows = rows.with_columns(text.fold(rows["line"]))
    return rows.group_by("row", maintain_order=True).agg(pl.col("line").str.join("\n"))["line"]


def _found(posts: pl.DataFrame, atoms: list[_Atom]) -> pl.DataFrame:
    """Which atoms each post holds, as the bits of one integer column for every TOGETHER of them."""
    said = _looked_at(posts)
    columns = {}
    for n in range(0, len(atoms), TOGETHER):
        bits = pl.Series([0] * len(said), dtype=pl.Int64)
        words: dict[str, int] = {}
        for bit, (wanted, kind) in enumerate(atoms[n : n + TOGETHER]):
            if kind == "word":
                words[wanted] = 1 << bit
                continue
            hit = said.str.contains(wanted)
            if kind == "near" and (rows := hit.arg_true()).len():
                hit = hit.scatter(rows, _sentences(posts[rows]).str.contains(wanted))
            bits = bits | hit.cast(pl.Int64) * (1 << bit)
        if words:
            hits = pl.DataFrame({"row": pl.int_range(len(said), eager=True), "said": said}).filter(
                pl.col("said").str.contains_any(list(words))
            )
            hits = hits.with_columns(pl.col("said").str.extract_many(list(words), overlapping=True)).explode("said")
            hits = hits.group_by("row").agg(pl.col("said").replace_strict(words, return_dtype=pl.Int64).bitwise_or())
            bits = bits.scatter(hits["row"], bits.gather(hits["row"]) | hits["said"])
        columns[str(n)] = bits
    return pl.DataFrame(columns)


def _held(case: tuple[int, ...], atoms: list[_Atom]) -> frozenset[_Atom]:
    held = (n * TOGETHER + bit for n, bits in enumerate(case) for bit in range(TOGETHER) if bits >> bit & 1)
    return frozenset(atoms[n] for n in held)


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
    atom: _Atom = ("", "word")
    label: str = ""
    weak: bool = False

    def evidence(self, held: frozenset[_Atom]) -> _Evidence | None:
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
    def atoms(self) -> list[_Atom]:
        """All that it looks for."""
        return [self.atom] if self.kind == "atom" else [atom for part in self.parts for atom in part.atoms]


@dataclass
class _Rules:
    """The watch list, read."""

    watch: Watch
    atoms: list[_Atom] = field(default_factory=list)

    def __post_init__(self) -> None:
        bureau = [_Reader(item, "bureau").operand() for item in self.watch.bureau]
        self.must = {item: _Reader(item, "must", bureau).clause() for item in self.watch.must}
        self.any = {item: _Reader(item, "any", bureau).clause() for item in self.watch.any}
        self.exclude = {item: _Reader(item, "not", bureau).clause() for item in self.watch.exclude}
        for item, clause in self.must.items():
            if not _Evidence.all([clause.evidence(frozenset(clause.atoms))]).enough:
                raise LabError(f"lab.toml 的 [watch] must：“{item}”只有一个弱词，永远凑不够一个。请去掉“~”或改放 any。")
        every = (c for clauses in (self.must, self.any, self.exclude) for c in clauses.values())
        self.atoms = list(dict.fromkeys(atom for clause in every for atom in clause.atoms))

    def verdict(self, held: frozenset[_Atom]) -> tuple[bool, bool, str]:
        """Whether these words make a post relevant, whether it may be so by its parent, and the reason."""
        against = {item: c.evidence(held) for item, c in self.exclude.items()}
        if _Evidence.all(against.values()).enough:
            return False, False, f"含排除词：{self._reason(against, self.exclude)}"
        must = {item: c.evidence(held) for item, c in self.must.items()}
        if missing := [item for item, found in must.items() if found is None or not found.enough]:
            return False, True, f"缺少必含词：{'、'.join(missing)}"
        some = {item: c.evidence(held) for item, c in self.any.items()}
        together = _Evidence.all(some.values())
        if self.any and not together.enough:
            return False, True, f"{HALF_WORD}：{'、'.join(together.words)}" if together.words else NO_WORD
        if said := self._reason({**must, **some}, {**self.must, **self.any}):
            return True, True, f"含关注词：{said}"
        return True, True, NO_LIST

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
            wanted = text.fold(pl.Series([said]))[0]
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
