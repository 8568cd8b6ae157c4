"""Rows become posts: nothing lost, nothing twice, nobody named who is a person."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from opinion_lab import config, schemas
from opinion_lab.collect.parsers.tables import exports, mapping as mappings
from opinion_lab.prepare import merging, posts, redaction
from opinion_lab.rules import SHIPPED

KEY = bytes(range(32))
ZONE = ZoneInfo("Asia/Shanghai")
ORGANISATIONS = config.Organisations(
    own=("云溪县市场监督管理局",), government=("云溪发布",), media=("云溪晚报",), business=("云溪超市",)
)
NOON = datetime(2026, 9, 8, 4, tzinfo=UTC)
ROW = {
    "capture": "c1", "source_id": "s", "platform": "微博", "kind": "post", "native_id": None, "parent": None,
    "root": None, "author": "甲", "author_kind": "person", "title": None, "text": "食堂有异物", "url": None,
    "published_at": NOON, "collected_at": NOON + timedelta(hours=1), "likes": None, "reposts": None, "comments": None,
    "views": None, "heat": None, "rank": None, "region": None,
}  # fmt: skip


def items(*rows: dict) -> pl.DataFrame:
    full = [ROW | {"position": n} | row for n, row in enumerate(rows, 1)]
    return schemas.RawItem.validate(pl.DataFrame(full, schema=schemas.empty(schemas.RawItem).schema), cast=True)


def build(*rows: dict) -> posts.Built:
    given = items(*rows)
    built = posts.build(given, key=KEY, zone=ZONE, organisations=ORGANISATIONS, redaction_rules=SHIPPED.redaction)
    assert given.height == built.posts.height + built.seen_again + built.dropped.height
    return built


def only(*rows: dict) -> dict:
    built = build(*rows)
    assert built.posts.height == 1
    return built.posts.row(0, named=True)


def hashed(name: str) -> str:
    return redaction.pseudonyms(pl.Series([name]), KEY)[0]


def test_what_a_capture_becomes_does_not_hang_on_what_is_taken_in_with_it() -> None:
    """An article is a capture: many are taken in at once; some hold the same post, or one above another's."""
    later = {"collected_at": NOON + timedelta(hours=2)}
    captures = [
        items({"capture": "c1", "native_id": "a", "likes": 1}, {"capture": "c1", "native_id": "a", "likes": 1}),
        items({"capture": "c2", "native_id": "a", "likes": 5, **later}, {"capture": "c2", "native_id": "b"}),
        items({"capture": "c3", "native_id": "c", "parent": "b", "kind": "comment"}),
        items({"capture": "c4", "native_id": "d", "text": "电话13812345678"}, {"capture": "c4", "text": " "}),
        items({"capture": "c5", "native_id": "c", "text": "另一件毫不相干的事，写得很长很长", "author": "乙", **later}),
        items({"capture": "c6", "native_id": "e", "kind": "article", "published_at": None}),
    ]
    kw = {"key": KEY, "zone": ZONE, "organisations": ORGANISATIONS, "redaction_rules": SHIPPED.redaction}
    alone = [posts.build(some, **kw) for some in captures]
    together = posts.build(pl.concat(captures), **kw)
    for frame in ("posts", "sightings", "orders", "dropped"):
        expected = pl.concat([getattr(one, frame) for one in alone])
        assert getattr(together, frame).equals(expected), frame
    assert {c: getattr(together, c) for c in posts.COUNTED} == {
        c: sum(getattr(one, c) for one in alone) for c in posts.COUNTED
    }
    assert (together.seen_again, together.dropped.height, together.undated) == (0, 2, 1)


# --- who ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "given", "kind", "name"),
    [
        ("王小明", "person", "person", None),
        ("王小明", "unknown", "unknown", None),
        ("云溪日报", "media", "media", "云溪日报"),
        ("云溪县市场监督管理局", "unknown", "government", "云溪县市场监督管理局"),
        ("@云溪发布", "person", "government", "云溪发布"),
        ("云溪晚报", "unknown", "media", "云溪晚报"),
        ("云溪超市", "unknown", "business", "云溪超市"),
    ],
)
def test_only_organisations_are_named(author, given, kind, name):
    post = only({"author": author, "author_kind": given})
    assert (post["author_kind"], post["author_name"]) == (kind, name)
    assert post["author_id"] == hashed(author)


def test_nobody_has_no_pseudonym():
    assert only({"author": None})["author_id"] is None
    assert only({"author": "匿名用户"})["author_id"] is None


def test_an_author_a_mention_and_a_link_of_the_chain_are_the_same_person():
    post = only({"author": "乙", "text": "问@甲 真的？//@乙：是//@云溪发布：通报"})
    assert post["text"] == f"问@{hashed('甲')} 真的？"
    assert post["quoted"] == "是\n通报"
    assert post["chain"] == [hashed("乙"), hashed("云溪发布")]
    assert post["author_id"] == hashed("乙")


def test_personal_data_leave_every_text():
    secret = "13812345678"
    post = only(
        {"title": f"电话{secret}", "text": f"问{secret}//@甲：打{secret}", "region": f"找{secret}",
         "url": f"https://a.cn/?m={secret}", "author": "王小明"}
    )  # fmt: skip
    assert secret not in str(post) and "王小明" not in str(post)
    assert post["title"] == "电话[手机号]" and post["quoted"] == "打[手机号]"


def test_landlines_of_offices_stay_and_those_of_persons_go():
    said = {"text": "有疑问打0731-84441234"}
    assert only(said | {"author_kind": "government", "kind": "statement"})["text"] == "有疑问打0731-84441234"
    assert only(said)["text"] == "有疑问打[电话]"


# --- which ----------------------------------------------------------------------------------------------------


def test_ids_follow_from_platform_and_native_id():
    ids = posts.post_ids(pl.Series(["微博", "贴吧", "微博"]), pl.Series(["1", "1", None]))
    assert ids[0] != ids[1] and ids[2] is None and len(ids[0]) == 16
    assert only({"native_id": "1"})["post_id"] == ids[0]


def test_without_an_id_the_address_names_the_post_then_what_was_said():
    by_address = [only({"url": "https://a.cn/1", "text": t})["post_id"] for t in ("一", "二")]
    assert by_address[0] == by_address[1]
    said = {
        only(change)["post_id"]
        for change in ({}, {"text": "二"}, {"author": "乙"}, {"published_at": NOON + timedelta(1)})
    }
    assert len(said) == 4
    assert only({})["post_id"] == only({"capture": "c2", "collected_at": NOON + timedelta(5)})["post_id"]
    line = {"kind": "board_entry", "title": "食堂", "text": None, "author": None}
    assert only(line)["post_id"] == only(line | {"published_at": NOON + timedelta(hours=1)})["post_id"]


def test_an_empty_id_is_no_id():
    assert build({"native_id": "", "text": "一"}, {"native_id": "", "text": "二", "parent": ""}).posts.height == 2


def test_an_id_from_words_cannot_be_tried_out_without_the_key():
    other = posts.build(
        items({}), key=b"other", zone=ZONE, organisations=ORGANISATIONS, redaction_rules=SHIPPED.redaction
    )
    assert other.posts["post_id"][0] != only({})["post_id"]


def test_families():
    built = build(
        {"native_id": "a"},
        {"native_id": "b", "parent": "a", "kind": "repost"},
        {"native_id": "c", "parent": "b", "kind": "repost"},
        {"native_id": "d", "parent": "x", "kind": "repost"},  # a parent that is not here
        {"native_id": "e", "parent": "d", "kind": "repost"},
        {"native_id": "f", "parent": "c", "root": "z", "kind": "repost"},  # the source knows better
        {"native_id": "g", "parent": "f", "kind": "repost"},
        {"native_id": "h", "parent": "h", "root": "h"},  # its own parent
        {"native_id": "i", "parent": "j", "kind": "repost"},  # a circle
        {"native_id": "j", "parent": "i", "kind": "repost"},
    )
    names = [*"abcdefghijxz"]
    name = dict(zip(posts.post_ids(pl.Series(["微博"] * len(names)), pl.Series(names)), names, strict=True))
    family = {name[p["post_id"]]: (name.get(p["parent_id"]), name.get(p["root_id"])) for p in built.posts.to_dicts()}
    assert family == {
        "a": (None, None), "b": ("a", "a"), "c": ("b", "a"), "d": ("x", "x"), "e": ("d", "x"), "f": ("c", "z"),
        "g": ("f", "z"), "h": (None, None), "i": ("j", "j"), "j": ("i", "i"),
    }  # fmt: skip


# --- what is left out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"text": " \u200b\n"}, "无标题也无正文"),
        ({"text": None}, "无标题也无正文"),
        ({"published_at": None}, "无发布时间"),
        ({"published_at": NOON + timedelta(days=2)}, "发布时间晚于采集时间"),
    ],
)
def test_what_is_left_out_has_a_reason_and_a_line(row, reason):
    built = build({"native_id": "1", "text": "好"}, {"native_id": "2"} | row)
    assert built.dropped.rows() == [("c1", 2, "posts", reason, None)]


@pytest.mark.parametrize(
    "row",
    [
        {"text": None, "kind": "repost"},
        {"text": "", "kind": "comment"},
        {"text": None, "title": "题"},
        {"text": "转发微博"},
        {"text": "//@甲：原文"},
        {"published_at": NOON + timedelta(hours=20)},
    ],
)
def test_what_stays(row):
    assert build(row).dropped.height == 0


@pytest.mark.parametrize("kind", ["article", "board_entry"])
def test_a_visit_dates_what_has_no_time(kind):
    built = build({"kind": kind, "published_at": None, "title": "题"})
    assert built.undated == 1
    assert built.posts["published_at"][0] == NOON + timedelta(hours=1)


def test_days_begin_in_the_zone_of_the_lab():
    late = datetime(2026, 9, 8, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
    assert str(only({"published_at": late, "collected_at": late})["day"]) == "2026-09-09"


# --- looks ----------------------------------------------------------------------------------------------------


def look(hours: float, **counts) -> dict:
    return {"native_id": "1", "collected_at": NOON + timedelta(hours=hours)} | counts


def test_the_latest_numbers_and_words_and_the_first_time():
    built = build(look(3, likes=9, text="食堂有27人"), look(1, likes=5, text="食堂有3人"), look(2, likes=7))
    post = built.posts.row(0, named=True)
    assert (post["likes"], post["text"], post["collected_at"]) == (9, "食堂有27人", NOON + timedelta(hours=1))
    assert built.seen_again == 2
    looks = built.sightings.sort("seen_at")
    assert looks.select("likes", "text").rows() == [(5, "食堂有3人"), (7, "食堂有异物"), (9, "食堂有27人")]


LONG = "健身房关门了，办的年卡退不了，打电话没人接，群里两百多人"


@pytest.mark.parametrize(
    ("versions", "shown"),
    [
        ([LONG[:15] + "... 全文", LONG], LONG),
        ([LONG, LONG[:15] + "…展开"], LONG),  # cut off
        ([LONG, LONG[:8]], LONG),
        ([LONG, ""], LONG),
        ([LONG, "健身房已停业"], LONG),  # a summary
        ([LONG, LONG.replace("两百", "三百")], LONG.replace("两百", "三百")),
        (["3人不适", "27人送医"], "27人送医"),
    ],
)
def test_a_later_text_is_shown_unless_it_says_less(versions, shown):
    built = build(*(look(n, text=text) for n, text in enumerate(versions)))
    assert built.posts["text"].to_list() == [shown]
    parts = [build(look(n, text=text)).posts for n, text in enumerate(versions)]
    assert merging.merge(*parts)["text"].to_list() == [shown]


@pytest.mark.parametrize(
    ("change", "apart"),
    [
        ({"text": "食堂有异物！"}, False),
        ({"text": "食堂有异物，校方已道歉"}, False),
        ({"text": "加油站短斤少两"}, False),  # an edit: the minute is the same
        ({"text": "加油站短斤少两", "published_at": NOON + timedelta(hours=1)}, True),
        ({"text": "加油站短斤少两", "published_at": NOON + timedelta(hours=1), "url": "http://x/1"}, True),
        ({"text": "加油站短斤少两", "source_id": "other"}, True),  # a minute in common is little between two sites
        ({"text": "", "title": "某地通报", "published_at": NOON + timedelta(hours=1)}, True),
        ({"kind": "board_entry", "title": "食堂", "text": "说明", "published_at": NOON + timedelta(hours=1)}, True),
    ],
)
def test_an_id_counts_only_where_something_else_agrees(change, apart):
    built = build({"native_id": "7"}, {"native_id": "7", "collected_at": NOON + timedelta(hours=2)} | change)
    assert built.posts["post_id"].n_unique() == 1 + apart and built.apart == apart


def test_a_link_agrees_when_it_is_not_the_id_itself():
    other = {
        "text": "加油站短斤少两",
        "published_at": NOON + timedelta(hours=1),
        "collected_at": NOON + timedelta(hours=2),
    }
    by_id = [{"native_id": "7", "url": "http://x/1"}, {"native_id": "7", "url": "http://x/1"} | other]
    assert build(*by_id).posts.height == 1
    by_link = [{"url": "http://x/1"}, {"url": "http://x/1"} | other]
    assert build(*by_link).posts.height == 2


def test_bare_days_agree_with_nothing():
    day = datetime(2026, 9, 7, 16, tzinfo=UTC)
    rows = [{"native_id": "7", "published_at": day, "text": t} for t in ("秤不准", "奶茶里有塑料片")]
    assert build(*rows).posts.height == 2


def test_work_orders_keep_what_they_say():
    said = {"kind": "complaint", "native_id": "G1", "request_type": "食品安全", "unit": "市场监管局"}
    done = {"closed_at": NOON, "result": "已查处，电话13812345678", "satisfied": "满意"}
    built = build(said | look(1), said | done | look(2), {"native_id": "2"})
    (order,) = built.orders.to_dicts()
    assert (order["unit"], order["satisfied"], order["closed_at"]) == ("市场监管局", "满意", NOON)
    assert "13812345678" not in order["result"]


def test_nothing_is_of_tomorrow():
    built = build({"published_at": NOON + timedelta(hours=8)})
    assert built.early == 1 and built.posts["published_at"].to_list() == [NOON + timedelta(hours=1)]
    midnight = datetime(2026, 9, 7, 16, tzinfo=UTC)  # collected on that day, no hour said
    assert build({"collected_at": midnight}).posts["published_at"].to_list() == [NOON]


def test_what_was_not_said_does_not_hide_what_was():
    built = build(look(1, likes=5, comments=1), look(2, likes=0, comments=None))
    post = built.posts.row(0, named=True)
    assert (post["likes"], post["comments"], post["views"]) == (0, 1, None)


def test_exact_repeats_are_left_out_and_counted():
    built = build(look(1, likes=5), look(1, likes=5), look(1, likes=6))
    assert sorted(built.dropped["reason"]) == ["同一时刻另有读数，留最后一行", "重复行"]
    assert built.posts["likes"].to_list() == [6] and built.seen_again == 0


def test_a_look_without_numbers_is_no_sighting():
    assert build(look(1)).sightings.height == 0
    rank = build(look(1, rank=3)).sightings
    assert rank["rank"].to_list() == [3] and rank["seen_at"].to_list() == [NOON + timedelta(hours=1)]


def test_the_order_of_rows_does_not_matter():
    rows = [ROW | look(h, likes=h, text=f"第{h}次", position=h, native_id=str(h % 3)) for h in range(1, 9)]
    rows += [ROW | {"position": 20 + h, "text": f"无号{h % 2}", "author": None} for h in range(4)]
    wanted = build(*rows)
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        for before, now in zip(wanted, build(*rows), strict=True):
            assert before.equals(now) if isinstance(before, pl.DataFrame) else before == now


def test_merge_takes_both_sides_alike_and_twice_changes_nothing():
    old = build(look(1, likes=5, text="食堂有3人"), {"native_id": "2"}).posts
    new = build(look(2, likes=7, text="食堂有27人"), {"native_id": "3"}).posts
    merged = merging.merge(old, new)
    assert merged.equals(merging.merge(new, old))
    assert merged.equals(merging.merge(merged, merged))
    assert merged.height == 3
    schemas.Post.validate(merged)
    post = merged.filter(pl.col("likes").is_not_null()).row(0, named=True)
    assert (post["likes"], post["text"]) == (7, "食堂有27人")
    assert merging.merge(schemas.empty(schemas.Post), schemas.empty(schemas.Post)).is_empty()


def test_an_empty_batch():
    built = posts.build(
        schemas.empty(schemas.RawItem),
        key=KEY,
        zone=ZONE,
        organisations=ORGANISATIONS,
        redaction_rules=SHIPPED.redaction,
    )
    assert (built.posts.height, built.sightings.height, built.dropped.height, built.seen_again) == (0, 0, 0, 0)


# --- real rows ------------------------------------------------------------------------------------------------


def real(folder, name, mapping):
    parsed = exports.parse(
        (folder / name).read_bytes(),
        mappings.load(*SHIPPED.mapping(mapping)),
        capture="real",
        collected_at=datetime(2026, 10, 1, tzinfo=UTC),
        zone=ZONE,
    )
    return parsed.items, posts.build(
        parsed.items, key=KEY, zone=ZONE, organisations=ORGANISATIONS, redaction_rules=SHIPPED.redaction
    )


def test_real_messages_keep_their_words_and_lose_their_names(shared_data):
    given, built = real(shared_data, "gov_messages/messages.csv", "gov-messages")
    assert given.height == built.posts.height + built.seen_again + built.dropped.height
    text = built.posts["text"]
    assert not text.str.contains(r"(?:^|[^\d.])1[3-9]\d{9}(?:$|[^\d.元])").any()
    assert not text.str.contains(r"我叫(?:黄林大|廖明志|陈福如|彭乔松)").any()
    changed = (
        text.str.contains(r"\[(?:手机号|身份证|电话|车牌|银行卡|门牌|住址|单号|位置|邮箱|社交账号|证件号)\]|某某")
    ).mean()
    assert 0.02 < changed < 0.2  # one letter in six names somebody; of 158 read by eye 5 were touched wrongly


def test_a_real_hot_list_is_few_entries_seen_often(shared_data):
    given, built = real(shared_data, "weibo_hot_hourly/2024-05.jsonl.gz", "hot-list")
    assert given.height == built.posts.height + built.seen_again + built.dropped.height
    assert built.dropped.is_empty()
    counted = pl.any_horizontal(pl.col(schemas.COUNTS).is_not_null())
    assert (
        built.sightings.filter(counted).height
        == given.filter(pl.any_horizontal(pl.col(schemas.COUNTS).is_not_null())).height
    )
    assert built.apart == 0
    assert built.seen_again > built.posts.height
    latest = built.sightings.sort("seen_at").group_by("post_id").agg(pl.col("rank").drop_nulls().last())
    both = built.posts.select("post_id", "rank").join(latest, on="post_id", suffix="_seen")
    assert both["rank"].eq_missing(both["rank_seen"]).all()
