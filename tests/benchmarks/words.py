"""Words: ours against jieba, on the invented county's posts."""

import logging

import jieba

from opinion_lab import synthetic
from opinion_lab.prepare import tokens
from tests.benchmarks.harness import alternate


def main() -> None:
    jieba.setLogLevel(logging.WARNING)
    said = [t for t in synthetic.generate(0)["items"]["text"].fill_null("").to_list() if t]
    alternate("words", len(said), {"ours": lambda: tokens.cut(said), "jieba": lambda: [jieba.lcut(t) for t in said]})
