"""What was designed, as tables: the measure for everything that the lab finds in the invented county."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from opinion_lab import config
from tools.county.county import County
from tools.county.phrases import tables
from tools.county.rows import Row, curve, when

ZONE = ZoneInfo("Asia/Shanghai")
TIMES = frozenset(("published_at", "first_at", "last_at", "second_rise_at", "start", "end", "at", "due", "done"))
WHOLE = frozenset(("n_posts", "n", "hours", "best_rank"))
FLAGS = frozenset(("edited", "traditional", "is_spam", "correct"))
Span = tuple[str, datetime, datetime]


@dataclass(frozen=True)
class Truth:
    """What was designed, table by table; the columns are in the docstring of `tools.county`."""

    posts: pl.DataFrame
    stories: pl.DataFrame
    phases: pl.DataFrame
    statements: pl.DataFrame
    demands: pl.DataFrame
    clocks: pl.DataFrame
    planted: pl.DataFrame
    holes: pl.DataFrame
    board: pl.DataFrame


def read_truth(path: Path = config.PACKAGE / "demo" / "truth.zip") -> Truth:
    """The packed truth, typed; by default that of the county that ships."""
    frames = {}
    with zipfile.ZipFile(path) as packed:
        for f in fields(Truth):
            frame = pl.read_csv(packed.read(f"{f.name}.csv"), infer_schema=False)
            frames[f.name] = frame.with_columns(
                *(pl.col(c).str.to_datetime(time_zone="UTC", time_unit="us") for c in frame.columns if c in TIMES),
                *(pl.col(c).cast(pl.Int64) for c in frame.columns if c in WHOLE),
                *((pl.col(c) == "true").alias(c) for c in frame.columns if c in FLAGS),
            )
    return Truth(**frames)


def of(county: County) -> Truth:
    """The truth about a county."""
    spans = {p["story"]: _phases(p, _first(county, p["story"]).at, county.end) for p in county.script["story"]}
    hole = county.script["hole"]
    return Truth(
        posts=_frame([_post(r, spans) for r in county.rows]),
        stories=_frame([_story(county, p, spans[p["story"]]) for p in county.script["story"]]),
        phases=_frame([{"story": s, "phase": p, "start": a, "end": b} for s in spans for p, a, b in spans[s]]),
        statements=_frame([_statement(county, e) for e in county.script["event"] if e["kind"] == "statement"]),
        demands=_frame([d for p in county.script["story"] for d in _demands(county, p)]),
        clocks=_frame([c for p in county.script["story"] for c in _clocks(county, p)]),
        planted=_planted(county.rows),
        holes=_frame([{k: when(v) if k != "platform" else v for k, v in hole.items()}]),
        board=_board(county),
    )


def utc(local: datetime) -> datetime:
    """A local time of the county in UTC."""
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows with local times -> a frame with times in UTC."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    local = [c for c, t in frame.schema.items() if t == pl.Datetime]
    no_times = [c for c, t in frame.schema.items() if t == pl.Null and c in TIMES]
    return frame.with_columns(
        pl.col(local).dt.replace_time_zone(ZONE.key).dt.convert_time_zone("UTC"),
        pl.col(no_times).cast(pl.Datetime("us", "UTC")),
    )


def _first(county: County, story: str) -> Row:
    return next(r for r in county.rows if r.story == story)


def _post(r: Row, spans: dict[str, list[Span]]) -> dict[str, Any]:
    phase = next((name for name, start, end in spans[r.story] if start <= r.at < end), None) if r.story else None
    return {
        "platform": r.platform,
        "native_id": r.native_id,
        "published_at": r.at,
        "kind": r.kind,
        "story": r.story,
        "phase": phase,
        "line_id": r.line,
        "topic": r.topic or None,
        "copy_of_platform": r.copy.platform if r.copy else None,
        "copy_of_native": r.copy.native_id if r.copy else None,
        "edited": r.edited,
        "traditional": r.traditional,
        "demand": r.demand,
        "is_spam": r.spam,
    }


def _story(county: County, plot: dict[str, Any], spans: list[Span]) -> dict[str, Any]:
    rows = [r for r in county.rows if r.story == plot["story"]]
    rises = [start for phase, start, _ in spans if phase == "spreading"]
    return {
        "story": plot["story"],
        "title": plot["title"],
        "line_id": plot["line"],
        "platform": rows[0].platform,
        "native_id": rows[0].native_id,
        "first_at": rows[0].at,
        "last_at": rows[-1].at,
        "n_posts": len(rows),
        "second_rise_at": rises[1] if len(rises) > 1 else None,
    }


def _phases(plot: dict[str, Any], first: datetime, last: datetime) -> list[Span]:
    """The phases of the designed curve, to the minute; the definition is in the docstring of the package."""
    minutes = (last - first) // timedelta(minutes=1)
    level = curve(plot, np.arange(minutes) / 60)
    level = level / level.max()
    rise = int(np.argmax(level >= 0.1))
    turns = [("latent", 0)] if rise else []
    at = 0
    while (level[at:] >= 0.5).any():
        peak = at + int(np.argmax(level[at:] >= 0.5))
        # a second wave begins where the level was lowest since the decline began
        turns.append(("spreading", at + int(np.argmin(level[at:peak])) if at else rise))
        at = peak + int(np.argmax(level[peak:] < 0.5))
        turns += [("peak", peak), ("declining", at)]
    into = (first - first.replace(hour=0, minute=0, second=0)) // timedelta(minutes=1)
    day = (np.arange(minutes) + into) // 1440
    daily = np.bincount(day, weights=level)
    alive = np.flatnonzero(daily >= 0.01 * daily.max())
    if alive[-1] + 1 < len(daily):
        turns.append(("ended", int((alive[-1] + 1) * 1440 - into)))
    moments = [first + timedelta(minutes=m) for _, m in turns] + [last]
    return [(name, a, b) for (name, _), a, b in zip(turns, moments, moments[1:], strict=False)]


def _statement(county: County, e: dict[str, Any]) -> dict[str, Any]:
    row = county.events[e["key"]]
    told = {"story": e["story"], "key": e["key"], "platform": row.platform, "native_id": row.native_id, "at": row.at}
    return told | {"correct": e["correct"], "corrected_by": e.get("corrected_by")}


def _demands(county: County, plot: dict[str, Any]) -> list[dict[str, Any]]:
    said = Counter(r.demand for r in county.rows if r.story == plot["story"])
    rows = []
    for d in plot["demand"]:
        phrase = tables().pools[f"{plot['story']}.ask.{d['key']}"][0]
        rows.append(
            {"story": plot["story"], "key": d["key"], "kind": d["kind"], "text": "".join(map(str, phrase))}
            | {"n": said[d["key"]], "answered_by": d.get("answered_by")}
        )
    return rows


def _clocks(county: County, plot: dict[str, Any]) -> list[dict[str, Any]]:
    start = county.events[plot["clock_from"]].at
    done = min(r.at for r in county.events.values() if r.story == plot["story"] and r.kind == "statement")
    rows = []
    for hours in (5, 24, 48):
        due = start + timedelta(hours=hours)
        told = {"story": plot["story"], "hours": hours, "counted_from": plot["clock_what"], "start": start, "due": due}
        rows.append(told | {"done": done, "state": "met" if done <= due else "missed"})
    return rows


def _planted(rows: list[Row]) -> pl.DataFrame:
    """What must not survive, as a test can look for it, and as it is written."""
    found = []
    for r in rows:
        where = (r.platform, r.native_id)
        for kind, written in r.planted:
            number = kind in ("phone", "bank", "landline")
            found.append((kind, re.sub(r"\D", "", written) if number else written, written, *where))
        if r.phone:
            found += [("phone", r.phone, r.phone, *where), ("person", r.author, r.author, *where)]
    authors = {r.author: r for r in reversed(rows) if r.author_kind == "person" and not r.phone and len(r.author) > 3}
    found += [("author", name, name, r.platform, r.native_id) for name, r in authors.items()]
    # a name that also stands in a text by chance proves nothing
    bare = "\n".join(re.sub(r"@[^\s:：，。]+", "", f"{r.title or ''}\n{r.text}") for r in rows)
    names = sorted({value for kind, value, *_ in found if kind in ("person", "author")})
    by_chance = set(pl.Series([bare]).str.extract_many(names, overlapping=True)[0].to_list())
    by_chance -= {written for r in rows for kind, written in r.planted if kind == "person"}
    columns = ["kind", "value", "written", "platform", "native_id"]
    frame = pl.DataFrame(found, schema=columns, orient="row").unique()
    return frame.filter(~pl.col("value").is_in(list(by_chance))).sort(columns)


def _board(county: County) -> pl.DataFrame:
    stories = {b["title"]: b["story"] for b in county.script["board"]}
    shown = _frame(county.board).filter(~pl.col("ads"))
    return (
        shown.group_by("title")
        .agg(
            first_at=pl.col("at").min(),
            last_at=pl.col("at").max(),
            best_rank=pl.col("realpos").min(),
            n=pl.len().cast(pl.Int64),
        )
        .with_columns(story=pl.col("title").replace_strict(stories, default=None, return_dtype=pl.String))
        .select("title", "story", "first_at", "last_at", "best_rank", "n")
        .sort("first_at", "title")
    )
