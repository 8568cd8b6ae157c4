"""Web pages -> entries: a listing, an article, a message with its answer, a thread with its replies. No I/O."""

from typing import Any

from opinion_lab.collect.parsers.pages.articles import article as article
from opinion_lab.collect.parsers.pages.listings import (
    guessed as guessed,
    linked as linked,
    listing as listing,
)


def parse(body: bytes, *, charset: str | None = None, url: str = "", **selectors: str) -> list[dict[str, Any]]:
    """The entries of an article or thread (see `article`) with `published_at`."""
    from opinion_lab.collect.parsers import entries

    return entries.dated(article(body, charset=charset, url=url, selectors=selectors), url)
