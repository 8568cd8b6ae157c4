"""A slider through a story's hours in JupyterLab: the picture as it was then. In a report it is one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from opinion_lab.judge.incident_review import Review
from opinion_lab.report import figures, wording
from opinion_lab.report.figures import course
from opinion_lab.report.page import components
from opinion_lab.report.wording.response import answers, lessons, levels

NOTE = "在 JupyterLab 里打开这本笔记本，这里有一个滑块，可逐小时看当时的情形（只用到那一刻为止的帖文）。"
MOST = 240  # steps; a longer story is stepped through in whole hours more


def _picture(review: Review, *, zone: tzinfo) -> list[Any]:
    """What was to be seen at the review's hour: summary, volume so far, the level and why, how the answer stood."""
    drawn = course.of(review)
    return [
        components.finding(f"截至{wording.time(review.at, zone, year=True)}：{lessons.summary(review, zone=zone)}"),
        figures.volume(drawn.counts, drawn.phases, review.statements, zone=zone),
        components.note(answers.speed(review)),
        components.table(
            levels.lines(review.grades.row(-1, named=True), zone=zone), {"what": "项", "said": "说明"}, "此刻建议的级别"
        ),
    ]


@dataclass(frozen=True)
class Stepper:
    """Shown as the widget where there is one to show it, else as a note."""

    widget: Any

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle = self.widget._repr_mimebundle_() or {}
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return {**data, "text/plain": NOTE, "text/html": components.hint(NOTE).html}


def through(whole: Review, review: Callable[..., Review]) -> Stepper:
    """The slider over the hours of `whole`; `review` (Lab.review) looks back as of an hour when it is let go."""
    import ipywidgets
    from IPython.display import display

    zone, handled = whole.context.zone, asdict(whole.context.handled)
    hours = _steps(whole)
    named = [(wording.time(hour, zone), hour) for hour in hours]
    slider = ipywidgets.SelectionSlider(
        options=named, value=hours[-1], description="时刻", continuous_update=False, layout={"width": "90%"}
    )
    out = ipywidgets.Output()

    def show(change: dict[str, Any]) -> None:
        with out:
            out.clear_output(wait=True)
            for thing in _picture(review(whole.story["story_id"], at=change["new"], **handled), zone=zone):
                display(thing)

    slider.observe(show, names="value")
    return Stepper(ipywidgets.VBox([slider, out]))


def _steps(review: Review) -> list[datetime]:
    """The hours to step through: from the first post to the end of the drawn course, every whole hour or few."""
    first, last = review.posts["published_at"][0], course.of(review).until
    hours = max(1, int((last - first) / timedelta(hours=1)))
    every = -(-hours // MOST)
    return [first + timedelta(hours=n) for n in range(every, hours + 1, every)] or [last]
