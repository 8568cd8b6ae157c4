"""Exports of known tools: each is recognised by its columns, read whole, and a column that went away is told.

The columns are those that the tools write (their public code, see the head of each mapping); the content is invented.
"""

import csv
import io
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest

from opinion_lab.collect import importer
from opinion_lab.collect.parsers.tables import mapping as mappings
from opinion_lab.config import LabError
from opinion_lab.rules import SHIPPED
from opinion_lab.storage.store import Store

AT, LOCAL = 1788841213, "2026-09-08 12:20:13"
CRAWLER = "source_keyword last_modify_ts avatar user_id nickname"
VIDEO = "video_id video_type title desc create_time liked_count video_url video_cover_url"
COMMENT = "comment_id create_time content sub_comment_count"
#: mapping, columns as the tool writes them, where the values are not "x", and what becomes of the row.
EXPORTS = [
    (
        "mediacrawler-bilibili",
        f"{VIDEO} disliked_count video_play_count video_favorite_count video_share_count video_coin_count "
        f"video_danmaku video_comment {CRAWLER}",
        {"video_id": "7001", "create_time": AT, "liked_count": "12", "video_play_count": "3.4万", "video_comment": "5"},
        {"kind": "post", "native_id": "7001", "platform": "哔哩哔哩", "likes": 12, "views": 34_000, "comments": 5},
    ),
    (
        "mediacrawler-bilibili",
        f"{COMMENT} parent_comment_id video_id sex sign like_count {CRAWLER}",
        {"comment_id": "8", "create_time": AT, "parent_comment_id": "0", "video_id": "7001", "like_count": 3},
        {"kind": "comment", "native_id": "8", "parent": "7001", "root": "7001", "likes": 3},
    ),
    (
        "mediacrawler-douyin",
        "aweme_id aweme_type title desc create_time sec_uid short_user_id user_unique_id user_signature liked_count "
        f"collected_count comment_count share_count ip_location aweme_url cover_url video_download_url {CRAWLER} "
        "music_download_url note_download_url",
        {"aweme_id": "7300", "create_time": AT, "liked_count": "1.2w", "share_count": "0", "ip_location": "浙江"},
        {"kind": "post", "native_id": "7300", "platform": "抖音", "likes": 12_000, "reposts": 0, "region": "浙江"},
    ),
    (
        "mediacrawler-douyin",
        f"{COMMENT} ip_location aweme_id sec_uid short_user_id user_unique_id user_signature like_count "
        f"parent_comment_id pictures {CRAWLER}",
        {"comment_id": "9", "create_time": AT, "parent_comment_id": "8", "aweme_id": "7300", "like_count": 0},
        {"kind": "comment", "native_id": "9", "parent": "8", "root": "7300", "likes": 0},
    ),
    (
        "mediacrawler-kuaishou",
        f"{VIDEO} viewd_count video_play_url {CRAWLER}",
        {"video_id": "3xk", "create_time": AT * 1000, "liked_count": "77", "viewd_count": "900"},
        {"kind": "post", "native_id": "3xk", "platform": "快手", "likes": 77, "views": 900},
    ),
    (
        "mediacrawler-kuaishou",
        f"{COMMENT} video_id {CRAWLER}",
        {"comment_id": "11", "create_time": AT * 1000, "video_id": "3xk"},
        {"kind": "comment", "native_id": "11", "parent": "3xk", "root": "3xk", "platform": "快手"},
    ),
    (
        "mediacrawler-tieba",
        "note_id title desc note_url publish_time user_link user_nickname user_avatar tieba_name tieba_link "
        "total_replay_num total_replay_page ip_location source_keyword last_modify_ts",
        {"note_id": "91", "publish_time": LOCAL[:16], "total_replay_num": 40, "ip_location": ""},
        {"kind": "post", "native_id": "91", "platform": "百度贴吧", "comments": 40, "region": None},
    ),
    (
        "mediacrawler-tieba",
        "comment_id parent_comment_id content user_link user_nickname user_avatar publish_time ip_location "
        "sub_comment_count note_id note_url tieba_id tieba_name tieba_link last_modify_ts",
        {"comment_id": "92", "publish_time": LOCAL[:16], "parent_comment_id": "", "note_id": "91"},
        {"kind": "comment", "native_id": "92", "parent": "91", "root": "91"},
    ),
    (
        "mediacrawler-xhs",
        "note_id type title desc video_url time last_update_time liked_count collected_count comment_count share_count "
        f"ip_location image_list tag_list note_url xsec_token {CRAWLER}",
        {"note_id": "66f", "time": AT * 1000, "liked_count": "10万+", "comment_count": "6", "share_count": ""},
        {"kind": "post", "native_id": "66f", "platform": "小红书", "likes": 100_000, "comments": 6, "reposts": None},
    ),
    (
        "mediacrawler-xhs",
        f"{COMMENT} ip_location note_id pictures parent_comment_id like_count {CRAWLER}",
        {"comment_id": "67a", "create_time": AT * 1000, "parent_comment_id": 0, "note_id": "66f"},
        {"kind": "comment", "native_id": "67a", "parent": "66f", "root": "66f"},
    ),
    (
        "mediacrawler-zhihu",
        "content_id content_type content_text content_url question_id title desc created_time updated_time "
        "voteup_count comment_count source_keyword user_id user_link user_nickname user_avatar "
        "user_url_token last_modify_ts",
        {"content_id": "55", "created_time": AT, "voteup_count": 8, "comment_count": 2},
        {"kind": "post", "native_id": "55", "platform": "知乎", "likes": 8, "comments": 2},
    ),
    (
        "mediacrawler-zhihu",
        "comment_id parent_comment_id content publish_time ip_location sub_comment_count like_count dislike_count "
        "content_id content_type user_id user_link user_nickname user_avatar last_modify_ts",
        {"comment_id": "56", "publish_time": AT, "parent_comment_id": "0", "content_id": "55", "like_count": 1},
        {"kind": "comment", "native_id": "56", "parent": "55", "root": "55", "likes": 1},
    ),
    (
        "4cat-douyin",
        "id thread_id subject body timestamp post_source_domain post_url region hashtags mentions video_tags "
        "prevent_download video_url video_duration image_urls music_author music_title music_url collect_count "
        "comment_count digg_count download_count forward_count play_count share_count author_user_id author_nickname "
        "author_profile_url unix_timestamp",
        {"id": "7300", "unix_timestamp": AT, "digg_count": 4, "play_count": "Unknown", "timestamp": "2026-09-08 04:20"},
        {"kind": "post", "native_id": "7300", "platform": "抖音", "likes": 4, "views": None},
    ),
    (
        "4cat-rednote",
        "collected_from_url id thread_id url title body hashtags timestamp author author_avatar_url image_urls "
        "video_url likes unix_timestamp",
        {"id": "66f", "unix_timestamp": AT, "likes": "1.1万", "timestamp": "2026-09-08 04:20:13"},
        {"kind": "post", "native_id": "66f", "platform": "小红书", "likes": 11_000},
    ),
    (
        "monitor-articles",
        "序号 标题 媒体名称 媒体类型 发布时间 原文链接 摘要 情感属性 相似文章数 地域",
        {"发布时间": LOCAL, "媒体类型": "网媒", "相似文章数": 3, "原文链接": "https://news.example.cn/1.html"},
        {"kind": "article", "native_id": "https://news.example.cn/1.html", "platform": "网媒"},
    ),
    (
        "12315",
        "登记编号 登记部门 登记时间 提供方 被投诉企业名称 投诉类别 投诉内容 处理部门 办结时间 办理结果",
        {"登记编号": "1330000002026090812345", "登记时间": LOCAL, "办结时间": "2026-09-10 10:00"},
        {"kind": "complaint", "native_id": "1330000002026090812345", "unit": "x处理部门"},
    ),
    (
        "work-orders",
        "工单编号 来电时间 诉求类型 诉求内容 承办单位 办理期限 办结时间 办理结果 是否满意",
        {"工单编号": "20260908001", "来电时间": LOCAL, "办理期限": "2026-09-15", "办结时间": "2026-09-10 10:00"},
        {"kind": "complaint", "native_id": "20260908001", "platform": "12345工单", "unit": "x承办单位"},
    ),
]  # fmt: skip
IDS = [f"{name}-{what['kind']}" for name, _, _, what in EXPORTS]


def record(columns: str, values: dict[str, object]) -> dict[str, object]:
    assert set(values) <= set(columns.split())
    return {name: values.get(name, f"x{name}") for name in columns.split()}


def as_csv(rows: list[dict[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def as_json_lines(rows: list[dict[str, object]]) -> bytes:
    return b"\n".join(map(orjson.dumps, rows))


@pytest.mark.parametrize("write", [as_csv, as_json_lines])
@pytest.mark.parametrize(("name", "columns", "values", "expected"), EXPORTS, ids=IDS)
def test_a_known_export_is_recognised_and_read(lab: Store, name, columns, values, expected, write) -> None:
    path = lab.root / "export.csv"
    path.write_bytes(write([record(columns, values)]))
    proposal = importer.propose(lab, path)
    assert proposal.mapping == name and not proposal.fallback
    item = proposal.items.row(0, named=True)
    assert {column: item[column] for column in expected} == expected
    assert f"{item['published_at'].astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}" == LOCAL[:16]
    assert (item["text"] or item["title"]).startswith("x")


@pytest.mark.parametrize(("name", "columns", "values", "expected"), EXPORTS, ids=IDS)
def test_a_column_that_went_away_is_told(lab: Store, name, columns, values, expected) -> None:
    """As when the tool calls it something else one day: the file is refused or the note says what is now empty."""
    mapping = mappings.load(*SHIPPED.mapping(name))
    whole = record(columns, values)
    path = lab.root / "export.csv"

    def notes(row: dict[str, object]) -> set[str]:
        path.write_bytes(as_csv([row]))
        try:
            read = importer.propose(lab, path, name)
        except LabError as error:
            assert "缺少" in str(error)
            return {"refused"}
        return {part for n in read.notes for part in n["what"].rpartition("：")[2].split("、")}

    usual = notes(whole)
    for column in columns.split():
        reads = {
            target
            for item in mapping.items
            if mapping.constant(item, "kind") == expected["kind"]
            for target in item.columns
            if not mapping.constant(item, target)  # what the mapping says in its place is read for it
            and column in (choices := item.choices(target))
            and not any(c in whole for c in choices if c != column)
        }
        if reads:
            renamed = {(f"{c}_new" if c == column else c): value for c, value in whole.items()}
            assert notes(renamed) - usual, column


def test_zeeschuimer_keeps_what_the_platform_sent(lab: Store) -> None:
    note = {
        "display_title": "标题",
        "desc": "正文",
        "time": AT * 1000,
        "user": {"nickname": "甲", "user_id": "1"},
        "interact_info": {"liked_count": "3"},
    }
    video = {
        "aweme_id": "7300",
        "desc": "视频说明",
        "create_time": AT,
        "author": {"nickname": "乙", "uid": "2"},
        "statistics": {"digg_count": 5, "play_count": 0},
    }
    lines = [
        {"timestamp_collected": AT * 1000, "item_id": "66f", "data": {"id": "66f", "note_card": note}},
        {"timestamp_collected": AT * 1000, "item_id": "7300", "data": video},
    ]
    path: Path = lab.root / "zeeschuimer.ndjson"
    path.write_bytes(as_json_lines(lines))
    read = importer.propose(lab, path)
    assert read.mapping == "zeeschuimer"
    assert read.items.select("platform", "native_id", "text", "likes").sort("platform").rows() == [
        ("小红书", "66f", "正文", 3),
        ("抖音", "7300", "视频说明", 5),
    ]


def test_every_mapping_has_its_export_here_or_in_another_test() -> None:
    here = {name for name, *_ in EXPORTS} | {"zeeschuimer"}
    elsewhere = Path(__file__).with_name("test_exports.py").read_text(encoding="utf-8")
    elsewhere += Path(__file__).with_name("test_headers.py").read_text(encoding="utf-8")
    without = [n for n in SHIPPED.mappings()["name"] if n not in here and f'"{n}"' not in elsewhere]
    assert without == []
