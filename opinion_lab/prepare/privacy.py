"""Personal data out of texts, names into pseudonyms.

`rules/redaction.toml` holds what is looked for, with its source; this room holds the tests that a find must pass.
A quick look by polars finds the few rows that can hold anything; only those are read by Python's `re`.
"""

from __future__ import annotations

import hmac
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import polars as pl

from opinion_lab import config
from opinion_lab.prepare import text as texts

RULES = config.PACKAGE / "rules" / "redaction.toml"

Span = tuple[int, int]


@dataclass(frozen=True)
class Rule:
    """One row of the table: see the head of `redaction.toml` for what each key means."""

    id: str
    what: str
    near: str
    pattern: str
    replace: str
    source: str
    check: str = "always"
    links: bool = False
    numerals: bool = False

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The pattern, compiled once."""
        return re.compile(self.pattern)


@dataclass(frozen=True)
class Rules:
    """The whole table."""

    keep: tuple[str, ...]
    surnames: str
    given_names: str
    compound_surnames: tuple[str, ...]
    not_names: str
    titles: tuple[str, ...]
    parts: dict[str, str]
    rule: tuple[Rule, ...]

    @cached_property
    def kept(self) -> re.Pattern[str]:
        """Numbers that stay."""
        return re.compile("|".join(f"(?:{k})" for k in self.keep))

    @cached_property
    def words(self) -> dict[str, str]:
        """By surname: the second characters that make an everyday word of it."""
        return {word[0]: word[1:] for word in self.not_names.split()}


def load(path: Path = RULES) -> Rules:
    """The redaction table. Raises LabError for bad TOML, unknown keys, checks and patterns."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise config.LabError(f"{path.name} 写法有误：{error}。请检查该行的引号和括号。") from None
    parts = {"digits": DIGITS, **data.get("parts", {})}
    for row in data.get("rule", []):
        for key in ("near", "pattern"):
            row[key] = re.sub(r"<<(\w+)>>", lambda m: parts[m[1]], row.get(key, ""))
        try:
            re.compile(row["pattern"])
            pl.Series([""]).str.contains(row["near"])
        except (re.error, pl.exceptions.ComputeError) as error:
            raise config.LabError(f"{path.name} 的 {row.get('id')}：表达式写法有误（{error}）。") from None
        if row.get("check", "always") not in CHECKS:
            raise config.LabError(f"{path.name} 的 {row['id']}：不认识 check“{row['check']}”。")
    rules: Rules = config.build(Rules, data, where=path.name)
    return rules


@cache
def shipped() -> Rules:
    """The table that comes with the lab, read once."""
    return load()


def redact(s: pl.Series, *, rules: Rules | None = None, keep: Collection[str] = (), office: bool = False) -> pl.Series:
    """The texts with personal data replaced by marks such as [手机号]; of names the surname stays.

    Works on text as it came (full width, zero width inside numbers) as well as on stripped text; a second time
    changes nothing. `keep` lists numbers that stay: the bureau's own lines. `office` says that an office, a medium or
    a firm is writing, whose landlines are public. Hotlines, numbers announced as those of an office, addresses of
    shops, names of estates and of companies stay.
    """
    rules = rules or shipped()
    kept = frozenset(re.sub(r"\D", "", k) for k in keep)
    numbers = s.str.contains(DIGITS)  # asked once for the five rules that want it: marks hold no digits
    for rule in rules.rule:
        if office and rule.check == "landline":
            continue
        near = numbers if rule.near == DIGITS else s.str.contains(rule.near)
        s = texts.where(s, near, lambda rows, rule=rule: _applied(rows, rule, rules, kept))  # type: ignore[misc]
    return s


def touched(s: pl.Series, *, rules: Rules | None = None) -> pl.DataFrame:
    """What `redact` would replace: row, rule, at, found. To look at, never to keep: it holds what is taken out."""
    rules = rules or shipped()
    rows: list[tuple[int, str, int, str]] = []
    for rule in rules.rule:
        near = s.str.contains(rule.near).fill_null(False)
        for i in near.arg_true().to_list():
            rows += [(i, rule.id, a, s[i][a:b]) for a, b in _spans(s[i], rule, rules, frozenset())]
        s = texts.where(s, near, lambda part, rule=rule: _applied(part, rule, rules, frozenset()))  # type: ignore[misc]
    return pl.DataFrame(
        rows, schema={"row": pl.Int64, "rule": pl.String, "at": pl.Int64, "found": pl.String}, orient="row"
    )


def _applied(rows: pl.Series, rule: Rule, rules: Rules, kept: frozenset[str]) -> pl.Series:
    out = []
    for text in rows.to_list():
        at = 0
        pieces = []
        for start, end in _spans(text, rule, rules, kept):
            pieces += [text[at:start], rule.replace]
            at = end
        out.append("".join([*pieces, text[at:]]) if pieces else text)
    return pl.Series(out, dtype=pl.String)


def _spans(text: str, rule: Rule, rules: Rules, kept: frozenset[str]) -> list[Span]:
    view = _spoken(text) if rule.numerals else _plain(text)
    links: list[Span] | None = None
    spans: list[Span] = []
    at = 0
    while found := rule.regex.search(view, at):
        good = [s for s in CHECKS[rule.check](found, view, rules) if re.sub(r"\D", "", view[slice(*s)]) not in kept]
        if good and not rule.links:
            links = links if links is not None else [m.span() for m in _SHELTER.finditer(text)]
            good = [(a, b) for a, b in good if not any(first <= a < last for first, last in links)]
        spans += good
        # after a find that fails, the next digit may begin one that passes
        at = max(found.start() + 1, good[-1][1] if good else 0)
    if rule.check == "named":
        spans = _everywhere(text, spans)
    return spans


def _everywhere(text: str, spans: list[Span]) -> list[Span]:
    """A name that was found once, wherever else it stands in the text."""
    more = {
        (m.start() + 1, m.end()) for start, end in spans for m in re.finditer(re.escape(text[start - 1 : end]), text)
    }
    return sorted(more)


# --- how digits are written ----------------------------------------------------------------------------------

_PLAIN = {c: chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F) if chr(c) not in "，！？：；（）～"}
_PLAIN |= {
    c: str(unicodedata.digit(chr(c)))
    for block in (range(0x80, 0x3400), range(0x1D7CE, 0x1D800), range(0x1F100, 0x1F10B))
    for c in block
    if unicodedata.digit(chr(c), None) is not None
}
_PLAIN |= dict.fromkeys(map(ord, "×ХхⅩⅹ"), "X")  # the last place of an identity number
_NUMERALS = {
    n: d
    for d, numerals in enumerate("零〇○洞 一壹幺弌 二贰貳弍 三叁參弎 四肆 五伍 六陆陸 七柒 八捌 九玖".split())
    for n in numerals
}
# Chinese numerals become Arabic-Indic digits: \d finds them, [0-9] does not, so 第一13812345678 keeps its boundary.
_SPOKEN = _PLAIN | {ord(n): chr(0x660 + d) for n, d in _NUMERALS.items()}
_DIGIT = "".join(chr(c) for c, d in _PLAIN.items() if d.isdigit()) + "".join(_NUMERALS)
_BETWEEN = r"\s\-‐-―－_.·•・。,，、~～*＊/\\|()（）【】\[\]「」<>杠:：;；+#…→" + texts.INVISIBLE
#: Seven digits, however written, with little between them: the least that can be a number worth hiding.
DIGITS = rf"(?:[0-9{_DIGIT}OoIl][{_BETWEEN}]{{0,3}}){{6}}[0-9{_DIGIT}OoIl]"
_ODD, _ODD_SPOKEN = (re.compile(f"[{re.escape(''.join(map(chr, t)))}]") for t in (_PLAIN, _SPOKEN))
_SHELTER = re.compile(
    r"(?i)(?:https?|ftp)://[\w.~:/?#@!$&'()*+,;=%-]+|www\.[\w.~/?#&=%-]+|(?<![A-Za-z0-9._-])[@＠][\w\u3400-\u9fff-]+",
    re.ASCII,
)


_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\u20e3]")


# str.translate asks a dict for every character; these ask only for the few that are in it.
def _plain(text: str) -> str:
    return _ODD.sub(lambda m: _PLAIN[ord(m[0])], text)


def _spoken(text: str) -> str:
    return _ODD_SPOKEN.sub(lambda m: _SPOKEN[ord(m[0])], text)


def _number(s: str) -> str:
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else "X" if c in "Xx" else "" for c in s)


def _before(found: re.Match[str], n: int) -> str:
    return found.string[max(0, found.start() - n) : found.start()]


# --- tests that a find must pass: each returns the spans to hide -------------------------------------------------

_REGIONS = {
    11,
    12,
    13,
    14,
    15,
    21,
    22,
    23,
    *range(31, 38),
    *range(41, 47),
    *range(50, 55),
    *range(61, 66),
    71,
    81,
    82,
    83,
}
# Numbers of goods, papers and firms look like numbers of people, and the former are what a complaint is about.
_NOT_PERSONAL = re.compile(
    r"(?:批号|批次|条码|条形码|货号|型号|备案号?|许可证号?|执照号?|注册号|信用代码|文号|编码|工单号?|案号|ISBN|域名|icp|ICP)\D{0,4}$"
)
_MONEY = re.compile(r"\s*(?:元|万|亿|%|块|美金|美元)")


def _word(found: re.Match[str]) -> str:
    """The run of ASCII letters, digits and _ in which a find stands."""
    head = re.search(r"[A-Za-z0-9_]*$", _before(found, 40))
    tail = re.compile(r"[A-Za-z0-9_]*").match(found.string, found.end())
    return (head[0] if head else "") + found[0] + (tail[0] if tail else "")


def _always(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    return [found.span("hide") if "hide" in found.re.groupindex else found.span()]


def _identity(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    number = _number(found[0])
    if number[0] == "0":
        return []
    groups = re.split(r"[^\dXx]+", found[0])
    if len(groups) > 6 and any(len(g) > 2 for g in groups):
        return []
    named = re.search(r"身份证|身分证|身份證|证件号|公民身份", _before(found, 16))
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    good = "10X98765432"[sum(int(d) * w for d, w in zip(number, weights, strict=False)) % 11] == number[-1]
    born = _a_day(number[6:14]) and int(number[:2]) in _REGIONS
    return [found.span()] if (good and born) or (named and len(groups) <= 6) else []


def _old_identity(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    good = (
        int(found[0][:2]) in _REGIONS and _a_day("19" + found[0][6:12]) and not _NOT_PERSONAL.search(_before(found, 12))
    )
    return [found.span()] if good else []


def _a_day(ymd: str) -> bool:
    try:
        return 1900 <= date(int(ymd[:4]), int(ymd[4:6]), int(ymd[6:])).year <= 2040
    except ValueError:
        return False


def _bank(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    named = re.search(r"卡号|银行|储蓄卡|借记卡|信用卡|[工农中建交招]行|帐户|账户", _before(found, 14))
    pieces = list(re.finditer(r"[0-9]+|[\u0660-\u0669]+", found[0]))
    # another number, or a word such as 一直, may follow: try the longest first
    for n in range(len(pieces), 0, -1):
        number = _number(found[0][: pieces[n - 1].end()])
        sizes = [len(p[0]) for p in pieces[:n]]
        if not 15 <= len(number) <= 19 or (n > 1 and not (set(sizes[:-1]) <= {4, 6} or max(sizes) <= 2)):
            continue
        issued = re.match(r"62|4|5[1-5]|3[4-7]|60|65|81|9558", number) and len(set(number)) > 1
        odd, even = (sum(int(d) for d in number[-1::-2]), sum(sum(divmod(2 * int(d), 10)) for d in number[-2::-2]))
        if issued and (named or (odd + even) % 10 == 0) and not _NOT_PERSONAL.search(_before(found, 12)):
            return [(found.start(), found.start() + pieces[n - 1].end())]
    return []


def _order(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    number = re.sub(r"\D", "", found["hide"])
    least = 8 if found["strong"] or found["bare"] else 10
    money = _MONEY.match(view, found.end()) or re.match(r"\.\d", view[found.end() :])
    phone = not (found["strong"] or found["bare"]) and re.fullmatch(r"1[3-9]\d{9}", number)
    return [] if len(number) < least or money or phone else [found.span("hide")]


def _mobile(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    body = found["body"]
    groups = re.findall(r"\d+", body)
    between = [_UNSEEN.sub("", b) for b in re.split(r"\d+", body)[1:-1]]
    sizes = tuple(len(g) for g in groups)
    if int(_number(body)[1]) < 3:
        return []
    before, after = _before(found, 12), view[found.end() : found.end() + 6]
    if re.fullmatch(r"u_[0-9a-f]*|[0-9a-f]{16,}", _word(found)):
        return []  # part of a hash
    if (
        _NOT_PERSONAL.search(before)
        or _MONEY.match(after)
        or re.search(r"[0-9]\.$|[¥￥$]$", before)
        or re.match(r"\.[0-9]", after)
    ):
        return []
    plain = all(not b for b in between) or sizes == (3, 4, 4)
    if not plain:
        kinds = {b.strip() or " " for b in between if b}
        regular = len(sizes) == 2 and min(sizes) >= 3 and sizes[0] != 8
        regular = regular or (3 <= len(sizes) <= 5 and sizes[0] in (1, 2, 3, 4) and max(sizes) <= 5) or max(sizes) <= 2
        if len(kinds) > 1 or not regular or kinds & set(",，、/:：;；") and len(sizes) < 11:
            return []
        mark = re.escape(kinds.pop())
        # part of a longer row of numbers: an account, a table, a lottery draw
        if re.search(rf"[0-9]\s?{mark}\s?$", before) or re.match(rf"\s?{mark}\s?[0-9]", after):
            return []
    spoken = (
        re.search(r"[\u0660-\u0669]*$", _before(found, 9)),
        re.compile(r"[\u0660-\u0669]*").match(view, found.end()),
    )
    if "\u0660" <= body[0] and sum(len(s[0]) for s in spoken if s) > 3:
        return []  # a longer row of spoken digits; one or two may belong to a word: 星期一, 一直
    start = found.start() - (")" in body and "(" not in body and before.endswith("("))
    start -= "）" in body and "（" not in body and before.endswith("（")
    return [(start, found.end())]


def _lookalike(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    read = re.sub(r"[lI|]", "1", re.sub(r"[Oo]", "0", found[0]))
    letters = sum(c in "OolI|" for c in found[0])
    return [found.span()] if 1 <= letters <= 6 and re.match(r"1[3-9]", re.sub(r"\D", "", read)) else []


# An office that is named in the sentence; a firm, or an invitation to call, only right before the number: in
# “某公司骗人，联系电话0731-84441234” the number is the writer's.
_OFFICE = re.compile(
    r"(?:局|委|办|所|政府|街道|中心|站|科|室|股|处|部门|大队|支队|中队|公安|法院|检察院?|信访|社区|村委会?|监督|热线|"
    r"(?:投诉|举报|咨询|报警|值班|服务|监督)(?:受理)?电话)[^。；]{0,14}$|"
    r"(?:客服|咨询|总机|传真|前台|总台|[订预]房|订餐|预订|公司|酒店|宾馆|学校|医院|银行|服务|[可请迎]拨打|致电|详询)[^，,。；]{0,8}$"
)
_OWN_HOME = re.compile(
    r"家里|家中|住宅|本人|我的|我家|宅电|户主|手机|失主|先生|女士|(?:投诉|举报|联系|反映|申请|当事)人"
)


def _landline(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    before = re.split(r"[。！？；!?\n]", _before(found, 30))[-1]
    own = [m.end() for m in _OWN_HOME.finditer(before)]
    office = _OFFICE.search(before)
    if office and (not own or office.start() >= own[-1]):
        return []
    if _MONEY.match(view, found.end()) or _NOT_PERSONAL.search(before):
        return []
    return _always(found, view, rules)


def _social(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    kind, value = found["kind"].lower(), found["hide"].replace(" ", "")
    said = bool(found["mark"] or found["what"])
    if (len(value) <= 5 and rules.kept.fullmatch(value)) or not value.strip("0-") or _before(found, 2) == "公众":
        return []
    if kind in ("qq", "扣扣", "企鹅", "q"):
        good = re.fullmatch(r"[1-9]\d{4,10}", value) or (said and re.search(r"\d{4}", value))
    elif kind[-1] in "信t❤n":  # 微信 and what is written for it, wechat, weixin
        good = said or re.search(r"[\d_-]", value)
    else:  # vx, wx, V: are common letters
        good = bool(re.search(r"\d", value)) and (said or len(value) >= 6)
    return [found.span("hide")] if good else []


def _mail(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    return [] if found[0].lower().endswith(".gov.cn") else [found.span()]


def _plate(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    serial = found["serial"]
    digits = sum(c.isdigit() for c in serial)
    small = found["city"].islower() or any(c.islower() for c in serial)
    if found["province"] == "京" and _before(found, 1) in tuple("北南东"):
        return []
    if len(serial) == 6:
        good = re.fullmatch(r"[A-HJK][A-HJ-NP-Z0-9]\d{4}|\d{5}[A-HJK]", serial.upper())
    else:
        good = digits >= 3 and not re.search(r"[IO]", serial.upper())
    return [found.span()] if good and (not small or digits >= 4) else []


def _coordinates(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    if found["hide"]:
        return [found.span("hide")]
    a, b = float(found["a"]), float(found["b"])
    return [found.span()] if (a <= 90 and b <= 180) or (a <= 180 and b <= 90) else []


def _address(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    parts = [int(p) for p in found[0].split(".")]
    steps = {b - a for a, b in pairwise(parts)}  # 7.14.21.28 are days
    real = all(p <= 255 for p in parts) and parts[0] > 0 and sum(p >= 10 for p in parts) >= 2 and len(steps) > 1
    return [found.span()] if real and not re.search(r"(?i)版本|version|[vV]\s?$", _before(found, 8)) else []


_SHOP = (
    "店|铺|门面|公司|超市|商场|市场|影楼|工作室|培训|教育|餐|饭|宾馆|酒店|诊所|药房|棋牌|麻将|KTV|网吧|美容|美发|健身|"
    "办公|厂|档口|摊|民宿|机构|中心|批发|幼儿园|学校|党支部|居委会|物业|协会|俱乐部|茶馆|足浴|按摩|画室|旅馆|窝点|传销|快递|速运|"
    "驿站|作坊|仓库|无证经营|非法经营"
)
_SHOP_AFTER = re.compile(
    rf"(?!楼下|楼上|对面|旁|隔壁|附近|门口|门前|窗)(?:[^，。；！？,;!?\s]{{0,14}}?(?:{_SHOP})|[，,]?\s?(?:的?(?:有|是)?一家|有[个家]|开了|开设|经营|名叫))"
)
_SHOP_BEFORE = re.compile(
    r"(?:(?:注册|经营|公司|办公|店铺|门店|[店司])[，,]?\s?(?:地点|地址|场所)|入住)[^。；;]{0,40}$|(?:大厦|广场|写字楼|商场|商城|市场|中心|产业园|工业园|科技园|大楼|商铺|门面|酒店|宾馆|医院|学校|大学|学院|宿舍)[^，。；,;]{0,4}$"
)
_HOME_BEFORE = re.compile(r"(?:家住|(?<!入)住在|我家|住址|现住|租住|居住)[^。；！？;!?\n]{0,24}$")
_HOME_AFTER = re.compile(r"的?(?:业主|住户|居民(?!楼)|户主)")


def _door(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    home = _HOME_BEFORE.search(_before(found, 30)) or _HOME_AFTER.match(view, found.end())
    shop = _SHOP_AFTER.match(view, found.end()) or _SHOP_BEFORE.search(_before(found, 50))
    if home and shop and re.search("无证经营|非法经营|传销|窝点", view[found.end() : found.end() + 20]):
        home = None  # the place of an offence
    return [found.span()] if home or not shop else []


def _home(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    return [found.span("hide" if found["hide"] else "block")]


def _field(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    place = found["place"]
    public = re.search(r"局|公司|委员会|大厦|中心|学校|医院|法院|银行|政府|广场|商场|市场", place)
    if public or (
        found[0][:2] in ("联系", "通讯", "邮寄")
        and not re.search(r"小区|花园|苑|公寓|[栋幢室组户]|单元|家属院|村", place)
    ):
        return []
    parts = list(re.finditer(r"省|市(?!场)|(?<![小社园校景])区|县|镇|乡|街道", place))
    start = found.start("place") + (parts[-1].end() if parts else 0)
    return [] if start >= found.end("place") or place.startswith("[") else [(start, found.end("place"))]


# --- names -----------------------------------------------------------------------------------------------------

_NOT_GIVEN = set(
    "的了是不在说要会都还也很把被让给对从与及或但而因这那哪什怎没将已再又才只们吗呢吧啊呀哦个您我你他她它请各该某此其就去到过着得地多称们"
)
# Surnames that are also verbs or prepositions: 投诉人于当日、举报人向商家. Unless it is said that a name follows, what
# stands behind them must be made of usual given-name characters.
_VERBS = set("于向方常万左单项解任连包查管谈付费施游")
_GOES_ON = re.compile(
    r"[^\u4e00-\u9fa5]|$|说|称|的|电话|手机|男|女|出生|生于|于|因|在|是|系|与|和|及|等|诉|投诉|举报|反映|表示|认为|有关|配合|提供|向|被|将|"
    r"已|要|从|到|对|以|为|有|就|并|身份|联系|家住|住|今年|性别|现|原|您|同志|一家|先后|多次|曾|也|来|去"
)
_GOES_ON_LOOSELY = re.compile(r"[^\u4e00-\u9fa5\w]|$|说|称|表示|电话|手机")
_OF_A_PERSON = re.compile(r"[,，、。(（\s:：]{0,2}(?:男|女|今年|现年|身份证|电话|手机|联系|家住|住|家在|来自|系|\d|\[)")


def _given(
    view: str, at: int, rules: Rules, goes_on: re.Pattern[str], *, loose: bool, said: bool = False
) -> Span | None:
    """The given name behind the surname at `at`, when what stands there looks like a name."""
    first = texts.simple(view[at : at + 1])
    start = at + 2 if view[at : at + 2] in rules.compound_surnames else at + 1
    if not first or (start == at + 1 and (first not in rules.surnames or first.isspace())):
        return None
    for n in (2, 1):
        given = view[start : start + n]
        if (
            len(given) < n
            or not re.fullmatch(r"[\u4e00-\u9fa5]+", given)
            or set(given) & _NOT_GIVEN
            or given == first * n
        ):
            continue
        if any(given.startswith(t) for t in rules.titles) or not goes_on.match(view, start + n):
            continue
        usual = set(given) <= set(rules.given_names)
        if first in _VERBS and not said and not usual:
            continue
        word = start == at + 1 and given[0] in rules.words.get(first, "")
        if word and ((n == 1 and (loose or not (said or usual))) or (n == 2 and loose and not usual)):
            continue
        return start, start + n
    return None


def _named(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    at = found.start("name")
    said = bool(re.search(r"[:：叫]\s*$", view[found.start() : at]))
    spans = []
    while given := _given(view, at, rules, _GOES_ON, loose=False, said=said):
        spans.append(given)
        more = re.compile(r"[、和及,，]\s?").match(view, given[1])  # 联系人：黄金镖、李永和
        if not more:
            break
        at = more.end()
    return spans


def _loosely_named(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    at = found.start("name")
    if given := _given(view, at, rules, _OF_A_PERSON, loose=False, said=True):
        return [given]
    given = _given(view, at, rules, _GOES_ON_LOOSELY, loose=True)
    if not given:
        return []
    # 患者高血压， 我是高中生，: one usual character in two is asked for, of 我是王小明， both
    likely = len(set(view[slice(*given)]) & set(rules.given_names))
    oneself = found[0].startswith(("我", "本人"))
    return [given] if (likely == 2 if oneself else likely or given[1] - given[0] == 1) else []


def _beside(found: re.Match[str], view: str, rules: Rules) -> list[Span]:
    given = _given(view, found.start("name"), rules, re.compile(re.escape(found["tail"])), loose=True)
    return [given] if given else []


CHECKS: dict[str, Callable[[re.Match[str], str, Rules], list[Span]]] = {
    "always": _always,
    "identity": _identity,
    "old_identity": _old_identity,
    "bank": _bank,
    "order": _order,
    "mobile": _mobile,
    "lookalike": _lookalike,
    "landline": _landline,
    "social": _social,
    "mail": _mail,
    "plate": _plate,
    "coordinates": _coordinates,
    "address": _address,
    "door": _door,
    "home": _home,
    "field": _field,
    "named": _named,
    "loosely_named": _loosely_named,
    "beside": _beside,
}


# --- pseudonyms ------------------------------------------------------------------------------------------------

# 12 hex digits, not the 8 first proposed: with 8, two among 77,000 names share one as likely as not.
_LENGTH = 12
_MENTION = re.compile(r"[@＠]\s?(u/\d+|[\w·\-－\u3400-\u9fff]{1,30})")


def pseudonyms(names: pl.Series, key: bytes) -> pl.Series:
    """`u_` and 12 hex digits of HMAC-SHA256 for each name; null and empty give null.

    The same person is the same wherever written: a leading @, space around and full width do not count. Without the
    key no name can be tried out. A name that is already a hash is hashed again.
    """
    plain = _plain_names(names)
    unique = plain.drop_nulls().unique()
    made = [pseudonym(n, key) for n in unique.to_list()]
    return plain.replace_strict(unique, pl.Series(made, dtype=pl.String), default=None, return_dtype=pl.String).alias(
        names.name
    )


def pseudonym(name: str, key: bytes) -> str:
    """The pseudonym of one name that is already plain."""
    return "u_" + hmac.digest(key, name.encode(), "sha256").hex()[:_LENGTH]


def _plain_names(names: pl.Series) -> pl.Series:
    plain = texts.strip(names).str.strip_chars_start("@").str.strip_chars()
    return plain.set(plain == "", None)


def mentions(s: pl.Series, key: bytes, keep: Collection[str] = ()) -> pl.Series:
    """@name -> @ and the pseudonym of that name; names in `keep` (organisations) stay.

    A name runs to the first space or mark, at most 30 characters, as on the platforms; one that begins with a name
    of `keep` stays (@县市场监管局请回应). Addresses of mail are left to `redact`.
    """
    kept = tuple(sorted(n for n in _plain_names(pl.Series(list(keep), dtype=pl.String)).to_list() if n))
    known: dict[str, str] = {}

    def hidden(found: re.Match[str]) -> str:
        name = found[1]
        if kept and name.startswith(kept):
            return found[0]
        if name not in known:
            known[name] = pseudonym(name.translate(_PLAIN), key)
        return f"@{known[name]}"

    return texts.where(
        s,
        s.str.contains("[@＠]"),
        lambda rows: pl.Series([_MENTION.sub(hidden, t) for t in rows.to_list()], dtype=pl.String),
    )
