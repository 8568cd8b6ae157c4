"""Stories: what must fall together, what must stay apart, on short cases and on real messages and hot lists."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from opinion_lab.analyse import stories
from opinion_lab.analyse.stories import linkage, reactions
from opinion_lab.config import LabError
from tests import make
from tests.benchmarks import stories as checked

CANTEEN = "三小 食堂 异物 家长 {}"
OTHERS = ["公交 改线 {}", "物业 停水 {}", "图书馆 新馆 {}", "招聘 会计 {}", "夜市 烧烤 {}"]


def told(posts: pl.DataFrame, words: dict[str, list[str]] | None = None) -> dict[str, str]:
    return dict(stories.group(posts, make.tokens(posts, words)).iter_rows())


def parts(posts: pl.DataFrame) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for post, story in told(posts).items():
        found.setdefault(story, set()).add(post)
    return {frozenset(members) for members in found.values()}


def test_children_follow_their_root_whatever_they_say() -> None:
    posts = make.posts(
        [
            {"post_id": "a", "text": "三小 食堂 异物"},
            {"post_id": "a1", "kind": "comment", "parent_id": "a", "root_id": "a", "text": "支持 到底 支持 到底"},
            {"post_id": "a2", "kind": "repost", "parent_id": "a1", "root_id": "a", "text": ""},
            {"post_id": "b", "text": "健身房 关门 退卡"},
            {"post_id": "b1", "kind": "comment", "parent_id": "b", "text": "支持 到底 支持 到底"},
            # a child's own wording, and its likeness to another child, tie it to nobody
            {"post_id": "b2", "kind": "comment", "parent_id": "b", "text": "三小 食堂 异物", "copy_of": "a"},
            # the root was never collected: its children still belong together
            {"post_id": "c1", "kind": "repost", "root_id": "gone", "text": "转"},
            {"post_id": "c2", "kind": "repost", "root_id": "gone", "text": "看看"},
        ]
    )
    assert parts(posts) == {frozenset({"a", "a1", "a2"}), frozenset({"b", "b1", "b2"}), frozenset({"c1", "c2"})}


@pytest.mark.parametrize(("kind", "together"), [("post", True), ("complaint", False)])
def test_vectors_join_posts_that_share_no_word_and_no_complaints(kind: str, together: bool) -> None:
    """Sixty other texts tell what all vectors have in common; two texts mean the same in words of their own."""
    posts = make.posts([{"post_id": f"o{n:02}", "text": f"别的{n} 事情{n}"} for n in range(60)])
    pair = make.posts([{"post_id": p, "kind": kind, "text": t} for p, t in (("x", "学生 腹泻"), ("y", "孩子 拉肚子"))])
    posts = pl.concat([posts, pair])
    own = [[1.0] + [float(k == n) for k in range(61)] for n in (*range(60), 60, 60)]
    vectors = pl.DataFrame(
        {"post_id": posts["post_id"], "vector": own}, schema_overrides={"vector": pl.List(pl.Float32)}
    )
    by_words, by_both = (dict(stories.group(posts, make.tokens(posts), vectors=v).iter_rows()) for v in (None, vectors))
    assert by_words["x"] != by_words["y"] and (by_both["x"] == by_both["y"]) == together
    assert len(set(by_both.values())) == 62 - together


def test_copies_are_one_story_and_empty_posts_are_alone() -> None:
    posts = make.posts(
        [
            {"post_id": "a", "text": "加油站 短斤少两"},
            {"post_id": "b", "text": "别的 说法", "copy_of": "a"},
            {"post_id": "c", "text": "又是 一样", "copy_of": "a"},
            {"post_id": "e1", "text": ""},
            {"post_id": "e2", "text": ""},
        ]
    )
    assert parts(posts) == {frozenset("abc"), frozenset({"e1"}), frozenset({"e2"})}


@pytest.mark.parametrize(("hours", "together"), [(71, True), (100 * 24, False)])
def test_the_same_title_on_two_boards(hours: int, together: bool) -> None:
    start = make.START
    rows: list[dict[str, Any]] = [
        {"post_id": "x", "title": "某市通报：食堂异物", "platform": "微博", "at": start},
        {"post_id": "y", "title": "某市通报:食堂异物", "platform": "知乎", "at": start + timedelta(hours=hours)},
    ]
    posts = make.posts([{"kind": "board_entry", **r} for r in rows])
    found = told(posts)
    assert (found["x"] == found["y"]) is together


def test_a_story_is_named_after_its_first_post() -> None:
    rows = [{"text": CANTEEN.format(i % 7), "at": make.START - timedelta(hours=i)} for i in range(12)]
    rows += [{"text": other.format(i), "at": make.START + timedelta(hours=i)} for other in OTHERS for i in range(4)]
    posts = make.posts(rows)
    found = told(posts)
    assert len(set(found.values())) < len(found)
    by_time = posts.sort("published_at", "post_id")["post_id"].to_list()
    for story in set(found.values()):
        assert story == "s_" + next(p for p in by_time if found[p] == story)


def test_rows_in_another_order_change_nothing() -> None:
    posts = make.posts([{"text": (OTHERS[i % 5] + " 记录").format(i % 3)} for i in range(60)])
    mixed = posts.sample(fraction=1, shuffle=True, seed=3)
    assert stories.group(posts, make.tokens(posts)).equals(
        stories.group(mixed, make.tokens(mixed).sample(fraction=1, shuffle=True, seed=9))
    )


@pytest.mark.parametrize(
    ("uses", "goes"),
    [("食堂 留样", True), ("食堂 检测 体检", True), ("油价 小区", False), ("食堂 加油站", False), ("体检", False)],
)
def test_a_few_new_texts_go_to_the_event_that_they_are_about(uses: str, goes: bool) -> None:
    """Two known events of twelve texts, each of one word in common and one of its own; what is new uses these words."""
    texts = [
        f"{event} {own}" for event in ("食堂", "加油站") for own in ["异物", "家长", "视频", "留样", "学校", "检测"] * 2
    ]
    vocabulary = sorted({w for t in [*texts, uses] for w in t.split()})
    rows = np.array([[float(w in t.split()) for w in vocabulary] for t in [*texts, uses]])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    one = np.ones(len(rows))
    now = linkage.clusters(sparse.csr_matrix(rows), np.zeros((len(rows), 0), np.float32), one, one)
    now.fixed[:-1] = True
    part = np.array([0] * 12 + [12] * 12 + [24])
    after = linkage.join(now, part, np.ones(len(rows), bool))
    assert after[:-1].tolist() == part[:-1].tolist()
    assert after[-1] == (0 if goes else 24)


def test_two_matters_at_one_place_stay_apart() -> None:
    place = ["凯乐", "国际城"]
    noise = [[f"词{i}", f"句{i}", f"事{i}", f"人{i}"] for i in range(200)]
    parking = [[*place, "太平路", "违停", "堵车", "交警", "罚款", f"甲{i}"] for i in range(3)]
    lamps = [[*place, "路灯", "熄灭", "维修", "黑灯瞎火", "供电", f"乙{i}"] for i in range(3)]
    said = parking + lamps + noise
    posts = make.posts([{"kind": "complaint", "post_id": f"p{i:03}", "text": str(i)} for i in range(len(said))])
    found = told(posts, dict(zip(posts["post_id"].to_list(), said, strict=True)))
    first, second = ({found[f"p{i:03}"] for i in group} for group in (range(3), range(3, 6)))
    assert len(first) == len(second) == 1 and first != second


FOOD = ["在{}买的牛奶已经过期", "{}的面包里吃出虫子", "吃了{}的熟食全家呕吐", "{}的猪肉变质发臭还在卖"]
OTHER_MATTERS = ["{}的电子秤缺斤短两", "{}结账收费和标价不一样", "{}充值的会员卡不给退费", "{}门口噪音扰民到半夜"]
SILENT = ["{}不让拍照，凭什么", "{}的经理把人赶出来"]


@pytest.mark.parametrize("shop", ["好又多超市", "福临门饭店", "阳光幼儿园", "老张渔具店", "德胜驴肉馆", "鑫旺烘焙坊"])
def test_complaints_about_one_business_are_one_story_a_matter(shop: str) -> None:
    """Who is complained of ties calls together that share no other word, but one shop's food and its scales are two."""
    said = [text.format(shop) for text in FOOD + SILENT + OTHER_MATTERS]
    said += [f"反映{place}路灯不亮已经{n}天" for n, place in enumerate(["东大街", "西门口", "南环路", "北新村"] * 6)]
    rows = [{"kind": "complaint", "post_id": f"p{n:03}", "text": text} for n, text in enumerate(said)]
    posts = make.posts(rows)
    cut = checked.words(posts)
    story = dict(stories.group(posts, cut).iter_rows())
    food = {story[f"p{n:03}"] for n in range(len(FOOD) + len(SILENT))}
    others = [story[f"p{n:03}"] for n in range(len(FOOD) + len(SILENT), len(FOOD) + len(SILENT) + len(OTHER_MATTERS))]
    assert len(food) == 1, "those that name no matter speak of what others complain of there"
    assert not food & set(others) and len(set(others)) == len(others)


def test_a_story_of_complaints_is_named_after_the_most_typical() -> None:
    said = ["好又多超市的酸奶过期三天", "好又多超市的面包过期两天", "好又多超市的面包过期五天还在卖"]
    posts = make.posts([{"kind": "complaint", "post_id": f"p{n}", "text": text} for n, text in enumerate(said)])
    story = stories.describe(posts, posts.select("post_id", story_id=pl.lit("s_p0")))
    assert "面包过期" in story["title"][0]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("来电人称，商场一楼的电梯坏了", "商场一楼的电梯坏了"),
        ("来电人称商场一楼的电梯坏了", "商场一楼的电梯坏了"),
        ("来电人表扬解放路监管所办事快", "表扬解放路监管所办事快"),
        ("来电者表示早市的秤称重不准", "早市的秤称重不准"),
        ("反映称重不准的电子秤", "称重不准的电子秤"),
        ("市民投诉：文昌街烧烤店夜里放音响", "文昌街烧烤店夜里放音响"),
        ("来电人来电反映：来电人表示，电梯坏了三个月", "电梯坏了三个月"),
        ("市民来电：投诉内容：商场电梯坏了三天", "商场电梯坏了三天"),
        ("来电人来电反映，其于本月12日在商场被电梯夹了手。", "在商场被电梯夹了手"),
        ("来电人反映：其于11月3日，商场的扶梯停了；", "商场的扶梯停了"),
        ("居民楼下烧烤店夜里放音响", "居民楼下烧烤店夜里放音响"),
        ("市民投诉商家不退款的事情很多", "市民投诉商家不退款的事情很多"),
        ("群众反映：没人管", "群众反映：没人管"),
    ],
)
def test_a_title_begins_behind_the_formula_of_the_hotline(said: str, title: str) -> None:
    posts = make.posts([{"kind": "complaint", "text": said}])
    made = stories.describe(posts, stories.group(posts, make.tokens(posts)))
    assert made["title"].to_list() == [title]


def test_chatter_does_not_become_one_giant_story() -> None:
    # four hundred posts that share common words in all combinations, nothing that happened
    common = [f"常{i}" for i in range(40)]
    said = [[common[(i * k) % 40] for k in (1, 3, 7, 11, 13)] + [f"自{i}"] for i in range(400)]
    posts = make.posts([{"text": str(i), "at": make.START + timedelta(hours=i)} for i in range(400)])
    found = Counter(told(posts, dict(zip(posts["post_id"].to_list(), said, strict=True))).values())
    assert max(found.values()) < 100


def test_describe_counts_and_titles() -> None:
    posts = make.posts(
        [
            {"post_id": "a", "kind": "post", "text": "", "platform": "微博"},
            {"post_id": "b", "kind": "repost", "parent_id": "a", "text": "食堂 异物，" * 20, "platform": "微博"},
            {"post_id": "c", "copy_of": "a", "text": "", "platform": "贴吧"},
            {"post_id": "d", "text": "另一件事"},
        ]
    )
    table = stories.describe(posts, stories.group(posts, make.tokens(posts)))
    first, second = table.rows(named=True)
    assert (first["story_id"], first["first_post"], first["n_posts"], first["n_originals"]) == ("s_a", "a", 3, 1)
    assert first["platforms"] == ["微博", "贴吧"] and first["title"].endswith("…")
    assert (second["title"], second["n_posts"]) == ("另一件事", 1)
    assert stories.describe(posts.clear(), stories.group(posts.clear(), make.tokens(posts.clear()))).is_empty()


def test_pick_by_id_or_words_or_not_at_all() -> None:
    posts = make.posts([{"text": t} for t in ("食堂 异物 通报", "健身房 关门 退卡", "健身房 年卡 优惠")])
    grouped = stories.group(posts, make.tokens(posts))
    assert stories.pick(posts, grouped, "s_p002") == "s_p002"
    assert stories.pick(posts, grouped, "食堂") == "s_p001"
    assert stories.pick(posts, grouped, "健身房 關門") == "s_p002"  # Traditional as well
    assert stories.pick(posts, grouped, "s_p003") == grouped.filter(pl.col("post_id") == "p003")["story_id"][0]
    unclear = {"健身房": "有几个事件都谈到", "加油站": "没有帖文谈到", "s_0123": "没有编号为 s_0123 的事件"}
    for name, why in unclear.items():
        with pytest.raises(LabError, match=f"{why}.*最接近的有"):
            stories.pick(posts, grouped, name)


def test_no_name_means_the_largest_story_of_the_bureaus_own() -> None:
    said = [*["演唱会 门票 抢光"] * 3, *["健身房 关门 退卡"] * 2]
    posts = make.posts([{"text": t, "relevant": t.startswith("健身房")} for t in said])
    grouped = stories.group(posts, make.tokens(posts))
    assert stories.pick(posts, grouped, "") == "s_p004"
    assert stories.pick(posts.with_columns(relevant=False), grouped, "") == "s_p001", "of all where none is"


# --- real messages -------------------------------------------------------------------------------------------

MATTERS = ("lending", "kitchens")
# Matters at one place, or in one phrase, that are not the same: each string is one matter.
NEAR_MISSES = [
    ["188592 226750", "228616 258450 278878", "221996", "281898"],
    ["242052 232500 271540", "202562 195724"],
    ["190812 289893 319659 277556 239937 227671", "208669", "219454", "289012", "198225"],
    ["210513 242917 244815 253636 221023", "194186"],
    ["200480 218442 225849 231773 234885 254865 262052 268250 272089", "192214", "264240", "225574", "243730"],
    ["247257 248113", "241536 280205", "190978", "280874", "198331", "255105", "245943 281873"],
    ["237612 254382 288492 270086 250928 212842 261103 206379 284344 267713 245660", "188260", "206264"],
    ["195818 196604 217739 265308 272302 238391 190156 220576 252394", "227925 237500", "200944"],
    ["232468 238219 270683", "245354 251901"],
    ["205754", "208715 274703", "227190 287076", "257868", "259759", "264198", "267154", "285201"],
    [
        *("203611 205456 270610", "220052 242809", "270861 219833 283211", "222700", "201867 230147"),
        *("259631", "213888", "268619", "204737"),
    ],
    ["198659 241892", "214672", "232892", "240330", "243753 258901 264848", "253314 263498"],
    ["275318 286747", "245482 271621", "228796 243808", "200406", "209512", "259573", "254027"],
    ["222668 275019", "206725", "234210", "222385", "224045", "190754", "260479"],
    [
        *("243174 246096", "233542 239670 256358", "248495 247540", "251953 269890", "231973 230848"),
        *("209134 287507", "239905 265931", "248415", "280000", "276880", "262172", "248558", "237647"),
    ],
]


@pytest.fixture(scope="module")
def messages(shared_data: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """The citizens' messages as posts, and the story of each."""
    posts = checked.messages(shared_data)
    return posts, dict(stories.group(posts, checked.words(posts)).iter_rows())


def test_the_largest_matters_come_out_on_top(messages: tuple[pl.DataFrame, dict[str, str]]) -> None:
    _, story = messages
    sizes = Counter(story.values())
    largest = {s for s, _ in sizes.most_common(8)}
    for matter, f1 in checked.f1(story).items():
        assert f1 >= 0.85, (matter, f1)
    wanted = pl.read_csv(checked.CHECKED / "largest.csv", infer_schema=False).filter(pl.col("member") == "yes")
    assert {Counter(story[p] for p in wanted.filter(matter=m)["post"]).most_common(1)[0][0] for m in MATTERS} <= largest


def test_pairs_that_only_sound_alike_stay_apart(messages: tuple[pl.DataFrame, dict[str, str]]) -> None:
    told = checked.pairs(messages[1], "message")
    apart, together = (told.filter(verdict=v)["together"] for v in ("apart", "together"))
    assert apart.len() > 100 and 1 - apart.mean() >= 0.90
    assert together.len() > 40 and together.mean() >= 0.90


def test_near_misses_stay_apart_and_the_same_matter_together(messages: tuple[pl.DataFrame, dict[str, str]]) -> None:
    _, story = messages
    apart, together = [], []
    for matters in NEAR_MISSES:
        groups = [m.split() for m in matters]
        for one, other in combinations(groups, 2):
            apart.append(sum(story[a] != story[b] for a in one for b in other) / (len(one) * len(other)))
        for group in groups:
            pairs = list(combinations(group, 2))
            if pairs:
                together.append(sum(story[a] == story[b] for a, b in pairs) / len(pairs))
    assert len(apart) > 200 and sum(apart) / len(apart) >= 0.93
    assert sum(together) / len(together) >= 0.93


def test_the_same_title_on_several_real_boards_is_one_story(shared_data: Path) -> None:
    posts = checked.boards(shared_data, "2024-06-01", "2024-06-10")
    story = stories.group(posts, checked.words(posts))
    n, share = checked.same_titles(posts, story)
    assert n > 200 and share >= 0.98
    sizes = story.group_by("story_id").len()["len"].sort(descending=True)
    assert sizes[0] < posts.height / 50, "one giant story"


EXTREMES = {"identical": ["三小 食堂 吃出 异物"] * 10_000, "no tokens": [""] * 10_000, "one post": ["食堂 异物"]}


@pytest.mark.parametrize("said", EXTREMES.values(), ids=EXTREMES)
def test_extremes(said: list[str]) -> None:
    posts = make.posts([{"text": t} for t in said])
    found = stories.group(posts, make.tokens(posts))
    one = len(set(said)) == 1 and bool(said[0])
    assert found["story_id"].n_unique() == (1 if one else len(said))
    assert stories.describe(posts, found)["n_posts"].sum() == len(said)


def test_an_event_of_thousands_of_words_costs_each_of_its_texts_its_own_words_only():
    """A month of 300,000 posts once took 18 GB here and ended in numpy's own words."""
    texts, words, each = 6_000, 8_000, 8
    rng = np.random.default_rng(0)
    uses = sparse.csr_matrix(
        (np.ones(texts * each), (np.repeat(np.arange(texts), each), rng.integers(0, words, texts * each))),
        shape=(texts, words),
    )
    part = np.repeat(np.arange(2), texts // 2)
    free, fixed = np.ones(texts, bool), np.zeros(texts, bool)
    fixed[:: texts // 2] = True  # so that each text is asked for itself
    tracemalloc.start()
    drawn = reactions.draw_in(uses, part, np.zeros(texts), free & ~fixed, fixed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(drawn) == texts
    assert peak < 60_000_000  # a row of the event's words for each text: 5,000 x 6,000 x 12 bytes
