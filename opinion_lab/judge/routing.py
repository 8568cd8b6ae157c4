"""Which line of business a post belongs to, by the words of `rules.lines`.

A dictionary reads what it knows: rephrased complaints stay unrouted and go to a person. A web post is no formal
complaint, and a matter of another body is never handed over by a section itself (总局令第121号 art. 8, 34, 41).
"""

from __future__ import annotations

import polars as pl

from opinion_lab.prepare import normalize

NOT_OURS = "L90"
WEAK = 0.5
#: One weak word alone (“超市”, “合同”) names a place or a habit of speech, not a matter.
ENOUGH = 1.0
#: Long letters meet weak words by chance: of more characters than these, weak words alone must be three.
LONG, ENOUGH_WEAK = 140, 1.5
#: A second line is listed when its score is at least this share of the first one's.
CLOSE = 0.7
SHOWN = 2


def _vocabulary(lines: pl.DataFrame) -> pl.DataFrame:
    """One row a word of a line: word, line_id, weight (1, weak ones WEAK), folded (as it is searched for)."""
    words = (
        lines.select("line_id", "weak", word=pl.concat_list("read", "inferred"))
        .explode("word")
        .with_columns(weight=pl.when(pl.col("word").is_in(pl.col("weak"))).then(WEAK).otherwise(1.0))
        .drop("weak")
    )
    folded = words.with_columns(normalize.fold(words["word"]).alias("folded"))
    return folded.unique(["line_id", "folded"], keep="first", maintain_order=True)


def route(posts: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The line each post seems to belong to, and a second one when it is close.

    Columns: post_id, line_id, line, score, words, why (a code; null where one line is clear). Posts keep their order;
    one that fits no line has one row with null line and score, and as `words` those that were not enough. Where words
    overlap the longest counts, each word once a post; a post without words of its own is read by what it forwards. The
    score is a count of words, not a probability.
    """
    table = _vocabulary(lines)
    own = pl.concat_str(pl.col("title", "text"), separator=" ", ignore_nulls=True)
    bodies = posts.select(
        "post_id",
        body=pl.when(own.str.strip_chars() == "").then(pl.col("quoted").fill_null("")).otherwise(own),
    )
    bodies = bodies.with_columns(normalize.fold(bodies["body"]))
    # leftmost-first picks the first pattern that fits, so the longest go first
    patterns = table["folded"].unique().to_frame().sort(pl.col("folded").str.len_chars(), "folded", descending=True)
    found = bodies.select("post_id", word=pl.col("body").str.extract_many(patterns["folded"].to_list(), leftmost=True))
    hits = found.explode("word").drop_nulls("word").unique().join(table, left_on="word", right_on="folded")
    scores = (
        hits.sort("post_id", "line_id", "word")
        .group_by("post_id", "line_id")
        .agg(
            score=pl.col("weight").sum(),
            strong=(pl.col("weight") > WEAK).any(),
            words=pl.col("word_right"),
            length=pl.col("word").str.len_chars().sum(),
        )
        .join(bodies.select("post_id", long=pl.col("body").str.len_chars() > LONG), on="post_id")
    )
    gates = [
        bodies.select("post_id", line_id=pl.lit(row["line_id"]), open=pl.col("body").str.contains_any(row["gate"]))
        for row in lines.iter_rows(named=True)
        if row["gate"]
    ]
    gate = pl.concat(gates) if gates else scores.select("post_id", "line_id", open=pl.lit(True)).clear()
    scores = scores.join(gate, on=["post_id", "line_id"], how="left").with_columns(pl.col("open").fill_null(True))
    enough = pl.when(pl.col("strong") | ~pl.col("long")).then(ENOUGH).otherwise(ENOUGH_WEAK)
    fit = (
        scores.filter(pl.col("open") & (pl.col("score") >= enough))
        # to turn somebody away wrongly is worse than to look in vain: “not ours” steps back when a line is close
        .with_columns(weighed=pl.col("score") * pl.when(pl.col("line_id") == NOT_OURS).then(CLOSE).otherwise(1.0))
        # of equal scores, the line whose words are longer, for they say more; then the table's order
        .sort("post_id", "weighed", "length", "line_id", descending=[False, True, True, False])
        .with_columns(rank=pl.int_range(pl.len()).over("post_id"), top=pl.col("weighed").first().over("post_id"))
        .filter((pl.col("rank") < SHOWN) & (pl.col("weighed") >= CLOSE * pl.col("top")))
        .with_columns(n=pl.len().over("post_id"))
    )
    best = pl.col("words").sort_by("open", "score", "length", "line_id", descending=[True, True, True, False]).first()
    seen = scores.group_by("post_id").agg(shut=(~pl.col("open")).any(), weak=pl.col("open").any(), hint=best)
    routed = (
        bodies.with_row_index("order")
        .select("order", "post_id")
        .join(fit, on="post_id", how="left")
        .join(seen, on="post_id", how="left")
        .join(lines.select("line_id", "line"), on="line_id", how="left")
        .sort("order", "rank", nulls_last=True)
    )
    why = (
        pl.when(pl.col("line_id") == NOT_OURS)
        .then(pl.lit("not_ours"))
        .when(pl.col("line_id").is_not_null() & (pl.col("n") > 1))
        .then(pl.lit("two_lines"))
        .when(pl.col("line_id").is_not_null())
        .then(None)
        .when(pl.col("weak"))
        .then(pl.lit("weak_words"))
        .when(pl.col("shut"))
        .then(pl.lit("body_not_named"))
        .otherwise(pl.lit("no_words"))
    )
    words = pl.coalesce("words", "hint").fill_null([])
    return routed.select("post_id", "line_id", "line", "score", words, why=why)


def tally(routes: pl.DataFrame) -> pl.DataFrame:
    """Lines of many posts at once, of a story for one: line_id, line, n (posts), score, share of all posts.

    Posts without a line stand in a row of their own (null line_id); a post with two lines counts for both.
    """
    total = max(1, routes["post_id"].n_unique())
    sums = routes.group_by("line_id", "line").agg(
        n=pl.col("post_id").n_unique().cast(pl.Int64), score=pl.col("score").sum()
    )
    return sums.with_columns(share=pl.col("n") / total).sort(
        pl.col("line_id").is_null(), "score", "line_id", descending=[False, True, False]
    )
