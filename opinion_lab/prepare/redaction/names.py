"""Names of persons: what stands beside a cue, if it looks more like a name than like a word.

How much a character looks like part of a given name is its log-odds between the given names and the other words of
jieba's dictionary (MIT); a cue (a field label, a trade, a title behind it) adds its own. A name found once is a name
wherever else the text says it. Surnames, everyday words that begin with one and titles are in `redaction.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

import polars as pl

from opinion_lab.prepare import normalize as texts
from opinion_lab.prepare.tokens import dictionary
from opinion_lab.rules.redaction import Names

Span = tuple[int, int]

#: Log-odds from which a find is a name; what a usual length, a boundary behind and an everyday word count.
LEAST = 2.5
_SINGLE, _COMPOUND, _BOUNDARY, _GOES_ON, _EVERYDAY, _WORD, _VERB, _RARE, _USUAL = (
    -1.0,
    3.0,
    2.0,
    1.5,
    -5.0,
    -3.0,
    -2.5,
    1.0,
    1.5,
)

_NOT_GIVEN = frozenset(
    "的了是不在说要会都还也很把被让给对从与及或但而因这那哪什怎没将已再又只们吗呢吧啊呀哦个您我你他她它请各该某此其就去到过着得地多称"
)
# Surnames that are also verbs or prepositions: 投诉人于当日, 举报人向商家.
_VERBS = frozenset("于向方常万左单项解任连包查管谈付费施游和应时来时成安应关全")
# Surnames that begin names of places and things more often than names of persons.
NOUNS = _VERBS | frozenset(
    "白齐栗房车梅楼高金盛康江路马南楚毕元石龙易花水农党商官温文武牛古乐皮柴曲游景席明鲁燕甘纪钱汤祝岳黄朱林宁华东阳米麦沙桂兰罗田和海云湘冷宫洪危"
)
PLACES = frozenset("镇桥村路街坪塘冲岭潭溪湾堆寺县区市乡组山河湖庙坡铺坊园苑城府店厂局站楼栋号家内")
ENDS = re.compile(r"[^\u4e00-\u9fa5]|$")
_MAY_GO = re.compile(
    r"于|因|在|是|系|与|和|及|等|诉|向|被|将|已|要|从|到|对|以|为|有|就|并|住|现|原|您|曾|也|来|去|不|打|没|让|把|给"
)
_NEXT, _IN_LIST = (
    re.compile(
        r"[、/]\s?|[和与跟及,，]\s?(?=[\u4e00-\u9fa5]{2,3}(?:[、,，。;；：:！!)）\s]|[两二三四五几等][个人位名]|夫妻|姐妹|兄弟|合伙|[都在签一]|$))"
    ),
    1.0,
)
_FILLS = 3.0
_LIST, PAIR = 20, 2.0  # names of one list; what another beside it counts
_BLANK = re.compile(r"[ .．·•\t\u3000\u00ad\u200b-\u200f\u2060\ufeff]{0,4}")
HAN = re.compile(r"[\u4e00-\u9fa5]")
_FOREIGN = re.compile(r"[\u4e00-\u9fa5]{1,6}[·•][\u4e00-\u9fa5]{1,8}")
# What a field of a form holds when it names nobody, and what an organisation ends on.
_NOBODY = re.compile(
    r"匿名|本人|业主|市民|群众|消费者|不详|保密|同上|如下|详见|无法|没有|暂无|未知|拒绝|女士|先生|网友|游客|家长|居民|住户|客户|用户|顾客|"
    r"自己|他人|个人|多人|两人|三人|若干|全体|某|以上|以下"
)
ORGANISATION = re.compile(
    r"(?:局|委|委员会|办|办公室|政府|公司|集团|法院|检察院|党组|支部|总队|支队|大队|中队|派出所|所|站|报|报社|日报|晚报|早报|晨报|时报|周刊|杂志|"
    r"网|在线|电视台|电台|广播|新闻|资讯|头条|发布|频道|频率|视频|客户端|融媒|传媒|媒体|通讯社|社|中心|协会|学会|商会|联盟|基金会|银行|支行|分行|信用社|"
    r"学校|小学|中学|大学|学院|幼儿园|医院|卫生院|诊所|药房|药店|店|超市|商场|商城|广场|市场|酒店|宾馆|饭店|餐厅|餐馆|食堂|馆|"
    r"厂|物业|平台|科技|实业|商贸|食品|服务|客服|官方|旗舰店|专卖店|专营店|官微|厅|院|部|处|科|队|组|室|街道|社区|村|镇|乡|县|区|市|省|路|街|号)$"
)


@cache
def _odds() -> dict[str, float]:
    """By character: the log-odds of its standing in a given name rather than in another word."""
    table = dictionary.entries()
    person = pl.col("tag").str.starts_with("nr")
    given = table.filter(person & (pl.col("word").str.len_chars() == 3) & (pl.col("freq") < 200))
    given = given.select(pl.col("word").str.slice(1).str.split("").alias("c"), n=pl.lit(1.0))
    other = table.filter(~person).select(pl.col("word").str.split("").alias("c"), n=pl.col("freq").cast(float))
    a, b = (rows.explode("c").group_by("c").agg(pl.col("n").sum()) for rows in (given, other))
    both = b.join(a, on="c", how="full", coalesce=True, suffix="_given").fill_null(0)
    odds = ((pl.col("n_given") + 0.5) / given.height).log() - ((pl.col("n") + 50) / pl.lit(b["n"].sum())).log()
    return dict(both.select("c", odds.clip(-6, 4)).iter_rows())


class _Chances(dict[str, float]):
    """By character, whatever the script: how much it looks like part of a given name."""

    def __init__(self, usual: frozenset[str]) -> None:
        self.usual = usual

    def __missing__(self, character: str) -> float:
        simple = texts.simple(character)
        self[character] = max(_odds().get(simple, _RARE), _USUAL if simple in self.usual else -6)
        return self[character]


chances = lru_cache(maxsize=4)(_Chances)


def _likely(given: str, names: Names) -> float:
    likely = chances(names.usual)
    return sum([likely[c] for c in given])


def is_word(text: str, often: int = 100) -> bool:
    """Whether it is a usual word, and no name; `often`: by its count in the dictionary."""
    return dictionary.frequencies()[0].get(text, 0) >= often and not dictionary.tags()[text].startswith("nr")


def read_name(text: str, at: int, names: Names) -> Iterator[tuple[int, int, float]]:
    """What can be the given name behind a surname at `at`: start, end, log-odds. 张三丰, 张 三, 张 三 丰."""
    if at >= len(text) or text[at] not in names.first:
        return
    surname, end = texts.simple(text[at]), at + 1
    second = _BLANK.match(text, end).end()  # type: ignore[union-attr]
    rare = False
    if compound := text[at] + text[second : second + 1] in names.compound_surnames:
        end = second + 1
    elif not (rare := surname in names.rare_surnames) and surname not in names.surnames:
        return
    first = _BLANK.match(text, end).end()  # type: ignore[union-attr]
    apart = first > end
    second = _BLANK.match(text, first + 1).end() if apart else first + 1  # type: ignore[union-attr]
    everyday = names.everyday.get(surname, "") if not compound and not apart else ""
    for n, last in ((1, first), (2, second)):
        given = text[first] + (text[second] if n == 2 else "") if last < len(text) else ""
        if not apart and ((n == 2 and is_word(text[at : last + 1])) or (at and is_word(text[at - 1 : last + 1]))):
            continue  # 曾祖父, 高中生; 支|付宝
        if not given or not all(map(HAN.match, given)) or _NOT_GIVEN & set(given) or given == surname * n:
            continue
        if text.startswith(names.long_titles, first) or (n == 2 and text.startswith(names.titles, first + 1)):
            continue
        # 张总说, 王家的 are no names, 王家豪 before a mark is one
        if text.startswith(names.titles, first) and (
            n == 1 or given[1] in PLACES or is_word(given) or not (ENDS.match(text, last + 1) or text[first] == "家")
        ):
            continue
        odds = _likely(given, names) + _COMPOUND * compound + (_SINGLE if n == 1 else 0.0)
        odds += _WORD * (rare and surname not in _VERBS)
        if given[0] in everyday:
            odds += _EVERYDAY if n == 1 else _EVERYDAY * 0.7
        elif not compound and not apart and is_word(text[at : first + 1], 300):  # 麻醉
            odds += _WORD
        if n == 2 and not names.usual.issuperset(given) and is_word(given):
            # 向|万里 may be two words, 王|万里 is none
            odds += _WORD if surname in NOUNS or rare or compound else _WORD / 3
            odds += _WORD * is_word(given, 5000)  # 建议
        if is_word(text[last : last + 2]):  # 欧阳烨建议, 欧阳建议
            if compound and n == 1:
                continue
            odds += _WORD
        if surname in _VERBS and not compound:
            if n == 1 and given in names.first:
                continue  # 向陈主任
            odds += _VERB
        if ENDS.match(text, last + 1):
            odds += _BOUNDARY
        elif apart:
            continue
        elif names.re_goes_on.match(text, last + 1):
            odds += _GOES_ON
        elif _MAY_GO.match(text, last + 1):
            odds += _GOES_ON / 3
        yield first, last + 1, odds


def behind(found: re.Match[str], names: Names, cue: float) -> list[Span]:
    """The given name behind a cue, and those of a list that goes on behind it: 联系人：甲、乙."""
    text, at = found.string, found.end()
    if is_word(text[at - 1 : at + 1], 5000):
        return []  # 水工|程建设, 女儿|童权益: no word ends here
    best = max(read_name(text, at, names), key=lambda c: c[2], default=None)
    if best and cue >= 5 and best[1] - best[0] == 2 and ENDS.match(text, best[1]):
        best = (*best[:2], best[2] + _FILLS * (not is_listed_word(text[at : at + 2])))  # 我叫于大年，
    if best and best[2] + cue >= LEAST - PAIR:
        more = listed(text, best[1], names)
        if more or best[2] + cue >= LEAST:
            return [best[:2], *more]
    if cue >= 2 and (foreign := _foreign(text, at, names)):
        return [foreign]
    return _said(text, at, names) if cue > 5 and not text.startswith(names.titles, at + 1) else []


def listed(text: str, at: int, names: Names) -> list[Span]:
    """The names that a list goes on with: ...、李永和、李秀淼."""
    spans: list[Span] = []
    while len(spans) < _LIST and (more := _NEXT.match(text, at)):
        best = max(read_name(text, more.end(), names), key=lambda c: c[2], default=None)
        if not best or best[2] + _IN_LIST < LEAST:
            break
        spans.append(best[:2])
        at = best[1]
    return spans


def _said(text: str, at: int, names: Names) -> list[Span]:
    """A name of another make that fills a field: 阿依古丽, 买买提·艾力."""
    if found := _FOREIGN.match(text, at):
        return [found.span()]
    found = re.compile(r"[\u4e00-\u9fa5]{2,5}(?=[^\u4e00-\u9fa5]|$)").match(text, at)
    if not found or _NOBODY.search(found[0]) or ORGANISATION.search(found[0]):
        return []
    good = found[0] not in dictionary.frequencies()[0] and _likely(found[0], names) > 0.5 * len(found[0])
    return [found.span()] if good else []


def _foreign(text: str, at: int, names: Names) -> Span | None:
    """A name of another language in Chinese characters: 热孜万古丽, 扎西·平措."""
    found = names.re_foreign.match(text, at)
    return found.span() if found else None


def before(found: re.Match[str], names: Names, cue: float) -> list[Span]:
    """The given name before a cue: 张三丰女士, 张三（男，35岁）."""
    text, end = found.string, found.start()
    best: tuple[float, Span] | None = None
    for at in range(max(0, end - 8), end - 1):
        if text[at] in names.first:
            for start, stop, odds in read_name(text, at, names):
                if stop == end or not text[stop:end].strip():
                    odds -= _BOUNDARY if ENDS.match(text, stop) else 0.0
                    odds += 0.5 if at == 0 or not HAN.match(text[at - 1]) else 0.0
                    if best is None or odds > best[0]:
                        best = odds, (start, stop)
    return [best[1]] if best and best[0] + cue >= LEAST else []


def signed(found: re.Match[str], names: Names, cue: float) -> list[Span]:
    """The name under a letter: it stands alone between marks."""
    spans = before(found, names, cue) if found.start() > 30 else []  # a title is no letter
    alone = re.compile(r"(?:[\s。！!~～，,：:]|此致|敬礼|谢谢)\s?[\u4e00-\u9fa5]{1,2}$")
    return [s for s in spans if alone.search(found.string[max(0, s[0] - 8) : s[0]])]


def is_listed_word(text: str) -> bool:
    """Whether a dictionary has it as a word of more than one character, and not as a name."""
    return len(text) > 1 and text in dictionary.frequencies()[0] and not dictionary.tags()[text].startswith("nr")


def surname_before(text: str, at: int, names: Names) -> str:
    """The surname before a given name at `at`; "" where none stands."""
    head = text[max(0, at - 2) : at].rstrip()
    return head if head in names.compound_surnames else head[-1:] if head[-1:] in names.first else ""


def again(text: str, full: Mapping[str, int]) -> list[Span]:
    """Wherever a text says a name that was found in it; `full`: names and how many characters of each are hidden."""
    sizes = sorted({len(name) for name in full}, reverse=True)
    spans = []
    for found in re.finditer(f"[{''.join({name[0] for name in full})}]", text) if full else ():
        at = found.start()
        if size := next((n for n in sizes if text[at : at + n] in full), None):
            spans.append((at + size - full[text[at : at + size]], at + size))
    return spans


def whole(found: re.Match[str], names: Names, cue: float) -> list[Span]:
    """All that was found."""
    return [found.span()]


CHECKS = {"whole": whole, "behind": behind, "before": before, "signed": signed}
