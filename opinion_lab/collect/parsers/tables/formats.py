"""What a file is, told from its bytes: format, encoding, and its lines, entries or sheets. No I/O.

CSV (comma, tab, semicolon), Excel, the web page or XML that some systems call Excel, JSON; plain or gzip. A file's
name says nothing here.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from opinion_lab import config
from opinion_lab.collect.parsers import bodies
from opinion_lab.collect.parsers.tables import json_lines, web_tables, workbooks
from opinion_lab.collect.parsers.tables.workbooks import Sheet

#: Unpacked, a file may be this large; beyond it is a mistake or a trap.
MAX_BYTES = 2_000_000_000
LAYERS = 3
#: A line of so many bytes is no row of a table.
MAX_LINE = 20_000_000
_SAYS_SOMETHING = re.compile(rb"[^\x00\t\r\n \xef\xbb\xbf\xff\xfe]")

# what people hand in by mistake: first bytes -> what it is, and what to do
OTHER = (
    (b"Rar!", "RAR 压缩包", "请先解压"),
    (b"7z\xbc\xaf", "7z 压缩包", "请先解压"),
    (b"BZh", "bzip2 压缩包", "请先解压"),
    (b"\x28\xb5\x2f\xfd", "zstd 压缩包", "请先解压"),
    (b"%PDF", "PDF 文件", "请向来源要表格文件（xlsx 或 csv）"),
    (b"\x89PNG", "图片", "请向来源要表格文件（xlsx 或 csv）"),
    (b"\xff\xd8\xff", "图片", "请向来源要表格文件（xlsx 或 csv）"),
    (b"PAR1", "Parquet 文件", "请先另存为 csv"),
    (b"SQLite format 3", "SQLite 数据库", "请先把表导出为 csv"),
)
#: What only a text holds that was read in the wrong encoding and saved: UTF-8 as GBK, GBK as UTF-8, bare memory.
GARBLED = ("锟斤拷", "烫烫烫", "屯屯屯", "鐨", "锛", "銆", "鏄", "鍟", "嗗", "缁濋")


@dataclass(frozen=True)
class Opened:
    """A file that can be read: `lines` of a text or of JSON Lines, `entries` of a JSON array, or `sheets`."""

    format: str
    encoding: str | None = None
    lines: list[str] = field(default_factory=list, repr=False)
    entries: list[Any] | None = field(default=None, repr=False)
    sheets: list[Sheet] = field(default_factory=list, repr=False)
    notes: list[dict[str, Any]] = field(default_factory=list)
    garbled: bool = False  # whether a text in it may have been read wrongly before it came here

    def first(self, n: int) -> Opened:
        """The file as if it ended after `n` lines, entries or rows of each sheet; no quoted cell is cut in two."""
        entries = self.entries if self.entries is None else self.entries[:n]
        sheets = [replace(sheet, rows=sheet.rows[:n]) for sheet in self.sheets]
        opened, ends = 0, [0]
        for at, line in enumerate(self.lines[:n], 1):
            opened ^= line.count('"') & 1
            if not opened:
                ends.append(at)
        whole = n if len(self.lines) <= n else ends[-1] or n
        return replace(self, lines=self.lines[:whole], entries=entries, sheets=sheets)


def opened(body: bytes) -> Opened:
    """Tell format and encoding. Raises LabError for what is no table, saying what it is and what to do."""
    layers = 0
    while body[:2] == b"\x1f\x8b" and layers < LAYERS:  # some servers pack what is packed
        body = _unzipped(body)
        layers += 1
    if not _SAYS_SOMETHING.search(body):
        raise config.LabError("文件是空的。请检查导出是否成功，再重新导出。")
    for magic, what, todo in OTHER:
        if body.startswith(magic):
            raise config.LabError(f"这是 {what}，不能直接导入。{todo}。")
    if body.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        sheets, notes = workbooks.read(body, MAX_BYTES)
        file = Opened("xlsx" if body.startswith(b"PK") else "xls", sheets=sheets, notes=notes, garbled=True)
    else:
        file = _text(body)
    return replace(file, format=f"{file.format}+gzip") if layers else file


def _unzipped(body: bytes) -> bytes:
    try:
        return bodies.inflated(body, ["gzip"], MAX_BYTES)
    except bodies.TooLarge:
        raise config.LabError(f"解压后超过 {MAX_BYTES // 10**6} MB。请按月拆成几个文件再导入。") from None
    except bodies.Broken:
        raise config.LabError("gzip 压缩包不完整或已损坏。请重新下载或重新压缩。") from None


def _text(body: bytes) -> Opened:
    _refuse_long(body)
    encoding, text, notes = _decoded(body)
    del body
    start = text[:5000].lstrip("\ufeff \t\r\n").lower()
    if start[:1] == "<" and any(tag in start for tag in ("<html", "<table", "<?xml", "<!doctype")):
        if not (sheets := web_tables.read(text)):
            raise config.LabError("这是网页或 XML，里面没有表格。请用 Excel 打开后另存为 .xlsx。")
        return Opened("html" if web_tables.NAMESPACE not in start else "xml", encoding, sheets=sheets, notes=notes)
    head = text[:2_000_000]
    garbled = any(word in head for word in GARBLED)
    if start[:1] == "[" and (entries := _array(text, notes)) is not None:
        return Opened("json", encoding, entries=entries, notes=notes, garbled=garbled)
    lines = text.split("\n")
    first = [line for line in lines[: json_lines.HEAD] if line.strip()]
    if start[:1] == "{" and len(first) > 1:
        _refuse_object(first[0], text)
    if sum(line.lstrip()[:1] == "{" for line in first) * 2 >= len(first):
        return Opened("jsonl", encoding, lines=lines, notes=notes, garbled=garbled)
    lines = io.StringIO(text, newline="").readlines()
    return Opened("csv", encoding, lines=lines, notes=notes, garbled=garbled)


def _array(text: str, notes: list[dict[str, Any]]) -> list[Any] | None:
    """The entries of a JSON array; None when it is none (a CSV may begin with a bracket). Raises LabError."""
    text = text.lstrip("\ufeff")
    try:
        found = json_lines.load(text, notes)
        if _inexact(found):
            found = json_lines.load(text, exact=True)
    except ValueError as error:
        if text.lstrip(" \t\r\n[")[:1] != "{":
            return None
        line = f"（第 {error.lineno} 行）" if isinstance(error, json.JSONDecodeError) else ""
        raise config.LabError(f"JSON 数组写法有误{line}：{error}。文件可能没有传完整。") from None
    if not found:
        raise config.LabError("文件是空的（[]）。请检查导出是否成功，再重新导出。")
    return list(found)


def _inexact(value: Any) -> bool:
    """Whether an integer was too long for a float to hold, anywhere in a value."""
    if isinstance(value, float):
        return abs(value) >= 2**63
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_inexact(v) for v in inside)


def _refuse_object(line: str, text: str) -> None:
    """Raise LabError when not the first line but the whole is one JSON object: only the list in it is wanted."""
    try:
        json_lines.load(line)
    except ValueError:
        try:
            whole = json_lines.load(text)
        except ValueError:
            return
        if isinstance(whole, dict):
            raise config.LabError(json_lines.object_message(whole)) from None


def _refuse_long(body: bytes) -> None:
    """Raise LabError for a line that no table has; told from the bytes, so that it costs no memory."""
    if body[:5000].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1] in (b"[", b"{"):
        return  # JSON may stand on one line
    at = 0
    while at + MAX_LINE < len(body):
        end = at + MAX_LINE
        if (at := max(body.rfind(b"\n", at, end), body.rfind(b"\r", at, end)) + 1) == 0:
            raise config.LabError(f"有一行超过 {MAX_LINE // 10**6} MB，不像表格。请检查导出是否成功。")


def _decoded(body: bytes) -> tuple[str, str, list[dict[str, Any]]]:
    """The encoding's name (UTF-8, UTF-8-SIG, UTF-16, UTF-32, GBK, GB18030), the text, and notes on bad bytes.

    Raises LabError when two encodings are mixed, or when more than one character in a thousand (in a small file: more
    than two) can be read in none.
    """
    if body.startswith(codecs.BOM_UTF8):
        tries = [("UTF-8-SIG", "utf-8-sig")]
    elif body.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        tries = [("UTF-32", "utf-32")]
    elif body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tries = [("UTF-16", "utf-16")]
    elif (head := body[:4000]).count(0) * 50 > len(head):  # NUL every so often: UTF-16 without its mark
        low = head[1::2].count(0) >= head[0::2].count(0)
        tries = [("UTF-16", "utf-16-le" if low else "utf-16-be")]
    else:
        tries = [("UTF-8", "utf-8"), ("GBK", "gbk"), ("GB18030", "gb18030")]
    for name, codec in tries:
        try:
            return name, body.decode(codec), []
        except UnicodeDecodeError:
            continue
    _refuse_mixed(body)
    with_euro = [(n, c, "euro" if c.startswith("gb") else "replace") for n, c in tries]
    read = [(n, body.decode(c, errors=e)) for n, c, e in with_euro]
    name, text = min(read, key=lambda t: t[1].count("\ufffd"))
    bad = text.count("\ufffd")
    if bad * 1000 > len(text) and (bad > 2 or bad * 50 > len(text)):
        raise config.LabError("认不出文字编码。请用记事本或 Excel 打开，另存为 UTF-8 的 csv 再导入。")
    euros = text.count("€") if "\ufffd" not in text else 0
    what = "坏字节，已换成 \ufffd" if bad else "字节 80 读作 €"
    return name, text, [{"what": what, "n": bad or euros, "example": ""}]


def _refuse_mixed(body: bytes) -> None:
    """Raise LabError when some lines can only be UTF-8 and others only GBK."""
    kinds: dict[str, list[int]] = {"utf-8": [], "gb18030": []}
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.isascii():
            continue
        for codec, lines in kinds.items():
            try:
                line.decode(codec)
            except UnicodeDecodeError:
                continue
            lines.append(number)
            break
    utf8, gbk = kinds.values()
    if utf8 and len(gbk) > 1:
        raise config.LabError(
            f"一个文件里混着两种文字编码（第 {utf8[0]} 行是 UTF-8，第 {gbk[0]} 行是 GBK），多半是两个文件拼在一起的，"
            "另存为 UTF-8 也没有用。请找到拼接前的文件，分别导入。"
        )


def _euro(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start]
    return "€" if byte == 0x80 else "\ufffd", error.start + 1  # Windows writes the euro as 80


codecs.register_error("euro", _euro)
