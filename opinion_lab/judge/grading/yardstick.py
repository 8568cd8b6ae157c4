"""How large is large: the cuts that counts are held to, from the lab's own past stories where there are enough."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from opinion_lab.judge.deadlines import clocks
from opinion_lab.rules.grades import Grades
from opinion_lab.schemas import fact

MEASURED = ("spread", "attention", "sensitivity", "attitude")
#: The dimensions whose cuts come from the past; the other two are shares and keep the table's cuts.
FROM_PAST = ("spread", "attention")
Cuts = dict[str, tuple[float, ...]]


def past(posts: pl.DataFrame, post_stories: pl.DataFrame, *, own: Collection[str] = ()) -> pl.DataFrame:
    """How large each story ever was: story_id, last_at, and the peak of spread and attention within 24 hours."""
    public = posts.filter(~clocks.official(own)).join(post_stories, on="post_id").sort("published_at")
    hours = public.group_by_dynamic("published_at", every="1h", period="24h", group_by="story_id").agg(
        spread=pl.len(), attention=pl.col("author_id").drop_nulls().n_unique()
    )
    peak = hours.group_by("story_id").agg(pl.col("spread", "attention").max().cast(pl.Float64))
    last = public.group_by("story_id").agg(last_at=pl.col("published_at").max())
    return last.join(peak, on="story_id").sort("story_id")


class Yardstick:
    """The cuts that hold at an hour: the lab's own past stories where enough were over by then, else the table's."""

    def __init__(self, rules: Grades, past: pl.DataFrame | None, story_id: str) -> None:
        self.score = rules.score
        self.made: dict[int, tuple[Cuts, dict[str, Any]]] = {}
        self.last_at, self.sizes = np.empty(0, np.int64), {d: np.empty(0) for d in FROM_PAST}
        if past is not None:
            # nearly all stories are of a post or two: to be above their size is nothing
            large = past.filter((pl.col("spread") >= self.score.past_posts) & (pl.col("story_id") != story_id))
            large = large.sort("last_at", "story_id")
            self.last_at = large["last_at"].dt.epoch("us").to_numpy()
            self.sizes = {d: large[d].to_numpy() for d in FROM_PAST}

    def at(self, at: datetime) -> tuple[Cuts, dict[str, Any]]:
        """The cuts of each dimension, and the fact that says where they come from."""
        over = int(np.searchsorted(self.last_at, round(at.timestamp() * 1e6)))
        if over not in self.made:
            self.made[over] = self._cuts(over)
        return self.made[over]

    def _cuts(self, n: int) -> tuple[Cuts, dict[str, Any]]:
        score, cuts = self.score, {d: getattr(self.score, d).cuts for d in MEASURED}
        enough = n >= max(1, score.min_past)
        if enough:
            for d, sizes in self.sizes.items():
                levels = np.quantile(sizes[:n], score.percentiles, method="higher")
                cuts[d] = tuple(float(v) for v in levels)
        rule = "cuts_from_past" if enough else "cuts_from_table"
        return cuts, fact(rule, value=n, threshold=score.min_past, least=score.past_posts)
