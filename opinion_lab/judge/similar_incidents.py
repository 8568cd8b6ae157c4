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

from opinion_lab import schemas
from opinion_lab.analyse import stories
from opinion_lab.analyse.lifecycle import phases
from opinion_lab.judge import routing, statements, timelines
from opinion_lab.judge.deadlines import clocks
from opinion_lab.judge.incident_review import ALIVE, Review, bin_width
from opinion_lab.prepare import tokens as words
from opinion_lab.prepare.tokens import dictionary
from opinion_lab.schemas import fact

WEIGHTS = {"matter": 0.6, "line": 0.25, "shape": 0.15}
#: How much of the matter must be the same; less will do where the line is the same too. Shape alone is nothing. Chosen
#: on 128 labelled pairs of 168, as what follows (`python -m tests.benchmarks similar_incidents`).
LEAST, LEAST_IN_LINE = 0.465, 0.26
#: A line is a story's own from so large a share of its posts that find one, and so many: of many posts one always fits.
IN_LINE, POSTS = 0.15, 2
FEWEST = 10  # posts of a past story from which it is worth reading
LOOKED_AT = 20  # past stories nearest by words, of which line and shape are worked out
SHARED_WORDS, MOST = 5, 5  # words that are named, incidents that are given
COMMON = 0.3  # a word in more than this share of the stories says nothing of a matter
# In a small archive every word is rare, so that stories look nearer than they are: it is counted as if so many more
# stories stood in it, each of so many words as they come in running Chinese (jieba's dictionary).
USUAL, LENGTH = 100, 300
FACTS = schemas.empty(schemas.Clock).schema["why"]
FRAME: dict[str, Any] = {
    **dict.fromkeys(("name", "origin", "began"), pl.String),
    **dict.fromkeys(("alike", *WEIGHTS), pl.Float64),
    **dict.fromkeys(("words", "lines", "both"), pl.List(pl.String)),
    **dict.fromkeys(("done", "speed", "correctness", "outcome"), FACTS),
}


@dataclass(frozen=True)
class Shape:
    """How a story went; null where nobody can say."""

    days: float | None
    again: bool | None  # a second rise, or a second matter
    reversed: bool | None  # an official answer taken back


def alike(review: Review, posts: pl.DataFrame, post_stories: pl.DataFrame, tokens: pl.DataFrame) -> pl.DataFrame:
    """The past most like a reviewed story, most alike first, at most five of it (FRAME).

    `posts`, `post_stories`, `tokens`: what the review was made from; what was posted after its hour is not used, and
    stories that began later are left out. `alike`, `matter`, `line`, `shape` are 0..1, null where nothing can be said.
    `origin` is public or lab, `began` a day or month; `words`, `lines` and `both` (again, reversed) are what both
    share; the rest are facts.
    """
    began, own, zone = review.story["first_at"], review.context.own, review.context.zone
    router = review.context.router or routing.shipped(review.context.rules)
    archive, lines = review.context.rules.incidents, review.context.rules.lines
    posts = posts.filter(pl.col("published_at") <= review.at)
    # the matter is what people say: how bodies report of their work is much the same whatever it was
    public = posts.filter(~clocks.official(own)).join(post_stories, on="post_id")
    sizes = public.group_by("story_id").agg(first=pl.col("published_at").min(), n=pl.len())
    past = sizes.filter((pl.col("first") < began) & (pl.col("n") >= FEWEST))["story_id"]
    me = review.story["story_id"]
    incidents = {f"public {name}": incident for name, incident in archive.items() if _began(incident, zone) < began}
    word_counts = [_of_stories(tokens, public.select("post_id", "story_id"), [me, *past]), _of_incidents(incidents)]
    near = _near(pl.concat(word_counts), me).filter(pl.col("matter") >= min(LEAST, LEAST_IN_LINE))
    mine = _lines(review.lines)
    shape = Shape(_days(review.posts), review.second_wave is not None, bool(review.reversals))
    rows = []
    chosen = near.filter(~pl.col("key").str.starts_with("public ")).head(LOOKED_AT)["key"].to_list()
    titles = dict(stories.describe(posts, post_stories).select("story_id", "title").iter_rows()) if chosen else {}
    for key, matter, shared in near.iter_rows():
        if key in incidents:
            row, other, theirs = _public(incidents[key], lines, zone)
        elif key in chosen:
            held = posts.join(post_stories.filter(pl.col("story_id") == key), on="post_id", how="semi")
            row, other, theirs = _lived(held.sort("published_at", "post_id"), titles[key], posts, router, own, zone)
        else:
            continue
        scores = {"matter": matter, "line": _overlap(mine, theirs), "shape": _shaped(shape, other)}
        if matter >= (LEAST_IN_LINE if scores["line"] else LEAST):
            there = {k: v for k, v in scores.items() if v is not None}
            score = sum(WEIGHTS[k] * v for k, v in there.items()) / sum(WEIGHTS[k] for k in there)
            # 市民, 反映 and 其于 stand in every order: they weigh little, and name no matter
            told = [word for word in shared if not review.context.rules.label_words.fullmatch(word)]
            same = {"words": told[:SHARED_WORDS], "lines": [name for i, name in mine.items() if i in theirs]}
            same["both"] = [c for c in ("again", "reversed") if getattr(shape, c) and getattr(other, c)]
            rows.append({**row, **scores, "alike": score, **same})
    frame = pl.DataFrame(rows, schema=FRAME)
    return frame.sort("alike", "name", descending=[True, False]).head(MOST)


# --- by words --------------------------------------------------------------------------------------------------


def _of_stories(tokens: pl.DataFrame, post_stories: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """How often each story says each word: key, word, tf."""
    rows = tokens.join(post_stories.filter(pl.col("story_id").is_in(keys)), on="post_id")
    words = rows.select("tokens", key="story_id").explode("tokens").drop_nulls()
    return words.group_by("key", word="tokens").agg(tf=pl.len().cast(pl.Int64))


def _of_incidents(archive: Mapping[str, timelines.Incident]) -> pl.DataFrame:
    """The words of each public incident, as `_of_stories`."""
    facts = ["\n".join([i.matter, *(m.fact for m in i.milestone)]) for i in archive.values()]
    rows = [
        (key, word)
        for key, cut in zip(archive, words.cut(facts), strict=True)
        for word in cut
        if len(word) > 1 and not word.isdecimal()
    ]
    frame = pl.DataFrame(rows, schema={"key": pl.String, "word": pl.String}, orient="row")
    return frame.group_by("key", "word").agg(tf=pl.len().cast(pl.Int64))


def _near(word_counts: pl.DataFrame, me: str) -> pl.DataFrame:
    """The others by how much of the matter is the same: key, matter (root of TF-IDF's cosine), shared (words)."""
    n = word_counts["key"].n_unique()
    # with half a dozen stories every word is in a large share of them
    frequency = word_counts.group_by("word").agg(df=pl.len()).filter(pl.col("df") <= max(COMMON * n, 3))
    known, total = dictionary.frequencies()
    often = pl.Series([known.get(word, 0) + 1 for word in frequency["word"]], dtype=pl.Int64)
    usual = USUAL * (1 - (-LENGTH * often / total).exp())
    frequency = frequency.select("word", rarity=((n + USUAL) / (pl.col("df") + usual)).log1p() ** 1.5)
    weighed = word_counts.join(frequency, on="word").select("key", "word", x=pl.col("tf").log1p() * pl.col("rarity"))
    weighed = weighed.sort("key", "word")  # sums of floats depend on their order
    weighed = weighed.with_columns(pl.col("x") / pl.col("x").pow(2).sum().sqrt().over("key"))
    mine = weighed.filter(pl.col("key") == me).select("word", mine="x")
    both = weighed.filter(pl.col("key") != me).join(mine, on="word").with_columns(part=pl.col("x") * pl.col("mine"))
    both = both.sort("key", "part", "word", descending=[False, True, False])
    # the root: stories of many words have cosines near nothing, even of one matter
    matter, shared = pl.col("part").sum().sqrt(), pl.col("word").head(4 * SHARED_WORDS)
    found = both.group_by("key", maintain_order=True).agg(matter=matter, shared=shared)
    return found.sort("matter", "key", descending=[True, False])


# --- by line and shape -----------------------------------------------------------------------------------------


def _lines(tally: pl.DataFrame) -> dict[str, str]:
    """The lines (routing.sections) a story is mostly about: those with half the posts of the first, no stray ones."""
    found = tally.drop_nulls("line_id")
    least = max(IN_LINE * int(found["n"].sum()), POSTS)
    routed = found.filter(pl.col("line_id") != routing.NOT_OURS, pl.col("n") >= least)
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


# --- what was done ---------------------------------------------------------------------------------------------


def _began(incident: timelines.Incident, zone: tzinfo) -> datetime:
    return min(timelines.span(m.when, zone)[0] for m in incident.milestone)


def _public(
    incident: timelines.Incident, lines: pl.DataFrame, zone: tzinfo
) -> tuple[dict[str, Any], Shape, dict[str, str]]:
    first = incident.spans(timelines.FIRST, zone=zone)
    end = timelines.ended(incident, zone=zone)
    days = max(1.0, (end[0] - first[0][0]) / timedelta(days=1)) if first and end else None
    bad = any(m.reversed_by or m.withdrawn for m in incident.milestone)
    shape = Shape(days, any(m.kind == timelines.SECONDARY for m in incident.milestone), bad)
    acted = (timelines.OFFICIAL, timelines.ACTION, timelines.ESCALATED)
    row = {
        "name": incident.name,
        "origin": "public",
        "began": f"{_began(incident, zone):%Y-%m}",
        "done": [fact("did", about=m.when, name=m.body, detail=m.fact) for m in incident.milestone if m.kind in acted],
        "speed": timelines.speed(incident, zone=zone),
        "correctness": timelines.correctness(incident),
        "outcome": timelines.outcome(incident),
    }
    names = dict(lines.select("line_id", "line").iter_rows())
    return row, shape, {i: names.get(i, i) for i in incident.lines}


def _lived(
    held: pl.DataFrame, title: str, posts: pl.DataFrame, router: routing.Router, own: Collection[str], zone: tzinfo
) -> tuple[dict[str, Any], Shape, dict[str, str]]:
    until = posts["published_at"].max()
    assert isinstance(until, datetime)
    course = phases.of(phases.count(held, every=bin_width(held), until=until, background=posts, zone=zone))
    answers = clocks.answers(held, own).to_dicts()
    reversals = statements.reversals(answers)
    again = phases.second_wave(course)
    public = held.filter(~clocks.official(own) & pl.col("copy_of").is_null())
    last = course.row(-1, named=True)
    correct = [fact("stands" if answers else "no_answer")]
    for earlier, later in reversals[:1]:
        correct = [fact("taken_back", value=earlier["n"], points=later["n"])]
    outcome = [fact("posts", value=held.height)] + ([fact("second_wave", at=again)] if again else [])
    outcome.append(fact("calm", at=last["start"]) if last["phase"] == "ended" else fact("not_calm"))
    row = {
        "name": title,
        "origin": "lab",
        "began": f"{held['published_at'][0].astimezone(zone):%Y-%m-%d}",
        "done": [fact("did", at=a["at"], name=a["author_name"], detail=a["text"]) for a in answers],
        "speed": [fact("answer_delay", hours=a["delay"] / timedelta(hours=1)) for a in answers[:1]],
        "correctness": correct,
        "outcome": outcome,
    }
    tally = routing.sections(public, router)
    return row, Shape(_days(held), again is not None, bool(reversals)), _lines(tally)
