"""A statement checked before it goes out: what to look at again, never whether it is true.

The rules come from `rules/statements.toml`, each with its source; legal review is not replaced.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from opinion_lab.config import LabError, build
from opinion_lab.judge.statements.comparison import SIGNATURE, sentence

LEVELS, KINDS = ("error", "warn"), ("must_have", "must_not", "process")
#: `words` that broke a rule and the `sentence` that they stand in; both null where something is missing.
COLUMNS = ("rule_id", "level", "rule", "words", "sentence", "advice", "source")
REMARK: dict[str, Any] = dict.fromkeys(COLUMNS, pl.String())
REMARK |= {"personal": pl.Boolean(), "start": pl.Int64(), "end": pl.Int64()}


@dataclass(frozen=True)
class Rule:
    """One row of `statements.toml`; what the fields mean stands at its head."""

    id: str
    level: str
    kind: str
    rule: str
    advice: str
    source: str
    provenance: str
    pattern: str | None = None
    unless: str | None = None
    first_report: bool = False
    body: bool = False
    raise_with: str | None = None
    mask: bool = False
    bad: str | None = None
    good: str | None = None


RULE = {f.name: pl.Boolean if f.type == "bool" else pl.String for f in fields(Rule)}


def load(path: Path) -> pl.DataFrame:
    """Read `statements.toml` (columns: the fields of Rule). Raises LabError with the row at fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as e:
        raise LabError(f"通报检查表 {path.name} 读不了：{e}。请检查文件是否存在、引号是否成对。") from None
    rules = []
    for n, row in enumerate(data.get("rule", []), 1):
        where = f"通报检查表 {path.name} 第 {n} 条"
        rule: Rule = build(Rule, row, where=where)
        if rule.level not in LEVELS or rule.kind not in KINDS:
            raise LabError(f"{where}：level 应为 {'、'.join(LEVELS)}，kind 应为 {'、'.join(KINDS)}。")
        if rule.kind != "process" and not rule.pattern:
            raise LabError(f"{where}：缺少“pattern”。")
        for pattern in (rule.pattern, rule.unless):
            try:
                re.compile(pattern or "")
            except re.error as e:
                raise LabError(f"{where}：{pattern} 不是正确的正则表达式（{e}）。") from None
        rules.append(rule)
    if len({r.id for r in rules}) < len(rules):
        raise LabError(f"通报检查表 {path.name}：有编号出现两次，请改成不同的编号。")
    return pl.DataFrame([asdict(r) for r in rules], schema=RULE)


def check(text: str, rules: pl.DataFrame, *, first_report: bool) -> pl.DataFrame:
    """What a draft lacks and what it should not say: one row a rule and wording, in the order of the table (REMARK).

    `start`, `end` are offsets in `text`; `personal` words are not to be shown. Rules of kind `process` cannot be seen
    in a text and are left to people.
    """
    body = SIGNATURE.sub("", text)
    remarks: list[dict[str, Any]] = []
    for rule in rules.filter(pl.col("kind") != "process").iter_rows(named=True):
        if rule["first_report"] and not first_report:
            continue
        remark = dict.fromkeys(REMARK) | {c: rule[c] for c in ("level", "rule", "advice", "source")}
        remark |= {"rule_id": rule["id"], "personal": rule["mask"]}
        hits = list(re.finditer(rule["pattern"], body if rule["body"] else text))
        if rule["kind"] == "must_have":
            remarks += [remark] if not hits else []
            continue
        shown: set[str] = set()
        for hit in hits:
            within = sentence(text, hit.start(), hit.end())
            excused = rule["unless"] and re.search(rule["unless"], within)
            if not excused and hit[0] not in shown:
                shown.add(hit[0])
                where = {"start": hit.start(), "end": hit.end()}
                remarks.append(remark | {"words": hit[0], "sentence": within.strip(), **where})
    broken = {r["rule_id"] for r in remarks}
    worse = {r["id"] for r in rules.iter_rows(named=True) if r["raise_with"] in broken}
    for remark in remarks:
        remark["level"] = "error" if remark["rule_id"] in worse else remark["level"]
    return pl.DataFrame(remarks, schema=REMARK)
