"""Whose word a story needs before it is reported upward, answered or closed: by its gravest level, a leader's."""

from __future__ import annotations

import re

import polars as pl

from opinion_lab.rules.handling import Signature
from opinion_lab.schemas import LEVELS

DEPUTY = re.compile(r"副(?:局长|主任|书记|组长)")  # who leads a part, not the whole


def lacking(levels: pl.Series, confirmed: pl.DataFrame, table: tuple[Signature, ...]) -> Signature | None:
    """The signature that a story still lacks; None where it needs none or has it.

    `levels`: all that were ever proposed or confirmed of it; `confirmed`: by whom (by), the level. A leader who
    confirms any level has signed: whether it is lower than proposed is theirs to say.
    """
    gravest = min(levels.drop_nulls().cast(pl.String), key=LEVELS.index, default=LEVELS[-1])
    needed = next((s for s in table if s.level == gravest), None)
    by = [DEPUTY.sub("分管领导", who) for who in confirmed["by"].drop_nulls()]
    return None if needed is None or any(word in who for who in by for word in needed.who) else needed
