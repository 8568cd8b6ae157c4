"""Similar incidents: of pairs labelled by reading, how many that are unlike would be shown, and how many alike.

Floors are to be chosen on the half `choose`. Each pair is held in archives of several sizes, drawn by lot: in a small
one every word is rare, and stories look nearer than they are. A line in common is what the shipped router gives.
"""

from __future__ import annotations

import random

import numpy as np
import polars as pl

from opinion_lab.judge import routing, similar_incidents
from opinion_lab.prepare import tokens
from opinion_lab.rules import SHIPPED
from tests import make
from tests.benchmarks.harness import SHARED
from tests.benchmarks.labelled import LABELS

ARCHIVES, DRAWS = (5, 15, 60), 5
SETS = {
    "dtels": ("dtels_news_events/docs.csv.gz", "event_id", ("title", "lead"), 200),
    "ccks": ("ccks_news_events/docs.csv.gz", "event_id", ("title", "lead"), 200),
    "stance": ("weibo_event_stance/posts.csv.gz", "event", ("text",), 200),
    "hashtag": ("weibo_hashtag_events/posts.csv.gz", "event", ("text",), 200),
}
ROUTED = 30  # posts of a story whose line is looked at


def stories() -> pl.DataFrame:
    """The public stories of the shared sets: key, text."""
    frames = []
    for name, (path, key, said, most) in SETS.items():
        rows = pl.read_csv(SHARED / path, infer_schema=False).group_by(key, maintain_order=True).head(most)
        text = pl.concat_str(*said, separator=" ", ignore_nulls=True)
        frames.append(rows.select(key=pl.lit(f"{name} ") + pl.col(key), text=text))
    return pl.concat(frames)


def lines(texts: pl.DataFrame) -> dict[str, set[str]]:
    """The lines of each story."""
    rows = texts.group_by("key", maintain_order=True).head(ROUTED).with_row_index("n")
    posts = make.posts([{"post_id": f"{n}", "text": text} for n, text in rows.select("n", "text").iter_rows()])
    router = routing.shipped(SHIPPED)
    return {
        key: {*similar_incidents._lines(routing.sections(part, router))} for (key,), part in posts.group_by(rows["key"])
    }


def main() -> None:
    labels = pl.read_csv(LABELS / "similar_incidents.csv")
    texts = stories()
    cut = texts.with_columns(word=pl.Series(tokens.cut(texts["text"].to_list()))).explode("word")
    cut = cut.filter((pl.col("word").str.len_chars() > 1) & ~pl.col("word").str.contains(r"^\d+$"))
    counts = cut.group_by("key", "word").agg(tf=pl.len().cast(pl.Int64))
    public = {f"public {name}": incident for name, incident in SHIPPED.incidents.items()}
    counts = pl.concat([counts, similar_incidents._of_incidents(public)])
    asked = texts.filter(pl.col("key").is_in([*labels["one"], *labels["other"]]))
    of = lines(asked) | {key: set(incident.lines) for key, incident in public.items()}
    by_key = {key: part for (key,), part in counts.group_by("key")}
    all_ = sorted(by_key.keys() - public.keys())
    for size in ARCHIVES:
        shown = []
        for draw in range(DRAWS):
            chance = random.Random(f"{size} {draw}")
            for one, other in labels.select("one", "other").iter_rows():
                archive = {one, other, *public, *chance.sample(all_, size)}
                near = similar_incidents._near(pl.concat([by_key[k] for k in sorted(archive)]), one)
                matter = near.filter(pl.col("key") == other)["matter"].sum()
                least = similar_incidents.LEAST_IN_LINE if of[one] & of[other] else similar_incidents.LEAST
                shown.append(matter >= least)
        said = pl.concat([labels] * DRAWS).with_columns(shown=pl.Series(np.array(shown)))
        for half, alike, n, m in (
            said.group_by("half", "alike")
            .agg(pl.len() / DRAWS, pl.col("shown").sum() / DRAWS)
            .sort("half", "alike")
            .iter_rows()
        ):
            kind = "alike" if alike else "unlike"
            print(f"archive of {size}, {half}: {m:.1f} of {n:.0f} {kind} pairs shown", flush=True)
