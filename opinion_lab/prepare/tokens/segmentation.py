"""The output of jieba 0.42.1 to the last token, ten times sooner.

jieba cuts in two steps; each is done where it is fast and the same.

1. The likeliest route through the dictionary: by rjieba, its own model switched off. It holds the same 349,046
   entries, takes the same sums in the same order and breaks ties the same way; user words go in with the frequencies
   that jieba would give them, and its total is kept at jieba's.
2. What the route leaves as single characters: by jieba's hidden Markov model, here. This is where the two differ:
   rjieba rounds the emissions to six decimals, breaks ties among unknown characters otherwise, and keeps `1-3` and
   `www.x.com` whole. The model only joins singles, so its answer is a set of separators to leave out, found for many
   texts at once.

Characters that rjieba counts as Han and jieba does not (beyond U+9FD5, the extensions) are set apart before step 1.
Texts with a word that the lexicon deletes (frequency 0) go to jieba itself.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import rjieba

from opinion_lab.prepare.tokens import dictionary, hmm
from opinion_lab.prepare.tokens.dictionary import Words

SEP, END = "\0", "\x1e"  # between words, between texts; a text that holds one of them is cut block by block
CHUNK_CHARS = 1 << 16  # more falls out of the processor's cache
FILLER = "\n"  # never within a block, so a word that is never found: it brings rjieba's total up to jieba's

# What jieba takes as one block; anything else is a token per character, except \r\n.
_BLOCK = re.compile(r"([\u4e00-\u9fd5a-zA-Z0-9+#&._%\-]+)")
_BETWEEN = re.compile(r"\r\n|[\s\S]")
_HAN = re.compile("[\u4e00-\u9fd5]+")
_PIECE = re.compile(r"[a-zA-Z0-9]+(?:\.[0-9]+)?%?|[+#&._%-]+")  # how jieba joins what is no Han


def _kinds() -> np.ndarray:
    """What each code point is to jieba and rjieba."""
    kinds = np.zeros(0x110000, np.uint8)
    kinds[0x4E00:0x9FD6] = _IS_HAN
    kinds[[*map(ord, "+#&._%-")]] = _IS_MARK
    kinds[[c for c in range(128) if chr(c).isalnum()]] = _IS_ALNUM
    for first, last in ((0x3400, 0x4DBF), (0x9FD6, 0x9FFF), (0xF900, 0xFAFF), (0xD800, 0xDFFF), (0x20000, 0x3FFFF)):
        kinds[first : last + 1] = _IS_ODD
    kinds[[ord(SEP), ord(END)]] = _IS_ODD
    return kinds


_IS_HAN, _IS_MARK, _IS_ALNUM, _IS_ODD = 1, 2, 3, 4
_KIND = _kinds()


class Cutter:
    """The dictionary with one lexicon's words."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.deleted = {w for w, freq, _ in words if freq == 0}
        self.rust = rjieba.Jieba()
        self.apart = self._add(words)
        self.longest_apart = max(map(len, self.apart))
        # Within a run these are the route's choice, not single letters that rjieba joined.
        self.alnum = {w for w, _, _ in words if re.fullmatch("[a-zA-Z0-9]{2,}", w)}

    def each(self, texts: list[str]) -> Iterator[str | list[str]]:
        """Each text's words, in one string with SEP between; as a list where the text is odd."""
        for chunk in _chunks(texts):
            odd = {n: self._odd(chunk[n]) for n in self._which_odd(chunk)}
            if odd:
                chunk = ["" if n in odd else t for n, t in enumerate(chunk)]
            yield from (odd.get(n, words) for n, words in enumerate(self._words(chunk)))

    def _which_odd(self, texts: list[str]) -> set[int]:
        at = np.flatnonzero(_KIND[dictionary.codes("".join(texts))] == _IS_ODD)
        ends = np.cumsum([*map(len, texts)])
        odd = set(np.searchsorted(ends, at, "right").tolist())
        return odd.union(n for n, t in enumerate(texts) for w in self.deleted if w in t)

    def _odd(self, t: str) -> list[str]:
        if any(w in t for w in self.deleted):
            words = self.jieba.lcut(t)
            # what jieba does through one set for the whole process, here for this lexicon alone
            return [x for w in words for x in (w if w in self.deleted and _HAN.fullmatch(w) else (w,))]
        parts = _BLOCK.split(t)
        blocks = iter(self._words(parts[1::2]))
        return [w for n, p in enumerate(parts) for w in (next(blocks).split(SEP) if n % 2 else _BETWEEN.findall(p))]

    def _words(self, texts: list[str]) -> list[str]:
        """The words of texts that are not odd, SEP between them."""
        route = self.rust.cut(END.join(texts), False)
        return [words[1:-1] for words in self._with_hmm(SEP + SEP.join(route) + SEP).split(END)]

    def _with_hmm(self, route: str) -> str:
        """The route, SEP around each word, with what it left as singles joined.

        jieba takes two and more singles in a row as one. Are they a word, the route had its reasons to leave them
        apart; else the Han among them goes through the model, and the rest by `_PIECE`.
        """
        codes = dictionary.codes(route)
        kind = _KIND[codes]
        seps = np.flatnonzero(codes == ord(SEP))
        head, one = seps[:-1] + 1, np.diff(seps) == 2
        han = one & (kind[head] == _IS_HAN)
        rest = (one & (kind[head] == _IS_MARK)) | self._letters(route, kind == _IS_ALNUM, seps)
        put: list[tuple[int, int, list[str]]] = []  # what stands instead of the words from first to end
        for first, end, run in _runs(route, seps, han | rest, self.longest_apart):
            if run in self.apart:
                han[first:end] = rest[first:end] = False
                put.append((first, end, list(run)))
        put += [(first, end, _PIECE.findall(run)) for first, end, run in _runs(route, seps, rest)]
        keep = np.ones(len(codes), bool)
        keep[seps[hmm.within(codes[head], *_rows(han))]] = False
        joined = codes[keep].tobytes().decode("utf-32-le")
        if not put:
            return joined
        firsts, ends, words = map(list, zip(*sorted(put), strict=True))
        place = np.cumsum(keep)[seps] - 1
        begins, stops = (place[firsts] + 1).tolist(), place[ends].tolist()
        between = (joined[a:b] for a, b in zip([0, *stops], [*begins, None], strict=True))
        return "".join(itertools.chain.from_iterable(zip(between, [*map(SEP.join, words), ""], strict=True)))

    def _letters(self, route: str, alnum: np.ndarray, seps: np.ndarray) -> np.ndarray:
        """Which of the route's words are letters and digits; not those that the lexicon has as words (12315)."""
        so_far = np.cumsum(alnum)
        found = so_far[seps[1:]] - so_far[seps[:-1]] == np.diff(seps) - 1
        if self.alnum:
            for n in np.flatnonzero(found & (np.diff(seps) > 2)):
                found[n] = route[seps[n] + 1 : seps[n + 1]] not in self.alnum
        return found

    def _add(self, words: Words) -> frozenset[str]:
        """The words into rjieba, each with the frequency that jieba would give it, and jieba's total.

        Returns those words of any that the route may leave as singles.

        jieba counts what stands twice twice, and adds to its total even when a word was there; rjieba counts once.
        A total that is 3 off in 60 million shows: it tips equal routes (速速|速, 速|速速), which rounding decides.
        """
        known, total = dictionary.frequencies()
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
        return dictionary.left_apart(own, total)

    def _suggested(self, word: str, own: dict[str, int], total: int) -> int:
        """`jieba.Tokenizer.suggest_freq`: the least frequency at which the word is not cut."""
        known, _ = dictionary.frequencies()
        freq = 1.0
        for n, block in enumerate(_BLOCK.split(word)):
            for part in self.rust.cut(block, False) if n % 2 else block:
                share = own.get(part, known.get(part))
                if share is None:  # jieba: 0 for the beginning of a word, else 1
                    share = int(not any(w.startswith(part) for ws in (own, dictionary.beginning(part[0])) for w in ws))
                freq *= share / float(total)
        return max(int(freq * total) + 1, own.get(word, known.get(word, 1)))

    @cached_property
    def jieba(self) -> Any:
        """Jieba itself with these words: no log on stderr, no cache in the shared temp folder, nothing global."""
        with dictionary.quiet():
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


def _rows(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and end of each place where two and more in a row are true."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    first, end = edges[::2], edges[1::2]
    long = end - first > 1
    return first[long], end[long]


def _runs(route: str, seps: np.ndarray, flags: np.ndarray, longest: float = np.inf) -> Iterator[tuple[int, int, str]]:
    """The text of each place where two words in a row and more are flagged, no more than the longest; first and end."""
    first, end = _rows(flags)
    short = end - first <= longest
    first, end = first[short], end[short]
    at, to = (seps[first] + 1).tolist(), seps[end].tolist()
    for n, a, b in zip(itertools.count(), at, to):
        yield first[n], end[n], route[a:b].replace(SEP, "")
