"""Whether a personal name stands behind a surname: only where the words before it announce one.

No search for names in running text: it would hurt places and firms more than it saves. Surnames, usual given-name
characters and everyday words that begin with a surname are tables in `rules.redaction`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from opinion_lab.prepare import normalize as texts
from opinion_lab.rules.redaction import Names

Span = tuple[int, int]


NOT_GIVEN = frozenset(
    "的了是不在说要会都还也很把被让给对从与及或但而因这那哪什怎没将已再又才只们吗呢吧啊呀哦个您我你他她它请各该某此其就去到过着得地多称"
)
# Surnames that are also verbs or prepositions: 投诉人于当日、举报人向商家. Unless it is said that a name follows, what
# stands behind them must be made of usual given-name characters.
VERBS = frozenset("于向方常万左单项解任连包查管谈付费施游")
# What may follow a name that was announced (投诉人…) ...
GOES_ON = re.compile(
    r"[^\u4e00-\u9fa5]|$|说|称|的|电话|手机|男|女|出生|生于|于|因|在|是|系|与|和|及|等|诉|投诉|举报|反映|表示|认为|有关|配合|提供|"
    r"向|被|将|已|要|从|到|对|以|为|有|就|并|身份|联系|家住|住|今年|性别|现|原|您|同志|一家|先后|多次|曾|也|来|去"
)
# ... one that was hinted at (老板…) ...
SPEAKS = re.compile(r"[^\u4e00-\u9fa5\w]|$|说|称|表示")
# ... and what shows that it was a person.
PERSON = re.compile(
    r"[,，、(（\s:：]{0,2}(?:男|女|今年\d|现年|身份证|电话|手机|联系电话|家住|\d{2}岁|\[手机号|\[身份证)"
)


def given_name(
    text: str, at: int, names: Names, goes_on: re.Pattern[str], *, loose: bool, said: bool = False
) -> Span | None:
    """The given name behind the surname at `at`, or None when no name stands there.

    `said`: the text says that a name follows (姓名：). `loose`: it does not, so everyday words (高兴, 方面) are no
    names unless all their characters are usual in names.
    """
    start = at + 2 if text[at : at + 2] in names.compound_surnames else at + 1
    surname = texts.simple(text[at : at + 1])
    single = start == at + 1
    if not surname.strip() or (single and surname not in names.surnames):
        return None
    for n in (2, 1):
        given = text[start : start + n]
        if len(given) < n or not re.fullmatch(r"[\u4e00-\u9fa5]+", given) or NOT_GIVEN & set(given):
            continue
        if given == surname * n or given.startswith(names.titles) or not goes_on.match(text, start + n):
            continue
        usual = names.usual.issuperset(given)
        if surname in VERBS and not (said or usual):
            continue
        everyday = single and given[0] in names.everyday.get(surname, "")
        if everyday and (loose if n == 2 else not said) and not (usual and (n == 2 or not loose)):
            continue
        return start, start + n
    return None


def announced(found: re.Match[str], names: Names) -> list[Span]:
    """我叫…, 投诉人…, 联系人：甲、乙: each name of the list, and each of them wherever else it stands in the text."""
    text, at = found.string, found.start("name")
    said = bool(re.search(r"[:：叫]\s*$", text[found.start() : at]))
    spans = []
    while span := given_name(text, at, names, GOES_ON, loose=False, said=said):
        full = text[at : span[1]]
        hidden = span[1] - span[0]
        spans += [(m.end() - hidden, m.end()) for m in re.finditer(re.escape(full), text)]
        more = re.compile(r"[、和及,，]\s?").match(text, span[1])
        if not more:
            break
        at = more.end()
    return spans


def hinted(found: re.Match[str], names: Names) -> list[Span]:
    """老板…, 当事人…, 我是…: a name when its characters are usual ones, or when it is plain that it is a person's."""
    text, at = found.string, found.start("name")
    if span := given_name(text, at, names, PERSON, loose=False):
        return [span]
    span = given_name(text, at, names, SPEAKS, loose=True)
    if span is None:
        return []
    given = text[slice(*span)]
    usual = sum(c in names.usual for c in given)
    # 患者高血压, 我是高中生: one usual character is asked for; where a place or a trade is likelier, two
    enough = usual == 2 if found[0].startswith(("我", "本人")) else usual or len(given) == 1
    return [span] if enough else []


def beside(found: re.Match[str], names: Names) -> list[Span]:
    """A name right before a number that was hidden: 李志宁（[手机号]）."""
    span = given_name(found.string, found.start("name"), names, re.compile(re.escape(found["tail"])), loose=True)
    return [span] if span else []


CHECKS: dict[str, Callable[[re.Match[str], Names], list[Span]]] = {
    "announced": announced,
    "hinted": hinted,
    "beside": beside,
}
