"""Scores against plain calculation: weighted kappa, delay, coverage, on twenty recorded sessions and by hand."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score

from opinion_lab.config import LabError
from opinion_lab.schemas import LEVELS
from opinion_lab.training import keys, scoring, session as sessions
from opinion_lab.training.exercise import Exercise, Package, Stage, read

ZONE = UTC
HOURS = [datetime(2026, 9, 8, 7, tzinfo=UTC) + timedelta(hours=6 * n) for n in range(6)]
TABLE = """
name = "x"
title = "一件事"
task = "请决定"
own = ["测试县市场监督管理局"]
[[post]]
at = "2026-09-08 06:00"
text = "要求公布检测报告！"
"""


def exercise(stages: list[Stage]) -> Exercise:
    text = "".join(f'[[stage]]\nat = "{at:%Y-%m-%d %H:%M}"\nlevels = ["Ⅳ"]\n' for at in HOURS[: len(stages)])
    return read(TABLE + text, "x.toml").model_copy(update={"stage": tuple(stages)})


def recorded(seed: int) -> tuple[list[Stage], list[str], list[list[str]], list[list[str]]]:
    """A session as it could have been: a key with ranges, levels, sections, demands."""
    chance = random.Random(seed)
    stages, levels, sections, demands = [], [], [], []
    for at in HOURS:
        low = chance.randrange(4)
        range_ = LEVELS[low : low + chance.choice((1, 1, 2))]
        asked = tuple(chance.sample(["L14", "L20", "L25"], chance.choice((1, 2))))
        keyed = tuple(chance.sample(["退款", "道歉", "公布"], chance.randrange(3)))
        answer = chance.choice(("answer", "wait", "either"))
        stages.append(Stage(at=f"{at}", levels=range_, sections=asked, also=("L22",), answer=answer, demands=keyed))
        levels.append(chance.choice(LEVELS))
        sections.append(chance.sample(["L14", "L20", "L22", "L25", "L03"], chance.choice((1, 2, 3))))
        demands.append(chance.sample(["退款", "道歉", "公布", "玩笑"], chance.randrange(4)))
    return stages, levels, sections, demands


def plain_kappa(a: list[str], b: list[str]) -> float:
    """Cohen 1968 by the book: 1 - weighted disagreement seen over that by chance, weights |i - j|."""
    i, j = (np.array([LEVELS.index(x) for x in side]) for side in (a, b))
    seen = np.abs(i - j).mean()
    chance = np.abs(i[:, None] - j[None, :]).mean()
    return float(1 - seen / chance)


@pytest.mark.parametrize("seed", range(20))
def test_kappa_and_coverage_equal_a_plain_calculation(seed: int) -> None:
    stages, levels, sections, demands = recorded(seed)
    key = []
    for level, stage in zip(levels, stages, strict=True):
        places = [LEVELS.index(x) for x in stage.levels]
        key.append(LEVELS[min(max(LEVELS.index(level), min(places)), max(places))])
    assert scoring._agreed(levels, stages) == key
    found = scoring._kappa(levels, key)
    assert found == pytest.approx(cohen_kappa_score(levels, key, labels=list(LEVELS), weights="linear"))
    assert found == pytest.approx(plain_kappa(levels, key))

    decisions = pl.DataFrame(
        [
            {"who": "甲", "stage": n, "level": level, "sections": s, "answer": False, "demands": d, "statement": ""}
            | {"recorded_at": at, "seconds": 60.0, "why": "因为"}
            for n, (level, s, d, at) in enumerate(zip(levels, sections, demands, HOURS, strict=True), 1)
        ],
        schema=scoring.DECISION,
    )
    rows = pl.DataFrame(
        [
            {"stage": n, "at": at} | scoring._stage(d, stage, None)
            for n, (d, stage, at) in enumerate(zip(decisions.to_dicts(), stages, HOURS, strict=True), 1)
        ],
        schema=scoring.STAGE,
    )
    figures = scoring._figures(decisions, rows, package(stages), RULES)
    wanted = [set(stage.sections) for stage in stages]
    allowed = [{*stage.sections, *stage.also} for stage in stages]
    hit = sum(len(w & set(s)) for w, s in zip(wanted, sections, strict=True))
    assert figures["sections_recall"] == pytest.approx(hit / sum(map(len, wanted)))
    right = sum(len(a & set(s)) for a, s in zip(allowed, sections, strict=True))
    assert figures["sections_precision"] == pytest.approx(right / sum(map(len, sections)))
    met = sum(len(set(stage.demands) & set(d)) for stage, d in zip(stages, demands, strict=True))
    asked = sum(len(stage.demands) for stage in stages)
    assert figures["demands_recall"] == (pytest.approx(met / asked) if asked else None)
    # delay: hours from the first stage at which the gravest needed level is needed to the first at which it was taken
    need = [max(LEVELS.index(x) for x in stage.levels) for stage in stages]
    taken = [n for n, level in enumerate(levels) if LEVELS.index(level) <= min(need)]
    assert figures["level_delay"] == (6.0 * (taken[0] - need.index(min(need))) if taken else None)


def package(stages: list[Stage]) -> Package:
    from opinion_lab.training.staging import of_utterances

    made = exercise(stages)
    posts = of_utterances(made.post, lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC), UTC)
    return Package(made, HOURS, posts, [], {"answers": [], "levels": [], "clocks": []}, UTC, {})


from opinion_lab.rules import SHIPPED as RULES  # noqa: E402


@pytest.mark.parametrize(
    ("level", "right", "off"),
    [("Ⅱ", ("Ⅱ", "Ⅲ"), 0), ("Ⅲ", ("Ⅱ", "Ⅲ"), 0), ("Ⅳ", ("Ⅱ", "Ⅲ"), -1), ("Ⅰ", ("Ⅱ", "Ⅲ"), 1), ("Ⅰ", ("Ⅳ",), 3)],
)
def test_a_range_is_right_as_a_whole(level: str, right: tuple[str, ...], off: int) -> None:
    assert scoring._off(level, Stage(at="x", levels=right)) == off


def test_of_one_level_alone_no_kappa_is_made_up() -> None:
    assert scoring._kappa(["Ⅳ", "Ⅳ"], ["Ⅳ", "Ⅳ"]) is None


@pytest.mark.parametrize(
    ("levels", "answered", "hours", "right"),
    [
        (["Ⅳ"], False, 1, "wait"),
        (["Ⅲ", "Ⅳ"], False, 1, "either"),
        (["Ⅲ"], False, 1, "either"),
        (["Ⅲ"], False, 24, "answer"),
        (["Ⅰ", "Ⅱ"], False, 1, "answer"),
        (["Ⅰ", "Ⅱ"], True, 1, "either"),
    ],
)
def test_when_to_speak(levels: list[str], answered: bool, hours: int, right: str) -> None:
    assert keys._answer(levels, answered, timedelta(hours=hours)) == right


# --- a session by its events -------------------------------------------------------------------------------------

STAGES = [Stage(at=f"{at}", levels=("Ⅲ",)) for at in HOURS[:3]]
GOOD = {"stage": 1, "level": "Ⅲ", "sections": ["L14"], "answer": False, "statement": "", "why": "已到场"}


def begun(mode: str) -> list[dict[str, object]]:
    return [{"event": "begin", "mode": mode, "exercise": "x", "people": [], "at": HOURS[0]}]


def test_alone_a_decision_opens_the_next_stage() -> None:
    made, events = exercise(STAGES), begun("self")
    for n in (1, 2, 3):
        here = sessions.standing(made, events, "甲")
        assert (here.stage, here.waiting, here.finished) == (n, False, False)
        events.append({"event": "decide", "who": "甲", **GOOD, "stage": n, "at": HOURS[n]})
    assert sessions.standing(made, events, "甲").finished
    assert sessions.standing(made, events, "乙").stage == 1, "another one stands where they stood"


def test_led_a_stage_waits_for_the_trainer() -> None:
    made, events = exercise(STAGES), begun("led")
    events.append({"event": "decide", "who": "甲", **GOOD, "at": HOURS[1]})
    here = sessions.standing(made, events, "甲")
    assert (here.stage, here.waiting) == (1, True)
    with pytest.raises(LabError, match="已经决定过"):
        sessions.decision(GOOD | {"stage": 2}, here, ["L14"])
    events.append({"event": "open", "stage": 2, "at": HOURS[1]})
    assert sessions.standing(made, events, "甲").stage == 2
    events.append({"event": "end", "at": HOURS[2]})
    assert sessions.standing(made, events, "甲").finished


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"level": None}, "请选级别"),
        ({"level": "Ⅴ"}, "请选级别"),
        ({"sections": []}, "至少选一个科室"),
        ({"sections": ["L99"]}, "至少选一个科室"),
        ({"answer": None}, "现在答还是先不答"),
        ({"answer": True}, "写出要公开说的话"),
        ({"why": " "}, "理由"),
        ({"why": "长" * 5000}, "不超过"),
        ({"stage": 2}, "已经决定过"),
    ],
)
def test_half_a_decision_is_refused(wrong: dict[str, object], said: str) -> None:
    here = sessions.standing(exercise(STAGES), begun("self"), "甲")
    assert sessions.decision(GOOD, here, ["L14", "L25"])["sections"] == ["L14"]
    with pytest.raises(LabError, match=said):
        sessions.decision(GOOD | wrong, here, ["L14", "L25"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "一件事"', "", "缺少“title”"),
        ("[[post]]", '[[inject]]\nstage = 9\nsender = "x"\ntext = "y"\n[[post]]', "stage 应在"),
        ('name = "x"', 'name = "食堂"', "name"),
        ('task = "请决定"', 'task = "请决定"\nstory = "食堂"', "三样写一样"),
        ('levels = ["Ⅳ"]', 'levels = ["五"]', "Ⅰ、Ⅱ、Ⅲ、Ⅳ"),
    ],
)
def test_a_wrong_table_says_what_to_mend(old: str, new: str, said: str) -> None:
    text = TABLE + "".join(f'[[stage]]\nat = "{at}"\nlevels = ["Ⅳ"]\n' for at in HOURS[:2])
    assert old in text
    with pytest.raises(LabError, match=said):
        read(text.replace(old, new), "演练 x.toml")
