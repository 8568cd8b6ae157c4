"""An exercise in sentences: what a stage shows, and how a trainee did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from opinion_lab.report.wording.phrases import NAMES, duration, listing, number, percent, time

RIGHT = {"answer": "该答", "wait": "不该答", "either": "都可以"}
SPOKE = {True: "答", False: "不答"}


def picture(seen: Mapping[str, Any], at: datetime, zone: tzinfo, *, first: bool) -> str:
    """A stage's volume in a sentence."""
    since = "" if first else f"，比上一站多{number(seen['new'])}条"
    where = "，".join(f"{name}{number(n)}条" for name, n in seen["platforms"][:5])
    people = f"，来自{number(seen['people'])}个账号" if seen["people"] else ""
    many = f"共{number(seen['n'])}条帖文（原创{number(seen['originals'])}条{people}）"
    return f"现在是{time(at, zone, year=True)}。{many}{since}。{where}。"


def answered(seen: Mapping[str, Any], zone: tzinfo) -> str:
    """Who has spoken officially so far."""
    if not seen["answers"]:
        return "还没有官方回应。"
    said = [f"{time(a['at'], zone)} {a['author_name'] or '有关部门'}" for a in seen["answers"]]
    return f"已有{len(said)}次官方回应：{listing(said, most=6)}。"


def levels(right: Sequence[str]) -> str:
    """A range of levels: Ⅱ级, Ⅱ至Ⅲ级."""
    return f"{right[0]}级" if len(right) == 1 else f"{right[0]}至{right[-1]}级"


def off(steps: int) -> str:
    """How far a level lies outside the range."""
    return "在范围内" if not steps else f"{'偏重' if steps > 0 else '偏轻'}{abs(steps)}级"


def delay(hours: float | None, what: str = "") -> str:
    """Hours from when something (`what`, where it is not said beside) was needed to when it was done; None: never."""
    if hours is None:
        return f"始终没有{what}" if what else "始终没有做"
    if hours == 0:
        return f"{what}正是时候"
    span = duration(timedelta(hours=abs(hours)))
    return f"{what}晚了{span}" if hours > 0 else f"{what}没有晚（早{span}）"


def summary(f: Mapping[str, Any]) -> str:
    """A trainee's session in two sentences: the level, then the answer."""
    level = f"{f['decided']}站中{round((f['level_right'] or 0) * f['decided'])}站级别在范围内"
    wrong = [f"{f['too_mild']}站偏轻"] * bool(f["too_mild"]) + [f"{f['too_grave']}站偏重"] * bool(f["too_grave"])
    level += f"（{'、'.join(wrong)}）" if wrong else ""
    late = delay(f["level_delay"], "定到最重那一级") if f["must_rise"] else ""
    spoke = delay(f["answer_delay"], "公开回应") if f["answer_due"] else "这件事不必公开回应"
    loud = f"，有{f['loud']}站与标准相反" if f["loud"] else ""
    return "；".join(filter(None, (level, late))) + f"。{spoke}{loud}。"


def figures(f: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Every figure of a score: what, value, how it is counted."""
    kappa = "级别全都一样，算不出" if f["kappa"] is None else f"{f['kappa']:.2f}"
    due = delay(f["answer_delay"]) if f["answer_due"] else "不必公开回应"
    rise = delay(f["level_delay"]) if f["must_rise"] else "不必升级"
    drafts = f"{f['drafts']}份：须改{f['errors']}处，请核{f['warnings']}处" if f["drafts"] else "没有文稿"
    return [
        ("级别在范围内", percent(f["level_right"]), f"{f['decided']}站中的占比；范围之内都算对"),
        ("级别与标准的一致（加权κ）", kappa, "线性加权的科恩κ：1完全一致，0与随手定的一样"),
        ("定到最重那一级", rise, "从标准里最早必须定到那一级的时刻起，按演练里的钟点"),
        ("公开回应", due, "从标准里最早该答的时刻起，按演练里的钟点；不该答时答的不算"),
        ("与标准相反的答与不答", f"{f['loud']}站答了不该答的", "动静大不等于事情大"),
        ("该分到的科室", percent(f["sections_recall"]), "该分到的里面分到了多少"),
        ("分对的科室", percent(f["sections_precision"]), "分出去的里面有多少是对的"),
        ("看出的诉求", percent(f["demands_recall"]), "真实而未答的诉求里勾出了多少"),
        ("勾对的诉求", percent(f["demands_precision"]), "勾出的里面有多少是真实而未答的"),
        ("文稿答到的诉求", percent(f["demands_answered"]), "按文稿字面判断，只表态不算答"),
        ("文稿", drafts, "按通报检查表，只看字面"),
        ("文稿结论被后来推翻", f"{f['reversed']}处", "与最后一次真实的官方说法相反"),
        ("超过的时限", f"{f['clocks_missed']}项", "把文稿当作发出，按时限表计算"),
        ("用时", duration(timedelta(minutes=f["minutes"])), "真实时间，从打开一站到提交"),
    ]


def weak(skills: Sequence[str]) -> str:
    """What to train next."""
    if not skills:
        return "这一场没有明显的短板。"
    return f"下次着重练：{'；'.join(NAMES['skill'][s] for s in skills)}。"
