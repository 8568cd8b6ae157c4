"""Sentences of a form are left out of complaints of many matters; what callers say stays, also where many say it."""

import polars as pl
import pytest

from opinion_lab.prepare.tokens import forms

MATTERS = [
    "{}楼电梯困人",
    "{}号店卖过期面包",
    "{}路红绿灯坏了",
    "{}健身房关门卡里有钱",
    "{}工地半夜打桩",
    "{}加油站油不够数",
]
PLACES = "甲乙丙丁戊己庚辛壬癸"


def complaints(*, closing: str, kind: str = "complaint") -> pl.DataFrame:
    """Sixty orders of six matters at ten places; every other, of each matter half, ends with `closing`."""
    said = [(m.format(p), n) for n, (m, p) in enumerate((m, p) for p in PLACES for m in MATTERS)]
    texts = [f"{text}。{closing if (n + n // 6) % 2 else ''}" for text, n in said]
    ids = [f"p{n:03}" for n in range(len(texts))]
    return pl.DataFrame(
        {"post_id": ids, "text": texts, "kind": kind, "title": None}, schema_overrides={"title": pl.String}
    )


@pytest.mark.parametrize(
    "closing", ["商家称总部规定如此。", "现场无人负责！请转相关部门处理。", "来电人要求保密；\n希望尽快解决"]
)
def test_what_is_typed_under_any_matter_is_left_out(closing: str) -> None:
    posts = complaints(closing=closing)
    plain = forms.without(posts)
    assert plain.drop("text").equals(posts.drop("text")) and plain.columns == posts.columns
    assert not plain["text"].str.contains(closing[:5], literal=True).any()
    first = pl.col("text").str.extract(r"^([^。]+。)")
    assert plain.select(first).equals(posts.select(first)), "the first sentence stays"
    bare = posts.filter(~pl.col("text").str.contains(closing, literal=True))
    assert bare.join(plain, on=["post_id", "text"], how="semi").height == bare.height == 30


def test_what_callers_of_one_matter_say_word_for_word_stays() -> None:
    posts = complaints(closing="")
    matter = pl.col("text").str.contains("健身房")
    said = posts.with_columns(
        pl.when(matter).then(pl.col("text") + "要求退还卡里的钱。").otherwise("text").alias("text")
    )
    assert forms.without(said).equals(said)


def test_a_form_that_names_the_caller_is_one_form() -> None:
    posts = complaints(closing="联系人{}某某，电话[手机号]。")
    names = pl.Series("name", [*"赵钱孙李周吴郑王冯陈"] * 6)
    named = posts.with_columns(pl.col("text").str.replace("{}", names, literal=True))
    assert not forms.without(named)["text"].str.contains("联系人").any()


@pytest.mark.parametrize("kind", ["post", "comment", "statement"])
def test_only_complaints_have_forms(kind: str) -> None:
    posts = complaints(closing="商家称总部规定如此。", kind=kind)
    assert forms.without(posts).equals(posts)


def test_little_is_left_as_it_is() -> None:
    posts = complaints(closing="商家称总部规定如此。")
    for few in (posts.clear(), posts.head(8), posts.with_columns(text=pl.lit(None, pl.String))):
        assert forms.without(few).equals(few)
    empty = pl.concat(
        [posts, posts.head(2).with_columns(pl.lit("").alias("text"), post_id=pl.format("e{}", "post_id"))]
    )
    assert forms.without(empty)["text"].tail(2).to_list() == ["", ""]
