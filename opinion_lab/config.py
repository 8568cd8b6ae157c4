"""`lab.toml` -> `Settings`: typed, frozen, and an unknown key is an error that says what was meant."""

from __future__ import annotations

import dataclasses
import difflib
import os
import secrets
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PACKAGE = Path(__file__).parent


class LabError(Exception):
    """What went wrong and what to do next, in Chinese, for the person at the keyboard."""


def shipped(name: str) -> Path:
    """`notebooks`, or the invented county's `lab.toml`: packed into the wheel, beside the package in a checkout."""
    packed = PACKAGE / name
    return packed if packed.exists() else PACKAGE.parent / name


@dataclass(frozen=True)
class Watch:
    """The watch list: a post is relevant when it holds every `must`, one of `any`, and none of `not`.

    `bureau`: what people call the bureau, for words that count only beside one of them (`+态度差`).
    """

    must: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    exclude: tuple[str, ...] = field(default=(), metadata={"key": "not"})
    bureau: tuple[str, ...] = ()


@dataclass(frozen=True)
class Organisations:
    """Accounts that speak for a body: they stay named, and `own` answers count as official."""

    own: tuple[str, ...] = ()
    government: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    business: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One place that is visited: `kind` names its parser, `tier` how often (see collect.visits).

    `times`: what its GMT means, where that is known: "local" or "labelled" (as it says).
    """

    id: str
    kind: str
    url: str
    platform: str
    tier: str = "B"
    post_kind: str = "article"
    author: str | None = None
    author_kind: str = "unknown"
    times: str = ""


@dataclass(frozen=True)
class Job:
    """One scheduled report: a notebook and its parameters."""

    name: str
    notebook: str
    parameters: dict[str, Any] = field(default_factory=dict)
    portable: bool = False


@dataclass(frozen=True)
class Collect:
    """Manners of the one HTTP client. `allow_private` opens addresses of the own network, for an intranet feed."""

    user_agent: str = "opinion-lab (public posts; contact: see lab.toml)"
    seconds_between: float = 2.0
    timeout_seconds: float = 20.0
    max_mb: float = 20.0
    allow_private: bool = False


@dataclass(frozen=True)
class Settings:
    """One bureau's settings."""

    organisation: str = "（未填写单位）"
    data: str = ""  # where rows and posts lie that several machines share; empty: the lab's own folder
    timezone: str = "Asia/Shanghai"
    lang: str = "zh-Hans"
    keep_raw_days: int = 180
    key_file: str = "lab.key"
    issue_prefix: str = "舆情"
    watch: Watch = Watch()
    organisations: Organisations = Organisations()
    collect: Collect = Collect()
    sources: tuple[Source, ...] = field(default=(), metadata={"key": "source"})
    jobs: tuple[Job, ...] = field(default=(), metadata={"key": "job"})

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown and days begin."""
        return ZoneInfo(self.timezone)

    def job(self, name: str) -> Job:
        """The job of that name. Raises LabError when lab.toml has none."""
        for job in self.jobs:
            if job.name == name:
                return job
        known = "、".join(j.name for j in self.jobs) or "（还没有任何任务）"
        raise LabError(f"lab.toml 里没有名为“{name}”的任务。现有任务：{known}。")


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` that holds `lab.toml`; OPINION_LAB_ROOT goes first."""
    if start is None and (given := os.environ.get("OPINION_LAB_ROOT")):
        start = Path(given)
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "lab.toml").is_file():
            return folder
    raise LabError(f"在 {here} 及其上级文件夹里找不到 lab.toml。请先进入实验室文件夹，或用 --lab 指定它。")


def load(root: Path) -> Settings:
    """Read `root/lab.toml`. Raises LabError for unknown keys, wrong types, bad TOML, repeated names."""
    path = root / "lab.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise LabError(f"找不到 {path}。可用 opinion-lab init 建一个新的实验室文件夹。") from None
    except UnicodeDecodeError:
        raise LabError(f"{path} 不是 UTF-8 编码。请用记事本“另存为”，编码选 UTF-8。") from None
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{path} 写法有误：{error}。请检查该行的引号、括号和逗号。") from None
    lab: Settings = build(Settings, data, where="lab.toml")
    try:
        lab.zone  # noqa: B018
    except (ZoneInfoNotFoundError, ValueError):
        raise LabError(f"lab.toml：timezone = {lab.timezone!r} 不是时区名，例如 Asia/Shanghai。") from None
    if lab.lang not in ("zh-Hans", "zh-Hant"):
        raise LabError(f"lab.toml：lang 只能是 zh-Hans 或 zh-Hant，现在是 {lab.lang!r}。")
    if lab.data and ("://" not in lab.data or "@" in lab.data):
        raise LabError(
            f"lab.toml：data 应是 s3://桶/文件夹 这样的地址，现在是 {lab.data!r}。"
            "用户名和密码不写在这里，放在环境变量里。数据就放在本机的，请删去这一行。"
        )
    for what, names in (("source", [s.id for s in lab.sources]), ("job", [j.name for j in lab.jobs])):
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise LabError(f"lab.toml：[[{what}]] 重名：{'、'.join(twice)}。每一项的名字只能用一次。")
    return lab


def build(cls: type, data: dict[str, Any], *, where: str) -> Any:
    """A frozen dataclass from a TOML table, recursively. Raises LabError naming the key at fault."""
    hints = typing.get_type_hints(cls)
    fields = {f.metadata.get("key", f.name): f for f in dataclasses.fields(cls)}
    for key in data:
        if key not in fields:
            close = difflib.get_close_matches(key, fields, n=1)
            hint = f"是不是想写“{close[0]}”？" if close else f"可用的有：{'、'.join(fields)}。"
            raise LabError(f"{where}：不认识“{key}”。{hint}")
    values = {}
    for key, f in fields.items():
        if key in data:
            values[f.name] = _value(hints[f.name], data[key], where=f"{where} 的 {key}")
        elif f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise LabError(f"{where}：缺少“{key}”。")
    return cls(**values)


def _value(kind: Any, value: Any, *, where: str) -> Any:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, UnionType):
        kind = next(a for a in args if a is not type(None))
        origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return build(typing.cast(type, kind), value, where=where)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(args[0], v, where=f"{where} 第 {i} 项") for i, v in enumerate(value, 1))
    if origin is dict and isinstance(value, dict):
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Any or (isinstance(kind, type) and type(value) is kind):
        return value
    wanted = {str: "文字（加引号）", int: "整数", float: "数字", bool: "true 或 false", tuple: "列表 [ ]"}
    raise LabError(f"{where}：应为{wanted.get(origin or kind, '表')}，现在是 {value!r}。")


def yes_no(text: str) -> bool | None:
    """是 -> True, 否 -> False, empty -> None (nobody has said). Raises LabError for anything else."""
    said = {"": None, "是": True, "yes": True, "true": True, "否": False, "no": False, "false": False}
    if text.strip().lower() not in said:
        raise LabError(f"应填 是 或 否，或留空；现在是 {text!r}。")
    return said[text.strip().lower()]


def pseudonym_key(root: Path, settings: Settings) -> bytes:
    """The lab's secret for pseudonyms, made on first use, readable by its owner alone, never under `data/`."""
    path = (root / settings.key_file).resolve()
    if path.is_relative_to((root / "data").resolve()):
        raise LabError("key_file 不能放在 data/ 里：数据与密钥须分开存放。请改 lab.toml。")
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as f:
            f.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text().strip())
