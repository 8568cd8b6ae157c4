"""How many stories were missed, by capture and recapture, where the truth is known.

Thinned: a week of one real board is the truth; two to four lists each keep every title by lot, each list with a share
of its own. Dependent: the same, but titles differ in how easily they are caught (by how high they stood on the board).
Held out: the titles of one real board in a week are the truth, the other boards the lists, as far as they have the same
title; what they could never have is missed by every method. Beside it stands Chao's lower bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from opinion_lab.analyse import completeness
from tests.benchmarks.harness import SHARED

BOARDS = ("weibo", "zhihu", "douyin", "kuaishou", "bilibili", "36kr")
DRAWS = 100


def boards() -> pl.DataFrame:
    """board, title, week, best_pos of every first sighting; a title that returns counts in its first week."""
    rows = pl.concat(
        pl.read_csv(SHARED / "hot_boards" / f"{name}_first_seen.csv.gz").select(
            "board", "title", "first_seen", "best_pos"
        )
        for name in BOARDS
    )
    at = pl.col("first_seen").str.to_datetime(time_zone="UTC")
    return rows.with_columns(week=at.dt.truncate("1w")).unique(["board", "title"], keep="first", maintain_order=True)


def lists(truth: pl.DataFrame, chance: Callable[[int], np.ndarray], k: int, rng: np.random.Generator) -> pl.DataFrame:
    """k lists that each keep a title with the chance given."""
    kept = [
        truth.filter(rng.random(truth.height) < chance(i)).select(story_id="title", family=pl.lit(f"{i}"))
        for i in range(k)
    ]
    return pl.concat(kept)


def draws(kind: str, k: int, rng: np.random.Generator, all_: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """(truth, who caught which) of DRAWS draws."""
    weeks = [g for _, g in all_.group_by("board", "week", maintain_order=True) if g.height >= 100]
    for _ in range(DRAWS):
        truth = weeks[rng.integers(len(weeks))]
        truth = truth.sample(min(truth.height, int(rng.integers(100, 600))), seed=int(rng.integers(1 << 30)))
        shares = rng.uniform(0.15, 0.6, k)
        ease = np.zeros(truth.height)
        if kind == "dependent":
            rank = truth["best_pos"].rank("ordinal").to_numpy() / truth.height
            ease = 1.5 * (0.5 - rank)
        logit = np.log(shares / (1 - shares))
        yield truth.height, lists(truth, lambda i: 1 / (1 + np.exp(-(logit[i] + ease))), k, rng)  # noqa: B023


def held_out(all_: pl.DataFrame) -> Iterator[tuple[str, int, pl.DataFrame]]:
    """(board, truth, who of the others caught which) week by week, where the others have at least a few of them."""
    for board in BOARDS:
        for (week,), truth in all_.filter(pl.col("board") == board).group_by("week", maintain_order=True):
            others = all_.filter(pl.col("board") != board, (pl.col("week") == week))
            seen = others.join(truth.select("title"), on="title", how="semi")
            yield board, truth.height, seen.select(story_id="title", family="board")


def score(rows: list[tuple[int, completeness.Estimate]]) -> str:
    """Coverage, and the width and place of the interval against the truth."""
    given = [(truth, e) for truth, e in rows if e.estimate is not None]
    if not given:
        return f"no number in {len(rows)} draws"
    hit = np.mean([e.low <= truth <= e.high for truth, e in given])
    width = np.median([(e.high - e.low) / truth for truth, e in given])
    place = np.median([e.estimate / truth for truth, e in given])
    caught = np.median([e.n / truth for truth, e in given])
    floor = np.mean([e.at_least <= truth for truth, e in given])
    return (
        f"{len(given):>4} of {len(rows)} with a number  covered {hit:.0%}  width {width:.2f}  estimate {place:.2f}"
        f"  caught {caught:.2f} of the truth  Chao's bound below it {floor:.0%}"
    )


def main() -> None:
    all_ = boards()
    rng = np.random.default_rng(7)
    for kind in ("thinned", "dependent"):
        for k in (2, 3, 4):
            rows = [(truth, completeness.estimate(seen)) for truth, seen in draws(kind, k, rng, all_)]
            print(f"{kind:<10} {k} lists  {score(rows)}", flush=True)
    by_board: dict[str, list[tuple[int, completeness.Estimate]]] = {}
    for board, truth, seen in held_out(all_):
        by_board.setdefault(board, []).append((truth, completeness.estimate(seen)))
    for board, rows in by_board.items():
        print(f"held out   {board:<9} {score(rows)}")


if __name__ == "__main__":
    main()
