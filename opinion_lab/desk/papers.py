"""Papers made, numbered and laid down: a page, a Word file and, where typst is installed, a PDF of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl

from opinion_lab.analyse import stories
from opinion_lab.cases import conduct, satisfaction
from opinion_lab.config import LabError
from opinion_lab.desk import plans
from opinion_lab.desk.bench import Bench
from opinion_lab.report import papers
from opinion_lab.report.documents import brief
from opinion_lab.report.page import layout
from opinion_lab.report.papers import period, register, story as story_papers
from opinion_lab.report.papers.paper import Block
from opinion_lab.report.wording import phrases
from opinion_lab.report.wording.response import lessons
from opinion_lab.storage.files import write
from opinion_lab.storage.journal import cases as store

#: What each kind of paper is called, and to whom it goes.
KINDS = {
    "brief": ("每日舆情", ""),
    "special": ("舆情专报", "局领导"),
    "weekly": ("舆情周报", "局领导"),
    "monthly": ("舆情月报", "局领导"),
    "first": ("信息首报", "县人民政府、上级市场监督管理局"),
    "follow": ("信息续报", "县人民政府、上级市场监督管理局"),
    "final": ("信息终报", "县人民政府、上级市场监督管理局"),
}
UPWARD = ("first", "follow", "final")
OF_A_STORY = ("special", *UPWARD)
ISSUE = "issue"


@dataclass(frozen=True)
class Issued:
    """A paper that was made: its number and its files."""

    name: str
    paper: papers.Paper
    files: tuple[Path, ...]


def issue(lab: Bench, kind: str, *, who: str, story: str = "", day: str = "", at: str = "") -> Issued:
    """Make a paper of a kind (KINDS), give it the next number of its kind and year, and lay it down under reports/.

    `story`: for those about one (a name or number); `day`: of which day, or the last day of which week or month;
    `at`: the hour from which a story is looked at. A number is never given twice, and a second issue says so.
    """
    if kind not in KINDS:
        raise LabError(f"没有“{kind}”这一种。可用的有：{'、'.join(f'{k}（{v[0]}）' for k, v in KINDS.items())}。")
    if kind in OF_A_STORY and not story:
        raise LabError(f"{KINDS[kind][0]}要用 --story 写明是哪件事。")
    if not who.strip():
        raise LabError("请用 --by 写明谁编发（写职务即可）。")
    title, called, blocks = _about_story(lab, kind, story, at) if story else _about_time(lab, kind, day)
    now = datetime.now(UTC)
    today = now.astimezone(lab.zone).date()
    subject = f"{kind}:{called}"
    earlier = [row for row in issued(lab, kind).iter_rows(named=True) if row["about"] == subject]
    again = sum(row["at"].astimezone(lab.zone).date() == today for row in earlier) + 1
    details = {"title": title, "about": subject, "story_id": called if story else None}
    row = {"event": ISSUE, "who": who, "at": now, "details": details}
    name = store.add_numbered(lab.root, f"{kind}-{today.year}", [row], now=now)[0]
    number = int(name.rsplit("-", 1)[1])
    what, to = KINDS[kind]
    organisation = lab.settings.organisation
    nth = f"（续报{len(earlier) + 1}）" if kind == "follow" else ""
    paper = papers.Paper(
        mark=f"{organisation}{what}",
        number=f"〔{today.year}〕第{number}期",
        organisation=organisation,
        day=today,
        title=title + nth,
        blocks=tuple(blocks),
        to=to,
        again=f"（当日第{again}份，以本份为准）" if again > 1 else "",
        close=kind == "brief",
        numbered=kind != "brief",
        note="内部资料，等级为建议的须经人确认" if kind != "weekly" else "内部资料",
    )
    return Issued(name, paper, _lay_down(lab, name, paper))


def issued(lab: Bench, kind: str = "") -> pl.DataFrame:
    """The papers that were issued: name, kind, at, who, title, about, story_id; in order of issue."""
    rows = []
    for line in lab.cases.history().filter(pl.col("event") == ISSUE).iter_rows(named=True):
        told = orjson.loads(line["details"])
        of = told["about"].partition(":")[0]
        if not kind or of == kind:
            rows.append(
                (line["subject"], of, line["at"], line["who"], told["title"], told["about"], told.get("story_id"))
            )
    texts = dict.fromkeys(("who", "title", "about", "story_id"), pl.String())
    schema = {"name": pl.String(), "kind": pl.String(), "at": pl.Datetime("us", "UTC"), **texts}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _about_story(lab: Bench, kind: str, story: str, at: str) -> tuple[str, str, list[Block]]:
    past = lab.review(story, at=at)
    story_id = str(past.story["story_id"])
    then = lab.as_of(at) if at else lab
    cases, table, zone = then.cases.of_story(story_id), then.cases.table, lab.zone
    if kind in UPWARD:
        plans.signed(then, past, f"编发{KINDS[kind][0]}")
    # what a person called it goes before the words of a post
    called = cases.filter(pl.col("origin") != "order").sort("case_id")["title"].to_list()
    short, now = (called or [lessons.title(past)])[0], then.cases.now
    makers: dict[str, tuple[str, Callable[[], list[Block]]]] = {
        "special": ("网络舆情的专报", lambda: story_papers.special(past, cases, table, zone, now)),
        "first": ("情况的报告", lambda: story_papers.first(past, cases, zone)),
        "follow": ("情况的续报", lambda: story_papers.follow(past, cases, _since(lab, past.at, story_id), zone)),
        "final": (
            "处置情况的终报",
            lambda: story_papers.final(past, cases, plans.of(then, past), table, zone, now),
        ),
    }
    what, make = makers[kind]
    return f"关于“{short}”{what}", story_id, make()


def _since(lab: Bench, at: datetime, story_id: str) -> datetime:
    """When the last report about a story before this was made; a day before where there is none."""
    past = [
        row["at"]
        for row in issued(lab).iter_rows(named=True)
        if row["story_id"] == story_id and row["kind"] in ("first", "follow") and row["at"] < at
    ]
    return max(past, default=at - timedelta(days=1))


def _about_time(lab: Bench, kind: str, day: str) -> tuple[str, str, list[Block]]:
    until = lab.latest(day)
    if kind == "brief":
        today = brief.of(lab, day)
        return f"{phrases.date(today.day)}舆情", f"{today.day}", period.brief(today, lab.cases.waiting())
    since = until - timedelta(days=6) if kind == "weekly" else until.replace(day=1)
    everything, home = lab.posts(since, until), lab.post_stories(since, until)
    about = stories.about(everything, home)
    mine = everything.join(about, on="post_id", how="semi")
    registered = pl.col("registered_at").dt.convert_time_zone(str(lab.zone)).dt.date()
    every = lab.cases.all()
    cases = every.filter(registered.is_between(since, until))
    blocks = period.report(
        mine,
        lab.describe(mine, about),
        cases,
        satisfaction.by_section(cases),
        satisfaction.over_time(every, lab.zone, every="1w" if kind == "weekly" else "1mo", until=until, periods=4),
        conduct.count(everything, lab.rules.conduct),
        since=since,
        until=until,
        zone=lab.zone,
    )
    span = f"{phrases.date(since)}至{phrases.date(until)}"
    return f"{span}舆情和办件情况", f"{since}/{until}", blocks


def _lay_down(lab: Bench, name: str, paper: papers.Paper) -> tuple[Path, ...]:
    folder = lab.root / "reports" / "papers"
    bodies = {
        "html": papers.to_html(paper, layout.style(), lab.settings.lang).encode(),
        "docx": papers.to_docx(paper),
    }
    with suppress(LabError):  # the extra is not installed: page and Word are whole without it
        bodies["pdf"] = papers.to_pdf(paper)
    paths = []
    for ending, body in bodies.items():
        paths.append(folder / f"{name}.{ending}")
        write(paths[-1], body)
    return tuple(paths)


def sheet(lab: Bench, number: str) -> Path:
    """The hand-over sheet (交办单) of a case as a Word file under reports/papers; made anew each time."""
    case = lab.cases.case(number)
    named = lab.cases.on_paper(case["case_id"])
    organisation = lab.settings.organisation
    day: date = lab.cases.now.astimezone(lab.zone).date()
    lines = dict(lab.rules.lines.select("line_id", "line").iter_rows())
    blocks = tuple(register.sheet(case, named, lines.get(case["line_id"], ""), lab.cases.table, lab.zone))
    to = case["lead"] or ""
    paper = papers.Paper(f"{organisation}交办单", named, organisation, day, case["title"], blocks, to)
    path = lab.root / "reports" / "papers" / f"sheet-{case['case_id']}.docx"
    write(path, papers.to_docx(paper))
    return path


def ledger(lab: Bench, path: Path, cases: pl.DataFrame) -> None:
    """The ledger (台账) of cases as a Word file: number, matter, section, state, term."""
    rows = register.ledger(cases, lab.cases.table, lab.zone, lab.cases.now)
    columns = {c: register.LEDGER[c] for c in ("case_id", "title", "lead", "state", "last")}
    organisation, day = lab.settings.organisation, lab.cases.now.astimezone(lab.zone).date()
    listed = register.table(rows, columns, "舆情和工单办理台账", rows.height)
    paper = papers.Paper(f"{organisation}台账", f"{day.year}年", organisation, day, "办理台账", (listed,))
    write(path, papers.to_docx(paper))


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
