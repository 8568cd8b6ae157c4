"""A trainee's side of a session, in the kernel of the notebook: it holds what the host gave out, and nothing else."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError, Settings
from opinion_lab.prepare import normalize
from opinion_lab.storage.search_index import SearchIndex

#: Where a kernel reads which session it was started for: the host's address, and who has which code (JSON).
ADDRESS, CODES = "OPINION_LAB_EXERCISE", "OPINION_LAB_EXERCISE_CODES"
SECONDS = 60


def trainee(who: str, settings: Settings) -> Trainee | None:
    """The trainee of the session that this process was started for; None where it was started for none."""
    address = os.environ.get(ADDRESS)
    codes = json.loads(os.environ.get(CODES, "{}"))
    return Trainee(address, codes.get(who, ""), who, settings) if address else None


class Trainee:
    """One trainee in a session. To the explorer it is the desk that posts lie on, at which nothing is decided."""

    def __init__(self, address: str, code: str, who: str, settings: Settings) -> None:
        self.who, self.settings = who, settings
        self._web = httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {code}"}, timeout=SECONDS, trust_env=False
        )
        self._folder = tempfile.TemporaryDirectory(prefix="opinion-lab-exercise-")
        self._index: SearchIndex | None = None

    def _ask(self, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        try:
            method = "GET" if body is None else "POST"
            answer = self._web.request(method, path, params={"who": self.who}, json=body)
        except httpx.HTTPError:
            raise LabError("连不上演练服务。开演练的窗口要一直开着；关掉了就重新运行那条命令，接着做。") from None
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise LabError(answer.text)
        if answer.status_code != httpx.codes.OK:
            raise LabError(f"演练服务不认这次请求（{answer.status_code}）。请关掉这一页，重新运行开演练的命令。")
        return answer.content

    def stage(self) -> dict[str, Any]:
        """What is to be seen now (see exercises.host)."""
        import orjson

        seen = orjson.loads(self._ask("/stage"))
        seen["at"] = datetime.fromisoformat(seen["at"])
        for said in seen["picture"]["answers"]:
            said["at"] = datetime.fromisoformat(said["at"])
        return dict(seen)

    def posts(self, *, around: bool = False) -> pl.DataFrame:
        """The posts (Post) that were there at the stage, or with others of those days; these are looked through."""
        posts = pl.read_parquet(io.BytesIO(self._ask("/around" if around else "/posts")))
        text = pl.concat_str("title", "text", "quoted", separator="\n", ignore_nulls=True)
        index = SearchIndex(Path(self._folder.name) / f"{posts.height}.sqlite", normalize.searchable)
        if not index.file.exists():
            index.put(posts.select("post_id", "published_at", text=text), "stage", "1")
        self._index = index
        return posts

    def check(self, text: str) -> pl.DataFrame:
        """Remarks on a draft (REMARK of judge.statements)."""
        import orjson

        from opinion_lab.judge.statements.checking import REMARK

        return pl.DataFrame(orjson.loads(self._ask("/check", {"text": text})), schema=REMARK)

    def submit(self, **decision: Any) -> None:
        """Hand a decision in; the next stage opens. Raises LabError for one that is not whole."""
        self._ask("/decide", decision)

    def debrief(self) -> str:
        """How it went, as HTML, once the session is over."""
        return self._ask("/debrief").decode()

    # --- what the explorer asks of a desk --------------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown."""
        return self.settings.zone

    def matching(self, query: str) -> pl.Series:
        """The numbers (post_id) of the posts that hold the words."""
        if self._index is None:
            return pl.Series("post_id", [], dtype=pl.String)
        return self._index.matching(query)

    def post_stories(self, since: Any = None, until: Any = None) -> pl.DataFrame:
        """No post has a story here: it would tell what came of it."""
        return schemas.empty(schemas.PostStory)

    def describe(self, posts: pl.DataFrame, post_stories: pl.DataFrame) -> pl.DataFrame:
        """Nothing: see `post_stories`."""
        return schemas.empty(schemas.Story)

    def decide(self, *_: Any, **__: Any) -> str:
        """Nothing is decided about a post of an exercise."""
        raise LabError("演练里不处理单条帖文。请在下面写这一站的决定。")
