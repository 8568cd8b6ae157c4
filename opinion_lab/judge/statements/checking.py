"""A statement checked before it goes out: what to look at again, never whether it is true.

The rules come from `rules.statements`, each with its source; legal review is not replaced.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from opinion_lab.judge.statements.comparison import SIGNATURE, sentence

#: `words` that broke a rule and the `sentence` that they stand in; both null where something is missing.
COLUMNS = ("rule_id", "level", "rule", "words", "sentence", "advice", "source")
REMARK: dict[str, Any] = dict.fromkeys(COLUMNS, pl.String())
REMARK |= {"personal": pl.Boolean(), "start": pl.Int64(), "end": pl.Int64()}


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
