"""What came before: past stories most like this one, what was done about them and how they ended.

Two kinds of past are held against a story: the lab's own stories that began earlier, and the public incidents of
`milestones`. They are alike by matter (words weighed by their rarity), by line of the bureau, and by shape (length,
second rise, answer taken back). Being alike is a reason to read, not a forecast.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import polars as pl

from opinion_lab.analyse import stories
from opinion_lab.analyse.lifecycle import phases
from opinion_lab.judge import routing, statements, timelines
from opinion_lab.judge.deadlines import clocks
from opinion_lab.judge.incident_review import ALIVE, Review, bin_width
from opinion_lab.prepare import tokens as words

WEIGHTS = {"matter": 0.6, "line": 0.25, "shape": 0.15}
#: How much of the matter must be the same; less will do where the line is the same too. Shape alone is nothing.
LEAST, LEAST_IN_LINE = 0.3, 0.17
FEWEST = 10  # posts of a past story from which it is worth reading
LOOKED_AT = 20  # past stories nearest by words, of which line and shape are worked out
SHARED_WORDS = 5
COMMON = 0.3  # a word in more than this share of the stories says nothing of a matter
SHOWN, SHOWN_ANSWERS = 40, 2  # characters of an answer, and how many answers

FRAME: dict[str, Any] = {
    **dict.fromkeys(("name", "origin", "began"), pl.String),
    **dict.fromkeys(("alike", *WEIGHTS), pl.Float64),
    **dict.fromkeys(("why", "done", "right", "ended", "fared"), pl.String),
}


@dataclass(frozen=True)
class Shape:
    """How a story went; null where nobody can say."""

    days: float | None
    again: bool | None  # a second rise, or a second matter
    reversed: bool | None  # an official answer taken back


def alike(
    review: Review,
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    tokens: pl.DataFrame,
    archive: Mapping[str, timelines.Incident],
    *,
    lines: pl.DataFrame,
    own: Collection[str] = (),
    zone: tzinfo,
    at: datetime | None = None,
    most: int = 5,
) -> pl.DataFrame:
    """The past most like a reviewed story, most alike first, at most `most` of it (FRAME).

    `at`: the hour from which the story is looked at; what was posted later is not used (default: all is).
    `posts`, `post_stories`, `tokens`: what the review was made from; stories that began later are left out. `alike`,
    `matter`, `line`, `shape` are 0..1, null where nothing can be said. `done`, `right`, `ended` and
    `fared` (how fast, whether right, how it ended) are sentences.
    """
    began = review.story["first_at"]
    posts = posts.filter(pl.col("published_at") <= at) if at else posts
    # the matter is what people say: how bodies report of their work is much the same whatever it was
    public = posts.filter(~clocks.official(own)).join(post_stories, on="post_id")
    seen = public.group_by("story_id").agg(first=pl.col("published_at").min(), n=pl.len())
    past = seen.filter((pl.col("first") < began) & (pl.col("n") >= FEWEST))["story_id"]
    me = review.story["story_id"]
    known = {f"public {name}": incident for name, incident in archive.items() if _began(incident, zone) < began}
    spoken = pl.concat([_spoken(tokens, public.select("post_id", "story_id"), [me, *past]), _told(known)])
    near = _near(spoken, me)
    mine = _lines(review.lines)
    shape = Shape(_days(review.posts), review.second_wave is not None, review.reversed is not None)
    rows = []
    chosen = near.filter(~pl.col("key").str.starts_with("public ")).head(LOOKED_AT)["key"].to_list()
    titles = dict(stories.describe(posts, post_stories).select("story_id", "title").iter_rows()) if chosen else {}
    for key, matter, shared in near.iter_rows():
        if key in known:
            row, other, theirs = _public(known[key], lines, zone)
        elif key in chosen:
            held = posts.join(post_stories.filter(pl.col("story_id") == key), on="post_id", how="semi")
            row, other, theirs = _lived(held.sort("published_at", "post_id"), titles[key], posts, lines, own, zone)
        else:
            continue
        scores = {"matter": matter, "line": _overlap(mine, theirs), "shape": _shaped(shape, other)}
        if matter >= (LEAST_IN_LINE if scores["line"] else LEAST):
            there = {k: v for k, v in scores.items() if v is not None}
            score = sum(WEIGHTS[k] * v for k, v in there.items()) / sum(WEIGHTS[k] for k in there)
            why = _why(shared, [name for i, name in mine.items() if i in theirs], shape, other)
            rows.append({**row, **scores, "alike": score, "why": why})
    frame = pl.DataFrame(rows, schema=FRAME)
    return frame.sort("alike", "name", descending=[True, False]).head(most)


def sentence(found: pl.DataFrame) -> str:
    """What the past has to offer, in one sentence; honest when it has nothing."""
    if found.is_empty():
        return "本实验室的以往事件和随附的公开案例里，没有找到相近的。"
    top = found.row(0, named=True)
    return f"最相近的是“{top['name']}”（{top['origin']}，{top['began']}）：{top['right']}；结局：{top['ended']}。"


# --- by words --------------------------------------------------------------------------------------------------


def _spoken(tokens: pl.DataFrame, post_stories: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """How often each story says each word: key, word, tf."""
    told = tokens.join(post_stories.filter(pl.col("story_id").is_in(keys)), on="post_id")
    said = told.select("tokens", key="story_id").explode("tokens").drop_nulls()
    return said.group_by("key", word="tokens").agg(tf=pl.len().cast(pl.Int64))


def _told(archive: Mapping[str, timelines.Incident]) -> pl.DataFrame:
    """The words of each public incident, as `_spoken`."""
    facts = [f"{i.matter}。{'。'.join(m.fact for m in i.milestone)}" for i in archive.values()]
    rows = [
        (key, word)
        for key, said in zip(archive, words.cut(facts), strict=True)
        for word in said
        if len(word) > 1 and not word.isdecimal()
    ]
    frame = pl.DataFrame(rows, schema={"key": pl.String, "word": pl.String}, orient="row")
    return frame.group_by("key", "word").agg(tf=pl.len().cast(pl.Int64))


def _near(spoken: pl.DataFrame, me: str) -> pl.DataFrame:
    """The others by how much of the matter is the same: key, matter (root of TF-IDF's cosine), shared (words)."""
    n = spoken["key"].n_unique()
    # with half a dozen stories every word is in a large share of them
    seen = spoken.group_by("word").agg(df=pl.len()).filter(pl.col("df") <= max(COMMON * n, 3))
    weighed = spoken.join(seen, on="word").select(
        "key", "word", x=pl.col("tf").log1p() * (n / pl.col("df")).log1p() ** 1.5
    )
    weighed = weighed.sort("key", "word")  # sums of floats depend on their order
    norm = weighed.group_by("key", maintain_order=True).agg(norm=pl.col("x").pow(2).sum().sqrt())
    mine = weighed.filter(pl.col("key") == me).select("word", mine="x")
    both = weighed.filter(pl.col("key") != me).join(mine, on="word").sort("key", "word")
    own = norm.filter(pl.col("key") == me)["norm"]
    alike = (
        both.with_columns(part=pl.col("x") * pl.col("mine"))
        .sort("key", "part", "word", descending=[False, True, False])
        .group_by("key", maintain_order=True)
        .agg(dot=pl.col("part").sum(), shared=pl.col("word").head(SHARED_WORDS))
        .join(norm, on="key")
    )
    length = pl.col("norm") * (own[0] if len(own) else 1.0)
    # the root: stories of many words have cosines near nothing, even of one matter
    found = alike.select("key", (pl.col("dot") / length).sqrt().alias("matter"), "shared")
    return found.sort("matter", "key", descending=[True, False])


# --- by line and shape -----------------------------------------------------------------------------------------


def _lines(tally: pl.DataFrame) -> dict[str, str]:
    """The lines a story is mostly about: those with at least half the posts of the first."""
    routed = tally.drop_nulls("line_id")
    top = routed["n"].max() if routed.height else 0
    return dict(routed.filter(pl.col("n") >= 0.5 * pl.lit(top)).select("line_id", "line").iter_rows())


def _overlap(a: Collection[str], b: Collection[str]) -> float | None:
    return len(set(a) & set(b)) / min(len(a), len(b)) if a and b else None


def _days(posts: pl.DataFrame) -> float:
    """How long a story lasted: from its first post until nearly all was said."""
    times = posts["published_at"].sort()
    return max(1.0, (times[math.ceil(ALIVE * (len(times) - 1))] - times[0]) / timedelta(days=1))


def _shaped(a: Shape, b: Shape) -> float | None:
    known = [float(x == y) for x, y in ((a.again, b.again), (a.reversed, b.reversed)) if None not in (x, y)]
    if a.days and b.days:
        known.append(max(0.0, 1 - abs(math.log10(a.days / b.days))))  # ten times as long: nothing alike
    return sum(known) / len(known) if known else None


def _why(shared: list[str], lines: list[str], a: Shape, b: Shape) -> str:
    said = [f"同样谈到{'、'.join(shared)}"]
    if lines:
        said.append(f"同属{'、'.join(lines)}")
    both = [
        name
        for name, x, y in (("再次上升或生出新话题", a.again, b.again), ("说法被推翻或撤下", a.reversed, b.reversed))
        if x and y
    ]
    return "；".join(said + [f"都有{name}" for name in both])


# --- what was done ---------------------------------------------------------------------------------------------


def _began(incident: timelines.Incident, zone: tzinfo) -> datetime:
    return min(timelines.span(m.when, zone)[0] for m in incident.milestone)


def _public(
    incident: timelines.Incident, lines: pl.DataFrame, zone: tzinfo
) -> tuple[dict[str, str], Shape, dict[str, str]]:
    first = incident.spans("首发", zone=zone)
    end = timelines.ended(incident, zone=zone)
    days = max(1.0, (end[0] - first[0][0]) / timedelta(days=1)) if first and end else None
    bad = any(m.reversed_by or m.withdrawn for m in incident.milestone)
    shape = Shape(days, any(m.kind == "次生" for m in incident.milestone), bad)
    acted = [m for m in incident.milestone if m.kind in ("官方", "处置", "升级")]
    row = {
        "name": incident.name,
        "origin": "公开案例",
        "began": f"{_began(incident, zone):%Y-%m}",
        "done": "；".join(f"{m.when} {m.body}：{m.fact}" for m in acted) or "节点里没有记载",
        "right": timelines.right(incident),
        "ended": timelines.outcome(incident),
    }
    row["fared"] = f"{timelines.speed(incident, zone=zone)}；{row['right']}。结局：{row['ended']}"
    names = dict(lines.select("line_id", "line").iter_rows())
    return row, shape, {i: names.get(i, i) for i in incident.lines}


def _lived(
    held: pl.DataFrame, title: str, posts: pl.DataFrame, lines: pl.DataFrame, own: Collection[str], zone: tzinfo
) -> tuple[dict[str, str], Shape, dict[str, str]]:
    until = posts["published_at"].max()
    assert isinstance(until, datetime)
    found = phases.of(phases.count(held, every=bin_width(held), until=until, background=posts, zone=zone))
    said = clocks.answers(held, own).to_dicts()
    pairs = ((a, b) for n, b in enumerate(said) for a in said[:n])
    back = next(((a, b) for a, b in pairs if statements.reverses(a["text"], b["text"])), None)
    again = phases.second_wave(found)
    public = held.filter(~clocks.official(own) & pl.col("copy_of").is_null())
    shown = [f"{_time(a['at'], zone)} {a['author_name'] or '官方'}：{_cut(a['text'])}" for a in said[:SHOWN_ANSWERS]]
    shown += [f"等共{len(said)}次发布"] if len(said) > SHOWN_ANSWERS else []
    last = found.row(-1, named=True)
    state = f"{_time(last['start'], zone)}起平息" if last["phase"] == "ended" else "到数据截止时还没有平息"
    right = "没有见到官方说法被推翻" if said else "没有官方回应，不能判对错"
    if back:
        right = f"{_time(back[0]['at'], zone)}的说法在{_time(back[1]['at'], zone)}被推翻"
    row = {
        "name": title,
        "origin": "本实验室",
        "began": f"{held['published_at'][0].astimezone(zone):%Y-%m-%d}",
        "done": "；".join(shown) or "数据里没有官方回应",
        "right": right,
        "ended": f"共 {held.height} 条，{f'{_time(again, zone)}起第二次上升，' if again else ''}{state}",
    }
    row["fared"] = "；".join([_speed(a["delay"]) for a in said[:1]] + [f"{right}。结局：{row['ended']}"])
    tally = routing.tally(routing.route(public, lines))
    return row, Shape(_days(held), again is not None, back is not None), _lines(tally)


def _speed(delay: timedelta) -> str:
    if delay < timedelta(0):
        return f"官方先发声，早于首帖{clocks.lasting(-delay)}"
    return f"首帖到首次官方回应{clocks.lasting(delay)}"


def _time(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.month}月{local.day}日"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
