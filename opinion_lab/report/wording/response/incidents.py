"""Incidents of the past in sentences: how soon, how right, how it ended, and what is alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import polars as pl

from opinion_lab.report.wording.phrases import NAMES, day, sentence

Fact = Mapping[str, Any]
SHOWN, SHOWN_ANSWERS = 40, 2  # characters of an answer, and how many answers
#: The column `when`: 2024-08-25 00:00/2024-08-25 20:13 is that day, and by when at the latest.
WHEN = pl.col("when").str.replace(r"^(\S+) 00:00/\S+ (\S+)$", "$1（不晚于$2）")


def sentences(facts: Sequence[Fact], *, zone: tzinfo) -> str:
    """Facts of one incident in a row: speed, correctness or outcome."""
    return "；".join(sentence("incident", f, zone=zone) for f in facts)


def answers(answers: pl.DataFrame) -> pl.DataFrame:
    """The answers of a public incident, counted, with `when` and `verdict` in words."""
    by = pl.format("被{}推翻（{}）", "by_body", "by_when")
    verdict = pl.coalesce(by, pl.col("verdict").replace_strict(NAMES["stood"], default=None))
    return answers.with_columns(WHEN, verdict=verdict, n=pl.int_range(1, pl.len() + 1))


def most_alike(found: pl.DataFrame, *, zone: tzinfo) -> str:
    """What the past has to offer, in one sentence; honest when it has nothing."""
    if found.is_empty():
        return "本实验室的以往事件和随附的公开案例里，没有找到相近的。"
    top = found.row(0, named=True)
    right, ended = sentences(top["correctness"], zone=zone), sentences(top["outcome"], zone=zone)
    return f"最相近的是“{top['name']}”（{NAMES['origin'][top['origin']]}，{top['began']}）：{right}；结局：{ended}。"


def alike(found: pl.DataFrame, *, zone: tzinfo) -> pl.DataFrame:
    """Similar incidents as people read them: name (with origin and when it began), alike, why, done, fared."""
    rows = []
    for row in found.iter_rows(named=True):
        why = [f"同样谈到{'、'.join(row['words'])}", *(NAMES["both"][b] for b in row["both"])]
        why[1:1] = [f"同属{'、'.join(row['lines'])}"] if row["lines"] else []
        ended = sentences(row["outcome"], zone=zone)
        fared = [sentences(row[c], zone=zone) for c in ("speed", "correctness") if row[c]]
        said = ("；".join(why), _done(row["done"], zone), f"{'；'.join(fared)}。结局：{ended}")
        rows.append((f"{row['name']}（{NAMES['origin'][row['origin']]}，{row['began']}）", row["alike"], *said))
    schema = {"name": pl.String(), "alike": pl.Float64()}
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
