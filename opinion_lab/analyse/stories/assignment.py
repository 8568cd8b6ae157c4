"""New posts -> stories: known ones stay where they are, new ones join them or open their own.

Copies and children first (`units`), then average linkage in which no two known stories merge (`linkage`), then bare
reactions to large events (`reactions`). Two known stories that prove to be one are proposed, for a person to merge.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from opinion_lab import schemas
from opinion_lab.analyse.stories import linkage, reactions, units
from opinion_lab.analyse.stories.linkage import Clusters
from opinion_lab.analyse.stories.overrides import NAME, Overrides, mentioned

# By kind of text: cosine from which two texts are about one thing, by words alone and by the mean of words and meaning,
# and days after which their likeness counts half. What has no row is taken for a post. Chosen on the sets of
# docs/stories.md, which they are judged on there; `python -m tests.benchmarks.stories protocol` chooses on half.
CUT_WORDS = {"board_entry": 0.3, "article": 0.06, "complaint": 0.13, "post": 0.06}
CUT_MEAN = {"board_entry": 0.35, "article": 0.14, "post": 0.12}
# With vectors forty calls about one kindergarten were six stories: who is complained of stands in the words.
BY_WORDS = "complaint"
HALF_LIFE = {"board_entry": 3.0, "article": 60.0, "complaint": 365.0, "post": 7.0}
ROUNDS = 3  # of reactions drawn in and events united; they settle in two
REACTION = ("post", "comment", "repost")  # kinds that may be drawn in by the hour and the words of a large event


def group(
    posts: pl.DataFrame,
    tokens: pl.DataFrame,
    known: pl.DataFrame | None = None,
    *,
    vectors: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Each post's story (PostStory). `story_id` is `s_` + the post_id of the story's first post.

    Posts that are `known` (PostStory, of these and of other posts) keep their story; new ones join it or open another.
    A child follows its root, a copy its original; a post that resembles nothing is a story of one. Posts without
    `tokens` go by their links alone. `vectors`: post_id, vector (float32) of the posts that have one. `decisions`: what
    people merged and split (`overrides`). The order of rows plays no part.
    """
    if posts.is_empty():
        return schemas.empty(schemas.PostStory)
    known = schemas.empty(schemas.PostStory) if known is None else known.select("post_id", "story_id")
    if decisions is not None:
        known = _replayed(known, decisions)
    rows, texts, words = _prepared(posts, tokens, vectors, known)
    story = rows.group_by("unit").agg(pl.col("story_id").drop_nulls().first()).sort("unit")["story_id"]
    fixed = story.is_not_null().to_numpy()
    names, number = np.unique(story.fill_null("").to_numpy().astype(str), return_inverse=True)
    into = units.in_order(np.where(fixed, number, len(names) + np.arange(len(fixed))))
    folded = linkage.fold(texts, into)
    folded.fixed[into[fixed]] = True
    part = linkage.link(folded)[into]
    kind = rows.group_by("unit").agg(pl.col("kind").first()).sort("unit")["kind"].cast(pl.String)
    loose = kind.is_in(REACTION).to_numpy()
    texts.fixed[fixed] = True
    for _ in range(ROUNDS):
        before = part
        part = linkage.unite(texts, reactions.draw_in(words, part, texts.first, loose & ~fixed, fixed), loose)
        part = linkage.join(texts, part, loose)
        if (part == before).all():
            break
    rows = rows.with_columns(part=part[rows["unit"].to_numpy()], own=pl.col("story_id"))
    held = pl.DataFrame({"part": part, "held": story}).drop_nulls().unique("part", keep="first", maintain_order=True)
    main = pl.DataFrame({"unit": np.arange(len(part)), "main": story})
    rows = rows.join(main, on="unit", how="left").join(held, on="part", how="left").sort("row")
    rows = rows.with_columns(story_id=pl.coalesce("own", "main", "held"))
    first = pl.col("post_id").filter(pl.col("story_id").is_null()).first().over("part")
    made = rows.select("post_id", story_id=pl.coalesce("story_id", NAME + first)).sort("post_id")
    if decisions is not None and known.is_empty():
        made = _replayed(made, decisions)
    return schemas.PostStory.validate(made, cast=True)


def proposals(
    posts: pl.DataFrame,
    tokens: pl.DataFrame,
    post_stories: pl.DataFrame,
    *,
    among: Iterable[str] | None = None,
    vectors: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Stories that prove to be one: story_id, into (the larger, of equal ones the earlier), similarity (1 = the cut).

    `among`: stories of which at least one must take part, such as those with new posts; all by default. What a person
    split off (`decisions`) is not proposed again for what it was split from.
    """
    empty = pl.DataFrame(schema={"story_id": pl.String, "into": pl.String, "similarity": pl.Float64})
    posts = posts.join(post_stories.select("post_id"), on="post_id", how="semi")
    if posts.is_empty():
        return empty
    rows, texts, _ = _prepared(posts, tokens, vectors, post_stories.select("post_id", "story_id"))
    story = rows.group_by("unit").agg(pl.col("story_id").first()).sort("unit")["story_id"]
    names, into = np.unique(story.to_numpy().astype(str), return_inverse=True)
    whole = linkage.fold(texts, into)
    chosen = np.arange(len(names)) if among is None else np.flatnonzero(np.isin(names, list(among)))
    part = linkage.link(whole, chosen)
    sizes = rows.group_by("story_id").agg(n=pl.len(), row=pl.col("row").min())
    table = pl.DataFrame({"story_id": names, "at": np.arange(len(names)), "part": part}).join(sizes, on="story_id")
    table = table.sort("part", "n", "row", descending=[False, True, False])
    table = table.with_columns(into=pl.col("story_id").first().over("part"), to=pl.col("at").first().over("part"))
    table = table.filter(pl.col("at") != pl.col("to"))
    near = linkage.similarity(whole, table["at"].to_numpy(), table["to"].to_numpy())
    table = table.with_columns(similarity=pl.Series(near)).select("story_id", "into", "similarity")
    if decisions is not None:
        table = table.join(_split_apart(decisions), on=["story_id", "into"], how="anti")
    return table.sort("similarity", "story_id", descending=[True, False])


def _split_apart(decisions: pl.DataFrame) -> pl.DataFrame:
    """Pairs of stories (story_id, into), both ways round, that a person took apart."""
    apart = decisions.filter(pl.col("action") == "split").select("story_id", "into")
    return pl.concat([apart, apart.select(story_id="into", into="story_id")])


def _prepared(
    posts: pl.DataFrame, tokens: pl.DataFrame, vectors: pl.DataFrame | None, known: pl.DataFrame
) -> tuple[pl.DataFrame, Clusters, sparse.csr_matrix]:
    """Rows in order of time (row, post_id, kind, unit, story_id where it or what it repeats has one), the units as
    clusters of one, and their words.
    """
    posts = posts.sort("published_at", "post_id").with_columns(child=units.is_child())
    unit = units.of(posts)
    uses = units.words(posts, unit, tokens)
    n = int(unit.max()) + 1
    words = linkage.tfidf(uses, n)
    day = pl.col("published_at").dt.epoch("us") / 86_400e6
    kind = pl.col("kind").cast(pl.String)
    rows = posts.select("post_id", "child", "copy_of", "parent_id", "root_id", kind=kind, day=day, unit=pl.Series(unit))
    rows = rows.with_row_index("row")
    # a repost a week later keeps the story alive but does not carry its words to another time
    own = rows.filter(pl.col("child") == pl.col("child").min().over("unit"))
    spans = own.group_by("unit").agg(pl.col("kind").first(), pl.col("day").min(), last=pl.col("day").max()).sort("unit")

    def by_kind(table: dict[str, float]) -> NDArray[np.float64]:
        return spans["kind"].replace_strict(table, default=table["post"], return_dtype=pl.Float64).to_numpy()

    meaning = linkage.centred(_unit_vectors(rows, n, vectors))
    texts = linkage.clusters(words, meaning, by_kind(CUT_WORDS), by_kind(CUT_MEAN))
    texts.first[:], texts.last[:], texts.half[:] = spans["day"].to_numpy(), spans["last"].to_numpy(), by_kind(HALF_LIFE)
    linked = rows.select("row", "post_id", "child", "kind", "unit", "copy_of", "parent_id", "root_id")
    linked = linked.join(known, on="post_id", how="left", maintain_order="left")
    # a child's own words tie it to nobody
    copied = pl.when(~pl.col("child")).then("copy_of")
    loose = linked.filter(pl.col("story_id").is_null()).with_columns(copy_of=copied)
    for link in ("copy_of", "parent_id", "root_id"):  # what it repeats may be older than the posts that are here
        story = known.select(pl.col("post_id").alias(link), pl.col("story_id").alias(f"of_{link}"))
        loose = loose.join(story, on=link, how="left")
    loose = loose.select("row", followed=pl.coalesce("of_root_id", "of_parent_id", "of_copy_of"))
    rows = linked.join(loose, on="row", how="left", maintain_order="left")
    rows = rows.select("row", "post_id", "kind", "unit", story_id=pl.coalesce("story_id", "followed"))
    return rows, texts, words


def _unit_vectors(rows: pl.DataFrame, n: int, vectors: pl.DataFrame | None) -> NDArray[np.float32]:
    """The vector of each unit's first post that has one; zeros for none, and for complaints."""
    if vectors is None or vectors.is_empty():
        return np.zeros((n, 0), np.float32)
    held = rows.filter(pl.col("kind") != BY_WORDS).join(vectors, on="post_id").sort("unit", "child", "row")
    held = held.unique("unit", keep="first", maintain_order=True)
    width = int(vectors["vector"].list.len().max())  # type: ignore[arg-type]
    made = np.zeros((n, width), np.float32)
    if held.height:
        made[held["unit"].to_numpy()] = held["vector"].list.to_array(width).to_numpy()
    return made


def _replayed(post_stories: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Stories (PostStory) after decisions (Decision) about them; all posts concerned must be among them."""
    homes = post_stories.filter(pl.col("post_id").is_in(mentioned(decisions)))
    return Overrides.replay(decisions, homes).apply(post_stories)
