"""A mapping file in TOML -> `Mapping`, and a table of strings -> RawItem rows by it.

source_id = "..."                 # where the rows come from
dates = ["date", "%d/%m/%Y"]      # optional: tried in order, see rows.times
[constants]                       # fills what the file does not say: platform, kind, author_kind ...
[values.author_kind]              # what is written there -> what it means here
[[drop]]                          # rows that are left out, with the reason shown in the ledger
[[item]]                          # one thing that a row (or one entry of a list in it: `each`) holds
[item.columns]                    # RawItem column = "column", ["first choice", "second"] or "{a} {b}:00"
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from pydantic import Field

from opinion_lab import config, schemas, validation
from opinion_lab.collect.parsers import rows
from opinion_lab.validation import Model

TARGETS = tuple(c for c in rows.ITEM if c not in ("capture", "position"))
TIMES = ("published_at", "collected_at")
CHOICES = {"kind": schemas.KINDS, "author_kind": schemas.AUTHOR_KINDS}
#: The line number in a table of strings: no file has a column of this name.
LINE = "\0line"
LABELS = {"native_id": "编号", "title": "标题", "text": "正文", "published_at": "时间", "platform": "平台"}
LABELS |= {"root": "原帖编号", "parent": "上级编号", "author": "作者"}
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
    dates: tuple[str, ...] = rows.DATES
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


def slots(template: str) -> list[str]:
    """The columns of the file that a template names."""
    return [name for name, spec in SLOT.findall(template) if not spec]


# --- reading the file ----------------------------------------------------------------------------------------


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
        if name not in rows.READERS and "%" not in name:
            raise config.LabError(
                f"{where}：dates 里不认识“{name}”。可用 {'、'.join(rows.DATES)}，或 %Y-%m-%d %H:%M 这样的格式。"
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


# --- from a table of strings to items ------------------------------------------------------------------------


def applies(item: Item, table: pl.DataFrame) -> pl.Series:
    """In which rows the item is, by its `when` and `unless`."""
    mask = pl.lit(True)
    if item.when:
        mask = pl.any_horizontal([_said(n, table).is_not_null() for n in item.when])
    if item.unless:
        mask &= pl.all_horizontal([_said(n, table).is_null() for n in item.unless])
    return table.with_columns(mask.alias("_"))["_"]


def items(
    table: pl.DataFrame, mapping: Mapping, item: Item, *, capture: str, collected_at: datetime, zone: ZoneInfo
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Rows as RawItem columns with a `reason` where they are to be left out, and notes on what could not be read.

    `table` holds the line and the columns of the file as strings.
    """
    zone = ZoneInfo(mapping.timezone) if mapping.timezone else zone
    given = table.with_columns(
        _dropped(table, mapping), **{f"_{t}": _given(t, mapping, item, table) for t in TARGETS}
    ).select("_drop", position=LINE, **{t: f"_{t}" for t in TARGETS})
    read, notes = _read_times(given, table, mapping, item, collected_at, zone)
    for target in schemas.COUNTS:
        read[target] = rows.counts(given[target])
        notes.append(rows.unread(given[target], read[target], f"{target} 不是数字，记为空"))
    known = given["author_kind"].is_in(schemas.AUTHOR_KINDS)
    whose = given["author_kind"].zip_with(known, pl.Series([None], dtype=pl.String))
    notes.append(rows.unread(given["author_kind"], whose, "author_kind 不认识，记为 unknown"))
    frame = given.rename({"published_at": "_time"}).with_columns(
        *read.values(), whose.fill_null("unknown"), pl.lit(capture).alias("capture")
    )
    frame = _timed(frame, table, item, zone).with_columns(_reason(item, table))
    kind = pl.when(pl.col("kind").is_in(schemas.KINDS)).then("kind").otherwise(pl.lit("post"))
    frame = frame.with_columns(kind).select(*rows.ITEM, "reason").cast(rows.ITEM)
    return frame, [n for n in notes if n]


def _given(target: str, mapping: Mapping, item: Item, table: pl.DataFrame) -> pl.Expr:
    """What the row says of `target`, in our words: the first choice that says something, else the constant."""
    said = [pl.lit(None, pl.String)]
    words = mapping.values.get(target, {})
    for expr in (_choice(c, table) for c in item.choices(target)):
        if expr is None:
            continue
        if target not in ("title", "text"):  # these stay as they came
            expr = expr.str.strip_chars()
        if words:
            expr = expr.replace(words)
            expr = pl.when(expr != "").then(expr)
        if target == "parent":  # some exports let a top comment point to itself
            own = _given("native_id", mapping, item, table)
            expr = pl.when(expr.ne_missing(own)).then(expr)
        said.append(expr)
    constant = mapping.constant(item, target) or (mapping.source_id if target == "source_id" else None)
    return pl.coalesce(said if constant is None else [*said, pl.lit(constant)])


def _choice(choice: str, table: pl.DataFrame) -> pl.Expr | None:
    """One column or template; None when the table lacks it, or when the template waits for our own times."""
    if "{" not in choice:
        return _said(choice, table) if choice in table.columns else None
    if any(spec for _, spec in SLOT.findall(choice)) or not _whole(choice, table):
        return None
    return _template(choice, table, {})


def _whole(template: str, table: pl.DataFrame) -> bool:
    return all(n in table.columns for n in slots(template))


def _template(choice: str, table: pl.DataFrame, ours: dict[str, pl.Series]) -> pl.Expr:
    """The template filled in; null when one part is."""
    parts: list[pl.Expr] = []
    at = 0
    for slot in SLOT.finditer(choice):
        parts.append(pl.lit(choice[at : slot.start()]))
        parts.append(pl.lit(ours[slot[0]]) if slot[2] else _said(slot[1], table).str.strip_chars())
        at = slot.end()
    return pl.concat_str([*parts, pl.lit(choice[at:])])


def _read_times(
    given: pl.DataFrame, table: pl.DataFrame, mapping: Mapping, item: Item, collected_at: datetime, zone: ZoneInfo
) -> tuple[dict[str, pl.Series], list[dict[str, Any] | None]]:
    """Both times; the next choice is read only where the one before could not be."""
    read = {}
    for target in TIMES:
        read[target] = rows.times(given[target], zone, mapping.dates)
        for choice in item.choices(target)[1:]:
            if read[target].null_count() and (expr := _choice(choice, table)) is not None:
                more = rows.times(table.with_columns(expr.alias("_"))["_"], zone, mapping.dates)
                read[target] = read[target].zip_with(read[target].is_not_null(), more)
    when = read["collected_at"]
    sound = when.is_between(rows.EARLIEST, collected_at + rows.AHEAD)
    when = when.zip_with(sound.fill_null(False), pl.Series([None], dtype=rows.TIME))
    note = rows.unread(given["collected_at"], when, "采集时间读不懂，改用导入时间")
    read["collected_at"] = when.fill_null(collected_at).alias("collected_at")
    return read, [note]


def _timed(frame: pl.DataFrame, table: pl.DataFrame, item: Item, zone: ZoneInfo) -> pl.DataFrame:
    """Fill the templates that hold our own times, once these are read."""
    for target in item.columns:
        for choice in item.choices(target):
            slots = [slot for slot in SLOT.finditer(choice) if slot[2]]
            if slots and _whole(choice, table):
                ours = {s[0]: frame[s[1]].dt.convert_time_zone(zone.key).dt.strftime(s[2]) for s in slots}
                text = table.with_columns(_template(choice, table, ours).alias("_"))["_"]
                frame = frame.with_columns(pl.coalesce(target, pl.lit(text)).alias(target))
    return frame


def _said(name: str, table: pl.DataFrame) -> pl.Expr:
    """A column of the table, null where it is blank; null altogether where there is no such column."""
    if name not in table.columns:
        return pl.lit(None, pl.String)
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name))


def _dropped(table: pl.DataFrame, mapping: Mapping) -> pl.Expr:
    """The mapping's own reason for leaving a row out."""
    exprs = [pl.lit(None, pl.String)]
    for rule in mapping.drop:
        said = _said(rule.column, table).str.strip_chars()
        hit = said.is_in(rule.equals)
        if rule.matches is not None:
            hit |= said.str.contains(rule.matches)
        exprs.append(pl.when(hit).then(pl.lit(rule.reason)))
    return pl.coalesce(exprs).alias("_drop")


def _reason(item: Item, table: pl.DataFrame) -> pl.Expr:
    """Why a row cannot stand, the mapping's own reason first."""
    kind, time = pl.col("kind"), pl.col("_time")
    unread = (
        pl.when(time.is_null()).then(pl.lit("没有时间")).otherwise(pl.format("时间读不懂：{}", time.str.slice(0, 40)))
    )
    exprs = [
        pl.col("_drop"),
        pl.when(kind.is_null()).then(pl.lit("没有内容种类")),
        pl.when(~kind.is_in(schemas.KINDS)).then(pl.format("内容种类不认识：{}", kind.str.slice(0, 40))),
        pl.when(pl.col("platform").is_null()).then(pl.lit("没有平台")),
    ]
    for target in item.required:
        places = "、".join(c for c in item.choices(target) if "{" in c or c in table.columns)
        lack = unread if target == "published_at" else pl.lit(f"没有{LABELS.get(target, target)}（{places}）")
        exprs.append(pl.when(pl.col(target).is_null()).then(lack))
    return pl.coalesce(exprs).alias("reason")
