"""Names of persons that no cue announces, in letters and complaints: by what stands around them, and by a model."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opinion_lab.prepare.redaction.names import (
    ENDS,
    LEAST,
    NOUNS,
    PLACES,
    Span,
    chances,
    is_listed_word,
    is_word,
    listed,
    read_name,
)
from opinion_lab.prepare.tokens import dictionary
from opinion_lab.rules.redaction import Names, Redaction

# Behind a place, an estate, a firm: 雷峰大道, 金鼎山村, 徐基餐饮.
_PLACE = re.compile(
    r".{0,2}?(?:省|市|县|区|镇|乡|村|组|路|街|道|巷|桥|山|湖|河|江|塘|冲|岭|湾|洲|港|屯|寨|庄|园|苑|城|府|庭|里|楼|栋|站|店|厂|局|所|院|"
    r"校|公司|集团|超市|医院|小区|大厦|广场|花园|中学|小学|大学|市场|酒店|宾馆|物业|置业|地产|餐饮|科技|商贸|食品|银行|社区|隧道|铁路|高速|线|潭|坪|铺|坡|溪)"
    r"(?![长民主员]|支书)"
)


PRESS = re.compile(r"记者|本报|据报道|编辑[:：]|股份|证券|辞职|\([036]\d{5}\)")


# What makes a name of what follows, and of what stands before it, in a complaint.
_LABEL = frozenset(":：】")
_ROLE = frozenset(
    "人员师者方商主工户长头友生代夫妻儿女父母哥姐弟妹妈爸公婆媳婿孩娘爷奶叔婶姨舅侄孙东客理导播护模手贼骗的叫名系找问和与跟对被由给让告诉下"
)
_OF_NAME = re.compile(
    r"妈妈?|爸爸?|奶奶|爷爷|父亲|母亲|家长|老人|医[师生]|律师|老师|[这那][个位]?人|诊所|两?夫妻|[（(](?:签[字名章]|身份|笔名|已|男|女)|实名|二?三?人|"
    r"[兄姐]弟|姐妹|此人|已经?去世|住院|之[女子妻]|[一两二三四五]?[户家人]"
)


def _named(text: str, at: int) -> float:
    """What stands before a surname, as log-odds: a label, who somebody is, a mark, or the middle of a sentence."""
    before = text[at - 1 : at] if at else ""
    if before == " ":
        before = text[at - 2 : at - 1] if at > 1 else ""
    if before in _LABEL:
        return 2.5
    return 1.5 if before in _ROLE else -1.0 if "\u4e00" <= text[at - 1 : at] <= "\u9fa5" else 1.0


def _of_place(text: str, start: int, end: int, named: float) -> bool:
    """Whether a given name is part of a place or a firm: 金鼎山村, 徐基餐饮."""
    if text[end - 1] in PLACES and text[end - 1] not in "山河湖溪城江岭湾":
        return True
    alone = named > 1 and (ENDS.match(text, end) or _OF_NAME.match(text, end))
    return not alone and (text[end - 1] in PLACES or bool(_PLACE.match(text, end - (end - start == 2))))


def spotted(found: re.Match[str], names: Names, cue: float) -> list[Span]:
    """A full name in a complaint, in which no word begins or ends; what stands around it speaks for it or not."""
    text, at = found.string, found.start()
    likely, named = chances(names.usual), _named(text, at)
    if likely[text[at + 1]] + max(likely[text[at + 2 : at + 3]], 0.0) + 4 + cue + 2 * named < LEAST:
        return []  # by far the most
    if is_listed_word(text[max(0, at - 2) : at + 1]) or (named < 1.5 and is_listed_word(text[max(0, at - 1) : at + 1])):
        return []
    if named < 0 and (is_listed_word(text[at : at + 2]) or is_listed_word(text[at : at + 3])):
        return []
    best: tuple[float, Span] | None = None
    for start, end, odds in read_name(text, at, names):
        if _of_place(text, start, end, named):
            continue
        inside = (text[at:end], text[at : at + 2], text[end - 1 : end + 1], *([] if named > 1 else [text[start:end]]))
        odds -= 3.0 * any(map(is_listed_word, inside)) + (3.0 if end - start == 1 else 1.0) * (
            text[at] in NOUNS and named < 1.5
        )
        odds += 2.0 * bool(_OF_NAME.match(text, end)) + (named + 0.5) * (named > 1 and bool(ENDS.match(text, end)))
        if best is None or odds > best[0]:
            best = odds, (start, end)
    if best is None or best[0] + cue + named < LEAST:
        return []
    return [best[1], *listed(text, best[1][1], names)]


def is_clear(text: str, start: int, rules: Redaction) -> bool:
    """Whether a given name at `start` is one even where no letter is: no rare surname, none that names things."""
    surname = text[start - 1]
    whole = text[start - 1 : start + 2]
    chance = chances(rules.names.usual)
    clear = surname not in NOUNS and surname not in rules.names.rare_surnames and whole[-1] not in PLACES
    return clear and chance[whole[1]] + chance[whole[2]] > 2.5 and not is_listed_word(whole[1:])


def recognised(text: str, spans: Iterable[Span], names: Names) -> list[Span]:
    """The given names where a model sees persons; where its edges are no name's, what stands beside them decides."""
    found: list[Span] = []
    for a, b in spans:
        whole = text[a:b]
        compound = whole[:2] in names.compound_surnames
        if _famous(whole) or _TITLED.search(whole) or _PLACE_BEHIND.match(text, b) or whole[-1] in PLACES:
            continue
        if is_word(text[b - 1 : b + 1]):
            continue  # 周南中|学
        if whole[0] in names.first and b - a == 3 + compound and _HANS.fullmatch(whole):
            found.append((a + 1 + compound, b))
            continue
        best: tuple[float, Span] | None = None
        for at in range(max(0, a - 1), min(b, a + 2)):
            for start, end, odds in read_name(text, at, names):
                odds += (4.0 if end - start == 2 else 2.5) - 1.5 * abs(end - b) - abs(at - a)
                if not _PLACE_BEHIND.match(text, end) and (best is None or odds > best[0]):
                    best = odds, (start, end)
        if best and best[0] >= LEAST:
            found.append(best[1])
        elif b - a > 2 and _HANS.fullmatch(whole) and not is_listed_word(whole):
            found.append((a if b - a > 4 or "·" in whole else a + 1, b))
    return found


_HANS = re.compile(r"[\u4e00-\u9fa5·•]+")
_PLACE_BEHIND = re.compile(_PLACE.pattern.replace(".{0,2}?", ""))
_TITLED = re.compile(r"[长员师总哥姐叔姨某]$|主任|书记|领导|先生|女士|老板|经理|同志|医生")


def _famous(name: str) -> bool:
    """Whether a dictionary knows the name: somebody that everybody knows."""
    return dictionary.frequencies()[0].get(name, 0) >= 50


CHECKS = {"spotted": spotted}
