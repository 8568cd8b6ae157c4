"""Remarks on a draft statement as lines to read (of judge.statements.check)."""

from __future__ import annotations

import polars as pl

from opinion_lab.report.wording.phrases import NAMES

MASKED = "（个人信息，已隐去）"


def lines(remarks: pl.DataFrame) -> list[str]:
    """What to change and why: the finding, the sentence, what to do, where the rule comes from."""
    said = []
    for n, row in enumerate(remarks.iter_rows(named=True), 1):
        said.append(f"{n}. 【{NAMES['remark'][row['level']]}】{row['rule']}（{row['rule_id']}）")
        if row["words"] is None:
            said.append("   全文没有写到。")
        else:
            said.append(f"   原文：{MASKED if row['personal'] else row['sentence']}")
        said += [f"   建议：{row['advice']}", f"   出处：{row['source']}"]
    return said


def summary(remarks: pl.DataFrame) -> str:
    """How many remarks of each kind, and what was not looked at."""
    wrong = remarks.filter(pl.col("level") == "error").height
    rest = "只看字面，不判断事实，不代替法制审核。"
    if remarks.is_empty():
        return f"没有发现与规则不符的地方。{rest}"
    return f"{remarks.height}处请看：{wrong}处须改，{remarks.height - wrong}处请核。{rest}"
