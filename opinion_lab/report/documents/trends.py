"""What is more than usual, as people read it: the frames (`of`), and one function a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from opinion_lab.analyse import stories, trends
from opinion_lab.analyse.trends import backtest, events
from opinion_lab.analyse.trends.backtest import Replay
from opinion_lab.report import figures, page, wording
from opinion_lab.report.documents import keys, tables
from opinion_lab.report.documents.daily import stories as days
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.page import Shown
from opinion_lab.report.wording import backtests, courses

WEEK = timedelta(days=7)
SHORTEST, FEWEST = 4, 100  # days and posts below which nothing can be called usual
CELLS = 5_000_000  # of a table of keys by bins: more would not fit beside everything else on a small computer
#: Stretches and words that are looked at, and events of them that are listed.
WEIGHED, EVENTS = 120, 12
USUAL = "平时值只按此前的日子估计：水平、钟点、星期几（含节假日和调休）；每年固定的高峰（3·15、国庆等）另作处理。"


@dataclass(frozen=True)
class Found:
    """A stretch of days in frames: `looks` (tables.looks), `total` and `counts` (Count), `unusual` (Burst).

    `holes` as trends.holes; `alerts` (events.ALERT, title, times, chance, size, danger, words) are the stories of which
    to tell, those that are about harm to people first, then the largest; `counts` and `unusual` are by the key asked
    for, `total` is of everything.
    """

    lab: Desk
    needs: str
    posts: pl.DataFrame
    behind: pl.DataFrame
    tokens: pl.DataFrame
    post_stories: pl.DataFrame
    looks: pl.DataFrame
    holes: pl.DataFrame
    total: pl.DataFrame
    counts: pl.DataFrame
    unusual: pl.DataFrame
    alerts: pl.DataFrame
    replay: Replay
    least: int
    budget: int
    end: datetime

    @cached_property
    def rising(self) -> pl.DataFrame:
        """The words that rose in the last week (tables.examples), as people write them."""
        since = self.end - WEEK
        rows = trends.rising(self.tokens, self.posts, since=since, until=self.end).head(WEIGHED)
        return tables.as_written(tables.examples(rows, self.posts, self.tokens, since=since), "word", self.posts)


def of(
    lab: Desk,
    since: str = "",
    until: str = "",
    *,
    key: str = "words",
    every: str = "1h",
    budget: int = 3,
    quiet: str = "",
    relevant: bool = False,
) -> Found:
    """What is unusual from day to day by a key (keys.KEYS), as an alert that knew nothing later would have told it.

    The bar that alerts must pass comes from replaying the lab's own archive, where it is long enough.
    """
    first, last = lab.store.period(since, until)
    zone, peaks, hours = lab.zone, lab.rules.annual_peaks, keys.hours(quiet)
    posts = lab.posts(first, last, where=pl.col("relevant") | (not relevant))
    tokens, sightings, post_stories = lab.plain(posts)[1], lab.sightings(first, last), lab.post_stories(first, last)
    looks = tables.looks(posts, sightings, tokens)
    holes = trends.holes(looks, time="at", zone=zone)
    titles = lab.describe(posts, post_stories).select("story_id", "title")
    mine = stories.about(posts, post_stories)
    mine = mine if mine.height else post_stories  # nothing is watched for: everything is
    keyed = keys.column(posts, tokens, key, lab, post_stories.join(titles, on="story_id"))
    at_once = stories.group(posts, tokens) if (last - first).days >= backtest.SHORTEST else None
    replay = backtest.run(
        keyed,
        mine,
        key="key",
        every=every,
        budget=budget,
        holes=holes,
        peaks=peaks,
        zone=zone,
        # what is an event is told from the end: stories found by day know less
        truth=at_once if at_once is None or mine is post_stories else stories.about(posts, at_once),
    )
    bar = backtests.bar(replay)
    rows = trends.behind(keyed, key="key", every=every, zone=zone)
    lively = trends.lively(rows, min_n=bar["min_n"], cells=CELLS)
    counts = trends.count(lively, key="key", every=every, holes=holes, time="bin", zone=zone)
    unusual = trends.watch(counts, budget=budget, behind=rows, quiet=hours, peaks=peaks, zone=zone, **bar)
    least = replay.least if replay.since else events.least(posts, mine, budget=budget, zone=zone)
    reached = events.told(events.reached(posts, mine, least=least), budget=budget, zone=zone, quiet=hours)
    sizes = lab.describe(posts, post_stories).select("story_id", "title", size="n_posts")
    reached = reached.join(sizes, on="story_id", how="left", maintain_order="left")
    reached = reached.with_columns(chance=pl.lit(replay.chance.share if replay.chance else None, pl.Float64))
    ranked = keys.ranked(reached, unusual, posts, lab.rules.grades).with_columns(times=pl.len().over("story_id"))
    # raised again days later, it is still one story
    once = ranked.unique("story_id", keep="first", maintain_order=True)
    return Found(
        lab=lab,
        needs=_needs(posts),
        posts=posts,
        behind=rows,
        tokens=tokens,
        post_stories=post_stories,
        looks=looks,
        holes=holes,
        total=trends.count(looks, key=pl.lit("全部所见"), every=every, holes=holes, time="at", zone=zone),
        counts=counts,
        unusual=unusual,
        alerts=once,
        replay=replay,
        least=least,
        budget=budget,
        end=days.day_end(last, zone),
    )


def _needs(posts: pl.DataFrame) -> str:
    """What there is too little of for saying what is usual; nothing where there is enough."""
    n, span = posts.height, posts["day"].n_unique()
    if n >= FEWEST and span >= SHORTEST:
        return ""
    return f"趋势至少要{SHORTEST}天、{FEWEST}条帖文，才说得出“平时”是多少；现有{span}天、{wording.count(n)}。"


def title(found: Found) -> Shown:
    """The report's title."""
    return page.title(f"趋势发现：{wording.period(found.posts, found.lab.zone)}")


@tables.where_enough
def coverage(found: Found) -> Any:
    """Hours in which nothing at all was collected, as a picture where there are any."""
    zone = found.lab.zone
    counts = trends.count(found.looks, key="platform", every="1h", holes=found.holes, time="at", zone=zone)
    whole = wording.total(counts)["n"].null_count() == 0
    return page.finding(f"{wording.coverage(counts, zone=zone)}。") if whole else figures.coverage(counts, zone=zone)


@tables.where_enough
def holes(found: Found) -> Shown:
    """When nothing was collected, the longest first."""
    columns = {"platform": "平台", "start": "开始", "end": "结束", "expected": "平时约有"}
    rows = found.holes.sort("expected", descending=True).with_columns(pl.col("expected").round(0))
    caption = "个别平台没有采到的时段，长的在前（按缺失处理，不算零）"
    return page.table(rows, columns, caption, most=10, nothing="没有发现采集缺口。")


@tables.where_enough
def total(found: Found) -> Any:
    """Everything against what is usual."""
    zone = found.lab.zone
    return figures.against_baseline(found.total, trends.intervals(found.total, levels=1, zone=zone), zone=zone)


@tables.where_enough
def changes(found: Found) -> Shown:
    """The steps of the whole volume."""
    columns = {"start": "从", "end": "到", "n": "所见", "usual": "按平均水平应有", "times": "倍数"}
    rows = trends.changes(found.total, zone=found.lab.zone).filter(pl.len() > 1)  # one step is none
    return page.table(rows, columns, "所见总量分成几个台阶（变点）", most=20, nothing="总量没有明显的台阶。")


def summary(found: Found) -> Shown:
    """How many alerts of how many unusual stretches."""
    if found.needs:
        return page.finding(found.needs)
    rare = found.behind["key"].n_unique() - found.counts["key"].n_unique()
    text = wording.unusual(found.unusual, found.counts, zone=found.lab.zone)
    return page.together(
        page.finding(wording.alerts(found.alerts) + text, found.posts),
        page.note(f"另有{wording.number(rare)}个少见的对象，从不成群出现，没有逐时统计。" if rare else ""),
        page.note(courses.caveats(trends.caveats(found.counts, found.lab.zone)) or USUAL),
    )


@tables.where_enough
def alerts(found: Found) -> Shown:
    """The alerts, what endangers people first, then the largest; and where their bar comes from."""
    columns = {
        "raised": "报出时刻",
        "times": "共报几次",
        "what": ("什么", "verbatim"),
        "posts": ("当时帖文", "posts"),
        "size": "至今共",
        "chance": ("把握", "percent"),
        "says": ("首条依据", "verbatim"),
    }
    if found.replay.chance is None:
        columns.pop("chance")
    rows = keys.alerts(found.alerts, found.posts)
    caption = "预警，一件事一条：涉及人身安全的在前，再按大小（括号里是这件事里突增的词）"
    return page.together(
        page.table(rows, columns, caption, most=12, nothing="没有预警。"),
        page.note(backtests.barred(found.replay, found.least, budget=found.budget)),
    )


@tables.where_enough
def strongest(found: Found) -> Any:
    """The key that rose the most against what is usual."""
    # an alert is a story here: no key is called one beside the table of alerts
    told = found.unusual.filter("alert").with_columns(alert=pl.lit(False))
    return figures.against_baseline(found.counts, told, zone=found.lab.zone)


@tables.where_enough
def looking_back(found: Found) -> Shown:
    """The unusual stretches as they look from the end."""
    columns = {
        "key": ("对象", "verbatim"),
        "level": "层级",
        "start": "开始",
        "peak": "最高",
        "end": "结束",
        "posts": ("帖文", "posts"),
        "expected": "平时约",
    }
    rows = tables.innermost(trends.intervals(found.counts, zone=found.lab.zone)).head(WEIGHED)
    rows = tables.posts_between(rows.with_columns(pl.col("expected").round(1)), found.behind)
    rows = tables.as_written(tables.by_event(rows, "key", found.post_stories, most=EVENTS), "key", found.posts)
    caption = "事后划定的突发时段，一件事一行（时段和平时值是最强的那个对象的）：层级越高，密度每级翻一番"
    return page.table(rows, columns, caption, nothing="事后看也没有突发时段。")


@tables.where_enough
def rising_words(found: Found) -> Any:
    """These words as a picture, where there are any."""
    return figures.rising_words(found.rising, most=EVENTS) if found.rising.height else None


@tables.where_enough
def examples(found: Found) -> Shown:
    """The words that rose in the last week, each with a post that says it."""
    columns = {"word": "词", "posts": ("近七天帖文", "posts"), "before": "之前七天", "text": ("一条原话", "verbatim")}
    rows = tables.by_event(found.rising, "word", found.post_stories, most=EVENTS)
    caption = "上升的词，一件事一行（之前七天和原话是第一个词的）"
    return page.table(rows, columns, caption, nothing="没有明显上升的词。")


@tables.where_enough
def new_words(found: Found) -> Shown:
    """Words of the last week that no dictionary has."""
    columns = {
        "word": "新词",
        "posts": ("近七天帖文", "posts"),
        "before": "按此前折算",
        "first_at": "首见",
        "text": ("一条原话", "verbatim"),
    }
    rows = tables.new_words(found.posts, found.lab.rules.lexicon, since=found.end - WEEK, most=WEIGHED // 2)
    rows = tables.as_written(tables.by_event(rows, "word", found.post_stories, most=EVENTS), "word", found.posts)
    caption = "近七天冒出的词和短语，一件事一行（词典里没有；事件常以新名字出现）"
    return page.table(rows, columns, caption, nothing="近七天没有词典以外的新词。")


@tables.where_enough
def replayed(found: Found) -> Shown:
    """How right and how soon the alerts would have been."""
    replay, told = found.replay, page.finding(backtests.finding(found.replay))
    if replay.table.is_empty():
        return told
    told = page.together(told, page.note(backtests.truth(replay, budget=found.budget, zone=found.lab.zone)))
    rows = tables.replayed(replay, found.posts)
    if rows.is_empty():  # noughts of nothing
        return told
    columns = {
        "text": ("预警或真事的首条", "verbatim"),
        "at": "报出，没报的为首现",
        "verdict": "对错",
        "posts": ("帖文", "posts"),
    }
    return page.together(
        told,
        page.table(replay.table.head(1), backtests.COLUMNS, "预警的成绩"),
        page.note(backtests.NOTE),
        page.folded("回放里的每条预警和没报的真事，点开看帖文", page.table(rows, columns, most=200)),
    )


def sources(found: Found) -> Shown:
    """What the report stands on."""
    return page.provenance(found.lab.store, found.posts, 所见次数=found.looks.height, 预警=found.alerts.height)
