"""Rules of alert that people use elsewhere, and ours beside each of them on the same bursts."""

from datetime import timedelta

import numpy as np
import polars as pl

from opinion_lab.analyse.trends.backtest import OURS
from opinion_lab.analyse.trends.baseline import Floats, Grid
from opinion_lab.analyse.trends.bursts import Hits

RANKED = 50  # the list on which the third rule looks for risers


def _last_against_twelve(table: Grid) -> Hits:
    """Times that the last bin is above the mean of the twelve before (a quarter of a post added to that)."""
    n = np.nan_to_num(table.n)
    running = np.cumsum(n, axis=1)
    before = np.zeros_like(n)
    before[:, 13:] = (running[:, 12:-1] - running[:, :-13]) / 12
    return _hits(table, n / (before + 0.25))


def _fixed(table: Grid) -> Hits:
    """Posts in the last bin."""
    return _hits(table, np.nan_to_num(table.n))


def _rank_change(table: Grid) -> Hits:
    """Places risen since the bin before, for keys among the first fifty."""
    n = np.nan_to_num(table.n)
    place = np.empty(n.shape, np.float32)
    for t in range(n.shape[1]):
        place[:, t] = len(n) + 1 - np.searchsorted(np.sort(n[:, t]), n[:, t], side="right")
    before = np.concatenate([place[:, :1], place[:, :-1]], axis=1)
    return _hits(table, np.where(place <= RANKED, before - place, 0))


def _hits(table: Grid, score: Floats) -> Hits:
    key, at = np.nonzero((np.nan_to_num(table.n) >= 2) & (score > 0))
    return Hits(key, at, np.ones(len(key), np.int64), score[key, at].astype(float))


RIVALS = {"last_against_twelve": _last_against_twelve, "fixed": _fixed, "rank_change": _rank_change}


def pairs(told: pl.DataFrame, true: pl.DataFrame) -> pl.DataFrame:
    """Ours against each other rule over the same true bursts: which of the two spoke first, and by how much.

    The medians of two rules over what each of them caught are no comparison: who catches only what erupts looks quick.
    rule, ours_only, theirs_only (bursts that one of the two caught), both, and of these: first, same, later (bursts on
    which ours was sooner, as soon, later), gap and gap_mean (hours by which ours was sooner, median and mean;
    negative: later; null where there are none).
    """
    firsts = told.filter("first").join(true.select("event"), on="event", how="semi").select("rule", "event", "raised")
    ours = firsts.filter(pl.col("rule") == OURS).select("event", ours="raised")
    rows = []
    for name in RIVALS:
        theirs = firsts.filter(pl.col("rule") == name).select("event", theirs="raised")
        sooner = ours.join(theirs, on="event").select((pl.col("theirs") - pl.col("ours")) / timedelta(hours=1))
        gap = sooner.to_series()
        rows.append(
            {
                "rule": name,
                "ours_only": ours.height - len(gap),
                "theirs_only": theirs.height - len(gap),
                "both": len(gap),
                "first": int((gap > 0).sum()),
                "same": int((gap == 0).sum()),
                "later": int((gap < 0).sum()),
                "gap": gap.median(),
                "gap_mean": gap.mean(),
            }
        )
    return pl.DataFrame(rows, schema_overrides={"gap": pl.Float64, "gap_mean": pl.Float64})
