"""The text of real Chinese news pages: overlap of words with what a person takes for the article, ours and others'.

The article is what stands in the node named beside each page, read off by hand; F is of bags of characters.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from selectolax.lexbor import LexborHTMLParser
from trafilatura import baseline, extract

from opinion_lab.collect.parsers import bodies, pages
from opinion_lab.collect.parsers.pages.html import text_of
from tests.benchmarks.harness import SHARED

ARTICLES = {
    "163_4": "#endText",
    "163_6": "#endText",
    "163_9": "#content.content",
    "baijiahao_4": ".article-content",
    "cjddsb_1": ".single-content",
    "gsc_1": ".detailCon",
    "hexun_1": ".art_contextBox",
    "people_1": "#rwb_zw",
    "shanxi_1": ".TRS_Editor",
    "thepaper_3": ".news_txt",
}
WAYS: dict[str, Callable[[str], str]] = {
    "ours": lambda html: pages.article(html.encode(), url="http://x.example/1")[0]["text"] or "",
    "trafilatura": lambda html: extract(html, include_comments=False) or "",
    "trafilatura, precision": partial(extract, include_comments=False, favor_precision=True),
    "trafilatura, recall": partial(extract, include_comments=False, favor_recall=True),
    "trafilatura, baseline": lambda html: baseline(html)[1],
}


def score(given: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F of the characters and words of a text."""
    one, other = (Counter(re.findall(r"[\u4e00-\u9fff]|[A-Za-z0-9]+", text)) for text in (given, truth))
    both = (one & other).total()
    precision, recall = both / max(1, one.total()), both / max(1, other.total())
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def main() -> None:
    texts = {}
    for name, node in ARTICLES.items():
        html = bodies.decoded((SHARED / "news_pages" / f"{name}.html").read_bytes())
        texts[html] = max((text_of(n, None) for n in LexborHTMLParser(html).css(node)), key=len)
    for way, text in WAYS.items():
        begun = time.process_time()
        scores = [score(text(html) or "", truth) for html, truth in texts.items()]
        took = (time.process_time() - begun) / len(texts)
        means = [sum(column) / len(column) for column in zip(*scores, strict=True)]
        worst = min(f for _, _, f in scores)
        print(f"{way:<24} P {means[0]:.3f}  R {means[1]:.3f}  F {means[2]:.3f}  worst {worst:.2f}  {took:.2f} s a page")


if __name__ == "__main__":
    main()
