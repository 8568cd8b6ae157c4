"""A local web of all kinds of source, good and bad, that grows while it is visited; what it holds is known.

`Site.tick` is the hour of a simulated week. Every good source says its items in its own shape; each item carries a
number of its own, `item 3 of npage-2`, by which it is counted in the lab.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import socketserver
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

START = datetime(2026, 9, 7, 0, tzinfo=UTC)
#: A new item comes every so many hours; a listing shows so many.
EVERY, SHOWN = 5, 12
TEXT = "执法人员到现场检查了进货台账和后厨环境，抽检结果将在七个工作日内公布，消费者可拨打12315反映。"


def item(source: str, n: int) -> dict[str, Any]:
    """Item n of a source: its title, its text, and when it appeared (local time)."""
    at = START + timedelta(hours=EVERY * n + 8)  # as clocks show it in China
    return {
        "n": n,
        "title": f"某县{source}第{n}号通报",
        "text": f"{source}第{n}号。{TEXT}",
        "at": f"{at:%Y-%m-%d %H:%M}",
    }


def newest(source: str, tick: int) -> list[dict[str, Any]]:
    """What a listing shows at an hour, newest first."""
    last = tick // EVERY
    return [item(source, n) for n in range(last, max(last - SHOWN, -1), -1)]


def page(title: str, body: str) -> str:
    return f"<!doctype html><html><head><meta charset='utf-8'><title>{title}</title></head><body>{body}</body></html>"


# --- good sources: path of the source -> its answer ----------------------------------------------------------


def rss(source: str, tick: int, base: str) -> str:
    inside = "".join(
        f"<item><guid>{source}-{i['n']}</guid><title>{i['title']}</title><link>{base}/{source}/{i['n']}</link>"
        f"<description>{i['text']}</description><pubDate>{i['at']}</pubDate></item>"
        for i in newest(source, tick)
    )
    return f'<rss version="2.0"><channel><title>t</title>{inside}</channel></rss>'


def json_feed(source: str, tick: int, base: str) -> str:
    items = [
        {"id": f"{source}-{i['n']}", "title": i["title"], "content_text": i["text"], "date_published": i["at"]}
        for i in newest(source, tick)
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": items})


def newsnow(source: str, tick: int, base: str) -> str:
    items = [
        {
            "id": i["title"],
            "title": i["title"],
            "url": f"{base}/{source}/{i['n']}",
            "extra": {"info": f"{i['n']}万热度"},
        }
        for i in newest(source, tick)
    ]
    return json.dumps({"status": "cache", "id": source, "updatedTime": "now", "items": items})


def dailyhot(source: str, tick: int, base: str) -> str:
    data = [
        {"id": i["n"], "title": i["title"], "hot": 1000 - n, "url": f"{base}/{source}/{i['n']}", "mobileUrl": ""}
        for n, i in enumerate(newest(source, tick))
    ]
    about = {"code": 200, "name": source, "title": "榜", "type": "热榜", "total": len(data), "fromCache": True}
    return json.dumps(about | {"updateTime": "2026-09-07T00:00:00.000Z", "data": data})


def messages(source: str, tick: int, base: str) -> str:
    """A regulator's message board: answered after a day, then said so."""
    last = tick // EVERY
    data = []
    for i in newest(source, tick):
        answered = i["n"] <= last - 5
        about = {"zj": f"{source}-{i['n']}", "lybt": i["title"], "lynr": i["text"], "lysj": i["at"]}
        about |= {"zt": "已办理" if answered else "待回复", "clyj": f"答复{source}第{i['n']}号" if answered else ""}
        data.append(about | {"pubtime": i["at"] if answered else None})
    return json.dumps({"code": 0, "data": {"data": data, "total": 999}})


def listing(source: str, tick: int, base: str) -> str:
    rows = "".join(
        f'<li><a href="{i["n"]}.html" title="{i["title"]}">{i["title"]}</a><span>{i["at"][:10]}</span></li>'
        for i in newest(source, tick)
    )
    menu = "".join(f'<li><a href="/{w}">{w}</a></li>' for w in ("首页", "机构", "政务公开", "互动交流"))
    return page(source, f'<ul class="menu">{menu}</ul><div class="main"><ul class="list">{rows}</ul></div>')


def article(source: str, n: int, tick: int) -> str:
    i = item(source, n)
    paragraphs = "".join(f"<p>{i['text']}</p>" for _ in range(4))
    about = f'<h1>{i["title"]}</h1><div class="info">时间：{i["at"]} 来源：某县融媒</div>'
    return page(
        f"{i['title']}-某县政府网", f'<div class="menu">首页 &gt; 要闻</div>{about}<div class="text">{paragraphs}</div>'
    )


def thread(source: str, n: int, tick: int) -> str:
    """A thread whose replies come later, one every ten hours, three in all."""
    i = item(source, n)
    replies = "".join(
        f'<div class="reply" id="r{r}"><b>网友{r}</b><i>{i["at"]}</i><p>{i["title"]}的第{r}条回帖</p></div>'
        for r in range(min(3, (tick - EVERY * n) // 10))
    )
    main = f'<div class="main"><b>楼主</b><p>{i["text"]}</p></div>'
    return page(i["title"], f"<h1>{i['title']}</h1><div class='time'>{i['at']}</div>{main}{replies}")


def replies(source: str, tick: int) -> list[str]:
    """What has been replied in all threads of a forum by an hour."""
    numbers = range(tick // EVERY + 1)
    return [
        f"{item(source, n)['title']}的第{r}条回帖" for n in numbers for r in range(min(3, (tick - EVERY * n) // 10))
    ]


def sitemap(source: str, tick: int, base: str) -> str:
    urls = "".join(
        f"<url><loc>{base}/{source}/{i['n']}.html</loc><lastmod>{i['at'].replace(' ', 'T')}:00+08:00</lastmod></url>"
        for i in newest(source, tick)
    )
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'


GOOD: dict[str, tuple[Callable[[str, int, str], str], str]] = {
    "rss": (rss, 'kind = "feed"'),
    "jsonfeed": (json_feed, 'kind = "feed"'),
    "newsnow": (newsnow, 'kind = "board"'),
    "dailyhot": (dailyhot, 'kind = "board"'),
    "messages": (
        messages,
        'kind = "json"\npost_kind = "complaint"\npost = { page = "{page}", size = 12 }\nlist = "data.data"\n'
        '[source.fields]\nnative_id = "zj"\ntitle = "lybt"\ntext = "lynr"\npublished_at = "lysj"\nstate = "zt"\n'
        'answer = "clyj"\nanswer_time = "pubtime"',
    ),
    "selected": (
        listing,
        'kind = "page"\n[source.listing]\nitem = "ul.list li"\ntime = "span"\n'
        '[source.article]\ntext = "div.text"\ntime = "div.info"',
    ),
    "guessed": (listing, 'kind = "page"'),
    "sitemap": (sitemap, 'kind = "sitemap"'),
    "forum": (
        listing,
        'kind = "forum"\n[source.listing]\nitem = "ul.list li"\n[source.article]\ntext = "div.main p"\n'
        'time = "div.time"\nreply = "div.reply"\nreply_author = "b"\nreply_time = "i"\nreply_text = "p"',
    ),
}
# --- bad ones: what they do, and the state that they are to be told by ----------------------------------------

BOMB = gzip.compress(b"\0" * 30_000_000)
ENTITIES = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {c} "{f"&{p};" * 10}">' for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


def bad(name: str, request: Handler) -> None:
    """Answer as a source that ails."""
    if name == "stall":
        time.sleep(10)
    elif name == "drip":
        request.head(200, 100_000)
        for _ in range(100):
            request.wfile.write(b"<")
            request.wfile.flush()
            time.sleep(0.1)
    elif name == "reset":
        request.connection.shutdown(socket.SHUT_RDWR)
    elif name == "bomb":
        request.say(BOMB, headers={"content-encoding": "gzip"})
    elif name == "entities":
        request.say(f"{ENTITIES}]><rss version='2.0'><channel><item><title>&i;</title></item></channel></rss>")
    elif name == "loop":
        request.say("", 302, {"location": "/loop"})
    elif name == "inside":
        request.say("", 302, {"location": "http://169.254.169.254/latest"})
    elif name == "empty":
        request.say("")
    elif name == "captcha":
        request.say(page("安全验证", "<form>请完成下方验证<input name='captcha'></form>"))
    elif name.startswith("status-"):
        code = int(name.rpartition("-")[2])
        request.say("no", code, {"retry-after": "7200"} if code == 429 else {})
    elif name == "changed":  # items on the first day, another shape from the second
        request.say(listing(name, request.site.tick, "") if request.site.tick < 24 else page("改版", "<p>全新改版</p>"))
    elif name == "noitems":
        request.say('{"code": 200, "data": {"rows": 1}}')


BAD = {
    **{
        "stall": "failed deadline",
        "drip": "failed deadline",
        "reset": "failed unreachable",
        "bomb": "failed too_large",
    },
    **{"entities": "", "loop": "failed redirects", "inside": "failed private", "empty": "failed empty_body"},
    **{"captcha": "closed captcha", "status-401": "closed closed", "status-403": "closed closed"},
    **{"status-404": "failed status", "status-429": "failed busy", "status-503": "failed status"},
    **{"changed": "changed shape_changed", "noitems": "failed no_list", "robots": "closed robots"},
}
SETTINGS = {"captcha": 'kind = "page"', "changed": 'kind = "page"\n[source.listing]\nitem = "ul.list li"'}
SETTINGS |= {"noitems": 'kind = "json"\nlist = "data.list"\n[source.fields]\ntitle = "title"'}


# --- the server ----------------------------------------------------------------------------------------------


class Site(ThreadingHTTPServer):
    """The web: `tick` is its hour, `hits` what was asked of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("0.0.0.0", 0), Handler)
        self.tick = 0
        self.hits: list[tuple[int, str]] = []
        Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Those who hang up are no fault of the test's."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    @property
    def site(self) -> Site:
        assert isinstance(self.server, socketserver.BaseServer)
        return self.server  # type: ignore[return-value]

    def do_GET(self) -> None:
        name, _, rest = self.path.strip("/").partition("/")
        self.site.hits.append((self.site.tick, self.path))
        if name == "robots.txt":
            self.say("User-agent: *\nDisallow: /robots/\n")
        elif name in BAD and name != "robots" and not rest.endswith("html"):
            bad(name, self)
        elif found := re.fullmatch(r"(\d+)\.html", rest):
            kind = thread if name.startswith("forum") else article
            self.tagged(kind(name, int(found[1]), self.site.tick))
        elif (kind_ := name.rstrip("0123456789-")) in GOOD:
            self.tagged(GOOD[kind_][0](name, self.site.tick, f"http://{self.headers['host']}"))
        else:
            self.say("", 404)

    do_POST = do_GET

    def tagged(self, text: str) -> None:
        tag = f'"{hash(text)}"'
        if self.headers.get("if-none-match") == tag:
            self.say("", 304, {"etag": tag})
        else:
            self.say(text, headers={"etag": tag})

    def head(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("content-length", str(length))
        self.end_headers()

    def say(self, body: str | bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.head(status, len(raw), headers)
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


def settings(port: int, good: int, bad: Iterable[str] = BAD) -> str:
    """lab.toml of a lab that visits `good` sources of each good kind and the bad ones, each at its own address."""
    sources = {f"{kind}-{n}": GOOD[kind][1] for kind in GOOD for n in range(good)}
    sources |= {name: SETTINGS.get(name, 'kind = "feed"') for name in bad}
    text = "[collect]\nseconds_between = 0.0\ntimeout_seconds = 8\nmax_mb = 2\n"
    for n, (name, how) in enumerate(sources.items(), 2):
        kind, _, rest = how.partition("\n")
        text += f'[[source]]\nid = "{name}"\nurl = "http://127.0.0.{n}:{port}/{name}/"\nplatform = "测试"\ntier = "A"\n'
        text += f"allow_private = true\n{kind}\n{rest}\n"
    return text
