"""Where every table, lexicon and mapping is found (the lab's copy first), and each of them typed."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import polars as pl

from opinion_lab import validation
from opinion_lab.rules import loading, redaction, words
from opinion_lab.rules.expectations import AnnualPeaks, SizeForecast
from opinion_lab.rules.grades import Grades
from opinion_lab.rules.handling import CaseStates, Conduct, Deadlines, Plans, Workload
from opinion_lab.rules.incidents import Incident, Incidents, Question, Questions
from opinion_lab.rules.public_voice import Attitude, Demands
from opinion_lab.rules.redaction import Redaction
from opinion_lab.rules.statements import Statements
from opinion_lab.rules.words import Lexicon, Lines, Organisations, RoutingExamples, RoutingWords
from opinion_lab.source import Sources
from opinion_lab.validation import LabError, M, Model

#: What a text holds, for a model; the second argument says where it stands.
Read = Callable[[str, str], dict[str, Any]]


@dataclass(frozen=True)
class File:
    """A file of rules: its place under `rules/` of the package, its name in Chinese, what it decides."""

    path: str
    title: str
    what: str

    @property
    def name(self) -> str:
        """Its name in a lab's folder."""
        return Path(self.path).name


TABLES = {
    "deadlines": File("tables/deadlines.toml", "时限表", "回应、告知、核查各要在多久之内，依据哪一条"),
    "grades": File("tables/grades.toml", "分级表", "Ⅰ至Ⅳ级怎么建议：红线、评分、处置不当、各级措施"),
    "case_states": File("tables/case_states.toml", "办件流转表", "件有哪些状态，哪一步由谁做，必须记下什么"),
    "plans": File("tables/plans.toml", "处置清单", "各类事件（食品、特种设备、预付卡、价格、作风）还要谁做什么"),
    "conduct": File("tables/conduct.toml", "作风反映表", "怎样的话是在说本局的人和服务，由谁核查；只统计件数"),
    "workload": File(
        "tables/workload.toml", "用时估算表", "每件事读几字、点几下，各要几秒，“今天各要多少分钟”由此算出"
    ),
    "lines": File("tables/lines.tsv", "条线词表", "帖子里出现哪些词，像是归哪个科室"),
    "routing": File("tables/routing.toml", "分流套话表", "工单里哪些话不说事情，哪些单位是本局、哪些是外单位"),
    "routing_examples": File("tables/routing_examples.tsv", "分流例句", "各条线和各外单位的事怎么说，分流模型由此学起"),
    "statements": File("tables/statements.toml", "通报检查表", "通报稿发布前逐条查什么"),
    "demands": File("tables/demands.toml", "诉求识别表", "怎样的句子是要求、追责、建议，归到哪一类，怎样算答了"),
    "attitude": File("tables/attitude.toml", "观点归类表", "怎样的句子是批评官方、指责商家、担心、认可、劝等结论"),
    "redaction": File("tables/redaction.toml", "脱敏表", "哪些个人信息要遮盖，哪些号码可以留"),
    "annual_peaks": File("tables/annual_peaks.toml", "每年高峰表", "哪些日子年年都多，预警时要打折扣"),
    "size_forecast": File("tables/size_forecast.toml", "规模预测表", "预测“会有多大”的系数，由程序拟合，一般不改"),
    "organisations": File("tables/organisations.toml", "商家和场所识别表", "店铺、企业、学校、小区的名字怎么认"),
    "incidents": File("tables/incidents.toml", "公开事件档案", "复盘时拿来比照的以往公开事件"),
    "review_questions": File("tables/review_questions.toml", "复盘问题表", "复盘要回答哪些问题，哪些得问人"),
    "sources": File("tables/sources.toml", "来源目录", "哪些公开来源怎么采，哪些地方不开放，各处的话怎样合法读到"),
    "domain_words": File("lexicons/domain_words.txt", "业务词库", "分词时不该切开的词，可加本地地名、店名"),
    "stop_words": File("lexicons/stop_words.txt", "停用词表", "统计用词时不算的虚词、套话"),
    "boilerplate": File("lexicons/boilerplate.txt", "平台套话表", "分词前先去掉的平台按钮、提示语"),
    "label_words": File("lexicons/label_words.txt", "话题名不用词表", "单独说不出话题的词：日子、数量、办公动词、套话"),
}
LEXICON = ("domain_words", "stop_words", "boilerplate")
#: What files were called in labs made before.
FORMER = {
    "clocks.toml": "deadlines.toml",
    "peaks.toml": "annual_peaks.toml",
    "forecast.toml": "size_forecast.toml",
    "review.toml": "review_questions.toml",
    "views.toml": "attitude.toml",
}
PACKAGE = Path(__file__).parent


def _model(name: str, model: type[M], read: Read = validation.toml) -> cached_property[M]:
    """A table as its model."""
    return cached_property(lambda rules: rules._table(name, model, read))


def _rows(name: str, model: type[Model], read: Read = validation.toml) -> cached_property[pl.DataFrame]:
    """A table of one kind of rows: a row each, a column a field of their model."""
    (field, kind), *_ = ((key, get_args(f.annotation)[0]) for key, f in model.model_fields.items())
    return cached_property(lambda rules: loading.frame(getattr(rules._table(name, model, read), field), kind))


class Rules:
    """The rules of the lab at `root`: its own copies in `rules/` and `mappings/` first, else those that ship.

    Each is read when it is first asked for, once. Raises LabError saying what is wrong with a file.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    # --- tables ------------------------------------------------------------------------------------------------

    deadlines = _rows("deadlines", Deadlines)
    lines = _rows("lines", Lines, words.read_lines)  # words as lists
    routing = _model("routing", RoutingWords)
    routing_examples = _rows("routing_examples", RoutingExamples, words.read_examples)  # sentences as lists
    statements = _rows("statements", Statements)
    grades = _model("grades", Grades)
    case_states = _model("case_states", CaseStates)
    plans = _model("plans", Plans)
    conduct = _model("conduct", Conduct)
    workload = _model("workload", Workload)
    demands = _model("demands", Demands)
    attitude = _model("attitude", Attitude)
    organisations = _model("organisations", Organisations)
    redaction = _model("redaction", Redaction, redaction.read)
    annual_peaks = _model("annual_peaks", AnnualPeaks)
    size_forecast = _model("size_forecast", SizeForecast)
    sources = _model("sources", Sources)

    @cached_property
    def incidents(self) -> dict[str, Incident]:
        """Public incidents by name."""
        return {i.name: i for i in self._table("incidents", Incidents).incident}

    @cached_property
    def review_questions(self) -> pl.DataFrame:
        """Questions of a review: id, question, data (posts can answer), where (section, or whom to ask), source."""
        where = pl.when("data").then("section").otherwise("ask").alias("where")
        rows = loading.frame(self._table("review_questions", Questions).question, Question)
        return rows.select("id", "question", "data", where, "source")

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words for cutting texts: domain words, stop words, boilerplate."""
        domain, stop, boilerplate = ((self.text(name), self._where(name)) for name in LEXICON)
        return Lexicon(
            words.domain_words(*domain),
            frozenset(line for _, line in loading.listed(*stop)),
            tuple(line for _, line in loading.listed(*boilerplate)),
        )

    @cached_property
    def label_words(self) -> re.Pattern[str]:
        """What a word must not be to name a topic: the pattern that the whole of such a word matches."""
        return words.whole_words(self.text("label_words"), self._where("label_words"))

    def mapping(self, name: str) -> tuple[str, str]:
        """Name and text of a mapping, for `tables.mapping.load`. Raises LabError naming what there is."""
        name = _stem(name)
        path = self._path("mappings", f"mappings/{_known(name, self._mappings(), '对应表', 'mappings')}.toml")
        return name, validation.read_text(path, f"对应表 {path.name}")

    # --- what there is -----------------------------------------------------------------------------------------

    def names(self) -> pl.DataFrame:
        """Every table, then files that nobody reads: name, what (it decides), file (in `rules/`), own, lacks.

        `own`: whether the lab has its own copy. `lacks`: keys and rows that the shipped table has and the copy has
        not, so that a copy older than the program shows; a row that was left out on purpose stands there too.
        """
        rows: list[tuple[str | None, str, str, bool, list[str]]] = []
        for name, file in TABLES.items():
            own = self._own("rules", file.name)
            lacks = sorted(_keys(PACKAGE / file.path) - _keys(own)) if own else []
            rows.append((name, f"{file.title}：{file.what}", file.name, own is not None, lacks))
        read = {file.name for file in TABLES.values()}
        for path in sorted((self.root / "rules").glob("*")) if self.root else []:
            if path.name not in read and not path.name.startswith("."):
                rows.append((None, f"不会被读取：{_misnamed(path.name, read)}", path.name, True, []))
        columns = {"name": pl.String, "what": pl.String, "file": pl.String, "own": pl.Boolean}
        return pl.DataFrame(rows, schema=columns | {"lacks": pl.List(pl.String)}, orient="row")

    def mappings(self) -> pl.DataFrame:
        """Every mapping: name, what (the first line of its notes), own (whether it lies in the lab's `mappings/`)."""
        rows = []
        for name in self._mappings():
            path = self._path("mappings", f"mappings/{name}.toml")
            first = validation.read_text(path, f"对应表 {path.name}").lstrip().partition("\n")[0]
            rows.append(
                (name, first.lstrip("# ") if first.startswith("#") else "", path.parent != PACKAGE / "mappings")
            )
        return pl.DataFrame(rows, schema={"name": pl.String, "what": pl.String, "own": pl.Boolean}, orient="row")

    def copy(self, name: str) -> Path:
        """Copy a shipped table into the lab's `rules/`; nothing is overwritten. Returns the copy's place."""
        file = TABLES[_known(_stem(name), TABLES, "表", "rules")]
        return self._copied(PACKAGE / file.path, "rules", file.name)

    def copy_mapping(self, name: str, to: str = "") -> Path:
        """Copy a shipped mapping into the lab's `mappings/`, under a new name if one is given."""
        name = _known(_stem(name), SHIPPED._mappings(), "随附的对应表", "mappings")
        return self._copied(PACKAGE / "mappings" / f"{name}.toml", "mappings", f"{_stem(to) or name}.toml")

    def fingerprint(self, *names: str) -> str:
        """The sha256 of the files of these tables, as this lab reads them."""
        digest = hashlib.sha256()
        for name in names:
            digest.update(name.encode() + b"\0" + self.text(name).encode() + b"\0")
        return digest.hexdigest()

    def text(self, name: str) -> str:
        """The text of a table as this lab reads it."""
        file = TABLES[name]
        for old, new in FORMER.items():
            if new == file.name and (found := self._own("rules", old)):
                raise LabError(f"{found} 现在叫 {new}。请把它改名为 {new}，再运行一次。")
        return validation.read_text(self._path("rules", file.path), self._where(name))

    # --- inside ------------------------------------------------------------------------------------------------

    def _table(self, name: str, model: type[M], read: Read = validation.toml) -> M:
        where, file = self._where(name), TABLES[name]
        data = read(self.text(name), where)
        if data and self._own("rules", file.name):
            data = validation.completed(model, data, read(validation.read_text(PACKAGE / file.path, where), where))
        return validation.build(model, data, where=where, remedy=self._remedy(name))

    def _where(self, name: str) -> str:
        return f"{TABLES[name].title} {TABLES[name].name}"

    def _remedy(self, name: str) -> str:
        if own := self._own("rules", TABLES[name].name):
            return f"请改 {own}；改不回来就删去它，再用 opinion-lab rules copy {name} 取一份新的。"
        return "这是随软件的表，请重新安装 opinion-lab。"

    def _own(self, folder: str, name: str) -> Path | None:
        path = self.root / folder / name if self.root else None
        return path if path and path.is_file() else None

    def _path(self, folder: str, path: str) -> Path:
        return self._own(folder, Path(path).name) or PACKAGE / path

    def _mappings(self) -> list[str]:
        folders = [folder / "mappings" for folder in (PACKAGE, self.root) if folder]
        return sorted({path.stem for folder in folders for path in folder.glob("*.toml")})

    def _copied(self, source: Path, folder: str, name: str) -> Path:
        if self.root is None:
            raise ValueError("rules of no lab have no place for a copy")
        target = self.root / folder / name
        target.parent.mkdir(exist_ok=True)
        try:
            with target.open("xb") as file:
                file.write(source.read_bytes())
        except FileExistsError:
            raise LabError(f"{target} 已经有了，没有改动它。要重新取一份，请先把它改名或删去。") from None
        return target


#: The rules that ship, for calls outside a lab; read when first asked for, once a process.
SHIPPED = Rules()


def _stem(name: str) -> str:
    return re.sub(r"\.(toml|tsv|txt)$", "", Path(name).name)


def _known(name: str, names: Mapping[str, Any] | list[str], what: str, command: str) -> str:
    if name not in names:
        hint = validation.meant(name, names)
        raise LabError(f"没有名为“{name}”的{what}。{hint}用 opinion-lab {command} list 查看全部。")
    return name


def _misnamed(name: str, read: set[str]) -> str:
    if name in FORMER:
        return f"现在叫 {FORMER[name]}，请改名"
    return f"没有这个名字的表。{validation.meant(name, sorted(read))}"


def _keys(path: Path) -> set[str]:
    """The keys and rows of a TOML file or a table with tabs; none for a list of words or a file that cannot be read."""
    text = validation.read_text(path, path.name)
    if path.suffix == ".tsv":
        return {line.split("\t")[0] for line in text.splitlines() if line.strip() and not line.startswith("#")}
    try:
        return set(_walk(tomllib.loads(text))) if path.suffix == ".toml" else set()
    except tomllib.TOMLDecodeError:
        return set()


def _walk(data: dict[str, Any], above: str = "") -> set[str]:
    found = set()
    for key, value in data.items():
        here = f"{above}{key}"
        found.add(here)
        if isinstance(value, dict):
            found |= _walk(value, f"{here}.")
        elif isinstance(value, list):
            for row in (row for row in value if isinstance(row, dict)):
                name = next((row[k] for k in ("id", "name", "key") if k in row), None)
                found |= {f"{here}（{name}）"} if name else set()
                found |= _walk(row, f"{here}.")
    return found
