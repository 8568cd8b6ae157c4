"""Who says what, where and when in the invented county: everyday talk, three stories, a hot list."""

from __future__ import annotations

import math
import re
import tomllib
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import opencc

from opinion_lab.synthetic.phrases import TABLES, Dice, Topic, Voice, person, phone, tables

WEIBO, VIDEO, WECHAT, FORUM, NEWS, HOTLINE = "微博", "短视频", "微信公众号", "贴吧论坛", "新闻网站", "12345工单"
DESIGNED = 24_000  # posts in all for which the stories' sizes in the script are meant
SPAM, SLIPS = 0.055, {HOTLINE: 0.06, WECHAT: 0.0, NEWS: 0.0}
HOMOPHONES = dict(zip("的得在再做作那哪他她已以坐座像象帐账", "地的再在作做哪那她他以已座坐象像账帐", strict=True))
#: two texts are alike when they share this much of their phrases; attempts to avoid it, for longer and short ones
ALIKE, TRIES = 0.28, (14, 3)
ADS = ("秋季上新满三百减五十", "换机季以旧换新", "中秋好礼提前购", "新人首单立减")


@dataclass(eq=False)
class Row:
    """One utterance; times are local. `own` is the text without the 转发 chain, `pull` how much it draws."""

    at: datetime
    platform: str
    kind: str = ""
    author: str = ""
    author_kind: str = "person"
    title: str | None = None
    text: str = ""
    own: str = ""
    native_id: str = ""
    parent: Row | None = None
    root: Row | None = None
    copy: Row | None = None
    edited: bool = False
    traditional: bool = False
    key: str | None = None
    story: str | None = None
    topic: str = ""
    line: str | None = None
    demand: str | None = None
    spam: bool = False
    pull: float = 1.0
    region: str | None = None
    phone: str = ""
    likes: int | None = None
    reposts: int | None = None
    comments: int | None = None
    views: int | None = None
    planted: list[tuple[str, str]] = field(default_factory=list)


def when(local: str) -> datetime:
    """A time of the script."""
    return datetime.fromisoformat(local)


def curve(plot: dict[str, Any], hours: np.ndarray) -> np.ndarray:
    """The designed level of a story at `hours` after its first post; between the knots as on a logarithmic scale."""
    knots = np.array(plot["curve"], float)
    level = np.exp(np.interp(hours, knots[:, 0], np.log(knots[:, 1])))
    return np.where(hours > knots[-1, 0], 0.0, level)


class County:
    """Everything that is drawn, in one fixed order from one stream."""

    def __init__(self, seed: int, posts: int) -> None:
        self.dice = Dice(seed)
        self.script = tomllib.loads((TABLES / "script.toml").read_text(encoding="utf-8"))
        self.start = datetime.combine(self.script["start"], datetime.min.time())
        self.end = self.start + timedelta(days=self.script["days"])
        self.size = posts / DESIGNED
        self.events: dict[str, Row] = {}
        self.rows: list[Row] = []
        self._said: Counter[str] = Counter()
        self._index: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._lengths: list[int] = []
        self._script = opencc.OpenCC("s2t")
        voice, names = Voice(self.dice), dict[str, None]()
        while len(names) < 5000:
            voice.memo.clear()
            names[voice.say("nick")] = None
        self._names = list(names)
        for plot in self.script["story"]:
            self._story(plot)
        self._background(posts - len(self.rows))
        self.rows.sort(key=lambda r: r.at)  # stable: equal times keep the order of drawing
        self._number()
        self._copies_by_chance()
        self._count()
        self.board = self._board()

    # --- when

    def _rhythm(self, platform: str) -> np.ndarray:
        """Relative rate in each half hour of the four weeks; zero in the collection hole."""
        p = self.script["platform"][platform]
        hours, days = np.array(p["hours"]) / np.mean(p["hours"]), []
        for n in range(self.script["days"]):
            day: date = self.script["start"] + timedelta(days=n)
            days.append(p["holiday"] if day.isoformat() in self.script["holiday"] else p["week"][day.weekday()])
        rate = np.repeat(np.concatenate([hours * d for d in days]), 2)
        if platform == self.script["hole"]["platform"]:
            first, last = (when(self.script["hole"][k]) - self.start for k in ("start", "end"))
            rate[first // timedelta(minutes=30) : last // timedelta(minutes=30)] = 0
        return rate

    def _moments(self, rate: np.ndarray, n: int, first: datetime, step: float) -> list[datetime]:
        """`n` whole seconds after `first`, in order, as dense as `rate`, whose bins are `step` seconds."""
        cumulative = np.cumsum(rate).tolist()
        at = ((self.dice.weighted(cumulative) + self.dice.unit()) * step for _ in range(n))
        return [first + timedelta(seconds=s) for s in sorted(map(int, at))]

    # --- what

    def _compose(self, row: Row, patterns: str) -> None:
        """Give the row its title and text, as unlike what was said on the topic as a few attempts can make it."""
        topic, short = tables().topics[row.topic], row.kind in ("comment", "repost")
        best = 2.0
        for _ in range(TRIES[short]):
            attempt = Voice(self.dice, topic.name, topic.tone, row.at)
            text = attempt.say(patterns)
            likeness = self._likeness(topic.name, text, attempt.words, short)
            if likeness < best:
                best, voice, row.text = likeness, attempt, text
            if best < ALIKE:
                break
        if not short:
            for word in voice.words:
                self._index[topic.name, word].append(len(self._lengths))
            self._lengths.append(sum(map(len, voice.words)))
            row.title = self._title(row, voice)
            if self.dice.chance(SLIPS.get(row.platform, 0.02)):
                row.text = sentence(row.text) + voice.say("slip.12345工单" if row.platform == HOTLINE else "slip")
        self._said[row.text] += 1
        row.own, row.planted, row.region = row.text, voice.planted, voice.memo.get("town")

    def _likeness(self, topic: str, text: str, words: set[str], short: bool) -> float:
        """How much of the text stands in the likest earlier text of the topic; a short one may only not be the same."""
        if short:
            return min(1.0, 0.3 * self._said[text])
        shared: Counter[int] = Counter()
        for word in words:
            for n in self._index[topic, word]:
                shared[n] += len(word)
        length = sum(map(len, words))
        return max((same / (length + self._lengths[n] - same) for n, same in shared.items()), default=0.0)

    def _title(self, row: Row, voice: Voice) -> str | None:
        """A heading where the platform has one: of its own, or the fact's first clause."""
        pools = {FORUM: ("title", "t"), WECHAT: ("head", "t"), NEWS: ("head", "t")}
        fact = re.split("[，。；：！]", voice.memo.get(".o") or voice.memo.get(".a") or "")[0]
        if row.platform == HOTLINE:
            fact = re.sub("^(其|来电人)", "", fact)
            return fact if re.match("咨询|建议|表扬|举报|要求|质疑", fact) else f"反映{fact}"
        if row.platform == FORUM and 5 < len(fact) < 24 and self.dice.chance(0.5):
            return fact
        pool = tables().find(*(f"{voice.topic}.{p}" for p in pools.get(row.platform, ())))
        return voice.say(pool) if pool else None

    def _author(self, row: Row) -> None:
        """An author and a region for a row that has none."""
        voice = Voice(self.dice)
        if row.platform == HOTLINE:
            row.author, row.phone = row.author or person(voice), phone(voice)
            row.region = row.region or voice.say("town")
        elif row.platform in (WECHAT, NEWS):
            row.author = row.author or voice.say(f"org.{row.platform}")
            row.author_kind = "government" if re.search("局|发布|疾控|文旅", row.author) else "media"
        else:
            # a few are heard often, most once or twice
            row.author = row.author or self._names[int(len(self._names) * self.dice.unit() ** 1.7)]
            row.region = voice.say("region.local" if self.dice.chance(0.83) else "region.far")

    def _say_again(self, row: Row, source: Row, *, edited: float, traditional: float) -> None:
        """The row says what `source` said: as it was, a little changed, or in Traditional script."""
        row.copy, row.text, row.planted = source.copy or source, source.own, list(source.planted)
        row.edited, row.traditional = self.dice.chance(edited), self.dice.chance(traditional)
        if row.edited:
            row.text = self._edit(row.text)
        if row.traditional:
            row.text, row.planted = self._script.convert(row.text), []  # a name may be written otherwise now
        row.own = row.text
        row.title = (source.title or row.text[:18]) if row.platform == FORUM else None

    def _edit(self, text: str) -> str:
        """Change 5–20 % of the characters, as people do who pass a text on; digits and Latin stay."""
        chars = list(text)
        for _ in range(max(1, round(len(text) * (0.05 + 0.12 * self.dice.unit())))):
            at, roll = self.dice.below(len(chars)), self.dice.unit()
            if chars[at] in "，。！？":
                chars[at] = self.dice.pick("，！～ 。")
            elif chars[at] in HOMOPHONES:
                chars[at] = HOMOPHONES[chars[at]]
            elif "\u4e00" <= chars[at] <= "\u9fff" and roll < 0.45 and len(chars) > 12:
                del chars[at]
            elif "\u4e00" <= chars[at] <= "\u9fff":
                chars.insert(at + 1, self.dice.pick("啊呢了吧的哦真就都又"))
        return str(self.dice.pick(("", "", "转：", "求扩散！", "刚看到，"))) + "".join(chars)

    # --- everyday talk

    def _background(self, n: int) -> None:
        """`n` rows over the platforms by their shares."""
        for platform, p in self.script["platform"].items():
            topics = [t for t in tables().topics.values() if self._fits(t, platform)]
            by_day = [
                np.cumsum([t.weight * (1 if t.days[0] <= d + 1 <= t.days[1] else 0.04) for t in topics]).tolist()
                for d in range(self.script["days"])
            ]
            recent: list[Row] = []
            junk: list[Row] = []
            for at in self._moments(self._rhythm(platform), round(n * p["share"]), self.start, 1800):
                row = Row(at, platform, self.dice.share(p["kinds"]))
                if row.kind in ("comment", "repost") and recent:
                    row.root = row.parent = recent[-1 - int(len(recent[-60:]) * self.dice.unit() ** 2)]
                    row.topic, row.line = row.root.topic, row.root.line
                    self._compose(row, f"bg.{row.kind}")
                elif platform in (WEIBO, VIDEO, FORUM) and self.dice.chance(SPAM):
                    row.kind, row.spam = "post", True
                    self._advertise(row, junk)
                else:
                    row.kind = row.kind if row.kind in ("article", "complaint") else "post"
                    topic = topics[self.dice.weighted(by_day[(at - self.start).days])]
                    row.topic, row.line = topic.name, topic.line
                    self._compose(row, f"bg.{platform}.{row.kind}")
                    recent.append(row)
                self._author(row)
                self.rows.append(row)

    def _fits(self, topic: Topic, platform: str) -> bool:
        """Articles are of their own topics; a work order needs formal words."""
        if platform == HOTLINE:
            return topic.name.startswith("bg.") and f"{topic.name}.o" in tables().pools
        prefix = "art." if platform in (WECHAT, NEWS) else "bg."
        return topic.name.startswith(prefix) and (not topic.on or platform in topic.on)

    def _advertise(self, row: Row, junk: list[Row]) -> None:
        """Most advertisements are one of a campaign, sent again as it was or a little changed."""
        if junk and self.dice.chance(0.72):
            self._say_again(row, junk[-1 - self.dice.below(min(6, len(junk)))], edited=0.4, traditional=0.0)
            return
        voice = Voice(self.dice)
        row.text = row.own = voice.say("spam")
        row.title = voice.say("spam.title") if row.platform == FORUM else None
        row.planted = voice.planted
        junk.append(row)

    # --- stories

    def _story(self, plot: dict[str, Any]) -> None:
        """Scripted events, squads that post one text within seconds, and the rest along the story's curve."""
        queue = [self._event(e) for e in self.script["event"] if e["story"] == plot["story"]]
        first = queue[0].at
        for q in self.script["squad"]:
            if q["story"] == plot["story"]:
                at = self._moments(np.ones(1), round(q["n"] * self.size), when(q["at"]), q["seconds"])
                queue += [Row(t, WEIBO, "post", copy=self.events[q["source"]]) for t in at]
        hours = np.arange((self.end - first) // timedelta(minutes=1)) / 60
        level, half_hours = curve(plot, hours), ((first - self.start) / timedelta(minutes=30) + hours * 2).astype(int)
        rest = round(plot["size"] * self.size) - len(queue)
        for platform, share in plot["shares"].items():
            rhythm = self._rhythm(platform)[half_hours]
            rate = level * (rhythm if plot["rhythm"] else rhythm > 0)
            only = plot.get("only_first")
            if only and platform != only["platform"]:
                rate = np.where(hours < only["hours"], 0, rate)
            moments = self._moments(rate, round(rest * share), first + timedelta(seconds=1), 60)
            queue += [Row(at, platform) for at in moments if at < self.end]
        said: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(queue, key=lambda r: (r.at, r.key is None)):
            row.story, row.line = plot["story"], plot["line"]
            row.topic = next(s["topic"] for s in plot["stage"] if row.at < when(s["until"]))
            if row.key is None:
                self._utter(row, plot, said)
                self._author(row)
                self._forward(row)
            said[row.platform].append(row)
            self.rows.append(row)

    def _event(self, e: dict[str, Any]) -> Row:
        """A post of the script, word for word."""
        row = Row(when(e["at"]), e["platform"], e["kind"], e["author"], e.get("author_kind", "person"), e.get("title"))
        row.key, row.pull, row.demand = e["key"], e.get("pull", 2.0), e.get("demand")
        row.copy = self.events[e["copy_of"]] if "copy_of" in e else None
        row.text = row.own = row.copy.own if row.copy else e["text"].strip()
        if "parent" in e:
            row.parent = self.events[e["parent"]]
            row.root = row.parent.root or row.parent
            self._forward(row)
        if row.platform == HOTLINE:
            self._author(row)
        self.events[row.key] = row
        return row

    def _utter(self, row: Row, plot: dict[str, Any], said: dict[str, list[Row]]) -> None:
        """A story row's kind, parent and words."""
        if row.copy:  # one of a squad
            self._say_again(row, row.copy, edited=0, traditional=0)
            return
        kinds = plot.get("kinds", {}).get(row.platform) or self.script["platform"][row.platform]["kinds"]
        row.kind = self.dice.share(kinds) if said[row.platform] else next(iter(kinds))
        short = row.kind in ("comment", "repost")
        if short:
            # a comment is not forwarded
            fit = [r for r in said[row.platform] if row.kind == "comment" or r.kind != "comment"]
            row.parent = self._parent(row, fit)
            row.root = row.parent.root or row.parent
        else:
            row.pull = 0.4 + self.dice.tail(1.2, 1.3, 30)
            sources = [r for name in (WEIBO, VIDEO, FORUM) for r in said[name] if r.kind == "post" and len(r.own) > 23]
            sources = [r for r in sources if r.author_kind != "government"]
            if row.kind == "post" and sources and self.dice.chance(plot["copies"]):
                row.pull = 0.3
                self._say_again(row, self._parent(row, sources), edited=0.28, traditional=0.13)
                return
        pattern = tables().find(f"story.{row.platform}.{row.kind}", f"story.{row.kind}")
        self._compose(row, pattern or "")
        if row.own and self.dice.chance(plot["ad_lib"] * (0.6 if short else 1.0)):
            row.demand = self.dice.pick(plot["demand"])["key"]
            asked = Voice(self.dice).say(f"{plot['story']}.ask.{row.demand}")
            alone = short and self.dice.chance(0.7)
            row.text = row.own = asked if alone else sentence(row.own) + asked
            row.planted = [] if alone else row.planted

    def _parent(self, row: Row, fit: Sequence[Row]) -> Row:
        """Whom the row answers: what pulls and is fresh; now and then simply one of the latest, which makes depth."""
        if self.dice.chance(0.1):
            return fit[-1 - self.dice.below(min(3, len(fit)))]
        ages = np.array([(row.at - r.at).total_seconds() for r in fit]) / 3600
        pulls = np.array([r.pull if r.kind != "repost" or r.pull > 1 else 0.35 for r in fit])
        return fit[self.dice.weighted(np.cumsum(pulls * np.exp(-ages / 14) + 1e-6).tolist())]

    def _forward(self, row: Row) -> None:
        """Weibo shows what was forwarded: own words//@name:their words//@…, without the root's."""
        above, chain = row.parent, ""
        while row.kind == "repost" and above is not None and above is not row.root and len(chain) < 120:
            chain += f"//@{above.author}:{above.own or '转发微博'}"
            above = above.parent
        row.text = row.own + chain

    # --- numbers

    def _number(self) -> None:
        """Native ids as each platform makes them, growing with time."""
        for n, r in enumerate(self.rows):
            seconds = int((r.at - self.start).total_seconds())
            r.native_id = {
                WEIBO: f"5034{seconds:08}{n % 10_000:04}",
                VIDEO: f"7500{seconds:09}{n % 1_000_000:06}",
                FORUM: f"{14_000_000_000 + n * 37}",
                WECHAT: f"{r.at:%y%m%d}-{zlib.crc32(str(n).encode()):08x}",
                NEWS: f"{r.at:%Y%m%d}/c{100_000 + n}",
                HOTLINE: f"YX{r.at:%Y%m%d}{n:06}",
            }[r.platform]

    def _copies_by_chance(self) -> None:
        """Texts that happen to be the same are copies too: of the earliest."""
        seen: dict[str, Row] = {}
        for r in self.rows:
            plain = re.sub(r"\[[^\]]{1,6}\]|@\S+|[\W_]", "", r.own).lower()
            if plain and plain not in ("转发微博", "repost"):
                source = seen.setdefault(plain, r)
                r.copy = r.copy or (source if source is not r else None)
        for r in self.rows:
            while r.copy is not None and r.copy.copy is not None:
                r.copy = r.copy.copy

    def _count(self) -> None:
        """Likes and the like: null where the platform does not say, never fewer than the children that are there."""
        kids = Counter((id(above), r.kind) for r in self.rows for above in {r.parent, r.root} - {None})
        tail = self.dice.tail
        for r in self.rows:
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
                r.likes = int(r.views * (0.003 + 0.012 * self.dice.unit()))

    def _board(self) -> list[dict[str, Any]]:
        """The hot list, fifteen titles an hour, most of them of the wide world, and now and then an ad."""
        dice, total = self.dice, self.script["days"] * 24
        titles: dict[str, tuple[int, int, float, str]] = {}
        while len(titles) < total * 1.1:
            voice = Voice(dice)
            life = (dice.below(total + 12) - 12, 5 + dice.tail(6, 2.0, 30), 90_000 + dice.tail(220_000, 1.6, 4e6))
            titles.setdefault(voice.say("board.title"), (*life, voice.say("b.category")))
        plots = {p["story"]: p for p in self.script["story"]}
        firsts = {name: next(r.at for r in self.rows if r.story == name) for name in plots}
        entries: list[dict[str, Any]] = []
        for h in range(total):
            now, shown = self.start + timedelta(hours=h), []
            for title, (begin, life_hours, top, category) in titles.items():
                if begin <= h < begin + life_hours:
                    shown.append((top * math.sin(math.pi * (h - begin + 0.7) / (life_hours + 0.7)), title, category))
            for b in self.script["board"]:
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


def sentence(text: str) -> str:
    """The text with a full stop when nothing closes it."""
    return text if not text or text[-1] in "。！？!?~…]#" else text + "。"
