"""Native ids, likes and reposts, copies by chance, and the hourly hot list of the invented county."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tools.county.phrases import Dice, Voice
from tools.county.rows import FORUM, HOTLINE, NEWS, VIDEO, WECHAT, WEIBO, Row, curve, when

ADS = ("秋季上新满三百减五十", "换机季以旧换新", "中秋好礼提前购", "新人首单立减")


def number(rows: list[Row], start: datetime) -> None:
    """Native ids as each platform makes them, growing with time."""
    for n, r in enumerate(rows):
        seconds = int((r.at - start).total_seconds())
        r.native_id = {
            WEIBO: f"5034{seconds:08}{n % 10_000:04}",
            VIDEO: f"7500{seconds:09}{n % 1_000_000:06}",
            FORUM: f"{14_000_000_000 + n * 37}",
            WECHAT: f"{r.at:%y%m%d}-{zlib.crc32(str(n).encode()):08x}",
            NEWS: f"{r.at:%Y%m%d}/c{100_000 + n}",
            HOTLINE: f"YX{r.at:%Y%m%d}{n:06}",
        }[r.platform]


def copies_by_chance(rows: list[Row]) -> None:
    """Texts that happen to be the same are copies too: of the earliest."""
    seen: dict[str, Row] = {}
    for r in rows:
        plain = re.sub(r"\[[^\]]{1,6}\]|@\S+|[\W_]", "", r.own).lower()
        if plain and plain not in ("转发微博", "repost"):
            source = seen.setdefault(plain, r)
            r.copy = r.copy or (source if source is not r else None)
    for r in rows:
        while r.copy is not None and r.copy.copy is not None:
            r.copy = r.copy.copy


def count(rows: list[Row], dice: Dice) -> None:
    """Likes and the like: null where the platform does not say, never fewer than the children that are there."""
    kids = Counter((id(above), r.kind) for r in rows for above in {r.parent, r.root} - {None})
    tail = dice.tail
    for r in rows:
        reposts, comments = kids[id(r), "repost"], kids[id(r), "comment"]
        pull = r.pull * (3 if r.story else 1)
        if r.platform in (WEIBO, VIDEO):
            r.likes = tail(2.2 * pull) + 2 * comments
            if r.kind != "comment":
                r.comments = comments + tail(0.3 + comments * 0.12)
                r.reposts = reposts + tail(0.3 + reposts * 0.15)
        elif r.platform == FORUM and r.kind == "post":
            r.comments = comments + tail(0.2 + comments * 0.1)
        elif r.platform == WECHAT:
            r.views = 120 + tail(700 * pull, most=100_001)
            r.likes = int(r.views * (0.003 + 0.012 * dice.unit()))


def board(script: dict[str, Any], rows: list[Row], start: datetime, dice: Dice) -> list[dict[str, Any]]:
    """The hot list, fifteen titles an hour, most of them of the wide world, and now and then an ad."""
    total = script["days"] * 24
    titles: dict[str, tuple[int, int, float, str]] = {}
    while len(titles) < total * 1.1:
        voice = Voice(dice)
        life = (dice.below(total + 12) - 12, 5 + dice.tail(6, 2.0, 30), 90_000 + dice.tail(220_000, 1.6, 4e6))
        titles.setdefault(voice.say("board.title"), (*life, voice.say("b.category")))
    plots = {p["story"]: p for p in script["story"]}
    firsts = {name: next(r.at for r in rows if r.story == name) for name in plots}
    entries: list[dict[str, Any]] = []
    for h in range(total):
        now, shown = start + timedelta(hours=h), []
        for title, (begin, life_hours, top, category) in titles.items():
            if begin <= h < begin + life_hours:
                shown.append((top * math.sin(math.pi * (h - begin + 0.7) / (life_hours + 0.7)), title, category))
        for b in script["board"]:
            if when(b["at"]) <= now < when(b["until"]):
                age = np.array([(now - firsts[b["story"]]) / timedelta(hours=1)])
                level = float(curve(plots[b["story"]], age)[0])
                shown.append((b["heat"] * level * (0.9 + 0.2 * dice.unit()), b["title"], "社会"))
        minute, skipped, real = now + timedelta(seconds=40 + dice.below(200)), dice.chance(0.01), 0
        for pos, (heat, title, category) in enumerate(sorted(shown, reverse=True)[: 0 if skipped else 15], 1):
            ad = pos == 4 and dice.chance(0.12)
            real += not ad
            entry = {"at": minute, "pos": pos, "realpos": 0 if ad else real, "ads": ad}
            entry |= {"title": dice.pick(ADS) if ad else title, "category": "其他" if ad else category}
            entries.append(entry | {"hot": 0 if ad else int(heat), "readCount": int(heat * (20 + 60 * dice.unit()))})
    return entries
