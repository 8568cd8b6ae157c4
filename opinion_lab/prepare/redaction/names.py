"""Names of persons: what stands beside a cue, or in a complaint without one, if it is likelier a name than words.

`lattice` says how much likelier; a cue (a field label, a trade, a title behind it) adds the log-odds of the table, and
where there is none, the kind of word beside it does. A name found once is a name wherever else the text says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from opinion_lab.prepare.redaction.lattice import Lattice
from opinion_lab.prepare.tokens import dictionary
from opinion_lab.rules.redaction import Names

Span = tuple[int, int]

#: Log-odds: what another name beside it counts, a field that it fills, a name of two characters that nothing announces.
PAIR, _FILLS, _SHORT, _RARE, _MOST = 3.0, 2.0, -4.0, -2.0, 3.0
_NEVER = -20.0  # log-odds: what is said behind it leaves no doubt
_WORDS = -1.0  # log-odds below which only a field label makes a name of words
_COMMON = -11.5  # log-probability of a word that no name begins in
_LIST = 20  # names of one list
_NOT_GIVEN = frozenset(
    "记的了是不在说要会都还也很把被让给对从与及或但而因这那哪什怎没将已再又只们吗呢吧啊呀哦个您我你他她它请各该某此其就去到过着得"
)
ENDS = re.compile(r"[^\u4e00-\u9fa5]|$")
HAN = re.compile(r"[\u4e00-\u9fa5]")
_BLANK = re.compile(r"[ .．·•\t\u3000\u00ad\u200b-\u200f\u2060\ufeff]{0,4}")
_NEXT = re.compile(r"[、/]\s?|以?[和与跟及,，]\s?")
_VISIT = re.compile(r"[在去到][^在去到]{1,2}\Z")  # and a surname
_AREAS = frozenset("省市县区镇乡街道路城")
_LABEL = frozenset(":：】")
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


def _candidates(lattice: Lattice, at: int, one: float, two: float) -> Iterator[tuple[int, int, float]]:
    """What can be the given name behind a surname at `at`: start, end, log-odds. 张三丰, 张 三, 张 三 丰.

    Of one character what cannot come to `one` is left out, of two what cannot come to `two`.
    """
    text, names = lattice.came, lattice.names
    if at + 1 >= len(text) or text[at] not in names.first:
        return
    bounds = lattice.bounds(at)
    if bounds[0] < one and bounds[1] < two:
        return
    end = at + 1
    apart = not HAN.match(text, end)
    second = _BLANK.match(text, end).end() if apart else end  # type: ignore[union-attr]
    if text[at] + text[second : second + 1] in names.compound_surnames:
        end = second + 1
    elif lattice.text[at] not in names.single or (text[at] in names.place_ends and text[at - 1 : at].isdigit()):
        return  # 17楼
    first = _BLANK.match(text, end).end()  # type: ignore[union-attr]
    apart = first > end
    second = _BLANK.match(text, first + 1).end() if apart else first + 1  # type: ignore[union-attr]
    for n, last, enough in ((1, first, one), (2, second, two)):
        given = text[first] + (text[second] if n == 2 else "") if last < len(text) else ""
        if not given or not HAN.match(given[-1]) or not _NOT_GIVEN.isdisjoint(given):
            return
        if given in names.titles or text.startswith(names.long_titles, first):
            continue
        if (n == 2 and text.startswith(names.titles, last)) or given in ("子", "一" + text[at]):
            continue
        if bounds[n - 1] >= enough and (not apart or ENDS.match(text, last + 1)):
            odds = lattice.odds(at, first, last + 1)
            if odds >= enough:
                yield first, last + 1, odds


def _best(lattice: Lattice, at: int, left: float | None = None, least: float = -99.0) -> tuple[float, Span]:
    """The likeliest given name behind a surname at `at`; `left`: log-odds of a cue that stands before it.

    What cannot come to `least` is not looked at.
    """
    found = (-99.0, (at, at))
    if at + 1 >= len(lattice.came) or lattice.came[at] not in lattice.names.first:
        return found
    rare = lattice.came[at] in lattice.names.rare_surnames
    if left is None:
        short, seldom, most = _SHORT, _RARE * rare, _most_left(lattice, at)
    else:
        short, seldom, most = (-1.5, -1.0 * rare, left) if left < 2 else (0.0, 0.0, left)
    one, two = _enough(lattice, at, least - most, short, seldom)
    if (left or 0.0) < 3:
        one, two = max(one, _WORDS), max(two, _WORDS)  # 来电人|曾咨询|律师: words, whatever stands beside them
    for first, end, odds in _candidates(lattice, at, one, two):
        if (left or 0.0) < 3 and end <= lattice.branded.get(at, 0):
            continue  # 费雪, not 费雪琴
        odds += (_left(lattice, at) if left is None else left) + short * (end - first == 1) + seldom
        found = max(found, (odds + _right(lattice, first, end, left or 0.0), (first, end)))
    return found


def _enough(lattice: Lattice, at: int, least: float, short: float, seldom: float) -> tuple[float, float]:
    """The log-odds that given names of one character and of two need to come to `least`, whatever is behind them."""
    one, two = _most_right(lattice, at + 2), _most_right(lattice, at + 3)
    if lattice.bounds(at)[0] == 99:  # a compound surname or a blank: how they stand is not known
        return least - max(one, two), least - max(one, two)
    return least - seldom - one - short, least - seldom - two


def spotted_odds(lattice: Lattice, at: int, enough: float, common: float) -> Iterator[tuple[int, int, float]]:
    """What can be the given name behind a surname where a person is said to stand: start, end, log-odds.

    What cannot come to `enough` may be left out; what shares its last character with a word as likely as `common` is.
    """
    text, names, words = lattice.came, lattice.names, lattice.model.words
    one = two = enough - 2 * _MOST - _FILLS
    rare = _RARE * (text[at] in names.rare_surnames)
    if at + 1 < len(text) and text[at] in names.first and lattice.bounds(at)[0] < 99:
        one, two = _enough(lattice, at, enough - _most_left(lattice, at), _SHORT, rare)
    for first, end, odds in _candidates(lattice, at, one, two):
        if words.get(lattice.text[end - 1 : end + 1], -99.0) > common:
            continue  # 周楠中|学
        if end > lattice.branded.get(at, 0) and not names.goods.fullmatch(text, first, end):  # 陈|麻花
            odds += rare + _SHORT * (end - first == 1)
            yield first, end, odds + _left(lattice, at) + _right(lattice, first, end, left=3.0)


def _most_left(lattice: Lattice, at: int) -> float:
    """No less than what the word before a surname says."""
    before, odds = lattice.came[max(0, at - 2) : at], lattice.names.left
    if not HAN.match(before[-1:]):
        return 2.0
    return max(odds.get(before[-1], 0.1), odds.get(before, 0.1))


def _most_right(lattice: Lattice, end: int) -> float:
    """No less than what stands behind a name says; with blanks in the name no more is known."""
    behind, odds = lattice.came[end : end + 2], lattice.names.right
    if not HAN.match(behind) or not HAN.match(behind[1:]) or lattice.names.behind.match(lattice.came, end):
        return _MOST
    return max(odds.get(behind[0], 0.3), odds.get(behind, 0.3))


def _left(lattice: Lattice, at: int) -> float:
    """What the word before a surname says, as log-odds."""
    before = lattice.came[max(0, at - 2) : at].rstrip()[-1:]
    if before in _LABEL:
        return 2.0
    if before in _AREAS:
        return -3.0
    word = lattice.word_before(at)
    return _beside(word, lattice.names.left) if word else 1.0


def _right(lattice: Lattice, first: int, end: int, left: float) -> float:
    """What stands behind a name says."""
    text, names = lattice.came, lattice.names
    if names.behind.match(text, end):
        return 2.0
    word = lattice.word_behind(end)
    if not word:
        odds = 0.8 + (_FILLS if left >= 3 else 0.0)
    else:
        after = lattice.word_behind(end + len(word))
        there = any(names.visited.match(text, at) for at in range(first + 1, end + 1))
        visited = there and _VISIT.search(text, max(0, first - 3), first)
        if visited or is_no_person(lattice, end) or (left < 3 and names.re_places.fullmatch(word + after)):
            return _NEVER
        odds = _beside(word, names.right)
    return odds - 3.0 * (text[end - 1] in names.place_ends)


def is_no_person(lattice: Lattice, end: int) -> bool:
    """Whether what stands right behind a name makes a place, a firm, a shop or its goods of it."""
    text, names, word = lattice.came, lattice.names, lattice.word_behind(end)
    if not word:
        return False
    whole = word + lattice.word_behind(end + len(word)) if dictionary.tags().get(word, "n")[0] == "n" else word
    return bool(
        any(names.products.fullmatch(w) for w in (word, whole))
        or names.places.match(text, end)
        or any(names.goods.match(text, at) for at in (end - 1, end))
    )


def _beside(word: str, odds: Mapping[str, float]) -> float:
    return odds.get(word, odds.get(dictionary.tags().get(word, "x")[0], 0.0))


def behind(found: re.Match[str], lattice: Lattice, cue: float) -> list[Span]:
    """The given name behind a cue, and those of a list that goes on behind it: 联系人：甲、乙."""
    odds, span = _best(lattice, found.end(), left=cue, least=-PAIR)
    if odds >= -PAIR:
        more = _listed(lattice, span[1])
        if more or odds >= 0:
            return [span, *more]
    return transcribed(lattice, found.end(), cue)


def _listed(lattice: Lattice, at: int) -> list[Span]:
    """The names that a list goes on with: ...、李永和、李秀淼."""
    spans: list[Span] = []
    while len(spans) < _LIST and (more := _NEXT.match(lattice.came, at)):
        at = more.end()
        if at not in lattice.listed:
            lattice.listed[at] = _best(lattice, at, left=lattice.names.listed, least=0.0)
        odds, span = lattice.listed[at]
        if odds < 0:
            break
        spans.append(span)
        at = span[1]
    return spans


def transcribed(lattice: Lattice, at: int, cue: float) -> list[Span]:
    """A name of another make: 阿依古丽, 买买提·艾力, 扎西平措."""
    found = lattice.names.re_transcribed.match(lattice.came, at)
    if not found or _NOBODY.search(found[0]) or cue < -0.5 or (cue < 3 and at in lattice.branded):
        return []
    ends = [found.end()] if "·" in found[0] or "•" in found[0] else range(at + 3, found.end() + 1)
    odds, end = max(
        ((lattice.odds_transcribed(at, end) + _right(lattice, at, end, cue), end) for end in ends), default=(-99.0, at)
    )
    return [(at, end)] if odds + cue >= 0 else []


def before(found: re.Match[str], lattice: Lattice, cue: float) -> list[Span]:
    """The given name before a cue: 张三丰女士, 张三（男，35岁）."""
    text, end, top = lattice.came, found.start(), (-1.0, (0, 0))
    for at in (at for at in range(max(0, end - 8), end - 1) if text[at] in lattice.names.first):
        enough, short = -cue - _most_left(lattice, at), 1.5 * (cue < 2)
        for first, stop, odds in _candidates(lattice, at, enough + short, enough):
            if stop == end or not text[stop:end].strip():
                odds += _left(lattice, at) + cue - short * (stop - first == 1)
                top = max(top, (odds, (first, stop)))
    return [top[1]] if top[0] >= 0 else []


def signed(found: re.Match[str], lattice: Lattice, cue: float) -> list[Span]:
    """The name under a letter: it stands alone between marks."""
    spans = before(found, lattice, cue) if found.start() > 30 else []  # a title is no letter
    alone = re.compile(r"(?:[\s。！!~～，,：:]|此致|敬礼|谢谢)\s?[\u4e00-\u9fa5]{1,2}$")
    return [s for s in spans if alone.search(found.string[max(0, s[0] - 8) : s[0]])]


def spotted(found: re.Match[str], lattice: Lattice, cue: float) -> list[Span]:
    """A full name that nothing announces; what stands around it speaks for it or not."""
    odds, span = _best(lattice, found.start(), least=-PAIR - cue)
    if odds + cue < -PAIR:
        return []
    more = _listed(lattice, span[1])
    return [span, *more] if more or odds + cue >= 0 else []


def likely(surnames: Iterator[re.Match[str]], lattice: Lattice, cue: float) -> Iterator[re.Match[str]]:
    """Of many surnames, most of them words, those for which `spotted` may find something."""
    text, words, least = lattice.text, lattice.model.words, -PAIR - cue
    for found in surnames:
        at = found.start()  # 儿|童, 安|全: by far the most
        if lattice.most.get(at, -99.0) >= least and words.get(text[at - 1 : at + 1], -99.0) <= _COMMON:
            yield found


def weigh(lattice: Lattice, least: float) -> None:
    """Note of each surname no less than what a full name there comes to; of what cannot come to `least` nothing."""
    text, names, bounds = lattice.text, lattice.names, lattice.model.bounds
    for at, character in enumerate(lattice.came[:-1]):
        if character in names.first:
            one, two = bounds(text[at : at + 3])
            most = max(one + _SHORT * (one < 99), two) + _RARE * (character in names.rare_surnames)
            if most + 2 * _MOST >= least and (most := most + _MOST + _most_left(lattice, at)) >= least:
                lattice.most[at] = most


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


CHECKS = {"behind": behind, "before": before, "signed": signed, "spotted": spotted}
CHECKS["whole"] = lambda found, lattice, cue: [found.span()]
