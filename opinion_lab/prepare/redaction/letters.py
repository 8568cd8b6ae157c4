"""Names of persons that no cue announces, in letters and complaints: by what stands around them, and by a model."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opinion_lab.prepare.redaction.names import (
    ENDS,
    LEAST,
    NOUNS,
    PAIR,
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

#: A label stands before a name, whatever follows.
_LABEL = frozenset(":：】")


def _named(text: str, at: int, roles: str) -> float:
    """What stands before a surname, as log-odds: a label, who somebody is, a mark, or the middle of a sentence."""
    before = text[at - 1 : at] if at else ""
    if before == " ":
        before = text[at - 2 : at - 1] if at > 1 else ""
    if before in _LABEL:
        return 2.5
    return 1.5 if before in roles else -1.0 if "\u4e00" <= text[at - 1 : at] <= "\u9fa5" else 1.0


def _of_place(text: str, start: int, end: int, named: float, names: Names) -> bool:
    """Whether a given name is part of a place or a firm: 金鼎山村, 徐基餐饮."""
    if text[end - 1] in PLACES and text[end - 1] not in "山河湖溪城江岭湾":
        return True
    alone = named > 1 and (ENDS.match(text, end) or names.re_behind.match(text, end))
    return not alone and (text[end - 1] in PLACES or bool(names.re_places.match(text, end - (end - start == 2))))


def spotted(found: re.Match[str], names: Names, cue: float) -> list[Span]:
    """A full name in a complaint, in which no word begins or ends; what stands around it speaks for it or not."""
    text, at = found.string, found.start()
    likely, named = chances(names.usual), _named(text, at, names.roles)
    if likely[text[at + 1]] + max(likely[text[at + 2 : at + 3]], 0.0) + 4 + cue + 2 * named < LEAST:
        return []  # by far the most
    if is_listed_word(text[max(0, at - 2) : at + 1]) or (named < 1.5 and is_listed_word(text[max(0, at - 1) : at + 1])):
        return []
    if at and is_word(text[at - 1 : at + 1], 5000):
        return []  # 公|司股东
    if named < 0 and (is_listed_word(text[at : at + 2]) or is_listed_word(text[at : at + 3])):
        return []
    best: tuple[float, Span] | None = None
    for start, end, odds in read_name(text, at, names):
        if _of_place(text, start, end, named, names):
            continue
        inside = (text[at : at + 2], text[end - 1 : end + 1])
        odds -= (
            3.0 * any(map(is_listed_word, inside))
            + (named <= 1) * is_listed_word(text[start:end])
            + (3.0 if end - start == 1 else 1.0) * (text[at] in NOUNS and named < 1.5)
        )
        odds += 2.0 * bool(names.re_behind.match(text, end)) + (named + 0.5) * (
            named > 1 and bool(ENDS.match(text, end))
        )
        if best is None or odds > best[0]:
            best = odds, (start, end)
    if best is None or best[0] + cue + named < LEAST - PAIR:
        return []
    more = listed(text, best[1][1], names)
    return [best[1], *more] if more or best[0] + cue + named >= LEAST else []


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
        if _famous(whole) or _TITLED.search(whole) or names.re_place_next.match(text, b) or whole[-1] in PLACES:
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
                if not names.re_place_next.match(text, end) and (best is None or odds > best[0]):
                    best = odds, (start, end)
        if best and best[0] >= LEAST:
            found.append(best[1])
        elif b - a > 2 and _HANS.fullmatch(whole) and not is_listed_word(whole):
            found.append((a if b - a > 4 or "·" in whole else a + 1, b))
    return found


_HANS = re.compile(r"[\u4e00-\u9fa5·•]+")
_TITLED = re.compile(r"[长员师总哥姐叔姨某]$|主任|书记|领导|先生|女士|老板|经理|同志|医生")


def _famous(name: str) -> bool:
    """Whether a dictionary knows the name: somebody that everybody knows."""
    return dictionary.frequencies()[0].get(name, 0) >= 50


CHECKS = {"spotted": spotted}
