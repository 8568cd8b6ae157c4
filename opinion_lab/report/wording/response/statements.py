"""Remarks on a draft statement as lines to read (of judge.statements.check)."""

from __future__ import annotations

import polars as pl

from opinion_lab.report.wording.phrases import NAMES

VERDICTS = {"reversed": "推翻", "changed": "改变", "added": "新说", "removed": "不再提"}
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


def against_story(differences: pl.DataFrame, open_demands: pl.DataFrame) -> list[str]:
    """Where a draft differs from earlier answers (statements.compare with n), and the demands that it leaves open."""
    said = [f"与此前说法不同的{differences.height}处（机器比对，请人工核对原文）："] if differences.height else []
    for row in differences.iter_rows(named=True):
        old, new = row["a"] or "没有说", row["b"] or "没有说"
        said.append(f"   第{row['n']}次发布：{old} → 这一稿：{new}（{VERDICTS[row['verdict']]}）")
    if open_demands.is_empty():
        return [*said, "5人以上或百分之一以上的人提出的诉求，都能找到回应。"]
    said.append(f"没有回应的诉求{open_demands.height}类：")
    said += [
        f"   {row['key']}（{row['n']}人），例如：{row['quote'][:60]}" for row in open_demands.iter_rows(named=True)
    ]
    return said
