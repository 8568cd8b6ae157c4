"""How the answers fared, in sentences: how soon, how right, what came after. Speed and correctness stay apart."""

from __future__ import annotations

import itertools
from datetime import timedelta, tzinfo

import polars as pl

from opinion_lab.analyse import trends
from opinion_lab.judge import statements
from opinion_lab.judge.incident_review import Review
from opinion_lab.report.wording import findings, phrases
from opinion_lab.report.wording.response import lessons

CAUSE = "只说先后，不说因果"
METHOD = (
    "预计：把发布前6小时的势头（扣除昼夜作息）往下推，按2,177条公开微博转发链在同样时刻的通常消退修正，"
    f"再按本事件此前偏离通常多少修正；同类时刻有八成落在区间内。{CAUSE}：同一时间还可能有别的事在起作用。"
)


def speed(review: Review) -> str:
    """How long the first answer took, by how much it kept or missed its term, and which steps nobody wrote down."""
    judged = review.clocks.filter(pl.col("state").is_in(["met", "missed"]) & pl.col("due").is_not_null())
    if review.orders_alone:
        return "都是工单，没有见到网帖，不按网上舆情的时限计。"
    if review.answers.is_empty():
        late = judged.filter(pl.col("state") == "missed")
        said = "数据里没有官方回应" + (f"，“{late['what'][0]}”的期限已过" if late.height else "")
    else:
        delay = review.answers["delay"][0]
        before = delay < timedelta(0)
        said = f"首次回应{'早于首帖' if before else '距首帖'}{phrases.duration(delay)}"
        if judged.height:
            row = judged.row(0, named=True)
            kept = "超时" if row["state"] == "missed" else "提前"
            said += f"，{kept}{phrases.duration(row['margin'])}" if row["margin"] is not None else ""
    facts = [f for why in review.clocks["why"] for f in why]
    steps = "、".join(phrases.NAMES["step"][f["about"]] for f in facts if f["rule"] == "step_not_written")
    return said + (f"；{steps}的时间没有填写，慢在哪一环说不清。" if steps else "。")


def bases(review: Review) -> pl.DataFrame:
    """What each clock of the review rests on: what, basis and dates in force, source."""
    used = review.clocks.select(id=pl.col("clock_id").str.replace(r"^(D04)-\d+$", "$1")).unique(maintain_order=True)
    force = pl.format("{}（{}起{}）", "basis", "since", pl.format("，至{}", "until").fill_null(""))
    rows = used.join(review.context.rules.deadlines, on="id", how="left", maintain_order="left")
    return rows.select("what", "source", basis=force)


def _unanswered(review: Review) -> str:
    return "都是工单，没有对公众的说法" if review.orders_alone else "数据里没有官方回应"


def correctness(review: Review) -> str:
    """Whether a later answer takes back an earlier one; with one answer there is nothing to compare."""
    if review.answers.is_empty():
        return f"{_unanswered(review)}，谈不上对错。"
    if review.reversals:
        pair = review.reversals[0]
        rows = statements.compare(pair[0]["text"], pair[1]["text"]).filter(pl.col("verdict") == "reversed")
        a, b = rows.select("a", "b").row(0)
        said = f"“{a}”被“{b}”推翻" if a and b else f"后来承认：{b or a}"
        return f"第{pair[0]['n']}次发布的结论在第{pair[1]['n']}次被推翻：{said}。"
    if review.answers.height == 1:
        return "只有一次发布，没有前后版本可比；是否属实须人工核对。"
    return f"{review.answers.height}次发布之间没有比出互相矛盾的结论；是否属实须人工核对。"


def versions(review: Review) -> pl.DataFrame:
    """The answers with `later`: which one took it back, if any did, and `head`: when and whose (clocks.answers)."""
    back = {a["n"]: f"被第{b['n']}次推翻" for a, b in reversed(review.reversals)}  # the first that does
    later = pl.Series([back.get(n, "未见推翻") for n in review.answers["n"]], dtype=pl.String)
    zone = review.context.zone
    heads = [
        f"{phrases.time(at, zone)} {by or '官方'}" for at, by in review.answers.select("at", "author_name").iter_rows()
    ]
    return review.answers.with_columns(later=later, head=pl.Series(heads, dtype=pl.String))


def corrections(review: Review) -> pl.DataFrame:
    """What each official answer took back, changed or added in its conclusions (columns of statements.compare).

    Numbers, times and bodies that a later answer only adds are left out: saying more is what it is for.
    """
    said = review.answers.sort("at", "post_id")["text"].to_list()
    found = pl.concat([statements.compare("", ""), *(statements.compare(a, b) for a, b in itertools.pairwise(said))])
    kept = found.filter((pl.col("kind") == "conclusion") | pl.col("verdict").is_in(["reversed", "changed"]))
    return kept.with_columns(pl.col("a", "b").fill_null("（没有说）"))


def after(review: Review, *, zone: tzinfo) -> str:
    """What came after each answer against what was to be expected without it; never said to be its effect."""
    if review.answers.is_empty():
        return f"{_unanswered(review)}，无从比较。"
    parts = []
    for row in review.aftermath.iter_rows(named=True):
        moment = phrases.time(row["at"], zone)
        if row["verdict"] is None:
            parts.append(f"{moment}发布后不作比较：{phrases.name('aftermath', row['why'])}")
            continue
        low, mid, high = (phrases.number(round(row[c])) for c in ("low", "expected", "high"))
        held = f"{phrases.name('aftermath', row['verdict'])}（约{mid}条，八成在{low}至{high}条）"
        parts.append(f"{moment}发布后{row['hours']}小时{phrases.count(row['after'])}，{held}")
    return "；".join(parts) + f"。{CAUSE}。"


def compared(review: Review) -> pl.DataFrame:
    """Each answer as a line to read: at, hours, before, after, expected (with its interval), verdict."""
    counted = pl.col("expected", "low", "high").map_elements(lambda n: f"{n:,.0f}", return_dtype=pl.String)
    between = review.aftermath.select(counted).select(pl.format("{}（{}至{}）", "expected", "low", "high")).to_series()
    names = phrases.NAMES["aftermath"]
    held, why = (pl.col(c).replace_strict(names, default=None) for c in ("verdict", "why"))
    return review.aftermath.select(
        "at", "hours", "before", "after", expected=between, verdict=pl.coalesce(held, pl.format("不比较：{}", why))
    )


def secondary(review: Review, tokens: pl.DataFrame) -> pl.DataFrame:
    """Words that rose after the first official answer (columns of trends.rising): a new matter shows here."""
    mine = tokens.join(review.posts.select("post_id"), on="post_id", how="semi")
    last = review.posts["published_at"][-1]
    answered = review.answers["at"][0] if review.answers.height else last
    return trends.rising(mine, review.posts, since=answered, until=max(last, answered) + timedelta(seconds=1))


def verdicts(review: Review, *, zone: tzinfo) -> pl.DataFrame:
    """The judgement, side by side: what (speed, correctness, coverage, after, level), said."""
    wave = review.second_wave
    again = f"{phrases.time(wave, zone)}起第二次上升。" if wave else "没有第二次上升。"
    rows = [
        ("快不快", speed(review)),
        ("对不对", correctness(review)),
        ("答得全不全", lessons.demanded(review)),
        ("有没有再起", again),
        ("等级", findings.level_trail(review.grades, zone=zone) + "。"),
    ]
    return pl.DataFrame(rows, schema={"what": pl.String, "said": pl.String}, orient="row")
