"""Words: the same as jieba to the last post on 100,000 real texts, with and without the lexicon; how much sooner."""

import itertools
import logging
from collections.abc import Callable

import jieba
import rjieba

from opinion_lab.prepare import tokens
from opinion_lab.prepare.tokens.dictionary import Words
from opinion_lab.rules import SHIPPED
from tests.benchmarks import real
from tests.benchmarks.harness import alternate

TEXTS, SLICES = 100_000, 20  # each is timed once, in slices, so that a machine whose speed drifts treats all alike


def by_jieba(words: Words) -> jieba.Tokenizer:
    """jieba itself with these words, by its own `add_word`; nothing global is touched."""
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    for word, freq, tag in words:
        tokenizer.add_word(word, freq, tag)
    return tokenizer


def differing(texts: list[str], lexicon: tokens.Lexicon) -> list[str]:
    """The texts that are cut otherwise than by jieba."""
    theirs = by_jieba(lexicon.words)
    return [t for t, words in zip(texts, tokens.cut(texts, lexicon), strict=True) if words != theirs.lcut(t)]


def main() -> None:
    jieba.setLogLevel(logging.WARNING)
    texts = real.sample(TEXTS)
    lexicon = SHIPPED.lexicon
    for name, words in (("without lexicon", tokens.Lexicon()), ("with the lexicon", lexicon)):
        differ = differing(texts, words)
        print(f"identical to jieba {name:<18} {len(texts) - len(differ):,} of {len(texts):,} texts")
        for t in differ[:5]:
            print("   ", ascii(t[:80]))
    rust = rjieba.Jieba()
    plain = by_jieba(())
    same = sum(rust.cut(t) == plain.lcut(t) for t in texts)
    print(f"identical to jieba {'rjieba alone':<18} {same:,} of {len(texts):,} texts")

    size = TEXTS // SLICES
    slices = [texts[n : n + size] for n in range(0, TEXTS, size)]

    def in_turn(cut: Callable[[list[str]], object]) -> Callable[[], object]:
        slice_ = itertools.cycle(slices)
        return lambda: cut(next(slice_))

    jobs = {
        "ours": in_turn(tokens.cut),
        "jieba": in_turn(lambda some: [plain.lcut(t) for t in some]),
        "rjieba (not the same words)": in_turn(lambda some: [rust.cut(t) for t in some]),
    }
    alternate(f"words, {sum(map(len, texts)):,} characters", size, jobs, rounds=SLICES)
