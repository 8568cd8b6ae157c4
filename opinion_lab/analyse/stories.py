"""Posts -> stories: one story for each thing that is being talked about.

Copies and children are joined first. What remains is compared by TF-IDF cosine with time decay and merged by average
linkage over reciprocal nearest neighbours (RAC, Sumengen et al. 2021): every round joins all pairs that are each
other's nearest, so the work is a few sparse products. Average linkage looks at all members of both sides, so
background chatter does not chain into one giant story.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.prepare import text

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Days after which two equal texts count half: a board entry is gone in days, a complaint stays open for weeks.
HALF_LIFE = {"board_entry": 3.0, "complaint": 90.0, "statement": 30.0}
HALF_LIFE_ELSE = 14.0
#: The same words within this time are one story, whatever else is said (an entry on several boards).
SAME_WORDS_HOURS = 72
SAME_WORDS_CHARACTERS = 6  # below that only board entries: 早上好 is no story
THRESHOLD = 0.08  # mean similarity that joins two single posts
GROWTH = 0.01  # and how much more is asked for each doubling of the smaller side
RARITY = 1.5  # exponent of the inverse document frequency: names and places weigh more
UNSEEN = 8.0  # every text is taken to hold so many words more that nobody else uses: two short texts prove little
TOP_WORDS = 100  # a text's weightiest words; the tail costs time and adds noise
COMMON = 0.1  # a word in more than this share of the texts separates nothing
CHUNK = 1000  # rows of one sparse product
LONG_DAYS = 10.0
TITLE_CHARACTERS = 40


def group(posts: pl.DataFrame, tokens: pl.DataFrame) -> pl.DataFrame:
    """Each post's story (PostStory). `story_id` is `s_` + the post_id of the story's first post.

    A child follows its root, a copy its original; a post that resembles nothing is a story of one. Posts without
    tokens are compared by nothing but their links. The order of rows plays no part.
    """
    if posts.is_empty():
        return schemas.empty(schemas.PostStory)
    posts = posts.sort("published_at", "post_id").with_columns(child=_is_child())
    unit = _units(posts)
    joined = _merge(_texts(posts, unit, tokens))[unit]
    named = posts.select("post_id", story=pl.Series(joined)).with_columns(
        story_id=pl.lit("s_") + pl.col("post_id").first().over("story")
    )
    return schemas.PostStory.validate(named.select("post_id", "story_id").sort("post_id"), cast=True)


def describe(posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame:
    """The stories (Story), largest first.

    `title` is the hottest board entry's, else the first words of the first post that has any. `n_originals` counts the
    posts that neither repeat nor answer a post of the same story.
    """
    if posts.is_empty():
        return schemas.empty(schemas.Story)
    told = posts.join(post_stories, on="post_id").sort("published_at", "post_id")
    for link in ("parent_id", "copy_of"):
        inside = told.select(pl.col("post_id").alias(link), "story_id", pl.lit(True).alias(f"has_{link}"))
        told = told.join(inside, on=[link, "story_id"], how="left", maintain_order="left")
    words = pl.coalesce(pl.col("title", "text").str.replace_all(r"\s+", " ").str.strip_chars().replace("", None))
    board = pl.col("kind").cast(pl.String) == "board_entry"
    told = told.with_columns(
        words=words,
        # an entry without heat ranks behind all that have one
        heat_rank=pl.when(board & words.is_not_null()).then(pl.col("heat").fill_null(0)),
        original=(pl.col("has_parent_id").is_null() | (pl.col("parent_id") == pl.col("post_id")))
        & pl.col("has_copy_of").is_null(),
    )
    stories = told.group_by("story_id").agg(
        pl.coalesce(
            pl.col("words").filter(pl.col("heat_rank") == pl.col("heat_rank").max()).first(),
            pl.col("words").drop_nulls().first(),
            pl.lit("（无文字）"),
        ).alias("title"),
        first_post=pl.col("post_id").first(),
        first_at=pl.col("published_at").min(),
        last_at=pl.col("published_at").max(),
        n_posts=pl.len(),
        n_originals=pl.max_horizontal(pl.col("original").sum(), 1),
        platforms=pl.col("platform").unique().sort(),
    )
    long = pl.col("title").str.len_chars() > TITLE_CHARACTERS
    cut = pl.when(long).then(pl.col("title").str.head(TITLE_CHARACTERS) + "…").otherwise("title")
    stories = stories.with_columns(title=cut).sort("n_posts", "first_at", "story_id", descending=[True, False, False])
    return schemas.Story.validate(stories, cast=True)


def pick(stories: pl.DataFrame, name: str) -> str:
    """The story_id of the one story that `name` means: an id, or words that all stand in its title.

    Raises LabError that lists the nearest when no story or more than one fits.
    """
    name = name.strip()
    if name in set(stories["story_id"]):
        return name
    titles = text.fold(stories["title"])
    words = text.fold(pl.Series([name])).item().split()
    hits = pl.Series([sum(w in t for w in words) for t in titles], dtype=pl.Int64)
    fits = stories.filter(hits == len(words)) if words else stories.clear()
    if fits.height == 1:
        return str(fits["story_id"].item())
    if fits.is_empty():
        shared = [len(_pairs(name) & _pairs(t)) for t in titles]
        near = stories.with_columns(hits=hits, shared=pl.Series(shared, dtype=pl.Int64))
        near = near.sort("hits", "shared", "n_posts", "story_id", descending=[True, True, True, False])
        said = f"没有事件叫“{name}”。" if name else "还没有说明要看哪个事件。"
    else:
        near, said = fits, f"有 {fits.height} 个事件的标题都含“{name}”。"
    shown = "；".join(
        f"{i}（{t}，{n} 条）" for i, t, n in near.select("story_id", "title", "n_posts").head(5).iter_rows()
    )
    raise LabError(f"{said}最接近的有：{shown or '（没有任何事件）'}。请照抄编号，或多写一个词。")


def _pairs(words: str) -> set[str]:
    return {words[i : i + 2] for i in range(len(words) - 1)}


# --- what belongs together whatever it says ------------------------------------------------------------------


def _is_child() -> pl.Expr:
    parent, root, me = pl.col("parent_id"), pl.col("root_id"), pl.col("post_id")
    return (parent.is_not_null() & (parent != me)) | (root.is_not_null() & (root != me))


def _units(posts: pl.DataFrame) -> Ints:
    """The unit of each row, in order of first post: a root with its children, an original with its copies.

    A child's own words tie it to nobody: 支持！ under two posts does not make them one story. Children of a root that
    was never collected still belong together.
    """
    rows = posts.select("post_id", "parent_id", "root_id", "copy_of", "published_at", "child").with_row_index("row")
    me = pl.col("post_id")
    keys = [
        rows.filter("child").select("row", key="parent_id"),
        rows.filter("child").select("row", key="root_id"),
        rows.select("row", key=me),
        rows.filter(~pl.col("child")).select("row", key=pl.lit("c ") + pl.coalesce("copy_of", me)),
    ]
    said = posts.select(
        row=pl.int_range(pl.len(), dtype=pl.UInt32),
        at=pl.col("published_at"),
        child="child",
        board=pl.col("kind").cast(pl.String) == "board_entry",
        words=text.fold(posts["title"].fill_null("") + " " + posts["text"]),
    ).filter(~pl.col("child") & (pl.col("words").str.len_chars() >= pl.when("board").then(1).otherwise(6)))
    pause = pl.col("at").diff().over("words") > pl.duration(hours=SAME_WORDS_HOURS)
    run = said.with_columns(run=pause.fill_null(True).cum_sum().over("words"))
    keys.append(run.select("row", key=pl.format("w {} {}", "run", "words")))
    links = pl.concat(keys).drop_nulls()
    node = links["key"].rank("dense").to_numpy().astype(np.int64) + posts.height - 1
    row = links["row"].to_numpy().astype(np.int64)
    n = int(node.max()) + 1
    graph = sparse.coo_matrix((np.ones(len(row), np.int8), (row, node)), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    return _in_order(part[: posts.height])


def _in_order(labels: Ints) -> Ints:
    """The same parts, numbered by where each is met first."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]


# --- what it says --------------------------------------------------------------------------------------------


@dataclass
class _Clusters:
    """Clusters in the making: sums of their members' vectors, how many, from when to when (days), half-life."""

    sums: sparse.csr_matrix
    n: Floats
    first: Floats
    last: Floats
    half: Floats


def _texts(posts: pl.DataFrame, unit: Ints, tokens: pl.DataFrame) -> _Clusters:
    """One cluster a unit, with the words of its first post that has any."""
    day = pl.col("published_at").dt.epoch("us") / 86_400e6
    half = pl.col("kind").cast(pl.String).replace_strict(HALF_LIFE, default=HALF_LIFE_ELSE, return_dtype=pl.Float64)
    rows = posts.select("post_id", "child", unit=pl.Series(unit), day=day, half=half).with_row_index("row")
    # a repost a week later keeps the story alive but does not carry its words to another time
    own = pl.col("child") == pl.col("child").min().over("unit")
    spans = (
        rows.filter(own).group_by("unit").agg(pl.col("day").min(), last=pl.col("day").max(), half=pl.col("half").max())
    )
    spans = spans.sort("unit")
    words = tokens.filter(pl.col("tokens").list.len() > 0).select("post_id", "tokens")
    spoken = (
        rows.join(words, on="post_id").sort("unit", "child", "row").unique("unit", keep="first", maintain_order=True)
    )
    sums = _vectors(spoken.select("unit", "tokens").explode("tokens"), spans.height)
    first, last = spans["day"].to_numpy(), spans["last"].to_numpy()
    return _Clusters(sums, np.ones(spans.height), first, last, spans["half"].to_numpy())


def _vectors(words: pl.DataFrame, n: int) -> sparse.csr_matrix:
    """TF-IDF rows of `n` units, log term frequency × idf ** RARITY.

    A row's length stays below 1: words that nobody shares and `UNSEEN` words more count in the norm alone.
    """
    counts = words.group_by("unit", "tokens").agg(tf=pl.len())
    seen = counts.group_by("tokens").agg(df=pl.len()).filter(pl.col("df") <= max(50.0, COMMON * n)).sort("tokens")
    seen = seen.with_columns(idf=(n / pl.col("df")).log1p().pow(RARITY), column=pl.int_range(pl.len()))
    weight = pl.col("tf").log1p() * pl.col("idf")
    cells = counts.join(seen, on="tokens").with_columns(weight=weight)
    cells = cells.sort("unit", "weight", "column", descending=[False, True, False])
    cells = cells.filter(pl.int_range(pl.len()).over("unit") < TOP_WORDS)
    unseen = UNSEEN * (np.log(2) * np.log1p(n) ** RARITY) ** 2
    norm = (pl.col("weight").pow(2).sum().over("unit") + unseen).sqrt()
    cells = cells.with_columns(weight=pl.col("weight") / norm).filter(pl.col("df") > 1)
    at = (cells["unit"].to_numpy(), cells["column"].to_numpy())
    rows = sparse.csr_matrix((cells["weight"].to_numpy(), at), shape=(n, seen.height))
    rows.sort_indices()
    return rows


# --- merging -------------------------------------------------------------------------------------------------


def _merge(now: _Clusters) -> Ints:
    """The cluster of each unit: rounds of joining reciprocal nearest neighbours until none is near enough."""
    label = np.arange(len(now.n))
    near, value = np.full(len(now.n), -1), np.zeros(len(now.n))
    stale = np.arange(len(now.n))
    while True:
        near[stale], value[stale] = _nearest(now, stale)
        _tell(near, value, stale)
        left = np.flatnonzero(near >= 0)
        left = left[(near[near[left]] == left) & (left < near[left])]
        if not len(left):
            return label
        right = near[left]
        into = np.arange(len(near))
        into[right] = left
        kept = np.ones(len(near), bool)
        kept[right] = False
        into = (np.cumsum(kept) - 1)[into]
        now = _fold(now, into, int(kept.sum()))
        changed = np.zeros(len(now.n), bool)
        changed[into[left]] = True
        near, value = near[kept], value[kept]
        near = np.where(near >= 0, into[near], -1)
        # merging brings two sides nearer to nobody (Sumengen et al.), so only these look again
        stale = np.flatnonzero(changed | ((near >= 0) & changed[near]))
        label = into[label]


def _fold(now: _Clusters, into: Ints, n: int) -> _Clusters:
    """The clusters after each has gone `into` another."""
    sums = (
        sparse.csr_matrix((np.ones(len(into)), (into, np.arange(len(into)))), shape=(n, len(into))) @ now.sums
    ).tocsr()
    sums.sort_indices()
    first, last, half = np.full(n, np.inf), np.full(n, -np.inf), np.zeros(n)
    np.minimum.at(first, into, now.first)
    np.maximum.at(last, into, now.last)
    np.maximum.at(half, into, now.half)
    return _Clusters(sums, np.bincount(into, now.n, n).astype(float), first, last, half)


def _nearest(now: _Clusters, rows: Ints) -> tuple[Ints, Floats]:
    """The nearest cluster of each of `rows` and their decayed mean similarity; -1 and 0 when none is near enough."""
    near, value = np.full(len(now.n), -1), np.zeros(len(now.n))
    reach = np.log2(1 / THRESHOLD)  # beyond so many half-lives even equal texts are strangers
    # clusters that live long would make every chunk look at everything: they go together
    order = rows[np.lexsort((now.first[rows], now.last[rows] - now.first[rows] > LONG_DAYS))]
    for start in range(0, len(order), CHUNK):
        mine = order[start : start + CHUNK]
        window = reach * np.maximum(now.half, now.half[mine].max())
        begins, ends = now.first[mine].min(), now.last[mine].max()
        theirs = np.flatnonzero((now.first - window <= ends) & (now.last + window >= begins))
        product = (now.sums[mine] @ now.sums[theirs].T).tocsr()
        a, b = np.repeat(mine, np.diff(product.indptr)), theirs[product.indices]
        alike = product.data / (now.n[a] * now.n[b])
        enough = (alike >= THRESHOLD) & (a != b)
        a, b, alike = a[enough], b[enough], alike[enough]
        gap = np.maximum(now.first[a], now.first[b]) - np.minimum(now.last[a], now.last[b])
        alike = np.round(alike * 0.5 ** (np.maximum(gap, 0) / np.maximum(now.half[a], now.half[b])), 9)
        enough = alike >= THRESHOLD + GROWTH * np.log2(np.minimum(now.n[a], now.n[b]))
        a, b, alike = _best(a[enough], b[enough], alike[enough])
        near[a], value[a] = b, alike
    return near[rows], value[rows]


def _best(a: Ints, b: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    """For each `a` the `b` of highest value, the lowest `b` among equals."""
    order = np.lexsort((b, -value, a))
    a, b, value = a[order], b[order], value[order]
    top = np.diff(a, prepend=-1) != 0
    return a[top], b[top], value[top]


def _tell(near: Ints, value: Floats, rows: Ints) -> None:
    """Tell the neighbours of `rows` where they are nearer than the one they know: growing in time can bring that."""
    rows = rows[near[rows] >= 0]
    rows = rows[value[rows] > value[near[rows]]]
    them, me, worth = _best(near[rows], rows, value[rows])
    near[them], value[them] = me, worth
