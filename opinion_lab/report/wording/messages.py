"""What messages say: short, since they are read on a telephone; the page has the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opinion_lab.report.wording.phrases import count


def level(row: Mapping[str, Any]) -> str:
    """A story whose level is proposed to be high (Brief.levels)."""
    return (
        f"建议{row['level']}级（待人工确认）：{row['title']}（{row['story_id']}）。{row['reason'].rstrip('。')}。"
        f"今天{count(len(row['today']))}，七天{count(len(row['week']))}。"
    )


def digest(levels: Sequence[Mapping[str, Any]], mute: str, day: str) -> str:
    """The day's stories with their levels, and what gives nothing."""
    named = [
        f"{n}. {row['title']}：{row['level']}级，今天{count(len(row['today']))}" for n, row in enumerate(levels, 1)
    ]
    return "\n".join([f"{day}舆情", *(named or ["没有满三条的事件。"]), *([f"{mute}。"] if mute else [])])
