"""Stories on real posts, fed day by day: against events, hand checks and plain rivals; the cuts; and how fast.

`python -m tests.benchmarks.stories` judges, `... protocol` chooses cuts and half-lives on half the events and judges
them on the other, `... speed` times a day. With the extra `meaning` all but speed is done once more with vectors.

The hand check is in `tests/fixtures/stories`. `largest.csv`: numbers of the messages about the two largest matters, and
of the candidates that several searches found and reading turned down. `pairs.csv`: pairs drawn without a look at any
grouping (they share a rare word, the character pairs of their titles overlap by .12 to .6), labelled by reading;
`unsure` counts for nothing. Titles are there as the first 12 digits of their sha256.
"""

import hashlib
import re
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse
from scipy.cluster.hierarchy import average, fcluster
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from opinion_lab import schemas
from opinion_lab.analyse import stories
from opinion_lab.analyse.stories import assignment, linkage, meaning, units
from opinion_lab.prepare import tokens
from opinion_lab.rules import SHIPPED
from tests import make
from tests.benchmarks.harness import SHARED

CHECKED = Path(__file__).parents[1] / "fixtures" / "stories"
AGAIN_HOURS = 72
MONTHS = range(3, 9)  # of 2024, the titles that were labelled


def messages(shared: Path) -> pl.DataFrame:
    """The citizens' messages as posts, post_id the number of the message."""
    rows = pl.read_csv(shared / "gov_messages" / "messages.csv", infer_schema=False)
    made = []
    for number, title, when, text in rows.select("留言编号", "留言主题", "留言时间", "留言详情").iter_rows():
        year, month, day, hour, minute = map(int, re.split(r"[-/ :]", when.strip())[:5])
        at = f"{year}-{month:02}-{day:02} {hour:02}:{minute:02}"
        said = re.sub(r"\s+", "", text or "")
        made.append({"post_id": number, "kind": "complaint", "title": title.strip(), "text": said, "at": at})
    return make.posts(made).sort("published_at", "post_id")


def boards(shared: Path, since: str, until: str) -> pl.DataFrame:
    """First sightings of titles on six boards from `since` to before `until` (2024-06-01) as posts."""
    files = sorted((shared / "hot_boards").glob("*_first_seen.csv.gz"))
    rows = pl.concat([pl.read_csv(f, infer_schema=False).select("board", "title", "first_seen") for f in files])
    rows = rows.drop_nulls().filter((pl.col("first_seen") >= since) & (pl.col("first_seen") < until))
    rows = rows.sort("first_seen", "board", "title")
    entries = (
        {"post_id": f"b{i:06}", "kind": "board_entry", "platform": b, "title": t, "at": at[:19]}
        for i, (b, t, at) in enumerate(rows.iter_rows())
    )
    return make.posts(entries).sort("published_at", "post_id")


def words(posts: pl.DataFrame) -> pl.DataFrame:
    return tokens.tokenize(posts, SHIPPED.lexicon)


def f1(story: dict[str, str]) -> dict[str, float]:
    """Of each matter in `largest.csv`: F1 of the story that holds most of it."""
    wanted = pl.read_csv(CHECKED / "largest.csv", infer_schema=False).filter(pl.col("member") == "yes")
    sizes, best = Counter(story.values()), {}
    for (matter,), rows in wanted.group_by("matter"):
        name, hits = Counter(story[p] for p in rows["post"]).most_common(1)[0]
        best[str(matter)] = 2 * hits / (rows.height + sizes[name])
    return best


def pairs(story: dict[str, str], kind: str) -> pl.DataFrame:
    """The labelled pairs of one kind (message, title) of which both are known, and whether they are together."""
    labelled = pl.read_csv(CHECKED / "pairs.csv", infer_schema=False).filter(pl.col("kind") == kind)
    both = labelled.filter(pl.col("a").is_in(story.keys()) & pl.col("b").is_in(story.keys()))
    same = [story[a] == story[b] for a, b in both.select("a", "b").iter_rows()]
    return both.with_columns(together=pl.Series(same, dtype=pl.Boolean))


def by_title(posts: pl.DataFrame, post_stories: pl.DataFrame) -> dict[str, str]:
    """The story of each title's first entry, titles as in `pairs.csv`."""
    first = posts.join(post_stories, on="post_id").sort("published_at", "post_id").unique("title", keep="first")
    return {hashlib.sha256(t.encode()).hexdigest()[:12]: s for t, s in first.select("title", "story_id").iter_rows()}


def same_titles(posts: pl.DataFrame, post_stories: pl.DataFrame) -> tuple[int, float]:
    """How many times a title came again within 72 hours, and the share of them that fell into one story."""
    rows = posts.join(post_stories, on="post_id").sort("title", "published_at", "post_id")
    gap, before = pl.col("published_at").diff().over("title"), pl.col("story_id").shift().over("title")
    again = rows.with_columns(gap=gap, before=before).filter(pl.col("gap") <= timedelta(hours=AGAIN_HOURS))
    return again.height, (again["story_id"] == again["before"]).sum() / max(again.height, 1)


# --- sets with events: folder, file, kind, and its columns for id, event, time, title, text -------------------------

SETS = {
    "ccks_news_events": ("docs.csv.gz", "article", "doc_id", "event_id", "date", "title", "lead"),
    "dtels_news_events": ("docs.csv.gz", "article", "doc_id", "event_id", "time", "title", "lead"),
    "weibo_hashtag_events": ("posts.csv.gz", "post", "post_id", "event", "date", None, "text"),
    "weibo_event_stance": ("posts.csv.gz", "post", "post_id", "event", "time", None, "text"),
}
WINDOW = {"ccks_news_events": 180, "dtels_news_events": 180, "messages": 800}  # days looked back at; else 60
GRID = {
    "cut": (0.03, 0.045, 0.06, 0.08, 0.1, 0.14, 0.2),
    "mean": (0.1, 0.12, 0.14, 0.16, 0.2, 0.26),
    "half": (7.0, 14.0, 60.0),
}
RESAMPLES = 200


def events(name: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """The posts of a set, and the event of each."""
    file, kind, id_, event, time_, title, text = SETS[name]
    rows = pl.read_csv(SHARED / name / file, infer_schema=False).unique(id_, keep="first", maintain_order=True)
    if name == "weibo_hashtag_events":
        rows = rows.filter(pl.col("overlap").cast(pl.Float64) >= 0.3)
    made = [
        {
            "post_id": r[id_],
            "kind": kind,
            "title": r[title] if title else None,
            "text": r[text] or "",
            "at": at(r[time_]),
        }
        for r in rows.iter_rows(named=True)
    ]
    return make.posts(made).sort("published_at", "post_id"), dict(rows.select(id_, event).iter_rows())


def at(moment: str) -> str:
    return moment[:16] if len(moment) > 10 else f"{moment} 12:00"


def bcubed(story: dict[str, str], event: dict[str, str]) -> tuple[float, float, float]:
    """B-cubed precision, recall and F over the posts of both."""
    posts = [p for p in story if p in event]
    both = Counter((event[p], story[p]) for p in posts)
    of_event, of_story = Counter(event[p] for p in posts), Counter(story[p] for p in posts)
    precision = sum(n * n / of_story[s] for (_, s), n in both.items()) / len(posts)
    recall = sum(n * n / of_event[e] for (e, _), n in both.items()) / len(posts)
    return precision, recall, 2 * precision * recall / (precision + recall)


def interval(story: dict[str, str], event: dict[str, str]) -> str:
    """B-cubed precision, recall and F, with the middle 95 % of F over resamples of whole events."""
    rng, by_event = np.random.default_rng(0), {}
    for post, e in event.items():
        by_event.setdefault(e, []).append(post)
    names, values = sorted(by_event), []
    for _ in range(RESAMPLES):
        some = {p: e for e in set(rng.choice(names, len(names))) for p in by_event[e]}
        values.append(bcubed(story, some)[2])
    p, r, f = bcubed(story, event)
    low, high = np.quantile(values, [0.025, 0.975])
    return f"P {p:.3f} R {r:.3f} F {f:.3f} [{low:.3f}, {high:.3f}]"


def day_by_day(posts: pl.DataFrame, cut: pl.DataFrame, vectors: pl.DataFrame | None, window: int) -> dict[str, str]:
    """The story of each post, each day placed when it comes."""
    day = posts["published_at"].dt.convert_time_zone("Asia/Shanghai").dt.date()
    known = schemas.empty(schemas.PostStory)
    for today in day.unique().sort():
        some = posts.filter((day <= today) & (day > today - timedelta(days=window)))
        now = stories.group(some, cut.join(some, on="post_id", how="semi"), known, vectors=vectors)
        known = pl.concat([known, now.join(known, on="post_id", how="anti")])
    return dict(known.iter_rows())


def rivals(posts: pl.DataFrame, cut: pl.DataFrame, event: dict[str, str]) -> None:
    """Average linkage and connected components on TF-IDF at once: the cut chosen on half the events, F on the other."""
    ordered = posts.with_columns(child=units.is_child())
    uses = units.words(ordered, np.arange(posts.height), cut)
    rows = linkage.tfidf(uses, posts.height)
    alike = (rows @ rows.T).tocsr()
    tree = average(squareform(np.maximum(1 - alike.toarray(), 0), checks=False))
    for name in ("average linkage", "connected components"):
        grouped = {}
        for level in (0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.96):
            if name == "average linkage":
                part = fcluster(tree, level, "distance")
            else:
                near = alike.multiply(alike >= 1.2 - level)
                part = connected_components(sparse.csr_matrix(near), directed=False)[1]
            grouped[level] = dict(zip(posts["post_id"].to_list(), map(str, part), strict=True))
        print(f"  {name}: {' '.join(f'{across(grouped, event, side):.3f}' for side in (0, 1))}", flush=True)


def side_of(event: str) -> int:
    return int(hashlib.sha256(event.encode()).hexdigest(), 16) % 2


def across(grouped: dict, event: dict[str, str], side: int) -> float:
    """F on the events of the other side, with the choice that is best on the events of `side`."""
    here, there = ({p: e for p, e in event.items() if side_of(e) == s} for s in (side, 1 - side))
    chosen = max(grouped, key=lambda c: bcubed(grouped[c], here)[2])
    return bcubed(grouped[chosen], there)[2]


def protocol(name: str) -> None:
    """F at once on each half of the events, cut and half-life chosen on the other; and the best choice on all."""
    posts, event = events(name)
    cut = words(posts)
    for vectors in (None, meaning.vectors(posts)) if meaning.installed() else (None,):
        table, grid = (assignment.CUT_WORDS, "cut") if vectors is None else (assignment.CUT_MEAN, "mean")
        kind, grouped = SETS[name][1], {}
        for value in GRID[grid]:
            for half in GRID["half"]:
                table[kind], assignment.HALF_LIFE[kind] = value, half
                grouped[value, half] = dict(stories.group(posts, cut, vectors=vectors).iter_rows())
        best = max(grouped, key=lambda c: bcubed(grouped[c], event)[2])
        print(
            f"{name} by {grid}: {across(grouped, event, 0):.3f} {across(grouped, event, 1):.3f}, on all {best}",
            flush=True,
        )


def judge() -> None:
    for name in SETS:
        posts, event = events(name)
        cut = words(posts)
        print(name, flush=True)
        rivals(posts, cut, event)
        for vectors in (None, meaning.vectors(posts)) if meaning.installed() else (None,):
            story = day_by_day(posts, cut, vectors, WINDOW.get(name, 60))
            print(f"  day by day{' with meaning' if vectors is not None else ''}: {interval(story, event)}", flush=True)
    posts = messages(SHARED)
    story = day_by_day(posts, words(posts), None, WINDOW["messages"])
    print(f"messages: F1 of the two largest matters {f1(story)}")
    report("messages", pairs(story, "message"))


def report(name: str, labelled: pl.DataFrame) -> None:
    for verdict in ("apart", "together"):
        rows = labelled.filter(pl.col("verdict") == verdict)
        right = (rows["together"] == (verdict == "together")).mean()
        print(f"  {name}: {rows.height} pairs labelled {verdict}: {right:.1%} are")


def speed() -> None:
    """CPU seconds for a day of 7,000 hot-list entries after 28 days of 200,000, each title a story before."""
    posts = boards(SHARED, "2024-01", "2024-09").head(207_000)
    start, end = posts["published_at"][0], posts["published_at"][-1]
    since = (pl.col("published_at") - start) * (timedelta(days=29) / (end - start))
    posts = posts.with_columns(published_at=(start + since).cast(posts["published_at"].dtype))
    cut = words(posts)
    known = posts.head(200_000).select("post_id", story_id="s_" + pl.col("post_id").first().over("title"))
    begin = time.process_time()
    stories.group(posts, cut, known)
    print(f"7,000 posts after 200,000: {time.process_time() - begin:.1f} CPU s")


def main() -> None:
    if "protocol" in sys.argv:
        for name in SETS:
            protocol(name)
    elif "speed" in sys.argv:
        speed()
    else:
        judge()


if __name__ == "__main__":
    main()
