"""Whether a place that a pattern found is where somebody lives: not a shop, an office, or a building as such."""

from __future__ import annotations

import re
from itertools import pairwise

from opinion_lab.prepare.redaction.numbers import always, left_of, right_of

Span = tuple[int, int]

_SHOP = (
    "店|铺|门面|公司|超市|商场|市场|影楼|工作室|培训|教育|餐|饭|宾馆|酒店|诊所|药房|棋牌|麻将|KTV|网吧|美容|美发|健身|办公|"
    "厂|档口|摊|民宿|机构|中心|批发|幼儿园|学校|党支部|居委会|物业|协会|俱乐部|茶馆|足浴|按摩|画室|旅馆|窝点|传销|快递|速运|"
    "驿站|作坊|仓库|无证经营|非法经营"
)
_SHOP_AFTER = re.compile(
    rf"(?!楼下|楼上|对面|旁|隔壁|附近|门口|门前|窗)(?:[^，。；！？,;!?\s]{{0,14}}?(?:{_SHOP})|"
    r"[，,]?\s?(?:的?(?:有|是)?一家|有[个家]|开了|开设|经营|名叫))"
)
_SHOP_BEFORE = re.compile(
    r"(?:(?:注册|经营|公司|办公|店铺|门店|[店司])[，,]?\s?(?:地点|地址|场所)|入住)[^。；;]{0,40}$|"
    r"(?:大厦|广场|写字楼|商场|商城|市场|中心|产业园|工业园|科技园|大楼|商铺|门面|酒店|宾馆|医院|学校|大学|学院)"
    r"[^，。；,;]{0,4}$"
)
_LIVES_BEFORE = re.compile(r"(?:家住|(?<!入)住在|我家|住址|现住|租住|居住)[^。；！？;!?\n]{0,24}$")
_LIVES_AFTER = re.compile(r"的?(?:业主|住户|居民(?!楼)|户主)")
_OFFENCE = re.compile(r"无证经营|非法经营|传销|窝点")


def door(found: re.Match[str]) -> list[Span]:
    """The number of a flat; not of a shop, unless somebody says that he lives there, and not of an offence."""
    shop = _SHOP_AFTER.match(found.string, found.end()) or _SHOP_BEFORE.search(left_of(found, 50))
    lives = _LIVES_BEFORE.search(left_of(found, 30)) or _LIVES_AFTER.match(found.string, found.end())
    return [] if shop and (not lives or _OFFENCE.search(right_of(found, 20))) else always(found)


def home(found: re.Match[str]) -> list[Span]:
    """The house number, or the building, of somebody who says that he lives there."""
    return [found.span("hide" if found["hide"] else "block")]


def field(found: re.Match[str]) -> list[Span]:
    """What stands in an address field behind town or street; offices and firms stay."""
    place = found["place"]
    if re.search(r"局|公司|委员会|大厦|中心|学校|医院|法院|银行|政府|广场|商场|市场", place):
        return []
    dwelling = re.search(r"小区|花园|苑|公寓|[栋幢室组户]|单元|家属院|村", place)
    if (found[0].startswith(("联系", "通讯", "邮寄", "地")) and not dwelling) or re.match("https?|www", place):
        return []
    parts = list(re.finditer(r"省|市(?!场)|(?<![小社园校景])区|县|镇|乡|街道", place))
    start = found.start("place") + (parts[-1].end() if parts else 0)
    return [] if start >= found.end("place") or place.startswith("[") else [(start, found.end("place"))]


def coordinates(found: re.Match[str]) -> list[Span]:
    """A pair that can be a latitude and a longitude, or a number that is said to be one."""
    if found["hide"]:
        return [found.span("hide")]
    low, high = sorted((float(found["a"]), float(found["b"])))
    return [found.span()] if low <= 90 and high <= 180 else []


def internet(found: re.Match[str]) -> list[Span]:
    """An IP address; not a version, and not a row of days (7.14.21.28)."""
    parts = [int(p) for p in found[0].split(".")]
    steps = {b - a for a, b in pairwise(parts)}
    real = parts[0] > 0 and max(parts) <= 255 and sum(p >= 10 for p in parts) >= 2 and len(steps) > 1
    return [found.span()] if real and not re.search(r"(?i)版本|version|v\s?$", left_of(found, 8)) else []


CHECKS = {"door": door, "home": home, "field": field, "coordinates": coordinates, "internet": internet}
