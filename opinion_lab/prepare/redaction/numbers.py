"""Whether a number, an account or a plate that a pattern found is what it looks like.

Digits are read however they are written. Each test takes a match on such a reading and gives the spans to hide, none
when the find is something else: an order number that looks like a telephone, a list of days that looks like an IP
address, the landline of an office.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

import polars as pl

from opinion_lab.prepare import normalize as texts

Span = tuple[int, int]

# --- how digits are written ----------------------------------------------------------------------------------

_PLAIN = {c: chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F) if chr(c) not in "，！？：；（）～"}
_PLAIN |= {
    c: str(unicodedata.digit(chr(c)))
    for block in (range(0x80, 0x3400), range(0x1D7CE, 0x1D800), range(0x1F100, 0x1F10B))
    for c in block
    if unicodedata.digit(chr(c), None) is not None
}
_PLAIN |= dict.fromkeys(map(ord, "×ХхⅩⅹ"), "X")  # the last place of an identity number
_NUMERALS = "零〇○洞 一壹幺弌 二贰貳弍两 三叁參弎 四肆 五伍 六陆陸 七柒拐 八捌 九玖勾"
# Chinese numerals become Arabic-Indic digits: \d finds them, [0-9] does not, so 第一13812345678 keeps its boundary.
_SPOKEN = _PLAIN | {ord(n): chr(0x660 + d) for d, ways in enumerate(_NUMERALS.split()) for n in ways}
_ODD, _ODD_SPOKEN = (re.compile(f"[{re.escape(''.join(map(chr, table)))}]") for table in (_PLAIN, _SPOKEN))
_DIGIT = "0-9OoIl" + "".join(chr(c) for c, d in _PLAIN.items() if d.isdigit()) + _NUMERALS.replace(" ", "")
_BETWEEN = r"\W_Xx杠点横空转\p{M}" + texts.INVISIBLE
#: Seven digits, however written, with little between them: the least that can be a number worth hiding (for polars).
DIGITS = rf"(?:[{_DIGIT}][{_BETWEEN}]{{0,3}}){{6}}[{_DIGIT}]"
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\u20e3]")


def plain(text: str) -> str:
    """The text with every digit, letter and mark of ASCII at half width; as long as before."""
    return _ODD.sub(lambda m: _PLAIN[ord(m[0])], text)


def read(s: pl.Series, *, numerals: bool) -> pl.Series:
    """The same for many texts; with `numerals` those of Chinese are digits that \\d finds and [0-9] does not."""
    odd, table = (_ODD_SPOKEN, _SPOKEN) if numerals else (_ODD, _PLAIN)
    by = [*table.values()]
    return texts.where(s, s.str.contains(odd.pattern), lambda rows: rows.str.replace_many([*map(chr, table)], by))


def _number(s: str) -> str:
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else "X" if c in "Xx" else "" for c in s)


def left_of(found: re.Match[str], n: int) -> str:
    """The `n` characters before a find."""
    return found.string[max(0, found.start() - n) : found.start()]


def right_of(found: re.Match[str], n: int) -> str:
    """The `n` characters behind a find."""
    return found.string[found.end() : found.end() + n]


def always(found: re.Match[str]) -> list[Span]:
    """What the group `hide` holds, or all that was found."""
    return [found.span("hide") if "hide" in found.re.groupindex and found["hide"] else found.span()]


# --- numbers of persons ----------------------------------------------------------------------------------------

# GB/T 2260: the first two digits are a province
_RANGES = ((11, 16), (21, 24), (31, 38), (41, 47), (50, 55), (61, 66), (71, 72), (81, 84))
_REGIONS = {n for first, end in _RANGES for n in range(first, end)}
# Numbers of goods, papers and firms look like numbers of people, and they are what a complaint is about.
_OF_THINGS = re.compile(
    r"(?:批号|批次|条码|条形码|货号|型号|备案号?|许可证号?|执照号?|注册号|信用代码|文号|编码|工单号?|案号|ISBN|域名|icp|ICP)\D{0,4}$"
)
_MONEY = re.compile(r"\s*(?:元(?![宝旦])|万(?![分一般望谢])|亿|%|块|美金|美元)")


def _day(ymd: str) -> bool:
    try:
        return 1900 <= date(int(ymd[:4]), int(ymd[4:6]), int(ymd[6:])).year <= 2040
    except ValueError:
        return False


def identity(found: re.Match[str]) -> list[Span]:
    """18 places with a province and a birthday (GB 11643), whatever the check digit; or said to be such a number."""
    number, groups = _number(found[0]), re.split(r"[^\dXx]+", found[0])
    if number[0] == "0" or (len(groups) > 6 and any(len(g) > 2 for g in groups)):
        return []
    named = re.search(r"身份证|身分证|身份證|证件号|公民身份|(?i:sfz)", left_of(found, 16)) and len(groups) <= 6
    real = _day(number[6:14]) and int(number[:2]) in _REGIONS and not _OF_THINGS.search(left_of(found, 12))
    return [found.span()] if real or named else []


def old_identity(found: re.Match[str]) -> list[Span]:
    """15 places of before 1999, without a check digit: province and birthday must be possible."""
    real = int(found[0][:2]) in _REGIONS and _day("19" + found[0][6:12])
    return [found.span()] if real and not _OF_THINGS.search(left_of(found, 12)) else []


def bank(found: re.Match[str]) -> list[Span]:
    """A card number: issuer and check digit (Luhn, ISO/IEC 7812); without the latter when a bank is named, or by 62."""
    if _OF_THINGS.search(left_of(found, 12)):
        return []
    named = re.search(
        r"卡号|银行|储蓄卡|借记卡|信用卡|[工农中建交招]行|[帐账][户号]|开户|汇款|转账|打款", left_of(found, 14)
    )
    pieces = list(re.finditer(r"[0-9]+|[\u0660-\u0669]+", found[0]))
    # another number, or a word such as 一直, may follow: try the longest first
    ends = [(n, p.end() - less) for n, p in enumerate(pieces, 1) for less in ((1, 0) if p[0] >= "\u0660" else (0,))]
    for n, end in reversed(ends):
        number, sizes = _number(found[0][:end]), [len(p[0]) for p in pieces[:n]]
        grouped = n == 1 or set(sizes[:-1]) <= {4, 6} or max(sizes) <= 2
        if not 15 <= len(number) <= 19 or not grouped or len(set(number)) == 1:
            continue
        doubled = sum(sum(divmod(2 * int(d), 10)) for d in number[-2::-2])
        luhn = (sum(int(d) for d in number[-1::-2]) + doubled) % 10 == 0
        if re.match(r"62|4|5[1-5]|3[4-7]|60|65|81|9558", number) and (luhn or named or number[:2] == "62"):
            return [(found.start(), found.start() + end)]
    return []


def order(found: re.Match[str]) -> list[Span]:
    """An order or parcel number, not an amount or a day; a bare telephone behind 快递 is left to its own rule."""
    number = re.sub(r"\D", "", found["hide"])
    said = found["strong"] or found["bare"] or (re.search("[:：]", found[0]) and not re.match(r"20\d{6}$", number))
    money = _MONEY.match(found.string, found.end()) or re.match(r"\.\d", right_of(found, 2))
    phone = not said and re.fullmatch(r"1[3-9]\d{9}", number)
    return [] if len(number) < (8 if said else 10) or money or phone else [found.span("hide")]


def mobile(found: re.Match[str]) -> list[Span]:
    """Eleven digits, 13 to 19 first, in one piece or grouped as people group them; not inside a longer number."""
    body, before, after = found["body"], left_of(found, 12), right_of(found, 6)
    groups = tuple(len(g) for g in re.findall(r"\d+", body))
    marks = [_UNSEEN.sub("", b) for b in re.split(r"\d+", body)[1:-1]]
    if _number(body)[1] < "3" or _OF_THINGS.search(before) or _MONEY.match(after):
        return []
    if re.search(r"[0-9]\.$|[¥￥$]$", before) or re.match(r"\.[0-9]", after):
        return []  # a decimal, an amount
    if re.fullmatch(r"u_[0-9a-f]*|[0-9a-f]{16,}", _ascii_word(found)):
        return []  # part of a hash
    if any(marks) and groups != (3, 4, 4) and ("\n" in body or not _grouped(groups, marks, before, after)):
        return []
    if body[0] >= "\u0660" and len(re.findall(r"[\u0660-\u0669]*$", before)[0]) + len(_leading_numerals(after)) > 3:
        return []  # a longer row of numerals; one or two may belong to a word: 星期一, 一直
    # a bracket that opened before the number and closed inside it goes with it: (138)1234-5678
    lone = any(close in body and open_ not in body and before.endswith(open_) for open_, close in ("()", "（）"))
    return [(found.start() - lone, found.end())]


def _grouped(sizes: tuple[int, ...], marks: list[str], before: str, after: str) -> bool:
    kinds = {m.strip() or " " for m in marks if m}
    if max(sizes) == 1 and kinds <= set(" -—_"):
        return not re.search(r"(?<![0-9])[0-9][ —_-]$", before) and not re.match(r"[ —_-][0-9](?![0-9])", after)
    in_two = len(sizes) == 2 and min(sizes) >= 3 and sizes[0] != 8  # 20130512-123 begins with a day
    regular = in_two or (3 <= len(sizes) <= 5 and sizes[0] <= 4 and max(sizes) <= 5) or max(sizes) <= 2
    if len(kinds) > 1 or not regular or kinds & set("Xx") or (kinds & set(",，、/:：;；") and len(sizes) < 11):
        return False
    mark = re.escape(kinds.pop())
    # part of a longer row of numbers, an account, a table, a lottery draw; to single digits only single ones belong
    first, last = ("(?<![0-9])[0-9]", "[0-9](?![0-9])") if max(sizes) == 1 else ("[0-9]", "[0-9]")
    return not (re.search(rf"{first}\s?{mark}\s?$", before) or re.match(rf"\s?{mark}\s?{last}", after))


def _leading_numerals(s: str) -> str:
    return re.findall(r"^[\u0660-\u0669]*", s)[0]


def _ascii_word(found: re.Match[str]) -> str:
    head, tail = re.search(r"[A-Za-z0-9_]*$", left_of(found, 40)), re.match(r"[A-Za-z0-9_]*", right_of(found, 40))
    return (head[0] if head else "") + found[0] + (tail[0] if tail else "")


def lookalike(found: re.Match[str]) -> list[Span]:
    """A telephone in which letters stand for digits: l38OO138OOO."""
    read = found[0].translate(str.maketrans("OoIl|", "00111"))
    letters = sum(c in "OoIl|" for c in found[0])
    return [found.span()] if 1 <= letters <= 6 and re.match(r"1[3-9]", re.sub(r"\D", "", read)) else []


# An office that is named in the sentence; a firm, or an invitation to call, only right before the number: in
# “某公司骗人，联系电话0731-84441234” the number is the writer's.
_OFFICE = re.compile(
    r"(?:局(?![面部限])|委(?![屈托婉])|办(?![理法事了证卡好个])|所(?![以有谓说在])|政府|街道|中心|站(?![在出着起])|科(?![学技])|"
    r"室(?!友)|股|处(?![理罚分置境于])|部门|大队|支队|中队|公安|法院|检察院?|信访|社区|村委会?|监督|热线|"
    r"(?:投诉|举报|咨询|报警|值班|服务|监督)(?:受理)?电话)[^。；]{0,14}$|"
    r"(?:客服|咨询|总机|传真|前台|总台|[订预]房|订餐|预订|公司|酒店|宾馆|学校|医院|银行|服务|[可请迎]拨打|致电|详询)"
    r"[^，,。；]{0,8}$"
)
# ... and one that is only asked for something: 请市场监管局处理，电话…
_ASKED = re.compile(r"(?:请|望|求|麻烦|盼)(?![^，,]{0,3}(?:拨打|致电|联系|咨询|电话|来电|与|到|向))[^，,]*$")
_OWN = re.compile(
    r"家里|家中|住宅|本人|我的|我家|我(?:座机|电话)|宅电|户主|手机|失主|先生|女士|(?:投诉|举报|联系|反映|申请|当事)人"
)


def landline(found: re.Match[str]) -> list[Span]:
    """A landline, unless what stands before it makes it the public number of an office or a firm."""
    said = found.string[found.start() : found.start("local")]
    before = re.split(r"[。！？；!?\n]", left_of(found, 30) + said)[-1]
    own, office = [m.end() for m in _OWN.finditer(before)], _OFFICE.search(before)
    public = office and (not own or office.start() >= own[-1])
    if office and _ASKED.search(before[: office.start()]) and re.search("[，,]", office[0]):
        public = False
    if public or _MONEY.match(found.string, found.end()) or _OF_THINGS.search(before):
        return []
    return always(found)


def social(found: re.Match[str]) -> list[Span]:
    """An account of WeChat or QQ; not a function (微信CallKit), a version (QQ2012) or a public account."""
    kind, value, said = found["kind"].lower(), found["hide"].replace(" ", ""), found["mark"] or found["what"]
    if not value.strip("0-") or left_of(found, 2) == "公众":
        return []
    if kind in ("qq", "扣扣", "企鹅", "q", "扣"):
        good = re.fullmatch(r"[1-9]\d{4,10}", value) or (said and re.search(r"\d{4}", value))
    elif kind[-1] in "信❤♥泡tn":  # 微信 and what is written for it, wechat, weixin
        good = said or re.search(r"[\d_-]", value)
    else:  # vx, wx, V: are common letters
        good = re.search(r"\d", value) and (said or len(value) >= 6)
    return [found.span("hide")] if good else []


# What people do on a platform, and who is no person there.
_NO_ACCOUNT = re.compile(
    r"(?i)app|https?|www\S*|v?[\d.-]+\.\d[\d.-]*|20\d\d|(?:19|20)\d{6}|12315|12345|95\d{3}|[a-z]{1,6}|pro|plus|(?:400|800)\d{7}"
)
_PUBLIC_NAME = re.compile(
    r"(?:店|公司|商城|官方|旗舰|超市|平台|客服|直播间?|集团|商贸|食品|餐饮|酒店|医院|发布|政务|某{1,2})$|^(?:官方|某)"
)


def account(found: re.Match[str]) -> list[Span]:
    """An account on a platform; not a version, a name of a shop, or what somebody did there."""
    value, at = found["hide"], found.span("hide")
    own = found["kind"] or found["alone"]
    if left_of(found, 2) in ("公众", "官方") or not own or re.match("u_|https?$|www|0+$", value):
        return []
    if re.match(r"[\u4e00-\u9fa5]", value):
        named = (found["what"] and re.search("[昵网]称|[网户]?名|号", found["what"])) or found["alone"]
        short = len(value) <= 12 and not _PUBLIC_NAME.search(value)
        return [at] if named and (found["mark"] or found["own"]) and short else []
    said = bool(found["what"] or found["alone"] or (found["mark"] or "").strip())
    if _NO_ACCOUNT.fullmatch(value) and not (said and re.search(r"[a-z]{4}|\d{6}", value.lower())):
        return []
    return [at] if said or (re.search(r"[\d_]", value) and len(value) >= 6) else []


def called(found: re.Match[str]) -> list[Span]:
    """What is said to be a telephone: ten digits to twelve that begin like a mobile's."""
    number = _number(found["body"])
    good = (11 <= len(number) <= 12 and number[1] >= "3") or (len(number) == 10 and re.match("1[3-9]", number))
    return [found.span("hide")] if good and not _MONEY.match(right_of(found, 6)) else []


def mail(found: re.Match[str]) -> list[Span]:
    """An address of mail; those of offices are public."""
    return [] if found[0].lower().endswith(".gov.cn") else [found.span()]


def plate(found: re.Match[str]) -> list[Span]:
    """A number plate as GA 36 makes them: at least three digits, no I or O; new energy: one place more."""
    serial = re.sub(r"[^A-Za-z\d]", "", found["serial"])
    if found["province"] == "京" and left_of(found, 1) in tuple("北南东"):
        return []  # 北京JEEP2500
    digits = sum(c.isdigit() for c in serial)
    if len(serial) == 6:
        good = (
            re.fullmatch(r"[A-HJK][A-HJ-NP-Z\d]\d{4}|\d{5}[A-HJ-NP-Z]|(?!\d{6})\d[A-Z\d]{4}\d", serial.upper())
            and digits >= 4
        )
    else:
        typed = (found["city"] + re.sub(r"\d", "", serial)).isupper()
        in_two = len(re.findall(r"[A-Za-z\d]+", found["serial"])) == 2
        good = digits >= (3 if (typed and not in_two) or found["province"] not in "新京云贵" else 4) and not re.search(
            r"[IO]", serial.upper()
        )
    return [found.span()] if good else []


def plate_said(found: re.Match[str]) -> list[Span]:
    """What is said to be a plate, without its province, with digits enough."""
    return [found.span("hide")] if sum(c.isdigit() for c in found["hide"]) >= 3 else []


CHECKS: dict[str, Callable[[re.Match[str]], list[Span]]] = {
    check.__name__: check
    for check in (
        always, identity, old_identity, bank, order, mobile, lookalike, called, landline, social, account, mail, plate,
        plate_said,
    )
}  # fmt: skip
