"""A topic's words (class TF-IDF, Grootendorst 2022), and its label: one to three phrases that stand in its posts.

As in Lingo (Osiński et al. 2004) a phrase is frequent and complete: the longest run of words within a clause that four
in ten of the posts with its word say, with the characters that mostly go on with it (汪苏泷, not 汪苏). It does not end
with a verb that wants an object. The first is the one that sets the topic apart and that most of its posts hold; the
next ones say of the other posts, fewer than three where none comes near the first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, takewhile
from math import log1p, log2
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from opinion_lab.analyse.trends.terms import EDGE
from opinion_lab.prepare import normalize, tokens
from opinion_lab.prepare.tokens import dictionary

Floats = NDArray[np.float64]

N_WORDS = 50  # words a topic is known by
UNNAMED, SAME, MORE = "话题{}", "{}（{}）", "等"  # a topic without a word; one whose label another has; and more
PARTS, WHOLE = 3, 24  # phrases of a label, and characters of all
WORDS, LONGEST, FEWEST = 4, 12, 3  # words and characters of a phrase, posts that say it
GAP = 2  # characters between two words of a phrase, such as 的 in 玫瑰的故事
SHARED = 0.4  # share of a phrase's posts that say a longer one, for it to stand instead
OBJECT = 0.6  # share of the places of a verb where an object follows, above which it wants one
GOES_ON = 0.7  # share of a phrase's places where the same character follows, for that to belong to it
NEAR = 0.4  # how near the first a further phrase must come
READ, SAID = 400, 300  # posts of a topic that are read for its label, and characters of each
TOLD = 6  # words of a post from which it can name its matter
POOL = 60  # best phrases that are looked at closer
HAN = re.compile(r"[\u4e00-\u9fff]*")
LOOSE = f"{EDGE}第".replace("和", "")  # characters that no phrase takes in at its edge; 和 ends names
COUNTED = re.compile(r"[0-9一二两三四五六七八九十百千万几余多]")
NOT = "不未没无"  # how words begin without which a phrase says the contrary
SPOKEN = set("得但也就都是而让使你我他她它们这那个")  # what makes a phrase a sentence
#: How an object begins: a word, or 了, 这 and the like before one.
WANTED = re.compile(rf"[了着过一两三几这那其该此我你他她]|[^\W{EDGE}]")
WITHIN = re.compile("[a-z0-9]{2}")
HOLLOW = {*"cpurmdqeyoz"}  # parts of speech, in jieba's letters, at which no phrase begins or ends


def class_tfidf(counts: sp.csr_matrix, label: NDArray[Any], k: int) -> Floats:
    """Topics by words: the share of a topic's posts with the word, weighed down when all posts have it."""
    seen = (counts > 0).astype(np.float64)
    member = sp.csr_matrix((np.ones(len(label)), (np.maximum(label, 0), np.arange(len(label)))), shape=(k, len(label)))
    member = member @ sp.diags((label >= 0).astype(np.float64))
    inside = np.asarray((member @ seen).todense())
    total = np.asarray(seen.sum(0)).ravel()
    share = inside / np.maximum(np.asarray(member.sum(1)), 1)
    return np.asarray(share * np.log1p(seen.shape[0] / np.maximum(total, 1)))


def top(score: Floats, n: int) -> list[NDArray[np.int64]]:
    """The best `n` of each row, equal ones in order."""
    return [np.argsort(-row, kind="stable")[:n] for row in score]


def class_words(counts: sp.csr_matrix, label: NDArray[Any], k: int, words: pl.DataFrame) -> list[list[str]]:
    """Each topic's words, best first; one that the topic never uses is left out."""
    score = class_tfidf(counts, label, k)
    names = words.sort("id")["word"].to_list()
    return [[names[i] for i in best if score[t, i] > 0] for t, best in enumerate(top(score, N_WORDS))]


@dataclass(frozen=True)
class _Topic:
    """What is read of one topic for its label: texts, the places of the words in each, and the phrases with the posts
    (by number) that say them.
    """

    size: int
    texts: list[str]
    words: list[list[tuple[int, int, str]]]
    posts: dict[str, set[int]] = field(default_factory=dict)
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    written: pl.Series | None = None

    @classmethod
    def of(cls, rows: pl.DataFrame) -> _Topic:
        """Of `rows` (tokens, text) as many as are read, at even distances."""
        read = rows.gather(np.unique(np.linspace(0, rows.height - 1, min(rows.height, READ)).astype(int)))
        texts = [text[:SAID] for text in read["text"]]
        places = [_places(t, w) for t, w in zip(texts, read["tokens"], strict=True)]
        topic = cls(rows.height, texts, places, written=read["written"] if "written" in read.columns else None)
        for n, (text, words) in enumerate(zip(topic.texts, topic.words, strict=True)):
            for phrase, parts in _phrases(text, words):
                topic.posts.setdefault(phrase, set()).add(n)
                topic.parts[phrase] = parts
        return topic

    def spread(self) -> dict[str, float]:
        """How many posts of the whole topic say each phrase."""
        return {phrase: len(posts) * self.size / len(self.texts) for phrase, posts in self.posts.items()}

    @cached_property
    def frequent(self) -> dict[str, list[str]]:
        """The phrases that enough posts say, by each of their words."""
        found: dict[str, list[str]] = {}
        for phrase, posts in self.posts.items():
            if len(posts) >= min(FEWEST, len(self.texts)):
                for word in set(self.parts[phrase]):
                    found.setdefault(word, []).append(phrase)
        return found

    def places(self, phrase: str) -> list[tuple[int, int]]:
        """Post and first character of each place where the phrase stands."""
        return [
            (n, at.start()) for n in sorted(self.posts[phrase]) for at in re.finditer(re.escape(phrase), self.texts[n])
        ]

    def called(self, parts: Sequence[str]) -> str:
        """The phrases as a label; with MORE where half of the posts that say enough speak of something else."""
        told = [text for text, words in zip(self.texts, self.words, strict=True) if len(words) >= TOLD] or self.texts
        label = "、".join(parts) + MORE * (2 * sum(any(p in text for p in parts) for text in told) < len(told))
        return label if self.written is None else normalize.as_written(label, self.written)

    def complete(self, phrase: str, never: re.Pattern[str]) -> str | None:
        """The phrase as a reader would write it; None where it does not stand by itself."""
        for share in (SHARED, GOES_ON):
            enough = share * len(self.posts[phrase])
            longer = [
                p
                for p in self.frequent.get(self.parts[phrase][0], [])
                if phrase in p and len(self.posts[p]) >= enough and self.begins(p, never) and self.ends(p, never)
            ]
            phrase = max([phrase, *longer], key=lambda p: (len(p), len(self.posts[p]), p))
        whole = self._grown(phrase)
        begins = not whole.startswith(phrase) or self.begins(phrase, never)
        ends = not whole.endswith(phrase) or self.ends(phrase, never)
        return whole if len(whole) <= LONGEST and not whole.isdecimal() and begins and ends else None

    def begins(self, phrase: str, never: re.Pattern[str]) -> bool:
        """Whether its first word names something, and is no measure behind its number."""
        counted = [COUNTED.match(self.texts[n], at - 1) for n, at in self.places(phrase) if at]
        return not _hollow(self.parts[phrase][0], never) and 2 * sum(map(bool, counted)) <= len(self.posts[phrase])

    def ends(self, phrase: str, never: re.Pattern[str]) -> bool:
        """Whether its last word names something, and wants no object."""
        last, places = self.parts[phrase][-1], self.places(phrase)
        wants = sum(bool(WANTED.match(self.texts[n], at + len(phrase))) for n, at in places)
        return not _hollow(last, never) and (not _verb(last) or wants <= OBJECT * len(places))

    def _grown(self, phrase: str) -> str:
        """With what mostly goes on with it, as far as that ends a word, and what stands before it from a clause on."""
        places = self.places(phrase)
        if len(places) < FEWEST:
            return phrase
        after = self._same([self.texts[n][at + len(phrase) :] for n, at in places])
        before = self._same([self.texts[n][:at][::-1] for n, at in places])[::-1]
        whole = before + phrase + after
        found = next(((n, at) for n in sorted(self.posts[phrase]) if (at := self.texts[n].find(whole)) >= 0), None)
        if found is None or whole == phrase:
            return phrase
        text, first = self.texts[found[0]], found[1] + len(before)
        last = first + len(phrase)
        cut = ["", *tokens.cut([text])[0]]
        edges = dict(zip(accumulate(map(len, cut)), cut, strict=True))  # the word that ends there
        right = (i for i in range(last + 1, last + len(after) + 1) if i in edges and text[i - 1] not in LOOSE)
        right = (i for i in right if len(edges[i]) == 1 or not _verb(edges[i]))
        left = (i for i in range(found[1], first) if text[i] in NOT or self._opens(places, first - i))
        left = (i for i in left if text[i] not in LOOSE)
        return text[next(left, first) : max(right, default=last)]

    def _opens(self, places: list[tuple[int, int]], ahead: int) -> bool:
        """Whether a clause begins so many characters before most of the places."""
        opens = [not self.texts[n][max(0, at - ahead - 1) : max(0, at - ahead)].isalnum() for n, at in places]
        return 2 * sum(opens) >= len(opens)

    @staticmethod
    def _same(rest: list[str]) -> str:
        """The characters that most of the texts begin with."""
        said = ""
        while rest and len(said) < LONGEST:
            character, n = Counter(t[:1] for t in rest).most_common(1)[0]
            if n < GOES_ON * len(rest) or not character or character in SPOKEN or not HAN.fullmatch(character):
                break
            said += character
            rest = [t[1:] for t in rest if t[:1] == character]
        return said


def _hollow(word: str, never: re.Pattern[str]) -> bool:
    return bool(never.fullmatch(word)) or dictionary.tags().get(word, "n")[0] in HOLLOW


def _verb(word: str) -> bool:
    tag = dictionary.tags().get(word, "n")
    return tag[0] in "ad" or (tag[0] == "v" and tag != "vn")


def _within(one: str, other: str) -> bool:
    return one in other or other in one


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int, str]]:
    """Where each of the words stands in the text, in order."""
    at, found = 0, []
    for word in words:
        start = text.find(word, at)
        while start > 0 and word.isascii() and WITHIN.match(text, start - 1):
            start = text.find(word, start + 1)  # baby is no word of angelababy
        if start >= 0:
            at = start + len(word)
            found.append((start, at, word))
    return found


def _phrases(text: str, words: list[tuple[int, int, str]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each run of up to WORDS words within a clause, as it stands there, and its words."""
    for i, (start, _, _) in enumerate(words):
        near = zip(words[i : i + WORDS], words[i + 1 : i + WORDS], strict=False)
        run = 1 + sum(1 for _ in takewhile(lambda pair: _joined(text, *pair), near))
        for end in range(i, i + run):
            phrase = text[start : words[end][1]]
            if 1 < len(phrase) <= LONGEST:
                yield phrase, tuple(w for _, _, w in words[i : end + 1])


def _joined(text: str, one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    between = text[one[1] : other[0]]
    return len(between) <= GAP and bool(HAN.fullmatch(between)) and not SPOKEN & {*between}


def each(said: pl.DataFrame, order: Sequence[int], never: re.Pattern[str]) -> list[str]:
    """The labels of the topics in `order`, which differ. `said`: topic, tokens (in order), text and, where it is known,
    text as `written` of each post.

    `never`: words that name nothing alone, and with which no phrase begins or ends.
    """
    topics = {key: _Topic.of(rows) for (key,), rows in said.partition_by("topic", as_dict=True).items()}
    everywhere: Counter[str] = Counter()
    for topic in topics.values():
        everywhere.update(topic.spread())
    labels: list[str] = []
    used: set[str] = set()
    for number in order:
        parts = _label(topics[number], everywhere, said.height, never, used) if number in topics else []
        used.update(parts)
        text = topics[number].called(parts) if parts else UNNAMED.format(len(labels) + 1)
        labels.append(text if text not in labels else SAME.format(text, len(labels) + 1))
    return labels


def _label(topic: _Topic, everywhere: Counter[str], n: int, never: re.Pattern[str], used: set[str]) -> list[str]:
    """The phrases of one label; none that a larger topic's label holds (`used`) if that can be helped."""
    weighed = {
        p: len(posts) * log1p(n / everywhere[p]) * log2(1 + min(len(p), 8))
        for p, posts in topic.posts.items()
        if len(posts) >= min(FEWEST, len(topic.texts))
    }
    best = sorted(weighed, key=lambda p: (-weighed[p], p))[:POOL]
    whole = {p: topic.complete(p, never) for p in best}
    for rest in ([p for p in best if whole[p] and whole[p] not in used], [p for p in best if whole[p]], best):
        if rest:
            break
    chosen: list[str] = []
    covered: set[int] = set()
    least = 0.0
    while rest and len(chosen) < PARTS:
        gain = {p: weighed[p] * (1 + len(topic.posts[p] - covered) / len(topic.posts[p])) / 2 for p in rest}
        first = max(rest, key=lambda p: gain[p])
        text = whole[first] or first
        if gain[first] < least or len("".join(chosen) + text) > WHOLE:
            break
        least = least or NEAR * gain[first]
        chosen.append(text)
        covered |= topic.posts[first]
        words = set(topic.parts[first])
        rest = [p for p in rest if not words & set(topic.parts[p]) and not _within(whole[p] or p, text)]
    return chosen
