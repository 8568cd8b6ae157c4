"""Words: the lexicon, jieba's own output, and a post's words worth counting."""

from opinion_lab.prepare.tokens.tokenizer import (
    cut as cut,
)
from opinion_lab.prepare.tokens.tokenizer import (
    joined as joined,
)
from opinion_lab.prepare.tokens.tokenizer import (
    known as known,
)
from opinion_lab.prepare.tokens.tokenizer import (
    tagged as tagged,
)
from opinion_lab.prepare.tokens.tokenizer import (
    tokenize as tokenize,
)
from opinion_lab.rules.words import Lexicon as Lexicon
