"""A story packed to be kept (留存): posts, hashes of what was collected, decisions, cases, papers, a list with sha256.

What the lab fetched itself lies in a WARC file (ISO 28500) as it came; such bytes are not redacted, so the file is
readable by its owner alone.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path

import orjson
import polars as pl

from opinion_lab.config import LabError
from opinion_lab.desk import papers, plans
from opinion_lab.desk.bench import Bench
from opinion_lab.report.papers import register
from opinion_lab.storage.files import write
from opinion_lab.storage.store import Store

LIST = "SHA256SUMS"
WARC = "web.warc"


def pack(lab: Bench, story: str, folder: Path) -> list[str]:
    """Write the record of a story into an empty folder; returns the names of its files."""
    if folder.exists() and any(folder.iterdir()):
        raise LabError(f"{folder} 里已有内容，没有改动。请换一个空文件夹。")
    past = lab.review(story)
    story_id = str(past.story["story_id"])
    cases = lab.cases.of_story(story_id)
    subjects = {story_id, *cases["case_id"]}
    history = lab.cases.history().filter(pl.col("subject").is_in(list(subjects)))
    about = lab.decisions.filter((pl.col("story_id") == story_id) | (pl.col("into") == story_id))
    table = register.ledger(cases, lab.cases.table, lab.zone, lab.cases.now)
    captures = lab.store.captures().join(past.posts.select("capture").unique(), on="capture", how="semi")
    issued = papers.issued(lab).filter(pl.col("story_id") == story_id)
    told = {
        "story": past.story,
        "packed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "counts": {
            "posts": past.posts.height,
            "cases": cases.height,
            "history": history.height,
            "captures": captures.height,
        },
    }
    bodies = {
        "story.json": orjson.dumps(told, default=str, option=orjson.OPT_INDENT_2),
        "posts.jsonl": past.posts.write_ndjson().encode(),
        "captures.jsonl": captures.select("capture", "name", "collected_at", "rows_in", "rows_kept")
        .write_ndjson()
        .encode(),
        "decisions.jsonl": about.write_ndjson().encode(),
        "cases.jsonl": table.write_ndjson().encode(),
        "history.jsonl": history.write_ndjson().encode(),
        "plan.jsonl": plans.of(lab, past).write_ndjson().encode(),
        "papers.jsonl": issued.write_ndjson().encode(),
    }
    if web := _warc(lab.store, captures):
        bodies[WARC] = web
    for name, body in bodies.items():
        write(folder / name, body, mode=0o600)
    for name in issued["name"]:
        for file in sorted((lab.root / "reports" / "papers").glob(f"{name}.*")):
            (folder / "papers").mkdir(exist_ok=True)
            shutil.copyfile(file, folder / "papers" / file.name)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    lines = [f"{papers.digest(folder / name)}  {name}" for name in names]
    write(folder / LIST, "\n".join([*lines, ""]).encode(), mode=0o600)
    return names


def verify(folder: Path) -> list[str]:
    """What of a record does not hold, in Chinese: files gone, changed, or not on its list; empty for a whole one."""
    try:
        lines = (folder / LIST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise LabError(f"{folder} 里没有清单 {LIST}，不是留存的文件夹，或清单已损坏。") from None
    listed = {name: sha for sha, _, name in (line.partition("  ") for line in lines if line.strip())}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {LIST}
    problems = [f"不见了：{name}" for name in sorted(set(listed) - there)]
    problems += [f"清单上没有：{name}" for name in sorted(there - set(listed))]
    problems += [f"被改动：{n}" for n in sorted(there & set(listed)) if papers.digest(folder / n) != listed[n]]
    return problems


def _warc(store: Store, captures: pl.DataFrame) -> bytes:
    """What the lab fetched by an address and still has, as WARC: a warcinfo record, then a resource record each."""
    fetched = captures.filter(pl.col("url").str.contains("://").fill_null(False)).sort("collected_at", "capture")
    records = [
        _record(
            "resource",
            datetime.fromisoformat(at),
            path.read_bytes(),
            "application/octet-stream",
            f"WARC-Target-URI: {url}",
        )
        for url, at, capture in fetched.select("url", "collected_at", "capture").iter_rows()
        if (path := store.bytes_path(capture)).exists()
    ]
    info = b"software: opinion-lab\r\nformat: WARC File Format 1.1\r\nconformsTo: ISO 28500:2017\r\n"
    first = datetime.fromisoformat(fetched["collected_at"][0]) if records else datetime.now(UTC)
    return b"".join([_record("warcinfo", first, info, "application/warc-fields"), *records]) if records else b""


def _record(kind: str, at: datetime, body: bytes, media: str, *more: str) -> bytes:
    digest = hashlib.sha256(body).digest()
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}{at.isoformat()}{more}{digest.hex()}")
    head = (
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: <urn:uuid:{name}>",
        *more,
        f"WARC-Date: {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"WARC-Block-Digest: sha256:{base64.b32encode(digest).decode()}",
        f"Content-Type: {media}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body + b"\r\n\r\n"
