"""HTML that a page can trust: cleaned of what could run, put into the lab's script, with data that cannot escape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

TAGS = frozenset(
    re.findall(
        r"\w+",
        """a abbr b blockquote br caption code col colgroup dd details div dl dt em figcaption figure h3 h4 h5 hr i li
        mark ol p pre q s small span strong sub summary sup table tbody td tfoot th thead time tr u ul""",
    )
)
ATTRIBUTES = {
    "*": ["class", "lang", "title", "translate"],
    "a": ["href", "rel"],
    "td": ["colspan", "rowspan", "data-label"],
    "th": ["colspan", "rowspan", "scope"],
}
#: Text of these stays as it was written, whatever the lab's script.
UNTOUCHED = {"script", "style", "code", "pre"}
VOID = {"br", "hr", "img", "meta", "link", "col", "wbr", "input"}


def clean(markup: str) -> str:
    """HTML from a cell with everything taken out that could run, load or pretend to be the page."""
    import bleach

    return bleach.clean(
        markup, tags=TAGS, attributes=ATTRIBUTES, protocols=["http", "https"], strip=True, strip_comments=True
    )


def data_block(value: Any, name: str) -> str:
    """JSON inside HTML: no sign in it can end the block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" class="{name}">{text}</script>'


def say_all(value: Any, say: Callable[[str], str]) -> Any:
    """Every text in a JSON value, in the lab's script."""
    if isinstance(value, str):
        return say(value)
    if isinstance(value, dict):
        return {k: say_all(v, say) for k, v in value.items()}
    return [say_all(v, say) for v in value] if isinstance(value, list) else value


def rescript(markup: str, say: Callable[[str], str]) -> str:
    """The same markup with its text nodes put into another script; every other byte stays as it is."""
    parser = _Rescript(say)
    parser.feed(markup)
    parser.close()
    return "".join(parser.out)


class _Rescript(HTMLParser):
    """`open` holds, for each open element, whether its text stays as it was written."""

    def __init__(self, say: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self.say, self.out, self.open = say, list[str](), list[bool]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        whole = self.get_starttag_text() or ""
        label = dict(attrs).get("data-label")
        self.out.append(whole.replace(label, self.say(label)) if label else whole)
        if tag not in VOID:
            self.open.append(tag in UNTOUCHED or ("translate", "no") in attrs or any(self.open[-1:]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.out.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.out.append(f"</{tag}>")
        if self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.out.append(data if any(self.open[-1:]) else self.say(data))

    def handle_entityref(self, name: str) -> None:
        self.out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.out.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.out.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.out.append(f"<!{decl}>")


def head(markup: str) -> dict[str, str]:
    """What a page says of itself in its meta tags: content by name."""
    parser = _Head()
    parser.feed(markup)
    return parser.said


class _Head(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and given.get("name"):
            self.said[str(given["name"])] = given.get("content") or ""
