"""Where a text names a business, an institution or an estate: from how names end back to where they begin."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from opinion_lab.prepare.tokens import dictionary
from opinion_lab.rules.words import Organisations

#: kind, start, end (of the text)
Mention = tuple[str, int, int]
Span = tuple[int, int]

STEM, FIRM = 12, 18  # characters before an ending that may belong to a name; to that of a registered company
BRIEF = 8  # before an ending that is as often a common word
COMMON = 50  # uses in jieba's dictionary from which a noun or verb makes no name
VERB = 20  # the same for a verb beside the ending
DEVELOPED = 5  # characters behind a developer's name that may name its estate
NAMES = {"nr", "nrt", "nz", "nt", "ns"}
TWO = re.compile(r"[\u4e00-\u9fff]{2}")
SIGNS = re.compile(r"[\u4e00-\u9fffA-Za-z0-9·]+")
MASKED = re.compile(r"(?:[A-Z]\d{0,2}[省市县区])+")  # places that a publisher has masked: A市, A3区
ADDRESS = re.compile(r"\d[号巷栋]")
PLACE = re.compile(r"[\u4e00-\u9fff]{2,3}[省市县区镇乡]")
REGION = re.compile(
    r"^(?:[A-Z]\d{0,2}[省市县区]|[\u4e00-\u9fff]{1,7}?(?:自治[州县]|街道办?|社区|[省市区县镇乡村]|大道|[路街巷弄桥]|组)|\d+[号巷弄栋])(?=.)"
)
QUOTED = re.compile(r"(?:[店厅馆楼名]|名叫|名为)[“\"「『]([\u4e00-\u9fffA-Za-z0-9·]{2,10})[”\"」』]")
BRANCH = re.compile(r"(?:[\u4e00-\u9fff]{2,6}分行)?[\u4e00-\u9fff]{2,8}支行")
LATIN = re.compile(r"(?!(?i:app))[A-Za-z]{2,}(?=平台|APP|app|软件)")


class Text:
    """One text, in Simplified script, with its words."""

    def __init__(self, text: str, words: list[str], table: Organisations) -> None:
        self.text, self.table = text, table
        self.cuts: list[Span] = []
        for word in words:
            at = text.find(word, self.cuts[-1][1] if self.cuts else 0)
            if at >= 0:
                self.cuts.append((at, at + len(word)))
        self.starts = [start for start, _ in self.cuts]
        # a name may begin or end within a word that no dictionary has
        self.edges = {n for a, b in self.cuts for n in ((a, b) if _is_word(text[a:b]) else range(a, b + 1))}
        # 小区业主 is a word, and an ending with another
        self.edges |= {
            a + 2 for a, b in self.cuts if b == a + 4 and _is_word(text[a : a + 2]) and _is_word(text[a + 2 : b])
        }

    def mentions(self) -> list[Mention]:
        """In order; of those that overlap the one that ends last, and of those that end alike the longest."""
        brands = list(self._brands())
        made = [m for m in (*self._ending(), *self._homes()) if not any(self._of_brand(m, b) for b in brands)]
        kept: list[Mention] = []
        for mention in sorted(made + brands, key=lambda m: (-m[2], m[1])):
            if not kept or mention[2] <= kept[-1][1]:
                kept.append(mention)
        return kept[::-1]

    def _of_brand(self, mention: Mention, brand: Mention) -> bool:
        """Whether a mention is a brand and what stands before it, or the branch of a bank."""
        _, start, end = mention
        branch = BRANCH.match(self.text, brand[2])
        return (end == brand[2] and start < brand[1]) or bool(branch and brand[1] <= start and end <= branch.end())

    # --- names with an ending --------------------------------------------------------------------------------

    def _ending(self) -> Iterator[Mention]:
        ended, at = set(), 0
        while found := self.table.ending.search(self.text, at):
            at = found.start() + 1
            end, kind = found.end(), found.lastgroup or ""
            if end in ended or end not in self.edges:
                continue
            ended.add(end)  # the first that ends here is the longest
            if (start := self._start(found.start(), end, kind)) is not None:
                weak = "institution" if self.text[end - 1] in "中小" else "business"
                yield weak if kind == "weak" else kind, start, end

    def _start(self, at: int, end: int, kind: str) -> int | None:
        """Where the name begins whose ending stands from `at` to `end`; None where it is nobody's."""
        text, ending = self.text, self.text[at:end]
        k = bisect_right(self.starts, at) - 1
        if k < 0 or self.cuts[k][1] <= at or re.search(f"(?:{self.table.classes})$", text[max(0, end - 12) : end]):
            return None
        start, word = self.cuts[k][0], text[slice(*self.cuts[k])]
        single = kind == "estate" and len(ending) == 1
        if start < at and end <= self.cuts[k][1] and _is_word(word):  # the ending is a part of a word: 中小学
            if single or (kind == "weak" and not _is_name(word)):
                return None
            at = at if _is_name(word) else start
        before = text[slice(*self.cuts[k - 1])] if k else ""
        if single and at - start < 2 and not (TWO.search(before) and not self._everyday(before)):
            return None
        start = self._left(k, start, at, FIRM if ending.endswith("公司") else STEM)
        if found := re.match(f".*(?:{self.table.behind})", text[start : end - len(ending)]):
            start += found.end()
        if masks := list(MASKED.finditer(text, start, at)):
            start = masks[-1].start()
        whole = start = self._without_first(start, at)
        start = self._without_region(start, at)
        # a public body is named by its place: 塘厦人民医院
        public = kind == "institution" or ending.endswith(("公司", "银行", "厂"))
        region = dictionary.tags().get(text[start:at]) == "ns" or PLACE.fullmatch(text[start:at])
        if ending == "公司" and region:  # 北京公司 is a branch of any
            return None
        if not (self._own_name(text[start:at]) or (public and self._of_place(text[start:at]))):
            return None
        words = [(text[a:b], text[max(a, start) : min(b, at)]) for a, b in self.cuts if a < at and b > start]
        if kind == "estate" and re.search("路$|街$|大道$", self._left_over(text[start:at])):
            return None  # 友谊路工业区 is any there
        if kind == "weak" or single:
            alone = [part for word, part in words if len(word) == 1 and not self._everyday(word)]
            rare = sum(len(part) for word, part in words if TWO.search(word) and self._rare(word))
            rare += len(alone) if rare or len(alone) == len(words) else 0  # 瑾, 园: no word at all
            return start if rare >= 2 and at - start <= BRIEF else None
        own = sum(len(part) for word, part in words if not (word == part and self._everyday(word)))
        fanciful = re.fullmatch(self.table.fanciful, ending) and not any(self._verb(word) for word, _ in words)
        few = kind == "institution" and not re.fullmatch(self.table.fuller, ending)
        if own >= (1 if few else 2) or fanciful:
            return start
        if "有限" in ending:
            return whole if len(MASKED.sub("", text[whole:at])) > len(text[start:at]) else start
        return whole if public and REGION.match(text[whole:at]) else None

    def _homes(self) -> Iterator[Mention]:
        """Estates whose name has no ending, before what belongs to estates alone: 美麓阳光(业主)."""
        for found in re.finditer(self.table.homes, self.text):
            k = bisect_right(self.starts, found.start() - 1) - 1
            if k < 0 or self.cuts[k][1] != found.start():
                continue
            end = found.start()
            start = self._left(k + 1, end, end, BRIEF)
            if cut := re.match(f".*(?:{self.table.behind})", self.text[start:end]):
                start += cut.end()
            start = self._without_region(self._without_first(start, end), end)
            words = [self.text[max(a, start) : b] for a, b in self.cuts if b > start and b <= end]
            common = [word for word in words if _is_word(word) and len(word) > 1 and not _is_name(word)]
            own = sum(map(len, words)) - sum(map(len, common))
            noun = all(dictionary.tags()[word] == "n" for word in common) and common in ([], words[-1:])
            house = self.text[end - 1] in "栋期区号楼幢座元型舍路街道村镇乡站"
            if own >= 2 and noun and not house and not self._person(words) and self._own_name(self.text[start:end]):
                yield "estate", start, end

    def _person(self, words: list[str]) -> bool:
        """Whether words can be a person's name and are not known by their end for a place."""
        most = 4 if dictionary.tags().get(words[0]) == "nr" else 3  # 欧阳梓涵
        short = sum(map(len, words)) <= most or any("·" in word for word in words)
        return short and words[-1][-1] not in "湾府郡苑邸汇"

    def _left(self, k: int, start: int, at: int, most: int) -> int:
        """From the word `k`, which begins at `start`, to the left over words that may belong to a name."""
        while k > 0 and self.cuts[k - 1][1] == start and at - start < most:
            k -= 1
            word = self.text[slice(*self.cuts[k])]
            if self._stops(word, named=self._specific(self.text[start:at])):
                break
            start = self.cuts[k][0]
            if PLACE.fullmatch(word):
                break
        return start

    def _stops(self, word: str, *, named: bool) -> bool:
        """Whether a word is no part of a name; `named`: what follows it names somebody already."""
        tag = dictionary.tags().get(word, "")
        if not SIGNS.fullmatch(word):
            return True
        if word in self.table.plain and not named:
            return False
        if (
            word in self.table.stops
            or tag == "ad"
            or tag[:1] in {*"purcyedf"}
            or (tag[:1] in {"m", "q"} and len(word) > 1)
        ):
            return True
        if len(word) > 3 and not _is_word(word) and dictionary.tags().get(word[-2:]) == "v":  # 认真清理
            return dictionary.frequencies()[0][word[-2:]] > VERB
        return tag == "v" and len(word) > 1 and (named or dictionary.frequencies()[0][word] > VERB)

    def _begins_word(self, at: int) -> bool:
        k = bisect_right(self.starts, at) - 1
        word = self.text[slice(*self.cuts[k])]
        return self.starts[k] == at and len(word) > 1 and _is_word(word)

    def _without_first(self, start: int, at: int) -> int:
        """The start without what a word that no dictionary has is no part of: 现星湖湾."""
        while start < at and self.text[start] in self.table.first and not self._begins_word(start):
            start += 1
        return start

    def _without_region(self, start: int, at: int) -> int:
        """The start without provinces, towns and streets, where what is left names somebody still."""
        text = self.text
        while (found := REGION.match(text[start:at])) and self._specific(text[start + found.end() : at]):
            start += found.end()
        if text[start] in "省市县区" and self._specific(text[start + 1 : at]) and not self._begins_word(start):
            start += 1
        for end in range(min(start + 4, at), start + 1, -1):
            region = dictionary.tags().get(text[start:end]) == "ns" and text[start:end] != "中国"
            within = text[end] in "省市县区镇乡" or text[end - 1] in "江河湖山海"  # 东莞(市), 珠江(东方明珠)
            if region and not within and self._specific(text[end:at]):
                return self._without_region(end, at)
        return start

    # --- names without one -----------------------------------------------------------------------------------

    def _brands(self) -> Iterator[Mention]:
        text, table = self.text, self.table
        for found in table.brand.finditer(text):
            if {*found.span()} <= self.edges:
                yield "business", *found.span()
        for found in re.finditer(f"({table.carriers})(?:{table.carrier_words})", text):
            yield "business", *found.span(1)
        for found in LATIN.finditer(text):
            yield "business", *found.span()
        for found in QUOTED.finditer(text):
            yield "business", self._without_region(found.start(1), found.end(1)), found.end(1)
        for found in re.finditer(table.developers, text):
            k = bisect_right(self.starts, found.start()) - 1
            if k >= 0 and found.span() == self.cuts[k] and (last := self._developed(k)) >= found.end() + 2:
                yield "estate", found.start(), last

    def _developed(self, k: int) -> int:
        """Where the name of an estate ends that begins with its developer, the word `k`."""
        first = end = self.cuts[k][1]
        for a, b in self.cuts[k + 1 :]:
            word = self.text[a:b]
            ends = dictionary.tags().get(word, "")[:1] in {*"purcydfvazil"} or word.endswith(
                ("楼", "无故", "户", "业主")
            )
            known = word in self.table.stops or word in self.table.plain or len(word) == 1
            if a != end or b - first > DEVELOPED or ends or known or not re.fullmatch(r"[\u4e00-\u9fff]+", word):
                break
            end = b
        return end

    # --- what words say --------------------------------------------------------------------------------------

    def _left_over(self, stem: str) -> str:
        """A stem without the words at its sides that tell nothing from its like."""
        generic = self.table.generic
        while stem:
            sizes = range(min(5, len(stem)), 0, -1)
            if n := next((n for n in sizes if stem[-n:] in generic), 0):
                stem = stem[:-n]
            elif n := next((n for n in sizes if n > 1 and stem[:n] in generic), 0):
                stem = stem[n:]
            else:
                break
        return re.sub(r"[0-9·]", "", stem)

    def _specific(self, stem: str) -> bool:
        """Whether what stands before an ending tells it from its like."""
        return len(self._left_over(stem)) >= 2

    def _own_name(self, stem: str) -> bool:
        """Whether more than an administrative place or an address stands before the ending."""
        rest = MASKED.sub("", stem)
        only = rest[-1:] in {*"省市县区镇乡"} and dictionary.tags().get(rest) == "ns"
        return self._specific(rest) and not only and not ADDRESS.search(rest)

    def _of_place(self, stem: str) -> bool:
        """Whether a place and what it is stand before the ending: F7县石化(公司)."""
        rest = MASKED.sub("", stem)
        return self._specific(MASKED.sub("〇〇", stem)) and bool(rest) and not ADDRESS.search(rest)

    def _everyday(self, word: str) -> bool:
        """Whether a word is a common noun or verb."""
        if len(word) == 1:
            return word in self.table.plain
        if word in self.table.stops or not self._left_over(word):
            return True
        often = dictionary.frequencies()[0].get(word, 0) > COMMON and dictionary.tags()[word] in {"n", "v", "vn", "b"}
        return often and not re.fullmatch(self.table.developers, word)

    def _verb(self, word: str) -> bool:
        return dictionary.tags().get(word) in {"v", "vn"} and dictionary.frequencies()[0][word] > COMMON

    def _rare(self, word: str) -> bool:
        """Whether a word is a name, or none that people use."""
        if not _is_word(word):
            return True
        tag, often = dictionary.tags()[word], dictionary.frequencies()[0][word] > COMMON
        name = tag in NAMES - {"ns"} or bool(re.fullmatch(self.table.developers, word))
        return not self._everyday(word) and (name or tag == "ns" or (tag == "n" and not often))


def _is_word(word: str) -> bool:
    return word in dictionary.words()


def _is_name(word: str) -> bool:
    return dictionary.tags().get(word) in NAMES
