"""Exercises of a lab: nothing of the future gets out, a session goes on where it stopped, the bureau's files stay.

The invented county's canteen and false alarm, and a public incident by its dates.
"""

import contextlib
import dataclasses
import hashlib
import http.client
import io
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docx
import httpx
import polars as pl
import pytest

import opinion_lab
from opinion_lab import cli
from opinion_lab.config import LabError, load
from opinion_lab.exercises import Exercises, ledger
from opinion_lab.exercises.client import Trainee
from opinion_lab.exercises.host import Host, advance, send
from opinion_lab.exercises.room import furnish
from opinion_lab.exercises.service import serving
from opinion_lab.lab import Lab
from opinion_lab.report import papers
from opinion_lab.report.training import debrief, paper
from opinion_lab.storage import store
from opinion_lab.training import staging
from opinion_lab.training.exercise import Package, Stage
from tests import make
from tests.report.test_notebooks import shown

HELD = "执法人员已到现场检查，封存留样并送检，结果出来后及时公布。"
DRAFT = f"9月8日12时20分，有家长发布视频反映学校食堂有异物。我局{HELD}请拨打12315提供线索。"
DRAFT += "\n测试县市场监督管理局\n2026年9月8日"


@pytest.fixture(scope="module")
def county(demo_lab: store.Store, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The invented county in a lab of its own, with its exercises made."""
    root = tmp_path_factory.mktemp("county")
    for name in ("lab.toml", "lab.key", "notebooks"):
        (root / name).symlink_to(demo_lab.root / name)
    (root / "data").mkdir()
    for name in ("raw", "processed"):
        (root / "data" / name).symlink_to(demo_lab.root / "data" / name)
    lab = opinion_lab.open(root)
    for name in ("canteen", "phone", "seaweed"):
        lab.exercises.make(name)
    return lab


@pytest.fixture
def exercises(county: Lab) -> Exercises:
    return county.exercises


def decision(stage: int, level: str = "Ⅲ", **more: Any) -> dict[str, Any]:
    given = {"stage": stage, "level": level, "sections": ["L14"], "answer": False, "demands": [], "statement": ""}
    return given | {"why": "先核实"} | more


# --- the future --------------------------------------------------------------------------------------------------


def without_a_future(package: Package, stage: int) -> Package:
    """The same exercise whose later stages, posts, keys, injects and outcome are others."""
    kept, hours = package.exercise, package.hours
    later = [hours[stage - 1] + timedelta(hours=1000 * (n + 1)) for n in range(len(hours) - stage)]
    stages = [s if n < stage else Stage(at="x", levels=("Ⅰ",), why="别的") for n, s in enumerate(kept.stage)]
    # the key of the open stage, too, is none of the trainee's business
    stages[stage - 1] = Stage(at="x", levels=("Ⅰ",), sections=("L03",), answer="wait", why="别的")
    injects = tuple(i for i in kept.inject if i.stage <= stage and not i.reserve)
    other = kept.model_copy(update={"stage": tuple(stages), "inject": injects, "replace": {}, "objectives": ()})
    posts, around = (p.filter(pl.col("published_at") <= hours[stage - 1]) for p in (package.posts, package.around))
    known = [e if n < stage else {"demands": [], "answers": []} for n, e in enumerate(package.evidence)]
    known = [{k: v for k, v in e.items() if k != "grade"} for e in known]
    return dataclasses.replace(
        package,
        exercise=other.model_copy(update={"objectives": kept.objectives}),
        hours=[*hours[:stage], *later],
        posts=posts,
        around=around,
        evidence=known,
        real={},
    )


@pytest.mark.parametrize("name", ["canteen", "phone", "seaweed"])
def test_what_a_stage_shows_does_not_depend_on_what_came_after(name: str, exercises: Exercises) -> None:
    host = Host(exercises, exercises.begin(name))
    whole = host.package
    for n in range(1, len(whole.hours) + 1):
        host.package = whole
        shown, posts = host.stage("甲"), [host.posts("甲", around=beside) for beside in (False, True)]
        host.package = without_a_future(whole, n)
        assert host.stage("甲") == shown
        for beside, body in zip((False, True), posts, strict=True):
            now = pl.read_parquet(io.BytesIO(host.posts("甲", around=beside)))
            assert now.equals(pl.read_parquet(io.BytesIO(body))), beside
        host.package = whole
        host.decide("甲", decision(n))


def test_posts_of_a_stage_carry_no_later_number_name_or_address(exercises: Exercises, county: Lab) -> None:
    package = exercises.package("canteen")
    assert package.around.height > 1000 and package.around["published_at"].max() <= package.hours[-1]
    posts = pl.concat([package.posts, package.around])
    for column in ("likes", "reposts", "comments", "views", "heat", "rank", "url", "region"):
        assert posts[column].null_count() == posts.height, column
    real = county.posts()
    assert not set(posts["post_id"]) & set(real["post_id"])
    assert not set(posts["author_id"].drop_nulls()) & set(real["author_id"].drop_nulls())
    said = "\n".join(pl.concat([posts[c].drop_nulls() for c in ("title", "text", "quoted", "author_name")]))
    for name in ("云溪", "第三小学", "三小", "晟禾", "汀城"):
        assert name not in said
    assert posts["chain"].list.len().sum() == 0


KERNEL = """
import gc, json, os, sys
import polars as pl
import opinion_lab
from opinion_lab.report.training import stage
lab = opinion_lab.open()
trainee = lab.exercises.trainee("甲")
box = stage.desk(trainee)
texts, seen = set(), set()
stack = list(gc.get_objects())
while stack:
    thing = stack.pop()
    if id(thing) in seen or thing is texts or thing is seen or thing is stack:
        continue
    seen.add(id(thing))
    if isinstance(thing, str):
        if any("\\u4e00" <= c for c in thing):
            texts.add(thing)
    elif isinstance(thing, bytes):
        texts.add(thing.decode("utf-8", "replace"))
    elif isinstance(thing, pl.DataFrame):
        texts.add(thing.write_csv() if not any(d.is_nested() for d in thing.dtypes) else json.dumps(
            thing.to_dicts(), ensure_ascii=False, default=str))
    elif not isinstance(thing, (int, float, bool)):
        stack.extend(gc.get_referents(thing))
wanted = [line.split() for line in sys.stdin.read().splitlines()]  # nothing of it is a text: see the test
memory = []
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as raw:
    for line in maps:
        span, rights = line.split()[:2]
        if rights.startswith("rw") and "[v" not in line:
            low, high = (int(x, 16) for x in span.split("-"))
            raw.seek(low)
            try:
                memory.append(raw.read(high - low))
            except OSError:
                pass
with open(os.environ["OUT"], "w") as out:
    json.dump({"texts": sorted(texts)}, out, ensure_ascii=False)
with open(os.environ["OUT"] + ".mem", "wb") as out:
    for part in memory:
        out.write(part)
"""


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="reads the memory of a process as Linux gives it")
def test_no_later_post_is_in_the_kernel_or_in_files_within_reach(
    exercises: Exercises, county: Lab, tmp_path: Path
) -> None:
    """A kernel that runs the notebook's cells: every text that its objects hold, its memory, and its folder."""
    room = tmp_path / "room"
    furnish(room, ["甲"], county.settings)
    host = Host(exercises, exercises.begin("canteen", ["甲"]))
    package, stage = host.package, 3
    for n in range(1, stage):
        host.stage("甲")
        host.decide("甲", decision(n))
    out = tmp_path / "out.json"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPINION_LAB")}
    with serving(host) as url:
        environment |= {"OPINION_LAB_EXERCISE": url, "OPINION_LAB_EXERCISE_CODES": json.dumps(host.codes)}
        environment |= {"OPINION_LAB_ROOT": str(room), "OUT": str(out), "PYTHONPATH": str(Path.cwd())}
        code = [sys.executable, "-c", KERNEL]
        done = subprocess.run(code, cwd=room, env=environment, input="", text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]
    now = package.hours[stage - 1]
    before = "\n".join(package.posts.filter(pl.col("published_at") <= now)["text"])
    later = package.posts.filter(pl.col("published_at") > now)["text"].unique(maintain_order=True).to_list()
    later = [t for t in later if len(t) >= 12 and t[:12] not in before]
    assert len(later) > 500
    held = "\n".join(json.loads(out.read_text())["texts"])
    there = package.posts.filter(pl.col("published_at") <= now)["text"].to_list()
    assert sum(text in held or json.dumps(text, ensure_ascii=False)[1:-1] in held for text in there) > 100
    assert [t for t in later if t in held] == []
    for other in package.exercise.stage:
        assert not other.why or other.why not in held
    for inject in package.exercise.inject:
        assert (inject.text in held) == (inject.stage <= stage and not inject.reserve)
    memory = (tmp_path / "out.json.mem").read_bytes()
    assert there[3][:12].encode() in memory, "the memory was read"
    sample = random.Random(0).sample(later, 8) + [s.why[:20] for s in package.exercise.stage]
    assert [t for t in sample for e in ("utf-8", "utf-16-le") if t[:20].encode(e) in memory] == []
    for path in room.rglob("*"):
        if path.is_file():
            body = path.read_text(encoding="utf-8", errors="ignore")
            assert not [t for t in later if t[:12] in body], path
    assert f"{package.hours[stage]:%Y-%m-%d %H}" not in held, "the hour of the next stage"


def test_nobody_gets_in_without_the_code_or_off_the_list(exercises: Exercises, county: Lab) -> None:
    host = Host(exercises, exercises.begin("seaweed", ["甲", "乙"]))
    with serving(host) as url:
        for path in ("/stage?who=甲", "/posts?who=甲", "/debrief?who=甲", "/trainer/x/", "/known.json", "/../lab.toml"):
            assert httpx.get(f"{url}{path}", trust_env=False).status_code == 404
            headers = {"Authorization": f"Bearer {host.trainer_code}"}
            assert httpx.get(f"{url}{path}", headers=headers, trust_env=False).status_code == 404
        assert httpx.get(f"{url}/trainer/{host.codes['甲']}/", trust_env=False).status_code == 404
        host.decide("乙", decision(1))
        for who in ("乙", "丙", "甲 "):  # 乙 is a stage further
            with pytest.raises(LabError, match="口令和"):
                Trainee(url, host.codes["甲"], who, county.settings).stage()
            with pytest.raises(LabError, match="口令和"):
                Trainee(url, host.codes["甲"], who, county.settings).posts()
        with pytest.raises(LabError, match="不认这次请求"):
            Trainee(url, "wrong", "甲", county.settings).stage()
        with pytest.raises(LabError, match="还不能讲评"):
            Trainee(url, host.codes["甲"], "甲", county.settings).debrief()
        with pytest.raises(LabError, match="已经决定过"):
            Trainee(url, host.codes["甲"], "甲", county.settings).submit(**decision(3))
        long = httpx.post(
            f"{url}/decide?who=甲",
            content=b"x" * 200_000,
            headers={"Authorization": f"Bearer {host.codes['甲']}"},
            trust_env=False,
        )
        assert long.status_code == 413
        headers = {"Authorization": f"Bearer {host.codes['甲']}"}
        for body in (b"[]", b"\xff", b'{"stage": 1, "sections": [[1]]}', b'{"stage": {}}'):
            wrong = httpx.post(f"{url}/decide?who=甲", content=body, headers=headers, trust_env=False)
            assert wrong.status_code in (400, 422), "answered, and nothing written down"
        for size in ("-1", "x", "9" * 30):
            with contextlib.closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)) as raw:
                raw.putrequest("POST", "/decide")
                raw.putheader("Content-Length", size)
                raw.endheaders()
                assert raw.getresponse().status == 413
        assert [e["event"] for e in host.events if e.get("who") == "甲"] == []
    with pytest.raises(LabError, match="连不上演练服务"):
        Trainee(url, host.codes["甲"], "甲", county.settings).stage()


# --- a session ---------------------------------------------------------------------------------------------------


def test_two_trainees_who_decide_otherwise_get_other_scores_that_are_right(exercises: Exercises) -> None:
    """By hand: the key of the canteen asks for Ⅲ–Ⅳ, Ⅱ–Ⅲ, Ⅱ–Ⅲ, Ⅰ–Ⅱ, Ⅰ–Ⅱ, Ⅱ–Ⅲ; to answer from the third stage on."""
    session = exercises.begin("canteen", ["甲", "乙"])
    host = Host(exercises, session)
    wrong = "经核实，异物为木耳根部，属正常食材，网传内容与事实不符，请不信谣、不传谣。"
    plans = {
        "甲": (("Ⅲ", "Ⅱ", "Ⅱ", "Ⅱ", "Ⅰ", "Ⅱ"), (0, 1, 1, 1, 1, 1), DRAFT),
        "乙": (("Ⅳ", "Ⅳ", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅲ"), (1, 0, 0, 0, 1, 0), wrong),
    }
    for who, (levels, answers, text) in plans.items():
        for n, (level, answer) in enumerate(zip(levels, answers, strict=True), 1):
            ticked = [d["key"] for d in host.stage(who)["demands"]] if who == "甲" else []
            more = {"answer": bool(answer), "statement": text if answer else "", "demands": ticked}
            sections = ["L14", "L20"] if who == "甲" else ["L03"]
            host.decide(who, decision(n, level, sections=sections, **more))
    one, two = exercises.debrief(session).scores
    assert (one.figures["level_right"], two.figures["level_right"]) == (1.0, 3 / 6)
    # from Thursday 18:00, when Ⅱ has to be taken at the latest: 甲 took it on Tuesday 20:00, 乙 on Friday 09:00
    assert (one.figures["level_delay"], two.figures["level_delay"]) == (-46.0, 15.0)
    # to speak from Wednesday 12:00: 甲 on Tuesday 20:00; 乙 on Tuesday 15:00, against the key, and then on Friday 09:00
    assert (one.figures["answer_delay"], two.figures["answer_delay"]) == (-16.0, 45.0)
    assert (one.figures["loud"], two.figures["loud"]) == (0, 1)
    assert (one.figures["sections_recall"], two.figures["sections_recall"]) == (1.0, 0.0)
    # L20 is allowed from the second stage on: eleven of twelve
    assert one.figures["sections_precision"] == pytest.approx(11 / 12)
    assert (one.figures["demands_recall"], two.figures["demands_recall"]) == (1.0, 0.0)
    assert (one.figures["reversed"], two.figures["reversed"]) == (0, 2), "what the tests took back"
    assert one.figures["errors"] == 0 < two.figures["errors"]
    assert one.figures["kappa"] == 1.0 > two.figures["kappa"]
    shown = debrief.own(two, host.package)
    assert "乙：6站中3站级别在范围内（3站偏轻）；定到最重那一级晚了15小时" in shown.plain
    group = debrief.group(exercises.debrief(session))
    assert "2人做完" in group.plain and "分歧最大的是" in group.plain


def test_a_false_alarm_answered_loudly_is_told_so(exercises: Exercises) -> None:
    host = Host(exercises, exercises.begin("seaweed"))
    for who, levels, answer in (("静", ("Ⅲ", "Ⅳ", "Ⅳ"), False), ("响", ("Ⅱ", "Ⅱ", "Ⅲ"), True)):
        for n, level in enumerate(levels, 1):
            text = DRAFT if answer else ""
            host.decide(who, decision(n, level, sections=["L13"], answer=answer, statement=text))
    quiet, loud = (host.debrief(who) for who in ("静", "响"))
    assert (quiet.figures["level_right"], quiet.figures["loud"], quiet.figures["too_grave"]) == (1.0, 0, 0)
    assert (loud.figures["level_right"], loud.figures["loud"], loud.figures["too_grave"]) == (0.0, 3, 3)
    assert "不必公开回应" in debrief._summary(quiet).plain
    assert "不该说时说了" in debrief._summary(loud).plain and "级别偏重" in debrief._summary(loud).plain


def test_a_session_broken_off_goes_on_where_it_stopped(exercises: Exercises) -> None:
    first = Host(exercises, exercises.begin("seaweed", ["甲"]))
    first.stage("甲")
    first.decide("甲", decision(1))
    with ledger._path(exercises.root, first.session).open("ab") as file:
        file.write(b'{"at": "2026')  # a full disk, or a switched-off machine
    with pytest.raises(LabError, match="第 4 行读不懂"):
        _ = first.events
    torn = ledger._path(exercises.root, first.session)
    torn.write_bytes(torn.read_bytes().rpartition(b"{")[0])
    session = exercises.unfinished("seaweed", ["甲"])
    assert session == first.session
    again = Host(exercises, session)
    assert again.stage("甲")["stage"] == 2 and len(again.stage("甲")["decided"]) == 1
    again.decide("甲", decision(2, "Ⅳ"))
    again.decide("甲", decision(3, "Ⅳ"))
    assert exercises.unfinished("seaweed", ["甲"]) is None
    assert exercises.debrief(session).scores[0].figures["decided"] == 3


def test_a_trainer_opens_stages_sends_messages_and_never_sees_who_is_right(exercises: Exercises) -> None:
    host = Host(exercises, exercises.begin("canteen", ["甲", "乙"], led=True))
    with serving(host) as url:
        page, now = (f"{url}/trainer/{host.trainer_code}/{part}" for part in ("", "now"))
        host.stage("甲")
        host.decide("甲", decision(1, "Ⅰ"))
        assert host.stage("甲")["waiting"] and host.stage("甲")["stage"] == 1
        shown = httpx.get(page, trust_env=False).text + httpx.get(now, trust_env=False).text
        assert "甲" in shown and "第1站，等开站" in shown
        words = re.sub(r"<[^>]*>", "", shown)
        assert not re.search("[Ⅰ-Ⅳ]", words), "neither what was decided nor what is right"
        assert not [s.why for s in host.package.exercise.stage if s.why in shown]
        back = httpx.post(page, data={"do": "open"}, trust_env=False, follow_redirects=True)
        inside = back.url.join(re.findall(r"fetch\('([^']+)'\)", back.text)[0])
        assert httpx.get(inside, trust_env=False).status_code == 200, "the table stands there after a button, too"
        assert host.stage("甲")["stage"] == 2 and host.stage("乙")["stage"] == 1
        httpx.post(page, data={"do": "inject", "sender": "<b>记者</b>", "text": "何时答复？"}, trust_env=False)
        sent = host.stage("甲")["injects"]
        assert {"stage": 2, "sender": "<b>记者</b>", "text": "何时答复？"} in sent
        assert all(i["stage"] == 1 for i in host.stage("乙")["injects"])
        assert "<b>记者" not in httpx.get(now, trust_env=False).text
        with pytest.raises(LabError, match="还有人没有做完：甲、乙"):
            exercises.debrief(host.session)
        httpx.post(page, data={"do": "end"}, trust_env=False)
        again = httpx.post(page, data={"do": "open"}, trust_env=False)
        assert (again.status_code, "这一场已经结束" in again.text) == (422, True), "a page that says why, no download"
        assert again.headers["Content-Type"].startswith("text/html") and "谁做到哪里" in again.text
    assert host.stage("乙")["finished"] and host.stage("乙")["debrief"]
    assert [s.who for s in exercises.debrief(host.session).scores] == ["甲"], "who decided nothing has no score"
    with pytest.raises(LabError, match="已经结束"):
        advance(exercises, host.session, now=datetime.now(tz=host.lab.zone))
    with pytest.raises(LabError, match="写明是谁"):
        send(exercises, host.session, " ", "x", now=datetime.now(tz=host.lab.zone))


def state(root: Path) -> dict[str, str]:
    """What lies in a lab beside its exercises: a fingerprint a file."""
    files = [p for p in root.rglob("*") if p.is_file() and "exercises" not in p.relative_to(root).parts]
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_bureaus_files_are_untouched(county: Lab, exercises: Exercises) -> None:
    county.decide("level", "食堂", value="Ⅱ", who="值班员")
    before, held = state(county.root), county.decisions.rows()
    exercises.make("seaweed")
    host = Host(exercises, exercises.begin("seaweed", ["甲"]))
    for n in (1, 2, 3):
        host.stage("甲")
        host.decide("甲", decision(n))
    exercises.debrief(host.session)
    assert exercises.progress("甲")["exercise"].to_list().count("seaweed") >= 1
    assert state(county.root) == before and county.decisions.rows() == held
    assert (ledger.folder(county.root) / "seaweed").stat().st_mode & 0o077 == 0, "the key is the owner's alone"


def test_over_time_weak_points_lead_to_an_exercise(exercises: Exercises) -> None:
    host = Host(exercises, exercises.begin("seaweed", ["新人"]))
    for n in (1, 2, 3):
        host.decide("新人", decision(n, "Ⅱ", sections=["L13"], answer=True, statement=DRAFT))
    rows = exercises.progress("新人")
    assert rows["who"].unique().to_list() == ["新人"] and "answer_loud" in rows["weak"][-1].to_list()
    assert "历次演练" in debrief.over_time(rows).plain
    advice = exercises.advised(exercises.debrief(host.session))["新人"]
    assert advice is not None
    assert debrief.over_time(exercises.progress("没有的人")).plain == "还没有做完的演练。"


# --- making ------------------------------------------------------------------------------------------------------


def test_any_story_becomes_an_exercise_that_a_trainer_edits(exercises: Exercises, county: Lab) -> None:
    made = exercises.make("jiayou", story="加油站", replace={"驿畅": "顺达"})
    table = ledger.folder(county.root) / "jiayou.toml"
    text = table.read_text(encoding="utf-8")
    assert '"驿畅" = "顺达"' in text and "\\u" not in text, "as a trainer reads it"
    assert (
        len(made.hours) >= 2 and "驿畅" not in "".join(made.posts["text"]) and "云溪" not in "".join(made.posts["text"])
    )
    assert all(b - a >= timedelta(hours=2) for a, b in zip(made.hours, made.hours[1:], strict=False))
    with pytest.raises(LabError, match="已经有了"):
        exercises.make("jiayou", story="食堂")
    assert table.read_text(encoding="utf-8") == text
    table.write_text(
        text.replace('levels = ["', 'levels = ["Ⅳ", "', 1).replace("demands = []", 'demands = ["登月"]', 1)
    )
    with pytest.raises(LabError, match="那时还没有人提“登月"):
        exercises.make("jiayou")
    with pytest.raises(LabError, match="没有演练“cantine”。是不是想写“canteen”"):
        exercises.make("cantine")


def test_the_ones_that_need_no_archive_are_made_in_an_empty_lab(lab: store.Store) -> None:
    found = Lab(lab).exercises
    for name in ("phone", "seaweed"):
        assert found.make(name).posts.height > 3
    with pytest.raises(LabError):
        found.make("canteen")
    with pytest.raises(LabError, match="还没有演练记录"):
        found.debrief()
    with pytest.raises(LabError, match="还没有制作"):
        found.begin("canteen")
    assert dict(found.overview().select("name", "made").iter_rows()) == {
        "canteen": False,
        "phone": True,
        "seaweed": True,
    }


def test_a_room_is_no_lab_with_data_and_no_folder_of_something_else(tmp_path: Path, county: Lab) -> None:
    furnish(tmp_path / "room", ["值班员 甲", "乙"], county.settings)
    furnish(tmp_path / "room", ["乙"], county.settings)
    assert load(tmp_path / "room").organisation == county.settings.organisation
    assert len(list((tmp_path / "room" / "notebooks").iterdir())) == 2
    with pytest.raises(LabError, match="别的文件"):
        furnish(county.root, ["甲"], county.settings)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.txt").write_text("x")
    with pytest.raises(LabError, match="别的文件"):
        furnish(tmp_path / "other", ["甲"], county.settings)


@pytest.fixture(scope="module")
def event_lab(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of one event's real posts."""
    root = tmp_path_factory.mktemp("event")
    (root / "lab.toml").write_text('organisation = "测试县市场监督管理局"\n[watch]\nany = []\n', encoding="utf-8")
    rows = pl.read_csv(shared_data / "weibo_event_stance" / "posts.csv.gz", infer_schema=False)
    event = rows["event"].value_counts().sort("count", "event", descending=True)["event"][0]
    rows = rows.filter(pl.col("event") == event).select(
        platform=pl.lit("微博"), native_id="post_id", published_at="time", author="author", text="hashtags", more="text"
    )
    rows = rows.with_columns(text=pl.format("#{}#{}", "text", "more")).drop("more")
    rows.write_csv(root / "event.csv")
    from opinion_lab.collect import importer

    opened = store.open(root)
    importer.import_files(opened, [root / "event.csv"], "posts", now=datetime(2026, 1, 1, tzinfo=UTC))
    lab = Lab(opened)
    lab.update(progress=False)
    yield lab


@pytest.mark.soak
def test_a_third_begins_an_exercise_made_of_real_posts(event_lab: Lab) -> None:
    stories = event_lab.stories()
    made = event_lab.exercises.make("event", story=stories["story_id"][0])
    host = Host(event_lab.exercises, event_lab.exercises.begin("event", ["丙"]))
    for n in range(1, len(made.hours) + 1):
        shown = host.stage("丙")
        assert shown["stage"] == n and shown["picture"]["n"] >= 1
        assert shown["picture"]["n"] == made.posts.filter(pl.col("published_at") <= made.hours[n - 1]).height
        host.decide("丙", decision(n, "Ⅳ"))
    assert host.debrief("丙").figures["decided"] == len(made.hours)


# --- on another PC -----------------------------------------------------------------------------------------------


def test_an_exercise_goes_to_a_pc_that_has_no_archive(exercises: Exercises, county: Lab, tmp_path: Path) -> None:
    exercises.export("canteen", tmp_path / "pc")
    with pytest.raises(LabError, match="已有内容"):
        exercises.export("canteen", tmp_path / "pc")
    there = opinion_lab.open(tmp_path / "pc").exercises
    assert not there.has_archive() and exercises.has_archive()
    host, same = Host(there, there.begin("canteen")), Host(exercises, exercises.begin("canteen"))
    assert host.stage("甲") == same.stage("甲") and host.posts("甲") == same.posts("甲")
    for path in (tmp_path / "pc").rglob("*"):
        assert not path.is_file() or "第三小学".encode() not in path.read_bytes(), path
    assert not list((tmp_path / "pc").glob("data/processed/**/*.parquet"))
    for made in (
        ledger.folder(there.root) / "canteen" / name for name in ("posts.parquet", "around.parquet", "known.json")
    ):
        assert made.stat().st_mode & 0o077 == 0, "for the trainer's eyes"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--led", "--room", "{out}"), "exercise export seaweed"),
        (("--room", "{lab}/room"), "翻得到存档"),
        (("--room", "{lab}/x/../y"), "翻得到存档"),
    ],
)
def test_trainees_do_not_sit_down_inside_an_archive(
    options: tuple[str, ...], says: str, county: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = county.exercises.sessions().height
    given = [option.format(out=tmp_path / "out", lab=county.root) for option in options]
    with pytest.raises(SystemExit) as left:
        cli.main(["--lab", str(county.root), "exercise", "run", "seaweed", "--who", "甲", *given])
    assert left.value.code == 1 and says in capsys.readouterr().err
    assert county.exercises.sessions().height == before, "no session was begun"


@pytest.mark.parametrize(
    ("texts", "gone", "stays"),
    [
        (["驿畅加油站缺斤短两", "又是驿畅加油站", "驿畅这油枪"], ["驿畅"], ["加油站", "油枪"]),
        (["焰跃健身房跑路", "焰跃健身房退费", "办了焰跃的卡"], ["焰跃"], ["健身房", "跑路"]),
        (["每座加油站都要查", "每座加油站都查了", "一座加油站"], [], ["每座加油站", "一座加油站"]),
        (["以后健身房少去", "以后健身房办卡小心", "再给超市一次机会"], [], ["以后健身房", "再给超市"]),
        (["要求学校道歉", "要求学校公开", "全县学校"], [], ["要求学校", "全县学校"]),
        (["楼下超市卖过期奶", "楼下超市又卖", "隔壁药店"], [], ["楼下超市", "隔壁药店"]),
    ],
)
def test_names_of_shops_go_and_words_stay(texts: list[str], gone: list[str], stays: list[str]) -> None:
    posts = make.posts([{"text": text} for text in texts])
    said = "\n".join(staging.renamed(posts, staging.replacements(posts, ["测试县市场监督管理局"], {}))["text"])
    assert not [name for name in gone if name in said] and all(words in said for words in stays)


def test_an_alias_tells_no_number_of_those_still_to_come() -> None:
    """What was to be seen by an hour is named as if nothing had come after it."""
    texts = ["驿畅加油站缺斤短两", "又是驿畅加油站", "焰跃健身房跑路", "焰跃健身房", "焰跃健身房退费", "焰跃健身房！"]
    accounts = ["甲报", "乙报", "丙店", "丁网", "甲报", "戊报"]
    at = [datetime(2026, 9, 8, n, tzinfo=UTC) for n in range(len(texts))]
    rows = [
        {
            "text": text,
            "author_name": who,
            "author_kind": "business" if who == "丙店" else "media",
            "published_at": then,
        }
        for text, who, then in zip(texts, accounts, at, strict=True)
    ]
    rows[0]["author_name"], rows[5]["author_name"] = "戊报", "甲报"  # the last of the alphabet speaks first
    whole = staging.replacements(make.posts(rows), [], {})
    for n in range(2, len(rows)):
        early = staging.replacements(make.posts(rows[:n]), [], {})
        assert early == {name: whole[name] for name in early}
    assert whole["戊报"] == "本地媒体1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("视频在http://t.cn/A6xYz9，快看", "视频在〔网址〕，快看"),
        ("见 https://news.example.cn/a?id=1&b=2#c 和www.example.cn/x。", "见 〔网址〕 和〔网址〕。"),
        ("3.5元，www没有", "3.5元，www没有"),
    ],
)
def test_no_address_is_left_to_look_up(text: str, shown: str) -> None:
    assert staging.disguised(make.posts([{"text": text}]), "salt")["text"].to_list() == [shown]


def test_what_was_added_to_a_post_later_is_not_in_it() -> None:
    posts = make.posts([{"text": "食堂有异物。更新：检测合格"}, {"text": "没有改过"}])
    seen = [datetime(2026, 9, 8, n, tzinfo=UTC) for n in (9, 8, 7)]
    edited = posts["post_id"][0]
    sightings = pl.DataFrame(
        {
            "post_id": [edited] * 3,
            "seen_at": seen,
            "title": [None, "旧", None],
            "text": ["食堂有异物。更新：检测合格", "食堂有异物。", None],
        }
    )
    first = staging.first_words(posts, sightings)
    assert first["text"].to_list() == ["食堂有异物。", "没有改过"] and first["title"][0] == "旧"
    assert first.columns == posts.columns


def test_the_trainer_is_shown_shops_that_keep_their_names() -> None:
    texts = ["去过驿畅加油站", "焰跃健身房退费", "焰跃健身房跑路", "楼下超市卖过期奶", "要求退钱"]
    posts = make.posts([{"text": text} for text in texts])
    assert staging.unreplaced(posts) == ["驿畅加油站"]


# --- by commands -------------------------------------------------------------------------------------------------


def test_the_commands_from_making_to_the_debrief(
    lab: store.Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the handbook has it, but for JupyterLab, which stands in another file; the report's cells run here."""

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as left:
            cli.main(["--lab", str(lab.root), "exercise", *arguments])
        out = capsys.readouterr()
        assert left.value.code == 0, out.err
        return out.out

    assert "未制作" in run("list")
    assert "3站" in run("make", "seaweed")
    exercises = Lab(lab).exercises
    session = exercises.begin("seaweed", ["甲", "乙"], led=True)
    host = Host(exercises, session)
    host.decide("甲", decision(1, "Ⅳ", sections=["L13"]))
    host.decide("乙", decision(1, "Ⅰ", sections=["L13"], answer=True, statement="经核实，"))
    assert "第2站" in run("stage", session)
    assert "已发出" in run("inject", session, "--from", "记者", "--text", "何时答复？")
    assert host.stage("甲")["injects"][-1]["text"] == "何时答复？"
    assert "已结束" in run("stage", session, "--end")
    assert session in run("list")
    said = shown(lab, "7-training-debrief", {}, monkeypatch)
    assert "2人做到第1站（共3站）" in said and "级别差3级" in said and "不该说时说了" in said and "建议下次做" in said
    found = exercises.debrief(session)
    body = papers.to_docx(paper.of(found, "测试县市场监督管理局", datetime(2026, 11, 27).date()))
    written = docx.Document(io.BytesIO(body))
    words = "\n".join(p.text for p in written.paragraphs)
    assert "3站中" not in words and "1站中1站级别在范围内" in words and "怎样算对" in words
    # a person who has nothing to do with an exercise is told how to begin one
    assert "演练要另外开" in shown(lab, "7-training-exercise", {}, monkeypatch)
