"""Posts as an exercise may show them: names replaced, numbers of later days gone, nothing after the stage's hour."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.judge.deadlines import clocks
from opinion_lab.prepare import tokens
from opinion_lab.prepare.organisations import endings
from opinion_lab.prepare.tokens import dictionary
from opinion_lab.rules.incidents import Incident, span
from opinion_lab.schemas import COUNTS
from opinion_lab.training.exercise import Utterance

#: What takes the place of the county in an exercise made of a real story.
ELSEWHERE = "青禾"
PLACE = re.compile(r"^(.{2,3}?)(?:县|市|区|州|旗)")
STORY = "s_exercise"
KIND, NAME = (
    re.compile(f"(?:{endings.BUSINESSES}|{endings.COMPANY})"),
    re.compile(r"(?![每这那该各某本此全几两一第])[\u4e00-\u9fff]{2,4}"),
)
ADDRESS = r"(?:https?://|www\.)[\x21-\x7e]+"
MOST_UNREPLACED = 12
AROUND = 1500  # other posts of those days: enough to have to search
AUTHORS = {"media": "本地媒体", "government": "有关部门", "business": "商户", "unknown": "机构"}


def replacements(posts: pl.DataFrame, bodies: Collection[str], given: Mapping[str, str]) -> dict[str, str]:
    """Real name -> the exercise's: the place in the names of `bodies`, accounts of businesses and media, what is given.

    Businesses that two or more posts name get another name with the same end, in full and alone. All in the order in
    which they come up: a number must not tell how many are still to come. What the trainer gave goes first. A name
    within another gives way to the longer one (see `renamed`).
    """
    places = {place[1] for name in bodies if (place := PLACE.match(name))}
    spoken = posts.drop_nulls("author_name").filter(pl.col("author_kind").cast(pl.String).is_in(list(AUTHORS)))
    spoken = spoken.sort("published_at", "post_id").select("author_name", pl.col("author_kind").cast(pl.String))
    accounts = spoken.unique(maintain_order=True)
    found = dict.fromkeys(sorted(places), ELSEWHERE)
    counted: dict[str, int] = {}
    for name, kind in accounts.iter_rows():
        if name not in bodies and not any(place in name for place in places):
            counted[kind] = counted.get(kind, 0) + 1
            found[name] = f"{AUTHORS[kind]}{counted[kind]}"
    return found | _shops(posts, (*bodies, *places)) | dict(given)


def _shops(posts: pl.DataFrame, known: Collection[str]) -> dict[str, str]:
    """Businesses that two or more originals name -> their names in the exercise, the first to come up first.

    A name is the word before a kind of business: one that no dictionary has (驿畅) goes wherever it stands, a proper
    noun (阳光超市) only with its kind.
    """
    texts = _texts(posts)
    counted = Counter(pair for words in tokens.cut(texts) for pair in _shop_names(words))
    whole = "\n".join(texts)
    free = (a + b for a in "顺百嘉宏佳安瑞福" for b in "达和源泰悦康隆兴" if a + b not in whole)
    aliases = dict(zip(dict.fromkeys(s for (s, _), n in counted.items() if n > 1), free, strict=False))
    found = {}
    for stem, kind in counted:
        if stem in aliases and not any(stem in body for body in known):
            named_so = stem if stem not in dictionary.words() else stem + kind
            found[named_so] = aliases[stem] + kind * (named_so != stem)
    return found


def _texts(posts: pl.DataFrame) -> list[str]:
    """Title and text of each original, in order of time."""
    said = pl.concat_str("title", "text", separator="\n", ignore_nulls=True)
    rows = posts.filter(pl.col("copy_of").is_null()).sort("published_at", "post_id")
    return rows.select(said=said)["said"].to_list()


def unreplaced(posts: pl.DataFrame) -> list[str]:
    """Shops (word and kind) that one original alone names, in order of time: left as they are, for a trainer to see."""
    counted = Counter(pair for words in tokens.cut(_texts(posts)) for pair in _shop_names(words))
    return [stem + kind for (stem, kind), n in counted.items() if n == 1][:MOST_UNREPLACED]


def _shop_names(words: list[str]) -> dict[tuple[str, str], None]:
    """The pairs of a name and a kind of business that stand in a text, in order."""
    pairs = (pair for pair in itertools.pairwise(words) if KIND.fullmatch(pair[1]))
    return dict.fromkeys(pair for pair in pairs if NAME.fullmatch(pair[0]) and _proper(pair[0]))


def _proper(word: str) -> bool:
    """Whether a word may be a business's name: in no dictionary, or there as a name."""
    return dictionary.tags().get(word, "nz") in ("nz", "nr", "nrt", "nrfg", "nt")


def sampled(posts: pl.DataFrame, since: datetime, until: datetime) -> pl.DataFrame:
    """Posts (Post) of other matters from a day before `since` to `until`, at most AROUND.

    Drawn by post_id: a digest, so that it is as good as chance and the same everywhere.
    """
    rows = posts.filter(pl.col("published_at").is_between(since - timedelta(days=1), until), pl.col("text") != "")
    return rows.sort("post_id").head(AROUND).sort("published_at", "post_id")


def first_words(posts: pl.DataFrame, sightings: pl.DataFrame) -> pl.DataFrame:
    """Posts (Post) in the words in which they were first seen: what was added later is of the future."""
    words = ("title", "text")
    first = sightings.drop_nulls("text").sort("seen_at").unique("post_id", keep="first").select("post_id", *words)
    both = posts.join(first, on="post_id", how="left", maintain_order="left", suffix="_first")
    edited = pl.col("text_first").is_not_null()
    chosen = [pl.when(edited).then(f"{c}_first").otherwise(c).alias(c) for c in words]
    return both.with_columns(chosen).select(posts.columns)


def renamed(posts: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """Posts (Post) with every name replaced, in texts, titles and accounts; the longest name goes first."""
    old = sorted((name for name in names if name), key=lambda name: (-len(name), name))
    if not old:
        return posts
    # leftmost-longest: what is put in is not looked through again
    texts = pl.col("title", "text", "quoted", "author_name")
    return posts.with_columns(texts.str.replace_many(old, [names[name] for name in old], leftmost=True))


def disguised(posts: pl.DataFrame, salt: str) -> pl.DataFrame:
    """Posts (Post) that nobody can look up: new numbers, no address, and no count: those are of the last look."""

    def number(column: str) -> pl.Expr:
        made = {i: "p_" + hashlib.sha256(f"{salt}{i}".encode()).hexdigest()[:12] for i in posts[column].drop_nulls()}
        return pl.col(column).replace_strict(made, default=None, return_dtype=pl.String)

    ids = [number(c) for c in ("post_id", "author_id", "parent_id", "root_id", "copy_of")]
    counts = [pl.lit(None, pl.Int64).alias(c) for c in COUNTS]
    chain = pl.lit([], pl.List(pl.String)).alias("chain")
    gone = [pl.lit(None, pl.String).alias(c) for c in ("url", "region")]
    same = {"source_id": pl.lit("exercise"), "capture": pl.lit(""), "position": pl.int_range(1, pl.len() + 1)}
    texts = pl.col("title", "text", "quoted").str.replace_all(ADDRESS, "〔网址〕")
    rows = posts.sort("published_at", "post_id").with_columns(texts, *ids, *counts, chain, *gone, **same)
    rows = rows.with_columns(collected_at="published_at", relevant=pl.lit(True), relevance_reason=pl.lit(""))
    return schemas.Post.validate(rows.select(schemas.empty(schemas.Post).columns), cast=True)


def of_milestones(incident: Incident, zone: tzinfo) -> pl.DataFrame:
    """A public incident as posts (Post): each milestone at the latest moment that its date can mean."""
    kinds = {"官方": ("statement", "government"), "企业": ("post", "business"), "首发": ("post", "person")}
    rows = []
    for m in incident.milestone:
        kind, author = kinds.get(m.kind, ("article", "media"))
        rows.append((span(m.when, zone)[1], m.fact, "公开报道", kind, author, m.body, None))
    return made_posts(rows, zone)


def of_utterances(
    utterances: Collection[Utterance], moment: Callable[[str], datetime | None], zone: tzinfo
) -> pl.DataFrame:
    """What a trainer wrote as posts (Post), copies and all."""
    rows = []
    for n, u in enumerate(utterances):
        at = moment(u.at)
        if at is None:
            raise LabError(f"演练里的帖文“{u.text[:12]}”没有写时间（at）。请补上，例如 2026-09-09 12:00。")
        rows.append((at, u.text, u.platform, u.kind, u.author_kind, u.author or None, f"{n}-0"))
        for i in range(1, u.repeat + 1):
            later = at + timedelta(minutes=u.minutes * i)
            rows.append((later, u.text, u.platform, u.kind, u.author_kind, u.author or None, f"{n}-{i}"))
    return made_posts(rows, zone)


def made_posts(rows: list[tuple[Any, ...]], zone: tzinfo) -> pl.DataFrame:
    """Posts (Post) of rows: time, text, platform, kind, author_kind, author or None, number or None.

    A number is a text and its copy, as 3-0 and 3-1.
    """
    columns = ("published_at", "text", "platform", "kind", "author_kind", "author_name", "own")
    made = []
    for n, row in enumerate(rows):
        given: dict[str, Any] = dict(zip(columns, row, strict=True))
        own = given.pop("own") or f"{n}-0"
        first = own.partition("-")[0] + "-0"
        copied = {"post_id": f"own{own}", "copy_of": None if own == first else f"own{first}"}
        at: datetime = given["published_at"]
        fixed = {"source_id": "exercise", "collected_at": at, "day": at.astimezone(zone).date(), "chain": []}
        fixed |= {"relevant": True, "relevance_reason": "", "capture": "", "position": n + 1, "author_id": f"a{own}"}
        made.append(given | copied | fixed)
    schema = schemas.empty(schemas.Post).schema
    blank: dict[str, Any] = dict.fromkeys(schema)
    return schemas.Post.validate(pl.DataFrame([blank | row for row in made], schema=schema), cast=True)


def visible(posts: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """The posts that were there by an hour; what they point to later on is not said."""
    rows = posts.filter(pl.col("published_at") <= until)
    there = rows["post_id"].implode()
    known = [pl.when(pl.col(c).is_in(there)).then(c).alias(c) for c in ("parent_id", "root_id", "copy_of")]
    return rows.with_columns(known)


def picture(posts: pl.DataFrame, until: datetime, since: datetime | None, own: Collection[str]) -> dict[str, Any]:
    """A stage in a few numbers: n posts by `until`, new since the stage before, originals, by platform, and answers.

    `platforms`: [name, n] most first; `hours`: [hour, n] of the last 24 with posts; `answers`: at, author, text, own.
    """
    rows = visible(posts, until)
    new = rows.filter(pl.col("published_at") > since) if since else rows
    counted = rows["platform"].value_counts(name="n").sort("n", "platform", descending=[True, False])
    answers = clocks.answers(rows, own).select("at", "author_name", "text", "own")
    return {
        "n": rows.height,
        "new": new.height,
        "originals": rows.filter(pl.col("copy_of").is_null() & (pl.col("kind").cast(pl.String) != "repost")).height,
        "people": rows["author_id"].drop_nulls().n_unique(),
        "platforms": [list(row) for row in counted.iter_rows()],
        "answers": answers.to_dicts(),
    }
