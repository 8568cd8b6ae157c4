"""The invented county as files that look like exports: JSON Lines, CSV, a work-order sheet, a gzipped hot list."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import xlsxwriter

from opinion_lab import config
from opinion_lab.cli.demo import FILES
from tools.county import truth as truths
from tools.county.county import County
from tools.county.rows import FORUM, HOTLINE, NEWS, VIDEO, WECHAT, WEIBO, Row
from tools.county.truth import TIMES, Truth, utc

#: where the package keeps what it ships of the county
DEMO = config.PACKAGE / "demo"
HOSTS = {WEIBO: "weibo", VIDEO: "video", FORUM: "tieba", WECHAT: "mp", NEWS: "news"}


def pack(folder: Path = DEMO, *, seed: int = 0, posts: int = 24_000) -> Truth:
    """Write `county.zip` (the export files) and `truth.zip` (the truth's tables) into `folder`."""
    bodies, truth = files(seed, posts)
    for name, inside in (("county.zip", lambda n: n in FILES), ("truth.zip", lambda n: n not in FILES)):
        with zipfile.ZipFile(folder / name, "w") as packed:
            for entry, body in bodies.items():
                if inside(entry):
                    packed.writestr(_entry(entry, zipfile.ZIP_LZMA), body)
    return truth


def files(seed: int = 0, posts: int = 24_000) -> tuple[dict[str, bytes], Truth]:
    """Every file's name and bytes, the truth's CSVs among them, and the truth."""
    county, truth = _made(seed, posts)
    by: dict[str, list[Row]] = defaultdict(list)
    for row in county.rows:
        by[f"{row.platform} {row.kind}" if row.platform == WEIBO else row.platform].append(row)
    bodies = {
        "weibo_contents.jsonl": _lines(map(_note, by[f"{WEIBO} post"])),
        "weibo_comments.jsonl": _lines(map(_comment, by[f"{WEIBO} comment"])),
        "weibo_reposts.jsonl": _lines(map(_own, by[f"{WEIBO} repost"])),
        "short_video.csv": _csv(map(_own, by[VIDEO])).encode("gb18030"),
        "tieba.csv": _csv(map(_own, by[FORUM])).encode("utf-8-sig"),
        "wechat.jsonl": _lines(map(_own, by[WECHAT])),
        "news.jsonl": _lines(map(_own, by[NEWS])),
        "work_orders.xlsx": _workbook([_order(r) for r in by[HOTLINE]]),
        "hot_list.jsonl.gz": _gzip(_lines(map(_hot, county.board))),
    }
    for f in fields(Truth):
        frame: pl.DataFrame = getattr(truth, f.name)
        times = [c for c in frame.columns if c in TIMES]
        text = frame.with_columns(pl.col(times).dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv()
        bodies[f"{f.name}.csv"] = text.encode()
    return bodies, truth


@lru_cache(maxsize=1)
def _made(seed: int, posts: int) -> tuple[County, Truth]:
    county = County(seed, posts)
    return county, truths.of(county)


def _fetched(at: datetime) -> datetime:
    """When the row was fetched: the crawler runs at 02:10, 08:10, 14:10 and 20:10."""
    first = at.replace(hour=2, minute=10, second=0)
    return next(run for n in range(6) if (run := first + timedelta(hours=6 * n)) > at)


def _own(r: Row) -> dict[str, Any]:
    """A row under the lab's own names."""
    host = HOSTS.get(r.platform)
    where = r.native_id if r.kind != "comment" or r.root is None else f"{r.root.native_id}#{r.native_id}"
    return {
        "native_id": r.native_id,
        "parent": r.parent.native_id if r.parent else None,
        "root": r.root.native_id if r.root else None,
        "platform": r.platform,
        "kind": r.kind,
        "author": r.author,
        "author_kind": r.author_kind,
        "title": r.title,
        "text": r.text,
        "url": f"https://{host}.example/{where}" if host else None,
        "published_at": f"{r.at:%Y-%m-%d %H:%M:%S}",
        "collected_at": f"{_fetched(r.at):%Y-%m-%d %H:%M:%S}",
        "likes": r.likes,
        "reposts": r.reposts,
        "comments": r.comments,
        "views": r.views,
        "region": r.region,
    }


def _crawled(r: Row) -> dict[str, Any]:
    """What MediaCrawler's notes and comments share (names of its store/weibo; counts are strings there)."""
    user = 1_000_000_000 + zlib.crc32(r.author.encode())
    return {
        "create_time": int(utc(r.at).timestamp()),
        "create_date_time": f"{r.at:%Y-%m-%d %H:%M:%S}+08:00",
        "content": r.text,
        "last_modify_ts": int(utc(_fetched(r.at)).timestamp()) * 1000,
        "ip_location": r.region or "",
        "user_id": str(user),
        "nickname": r.author,
        "gender": "fm"[user % 2],
        "profile_url": f"https://weibo.example/u/{user}",
        "avatar": "",
    }


def _note(r: Row) -> dict[str, Any]:
    counts = {"liked_count": str(r.likes), "comments_count": str(r.comments), "shared_count": str(r.reposts)}
    url = f"https://weibo.example/detail/{r.native_id}"
    return {"note_id": r.native_id} | _crawled(r) | counts | {"note_url": url, "source_keyword": "云溪"}


def _comment(r: Row) -> dict[str, Any]:
    above = r.parent.native_id if r.parent and r.parent.kind == "comment" else ""
    ids = {"comment_id": r.native_id, "note_id": r.root.native_id if r.root else ""}
    return (
        ids | _crawled(r) | {"sub_comment_count": "0", "comment_like_count": str(r.likes), "parent_comment_id": above}
    )


def _order(r: Row) -> dict[str, Any]:
    return {
        "工单编号": r.native_id,
        "受理时间": f"{r.at:%Y-%m-%d %H:%M:%S}",
        "来电人": r.author,
        "联系电话": r.phone,
        "诉求标题": r.title,
        "诉求内容": r.text,
        "所属区域": r.region,
        "办理单位": "县市场监督管理局" if r.line and r.line != "L90" else "县政务服务中心",
    }


def _hot(entry: dict[str, Any]) -> dict[str, Any]:
    """A line of the hourly hot list, with the names and the habits of a public archive of it."""
    at: datetime = entry["at"]
    line = {"day": f"{at:%Y-%m-%d}", "hour": f"{at:%H}", "pos": entry["pos"]}
    line |= {"display_time": int(utc(at).timestamp()), "realpos": entry["realpos"], "title": entry["title"]}
    line |= {"category": entry["category"], "hot": entry["hot"], "ads": entry["ads"]}
    reads = entry["readCount"]
    return line if entry["ads"] else line | {"readCount": reads, "discussCount": reads // 900}


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(r) + b"\n" for r in rows)


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    out, table = io.StringIO(), list(rows)
    writer = csv.DictWriter(out, list(table[0]))
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue()


def _workbook(rows: list[dict[str, Any]]) -> bytes:
    """An .xlsx whose bytes hang on its cells alone: fixed dates, nothing compressed (zlib builds differ)."""
    out, packed = io.BytesIO(), io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2026, 9, 28)})
    sheet = book.add_worksheet("工单")
    for n, cells in enumerate([list(rows[0]), *(list(r.values()) for r in rows)]):
        sheet.write_row(n, 0, cells)
    book.close()
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            new.writestr(_entry(name, zipfile.ZIP_STORED), old.read(name))
    return packed.getvalue()


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    """An entry without the date of today or the system that wrote it."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.compress_type = 3, compression
    return entry


def _gzip(body: bytes) -> bytes:
    """A gzip file of stored blocks, without a date: compressed bytes differ from one zlib build to the next."""
    packed = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for n in range(0, len(body), 65_535):
        block = body[n : n + 65_535]
        packed.append(struct.pack("<BHH", n + 65_535 >= len(body), len(block), len(block) ^ 0xFFFF) + block)
    packed.append(struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFFFFFF))
    return b"".join(packed)
