"""Whose word is enough: by the gravest level that a story ever had, from Ⅲ on."""

import polars as pl
import pytest

from opinion_lab.cases import signatures
from opinion_lab.rules import SHIPPED


@pytest.mark.parametrize(
    ("levels", "by", "lacks"),
    [
        ("Ⅳ", [], None),
        ("ⅣⅢ", [], "Ⅲ"),
        ("ⅣⅢⅣ", ["值班员"], "Ⅲ"),  # it has sunk again: what it was asks for a word all the same
        ("Ⅲ", ["分管领导"], None),
        ("Ⅲ", ["分管副局长"], None),
        ("Ⅲ", ["办公室负责人"], None),
        ("ⅢⅡ", ["分管领导"], "Ⅱ"),  # raised above what they may sign
        ("ⅢⅡ", ["副局长"], "Ⅱ"),
        ("ⅢⅡ", ["局长"], None),
        ("ⅠⅣ", ["值班员", "主要负责人"], None),  # who leads may call it Ⅳ
        ("", [], None),
    ],
)
def test_what_is_lacking(levels: str, by: list[str], lacks: str | None) -> None:
    confirmed = pl.DataFrame({"by": by}, schema={"by": pl.String})
    found = signatures.lacking(pl.Series(list(levels), dtype=pl.String), confirmed, SHIPPED.case_states.signature)
    assert (found and found.level) == lacks
