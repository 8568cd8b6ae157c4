"""Codes, numbers, times and lengths of time as they are read; the one place that writes them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date as Date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from opinion_lab import schemas

NOT_SAID = "未提供"
NOTHING = "没有数据"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)

_TABLE = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))
#: What codes are called on paper, by column.
NAMES: dict[str, dict[str, str]] = _TABLE.pop("names")


def name(column: str, code: str | None) -> str:
    """What a code of `column` is called; an unknown code stays as it is."""
    return NOT_SAID if code is None else NAMES.get(column, {}).get(code, code)


def sentence(section: str, fact: Mapping[str, Any], **more: Any) -> str:
    """A fact (schemas.fact) in words: the sentence of its rule in a section of `sentences.toml`."""
    return _templates().get_template(f"{section}.{fact['rule']}").render(fact, fact=fact, **more)


@cache
def _templates() -> jinja2.Environment:
    texts = {f"{section}.{rule}": text for section, rules in _TABLE.items() for rule, text in rules.items()}
    found = jinja2.Environment(loader=jinja2.DictLoader(texts), undefined=jinja2.StrictUndefined)
    found.filters |= {"g": lambda n: f"{n:g}", "fmt": format, "called": lambda code, column: NAMES[column][code]}
    found.filters |= {
        "hours": _hours,
        "span": _span_of_hours,
        "time": time,
        "day": day,
        "number": number,
        "lasting": duration,
    }
    return found


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


def date(day: Date) -> str:
    """9月8日, of a day."""
    return f"{day.month}月{day.day}日"


def duration(span: timedelta | None) -> str:
    """63小时12分; from four days on 6天12小时, from sixty on days; under a minute 45秒; null -> "未提供"."""
    if span is None:
        return NOT_SAID
    seconds = int(abs(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}秒"
    hours, minutes = divmod(seconds // 60, 60)
    if hours >= 96:
        return f"{number(hours // 24)}天" + (f"{hours % 24}小时" if hours % 24 and hours < 60 * 24 else "")
    if not hours:
        return f"{minutes}分钟"
    return f"{hours}小时" + (f"{minutes}分" if minutes else "")


def _hours(n: float) -> str:
    """A number of hours as a length of time."""
    return duration(timedelta(hours=n))


def _span_of_hours(f: Mapping[str, Any]) -> str:
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


def several_years(times: pl.Series, zone: tzinfo) -> bool:
    """Whether these times are of more than one year: then one of them without its year says too little."""
    return times.dt.convert_time_zone(str(zone)).dt.year().drop_nulls().n_unique() > 1


def bin_name(moment: datetime, width: timedelta, zone: tzinfo, *, year: bool = False) -> str:
    """Which bin: 9月8日18时, 9月8日, 9月7日起的一周."""
    said = day(moment, zone, year=year)
    if width >= WEEK:
        return f"{said}起的{each(width)}"
    if width >= DAY:
        return said
    return f"{said}{moment.astimezone(zone).hour}时" if width == HOUR else time(moment, zone, year=year)


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


def cited(column: str) -> pl.Expr:
    """Sources as an official paper names them: what was issued by whom, without the address where it was read."""
    return pl.col(column).str.replace_all(r"\s*https?://[^\s；]+\s*", "")


#: Ⅰ is the gravest.
RANK = {level: i for i, level in enumerate(schemas.LEVELS, 1)}
