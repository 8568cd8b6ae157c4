"""Rows as sources gave them -> posts, sightings of their numbers, and what was left out.

rows in = distinct posts + further looks at them + rows left out. Raw names end here: from here on a person is a
pseudonym, and only media, offices and firms are named.
"""

from __future__ import annotations

from datetime import time, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from opinion_lab import config, schemas
from opinion_lab.prepare import identity, merging, normalize, redaction
from opinion_lab.prepare.identity import post_ids as post_ids
from opinion_lab.rules.redaction import Redaction

STEP = "posts"
NAMED = ("media", "government", "business")
#: A source's clock may be wrong, or its zone: more than this ahead of the visit is no time of a post.
AHEAD = timedelta(days=1)
#: Kinds that are visited often: without a time of their own, the first visit is a fair one. Files are not.
DATED_BY_VISIT = ("article", "board_entry")
#: What stands in a column of names for having none: many people, no pseudonym.
NOBODY = ("匿名", "匿名用户", "匿名网友", "网友", "游客", "佚名", "未知", "热心网友", "市民", "热心市民")
#: Of a text as much is analysed as a long complaint or article has; a longer one is a dump, and raw keeps it whole.
MOST = 20_000
#: What a post says that was cut short.
CUT = "……〔以下从略，全文见原始数据〕"
_MARGIN = 200  # read besides, so that no number is cut in two at the end
_TIES = ("native_id", "parent", "root", "published_at", "title", "text", "author", "url", "kind", "region")


#: What is counted of a batch besides its frames.
COUNTED = ("seen_again", "undated", "shortened", "unlinked", "early", "apart")


class Built(NamedTuple):
    """What a batch of rows became: rows = posts + seen_again + dropped.

    `posts` has `base_id` besides, the id before rows that share it were told apart: `apart` counts these. `undated`
    posts took the time of the visit; `early` ones were dated after it, which cannot be, and took it too.
    Of `shortened` ones the first MOST characters are analysed; `unlinked` ones led to a person's page.
    """

    posts: pl.DataFrame
    sightings: pl.DataFrame
    orders: pl.DataFrame
    dropped: pl.DataFrame
    seen_again: int
    undated: int = 0
    shortened: int = 0
    unlinked: int = 0
    early: int = 0
    apart: int = 0


def build(
    items: pl.DataFrame,
    *,
    key: bytes,
    zone: ZoneInfo,
    organisations: config.Organisations,
    redaction_rules: Redaction,
) -> Built:
    """Posts of captures (RawItem): clean, redacted, under pseudonyms, each once a capture, with its latest numbers.

    Left out, with a reason: rows without title and text (reposts and comments may be empty), without a time, dated
    after they were collected, and exact repeats. An article or board entry without a time takes that of the visit.
    A post seen again adds a sighting. The order of the rows does not matter.
    """
    rows = _cleaned(_ordered(items)).with_columns(reason=_reason())
    dropped = rows.filter(pl.col("reason").is_not_null())
    rows = rows.filter(pl.col("reason").is_null())
    # nothing is of tomorrow; a bare day of collection lasts until its end
    midnight = pl.col("collected_at").dt.convert_time_zone(zone.key).dt.time() == time()
    known_by = pl.col("collected_at") + pl.when(midnight).then(timedelta(days=1)).otherwise(timedelta())
    early = (pl.col("published_at") > known_by).fill_null(False)
    undated = pl.col("published_at").is_null()
    own = pl.when(undated | early).then("collected_at").otherwise("published_at")
    rows = rows.with_columns(undated=undated, early=early, published_at=own)
    rows = rows.with_columns(
        base_id=_ids(rows, key), parent_id=_related(rows, "parent"), root_id=_related(rows, "root")
    )
    rows = _authored(rows, key, organisations)
    rows = _discreet(_unfolded(rows), key, organisations, redaction_rules)
    parts = [_posts(part, zone, key, redaction_rules) for part in _alone(rows)]
    left = pl.concat([_dropped(dropped), *(part.dropped for part in parts)]).sort(schemas.Dropped.column_names())
    return Built(
        posts=_in_order(items, [part.posts for part in parts]),
        sightings=_in_order(items, [part.sightings for part in parts]),
        orders=_in_order(items, [part.orders for part in parts]),
        dropped=left,
        **{c: sum(getattr(part, c) for part in parts) for c in COUNTED},
    )


def _alone(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows in parts: captures that have a post in common, or one of another above theirs, each for itself.

    What becomes of a capture must not hang on which others are taken in with it.
    """
    held = rows.select("capture", id="base_id").unique()
    named = pl.concat([held, *(rows.select("capture", id=c).drop_nulls().unique() for c in ("parent_id", "root_id"))])
    tied = named.join(held, on="id").filter(pl.col("capture") != pl.col("capture_right"))
    own = pl.col("capture").is_in(pl.concat([tied["capture"], tied["capture_right"]]).unique().implode())
    return [rows.filter(~own), *rows.filter(own).partition_by("capture", maintain_order=True)]


def _in_order(items: pl.DataFrame, frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Rows of several parts, one capture after another as the items come."""
    order = pl.Enum(items["capture"].unique(maintain_order=True))
    return pl.concat(frames).sort(pl.col("capture").cast(order), maintain_order=True)


def _posts(rows: pl.DataFrame, zone: ZoneInfo, key: bytes, rules: Redaction) -> Built:
    """What clean rows become; `dropped` are those that repeat another."""
    first = rows.with_columns(post_id="base_id").unique("post_id", keep="first", maintain_order=True)
    rows = rows.with_columns(identity.apart(rows, first, key=key, zone=zone))
    rows, repeated = _looks(rows)
    rows = rows.with_columns(
        day=merging.day("published_at", zone),
        copy_of=pl.lit(None, dtype=pl.String),
        relevant=pl.lit(True),
        relevance_reason=pl.lit(""),
    )
    posts = merging.merge(schemas.empty(schemas.Post), rows.select(schemas.Post.column_names()))
    posts = schemas.Post.validate(posts.with_columns(root_id=merging.roots(posts)), cast=True)
    base = rows.select("post_id", "base_id").unique("post_id", keep="first", maintain_order=True)
    unlinked = pl.col("address").is_not_null() & pl.col("url").is_null()
    return Built(
        posts=posts.join(base, on="post_id", how="left", maintain_order="left"),
        sightings=merging.sightings(rows, zone),
        orders=_orders(rows, rules),
        dropped=_dropped(repeated),
        seen_again=rows.height - posts.height,
        **{c: rows.filter(c)["post_id"].n_unique() for c in ("undated", "shortened", "early")},
        unlinked=rows.filter(unlinked)["post_id"].n_unique(),
        apart=base.filter(pl.col("post_id") != pl.col("base_id")).height,
    )


# --- one step each -------------------------------------------------------------------------------------------


def _orders(rows: pl.DataFrame, rules: Redaction) -> pl.DataFrame:
    """What work orders say of themselves, the latest word of each kept."""
    told = ("request_type", "unit", "accepted_at", "due_at", "closed_at", "result", "satisfied")
    held = rows.filter(pl.any_horizontal(pl.col(told).is_not_null())).rename({"native_id": "order_no"})
    held = held.with_columns(redaction.redact(held["result"], rules=rules, office=True))
    return merging.merge_orders(held.select(schemas.Order.column_names()))


def _ordered(items: pl.DataFrame) -> pl.DataFrame:
    return items.with_columns(pl.col("kind", "author_kind").cast(pl.String)).sort(
        *merging.LOOK, *_TIES, *schemas.COUNTS, nulls_last=True
    )


def _cleaned(rows: pl.DataFrame) -> pl.DataFrame:
    given = rows.with_columns(pl.col("title", "text").str.head(10 * MOST))  # room for markup
    said = {c: normalize.strip(given[c]) for c in ("title", "text", "region", "author")}
    said["text"] = said["text"].str.head(MOST + _MARGIN)
    # the rows as given name the post when the source has no id; cleaning may change with the version
    return rows.with_columns(
        pl.Series("raw_title", rows["title"]),
        pl.Series("raw_text", rows["text"]),
        pl.col("url").str.strip_chars(),
        *said.values(),
        shortened=(said["text"].str.len_chars() > MOST).fill_null(False),
    ).with_columns(
        pl.col("title", "region", "author", "url", "native_id", "parent", "root").replace("", None),
        pl.col("text").fill_null(""),
    )


def _reason() -> pl.Expr:
    silent = pl.col("title").is_null() & (pl.col("text") == "") & ~pl.col("kind").is_in(["repost", "comment"])
    undated = pl.col("published_at").is_null() & ~pl.col("kind").is_in(DATED_BY_VISIT)
    return (
        pl.when(silent)
        .then(pl.lit("无标题也无正文"))
        .when(undated)
        .then(pl.lit("无发布时间"))
        .when(pl.col("published_at") > pl.col("collected_at") + AHEAD)
        .then(pl.lit("发布时间晚于采集时间"))
    )


def _ids(rows: pl.DataFrame, key: bytes) -> pl.Series:
    """By the source's own id, else by the address, else by what was said, when and by whom.

    The last is keyed like a pseudonym: a plain hash over public words and a name would let anybody try names out.
    A line of a hot list is its title, whenever it is seen.
    """
    ids = post_ids(rows["platform"], pl.select(pl.coalesce(rows["native_id"], rows["url"])).to_series())
    board = pl.col("kind") == "board_entry"
    said = rows.filter(ids.is_null()).select(
        pl.concat_str(
            pl.col("platform"),
            pl.when(~board).then(pl.col("author")).fill_null(""),
            pl.when(~board & ~pl.col("undated"))
            .then(pl.col("published_at").dt.epoch("us").cast(pl.String))
            .fill_null(""),
            pl.col("raw_title").fill_null(""),
            pl.when(~board).then(pl.col("raw_text")).fill_null(""),
            separator="\0",
        )
    )
    made = [identity.keyed(key, words) for words in said.to_series().to_list()]
    return normalize.where(ids, ids.is_null(), lambda _: pl.Series(made, dtype=pl.String)).alias("post_id")


def _related(rows: pl.DataFrame, column: str) -> pl.Series:
    """The post_id of the parent or root; a post is never its own."""
    own = rows["native_id"].eq_missing(rows[column])
    native = pl.select(pl.when(~own).then(rows[column])).to_series()
    return post_ids(rows["platform"], native).alias(f"{column}_id")


def _looks(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row for each look at a post, and the rows that repeat one."""
    same = ["post_id", "collected_at", *schemas.COUNTS]
    first = pl.struct(same).is_first_distinct()
    again = rows.filter(~first).with_columns(reason=pl.lit("重复行"))
    rows = rows.filter(first)
    # one moment has one reading: the last one written
    last = pl.struct("post_id", "collected_at").is_last_distinct()
    other = rows.filter(~last).with_columns(reason=pl.lit("同一时刻另有读数，留最后一行"))
    columns = ["capture", "position", "reason"]
    return rows.filter(last), pl.concat([again.select(columns), other.select(columns)])


def _authored(rows: pl.DataFrame, key: bytes, organisations: config.Organisations) -> pl.DataFrame:
    """author_id for all, author_kind by the lab's list of organisations, author_name only for those that stay named."""
    listed: dict[str, str] = {}
    for kind, names in (
        ("business", organisations.business),
        ("media", organisations.media),
        ("government", (*organisations.government, *organisations.own)),
    ):
        listed |= dict.fromkeys(redaction.plain_names(pl.Series(names, dtype=pl.String)).drop_nulls(), kind)
    plain = redaction.plain_names(rows["author"]).replace(NOBODY, None)
    known = plain.replace_strict(list(listed), list(listed.values()), default=None, return_dtype=pl.String)
    organised = redaction.are_organisations(plain)  # a person who writes for an office is a person
    stands_for = pl.coalesce(known.alias("known"), "author_kind")
    return rows.with_columns(redaction.pseudonyms(plain, key).alias("author_id"), author_kind=stands_for).with_columns(
        author_name=pl.when(pl.col("author_kind").is_in(NAMED) & (known.is_not_null() | organised)).then(plain)
    )


def _unfolded(rows: pl.DataFrame) -> pl.DataFrame:
    parts = normalize.unfold(rows["text"])
    return rows.with_columns(parts["own"].alias("text"), parts["quoted"], parts["names"])


def _discreet(rows: pl.DataFrame, key: bytes, organisations: config.Organisations, rules: Redaction) -> pl.DataFrame:
    """Texts without personal data, @names and the chain as pseudonyms."""
    keep = [*organisations.own, *organisations.government, *organisations.media, *organisations.business]
    office = rows["author_kind"].is_in(NAMED).fill_null(False)
    complaint = ~office & (rows["kind"] == "complaint")
    # the columns together: a pass over a few texts costs almost what one over many does; a region is nobody's words
    said, nobody = pl.concat([rows[c] for c in ("title", "text", "quoted", "region")]), office & ~office
    office, complaint = (pl.concat([who, who, who, nobody]) for who in (office, complaint))
    hide = partial(redaction.redact, rules=rules)
    for who, how in ((office, partial(hide, office=True)), (complaint, partial(hide, complaint=True))):
        said = normalize.where(said, who, how)
    said = normalize.where(said, ~office & ~complaint, hide)
    *own, region = (said.slice(n * rows.height, rows.height) for n in range(4))
    hidden = {c: redaction.mentions(s, key, keep) for c, s in zip(("title", "text", "quoted"), own, strict=True)}
    ended = pl.col("text").str.head(pl.col("text").str.len_chars() - _MARGIN) + CUT
    through = (
        rows.select(row=pl.int_range(pl.len()), name="names").filter(pl.col("name").list.len() > 0).explode("name")
    )
    through = through.with_columns(redaction.pseudonyms(through["name"], key).alias("name")).drop_nulls("name")
    chain = through.group_by("row", maintain_order=True).agg(chain="name")
    return (
        rows.with_columns(redaction.links(rows["url"], rules=rules), region=region, address="url", **hidden)
        .with_columns(text=pl.when("shortened").then(ended).otherwise("text"))
        .with_row_index("row")
        .with_columns(pl.col("row").cast(pl.Int64))
        .join(chain, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("chain").fill_null([]))
    )


def _dropped(rows: pl.DataFrame) -> pl.DataFrame:
    left = rows.with_columns(step=pl.lit(STEP), detail=pl.lit(None, pl.String))
    return schemas.Dropped.validate(left.select(schemas.Dropped.column_names()), cast=True)
