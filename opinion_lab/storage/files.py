"""Files and objects: where the lab's data lie may be a folder, or an address of an object store (`s3://bucket/lab`).

A folder is a plain `Path`, an address a `UPath` over fsspec. Either way a file is there whole or not at all, and what
another process has written is seen at once. A store that does not answer is an error, never taken for "not there".
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import uuid4

import polars as pl
import psutil

from opinion_lab.config import LabError

if TYPE_CHECKING:
    from upath import UPath

Place: TypeAlias = "Path | UPath"

#: Object stores put an object whole or not at all. One client serves these; it reads its keys from the environment.
STORES = ("s3", "gs", "az")
CLIENT: dict[str, Any] = {
    "client_options": {"allow_http": True, "connect_timeout": "5s", "timeout": "60s"},
    "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=60)},
}
#: How the name of a file begins that is being written.
WRITING = ".writing-"
#: Rows of a Parquet row group: a reader of a few days of a large file skips the rest.
GROUP_ROWS = 20_000

#: What a refusal looks like, and what to do about it.
REFUSALS = {
    "NoSuchBucket": "没有这个存储桶。请先建好（私有、加密），或改 lab.toml 的 data",
    "PermissionDenied": "拒绝访问。请检查环境变量里的钥匙（如 AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY）和它的权限",
    "Unauthenticated": "不认这把钥匙。请检查环境变量 AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY",
    "169.254.169.254": "没有给出钥匙。请设环境变量 AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY",
    "": "连不上。请检查网络、lab.toml 的 data 和环境变量 AWS_ENDPOINT_URL，再运行一次；已做完的会接着用",
}


def at(address: str) -> Place:
    """The place of that address. Raises LabError when its scheme is unknown or its store does not let us in."""
    scheme = address.partition("://")[0]
    try:
        from obstore.fsspec import register
        from upath import UPath

        if scheme in STORES:
            register(scheme)
        place = UPath(address, **(CLIENT if scheme in STORES else {}))
        place.fs  # noqa: B018  (made here, so that what is missing shows here)
    except ImportError as error:
        raise LabError(
            f"lab.toml：data = {address!r} 要用的组件没有安装（{error}）。请运行 pip install 'opinion-lab[cluster]'；"
            "s3、gs、az 以外的地址还要装它自己的 fsspec 组件。"
        ) from None
    except ValueError:
        raise LabError(
            f"lab.toml：data = {address!r} 的开头 {scheme}:// 不认识。请改成 s3://桶/文件夹 这样的地址，"
            "或删去这一行（数据就放在实验室的 data 文件夹）。"
        ) from None
    if scheme in ("file", "local"):
        return Path(place.path)
    listed(place)
    return place


def exists(path: Place) -> bool:
    """Whether it is there."""
    if isinstance(path, Path):
        return path.exists()
    try:
        _ask(path, "info", path.path)
    except FileNotFoundError:
        return False
    return True


def state(path: Place) -> str:
    """What changes whenever a file is written anew; empty when it is not there."""
    try:
        if isinstance(path, Path):
            info = path.stat()
            return f"{info.st_mtime_ns} {info.st_size}"
        told = _ask(path, "info", path.path)
    except FileNotFoundError:
        return ""
    return " ".join(str(told.get(name, "")) for name in ("ETag", "e_tag", "LastModified", "last_modified", "size"))


def listed(folder: Place) -> list[Any]:
    """What lies in a folder, in order of name; nothing when there is no such folder."""
    if isinstance(folder, Path):
        return sorted(folder.iterdir()) if folder.exists() else []
    return [folder / name for name in sorted(_names(folder))]


def among(folder: Place, names: Sequence[str]) -> set[str]:
    """Which of these names lie in a folder; at an address one request tells of all."""
    if isinstance(folder, Path) or len(names) < 2:
        return {name for name in names if exists(folder / name)}
    return _names(folder).intersection(names)


def read(path: Place) -> bytes:
    """All its bytes."""
    body: bytes = path.read_bytes() if isinstance(path, Path) else _ask(path, "cat_file", path.path)
    return body


def scan(paths: Sequence[Place], columns: Sequence[str] | None = None) -> pl.LazyFrame:
    """Rows of Parquet files, one after another; of an object on S3 only what is asked for is fetched."""
    first, options = paths[0], None
    sources: list[Any] = list(paths)
    if not isinstance(first, Path) and first.protocol == "s3":
        sources, options = [str(p) for p in paths], {"aws_allow_http": "true"}
    elif not isinstance(first, Path):
        sources = [BytesIO(read(p)) for p in paths]
    rows = pl.scan_parquet(sources, storage_options=options)
    return rows if columns is None else rows.select(columns)


def height(path: Place) -> int:
    """How many rows a Parquet file has, by its own account."""
    return int(scan([path]).select(pl.len()).collect().item())


def write(path: Place, body: bytes, *, mode: int = 0o644) -> None:
    """Write whole or not at all: temporary name in the same folder, flush to disk, rename; an object is put whole."""
    if not isinstance(path, Path):
        _put(path, body)
        return
    with part(path, mode) as beside:
        fill(beside, body)
        beside.replace(path)


def append(path: Path, line: bytes) -> None:
    """Add a line to a file, readable by its owner alone; two people who write at once do not overwrite each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        # a line that a full disk broke off must not swallow the next
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        os.write(handle, (b"\n" if torn else b"") + line + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def write_parquet(path: Place, frame: pl.DataFrame, *, mode: int = 0o644, draft: bool = False) -> None:
    """A frame as Parquet (zstd 3), whole or not at all; a `draft` is fast to write and to read in part."""
    how: dict[str, Any] = {"compression": "zstd", "compression_level": 3}
    if draft:
        how = {"compression": "lz4", "row_group_size": GROUP_ROWS}
    if not isinstance(path, Path):
        body = BytesIO()
        frame.write_parquet(body, **how)
        _put(path, body.getvalue())
        return
    with part(path, mode) as beside:
        frame.write_parquet(beside, **how)
        beside.replace(path)


@contextmanager
def part(path: Path, mode: int) -> Iterator[Path]:
    """An empty file beside `path`, to be filled and to replace it; gone when the block ends otherwise.

    Its name says who writes it, so that what a killed process left is known for that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_ours())
    os.close(handle)
    beside = Path(name)
    try:
        beside.chmod(mode)
        yield beside
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder in `folder` for as long as the block runs, named like a part."""
    name = tempfile.mkdtemp(dir=folder, prefix=_ours())
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)


def fill(path: Path, body: bytes) -> None:
    """Write bytes and see that they are on the disk."""
    with path.open("wb") as f:
        f.write(body)
        f.flush()
        os.fsync(f.fileno())


def abandoned(folder: Path) -> list[Path]:
    """Parts below a folder whose writer, a process of this machine, is no more."""
    return [path for path in folder.rglob(f"{WRITING}*") if not _is_written(path.name)]


def _ours() -> str:
    return f"{WRITING}{platform.node()}-{os.getpid()}-"


def _is_written(name: str) -> bool:
    host, _, number = name.removeprefix(WRITING).rsplit("-", 1)[0].rpartition("-")
    return host not in ("", platform.node()) or (number.isdigit() and psutil.pid_exists(int(number)))


def move(path: Place, target: Place) -> None:
    """Put a file in the place of another. At an address it may be there twice for a moment, so it can be repeated."""
    if isinstance(path, Path):
        target.parent.mkdir(exist_ok=True)
        path.replace(str(target))
    else:
        _ask(path, "cp_file", path.path, cast("UPath", target).path)
        remove(path)


def remove(path: Place) -> None:
    """See that it is not there, with all in it where it is a folder of this machine."""
    if isinstance(path, Path):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    else:
        with suppress(FileNotFoundError):
            _ask(path, "rm_file", path.path)


def clear(folder: Place) -> None:
    """Remove a folder with all in it."""
    if isinstance(folder, Path):
        if folder.exists():
            shutil.rmtree(folder)
    else:
        with suppress(FileNotFoundError):
            _ask(folder, "rm", folder.path, recursive=True)


# --- inside --------------------------------------------------------------------------------------------------


def _names(folder: UPath) -> set[str]:
    try:
        found = _ask(folder, "ls", folder.path, detail=False)
    except FileNotFoundError:
        return set()
    return {name.rstrip("/").rpartition("/")[2] for name in found if name.strip("/") != folder.path.strip("/")}


def _put(path: UPath, body: bytes) -> None:
    if path.protocol in STORES:
        _ask(path, "pipe_file", path.path, body)
        return
    # of other file systems it is not known whether a write that is broken off leaves a part
    beside = path.with_name(f"{WRITING}{uuid4().hex}")
    _ask(path, "makedirs", path.parent.path, exist_ok=True)
    _ask(path, "pipe_file", beside.path, body)
    _ask(path, "mv", beside.path, path.path)


def _ask(path: UPath, what: str, *arguments: Any, **options: Any) -> Any:
    """One request to the store. That something is not there is an answer; anything else is told in plain words."""
    path.fs.invalidate_cache()  # others write there too
    try:
        return getattr(path.fs, what)(*arguments, **options)
    except FileNotFoundError:
        raise
    except Exception as error:
        told = f"{type(error).__name__} {error}"
        said = next(said for sign, said in REFUSALS.items() if sign in told)
        raise LabError(f"存放数据的 {path} {said}。（{str(error).splitlines()[0][:200]}）") from error
