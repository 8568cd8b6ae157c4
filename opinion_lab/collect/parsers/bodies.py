"""Bytes as they came -> text: unpacked up to a bound, decoded by what fits. No I/O, and nothing heavy."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

DECLARED = re.compile(rb"""^[\s\xef\xbb\xbf]*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.-]+)["']""")
META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.-]+)""", re.I)
#: How a text begins in an encoding of wider characters: its mark, or its first "<" (XML 1.0, appendix F).
STARTS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
    b"\x4c\x6f\xa7\x94": "cp037",
}
#: Bytes that are unpacked at a step, at least.
STEP = 1_000_000
#: What servers say of anything.
UNTRUE = ("", "iso-8859-1", "latin-1", "us-ascii", "windows-1252")


class Unreadable(ValueError):
    """These bytes are not what the source should give: `code` and `detail` as of a Fault."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


class TooLarge(ValueError):
    """There is more in it than the bound allows."""


class Broken(ValueError):
    """It is cut off, damaged, or packed in a way that is not known here."""


def inflated(body: bytes, codings: Sequence[str], limit: int) -> bytes:
    """A body without its codings (names of Content-Encoding), the last first, in steps; never more than `limit` bytes.

    Raises TooLarge or Broken.
    """
    for coding in reversed(codings):
        if coding in ("", "identity"):
            continue
        if coding not in ("gzip", "x-gzip", "deflate"):
            raise Broken(coding[:20])
        # what is called deflate is zlib's format (RFC 9110 8.4.1.2), from some servers without its header
        bits = 31 if coding != "deflate" else 15 if body[:1] == b"\x78" else -15
        out = bytearray()
        try:
            while body.strip(b"\0"):  # several in a row are one; the last may be filled up
                stream = zlib.decompressobj(bits)
                while not stream.eof:
                    out += (some := stream.decompress(body, max(STEP, len(body))))
                    body = stream.unconsumed_tail
                    if len(out) > limit:
                        raise TooLarge
                    if not some and not body and not stream.eof:
                        raise Broken(coding)
                body = stream.unused_data if bits == 31 else b""
        except zlib.error:
            raise Broken(coding) from None
        body = bytes(out)
    return body


def decoded(body: bytes, charset: str | None = None) -> str:
    """By the first bytes, the HTTP header, the declaration, else UTF-8 or GB18030: the first that fits."""
    for mark, codec in STARTS.items():
        if body.startswith(mark):
            return body.decode(codec, "replace")
    declared = DECLARED.match(body[:400]) or META.search(body[:4000])
    names = [charset or "", declared[1].decode() if declared else "", "utf-8", "gb18030"]
    if sum(byte > 127 for byte in body[:2000]) > 20:  # what reads as UTF-8 by chance is short
        names.insert(0, "utf-8")
    names = ["gb18030" if name.lower().startswith("gb") else name for name in names if name.lower() not in UNTRUE]
    for name in names:
        with suppress(UnicodeDecodeError, LookupError):
            return body.decode(name)
    beyond_ascii = len(body) - len(body.decode("ascii", "ignore"))
    for name in names:  # a few bytes are broken, or the last is half there
        with suppress(LookupError):
            if (text := body.decode(name, "replace")).count("\ufffd") * 10 <= max(beyond_ascii, 10):
                return text
    return body.decode("windows-1252", "replace")


#: What a page says that wants a person at the keyboard; looked for only where there is nothing else to read.
CAPTCHA = re.compile(
    r"人机(?:验证|识别)|安全验证|滑[动块].{0,8}验证|验证码|请完成.{0,10}验证|访问(?:过于|太)频繁|异常(?:访问|流量)"
    r"|captcha|geetest|are you a robot|checking your browser|just a moment",
    re.I,
)


def unreadable(text: str, code: str, detail: str = "") -> Unreadable:
    """What to raise of a body in which nothing was there: `captcha` where it asks for one, empty_body, else `code`."""
    if not text.strip():
        return Unreadable("empty_body")
    return Unreadable("captcha") if len(text) < 50_000 and CAPTCHA.search(text) else Unreadable(code, detail)


def entry(**said: Any) -> dict[str, Any]:
    """An entry: what a source says of one thing, as given; what it does not say is None, a time ""."""
    blank = dict.fromkeys(("native_id", "title", "url", "author", "text"))
    return {**blank, "time": "", **{k: v for k, v in said.items() if v is not None}}
