"""Words: the same as jieba to the last post on 100,000 real texts, with and without the lexicon; and how much sooner.

What was worked out in one round is forgotten before the next: each round sees its texts for the first time.
"""

import logging

import jieba
import rjieba

from opinion_lab import config
from opinion_lab.prepare import segment, tokens
from tests.benchmarks import real
from tests.benchmarks.harness import alternate

TEXTS = 100_000


def by_jieba(words: segment.Words) -> jieba.Tokenizer:
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
    lexicon = tokens.load_lexicon(config.PACKAGE / "lexicons")
    for name, words in (("without lexicon", tokens.Lexicon()), ("with the lexicon", lexicon)):
        differ = differing(texts, words)
        print(f"identical to jieba {name:<18} {len(texts) - len(differ):,} of {len(texts):,} texts")
        for t in differ[:5]:
            print("   ", ascii(t[:80]))
    rust = rjieba.Jieba()
    plain = by_jieba(())
    same = sum(rust.cut(t) == plain.lcut(t) for t in texts)
    print(f"identical to jieba {'rjieba alone':<18} {same:,} of {len(texts):,} texts")

    def ours() -> None:
        segment.cutter().remembered = {}
        tokens.cut(texts)

    jobs = {
        "ours": ours,
        "jieba": lambda: [plain.lcut(t) for t in texts],
        "rjieba (not the same words)": lambda: [rust.cut(t) for t in texts],
    }
    alternate(f"words, {sum(map(len, texts)):,} characters", len(texts), jobs, rounds=1)
