"""Topics: planted ones come back, counts balance, the same bytes every time; figures on real posts."""

import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score as nmi

from opinion_lab import schemas
from opinion_lab.analyse import topics
from opinion_lab.analyse.topics import clustering, labels, vectors
from opinion_lab.config import LabError
from opinion_lab.prepare import normalize, tokens as prepare_tokens
from opinion_lab.rules import SHIPPED

THEMES = {
    "食堂": "食堂 学生 异物 家长 学校 午餐 配送 餐盒 留样 校长 老师 营养",
    "健身": "健身 会员 退款 预付卡 跑路 教练 门店 关门 合同 余额 登记 泳池",
    "加油": "加油站 油箱 车主 计量 检定 油枪 升数 司机 油价 跳枪 实测 容积",
}
COMMON = ["今天", "觉得", "大家", "时候", "知道", "真的", "网友", "县里", "晚上", "朋友", "消息", "看到"]
START = datetime(2026, 9, 7, 16, tzinfo=UTC)


def frame(texts: list[list[str]], prefix: str = "p") -> pl.DataFrame:
    schema: dict[str, Any] = {"post_id": pl.String, "day": pl.Date, "tokens": pl.List(pl.String)}
    rows = [(f"{prefix}{i:05}", date(2026, 9, 8), words) for i, words in enumerate(texts)]
    return schemas.Token.validate(pl.DataFrame(rows, schema=schema, orient="row"))


def invented(n: int, seed: int = 0) -> tuple[pl.DataFrame, list[str]]:
    """Posts of three themes in unequal parts: five words of the theme and two that anyone uses; and their themes."""
    random = np.random.default_rng(seed)
    labels = random.choice(list(THEMES), n, p=[0.5, 0.3, 0.2]).tolist()
    texts = []
    for label in labels:
        own = random.choice(THEMES[label].split(), 5, replace=False)
        texts.append([*own.tolist(), *random.choice(COMMON, 2).tolist()])
    return frame(texts), labels


@pytest.fixture(scope="module")
def planted() -> tuple[pl.DataFrame, list[str], topics.TopicModel]:
    tokens, labels = invented(600)
    return tokens, labels, topics.fit(tokens, n_topics=3)


# --- what is found ---------------------------------------------------------------------------------------------


def test_planted_topics_come_back(planted: tuple[pl.DataFrame, list[str], topics.TopicModel]) -> None:
    _, labels, model = planted
    assert nmi(labels, model.post_topics["topic_id"].to_list()) > 0.95
    for theme, row in zip(THEMES, model.topics.iter_rows(named=True), strict=False):  # both by size
        assert set(row["words"][:6]) <= set(THEMES[theme].split())


def test_the_book_balances(planted: tuple[pl.DataFrame, list[str], topics.TopicModel]) -> None:
    tokens, _, model = planted
    found = model.topics
    assert found["topic_id"].to_list() == [0, 1, 2, -1]
    assert found["n_posts"].sum() == tokens.height
    assert found["share"].sum() == pytest.approx(1)
    assert found["n_posts"][:3].is_sorted(descending=True)
    assert model.unexplained == found["share"][-1] < 0.1
    assert model.post_topics["post_id"].to_list() == tokens["post_id"].to_list()
    sizes = dict(model.post_topics["topic_id"].value_counts().iter_rows())
    assert all(sizes.get(i, 0) == n for i, n in found.select("topic_id", "n_posts").iter_rows())


def test_labels_are_a_few_words_of_the_posts_and_differ(
    planted: tuple[pl.DataFrame, list[str], topics.TopicModel],
) -> None:
    tokens, _, model = planted
    said = set(tokens["tokens"].explode())
    labels = [label.split("、") for label in model.topics["label"][:-1]]
    assert all(1 <= len(words) <= 3 for words in labels)
    assert all(set(words) <= said for words in labels)
    assert len({word for words in labels for word in words}) == sum(map(len, labels)), "no word in two labels"
    assert model.topics["label"][-1] == "未归类"


NEVER = SHIPPED.label_words


def named(*topics_said: list[str]) -> list[str]:
    """The labels of topics whose posts say this."""
    said = [(n, text) for n, texts in enumerate(topics_said) for text in texts]
    tokens = cut([text for _, text in said])["tokens"]
    texts = normalize.fold(pl.Series([text for _, text in said]))
    frame = pl.DataFrame({"topic": [n for n, _ in said], "tokens": tokens, "text": texts})
    return labels.each(frame, range(len(topics_said)), NEVER)


OTHERS = ["公交车等了半小时不来", "公交车又晚点了", "公交车司机不停站", "早上公交车挤不上去"]


@pytest.mark.parametrize(
    ("said", "label"),
    [
        # the phrase that most share, not its words
        (
            ["三小食堂异物是谁的责任", "食堂异物又来了", "学校回应食堂异物", "家长围着学校问", "学校门口"],
            "食堂异物、学校",
        ),
        # a name that the cutter cut, and one with a stop word in it
        (["汪苏泷翻唱老歌", "汪苏泷唱哭全场", "汪苏泷鞠躬", "又看了汪苏泷现场"], "汪苏泷"),
        (["《玫瑰的故事》大结局", "玫瑰的故事真好看", "玫瑰的故事更新", "看完玫瑰的故事"], "玫瑰的故事"),
        # a verb that wants an object ends no phrase
        (["商家拒绝退押金", "商家拒绝换新", "商家拒绝赔衣服", "找商家三次"], "商家"),
        # neither does a day, a count or what an office does begin or end one
        (["要求处理月饼发霉", "昨天月饼发霉三盒", "反映月饼发霉", "月饼发霉咨询"], "月饼发霉"),
        # what denies it stays with it, a measure without its number goes
        (["未经业主同意涨物业费", "又未经业主同意涨物业费", "物业未经业主同意涨物业费"], "未经业主同意涨物业费"),
        (["7号楼电梯困人", "3号楼电梯困人", "12号楼电梯困人"], "电梯困人"),
        # nor does it begin within a name, or say a whole sentence
        (["解放路某烧烤店放音响", "滨河路某烧烤店放音响", "公园路某烧烤店放音响"], "烧烤店放音响"),
        (["老天爷也有脾气，降温了", "老天爷也有脾气，大降温", "老天爷也有脾气，降温快"], "老天爷"),
        (["婚纱照交了定金", "婚纱照交了两千", "婚纱照交了三千元", "婚纱照不给底片"], "婚纱照"),
        (["angelababy出席活动", "angelababy新剧", "baby食品", "angelababy婚礼"], "angelababy"),
    ],
)
def test_a_label_is_what_most_posts_say_as_a_person_would_write_it(said: list[str], label: str) -> None:
    assert named(said, OTHERS)[0] == label


@pytest.mark.parametrize(
    ("word", "names"),
    [
        *(
            (w, False)
            for w in (
                "周三",
                "星期天",
                "昨天",
                "一碗",
                "三天",
                "2026",
                "反映",
                "处理",
                "咨询",
                "来电人",
                "朋友",
                "外地",
            )
        ),
        *((w, True) for w in ("食堂", "退款", "周边", "处理器", "咨询费", "一中", "三轮车", "天然气", "周大福")),
    ],
)
def test_days_counts_and_verbs_of_office_name_no_topic(word: str, names: bool) -> None:
    rows = [{"topic": 0, "tokens": [word], "text": f"{word} "}] * 4 + [
        {"topic": 0, "tokens": ["午餐"], "text": "午餐"}
    ] * 3
    assert labels.each(pl.DataFrame(rows), [0], NEVER)[0].startswith(word) == names
    assert labels.each(pl.DataFrame(rows[:4]), [0], NEVER) == [word], "for want of another"


def test_a_topic_that_a_larger_one_names_is_named_by_what_is_its_own() -> None:
    canteen = ["食堂异物谁负责", "食堂异物又来了", "食堂异物曝光"]
    assert named(canteen * 2, [f"{text}，陪餐制度呢" for text in canteen]) == ["食堂异物", "陪餐制度"]
    assert named(canteen, canteen) == ["食堂异物", "食堂异物（2）"]
    assert labels.each(pl.DataFrame({"topic": [0], "tokens": [["午餐"]], "text": [""]}), [0, 1], NEVER) == [
        "话题1",
        "话题2",
    ]


def test_a_label_says_where_most_posts_speak_of_something_else() -> None:
    canteen = ["食堂 异物 家长 学校 午餐 留样 结论"] * 5
    assent = ["支持", "顶", "同上", "转了", "盼回音", "路过", "看看", "先马", "蹲"]  # what says nothing is not counted
    others = [f"{place} 音响{n} 大妈{n} 跳舞{n} 窗户{n} 半夜{n}" for n, place in enumerate("东西南北中前后左")]

    def label(*texts: str) -> str:
        rows = [{"topic": 0, "tokens": text.split(), "text": text.replace(" ", "")} for text in texts]
        return labels.each(pl.DataFrame(rows), [0], NEVER)[0]

    assert label(*canteen) == label(*canteen, *assent) == label(*canteen, *others).removesuffix(labels.MORE)
    assert label(*canteen, *others).endswith(labels.MORE) and not label(*canteen).endswith(labels.MORE)


def test_posts_that_fit_nothing_are_said_to(planted: tuple[pl.DataFrame, list[str], topics.TopicModel]) -> None:
    _, _, model = planted
    strange = frame([["食堂", "异物", "家长"], ["从没见过", "的词"], [], ["今天", "食堂", "油箱", "会员"]])
    placed = model.assign(strange)
    assert placed["topic_id"].to_list()[:3] == [0, -1, -1]
    assert placed["weight"].to_list()[1:3] == [None, None], "no word is known: not even a small weight"
    assert placed["weight"][0] > placed["weight"][3], "three themes at once are near none"
    assert model.assign(strange.clear()).is_empty()


def test_copies_count_once_for_fitting_and_fully_for_size(
    planted: tuple[pl.DataFrame, list[str], topics.TopicModel],
) -> None:
    tokens, labels, alone = planted
    one = labels.index("加油")
    same = frame([tokens["tokens"][one].to_list()] * 500, "copy")
    edited = frame([[*tokens["tokens"][one].to_list(), "转发"]] * 300, "edit")
    together = pl.concat([tokens, same, edited])
    original = pl.when(pl.col("post_id").str.starts_with("p")).then(None).otherwise(pl.lit(tokens["post_id"][one]))
    marks = together.select("post_id", copy_of=original)
    model = topics.fit(together, n_topics=3, copies=marks)
    words = {words[0]: n for words, n in model.topics.select("words", "n_posts").rows()[:-1]}
    before = {words[0]: n for words, n in alone.topics.select("words", "n_posts").rows()[:-1]}
    assert words.keys() == before.keys(), "eight hundred copies change no topic"
    grown = {word: words[word] - before[word] for word in words}
    assert sorted(grown.values()) == [0, 0, 800]
    assert model.topics["words"][0][0] in THEMES["加油"].split(), "now the largest"


def test_a_label_is_of_the_posts_that_its_size_counts() -> None:
    """Forty calls in five forms are most of a topic of sixty: it is called after them, not after the other twenty."""
    rng = np.random.default_rng(3)
    goods = ["牛奶", "面包", "月饼", "饼干", "火腿", "鸡蛋", "水果", "茶叶", "粽子", "白酒"]
    dear = [["商店", str(rng.choice(goods)), "结账", "标价", "不符", f"第{i}"] for i in range(20)]
    calls = [["幼儿园", "孩子", "结账", "标价", "呕吐", sign] for sign in ("住院", "发烧", "腹痛", "腹泻", "头晕")]
    other = [["路口", str(rng.choice(["红灯", "绿灯", "拥堵"])), "修理", "早高峰", f"路{i}"] for i in range(40)]
    tokens = pl.concat([frame(dear, "d"), frame(calls * 8, "c"), frame(other, "o")])
    model = topics.fit(tokens, n_topics=2)
    called = model.topics.filter(pl.col("n_posts") == 60)["label"][0]
    assert called.split("、")[0] in "幼儿园孩子呕吐结账标价" and not any(g in called for g in goods)
    assert "幼儿园" in called or "孩子" in called or "呕吐" in called


def test_latin_letters_stand_as_people_write_them() -> None:
    said = pl.DataFrame({"topic": 0, "tokens": [["ktv", "噪音"]] * 6, "text": ["ktv噪音扰民"] * 6})
    written = said.with_columns(written=pl.Series(["KTV噪音扰民"] * 4 + ["ktv噪音扰民"] * 2))
    assert labels.each(written, [0], NEVER) == ["KTV噪音扰民"]
    assert labels.each(said, [0], NEVER) == ["ktv噪音扰民"], "where nobody knows, as folded"


def test_number_of_topics_is_chosen_on_a_curve_that_can_be_shown() -> None:
    tokens, _ = invented(140)
    model = topics.fit(tokens)
    assert model.curve["n_topics"].to_list() == [3, 4, 5, 6, 8, 10], "a topic has a dozen different posts at least"
    assert model.curve.filter("chosen")["n_topics"].to_list() == [model.topics.height - 1]
    three = model.curve.row(0, named=True)
    assert three["stability"] > 0.9
    assert three["score"] == max(model.curve["score"]), "three were planted"
    assert "chosen" in {note["rule"] for note in model.notes}
    assert topics.fit(tokens, n_topics=3).curve.is_empty()


# --- what cannot be done ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "n_topics", "said"),
    [
        ([], None, "0 条帖文里，有词可用且互不重复的只有 0 条"),
        ([["食堂", f"第{i}"] for i in range(29)], None, "只有 29 条，不足 30 条"),
        ([["食堂", "异物"]] * 10_000, None, "10000 条帖文里，有词可用且互不重复的只有 1 条"),
        ([[f"词{i}", f"语{i}"] for i in range(50)], None, "几乎没有两条用到同一个词"),
        ([[]] * 50, None, "只有 0 条"),
        ([["食堂", f"第{i}"] for i in range(60)], 1, "话题数 1 不合适"),
        ([["食堂", f"第{i}"] for i in range(60)], 13, "可取 2 至 12"),
    ],
)
def test_too_little_is_said_plainly(texts: list[list[str]], n_topics: int | None, said: str) -> None:
    with pytest.raises(LabError, match=said):
        topics.fit(frame(texts), n_topics=n_topics)


# --- always the same -------------------------------------------------------------------------------------------

PRINT = """
import sys
sys.path.insert(0, {tests!r})
from analyse.test_topics import fingerprint, invented
tokens, _ = invented(300)
print(fingerprint(tokens.sample(fraction=1, shuffle=True, seed={seed})))
"""


def fingerprint(tokens: pl.DataFrame) -> str:
    """Every number and word of a fit with either engine."""
    digest = hashlib.sha256()
    for engine in ("ppmi", "word2vec"):
        model = topics.fit(tokens, seed=5, engine=engine)
        for part in (model.topics, model.post_topics, model.curve, topics.places(model)):
            digest.update(repr(part.rows()).encode())
        digest.update(model.division.centres.tobytes() + model.division.space.vectors.tobytes())
    return digest.hexdigest()


def test_same_seed_same_bytes_in_any_process_and_order_of_rows() -> None:
    code = PRINT.format(tests=str(Path(__file__).parents[1]), seed=1)
    command, env = [sys.executable, "-W", "ignore", "-c", code], os.environ | {"PYTHONHASHSEED": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == fingerprint(invented(300)[0])


def test_word2vec_finds_the_same(planted: tuple[pl.DataFrame, list[str], topics.TopicModel]) -> None:
    tokens, labels, _ = planted
    model = topics.fit(tokens, n_topics=3, engine="word2vec")
    assert nmi(labels, model.post_topics["topic_id"].to_list()) > 0.9


@pytest.mark.parametrize(
    ("one", "other", "alike"), [("电梯困人", "电梯停运", True), ("电梯", "梯门", True), ("电梯", "油枪", False)]
)
def test_words_of_the_same_characters_join_posts(one: str, other: str, alike: bool) -> None:
    """Posts that share no word are as alike as what their words are written with."""
    rest = [[f"甲{n}", f"乙{n}"] for n in range(10)] * 2
    posts = frame([[one, "丙一"], [other, "丁二"], [one, "戊三"], [other, "己四"], *rest])
    space = vectors.learn(posts, "ppmi", 0)
    said = clustering.views(space, space.counts(vectors.long_form(posts), posts.height))[1]
    assert ((said @ said.T)[0, 1] > 0) == alike


@pytest.mark.parametrize("engine", ["nmf", pytest.param("lda", marks=pytest.mark.soak)])
def test_other_engines_find_the_same_and_share_the_rest(engine: clustering.Engine) -> None:
    tokens, themes = invented(60)
    model = topics.fit(tokens, n_topics=3, engine=engine)
    assert nmi(themes, model.post_topics["topic_id"].to_list()) > 0.6
    assert model.topics["n_posts"].sum() == tokens.height
    assert model.assign(tokens).equals(model.post_topics)
    assert model.post_topics.equals(topics.fit(tokens.reverse(), n_topics=3, engine=engine).post_topics)


def test_an_engine_that_is_not_there_says_which_are() -> None:
    with pytest.raises(LabError, match="可选：ppmi"):
        topics.fit(invented(40)[0], engine="hdp")  # type: ignore[arg-type]


# --- what holds ------------------------------------------------------------------------------------------------


def test_topics_are_stamped_and_what_does_not_hold_is_folded() -> None:
    tokens, _ = invented(300)
    model = topics.fit(tokens, n_topics=3)
    assert model.stamps["survived"].to_list() == [10, 10, 10] and model.stamps["holds"].all()
    random = np.random.default_rng(0)
    noise = frame([[f"词{w}" for w in random.integers(0, 60, 6)] for _ in range(400)])
    marked, folded = topics.fit(noise, n_topics=12), topics.fit(noise)
    weak = marked.stamps.filter(~pl.col("holds"))
    assert weak.height >= 6, "words at random make no topic that comes back"
    assert weak["shown"].all() and any(note["about"] == "shown" for note in marked.notes), (
        "a number that was asked for is kept"
    )
    gone = folded.stamps.filter(~pl.col("shown"))
    assert gone["n_posts"].sum() > 0 and set(gone["topic_id"]) == {-1}
    assert folded.topics["topic_id"].to_list() == [*range(folded.stamps["shown"].sum()), -1]
    assert folded.topics["n_posts"].sum() == 400 and folded.unexplained >= gone["n_posts"].sum() / 400
    assert topics.places(folded).height == folded.topics.height - 1


def agreement(tokens: pl.DataFrame) -> float:
    """Adjusted Rand index of two seeds over the posts that both show in a topic."""
    first, second = (topics.fit(tokens, seed=s).post_topics["topic_id"].to_numpy() for s in (0, 1))
    both = (first >= 0) & (second >= 0)
    assert both.mean() > 0.5, "most posts are in a topic that is shown"
    return float(adjusted_rand_score(first[both], second[both]))


@pytest.mark.soak
def test_two_seeds_agree_on_real_messages(shared_data: Path) -> None:
    with (shared_data / "gov_messages" / "messages.csv").open(encoding="utf-8-sig") as file:
        tokens = cut([f"{r['留言主题']}\n{r['留言详情']}" for r in csv.DictReader(file)])
    assert agreement(tokens) >= 0.8


@pytest.mark.soak
def test_two_seeds_agree_on_real_hot_lists(shared_data: Path) -> None:
    body = gzip.decompress((shared_data / "weibo_hot_hourly" / "2024-12.jsonl.gz").read_bytes())
    titles = dict.fromkeys(json.loads(line)["title"] for line in body.splitlines())
    assert agreement(cut(list(titles)[:4000])) >= 0.8


# --- what the notebook asks ------------------------------------------------------------------------------------


def posts_of(tokens: pl.DataFrame) -> pl.DataFrame:
    """Posts of those words, an hour apart, of ten authors, each fifth a copy of the one before."""
    number = pl.int_range(pl.len())
    return tokens.select(
        "post_id",
        author_id=pl.format("u_{}", number % 10),
        title=pl.lit(None, pl.String),
        text=pl.col("tokens").list.join(""),
        platform=pl.lit("微博"),
        published_at=pl.lit(START) + number * timedelta(hours=1),
        copy_of=pl.when(number % 5 == 4).then(pl.col("post_id").shift(1)),
    )


def test_representatives_are_near_and_of_different_people(
    planted: tuple[pl.DataFrame, list[str], topics.TopicModel],
) -> None:
    tokens, _, model = planted
    posts = posts_of(tokens)
    found = topics.representatives(posts, model.post_topics, model, n=3)
    assert found.group_by("topic_id", maintain_order=True).len().rows() == [(0, 3), (1, 3), (2, 3)]
    assert found.select("topic_id", "author_id").is_unique().all()
    root = found.select("topic_id", root=pl.coalesce("copy_of", "post_id"))
    assert root.is_unique().all()
    typical = model.post_topics.group_by("topic_id").agg(typical=pl.col("weight").median())
    assert (found.join(typical, on="topic_id").select(pl.col("weight") > pl.col("typical"))["weight"]).all()


def test_topics_over_time(planted: tuple[pl.DataFrame, list[str], topics.TopicModel]) -> None:
    tokens, _, model = planted
    counts = topics.over_time(posts_of(tokens), model.post_topics, model, every="1d", zone=ZoneInfo("Asia/Shanghai"))
    assert counts["n"].sum() == tokens.height
    assert set(counts["key"]) <= set(model.topics["label"])
    assert counts["bin"].n_unique() == 25, "600 hours from midnight in the zone"


def test_change_against_last_week(planted: tuple[pl.DataFrame, list[str], topics.TopicModel]) -> None:
    tokens, _, model = planted
    number = pl.int_range(pl.len())
    posts = tokens.select("post_id", day=pl.lit(date(2026, 9, 20)) - pl.duration(days=number % 14))
    found = topics.change(posts, model.post_topics, model)
    assert found["topic_id"].to_list() == [0, 1, 2]
    assert found["now"].sum() + found["before"].sum() == model.post_topics.filter(pl.col("topic_id") >= 0).height
    assert (found["more"] == found["now"] - found["before"]).all()
    short = topics.change(posts.filter(pl.col("day") > date(2026, 9, 10)), model.post_topics, model)
    assert short["before"].null_count() == 3, "ten days do not say what the week before was"


def test_table_and_places(planted: tuple[pl.DataFrame, list[str], topics.TopicModel]) -> None:
    _, _, model = planted
    assert topics.table(model)["words"][0].count("、") == 7
    points = topics.places(model)
    assert points.columns == ["topic_id", "label", "x", "y", "n_posts", "share"]
    assert points.select("x", "y").is_unique().all()
    two = topics.places(topics.fit(invented(100)[0], n_topics=2))
    assert two.select(pl.col("y").abs().max()).item() == pytest.approx(0, abs=1e-6), "two points lie on a line"


# --- real posts ------------------------------------------------------------------------------------------------


def cut(texts: list[str], prefix: str = "p") -> pl.DataFrame:
    posts = pl.DataFrame({"text": texts}).with_columns(
        pl.format("{}{}", pl.lit(prefix), pl.int_range(pl.len()).cast(pl.String).str.zfill(6)).alias("post_id"),
        title=pl.lit(None, pl.String),
        day=pl.lit(date(2026, 9, 8)),
    )
    return prepare_tokens.tokenize(posts, prepare_tokens.Lexicon())


def short_news(folder: Path, *names: str) -> tuple[list[str], list[str]]:
    lines = [line for name in names for line in (folder / "tnews" / name).read_text(encoding="utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    return [r["sentence"] for r in rows], [str(r.get("label")) for r in rows]


@pytest.mark.soak
def test_real_titles(shared_data: Path) -> None:
    lines = (shared_data / "thucnews_titles" / "dev.txt").read_text(encoding="utf-8").splitlines()
    titles, labels = zip(*(line.rsplit("\t", 1) for line in lines), strict=True)
    model = topics.fit(cut(list(titles)), n_topics=10)
    assert nmi(labels, model.post_topics["topic_id"].to_list()) >= 0.44, "scikit-learn's NMF: .27, LDA: .40"
    assert model.unexplained < 0.15


@pytest.mark.soak
def test_kept_vectors_help_short_news(shared_data: Path) -> None:
    texts, labels = short_news(shared_data, "train_few_all.json", "dev_few_all.json")
    tokens, others = cut(texts), cut(short_news(shared_data, "unlabeled.json")[0], "b")
    found = [
        nmi(labels, topics.fit(tokens, n_topics=15, kept=k).post_topics["topic_id"].to_list())
        for k in (None, vectors.keep(pl.concat([tokens, others])))
    ]
    assert found[0] >= 0.10, "scikit-learn's NMF: .07"
    assert found[1] >= found[0] + 0.06


def test_real_complaints_few_as_they_are(shared_data: Path) -> None:
    with (shared_data / "gov_messages" / "labelled.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    model = topics.fit(cut([f"{r['留言主题']}\n{r['留言详情']}" for r in rows]), n_topics=7)
    assert nmi([r["一级分类"] for r in rows], model.post_topics["topic_id"].to_list()) >= 0.30, "sklearn's NMF: .31"
    assert "few_posts" in {note["rule"] for note in model.notes}
