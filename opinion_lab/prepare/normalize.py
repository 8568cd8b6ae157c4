"""Text as it came -> text for reading, and text for comparing.

Every function takes a String series and returns one of the same length; null stays null. A cheap test finds the rows
that need work (three in a hundred of real posts), so clean text costs one look.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import cache

import opencc
import polars as pl

# Full-width ASCII becomes half width, except what Chinese readers expect to be wide: ，！？：；（）～; and except
# ＜＞＆, which would turn a title in brackets into a tag and literal text into an entity.
_WIDE = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F) if chr(c) not in "，！？：；（）～＜＞＆"}
# Characters that draw nothing: zero width, direction marks, fillers, variation selectors and keycap frames, tags.
INVISIBLE = (
    r"\u{00AD}\u{034F}\u{061C}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{180B}-\u{180E}\u{200B}-\u{200F}\u{202A}-\u{202E}"
    r"\u{2060}-\u{206F}\u{20E3}\u{2800}\u{3164}\u{FE00}-\u{FE0F}\u{FEFF}\u{FFA0}\u{FFF9}-\u{FFFB}\u{E0000}-\u{E01EF}"
)
_PICTURE = r"[\p{Extended_Pictographic}\x{1F3FB}-\x{1F3FF}]"
_CONTROL = r"\x00-\x08\x0E-\x1F\x7F-\x84\x86-\x9F"
_NEWLINES = r"\n\r\x0B\x0C\x85\u{2028}\u{2029}"
_WIDE_CLASS = "".join(re.escape(c) for c in _WIDE)
_SPACES = r"\t\u{A0}\u{1680}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}"
_UNTIDY = rf"[<&{_CONTROL}{_SPACES}{_NEWLINES}{INVISIBLE}{_WIDE_CLASS}]|^ | $|  "

_ATTRIBUTES = r"""(?:[\s/](?:"[^"<]*"|'[^'<]*'|[^<>"'])*|[\s/][^<>]*)?"""
_BLOCK = (
    "p|div|br|li|ul|ol|tr|table|tbody|thead|h[1-6]|section|article|header|footer|blockquote|pre|hr|dl|dt|dd|title|"
    "option|select|form|center|figure|figcaption|nav|aside|main|body|html|head|caption|fieldset"
)
# A name list, not any word in angle brackets: people write <Wild at heart> and o>_<o.
_INLINE = (
    "a|abbr|audio|b|bdo|big|button|canvas|cite|code|col|colgroup|del|dfn|em|embed|font|frame|i|iframe|img|input|ins|"
    "kbd|label|legend|link|map|mark|meta|noscript|object|param|q|s|samp|script|small|source|span|strike|strong|style|"
    r"sub|summary|sup|svg|td|template|textarea|th|tt|u|var|video|wbr|path|[a-z][a-z0-9]*[:-][a-z0-9:-]*"
)
_TAGS = (
    (r"(?is)<script\b[^>]*>.*?</script\s*>", " "),
    (r"(?is)<style\b[^>]*>.*?</style\s*>", " "),
    (r"(?s)<!--.*?-->", ""),
    (r"(?s)<!\[CDATA\[(.*?)\]\]>", "$1"),
    (r"""(?i)<img\b[^<>]*?\balt\s*=\s*["']?(\[[^\[\]<>"']{1,12}\])["']?[^<>]*>""", "$1"),  # emoticons
    (rf"(?i)</?(?:{_BLOCK}){_ATTRIBUTES}>", "\n"),
    (r"(?i)<(?:td|th)" + _ATTRIBUTES + ">", " "),
    (rf"(?i)</?(?:{_INLINE}){_ATTRIBUTES}>", ""),
    (r"(?i)<!doctype[^>]*>|<\?xml[^>]*\?>|<!\[(?:end)?if[^\]]*\]>", ""),
    (r"(?i)<(?:a|img|font|span|p|div|td|table)\s+[a-z-]+\s*=[^<>]*$", ""),  # cut off in the middle
)
# The closing semicolon is asked for: ?a=1&copy=2 is a link, not ©. Only &nbsp is often met without.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&nbsp")
_ENTITY_ROUNDS = 3  # &amp;amp;nbsp; is met; more than three layers are somebody's joke


def strip(s: pl.Series) -> pl.Series:
    """Text for reading: no HTML, no entities, ASCII at half width, nothing invisible, tidy space.

    Paragraphs stay apart by one newline; runs of other white space become one space. Chinese punctuation, emoticons
    like [泪], links and the script (Simplified, Traditional) stay as written. A second time changes nothing.
    """
    return where(s, s.str.contains(_UNTIDY), _tidy)


def _tidy(s: pl.Series) -> pl.Series:
    s = where(s, s.str.contains(r"<[A-Za-z/!?]|&[#A-Za-z]"), _without_html)
    s = where(s, s.str.contains(rf"[{_WIDE_CLASS}]"), lambda rows: rows.str.replace_many(_WIDE))
    # what joins several pictures to one sign is kept: 👨‍👩‍👧, ❤️‍🔥
    joined = s.str.contains(rf"{_PICTURE}[\x{{200D}}\x{{FE0F}}]").fill_null(False)
    if joined.any():
        s = where(s, joined, lambda rows: rows.str.replace_all(rf"({_PICTURE})\x{{FE0F}}", "${1}\ue000"))
        s = where(s, joined, lambda rows: rows.str.replace_all(rf"({_PICTURE}\x{{E000}}?)\x{{200D}}", "${1}\ue001"))
    s = s.str.replace_all(rf"[{_CONTROL}{INVISIBLE}]+", "")
    if joined.any():
        s = where(s, joined, lambda rows: rows.str.replace_many({"\ue000": "\ufe0f", "\ue001": "\u200d"}))
    return (
        s.str.replace_all(rf"[\s--{_NEWLINES}]+", " ").str.replace_all(rf" ?[{_NEWLINES}]\s*", "\n").str.strip_chars()
    )


def _without_html(s: pl.Series) -> pl.Series:
    for _ in range(_ENTITY_ROUNDS):
        for pattern, by in _TAGS:
            s = s.str.replace_all(pattern, by)
        coded = s.str.contains(r"&(?:#[xX]?[0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;|nbsp)")
        if not coded.any():
            break
        # decoding can lay a further tag or entity bare: &lt;br&gt;, &amp;nbsp;
        s = where(s, coded, lambda rows: pl.Series([_ENTITY.sub(_decoded, t) for t in rows.to_list()], dtype=pl.String))
    return s


def _decoded(found: re.Match[str]) -> str:
    return " " if found[0] == "&nbsp" else html.unescape(found[0])


# --- 转发 chains ---------------------------------------------------------------------------------------------

NAME = r"(?:u/\d+|[^\s@:：/|,，。;；!！?？()（）\[\]【】《》“”\"<>、#]{1,30})"
_FORWARD = re.compile(
    rf"\s*(?://|\|\||\\/\\/)\s*@({NAME})(?:\s?[(（]@?[\w-]+[)）])?(?:\s*[:：]|(?=\s)|$|(?=//))"
    rf"|\s*(?:(?<![A-Za-z])(?:RT|rt|Rt|via)|转发?自?)\s*@({NAME})\s*[:：]"
)
_REPLY = re.compile(rf"\s*(?:回复|回覆|Reply to|reply to)\s*@({NAME})\s*[:：]")
_BARE = r"(?i)^\s*(?:转发此?微博|轉發此?微博|快转微博|转发|轉發|repost(?:ed)?|轉發了|转发了)[\s。.]*$"
_BARE_ROW = re.compile(_BARE)


def unfold(s: pl.Series) -> pl.DataFrame:
    """What the writer added, what was forwarded, and through whom: columns own, quoted, names.

    `真的？//@甲：说了//@乙：原文` gives own `真的？`, quoted `说了` and `原文` on a line each, names [甲, 乙], nearest
    first. The name in `回复@甲：` counts as nearest. A bare 转发微博 adds nothing: own is "". No chain: quoted null,
    names empty. A name cut off at the end of the text is not taken for a name.
    """
    own = where(s, s.str.contains(_BARE), lambda rows: pl.Series([""] * len(rows), dtype=pl.String))
    mask = s.str.contains(r"//\s*@|\|\|\s*@|\\/\\/\s*@|(?i:rt|via|转|转发|转自|回复|回覆|reply to)\s*@").fill_null(
        False
    )
    done = [_unfolded(t) for t in s.filter(mask)]
    return pl.DataFrame(
        {
            "own": where(own, mask, lambda _: pl.Series([u[0] for u in done], dtype=pl.String)),
            "quoted": _scattered(mask, pl.Series([None, *(u[1] for u in done)], dtype=pl.String)),
            "names": _scattered(mask, pl.Series([[], *(u[2] for u in done)], dtype=pl.List(pl.String))),
        }
    )


def _unfolded(text: str) -> tuple[str, str | None, list[str]]:
    names: list[str] = []
    voices: list[str] = []
    start, through = 0, None
    for found in (*_FORWARD.finditer(text), None):
        voice = text[start : found.start() if found else len(text)]
        if through is not None and (not names or names[-1] != through):
            names.append(through)  # 回复@甲：…//@甲：… names the same person twice
        if reply := _REPLY.match(voice):
            voice = voice[reply.end() :]
            if not names or names[-1] != reply[1]:
                names.append(reply[1])
        voices.append("" if _BARE_ROW.match(voice) else " ".join(voice.split()) if voices else voice.strip())
        if found:
            start, through = found.end(), found[1] or found[2]
            if found.end() == len(text) and text[-1] not in ":：":
                through = None  # `…//@某` at the limit of 140 characters: perhaps half a name
    return voices[0], "\n".join(v for v in voices[1:] if v) or None, names


# --- for comparing -------------------------------------------------------------------------------------------

LINK = r"(?i)(?:https?|ftp):/?/?[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*|\bwww\.[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+|\bt\.cn/\w+"
_ABSENT = (
    rf"{LINK}|(?:回复|回覆|//)?@[\w·-]{{1,30}}[:：]?|\[[\p{{Han}}A-Za-z0-9]{{1,8}}\]|(?:转发|轉發|快转)此?微博|网页链接"
)
# A bound on so large a class makes an expression slow; only where a name can be longer is it asked for.
_NAMES = _ABSENT.replace("{1,30}", "+")
_LONG_NAME = r"@[^\s@:：,，。.!！?？、;；“”()（）\[\]…~/]{31}"


def strip_links(s: pl.Series) -> pl.Series:
    """The text without its links; a link ends where Chinese begins."""
    return where(s, s.str.contains(LINK), lambda rows: rows.str.replace_all(LINK, " ").str.strip_chars())


def fold(s: pl.Series) -> pl.Series:
    """Text for comparing only: letters and digits in Simplified script and lower case, one space for all between.

    Links, @names, emoticons like [泪] (and redaction marks like [手机号]) and 转发微博 are left out; punctuation, emoji
    and space between two words become one space, so that no word is made of two sentences. Only marks: "".
    """
    s = simplify(strip(s))
    long, absent = s.str.contains(_LONG_NAME), s.str.contains(r"[@\[]|https?:|ftp:|www\.|t\.cn|微博|网页链接")
    s = where(s, absent & ~long, lambda rows: rows.str.replace_all(_NAMES, " "))
    s = where(s, long, lambda rows: rows.str.replace_all(_ABSENT, " "))
    return _words(s)


def as_written(folded_text: str, written: pl.Series) -> str:
    """Folded text with its Latin letters as most of the texts `written` have them: KTV, not ktv."""
    words = set(re.findall("[a-z]+", folded_text))
    forms = written.str.extract_all("(?i)[a-z]+").explode().drop_nulls() if words else written.clear()
    for word in words:
        if len(same := forms.filter(forms.str.to_lowercase() == word)):
            folded_text = re.sub(rf"(?<![a-z]){word}(?![a-z])", str(same.mode().sort()[0]), folded_text)
    return folded_text


def searchable(s: pl.Series) -> pl.Series:
    """Text for looking up what a reader sees in it: as `fold`, but of links alone nothing is left."""
    return _words(strip_links(simplify(strip(s))))


def _words(s: pl.Series) -> pl.Series:
    s = s.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(" ")
    return where(s, s.str.contains(r"\p{Lu}"), lambda rows: rows.str.to_lowercase())


#: What `folded` adds.
FOLDED = ("title_folded", "text_folded")


def folded(posts: pl.DataFrame) -> pl.DataFrame:
    """The posts with title and text folded beside them, "" for none; a frame that has them already is left alone.

    Copies, relevance and words all begin with it, so whoever asks for several of them folds once.
    """
    if set(FOLDED) <= {*posts.columns}:
        return posts
    return posts.with_columns(
        fold(posts[name].fill_null("")).alias(to) for name, to in zip(("title", "text"), FOLDED, strict=True)
    )


def simplify(s: pl.Series) -> pl.Series:
    """Traditional script to Simplified (OpenCC t2s), only in rows where a Traditional character stands."""
    return where(s, s.str.contains(f"[{traditional()}]|{_WORDS}"), _simplified)


def _simplified(rows: pl.Series) -> pl.Series:
    # OpenCC reads 坏 as an old form of 坯 (打坏 -> 打坯); in today's posts it is the Simplified 壞.
    kept = rows.str.replace_all("坏", "\x1f", literal=True).to_list()
    done = _converter().convert("\x1e".join(kept)).split("\x1e")
    if len(done) != len(kept):  # a text that holds the separator itself
        done = [_converter().convert(t) for t in kept]
    return pl.Series(done, dtype=pl.String).str.replace_all("\x1f", "坏", literal=True)


@cache
def simple(character: str) -> str:
    """One character in Simplified script."""
    return _converter().convert(character)


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


#: What OpenCC changes of characters that are Simplified too (瞭望, 慰藉, 覆盖, 沈阳): alone they prove nothing.
_WORDS = "瞭[解然如若]|[明了]瞭|藉[口此故由以助機着著]|[憑找]藉|[回反答重申函]覆|覆[信命函文]|沈[沒没船默積]|彷彿"


@cache
def traditional() -> str:
    """The characters that OpenCC changes, asked one by one of the dictionary that is installed."""
    ranges = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))
    asked = [chr(c) for first, last in ranges for c in range(first, last)]
    answers = _converter().convert("\n".join(asked)).split("\n")
    return "".join(a for a, b in zip(asked, answers, strict=True) if a != b)


# --- sentences -----------------------------------------------------------------------------------------------

# Half-width ? and ; also stand in links, a half-width stop also in numbers and Latin words.
_END = re.compile(
    r"(?:(?:[。！？!；…]|[?;](?![A-Za-z0-9=&%/_-])|(?<=[\u3400-\u9fff])\.(?![A-Za-z0-9]))+[”’」』）)】\"']*|\n)\s*"
)


def sentences(s: str) -> list[str]:
    """The sentences of a text, each with its closing mark; a line break ends one too. Empty text: none."""
    ends = [found.end() for found in _END.finditer(s)]
    cut = [s[a:b].strip() for a, b in zip([0, *ends], [*ends, len(s)], strict=True)]
    return [c for c in cut if c]


# --- rows that need work -------------------------------------------------------------------------------------


def where(s: pl.Series, mask: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`s` with `work` done on the rows of `mask` (null counts as no); the others are not touched."""
    mask = mask.fill_null(False)
    n = int(mask.sum())
    if not n:
        return s
    if n == len(s):
        return work(s).alias(s.name)
    done = work(s.filter(mask)).alias(s.name)
    take = pl.select(pl.when(mask).then(mask.cum_sum() + (len(s) - 1)).otherwise(pl.int_range(len(s)))).to_series()
    return pl.concat([s, done]).gather(take)


def _scattered(mask: pl.Series, values: pl.Series) -> pl.Series:
    """The first value where `mask` is false, the others in turn where it is true."""
    return values.gather(pl.select(pl.when(mask).then(mask.cum_sum()).otherwise(0)).to_series())
