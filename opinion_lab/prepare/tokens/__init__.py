"""Words: the lexicon, jieba's own output, and a post's words worth counting."""

from opinion_lab.prepare.tokens.tokenizer import (
    cut as cut,
    known as known,
    tokenize as tokenize,
)
from opinion_lab.rules.words import Lexicon as Lexicon
