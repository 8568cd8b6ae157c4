"""Whom posts complain of: from two different posts on, of the week, without officials, press and praise."""

from datetime import date

import polars as pl

from opinion_lab.judge import respondents
from opinion_lab.rules import SHIPPED
from tests import make


def _posts() -> pl.DataFrame:
    said = [
        ("a", 18, "百惠康超市卖过期奶"),
        ("b", 17, "百惠康超市又涨价，百惠康超市不管"),
        ("c", 17, "鼎沐汗蒸馆跑路"),
        ("d", 9, "百惠康超市电子秤不准"),
        ("e", 16, "经查，百惠康超市已整改"),
        ("f", 16, "百惠康超市卖过期奶"),
        ("g", 16, "百惠康超市的橘子真甜，推荐"),
        ("h", 16, "记者在百惠康超市看到，过期奶已下架"),
    ]
    rows = [{"post_id": i, "published_at": f"2026-11-{day:02} 09:00", "text": text} for i, day, text in said]
    rows[4] |= {"kind": "statement", "author_kind": "government"}
    rows[5] |= {"copy_of": "a"}
    rows[7] |= {"author_kind": "media"}
    return make.posts(rows)


def test_a_name_counts_once_a_post_of_the_public_and_beside_the_week_before() -> None:
    found = respondents.tally(respondents.of(_posts(), SHIPPED.organisations), day=date(2026, 11, 18))
    assert found.select("name", pl.col("posts").list.sort(), "before").rows() == [
        ("百惠康超市", ["a", "b", "f"], ["d"])
    ], "a copy names what its original names"


def test_of_all_days_there_is_no_week_before() -> None:
    found = respondents.tally(respondents.of(_posts(), SHIPPED.organisations), fewest=1)
    assert found.select("name", pl.col("posts").list.len(), "before").rows() == [
        ("百惠康超市", 4, None),
        ("鼎沐汗蒸馆", 1, None),
    ]


def test_praise_and_enquiries_complain_of_nobody() -> None:
    orders = pl.DataFrame({"post_id": ["a", "b"], "request_type": ["表扬", "投诉"]})
    assert respondents.complaints(_posts(), orders, SHIPPED.organisations)["post_id"].to_list() == [*"bcdefgh"]


def test_copies_of_one_text_do_not_make_a_name_sure() -> None:
    said = "鼎沐汗蒸馆跑路"
    rows = [{"post_id": i, "published_at": f"2026-11-1{n} 09:00", "text": said} for n, i in enumerate("abc")]
    copies = make.posts([rows[0], rows[1] | {"copy_of": "a"}, rows[2] | {"copy_of": "a"}])
    assert respondents.tally(respondents.of(copies, SHIPPED.organisations)).is_empty()
    other = make.posts([*rows[:2], rows[2] | {"text": "鼎沐汗蒸馆不退款"}]).with_columns(
        copy_of=pl.when(pl.col("post_id") == "b").then(pl.lit("gone"))
    )
    named = respondents.tally(respondents.of(other, SHIPPED.organisations))
    assert named.select("name", pl.col("posts").list.len()).rows() == [("鼎沐汗蒸馆", 3)]
