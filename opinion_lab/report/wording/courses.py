"""A story's course in sentences: why a phase began, what an unusual stretch was, what a forecast rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import polars as pl

from opinion_lab.analyse.cascades.forecasting import Forecast
from opinion_lab.analyse.cascades.regression import Model
from opinion_lab.analyse.trends.bursts import APART
from opinion_lab.report.wording import phrases
from opinion_lab.report.wording.phrases import DAY, HOUR, hours

Fact = Mapping[str, Any]

# --- phases ------------------------------------------------------------------------------------------------------


def phases(phases: pl.DataFrame) -> pl.DataFrame:
    """Phases (Phase) with `why` in words."""
    return phases.with_columns(why=pl.Series([_phase(why) for why in phases["why"]], dtype=pl.String))


def _phase(why: Sequence[Fact]) -> str:
    """Why one phase began, and how that was measured."""
    return "；".join(_one_fact(f) for f in why)


def _one_fact(f: Fact) -> str:
    rule, value = f["rule"], f["value"]
    if rule == "few_posts":
        return f"一共{value:g}条，少于{f['threshold']:g}条，画不出起伏，不分阶段"
    if rule == "few_bins":
        return f"一共只有{value:g}个时段，画不出起伏，不分阶段"
    if rule == "hole":
        return f"另有{f['hours']:.0f}小时没有采集"
    if rule == "smoothed":
        return f"按前后约{f['hours']:.0f}小时平滑，已扣除昼夜作息"
    if rule == "calm":
        most = f"不到最高一天（{f['threshold']:.0f}条）的{f['share']:.0%}"
        return f"此后任何{f['hours']:g}小时最多{value:.0f}条，{most}，没有反弹"
    now, part = f"每小时{_rate(value)}条", f"最高值（每小时{_rate(f['threshold'])}条）的{f['share']:.0%}"
    wave = f"（第{f['points']:g}波）" if (f["points"] or 0) > 1 else ""
    if rule == "below":
        return f"从第一条起，声量不到{part}"
    if rule == "from_start":
        return f"从第一条起就不低于{part}"
    if rule == "rises_again":
        return f"声量降到{now}（最高值的{f['least']:.0%}）后回升，之后又达到{part}以上{wave}"
    return f"声量升到{now}，达到{part}{wave}" if rule == "reaches" else f"声量降到{now}，低于{part}"


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


# --- unusual stretches -------------------------------------------------------------------------------------------


def burst(row: Mapping[str, Any], *, zone: tzinfo) -> str:
    """One unusual stretch (Burst): 9月8日12时至21时出现312条，平时同一时段约14条."""
    lines = [f for f in row["why"] if f["rule"] == "red_line"]
    if lines:
        met = "；".join(f"“{f['name']}”{f['value']:g}条（满{f['threshold']:g}条即报）" for f in lines)
        return f"{phrases.time(row['raised'], zone)}前触及红线：{met}"
    same = "平时同样天数" if row["step"] >= DAY else "平时同一时段"
    often = f"约{row['expected']:,.0f}条" if row["expected"] >= 1 else "不到1条"
    going_on = "，截至统计时仍在继续" if row["going_on"] else ""
    yearly = "".join(f"；每年此时也高（{f['name']}）{'，已与去年同期相比' if f['about'] else ''}" for f in row["why"])
    return f"{_stretch(row['start'], row['end'], row['step'], zone)}出现{row['n']:,}条，{same}{often}{going_on}{yearly}"


def bursts(found: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """Stretches (Burst) with `why` in words."""
    return found.with_columns(
        why=pl.Series([burst(row, zone=zone) for row in found.iter_rows(named=True)], dtype=pl.String)
    )


def stops(row: Mapping[str, Any]) -> str:
    """What would end an alert (Burst)."""
    unit = {HOUR: "小时", DAY: "天"}.get(row["step"], "个时段")
    return f"连续{APART}{unit}合计不到{row['stops']:,}条，即视为平息"


def _stretch(start: datetime, end: datetime, step: timedelta, zone: tzinfo) -> str:
    """From when to when (9月8日12时至21时; 9月8日22时至9月9日3时); of days the last one included."""
    a, b = start.astimezone(zone), end.astimezone(zone)
    if step >= DAY:
        b -= DAY
        return _day(a) if a.date() == b.date() else f"{_day(a)}至{_day(b)}"
    if b.date() - a.date() == DAY and (b.hour, b.minute) == (0, 0):
        return f"{_day(a)}{_clock(a)}至24时"
    return f"{_day(a)}{_clock(a)}至{_clock(b) if a.date() == b.date() else _day(b) + _clock(b)}"


def _day(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日"


def _clock(moment: datetime) -> str:
    return f"{moment.hour}时{moment.minute}分" if moment.minute else f"{moment.hour}时"


def caveats(facts: Sequence[Fact]) -> str:
    """What to bear in mind about what is usual (of trends.caveats)."""
    said = {
        "no_posts": "没有可统计的帖文",
        "short_history": "只有{value:g}天数据，不足{threshold:g}天，说不出“平时”是多少，因此不报异常",
        "no_weekdays": "只有{value:g}天数据，不足两周：平时值不分星期几，只供参考",
        "holes": "有{share:.1%}的时段没有采集到数据，按缺失处理，不当作零",
        "not_in_calendar": "{value:g}年的节假日安排尚未收录，按普通周末计算",
    }
    return "".join(said[f["rule"]].format(**f) + "。" for f in facts)


# --- forecasts ---------------------------------------------------------------------------------------------------


def basis(forecast: Forecast | Model) -> str:
    """What a forecast was learnt from."""
    if not forecast.learnt:
        return forecast.basis
    archive, *parts = forecast.learnt
    said = [f"本实验室有{archive['value']:g}件够大且已结束的事件"]
    words = {
        "own": "按自己的事件学得（{threshold:g}件以上）",
        "errors": "用随附的系数、按自己的事件校准误差（{threshold:g}件以上）",
        "shipped": "自己的不足{threshold:g}件，用" + forecast.basis,
    }
    for f in parts:
        ages = f"首帖后{hours(f['value'])}" + (f"至{hours(f['hours'])}" if f["hours"] != f["value"] else "")
        said.append((f"{ages}，" if len(parts) > 1 else "") + words[f["rule"]].format(**f))
    return "；".join(said)


def caution(f: Fact) -> str:
    """One thing that a forecast cannot know."""
    rule = f["rule"]
    if rule == "too_early":
        return f"距首帖不足{hours(f['threshold'])}，按{hours(f['threshold'])}时的经验估计"
    if rule == "too_late":
        return f"距首帖已超过{hours(f['threshold'])}，经验只到那时"
    if rule == "few_posts":
        few = f"此时只有{f['value']:g}条，不足{f['threshold']:g}条，还不能预测"
        return f"{few}：经验都来自后来成了规模的事件，会估高"
    if rule == "no_end":
        return "自激过程算出的增长没有尽头：仍在加速，宁可按上限准备"
    return f"自激过程另估约{f['value']:.0f}条，落在区间之外，两种方法不一致"
