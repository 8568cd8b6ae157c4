"""One `[[source]]` of lab.toml: a place that is visited, and where on it things stand."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_lab.validation import Model, PythonPattern, build, meant, toml, unique

#: Kinds of source, and what a post of each is unless said.
POST_KINDS = {"feed": "article", "board": "board_entry", "json": "article", "page": "article", "sitemap": "article"}
POST_KINDS |= {"forum": "post"}
#: Kinds whose listing only says where to read.
LISTINGS = ("page", "sitemap", "forum")
#: Days in which an answer or reply is still looked for.
ANSWER_DAYS, REPLY_DAYS = 60, 7
#: What a field of JSON may be taken as: columns of RawItem, the state of a message, and its answer.
FIELDS: tuple[str, ...] = (
    "native_id",
    "title",
    "text",
    "url",
    "author",
    "published_at",
    "rank",
    "heat",
    "views",
    "likes",
    "comments",
)
FIELDS += ("reposts", "region", "unit", "request_type", "state", "answer", "answer_author", "answer_time")


def _fields(fields: dict[str, str]) -> dict[str, str]:
    for name in fields:
        if name not in FIELDS:
            raise ValueError(f"不认识“{name}”，{meant(name, FIELDS).rstrip('。')}")
    return fields


Said = Annotated[str, Field(min_length=1)]


class Listing(Model):
    """CSS selectors of a listing: `item` one entry; `link`, `title`, `time` within it; `next` the next page's link."""

    item: str = ""
    link: str = ""
    title: str = ""
    time: str = ""
    next: str = ""


class Article(Model):
    """CSS selectors of an article, message or thread; what is left empty is found by extraction.

    `answer…`: the official answer on a message's page. `reply…`: one reply of a thread and what stands in it.
    """

    title: str = ""
    text: str = ""
    author: str = ""
    time: str = ""
    next: str = ""
    answer: str = ""
    answer_author: str = ""
    answer_time: str = ""
    reply: str = ""
    reply_text: str = ""
    reply_author: str = ""
    reply_time: str = ""


class Source(Model):
    """One place that is visited: `kind` names its parser, `tier` how often at first (see collect.visits).

    `pin`: the tier that a person wants, whatever the source gives.

    `{page}` in `url` or `post` counts up to `pages`. `post` is sent by POST: a table as JSON, a text as a form. `list`
    and `fields` are dotted paths in JSON, which `within` may have to cut out of a page. Of a listing the addresses
    that match `match` are read, at most `most` a visit, the rest next time; what is older than `max_age_days` is not.
    `full_text`: the page behind each entry is read too. `follow_days`: so long a page is looked at again.
    `times`: what its GMT means, where that is known: "local" or "labelled" (as it says). `allow_private`: its address,
    and no other, may lie in the own network; `robots = "own"`: a service of the bureau's own there, without robots.txt.
    """

    id: str = Field(min_length=1)
    kind: Literal["feed", "board", "json", "page", "sitemap", "forum"]
    url: str
    platform: str
    tier: str = "B"
    pin: Literal["", "A", "B", "C"] = ""
    post_kind: Literal["", "article", "post", "comment", "board_entry", "complaint", "statement"] = ""
    author: str | None = None
    author_kind: Literal["person", "media", "government", "business", "unknown"] = "unknown"
    times: str = ""
    allow_private: bool = False
    robots: Literal["", "own"] = ""
    post: str | dict[str, Any] = ""
    within: PythonPattern = ""
    list: str = ""
    fields: Annotated[dict[str, str], AfterValidator(_fields)] = Field(default_factory=dict)
    listing: Listing = Listing()
    article: Article = Article()
    match: PythonPattern = ""
    pages: int = Field(default=1, ge=1, le=50)
    most: int = Field(default=20, ge=1, le=200)
    max_age_days: int = Field(default=30, ge=1, le=3650)
    follow_days: int | None = Field(default=None, ge=0, le=365)
    full_text: bool = False

    @property
    def kind_of_post(self) -> str:
        """What its posts are."""
        return self.post_kind or ("complaint" if self.answers else POST_KINDS[self.kind])

    @property
    def answers(self) -> bool:
        """Whether official answers stand beside its messages."""
        return bool(self.article.answer or "answer" in self.fields)

    @property
    def reads_pages(self) -> bool:
        """Whether the pages behind its entries are read."""
        return self.full_text or self.kind in LISTINGS

    @property
    def days_followed(self) -> int:
        """How long a page is looked at again for what comes later."""
        if self.follow_days is not None:
            return self.follow_days
        return ANSWER_DAYS if self.article.answer else REPLY_DAYS if self.article.reply else 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "json" and not (self.fields.keys() & {"title", "text"}):
            raise ValueError('kind = "json" 要在 [source.fields] 里写明 title 或 text 在哪里，例如 title = "title"')
        if self.kind == "forum" and not self.article.reply:
            raise ValueError('kind = "forum" 要在 [source.article] 里写明回帖的选择器 reply，例如 reply = "div.reply"')
        if self.kind != "json" and (self.list or self.fields or self.within):
            raise ValueError('list、fields、within 只用于 kind = "json"')
        if self.kind not in ("page", "forum") and self.listing != Listing():
            raise ValueError('[source.listing] 只用于 kind = "page" 或 "forum"')
        if not self.reads_pages and self.article != Article():
            raise ValueError("[source.article] 只用于 page、forum、sitemap，或写了 full_text = true 的来源")
        if self.robots == "own" and not self.allow_private:
            raise ValueError('robots = "own" 只用于本单位自建、在内网的服务，要同时写 allow_private = true')
        paged = "{page}" in f"{self.url} {self.post}" or self.listing.next
        if self.pages > 1 and not paged and self.kind != "sitemap":
            raise ValueError("pages 大于 1 时，要在 url 或 post 里用 {page} 表示页码，或写明下一页的选择器 next")
        return self


# --- the catalogue (rules/tables/sources.toml) ---------------------------------------------------------------


class Known(Model):
    """A source that can be read: `settings` is its `[[source]]` but for the id; `cited` where its shape is written."""

    id: Said
    name: Said
    group: Said
    cited: str
    settings: Said

    @property
    def table(self) -> str:
        """The `[[source]]` to paste into lab.toml."""
        return f'[[source]]\nid = "{self.id}"\n{self.settings.strip()}\n'

    @property
    def source(self) -> Source:
        """Its settings. Raises LabError where they are wrong."""
        where = f"来源目录 {self.id}"
        return build(Source, toml(self.table, where)["source"][0], where=where)


class Closed(Model):
    """A place that is not open to us, why, and the lawful other way."""

    name: Said
    why: Said
    instead: Said


class Venue(Model):
    """A place where people speak: words of its platforms, how it may be read, what of it is closed."""

    name: Said
    platforms: tuple[str, ...]
    lawful: Said
    closed: Said


class Sources(Model):
    """The catalogue."""

    known: Annotated[tuple[Known, ...], AfterValidator(unique("id"))]
    closed: tuple[Closed, ...]
    venue: tuple[Venue, ...]
