"""The daily brief in frames and sentences: what is new, how grave, who must answer, what may have slipped through."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse import attitude, stories, trends
from opinion_lab.judge import grading
from opinion_lab.judge.deadlines import clocks
from opinion_lab.report import wording
from opinion_lab.report.wording import phrases
from opinion_lab.report.wording.response import levels as sentences
from opinion_lab.rules.expectations import AnnualPeaks
from opinion_lab.rules.grades import Grades

WEEK = timedelta(days=7)
FEWEST = 3  # posts in a week from which a story is worth a line
VOICES = 2  # people from whom on a section is told to answer a demand: what one says may be asked of nobody
FEWEST_ALERT = 10  # posts below which a story is no alert, however sudden
DANGER = ("harm", "minors")  # the red lines that are about harm to people
ATTITUDE = "怒|气愤|投诉|举报|不管|推诿|敷衍|骗|坑|赔|退|凭什么|为什么|怎么还|呵呵|失望|担心|害怕"


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """Midnight after `day` in `zone`."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(ZoneInfo("UTC"))


def alerts(
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    trails: pl.DataFrame,
    *,
    day: date,
    zone: ZoneInfo,
    budget: int,
    peaks: AnnualPeaks,
    holes: pl.DataFrame | None = None,
    days: int = 1,
) -> pl.DataFrame:
    """What people should look at of the last `days` up to `day` (Burst, and `title`), at most `budget` of each day.

    First stories that came to meet a red line (`trails`, as `trails` gives them), the most dangerous to people first;
    then those of which more was said than is usual. A story counts as one thing, however many its words.
    """
    until = day_end(day, zone)
    since = until - timedelta(days=days)
    joined = posts.join(post_stories, on="post_id")
    counts = trends.count(joined, key="story_id", every="1h", holes=holes, min_total=10, until=until, zone=zone)
    found = trends.watch(counts, budget=budget, now=until, min_n=FEWEST_ALERT, peaks=peaks, zone=zone)
    found = found.filter(pl.col("alert") & (pl.col("end") > since))
    inside = joined.select("post_id", "published_at", key="story_id").join(
        found.select("key", "start", "end"), on="key"
    )
    inside = inside.filter((pl.col("published_at") >= pl.col("start")) & (pl.col("published_at") < pl.col("end")))
    ids = inside.group_by("key", "start").agg(behind=pl.col("post_id"))
    found = found.join(ids, on=["key", "start"], how="left", maintain_order="left")
    found = found.with_columns(posts=pl.coalesce("behind", "posts")).drop("behind")
    grave = _red_lines(joined, trails, since=since, until=until)
    found = pl.concat([grave, found.join(grave, on="key", how="anti")]).with_row_index("rank")
    danger = pl.col("key").replace_strict(_danger(trails), default=0.0, return_dtype=pl.Float64)
    lined = pl.col("why").list.eval(pl.element().struct.field("rule") == "red_line").list.any()
    found = found.with_columns(
        lined=lined.fill_null(False),
        danger=danger,
        on=pl.coalesce("raised", "start").dt.convert_time_zone(str(zone)).dt.date(),
    )
    order = ["lined", "danger", "strength", "key"]
    found = found.sort("on", *order, descending=[True, True, True, True, False])
    found = found.filter(pl.int_range(pl.len()).over("on") < budget)
    found = found.sort(pl.col("on") == day, "danger", "lined", "on", *order[2:], descending=[True] * 5 + [False])
    found = found.drop("rank", "lined", "danger", "on")
    titles = stories.describe(posts, post_stories).select("story_id", "title")
    return found.join(titles, left_on="key", right_on="story_id", how="left", maintain_order="left")


def _red_lines(joined: pl.DataFrame, trails: pl.DataFrame, *, since: datetime, until: datetime) -> pl.DataFrame:
    """The stories that came to meet a red line between two moments (Burst), by what they met (why)."""
    rows = []
    alert = {"level": 1, "step": timedelta(hours=1), "going_on": True, "expected": 0.0, "strength": 0.0, "alert": True}
    for (story_id,), trail in trails.group_by("story_id", maintain_order=True):
        before: set[str] = set()
        for grade in trail.sort("at").iter_rows(named=True):
            met = {f["about"]: f for f in grade["reasons"] if f["rule"] == "red_line"}
            at = grade["at"]
            if met.keys() - before and since < at <= until:
                mine = joined.filter((pl.col("story_id") == story_id) & (pl.col("published_at") <= at))
                lately = mine.filter(pl.col("published_at") > at - timedelta(days=1))
                times = (lately if lately.height else mine)["published_at"]
                when = {"start": times.min(), "peak": times.max(), "end": at, "raised": at}
                told = {"key": story_id, "together": [story_id], "posts": mine["post_id"].to_list(), "n": lately.height}
                rows.append(alert | when | told | {"why": [f for k, f in met.items() if k not in before]})
                break
            before = set(met)
    return schemas.Burst.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Burst).schema), cast=True)


def _danger(trails: pl.DataFrame) -> dict[str, float]:
    """By story, in how many posts people came to harm, at the worst hour."""
    facts = trails.select("story_id", f=pl.col("reasons").list.concat("would_raise")).explode("f").unnest("f")
    harm = facts.filter((pl.col("rule") == "red_line") & (pl.col("about") == "harm"))
    return dict(harm.group_by("story_id").agg(pl.col("value").max().fill_null(0.0)).iter_rows())


def trails(
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    *,
    day: date,
    zone: ZoneInfo,
    rules: Grades,
    own: Collection[str],
    decisions: pl.DataFrame | None = None,
    attitudes: attitude.Model | None = None,
    most: int = 8,
) -> pl.DataFrame:
    """The level hour by hour (Grade) of the stories of the week that ends with `day`, those of the day first.

    `decisions`: levels that people confirmed (see grading.trail) and that are known when the day is looked at.
    Stories with fewer than 3 posts are left out.
    """
    until = day_end(day, zone)
    joined = posts.filter(pl.col("published_at") < until).join(post_stories, on="post_id")
    week = pl.col("published_at") >= until - WEEK
    size = joined.group_by("story_id").agg(today=(pl.col("day") == day).sum(), week=week.sum())
    size = size.filter(pl.col("week") >= FEWEST)
    chosen = size.sort(pl.col("today") >= FEWEST, "today", "week", "story_id", descending=[True, True, True, False])
    held: dict[str, Any] = {
        "past": grading.past(joined.drop("story_id"), post_stories, own=own),
        "own": own,
        "visible_from": grading.answers_visible_from(joined, own),
        "decisions": decisions,
        "until": until,
        "attitudes": attitudes,
    }
    rows = [schemas.empty(schemas.Grade)]
    for story_id in chosen["story_id"].head(most):
        mine = joined.filter(pl.col("story_id") == story_id).drop("story_id")
        rows.append(grading.trail(mine, rules, story_id=story_id, **held))
    return pl.concat(rows)


def levels(
    posts: pl.DataFrame, post_stories: pl.DataFrame, trails: pl.DataFrame, *, day: date, zone: ZoneInfo
) -> pl.DataFrame:
    """The stories of `trails` with their level, gravest of the week first, and the most dangerous to people.

    Story columns; today, week, whole (lists of post_ids); level and confirmed_by at the end of the day, the gravest of
    the week (top) and when it was first reached (top_at), and the reason of that.
    """
    until = day_end(day, zone)
    known = posts.filter(pl.col("published_at") < until)
    joined = known.join(post_stories, on="post_id").join(trails.select("story_id").unique(), on="story_id", how="semi")
    ids = pl.col("post_id")
    sizes = joined.group_by("story_id").agg(
        today=ids.filter(pl.col("day") == day), week=ids.filter(pl.col("published_at") >= until - WEEK), whole=ids
    )
    rows = []
    for story_id, trail in trails.group_by("story_id", maintain_order=True):
        last = trail.sort("at").row(-1, named=True)
        week = trail.filter(pl.col("at") > until - WEEK).sort("level", "at")
        top = last if last["confirmed_by"] else week.row(0, named=True)
        top = last if top["level"] == last["level"] else top
        gist = sentences.gist(top, zone=zone)
        rows.append((story_id[0], last["level"], last["confirmed_by"], top["level"], top["at"], gist))
    words = dict.fromkeys(("story_id", "level", "confirmed_by", "top"), pl.String())
    schema = {**words, "top_at": pl.Datetime("us", "UTC"), "reason": pl.String()}
    danger = pl.col("story_id").replace_strict(_danger(trails), default=0.0, return_dtype=pl.Float64)
    graded = pl.DataFrame(rows, schema=schema, orient="row").with_columns(danger=danger)
    described = stories.describe(known, post_stories.join(joined, on="post_id", how="semi"))
    # Ⅰ comes before Ⅳ in the order of their code points too
    order = [
        pl.col("top"),
        -pl.col("danger"),
        -pl.col("today").list.len().cast(pl.Int64),
        -pl.col("week").list.len().cast(pl.Int64),
    ]
    return graded.join(sizes, on="story_id").join(described, on="story_id").sort(*order, "story_id")


def summary(
    today: pl.DataFrame, before: pl.DataFrame, alerts: int, levels: pl.DataFrame, *, day: date, until: str
) -> str:
    """The day in two sentences: what stands out, then how much was said against the usual.

    `before`: the posts of the seven days before, within the same hours where the day is not over (`until` says when).
    """
    if today.is_empty():
        return f"{day.month}月{day.day}日没有与关注词有关的帖文。请先看“哪些可能看漏了”，确认不是采集中断。"
    graver = levels.filter(pl.col("level") != "Ⅳ")
    head = _level(graver.row(0, named=True)) if graver.height else "眼下没有高于Ⅳ级的事件"
    alert = f"{alerts}条预警" if alerts else "没有预警"
    n = f"今日帖文{wording.number(today.height)}条"
    if not before.height:
        return f"{head}；{alert}。{n}；没有更早的数据可比。"
    usual = before.height / max(1, before["day"].n_unique())
    hours = f"（当天数据只到{until}，比的是同一时段）" if until else ""
    return f"{head}；{alert}。{n}，{wording.change(usual, today.height, '前七天日均')}{hours}。"


def _level(row: dict[str, Any]) -> str:
    if row["confirmed_by"]:
        return f"“{row['title']}”由{row['confirmed_by']}确认为{row['level']}级"
    return f"“{row['title']}”建议{row['level']}级（待人工确认）"


def voices(posts: pl.DataFrame, post_stories: pl.DataFrame, *, most: int = 8) -> pl.DataFrame:
    """What people say, in their own words: one post a story, critics first, the most copied first among them.

    Post columns and `copies`, the posts of the day that say the same.
    """
    same = pl.coalesce("copy_of", "post_id")
    copies = posts.group_by(same.alias("same")).agg(copies="post_id")
    people = posts.filter(
        ~clocks.official([]) & (pl.col("text").str.len_chars() >= 10) & (pl.col("author_kind") != "media")
    )
    ranked = (
        people.with_columns(same=same)
        .join(copies, on="same")
        .join(post_stories, on="post_id")
        .with_columns(critic=pl.col("text").str.contains(ATTITUDE), n=pl.col("copies").list.len())
        .sort("critic", "n", "published_at", "post_id", descending=[True, True, False, False])
    )
    return ranked.unique("story_id", keep="first", maintain_order=True).head(most)


def each(posts: pl.DataFrame, rules: Grades) -> pl.DataFrame:
    """Posts with `says`, those that may speak of harm to people first, then of children; by unit and time."""
    words = {line.id: [*line.words, *line.also] for line in rules.red_line if line.kind == "words"}
    danger = [pl.col("says").str.contains_any(words.get(i, ["\x00"])) for i in DANGER]
    return phrases.says(posts).sort(*danger, "unit", "published_at", descending=[True, True, False, False])


def advice(levels: pl.DataFrame, demands: pl.DataFrame, rules: Grades) -> pl.DataFrame:
    """Who should do what, and because of what: the plan's measures for the gravest story, then open demands."""
    rows: list[tuple[str, str, str]] = []
    graver = levels.filter(pl.col("level") != "Ⅳ")
    if graver.height:
        top = graver.row(0, named=True)
        for who, what in grading.measures(top["level"], rules).select("who", "what").iter_rows():
            rows.append((who, what, _level(top)))
    owed = demands.filter(~pl.col("answered") & (pl.col("n") >= VOICES))
    for row in owed.head(3).iter_rows(named=True):
        rows.append(
            ("承办科室", f"答复{phrases.name('demand', row['kind'])}“{row['key']}”", f"{row['n']:,}人提出，未见回应")
        )
    return pl.DataFrame(rows, schema=dict.fromkeys(("who", "what", "because"), pl.String), orient="row")
