"""Stories as a reader meets them: title, sizes and times; which are the bureau's, and which one a name means."""

from __future__ import annotations

import polars as pl

from opinion_lab import schemas
from opinion_lab.analyse.stories.overrides import NAME
from opinion_lab.config import LabError
from opinion_lab.prepare import normalize

#: 原创: neither a copy nor a repost.
ORIGINAL = pl.col("copy_of").is_null() & (pl.col("kind").cast(pl.String) != "repost")
TITLE_CHARACTERS = 40
CALLER = "来电人|来电者|来电|市民|群众|居民|网友|诉求人|投诉人|反映人"
#: How hotlines begin an order, which says nothing of it; what is left must still be a title.
FORMULA = (
    rf"^(?:(?:{CALLER})+(?:称|表示|投诉|留言|咨询|举报|求助|诉求)[：:，,\s]+"
    rf"|(?:{CALLER})*(?:来电(?:[人者](?:称|表示)?)?|反映|反应|诉求|(?:投诉|留言)内容)(?:内容)?[：:，,\s]*)+"
    r"(?:其于(?:本月|[0-9]+月)?[0-9]+日[，,]?)?(?P<rest>.{6,})$"
)
FIRST_SENTENCE = r"^(.{6,}?[。！？!?])"  # what comes first is what the matter is; what follows is often a formula
CLEAR = 3  # times as many posts with the words as in the next: then that story is meant
ABOUT = 0.1  # share of posts that the watch list must have found for a story to be about the bureau's matters


def describe(posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame:
    """The stories (Story), largest first.

    `title` is the most typical board entry's: the one whose character pairs most originals of the story hold (of equal
    ones the hottest); of complaints alone the most typical one's; else the title or the first sentence of the first
    post that has any.
    `n_originals` counts the posts that are neither copy nor repost.
    """
    if posts.is_empty():
        return schemas.empty(schemas.Story)
    told = posts.join(post_stories, on="post_id").sort("published_at", "post_id")
    kind, words = pl.col("kind").cast(pl.String), heading()
    orders = (kind == "complaint").all().over("story_id") & (pl.len().over("story_id") > 2)
    entry = ((kind == "board_entry") | orders) & words.is_not_null()
    told = told.with_columns(words=words, entry=entry, original=ORIGINAL)
    told = told.join(_typical(told), on="post_id", how="left", maintain_order="left")
    typical, first = pl.col("words").filter(pl.col("typical") == 1).first(), pl.col("words").drop_nulls().first()
    stories = told.group_by("story_id").agg(
        title=pl.coalesce(typical, first, pl.lit("（无文字）")),
        first_post=pl.col("post_id").first(),
        first_at=pl.col("published_at").min(),
        last_at=pl.col("published_at").max(),
        n_posts=pl.len(),
        n_originals=pl.col("original").sum(),
        platforms=pl.col("platform").unique().sort(),
    )
    stories = stories.with_columns(shortened("title"))
    stories = stories.sort("n_posts", "first_at", "story_id", descending=[True, False, False])
    return schemas.Story.validate(stories, cast=True)


def heading() -> pl.Expr:
    """What a post (title, text, kind) is called: its title or first sentence, less what a hotline types before."""
    named, said = (
        pl.col(c).str.replace_all(r"\s+", " ").str.strip_chars().replace("", None) for c in ("title", "text")
    )
    words = pl.coalesce(named, said.str.extract(FIRST_SENTENCE), said).str.strip_chars_end("。；;，, ")
    return pl.when(pl.col("kind") == "complaint").then(words.str.replace(FORMULA, "${rest}")).otherwise(words)


def shortened(title: str) -> pl.Expr:
    """The column of titles, those that are too long for a line cut, with a mark."""
    long = pl.col(title).str.len_chars() > TITLE_CHARACTERS
    return pl.when(long).then(pl.col(title).str.head(TITLE_CHARACTERS) + "…").otherwise(title).alias(title)


def _typical(told: pl.DataFrame) -> pl.DataFrame:
    """The entries of each story (post_id), ranked by how typical they are of it (typical, 1 = most)."""
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

    The id of a story that went into another means that one. Posts that hold all the words count; the story with three
    times as many of them as the next is meant, or the only one. No name at all means the largest story of those that
    are about the bureau's matters, of all where none is. Raises LabError that lists the nearest when it is not clear.
    """
    name = name.strip()
    if name in set(post_stories["story_id"]):
        return name
    numbered = name.startswith(NAME)
    into = post_stories.filter(numbered & (pl.col("post_id") == name.removeprefix(NAME)))["story_id"]
    if len(into):
        return str(into[0])
    words = normalize.fold(pl.Series([name])).item().split()
    if not words and (ours := about(posts, post_stories)).height:
        post_stories = ours
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
    near = hits.head(5).join(
        describe(posts, post_stories).select("story_id", "title"), on="story_id", maintain_order="left"
    )
    shown = "；".join(f"{i}（{t}，{n} 条）" for i, t, n in near.select("story_id", "title", "n").iter_rows())
    why = f"有几个事件都谈到“{name}”" if first else f"没有帖文谈到“{name}”"
    why = f"这段时间里没有编号为 {name} 的事件" if numbered else why
    raise LabError(f"{why}。最接近的有：{shown}。请照抄编号，或多写一个词。")
