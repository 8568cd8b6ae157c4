"""One process at a time, and the next one is told who is at it. The lock goes with its process, however that ends."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import orjson

from opinion_lab.config import LabError

#: Beyond what is written there: on Windows a locked byte cannot be read by others.
PLACE = 1 << 20
_ours: set[Path] = set()


@contextmanager
def held(path: Path, doing: str) -> Iterator[None]:
    """Hold the lock that the file `path` stands for; within this process it may be held within itself.

    Raises LabError that says who holds it: what it does, its process, its machine, since when.
    """
    if path in _ours:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as f:
        try:
            _lock(f.fileno())
        except OSError:
            raise LabError(f"{_holder(path)}请等它做完再运行；重复运行不会丢失内容。") from None
        _ours.add(path)
        try:
            f.truncate(0)
            about = {"doing": doing, "pid": os.getpid(), "host": platform.node()}
            f.write(orjson.dumps(about | {"since": f"{datetime.now():%Y-%m-%d %H:%M}"}))
            f.flush()
            yield
        finally:
            _ours.discard(path)
            with suppress(OSError):
                f.truncate(0)


def _holder(path: Path) -> str:
    try:
        about = orjson.loads(path.read_bytes())
        return f"另一个进程正在{about['doing']}（{about['since']} 开始，电脑 {about['host']}，进程号 {about['pid']}）。"
    except (OSError, ValueError, KeyError, TypeError):
        return "另一个进程正在使用这个实验室的数据。"


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
