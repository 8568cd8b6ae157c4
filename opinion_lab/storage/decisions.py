"""`data/decisions.jsonl`: what people decided about stories and posts, a line each, only ever added to.

The one part of a lab that cannot be rebuilt: keep it in your backup. A line names an office (值班员), never a person.
A decision holds from the moment `at` on; `recorded_at` is when it was written. What was wrong is undone by another
line, so that what was decided at any hour can still be told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.schemas import LEVELS
from opinion_lab.storage import files

ROMAN = ("I", "II", "III", "IV")
WRITTEN = {**{v: v for v in LEVELS}, **dict(zip("1234", LEVELS, strict=True)), **dict(zip(ROMAN, LEVELS, strict=True))}
#: What a person may say of a post's relevance.
LABELS = {True: "relevant", False: "irrelevant"}
#: What a person may say of a post's attitude, and towards whom, as people write it.
ATTITUDES = {"负面": "negative", "中性": "neutral", "正面": "positive"}
TOWARDS = {"本局": "bureau", "商家": "business", "他人": "others"}

_STORY, _POSTS = "要处理的事件（story，编号或标题里的词）", "帖文编号（posts）"
#: What each kind of decision must say, and how a person is asked for it.
NEEDS = {
    "merge": {"story": _STORY, "into": "并入哪个事件（into）"},
    "split": {"story": _STORY, "posts": _POSTS},
    "rename": {"story": _STORY, "value": "新的标题（value）"},
    "level": {"story": _STORY, "value": "级别（value）"},
    "label": {"posts": _POSTS, "value": "relevant、irrelevant，或态度，例如 负面 商家（value）"},
    "route": {"posts": _POSTS, "value": "哪条线（value）"},
    "undo": {"value": "要撤销的决定编号（value，d_ 开头）"},
}


def path(root: Path) -> Path:
    """The file of decisions of the lab at `root`."""
    return root / "data" / "decisions.jsonl"


def level(text: str) -> str:
    """A level as people write it (Ⅱ, II, 2, Ⅱ级) -> Ⅱ. Raises LabError for anything else."""
    given = WRITTEN.get(text.strip().upper().removesuffix("级"))
    if given is None:
        raise LabError(f"级别 {text!r} 看不懂，请写 {'、'.join(LEVELS)}，或 1 至 4。")
    return given


def line(text: str, lines: pl.DataFrame) -> str:
    """A line of business as people write it (L14, or a part of its name) -> its line_id of `lines` (line_id, line).

    Raises LabError when it is none, or could be several.
    """
    given, rows = text.strip(), lines.select("line_id", "line").rows()
    if named := [line_id for line_id, name in rows if given in (line_id, name)]:
        return str(named[0])
    alike = [line_id for line_id, name in rows if given and given in name]
    if len(alike) != 1:
        raise LabError(f"看不出“{given}”是哪条线。请写编号：{'、'.join(f'{i} {name}' for i, name in rows)}。")
    return str(alike[0])


def label(text: str) -> str:
    """A label as people write it (relevant, 负面, 负面 商家) -> relevant, negative, negative business.

    Raises LabError for anything else.
    """
    said = text.strip()
    if said in LABELS.values():
        return said
    words = [ATTITUDES.get(said[:2], said.split(" ")[0]), TOWARDS.get(said[2:].strip(" 对:："), said.partition(" ")[2])]
    if words[0] not in ATTITUDES.values() or words[1] not in ("", *TOWARDS.values()):
        raise LabError(
            f"标注“{text}”看不懂。请写 {' 或 '.join(LABELS.values())}，或态度：{'、'.join(ATTITUDES)}，"
            f"后面可加对谁：{'、'.join(TOWARDS)}，例如 负面 商家。"
        )
    return " ".join(filter(None, words))


def check(action: str, **given: object) -> None:
    """That a decision is of a kind there is and says all that it must. Raises LabError with what is missing.

    What is written is read by every page: half a decision must not get into the log.
    """
    if action not in NEEDS:
        raise LabError(f"没有“{action}”这种决定，可用的有 {'、'.join(NEEDS)}。")
    missing = [asked for name, asked in NEEDS[action].items() if not str(given[name] or "").strip()]
    if missing:
        raise LabError(f"这项决定（{action}）请写明{'、'.join(missing)}。")
    if action == "label":
        label(str(given["value"]))


def read(root: Path) -> pl.DataFrame:
    """All decisions (Decision) in order of writing. Raises LabError with the line that cannot be read."""
    file = path(root)
    if not file.exists():
        return schemas.empty(schemas.Decision)
    rows = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            row = orjson.loads(line)
            rows.append({**row, **{name: datetime.fromisoformat(row[name]) for name in ("at", "recorded_at")}})
        except (ValueError, KeyError, TypeError):
            raise LabError(f"{file} 第 {number} 行读不懂。请用备份恢复，或改正、删去这一行，其余不受影响。") from None
    return schemas.Decision.validate(pl.DataFrame(rows, schema=schemas.empty(schemas.Decision).schema), cast=True)


def add(root: Path, action: str, *, who: str, at: datetime, now: datetime, **about: Any) -> str:
    """Append a decision and return its id; `about`: story_id, into, value, posts, why (see schemas.Decision).

    One that stands already, with nothing decided on its stories and posts since, is not written twice: a notebook is
    run again. Raises LabError when nobody says who decided.
    """
    if not who.strip():
        raise LabError("请写明由谁决定（写职务即可，例如 值班员），不写人名。")
    given = {"action": action, "story_id": None, "into": None, "value": None, "posts": [], "why": "", **about}
    given |= {"who": who.strip(), "at": at.astimezone(UTC).isoformat(), "posts": list(given["posts"])}
    rows = read(root)
    if standing := _standing(effective(rows), given):
        return standing
    given["recorded_at"] = now.astimezone(UTC).isoformat(timespec="microseconds")
    given["decision_id"] = "d_" + hashlib.sha256(orjson.dumps(given, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
    if given["decision_id"] in set(rows["decision_id"]):  # a former lab taken over again
        return str(given["decision_id"])
    files.append(path(root), orjson.dumps(given))
    return str(given["decision_id"])


def effective(decisions: pl.DataFrame, until: datetime | None = None) -> pl.DataFrame:
    """The decisions that hold at `until` (default: all), without those that were undone, in order of writing.

    An undone undo lets what it undid stand again. What was decided later is not known then.
    """
    if until is not None:
        decisions = decisions.filter(pl.col("at") <= until.astimezone(UTC))
    gone: set[str] = set()
    for decision_id, action, undone in decisions.select("decision_id", "action", "value").reverse().iter_rows():
        if action == "undo" and decision_id not in gone:
            gone.add(undone)
    return decisions.filter((pl.col("action") != "undo") & ~pl.col("decision_id").is_in(list(gone)))


def labels(decisions: pl.DataFrame) -> pl.DataFrame:
    """The latest label of relevance of each post: post_id, relevant, who, at; in order of post_id."""
    rows = decisions.filter((pl.col("action") == "label") & pl.col("value").is_in(LABELS.values())).explode("posts")
    rows = rows.select(post_id="posts", relevant=pl.col("value") == LABELS[True], who="who", at="at")
    return rows.unique("post_id", keep="last", maintain_order=True).sort("post_id")


def attitudes(decisions: pl.DataFrame) -> pl.DataFrame:
    """The latest attitude that a person saw in each post: post_id, attitude, towards (null: not said)."""
    rows = decisions.filter((pl.col("action") == "label") & ~pl.col("value").is_in(LABELS.values())).explode("posts")
    words = pl.col("value").str.split(" ")
    rows = rows.select(post_id="posts", attitude=words.list.first(), towards=words.list.get(1, null_on_oob=True))
    return rows.unique("post_id", keep="last", maintain_order=True).sort("post_id")


def routes(decisions: pl.DataFrame) -> pl.DataFrame:
    """The line that a person gave each post, the latest: post_id, line_id; in order of post_id."""
    rows = decisions.filter(pl.col("action") == "route").explode("posts").drop_nulls(["posts", "value"])
    rows = rows.select(post_id="posts", line_id="value")
    return rows.unique("post_id", keep="last", maintain_order=True).sort("post_id")


def levels(decisions: pl.DataFrame, story_id: str | None = None) -> pl.DataFrame:
    """The confirmed levels of one story, or of all: story_id, at, level, by, why; in order of time."""
    rows = decisions.filter(pl.col("action") == "level")
    if story_id is not None:
        rows = rows.filter(pl.col("story_id") == story_id)
    return rows.select("story_id", "at", level="value", by="who", why="why").sort("at", maintain_order=True)


def _standing(decisions: pl.DataFrame, given: Mapping[str, Any]) -> str | None:
    """The id of the same decision, when it is the last that was made about any of its stories and posts."""
    about = {given["story_id"], given["into"], *given["posts"]} - {None}
    same = ("action", "story_id", "into", "value", "posts", "who", "why")
    for row in decisions.reverse().iter_rows(named=True):
        if row["action"] == given["action"] and about & ({row["story_id"], row["into"], *row["posts"]} - {None}):
            alike = all(row[name] == given[name] for name in same)
            # a level is confirmed for an hour: the same one at another hour is another decision
            timed = given["action"] == "level" and row["at"].isoformat() != given["at"]
            return row["decision_id"] if alike and not timed else None
    return None
