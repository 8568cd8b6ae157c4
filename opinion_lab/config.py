"""`lab.toml` -> `Settings`: typed, frozen, and an unknown key is an error that says what was meant."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator

from opinion_lab import validation
from opinion_lab.source import Source as Source
from opinion_lab.validation import LabError as LabError, Model, unique

PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """`notebooks`, or the invented county's `lab.toml`: packed into the wheel, beside the package in a checkout."""
    packed = PACKAGE / name
    return packed if packed.exists() else PACKAGE.parent / name


class Watch(Model):
    """The watch list: a post is relevant when it holds every `must`, one of `any`, and none of `not`.

    `bureau`: what people call the bureau, for words that count only beside one of them (`+态度差`).
    """

    must: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    exclude: tuple[str, ...] = Field(default=(), validation_alias="not")
    bureau: tuple[str, ...] = ()


class Organisations(Model):
    """Accounts that speak for a body: they stay named, and `own` answers count as official."""

    own: tuple[str, ...] = ()
    government: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    business: tuple[str, ...] = ()


class Job(Model):
    """What runs by itself: a report (`notebook` and its parameters), or, without one, the collecting of due sources.

    `times` ("08:00") or `cron` ("*/10 * * * *") say when, in the lab's zone; a job with neither runs when it is asked
    for. `minutes`: it is stopped when it takes longer.
    """

    name: str
    notebook: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    portable: bool = False
    times: tuple[str, ...] = ()
    cron: str = ""
    minutes: float = Field(default=60.0, gt=0)

    @field_validator("times")
    @classmethod
    def _are_times(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [t for t in times if not re.fullmatch(r"(?:[01]?\d|2[0-3]):[0-5]\d", t)]:
            raise ValueError(f"“{wrong[0]}”不是钟点，请写成 08:00 这样")
        return times


class Notice(Model):
    """A notice of the bureau's own: a sentence that stands in it, and when it was published (2026-09-08 15:00)."""

    text: str = Field(min_length=4)
    at: str


class Recipient(Model):
    """Who is told by message: `url` is an address as apprise has it (wecombot://, dingtalk://, feishu://, mailtos://),
    or `env:NAME` where it stands in the environment, since it holds a secret.

    `sections`: only stories of these lines (empty: all). `times` of the digest. `quiet` ("22-7"): nothing then.
    """

    name: str
    url: str
    sections: tuple[str, ...] = ()
    times: tuple[str, ...] = ("08:30",)
    quiet: str = Field(default="", pattern=r"^$|^\d{1,2}-\d{1,2}$")


class Collect(Model):
    """Manners of the one HTTP client. `allow_private`: as if every source said so.

    `timeout_seconds` is the deadline of a whole visit: robots.txt, redirects, headers and body together;
    `run_minutes` that of a run over all sources: who is not reached goes first next time.
    """

    user_agent: str = "opinion-lab (public posts; contact: see lab.toml)"
    seconds_between: float = Field(default=2.0, ge=0)
    timeout_seconds: float = Field(default=60.0, gt=0)
    run_minutes: float = Field(default=15.0, gt=0)
    max_mb: float = Field(default=10.0, gt=0)
    allow_private: bool = False


class Settings(Model):
    """One bureau's settings."""

    organisation: str = "（未填写单位）"
    data: str = ""  # where rows and posts lie that several machines share; empty: the lab's own folder
    timezone: str = "Asia/Shanghai"
    lang: Literal["zh-Hans", "zh-Hant"] = "zh-Hans"
    keep_raw_days: int = 180
    key_file: str = "lab.key"
    issue_prefix: str = "舆情"
    watch: Watch = Watch()
    organisations: Organisations = Organisations()
    collect: Collect = Collect()
    sources: Annotated[tuple[Source, ...], AfterValidator(unique("id"))] = Field(default=(), validation_alias="source")
    notices: tuple[Notice, ...] = Field(default=(), validation_alias="notice")
    recipients: Annotated[tuple[Recipient, ...], AfterValidator(unique("name"))] = Field(
        default=(), validation_alias="recipient"
    )
    jobs: Annotated[tuple[Job, ...], AfterValidator(unique("name"))] = Field(default=(), validation_alias="job")

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"“{name}”不是时区名，例如 Asia/Shanghai") from None
        return name

    @field_validator("keep_raw_days")
    @classmethod
    def _is_a_time(cls, days: int) -> int:
        if not 1 <= days <= 3650:
            raise ValueError(f"应在 1 至 3650 天之间，现在是 {days}")
        return days

    @field_validator("data")
    @classmethod
    def _is_an_address(cls, data: str) -> str:
        if data and ("://" not in data or "@" in data):
            raise ValueError(
                f"应是 s3://桶/文件夹 这样的地址，现在是“{data}”。"
                "用户名和密码不写在这里，放在环境变量里；数据就放在本机的，请删去这一行"
            )
        return data

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
    if not path.exists():
        raise LabError(f"找不到 {path}。可用 opinion-lab init 建一个新的实验室文件夹。")
    data = validation.toml(validation.read_text(path, str(path)), str(path))
    return validation.build(Settings, data, where="lab.toml", remedy="改好后用 opinion-lab status 检查。")


def yes_no(text: str) -> bool | None:
    """是 -> True, 否 -> False, empty -> None (nobody has said). Raises LabError for anything else."""
    said = {"": None, "是": True, "yes": True, "true": True, "否": False, "no": False, "false": False}
    if text.strip().lower() not in said:
        raise LabError(f"应填 是 或 否，或留空；现在是 {text!r}。")
    return said[text.strip().lower()]


def pseudonym_key(root: Path, settings: Settings, *, new: bool = True) -> bytes:
    """The lab's secret for pseudonyms: 32 bytes, readable by their owner alone, never under `data/`.

    Where there is none it is made if `new`, whole or not at all. Raises LabError when it is gone or broken.
    """
    path = (root / settings.key_file).resolve()
    if path.is_relative_to((root / "data").resolve()):
        raise LabError("key_file 不能放在 data/ 里：数据与密钥须分开存放。请改 lab.toml。")
    way_out = (
        "请放回原来的密钥（opinion-lab backup 另存的 .key 文件）；确实找不回的，运行 opinion-lab rebuild --new-key，"
        "换一个新密钥重新整理（从前的化名对不上）。"
    )
    if not path.exists():
        if not new:
            raise LabError(f"密钥文件 {path} 不见了，而帖文已用它整理过。{way_out}")
        part = path.with_name(f".writing-{path.name}-{os.getpid()}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
                f.write(secrets.token_hex(32))
                f.flush()
                os.fsync(f.fileno())
            with suppress(FileExistsError):  # another process was first
                path.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)
    try:
        key = bytes.fromhex(path.read_text(encoding="utf-8").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise LabError(f"密钥文件 {path} 是空的或已损坏（应是 64 个十六进制字符）。{way_out}")
    return key
