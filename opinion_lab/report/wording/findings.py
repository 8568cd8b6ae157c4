"""Findings in Chinese: the finding first, the number second, the caveat third.

A sentence here is the title of a figure of the same name in `figures`, and may stand in the text as well. Sentences
take plain frames and say "没有数据" when there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

import polars as pl

from opinion_lab.report.wording.courses import burst
from opinion_lab.report.wording.phrases import (
    NAMES,
    NOTHING,
    RANK,
    added,
    bin_name,
    count,
    duration,
    each,
    holes,
    name,
    number,
    percent,
    sentence,
    several_years,
    step,
    time,
    total,
)


def volume(counts: pl.DataFrame, *, zone: tzinfo) -> str:
    """When most was said, and how much in all (Count)."""
    bins, width = total(counts), step(counts)
    seen = bins.drop_nulls("n")
    if seen.is_empty():
        return "这段时间没有采集到数据" if counts.height else NOTHING
    if not added(seen["n"]):
        return f"从{time(bins['bin'][0], zone)}起一条也没有出现"
    top = seen.sort("n", "bin", descending=[True, False]).row(0, named=True)
    when = bin_name(top["bin"], width, zone, year=several_years(bins["bin"], zone))
    said = f"{when}最多，{each(width)}{number(top['n'])}条；图中共{count(added(seen['n']))}"
    missing = bins.height - seen.height
    return said + (f"（另有{duration(missing * width)}没有采集）" if missing else "")


def against_baseline(counts: pl.DataFrame, bursts: pl.DataFrame, *, zone: tzinfo) -> str:
    """How often one key rose above what is usual, and when most (Count and Burst of that key)."""
    if counts["n"].drop_nulls().is_empty():
        return NOTHING
    key, width = counts["key"][0], step(counts)
    if bursts.is_empty():
        return f"“{key}”没有异常升高，最多{each(width)}{number(max(counts['n'].drop_nulls()))}条"
    top = bursts.sort("strength", "start", descending=[True, False]).row(0, named=True)
    alerts = bursts["alert"].sum()
    said = f"“{key}”异常升高{bursts.height}次" + (f"，其中{alerts}次预警" if alerts else "")
    usual = f"平时约{number(round(top['expected']))}条"
    when = bin_name(top["peak"], width, zone, year=several_years(counts["bin"], zone))
    return f"{said}；最强在{when}前后，共{number(top['n'])}条，{usual}"


def shares(posts: pl.DataFrame, column: str) -> str:
    """Which value of `platform`, `kind`, `author_kind` … is most, and which next (Post)."""
    if posts.is_empty():
        return NOTHING
    ranked = posts.group_by(pl.col(column).cast(pl.String)).len().sort("len", column, descending=[True, False])
    parts = [f"{name(column, c)}占{percent(n, posts.height)}（{count(n)}）" for c, n in ranked.head(3).iter_rows()]
    if ranked.height == 1 and ranked[column][0] == "unknown":
        return f"{count(posts.height)}都不知道是哪类账号"
    if ranked.height == 1:
        return f"全部来自{name(column, ranked[column][0])}，共{count(posts.height)}"
    return "最多的是" + "，其次".join(parts[:2]) + (f"，再次{parts[2]}" if len(parts) > 2 else "")


def cascade_levels(levels: pl.DataFrame) -> str:
    """How deep the reposts went and where most of them stand; `levels` has depth (0 = the first post) and n."""
    spread = levels.filter((pl.col("depth") > 0) & (pl.col("n") > 0)).sort("n", "depth", descending=[True, False])
    if spread.is_empty():
        return "没有看到转发" if levels.height else NOTHING
    top = spread.row(0, named=True)
    share = percent(top["n"], added(spread["n"]))
    return f"转发到第{max(spread['depth'].to_list())}层为止，{share}在第{top['depth']}层（{count(top['n'])}）"


def cascade_growth(posts: pl.DataFrame) -> str:
    """How soon half of the posts were there (Post)."""
    if posts.height < 2:
        return NOTHING if posts.is_empty() else "只有一条，没有扩散"
    times = posts["published_at"].sort()
    half = times[(posts.height + 1) // 2 - 1] - times[0]
    return f"一半在头{duration(half)}内发出；前后共{duration(times[-1] - times[0])}，{count(posts.height)}"


def topics_over_time(counts: pl.DataFrame, *, zone: tzinfo) -> str:
    """Which topic (key) had the highest single bin, and how much of it fell there (Count)."""
    seen = counts.drop_nulls("n").filter(pl.col("n") > 0)
    if seen.is_empty():
        return NOTHING
    top = seen.sort("n", "key", "bin", descending=[True, False, False]).row(0, named=True)
    share = percent(top["n"], added(seen.filter(pl.col("key") == top["key"])["n"]))
    when = bin_name(top["bin"], step(counts), zone, year=several_years(counts["bin"], zone))
    return f"“{top['key']}”在{when}最集中：{number(top['n'])}条，占这个话题的{share}"


def topic_sizes(topics: pl.DataFrame) -> str:
    """The largest topic, and the share that fits none (Topic)."""
    ranked = topics.filter(pl.col("topic_id") >= 0).sort("n_posts", "topic_id", descending=[True, False])
    if ranked.is_empty():
        return NOTHING
    top, rest = ranked.row(0, named=True), float(topics.filter(pl.col("topic_id") < 0)["share"].sum())
    said = f"最大的话题是“{top['label']}”，占{percent(top['share'])}（{count(top['n_posts'])}）"
    return said + (f"；{percent(rest)}归不进任何话题" if rest else "")


def rising_words(words: pl.DataFrame) -> str:
    """The word that rose most (word, n, before, score)."""
    if words.is_empty():
        return NOTHING
    top = words.sort("score", "word", descending=[True, False]).row(0, named=True)
    return f"“{top['word']}”升得最明显：{number(top['n'])}条，之前同样长的时间约{number(round(top['before'], 1))}条"


def level_trail(grades: pl.DataFrame, *, zone: tzinfo) -> str:
    """The highest level proposed, the latest one, and whether a person has confirmed it (Grade)."""
    if grades.is_empty():
        return NOTHING
    steps = grades.sort("at").with_columns(rank=pl.col("level").cast(pl.String).replace_strict(RANK))
    top, last = steps.sort("rank", "at").row(0, named=True), steps.row(-1, named=True)
    year = several_years(steps["at"], zone)
    said = f"建议级别最高为{top['level']}级（{time(top['at'], zone, year=year)}起）"
    if last["level"] != top["level"]:
        since = steps["at"][int((steps["level"] != last["level"]).arg_true()[-1]) + 1]
        said += f"，最新为{last['level']}级（{time(since, zone, year=year)}起）"
    return said + ("；已有人确认" if last["confirmed_by"] else "；尚待人工确认")


def coverage(counts: pl.DataFrame, *, zone: tzinfo) -> str:
    """How much of the time nothing was collected, and the longest stretch of it (Count)."""
    if counts.is_empty():
        return NOTHING
    bins, width = total(counts), step(counts)
    missing = bins["n"].null_count()
    whole = duration(bins.height * width)
    if not missing:
        return f"{whole}里每个时段都有平台采到"
    top = holes(bins).row(0, named=True)
    start = time(top["start"], zone, year=several_years(bins["bin"], zone))
    since = f"从{start}起，长{duration(top['len'] * width)}"
    return f"{whole}中有{duration(missing * width)}没有采集；最长一段{since}"


# --- whole reports ---------------------------------------------------------------------------------------------


def period(posts: pl.DataFrame, zone: tzinfo) -> str:
    """From which day to which the posts go: 2026年8月31日至9月27日."""
    if posts.is_empty():
        return NOTHING
    times = posts["published_at"].sort()
    first, last = times[0].astimezone(zone), times[-1].astimezone(zone)
    end = f"{last.year}年" * (first.year != last.year) + f"{last.month}月{last.day}日"
    start = f"{first.year}年{first.month}月{first.day}日"
    return start if first.date() == last.date() else f"{start}至{end}"


def topics(found: pl.DataFrame, total: int) -> str:
    """The largest topics of how many posts (Topic)."""
    named = found.filter(pl.col("topic_id") >= 0)
    if named.is_empty():
        return "没有分出话题。"
    most = [f"“{label}”{percent(share)}" for label, share in named.head(3).select("label", "share").iter_rows()]
    return f"{count(total)}里分出{named.height}个话题，最多的是{'、'.join(most)}。"


def lineage(changes: pl.DataFrame) -> str:
    """What became of the topics since the last run (lineage.match)."""
    if changes.is_empty():
        return "没有更早的一次可比：下次运行起，会说明哪些话题延续、新出现、分裂、合并或消失。"
    parts = []
    for what, called in NAMES["lineage"].items():
        labels = changes.filter(pl.col("what") == what)["label"].to_list()
        named = "：" + "、".join(f"“{label}”" for label in labels[:3]) + "等" * (len(labels) > 3)
        parts += [f"{called}{len(labels)}个{'' if what == 'continued' else named}"] if labels else []
    return "与上次相比，" + "；".join(parts) + "。"


def lineage_table(changes: pl.DataFrame) -> pl.DataFrame:
    """The changes (lineage.match) as people read them, with `why`."""
    why = [sentence("lineage", {"rule": row["what"], **row}) for row in changes.iter_rows(named=True)]
    what = pl.col("what").replace_strict(NAMES["lineage"], return_dtype=pl.String)
    return changes.with_columns(what, pl.col("before").list.join("；"), why=pl.Series(why, dtype=pl.String))


def alerts(alerts: pl.DataFrame) -> str:
    """How many events to look at, and the first of them (events.ALERT, title, size)."""
    if alerts.is_empty():
        return "没有哪件事够得上预警。"
    first = alerts.row(0, named=True)
    return f"{alerts.height}件事列为预警；最该先看的是“{first['title']}”，至今{count(first['size'])}。"


def unusual(bursts: pl.DataFrame, counts: pl.DataFrame, *, zone: tzinfo) -> str:
    """How many unusual stretches, over how many keys (Burst, Count)."""
    keys = number(counts["key"].n_unique())
    if bursts.is_empty():
        return f"{keys}个对象都没有明显高于平时。"
    raised = bursts.filter("alert")
    strongest = raised.sort("strength", "key", descending=[True, False]).row(0, named=True) if raised.height else None
    year = several_years(counts["bin"], zone)
    top = f"最强的是“{strongest['key']}”：{burst(strongest, zone=zone, year=year)}" if strongest else "都不到门槛"
    found = f"{keys}个对象里有{number(bursts.height)}段高于平时"
    return f"{found}；{top.rstrip('。')}。"


def routes(routed: pl.DataFrame, texts: Sequence[str]) -> list[str]:
    """One line a text (post_id: its place among `texts`): sections, or whose it is, the chance, and what to do."""
    rows = routed.group_by("post_id", maintain_order=True).agg(pl.all()).to_dicts()
    return [_routed(row, texts[int(row["post_id"])]) for row in rows]


def _routed(row: dict[str, list], text: str) -> str:
    why, chance = row["why"][0], row["chance"][0]
    where = "、".join(filter(None, row["line"]))
    if why == "not_ours":
        where = f"职责外（{row['who'][0]}）"
    elif why == "unclear":
        where = f"拿不准（最像：{'、'.join(row['likeliest'][0])}）"
    where = where or "归不了"
    sure = f"，把握{percent(chance)}" if chance is not None and why != "unclear" else ""
    note = f"。{name('routed', why)}" if why else ""
    return f"{text[:30]}{'…' if len(text) > 30 else ''} → {where}{sure}{note}"
