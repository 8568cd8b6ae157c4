"""The data dictionary: every frame that goes through a door, one class each.

A null count means that the platform did not say; it is never 0. Times are stored in UTC and shown in the lab's
zone. `Schema.validate(frame, cast=True)` raises with the rule that each bad row broke.
"""

from __future__ import annotations

from functools import cache

import dataframely as dy
import polars as pl

from opinion_lab.facts import fact as fact, facts

UTC = "UTC"

#: What a post can be. A `statement` is an official answer; a `board_entry` is a line of a hot list.
KINDS = ("article", "post", "repost", "comment", "board_entry", "complaint", "statement")
AUTHOR_KINDS = ("person", "media", "government", "business", "unknown")
PHASES = ("undivided", "latent", "spreading", "peak", "declining", "ended")
LEVELS = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")
COUNTS = ("likes", "reposts", "comments", "views", "heat", "rank")


def _time(nullable: bool = False) -> dy.Datetime:
    return dy.Datetime(time_unit="us", time_zone=UTC, nullable=nullable)


def _texts(n: int, nullable: bool = False) -> list[dy.String]:
    return [dy.String(nullable=nullable) for _ in range(n)]


def _times(n: int, nullable: bool = False) -> list[dy.Datetime]:
    return [_time(nullable) for _ in range(n)]


def _counts(n: int) -> list[dy.Int64]:
    return [dy.Int64(nullable=True, min=0) for _ in range(n)]


class RawItem(dy.Schema):
    """One thing as a source gave it: names and texts unredacted, so it never leaves `data/raw`.

    `position` is the 1-based line or row in the file (of the header: 1), the ordinal in a feed. Children that were
    exploded out of one line share its position. `native_id` is the source's own id, unique within `platform`;
    `parent`/`root` point to native ids of the same platform. `author` is the raw name or id. From `request_type` on
    it is what a work order says of itself.
    """

    capture = dy.String()
    position = dy.Int64(min=1)
    source_id, platform = _texts(2)
    kind = dy.Enum(KINDS)
    native_id, parent, root, author = _texts(4, nullable=True)
    author_kind = dy.Enum(AUTHOR_KINDS)
    title, text, url = _texts(3, nullable=True)
    published_at = _time(nullable=True)
    collected_at = _time()
    likes, reposts, comments, views, heat, rank = _counts(6)
    region = dy.String(nullable=True)
    request_type, unit = _texts(2, nullable=True)
    accepted_at, due_at, closed_at = _times(3, nullable=True)
    result, satisfied = _texts(2, nullable=True)


class Dropped(dy.Schema):
    """One row that a step left out, and why: the same `reason` for all of a kind, `detail` what stood in this row."""

    capture = dy.String()
    position = dy.Int64(nullable=True)
    step, reason = _texts(2)
    detail = dy.String(nullable=True)


class Post(dy.Schema):
    """One public utterance, redacted, its author a pseudonym.

    `text` is for reading: HTML, 转发 chain and personal data gone, script (Simplified, Traditional) as written.
    `quoted` is the forwarded text behind `//@…`, redacted; `chain` the pseudonyms it went through, nearest first.
    `day` is the day of `published_at` in the lab's zone: the partition. `copy_of` is the post_id of the earliest
    of its like, null for an original. `relevant` and `relevance_reason` are the watch list's verdict.
    """

    post_id = dy.String(primary_key=True)
    source_id, platform = _texts(2)
    kind = dy.Enum(KINDS)
    author_id, author_name = _texts(2, nullable=True)  # names only of bodies: persons stay pseudonyms
    author_kind = dy.Enum(AUTHOR_KINDS)
    title = dy.String(nullable=True)
    text = dy.String()
    quoted = dy.String(nullable=True)
    chain = dy.List(dy.String())
    url = dy.String(nullable=True)
    published_at, collected_at = _times(2)
    day = dy.Date()
    parent_id, root_id = _texts(2, nullable=True)
    likes, reposts, comments, views, heat, rank = _counts(6)
    region, copy_of = _texts(2, nullable=True)
    relevant = dy.Bool()
    relevance_reason = dy.String()
    capture = dy.String()
    position = dy.Int64(min=1)


class Order(dy.Schema):
    """What a hotline's work order says besides the post that it is; null where the file did not say.

    `result` is the unit's answer to one caller, redacted: no statement to the public. `satisfied` is the caller's word.
    """

    post_id = dy.String(primary_key=True)
    day = dy.Date()
    order_no, request_type, unit = _texts(3, nullable=True)
    accepted_at, due_at, closed_at = _times(3, nullable=True)
    result, satisfied = _texts(2, nullable=True)
    capture = dy.String()


class Sighting(dy.Schema):
    """One look at a post: its numbers then, and its words where they were others than before."""

    post_id = dy.String(primary_key=True)
    seen_at = dy.Datetime(time_unit="us", time_zone=UTC, primary_key=True)
    platform = dy.String()
    day = dy.Date()
    rank, heat, likes, reposts, comments, views = _counts(6)
    title, text = _texts(2, nullable=True)
    capture = dy.String()


class Token(dy.Schema):
    """One post's words, in order, stop words left out."""

    post_id = dy.String(primary_key=True)
    day = dy.Date()
    tokens = dy.List(dy.String())


class Signature(dy.Schema):
    """One post as the search for copies sees it; posts too short to be like another have none.

    `said` is what is compared (title and text, folded), `hashes` 64 MinHashes of 16 bits: both of the post alone.
    """

    post_id = dy.String(primary_key=True)
    published_at = _time()
    day = dy.Date()
    copy_of = dy.String(nullable=True)
    said = dy.String()
    hashes = dy.Binary()


class Topic(dy.Schema):
    """One topic: `words` best first, `n_posts` counts copies too, `share` of all posts, -1 = no topic."""

    topic_id = dy.Int64(primary_key=True)
    label = dy.String()
    words = dy.List(dy.String())
    n_posts = dy.Int64(min=0)
    share = dy.Float64(min=0, max=1)


class PostTopic(dy.Schema):
    """One post's topic; `weight` in 0..1 is the cosine to the topic's centre; topic_id -1 = fits none."""

    post_id = dy.String(primary_key=True)
    topic_id = dy.Int64()
    weight = dy.Float64(nullable=True)


class Count(dy.Schema):
    """How often a key was seen in one bin. `n` null: nothing was collected then (a hole, not a zero).

    `copies`: how many of the n repeat another post; null where nothing says which are copies.
    """

    key = dy.String(primary_key=True)
    bin = dy.Datetime(time_unit="us", time_zone=UTC, primary_key=True)
    n = dy.Int64(nullable=True, min=0)
    expected = dy.Float64(nullable=True)
    copies = dy.Int64(nullable=True, min=0)


class Burst(dy.Schema):
    """One key's unusual stretch of bins of width `step`. `strength` in standard deviations of chance.

    `going_on` at the end of what was counted; `why`: a yearly peak. Looking back, `level` 1 is the whole stretch,
    higher ones lie within it. Live: `raised` when it could first be known, `sure` 1 - its false discovery rate among
    all keys, `together` the keys that tell the same (itself first), `posts` those behind it then, `stops` the posts of
    as many bins as part two stretches below which it is over, `held` (budget | quiet) why it was no alert.
    """

    key = dy.String()
    level = dy.Int64(min=1)
    start, peak, end = _times(3)
    step = dy.Duration(time_unit="us")
    going_on = dy.Bool()
    n = dy.Int64(min=0)
    expected, strength = dy.Float64(), dy.Float64()
    alert = dy.Bool()
    why = facts()
    raised = _time(nullable=True)
    sure = dy.Float64(nullable=True)
    together, posts = dy.List(dy.String()), dy.List(dy.String())
    stops = dy.Int64(nullable=True)
    held = dy.Enum(("budget", "quiet"), nullable=True)


class Story(dy.Schema):
    """One thing that is being talked about. `title` is the words of its first post, or its busiest board entry."""

    story_id = dy.String(primary_key=True)
    title, first_post = _texts(2)
    first_at, last_at = _times(2)
    n_posts, n_originals = dy.Int64(min=1), dy.Int64(min=0)
    platforms = dy.List(dy.String())


class PostStory(dy.Schema):
    """One post's story."""

    post_id = dy.String(primary_key=True)
    story_id = dy.String()


class Decision(dy.Schema):
    """What a person decided; it holds from `at` on. `who` is an office, never a person's name.

    `merge` puts story_id into another; `split` makes `posts` of it a story named `into`; `rename` gives it the title
    `value`; `level` confirms the level `value`; `label` says of `posts` that they are `value` (relevant | irrelevant);
    `route` gives `posts` to the line of business `value`; `undo` takes back the decision whose id is `value`.
    """

    decision_id = dy.String(primary_key=True)
    at = _time()
    recorded_at = _time()
    action = dy.Enum(("merge", "split", "rename", "level", "label", "route", "undo"))
    story_id, into, value = _texts(3, nullable=True)
    posts = dy.List(dy.String())
    who, why = _texts(2)


class Edge(dy.Schema):
    """One repost or reply. `known_by`: parent (the platform said), chain (转发 text), root (nearer ones lost)."""

    parent = dy.String()
    child = dy.String(primary_key=True)
    delay = dy.Duration(time_unit="us", nullable=True)
    known_by = dy.String()


class Phase(dy.Schema):
    """One stretch of a story's life; `why` holds the rule that set its start."""

    story_id = dy.String()
    phase = dy.Enum(PHASES)
    start, end = _times(2)
    n = dy.Int64(min=0)
    why = facts()


class Demand(dy.Schema):
    """What people ask, blame or propose: `kind` ask|blame|propose, `sentence` redacted, `key` its group."""

    post_id, kind, sentence, key = _texts(4)


class Clock(dy.Schema):
    """One deadline held against what was done. `state`: met | missed | open | unknown; `due` null = unknown.

    `margin` is what was left when it was done (or is left now, while open); negative: late. `why`: what was measured,
    from when, and what a person must look up.
    """

    clock_id, what = _texts(2)
    start, due, done = _times(3, nullable=True)
    state = dy.String()
    margin = dy.Duration(time_unit="us", nullable=True)
    basis = dy.String()
    why = facts()


class Grade(dy.Schema):
    """A proposed level, the gravest that its `reasons` give; or what a person decided, who stands in `confirmed_by`."""

    story_id = dy.String()
    at = _time()
    level = dy.Enum(LEVELS)
    reasons, would_raise, would_lower = facts(), facts(), facts()
    confirmed_by = dy.String(nullable=True)


def empty(schema: type[dy.Schema]) -> pl.DataFrame:
    """A frame of `schema` with no rows."""
    return _created(schema).clone()


_created = cache(lambda schema: schema.create_empty())  # ten milliseconds, and asked for with every visit
