"""A mapping file in TOML -> `Mapping`: which column of a file is what here. No I/O but `load`.

source_id = "..."                 # where the rows come from
dates = ["date", "%d/%m/%Y"]      # optional: tried in order, see times.times
fallback = true                   # optional: proposed only for a file that no other mapping fits
[constants]                       # fills what the file does not say: platform, kind, author_kind ...
[values.author_kind]              # what is written there -> what it means here
[[drop]]                          # rows that are left out, with the reason shown in the ledger
[[item]]                          # one thing that a row (or one entry of a list in it: `each`) holds
[item.columns]                    # RawItem column = "column", ["first choice", "/pattern/"] or "{a} {b}:00"
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from pydantic import Field

from opinion_lab import config, schemas, validation
from opinion_lab.collect.parsers import rows, times
from opinion_lab.validation import Model

TARGETS = tuple(c for c in rows.ITEM if c not in ("capture", "position"))
TIMES = ("published_at", "collected_at", "accepted_at", "due_at", "closed_at")
CHOICES = {"kind": schemas.KINDS, "author_kind": schemas.AUTHOR_KINDS}
#: What the columns are called where staff read of them.
LABELS = {"native_id": "编号", "title": "标题", "text": "正文", "published_at": "时间", "platform": "平台"}
LABELS |= {"root": "原帖编号", "parent": "上级编号", "author": "作者", "author_kind": "作者类别", "url": "链接"}
LABELS |= {"likes": "点赞数", "reposts": "转发数", "comments": "评论数", "views": "阅读数", "heat": "热度"}
LABELS |= {"rank": "名次", "region": "地区", "kind": "种类", "collected_at": "采集时间", "source_id": "来源"}
LABELS |= {"request_type": "诉求类型", "unit": "承办单位", "accepted_at": "受理时间", "due_at": "办理期限"}
LABELS |= {"closed_at": "办结时间", "result": "办理结果", "satisfied": "是否满意"}
#: {column} of the file, or {published_at:%Y-%m} of ours in the lab's zone.
SLOT = re.compile(r"\{([^{}:]+)(?::([^{}]+))?\}")


class Drop(Model):
    """Rows whose `column` is one of `is`, or matches a regular expression, are left out for `reason`."""

    column: str
    reason: str
    equals: tuple[str, ...] = Field(default=(), validation_alias="is")
    matches: str | None = None


class Item(Model):
    """One thing that a row holds: only `when` one of these columns says something, not `unless` one does.

    `each` names a list in the row; its entries are the rows then, and "../x" is column x of the whole line.
    `required` are the RawItem columns without which it is left out.
    """

    columns: dict[str, Any]
    constants: dict[str, Any] = Field(default_factory=dict)
    each: str | None = None
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    required: tuple[str, ...] = ("published_at",)

    def choices(self, target: str) -> tuple[str, ...]:
        """The columns or templates from which `target` is taken, best first."""
        given = self.columns.get(target, ())
        return (given,) if isinstance(given, str) else tuple(given)

    def names(self) -> list[str]:
        """The columns of the file that this item looks at, each once."""
        wanted = [*self.when, *self.unless]
        for target in self.columns:
            for choice in self.choices(target):
                wanted += slots(choice) if "{" in choice else [choice]
        return list(dict.fromkeys(wanted))


class Mapping(Model):
    """How one kind of file is read. `label` changes with its content, so that an edited mapping reads files anew."""

    source_id: str
    items: tuple[Item, ...] = Field(validation_alias="item")
    name: str = ""
    timezone: str | None = None
    dates: tuple[str, ...] = times.DATES
    fallback: bool = False
    constants: dict[str, Any] = Field(default_factory=dict)
    values: dict[str, Any] = Field(default_factory=dict)
    drop: tuple[Drop, ...] = ()

    @property
    def label(self) -> str:
        """Name and fingerprint, for the ledger."""
        return f"{self.name}@{hashlib.sha256(repr(self).encode()).hexdigest()[:8]}"

    def constant(self, item: Item, target: str) -> str | None:
        """What fills `target` where the file says nothing."""
        return item.constants.get(target, self.constants.get(target))

    def names(self, item: Item) -> list[str]:
        """The columns of the file needed for an item and for the rules that leave rows out."""
        return list(dict.fromkeys([*item.names(), *(d.column for d in self.drop)]))


def pattern(choice: str) -> re.Pattern[str] | None:
    """The regular expression of a choice that is written /…/: every header that it matches whole is meant."""
    return re.compile(choice[1:-1]) if len(choice) > 2 and choice[0] == choice[-1] == "/" else None


def slots(template: str) -> list[str]:
    """The columns of the file that a template names."""
    return [name for name, spec in SLOT.findall(template) if not spec]


# --- reading the file ----------------------------------------------------------------------------------------


@lru_cache(100)
def load(name: str, text: str) -> Mapping:
    """The mapping that a file of that name holds. Raises LabError naming what is wrong in it."""
    where = f"对应表 {name}.toml"
    data = validation.toml(text, where)
    if "name" in data:
        raise config.LabError(f"{where}：不认识“name”。对应表的名字就是文件名。")
    mapping = validation.build(Mapping, data, where=where).model_copy(update={"name": name})
    if not mapping.items:
        raise config.LabError(f"{where}：至少要有一个 [[item]]。")
    _check_words(mapping, where)
    for item in mapping.items:
        _check_item(item, where)
    return mapping


def _check_words(mapping: Mapping, where: str) -> None:
    _check_constants(mapping.constants, where + " 的 [constants]")
    _known(mapping.values, where + " 的 [values]")
    for target, words in mapping.values.items():
        here = f"{where} 的 [values.{target}]"
        if not isinstance(words, dict) or not all(isinstance(v, str) for v in words.values()):
            raise config.LabError(f'{here}：要写成 "原来的写法" = "这里的写法"，两边都加引号。')
        for value in words.values():
            _allowed(target, value, here)
    for name in mapping.dates:
        if name not in times.DATES and "%" not in name:
            raise config.LabError(
                f"{where}：dates 里不认识“{name}”。可用 {'、'.join(times.DATES)}，或 %Y-%m-%d %H:%M 这样的格式。"
            )
    if mapping.timezone is not None:
        try:
            ZoneInfo(mapping.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise config.LabError(
                f"{where}：timezone = {mapping.timezone!r} 不是时区名，例如 Asia/Shanghai。"
            ) from None
    for rule in mapping.drop:
        if not rule.equals and rule.matches is None:
            raise config.LabError(f"{where} 的 [[drop]]：要写 is = [...] 或 matches = '...' 之一。")
        try:
            pl.Series([""]).str.contains(rule.matches or "")
        except pl.exceptions.ComputeError:
            raise config.LabError(f"{where} 的 [[drop]]：matches = {rule.matches!r} 不是正则表达式。") from None


def _check_item(item: Item, where: str) -> None:
    _known(item.columns, where + " 的 [item.columns]")
    _check_constants(item.constants, where + " 的 [item.constants]")
    _known(item.required, where + " 的 required")
    for target, given in item.columns.items():
        choices = [given] if isinstance(given, str) else given
        if not isinstance(choices, list) or not choices or not all(isinstance(c, str) and c for c in choices):
            raise config.LabError(f"{where} 的 {target}：应为列名（加引号），或几个列名的列表 [ ]。")
        for choice in choices:
            try:
                pattern(choice)
            except re.error:
                raise config.LabError(f"{where} 的 {target}：{choice} 不是正则表达式。") from None
        for ours in (n for c in choices for n, spec in SLOT.findall(c) if spec):
            if ours not in TIMES or target in TIMES:
                raise config.LabError(
                    f"{where} 的 {target}：{{…:%Y-%m}} 这种写法只能用于 published_at 或 collected_at，现在是 {ours}。"
                )


def _known(targets: Iterable[str], where: str) -> None:
    for target in targets:
        if target not in TARGETS:
            close = difflib.get_close_matches(target, TARGETS, n=1)
            hint = f"是不是想写“{close[0]}”？" if close else f"可用的有：{'、'.join(TARGETS)}。"
            raise config.LabError(f"{where}：不认识“{target}”。{hint}")


def _check_constants(constants: dict[str, Any], where: str) -> None:
    _known(constants, where)
    for target, value in constants.items():
        if not isinstance(value, str):
            raise config.LabError(f"{where}：{target} 应为文字（加引号），现在是 {value!r}。")
        _allowed(target, value, where)


def _allowed(target: str, value: str, where: str) -> None:
    if target in CHOICES and value and value not in CHOICES[target]:
        raise config.LabError(f"{where}：{target} 只能是 {'、'.join(CHOICES[target])}，现在是“{value}”。")


def refusal(mapping: Mapping, lacking: list[str], found: list[str]) -> config.LabError:
    """Why a file is not read by a mapping: what it lacks, what it has, and what to do."""
    there = f"文件里的列是：{'、'.join(name[:20] for name in found[:40]) or '（没有）'}。"
    if mapping.fallback:
        return config.LabError(
            f"没有认出这个文件：缺少{'；'.join(lacking)}这样的列。{there}"
            "请在文件里把那一列的列名改成括号里的一个（没有表头的，先在第一行写上列名）再导入；"
            f"或运行 opinion-lab mappings copy {mapping.name} 我的表格，在复制出来的文件里加上您的列名。"
        )
    return config.LabError(
        f"文件里缺少对应表“{mapping.name}”要的列：{'；'.join(lacking)}。{there}"
        f"请换一个对应表，或把 {mapping.name}.toml 复制到实验室的 mappings 文件夹，在里面改成文件里的列名。"
    )
