"""Protects what is learnt of texts: counted as scikit-learn counts, the same when read back, refused when damaged."""

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from opinion_lab import rules
from opinion_lab.analyse import text_classifier
from opinion_lab.analyse.text_classifier import Classifier, Terms
from opinion_lab.judge import routing

SAID = ["食堂 有 老鼠", "电梯  坏了\n三 天", "", "退款 退款 退款 不给", "ab Ab é 😀 木耳", "没有 见过 的 字"]


@pytest.mark.parametrize("width", [0, 1, 3])
def test_terms_are_counted_as_scikit_learn_counts_them(width: int) -> None:
    how = {"analyzer": "char", "ngram_range": (1, width)} if width else {"token_pattern": r"\S+"}
    plain = TfidfVectorizer(**how, sublinear_tf=True, lowercase=False).fit(SAID[:5])
    made = Terms.learn(SAID[:5], width).rows(SAID)
    assert np.allclose(made.toarray(), plain.transform(SAID).toarray(), rtol=1e-12)


def orders() -> pl.DataFrame:
    said = {"餐饮科": "餐馆后厨有老鼠第{}桌", "特设科": "小区电梯困人第{}次", "城管局": "路边占道经营第{}处"}
    rows = [(f"{unit}{n}", text.format(n), unit) for n in range(20) for unit, text in said.items()]
    frame = pl.DataFrame(rows, schema=["post_id", "text", "unit"], orient="row")
    return frame.with_columns(title=pl.lit(None, pl.String), kind=pl.lit("complaint"))


def test_a_router_read_back_routes_alike() -> None:
    corrections = orders().head(3).with_columns(line_id=pl.lit("L10"))
    router = routing.learn(rules.SHIPPED, orders(), corrections)
    again = routing.from_bytes(rules.SHIPPED, router.to_bytes(), corrections)
    assert again is not None and again.units is not None
    asked = orders().with_columns(pl.col("text") + "，请处理")
    assert routing.route(asked, again).equals(routing.route(asked, router))


@pytest.mark.parametrize("damage", [lambda b: b[:500], lambda b: b"", lambda b: b"{}" + b, lambda b: b[:-40]])
def test_a_damaged_model_is_none(damage) -> None:
    assert routing.from_bytes(rules.SHIPPED, damage(routing.shipped(rules.SHIPPED).to_bytes())) is None


def test_two_classes_have_two_columns() -> None:
    read = text_classifier.short(["老鼠 蟑螂", "老鼠 发霉", "电梯 困人", "电梯 坏了"] * 4)
    model = Classifier.learn(read, ["food", "food", "lift", "lift"] * 4)
    back = Classifier.from_arrays(text_classifier.unpacked(text_classifier.packed(model.arrays("m"))), "m")
    assert back is not None and np.array_equal(back.probabilities(read), model.probabilities(read))
    assert model.probabilities(read).sum(axis=1) == pytest.approx(1)
