"""Rows in bins of time: minutes, hours, days or weeks that begin at the zone's midnight."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

import polars as pl

from opinion_lab.config import LabError


def dated(posts: pl.DataFrame, time: str) -> pl.DataFrame:
    """The rows that have a time. Raises LabError when the column is missing or wholly empty."""
    if time not in posts.columns:
        raise LabError(f"没有时间列“{time}”。可用的列：{'、'.join(posts.columns)}。")
    rows = posts.filter(pl.col(time).is_not_null())
    if posts.height and rows.is_empty():
        raise LabError(f"{posts.height} 条帖文都没有时间（{time}），无法统计趋势。请检查导入时的时间列。")
    return rows


def platforms(posts: pl.DataFrame) -> pl.Expr:
    """The column `platform`; empty where the rows have none."""
    return pl.col("platform") if "platform" in posts.columns else pl.lit("").alias("platform")


def bin_of(column: str, every: str, zone: tzinfo) -> pl.Expr:
    """The beginning of the bin, in UTC; days begin at the zone's midnight, weeks on its Monday."""
    if not re.fullmatch("[1-9][0-9]*[mhdw]", every):
        raise LabError(f"时段“{every}”看不懂。请写成 15m、1h、6h、1d 或 1w。")
    return pl.col(column).dt.convert_time_zone(str(zone)).dt.truncate(every).dt.convert_time_zone("UTC")


def span(at: pl.Series, every: str, since: datetime | None, until: datetime | None, zone: tzinfo) -> pl.Series:
    """All bins from the first to the last, in UTC."""
    ends = pl.DataFrame({"at": [since or at.min(), until or at.max()]}, schema={"at": pl.Datetime("us", "UTC")})
    first, last = ends.select(bin_of("at", every, zone).dt.convert_time_zone(str(zone)))["at"]
    bins = pl.datetime_range(first, last, every, eager=True).dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    bins = bins.alias("bin").filter(bins < until) if until else bins.alias("bin")
    if bins.is_empty():
        raise LabError(f"截止时刻 {until} 之前没有可统计的时段。请检查起止时刻。")
    return bins
