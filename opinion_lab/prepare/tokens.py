"""Words: the lexicon, jieba's own output, and a post's words worth counting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from opinion_lab import schemas
from opinion_lab.config import LabError
from opinion_lab.prepare import segment, text
from opinion_lab.prepare.segment import SEP


@dataclass(frozen=True)
class Lexicon:
    """The bureau's words: `words` as (word, frequency, tag), `stop` words, `boilerplate` phrases of the platforms.

    Frequency None: jieba chooses one that keeps the word whole; 0 deletes the word. A phrase that ends in `$` is
    boilerplate only at the end of a text.
    """

    words: segment.Words = ()
    stop: frozenset[str] = frozenset()
    boilerplate: tuple[str, ...] = ()


def load_lexicon(folder: Path) -> Lexicon:
    """The one reader of `domain.txt`, `stop.txt` and `boilerplate.txt`; a file that is missing is empty.

    A line of domain.txt is `word [frequency] [tag]`; `#` begins a comment. Raises LabError naming file and line.
    """
    words = []
    for where, line in _lines(folder / "domain.txt"):
        found = re.fullmatch(r"(\S+)(?:\s+([0-9]{1,9}))?(?:\s+([a-z]{1,4}))?", line)
        if not found:
            raise LabError(f"{where}：“{line}”看不懂。每行写：词 [频次，整数] [词性，小写字母]，例如：缺斤少两 50 v")
        words.append((found[1], int(found[2]) if found[2] else None, found[3]))
    stop = frozenset(line for _, line in _lines(folder / "stop.txt"))
    return Lexicon(tuple(words), stop, tuple(line for _, line in _lines(folder / "boilerplate.txt")))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    if not path.exists():
        return
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise LabError(f"{path} 不是 UTF-8 编码。请用记事本“另存为”，编码选 UTF-8。") from None
    seen: set[str] = set()
    for n, line in enumerate(lines, 1):
        if not (line := line.partition("#")[0].strip()):
            continue
        word = line.split()[0] if path.name == "domain.txt" else line
        if word in seen:
            raise LabError(f"{path} 第 {n} 行：“{word}”前面已经写过。请删去其中一行。")
        seen.add(word)
        yield f"{path} 第 {n} 行", line


# --- text -> words -------------------------------------------------------------------------------------------


def cut(texts: list[str], lexicon: Lexicon | None = None) -> list[list[str]]:
    """Each text's words as `jieba.lcut` gives them: HMM on, default dictionary, the lexicon's words added."""
    cutter = segment.cutter(lexicon.words if lexicon else ())
    return [w if isinstance(w, list) else w.split(SEP) if w else [] for w in cutter.each(texts)]


def joined(texts: list[str], lexicon: Lexicon | None = None) -> list[str]:
    """As `cut`, each text's words in one string with SEP between them: a list of strings is dear to hand on.

    A NUL in the text is left out, being the separator.
    """
    cutter = segment.cutter(lexicon.words if lexicon else ())
    return [SEP.join(x for x in w if x != SEP) if isinstance(w, list) else w for w in cutter.each(texts)]


def tokenize(posts: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The words of title and text (not of what is quoted) worth counting: schemas.Token, a row a post, order kept.

    Words are Simplified and lower case. Left out: boilerplate, stop words, what holds no letter and no Han
    character, and single characters; a word of the lexicon always stays (罚, 12315).
    """
    folded = pl.Series([w for w, _, _ in lexicon.words], dtype=pl.String)
    forms = dict(zip(reversed(text.fold(folded).to_list()), reversed(lexicon.words), strict=True))
    words = tuple((form, freq, tag) for form, (_, freq, tag) in sorted(forms.items()) if form)
    wanted = [form for form, freq, _ in words if freq != 0]
    stop = text.fold(pl.Series(sorted(lexicon.stop), dtype=pl.String)).to_list()
    said = _said(posts, lexicon.boilerplate)
    cutter = joined(said.to_list(), Lexicon(words))
    word = pl.col("tokens")
    counts = (word.str.len_chars() > 1) & word.str.contains(r"\p{L}") & ~word.is_in(stop)
    kept = (
        pl.DataFrame({"row": pl.int_range(posts.height, eager=True), "tokens": pl.Series(cutter, dtype=pl.String)})
        .with_columns(word.str.split(SEP))
        .explode("tokens")
        .filter(word.is_in(wanted) | counts)
        .group_by("row")
        .agg("tokens")
    )
    rows = posts.select("post_id", "day", row=pl.int_range(posts.height))
    tokens = rows.join(kept, on="row", how="left", maintain_order="left").with_columns(word.fill_null([]))
    return schemas.Token.validate(tokens.select("post_id", "day", "tokens"), cast=True)


def _said(posts: pl.DataFrame, boilerplate: Sequence[str]) -> pl.Series:
    """Title and text on a line each, folded; the title once when the text begins with it."""
    title, body = pl.col("title").fill_null(""), pl.col("text")
    frame = posts.select(title=pl.when(body.str.starts_with(title)).then(pl.lit("")).otherwise(title), body=body)
    anywhere = [b for b in boilerplate if not b.endswith("$")]
    at_end = "|".join(re.escape(b[:-1]) for b in boilerplate if b.endswith("$"))
    body_text = frame["body"]
    if anywhere:
        body_text = body_text.str.replace_many(anywhere, [" "] * len(anywhere), leftmost=True)
    if at_end:
        body_text = body_text.str.replace(rf"(?:\s*(?:{at_end}))+\s*$", "")
    return text.fold(frame["title"]) + "\n" + text.fold(body_text)
