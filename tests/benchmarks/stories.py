"""Stories on real posts: what was checked by reading, how steady they are from day to day, and how fast.

The hand check is in `tests/fixtures/stories`. `largest.csv`: numbers of the messages about the two largest matters, and
of the candidates that several searches found and reading turned down. `pairs.csv`: pairs drawn without a look at any
grouping (they share a rare word, the character pairs of their titles overlap by .12 to .6), labelled by reading;
`unsure` counts for nothing. Titles are there as the first 12 digits of their sha256.
"""

import hashlib
import re
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse import stories
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
    sizes, found = Counter(story.values()), {}
    for (matter,), rows in wanted.group_by("matter"):
        name, hits = Counter(story[p] for p in rows["post"]).most_common(1)[0]
        found[str(matter)] = 2 * hits / (rows.height + sizes[name])
    return found


def pairs(story: dict[str, str], kind: str) -> pl.DataFrame:
    """The labelled pairs of one kind (message, title) of which both are known, and whether they are together."""
    told = pl.read_csv(CHECKED / "pairs.csv", infer_schema=False).filter(pl.col("kind") == kind)
    both = told.filter(pl.col("a").is_in(story.keys()) & pl.col("b").is_in(story.keys()))
    same = [story[a] == story[b] for a, b in both.select("a", "b").iter_rows()]
    return both.with_columns(together=pl.Series(same, dtype=pl.Boolean))


def by_title(posts: pl.DataFrame, post_stories: pl.DataFrame) -> dict[str, str]:
    """The story of each title's first entry, titles as in `pairs.csv`."""
    first = posts.join(post_stories, on="post_id").sort("published_at", "post_id").unique("title", keep="first")
    return {hashlib.sha256(t.encode()).hexdigest()[:12]: s for t, s in first.select("title", "story_id").iter_rows()}


def same_titles(posts: pl.DataFrame, post_stories: pl.DataFrame) -> tuple[int, float]:
    """How many times a title came again within 72 hours, and the share of them that fell into one story."""
    seen = posts.join(post_stories, on="post_id").sort("title", "published_at", "post_id")
    gap, before = pl.col("published_at").diff().over("title"), pl.col("story_id").shift().over("title")
    again = seen.with_columns(gap=gap, before=before).filter(pl.col("gap") <= timedelta(hours=AGAIN_HOURS))
    return again.height, (again["story_id"] == again["before"]).sum() / max(again.height, 1)


def changed(before: pl.DataFrame, now: pl.DataFrame) -> float:
    """Of the pairs of old posts that are together before or now: the share that is not so both times."""
    both = before.join(now, on="post_id", suffix="_now")

    def n(*by: str) -> int:
        size = both.group_by(by).len()["len"].cast(pl.Int64)
        return int((size * (size - 1)).sum())

    old, new, stay = n("story_id"), n("story_id_now"), n("story_id", "story_id_now")
    return (old + new - 2 * stay) / max(old + new - stay, 1)


def steady(posts: pl.DataFrame, cut: pl.DataFrame, days: list[datetime]) -> tuple[float, float, pl.DataFrame]:
    """Mean share of old pairs that change from one of `days` to the next: grouped anew, continued; the last stories."""
    anew = known = schemas.empty(schemas.PostStory)
    moved: list[tuple[float, float]] = []
    for day in days:
        some = posts.filter(pl.col("published_at") <= day)
        said = cut.join(some, on="post_id", how="semi")
        now, goes_on = stories.group(some, said), stories.group(some, said, known)
        if anew.height:
            moved.append((changed(anew, now), changed(known, goes_on)))
        anew, known = now, goes_on
    return sum(a for a, _ in moved) / len(moved), sum(b for _, b in moved) / len(moved), known


def report(name: str, told: pl.DataFrame) -> None:
    for verdict in ("apart", "together"):
        rows = told.filter(pl.col("verdict") == verdict)
        right = (rows["together"] == (verdict == "together")).mean()
        print(f"  {name}: {rows.height} pairs labelled {verdict}: {right:.1%} are")


def main() -> None:
    posts = messages(SHARED)
    cut = words(posts)
    grouped = stories.group(posts, cut)
    story = dict(grouped.iter_rows())
    top = stories.describe(posts, grouped).head(3)
    print(f"messages: {posts.height}, largest stories {top['n_posts'].to_list()}, F1 of the two largest {f1(story)}")
    told = [pairs(story, "message")]
    report("messages", told[0])
    weeks = [*posts["published_at"].dt.truncate("1w").unique().sort().to_list()[-20:], posts["published_at"].max()]
    anew, goes_on, last = steady(posts, cut, weeks)
    print(f"  a week more changes {anew:.1%} of the old pairs grouped anew, {goes_on:.1%} continued")
    print(f"  F1 of the two largest, continued: {f1(dict(last.iter_rows()))}")

    same = [0, 0.0]
    entries: dict[str, str] = {}
    for month in MONTHS:
        posts = boards(SHARED, f"2024-{month:02}", f"2024-{month + 1:02}")
        cut = words(posts)
        grouped = stories.group(posts, cut)
        entries |= by_title(posts, grouped)
        n, share = same_titles(posts, grouped)
        same = [same[0] + n, same[1] + n * share]
    told.append(pairs(entries, "title").unique(["a", "b"]))
    report("titles", told[1])
    report("both", pl.concat(told))
    print(f"  {same[0]} titles again within 72 h: {same[1] / same[0]:.2%} in one story")
    days = posts["published_at"].dt.truncate("1d").unique().sort().to_list()[13:25]
    anew, goes_on, last = steady(posts, cut, days)
    print(f"  a day more changes {anew:.1%} of the old pairs grouped anew, {goes_on:.1%} continued")
    speed()


def speed() -> None:
    """Posts a CPU second: so many days of hot lists, and the same posts pressed into four weeks."""
    everything = boards(SHARED, "2024-01", "2024-09")
    for n in (50_000, 200_000):
        some = everything.head(n)
        for name in ("as they came", "in 28 days"):
            if name == "in 28 days":
                start, end = some["published_at"][0], some["published_at"][-1]
                since = (pl.col("published_at") - start) * (timedelta(days=28) / (end - start))
                some = some.with_columns(published_at=(start + since).cast(some["published_at"].dtype))
            cut = words(some)
            begin = time.process_time()
            stories.group(some, cut)
            took = time.process_time() - begin
            print(f"  {some.height:,} posts {name}: {took:.1f} CPU s, {some.height / took:,.0f} posts/s", flush=True)


if __name__ == "__main__":
    main()
