"""Deadlines held against what was done: met, missed, still open, or not to be told from posts.

A story is found, judged, routed, answered: the first three stand in no post, so their clocks run only on the times
that the bureau gives. A web post is not a formal complaint (总局令第121号 art. 8): the statutory clocks of complaints
start from 12315 alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.judge.deadlines.deadline_calendar import Held, Span, hold, in_force, utc
from opinion_lab.rules.handling import calendar_knows, due, working
from opinion_lab.schemas import fact

__all__ = ["Held", "Span", "answers", "due", "hold", "in_force", "official", "run", "utc", "working"]

Fact = dict[str, Any]
CONFERENCE = "发布会"
#: An official post shorter than this (“转发微博”, “收到”) says nothing that could be an answer.
SHORTEST_ANSWER = 10
HOUR = timedelta(hours=1)
SPEECH = ("statement", "article", "post", "comment", "repost")
#: How a body speaks of its own doing: an account of a body that only shares the talk of the town answers nothing.
AS_A_BODY = (
    r"[我本](?:局|委|办|院|校|所|县|区|市|镇|单位)|调查组|专班|执法人员|情况(?:通报|说明)|通报如下|现[将就]|答复|回复如下"
    r"|致歉|更正|发布会"
)

# --- the story -------------------------------------------------------------------------------------------------


def official(own: Collection[str]) -> pl.Expr:
    """Posts by which a public body speaks: a statement, or words of an own or a government account."""
    by_body = pl.col("author_name").is_in(sorted(own)) | (pl.col("author_kind") == "government")
    speaks = pl.col("kind").cast(pl.String).is_in(SPEECH)
    return ((pl.col("kind") == "statement") | (by_body & speaks)).fill_null(False)


def answers(story_posts: pl.DataFrame, own: Collection[str] = ()) -> pl.DataFrame:
    """Official answers in order of time; the same words on another channel count once.

    An answer is a statement, or a post of an own or a government account that speaks as a body (AS_A_BODY). Where all
    the public has of a story are work orders or letters, a reply to one of them is told to one person: it is none.
    Columns: n (1, 2, …), post_id, at, platform, author_name, own (bool), delay (from the first public post; negative
    when the body spoke first), repeats (further posts with the same words), title, text.
    """
    posts = story_posts.sort("published_at", "post_id").with_columns(spoken=official(own))
    public = posts.filter(~pl.col("spoken"))
    if (public["kind"] == "complaint").all():
        posts = posts.join(replies(posts), on="post_id", how="anti")
    first = public["published_at"].min() if public.height else posts["published_at"].min()
    words = pl.col("text").str.replace_all(r"[^\p{L}\p{N}]+", "")
    answering = (pl.col("kind") == "statement") | pl.col("text").str.contains(AS_A_BODY)
    return (
        posts.filter(pl.col("spoken") & answering & (words.str.len_chars() >= SHORTEST_ANSWER))
        .with_columns(words=words)
        .group_by("words", maintain_order=True)
        .agg(
            pl.col("post_id", "platform", "author_name", "title", "text").first(),
            at=pl.col("published_at").first(),
            # An own account may repeat what a higher body said, or the other way round.
            own=pl.col("author_name").is_in(sorted(own)).fill_null(False).any(),
            repeats=pl.len().cast(pl.Int64) - 1,
        )
        .sort("at", "post_id")
        .with_columns(n=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), delay=pl.col("at") - pl.lit(first))
        .select("n", "post_id", "at", "platform", "author_name", "own", "delay", "repeats", "title", "text")
    )


def replies(story_posts: pl.DataFrame) -> pl.DataFrame:
    """The posts that answer one work order or letter: post_id, parent_id."""
    orders = story_posts.filter(pl.col("kind") == "complaint").select(parent_id="post_id")
    told = story_posts.filter(pl.col("kind") == "statement").select("post_id", "parent_id")
    return told.join(orders, on="parent_id", how="semi")


@dataclass(frozen=True)
class Handled:
    """When the bureau found, judged and routed the story, as far as it wrote that down; and whether it was major.

    `severe`: whether a person confirmed 特别重大 or 重大; None: nobody said.
    """

    found_at: datetime | None = None
    judged_at: datetime | None = None
    routed_at: datetime | None = None
    severe: bool | None = None


NOT_WRITTEN = Handled()


def run(
    story_posts: pl.DataFrame,
    *,
    handled: Handled = NOT_WRITTEN,
    rules: pl.DataFrame,
    own: Collection[str] = (),
    now: datetime,
    formal: Collection[str] = (),
    zone: ZoneInfo,
) -> pl.DataFrame:
    """Every clock that a story starts, as it stood at `now` (Clock): found, judged, routed, answered, then the law's.

    What the bureau did after `now` is not known yet; severity that nobody confirmed leaves the 5 h and 24 h clocks
    `unknown`. `formal`: source_ids or platforms by which legal complaints come in (12315). Posts after `now` are
    not looked at. Raises LabError when the story has no post by then.
    """
    now = utc(now, zone)
    written = {step: getattr(handled, f"{step}_at") for step in STEPS}
    # what nobody had done by then is not known to be done
    done = {step: moment for step, t in written.items() if t and (moment := utc(t, zone)) <= now}
    found_at = done.get("found")
    posts = story_posts.filter(pl.col("published_at") <= now).sort("published_at", "post_id")
    if not posts.height:
        raise LabError("这件事在所选时刻之前没有帖子，无法计时。请把时刻往后调，或检查事件编号。")
    public = posts.filter(~official(own))
    first = (public if public.height else posts)["published_at"].min()
    assert isinstance(first, datetime)
    answered = answers(posts, own).to_dicts()
    # a work order is answered to who called: what nobody said in public asks for no public answer
    orders_alone = not answered and bool((public["kind"] == "complaint").all()) and public.height > 0
    start = found_at or first
    rows: list[dict[str, Any]] = []
    day = start.astimezone(zone).date()
    rows += [_stepped(rule, first, done, now=now, zone=zone) for rule in _steps(in_force(rules, day))]
    for rule in rules.filter(pl.col("applies").is_in(["major", "other"])).iter_rows(named=True):
        if not in_force(pl.DataFrame([rule], schema=rules.schema), day).height:
            if rule["since"] > day:
                rows.append(_row(rule, start, fact("not_yet_in_force", at=start, detail=str(rule["since"]))))
            continue
        if orders_alone:
            rows.append(_row(rule, start, fact("orders_alone", value=public.height)))
            continue
        counted = fact("counted_from", about="found" if found_at else "first")
        row = _answered(rule, start, counted, answered, severe=handled.severe, now=now, zone=zone)
        rows += [row] if row else []
    for rule in in_force(rules, day).filter(pl.col("applies") == "follow").iter_rows(named=True):
        rows += [_followed(rule, a, b) for a, b in itertools.pairwise(answered)]
    rows += _statutory(posts, rules, first, found_at, formal=formal, now=now, zone=zone)
    return schemas.Clock.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Clock).schema), cast=True)


def _row(
    rule: Mapping[str, Any], start: datetime | None, *why: Fact, state: str = "unknown", **more: Any
) -> dict[str, Any]:
    blank = {"due": None, "done": None, "margin": None}
    named = {"clock_id": rule["id"], "what": rule["what"], "basis": rule["basis"]}
    return {**named, **blank, "start": start, "state": state, "why": list(why), **more}


#: What each step of handling starts from, nearest first.
STEPS = {"found": (), "judged": ("found",), "routed": ("judged", "found")}


def _steps(rules: pl.DataFrame) -> list[dict[str, Any]]:
    """The rules of found, judged, routed, in that order."""
    return [rule for step in STEPS for rule in rules.filter(pl.col("applies") == step).iter_rows(named=True)]


def _stepped(
    rule: Mapping[str, Any], first: datetime, done: Mapping[str, datetime], *, now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """The row of a step that happens inside the bureau: known only as far as it was written down."""
    step = rule["applies"]
    since = next((b for b in STEPS[step] if b in done), None)
    start, deed = done[since] if since else first, done.get(step)
    if deed is None:
        # not written down is not left undone
        return _row(rule, start, fact("step_not_written", about=step))
    took = fact("took", about=step, name=since or "first", hours=(deed - start) / HOUR)
    held = hold(rule, start, deed, now=now, zone=zone)
    if held.due is None:
        return _row(rule, start, took, fact("no_term", about=rule["id"]), done=deed)
    why = (took, _held(rule, held))
    return _row(rule, start, *why, state=held.state, due=held.due[0], done=deed, margin=held.margin)


def _answered(
    rule: Mapping[str, Any],
    start: datetime,
    counted: Fact,
    answered: list[dict[str, Any]],
    *,
    severe: bool | None,
    now: datetime,
    zone: ZoneInfo,
) -> dict[str, Any] | None:
    """The row of a rule that an official answer keeps; None when it does not apply to this story."""
    # 61号: 48 hours are for *other* stories, so a story confirmed as major has the shorter clocks alone.
    if severe is (rule["applies"] == "other"):
        return None
    deed = "conference" if rule["answer"] == "conference" else "statement"
    fitting = [a for a in answered if deed != "conference" or CONFERENCE in f"{a['title']}{a['text']}"]
    done = fitting[0] if fitting else None
    held = hold(rule, start, done["at"] if done else None, now=now, zone=zone)
    state, why = held.state, [] if done else [fact("no_answer", about=deed)]
    if done:
        why.append(fact("took", about=deed, name="start", hours=(done["at"] - start) / HOUR))
    if deed == "conference" and not done and state == "missed":
        state = "unknown"
    else:
        why.append(_held(rule, held))
    if done and not done["own"]:
        why.append(fact("answered_by", name=done["author_name"]))
    if rule["applies"] == "major" and severe is None:
        state = "unknown"
        why.insert(0, fact("severity_open"))
    moment = held.due[0] if held.due else None
    deed_at, margin = done["at"] if done else None, None if state == "unknown" else held.margin
    return _row(rule, start, *why, counted, state=state, due=moment, done=deed_at, margin=margin)


def _held(rule: Mapping[str, Any], held: Held) -> Fact:
    """A term and by how much it was kept or missed, or what is left of it; `about` the state, `detail` the unit."""
    hours = abs(held.margin) / HOUR if held.margin is not None else None
    state = held.state if hours is not None else "unknown"
    return fact("term", about=state, value=rule["amount"], detail=rule["unit"], hours=hours)


def _followed(rule: Mapping[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    gap = fact("follow_up", points=after["n"], hours=(after["at"] - before["at"]) / HOUR)
    return _row({**rule, "id": f"{rule['id']}-{after['n']}"}, before["at"], gap, done=after["at"])


def _statutory(
    posts: pl.DataFrame,
    rules: pl.DataFrame,
    first: datetime,
    found_at: datetime | None,
    *,
    formal: Collection[str],
    now: datetime,
    zone: ZoneInfo,
) -> list[dict[str, Any]]:
    """Clocks of complaints, leads and hotline orders: what was done about them is in no post."""
    complaints = posts.filter(pl.col("kind") == "complaint")
    by_law = pl.col("source_id").is_in(sorted(formal)) | pl.col("platform").is_in(sorted(formal))
    legal = complaints.filter(by_law)
    hotline = complaints.filter(~by_law & pl.col("platform").str.contains("12345", literal=True))
    found = (found_at or first).astimezone(zone).date()
    rows = []
    for applies, received in (("complaint", legal), ("hotline", hotline)):
        start = received["published_at"].min() if received.height else None
        assert start is None or isinstance(start, datetime)
        day = start.astimezone(zone).date() if start else found
        for rule in in_force(rules, day).filter(pl.col("applies") == applies).iter_rows(named=True):
            if start:
                rows.append(_received(rule, start, received.height, now=now, zone=zone))
            elif applies == "complaint":
                rows.append(_row(rule, None, fact("no_complaint")))
    for rule in in_force(rules, found).filter(pl.col("applies") == "lead").iter_rows(named=True):
        last = due(rule, found_at, zone=zone) if found_at else None
        why = (fact("lead", about="found" if found_at else None), *_calendar(last, zone))
        rows.append(_row(rule, found_at, *why, due=last))
    return rows


def _received(rule: Mapping[str, Any], start: datetime, n: int, *, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    last, received = due(rule, start, zone=zone), fact("received", value=n)
    if last is None:
        return _row(rule, start, received, fact("no_term", about=rule["id"]))
    # Whether it was done stands in the bureau's own register, so a term that is over cannot be judged here.
    state, left = "open" if now <= last else "unknown", last - now
    why = (received, fact("left" if state == "open" else "over", hours=abs(left) / HOUR), *_calendar(last, zone))
    return _row(rule, start, *why, state=state, due=last, margin=left if state == "open" else None)


def _calendar(moment: datetime | None, zone: ZoneInfo) -> list[Fact]:
    """That the holidays of the year are not known, where they are not."""
    if moment is None or calendar_knows(moment.astimezone(zone).date()):
        return []
    return [fact("not_in_calendar", value=moment.astimezone(zone).year)]
