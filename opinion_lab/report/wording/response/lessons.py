"""A review in sentences: the summary, what to learn, what the data cannot say. Every number comes from a row."""

from __future__ import annotations

from datetime import tzinfo

import polars as pl

from opinion_lab.analyse import cascades, stories
from opinion_lab.judge.incident_review import Review
from opinion_lab.report.wording import phrases
from opinion_lab.report.wording.response import deadlines, levels

SUMMARY_CHARACTERS = 200
TITLE_CHARACTERS = 24


def title(review: Review) -> str:
    """The story's title, cut to a line."""
    whole = review.story["title"]
    return whole if len(whole) <= TITLE_CHARACTERS else whole[:TITLE_CHARACTERS] + "…"


def _judgement(review: Review) -> str:
    """The one sentence that says how the answer fared."""
    if review.orders_alone:
        told = f"（数据里已答复{review.replied}件）" if review.replied else ""
        return f"都是工单，没有见到网帖，逐件答复来电人{told}。"
    if review.answers.is_empty():
        return "数据里没有官方回应。"
    missed = review.clocks.filter(pl.col("state") == "missed").height
    if review.reversals:
        return "回应慢，而且第一次的结论后来被推翻。" if missed else "回应及时，但第一次的结论后来被推翻。"
    if missed:
        return "回应超时。"
    return "回应及时，声量没有再起。" if review.second_wave is None else "回应及时，但之后声量再起。"


def summary(review: Review, *, zone: tzinfo) -> str:
    """At most 200 characters: judgement first, then size, place, course, level, what is still open."""
    story, posts = review.story, review.posts
    original = posts.filter(stories.ORIGINAL).height
    spread = f"“{title(review)}”"
    first = f"{phrases.time(story['first_at'], zone, year=True)}首见于{posts['platform'][0]}"
    size = f"{len(story['platforms'])}个平台共{phrases.count(posts.height)}（原创{phrases.number(original)}）"
    size = f"共{phrases.count(posts.height, '件')}" if review.orders_alone else size
    parts = [_judgement(review), f"{spread}{first}，{size}"]
    if review.second_wave:
        year = phrases.several_years(review.posts["published_at"], zone)
        parts.append(f"{phrases.day(review.second_wave, zone, year=year)}起第二次上升")
    parts.append(levels.standing(review.grades))
    if review.open_demands.height:
        owed = "来电人的诉求有{}类" if review.orders_alone else "仍有{}类诉求没有回应"
        parts.append(owed.format(review.open_demands.height))
    text = parts[0] + "，".join(parts[1:]) + "。"
    return text if len(text) <= SUMMARY_CHARACTERS else text[: SUMMARY_CHARACTERS - 1] + "…"


def origin(review: Review, *, zone: tzinfo) -> str:
    """The earliest post, its platform and kind of author, and whether complaints came before the web."""
    posts = review.posts
    first = posts.row(0, named=True)
    who = f"（{phrases.name('author_kind', first['author_kind'])}账号）"
    who = "" if first["kind"] == "complaint" or first["author_kind"] == "unknown" else who
    said = f"最早一条在{phrases.time(first['published_at'], zone, year=True)}，来自{first['platform']}{who}。"
    complaints = posts.filter(pl.col("kind") == "complaint")
    web = review.public.filter(pl.col("kind") != "complaint")  # an answer is no post of the web
    if complaints.is_empty():
        return said + "数据里没有工单，不能说正式投诉是否更早。"
    if web.is_empty():
        return said + "全部是工单，没有见到网帖。"
    lead = web["published_at"][0] - complaints["published_at"][0]
    order = "早" if lead.total_seconds() > 0 else "晚"
    return (
        f"{said}工单{phrases.count(complaints.height, '件')}，第一件比第一条网帖{order}{phrases.duration(abs(lead))}。"
    )


def drawn(review: Review, shown: int) -> str:
    """How the phases were cut, and what the figures leave out when they show so many posts."""
    left = review.posts.height - shown
    rule = "阶段线（10%、50%）是本工作台的默认值；只有“低于峰值1%且不再反弹为止”有公开口径。"
    until = "平息后不久" if "ended" in review.phases["phase"] else "绝大多数帖文之后不久"
    return f"图画到{until}为止，之后还有{phrases.count(left)}零星帖文，没有画出。{rule}" if left > 0 else rule


def course(review: Review) -> str:
    """How far and how fast it was passed on; honest where the platforms did not say who passed on whom."""
    if review.edges.is_empty():
        return "数据里没有转评关系，画不出转发链：平台没有给出，或导出时没有包含。"
    linked = review.edges.height / review.posts.height
    biggest, depth = review.shape, max(cascades.levels(review.edges)["depth"].to_list())
    text = f"{phrases.percent(linked)}的帖文知道转自或评自哪一条；"
    text += f"最大的一串{phrases.count(biggest['size'])}，最深转发到第{depth}层"
    if biggest["half_life"] is not None:
        share = phrases.percent(biggest["first_hour_share"])
        text += f"，过半用了{phrases.duration(biggest['half_life'])}，首小时占{share}"
    return text + "。"


def demanded(review: Review) -> str:
    """How many kinds of demand there are and how many no official answer addresses."""
    if review.demands.is_empty():
        return "没有识别到明确的诉求语句。"
    left = review.open_demands
    voiced = review.demands.filter(pl.col("n") >= review.fewest_voices).height
    many = f"{review.fewest_voices}{'件' if review.orders_alone else '人'}以上提出的诉求"
    if not voiced:
        return f"没有{many}。"
    said = f"{many}有{voiced}类"
    said += "，答没答要看工单" if review.orders_alone else f"，{left.height}类在官方发布里找不到回应"
    return f"{said}，最多的是{''.join(f'“{k}”' for k in left['key'].head(3))}。" if left.height else f"{said}。"


def completeness(review: Review, *, zone: tzinfo) -> str:
    """What was not collected or not said, within the story's time."""
    gaps = [
        f"{r['platform']}{phrases.time(r['start'], zone)}至{phrases.time(r['end'], zone)}"
        for r in review.holes.sort("start").iter_rows(named=True)
    ]
    said = f"采集缺口{len(gaps)}处：{phrases.listing(gaps, unit='处')}。" if gaps else "事件期间没有发现采集缺口。"
    counts = review.posts.filter(pl.col("likes").is_null() & pl.col("reposts").is_null()).height
    unsaid = f"{phrases.percent(counts, review.posts.height)}的帖文平台没有给出点赞、转发数。" if counts else ""
    return f"{said}{unsaid}没有采集的平台、私密群聊不在其中，不能当作没有发生。"


def lessons(review: Review, *, zone: tzinfo) -> pl.DataFrame:
    """What to learn: `lesson` and the `fact` it rests on, each true of this story. Empty when nothing stands out."""
    found: list[tuple[str, str]] = []
    for clock in review.clocks.filter(pl.col("state") == "missed").iter_rows(named=True):
        what = deadlines.name(clock)
        found.append((f"按“{what}”倒排时间，先发已经查实的部分", deadlines.note(clock, zone=zone)))
    for pair in review.reversals[:1]:
        fact = f"{phrases.time(pair[0]['at'], zone)}的说法在{phrases.time(pair[1]['at'], zone)}被推翻"
        found.append(("没有检测或调查结论前不作定性，只说已经做了什么、何时再公布", fact))
    if review.orders_alone:
        found.append(("逐件答复来电人；要不要对外说明，由人来定", "都是工单，没有见到网帖"))
    elif review.answers.is_empty():
        found.append(("先查明是否在别处答过；没有答过的尽快回应", "已采集的帖文里没有官方回应"))
    if review.second_wave:
        again = "声量回落后继续盯满七天" if review.answers.is_empty() else "回应后继续盯满七天，预备第二次说明"
        found.append((again, f"{phrases.time(review.second_wave, zone)}起声量第二次上升"))
    if (open_ := review.open_demands).height:
        keys = phrases.listing([f"“{key}”" for key in open_["key"]], unit="类")
        owed = "来电人的诉求" if review.orders_alone else "至今没有回应的诉求"
        found.append(("逐条对照诉求作答，答不了的说明原因和时间", f"{owed}：{keys}"))
    web = review.public.filter(pl.col("kind") != "complaint")["published_at"]
    complaints = review.posts.filter(pl.col("kind") == "complaint")["published_at"]
    if web.len() and complaints.len() and complaints[0] < web[0]:
        lead = phrases.duration(web[0] - complaints[0])
        found.append(("把工单接入预警：工单早于网帖", f"第一件工单比第一条网帖早{lead}"))
    return pl.DataFrame(found, schema={"lesson": pl.String, "fact": pl.String}, orient="row")


def criticism(review: Review) -> str:
    """What was found of those who criticise the officials, always, after the attitude where it is measured."""
    found, measured = review.views, _attitude(review.attitudes)
    if found.is_empty() or not found["n"].sum():
        return f"{measured}按用词没有找到明确的观点，请直接翻看帖文。"
    critics, others = found.row(0, named=True), found[1:].sort("n", "key", descending=[True, False])
    said = f"{critics['key']}的，按用词找到{phrases.count(critics['n'], '人')}"
    said = said if critics["n"] else f"没有找到{critics['key']}的帖文"
    top = others.row(0, named=True)
    said += f"；其他观点里找到最多的是{top['key']}，{phrases.count(top['n'], '人')}" if top["n"] else ""
    return f"{measured}{said}，请翻看原话。"


def _attitude(judged: pl.DataFrame | None) -> str:
    """How many posts are negative and towards whom, or that nobody measured it."""
    if judged is None:
        return "公众态度没有测量（标注不足）。"
    negative = judged.filter(pl.col("attitude") == "negative")
    towards = {"bureau": "对本局及政府部门", "business": "对商家", "others": "对他人"}
    parts = [f"{name}{n}条" for key, name in towards.items() if (n := negative.filter(pl.col("towards") == key).height)]
    aimed = f"（{'，'.join(parts)}，其余看不出）" if parts else ""
    return f"{judged.height}条有原话的公众帖里，判为负面{negative.height}条{aimed}，由本单位的标注学得。"
