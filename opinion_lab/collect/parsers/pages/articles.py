"""An article, a message with its answer, a thread with its replies -> entries. No I/O.

By CSS selectors where the source names them, else the text that trafilatura extracts and the date of htmldate with the
hour that stands beside it.
"""

from __future__ import annotations

import hashlib
import logging
import re
from urllib.parse import urldefrag

from selectolax.lexbor import LexborHTMLParser, LexborNode

from opinion_lab.collect.parsers import bodies, json_lists
from opinion_lab.collect.parsers.pages.html import (
    CLOCK,
    MOST_TEXT,
    Entry,
    base_of,
    day_of,
    first,
    more,
    select,
    text_of,
    words,
    written,
)
from opinion_lab.collect.parsers.pages.main_text import main_text

#: Replies of a page that are looked at.
MOST_REPLIES = 1_000
#: Where pages say for programs when they appeared (政府网站 write PubDate).
TIMES: tuple[str, ...] = (
    "pubdate",
    "article:published_time",
    "publishdate",
    "firstpublishedtime",
    "og:release_date",
    "publish_time",
)
TIMES += ("article:create_at", "datepublished", "weibo:article:create_at", "apub:time")
JSON_LD = re.compile(r'"(?:datePublished|pubDate)"\s*:\s*"([^"]{8,40})"')
ORIGIN = re.compile(r"(?:来\s*源|稿\s*源)\s*[:：]\s*([^\s|｜<>:：，。]{2,20})")
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it says of hostile pages what the outcome says
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def article(
    body: bytes,
    *,
    charset: str | None = None,
    url: str = "",
    selectors: dict[str, str] | None = None,
    listed: dict[str, str | None] | None = None,
) -> list[Entry]:
    """An article, its official answer and its replies, an entry each; `more` marks the thread's next page.

    `listed`: what the listing said of it (native_id, title, time, root of a thread of which this is a further page).
    Raises Unreadable (no_text, captcha, empty_body) where there is nothing to read.
    """
    chosen, known = selectors or {}, listed or {}
    html = bodies.decoded(body, charset)[:MOST_TEXT]
    tree = LexborHTMLParser(html)
    replies = select(tree, chosen.get("reply", ""))[:MOST_REPLIES]
    root = known.get("root") or known.get("native_id") or urldefrag(url).url
    made: list[Entry] = []
    if not known.get("root"):
        starter = replies.pop(0) if replies and not chosen.get("text") else None
        title = _title(tree, chosen.get("title"), known.get("title"))
        if starter:
            text = text_of(starter, chosen.get("reply_text"))
        elif own := chosen.get("text"):
            text = "\n".join(filter(None, (text_of(node, None) for node in select(tree, own))))
        else:
            text = main_text(tree, html, url, title or "")
        if not text and not (title and len(html) > 500):
            raise bodies.unreadable(html, "no_text")
        if not text and bodies.CAPTCHA.search(title or ""):
            raise bodies.Unreadable("captcha")
        by = chosen.get("reply_author") if starter else chosen.get("author")
        author = words(first(starter or tree, by)) if by else _origin(tree)
        at = chosen.get("reply_time") if starter else chosen.get("time")
        time = written(first(starter or tree, at)) if at else _moment(tree, html, url, known.get("time") or "")
        link = urldefrag(url).url or None
        made.append(bodies.entry(native_id=root, url=link, title=title, text=text, author=author or None, time=time))
    if answer := text_of(first(tree, chosen["answer"]), None) if chosen.get("answer") else "":
        who = words(first(tree, chosen.get("answer_author"))) or None
        made.append(json_lists.answered(root, answer, who, written(first(tree, chosen.get("answer_time")))))
    made += [_reply(node, chosen, root, url) for node in replies]
    return [*made, *more(tree, base_of(tree, url), chosen.get("next"))]


def _moment(tree: LexborHTMLParser, html: str, url: str, listed: str = "") -> str:
    """When a page appeared, as written: what it says for programs, else the clock beside its date, else the listing's.

    A day that the listing names holds against one that is guessed.
    """
    named = {(m.attributes.get("name") or m.attributes.get("property") or m.attributes.get("itemprop") or "").lower(): m
             for m in select(tree, "meta[content]")}  # fmt: skip
    said = [str(named[t].attributes["content"]) for t in TIMES if t in named]
    said += [m[1] for m in JSON_LD.finditer(html[:MOST_TEXT])][:1]
    said += [str(n.attributes["datetime"]) for n in select(tree, "time[datetime]")[:1]]
    day = day_of(listed) or next((d for s in said if (d := day_of(s))), None)
    sure = [s for s in (*said, listed) if s and (day_of(s) == day or day is None)]
    if clock := next((s for s in sure if re.search(r"\d[:时]\d\d", s)), ""):
        return clock
    if day is None:
        from htmldate import find_date

        guessed = find_date(html, original_date=True, url=url or None)
        day = day_of(guessed or "")
    for found in CLOCK.finditer(words(tree.body)[:20_000]):
        if day in (None, day_of(found[0])):
            return found[0]
    return next(iter(sure), "") or (day.isoformat() if day else "")


# --- inside --------------------------------------------------------------------------------------------------


def _reply(node: LexborNode, chosen: dict[str, str], root: str, url: str) -> Entry:
    text = text_of(node, chosen.get("reply_text"))
    author, time = words(first(node, chosen.get("reply_author"))), written(first(node, chosen.get("reply_time")))
    if not time and (found := CLOCK.search(words(node))):
        time = found[0]
    own = node.attributes.get("id") or node.attributes.get("data-id") or node.attributes.get("data-pid")
    own = own or hashlib.sha1(f"{author}\0{time}\0{text}".encode(), usedforsecurity=False).hexdigest()[:12]
    held = {"parent": root, "root": root, "kind": "comment", "url": url or None}
    return bodies.entry(native_id=f"{root}#{own}", text=text, author=author or None, time=time, **held)


def _title(tree: LexborHTMLParser, selector: str | None, listed: str | None) -> str | None:
    """By the selector; what the listing said in full; else the heading or the page's name without the site's."""
    if selector and (own := words(first(tree, selector))):
        return own
    if listed and not listed.rstrip().endswith(("…", "...", "..")):
        return listed
    metas = ("meta[name=ArticleTitle]", "meta[property='og:title']")
    for node in (first(tree, m) for m in metas):
        if node is not None and (content := (node.attributes.get("content") or "").strip()):
            return content
    name = words(first(tree, "title"))
    heading = max((words(h) for h in select(tree, "h1")), key=len, default="")
    if heading and (heading in name or not name):
        return heading
    parts = re.split(r"\s*[-_|–—]{1,2}\s*", name)
    return max(parts, key=len) or listed or None


def _origin(tree: LexborHTMLParser) -> str:
    for meta in ("meta[name=ContentSource]", "meta[name=source]", "meta[name=mediaid]"):
        node = first(tree, meta)
        if node is not None and (content := (node.attributes.get("content") or "").strip()):
            return re.sub(r"^来\s*源\s*[:：]\s*", "", content)[:40]
    found = ORIGIN.search(words(tree.body)[:20_000])
    return found[1] if found else ""
