"""Incidents of the past in sentences: how soon, how right, how it ended, and what is alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.wording.phrases import NAMES, day, hours, span_of_hours

Fact = Mapping[str, Any]
SHOWN, SHOWN_ANSWERS = 40, 2  # characters of an answer, and how many answers
PLAIN = {
    "first_post_unknown": "首发时间未读到，回应用时不能算",
    "no_result": "最终结果未读到",
    "no_answer": "没有官方回应的记载，不能判对错",
    "stands": "没有见到官方说法被推翻",
    "not_calm": "到数据截止时还没有平息",
}
BOTH = {"again": "都有再次上升或生出新话题", "reversed": "都有说法被推翻或撤下"}


def sentence(facts: Sequence[Fact], *, zone: tzinfo) -> str:
    """Facts of one incident in a row: speed, correctness or outcome."""
    return "；".join(_fact(f, zone=zone) for f in facts)


def _fact(f: Fact, *, zone: tzinfo) -> str:
    """One of them."""
    rule = f["rule"]
    if rule in PLAIN:
        return PLAIN[rule]
    spans = {
        "first_answer": "首发到首次官方回应",
        "regulator_answer": "到监管部门自己回应",
        "first_result": "首发到结果",
        "complaint_before": "正式投诉比首发早",
    }
    if rule in spans:
        return spans[rule] + span_of_hours(f)
    if rule == "answer_delay":
        early = f["hours"] < 0
        return ("官方先发声，早于首帖" if early else "首帖到首次官方回应") + hours(abs(f["hours"]))
    if rule == "result":
        return f"{f['name']}：{f['detail']}"
    if rule == "reversed":
        return f"{f['name']}的说法后来被{f['detail']}推翻（{f['about']}）"
    if rule == "withdrawn":
        return f"{f['name']}的回应发出后被撤下"
    if rule == "taken_back":
        return f"第{f['value']:g}次发布的说法被第{f['points']:g}次推翻"
    if rule == "posts":
        return f"共{f['value']:g}条"
    if rule == "second_wave":
        return f"{day(f['at'], zone)}起第二次上升"
    return f"{day(f['at'], zone)}起平息"


def answers(answers: pl.DataFrame) -> pl.DataFrame:
    """The answers of a public incident with `verdict` in words."""
    by = pl.format("被{}推翻（{}）", "by_body", "by_when")
    verdict = pl.coalesce(by, pl.col("verdict").replace_strict(NAMES["stood"], default=None))
    return answers.with_columns(verdict=verdict)


def most_alike(found: pl.DataFrame, *, zone: tzinfo) -> str:
    """What the past has to offer, in one sentence; honest when it has nothing."""
    if found.is_empty():
        return "本实验室的以往事件和随附的公开案例里，没有找到相近的。"
    top = found.row(0, named=True)
    right, ended = sentence(top["correctness"], zone=zone), sentence(top["outcome"], zone=zone)
    return f"最相近的是“{top['name']}”（{NAMES['origin'][top['origin']]}，{top['began']}）：{right}；结局：{ended}。"


def alike(found: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """Similar incidents as people read them: name, origin, began, alike, why, done, fared."""
    rows = []
    for row in found.iter_rows(named=True):
        why = [f"同样谈到{'、'.join(row['words'])}", *(BOTH[b] for b in row["both"])]
        why[1:1] = [f"同属{'、'.join(row['lines'])}"] if row["lines"] else []
        ended = sentence(row["outcome"], zone=zone)
        fared = [sentence(row[c], zone=zone) for c in ("speed", "correctness") if row[c]]
        said = ("；".join(why), _done(row["done"], zone), f"{'；'.join(fared)}。结局：{ended}")
        rows.append((row["name"], NAMES["origin"][row["origin"]], row["began"], row["alike"], *said))
    schema = dict.fromkeys(("name", "origin", "began"), pl.String()) | {"alike": pl.Float64()}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(("why", "done", "fared"), pl.String()), orient="row")


def _done(facts: Sequence[Fact], zone: tzinfo) -> str:
    if not facts:
        return "没有官方发布或处置的记载"
    own = [f for f in facts if f["at"] is not None]
    shown = [f"{day(f['at'], zone)} {f['name'] or '官方'}：{_cut(f['detail'])}" for f in own[:SHOWN_ANSWERS]]
    shown += [f"{f['about']} {f['name']}：{f['detail']}" for f in facts if f["at"] is None]
    return "；".join(shown + ([f"等共{len(own)}次发布"] if len(own) > SHOWN_ANSWERS else []))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
