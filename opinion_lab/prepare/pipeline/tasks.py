"""The steps that a worker does, each on a part of the data: a capture, or some days.

Each reads and writes files where the lab's data lie and hands back a small dict, so any process that sees them can
do it, on this machine or another. Each notes when it is done (`Stage.once`), and a file is there whole or not at all:
a task that is done twice, or again after its worker died, leaves the same bytes.

    build   some captures -> their posts, sightings, what was dropped
    meet    which of the new posts were known before, and on which days
    looks   some days of sightings
    make    some days of posts: new ones merged into the known; words; signatures; verdicts by words
    link    the same days, one part after another in order of time: copies, and verdicts that are inherited
    finish  the same days written as they will stay
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import polars as pl

from opinion_lab import config, schemas
from opinion_lab.prepare import identity, merging, near_duplicates, normalize, posts, relevance, tokens
from opinion_lab.prepare.pipeline import staging
from opinion_lab.prepare.pipeline.staging import Groups, Part, Run
from opinion_lab.storage import files, partitions

#: Copies, and posts from which relevance is inherited, are looked for this many days back.
WINDOW_DAYS = 30

STATE = ["post_id", "copy_of", "relevant", "relevance_reason"]
#: What a post's words and signature are made of.
SAID = ["post_id", "published_at", "kind", "title", "text"]
SIGNED = schemas.Signature.column_names()


def build(run: Run, captures: Sequence[str]) -> dict[str, Any]:
    """The posts of captures that are taken in together; raises LabError unless rows = posts + seen_again + dropped."""
    lab, stage, key, rules = staging.opened(run)

    def work() -> dict[str, Any]:
        items, own = pl.concat([lab.items(c) for c in captures]), lab.settings.organisations
        built = posts.build(items, key=key, zone=lab.settings.zone, organisations=own, redaction_rules=rules.redaction)
        if items.height != built.posts.height + built.seen_again + built.dropped.height:
            raise config.LabError(
                f"账不平：{captures[0][:12]} 等有 {items.height} 行，成帖 {built.posts.height}，再次见到 "
                f"{built.seen_again}，剔除 {built.dropped.height}。这是程序错误，请勿使用结果。"
            )
        for frame, rows in (("posts", built.posts), ("sightings", built.sightings), ("orders", built.orders)):
            path = staging.built_file(stage, captures, frame)
            files.write_parquet(path, rows.sort("day", maintain_order=True), draft=True)
        left = {c: rows for (c,), rows in built.dropped.group_by("capture", maintain_order=True)}
        for capture in captures:
            files.write_parquet(stage.file(f"dropped/{capture}.parquet"), left.get(capture, built.dropped.clear()))
        return {
            "rows": items.height,
            "posts": built.posts.height,
            "dropped": built.dropped.height,
            **{c: getattr(built, c) for c in posts.COUNTED},
            "reasons": dict(built.dropped["reason"].value_counts().sort("reason").iter_rows()),
            "days": _per_day(built.posts),
            "looks": _per_day(built.sightings),
        }

    return stage.once(f"build-{captures[0]}", work)


def meet(run: Run, groups: Groups, again: bool) -> dict[str, Any]:
    """The days that lose or change rows besides those of the new posts, and what the new posts have to do with others.

    Left for the other tasks: which posts get another id because theirs belongs to something else (`apart`), which
    change their day (`moving`; a line of a hot list without a time of its own is dated by its first visit), and the
    words that later ones replace (`words`, sightings). `again`: some captures were prepared before, and their rows go
    wherever they are.
    """
    lab, stage, key, _ = staging.opened(run)

    def work() -> dict[str, Any]:
        ours = _of(groups)
        gone: dict[str, list[str]] = {"posts": [], "sightings": []}
        for frame in gone if again else ():
            if paths := [stage.there.path(frame, d) for d in stage.there.days(frame)]:
                lost = files.scan(paths, ["capture", "day"]).filter(ours).select("day").unique().collect()["day"]
                gone[frame] = [d.isoformat() for d in lost.sort()]
        built = [staging.built_file(stage, captures, "posts") for captures in groups]
        columns = schemas.Post.column_names()
        fresh = files.scan(built, ["post_id", "base_id", "day"]).collect()
        ids = pl.concat([fresh["post_id"], fresh["base_id"].alias("post_id")]).unique().to_frame().lazy()
        place = schemas.empty(schemas.Post).select("post_id", "day")
        if paths := [stage.there.path("posts", d) for d in stage.there.days("posts")]:
            held = files.scan(paths, ["capture", "post_id", "day"]).filter(~ours)
            place = held.join(ids, on="post_id", how="semi").select("post_id", "day").collect()
        several = fresh.filter(pl.col("base_id").is_in(place["post_id"].implode()) | pl.col("base_id").is_duplicated())
        if several.is_empty():
            return {"posts": gone["posts"], "sightings": gone["sightings"], "apart": 0}
        some = [stage.there.path("posts", d) for d in place["day"].unique().sort()]
        known = files.scan(some, columns).filter(~ours).collect() if some else schemas.empty(schemas.Post)
        known = known.join(ids.collect(), on="post_id", how="semi")
        new = files.scan(built, [*columns, "base_id"]).join(several.lazy(), on="base_id", how="semi").collect()
        first = pl.concat([known, new.filter(pl.col("post_id") == pl.col("base_id")).select(columns)])
        first = first.unique("post_id", keep="first", maintain_order=True)
        new = new.with_columns(identity.apart(new, first, key=key, zone=lab.settings.zone).alias("to"))
        apart = new.filter(pl.col("post_id") != pl.col("to")).select("capture", "post_id", "to")
        files.write_parquet(stage.file("work/apart.parquet"), apart, draft=True)
        new = staging.renamed(new.select(columns), apart)
        both = pl.concat([known, new])
        days = both.select("post_id", "day").unique()
        moving = days.filter(pl.col("post_id").is_duplicated())
        if moving.height:
            one, other = (rows.join(moving, on="post_id", how="semi") for rows in (known, new))
            files.write_parquet(stage.file("work/moving.parquet"), merging.merge(one, other), draft=True)
        silent = both.with_columns(pl.lit(None, pl.Int64).alias(c) for c in schemas.COUNTS)
        words = merging.sightings(silent, lab.settings.zone)
        files.write_parquet(stage.file("work/words.parquet"), words, draft=True)
        moved = {d.isoformat() for d in moving["day"]}
        seen = {d.isoformat() for d in words["day"]}
        return {
            "posts": sorted(moved.union(gone["posts"])),
            "sightings": sorted(seen.union(gone["sightings"])),
            "apart": int((apart["to"] != apart["post_id"]).sum()),
        }

    return stage.once("meet", work)


def looks(run: Run, days: Sequence[date], groups: Groups) -> dict[str, Any]:
    """Some days of sightings: what the captures saw, and words that others replaced, added to what is known."""
    _, stage, _, _ = staging.opened(run)

    def work() -> dict[str, Any]:
        columns = schemas.Sighting.column_names()
        known = stage.scan("sightings", days, columns).filter(~_of(groups))
        rows = [known, staging.fresh_rows(stage, groups, "sightings", days).select(columns)]
        if files.exists(path := stage.file("work/words.parquet")):
            rows.append(files.scan([path], columns).filter(pl.col("day").is_in(list(days))).collect())
        both = pl.concat(rows)
        twice = both.filter(pl.struct("post_id", "seen_at").is_duplicated())
        one = twice.group_by("post_id", "seen_at", maintain_order=True).agg(pl.all().drop_nulls().first())
        once = pl.concat([both.filter(pl.struct("post_id", "seen_at").is_unique()), one.select(columns)])
        stage.put("sightings", once.sort("seen_at", "post_id"), days)
        return {}

    return stage.once(f"looks-{days[0]}", work)


def make(run: Run, part: Part, groups: Groups) -> dict[str, Any]:
    """Merge the new posts of some days into the known, and work out what a post's own words decide."""
    lab, stage, _, rules = staging.opened(run)

    def work() -> dict[str, Any]:
        columns = schemas.Post.column_names()
        frame = stage.scan("posts", part.days, columns)
        known, n_before, fresh = frame, frame.height, frame.clear()
        if part.new:
            known = frame.filter(~_of(groups))
            fresh = staging.fresh_rows(stage, groups, "posts", part.days).select(columns)
            n_before = known.height
            if files.exists(path := stage.file("work/moving.parquet")):
                moving = files.scan([path]).collect()
                known, fresh = (rows.join(moving, on="post_id", how="anti") for rows in (known, fresh))
                fresh = pl.concat([fresh, moving.select(columns).filter(pl.col("day").is_in(part.days))])
            frame = merging.merge(known, fresh)
            _put_orders(stage, part.days, groups)
        frame = normalize.folded(frame)
        # a post that says what it said keeps its words and signature; whose copy it is stands with the posts alone
        same = frame.join(known, on=SAID, how="semi", nulls_equal=True).select("post_id")
        other = frame.join(same, on="post_id", how="anti").with_columns(copy_of=pl.lit(None, pl.String))
        whole = frame.with_columns(copy_of=pl.lit(None, pl.String))
        for name, order, work in (
            ("signatures", ["published_at", "post_id"], near_duplicates.sign),
            ("tokens", ["post_id"], partial(tokens.tokenize, lexicon=rules.lexicon)),
        ):
            if name in part.due:
                stage.put(name, work(whole).sort(order), part.days)
            elif part.new:
                made = work(other)
                kept = stage.scan(name, part.days, made.columns).join(same, on="post_id", how="semi")
                stage.put(name, pl.concat([kept, made]).sort(order), part.days)
        if part.drafted:
            draft = relevance.by_words(frame, lab.settings.watch)
            orders = stage.scan("orders", part.days, ["post_id", "unit"])
            draft = relevance.handed(draft, orders, lab.settings.organisations.own)
            is_fresh = pl.col("post_id").is_in(fresh["post_id"].unique().implode())
            draft = draft.drop(normalize.FOLDED).with_columns(fresh=is_fresh)
            files.write_parquet(
                staging.draft_file(stage, part), draft.sort("day", "published_at", "post_id"), draft=True
            )
        return {"posts": frame.height, "new_posts": frame.height - n_before}

    return stage.once(f"make-{part.name}", work)


def link(run: Run, part: Part, copied: bool) -> dict[str, Any]:
    """Whose copy each post is (if `copied`; else as before), and what it inherits; tells the days that changed."""
    lab, stage, _, _ = staging.opened(run)

    def work() -> dict[str, Any]:
        columns = ["day", "kind", "parent_id", "root_id", *STATE]
        if part.drafted:
            own = files.scan([staging.draft_file(stage, part)], columns).collect()
        else:
            own = stage.scan("posts", part.days, columns)
        first = part.days[0]
        window = [d for d in stage.there.days("posts") if first - timedelta(days=WINDOW_DAYS) <= d < first]
        window = sorted(
            {*window, *(d for d in staging.linked_days(stage) if first - timedelta(days=WINDOW_DAYS) <= d < first)}
        )
        found = _copies(stage, part, own["post_id", "kind"], window) if copied else own.select("post_id", "copy_of")
        state = own.drop("copy_of").join(found, on="post_id", how="left", maintain_order="left")
        state = relevance.inherit(state, _relevant_above(stage, state, window))
        lost = (own["relevance_reason"] == relevance.INHERITED) & ~state["relevant"]
        if lost.any():  # its parent is not relevant any more: what do its own words say
            said = stage.scan("posts", part.days, schemas.Post.column_names())
            said = said.join(state.filter(lost).select("post_id"), on="post_id", how="semi")
            judged = relevance.by_words(said, lab.settings.watch).select("post_id", "relevance_reason")
            state = state.update(judged, on="post_id")
        state = state.select("day", *STATE)
        for day in part.days:
            files.write_parquet(
                staging.links_file(stage, day), state.filter(pl.col("day") == day).drop("day"), draft=True
            )
        changed = state.join(own, on=STATE, how="anti", nulls_equal=True)["day"].unique()
        return {"changed": [d.isoformat() for d in changed.sort()]}

    return stage.once(f"link-{part.name}", work)


def finish(run: Run, part: Part, days: Sequence[date]) -> dict[str, Any]:
    """Some days of posts as they will stay."""
    _, stage, _, _ = staging.opened(run)

    def work() -> dict[str, Any]:
        columns = schemas.Post.column_names()
        if part.drafted:
            frame = files.scan([staging.draft_file(stage, part)]).collect()
        else:
            frame = stage.scan("posts", days, columns).with_columns(fresh=pl.lit(False))
        state = files.scan([staging.links_file(stage, day) for day in days]).collect()
        done = frame.drop(STATE[1:]).join(state, on="post_id", how="left", maintain_order="left")
        stage.put("posts", done.select(columns).sort("published_at", "post_id"), days)
        mine = done.filter("fresh")
        return {
            "copies": mine.height - mine["copy_of"].null_count(),
            "irrelevant": mine.height - int(mine["relevant"].sum()),
        }

    return stage.once(f"finish-{part.name}", work)


# --- inside --------------------------------------------------------------------------------------------------


def _copies(stage: partitions.Stage, part: Part, kinds: pl.DataFrame, window: Sequence[date]) -> pl.DataFrame:
    """The part's posts held against each other and the originals of the window, of which only those that can match."""
    mine = stage.scan("signatures", part.days, SIGNED)
    frames = [mine]
    index = near_duplicates.index(mine)
    for day in window:
        originals = staging.state_of(stage, day, ["post_id", "copy_of"]).filter(pl.col("copy_of").is_null())
        earlier = stage.scan("signatures", [day], SIGNED).join(originals, on="post_id", how="semi")
        frames.append(near_duplicates.near(earlier, index))
    # all are signed, so nothing more is read of them
    unread = {"title": pl.lit(None, pl.String), "text": pl.lit("")}
    asked = mine.select("post_id", "day", "published_at", "copy_of", **unread).join(kinds, on="post_id")
    return near_duplicates.mark(asked, window_days=WINDOW_DAYS, signed=pl.concat(frames)).select("post_id", "copy_of")


def _relevant_above(stage: partitions.Stage, state: pl.DataFrame, window: Sequence[date]) -> pl.Series:
    """The relevant posts of the window that are parent or root of posts that may inherit from them."""
    may = state.filter(~pl.col("relevant") | (pl.col("relevance_reason") == relevance.INHERITED))
    wanted = pl.concat([may["parent_id"], may["root_id"].alias("parent_id")]).drop_nulls().unique()
    above = [wanted.clear()]
    if len(wanted):
        for day in window:
            known = staging.state_of(stage, day, ["post_id", "relevant"]).filter("relevant")["post_id"]
            above.append(known.filter(known.is_in(wanted.implode())).alias("parent_id"))
    return pl.concat(above)


def _put_orders(stage: partitions.Stage, days: Sequence[date], groups: Groups) -> None:
    """Some days of work orders, where there are any: what the captures say of them goes over what is known."""
    columns = schemas.Order.column_names()
    before = stage.scan("orders", days, columns)
    known = before.filter(~_of(groups))
    fresh = staging.fresh_rows(stage, groups, "orders", days).select(columns)
    if before.height or fresh.height:
        stage.put("orders", merging.merge_orders(pl.concat([known, fresh])), days)


def _of(groups: Groups) -> pl.Expr:
    """What these captures hold."""
    return pl.col("capture").is_in([capture for captures in groups for capture in captures])


def _per_day(rows: pl.DataFrame) -> dict[str, int]:
    return {str(day): n for day, n in rows["day"].value_counts().sort("day").iter_rows()}
