"""How much likelier a stretch of text is a person's name than the words it would otherwise be, as log-odds.

The word lattice of Chinese segmentation with person names as one class of words (Gao, Li, Wu and Huang 2005,
Computational Linguistics 31(4); Zhang and Liu 2004, Chinese Journal of Computers 27(1)): the best way through a run of
characters that takes the name as one unit, against the best without. Words are jieba's dictionary (MIT); what is known
of surnames and given names comes from the names in it.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from functools import cached_property, lru_cache

import polars as pl

from opinion_lab.prepare import normalize as texts
from opinion_lab.prepare.tokens import dictionary
from opinion_lab.rules.redaction import Names

#: Characters of the longest word that is looked for.
LONGEST = 5
#: A name that the dictionary has as often is somebody everybody knows, and a word like others.
FAMOUS = 50
#: Given names: the share of one character; of those of two the shares drawn as a whole, of one character twice (圆圆),
#: and of words (解放, 石头), by how common they are up to a bound; how far its characters alone speak for a word. A
#: compound surname has one chance for all.
ONE, WHOLE, TWICE, WORD, COMMON, PART, COMPOUND = 0.2, 0.3, 0.02, 0.05, -10.5, 0.3, -8.0
#: What a place that no dictionary has is among words, and how much rarer transcribed names are than others.
PLACE, RARE = -4.5, -3.0
_LOG_ONE, _LOG_TWO = math.log(ONE), math.log(1 - ONE)
_RUN = re.compile("[\u4e00-\u9fa5]+")
_MARKS = re.compile("[^\u4e00-\u9fa5]")
_TRANSCRIBED = "[尔斯特克姆普茨]"


class Model:
    """Log-probabilities of words, surnames, given names and transcribed names."""

    def __init__(self, names: Names) -> None:
        table = dictionary.entries().filter(pl.col("freq") > 0)
        total = math.log(table["freq"].sum())
        size, first = pl.col("word").str.len_chars(), pl.col("word").str.slice(0, 1)
        tagged = pl.col("tag").str.starts_with("nr") & (pl.col("freq") < FAMOUS) & (size > 1)
        surnamed = first.is_in(list(names.first))
        person = tagged & surnamed
        famous = pl.col("tag").str.starts_with("nr") & surnamed & (size > 1) & (pl.col("freq") < 20 * FAMOUS)
        freq = pl.when(famous).then(FAMOUS).otherwise(pl.col("freq"))
        plain = table.filter(~(tagged & (surnamed | (size > 2))))
        self.words = dict(plain.select("word", freq.log() - total).iter_rows())
        self.unknown = -total
        self.bounds = lru_cache(100_000)(self._bounds)
        self.compound = frozenset(names.compound_surnames)
        # beyond the basic plane `re` looks a range up quickly, single characters one after another
        plane = "".join(c for c in texts.traditional() if c < "\U00010000")
        self.traditional = re.compile(f"[{plane}\U00010000-\U0010ffff]")
        self.heads = {word[:2] for word in self.words if len(word) > 2}
        full = table.filter(
            person & (size == 3) & (pl.col("tag") != "nrt") & ~pl.col("word").str.contains(_TRANSCRIBED)
        )
        no_name = pl.col("word").str.slice(1).is_in(names.titles)
        no_name |= pl.col("word").str.slice(2).is_in(list(names.place_ends))
        full = full.filter(~no_name)
        given = full["word"].str.slice(1)
        one, two = given.str.slice(0, 1), given.str.slice(1, 1)
        self.surname = _logs(full["word"].str.slice(0, 1), names.first, 0.5)
        often = given.len() / len(names.usual) / 10
        self.first, self.second = (_logs(c, names.usual, often) for c in (one, two))
        self.single = _logs(pl.concat([one, two]), names.usual, often)
        self.whole = {g: n / given.len() for g, n in given.value_counts().iter_rows() if n > 1}
        self.least = math.log(0.2 / given.len())
        places = table.filter(
            (pl.col("tag") == "ns") & (size == 3) & pl.col("word").str.slice(-1).is_in(list(names.place_suffixes))
        )
        place = places["word"]
        self.place = _logs(place.str.slice(0, 2).str.split("").explode(), frozenset(), 0)
        self.suffix = _logs(place.str.slice(-1), names.place_suffixes, 1.0)
        foreign = table.filter(tagged & (size > 3))["word"].str.split("").explode()
        self.transcribed = _logs(foreign, frozenset(names.transliterated), len(foreign) / 2000)

    def of_place(self, text: str) -> float:
        """The log-probability of a place that no dictionary has: 黄财村."""
        return PLACE + self.suffix[text[-1]] + sum([self.place.get(c, self.least) for c in text[:-1]])

    def words_inside(self, text: str) -> float:
        """The log-probability of one to three characters as words, or less than it where a place is among them."""
        get, least = self.words.get, self.unknown
        a = get(text[0], least)
        if len(text) == 1:
            return a
        ab, b = get(text[:2], -99.0), get(text[1], least)
        if len(text) == 2:
            return max(a + b, ab)
        c = get(text[2], least)
        return max(a + b + c, ab + c, a + get(text[1:], -99.0), get(text, -99.0))

    def _bounds(self, three: str) -> tuple[float, float]:
        """No less than the log-odds of a name of the first two characters, and of all three, anywhere."""
        if not three[:2].isalpha() or three[:2] in self.compound:
            return 99.0, 99.0
        one, two = (self.named(name[0], name[1:]) - self.words_inside(name) for name in (three[:2], three))
        return one, two if len(three) > 2 else -99.0

    def named(self, surname: str, given: str) -> float:
        """The log-probability of a name."""
        family = self.surname.get(surname, COMPOUND)
        if len(given) == 1:
            return family + _LOG_ONE + self.single.get(given, self.least)
        one, two = given[0], given[1]
        first, word, whole = self.first.get(one, self.least), self.words.get(given), self.whole.get(given, 0.0)
        parts = first + self.second.get(two, self.least)
        if word is None and not whole and one != two:
            return family + _LOG_TWO + parts
        # a word that is never seen as a given name is hardly one by its characters alone (居心)
        chance = (PART if word else 1.0) * math.exp(parts) + WHOLE * whole
        chance += TWICE * (one == two) * math.exp(first) + WORD * (math.exp(min(word, COMMON)) if word else 0.0)
        return family + _LOG_TWO + math.log(chance)


def _logs(seen: pl.Series, usual: frozenset[str], often: float) -> dict[str, float]:
    """Log-probabilities of what was seen; what is usual counts as seen `often` times more."""
    counts = dict(seen.value_counts().iter_rows())
    total = math.log(len(seen) + often * len(usual))
    return {c: math.log(counts.get(c, 0) + often * (c in usual)) - total for c in {*counts, *usual}}


_models: dict[int, tuple[Names, Model]] = {}


def _model(names: Names) -> Model:
    """The model of a table of names, made once."""
    if id(names) not in _models:
        _models[id(names)] = names, Model(names)
    return _models[id(names)][1]


class _Run:
    """Characters without a mark between them: the best ways from their beginning to each place, and on to their end."""

    def __init__(self, text: str, start: int, model: Model) -> None:
        self.text, self.start = text, start
        size, words = len(text), model.words
        ending: list[list[tuple[int, float]]] = [[] for _ in range(size + 1)]
        for at, character in enumerate(text):
            ending[at + 1].append((at, words.get(character, model.unknown)))
            pair = text[at : at + 2]
            if len(pair) == 2 and (chance := words.get(pair)) is not None:
                ending[at + 2].append((at, chance))
            if pair in model.heads:
                for end in range(at + 3, min(at + LONGEST, size) + 1):
                    if (chance := words.get(text[at:end])) is not None:
                        ending[end].append((at, chance))
            if character in model.suffix:
                ending[at + 1] += [(a, model.of_place(text[a : at + 1])) for a in range(max(0, at - 3), at)]
        # by place: the log-probability, and where the word before it begins, or the one behind it ends
        self.before: list[tuple[float, int]] = [(0.0, 0)]
        for edges in ending[1:]:
            self.before.append(max([(self.before[a][0] + chance, a) for a, chance in edges]))
        self.behind: list[tuple[float, int]] = [*[(-math.inf, size)] * size, (0.0, size)]
        for b in range(size, 0, -1):
            rest = self.behind[b][0]
            for a, chance in ending[b]:
                if rest + chance > self.behind[a][0]:
                    self.behind[a] = rest + chance, b
        self.whole = self.behind[0][0]


class _Simple(dict[int, str]):
    def __missing__(self, code: int) -> str:
        simple = texts.simple(chr(code))
        self[code] = simple if _RUN.fullmatch(simple) else chr(code)  # 頔: its Simplified form is in no dictionary
        return self[code]


_SIMPLE = _Simple()


class Lattice:
    """A text and its runs, each worked out when it is first asked for."""

    def __init__(self, text: str, names: Names) -> None:
        self.came, self.names, self.model = text, names, _model(names)
        #: The text in Simplified script, character by character.
        self.text = text.translate(_SIMPLE) if self.model.traditional.search(text) else text
        self._runs: dict[int, _Run] = {}
        #: By place of a surname: no less than the log-odds of a name there; see `names.weigh`.
        self.most: dict[int, float] = {}
        #: By place: the name of a list that was found there, with its log-odds.
        self.listed: dict[int, tuple[float, tuple[int, int]]] = {}

    @cached_property
    def branded(self) -> dict[int, int]:
        """By place of each of its characters: where the name of a brand ends."""
        return {at: found.end() for found in self.names.re_brands.finditer(self.came) for at in range(*found.span())}

    @cached_property
    def _starts(self) -> list[int]:
        return [found.start() for found in _RUN.finditer(self.text)]

    def _run(self, at: int) -> _Run:
        n = bisect_right(self._starts, at) - 1
        if n not in self._runs:
            start = self._starts[n]
            self._runs[n] = _Run(_RUN.match(self.text, start)[0], start, self.model)  # type: ignore[index]
        return self._runs[n]

    def bounds(self, at: int) -> tuple[float, float]:
        """`Model.bounds` of what stands here; asked of every surname."""
        return self.model.bounds(self.text[at : at + 3])

    def odds(self, start: int, first: int, end: int) -> float:
        """Of a name from `start` whose given name begins at `first`; marks and blanks may stand inside."""
        surname, given = self.text[start:first], self.text[first:end]
        if first > start + 1:
            surname, given = _MARKS.sub("", surname), _MARKS.sub("", given)
        return self._against(start, end, self.model.named(surname, given))

    def odds_transcribed(self, start: int, end: int) -> float:
        """Of a name of another language in Chinese characters."""
        chance = self.model.transcribed.get
        spoken = _MARKS.sub("", self.text[start:end])
        return self._against(start, end, RARE + sum(chance(c, self.model.unknown) for c in spoken))

    def _against(self, start: int, end: int, chance: float) -> float:
        left, right = self._run(start), self._run(end - 1)
        if left is right:
            plain = left.whole
        else:
            runs = {
                run.start: run
                for at in range(start, end)
                if not _MARKS.match(self.text, at)
                for run in (self._run(at),)
            }
            plain = sum(run.whole for run in runs.values())
        return left.before[start - left.start][0] + chance + right.behind[end - right.start][0] - plain

    def word_before(self, at: int) -> str:
        """The word that ends at a place, on the best way there; "" behind a mark."""
        if not at or _MARKS.match(self.text, at - 1):
            return ""
        run = self._run(at - 1)
        return run.text[run.before[at - run.start][1] : at - run.start]

    def word_behind(self, at: int) -> str:
        """The word that begins at a place, on the best way on; "" before a mark."""
        if at >= len(self.text) or _MARKS.match(self.text, at):
            return ""
        run = self._run(at)
        return run.text[at - run.start : run.behind[at - run.start][1]]
