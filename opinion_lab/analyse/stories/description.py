"""Posts -> stories: one story for each thing that is being talked about.

Copies and children are joined first, whatever they say; what remains is compared by its words
(`likeness`), and large events draw in what they name (`belonging`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from opinion_lab import schemas
from opinion_lab.analyse.stories import assignment, linkage, persistence
from opinion_lab.analyse.stories.overrides import NAME
from opinion_lab.config import LabError
from opinion_lab.prepare import normalize

Ints = NDArray[np.int64]

#: Days after which two equal texts count half: a board entry is gone in days, a complaint stays open for weeks.
HALF_LIFE = {"board_entry": 2.0, "complaint": 90.0, "statement": 30.0}
HALF_LIFE_ELSE = 14.0
#: The same words within this time are one story, whatever else is said (an entry on several boards).
SAME_WORDS_HOURS = 72
TITLE_CHARACTERS = 40
CLEAR = 10  # times larger than the next: then that story is meant
ABOUT = 0.1  # share of posts that the watch list must have found for a story to be about the bureau's matters


def group(posts: pl.DataFrame, tokens: pl.DataFrame, known: pl.DataFrame | None = None) -> pl.DataFrame:
    """Each post's story (PostStory). `story_id` is `s_` + the post_id of the story's first post.

    A child follows its root, a copy its original; a post that resembles nothing is a story of one. Posts without
    tokens are compared by nothing but their links. The order of rows plays no part. Posts that are `known` (PostStory)
    keep their story, new ones join it or open another: `changes(known, group(posts, tokens))` says what grouping anew
    would have changed.
    """
    if posts.is_empty():
        return schemas.empty(schemas.PostStory)
    posts = posts.sort("published_at", "post_id").with_columns(child=_is_child())
    unit = _units(posts)
    texts = _texts(posts, unit, tokens)
    piece, part = linkage.join(texts)
    joined = assignment.settle(texts, piece, part)[unit]
    rows = posts.select("post_id", unit=pl.Series(unit), anew=pl.Series(joined))
    if known is None:
        known = schemas.empty(schemas.PostStory)
    rows = rows.join(known.select("post_id", known="story_id"), on="post_id", how="left", maintain_order="left")
    named = rows.with_columns(story_id=persistence.carry(rows))
    return schemas.PostStory.validate(named.select("post_id", "story_id").sort("post_id"), cast=True)


def describe(posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame:
    """The stories (Story), largest first.

    `title` is the most typical board entry's: the one whose character pairs most originals of the story hold (of equal
    ones the hottest); without board entries the first words of the first post that has any. `n_originals` counts the
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
        entry=board & words.is_not_null(),
        original=(pl.col("has_parent_id").is_null() | (pl.col("parent_id") == pl.col("post_id")))
        & pl.col("has_copy_of").is_null(),
    )
    told = told.join(_typical(told), on="post_id", how="left", maintain_order="left")
    stories = told.group_by("story_id").agg(
        pl.coalesce(
            pl.col("words").filter(pl.col("typical") == 1).first(),
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


def _typical(told: pl.DataFrame) -> pl.DataFrame:
    """The board entries of each story (post_id), ranked by how typical they are of it (typical, 1 = most)."""
    entries = told.filter("entry").with_columns(said=normalize.fold(told.filter("entry")["words"]))
    others = told.join(entries.select("story_id").unique(), on="story_id", how="semi").filter("original")
    others = others.with_columns(said=normalize.fold(others["words"].fill_null("")))

    def pairs(rows: pl.DataFrame) -> pl.DataFrame:
        at = pl.int_ranges(pl.col("said").str.len_chars() - 1)
        long = (
            rows.filter(pl.col("said").str.len_chars() > 1).select("story_id", "post_id", "said", at=at).explode("at")
        )
        return long.select("story_id", "post_id", pair=pl.col("said").str.slice(pl.col("at"), 2)).unique()

    held = pairs(others).group_by("story_id", "pair").agg(n=pl.len())
    score = pairs(entries).join(held, on=["story_id", "pair"], how="left").group_by("post_id").agg(pl.col("n").mean())
    ranked = entries.join(score, on="post_id", how="left").sort(
        pl.col("n").fill_null(0),
        pl.col("heat").fill_null(0),
        "published_at",
        "post_id",
        descending=[True, True, False, False],
    )
    return ranked.select("post_id", typical=pl.int_range(1, pl.len() + 1).over("story_id"))


def about(posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame:
    """The stories (PostStory) of which the watch list found at least one post in ten (Post.relevant).

    Most posts of a story leave out the words that everybody knows it is about; the story as a whole does not.
    """
    found = post_stories.join(posts.select("post_id", "relevant"), on="post_id")
    share = found.group_by("story_id").agg(pl.col("relevant").mean())
    kept = share.filter(pl.col("relevant") >= ABOUT).select("story_id")
    return post_stories.join(kept, on="story_id", how="semi").sort("post_id")


def pick(posts: pl.DataFrame, post_stories: pl.DataFrame, name: str) -> str:
    """The story_id of the story that `name` means: an id, or words of which it is the one that speaks most.

    The id of a story that went into another means that one. Posts that hold all the words count; the story with ten
    times as many of them as the next is meant, or the only one. No name at all means the largest story. Raises
    LabError that lists the nearest when it is not clear.
    """
    name = name.strip()
    if name in set(post_stories["story_id"]):
        return name
    numbered = name.startswith(NAME)
    into = post_stories.filter(numbered & (pl.col("post_id") == name.removeprefix(NAME)))["story_id"]
    if len(into):
        return str(into[0])
    words = normalize.fold(pl.Series([name])).item().split()
    said = normalize.fold(posts.select(pl.concat_str("title", "text", separator=" ", ignore_nulls=True)).to_series())
    holds = pl.all_horizontal(
        [pl.col("said").is_not_null(), *(pl.col("said").str.contains(w, literal=True) for w in words)]
    )
    told = posts.select("post_id", hit=said.to_frame("said").select(holds).to_series()).join(post_stories, on="post_id")
    hits = (
        told.group_by("story_id")
        .agg(pl.col("hit").sum(), n=pl.len())
        .sort("hit", "n", "story_id", descending=[True, True, False])
    )
    if hits.is_empty():
        raise LabError("这段时间没有任何帖文，选不出事件。请改起止日期。")
    first, next_ = hits["hit"][0], hits["hit"][1] if hits.height > 1 else 0
    if not words or (first and first >= CLEAR * next_):
        return str(hits["story_id"][0])
    near = hits.head(5).join(describe(posts, post_stories).select("story_id", "title"), on="story_id")
    shown = "；".join(f"{i}（{t}，{n} 条）" for i, t, n in near.select("story_id", "title", "n").iter_rows())
    why = f"有几个事件都谈到“{name}”" if first else f"没有帖文谈到“{name}”"
    why = f"这段时间里没有编号为 {name} 的事件" if numbered else why
    raise LabError(f"{why}。最接近的有：{shown}。请照抄编号，或多写一个词。")


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
        words=normalize.fold(posts["title"].fill_null("") + " " + posts["text"]),
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
    return linkage.in_order(part[: posts.height])


# --- what it says --------------------------------------------------------------------------------------------


def _texts(posts: pl.DataFrame, unit: Ints, tokens: pl.DataFrame) -> linkage.Texts:
    """One text a unit: the words of its first post that has any."""
    day = pl.col("published_at").dt.epoch("us") / 86_400e6
    half = pl.col("kind").cast(pl.String).replace_strict(HALF_LIFE, default=HALF_LIFE_ELSE, return_dtype=pl.Float64)
    rows = posts.select("post_id", "child", unit=pl.Series(unit), day=day, half=half).with_row_index("row")
    # a repost a week later keeps the story alive but does not carry its words to another time
    own = pl.col("child") == pl.col("child").min().over("unit")
    spans = rows.filter(own).group_by("unit").agg(pl.col("day").min(), pl.col("half").max(), last=pl.col("day").max())
    spans = spans.sort("unit")
    words = tokens.filter(pl.col("tokens").list.len() > 0).select("post_id", "tokens")
    spoken = rows.join(words, on="post_id").sort("unit", "child", "row")
    spoken = spoken.unique("unit", keep="first", maintain_order=True)
    said = spoken.select(text="unit", word="tokens").explode("word")
    return linkage.vectors(said, spans["day"].to_numpy(), spans["last"].to_numpy(), spans["half"].to_numpy())
