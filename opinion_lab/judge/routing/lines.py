"""From a post to its line of business, by a linear model of words and characters; a person has the last word.

It ships trained on what the project may ship: the words of `rules.lines` and the invented sentences of
`rules.routing_examples`. Work orders add the unit that handled them (`units`), and each correction is one more example.
A web post is no formal complaint, and a matter of another body is never handed over by a section itself (总局令第121号
art. 8, 34, 41).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from opinion_lab.analyse import stories, text_classifier
from opinion_lab.analyse.text_classifier import Classifier, Floats
from opinion_lab.judge.routing.units import Units
from opinion_lab.rules import Rules

NOT_OURS, NOTHING = "L90", "X00"
TABLES = ("lines", "routing", "routing_examples")  # of the rules
#: Strength of the model and the temperature of its scores: least loss on the 245 texts `choose` of routing.csv, of
#: .03 to 3; what is printed as chance is held against the 150 texts `judge` by `python -m tests.benchmarks accuracy`.
STRENGTH, TEMPERATURE = 0.1, 25.0
#: Below this chance a post is unclear. A second line is named from this score on: three in four are right (`choose`).
CLEAR, SECOND = 0.4, -0.6
WEAK = 0.3  # how much a weak word of a line counts as an example
FEW = 3  # posts that speak for themselves, below which a thread is routed by all of it
CORRECTION = 5.0  # how much a person's correction counts, in examples
COLUMNS: dict[str, Any] = {
    "post_id": pl.String,
    "line_id": pl.String,
    "line": pl.String,
    "chance": pl.Float64,
    "who": pl.String,
    "likeliest": pl.List(pl.String),
    "why": pl.String,
}


@dataclass(frozen=True)
class Router:
    """What routing knows. `bodies`: class of an outside body -> its name; `corrected`: post -> line by a person."""

    lines: pl.DataFrame
    bodies: Mapping[str, str]
    model: Classifier
    formulas: Sequence[str] = ()
    units: Units | None = None
    corrected: Mapping[str, str] = field(default_factory=dict)

    def chances(self, posts: pl.DataFrame) -> tuple[list[str], Floats, Floats]:
        """The classes (lines, then bodies), the chance of each and the model's scores, a row a post."""
        read = _read(posts, self.formulas)
        classes = self.model.classes
        if posts.is_empty():
            return classes, np.zeros((0, len(classes))), np.zeros((0, len(classes)))
        scores = self.model.scores(read)
        for row in self.lines.filter(pl.col("gate").list.len() > 0).iter_rows(named=True):
            if row["line_id"] in classes:
                shut = ~read["all"].str.contains_any(row["gate"]).to_numpy()
                scores[shut, classes.index(row["line_id"])] = -1e9
        made = text_classifier.softmax(scores * self.model.temperature)
        if self.units is None or "kind" not in posts.columns:
            return classes, made, scores
        orders = (posts["kind"].cast(pl.String) == "complaint").to_numpy()
        return *self.units.refine(read, classes, made, orders), scores

    def to_bytes(self) -> bytes:
        """What was learnt, to be read by `from_bytes` with the same tables and corrections."""
        arrays = self.model.arrays("lines")
        if self.units is not None:
            arrays |= self.units.model.arrays("units") | {"sections": np.array(json.dumps(dict(self.units.lines)))}
        return text_classifier.packed(arrays)


def from_bytes(rules: Rules, body: bytes, corrections: pl.DataFrame | None = None) -> Router | None:
    """The router that `learn` made of these tables and corrections, from what it kept; None where that is damaged."""
    kept = text_classifier.unpacked(body)
    if (model := Classifier.from_arrays(kept, "lines")) is None:
        return None
    units = Classifier.from_arrays(kept, "units")
    sections = None if units is None else Units(units, model, json.loads(str(kept["sections"])))
    return replace(_router(rules, model, corrections), units=sections)


def _read(posts: pl.DataFrame, formulas: Sequence[str]) -> pl.DataFrame:
    """What is read of posts, without the formulas of hotlines: they say of no line."""
    said = pl.col("title", "text")
    for formula in formulas:
        said = said.str.replace_all(formula, " ")
    return text_classifier.texts(posts.with_columns(said))


def shipped(rules: Rules) -> Router:
    """What routing knows before anything is learnt: the lab's tables."""
    return _shipped(_Tables(rules, rules.fingerprint(*TABLES)))


def learn(
    rules: Rules,
    orders: pl.DataFrame | None = None,
    corrections: pl.DataFrame | None = None,
    *,
    own: tuple[str, ...] = (),
) -> Router:
    """What ships, and what the lab's own past adds.

    `orders`: posts with `unit`, the one that handled it. `corrections`: posts with `line_id`, as a person decided.
    `own`: what the bureau calls itself.
    """
    if corrections is None or corrections.is_empty():
        router = shipped(rules)
    else:
        read = _read(corrections, rules.routing.formulas)
        model = _fit(rules.lines, rules.routing_examples, (read, corrections["line_id"].to_list()))
        router = _router(rules, model, corrections)
    units = None if orders is None else Units.learn(orders, router.model, rules.routing, own)
    return replace(router, units=units)


def _router(rules: Rules, model: Classifier, corrections: pl.DataFrame | None = None) -> Router:
    bodies = dict(rules.routing_examples.filter(pl.col("who") != "").select("id", "who").iter_rows())
    corrected = {} if corrections is None else dict(corrections.select("post_id", "line_id").iter_rows())
    return Router(rules.lines, bodies, model, rules.routing.formulas, corrected=corrected)


@dataclass(frozen=True)
class _Tables:
    rules: Rules = field(compare=False)
    fingerprint: str = ""


@lru_cache(maxsize=4)
def _shipped(tables: _Tables) -> Router:
    return _router(tables.rules, _fit(tables.rules.lines, tables.rules.routing_examples))


def _fit(lines: pl.DataFrame, examples: pl.DataFrame, more: tuple[pl.DataFrame, list[str]] | None = None) -> Classifier:
    from sklearn.svm import LinearSVC

    said: list[tuple[str, str, float]] = []
    ids = set(lines["line_id"]) - {NOT_OURS}
    for row in lines.filter(pl.col("line_id") != NOT_OURS).iter_rows(named=True):
        said += [(w, row["line_id"], WEAK if w in row["weak"] else 1.0) for w in (*row["read"], *row["inferred"])]
        said += [(matter, row["line_id"], 1.0) for matter in row["typical"].split("、") if matter]
    for row in examples.iter_rows(named=True):
        if row["who"] or row["id"] in ids:  # the lab may have struck a line out
            said += [(s, row["id"], 1.0) for s in row["says"]]
    texts, labels, weights = (list(column) for column in zip(*said, strict=True))
    read = text_classifier.short(texts)
    if more is not None:
        read, labels, weights = pl.concat([read, more[0]]), labels + more[1], weights + [CORRECTION] * len(more[1])
    model = LinearSVC(C=STRENGTH, class_weight="balanced", random_state=0)
    return Classifier.learn(read, labels, weights=weights, model=model, temperature=TEMPERATURE)


def route(posts: pl.DataFrame, router: Router) -> pl.DataFrame:
    """The line each post belongs to, and a second one where it has two matters (COLUMNS); posts keep their order.

    `chance` is 0..1, as measured; null for a second line. `why`: null where one line is clear; two_lines; not_ours,
    with `who` it is for; unclear, with the two `likeliest` lines and no line; nothing_said; decided (by a person).
    """
    names = dict(router.lines.select("line_id", "line").iter_rows())
    classes, chances, scores = router.chances(posts)
    ours = np.array([c in names and c != NOT_OURS for c in classes], dtype=bool)
    empty = (_read(posts, router.formulas)["all"] == "").to_list()
    rows: list[dict[str, Any]] = []

    def add(post_id: str, line_id: str | None, **values: Any) -> None:
        blank = dict.fromkeys(COLUMNS)
        rows.append(blank | {"post_id": post_id, "line_id": line_id, "line": names.get(line_id or "")} | values)

    for n, post_id in enumerate(posts["post_id"]):
        if post_id in router.corrected:
            add(post_id, router.corrected[post_id], chance=1.0, why="decided")
            continue
        if empty[n]:
            add(post_id, None, why="nothing_said")
            continue
        inside, outside = np.where(ours, chances[n], 0), np.where(ours, 0, chances[n])
        first, second = (int(i) for i in np.argsort(-inside, kind="stable")[:2])
        away = float(outside.sum())
        body = classes[int(outside.argmax())]
        if body == NOTHING and away >= max(CLEAR, inside[first]):
            add(post_id, None, why="nothing_said")
        elif away >= max(CLEAR, inside[first]):
            add(post_id, NOT_OURS, chance=away, who=router.bodies.get(body, body), why="not_ours")
        elif inside[first] < CLEAR:
            least = sorted([(away, names[NOT_OURS]), *((float(inside[i]), names[classes[i]]) for i in (first, second))])
            add(post_id, None, chance=float(inside[first]), likeliest=[name for _, name in least[:0:-1]], why="unclear")
        else:
            others = np.where(ours[: scores.shape[1]], scores[n], -np.inf)
            others[first] = -np.inf
            other = int(others.argmax())
            two = "two_lines" if others[other] >= SECOND else None
            add(post_id, classes[first], chance=float(inside[first]), why=two)
            if two:
                add(post_id, classes[other], why=two)
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def speaks() -> pl.Expr:
    """Whether a post is routed by its own words: a work order, or what neither repeats nor answers another post.

    为什么不送检 below a video of a canteen is of that canteen, and no matter of those who license laboratories.
    """
    order = pl.col("kind").cast(pl.String) == "complaint"
    return order | (pl.col("copy_of").is_null() & ~stories.is_child())


def sections(posts: pl.DataFrame, router: Router) -> pl.DataFrame:
    """The lines of many posts at once, of a story for one: line_id, line, n (posts), chance (mean), who (most), share.

    Of those that speak for themselves; of all where these are too few (FEW) to tell.

    Posts without a line stand in a row of their own (null line_id), last; a post with two lines counts for both. What
    is not the bureau's comes first only where it is more than all its lines together: one body, many lines.
    """
    own = posts.filter(speaks())
    routes = route(own if own.height >= FEW else posts, router)
    total = max(1, routes["post_id"].n_unique())
    sums = routes.group_by("line_id", "line").agg(
        n=pl.col("post_id").n_unique().cast(pl.Int64),
        chance=pl.col("chance").mean(),
        who=pl.col("who").drop_nulls().sort().mode().sort().first(),
    )
    elsewhere = pl.col("line_id") == NOT_OURS
    ours = pl.col("n").filter(~elsewhere).sum()
    return sums.with_columns(share=pl.col("n") / total).sort(
        pl.col("line_id").is_null(),
        elsewhere & (pl.col("n") <= ours),
        "n",
        "line_id",
        descending=[False, False, True, False],
    )
