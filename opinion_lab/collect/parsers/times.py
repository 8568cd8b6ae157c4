"""Times as people, exports and feeds write them -> UTC. What cannot be read is null: neither guessed nor "now"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import polars as pl

TIME = pl.Datetime("us", "UTC")
#: Named readers, in the order in which they are tried when a mapping names none.
DATES = ("date", "epoch", "excel")
FAST = "%Y-%m-%d %H:%M:%S"
API = "%a %b %d %H:%M:%S %z %Y"  # Sun Sep 09 10:12:13 +0800 2012, as Weibo and Twitter answer
# 2026-09-08 12:20, 2019/2/28 11:25:05, 2026年9月8日12时20分, 2023-10-25T22:33:11.5+08, 2018/4/24
WRITTEN = (
    r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})分?(?::?(\d{1,2})(?:[.,](\d{1,6})\d*)?秒?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$"
)
WIDE = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {"\u3000": " ", "\u00a0": " "}
#: A year beyond these (9999-12-31 of a zone to the west) is no time that Python can hold.
YEARS = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
EXCEL, EXCEL_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)

CLOCK = re.compile(r"(\d{1,2})(?:\s*:\s*|时|点)(?:(\d{1,2})分?|(半))?(?:[:]?(\d{1,2})(?:[.,](\d{1,6})\d*)?秒?)?")
HALF_DAY = re.compile(r"凌晨|清晨|早上|早晨|上午|中午|下午|午后|傍晚|晚上|晚间|夜里|深夜|晚|\b[AP]\.?M\b\.?", re.I)
LATE = ("下午", "午后", "傍晚", "晚上", "晚间", "夜里", "深夜", "晚", "PM")
ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {m: n for n, m in enumerate(ENGLISH, 1)} | {f"{m}月": n for n, m in enumerate("一二三四五六七八九十", 1)}
MONTHS |= {"十一月": 11, "十二月": 12}
MONTH = r"([A-Za-z]{3,9}|十[一二]?月|[一二三四五六七八九]月)"
NUMERALS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
NUMERAL = re.compile(r"[〇零○一二三四五六七八九十]{1,4}(?=[年月日号时点分])")
YEAR_IN_NUMERALS = re.compile(r"[〇零○一二三四五六七八九]{4}年")
YMD = re.compile(r"(?<!\d)(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:日|号|(?!\d))")
DMY = re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|日)?[\s-]+{MONTH}\.?[\s,-]+(\d{{4}})(?!\d)")
MDY = re.compile(rf"{MONTH}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b,?(?:\s+(\d{{4}})(?!\d))?")
SHORT = re.compile(r"^\s*(\d\d)-(\d\d)-(\d\d)(?!\d)")
NO_YEAR = re.compile(r"(?<![\d年])(\d{1,2})(?:月|(?<=\d\d)-)(\d{1,2})(?:日|号|(?!\d))")
DAYS = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "前日": 2}
DAY = re.compile("|".join(DAYS))
AGO = re.compile(r"^(\d+|半)\s*个?\s*(秒钟?|分钟?|小时|天|seconds?|minutes?|mins?|hours?|days?)\s*(?:之?前|ago)$", re.I)
UNITS = {"秒": 1, "s": 1, "分": 60, "m": 60, "小": 3600, "h": 3600, "天": 86_400, "d": 86_400}
#: CST is China's: that is how Java writes it here.
LABELS = {"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "CST": 8, "HKT": 8, "JST": 9, "KST": 9}
LABELS |= {"EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2, "BST": 1}
ZONE = re.compile(r"^\s*([A-Z]{1,4}\b|[A-Z]{3})?\s*([+-]\d{1,2}(?::?\d\d)?)?(?![-\d])")
NAMED = re.compile(r"\[?\b([A-Z][A-Za-z]+/[A-Z][A-Za-z_]+)\b\]?")
# what may stand beside a time: a weekday, what was done then, the name of the zone, a place behind it
BESIDE = re.compile(
    r"(?:星期|周|礼拜)[一二三四五六日天]|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b|北京时间|\([^()\d]*\)"
    r"|(?:编辑|发布|发表|更新|修改|回复|提交)[于时]?间?|时间|(?<=\s)(?:来自)?[\u4e00-\u9fff]{2,10}$|[,.;:·|T\s]",
    re.I,
)


def times(
    given: pl.Series,
    zone: ZoneInfo,
    formats: Sequence[str] = DATES,
    *,
    beside: pl.Series | None = None,
    excel: datetime = EXCEL,
) -> pl.Series:
    """Strings -> UTC times, each by the first of `formats` that reads it; null when none does.

    A format is a strftime pattern or a name of DATES: `date` is whatever a person would read without asking, `epoch`
    seconds, milliseconds or microseconds since 1970, `excel` days since `excel`. What names no zone is local to
    `zone`. `beside` holds when each row was collected: 3分钟前 and days without a year are read only with it.
    """
    found = pl.Series(given.name, [None] * len(given), TIME)
    for name in formats:
        rows = (found.is_null() & given.is_not_null()).arg_true()
        if not len(rows):
            break
        rest = given.gather(rows).str.strip_chars()
        if name == "date":
            read = _date(rest, zone, None if beside is None else beside.gather(rows))
        elif name == "epoch":
            read = _epoch(rest)
        else:
            read = _excel(rest, zone, excel) if name == "excel" else _pattern(rest, name, zone)
        found = found.scatter(rows, read.cast(TIME))
    return pl.select(pl.when(found.is_between(*YEARS)).then(found)).to_series().alias(given.name)


def _date(s: pl.Series, zone: ZoneInfo, beside: pl.Series | None) -> pl.Series:
    found = _pattern(s, FAST, zone)
    for way in (lambda r: _written(r, zone), lambda r: _pattern(r, API, zone)):
        if len(rows := found.is_null().arg_true()):
            found = found.scatter(rows, way(s.gather(rows)).cast(TIME))
    if len(rows := found.is_null().arg_true()):
        at = pl.Series([None] * len(s), dtype=TIME) if beside is None else beside
        asked = pl.DataFrame({"s": s.gather(rows), "at": at.gather(rows)})
        once = asked.unique().filter(pl.col("s").str.len_chars().is_between(2, 80))
        once = once.with_columns(read=pl.Series([_read_one(t, zone, at) for t, at in once.iter_rows()], dtype=TIME))
        joined = asked.join(once, on=["s", "at"], how="left", nulls_equal=True, maintain_order="left")
        found = found.scatter(rows, joined["read"])
    return found


def _pattern(s: pl.Series, pattern: str, zone: ZoneInfo) -> pl.Series:
    if "%z" in pattern or "%:z" in pattern or "%Z" in pattern:
        return s.str.to_datetime(pattern, time_unit="us", time_zone="UTC", strict=False)
    return _local(s.str.to_datetime(pattern, time_unit="us", strict=False), zone)


def _local(s: pl.Series, zone: ZoneInfo) -> pl.Series:
    # China had summer time until 1991; an hour that was there twice is taken as the first
    aware = s.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    return aware.dt.convert_time_zone("UTC")


def _written(s: pl.Series, zone: ZoneInfo) -> pl.Series:
    plain = s.str.replace_many(WIDE)
    parts = plain.to_frame("s").select(pl.col("s").str.extract_groups(WRITTEN)).unnest("s")
    parts.columns = ["year", "month", "day", "hour", "minute", "second", "fraction", "offset"]
    late = parts["hour"] == "24"  # midnight, as the end of a day
    two = [pl.col(c).str.zfill(2) for c in ("month", "day")]
    two += [pl.col(c).fill_null("0").str.zfill(2) for c in ("hour", "minute", "second")]
    two[2] = pl.when(late).then(pl.lit("00")).otherwise(two[2])
    # null year -> null text: what the pattern does not cover stays unread
    text = parts.select(
        pl.format("{}-{}-{} {}:{}:{}.{}", "year", *two, pl.col("fraction").fill_null("0")).alias("text"),
        pl.col("offset").str.replace("Z", "+0000").str.replace(":", "").str.pad_end(5, "0"),
    )
    naive = _pattern(text["text"], FAST + "%.f", zone)
    aware = _pattern(text["text"] + text["offset"], FAST + "%.f%z", zone)
    read = pl.select(pl.when(text["offset"].is_not_null()).then(aware).otherwise(naive)).to_series()
    read = read + pl.select(pl.when(late).then(timedelta(days=1)).otherwise(timedelta())).to_series()
    digits = plain.str.contains(r"^(?:19|20)\d{6}(?:\d{4}(?:\d\d)?)?$").arg_true()
    if len(digits):
        compact = plain.gather(digits).str.pad_end(14, "0")
        read = read.scatter(digits, _pattern(compact, "%Y%m%d%H%M%S", zone).cast(TIME))
    return read


def _epoch(s: pl.Series) -> pl.Series:
    number = s.str.extract(r"^(\d{9,16})(?:\.\d+)?$").cast(pl.Int64, strict=False)
    digits = number.cast(pl.String).str.len_chars()
    factor = pl.when(digits <= 10).then(10**6).when(digits == 13).then(1000).when(digits == 16).then(1)
    micros = pl.select(pl.lit(number) * factor).to_series()
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _excel(s: pl.Series, zone: ZoneInfo, start: datetime) -> pl.Series:
    # 20000 is 1954, 80000 is 2119: other numbers are no dates of ours
    days = s.str.extract(r"^(\d{5}(?:\.\d+)?)$").cast(pl.Float64, strict=False)
    seconds = pl.when(days.is_between(20_000, 80_000)).then((days * 86_400).round(0).cast(pl.Int64, strict=False))
    return _local(pl.select((start + pl.duration(seconds=seconds)).cast(pl.Datetime("us"))).to_series(), zone)


# --- one at a time -------------------------------------------------------------------------------------------


def _read_one(text: str, zone: tzinfo, beside: datetime | None = None) -> datetime | None:
    """The moment that a person would read, in UTC; None when that is not sure.

    Day and month in figures with the year last (9/10/2026) are not sure. `beside`: when it was collected.
    """
    s = unicodedata.normalize("NFKC", text).strip()
    now = beside.astimezone(zone) if beside else None
    if now and s.lower() in ("刚刚", "刚才", "just now"):
        return now.astimezone(UTC)
    if ago := AGO.match(s):
        number = 0.5 if ago[1] == "半" else float(ago[1])
        step = UNITS[ago[2][0].lower()] * number
        return now.astimezone(UTC) - timedelta(seconds=step) if now and step < 10**9 else None
    if YEAR_IN_NUMERALS.search(s):  # 二〇二六年十一月三日
        s = NUMERAL.sub(lambda m: _digits(m[0]), s)
    own: tzinfo = zone
    if named := NAMED.search(s):
        try:
            own, s = ZoneInfo(named[1]), s.replace(named[0], " ")
        except (ValueError, OSError):
            return None
    date, clock, s = _day(s, now)
    if date is None:
        return None
    hour, minute, second, micro = 0, 0, 0, 0
    if clock:
        hour, minute, second = int(clock[1]), 30 if clock[3] else int(clock[2] or 0), int(clock[4] or 0)
        micro = int((clock[5] or "").ljust(6, "0"))
    half = HALF_DAY.search(s)
    if half:
        word = half[0].upper().replace(".", "")
        if hour < 12 and (word in LATE or (word == "中午" and hour < 11)):
            hour += 12
        elif hour == 12 and word not in ("下午", "午后", "PM", "中午", "傍晚"):
            hour = 24 if word in LATE else 0
        s = s.replace(half[0], " ", 1)
    if "\0" in s:  # the place of the clock: what follows it may name a zone
        before, after = s.split("\0", 1)
        label = ZONE.match(after)
        if label and (label[1] or label[2]):
            if label[1] and label[1] not in LABELS:
                return None
            own = _offset(label[2]) if label[2] else timezone(timedelta(hours=LABELS[label[1]]))
            after = after[label.end() :]
        s = f"{before} {after}"
    if BESIDE.sub("", s) or hour > 24:
        return None
    try:
        moment = datetime(*date, hour % 24, minute, second, micro, tzinfo=own) + timedelta(days=hour // 24)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(s: str, now: datetime | None) -> tuple[tuple[int, int, int] | None, re.Match[str] | None, str]:
    """Year, month and day; the clock; what is left, the clock's place marked."""
    date = None
    if found := YMD.search(s):
        date = (int(found[1]), int(found[2]), int(found[3]))
    elif (found := DMY.search(s)) and (month := _month(found[2])):
        date = (int(found[3]), month, int(found[1]))
    elif (found := MDY.search(s)) and (month := _month(found[1])):
        year = found[3]
        if not year and (later := re.search(r"(?<=\s)(\d{4})$", s)):  # … 08:15:00 CST 2026
            year, s = later[1], s[: later.start()]
        date = (int(year), month, int(found[2])) if year else None
    elif (found := SHORT.match(s)) and CLOCK.search(s, found.end()):
        date = (2000 + int(found[1]), int(found[2]), int(found[3]))
    elif now and (found := DAY.search(s)):
        day = now - timedelta(days=DAYS[found[0]])
        date = (day.year, day.month, day.day)
    elif now and (found := NO_YEAR.search(s)):
        month, day_ = int(found[1]), int(found[2])
        date = (now.year - ((month, day_) > (now.month, now.day)), month, day_)
    if date is None or found is None:
        return None, None, s
    s = s[: found.start()] + " " + s[found.end() :]
    clock = CLOCK.search(s)
    return date, clock, s[: clock.start()] + "\0" + s[clock.end() :] if clock else s


def _digits(numeral: str) -> str:
    tens, ten, ones = numeral.rpartition("十")
    if ten:
        return str(10 * NUMERALS.get(tens, 1) + NUMERALS.get(ones, 0))
    return "".join(str(NUMERALS[c]) for c in ones)


def _month(word: str) -> int | None:
    return MONTHS.get(word) or (MONTHS.get(word[:3].lower()) if word.isascii() else None)


def _offset(text: str) -> timezone:
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    # as large as it is written: an impossible offset raises no error here, and reads as a strange time
    delta = timedelta(hours=min(int(hours), 23), minutes=int(minutes) % 60)
    return timezone(-delta if text[0] == "-" else delta)
