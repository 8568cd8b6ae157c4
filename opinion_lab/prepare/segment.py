"""The output of jieba 0.42.1 to the last token, seven to eight times sooner.

jieba cuts in two steps; each is done where it is fast and the same.

1. The likeliest route through the dictionary: by rjieba, its own model switched off. It holds the same 349,046
   entries, takes the same sums in the same order and breaks ties the same way; user words go in with the frequencies
   that jieba would give them, and its total is kept at jieba's.
2. What the route leaves as single characters: by jieba's hidden Markov model, here. This is where the two differ:
   rjieba rounds the emissions to six decimals, breaks ties among unknown characters otherwise, and keeps `1-3` and
   `www.x.com` whole. The same runs are met again and again, so each is worked out once.

Characters that rjieba counts as Han and jieba does not (beyond U+9FD5, the extensions) are set apart before step 1.
Texts with a word that the lexicon deletes (frequency 0) go to jieba itself.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Collection, Iterator
from functools import cache, cached_property, lru_cache
from itertools import groupby
from typing import Any

import numpy as np
import rjieba

#: Words that a lexicon adds: (word, frequency, tag).
Words = tuple[tuple[str, int | None, str | None], ...]

SEP, END = "\0", "\x1e"  # between words, between texts; a text that holds one of them is cut block by block
CHUNK_CHARS = 1 << 18
MAX_REMEMBERED = 500_000  # runs; about 100 MB
FILLER = "\n"  # never within a block, so a word that is never found: it brings rjieba's total up to jieba's

# What jieba takes as one block; anything else is a token per character, except \r\n.
_BLOCK = re.compile(r"([\u4e00-\u9fd5a-zA-Z0-9+#&._%\-]+)")
_HAN = re.compile("[\u4e00-\u9fd5]+")
# What jieba hands to its model (Han), keeps as a number, and what lies between; END stays alone.
_PIECE = re.compile(rf"{_HAN.pattern}|[a-zA-Z0-9]+(?:\.[0-9]+)?%?|[+#&._%-]+|{END}")
_ODD = f"[{SEP}{END}\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\ud800-\udfff\U00020000-\U0003ffff]"
_SINGLE = "(?:[\u4e00-\u9fd5+#&._%-]|[a-zA-Z0-9]+)"  # letters and digits come joined from rjieba
_LEFT_SINGLE = re.compile(f"({SEP}{_SINGLE}{SEP}(?:{_SINGLE}{SEP})+)")


class Cutter:
    """The dictionary with one lexicon's words, and the runs it has worked out so far."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.deleted = {w for w, freq, _ in words if freq == 0}
        self.odd = re.compile("|".join([_ODD, *map(re.escape, sorted(self.deleted))]))
        self.rust = rjieba.Jieba()
        self._add(words)
        # Within a run these are the route's choice, not single letters that rjieba joined.
        self.alnum = {w for w, _, _ in words if re.fullmatch("[a-zA-Z0-9]{2,}", w)}
        self.with_alnum = re.compile(f"{SEP}(?:{'|'.join(sorted(self.alnum))}){SEP}")
        self.remembered: dict[str, str] = {}

    def each(self, texts: list[str]) -> Iterator[str | list[str]]:
        """Each text's words, in one string with SEP between; as a list where the text is odd."""
        for chunk in _chunks(texts):
            odd: dict[int, list[str]] = {}
            if self.odd.search("".join(chunk)):
                odd = {n: self._one(t) for n, t in enumerate(chunk) if self.odd.search(t)}
                chunk = ["" if n in odd else t for n, t in enumerate(chunk)]
            done = self._with_hmm(self.rust.cut(END.join(chunk), False)).split(END)
            yield from (odd[n] if n in odd else words[1:-1] for n, words in enumerate(done))

    def _one(self, t: str) -> list[str]:
        if any(w in t for w in self.deleted):
            words = self.jieba.lcut(t)
            # what jieba does through one set for the whole process, here for this lexicon alone
            return [x for w in words for x in (w if w in self.deleted and _HAN.fullmatch(w) else (w,))]
        words = []
        for n, part in enumerate(_BLOCK.split(t)):
            if n % 2:
                words += self._with_hmm(self.rust.cut(part, False))[1:-1].split(SEP)
            else:
                words += re.findall(r"\r\n|[\s\S]", part)
        return words

    def _with_hmm(self, route: list[str]) -> str:
        parts = _LEFT_SINGLE.split(SEP + SEP.join(route) + SEP)
        runs = parts[1::2]
        remembered = self.remembered
        if new := list(set(runs).difference(remembered)):
            if len(remembered) > MAX_REMEMBERED:
                self.remembered = remembered = {}  # another thread goes on with the old one
                new = list(set(runs))
            remembered.update(zip(new, self._cut_runs(new), strict=True))
        parts[1::2] = map(remembered.__getitem__, runs)
        return "".join(parts)

    def _cut_runs(self, runs: list[str]) -> Iterator[str]:
        some = [run for run in runs if self.with_alnum.search(run)] if self.alnum else []
        done = dict(zip(some, self._around_alnum(some), strict=True))
        others = [run for run in runs if run not in done] if done else runs
        done.update(zip(others, self._cut_plain(others), strict=True))
        return map(done.__getitem__, runs)

    def _cut_plain(self, runs: list[str]) -> Iterator[str]:
        together = [run.replace(SEP, "") for run in runs]
        parts = _PIECE.findall(END.join(together))
        han = [part for part in set(parts) if len(part) > 1 and part[0] >= "\u4e00"]
        words = dict(zip(han, _viterbi(han), strict=True))
        done = (SEP + SEP.join(map(words.get, parts, parts)) + SEP).split(END)
        known = map(self.rust.has_word, together)  # then the route had its reasons to leave the characters apart
        return (SEP + SEP.join(t) + SEP if k else d for t, k, d in zip(together, known, done, strict=True))

    def _around_alnum(self, runs: list[str]) -> Iterator[str]:
        """Words of the lexicon such as 12315 are the route's choice: they stand between runs."""
        parts = [[list(g) for _, g in groupby(r[1:-1].split(SEP), self.alnum.__contains__)] for r in runs]
        plain = list({SEP + SEP.join(g) + SEP for groups in parts for g in groups if g[0] not in self.alnum})
        done = dict(zip(plain, self._cut_plain(plain), strict=True)) if plain else {}
        for groups in parts:
            joined = (SEP + SEP.join(g) + SEP for g in groups)
            yield SEP.join(["", *(done.get(g, g)[1:-1] for g in joined), ""])

    def _add(self, words: Words) -> None:
        """The words into rjieba, each with the frequency that jieba would give it, and jieba's total.

        jieba counts what stands twice twice, and adds to its total even when a word was there; rjieba counts once.
        A total that is 3 off in 60 million shows: it tips equal routes (速速|速, 速|速速), which rounding decides.
        """
        known, total = _frequencies()
        theirs = self.jieba.FREQ if self.deleted else None
        own: dict[str, int] = {}
        overwritten = total - sum(known.values())
        self.rust.add_word(FILLER, overwritten, None)
        for word, freq, _ in words:
            if freq == 0 or not word:
                continue
            if freq is None:
                freq = theirs[word] if theirs else self._suggested(word, own, total)
            overwritten += own.get(word) or known.get(word, 0)
            self.rust.add_word(word, freq, None)
            self.rust.add_word(FILLER, overwritten, None)
            own[word] = freq
            total += freq

    def _suggested(self, word: str, own: dict[str, int], total: int) -> int:
        """`jieba.Tokenizer.suggest_freq`: the least frequency at which the word is not cut."""
        known, _ = _frequencies()
        freq = 1.0
        for n, block in enumerate(_BLOCK.split(word)):
            for part in self.rust.cut(block, False) if n % 2 else block:
                share = own.get(part, known.get(part))
                if share is None:  # jieba: 0 for the beginning of a word, else 1
                    share = int(not any(w.startswith(part) for ws in (own, _beginning(part[0])) for w in ws))
                freq *= share / float(total)
        return max(int(freq * total) + 1, own.get(word, known.get(word, 1)))

    @cached_property
    def jieba(self) -> Any:
        """Jieba itself with these words: no log on stderr, no cache in the shared temp folder, nothing global."""
        with _quiet():
            import jieba
        tokenizer = jieba.Tokenizer()
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
        tokenizer.initialized = True
        for word, freq, tag in self.words:
            if freq != 0:
                tokenizer.add_word(word, freq, tag)
                continue
            tokenizer.FREQ[word] = 0
            for n in range(1, len(word)):
                tokenizer.FREQ.setdefault(word[:n], 0)
        return tokenizer


_building = threading.Lock()


def cutter(words: Words = ()) -> Cutter:
    """The cutter for these words, made once (half a second) and kept for the process; any thread may use it."""
    with _building:
        return _built(words)


@cache
def lower_case() -> Words:
    """The dictionary's words that hold capitals (A股, T恤, PC机), in lower case, for texts that are."""
    known, _ = _frequencies()
    return tuple((w.lower(), freq, None) for w, freq in known.items() if w != w.lower() and w.lower() not in known)


@lru_cache(maxsize=4)
def _built(words: Words) -> Cutter:
    return Cutter(words)


def _chunks(texts: list[str]) -> Iterator[list[str]]:
    """Texts together, so that a short one does not pay for a call of its own."""
    first = size = 0
    for n, t in enumerate(texts, 1):
        size += len(t)
        if size >= CHUNK_CHARS or n == len(texts):
            yield texts[first:n]
            first, size = n, 0


# --- jieba's tables ------------------------------------------------------------------------------------------


def _quiet() -> warnings.catch_warnings:
    """Jieba 0.42.1 warns at import: of escapes in its patterns, of pkg_resources."""
    return warnings.catch_warnings(action="ignore")


@cache
def _frequencies() -> tuple[dict[str, int], int]:
    """Frequency by word, and their total (B超 stands twice in the dictionary and counts twice)."""
    with _quiet():
        import jieba
    with jieba.get_dict_file() as file:
        entries = file.read().decode().split()  # word, frequency, tag, word ...
    freqs = list(map(int, entries[1::3]))
    return dict(zip(entries[::3], freqs, strict=True)), sum(freqs)


def dictionary() -> Collection[str]:
    """The words of jieba's dictionary."""
    return _frequencies()[0].keys()


@cache
def dictionary_tags() -> dict[str, str]:
    """The part of speech of each word of the dictionary, in jieba's letters (n, v, a, nr, ns ...); of two the last."""
    with _quiet():
        import jieba
    with jieba.get_dict_file() as file:
        entries = file.read().decode().split()
    return dict(zip(entries[::3], entries[2::3], strict=True))


@cache
def _beginning(character: str) -> list[str]:
    return [w for w in _frequencies()[0] if w[0] == character]


@cache
def _model() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The logarithms of jieba.finalseg: emissions (row: character from U+4E00), starts, and transitions by state.

    The columns are the states B M E S; transitions hold those from _LESSER first, then those from _GREATER.
    """
    with _quiet():
        from jieba.finalseg import MIN_FLOAT, prob_emit, prob_start, prob_trans
    emit = np.array([[prob_emit.P[y].get(chr(c), MIN_FLOAT) for y in _STATES] for c in range(0x4E00, 0x9FD6)])
    lesser, greater = (
        np.array([prob_trans.P[_STATES[a]][y] for a, y in zip(ways, _STATES, strict=True)])
        for ways in (_LESSER, _GREATER)
    )
    return emit, np.array([prob_start.P[y] for y in _STATES]), lesser, greater


_STATES = "BMES"
_LESSER, _GREATER = np.array([2, 0, 0, 2], np.uint8), np.array([3, 1, 1, 3], np.uint8)  # ways into B M E S, by letter


def _viterbi(runs: list[str]) -> list[str]:
    """The words of each run of Han characters, SEP between: `jieba.finalseg`, all runs a character at a time.

    Sums are taken in jieba's order. Of two equal ways jieba's max over (sum, letter) takes the greater letter; among
    characters that the model does not know most ways are equal, so this decides.
    """
    if not runs:
        return []
    emit, start, from_lesser, from_greater = _model()
    lengths = np.array([len(r) for r in runs])
    order = np.argsort(-lengths, kind="stable")  # longest first: at each step the runs still going are the first k
    lengths = lengths[order]
    first = np.cumsum(lengths) - lengths
    going = np.searchsorted(-lengths, -np.arange(lengths[0]))
    codes = np.frombuffer("".join([runs[n] for n in order]).encode("utf-32-le"), np.uint32)
    seen = emit[codes - 0x4E00]
    sums = start + seen[first]
    back = np.empty((len(codes), 4), np.uint8)
    for step in range(1, lengths[0]):
        k = going[step]
        at = first[:k] + step
        one = sums[:k, _LESSER] + from_lesser + seen[at]
        two = sums[:k, _GREATER] + from_greater + seen[at]
        back[at] = np.where(one > two, _LESSER, _GREATER)
        sums[:k] = np.where(one > two, one, two)
    state = np.where(sums[:, 2] > sums[:, 3], 2, 3)
    begins = np.zeros(len(codes), bool)
    for step in range(lengths[0] - 1, 0, -1):
        k = going[step]
        at = first[:k] + step
        begins[at] = (state[:k] == 0) | (state[:k] == 3)
        state[:k] = back[at, state[:k]]
    begins[first] = True
    place = np.arange(len(codes)) + np.cumsum(begins)
    spaced = np.full(place[-1] + 1, ord(SEP), np.uint32)
    spaced[place] = codes
    spaced[place[first] - 1] = ord(END)
    words: list[str] = [""] * len(runs)
    for n, found in zip(order, spaced.tobytes().decode("utf-32-le")[1:].split(END), strict=True):
        words[n] = found
    return words
