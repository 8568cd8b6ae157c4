"""The text of an article's page: what trafilatura extracts, without what Chinese sites put beside it. No I/O."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

#: A page is Chinese from this share of Han letters; its text stands in one node, which holds this share of it or more,
#: where it is a single paragraph more than that.
HAN, IN_ONE, ALONE = 0.3, 0.66, 0.85
#: A line is a link when so much of it is; what is longer than a title is a sentence.
LINKED, LONGEST_TITLE = 0.6, 200
#: Links of a page, and nodes within nodes, that are looked at.
MOST_LINKS, DEEPEST = 2_000, 60
LETTERS = re.compile(r"[\W_]+")
BULLET = re.compile(r"^[-•·|\s\d.、]+")
SENTENCE = re.compile(r"[。！？!?；;]|\.\s|，.*，")
#: Whole lines that sites set around a text: who made it, where one is, what one may press, whose site it is.
BESIDE = re.compile(
    r"[\s\-|【\[（(]*(?:"
    r"(?:责任编辑|责编|编辑|审核|校对|审校|监制|[初复终]审|(?:信息|文章|本文|内容)?来源|稿源|作者|供稿|发布(?:人|机构))\s*[:：].{0,30}"
    r"|原(?:标题|题为?)\s*[:：].{0,60}|(?:发布|发表|更新|成文|生成)?(?:时间|日期|于)?\s*[:：]?\s*"
    r"(?:19|20)\d\d[-/.年]\d\d?[-/.月]\d\d?日?.{0,4}\d\d?:\d\d.{0,40}"
    r"|(?:阅读)?[上下]一[篇页条个则].{0,80}|(?:您?的?当前(?:所在)?的?位置|您现在的位置|首页\s*[>＞»]).{0,80}"
    r"|(?:字号|字体|阅读|点击|浏览|访问|打印|关闭|收藏|分享|举报|纠错|索\s*引\s*号)(?:[数量次率到至]|本页|窗口)*"
    r"(?:\s*[:：/|\d【\[（(].{0,60})?|(?:扫一扫|扫码|微信扫|长按识别|我要反馈|文章关键词|关键词\s*[:：>])[^。]{0,60}"
    r"|(?:相关|热点|热门|推荐|延伸|精彩|最新|往期|更多)(?:新闻|稿件|文章|阅读|链接|推荐|报道|内容|资讯|专题|信息|排行榜?)\s*[:：]?"
    r"|(?:版权所有|版权声明|免责声明|特别声明|平台声明|网站声明|copyright|©|网站标识码|友情链接)[^a-z].{0,200}"
    r"|.{0,30}(?:ICP[备证]|公网安备|未经(?:书面)?授权[^。]{0,12}转载).{0,120}|网友评论仅.{0,60}|打开APP.{0,30}"
    r"|.{0,200}[【\[](?:详细|详情|更多|全文)[】\]]|主办(?:单位)?\s*[:：].{0,60}(?:邮编|地址|电话|备案).{0,80}"
    r"|全部评论|发表评论|暂无评论.{0,20}|.{0,12}登录(?:后才|超时).{0,30}|.{0,6}快速登录|只看该作者.{0,20}|附件\s*[:：]?"
    r"|[大中小]|返回(?:顶部|首页|列表)|登录|注册|微信|微博"
    r")[\s】\]）)|]*",
    re.I,
)


def main_text(tree: LexborHTMLParser, html: str, url: str = "", title: str = "") -> str:
    """The text of a page, a block a line; "" where there is none. `title`: of the page, no part of its text."""
    from trafilatura import extract

    text = extract(html, url=url or None, include_comments=False, include_tables=True) or ""
    links, own = _links(tree), _letters(title)
    lines = [line for line in text.split("\n") if _letters(line)]
    lines = [x for n, x in enumerate(lines) if not _is_beside(x, links) and (n > 5 or _letters(x) != own)]
    if sum("\u4e00" <= c <= "\u9fff" for c in text) > HAN * len(text):
        lines = _in_its_node(tree, lines)
    return "\n".join(lines)


def _letters(text: str) -> str:
    return LETTERS.sub("", text)


def _is_beside(line: str, links: set[str]) -> bool:
    said = {_letters(line), _letters(BULLET.sub("", line))}
    return bool(BESIDE.fullmatch(line.strip())) or not links.isdisjoint(said)


def _links(tree: LexborHTMLParser) -> set[str]:
    """The letters of every link, and of what is little more than its links."""
    anchors = tree.css("a")[:MOST_LINKS]
    found = {said for a in anchors if len(said := _letters(a.text())) >= 4}
    for node in {a.parent.mem_id: a.parent for a in anchors if a.parent is not None}.values():
        whole = _letters(node.text())
        if len(whole) <= LONGEST_TITLE and sum(len(_letters(a.text())) for a in node.css("a")) >= LINKED * len(whole):
            found.add(whole)
    return found


def _in_its_node(tree: LexborHTMLParser, lines: list[str]) -> list[str]:
    """The lines without those after the node that holds nearly all of them, and without short ones before it."""
    letters = [_letters(BULLET.sub("", line)) for line in lines]
    total = sum(map(len, letters))
    node, inside = tree.body, [True] * len(lines)
    for _ in range(DEEPEST):
        inner, node = node, None
        for child in inner.iter() if inner is not None else ():
            if child.tag in ("script", "style", "p"):
                continue
            whole = _letters(child.text())
            held = [said in whole for said in letters]
            share = sum(len(said) for said, is_in in zip(letters, held, strict=True) if is_in) / max(1, total)
            if share >= (IN_ONE if sum(held) > 1 else ALONE):
                node, inside = child, held
                break
    if True not in inside:
        return lines
    first, last = inside.index(True), len(inside) - inside[::-1].index(True)
    return [x for n, x in enumerate(lines[:last]) if inside[n] or n > first or SENTENCE.search(x)]
