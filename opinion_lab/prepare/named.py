"""Whom or what complaints name: businesses and estates, by how their names end."""

from __future__ import annotations

import polars as pl

BUSINESSES = (
    "超市|商店|商行|便利店|药店|药房|饭店|餐厅|餐馆|酒楼|火锅|烧烤|奶茶|酒店|宾馆|健身房|健身|美容|门诊|诊所|医院|学校|"
    "中学|小学|幼儿园|公司|加油站"
)
PLACES = "市场|商场|广场|大厦|小区|花园|花苑|家园|公寓|新村|国际城|名城|华府|帝景|府|苑|城|店"
# two characters before such an end tell one name from another, however much more of it is written out
BEFORE = r"[\p{L}\p{N}]{2}"


def businesses(said: pl.Series) -> pl.Series:
    """The businesses that each folded text names, as lists."""
    return said.str.extract_all(f"{BEFORE}(?:{BUSINESSES})").list.unique(maintain_order=True)


def differ(one: pl.Series, other: pl.Series) -> pl.Series:
    """Whether of two folded texts each names a business or an estate that the other does not."""
    mine, theirs = (said.str.extract_all(f"{BEFORE}(?:{BUSINESSES}|{PLACES})").list.unique() for said in (one, other))
    return (mine.list.set_difference(theirs).list.len() > 0) & (theirs.list.set_difference(mine).list.len() > 0)
