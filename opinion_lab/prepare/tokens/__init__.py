"""Words: the lexicon, jieba's own output, and a post's words worth counting."""

from opinion_lab.prepare.tokens.tokenizer import (
    cut as cut,
    joined as joined,
    known as known,
    tagged as tagged,
    tokenize as tokenize,
)
from opinion_lab.rules.words import Lexicon as Lexicon
