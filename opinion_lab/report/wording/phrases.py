"""Codes, numbers, times and lengths of time as they are read; the one place that writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any

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
    "stood": {"stands": "未见推翻", "reversed": "被推翻", "withdrawn": "发出后撤下"},
    "origin": {"public": "公开案例", "lab": "本实验室"},
    "aftermath": {
        "above": "高于预计",
        "within": "在预计之内",
        "below": "低于预计",
        "too_soon": "之后不满6小时就有新的发布，或数据到此为止",
        "hole": "这段时间采集有缺口",
        "few": "此前6小时不足5条，看不出势头",
    },
    "innocent": {
        "tag": "含话题或【】标题：可能是官方话题、活动口号带的统一文字",
        "button": "含链接或“分享”字样：可能是分享按钮自动填的文字",
        "media": "一半以上是媒体、政务或企业账号：可能是矩阵账号、转载程序同时发布",
        "slogan": "文字很短：可能是口号或常用语，碰巧相同",
    },
    "routed": {
        "not_ours": "职责外：告知反映人向有权部门反映，并反馈统一接收投诉举报的机构，不得自行移送"
        "（总局令第121号第三十四条、第四十一条）",
        "two_lines": "两条线分数接近，请人工定主办、协办",
        "no_words": "未分流：没有命中词表，请人工判断",
        "weak_words": "未分流：只命中弱词，不足以定线，请人工判断",
        "body_not_named": "未分流：命中的词须与机关名称同时出现，请人工判断",
    },
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


def hours(n: float) -> str:
    """A number of hours as a length of time."""
    return duration(timedelta(hours=n))


def span_of_hours(f: Mapping[str, Any]) -> str:
    """A fact that lasted from `value` to `hours` hours: 42—72小时, 15—17天."""
    low, high = f["value"], f["hours"]
    size, unit = (1, "小时") if high <= 96 else (24, "天")
    if high - low <= 1 / 60 or int(low / size) == -int(-high // size):
        return f"{round(high / size)}{unit}"
    return f"{int(low / size)}—{-int(-high // size)}{unit}"


def stale(until: datetime, now: datetime) -> str:
    """That the data end more than a day before the page was made, and how long before; else nothing."""
    if now - until <= DAY:
        return ""
    last = time(until, now.tzinfo or UTC, year=True)
    return f"数据只到{last}，离本页生成已过{duration(now - until)}；以下不是眼下的情况。"


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


def says(posts: pl.DataFrame) -> pl.DataFrame:
    """The posts with `says`: title and text in one column, the title only when the text does not begin with it."""
    title = pl.col("title").fill_null("")
    alone = (title == "") | pl.col("text").str.starts_with(title)
    whole = pl.when(pl.col("text") == "").then(title).otherwise(pl.format("{}：{}", title, "text"))
    return posts.with_columns(says=pl.when(alone).then("text").otherwise(whole))


#: Ⅰ is the gravest.
RANK = {level: i for i, level in enumerate(schemas.LEVELS, 1)}
