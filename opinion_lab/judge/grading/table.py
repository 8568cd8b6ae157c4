"""`rules/grades.toml`: default values, not law, since no public plan that could be read uses counts as hard lines."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from opinion_lab import schemas
from opinion_lab.config import LabError, build

LEVELS = schemas.LEVELS  # most severe first
MEASURED = ("spread", "attention", "sensitivity", "attitude")
#: The dimensions whose cuts come from the past; the other two are shares and keep the table's cuts.
FROM_PAST = ("spread", "attention")
TOP_POINTS = 3


@dataclass(frozen=True)
class Media:
    """What makes a media post a report of trouble and no column: one of `words`, what `never` matches left out."""

    words: tuple[str, ...]
    never: tuple[str, ...]
    provenance: str


@dataclass(frozen=True)
class RedLine:
    """What is at least of a level once it is met. `kind`: words in public posts, or posts by media accounts."""

    id: str
    name: str
    kind: str
    level: str
    min_posts: int
    min_share: float
    source: str
    provenance: str
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    fast_level: str | None = None
    fast_score: int = 2


@dataclass(frozen=True)
class Dimension:
    """One of the four dimensions: a measure and the three cuts above which it earns 1, 2, 3 points."""

    name: str
    unit: str
    what: str
    cuts: tuple[float, ...]
    min_posts: int = 0
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """The four dimensions and the totals from which a level starts."""

    floor: dict[str, int]
    percentiles: tuple[float, ...]
    min_past: int
    past_posts: int
    source: str
    provenance: str
    spread: Dimension
    attention: Dimension
    sensitivity: Dimension
    attitude: Dimension


@dataclass(frozen=True)
class Mishandled:
    """When a story counts as badly handled, which raises it by one level."""

    min_posts: int
    unanswered_hours: float
    early_hours: float
    rebound_ratio: float
    rebound_posts: int
    source: str
    provenance: str


@dataclass(frozen=True)
class Measure:
    """What a level asks of whom."""

    level: str
    who: str
    what: str
    source: str
    provenance: str


@dataclass(frozen=True)
class Rules:
    """`grades.toml`."""

    notice: str
    score_hours: float
    red_line_hours: float
    provenance: str
    media: Media
    red_line: tuple[RedLine, ...]
    score: Score
    mishandled: Mishandled
    measure: tuple[Measure, ...]


def load(path: Path) -> Rules:
    """Read `grades.toml`. Raises LabError with the place at fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as e:
        raise LabError(f"分级表 {path.name} 读不了：{e}。请检查文件是否存在、引号和括号是否成对。") from None
    rules: Rules = build(Rules, data, where=f"分级表 {path.name}")
    named = [r.level for r in rules.red_line] + [r.fast_level for r in rules.red_line if r.fast_level]
    if odd := {*named, *(m.level for m in rules.measure), *rules.score.floor} - set(LEVELS):
        raise LabError(f"分级表 {path.name}：等级只能写 {'、'.join(LEVELS)}，现在有 {min(odd)!r}。")
    for pattern in rules.media.never:
        try:
            re.compile(pattern)
        except re.error as e:
            raise LabError(f"分级表 {path.name}：media 的 never 里 {pattern} 不是正确的正则表达式（{e}）。") from None
    for line in rules.red_line:
        if line.kind not in ("words", "media") or (line.kind == "words" and not line.words):
            raise LabError(f"分级表 {path.name}：红线 {line.id} 的 kind 应为 words（并写 words）或 media。")
    for cuts in (rules.score.percentiles, *(getattr(rules.score, d).cuts for d in MEASURED)):
        if len(cuts) != TOP_POINTS or list(cuts) != sorted(cuts):
            raise LabError(f"分级表 {path.name}：cuts 和 percentiles 应是从小到大的三个数，现在是 {list(cuts)}。")
    return rules
