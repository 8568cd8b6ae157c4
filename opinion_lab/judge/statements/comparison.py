"""Two versions of a statement held side by side, by their words alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

DIFFERENCE = {"kind": pl.String, "key": pl.String, "a": pl.String, "b": pl.String, "verdict": pl.String}
TIME_KEY = "time"
YEAR, SUSPECTED = r"\s|\d{4}年", "疑似"
SIGNATURE = re.compile(
    r"(?:[\u4e00-\u9fa5]{2,20}(?:局|委|办|组|厅|院|所|会|部|中心|政府|专班)\s*)+\d{4}年\d{1,2}月\d{1,2}日\s*$"
)
UNITS = (
    "个工作日|批次|公斤|千克|毫升|平方米|小时|分钟|万元|亿元|人次|名|人|户|家|盒|件|份|台|把|支|处|瓶|袋|箱|克|升|吨|元"
    "|天|日内|例|起|次|条|张|辆|桶|只|个|%|％|‰"
)
NUMBER = re.compile(rf"(?<![\d.])(\d[\d,，]*(?:\.\d+)?)\s*(余|多)?\s*({UNITS})")
TIME = re.compile(
    r"(?:\d{4}年)?\d{1,2}月\d{1,2}日(?:凌晨|早上?|上午|中午|下午|傍晚|晚间?|夜间?)?"
    r"(?:\s*\d{1,2}(?:时|点|:|：)(?:\d{1,2}分?)?)?"
)
BODIES = {
    "市场监督管理部门": "市场监督管理|市场监管|市监",
    "教育部门": "教育(?:体育)?局|教体局|教育厅|教育部门",
    "公安机关": "公安|警方|派出所",
    "卫生健康部门": "卫生健康|卫健|疾控",
    "检测检定机构": "检测(?:中心|机构|院)|检验(?:中心|机构|院|所)|检定(?:中心|机构|所)|鉴定(?:中心|机构)|检验检测",
    "纪检监察机关": "纪委|监委|纪检",
    "联合调查组": "联合(?:调查|工作)组|工作专班",
    "政府": "人民政府|县政府|市政府|区政府|省政府",
    "消费者组织": "消费者(?:协会|委员会|权益保护委员会)|消委会|消协",
}
#: What a statement can conclude, said one way and the other. A clause that only asks (是否, 待, 如) concludes nothing.
OPPOSITES = {
    "反映是否属实": (
        r"(?<!不)(?<!不完全)属实|与(?:事实|实际)相符",
        r"不属实|与(?:事实|实际)不符|不实信息|谣言|查无实据",
    ),
    "是否合格": (
        r"(?<!不)合格(?!率)|(?<!不)符合[^。，；]{0,16}(?:标准|要求|规定)",
        r"不合格|不符合[^。，；]{0,16}(?:标准|要求|规定)|超标|超差",
    ),
    "有无问题": (
        r"(?<!不)(?<!未)(?:存在|发现)[^。，；]{0,16}(?:问题|违法|违规|隐患|不规范)",
        r"(?:未发现|不存在|没有发现)[^。，；]{0,12}(?:问题|违法|违规|异常)",
    ),
    "是否立案": (r"(?<!不予)(?<!未)(?<!不)立案", r"不予立案|未立案|不立案"),
}
IDENTITY = re.compile(
    r"(异物|涉事物品|该物[品体]|检材|样品)[^。，；：“”]{0,8}?(?:为|是|系|检出)“?((?:正常|疑似)?[^。，；：“”为是系出]{1,14})"
)
#: Clauses that conclude nothing now: they ask, wait, suppose, or tell what was said earlier.
OPEN = re.compile(r"是否|有无|待[^。，；]{0,8}(?:后|结果)|尚未|如果|如有|若|不作定性")
EARLIER = re.compile(r"通报称|曾(?:称|经?通报|经?回应|经?认定)|(?:此前|先前|前期)[^。，；]{0,12}(?:称|认定|认为)")
QUOTED = re.compile(r"“[^“”]*”|‘[^‘’]*’|「[^「」]*」")
RETRACTION = re.compile(
    r"(?:此前|前期|先前|之前|首份|首次|上次|原(?=通报|结论|表述|回应))[^。\n]{0,40}(?:结论|通报|表述|认定|回应|说明)"
    r"[^。\n]{0,60}?(?:错误|有误|不准确|不实|失实|不严谨|更正|撤回|撤销)"
    r"|(?:结论|表述|认定|通报内容)[^。，\n]{0,12}(?:错误|有误|不准确|失实|不严谨)"
    r"|予以更正|更正如下|特此更正|(?:撤回|撤销)[^。，\n]{0,12}(?:通报|结论|说明)"
)


@dataclass(frozen=True)
class Fact:
    """One thing that a statement says: of what (`key`), its value, the words around it, where it stands."""

    key: str
    value: str
    shown: str
    around: str
    at: int


def compare(a: str, b: str) -> pl.DataFrame:
    """Facts that differ between an earlier statement `a` and a later one `b` (columns: DIFFERENCE).

    `kind`: conclusion, number, time, body; `key` what of it: one of OPPOSITES or a thing, a unit, a body. `verdict`:
    reversed (the later one says the opposite, or takes the earlier back), changed, added, removed. Facts are paired by
    the words around them; numbers written in Chinese characters are not read. Facts on which both agree are not listed.
    """
    first, later = SIGNATURE.sub("", a), SIGNATURE.sub("", b)
    rows = _conclusions(first, later)
    for kind, read in (("number", _numbers), ("time", _times)):
        rows += [(kind, *row) for row in _paired(read(first), read(later))]
    for body, pattern in BODIES.items():
        here, there = re.search(pattern, a), re.search(pattern, b)
        if here and not there:
            rows.append(("body", body, here[0], None, "removed"))
        elif there and not here:
            rows.append(("body", body, None, there[0], "added"))
    return pl.DataFrame(rows, schema=DIFFERENCE, orient="row")


def _reverses(a: str, b: str) -> bool:
    """Whether statement `b` takes back or contradicts a conclusion of the earlier statement `a`."""
    first, later = SIGNATURE.sub("", a), SIGNATURE.sub("", b)
    return any(row[-1] == "reversed" for row in _conclusions(first, later))


def reversals(answers: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Pairs of official answers (rows of clocks.answers, in order) of which the later takes back the earlier.

    In order of the later one.
    """
    pairs = ((a, b) for n, b in enumerate(answers) for a in answers[:n])
    return [(a, b) for a, b in pairs if _reverses(a["text"], b["text"])]


def _numbers(text: str) -> list[Fact]:
    return [
        Fact(m[3], m[1].replace(",", "").replace("，", ""), m[0], _around(text, m), m.start())
        for m in NUMBER.finditer(text)
    ]


def _times(text: str) -> list[Fact]:
    return [Fact(TIME_KEY, re.sub(YEAR, "", m[0]), m[0], _around(text, m), m.start()) for m in TIME.finditer(text)]


def _around(text: str, m: re.Match[str], reach: int = 8) -> str:
    """Words of the same clause, before and after: they say what a figure is of."""
    before = re.split(r"[。，；、：\n]", text[max(0, m.start() - reach) : m.start()])[-1]
    after = re.split(r"[。，；、：\n]", text[m.end() : m.end() + reach])[0]
    return f"{before}{after}"


def _paired(a: list[Fact], b: list[Fact]) -> list[tuple[str, str | None, str | None, str]]:
    """Pair facts of one key: first those said in the same words, then equal values, then what is left one to one."""
    rows: list[tuple[int, str, str | None, str | None, str]] = []
    left, right = list(a), list(b)

    def agree(x: Fact, y: Fact) -> bool:
        # “9月8日” and “9月8日12时” agree: one is only more exact
        exact = x.key == TIME_KEY and (x.value.startswith(y.value) or y.value.startswith(x.value))
        return x.value == y.value or exact

    def take(pairs: list[tuple[Fact, Fact]]) -> None:
        for x, y in pairs:
            if x in left and y in right:
                left.remove(x)
                right.remove(y)
                if not agree(x, y):
                    rows.append((x.at, x.key, x.shown, y.shown, "changed"))

    same = [(_alike(x.around, y.around), agree(x, y), x, y) for x in left for y in right if x.key == y.key]
    close = sorted((s for s in same if s[0] >= 0.5), key=lambda s: (-s[0], not s[1], s[2].at, s[3].at))
    take([(x, y) for _, _, x, y in close])
    take([(x, y) for _, equal, x, y in same if equal])
    for key in sorted({x.key for x in left}):
        mine, yours = [x for x in left if x.key == key], [y for y in right if y.key == key]
        if len(mine) == len(yours) == 1 and key != TIME_KEY:
            take([(mine[0], yours[0])])
    rows += [(x.at, x.key, x.shown, None, "removed") for x in {(x.key, x.value): x for x in reversed(left)}.values()]
    rows += [
        (10**9 + y.at, y.key, None, y.shown, "added") for y in {(y.key, y.value): y for y in reversed(right)}.values()
    ]
    return [row[1:] for row in sorted(rows, key=lambda row: (row[0], row[1], str(row[2]), str(row[3])))]


def _alike(x: str, y: str) -> float:
    """Share of the shorter text's characters that the longer one also holds."""
    short, long = sorted((set(x), set(y)), key=len)
    return len(short & long) / len(short) if short else 0.0


def _conclusions(a: str, b: str) -> list[tuple[str, str, str | None, str | None, str]]:
    old, new = _concluded(a), _concluded(b)
    # A retraction that the earlier version already held takes back something older still.
    hit = None if RETRACTION.search(a) else RETRACTION.search(b)
    retraction = sentence(b, *hit.span()).strip() if hit else None
    # what the later version retells of the earlier one, besides the sentence that takes it back
    retold = [retraction or "", *(_clause(b, m) for m in EARLIER.finditer(b))]
    rows: list[tuple[str, str, str | None, str | None, str]] = []
    for key in sorted(old.keys() | new.keys(), key=lambda k: ([*OPPOSITES, k].index(k), k)):
        mine, theirs = old.get(key), new.get(key)
        if mine and theirs:
            same = mine.side == theirs.side or (
                key not in OPPOSITES and (mine.side in theirs.side or theirs.side in mine.side)
            )
            if not same:
                verdict = "changed" if "mixed" in (mine.side, theirs.side) else "reversed"
                rows.append(("conclusion", key, mine.shown, theirs.shown, verdict))
        elif mine and retraction and any(w in r for w in mine.words for r in retold):
            rows.append(("conclusion", key, mine.shown, retraction, "reversed"))
        elif mine:
            rows.append(("conclusion", key, mine.shown, None, "removed"))
        elif theirs:
            rows.append(("conclusion", key, None, theirs.shown, "added"))
    if retraction and not any(row[-1] == "reversed" for row in rows):
        rows.insert(0, ("conclusion", "earlier", None, retraction, "reversed"))
    return rows


@dataclass(frozen=True)
class Conclusion:
    """One matter's verdict: which side (`mixed`: both), the clauses that say so, the deciding words in them."""

    side: str
    shown: str
    words: tuple[str, ...]


@lru_cache(maxsize=1000)  # each answer is held against all others
def _concluded(text: str) -> dict[str, Conclusion]:
    skip = [m.span() for p in (RETRACTION, QUOTED) for m in p.finditer(text)]
    found: dict[str, list[tuple[int, str, re.Match[str]]]] = {}
    for key, (yes, no) in OPPOSITES.items():
        found[key] = [(m.start(), side, m) for side, p in (("yes", yes), ("no", no)) for m in re.finditer(p, text)]
    for m in IDENTITY.finditer(text):
        found.setdefault(m[1], []).append((m.start(), m[2].removeprefix(SUSPECTED).strip(), m))
    result = {}
    for key, hits in found.items():
        kept = sorted(
            (at, side, m)
            for at, side, m in hits
            if not (OPEN.search(_clause(text, m)) or EARLIER.search(_clause(text, m)))
            and not any(s < m.end() and m.start() < e for s, e in skip)
        )
        if kept:
            sides = {side for _, side, _ in kept}
            # Of what a thing is, the last word counts; of yes and no, both stand.
            side = kept[-1][1] if key not in OPPOSITES or len(sides) == 1 else "mixed"
            shown = "；".join(dict.fromkeys(_clause(text, m) for _, _, m in kept))
            words = tuple(side if key not in OPPOSITES else m[0] for _, side, m in kept)
            result[key] = Conclusion(side, shown, words)
    return result


def _clause(text: str, m: re.Match[str]) -> str:
    first = max(text.rfind(c, 0, m.start()) for c in "。！？；，\n") + 1
    ends = [i for c in "。！？；，\n" if (i := text.find(c, m.end())) >= 0]
    return text[first : min(ends, default=len(text))].strip()


def sentence(text: str, start: int, end: int) -> str:
    """The sentence that holds a stretch of a text."""
    first = max(text.rfind(c, 0, start) for c in "。！？；\n") + 1
    ends = [i for c in "。！？；\n" if (i := text.find(c, end)) >= 0]
    return text[first : min(ends, default=len(text))]
