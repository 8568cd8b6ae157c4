"""What a file is, told from its bytes: format, encoding, header, and whether it holds what its mapping expects.

CSV (comma, tab, semicolon), Excel and JSON, plain or gzip. No I/O; a file's name says nothing here.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import fastexcel
import orjson

from opinion_lab import config
from opinion_lab.collect.parsers import mapping as mappings
from opinion_lab.collect.parsers.mapping import Mapping

#: Unpacked, a file may be this large; beyond it is a mistake or a trap.
MAX_BYTES = 2_000_000_000
#: A title and notes may stand above the header; it is looked for in the first rows.
HEADER_ROWS = 15
#: Lines of JSON that are looked at to tell what columns there are.
HEAD_LINES = 500


@dataclass(frozen=True)
class Opened:
    """A file that is what its mapping expects.

    A sheet has a `header`, in line `at` (1-based), and `rows` of (line, fields) or, for CSV, of text lines.
    JSON has no header, and `rows` of text lines or, for an array, of entries. `key` is the place of a time.
    """

    format: str
    encoding: str | None
    rows: list[Any] = field(repr=False)
    header: tuple[str, ...] = ()
    at: int = 0
    delimiter: str = ""
    key: int | None = None
    notes: tuple[dict[str, Any], ...] = ()


# --- what is this file? --------------------------------------------------------------------------------------

# what people hand in by mistake: first bytes -> what it is, and what to do
OTHER = (
    (b"Rar!", "RAR 压缩包", "请先解压"),
    (b"7z\xbc\xaf", "7z 压缩包", "请先解压"),
    (b"BZh", "bzip2 压缩包", "请先解压"),
    (b"\x28\xb5\x2f\xfd", "zstd 压缩包", "请先解压"),
    (b"%PDF", "PDF 文件", "请向来源要表格文件（xlsx 或 csv）"),
    (b"PAR1", "Parquet 文件", "请先另存为 csv"),
    (b"SQLite format 3", "SQLite 数据库", "请先把表导出为 csv"),
)


def opened(body: bytes, mapping: Mapping) -> Opened:
    """Tell format and encoding, find the header, hold its columns against the mapping. Raises LabError."""
    packed = body[:2] == b"\x1f\x8b"
    if packed:
        body = _unzipped(body)
    if not body.strip(b"\x00\t\r\n \xef\xbb\xbf"):
        raise config.LabError("文件是空的。请检查导出是否成功，再重新导出。")
    for magic, what, todo in OTHER:
        if body.startswith(magic):
            raise config.LabError(f"这是 {what}，不能直接导入。{todo}。")
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in body:
            raise config.LabError("这个 Excel 文件设了打开密码。请在 Excel 里打开，去掉密码后另存。")
        raise config.LabError("这是旧版 Excel（.xls）或 Word 文件。请在 Excel 里打开，另存为 .xlsx 再导入。")
    file = _workbook(body, mapping) if body.startswith(b"PK") else _text(body, mapping)
    return replace(file, format=f"{file.format}+gzip") if packed else file


def _unzipped(body: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as f:
            plain = f.read(MAX_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise config.LabError("gzip 压缩包不完整或已损坏。请重新下载或重新压缩。") from None
    if len(plain) > MAX_BYTES:
        raise config.LabError(f"解压后超过 {MAX_BYTES // 10**9} GB。请按月拆成几个文件再导入。")
    return plain


def _text(body: bytes, mapping: Mapping) -> Opened:
    encoding, text, notes = decoded(body)
    del body
    start = text[:5000].lstrip("\ufeff \t\r\n").lower()
    if start[:1] == "<" and any(tag in start for tag in ("<html", "<table", "<?xml", "<!doctype")):
        raise config.LabError(
            "这是网页或 XML，不是表格（有些系统导出的“.xls”其实是网页）。请用 Excel 打开后另存为 .xlsx。"
        )
    if start[:1] == "[" and (entries := _array(text)) is not None:
        _check_json(entries[:HEAD_LINES], mapping)
        return Opened("json", encoding, rows=entries, notes=notes)
    lines = text.split("\n")
    head = [line for line in lines[:HEAD_LINES] if line.strip()]
    if start[:1] == "{" and _load(head[0]) is None and isinstance(_load(text), dict):
        raise config.LabError("这是一个 JSON 对象，不是每行一条的 JSON Lines，也不是数组。请只导出其中的列表。")
    if sum(line.lstrip()[:1] == "{" for line in head) * 2 >= len(head):
        _check_json([_load(line) for line in head], mapping)
        return Opened("jsonl", encoding, rows=lines, notes=notes)
    return _csv(text, encoding, mapping, notes)


def decoded(body: bytes) -> tuple[str, str, tuple[dict[str, Any], ...]]:
    """The encoding's name (UTF-8, UTF-8-SIG, UTF-16, GBK, GB18030), the text, and a note on bad bytes.

    Raises LabError when more than one character in a thousand cannot be read either way.
    """
    if body.startswith(codecs.BOM_UTF8):
        tries = [("UTF-8-SIG", "utf-8-sig")]
    elif body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tries = [("UTF-16", "utf-16")]
    elif (head := body[:4000]).count(0) * 50 > len(head):  # NUL every so often: UTF-16 without its mark
        low = head[1::2].count(0) >= head[0::2].count(0)
        tries = [("UTF-16", "utf-16-le" if low else "utf-16-be")]
    else:
        tries = [("UTF-8", "utf-8"), ("GBK", "gbk"), ("GB18030", "gb18030")]
    for name, codec in tries:
        try:
            return name, body.decode(codec), ()
        except UnicodeDecodeError:
            continue
    name, text = min(((n, body.decode(c, errors="replace")) for n, c in tries), key=lambda t: t[1].count("\ufffd"))
    bad = text.count("\ufffd")
    if bad * 1000 > len(text):
        raise config.LabError("认不出文字编码。请用记事本或 Excel 打开，另存为 UTF-8 的 csv 再导入。")
    return name, text, ({"what": "坏字节，已换成 \ufffd", "n": bad, "example": ""},)


def _load(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _array(text: str) -> list[Any] | None:
    """The entries of a JSON array; None when it is none (a CSV may begin with a bracket)."""
    try:
        found = orjson.loads(text.lstrip("\ufeff"))
    except orjson.JSONDecodeError as error:
        if text.lstrip("\ufeff \t\r\n[")[:1] != "{":
            return None
        raise config.LabError(f"JSON 数组写法有误（第 {error.lineno} 行）：{error.msg}。文件可能没有传完整。") from None
    if not found:
        raise config.LabError("文件是空的（[]）。请检查导出是否成功，再重新导出。")
    return list(found)


# --- does it hold what the mapping expects? ------------------------------------------------------------------


def _check_json(entries: list[Any], mapping: Mapping) -> None:
    sound = [e for e in entries if isinstance(e, dict)]
    if not sound:
        raise config.LabError("前面几百行没有一行是完整的 JSON 记录。请检查文件是否完整，或是否选错了文件。")
    found = {key for entry in sound for key in entry}
    lacking: list[list[str] | None] = []
    for item in mapping.items:
        if item.each is None:
            lacking.append(_missing(mapping, item, found))
            continue
        lists = [look_up(entry, item.each) for entry in sound]
        inside = {k for one in lists if isinstance(one, list) for e in one[:50] if isinstance(e, dict) for k in e}
        lacking.append(_missing(mapping, item, inside) if inside else None)
    _check(lacking, sorted(found), mapping)


def _check_header(header: tuple[str, ...], mapping: Mapping) -> None:
    if any(item.each for item in mapping.items):
        raise config.LabError(
            f"对应表“{mapping.name}”要的是 JSON Lines（每行一条），这个文件是表格。请换文件或换对应表。"
        )
    found = [name for name in header if name]
    _check([_missing(mapping, item, set(found)) for item in mapping.items], found, mapping)


def _check(lacking: list[list[str] | None], found: list[str], mapping: Mapping) -> None:
    """Raise LabError when an item that is in the file lacks a column, or when no item is in it."""
    names = list(dict.fromkeys(name for lack in lacking for name in lack or []))
    if names or all(lack is None for lack in lacking):
        raise config.LabError(
            f"文件里缺少对应表“{mapping.name}”要的列：{'；'.join(names) or '（每一项都缺）'}。"
            f"文件里的列是：{'、'.join(found[:40]) or '（没有）'}。"
            f"请换一个对应表，或把 {mapping.name}.toml 复制到实验室的 mappings 文件夹，在里面改成文件里的列名。"
        )


def _missing(mapping: Mapping, item: mappings.Item, found: set[str]) -> list[str] | None:
    """Which required RawItem columns no column of `found` can fill, each with its choices; None: not this item.

    An item whose `when` columns are all absent is not in this file. A dotted path counts by its first part.
    """
    if item.when and not any(_there(n, found) for n in item.when):
        return None
    wanted: list[tuple[str, ...]] = [(t,) for t in item.required]
    if mapping.constant(item, "kind") != "repost" or item.choices("kind"):
        wanted.append(("text", "title"))
    lacking = []
    for targets in wanted:
        choices = [c for t in targets for c in item.choices(t)]
        if not any(mapping.constant(item, t) for t in targets) and not any(_fills(c, found) for c in choices):
            labels = " 或 ".join(mappings.LABELS.get(t, t) for t in targets)
            lacking.append(f"{labels}（{' | '.join(choices)}）")
    return list(dict.fromkeys(lacking))


def _fills(choice: str, found: set[str]) -> bool:
    return all(_there(n, found) for n in (mappings.slots(choice) if "{" in choice else [choice]))


def _there(name: str, found: set[str]) -> bool:
    return name in found or name.split(".", 1)[0] in found or name.startswith("../")


def look_up(entry: Any, path: str) -> Any:
    """The value at a dotted path; None when there is no such place. A key that holds dots itself goes first."""
    if path in entry:
        return entry[path]
    for key in path.split("."):
        if not isinstance(entry, dict):
            return None
        entry = entry.get(key)
    return entry


# --- CSV and Excel -------------------------------------------------------------------------------------------


def _csv(text: str, encoding: str, mapping: Mapping, notes: tuple[dict[str, Any], ...]) -> Opened:
    lines = io.StringIO(text, newline="").readlines()
    heads = []
    for delimiter in ",\t;|":
        head = [(n, f) for n, f, _ in _split(lines[: HEADER_ROWS * 20], delimiter) if f][:HEADER_ROWS]
        at, header, score = _header(head, mapping)
        heads.append((score, len(header), at, header, delimiter))
    # most columns known; when none is, the delimiter that gives the most columns, for the message
    _, _, at, header, delimiter = max(heads, key=lambda h: h[:2])
    _check_header(header, mapping)
    times = [n for item in mapping.items for c in item.choices("published_at") for n in mappings.slots(c) or [c]]
    key = next((header.index(name) for name in times if name in header), None)
    form = "tsv" if delimiter == "\t" else "csv"
    return Opened(form, encoding, rows=lines, header=header, at=at, delimiter=delimiter, key=key, notes=notes)


def _workbook(body: bytes, mapping: Mapping) -> Opened:
    """The sheet of a workbook that names most of the mapping's columns; the others are noted."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as z:
            inside = {i.filename: i.file_size for i in z.infolist()}
    except zipfile.BadZipFile:
        raise config.LabError("Excel（或 zip）文件打不开，可能没有传完整。请重新导出。") from None
    if "xl/workbook.xml" not in inside:
        raise config.LabError("这是 zip 压缩包（或 Word 等文件），不是 Excel 表。请先解压，再导入里面的 csv 或 xlsx。")
    if sum(inside.values()) > MAX_BYTES:
        raise config.LabError(f"解压后超过 {MAX_BYTES // 10**9} GB。请拆成几个文件再导入。")
    try:
        book = fastexcel.read_excel(body)
        # from the first row on, so that a row's number is the one that Excel shows
        given = {n: book.load_sheet(n, header_row=None, skip_rows=0, dtypes="string") for n in book.sheet_names}
        sheets = {n: list(enumerate(s.to_polars().fill_null("").iter_rows(), 1)) for n, s in given.items()}
    except fastexcel.FastExcelError as error:
        raise config.LabError(f"Excel 文件打不开：{error}。请用 Excel 打开后另存为新的 .xlsx。") from None
    if not any(sheets.values()):
        raise config.LabError("Excel 文件里没有任何内容。请检查导出是否成功。")
    heads = {n: _header(s[:HEADER_ROWS], mapping) for n, s in sheets.items()}
    name = max(heads, key=lambda n: heads[n][2])  # the first of the best
    at, header, _ = heads[name]
    _check_header(header, mapping)
    notes = [{"what": f"工作表“{n}”没有读", "n": len(s), "example": ""} for n, s in sheets.items() if s and n != name]
    return Opened("xlsx", None, rows=sheets[name], header=header, at=at, notes=tuple(notes))


def _header(head: list[tuple[int, Any]], mapping: Mapping) -> tuple[int, tuple[str, ...], int]:
    """Line, names and score of the row that names most of the mapping's columns; else of the widest one."""
    wanted = {n for item in mapping.items for n in mapping.names(item)}
    rated = []
    for line, fields in head:
        names = tuple(f.strip("\ufeff\u200b \t\r\n\u3000\u00a0") for f in fields)
        rated.append((len(wanted & set(names)), sum(map(bool, names)), -line, names))
    score, _, line, names = max(rated, default=(0, 0, -1, ()))
    while names and not names[-1]:
        names = names[:-1]
    return -line, names, score


def records(file: Opened) -> Iterator[tuple[int, list[str] | None, str]]:
    """The records of a sheet below its header, with their 1-based first line; None and a reason for a bad one.

    Blank rows are no records.
    """
    given = _split(file.rows, file.delimiter, len(file.header), file.at, file.key) if file.delimiter else file.rows
    for line, fields, *why in given:
        if line > file.at and (fields is None or any(f.strip() for f in fields)):
            yield line, fields, why[0] if why else ""


def _split(
    lines: list[str], delimiter: str, width: int = 0, begin: int = 0, key: int | None = None
) -> Iterator[tuple[int, list[str] | None, str]]:
    """CSV records with their first line, counted from 1; `width` fields from line `begin` on.

    An open quote swallows the lines behind it; when whole records are found among these, only its own line is bad.
    """
    at = 0
    while at < len(lines):
        reader = csv.reader((lines[i] for i in range(at, len(lines))), delimiter=delimiter)
        base = start = at
        at = len(lines)
        try:
            for fields in reader:
                end = base + reader.line_num
                while width and len(fields) > width and not fields[-1].strip():
                    fields.pop()  # commas at the end of the line
                wrong = bool(width and start >= begin and any(f.strip() for f in fields) and len(fields) != width)
                if width and end - start > 1 and _swallowed(lines[start:end], delimiter, width, key, wrong):
                    yield start + 1, None, "引号没有闭合"
                    at = start + 1
                    break
                why = f"字段数不对：应为 {width} 个，实为 {len(fields)} 个" if wrong else ""
                yield start + 1, None if wrong else fields, why
                start = end
        except csv.Error:  # one field beyond csv.field_size_limit
            yield start + 1, None, "引号没有闭合，或一格太长"
            at = start + 1


def _swallowed(lines: list[str], delimiter: str, width: int, key: int | None, wrong: bool) -> bool:
    """Whether a record over several lines took in whole records: lines of the right width with a time in its place."""
    for line in lines[1:]:
        if line.count(delimiter) >= width - 1:
            fields = next(csv.reader([line], delimiter=delimiter), [])
            if len(fields) == width and (wrong if key is None else re.search(r"\d{4}", fields[key])):
                return True
    return False
