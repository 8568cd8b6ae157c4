"""What a text looks like to the search for copies: its character pairs, and a signature of them.

Two texts are alike by the Jaccard similarity of their sets of character pairs. The signature is 64 MinHashes (Broder
1997), cut into 21 bands of 3 (locality-sensitive hashing; Leskovec, Rajaraman & Ullman, Mining of Massive Datasets,
ch. 3): texts of similarity s share a band with probability 1 - (1 - s³)²¹, which is .75 at .4, .98 at .55, .999 at
.65. Of each MinHash 16 bits are kept (Li & König 2010): two that differ agree by accident once in 65,536 times. A
signature depends on its text alone, so it is kept beside the post: 128 bytes, `packed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

T = TypeVar("T")
U = TypeVar("U")

HASHES, BANDS, ROWS = 64, 21, 3
NO_PAIR = np.uint32(0xFFFFFFFF)
BYTES = 2 * HASHES
CHUNK_CHARS = 1 << 17  # bounds memory, and gives several threads something to do
CHUNK_PAIRS = 1 << 16  # stays in the processor's cache

_POOL = ThreadPoolExecutor(pl.thread_pool_size())  # that stays: in a new thread polars compiles expressions anew
_RANDOM = np.random.Generator(np.random.PCG64(20260831))
_TIMES = _RANDOM.integers(0, 2**31, HASHES, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
_PLUS = _RANDOM.integers(0, 2**32, HASHES, dtype=np.uint32)


def signatures(texts: pl.Series) -> np.ndarray:
    """The least of each of 64 hashes over a text's pairs: uint16, a row a text.

    A text of one character or none has no pair: its hashes are all those of NO_PAIR.
    """
    least = np.empty((len(texts), HASHES), dtype=np.uint16)

    def fill(part: slice) -> None:
        least[part] = _least(_pairs(texts[part]))

    threaded(fill, _parts(texts.str.len_chars().to_numpy(), CHUNK_CHARS))
    return least


def packed(signature: np.ndarray) -> pl.Series:
    """Signatures as a Binary column that can be stored: 128 bytes a text, little-endian."""
    body = pa.py_buffer(np.ascontiguousarray(signature, dtype="<u2"))
    return pl.Series(pa.FixedSizeBinaryArray.from_buffers(pa.binary(BYTES), len(signature), [None, body]))


def unpacked(column: pl.Series) -> np.ndarray:
    """What `packed` stored: uint16, a row a text."""
    rows = column.bin.reinterpret(dtype=pl.Array(pl.UInt16, HASHES), endianness="little")
    return np.ascontiguousarray(rows.to_numpy()).reshape(-1, HASHES)


def different(texts: pl.Series) -> np.ndarray:
    """How many different pairs each text holds."""
    parts = _parts(texts.str.len_chars().to_numpy(), CHUNK_CHARS)
    counts = threaded(lambda part: _distinct(_pairs(texts[part])).counts, parts)
    return np.concatenate([np.empty(0, dtype=np.int64), *counts])


def band(signature: np.ndarray, n: int) -> np.ndarray:
    """One number a text for the three hashes of band `n`: the bucket in which its likes are found."""
    key = np.zeros(len(signature), dtype=np.uint32)
    for row in range(n * ROWS, (n + 1) * ROWS):
        key = (key ^ signature[:, row]) * np.uint32(0x9E3779B1)
        key ^= key >> np.uint32(15)
    return key


def agreeing(signature: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """In how many of the 64 hashes the texts at `one` and `other` agree: 64 times their similarity, give or take 4."""
    found = np.empty(len(one), dtype=np.uint8)

    def count(begin: int) -> None:
        part = slice(begin, begin + CHUNK_PAIRS)
        found[part] = (signature[one[part]] == signature[other[part]]).sum(axis=1)

    threaded(count, range(0, len(one), CHUNK_PAIRS))
    return found


def jaccard(texts: pl.Series, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The similarity of the texts at `one` and `other`: shared pairs over all their pairs; 0 where there is none."""
    result = np.zeros(len(one))
    lengths = texts.str.len_chars().to_numpy()

    def compare(part: slice) -> None:
        n = part.stop - part.start
        # each text of a pair under the number of the pair: a key that is there twice is shared
        found = _distinct(_pairs(texts[np.concatenate([one[part], other[part]])]))
        keys = np.sort(coded(np.repeat(np.tile(np.arange(n), 2), found.counts), found.keys))
        shared = np.bincount((keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64), minlength=n)
        result[part] = shared / np.maximum(found.counts[:n] + found.counts[n:] - shared, 1)

    threaded(compare, _parts(lengths[one] + lengths[other], CHUNK_CHARS))
    return result


def threaded(work: Callable[[T], U], items: Iterable[T]) -> list[U]:
    """`work` on each item, in as many threads as polars uses: numpy and polars both let go of the interpreter."""
    items = [*items]
    if len(items) < 2 or pl.thread_pool_size() < 2:
        return [work(item) for item in items]
    return list(_POOL.map(work, items))


def coded(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Two numbers of 32 bits as one of 64, which sorts by the first."""
    return (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)


def unique(numbers: np.ndarray) -> np.ndarray:
    """The different numbers in order: by sorting, which is six times faster here than numpy's hashing."""
    return once(np.sort(numbers))


def once(ordered: np.ndarray) -> np.ndarray:
    """Of numbers in order each once."""
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


class Index:
    """The buckets in which some texts lie; made once, and asked of many others."""

    def __init__(self, signature: np.ndarray) -> None:
        self.keys = [unique(band(signature, n)) for n in range(BANDS)]
        # a quick look, small enough to stay in the processor's cache: few are left to be searched for
        self.slots = np.uint32((1 << (16 * len(signature)).bit_length()) - 1)
        self.there = np.zeros((BANDS, int(self.slots) + 1), dtype=bool)
        for there, keys in zip(self.there, self.keys, strict=True):
            there[keys & self.slots] = True

    def shared(self, signature: np.ndarray) -> np.ndarray:
        """Which texts of `signature` share a bucket with one of the index."""
        found = np.zeros(len(signature), dtype=bool)
        for n in range(BANDS if len(self.keys[0]) else 0):
            keys, wanted = band(signature, n), self.keys[n]
            likely = np.flatnonzero(self.there[n][keys & self.slots])
            at = np.searchsorted(wanted, keys[likely]).clip(max=len(wanted) - 1)
            found[likely[wanted[at] == keys[likely]]] = True
        return found


# --- ragged arrays -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pairs:
    """The pairs of many texts, one text after another: text n holds keys[first[n]:first[n + 1]]."""

    keys: np.ndarray
    first: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        return np.diff(self.first)


def _parts(sizes: np.ndarray, most: int) -> Iterator[slice]:
    """Slices of neighbours whose sizes come to `most` or less (one that is larger stands alone)."""
    ends = np.cumsum(sizes, dtype=np.int64)
    begin = 0
    while begin < len(sizes):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + most, side="right")))
        yield slice(begin, end)
        begin = end


def _pairs(texts: pl.Series) -> _Pairs:
    """Neighbouring characters as well-mixed 32-bit keys, repeated ones too."""
    codes = np.frombuffer("".join(texts.to_list()).encode("utf-32-le"), dtype=np.uint32)
    lengths = texts.str.len_chars().to_numpy().astype(np.int64)
    inside = np.ones(len(codes), dtype=bool)
    inside[np.cumsum(lengths)[lengths > 0] - 1] = False  # the last character of a text has no neighbour
    keys = codes[:-1] * np.uint32(0x9E3779B1) + codes[1:] * np.uint32(0x85EBCA77)
    for shift, times in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        keys = (keys ^ (keys >> np.uint32(shift))) * np.uint32(times)
    keys ^= keys >> np.uint32(16)
    return _Pairs(keys[inside[:-1]], np.concatenate([[0], np.cumsum(np.maximum(lengths - 1, 0))]))


def _distinct(found: _Pairs) -> _Pairs:
    """Each pair of a text once."""
    n = len(found.counts)
    once = unique(coded(np.repeat(np.arange(n), found.counts), found.keys))
    counts = np.bincount((once >> np.uint64(32)).astype(np.int64), minlength=n)
    return _Pairs(once.astype(np.uint32), np.concatenate([[0], np.cumsum(counts)]))


def _least(found: _Pairs) -> np.ndarray:
    result = np.full((HASHES, len(found.counts)), NO_PAIR.astype(np.uint16))
    filled = np.flatnonzero(found.counts)
    hashed = np.empty(max(CHUNK_PAIRS, found.counts.max(initial=0)), dtype=np.uint32)
    for part in _parts(found.counts[filled], CHUNK_PAIRS):
        rows = filled[part]
        starts = found.first[rows]
        keys = found.keys[starts[0] : found.first[rows[-1] + 1]]
        for n in range(HASHES):
            hashes = np.multiply(keys, _TIMES[n], out=hashed[: len(keys)])
            hashes += _PLUS[n]
            result[n, rows] = np.minimum.reduceat(hashes, starts - starts[0]).astype(np.uint16)
    return result.T
