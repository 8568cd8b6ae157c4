"""Deadlines held against what was done: met, missed, still open, or not to be told from posts.

A story is found, judged, routed, answered: the first three stand in no post, so their clocks run only on the times
that the bureau gives. A web post is not a formal complaint (总局令第121号 art. 8): the statutory clocks of complaints
start from 12315 alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.judge.deadlines.deadline_calendar import (
    UNITS,
    ZONE,
    Held,
    Span,
    calendar_knows,
    due,
    hold,
    in_force,
    lasting,
    utc,
    working,
)

__all__ = ["Held", "Span", "answers", "due", "hold", "in_force", "lasting", "official", "run", "utc", "working"]

#: An official post shorter than this (“转发微博”, “收到”) says nothing that could be an answer.
SHORTEST_ANSWER = 10
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

    An answer is a statement, or a post of an own or a government account that speaks as a body (AS_A_BODY).
    Columns: n (1, 2, …), post_id, at, platform, author_name, own (bool), delay (from the first public post; negative
    when the body spoke first), repeats (further posts with the same words), title, text.
    """
    posts = story_posts.sort("published_at", "post_id").with_columns(spoken=official(own))
    public = posts.filter(~pl.col("spoken"))
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


def run(
    story_posts: pl.DataFrame,
    *,
    found_at: datetime | None = None,
    judged_at: datetime | None = None,
    routed_at: datetime | None = None,
    rules: pl.DataFrame,
    own: Collection[str] = (),
    severe: bool | None = None,
    now: datetime,
    formal: Collection[str] = (),
    zone: ZoneInfo = ZONE,
) -> pl.DataFrame:
    """Every clock that a story starts, as it stood at `now` (Clock): found, judged, routed, answered, then the law's.

    `found_at`, `judged_at`, `routed_at`: when the bureau says it did so; those after `now` are not known yet.
    `severe`: whether a person confirmed that the story is 特别重大 or 重大; None leaves the 5 h and 24 h clocks
    `unknown`. `formal`: source_ids or platforms by which legal complaints come in (12315). Posts after `now` are
    not looked at. Raises LabError when the story has no post by then.
    """
    now = utc(now, zone)
    # what nobody had done by then is not known to be done
    done = {k: utc(t, zone) for k, t in (("found", found_at), ("judged", judged_at), ("routed", routed_at)) if t}
    done = {k: t for k, t in done.items() if t <= now}
    found_at = done.get("found")
    posts = story_posts.filter(pl.col("published_at") <= now).sort("published_at", "post_id")
    if not posts.height:
        raise LabError("这件事在所选时刻之前没有帖子，无法计时。请把时刻往后调，或检查事件编号。")
    public = posts.filter(~official(own))
    first = (public if public.height else posts)["published_at"].min()
    assert isinstance(first, datetime)
    said = answers(posts, own).to_dicts()
    start, how = (found_at, "按本单位发现时间起算") if found_at else (first, "按首帖时间起算，偏严")
    rows: list[dict[str, Any]] = []
    day = start.astimezone(zone).date()
    rows += [_stepped(rule, first, done, now=now, zone=zone) for rule in _steps(in_force(rules, day))]
    for rule in rules.filter(pl.col("applies").is_in(["major", "other"])).iter_rows(named=True):
        if not in_force(pl.DataFrame([rule], schema=rules.schema), day).height:
            if rule["since"] > day:
                rows.append(_row(rule, start, note=f"当时（{day}）该规定尚未施行（{rule['since']} 起），不判。"))
            continue
        row = _answered(rule, start, how, said, severe=severe, now=now, zone=zone)
        rows += [row] if row else []
    for rule in in_force(rules, day).filter(pl.col("applies") == "follow").iter_rows(named=True):
        rows += [_followed(rule, a, b) for a, b in itertools.pairwise(said)]
    rows += _statutory(posts, rules, first, found_at, formal=formal, now=now, zone=zone)
    return schemas.Clock.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Clock).schema), cast=True)


def _row(rule: Mapping[str, Any], start: datetime | None, *, state: str = "unknown", note: str, **more: Any) -> dict:
    blank = {"due": None, "done": None, "margin": None}
    named = {"clock_id": rule["id"], "what": rule["what"], "basis": rule["basis"]}
    return {**named, **blank, "start": start, "state": state, "note": note, **more}


#: What each step of handling starts from, nearest first, and what it is called.
STEPS = {"found": ((), "发现"), "judged": (("found",), "研判"), "routed": (("judged", "found"), "分送")}


def _steps(rules: pl.DataFrame) -> list[dict[str, Any]]:
    """The rules of found, judged, routed, in that order."""
    return [rule for step in STEPS for rule in rules.filter(pl.col("applies") == step).iter_rows(named=True)]


def _stepped(
    rule: Mapping[str, Any], first: datetime, done: Mapping[str, datetime], *, now: datetime, zone: ZoneInfo
) -> dict[str, Any]:
    """The row of a step that happens inside the bureau: known only as far as it was written down."""
    before, name = STEPS[rule["applies"]]
    since = next((b for b in before if b in done), None)
    start, of = (done[since], STEPS[since][1]) if since else (first, "首帖")
    deed = done.get(rule["applies"])
    if deed is None:
        # not written down is not left undone
        return _row(rule, start, note=f"{name}时间没有填写，无法判断；请查台账。")
    took = deed - start
    said = f"{name}{'早于' if took < timedelta(0) else '距'}{of} {lasting(abs(took))}，"
    held = hold(rule, start, deed, now=now, zone=zone)
    if held.due is None:
        note = f"{said}只列出，不判：没有读到全国性期限，请按本地办法填写 {rule['id']}。"
        return _row(rule, start, done=deed, note=note)
    limit = f"{rule['amount']:g}{UNITS[rule['unit']]}"
    note = f"{said}{_late(held, limit)}"
    return _row(rule, start, state=held.state, due=held.due[0], done=deed, margin=held.margin, note=note)


def _answered(
    rule: Mapping[str, Any],
    start: datetime,
    how: str,
    said: list[dict[str, Any]],
    *,
    severe: bool | None,
    now: datetime,
    zone: ZoneInfo,
) -> dict[str, Any] | None:
    """The row of a rule that an official answer keeps; None when it does not apply to this story."""
    # 61号: 48 hours are for *other* stories, so a story confirmed as major has the shorter clocks alone.
    if severe is (rule["applies"] == "other"):
        return None
    conference = rule["answer"] == "conference"
    fitting = [a for a in said if "发布会" in f"{a['title']}{a['text']}"] if conference else said
    done = fitting[0] if fitting else None
    held = hold(rule, start, done["at"] if done else None, now=now, zone=zone)
    deed = "发布会信息" if conference else "官方回应"
    limit = f"{rule['amount']:g}{UNITS[rule['unit']]}" if rule["amount"] else "期限未填"
    if done:
        lag = done["at"] - start
        finding = f"首次{deed}{'早于' if lag < timedelta(0) else '距'}起算 {lasting(abs(lag))}，" + _late(held, limit)
        who = "" if done["own"] else f"该回应由{done['author_name'] or '未署名的官方账号'}发布，不是本单位账号。"
    else:
        finding, who = f"已采集的帖子里没有{deed}，" + _late(held, limit), ""
    state, note = held.state, f"{finding}{who}{how}。"
    if conference and not done and state == "missed":
        state, note = "unknown", f"已采集的帖子里没有发布会信息；开没开须人工核对。{how}。"
    if rule["applies"] == "major" and severe is None:
        state, note = "unknown", f"需人工确认是否属特别重大、重大；若属，则{note}"
    moment = held.due[0] if held.due else None
    deed_at, margin = done["at"] if done else None, None if state == "unknown" else held.margin
    return _row(rule, start, state=state, note=note, due=moment, done=deed_at, margin=margin)


def _late(held: Held, limit: str) -> str:
    if held.margin is None:
        return f"无从判断（{limit}）。"
    if held.state == "open":
        return f"还剩 {lasting(held.margin)}（限 {limit}）。"
    return f"{'超出' if held.state == 'missed' else '提前'} {lasting(abs(held.margin))}（限 {limit}）。"


def _followed(rule: Mapping[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    gap = f"第 {after['n']} 次发布，距上一次 {lasting(after['at'] - before['at'])}。"
    named = {**rule, "id": f"{rule['id']}-{after['n']}", "what": f"{rule['what']}（第 {after['n']} 次）"}
    return _row(named, before["at"], note=f"{gap}条文没有写间隔，只列出，不判达标。", done=after["at"])


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
    found = found_at.astimezone(zone).date() if found_at else first.astimezone(zone).date()
    rows = []
    for applies, received in (("complaint", legal), ("hotline", hotline)):
        start = received["published_at"].min() if received.height else None
        assert start is None or isinstance(start, datetime)
        day = start.astimezone(zone).date() if start else found
        for rule in in_force(rules, day).filter(pl.col("applies") == applies).iter_rows(named=True):
            if start:
                rows.append(_received(rule, start, received.height, now=now, zone=zone))
            elif applies == "complaint":
                note = "没有经 12315 收到的投诉，法定时限不起算：网帖不是法定投诉，应引导反映人到 12315 登记。"
                rows.append(_row(rule, None, note=note))
    for rule in in_force(rules, found).filter(pl.col("applies") == "lead").iter_rows(named=True):
        if found_at:
            last = due(rule, found_at, zone=zone)
            note = "网帖是否作为违法线索须法制科定；若按发现时间起算，期限如表，是否已核查须查台账。"
            rows.append(_row(rule, found_at, note=note + _unsure(last, zone), due=last))
        else:
            rows.append(_row(rule, None, note="网帖是否作为违法线索须法制科定；本单位发现时间未填，不起算。"))
    return rows


def _received(rule: Mapping[str, Any], start: datetime, n: int, *, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    last = due(rule, start, zone=zone)
    if last is None:
        return _row(rule, start, note=f"共 {n} 件，自最早一件起；时限各地自定，请在时限表 {rule['id']} 填写后再判。")
    # Whether it was done stands in the bureau's own register, so a term that is over cannot be judged here.
    state = "open" if now <= last else "unknown"
    rest = f"还剩 {lasting(last - now)}。" if state == "open" else "期限已过，是否办理须查台账，帖子里看不出来。"
    note = f"共 {n} 件，自最早一件起算；{rest}" + _unsure(last, zone)
    return _row(rule, start, state=state, note=note, due=last, margin=last - now if state == "open" else None)


def _unsure(moment: datetime | None, zone: ZoneInfo) -> str:
    if moment is None or calendar_knows(moment.astimezone(zone).date()):
        return ""
    return f"（{moment.astimezone(zone).year} 年节假日安排未收录，只扣周末，请人工复核。）"
