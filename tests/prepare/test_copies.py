"""Copies: what is the same said again, what only looks like it, and how much of it is found."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from opinion_lab import schemas
from opinion_lab.prepare import near_duplicates
from opinion_lab.prepare.near_duplicates import marking, signatures

AT = datetime(2026, 9, 1, tzinfo=UTC)
LONG = "云溪县第三小学食堂的饭菜里吃出了异物，孩子回家说同学们都看见了，请有关部门查一查"


def frame(*texts: str, hours: float = 1.0, **columns: object) -> pl.DataFrame:
    """Posts, one after another in time, of which a test says only what matters to it."""
    n = len(texts)
    given = {
        "post_id": [f"{k:05}" for k in range(n)],
        "source_id": "s",
        "platform": "微博",
        "kind": "post",
        "author_kind": "person",
        "text": list(texts),
        "chain": [[]] * n,
        "published_at": [AT + timedelta(hours=k * hours) for k in range(n)],
        "collected_at": AT,
        "day": [(AT + timedelta(hours=k * hours)).date() for k in range(n)],
        "relevant": True,
        "relevance_reason": "",
        "capture": "c",
        "position": 1,
    } | columns
    rows = {name: v if isinstance(v := given.get(name), list) else [v] * n for name in schemas.Post.column_names()}
    return pl.DataFrame(rows, schema=schemas.empty(schemas.Post).schema)


def copied(posts: pl.DataFrame, **how: object) -> list[str | None]:
    found = near_duplicates.mark(posts, **how)
    schemas.Post.validate(found)
    assert found.drop("copy_of").equals(posts.drop("copy_of"))
    return found["copy_of"].to_list()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (LONG, LONG, True),
        (LONG, "雲溪縣第三小學食堂的飯菜裡吃出了異物，孩子回家說同學們都看見了，請有關部門查一查", True),  # script
        (LONG, LONG + "😡😡😡！！！", True),
        (LONG, LONG.replace("，", " "), True),
        (LONG, f"【扩散】{LONG} http://t.cn/zWAbc @u_0123456789ab", True),
        (LONG, f"求转发！{LONG}", True),  # a prefix
        (LONG, LONG.replace("第三小学", "第二小学").replace("孩子", "娃"), True),
        (LONG, LONG[: len(LONG) * 2 // 3], True),  # cut short
        (LONG, "云溪县第三小学食堂的饭菜很好吃，孩子们都说每天中午要吃两大碗，谢谢学校的厨师", False),
        (LONG, "某加油站的油枪缺斤短两，加满一箱比平时多出十几升，请计量的同志带上标准器来看看", False),
        # the same by accident: empty, short, or one sound over and over
        ("", "", False),
        ("😡😡😡", "😡😡😡", False),
        ("转发微博", "转发微博", False),
        ("支持", "支持", False),
        ("真的假的", "真的假的？", False),
        ("哈哈哈哈哈哈哈哈哈哈哈哈", "哈哈哈哈哈哈哈哈哈哈哈哈", False),
        ("支持严查到底", "支持彻查到底", False),
        ("http://t.cn/zWAbcde", "http://t.cn/zWAbcde", False),
        # short, but nobody else says it
        ("食堂吃出老鼠头了", "食堂吃出老鼠头了！", True),
        ("云溪三小食堂吃出鼠头", "云溪三小食堂吃出鼠头啊", True),
        # eight letters that lost one, at either end or inside; seven beside seven are two remarks
        ("食堂吃出老鼠头了", "食堂吃老鼠头了", True),
        ("油枪又缺斤短两了", "枪又缺斤短两了", True),
        ("油枪又缺斤短两了", "油枪又缺斤短两", True),
        ("两小时才送来饭", "三小时才送来饭", False),
        ("油枪又缺斤短两了", "油枪缺斤短两", False),
    ],
)
def test_two_texts(first: str, second: str, same: bool) -> None:
    assert copied(frame(first, second)) == [None, "00000" if same else None]


FORM = "来电人反映：{}。附近居民意见很大。来电人对之前的答复不满意，请相关部门尽快核实处理并回复。"
COMPLAINTS = [
    ("在惠万家超市买的酸奶已过保质期十天", "在惠万家超市买的酸奶已过保质期十天", True),  # sent twice
    ("在惠万家超市买的酸奶已过保质期十天", "在惠万家超市买的酸奶已过保质期10天", True),
    ("在惠万家超市买的酸奶已过保质期十天", "在好再来超市买的酸奶已过保质期十天", False),  # another shop
    ("锦绣花园三号楼的电梯一周坏了三次", "碧水花园三号楼的电梯一周坏了三次", False),  # another estate
    ("孩子在阳光幼儿园吃了午饭后呕吐", "阳光幼儿园把留样倒掉了", False),  # another caller, another matter
    ("路口的红绿灯不亮", "健身房突然关门，卡里还有钱没用完", False),
]


@pytest.mark.parametrize(("first", "second", "same"), COMPLAINTS)
def test_complaints_in_the_words_of_a_form_are_no_copies(first: str, second: str, same: bool) -> None:
    texts = [FORM.format(first), FORM.format(second)]
    assert (copied(frame(*texts, kind="complaint"))[1] is not None) == same
    assert copied(frame(*texts))[1] is not None, "what the web repeats nearly word for word is one"


def test_a_repost_without_words_is_no_copy() -> None:
    posts = frame(LONG, "", "", kind=["post", "repost", "repost"], parent_id=[None, "00000", "00000"])
    assert copied(posts) == [None, None, None]


def test_articles_are_compared_with_their_titles() -> None:
    body = "全文如下：" + LONG
    posts = frame(LONG, body, LONG, title=[None, "情况通报", "情况通报"], kind=["post", "article", "article"])
    assert copied(posts) == [None, "00000", "00000"]
    only_titles = frame("", "", title=["云溪通报食堂异物调查结果", "云溪通报食堂异物调查结果"], kind="article")
    assert copied(only_titles) == [None, "00000"]


def test_one_title_on_two_boards_is_one_entry_however_short() -> None:
    posts = frame(
        *("", "节气到了大家记得吃饺子", "", "冬至", "冬至快乐"),
        title=["冬至", "冬至", "夏至", None, None],
        kind=["board_entry", "board_entry", "board_entry", "comment", "post"],
        platform=["微博", "知乎", "抖音", "微博", "微博"],
    )
    assert copied(posts) == [None, "00000", None, None, None]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("如何看待2024年6月17日A股市场行情？", "如何看待2024年6月18日A股市场行情？", False),
        ("中国女排0比1土耳其女排", "中国女排1比2土耳其女排", False),
        ("如何评价动画《山河》第11话？", "如何评价动画《山河》第12话？", False),
        ("巴士事故已致12人死亡", "巴士事故已致17人死亡", False),
        ("中国女排0比3日本女排", "中国女排0:3日本女排", True),
        ("意大利2比1阿尔巴尼亚 如何评价", "意大利 2 : 1 阿尔巴尼亚，如何评价？", True),
        ("某市两地强降雨致9人死亡", "某市2地强降雨致9人死亡", True),  # written out, or told with more
        ("如何看待A股市场今日行情？", "如何看待6月18日A股市场今日行情？", True),
    ],
)
def test_entries_with_other_figures_are_two(one: str, other: str, same: bool) -> None:
    """A list asks each day how the market did; a post passed on with a letter changed is still that post."""
    posts = frame("", "", title=[one, other], kind="board_entry")
    assert copied(posts) == [None, "00000" if same else None]
    assert copied(frame(one, other)) == [None, "00000"], "posts are not told apart by figures"


def test_the_earliest_is_the_original_whatever_the_row_order() -> None:
    posts = frame(LONG, LONG + "！", "孩子说：" + LONG, published_at=[AT + timedelta(hours=h) for h in (5, 3, 4)])
    assert copied(posts) == ["00001", None, "00001"]
    at_once = frame(LONG, LONG, LONG, post_id=["b", "c", "a"], hours=0)
    assert copied(at_once) == ["a", "a", None]
    assert copied(at_once.reverse()) == [None, "a", "a"]


def test_beyond_the_window_it_is_said_anew() -> None:
    """Copies 20 days apart: the third is out of reach of the first, and an original itself."""
    posts = frame(LONG, LONG, LONG, LONG, hours=20 * 24)
    assert copied(posts) == [None, "00000", None, "00002"]
    assert copied(posts, window_days=60) == [None, "00000", "00000", "00000"]
    assert copied(posts, window_days=19) == [None] * 4
    assert copied(frame(LONG, LONG, hours=30 * 24)) == [None, "00000"]


def test_likeness_does_not_chain() -> None:
    """Each text shares two thirds with the one before, a third with the one before that."""
    said = ["云溪三小食堂饭菜吃出异物", "加油站油枪少给油十几升", "健身房老板卷款跑路失联", "电梯困人维保单位不来"]
    said += ["奶茶店用过期水果做饮料", "网购手机壳退款客服失踪"]
    texts = ["".join(said[n : n + 3]) for n in range(4)]
    assert copied(frame(*texts)) == [None, "00000", None, "00002"]


def test_a_copy_is_nobodys_original() -> None:
    posts = random_posts(400, seed=1)
    found = near_duplicates.mark(posts)
    originals = set(found.filter(pl.col("copy_of").is_null())["post_id"])
    marked = found["copy_of"].drop_nulls()
    assert len(marked) > 100 and set(marked) <= originals


def random_posts(n: int, *, seed: int) -> pl.DataFrame:
    """Twenty things said over and over, with edits, over 80 days; and the same remarks by accident."""
    chance = random.Random(seed)
    characters = "云溪县食堂异物加油站缺斤短两健身房跑路退款市场监管投诉举报孩子老师校长电梯困人维保油枪升价格"
    sources = ["".join(chance.choices(characters, k=chance.randint(9, 60))) for _ in range(20)]
    texts = []
    for _ in range(n):
        said = list(chance.choice(sources))
        for _ in range(chance.choice([0, 0, 1, 2, len(said) // 3])):
            said[chance.randrange(len(said))] = chance.choice(characters)
        texts.append(chance.choice(["".join(said), "".join(said), "".join(said), "支持", "", "哈哈哈哈哈哈哈"]))
    posts = frame(*texts, published_at=[AT + timedelta(minutes=chance.randrange(80 * 1440)) for _ in texts])
    return posts.with_columns(day=pl.col("published_at").dt.date())


def one_by_one(posts: pl.DataFrame, similarity: float, window: timedelta) -> dict[str, str | None]:
    """The definition, in time, every post held against every original."""
    rows = (
        posts.with_columns(said=near_duplicates.compared(posts)).sort("published_at", "post_id").iter_rows(named=True)
    )
    originals: list[dict] = []
    found: dict[str, str | None] = {}
    for row in rows:
        pairs = {row["said"][n : n + 2] for n in range(len(row["said"]) - 1)}
        found[row["post_id"]] = None
        if len(row["said"]) < marking.MIN_SAME or len(pairs) < marking.MIN_PAIRS_SAME:
            continue
        for o in originals:
            likeness = len(pairs & o["pairs"]) / len(pairs | o["pairs"])
            short, long_ = sorted((len(o["said"]), len(row["said"])))
            lack = max(marking.MIN_ALIKE - short, marking.MIN_PAIRS_ALIKE - min(len(o["pairs"]), len(pairs)), 0)
            nearly = marking.ONE_EDIT if lack == 1 and long_ >= marking.MIN_ALIKE else 1
            wanted = nearly if lack else similarity
            if likeness >= wanted and row["published_at"] - o["published_at"] <= window:
                found[row["post_id"]] = o["post_id"]
                break
        else:
            originals.append(row | {"pairs": pairs})
    return found


def test_the_fast_way_agrees_with_one_by_one() -> None:
    posts = random_posts(1500, seed=2)
    slow = one_by_one(posts, 0.4, timedelta(days=30))
    fast = dict(near_duplicates.mark(posts).select("post_id", "copy_of").iter_rows())
    agree = sum(fast[p] == slow[p] for p in slow) / len(slow)
    assert agree >= 0.97, "signatures may miss what is barely alike, no more"
    assert sum(v is not None for v in slow.values()) > 500


def test_row_order_plays_no_part() -> None:
    posts = random_posts(600, seed=3)
    shuffled = posts.sample(fraction=1.0, shuffle=True, seed=5)
    assert near_duplicates.mark(posts).sort("post_id").equals(near_duplicates.mark(shuffled).sort("post_id"))


def test_day_by_day_is_the_same_as_all_at_once() -> None:
    """What is marked of a day depends on the window before it alone, so an archive can grow."""
    posts = random_posts(600, seed=4)
    grown = posts.clear()
    for day in sorted(posts["day"].unique()):
        since = datetime(day.year, day.month, day.day, tzinfo=UTC)
        near = pl.col("day") >= day - timedelta(days=31)
        today = near_duplicates.mark(pl.concat([grown.filter(near), posts.filter(pl.col("day") == day)]), since=since)
        grown = pl.concat([grown, today.filter(pl.col("day") == day)])
    assert grown.sort("post_id").equals(near_duplicates.mark(posts).sort("post_id"))


def test_day_by_day_with_stored_signatures_is_the_same_and_signs_nothing_old(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A new day is held against what is stored of the window; late posts have the days since marked anew."""
    posts = random_posts(600, seed=4)
    expected = near_duplicates.mark(posts).sort("post_id")
    late = pl.col("post_id").str.ends_with("7")  # these arrive ten days after they were published
    arrivals = posts.with_columns(arrives=pl.col("day") + pl.duration(days=pl.when(late).then(10).otherwise(0)))
    signed_texts: list[str] = []
    monkeypatch.setattr(
        signatures, "signatures", lambda said, real=signatures.signatures: signed_texts.extend(said) or real(said)
    )
    grown, stored = posts.clear(), schemas.empty(schemas.Signature)
    for day in sorted(arrivals["arrives"].unique()):
        fresh = arrivals.filter(pl.col("arrives") == day).drop("arrives")
        since = fresh["published_at"].min()
        again = pl.concat([grown.filter(pl.col("published_at") >= since), fresh])
        signed = pl.concat([stored, near_duplicates.sign(fresh)])
        of_again = signed.join(again, on="post_id", how="semi")
        kept = near_duplicates.near(stored.filter(pl.col("published_at") < since), near_duplicates.index(of_again))
        marked = near_duplicates.mark(again, signed=pl.concat([kept, of_again]))
        grown = pl.concat([grown.filter(pl.col("published_at") < since), marked])
        stored = signed.update(marked.select("post_id", "copy_of"), on="post_id", include_nulls=True)
        stored.write_parquet(tmp_path / "stored.parquet")
        stored = schemas.Signature.validate(pl.read_parquet(tmp_path / "stored.parquet"))
    assert grown.sort("post_id").equals(expected)
    assert len(signed_texts) < len(posts), "each post is signed when it arrives, texts that come twice in a day once"


def test_an_original_that_is_only_signed_serves_and_a_copy_does_not() -> None:
    posts = frame(LONG, LONG, "孩子说：" + LONG)
    signed = near_duplicates.sign(near_duplicates.mark(posts))
    assert signed["post_id"].to_list() == ["00000", "00001", "00002"]
    assert copied(posts[2:], signed=signed) == ["00000"]
    assert copied(posts[2:], signed=signed[1:]) == [None], "a copy is nobody's original"
    assert near_duplicates.near(signed, near_duplicates.index(signed))["post_id"].to_list() == ["00000"]
    assert (
        near_duplicates.near(signed[:0], near_duplicates.index(signed)).is_empty()
        and near_duplicates.near(signed, near_duplicates.index(signed[:0])).is_empty()
    )
    assert copied(posts, signed=signed[:0]) == [None, "00000", "00000"]


def test_copies_of_earlier_runs_are_marked_anew() -> None:
    assert copied(frame(LONG, "别的事情说完了就走", copy_of=["x", "x"])) == [None, None]
    kept = frame(LONG, LONG, copy_of=["x", None])
    assert copied(kept, since=AT + timedelta(minutes=1)) == ["x", None], "its original is out of sight"


def test_no_posts_and_one() -> None:
    assert copied(schemas.empty(schemas.Post)) == []
    assert copied(frame(LONG)) == [None]
    assert copied(frame("")) == [None]


def test_signatures_estimate_the_jaccard_similarity() -> None:
    chance = random.Random(6)
    characters = [chr(0x4E00 + n) for n in range(3000)]
    one = ["".join(chance.choices(characters, k=60)) for _ in range(400)]
    other = [t[n % 60 :] + "".join(chance.choices(characters, k=n % 60)) for n, t in enumerate(one)]
    both, at = pl.Series(one + other), np.arange(400)
    true = signatures.jaccard(both, at, at + 400)
    sets = [{t[n : n + 2] for n in range(59)} for t in both]
    assert true.tolist() == pytest.approx([len(sets[n] & sets[n + 400]) / len(sets[n] | sets[n + 400]) for n in at])
    estimated = signatures.agreeing(signatures.signatures(both), at, at + 400) / 64
    assert abs(np.mean(estimated - true)) < 0.01 and np.std(estimated - true) < 0.06


def edited(text: str, share: float, chance: random.Random, characters: str) -> str:
    said = list(text)
    for _ in range(max(1, round(len(text) * share))):
        at = chance.randrange(len(said))
        said[at] = chance.choice(["", said[at] + chance.choice(characters), *([chance.choice(characters)] * 3)])
    return "".join(said)


def test_edited_copies_of_real_posts_are_found(shared_data: Path) -> None:
    """Recall by share of characters edited, and that whatever is marked is alike."""
    chance = random.Random(8)
    with gzip.open(shared_data / "ced_cascades" / "cascades.jsonl.gz", "rt", encoding="utf-8") as lines:
        real = [r["text"] for _, line in zip(range(400), lines, strict=False) for r in json.loads(line)["reposts"]]
    real = chance.sample(sorted(set(real)), 12_000)
    marked = near_duplicates.mark(frame(*real, hours=0.01))
    said = near_duplicates.compared(marked)
    originals = marked.with_columns(said=said).filter(pl.col("copy_of").is_null() & (said.str.len_chars() >= 10))
    planted, truth = [], []
    for share in (0.05, 0.1, 0.2):
        for post_id, text in originals.select("post_id", "text").sample(800, seed=9).iter_rows():
            planted.append(edited(text, share, chance, "的一是了我不人在他有这个上们来到时大地为"))
            truth.append((share, post_id))
    found = near_duplicates.mark(frame(*real, *planted, hours=0.01))
    got = found["copy_of"].to_list()[len(real) :]
    hits = pl.DataFrame(truth, ["share", "original"], orient="row").with_columns(got=pl.Series(got))
    recall = dict(hits.group_by("share").agg((pl.col("got") == pl.col("original")).fill_null(False).mean()).iter_rows())
    assert recall[0.05] >= 0.985 and recall[0.1] >= 0.96 and recall[0.2] >= 0.75, recall
    at = {p: n for n, p in enumerate(found["post_id"])}
    pairs = [(n, at[c]) for n, c in enumerate(found["copy_of"]) if c is not None]
    likeness = signatures.jaccard(
        near_duplicates.compared(found), *(np.array(side) for side in zip(*pairs, strict=True))
    )
    assert np.mean(likeness >= 0.4) >= 0.999
