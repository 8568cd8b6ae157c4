"""Texts that are like each other and yet two: complaints of one form, entries of hot lists with other figures."""

from __future__ import annotations

import numpy as np
import polars as pl

from opinion_lab.prepare.near_duplicates import signatures
from opinion_lab.prepare.organisations import endings

# Complaints that are copies are like each other by so much, and name the same: less is what a form letter does.
SAME_COMPLAINT = 0.8


def same_complaint(said: pl.Series, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether the texts at `one` and `other` are one complaint, and not two that a form letter makes alike."""
    near = signatures.jaccard(said, one, other) >= SAME_COMPLAINT
    return (one == other) | (near & ~endings.differ(said[one], said[other]).to_numpy())


def same_entry(said: pl.Series, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether the figures of one title stand in the other: how A股 did on the 12th is not how it did on the 13th."""
    mine, theirs = (said[at].str.replace_all(r"\D", "") for at in (one, other))
    return np.array([_within(a, b) or _within(b, a) for a, b in zip(mine, theirs, strict=True)], dtype=bool)


def _within(some: str, whole: str) -> bool:
    """Whether the signs of `some` stand in `whole` in this order: those of 2比1 in 2024年…2:1."""
    rest = iter(whole)
    return all(sign in rest for sign in some)
