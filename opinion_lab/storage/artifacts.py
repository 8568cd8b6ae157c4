"""`data/processed/models/<name>/<version>.parquet`: what was learnt and is kept from run to run.

The last version in order of name is the current one. A version holds what came of its data alone, so that to run
anything twice changes nothing.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from opinion_lab.storage.files import write, write_parquet
from opinion_lab.storage.store import Store

KEPT = 30  # versions of one name


def put(store: Store, name: str, version: str, frame: pl.DataFrame) -> Path:
    """Keep `frame`, whole or not at all; versions beyond the last 30 go."""
    path = _folder(store, name) / f"{version}.parquet"
    write_parquet(path, frame)
    for old in _versions(store, name)[:-KEPT]:
        if old != version:
            (path.parent / f"{old}.parquet").unlink(missing_ok=True)
    return path


def _versions(store: Store, name: str) -> list[str]:
    """The versions kept, oldest first."""
    return sorted(p.stem for p in _folder(store, name).glob("[!.]*.parquet"))


def get(store: Store, name: str, *, before: str | None = None) -> pl.DataFrame | None:
    """The current version, or the last one before the version named; None when there is none."""
    found = [v for v in _versions(store, name) if before is None or v < before]
    return pl.read_parquet(_folder(store, name) / f"{found[-1]}.parquet") if found else None


def put_bytes(
    store: Store, name: str, version: str, body: bytes, *, ending: str = "json", most: int | None = None
) -> None:
    """Keep something learnt that is no frame (JSON, npz), whole or not at all; only the last `most` made, if given."""
    write(_folder(store, name) / f"{version}.{ending}", body)
    if most is not None:
        made = sorted(_folder(store, name).glob(f"[!.]*.{ending}"), key=lambda path: path.stat().st_mtime_ns)
        for old in made[:-most]:
            old.unlink(missing_ok=True)


def get_bytes(store: Store, name: str, version: str, *, ending: str = "json") -> bytes | None:
    """The version of that name, None when it is not there."""
    path = _folder(store, name) / f"{version}.{ending}"
    return path.read_bytes() if path.exists() else None


def all_bytes(store: Store, name: str) -> list[bytes]:
    """Every version, oldest name first."""
    return [path.read_bytes() for path in sorted(_folder(store, name).glob("[!.]*.json"))]


def _folder(store: Store, name: str) -> Path:
    return store.local / "models" / name
