"""What staff read: numbers, times and findings, as tables of cases."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.report import wording
from opinion_lab.report.documents.daily import stories
from opinion_lab.report.wording import courses, phrases
from opinion_lab.rules import SHIPPED
from tests.make import ZONE, at, posts

UTC_TIME = pl.Datetime("us", "UTC")


def frame(schema: type, rows: list[dict]) -> pl.DataFrame:
    """Rows that name only what matters, in the schema's columns."""
    return pl.DataFrame(rows, schema=schemas.empty(schema).schema)


def counts(*values: int | None, key: str = "食堂", start: str = "2026-09-08 00:00", hours: int = 1) -> pl.DataFrame:
    bins = [at(start) + timedelta(hours=hours * i) for i in range(len(values))]
    rows = [{"key": key, "bin": b, "n": n, "expected": 15.0} for b, n in zip(bins, values, strict=True)]
    return frame(schemas.Count, rows)


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (None, "未提供"),
        (0, "0条"),
        (212, "212条"),
        (9_999, "9,999条"),
        (10_000, "1万条"),
        (31_900, "3.2万条"),
        (99_994_999, "9999.5万条"),
        (99_999_999, "1亿条"),
        (120_000_000, "1.2亿条"),
    ],
)
def test_count(n: int | None, said: str) -> None:
    assert wording.count(n) == said


@pytest.mark.parametrize(("n", "said"), [(None, "未提供"), (12_345, "12,345"), (2.0, "2"), (2.25, "2.2"), (-3, "-3")])
def test_number(n: float | None, said: str) -> None:
    assert wording.number(n) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (1, 2, "50%"),
        (0, 9, "0%"),
        (1, 1000, "不到1%"),
        (999, 1000, "超过99%"),
        (7, 7, "100%"),
        (3, 0, "无从计算"),
        (None, 5, "无从计算"),
    ],
)
def test_percent_never_rounds_something_to_nothing(part: float | None, whole: float, said: str) -> None:
    assert wording.percent(part, whole) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (100, 210, "是之前的2.1倍"),
        (10, 200, "是之前的20倍"),
        (100, 135, "比之前多35%"),
        (100, 80, "比之前少20%"),
        (100, 102, "与之前大致持平"),
        (0, 5, "之前一条也没有"),
    ],
)
def test_change(before: int, after: int, said: str) -> None:
    assert wording.change(before, after) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (None, "未提供"),
        (timedelta(seconds=45), "45秒"),
        (timedelta(minutes=5, seconds=59), "5分钟"),
        (timedelta(hours=63, minutes=12), "63小时12分"),
        (timedelta(hours=48), "48小时"),
        (timedelta(days=6, hours=12), "6天12小时"),
        (timedelta(days=7), "7天"),
        (timedelta(hours=-3), "3小时"),
    ],
)
def test_duration(span: timedelta | None, said: str) -> None:
    assert wording.duration(span) == said


def test_times_are_said_in_the_labs_zone() -> None:
    moment = at("2026-09-08 00:20")
    assert wording.time(moment, ZONE) == "9月8日 00:20"
    assert wording.time(moment, ZoneInfo("UTC"), year=True) == "2026年9月7日 16:20"
    assert wording.day(moment, ZONE) == "9月8日"
    assert wording.time(None, ZONE) == "未提供"


@pytest.mark.parametrize(
    ("items", "said"),
    [([], "无"), (["甲"], "甲"), (["甲", "乙", "丙"], "甲、乙、丙"), (list("甲乙丙丁"), "甲、乙、丙等4项")],
)
def test_listing(items: str, said: str) -> None:
    assert wording.listing(list(items)) == said


def test_script() -> None:
    assert wording.script("zh-Hans")("市场监督管理局的头发") == "市场监督管理局的头发"
    assert wording.script("zh-Hant")("市场监督管理局的头发") == "市場監督管理局的頭髮"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (counts(3, 212, 7), "9月8日1时最多，一小时212条；图中共222条"),
        (counts(3, 212, 212), "9月8日1时最多，一小时212条；图中共427条"),
        (counts(3, None, 9, None), "9月8日2时最多，一小时9条；图中共12条（另有2小时没有采集）"),
        (counts(4, 5, hours=24), "9月9日最多，一天5条；图中共9条"),
        (counts(0, 0), "从9月8日 00:00起一条也没有出现"),
        (counts(None, None), "这段时间没有采集到数据"),
        (counts(), "没有数据"),
    ],
)
def test_volume(rows: pl.DataFrame, said: str) -> None:
    assert wording.volume(rows, zone=ZONE) == said


def test_volume_sums_over_keys_and_a_hole_in_one_key_is_no_hole() -> None:
    both = pl.concat([counts(1, None), counts(5, 5, key="别的")])
    assert wording.volume(both, zone=ZONE) == "9月8日0时最多，一小时6条；图中共11条"


def burst(key: str, peak: str, strength: float, *, alert: bool = True) -> dict:
    end = at(peak) + timedelta(hours=2)
    return {
        "key": key,
        "start": at(peak),
        "peak": at(peak),
        "end": end,
        "n": 300,
        "expected": 14.6,
        "step": timedelta(hours=1),
        "going_on": False,
        "strength": strength,
        "alert": alert,
        "why": [],
    }


def bursts(*rows: dict) -> pl.DataFrame:
    return frame(schemas.Burst, list(rows))


def test_against_baseline() -> None:
    rows = counts(1, 9, 2)
    assert wording.against_baseline(rows, bursts(), zone=ZONE) == "“食堂”没有异常升高，最多一小时9条"
    two = bursts(burst("食堂", "2026-09-08 01:00", 9.0), burst("食堂", "2026-09-08 02:00", 4.0, alert=False))
    said = "“食堂”异常升高2次，其中1次预警；最强在9月8日1时前后，共300条，平时约15条"
    assert wording.against_baseline(rows, two, zone=ZONE) == said
    assert wording.against_baseline(rows, two.reverse(), zone=ZONE) == said


def test_shares() -> None:
    some = posts([{"platform": p} for p in ("微博", "微博", "贴吧论坛", "短视频")])
    said = "最多的是微博占50%（2条），其次短视频占25%（1条），再次贴吧论坛占25%（1条）"
    assert wording.shares(some, "platform") == said
    assert wording.shares(some, "author_kind") == "全部来自个人，共4条"
    assert wording.shares(some.clear(), "platform") == "没有数据"


def test_cascade() -> None:
    levels = pl.DataFrame({"depth": [0, 1, 2], "n": [1, 30, 10]})
    assert wording.cascade_levels(levels) == "转发到第2层为止，75%在第1层（30条）"
    assert wording.cascade_levels(levels.head(1)) == "没有看到转发"
    some = posts([{"at": f"2026-09-08 {t}"} for t in ("12:00", "12:30", "13:00", "22:00")])
    assert wording.cascade_growth(some) == "一半在头30分钟内发出；前后共10小时，4条"
    assert wording.cascade_growth(some.head(1)) == "只有一条，没有扩散"


def test_topics() -> None:
    rows = pl.concat([counts(1, 30, 9, key="食堂", hours=24), counts(5, 5, 5, key="加油", hours=24)])
    assert wording.topics_over_time(rows, zone=ZONE) == "“食堂”在9月9日最集中：30条，占这个话题的75%"
    topics = pl.DataFrame(
        {"topic_id": [0, -1], "label": ["食堂", ""], "words": [["异物"], []], "n_posts": [60, 40], "share": [0.6, 0.4]}
    )
    assert wording.topic_sizes(topics) == "最大的话题是“食堂”，占60%（60条）；40%归不进任何话题"
    assert wording.topic_sizes(topics.clear()) == "没有数据"


def test_rising_words() -> None:
    words = pl.DataFrame({"word": ["异物", "道歉"], "n": [45, 9], "before": [2.0, 1.0], "score": [5.0, 3.0]})
    assert wording.rising_words(words) == "“异物”升得最明显：45条，之前同样长的时间约2条"


def clock(*rows: tuple[str, str, str | None, str | None]) -> pl.DataFrame:
    made = [
        {
            "clock_id": f"c{i}",
            "what": what,
            "start": at("2026-09-08 12:00"),
            "due": due and at(due),
            "done": done and at(done),
            "state": state,
            "why": [],
        }
        for i, (what, state, due, done) in enumerate(rows)
    ]
    return frame(schemas.Clock, made)


REASON = schemas.fact("score", value=3, points=12.0)


def grades(*rows: tuple[str, str], confirmed: str | None = None) -> pl.DataFrame:
    made = [
        {"at": at(moment), "level": level, "reasons": [REASON | {"level": level}], "confirmed_by": confirmed}
        for moment, level in rows
    ]
    return frame(schemas.Grade, made)


def test_level_trail() -> None:
    trail = grades(("2026-09-08 14:00", "Ⅳ"), ("2026-09-11 10:00", "Ⅱ"), ("2026-09-15 10:00", "Ⅲ"))
    said = "建议级别最高为Ⅱ级（9月11日 10:00起），最新为Ⅲ级（9月15日 10:00起）；尚待人工确认"
    assert wording.level_trail(trail, zone=ZONE) == said
    looked = pl.concat([trail, grades(("2026-09-15 14:39", "Ⅲ"))])
    assert wording.level_trail(looked, zone=ZONE) == said, "since when it holds, not when it was last looked at"
    assert wording.level_trail(grades(("2026-09-08 14:00", "Ⅳ"), confirmed="值班"), zone=ZONE).endswith("已有人确认")


def test_coverage() -> None:
    assert wording.coverage(counts(1, 0, 2), zone=ZONE) == "3小时里每个时段都有平台采到"
    said = wording.coverage(counts(1, None, 2, None, None, 0), zone=ZONE)
    assert said == "6小时中有3小时没有采集；最长一段从9月8日 03:00起，长2小时"


def test_holes() -> None:
    found = wording.holes(wording.total(counts(None, 1, None, None)))
    assert found["len"].to_list() == [2, 1]
    assert found["end"].to_list() == [at("2026-09-08 04:00"), at("2026-09-08 01:00")]
    assert found["start"].dtype == UTC_TIME
    assert isinstance(found["start"][0], datetime)


@pytest.mark.parametrize(
    ("hours", "step", "written"),
    [
        ((12, 21), 1, "3月3日12时至21时"),
        ((20, 24), 1, "3月3日20时至24时"),
        ((22, 27), 1, "3月3日22时至3月4日3时"),
        ((0.5, 1), 0.25, "3月3日0时30分至1时"),
        ((0, 24), 24, "3月3日"),
        ((0, 72), 24, "3月3日至3月5日"),
    ],
)
def test_spans_read_as_people_say_them(hours: tuple[float, float], step: float, written: str) -> None:
    start, hour = at("2025-03-03 00:00"), timedelta(hours=1)
    row = {"start": start + hours[0] * hour, "end": start + hours[1] * hour, "step": step * hour, "n": 3}
    said = courses.burst({**row, "expected": 2.0, "going_on": False, "why": []}, zone=ZONE)
    assert said.startswith(f"{written}出现3条")


def test_a_source_is_named_without_the_address_where_it_was_read() -> None:
    read = ["甲局预案 https://a.cn/b?c=1 ；乙局细则（二级） http://d.com/e.html", "国办发〔2016〕80号"]
    named = pl.DataFrame({"source": read}).select(phrases.cited("source")).to_series()
    assert named.to_list() == ["甲局预案；乙局细则（二级）", "国办发〔2016〕80号"]


def test_a_section_is_told_to_answer_what_more_than_one_person_asks_for() -> None:
    """What one person says on the net may be asked of nobody (28号见分晓); the table still has it, with its words."""
    asked = pl.DataFrame(
        [
            ("退费", "ask", 4, False),
            ("质疑包庇", "blame", 3, False),
            ("公布检测结果", "ask", 9, True),
            ("28号见分晓", "ask", 1, False),
        ],
        schema={"key": pl.String, "kind": pl.String, "n": pl.Int64, "answered": pl.Boolean},
        orient="row",
    )
    nothing = pl.DataFrame(schema={"level": pl.String})
    rows = stories.advice(nothing, asked, SHIPPED.grades)
    assert rows["what"].to_list() == ["答复诉求“退费”", "答复追责“质疑包庇”"]
    assert rows["because"].to_list() == ["4人提出，未见回应", "3人提出，未见回应"]


def test_of_several_years_a_time_is_said_with_its_year() -> None:
    """A board of ten years: 最强在1月4日 says nothing of which."""
    both = pl.concat([counts(3, 212), counts(7).with_columns(pl.col("bin").dt.offset_by("-3y"))]).sort("bin")
    one = wording.against_baseline(counts(3, 212), bursts(burst("食堂", "2026-09-08 02:00", 9.0)), zone=ZONE)
    several = wording.against_baseline(both, bursts(burst("食堂", "2026-09-08 02:00", 9.0)), zone=ZONE)
    assert "2026年" not in one and several == one.replace("最强在", "最强在2026年")
    assert "2026年" in wording.volume(both, zone=ZONE) and "2026年" not in wording.volume(counts(3, 212), zone=ZONE)
    assert "：2026年" in wording.unusual(
        bursts(burst("食堂", "2026-09-08 02:00", 9.0)), both, zone=ZONE
    ) and "2026年" not in wording.unusual(bursts(burst("食堂", "2026-09-08 02:00", 9.0)), counts(3), zone=ZONE)
    gap = both.with_columns(n=pl.lit(None, pl.Int64))
    assert "从2023年" in wording.coverage(gap, zone=ZONE)
    assert wording.duration(timedelta(days=2514, hours=21)) == "2,514天"
