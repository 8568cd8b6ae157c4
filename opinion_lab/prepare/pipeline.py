"""The steps from rows to posts over day partitions, on this machine.

build -> merge with what is known -> copies -> relevance -> tokens -> one Parquet file a day. What is prepared is
known by a fingerprint of rules, lexicons, settings and version; when it changes, everything is prepared again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl
from tqdm import tqdm

from opinion_lab import __version__, config, schemas
from opinion_lab.prepare import copies, posts, relevance, tokens
from opinion_lab.store import Store

#: Copies are looked for among posts this many days apart.
WINDOW_DAYS = 30
#: Rows that are prepared in one go; bounds memory, not results.
BATCH_ROWS = 1_000_000

RULES = ("prepare", "rules/redaction.toml", "lexicons")


@dataclass
class Prepared:
    """What a run did, in numbers that balance: `rows` = `posts` + `seen_again` + `dropped`."""

    captures: int = 0
    rows: int = 0
    posts: int = 0
    seen_again: int = 0
    dropped: int = 0
    new_posts: int = 0
    copies: int = 0
    irrelevant: int = 0
    days: int = 0
    rebuilt: bool = False
    reasons: dict[str, int] = field(default_factory=dict)


def run(store: Store, *, progress: bool = True) -> Prepared:
    """Prepare what has come in since the last run; all of it when rules or settings changed. Twice changes nothing."""
    fingerprint = fingerprint_of(store)
    captures = store.captures().filter(pl.col("rows_in").is_not_null())
    result = Prepared()
    left = 0
    known = store.setting("prepared")
    if known is not None and (known != fingerprint or _taken_over(captures)):
        result.rebuilt = True
        left = _forget(store, captures)
        captures = captures.with_columns(prepared=pl.lit(None, pl.String))
    waiting = captures.filter(pl.col("prepared").is_null())
    there = pl.Series([store.has_items(c) for c in waiting["capture"]], dtype=pl.Boolean)
    store.mark_prepared(waiting.filter(~there)["capture"], fingerprint)  # past keep_raw_days: their posts stay
    waiting = waiting.filter(there)
    key = config.pseudonym_key(store.root, store.lab)
    lexicon = tokens.load_lexicon(config.PACKAGE / "lexicons")
    total = waiting["rows_kept"].sum()
    with tqdm(total=total, desc="整理", unit="条", disable=None if progress and total else True, leave=False) as bar:
        for batch in _batches(waiting):
            _prepare(store, batch, key, lexicon, result, bar.update)
            store.mark_prepared(batch, fingerprint)
    if left:
        _refresh(store, lexicon)
    store.put_setting("prepared", fingerprint)
    return result


def waiting(store: Store) -> int:
    """How many captures still wait to be prepared (all of them when rules or settings changed)."""
    captures = store.captures().filter(pl.col("rows_in").is_not_null())
    if store.setting("prepared") not in (None, fingerprint_of(store)):
        return captures.height
    return captures["prepared"].null_count()


def fingerprint_of(store: Store) -> str:
    """sha256 over all that decides what a row becomes: code, rules, lexicons, watch list, organisations, zone, key."""
    digest = hashlib.sha256(__version__.encode())
    for name in RULES:
        path = config.PACKAGE / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix in {".py", ".toml", ".txt"}:
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    lab = store.lab
    digest.update(repr((lab.watch, lab.organisations, lab.timezone)).encode())
    digest.update(hashlib.sha256(config.pseudonym_key(store.root, lab)).digest())
    return digest.hexdigest()


def _prepare(
    store: Store,
    batch: list[str],
    key: bytes,
    lexicon: tokens.Lexicon,
    result: Prepared,
    tick: Callable[[int], object],
) -> None:
    """Build, merge, mark and write the rows of some captures."""
    new_posts, new_sightings = [], []
    for capture in batch:
        items = store.items(capture)
        built = posts.build(items, key=key, zone=store.lab.zone, organisations=store.lab.organisations)
        if items.height != built.posts.height + built.seen_again + built.dropped.height:
            raise config.LabError(
                f"账不平：{capture[:12]} 有 {items.height} 行，成帖 {built.posts.height}，再次见到 {built.seen_again}，"
                f"剔除 {built.dropped.height}。这是程序错误，请勿使用结果。"
            )
        store.put_dropped(capture, built.dropped)
        new_posts.append(built.posts)
        new_sightings.append(built.sightings)
        result.captures += 1
        result.rows += items.height
        result.posts += built.posts.height
        result.seen_again += built.seen_again
        result.dropped += built.dropped.height
        for reason, n in built.dropped["reason"].value_counts().iter_rows():
            result.reasons[reason] = result.reasons.get(reason, 0) + n
        tick(items.height)
    _write_sightings(store, pl.concat(new_sightings))
    fresh = posts.merge(schemas.empty(schemas.Post), pl.concat(new_posts))
    if fresh.is_empty():
        return
    touched = set(fresh["day"].unique())
    known = _around(store, touched)
    before = known.height
    frame = posts.merge(known, fresh)
    result.new_posts += frame.height - before
    # what lies before the new posts is only there to be copied from: its own originals may lie before the window
    frame = copies.mark(frame, window_days=WINDOW_DAYS, since=fresh["published_at"].sort()[0])
    frame = relevance.label(frame, store.lab.watch)
    mine = frame.join(fresh.select("post_id"), on="post_id", how="semi")
    result.copies += mine.height - mine["copy_of"].null_count()
    result.irrelevant += mine.filter(~pl.col("relevant")).height
    frame = frame.sort("published_at", "post_id")
    here = pl.col("day").is_in(sorted(touched))
    changed = _changed(known, frame.filter(~here))
    store.put_days("posts", frame.filter(here | pl.col("day").is_in(changed)))
    words = tokens.tokenize(frame.filter(here), lexicon)
    store.put_days("tokens", words.sort("post_id"), touched)
    result.days += len(touched)


def _changed(known: pl.DataFrame, frame: pl.DataFrame) -> list[date]:
    """The days of `frame` in which a post is not what it was: something new is its original, or its parent."""
    same = known.select("post_id", "copy_of", "relevant", "relevance_reason")
    on = ["post_id", "copy_of", "relevant", "relevance_reason"]
    return frame.join(same, on=on, how="anti", nulls_equal=True)["day"].unique().sort().to_list()


def _around(store: Store, days: set[date]) -> pl.DataFrame:
    """The known posts of these days and of those near enough to hold their copies."""
    window = timedelta(days=WINDOW_DAYS)
    near = [d for d in store.days() if min(days) - window <= d <= max(days) + window]
    return pl.concat([schemas.empty(schemas.Post), *(store.day("posts", d) for d in near)])


def _write_sightings(store: Store, sightings: pl.DataFrame) -> None:
    known = [store.day("sightings", day) for day in sightings["day"].unique().sort()]
    both = pl.concat([*known, sightings.select(schemas.Sighting.column_names())])
    once = both.unique(["post_id", "seen_at"], keep="first", maintain_order=True)
    store.put_days("sightings", once.sort("seen_at", "post_id"))


def _batches(captures: pl.DataFrame) -> Iterator[list[str]]:
    batch: list[str] = []
    rows = 0
    for capture, n in captures.select("capture", "rows_kept").iter_rows():
        if batch and rows + n > BATCH_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(capture)
        rows += n
    if batch:
        yield batch


def _taken_over(captures: pl.DataFrame) -> bool:
    """Some bytes were read again with another mapping: their old posts must go."""
    return captures.height > 0 and bool(captures["prepared"].is_null().all())


def _forget(store: Store, captures: pl.DataFrame) -> int:
    """Take out the posts whose rows are still in data/raw, to build them anew; how many older ones are left."""
    store.mark_prepared(captures["capture"], None)
    again = [c for c in captures["capture"] if store.has_items(c)]
    for frame, rows in (("posts", store.posts()), ("sightings", store.sightings())):
        kept = rows.filter(~pl.col("capture").is_in(again))
        store.put_days(frame, kept, rows["day"].unique())
    return store.posts().height


def _refresh(store: Store, lexicon: tokens.Lexicon) -> None:
    """Posts whose raw rows are gone get today's watch list and words too."""
    frame = relevance.label(store.posts(), store.lab.watch)
    store.put_days("posts", frame)
    store.put_days("tokens", tokens.tokenize(frame, lexicon).sort("post_id"), store.days("tokens"))
