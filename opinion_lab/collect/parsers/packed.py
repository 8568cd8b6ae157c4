"""What is packed, unpacked up to a bound: gzip and deflate, one within another. No I/O."""

from __future__ import annotations

import zlib
from collections.abc import Sequence


class TooLarge(ValueError):
    """There is more in it than the bound allows."""


class Broken(ValueError):
    """It is cut off, damaged, or packed in a way that is not known here."""


def inflated(body: bytes, codings: Sequence[str], limit: int) -> bytes:
    """A body without its codings (names of Content-Encoding), the last first; never more than `limit` bytes at a step.

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
                out += stream.decompress(body, limit + 1 - len(out))
                if len(out) > limit:
                    raise TooLarge
                if not stream.eof:
                    raise Broken(coding)
                body = stream.unused_data if bits == 31 else b""
        except zlib.error:
            raise Broken(coding) from None
        body = bytes(out)
    return body
