"""A session as people read it: a trainee's debrief, the group's, and the trainer's page while it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import polars as pl

from opinion_lab.report import page
from opinion_lab.report.page import Shown
from opinion_lab.report.training import words
from opinion_lab.report.wording import name, time
from opinion_lab.report.wording.response import deadlines, levels as graded
from opinion_lab.report.wording.response.statements import MASKED
from opinion_lab.training import scoring
from opinion_lab.training.exercise import Exercise, Package
from opinion_lab.training.scoring import Debrief, Score

# --- a trainee ---------------------------------------------------------------------------------------------------


def own(score: Score, package: Package) -> Shown:
    """A trainee's debrief: how it went, stage by stage what was decided, what would have been right, and why."""
    parts = [_summary(score), _figures(score), _stages(score, package), key(package), evidence(package), _drafts(score)]
    return page.together(*parts, _clocks(score, package), really(package))


def _summary(score: Score) -> Shown:
    """How it went, and what to train next."""
    skills = scoring.weaknesses(score.figures)
    said = page.finding(f"{score.who}：{words.summary(score.figures)}")
    return page.together(said, page.note(words.weak(skills) + "分数只用来训练，不作排名。"))


def _figures(score: Score) -> Shown:
    """Every figure and how it is counted."""
    columns = dict.fromkeys(("what", "value", "how"), pl.String)
    rows = pl.DataFrame(words.figures(score.figures), schema=columns, orient="row")
    return page.table(rows, {"what": "项目", "value": "结果", "how": "怎么算"}, f"{score.who}的得分")


def _stages(score: Score, package: Package) -> Shown:
    """Stage by stage: what was decided beside what would have been right, and why."""
    rows = []
    for row in score.stages.iter_rows(named=True):
        right = package.exercise.stage[row["stage"] - 1]
        missed = [f"漏{package.lines.get(s, s)}" for s in row["sections_missed"]]
        missed += [f"多{package.lines.get(s, s)}" for s in row["sections_extra"]]
        rows.append(
            {
                "at": row["at"],
                "level": f"{row['level']}级，标准{words.levels(row['right'])}，{words.off(row['off'])}",
                "answer": f"{words.SPOKE[row['answer']]}，标准{words.RIGHT[right.answer]}",
                "sections": "、".join(missed) or "齐",
                "demands": "、".join(row["demands_missed"]) or "—",
                "why": row["why"],
            }
        )
    columns: dict[str, Any] = {"at": "时刻", "level": "级别", "answer": "答不答", "sections": "科室"}
    columns |= {"demands": "漏看的诉求", "why": ("当时的理由", "verbatim")}
    return page.table(pl.DataFrame(rows), columns, f"{score.who}逐站对照", zone=package.zone, clamp=200)


def key(package: Package) -> Shown:
    """What would have been right at each stage, and why."""
    rows = [
        {"at": at, "levels": words.levels(stage.levels), "answer": words.RIGHT[stage.answer], "why": stage.why or "—"}
        for at, stage in zip(package.hours, package.exercise.stage, strict=True)
    ]
    columns = {"at": "时刻", "levels": "级别", "answer": "答不答", "why": "理由"}
    return page.table(pl.DataFrame(rows), columns, "标准（范围之内都算对）", zone=package.zone, clamp=400)


def evidence(package: Package) -> Shown:
    """What was known at each hour, by the rules of grading alone."""
    rows = [
        {"at": at, "level": f"{held['grade']['level']}级", "why": graded.gist(held["grade"], zone=package.zone)}
        for at, held in zip(package.hours, package.evidence, strict=True)
    ]
    columns = {"at": "时刻", "level": "程序按当时的证据建议", "why": "依据"}
    shown = page.table(pl.DataFrame(rows), columns, "当时的证据", zone=package.zone, clamp=300)
    note = "程序只会数，不懂事情的真假；标准由训练人定，与程序不同的地方正是要讨论的地方。"
    return page.together(shown, page.note(note))


def _drafts(score: Score) -> Shown:
    """The remarks on the drafts."""
    shown = pl.when("personal").then(pl.lit(MASKED)).otherwise("sentence")
    rows = score.remarks.with_columns(sentence=shown, remark="level")
    columns = {"stage": "站", "remark": "轻重", "rule": "哪一条", "sentence": ("原文", "verbatim"), "advice": "建议"}
    return page.table(
        rows, columns, "文稿逐条", null="全文没有写到", clamp=200, nothing="文稿没有要改的地方，或没有写文稿。"
    )


def _clocks(score: Score, package: Package) -> Shown:
    """The deadlines as the trainee kept them."""
    rows = deadlines.table(score.clocks, zone=package.zone)
    columns = {"what": "时限", "state": "结果", "due": "应于", "done": "演练中"}
    caption = "时限（把文稿当作发出）"
    return page.table(rows, columns, caption, null="—", nothing="没有可以判断的时限。")


def really(package: Package) -> Shown:
    """What was really done, which an exercise does not hold to be right."""
    zone, real = package.zone, package.real
    rows = [(a["at"], f"{a['author_name'] or '有关部门'}回应", a["text"]) for a in real["answers"]]
    rows += [(d["at"], f"人工定为{d['level']}级", "") for d in real["levels"]]
    schema: dict[str, Any] = {"at": pl.Datetime("us", "UTC"), "what": pl.String, "text": pl.String}
    done = pl.DataFrame(sorted(rows), schema=schema, orient="row")
    columns: dict[str, Any] = {"at": "时刻", "what": "做了什么", "text": ("内容", "verbatim")}
    shown = page.table(done, columns, "实际上是怎么做的", zone=zone, clamp=160, nothing="实际上没有公开回应。")
    missed = [c["what"] for c in real["clocks"] if c["state"] == "missed"]
    late = f"实际超过的时限：{'；'.join(missed)}。" if missed else ""
    return page.together(shown, page.note(f"{late}实际做的不等于对的，要对照上面的标准来看。"))


# --- a group -----------------------------------------------------------------------------------------------------


def title(found: Debrief) -> Shown:
    """The report's title."""
    return page.title(f"演练讲评：{found.package.exercise.title}")


def group(found: Debrief) -> Shown:
    """How each did, side by side."""
    if len(found.scores) == 1:
        return _summary(found.scores[0])
    decided, whole = [s.figures["decided"] for s in found.scores], len(found.package.exercise.stage)
    far = "做完" if min(decided) == whole else f"做到第{max(decided)}站（共{whole}站）："
    said = page.finding(f"{len(found.scores)}人{far}“{found.package.exercise.title}”。{_widest(found)}。")
    rows = [
        {
            "who": s.who,
            "summary": words.summary(s.figures),
            "weak": words.weak(scoring.weaknesses(s.figures)).removeprefix("下次着重练："),
        }
        for s in found.scores
    ]
    columns = {"who": "谁", "summary": "怎么样", "weak": "下次着重练"}
    return page.together(said, page.table(pl.DataFrame(rows), columns, "各人", clamp=300))


def _widest(found: Debrief) -> str:
    apart = scoring.diverged(found.scores).sort("apart", "stage", descending=[True, False])
    if apart.is_empty() or not apart["apart"][0]:
        return "各站的级别都一样"
    at = found.package.hours[apart["stage"][0] - 1]
    return f"分歧最大的是{time(at, found.package.zone)}那一站，级别差{apart['apart'][0]}级"


def diverged(found: Debrief) -> Shown:
    """Stage by stage: who said which level and who spoke, beside the range that is right."""
    rows = []
    for row in scoring.diverged(found.scores).iter_rows(named=True):
        at, key = found.package.hours[row["stage"] - 1], found.package.exercise.stage[row["stage"] - 1]
        rows.append(
            {
                "at": at,
                "levels": row["levels"],
                "spoke": row["spoke"] or ["没有人"],
                "right": words.levels(key.levels),
            }
        )
    columns = {"at": "时刻", "levels": "各人的级别", "spoke": "谁选了答", "right": "标准"}
    return page.table(pl.DataFrame(rows), columns, "分歧在哪里", zone=found.package.zone, clamp=300)


def reasons(found: Debrief) -> Shown:
    """What people wrote as their reasons, stage by stage: what to ask about."""
    rows = pl.concat([s.stages.select("stage", "at", "level", "why", who=pl.lit(s.who)) for s in found.scores])
    columns: dict[str, Any] = {"at": "时刻", "who": "谁", "level": "级别", "why": ("理由", "verbatim")}
    return page.table(rows.sort("stage", "who"), columns, "各人的理由", zone=found.package.zone, clamp=300)


def each(found: Debrief) -> Shown:
    """Every trainee's debrief, one after another."""
    parts = []
    for score in found.scores:
        parts += [_summary(score), _figures(score), _stages(score, found.package)]
        parts += [_drafts(score), _clocks(score, found.package)]
    return page.together(*parts)


# --- over time, and while it goes on -----------------------------------------------------------------------------


def over_time(progress: pl.DataFrame) -> Shown:
    """How people did from session to session."""
    if progress.is_empty():
        return page.note("还没有做完的演练。")
    rows = [
        row
        | {
            "level": words.delay(row["level_delay"]) if row["must_rise"] else "不必升级",
            "spoke": words.delay(row["answer_delay"]) if row["answer_due"] else "不必公开回应",
            "weak": [name("skill", skill) for skill in row["weak"]] or None,
        }
        for row in progress.iter_rows(named=True)
    ]
    columns: dict[str, Any] = {
        "began": "时间",
        "who": "谁",
        "exercise": "演练",
        "level_right": ("级别在范围内", "percent"),
    }
    columns |= {"level": "定到最重那一级", "spoke": "公开回应", "weak": "着重练"}
    shown = page.table(pl.DataFrame(rows, infer_schema_length=None), columns, "历次演练", null="—")
    return page.together(shown, page.note("只按职务或代号记，留在本实验室，不作排名。"))


def advised(exercises: Mapping[str, Exercise | None]) -> Shown:
    """The exercise that each should do next."""
    said = [f"{who}：{e.title}（{e.name}）" for who, e in exercises.items() if e is not None]
    return page.note(f"建议下次做：{'；'.join(said)}。" if said else "没有特别要补的演练。")


def progress(now: Mapping[str, Any], zone: tzinfo) -> Shown:
    """The trainer's page: who is where; never who is right."""
    hours: Sequence[Any] = now["hours"]
    rows = [
        {
            "who": who,
            "stage": "已做完" if p["finished"] else f"第{p['stage']}站" + ("，等开站" if p["waiting"] else ""),
            "decided": [time(at, zone) for at in p["decided"]] or ["还没有"],
        }
        for who, p in now["people"].items()
    ]
    columns = {"who": "谁", "stage": "在哪一站", "decided": "各站提交时间"}
    pace = f"已开放到第{now['opened']}站，共{len(hours)}站" if now["led"] else f"各人自己往下做，共{len(hours)}站"
    said = page.finding(f"{now['title']}：{pace}。{'已结束。' if now['ended'] else ''}")
    schema: dict[str, Any] = {"who": pl.String, "stage": pl.String, "decided": pl.List(pl.String)}
    people = page.table(pl.DataFrame(rows, schema=schema), columns, "谁做到哪里", zone=zone, nothing="还没有人进来。")
    sent = pl.DataFrame(now["sent"], schema={"stage": pl.Int64, "sender": pl.String, "text": pl.String})
    columns = {"stage": "站", "sender": "谁发的", "text": "内容"}
    messages = page.table(sent, columns, "各站的消息（到站才给学员看）", zone=zone, nothing="没有消息。")
    return page.together(said, people, messages)
