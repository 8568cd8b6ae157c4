"""Who says what, where and when in the invented county: everyday talk, three stories, a hot list."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import opencc

from tools.county import tallies
from tools.county.phrases import TABLES, Dice, Topic, Voice, person, phone, tables
from tools.county.rows import FORUM, HOTLINE, NEWS, VIDEO, WECHAT, WEIBO, Row, curve, when

DESIGNED = 24_000  # posts in all for which the stories' sizes in the script are meant
SPAM, SLIPS = 0.055, {HOTLINE: 0.08, WECHAT: 0.0, NEWS: 0.0}
#: what a repost without a word says
EMPTY = ("", "转发微博", "Repost")
#: how often a comment, and how often a repost, answers simply one of the latest: this makes depth
DEEPER = (0.1, 0.36)
#: two texts are alike when they share this much of their phrases; attempts to avoid it, for longer and short ones
ALIKE, TRIES = 0.25, (16, 3)


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
        tallies.number(self.rows, self.start)
        tallies.copies_by_chance(self.rows)
        tallies.count(self.rows, self.dice)
        self.board = tallies.board(self.script, self.rows, self.start, self.dice)

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
            words = {w for w in attempt.words if len(w) > 3}
            likeness = self._likeness(topic.name, text, words, short)
            if likeness < best:
                best, voice, row.text, kept = likeness, attempt, text, words
            if best < ALIKE:
                break
        if not short:
            for word in kept:
                self._index[topic.name, word].append(len(self._lengths))
            self._lengths.append(sum(map(len, kept)))
            row.title = self._title(row, voice)
            if self.dice.chance(SLIPS.get(row.platform, 0.035)):
                row.text = sentence(row.text) + voice.say("slip.12345工单" if row.platform == HOTLINE else "slip")
        self._said[row.text] += 1
        row.own, row.planted, row.region = row.text, voice.planted, voice.memo.get("town")

    def _likeness(self, topic: str, text: str, words: set[str], short: bool) -> float:
        """How much of the text stands in the likest earlier text of the topic; a short one may only not be the same."""
        if short:
            return 0.0 if text in EMPTY else min(1.0, 0.3 * self._said[text])
        shared: dict[int, int] = {}
        for word in words:
            for n in self._index[topic, word]:
                shared[n] = shared.get(n, 0) + len(word)
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
            row.author = row.author or voice.say(
                tables().find(f"{row.platform}.{row.topic}", f"org.{row.platform}") or ""
            )
            row.author_kind = "government" if re.search("局|发布|疾控|文旅", row.author) else "media"
        else:
            # a few are heard often, most once or twice
            row.author = row.author or self._names[int(len(self._names) * self.dice.unit() ** 1.7)]
            row.region = voice.say("region.local" if self.dice.chance(0.83) else "region.far")

    def _say_again(self, row: Row, source: Row, *, edited: float, traditional: float) -> None:
        """The row says what `source` said: as it was, a little changed, or in Traditional script."""
        row.copy, row.text, row.planted = source.copy or source, source.own, list(source.planted)
        row.demand = source.demand
        row.edited, row.traditional = self.dice.chance(edited), self.dice.chance(traditional)
        if row.edited:
            row.text = self._edit(row.text)
        if row.traditional:
            row.text, row.planted = self._script.convert(row.text), []  # a name may be written otherwise now
        row.own = row.text
        row.title = (source.title or row.text[:18]) if row.platform == FORUM else None

    def _edit(self, text: str) -> str:
        """Change 5–20 % of the characters, as people do who pass a text on: other words, a clause less, a word more."""
        goal, done = len(text) * (0.05 + 0.1 * self.dice.unit()), 0
        swaps = [swap for swap in self.script["swap"].items() if swap[0] in text]
        while done < goal and swaps:
            old, new = swaps.pop(self.dice.below(len(swaps)))
            text, done = text.replace(old, new, 1), done + max(len(old), len(new)) - len(set(old) & set(new))
        clauses = re.split("(?<=[，。！？])", text)
        short = [n for n, clause in enumerate(clauses[1:-1], 1) if 2 < len(clause) < len(text) * 0.13]
        if done < goal and short and self.dice.chance(0.5):
            done += len(clauses.pop(self.dice.pick(short)))
        more = [Voice(self.dice).say("edit.tail") for _ in range(5)] if done < goal else [""]
        return sentence("".join(clauses)) + min(more, key=lambda tail: abs(len(tail) + done - len(text) * 0.11))

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
            row.pull = 0.3 + self.dice.tail(0.5, 1.2, 12)
        else:
            row.pull = 0.4 + self.dice.tail(1.2, 1.3, 30)
            sources = [r for name in (WEIBO, VIDEO, FORUM) for r in said[name] if r.kind == "post" and len(r.own) > 31]
            sources = [r for r in sources if r.author_kind != "government"]
            if row.kind == "post" and sources and self.dice.chance(plot["copies"]):
                row.pull = 0.3
                self._say_again(row, self._parent(row, sources), edited=0.28, traditional=0.13)
                return
        pattern = tables().find(f"story.{row.platform}.{row.kind}", f"story.{row.kind}")
        self._compose(row, pattern or "")
        if row.own and row.kind != "article" and self.dice.chance(plot["ad_lib"] * (0.6 if short else 1.0)):
            row.demand = self.dice.pick(plot["demand"])["key"]
            asked = Voice(self.dice).say(f"{plot['story']}.ask.{row.demand}")
            alone = short and self.dice.chance(0.7)
            row.text = row.own = asked if alone else sentence(row.own) + asked
            row.planted = [] if alone else row.planted

    def _parent(self, row: Row, fit: Sequence[Row]) -> Row:
        """Whom the row answers: what pulls and is fresh; now and then simply one of the latest, which makes depth."""
        latest = [r for r in fit[-12:] if r.parent] if self.dice.chance(DEEPER[row.kind == "repost"]) else []
        if latest:
            return latest[-1 - self.dice.below(min(3, len(latest)))]
        ages = np.array([(row.at - r.at).total_seconds() for r in fit]) / 3600
        pulls = np.array([r.pull for r in fit])
        return fit[self.dice.weighted(np.cumsum(pulls * np.exp(-ages / 14) + 1e-6).tolist())]

    def _forward(self, row: Row) -> None:
        """Weibo shows what was forwarded: own words//@name:their words//@…, without the root's."""
        above, chain = row.parent, ""
        while row.kind == "repost" and above is not None and above is not row.root and len(chain) < 120:
            chain += f"//@{above.author}:{above.own or '转发微博'}"
            above = above.parent
        row.text = row.own + chain


def sentence(text: str) -> str:
    """The text with a full stop when nothing closes it."""
    return text + "。" if text and (text[-1].isalnum() or text[-1] in "”）") else text
