"""A lab's story, a public incident or what a trainer wrote -> an exercise that can be run."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import polars as pl

from opinion_lab.config import LabError
from opinion_lab.judge import incident_review, timelines
from opinion_lab.judge.incident_review import Context, Review
from opinion_lab.report.documents import desk
from opinion_lab.storage.store import Day
from opinion_lab.training import keys, staging
from opinion_lab.training.exercise import Exercise, Package, hours

TASK = "你是县市场监督管理局的值班人员。请在每个时刻定级别、定科室、定答不答，并写下理由。"
HEAD = """\
# 一次演练，由 opinion-lab exercise make 起草，请训练人改。各栏含义见 docs/训练手册.md。
# title、task 学员一开始就看得到，不要写出结局。levels 是“怎样算对”的范围；sections 必须分到的条线，also 分到也不算错；
# answer：answer 该答、wait 不该答、either 都对。[replace] 把真名换掉，改完再运行一次 opinion-lab exercise make {name}。
"""


class Desk(desk.Desk, Protocol):
    """What making an exercise needs of a lab."""

    def story(self, name: str, since: Day = None, until: Day = None) -> str: ...  # noqa: D102
    def around(self, story_id: str, since: Day, until: Day) -> tuple[pl.DataFrame, pl.DataFrame]: ...  # noqa: D102


def draft(lab: Desk, name: str, story: str, at: Sequence[str], replace: Mapping[str, str]) -> str:
    """The table of an exercise from one of the lab's stories, key and all, for a trainer to edit.

    `at`: the hours of its stages (default: those at which the story turned).
    """
    story_id = lab.story(story)
    posts, post_stories, names = _renamed(lab, story_id, replace)
    own = [_replaced(o, names) for o in lab.settings.organisations.own]
    whole = _review(lab, posts, post_stories, story_id, own)
    chosen = [_moment(lab, text) for text in at] or keys.turns(whole)
    proposed = keys.propose(whole, chosen)
    head: dict[str, Any] = {"name": name, "title": "网上的一件事", "task": TASK, "story": story_id, "own": own}
    inside = post_stories.filter(pl.col("story_id") == story_id)
    shops = [shop for shop in staging.unreplaced(posts.join(inside, on="post_id", how="semi")) if shop not in names]
    ask = f"# 只有一条帖文写到、没有换的店名，要换的照样写一行：{'、'.join(shops)}\n" if shops else ""
    parts = [
        HEAD.format(name=name),
        _toml(head),
        f"{ask}[replace]",
        _toml({json.dumps(k, ensure_ascii=False): v for k, v in names.items()}),
    ]
    for stage in proposed:
        local = stage["at"].astimezone(lab.zone)
        parts += ["[[stage]]", _toml(stage | {"at": f"{local:%Y-%m-%d %H:%M}", "why": ""})]
    return "\n".join(parts)


def _toml(values: Mapping[str, Any]) -> str:
    """Keys with texts and lists of texts; a JSON string is a TOML one."""
    return "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in values.items())


def package(lab: Desk, exercise: Exercise) -> Package:
    """An exercise with its posts, names replaced, and what was known at each stage."""
    at = hours(exercise, lab.store.moment)
    zone = lab.zone
    if exercise.story:
        story_id = lab.story(exercise.story)
        posts, post_stories, names = _renamed(lab, story_id, exercise.replace)
        own = exercise.own or tuple(_replaced(o, names) for o in lab.settings.organisations.own)
        levels = lab.levels(story_id).select("at", "level").to_dicts()
    else:
        if exercise.incident:
            made = staging.of_milestones(timelines.pick(lab.rules.incidents, exercise.incident), zone)
        else:
            made = staging.of_utterances(exercise.post, lab.store.moment, zone)
        posts, story_id, own, levels = staging.renamed(made, exercise.replace), staging.STORY, exercise.own, []
        post_stories = posts.select("post_id", story_id=pl.lit(story_id))
    inside = post_stories.filter(pl.col("story_id") == story_id)
    mine, others = (posts.join(inside, on="post_id", how=how) for how in ("semi", "anti"))
    others = staging.sampled(others, mine["published_at"][0] if mine.height else at[0], at[-1])
    others = staging.renamed(others, staging.replacements(others, own, {}))
    if mine.filter(pl.col("published_at") <= at[0]).is_empty():
        raise LabError(f"演练 {exercise.name} 第 1 站时还没有一条帖文。请把第 1 站的 at 往后调。")
    whole = _review(lab, posts, post_stories, story_id, own)
    known = [keys.evidence(whole, hour) for hour in at]
    if unknown := _unoffered(exercise, known):
        raise LabError(f"演练 {exercise.name} 第 {unknown[0]} 站：那时还没有人提“{unknown[1]}”，不能写进 demands。")
    real = {
        "answers": whole.answers.select("at", "author_name", "text", "own").to_dicts(),
        "levels": levels,
        "clocks": whole.clocks.select("clock_id", "what", "state", "due", "done").to_dicts(),
    }
    exercise = exercise.model_copy(update={"own": tuple(own)})
    shown, around = (staging.disguised(rows, salt) for salt in (secrets.token_hex(8),) for rows in (mine, others))
    return Package(exercise, at, shown, known, real, zone, _lines(lab), around)


def _unoffered(exercise: Exercise, known: Sequence[Mapping[str, Any]]) -> tuple[int, str] | None:
    """The first demand of the key that no trainee could tick, because nobody voiced it by then."""
    for n, (stage, there) in enumerate(zip(exercise.stage, known, strict=True), 1):
        offered = {row["key"] for row in there["demands"]}
        for key in stage.demands:
            if key not in offered:
                return n, f"{key}（那时有：{'、'.join(sorted(offered)) or '没有'}）"
    return None


def _renamed(lab: Desk, story_id: str, given: Mapping[str, str]) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str]]:
    """The posts of a story's time and their stories, under other names, and which names those are."""
    posts, post_stories = lab.around(story_id, None, None)
    posts = staging.first_words(posts, lab.sightings(posts.sort("day")["day"][0], None))
    mine = posts.join(post_stories.filter(pl.col("story_id") == story_id), on="post_id", how="semi")
    bodies = lab.settings.organisations
    names = staging.replacements(mine, (*bodies.own, *bodies.government, *bodies.media), given)
    return staging.renamed(posts, names), post_stories, names


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text


def _moment(lab: Desk, text: str) -> datetime:
    at = lab.store.moment(text)
    if at is None:
        raise LabError('各站的时刻不能空着，例如 --at "2026-09-08 15:00"。')
    return at.astimezone(UTC)


def _review(
    lab: Desk,
    posts: pl.DataFrame,
    post_stories: pl.DataFrame,
    story_id: str,
    own: Sequence[str],
) -> Review:
    # what people decided about the real story is no evidence for a trainee
    return incident_review.of(posts, post_stories, story_id, Context(lab.rules, own, lab.zone))


# --- on disk -----------------------------------------------------------------------------------------------------


def known(package: Package) -> dict[str, Any]:
    """What a package knows beside its table and posts, as JSON values."""
    held = {"hours": package.hours, "evidence": package.evidence, "real": package.real, "own": package.exercise.own}
    return dict(orjson.loads(orjson.dumps(held, default=str)))


def _lines(lab: Desk) -> dict[str, str]:
    """The sections to choose from: line_id -> name."""
    return dict(lab.rules.lines.select("line_id", "line").iter_rows())


def of_files(
    exercise: Exercise, posts: pl.DataFrame, around: pl.DataFrame, held: Mapping[str, Any], lab: Desk
) -> Package:
    """The package that was written down."""
    told = _times(dict(held))
    exercise = exercise.model_copy(update={"own": tuple(told["own"])})
    at = [datetime.fromisoformat(text) for text in held["hours"]]
    return Package(exercise, at, posts, told["evidence"], told["real"], lab.zone, _lines(lab), around)


def _times(value: Any, name: str = "") -> Any:
    """JSON values with their times as times again: by the names of what holds one."""
    if isinstance(value, dict):
        return {k: _times(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_times(v) for v in value]
    return datetime.fromisoformat(value) if name in ("at", "due", "done") and isinstance(value, str) else value
