"""Files and feeds that once broke the reading, each with what is right; variants of the same kinds beside them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from pytest_httpserver import HTTPServer

from opinion_lab import config
from opinion_lab.collect import collector, importer
from opinion_lab.collect.parsers import rows
from opinion_lab.collect.parsers.tables import exports, mapping as mappings
from opinion_lab.prepare import pipeline
from opinion_lab.rules import Rules
from opinion_lab.storage import store
from opinion_lab.storage.maintenance import integrity

CASES = Path(__file__).parents[1] / "fixtures" / "cases"
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 10, 20, tzinfo=UTC)
DAY = "2026-09-10"


def shipped(name: str, folder: str = "") -> mappings.Mapping:
    own = CASES / folder / "mappings" / f"{name}.toml"
    return mappings.load(*((name, own.read_text("utf-8")) if own.exists() else Rules().mapping(name)))


def read(body: bytes, mapping: mappings.Mapping) -> rows.Parsed:
    parsed = exports.parse(body, mapping, capture="c0", collected_at=NOW, zone=ZONE)
    assert parsed.rows_in == parsed.items.height + parsed.dropped.height
    return parsed


def files(folder: str) -> list[Path]:
    return sorted(p for p in (CASES / folder).iterdir() if p.is_file() and p.name != "expect.txt")


def shown(items: pl.DataFrame, column: str) -> list[Any]:
    if items.schema[column] == pl.Datetime("us", "UTC"):
        local = items[column].dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        return [None if t is None else str(t).removesuffix(":00") for t in local]
    return items[column].to_list()


TWENTY_FIFTEEN = [f"{DAY} 20:15"] * 10 + [f"{DAY} 20:15:00.123000"]
LIKES = [12, 3, 5, 12_000, 35, 12_000, 100_000, None, 12_000, 2_300, 1_000, 0, 356, 12_345, 125_000]
PLAYS = [100_000, 12_000, 3_456, 999, None, 1_500, 15_000, 123_000, 2_600, 100_000, 100_000, 123, None]
ASKED = "已调解退款"
#: folder, mapping, what the items hold in order of the file, words that the notes and reasons must have
TABLE: list[tuple[str, str, dict[str, list[Any]], tuple[str, ...]]] = [
    ("i01-longid-csv", "mediacrawler-weibo", {"native_id": [None] * 4}, ("note_id", "约数")),
    ("i02-longid-xlsx", "work-orders", {"native_id": [None] * 4, "unit": ["某区市场监管局"] * 4}, ("工单编号", "约数")),
    (
        "i03-merged-down",
        "work-orders",
        {
            "published_at": [f"2026-09-{d} 00:00" for d in (10, 10, 10, 11, 11)],
            "region": ["城关镇", "城关镇", "河西乡", "城关镇", "城关镇"],
        },
        (),
    ),
    ("i04-month-sheets", "work-orders", {"kind": ["complaint"] * 6, "region": ["城南街道"] * 6}, ()),
    (
        "i05-contents-comments-sheets",
        "mediacrawler-weibo",
        {
            "kind": ["post", "comment", "post", "comment", "comment"],
            "parent": [None, "5220000000000010", None, "5220000000000010", "5220000000000010"],
        },
        ("Creators",),
    ),
    (
        "i06-two-row-header",
        "work-orders",
        {"author": ["张某"] * 3, "title": ["消费维权"] * 3, "result": ["已责令整改", None, None]},
        (),
    ),
    ("i07b-date1904-general", "work-orders", {"published_at": ["2026-09-10 08:30", "2026-09-11 08:30"]}, ()),
    ("i08-java-cst", "posts", {"published_at": [f"{DAY} 08:15", f"{DAY} 23:40:10", "2026-09-11 00:05"]}, ()),
    (
        "i09-postgres-tz",
        "posts",
        {"published_at": [f"{DAY} 08:15", f"{DAY} 08:15", "2026-09-09 23:59:59.123456", f"{DAY} 08:15"]},
        (),
    ),
    ("i10-hour24", "posts", {"published_at": ["2026-09-11 00:00"] * 3}, ()),
    ("i11-ampm", "posts", {"published_at": TWENTY_FIFTEEN}, ("时间读不懂", "9/10/2026 20:15")),
    (
        "i12-relative",
        "posts",
        {
            "published_at": [
                *("2026-09-12 10:00", "2026-09-12 09:57", "2026-09-12 08:00", "2026-09-12 08:30"),
                *("2026-09-11 23:10", f"{DAY} 12:00", *[f"{DAY} 12:30"] * 4, "2026-09-11 10:00", "2026-09-11 00:00"),
            ]
        },
        (),
    ),
    ("i13-nan-jsonl", "mediacrawler-weibo", {"likes": [3, 3, None], "region": ["河南", "河南", None]}, ("NaN",)),
    ("i14-nan-array", "mediacrawler-weibo", {"reposts": [0, None, 0]}, ("NaN",)),
    ("i15-surrogate-jsonl", "mediacrawler-weibo", {"author": ["网友0", "网友1", "\ufffd小王"]}, ("半个表情",)),
    (
        "i16-mysql-backslash",
        "posts",
        {"text": ['老板说"爱买不买"，还要动手', '加了200块，表显"只有",少了三升', "东西过期两个月"]},
        (),
    ),
    (
        "i17-null-words",
        "posts",
        {c: [None] * 5 for c in ("author", "region", "title", "url", "parent", "root")},
        ("标题和正文都空",),
    ),
    ("i18-numbers", "posts", {"likes": [*PLAYS, 120_000_000, 0, 2_345, 1_234_000, 56_000]}, ("约3万",)),
    ("i20-mojibake", "posts", {"native_id": ["m1", "m2"]}, ("乱码",)),
    ("i27-header-breaks", "work-orders", {"result": [ASKED] * 2, "title": ["消费"] * 2}, ()),
    ("i27b-header-breaks-optional", "work-orders", {"result": [ASKED] * 2, "region": ["城关镇"] * 2}, ("诉求类型",)),
    (
        "i28-equals-quoted",
        "posts",
        {
            "native_id": [f"523000000000000{n}" for n in (1, 2, 3)],
            "published_at": [f"{DAY} 08:15", f"{DAY} 09:15", f"{DAY} 10:15"],
            "likes": [15, 20, 25],
        },
        (),
    ),
    ("i29-date-plus-time", "值班", {"published_at": [f"{DAY} 14:35", "2026-09-11 00:05"]}, ()),
    ("i36-cut-midchar", "posts", {"native_id": ["c0", "c1", "c2"]}, ("字段数不对", "坏字节")),
    ("i43-number-words", "posts", {"likes": LIKES}, ("≈1200",)),
    ("i52-gbk-euro-small", "posts", {"native_id": [f"e{n}" for n in range(6)]}, ("€",)),
    ("i55-dup-header", "posts", {"published_at": [f"{DAY} 08:00", f"{DAY} 09:00"]}, ("不止一次",)),
    ("i57-bigint", "mediacrawler-weibo", {"native_id": [f"5230000000000000000000{n}" for n in (1, 2, 3)]}, ()),
    (
        "r01-12345-real",
        "work-orders",
        {
            "unit": [None, "县市场监管局", "县市场监管局", "县市场监管局"],
            "closed_at": [None, "2026-09-04 16:00", "2026-09-08 10:30", None],
        },
        ("填表说明", "汇总", "填报人"),
    ),
]


@pytest.mark.parametrize(("folder", "name", "expected", "words"), TABLE, ids=[case[0] for case in TABLE])
def test_a_file_is_read_as_what_it_is(
    folder: str, name: str, expected: dict[str, list[Any]], words: tuple[str, ...]
) -> None:
    mapping = shipped(name, folder)
    (path,) = files(folder)
    parsed = read(path.read_bytes(), mapping)
    for column, values in expected.items():
        assert shown(parsed.items, column) == values, column
    left_out = [part for row in parsed.dropped.select("reason", "detail").rows() for part in row if part]
    told = "\n".join([*parsed.notes["what"], *parsed.notes["example"], *left_out])
    assert all(word in told for word in words), told
    assert not parsed.items.filter(pl.col("kind") == "statement").height, "an answer to one caller is no statement"


@pytest.mark.parametrize(
    ("folder", "mapping", "words"),
    [
        ("i32-json-object", "mediacrawler-weibo", "只导出其中的列表 data.list"),
        ("i33-glued-encodings", "posts", "两种文字编码"),
    ],
)
def test_a_file_that_is_refused_says_what_to_do(folder: str, mapping: str, words: str) -> None:
    with pytest.raises(config.LabError, match=words):
        read(files(folder)[0].read_bytes(), shipped(mapping))


def test_a_cell_as_long_as_a_book_is_no_open_quote() -> None:
    cell = "<p>" + "市场监管局提醒消费者注意。" * 11_000
    body = f"平台,编号,标题,正文,发布时间\n微信,a,长文,{cell},{DAY}\n微信,b,短,正常一条,{DAY}\n".encode()
    assert read(body, shipped("posts")).items["text"].str.len_chars().to_list() == [
        len(cell),
        5 - 1,
    ]


# --- in a lab -------------------------------------------------------------------------------------------------


def brought(lab: store.Store, *paths: Path, mapping: str, days_apart: int = 1) -> list[pipeline.Prepared]:
    """Each file imported and prepared, a day after the one before."""
    done = []
    for n, path in enumerate(paths):
        importer.import_files(lab, [path], mapping, now=NOW + timedelta(days=n * days_apart))
        done.append(pipeline.run(lab, progress=False))
        assert done[-1].rows == done[-1].new_posts + done[-1].seen_again + done[-1].merged + done[-1].dropped
    assert integrity.verify(lab) == []
    return done


@pytest.mark.parametrize(
    ("folder", "mapping"), [("i01-longid-csv", "mediacrawler-weibo"), ("i02-longid-xlsx", "work-orders")]
)
def test_ids_that_excel_rounded_merge_nothing(lab: store.Store, folder: str, mapping: str) -> None:
    brought(lab, *files(folder), mapping=mapping)
    assert lab.posts()["text"].n_unique() == lab.posts().height == 4


@pytest.mark.parametrize("at_once", [False, True])
def test_numbers_that_start_anew_each_month(lab: store.Store, at_once: bool) -> None:
    september, october = (CASES / "i30-numbers-restart" / f"{m}月.csv" for m in (9, 10))
    if at_once:
        importer.import_files(lab, [september, october], "posts", now=NOW)
        done = pipeline.run(lab, progress=False)
    else:
        done = brought(lab, september, october, mapping="posts")[-1]
    assert lab.posts()["post_id"].n_unique() == lab.posts()["title"].n_unique() == 4
    assert done.apart == 2 and integrity.verify(lab) == []
    again = brought(lab, september, october, mapping="posts")
    assert [d.captures for d in again] == [0, 0] and lab.posts().height == 4


def test_verify_finds_a_post_that_stands_twice(lab: store.Store) -> None:
    brought(lab, CASES / "i30-numbers-restart" / "9月.csv", mapping="posts")
    day = lab.days()[0]
    twin = lab.day("posts", day).with_columns(day=pl.lit(day + timedelta(days=40)))
    lab.put_days("posts", twin)
    assert any("不止一次" in problem for problem in integrity.verify(lab))


def test_the_full_text_that_comes_later_is_shown_and_judged(lab: store.Store) -> None:
    settings = lab.root / "lab.toml"
    settings.write_text(settings.read_text("utf-8").replace("any = []", 'any = ["市场监管"]'), encoding="utf-8")
    lab = store.open(lab.root)
    _, second = brought(lab, *files("i19-fulltext-later"), mapping="mediacrawler-weibo")
    (post,) = lab.posts().to_dicts()
    assert post["text"].endswith("请市场监管局管管，我们要求退费！") and post["relevant"]
    assert (post["likes"], second.new_posts, second.merged) == (560, 0, 1)
    assert "退费" in lab.tokens()["tokens"][0].to_list()
    looks = lab.sightings()
    assert looks["likes"].to_list() == [3, 560]
    assert [t[-5:] for t in looks["text"]] == ["... 全文"[-5:], "要求退费！"]


@pytest.mark.parametrize(
    "case", ["工单300.xlsx", "工单25.xlsx", "别的表头.xlsx", "带标题行.xlsx", "12345工单11月.xlsx"]
)
def test_the_first_file_of_a_bureau(lab: store.Store, case: str) -> None:
    path = CASES / "first-user" / case
    told = (CASES / "first-user" / "expect.md").read_text("utf-8").split(f"## {case}")[1].split("\n## ")[0]
    proposal = importer.propose(lab, path)
    assert proposal.mapping == "work-orders" and proposal.items.height == 3
    importer.import_files(lab, [path], proposal.mapping, now=datetime(2026, 11, 25, tzinfo=UTC))
    pipeline.run(lab, progress=False)
    posts, orders = lab.posts(), lab.orders()
    orders_said = re.search(r"(\d+) orders", told)
    assert orders_said and posts.height == orders.height == int(orders_said[1])
    first, last = (re.search(rf"{w} call (\d{{4}}-\d\d-\d\d \d\d:\d\d)", told) for w in ("first", "last"))
    assert first and last
    assert shown(posts, "published_at")[:: posts.height - 1] == [first[1], last[1]]
    for column, label in (("request_type", "by type"), ("unit", "by unit"), ("satisfied", "satisfaction")):
        for line in re.findall(rf"{label}:? (.+)", told):
            wanted = {k: int(n) for k, n in re.findall(r"([\u4e00-\u9fff]+) (\d+)", line)}
            counted = dict(orders[column].drop_nulls().value_counts().iter_rows())
            assert counted == wanted, label
    for closed, open_ in re.findall(r"closed (\d+), open (\d+)", told):
        assert orders["closed_at"].count() == int(closed) and orders["closed_at"].null_count() == int(open_)
    assert set(posts["kind"]) == {"complaint"} and integrity.verify(lab) == []


# --- feeds ----------------------------------------------------------------------------------------------------


@pytest.fixture
def fed(tmp_path: Path, httpserver: HTTPServer) -> Any:
    """A lab that visits a folder of answers, one source a body, all on one platform; called again, the next body."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)

    def visit(folder: str, *bodies: str, at: datetime = NOW) -> tuple[store.Store, pl.DataFrame]:
        sources = ""
        for n, name in enumerate(bodies):
            number = re.sub(r"\D", "", name)
            head = next((CASES / folder).glob(f"headers{number}*")).read_text("utf-8")
            kind = re.search(r"Content-Type: (.+)", head)
            httpserver.clear() if n == 0 else None
            httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
            body = (CASES / folder / name).read_bytes()
            httpserver.expect_request(f"/feed{n}").respond_with_data(body, content_type=kind[1].strip() if kind else "")
            sources += f'[[source]]\nid = "s{n}"\nkind = "feed"\nurl = "{httpserver.url_for(f"/feed{n}")}"\n'
            sources += 'platform = "新闻网站"\ntier = "A"\n'
        manners = "[collect]\nseconds_between = 0.0\nallow_private = true\n"
        (tmp_path / "lab.toml").write_text(manners + sources, encoding="utf-8")
        lab = store.open(tmp_path)
        visits = collector.collect(lab, now=at)
        pipeline.run(lab, progress=False)
        assert integrity.verify(lab) == []
        return lab, visits

    return visit


TITLE = "县市场监管局通报三家超市抽检不合格"


@pytest.mark.parametrize(
    ("folder", "bodies", "titles"),
    [
        ("f01-same-guid", ["body1.xml"], 4),
        ("f02-same-link", ["body1.xml"], 4),
        ("f03-num-guid", ["body1.xml", "body2.xml"], 4),
        ("f08-raise", ["body1.xml"], 1),
        ("f08b-raise2", ["body1.xml"], 1),
        ("f26-gz", ["body1.xml"], 1),
        ("f18-json-authors", ["body1.json"], 1),
        ("f18e-json-surrogate", ["body1.json"], 2),
        ("f18d-json-gbk", ["body1.json"], 1),
        ("f04-hdr-gbk", ["body1.xml"], 1),
        ("f05-lie-gbk", ["body1.xml"], 1),
    ],
)
def test_each_item_of_a_feed_is_one_post(fed: Any, folder: str, bodies: list[str], titles: int) -> None:
    lab, visits = fed(folder, *bodies)
    assert set(visits["outcome"]) == {"new"}
    assert lab.posts().height == lab.posts()["title"].n_unique() == titles
    if "gbk" in folder:
        assert lab.posts()["title"].to_list() == [TITLE]
    later, _ = fed(folder, *bodies, at=NOW + timedelta(days=1))
    assert later.posts().height == titles


def test_times_of_feeds(fed: Any) -> None:
    lab, visits = fed("f06-dates", "body1.xml")
    got = {t[:2]: moment for t, moment in zip(lab.posts()["title"], shown(lab.posts(), "published_at"), strict=True)}
    right = dict.fromkeys(
        ["00", "01", "02", "03", "04", "05", "06", "07", "08", "10", "13", "14", "15", "16", "17"], "08:15"
    )
    assert got == {k: f"{DAY} {v}" for k, v in (right | {"11": "15:20", "12": "08:26:40"}).items()}
    (reason,) = visits["reasons"][0].to_list()
    assert reason["example"] == "第 10 行：时间读不懂：10/09/2026 08:15"


@pytest.mark.parametrize("folder", ["f3e-unreadable", "f18b-json-datenum", "f18c-json-dates"])
def test_a_time_that_cannot_be_read_is_never_now(fed: Any, folder: str) -> None:
    lab, visits = fed(folder, next(p.name for p in files(folder) if p.name.startswith("body")))
    assert all(t.startswith(f"{DAY} 08:") for t in shown(lab.posts(), "published_at"))
    assert lab.posts().height + int(visits["dropped"].sum()) == int(visits["rows_in"].sum())


def test_relative_links_lead_to_the_site(fed: Any, httpserver: HTTPServer) -> None:
    lab, _ = fed("f07-relative", "body1.xml")
    assert sorted(lab.posts()["url"]) == [httpserver.url_for(p) for p in ("/art/2.html", "/art/2026/9/10/1.html")]


def test_an_edited_item_shows_its_new_words(fed: Any) -> None:
    fed("f19-edited", "body1.xml")
    lab, _ = fed("f19-edited", "body2.xml", at=NOW + timedelta(hours=2))
    (post,) = lab.posts().to_dicts()
    assert "27人送医" in post["title"] and "抽样送检" in post["text"]
    assert ["3人不适" in t for t in lab.sightings()["title"]] == [True, False]


def test_beijing_time_called_greenwich_is_not_tomorrow(lab: store.Store) -> None:
    from opinion_lab.collect.parsers import entries, feeds

    source = config.Source(id="s", kind="feed", url="http://x", platform="新闻网站")
    now = datetime(2026, 9, 10, 14, 30, tzinfo=UTC)  # half past ten in the evening in Shanghai
    local = [now.astimezone(ZONE) - timedelta(minutes=m) for m in (5, 60, 3000)]
    item = "<item><title>第{}条</title><link>http://x/{}</link><pubDate>{}</pubDate></item>"
    inside = "".join(item.format(n, n, f"{t:%a, %d %b %Y %H:%M:%S} GMT") for n, t in enumerate(local))
    body = f'<rss version="2.0"><channel><title>t</title>{inside}</channel></rss>'.encode()

    def parsed(**setting: str) -> rows.Parsed:
        given = source.model_copy(update=setting)
        return entries.items(feeds.read(body), given, capture="c", collected_at=now, zone=ZONE)

    assert parsed().items["published_at"].to_list() == [t.replace(second=t.second, microsecond=0) for t in local]
    assert 'times = "local"' in parsed().notes["what"][0] and parsed().notes["n"].to_list() == [2]
    assert parsed(times="local").notes.is_empty() and parsed(times="local").items.equals(parsed().items)
    assert parsed(times="labelled").items["published_at"].max() > now  # type: ignore[operator]
