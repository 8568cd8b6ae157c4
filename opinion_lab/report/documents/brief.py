"""The daily brief: its frames (`of`), and what is shown of them, one function a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab.analyse import demands as requests, trends
from opinion_lab.judge import respondents as complained_of, routing
from opinion_lab.judge.deadlines import clocks
from opinion_lab.report import figures, page
from opinion_lab.report.documents import tables
from opinion_lab.report.documents.daily import orders as order_frames, overlooked, stories as days
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.page import Shown
from opinion_lab.report.wording import courses
from opinion_lab.rules import Rules

WEEK = timedelta(days=7)
FEW = 40  # posts of a day up to which each is shown, in the place of a choice
#: Posts of a week, and days of it, from which a chart shows more than noise.
CHART_POSTS, CHART_DAYS = 60, 3


@dataclass(frozen=True)
class Brief:
    """A day in frames: its posts, the four weeks behind them, and what was found in them.

    `everything` are all posts of the four weeks, `month` those of the stories shown, `listed` those and all orders,
    `posts` of these those of the day; `alerts` as Lab.alerts of the week, `levels` as day.levels, `orders` as
    orders.of, `by_line` as routing.sections, `demands` as demands.coverage, `respondents` as respondents.tally of the
    week, `doubtful` as overlooked.doubtful. `until`: the last moment spoken of, midnight of a day that is over
    (`over`).
    """

    day: date
    zone: ZoneInfo
    rules: Rules
    until: datetime
    over: bool
    everything: pl.DataFrame
    month: pl.DataFrame
    listed: pl.DataFrame
    posts: pl.DataFrame
    post_stories: pl.DataFrame
    holes: pl.DataFrame
    alerts: pl.DataFrame
    levels: pl.DataFrame
    orders: pl.DataFrame
    public: pl.DataFrame
    by_line: pl.DataFrame
    demands: pl.DataFrame
    respondents: pl.DataFrame
    doubtful: pl.DataFrame


def of(lab: Desk, day: str = "", *, relevant: bool = True, budget: int = 3) -> Brief:
    """The brief of a day, the latest unless said. `relevant`: only of stories that are about the bureau's matters."""
    on = lab.latest(day)
    rules, zone, own = lab.rules, lab.zone, lab.settings.organisations.own
    everything, month, post_stories = lab.month(on, relevant=relevant)
    orders = lab.store.orders(lab.month_before(on), on)
    # a work order is on somebody's desk, whatever its words
    listed = pl.concat([month, everything.join(month, on="post_id", how="anti").join(orders, on="post_id", how="semi")])
    listed = listed.sort("published_at", "post_id")
    posts = listed.filter(pl.col("day") == on)
    holes = trends.holes(everything, zone=zone)
    over = on < lab.latest()
    last = everything["published_at"].max()
    until = days.day_end(on, zone) if over or not isinstance(last, datetime) else last
    trails = lab.trails(month, post_stories, on)
    found = days.alerts(
        month, post_stories, trails, day=on, zone=zone, budget=budget, peaks=rules.annual_peaks, holes=holes, days=7
    )
    public = posts.filter(~clocks.official(own))
    web = public.filter(pl.col("kind") != "complaint")
    lately = complained_of.complaints(listed.filter(pl.col("day") > on - 2 * WEEK), orders, rules.organisations)
    return Brief(
        day=on,
        zone=zone,
        rules=rules,
        until=until,
        over=over,
        everything=everything,
        month=month,
        listed=listed,
        posts=posts,
        post_stories=post_stories,
        holes=holes,
        alerts=lab.titled(found, "key"),
        levels=lab.titled(days.levels(month, post_stories, trails, day=on, zone=zone), "story_id"),
        orders=order_frames.of(everything, orders, today=pl.col("day") == on, until=until),
        public=public,
        by_line=routing.sections(public, lab.router),
        demands=requests.coverage(
            requests.extract(web, table=rules.demands),
            month.filter(pl.col("kind") == "statement"),
            table=rules.demands,
        ),
        respondents=complained_of.tally(complained_of.of(lately, rules.organisations, own=own), day=on),
        doubtful=overlooked.doubtful(everything, listed, on, lab.relevance_model(), lab.labels),
    )


def title(today: Brief) -> Shown:
    """The report's title, and until when it speaks."""
    return page.title(f"每日舆情：{today.day.year}年{today.day.month}月{today.day.day}日", until=today.until)


def summary(today: Brief) -> Shown:
    """What stands out, then how much was said against the usual, within the same hours where the day is not over."""
    local = pl.col("published_at").dt.convert_time_zone(str(today.zone))
    before = today.listed.filter((pl.col("day") < today.day) & (pl.col("day") >= today.day - WEEK))
    clock = today.until.astimezone(today.zone)
    before = before if today.over else before.filter(local.dt.time() <= clock.time())
    new = _new(today).height
    until = "" if today.over else f"{clock.hour}时{clock.minute:02}分"
    text = days.summary(today.posts, before, new, today.levels, day=today.day, until=until)
    return page.finding(text, today.posts)


def _new(today: Brief) -> pl.DataFrame:
    """The alerts that were raised on the day itself."""
    at = pl.coalesce("raised", "start").dt.convert_time_zone(str(today.zone)).dt.date()
    return today.alerts.filter(at == today.day)


def alerts(today: Brief) -> Shown:
    """What people should look at: of the day, and of the six days before."""
    columns = {
        "raised": "报出",
        "title": ("事件", "verbatim"),
        "posts": ("当时帖文", "posts"),
        "why": "为什么",
    }
    rows = courses.bursts(today.alerts, zone=today.zone).with_columns(_named("key"))
    caption = "预警：今天和前六天的，新的在前" if _new(today).height else "今天没有新的预警；前六天报过的"
    return page.table(rows, columns, caption, nothing="今天和前六天都没有预警。")


def _named(key: str) -> pl.Expr:
    return pl.format("{}（{}）", "title", key).alias("title")


def levels(today: Brief) -> Shown:
    """The week's stories and the level that is proposed or confirmed."""
    columns = {
        "title": ("事件", "verbatim"),
        "level": "级别",
        "reason": "理由",
        "today": ("今日帖文", "posts"),
        "week": ("七天帖文", "posts"),
        "whole": ("四周帖文", "posts"),
    }
    by = pl.format("{}确认", "confirmed_by").fill_null("建议")
    at = pl.col("top_at").dt.convert_time_zone(str(today.zone))
    fallen = pl.col("top") != pl.col("level")
    fell = pl.format("；{}月{}日曾达{}级", at.dt.month(), at.dt.day(), "top")
    then = pl.format("{}月{}日：{}此后不再达到，现为{}级。", at.dt.month(), at.dt.day(), "reason", "level")
    level = pl.format("{}级（{}{}）", "level", by, pl.when(fallen).then(fell).otherwise(pl.lit("")))
    reason = pl.when(fallen).then(then).otherwise("reason")
    rows = today.levels.with_columns(_named("story_id"), level=level, reason=reason)
    caption = "七天里满三条的事件（建议的级别待人工确认）"
    return page.table(rows, columns, caption, most=8, nothing="七天里没有满三条的事件。")


def order_summary(today: Brief) -> Shown:
    """How many work orders there are, and how they fare; nothing where there are none."""
    return page.finding(order_frames.summary(today.orders), today.orders) if today.orders.height else page.note("")


def order_types(today: Brief) -> Shown:
    """Work orders by what they ask."""
    return _orders(today, "request_type", "诉求类型")


def order_units(today: Brief) -> Shown:
    """Work orders by who must answer."""
    return _orders(today, "unit", "承办单位")


def _orders(today: Brief, by: str, label: str) -> Shown:
    columns: dict[str, Any] = {
        "name": label,
        "today": ("今日工单", "posts"),
        "whole": ("四周工单", "posts"),
        "open": ("未办结", "posts"),
        "late": ("超期", "posts"),
        "bad": ("不满意", "posts"),
        "again": ("内容重复", "posts"),
    }
    rows = order_frames.tally(today.orders, by)
    # without a term nothing is overdue, without a time of closing nothing is known to be open
    for column in order_frames.unsaid(today.orders):
        columns.pop({"due_at": "late", "closed_at": "open", "satisfied": "bad"}[column])
    named = rows.filter(pl.col("name") != order_frames.UNNAMED)
    return page.table(rows, columns, f"工单按{label}", most=20) if named.height else page.note("")


def volume(today: Brief) -> Any:
    """How much was said in the last week, where it is enough for a chart."""
    week = today.month.filter(pl.col("day") > today.day - WEEK)
    if week.height < CHART_POSTS or week["day"].n_unique() < CHART_DAYS:
        return None
    counts = trends.count(today.month, key="platform", every="1h", holes=today.holes, zone=today.zone)
    return figures.volume(counts.filter(pl.col("bin") >= pl.col("bin").max() - WEEK), zone=today.zone)


def platforms(today: Brief) -> Any:
    """Where it was said today, where there is more than one place."""
    return figures.platforms(today.posts) if today.posts["platform"].n_unique() > 1 else None


def each(today: Brief) -> Shown:
    """Each post of a quiet day, by who must answer, danger to people first; on a busy day one post a story."""
    orders = today.orders.filter("today").select("post_id", "unit", "request_type")
    if today.posts.height > FEW or today.posts.is_empty():
        return _voices(today)
    rows = days.each(today.posts.join(orders, on="post_id", how="left"), today.rules.grades)
    columns: dict[str, Any] = {
        "unit": "承办单位",
        "request_type": "诉求类型",
        "says": ("内容", "verbatim"),
        "published_at": "时间",
    }
    if orders.is_empty():
        columns = {"platform": "平台", **{c: columns[c] for c in ("says", "published_at")}}
    caption = f"当天的每一条（{today.posts.height}条）：可能伤到人的在前，再按承办单位"
    return page.table(rows, columns, caption, most=FEW, clamp=120)


def _voices(today: Brief) -> Shown:
    columns = {
        "published_at": "时间",
        "platform": "平台",
        "text": ("原话（已脱敏）", "verbatim"),
        "copies": ("同文帖文", "posts"),
    }
    rows = days.voices(today.posts, today.post_stories)
    return page.table(rows, columns, "批评与诉求在前；同一件事只列一条", nothing="今天没有公众发言。")


def respondents(today: Brief) -> Shown:
    """Which businesses, institutions and estates the week's posts name."""
    return tables.respondents(today.respondents, today.listed, when="七天里")


def by_line(today: Brief) -> Shown:
    """Which lines of business today's posts belong to, and how sure that is."""
    return tables.by_line(today.by_line, most=8)


def demands(today: Brief) -> Shown:
    """What people ask for, what nobody has answered first."""
    columns = {
        "key": "诉求",
        "demand": "类型",
        "n": "人数",
        "answered": "已有回应",
        "quote": ("原话（已脱敏）", "verbatim"),
    }
    rows = today.demands.rename({"kind": "demand"})
    return page.table(rows, columns, "网上的诉求（没有回应的在前）", most=8, nothing="")


def where_to_complain(today: Brief) -> Shown:
    """That a web post is no complaint, where there are any."""
    web = today.posts.filter(pl.col("kind") != "complaint")
    said = "网帖不是法定投诉：请引导当事人通过全国12315平台或热线提出；职责外事项告知并反馈统一接收机构。"
    return page.note(said if web.height else "")


def missed(today: Brief) -> Shown:
    """What may have slipped through: silent platforms, gaps in collection, posts set aside."""
    aside = today.everything.filter(pl.col("day") == today.day).join(today.listed, on="post_id", how="anti")
    text = overlooked.missed(today.everything, today.listed, today.day, today.holes, zone=today.zone)
    return page.finding(text, aside)


def doubtful(today: Brief) -> Shown:
    """Posts that a person should look over."""
    columns = {"platform": "平台", "text": ("内容", "verbatim"), "doubt": "为什么请您看"}
    caption = "请过目：关注词与模型有分歧的、差半个词的，以及放在一边的抽样"
    return page.table(today.doubtful, columns, caption, nothing="")


def advice(today: Brief) -> Shown:
    """Who should do what, and because of what."""
    columns = {"who": "谁", "what": "做什么", "because": "因为"}
    rows = days.advice(today.levels, today.demands, today.rules.grades)
    return page.table(rows, columns, "建议（供值班人员取舍）", nothing="今天没有要建议的事。")


def sources(lab: Desk, today: Brief) -> Shown:
    """What the brief stands on."""
    return page.provenance(lab.store, today.posts, 四周全部=today.everything.height, 四周列入=today.listed.height)
