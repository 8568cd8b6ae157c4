"""Levels that a person decided: written once, never changed, read back into the trail (`grading.confirm`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl

from opinion_lab.config import LabError
from opinion_lab.schemas import LEVELS
from opinion_lab.storage.store import Store

PREFIX = "confirmed/"
WRITTEN = {**{level: level for level in LEVELS}, **dict(zip("1234", LEVELS, strict=True))}
WRITTEN |= dict(zip(("I", "II", "III", "IV"), LEVELS, strict=True))
DECISION: dict[str, Any] = {
    "story_id": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "level": pl.String,
    "by": pl.String,
    "why": pl.String,
}


def record(store: Store, story_id: str, level: str, *, by: str, why: str = "", at: datetime, now: datetime) -> str:
    """Add a decision: at which hour `at` whose story was put at which level, by whom (a post, not a name will do).

    Returns the level as it is written. Raises LabError for a level or story that there cannot be.
    """
    given = WRITTEN.get(level.strip().upper().removesuffix("级"))
    if given is None:
        raise LabError(f"级别 {level!r} 看不懂，请写 {'、'.join(LEVELS)}，或 1 至 4。")
    if not story_id.startswith("s_"):
        raise LabError(f"事件要写编号（s_ 开头，见报告或 review 的提示），现在是 {story_id!r}。")
    if not by.strip():
        raise LabError("请用 --by 写明谁确认（写职务即可）。")
    told = {"story_id": story_id, "at": at.astimezone(UTC).isoformat(), "level": given, "by": by.strip(), "why": why}
    store.put_value(
        f"{PREFIX}{story_id}/{now.astimezone(UTC).isoformat(timespec='microseconds')}",
        json.dumps(told, ensure_ascii=False),
    )
    return given


def decisions(store: Store, story_id: str = "") -> pl.DataFrame:
    """The decisions about one story, or all, in order of writing: story_id, at, level, by, why."""
    told = [json.loads(value) for value in store.values(f"{PREFIX}{story_id}/" if story_id else PREFIX).values()]
    rows = [{**t, "at": datetime.fromisoformat(t["at"])} for t in told]
    return pl.DataFrame(rows, schema=DECISION)
