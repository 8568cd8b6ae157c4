"""What people think of a matter: negative, neutral or positive, and towards whom, learnt from a lab's own labels.

Nothing ships that could judge it: a model is learnt where people labelled enough posts, else nothing is measured, and
only sentences worth reading are found, by words (`quotes`; the table is `rules.attitude`): of posts against something,
words find three in a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from opinion_lab import rules
from opinion_lab.analyse import demands, text_classifier
from opinion_lab.analyse.text_classifier import Classifier, Floats
from opinion_lab.prepare import normalize
from opinion_lab.rules.public_voice import Attitude

ATTITUDES = ("negative", "neutral", "positive")
TOWARDS = ("bureau", "business", "others")
FEWEST, FEWEST_OF_EACH = 200, 30  # labelled posts below which nothing is learnt, and of each class
FOUND = 0.87  # share of held-out negative posts that must be found: a critic missed costs more than one too many
# C of the machine for attitudes: what is learnt of one kind of matter is asked of others. Of .3 and .1 the one that is
# nearer to plain logistic regression on texts of another kind (`python -m tests.benchmarks accuracy`).
STRENGTH = 0.1
CERTAIN = 0.5  # chance from which it is said towards whom
JUDGED = {"post_id": pl.String, "attitude": pl.String, "towards": pl.String, "chance": pl.Float64}
VIEWS = {"key": pl.String, "n": pl.Int64, "quote": pl.String, "post_id": pl.String}


@dataclass(frozen=True)
class Model:
    """What was learnt. `least`: the chance from which a post is negative. `towards`: None where few labels name it."""

    attitudes: Classifier
    least: float
    towards: Classifier | None
    n: int  # labelled posts

    def to_bytes(self) -> bytes:
        """What was learnt, for `from_bytes`."""
        arrays = self.attitudes.arrays("attitudes") | {"about": np.array([self.least, self.n])}
        if self.towards is not None:
            arrays |= self.towards.arrays("towards")
        return text_classifier.packed(arrays)


def from_bytes(body: bytes) -> Model | None:
    """The model that was kept; None where that is damaged."""
    kept = text_classifier.unpacked(body)
    if (attitudes := Classifier.from_arrays(kept, "attitudes")) is None:
        return None
    least, n = kept["about"].tolist()
    return Model(attitudes, least, Classifier.from_arrays(kept, "towards"), int(n))


def learn(posts: pl.DataFrame) -> Model | None:
    """From posts with `attitude` and, where a person named it, `towards` (null elsewhere); None where they are few."""
    held = posts.filter(pl.col("attitude").is_in(ATTITUDES)).unique(["title", "text"], maintain_order=True)
    held = held.filter(pl.len().over("attitude") >= FEWEST_OF_EACH)
    if held.height < FEWEST or held["attitude"].n_unique() < 2 or "negative" not in held["attitude"]:
        return None
    read, given = text_classifier.texts(held), held["attitude"].to_list()
    aimed = held.filter(pl.col("towards").is_in(TOWARDS))
    aimed = aimed.filter(pl.len().over("towards") >= FEWEST_OF_EACH // 3)
    named = aimed["towards"].n_unique() > 1 and aimed.height >= FEWEST // 2
    towards = Classifier.learn(text_classifier.texts(aimed), aimed["towards"].to_list()) if named else None
    attitudes = Classifier.learn(read, given, kinds=text_classifier.SPELT, strength=STRENGTH)
    assert attitudes.held_out is not None
    negative = attitudes.held_out[np.array(given) == "negative", attitudes.classes.index("negative")]
    return Model(attitudes, float(np.quantile(negative, 1 - FOUND)), towards, held.height)


def of(posts: pl.DataFrame, model: Model) -> pl.DataFrame:
    """The attitude of each post (JUDGED): chance 0..1 that it is so, towards whom where that is clear.

    A post without words of its own has none. Posts keep their order.
    """
    own = pl.concat_str("title", "text", separator=" ", ignore_nulls=True).str.strip_chars()
    texts = posts.select("post_id", own=own, title="title", text="text").filter(own.fill_null("") != "")
    distinct = texts.unique("own", maintain_order=True)
    read = text_classifier.texts(distinct)
    chances = model.attitudes.probabilities(read)
    at = _chosen(model, chances)
    judged = distinct.select(
        "own",
        attitude=pl.Series([model.attitudes.classes[i] for i in at], dtype=pl.String),
        chance=pl.Series(chances[np.arange(len(at)), at]),
        towards=_towards(model, read),
    )
    found = texts.select("post_id", "own").join(judged, on="own", how="left", maintain_order="left")
    return found.select(*JUDGED).with_columns(towards=pl.when(pl.col("attitude") != "neutral").then("towards"))


def negative(posts: pl.DataFrame, model: Model) -> pl.Series:
    """The chance of each post to be negative, in their order.

    Its mean is the share of a story's negative posts: those of which `of` says so are more, since few are to be missed.
    """
    chances = model.attitudes.probabilities(text_classifier.texts(posts))
    return pl.Series(chances[:, model.attitudes.classes.index("negative")], dtype=pl.Float64)


def _chosen(model: Model, chances: Floats) -> np.ndarray:
    negative = model.attitudes.classes.index("negative")
    rest = chances.copy()
    rest[:, negative] = -1
    return np.where(chances[:, negative] >= model.least, negative, rest.argmax(axis=1))


def _towards(model: Model, read: pl.DataFrame) -> pl.Series:
    if model.towards is None:
        return pl.Series([None] * read.height, dtype=pl.String)
    chances = model.towards.probabilities(read)
    names = [model.towards.classes[i] for i in chances.argmax(axis=1)] if read.height else []
    clear = chances.max(axis=1) >= CERTAIN if read.height else []
    return pl.Series([n if c else None for n, c in zip(names, clear, strict=True)], dtype=pl.String)


def quotes(posts: pl.DataFrame, *, table: Attitude | None = None) -> pl.DataFrame:
    """Each view in the table's order: n (different voices), its most typical sentence and the post that holds it.

    Officials and media are left out, copies of web posts count once, a voice counts once a view and may hold several. A
    view that nobody holds is there with n = 0. Words find few of those who hold a view: n says how many can be read, no
    share.
    """
    table = table or rules.SHIPPED.attitude
    voices = demands.voices(posts)
    split = pl.Series([normalize.sentences(s) for s in voices["said"]], dtype=pl.List(pl.String))
    said = voices.drop("said").with_columns(sentence=split).explode("sentence").drop_nulls("sentence")
    # an emoticon alone is no opinion on the matter
    bare = normalize.simplify(said["sentence"]).str.replace_all(r"\[[^\[\]]{1,6}\]", "")
    bare = bare.str.replace_many(list(table.never), ["\x1f"] * len(table.never))
    rows = []
    for key, pattern in table.patterns.items():
        held = said.filter(bare.str.contains(pattern)).unique("voice", keep="first", maintain_order=True)
        quote, post = demands.typical(held) if held.height else (None, None)
        rows.append((key, held.height, quote, post))
    return pl.DataFrame(rows, schema=VIEWS, orient="row")
