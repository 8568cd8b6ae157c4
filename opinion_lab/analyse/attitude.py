"""Sentences worth reading of what people think of a matter, found by words: critics of the officials first, always.

The table is `rules.attitude`. It measures no attitude: of posts against something, words find three in a hundred.
"""

from __future__ import annotations

import polars as pl

from opinion_lab import rules
from opinion_lab.analyse import demands
from opinion_lab.prepare import normalize
from opinion_lab.rules.public_voice import Attitude

VIEWS = {"key": pl.String, "n": pl.Int64, "quote": pl.String, "post_id": pl.String}


def of(posts: pl.DataFrame, *, table: Attitude | None = None) -> pl.DataFrame:
    """Each view in the table's order: n (different voices), its most typical sentence and the post that holds it.

    Officials and media are left out, copies count once, a voice counts once a view and may hold several. A view that
    nobody holds is there with n = 0. Words find few of those who hold a view: n says how many can be read, no share.
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
