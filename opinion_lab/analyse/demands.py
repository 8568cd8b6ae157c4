"""What people ask for, blame and propose, in their own sentences, and which of it an official answer takes up.

Cues decide whether a sentence is a demand, a table of common matters names its group, and a short clause of the posts
names the rest; to ask, to propose and to complain that it is not done are one group when the act is the same. The
table is `rules.demands`. A matter counts as answered only where a sentence of a statement holds one of the phrases that
the table asks for: a false "answered" would hide the very thing to look for.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import polars as pl

from opinion_lab import schemas
from opinion_lab.prepare import normalize, tokens
from opinion_lab.rules.loading import any_of
from opinion_lab.rules.public_voice import Cues, Demands, Matter

KINDS = tuple(Cues.model_fields)
OFFICIAL = ("government", "media")
SHORTEST, LONGEST = 4, 200  # characters of a sentence that can be quoted
QUOTABLE = 60  # characters; a longer sentence is quoted only when all are longer
HEADING = 12  # characters; a shorter sentence of a statement belongs to the next
ENDS = tuple("。！？；!?;”」）)…")
CLAUSE = 18  # characters of a clause that names a group
FEW = 3  # people who must ask alike before they are a group
MOST = 0.6  # of a demand's words, how many a statement must hold in one sentence
ALIKE = 0.5  # of the words of two clauses, how many must be the same (Dice)
CLAUSES = re.compile(r"[，。！？；：,!?;:\s]+")
NUMBERED = re.compile(r"^[（(]?[0-9]+[）)、.．]")


def extract(posts: pl.DataFrame, *, table: Demands) -> pl.DataFrame:
    """The sentences that ask, blame or propose (Demand), in order of time; officials and media are not asked.

    A person counts once in a group, with the first such sentence, and copies of web posts count once: the rows of a
    group are its different voices. A post without a known author is a voice of its own. `key` names the group in words.
    """
    said = _sentences(voices(posts), table)
    if said.is_empty():
        return schemas.empty(schemas.Demand)
    # that it be handled is how every work order ends: it asks for nothing of its own
    said = _named(said, table).filter(~pl.col("order") | (pl.col("key") != table.names.handle))
    said = said.sort("published_at", "post_id", "at")
    said = said.unique(["key", "voice"], keep="first", maintain_order=True)
    return schemas.Demand.validate(said.select("post_id", "kind", "sentence", "key"), cast=True)


def coverage(demands: pl.DataFrame, statements: pl.DataFrame, *, table: Demands) -> pl.DataFrame:
    """Each group and whether a statement takes it up: the unanswered first, those of most voices first.

    Columns key, kind, n (different voices), quote and post_id (the group's most typical sentence), answered,
    answered_by (post_id of the first statement that does), answer (its sentence). A mere promise is no answer.
    """
    answers = _answers(statements, table)
    rows = []
    asked = pl.Series([words for _, words in _asked(demands, table)], dtype=pl.List(pl.String))
    for (key,), group in demands.with_columns(asked=asked).group_by("key", maintain_order=True):
        kind = group["kind"].mode().sort()[0]
        quote, post = typical(group)
        by, answer = _answered(str(key), group["asked"].to_list(), answers, table)
        rows.append((key, kind, group.height, quote, post, by, by is not None, answer))
    schema = {"key": pl.String, "kind": pl.String, "n": pl.Int64, "quote": pl.String, "post_id": pl.String}
    schema |= {"answered_by": pl.String, "answered": pl.Boolean, "answer": pl.String}
    found = pl.DataFrame(rows, schema=schema, orient="row")
    return found.sort("answered", "n", "kind", "key", descending=[False, True, False, False])


# --- finding -------------------------------------------------------------------------------------------------


def voices(posts: pl.DataFrame) -> pl.DataFrame:
    """What people said, once for each text and work order: post_id, voice, published_at, order (a work order), said.

    Who calls the hotline in others' words calls nevertheless; who passes a post on says nothing.
    """
    people = ~pl.col("author_kind").cast(pl.String).is_in(OFFICIAL) & (pl.col("kind").cast(pl.String) != "statement")
    posts = posts.filter(people).sort("published_at", "post_id")
    order = pl.col("kind").cast(pl.String) == "complaint"
    same = pl.when(~order).then("copy_of")
    posts = posts.unique(pl.coalesce(same, "post_id"), keep="first", maintain_order=True)
    title = pl.col("title").fill_null("")
    inside = pl.col("text").str.starts_with(title.str.strip_chars("… "))  # a title cut from the text says it twice
    return posts.select(
        "post_id",
        "published_at",
        voice=pl.coalesce("author_id", "post_id"),
        order=order,
        said=pl.when(inside).then("text").otherwise(title + "\n" + pl.col("text")),
    )


def _sentences(voices: pl.DataFrame, table: Demands) -> pl.DataFrame:
    """Sentences with a cue: the columns of `voices`, at (place in the post), sentence, kind."""
    split = pl.Series([normalize.sentences(s) for s in voices["said"]], dtype=pl.List(pl.String))
    said = voices.drop("said").with_columns(sentence=split).explode("sentence").drop_nulls("sentence")
    said = said.with_columns(at=pl.int_range(pl.len()).over("post_id"))
    said = said.filter(pl.col("sentence").str.len_chars().is_between(SHORTEST, LONGEST))
    said = said.filter(~normalize.simplify(said["sentence"]).str.contains(table.of_others))
    bare = _bare(said["sentence"], table)
    said = said.with_columns(bare=bare).with_columns(pl.col("bare").str.find(table.patterns[k]).alias(k) for k in KINDS)
    # the first cue decides: "要求查清为什么没人管" asks, "为什么没人管，要求查清" blames
    first = pl.min_horizontal(KINDS)
    kind = pl.coalesce(pl.when(pl.col(k) == first).then(pl.lit(k)) for k in ("blame", "propose", "ask"))
    return said.with_columns(kind=kind).filter(pl.col("kind").is_not_null()).drop(*KINDS)


# --- naming --------------------------------------------------------------------------------------------------


def _named(said: pl.DataFrame, table: Demands) -> pl.DataFrame:
    """The same rows with `key`: the matter with most words in the sentence, else the words that most people share."""
    scores = said.select(_hits(m).alias(str(i)) for i, m in enumerate(table.matters))
    most = scores.max_horizontal()
    which = pl.coalesce(
        pl.when((pl.col(str(i)) == most) & (most > 0)).then(pl.lit(m.key)) for i, m in enumerate(table.matters)
    )
    said = said.with_columns(scores.select(key=which).to_series())
    rest = said.filter(pl.col("key").is_null()).sort("published_at", "post_id", "at")
    named = rest.with_columns(key=pl.Series(_common_words(rest, table), dtype=pl.String))
    return pl.concat([said.filter(pl.col("key").is_not_null()), named])


def _hits(matter: Matter) -> pl.Expr:
    """How many of the matter's words stand in a sentence; 0 when its kind is another."""
    found = pl.sum_horizontal(pl.col("bare").str.contains(w).cast(pl.Int32) for w in matter.words)
    return found if matter.kind is None else found * (pl.col("kind") == matter.kind).cast(pl.Int32)


def _common_words(said: pl.DataFrame, table: Demands) -> list[str]:
    """A name for each sentence: its own clause, or where several people ask alike the one that most of them say."""
    asked, voices = _asked(said, table), said["voice"].to_list()
    names = [clause if words else table.names.handle for clause, words in asked]
    holding: dict[str, list[int]] = defaultdict(list)
    for i, w in ((i, w) for i, (_, words) in enumerate(asked) for w in words):
        holding[w].append(i)
    people = {w: len({voices[i] for i in held}) for w, held in holding.items()}
    left = {i for i, (_, words) in enumerate(asked) if words}
    for word in sorted(people, key=lambda w: (-people[w], -len(w), w)):
        group = [i for i in holding[word] if i in left]
        if len({voices[i] for i in group}) < FEW:
            continue
        said_most = Counter(asked[i][0] for i in group)
        first = min(group, key=lambda i: (not 4 <= len(names[i]) <= CLAUSE, -said_most[names[i]], len(names[i]), i))
        # one word in common is no demand in common: most of both clauses must be
        words = {*asked[first][1]}
        alike = [i for i in group if 2 * len(words & {*asked[i][1]}) >= ALIKE * (len(words) + len(asked[i][1]))]
        if len({voices[i] for i in alike}) >= FEW:
            left -= {*alike}
            for i in alike:
                names[i] = names[first]
    return names


def _asked(said: pl.DataFrame, table: Demands) -> list[tuple[str, list[str]]]:
    """Of each sentence (sentence, kind) the clause that asks, and its words that could name a matter.

    It is the cue's clause, else the nearest that has such words; what stands before a blame, or before a cue that has
    no words of its own, is named with it.
    """
    bare = _bare(said["sentence"], table)
    found = bare.to_frame("bare").with_columns(said["kind"].cast(pl.String))
    until = (pl.col("bare").str.extract(f"(?s)^(.*?(?:{table.patterns[k]}))", 1) for k in KINDS)
    cues = found.select(pl.coalesce(pl.when(pl.col("kind") == k).then(u) for k, u in zip(KINDS, until, strict=True)))
    clauses = [[c.strip() for c in CLAUSES.split(s) if c.strip()] for s in said["sentence"]]
    words = iter(_content([c for each in clauses for c in each], table))
    named: list[tuple[str, list[str]]] = []
    for each, kind, cue in zip(clauses, found["kind"], cues.to_series(), strict=True):
        content = [next(words) for _ in each]
        first = min(sum(bool(c.strip()) for c in CLAUSES.split(cue or "")[:-1]), max(0, len(each) - 1))
        which = next((i for i in [*range(first, len(each)), *range(first - 1, -1, -1)] if content[i]), None)
        if which is None:
            named.append(("", []))
            continue
        whole = NUMBERED.sub("", each[which]).rstrip(".")
        told, last = (which - 1, which) if kind == "blame" else (which, first)
        if 0 <= told < last and len(joined := f"{each[told]}，{each[last]}") <= 2 * CLAUSE:
            whole = joined
        named.append((whole if len(whole) <= 2 * CLAUSE else whole[: 2 * CLAUSE] + "…", content[which]))
    return named


def _bare(sentences: pl.Series, table: Demands) -> pl.Series:
    """The sentences without the phrases in which a cue does not count."""
    return normalize.simplify(sentences).str.replace_many(table.phrases, ["\x1f"] * len(table.phrases))


def _content(sentences: list[str], table: Demands) -> list[list[str]]:
    """Each sentence's words that could name a matter, in order, once each."""
    formal = any_of([*table.patterns.values(), *table.names.formal])
    bare = pl.Series(sentences, dtype=pl.String).str.replace_all(formal, " ")
    general = table.names.general
    cut = tokens.cut(normalize.fold(bare).to_list())
    return [list(dict.fromkeys(w for w in ws if len(w) > 1 and not w.isascii() and w not in general)) for ws in cut]


# --- covering ------------------------------------------------------------------------------------------------


def typical(group: pl.DataFrame) -> tuple[str, str]:
    """The sentence that most voices say alike; of those the one that shares most with the others, then the earliest."""
    sentences = group["sentence"].to_list()
    folded = normalize.fold(group["sentence"]).to_list()
    alike = Counter(folded)
    pairs = [{s[i : i + 2] for i in range(len(s) - 1)} for s in folded]
    known = Counter(p for found in pairs for p in found)
    # per pair, so that a long sentence does not win by its length
    worth = [sum(known[p] - 1 for p in found) / (len(found) + 5) for found in pairs]
    order = range(len(sentences))
    best = max(order, key=lambda i: (len(sentences[i]) <= QUOTABLE, alike[folded[i]], worth[i], -i))
    return sentences[best], group["post_id"][best]


def _answers(statements: pl.DataFrame, table: Demands) -> list[tuple[str, str]]:
    """(post_id, sentence) of all that statements say and do not put off, in order of time."""
    found = []
    for post, said in statements.sort("published_at", "post_id").select("post_id", "text").iter_rows():
        heading, sentences = "", normalize.sentences(said)
        while len(sentences) > 1 and not sentences[-1].rstrip().endswith(ENDS):
            sentences.pop()  # who signed, and when
        for sentence in sentences:
            if len(heading + sentence) < HEADING:  # 三、退款进度。 answers nothing without what follows
                heading += sentence
            else:
                found.append((post, heading + sentence))
                heading = ""
    kept = pl.Series([s for _, s in found], dtype=pl.String)
    off = normalize.simplify(kept).str.contains(table.putting_off)
    return [f for f, put_off in zip(found, off, strict=True) if not put_off]


def _answered(
    key: str, asked: list[list[str]], answers: list[tuple[str, str]], table: Demands
) -> tuple[str | None, str | None]:
    """Who takes the group up, and in which sentence: one that names the same act. `asked`: words of `_asked`."""
    said = normalize.simplify(pl.Series([s for _, s in answers], dtype=pl.String))
    matter = next((m for m in table.matters if m.key == key), None)
    patterns = matter.answer if matter else table.names.done if key == table.names.handle else None
    if patterns is not None:
        hits = said.str.contains(any_of(patterns)) if patterns else pl.Series([False] * len(said))
    else:
        # no rule for it: most of the words that half of the group use, two at least, in one sentence of the statement
        shared = Counter(w for found in asked for w in found)
        core = [w for w in shared if shared[w] * 2 >= len(asked)]
        least = max(2, MOST * len(core))
        hits = pl.Series([sum(w in t for w in core) >= least for t in said], dtype=pl.Boolean)
    found = next((a for a, hit in zip(answers, hits, strict=True) if hit), None)
    return found or (None, None)
