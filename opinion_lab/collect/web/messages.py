"""What is asked of a host and what it answers. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

Endpoint = tuple[str, int]


@dataclass(frozen=True)
class Answer:
    """What a source answered. `body` is empty for 304 (unchanged); `url` holds neither user name nor password.

    `moved_to`: where the source says that it has moved for good.
    """

    status: int
    body: bytes
    url: str
    etag: str | None = None
    last_modified: str | None = None
    charset: str | None = None
    moved_to: str | None = None


@dataclass(frozen=True)
class Form:
    """What is sent by POST."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class Redirect:
    """Where an answer leads to instead."""

    to: str
    status: int


@dataclass(frozen=True)
class Request:
    """`inside`: the host and port that may lie in the own network; `own`: a service of the bureau's own there."""

    headers: dict[str, str]
    inside: Endpoint | None
    form: Form | None = None
    own: bool = False
