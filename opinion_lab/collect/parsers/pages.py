"""Web pages -> entries: a listing, an article, a message with its answer, a thread with its replies. No I/O.

By CSS selectors where the source names them, else by what the page itself shows: the longest list of links, the text
that trafilatura extracts, the date of htmldate with the hour that stands beside it.
"""

from __future__ import annotations

import hashlib
import logging
import re
from datetime import date
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from opinion_lab.collect.parsers import bodies, json_lists

#: Characters of a page, entries of a listing, replies of a page, that are looked at.
MOST_TEXT, MOST_LINKS, MOST_REPLIES = 3_000_000, 2_000, 1_000
DAY = r"(20\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})"
DATE = re.compile(rf"(?<!\d){DAY}日?(?:\s*\d{{1,2}}[:时]\d{{2}}(?::\d{{2}})?)?(?!\d)")
CLOCK = re.compile(rf"(?<!\d){DAY}日?[\sT]*\d{{1,2}}[:时]\d{{2}}(?:分|(?::\d{{2}}))?")
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
#: What is no text of its own.
ASIDE = "script, style, noscript, template, iframe"
BLOCKS = re.compile(r"[ \t\u00a0\u3000]*\n\s*")
BESIDE = re.compile(r"^(?:发布|发表|留言|回复|答复|更新)?(?:于|时间|日期)?\s*[:：]\s*")
PLAIN = re.compile(r"-?[A-Za-z_][\w-]*")
Entry = dict[str, Any]
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it says of hostile pages what the outcome says
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def parse(body: bytes, *, charset: str | None = None, url: str = "", **selectors: str) -> list[Entry]:
    """The entries of an article or thread (see `article`) with `published_at`."""
    from opinion_lab.collect.parsers import entries

    return entries.dated(article(body, charset=charset, url=url, select=selectors), url)


def listing(
    body: bytes, *, charset: str | None = None, url: str = "", select: dict[str, str] | None = None
) -> list[Entry]:
    """Entries with url, title and time as given, in order; `more` marks the next page. Raises Unreadable (no_items).

    `select`: selectors of an item and, within it, of link, title and time; of the link to the next page.
    """
    chosen = select or {}
    text = bodies.decoded(body, charset)[:MOST_TEXT]
    tree = LexborHTMLParser(text)
    base = _base(tree, url)
    item = chosen.get("item") or guess(text, url)
    once: dict[str, Entry] = {}
    for node in _all(tree, item)[:MOST_LINKS] if item else ():
        anchor = _first(node, chosen.get("link") or "a[href]") if chosen.get("link") or node.tag != "a" else node
        link = _address(base, anchor)
        if anchor is None or not link:
            continue
        title = _words(_first(node, chosen["title"])) if chosen.get("title") else ""
        title = title or (anchor.attributes.get("title") or "").strip() or _words(anchor)
        if chosen.get("time"):
            time = _written(_first(node, chosen["time"]))
        else:
            beside = DATE.search(_words(node)) or DATE.search(_words(node.next) if node.tag == "a" else "")
            time = beside[0] if beside else ""
        once.setdefault(link, bodies.entry(native_id=link, url=link, title=title or None, time=time))
    if not once:
        raise bodies.unreadable(text, "no_items", chosen.get("item", ""))
    return [*once.values(), *_more(tree, base, chosen.get("next"))]


def article(
    body: bytes,
    *,
    charset: str | None = None,
    url: str = "",
    select: dict[str, str] | None = None,
    listed: dict[str, str | None] | None = None,
) -> list[Entry]:
    """An article, its official answer and its replies, an entry each; `more` marks the thread's next page.

    `listed`: what the listing said of it (native_id, title, time, root of a thread of which this is a further page).
    Raises Unreadable (no_text, captcha, empty_body) where there is nothing to read.
    """
    chosen, known = select or {}, listed or {}
    html = bodies.decoded(body, charset)[:MOST_TEXT]
    tree = LexborHTMLParser(html)
    replies = _all(tree, chosen.get("reply", ""))[:MOST_REPLIES]
    root = known.get("root") or known.get("native_id") or urldefrag(url).url
    made: list[Entry] = []
    if not known.get("root"):
        starter = replies.pop(0) if replies and not chosen.get("text") else None
        text = _text(starter, chosen.get("reply_text")) if starter else _main_text(tree, html, url, chosen.get("text"))
        title = _title(tree, chosen.get("title"), known.get("title"))
        if not text and not (title and len(html) > 500):
            raise bodies.unreadable(html, "no_text")
        if not text and bodies.CAPTCHA.search(title or ""):
            raise bodies.Unreadable("captcha")
        by = chosen.get("reply_author") if starter else chosen.get("author")
        author = _words(_first(starter or tree, by)) if by else _origin(tree)
        at = chosen.get("reply_time") if starter else chosen.get("time")
        time = _written(_first(starter or tree, at)) if at else moment(tree, html, url, known.get("time") or "")
        link = urldefrag(url).url or None
        made.append(bodies.entry(native_id=root, url=link, title=title, text=text, author=author or None, time=time))
    if answer := _text(_first(tree, chosen["answer"]), None) if chosen.get("answer") else "":
        who = _words(_first(tree, chosen.get("answer_author"))) or None
        made.append(json_lists.answered(root, answer, who, _written(_first(tree, chosen.get("answer_time")))))
    made += [_reply(node, chosen, root, url) for node in replies]
    return [*made, *_more(tree, _base(tree, url), chosen.get("next"))]


def moment(tree: LexborHTMLParser, html: str, url: str, listed: str = "") -> str:
    """When a page appeared, as written: what it says for programs, else the clock beside its date, else the listing's.

    A day that the listing names holds against one that is guessed.
    """
    named = {(m.attributes.get("name") or m.attributes.get("property") or m.attributes.get("itemprop") or "").lower(): m
             for m in _all(tree, "meta[content]")}  # fmt: skip
    said = [str(named[t].attributes["content"]) for t in TIMES if t in named]
    said += [m[1] for m in JSON_LD.finditer(html[:MOST_TEXT])][:1]
    said += [str(n.attributes["datetime"]) for n in _all(tree, "time[datetime]")[:1]]
    day = _day(listed) or next((d for s in said if (d := _day(s))), None)
    sure = [s for s in (*said, listed) if s and (_day(s) == day or day is None)]
    if clock := next((s for s in sure if re.search(r"\d[:时]\d\d", s)), ""):
        return clock
    if day is None:
        from htmldate import find_date

        guessed = find_date(html, original_date=True, url=url or None)
        day = _day(guessed or "")
    for written in CLOCK.finditer(_words(tree.body)[:20_000]):
        if day in (None, _day(written[0])):
            return written[0]
    return next(iter(sure), "") or (day.isoformat() if day else "")


def guess(html: str, url: str = "") -> str:
    """The selector of the entries of a page that is a listing: the links that stand alike and say most; "" for none."""
    tree = LexborHTMLParser(html)
    groups: dict[str, dict[str, int]] = {}
    site = urlsplit(url).hostname or ""
    for anchor in _all(tree, "a[href]")[: 2 * MOST_LINKS]:
        words, link = _words(anchor), _address(_base(tree, url), anchor)
        if len(words) < 6 or not link or (site and _domain(urlsplit(link).hostname or "") != _domain(site)):
            continue
        item = anchor
        while (above := item.parent) is not None and above.tag not in ("body", "html") and len(_all(above, "a")) == 1:
            item = above
        dated = 12 if DATE.search(_words(item)) else 0
        groups.setdefault(_path(item), {})[link] = min(len(words), 30) + dated
    best = max(groups, key=lambda p: sum(groups[p].values()), default="")
    return best if len(groups.get(best, ())) >= 3 else ""


# --- inside --------------------------------------------------------------------------------------------------


def _reply(node: LexborNode, chosen: dict[str, str], root: str, url: str) -> Entry:
    text = _text(node, chosen.get("reply_text"))
    author, time = _words(_first(node, chosen.get("reply_author"))), _written(_first(node, chosen.get("reply_time")))
    if not time and (written := CLOCK.search(_words(node))):
        time = written[0]
    own = node.attributes.get("id") or node.attributes.get("data-id") or node.attributes.get("data-pid")
    own = own or hashlib.sha1(f"{author}\0{time}\0{text}".encode(), usedforsecurity=False).hexdigest()[:12]
    held = {"parent": root, "root": root, "kind": "comment", "url": url or None}
    return bodies.entry(native_id=f"{root}#{own}", text=text, author=author or None, time=time, **held)


def _main_text(tree: LexborHTMLParser, html: str, url: str, selector: str | None) -> str:
    if selector:
        return "\n".join(filter(None, (_text(node, None) for node in _all(tree, selector))))
    from trafilatura import extract

    return extract(html, url=url or None, include_comments=False, include_tables=True) or ""


def _title(tree: LexborHTMLParser, selector: str | None, listed: str | None) -> str | None:
    """By the selector; what the listing said in full; else the heading or the page's name without the site's."""
    if selector and (own := _words(_first(tree, selector))):
        return own
    if listed and not listed.rstrip().endswith(("…", "...", "..")):
        return listed
    metas = ("meta[name=ArticleTitle]", "meta[property='og:title']")
    for node in (_first(tree, m) for m in metas):
        if node is not None and (content := (node.attributes.get("content") or "").strip()):
            return content
    name = _words(_first(tree, "title"))
    heading = max((_words(h) for h in _all(tree, "h1")), key=len, default="")
    if heading and (heading in name or not name):
        return heading
    parts = re.split(r"\s*[-_|–—]{1,2}\s*", name)
    return max(parts, key=len) or listed or None


def _origin(tree: LexborHTMLParser) -> str:
    for meta in ("meta[name=ContentSource]", "meta[name=source]", "meta[name=mediaid]"):
        node = _first(tree, meta)
        if node is not None and (content := (node.attributes.get("content") or "").strip()):
            return re.sub(r"^来\s*源\s*[:：]\s*", "", content)[:40]
    found = ORIGIN.search(_words(tree.body)[:20_000])
    return found[1] if found else ""


def _more(tree: LexborHTMLParser, base: str, selector: str | None) -> list[Entry]:
    link = _address(base, _first(tree, selector)) if selector else ""
    return [bodies.entry(native_id=link, url=link, more=True)] if link else []


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = _first(tree, "base[href]")
    return _joined(url, node.attributes.get("href") or "") if node is not None else url


def _address(base: str, node: LexborNode | None) -> str:
    href = ((node.attributes.get("href") if node is not None else "") or "").strip()
    link = urldefrag(_joined(base, href)).url if href and not href.startswith("#") else ""
    return link if link.startswith(("http://", "https://")) else ""


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:  # [ without its ]
        return ""


def _all(node: LexborHTMLParser | LexborNode, selector: str) -> list[LexborNode]:
    try:
        return node.css(selector) if selector else []
    except (ValueError, RuntimeError):
        raise bodies.Unreadable("selector", selector) from None


def _first(node: LexborHTMLParser | LexborNode | None, selector: str | None) -> LexborNode | None:
    return next(iter(_all(node, selector)), None) if node is not None and selector else None


def _words(node: LexborNode | None) -> str:
    """The words of a node in one line."""
    if node is None:
        return ""
    return " ".join(node.text(separator=" ").split())


def _written(node: LexborNode | None) -> str:
    """The time that a node says, without what stands beside it."""
    words = _words(node)
    found = CLOCK.search(words) or DATE.search(words)
    return found[0] if found else BESIDE.sub("", words)


def _text(node: LexborNode | None, selector: str | None) -> str:
    """The text of a node, a block a line, without scripts."""
    node = _first(node, selector) if selector else node
    if node is None:
        return ""
    copy = LexborHTMLParser(node.html or "")
    for aside in copy.css(ASIDE):
        aside.decompose()
    for block in copy.css("br, p, div, li, tr, h1, h2, h3, h4"):
        block.insert_before("\n")
    return BLOCKS.sub("\n", copy.body.text() if copy.body else "").strip()


def _path(node: LexborNode) -> str:
    """A selector of what stands where this node stands: its tag, and those of the two above it with their classes."""
    parts = [node.tag or ""]
    above = node.parent
    while above is not None and above.tag not in ("body", "html", None) and len(parts) < 3:
        names = [c for c in (above.attributes.get("class") or "").split() if PLAIN.fullmatch(c)]
        parts.append(f"{above.tag}.{names[0]}" if names else str(above.tag))
        above = above.parent
    return " > ".join(reversed(parts))


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-3:]) if host.endswith(".cn") else ".".join(host.split(".")[-2:])


def _day(text: str) -> date | None:
    found = re.search(DAY, text)
    compact = re.match(r"(20\d\d)(\d\d)(\d\d)(?!\d{3})", text) if not found else None
    parts = (found or compact).groups()[:3] if found or compact else ()  # type: ignore[union-attr]
    try:
        return date(*map(int, parts)) if parts else None
    except ValueError:
        return None
