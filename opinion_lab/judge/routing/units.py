"""What the hotline's own column teaches: which unit handled which work order.

A unit is another body (城管局), the bureau as a whole (市场监督管理局), or one of its sections (餐饮科): the last is
known by the line that most of its orders would be given by the shipped model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from opinion_lab.analyse import text_classifier
from opinion_lab.analyse.text_classifier import Classifier, Floats
from opinion_lab.rules.loading import any_of
from opinion_lab.rules.words import RoutingWords

FEWEST, FEWEST_OF_EACH = 40, 5  # orders below which there is nothing to learn from
MOST = 5000  # orders, the latest, that are learnt from
SECTION = 0.6  # share of a unit's orders in one line from which the unit is that line's section


@dataclass(frozen=True)
class Units:
    """A model of units, and what each is: a line of the bureau, "" for the bureau as a whole, None for another body."""

    model: Classifier
    beside: Classifier
    lines: Mapping[str, str | None]

    @classmethod
    def learn(
        cls, orders: pl.DataFrame, model: Classifier, names: RoutingWords, own: Sequence[str] = ()
    ) -> Units | None:
        """From posts with `unit`; `model` is the shipped one, `names` tells bodies by their names.

        None where there is too little to learn from.
        """
        held = orders.filter(pl.col("unit").str.strip_chars() != "").with_columns(pl.col("unit").str.strip_chars())
        held = held.unique(["unit", "title", "text"], maintain_order=True).tail(MOST)
        held = held.filter(pl.len().over("unit") >= FEWEST_OF_EACH)
        if held.height < FEWEST or held["unit"].n_unique() < 2:
            return None
        read = text_classifier.texts(held)
        scores = model.scores(read)
        chances = text_classifier.softmax(scores * model.temperature)
        lines = _lines(held["unit"], model.classes, chances, names, own)
        if len(set(lines.values())) < 2:
            return None
        # the columns are words, characters and the shipped model's scores
        return cls(Classifier.learn(_beside(read, scores), held["unit"].to_list()), model, lines)

    def refine(
        self, read: pl.DataFrame, classes: list[str], chances: Floats, orders: np.ndarray
    ) -> tuple[list[str], Floats]:
        """The shipped chances, those of work orders (`orders`: which rows) as the units say; units are new classes."""
        bodies = [unit for unit, line in self.lines.items() if line is None]
        ours = np.array([c.startswith("L") for c in classes])
        made = np.hstack([chances, np.zeros((len(chances), len(bodies)))])
        at = np.flatnonzero(orders)
        if not len(at):
            return classes, chances
        units = self.model.probabilities(_beside(read[at], self.beside.scores(read[at])))
        inside = np.where(ours, chances[at], 0)
        inside /= np.maximum(inside.sum(axis=1, keepdims=True), 1e-9)
        part = np.zeros((len(at), made.shape[1]))
        for n, unit in enumerate(self.model.classes):
            line = self.lines[unit]
            if line is None:
                part[:, len(classes) + bodies.index(unit)] += units[:, n]
            elif line:
                part[:, classes.index(line)] += units[:, n]
            else:
                part[:, : len(classes)] += units[:, [n]] * inside
        made[at] = part
        return [*classes, *bodies], made


def _beside(read: pl.DataFrame, scores: Floats) -> pl.DataFrame:
    """Texts with the scores that another model gives them as further columns."""
    return read.with_columns(more=pl.Series(np.tanh(scores - scores.mean(axis=1, keepdims=True)).tolist()))


def _lines(
    units: pl.Series, classes: list[str], chances: Floats, names: RoutingWords, own: Sequence[str]
) -> dict[str, str | None]:
    """What each unit is."""
    named = units.unique().sort()
    by_name = named.str.contains(f"({any_of(names.outside)})$") & ~named.str.contains(any_of(names.ours))
    outside = [out and not any(o and o in unit for o in own) for unit, out in zip(named, by_name, strict=True)]
    # one bureau that handles everything is no section, however much of it is food
    sections = outside.count(False) > 1
    ours = [n for n, c in enumerate(classes) if c.startswith("L")]
    found: dict[str, str | None] = {}
    for unit, out in zip(named, outside, strict=True):
        best = chances[(units == unit).to_numpy()][:, ours].argmax(axis=1)
        line, n = Counter(best.tolist()).most_common(1)[0]
        found[unit] = None if out else classes[ours[line]] if sections and n >= SECTION * len(best) else ""
    return found
