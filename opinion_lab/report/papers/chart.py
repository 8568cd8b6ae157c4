"""A column chart as a picture for papers: numbers, days and hours alone are drawn in it, for which no font is needed.

Words stand in the caption and the alternative text, so that Word, PDF and page have them in their own fonts.
"""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from opinion_lab.report.papers.paper import Picture

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

SIZE = (1560, 560)  # ten pixels a millimetre of the text block
RIGHT, TOP, BOTTOM, LETTERS = 20, 70, 60, 34
INK, MUTED, RULE, BAR, MARK = "#26323d", "#4d5863", "#c9cfd5", "#5f8fb5", "#b3261e"


def bars(
    values: Sequence[float], times: Sequence[datetime], caption: str, alt: str, *, marks: Collection[int] = ()
) -> Picture:
    """A column for each value, of which the largest bears its number; days (or hours) below, a scale at the left.

    `times`: the local time at which each column begins. `marks`: columns that bear a triangle; the caption says why.
    """
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", SIZE, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(LETTERS)
    top = _scale(max(values, default=0))
    left = round(font.getlength(f"{top:,}")) + 30  # room for the scale
    low, high = SIZE[1] - BOTTOM, SIZE[1] - BOTTOM - TOP
    for n in range(5):
        y = low - n * high / 4
        draw.line([(left, y), (SIZE[0] - RIGHT, y)], fill=MUTED if n == 0 else RULE, width=3 if n == 0 else 2)
        draw.text((left - 14, y), f"{top * n // 4:,}", MUTED, font, "rm")
    step = (SIZE[0] - left - RIGHT) / max(1, len(values))
    largest = max(range(len(values)), key=values.__getitem__, default=-1)
    for n, value in enumerate(values):
        x, y = left + (n + 0.5) * step, low - high * value / top
        wide = min(step * 0.36, 40)
        draw.rectangle(
            [x - wide, min(y, low - 6), x + wide, low - 2], fill=INK if n == largest else BAR
        ) if value else None
        if n in marks:
            draw.polygon([(x - 14, y - 30), (x + 14, y - 30), (x, y - 6)], fill=MARK)
        if n == largest and value:
            draw.text(
                (min(max(x, left + 60), SIZE[0] - 80), y - (36 if n in marks else 8)), f"{value:,.0f}", INK, font, "mb"
            )
    _below(draw, font, times, step, (left, low))
    body = io.BytesIO()
    picture.quantize(32).save(body, "PNG", optimize=True)
    return Picture(body.getvalue(), caption, alt)


def _scale(largest: float) -> int:
    """The top of a scale of four equal whole steps: 4, 8, 12, 20, 40 ... of which the first that is enough."""
    for power in range(12):
        for step in (1, 2, 3, 5):
            if 4 * step * 10**power >= largest:
                return 4 * step * 10**power
    return math.ceil(largest)


def _below(draw: ImageDraw, font: object, times: Sequence[datetime], step: float, corner: tuple[float, float]) -> None:
    """Days as 9-8, or hours where columns are hours (the first of a day says the day); as many as there is room."""
    left, low = corner
    hourly = any(at.hour for at in times)
    rooms = max(1, math.ceil(190 / step)) if hourly else max(1, math.ceil(130 / step))
    if hourly:
        rooms = next((n for n in (1, 2, 3, 6, 12, 24, 48) if n >= rooms), 48)
    day = None
    for n, at in enumerate(times):
        if (at.hour if hourly else n) % rooms or (hourly and rooms > 24 and at.day % 2):
            continue
        text = f"{at.month}-{at.day}" if not hourly or at.date() != day else ""
        text = f"{text} {at.hour}:00".strip() if hourly else text
        day, x = at.date(), left + (n + 0.5) * step
        draw.line([(x, low), (x, low + 8)], fill=MUTED, width=2)
        draw.text((min(x, SIZE[0] - RIGHT - 55), low + 14), text, MUTED, font, "mt")  # type: ignore[arg-type]
