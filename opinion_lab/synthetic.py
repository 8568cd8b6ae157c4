"""The invented county: four weeks of talk on six platforms, three stories, and the truth about all of it.

`write(folder, seed=0, posts=24_000)` leaves export files that look like real ones, to go through the same doors as
real files, and the truth beside them. The same seed gives the same bytes of every file on any platform. Curves, clocks
and fixed texts are in `rules/synthetic/script.toml`, phrases in `rules/synthetic/*.txt`; every place, firm, school,
account and person is invented.

Files and the mapping each is imported with: `FILES`. `posts` is the lab's own column names, those of RawItem
(native_id, parent, root, platform, kind, author, author_kind, title, text, url, published_at, collected_at, likes,
reposts, comments, views, region); times are local, without a zone. MediaCrawler does not say whose repost a post is,
so reposts come in a file of their own.

Truth, in `truth/*.csv` (UTF-8, times in UTC as ISO 8601; `read_truth` gives the typed frames):
- posts: platform, native_id, published_at, kind, story, phase, line_id, topic, copy_of_platform, copy_of_native, edited,
  traditional, demand, is_spam. A copy names the earliest of its like; one text written twice by chance counts too.
- stories: story, title, line_id, platform, native_id (of the first post), first_at, last_at, n_posts, second_rise_at
- phases: story, phase, start, end: from the designed curve, day and night divided out, not from the draw.
  latent < 10 % of the maximum; spreading 10 % and rising; peak >= 50 %; declining < 50 % and falling; a rise to 50 %
  after a decline is a new spreading and peak; ended: below 1 % for good.
- statements: story, key, platform, native_id, at, correct, corrected_by (key of the statement that reverses it)
- demands: story, key, kind (ask, blame, propose), n, answered_by (key of the statement; null: nobody answered)
- clocks: story, hours, counted_from, start, due, done, state (met, missed) of the first answer
- planted: kind (phone, idno, bank, plate, landline, email, wechat, qq, home, person, author), value (numbers: digits
  only), written, platform, native_id: none may survive preparing. `author`: names that occur in no text by chance.
- holes: platform, start, end, when nothing was collected
- board: title, story, first_at, last_at, best_rank, n of the hot list
"""

from __future__ import annotations

import bisect
import csv
import io
import math
import re
import struct
import tomllib
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import opencc
import orjson
import polars as pl
import xlsxwriter

from opinion_lab import config, schemas, store

ZONE = ZoneInfo("Asia/Shanghai")
TABLES = config.PACKAGE / "rules" / "synthetic"
#: file -> the mapping it is imported with
FILES = {
    "weibo_contents.jsonl": "mediacrawler-weibo",
    "weibo_comments.jsonl": "mediacrawler-weibo",
    "weibo_reposts.jsonl": "posts",
    "short_video.csv": "posts",
    "tieba.csv": "posts",
    "wechat.jsonl": "posts",
    "news.jsonl": "posts",
    "work_orders.xlsx": "work-orders",
    "hot_list.jsonl.gz": "hot-list",
}
COLUMNS = (
    "native_id parent root platform kind author author_kind title text url published_at collected_at"
    " likes reposts comments views region"
).split()
WEIBO, VIDEO, WECHAT, FORUM, NEWS, HOTLINE = "微博", "短视频", "微信公众号", "贴吧论坛", "新闻网站", "12345工单"


@dataclass(frozen=True)
class Truth:
    """What was designed, table by table; columns in the module's docstring."""

    posts: pl.DataFrame
    stories: pl.DataFrame
    phases: pl.DataFrame
    statements: pl.DataFrame
    demands: pl.DataFrame
    clocks: pl.DataFrame
    planted: pl.DataFrame
    holes: pl.DataFrame
    board: pl.DataFrame


def write(folder: Path, *, seed: int = 0, posts: int = 24_000) -> Truth:
    """Write the export files and `truth/` under `folder`; existing files of those names are replaced."""
    bodies, truth = files(seed, posts)
    for name, body in bodies.items():
        store.write(folder / name, body)
    return truth


def read_truth(folder: Path) -> Truth:
    """The truth that `write` left under `folder`."""
    frames = {}
    for f in fields(Truth):
        frame = pl.read_csv(folder / "truth" / f"{f.name}.csv", infer_schema=False)
        frames[f.name] = frame.with_columns(
            *(pl.col(c).str.to_datetime(time_zone="UTC", time_unit="us") for c in frame.columns if c in _TIMES),
            *(pl.col(c).cast(pl.Int64) for c in frame.columns if c in _WHOLE),
            *((pl.col(c) == "true").alias(c) for c in frame.columns if c in _FLAGS),
        )
    return Truth(**frames)


def generate(seed: int = 0, posts: int = 24_000) -> dict[str, pl.DataFrame]:
    """The same without files: `items` (RawItem, capture "synthetic"), `board` sightings as rows, and the truth tables."""
    world = _world(seed, posts)
    rows = [_lab_row(r) | {"capture": "synthetic", "position": n} for n, r in enumerate(world.rows, 1)]
    items = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        *(pl.col(c).str.to_datetime().dt.replace_time_zone(ZONE.key).dt.convert_time_zone("UTC") for c in _LOCAL),
        source_id=pl.lit("synthetic"),
        heat=pl.lit(None, pl.Int64),
        rank=pl.lit(None, pl.Int64),
    )
    items = schemas.RawItem.validate(items, cast=True)
    truth = {f.name: getattr(world.truth, f.name) for f in fields(Truth)}
    return {"items": items, "hot_list": pl.DataFrame(world.board), **truth}


def files(seed: int = 0, posts: int = 24_000) -> tuple[dict[str, bytes], Truth]:
    """Every file's name and bytes, the truth's CSVs among them, and the truth."""
    world = _world(seed, posts)
    by: dict[str, list[_Row]] = defaultdict(list)
    for row in world.rows:
        by[row.platform].append(row)
    weibo = by[WEIBO]
    bodies = {
        "weibo_contents.jsonl": _lines(_crawled_note(r) for r in weibo if r.kind == "post"),
        "weibo_comments.jsonl": _lines(_crawled_comment(r) for r in weibo if r.kind == "comment"),
        "weibo_reposts.jsonl": _lines(_lab_row(r) for r in weibo if r.kind == "repost"),
        "short_video.csv": _csv(map(_lab_row, by[VIDEO]), COLUMNS).encode("gb18030"),
        "tieba.csv": _csv(map(_lab_row, by[FORUM]), COLUMNS).encode("utf-8-sig"),
        "wechat.jsonl": _lines(map(_lab_row, by[WECHAT])),
        "news.jsonl": _lines(map(_lab_row, by[NEWS])),
        "work_orders.xlsx": _workbook([_work_order(r) for r in by[HOTLINE]]),
        "hot_list.jsonl.gz": _gzip(_lines(world.board)),
    }
    for f in fields(Truth):
        frame: pl.DataFrame = getattr(world.truth, f.name)
        times = [c for c in frame.columns if c in _TIMES]
        text = frame.with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv()
        bodies[f"truth/{f.name}.csv"] = text.encode()
    return bodies, world.truth


# --- chance ----------------------------------------------------------------------------------------------------


class _Dice:
    """Draws from PCG64's raw stream, which numpy promises to keep the same on every platform and in every version."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self._stock: list[int] = []

    def unit(self) -> float:
        if not self._stock:
            raw = self._generator.bit_generator.random_raw(65_536)
            self._stock = (raw >> np.uint64(11)).tolist()
        return self._stock.pop() * 2.0**-53

    def below(self, n: int) -> int:
        return int(self.unit() * n)

    def chance(self, p: float) -> bool:
        return self.unit() < p

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.unit() * len(options))]

    def weighted(self, cumulative: Sequence[float]) -> int:
        return min(bisect.bisect_right(cumulative, self.unit() * cumulative[-1]), len(cumulative) - 1)

    def share(self, shares: dict[str, float]) -> str:
        names = list(shares)
        return names[self.weighted(np.cumsum(list(shares.values())).tolist())]

    def tail(self, scale: float, power: float = 1.15, most: float = 2e5) -> int:
        """A count with a heavy tail."""
        return int(min(scale * ((1 - self.unit()) ** (-1 / power) - 1), most))


# --- phrases ---------------------------------------------------------------------------------------------------

_Part = str | tuple[str, Any]


def _parse(text: str, at: int = 0, depth: int = 0) -> tuple[list[list[_Part]], int]:
    """Alternatives of parts: {a|b} nests, {3-20} is a number, {name} a pool."""
    options: list[list[_Part]] = [[]]
    while at < len(text):
        char = text[at]
        if char == "{":
            inner, at = _parse(text, at + 1, depth + 1)
            if len(inner) > 1 or not inner[0]:
                options[-1].append(("any", inner))
            else:
                name = "".join(p for p in inner[0] if isinstance(p, str))
                span = re.fullmatch(r"(\d+)-(\d+)", name)
                options[-1].append(("number", tuple(map(int, span.groups()))) if span else ("pool", name))
        elif char == "}" and depth:
            return options, at + 1
        elif char == "|" and depth:
            options.append([])
            at += 1
        else:
            end = re.compile(r"[{}|]").search(text, at + 1)
            stop = end.start() if end else len(text)
            options[-1].append(text[at:stop])
            at = stop
    return options, at


@dataclass
class _Topic:
    name: str
    line: str | None = None
    weight: float = 1.0
    tone: str = "plain"
    days: tuple[int, int] = (1, 99)
    on: tuple[str, ...] = ()


class _Phrases:
    """The tables of phrases; `say` expands a pattern for one topic, tone and moment."""

    def __init__(self) -> None:
        self.pools: dict[str, list[list[_Part]]] = {}
        self.topics: dict[str, _Topic] = {}
        for path in sorted(TABLES.glob("*.txt")):
            self._read(path.read_text(encoding="utf-8"))

    def _read(self, table: str) -> None:
        section, pool = "", []  # type: str, list[list[_Part]]
        for raw in table.splitlines():
            if raw.startswith("== "):
                section, *options = (part.strip() for part in raw[3:].split("|"))
                pool = self.pools.setdefault(section, [])
                if options:
                    given = dict(option.split("=") for option in options)
                    days = tuple(map(int, given.get("days", "1-99").split("-")))
                    on = tuple(given["on"].split(",")) if "on" in given else ()
                    self.topics[section] = _Topic(
                        section, given.get("line"), float(given.get("weight", 1)), given["tone"], (days[0], days[1]), on
                    )
            elif raw.startswith("-- "):
                pool = self.pools.setdefault(f"{section}.{raw[3:].strip()}", [])
            elif raw and not raw.startswith("; "):
                pool.append(_parse(raw.replace("\\n", "\n"))[0][0])

    def find(self, *names: str) -> str:
        """The first of `names` that is a pool."""
        return next(n for n in names if self.pools.get(n))


@cache
def _phrases() -> _Phrases:
    return _Phrases()


@dataclass
class _Voice:
    """One utterance in the making: what was chosen so far, so that a slot keeps its word within a text."""

    dice: _Dice
    topic: str
    tone: str
    at: datetime
    memo: dict[str, str] = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    planted: list[tuple[str, str]] = field(default_factory=list)

    def say(self, pool: str) -> str:
        """One phrase of the pool, expanded."""
        base = pool.rstrip("'")
        phrases = _phrases().pools[base]
        n = self.dice.below(len(phrases))
        if pool != base:  # another one than was said before, when there is another
            used = [v for k, v in self.chosen.items() if k.rstrip("'") == base]
            for _ in range(4):
                if n not in used:
                    break
                n = self.dice.below(len(phrases))
        self.chosen[pool] = n
        return self._join(phrases[n])

    def _join(self, parts: list[_Part]) -> str:
        out = []
        for part in parts:
            if isinstance(part, str):
                out.append(part)
                continue
            kind, what = part
            if kind == "any":
                out.append(self._join(self.dice.pick(what)))
            elif kind == "number":
                low, high = what
                n = low + self.dice.below(high - low + 1)
                # people say round numbers
                out.append(str(n if high - low < 40 or self.dice.chance(0.3) else max(low, n // 10 * 10)))
            else:
                out.append(self._slot(what))
        return "".join(out)

    def _slot(self, name: str) -> str:
        if name not in self.memo:
            if name in _PLANTED:
                self.memo[name] = _PLANTED[name](self)
                self.planted.append((name, self.memo[name]))
            elif name == "day":
                then = self.at - timedelta(days=self.dice.below(4))
                self.memo[name] = f"{then.month}月{then.day}日"
            elif name.startswith("."):
                self.memo[name] = self.say(f"{self.topic}{name}")
            else:
                toned = f"{name}.{self.tone}"
                self.memo[name] = self.say(toned if toned in _phrases().pools else name)
        return self.memo[name]


# Numbers that belong to nobody: mobile prefixes and area codes that are not given out, counties that do not exist.


def _phone(v: _Voice) -> str:
    digits = v.dice.pick(("154", "161", "163", "164", "168", "169")) + "".join(str(v.dice.below(10)) for _ in range(8))
    return v.dice.pick((digits, digits, digits, f"{digits[:3]}-{digits[3:7]}-{digits[7:]}", f"{digits[:3]} {digits[3:7]} {digits[7:]}"))


def _idno(v: _Voice) -> str:
    d = v.dice
    body = f"{d.pick(('419987', '339976', '519968'))}{1950 + d.below(55)}{1 + d.below(12):02}{1 + d.below(28):02}{d.below(1000):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def _bank(v: _Voice) -> str:
    body = "629999" + "".join(str(v.dice.below(10)) for _ in range(12))
    twice = [int(c) * 2 if n % 2 == 0 else int(c) for n, c in enumerate(reversed(body))]
    card = body + str(-sum(n - 9 if n > 9 else n for n in twice) % 10)
    return card if v.dice.chance(0.7) else " ".join(card[n : n + 4] for n in range(0, 19, 4))


def _word(v: _Voice, size: int) -> str:
    return "".join(v.dice.pick("abcdefghjkmnpqrstuvwxyz") for _ in range(size))


def _person(v: _Voice) -> str:
    return v.say("surname") + v.say("given1") + v.say("given2")


_PLANTED: dict[str, Callable[[_Voice], str]] = {
    "phone": _phone,
    "idno": _idno,
    "bank": _bank,
    "person": _person,
    "plate": lambda v: "皖X" + v.dice.pick(("·", "")) + "".join(v.dice.pick("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(4)) + str(v.dice.below(10)),
    "landline": lambda v: f"0569-{6 + v.dice.below(3)}{v.dice.below(10**6):06}",
    "email": lambda v: f"{_word(v, 5)}{v.dice.below(1000)}@example.com",
    "wechat": lambda v: f"{_word(v, 4)}_{v.dice.below(10**4):04}",
    "qq": lambda v: f"{10**8 + v.dice.below(9 * 10**8)}",
    "home": lambda v: f"{v.say('estate')}{1 + v.dice.below(20)}栋{1 + v.dice.below(4)}单元{1 + v.dice.below(18)}0{1 + v.dice.below(4)}室",
}


# --- utterances ------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Row:
    at: datetime
    platform: str
    kind: str
    author: str = ""
    author_kind: str = "person"
    title: str | None = None
    text: str = ""
    own: str = ""  # without the 转发 chain
    parent: _Row | None = None
    root: _Row | None = None
    copy: _Row | None = None
    edited: bool = False
    traditional: bool = False
    story: str | None = None
    phase: str | None = None
    line: str | None = None
    topic: str | None = None
    demand: str | None = None
    key: str | None = None
    spam: bool = False
    pull: float = 1.0
    region: str | None = None
    native_id: str = ""
    phone: str = ""
    town: str = ""
    likes: int | None = None
    reposts: int | None = None
    comments: int | None = None
    views: int | None = None
    planted: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _World:
    rows: list[_Row]
    board: list[dict[str, Any]]
    truth: Truth


class _Maker:
    """Everything that is drawn, in one fixed order from one stream."""

    def __init__(self, seed: int, posts: int) -> None:
        self.dice = _Dice(seed)
        self.script = tomllib.loads((TABLES / "script.toml").read_text(encoding="utf-8"))
        self.start = datetime.combine(self.script["start"], datetime.min.time())
        self.posts = posts
        self.rows: list[_Row] = []
        self.events: dict[str, _Row] = {}
        self.seen: Counter[tuple[Any, ...]] = Counter()
        self.traditional = opencc.OpenCC("s2t")
        self.names = self._nicknames()
        hole = self.script["hole"]
        self.hole = (hole["platform"], _when(hole["start"]), _when(hole["end"]))

    def _nicknames(self) -> list[str]:
        voice = _Voice(self.dice, "", "plain", self.start)
        names: dict[str, None] = {}
        while len(names) < 5000:
            voice.memo.clear()
            names[voice.say("nick")] = None
        return list(names)

    # -- when

    def rhythm(self, platform: str) -> np.ndarray:
        """Relative rate for each hour of the four weeks; zero in the collection hole."""
        p = self.script["platform"][platform]
        hours, week = np.array(p["hours"], float) / np.mean(p["hours"]), p["week"]
        days = []
        for n in range(self.script["days"]):
            day = self.start.date() + timedelta(days=n)
            days.append(p["holiday"] if day.isoformat() in self.script["holiday"] else week[day.weekday()])
        rate = np.concatenate([hours * d for d in days])
        if platform == self.hole[0]:
            first, last = (int((t - self.start).total_seconds() // 1800) for t in self.hole[1:])
            halves = np.repeat(rate, 2)
            halves[first:last] = 0
            return halves
        return np.repeat(rate, 2)

    def moments(self, rate: np.ndarray, n: int, first: datetime, step: float) -> list[datetime]:
        """`n` moments after `first`, as dense as `rate`, whose bins are `step` seconds; seconds are whole."""
        cumulative = np.cumsum(rate).tolist()
        found = []
        for _ in range(n):
            at = (self.dice.weighted(cumulative) + self.dice.unit()) * step
            found.append(first + timedelta(seconds=int(at)))
        return sorted(found)

    # -- what

    def compose(self, row: _Row, patterns: str, *, tone: str = "") -> None:
        """Give the row its title and text; no two originals are built from the same phrases."""
        topic = _phrases().topics[row.topic or ""]
        tone = tone or topic.tone
        if tone == "mixed":
            tone = self.dice.pick(("complain", "happy", "ask", "plain"))
        pools = _phrases().pools
        short = row.kind in ("comment", "repost")
        for _ in range(6):
            voice = _Voice(self.dice, topic.name, tone, row.at)
            row.text = row.own = voice.say(patterns)
            if f"{topic.name}.t" in pools or f"{topic.name}.title" in pools:
                titled = _phrases().find(f"{topic.name}.t", f"{topic.name}.title")
                row.title = voice.say(titled) if row.platform in (FORUM, HOTLINE, WECHAT, NEWS) and not short else None
            built = tuple(sorted((k.rstrip("'"), n) for k, n in voice.chosen.items() if k.startswith(topic.name)))
            if short or not self.seen[built]:
                break
        self.seen[built] += 1
        if not short and row.platform != NEWS and row.platform != WECHAT and self.dice.chance(0.02 if row.platform != HOTLINE else 0.06):
            row.text += voice.say("slip.12345工单" if row.platform == HOTLINE else "slip")
            row.own = row.text
        row.planted = voice.planted
        row.town = voice.memo.get("town", "")

    def who(self, row: _Row) -> None:
        """An author and a region for a row that has none."""
        voice = _Voice(self.dice, "", "plain", row.at)
        if row.platform == HOTLINE:
            row.author = row.author or _person(voice)
            row.phone = _phone(voice).replace("-", "").replace(" ", "")
            row.town = row.town or voice.say("town")
            row.region = row.town
        elif row.platform in (WECHAT, NEWS):
            row.author = row.author or voice.say(f"org.{row.platform}")
            row.author_kind = "government" if re.search("局|发布|疾控|文旅", row.author) else "media"
        else:
            # a few are heard often, most once or twice
            row.author = row.author or self.names[int(len(self.names) * self.dice.unit() ** 1.7)]
            row.region = voice.say("region.local" if self.dice.chance(0.83) else "region.far")

    # -- background

    def background(self, n: int) -> None:
        """Everyday talk: `n` rows over the platforms by their shares."""
        for platform, p in self.script["platform"].items():
            topics = [
                t
                for t in _phrases().topics.values()
                if t.name.startswith("art." if "article" in p["kinds"] else "bg.") and (not t.on or platform in t.on)
            ]
            if platform == HOTLINE:
                topics = [t for t in topics if t.tone in ("complain", "mixed")]
            by_day = [
                np.cumsum([t.weight if t.days[0] <= d + 1 <= t.days[1] else t.weight * 0.04 for t in topics]).tolist()
                for d in range(self.script["days"])
            ]
            recent: list[_Row] = []
            campaigns: list[_Row] = []
            kinds = p["kinds"]
            for at in self.moments(self.rhythm(platform), round(n * p["share"]), self.start, 1800):
                row = _Row(at, platform, self.dice.share(kinds))
                if row.kind in ("comment", "repost") and recent:
                    row.root = recent[-1 - int(len(recent[-60:]) * self.dice.unit() ** 2)]
                    row.parent, row.topic = row.root, row.root.topic
                    self.compose(row, "bg.repost" if row.kind == "repost" else "bg.comment")
                elif platform in (WEIBO, VIDEO, FORUM) and self.dice.chance(0.055):
                    row.kind = "post"
                    self.junk(row, campaigns)
                else:
                    row.kind = "article" if "article" in kinds else "complaint" if "complaint" in kinds else "post"
                    row.topic = topics[self.dice.weighted(by_day[(at - self.start).days])].name
                    tone = self.dice.pick(("complain", "complain", "ask")) if platform == HOTLINE else ""
                    self.compose(row, f"bg.{platform}.{row.kind}", tone=tone)
                    recent.append(row)
                if row.topic:
                    row.line = _phrases().topics[row.topic].line
                self.who(row)
                self.rows.append(row)

    def junk(self, row: _Row, campaigns: list[_Row]) -> None:
        """An advertisement: most are one of a campaign, sent again as it was or a little changed."""
        row.spam = True
        if campaigns and self.dice.chance(0.72):
            self.duplicate(row, campaigns[-1 - self.dice.below(min(6, len(campaigns)))], edit=0.4, traditional=0.0)
            return
        voice = _Voice(self.dice, "", "plain", row.at)
        row.text = row.own = voice.say("spam")
        row.title = voice.say("spam.title") if row.platform == FORUM else None
        row.planted = voice.planted
        campaigns.append(row)

    def duplicate(self, row: _Row, source: _Row, *, edit: float, traditional: float) -> None:
        """The row says what `source` said: as it was, a little changed, or in Traditional script."""
        row.copy = source.copy or source
        row.text, row.planted = source.own, [p for p in source.planted]
        row.title = (source.title or source.own[:18]) if row.platform == FORUM else None
        if self.dice.chance(edit):
            row.text, row.edited = self.edit(row.text), True
        if self.dice.chance(traditional):
            row.text, row.traditional = self.traditional.convert(row.text), True
            row.planted = []  # names may be written otherwise
        row.own = row.text

    def edit(self, text: str) -> str:
        """Change 5–20 % of the characters, as people do who pass a text on; digits and Latin stay."""
        chars = list(text)
        for _ in range(max(1, round(len(text) * (0.05 + 0.13 * self.dice.unit())))):
            at = self.dice.below(len(chars))
            if not "\u4e00" <= chars[at] <= "\u9fff":
                if chars[at] in "，。！？":
                    chars[at] = self.dice.pick("，！～ 。")
                continue
            roll = self.dice.unit()
            if chars[at] in _HOMOPHONES:
                chars[at] = _HOMOPHONES[chars[at]]
            elif roll < 0.45 and len(chars) > 12:
                del chars[at]
            else:
                chars.insert(at + 1, self.dice.pick("啊呢了吧的哦真就都又"))
        return self.dice.pick(("", "", "转：", "求扩散！", "刚看到，")) + "".join(chars)

    # -- stories

    def story(self, plot: dict[str, Any]) -> None:
        """One story: scripted events, then as many rows as its size asks for, along its curve."""
        scripted = [e for e in self.script["event"] if e["story"] == plot["story"]]
        queue = [(_when(e["at"]), 0, n, self.event(e)) for n, e in enumerate(scripted)]
        first = queue[0][0]
        size = round(plot["size"] * self.posts / 24_000)
        squads = [q for q in self.script.get("squad", []) if q["story"] == plot["story"]]
        for q in squads:
            n = round(q["n"] * self.posts / 24_000)
            for at in self.moments(np.ones(1), n, _when(q["at"]), q["seconds"]):
                row = _Row(at, WEIBO, "post", copy=self.events[q["source"]])
                queue.append((at, 1, len(queue), row))
        hours = np.arange((self.start + timedelta(days=self.script["days"]) - first).total_seconds() // 60) / 60
        level = _curve(plot, hours)
        half_hours = ((first - self.start).total_seconds() / 1800 + hours * 2 + 1e-6).astype(int)
        rest = size - len(queue)
        share = plot["shares"]
        for platform in share:
            rhythm = self.rhythm(platform) if plot["rhythm"] else self.rhythm(platform) > 0
            rate = level * rhythm[half_hours]
            only = plot.get("only_first")
            if only and platform != only["platform"]:
                rate = np.where(hours < only["hours"], 0, rate)
            for at in self.moments(rate, round(rest * share[platform]), first, 60):
                if at > first:
                    queue.append((at, 2, len(queue), _Row(at, platform, "")))
        pulls: dict[str, list[_Row]] = defaultdict(list)
        for _, _, _, row in sorted(queue, key=lambda q: q[:3]):
            row.story, row.line = plot["story"], plot["line"]
            row.topic = next(s["topic"] for s in plot["stage"] if row.at < _when(s["until"]))
            if not row.key:
                self.utter(row, plot, pulls)
                self.who(row)
                if row.parent and row.kind == "repost":
                    self.chain(row)
            pulls[row.platform].append(row)
            self.rows.append(row)

    def event(self, e: dict[str, Any]) -> _Row:
        row = _Row(_when(e["at"]), e["platform"], e["kind"], e["author"], e.get("author_kind", "person"), e.get("title"))
        row.key, row.pull, row.text = e["key"], e.get("pull", 2.0), e.get("text", "").strip()
        row.own = row.text
        if e.get("copy_of"):
            source = self.events[e["copy_of"]]
            row.copy, row.text, row.own = source, source.text, source.text
            row.title = row.title or None
        if e.get("parent"):
            row.parent = self.events[e["parent"]]
            row.root = row.parent.root or row.parent
            self.chain(row)
        if row.platform == HOTLINE:
            self.who(row)
        self.events[row.key] = row
        return row

    def utter(self, row: _Row, plot: dict[str, Any], pulls: dict[str, list[_Row]]) -> None:
        """A story row's kind, parent and text."""
        if row.copy:  # one of a squad
            self.duplicate(row, row.copy, edit=0, traditional=0)
            return
        kinds = plot.get("kinds", {}).get(row.platform) or self.script["platform"][row.platform]["kinds"]
        row.kind = self.dice.share(kinds)
        here = pulls[row.platform]
        if row.kind in ("comment", "repost"):
            fit = [r for r in here if row.kind == "comment" or r.kind != "comment"]
            if fit:
                row.parent = self.parent(row, fit)
                row.root = row.parent.root or row.parent
                self.compose(row, f"story.{row.kind}")
            else:
                row.kind = next(iter(kinds))
        if row.kind in ("post", "article", "complaint"):
            row.pull = 0.4 + self.dice.tail(1.2, 1.3, 30)
            if row.kind == "post" and self.dice.chance(plot["copies"]):
                sources = [r for name in (WEIBO, VIDEO, FORUM) for r in pulls[name] if r.kind == "post" and len(r.own) >= 24 and r.author_kind != "government"]
                if sources:
                    self.duplicate(row, self.parent(row, sources), edit=0.28, traditional=0.13)
                    row.pull = 0.3
                    return
            patterns = _phrases().find(f"story.{row.platform}.{row.kind}", f"story.{row.kind}")
            self.compose(row, patterns)
        if row.own and self.dice.chance(plot["ad_lib"] * (0.6 if row.kind in ("comment", "repost") else 1.0)):
            row.demand = self.dice.pick(plot["demand"])["key"]
            voice = _Voice(self.dice, row.topic or "", "plain", row.at)
            said = voice.say(f"{plot['story']}.ask.{row.demand}")
            alone = row.kind in ("comment", "repost") and self.dice.chance(0.7)
            row.own = row.text = said if alone else _sentence(row.own) + said

    def parent(self, row: _Row, fit: list[_Row]) -> _Row:
        """Whom the row answers: what pulls strongly and is fresh; now and then simply the latest, which makes depth."""
        if self.dice.chance(0.1):
            return fit[-1 - self.dice.below(min(3, len(fit)))]
        ages = np.array([(row.at - r.at).total_seconds() / 3600 for r in fit])
        pulls = np.array([r.pull if r.kind != "repost" or r.pull > 1 else 0.35 for r in fit])
        return fit[self.dice.weighted(np.cumsum(pulls * np.exp(-ages / 14) + 1e-6).tolist())]

    def chain(self, row: _Row) -> None:
        """Weibo shows what was forwarded: own words//@name:their words//@…, without the root's."""
        link, passed = row.parent, []
        while link is not None and link is not row.root and len("".join(passed)) < 120:
            passed.append(f"//@{link.author}:{link.own or '转发微博'}")
            link = link.parent
        row.own = row.own if row.own or passed else row.own
        row.text = row.own + "".join(passed)


def _sentence(text: str) -> str:
    return text if text[-1] in "。！？!?~…]#" else text + "。"


_HOMOPHONES = dict(zip("的得在再做作那哪他她已以坐座像象帐账", "地的再在作做哪那她他以已座坐象像账帐", strict=True))
_LOCAL = ("published_at", "collected_at")
_TIMES = frozenset(("published_at", "first_at", "last_at", "second_rise_at", "start", "end", "at", "due", "done"))
_WHOLE = frozenset(("n_posts", "n", "hours", "best_rank"))
_FLAGS = frozenset(("edited", "traditional", "is_spam", "correct"))


def _when(local: str) -> datetime:
    return datetime.fromisoformat(local)


def _curve(plot: dict[str, Any], hours: np.ndarray) -> np.ndarray:
    """The designed level, between the knots as on a logarithmic scale."""
    knots = np.array(plot["curve"])
    level = np.exp(np.interp(hours, knots[:, 0], np.log(knots[:, 1])))
    return np.where(hours > knots[-1, 0], 0.0, level)


def _phases(plot: dict[str, Any], first: datetime, last: datetime) -> list[tuple[str, datetime, datetime]]:
    """The phases of the designed curve (definition in the module's docstring), at its minutes."""
    minutes = int((last - first).total_seconds() // 60)
    level = _curve(plot, np.arange(minutes) / 60)
    level = level / level.max()
    turns: list[tuple[str, int]] = [("latent", 0)] if level[0] < 0.1 else []
    rising = int(np.argmax(level >= 0.1))
    at = 0
    while (level[at:] >= 0.5).any():
        peak = at + int(np.argmax(level[at:] >= 0.5))
        # a second wave begins where the level was lowest since the decline began
        turns.append(("spreading", rising if at == 0 else at + int(np.argmin(level[at:peak]))))
        down = peak + int(np.argmax(level[peak:] < 0.5))
        turns += [("peak", peak), ("declining", down)]
        at = down
    day = np.array([(first + timedelta(minutes=m)).toordinal() for m in range(minutes)])
    daily = np.bincount(day - day[0], weights=level)
    if daily[-1] < 0.01 * daily.max():
        over = len(daily) - int(np.argmax(daily[::-1] >= 0.01 * daily.max()))
        turns.append(("ended", int(np.argmax(day - day[0] == over))))
    ends = [start for _, start in turns[1:]] + [minutes]
    moment = [first + timedelta(minutes=m) for m in range(minutes + 1)]
    return [(name, moment[start], moment[end]) for (name, start), end in zip(turns, ends, strict=True)]


@lru_cache(maxsize=2)
def _world(seed: int, posts: int) -> _World:
    """Draw everything, number it, count it, and write down the truth."""
    maker = _Maker(seed, posts)
    script = maker.script
    for plot in script["story"]:
        maker.story(plot)
    maker.background(posts - len(maker.rows))
    rows = sorted(maker.rows, key=lambda r: r.at)  # stable: equal times keep the order of drawing
    last = maker.start + timedelta(days=script["days"])
    rows = [r for r in rows if r.at < last]
    _number(rows)
    _find_copies(rows)
    _count(rows, maker.dice)
    board = _board(maker, last)
    spans = {}
    for plot in script["story"]:
        first = min(r.at for r in rows if r.story == plot["story"])
        spans[plot["story"]] = _phases(plot, first, last)
    for row in rows:
        if row.story:
            row.phase = next(name for name, start, end in spans[row.story] if start <= row.at < end)
    return _World(rows, board, _truth(maker, rows, spans, board))


def _number(rows: list[_Row]) -> None:
    """Native ids as each platform makes them, growing with time."""
    for n, r in enumerate(rows):
        seconds = int((r.at - datetime(2026, 1, 1)).total_seconds())
        r.native_id = {
            WEIBO: f"5034{seconds:08}{n % 10_000:04}",
            VIDEO: f"7500{seconds:09}{n % 1_000_000:06}",
            FORUM: f"{14_000_000_000 + n * 37}",
            WECHAT: f"{r.at:%y%m%d}-{zlib.crc32(str(n).encode()):08x}",
            NEWS: f"{r.at:%Y%m%d}/c{100_000 + n}",
            HOTLINE: f"YX{r.at:%Y%m%d}{n:06}",
        }[r.platform]


def _find_copies(rows: list[_Row]) -> None:
    """Texts that are the same by chance are copies too: of the earliest."""
    seen: dict[str, _Row] = {}
    for r in rows:
        plain = re.sub(r"\[[^\]]{1,6}\]|@\S+|[\W_]", "", r.own).lower()
        if not plain or plain in ("转发微博", "repost"):
            continue
        source = seen.setdefault(plain, r)
        if source is not r and r.copy is None:
            r.copy = source
    for r in rows:
        while r.copy is not None and r.copy.copy is not None:
            r.copy = r.copy.copy


def _count(rows: list[_Row], dice: _Dice) -> None:
    """Likes and the like: null where the platform does not say, never fewer than the children that are there."""
    kids = Counter((id(k), r.kind) for r in rows for k in {id(r.parent): r.parent, id(r.root): r.root}.values() if k)
    for r in rows:
        reposts, comments = kids[id(r), "repost"], kids[id(r), "comment"]
        pull = r.pull * (3 if r.story else 1)
        if r.platform in (WEIBO, VIDEO):
            r.likes = dice.tail(2.2 * pull) + 2 * comments
            if r.kind != "comment":
                r.comments = comments + dice.tail(0.3 + comments * 0.12)
                r.reposts = reposts + dice.tail(0.3 + reposts * 0.15)
        elif r.platform == FORUM and r.kind == "post":
            r.comments = comments + dice.tail(0.2 + comments * 0.1)
        elif r.platform == WECHAT:
            r.views = 120 + dice.tail(700 * pull, most=100_001)
            r.likes = int(r.views * (0.003 + 0.012 * dice.unit()))


def _board(maker: _Maker, last: datetime) -> list[dict[str, Any]]:
    """The hourly hot list: fifteen titles an hour, most of them of the wide world, and now and then an ad."""
    dice, voice = maker.dice, _Voice(maker.dice, "", "plain", maker.start)
    hours = maker.script["days"] * 24
    running: list[tuple[str, int, int, float, str]] = []
    titles: set[str] = set()
    while len(titles) < hours * 1.1:
        voice.memo.clear()
        voice.chosen.clear()
        title = voice.say("board.title")
        if title not in titles:
            titles.add(title)
            start, life = dice.below(hours + 12) - 12, 5 + dice.tail(6, 2.0, 30)
            running.append((title, start, life, 90_000 + dice.tail(220_000, 1.6, 4e6), voice.say("b.category")))
    stories = {p["story"]: p for p in maker.script["story"]}
    firsts = {name: min(r.at for r in maker.rows if r.story == name) for name in stories}
    entries = []
    for h in range(hours):
        now = maker.start + timedelta(hours=h)
        if dice.chance(0.01):  # an hour that nobody fetched
            continue
        heats: list[tuple[float, str, str]] = []
        for title, start, life, top, category in running:
            if start <= h < start + life:
                heats.append((top * math.sin(math.pi * (h - start + 0.7) / (life + 0.7)), title, category))
        for b in maker.script["board"]:
            if _when(b["at"]) <= now < _when(b["until"]):
                age = (now - firsts[b["story"]]).total_seconds() / 3600
                level = float(_curve(stories[b["story"]], np.array([age]))[0])
                heats.append((b["heat"] * level * (0.9 + 0.2 * dice.unit()), b["title"], "社会"))
        heats.sort(key=lambda t: (-t[0], t[1]))
        stamp = int(now.replace(tzinfo=ZONE).timestamp()) + 40 + dice.below(200)
        real = 0
        for pos, (heat, title, category) in enumerate(heats[:15], 1):
            ad = pos == 4 and dice.chance(0.12)
            real += not ad
            entry = {"day": f"{now:%Y-%m-%d}", "hour": f"{now:%H}", "pos": pos, "display_time": stamp}
            if ad:
                entry |= {"realpos": 0, "title": dice.pick(_ADS), "category": "其他", "hot": 0, "ads": True}
            else:
                entry |= {"realpos": real, "title": title, "category": category, "hot": int(heat), "ads": False}
                reads = int(heat * (20 + 60 * dice.unit()))
                entry |= {"readCount": reads, "discussCount": reads // (300 + dice.below(2000))}
            entries.append(entry)
    return entries


_ADS = ("秋季上新满三百减五十", "换机季以旧换新", "中秋好礼提前购", "新人首单立减")


def _truth(maker: _Maker, rows: list[_Row], spans: dict[str, Any], board: list[dict[str, Any]]) -> Truth:
    utc = _utc
    script, events = maker.script, maker.events
    posts = [
        {
            "platform": r.platform,
            "native_id": r.native_id,
            "published_at": utc(r.at),
            "kind": r.kind,
            "story": r.story,
            "phase": r.phase,
            "line_id": r.line,
            "topic": r.topic,
            "copy_of_platform": r.copy.platform if r.copy else None,
            "copy_of_native": r.copy.native_id if r.copy else None,
            "edited": r.edited,
            "traditional": r.traditional,
            "demand": r.demand,
            "is_spam": r.spam,
        }
        for r in rows
    ]
    stories, phases, demands, clocks, statements = [], [], [], [], []
    for plot in script["story"]:
        name = plot["story"]
        own = [r for r in rows if r.story == name]
        rises = [start for phase, start, _ in spans[name] if phase == "spreading"]
        stories.append(
            {"story": name, "title": plot["title"], "line_id": plot["line"], "platform": own[0].platform}
            | {"native_id": own[0].native_id, "first_at": utc(own[0].at), "last_at": utc(own[-1].at)}
            | {"n_posts": len(own), "second_rise_at": utc(rises[1]) if len(rises) > 1 else None}
        )
        phases += [{"story": name, "phase": p, "start": utc(a), "end": utc(b)} for p, a, b in spans[name]]
        said = Counter(r.demand for r in own)
        demands += [
            {"story": name, "key": d["key"], "kind": d["kind"], "n": said[d["key"]], "answered_by": d.get("answered_by")}
            for d in plot["demand"]
        ]
        start = events[plot["clock_from"]].at
        answers = [e for e in script["event"] if e["story"] == name and e["kind"] == "statement"]
        for e in answers:
            row = events[e["key"]]
            statements.append(
                {"story": name, "key": e["key"], "platform": row.platform, "native_id": row.native_id}
                | {"at": utc(row.at), "correct": e["correct"], "corrected_by": e.get("corrected_by")}
            )
        done = events[answers[0]["key"]].at
        for hours in (5, 24, 48):
            due = start + timedelta(hours=hours)
            clocks.append(
                {"story": name, "hours": hours, "counted_from": plot["clock_what"], "start": utc(start), "due": utc(due)}
                | {"done": utc(done), "state": "met" if done <= due else "missed"}
            )
    shown = pl.DataFrame(board).filter(~pl.col("ads"))
    of_story = {b["title"]: b["story"] for b in script["board"]}
    seen_at = pl.from_epoch("display_time").dt.replace_time_zone("UTC").dt.cast_time_unit("us")
    titles = (
        shown.group_by("title")
        .agg(seen_at.min().alias("first_at"), seen_at.max().alias("last_at"), best_rank=pl.col("pos").min(), n=pl.len())
        .with_columns(story=pl.col("title").replace_strict(of_story, default=None, return_dtype=pl.String))
        .sort("first_at", "title")
        .with_columns(pl.col("n").cast(pl.Int64))
    )
    hole = maker.hole
    return Truth(
        posts=pl.DataFrame(posts, infer_schema_length=None),
        stories=pl.DataFrame(stories, infer_schema_length=None),
        phases=pl.DataFrame(phases),
        statements=pl.DataFrame(statements, infer_schema_length=None),
        demands=pl.DataFrame(demands, infer_schema_length=None),
        clocks=pl.DataFrame(clocks),
        planted=_planted(rows),
        holes=pl.DataFrame([{"platform": hole[0], "start": utc(hole[1]), "end": utc(hole[2])}]),
        board=titles.select("title", "story", "first_at", "last_at", "best_rank", "n"),
    )


def _planted(rows: list[_Row]) -> pl.DataFrame:
    """What must not survive: numbers and names, as planted and as they are written."""
    found = []
    for r in rows:
        for kind, written in r.planted:
            number = kind in ("phone", "bank", "landline")
            value = re.sub(r"\D", "", written) if number else written
            found.append((kind, value, written, r.platform, r.native_id))
        if r.phone:
            found.append(("phone", r.phone, r.phone, r.platform, r.native_id))
            found.append(("person", r.author, r.author, r.platform, r.native_id))
    bare = "\n".join(re.sub(r"@[^\s:：，。]+", "", f"{r.title or ''}\n{r.text}") for r in rows)
    authors = {r.author: r for r in reversed(rows) if r.author_kind == "person" and not r.phone and len(r.author) > 3}
    said = set(pl.Series([bare]).str.extract_many(sorted(authors), overlapping=True)[0].to_list())
    found += [("author", name, name, r.platform, r.native_id) for name, r in authors.items() if name not in said]
    named = {v for k, v, *_ in found if k == "person"}
    meant = {v for r in rows for k, v in r.planted if k == "person"}
    chance = set(pl.Series([bare]).str.extract_many(sorted(named), overlapping=True)[0].to_list()) - meant
    found = [f for f in found if f[0] != "person" or f[1] not in chance]
    columns = ["kind", "value", "written", "platform", "native_id"]
    return pl.DataFrame(found, schema=columns, orient="row").unique(maintain_order=True).sort(columns)


# --- files -----------------------------------------------------------------------------------------------------


def _utc(local: datetime) -> datetime:
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def _fetched(at: datetime) -> datetime:
    """When the row was fetched: the crawler runs at 02:10, 08:10, 14:10 and 20:10."""
    first = at.replace(hour=2, minute=10, second=0)
    runs = (first + timedelta(hours=6 * n) for n in range(6))
    return next(run for run in runs if run > at)


_HOSTS = {WEIBO: "weibo", VIDEO: "video", FORUM: "tieba", WECHAT: "mp", NEWS: "news"}


def _lab_row(r: _Row) -> dict[str, Any]:
    host = _HOSTS.get(r.platform)
    where = r.native_id if r.kind != "comment" or r.root is None else f"{r.root.native_id}#{r.native_id}"
    return {
        "native_id": r.native_id,
        "parent": r.parent.native_id if r.parent else None,
        "root": r.root.native_id if r.root else None,
        "platform": r.platform,
        "kind": r.kind,
        "author": r.author,
        "author_kind": r.author_kind,
        "title": r.title,
        "text": r.text,
        "url": f"https://{host}.example/{where}" if host else None,
        "published_at": f"{r.at:%Y-%m-%d %H:%M:%S}",
        "collected_at": f"{_fetched(r.at):%Y-%m-%d %H:%M:%S}",
        "likes": r.likes,
        "reposts": r.reposts,
        "comments": r.comments,
        "views": r.views,
        "region": r.region,
    }


def _crawled(r: _Row) -> dict[str, Any]:
    """The fields that MediaCrawler's notes and comments share (its store/weibo)."""
    user = zlib.crc32(r.author.encode())
    return {
        "create_time": int(_utc(r.at).timestamp()),
        "create_date_time": f"{r.at:%Y-%m-%d %H:%M:%S}+08:00",
        "content": r.text,
        "last_modify_ts": int(_utc(_fetched(r.at)).timestamp()) * 1000,
        "ip_location": r.region or "",
        "user_id": str(1_000_000_000 + user),
        "nickname": r.author,
        "gender": "fm"[user % 2],
        "profile_url": f"https://weibo.example/u/{1_000_000_000 + user}",
        "avatar": "",
    }


def _crawled_note(r: _Row) -> dict[str, Any]:
    counts = {"liked_count": str(r.likes), "comments_count": str(r.comments), "shared_count": str(r.reposts)}
    url = f"https://weibo.example/detail/{r.native_id}"
    return {"note_id": r.native_id} | _crawled(r) | counts | {"note_url": url, "source_keyword": "云溪"}


def _crawled_comment(r: _Row) -> dict[str, Any]:
    above = r.parent.native_id if r.parent and r.parent.kind == "comment" else ""
    own = {"comment_id": r.native_id, "note_id": r.root.native_id if r.root else ""}
    return own | _crawled(r) | {"sub_comment_count": "0", "comment_like_count": str(r.likes), "parent_comment_id": above}


def _work_order(r: _Row) -> dict[str, Any]:
    unit = "县市场监督管理局" if r.line and r.line != "L90" else "县政务服务中心"
    return {
        "工单编号": r.native_id,
        "受理时间": f"{r.at:%Y-%m-%d %H:%M:%S}",
        "来电人": r.author,
        "联系电话": r.phone,
        "诉求标题": r.title,
        "诉求内容": r.text,
        "所属区域": r.town,
        "办理单位": unit,
    }


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(r) + b"\n" for r in rows)


def _csv(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> str:
    out = io.StringIO()
    table = csv.DictWriter(out, columns)
    table.writeheader()
    table.writerows(rows)
    return out.getvalue()


def _workbook(rows: list[dict[str, Any]]) -> bytes:
    """An .xlsx whose bytes hang on nothing but its cells: fixed dates, nothing compressed (zlib builds differ)."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2026, 9, 28)})
    sheet = book.add_worksheet("工单")
    for n, cells in enumerate([list(rows[0]), *(list(r.values()) for r in rows)]):
        sheet.write_row(n, 0, cells)
    book.close()
    packed = io.BytesIO()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3  # as on Unix, wherever it runs
            new.writestr(entry, old.read(name))
    return packed.getvalue()


def _gzip(body: bytes) -> bytes:
    """A gzip file of stored blocks, without a date: compressed bytes differ from one zlib build to the next."""
    blocks = [body[n : n + 65_535] for n in range(0, len(body), 65_535)] or [b""]
    packed = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for n, block in enumerate(blocks):
        packed.append(struct.pack("<BHH", n == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block)
    packed.append(struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFFFFFF))
    return b"".join(packed)
