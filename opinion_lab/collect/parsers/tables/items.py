"""A table of strings -> RawItem rows by a mapping; why a row cannot stand, and what in it could not be read. No I/O."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import schemas
from opinion_lab.collect.parsers import rows
from opinion_lab.collect.parsers.tables.mapping import LABELS, SLOT, TARGETS, TIMES, Item, Mapping, slots
from opinion_lab.collect.parsers.times import EXCEL, TIME, times
from opinion_lab.rules import handling

#: The line number in a table of strings: no file has a column of this name.
LINE = "\0line"
#: A day as registers write it whose title names the year.
NO_YEAR = r"^\s*(\d{1,2}月\d{1,2}[日号])"
#: Ids as Excel spoils them: 5.22E+15, and what is left of a number of more than 15 digits.
ROUNDED, LONG, SPOILT = r"^\d(?:\.\d+)?[eE]\+\d{1,2}$", r"^\d{16,}$", r"^\d{15}0+$"

#: A term as registers write it: 5个工作日, 3天内, 24小时.
TERM = r"^(\d{1,3}(?:\.\d)?)\s*个?(工作日|自然日|日|天|小时)(?:以?内)?$"
UNITS = {
    "工作日": "working_days",
    "自然日": "natural_days",
    "日": "natural_days",
    "天": "natural_days",
    "小时": "hours",
}


def applies(item: Item, table: pl.DataFrame) -> pl.Series:
    """In which rows the item is, by its `when` and `unless`."""
    mask = pl.lit(True)
    if item.when:
        mask = pl.any_horizontal([_said(n, table).is_not_null() for n in item.when])
    if item.unless:
        mask &= pl.all_horizontal([_said(n, table).is_null() for n in item.unless])
    return table.with_columns(mask.alias("_"))["_"]


def items(
    table: pl.DataFrame,
    mapping: Mapping,
    item: Item,
    *,
    capture: str,
    collected_at: datetime,
    zone: ZoneInfo,
    excel: datetime = EXCEL,
    year: str = "",
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Rows as RawItem columns with `reason` and `detail` where they are left out, and notes on what could not be read.

    `table` holds the line and the columns of the file as strings; `year` is that of calls dated 9月8日.
    """
    zone = ZoneInfo(mapping.timezone) if mapping.timezone else zone
    given = table.with_columns(
        _dropped(table, mapping), **{f"_{t}": _given(t, mapping, item, table) for t in TARGETS}
    ).select("_drop", position=LINE, **{t: f"_{t}" for t in TARGETS})
    read, notes = _read_times(given, table, mapping, item, collected_at, zone, excel, year)
    for target in schemas.COUNTS:
        read[target] = rows.counts(given[target])
        notes.append(rows.unread(given[target], read[target], f"{target} 不是数字，记为空"))
    known = given["author_kind"].is_in(schemas.AUTHOR_KINDS)
    whose = given["author_kind"].zip_with(known, pl.Series([None], dtype=pl.String))
    notes.append(rows.unread(given["author_kind"], whose, "author_kind 不认识，记为 unknown"))
    frame = given.rename({"published_at": "_time"}).with_columns(
        *read.values(), whose.fill_null("unknown"), pl.lit(capture).alias("capture")
    )
    frame = _timed(frame, table, item, zone).with_columns(_why(item, table))
    kind = pl.when(pl.col("kind").is_in(schemas.KINDS)).then("kind").otherwise(pl.lit("post"))
    frame = frame.with_columns(kind).select(*rows.ITEM, *rows.WHY).cast(rows.ITEM)
    for target in ("native_id", "parent", "root"):
        spoilt = _spoilt(frame[target])
        if spoilt.any():
            places = "、".join(c for c in item.choices(target) if c in table.columns)
            what = f"列“{places}”的长数字被 Excel 改成了约数，不当编号用，各行分开保存（请改用文本格式重新导出）"
            notes.append({"what": what, "n": int(spoilt.sum()), "example": frame[target].filter(spoilt)[0]})
            frame = frame.with_columns(pl.when(~spoilt).then(target).alias(target))
    return frame, [n for n in notes if n]


def _spoilt(ids: pl.Series) -> pl.Series:
    """Which ids are no longer what they were: written as a power of ten, or all of the long ones end in zeros."""
    rounded = ids.str.contains(ROUNDED).fill_null(False)
    zeros = ids.str.contains(SPOILT).fill_null(False)
    n = int(zeros.sum())
    # an id of 16 digits ends in 0 by chance once in ten, one of 18 in 000 once in a thousand
    chance = int((ids.filter(zeros).unique().str.len_chars().cast(pl.Int64) - 15).sum())
    if n == 0 or n < int(ids.str.contains(LONG).sum()) or chance < 3:
        return rounded
    return rounded | zeros


def without_required(table: pl.DataFrame, mapping: Mapping) -> pl.Series:
    """Rows of a sheet that hold nothing of what makes an item: notes and signatures between the records."""
    held = [pl.lit(False)]
    for item in mapping.items:
        for target in {*item.required, "text", "title"} - {"platform", "kind"}:
            held += [expr.is_not_null() for c in item.choices(target) if (expr := _choice(c, table)) is not None]
    return table.with_columns(pl.any_horizontal(held).not_().alias("_"))["_"]


def doubtful(items: pl.DataFrame, *, garbled: tuple[str, ...]) -> list[dict[str, Any]]:
    """Notes on rows that are kept and should be looked at: one id for different things, text decoded wrongly before."""
    notes = []
    named = items.filter(pl.col("native_id").is_not_null() & (pl.col("kind") != "board_entry"))
    named = named.filter(pl.struct("platform", "native_id").is_duplicated())
    if named.height:
        said = pl.any_horizontal((pl.col(c).n_unique() > 1).alias(c) for c in ("text", "title"))
        apart = named.group_by("platform", "native_id", maintain_order=True).agg(
            pl.len().alias("n"), (said & (pl.col("published_at").n_unique() > 1)).alias("unlike")
        )
        apart = apart.filter("unlike")
        if apart.height:
            n, example = int(apart["n"].sum()), apart["native_id"][0]
            notes.append({"what": "同一编号下是不同的内容，各行分开保存", "n": n, "example": example})
    if garbled:
        pattern = "|".join(garbled)
        hit = items.select(
            pl.any_horizontal(pl.col("title", "text").str.contains(pattern).fill_null(False))
        ).to_series()
        if hit.any():
            row = items.filter(hit).row(0, named=True)
            what = "像是曾被错误解码过的文字（乱码），请核对来源"
            notes.append({"what": what, "n": int(hit.sum()), "example": (row["title"] or row["text"] or "")[:40]})
    return notes


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
    given: pl.DataFrame,
    table: pl.DataFrame,
    mapping: Mapping,
    item: Item,
    collected_at: datetime,
    zone: ZoneInfo,
    excel: datetime,
    year: str,
) -> tuple[dict[str, pl.Series], list[dict[str, Any] | None]]:
    """All times; the next choice is read only where the one before could not be. When it was collected goes first."""
    read: dict[str, pl.Series] = {}
    notes = []
    beside = None
    for target in ("collected_at", *(t for t in TIMES if t != "collected_at")):
        dated = year and target in ("published_at", "accepted_at")

        def whole(texts: pl.Series, dated: object = dated) -> pl.Series:
            return texts.str.replace(NO_YEAR, f"{year}年$1") if dated else texts

        read[target] = times(whole(given[target]), zone, mapping.dates, beside=beside, excel=excel)
        for choice in item.choices(target)[1:]:
            if read[target].null_count() and (expr := _choice(choice, table)) is not None:
                second = table.with_columns(expr.alias("_"))["_"]
                more = times(whole(second), zone, mapping.dates, beside=beside, excel=excel)
                read[target] = read[target].zip_with(read[target].is_not_null(), more)
        if target == "due_at":
            begun = read["accepted_at"].zip_with(read["accepted_at"].is_not_null(), read["published_at"])
            read[target] = _terms(given[target], read[target], begun, zone)
        if target == "collected_at":
            sound = read[target].is_between(rows.EARLIEST, collected_at + rows.AHEAD).fill_null(False)
            beside = read[target].zip_with(sound, pl.Series([None], dtype=TIME))
            notes.append(rows.unread(given[target], beside, "采集时间读不懂，改用导入时间"))
            read[target] = beside.fill_null(collected_at).alias(target)
        elif target != "published_at":
            notes.append(rows.unread(given[target], read[target], f"{LABELS[target]}读不懂，记为空"))
    return read, notes


def _terms(given: pl.Series, read: pl.Series, begun: pl.Series, zone: ZoneInfo) -> pl.Series:
    """When terms are over: a day's with its end, and “5个工作日” that many after the matter was taken up."""
    if given.null_count() == len(given):
        return read
    local = read.dt.convert_time_zone(zone.key)
    day_end = local.dt.offset_by("1d").dt.offset_by("-1s").dt.convert_time_zone("UTC").cast(read.dtype)
    ends = read.zip_with((local.dt.time() != time()).fill_null(True), day_end)
    spans = given.str.strip_chars().str.extract_groups(TERM).struct.unnest().rows()
    counted = [
        handling.due({"amount": float(amount), "unit": UNITS[unit]}, start, zone=zone) if amount and start else None
        for (amount, unit), start in zip(spans, begun, strict=True)
    ]
    return ends.zip_with(ends.is_not_null(), pl.Series(counted, dtype=read.dtype))


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
    """A column of the table, null where it is blank or a word for nothing; null where there is no such column."""
    if name not in table.columns:
        return pl.lit(None, pl.String)
    bare = pl.col(name).str.strip_chars()
    return pl.when((bare != "") & ~bare.is_in(rows.NOTHING)).then(pl.col(name))


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


def _why(item: Item, table: pl.DataFrame) -> list[pl.Expr]:
    """Why a row cannot stand, the mapping's own reason first."""
    kind, time = pl.col("kind"), pl.col("_time")
    cases = [
        (pl.col("_drop").is_not_null(), pl.struct(reason="_drop", detail=pl.lit(None, pl.String))),
        (kind.is_null(), rows.why("没有内容种类")),
        (~kind.is_in(schemas.KINDS), rows.why("内容种类不认识", kind.str.slice(0, 40))),
        (pl.col("platform").is_null(), rows.why("没有平台")),
    ]
    for target in item.required:
        places = "、".join(c for c in item.choices(target) if "{" in c or c in table.columns)
        lack = rows.why(f"没有{LABELS.get(target, target)}（{places}）")
        if target == "published_at":
            cases.append((pl.col(target).is_null() & time.is_not_null(), rows.why("时间读不懂", time.str.slice(0, 40))))
            lack = rows.why("没有时间")
        cases.append((pl.col(target).is_null(), lack))
    return rows.first_why(cases)
