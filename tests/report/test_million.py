"""A million posts made from the real ones beside the checkout: open in under ten seconds, filtered in under one."""

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab import schemas, upkeep
from opinion_lab.report.widgets.exploration import Choice, Exploration
from opinion_lab.storage import store
from tests.benchmarks import million

MANY = int(os.environ.get("MANY_POSTS", 1_000_000))
ZONE = ZoneInfo("Asia/Shanghai")


def made(n: int) -> pl.DataFrame:
    """Posts (Post) with text, time, platform and kind of author; nobody answers or copies another."""
    rows = pl.DataFrame(list(million.rows(n))).rename({"native_id": "post_id"})
    rows = rows.with_columns(pl.col("published_at").str.to_datetime(time_zone="UTC", time_unit="us"))
    given = {
        "kind": pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("comment")).otherwise(pl.lit("post")),
        "relevant": pl.int_range(pl.len()) % 3 == 0,
        "day": pl.col("published_at").dt.convert_time_zone(str(ZONE)).dt.date(),
        "likes": pl.int_range(pl.len()) % 977,
    }
    rows = rows.with_columns(**given)
    columns = [
        pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schemas.empty(schemas.Post).schema.items()
    ]
    return rows.select(columns)


def took(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


@pytest.mark.soak
def test_a_million_posts_open_and_filter(lab: store.Store, shared_data: Path) -> None:
    posts = made(MANY)
    index = upkeep.index(lab)
    for (month,), part in posts.group_by(pl.col("day").dt.month(), maintain_order=True):
        index.put(part.select("post_id", "published_at", "text"), f"{month}", "whole")
    stories = posts.select("post_id", story_id=pl.format("s{}", pl.int_range(pl.len()) // 40))
    opened: list[Exploration] = []
    seconds = {
        "open": took(lambda: opened.append(Exploration(posts, stories, index.matching, ZONE))),
        "first page": took(lambda: opened[0].view(Choice())),
    }
    low = posts["published_at"][MANY // 2]
    for name, choice in {
        "two characters": Choice(words="退款"),
        "platform": Choice(words="退款", facets={"platform": ("微博", "短视频")}),
        "time": Choice(since=low, until=low + timedelta(days=30)),
        "sorted": Choice(sort="likes", facets={"kind": ("comment",)}),
        "last page": Choice(page=10**9),
        "story": Choice(story_id="s5"),
    }.items():
        seconds[name] = took(lambda choice=choice: opened[0].view(choice))  # type: ignore[misc]
    seconds["thread"] = took(lambda: opened[0].thread(posts["post_id"][MANY // 2]))
    print({name: round(value, 2) for name, value in seconds.items()})
    said = posts["text"].str.contains("退款").sum()
    assert said <= opened[0].view(Choice(words="退款"))["n"] <= 1.01 * said  # signs between two characters part nothing
    assert seconds["open"] + seconds["first page"] < 10
    assert max(value for name, value in seconds.items() if name not in ("open", "first page")) < 1, seconds
