"""Numbers and findings in Chinese: the finding first, the number second, the caveat third.

A sentence here is the title of a figure of the same name in `figures`, and may stand in the text as well. Sentences
take plain frames and say "没有数据" when there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo
from functools import cache

import polars as pl

from opinion_lab import schemas

NOT_SAID = "未提供"
NOTHING = "没有数据"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)

#: What codes are called on paper, by column.
NAMES = {
    "kind": {
        "article": "文章",
        "post": "帖子",
        "repost": "转发",
        "comment": "评论",
        "board_entry": "热榜条目",
        "complaint": "投诉",
        "statement": "官方答复",
    },
    "author_kind": {
        "person": "个人",
        "media": "媒体",
        "government": "政府部门",
        "business": "企业",
        "unknown": "身份不明",
    },
    "phase": {"latent": "潜伏", "spreading": "扩散", "peak": "高峰", "declining": "消退", "ended": "平息"},
    "state": {"met": "按时", "missed": "超时", "open": "未到期", "unknown": "无法判断"},
    "known_by": {"parent": "平台标明", "chain": "转发文字", "root": "只知源头", "copy": "时间先后"},
    "verdict": {"reversed": "推翻", "changed": "改变", "added": "新增", "removed": "不再提"},
    "demand": {"ask": "诉求", "blame": "追责", "propose": "建议"},
}


def name(column: str, code: str | None) -> str:
    """What a code of `column` is called; an unknown code stays as it is."""
    return NOT_SAID if code is None else NAMES.get(column, {}).get(code, code)


@cache
def script(lang: str) -> Callable[[str], str]:
    """The converter to the lab's script: nothing for zh-Hans; for zh-Hant opencc's s2tw, and quotes as 「」."""
    if lang != "zh-Hant":
        return str
    import opencc

    convert = opencc.OpenCC("s2tw").convert
    quotes = str.maketrans("“”‘’", "「」『』")
    return lambda text: convert(text).translate(quotes)


# --- numbers and times -------------------------------------------------------------------------------------


def number(n: float | None) -> str:
    """12345 -> "12,345"; a fraction keeps one digit; null -> "未提供"."""
    if n is None:
        return NOT_SAID
    return f"{n:,.0f}" if float(n).is_integer() else f"{n:,.1f}"


def count(n: int | None, unit: str = "条") -> str:
    """212 -> "212条", 31900 -> "3.2万条", 120000000 -> "1.2亿条"; null -> "未提供"."""
    if n is None:
        return NOT_SAID
    for size, word in ((10**8, "亿"), (10**4, "万")):
        if round(abs(n) / size, 1) >= 1 and abs(n) >= size * 0.99995:
            return f"{n / size:.1f}".removesuffix(".0") + word + unit
    return f"{n:,}{unit}"


def percent(part: float | None, whole: float | None = 1) -> str:
    """Whole per cents; never "0%" for something nor "100%" for not all."""
    if part is None or not whole:
        return "无从计算"
    share = part / whole
    if 0 < share < 0.01:
        return "不到1%"
    return "超过99%" if 0.99 < share < 1 else f"{share:.0%}"


def change(before: float, after: float, than: str = "之前") -> str:
    """How `after` compares: 是之前的2.1倍, 比之前多35%, 比之前少20%, 与之前大致持平."""
    if not before:
        return f"{than}一条也没有"
    ratio = after / before
    if ratio >= 2:
        return f"是{than}的{number(round(ratio, 1) if ratio < 10 else round(ratio))}倍"
    if abs(ratio - 1) < 0.05:
        return f"与{than}大致持平"
    return f"比{than}{'多' if ratio > 1 else '少'}{percent(abs(ratio - 1))}"


def time(moment: datetime | None, zone: tzinfo, *, year: bool = False) -> str:
    """9月8日 12:20, in `zone`; null -> "未提供"."""
    if moment is None:
        return NOT_SAID
    local = moment.astimezone(zone)
    return f"{local.year}年" * year + f"{local.month}月{local.day}日 {local:%H:%M}"


def day(moment: datetime | None, zone: tzinfo, *, year: bool = False) -> str:
    """9月8日, in `zone`; null -> "未提供"."""
    return time(moment, zone, year=year).split(" ")[0]


def duration(span: timedelta | None) -> str:
    """63小时12分; from four days on 6天12小时; under a minute 45秒; null -> "未提供"."""
    if span is None:
        return NOT_SAID
    seconds = int(abs(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}秒"
    hours, minutes = divmod(seconds // 60, 60)
    if hours >= 96:
        return f"{hours // 24}天" + (f"{hours % 24}小时" if hours % 24 else "")
    if not hours:
        return f"{minutes}分钟"
    return f"{hours}小时" + (f"{minutes}分" if minutes else "")


def listing(items: Iterable[str], *, most: int = 3, unit: str = "项") -> str:
    """甲、乙、丙等5项; all of them when there are no more than `most`."""
    every = list(items)
    if not every:
        return "无"
    return "、".join(every[:most]) + (f"等{len(every)}{unit}" if len(every) > most else "")


# --- time bins ---------------------------------------------------------------------------------------------


def step(counts: pl.DataFrame) -> timedelta:
    """The width of the bins of a Count frame; an hour when a single bin does not tell."""
    gaps = counts["bin"].unique().sort().diff().drop_nulls()
    shortest = gaps.min()
    return shortest if isinstance(shortest, timedelta) else HOUR


def each(width: timedelta) -> str:
    """What one bin is called: 一小时, 一天, 一周, 15分钟."""
    return {HOUR: "一小时", DAY: "一天", WEEK: "一周"}.get(width) or duration(width)


def bin_name(moment: datetime, width: timedelta, zone: tzinfo) -> str:
    """Which bin: 9月8日18时, 9月8日, 9月7日起的一周."""
    if width >= WEEK:
        return f"{day(moment, zone)}起的{each(width)}"
    if width >= DAY:
        return day(moment, zone)
    local = moment.astimezone(zone)
    return f"{day(moment, zone)}{local.hour}时" if width == HOUR else time(moment, zone)


def total(counts: pl.DataFrame) -> pl.DataFrame:
    """`n` and `expected` summed over keys, one row a bin; null only where no key was collected."""
    added = [pl.when(pl.col(c).count() > 0).then(pl.col(c).sum()).alias(c) for c in ("n", "expected")]
    return counts.group_by("bin").agg(added).sort("bin")


def holes(bins: pl.DataFrame) -> pl.DataFrame:
    """Stretches of bins without collection (null `n`): start, end, len, longest first."""
    width = step(bins)
    runs = bins.sort("bin").with_columns(run=pl.col("n").is_null().rle_id()).filter(pl.col("n").is_null())
    spans = runs.group_by("run").agg(start=pl.col("bin").first(), end=pl.col("bin").last() + width, len=pl.len())
    return spans.drop("run").sort("len", "start", descending=[True, False])


def added(values: pl.Series) -> int:
    """The sum of what was said; nulls are left out."""
    return int(values.sum() or 0)


# --- findings ----------------------------------------------------------------------------------------------


def volume(counts: pl.DataFrame, *, zone: tzinfo) -> str:
    """When most was said, and how much in all (Count)."""
    bins, width = total(counts), step(counts)
    seen = bins.drop_nulls("n")
    if seen.is_empty():
        return "这段时间没有采集到数据" if counts.height else NOTHING
    if not added(seen["n"]):
        return f"从{time(bins['bin'][0], zone)}起一条也没有出现"
    top = seen.sort("n", "bin", descending=[True, False]).row(0, named=True)
    said = (
        f"{bin_name(top['bin'], width, zone)}最多，{each(width)}{number(top['n'])}条；图中共{count(added(seen['n']))}"
    )
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
    return f"{said}；最强在{bin_name(top['peak'], width, zone)}前后，共{number(top['n'])}条，{usual}"


def shares(posts: pl.DataFrame, column: str) -> str:
    """Which value of `platform`, `kind`, `author_kind` … is most, and which next (Post)."""
    if posts.is_empty():
        return NOTHING
    ranked = posts.group_by(pl.col(column).cast(pl.String)).len().sort("len", column, descending=[True, False])
    parts = [f"{name(column, c)}占{percent(n, posts.height)}（{count(n)}）" for c, n in ranked.head(3).iter_rows()]
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
    when = bin_name(top["bin"], step(counts), zone)
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


def clocks(clock: pl.DataFrame) -> str:
    """How many deadlines were kept, and the worst one missed (Clock)."""
    if clock.is_empty():
        return NOTHING
    states = dict(clock.group_by("state").len().iter_rows())
    parts = [f"{states[s]}项{name('state', s)}" for s in ("missed", "met", "open", "unknown") if s in states]
    said = f"{clock.height}项时限：{'、'.join(parts)}"
    late = clock.filter(pl.col("state") == "missed").with_columns(late=pl.col("done") - pl.col("due"))
    if late.is_empty():
        return said
    top = late.sort("late", "clock_id", descending=[True, False], nulls_last=False).row(0, named=True)
    return f"{said}；" + (f"“{top['what']}”" + (f"迟了{duration(top['late'])}" if top["late"] else "至今没有做到"))


def level_trail(grades: pl.DataFrame, *, zone: tzinfo) -> str:
    """The highest level proposed, the latest one, and whether a person has confirmed it (Grade)."""
    if grades.is_empty():
        return NOTHING
    steps = grades.sort("at").with_columns(rank=pl.col("level").cast(pl.String).replace_strict(RANK))
    top, last = steps.sort("rank", "at").row(0, named=True), steps.row(-1, named=True)
    said = f"建议级别最高为{top['level']}级（{time(top['at'], zone)}起）"
    if last["level"] != top["level"]:
        said += f"，最新为{last['level']}级（{time(last['at'], zone)}）"
    return said + ("；已有人确认" if last["confirmed_by"] else "；尚待人工确认")


#: Ⅰ is the gravest.
RANK = {level: i for i, level in enumerate(schemas.LEVELS, 1)}


def coverage(counts: pl.DataFrame, *, zone: tzinfo) -> str:
    """How much of the time nothing was collected, and the longest stretch of it (Count)."""
    if counts.is_empty():
        return NOTHING
    bins, width = total(counts), step(counts)
    missing = bins["n"].null_count()
    whole = duration(bins.height * width)
    if not missing:
        return f"{whole}全部有采集记录，没有空缺"
    top = holes(bins).row(0, named=True)
    since = f"从{time(top['start'], zone)}起，长{duration(top['len'] * width)}"
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
    said = []
    for what in ("新出现", "分裂而来", "合并而来", "消失", "延续"):
        names = changes.filter(pl.col("what") == what)["label"].to_list()
        listed = "" if what == "延续" else "：" + "、".join(f"“{name}”" for name in names[:3]) + "等" * (len(names) > 3)
        said += [f"{what}{len(names)}个{listed}"] if names else []
    return "与上次相比，" + "；".join(said) + "。"


def alerts(bursts: pl.DataFrame, counts: pl.DataFrame) -> str:
    """How many alerts of how many unusual stretches, over how many keys (Burst, Count)."""
    keys = number(counts["key"].n_unique())
    if bursts.is_empty():
        return f"{keys}个对象都没有明显高于平时。"
    raised = bursts.filter("alert")
    strongest = raised.sort("strength", "key", descending=[True, False]).row(0, named=True) if raised.height else None
    top = f"最强的是“{strongest['key']}”：{strongest['why']}" if strongest else "都在预警限额之外"
    found = f"{keys}个对象里有{number(bursts.height)}段高于平时，其中{number(raised.height)}段列为预警"
    return f"{found}；{top.rstrip('。')}。"
