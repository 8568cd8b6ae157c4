"""One utterance of the invented county, and the words in which the script speaks of time and volume."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

WEIBO, VIDEO, WECHAT, FORUM, NEWS, HOTLINE = "微博", "短视频", "微信公众号", "贴吧论坛", "新闻网站", "12345工单"


@dataclass(eq=False)
class Row:
    """One utterance; times are local. `own` is the text without the 转发 chain, `pull` how much it draws."""

    at: datetime
    platform: str
    kind: str = ""
    author: str = ""
    author_kind: str = "person"
    title: str | None = None
    text: str = ""
    own: str = ""
    native_id: str = ""
    parent: Row | None = None
    root: Row | None = None
    copy: Row | None = None
    edited: bool = False
    traditional: bool = False
    key: str | None = None
    story: str | None = None
    topic: str = ""
    line: str | None = None
    demand: str | None = None
    spam: bool = False
    pull: float = 1.0
    region: str | None = None
    phone: str = ""
    likes: int | None = None
    reposts: int | None = None
    comments: int | None = None
    views: int | None = None
    planted: list[tuple[str, str]] = field(default_factory=list)


def when(local: str) -> datetime:
    """A time of the script."""
    return datetime.fromisoformat(local)


def curve(plot: dict[str, Any], hours: np.ndarray) -> np.ndarray:
    """The designed level of a story at `hours` after its first post; between the knots as on a logarithmic scale."""
    knots = np.array(plot["curve"], float)
    level = np.exp(np.interp(hours, knots[:, 0], np.log(knots[:, 1])))
    return np.where(hours > knots[-1, 0], 0.0, level)
