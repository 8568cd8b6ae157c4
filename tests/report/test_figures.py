"""Every figure states its finding, names its units, describes itself, and survives frames of no rows and of one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go
import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.report import figures
from opinion_lab.report.figures import theme
from tests.make import ZONE, posts
from tests.report.test_wording import burst, bursts, clock, counts, frame, grades

POSTS = posts(
    [
        {"platform": p, "author_kind": k, "copy_of": c, "at": f"2026-09-08 {h}:00"}
        for p, k, c, h in (
            ("微博", "person", None, 10),
            ("微博", "media", "p001", 11),
            ("短视频", "person", None, 12),
            ("12345工单", "unknown", None, 15),
        )
    ]
)
TOPICS = pl.DataFrame(
    {
        "topic_id": [0, 1, -1],
        "label": ["食堂", "加油", ""],
        "words": [["异物"], ["油枪"], []],
        "n_posts": [60, 10, 30],
        "share": [0.6, 0.1, 0.3],
    }
)
START = counts(0)["bin"][0]
PHASES = frame(
    schemas.Phase,
    [
        {"phase": "latent", "start": START, "end": START + timedelta(hours=1)},
        {"phase": "peak", "start": START + timedelta(hours=1), "end": START + timedelta(hours=3)},
    ],
)
ANSWERS = posts([{"kind": "statement", "at": "2026-09-08 02:30", "author_name": "某局", "title": "情况说明"}])
LEVELS = pl.DataFrame({"depth": [0, 1, 2], "n": [1, 30, 10]})
POINTS = pl.DataFrame({"label": ["食堂", "加油"], "x": [0.0, 1.0], "y": [1.0, 0.0], "n_posts": [60, 10]})
WORDS = pl.DataFrame({"word": ["异物", "道歉"], "n": [45, 9], "before": [2.0, 1.0], "score": [5.0, 3.0]})
CLOCK = clock(
    ("48小时内回应", "missed", "2026-09-10 12:00", "2026-09-11 03:12"),
    ("核查", "met", "2026-09-20 12:00", "2026-09-15 12:00"),
    ("办结", "unknown", None, None),
)
GRADES = grades(("2026-09-08 14:00", "Ⅳ"), ("2026-09-11 10:00", "Ⅱ"))
HOURS = counts(3, None, 212, 7)
BURSTS = bursts(burst("食堂", "2026-09-08 02:00", 9.0))

#: A figure, the frame that it draws, and a piece of the finding that it must state.
CASES: list[tuple[str, Callable[[pl.DataFrame], go.Figure], pl.DataFrame, str]] = [
    ("volume", lambda f: figures.volume(f, PHASES, ANSWERS, zone=ZONE), HOURS, "9月8日2时最多，一小时212条"),
    ("against_baseline", lambda f: figures.against_baseline(f, BURSTS, zone=ZONE), HOURS, "异常升高1次"),
    ("platforms", figures.platforms, POSTS, "微博占50%"),
    ("author_kinds", figures.author_kinds, POSTS, "个人占50%"),
    ("cascade_levels", figures.cascade_levels, LEVELS, "第2层为止"),
    ("cascade_growth", lambda f: figures.cascade_growth(f, zone=ZONE), POSTS, "一半在头1小时内"),
    ("topics_over_time", lambda f: figures.topics_over_time(f, zone=ZONE), HOURS, "“食堂”在9月8日2时最集中"),
    ("topic_sizes", figures.topic_sizes, TOPICS, "30%归不进任何话题"),
    ("topic_map", figures.topic_map, POINTS, "2个话题"),
    ("rising_words", figures.rising_words, WORDS, "“异物”升得最明显"),
    ("level_trail", lambda f: figures.level_trail(f, zone=ZONE), GRADES, "建议级别最高为Ⅱ级"),
    ("coverage", lambda f: figures.coverage(f, zone=ZONE), HOURS, "1小时没有采集"),
]
each = pytest.mark.parametrize(("draw", "rows", "said"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])


@each
def test_title_states_the_finding(draw: Callable, rows: pl.DataFrame, said: str) -> None:
    fig = draw(rows)
    assert said in fig.layout.meta["finding"]
    assert fig.layout.title.text.replace("<br>", "") == fig.layout.meta["finding"]
    assert fig.layout.meta["finding"] in fig.layout.meta["alt"]


@each
def test_draws_something_without_webgl(draw: Callable, rows: pl.DataFrame, said: str) -> None:
    fig = draw(rows)
    assert fig.data
    assert not {trace.type for trace in fig.data} & {"scattergl", "heatmapgl", "parcoords", "splom", "surface"}
    assert "bdata" not in fig.to_json(), "packed numbers cannot be read by people nor put into another script"


@each
def test_no_rows_says_so(draw: Callable, rows: pl.DataFrame, said: str) -> None:
    fig = draw(rows.clear())
    assert not fig.data
    assert fig.layout.annotations[0].text == fig.layout.meta["finding"] == "没有数据"


@each
def test_one_row_draws(draw: Callable, rows: pl.DataFrame, said: str) -> None:
    fig = draw(rows.tail(1))
    assert fig.layout.meta["finding"]


@each
def test_order_of_rows_does_not_matter(draw: Callable, rows: pl.DataFrame, said: str) -> None:
    shuffled = rows.sample(fraction=1, shuffle=True, seed=7)
    assert draw(shuffled).to_json() == draw(rows).to_json()


TIMED = {"volume", "against_baseline", "cascade_growth", "topics_over_time", "clocks", "level_trail", "coverage"}


@pytest.mark.parametrize("name", sorted(c[0] for c in CASES))
def test_axes_name_their_units(name: str) -> None:
    _, draw, rows, _ = next(c for c in CASES if c[0] == name)
    if name == "topic_map":
        return  # its axes mean nothing but nearness, and are hidden
    title = draw(rows).layout.xaxis.title.text
    assert (title == "时间（北京时间）") if name in TIMED else ("条数" in title)


def test_times_are_drawn_in_the_zone() -> None:
    line = next(t for t in figures.volume(HOURS, zone=ZONE).data if t.name == "条数")
    assert line.x[0] == "2026-09-08 00:00:00", "16:00 UTC is midnight in Shanghai"
    assert line.y[1] is None, "a hole is a gap, not a zero"


def test_holes_phases_and_answers_are_marked() -> None:
    names = [t.name for t in figures.volume(HOURS, PHASES, ANSWERS, zone=ZONE).data]
    assert names == ["潜伏期", "高峰期", "没有采集", "条数", "官方答复"]


def test_red_is_for_alarms() -> None:
    calm = [c[1](c[2]).to_json() for c in CASES if c[0] not in ("against_baseline", "level_trail")]
    assert not any(theme.ALARM in text for text in calm)


def test_baseline_takes_the_key_of_the_strongest_alert() -> None:
    both = pl.concat([counts(1, 2, 3, key="甲"), counts(900, 900, 900, key="乙")])
    found = bursts(burst("乙", "2026-09-08 01:00", 99.0, alert=False), burst("甲", "2026-09-08 01:00", 5.0))
    assert "“甲”" in figures.against_baseline(both, found, zone=ZONE).layout.meta["finding"]
    assert "“乙”" in figures.against_baseline(both, found.clear(), zone=ZONE).layout.meta["finding"]


def test_bars_tell_copies_apart() -> None:
    own, copies = figures.platforms(POSTS).data
    assert (own.name, copies.name) == ("原创", "转发、相同或近似内容")
    assert list(own.y) == ["微博", "12345工单", "短视频"] and list(own.x) == [1, 1, 1]
    assert list(copies.x) == [1, 0, 0]


def test_many_platforms_are_summed_not_dropped() -> None:
    many = posts([{"platform": f"平台{i:02d}"} for i in range(30)])
    bars = figures.platforms(many).data[0]
    assert bars.y[-1] == "其余18个" and sum(bars.x) == 30


def test_hostile_labels_stay_text() -> None:
    evil = '<a href="https://example.invalid">点我</a><b>'
    fig = figures.topics_over_time(counts(1, 5, key=evil), zone=ZONE)
    assert "<a" not in fig.data[0].y[0] and "<a" not in fig.layout.title.text
    assert evil in fig.layout.meta["finding"], "the page escapes this one itself"


def test_labels_that_look_alike_keep_their_rows() -> None:
    long = [
        "某某市某某区某某路某某号第一食堂",
        "某某市某某区某某路某某号第一食堂二楼",
        "某某市某某区某某路某某号第一食堂三楼",
    ]
    assert len(set(theme.unique(long))) == 3


def test_long_cascades_stay_small() -> None:
    many = posts([{"at": "2026-09-08 00:00"}] * 1).select(pl.col("published_at").repeat_by(5000).explode())
    many = many.with_columns(pl.col("published_at") + pl.duration(seconds=pl.int_range(pl.len())))
    line = figures.cascade_growth(many, zone=ZONE).data[0]
    assert len(line.x) < 450 and line.y[-1] == 5000


def test_nothing_leaves_the_machine() -> None:
    assert theme.CONFIG["showSendToCloud"] is False and theme.CONFIG["plotlyServerURL"] == ""
    assert theme.CONFIG["displaylogo"] is False
    bundle = figures.platforms(POSTS)._repr_mimebundle_()
    assert bundle["application/vnd.plotly.v1+json"]["config"]["showSendToCloud"] is False
    assert "https://" not in json.dumps(bundle)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("短", ["短"]),
        ("一二三四五，六七八九十", ["一二三四五，", "六七八九十"]),
        ("没有标点的长句子", ["没有标点的长句", "子"]),
    ],
)
def test_fold(text: str, lines: list[str]) -> None:
    assert theme._fold(text, 7) == lines


def test_a_course_of_years_is_drawn_by_days_and_keeps_its_sum() -> None:
    bins = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 12, 31, 23), "1h", time_zone="UTC", eager=True)
    blind = pl.col("bin").is_between(datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 3, tzinfo=UTC))
    counts = pl.DataFrame({"key": "全部", "bin": bins, "n": 2, "expected": 1.5})
    counts = counts.with_columns(pl.when(~blind).then("n"))
    fig = figures.against_baseline(counts, BURSTS.clear(), zone=ZONE)
    line = fig.data[-1]
    drawn = [n for n in line.y if n is not None]
    assert len(line.y) == 367 and sum(drawn) == counts["n"].sum() and None in line.y, (
        "days of the zone, a hole stays one"
    )
    assert "一天" in fig.layout.yaxis.title.text and len(figures.volume(counts, zone=ZONE).data[-1].y) == 367
    hours = figures.against_baseline(counts.head(1000), BURSTS.clear(), zone=ZONE)
    assert len(hours.data[-1].y) == 1000
