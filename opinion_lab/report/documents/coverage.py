"""What the sources gave and what may have been missed: its frames (`of`), and what is shown of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import completeness, trends
from opinion_lab.collect import discovery, visits
from opinion_lab.config import LabError
from opinion_lab.report import figures, page
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.page import Shown
from opinion_lab.report.wording import monitoring

WEEKS = timedelta(days=28)


@dataclass(frozen=True)
class Coverage:
    """Four weeks up to `until`: posts, who caught which story, the estimate, sources and their holes.

    `states` as visits.states with `tier` and `reason`, `holes` with name, start, end; `notices` and `bound` as of
    completeness.
    """

    day: date
    until: datetime
    zone: ZoneInfo
    posts: pl.DataFrame
    seen: pl.DataFrame
    estimate: completeness.Estimate
    states: pl.DataFrame
    holes: pl.DataFrame
    notices: pl.DataFrame
    bound: completeness.Bound | None


def of(lab: Desk, day: str = "") -> Coverage:
    """The four weeks that end with a day, the latest unless said."""
    on = lab.latest(day)
    everything, _, post_stories = lab.month(on)
    end = datetime.combine(on + timedelta(days=1), datetime.min.time(), lab.zone)
    past = lab.store.visits(end - WEEKS).filter(pl.col("at") < end.astimezone(UTC))
    until = max([end - timedelta(days=1), *everything["published_at"].tail(1), *past["at"].tail(1)])
    sources, reasons = lab.settings.sources, lab.store.graded()
    ungraded = [s for s in sources if s.id not in reasons]
    why = dict(monitoring.reasons(visits.grade(ungraded, everything, post_stories) | reasons))
    states = visits.states(sources, past, until)
    states = states.with_columns(
        pl.Series("tier", [why[s] for s in states["source_id"]], dtype=pl.String),
        pl.Series("words", [monitoring.state(row, until, lab.zone) for row in states.to_dicts()], dtype=pl.String),
    )
    web = everything.filter(pl.col("kind") != "complaint")
    gaps = trends.holes(web, zone=lab.zone)
    lost = visits.holes(past, until)
    stretches = [gaps.select("start", "end", name="platform"), lost.select("start", "end", name="source_id")]
    # what is said to the hotline alone is nowhere else, whoever looks
    seen = completeness.caught(web, post_stories)
    return Coverage(
        day=on,
        until=until,
        zone=lab.zone,
        posts=web,
        seen=seen,
        estimate=completeness.estimate(seen),
        states=states,
        holes=pl.concat(stretches).sort("start", "name"),
        notices=completeness.notices(everything, _known(lab, end)),
        bound=completeness.overlooked(everything, lab.labels),
    )


def _known(lab: Desk, end: datetime) -> list[tuple[str, datetime]]:
    """The bureau's own notices of the four weeks, as lab.toml has them."""
    known = []
    for notice in lab.settings.notices:
        if (at := lab.store.moment(notice.at)) is None:
            raise LabError(f'lab.toml 的 [[notice]]“{notice.text}”没有写时间，请写成 at = "2026-09-08 15:00"。')
        if end - WEEKS <= at < end:
            known.append((notice.text, at))
    return known


def title(found: Coverage) -> Shown:
    """The report's title, and until when it speaks."""
    return page.title(
        f"来源与漏采：截至{found.day.year}年{found.day.month}月{found.day.day}日的四周", until=found.until
    )


def summary(found: Coverage) -> Shown:
    """How many stories were probably missed."""
    return page.finding(monitoring.missed(found.estimate._asdict()) + "。")


def assumptions(found: Coverage) -> Shown:
    """What the estimate stands on, and how far it was found right."""
    return page.note(monitoring.assumptions(found.estimate._asdict()))


def families(found: Coverage) -> Shown:
    """What each platform caught, and what it alone caught."""
    order = found.posts.group_by("platform").len().sort("len", "platform", descending=[True, False])["platform"]
    columns = {"family": "来源", "stories": "采到的事件", "only": "只有它采到的"}
    rows = completeness.alone(found.seen, order.to_list()).fill_null(0)
    return page.table(rows, columns, "各类来源采到的与本局有关、满三条的事件", nothing="四周里没有这样的事件。")


def sources(found: Coverage) -> Shown:
    """How each source fares, and why it is visited as often as it is."""
    columns = {
        "source_id": "来源",
        "words": "情形",
        "tier": "级别和理由",
        "items": "采到条数",
        "last_new": "最近有新的",
    }
    nothing = "lab.toml 里没有 [[source]]：内容都由文件导入，看不出来源的情形。"
    return page.table(found.states, columns, "各来源的情形", nothing=nothing)


def holes(found: Coverage) -> Any:
    """When items may have been lost, on a timeline."""
    return figures.holes(found.holes, found.until - WEEKS, found.until, zone=found.zone)


def venues(lab: Desk) -> Shown:
    """Where people speak: what the lab reads there since when, by which lawful way, and what is closed to it."""
    places = discovery.venues(lab.store, lab.rules.sources).with_columns(
        sources=pl.when(pl.col("sources").list.len() > 0)
        .then(pl.col("sources").list.join("、"))
        .when(pl.col("posts") > 0)
        .then(pl.lit("文件导入"))
    )
    columns = {"venue": ("哪里", "whole"), "posts": "读到", "since": "从", "sources": "来源"}
    columns |= {"lawful": "合法的读法", "closed": "不开放的"}
    return page.table(places, columns, "群众在哪里说话，本实验室读不读得到", null="没有读")


def notices(found: Coverage) -> Shown:
    """Whether notices that were certainly published were found, and how soon."""
    columns = {"text": ("通告", "verbatim"), "at": "发布", "platform": "在哪里采到", "collected_at": "采到的时间"}
    nothing = "没有可以核对的通告：在 lab.toml 里写 [[notice]]（text 通告里的一句话，at 发布时间），就能看采到没有。"
    return page.table(found.notices, columns, "本单位通告采到没有", null="没有采到", nothing=nothing)


def overlooked(found: Coverage) -> Shown:
    """How much of what the watch list set aside is relevant after all, by what people labelled."""
    return page.finding(monitoring.bound(None if found.bound is None else found.bound._asdict()) + "。")


def line(lab: Desk, day: date) -> Shown:
    """All of it in a line, for the daily brief."""
    found = of(lab, f"{day}")
    mute = monitoring.mute(found.states)
    return page.note("；".join(filter(None, [monitoring.missed(found.estimate._asdict()), mute])) + "。")


def provenance(lab: Desk, found: Coverage) -> Shown:
    """What the page stands on."""
    return page.provenance(lab.store, found.posts)
