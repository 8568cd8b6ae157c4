"""Files as people export them: encodings, broken rows, strange times and numbers, and files that are something else."""

import gzip
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import pytest
import xlsxwriter

from opinion_lab import config, schemas
from opinion_lab.collect.parsers import rows, times
from opinion_lab.collect.parsers.tables import exports, mapping as mappings
from opinion_lab.rules import SHIPPED

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 10, 1, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "exports"
HEADER = "留言编号,留言用户,留言主题,留言时间,留言详情"


def shipped(name: str) -> mappings.Mapping:
    return mappings.load(*SHIPPED.mapping(name))


def read(body: bytes, mapping: str | mappings.Mapping) -> rows.Parsed:
    """Parse, and hold what is true of every file: counts balance, rows fit the data dictionary, lines are named."""
    if isinstance(mapping, str):
        mapping = shipped(mapping)
    parsed = exports.parse(body, mapping, capture="c0", collected_at=NOW, zone=ZONE)
    assert parsed.rows_in == parsed.items.height + parsed.dropped.height
    assert parsed.items.equals(schemas.RawItem.validate(parsed.items))
    schemas.Dropped.validate(parsed.dropped)
    assert parsed.dropped["position"].null_count() == 0
    return parsed


def own(text: str) -> mappings.Mapping:
    return mappings.load("own", text)


def local(times: pl.Series) -> list[str | None]:
    return times.dt.convert_time_zone(ZONE.key).dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


def reasons(parsed: rows.Parsed) -> list[tuple[int, str]]:
    what = pl.coalesce(pl.format("{}：{}", "reason", "detail"), "reason")
    return list(parsed.dropped.select("position", what).iter_rows())


# --- times and numbers


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2019/2/28 11:25:05", "2019-02-28 11:25:05"),
        ("2018-10-27 15:13:26", "2018-10-27 15:13:26"),
        ("2019-2-8 1:05", "2019-02-08 01:05:00"),
        ("2018/4/24", "2018-04-24 00:00:00"),
        ("2026.9.8", "2026-09-08 00:00:00"),
        ("2026年9月8日 12:20", "2026-09-08 12:20:00"),
        ("2026年9月8日12时20分30秒", "2026-09-08 12:20:30"),
        ("2026年9月8日 下午3时20分", "2026-09-08 15:20:00"),
        ("2026年9月8日 上午12:05", "2026-09-08 00:05:00"),
        ("2026年9月8日 星期二 12:20", "2026-09-08 12:20:00"),
        ("２０２６－０９－０８　１２：２０", "2026-09-08 12:20:00"),
        ("20260908", "2026-09-08 00:00:00"),
        ("20260908122005", "2026-09-08 12:20:05"),
        ("2023-10-25T22:33:11+08:00", "2023-10-25 22:33:11"),
        ("2023-12-17 15:30:00+0900", "2023-12-17 14:30:00"),
        ("2023-12-17T15:30:00.123Z", "2023-12-17 23:30:00"),
        ("Sun Sep 09 10:12:13 +0800 2012", "2012-09-09 10:12:13"),
        ("1716209895", "2024-05-20 20:58:15"),
        ("1716209895.0", "2024-05-20 20:58:15"),
        ("1716209895000", "2024-05-20 20:58:15"),
        ("46273.5", "2026-09-08 12:00:00"),
        ("46273", "2026-09-08 00:00:00"),
        # not guessed
        ("07月23日 11:47", None),
        ("昨天 12:20", None),
        ("2026-13-40 10:00:00", None),
        ("2026-02-30", None),
        ("2026-9-8 25:00:00", None),
        ("26/9/8", None),
        ("99999", None),
        ("12", None),
        ("", None),
        (None, None),
    ],
)
def test_times(given: str | None, expected: str | None) -> None:
    # with others around it: the readers work on what is still open
    mixed = pl.Series(["2026-01-01 00:00:00", given, "Sun Sep 09 10:12:13 +0800 2012", "?"])
    first, read_, third, last = local(times.times(mixed, ZONE))
    assert (first, read_, third, last) == ("2026-01-01 00:00:00", expected, "2012-09-09 10:12:13", None)


def test_formats_are_tried_in_the_order_given() -> None:
    given = pl.Series(["03/04/2026", "2026-05-06 07:08:09"])
    assert local(times.times(given, ZONE, ["%d/%m/%Y", "date"])) == ["2026-04-03 00:00:00", "2026-05-06 07:08:09"]
    assert local(times.times(given, ZONE, ["%m/%d/%Y"])) == ["2026-03-04 00:00:00", None]


def test_a_local_time_is_local_to_its_zone() -> None:
    read_ = times.times(pl.Series(["2026-09-08 12:20:00", "2026-09-08T12:20:00+08:00"]), ZoneInfo("Asia/Tokyo"))
    assert read_.to_list() == [
        datetime(2026, 9, 8, 3, 20, tzinfo=UTC),
        datetime(2026, 9, 8, 4, 20, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("1,234", 1234),
        ("1，234", 1234),
        ("3.0", 3),
        ("4.2万", 42_000),
        ("３．５万", 35_000),
        ("5w", 50_000),
        ("1.5亿", 150_000_000),
        ("3百万", 3_000_000),
        ("100万+", 1_000_000),
        ("1910000000.0000002", 1_910_000_000),
        ("-5", None),
        ("转发", None),
        ("3人", None),
        ("99999999999999999999", None),
        ("--", None),
        ("", None),
        (None, None),
    ],
)
def test_counts(given: str | None, expected: int | None) -> None:
    assert rows.counts(pl.Series(["7", given, "8"], dtype=pl.String)).to_list() == [7, expected, 8]


def test_numbers_that_cannot_be_read_are_noted_not_zero() -> None:
    given = ("很多", "--", "-4", "2")
    body = "\n".join([f"{HEADER},点赞数", *(f"{n},甲,题,2026-09-08,文,{likes}" for n, likes in enumerate(given))])
    parsed = read(body.encode(), "gov-messages")
    assert parsed.items["likes"].to_list() == [None, None, None, 2]
    # "--" says that nothing is said
    assert parsed.notes.rows()[1:] == [("likes 不是数字，记为空", 2, "很多")]


# --- encodings and formats

ENCODINGS = [
    ("utf-8", "UTF-8"),
    ("utf-8-sig", "UTF-8-SIG"),
    ("gbk", "GBK"),
    ("utf-16", "UTF-16"),
    ("utf-16-le", "UTF-16"),
    ("utf-16-be", "UTF-16"),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("codec", "name"), ENCODINGS)
def test_encodings_are_told_apart(codec: str, name: str, packed: bool) -> None:
    sheet = f"{HEADER}\n1,甲,路灯不亮,2026-09-08 12:20:00,请修\n".encode(codec)
    lines = '{"编号": 1, "平台": "贴吧", "发布时间": "2026-09-08 12:20:00", "正文": "路灯不亮"}\n'.encode(codec)
    for body, mapping, form in ((sheet, "gov-messages", "csv"), (lines, "posts", "jsonl")):
        parsed = read(gzip.compress(body) if packed else body, mapping)
        assert (parsed.encoding, parsed.format) == (name, form + ("+gzip" if packed else ""))
        assert parsed.items.select("position", "native_id").rows() == [(2 if form == "csv" else 1, "1")]
        assert "路灯不亮" in parsed.items.select("title", "text").row(0)


def test_gb18030_is_named_when_gbk_does_not_reach() -> None:
    body = f"{HEADER}\n1,甲,𠮷祥街,2026-09-08,㐂\n".encode("gb18030")
    parsed = read(body, "gov-messages")
    assert (parsed.encoding, parsed.items["title"].to_list()) == ("GB18030", ["𠮷祥街"])


def test_a_few_bad_bytes_are_noted_and_the_rest_is_read() -> None:
    body = (HEADER + "\n" + "1,甲,题,2026-09-08,正文很长\n" * 200).encode()
    cut = body.replace("长".encode(), "长".encode()[:2], 1)
    parsed = read(cut, "gov-messages")
    assert parsed.encoding == "UTF-8"
    assert parsed.notes["n"][0] == 1
    assert parsed.items["text"].to_list()[:2] == ["正文很\ufffd", "正文很长"]


def test_a_json_array_and_its_lines_are_the_same() -> None:
    given = [
        {"编号": "a", "平台": "贴吧", "发布时间": 1788841200, "正文": "一", "点赞数": 3},
        {"编号": "b", "平台": "贴吧", "发布时间": "2026-09-08 12:20:00", "正文": "二", "点赞数": None},
        ["不是记录"],
    ]
    lines = read(b"\n".join(orjson.dumps(g) for g in given), "posts")
    array = read(orjson.dumps(given, option=orjson.OPT_INDENT_2), "posts")
    assert (lines.format, array.format) == ("jsonl", "json")
    assert lines.items.equals(array.items) and lines.items.height == 2
    assert reasons(array) == reasons(lines) == [(3, "不是一条记录（应为 { … }）")]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters_and_a_title_above_the_header(delimiter: str) -> None:
    text = f"2026年9月留言汇总\r\n\r\n{HEADER}\r\n1,甲,题,2026-09-08,文\r\n".replace(",", delimiter)
    parsed = read(text.encode("utf-16" if delimiter == "\t" else "gbk"), "gov-messages")
    assert parsed.items.select("position", "native_id", "text").rows() == [(4, "1", "文")]


# --- bad rows


def test_open_quotes_and_wrong_counts_cost_only_their_own_lines() -> None:
    parsed = read((FIXTURES / "open-quote.csv").read_bytes(), "gov-messages")
    kept = parsed.items.select("position", "native_id").rows()
    assert kept == [(2, "1"), (6, "3"), (10, "6")]
    assert parsed.items["text"][0] == '第一行\n第二行，"引号"还在里面\n'
    assert reasons(parsed) == [
        (5, "引号没有闭合"),
        (7, "字段数不对：应为 5 个，实为 6 个"),
        (8, "字段数不对：应为 5 个，实为 3 个"),
    ]


def test_a_quote_left_open_in_the_last_column_does_not_swallow_the_file() -> None:
    good = [f"{n},甲,题,2026-09-08 10:00:00,文{n}" for n in range(2, 40)]
    body = "\n".join([HEADER, '1,甲,题,2026-09-08 10:00:00,"没有闭合', *good]).encode()
    parsed = read(body, "gov-messages")
    assert parsed.items.height == len(good)
    assert reasons(parsed) == [(2, "引号没有闭合")]


def test_broken_json_is_named_by_its_line() -> None:
    parsed = read((FIXTURES / "cascade.jsonl").read_bytes(), "repost-cascades")
    assert [p for p, r in reasons(parsed) if r.startswith("不是完整的 JSON")] == [4]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,甲,题,昨天,文", "时间读不懂：昨天"),
        ("1,甲,题,,文", "没有时间"),
        ("1,甲,题,1970-01-01 08:00:00,文", "时间早于1990年：1970-01-01"),
        ("1,甲,题,2062-09-08,文", "时间在将来：2062-09-07"),
        (",甲,题,2026-09-08,文", "没有编号（留言编号）"),
        ('1,甲,题,2026-09-08,"\t\n "', "没有正文（留言详情）"),
    ],
)
def test_rows_that_cannot_stand(row: str, reason: str) -> None:
    parsed = read(f"{HEADER}\n0,甲,题,2026-09-08,文\n{row}\n".encode(), "gov-messages")
    assert parsed.items["native_id"].to_list() == ["0"]
    assert reasons(parsed) == [(3, reason)]


def test_the_same_again_is_left_out_but_news_of_it_is_not() -> None:
    line = "1,甲,题,2026-09-08,文,{}\n"
    body = f"{HEADER},点赞数\n" + line.format(1) + line.format(1) + line.format(2)
    parsed = read(body.encode(), "gov-messages")
    assert parsed.items.select("position", "likes").rows() == [(2, 1), (4, 2)]
    assert reasons(parsed) == [(3, "同一文件里重复")]


def test_rows_without_a_native_id_are_never_the_same() -> None:
    body = "平台,发布时间,正文\n贴吧,2026-09-08,沙发\n贴吧,2026-09-08,沙发\n"
    assert read(body.encode(), "posts").items.height == 2


# --- what a mapping can say


def test_messages_with_their_answers() -> None:
    body = (
        f"{HEADER},答复意见,答复时间\n"
        "7,甲,路灯,2019/2/28 11:25:05,不亮,已修好,2019/3/1\n"
        "8,乙,井盖,2019/2/28 11:25:05,丢了,,\n"
        "9,丙,噪音,2019/2/28 11:25:05,太吵,收悉,下周\n"
    )
    parsed = read(body.encode(), "gov-messages")
    assert parsed.rows_in == 5
    assert parsed.items.select("position", "kind", "native_id", "parent", "author_kind", "text").rows() == [
        (2, "complaint", "7", None, "person", "不亮"),
        (2, "statement", "7/答复", "7", "government", "已修好"),
        (3, "complaint", "8", None, "person", "丢了"),
        (4, "complaint", "9", None, "person", "太吵"),
    ]
    assert reasons(parsed) == [(4, "时间读不懂：下周")]


def test_a_cascade_is_taken_apart() -> None:
    parsed = read((FIXTURES / "cascade.jsonl").read_bytes(), "repost-cascades")
    assert parsed.items.select("position", "kind", "native_id", "parent", "root", "author_kind").rows() == [
        (1, "post", "Q1", None, None, "person"),
        (1, "repost", "Q3", "Q2", "Q1", "unknown"),  # not its twin that names no parent
        (1, "repost", "Q2", "Q1", "Q1", "unknown"),  # a bare repost: spread is made of them
        (2, "post", "Q5", None, None, "government"),
        (3, "post", "Q6", None, None, "unknown"),
    ]
    assert local(parsed.items["published_at"])[:2] == ["2026-09-08 12:20:13", "2026-09-08 13:01:00"]
    assert parsed.items["likes"].to_list() == [3, None, None, None, None]
    assert [(p, r.split("：")[0]) for p, r in reasons(parsed)] == [
        (1, "reposts 里有一条不是记录"),
        (1, "同一文件里重复"),
        (1, "时间读不懂"),
        (4, "不是完整的 JSON"),
        (5, "不是一条记录（应为 { … }）"),
    ]


def test_the_hot_list() -> None:
    parsed = read((FIXTURES / "hot-list.jsonl").read_bytes(), "hot-list")
    assert parsed.items.select("native_id", "rank", "heat", "views").rows() == [
        ("小学食堂异物|2026-09", 1, 1_865_009, 1_910_000_000),
        ("置顶的一条|2026-09", None, None, None),  # no place and no heat is not place 52 with heat 0
        ("小学食堂异物|2026-09", 1, 2_000_000, None),
        ("小学食堂异物|2026-10", 1, 100, None),  # by the lab's month, not by that of UTC
    ]
    assert local(parsed.items["collected_at"]) == [
        "2026-09-08 20:25:00",
        "2026-09-08 20:25:00",
        "2026-09-08 21:00:00",  # not said: the hour
        "2026-10-01 00:00:00",
    ]
    assert parsed.items["published_at"].equals(parsed.items["collected_at"], check_names=False)
    assert reasons(parsed) == [(2, "广告位")]


def test_first_sightings_on_boards() -> None:
    body = (
        "board,title,first_seen,last_day,n_days,best_pos,n_snapshots\n"
        "weibo,食堂异物,2026-09-08T22:33:11+08:00,2026-09-09,2,1,28\n"
        "newboard,食堂异物,2026-09-08T23:33:11+08:00,2026-09-09,2,1,28\n"
    )
    parsed = read(body.encode(), "hot-boards")
    assert parsed.items.select("platform", "native_id", "rank").rows() == [
        ("微博", "食堂异物|2026-09", None),
        ("newboard", "食堂异物|2026-09", None),
    ]


def test_mediacrawler_contents_and_comments() -> None:
    note = read((FIXTURES / "mediacrawler_contents.jsonl").read_bytes(), "mediacrawler-weibo").items
    assert note.select("kind", "author", "likes", "comments", "reposts", "region").rows() == [
        ("post", "甲", 1024, 1_000_000, None, "浙江")
    ]
    assert local(note["published_at"]) == ["2026-09-08 12:20:13"]
    assert local(note["collected_at"]) == ["2026-09-10 08:26:40"]
    comments = read((FIXTURES / "mediacrawler_comments.jsonl").read_bytes(), "mediacrawler-weibo").items
    top = "5200000000000001"
    assert comments.select("kind", "native_id", "parent", "root", "author").rows() == [
        ("comment", "9001", top, top, "乙"),  # points to itself: a comment on the post
        ("comment", "9002", "9001", top, "丙"),
        ("comment", "9003", top, top, "4"),
    ]


def workbook(*sheets: list[list[object]]) -> bytes:
    body = io.BytesIO()
    book = xlsxwriter.Workbook(body)
    day = book.add_format({"num_format": "yyyy/m/d hh:mm"})
    for rows_ in sheets:
        sheet = book.add_worksheet()
        for y, row in enumerate(rows_):
            for x, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(y, x, cell, day)
                else:
                    sheet.write(y, x, cell)
    book.close()
    return body.getvalue()


def test_a_work_order_sheet() -> None:
    body = workbook(
        [["填表说明"]],
        [
            ["2026年9月工单汇总"],
            [],
            ["序号", "工单编号", "来电时间", "诉求内容", "来电人", "处理结果", "办结时间"],
            [1, "A1", datetime(2026, 9, 8, 12, 20), "面包里有异物", "张某", "已立案", "2026年9月9日"],
            [2, 20260908001, 46273.5, "办卡后关门"],
            [],
            [3, "A3", "昨天", "加油少了"],
        ],
        [],
    )
    parsed = read(body, "work-orders")
    assert (parsed.format, parsed.encoding) == ("xlsx", None)
    assert parsed.items.select("position", "kind", "native_id").rows() == [
        (4, "complaint", "A1"),
        (5, "complaint", "20260908001"),
    ]
    assert local(parsed.items["published_at"]) == ["2026-09-08 12:20:00", "2026-09-08 12:00:00"]
    assert parsed.items["result"].to_list() == ["已立案", None]
    assert local(parsed.items["closed_at"]) == ["2026-09-09 00:00:00", None]
    assert reasons(parsed) == [(7, "时间读不懂：昨天")]
    assert parsed.notes["what"][0] == "工作表“Sheet1”没有读（没有要的列）"


def test_the_labs_own_columns() -> None:
    body = (
        "platform,kind,author_kind,native_id,parent,title,text,published_at,collected_at,likes\n"
        "微博,转发,媒体,1,0,,,2026-09-08 12:20:00,,4.2万\n"
        "微博,post,路人,2,,题,,2026-09-08 12:20:00,2026-09-09,\n"
        "微博,传单,,3,,题,,2026-09-08 12:20:00,,\n"
        ",,,4,,题,,2026-09-08 12:20:00,,\n"
        "微博,,,5,,,,2026-09-08 12:20:00,很久以前,\n"
        "微博,,,6,,题,,2026-09-08 12:20:00,很久以前,\n"
    )
    parsed = read(body.encode(), "posts")
    assert parsed.items.select("kind", "author_kind", "native_id", "likes").rows() == [
        ("repost", "media", "1", 42_000),
        ("post", "unknown", "2", None),
        ("post", "unknown", "6", None),
    ]
    assert parsed.items["collected_at"].to_list() == [NOW, datetime(2026, 9, 8, 16, tzinfo=UTC), NOW]
    assert reasons(parsed) == [(4, "内容种类不认识：传单"), (5, "没有平台"), (6, "标题和正文都空")]
    assert {w: n for w, n, _ in parsed.notes.rows() if "没有、记为空" not in w} == {
        "author_kind 不认识，记为 unknown": 1,
        "采集时间读不懂，改用导入时间": 2,
    }


def test_a_mapping_of_ones_own() -> None:
    mapping = own(
        """
        source_id = "own"
        dates = ["%d.%m.%Y %H:%M"]
        timezone = "UTC"
        [constants]
        platform = "论坛"
        kind = "post"
        [values.author_kind]
        V = "government"
        [[drop]]
        column = "栏目"
        matches = "^招聘|广告$"
        reason = "招聘广告"
        [[item]]
        [item.columns]
        native_id = "{版块}-{帖号}"
        author = "楼主.名"
        author_kind = "楼主.认证"
        text = ["正文", "摘要"]
        published_at = "{日} {时}"
        """,
    )
    lines = [
        {"版块": "a", "帖号": 1, "正文": "一", "日": "08.09.2026", "时": "12:20", "楼主": {"名": "某局", "认证": "V"}},
        {"版块": "a", "帖号": None, "摘要": "二", "正文": " ", "日": "08.09.2026", "时": "12:20"},
        {"版块": "a", "帖号": 3, "正文": "三", "日": "08.09.2026", "时": "12:20", "栏目": "招聘信息"},
        {"版块": "a", "帖号": 4, "正文": "四", "日": "08.09.2026"},
    ]
    parsed = read(b"\n".join(map(orjson.dumps, lines)), mapping)
    assert parsed.items.select("source_id", "native_id", "author", "author_kind", "text").rows() == [
        ("own", "a-1", "某局", "government", "一"),
        ("own", None, None, "unknown", "二"),
    ]
    assert parsed.items["published_at"][0] == datetime(2026, 9, 8, 12, 20, tzinfo=UTC)
    assert reasons(parsed) == [(3, "招聘广告"), (4, "没有时间")]


SOUND = 'source_id = "x"\n[constants]\nplatform = "x"\nkind = "post"\n[[item]]\n[item.columns]\ntext = "a"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source = 1", "不认识“source”"),
        ('source_id = "x"\nname = "y"\nitem = []', "不认识“name”"),
        ('source_id = "x"\nitem = []', "至少要有一个 [[item]]"),
        (SOUND + 'titel = "b"', "是不是想写“title”"),
        (SOUND + "title = 3", "应为列名"),
        (SOUND + 'title = "{published:%Y}"', "只能用于 published_at"),
        (SOUND.replace('"post"', '"帖子"'), "kind 只能是"),
        (SOUND.replace("[[item]]", '[values.kind]\na = "b"\n[[item]]'), "kind 只能是"),
        (SOUND.replace("[[item]]", "[values.kind]\na = 1\n[[item]]"), "两边都加引号"),
        (SOUND.replace("[constants]", 'dates = ["iso"]\n[constants]'), "dates 里不认识“iso”"),
        (SOUND.replace("[constants]", 'timezone = "北京"\n[constants]'), "不是时区名"),
        (SOUND + '[[drop]]\ncolumn = "a"\nreason = "b"', "is = [...] 或 matches"),
        (SOUND + '[[drop]]\ncolumn = "a"\nreason = "b"\nmatches = "("', "不是正则表达式"),
        (SOUND + "[item", "写法有误"),
    ],
)
def test_a_mapping_that_is_wrong_says_where(text: str, message: str) -> None:
    with pytest.raises(config.LabError, match=r"own\.toml") as error:
        own(text)
    assert message in str(error.value)


def test_a_column_may_have_any_name() -> None:
    text = SOUND.replace('text = "a"', 'text = "position"\nauthor = "_drop"\npublished_at = "_"')
    lines = b'{"position": "\xe6\x96\x87", "_drop": "x", "_": "2026-09-08"}\n'
    for body in (lines, "position,_drop,_\n文,x,2026-09-08\n".encode()):
        items = read(body, own(text)).items
        assert items.select("text", "author").rows() == [("文", "x")]
        assert items["position"].to_list() == [1 if body is lines else 2]


def test_an_edit_changes_the_label_of_a_mapping() -> None:
    mine = mappings.load("posts", SOUND)
    assert mappings.load("posts", "# a comment\n" + SOUND).label == mine.label
    assert mappings.load("posts", SOUND.replace('"a"', '"b"')).label != mine.label


@pytest.mark.parametrize("name", SHIPPED.mappings()["name"].to_list())
def test_shipped_mappings_tell_a_clerk_how_to_adapt_them(name: str) -> None:
    mapping = shipped(name)
    head = SHIPPED.mapping(name)[1].split("\nsource_id")[0]
    assert all(not line or line.startswith("#") for line in head.splitlines())
    assert "怎样改成自己的" in head
    assert mapping.source_id == name


# --- files that are something else


def zipped(name: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as z:
        z.writestr(name, "x")
    return body.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "空的"),
        (b"\xef\xbb\xbf\r\n\r\n", "空的"),
        (gzip.compress(b"", mtime=0), "空的"),
        (b"[]", "空的"),
        (zipped("messages.csv"), "先解压"),
        (zipped("xl/workbook.xml"), "Excel 文件打不开"),
        (b"PK\x03\x04 cut", "没有传完整"),
        (gzip.compress(b"x" * 9999, mtime=0)[:-20], "不完整"),
        (OLE, "另存为 .xlsx"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"Rar!\x1a\x07\x00", "RAR"),
        ("<html><table><tr><td>留言编号".encode(), "网页"),
        (bytes(range(128, 256)) * 50, "编码"),
        (b'[{"a": 1}, {"a":', "没有传完整"),
        (b'{\n  "data": [\n    {"a": 1}\n  ]\n}', "不是每行一条"),
        ("{坏\n{坏\n{坏\n".encode(), "没有一行是完整的 JSON"),
        ("编号,姓名\n1,甲\n".encode(), "缺少对应表“gov-messages”要的列：时间（留言时间 | 写信时间 | 提交时间）"),
        ("编号,姓名\n1,甲\n".encode(), "文件里的列是：编号、姓名"),
        ('{"编号": 1, "姓名": 2}\n'.encode(), "缺少对应表"),
        (workbook([["编号", "姓名"], [1, 2]]), "文件里的列是：编号、姓名"),
        (workbook([]), "没有任何内容"),
    ],
)
def test_what_is_no_such_file_says_so(body: bytes, message: str) -> None:
    with pytest.raises(config.LabError) as error:
        exports.parse(body, shipped("gov-messages"), capture="c", collected_at=NOW, zone=ZONE)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("body", "mapping", "message"),
    [
        (f"{HEADER}\n1,甲,题,2026-09-08,文\n".encode(), "repost-cascades", "要的是 JSON Lines"),
        (b'{"user_id": "1", "nickname": "a", "fans": 3}\n', "mediacrawler-weibo", "编号（note_id）"),
        ((FIXTURES / "cascade.jsonl").read_bytes(), "hot-list", "标题（title）"),
    ],
)
def test_the_wrong_mapping_is_refused(body: bytes, mapping: str, message: str) -> None:
    with pytest.raises(config.LabError) as error:
        exports.parse(body, shipped(mapping), capture="c", collected_at=NOW, zone=ZONE)
    assert message in str(error.value)


def test_a_header_alone_is_an_export_of_nothing() -> None:
    parsed = read(f"{HEADER}\n".encode(), "gov-messages")
    assert parsed.rows_in == 0


def test_progress_is_told() -> None:
    told: list[float] = []
    body = (FIXTURES / "hot-list.jsonl").read_bytes()
    exports.parse(body, shipped("hot-list"), capture="c", collected_at=NOW, zone=ZONE, progress=told.append)
    assert told == sorted(told) and told[-1] == 1.0
