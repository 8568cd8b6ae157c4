"""What a lab shows on demand (lab.compare, lab.word_history ...): a picture that says something, and its posts."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from typing import Any, Protocol

import polars as pl

from opinion_lab.analyse import cascades, trends
from opinion_lab.analyse.lifecycle.turning_points import turning_points
from opinion_lab.analyse.topics import cooccurrence
from opinion_lab.config import LabError
from opinion_lab.judge import respondents
from opinion_lab.report import figures, page
from opinion_lab.report.comparing import pictures, sentences
from opinion_lab.report.documents import tables
from opinion_lab.report.documents.desk import Desk
from opinion_lab.report.page.components import BASIS
from opinion_lab.report.wording import phrases
from opinion_lab.storage.store import Day

MOST, BRANCHES = 10, 40  # rows of a table beside a picture; branches of a tree


class View:
    """A few things shown below one another. `post_ids`: the posts behind all of them, for `lab.explore(view)`."""

    def __init__(self, *parts: Any) -> None:
        self.parts = [part for part in parts if part is not None]
        shown = [part.data.get(BASIS, {}) for part in self.parts if isinstance(part, page.Shown)]
        self.data = {BASIS: {anchor: group for groups in shown for anchor, group in groups.items()}}

    @property
    def post_ids(self) -> list[str]:
        """The posts that the numbers of this view open."""
        return page.opened(self.data[BASIS])

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        if not os.environ.get("OPINION_LAB_REPORT"):
            display(HTML(page.IN_JUPYTER))
        for part in self.parts:
            display(part)


class Archive(Desk, Protocol):
    """What comparing asks of a lab beside what documents do."""

    def story(self, name: str) -> str: ...  # noqa: D102
    def of_story(self, story_id: str) -> pl.DataFrame: ...  # noqa: D102
    def matching(self, query: str) -> pl.Series: ...  # noqa: D102


class Comparing:
    """Methods of a lab (`self`) that set things side by side; each returns a View."""

    def compare(self: Archive, one: str, other: str) -> View:
        """Two stories (names or numbers) or two periods (2026-09-01/2026-09-07) side by side.

        How fast each grew, where it was said, and the words that tell it from the other.
        """
        sides = [_side(self, name) for name in (one, other)]
        named = [name for name, _ in sides]
        posts = [rows for _, rows in sides]
        words = cooccurrence.contrast(*(self.plain(rows.filter(pl.col("copy_of").is_null()))[1] for rows in posts))
        return View(
            page.finding(sentences.compared(named, posts)),
            pictures.growth(named, posts),
            _sizes(named, posts, self),
            pictures.shares(named, posts, "platform"),
            pictures.contrast(named, words),
        )

    def word_history(self: Archive, word: str, since: Day = None, until: Day = None) -> View:
        """A word, a search (see `search`) or a place through time: when, where, and what was said at its peaks."""
        if not word.strip():
            return View(page.note("想看一个词或一个地方怎么走过来，请把它写在第一格的 word 里，再运行一遍。"))
        found = self.posts(since, until).filter(
            pl.col("post_id").is_in(self.matching(word).implode()) | (pl.col("region") == word)
        )
        if found.is_empty():
            return View(page.finding(f"这段时间里没有帖文提到“{word}”。请换一个词，或把起止日期放宽。"))
        everything = self.posts(found["day"][0], found["day"][-1])
        every = tables.bin_width(found)
        counts = trends.count(
            found, key=pl.lit(word), every=every, zone=self.zone, holes=trends.holes(everything, zone=self.zone)
        )
        rows = trends.behind(found, key=pl.lit(word), every=every, zone=self.zone).group_by("bin").agg(posts="post_id")
        rows = tables.first_said(
            rows.sort(pl.col("posts").list.len(), "bin", descending=[True, False]).head(MOST), found
        )
        columns = {"bin": "时段", "posts": ("帖文", "posts"), "text": ("其中最早的原话", "verbatim")}
        return View(
            page.finding(sentences.word(word, counts, found, zone=self.zone), found),
            figures.volume(counts, zone=self.zone),
            page.table(rows, columns, f"提到“{word}”最多的时段", zone=self.zone),
            pictures.shares([word], [found], "platform"),
        )

    def timeline(self: Archive, story: str) -> View:
        """A story through time, with the posts that turned it: first, answered, passed on most, before its leap."""
        title, posts = _side(self, story)
        turns = turning_points(posts, cascades.edges(posts))
        turns = turns.join(phrases.says(posts), on="post_id", maintain_order="left", suffix="_")
        turns = turns.with_row_index("no", offset=1)
        counts = trends.count(posts, key=pl.lit(title), every="1h", zone=self.zone)
        columns = {
            "no": "图上",
            "published_at": "时间",
            "turn": "转折",
            "platform": "平台",
            "author_kind": "账号类型",
            "before": ("此前6小时", "posts"),
            "after": ("此后6小时", "posts"),
            "says": ("内容", "verbatim"),
        }
        rows = turns.with_columns(turn=pl.col("role").replace_strict(sentences.TURNS))
        return View(
            pictures.timeline(counts, turns, zone=self.zone),
            page.table(rows, columns, "图上标出的帖文", zone=self.zone, clamp=60),
        )

    def spread(self: Archive, story: str) -> View:
        """How a story was passed on, as a tree: press a branch to go into it, the bar above to go back."""
        title, posts = _side(self, story)
        edges = cascades.edges(posts)
        branches = cascades.branches(posts, edges, most=BRANCHES)
        said = phrases.says(posts).select("post_id", "says", "author_kind", "platform", "published_at")
        rows = branches.join(said, on="post_id", maintain_order="left")
        columns = {
            "published_at": "时间",
            "platform": "平台",
            "author_kind": "账号类型",
            "size": "这一支",
            "posts": ("不经别的大分支", "posts"),
            "says": ("内容", "verbatim"),
        }
        if rows.is_empty():
            return View(page.finding(f"“{title}”没有看出谁转自谁。", posts))
        caption = "最大的分支（只看账号类型，不看个人）"
        return View(
            pictures.tree(title, rows, posts.height),
            page.table(rows.head(MOST), columns, caption, zone=self.zone, clamp=60),
        )

    def words_together(self: Archive, thing: str) -> View:
        """The words of a story or a period that stand together, as a network."""
        title, posts = _side(self, thing)
        tokens = self.plain(posts.filter(pl.col("copy_of").is_null()))[1]
        pairs = cooccurrence.network(tokens)
        said = tokens.explode("tokens").select("post_id", word="tokens").unique()
        behind = pairs.join(said, left_on="a", right_on="word").join(said.rename({"word": "b"}), on=["b", "post_id"])
        posts_of = behind.group_by("a", "b").agg(posts="post_id")
        rows = pairs.head(MOST).join(posts_of, on=["a", "b"], how="left", maintain_order="left")
        rows = rows.with_columns(pair=pl.format("{}—{}", "a", "b"))
        columns = {"pair": "一起出现的词", "posts": ("原创帖文", "posts"), "npmi": ("关联强度", "percent")}
        return View(
            pictures.network(title, pairs, tokens),
            page.table(rows, columns, "关联最强的词对", nothing="没有经常一起出现的词。"),
        )

    def respondents(self: Archive, thing: str) -> View:
        """The businesses, institutions and estates that the posts of a story or a period name, from two posts on."""
        _, posts = _side(self, thing)
        named = respondents.of(posts, self.rules.organisations, own=self.settings.organisations.own)
        return View(tables.respondents(respondents.tally(named), posts, most=50))

    def places(self: Archive, thing: str) -> View:
        """From where and when a story or a period was spoken of, as far as the platforms say."""
        title, posts = _side(self, thing)
        known = posts.drop_nulls("region")
        rows = known.group_by("region").agg(posts="post_id", first=pl.col("published_at").min())
        rows = rows.sort(pl.col("posts").list.len(), "region", descending=[True, False]).head(MOST)
        columns = {"region": "地区", "first": "首见", "posts": ("帖文", "posts")}
        return View(
            pictures.places(title, posts, zone=self.zone),
            page.table(rows, columns, "平台注明的地区（多为账号所在地，不一定是事发地）", zone=self.zone, nothing=""),
        )


def _side(lab: Archive, name: str) -> tuple[str, pl.DataFrame]:
    """What a name means, a story or a period (2026-09-01/2026-09-07): what it is called, and its posts."""
    since, slash, until = name.partition("/")
    if slash:
        first, last = lab.store.as_day(since.strip()), lab.store.as_day(until.strip())
        posts, title = lab.posts(first, last), f"{_day(first)}至{_day(last)}"
    else:
        story_id = lab.story(name)
        posts = lab.of_story(story_id)
        found = lab.describe(posts, posts.select("post_id", story_id=pl.lit(story_id)))
        title = str(found["title"][0]) if found.height else name
    if posts.is_empty():
        raise LabError(f"“{name}”没有帖文。请换一个事件，或把时段写成 2026-09-01/2026-09-07。")
    return title, posts


def _day(day: date | None) -> str:
    return phrases.date(day) if day else "始末"


def _sizes(named: list[str], posts: list[pl.DataFrame], lab: Archive) -> page.Shown:
    ids: Callable[..., list[list[str]]] = lambda where: [rows.filter(where)["post_id"].to_list() for rows in posts]  # noqa: E731
    rows = pl.DataFrame(
        {
            "name": named,
            "posts": ids(pl.lit(True)),
            "originals": ids(pl.col("copy_of").is_null() & (pl.col("kind") != "repost")),
            "media": ids(pl.col("author_kind") == "media"),
            "answers": ids(pl.col("kind") == "statement"),
            "first": [rows["published_at"].min() for rows in posts],
            "half": [sentences.half(rows) for rows in posts],
        },
        schema_overrides=dict.fromkeys(("posts", "originals", "media", "answers"), pl.List(pl.String)),
    )
    columns = {
        "name": ("哪一边", "verbatim"),
        "posts": ("帖文", "posts"),
        "originals": ("原创", "posts"),
        "media": ("媒体发的", "posts"),
        "answers": ("官方答复", "posts"),
        "first": "首条",
        "half": "一半帖文用时",
    }
    return page.table(rows, columns, "两边各有多少", zone=lab.zone)
